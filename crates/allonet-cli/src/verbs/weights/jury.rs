//! `allonet weights jury`: whether a jury's comparisons are any good.

mod findings;
mod json;
mod text;

use std::path::PathBuf;
use std::process::ExitCode;

use allonet_core::fault::Fault;
use allonet_weights::jury::intervals::Method;
use clap::{Args, ValueEnum};

use super::reading::{ReadingArgs, no_weights, parameters};
use crate::diagnose::Failure;
use crate::ui::Ui;
use findings::{Findings, Settings};

/// `allonet weights jury`
#[derive(Debug, Args)]
#[command(after_help = "\
Weights, their bounds and what each juror moves are those of least squares
where every answer says how many times more, otherwise those of Bradley-Terry.

Examples:
  allonet weights jury duels.csv
  allonet weights jury duels.csv --directions --level 0.95
  allonet weights jury duels.csv --rule least-squares --cap 0.1 --format json")]
pub(super) struct JuryArgs {
    /// The table of comparisons: item_a, item_b, winner, multiplier, juror
    #[arg(value_name = "COMPARISONS")]
    comparisons: PathBuf,
    /// Look only at which item was preferred
    #[arg(long)]
    directions: bool,
    /// Bounds of the weights of this rule
    #[arg(long, value_name = "ID")]
    rule: Option<String>,
    /// A number for the rule; may be given several times
    #[arg(long, value_name = "NAME=NUMBER", requires = "rule")]
    set: Vec<String>,
    /// The level of the bounds
    #[arg(long, value_name = "PART", default_value_t = 0.9)]
    level: f64,
    /// How bounds are read off the juries drawn
    #[arg(long, value_enum, default_value_t = Bounds::Percentile)]
    bounds: Bounds,
    /// How many juries are drawn
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    replicates: usize,
    /// The seed of all draws
    #[arg(long, value_name = "SEED", default_value_t = 1)]
    seed: u64,
    /// Weigh jurors down until none moves more than this part of the money;
    /// tells the weights of the jurors
    #[arg(long, value_name = "PART")]
    cap: Option<f64>,
    #[command(flatten)]
    reading: ReadingArgs,
}

/// How bounds are read off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Bounds {
    /// Quantiles
    Percentile,
    /// Mirrored quantiles of logarithms
    Basic,
    /// Quantiles corrected for bias and acceleration
    Bca,
}

/// Looks into a jury.
pub(super) fn run(args: &JuryArgs, ui: &Ui) -> Result<ExitCode, Failure> {
    let settings = settings(args)?;
    let read = args.reading.comparisons(&args.comparisons, ui)?;
    let comparisons = if args.directions { read.without_intensity() } else { read };
    if comparisons.jurors().iter().all(String::is_empty) {
        ui.note("no column names the juror: all answers count as those of one");
    }
    let working = ui.working("looking into the jury");
    let findings = Findings::gather(&comparisons, &settings)?;
    drop(working);
    findings.notes.iter().for_each(|note| ui.note(note));
    if ui.is_json() {
        ui.print_json(&json::report(&comparisons, &findings));
    } else {
        text::report(&comparisons, &findings, ui);
    }
    Ok(ExitCode::SUCCESS)
}

fn settings(args: &JuryArgs) -> Result<Settings, Failure> {
    let refused =
        |message: String, help: &str| Failure::usage(Fault::new("bad-option", message).help(help));
    if !(0.5..=0.999).contains(&args.level) {
        return Err(refused(format!("--level is {}", args.level), "give one from 0.5 to 0.999"));
    }
    if !(20..=100_000).contains(&args.replicates) {
        let message = format!("--replicates is {}", args.replicates);
        return Err(refused(message, "draw from 20 to 100,000 juries"));
    }
    if let Some(cap) = args.cap
        && !(cap > 0.0 && cap <= 1.0)
    {
        let help = "a part of the money is above 0 and at most 1";
        return Err(refused(format!("--cap is {cap}"), help));
    }
    let rule = match &args.rule {
        None => None,
        Some(id) => {
            allonet_weights::rules::rule(id).map_err(no_weights)?;
            Some((id.clone(), parameters(&args.set)?))
        }
    };
    Ok(Settings {
        rule,
        level: args.level,
        method: match args.bounds {
            Bounds::Percentile => Method::Percentile,
            Bounds::Basic => Method::Basic,
            Bounds::Bca => Method::Bca,
        },
        replicates: args.replicates,
        seed: args.seed,
        cap: args.cap,
    })
}
