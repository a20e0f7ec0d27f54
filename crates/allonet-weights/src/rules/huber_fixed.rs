//! Huber's loss in log space with a threshold fixed from the answers: answers
//! far from what the weights say pull with a constant force, not with the
//! square.
//!
//! # Formula
//!
//! ```text
//! δ = 1.345 · MAD(c) / 0.67449
//! repeat  w = min(1, δ / |c − (z_b − z_a)|)
//!         (Xᵀ W X + ridge·I) z = Xᵀ W c,   z −= mean z
//! until the step is at most 1e-8 (1 + ‖z‖), or 75 times;   weights ∝ e^z
//! ```
//!
//! If the MAD is zero the mean absolute deviation stands for it, and if that is
//! zero too, 1.
//!
//! # Known weaknesses
//!
//! * The MAD is that of the answers, not of the errors: where items differ a
//!   lot, no answer counts as far off, and the rule is least squares.
//! * The published threshold is taken about the median of answers as they were
//!   shown: which item stood first moves it a little. `both-sides` mends that.
//! * The tiny ridge also places islands; a warning says so.
//!
//! # Sources
//!
//! * The pilot round's published analysis of Deep Funding.
//! * Huber (1964), *Robust estimation of a location parameter*.

use super::answers::{directions, least_squares, log_ratios};
use super::huber::{
    BOTH_SIDES, DIRECTIONS, NORMAL_MAD, Spread, TUNING, residuals, settled, unsettled, weights,
};
use super::{FitError, Parameter, Parameters, Rule, Uses};
use crate::comparisons::Comparisons;
use crate::connectivity::{centred_islands_warning, require_one_island};
use crate::estimate::{Estimate, centre};

/// What the rule says of itself.
pub(super) const RULE: Rule = Rule {
    id: "huber-fixed",
    title: "Huber in log space, threshold from the answers (pilot)",
    formula: "min Σ huber_δ(z_b − z_a − c), δ = 1.345 MAD(c) / 0.6745",
    uses: Uses::Intensity,
    by_time: false,
    by_record: false,
    parameters: &[
        Parameter {
            name: "ridge",
            default: 1e-6,
            min: 0.0,
            max: 1e9,
            doc: "Draws all weights towards each other.",
        },
        Parameter {
            name: "iterations",
            default: 75.0,
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
    let answers = if parameters.says(DIRECTIONS.name) {
        directions(comparisons)
    } else {
        log_ratios(comparisons)?
    };
    let (ridge, most) = (parameters.of("ridge"), parameters.count("iterations"));
    if ridge == 0.0 {
        require_one_island(comparisons)?;
    }
    let values: Vec<f64> = answers.iter().map(|answer| answer.value).collect();
    let spread = Spread::of(&answers, &values, parameters);
    let scale = [spread.mad, spread.mean].into_iter().find(|scale| *scale > 0.0).unwrap_or(1.0);
    let threshold = TUNING * scale / NORMAL_MAD;
    let mut z = vec![0.0; comparisons.items().len()];
    let (mut iterations, mut done) = (0, false);
    while !done && iterations < most {
        let weights = weights(&residuals(&answers, &z), threshold);
        let mut next = least_squares(z.len(), &answers, &weights, ridge).values;
        centre(&mut next);
        done = settled(&z, &next);
        z = next;
        iterations += 1;
    }
    let mut estimate = Estimate::centred(z, iterations);
    estimate.warnings.extend(centred_islands_warning(comparisons));
    estimate.warnings.extend((!done).then(|| unsettled(iterations)));
    Ok(estimate)
}
