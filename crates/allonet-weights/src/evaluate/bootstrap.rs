//! Which differences between two methods are real.
//!
//! # Formula
//!
//! *Interval.* Jurors (not answers) are drawn with replacement, as many as there
//! are; both methods are scored on the same draw. The interval is between the
//! quantiles of the differences. *p value.* In each juror's answers the two
//! methods swap places with probability one half; `p = (1 + draws with a
//! difference at least as large) / (1 + draws)`. Where all swaps are fewer than
//! the draws, all are counted instead.
//!
//! # Units and shapes
//!
//! Sums by juror, as [`super::trial::Trial::sums`] gives them. Each replicate
//! has its own stream, so results are the same on any number of threads.
//!
//! # Known weaknesses
//!
//! * Quantile intervals are too narrow with few jurors (below about fifteen);
//!   the p value is not, it is exact where the methods were fixed beforehand.
//! * For rules fitted here, fits are not repeated: how much the training
//!   answers happened to suit a rule is not in the interval.
//! * One juror with most of the answers makes most of the difference.
//!
//! # Sources
//!
//! * Efron, Tibshirani (1993), *An introduction to the bootstrap*, ch. 13.
//! * Field, Welsh (2007), *Bootstrapping clustered data* (clusters whole).
//! * Fisher (1935); Phipson, Smyth (2010), *Permutation p-values should never
//!   be zero*.
//! * Holm (1979), *A simple sequentially rejective multiple test procedure*.

use rayon::prelude::*;

use super::metrics::Metric;
use super::pairs::Sums;
use super::trial::Clusters;
use crate::comparisons::Comparisons;
use crate::random::Random;
use crate::rules::{self, Parameters};
use crate::statistics::quantile;

/// How often and how surely.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Resampling {
    /// How many draws.
    pub replicates: u32,
    /// What determines them.
    pub seed: u64,
    /// How sure the interval is to be, such as 0.95.
    pub level: f64,
}

impl Default for Resampling {
    /// 2,000 draws, 95 %.
    fn default() -> Self {
        Self { replicates: 2_000, seed: 1, level: 0.95 }
    }
}

/// From low to high.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// Its lower end.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
}

impl Interval {
    /// Whether it holds a value.
    pub fn holds(self, value: f64) -> bool {
        (self.low..=self.high).contains(&value)
    }
}

/// The score of one method less that of another.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Difference {
    /// On the answers at hand.
    pub estimate: f64,
    /// Where it may lie for other jurors; none with fewer than two jurors, or
    /// where too many draws have no score.
    pub interval: Option<Interval>,
    /// How probable a difference of this size is between methods that are
    /// equally good; none with fewer than two jurors.
    pub p: Option<f64>,
}

/// Part of the draws that must have a score.
const ENOUGH: f64 = 0.9;

/// The difference of two methods in a score of answers; none where one has no
/// score.
///
/// # Panics
///
/// If there are not equally many clusters.
pub fn difference(
    metric: &Metric,
    one: &[Sums],
    other: &[Sums],
    resampling: &Resampling,
) -> Option<Difference> {
    assert_eq!(one.len(), other.len(), "methods are judged by the same jurors");
    let score = |one: &Sums, other: &Sums| Some(metric.of_pairs(one)? - metric.of_pairs(other)?);
    let estimate = score(&Sums::total(one), &Sums::total(other))?;
    let redrawn = |counts: &[u32]| {
        let (mut first, mut second) = (Sums::default(), Sums::default());
        for (at, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
            first.add(&one[at], f64::from(*count));
            second.add(&other[at], f64::from(*count));
        }
        score(&first, &second)
    };
    let interval = interval(one.len(), resampling, redrawn);
    Some(Difference { estimate, interval, p: swapped(metric, one, other, resampling) })
}

/// The difference of two sets of weights in a score beside the least-squares
/// weights, which are fitted anew to each draw; none where one has no score.
pub fn difference_of_weights(
    metric: &Metric,
    one: &[f64],
    other: &[f64],
    comparisons: &Comparisons,
    resampling: &Resampling,
) -> Option<Difference> {
    let score = |comparisons: &Comparisons| {
        let reference = least_squares(comparisons)?;
        Some(metric.of_weights(one, &reference)? - metric.of_weights(other, &reference)?)
    };
    let clusters = Clusters::usual(comparisons);
    let redrawn = |counts: &[u32]| {
        let times = |at: usize| std::iter::repeat_n(at, counts[clusters.of_row[at]] as usize);
        let rows: Vec<usize> = (0..comparisons.len()).flat_map(times).collect();
        score(&comparisons.take(&rows))
    };
    let estimate = score(comparisons)?;
    Some(Difference { estimate, interval: interval(clusters.len(), resampling, redrawn), p: None })
}

/// The least-squares weights, where answers say how much.
pub fn least_squares(comparisons: &Comparisons) -> Option<Vec<f64>> {
    let estimate = rules::fit("least-squares", comparisons, &Parameters::default());
    estimate.ok().map(|estimate| estimate.weights())
}

/// Where a statistic lies when clusters are drawn again. `score` gets how often
/// each was drawn.
pub fn interval(
    clusters: usize,
    resampling: &Resampling,
    score: impl Fn(&[u32]) -> Option<f64> + Sync,
) -> Option<Interval> {
    if clusters < 2 || resampling.replicates == 0 {
        return None;
    }
    let replicate = |number: u32| {
        let mut random = Random::part(resampling.seed, u64::from(number));
        let mut counts = vec![0_u32; clusters];
        (0..clusters).for_each(|_| counts[random.below(clusters)] += 1);
        score(&counts)
    };
    let scores: Vec<Option<f64>> =
        (0..resampling.replicates).into_par_iter().map(replicate).collect();
    let mut scores: Vec<f64> = scores.into_iter().flatten().collect();
    if (scores.len() as f64) < ENOUGH * f64::from(resampling.replicates) {
        return None;
    }
    scores.sort_by(f64::total_cmp);
    let tail = (1.0 - resampling.level) / 2.0;
    Some(Interval { low: quantile(&scores, tail), high: quantile(&scores, 1.0 - tail) })
}

