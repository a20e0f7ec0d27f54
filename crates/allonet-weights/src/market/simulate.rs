//! What a market design costs: thin and manipulated markets, played many times.
//!
//! # Model
//!
//! * Projects have true weights `∝ e^z`, `z ~ N(0, spread²)`. A drawn
//!   [jury](crate::synthetic::Jury) compares random pairs; least squares of its
//!   answers is what tokens are paid.
//! * Trader `k` sees `z + noise_k · N(0, 1)` with a noise of their own, drawn
//!   evenly, and believes `w_k ∝ e^{what they see}`. They come once each, in
//!   random order, and bring prices towards what they believe, as far as their
//!   budget allows. Nobody learns from prices, as somebody does who trades by
//!   an uploaded table.
//!
//! Four questions, each a table with 95% intervals over seeds (bootstrap of the
//! mean, or of the ratio of means):
//!
//! 1. [`entry`]: does the better model earn more, or who comes first?
//! 2. [`attack`]: what does a percentage point of weight cost somebody whose
//!    project is paid by it, and which settlement makes it dear?
//! 3. [`thin`]: how far off are prices in markets of little liquidity, and what
//!    does the subsidy buy?
//! 4. [`self_share`]: what does it cost a project to claim more of its money as
//!    its own work?
//!
//! # Units
//!
//! Money in units of collateral, `f64` throughout but for the pools, which are
//! the exact ones with a millionth as base unit. All randomness comes from one
//! seed; results are the same bytes on any number of threads.
//!
//! # Known weaknesses
//!
//! * Real traders watch prices and each other; these do not. What is compared
//!   is mechanisms under equal conditions, not markets as they will be.
//!
//! # Sources
//!
//! * The complaints about Deep Funding's markets: early entry counts more than
//!   the model, thin liquidity, changes in the last minute.
//! * Budish, Cramton, Shim (2015), *The high-frequency trading arms race*
//!   (frequent batch auctions).

pub mod attack;
pub mod entry;
pub mod self_share;
pub mod thin;

mod figure;
mod float;
mod scene;

pub use figure::Figure;

use serde::Serialize;

use super::MarketError;

/// A market to be played.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct World {
    /// How many projects, from 2.
    pub outcomes: usize,
    /// Standard deviation of their log weights.
    pub spread: f64,
    /// How many traders, from 4.
    pub traders: usize,
    /// Least and largest noise of what traders see, in log weights.
    pub noise: (f64, f64),
    /// What each trader can lose.
    pub budget: f64,
    /// Liquidity `b` of the market maker; pools are as deep at the start.
    pub liquidity: f64,
    /// Fee of the pools.
    pub fee_ppm: u32,
    /// Comparisons of the jury for each project.
    pub comparisons: usize,
    /// Standard deviation of what jurors say, in log ratios.
    pub jury_noise: f64,
    /// Traders in one batch of the auction.
    pub batch: usize,
    /// Steps of the window before the close.
    pub window: usize,
    /// What the attacker adds to the price of their project.
    pub push: f64,
    /// A gap between last price and mean that calls a jury.
    pub alarm: f64,
    /// Money that is paid out by the weights.
    pub pot: f64,
    /// How many times it is played, from 2.
    pub runs: usize,
    /// What all randomness comes from.
    pub seed: u64,
}

impl Default for World {
    /// Twenty projects, forty traders, 200 times.
    fn default() -> Self {
        Self {
            outcomes: 20,
            spread: 1.0,
            traders: 40,
            noise: (0.3, 1.5),
            budget: 20.0,
            liquidity: 100.0,
            fee_ppm: 10_000,
            comparisons: 20,
            jury_noise: 1.0,
            batch: 8,
            window: 20,
            push: 0.05,
            alarm: 0.02,
            pot: 1_000.0,
            runs: 200,
            seed: 1,
        }
    }
}

/// Answers to the four questions.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// What was played.
    pub world: World,
    /// Who earns: by mechanism.
    pub entry: Vec<entry::Row>,
    /// What moving a weight costs: by settlement and plan.
    pub attack: Vec<attack::Row>,
    /// How far off prices are: by liquidity and number of traders.
    pub thin: Vec<thin::Row>,
    /// What a claim of own work costs: by the part that is judged.
    pub self_share: Vec<self_share::Row>,
}

/// Plays everything.
pub fn simulate(world: &World) -> Result<Report, MarketError> {
    world.check()?;
    Ok(Report {
        world: world.clone(),
        entry: entry::play(world)?,
        attack: attack::play(world)?,
        thin: thin::play(world)?,
        self_share: self_share::play(world)?,
    })
}

impl World {
    /// Refuses what cannot be played.
    pub fn check(&self) -> Result<(), MarketError> {
        let counts = [
            ("the number of projects", self.outcomes, 2, 1_000),
            ("the number of traders", self.traders, 4, 1_000),
            ("the number of comparisons for each project", self.comparisons, 2, 10_000),
            ("the size of a batch", self.batch, 1, 1_000),
            ("the window", self.window, 1, 10_000),
            ("the number of runs", self.runs, 2, 100_000),
        ];
        for (what, found, least, most) in counts {
            if !(least..=most).contains(&found) {
                let wanted = "projects 2 to 1,000, traders 4 to 1,000, comparisons 2 to 10,000, \
                              batch 1 to 1,000, window 1 to 10,000, runs 2 to 100,000";
                return Err(MarketError::Setting { what, found: found as f64, wanted });
            }
        }
        let positive = "it is above zero and at most 1,000,000";
        let numbers = [
            ("the spread", self.spread, 0.0, 5.0, "it lies between 0 and 5"),
            ("the least noise", self.noise.0, 0.0, 5.0, "it lies between 0 and 5"),
            ("the largest noise", self.noise.1, self.noise.0, 5.0, "it is the larger, at most 5"),
            ("the budget", self.budget, 1e-3, 1e6, positive),
            ("the liquidity", self.liquidity, 1e-3, 1e6, positive),
            ("the jury's noise", self.jury_noise, 1e-3, 5.0, "it lies between 0.001 and 5"),
            ("the attacker's push", self.push, 1e-4, 0.5, "it lies between 0.0001 and 0.5"),
            ("the alarm", self.alarm, 0.0, 1.0, "it lies between 0 and 1"),
            ("the pot", self.pot, 0.0, 1e12, "it lies between 0 and 10^12"),
        ];
        for (what, found, least, most, wanted) in numbers {
            if !(least..=most).contains(&found) {
                return Err(MarketError::Setting { what, found, wanted });
            }
        }
        super::fixed::checked_fee(self.fee_ppm).map(drop)
    }
}
