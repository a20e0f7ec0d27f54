//! How well weights are known: standard errors of log weights.
//!
//! # Formula
//!
//! | for | covariance of `z` |
//! |---|---|
//! | Bradley–Terry | `H⁺`, `H = Σ n_ij p_ij p_ji (e_i − e_j)(e_i − e_j)ᵀ`, inverse with a prior |
//! | least squares | `σ² L⁺`, `σ² = Σ residual² / (rows − items + 1)` |
//! | clustered by juror | `K/(K − 1) · H⁺ (Σ_k g_k g_kᵀ) H⁺`, `g_k` the pull of juror `k`'s answers |
//!
//! Log weights are centred, so an item's error is that of its distance from the
//! mean of all. Up to a thousand items the first two are exact; above, they are
//! estimated to better than one per cent on graphs that random questions make,
//! and say how well.
//!
//! The first two take all answers for independent. Where a juror's answers
//! resemble each other, the third is the honest one, given a dozen jurors or
//! more.
//!
//! # Known weaknesses
//!
//! * They describe noise, not bias: jurors who share a prejudice agree.
//! * With few answers an item the curvature at the maximum understates how far
//!   it could lie on the unlikely side.
//! * Clustered errors are zero for a single juror's answers and too small for a
//!   few; they are refused below two.
//!
//! # Sources
//!
//! * Shah et al. (2016), on `L⁺`; White (1982) and Liang, Zeger (1986) for
//!   clustered errors.
//!
//! # Example
//!
//! ```
//! use allonet_weights::comparisons::{Choice, Tally};
//! use allonet_weights::rules::bradley_terry::Prior;
//! use allonet_weights::standard_errors::bradley_terry;
//!
//! // Eight answers, half for each: H = 8 · ¼ · [[1, −1], [−1, 1]].
//! let tally = Tally::from_columns(2, &[0; 8], &[1; 8], &[Choice::Tie; 8]);
//! let errors = bradley_terry(&tally, &[0.0, 0.0], Prior::default()).unwrap();
//! assert!((errors.values[0] - 0.125_f64.sqrt()).abs() < 1e-12);
//! ```

use allonet_core::maths;

use crate::comparisons::{Comparisons, Tally};
use crate::connectivity::islands;
use crate::estimate::logistic;
use crate::linear::block::{self, LANES, Lanes};
use crate::linear::{Laplacian, inverse_diagonal};
use crate::rules::bradley_terry::{Prior, curvature};

/// Standard errors of log weights.
#[derive(Debug, Clone, PartialEq)]
pub struct StandardErrors {
    /// One for each item.
    pub values: Vec<f64>,
    /// How far, relative to it, the least certain of them may be off (one
    /// standard error); zero where they are exact.
    pub relative_error: f64,
    /// Random vectors they were estimated from; zero where they are exact.
    pub probes: usize,
}

/// For weights of Bradley–Terry with this prior; none where items are on
/// several islands and no prior joins them.
///
/// # Panics
///
/// If there is not one log weight for each item.
pub fn bradley_terry(tally: &Tally, log_weights: &[f64], prior: Prior) -> Option<StandardErrors> {
    errors(&hessian(tally, log_weights, prior)?, 1.0)
}

/// For weights of least squares. None where items are on several islands, rows
/// are no more than unknowns, or a row does not say how much.
///
/// # Panics
///
/// If there is not one log weight for each item.
pub fn least_squares(comparisons: &Comparisons, log_weights: &[f64]) -> Option<StandardErrors> {
    assert_eq!(comparisons.items().len(), log_weights.len(), "a weight for each item");
    let tally = comparisons.tally();
    let spare = (comparisons.len() + 1).checked_sub(tally.items()).filter(|spare| *spare > 0)?;
    if islands(&tally).len() > 1 || !comparisons.all_have_intensity() {
        return None;
    }
    let squares = comparisons.rows().filter_map(|row| {
        let gap = log_weights[row.right as usize] - log_weights[row.left as usize];
        row.log_ratio().map(|log_ratio| (gap - log_ratio) * (gap - log_ratio))
    });
    let mut squares: Vec<f64> = squares.collect();
    squares.sort_unstable_by(f64::total_cmp);
    let variance = maths::sum(squares) / spare as f64;
    let games = tally.wins.iter().zip(&tally.losses).map(|(wins, losses)| wins + losses).collect();
    let none = vec![0.0; tally.items()];
    errors(&Laplacian::from_rows(&tally.offsets, &tally.others, games, &none), variance)
}

/// For weights of Bradley–Terry when answers of one juror may resemble each
/// other. None where items are on several islands and no prior joins them, or
/// there are fewer than two jurors with answers.
///
/// # Panics
///
/// If there is not one log weight for each item.
pub fn clustered(comparisons: &Comparisons, log_weights: &[f64], prior: Prior) -> Option<Vec<f64>> {
    let hessian = hessian(&comparisons.tally(), log_weights, prior)?;
    let by_juror = comparisons.rows_by_juror();
    let asked: Vec<&Vec<usize>> = by_juror.iter().filter(|rows| !rows.is_empty()).collect();
    if asked.len() < 2 {
        return None;
    }
    let mut variances = vec![0.0; log_weights.len()];
    for jurors in asked.chunks(LANES) {
        let mut pulls: Vec<Lanes> = vec![[0.0; LANES]; log_weights.len()];
        for (lane, rows) in jurors.iter().enumerate() {
            for row in rows.iter().map(|at| comparisons.row(*at)) {
                let (left, right) = (row.left as usize, row.right as usize);
                let chance = logistic(log_weights[right] - log_weights[left]);
                let surprise = f64::midpoint(1.0, row.choice.sign()) - chance;
                pulls[right][lane] += surprise;
                pulls[left][lane] -= surprise;
            }
        }
        let moved = block::solve(&hessian, &pulls, SOLVED);
        for (variance, moved) in variances.iter_mut().zip(&moved) {
            *variance += moved.iter().map(|moved| moved * moved).sum::<f64>();
        }
    }
    let jurors = asked.len() as f64;
    Some(variances.into_iter().map(|sum| (sum * jurors / (jurors - 1.0)).sqrt()).collect())
}

const SOLVED: f64 = 1e-11;

fn hessian(tally: &Tally, log_weights: &[f64], prior: Prior) -> Option<Laplacian> {
    assert_eq!(tally.items(), log_weights.len(), "a weight for each item");
    if prior.is_none() && islands(tally).len() > 1 {
        return None;
    }
    let (weights, added) = curvature(tally, prior, log_weights);
    Some(Laplacian::from_rows(&tally.offsets, &tally.others, weights, &added))
}

fn errors(information: &Laplacian, variance: f64) -> Option<StandardErrors> {
    let diagonal = inverse_diagonal(information)?;
    let values = diagonal.values.iter().map(|value| (value.max(0.0) * variance).sqrt());
    // The root halves a relative error.
    let relative_error = diagonal.relative_error / 2.0;
    Some(StandardErrors { values: values.collect(), relative_error, probes: diagonal.probes })
}

#[cfg(test)]
mod tests;