/// The p value of a difference when the methods swap places by juror.
fn swapped(metric: &Metric, one: &[Sums], other: &[Sums], resampling: &Resampling) -> Option<f64> {
    // Where both say the same, swapping changes nothing.
    let differing: Vec<usize> = (0..one.len()).filter(|at| one[*at] != other[*at]).collect();
    if one.len() < 2 {
        return None;
    }
    let size = |swap: &dyn Fn(usize) -> bool| {
        let (mut first, mut second) = (Sums::default(), Sums::default());
        let mut turn = differing.iter().map(|at| (*at, false)).collect::<Vec<_>>();
        turn.iter_mut().enumerate().for_each(|(bit, entry)| entry.1 = swap(bit));
        let mut turn = turn.into_iter().peekable();
        for at in 0..one.len() {
            let swapped = turn.next_if(|entry| entry.0 == at).is_some_and(|entry| entry.1);
            let (a, b) = if swapped { (&other[at], &one[at]) } else { (&one[at], &other[at]) };
            first.add(a, 1.0);
            second.add(b, 1.0);
        }
        metric.of_pairs(&first).zip(metric.of_pairs(&second)).map(|(a, b)| (a - b).abs())
    };
    let found = size(&|_| false)?;
    // Rounding must not make an equal difference a smaller one.
    let as_large = |size: Option<f64>| size.is_some_and(|size| size >= found * (1.0 - 1e-9));
    let all = 1_u64.checked_shl(u32::try_from(differing.len()).ok()?).filter(|all| *all > 0);
    if let Some(all) = all.filter(|all| *all <= u64::from(resampling.replicates)) {
        let large =
            (0..all).into_par_iter().filter(|mask| as_large(size(&|bit| mask >> bit & 1 == 1)));
        return Some(large.count() as f64 / all as f64);
    }
    let draw = |number: &u32| {
        // Another seed than the interval's, so that the two share no draws.
        let mut random = Random::part(!resampling.seed, u64::from(*number));
        let flips: Vec<bool> = differing.iter().map(|_| random.chance(0.5)).collect();
        as_large(size(&|bit| flips[bit]))
    };
    let large = (0..resampling.replicates).into_par_iter().filter(draw).count();
    Some((1 + large) as f64 / (1.0 + f64::from(resampling.replicates)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::metrics::metric;

    /// One answer of each juror with this Brier loss.
    fn losses(losses: &[f64]) -> Vec<Sums> {
        let one = |brier: &f64| Sums { rows: 1.0, covered: 1.0, brier: *brier, ..Sums::default() };
        losses.iter().map(one).collect()
    }

    #[test]
    fn three_jurors_by_hand() {
        let brier = metric("brier").unwrap();
        let found = difference(
            brier,
            &losses(&[0.1, 0.2, 0.3]),
            &losses(&[0.2, 0.4, 0.6]),
            &Resampling::default(),
        )
        .unwrap();
        assert!((found.estimate + 0.2).abs() < 1e-12);
        // Of eight ways to swap, two are as one-sided as what was found.
        assert_eq!(found.p, Some(0.25));
        let interval = found.interval.unwrap();
        assert!((interval.low + 0.3).abs() < 1e-12 && (interval.high + 0.1).abs() < 1e-12);
    }

    #[test]
    fn a_method_does_not_differ_from_itself() {
        let same = losses(&[0.1, 0.5, 0.2]);
        let found =
            difference(metric("brier").unwrap(), &same, &same, &Resampling::default()).unwrap();
        assert_eq!(found.p, Some(1.0));
        assert_eq!(found.interval, Some(Interval { low: 0.0, high: 0.0 }));
        let alone =
            difference(metric("brier").unwrap(), &same[..1], &same[1..2], &Resampling::default());
        assert!(alone.is_some_and(|alone| alone.interval.is_none() && alone.p.is_none()));
    }

    #[test]
    fn threads_make_no_difference() {
        let mut random = Random::new(8);
        let mut draw = || (0..40).map(|_| random.uniform()).collect::<Vec<_>>();
        let (one, other) = (losses(&draw()), losses(&draw()));
        let on = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let brier = metric("brier").unwrap();
            pool.install(|| difference(brier, &one, &other, &Resampling::default()))
        };
        assert_eq!(on(1), on(3));
    }

    #[test]
    fn equal_methods_seldom_differ() {
        // 300 null worlds of 24 jurors at 5 %: about 15 false alarms expected.
        let brier = metric("brier").unwrap();
        let resampling = Resampling { replicates: 199, ..Resampling::default() };
        let (mut by_p, mut by_interval) = (0, 0);
        for world in 0..300 {
            let mut random = Random::part(77, world);
            let mut draw = || (0..24).map(|_| 0.2 + 0.05 * random.normal()).collect::<Vec<_>>();
            let resampling = Resampling { seed: world, ..resampling };
            let (one, other) = (losses(&draw()), losses(&draw()));
            let found = difference(brier, &one, &other, &resampling).unwrap();
            by_p += u32::from(found.p.unwrap() <= 0.05);
            by_interval += u32::from(!found.interval.unwrap().holds(0.0));
        }
        assert!((5..=27).contains(&by_p), "{by_p} of 300");
        assert!((5..=36).contains(&by_interval), "{by_interval} of 300");
    }
}
