//! Eigenvector centrality: an item is worth what those it beat are worth.
//!
//! # Formula
//!
//! ```text
//! A x = λ x with the largest λ,   A_ij = how often i was preferred to j
//! ```
//!
//! Weights ∝ x. Strength flows from the beaten to who beat them; read the other
//! way round the worst item wins. A tie is half a win for both. By power
//! iteration on `A + s I`, with `s` the mean number of wins, so that cycles do
//! not swing.
//!
//! # Known weaknesses
//!
//! * Counts, not shares: an item asked about more often wins more often.
//! * Very steep where a few items beat each other only.
//! * Needs every item to beat, directly or over others, every other one; else
//!   refused.
//!
//! # Sources
//!
//! * Keener (1993), *The Perron–Frobenius theorem and the ranking of football
//!   teams*, SIAM Review 35(1).

use allonet_core::maths;

use super::{FitError, Parameters, Rule, Uses};
use crate::comparisons::Comparisons;
use crate::connectivity::require_bounded;
use crate::estimate::Estimate;

/// What the rule says of itself.
pub(super) const RULE: Rule = Rule {
    id: "eigenvector",
    title: "Eigenvector centrality of wins",
    formula: "A x = λ x, A_ij = wins of i over j",
    uses: Uses::Direction,
    by_time: false,
    by_record: false,
    parameters: &[],
    fit,
};

const ITERATIONS_MAX: usize = 100_000;
const ENOUGH: f64 = 1e-14;
/// Along a chain of hundreds of items strengths leave the range of numbers; weights of less are
/// nothing anyway.
const LEAST: f64 = f64::MIN_POSITIVE;

fn fit(comparisons: &Comparisons, _: &Parameters) -> Result<Estimate, FitError> {
    let tally = comparisons.tally();
    require_bounded(comparisons, &tally)?;
    let items = tally.items();
    let shift = comparisons.len() as f64 / items as f64;
    let mut strengths = vec![1.0 / items as f64; items];
    for iteration in 1..=ITERATIONS_MAX {
        let beaten = |item: usize| {
            let won = tally.row(item).map(|(other, wins, _)| wins * strengths[other]);
            shift * strengths[item] + won.sum::<f64>()
        };
        let mut next: Vec<f64> = (0..items).map(beaten).collect();
        let total = maths::sum(next.iter().copied());
        for strength in &mut next {
            *strength /= total;
        }
        let moved = strengths.iter().zip(&next).map(|(a, b)| (a - b).abs() / b.max(LEAST));
        let moved = moved.fold(0.0, f64::max);
        strengths = next;
        if moved <= ENOUGH {
            let logs =
                strengths.into_iter().map(|strength| maths::ln(strength.max(LEAST))).collect();
            return Ok(Estimate::centred(logs, iteration));
        }
    }
    Err(FitError::Unsettled { rule: RULE.id, iterations: ITERATIONS_MAX })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::comparisons::{Builder, Choice};
    use crate::rules::fit;

    #[test]
    fn the_better_of_two_is_above() {
        // A = (0, 4; 1, 0): λ = 2, x = (2, 1).
        let mut builder = Builder::default();
        let (juror, pair) = (builder.juror("j"), (builder.item("a"), builder.item("b")));
        for choice in [Choice::Left, Choice::Left, Choice::Right, Choice::Left, Choice::Left] {
            builder.push(juror, pair, choice, None);
        }
        let weights =
            fit("eigenvector", &builder.finish(), &Parameters::default()).unwrap().weights();
        assert!((weights[0] - 2.0 / 3.0).abs() < 1e-12, "{weights:?}");
    }
}
