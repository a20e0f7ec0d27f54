//! Impact metrics: each ballot weighs metrics and thereby divides the pool; every
//! project gets the median over all ballots.
//!
//! Nobody votes on projects. A few extreme ballots move nothing, and voters may
//! let open source count for more. Use it when impact is measured and voters
//! differ on what to reward.
//!
//! # Formula
//!
//! ```text
//! value'_pm = value_pm · multiplier_v if p is open source, else value_pm
//! score_vp  = Σ_m weight_vm · value'_pm / Σ_q value'_qm
//! part_vp   = min(λ_v · score_vp, cap),  Σ_p part_vp = 1      for each ballot v
//! score_p   = median over v of part_vp
//! payout_p  = min(λ · score_p, cap · pool),  Σ payout = pool  above `minimum` or nothing
//! ```
//!
//! What the cap cuts off goes to all others by score. The weights of a ballot
//! need not add up to anything. Whoever would get less than the minimum gets
//! nothing, and the others share it. A value that is not known is none. A metric
//! without a value above zero says nothing; a ballot that gives nothing to any
//! metric that says something is passed over.
//!
//! With a signal `power`, the median is the weighted one: half of all power
//! stands for no more, half for no less.
//!
//! # Units and rounding
//!
//! | quantity               | unit                     | rounding                             |
//! |------------------------|--------------------------|--------------------------------------|
//! | value, weight, score   | none                     | `f64`, summed in order of metric     |
//! | part of a ballot       | part of the pool         | `f64`, from the highest score down   |
//! | cap                    | base units of each asset | down                                 |
//! | payout                 | base units of each asset | largest remainder, earliest id first |
//! | with `parity = "optimism"` | parts of the pool in `f64` | what they come to in base units by largest remainder |
//!
//! # Limits
//!
//! * Weights and values are finite and zero or more; multipliers are from 1 to 3.
//! * Time grows with ballots times metrics times projects.
//!
//! # Known weaknesses
//!
//! * Inflating a metric pays whoever inflates it.
//! * A project that most voters' metrics do not see gets nothing, however much
//!   the others value it.
//! * A majority of ballots decides alone.
//!
//! # Sources
//!
//! * Optimism Retro Funding 4, `rf4_calcs_audit.py`.
//!
//! # Example
//!
//! ```
//! use allonet_core::money::Amount;
//! use allonet_mechanisms::trial::trial_of;
//!
//! let values = "project,metric,value\nbridge,users,30\nwallet,users,10\nwallet,gas,7\n";
//! let ballots = "voter,metric,weight\nann,users,100\nbob,users,50\nbob,gas,50\ncem,gas,100\n";
//! // Parts of `bridge`: ¾, ⅜ and 0.
//! let result = trial_of("impact-metrics").file("values", values).file("ballots", ballots);
//! let result = result.run(800)?;
//! assert_eq!(result.paid("bridge"), Amount::from_base(300));
//! assert_eq!(result.paid("wallet"), Amount::from_base(500));
//! # Ok::<(), allonet_mechanisms::trial::NoTrial>(())
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use allonet_core::card::{Absent, Card, Family, Kind, Setting, Settings, Source, Status};
use allonet_core::fault::Fault;
use allonet_core::maths;
use allonet_core::mechanism::{
    Allocation, Blueprint, Mechanism, Outcome, Purse, Refusal, Turn, VoterEffect,
};
use allonet_core::money::Share;
use allonet_core::table::{Column as TableColumn, Faults, Row, Table};

use super::allocator::optimism;
use super::leave_one_out;
use super::medians::{Column, Electorate};
use super::metric_values::{MetricValues, absent, listed};
use super::optimism::{Division, PARITY};
use super::voters::{numbers, power};
use crate::ballots::{Ballots, CLOSES, OPENS, Reading};
use crate::paying::{CAP, MINIMUM, book, main_asset, shares};

// --- Card -------------------------------------------------------------------

