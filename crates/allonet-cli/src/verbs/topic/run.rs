//! `allonet topic run`: plays a topic over a series.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use allonet_core::fault::Fault;
use allonet_core::receipt::FileHash;
use clap::Args;
use serde_json::json;

use super::data::Data;
use super::outcome::{Outcome, Participant};
use super::play::{Played, play};
use super::receipt::{EVENTS, Receipt, lines};
use super::spec::Spec;
use super::workers::Crew;
use super::{page, tables};
use crate::diagnose::Failure;
use crate::files::{Outputs, folder_of, read_file};
use crate::program::RunPrograms;
use crate::ui::{Tone, Ui, counted, percent};

/// `allonet topic run`
#[derive(Debug, Args)]
#[command(after_help = "\
The topic file names the series' column, the loss, and who takes part: each is a
built-in model, a column of the data, or a program. Losses are log10: lower is
better. What somebody adds is how much greater the network's loss is without it.

Examples:
  allonet topic run examples/topics/regimes/topic.toml \\
      --data examples/topics/regimes/series.csv
  allonet topic run topic.toml --data series.csv --out results
  allonet topic run topic.toml --data series.csv --seed 2 --format json")]
pub(super) struct RunArgs {
    /// The topic file
    #[arg(value_name = "TOPIC")]
    topic: PathBuf,
    /// The series, a table with a row for each epoch
    #[arg(long, value_name = "FILE")]
    data: PathBuf,
    /// Folder for the results [default: out/<name of the topic>]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Another seed than that of the topic file
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,
    /// Refuse workers that are programs
    #[arg(long)]
    no_programs: bool,
}

/// Plays, prints, and writes everything.
pub(super) fn run(args: &RunArgs, ui: &Ui) -> Result<ExitCode, Failure> {
    let topic = read_file(&args.topic, &args.topic.to_string_lossy())?;
    let mut spec = Spec::read(&topic)?;
    spec.seed = args.seed.unwrap_or(spec.seed);
    let table = read_file(&args.data, &args.data.to_string_lossy())?;
    let data = Data::read(&table, &spec)?;
    let programs = RunPrograms::new(&folder_of(&args.topic));
    let mut crew = if args.no_programs {
        Crew::new(&spec, &data, &Refusing)?
    } else {
        Crew::new(&spec, &data, &programs)?
    };
    let working = ui.working("playing");
    let played = play(&spec, &data, &mut crew)?;
    drop(working);
    let outcome = Outcome::of(&played.clerk.epochs, &played.clerk.names, spec.warm_up, spec.seed)
        .map_err(|error| Fault::new("amount", error.to_string()))?;
    let name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let inputs = vec![
        FileHash::of(&name(&args.topic), topic.text.as_bytes()),
        FileHash::of(&name(&args.data), table.text.as_bytes()),
    ];
    let folder = args.out.clone().unwrap_or_else(|| Path::new("out").join(&spec.name));
    let transcript = programs.transcript().to_json_lines();
    let paths = write(&spec, &data, &played, &outcome, inputs, &transcript, &folder)?;
    if ui.is_json() {
        ui.print_json(&json!({
            "topic": spec.name,
            "asset": spec.asset.id(),
            "outcome": outcome,
            "unscored": data.truths.len() - played.clerk.epochs.len(),
            "refused": played.clerk.refused.len(),
            "files": paths,
        }));
    } else {
        print(ui, &spec, &outcome);
    }
    notes(ui, &data, &played, &folder);
    Ok(ExitCode::SUCCESS)
}

/// Reaches no programs.
struct Refusing;

impl allonet_core::mechanism::OracleFactory for Refusing {
    fn oracle(
        &self,
        program: allonet_core::mechanism::Program,
    ) -> Result<std::sync::Arc<dyn allonet_core::mechanism::Oracle>, Fault> {
        let message = format!("`{}` is a program, and --no-programs was given", program.neuron);
        Err(Fault::new("programs-refused", message).help("read it first, then run without"))
    }
}

