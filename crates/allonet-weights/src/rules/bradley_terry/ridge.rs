//! Bradley–Terry with a normal prior: ridge regression of who won.
//!
//! # Formula
//!
//! ```text
//! max_z  Σ_ij wins_ij ln( w_i / (w_i + w_j) ) − λ/2 Σ_i z_i²,   w = e^z
//! ```
//!
//! The ridge `λ` is the precision of a normal prior around equal weights, in
//! units of one comparison. Published fits reach the same point by iterated
//! least squares with `max(λ, 1e-6)` on the diagonal of the normal equations;
//! `λ` = 1e-6 is the pilot's `bradley-terry`, 1e-2 its
//! `bradley-terry-regularized`.
//!
//! # Known weaknesses
//!
//! * With 1e-6, items that never lost get weights that only the ridge limits:
//!   enormous ones. Items on different islands are set side by side as if their
//!   islands were equally good; a warning says so.
//!
//! # Sources
//!
//! * The pilot's published analysis of Deep Funding.
//! * Green (1984), *Iteratively reweighted least squares*.

use super::{FitError, Parameter, Parameters, Prior, Rule, TEMPERATURE, Uses};
use crate::comparisons::Comparisons;
use crate::estimate::Estimate;

/// What the rule says of itself.
pub(in crate::rules) const RULE: Rule = Rule {
    id: "bradley-terry-ridge",
    title: "Bradley–Terry with a ridge",
    formula: "max Σ wins_ij ln( w_i / (w_i + w_j) ) − λ/2 Σ z_i²",
    uses: Uses::Direction,
    by_time: false,
    by_record: false,
    parameters: &[RIDGE, TEMPERATURE],
    fit,
};

const RIDGE: Parameter = Parameter {
    name: "ridge",
    default: 1e-2,
    min: 1e-6,
    max: 1e6,
    doc: "precision of the belief that all weights are equal, in comparisons; 1e-6 is nearly none",
};

fn fit(comparisons: &Comparisons, parameters: &Parameters) -> Result<Estimate, FitError> {
    let prior = Prior { virtual_games: 0.0, precision: parameters.of(RIDGE.name) };
    let estimate = super::most_likely(RULE.id, comparisons, &comparisons.tally(), prior)?;
    Ok(super::at_temperature(estimate, parameters))
}
