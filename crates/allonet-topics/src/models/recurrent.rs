//! A small recurrent network that follows the sequence of situations.
//!
//! # Formula
//!
//! ```text
//! L̂_j = base_j + o_j
//! ```
//!
//! with `o` the outputs of a gated recurrent unit ([`super::gru`]) that reads
//! the common features and those of all inferers. After each epoch, one step
//! down the gradient of the last `through` epochs, cut at length 1:
//!
//! ```text
//! w ← w − η·g·min(1, 1/|g|)
//! ```
//!
//! # Limits
//!
//! * The first weights are random by the seed: members with other seeds differ.
//! * Where a step would not be finite, it is not taken.
//!
//! # Sources
//!
//! * Cho, van Merriënboer, Gulcehre et al. (2014), arXiv:1406.1078.
//! * Pascanu, Mikolov, Bengio (2013), *On the Difficulty of Training Recurrent
//!   Neural Networks* (cutting gradients).

use std::collections::VecDeque;

use super::gru::Gru;
use super::least_squares::dot;
use super::situation::{COMMON, OWN, Situation};
use super::{Card, Forecaster, Parameter, Values};

/// What the model says of itself.
pub(super) const CARD: Card = Card {
    name: "recurrent",
    about: "a gated recurrent network that follows the sequence",
    parameters: &[
        Parameter {
            name: "units",
            default: 6.0,
            low: 1.0,
            high: 128.0,
            whole: true,
            about: "how many units remember",
        },
        Parameter {
            name: "rate",
            default: 0.05,
            low: 0.0,
            high: 1.0,
            whole: false,
            about: "length of a step down the gradient",
        },
        Parameter {
            name: "through",
            default: 12.0,
            low: 1.0,
            high: 1_000.0,
            whole: true,
            about: "how many epochs back the gradient reaches",
        },
    ],
};

/// The model.
#[derive(Debug)]
pub(super) struct Recurrent {
    gru: Gru,
    rate: f64,
    through: usize,
    /// State before the window.
    start: Vec<f64>,
    /// Situations and departures of the newest epochs known.
    window: VecDeque<(Vec<f64>, Vec<f64>)>,
    /// Situations whose losses are not known yet.
    waiting: VecDeque<Vec<f64>>,
}

impl Recurrent {
    pub(super) fn new(values: &Values, inferers: usize, seed: u64) -> Self {
        let units = values.whole("units");
        Self {
            gru: Gru::new(COMMON + OWN * inferers, units, inferers, seed),
            rate: values.number("rate"),
            through: values.whole("through"),
            start: vec![0.0; units],
            window: VecDeque::new(),
            waiting: VecDeque::new(),
        }
    }
}

impl Forecaster for Recurrent {
    fn learn(&mut self, then: &Situation, losses: &[f64]) {
        self.waiting.pop_front();
        self.window.push_back((inputs(then), then.departures(losses)));
        if self.window.len() > self.through
            && let Some((inputs, _)) = self.window.pop_front()
        {
            self.start = self.gru.step(&self.start, &inputs).state;
        }
        let (gradient, _) = self.gru.gradient(&self.start, self.window.make_contiguous());
        let length = dot(&gradient, &gradient).sqrt();
        if length.is_finite() {
            let step = self.rate / length.max(1.0);
            let weights = self.gru.weights.iter_mut();
            weights.zip(&gradient).for_each(|(weight, slope)| *weight -= step * slope);
        }
    }

    fn forecast(&mut self, now: &Situation, out: &mut [f64]) {
        self.waiting.push_back(inputs(now));
        let mut state = self.start.clone();
        let mut said = Vec::new();
        for inputs in self.window.iter().map(|(inputs, _)| inputs).chain(&self.waiting) {
            let step = self.gru.step(&state, inputs);
            (state, said) = (step.state, step.outputs);
        }
        for (at, (out, departure)) in out.iter_mut().zip(said).enumerate() {
            *out = now.base[at] + departure.clamp(-3.0, 3.0);
        }
    }
}

fn inputs(situation: &Situation) -> Vec<f64> {
    situation.common.iter().chain(&situation.own).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::{Parameters, forecaster};

    /// Losses that depend on the feature of the epoch before, not on this one's.
    fn error_after(rounds: usize) -> f64 {
        let mut model = forecaster("recurrent", &Parameters::new(), 1, 4).unwrap();
        let (mut before, mut errors) = (0.0, Vec::new());
        for round in 0..rounds {
            let feature = [1.0, -1.0, -1.0, 1.0, 1.0, 1.0, -1.0][(round * 5 + round / 3) % 7];
            let mut common = vec![0.0; COMMON];
            common[1] = feature;
            let now = Situation { common, own: vec![0.0; OWN], base: vec![-2.0] };
            let mut said = [0.0];
            model.forecast(&now, &mut said);
            let loss = -2.0 + 0.5 * before;
            errors.push((said[0] - loss).abs());
            model.learn(&now, &[loss]);
            before = feature;
        }
        let late = &errors[errors.len() - 50..];
        late.iter().sum::<f64>() / 50.0
    }

    #[test]
    fn it_remembers_what_was() {
        let (early, late) = (error_after(50), error_after(1_500));
        assert!(late < 0.1 && late < early / 3.0, "{early} {late}");
    }
}
