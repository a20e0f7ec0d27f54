//! Weights against other weights: distances and agreement of ranks.
//!
//! # Formula
//!
//! * L1: `Σ |p − q|` of shares; total variation is half of it.
//! * Kendall's τ_b: `(agreeing pairs − disagreeing pairs) / √(pairs untied in p
//!   · pairs untied in q)`.
//! * Spearman's ρ: the correlation of ranks, ties at their mean rank.
//! * NDCG: `Σ q_i / log₂(1 + rank of i by p)` over the same by `q`; tied
//!   items share the mean of their places.
//! * Overlap of the top k: `|top_k(p) ∩ top_k(q)| / k`; items tied at the edge
//!   belong to it in part.
//! * Mean over parents of L1: the score of Deep Funding's dependency level,
//!   from 0 to 2.
//!
//! # Units and shapes
//!
//! Two slices of the same length, finite and not negative, any scale. None
//! where a score does not exist: no mass, no item, all tied.
//!
//! # Known weaknesses
//!
//! * Ranks see no size, distances see little but the largest items.
//!
//! # Sources
//!
//! * Knight (1966), *A computer method for calculating Kendall's tau*.
//! * Järvelin, Kekäläinen (2002), *Cumulated gain-based evaluation*.
//! * McSherry, Najork (2008), ties in NDCG by their mean.

use allonet_core::maths;

use crate::statistics;

/// `Σ |p − q|` of shares.
pub fn l1(p: &[f64], q: &[f64]) -> Option<f64> {
    Some(2.0 * statistics::total_variation(&shares(p)?, &shares(q)?))
}

/// `½ Σ |p − q|` of shares: what part of the money would go elsewhere.
pub fn total_variation(p: &[f64], q: &[f64]) -> Option<f64> {
    Some(statistics::total_variation(&shares(p)?, &shares(q)?))
}

/// Weights below a parent, and the jury's.
pub type Parent = (Vec<f64>, Vec<f64>);

/// The mean of [`l1`] over parents.
pub fn mean_l1(parents: &[Parent]) -> Option<f64> {
    let distances: Option<Vec<f64>> = parents.iter().map(|(p, q)| l1(p, q)).collect();
    let distances = distances.filter(|distances| !distances.is_empty())?;
    Some(maths::sum(distances.iter().copied()) / distances.len() as f64)
}

/// Kendall's τ_b, in `n log n` steps.
pub fn kendall(p: &[f64], q: &[f64]) -> Option<f64> {
    statistics::kendall(p, q)
}

/// Spearman's ρ.
pub fn spearman(p: &[f64], q: &[f64]) -> Option<f64> {
    let middle = (p.len() as f64 - 1.0) / 2.0;
    let off = |values: &[f64]| -> Vec<f64> {
        let mut off = vec![0.0; values.len()];
        for group in groups(values) {
            for item in &group.items {
                off[*item] = group.first as f64 + (group.items.len() as f64 - 1.0) / 2.0 - middle;
            }
        }
        off
    };
    let (p, q) = (off(p), off(q));
    let product = |a: &[f64], b: &[f64]| maths::sum(a.iter().zip(b).map(|(a, b)| a * b));
    let scale = (product(&p, &p) * product(&q, &q)).sqrt();
    (scale > 0.0).then(|| product(&p, &q) / scale)
}

/// NDCG of the order of `p` where an item gains its share of `q`.
pub fn ndcg(p: &[f64], q: &[f64]) -> Option<f64> {
    let gains = shares(q)?;
    let worth = |at: usize| 1.0 / maths::ln(at as f64 + 2.0);
    let gained = |order: &[f64]| {
        maths::sum(groups(order).into_iter().map(|group| {
            let places = group.first..group.first + group.items.len();
            let mean = maths::sum(places.map(worth)) / group.items.len() as f64;
            mean * maths::sum(group.items.iter().map(|item| gains[*item]))
        }))
    };
    (p.len() == q.len()).then(|| gained(p) / gained(&gains))
}

/// What part of the `k` largest of `q` is among the `k` largest of `p`; all
/// items where there are fewer.
pub fn top_overlap(p: &[f64], q: &[f64], k: usize) -> Option<f64> {
    let k = k.min(p.len());
    let inside = |values: &[f64]| {
        let mut inside = vec![0.0; values.len()];
        for group in groups(values) {
            let free = k.saturating_sub(group.first).min(group.items.len());
            for item in &group.items {
                inside[*item] = free as f64 / group.items.len() as f64;
            }
        }
        inside
    };
    let common = inside(p).into_iter().zip(inside(q)).map(|(p, q)| p * q);
    (k > 0).then(|| maths::sum(common) / k as f64)
}

