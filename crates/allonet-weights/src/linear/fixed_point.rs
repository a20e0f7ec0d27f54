//! Fixed points by Anderson acceleration.
//!
//! # Formula
//!
//! ```text
//! x ← x + f − (ΔX + ΔF) γ,   γ = argmin ‖f − ΔF γ‖
//! ```
//!
//! where `f(x)` is what a plain step would add to `x`, and the columns of `ΔX`
//! and `ΔF` are the last changes of `x` and of `f`. On linear problems this is
//! GMRES, restarted by forgetting the oldest.
//!
//! # Sources
//!
//! * Walker, Ni (2011), *Anderson acceleration for fixed-point iterations*.

use std::collections::VecDeque;

use super::dense::{Symmetric, dot};

/// When to stop.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// The largest entry of a step that is settled.
    pub(crate) tolerance: f64,
    /// How many steps are allowed.
    pub(crate) steps: usize,
}

/// Where an iteration ended.
#[derive(Debug, Clone)]
pub(crate) struct Ended {
    /// The best point found.
    pub(crate) values: Vec<f64>,
    /// How often `f` was evaluated.
    pub(crate) steps: usize,
    /// Whether the step there is within the tolerance.
    pub(crate) settled: bool,
}

/// Changes remembered.
const MEMORY: usize = 6;
/// Plain steps at the beginning, where the problem is not yet nearly linear.
const PLAIN: usize = 3;
/// No entry moves farther at once.
const FARTHEST: f64 = 4.0;
/// A step this many times worse than the best starts the memory afresh.
const WORSE: f64 = 10.0;

/// Follows `step` from `start` until it stays.
pub(crate) fn settle(
    start: Vec<f64>,
    limits: Limits,
    mut step: impl FnMut(&[f64]) -> Vec<f64>,
) -> Ended {
    let mut history = History::default();
    let mut at = start;
    let mut best = (f64::INFINITY, at.clone());
    for steps in 1..=limits.steps {
        let change = step(&at);
        let size = largest(&change);
        if size < best.0 {
            best = (size, at.clone());
        }
        if size <= limits.tolerance {
            return Ended { values: at, steps, settled: true };
        }
        if !size.is_finite() || size > best.0 * WORSE {
            history = History::default();
            if !size.is_finite() {
                break;
            }
        }
        let mut next = history.next(&at, &change, steps > PLAIN);
        limit(&mut next, &at);
        history.remember(at, change);
        at = next;
    }
    Ended { values: best.1, steps: limits.steps, settled: false }
}

fn largest(values: &[f64]) -> f64 {
    values
        .iter()
        .fold(0.0, |most, value| if value.is_nan() { f64::NAN } else { value.abs().max(most) })
}

fn limit(next: &mut [f64], from: &[f64]) {
    for (next, from) in next.iter_mut().zip(from) {
        *next = next.clamp(from - FARTHEST, from + FARTHEST);
    }
}

/// The last changes of point and step.
#[derive(Default)]
struct History {
    last: Option<(Vec<f64>, Vec<f64>)>,
    points: VecDeque<Vec<f64>>,
    steps: VecDeque<Vec<f64>>,
    /// Products of changed steps with each other; the newest last.
    products: VecDeque<Vec<f64>>,
}

impl History {
    fn next(&mut self, at: &[f64], change: &[f64], accelerate: bool) -> Vec<f64> {
        if let Some((last_at, last_change)) = &self.last {
            let difference = |new: &[f64], old: &[f64]| -> Vec<f64> {
                new.iter().zip(old).map(|(new, old)| new - old).collect()
            };
            self.points.push_back(difference(at, last_at));
            self.steps.push_back(difference(change, last_change));
            let newest = self.steps.back().expect("it was just added");
            self.products.push_back(self.steps.iter().map(|other| dot(newest, other)).collect());
            if self.points.len() > MEMORY {
                self.points.pop_front();
                self.steps.pop_front();
                self.products.pop_front();
                for row in &mut self.products {
                    row.remove(0);
                }
            }
        }
        let mut next: Vec<f64> = at.iter().zip(change).map(|(at, change)| at + change).collect();
        let mixed = if accelerate { self.mix(change) } else { None };
        for (column, factor) in mixed.into_iter().flatten().enumerate() {
            let moved = self.points[column].iter().zip(&self.steps[column]);
            for (next, (point, step)) in next.iter_mut().zip(moved) {
                *next -= factor * (point + step);
            }
        }
        next
    }

    /// `γ`; none where the changes say nothing.
    fn mix(&self, change: &[f64]) -> Option<Vec<f64>> {
        let size = self.steps.len();
        if size == 0 {
            return None;
        }
        // Scaled to a diagonal of ones, so that changes of any size count alike.
        let scales: Vec<f64> = (0..size).map(|at| self.products[at][at].sqrt()).collect();
        if scales.contains(&0.0) {
            return None;
        }
        let mut products = Symmetric::zeros(size);
        for row in 0..size {
            products.add(row, row, 1.0 + 1e-12);
            for column in 0..row {
                products.add(
                    row,
                    column,
                    self.products[row][column] / (scales[row] * scales[column]),
                );
            }
        }
        let mut mixed: Vec<f64> =
            self.steps.iter().zip(&scales).map(|(step, scale)| dot(step, change) / scale).collect();
        products.cholesky()?.solve(&mut mixed);
        mixed.iter_mut().zip(&scales).for_each(|(mixed, scale)| *mixed /= scale);
        Some(mixed)
    }

    fn remember(&mut self, at: Vec<f64>, change: Vec<f64>) {
        self.last = Some((at, change));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_linear_problem_takes_as_many_steps_as_unknowns() {
        // x = Mx + b with eigenvalues −0.9 and 0.99: plain steps need thousands.
        let step = |x: &[f64]| {
            let image = [0.045 * x[0] + 0.945 * x[1] + 1.0, 0.945 * x[0] + 0.045 * x[1] - 2.0];
            vec![image[0] - x[0], image[1] - x[1]]
        };
        let limits = Limits { tolerance: 1e-12, steps: 20 };
        let ended = settle(vec![0.0; 2], limits, step);
        assert!(ended.settled, "{ended:?}");
        // (x + y) (1 − 0.99) = −1, (x − y) (1 + 0.9) = 3.
        let expected = [f64::midpoint(-100.0, 3.0 / 1.9), f64::midpoint(-100.0, -3.0 / 1.9)];
        for (found, expected) in ended.values.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-9, "{ended:?}");
        }
    }

    #[test]
    fn what_has_no_fixed_point_does_not_settle() {
        let limits = Limits { tolerance: 1e-12, steps: 50 };
        assert!(!settle(vec![0.0], limits, |_| vec![1.0]).settled);
        assert!(!settle(vec![0.0], limits, |_| vec![f64::NAN]).settled);
    }
}
