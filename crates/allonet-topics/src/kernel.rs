//! `eˣ` and logarithms of many numbers at once, the same bytes on every machine.
//!
//! # Formula
//!
//! `eˣ = 2ⁿ · eʳ` with `|r| ≤ ½ ln 2` and a polynomial for `eʳ`;
//! `ln x = k ln 2 + ln m` with `√½ ≤ m < √2` and the series of `ln((1+s)/(1−s))`.
//! Only `+ − × ÷`, comparisons and whole-number operations on the bits, without
//! branches, so that the compiler can do several at once; it never fuses a
//! product and a sum, so that the result does not depend on how many.
//!
//! # Limits
//!
//! [`exp`] and [`log10`] are within 1 unit in the last place of the true value,
//! [`ln`] within 1, [`ln_1p`] within 2. Infinities, NaN and subnormal numbers go
//! in and come out as IEEE 754 has it: `ln 0 = −∞`, `ln` of less is NaN.
//!
//! # Sources
//!
//! Tang (1989), *Table-driven implementation of the exponential function*, for
//! the reduction; Dekker (1971) for the split products of `log10`.
#![expect(clippy::inline_always, reason = "what is not inlined is compiled without vectors")]

use pulp::{Arch, NullaryFnOnce};

/// How many numbers are worked on side by side; sums run in as many lanes.
pub const LANES: usize = 8;

/// Adding and subtracting it rounds to a whole number, whose low bits are then
/// those of the sum.
const ROUND: f64 = 6_755_399_441_055_744.0;
/// ln 2 in two parts; the first times a whole number below 2¹¹ is exact.
const LN2_HIGH: f64 = f64::from_bits(0x3FE6_2E42_FEE0_0000);
const LN2_LOW: f64 = f64::from_bits(0x3DEA_39EF_3579_3C76);

/// Replaces each number by `e` to its power.
///
/// ```
/// let mut x = [0.0, 1.0, f64::NEG_INFINITY];
/// allonet_topics::kernel::exp(&mut x);
/// assert!(x[0] == 1.0 && (x[1] - std::f64::consts::E).abs() < 1e-15 && x[2] == 0.0);
/// ```
pub fn exp(x: &mut [f64]) {
    Arch::new().dispatch(Each::<0>(x));
}

/// Replaces each number by its natural logarithm.
pub fn ln(x: &mut [f64]) {
    Arch::new().dispatch(Each::<1>(x));
}

/// Replaces each number by its base-10 logarithm.
///
/// ```
/// let mut x = [1000.0, 1.0, 0.0];
/// allonet_topics::kernel::log10(&mut x);
/// assert_eq!(x, [3.0, 0.0, f64::NEG_INFINITY]);
/// ```
pub fn log10(x: &mut [f64]) {
    Arch::new().dispatch(Each::<2>(x));
}

/// Replaces each number by the natural logarithm of `1 +` it.
pub fn ln_1p(x: &mut [f64]) {
    Arch::new().dispatch(Each::<3>(x));
}

/// One of the four functions, for all of a slice.
struct Each<'a, const FUNCTION: u8>(&'a mut [f64]);

impl<const FUNCTION: u8> NullaryFnOnce for Each<'_, FUNCTION> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        for x in self.0.iter_mut() {
            *x = match FUNCTION {
                0 => exp_of(*x),
                1 => ln_of(*x),
                2 => log10_of(*x),
                _ => ln_1p_of(*x),
            };
        }
    }
}

/// `eˣ` for any `x`.
#[inline(always)]
pub(crate) fn exp_of(x: f64) -> f64 {
    // Beyond these the result is 0 or ∞ whatever x is.
    let near = if x < -746.0 { -746.0 } else { x };
    let near = if near > 710.0 { 710.0 } else { near };
    let (value, power) = reduced_exp(near);
    // In two steps, as 2ⁿ may be out of range where the result is not.
    let half = (power * 0.5 + ROUND) - ROUND;
    let value = value * power_of_two(half + ROUND) * power_of_two((power - half) + ROUND);
    if x.is_nan() { x } else { value }
}

/// `2ʸ` for `|y| ≤ 1021`, within 2 units in the last place.
#[inline(always)]
pub(crate) fn exp2_near(y: f64) -> f64 {
    let rounded = y + ROUND;
    let r = (y - (rounded - ROUND)) * std::f64::consts::LN_2;
    let value = 1.0 + (r + r * r * quotient(r));
    // Between 0.7 and 1.5 its exponent has room for n.
    f64::from_bits(value.to_bits().wrapping_add(rounded.to_bits() << 52))
}

/// `eʳ` and `n` of `eˣ = 2ⁿ eʳ`.
#[inline(always)]
fn reduced_exp(x: f64) -> (f64, f64) {
    let power = (x * std::f64::consts::LOG2_E + ROUND) - ROUND;
    let (high, low) = (x - power * LN2_HIGH, power * LN2_LOW);
    let r = high - low;
    (1.0 + (high + (r * r * quotient(r) - low)), power)
}