/// Parts of the whole; none where there is no mass.
fn shares(values: &[f64]) -> Option<Vec<f64>> {
    let sum = maths::sum(values.iter().copied());
    (sum > 0.0 && sum.is_finite()).then(|| values.iter().map(|value| value / sum).collect())
}

/// Items of equal value, the largest first.
struct Group {
    /// How many items have a larger value.
    first: usize,
    items: Vec<usize>,
}

fn groups(values: &[f64]) -> Vec<Group> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|a, b| values[*b].total_cmp(&values[*a]));
    let mut first = 0;
    let equal = order.chunk_by(|a, b| values[*a].total_cmp(&values[*b]).is_eq());
    equal
        .map(|items| {
            let group = Group { first, items: items.to_vec() };
            first += items.len();
            group
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn near(found: Option<f64>, expected: f64) {
        assert!(found.is_some_and(|found| (found - expected).abs() < 1e-12), "{found:?}");
    }

    #[test]
    fn by_hand() {
        let (p, q) = ([0.5, 0.3, 0.2], [0.2, 0.3, 0.5]);
        near(l1(&p, &q), 0.6);
        near(total_variation(&p, &[2.0, 3.0, 5.0]), 0.3);
        near(kendall(&p, &q), -1.0);
        near(spearman(&p, &q), -1.0);
        // Gains 0.2, 0.3, 0.5 at places 1, 2, 3 against 0.5, 0.3, 0.2.
        let second = maths::ln(2.0) / maths::ln(3.0);
        let expected = (0.2 + 0.3 * second + 0.25) / (0.5 + 0.3 * second + 0.1);
        near(ndcg(&p, &q), expected);
        near(top_overlap(&p, &q, 1), 0.0);
        near(top_overlap(&p, &q, 2), 0.5);
        near(top_overlap(&p, &[1.0, 1.0, 0.0], 1), 0.5);
        near(top_overlap(&p, &q, 99), 1.0);
        near(mean_l1(&[(p.to_vec(), q.to_vec()), (p.to_vec(), p.to_vec())]), 0.3);
    }

    #[test]
    fn what_does_not_exist_is_none() {
        assert_eq!(l1(&[0.0], &[1.0]), None);
        assert_eq!(kendall(&[1.0, 1.0], &[1.0, 2.0]), None);
        assert_eq!(kendall(&[1.0], &[1.0]), None);
        assert_eq!(spearman(&[], &[]), None);
        assert_eq!(top_overlap(&[], &[], 3), None);
        assert_eq!(mean_l1(&[]), None);
    }

    /// τ_b pair by pair.
    fn slow_kendall(p: &[f64], q: &[f64]) -> Option<f64> {
        let (mut balance, mut untied_p, mut untied_q) = (0.0, 0.0_f64, 0.0_f64);
        for a in 0..p.len() {
            for b in 0..a {
                let sign = |values: &[f64]| {
                    let step = values[a] - values[b];
                    if step == 0.0 { 0.0 } else { step.signum() }
                };
                balance += sign(p) * sign(q);
                untied_p += sign(p).abs();
                untied_q += sign(q).abs();
            }
        }
        let scale = (untied_p * untied_q).sqrt();
        (scale > 0.0).then(|| balance / scale)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn kendall_is_what_counting_pairs_says(
            values in prop::collection::vec((0_u8..6, 0_u8..6), 0..30)
        ) {
            let p: Vec<f64> = values.iter().map(|pair| f64::from(pair.0)).collect();
            let q: Vec<f64> = values.iter().map(|pair| f64::from(pair.1)).collect();
            match (kendall(&p, &q), slow_kendall(&p, &q)) {
                (Some(fast), Some(slow)) => prop_assert!((fast - slow).abs() < 1e-12),
                (fast, slow) => prop_assert_eq!(fast, slow),
            }
        }

        #[test]
        fn names_and_scale_make_no_difference(
            values in prop::collection::vec((1_u8..9, 1_u8..9), 2..20), turn in 0_usize..20
        ) {
            let p: Vec<f64> = values.iter().map(|pair| f64::from(pair.0)).collect();
            let q: Vec<f64> = values.iter().map(|pair| f64::from(pair.1)).collect();
            let moved = |values: &[f64]| {
                let mut moved: Vec<f64> = values.iter().map(|value| 3.0 * value).collect();
                moved.rotate_left(turn % values.len());
                moved
            };
            let top = |p: &[f64], q: &[f64]| top_overlap(p, q, 3);
            for score in [l1, kendall, spearman, ndcg, top] {
                match (score(&p, &q), score(&moved(&p), &moved(&q))) {
                    (Some(one), Some(other)) => prop_assert!((one - other).abs() < 1e-12),
                    (one, other) => prop_assert_eq!(one, other),
                }
            }
        }
    }
}
