//! Drift: it goes on as it went.
//!
//! # Formula
//!
//! ```text
//! I(t + h) = y(t) + h·(y(t) − y(t − w)) / w
//! ```
//!
//! with `w` the window, or all changes as long as there are fewer.
//!
//! # Limits
//!
//! A change of direction is noticed only as the window moves over it.
//!
//! # Sources
//!
//! * Hyndman, Athanasopoulos (2021), *Forecasting: Principles and Practice*, §5.2.

use std::collections::VecDeque;

use super::{Card, Inferer, Parameter, Values};

/// What the model says of itself.
pub(super) const CARD: Card = Card {
    name: "drift",
    about: "the newest value and the mean of recent changes",
    parameters: &[Parameter {
        name: "window",
        default: 8.0,
        low: 1.0,
        high: 10_000.0,
        whole: true,
        about: "over how many changes the mean is taken",
    }],
};

/// The model.
#[derive(Debug)]
pub(super) struct Drift {
    window: usize,
    recent: VecDeque<f64>,
}

impl Drift {
    pub(super) fn new(values: &Values) -> Self {
        Self { window: values.whole("window"), recent: VecDeque::new() }
    }
}

impl Inferer for Drift {
    fn learn(&mut self, truth: f64) {
        self.recent.push_back(truth);
        if self.recent.len() > self.window + 1 {
            self.recent.pop_front();
        }
    }

    fn infer(&self, ahead: usize) -> Option<f64> {
        let (first, last) = (*self.recent.front()?, *self.recent.back()?);
        let steps = (self.recent.len() - 1).max(1);
        let said = last + (last - first) / steps as f64 * ahead as f64;
        Some(if said.is_finite() { said } else { last })
    }
}

#[cfg(test)]
mod tests {
    use crate::models::{Parameters, inferer};

    #[test]
    fn the_mean_change_goes_on() {
        let mut drift = inferer("drift", &Parameters::from([("window".to_owned(), 2.0)])).unwrap();
        drift.learn(5.0);
        assert_eq!(drift.infer(1), Some(5.0));
        // Changes of the window: −4 and +2, −1 a step.
        for value in [7.0, 3.0, 5.0] {
            drift.learn(value);
        }
        assert_eq!((drift.infer(1), drift.infer(3)), (Some(4.0), Some(2.0)));
    }
}
