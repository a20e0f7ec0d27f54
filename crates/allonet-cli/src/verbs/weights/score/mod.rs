//! `allonet weights score`: how good weights are, beside baselines and each
//! other, and what cannot be concluded.

mod claims;
mod export;
mod methods;
mod show;

use std::path::PathBuf;
use std::process::ExitCode;

use allonet_core::fault::Fault;
use allonet_weights::comparisons::Comparisons;
use allonet_weights::evaluate::bootstrap::Resampling;
use allonet_weights::evaluate::choice::{Choice, Choosing, choose};
use allonet_weights::evaluate::holdout::{Fold, Holdout};
use allonet_weights::evaluate::hypotheses::Tested;
use allonet_weights::evaluate::jurors::{Nearness, nearness};
use allonet_weights::evaluate::metrics::{Metric, metric};
use allonet_weights::evaluate::pairs::{DEFAULT_FLOOR, Sums};
use allonet_weights::evaluate::scoreboard::{Options, Scoreboard};
use allonet_weights::evaluate::select::{Selected, select};
use allonet_weights::evaluate::trial::Method;
use clap::Args;

use self::claims::Claims;
use self::methods::Methods;
use super::reading::{ReadingArgs, open, read};
use crate::diagnose::Failure;
use crate::files::Outputs;
use crate::ui::Ui;

/// `allonet weights score`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  allonet weights score duels.csv --weights market.csv --weights model=v2.csv
  allonet weights score duels.csv --weights market.csv --fit least-squares --holdout jurors:5
  allonet weights score duels.csv --weights market.csv --zipf stars.csv:stars --out scores
  allonet weights score duels.csv --weights market.csv --hypotheses claim.toml --seal

Rules are fitted without the answers they are scored on. Equal split, random weights and least
squares always stand beside the methods given. A claim is sealed before the answers are opened
(--seal), and tested against the same files afterwards (without it).")]
pub(super) struct ScoreArgs {
    /// The table of comparisons: item_a, item_b, winner, multiplier, juror
    #[arg(value_name = "COMPARISONS")]
    comparisons: PathBuf,
    /// Weights to score, columns item and weight; may be given several times
    #[arg(long, value_name = "[NAME=]FILE")]
    weights: Vec<String>,
    /// Rules to fit and score, such as huber,bradley-terry:prior=0.1
    #[arg(long, value_name = "RULE,…", value_delimiter = ',')]
    fit: Vec<String>,
    /// A quick guess to beat: 1 / rank by a column of figures of a table
    #[arg(long, value_name = "FILE:COLUMN")]
    zipf: Option<String>,
    /// Answers kept back from rules: jurors:5, pairs:5 or time:0.3 [default: jurors:5]
    #[arg(long, value_name = "WAY", allow_hyphen_values = true)]
    holdout: Option<String>,
    /// The score of answers that ranks
    #[arg(long, value_name = "ID", default_value = "brier")]
    metric: String,
    /// Weights that drift, l1, kendall and their like compare with [default: least squares]
    #[arg(long, value_name = "FILE")]
    reference: Option<PathBuf>,
    /// Choose by the few most telling pairs: at least so many jurors, so many pairs
    #[arg(long, value_name = "JURORS:PAIRS")]
    strong: Option<String>,
    /// Say so when one item gets more than this share
    #[arg(long, value_name = "SHARE", default_value_t = 0.3)]
    bound: f64,
    /// Smallest part of a pair that a logarithm is taken of
    #[arg(long, value_name = "PART", default_value_t = DEFAULT_FLOOR)]
    floor: f64,
    /// What determines all draws
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// How many draws intervals are made of
    #[arg(long, value_name = "N", default_value_t = 2_000)]
    #[arg(value_parser = clap::value_parser!(u32).range(100..=1_000_000))]
    replicates: u32,
    /// Claims made beforehand, to test
    #[arg(long, value_name = "FILE")]
    hypotheses: Option<PathBuf>,
    /// Seal the claims and all files given, and score nothing
    #[arg(long, requires = "hypotheses")]
    seal: bool,
    /// Write tables and the report into this folder
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    #[command(flatten)]
    reading: ReadingArgs,
}

/// Everything that was found.
struct Scored<'a> {
    comparisons: &'a Comparisons,
    metric: &'static Metric,
    holdout: Holdout,
    seed: u64,
    methods: Methods,
    board: Scoreboard<'a>,
    nearness: Vec<Nearness>,
    choice: Option<Chosen>,
    selected: Option<Selected>,
    claims: Option<(Claims, Vec<Tested>)>,
}

/// What choosing among fitted rules costs.
struct Chosen {
    candidates: Vec<Method>,
    choice: Choice,
}

