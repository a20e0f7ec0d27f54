//! Huber's loss in log space with a threshold taken anew from what the weights
//! leave unexplained, for answers that say only who won too.
//!
//! # Formula
//!
//! ```text
//! c = ±ln(multiplier), or ±1 where the juror did not say how much
//! z by least squares;  repeat
//!   r = c − (z_b − z_a),  δ = 1.345 · MAD(r) / 0.67449,  w = min(1, δ / |r|)
//!   Xᵀ W X z = Xᵀ W c,   z −= mean z
//! until the step is at most 1e-8 (1 + ‖z‖), or 50 times;   weights ∝ e^z
//! ```
//!
//! If the MAD is zero the mean absolute deviation stands for `MAD / 0.67449`,
//! and if that is zero too, 1.
//!
//! # Known weaknesses
//!
//! * Counting a win as a log ratio of 1 holds weights together: nobody can be
//!   worth more than `e` times whom it always beats. Weights of directions alone
//!   are flat (0.024 at the top of 98 items in GG24) by construction.
//! * Answers with and without how much are on two scales; a warning says where
//!   both stand in one table.
//! * The published threshold minds which item was shown first; `both-sides`
//!   mends that.
//!
//! # Sources
//!
//! * The published analysis of Deep Funding's round in GG24 (`huber-log`).
//! * Huber (1964), *Robust estimation of a location parameter*.

use super::answers::{answers, directions, least_squares};
use super::huber::{
    BOTH_SIDES, DIRECTIONS, NORMAL_MAD, Spread, TUNING, residuals, settled, unsettled, weights,
};
use super::{FitError, Parameter, Parameters, Rule, Uses};
use crate::comparisons::Comparisons;
use crate::connectivity::require_one_island;
use crate::estimate::{Estimate, centre};

/// What the rule says of itself.
pub(super) const RULE: Rule = Rule {
    id: "huber-adaptive",
    title: "Huber in log space, threshold from the residuals (GG24)",
    formula: "min Σ huber_δ(z_b − z_a − c), δ = 1.345 MAD(residuals) / 0.6745; c = ±1 for a win",
    uses: Uses::Intensity,
    by_time: false,
    by_record: false,
    parameters: &[
        Parameter {
            name: "iterations",
            default: 50.0,
            min: 1.0,
            max: 100_000.0,
            doc: "How often answers are weighed anew at most.",
        },
        DIRECTIONS,
        BOTH_SIDES,
    ],
    fit,
};

fn fit(comparisons: &Comparisons, parameters: &Parameters) -> Result<Estimate, FitError> {
    require_one_island(comparisons)?;
    let only_directions = parameters.says(DIRECTIONS.name);
    let answers = if only_directions {
        directions(comparisons)
    } else {
        answers(comparisons, |row| row.log_ratio().unwrap_or(row.choice.sign()))
    };
    let items = comparisons.items().len();
    let mut z = least_squares(items, &answers, &vec![1.0; answers.len()], 0.0).values;
    let (mut iterations, mut done) = (0, false);
    while !done && iterations < parameters.count("iterations") {
        let residuals = residuals(&answers, &z);
        let spread = Spread::of(&answers, &residuals, parameters);
        let scale = [spread.mad / NORMAL_MAD, spread.mean].into_iter().find(|scale| *scale > 0.0);
        let weights = weights(&residuals, TUNING * scale.unwrap_or(1.0));
        let mut next = least_squares(items, &answers, &weights, 0.0).values;
        centre(&mut next);
        done = settled(&z, &next);
        z = next;
        iterations += 1;
    }
    let mut estimate = Estimate::centred(z, iterations);
    let mixed = !comparisons.all_have_intensity() && !comparisons.none_has_intensity();
    estimate.warnings.extend((mixed && !only_directions).then(|| {
        "some answers say how much and some only who won: the latter count as a log ratio of 1"
            .to_owned()
    }));
    estimate.warnings.extend((!done).then(|| unsettled(iterations)));
    Ok(estimate)
}
