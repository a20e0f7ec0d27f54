//! `allonet weights fit`: one rule, one weight for each item.

use std::path::PathBuf;
use std::process::ExitCode;

use allonet_weights::rules::{self, Uses};
use clap::Args;
use serde_json::json;

use super::reading::{ReadingArgs, no_weights, parameters};
use crate::diagnose::Failure;
use crate::ui::{Ui, counted};

/// `allonet weights fit`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  allonet weights fit duels.csv
  allonet weights fit duels.csv --rule least-squares --repositories
  allonet weights fit --list")]
pub(super) struct FitArgs {
    /// The table of comparisons: item_a, item_b, winner, multiplier, juror
    #[arg(value_name = "COMPARISONS", required_unless_present = "list")]
    comparisons: Option<PathBuf>,
    /// The rule
    #[arg(long, value_name = "ID", default_value = "least-squares")]
    rule: String,
    /// A number for the rule; may be given several times
    #[arg(long, value_name = "NAME=NUMBER")]
    set: Vec<String>,
    /// List the rules and what they can be told
    #[arg(long)]
    list: bool,
    #[command(flatten)]
    reading: ReadingArgs,
}

/// Fits.
pub(super) fn run(args: &FitArgs, ui: &Ui) -> Result<ExitCode, Failure> {
    let Some(path) = args.comparisons.as_deref().filter(|_| !args.list) else {
        list(ui);
        return Ok(ExitCode::SUCCESS);
    };
    rules::rule(&args.rule).map_err(no_weights)?;
    let parameters = parameters(&args.set)?;
    let comparisons = args.reading.comparisons(path, ui)?;
    let working = ui.working("fitting");
    let estimate = rules::fit(&args.rule, &comparisons, &parameters).map_err(no_weights)?;
    drop(working);
    estimate.warnings.iter().for_each(|warning| ui.note(warning));
    let weights = estimate.weights();
    let mut order: Vec<usize> = (0..weights.len()).collect();
    order.sort_by(|a, b| weights[*b].total_cmp(&weights[*a]).then(a.cmp(b)));
    let names = comparisons.items();
    if ui.is_json() {
        let rows: Vec<_> =
            order.iter().map(|at| json!({ "item": names[*at], "weight": weights[*at] })).collect();
        ui.print_json(&json!({ "rule": args.rule, "weights": rows }));
        return Ok(ExitCode::SUCCESS);
    }
    let rows: Vec<Vec<String>> = order
        .iter()
        .enumerate()
        .map(|(rank, at)| {
            vec![(rank + 1).to_string(), names[*at].clone(), format!("{:.6}", weights[*at])]
        })
        .collect();
    ui.print(&ui.table(&["rank", "item", "weight"], &rows, &[0, 2]));
    ui.print(&format!(
        "{} by {} of {}",
        args.rule,
        counted(comparisons.len(), "comparison"),
        counted(comparisons.jurors().len(), "juror"),
    ));
    Ok(ExitCode::SUCCESS)
}

fn list(ui: &Ui) {
    if ui.is_json() {
        let rules: Vec<_> = rules::rules()
            .iter()
            .map(|rule| {
                let told = rule.parameters.iter();
                let told: Vec<_> = told
                    .map(|known| json!({ "name": known.name, "default": known.default }))
                    .collect();
                json!({
                    "rule": rule.id, "name": rule.title, "formula": rule.formula,
                    "how_much": rule.uses == Uses::Intensity, "parameters": told,
                })
            })
            .collect();
        return ui.print_json(&json!({ "rules": rules }));
    }
    let rows: Vec<Vec<String>> = rules::rules()
        .iter()
        .map(|rule| {
            let uses = match rule.uses {
                Uses::Intensity => "how much",
                Uses::Direction => "which",
            };
            let told = rule.parameters.iter();
            let told: Vec<String> =
                told.map(|known| format!("{}={}", known.name, known.default)).collect();
            [rule.id, rule.title, uses, rule.formula, &told.join(" ")].map(str::to_owned).to_vec()
        })
        .collect();
    ui.print(&ui.table(&["rule", "name", "looks at", "formula", "parameters"], &rows, &[]));
}
