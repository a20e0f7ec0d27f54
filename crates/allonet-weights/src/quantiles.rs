//! Order statistics.

/// The interval that holds the middle `level` of the values: quantiles
/// `(1 ± level) / 2`, linear between neighbours (type 7 of Hyndman and Fan
/// 1996).
///
/// # Panics
///
/// If there is no value.
pub fn interval(mut values: Vec<f64>, level: f64) -> (f64, f64) {
    values.sort_unstable_by(f64::total_cmp);
    let tail = (1.0 - level) / 2.0;
    (quantile(&values, tail), quantile(&values, 1.0 - tail))
}

/// The quantile of sorted values.
///
/// # Panics
///
/// If there is no value.
pub fn quantile(sorted: &[f64], part: f64) -> f64 {
    let last = sorted.len().checked_sub(1).expect("a quantile of nothing");
    let place = part.clamp(0.0, 1.0) * last as f64;
    let below = place.floor();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 ..= last")]
    let at = below as usize;
    let above = sorted[(at + 1).min(last)];
    sorted[at] + (place - below) * (above - sorted[at])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_lie_between_neighbours() {
        let (low, high) = interval(vec![4.0, 1.0, 2.0, 3.0, 5.0], 0.8);
        assert!((low - 1.4).abs() < 1e-12 && (high - 4.6).abs() < 1e-12);
        assert_eq!(interval(vec![2.0], 0.9), (2.0, 2.0));
    }
}
