//! Metric shares: voters say how much each metric matters, and the metrics say
//! how much each project gets.
//!
//! Each voter divides up to 100 % among metrics; nobody votes on projects. Use
//! it when impact is measured and opinions differ on which measure matters.
//!
//! # Formula
//!
//! ```text
//! norm_pm  = raw_pm / max_m            increasing: more is better
//! norm_pm  = 1 − raw_pm / max_m        decreasing: less is better
//! share_m  = Σ_v weight_v · share_vm
//! score_p  = Σ_m norm_pm · share_m / 100
//! payout_p = pool · score_p / Σ score  under `cap`, and above `minimum` or nothing
//! ```
//!
//! A value that is not known counts as the worst that is known of any project:
//! the least of an increasing metric, the largest of a decreasing one. A metric
//! of which no value is known, or whose values are all zero, says nothing.
//!
//! `weight_v` is 1; with a table `voters` it is what stands there, and 0 for
//! whoever does not stand there; a signal `power` multiplies it.
//!
//! # Units and rounding
//!
//! | quantity      | unit                        | rounding                              |
//! |---------------|-----------------------------|---------------------------------------|
//! | share         | percent                     | `f64`                                 |
//! | value, score  | as the metric; none         | `f64`, summed in order of voter, then of metric |
//! | cap           | base units of each asset    | down                                  |
//! | payout        | base units of each asset    | largest remainder, earliest id first  |
//!
//! # Limits
//!
//! * The shares of one ballot add up to 100 % or less, but for 0.000001.
//! * Values are finite and zero or more.
//!
//! # Known weaknesses
//!
//! * The largest value of a metric sets the measure for all: one outlier makes
//!   the others alike, and inflating a metric pays whoever inflates it.
//! * Where the least value is large, not to be measured is nearly as good as to
//!   be the last.
//! * Voters who know the values can vote for a project by way of its metrics.
//!
//! # Sources
//!
//! * Gitcoin, `retrofunding-api`, `calculate.ts` and `applications.ts`. There a
//!   metric without a value above zero divides by zero.
//!
//! # Example
//!
//! ```
//! use allonet_core::money::Amount;
//! use allonet_mechanisms::trial::trial_of;
//!
//! let values = "project,metric,value\n\
//!               garden,visitors,100\npark,visitors,50\n\
//!               garden,cost,40\npark,cost,10\n";
//! let metrics = "id,direction\nvisitors,increasing\ncost,decreasing\n";
//! let ballots = "voter,metric,share\nann,visitors,100\nbob,visitors,60\nbob,cost,40\n";
//! // Visitors 160, cost 40. Garden: 1·160 + 0·40 = 160; park: ½·160 + ¾·40 = 110.
//! let result = trial_of("metric-shares")
//!     .file("values", values)
//!     .file("metrics", metrics)
//!     .file("ballots", ballots)
//!     .run(2_700)?;
//! assert_eq!(result.paid("garden"), Amount::from_base(1_600));
//! assert_eq!(result.paid("park"), Amount::from_base(1_100));
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
use allonet_core::table::{Column, Faults, Table};

use super::leave_one_out;
use super::medians::Electorate;
use super::metric_values::{MetricValues, absent, listed};
use super::optimism::Division;
use super::voters::{numbers, power};
use crate::ballots::{Ballots, CLOSES, OPENS, PROJECT_COLUMNS, Reading};
use crate::paying::{CAP, CAP_OVERFLOW, MINIMUM, book, main_asset, shares};

// --- Card -------------------------------------------------------------------

