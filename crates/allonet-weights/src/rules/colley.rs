//! Colley's matrix: win rates, corrected for whom one met, after Laplace's rule
//! of succession.
//!
//! # Formula
//!
//! ```text
//! (2 I + diag(games) − N) r = 1 + (wins − losses) / 2,   weights ∝ r
//! ```
//!
//! `N_ij` counts how often `i` met `j`. Items that met nobody get 1/2. The
//! matrix is a Laplacian with 2 added to the diagonal: always solvable. A tie
//! is half a win for both.
//!
//! # Known weaknesses
//!
//! * Ratings are shares of games won, so weights are flat: with hundreds of
//!   items the best one gets about twice the mean.
//! * A rating can fall to zero or below; such an item is given 10⁻¹² of a
//!   weight, as published, and a warning names it.
//!
//! # Sources
//!
//! * Colley (2002), *Colley's bias free college football ranking method*.
//! * The published analysis of Deep Funding's round in GG24.

use allonet_core::maths;

use super::{FitError, Parameters, Rule, Uses};
use crate::comparisons::{Comparisons, Tally};
use crate::estimate::Estimate;
use crate::linear::Laplacian;

/// What the rule says of itself.
pub(super) const RULE: Rule = Rule {
    id: "colley",
    title: "Colley's matrix",
    formula: "(2I + diag(games) − N) r = 1 + (wins − losses)/2, weights ∝ r",
    uses: Uses::Direction,
    by_time: false,
    by_record: true,
    parameters: &[],
    fit,
};

/// The smallest weight before weights are made to add up to one.
const LEAST: f64 = 1e-12;

#[expect(clippy::unnecessary_wraps, reason = "all rules have the same shape")]
fn fit(comparisons: &Comparisons, _: &Parameters) -> Result<Estimate, FitError> {
    let tally = comparisons.tally();
    let right: Vec<f64> = (0..tally.items())
        .map(|item| 1.0 + tally.row(item).map(|(_, wins, losses)| wins - losses).sum::<f64>() / 2.0)
        .collect();
    let solved = Laplacian::new(tally.items(), meetings(&tally)).with_ridge(2.0).solve(&right);
    let mut estimate = Estimate::centred(
        solved.values.iter().map(|rating| maths::ln(rating.max(LEAST))).collect(),
        solved.iterations,
    );
    for (rating, item) in solved.values.iter().zip(comparisons.items()) {
        if *rating <= LEAST {
            let text = format!("`{item}` is rated {rating:.3e}: it is given next to nothing");
            estimate.warnings.push(text);
        }
    }
    Ok(estimate)
}

/// How often each pair met.
fn meetings(tally: &Tally) -> impl Iterator<Item = (u32, u32, f64)> + '_ {
    (0_u32..).take(tally.items()).flat_map(|item| {
        let met = tally.row(item as usize).filter(move |entry| entry.0 > item as usize);
        met.map(move |(other, wins, losses)| {
            (item, u32::try_from(other).expect("an item"), wins + losses)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::comparisons::{Builder, Choice};
    use crate::rules::fit;

    #[test]
    fn one_win_between_two() {
        // 3a − b = 3/2, 3b − a = 1/2: a = 5/8, b = 3/8.
        let mut builder = Builder::default();
        let (juror, pair) = (builder.juror("j"), (builder.item("a"), builder.item("b")));
        builder.push(juror, pair, Choice::Left, None);
        let weights = fit("colley", &builder.finish(), &Parameters::default()).unwrap().weights();
        assert!((weights[0] - 0.625).abs() < 1e-14, "{weights:?}");
    }
}
