//! Naive: it stays as it is.
//!
//! # Formula
//!
//! ```text
//! I(t + h) = y(t)
//! ```
//!
//! # Limits
//!
//! The best there is for a random walk, and a yardstick for everything else.
//!
//! # Sources
//!
//! * Hyndman, Athanasopoulos (2021), *Forecasting: Principles and Practice*, §5.2.

use super::{Card, Inferer};

/// What the model says of itself.
pub(super) const CARD: Card = Card { name: "naive", about: "the newest value", parameters: &[] };

/// The model.
#[derive(Debug, Default)]
pub(super) struct Naive(Option<f64>);

impl Inferer for Naive {
    fn learn(&mut self, truth: f64) {
        self.0 = Some(truth);
    }

    fn infer(&self, _ahead: usize) -> Option<f64> {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_value_stays() {
        let mut naive = Naive::default();
        naive.learn(3.0);
        naive.learn(-2.0);
        assert_eq!((naive.infer(1), naive.infer(9)), (Some(-2.0), Some(-2.0)));
    }
}
