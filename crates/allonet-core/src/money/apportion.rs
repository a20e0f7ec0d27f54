//! The one place where weights become amounts that add up.
//!
//! | rule | who gets the rest | used by |
//! |---|---|---|
//! | [`Rounding::LargestRemainder`] | one unit each to the largest remainders, ties to the earliest | default |
//! | [`Rounding::Cumulative`] | `⌊T·C_k/W⌋ − ⌊T·C_(k−1)/W⌋`, `C` the running sum of weights | Drips `Splits.sol` |
//! | [`Rounding::Floor`] | nobody: it stays as dust | 0xSplits, Grants Stack |
//!
//! "Earliest" is the caller's order; callers pass legs in order of their stable
//! ids, so that the result does not depend on how a file was sorted.
//!
//! Every rule keeps `Σ parts + dust = total`, and each part within one base
//! unit of its exact share.

use ruint::aliases::{U256, U512};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::Amount;

/// How fractions of a base unit are settled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rounding {
    /// Round down, then one unit each to the largest remainders.
    #[default]
    LargestRemainder,
    /// Differences of the rounded running sum.
    Cumulative,
    /// Round down and keep the dust.
    Floor,
}

/// Amounts for each weight, and what no weight received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Apportioned {
    /// One amount for each weight, in order.
    pub parts: Vec<Amount>,
    /// `total − Σ parts`; zero but for [`Rounding::Floor`].
    pub dust: Amount,
}

/// Why a total cannot be divided by these weights.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ApportionError {
    /// Money to divide, but nothing to divide it by.
    #[error("the weights of all {legs} legs are zero, so {total} base units have nowhere to go")]
    NoWeight {
        /// How many weights there are.
        legs: usize,
        /// What was to be divided.
        total: Amount,
    },
    /// The weights add up to more than their type holds.
    #[error("the weights add up to more than their limit; scale them down")]
    WeightsTooLarge,
    /// A float weight that is no weight.
    #[error("weight {index} is {found}; a weight is a finite number of zero or more")]
    NotWeight {
        /// Its place, from zero.
        index: usize,
        /// What it is.
        found: String,
    },
}

/// An integer that can weigh: `u64` (fast), `u128`, `U256`.
pub trait Weight: Copy + Ord + Default {
    /// Sum, if it fits.
    fn plus(self, other: Self) -> Option<Self>;
    /// `total` divided by this weight: quotient and remainder.
    fn divide(self, total: U256) -> (U256, Self);
    /// `⌊rest · self / sum⌋` and what remains, for `rest < sum`, `self ≤ sum`.
    fn of_rest(self, rest: Self, sum: Self) -> (U256, Self);
    /// As a 256-bit integer.
    fn widen(self) -> U256;

    /// The rounded-down parts of a small total, where machine words suffice:
    /// writes parts and remainders, returns the units left. `None` otherwise.
    fn small(
        total: U256,
        weights: &[Self],
        sum: Self,
        parts: &mut [Amount],
        remainders: &mut Vec<(Self, u32)>,
    ) -> Option<u64> {
        let _ = (total, weights, sum, parts, remainders);
        None
    }
}

impl Weight for u64 {
    fn plus(self, other: Self) -> Option<Self> {
        self.checked_add(other)
    }

    fn divide(self, total: U256) -> (U256, Self) {
        if let Ok(small) = u128::try_from(total) {
            let sum = u128::from(self);
            return (U256::from(small / sum), low_u64(small % sum));
        }
        let (quotient, rest) = total.div_rem(U256::from(self));
        (quotient, rest.as_limbs()[0])
    }

    fn of_rest(self, rest: Self, sum: Self) -> (U256, Self) {
        if let Some(product) = rest.checked_mul(self) {
            return (U256::from(product / sum), product % sum);
        }
        let (product, sum) = (u128::from(rest) * u128::from(self), u128::from(sum));
        (U256::from(product / sum), low_u64(product % sum))
    }

