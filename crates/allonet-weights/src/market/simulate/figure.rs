//! A mean over seeds and how sure it is; correlations and slopes.

use allonet_core::maths;
use serde::Serialize;

use crate::random::Random;

const RESAMPLES: usize = 1_000;

/// A mean with its 95% interval over seeds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Figure {
    /// The mean.
    pub mean: f64,
    /// 2.5% of the resampled means are below.
    pub low: f64,
    /// 2.5% of them are above.
    pub high: f64,
}

impl Figure {
    /// The mean of one value for each seed.
    pub(super) fn mean(values: &[f64], stream: u64) -> Self {
        let ones = vec![1.0; values.len()];
        Self::ratio(values, &ones, stream)
    }

    /// The ratio of two means, seeds resampled in pairs. A ratio to nothing is
    /// as large as a number can be.
    pub(super) fn ratio(tops: &[f64], bottoms: &[f64], stream: u64) -> Self {
        let n = tops.len();
        let of = |places: &[usize]| {
            let top = maths::sum(places.iter().map(|at| tops[*at]));
            let bottom = maths::sum(places.iter().map(|at| bottoms[*at]));
            if bottom > 0.0 { top / bottom } else { f64::MAX }
        };
        let mut random = Random::part(stream, n as u64);
        let mut places: Vec<usize> = (0..n).collect();
        let mean = of(&places);
        let mut drawn: Vec<f64> = (0..RESAMPLES)
            .map(|_| {
                places.fill_with(|| random.below(n));
                of(&places)
            })
            .collect();
        drawn.sort_by(f64::total_cmp);
        Self { mean, low: drawn[RESAMPLES / 40], high: drawn[RESAMPLES - 1 - RESAMPLES / 40] }
    }
}

/// Pearson's correlation; zero where one of the two does not vary.
pub(super) fn correlation(x: &[f64], y: &[f64]) -> f64 {
    let product = covariance(x, y);
    let scale = (covariance(x, x) * covariance(y, y)).sqrt();
    if scale > 0.0 { product / scale } else { 0.0 }
}

/// The slope of `y` over `x` at equal `z`, by least squares; zero where `x`
/// does not vary by itself.
pub(super) fn slope_at_equal(y: &[f64], x: &[f64], z: &[f64]) -> f64 {
    let (xx, zz, xz) = (covariance(x, x), covariance(z, z), covariance(x, z));
    let whole = xx * zz - xz * xz;
    if whole > 1e-12 * xx * zz {
        (covariance(x, y) * zz - covariance(z, y) * xz) / whole
    } else if xx > 0.0 && zz == 0.0 {
        covariance(x, y) / xx
    } else {
        0.0
    }
}

fn covariance(x: &[f64], y: &[f64]) -> f64 {
    let n = x.len() as f64;
    let (mx, my) = (maths::sum(x.iter().copied()) / n, maths::sum(y.iter().copied()) / n);
    maths::sum(x.iter().zip(y).map(|(x, y)| (x - mx) * (y - my))) / n
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slopes_and_correlations_by_hand() {
        let (x, z) = ([0.0, 1.0, 2.0, 3.0], [1.0, 0.0, 0.0, 1.0]);
        let y: Vec<f64> = x.iter().zip(&z).map(|(x, z)| 5.0 - 2.0 * x + 7.0 * z).collect();
        assert!((slope_at_equal(&y, &x, &z) + 2.0).abs() < 1e-12);
        assert!((slope_at_equal(&y, &z, &x) - 7.0).abs() < 1e-12);
        assert!(slope_at_equal(&y, &x, &x).abs() < 1e-300);
        assert!((correlation(&x, &[4.0, 3.0, 2.0, 1.0]) + 1.0).abs() < 1e-12);
        assert!(correlation(&x, &[1.0; 4]).abs() < 1e-300);
    }

    #[test]
    fn an_interval_is_near_the_normal_one() {
        let mut random = Random::new(3);
        let values: Vec<f64> = (0..400).map(|_| 2.0 + random.normal()).collect();
        let figure = Figure::mean(&values, 9);
        assert_eq!(figure, Figure::mean(&values, 9));
        // ± 1.96 / √400.
        assert!((figure.high - figure.low - 0.196).abs() < 0.03, "{figure:?}");
        assert!(figure.low < 2.0 && 2.0 < figure.high);
        assert!(Figure::ratio(&values, &vec![0.0; 400], 9).mean >= f64::MAX);
    }
}
