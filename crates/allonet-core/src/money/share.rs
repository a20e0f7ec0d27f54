//! An exact part of a whole.

use std::fmt;
use std::str::FromStr;

use ruint::aliases::U256;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

use super::{Amount, MoneyError};

/// An exact fraction from 0 to 1, such as `4%`, `0.04` or `1/25`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Share {
    numerator: u64,
    denominator: u64,
}

/// Why a text is no share.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ShareError {
    /// Not a percentage, decimal or fraction.
    #[error("`{found}` is not a share; write for example 12.5%, 0.125 or 1/8")]
    NotShare {
        /// The text found.
        found: String,
    },
    /// Above one.
    #[error("`{found}` is more than the whole; a share lies between 0% and 100%")]
    AboveOne {
        /// The text found.
        found: String,
    },
}

impl Share {
    /// Nothing.
    pub const ZERO: Self = Self { numerator: 0, denominator: 1 };
    /// The whole.
    pub const ONE: Self = Self { numerator: 1, denominator: 1 };

    /// `numerator / denominator`, in lowest terms; `None` above one or over zero.
    pub fn new(numerator: u64, denominator: u64) -> Option<Self> {
        if denominator == 0 || numerator > denominator {
            return None;
        }
        let divisor = gcd(numerator, denominator);
        Some(Self { numerator: numerator / divisor, denominator: denominator / divisor })
    }

    /// The upper part of the fraction.
    pub const fn numerator(self) -> u64 {
        self.numerator
    }

    /// The lower part of the fraction, never zero.
    pub const fn denominator(self) -> u64 {
        self.denominator
    }

    /// Whether this is nothing.
    pub const fn is_zero(self) -> bool {
        self.numerator == 0
    }

    /// Whether this is the whole.
    pub const fn is_one(self) -> bool {
        self.numerator == self.denominator
    }

    /// The nearest `f64`.
    pub fn to_f64(self) -> f64 {
        self.numerator as f64 / self.denominator as f64
    }

    /// This share of an amount, rounded down.
    pub fn of(self, amount: Amount) -> Result<Amount, MoneyError> {
        if self.is_one() {
            return Ok(amount);
        }
        amount.mul_div(U256::from(self.numerator), U256::from(self.denominator), "a share")
    }
}

/// Greatest common divisor; 1 for two zeros, so that dividing is safe.
const fn gcd(mut a: u64, mut b: u64) -> u64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    if a == 0 { 1 } else { a }
}

impl Ord for Share {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        let left = u128::from(self.numerator) * u128::from(other.denominator);
        let right = u128::from(other.numerator) * u128::from(self.denominator);
        left.cmp(&right)
    }
}

impl PartialOrd for Share {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Share {
    /// A percentage where it is a finite decimal, else a fraction.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for places in 0..=7 {
            let scale = 100 * 10_u128.pow(places);
            let scaled = u128::from(self.numerator) * scale;
            if scaled % u128::from(self.denominator) == 0 {
                let value = U256::from(scaled / u128::from(self.denominator));
                let places = u8::try_from(places).unwrap_or(0);
                return write!(f, "{}%", super::format_units(value, places));
            }
        }
        write!(f, "{}/{}", self.numerator, self.denominator)
    }
}

impl FromStr for Share {
    type Err = ShareError;

    fn from_str(text: &str) -> Result<Self, ShareError> {
        let refused = || ShareError::NotShare { found: text.to_owned() };
        let body = text.trim();
        let (numerator, denominator) = if let Some((above, below)) = body.split_once('/') {
            let whole = |part: &str| {
                let digits = part.trim();
                // A number of Rust may have a sign.
                let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
                digits.parse::<u64>().ok().filter(|_| plain).ok_or_else(refused)
            };
            (whole(above)?, whole(below)?)
        } else {
            let (digits, hundredth) = match body.strip_suffix('%') {
                Some(percent) => (percent.trim_end(), 100),
                None => (body, 1),
            };
            let places = digits.split_once('.').map_or(0, |(_, f)| f.trim_end_matches('0').len());
            let places = u8::try_from(places).ok().filter(|p| *p <= 15).ok_or_else(refused)?;
            let units = super::parse_units(digits, places).map_err(|_| refused())?;
            let below = 10_u64.pow(u32::from(places)) * hundredth;
            (u64::try_from(units).map_err(|_| refused())?, below)
        };
        if denominator == 0 {
            return Err(refused());
        }
        Self::new(numerator, denominator)
            .ok_or_else(|| ShareError::AboveOne { found: text.to_owned() })
    }
}

impl Serialize for Share {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Share {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_spellings_agree() {
        let share = Share::new(1, 8);
        for text in ["12.5%", "0.125", "1/8", "12.50 %"] {
            assert_eq!(text.parse::<Share>().ok(), share, "{text}");
        }
        assert_eq!("12.5%".parse::<Share>().unwrap().to_string(), "12.5%");
        assert_eq!("1/3".parse::<Share>().unwrap().to_string(), "1/3");
        assert_eq!("100%".parse::<Share>(), Ok(Share::ONE));
    }

    #[test]
    fn more_than_the_whole_is_refused() {
        assert!(matches!("101%".parse::<Share>(), Err(ShareError::AboveOne { .. })));
        for text in ["", "%", "a", "-1%", "1/0", "+1/2", "NaN", "1e-3"] {
            assert!(matches!(text.parse::<Share>(), Err(ShareError::NotShare { .. })), "{text}");
        }
    }

    #[test]
    fn a_share_of_an_amount_rounds_down() {
        let third = Share::new(1, 3).unwrap();
        assert_eq!(third.of(Amount::from_base(11)), Ok(Amount::from_base(3)));
        assert_eq!(Share::ONE.of(Amount::MAX), Ok(Amount::MAX));
    }
}