    fn widen(self) -> U256 {
        U256::from(self)
    }

    fn small(
        total: U256,
        weights: &[Self],
        sum: Self,
        parts: &mut [Amount],
        remainders: &mut Vec<(Self, u32)>,
    ) -> Option<u64> {
        let total = u64::try_from(total).ok().filter(|_| u32::try_from(sum).is_ok())?;
        let (quotient, rest) = (total / sum, total % sum);
        let mut left = total;
        for (index, (part, weight)) in (0_u32..).zip(parts.iter_mut().zip(weights)) {
            // Both factors are below 2^32, and the part is no more than the total.
            let product = rest * weight;
            let amount = quotient * weight + product / sum;
            left -= amount;
            *part = Amount::from_u256(U256::from_limbs([amount, 0, 0, 0]));
            remainders.push((product % sum, index));
        }
        Some(left)
    }
}

/// The low half of a value known to fit.
fn low_u64(value: u128) -> u64 {
    u64::try_from(value).expect("a remainder is below its 64-bit divisor")
}

impl Weight for u128 {
    fn plus(self, other: Self) -> Option<Self> {
        self.checked_add(other)
    }

    fn divide(self, total: U256) -> (U256, Self) {
        let (quotient, rest) = total.div_rem(U256::from(self));
        (quotient, rest.to::<u128>())
    }

    fn of_rest(self, rest: Self, sum: Self) -> (U256, Self) {
        let (quotient, rest) = (U256::from(rest) * U256::from(self)).div_rem(U256::from(sum));
        (quotient, rest.to::<u128>())
    }

    fn widen(self) -> U256 {
        U256::from(self)
    }
}

impl Weight for U256 {
    fn plus(self, other: Self) -> Option<Self> {
        self.checked_add(other)
    }

    fn divide(self, total: U256) -> (U256, Self) {
        total.div_rem(self)
    }

    fn of_rest(self, rest: Self, sum: Self) -> (U256, Self) {
        if let Some(product) = rest.checked_mul(self) {
            return product.div_rem(sum);
        }
        let product: U512 = rest.widening_mul(self);
        let (quotient, rest) = product.div_rem(U512::from(sum));
        (quotient.to::<U256>(), rest.to::<U256>())
    }

    fn widen(self) -> U256 {
        self
    }
}

/// Divides `total` by `weights`, in the caller's order.
pub fn apportion<W: Weight>(
    total: Amount,
    weights: &[W],
    rounding: Rounding,
) -> Result<Apportioned, ApportionError> {
    let mut parts = vec![Amount::ZERO; weights.len()];
    let dust = apportion_into(total, weights, rounding, &mut parts, &mut Vec::new())?;
    Ok(Apportioned { parts, dust })
}

/// [`apportion`] without allocation: `parts` takes the amounts (as long as
/// `weights`), `scratch` is reused from call to call. Returns the dust.
pub fn apportion_into<W: Weight>(
    total: Amount,
    weights: &[W],
    rounding: Rounding,
    parts: &mut [Amount],
    scratch: &mut Vec<(W, u32)>,
) -> Result<Amount, ApportionError> {
    assert_eq!(weights.len(), parts.len(), "one part for each weight");
    if total.is_zero() {
        parts.fill(Amount::ZERO);
        return Ok(Amount::ZERO);
    }
    let sum = weights
        .iter()
        .try_fold(W::default(), |sum, weight| sum.plus(*weight))
        .ok_or(ApportionError::WeightsTooLarge)?;
    if sum == W::default() {
        return Err(ApportionError::NoWeight { legs: weights.len(), total });
    }
    let (quotient, rest) = sum.divide(total.to_u256());
    let floor = |weight: W| {
        let (extra, remainder) = weight.of_rest(rest, sum);
        (quotient * weight.widen() + extra, remainder)
    };
    let mut left = total.to_u256();
    if rounding == Rounding::Cumulative {
        let (mut running, mut given) = (W::default(), U256::ZERO);
        for (part, weight) in parts.iter_mut().zip(weights) {
            running = running.plus(*weight).expect("a partial sum fits where the sum does");
            let reached = floor(running).0;
            *part = Amount::from_u256(reached - given);
            given = reached;
        }
        return Ok(Amount::from_u256(left - given));
    }
    scratch.clear();
    if let Some(units) = W::small(left, weights, sum, parts, scratch) {
        return Ok(settle(units, rounding, parts, scratch));
    }
    for (index, (part, weight)) in (0_u32..).zip(parts.iter_mut().zip(weights)) {
        let (amount, remainder) = floor(*weight);
        left -= amount;
        *part = Amount::from_u256(amount);
        if remainder > W::default() {
            scratch.push((remainder, index));
        }
    }
    let units = u64::try_from(left).expect("fewer units are left than legs");
    Ok(settle(units, rounding, parts, scratch))
}

