//! What a neuron with a jury shows beside its payouts.

use allonet_core::exhibit::{Cell, Exhibit};

use super::reading::Jury;
use crate::comparisons::Comparisons;
use crate::estimate::softmax;
use crate::evaluate::baselines::baselines;
use crate::evaluate::bootstrap::Resampling;
use crate::evaluate::holdout::Holdout;
use crate::evaluate::metrics::metric;
use crate::evaluate::pairs::DEFAULT_FLOOR;
use crate::evaluate::scoreboard::{Options, Scoreboard};
use crate::evaluate::trial::{Method, Source};
use crate::jury::Model;
use crate::jury::alpha::agreement;
use crate::jury::cycles::jury_cycles;
use crate::jury::effective::effective;
use crate::jury::influence::{Unit, influence};
use crate::jury::intervals::{Estimator, Method as Reading, Replicates, bootstrap};
use crate::jury::outliers::outliers;
use crate::jury::probability::Superiority;
use crate::jury::side_bias::side_bias;
use crate::rules::{Parameters, rules, side_by_side};

/// Tables, and lines for the operator.
#[derive(Debug, Default)]
pub(super) struct Shown {
    pub(super) exhibits: Vec<Exhibit>,
    pub(super) remarks: Vec<String>,
}

/// The evidence for weights that a rule makes; nothing where no juries are to
/// be drawn.
pub(super) fn of(
    comparisons: &Comparisons,
    rule: &str,
    parameters: &Parameters,
    drawing: &Jury,
) -> Shown {
    let mut shown = Shown::default();
    if drawing.replicates == 0 {
        return shown;
    }
    let estimator = Estimator::Rule(rule.to_owned(), parameters.clone());
    match bootstrap(comparisons, &estimator, drawing.replicates, drawing.seed) {
        Ok(replicates) => {
            shown.exhibits.push(weights(comparisons, &replicates, drawing));
            shown.exhibits.push(unsupported(comparisons, &replicates, drawing.level));
        }
        Err(error) => shown.remarks.push(format!("no intervals: {error}")),
    }
    shown.exhibits.extend(jurors(comparisons));
    let mut methods = baselines(comparisons.items().len(), drawing.seed);
    if !comparisons.all_have_intensity() {
        methods.retain(|method| !method.learns());
    }
    if methods.iter().all(|method| method.name != rule) {
        let source = Source::Rule { id: rule.to_owned(), parameters: parameters.clone() };
        methods.push(Method { name: rule.to_owned(), source });
    }
    shown.exhibits.extend(foreseen(comparisons, &methods, drawing));
    if comparisons.len() <= MOST_BESIDE {
        shown.exhibits.push(beside(comparisons, rule, parameters));
    }
    shown.remarks.extend(facts(comparisons, drawing.seed));
    shown
}

/// For each item, how often it was preferred.
pub(super) fn notes(comparisons: &Comparisons) -> Vec<String> {
    let mut won = vec![(0.0, 0_usize); comparisons.items().len()];
    for row in comparisons.rows() {
        for item in [row.left, row.right] {
            won[item as usize].1 += 1;
        }
        let shares = match row.winner_loser() {
            Some((winner, loser)) => [(winner, 1.0), (loser, 0.0)],
            None => [(row.left, 0.5), (row.right, 0.5)],
        };
        for (item, share) in shares {
            won[item as usize].0 += share;
        }
    }
    won.into_iter().map(|(won, of)| format!("won {won} of {of} comparisons")).collect()
}

