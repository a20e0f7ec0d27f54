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
//! use allonet_mechanisms::trial::Trial;
//!
//! let metrics = "project,calls,fees\nswap,100,0\nmint,50,10\nchat,0,0\n";
//! let result = Trial::new("metric-scores")
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
