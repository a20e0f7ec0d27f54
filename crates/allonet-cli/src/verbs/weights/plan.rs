//! `allonet weights plan`: how many comparisons a wanted precision takes.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use allonet_core::fault::Fault;
use allonet_weights::jury::Model;
use allonet_weights::jury::power::{Answers, Design, Goal, outlook};
use clap::{Args, ValueEnum};
use serde_json::json;

use super::reading::ReadingArgs;
use crate::diagnose::Failure;
use crate::ui::{Ui, counted, grouped, percent};

/// `allonet weights plan`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  allonet weights plan --items 100 --target 10%
  allonet weights plan --items 45 --target 5% --error money --noise 2.28
  allonet weights plan duels.csv --target 20%")]
pub(super) struct PlanArgs {
    /// Comparisons at hand; says how many more are needed
    #[arg(value_name = "COMPARISONS", required_unless_present = "items")]
    comparisons: Option<PathBuf>,
    /// How many items there are, where nobody was asked yet
    #[arg(long, value_name = "N", conflicts_with = "comparisons")]
    items: Option<usize>,
    /// The error to reach, such as 10% or 0.1
    #[arg(long, value_name = "ERROR", default_value = "10%")]
    target: String,
    /// Of what the error is meant
    #[arg(long, value_enum, default_value_t = ErrorOf::Weight)]
    error: ErrorOf,
    /// Jurors say how many times more, with this error in nats (the pilot of
    /// Deep Funding had 2.28); without it they say only which
    #[arg(long, value_name = "NATS", conflicts_with = "comparisons")]
    noise: Option<f64>,
    /// How far items lie apart: standard deviation of log weights, in nats
    #[arg(long, value_name = "NATS", default_value_t = 1.0)]
    spread: f64,
    /// How many answers of the same jurors are worth an independent one
    #[arg(long, value_name = "TIMES", default_value_t = 1.0)]
    design_effect: f64,
    /// Check the plan on so many juries drawn at random
    #[arg(long, value_name = "JURIES", default_value_t = 0, conflicts_with = "comparisons")]
    simulate: u64,
    /// Items are repositories: one item for all spellings of an address
    #[arg(long, requires = "comparisons")]
    repositories: bool,
    /// Drop rows that compare an item with itself, and say how many
    #[arg(long, requires = "comparisons")]
    drop_self_comparisons: bool,
}

/// Of what an error is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ErrorOf {
    /// Of a typical weight, relative to it
    Weight,
    /// Of the money: the part that goes to the wrong place
    Money,
}

impl ErrorOf {
    fn goal(self) -> Goal {
        match self {
            Self::Weight => Goal::LogWeight,
            Self::Money => Goal::TotalVariation,
        }
    }

    fn in_words(self, error: f64) -> String {
        let percent = percent(error);
        match self {
            Self::Weight => format!("a typical weight is off by {percent}"),
            Self::Money => format!("{percent} of the money goes to the wrong place"),
        }
    }
}

/// Plans.
pub(super) fn run(args: &PlanArgs, ui: &Ui) -> Result<ExitCode, Failure> {
    let target = target(&args.target)?;
    match (&args.comparisons, args.items) {
        (Some(path), _) => more(args, path, target, ui),
        (None, items) => from_nothing(args, items.unwrap_or_default(), target, ui),
    }
}

fn refused(message: String, help: &str) -> Failure {
    Failure::usage(Fault::new("bad-option", message).help(help))
}

/// `10%` or `0.1`.
fn target(text: &str) -> Result<f64, Failure> {
    let (digits, unit) = match text.trim().strip_suffix('%') {
        Some(digits) => (digits.trim(), 0.01),
        None => (text.trim(), 1.0),
    };
    let target = digits.parse().map_or(f64::NAN, |number: f64| number * unit);
    if (0.001..=1.0).contains(&target) {
        return Ok(target);
    }
    Err(refused(format!("--target is {text}"), "give an error from 0.1% to 100%"))
}

/// Errors worth a row beside the target.
const USUAL: [f64; 5] = [0.05, 0.1, 0.2, 0.3, 0.5];
const MOST_ITEMS: usize = 1_000_000;
/// Juries beyond are not worth the wait.
const MOST_SIMULATED_ITEMS: usize = 2_000;

