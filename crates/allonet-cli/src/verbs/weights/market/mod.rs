//! `allonet weights market`: weights by prediction market.

mod prices;
mod settle;
mod simulate;
mod trade;

use std::path::Path;
use std::process::ExitCode;

use allonet_core::fault::Fault;
use allonet_core::time::Instant;
use allonet_weights::market::{Log, Replay};
use clap::{Args, Subcommand};

use super::reading::open;
use crate::diagnose::Failure;
use crate::ui::Ui;

/// `allonet weights market`
#[derive(Debug, Args)]
pub(super) struct MarketArgs {
    #[command(subcommand)]
    verb: MarketVerb,
}

#[derive(Debug, Subcommand)]
enum MarketVerb {
    /// Show prices, and the weights they make
    Prices(prices::PricesArgs),
    /// Make orders of what somebody believes
    Trade(trade::TradeArgs),
    /// Pay all tokens by what a jury says
    Settle(settle::SettleArgs),
    /// See what a market design costs: early entry, manipulation, thin liquidity
    Simulate(simulate::SimulateArgs),
}

/// Does what the command line says.
pub(super) fn run(args: &MarketArgs, ui: &Ui) -> Result<ExitCode, Failure> {
    match &args.verb {
        MarketVerb::Prices(args) => prices::run(args, ui),
        MarketVerb::Trade(args) => trade::run(args, ui),
        MarketVerb::Settle(args) => settle::run(args, ui),
        MarketVerb::Simulate(args) => simulate::run(args, ui),
    }
}

/// A log and the market that it makes.
fn replayed(path: &Path) -> Result<(Log, Replay), Failure> {
    let log = Log::read(&open(path)?)?;
    let replay = log.replay()?;
    if let Some(broken) = replay.market.broken_law() {
        let message = format!("collateral was lost or made: {broken}");
        return Err(Failure::not_held(vec![Fault::new("not-backed", message)]));
    }
    Ok((log, replay))
}

/// The moment an option names, or else that of the last event.
fn moment(log: &Log, option: Option<&str>, name: &str) -> Result<Instant, Failure> {
    let Some(text) = option else {
        let last = log.events.last().map(|event| event.time);
        let empty = Fault::new("empty-log", "the log has no events");
        return last.ok_or_else(|| empty.into());
    };
    text.parse().map_err(|error: <Instant as std::str::FromStr>::Err| {
        Failure::usage(Fault::new("bad-option", format!("{name}: {error}")))
    })
}
