//! Does the better model earn more, or who comes first?
//!
//! | mechanism | what it does |
//! |---|---|
//! | `lmsr` | one market maker, traders one after the other |
//! | `constant-product`, `concentrated` | exact pools, complete sets, the trading app's strategy |
//! | `batch-auction` | the market maker trades with a batch at a time, at one price for all in it |
//! | `time-weighted` | a market maker of `b / steps` anew in each step, see below |
//!
//! With time-weighted scoring all who have come so far trade in each step, in an
//! order drawn anew: a forecast is paid for as long as it stands.
//!
//! Quality is minus the noise of what a trader sees. The slope is that of
//! profit over entry at equal quality, by least squares over both.

use allonet_core::maths;
use allonet_core::money::Amount;
use allonet_core::time::Instant;
use rayon::prelude::*;
use serde::Serialize;

use super::figure::{correlation, slope_at_equal};
use super::float::Float;
use super::scene::{Scene, dot, variation};
use super::{Figure, World};
use crate::market::fixed::floor;
use crate::market::log::{Action, Event};
use crate::market::strategy::{Trader, orders};
use crate::market::tick::{TICK_MIN, tick_below};
use crate::market::{Market, MarketError};

/// How trades are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mechanism {
    /// A logarithmic market scoring rule.
    Lmsr,
    /// Pools of constant product.
    ConstantProduct,
    /// Pools of concentrated liquidity.
    Concentrated,
    /// Frequent batch auctions.
    BatchAuction,
    /// Time-weighted scoring.
    TimeWeighted,
}

impl Mechanism {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Lmsr,
        Self::ConstantProduct,
        Self::Concentrated,
        Self::BatchAuction,
        Self::TimeWeighted,
    ];

    /// How it is written.
    pub fn id(self) -> &'static str {
        match self {
            Self::Lmsr => "lmsr",
            Self::ConstantProduct => "constant-product",
            Self::Concentrated => "concentrated",
            Self::BatchAuction => "batch-auction",
            Self::TimeWeighted => "time-weighted",
        }
    }
}

/// What traders earn under a mechanism.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// The mechanism.
    pub mechanism: Mechanism,
    /// Correlation of a trader's quality and profit.
    pub quality: Figure,
    /// Correlation of a trader's time of entry and profit.
    pub entry: Figure,
    /// What a trader of equal quality loses for each step of later entry.
    pub lost_per_step: Figure,
    /// The same as a part of what the sponsor or the providers pay: mechanisms
    /// that pay less cannot look fairer for it.
    pub lost_of_paid: Figure,
    /// What the first quarter of traders earns of all that is earned by anyone
    /// who earns.
    pub first_quarter: Figure,
    /// Distance of the last prices from the truth (total variation).
    pub error: Figure,
    /// What the sponsor or the providers of liquidity lose.
    pub paid: Figure,
}

/// What a run ends with.
struct Outcome {
    profits: Vec<f64>,
    prices: Vec<f64>,
    paid: f64,
}

/// A run in figures.
#[derive(Default)]
struct Measured {
    quality: f64,
    entry: f64,
    lost: f64,
    first: f64,
    error: f64,
    paid: f64,
}

/// Plays all mechanisms.
pub fn play(world: &World) -> Result<Vec<Row>, MarketError> {
    Mechanism::ALL.into_iter().map(|mechanism| row(world, mechanism)).collect()
}

fn row(world: &World, mechanism: Mechanism) -> Result<Row, MarketError> {
    let runs: Vec<Measured> = (0..world.runs)
        .into_par_iter()
        .map(|run| measured(world, mechanism, run))
        .collect::<Result<_, _>>()?;
    let column = |of: fn(&Measured) -> f64| runs.iter().map(of).collect::<Vec<f64>>();
    let figure = |of| Figure::mean(&column(of), world.seed);
    Ok(Row {
        mechanism,
        quality: figure(|run| run.quality),
        entry: figure(|run| run.entry),
        lost_per_step: figure(|run| run.lost),
        lost_of_paid: Figure::ratio(&column(|run| run.lost), &column(|run| run.paid), world.seed),
        first_quarter: figure(|run| run.first),
        error: figure(|run| run.error),
        paid: figure(|run| run.paid),
    })
}

fn measured(world: &World, mechanism: Mechanism, run: usize) -> Result<Measured, MarketError> {
    let mut scene = Scene::draw(world, run, world.traders)?;
    let outcome = match mechanism {
        Mechanism::Lmsr => sequence(world, &scene),
        Mechanism::BatchAuction => batches(world, &scene),
        Mechanism::TimeWeighted => repeated(world, &mut scene),
        Mechanism::ConstantProduct | Mechanism::Concentrated => pools(world, &scene, mechanism)?,
    };
    let quality: Vec<f64> = scene.noise.iter().map(|noise| -noise).collect();
    let entry: Vec<f64> = (0..world.traders).map(|at| at as f64).collect();
    let profits = &outcome.profits;
    let gains = |traders: &[f64]| maths::sum(traders.iter().map(|profit| profit.max(0.0)));
    let all = gains(profits);
    Ok(Measured {
        quality: correlation(&quality, profits),
        entry: correlation(&entry, profits),
        lost: -slope_at_equal(profits, &entry, &quality),
        first: if all > 0.0 { gains(&profits[..world.traders.div_ceil(4)]) / all } else { 0.0 },
        error: variation(&outcome.prices, &scene.truth),
        paid: outcome.paid,
    })
}

/// The market maker after all traders came, one after the other.
pub(super) fn after_all(world: &World, scene: &Scene, b: f64) -> (Float, Vec<f64>) {
    let mut maker = Float::new(b, world.outcomes);
    let profit = |belief: &Vec<f64>| maker.trade_to(belief, world.budget).profit(&scene.payout);
    let profits = scene.beliefs.iter().map(profit).collect();
    (maker, profits)
}

