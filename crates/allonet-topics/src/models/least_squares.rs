//! Recursive least squares with forgetting.
//!
//! # Formula
//!
//! ```text
//! k = P·x / (λ + xᵀ·P·x),  w ← w + k·(y − wᵀ·x),  P ← (P − k·xᵀ·P) / λ
//! ```
//!
//! from `w = 0` and `P = δ·I`: the `w` that makes
//! `Σ λ^(n−i)·(y_i − wᵀ·x_i)² + λⁿ·|w|²/δ` least.
//!
//! # Limits
//!
//! * `P` is divided by `λ` only while its trace is below [`TRACE_MAX`]: along
//!   directions that no longer occur nothing more is forgotten.
//! * Where an update would not be finite, it starts anew.
//!
//! # Sources
//!
//! * Haykin (2002), *Adaptive Filter Theory*, ch. 9.

/// Prior variance of the weights, for inputs of order one.
const PRIOR: f64 = 100.0;
/// Above this trace for each weight nothing is forgotten.
const TRACE_MAX: f64 = 1e4;

/// A linear model.
#[derive(Clone, Debug)]
pub(super) struct LeastSquares {
    forgetting: f64,
    /// Weights.
    weights: Vec<f64>,
    /// `P`, row-major.
    covariance: Vec<f64>,
}

impl LeastSquares {
    /// For so many inputs; `forgetting` is `λ`.
    pub(super) fn new(inputs: usize, forgetting: f64) -> Self {
        let mut covariance = vec![0.0; inputs * inputs];
        (0..inputs).for_each(|at| covariance[at * inputs + at] = PRIOR);
        Self { forgetting, weights: vec![0.0; inputs], covariance }
    }

    /// Its weights.
    #[cfg(test)]
    pub(super) fn weights(&self) -> &[f64] {
        &self.weights
    }

    /// What it expects.
    pub(super) fn value(&self, inputs: &[f64]) -> f64 {
        dot(&self.weights, inputs)
    }

    /// Takes in what was.
    pub(super) fn learn(&mut self, inputs: &[f64], value: f64) {
        let width = inputs.len();
        let moved: Vec<f64> =
            self.covariance.chunks_exact(width).map(|row| dot(row, inputs)).collect();
        let scale = self.forgetting + dot(&moved, inputs);
        let error = value - self.value(inputs);
        for (weight, moved) in self.weights.iter_mut().zip(&moved) {
            *weight += moved / scale * error;
        }
        let trace: f64 = (0..width).map(|at| self.covariance[at * width + at]).sum();
        let forgets = trace <= TRACE_MAX * width as f64;
        let forgetting = if forgets { self.forgetting } else { 1.0 };
        for (row, left) in self.covariance.chunks_exact_mut(width).zip(&moved) {
            for (cell, right) in row.iter_mut().zip(&moved) {
                *cell = (*cell - left * right / scale) / forgetting;
            }
        }
        let sound = |cells: &[f64]| cells.iter().all(|cell| cell.is_finite());
        if !(sound(&self.weights) && sound(&self.covariance)) {
            *self = Self::new(width, self.forgetting);
        }
    }
}

/// The sum of products.
pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_weight_by_hand() {
        // λ = 1: w = Σxy / (Σx² + 1/δ).
        let mut model = LeastSquares::new(1, 1.0);
        model.learn(&[2.0], 6.0);
        model.learn(&[1.0], 4.0);
        assert!((model.weights()[0] - 16.0 / 5.01).abs() < 1e-12);
    }

    #[test]
    fn forgetting_weighs_what_is_old_less() {
        let mut model = LeastSquares::new(1, 0.5);
        model.learn(&[1.0], 0.0);
        model.learn(&[1.0], 1.0);
        // (1) / (1 + 0.5 + 0.25/100)
        assert!((model.weights()[0] - 1.0 / 1.5025).abs() < 1e-12);
    }

    #[test]
    fn what_is_not_finite_starts_anew() {
        let mut model = LeastSquares::new(2, 0.9);
        model.learn(&[1e300, 1e300], 1.0);
        assert_eq!(model.weights(), [0.0, 0.0]);
        model.learn(&[1.0, 0.0], 2.0);
        assert!((model.value(&[1.0, 0.0]) - 2.0).abs() < 0.1);
    }
}
