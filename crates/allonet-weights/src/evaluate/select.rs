//! The few pairs that tell methods apart, and the method they choose.
//!
//! # Formula
//!
//! Of pairs with at least `r` jurors, those of the largest
//!
//! ```text
//! worth = disagreement · decidability
//! disagreement = largest p − smallest p among the methods
//! decidability = max(0, 2·L − 1)
//! ```
//!
//! are kept, `L` being Wilson's lower bound (one standard error) of the part of
//! votes for the side that has more. Every kept pair counts once; the method
//! with the best score on them is chosen.
//!
//! # Known weaknesses
//!
//! * Votes that decide which pairs are kept also score the methods: a pair that
//!   is one-sided by luck is kept more often. Keep other jurors back for the
//!   figure that is published.
//! * One extreme method among many draws the choice to one-sided pairs on which
//!   it is certain, and certainty is rewarded there. Leave out methods that no
//!   score of all answers supports.
//! * Pairs on which all methods are wrong together are never asked.
//!
//! # Sources
//!
//! * Wilson (1927), *Probable inference* (the bound).

use std::collections::BTreeMap;

use super::metrics::Metric;
use super::pairs::{Judge, Sums, said};
use crate::comparisons::Comparisons;
use crate::statistics::wilson;

/// A pair and what it can tell.
#[derive(Debug, Clone, PartialEq)]
pub struct Strong {
    /// Its items, the smaller place first.
    pub pair: (u32, u32),
    /// How many jurors answered.
    pub jurors: usize,
    /// Mean of what they give the second item.
    pub said: f64,
    /// How far the methods are apart on it.
    pub disagreement: f64,
    /// How one-sided the answers are.
    pub decidability: f64,
    rows: Vec<usize>,
}

impl Strong {
    /// How much the pair tells.
    pub fn worth(&self) -> f64 {
        self.disagreement * self.decidability
    }
}

/// What strong pairs say of methods.
#[derive(Debug, Clone, PartialEq)]
pub struct Selected {
    /// The pairs kept, the most telling first.
    pub pairs: Vec<Strong>,
    /// Score of each method on them; none where there is none.
    pub scores: Vec<Option<f64>>,
    /// Place of the best method; none where no pair tells anything.
    pub chosen: Option<usize>,
}

/// Pairs with so many jurors, the most telling first; pairs that tell nothing
/// are left out. Weights: one vector for each method.
pub fn strong_pairs(
    comparisons: &Comparisons,
    weights: &[Vec<f64>],
    least_jurors: usize,
) -> Vec<Strong> {
    let mut rows: BTreeMap<(u32, u32), Vec<usize>> = BTreeMap::new();
    for (at, row) in comparisons.rows().enumerate() {
        rows.entry(row.pair()).or_default().push(at);
    }
    let mut pairs: Vec<Strong> = rows
        .into_iter()
        .map(|(pair, rows)| strong(comparisons, weights, pair, rows))
        .filter(|strong| strong.jurors >= least_jurors && strong.worth() > 0.0)
        .collect();
    pairs.sort_by(|a, b| b.worth().total_cmp(&a.worth()).then(a.pair.cmp(&b.pair)));
    pairs
}

/// Chooses a method by the `count` most telling pairs.
///
/// # Panics
///
/// If the floor is not between zero and a half.
pub fn select(
    comparisons: &Comparisons,
    weights: &[Vec<f64>],
    (least_jurors, count): (usize, usize),
    metric: &Metric,
    floor: f64,
) -> Selected {
    let mut pairs = strong_pairs(comparisons, weights, least_jurors);
    pairs.truncate(count);
    let judge = Judge::new(floor);
    let score = |weights: &Vec<f64>| {
        let mut total = Sums::default();
        for pair in &pairs {
            // Each pair counts one, however many answered.
            let share = 1.0 / pair.rows.len() as f64;
            for at in &pair.rows {
                total.add(&judge.row(&comparisons.row(*at), weights), share);
            }
        }
        metric.of_pairs(&total)
    };
    let scores: Vec<Option<f64>> = weights.iter().map(score).collect();
    let scored = scores.iter().enumerate().filter_map(|(at, score)| Some((at, (*score)?)));
    let chosen = scored
        .reduce(|best, next| if metric.loss(next.1, best.1) < 0.0 { next } else { best })
        .map(|best| best.0);
    Selected { pairs, scores, chosen }
}

