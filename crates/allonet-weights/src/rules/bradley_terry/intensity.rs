//! Bradley–Terry where an answer counts as much as its multiplier.
//!
//! # Formula
//!
//! ```text
//! max_z  Σ_t m_t/m̄ · ln( w_winner / (w_winner + w_loser) ) − λ/2 Σ_i z_i²,   w = e^z
//! ```
//!
//! with `m_t` the multiplier of comparison `t` and `m̄` the mean multiplier. A
//! tie is half of a win for both.
//!
//! # Known weaknesses
//!
//! * The multiplier is taken for how sure the juror is, not for how much better
//!   the item is: one answer of "999 times" outvotes hundreds. On the pilot's
//!   data the top weight rises from 0.40 to 0.81. Clip multipliers when reading.
//!
//! # Sources
//!
//! * The pilot's published analysis of Deep Funding, `bradley-terry-intensity`.

use allonet_core::maths;

use super::{FitError, Parameter, Parameters, Prior, Rule, TEMPERATURE, Uses};
use crate::comparisons::{Comparisons, Tally};
use crate::estimate::Estimate;

/// What the rule says of itself.
pub(in crate::rules) const RULE: Rule = Rule {
    id: "bradley-terry-intensity",
    title: "Bradley–Terry, answers weighed by their multipliers",
    formula: "max Σ m_t/m̄ ln( w_winner / (w_winner + w_loser) ) − λ/2 Σ z_i²",
    uses: Uses::Intensity,
    by_time: false,
    by_record: false,
    parameters: &[RIDGE, TEMPERATURE],
    fit,
};

const RIDGE: Parameter = Parameter {
    name: "ridge",
    default: 5e-3,
    min: 1e-6,
    max: 1e6,
    doc: "precision of the belief that all weights are equal, in comparisons of mean multiplier",
};

fn fit(comparisons: &Comparisons, parameters: &Parameters) -> Result<Estimate, FitError> {
    let prior = Prior { virtual_games: 0.0, precision: parameters.of(RIDGE.name) };
    let weights = relative_multipliers(comparisons)?;
    let tally = Tally::weighted(comparisons, |at| weights[at]);
    let estimate = super::most_likely(RULE.id, comparisons, &tally, prior)?;
    Ok(super::at_temperature(estimate, parameters))
}

/// Multipliers divided by their mean.
fn relative_multipliers(comparisons: &Comparisons) -> Result<Vec<f64>, FitError> {
    let silent = || comparisons.rows().enumerate().filter(|(_, row)| row.intensity.is_none());
    if let Some((first, _)) = silent().next() {
        return Err(FitError::NoIntensity {
            count: silent().count(),
            line: comparisons.line(first),
        });
    }
    let intensities: Vec<f64> = comparisons.rows().filter_map(|row| row.intensity).collect();
    // Relative to the largest, so that none overflows; sorted, so that the
    // order of rows does not show.
    let top = intensities.iter().copied().fold(0.0, f64::max);
    let multipliers: Vec<f64> = intensities.iter().map(|log| maths::exp(log - top)).collect();
    let mut sorted = multipliers.clone();
    sorted.sort_unstable_by(f64::total_cmp);
    let mean = maths::sum(sorted) / multipliers.len() as f64;
    Ok(multipliers.into_iter().map(|multiplier| multiplier / mean).collect())
}
