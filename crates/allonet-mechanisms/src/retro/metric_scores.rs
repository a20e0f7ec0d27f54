//! Metric scores: one number for each project from a table of metrics.
//!
//! It pays nobody. Use it in front of a rule that reads scores or trust: as the
//! standing of applications before `dev-tooling`, or as scores to divide by.
//!
//! # Formula
//!
//! ```text
//! score_p = Σ_m weight_m · minmax(bend(x_pm)),   as part of all scores
//! bend    = ln(1 + x)  scale = "log"
//! bend    = x          scale = "identity"
//! ```
//!
//! `minmax` brings each metric to 0 … 1; where all projects have the same it is a
//! half. An empty cell is zero.
//!
//! # Units and rounding
//!
//! Numbers in `f64`, in order of the metrics' names; scores add up to 1, or are
//! all zero. Money that comes in stays unspent.
//!
//! # Limits
//!
//! * Metrics: from 0 to 10^60. One row for each project.
//! * A metric that the table lacks counts for nothing; a remark says so.
//!
//! # Known weaknesses
//!
//! * The least project of all scores nothing, however much it has.
//! * One outlier presses all others together; `log` softens that.
//!
//! # Sources
//!
//! * Optimism, Retro-Funding, `eval-algos/core/models/devtooling.py`: the pretrust
//!   of onchain projects.
//!
//! # Example
//!
//! ```
//! use allonet_core::signal::SignalData;
//! use allonet_mechanisms::trial::trial_of;
//!
//! let metrics = "project,calls,fees\nswap,100,0\nmint,50,10\nchat,0,0\n";
//! let result = trial_of("metric-scores")
//!     .file("metrics", metrics)
//!     .list("weights", &["calls: 1", "fees: 0.5"])
//!     .text("scale", "identity")
//!     .run(0)?;
//! // 1, 1/2 + 1/2 and 0.
//! let SignalData::Scores(scores) = &result.outcome.signals[0].1 else { panic!() };
//! assert_eq!((scores["swap"], scores["mint"], scores["chat"]), (0.5, 0.5, 0.0));
//! # Ok::<(), allonet_mechanisms::trial::NoTrial>(())
//! ```

use std::collections::BTreeMap;
use std::sync::Arc;

use allonet_core::card::{Absent, Card, Family, Kind, Placed, Setting, Settings, Source, Status};
use allonet_core::fault::Fault;
use allonet_core::mechanism::{Allocation, Blueprint, Mechanism, Outcome, Refusal, Turn};
use allonet_core::signal::SignalData;

use super::metric::{Bend, Metrics, percent, standing};
use super::onchain_builders::file;

// --- Card -------------------------------------------------------------------

/// What the rule says of itself.
pub static CARD: Card = Card {
    id: "metric-scores",
    title: "Scores from metrics",
    family: Family::Retro,
    formula: "score = Σ weight · minmax(ln(1 + metric)), as part of all scores",
    status: Status::Preview { since: "0.1.0" },
    sources: &[Source {
        cite: "Optimism, Retro-Funding, devtooling.py: pretrust of onchain projects",
        url: "https://github.com/ethereum-optimism/Retro-Funding/blob/main/eval-algos/core/models/devtooling.py",
    }],
    settings: &[
        Setting {
            name: "metrics",
            kind: Kind::File,
            default: Absent::Required,
            doc: "Table of projects, columns `project_id`, if wished `display_name`, and one for \
                  each metric.",
        },
        Setting {
            name: "weights",
            kind: Kind::List,
            default: Absent::Required,
            doc: "Metrics that count and their weights: `[\"gas_fees: 0.4\", \"users: 0.6\"]`.",
        },
        Setting {
            name: "scale",
            kind: Kind::Choice(&["log", "identity"]),
            default: Absent::Default("log"),
            doc: "Whether a metric counts by its order of magnitude or as it stands.",
        },
    ],
    actions: &[],
    reads: &[],
    emits: &["score"],
};

// --- Settings ---------------------------------------------------------------

/// The scores, which are the same in every turn.
#[derive(Debug)]
pub struct MetricScores {
    signal: BTreeMap<String, f64>,
    reasons: BTreeMap<String, Vec<String>>,
    remarks: Vec<String>,
}