/// Weights with intervals and ranks, the largest first.
fn weights(comparisons: &Comparisons, replicates: &Replicates, drawing: &Jury) -> Exhibit {
    let about = format!(
        "Weight of each item, and where it lies for {:.0} of 100 juries drawn from these jurors; \
         and the ranks that the comparisons leave open.",
        drawing.level * 100.0
    );
    let columns = ["item", "weight", "low", "high", "best rank", "worst rank"];
    let mut table = Exhibit::new("Weights", about, &columns);
    let estimates = softmax(&replicates.estimate.log_weights);
    let intervals = replicates.intervals(Reading::Percentile, drawing.level);
    let superiority = Superiority::of_replicates(replicates);
    let ranks = superiority.rank_intervals(drawing.level);
    for at in superiority.order() {
        let (interval, rank) = (&intervals[*at], &ranks[*at]);
        let figures =
            [estimates[*at], interval.low, interval.high, rank.best as f64, rank.worst as f64];
        let name: Cell = comparisons.items()[*at].as_str().into();
        table.push(std::iter::once(name).chain(figures.map(Cell::from)));
    }
    table
}

/// Neighbours in the ranking that cannot be told apart.
fn unsupported(comparisons: &Comparisons, replicates: &Replicates, level: f64) -> Exhibit {
    let about = "Neighbours in the ranking that drawn juries put the other way round more often \
                 than the level allows: do not argue from which of the two weighs more.";
    let columns = ["weighs more", "weighs less", "probability"];
    let mut table = Exhibit::new("Not supported by the comparisons", about, &columns);
    let superiority = Superiority::of_replicates(replicates);
    for pair in superiority.order().windows(2) {
        let probability = superiority.of(pair[0], pair[1]);
        if probability < level {
            let name = |at: usize| Cell::from(comparisons.items()[at].as_str());
            table.push([name(pair[0]), name(pair[1]), probability.into()]);
        }
    }
    table
}

/// Precision of the prior with which jurors are tested against the others.
const PRIOR: f64 = 0.5;
/// False discovery rate of jurors who look like coins.
const RATE: f64 = 0.1;
/// A circle of three answers wider than this factor in nats counts as wide.
const WIDE: f64 = 0.25;

/// How each juror answered.
pub(super) fn jurors(comparisons: &Comparisons) -> Option<Exhibit> {
    let sides = side_bias(comparisons, 0.9);
    let cycles = jury_cycles(comparisons, WIDE, 0);
    let fits = outliers(comparisons, PRIOR, RATE).ok()?;
    let influence = influence(comparisons, Model::natural(comparisons), Unit::Juror).ok()?;
    let about = "How each juror answered: how often the item on the left was preferred, circles of \
                 three answers, how often the others' weights foresee the answer, and how far all \
                 weights move (half the sum of changes) without this juror.";
    let columns =
        ["juror", "answers", "left side", "circles", "foreseen", "moves weights by", "remark"];
    let mut table = Exhibit::new("Jurors", about, &columns);
    for (at, juror) in comparisons.jurors().iter().enumerate() {
        let number = |value: Option<f64>| value.map_or(Cell::from("–"), Cell::from);
        let moved = influence.left_out[at].change.as_ref().map(|change| change.moved / 2.0);
        let remark = match (fits[at].suspect, moved) {
            (true, _) => "answers as by a coin",
            (false, None) => "without this juror items fall apart",
            _ => "",
        };
        let name = if juror.is_empty() { "(not named)" } else { juror };
        table.push([
            name.into(),
            (fits[at].answers as f64).into(),
            number(sides.jurors[at].share()),
            (cycles.jurors[at].order_cycles as f64).into(),
            number(fits[at].accuracy()),
            number(moved),
            remark.into(),
        ]);
    }
    Some(table)
}

/// Groups in which jurors are kept back.
const GROUPS: usize = 10;

