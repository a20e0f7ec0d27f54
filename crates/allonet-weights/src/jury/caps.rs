//! An estimate in which no juror moves the weights by more than a cap.
//!
//! # Formula
//!
//! Juror weights `ω_k` in `(0, 1]` such that for every juror the change of the
//! weights without it, `Σ|Δw|` or `max|Δw|`, is at most the cap. From all ones,
//!
//! ```text
//! ω_k ← min(1, ω_k (cap / change_k)^½),  then divided by their maximum
//! ```
//!
//! until no change exceeds the cap and the weights have settled. Jurors within
//! the cap keep weight 1; others have the weight at which they just meet it.
//!
//! # Limits
//!
//! A cap below what equal influence gives cannot be met: with `K` jurors
//! somebody moves the outcome. A juror who alone joins two islands cannot be
//! capped without a ridge and is named instead.
//!
//! # Known weaknesses
//!
//! * A cap treats a well-informed juror with many answers like a bad one.
//! * Several accounts of one person have a cap each: it bounds what `k`
//!   colluders gain by about `k` caps, not by one.
//!
//! # Sources
//!
//! * Iterated reweighting as in Krasker and Welsch (1982), *Efficient
//!   bounded-influence regression estimation*; the rule above is our own.

use thiserror::Error;

use super::influence::{Change, Influence, Unit, influence_weighted};
use super::model::Model;
use crate::comparisons::Comparisons;
use crate::rules::FitError;

/// What a cap bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// `Σ|Δw|`: twice the part of the money that changes hands.
    Total,
    /// `max|Δw|`: the change of a single weight.
    Item,
}

impl Bound {
    fn of(self, change: &Change) -> f64 {
        match self {
            Self::Total => change.moved,
            Self::Item => change.weights[change.item].abs(),
        }
    }
}

/// Juror weights that keep to the cap.
#[derive(Debug, Clone, PartialEq)]
pub struct Capped {
    /// The weight of each juror, in `(0, 1]`.
    pub juror_weights: Vec<f64>,
    /// The weights of the items, and how they change without each juror.
    pub influence: Influence,
    /// The largest change that any juror makes now.
    pub worst: f64,
    /// Jurors without whom items are cut off: no cap applies to them.
    pub uncapped: Vec<usize>,
    /// How many rounds it took.
    pub rounds: usize,
}

/// Why a cap is not met.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum CapError {
    /// The comparisons give no weights.
    #[error(transparent)]
    Fit(#[from] FitError),
    /// The cap is no positive number.
    #[error("a cap of {0} cannot be met; give a number above zero, such as 0.1")]
    Cap(f64),
    /// It cannot be met.
    #[error(
        "no weights of the jurors were found with which nobody moves more than {cap}: the best \
         were {best:.4}; raise the cap, ask more jurors, or give the model a ridge"
    )]
    Unreachable {
        /// What was asked for.
        cap: f64,
        /// The smallest largest change seen.
        best: f64,
    },
}

const MOST_ROUNDS: usize = 400;
/// Aims a little below the cap, so that the end is within it.
const AIM: f64 = 0.998;
/// Weights that change by less have settled.
const SETTLED: f64 = 0.002;

/// Weighs jurors down until none exceeds the cap.
///
/// Errors: those of [`Model::fit`]; a cap that is not above zero or cannot be
/// met.
pub fn capped(
    comparisons: &Comparisons,
    model: Model,
    bound: Bound,
    cap: f64,
) -> Result<Capped, CapError> {
    if !(cap.is_finite() && cap > 0.0) {
        return Err(CapError::Cap(cap));
    }
    let mut juror_weights = vec![1.0; comparisons.jurors().len()];
    let mut best = f64::INFINITY;
    for rounds in 1..=MOST_ROUNDS {
        let influence = influence_weighted(comparisons, model, Unit::Juror, &juror_weights)?;
        let changes: Vec<Option<f64>> = (influence.left_out.iter())
            .map(|part| part.change.as_ref().map(|change| bound.of(change)))
            .collect();
        let worst = changes.iter().flatten().copied().fold(0.0, f64::max);
        best = best.min(worst);
        let next = next_weights(&juror_weights, &changes, AIM * cap);
        let step = juror_weights.iter().zip(&next).map(|(old, new)| (new / old - 1.0).abs());
        if worst <= cap && step.fold(0.0, f64::max) <= SETTLED {
            let uncapped = (0..changes.len()).filter(|at| changes[*at].is_none()).collect();
            return Ok(Capped { juror_weights, influence, worst, uncapped, rounds });
        }
        juror_weights = next;
    }
    Err(CapError::Unreachable { cap, best })
}

fn next_weights(weights: &[f64], changes: &[Option<f64>], aim: f64) -> Vec<f64> {
    let factor = |change: &Option<f64>| match change {
        Some(change) if *change > 0.0 => (aim / change).sqrt(),
        _ => 1.0,
    };
    let next: Vec<f64> = weights
        .iter()
        .zip(changes)
        .map(|(weight, change)| (weight * factor(change)).clamp(1e-6, 1.0))
        .collect();
    let top = next.iter().copied().fold(0.0, f64::max);
    next.iter().map(|weight| weight / top).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synthetic::Jury;

    const FREE: Model = Model::LeastSquares { ridge: 0.0 };

    fn jury(seed: u64) -> Comparisons {
        let shape = Jury { items: 12, jurors: 15, noise: 1.5, scale: 0.6, ..Jury::default() };
        shape.draw(seed).comparisons(400)
    }

    fn worst(comparisons: &Comparisons, juror_weights: &[f64]) -> f64 {
        let found =
            influence_weighted(comparisons, FREE, Unit::Juror, juror_weights).expect("valid");
        found.worst().expect("finite").1.moved
    }

    #[test]
    fn nobody_exceeds_the_cap_and_nobody_is_weighed_down_for_nothing() {
        for seed in 0..3 {
            let comparisons = jury(seed);
            let before = worst(&comparisons, &[1.0; 15]);
            let cap = 0.6 * before;
            let found = capped(&comparisons, FREE, Bound::Total, cap).expect("it can be met");
            assert!(worst(&comparisons, &found.juror_weights) <= cap);
            for (weight, part) in found.juror_weights.iter().zip(&found.influence.left_out) {
                let moved = part.change.as_ref().expect("finite").moved;
                assert!(*weight > 0.99 || moved > 0.98 * cap, "{weight} {moved} of {cap}");
            }
            assert!(found.juror_weights.iter().any(|weight| *weight < 0.9));
        }
    }

    #[test]
    fn a_cap_above_all_changes_nothing_and_one_below_reason_is_refused() {
        let comparisons = jury(1);
        let found = capped(&comparisons, FREE, Bound::Item, 1.0).expect("it is met");
        assert_eq!((found.juror_weights, found.rounds), (vec![1.0; 15], 1));
        let refused = capped(&comparisons, FREE, Bound::Total, 1e-4);
        assert!(matches!(refused, Err(CapError::Unreachable { .. })), "{refused:?}");
        assert!(matches!(capped(&comparisons, FREE, Bound::Total, 0.0), Err(CapError::Cap(_))));
    }
}
