//! Whether one was better than another over many epochs, and how sure that is.
//!
//! # Formula
//!
//! * [`rate`]: `k` of `n`, with Wilson's interval of 95 %.
//! * [`difference`]: the mean of paired differences; its interval is that of the
//!   middle 95 % of means of epochs drawn in blocks of `⌈√n⌉` neighbours, because
//!   neighbouring epochs are alike.
//!
//! # Limits
//!
//! Intervals say how much chance there is in these epochs, not whether the world
//! stays as it is.
//!
//! # Sources
//!
//! * Wilson (1927), *Probable Inference, the Law of Succession, and Statistical
//!   Inference*.
//! * Künsch (1989), *The Jackknife and the Bootstrap for General Stationary
//!   Observations*.
//!
//! # Example
//!
//! ```
//! use allonet_topics::verdict::rate;
//!
//! let rate = rate(5, 10);
//! assert!((rate.low - 0.2366).abs() < 1e-4 && (rate.high - 0.7634).abs() < 1e-4);
//! ```

use allonet_core::maths;
use allonet_core::random::Random;
use serde::Serialize;

/// Standard deviations either side of the middle that hold 95 %.
const Z: f64 = 1.959_963_984_540_054;
/// Draws of all epochs.
const DRAWS: usize = 2_000;

/// A number with its interval of 95 %.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Estimate {
    /// The number itself.
    pub value: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// `hits` of `all`; from 0 to 1 of nothing.
pub fn rate(hits: usize, all: usize) -> Estimate {
    if all == 0 {
        return Estimate { value: 0.0, low: 0.0, high: 1.0 };
    }
    let count = all as f64;
    let value = hits as f64 / count;
    let square = Z * Z;
    let middle = (value + square / (2.0 * count)) / (1.0 + square / count);
    let spread = value * (1.0 - value) / count + square / (4.0 * count * count);
    let half = Z / (1.0 + square / count) * spread.sqrt();
    Estimate { value, low: (middle - half).max(0.0), high: (middle + half).min(1.0) }
}

/// The mean of differences, one for each epoch in order; none of nothing. All
/// are finite.
pub fn difference(differences: &[f64], seed: u64) -> Option<Estimate> {
    if differences.is_empty() {
        return None;
    }
    let count = differences.len();
    let mut sums = Vec::with_capacity(count + 1);
    sums.push(0.0);
    for value in differences {
        sums.push(sums[sums.len() - 1] + value);
    }
    let block = block(count);
    let mut random = Random::new(seed);
    let mut means: Vec<f64> = (0..DRAWS).map(|_| drawn(&sums, block, &mut random)).collect();
    means.sort_by(f64::total_cmp);
    let value = maths::sum(differences.iter().copied()) / count as f64;
    Some(Estimate { value, low: means[DRAWS / 40], high: means[DRAWS - 1 - DRAWS / 40] })
}

/// `⌈√n⌉`.
fn block(count: usize) -> usize {
    (1..=count).find(|block| block * block >= count).unwrap_or(1)
}

/// The mean of as many epochs, in blocks drawn with replacement.
fn drawn(sums: &[f64], block: usize, random: &mut Random) -> f64 {
    let count = sums.len() - 1;
    let (mut sum, mut left) = (0.0, count);
    while left > 0 {
        let length = block.min(left);
        let start = random.below(count - block + 1);
        sum += sums[start + length] - sums[start];
        left -= length;
    }
    sum / count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_stay_between_nothing_and_all() {
        assert_eq!(rate(0, 0), Estimate { value: 0.0, low: 0.0, high: 1.0 });
        let (none, all) = (rate(0, 20), rate(20, 20));
        assert!(none.low < 1e-12 && (none.high - 0.161).abs() < 1e-3);
        assert!(all.high > 1.0 - 1e-12 && (all.low - 0.839).abs() < 1e-3);
    }

    #[test]
    fn the_interval_of_independent_draws_is_that_of_the_normal_distribution() {
        let mut random = Random::new(2);
        let draws: Vec<f64> = (0..2_500).map(|_| 0.3 + random.normal()).collect();
        let found = difference(&draws, 1).unwrap();
        // Half of it: 1.96/50 = 0.039.
        assert!(((found.high - found.low) / 2.0 - 0.039).abs() < 0.006, "{found:?}");
        assert!(found.low < 0.3 && found.high > 0.3, "{found:?}");
    }

    #[test]
    fn neighbours_that_are_alike_widen_it() {
        let mut random = Random::new(2);
        let mut value = 0.0;
        let alike: Vec<f64> = (0..2_500)
            .map(|_| {
                value = 0.8 * value + 0.6 * random.normal();
                value
            })
            .collect();
        let found = difference(&alike, 1).unwrap();
        // Of unit variance; the mean's standard deviation is √((1+0.8)/(1−0.8)) = 3 times as large.
        assert!(((found.high - found.low) / 2.0 / 0.039 - 3.0).abs() < 0.6, "{found:?}");
    }

    #[test]
    fn few_epochs_have_a_verdict_too() {
        assert_eq!(difference(&[], 1), None);
        assert_eq!(difference(&[2.0], 1), Some(Estimate { value: 2.0, low: 2.0, high: 2.0 }));
        assert_eq!([1, 2, 4, 5, 9].map(block), [1, 2, 2, 3, 3]);
    }
}