/// How well each method foresees answers of jurors that it has not seen.
pub(super) fn foreseen(
    comparisons: &Comparisons,
    methods: &[Method],
    drawing: &Jury,
) -> Option<Exhibit> {
    let (id, score) = if comparisons.all_have_intensity() {
        ("pilot-cost", "mean squared error of log ratios")
    } else {
        ("brier", "mean squared error of who wins")
    };
    let jurors = comparisons.rows_by_juror().iter().filter(|rows| !rows.is_empty()).count();
    let folds = Holdout::Jurors(jurors.min(GROUPS)).folds(comparisons, drawing.seed).ok()?;
    let resampling = Resampling {
        replicates: u32::try_from(drawing.replicates).expect("it is bounded"),
        seed: drawing.seed,
        level: drawing.level,
    };
    let options = Options {
        metric: metric(id).ok()?,
        folds: &folds,
        resampling,
        floor: DEFAULT_FLOOR,
        reference: None,
        bound: 1.0,
    };
    let board = Scoreboard::new(comparisons, methods, &options);
    let about = format!(
        "How well each method foresees the answers of jurors that it has not seen: {score} (less \
         is better), share of winners foreseen, and the error less that of an equal split, with \
         its interval over juries. Where the interval holds zero, these answers do not show that \
         the method is better than treating all alike."
    );
    let columns = ["weights by", "error", "winners", "less equal split", "low", "high", "so it is"];
    let mut table = Exhibit::new("Foreseen answers", about, &columns);
    let number = |value: Option<f64>| value.map_or(Cell::from("–"), Cell::from);
    for line in &board.lines {
        let beside = line.beside_equal.as_ref();
        let interval = beside.and_then(|difference| difference.interval);
        let verdict = match interval {
            _ if line.name == "equal" => "the split all are held beside",
            Some(interval) if interval.high < 0.0 => "better than an equal split",
            Some(interval) if interval.low > 0.0 => "worse than an equal split",
            _ => "not shown to be better or worse",
        };
        table.push([
            line.name.as_str().into(),
            number(options.metric.of_pairs(&line.total)),
            number(metric("accuracy").ok().and_then(|accuracy| accuracy.of_pairs(&line.total))),
            number(beside.map(|difference| difference.estimate)),
            number(interval.map(|interval| interval.low)),
            number(interval.map(|interval| interval.high)),
            verdict.into(),
        ]);
    }
    (!table.rows.is_empty()).then_some(table)
}

/// Answers beyond which trying all rules takes too long for a table.
const MOST_BESIDE: usize = 5_000;

/// What other rules make of the same answers.
fn beside(comparisons: &Comparisons, rule: &str, parameters: &Parameters) -> Exhibit {
    let about = "What other rules make of the same answers, and how much of 1,000,000 would go \
                 elsewhere. Settle the rule before the answers are known: it may decide more than \
                 any juror.";
    let mut table = Exhibit::new(
        "Rules side by side",
        about,
        &["rule", "moves of 1,000,000", "largest item", "its weight"],
    );
    let mut asked = vec![(rule, parameters.clone())];
    let others = rules().iter().filter(|other| other.id != rule);
    asked.extend(others.map(|other| (other.id, Parameters::default())));
    let found = side_by_side(comparisons, &asked);
    for (at, column) in found.columns.iter().enumerate() {
        // Rules that cannot take these answers are left out.
        let (Ok(estimate), Some(difference)) = (&column.outcome, found.differences[0][at]) else {
            continue;
        };
        let weights = estimate.weights();
        let first = (0..weights.len())
            .fold(0, |best, next| if weights[next] > weights[best] { next } else { best });
        table.push([
            column.rule.as_str().into(),
            difference.moved_per_million().into(),
            comparisons.items()[first].as_str().into(),
            weights[first].into(),
        ]);
    }
    table
}

/// Agreement and size of the jury, in sentences.
fn facts(comparisons: &Comparisons, seed: u64) -> Vec<String> {
    let mut facts = Vec::new();
    let metric = crate::jury::alpha::Metric::Nominal;
    if let Some(found) = agreement(comparisons, metric, 0.9, 200, seed) {
        facts.push(format!(
            "jurors agree on who wins with Krippendorff's alpha {:.2} (90% interval {:.2} to \
             {:.2}; 0 is chance, 1 is always)",
            found.alpha, found.interval.0, found.interval.1
        ));
    }
    if let Ok(found) = effective(comparisons, Model::natural(comparisons)) {
        facts.push(format!(
            "{} jurors with answers count like {:.1} with equally many each",
            found.jurors, found.by_answers
        ));
    }
    facts
}
