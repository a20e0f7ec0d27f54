//! Moving phantoms: where the phantom voters must stand, exactly.
//!
//! With `n` voters there are `n + 1` phantoms, and phantom `k` stands at
//! `clip((n + 1)·t − k, 0, 1)`: they go from 0 to 1 one after the other. While
//! phantom `k` is at `y`, `k` phantoms are at 1 and `n − k` at 0, so that the
//! median of a project's `n` votes and all phantoms is
//!
//! ```text
//! score(k, y) = clip(y, v_k, v_(k+1)),   v_1 ≤ … ≤ v_n the votes, v_0 = 0, v_(n+1) = 1
//! ```
//!
//! The sum of all scores grows with `k` and, between two of the votes next to
//! `k`, evenly with `y`: a search for `k` and a walk over those votes find where
//! it is 1.
//!
//! A voter who counts `w` times is `w` voters. With whole weights of any size
//! `k` is a sum of weights; only where it ends a voter's weight in some project
//! does `y` matter.

/// Weighted votes on one project, by their amounts.
#[derive(Clone, Debug)]
struct Column {
    amounts: Vec<f64>,
    /// Weight up to and with each vote.
    reached: Vec<u128>,
}

impl Column {
    fn new(votes: &[f64], weights: &[u128]) -> Self {
        let mut order: Vec<usize> = (0..votes.len()).collect();
        order.sort_by(|a, b| votes[*a].total_cmp(&votes[*b]).then(a.cmp(b)));
        let mut sum = 0;
        let mut reach = |at: &usize| {
            sum += weights[*at];
            sum
        };
        let reached = order.iter().map(&mut reach).collect();
        // The phantoms stand between 0 and 1, and a median among them.
        let amounts = order.iter().map(|at| votes[*at].clamp(0.0, 1.0)).collect();
        Self { amounts, reached }
    }

    /// The votes on both sides of a weight.
    fn around(&self, weight: u128) -> (f64, f64) {
        let lower = self.reached.partition_point(|reached| *reached < weight);
        let upper = self.reached.partition_point(|reached| *reached <= weight);
        let at = |place: usize| self.amounts.get(place).copied().unwrap_or(1.0);
        (if weight == 0 { 0.0 } else { at(lower) }, at(upper))
    }
}

/// The score of each project. `votes` holds for each project the part that each
/// voter gives it; `weights` says how often each voter counts, none of them
/// zero, with a sum below 2^128.
///
/// The scores add up to 1, but for rounding. Without voters all are equal.
pub(super) fn scores(votes: &[Vec<f64>], weights: &[u128]) -> Vec<f64> {
    let columns: Vec<Column> = votes.iter().map(|votes| Column::new(votes, weights)).collect();
    let mut ends: Vec<u128> = vec![0];
    ends.extend(columns.iter().flat_map(|column| &column.reached));
    ends.sort_unstable();
    ends.dedup();
    let upper = |end: u128| -> f64 { columns.iter().map(|column| column.around(end).1).sum() };
    let at = ends.partition_point(|end| upper(*end) < 1.0);
    let Some(end) = ends.get(at).or(ends.last()) else { return Vec::new() };
    let bounds: Vec<(f64, f64)> = columns.iter().map(|column| column.around(*end)).collect();
    let level = level(&bounds);
    bounds.iter().map(|(low, high)| level.clamp(*low, *high)).collect()
}