/// What the rule says of itself.
pub static CARD: Card = Card {
    id: "impact-metrics",
    title: "Impact metrics",
    family: Family::Retro,
    formula: "payout ∝ median over ballots of Σ_metrics weight · value / Σ values",
    status: Status::Preview { since: "0.1.0" },
    sources: &[Source {
        cite: "Optimism Retro Funding 4, rf4_calcs_audit.py",
        url: "https://github.com/opensource-observer/insights/blob/main/analysis/optimism/retrofunding4/rf4_calcs_audit.py",
    }],
    settings: &[
        Setting {
            name: "ballots",
            kind: Kind::File,
            default: Absent::Required,
            doc: "Table of ballots, columns `voter`, `metric` and `weight`; weights of a ballot \
                  need not add up to 100.",
        },
        Setting {
            name: "values",
            kind: Kind::File,
            default: Absent::Required,
            doc: "Table of what projects score on metrics, columns `project`, `metric` and \
                  `value`; an empty value is none.",
        },
        Setting {
            name: "projects",
            kind: Kind::File,
            default: Absent::None("every project with values may be paid, none is open source"),
            doc: "List of projects that may be paid, columns `id` and, if wished, `open_source` \
                  (`true` or `false`); values of others do not count.",
        },
        Setting {
            name: "voters",
            kind: Kind::File,
            default: Absent::None("open source counts like all else"),
            doc: "Table of what voters multiply values of open source by, columns `voter` and \
                  `os_multiplier` (1 to 3); who is not in it multiplies by 1.",
        },
        OPENS,
        CLOSES,
        CAP,
        MINIMUM,
        PARITY,
    ],
    actions: &[],
    reads: &["power"],
    emits: &["shares"],
};

const PROJECT_COLUMNS: &[TableColumn] = &[
    TableColumn::required(&["id", "project", "project_id", "project_name", "name"]),
    TableColumn::optional(&["open_source", "is_oss", "oss"]),
];
const MULTIPLIER_COLUMNS: &[TableColumn] = &[
    TableColumn::required(&["voter", "voter_id", "voter_address", "badgeholder", "address"]),
    TableColumn::required(&["os_multiplier", "multiplier"]),
];

// --- Settings ---------------------------------------------------------------

/// The rule with what each ballot comes to.
#[derive(Debug)]
pub struct ImpactMetrics {
    /// Sorted by id.
    payees: Vec<Arc<str>>,
    /// Sorted by name.
    voters: Vec<Box<str>>,
    /// By project, what part of the pool each ballot gives it.
    parts: Vec<Column<f64>>,
    open_source: Vec<bool>,
    division: Division,
    remarks: Vec<String>,
}

/// Builds the rule from its settings.
pub fn build(blueprint: &Blueprint<'_>) -> Result<Box<dyn Mechanism>, Vec<Fault>> {
    let settings = blueprint.settings;
    let asset = main_asset(blueprint)?;
    let division = Division::read(settings, asset).map_err(|fault| vec![fault])?;
    let reading = Reading { projects: None, ..Reading::from_settings(settings)? };
    let (values, open_source) = read_values(settings)?;
    let file = settings.file("ballots").ok_or_else(|| absent("ballots"))?;
    let (_, ballots) = values.ballots(file, &reading)?;
    let multipliers = match settings.file("voters") {
        Some(file) => numbers(file, MULTIPLIER_COLUMNS, &(1.0..=3.0))?,
        None => BTreeMap::new(),
    };
    let measures = Measures::of(&values, &open_source);
    let mut remarks = [values.remarks, ballots.remarks.clone()].concat();
    let silent = values.metrics.iter().zip(&measures.by_metric).filter(|(_, of)| of.is_none());
    remarks.extend(silent.map(|(metric, _)| {
        format!("the metric `{metric}` has no value above zero: it says nothing")
    }));
    let cap = division.terms.cap.map_or(f64::INFINITY, Share::to_f64);
    let (parts, empty) = parts(&ballots, &measures, &multipliers, cap);
    if empty > 0 {
        remarks.push(format!("ballots that give nothing to any metric, passed over: {empty}"));
    }
    let payees = values.projects;
    let voters = ballots.voters;
    Ok(Box::new(ImpactMetrics { payees, voters, parts, open_source, division, remarks }))
}

