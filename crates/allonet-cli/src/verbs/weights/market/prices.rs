//! `allonet weights market prices`: prices and the weights they make.

use std::path::PathBuf;
use std::process::ExitCode;

use allonet_weights::market::weights::{PriceWeight, Reader, weights};
use allonet_weights::market::{Maker, MarketError};
use clap::Args;
use serde_json::json;

use super::{moment, replayed};
use crate::diagnose::Failure;
use crate::ui::{Ui, counted};

/// `allonet weights market prices`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  allonet weights market prices log.csv
  allonet weights market prices log.csv --window 604800 --min-depth 1000000
  allonet weights market prices log.csv --window 86400 --max-volatility 0.2 --format json")]
pub(super) struct PricesArgs {
    /// The market's log: time, trader, action, outcome, amount …
    #[arg(value_name = "LOG")]
    log: PathBuf,
    /// Take the mean price over so many seconds before the end, not the last one
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    window: i64,
    /// Outcomes get no weight where less money than this moves the price by a tenth
    #[arg(long, value_name = "UNITS", default_value_t = 0.0)]
    min_depth: f64,
    /// Ask for a jury where the logarithm of a price varies more than this
    #[arg(long, value_name = "DEVIATION")]
    max_volatility: Option<f64>,
    /// See the market as it is at this moment; the time of the last event if not given
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
}

/// Shows prices.
pub(super) fn run(args: &PricesArgs, ui: &Ui) -> Result<ExitCode, Failure> {
    let (log, replay) = replayed(&args.log)?;
    let end = moment(&log, args.at.as_deref(), "--at")?;
    let reader = Reader {
        window: args.window,
        min_depth: args.min_depth,
        max_volatility: args.max_volatility,
    };
    let closed = MarketError::NoLiquidity { what: "a market that never opened".to_owned() };
    let maker = replay.market.maker().ok_or(closed).map_err(allonet_core::fault::Fault::from)?;
    let found = weights(&replay.quotes, &maker.depths(), end.unix(), &reader)
        .map_err(allonet_core::fault::Fault::from)?;
    let names = replay.market.outcomes();
    tell(names, &found, maker, ui);
    if ui.is_json() {
        let rows: Vec<_> = names
            .iter()
            .zip(&found)
            .map(|(name, found)| json!({ "outcome": name, "price": found }))
            .collect();
        ui.print_json(&json!({ "at": end.to_string(), "outcomes": rows }));
        return Ok(ExitCode::SUCCESS);
    }
    let mut order: Vec<usize> = (0..found.len()).collect();
    order.sort_by(|a, b| found[*b].weight.total_cmp(&found[*a].weight).then(a.cmp(b)));
    let rows: Vec<Vec<String>> = order
        .into_iter()
        .map(|at| {
            let part = &found[at];
            let figures = [part.spot, part.mean, part.volatility, part.weight];
            let [spot, mean, volatility, weight] = figures.map(|figure| format!("{figure:.6}"));
            let mark = match (part.thin, part.jury) {
                (true, _) => "thin",
                (false, true) => "jury",
                (false, false) => "",
            };
            let depth = format!("{:.0}", part.depth);
            vec![names[at].clone(), spot, mean, depth, volatility, weight, mark.to_owned()]
        })
        .collect();
    let head = ["outcome", "price", "mean", "depth", "volatility", "weight", ""];
    ui.print(&ui.table(&head, &rows, &[1, 2, 3, 4, 5]));
    ui.print(&format!("{} as of {end}", counted(log.events.len(), "event")));
    Ok(ExitCode::SUCCESS)
}

/// What the reader should know before money follows these weights.
fn tell(names: &[String], found: &[PriceWeight], maker: &Maker, ui: &Ui) {
    let sum: f64 = maker.prices().iter().sum();
    if !(0.98..=1.02).contains(&sum) {
        ui.note(&format!(
            "all last prices together are {sum:.4} of a unit: whoever {} complete sets earns the \
             difference",
            if sum > 1.0 { "mints and sells" } else { "buys and merges" }
        ));
    }
    let named = |test: fn(&PriceWeight) -> bool| {
        let marked = names.iter().zip(found).filter(|(_, part)| test(part));
        marked.map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ")
    };
    let thin = named(|part| part.thin);
    if !thin.is_empty() {
        ui.note(&format!("too thin to count, no weight: {thin}"));
    }
    let jury = named(|part| part.jury);
    if !jury.is_empty() {
        ui.note(&format!("restless prices, a jury should look before money moves: {jury}"));
    }
}
