//! Bradley–Terry by the classic iteration of Zermelo and Hunter, as published
//! for Gitcoin's round 24.
//!
//! # Formula
//!
//! ```text
//! s_i ← wins_i / Σ_j n_ij / (s_i + s_j),  then s ← s / Σ s
//! ```
//!
//! from equal strengths, until `Σ |change| ≤ 1e-10`, at most 5000 times;
//! weights ∝ `s^{1/T}`. The temperature `T` is 1 in the first published phase
//! and 5 in the second.
//!
//! # Known weaknesses
//!
//! * Takes 10 to 25 times the passes of `bradley-terry` and ends farther from
//!   the maximum (about 1e-8). It is here to recompute published numbers.
//! * Where a group of items never lost to the rest there is no maximum: the
//!   strengths drift until the stopping rule ends them, and the numbers mean
//!   that rule. A warning names the group. GG24's published duels are such data.
//!   An item that never won has the log strength `ln 1e-12`. Items on several
//!   islands are refused.
//!
//! # Sources
//!
//! * Hunter (2004), *MM algorithms for generalized Bradley–Terry models*, §2.

use allonet_core::maths;

use super::{FitError, Parameters, Rule, TEMPERATURE, Uses};
use crate::comparisons::{Comparisons, Tally};
use crate::connectivity::{require_bounded, require_one_island};
use crate::estimate::Estimate;

/// What the rule says of itself.
pub(in crate::rules) const RULE: Rule = Rule {
    id: "bradley-terry-mm",
    title: "Bradley–Terry as published for GG24",
    formula: "s_i ← wins_i / Σ_j n_ij / (s_i + s_j)",
    uses: Uses::Direction,
    by_time: false,
    by_record: false,
    parameters: &[TEMPERATURE],
    fit,
};

const TOLERANCE: f64 = 1e-10;
const MOST_STEPS: usize = 5000;
/// Published programs take no strength and no sum of two for smaller.
const LEAST: f64 = 1e-12;

fn fit(comparisons: &Comparisons, parameters: &Parameters) -> Result<Estimate, FitError> {
    let tally = comparisons.tally();
    require_one_island(comparisons)?;
    let (strengths, iterations) = minorise(&tally);
    let logs = strengths.iter().map(|strength| maths::ln(strength.max(LEAST))).collect();
    let mut estimate = Estimate::centred(logs, iterations);
    if let Err(unbounded) = require_bounded(comparisons, &tally) {
        let warning = "only the stopping rule limits the weights: prefer a rule with a prior";
        estimate.warnings.push(format!("{unbounded}: {warning}"));
    }
    if iterations == MOST_STEPS {
        let warning = format!("not settled after {MOST_STEPS} iterations: prefer `bradley-terry`");
        estimate.warnings.push(warning);
    }
    Ok(super::at_temperature(estimate, parameters))
}

fn minorise(tally: &Tally) -> (Vec<f64>, usize) {
    let items = tally.items();
    let wins: Vec<f64> =
        (0..items).map(|item| tally.row(item).map(|entry| entry.1).sum()).collect();
    let mut strengths = vec![1.0 / items as f64; items];
    for iteration in 1..=MOST_STEPS {
        let mut next: Vec<f64> = (0..items)
            .map(|item| {
                let games = |(other, won, lost): (usize, f64, f64)| {
                    (won + lost) / (strengths[item] + strengths[other]).max(LEAST)
                };
                wins[item] / tally.row(item).map(games).sum::<f64>()
            })
            .collect();
        let sum = maths::sum(next.iter().copied());
        for strength in &mut next {
            *strength /= sum;
        }
        let change = maths::sum(next.iter().zip(&strengths).map(|(new, old)| (new - old).abs()));
        strengths = next;
        if change <= TOLERANCE {
            return (strengths, iteration);
        }
    }
    (strengths, MOST_STEPS)
}
