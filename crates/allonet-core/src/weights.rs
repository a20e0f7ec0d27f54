//! Weights as an operator writes them, made exact whole numbers.
//!
//! ```
//! use allonet_core::card::Placed;
//! use allonet_core::weights::exact;
//!
//! let weights = [("alice", "1/2"), ("bob", "1/3"), ("carol", "rest")];
//! let weights = weights.map(|(id, text)| (Placed::unplaced(id.to_owned()), text.to_owned()));
//! assert_eq!(exact(&weights)?, [3, 2, 1]);
//! # Ok::<(), allonet_core::fault::Fault>(())
//! ```

use std::str::FromStr;

use ruint::aliases::U256;
use thiserror::Error;

use crate::card::Placed;
use crate::fault::Fault;
use crate::money::{DecimalError, Share, ShareError, format_units, parse_units};

/// One weight as it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WrittenWeight {
    /// A part of the whole: `70%`, `1/3`.
    Share(Share),
    /// A number that counts in proportion to the others: `3`, `0.5`.
    Plain {
        /// The number times `below`.
        above: u128,
        /// A power of ten, from its decimals.
        below: u128,
    },
    /// What the shares of the others leave: `rest`.
    Rest,
}

/// Why a text is no weight.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum WeightError {
    /// None of the spellings.
    #[error("`{found}` is not a weight; write a share (70%, 1/3), a number (3, 0.5) or rest")]
    NotWeight {
        /// The text found.
        found: String,
    },
    /// A share above the whole.
    #[error("`{found}` is more than the whole; a share lies between 0% and 100%")]
    AboveOne {
        /// The text found.
        found: String,
    },
    /// A negative number.
    #[error("`{found}` is negative; a weight is above zero")]
    Negative {
        /// The text found.
        found: String,
    },
    /// More digits than fit.
    #[error("`{found}` has too many digits; a weight has at most 18 decimals and fits 64 bits")]
    TooFine {
        /// The text found.
        found: String,
    },
}

const DECIMALS_MAX: usize = 18;

impl FromStr for WrittenWeight {
    type Err = WeightError;

    fn from_str(text: &str) -> Result<Self, WeightError> {
        let body = text.trim();
        let found = || text.to_owned();
        if body == "rest" {
            return Ok(Self::Rest);
        }
        if body.starts_with('-') {
            return Err(WeightError::Negative { found: found() });
        }
        if body.contains(['%', '/']) {
            return body.parse().map(Self::Share).map_err(|error| match error {
                ShareError::AboveOne { .. } => WeightError::AboveOne { found: found() },
                ShareError::NotShare { .. } => WeightError::NotWeight { found: found() },
            });
        }
        let places = body.split_once('.').map_or(0, |(_, part)| part.trim_end_matches('0').len());
        let units = parse_units(body, u8::try_from(places).unwrap_or(u8::MAX));
        let units = units.map_err(|error| match error {
            DecimalError::NotDecimal { .. } => WeightError::NotWeight { found: found() },
            _ => WeightError::TooFine { found: found() },
        })?;
        let above = u64::try_from(units).ok().filter(|_| places <= DECIMALS_MAX);
        let above = above.ok_or_else(|| WeightError::TooFine { found: found() })?;
        let below = (0..places).fold(1, |below, _| below * 10);
        Ok(Self::Plain { above: u128::from(above), below })
    }
}

/// The weights as whole numbers in the same proportions, without a common
/// divisor; their sum is below 2^64.
///
/// Shares must add up to the whole, unless one payee takes the `rest`; plain
/// numbers count in proportion. The two do not mix, and nobody gets nothing.
///
/// The fault stands at a payee where it is about one; a fault about all of them
/// has no place, so the caller adds that of the whole setting.
///
/// Faults: `bad-weight`, `mixed-weights`, `two-rests`, `weights-sum`,
/// `weights-too-fine`, `no-payees`.
pub fn exact(weights: &[(Placed<String>, String)]) -> Result<Vec<u64>, Fault> {
    let written = weights.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    if written.is_empty() {
        return Err(Fault::new("no-payees", "nobody to pay is named").help(
            "name at least one, for example: to = \"alice\" or to = { alice = 2, bob = 1 }",
        ));
    }
    let is_plain = |weight: &WrittenWeight| matches!(weight, WrittenWeight::Plain { .. });
    let plain = written.iter().position(is_plain);
    let other = written.iter().position(|weight| !is_plain(weight));
    if let (Some(plain), Some(other)) = (plain, other) {
        return Err(mixed(&weights[plain], &weights[other]));
    }
    let scale = written.iter().try_fold(1, |scale, weight| lcm(scale, fraction(*weight).1));
    let scale = scale.ok_or_else(too_fine)?;
    let mut scaled: Vec<u128> = Vec::with_capacity(written.len());
    for weight in &written {
        let (above, below) = fraction(*weight);
        scaled.push(above.checked_mul(scale / below).ok_or_else(too_fine)?);
    }
    if plain.is_none() {
        share_out(weights, &written, scale, &mut scaled)?;
    }
    let divisor = scaled.iter().fold(0, |divisor, weight| gcd(divisor, *weight));
    let sum = scaled.iter().try_fold(0_u128, |sum, weight| sum.checked_add(weight / divisor));
    sum.filter(|sum| *sum <= u128::from(u64::MAX)).ok_or_else(too_fine)?;
    let narrow =
        |weight: &u128| u64::try_from(weight / divisor).expect("no weight exceeds the sum");
    Ok(scaled.iter().map(narrow).collect())
}

