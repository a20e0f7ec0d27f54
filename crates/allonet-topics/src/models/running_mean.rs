//! Running mean: each inferer will be as far off as it usually is.
//!
//! # Formula
//!
//! ```text
//! L̂_j = E_α L_j
//! ```
//!
//! with `E_α` an exponential moving average that starts as a plain mean.
//!
//! # Limits
//!
//! Knows no context: it is the yardstick for forecasters that do.
//!
//! # Sources
//!
//! * [`super::ema`].

use super::situation::{Average, Situation};
use super::{Card, Forecaster, Parameter, Values};

/// What the model says of itself.
pub(super) const CARD: Card = Card {
    name: "mean",
    about: "a moving average of each inferer's losses",
    parameters: &[Parameter {
        name: "alpha",
        default: 0.1,
        low: 0.0,
        high: 1.0,
        whole: false,
        about: "weight of the newest loss",
    }],
};

/// The model.
#[derive(Debug)]
pub(super) struct RunningMean(Vec<Average>);

impl RunningMean {
    pub(super) fn new(values: &Values, inferers: usize) -> Self {
        Self(vec![Average::with(values.number("alpha")); inferers])
    }
}

impl Forecaster for RunningMean {
    fn learn(&mut self, _then: &Situation, losses: &[f64]) {
        self.0.iter_mut().zip(losses).for_each(|(average, loss)| average.add(*loss));
    }

    fn forecast(&mut self, _now: &Situation, out: &mut [f64]) {
        out.iter_mut().zip(&self.0).for_each(|(out, average)| *out = average.mean);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        let mut model = RunningMean(vec![Average::with(0.75); 2]);
        let (now, mut said) = (Situation::default(), [0.0; 2]);
        for loss in [-1.0, -2.0] {
            model.learn(&now, &[loss, f64::NAN]);
        }
        model.forecast(&now, &mut said);
        assert!((said[0] + 1.75).abs() < 1e-15 && said[1].is_nan());
    }
}