/// Reads the table and scores.
pub fn build(blueprint: &Blueprint<'_>) -> Result<Box<dyn Mechanism>, Vec<Fault>> {
    let settings = blueprint.settings;
    let weights = weights(settings)?;
    let wanted: Vec<&str> = weights.keys().copied().collect();
    let metrics = Metrics::read(file(settings, "metrics")?, &wanted)?;
    let identity = settings.text("scale") == Some("identity");
    let bend = if identity { Bend::Identity } else { Bend::Log };
    let present = || {
        let columns = weights.iter().zip(&metrics.columns);
        columns.filter_map(|((name, weight), column)| Some((*name, *weight, column.as_deref()?)))
    };
    let scores = standing(
        metrics.projects.len(),
        present().map(|(_, weight, column)| (weight, column)),
        bend,
    );
    let absent = weights.keys().zip(&metrics.columns).filter(|(_, column)| column.is_none());
    let mut remarks: Vec<String> = absent
        .map(|(name, _)| format!("the table has no column `{name}`: it counts for nothing"))
        .collect();
    if !metrics.projects.is_empty() && scores.iter().all(|score| *score == 0.0) {
        remarks.push("no project has a score above zero".to_owned());
    }
    let reason = |(at, id): (usize, &Arc<str>)| {
        let found: Vec<String> =
            present().map(|(name, _, column)| format!("{name} {}", column[at])).collect();
        let (title, score) = (&metrics.titles[at], percent(scores[at]));
        (id.to_string(), vec![format!("{title}: {score} of all scores; {}", found.join(", "))])
    };
    Ok(Box::new(MetricScores {
        reasons: metrics.projects.iter().enumerate().map(reason).collect(),
        signal: metrics.projects.iter().map(ToString::to_string).zip(scores.clone()).collect(),
        remarks,
    }))
}

/// The weight of each metric, by name.
fn weights(settings: &Settings) -> Result<BTreeMap<&str, f64>, Vec<Fault>> {
    let mut weights = BTreeMap::new();
    let mut faults = Vec::new();
    for entry in settings.list("weights") {
        let parts = entry.value.split_once(':');
        let weight = parts.and_then(|(_, text)| text.trim().parse::<f64>().ok());
        match (parts, weight.filter(|weight| (0.0..=WEIGHT_MAX).contains(weight))) {
            (Some((name, _)), Some(weight)) => {
                if weights.insert(name.trim(), weight).is_some() {
                    faults.push(twice(entry, name.trim()));
                }
            }
            _ => faults.push(no_weight(entry)),
        }
    }
    if weights.is_empty() && faults.is_empty() {
        let fault = Fault::new("no-weights", "no metric has a weight");
        let fault = fault.at_some(settings.place("weights"));
        faults.push(fault.help("write `weights = [\"users: 1\"]`"));
    }
    if faults.is_empty() { Ok(weights) } else { Err(faults) }
}

/// Largest weight of a metric.
const WEIGHT_MAX: f64 = 1e12;

// --- Signals ----------------------------------------------------------------

// It emits `score`: each project's part of all scores.

// --- Refusals ---------------------------------------------------------------

fn no_weight(entry: &Placed<String>) -> Fault {
    let message = format!("`{}` is no metric with a weight", entry.value);
    let fault = Fault::new("bad-weight", message).at_some(entry.place.clone());
    fault.help("write the name, a colon and a number of zero or more: `users: 0.5`")
}

fn twice(entry: &Placed<String>, name: &str) -> Fault {
    Fault::new("double-metric", format!("`{name}` has two weights")).at_some(entry.place.clone())
}

// --- Rule -------------------------------------------------------------------

impl Mechanism for MetricScores {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn payees(&self) -> &[Arc<str>] {
        &[]
    }

    fn step(&self, _: &Turn<'_>, _: &mut Allocation<'_>) -> Result<Outcome, Refusal> {
        Ok(Outcome {
            signals: vec![("score", SignalData::Scores(self.signal.clone()))],
            remarks: self.remarks.clone(),
            reasons: self.reasons.clone(),
            ..Outcome::default()
        })
    }
}

// --- Tests ------------------------------------------------------------------

#[cfg(test)]
mod tests {
    use allonet_core::maths;
    use proptest::prelude::*;

    use super::*;
    use crate::trial::{Trial, TurnResult, trial_of};

    fn scores(result: &TurnResult) -> &BTreeMap<String, f64> {
        let SignalData::Scores(scores) = &result.outcome.signals[0].1 else {
            panic!("scores are emitted")
        };
        scores
    }

    fn trial(table: &str, weights: &[&str]) -> Trial {
        trial_of("metric-scores").file("metrics", table).list("weights", weights)
    }

    // Worked examples.