/// Gives the units that rounding down left to the largest remainders, or keeps
/// them as dust.
fn settle<W: Weight>(
    units: u64,
    rounding: Rounding,
    parts: &mut [Amount],
    remainders: &mut [(W, u32)],
) -> Amount {
    if rounding == Rounding::Floor {
        return Amount::from_base(u128::from(units));
    }
    if units > 0 {
        let units = usize::try_from(units).expect("fewer units are left than legs");
        give_rest(units, parts, remainders);
    }
    Amount::ZERO
}

/// One unit more for each of the `units` largest remainders.
fn give_rest<W: Weight>(units: usize, parts: &mut [Amount], remainders: &mut [(W, u32)]) {
    debug_assert!(units <= remainders.len(), "each remainder is below one unit");
    let order = |a: &(W, u32), b: &(W, u32)| b.0.cmp(&a.0).then(a.1.cmp(&b.1));
    if units < remainders.len() {
        remainders.select_nth_unstable_by(units, order);
    }
    for (_, index) in &remainders[..units] {
        let part = &mut parts[*index as usize];
        *part = Amount::from_u256(part.to_u256() + U256::ONE);
    }
}

/// Bits of the largest weight after [`weights_from_f64`]: 2³² of them still fit
/// a `u128`, and a weight 2⁻⁴³ of the largest keeps all its 53 bits.
const FLOAT_WEIGHT_BITS: i32 = 96;

/// Turns float weights into integers in the same proportion: the only door from
/// models to money.
///
/// The largest becomes a 96-bit integer; all others keep their exact ratio to
/// it down to 2⁻⁹⁶ of the largest, below which they are cut.
pub fn weights_from_f64(weights: &[f64]) -> Result<Vec<u128>, ApportionError> {
    for (index, weight) in weights.iter().enumerate() {
        if !weight.is_finite() || *weight < 0.0 {
            return Err(ApportionError::NotWeight { index, found: weight.to_string() });
        }
    }
    let top = weights.iter().map(|weight| float_parts(*weight)).filter(|(m, _)| *m > 0);
    let Some(top) = top.map(|(m, e)| e + bit_length(m)).max() else {
        return Ok(vec![0; weights.len()]);
    };
    let scale = |weight: &f64| {
        let (mantissa, exponent) = float_parts(*weight);
        let shift = exponent - top + FLOAT_WEIGHT_BITS;
        match u32::try_from(shift) {
            Ok(left) => u128::from(mantissa) << left,
            Err(_) => u128::from(mantissa).checked_shr(shift.unsigned_abs()).unwrap_or(0),
        }
    };
    Ok(weights.iter().map(scale).collect())
}

