//! Small loops to the last base unit: the float solution refined in whole
//! numbers.
//!
//! What passes through each member is kept as a whole number of 2⁻⁶⁴ base
//! units. What is missing from `x = b + Pᵀx` is computed exactly from the
//! integer weights, solved for in floats, and added; each round wins some
//! fourteen digits, however large the amounts.

use ruint::aliases::U256;

use super::cycle::Loop;
use crate::absorbing::Eliminated;
use crate::money::{Amount, floor_from_f64};

/// Bits after the point.
pub(super) const FRACTION_BITS: usize = 64;
/// Rounds after which no more digits are won.
const ROUNDS_MAX: usize = 8;
/// Less than this is missing at most: 2⁻⁴⁰ base units.
const SETTLED_BITS: usize = FRACTION_BITS - 40;
/// Larger values leave no room for the sums.
const VALUE_BITS_MAX: usize = 240;

/// What passes through each member, in 2⁻⁶⁴ base units; `None` where the
/// amounts are too large for that.
pub(super) fn refine(
    part: &Loop<'_>,
    eliminated: &Eliminated,
    entered: &[Amount],
    passing: &[f64],
) -> Option<Vec<U256>> {
    let scale = libm::ldexp(1.0, 64);
    let mut value: Vec<U256> =
        passing.iter().map(|value| floor_from_f64(value * scale).to_u256()).collect();
    let entries: Vec<U256> = entered
        .iter()
        .map(|amount| amount.to_u256().checked_shl(FRACTION_BITS))
        .collect::<Option<_>>()?;
    let mut missed = usize::MAX;
    for _ in 0..ROUNDS_MAX {
        if value.iter().chain(&entries).any(|value| value.bit_len() > VALUE_BITS_MAX) {
            return None;
        }
        let missing = missing(part, &entries, &value);
        let most = missing.iter().map(|(_, size)| size.bit_len()).max().unwrap_or(0);
        if most <= SETTLED_BITS || most >= missed {
            break;
        }
        missed = most;
        let floats: Vec<f64> = missing
            .iter()
            .map(|(less, size)| if *less { -f64::from(*size) } else { f64::from(*size) })
            .collect();
        for (value, change) in value.iter_mut().zip(eliminated.solve(&floats)) {
            let size = floor_from_f64(change.abs()).to_u256();
            *value = if change < 0.0 { value.saturating_sub(size) } else { *value + size };
        }
    }
    Some(value)
}

/// What should pass less what does, as sign (whether it is too much) and size.
fn missing(part: &Loop<'_>, entries: &[U256], value: &[U256]) -> Vec<(bool, U256)> {
    let mut due = entries.to_vec();
    for (member, passing) in value.iter().enumerate() {
        for leg in part.inner_legs(member) {
            due[leg.to] += part.exact_share(member, leg.leg, *passing);
        }
    }
    due.iter().zip(value).map(|(due, has)| (due < has, due.abs_diff(*has))).collect()
}