/// What the rule says of itself.
pub static CARD: Card = Card {
    id: "metric-shares",
    title: "Metric shares",
    family: Family::Retro,
    formula: "payout ∝ Σ_metrics raw / max · Σ_voters share",
    status: Status::Preview { since: "0.1.0" },
    sources: &[Source {
        cite: "Gitcoin, retrofunding-api, calculateWeightedDistribution",
        url: "https://github.com/gitcoinco/retrofunding-api/blob/main/src/utils/calculate.ts",
    }],
    settings: &[
        Setting {
            name: "ballots",
            kind: Kind::File,
            default: Absent::Required,
            doc: "Table of ballots, columns `voter`, `metric` and `share` (in percent).",
        },
        Setting {
            name: "values",
            kind: Kind::File,
            default: Absent::Required,
            doc: "Table of what projects score on metrics, columns `project`, `metric` and \
                  `value`; an empty value is not known.",
        },
        Setting {
            name: "metrics",
            kind: Kind::File,
            default: Absent::None("every metric with values counts, and more is better"),
            doc: "Table of the metrics that count, columns `id` and, if wished, `direction` \
                  (`increasing` or `decreasing`).",
        },
        Setting {
            name: "voters",
            kind: Kind::File,
            default: Absent::None("all voters count alike"),
            doc: "Table of how much voters count, columns `voter` and `weight`; who is not in it \
                  does not count.",
        },
        Setting {
            name: "without_votes",
            kind: Kind::Choice(&["keep", "equal"]),
            default: Absent::Default("keep"),
            doc: "Where no vote counts: keep the money, or let all metrics count alike.",
        },
        Setting {
            name: "projects",
            kind: Kind::File,
            default: Absent::None("every project with values may be paid"),
            doc: "List of projects that may be paid, column `id`; values of others do not count.",
        },
        OPENS,
        CLOSES,
        CAP,
        CAP_OVERFLOW,
        MINIMUM,
    ],
    actions: &[],
    reads: &["power"],
    emits: &["shares"],
};

const METRIC_COLUMNS: &[Column] =
    &[Column::required(&["id", "metric", "name"]), Column::optional(&["direction", "orientation"])];
const WEIGHT_COLUMNS: &[Column] = &[
    Column::required(&["voter", "voter_id", "voter_address", "address"]),
    Column::required(&["weight", "power"]),
];

// --- Settings ---------------------------------------------------------------

/// The rule with its ballots and values.
#[derive(Debug)]
pub struct MetricShares {
    /// Sorted by id.
    payees: Vec<Arc<str>>,
    /// Sorted by name.
    metrics: Vec<Metric>,
    /// Sorted by name.
    voters: Vec<Box<str>>,
    /// By voter, as far as `voters` says.
    weights: Vec<f64>,
    /// Without votes all metrics count alike.
    equal: bool,
    division: Division,
    remarks: Vec<String>,
}

#[derive(Debug)]
struct Metric {
    name: Box<str>,
    /// By project, from 0 to 1; nothing if the metric says nothing.
    normalised: Option<Vec<f64>>,
    /// Voter and share, in order of voter.
    votes: Vec<(u32, f64)>,
}

/// Builds the rule from its settings.
pub fn build(blueprint: &Blueprint<'_>) -> Result<Box<dyn Mechanism>, Vec<Fault>> {
    let settings = blueprint.settings;
    let asset = main_asset(blueprint)?;
    let division = Division::read(settings, asset).map_err(|fault| vec![fault])?;
    let reading = Reading { projects: None, ..Reading::from_settings(settings)? };
    let (values, decreasing) = read_values(settings)?;
    let file = settings.file("ballots").ok_or_else(|| absent("ballots"))?;
    let (table, ballots) = values.ballots(file, &reading)?;
    over_budget(&table, &ballots).or(())?;
    let (weights, unweighted) = weights(settings, &ballots.voters)?;
    let metrics: Vec<Metric> = values
        .metrics
        .iter()
        .zip(&values.values)
        .zip(ballots.by_project())
        .map(|((name, values), votes)| Metric {
            name: name.clone(),
            normalised: normalised(values, decreasing.contains(name)),
            votes: votes.iter().map(|vote| (vote.voter, vote.amount)).collect(),
        })
        .collect();
    let mut remarks = [values.remarks, ballots.remarks].concat();
    let silent = metrics.iter().filter(|metric| metric.normalised.is_none());
    remarks.extend(silent.map(|metric| {
        format!("the metric `{}` has no value above zero: it says nothing", metric.name)
    }));
    if unweighted > 0 {
        remarks.push(format!("not in `voters`, or with no weight, and not counted: {unweighted}"));
    }
    Ok(Box::new(MetricShares {
        payees: values.projects,
        metrics,
        voters: ballots.voters,
        weights,
        equal: settings.text("without_votes") == Some("equal"),
        division,
        remarks,
    }))
}