/// Where `Σ clip(y, low, high)` is 1: it is made of straight lines between the
/// bounds.
fn level(bounds: &[(f64, f64)]) -> f64 {
    let mut steps: Vec<(f64, i32)> = Vec::with_capacity(2 * bounds.len());
    for (low, high) in bounds {
        if low < high {
            steps.extend([(*low, 1), (*high, -1)]);
        }
    }
    steps.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let mut sum: f64 = bounds.iter().map(|(low, _)| low).sum();
    let (mut y, mut moving) = (0.0, 0);
    for (next, change) in steps {
        let reached = sum + f64::from(moving) * (next - y);
        if reached >= 1.0 && moving > 0 {
            return y + (1.0 - sum) / f64::from(moving);
        }
        (sum, y) = (reached, next);
        moving += change;
    }
    y
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Reference: bisection over `t`, with medians of all votes and phantoms.
    fn slow(votes: &[Vec<f64>]) -> Vec<f64> {
        let voters = votes[0].len();
        let medians = |t: f64| -> Vec<f64> {
            let phantom = |k: usize| ((voters + 1) as f64 * t - k as f64).clamp(0.0, 1.0);
            let median = |votes: &Vec<f64>| {
                let mut all = votes.clone();
                all.extend((0..=voters).map(phantom));
                all.sort_by(f64::total_cmp);
                all[voters]
            };
            votes.iter().map(median).collect()
        };
        let (mut low, mut high) = (0.0, 1.0);
        for _ in 0..100 {
            let middle = f64::midpoint(low, high);
            if medians(middle).iter().sum::<f64>() > 1.0 {
                high = middle;
            } else {
                low = middle;
            }
        }
        medians(low)
    }

    #[test]
    fn a_pencil_is_enough() {
        // Three voters with all for one of two projects: at k = 1 the first is
        // between its votes 0 and 1, the second at 0, and y = 1.
        let votes = [vec![1.0, 1.0, 0.0], vec![0.0, 0.0, 1.0]];
        assert_eq!(scores(&votes, &[1; 3]), [1.0, 0.0]);
        // Two voters who disagree: both are between 0 and 1.
        let votes = [vec![1.0, 0.0], vec![0.0, 1.0]];
        assert_eq!(scores(&votes, &[1; 2]), [0.5, 0.5]);
        assert_eq!(scores(&votes, &[2, 1]), [1.0, 0.0]);
        assert_eq!(scores(&[vec![], vec![]], &[]), [0.5, 0.5]);
        assert!(scores(&[], &[]).is_empty());
    }

    /// Ballots of whole votes, each with at least one.
    fn ballots() -> impl Strategy<Value = Vec<Vec<f64>>> {
        (1_usize..6, 1_usize..8).prop_flat_map(|(projects, voters)| {
            let ballot = prop::collection::vec(prop_oneof![Just(0_u8), 0_u8..20], projects);
            prop::collection::vec(ballot, voters)
                .prop_filter("somebody votes", |b| b.iter().all(|b| b.iter().any(|v| *v > 0)))
                .prop_map(move |ballots| {
                    let part = |ballot: &Vec<u8>, at: usize| {
                        let sum: f64 = ballot.iter().map(|vote| f64::from(*vote)).sum();
                        f64::from(ballot[at]) / sum
                    };
                    (0..projects)
                        .map(|at| ballots.iter().map(|ballot| part(ballot, at)).collect())
                        .collect()
                })
        })
    }

    proptest! {
        #[test]
        fn agrees_with_bisection(votes in ballots()) {
            let fast = scores(&votes, &vec![1; votes[0].len()]);
            prop_assert!((fast.iter().sum::<f64>() - 1.0).abs() < 1e-12);
            for (fast, slow) in fast.iter().zip(slow(&votes)) {
                prop_assert!((fast - slow).abs() < 1e-9, "{fast} {slow}");
            }
        }

        #[test]
        fn weights_are_voters_written_out(
            votes in ballots(),
            weights in prop::collection::vec(1_u8..4, 8),
        ) {
            let wide: Vec<u128> = weights.iter().map(|w| u128::from(*w) << 90).collect();
            let many = |votes: &Vec<f64>| -> Vec<f64> {
                let copies = votes.iter().zip(&weights);
                copies.flat_map(|(vote, w)| std::iter::repeat_n(*vote, usize::from(*w))).collect()
            };
            let written_out: Vec<Vec<f64>> = votes.iter().map(many).collect();
            let fast = scores(&votes, &wide[..votes[0].len()]);
            for (fast, slow) in fast.iter().zip(slow(&written_out)) {
                prop_assert!((fast - slow).abs() < 1e-9, "{fast} {slow}");
            }
        }
    }
}
