//! Prices in steps of one basis point: `price = 1.0001^tick`.
//!
//! # Formula
//!
//! ```text
//! sqrt_price(tick) = ⌊2⁹⁶ · 1.0001^{tick/2}⌋
//! ```
//!
//! Square roots of prices are whole numbers with 96 bits behind the point.
//! They are made of powers `1.0001^{−2^k/2}` with 224 bits behind the point,
//! so that every tick is exact to the last bit but for a chance of 10⁻³⁰. A
//! token is worth no more than its collateral: ticks end at zero.
//!
//! # Sources
//!
//! * Uniswap v3 whitepaper (Adams, Zinsmeister, Salem, Keefer, Robinson 2021),
//!   §6.1.

use std::sync::LazyLock;

use ruint::aliases::{U256, U512};

/// The lowest tick, a price just below 10⁻⁹.
pub const TICK_MIN: i32 = -207_300;
/// Bits behind the point of the root of a price.
pub(super) const RESOLUTION: usize = 96;
const FINE: usize = 224;
/// 2^18 is above the number of ticks.
const POWERS: usize = 18;

/// `1.0001^{−2^k/2}`, 224 bits behind the point.
static ROOTS: LazyLock<[U512; POWERS]> = LazyLock::new(|| {
    let mut power = ((U512::from(10_000) << (2 * FINE)) / U512::from(10_001)).root(2);
    std::array::from_fn(|_| {
        let this = power;
        power = (power * power) >> FINE;
        this
    })
});

/// The root of the price at a tick from [`TICK_MIN`] to 0, 96 bits behind the
/// point.
pub(super) fn sqrt_price(tick: i32) -> U256 {
    debug_assert!((TICK_MIN..=0).contains(&tick), "ticks are checked where they come in");
    let down = tick.unsigned_abs();
    let mut root = U512::from(1) << FINE;
    for (power, factor) in ROOTS.iter().enumerate() {
        if down >> power & 1 == 1 {
            root = (root * *factor) >> FINE;
        }
    }
    (root >> (FINE - RESOLUTION)).to::<U256>()
}

/// The tick at or just below a price; the lowest or highest one beyond them.
pub fn tick_below(price: f64) -> i32 {
    let wanted = sqrt_of(price);
    let (mut low, mut high) = (TICK_MIN, 0);
    while low < high {
        let middle = low + (high - low + 1) / 2;
        if sqrt_price(middle) <= wanted {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    low
}

/// A price as the root with 96 bits behind the point.
pub(super) fn sqrt_of(price: f64) -> U256 {
    let scale = (1_u128 << RESOLUTION) as f64;
    super::fixed::floor(price.sqrt() * scale).to_u256()
}

/// The price that a root stands for.
pub(super) fn price_of(sqrt_price: U256) -> f64 {
    let root = f64::from(sqrt_price) / (1_u128 << RESOLUTION) as f64;
    root * root
}

#[cfg(test)]
mod tests {
    use allonet_core::maths;

    use super::*;

    /// Made with 80 decimal digits of Python's `decimal`.
    #[test]
    fn ticks_are_exact() {
        for (tick, expected) in [
            (0, 79_228_162_514_264_337_593_543_950_336),
            (-1, 79_224_201_403_219_477_170_569_942_573),
            (-2, 79_220_240_490_215_316_061_937_756_560),
            (-50, 79_030_349_367_926_598_376_800_521_321),
            (-1000, 75_364_347_830_767_020_784_054_125_654),
            (-23027, 25_054_147_597_456_445_214_093_764_434),
            (-150_000, 43_836_292_794_701_720_435_367_484),
            (-207_300, 2_498_287_050_797_415_220_819_351),
        ] {
            assert_eq!(sqrt_price(tick), U256::from::<u128>(expected), "{tick}");
        }
    }

    #[test]
    fn ticks_agree_with_floats_and_rise() {
        for tick in (TICK_MIN..=0).step_by(997) {
            let slow = maths::pow(1.0001, f64::from(tick));
            assert!((price_of(sqrt_price(tick)) / slow - 1.0).abs() < 1e-9, "{tick}");
            assert!(tick == 0 || sqrt_price(tick) < sqrt_price(tick + 1));
        }
        assert!(price_of(sqrt_price(TICK_MIN)) < 1e-9);
        assert_eq!((tick_below(0.1), tick_below(1.0), tick_below(0.0)), (-23_028, 0, TICK_MIN));
        assert!((price_of(sqrt_of(0.37)) - 0.37).abs() < 1e-15);
    }
}
