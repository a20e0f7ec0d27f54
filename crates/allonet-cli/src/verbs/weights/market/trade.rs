//! `allonet weights market trade`: orders from what somebody believes.

use std::path::PathBuf;
use std::process::ExitCode;

use allonet_core::fault::Fault;
use allonet_core::money::Amount;
use allonet_weights::market::strategy::{Trader, orders, read_weights};
use allonet_weights::market::{Event, Log};
use clap::Args;
use serde_json::json;

use super::super::reading::open;
use super::{moment, replayed};
use crate::diagnose::Failure;
use crate::files::{Outputs, folder_of};
use crate::ui::{Ui, counted};

/// `allonet weights market trade`
#[derive(Debug, Args)]
#[command(after_help = "\
The orders are printed as rows of a log. Nothing is traded: put them into the log (--output writes
the log with them), or place them where the market is.

Examples:
  allonet weights market trade log.csv --trader ann --weights my-model.csv --budget 5000000
  allonet weights market trade log.csv --trader ann --weights my-model.csv --budget 5000000 \\
    --least 10000 --output new-log.csv")]
pub(super) struct TradeArgs {
    /// The market's log: time, trader, action, outcome, amount …
    #[arg(value_name = "LOG")]
    log: PathBuf,
    /// Whose orders; what they hold is in the log
    #[arg(long, value_name = "NAME")]
    trader: String,
    /// What the trader believes: a table with columns `item` and `weight`
    #[arg(long, value_name = "FILE")]
    weights: PathBuf,
    /// At most so many base units of collateral are put in
    #[arg(long, value_name = "UNITS")]
    budget: Amount,
    /// Orders of fewer base units are left out
    #[arg(long, value_name = "UNITS", default_value = "10000")]
    least: Amount,
    /// When the orders are placed; the time of the last event if not given
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// Write the log with these orders at its end
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Makes orders.
pub(super) fn run(args: &TradeArgs, ui: &Ui) -> Result<ExitCode, Failure> {
    let (log, replay) = replayed(&args.log)?;
    let time = moment(&log, args.at.as_deref(), "--at")?;
    if log.events.last().is_some_and(|last| time < last.time) {
        let message = format!("--at {time} is before the last event of the log");
        return Err(Failure::usage(Fault::new("bad-option", message)));
    }
    let name = args.trader.clone();
    let trader = Trader { name, time, budget: args.budget, least: args.least };
    let held = replay.market.accounts().of(&args.trader);
    if held.cash < args.budget {
        let cash = held.cash;
        ui.note(&format!("{} has only {cash} of the {} to spend", args.trader, args.budget));
    }
    let weights = read_weights(&open(&args.weights)?, replay.market.outcomes())?;
    let placed = orders(&replay.market, &trader, &weights).map_err(Fault::from)?;
    let mut after = replay.market.clone();
    for order in &placed {
        after.apply(order).map_err(Fault::from)?;
    }
    let spent = held.cash.saturating_sub(after.accounts().of(&args.trader).cash);
    let gap = |market: &allonet_weights::market::Market| -> f64 {
        let prices = market.maker().map(allonet_weights::market::Maker::prices).unwrap_or_default();
        0.5 * prices.iter().zip(&weights).map(|(price, weight)| (price - weight).abs()).sum::<f64>()
    };
    let (before, left) = (gap(&replay.market), gap(&after));
    ui.note(&format!(
        "{} for {spent} base units; prices were {before:.4} from these weights and are {left:.4} \
         after (0 is agreement, 1 the opposite)",
        counted(placed.len(), "order")
    ));
    if let Some(output) = &args.output {
        write(output, log, &placed)?;
    }
    if ui.is_json() {
        let rows: Vec<_> = placed.iter().map(shown).collect();
        let report = json!({
            "trader": args.trader, "spent": spent.to_string(), "orders": rows,
            "gap_before": before, "gap_after": left,
        });
        ui.print_json(&report);
    } else {
        ui.print(Log::new(placed).to_csv().trim_end_matches('\n'));
    }
    Ok(ExitCode::SUCCESS)
}

fn shown(order: &Event) -> serde_json::Value {
    let amount = order.amount.map(|amount| amount.to_string());
    let (time, action) = (order.time.to_string(), order.action.id());
    json!({ "time": time, "action": action, "outcome": order.outcome, "amount": amount })
}

fn write(path: &std::path::Path, log: Log, placed: &[Event]) -> Result<(), Failure> {
    let mut events = log.events;
    events.extend_from_slice(placed);
    let Some(name) = path.file_name() else {
        let message = format!("--output {} names no file", path.display());
        return Err(Failure::usage(Fault::new("bad-option", message)));
    };
    let mut outputs = Outputs::new(&folder_of(path))?;
    outputs.add(&name.to_string_lossy(), Log::new(events).to_csv().as_bytes())?;
    outputs.commit().map(drop)
}
