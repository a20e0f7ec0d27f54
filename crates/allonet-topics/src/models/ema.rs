//! Exponential moving average.
//!
//! # Formula
//!
//! ```text
//! m(0) = y(0),  m(t) = α·y(t) + (1 − α)·m(t − 1),  I(t + h) = m(t)
//! ```
//!
//! # Limits
//!
//! Lags behind a trend by `(1 − α)/α` steps of it.
//!
//! # Sources
//!
//! * Hyndman, Athanasopoulos (2021), *Forecasting: Principles and Practice*, §8.1.

use super::{Card, Inferer, Parameter, Values};

/// What the model says of itself.
pub(super) const CARD: Card = Card {
    name: "ema",
    about: "an exponential moving average",
    parameters: &[Parameter {
        name: "alpha",
        default: 0.3,
        low: 0.0,
        high: 1.0,
        whole: false,
        about: "weight of the newest value",
    }],
};

/// The model.
#[derive(Debug)]
pub(super) struct Ema {
    alpha: f64,
    mean: Option<f64>,
}

impl Ema {
    pub(super) fn new(values: &Values) -> Self {
        Self { alpha: values.number("alpha"), mean: None }
    }
}

impl Inferer for Ema {
    fn learn(&mut self, truth: f64) {
        self.mean = Some(smoothed(self.mean, truth, self.alpha));
    }

    fn infer(&self, _ahead: usize) -> Option<f64> {
        self.mean
    }
}

/// The next moving average; the first value is its own. Between two finite
/// values it stays finite.
pub(super) fn smoothed(before: Option<f64>, value: f64, alpha: f64) -> f64 {
    before.map_or(value, |before| alpha * value + (1.0 - alpha) * before)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        let mut ema = Ema { alpha: 0.25, mean: None };
        let mut said = Vec::new();
        for value in [8.0, 4.0, 0.0] {
            ema.learn(value);
            said.push(ema.infer(1).unwrap());
        }
        // 8, 1 + 6 = 7, 0 + 5.25.
        assert_eq!(said, [8.0, 7.0, 5.25]);
    }
}
