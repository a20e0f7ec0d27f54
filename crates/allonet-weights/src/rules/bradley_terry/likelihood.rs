//! Sums over the likelihood of Bradley–Terry, row by row of a tally.

use allonet_core::maths;
use rayon::prelude::*;

use crate::comparisons::Tally;
use crate::estimate::logistic;

/// What is believed before anybody was asked, as parts of the log likelihood.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Prior {
    /// `α`: every item won and lost so many times against an item of log
    /// weight zero.
    pub virtual_games: f64,
    /// `λ`: log weights are normal around zero with variance `1/λ`.
    pub precision: f64,
}

impl Prior {
    /// Whether it says nothing.
    pub fn is_none(self) -> bool {
        self.virtual_games == 0.0 && self.precision == 0.0
    }
}

/// What pulls an item up and down; equal at the maximum.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Pull {
    /// Wins, each weighed by the probability that it would not have been one.
    pub(crate) up: f64,
    /// Losses, each weighed by the probability that it would not have been one.
    pub(crate) down: f64,
}

/// Rows of a piece of work for a thread.
const ROWS: usize = 64;
/// Beyond it, `e^z` could overflow or vanish in a product.
const SAFE: f64 = 300.0;

/// The pull on every item: `∂ log likelihood / ∂z = up − down`.
pub(crate) fn pulls(tally: &Tally, prior: Prior, log_weights: &[f64]) -> Vec<Pull> {
    let safe = log_weights.iter().all(|log| log.abs() < SAFE);
    let strengths: Vec<f64> =
        if safe { log_weights.iter().map(|log| maths::exp(*log)).collect() } else { Vec::new() };
    let pull = |item: usize| {
        let direct = if safe {
            row_pull(tally, &strengths, item)
        } else {
            careful_pull(tally, log_weights, item)
        };
        with_prior(direct, prior, log_weights[item])
    };
    (0..tally.items()).into_par_iter().with_min_len(ROWS).map(pull).collect()
}

/// One division an entry; four running sums that processors do side by side.
fn row_pull(tally: &Tally, strengths: &[f64], item: usize) -> Pull {
    let range = tally.offsets[item]..tally.offsets[item + 1];
    let own = strengths[item];
    let (others, others_rest) = tally.others[range.clone()].as_chunks::<4>();
    let (wins, wins_rest) = tally.wins[range.clone()].as_chunks::<4>();
    let (losses, losses_rest) = tally.losses[range].as_chunks::<4>();
    let (mut up, mut down) = ([0.0; 4], [0.0; 4]);
    for ((others, wins), losses) in others.iter().zip(wins).zip(losses) {
        let others = others.map(|other| strengths[other as usize]);
        for lane in 0..4 {
            let part = 1.0 / (own + others[lane]);
            up[lane] += wins[lane] * (others[lane] * part);
            down[lane] += losses[lane] * part;
        }
    }
    for ((other, wins), losses) in others_rest.iter().zip(wins_rest).zip(losses_rest) {
        let other = strengths[*other as usize];
        let part = 1.0 / (own + other);
        up[0] += wins * (other * part);
        down[0] += losses * part;
    }
    let total = |lanes: [f64; 4]| (lanes[0] + lanes[2]) + (lanes[1] + lanes[3]);
    Pull { up: total(up), down: own * total(down) }
}

/// The same for log weights of any size.
fn careful_pull(tally: &Tally, log_weights: &[f64], item: usize) -> Pull {
    let mut pull = Pull { up: 0.0, down: 0.0 };
    for (other, wins, losses) in tally.row(item) {
        let gap = log_weights[item] - log_weights[other];
        pull.up += wins * logistic(-gap);
        pull.down += losses * logistic(gap);
    }
    pull
}

/// The normal prior pulls with `−λz`; so much is added to both sides that
/// neither is zero where an item only won or only lost.
fn with_prior(mut pull: Pull, prior: Prior, log_weight: f64) -> Pull {
    if prior.virtual_games > 0.0 {
        pull.up += prior.virtual_games * logistic(-log_weight);
        pull.down += prior.virtual_games * logistic(log_weight);
    }
    if prior.precision > 0.0 {
        pull.up += prior.precision * (1.0 + (-log_weight).max(0.0));
        pull.down += prior.precision * (1.0 + log_weight.max(0.0));
    }
    pull
}

/// Weights of the Hessian's Laplacian, `n p (1 − p)` for each entry of the
/// tally, and what priors add to its diagonal.
pub(crate) fn curvature(tally: &Tally, prior: Prior, log_weights: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let entries = |item: usize| {
        tally.row(item).map(move |(other, wins, losses)| {
            let chance = logistic(-(log_weights[item] - log_weights[other]).abs());
            (wins + losses) * (chance * (1.0 - chance))
        })
    };
    let mut weights = vec![0.0; tally.others.len()];
    let mut rest = weights.as_mut_slice();
    let mut rows = Vec::with_capacity(tally.items());
    for item in 0..tally.items() {
        let length = tally.offsets[item + 1] - tally.offsets[item];
        rows.push((item, rest.split_off_mut(..length).expect("rows add up")));
    }
    rows.into_par_iter().with_min_len(ROWS).for_each(|(item, row)| {
        row.iter_mut().zip(entries(item)).for_each(|(weight, entry)| *weight = entry);
    });
    let diagonal = log_weights.iter().map(|log| {
        let chance = logistic(-log.abs());
        2.0 * prior.virtual_games * (chance * (1.0 - chance)) + prior.precision
    });
    (weights, diagonal.collect())
}