/// A float flow rounded down, for flows that are balanced afterwards
/// ([`crate::engine`], inside loops); never for what is paid.
///
/// Not finite or negative counts as nothing, beyond 256 bits as the most.
pub(crate) fn floor_from_f64(value: f64) -> Amount {
    if value.is_nan() || value < 1.0 {
        return Amount::ZERO;
    }
    let (mantissa, exponent) = float_parts(value.min(f64::MAX));
    let mantissa = U256::from(mantissa);
    let shift = usize::try_from(exponent.unsigned_abs()).expect("eleven bits");
    if exponent < 0 {
        return Amount::from_u256(mantissa >> shift);
    }
    mantissa.checked_shl(shift).map_or(Amount::MAX, Amount::from_u256)
}

/// `value = mantissa · 2^exponent` for a finite, non-negative value.
fn float_parts(value: f64) -> (u64, i32) {
    let bits = value.to_bits();
    let field = i32::try_from((bits >> 52) & 0x7ff).expect("eleven bits");
    let fraction = bits & ((1 << 52) - 1);
    if field == 0 { (fraction, -1074) } else { (fraction | (1 << 52), field - 1075) }
}

fn bit_length(mantissa: u64) -> i32 {
    i32::try_from(64 - mantissa.leading_zeros()).expect("at most 64")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parts(total: u128, weights: &[u64], rounding: Rounding) -> (Vec<u128>, u128) {
        let result = apportion(Amount::from_base(total), weights, rounding).unwrap();
        let units = |amount: Amount| amount.to_u128().unwrap();
        (result.parts.into_iter().map(units).collect(), units(result.dust))
    }

    // Worked examples.

    #[test]
    fn ten_units_in_three_equal_parts() {
        assert_eq!(parts(10, &[1, 1, 1], Rounding::LargestRemainder), (vec![4, 3, 3], 0));
        assert_eq!(parts(10, &[1, 1, 1], Rounding::Cumulative), (vec![3, 3, 4], 0));
        assert_eq!(parts(10, &[1, 1, 1], Rounding::Floor), (vec![3, 3, 3], 1));
    }

    #[test]
    fn the_largest_remainder_goes_first() {
        // Exact parts: 1.4, 1.75, 3.85.
        assert_eq!(parts(7, &[20, 25, 55], Rounding::LargestRemainder), (vec![1, 2, 4], 0));
    }

    #[test]
    fn nothing_is_divided_by_anything() {
        assert_eq!(parts(0, &[0, 0], Rounding::LargestRemainder), (vec![0, 0], 0));
        assert_eq!(parts(0, &[], Rounding::Floor), (vec![], 0));
    }

    // Refusals.

    #[test]
    fn zero_weights_are_refused() {
        let refusal = apportion(Amount::from_base(5), &[0_u64, 0], Rounding::Floor).unwrap_err();
        assert_eq!(
            refusal.to_string(),
            "the weights of all 2 legs are zero, so 5 base units have nowhere to go"
        );
    }

    #[test]
    fn weights_that_do_not_fit_are_refused() {
        let weights = [u64::MAX, 1];
        let refusal = apportion(Amount::from_base(5), &weights, Rounding::Floor);
        assert_eq!(refusal, Err(ApportionError::WeightsTooLarge));
    }

    #[test]
    fn float_flows_round_down() {
        for (value, expected) in [(0.0, 0), (0.99, 0), (1.0, 1), (2.5, 2), (1e18, 10_u128.pow(18))]
        {
            assert_eq!(floor_from_f64(value), Amount::from_base(expected));
        }
        assert_eq!(floor_from_f64(f64::NAN), Amount::ZERO);
        assert_eq!(floor_from_f64(-5.0), Amount::ZERO);
        assert_eq!(floor_from_f64(f64::INFINITY), Amount::MAX);
        assert_eq!(floor_from_f64(libm::ldexp(1.0, 255)).to_u256(), U256::ONE << 255);
        assert_eq!(floor_from_f64(libm::ldexp(1.0, 256)), Amount::MAX);
    }

    #[test]
    fn floats_that_are_no_weights_are_refused() {
        for bad in [f64::NAN, f64::INFINITY, -1.0] {
            assert!(weights_from_f64(&[1.0, bad]).is_err());
        }
        assert_eq!(weights_from_f64(&[0.0, -0.0]), Ok(vec![0, 0]));
    }

    // Laws.

    fn total() -> impl Strategy<Value = Amount> {
        prop_oneof![
            any::<u64>().prop_map(|u| Amount::from_base(u128::from(u))),
            any::<[u64; 4]>().prop_map(|l| Amount::from_u256(U256::from_limbs(l))),
        ]
    }

    fn rounding() -> impl Strategy<Value = Rounding> {
        prop_oneof![
            Just(Rounding::LargestRemainder),
            Just(Rounding::Cumulative),
            Just(Rounding::Floor)
        ]
    }

    proptest! {
        #[test]
        fn parts_and_dust_add_up(
            total in total(),
            weights in prop::collection::vec(0_u64..1 << 40, 1..40),
            rounding in rounding(),
        ) {
            prop_assume!(weights.iter().any(|weight| *weight > 0));
            let result = apportion(total, &weights, rounding).unwrap();
            let paid = Amount::sum(result.parts.iter().copied(), "test").unwrap();
            prop_assert_eq!(paid.add(result.dust, "test").unwrap(), total);
            prop_assert!(rounding == Rounding::Floor || result.dust.is_zero());
            prop_assert!(result.dust < Amount::from_base(weights.len() as u128));
        }

        #[test]
        fn each_part_is_within_one_unit(
            total in total(),
            weights in prop::collection::vec(0_u64..1 << 40, 1..40),
            rounding in rounding(),
        ) {
            prop_assume!(weights.iter().any(|weight| *weight > 0));
            let sum = U256::from(weights.iter().sum::<u64>());
            let result = apportion(total, &weights, rounding).unwrap();
            for (part, weight) in result.parts.iter().zip(&weights) {
                let exact = total.mul_div(U256::from(*weight), sum, "test").unwrap().to_u256();
                let part = part.to_u256();
                prop_assert!(part <= exact + U256::ONE && part + U256::ONE >= exact);
            }
        }

        #[test]
        fn all_weight_types_agree(
            total in total(),
            weights in prop::collection::vec(any::<u32>(), 1..40),
            rounding in rounding(),
        ) {
            prop_assume!(weights.iter().any(|weight| *weight > 0));
            let narrow: Vec<u64> = weights.iter().map(|w| u64::from(*w)).collect();
            let middle: Vec<u128> = weights.iter().map(|w| u128::from(*w)).collect();
            let wide: Vec<U256> = weights.iter().map(|w| U256::from(*w)).collect();
            let expected = apportion(total, &narrow, rounding);
            prop_assert_eq!(apportion(total, &middle, rounding), expected.clone());
            prop_assert_eq!(apportion(total, &wide, rounding), expected);
        }

        #[test]
        fn scaling_the_weights_changes_nothing(
            total in total(),
            weights in prop::collection::vec(0_u64..1 << 30, 1..40),
            factor in 1_u64..1 << 20,
            rounding in rounding(),
        ) {
            prop_assume!(weights.iter().any(|weight| *weight > 0));
            let scaled: Vec<u64> = weights.iter().map(|weight| weight * factor).collect();
            prop_assert_eq!(
                apportion(total, &weights, rounding),
                apportion(total, &scaled, rounding)
            );
        }

        #[test]
        fn float_weights_keep_their_ratio(a in 1_u32.., b in 1_u32.., exponent in -40_i32..40) {
            let scale = libm::ldexp(1.0, exponent);
            let found = weights_from_f64(&[f64::from(a) * scale, f64::from(b) * scale]).unwrap();
            prop_assert_eq!(
                U256::from(found[0]) * U256::from(b),
                U256::from(found[1]) * U256::from(a)
            );
        }
    }
}
