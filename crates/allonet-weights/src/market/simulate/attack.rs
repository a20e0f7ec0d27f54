//! What a percentage point of weight costs somebody whose project is paid by
//! the prices.
//!
//! After all traders have come, a window of steps runs to the close. In each
//! step an honest trader, drawn at random, brings prices towards what they
//! believe with a fresh budget; then the attacker may buy; then the prices are
//! noted.
//!
//! | plan | what the attacker does |
//! |---|---|
//! | `last-step` | raises the price by `push` in the last step |
//! | `hold` | raises it to the same height in every step |
//!
//! | settlement | the weight |
//! |---|---|
//! | `spot` | the last price |
//! | `twap` | the mean over the window |
//! | `random-close` | the price of one step of the window, drawn after it |
//! | `challenge` | the last price; the jury's weight where it left its mean by the alarm |
//!
//! The attacker's tokens are paid by the jury; what they lose on them is the
//! cost. What is moved is the difference to the same run without an attack.
//! `safe pot` is the money that may hang on the weights before the attack pays:
//! the cost of all of the weight at the price of a point.

use rayon::prelude::*;
use serde::Serialize;

use super::entry::after_all;
use super::float::Float;
use super::scene::Scene;
use super::{Figure, World};
use crate::market::MarketError;

/// When the attacker buys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Plan {
    /// In the last step.
    LastStep,
    /// In every step of the window.
    Hold,
}

/// What makes weights of prices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Settlement {
    /// The last price.
    Spot,
    /// The mean over the window.
    Twap,
    /// One step drawn afterwards.
    RandomClose,
    /// The last price, or a jury where it left its mean.
    Challenge,
}

impl Plan {
    /// Both.
    pub const ALL: [Self; 2] = [Self::LastStep, Self::Hold];

    /// How it is written.
    pub fn id(self) -> &'static str {
        match self {
            Self::LastStep => "last-step",
            Self::Hold => "hold",
        }
    }
}

impl Settlement {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Spot, Self::Twap, Self::RandomClose, Self::Challenge];

    /// How it is written.
    pub fn id(self) -> &'static str {
        match self {
            Self::Spot => "spot",
            Self::Twap => "twap",
            Self::RandomClose => "random-close",
            Self::Challenge => "challenge",
        }
    }

    /// The weight of a project from its prices in the window.
    fn weight(self, prices: &[f64], drawn: usize, jury: f64, alarm: f64) -> f64 {
        let last = prices[prices.len() - 1];
        let mean = allonet_core::maths::sum(prices.iter().copied()) / prices.len() as f64;
        match self {
            Self::Twap => mean,
            Self::RandomClose => prices[drawn],
            Self::Challenge if (last - mean).abs() > alarm => jury,
            Self::Spot | Self::Challenge => last,
        }
    }
}

/// An attack under a settlement.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// What makes weights of prices.
    pub settlement: Settlement,
    /// When the attacker buys.
    pub plan: Plan,
    /// By how many percentage points the weight moved.
    pub moved_points: Figure,
    /// What the attacker lost on tokens.
    pub cost: Figure,
    /// Cost for each percentage point; a huge number where nothing moved.
    pub cost_per_point: Figure,
    /// Money that may hang on the weights before the attack pays.
    pub safe_pot: Figure,
    /// What the attacker earned, with the pot of the world.
    pub profit: Figure,
}

/// One run: what was paid for the attack, and prices of the attacker's project
/// without and with it.
struct Run {
    cost: [f64; 2],
    honest: Vec<f64>,
    attacked: [Vec<f64>; 2],
    drawn: usize,
    jury: f64,
}

/// Plays all settlements and plans.
pub fn play(world: &World) -> Result<Vec<Row>, MarketError> {
    let runs: Vec<Run> =
        (0..world.runs).into_par_iter().map(|run| one(world, run)).collect::<Result<_, _>>()?;
    let mut rows = Vec::new();
    for settlement in Settlement::ALL {
        for plan in Plan::ALL {
            rows.push(row(world, &runs, settlement, plan));
        }
    }
    Ok(rows)
}

fn row(world: &World, runs: &[Run], settlement: Settlement, plan: Plan) -> Row {
    let at = usize::from(plan == Plan::Hold);
    let points = |run: &Run| {
        let weigh = |prices: &[f64]| settlement.weight(prices, run.drawn, run.jury, world.alarm);
        100.0 * (weigh(&run.attacked[at]) - weigh(&run.honest))
    };
    let moved: Vec<f64> = runs.iter().map(points).collect();
    let cost: Vec<f64> = runs.iter().map(|run| run.cost[at]).collect();
    let profit: Vec<f64> =
        moved.iter().zip(&cost).map(|(moved, cost)| world.pot * moved / 100.0 - cost).collect();
    let cost_per_point = Figure::ratio(&cost, &moved, world.seed);
    let whole = |x: f64| if x < f64::MAX { 100.0 * x } else { x };
    Row {
        settlement,
        plan,
        moved_points: Figure::mean(&moved, world.seed),
        cost: Figure::mean(&cost, world.seed),
        cost_per_point,
        safe_pot: Figure {
            mean: whole(cost_per_point.mean),
            low: whole(cost_per_point.low),
            high: whole(cost_per_point.high),
        },
        profit: Figure::mean(&profit, world.seed),
    }
}

fn one(world: &World, run: usize) -> Result<Run, MarketError> {
    let mut scene = Scene::draw(world, run, world.traders)?;
    let (maker, _) = after_all(world, &scene, world.liquidity);
    let project = scene.random.below(world.outcomes);
    let visitors: Vec<usize> =
        (0..world.window).map(|_| scene.random.below(world.traders)).collect();
    let drawn = scene.random.below(world.window);
    let target = (maker.prices()[project] + world.push).min(0.99);
    let play = |plan| window(world, &scene, maker.clone(), &visitors, project, plan, target);
    let (honest, _) = play(None);
    let (last, last_cost) = play(Some(Plan::LastStep));
    let (held, held_cost) = play(Some(Plan::Hold));
    let jury = scene.payout[project];
    Ok(Run { cost: [last_cost, held_cost], honest, attacked: [last, held], drawn, jury })
}

/// Prices of the project at the end of each step, and the attacker's loss.
fn window(
    world: &World,
    scene: &Scene,
    mut maker: Float,
    visitors: &[usize],
    project: usize,
    plan: Option<Plan>,
    target: f64,
) -> (Vec<f64>, f64) {
    let mut cost = 0.0;
    let mut prices = Vec::with_capacity(visitors.len());
    for (step, visitor) in visitors.iter().enumerate() {
        maker.trade_to(&scene.beliefs[*visitor], world.budget);
        let is_last = step + 1 == visitors.len();
        if plan == Some(Plan::Hold) || (plan == Some(Plan::LastStep) && is_last) {
            // From where the honest left it, as high as `push` above the start.
            let height = match plan {
                Some(Plan::LastStep) => (maker.prices()[project] + world.push).min(0.99),
                _ => target,
            };
            cost -= maker.raise(project, height).profit(&scene.payout);
        }
        prices.push(maker.prices()[project]);
    }
    (prices, cost)
}