/// `(eʳ − 1 − r) / r²` for `|r| ≤ ½ ln 2`.
#[inline(always)]
fn quotient(r: f64) -> f64 {
    /// Least greatest error, 1.8e-17 of `eʳ`.
    const Q: [f64; 10] = [
        0.500_000_000_000_000_1,
        0.166_666_666_666_666_69,
        0.041_666_666_666_623_99,
        0.008_333_333_333_330_051,
        0.001_388_888_891_728_179_4,
        0.000_198_412_698_631_058_7,
        2.480_152_119_021_773e-5,
        2.755_726_837_868_419_2e-6,
        2.762_013_871_973_399_4e-7,
        2.510_042_415_700_506_7e-8,
    ];
    let r2 = r * r;
    let r4 = r2 * r2;
    let ends = (Q[0] + Q[1] * r) + (Q[2] + Q[3] * r) * r2;
    let mids = (Q[4] + Q[5] * r) + (Q[6] + Q[7] * r) * r2;
    ends + (mids + (Q[8] + Q[9] * r) * r4) * r4
}

/// `2ⁿ` from `n + ROUND`, for `−1022 ≤ n ≤ 1023`.
#[inline(always)]
fn power_of_two(rounded: f64) -> f64 {
    f64::from_bits(rounded.to_bits().wrapping_add(1023) << 52)
}

/// `ln x` for any `x`.
#[inline(always)]
pub(crate) fn ln_of(x: f64) -> f64 {
    let (k, f) = mantissa(x);
    let (s, half_square, tail) = series(f);
    let value = k * LN2_HIGH - ((half_square - (s * (half_square + tail) + k * LN2_LOW)) - f);
    log_edges(x, value)
}

/// `log₁₀ x` for any `x`.
#[inline(always)]
pub(crate) fn log10_of(x: f64) -> f64 {
    const BY_LN10_HIGH: f64 = f64::from_bits(0x3FDB_CB7B_1500_0000);
    const BY_LN10_LOW: f64 = 1.414_982_685_385_801e-10;
    const LOG2_HIGH: f64 = f64::from_bits(0x3FD3_4413_4000_0000);
    const LOG2_LOW: f64 = 1.548_133_349_013_561_3e-8;
    let (k, f) = mantissa(x);
    let (s, half_square, tail) = series(f);
    // ln m in two parts, the first short, so that products with it are exact.
    let high = f64::from_bits((f - half_square).to_bits() & 0xFFFF_FFFF_0000_0000);
    let low = ((f - high) - half_square) + s * (half_square + tail);
    let main = high * BY_LN10_HIGH;
    let whole = k * LOG2_HIGH;
    let sum = whole + main;
    let lost = (whole - sum) + main;
    let rest = k * LOG2_LOW + (low * (BY_LN10_HIGH + BY_LN10_LOW) + high * BY_LN10_LOW);
    log_edges(x, (rest + lost) + sum)
}

/// `ln(1 + x)` for any `x`.
#[inline(always)]
pub(crate) fn ln_1p_of(x: f64) -> f64 {
    let one_more = 1.0 + x;
    // What rounding took from 1 + x, relative to it. From 2⁵³ on it is nothing.
    let lost = if x < 9e15 { (x - (one_more - 1.0)) / one_more } else { 0.0 };
    let value = ln_of(one_more);
    if x > -1.0 { value + lost } else { value }
}

/// `k` and `m − 1` of `x = 2ᵏ m`, `√½ ≤ m < √2`.
#[inline(always)]
fn mantissa(x: f64) -> (f64, f64) {
    const ROOT_HALF: u64 = 0x3FE6_A09E_667F_3BCD;
    const ONE: u64 = 0x3FF0_0000_0000_0000;
    const TWO_TO_52: f64 = 4_503_599_627_370_496.0;
    const TWO_TO_54: f64 = 18_014_398_509_481_984.0;
    let tiny = x < f64::MIN_POSITIVE;
    let scaled = if tiny { x * TWO_TO_54 } else { x };
    let moved = scaled.to_bits().wrapping_add(ONE - ROOT_HALF);
    let biased = f64::from_bits((moved >> 52) | TWO_TO_52.to_bits()) - TWO_TO_52;
    let k = biased - if tiny { 1023.0 + 54.0 } else { 1023.0 };
    let m = f64::from_bits((moved & 0x000F_FFFF_FFFF_FFFF).wrapping_add(ROOT_HALF));
    (k, m - 1.0)
}

