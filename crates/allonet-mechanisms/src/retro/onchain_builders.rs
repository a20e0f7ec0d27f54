//! Onchain builders: a monthly budget for applications, by what happened on
//! chain.
//!
//! The rule of Optimism's Retro Funding in its seasons 7 and 8. Use it to reward
//! use that is there, grows and stays, when tables of metrics are at hand.
//!
//! # Formula
//!
//! For each metric `m` with a weight `w_m` above zero, let `now` and `before` be
//! a project's amounts of the two periods, each chain times its weight, summed
//! over chains.
//!
//! ```text
//! adoption  = now
//! growth    = max(0, now − before)
//! retention = min(now, before)
//! x_mv      = minmax(min(variant v of m, its percentile over all projects))
//! score     = √(mean over m and v of (w_m · w_v · x_mv)²),   as part of all scores
//! pay       = pool by score, capped, above a minimum
//! ```
//!
//! `minmax` brings a column to 0 … 1, and to 1 where all are equal. The
//! percentile is numpy's, between two values in proportion. Weights stand inside
//! the square. A project with deposits (the first metric with `tvl` in its name)
//! of `tvl_maximum` or more in the current period scores zero; deposits below
//! `tvl_minimum` in a period are missing there and count as zero.
//!
//! All of this is set in a weight file (`weights`, YAML), in the format of
//! Optimism's own: `simulation` with `periods`, `eligibility_filter`, `chains`,
//! `tvl_maximum`, `tvl_minimum`, `metrics`, `metric_variants`, `percentile_cap`;
//! `allocation` with `budget`, `min_amount_per_project`,
//! `max_share_per_project`. `data_snapshot` is passed over: the tables are named
//! in the network file.
//!
//! The budget is a limit. The pool is what the neuron has, up to the budget; the
//! largest share is of that pool. Whoever would get less than the minimum gets
//! nothing, and the others share it.
//!
//! # Units and rounding
//!
//! | quantity  | unit                 | rounding                                |
//! |-----------|----------------------|-----------------------------------------|
//! | metrics   | as in the table      | `f64`, summed in order                  |
//! | score     | part of all scores   | `f64`                                   |
//! | reward    | base units           | largest remainder, earliest id first    |
//! | `rounding = "published"` | 0.01 of the asset | each reward by itself, halves to even |
//!
//! Rewards rounded one by one add up to a little more or less than the pool:
//! 166,666.64 OP of a budget of 166,666.60 in December 2025. The neuron must have
//! what they come to, else it refuses.
//!
//! # Limits
//!
//! * Metrics: from −10^60 to 10^60; deposits are sometimes reported below zero.
//! * Rows of one project, chain, metric and period are added up.
//! * The published rewards of season 8 are those of `rounding = "published"`,
//!   with one exception: in August 2025 (M7) the project DIAMANTE was added by
//!   hand with 2,726.79 OP, outside the rule and above the budget. No setting
//!   repeats that.
//!
//! # Known weaknesses
//!
//! * Use can be bought: transactions of one's own cost little.
//! * Few projects decide the percentile, and with it everybody's scale.
//! * Growth rewards coming back: who falls one month rises the next.
//!
//! # Sources
//!
//! * Optimism, Retro-Funding, `eval-algos/core/models/onchain_builders.py` and
//!   `allocator.py`.
//!
//! # Example
//!
//! ```
//! use allonet_core::money::Amount;
//! use allonet_mechanisms::trial::Trial;
//!
//! let weights = "simulation:
//!   periods: { previous: Nov, current: Dec }
//!   chains: { base: 1.0 }
//!   metrics: { calls: 1.0 }
//!   metric_variants: { adoption: 1.0, growth: 0.0, retention: 0.0 }
//! allocation:
//!   budget: 1000
//!   min_amount_per_project: 10
//!   max_share_per_project: 0.6
//! ";
//! let metrics = "project_id,chain,metric_name,measurement_period,amount\n\
//!                swap,BASE,calls,Dec,300\nswap,BASE,calls,Nov,300\n\
//!                mint,BASE,calls,Dec,200\nchat,BASE,calls,Dec,0\n";
//! let result = Trial::new("onchain-builders")
//!     .file("weights", weights)
//!     .file("projects", "project_id\nswap\nmint\nchat\n")
//!     .file("metrics", metrics)
//!     .run(1_000_00)?;
//! // 1, 2/3 and 0 of the most; 3/5 and 2/5 of the money.
//! assert_eq!(result.paid("swap"), Amount::from_base(600_00));
//! assert_eq!(result.paid("mint"), Amount::from_base(400_00));
//! # Ok::<(), allonet_mechanisms::trial::NoTrial>(())
//! ```

