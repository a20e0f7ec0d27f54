//! What every method must beat before it is worth its cost.
//!
//! # Formula
//!
//! | baseline | weights |
//! |---|---|
//! | `equal` | `1 / n` |
//! | `random` | uniform on the simplex: shares of `−ln u`; scores are means over many draws |
//! | Zipf | `1 / rank^s` by any figure, such as stars: what a person does in a minute |
//! | `least-squares` | the rule of that name on the answers it may see |
//!
//! # Known weaknesses
//!
//! * Equal weights look better the wilder the others are: they are never far
//!   wrong in log ratios.
//!
//! # Sources
//!
//! * Deep Funding, *weight allocation mechanism evals*: equal, random, quick
//!   expert.

use allonet_core::maths;

use super::trial::{Method, Source};
use crate::random::Random;
use crate::rules::Parameters;

/// How many random weight vectors the random baseline is a mean over.
pub const RANDOM_DRAWS: u32 = 50;

/// The baselines that need nothing but the number of items: equal, random and
/// least squares.
pub fn baselines(items: usize, seed: u64) -> Vec<Method> {
    let least_squares = "least-squares".to_owned();
    vec![
        Method { name: "equal".to_owned(), source: Source::Given(equal(items)) },
        Method {
            name: "random".to_owned(),
            source: Source::Random { items, draws: RANDOM_DRAWS, seed },
        },
        Method {
            name: least_squares.clone(),
            source: Source::Rule { id: least_squares, parameters: Parameters::default() },
        },
    ]
}

/// The same for each.
pub fn equal(items: usize) -> Vec<f64> {
    vec![1.0 / items as f64; items]
}

/// Uniform on the simplex.
pub fn random(items: usize, stream: &mut Random) -> Vec<f64> {
    // 1 − u is above zero.
    let parts: Vec<f64> = (0..items).map(|_| -maths::ln(1.0 - stream.uniform())).collect();
    let sum = maths::sum(parts.iter().copied());
    if sum > 0.0 { parts.into_iter().map(|part| part / sum).collect() } else { equal(items) }
}

/// `1 / rank^exponent` by a figure, the largest first; equal figures share the
/// mean of their places.
pub fn zipf(figures: &[f64], exponent: f64) -> Vec<f64> {
    let mut order: Vec<usize> = (0..figures.len()).collect();
    order.sort_by(|a, b| figures[*b].total_cmp(&figures[*a]));
    let mut weights = vec![0.0; figures.len()];
    let mut rank = 1.0;
    for tied in order.chunk_by(|a, b| figures[*a].total_cmp(&figures[*b]).is_eq()) {
        let places = (0..tied.len()).map(|at| maths::pow(rank + at as f64, -exponent));
        let mean = maths::sum(places) / tied.len() as f64;
        for item in tied {
            weights[*item] = mean;
        }
        rank += tied.len() as f64;
    }
    let sum = maths::sum(weights.iter().copied());
    weights.into_iter().map(|weight| weight / sum).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zipf_by_hand() {
        // Places 1, 2 and 3: 1, 1/2, 1/3; the two tied share (1 + 1/2) / 2.
        let weights = zipf(&[7.0, 1.0, 7.0], 1.0);
        let sum = 1.0 + 0.5 + 1.0 / 3.0;
        for (found, expected) in weights.iter().zip([0.75 / sum, 1.0 / 3.0 / sum, 0.75 / sum]) {
            assert!((found - expected).abs() < 1e-15, "{weights:?}");
        }
    }

    #[test]
    fn random_weights_are_uniform_on_the_simplex() {
        // With three items each share has mean 1/3 and variance 1/18.
        let mut stream = Random::new(3);
        let first: Vec<f64> = (0..20_000).map(|_| random(3, &mut stream)[0]).collect();
        let mean = maths::sum(first.iter().copied()) / 20_000.0;
        let variance = maths::sum(first.iter().map(|x| (x - mean) * (x - mean))) / 20_000.0;
        assert!((mean - 1.0 / 3.0).abs() < 0.006 && (variance - 1.0 / 18.0).abs() < 0.002);
    }
}