/// Scores.
pub(super) fn run(args: &ScoreArgs, ui: &Ui) -> Result<ExitCode, Failure> {
    let metric = checked(args)?;
    let reading = args.reading.reading()?;
    let table = open(&args.comparisons)?;
    let comparisons = read(&table, &reading, ui)?;
    let methods = Methods::read(args, &comparisons, &reading.naming)?;
    let claims = match &args.hypotheses {
        Some(path) if args.seal => return claims::seal(path, &table, &methods, ui),
        Some(path) => Some(Claims::open(path, &table, &methods)?),
        None => None,
    };
    let registered = claims.as_ref().map(|claims| &claims.registration);
    let seed = registered.map_or(args.seed, |registered| registered.seed);
    let holdout = match (registered.and_then(|registered| registered.holdout), &args.holdout) {
        (Some(holdout), _) => holdout,
        (None, Some(text)) => text.parse().map_err(|error| Failure::usage(Fault::from(error)))?,
        (None, None) => Holdout::usual(&comparisons),
    };
    let folds = holdout.folds(&comparisons, seed).map_err(Fault::from)?;
    let strong = args.strong.as_deref().map(strong).transpose()?;
    let replicates = registered.map_or(args.replicates, |registered| registered.replicates);
    let resampling = Resampling { replicates, seed, ..Resampling::default() };
    let working = ui.working("scoring");
    let options = Options {
        metric,
        folds: &folds,
        resampling,
        floor: args.floor,
        reference: methods.reference.clone(),
        bound: args.bound,
    };
    let board = Scoreboard::new(&comparisons, &methods.all, &options);
    let sums: Vec<Vec<Sums>> = board.lines.iter().map(|line| line.sums.clone()).collect();
    let claims = claims.map(|claims| claims.test(&board, resampling));
    let weights: Vec<Vec<f64>> = board.lines.iter().map(|line| line.weights.clone()).collect();
    let scored = Scored {
        comparisons: &comparisons,
        metric,
        holdout,
        seed,
        nearness: nearness(&board.clusters, &sums, metric),
        choice: choice(args, metric, &methods, &comparisons, &folds, seed),
        selected: strong.map(|counts| select(&comparisons, &weights, counts, metric, args.floor)),
        methods,
        board,
        claims,
    };
    drop(working);
    if let Some(folder) = &args.out {
        let mut files = Outputs::new(folder)?;
        for (name, text) in export::tables(&scored, ui) {
            files.add(name, text.as_bytes())?;
        }
        files.commit()?;
        ui.note(&format!("written to {}", folder.display()));
    }
    if ui.is_json() {
        ui.print_json(&export::json(&scored));
    } else {
        for line in show::lines(&scored, ui) {
            ui.print(&line);
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Options that clap cannot check; the score that ranks.
fn checked(args: &ScoreArgs) -> Result<&'static Metric, Failure> {
    let wrong = |message: String, help: &str| {
        Err(Failure::usage(Fault::new("bad-option", message).help(help)))
    };
    if !(args.floor > 0.0 && args.floor < 0.5) {
        return wrong(format!("--floor is {}", args.floor), "above 0 and below 0.5");
    }
    if !(args.bound > 0.0 && args.bound <= 1.0) {
        return wrong(format!("--bound is {}", args.bound), "a share above 0, at most 1");
    }
    let metric = metric(&args.metric).map_err(Failure::usage)?;
    if !metric.is_of_pairs() {
        let help = "methods are ranked on answers: brier, log-loss, pilot-cost, accuracy …";
        return wrong(format!("`{}` is no score of answers", metric.id), help);
    }
    Ok(metric)
}

fn strong(text: &str) -> Result<(usize, usize), Failure> {
    let parsed = text.split_once(':').and_then(|(jurors, pairs)| {
        let counts: (usize, usize) = (jurors.parse().ok()?, pairs.parse().ok()?);
        (counts.0 > 0 && counts.1 > 0).then_some(counts)
    });
    parsed.ok_or_else(|| {
        let fault = Fault::new("bad-option", format!("--strong {text} is no such choice"));
        Failure::usage(fault.help("write for example --strong 3:50"))
    })
}

/// What it costs to choose among the rules; none where there is no choice.
fn choice(
    args: &ScoreArgs,
    metric: &'static Metric,
    methods: &Methods,
    comparisons: &Comparisons,
    folds: &[Fold],
    seed: u64,
) -> Option<Chosen> {
    let candidates: Vec<Method> =
        methods.all.iter().filter(|method| method.learns()).cloned().collect();
    if args.fit.is_empty() || candidates.len() < 2 {
        return None;
    }
    let within = Holdout::usual(comparisons);
    let choosing = Choosing { metric, within, seed, floor: args.floor };
    let choice = choose(comparisons, &candidates, folds, &choosing).ok()?;
    Some(Chosen { candidates, choice })
}