/// The values that count, and which projects are open source.
fn read_values(settings: &Settings) -> Result<(MetricValues, Vec<bool>), Vec<Fault>> {
    let file = settings.file("values").ok_or_else(|| absent("values"))?;
    let Some(list) = settings.file("projects") else {
        let values = MetricValues::read(file, None, None)?;
        let open_source = vec![false; values.projects.len()];
        return Ok((values, open_source));
    };
    let (table, mut faults) = (Table::read(list, PROJECT_COLUMNS)?, Faults::new());
    let listed = listed(&table, &mut faults);
    let open_source = listed.values().map(|row| is_open_source(*row, &mut faults)).collect();
    faults.or(())?;
    let names: BTreeSet<&str> = listed.into_keys().collect();
    Ok((MetricValues::read(file, Some(&names), None)?, open_source))
}

// --- Signals ----------------------------------------------------------------

// `power` by voter weighs the medians; `shares` are the medians, as parts of
// their sum.

// --- Refusals ---------------------------------------------------------------

fn is_open_source(row: Row<'_>, faults: &mut Faults) -> bool {
    match row.cell(1).to_lowercase().as_str() {
        "true" | "yes" | "1" => true,
        "" | "false" | "no" | "0" => false,
        other => {
            let fault = row.fault(1, "bad-flag", format!("`{other}` is neither true nor false"));
            faults.push(fault.help("write true for open source, else false"));
            false
        }
    }
}

// --- Rule -------------------------------------------------------------------

/// Values as parts of the largest of their metric, so that sums stay finite.
struct Measures<'a> {
    open_source: &'a [bool],
    /// Nothing for a metric that says nothing.
    by_metric: Vec<Option<Measure>>,
}

struct Measure {
    /// By project.
    values: Vec<f64>,
    /// Sum over projects that are not open source, and over those that are.
    sums: [f64; 2],
}

impl<'a> Measures<'a> {
    fn of(values: &MetricValues, open_source: &'a [bool]) -> Self {
        let measure = |values: &Vec<Option<f64>>| {
            let most = values.iter().copied().flatten().reduce(f64::max)?;
            let part = |value: &Option<f64>| value.unwrap_or(0.0) / most;
            let values: Vec<f64> = values.iter().map(part).collect();
            let sum = |open| {
                let own = values.iter().zip(open_source).filter(|(_, is)| **is == open);
                maths::sum(own.map(|(value, _)| *value))
            };
            let sums = [sum(false), sum(true)];
            (most > 0.0).then_some(Measure { values, sums })
        };
        Self { open_source, by_metric: values.values.iter().map(measure).collect() }
    }

    /// Scores of all projects by one ballot: metrics, in order, and weights.
    fn scores(&self, ballot: &[(u32, f64)], multiplier: f64) -> Vec<f64> {
        let mut scores = vec![0.0; self.open_source.len()];
        // In proportion to the largest, so that sums stay finite.
        let top = ballot.iter().map(|(_, weight)| *weight).fold(0.0, f64::max);
        for (metric, weight) in ballot.iter().filter(|(_, weight)| *weight > 0.0) {
            let Some(measure) = &self.by_metric[*metric as usize] else { continue };
            let [closed, open] = measure.sums;
            let factor = weight / top / (closed + multiplier * open);
            let values = measure.values.iter().zip(self.open_source);
            for (score, (value, open)) in scores.iter_mut().zip(values) {
                *score += if *open { value * multiplier * factor } else { value * factor };
            }
        }
        scores
    }
}

