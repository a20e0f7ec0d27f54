//! Which method is nearest to each juror, and which jurors are right.
//!
//! # Formula
//!
//! *Nearest*: a score of each method on the answers of each juror alone.
//!
//! *Reputation*: on pairs resolved otherwise (by later evidence, by a gold
//! table), with `t` what was resolved and `s` what the juror said,
//!
//! ```text
//! gain = (½ − t)² − (s − t)²          what the answer is worth beside none
//! reputation = Σ gain / (n + 10)       few answers count little
//! ```
//!
//! Both are given to the right item. Where a juror named only the winner, `s` is
//! a stated confidence for all, by default ¾. The quadratic score is proper:
//! whoever says what it believes gains most. How far a juror is from the others
//! plays no part; it is given beside ([`Reputation::from_others`]) to show the
//! difference.
//!
//! # Known weaknesses
//!
//! * Reputation is as good as what pairs are resolved by. A majority of the same
//!   jurors is no resolution: it makes this a distance to the mean.
//! * Jurors must not know which pairs will be resolved.
//!
//! # Sources
//!
//! * Brier (1950); Gneiting, Raftery (2007), *Strictly proper scoring rules*.

use std::collections::BTreeMap;

use super::metrics::Metric;
use super::pairs::{Sums, said};
use super::trial::Clusters;
use crate::comparisons::Comparisons;

/// Answers that a juror's gains are divided by beside its own.
const SHRINK: f64 = 10.0;

/// A juror's scores of all methods.
#[derive(Debug, Clone, PartialEq)]
pub struct Nearness {
    /// The juror.
    pub juror: String,
    /// How many answers the juror gave.
    pub answers: usize,
    /// Score of each method; none where it does not exist.
    pub scores: Vec<Option<f64>>,
    /// Places of the methods that are nearest; several where they tie.
    pub nearest: Vec<usize>,
}

/// The table of jurors and methods, from sums by method and juror.
pub fn nearness(clusters: &Clusters, sums: &[Vec<Sums>], metric: &Metric) -> Vec<Nearness> {
    let row = |(at, name): (usize, &String)| {
        let scores: Vec<Option<f64>> = sums.iter().map(|sums| metric.of_pairs(&sums[at])).collect();
        let best = scores
            .iter()
            .flatten()
            .copied()
            .reduce(|best, next| if metric.loss(next, best) < 0.0 { next } else { best });
        let is_best = |score: &Option<f64>| {
            score.zip(best).is_some_and(|(score, best)| score.total_cmp(&best).is_eq())
        };
        let nearest = (0..scores.len()).filter(|at| is_best(&scores[*at])).collect();
        let answers = clusters.of_row.iter().filter(|cluster| **cluster == at).count();
        Nearness { juror: name.clone(), answers, scores, nearest }
    };
    clusters.names.iter().enumerate().map(row).collect()
}

/// How right a juror was.
#[derive(Debug, Clone, PartialEq)]
pub struct Reputation {
    /// The juror.
    pub juror: String,
    /// How many of its answers were resolved.
    pub resolved: usize,
    /// Σ gain / (n + 10): above zero where the juror knew more than nothing.
    pub reputation: f64,
    /// Mean of |s − mean of what others said of the pair|; none where nobody
    /// else answered.
    pub from_others: Option<f64>,
}

/// Reputation by a proper score on resolved pairs, for each juror of
/// `comparisons` in order. Items of both tables are known by name; several rows
/// on one pair in `resolved` count with their mean.
///
/// # Panics
///
/// If the confidence is not between a half and one.
pub fn reputations(
    comparisons: &Comparisons,
    resolved: &Comparisons,
    confidence: f64,
) -> Vec<Reputation> {
    assert!((0.5..=1.0).contains(&confidence), "a confidence is between a half and one");
    let truth = resolutions(comparisons, resolved);
    let stated: Vec<f64> = comparisons
        .rows()
        .map(|row| match row.intensity {
            Some(_) => said(&row),
            None => 0.5 + (confidence - 0.5) * row.choice.sign(),
        })
        .collect();
    let mut by_pair: BTreeMap<(u32, u32), Vec<usize>> = BTreeMap::new();
    for (at, row) in comparisons.rows().enumerate() {
        by_pair.entry(row.pair()).or_default().push(at);
    }
    // What an answer gives the item of the larger place.
    let upper = |at: usize| {
        let row = comparisons.row(at);
        if row.left < row.right { stated[at] } else { 1.0 - stated[at] }
    };
    let from_others = |at: &usize| {
        let row = comparisons.row(*at);
        let others =
            by_pair[&row.pair()].iter().filter(|other| comparisons.row(**other).juror != row.juror);
        let others: Vec<f64> = others.map(|other| upper(*other)).collect();
        let mean = others.iter().sum::<f64>() / others.len() as f64;
        (!others.is_empty()).then(|| (upper(*at) - mean).abs())
    };
    let reputation = |(rows, juror): (Vec<usize>, &String)| {
        let gains: Vec<f64> = rows
            .iter()
            .filter_map(|at| {
                let t = truth.get(&comparisons.row(*at).pair())?;
                let s = upper(*at);
                Some((0.5 - t) * (0.5 - t) - (s - t) * (s - t))
            })
            .collect();
        let apart: Vec<f64> = rows.iter().filter_map(from_others).collect();
        Reputation {
            juror: juror.clone(),
            resolved: gains.len(),
            reputation: gains.iter().sum::<f64>() / (gains.len() as f64 + SHRINK),
            from_others: (!apart.is_empty())
                .then(|| apart.iter().sum::<f64>() / apart.len() as f64),
        }
    };
    comparisons.rows_by_juror().into_iter().zip(comparisons.jurors()).map(reputation).collect()
}