fn from_nothing(args: &PlanArgs, items: usize, target: f64, ui: &Ui) -> Result<ExitCode, Failure> {
    let design = design(args, items)?;
    let goal = args.error.goal();
    let needed = design.needed(goal, target);
    let working = ui.working("drawing juries");
    let simulated = simulated(args, &design, needed)?;
    drop(working);
    let mut targets: Vec<f64> =
        USUAL.into_iter().filter(|usual| usual.total_cmp(&target).is_ne()).collect();
    targets.push(target);
    targets.sort_by(f64::total_cmp);
    let rows: Vec<(f64, usize)> =
        targets.into_iter().map(|target| (target, design.needed(goal, target))).collect();
    if ui.is_json() {
        let table: Vec<_> = (rows.iter())
            .map(|(target, needed)| json!({ "target": target, "comparisons": needed }))
            .collect();
        ui.print_json(&json!({
            "items": items, "target": target, "error_of": args.error.goal_name(),
            "comparisons": needed, "table": table, "simulated_error": simulated,
        }));
        return Ok(ExitCode::SUCCESS);
    }
    let what = match design.answers {
        Answers::Direction => "that say which item is worth more".to_owned(),
        Answers::HowMuch { noise } => {
            format!("that say how many times more, with an error of {noise} nats")
        }
    };
    ui.print(&format!(
        "{} of random pairs of {} {what}: {}.\n",
        counted(needed, "comparison"),
        counted(items, "item"),
        args.error.in_words(design.error(goal, needed)),
    ));
    let table: Vec<Vec<String>> = (rows.iter())
        .map(|(target, needed)| {
            let each = 2.0 * *needed as f64 / items as f64;
            vec![percent(*target), grouped(*needed), format!("{each:.0}")]
        })
        .collect();
    ui.print(&ui.table(&["error", "comparisons", "of each item"], &table, &[0, 1, 2]));
    if let Some(error) = simulated {
        ui.print(&format!(
            "\nIn {} drawn at random and asked so much, {}.",
            if args.simulate == 1 {
                "1 jury".to_owned()
            } else {
                format!("{} juries", args.simulate)
            },
            args.error.in_words(error),
        ));
    }
    Ok(ExitCode::SUCCESS)
}

impl ErrorOf {
    fn goal_name(self) -> &'static str {
        match self {
            Self::Weight => "weight",
            Self::Money => "money",
        }
    }
}

fn design(args: &PlanArgs, items: usize) -> Result<Design, Failure> {
    if !(2..=MOST_ITEMS).contains(&items) {
        return Err(refused(format!("--items is {items}"), "give a number from 2 to 1,000,000"));
    }
    for (name, value, least) in [
        ("--noise", args.noise.unwrap_or(1.0), 1e-3),
        ("--spread", args.spread, 0.0),
        ("--design-effect", args.design_effect, 1.0),
    ] {
        let most = if name == "--spread" { 10.0 } else { 1_000.0 };
        if !(least..=most).contains(&value) {
            let help = format!("give a number from {least} to {most}");
            return Err(refused(format!("{name} is {value}"), &help));
        }
    }
    let answers = args.noise.map_or(Answers::Direction, |noise| Answers::HowMuch { noise });
    let design_effect = args.design_effect;
    Ok(Design { items, spread: args.spread, answers, design_effect })
}

/// The root mean square of the errors of simulated juries.
fn simulated(args: &PlanArgs, design: &Design, count: usize) -> Result<Option<f64>, Failure> {
    if args.simulate == 0 {
        return Ok(None);
    }
    if design.items > MOST_SIMULATED_ITEMS || count > 10_000_000 {
        let message = format!("--simulate with {} comparisons of {} items", count, design.items);
        return Err(refused(message, "simulate at most 2,000 items and 10,000,000 comparisons"));
    }
    let mut sum = 0.0;
    for seed in 0..args.simulate {
        let error = design.simulate(args.error.goal(), count, seed).map_err(Fault::from)?;
        sum += error * error;
    }
    // Drawn jurors do not hang together.
    Ok(Some((sum / args.simulate as f64 * design.design_effect).sqrt()))
}

fn more(args: &PlanArgs, path: &Path, target: f64, ui: &Ui) -> Result<ExitCode, Failure> {
    let reading = ReadingArgs {
        items: None,
        repositories: args.repositories,
        aliases: None,
        max_multiplier: 1_000.0,
        clip: None,
        drop_self_comparisons: args.drop_self_comparisons,
    };
    let comparisons = reading.comparisons(path, ui)?;
    let working = ui.working("looking ahead");
    let model = Model::natural(&comparisons);
    let found = outlook(&comparisons, model, args.error.goal(), target).map_err(Fault::from)?;
    drop(working);
    let noise = match found.answers {
        Answers::Direction => None,
        Answers::HowMuch { noise } => Some(noise),
    };
    if ui.is_json() {
        ui.print_json(&json!({
            "comparisons": comparisons.len(), "items": comparisons.items().len(),
            "target": target, "error_of": args.error.goal_name(), "noise": noise,
            "design_effect": found.design_effect, "error": found.error, "more": found.more,
        }));
        return Ok(ExitCode::SUCCESS);
    }
    let size = counted(comparisons.len(), "comparison");
    match found.error {
        Some(error) => ui.print(&format!("With these {size} {}.", args.error.in_words(error))),
        None => ui.print(&format!("These {size} leave items on islands: no error is known.")),
    }
    if let Some(noise) = noise {
        ui.print(&format!("Jurors err by {noise:.2} nats when they say how many times more."));
    }
    if found.design_effect > 1.05 {
        let effect = found.design_effect;
        ui.print(&format!(
            "Answers of one juror hang together: {effect:.1} are worth one of an independent juror."
        ));
    }
    ui.print(&if found.more == 0 {
        format!("That is within the target of {}.", percent(target))
    } else {
        format!(
            "{} more on random pairs take it to {}, if the next jurors are like these.",
            counted(found.more, "comparison"),
            percent(target)
        )
    });
    Ok(ExitCode::SUCCESS)
}
