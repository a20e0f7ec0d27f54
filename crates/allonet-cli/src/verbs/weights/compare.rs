//! `allonet weights compare`: several rules on the same comparisons.

use std::path::PathBuf;
use std::process::ExitCode;

use allonet_weights::comparisons::Comparisons;
use allonet_weights::rules::{self, Difference, Fit, Parameters, SideBySide, side_by_side};
use clap::Args;
use serde_json::{Value, json};

use super::reading::{ReadingArgs, no_weights};
use crate::diagnose::Failure;
use crate::ui::{Ui, counted};

/// `allonet weights compare`
#[derive(Debug, Args)]
#[command(after_help = "\
Tables: the weight of each item by each rule; how much of every 1,000,000 goes to
other items when the rule of the row replaces that of the column, with Kendall's
tau of their orders (1: the same order); how well each rule fits each juror. A
rule that cannot handle the data says why instead.

Examples:
  allonet weights compare duels.csv
  allonet weights compare duels.csv --rules least-squares,huber-fixed --top 10
  allonet weights compare duels.csv --format json > rules.json")]
pub(super) struct CompareArgs {
    /// The table of comparisons: item_a, item_b, winner, multiplier, juror
    #[arg(value_name = "COMPARISONS")]
    comparisons: PathBuf,
    /// The rules, by comma; all if none are named
    #[arg(long, value_name = "IDS", value_delimiter = ',')]
    rules: Vec<String>,
    /// How many items are shown, those of the largest weight by any rule first
    #[arg(long, value_name = "COUNT", default_value_t = 25)]
    top: usize,
    #[command(flatten)]
    reading: ReadingArgs,
}

/// Compares.
pub(super) fn run(args: &CompareArgs, ui: &Ui) -> Result<ExitCode, Failure> {
    for rule in &args.rules {
        // A slip in a name is the user's; a refusal of the data is a result.
        rules::rule(rule).map_err(no_weights)?;
    }
    let ids: Vec<&str> = if args.rules.is_empty() {
        rules::rules().iter().map(|rule| rule.id).collect()
    } else {
        args.rules.iter().map(String::as_str).collect()
    };
    let comparisons = args.reading.comparisons(&args.comparisons, ui)?;
    let asked: Vec<(&str, Parameters)> =
        ids.iter().map(|id| (*id, Parameters::default())).collect();
    let working = ui.working("fitting");
    let beside = side_by_side(&comparisons, &asked);
    drop(working);
    for column in &beside.columns {
        if let Ok(estimate) = &column.outcome {
            estimate
                .warnings
                .iter()
                .for_each(|warning| ui.note(&format!("{}: {warning}", column.rule)));
        }
    }
    if ui.is_json() {
        ui.print_json(&as_json(&comparisons, &beside));
        return Ok(ExitCode::SUCCESS);
    }
    print(ui, &comparisons, &beside, args.top);
    Ok(ExitCode::SUCCESS)
}

fn print(ui: &Ui, comparisons: &Comparisons, beside: &SideBySide, top: usize) {
    let shown: Vec<usize> =
        (0..beside.columns.len()).filter(|at| beside.columns[*at].outcome.is_ok()).collect();
    if !shown.is_empty() {
        weights(ui, comparisons, beside, &shown, top);
        moved(ui, beside, &shown);
        jurors(ui, comparisons, beside, &shown);
    }
    for column in &beside.columns {
        if let Err(error) = &column.outcome {
            let help = error.help().map(|help| format!(" ({help})")).unwrap_or_default();
            ui.print(&format!("{} gives no weights: {error}{help}", column.rule));
        }
    }
    ui.print(&format!(
        "{} by {} of {}",
        counted(shown.len(), "rule"),
        counted(comparisons.len(), "comparison"),
        counted(comparisons.jurors().len(), "juror"),
    ));
}

fn weights(ui: &Ui, comparisons: &Comparisons, beside: &SideBySide, shown: &[usize], top: usize) {
    let weights: Vec<Vec<f64>> = shown
        .iter()
        .filter_map(|at| beside.columns[*at].outcome.as_ref().ok())
        .map(allonet_weights::estimate::Estimate::weights)
        .collect();
    let largest = |item: usize| weights.iter().map(|weights| weights[item]).fold(0.0_f64, f64::max);
    let mut order: Vec<usize> = (0..comparisons.items().len()).collect();
    order.sort_by(|a, b| largest(*b).total_cmp(&largest(*a)).then(a.cmp(b)));
    let rows: Vec<Vec<String>> = order
        .iter()
        .take(top)
        .map(|item| {
            let cells = weights.iter().map(|weights| format!("{:.4}", weights[*item]));
            [comparisons.items()[*item].clone()].into_iter().chain(cells).collect()
        })
        .collect();
    ui.print(&table(ui, "item", beside, shown, &rows));
    if order.len() > top {
        ui.print(&format!("and {} with less", counted(order.len() - top, "item")));
    }
    ui.print("");
}

