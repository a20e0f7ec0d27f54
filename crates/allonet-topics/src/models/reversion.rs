//! Mean reversion: part of the way back to a moving mean.
//!
//! # Formula
//!
//! ```text
//! I(t + h) = m(t) + (y(t) − m(t))·(1 − s)^h
//! ```
//!
//! with `m` the exponential moving average with weight `α`, and `s` the speed.
//!
//! # Limits
//!
//! In a trend it looks back to where the series came from.
//!
//! # Sources
//!
//! * Uhlenbeck, Ornstein (1930), *On the Theory of the Brownian Motion*.

use super::ema::smoothed;
use super::{Card, Inferer, Parameter, Values};

/// What the model says of itself.
pub(super) const CARD: Card = Card {
    name: "reversion",
    about: "the newest value, part of the way back to a moving mean",
    parameters: &[
        Parameter {
            name: "alpha",
            default: 0.05,
            low: 0.0,
            high: 1.0,
            whole: false,
            about: "weight of the newest value in the mean",
        },
        Parameter {
            name: "speed",
            default: 0.3,
            low: 0.0,
            high: 1.0,
            whole: false,
            about: "part of the way back in one step",
        },
    ],
};

/// The model.
#[derive(Debug)]
pub(super) struct Reversion {
    alpha: f64,
    speed: f64,
    state: Option<(f64, f64)>,
}

impl Reversion {
    pub(super) fn new(values: &Values) -> Self {
        Self { alpha: values.number("alpha"), speed: values.number("speed"), state: None }
    }
}

impl Inferer for Reversion {
    fn learn(&mut self, truth: f64) {
        let mean = smoothed(self.state.map(|(mean, _)| mean), truth, self.alpha);
        self.state = Some((mean, truth));
    }

    fn infer(&self, ahead: usize) -> Option<f64> {
        let (mean, last) = self.state?;
        let kept = (0..ahead).fold(1.0, |kept, _| kept * (1.0 - self.speed));
        // Not m + (y − m)·k, which may overflow on the way.
        Some(mean * (1.0 - kept) + last * kept)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        let mut model = Reversion { alpha: 0.5, speed: 0.5, state: None };
        model.learn(0.0);
        model.learn(8.0);
        // The mean is 4; half of the way from 8, then half of the rest.
        assert_eq!((model.infer(1), model.infer(2)), (Some(6.0), Some(5.0)));
    }
}
