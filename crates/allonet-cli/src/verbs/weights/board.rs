//! `allonet weights board`: a leaderboard in a folder.
//!
//! `board.toml` holds the settings, `comparisons.csv` all answers, `log.jsonl`
//! the submissions. The folder stays with the organiser: it holds the hidden
//! answers. What `show` prints is for everybody.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use allonet_core::fault::{Fault, Place, SourceFile};
use allonet_core::time::Instant;
use allonet_weights::comparisons::{Comparisons, Naming, Reading};
use allonet_weights::evaluate::bootstrap::{Difference, Resampling, difference};
use allonet_weights::evaluate::given::GivenWeights;
use allonet_weights::evaluate::ladder::Release;
use allonet_weights::evaluate::ladder::attack::{Attack, Gained, attack};
use allonet_weights::evaluate::ladder::board::{Board, BoardError, Settings};
use allonet_weights::evaluate::metrics::metric;
use allonet_weights::repository::Aliases;
use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;

use super::reading::open;
use crate::diagnose::Failure;
use crate::files::{Outputs, read_file};
use crate::ui::{Ui, counted};

const SETTINGS: &str = "board.toml";
const ANSWERS: &str = "comparisons.csv";
const LOG: &str = "log.jsonl";

/// `allonet weights board`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  allonet weights board new spring --comparisons duels.csv --closes 2026-06-30 --seed 81723
  allonet weights board submit spring ann.csv --identity ann
  allonet weights board show spring
  allonet weights board final spring
  allonet weights board attack --worlds 40")]
pub(super) struct BoardArgs {
    #[command(subcommand)]
    verb: BoardVerb,
}

#[derive(Debug, Subcommand)]
enum BoardVerb {
    /// Begin a board in a new folder
    New(NewArgs),
    /// Submit weights, and say what is told of them
    Submit(SubmitArgs),
    /// Show the public standings
    Show {
        /// The board's folder
        folder: PathBuf,
    },
    /// Show scores on the hidden answers, once the board is closed
    Final {
        /// The board's folder
        folder: PathBuf,
    },
    /// Simulate a hill-climber on boards of each kind: what would it gain?
    Attack(AttackArgs),
}

#[derive(Debug, Args)]
struct NewArgs {
    /// The folder to begin
    folder: PathBuf,
    /// The table of comparisons; jurors are divided into public and hidden ones
    #[arg(long, value_name = "FILE")]
    comparisons: PathBuf,
    /// When the board closes, such as 2026-06-30T18:00:00Z
    #[arg(long, value_name = "TIME")]
    closes: Instant,
    /// What determines which jurors are hidden: a number nobody can guess
    #[arg(long, value_name = "N")]
    seed: u64,
    /// What it is about
    #[arg(long, default_value = "")]
    title: String,
    /// The score of answers
    #[arg(long, value_name = "ID", default_value = "brier")]
    metric: String,
    /// Part of the jurors who are public
    #[arg(long, value_name = "PART", default_value_t = 0.5)]
    public: f64,
    /// When a new score is told
    #[arg(long, value_enum, default_value_t = Kind::Ladder)]
    release: Kind,
    /// The improvement a ladder wants, and rounds to
    #[arg(long, value_name = "SCORE", default_value_t = 0.02)]
    step: f64,
    /// Submissions of one identity in all
    #[arg(long, value_name = "N", default_value_t = 60)]
    per_identity: u32,
    /// Submissions of one identity in a day (UTC)
    #[arg(long, value_name = "N", default_value_t = 3)]
    per_day: u32,
    /// Items are repositories: one item for all spellings of an address
    #[arg(long)]
    repositories: bool,
}

/// When a new score is told.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Kind {
    /// Always, exactly: can be climbed
    Plain,
    /// Where it improves by more than --step
    Ladder,
    /// Where it improves by more than its standard error
    Paired,
}

#[derive(Debug, Args)]
struct SubmitArgs {
    /// The board's folder
    folder: PathBuf,
    /// The weights, columns item and weight
    weights: PathBuf,
    /// Who submits
    #[arg(long, value_name = "NAME")]
    identity: String,
    /// When it came in [default: now]
    #[arg(long, value_name = "TIME")]
    at: Option<Instant>,
}