/// Reads one weight; zero is refused.
fn read((payee, text): &(Placed<String>, String)) -> Result<WrittenWeight, Fault> {
    let name = &payee.value;
    let fault = |reason: String| {
        Fault::new("bad-weight", format!("weight of `{name}`: {reason}"))
            .at_some(payee.place.clone())
    };
    let weight = text.parse().map_err(|error: WeightError| fault(error.to_string()))?;
    if weight != WrittenWeight::Rest && fraction(weight).0 == 0 {
        return Err(fault(format!("{text} means that it gets nothing"))
            .help("leave out whoever gets nothing, or give a weight above zero"));
    }
    Ok(weight)
}

/// A weight as a fraction; `rest` as nothing, until the others are known.
fn fraction(weight: WrittenWeight) -> (u128, u128) {
    match weight {
        WrittenWeight::Share(share) => {
            (u128::from(share.numerator()), u128::from(share.denominator()))
        }
        WrittenWeight::Plain { above, below } => (above, below),
        WrittenWeight::Rest => (0, 1),
    }
}

/// Checks that shares, scaled to parts of `whole`, add up to it; the `rest`
/// takes what is missing.
fn share_out(
    weights: &[(Placed<String>, String)],
    written: &[WrittenWeight],
    whole: u128,
    scaled: &mut [u128],
) -> Result<(), Fault> {
    let sum = scaled.iter().try_fold(0_u128, |sum, part| sum.checked_add(*part));
    let sum = sum.ok_or_else(too_fine)?;
    let mut rests = (0..written.len()).filter(|at| written[*at] == WrittenWeight::Rest);
    let rest = rests.next();
    if let (Some(first), Some(second)) = (rest, rests.next()) {
        let (first, second) = (&weights[first].0, &weights[second].0);
        let message = format!("`{}` and `{}` both take the rest", first.value, second.value);
        return Err(Fault::new("two-rests", message)
            .at_some(second.place.clone())
            .help("give one of them a share, such as 10%"));
    }
    match rest {
        Some(rest) if sum < whole => scaled[rest] = whole - sum,
        None if sum == whole => {}
        _ => return Err(wrong_sum(sum, whole, rest.map(|rest| weights[rest].0.value.as_str()))),
    }
    Ok(())
}

fn wrong_sum(sum: u128, whole: u128, rest: Option<&str>) -> Fault {
    let shown = percent(sum, whole);
    let (message, help) = match rest {
        Some(rest) => (
            format!("the shares add up to {shown}, so nothing is left for `{rest}`"),
            "lower the other shares, or leave the rest out",
        ),
        None if sum < whole => (
            format!("the shares add up to {shown}, not 100%"),
            "raise one of them, or let one payee take what is left: \"rest\"",
        ),
        None => (
            format!("the shares add up to {shown}, not 100%"),
            "lower one of them, or write plain numbers, which count in proportion",
        ),
    };
    Fault::new("weights-sum", message).help(help)
}

fn mixed(plain: &(Placed<String>, String), other: &(Placed<String>, String)) -> Fault {
    let message = format!(
        "`{}` has the plain number {}, but `{}` has {}",
        plain.0.value, plain.1, other.0.value, other.1
    );
    Fault::new("mixed-weights", message)
        .at_some(plain.0.place.clone())
        .help("write all weights as shares (50%, 1/3, rest) or all as plain numbers")
}

fn too_fine() -> Fault {
    Fault::new("weights-too-fine", "the weights have no common whole numbers below 2^64")
        .help("use fewer digits; only their proportions count")
}

