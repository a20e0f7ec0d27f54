//! Nearest neighbours: as in past epochs that looked like this one.
//!
//! # Formula
//!
//! ```text
//! L̂_j = base_j + Σ_e w_e·(L_{e,j} − base_{e,j}) / (Σ_e w_e + r)
//! w_e = 1 / (1 + |x − x_e|² / h²)
//! ```
//!
//! over the `k` nearest of the last `window` epochs `e`; `h` is the distance of
//! the farthest of them, `r = 1` draws towards what is usual.
//!
//! # Units and shapes
//!
//! Distances are Euclidean over common features (see [`super::situation`]).
//!
//! # Limits
//!
//! Features count alike, whether they matter or not.
//!
//! # Sources
//!
//! * Cover, Hart (1967), *Nearest Neighbor Pattern Classification*.

use std::collections::VecDeque;

use super::situation::Situation;
use super::{Card, Forecaster, Parameter, Values};

/// What the model says of itself.
pub(super) const CARD: Card = Card {
    name: "neighbours",
    about: "each inferer's losses in past epochs that looked like this one",
    parameters: &[
        Parameter {
            name: "neighbours",
            default: 20.0,
            low: 1.0,
            high: 1_000.0,
            whole: true,
            about: "how many past epochs count",
        },
        Parameter {
            name: "window",
            default: 400.0,
            low: 1.0,
            high: 100_000.0,
            whole: true,
            about: "how far it looks back, in epochs",
        },
    ],
};

/// The model.
#[derive(Debug)]
pub(super) struct Neighbours {
    count: usize,
    window: usize,
    /// Common features and departures of past epochs.
    past: VecDeque<(Vec<f64>, Vec<f64>)>,
}

impl Neighbours {
    pub(super) fn new(values: &Values) -> Self {
        let (count, window) = (values.whole("neighbours"), values.whole("window"));
        Self { count, window, past: VecDeque::new() }
    }
}

impl Forecaster for Neighbours {
    fn learn(&mut self, then: &Situation, losses: &[f64]) {
        self.past.push_back((then.common.clone(), then.departures(losses)));
        if self.past.len() > self.window {
            self.past.pop_front();
        }
    }

    fn forecast(&mut self, now: &Situation, out: &mut [f64]) {
        let mut near: Vec<(f64, usize)> = (self.past.iter().enumerate())
            .map(|(at, (then, _))| (distance(&now.common, then), at))
            .collect();
        near.sort_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1)));
        near.truncate(self.count);
        let far = near.last().map_or(1.0, |(distance, _)| distance.max(1e-12));
        for (at, out) in out.iter_mut().enumerate() {
            let (mut sum, mut weights) = (0.0, 1.0);
            for (distance, epoch) in &near {
                let departure = self.past[*epoch].1[at];
                if departure.is_finite() {
                    let weight = 1.0 / (1.0 + distance / far);
                    sum += weight * departure;
                    weights += weight;
                }
            }
            *out = now.base[at] + sum / weights;
        }
    }
}

/// The square of the distance.
fn distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(feature: f64) -> Situation {
        Situation { common: vec![feature], own: vec![0.0; 3], base: vec![-2.0] }
    }

    #[test]
    fn by_hand() {
        let mut model = Neighbours { count: 2, window: 3, past: VecDeque::new() };
        // The first is out of the window when it is asked, the last too far.
        for (feature, loss) in [(0.0, 9.0), (0.0, -1.0), (1.0, -3.0), (9.0, 0.0)] {
            model.learn(&at(feature), &[loss]);
        }
        let mut said = [0.0];
        model.forecast(&at(0.0), &mut said);
        // Weights 1 and 1/2 of departures 1 and −1, and 1 of none.
        assert!((said[0] - (-2.0 + 0.5 / 2.5)).abs() < 1e-12, "{said:?}");
    }

    #[test]
    fn without_a_past_it_says_what_is_usual() {
        let mut model = Neighbours { count: 2, window: 3, past: VecDeque::new() };
        let mut said = [0.0];
        model.forecast(&at(0.0), &mut said);
        assert_eq!(said.map(f64::to_bits), [(-2.0_f64).to_bits()]);
    }
}