fn sequence(world: &World, scene: &Scene) -> Outcome {
    let (maker, profits) = after_all(world, scene, world.liquidity);
    Outcome { profits, prices: maker.prices(), paid: maker.loss(&scene.payout, world.outcomes) }
}

fn batches(world: &World, scene: &Scene) -> Outcome {
    let mut maker = Float::new(world.liquidity, world.outcomes);
    let mut profits = Vec::with_capacity(world.traders);
    for batch in scene.beliefs.chunks(world.batch) {
        let beliefs: Vec<&[f64]> = batch.iter().map(Vec::as_slice).collect();
        let bundles = maker.batch(&beliefs, world.budget);
        profits.extend(bundles.iter().map(|bundle| bundle.profit(&scene.payout)));
    }
    Outcome { profits, prices: maker.prices(), paid: maker.loss(&scene.payout, world.outcomes) }
}

fn repeated(world: &World, scene: &mut Scene) -> Outcome {
    let steps = world.traders;
    let (b, budget) = (world.liquidity / steps as f64, world.budget / steps as f64);
    let mut profits = vec![0.0; steps];
    let (mut paid, mut prices) = (0.0, Vec::new());
    for step in 0..steps {
        let mut maker = Float::new(b, world.outcomes);
        let mut here: Vec<usize> = (0..=step).collect();
        scene.random.shuffle(&mut here);
        for trader in here {
            let bundle = maker.trade_to(&scene.beliefs[trader], budget);
            profits[trader] += bundle.profit(&scene.payout);
        }
        paid += maker.loss(&scene.payout, world.outcomes);
        prices = maker.prices();
    }
    Outcome { profits, prices, paid }
}

/// Base units in a unit of collateral.
const UNIT: f64 = 1e6;
/// Concentrated liquidity serves prices from a twentieth to twenty times.
const SERVED: f64 = 20.0;

fn pools(world: &World, scene: &Scene, mechanism: Mechanism) -> Result<Outcome, MarketError> {
    let mut market = Market::default();
    let put_in = open(world, mechanism, &mut market)?;
    let mut profits = Vec::with_capacity(world.traders);
    for (at, belief) in scene.beliefs.iter().enumerate() {
        let trader = Trader {
            name: format!("trader-{at}"),
            time: Instant::from_unix(1),
            budget: floor(world.budget * UNIT),
            least: Amount::from_base(1_000),
        };
        let deposit = Event::new(trader.time, &trader.name, Action::Deposit).of(trader.budget);
        market.apply(&deposit)?;
        for order in orders(&market, &trader, belief)? {
            market.apply(&order)?;
        }
        profits.push(worth(&market, &trader.name, &scene.payout) - trader.budget.to_f64() / UNIT);
    }
    let maker = market.maker().expect("it was opened");
    let prices = maker.prices();
    let sum = maths::sum(prices.iter().copied());
    let stock: Vec<f64> = maker.tokens().iter().map(|held| held.to_f64() / UNIT).collect();
    let left = maker.collateral()?.to_f64() / UNIT + dot(&stock, &scene.payout);
    let paid = put_in - left - worth(&market, SPONSOR, &scene.payout);
    Ok(Outcome { profits, prices: prices.iter().map(|price| price / sum).collect(), paid })
}

const SPONSOR: &str = "sponsor";

/// Pools for all outcomes at equal prices, as deep there as a market maker of
/// this liquidity: `b dp / (p (1 − p))` tokens move the price by `dp`. Gives
/// what the sponsor has put in.
fn open(world: &World, mechanism: Mechanism, market: &mut Market) -> Result<f64, MarketError> {
    let event = |action| Event::new(Instant::from_unix(0), SPONSOR, action);
    let names: Vec<String> = (0..world.outcomes).map(|at| format!("project-{at}")).collect();
    for name in &names {
        market.apply(&event(Action::List).on(name))?;
    }
    let price = 1.0 / world.outcomes as f64;
    let tokens = 2.0 * world.liquidity / (1.0 - price);
    // What the positions do not take stays with the sponsor as cash and sets.
    let put_in = 8.0 * tokens;
    market.apply(&event(Action::Deposit).of(floor(put_in * UNIT)))?;
    market.apply(&event(Action::Mint).of(floor(3.0 * tokens * UNIT)))?;
    let fee_ppm = Some(world.fee_ppm);
    let is_flat = mechanism == Mechanism::ConstantProduct;
    let action = if is_flat { Action::OpenConstantProduct } else { Action::OpenConcentrated };
    market.apply(&Event { fee_ppm, ..event(action) })?;
    for name in &names {
        let add = event(Action::Add).on(name);
        market.apply(&if is_flat {
            let collateral = floor(tokens * price * UNIT);
            Event { tokens: Some(floor(tokens * UNIT)), ..add.of(collateral) }
        } else {
            let liquidity = floor(tokens * price.sqrt() * UNIT);
            let upper = tick_below((price * SERVED).min(0.99));
            let lower = tick_below(price / SERVED).max(TICK_MIN);
            let (lower, upper, price) = (Some(lower), Some(upper), Some(price));
            Event { price, lower, upper, ..add.of(liquidity) }
        })?;
    }
    Ok(floor(put_in * UNIT).to_f64() / UNIT)
}

fn worth(market: &Market, trader: &str, payout: &[f64]) -> f64 {
    let account = market.accounts().of(trader);
    let tokens: Vec<f64> = account.tokens.iter().map(|held| held.to_f64() / UNIT).collect();
    account.cash.to_f64() / UNIT + dot(&tokens, payout)
}
