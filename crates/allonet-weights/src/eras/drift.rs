//! Which weights changed between two eras by more than their uncertainty.
//!
//! # Formula
//!
//! Every item has an interval of its weight in both eras, on any scale above
//! zero. The intervals are first put on a common scale: the logarithms of one
//! era are moved by the median difference of the midpoints, as weights are
//! known up to a factor only and the median ignores the few that did drift.
//! Then each interval is widened around its midpoint by a factor, and an item
//! has drifted when its two intervals do not meet.
//!
//! # Reading the result
//!
//! Two 95 % intervals of equal width that do not meet differ by 2.77 standard
//! errors of the difference: for one undrifted item that happens in 0.6 % of
//! cases. Among `n` items, a `widen` of 1.26 (n = 100) or 1.39 (n = 1000) keeps
//! the chance of any false alarm near 5 %.
//!
//! # Known weaknesses
//!
//! When more than half of the items drift in one direction, the median moves
//! with them and the others are reported. Intervals from one set of jurors do
//! not know that the next set differs: drift of jurors looks like drift of
//! items.

use allonet_core::maths;
use thiserror::Error;

/// The weight of an item with an interval, above zero and finite.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// Its lower end.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
}

/// What one item did.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// Index of the item.
    pub item: usize,
    /// By which factor its weight changed beside the others.
    pub factor: f64,
    /// The gap between the widened intervals as a factor above one, or one
    /// where they meet.
    pub beyond: f64,
}

impl Change {
    /// Whether the change is beyond the intervals.
    pub fn drifted(&self) -> bool {
        self.beyond > 1.0
    }
}

/// Why intervals cannot be compared.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum DriftError {
    /// An interval is none.
    #[error("item {item} has the interval {low} to {high}; both ends are above 0, the lower first")]
    Interval {
        /// Index of the item.
        item: usize,
        /// Its lower end.
        low: f64,
        /// Its upper end.
        high: f64,
    },
    /// The factor is no widening.
    #[error("intervals can be widened by a factor from 1 to 100, not by {found}")]
    Widen {
        /// The factor.
        found: f64,
    },
}

/// Compares the items that both eras know, in the order of their index.
pub fn drift(
    before: &[Option<Interval>],
    after: &[Option<Interval>],
    widen: f64,
) -> Result<Vec<Change>, DriftError> {
    if !(1.0..=100.0).contains(&widen) {
        return Err(DriftError::Widen { found: widen });
    }
    let mut pairs = Vec::new();
    for (item, (before, after)) in before.iter().zip(after).enumerate() {
        if let (Some(before), Some(after)) = (before, after) {
            pairs.push((item, logs(item, before)?, logs(item, after)?));
        }
    }
    let mut shifts: Vec<f64> =
        pairs.iter().map(|(_, before, after)| after.middle - before.middle).collect();
    let shift = median(&mut shifts);
    let changes = pairs.into_iter().map(|(item, before, after)| {
        let moved = after.middle - before.middle - shift;
        let gap = moved.abs() - widen * (before.half + after.half);
        Change { item, factor: maths::exp(moved), beyond: maths::exp(gap.max(0.0)) }
    });
    Ok(changes.collect())
}

/// An interval of a log-weight.
struct Logs {
    middle: f64,
    half: f64,
}

fn logs(item: usize, interval: &Interval) -> Result<Logs, DriftError> {
    let Interval { low, high } = *interval;
    if !(low > 0.0 && low <= high && high.is_finite()) {
        return Err(DriftError::Interval { item, low, high });
    }
    let (low, high) = (maths::ln(low), maths::ln(high));
    Ok(Logs { middle: low.midpoint(high), half: (high - low) / 2.0 })
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    let half = values.len() / 2;
    match values.len() {
        0 => 0.0,
        count if count % 2 == 1 => values[half],
        _ => values[half - 1].midpoint(values[half]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    fn around(z: f64, half: f64) -> Interval {
        Interval { low: maths::exp(z - half), high: maths::exp(z + half) }
    }

    #[test]
    fn a_factor_for_all_is_no_drift_and_one_item_is() {
        let before = [Some(around(0.0, 0.2)), Some(around(1.0, 0.2)), Some(around(2.0, 0.2)), None];
        // Everything tripled, the last one by another factor e.
        let three = maths::ln(3.0);
        let after = [(three, 0.2), (1.0 + three, 0.2), (3.0 + three, 0.2), (0.0, 1.0)];
        let after = after.map(|(z, half)| Some(around(z, half)));
        let found = drift(&before, &after, 1.0).expect("valid");
        let drifted: Vec<usize> = found.iter().filter(|c| c.drifted()).map(|c| c.item).collect();
        assert_eq!((found.len(), drifted), (3, vec![2]));
        assert!((found[2].factor - maths::exp(1.0)).abs() < 1e-12);
        // Gap: 1 − 0.2 − 0.2 in logarithms; 2.6 times as wide they meet.
        assert!((found[2].beyond - maths::exp(0.6)).abs() < 1e-12);
        assert!(!drift(&before, &after, 2.6).expect("valid")[2].drifted());
        assert_eq!(drift(&[], &[], 1.0), Ok(Vec::new()));
    }

    #[test]
    fn what_is_no_interval_is_refused() {
        let bad = [Some(Interval { low: 2.0, high: 1.0 })];
        assert!(matches!(drift(&bad, &bad, 1.0), Err(DriftError::Interval { item: 0, .. })));
        assert!(matches!(drift(&[], &[], 0.5), Err(DriftError::Widen { .. })));
    }

    /// 200 pairs of eras with 100 items, standard error 0.3 in both: without
    /// drift an alarm in about 5 % of pairs at the stated widening; five items
    /// moved by a factor of 7.4 are found nearly always.
    #[test]
    fn planted_drift_is_found_and_nothing_else() {
        let (items, planted, error) = (100, 5, 0.3);
        let (mut alarms, mut found) = (0, 0);
        for trial in 0..200 {
            let mut random = Random::part(3, trial);
            let mut era = |moved: f64| -> Vec<Option<Interval>> {
                let z = |item: usize| if item < planted { moved } else { 0.0 };
                (0..items)
                    .map(|item| Some(around(z(item) + error * random.normal(), 1.96 * error)))
                    .collect()
            };
            let (before, same, moved) = (era(0.0), era(0.0), era(2.0));
            let count = |after: &[Option<Interval>]| -> Vec<usize> {
                let changes = drift(&before, after, 1.26).expect("valid");
                changes.iter().filter(|c| c.drifted()).map(|c| c.item).collect()
            };
            alarms += usize::from(!count(&same).is_empty());
            found += count(&moved).iter().filter(|item| **item < planted).count();
        }
        assert!((2..=20).contains(&alarms), "{alarms} of 200");
        assert!(found > 850, "{found} of 1000");
    }
}
