//! One juror's likelihood for every reliability on a grid, with derivatives.
//!
//! ```text
//! P(right wins | γ) = |γ| σ(±(z_b − z_a + β)) + (1 − |γ|) σ(q),   ± the sign of γ
//! L(γ)   = Π P^y (1 − P)^(1 − y),   p(γ | answers) ∝ p(γ) L(γ)
//! score  = Σ_γ p(γ | answers) ∂ ln L(γ)            (Fisher's identity)
//! weight = Σ_γ p(γ | answers) (∂P)² / (P (1 − P))  (expected information)
//! ```
//!
//! Gaps are known with a variance `v`, and what counts is `ln σ` averaged over
//! it. `ln σ(κ x) / κ` with `κ = 1 / √(1 + π v / 8)` has very nearly the right
//! slope, `E[1 − σ(x)] ≈ 1 − σ(κ x)` (`MacKay`, 1992): so gaps are multiplied by
//! `κ` and logarithms divided by it, with one `κ`, the damping, for each juror.

use allonet_core::maths;

use super::answers::gap;
use super::{Block, Juror, Row};
use crate::estimate::logistic;

/// Reliabilities looked at: reversed jurors in quarters, others in twentieths.
pub(in crate::rules) const GRID: usize = REVERSED + 21;
/// How many of them are below zero.
pub(in crate::rules) const REVERSED: usize = 4;

/// The reliabilities, rising from −1 to 1.
pub(in crate::rules) fn grid() -> [f64; GRID] {
    std::array::from_fn(|at| {
        if at < REVERSED {
            at as f64 / REVERSED as f64 - 1.0
        } else {
            (at - REVERSED) as f64 / 20.0
        }
    })
}

/// Beyond this log weights make no difference to an answer.
const FARTHEST: f64 = 30.0;
/// Posterior mass that may be forgotten.
const NOTHING: f64 = 1e-12;
/// Answers multiplied before a logarithm is taken.
const STRIDE: usize = 12;

/// What a juror's answers depend on besides the items.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::rules) struct Habits {
    /// Pull to the right when diligent.
    pub(in crate::rules) side: f64,
    /// Log odds of the right side when not.
    pub(in crate::rules) lean: f64,
}

/// First derivative of the log likelihood, and the expected second one with its
/// sign changed.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(in crate::rules) struct Slope {
    pub(in crate::rules) score: f64,
    pub(in crate::rules) weight: f64,
}

/// One juror, seen from the present log weights and habits.
#[derive(Debug, Clone)]
pub(in crate::rules) struct View {
    /// Logarithm of the probability of its answers.
    pub(in crate::rules) evidence: f64,
    /// Probability of each reliability.
    pub(in crate::rules) posterior: [f64; GRID],
    /// By answer, along the gap of its items.
    pub(in crate::rules) gaps: Vec<Slope>,
    /// Along the side bias.
    pub(in crate::rules) side: Slope,
    /// Along the lean.
    pub(in crate::rules) lean: Slope,
}

impl View {
    /// Looks at a juror.
    pub(in crate::rules) fn new(
        juror: &Juror,
        log_weights: &[f64],
        habits: Habits,
        damping: f64,
        log_prior: &[f64; GRID],
    ) -> Self {
        let grid = grid();
        let at_random = logistic(habits.lean);
        let diligent: Vec<f64> =
            juror.rows.iter().map(|row| diligent(log_weights, row, habits, damping)).collect();
        let (evidence, posterior) = weigh(juror, &diligent, at_random, &grid, (log_prior, damping));
        let mut view = Self {
            evidence,
            posterior,
            gaps: Vec::with_capacity(juror.rows.len()),
            side: Slope::default(),
            lean: Slope::default(),
        };
        let likely: Vec<(f64, f64)> = grid
            .iter()
            .zip(posterior)
            .filter(|(_, mass)| *mass > NOTHING)
            .map(|(reliability, mass)| (*reliability, mass))
            .collect();
        for (row, diligent) in juror.rows.iter().zip(diligent) {
            let (gap, lean) = slopes(row.said, diligent, at_random, &likely);
            let gap = Slope { score: gap.score, weight: gap.weight * damping };
            view.side.score += gap.score;
            view.side.weight += gap.weight;
            view.lean.score += lean.score / damping;
            view.lean.weight += lean.weight / damping;
            view.gaps.push(gap);
        }
        view
    }

    /// Mean and variance of the reliability.
    pub(in crate::rules) fn reliability(&self) -> (f64, f64) {
        let grid = grid();
        let moment = |power: &dyn Fn(f64) -> f64| -> f64 {
            grid.iter().zip(self.posterior).map(|(at, mass)| mass * power(*at)).sum()
        };
        let mean = moment(&|at| at);
        (mean, moment(&|at| (at - mean) * (at - mean)))
    }

    /// Where the probability of a smaller reliability passes `part`.
    pub(in crate::rules) fn quantile(&self, part: f64) -> f64 {
        let mut below = 0.0;
        for (at, mass) in grid().into_iter().zip(self.posterior) {
            below += mass;
            if below >= part {
                return at;
            }
        }
        1.0
    }
}