/// The values that count, and the names of metrics of which less is better.
fn read_values(settings: &Settings) -> Result<(MetricValues, BTreeSet<Box<str>>), Vec<Fault>> {
    let table = |name: &str, columns: &'static [Column]| {
        settings.file(name).map(|file| Table::read(file, columns)).transpose()
    };
    let (projects, metrics) =
        (table("projects", PROJECT_COLUMNS)?, table("metrics", METRIC_COLUMNS)?);
    let mut faults = Faults::new();
    let projects = projects.as_ref().map(|table| listed(table, &mut faults));
    let metrics = metrics.as_ref().map(|table| listed(table, &mut faults));
    let mut decreasing = BTreeSet::new();
    for (name, row) in metrics.iter().flatten() {
        match row.cell(1).to_lowercase().as_str() {
            "" | "increasing" | "increase" => {}
            "decreasing" | "decrease" => {
                decreasing.insert(Box::from(*name));
            }
            other => {
                let message = format!("`{other}` is no direction");
                let fault = row.fault(1, "bad-direction", message);
                faults.push(fault.help("write increasing (more is better) or decreasing"));
            }
        }
    }
    faults.or(())?;
    let names = |rows: BTreeMap<_, _>| rows.into_keys().collect::<BTreeSet<&str>>();
    let (projects, metrics) = (projects.map(names), metrics.map(names));
    let file = settings.file("values").ok_or_else(|| absent("values"))?;
    Ok((MetricValues::read(file, projects.as_ref(), metrics.as_ref())?, decreasing))
}

/// How much each voter counts, and how many do not.
fn weights(settings: &Settings, voters: &[Box<str>]) -> Result<(Vec<f64>, usize), Vec<Fault>> {
    let Some(file) = settings.file("voters") else { return Ok((vec![1.0; voters.len()], 0)) };
    let by_name = numbers(file, WEIGHT_COLUMNS, &(0.0..=1e30))?;
    let of = |voter: &str| by_name.get(voter).copied().unwrap_or(0.0);
    let weights: Vec<f64> = voters.iter().map(|voter| of(voter)).collect();
    let unweighted = weights.iter().filter(|weight| **weight == 0.0).count();
    Ok((weights, unweighted))
}

/// Values as parts of the largest; nothing where none is above zero.
fn normalised(values: &[Option<f64>], decreasing: bool) -> Option<Vec<f64>> {
    let known = || values.iter().copied().flatten();
    let (least, most) = (known().reduce(f64::min)?, known().reduce(f64::max)?);
    if most <= 0.0 {
        return None;
    }
    let part = |value: &Option<f64>| {
        if decreasing { 1.0 - value.unwrap_or(most) / most } else { value.unwrap_or(least) / most }
    };
    Some(values.iter().map(part).collect())
}

// --- Signals ----------------------------------------------------------------

impl MetricShares {
    /// Power by voter, from the table and the signal.
    fn powers(&self, turn: &Turn<'_>) -> Result<Vec<f64>, Refusal> {
        let Some(powers) = power(turn, &self.voters)? else { return Ok(self.weights.clone()) };
        Ok(powers.iter().zip(&self.weights).map(|(power, weight)| power * weight).collect())
    }
}

// --- Refusals ---------------------------------------------------------------

/// Percent, and what rounding may add to it.
const WHOLE: f64 = 100.0 + 1e-6;

/// Voters who give more than they have.
fn over_budget(table: &Table, ballots: &Ballots) -> Faults {
    let mut given: Vec<Vec<(f64, u32)>> = vec![Vec::new(); ballots.voters.len()];
    for vote in &ballots.votes {
        given[vote.voter as usize].push((vote.amount, vote.row));
    }
    let mut faults = Faults::new();
    for (voter, given) in ballots.voters.iter().zip(given) {
        let sum = maths::sum(given.iter().map(|(share, _)| *share));
        if sum > WHOLE {
            let last = given.iter().map(|(_, row)| *row).max().expect("a sum has parts");
            let row = table.row(last as usize).expect("a vote has a row");
            let message = format!("`{voter}` gives {sum} % in all");
            let fault = row.fault(2, "over-budget", message);
            faults.push(fault.help("the shares of a ballot add up to 100 % or less"));
        }
    }
    faults
}

