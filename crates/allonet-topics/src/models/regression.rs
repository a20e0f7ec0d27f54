//! Linear regression of each inferer's loss on the situation.
//!
//! # Formula
//!
//! ```text
//! L̂_j = base_j + w_j · (1, common features, own features of j)
//! ```
//!
//! with `w_j` from recursive least squares with forgetting
//! ([`super::least_squares`]), and departures cut at ±3.
//!
//! # Limits
//!
//! What matters only beyond a threshold it sees badly; see `boosting`.
//!
//! # Sources
//!
//! * [`super::least_squares`].

use super::least_squares::LeastSquares;
use super::situation::{COMMON, OWN, Situation};
use super::{Card, Forecaster, Parameter, Values};

/// What the model says of itself.
pub(super) const CARD: Card = Card {
    name: "regression",
    about: "a linear function of the situation",
    parameters: &[Parameter {
        name: "forgetting",
        default: 0.995,
        low: 0.5,
        high: 1.0,
        whole: false,
        about: "weight of the past at each epoch; 1 forgets nothing",
    }],
};

/// The model.
#[derive(Debug)]
pub(super) struct Regression(Vec<LeastSquares>);

impl Regression {
    pub(super) fn new(values: &Values, inferers: usize) -> Self {
        let fit = LeastSquares::new(1 + COMMON + OWN, values.number("forgetting"));
        Self(vec![fit; inferers])
    }
}

impl Forecaster for Regression {
    fn learn(&mut self, then: &Situation, losses: &[f64]) {
        let departures = then.departures(losses);
        for (at, (fit, departure)) in self.0.iter_mut().zip(departures).enumerate() {
            if departure.is_finite() {
                fit.learn(&inputs(then, at), departure);
            }
        }
    }

    fn forecast(&mut self, now: &Situation, out: &mut [f64]) {
        for (at, (out, fit)) in out.iter_mut().zip(&self.0).enumerate() {
            *out = now.base[at] + fit.value(&inputs(now, at)).clamp(-3.0, 3.0);
        }
    }
}

fn inputs(situation: &Situation, inferer: usize) -> Vec<f64> {
    let mut inputs = vec![1.0];
    inputs.extend(situation.of(inferer));
    inputs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::{Parameters, forecaster};

    #[test]
    fn a_linear_rule_is_found() {
        let parameters = Parameters::from([("forgetting".to_owned(), 1.0)]);
        let mut model = forecaster("regression", &parameters, 1, 0).unwrap();
        let at = |feature: f64| {
            let mut common = vec![0.0; COMMON];
            common[2] = feature;
            Situation { common, own: vec![0.0; OWN], base: vec![-1.0] }
        };
        for round in 0..200 {
            let feature = f64::from(round % 7) - 3.0;
            model.learn(&at(feature), &[-1.0 + 0.2 + 0.5 * feature]);
        }
        let mut said = [0.0];
        model.forecast(&at(1.5), &mut said);
        assert!((said[0] - (-0.05)).abs() < 1e-3, "{said:?}");
    }
}