use std::collections::BTreeMap;
use std::sync::Arc;

use allonet_core::card::{Absent, Card, Family, Kind, Setting, Settings, Source, Status};
use allonet_core::fault::{Fault, SourceFile};
use allonet_core::mechanism::{Allocation, Blueprint, Mechanism, Outcome, Refusal, Turn};
use allonet_core::signal::SignalData;

use super::activity::{Plan, Scored, score};
use super::award::{Award, ROUNDING};

// --- Card -------------------------------------------------------------------

/// What the rule says of itself.
pub static CARD: Card = Card {
    id: "onchain-builders",
    title: "Onchain builders (Retro Funding)",
    family: Family::Retro,
    formula: "score = √mean((w_metric · w_variant · minmax(min(x, percentile)))²)",
    status: Status::Preview { since: "0.1.0" },
    sources: &[
        Source {
            cite: "Optimism, Retro-Funding, onchain_builders.py: seasons 7 and 8",
            url: "https://github.com/ethereum-optimism/Retro-Funding/blob/main/eval-algos/core/models/onchain_builders.py",
        },
        Source {
            cite: "Optimism, Retro-Funding, allocator.py",
            url: "https://github.com/ethereum-optimism/Retro-Funding/blob/main/eval-algos/core/models/allocator.py",
        },
    ],
    settings: &[
        Setting {
            name: "weights",
            kind: Kind::File,
            default: Absent::Required,
            doc: "Weight file (YAML) with `simulation` and `allocation`, in Optimism's format.",
        },
        Setting {
            name: "projects",
            kind: Kind::File,
            default: Absent::Required,
            doc: "Table of projects, columns `project_id`, and if wished `display_name` and \
                  `is_eligible`.",
        },
        Setting {
            name: "metrics",
            kind: Kind::File,
            default: Absent::Required,
            doc: "Table of activity, columns `project_id`, `chain`, `metric_name`, \
                  `measurement_period` and `amount`.",
        },
        ROUNDING,
    ],
    actions: &[],
    reads: &[],
    emits: &["score"],
};

// --- Settings ---------------------------------------------------------------

/// The scores, which are the same in every turn.
#[derive(Debug)]
pub struct OnchainBuilders {
    award: Award,
    scored: Scored,
    signal: BTreeMap<String, f64>,
}

/// Reads the weight file and the tables, and scores.
pub fn build(blueprint: &Blueprint<'_>) -> Result<Box<dyn Mechanism>, Vec<Fault>> {
    let settings = blueprint.settings;
    let weights = file(settings, "weights")?;
    let plan = Plan::read(weights, settings, &blueprint.assets[0])?;
    let scored = score(&plan, file(settings, "projects")?, file(settings, "metrics")?)?;
    let mut signal: BTreeMap<String, f64> =
        scored.reasons.keys().map(|project| (project.clone(), 0.0)).collect();
    let named = scored.projects.iter().map(ToString::to_string);
    signal.extend(named.zip(scored.scores.iter().copied()));
    Ok(Box::new(OnchainBuilders { award: plan.award, scored, signal }))
}

// --- Signals ----------------------------------------------------------------

// It emits `score`: each project's part of all scores, zero for those that are
// not eligible.

// --- Refusals ---------------------------------------------------------------

/// A data file that the rule cannot do without.
pub(crate) fn file<'s>(
    settings: &'s Settings,
    name: &str,
) -> Result<&'s Arc<SourceFile>, Vec<Fault>> {
    settings.file(name).ok_or_else(|| {
        let fault = Fault::new("no-file", format!("the setting `{name}` is missing"));
        vec![fault.help(format!("name the file: `{name} = \"…\"`"))]
    })
}

// --- Rule -------------------------------------------------------------------

impl Mechanism for OnchainBuilders {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn payees(&self) -> &[Arc<str>] {
        &self.scored.projects
    }

    fn step(&self, turn: &Turn<'_>, allocation: &mut Allocation<'_>) -> Result<Outcome, Refusal> {
        let Scored { scores, notes, reasons, remarks, .. } = &self.scored;
        let paid = self.award.pay(turn, allocation, scores, |payee| notes[payee].clone())?;
        Ok(Outcome {
            signals: vec![("score", SignalData::Scores(self.signal.clone()))],
            remarks: remarks.iter().cloned().chain(paid).collect(),
            reasons: reasons.clone(),
            ..Outcome::default()
        })
    }
}
