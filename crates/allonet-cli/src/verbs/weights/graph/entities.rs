//! `allonet weights graph entities`: applicants at any level.

use std::collections::BTreeMap;
use std::path::PathBuf;

use allonet_core::fault::Fault;
use allonet_core::money::Amount;
use allonet_core::table::{Column, Table};
use allonet_weights::entity::{Containment, Level, Plan, Policy};
use clap::{Args, ValueEnum};
use serde_json::json;

use super::super::reading::open;
use super::input::{budget, parsed, refused};
use crate::diagnose::Failure;
use crate::ui::Ui;

/// `allonet weights graph entities`
#[derive(Debug, Args)]
#[command(after_help = "\
The table lists what holds what: entity, level (organisation, project,
repository, package), parent; and for those who apply a weight.

Examples:
  allonet weights graph entities entities.csv
  allonet weights graph entities entities.csv --policy finest --budget 1_000_000
  allonet weights graph entities entities.csv --trust 0.5 --format json")]
pub(super) struct EntitiesArgs {
    /// The table: entity, level, parent, weight
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Who is paid where one applicant holds another
    #[arg(long, value_enum, default_value_t = Paid::Split)]
    policy: Paid,
    /// From 0, the parts decide what a holder weighs, to 1, its own weight does
    #[arg(long, value_name = "SHARE", default_value_t = 1.0)]
    trust: f64,
    /// Divide so many of the smallest units
    #[arg(long, value_name = "UNITS", value_parser = budget, default_value = "1000000")]
    budget: Amount,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Paid {
    /// The innermost applicants; those that hold others get nothing
    Finest,
    /// The outermost applicants; those below get nothing
    Coarsest,
    /// All, each for what is not below it
    Split,
}

const COLUMNS: &[Column] =
    &[Column::required(&["entity", "id", "name"]), Column::optional(&["weight", "share"])];

/// Finds conflicts and pays.
pub(super) fn run(args: &EntitiesArgs, ui: &Ui) -> Result<(), Failure> {
    let (_, entities) = parsed(&args.file, Containment::parse)?;
    let applicants = applicants(&args.file)?;
    let plan = Plan::new(&entities, &applicants, args.trust)
        .map_err(|error| refused("entities", &error))?;
    let policy = match args.policy {
        Paid::Finest => Policy::FinestWins,
        Paid::Coarsest => Policy::CoarsestWins,
        Paid::Split => Policy::SplitBelow,
    };
    let paid = plan.pay(args.budget, policy).map_err(|error| refused("entities", &error))?;
    for gap in plan.disagreements() {
        let own = gap.own;
        ui.note(&format!("`{}` weighs {own}, what is below it {} together", gap.id, gap.parts));
    }
    let stated: BTreeMap<&str, f64> = applicants.iter().map(|(id, w)| (&**id, *w)).collect();
    if ui.is_json() {
        let row = |(id, agreed): (&str, f64)| {
            let level = entities.level(id).map(Level::name);
            json!({
                "entity": id, "level": level, "stated": stated[id], "agreed": agreed,
                "paid": paid[id],
            })
        };
        ui.print_json(&json!({
            "conflicts": plan.conflicts(),
            "applicants": plan.weights().map(row).collect::<Vec<_>>(),
        }));
        return Ok(());
    }
    let row = |(id, agreed): (&str, f64)| {
        let level = entities.level(id).map_or("", Level::name);
        let weight = |weight: f64| format!("{weight:.6}");
        vec![
            id.to_owned(),
            level.to_owned(),
            weight(stated[id]),
            weight(agreed),
            paid[id].to_string(),
        ]
    };
    let rows: Vec<Vec<String>> = plan.weights().map(row).collect();
    let head = ["entity", "level", "weight", "made to agree", "paid"];
    ui.print(&ui.table(&head, &rows, &[2, 3, 4]));
    let conflicts = plan.conflicts();
    for (holder, part) in &conflicts {
        ui.print(&format!("conflict: `{holder}` holds `{part}`, and both apply"));
    }
    if conflicts.is_empty() {
        ui.print("no applicant holds another one");
    }
    Ok(())
}

/// Those with a weight; a table without the column names no applicants.
fn applicants(path: &std::path::Path) -> Result<Vec<(String, f64)>, Failure> {
    let table = Table::read(&open(path)?, COLUMNS)?;
    let mut applicants = Vec::new();
    for row in table.rows().filter(|row| !row.cell(1).is_empty()) {
        let weight: Option<f64> = row.cell(1).parse().ok();
        let Some(weight) = weight.filter(|weight| weight.is_finite() && *weight >= 0.0) else {
            let message = format!("`{}` is no weight", row.cell(1));
            let fault = row.fault(1, "bad-number", message);
            return Err(fault.help("write a number from 0, or leave the cell empty").into());
        };
        applicants.push((row.cell(0).to_owned(), weight));
    }
    if applicants.is_empty() {
        let message = format!("nobody in `{}` applies", path.to_string_lossy());
        let help = "give those who apply a number in the column `weight`";
        return Err(Fault::new("no-applicant", message).help(help).into());
    }
    Ok(applicants)
}
