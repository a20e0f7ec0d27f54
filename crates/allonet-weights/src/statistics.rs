//! The little statistics that several questions need.

mod ranks;

use allonet_core::maths::{self, normal_cdf};

pub(crate) use ranks::kendall;

/// The inverse of [`normal_cdf`], by halving; within ±38 for any input.
pub(crate) fn normal_quantile(probability: f64) -> f64 {
    let (mut low, mut high) = (-38.0, 38.0);
    for _ in 0..70 {
        let middle = 0.5 * (low + high);
        if normal_cdf(middle) < probability {
            low = middle;
        } else {
            high = middle;
        }
    }
    0.5 * (low + high)
}

/// `P(X ≤ k)` for `X` binomial with `n` trials of chance `p`, in `(0, 1)`.
pub(crate) fn binomial_at_most(k: usize, n: usize, p: f64) -> f64 {
    let (count, log_p, log_q) = (n as f64, maths::ln(p), maths::ln_1p(-p));
    let whole = maths::ln_gamma(count + 1.0);
    let term = |i: usize| {
        let (i, rest) = (i as f64, (n - i) as f64);
        let ways = whole - maths::ln_gamma(i + 1.0) - maths::ln_gamma(rest + 1.0);
        maths::exp(ways + i * log_p + rest * log_q)
    };
    maths::sum((0..=k.min(n)).map(term)).min(1.0)
}

/// Two-sided exact test of a fair coin: twice the smaller tail, at most 1.
pub(crate) fn coin_test(heads: usize, tosses: usize) -> f64 {
    let fewer = heads.min(tosses - heads);
    (2.0 * binomial_at_most(fewer, tosses, 0.5)).min(1.0)
}

/// `P(X ≤ k)` for the number of successes of independent trials with these
/// chances (Poisson binomial), by adding one trial after the other.
pub(crate) fn successes_at_most(k: usize, chances: &[f64]) -> f64 {
    let mut exactly = vec![0.0; k + 1];
    exactly[0] = 1.0;
    for chance in chances {
        for count in (1..=k).rev() {
            exactly[count] = exactly[count] * (1.0 - chance) + exactly[count - 1] * chance;
        }
        exactly[0] *= 1.0 - chance;
    }
    maths::sum(exactly).min(1.0)
}

/// Wilson's score interval for a share of `n` answers; `z` is the normal
/// quantile of its level.
pub(crate) fn wilson(share: f64, n: f64, z: f64) -> (f64, f64) {
    if n == 0.0 {
        return (0.0, 1.0);
    }
    let middle = share + z * z / (2.0 * n);
    let half = z * (share * (1.0 - share) / n + z * z / (4.0 * n * n)).sqrt();
    let scale = 1.0 + z * z / n;
    (((middle - half) / scale).max(0.0), ((middle + half) / scale).min(1.0))
}

/// Benjamini and Hochberg's adjusted p-values: those at most `q` form a list
/// with an expected part of at most `q` false entries.
pub(crate) fn benjamini_hochberg(p_values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|a, b| p_values[*a].total_cmp(&p_values[*b]).then(a.cmp(b)));
    let mut adjusted = vec![1.0; p_values.len()];
    let mut least = 1.0_f64;
    for (rank, at) in order.iter().enumerate().rev() {
        least = least.min(p_values[*at] * p_values.len() as f64 / (rank + 1) as f64);
        adjusted[*at] = least;
    }
    adjusted
}

/// Holm's p values: each claim's, made larger for the claims beside it.
pub(crate) fn holm(p: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|a, b| p[*a].total_cmp(&p[*b]));
    let mut adjusted = vec![0.0; p.len()];
    let mut largest = 0.0_f64;
    for (rank, at) in order.into_iter().enumerate() {
        largest = largest.max(p[at] * (p.len() - rank) as f64).min(1.0);
        adjusted[at] = largest;
    }
    adjusted
}

/// `½ Σ |p_i − q_i|` of shares: which part of the money goes elsewhere.
pub(crate) fn total_variation(p: &[f64], q: &[f64]) -> f64 {
    0.5 * maths::sum(p.iter().zip(q).map(|(p, q)| (p - q).abs()))
}

/// The quantile of sorted values, between neighbours in proportion (R's type
/// 7).
///
/// # Panics
///
/// If there is none.
pub(crate) fn quantile(sorted: &[f64], probability: f64) -> f64 {
    let place = probability.clamp(0.0, 1.0) * (sorted.len() - 1) as f64;
    let below = whole_part(place).min(sorted.len() - 1);
    let above = (below + 1).min(sorted.len() - 1);
    sorted[below] + (place - below as f64) * (sorted[above] - sorted[below])
}

/// The whole part of a number; zero below zero.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "`as` saturates, which is what is wanted"
)]
pub(crate) fn whole_part(number: f64) -> usize {
    number.floor() as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(found: f64, expected: f64, within: f64) {
        assert!((found - expected).abs() < within, "{found} is not {expected}");
    }

    #[test]
    fn normal_tables() {
        near(normal_cdf(1.0), 0.841_344_746_068_543, 1e-15);
        near(normal_quantile(0.975), 1.959_963_984_540_054, 1e-13);
        near(normal_quantile(0.05), -1.644_853_626_951_472, 1e-13);
    }

    #[test]
    fn coins() {
        // 1 + 5 of 32 ways.
        near(binomial_at_most(1, 5, 0.5), 6.0 / 32.0, 1e-14);
        near(coin_test(1, 5), 12.0 / 32.0, 1e-14);
        near(coin_test(5, 10), 1.0, 1e-15);
        near(successes_at_most(3, &[0.3; 9]), binomial_at_most(3, 9, 0.3), 1e-13);
        // 0.9 × 0.2 + 0.1 × 0.8 + 0.1 × 0.2 = 1 − 0.9 × 0.8.
        near(successes_at_most(1, &[0.9, 0.8]), 0.28, 1e-15);
    }

    #[test]
    fn wilson_of_a_textbook() {
        // Newcombe (1998), table I: 81 of 263 at 95 %.
        let (low, high) = wilson(81.0 / 263.0, 263.0, 1.959_963_984_540_054);
        near(low, 0.2553, 5e-5);
        near(high, 0.3662, 5e-5);
        assert_eq!(wilson(0.0, 0.0, 2.0), (0.0, 1.0));
    }

    #[test]
    fn adjusted_p_values() {
        let adjusted = benjamini_hochberg(&[0.01, 0.04, 0.03, 0.005]);
        for (found, expected) in adjusted.iter().zip([0.02, 0.04, 0.04, 0.02]) {
            near(*found, expected, 1e-15);
        }
    }

    #[test]
    fn quantiles_lie_between_neighbours() {
        near(quantile(&[1.0, 2.0, 4.0], 0.75), 3.0, 1e-15);
        near(quantile(&[1.0, 2.0, 4.0], 1.0), 4.0, 1e-15);
        near(quantile(&[7.0], 0.3), 7.0, 1e-15);
    }

    #[test]
    fn holm_by_hand() {
        let adjusted = holm(&[0.01, 0.04, 0.03]);
        for (found, expected) in adjusted.iter().zip([0.03, 0.06, 0.06]) {
            assert!((found - expected).abs() < 1e-15, "{adjusted:?}");
        }
        assert_eq!(holm(&[0.9, 0.8]), [1.0, 1.0]);
        assert_eq!(holm(&[]), [0.0; 0]);
    }
}