    #[test]
    fn orders_of_magnitude_count() {
        // ln(1 + 99), ln(1 + 9), ln(1 + 0): 2, 1 and 0 of 2.
        let table = "project,display_name,gas\na,Ace,99\nb,Bee,9\nc,,0\n";
        let result = trial(table, &["gas: 1", "stars: 5"]).run(7).unwrap();
        let scores = scores(&result);
        for (id, expected) in [("a", 2.0 / 3.0), ("b", 1.0 / 3.0), ("c", 0.0)] {
            assert!((scores[id] - expected).abs() < 1e-12, "{id}");
        }
        assert_eq!(result.unspent.of(0).to_u128(), Some(7));
        let told = "the table has no column `stars`: it counts for nothing";
        assert_eq!(result.outcome.remarks, [told]);
        assert_eq!(result.outcome.reasons["b"], ["Bee: 33.3% of all scores; gas 9"]);
    }

    #[test]
    fn what_is_the_same_for_all_counts_a_half() {
        let result = trial("project,x\na,5\nb,5\n", &["x: 3"]).run(0).unwrap();
        assert_eq!(scores(&result), &BTreeMap::from([("a".into(), 0.5), ("b".into(), 0.5)]));
        let nobody = trial("project,x\n", &["x: 3"]).run(0).unwrap();
        assert!(scores(&nobody).is_empty());
        let none = trial("project,x\na,5\n", &["x: 0"]).run(0).unwrap();
        assert_eq!(none.outcome.remarks, ["no project has a score above zero"]);
    }

    // Refusals.

    #[test]
    fn bad_weights_and_tables_are_refused() {
        let table = "project,x\na,5\n";
        for (trial, part) in [
            (trial(table, &["x 3"]), "`x 3` is no metric with a weight"),
            (trial(table, &["x: -1"]), "`x: -1` is no metric with a weight"),
            (trial(table, &["x: nan"]), "`x: nan` is no metric with a weight"),
            (trial(table, &["x: 1", "x: 2"]), "`x` has two weights"),
            (trial(table, &[]), "no metric has a weight"),
            (trial("project,x\na,-5\n", &["x: 1"]), "metrics.csv:2:3: `-5` is below zero"),
            (trial("project,x\na,5\na,6\n", &["x: 1"]), "metrics.csv:3:1: project `a`"),
            (trial_of("metric-scores").list("weights", &["x: 1"]), "`metrics` is missing"),
        ] {
            let found = trial.run(0).unwrap_err().to_string();
            assert!(found.contains(part), "{part}: {found}");
        }
    }

    // Laws.

    fn table(rows: &[(u32, u32)]) -> String {
        let row = |(at, (x, y)): (usize, &(u32, u32))| format!("p{at},{x},{y}\n");
        let rows: String = rows.iter().enumerate().map(row).collect();
        format!("project,x,y\n{rows}")
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn the_order_of_rows_does_not_matter(rows in prop::collection::vec(any::<(u32, u32)>(), 0..9)) {
            let text = table(&rows);
            let (head, body) = text.split_once('\n').unwrap();
            let mut lines: Vec<&str> = body.lines().collect();
            lines.reverse();
            let other = format!("{head}\n{}\n", lines.join("\n"));
            let run = |text: &str| trial(text, &["x: 1", "y: 2"]).run(5).unwrap();
            prop_assert_eq!(run(&text), run(&other));
        }

        // Reference: the formula, project by project.
        #[test]
        fn agrees_with_the_formula(rows in prop::collection::vec(any::<(u32, u32)>(), 1..9)) {
            let scaled = |value: u32, all: &dyn Fn(&(u32, u32)) -> u32| {
                let (low, high) = (rows.iter().map(all).min(), rows.iter().map(all).max());
                let [low, high, value] =
                    [low.unwrap(), high.unwrap(), value].map(|number| maths::ln_1p(f64::from(number)));
                if high > low { (value - low) / (high - low) } else { 0.5 }
            };
            let score = |row: &(u32, u32)| scaled(row.0, &|r| r.0) + 2.0 * scaled(row.1, &|r| r.1);
            let all: f64 = rows.iter().map(score).sum();
            let result = trial(&table(&rows), &["x: 1", "y: 2"]).run(0).unwrap();
            for (at, row) in rows.iter().enumerate() {
                let expected = if all > 0.0 { score(row) / all } else { 0.0 };
                let found = scores(&result)[&format!("p{at}")];
                prop_assert!((found - expected).abs() < 1e-9);
            }
        }
    }
}
