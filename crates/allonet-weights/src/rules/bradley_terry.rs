//! Bradley–Terry by maximum likelihood: the weights under which the answers
//! given were most likely.
//!
//! # Formula
//!
//! ```text
//! P(i is preferred to j) = w_i / (w_i + w_j),   w = e^z
//! max_z  Σ_ij wins_ij ln P(i over j) + α Σ_i ln P(i over 0) P(0 over i)
//! ```
//!
//! A tie is half a win for both. The result is the exact maximum, to about
//! 12 digits: Newman's iteration
//!
//! ```text
//! z_i ← z_i + ln( Σ_j wins_ij w_j / (w_i + w_j)  ÷  Σ_j losses_ij w_i / (w_i + w_j) )
//! ```
//!
//! for all items at once, with Anderson acceleration; where that is slow,
//! because few comparisons join large groups, Newton's method finishes.
//!
//! The *prior* `α` are virtual games: every item won `α` times and lost `α`
//! times against an item 0 of log weight zero. `α = 1` is the prior of Newman
//! (2023). It is not the `alpha` of choix and of Caron and Doucet (2012), which
//! is a gamma prior on `w`; for a normal prior see `bradley-terry-ridge`.
//!
//! With a *temperature* `T` the weights are `∝ e^{z/T}`: above 1 flatter than
//! the answers say.
//!
//! # Published variants
//!
//! | published as | here |
//! |---|---|
//! | pilot, `bradley-terry` | `bradley-terry-ridge` with `ridge` 1e-6 |
//! | pilot, `bradley-terry-regularized` | `bradley-terry-ridge` with `ridge` 1e-2, its default |
//! | pilot, `bradley-terry-intensity` | `bradley-terry-intensity` |
//! | GG24, `bradley-terry` | `bradley-terry-mm` with `temperature` 1 (first phase) or 5 |
//!
//! # Known weaknesses
//!
//! * Without a prior there is no maximum where a group of items never lost to
//!   the rest; such data are refused, and the group is named.
//! * Few answers make differences too large: the maximum is over-dispersed by
//!   3–17 % in simulations. A small prior helps.
//! * How much better an item is said to be does not count, and a juror who
//!   answers at random counts like any other.
//!
//! # Sources
//!
//! * Zermelo (1929); Bradley, Terry (1952), *Rank analysis of incomplete block
//!   designs*.
//! * Newman (2023), *Efficient computation of rankings from pairwise
//!   comparisons*.
//! * Ford (1957), for when there is a maximum.
//!
//! # Example
//!
//! ```
//! use allonet_weights::comparisons::{Choice, Tally};
//! use allonet_weights::rules::bradley_terry::{Prior, maximise};
//!
//! // One beat the other three times of four: weights 3 : 1.
//! let won = [Choice::Left, Choice::Left, Choice::Left, Choice::Right];
//! let tally = Tally::from_columns(2, &[0; 4], &[1; 4], &won);
//! let maximum = maximise(&tally, Prior::default()).unwrap();
//! let gap = maximum.log_weights[0] - maximum.log_weights[1];
//! assert!((gap - 3.0_f64.ln()).abs() < 1e-12);
//! ```

pub(super) mod intensity;
mod likelihood;
mod maximum;
pub(super) mod mm;
pub(super) mod ridge;
pub mod ties;

pub use likelihood::Prior;
pub(crate) use likelihood::curvature;
pub use maximum::{Maximum, maximise};

use super::{FitError, Parameter, Parameters, Rule, Uses};
use crate::comparisons::{Comparisons, Tally};
use crate::connectivity::{island_warning, require_bounded};
use crate::estimate::Estimate;

/// What the rule says of itself.
pub(super) const RULE: Rule = Rule {
    id: "bradley-terry",
    title: "Bradley–Terry, maximum likelihood",
    formula: "max Σ wins_ij ln( w_i / (w_i + w_j) )",
    uses: Uses::Direction,
    by_time: false,
    by_record: false,
    parameters: &[PRIOR, TEMPERATURE],
    fit,
};

const PRIOR: Parameter = Parameter {
    name: "prior",
    default: 0.0,
    min: 0.0,
    max: 1e6,
    doc: "virtual games that every item won, and as many that it lost, against an average item; \
          above zero it limits how far few answers can move an item",
};

const TEMPERATURE: Parameter = Parameter {
    name: "temperature",
    default: 1.0,
    min: 0.01,
    max: 1000.0,
    doc: "divides the log weights: above 1 the weights are flatter than the answers say",
};

fn fit(comparisons: &Comparisons, parameters: &Parameters) -> Result<Estimate, FitError> {
    let prior = Prior { virtual_games: parameters.of(PRIOR.name), precision: 0.0 };
    let tally = comparisons.tally();
    let estimate = most_likely(RULE.id, comparisons, &tally, prior)?;
    Ok(at_temperature(estimate, parameters))
}

/// The maximum for a tally of these comparisons, as an estimate.
fn most_likely(
    rule: &'static str,
    comparisons: &Comparisons,
    tally: &Tally,
    prior: Prior,
) -> Result<Estimate, FitError> {
    if prior.is_none() {
        require_bounded(comparisons, tally)?;
    }
    let Maximum { log_weights, iterations } = maximise(tally, prior)
        .ok_or(FitError::Unsettled { rule, iterations: maximum::MOST_STEPS })?;
    let mut estimate = Estimate::centred(log_weights, iterations);
    estimate.warnings.extend(island_warning(comparisons, tally));
    Ok(estimate)
}

fn at_temperature(mut estimate: Estimate, parameters: &Parameters) -> Estimate {
    let temperature = parameters.of(TEMPERATURE.name);
    estimate.log_weights.iter_mut().for_each(|log| *log /= temperature);
    estimate
}

#[cfg(test)]
mod tests;