/// Probability that a diligent juror prefers the right item.
fn diligent(log_weights: &[f64], row: &Row, habits: Habits, damping: f64) -> f64 {
    let gap = damping * (gap(log_weights, row) + habits.side);
    logistic(gap.clamp(-FARTHEST, FARTHEST))
}

/// By how much gaps known with a variance are damped.
///
/// Where answers say next to nothing against any gap, however wide, damping and
/// spread would drive each other up without end: more than a variance of 4 is
/// not damped for.
pub(in crate::rules) fn damping(variance: f64) -> f64 {
    1.0 / (1.0 + std::f64::consts::PI * variance.clamp(0.0, 4.0) / 8.0).sqrt()
}

/// Probability that the right item wins, at one reliability.
fn right_wins(reliability: f64, diligent: f64, at_random: f64) -> f64 {
    let follows = if reliability < 0.0 { 1.0 - diligent } else { diligent };
    reliability.abs() * follows + (1.0 - reliability.abs()) * at_random
}

/// Evidence, and probability of each reliability.
fn weigh(
    juror: &Juror,
    diligent: &[f64],
    at_random: f64,
    grid: &[f64; GRID],
    (log_prior, damping): (&[f64; GRID], f64),
) -> (f64, [f64; GRID]) {
    let mut logs = *log_prior;
    for (rows, diligent) in juror.rows.chunks(STRIDE).zip(diligent.chunks(STRIDE)) {
        let mut products = [1.0; GRID];
        for (row, diligent) in rows.iter().zip(diligent) {
            for (product, reliability) in products.iter_mut().zip(grid) {
                let right = right_wins(*reliability, *diligent, at_random);
                *product *= likelihood(row.said, right);
            }
        }
        for (log, product) in logs.iter_mut().zip(products) {
            *log += maths::ln(product) / damping;
        }
    }
    let top = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let parts = logs.map(|log| maths::exp(log - top));
    let sum: f64 = parts.iter().sum();
    (top + maths::ln(sum), parts.map(|part| part / sum))
}

/// `p^y (1 − p)^(1 − y)` for `y` of 0, ½ and 1.
fn likelihood(said: f64, right: f64) -> f64 {
    if said > 0.75 {
        right
    } else if said < 0.25 {
        1.0 - right
    } else {
        (right * (1.0 - right)).sqrt()
    }
}

/// Derivatives of one answer's log likelihood along its gap and along the lean.
fn slopes(said: f64, diligent: f64, at_random: f64, likely: &[(f64, f64)]) -> (Slope, Slope) {
    let steep = diligent * (1.0 - diligent);
    let lean_steep = at_random * (1.0 - at_random);
    let (mut gap, mut lean) = (Slope::default(), Slope::default());
    for (reliability, mass) in likely {
        let right = right_wins(*reliability, diligent, at_random);
        let precision = mass / (right * (1.0 - right));
        let surprise = said - right;
        let along = reliability * steep;
        gap.score += precision * along * surprise;
        gap.weight += precision * along * along;
        let along = (1.0 - reliability.abs()) * lean_steep;
        lean.score += precision * along * surprise;
        lean.weight += precision * along * along;
    }
    (gap, lean)
}

/// What the uncertainty of one juror's habits and reliability takes off the
/// information on items. `side` and `lean` are precisions of the priors.
pub(in crate::rules) fn block(
    juror: &Juror,
    view: &View,
    log_weights: &[f64],
    (habits, damping): (Habits, f64),
    (side, lean): (f64, f64),
) -> Block {
    let (reliability, variance) = view.reliability();
    let at_random = logistic(habits.lean);
    let mut cross = vec![[0.0; 3]; juror.items.len()];
    let mut precision = [[side, 0.0, 0.0], [0.0, lean, 0.0], [0.0, 0.0, 0.0]];
    for row in &juror.rows {
        let diligent = diligent(log_weights, row, habits, damping);
        let right = right_wins(reliability, diligent, at_random);
        let follows = if reliability < 0.0 { diligent - 1.0 } else { diligent };
        let along_gap = reliability * diligent * (1.0 - diligent);
        let along = [
            along_gap,
            (1.0 - reliability.abs()) * at_random * (1.0 - at_random),
            follows - at_random * if reliability < 0.0 { -1.0 } else { 1.0 },
        ];
        for (k, slope) in along.iter().enumerate() {
            let shared = damping * slope / (right * (1.0 - right));
            cross[row.right_at as usize][k] += along_gap * shared;
            cross[row.left_at as usize][k] -= along_gap * shared;
            for (other, slope) in along.iter().enumerate().take(k + 1) {
                precision[k][other] += shared * slope;
            }
        }
    }
    // The grid knows the reliability better than a normal approximation at its
    // ends does; never worse than the answers say.
    precision[2][2] = precision[2][2].max(1.0 / variance.max(1e-12));
    Block::new(&juror.items, &cross, &precision)
}