/// `s = f/(2+f)`, `f²/2` and `R` of `ln(1+f) = f − f²/2 + s (f²/2 + R)`.
#[inline(always)]
fn series(f: f64) -> (f64, f64, f64) {
    let s = f / (2.0 + f);
    let z = s * s;
    let z2 = z * z;
    let z4 = z2 * z2;
    // 2 (1/3 + z/5 + z²/7 + …) z; the next term is below 1e-18.
    let first = (2.0 / 3.0 + z * (2.0 / 5.0)) + (2.0 / 7.0 + z * (2.0 / 9.0)) * z2;
    let next = (2.0 / 11.0 + z * (2.0 / 13.0)) + (2.0 / 15.0 + z * (2.0 / 17.0)) * z2;
    let last = 2.0 / 19.0 + z * (2.0 / 21.0);
    let tail = z * (first + (next + last * z4) * z4);
    (s, 0.5 * f * f, tail)
}

/// The value of a logarithm where `x` is no positive finite number.
#[inline(always)]
fn log_edges(x: f64, value: f64) -> f64 {
    let value = if x == f64::INFINITY { x } else { value };
    let value = if x == 0.0 { f64::NEG_INFINITY } else { value };
    if x >= 0.0 { value } else { f64::NAN }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "exact results")]
mod tests {
    use super::*;
    use allonet_core::random::Random;

    /// Distance in units in the last place; 0 for the same infinity or NaN.
    fn ulps(got: f64, want: f64) -> f64 {
        if got.to_bits() == want.to_bits() || got.is_nan() && want.is_nan() || got == want {
            return 0.0;
        }
        let unit = f64::from_bits(want.abs().to_bits() + 1) - want.abs();
        (got - want).abs() / unit
    }

    /// Greatest distance from `libm` over random numbers and the edges.
    fn worst(function: fn(&mut [f64]), peer: fn(f64) -> f64, draws: &[f64]) -> f64 {
        let edges = [
            0.0,
            -0.0,
            1.0,
            -1.0,
            f64::INFINITY,
            f64::NEG_INFINITY,
            f64::NAN,
            f64::MAX,
            f64::MIN,
            f64::MIN_POSITIVE,
            5e-324,
            1e-310,
            709.78,
            709.79,
            -708.4,
            -744.4,
            -745.2,
            1e300,
            1.0 - f64::EPSILON,
            1.0 + f64::EPSILON,
            -1e-17,
            1e17,
            10.0,
            1e-10,
        ];
        let mut x: Vec<f64> = edges.iter().chain(draws).copied().collect();
        let wants: Vec<f64> = x.iter().map(|x| peer(*x)).collect();
        function(&mut x);
        x.iter().zip(&wants).map(|(got, want)| ulps(*got, *want)).fold(0.0, f64::max)
    }

    fn draws(make: impl Fn(&mut Random) -> f64) -> Vec<f64> {
        let mut random = Random::new(1);
        (0..200_000).map(|_| make(&mut random)).collect()
    }

    #[test]
    fn exponentials_are_within_a_unit_in_the_last_place() {
        let wide = draws(|random| random.uniform() * 1460.0 - 748.0);
        let near = draws(Random::normal);
        assert!(worst(exp, libm::exp, &wide) <= 1.0, "{}", worst(exp, libm::exp, &wide));
        assert!(worst(exp, libm::exp, &near) <= 1.0, "{}", worst(exp, libm::exp, &near));
        for x in near.iter().chain(wide.iter().filter(|x| x.abs() < 708.0)) {
            let want = libm::exp2(*x);
            assert!(ulps(exp2_near(*x), want) <= 2.0, "{x}");
        }
    }

    #[test]
    fn logarithms_are_within_a_unit_or_two() {
        let any = draws(|random| f64::from_bits(random.bits() >> 1));
        let near = draws(|random| 1.0 + 0.3 * random.normal());
        for draws in [&any, &near] {
            assert!(worst(ln, libm::log, draws) <= 1.0, "{}", worst(ln, libm::log, draws));
            assert!(worst(log10, libm::log10, draws) <= 2.0);
            assert!(
                worst(ln_1p, libm::log1p, draws) <= 2.0,
                "{}",
                worst(ln_1p, libm::log1p, draws)
            );
        }
        let small = draws(|random| libm::exp(-40.0 * random.uniform()) * random.normal());
        assert!(worst(ln_1p, libm::log1p, &small) <= 2.0);
    }

    #[test]
    fn powers_of_ten_have_whole_logarithms() {
        let mut x: Vec<f64> =
            (0..23).map(|n| format!("1e{n}").parse().expect("a number")).collect();
        log10(&mut x);
        assert!(x.iter().enumerate().all(|(n, x)| *x == n as f64), "{x:?}");
    }

    #[test]
    fn known_bits() {
        // Frozen: a change here changes every topic.
        let mut x = [1.0, -0.7, 30.3];
        exp(&mut x);
        assert_eq!(x[0].to_bits(), libm::exp(1.0).to_bits());
        let mut y = [2.0, 0.3];
        ln(&mut y);
        assert_eq!(y[0].to_bits(), std::f64::consts::LN_2.to_bits());
    }
}
