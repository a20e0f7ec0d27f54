//! Originality: jurors say which part of a project's worth is its own work.
//!
//! Use it before `deep-funding`, which listens to it: what a project keeps, and
//! what it passes on to its dependencies, then rests on several people's answers
//! instead of one number for all. It needs no money: what reaches it stays
//! unspent.
//!
//! # Formula
//!
//! ```text
//! l = ln(v / (1 − v)) of each answer v
//! m_i  = Huber mean of a project's l
//! m'_i = (n_i m_i + κ μ) / (n_i + κ),   originality_i = 1 / (1 + e^(−m'_i))
//! ```
//!
//! `n_i` answers draw against a prior worth `κ` of them (`strength`) at `μ`
//! (`prior`); see [`crate::sources::originality`] for the interval.
//!
//! # Units and rounding
//!
//! | quantity    | unit                      | rounding |
//! |-------------|---------------------------|----------|
//! | originality | `f64`, between 0 and 1    | nearest  |
//!
//! # Limits
//!
//! * Answers lie between 0 and 1, neither of them. A juror who is named answers
//!   once for each project.
//!
//! # Known weaknesses
//!
//! * Intervals rest on one spread for all projects, and are wide for few answers.
//! * A project's friends may say that all of it is its own work: the Huber mean
//!   bears a few of them, not many.
//!
//! # Sources
//!
//! * Huber (1964), *Robust estimation of a location parameter*.
//! * Deep Funding: originality asked of jurors, `deepfunding/scoring`.
//!
//! # Example
//!
//! ```
//! use allonet_core::money::Amount;
//! use allonet_weights::trial_of;
//!
//! let answers = "repo,juror,originality\noak,ann,0.75\nelm,ann,0.5\n";
//! let result = trial_of("originality").file("answers", answers).run(0)?;
//! // Odds 3, drawn half way to the median of odds 3 and 1 (both in logarithms).
//! let signal = serde_json::to_value(&result.outcome.signals[0].1).expect("numbers");
//! let odds = 3.0_f64.sqrt().sqrt() * 3.0_f64.sqrt();
//! let oak = signal["oak"].as_f64().expect("a number");
//! assert!((oak - odds / (1.0 + odds)).abs() < 1e-12);
//! # Ok::<(), allonet_core::trial::NoTrial>(())
//! ```

use std::sync::Arc;

use allonet_core::card::{Absent, Card, Family, Kind, Setting, Settings, Source, Status};
use allonet_core::exhibit::Exhibit;
use allonet_core::fault::Fault;
use allonet_core::mechanism::{Allocation, Blueprint, Mechanism, Outcome, Refusal, Turn};
use allonet_core::paying::several;
use allonet_core::signal::SignalData;

use super::opinions::percent;
use crate::comparisons::Naming;
use crate::sources::originality::{self, Sign, estimate};

// --- Card -------------------------------------------------------------------

/// What the rule says of itself.
pub static CARD: Card = Card {
    id: "originality",
    title: "Originality by jurors",
    family: Family::Weights,
    formula: "originality = 1 / (1 + e^(−m')), m' the mean of jurors' log odds, drawn to a prior",
    status: Status::Preview { since: "0.1.0" },
    sources: &[Source {
        cite: "Huber (1964), Robust estimation of a location parameter",
        url: "https://doi.org/10.1214/aoms/1177703732",
    }],
    settings: &[
        Setting {
            name: "answers",
            kind: Kind::File,
            default: Absent::Required,
            doc: "Table of answers, columns `repo`, `juror`, and `originality` (between 0 and 1) \
                  or `times` (own work over dependencies).",
        },
        Setting {
            name: "strength",
            kind: Kind::Number { min: 0.0, max: 1_000.0 },
            default: Absent::Default("1"),
            doc: "How many answers the prior is worth.",
        },
        Setting {
            name: "prior",
            kind: Kind::Number { min: 0.001, max: 0.999 },
            default: Absent::None("the median of all projects"),
            doc: "Originality towards which projects with few answers are drawn.",
        },
    ],
    actions: &[],
    reads: &[],
    emits: &["originality"],
};

// --- Settings ---------------------------------------------------------------

/// What jurors' answers come to.
#[derive(Debug)]
pub struct Originality {
    found: Vec<originality::Originality>,
}

/// Reads the answers and estimates.
pub fn build(blueprint: &Blueprint<'_>) -> Result<Box<dyn Mechanism>, Vec<Fault>> {
    let settings = blueprint.settings;
    let file = settings.file("answers").ok_or_else(|| vec![no_answers()])?;
    let chosen = originality::Settings {
        strength: settings.number("strength").unwrap_or(1.0),
        prior: settings.number("prior"),
        sign: Sign::Correct,
    };
    if chosen.strength <= 0.0 && chosen.prior.is_some() {
        return Err(vec![idle_prior(settings)]);
    }
    let answers = originality::read(file, &Naming::Verbatim)?;
    Ok(Box::new(Originality { found: estimate(&answers, &chosen) }))
}

// --- Signals ----------------------------------------------------------------

// It emits `originality`: for each project the part that is its own work.

// --- Refusals ---------------------------------------------------------------

fn no_answers() -> Fault {
    Fault::new("no-answer", "there are no answers").help("add `answers = \"answers.csv\"`")
}