fn strong(
    comparisons: &Comparisons,
    weights: &[Vec<f64>],
    pair: (u32, u32),
    rows: Vec<usize>,
) -> Strong {
    let mut jurors: Vec<u32> = rows.iter().map(|at| comparisons.row(*at).juror).collect();
    jurors.sort_unstable();
    jurors.dedup();
    let (mut given, mut votes) = (0.0, 0.0);
    for at in &rows {
        let row = comparisons.row(*at);
        let turned = row.left != pair.0;
        let t = said(&row);
        given += if turned { 1.0 - t } else { t };
        let vote = 0.5 + 0.5 * row.choice.sign();
        votes += if turned { 1.0 - vote } else { vote };
    }
    let count = rows.len() as f64;
    let shares = weights.iter().filter_map(|weights| {
        let (a, b) = (weights[pair.0 as usize], weights[pair.1 as usize]);
        (a + b > 0.0).then(|| b / (a + b))
    });
    let (low, high) = shares.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), share| {
        (low.min(share), high.max(share))
    });
    // One standard error down.
    let majority = (votes / count).max(1.0 - votes / count);
    Strong {
        pair,
        jurors: jurors.len(),
        said: given / count,
        disagreement: (high - low).max(0.0),
        decidability: (2.0 * wilson(majority, count, 1.0).0 - 1.0).max(0.0),
        rows,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::comparisons::{Builder, Choice};
    use crate::estimate::softmax;
    use crate::evaluate::metrics::metric;
    use crate::random::Random;
    use crate::synthetic::Jury;

    #[test]
    fn a_pair_by_hand() {
        let mut builder = Builder::default();
        let (x, y) = (builder.item("x"), builder.item("y"));
        for name in ["a", "b", "c"] {
            let juror = builder.juror(name);
            builder.push(juror, (y, x), Choice::Right, None);
        }
        let comparisons = builder.finish();
        let pairs = strong_pairs(&comparisons, &[vec![1.0, 3.0], vec![1.0, 1.0]], 3);
        // All three prefer x; Wilson's bound of 3 of 3 is 3 / 4.
        assert_eq!((pairs.len(), pairs[0].jurors, pairs[0].said), (1, 3, 0.0));
        assert!((pairs[0].disagreement - 0.25).abs() < 1e-12);
        assert!((pairs[0].decidability - 0.5).abs() < 1e-12);
        assert!(strong_pairs(&comparisons, &[vec![1.0, 3.0], vec![1.0, 1.0]], 4).is_empty());
        assert!(strong_pairs(&comparisons, &[vec![1.0, 3.0]], 1).is_empty());
    }

    #[test]
    fn few_strong_pairs_choose_the_planted_method() {
        let mut right = 0;
        for seed in 0..20 {
            let mut drawn = Jury { items: 15, jurors: 12, ..Jury::default() }.draw(seed);
            let comparisons = drawn.comparisons(900);
            let mut random = Random::part(seed, 5);
            let mut near = |noise: f64| {
                let logs = drawn.truth.iter().map(|z| z + noise * random.normal());
                softmax(&logs.collect::<Vec<_>>())
            };
            let methods = [near(0.9), near(0.6), near(0.0), near(0.6), near(0.9)];
            let brier = metric("brier").unwrap();
            let selected = select(&comparisons, &methods, (4, 20), brier, 1e-9);
            assert_eq!(selected.pairs.len(), 20);
            right += u32::from(selected.chosen == Some(2));
        }
        assert!(right >= 15, "{right} of 20");
    }
}