/// What each pair was resolved to: the part of the item of the larger place.
fn resolutions(comparisons: &Comparisons, resolved: &Comparisons) -> BTreeMap<(u32, u32), f64> {
    let mut found: BTreeMap<(u32, u32), Vec<f64>> = BTreeMap::new();
    for row in resolved.rows() {
        let place = |item: u32| comparisons.item(&resolved.items()[item as usize]);
        if let (Some(left), Some(right)) = (place(row.left), place(row.right)) {
            let t = if left < right { said(&row) } else { 1.0 - said(&row) };
            found.entry((left.min(right), left.max(right))).or_default().push(t);
        }
    }
    let mean = |all: Vec<f64>| all.iter().sum::<f64>() / all.len() as f64;
    found.into_iter().map(|(pair, all)| (pair, mean(all))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::comparisons::{Builder, Choice};
    use crate::evaluate::metrics::metric;
    use crate::random::Random;
    use crate::synthetic::Jury;

    #[test]
    fn the_nearest_method_by_hand() {
        let one = |brier| Sums { rows: 2.0, covered: 2.0, brier, ..Sums::default() };
        let clusters =
            Clusters { of_row: vec![0, 1, 0, 1], names: vec!["ann".to_owned(), "ben".to_owned()] };
        let sums = [vec![one(0.1), one(0.4)], vec![one(0.3), one(0.4)]];
        let table = nearness(&clusters, &sums, metric("brier").unwrap());
        assert_eq!((table[0].nearest.clone(), table[1].nearest.clone()), (vec![0], vec![0, 1]));
        assert_eq!((table[0].answers, table[0].scores[1]), (2, Some(0.15)));
    }

    #[test]
    fn an_answer_by_hand() {
        let mut builder = Builder::default();
        let ann = builder.juror("ann");
        let (x, y) = (builder.item("x"), builder.item("y"));
        builder.push(ann, (x, y), Choice::Right, None);
        let said = builder.finish();
        // y is worth more: gain ¼ − 1/16 = 3/16, over 1 + 10.
        let found = reputations(&said, &said, 0.75);
        assert!((found[0].reputation - 3.0 / 16.0 / 11.0).abs() < 1e-15);
        assert_eq!((found[0].resolved, found[0].from_others), (1, None));
    }

    #[test]
    fn who_is_right_against_the_crowd_is_not_punished() {
        // Items 0 to 9 are fashionable: ten jurors hold them for e² times what
        // they are worth. The eleventh does not.
        let mut above = 0;
        for seed in 0..10 {
            let drawn = Jury { items: 20, jurors: 11, ..Jury::default() }.draw(seed);
            let mut random = Random::part(seed, 3);
            let (mut jury, mut evidence) = (drawn.builder(), drawn.builder());
            for juror in 0..11_u32 {
                for _ in 0..60 {
                    let left = random.below(20);
                    let right = (left + 1 + random.below(19)) % 20;
                    let fashion = |item: usize| {
                        if juror < 10 && item < 10 { 2.0 } else { 0.0 }
                    };
                    let gap = drawn.truth[right] - drawn.truth[left];
                    let seen = gap + fashion(right) - fashion(left) + 0.7 * random.normal();
                    let side = |gap: f64| if gap > 0.0 { Choice::Right } else { Choice::Left };
                    let pair = (u32::try_from(left).unwrap(), u32::try_from(right).unwrap());
                    jury.push(juror, pair, side(seen), Some(seen.abs()));
                    evidence.push(0, pair, side(gap), Some(gap.abs()));
                }
            }
            let found = reputations(&jury.finish(), &evidence.finish(), 0.75);
            let others = &found[..10];
            assert!(others.iter().all(|other| other.from_others < found[10].from_others));
            above += u32::from(others.iter().all(|other| other.reputation < found[10].reputation));
        }
        assert!(above >= 9, "{above} of 10");
    }
}