#[derive(Debug, Args)]
struct AttackArgs {
    /// How many items
    #[arg(long, default_value_t = 45)]
    #[arg(value_parser = clap::value_parser!(u16).range(2..))]
    items: u16,
    /// How many jurors, public and hidden
    #[arg(long, default_value_t = 40)]
    #[arg(value_parser = clap::value_parser!(u16).range(4..))]
    jurors: u16,
    /// How many answers, public and hidden
    #[arg(long, default_value_t = 600)]
    #[arg(value_parser = clap::value_parser!(u32).range(100..))]
    answers: u32,
    /// How many names the attacker goes by
    #[arg(long, default_value_t = 5)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..))]
    identities: u32,
    /// How often each may submit
    #[arg(long, default_value_t = 100)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..))]
    budget: u32,
    /// How many juries are drawn
    #[arg(long, default_value_t = 40)]
    #[arg(value_parser = clap::value_parser!(u32).range(2..))]
    worlds: u32,
    /// The improvement the ladder wants
    #[arg(long, default_value_t = 0.02)]
    step: f64,
    /// What determines all draws
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Does what the command line says.
pub(super) fn run(args: &BoardArgs, ui: &Ui) -> Result<ExitCode, Failure> {
    match &args.verb {
        BoardVerb::New(args) => begin(args, ui),
        BoardVerb::Submit(args) => submit(args, ui),
        BoardVerb::Show { folder } => show(folder, ui),
        BoardVerb::Final { folder } => finals(folder, ui),
        BoardVerb::Attack(args) => simulate(args, ui),
    }
    .map(|()| ExitCode::SUCCESS)
}

fn begin(args: &NewArgs, ui: &Ui) -> Result<(), Failure> {
    if args.folder.join(SETTINGS).exists() {
        let message = format!("{} holds a board already", args.folder.display());
        return Err(Failure::usage(Fault::new("board-exists", message).help("name a new folder")));
    }
    let table = open(&args.comparisons)?;
    let comparisons = read(&table, args.repositories)?;
    let settings = Settings {
        title: args.title.clone(),
        metric: args.metric.clone(),
        closes: args.closes,
        public: args.public,
        seed: args.seed,
        per_identity: args.per_identity,
        per_day: args.per_day,
        comparisons: hash(&table.text),
        repositories: args.repositories,
        release: match args.release {
            Kind::Plain => Release::Plain {},
            Kind::Ladder => Release::Ladder { step: args.step },
            Kind::Paired => Release::Paired {},
        },
    };
    let text = toml::to_string(&settings).map_err(|error| {
        Failure::usage(Fault::new("bad-board", format!("these settings cannot be kept: {error}")))
    })?;
    let board = Board::new(settings, &text, &comparisons).map_err(not_done)?;
    let mut files = Outputs::new(&args.folder)?;
    files.add(ANSWERS, table.text.as_bytes())?;
    files.add(LOG, b"")?;
    files.add(SETTINGS, text.as_bytes())?;
    files.commit()?;
    let (public, hidden) = board.jurors();
    if ui.is_json() {
        ui.print_json(&json!({
            "folder": args.folder.to_string_lossy(), "public_jurors": public,
            "hidden_jurors": hidden, "hash": board.head(),
        }));
        return Ok(());
    }
    ui.print(&format!("{}: {public} public and {hidden} hidden jurors", args.folder.display()));
    ui.print(&format!("publish this hash of the settings now: {}", board.head()));
    Ok(())
}

/// A board's folder, read and replayed.
struct Opened {
    board: Board,
    settings: Settings,
    naming: Naming,
}

fn opened(folder: &Path) -> Result<Opened, Failure> {
    let file = |name: &str| -> Result<Arc<SourceFile>, Failure> {
        let path = folder.join(name);
        Ok(read_file(&path, &path.to_string_lossy())?)
    };
    let text = file(SETTINGS)?;
    let settings: Settings = toml::from_str(&text.text).map_err(|error| {
        let place = error.span().map(|span| Place::new(&text, span));
        Fault::new("bad-board", error.message()).at_some(place)
    })?;
    let table = file(ANSWERS)?;
    if hash(&table.text) != settings.comparisons {
        let message = format!("{} is not what the board began with", table.path);
        return Err(Fault::new("changed-answers", message).help("restore the file").into());
    }
    let comparisons = read(&table, settings.repositories)?;
    let board = Board::replay(settings.clone(), &text.text, &comparisons, &file(LOG)?)?;
    let naming = naming(settings.repositories);
    Ok(Opened { board, settings, naming })
}

fn submit(args: &SubmitArgs, ui: &Ui) -> Result<(), Failure> {
    let Opened { mut board, settings, naming } = opened(&args.folder)?;
    let weights = GivenWeights::read(&open(&args.weights)?, &naming)?;
    let time = args.at.map_or_else(now, Instant::unix);
    let submitted = board.submit(time, &args.identity, weights.by_item().clone());
    let (told, line) = submitted.map_err(not_done)?;
    append(&args.folder.join(LOG), &line)?;
    let missing = weights.on(board.items()).missing.len();
    if missing > 0 {
        ui.note(&format!("{} without a weight get nothing", counted(missing, "item")));
    }
    if ui.is_json() {
        ui.print_json(&json!({
            "identity": args.identity, "metric": settings.metric, "score": told.score,
            "improved": told.improved, "hash": board.head(),
        }));
        return Ok(());
    }
    let what = match (told.improved, settings.release) {
        (true, _) => "a new best",
        (false, Release::Plain {}) => "not a new best",
        (false, _) => "no improvement that can be told from chance: the best before stands",
    };
    ui.print(&format!("{}: {} {:.6}, {what}", args.identity, settings.metric, told.score));
    ui.print(&format!("hash of the log: {}", board.head()));
    Ok(())
}

/// Why a board does not do it: what the command line asked for, or what it was given.
fn not_done(error: BoardError) -> Failure {
    match error {
        BoardError::Setting { .. } | BoardError::Identity => Failure::usage(Fault::from(error)),
        _ => Fault::from(error).into(),
    }
}

/// Adds one line at the end, on the disk before it is told.
fn append(path: &Path, line: &str) -> Result<(), Failure> {
    let written = || {
        let mut file = std::fs::OpenOptions::new().append(true).open(path)?;
        file.write_all(format!("{line}\n").as_bytes())?;
        file.sync_all()
    };
    written().map_err(|error| {
        let message = format!("cannot write {}: {error}", path.display());
        Failure::usage(Fault::new("unwritable", message))
    })
}

fn show(folder: &Path, ui: &Ui) -> Result<(), Failure> {
    let Opened { board, settings, .. } = opened(folder)?;
    let standings = board.standings();
    if ui.is_json() {
        ui.print_json(&json!({
            "title": settings.title, "metric": settings.metric, "closes": settings.closes,
            "standings": standings, "hash": board.head(),
        }));
        return Ok(());
    }
    let rows: Vec<Vec<String>> = standings
        .iter()
        .enumerate()
        .map(|(at, standing)| {
            let used = format!("{} of {}", standing.submissions, settings.per_identity);
            let told = format!("{:.6}", standing.told);
            vec![(at + 1).to_string(), standing.identity.clone(), told, used]
        })
        .collect();
    ui.print(&ui.table(&["rank", "identity", &settings.metric, "submissions"], &rows, &[0, 2, 3]));
    ui.print(&format!("closes {}; hash of the log: {}", settings.closes, board.head()));
    ui.print("these scores are rough on purpose; the hidden answers decide after the close");
    Ok(())
}

fn finals(folder: &Path, ui: &Ui) -> Result<(), Failure> {
    let Opened { board, settings, .. } = opened(folder)?;
    let finals = board.finals(now()).map_err(Fault::from)?;
    let metric = metric(&settings.metric)?;
    let resampling = Resampling { seed: settings.seed, ..Resampling::default() };
    let beside_first: Vec<Option<Difference>> = finals
        .iter()
        .map(|found| difference(metric, &found.sums, &finals.first()?.sums, &resampling))
        .collect();
    let ends = |found: &Option<Difference>| found.and_then(|found| found.interval);
    if ui.is_json() {
        let rows: Vec<_> = finals
            .iter()
            .zip(&beside_first)
            .map(|(found, beside)| {
                json!({
                    "identity": found.identity, "told": found.told, "final": found.score,
                    "beside_first": beside.map(|beside| beside.estimate),
                    "interval": ends(beside).map(|ends| [ends.low, ends.high]),
                })
            })
            .collect();
        ui.print_json(&json!({ "metric": metric.id, "final": rows, "hash": board.head() }));
        return Ok(());
    }
    let rows: Vec<Vec<String>> = finals
        .iter()
        .zip(&beside_first)
        .enumerate()
        .map(|(at, (found, beside))| {
            let interval = ends(beside).filter(|_| at > 0);
            vec![
                (at + 1).to_string(),
                found.identity.clone(),
                found.score.map_or("—".to_owned(), |score| format!("{score:.6}")),
                format!("{:.6}", found.told),
                interval
                    .map_or(String::new(), |ends| format!("[{:+.4}, {:+.4}]", ends.low, ends.high)),
            ]
        })
        .collect();
    let head = ["rank", "identity", &format!("final {}", metric.id), "told", "beside the first"];
    ui.print(&ui.table(&head, &rows, &[0, 2, 3, 4]));
    ui.print("an interval (95 %) that holds 0 does not tell the two apart");
    Ok(())
}

fn simulate(args: &AttackArgs, ui: &Ui) -> Result<(), Failure> {
    if !(args.step > 0.0 && args.step.is_finite()) {
        let fault = Fault::new("bad-option", format!("--step is {}", args.step));
        return Err(Failure::usage(fault.help("a number above 0, such as 0.02")));
    }
    let plan = Attack {
        items: usize::from(args.items),
        jurors: usize::from(args.jurors),
        answers: usize::try_from(args.answers).unwrap_or(usize::MAX),
        identities: args.identities,
        budget: args.budget,
        worlds: args.worlds,
        seed: args.seed,
    };
    let working = ui.working("climbing");
    let releases = [
        ("plain", Release::Plain {}),
        ("ladder", Release::Ladder { step: args.step }),
        ("paired", Release::Paired {}),
    ];
    let found = releases.map(|(name, release)| (name, attack(&plan, release)));
    drop(working);
    if ui.is_json() {
        let rows = found.iter().map(|(name, gained)| {
            json!({
                "release": name, "gap": gained.gap,
                "interval": gained.interval.map(|ends| [ends.low, ends.high]),
                "public": [gained.public.0, gained.public.1],
                "hidden": [gained.hidden.0, gained.hidden.1],
            })
        });
        ui.print_json(&rows.collect::<serde_json::Value>());
        return Ok(());
    }
    let percent = |part: f64| format!("{:+.2} %", 100.0 * part);
    let row = |(name, gained): &(&str, Gained)| {
        let ends = gained.interval.map(|ends| [ends.low, ends.high].map(percent).join(" to "));
        let pair = |(start, end): (f64, f64)| format!("{start:.4} → {end:.4}");
        let name = (*name).to_owned();
        let ends = ends.unwrap_or_default();
        vec![name, percent(gained.gap), ends, pair(gained.public), pair(gained.hidden)]
    };
    let rows: Vec<Vec<String>> = found.iter().map(row).collect();
    let head = ["release", "overfit gap", "95 %", "public Brier", "hidden Brier"];
    ui.print(&ui.table(&head, &rows, &[1, 2, 3, 4]));
    ui.print("the gap: how much better the public answers make the climber look than it is");
    Ok(())
}

fn read(table: &Arc<SourceFile>, repositories: bool) -> Result<Comparisons, Failure> {
    let reading = Reading { naming: naming(repositories), ..Reading::default() };
    Ok(Comparisons::read(table, &reading)?)
}

fn naming(repositories: bool) -> Naming {
    if repositories { Naming::Repository(Aliases::default()) } else { Naming::Verbatim }
}

fn hash(text: &str) -> String {
    blake3::hash(text.as_bytes()).to_hex().to_string()
}

/// Seconds since 1970.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}
