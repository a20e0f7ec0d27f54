//! `allonet weights mix`: the best mix of several models' weights.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use allonet_core::fault::Fault;
use allonet_weights::comparisons::Comparisons;
use allonet_weights::estimate::softmax;
use allonet_weights::sources::mix::{CrossFit, Mix, MixError, Model, cross_fit, mix};
use allonet_weights::sources::model_csv;
use clap::Args;
use serde_json::{Value, json};

use super::reading::{ReadingArgs, open};
use crate::diagnose::Failure;
use crate::ui::{Ui, counted};

/// `allonet weights mix`
#[derive(Debug, Args)]
#[command(after_help = "\
Cost is the mean of (ln(weight of b / weight of a) − c)², c what jurors said:
lower is better, 0 is what they said to the letter. A model that copies another
has its cost, but no part in the mix. Judge by the cross-fitted cost: there, parts
are fitted without the jurors they are judged by.

Examples:
  allonet weights mix duels.csv --weights gpt.csv --weights seer.csv
  allonet weights mix duels.csv --weights a.csv --weights b.csv --floor 0.000001
  allonet weights mix duels.csv --weights a.csv --weights b.csv --format json")]
pub(super) struct MixArgs {
    /// The table of comparisons; those that do not say how much are passed over
    #[arg(value_name = "COMPARISONS")]
    comparisons: PathBuf,
    /// A model's weights, columns `item` and `weight`; may be given several times
    #[arg(long, value_name = "FILE", required = true)]
    weights: Vec<PathBuf>,
    /// Shares below are taken for this one; without it a weight of zero is a fault
    #[arg(long, value_name = "SHARE")]
    floor: Option<f64>,
    /// In how many parts jurors are held out
    #[arg(long, value_name = "COUNT", default_value_t = 5)]
    folds: usize,
    /// Decides which jurors are held out together
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    seed: u64,
    #[command(flatten)]
    reading: ReadingArgs,
}

/// Mixes.
pub(super) fn run(args: &MixArgs, ui: &Ui) -> Result<ExitCode, Failure> {
    if args.floor.is_some_and(|floor| !(floor > 0.0 && floor < 1.0)) {
        let message = format!("--floor is {}", args.floor.unwrap_or_default());
        let fault = Fault::new("bad-option", message).help("a share lies between 0 and 1");
        return Err(Failure::usage(fault));
    }
    if args.folds < 2 {
        let fault = Fault::new("bad-option", format!("--folds is {}", args.folds));
        return Err(Failure::usage(fault.help("hold jurors out in at least 2 parts")));
    }
    let comparisons = args.reading.comparisons(&args.comparisons, ui)?;
    let models = models(args, &comparisons, ui)?;
    let found = mix(&models, &comparisons).map_err(|error| refused(&error))?;
    let silent = comparisons.len() - found.answers;
    if silent > 0 {
        let text =
            format!("{} do not say how much and were passed over", counted(silent, "comparison"));
        ui.note(&text);
    }
    let crossed = match cross_fit(&models, &comparisons, args.folds, args.seed) {
        Ok(crossed) => Some(crossed),
        Err(error @ MixError::FewJurors { .. }) => {
            ui.note(&format!("no cross-fitted cost: {error}"));
            None
        }
        Err(error) => return Err(refused(&error)),
    };
    if ui.is_json() {
        ui.print_json(&as_json(&comparisons, &models, &found, crossed.as_ref()));
    } else {
        print(ui, &comparisons, &models, &found, crossed.as_ref());
    }
    Ok(ExitCode::SUCCESS)
}

/// Reads the models; each is called what its file is.
fn models(args: &MixArgs, comparisons: &Comparisons, ui: &Ui) -> Result<Vec<Model>, Failure> {
    let naming = args.reading.reading()?.naming;
    let items = comparisons.items();
    let mut models = Vec::new();
    for path in &args.weights {
        let read = model_csv::read(&open(path)?, items, &naming)?;
        let name = name_of(path);
        if (read.sum - 1.0).abs() > 1e-6 {
            ui.note(&format!("the weights of {name} add up to {}; only ratios count", read.sum));
        }
        let log_weights = read.log_weights(args.floor).map_err(|at| {
            let message = format!("{name} gives `{}` nothing", items[at]);
            let help = "no ratio to nothing is finite: give a weight above 0, or a --floor";
            Fault::new("zero-weight", message).help(help)
        })?;
        models.push(Model { name, log_weights });
    }
    Ok(models)
}

fn name_of(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

fn refused(error: &MixError) -> Failure {
    Fault::new("no-mix", error.to_string()).into()
}

fn print(
    ui: &Ui,
    comparisons: &Comparisons,
    models: &[Model],
    found: &Mix,
    crossed: Option<&CrossFit>,
) {
    let mut order: Vec<usize> = (0..models.len()).collect();
    order.sort_by(|a, b| found.alone[*a].total_cmp(&found.alone[*b]).then(a.cmp(b)));
    let cost = |cost: f64| format!("{cost:.4}");
    let mut rows: Vec<Vec<String>> = order
        .iter()
        .map(|at| {
            let part = format!("{:.4}", found.parts[*at]);
            vec![models[*at].name.clone(), cost(found.alone[*at]), part]
        })
        .collect();
    let mut line =
        |name: &str, figure: f64| rows.push(vec![name.into(), cost(figure), String::new()]);
    line("best mix", found.cost);
    if let Some(crossed) = crossed {
        line("best mix, cross-fitted", crossed.cost);
    }
    line("models in equal parts", found.even);
    line("all items the same", found.equal);
    ui.print(&ui.table(&["model", "cost", "part in the mix"], &rows, &[1, 2]));
    ui.print("");
    let shares = softmax(&found.log_weights);
    let mut order: Vec<usize> = (0..shares.len()).collect();
    order.sort_by(|a, b| shares[*b].total_cmp(&shares[*a]).then(a.cmp(b)));
    let rows: Vec<Vec<String>> = order
        .iter()
        .map(|at| vec![comparisons.items()[*at].clone(), format!("{:.6}", shares[*at])])
        .collect();
    ui.print(&ui.table(&["item", "weight in the best mix"], &rows, &[1]));
    ui.print(&format!(
        "{} by {} of {}",
        counted(models.len(), "model"),
        counted(found.answers, "answer"),
        counted(comparisons.jurors().len(), "juror"),
    ));
}

fn as_json(
    comparisons: &Comparisons,
    models: &[Model],
    found: &Mix,
    crossed: Option<&CrossFit>,
) -> Value {
    let models: Vec<Value> = models
        .iter()
        .zip(found.alone.iter().zip(&found.parts))
        .map(|(model, (cost, part))| json!({ "model": model.name, "cost": cost, "part": part }))
        .collect();
    let shares = softmax(&found.log_weights);
    let weights: Vec<Value> = comparisons
        .items()
        .iter()
        .zip(shares)
        .map(|(item, weight)| json!({ "item": item, "weight": weight }))
        .collect();
    json!({
        "models": models,
        "mix": { "cost": found.cost, "weights": weights },
        "cross_fitted": crossed.map(|crossed| json!({
            "cost": crossed.cost,
            "parts_by_fold": crossed.parts,
        })),
        "equal_parts_cost": found.even,
        "equal_items_cost": found.equal,
        "answers": found.answers,
    })
}