fn write(
    spec: &Spec,
    data: &Data,
    played: &Played,
    outcome: &Outcome,
    inputs: Vec<FileHash>,
    transcript: &str,
    folder: &Path,
) -> Result<Vec<PathBuf>, Failure> {
    let events = lines(&played.events);
    let clerk = &played.clerk;
    let mut receipt = Receipt::of(clerk, spec.asset.show(spec.emission), inputs, &events);
    let mut files = vec![
        (EVENTS.to_owned(), events),
        ("feed.csv".to_owned(), tables::feed(clerk)),
        ("inferences.csv".to_owned(), tables::inferences(clerk, &data.times)),
        ("losses.csv".to_owned(), tables::losses(clerk, &data.times)),
        ("rewards.csv".to_owned(), tables::rewards(spec, outcome)),
        ("weights.csv".to_owned(), tables::weights(clerk, &data.times)),
    ];
    let charts = page::charts(spec, clerk, outcome);
    files.push(("report.html".to_owned(), page::render(spec, outcome, &charts)));
    files.extend(charts.into_iter().map(|chart| (chart.file, chart.svg)));
    if !transcript.is_empty() {
        files.push(("programs.jsonl".to_owned(), transcript.to_owned()));
    }
    let others = files.iter().filter(|(name, _)| name != EVENTS);
    receipt.outputs = others.map(|(name, text)| FileHash::of(name, text.as_bytes())).collect();
    files.push(("receipt.json".to_owned(), receipt.text()));
    let mut outputs = Outputs::new(folder)?;
    for (name, text) in &files {
        outputs.add(name, text.as_bytes())?;
    }
    outputs.commit()
}

/// Figures of the printed table: all but the first two columns.
const FIGURES: [usize; 7] = [2, 3, 4, 5, 6, 7, 8];

fn print(ui: &Ui, spec: &Spec, outcome: &Outcome) {
    let head = [
        "participant",
        "role",
        "log10 loss",
        "rank",
        "weight",
        "adds",
        "score",
        "beaten",
        "reward",
    ];
    let mut rows: Vec<Vec<String>> =
        outcome.participants.iter().map(|one| line(spec, one)).collect();
    for (name, loss) in [("network", outcome.network_loss), ("naive", outcome.naive_loss)] {
        let mut row = vec![name.to_owned(), String::new(), figure(loss, 3)];
        row.resize(head.len(), String::new());
        rows.push(row);
    }
    ui.print(&ui.tone(Tone::Strong, &spec.title));
    ui.print(&ui.table(&head, &rows, &FIGURES));
    ui.print("");
    let gap = outcome.best_inferer.as_ref().map(|rival| rival.difference);
    let better = gap.is_some_and(|gap| gap.high < 0.0);
    let worse = gap.is_none_or(|gap| gap.low > 0.0);
    let tone = if better {
        Tone::Good
    } else if worse {
        Tone::Bad
    } else {
        Tone::Doubtful
    };
    ui.print(&ui.tone(tone, &outcome.verdict));
    ui.print(&outcome.often());
    if !spec.forecasters.is_empty() {
        ui.print(&outcome.context());
    }
}

fn line(spec: &Spec, one: &Participant) -> Vec<String> {
    vec![
        one.id.clone(),
        one.role.name().to_owned(),
        figure(one.loss, 3),
        one.rank.map_or_else(String::new, |rank| rank.to_string()),
        figure(one.weight, 3),
        figure(one.contribution, 4),
        figure(one.score, 3),
        one.beaten.map_or_else(String::new, |beaten| percent(beaten.value)),
        page::short(&spec.asset, one.reward),
    ]
}

fn figure(value: Option<f64>, digits: usize) -> String {
    value.map_or_else(String::new, |value| format!("{value:.digits$}"))
}

fn notes(ui: &Ui, data: &Data, played: &Played, folder: &Path) {
    let clerk = &played.clerk;
    let unscored = data.truths.len() - clerk.epochs.len();
    if unscored > 0 {
        ui.note(&format!("not scored, for lack of inferences: {}", counted(unscored, "epoch")));
    }
    if let Some((event, rejected)) = clerk.refused.first() {
        let first = format!("{} `{}`: {rejected}", event.actor, event.action);
        let refused = counted(clerk.refused.len(), "event");
        ui.note(&format!("the topic refused {refused}, the first by {first}"));
    }
    ui.note(&format!("results are in {}; see report.html", folder.display()));
}