/// What part of the pool each ballot gives each project, and how many ballots
/// say nothing.
fn parts(
    ballots: &Ballots,
    measures: &Measures<'_>,
    multipliers: &BTreeMap<String, f64>,
    cap: f64,
) -> (Vec<Column<f64>>, usize) {
    let mut by_voter: Vec<Vec<(u32, f64)>> = vec![Vec::new(); ballots.voters.len()];
    for vote in &ballots.votes {
        by_voter[vote.voter as usize].push((vote.project, vote.amount));
    }
    let mut parts = vec![Vec::with_capacity(by_voter.len()); measures.open_source.len()];
    let mut empty = 0;
    for ((voter, name), ballot) in (0_u32..).zip(&ballots.voters).zip(&by_voter) {
        let multiplier = multipliers.get(&**name).copied().unwrap_or(1.0);
        let scores = measures.scores(ballot, multiplier);
        if scores.iter().all(|score| *score == 0.0) {
            empty += 1;
            continue;
        }
        for (parts, part) in parts.iter_mut().zip(optimism(&scores, 1.0, cap, 0.0)) {
            parts.push((part, voter));
        }
    }
    (parts.into_iter().map(Column::of_numbers).collect(), empty)
}

impl Mechanism for ImpactMetrics {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn payees(&self) -> &[Arc<str>] {
        &self.payees
    }

    fn step(&self, turn: &Turn<'_>, allocation: &mut Allocation<'_>) -> Result<Outcome, Refusal> {
        let power = power(turn, &self.voters)?;
        let by = Electorate { power: power.as_deref(), without: None };
        let scores = self.scores(&by);
        let mut outcome = Outcome { remarks: self.remarks.clone(), ..Outcome::default() };
        let why = |payee: usize| {
            let ballots = self.parts[payee].said(&by).count();
            format!("median of {ballots} ballots: {}", percent(scores[payee]))
        };
        let divide = |asset, pool| self.division.divide(asset, pool, &scores);
        outcome.remarks.extend(book(turn, allocation, &scores, why, divide)?);
        outcome.signals.push(("shares", shares(&self.payees, &scores)));
        outcome.reasons = self.reasons(&by, &scores);
        Ok(outcome)
    }

    fn voter_effect(
        &self,
        turn: &Turn<'_>,
        available: &Purse,
    ) -> Option<Vec<(usize, VoterEffect)>> {
        let power = power(turn, &self.voters).ok()?;
        leave_one_out::largest(available, &self.voters, |without| {
            let by = Electorate { power: power.as_deref(), without };
            self.division.paid(available, &self.scores(&by))
        })
    }
}

fn percent(part: f64) -> String {
    format!("{:.4} %", part * 100.0)
}

impl ImpactMetrics {
    fn scores(&self, by: &Electorate<'_>) -> Vec<f64> {
        self.parts.iter().map(|parts| parts.median(by).unwrap_or(0.0)).collect()
    }

    fn reasons(&self, by: &Electorate<'_>, scores: &[f64]) -> BTreeMap<String, Vec<String>> {
        let mut reasons = BTreeMap::new();
        for (at, payee) in self.payees.iter().enumerate() {
            let said = || self.parts[at].said(by);
            let (Some(least), Some(most)) = (said().next(), said().next_back()) else { continue };
            let by_voter = |(part, voter): (f64, u32)| {
                format!("{} by {}", percent(part), self.voters[voter as usize])
            };
            let mut lines = vec![format!(
                "the median of {} ballots gives it {} of the pool; the least is {}, the most {}",
                said().count(),
                percent(scores[at]),
                by_voter(least),
                by_voter(most)
            )];
            if self.open_source[at] {
                lines.push("it is open source, which some ballots count for more".to_owned());
            }
            reasons.insert(payee.to_string(), lines);
        }
        reasons
    }
}

