//! Autoregression of order `p`, by recursive least squares with forgetting.
//!
//! # Formula
//!
//! ```text
//! y(t) = a₀ + a₁·y(t − 1) + … + a_p·y(t − p)
//! ```
//!
//! on standardised values, or on their changes (`differences = 1`). More than
//! one step ahead, what it expects stands for what is not known.
//!
//! # Limits
//!
//! * The mean and spread of the first `p + 8` values standardise all; until
//!   then it says the newest value.
//! * One that expects more than a hundred times the spread it ever saw says the
//!   newest value: fits that explode are no use.
//!
//! # Sources
//!
//! * Box, Jenkins (1970), *Time Series Analysis*, ch. 3; [`super::least_squares`].

use super::least_squares::LeastSquares;
use super::{Card, Inferer, Parameter, Values};

/// What the model says of itself.
pub(super) const CARD: Card = Card {
    name: "ar",
    about: "an autoregression, by recursive least squares with forgetting",
    parameters: &[
        Parameter {
            name: "order",
            default: 2.0,
            low: 1.0,
            high: 32.0,
            whole: true,
            about: "on how many values before it regresses",
        },
        Parameter {
            name: "forgetting",
            default: 0.99,
            low: 0.5,
            high: 1.0,
            whole: false,
            about: "weight of the past at each step; 1 forgets nothing",
        },
        Parameter {
            name: "differences",
            default: 0.0,
            low: 0.0,
            high: 1.0,
            whole: true,
            about: "1: of changes instead of values",
        },
    ],
};

/// Values beyond the order that standardise all.
const WARM: usize = 8;
/// Most that it believes, in spreads.
const FAR: f64 = 100.0;

/// The model.
#[derive(Debug)]
pub(super) struct Autoregression {
    order: usize,
    changes: bool,
    fit: LeastSquares,
    /// Newest value as it is.
    last: Option<f64>,
    /// Standardised values, newest first, at most `order`; all of them as they
    /// are until there are enough to standardise.
    past: Vec<f64>,
    /// Mean and spread.
    scale: Option<(f64, f64)>,
}

impl Autoregression {
    pub(super) fn new(values: &Values) -> Self {
        let order = values.whole("order");
        Self {
            order,
            changes: values.whole("differences") == 1,
            fit: LeastSquares::new(order + 1, values.number("forgetting")),
            last: None,
            past: Vec::new(),
            scale: None,
        }
    }

    /// The weights `a₀, a₁, …` of standardised values.
    #[cfg(test)]
    fn weights(&self) -> &[f64] {
        self.fit.weights()
    }

    fn take(&mut self, value: f64) {
        if let Some((mean, spread)) = self.scale {
            self.fit_one(((value - mean) / spread).clamp(-FAR, FAR));
            return;
        }
        self.past.push(value);
        if self.past.len() < self.order + WARM {
            return;
        }
        let values = std::mem::take(&mut self.past);
        let (mean, spread) = moments(&values);
        self.scale = Some((mean, spread));
        for value in values {
            self.fit_one(((value - mean) / spread).clamp(-FAR, FAR));
        }
    }

    fn fit_one(&mut self, value: f64) {
        if self.past.len() == self.order {
            self.fit.learn(&inputs(&self.past), value);
            self.past.pop();
        }
        self.past.insert(0, value);
    }

    /// Standardised expectations, so many steps.
    fn ahead(&self, steps: usize) -> Vec<f64> {
        let mut past = self.past.clone();
        let mut said = Vec::with_capacity(steps);
        for _ in 0..steps {
            let next = self.fit.value(&inputs(&past)).clamp(-10.0 * FAR, 10.0 * FAR);
            past.pop();
            past.insert(0, next);
            said.push(next);
        }
        said
    }
}

impl Inferer for Autoregression {
    fn learn(&mut self, truth: f64) {
        let before = self.last.replace(truth);
        if !self.changes {
            self.take(truth);
        } else if let Some(change) = before.map(|before| truth - before).filter(|c| c.is_finite()) {
            self.take(change);
        }
    }

    fn infer(&self, ahead: usize) -> Option<f64> {
        let last = self.last?;
        let Some((mean, spread)) = self.scale else { return Some(last) };
        let steps = self.ahead(ahead);
        if steps.iter().any(|step| step.abs() > FAR) {
            return Some(last);
        }
        let said = if self.changes {
            steps.iter().fold(last, |level, step| level + (mean + step * spread))
        } else {
            mean + steps.last()? * spread
        };
        Some(if said.is_finite() { said } else { last })
    }
}

/// The inputs of the regression: one, and the values before.
fn inputs(past: &[f64]) -> Vec<f64> {
    let mut inputs = Vec::with_capacity(past.len() + 1);
    inputs.push(1.0);
    inputs.extend_from_slice(past);
    inputs
}

/// Mean and spread; a spread that is none or beyond numbers is one.
fn moments(values: &[f64]) -> (f64, f64) {
    let count = values.len() as f64;
    let mean: f64 = values.iter().map(|value| value / count).sum();
    let square: f64 = values.iter().map(|value| (value - mean) * (value - mean) / count).sum();
    let spread = square.sqrt();
    (mean, if spread > 0.0 && spread.is_finite() { spread } else { 1.0 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::{Parameters, inferer};
    use allonet_core::random::Random;

    fn model(order: usize, changes: bool, forgetting: f64) -> Autoregression {
        let fit = LeastSquares::new(order + 1, forgetting);
        Autoregression { order, changes, fit, last: None, past: Vec::new(), scale: None }
    }

    #[test]
    fn the_coefficient_of_a_first_order_series_is_found() {
        let mut random = Random::new(3);
        let (mut fitted, mut value) = (model(1, false, 1.0), 0.0);
        for _ in 0..4_000 {
            value = 0.8 * value + random.normal();
            fitted.learn(1_000.0 + 1e-3 * value);
        }
        // Standard error √((1 − 0.64)/4000) ≈ 0.0095.
        assert!((fitted.weights()[1] - 0.8).abs() < 0.03, "{:?}", fitted.weights());
        // Two steps ahead: 0.64 of the way out.
        let expected = 1_000.0 + 0.64e-3 * value;
        assert!((fitted.infer(2).unwrap() - expected).abs() < 2e-4);
    }

    #[test]
    fn a_wave_without_noise_is_continued() {
        let wave: Vec<f64> = (0..60).map(|at| [0.0, 1.0, 0.0, -1.0][at % 4]).collect();
        let mut fitted = inferer("ar", &Parameters::new()).unwrap();
        for value in wave {
            fitted.learn(value);
        }
        for (ahead, expected) in [(1, 0.0), (2, 1.0), (4, -1.0)] {
            assert!((fitted.infer(ahead).unwrap() - expected).abs() < 0.02, "{ahead}");
        }
    }

    #[test]
    fn steady_growth_is_continued_by_changes() {
        let mut fitted = model(1, true, 1.0);
        (0..30).for_each(|at| fitted.learn(3.0 * f64::from(at)));
        assert!((fitted.infer(2).unwrap() - 93.0).abs() < 0.1, "{:?}", fitted.infer(2));
    }

    #[test]
    fn it_says_the_newest_value_at_first_and_a_constant_always() {
        let mut fitted = model(2, false, 0.99);
        for _ in 0..50 {
            fitted.learn(7.0);
            assert!((fitted.infer(3).unwrap() - 7.0).abs() < 1e-12);
        }
    }
}
