//! What a neuron with a jury shows beside its payouts.

use allonet_core::exhibit::{Cell, Exhibit};

use super::reading::Jury;
use crate::comparisons::Comparisons;
use crate::estimate::softmax;
use crate::jury::Model;
use crate::jury::alpha::agreement;
use crate::jury::cycles::jury_cycles;
use crate::jury::effective::effective;
use crate::jury::influence::{Unit, influence};
use crate::jury::intervals::{Estimator, Method, Replicates, bootstrap};
use crate::jury::outliers::outliers;
use crate::jury::probability::Superiority;
use crate::jury::side_bias::side_bias;
use crate::rules::Parameters;

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
    let intervals = replicates.intervals(Method::Percentile, drawing.level);
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

/// Agreement and size of the jury, in sentences.
fn facts(comparisons: &Comparisons, seed: u64) -> Vec<String> {
    let mut facts = Vec::new();
    let metric = crate::jury::alpha::Metric::Nominal;
    if let Some(found) = agreement(comparisons, metric, 0.9, 200, seed) {
        facts.push(format!(
            "jurors agree on who wins with Krippendorff's alpha {:.2} (90% interval {:.2} to {:.2}; \
             0 is chance, 1 is always)",
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
