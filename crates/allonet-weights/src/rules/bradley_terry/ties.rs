//! Bradley–Terry with ties (Davidson): how likely a tie is, is estimated too.
//!
//! # Formula
//!
//! ```text
//! P(i is preferred) = w_i / D,  P(tie) = 2ν √(w_i w_j) / D,
//! D = w_i + w_j + 2ν √(w_i w_j)
//! ```
//!
//! Equal items tie with probability `ν / (1 + ν)`. Both the weights and `ν`
//! maximise the likelihood, found by Newman's iteration in the form for ties,
//! with Anderson acceleration. A prior is as in `bradley-terry`: virtual games
//! won and lost, none tied.
//!
//! # Known weaknesses
//!
//! * A juror who never says "equal" and one who often does share one `ν`.
//! * Where every comparison is a tie, any weights fit as `ν` grows; then all
//!   weights are equal, and a warning says so. Without ties `ν` is zero and the
//!   result is that of `bradley-terry`.
//!
//! # Sources
//!
//! * Davidson (1970), *On extending the Bradley–Terry model to accommodate ties
//!   in paired comparison experiments*.
//! * Newman (2023), *Efficient computation of rankings from pairwise
//!   comparisons*, on ties.

use allonet_core::maths;
use rayon::prelude::*;

use super::likelihood::Prior;
use super::{FitError, PRIOR, Parameters, Rule, TEMPERATURE, Uses};
use crate::comparisons::{Choice, Comparisons, Tally};
use crate::connectivity::{island_warning, require_bounded};
use crate::estimate::{Estimate, centre, logistic};
use crate::linear::fixed_point::{Limits, settle};

/// What the rule says of itself.
pub(in crate::rules) const RULE: Rule = Rule {
    id: "bradley-terry-ties",
    title: "Bradley–Terry with ties (Davidson)",
    formula: "P(tie) = 2ν √(w_i w_j) / (w_i + w_j + 2ν √(w_i w_j))",
    uses: Uses::Direction,
    by_time: false,
    by_record: false,
    parameters: &[PRIOR, TEMPERATURE],
    fit,
};

/// Weights and how likely ties are.
#[derive(Debug, Clone, PartialEq)]
pub struct WithTies {
    /// The weights.
    pub estimate: Estimate,
    /// `ν`: equal items tie with probability `ν / (1 + ν)`.
    pub tie: f64,
}

const TOLERANCE: f64 = 2e-13;
const MOST_STEPS: usize = 1000;

fn fit(comparisons: &Comparisons, parameters: &Parameters) -> Result<Estimate, FitError> {
    let WithTies { mut estimate, tie } = with_ties(comparisons, parameters.of(PRIOR.name))?;
    if tie.is_finite() && tie > 0.0 {
        estimate.warnings.push(format!(
            "equal items tie in {:.1} % of answers (tie parameter {tie:.6})",
            100.0 * tie / (1.0 + tie)
        ));
    }
    Ok(super::at_temperature(estimate, parameters))
}

/// Weights and tie parameter of the largest likelihood, with so many virtual
/// games; the parameter is infinite where there are only ties.
pub fn with_ties(comparisons: &Comparisons, virtual_games: f64) -> Result<WithTies, FitError> {
    let tally = comparisons.tally();
    let prior = Prior { virtual_games, precision: 0.0 };
    let ties = comparisons.rows().filter(|row| row.choice == Choice::Tie).count();
    if ties == 0 {
        let estimate = super::most_likely(RULE.id, comparisons, &tally, prior)?;
        return Ok(WithTies { estimate, tie: 0.0 });
    }
    if prior.is_none() {
        require_bounded(comparisons, &tally)?;
    }
    if ties == comparisons.len() {
        let mut estimate = Estimate::centred(vec![0.0; tally.items()], 0);
        estimate.warnings.push("all answers are ties: all weights are equal".to_owned());
        return Ok(WithTies { estimate, tie: f64::INFINITY });
    }
    let items = tally.items();
    let start = vec![0.0; items + 1];
    let limits = Limits { tolerance: TOLERANCE, steps: MOST_STEPS };
    let ended = settle(start, limits, |at| step(&tally, ties as f64, prior, at));
    if !ended.settled {
        return Err(FitError::Unsettled { rule: RULE.id, iterations: MOST_STEPS });
    }
    let mut log_weights = ended.values;
    let tie = maths::exp(log_weights.pop().expect("items and one more"));
    let mut estimate = Estimate::centred(log_weights, ended.steps);
    estimate.warnings.extend(island_warning(comparisons, &tally));
    Ok(WithTies { estimate, tie })
}

/// What an iteration adds to each log weight and to `ln ν`, which stands last.
fn step(tally: &Tally, ties: f64, prior: Prior, at: &[f64]) -> Vec<f64> {
    let (tie, log_weights) = at.split_last().expect("items and one more");
    let tie = maths::exp(*tie);
    let pull = |item: usize| {
        let (mut up, mut down, mut expected) = (0.0, 0.0, 0.0);
        for (other, wins, losses) in tally.row(item) {
            // Divided by √(w_i w_j); farther apart, nothing changes but overflows.
            let gap = (log_weights[item] - log_weights[other]).clamp(-600.0, 600.0);
            let root = maths::exp(gap / 2.0);
            let part = 1.0 / (root + 1.0 / root + 2.0 * tie);
            up += wins * ((1.0 / root + tie) * part);
            down += losses * ((root + tie) * part);
            expected += (wins + losses) * (2.0 * tie * part);
        }
        if prior.virtual_games > 0.0 {
            up += prior.virtual_games * logistic(-log_weights[item]);
            down += prior.virtual_games * logistic(log_weights[item]);
        }
        (maths::ln(up / down), expected)
    };
    let pulls: Vec<(f64, f64)> =
        (0..tally.items()).into_par_iter().with_min_len(16).map(pull).collect();
    let mut steps: Vec<f64> = pulls.iter().map(|pull| pull.0).collect();
    if prior.is_none() {
        centre(&mut steps);
    }
    // Every pair stands in two rows.
    let expected = maths::sum(pulls.iter().map(|pull| pull.1)) / 2.0;
    steps.push(maths::ln(ties / expected));
    steps
}
