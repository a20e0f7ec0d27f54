//! `allonet weights market settle`: all tokens are paid by what a jury says.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use allonet_core::fault::Fault;
use allonet_core::money::Amount;
use allonet_weights::market::Market;
use allonet_weights::market::resolution::answers_of_jury;
use allonet_weights::rules;
use clap::Args;
use serde_json::json;

use super::super::reading::{ReadingArgs, no_weights, parameters};
use super::{moment, replayed};
use crate::diagnose::Failure;
use crate::ui::{Ui, counted};

/// `allonet weights market settle`
#[derive(Debug, Args)]
#[command(after_help = "\
Without --comparisons the market settles by the rulings that stand in its log (actions `answer` and
`resolve`), once their dispute window is over.

Examples:
  allonet weights market settle log.csv --comparisons jury.csv
  allonet weights market settle log.csv --comparisons jury.csv --rule least-squares --author council
  allonet weights market settle log.csv --at 2026-03-01")]
pub(super) struct SettleArgs {
    /// The market's log: time, trader, action, outcome, amount …
    #[arg(value_name = "LOG")]
    log: PathBuf,
    /// What the jury said: item_a, item_b, winner, multiplier, juror
    #[arg(long, value_name = "FILE")]
    comparisons: Option<PathBuf>,
    /// The rule that makes weights of it
    #[arg(long, value_name = "ID", default_value = "least-squares")]
    rule: String,
    /// A number for the rule; may be given several times
    #[arg(long, value_name = "NAME=NUMBER")]
    set: Vec<String>,
    /// Who rules by the jury
    #[arg(long, value_name = "NAME", default_value = "jury")]
    author: String,
    /// Why; the rule and the file if not given
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// When; the time of the last event if not given, with --comparisons the end of the window
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    #[command(flatten)]
    reading: ReadingArgs,
}

/// Settles.
pub(super) fn run(args: &SettleArgs, ui: &Ui) -> Result<ExitCode, Failure> {
    rules::rule(&args.rule).map_err(no_weights)?;
    let (log, replay) = replayed(&args.log)?;
    let mut market = replay.market;
    let mut now = moment(&log, args.at.as_deref(), "--at")?.unix();
    if let Some(path) = &args.comparisons {
        let jury = args.reading.comparisons(path, ui)?;
        let parameters = parameters(&args.set)?;
        let answers = answers_of_jury(&jury, market.outcomes(), &args.rule, &parameters);
        let answers = answers.map_err(Fault::from)?;
        let silent = market.outcomes().iter().zip(&answers).filter(|(_, answer)| answer.is_none());
        let silent: Vec<&str> = silent.map(|(name, _)| name.as_str()).collect();
        if !silent.is_empty() {
            ui.note(&format!(
                "never compared, so their tokens are paid nothing: {}",
                silent.join(", ")
            ));
        }
        let reason = format!("{} of {}", args.rule, path.display());
        let reason = args.reason.as_deref().unwrap_or(&reason);
        market.rule(now, &args.author, reason, answers).map_err(Fault::from)?;
        if args.at.is_none() {
            now = market.docket().ends().map_or(now, |ends| ends.max(now));
        }
    }
    let paid = market.settle(now).map_err(Fault::from)?;
    if let Some(broken) = market.broken_law() {
        let message = format!("collateral was lost or made: {broken}");
        return Err(Failure::not_held(vec![Fault::new("not-backed", message)]));
    }
    tell(&market, &paid, ui);
    Ok(ExitCode::SUCCESS)
}

/// What each token and each account is paid.
fn tell(market: &Market, paid: &BTreeMap<String, Amount>, ui: &Ui) {
    let parts = market.settled().expect("it is settled").parts();
    let names: Vec<&str> =
        market.outcomes().iter().map(String::as_str).chain(["INVALID"]).collect();
    let last = market.docket().rulings().last().expect("a settled market has a ruling");
    if ui.is_json() {
        let weights: Vec<_> = names
            .iter()
            .zip(&parts)
            .map(|(name, part)| json!({ "outcome": name, "paid_for_a_token": part }))
            .collect();
        ui.print_json(&json!({
            "outcomes": weights, "paid": paid, "accounts": market.accounts(),
            "rulings": market.docket().rulings(),
        }));
        return;
    }
    let rows: Vec<Vec<String>> = names
        .iter()
        .zip(&parts)
        .map(|(name, part)| vec![(*name).to_owned(), format!("{part:.6}")])
        .collect();
    ui.print(&ui.table(&["outcome", "paid for a token"], &rows, &[1]));
    ui.print("");
    let accounts = market.accounts().accounts();
    let rows: Vec<Vec<String>> = accounts
        .iter()
        .map(|(name, account)| {
            let paid = paid.get(name).copied().unwrap_or_default();
            vec![name.clone(), paid.to_string(), account.cash.to_string()]
        })
        .collect();
    ui.print(&ui.table(&["account", "paid for tokens", "holds now"], &rows, &[1, 2]));
    ui.print("");
    ui.print(&format!("ruled by {}: {}", last.author, last.reason));
    ui.print(&format!(
        "{} base units of {}, as much as came in and did not leave",
        market.accounts().inside(),
        counted(accounts.len(), "account")
    ));
}