fn moved(ui: &Ui, beside: &SideBySide, shown: &[usize]) {
    let cell = |difference: Option<Difference>| {
        let Some(difference) = difference else { return String::new() };
        let tau = difference.kendall.map_or("none".to_owned(), |tau| format!("{tau:.2}"));
        format!("{:.0} / {tau}", difference.moved_per_million())
    };
    let rows: Vec<Vec<String>> = shown
        .iter()
        .map(|a| {
            let cells = shown
                .iter()
                .map(|b| if a == b { "-".to_owned() } else { cell(beside.differences[*a][*b]) });
            [beside.columns[*a].rule.clone()].into_iter().chain(cells).collect()
        })
        .collect();
    ui.print(&table(ui, "moved of 1,000,000 / tau", beside, shown, &rows));
    ui.print("");
}

fn jurors(ui: &Ui, comparisons: &Comparisons, beside: &SideBySide, shown: &[usize]) {
    let cell = |fit: Option<Fit>| {
        let figure = |figure: Option<f64>| figure.map_or("-".to_owned(), |at| format!("{at:.3}"));
        fit.map_or(String::new(), |fit| format!("{} / {}", figure(fit.cost), figure(fit.accuracy)))
    };
    let name =
        |juror: &String| if juror.is_empty() { "(unnamed)".to_owned() } else { juror.clone() };
    let rows: Vec<Vec<String>> = comparisons
        .jurors()
        .iter()
        .enumerate()
        .map(|(at, juror)| {
            let cells = shown.iter().map(|column| cell(beside.fits[at][*column]));
            let nearest = beside.nearest[at].map(|column| beside.columns[column].rule.clone());
            [name(juror)].into_iter().chain(cells).chain([nearest.unwrap_or_default()]).collect()
        })
        .collect();
    let mut head = vec!["juror: cost / accuracy"];
    head.extend(shown.iter().map(|at| beside.columns[*at].rule.as_str()));
    head.push("nearest");
    let right: Vec<usize> = (1..=shown.len()).collect();
    ui.print(&ui.table(&head, &rows, &right));
    ui.print("");
}

fn table(
    ui: &Ui,
    first: &str,
    beside: &SideBySide,
    shown: &[usize],
    rows: &[Vec<String>],
) -> String {
    let mut head = vec![first];
    head.extend(shown.iter().map(|at| beside.columns[*at].rule.as_str()));
    let right: Vec<usize> = (1..=shown.len()).collect();
    ui.table(&head, rows, &right)
}

fn as_json(comparisons: &Comparisons, beside: &SideBySide) -> Value {
    let rules: Vec<Value> = beside
        .columns
        .iter()
        .map(|column| match &column.outcome {
            Ok(estimate) => json!({
                "rule": column.rule,
                "weights": estimate.weights(),
                "warnings": estimate.warnings,
            }),
            Err(error) => json!({ "rule": column.rule, "refusal": error.to_string() }),
        })
        .collect();
    let differences: Vec<Vec<Value>> = beside
        .differences
        .iter()
        .map(|row| {
            row.iter()
                .map(|difference| {
                    difference.map_or(Value::Null, |difference| {
                        json!({
                            "total_variation": difference.total_variation,
                            "moved_per_million": difference.moved_per_million(),
                            "kendall_tau": difference.kendall,
                        })
                    })
                })
                .collect()
        })
        .collect();
    let fit = |fit: &Option<Fit>| {
        fit.map_or(Value::Null, |fit| json!({ "cost": fit.cost, "accuracy": fit.accuracy }))
    };
    let jurors: Vec<Value> = comparisons
        .jurors()
        .iter()
        .enumerate()
        .map(|(at, juror)| {
            json!({
                "juror": juror,
                "fits": beside.fits[at].iter().map(fit).collect::<Vec<_>>(),
                "nearest": beside.nearest[at].map(|column| &beside.columns[column].rule),
            })
        })
        .collect();
    json!({
        "items": comparisons.items(),
        "rules": rules,
        "differences": differences,
        "jurors": jurors,
    })
}
