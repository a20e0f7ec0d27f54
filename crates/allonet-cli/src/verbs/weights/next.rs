//! `allonet weights next`: the questions whose answers would tell most.

use std::path::PathBuf;
use std::process::ExitCode;

use allonet_core::fault::Fault;
use allonet_weights::ask::{Criterion, Question, Reason, Session, Stopping};
use allonet_weights::comparisons::Comparisons;
use clap::Args;
use serde_json::{Value, json};

use super::asking::{AskingArgs, failure, nothing};
use super::reading::ReadingArgs;
use crate::diagnose::Failure;
use crate::ui::{Ui, counted, percent};

/// `allonet weights next`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  allonet weights next duels.csv --count 10
  allonet weights next --items items.csv --count 20 --seed 7
  allonet weights next duels.csv --juror ann --money 350000 --cost 2

Ask few at a time: batches of up to a fifth of the items came to the same error with about half of
the answers that random questions need; batches as large as the list of items save little.")]
pub(super) struct NextArgs {
    /// What was answered so far; without it nothing
    #[arg(value_name = "COMPARISONS", required_unless_present = "items")]
    comparisons: Option<PathBuf>,
    /// How many questions; each item stands in at most two
    #[arg(long, value_name = "N", default_value_t = 1)]
    count: usize,
    /// Who will be asked: not what it answered before
    #[arg(long, value_name = "NAME")]
    juror: Option<String>,
    #[command(flatten)]
    asking: AskingArgs,
    #[command(flatten)]
    reading: ReadingArgs,
}

/// Chooses.
pub(super) fn run(args: &NextArgs, ui: &Ui) -> Result<ExitCode, Failure> {
    let settings = args.asking.settings()?;
    let criterion = settings.criterion;
    let stopping = args.asking.stopping()?;
    let comparisons = match &args.comparisons {
        Some(path) => args.reading.comparisons(path, ui)?,
        None => nothing(&args.reading.reading()?.items.unwrap_or_default()),
    };
    let working = ui.working("choosing");
    let mut session = Session::knowing(&comparisons, settings).map_err(|error| failure(&error))?;
    if let Some(juror) = &args.juror {
        let Some(place) = comparisons.juror(juror) else {
            if !comparisons.is_empty() {
                ui.note(&format!("{juror} has not answered anything yet"));
            }
            return tell(args, ui, &comparisons, &mut session, (criterion, stopping));
        };
        for row in comparisons.rows().filter(|row| row.juror == place) {
            session.mark(row.left, row.right, true);
        }
    }
    drop(working);
    tell(args, ui, &comparisons, &mut session, (criterion, stopping))
}

fn tell(
    args: &NextArgs,
    ui: &Ui,
    comparisons: &Comparisons,
    session: &mut Session,
    (criterion, stopping): (Criterion, Option<Stopping>),
) -> Result<ExitCode, Failure> {
    if args.count == 0 {
        let fault = Fault::new("bad-option", "--count is 0").help("ask for at least one question");
        return Err(Failure::usage(fault));
    }
    let batch = session.batch(args.count);
    let advice = stopping.map(|stopping| stopping.advice(session));
    let names = comparisons.items();
    if ui.is_json() {
        let questions: Vec<Value> = batch.iter().map(|question| in_json(question, names)).collect();
        let advice = advice.map(|advice| {
            json!({
                "stop": advice.stop,
                "expected_error": advice.error,
                "gain": advice.gain,
                "widest_interval": advice.widest.0,
                "sentence": advice.sentence,
            })
        });
        ui.print_json(&json!({
            "criterion": criterion.name(),
            "comparisons": comparisons.len(),
            "islands": session.islands(),
            "questions": questions,
            "advice": advice,
        }));
        return Ok(ExitCode::SUCCESS);
    }
    if batch.is_empty() {
        ui.note("every pair was asked: there is no question left");
        return Ok(ExitCode::SUCCESS);
    }
    let rows: Vec<Vec<String>> = batch
        .iter()
        .map(|question| {
            let name = |item: u32| names[item as usize].clone();
            let (left, right) = (name(question.left), name(question.right));
            vec![left, right, percent(question.left_chance), why(question.reason, criterion)]
        })
        .collect();
    ui.print(&ui.table(&["first", "second", "first wins", "why"], &rows, &[2]));
    if batch.len() < args.count {
        let asked = counted(args.count, "question");
        ui.note(&format!("these are all that fit a batch; {asked} were wanted"));
    }
    if let Some(advice) = advice {
        ui.print(&advice.sentence);
    }
    Ok(ExitCode::SUCCESS)
}

fn why(reason: Reason, criterion: Criterion) -> String {
    match reason {
        Reason::Joins => "joins items that no answer joins yet".to_owned(),
        Reason::Repeats => "answered before: does the juror say the same?".to_owned(),
        Reason::Informs(gain) if criterion == Criterion::TotalVariation => {
            format!("puts about {:.3} % of the money right", 100.0 * gain)
        }
        Reason::Informs(gain) => format!("{} {gain:.3e}", criterion.name()),
    }
}

fn in_json(question: &Question, names: &[String]) -> Value {
    let (reason, gain) = match question.reason {
        Reason::Joins => ("joins", None),
        Reason::Repeats => ("repeats", None),
        Reason::Informs(gain) => ("informs", Some(gain)),
    };
    json!({
        "item_a": names[question.left as usize],
        "item_b": names[question.right as usize],
        "a_wins": question.left_chance,
        "reason": reason,
        "gain": gain,
    })
}