/// A part of a whole as a percentage: exact up to seven decimals, else cut.
fn percent(part: u128, whole: u128) -> String {
    let (part, whole) = (U256::from(part), U256::from(whole));
    for places in 0..=7_u8 {
        let scaled = part * U256::from(100 * 10_u128.pow(u32::from(places)));
        if (scaled % whole).is_zero() {
            return format!("{}%", format_units(scaled / whole, places));
        }
    }
    format!("about {}%", format_units(part * U256::from(10_000) / whole, 2))
}

fn gcd(mut a: u128, mut b: u128) -> u128 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

fn lcm(a: u128, b: u128) -> Option<u128> {
    (a / gcd(a, b)).checked_mul(b)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(weights: &[&str]) -> Result<Vec<u64>, String> {
        let named = ["a", "b", "c", "d"].into_iter().zip(weights);
        let named: Vec<_> =
            named.map(|(id, text)| (Placed::unplaced(id.to_owned()), (*text).to_owned())).collect();
        exact(&named).map_err(|fault| fault.to_string())
    }

    #[test]
    fn weights_become_whole_numbers() {
        for (texts, expected) in [
            (&["70%", "30%"][..], &[7, 3][..]),
            (&["1/2", "1/3", "rest"], &[3, 2, 1]),
            (&["12.5 %", "rest"], &[1, 7]),
            (&["3", "1"], &[3, 1]),
            (&["0.5", "1.25"], &[2, 5]),
            (&["1_000", "500"], &[2, 1]),
            (&["100%"], &[1]),
            (&["rest"], &[1]),
            (&["7"], &[1]),
        ] {
            assert_eq!(of(texts).as_deref(), Ok(expected), "{texts:?}");
        }
    }

    #[test]
    fn what_does_not_add_up_is_refused() {
        let kinds = "(write all weights as shares (50%, 1/3, rest) or all as plain numbers)";
        for (texts, expected) in [
            (&["70%", "20%"][..], "the shares add up to 90%, not 100% (raise one of them, or let one payee take what is left: \"rest\")".to_owned()),
            (&["70%", "1/2"], "the shares add up to 120%, not 100% (lower one of them, or write plain numbers, which count in proportion)".into()),
            (&["1/3", "1/3"], "the shares add up to about 66.66%, not 100% (raise one of them, or let one payee take what is left: \"rest\")".into()),
            (&["100%", "rest"], "the shares add up to 100%, so nothing is left for `b` (lower the other shares, or leave the rest out)".into()),
            (&["rest", "50%", "rest"], "`a` and `c` both take the rest (give one of them a share, such as 10%)".into()),
            (&["50%", "2"], format!("`b` has the plain number 2, but `a` has 50% {kinds}")),
            (&["2", "rest"], format!("`a` has the plain number 2, but `b` has rest {kinds}")),
            (&["0", "1"], "weight of `a`: 0 means that it gets nothing (leave out whoever gets nothing, or give a weight above zero)".into()),
            (&["-1"], "weight of `a`: `-1` is negative; a weight is above zero".into()),
            (&["150%"], "weight of `a`: `150%` is more than the whole; a share lies between 0% and 100%".into()),
            (&["half"], "weight of `a`: `half` is not a weight; write a share (70%, 1/3), a number (3, 0.5) or rest".into()),
            (&["0.1234567890123456789"], "weight of `a`: `0.1234567890123456789` has too many digits; a weight has at most 18 decimals and fits 64 bits".into()),
            (&["18446744073709551615", "1"], "the weights have no common whole numbers below 2^64 (use fewer digits; only their proportions count)".into()),
            (&[], "nobody to pay is named (name at least one, for example: to = \"alice\" or to = { alice = 2, bob = 1 })".into()),
        ] {
            assert_eq!(of(texts), Err(expected), "{texts:?}");
        }
    }

    proptest! {
        #[test]
        fn the_rest_is_what_is_missing(parts in prop::collection::vec(1_u64..30, 1..4)) {
            let sum: u64 = parts.iter().sum::<u64>() + 10;
            let mut texts: Vec<String> = parts.iter().map(|part| format!("{part}/{sum}")).collect();
            texts.push("rest".to_owned());
            let with_rest = of(&texts.iter().map(String::as_str).collect::<Vec<_>>()).unwrap();
            *texts.last_mut().unwrap() = format!("10/{sum}");
            let without = of(&texts.iter().map(String::as_str).collect::<Vec<_>>()).unwrap();
            prop_assert_eq!(&with_rest, &without);
            for (weight, part) in with_rest.iter().zip(&parts) {
                prop_assert_eq!(weight * 10, part * with_rest.last().unwrap());
            }
        }

        #[test]
        fn no_text_panics(texts in prop::collection::vec("[0-9./%_a-z -]{0,22}|rest", 0..4)) {
            let _ = of(&texts.iter().map(String::as_str).collect::<Vec<_>>());
        }
    }
}
