//! Where the likelihood of Bradley–Terry is largest.

use allonet_core::maths;
use rayon::prelude::*;

use super::likelihood::{Prior, curvature, pulls};
use crate::comparisons::Tally;
use crate::estimate::centre;
use crate::linear::fixed_point::{Limits, settle};
use crate::linear::{Laplacian, Symmetric};

/// A maximum of the likelihood.
#[derive(Debug, Clone, PartialEq)]
pub struct Maximum {
    /// Log weights; without a prior they add up to zero.
    pub log_weights: Vec<f64>,
    /// Passes over the data (each Newton step counted as one).
    pub iterations: usize,
}

/// Accelerated passes, and Newton steps after them.
const PASSES: usize = 60;
const NEWTON_STEPS: usize = 100;
pub(super) const MOST_STEPS: usize = PASSES + NEWTON_STEPS;
/// More passes than this show that a step understates the distance.
const QUICK: usize = 24;
const TOLERANCE: f64 = 2e-13;

/// Finds the maximum; none where it does not settle.
///
/// Without a prior every item must have beaten every other, directly or by way
/// of others ([`crate::connectivity::is_bounded`]), else there is no maximum.
pub fn maximise(tally: &Tally, prior: Prior) -> Option<Maximum> {
    maximise_from(tally, prior, vec![0.0; tally.items()])
}

/// The same from a guess, such as the maximum for nearly the same data.
pub(crate) fn maximise_from(tally: &Tally, prior: Prior, start: Vec<f64>) -> Option<Maximum> {
    let limits = Limits { tolerance: TOLERANCE, steps: PASSES };
    let ended = settle(start, limits, |at| newman(tally, prior, at));
    if ended.settled && ended.steps <= QUICK {
        return Some(Maximum { log_weights: ended.values, iterations: ended.steps });
    }
    let mut maximum = newton(tally, prior, ended.values)?;
    maximum.iterations += ended.steps;
    Some(maximum)
}

/// What Newman's iteration adds to each log weight.
fn newman(tally: &Tally, prior: Prior, at: &[f64]) -> Vec<f64> {
    let pulls = pulls(tally, prior, at);
    let mut steps: Vec<f64> =
        pulls.par_iter().with_min_len(1024).map(|pull| maths::ln(pull.up / pull.down)).collect();
    if prior.is_none() {
        centre(&mut steps);
    }
    steps
}

/// A Newton step this small is taken whole.
const NEAR: f64 = 1e-6;
const SMALLEST_PART: f64 = 1e-9;

fn newton(tally: &Tally, prior: Prior, mut at: Vec<f64>) -> Option<Maximum> {
    let mut gradient = gradient(tally, prior, &at);
    let mut last = f64::INFINITY;
    for iterations in 1..=NEWTON_STEPS {
        let direction = direction(tally, prior, &at, &gradient);
        let farthest = direction.iter().fold(0.0_f64, |most, step| most.max(step.abs()));
        let scale = 1.0 + at.iter().fold(0.0_f64, |most, log| most.max(log.abs()));
        if !farthest.is_finite() {
            return None;
        }
        let slope = product(&gradient, &direction);
        let mut part = 1.0;
        loop {
            let next: Vec<f64> =
                at.iter().zip(&direction).map(|(at, step)| at + part * step).collect();
            let there = self::gradient(tally, prior, &next);
            // Past the top of a concave line the slope turns.
            if farthest < NEAR || product(&there, &direction) >= -0.5 * slope {
                (at, gradient) = (next, there);
                break;
            }
            part /= 2.0;
            if part < SMALLEST_PART {
                return None;
            }
        }
        // Rounding sets a floor that cannot be promised beforehand.
        let at_floor = last < 1e-9 * scale && farthest > last / 4.0;
        if farthest <= TOLERANCE * scale || at_floor {
            if prior.is_none() {
                centre(&mut at);
            }
            return Some(Maximum { log_weights: at, iterations });
        }
        last = farthest;
    }
    None
}

fn gradient(tally: &Tally, prior: Prior, at: &[f64]) -> Vec<f64> {
    pulls(tally, prior, at).into_iter().map(|pull| pull.up - pull.down).collect()
}

fn product(a: &[f64], b: &[f64]) -> f64 {
    maths::sum(a.iter().zip(b).map(|(a, b)| a * b))
}

/// Up to so many items the Hessian is factorised.
const DENSE: usize = 256;

fn direction(tally: &Tally, prior: Prior, at: &[f64], gradient: &[f64]) -> Vec<f64> {
    let (weights, diagonal) = curvature(tally, prior, at);
    if let Some(solved) = dense(tally, prior, (&weights, &diagonal), gradient) {
        return solved;
    }
    Laplacian::from_rows(&tally.offsets, &tally.others, weights, &diagonal).solve(gradient).values
}

fn dense(
    tally: &Tally,
    prior: Prior,
    (weights, diagonal): (&[f64], &[f64]),
    gradient: &[f64],
) -> Option<Vec<f64>> {
    let items = tally.items();
    if items > DENSE {
        return None;
    }
    let hessian = Symmetric::from_rows(&tally.offsets, &tally.others, weights, diagonal);
    let definite = if prior.is_none() { hessian.grounded().0 } else { hessian };
    let mut solved = gradient.to_vec();
    definite.cholesky()?.solve(&mut solved);
    Some(solved)
}
