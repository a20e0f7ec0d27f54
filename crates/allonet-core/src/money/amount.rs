//! Whole base units of an asset, 256 bits, checked.

use std::fmt;
use std::str::FromStr;

use ruint::aliases::{U256, U512};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

/// Whole base units of one asset (wei of ETH, 10⁻⁶ of USDC …).
///
/// Arithmetic is checked; there is no conversion from a float. Which asset the
/// units belong to is known by whoever holds the amount.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Amount(U256);

/// Arithmetic on money that did not fit, or text that is no amount.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum MoneyError {
    /// A sum or product does not fit 256 bits.
    #[error("{context} does not fit 256 bits; check the asset's decimals")]
    Overflow {
        /// What was being computed.
        context: &'static str,
    },
    /// More was taken than there is.
    #[error("{context}: {taken} base units were taken from {available}")]
    Underflow {
        /// What was being computed.
        context: &'static str,
        /// What there was.
        available: Amount,
        /// What was asked.
        taken: Amount,
    },
    /// Text that is not a whole number of base units.
    #[error("`{found}` is not a whole, non-negative number of base units")]
    NotBaseUnits {
        /// The text found.
        found: String,
    },
}

impl Amount {
    /// Nothing.
    pub const ZERO: Self = Self(U256::ZERO);
    /// The largest amount, 2²⁵⁶ − 1.
    pub const MAX: Self = Self(U256::MAX);

    /// From base units.
    pub fn from_base(units: u128) -> Self {
        Self(U256::from(units))
    }

    /// From base units.
    pub const fn from_u256(units: U256) -> Self {
        Self(units)
    }

    /// As base units.
    pub const fn to_u256(self) -> U256 {
        self.0
    }

    /// As base units, where 128 bits suffice.
    pub fn to_u128(self) -> Option<u128> {
        u128::try_from(self.0).ok()
    }

    /// The nearest `f64`: for models, plots and the linear solver, never for
    /// money itself.
    pub fn to_f64(self) -> f64 {
        f64::from(self.0)
    }

    /// Whether this is nothing.
    pub fn is_zero(self) -> bool {
        self.0.is_zero()
    }

    /// Sum. `context` names what is being added in the error.
    pub fn add(self, other: Self, context: &'static str) -> Result<Self, MoneyError> {
        self.0.checked_add(other.0).map(Self).ok_or(MoneyError::Overflow { context })
    }

    /// Difference. `context` names what is being taken in the error.
    pub fn sub(self, other: Self, context: &'static str) -> Result<Self, MoneyError> {
        self.0.checked_sub(other.0).map(Self).ok_or(MoneyError::Underflow {
            context,
            available: self,
            taken: other,
        })
    }

    /// Difference, or nothing where `other` is larger.
    #[must_use]
    pub fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// Sum of many.
    pub fn sum(
        amounts: impl IntoIterator<Item = Self>,
        context: &'static str,
    ) -> Result<Self, MoneyError> {
        amounts.into_iter().try_fold(Self::ZERO, |sum, amount| sum.add(amount, context))
    }

    /// `self · numerator / denominator`, rounded down, with a 512-bit product.
    ///
    /// Errors when the quotient does not fit, or `denominator` is zero.
    pub fn mul_div(
        self,
        numerator: U256,
        denominator: U256,
        context: &'static str,
    ) -> Result<Self, MoneyError> {
        let overflow = MoneyError::Overflow { context };
        if denominator.is_zero() {
            return Err(overflow);
        }
        if let Some(product) = self.0.checked_mul(numerator) {
            return Ok(Self(product / denominator));
        }
        let product: U512 = self.0.widening_mul(numerator);
        let quotient = product / U512::from(denominator);
        U256::checked_from_limbs_slice(quotient.as_limbs()).map(Self).ok_or(overflow)
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Amount {
    type Err = MoneyError;

    /// Base units: digits only, underscores allowed between them.
    fn from_str(text: &str) -> Result<Self, MoneyError> {
        let refused = || MoneyError::NotBaseUnits { found: text.to_owned() };
        let digits: String = text.chars().filter(|c| *c != '_').collect();
        if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(refused());
        }
        U256::from_str_radix(&digits, 10)
            .map(Self)
            .map_err(|_| MoneyError::Overflow { context: "an amount of base units" })
    }
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn text_survives_a_round_trip() {
        let text = Amount::MAX.to_string();
        assert_eq!(text.len(), 78);
        assert_eq!(text.parse::<Amount>(), Ok(Amount::MAX));
        assert_eq!("1_000".parse::<Amount>(), Ok(Amount::from_base(1_000)));
    }

    #[test]
    fn what_is_no_amount_is_refused() {
        for text in ["", "-1", "1.5", "1e3", "NaN", " 1", "0x10"] {
            assert!(text.parse::<Amount>().is_err(), "{text}");
        }
        let above = format!("{}0", Amount::MAX);
        assert!(matches!(above.parse::<Amount>(), Err(MoneyError::Overflow { .. })));
    }

    #[test]
    fn taking_too_much_names_both_sides() {
        let error = Amount::from_base(3).sub(Amount::from_base(5), "fee").unwrap_err();
        assert_eq!(error.to_string(), "fee: 5 base units were taken from 3");
    }

    proptest! {
        #[test]
        fn mul_div_agrees_with_small_integers(a: u64, b: u64, c in 1_u64..) {
            let expected = u128::from(a) * u128::from(b) / u128::from(c);
            let found = Amount::from_base(u128::from(a))
                .mul_div(U256::from(b), U256::from(c), "test");
            prop_assert_eq!(found, Ok(Amount::from_base(expected)));
        }

        #[test]
        fn mul_div_by_itself_changes_nothing(limbs: [u64; 4], by: [u64; 4]) {
            let amount = Amount::from_u256(U256::from_limbs(limbs));
            let by = U256::from_limbs(by).max(U256::from(1));
            prop_assert_eq!(amount.mul_div(by, by, "test"), Ok(amount));
        }
    }
}
