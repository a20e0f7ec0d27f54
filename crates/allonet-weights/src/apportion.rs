//! Whole numbers that add up: divide a total in proportion to scores.
//!
//! Largest remainder (Hamilton): everyone gets the quota rounded down, and what
//! is left goes one unit each to the largest remainders, earliest index first.
//! All arithmetic is exact; the parts always add up to the total.

/// Divides `total` in proportion to `scores`; `None` when no score is positive.
///
/// A zero score gets nothing.
pub(crate) fn apportion(scores: &[u64], total: u64) -> Option<Vec<u64>> {
    let sum: u128 = scores.iter().map(|&score| u128::from(score)).sum();
    if sum == 0 {
        return None;
    }
    let quota = |score: u64| u128::from(score) * u128::from(total);
    let mut parts: Vec<u64> = scores.iter().map(|&score| narrow(quota(score) / sum)).collect();
    let left = total - parts.iter().sum::<u64>();
    let left = usize::try_from(left).expect("less is left than there are scores");
    if left > 0 {
        let mut order: Vec<usize> = (0..scores.len()).collect();
        order.sort_by_key(|&index| std::cmp::Reverse(quota(scores[index]) % sum));
        for &index in &order[..left] {
            parts[index] += 1;
        }
    }
    Some(parts)
}

/// Turns finite scores of at least zero into whole numbers in proportion.
///
/// All are scaled by one power of two, which is exact, so that the largest lies
/// below 2^62; only what is smaller than 2^-62 of it is rounded.
pub(crate) fn quantise(scores: &[f64]) -> Vec<u64> {
    let largest = scores.iter().copied().fold(0.0, f64::max);
    let (_, exponent) = libm::frexp(largest);
    scores.iter().map(|&score| whole(libm::scalbn(score, 62 - exponent))).collect()
}

/// `fraction · unit`, rounded to nearest; fractions are in 0 ..= 1.
pub(crate) fn to_whole(fraction: f64, unit: u64) -> u64 {
    whole(fraction * unit as f64).min(unit)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "callers keep the number between 0 and 2^62"
)]
fn whole(number: f64) -> u64 {
    number.round() as u64
}

fn narrow(part: u128) -> u64 {
    u64::try_from(part).expect("a part is at most the total")
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
        assert_eq!(apportion(&[], 10), None);
    }

    #[test]
    fn scores_keep_their_proportions_exactly() {
        assert_eq!(quantise(&[3.0, 1.0, 0.5]), [3 << 60, 1 << 60, 1 << 59]);
        assert_eq!(quantise(&[0.0, 0.0]), [0, 0]);
        assert_eq!(quantise(&[f64::MAX, f64::MIN_POSITIVE])[1], 0);
    }

    proptest! {
        #[test]
        fn parts_add_up_and_stay_within_one_of_the_quota(
            scores in prop::collection::vec(any::<u64>(), 1..40),
            total in 0_u64..=1_000_000_000_000_000_000,
        ) {
            let Some(parts) = apportion(&scores, total) else {
                prop_assert!(scores.iter().all(|&score| score == 0));
                return Ok(());
            };
            prop_assert_eq!(parts.iter().sum::<u64>(), total);
            let sum: u128 = scores.iter().map(|&score| u128::from(score)).sum();
            for (&part, &score) in parts.iter().zip(&scores) {
                let down = u128::from(score) * u128::from(total) / sum;
                prop_assert!(u128::from(part) == down || u128::from(part) == down + 1);
            }
        }
    }
}