// --- Rule -------------------------------------------------------------------

impl Mechanism for MetricShares {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn payees(&self) -> &[Arc<str>] {
        &self.payees
    }

    fn step(&self, turn: &Turn<'_>, allocation: &mut Allocation<'_>) -> Result<Outcome, Refusal> {
        let powers = self.powers(turn)?;
        let by = Electorate { power: Some(&powers), without: None };
        let weights = self.metric_weights(&by);
        let scores = self.scores(&weights);
        let mut outcome = Outcome { remarks: self.remarks.clone(), ..Outcome::default() };
        if weights.iter().all(|weight| *weight == 0.0) {
            outcome.remarks.push("no vote counts".to_owned());
        }
        let why = |payee: usize| {
            let parts = self.parts(payee, &weights);
            let parts: Vec<String> = parts.iter().take(3).map(Part::short).collect();
            format!("score {:.4}: {}", scores[payee], parts.join(", "))
        };
        let divide = |asset, pool| self.division.divide(asset, pool, &scores);
        outcome.remarks.extend(book(turn, allocation, &scores, why, divide)?);
        outcome.signals.push(("shares", shares(&self.payees, &scores)));
        outcome.reasons = self.reasons(&by, &weights);
        Ok(outcome)
    }

    fn voter_effect(
        &self,
        turn: &Turn<'_>,
        available: &Purse,
    ) -> Option<Vec<(usize, VoterEffect)>> {
        let powers = self.powers(turn).ok()?;
        leave_one_out::largest(available, &self.voters, |without| {
            let by = Electorate { power: Some(&powers), without };
            self.division.paid(available, &self.scores(&self.metric_weights(&by)))
        })
    }
}

/// What one metric adds to the score of one project.
struct Part<'a> {
    metric: &'a Metric,
    normalised: f64,
    weight: f64,
}

impl Part<'_> {
    fn adds(&self) -> f64 {
        self.normalised * self.weight / 100.0
    }

    fn short(&self) -> String {
        format!("`{}` {:.4} × {:.2} %", self.metric.name, self.normalised, self.weight)
    }
}

impl MetricShares {
    /// What voters give each metric, in percent.
    fn metric_weights(&self, by: &Electorate<'_>) -> Vec<f64> {
        let given = |metric: &Metric| {
            maths::sum(metric.votes.iter().map(|(voter, share)| by.weight(*voter) * share))
        };
        let weights: Vec<f64> = self.metrics.iter().map(given).collect();
        if self.equal && weights.iter().all(|weight| *weight == 0.0) {
            return vec![100.0 / weights.len().max(1) as f64; weights.len()];
        }
        weights
    }

    fn scores(&self, weights: &[f64]) -> Vec<f64> {
        let score = |payee| maths::sum(self.all_parts(payee, weights).map(|part| part.adds()));
        (0..self.payees.len()).map(score).collect()
    }

    fn all_parts<'a>(
        &'a self,
        payee: usize,
        weights: &'a [f64],
    ) -> impl Iterator<Item = Part<'a>> + 'a {
        self.metrics.iter().zip(weights).filter_map(move |(metric, weight)| {
            let normalised = metric.normalised.as_ref()?[payee];
            Some(Part { metric, normalised, weight: *weight })
        })
    }

    /// What adds to a score, the most first.
    fn parts<'a>(&'a self, payee: usize, weights: &'a [f64]) -> Vec<Part<'a>> {
        let mut parts: Vec<Part<'_>> =
            self.all_parts(payee, weights).filter(|part| part.adds() > 0.0).collect();
        parts.sort_by(|a, b| b.adds().total_cmp(&a.adds()));
        parts
    }

    fn reasons(&self, by: &Electorate<'_>, weights: &[f64]) -> BTreeMap<String, Vec<String>> {
        let reason = |part: Part<'_>| {
            let voters = part.metric.votes.iter().map(|(v, share)| (*v, by.weight(*v) * share));
            let top = voters.reduce(|top, next| if next.1 > top.1 { next } else { top });
            let top =
                top.map(|(voter, _)| format!(", most of it by {}", self.voters[voter as usize]));
            format!(
                "it is at {:.4} of the best on `{}`, which has {:.2} % of votes{}: {:.4}",
                part.normalised,
                part.metric.name,
                part.weight,
                top.unwrap_or_default(),
                part.adds()
            )
        };
        let lines = |(at, payee): (usize, &Arc<str>)| {
            let parts = self.parts(at, weights);
            (payee.to_string(), parts.into_iter().take(3).map(reason).collect())
        };
        self.payees.iter().enumerate().map(lines).collect()
    }
}

