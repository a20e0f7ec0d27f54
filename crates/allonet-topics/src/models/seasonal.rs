//! Seasonal naive: as one season ago.
//!
//! # Formula
//!
//! ```text
//! I(t + h) = y(t + h − p·⌈h/p⌉)
//! ```
//!
//! with `p` the period; the newest value as long as no season is over.
//!
//! # Limits
//!
//! The period is given, not found, and the level may not change.
//!
//! # Sources
//!
//! * Hyndman, Athanasopoulos (2021), *Forecasting: Principles and Practice*, §5.2.

use std::collections::VecDeque;

use super::{Card, Inferer, Parameter, Values};

/// What the model says of itself.
pub(super) const CARD: Card = Card {
    name: "seasonal",
    about: "the value of one season ago",
    parameters: &[Parameter {
        name: "period",
        default: 24.0,
        low: 1.0,
        high: 100_000.0,
        whole: true,
        about: "length of the season in epochs",
    }],
};

/// The model.
#[derive(Debug)]
pub(super) struct Seasonal {
    period: usize,
    season: VecDeque<f64>,
}

impl Seasonal {
    pub(super) fn new(values: &Values) -> Self {
        Self { period: values.whole("period"), season: VecDeque::new() }
    }
}

impl Inferer for Seasonal {
    fn learn(&mut self, truth: f64) {
        self.season.push_back(truth);
        if self.season.len() > self.period {
            self.season.pop_front();
        }
    }

    fn infer(&self, ahead: usize) -> Option<f64> {
        if self.season.len() < self.period {
            return self.season.back().copied();
        }
        self.season.get((ahead - 1) % self.period).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_one_season_ago() {
        let mut seasonal = Seasonal { period: 3, season: VecDeque::new() };
        seasonal.learn(1.0);
        seasonal.learn(2.0);
        assert_eq!(seasonal.infer(1), Some(2.0));
        for value in [3.0, 4.0] {
            seasonal.learn(value);
        }
        // The season is 2, 3, 4.
        let said: Vec<f64> = (1..=4).map(|ahead| seasonal.infer(ahead).unwrap()).collect();
        assert_eq!(said, [2.0, 3.0, 4.0, 2.0]);
    }
}
