//! How far numbers lie apart.
//!
//! # Formula
//!
//! Sample standard deviation `√(Σ(x − x̄)² / (n − 1))`; scaled median absolute
//! deviation `1.4826 · median |x − median x|`, which is the same for normal
//! numbers and does not mind outliers.
//!
//! # Limits
//!
//! One number or none lies no way apart: 0. A median of an even count is the
//! mean of the middle two.

/// A median absolute deviation times it is the standard deviation, if normal.
pub const MAD_SCALE: f64 = 1.4826;

/// Sample standard deviation (divided by `n − 1`).
///
/// ```
/// assert_eq!(allonet_topics::spread::standard_deviation(&[1.0, 3.0, 5.0]), 2.0);
/// ```
pub fn standard_deviation(values: &[f64]) -> f64 {
    if values.len() < 2 {
        return 0.0;
    }
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let squares: f64 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
    (squares / (count - 1.0)).sqrt()
}

/// Median; `None` of nothing. Puts the values in another order.
pub fn median(values: &mut [f64]) -> Option<f64> {
    if values.is_empty() {
        return None;
    }
    let middle = values.len() / 2;
    let odd = values.len() % 2 == 1;
    let (below, upper, _) = values.select_nth_unstable_by(middle, f64::total_cmp);
    let upper = *upper;
    if odd {
        return Some(upper);
    }
    let lower = below.iter().copied().max_by(f64::total_cmp).expect("half are below");
    // Halves first, as the sum may be out of range.
    Some(0.5 * lower + 0.5 * upper)
}

/// Median absolute deviation from the median, unscaled; 0 of nothing. Leaves the
/// deviations in place of the values.
pub fn median_deviation(values: &mut [f64]) -> f64 {
    let Some(middle) = median(values) else { return 0.0 };
    for value in &mut *values {
        *value = (*value - middle).abs();
    }
    median(values).unwrap_or(0.0)
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "exact results")]
mod tests {
    use super::*;

    #[test]
    fn one_number_lies_no_way_apart() {
        assert_eq!(standard_deviation(&[7.0]), 0.0);
        assert_eq!(standard_deviation(&[]), 0.0);
        assert_eq!(median_deviation(&mut [7.0]), 0.0);
        assert_eq!(median_deviation(&mut []), 0.0);
    }

    #[test]
    fn an_outlier_moves_the_standard_deviation_alone() {
        assert_eq!(median_deviation(&mut [1.0, 2.0, 3.0, 4.0, 1e9]), 1.0);
        assert_eq!(median(&mut [4.0, 1.0, 3.0, 2.0]), Some(2.5));
        assert!(standard_deviation(&[1.0, 2.0, 3.0, 4.0, 1e9]) > 1e8);
        assert_eq!(median(&mut [1e308, 1.5e308]), Some(1.25e308));
    }
}
