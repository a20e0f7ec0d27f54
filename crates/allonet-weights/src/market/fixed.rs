//! Whole numbers at the places where markets round: always against the trader.

use allonet_core::money::{Amount, MoneyError};
use ruint::aliases::{U256, U512};

use super::MarketError;

/// Parts of a whole in a fee.
pub(super) const PPM: u32 = 1_000_000;

/// Refuses zero and what is 2^128 or more.
pub(super) fn checked(amount: Amount, what: &'static str) -> Result<Amount, MarketError> {
    if amount.is_zero() {
        return Err(MarketError::Nothing { what });
    }
    if amount.to_u128().is_none() {
        return Err(MarketError::TooLarge { what, found: amount });
    }
    Ok(amount)
}

/// Refuses a fee that leaves nothing.
pub(super) fn checked_fee(fee_ppm: u32) -> Result<u32, MarketError> {
    if fee_ppm >= PPM { Err(MarketError::Fee { found: fee_ppm }) } else { Ok(fee_ppm) }
}

/// `a · b / c`, rounded down.
pub(super) fn mul_div(a: U256, b: U256, c: U256) -> Result<U256, MarketError> {
    Ok(Amount::from_u256(a).mul_div(b, c, "a product in a pool")?.to_u256())
}

/// `a · b / c`, rounded up.
pub(super) fn mul_div_up(a: U256, b: U256, c: U256) -> Result<U256, MarketError> {
    let down = mul_div(a, b, c)?;
    let product: U512 = a.widening_mul(b);
    let back: U512 = down.widening_mul(c);
    let up = if product > back { down.checked_add(U256::from(1)) } else { Some(down) };
    up.ok_or(MarketError::Money(MoneyError::Overflow { context: "a product in a pool" }))
}

/// The largest whole number not above `value`; zero for what is not positive.
pub(super) fn floor(value: f64) -> Amount {
    const MANTISSA: u64 = (1 << 52) - 1;
    if value.is_nan() || value < 1.0 {
        return Amount::ZERO;
    }
    let bits = value.to_bits();
    let exponent = usize::try_from((bits >> 52) & 0x7FF).expect("eleven bits") - 1023;
    if exponent > 255 {
        return Amount::MAX;
    }
    let mantissa = U256::from((bits & MANTISSA) | (1 << 52));
    let whole =
        if exponent >= 52 { mantissa << (exponent - 52) } else { mantissa >> (52 - exponent) };
    Amount::from_u256(whole)
}

/// The smallest whole number not below `value`; zero for what is not positive.
pub(super) fn ceil(value: f64) -> Amount {
    floor(value.ceil())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_become_whole_numbers_exactly() {
        let base = Amount::from_base;
        assert_eq!((floor(2.999), ceil(2.001)), (base(2), base(3)));
        assert_eq!((floor(0.5), ceil(0.5)), (base(0), base(1)));
        assert_eq!((floor(-3.0), floor(f64::NAN), ceil(0.0)), (base(0), base(0), base(0)));
        assert_eq!(floor(1e15), base(1_000_000_000_000_000));
        assert_eq!(floor((1_u128 << 100) as f64), base(1 << 100));
        assert_eq!(floor(f64::INFINITY), Amount::MAX);
    }

    #[test]
    fn quotients_round_both_ways() {
        let number = U256::from::<u64>;
        assert_eq!(mul_div(number(7), number(3), number(2)), Ok(number(10)));
        assert_eq!(mul_div_up(number(7), number(3), number(2)), Ok(number(11)));
        assert_eq!(mul_div_up(number(8), number(3), number(2)), Ok(number(12)));
        assert!(mul_div(number(1), number(1), number(0)).is_err());
        assert!(mul_div(U256::MAX, U256::MAX, number(1)).is_err());
    }
}
