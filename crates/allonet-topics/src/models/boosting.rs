//! Gradient-boosted trees: a sum of shallow trees of the situation.
//!
//! # Formula
//!
//! ```text
//! L̂_j = base_j + m + η·Σ_b tree_b(common features, own features of j)
//! ```
//!
//! with `m` the mean departure of the window, and each tree fitted to what the
//! ones before leave over (squared error). All is fitted anew every `every`
//! epochs, to the last `window` epochs, for each inferer.
//!
//! # Limits
//!
//! Says what is usual until it has seen [`FIRST`] epochs of an inferer.
//!
//! # Sources
//!
//! * Friedman (2001), *Greedy Function Approximation: A Gradient Boosting Machine*.

use std::collections::VecDeque;

use super::situation::Situation;
use super::tree::{Bins, Tree};
use super::{Card, Forecaster, Parameter, Values};

/// What the model says of itself.
pub(super) const CARD: Card = Card {
    name: "boosting",
    about: "a sum of shallow trees of the situation",
    parameters: &[
        whole("trees", 40.0, 1.0, 1_000.0, "how many trees"),
        whole("depth", 2.0, 1.0, 6.0, "how deep each tree is"),
        Parameter {
            name: "rate",
            default: 0.1,
            low: 0.001,
            high: 1.0,
            whole: false,
            about: "part of each tree that counts",
        },
        whole("window", 300.0, 16.0, 100_000.0, "on how many past epochs it is fitted"),
        whole("every", 5.0, 1.0, 10_000.0, "after how many epochs it is fitted anew"),
    ],
};

const fn whole(
    name: &'static str,
    default: f64,
    low: f64,
    high: f64,
    about: &'static str,
) -> Parameter {
    Parameter { name, default, low, high, whole: true, about }
}

/// Epochs before the first fit.
const FIRST: usize = 32;

/// The model.
#[derive(Debug)]
pub(super) struct Boosting {
    terms: Terms,
    inferers: Vec<Ensemble>,
    /// Epochs since the last fit.
    age: usize,
}

#[derive(Clone, Copy, Debug)]
struct Terms {
    trees: usize,
    depth: usize,
    rate: f64,
    window: usize,
    every: usize,
}

impl Boosting {
    pub(super) fn new(values: &Values, inferers: usize) -> Self {
        let terms = Terms {
            trees: values.whole("trees"),
            depth: values.whole("depth"),
            rate: values.number("rate"),
            window: values.whole("window"),
            every: values.whole("every"),
        };
        Self { terms, inferers: vec![Ensemble::default(); inferers], age: 0 }
    }
}

impl Forecaster for Boosting {
    fn learn(&mut self, then: &Situation, losses: &[f64]) {
        let departures = then.departures(losses);
        self.age += 1;
        let due = self.age >= self.terms.every;
        for (at, (inferer, departure)) in self.inferers.iter_mut().zip(departures).enumerate() {
            if departure.is_finite() {
                inferer.rows.push_back((then.of(at), departure));
                if inferer.rows.len() > self.terms.window {
                    inferer.rows.pop_front();
                }
            }
            if due && inferer.rows.len() >= FIRST {
                inferer.fit(self.terms);
            }
        }
        if due {
            self.age = 0;
        }
    }

    fn forecast(&mut self, now: &Situation, out: &mut [f64]) {
        for (at, (out, inferer)) in out.iter_mut().zip(&self.inferers).enumerate() {
            *out = now.base[at] + inferer.value(&now.of(at), self.terms.rate);
        }
    }
}

/// The trees of one inferer, and what they are fitted to.
#[derive(Clone, Debug, Default)]
struct Ensemble {
    rows: VecDeque<(Vec<f64>, f64)>,
    mean: f64,
    bins: Bins,
    trees: Vec<Tree>,
}

impl Ensemble {
    fn fit(&mut self, terms: Terms) {
        let count = self.rows.len();
        let features: Vec<&[f64]> = self.rows.iter().map(|(row, _)| row.as_slice()).collect();
        self.bins = Bins::of(&features);
        let rows: Vec<Vec<u8>> = features.iter().map(|row| self.bins.row(row)).collect();
        self.mean = self.rows.iter().map(|(_, departure)| departure).sum::<f64>() / count as f64;
        let mut left: Vec<f64> = self.rows.iter().map(|(_, value)| value - self.mean).collect();
        let all: Vec<usize> = (0..count).collect();
        self.trees.clear();
        for _ in 0..terms.trees {
            let tree = Tree::fit(&rows, &left, &all, terms.depth);
            for (left, row) in left.iter_mut().zip(&rows) {
                *left -= terms.rate * tree.value(row);
            }
            self.trees.push(tree);
        }
    }

    fn value(&self, row: &[f64], rate: f64) -> f64 {
        let row = self.bins.row(row);
        self.mean + rate * self.trees.iter().map(|tree| tree.value(&row)).sum::<f64>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::situation::{COMMON, OWN};
    use crate::models::{Parameters, forecaster};

    fn at(feature: f64) -> Situation {
        let mut common = vec![0.0; COMMON];
        common[4] = feature;
        Situation { common, own: vec![0.0; OWN], base: vec![-1.0] }
    }

    #[test]
    fn a_step_is_fitted() {
        let parameters = Parameters::from([("every".to_owned(), 1.0)]);
        let mut model = forecaster("boosting", &parameters, 1, 0).unwrap();
        let mut said = [0.0];
        model.forecast(&at(1.0), &mut said);
        assert_eq!(said.map(f64::to_bits), [(-1.0_f64).to_bits()]);
        for round in 0..200 {
            let feature = f64::from(round % 11) / 10.0;
            model.learn(&at(feature), &[if feature > 0.55 { -0.5 } else { -1.5 }]);
        }
        for (feature, expected) in [(0.2, -1.5), (0.5, -1.5), (0.6, -0.5), (0.9, -0.5)] {
            model.forecast(&at(feature), &mut said);
            assert!((said[0] - expected).abs() < 0.02, "{feature}: {said:?}");
        }
    }

    #[test]
    fn what_left_the_window_is_forgotten() {
        let parameters = ["window", "every", "rate"].map(str::to_owned);
        let parameters = parameters.into_iter().zip([40.0, 1.0, 1.0]).collect();
        let mut model = forecaster("boosting", &parameters, 1, 0).unwrap();
        (0..40).for_each(|_| model.learn(&at(0.0), &[1.0]));
        (0..40).for_each(|_| model.learn(&at(0.0), &[-1.25]));
        let mut said = [0.0];
        model.forecast(&at(0.0), &mut said);
        assert!((said[0] + 1.25).abs() < 1e-12, "{said:?}");
    }
}
