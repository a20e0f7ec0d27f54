//! How far off prices are in thin markets, and what the subsidy buys.
//!
//! The market maker of the [entry](super::entry) table, with a tenth to ten
//! times the liquidity, and an eighth to all of the traders.

use allonet_core::maths;
use rayon::prelude::*;
use serde::Serialize;

use super::entry::after_all;
use super::scene::{Scene, variation};
use super::{Figure, World};
use crate::market::MarketError;

/// A market of some liquidity and some traders.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// The market maker's `b`.
    pub liquidity: f64,
    /// How many traders came.
    pub traders: usize,
    /// Distance of the last prices from the truth (total variation).
    pub error: Figure,
    /// Distance of the jury's weights from the truth: what a perfect forecast
    /// of the jury would have.
    pub jury_error: Figure,
    /// What the sponsor lost.
    pub paid: Figure,
    /// The most the sponsor could lose, `b ln n`.
    pub bound: f64,
}

/// Plays all liquidities and numbers of traders.
pub fn play(world: &World) -> Result<Vec<Row>, MarketError> {
    let mut rows = Vec::new();
    for scale in [0.1, 0.3, 1.0, 3.0, 10.0] {
        for part in [8, 2, 1] {
            rows.push(row(world, world.liquidity * scale, (world.traders / part).max(1))?);
        }
    }
    Ok(rows)
}

fn row(world: &World, liquidity: f64, traders: usize) -> Result<Row, MarketError> {
    let one = |run| -> Result<[f64; 3], MarketError> {
        let scene = Scene::draw(world, run, traders)?;
        let (maker, _) = after_all(world, &scene, liquidity);
        let error = variation(&maker.prices(), &scene.truth);
        let jury = variation(&scene.payout, &scene.truth);
        Ok([error, jury, maker.loss(&scene.payout, world.outcomes)])
    };
    let runs: Vec<[f64; 3]> = (0..world.runs).into_par_iter().map(one).collect::<Result<_, _>>()?;
    let figure = |column: usize| {
        Figure::mean(&runs.iter().map(|run| run[column]).collect::<Vec<_>>(), world.seed)
    };
    Ok(Row {
        liquidity,
        traders,
        error: figure(0),
        jury_error: figure(1),
        paid: figure(2),
        bound: liquidity * maths::ln(world.outcomes as f64),
    })
}
