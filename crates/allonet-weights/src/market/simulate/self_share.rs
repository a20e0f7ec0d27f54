//! What it costs a project to claim more of its money as its own work.
//!
//! A market forecasts the share `o` of a project's money that is its own work;
//! its collateral are tokens `S` of the project, worth `1/n` before the draw,
//! paying `1/s` if the project is one of the `s` judged and nothing else (see
//! [`conditional`](crate::market::conditional)). The owner buys UP until the
//! price is four times `push` higher. If the project is judged, the jury's
//! answer sets the share and the owner loses on the tokens; if not, the price
//! sets it and the owner gains the pot's part of the project times the rise.
//!
//! The expected cost does not depend on how many are judged: what is judged
//! less often pays more. Only the gain falls, with the part that escapes. Both
//! are means over the draw of who is judged; intervals are over everything else.

use rayon::prelude::*;
use serde::Serialize;

use super::float::Float;
use super::scene::Scene;
use super::{Figure, World};
use crate::estimate::logistic;
use crate::market::MarketError;

/// Parts of all projects that are judged.
const JUDGED: [f64; 5] = [0.05, 0.2, 0.5, 0.9, 1.0];

/// A claim where a part of the projects is judged.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// The part of the projects that is judged.
    pub judged: f64,
    /// How many times more a right trade earns than where all are judged.
    pub leverage: f64,
    /// What the owner gained by the weights.
    pub gain: Figure,
    /// What the owner lost on tokens.
    pub cost: Figure,
    /// Gain less cost.
    pub profit: Figure,
}

/// Plays all parts.
pub fn play(world: &World) -> Result<Vec<Row>, MarketError> {
    JUDGED.into_iter().map(|judged| row(world, judged)).collect()
}

fn row(world: &World, judged: f64) -> Result<Row, MarketError> {
    let runs: Vec<(f64, f64)> = (0..world.runs)
        .into_par_iter()
        .map(|run| one(world, judged, run))
        .collect::<Result<_, _>>()?;
    let gain: Vec<f64> = runs.iter().map(|run| run.0).collect();
    let cost: Vec<f64> = runs.iter().map(|run| run.1).collect();
    let profit: Vec<f64> = runs.iter().map(|(gain, cost)| gain - cost).collect();
    Ok(Row {
        judged,
        leverage: 1.0 / judged,
        gain: Figure::mean(&gain, world.seed),
        cost: Figure::mean(&cost, world.seed),
        profit: Figure::mean(&profit, world.seed),
    })
}

/// Gain and cost of the owner of a random project.
fn one(world: &World, judged: f64, run: usize) -> Result<(f64, f64), MarketError> {
    let mut scene = Scene::draw(world, run, world.traders)?;
    let project = scene.random.below(world.outcomes);
    // In log odds: the truth, then what the last trader and the jury see of it.
    let truth = scene.random.normal();
    let seen = truth + world.noise.0 * scene.random.normal();
    let told = truth + world.jury_noise / (world.comparisons as f64).sqrt() * scene.random.normal();
    let share = |odds: f64| logistic(odds).clamp(0.01, 0.99);
    let mut maker = Float::new(world.liquidity, 2);
    maker.trade_to(&[share(seen), 1.0 - share(seen)], f64::MAX);
    let before = maker.prices()[0];
    let bundle = maker.raise(0, (before + 4.0 * world.push).min(0.99));
    let rise = maker.prices()[0] - before;
    // A token S is bought at its expected worth.
    let each = 1.0 / world.outcomes as f64;
    let paid = bundle.cost * each;
    // In the mean over the draw: judged with probability s/n, then paid n/s as much.
    let back = bundle.tokens[0] * share(told) * each;
    let gain = (1.0 - judged) * world.pot * scene.truth[project] * rise;
    Ok((gain, paid - back))
}