// --- Tests ------------------------------------------------------------------

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use allonet_core::card::Value;
    use allonet_core::mechanism::State;
    use allonet_core::money::Amount;
    use allonet_core::signal::SignalData;
    use proptest::prelude::*;

    use super::*;
    use crate::trial::{NoTrial, Trial, TurnResult, trial_of};

    const VALUES: &str = "project,metric,value\n\
        garden,visitors,100\npark,visitors,50\ngarden,cost,40\npark,cost,10\n";
    const METRICS: &str = "id,direction\nvisitors,increasing\ncost,decreasing\n";
    const BALLOTS: &str = "voter,metric,share\nann,visitors,100\nbob,visitors,60\nbob,cost,40\n";

    fn trial(values: &str, ballots: &str) -> Trial {
        trial_of("metric-shares").file("values", values).file("ballots", ballots)
    }

    fn paid(result: &TurnResult) -> Vec<(&str, u128)> {
        let payees = result.payees.iter().map(|payee| &**payee);
        payees.map(|payee| (payee, result.paid(payee).to_u128().unwrap())).collect()
    }

    fn refused(trial: &Trial) -> String {
        trial.run(1_000).unwrap_err().to_string()
    }

    // Worked examples.

    #[test]
    fn voters_weigh_metrics_and_metrics_projects() {
        let result = trial(VALUES, BALLOTS).file("metrics", METRICS).run(2_700).unwrap();
        assert_eq!(paid(&result), [("garden", 1_600), ("park", 1_100)]);
        let steps = &result.payouts[1].steps;
        assert_eq!(
            steps[0].note.as_deref(),
            Some("score 1.1000: `visitors` 0.5000 × 160.00 %, `cost` 0.7500 × 40.00 %")
        );
        assert_eq!(
            result.outcome.reasons["park"],
            [
                "it is at 0.5000 of the best on `visitors`, which has 160.00 % of votes, most of \
                 it by ann: 0.8000",
                "it is at 0.7500 of the best on `cost`, which has 40.00 % of votes, most of it by \
                 bob: 0.3000",
            ]
        );
        let SignalData::Scores(shares) = &result.outcome.signals[0].1 else { panic!("scores") };
        assert!((shares["garden"] - 16.0 / 27.0).abs() < 1e-15);
    }

    #[test]
    fn unknown_values_count_as_the_worst() {
        // Visitors 4, ?→2, 2; cost 10, 5, ?→10.
        let values = "project,metric,value\na,visitors,4\nc,visitors,2\nb,visitors,\n\
                      a,cost,10\nb,cost,5\n";
        let ballots = "voter,metric,share\nann,visitors,50\nann,cost,50\n";
        let result = trial(values, ballots).file("metrics", METRICS).run(250).unwrap();
        assert_eq!(paid(&result), [("a", 100), ("b", 100), ("c", 50)]);
    }

    #[test]
    fn a_metric_of_zeros_says_nothing() {
        let values = format!("{VALUES}garden,fame,0\npark,fame,0\n");
        let ballots = format!("{BALLOTS}cem,fame,100\n");
        let metrics = format!("{METRICS}fame,decreasing\n");
        let result = trial(&values, &ballots).file("metrics", &metrics).run(2_700).unwrap();
        assert_eq!(paid(&result), [("garden", 1_600), ("park", 1_100)]);
        let remark = "the metric `fame` has no value above zero: it says nothing";
        assert_eq!(result.outcome.remarks, [remark]);
    }

    #[test]
    fn voters_count_by_table_and_signal() {
        let trial = trial(VALUES, BALLOTS).file("metrics", METRICS);
        // Bob alone: garden 0.6, park 0.3 + 0.3.
        let voters = "voter,weight\nbob,50\n";
        let result = trial.clone().file("voters", voters).run(2_700).unwrap();
        assert_eq!(paid(&result), [("garden", 1_350), ("park", 1_350)]);
        assert!(result.outcome.remarks[0].ends_with("not counted: 1"));
        let result = trial.clone().scores("power", &[("bob", 3.0)]).run(2_700).unwrap();
        assert_eq!(paid(&result), [("garden", 1_350), ("park", 1_350)]);
    }

    #[test]
    fn without_votes_the_money_stays_or_all_metrics_count() {
        let trial = trial(VALUES, "voter,metric,share\nann,cost,\n").file("metrics", METRICS);
        let result = trial.run(900).unwrap();
        assert_eq!(result.payouts, []);
        assert_eq!(result.outcome.remarks[0], "no vote counts");
        // Garden ½·1, park ½·½ + ½·¾.
        let result = trial.text("without_votes", "equal").run(900).unwrap();
        assert_eq!(paid(&result), [("garden", 400), ("park", 500)]);
    }

    #[test]
    fn the_window_and_the_list_decide() {
        let ballots = "voter,metric,share,time\nann,visitors,100,2026-01-02\n\
                       bob,cost,100,2026-01-09\n";
        let list = "id\npark\nmill\n";
        let closes = Value::Time("2026-01-05".parse().unwrap());
        let result =
            trial(VALUES, ballots).file("projects", list).set("closes", closes).run(10).unwrap();
        // The list alone sets the measure: park is best, and mill counts as the worst, park.
        assert_eq!(paid(&result), [("mill", 5), ("park", 5)]);
        assert_eq!(result.outcome.remarks.len(), 2);
    }

    // Refusals.

    #[test]
    fn more_than_all_cannot_be_given() {
        let told = refused(&trial(VALUES, "voter,metric,share\nann,cost,60\nann,visitors,41\n"));
        assert_eq!(
            told,
            "ballots.csv:3:14: `ann` gives 101 % in all (the shares of a ballot add up to 100 % or \
             less)"
        );
    }

    #[test]
    fn what_is_no_direction_is_refused() {
        let told = refused(&trial(VALUES, BALLOTS).file("metrics", "id,direction\ncost,up\n"));
        assert!(told.starts_with("metrics.csv:2:6: `up` is no direction"), "{told}");
        let told = refused(&trial(VALUES, BALLOTS).file("metrics", "id\ncost\ncost\n"));
        assert!(told.contains("`cost` is listed a second time; the first is on line 2"), "{told}");
        let told = refused(&trial(VALUES, BALLOTS).file("metrics", "id\ncost\n"));
        assert!(told.contains("there is no metric `visitors`"), "{told}");
    }

    #[test]
    fn voters_are_named_once_with_a_number() {
        let told = refused(&trial(VALUES, BALLOTS).file("voters", "voter,weight\nann,1\nann,2\n"));
        assert!(told.contains("`ann` stands here a second time; the first is on line 2"), "{told}");
        let told = refused(&trial(VALUES, BALLOTS).file("voters", "voter,weight\nann,1e99\n,1\n"));
        assert!(told.contains("`ann` has weight") && told.contains("names no voter"), "{told}");
        let told = refused(&trial(VALUES, BALLOTS).scores("power", &[("ann", f64::NAN)]));
        assert!(told.contains("gives `ann` NaN"), "{told}");
    }

    #[test]
    fn both_tables_are_needed() {
        let none = trial_of("metric-shares");
        assert!(refused(&none).contains("`values` is not given"));
        assert!(refused(&none.file("values", VALUES)).contains("`ballots` is not given"));
    }

    // Laws.

    fn tables() -> impl Strategy<Value = (Vec<Vec<u16>>, Vec<Vec<u16>>)> {
        (1_usize..4).prop_flat_map(|metrics| {
            let row = |most: u16| prop::collection::vec(0..=most, metrics);
            (prop::collection::vec(row(1_000), 1..5), prop::collection::vec(row(33), 1..5))
        })
    }

    fn drawn(values: &[Vec<u16>], ballots: &[Vec<u16>]) -> Trial {
        let rows = |table: &[Vec<u16>], header: &str, letter: char| {
            let mut text = header.to_owned();
            for (at, row) in table.iter().enumerate() {
                for (metric, value) in row.iter().enumerate() {
                    writeln!(text, "{letter}{at},m{metric},{value}").unwrap();
                }
            }
            text
        };
        trial(
            &rows(values, "project,metric,value\n", 'p'),
            &rows(ballots, "voter,metric,share\n", 'v'),
        )
        .file("metrics", "id,direction\nm0,\nm1,decreasing\nm2,increasing\n")
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn money_is_conserved((values, ballots) in tables(), pool in any::<u128>()) {
            let result = drawn(&values, &ballots).run(pool).unwrap();
            let paid = Amount::sum(result.payouts.iter().map(|p| p.amount), "test").unwrap();
            let all = paid.add(result.unspent.of(0), "test").unwrap();
            prop_assert_eq!(all, Amount::from_base(pool));
        }

        // Splitting: two voters who vote alike count as one with twice the
        // weight.
        #[test]
        fn voters_add_up((values, ballots) in tables()) {
            let twice = drawn(&values, &[ballots.clone(), ballots.clone()].concat());
            let (twice, once) = (twice.run(999).unwrap(), drawn(&values, &ballots).run(999).unwrap());
            prop_assert_eq!(paid(&twice), paid(&once));
        }

        // What leaving out each voter in turn moves.
        #[test]
        fn the_largest_effect_is_found((values, ballots) in tables()) {
            let trial = drawn(&values, &ballots);
            let rule = trial.build().unwrap();
            let purse = Purse::new(vec![Amount::from_base(1_000)]);
            let state = State::empty();
            let turn = Turn {
                epoch: 0, ends: None, assets: &trial.assets, inflow: &purse, signals: &[],
                events: &[], state: &state,
            };
            let with = trial.run(1_000).unwrap();
            let most = (0..ballots.len()).map(|voter| {
                let mut others = ballots.clone();
                others[voter].iter_mut().for_each(|share| *share = 0);
                let without = drawn(&values, &others).run(1_000).unwrap();
                let apart = |a: u128, b: u128| a.abs_diff(b);
                let lists = paid(&with).into_iter().zip(paid(&without));
                let moved: u128 = lists.map(|((_, a), (_, b))| apart(a, b)).sum();
                let left = |r: &TurnResult| r.unspent.of(0).to_u128().unwrap();
                moved.midpoint(apart(left(&with), left(&without)))
            }).max().unwrap();
            let found = rule.voter_effect(&turn, &purse).unwrap();
            let found = found.first().map_or(0, |(_, effect)| effect.moved.to_u128().unwrap());
            prop_assert_eq!(found, most);
        }
    }

    // Reference: whole numbers over a common denominator, all increasing.

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn scores_are_those_of_fractions((values, ballots) in tables()) {
            let metrics = values[0].len();
            let most: Vec<u128> = (0..metrics)
                .map(|m| values.iter().map(|row| u128::from(row[m])).max().unwrap().max(1))
                .collect();
            let whole: u128 = most.iter().product();
            let scores: Vec<u128> = values.iter().map(|row| (0..metrics).map(|m| {
                let votes: u128 = ballots.iter().map(|ballot| u128::from(ballot[m])).sum();
                u128::from(row[m]) * votes * (whole / most[m])
            }).sum()).collect();
            let sum: u128 = scores.iter().sum();
            let trial = drawn(&values, &ballots).file("metrics", "id\nm0\nm1\nm2\n");
            let result: Result<TurnResult, NoTrial> = trial.run(1_000_000);
            for ((_, paid), score) in paid(&result.unwrap()).into_iter().zip(scores) {
                let fair = (score * 1_000_000).checked_div(sum).unwrap_or(0);
                prop_assert!(paid == fair || paid == fair + 1, "{} of {}", paid, fair);
            }
        }
    }
}
