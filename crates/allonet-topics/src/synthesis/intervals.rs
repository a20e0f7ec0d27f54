//! Confidence intervals of the network inference: weighted percentiles of what
//! it combines.
//!
//! # Formula
//!
//! With inferences in order and `c` the running sum of weights, the inference at
//! quantile `q` is read from the line through the points `((c − w/2) / Σw, I)`
//! (Eq 17 to 19).
//!
//! # Limits
//!
//! Below the first point it is the least inference, above the last the greatest.
//! Inferences without weight (0) lie on the line but do not move it past
//! their neighbours; where several points have one quantile, the last of them
//! counts. Of nobody, or of no weight at all, there is no interval: NaN.
//!
//! # Sources
//!
//! Kruijssen et al. (2024), §3.2, Eq 16 to 19.

/// The quantiles of 2 and 1 standard deviations about the median of a normal
/// distribution, as fractions.
pub const QUANTILES: [f64; 5] = [0.0228, 0.1587, 0.5, 0.8413, 0.9772];

/// What the percentiles are taken of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Interval {
    /// The inferences as they are, as the authors' data.
    #[default]
    Plain,
    /// Inferences drawn towards the network inference by `1/√N` (Eq 16).
    Shrunk,
}

/// Inferences at some quantiles (fractions, 0 to 1).
///
/// Inferences that do not exist (NaN) do not count, nor among the `N` of Eq 16.
///
/// ```
/// use allonet_topics::synthesis::intervals::{Interval, intervals};
/// let middle = intervals(Interval::Plain, &[1.0, 2.0, 4.0], &[1.0, 1.0, 2.0], 2.75, &[0.5]);
/// // The points are 1/8, 3/8 and 3/4: at 1/2, a third of the way from 2 to 4.
/// assert!((middle[0] - 8.0 / 3.0).abs() < 1e-15);
/// ```
pub fn intervals(
    interval: Interval,
    inferences: &[f64],
    weights: &[f64],
    network: f64,
    quantiles: &[f64],
) -> Vec<f64> {
    assert_eq!(inferences.len(), weights.len(), "one weight for each inference");
    let there = inferences.iter().copied().zip(weights.iter().copied());
    let mut points: Vec<(f64, f64)> = there.filter(|(value, _)| !value.is_nan()).collect();
    points.sort_by(|a, b| a.0.total_cmp(&b.0));
    if interval == Interval::Shrunk {
        let part = 1.0 / (points.len() as f64).sqrt();
        for (value, _) in &mut points {
            *value = network + (*value - network) * part;
        }
    }
    let whole: f64 = points.iter().map(|(_, weight)| weight).sum();
    if whole.is_nan() || whole <= 0.0 {
        return vec![f64::NAN; quantiles.len()];
    }
    let mut sum = 0.0;
    for (_, weight) in &mut points {
        sum += *weight;
        *weight = (sum - 0.5 * *weight) / whole;
    }
    quantiles.iter().map(|quantile| read(&points, *quantile)).collect()
}

/// The value at a quantile of `(value, quantile)` in order.
fn read(points: &[(f64, f64)], quantile: f64) -> f64 {
    let above = points.partition_point(|(_, at)| *at <= quantile);
    if above == 0 {
        return points[0].0;
    }
    let (low, from) = points[above - 1];
    match points.get(above) {
        None => low,
        Some((high, to)) => {
            (low + (quantile - from) / (to - from) * (high - low)).clamp(low, *high)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outside_the_points_it_is_the_ends() {
        let ends = intervals(Interval::Plain, &[5.0, 3.0], &[1.0, 1.0], 4.0, &[0.0, 0.2, 0.8, 1.0]);
        assert_eq!(ends, [3.0, 3.0, 5.0, 5.0]);
    }

    #[test]
    fn one_worker_is_all_of_its_interval() {
        for interval in [Interval::Plain, Interval::Shrunk] {
            assert_eq!(intervals(interval, &[7.0], &[0.3], 7.0, &QUANTILES), [7.0; 5]);
        }
    }

    #[test]
    fn nobody_and_no_weight_have_no_interval() {
        assert!(intervals(Interval::Plain, &[], &[], f64::NAN, &[0.5])[0].is_nan());
        assert!(intervals(Interval::Plain, &[1.0], &[0.0], 1.0, &[0.5])[0].is_nan());
        assert!(intervals(Interval::Plain, &[f64::NAN], &[1.0], 1.0, &[0.5])[0].is_nan());
    }

    #[test]
    fn no_weight_moves_nothing_past_its_neighbours() {
        let with = intervals(Interval::Plain, &[1.0, 1.5, 2.0], &[1.0, 0.0, 1.0], 1.5, &[0.1, 0.9]);
        let without = intervals(Interval::Plain, &[1.0, 2.0], &[1.0, 1.0], 1.5, &[0.1, 0.9]);
        assert_eq!(with, without);
    }

    #[test]
    fn shrinking_goes_by_the_root_of_their_number() {
        let weights = [1.0; 4];
        let plain = intervals(Interval::Plain, &[-2.0, -1.0, 1.0, 2.0], &weights, 0.0, &QUANTILES);
        let shrunk =
            intervals(Interval::Shrunk, &[-2.0, -1.0, 1.0, 2.0], &weights, 0.0, &QUANTILES);
        for (plain, shrunk) in plain.iter().zip(&shrunk) {
            assert!((plain / 2.0 - shrunk).abs() < 1e-15);
        }
    }
}
