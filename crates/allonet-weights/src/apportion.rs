//! Whole numbers that add up: core's apportionment, in the unit of shares.

use allonet_core::money::{self, Amount, ApportionError, Rounding};

/// Divides `total` in proportion to `weights` by largest remainder, earliest
/// index first; `None` when no weight is positive and there is something to
/// divide.
///
/// # Panics
///
/// If the weights add up to 2^128 or more: those of [`quantise`] and shares of a
/// whole cannot, as an edge table has fewer than 2^32 entries.
pub(crate) fn apportion(weights: &[u128], total: u64) -> Option<Vec<u64>> {
    let total = Amount::from_base(u128::from(total));
    match money::apportion(total, weights, Rounding::LargestRemainder) {
        Ok(divided) => Some(divided.parts.into_iter().map(narrow).collect()),
        Err(ApportionError::NoWeight { .. }) => None,
        Err(error) => panic!("fewer than 2^32 weights of 96 bits: {error}"),
    }
}

/// Scores as whole numbers in proportion, see [`money::weights_from_f64`].
///
/// # Panics
///
/// If a score is negative or not finite; what is read and built is checked.
pub(crate) fn quantise(scores: &[f64]) -> Vec<u128> {
    money::weights_from_f64(scores).expect("a score is finite and at least zero")
}

fn narrow(part: Amount) -> u64 {
    let part = part.to_u128().and_then(|part| u64::try_from(part).ok());
    part.expect("a part is at most the total")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn thirds_of_ten_give_the_odd_one_to_the_first() {
        assert_eq!(apportion(&[1, 1, 1], 10), Some(vec![4, 3, 3]));
        assert_eq!(apportion(&[1, 0, 2], 10), Some(vec![3, 0, 7]));
        assert_eq!(apportion(&[0, 0], 10), None);
        assert_eq!(apportion(&[0, 0], 0), Some(vec![0, 0]));
        assert_eq!(apportion(&[], 10), None);
    }

    #[test]
    fn scores_keep_their_proportions_exactly() {
        assert_eq!(quantise(&[3.0, 1.0, 0.5]), [3 << 94, 1 << 94, 1 << 93]);
        assert_eq!(quantise(&[0.0, -0.0]), [0, 0]);
        assert_eq!(quantise(&[f64::MAX, f64::MIN_POSITIVE])[1], 0);
    }

    proptest! {
        #[test]
        fn any_scores_add_up_to_the_total(
            scores in prop::collection::vec(0.0_f64..=f64::MAX, 1..40),
            total in any::<u64>(),
        ) {
            let parts = apportion(&quantise(&scores), total);
            match parts {
                Some(parts) => prop_assert_eq!(parts.iter().sum::<u64>(), total),
                None => prop_assert!(scores.iter().all(|&score| score == 0.0)),
            }
        }
    }
}