fn idle_prior(settings: &Settings) -> Fault {
    Fault::new("idle-setting", "`prior` changes nothing while `strength` is 0")
        .at_some(settings.place("prior"))
        .help("give the prior the strength of at least part of an answer, such as 1")
}

// --- Rule -------------------------------------------------------------------

impl Mechanism for Originality {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn payees(&self) -> &[Arc<str>] {
        &[]
    }

    fn step(&self, _: &Turn<'_>, _: &mut Allocation<'_>) -> Result<Outcome, Refusal> {
        let about = "Which part of each project's worth is its own work, where that lies with a \
                     probability of 90%, and on how many answers it rests.";
        let columns = ["project", "originality", "low", "high", "answers"];
        let mut table = Exhibit::new("Originality", about, &columns);
        for one in &self.found {
            table.push([
                one.repo.as_str().into(),
                one.share.into(),
                one.low.into(),
                one.high.into(),
                (one.answers as f64).into(),
            ]);
        }
        let scores = self.found.iter().map(|one| (one.repo.clone(), one.share)).collect();
        let reason = |one: &originality::Originality| {
            let (answers, low, high) =
                (several(one.answers, "answer"), percent(one.low), percent(one.high));
            (one.repo.clone(), vec![format!("{answers}; between {low} and {high}")])
        };
        Ok(Outcome {
            signals: vec![("originality", SignalData::Scores(scores))],
            reasons: self.found.iter().map(reason).collect(),
            exhibits: vec![table],
            ..Outcome::default()
        })
    }
}

// --- Tests ------------------------------------------------------------------

#[cfg(test)]
mod tests {
    use allonet_core::card::Value;
    use allonet_core::maths;
    use allonet_core::trial::Trial;
    use proptest::prelude::*;

    use super::*;
    use crate::trial_of;

    fn trial(rows: &str, strength: f64) -> Trial {
        let table = format!("repo,juror,originality\n{rows}");
        trial_of("originality").file("answers", &table).set("strength", Value::Number(strength))
    }

    fn told(trial: &Trial, repo: &str) -> f64 {
        let result = trial.run(100).unwrap();
        assert_eq!(result.unspent.of(0), allonet_core::money::Amount::from_base(100));
        let SignalData::Scores(scores) = &result.outcome.signals[0].1 else {
            panic!("it says something of each project");
        };
        scores[repo]
    }

    // Worked examples.

    #[test]
    fn one_answer_counts_as_much_as_the_prior() {
        assert!((told(&trial("oak,ann,0.8\n", 0.0), "oak") - 0.8).abs() < 1e-12);
        // Odds 9 and 1: half of ln 9 is ln 3.
        let drawn = trial("oak,ann,0.9\n", 1.0).set("prior", Value::Number(0.5));
        assert!((told(&drawn, "oak") - 0.75).abs() < 1e-12);
        let result = drawn.run(0).unwrap();
        assert_eq!(result.outcome.exhibits[0].rows.len(), 1);
        assert!(result.outcome.reasons["oak"][0].starts_with("1 answer; between "));
    }

    // Refusals.

    #[test]
    fn wrong_answers_are_named() {
        let refused = |trial: &Trial| trial.run(0).unwrap_err().to_string();
        let told = refused(&trial("oak,ann,1.2\n", 1.0));
        assert!(told.starts_with("answers.csv:2:9: `1.2` is no originality"), "{told}");
        let idle = trial("oak,ann,0.8\n", 0.0).set("prior", Value::Number(0.5));
        assert!(refused(&idle).contains("`prior` changes nothing"));
    }

    // Laws.

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn saying_the_opposite_gives_the_opposite(
            answers in prop::collection::vec(0.01_f64..0.99, 1..8),
            strength in 0.0_f64..5.0,
        ) {
            let of = |turn: bool| {
                let row = |(at, v): (usize, &f64)| {
                    let said = if turn { 1.0 - v } else { *v };
                    format!("oak,j{at},{said}\n")
                };
                told(&trial(&answers.iter().enumerate().map(row).collect::<String>(), strength), "oak")
            };
            let (one, other) = (of(false), of(true));
            prop_assert!((0.0..=1.0).contains(&one));
            prop_assert!((one + other - 1.0).abs() < 1e-9);
        }
    }

    // Reference: Huber's cost, its least value found by halving.

    #[test]
    fn the_mean_is_where_hubers_slope_is_zero() {
        let answers = [0.7, 0.72, 0.6, 0.65, 0.001];
        let rows = answers.iter().enumerate().map(|(at, v)| format!("oak,j{at},{v}\n"));
        let found = told(&trial(&rows.collect::<String>(), 0.0), "oak");
        let mut logs: Vec<f64> = answers.iter().map(|v| maths::ln(v / (1.0 - v))).collect();
        logs.sort_by(f64::total_cmp);
        let mut away: Vec<f64> = logs.iter().map(|log| (log - logs[2]).abs()).collect();
        away.sort_by(f64::total_cmp);
        let bound = 1.345 * 1.482_602_218_505_602 * away[2];
        let (mut low, mut high) = (logs[0], logs[4]);
        for _ in 0..200 {
            let mid = f64::midpoint(low, high);
            let slope: f64 = logs.iter().map(|log| (log - mid).clamp(-bound, bound)).sum();
            if slope > 0.0 { low = mid } else { high = mid }
        }
        assert!((found - 1.0 / (1.0 + maths::exp(-low))).abs() < 1e-9, "{found} {low}");
    }
}
