//! Means and rates over seeds, and how sure they are.
//!
//! # Formula
//!
//! A mean has the standard error `s/√n` (`s` with `n − 1`) and the 95 % interval
//! `mean ± 1.96 s/√n`. A rate `k/n` has Wilson's interval
//! `(k + z²/2 ± z √(k(n − k)/n + z²/4)) / (n + z²)` with `z = 1.96`.
//!
//! # Limits
//!
//! Seeds are independent; below some thirty of them intervals of means are a
//! little too narrow. One seed has no interval: its error is infinite.
//!
//! # Sources
//!
//! Wilson (1927); Brown, Cai, DasGupta (2001).

use allonet_core::maths;

/// Two-sided 95 % of the normal distribution.
const Z: f64 = 1.959_963_984_540_054;

/// A value with the interval that its true value is in 19 times of 20.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// The value found.
    pub value: f64,
    /// Standard error.
    pub error: f64,
    /// Lower end of the interval.
    pub low: f64,
    /// Upper end of the interval.
    pub high: f64,
}

impl Estimate {
    /// A number that no chance is in.
    pub fn exact(value: f64) -> Self {
        Self { value, error: 0.0, low: value, high: value }
    }

    /// The mean of one number from each seed.
    pub fn mean(values: impl IntoIterator<Item = f64>) -> Self {
        let values: Vec<f64> = values.into_iter().collect();
        let count = values.len() as f64;
        let value = maths::sum(values.iter().copied()) / count;
        let squares = maths::sum(values.iter().map(|one| (one - value) * (one - value)));
        let error =
            if values.len() < 2 { f64::INFINITY } else { (squares / (count - 1.0) / count).sqrt() };
        Self { value, error, low: value - Z * error, high: value + Z * error }
    }

    /// How often something was so.
    pub fn rate(seeds: impl IntoIterator<Item = bool>) -> Self {
        let (mut hits, mut count) = (0.0, 0.0);
        for hit in seeds {
            count += 1.0;
            hits += f64::from(u8::from(hit));
        }
        if count == 0.0 {
            return Self { value: 0.0, error: f64::INFINITY, low: 0.0, high: 1.0 };
        }
        let (value, square) = (hits / count, Z * Z);
        let middle = (hits + square / 2.0) / (count + square);
        let half = Z * (hits * (count - hits) / count + square / 4.0).sqrt() / (count + square);
        let error = (value * (1.0 - value) / count).sqrt();
        Self { value, error, low: (middle - half).max(0.0), high: (middle + half).min(1.0) }
    }
}

/// The quantile of sorted numbers, between two of them where it falls between.
pub fn quantile(sorted: &[f64], level: f64) -> f64 {
    let place = level * (sorted.len() - 1) as f64;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an index")]
    let below = place.floor() as usize;
    let above = (below + 1).min(sorted.len() - 1);
    sorted[below] + (place - below as f64) * (sorted[above] - sorted[below])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_by_hand() {
        let mean = Estimate::mean([1.0, 2.0, 3.0, 4.0]);
        // s² = 5/3; s/√4 = 0.6455.
        assert!((mean.value - 2.5).abs() < 1e-15 && (mean.error - 0.645_497).abs() < 1e-6);
        assert!((mean.high - 2.5 - 1.959_964 * 0.645_497).abs() < 1e-6);
        assert_eq!(Estimate::mean([3.0]).error.to_bits(), f64::INFINITY.to_bits());
    }

    #[test]
    fn rates_have_wilsons_interval() {
        // Brown, Cai, DasGupta: 8 of 10 is 0.4902 to 0.9433.
        let rate = Estimate::rate((0..10).map(|at| at < 8));
        assert!((rate.low - 0.4902).abs() < 1e-4 && (rate.high - 0.9433).abs() < 1e-4, "{rate:?}");
        let all = Estimate::rate([true; 400]);
        assert!(all.low > 0.990 && all.low < 0.991 && all.high > 0.999_999, "{all:?}");
        assert_eq!(Estimate::rate([]).high.to_bits(), 1.0_f64.to_bits());
    }

    #[test]
    fn quantiles_lie_between() {
        let sorted = [1.0, 2.0, 4.0];
        let found = [0.0, 0.5, 0.75, 1.0].map(|level| quantile(&sorted, level).to_bits());
        assert_eq!(found, [1.0, 2.0, 3.0, 4.0].map(f64::to_bits));
    }
}