// --- Tests ------------------------------------------------------------------

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use allonet_core::card::Value;
    use allonet_core::mechanism::State;
    use allonet_core::money::Amount;
    use proptest::prelude::*;

    use super::*;
    use crate::trial::{Trial, TurnResult, paid, trial_of};

    const VALUES: &str = "project,metric,value\nbridge,users,30\nwallet,users,10\nwallet,gas,7\n";
    const BALLOTS: &str =
        "voter,metric,weight\nann,users,100\nbob,users,50\nbob,gas,50\ncem,gas,100\n";

    fn trial(values: &str, ballots: &str) -> Trial {
        trial_of("impact-metrics").file("values", values).file("ballots", ballots)
    }

    fn cap(trial: Trial, share: &str) -> Trial {
        trial.set("cap", Value::Share(share.parse().unwrap()))
    }

    fn refused(trial: &Trial) -> String {
        trial.run(1_000).unwrap_err().to_string()
    }

    // Worked examples.

    #[test]
    fn the_median_ballot_decides() {
        let result = trial(VALUES, BALLOTS).run(800).unwrap();
        assert_eq!(paid(&result), [300, 500]);
        let note = result.payouts[0].steps[0].note.as_deref();
        assert_eq!(note, Some("median of 3 ballots: 37.5000 %"));
        assert_eq!(
            result.outcome.reasons["bridge"],
            ["the median of 3 ballots gives it 37.5000 % of the pool; the least is 0.0000 % by \
              cem, the most 75.0000 % by ann"]
        );
    }

    #[test]
    fn open_source_counts_for_more_by_voter() {
        // Users 30 and 10·3: a half each. Ann alone.
        let list = "id,open_source\nbridge,false\nwallet,true\n";
        let ballots = "voter,metric,weight\nann,users,1\n";
        let trial = trial(VALUES, ballots)
            .file("projects", list)
            .file("voters", "voter,os_multiplier\nann,3\n");
        let result = trial.run(800).unwrap();
        assert_eq!(paid(&result), [400, 400]);
        assert_eq!(result.outcome.reasons["wallet"].len(), 2);
    }

    #[test]
    fn the_cap_holds_in_each_ballot_and_at_the_end() {
        // Scores 60, 30, 10 in one ballot: 40, 40, 20 under a cap of 40 %.
        let values = "project,metric,value\na,m,60\nb,m,30\nc,m,10\n";
        let result = cap(trial(values, "voter,metric,weight\nann,m,9\n"), "40%").run(100).unwrap();
        assert_eq!(paid(&result), [40, 40, 20]);
        assert_eq!(result.outcome.remarks, ["at the cap of 0.40 USD: 2 projects"]);
    }

    #[test]
    fn who_falls_below_the_minimum_gets_nothing() {
        let values = "project,metric,value\na,m,60\nb,m,30\nc,m,10\n";
        let trial = trial(values, "voter,metric,weight\nann,m,9\n").text("minimum", "0.11");
        for parity in ["none", "optimism"] {
            let result = trial.clone().text("parity", parity).run(100).unwrap();
            assert_eq!(paid(&result), [67, 33, 0], "{parity}");
        }
    }

    #[test]
    fn empty_ballots_and_metrics_say_nothing() {
        let values = format!("{VALUES}wallet,fame,0\nbridge,fame,\n");
        let ballots = format!("{BALLOTS}dan,fame,100\neve,users,0\n");
        let result = trial(&values, &ballots).run(800).unwrap();
        assert_eq!(paid(&result), [300, 500]);
        assert_eq!(
            result.outcome.remarks,
            [
                "the metric `fame` has no value above zero: it says nothing",
                "ballots that give nothing to any metric, passed over: 2",
            ]
        );
    }

    #[test]
    fn power_weighs_the_median() {
        let trial = trial(VALUES, BALLOTS).scores("power", &[("ann", 3.0), ("cem", 2.0)]);
        assert_eq!(paid(&trial.run(800).unwrap()), [600, 200]);
    }

    #[test]
    fn without_ballots_nothing_is_paid() {
        let result = trial(VALUES, "voter,metric,weight\n").run(800).unwrap();
        assert_eq!(paid(&result), [0, 0]);
        assert_eq!(result.outcome.remarks.len(), 1);
    }

    // Refusals.

    #[test]
    fn bad_lists_are_refused() {
        let told = refused(&trial(VALUES, BALLOTS).file("projects", "id,is_oss\nbridge,maybe\n"));
        assert!(told.starts_with("projects.csv:2:8: `maybe` is neither true nor false"), "{told}");
        let told = refused(&trial(VALUES, BALLOTS).file("voters", "voter,multiplier\nann,4\n"));
        assert!(told.contains("`ann` has os_multiplier 4 (it may be from 1 to 3)"), "{told}");
        let told = refused(&trial(VALUES, "voter,metric,weight\nann,users,-1\n"));
        assert!(told.contains("`-1` is below zero"), "{told}");
        let told = refused(&trial(VALUES, "voter,metric,weight\nann,user,1\n"));
        assert!(told.contains("did you mean `users`?"), "{told}");
    }

    #[test]
    fn both_tables_are_needed() {
        let none = trial_of("impact-metrics");
        assert!(refused(&none).contains("`values` is not given"));
        assert!(refused(&none.file("values", VALUES)).contains("`ballots` is not given"));
    }

    // Laws.

    /// Values by project, ballots by voter with a multiplier.
    type Drawn = (Vec<Vec<u16>>, Vec<(u8, Vec<u16>)>);

    fn tables() -> impl Strategy<Value = Drawn> {
        (1_usize..4).prop_flat_map(|metrics| {
            let row = || prop::collection::vec(0..=500_u16, metrics);
            (prop::collection::vec(row(), 1..6), prop::collection::vec((10..=30_u8, row()), 1..6))
        })
    }

    /// Every second project is open source.
    fn drawn((values, ballots): &Drawn) -> Trial {
        let mut texts =
            ["project,metric,value\n", "id,is_oss\n", "voter,metric,weight\n"].map(str::to_owned);
        let mut voters = "voter,os_multiplier\n".to_owned();
        for (project, row) in values.iter().enumerate() {
            writeln!(texts[1], "p{project},{}", project % 2 == 1).unwrap();
            for (metric, value) in row.iter().enumerate() {
                writeln!(texts[0], "p{project},m{metric},{value}").unwrap();
            }
        }
        for (voter, (tenths, row)) in ballots.iter().enumerate() {
            writeln!(voters, "v{voter},{}", f64::from(*tenths) / 10.0).unwrap();
            for (metric, weight) in row.iter().enumerate() {
                writeln!(texts[2], "v{voter},m{metric},{weight}").unwrap();
            }
        }
        trial(&texts[0], &texts[2]).file("projects", &texts[1]).file("voters", &voters)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn money_is_conserved(tables in tables(), pool: u128, percent in 1_u64..=100) {
            let result = cap(drawn(&tables), &format!("{percent}%")).run(pool).unwrap();
            let paid = Amount::sum(result.payouts.iter().map(|p| p.amount), "test").unwrap();
            let all = paid.add(result.unspent.of(0), "test").unwrap();
            prop_assert_eq!(all, Amount::from_base(pool));
        }

        // A metric in another unit, and ballots in other weights, change nothing
        // but the last places.
        #[test]
        fn units_do_not_matter(tables in tables()) {
            let (values, ballots) = &tables;
            let scaled = |row: &Vec<u16>, by: u16| row.iter().map(|v| v * by).collect();
            let other: Drawn = (
                values.iter().map(|row| scaled(row, 7)).collect(),
                ballots.iter().map(|(os, row)| (*os, scaled(row, 3))).collect(),
            );
            let (first, second) =
                (drawn(&tables).run(100_000).unwrap(), drawn(&other).run(100_000).unwrap());
            for (a, b) in paid(&first).iter().zip(paid(&second)) {
                prop_assert!(a.abs_diff(b) <= 1);
            }
        }

        #[test]
        fn the_largest_effect_is_that_of_a_round_without_the_voter(tables in tables()) {
            let trial = drawn(&tables);
            let purse = Purse::new(vec![Amount::from_base(1_000)]);
            let state = State::empty();
            let turn = Turn {
                epoch: 0, ends: None, assets: &trial.assets, inflow: &purse, signals: &[],
                events: &[], state: &state,
            };
            let found = trial.build().unwrap().voter_effect(&turn, &purse).unwrap();
            let found = found.first().map_or(0, |(_, effect)| effect.moved.to_u128().unwrap());
            let told = |result: &TurnResult| {
                let mut paid = paid(result);
                paid.push(result.unspent.of(0).to_u128().unwrap());
                paid
            };
            let with = told(&trial.run(1_000).unwrap());
            let most = (0..tables.1.len()).map(|voter| {
                let mut others = tables.clone();
                others.1[voter].1.iter_mut().for_each(|weight| *weight = 0);
                let without = told(&drawn(&others).run(1_000).unwrap());
                with.iter().zip(without).map(|(a, b)| a.abs_diff(b)).sum::<u128>() / 2
            });
            prop_assert_eq!(found, most.max().unwrap());
        }
    }

    // Reference: the audit's steps one by one, in floats, without sharing sums.

    fn reference((values, ballots): &Drawn, cap: f64) -> Vec<f64> {
        let water = |scores: &[f64]| {
            let mut order: Vec<usize> = (0..scores.len()).collect();
            order.sort_by(|a, b| scores[*b].total_cmp(&scores[*a]));
            let mut paid = vec![0.0; scores.len()];
            for (done, at) in order.iter().enumerate() {
                let left = 1.0 - order[..done].iter().map(|at| paid[*at]).sum::<f64>();
                let others: f64 = order[done..].iter().map(|at| scores[*at]).sum();
                paid[*at] =
                    if scores[*at] > 0.0 { (scores[*at] / others * left).min(cap) } else { 0.0 };
            }
            paid
        };
        let mut table: Vec<Vec<f64>> = Vec::new();
        for (tenths, weights) in ballots {
            let value = |project: usize, metric: usize| {
                let os = if project % 2 == 1 { f64::from(*tenths) / 10.0 } else { 1.0 };
                f64::from(values[project][metric]) * os
            };
            let score = |project: usize| -> f64 {
                (0..weights.len())
                    .map(|metric| {
                        let sum: f64 =
                            (0..values.len()).map(|project| value(project, metric)).sum();
                        let part = if sum > 0.0 { value(project, metric) / sum } else { 0.0 };
                        part * f64::from(weights[metric]) / 100.0
                    })
                    .sum()
            };
            let scores: Vec<f64> = (0..values.len()).map(score).collect();
            if scores.iter().any(|score| *score > 0.0) {
                table.push(water(&scores));
            }
        }
        let median = |project: usize| {
            let mut column: Vec<f64> = table.iter().map(|row| row[project]).collect();
            column.sort_by(f64::total_cmp);
            let n = column.len();
            if n == 0 { 0.0 } else { column[(n - 1) / 2].midpoint(column[n / 2]) }
        };
        water(&(0..values.len()).map(median).collect::<Vec<f64>>())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn payouts_are_those_of_the_audit(tables in tables(), percent in 1_u8..=100) {
            let expected = reference(&tables, f64::from(percent) / 100.0);
            for parity in ["none", "optimism"] {
                let trial = cap(drawn(&tables), &format!("{percent}%")).text("parity", parity);
                let result = trial.run(1_000_000_000).unwrap();
                for (paid, part) in paid(&result).iter().zip(&expected) {
                    let apart = *paid as f64 - part * 1e9;
                    prop_assert!(apart.abs() < 3.0, "{} {}", paid, part * 1e9);
                }
            }
        }
    }
}
