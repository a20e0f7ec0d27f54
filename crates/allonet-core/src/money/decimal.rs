//! Exact decimals at the edges: parsing and printing, never arithmetic.

use ruint::aliases::U256;
use thiserror::Error;

/// Why a decimal text is no amount of an asset.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DecimalError {
    /// Not digits with at most one point.
    #[error("`{found}` is not a decimal number; write for example 1_250.75")]
    NotDecimal {
        /// The text found.
        found: String,
    },
    /// A negative number.
    #[error("`{found}` is negative; amounts are zero or more")]
    Negative {
        /// The text found.
        found: String,
    },
    /// More decimals than the asset has.
    #[error(
        "`{found}` has {given} decimals, but the asset has {allowed}; \
         shorten it yourself, allonet never rounds an input"
    )]
    TooManyDecimals {
        /// The text found.
        found: String,
        /// Decimals in the text.
        given: usize,
        /// Decimals of the asset.
        allowed: u8,
    },
    /// Does not fit 256 bits of base units.
    #[error("`{found}` is more than 2^256 base units; check the asset's decimals")]
    TooLarge {
        /// The text found.
        found: String,
    },
}

/// Reads a decimal such as `1_250.75` as base units of an asset with
/// `decimals`. Exact: trailing zeros are accepted, rounding never happens.
pub fn parse_units(text: &str, decimals: u8) -> Result<U256, DecimalError> {
    let found = || text.to_owned();
    let body = text.trim();
    if body.starts_with('-') {
        return Err(DecimalError::Negative { found: found() });
    }
    let (whole, fraction) = body.split_once('.').unwrap_or((body, ""));
    let fraction = fraction.trim_end_matches('0');
    let valid = |part: &str| part.bytes().all(|b| b.is_ascii_digit() || b == b'_');
    let has_digit = body.bytes().any(|b| b.is_ascii_digit());
    if !has_digit || !valid(whole) || !valid(fraction) || fraction.contains('_') {
        return Err(DecimalError::NotDecimal { found: found() });
    }
    if fraction.len() > usize::from(decimals) {
        let given = fraction.len();
        return Err(DecimalError::TooManyDecimals { found: found(), given, allowed: decimals });
    }
    if let Some(units) = small_units(whole, fraction, decimals) {
        return Ok(U256::from(units));
    }
    let mut digits: String = whole.bytes().filter(|b| *b != b'_').map(char::from).collect();
    digits.push_str(fraction);
    digits.extend(std::iter::repeat_n('0', usize::from(decimals) - fraction.len()));
    U256::from_str_radix(&digits, 10).map_err(|_| DecimalError::TooLarge { found: found() })
}

/// The common case: everything fits 19 digits.
fn small_units(whole: &str, fraction: &str, decimals: u8) -> Option<u64> {
    if whole.len() + usize::from(decimals) > 19 {
        return None;
    }
    let digits = whole.bytes().chain(fraction.bytes()).filter(|b| *b != b'_');
    let value = digits.fold(0_u64, |value, digit| value * 10 + u64::from(digit - b'0'));
    let missing = u32::from(decimals).checked_sub(u32::try_from(fraction.len()).ok()?)?;
    value.checked_mul(10_u64.checked_pow(missing)?)
}

/// Prints base units as a decimal with all its digits: `1250.750000`.
pub fn format_units(units: U256, decimals: u8) -> String {
    let digits = units.to_string();
    let decimals = usize::from(decimals);
    if decimals == 0 {
        return digits;
    }
    let padded = format!("{digits:0>width$}", width = decimals + 1);
    let (whole, fraction) = padded.split_at(padded.len() - decimals);
    format!("{whole}.{fraction}")
}

/// Prints base units for people: thousands grouped by commas, trailing zeros
/// cut to two decimals: `1,250.75`. Exact all the same.
pub fn format_grouped(units: U256, decimals: u8) -> String {
    let exact = format_units(units, decimals);
    let (whole, fraction) = exact.split_once('.').unwrap_or((&exact, ""));
    let mut grouped = String::with_capacity(exact.len() + whole.len() / 3);
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    if !fraction.is_empty() {
        let kept = fraction.trim_end_matches('0').len().max(2.min(fraction.len()));
        grouped.push('.');
        grouped.push_str(&fraction[..kept]);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn decimals_are_exact() {
        assert_eq!(parse_units("500_000", 6), Ok(U256::from(500_000_000_000_u64)));
        assert_eq!(parse_units("0.25", 18), Ok(U256::from(250_000_000_000_000_000_u64)));
        assert_eq!(parse_units("1.5000000000", 1), Ok(U256::from(15)));
        assert_eq!(parse_units(".5", 2), Ok(U256::from(50)));
        assert_eq!(format_units(U256::from(5), 2), "0.05");
        assert_eq!(format_grouped(U256::from(1_234_567_000_000_u64), 6), "1,234,567.00");
        assert_eq!(format_grouped(U256::from(1_234_567_000_001_u64), 6), "1,234,567.000001");
        assert_eq!(format_grouped(U256::from(1_000), 0), "1,000");
    }

    #[test]
    fn too_many_decimals_are_an_error() {
        assert_eq!(
            parse_units("1.2345678", 6).unwrap_err().to_string(),
            "`1.2345678` has 7 decimals, but the asset has 6; shorten it yourself, \
             allonet never rounds an input"
        );
    }

    #[test]
    fn what_is_no_decimal_is_refused() {
        for text in ["", ".", "1.2.3", "1,000", "1e5", "NaN", "inf", "0x1", "_", "1.2_3", "+1"] {
            assert!(matches!(parse_units(text, 6), Err(DecimalError::NotDecimal { .. })), "{text}");
        }
        assert!(matches!(parse_units("-1", 6), Err(DecimalError::Negative { .. })));
        let large = "1".repeat(78);
        assert!(matches!(parse_units(&large, 6), Err(DecimalError::TooLarge { .. })));
    }

    proptest! {
        #[test]
        fn printing_and_parsing_agree(limbs: [u64; 4], decimals in 0_u8..40) {
            let units = U256::from_limbs(limbs);
            prop_assert_eq!(parse_units(&format_units(units, decimals), decimals), Ok(units));
            let grouped = format_grouped(units, decimals).replace(',', "");
            prop_assert_eq!(parse_units(&grouped, decimals), Ok(units));
        }

        #[test]
        fn no_text_panics(text in ".*", decimals: u8) {
            let _ = parse_units(&text, decimals);
        }
    }
}
