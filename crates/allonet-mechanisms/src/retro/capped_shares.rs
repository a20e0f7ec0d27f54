//! Capped shares: a pool divided by scores, with a most and a least for each
//! project.
//!
//! Use it as the last step of a round: whatever made the scores (ballots,
//! metrics, a model, another neuron), nobody gets more than the cap, nobody is
//! paid less than is worth paying, and the others share what that leaves.
//!
//! # Formula
//!
//! ```text
//! share_p = min(λ · score_p, cap · pool),  Σ share = pool
//! out     = { p: share_p < minimum }, all at once, and divided again until nobody is
//! ```
//!
//! λ is the same for all. With `cap_overflow = "keep"` it is `pool / Σ score`,
//! and what the cap cuts off stays unspent; so does what is left when everybody
//! is at the cap.
//!
//! The scores stand in a table, or arrive as the signal `scores`; for a signal
//! the payees are named in `payees` or listed in `projects`, so that it cannot
//! lead money elsewhere. It emits `shares`, the parts of what is paid (without
//! money, of the scores).
//!
//! # Units and rounding
//!
//! | quantity | unit | rounding |
//! |---|---|---|
//! | scores | any | `f64`, to 96 bits of the largest |
//! | cap | base units | down |
//! | payouts | base units | largest remainder, earliest id first |
//! | `parity = "optimism"` | floats, then `round_to` decimals | nearest, halves to even |
//!
//! `parity = "optimism"` repeats the allocator of Optimism's Retro Funding in
//! its floats: one pass from the highest score down, everybody below the minimum
//! to zero once, and a second pass over what is left for those below the cap.
//! Somebody may fall below the minimum in the second pass no more, but also
//! nobody comes back. Each payout is then rounded alone, so that all together
//! can be more than the pool: 500,000.04 of 500,000. This is refused with the sum
//! that is missing. Let that much more money come in, and name the pool in
//! `budget`.
//!
//! Other assets than the main one have no minimum; with `parity` they are
//! divided like the main one.
//!
//! # Limits
//!
//! * Scores are finite and zero or more.
//!
//! # Known weaknesses
//!
//! * A project that can appear as several passes under the cap.
//! * Near the minimum a small score decides between nothing and the minimum.
//!
//! # Sources
//!
//! * Optimism, `Retro-Funding`, `eval-algos/core/models/allocator.py`.
//!
//! # Example
//!
//! ```
//! use allonet_core::money::Amount;
//! use allonet_core::card::Value;
//! use allonet_mechanisms::trial::trial_of;
//!
//! let scores = "id,score\nbridge,60\nferry,25\nwell,10\nswing,5\n";
//! let trial = trial_of("capped-shares")
//!     .file("scores", scores)
//!     .set("cap", Value::Share("40%".parse()?))
//!     .text("minimum", "10");
//! // bridge is held at 40; 60 are left for 25 : 10 : 5, of which the last is
//! // below 10, and then for 25 : 10, with which ferry is held at 40 as well.
//! let result = trial.run(100_00)?;
//! assert_eq!(result.paid("ferry"), Amount::from_base(40_00));
//! assert_eq!(result.paid("well"), Amount::from_base(20_00));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::sync::Arc;

use allonet_core::card::{Absent, Card, Family, Kind, Setting, Settings, Source, Status};
use allonet_core::fault::{Fault, did_you_mean};
use allonet_core::maths;
use allonet_core::mechanism::{
    Allocation, Blueprint, Change, Mechanism, Outcome, Refusal, Step, Turn,
};
use allonet_core::money::{Amount, Asset, format_units};
use allonet_core::network::id_problem;
use allonet_core::table::{Column, Faults, Table};

use super::allocator::{optimism, round_to};
use super::reasons::short;
use crate::ballots::{PROJECT_COLUMNS, listed, number};
use crate::paying::{self, CAP, CAP_OVERFLOW, MINIMUM, Terms, main_asset};

// --- Card -------------------------------------------------------------------

/// What the rule says of itself.
pub static CARD: Card = Card {
    id: "capped-shares",
    title: "Capped shares",
    family: Family::Retro,
    formula: "payout = min(λ · score, cap · pool), nothing below the minimum",
    status: Status::Preview { since: "0.1.0" },
    sources: &[Source {
        cite: "Optimism, Retro-Funding, allocator.py, allocate_with_constraints",
        url: "https://github.com/ethereum-optimism/Retro-Funding/blob/main/eval-algos/core/models/\
              allocator.py",
    }],
    settings: SETTINGS,
    actions: &[],
    reads: &["scores"],
    emits: &["shares"],
};

const SETTINGS: &[Setting] = &[
    Setting {
        name: "scores",
        kind: Kind::File,
        default: Absent::None("the scores come with a signal"),
        doc: "Table of projects and their scores, columns `id` and `score`.",
    },
    Setting {
        name: "from_signal",
        kind: Kind::Bool,
        default: Absent::Default("false"),
        doc: "Take the scores from the signal `scores`, not from a table.",
    },
    Setting {
        name: "payees",
        kind: Kind::List,
        default: Absent::None("the payees stand in `scores` or `projects`"),
        doc: "Who may be paid, for `from_signal`.",
    },
    Setting {
        name: "projects",
        kind: Kind::File,
        default: Absent::None("the payees stand in `scores` or `payees`"),
        doc: "List of projects that may be paid, column `id`, for `from_signal`.",
    },
    CAP,
    CAP_OVERFLOW,
    MINIMUM,
    Setting {
        name: "parity",
        kind: Kind::Choice(&["none", "optimism"]),
        default: Absent::Default("none"),
        doc: "Whose arithmetic to repeat.",
    },
    Setting {
        name: "budget",
        kind: Kind::Decimal,
        default: Absent::None("all that came in"),
        doc: "The pool that parity = \"optimism\" divides, where more money came in because its \
              rounded payouts add up to more.",
    },
    Setting {
        name: "round_to",
        kind: Kind::Integer { min: 0, max: 18 },
        default: Absent::None("2, or all decimals of the asset if it has fewer"),
        doc: "Decimals to which parity = \"optimism\" rounds payouts.",
    },
];

// --- Settings ---------------------------------------------------------------

/// The rule and its scores.
#[derive(Debug)]
pub struct CappedShares {
    /// Sorted by id.
    payees: Vec<Arc<str>>,
    /// In the order of the payees; none where a signal brings them.
    scores: Option<Vec<f64>>,
    terms: Terms,
    parity: Option<Parity>,
}

/// Settings of Optimism's allocator.
#[derive(Clone, Copy, Debug)]
struct Parity {
    budget: Option<Amount>,
    decimals: u32,
}

/// Builds the rule from its settings.
pub fn build(blueprint: &Blueprint<'_>) -> Result<Box<dyn Mechanism>, Vec<Fault>> {
    let settings = blueprint.settings;
    let asset = main_asset(blueprint)?;
    let from_signal = settings.bool("from_signal");
    let faults = contradictions(settings, asset, from_signal);
    if !faults.is_empty() {
        return Err(faults);
    }
    let (payees, scores) =
        if from_signal { (payees(settings)?, None) } else { read_scores(settings)? };
    let terms = Terms::read(settings, asset).map_err(|fault| vec![fault])?;
    let parity = match settings.text("parity") {
        Some("optimism") => Some(parity(settings, asset).map_err(|fault| vec![fault])?),
        _ => None,
    };
    Ok(Box::new(CappedShares { payees, scores, terms, parity }))
}

fn parity(settings: &Settings, asset: &Asset) -> Result<Parity, Fault> {
    let budget = settings.text("budget").map(|text| asset.parse(text)).transpose();
    let budget = budget.map_err(|error| {
        Fault::new("bad-amount", error.to_string()).at_some(settings.place("budget"))
    })?;
    let given = settings.integer("round_to").and_then(|decimals| u32::try_from(decimals).ok());
    let decimals = given.unwrap_or_else(|| u32::from(asset.decimals).min(2));
    Ok(Parity { budget, decimals })
}

const ID: usize = 0;
const SCORE: usize = 1;
const COLUMNS: &[Column] = &[
    Column::required(&[
        "id",
        "project",
        "project_id",
        "project_name",
        "name",
        "payee",
        "recipient",
    ]),
    Column::required(&["score", "weight", "value", "points", "share", "amount"]),
];

type Scores = (Vec<Arc<str>>, Option<Vec<f64>>);

/// Payees and scores of the table, by id.
fn read_scores(settings: &Settings) -> Result<Scores, Vec<Fault>> {
    let file = settings.file("scores").ok_or_else(no_scores)?;
    let table = Table::read(file, COLUMNS)?;
    let (mut rows, mut faults) = (Vec::with_capacity(table.len()), Faults::new());
    for row in table.rows() {
        let id = row.cell(ID);
        if let Some(problem) = id_problem(id) {
            faults.push(row.fault(ID, "bad-name", format!("`{id}` cannot be paid: {problem}")));
        }
        match number(row, SCORE, false) {
            Ok(score) => rows.push((id, score.unwrap_or(0.0), row)),
            Err(fault) => faults.push(*fault),
        }
    }
    rows.sort_by(|a, b| a.0.cmp(b.0).then(a.2.index().cmp(&b.2.index())));
    for pair in rows.windows(2).filter(|pair| pair[0].0 == pair[1].0) {
        let (id, line) = (pair[1].0, pair[0].2.line());
        let message = format!("`{id}` is listed a second time; the first is on line {line}");
        faults.push(pair[1].2.fault(ID, "listed-twice", message).help("remove one of them"));
    }
    let payees = rows.iter().map(|(id, ..)| Arc::from(*id)).collect();
    let scores = rows.iter().map(|(_, score, _)| *score).collect();
    faults.or((payees, Some(scores)))
}

/// Payees of the list or of the file.
fn payees(settings: &Settings) -> Result<Vec<Arc<str>>, Vec<Fault>> {
    let mut payees: Vec<Arc<str>> = match settings.file("projects") {
        Some(file) => {
            let (table, mut faults) = (Table::read(file, PROJECT_COLUMNS)?, Faults::new());
            let names = listed(&table, &mut faults).into_iter().map(Arc::from).collect();
            faults.or(names)?
        }
        None => settings.list("payees").iter().map(|payee| payee.value.as_str().into()).collect(),
    };
    payees.sort();
    payees.dedup();
    Ok(payees)
}

// --- Signals ----------------------------------------------------------------

/// The scores of the signal, in the order of the payees.
fn signal_scores(payees: &[Arc<str>], turn: &Turn<'_>) -> Result<Vec<f64>, Refusal> {
    let signal = turn.signal("scores").ok_or_else(|| {
        Refusal::new("no-signal", "no signal `scores` has arrived to divide the money by")
            .help("add [[signals]] with `name` or `as` = \"scores\" to this neuron")
    })?;
    let from = &signal.from;
    let scores = signal.scores().ok_or_else(|| {
        let message =
            format!("the signal `scores` from `{from}` is one number, not a score for each payee");
        Refusal::new("not-scores", message).help("connect a signal that carries scores")
    })?;
    for (id, score) in scores {
        if !score.is_finite() || *score < 0.0 {
            let message = format!("the signal `scores` from `{from}` gives `{id}` {score}");
            return Err(Refusal::new("not-weight", message)
                .help("a score is a finite number of zero or more"));
        }
        if *score > 0.0 && payees.binary_search_by(|payee| (**payee).cmp(id)).is_err() {
            let message = format!(
                "the signal `scores` from `{from}` gives {score} to `{id}`, who is no payee"
            );
            let mut refusal = Refusal::new("unknown-payee", message);
            refusal.help = did_you_mean(id, payees.iter().map(|payee| &**payee));
            return Err(refusal);
        }
    }
    Ok(payees.iter().map(|payee| scores.get(&**payee).copied().unwrap_or(0.0)).collect())
}

// --- Refusals ---------------------------------------------------------------

fn no_scores() -> Vec<Fault> {
    let fault = Fault::new("no-scores", "there are no scores to divide by");
    vec![fault.help("add `scores = \"scores.csv\"`, or from_signal = true and `payees`")]
}

/// Settings that cannot hold together.
fn contradictions(settings: &Settings, asset: &Asset, from_signal: bool) -> Vec<Fault> {
    let optimism = settings.text("parity") == Some("optimism");
    let wrong = [
        ("scores", !from_signal, "a table, not with from_signal = true"),
        ("payees", from_signal, "from_signal = true"),
        ("projects", from_signal, "from_signal = true"),
        ("budget", optimism, "parity = \"optimism\""),
        ("round_to", optimism, "parity = \"optimism\""),
    ];
    let mut faults: Vec<Fault> = wrong
        .into_iter()
        .filter(|(name, fits, _)| settings.get(name).is_some() && !fits)
        .map(|(name, _, needs)| {
            Fault::new("misplaced-setting", format!("`{name}` works only with {needs}"))
                .at_some(settings.place(name))
        })
        .collect();
    let given = |name| settings.get(name).is_some();
    if from_signal && given("payees") == given("projects") {
        let message = "`payees` or `projects` says who may be paid, one of them";
        let fault = Fault::new("payees", message).at_some(settings.place("projects"));
        faults.push(fault.help("a signal alone must not decide where money goes"));
    }
    if optimism && settings.text("cap_overflow") == Some("keep") {
        let message = "Optimism's allocator knows only cap_overflow = \"redistribute\"";
        let fault = Fault::new("parity", message).at_some(settings.place("cap_overflow"));
        faults.push(fault.help("leave it out, or leave `parity` out"));
    }
    if let Some(decimals) = settings.integer("round_to")
        && decimals > i64::from(asset.decimals)
    {
        let message =
            format!("round_to = {decimals}, and the asset has {} decimals", asset.decimals);
        faults.push(Fault::new("round-to", message).at_some(settings.place("round_to")));
    }
    faults
}

fn overdrawn(asset: &Asset, sum: Amount, pool: Amount) -> Refusal {
    let over = asset.show(sum.saturating_sub(pool));
    let (sum, pool) = (asset.show(sum), asset.show(pool));
    let message =
        format!("the rounded payouts add up to {sum}, which is {over} more than the {pool} here");
    Refusal::new("parity-overspends", message)
        .help("leave `parity` out, or let more money come in and set `budget`")
}

// --- Rule -------------------------------------------------------------------

impl Mechanism for CappedShares {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn payees(&self) -> &[Arc<str>] {
        &self.payees
    }

    fn step(&self, turn: &Turn<'_>, allocation: &mut Allocation<'_>) -> Result<Outcome, Refusal> {
        let scores = match &self.scores {
            Some(scores) => scores.clone(),
            None => signal_scores(&self.payees, turn)?,
        };
        let why = |at: usize| format!("score {}", short(scores[at]));
        let mut outcome = Outcome::default();
        let pool = allocation.available().of(0);
        let paid = match self.parity {
            None => {
                let main = self.terms.divide(pool, &scores)?;
                outcome.remarks = paying::book(turn, allocation, &scores, why, |asset, pool| {
                    if asset == 0 {
                        return Ok(main.clone());
                    }
                    self.terms.of_asset(asset).divide(pool, &scores)
                })?;
                main.paid
            }
            Some(parity) => self.repeat(parity, turn, allocation, &scores, why)?,
        };
        let floats: Vec<f64> = paid.iter().map(|amount| amount.to_f64()).collect();
        let basis = if pool.is_zero() { &scores } else { &floats };
        outcome.signals.push(("shares", paying::shares(&self.payees, basis)));
        Ok(outcome)
    }
}

impl CappedShares {
    /// Books what Optimism's allocator pays, rounded.
    fn repeat(
        &self,
        parity: Parity,
        turn: &Turn<'_>,
        allocation: &mut Allocation<'_>,
        scores: &[f64],
        why: impl Fn(usize) -> String,
    ) -> Result<Vec<Amount>, Refusal> {
        let available = allocation.available().clone();
        let (asset, pool) = (&turn.assets[0], available.of(0));
        let floats = self.floats(scores, asset, parity.budget.unwrap_or(pool))?;
        let places = usize::try_from(parity.decimals).expect("at most 18");
        let amount = |float: &f64| {
            let text = format!("{:.places$}", round_to(*float, parity.decimals));
            asset.parse(&text).map_err(|error| Refusal::new("amount", error.to_string()))
        };
        let paid: Vec<Amount> = floats.iter().map(amount).collect::<Result<_, _>>()?;
        let sum = Amount::sum(paid.iter().copied(), "the rounded payouts")?;
        if sum > pool {
            return Err(overdrawn(asset, sum, pool));
        }
        for (payee, amount) in (0_u32..).zip(&paid) {
            let step = Step::new("Optimism's allocator", Change::Plus(*amount));
            allocation.pay(payee, 0, *amount, vec![step.note(why(payee as usize))])?;
        }
        for (asset, pool) in available.iter().filter(|(asset, _)| *asset > 0) {
            for (payee, amount) in (0_u32..).zip(Terms::default().divide(pool, &floats)?.paid) {
                let step = Step::new("share like the main asset", Change::Plus(amount));
                allocation.pay(payee, asset, amount, vec![step])?;
            }
        }
        Ok(paid)
    }

    /// What Optimism's allocator pays, in units of the asset.
    fn floats(&self, scores: &[f64], asset: &Asset, budget: Amount) -> Result<Vec<f64>, Refusal> {
        let units = |amount: Amount| -> f64 {
            let text = format_units(amount.to_u256(), asset.decimals);
            text.parse().expect("a decimal is a float")
        };
        let sum = maths::sum(scores.iter().copied());
        if !sum.is_finite() {
            let message = "the scores add up to more than floats hold";
            return Err(Refusal::new("score-too-large", message).help("scale them down"));
        }
        if sum == 0.0 {
            return Ok(vec![0.0; scores.len()]);
        }
        let budget = units(budget);
        let first: Vec<f64> = scores.iter().map(|score| score / sum * budget).collect();
        let cap = self.terms.cap.map_or(f64::INFINITY, |cap| cap.to_f64() * budget);
        Ok(optimism(&first, budget, cap, self.terms.minimum.map_or(0.0, units)))
    }
}

// --- Tests ------------------------------------------------------------------

#[cfg(test)]
#[expect(clippy::inconsistent_digit_grouping, reason = "two digits of cents")]
mod tests {
    use allonet_core::card::Value;
    use allonet_core::signal::SignalData;
    use proptest::prelude::*;

    use super::*;
    use crate::trial::{Trial, paid, trial_of};

    const SCORES: &str = "id,score\na,60\nb,25\nc,10\nd,5\n";

    fn trial(scores: &str) -> Trial {
        trial_of("capped-shares").file("scores", scores)
    }

    fn cap(trial: Trial, text: &str) -> Trial {
        trial.set("cap", Value::Share(text.parse().unwrap()))
    }

    fn run(trial: &Trial, pool: u128) -> Vec<u128> {
        paid(&trial.run(pool).unwrap())
    }

    // Worked examples.

    #[test]
    fn the_cap_and_the_minimum_bite() {
        assert_eq!(run(&trial(SCORES), 100_00), [60_00, 25_00, 10_00, 5_00]);
        // 60 for 25 : 10 : 5.
        let capped = cap(trial(SCORES), "40%");
        assert_eq!(run(&capped, 100_00), [40_00, 37_50, 15_00, 7_50]);
        let result = capped.clone().text("minimum", "10").run(100_00).unwrap();
        assert_eq!(paid(&result), [40_00, 40_00, 20_00, 0]);
        assert_eq!(
            result.outcome.remarks,
            ["below the minimum and not paid: 1 project", "at the cap of 40.00 USD: 2 projects"]
        );
        let (name, SignalData::Scores(shares)) = &result.outcome.signals[0] else { panic!() };
        assert_eq!((*name, shares["b"]), ("shares", 0.4));
        let kept = capped.text("cap_overflow", "keep");
        assert_eq!(run(&kept, 100_00), [40_00, 25_00, 10_00, 5_00]);
    }

    #[test]
    fn a_signal_brings_scores_for_those_named() {
        let signal = trial_of("capped-shares")
            .set("from_signal", Value::Bool(true))
            .scores("scores", &[("a", 3.0), ("b", 1.0), ("zero", 0.0)]);
        assert_eq!(run(&signal.clone().list("payees", &["b", "a", "c"]), 400), [300, 100, 0]);
        let listed = signal.clone().file("projects", "id\nc\nb\na\n");
        assert_eq!(run(&listed, 400), [300, 100, 0]);
        assert_eq!(
            signal.list("payees", &["b"]).run(400).unwrap_err().to_string(),
            "the signal `scores` from `elsewhere` gives 3 to `a`, who is no payee"
        );
    }

    #[test]
    fn optimism_is_repeated() {
        // Capped at 40: 40, 37.5, 15 and 7.5; the last falls, and 60 for 37.5 : 15
        // are 42.86, capped, and 20.
        let parity = cap(trial(SCORES), "40%").text("minimum", "10").text("parity", "optimism");
        assert_eq!(run(&parity, 100_00), [40_00, 40_00, 20_00, 0]);
        // Sixths of 100.00 are 16.67 each, 100.02 in all.
        let sixths = trial("id,score\na,1\nb,1\nc,1\nd,1\ne,1\nf,1\n").text("parity", "optimism");
        assert_eq!(
            sixths.run(100_00).unwrap_err().to_string(),
            "the rounded payouts add up to 100.02 USD, which is 0.02 USD more than the 100.00 USD \
             here"
        );
        let result = sixths.text("budget", "100").run(100_05).unwrap();
        assert_eq!(paid(&result), [16_67; 6]);
        assert_eq!(result.unspent.of(0), Amount::from_base(3));
        let whole = trial("id,score\na,2\nb,1\n").text("parity", "optimism");
        assert_eq!(run(&whole.set("round_to", Value::Integer(0)), 100_00), [67_00, 33_00]);
    }

    #[test]
    fn rounds_without_scores_pay_nobody() {
        for scores in ["id,score\n", "id,score\na,0\nb,\n"] {
            assert_eq!(trial(scores).run(9).unwrap().unspent.of(0), Amount::from_base(9));
            let parity = trial(scores).text("parity", "optimism");
            assert_eq!(parity.run(9).unwrap().unspent.of(0), Amount::from_base(9));
        }
        assert_eq!(run(&trial("id,score\na,1\n"), 9), [9]);
    }

    // Refusals.

    #[test]
    fn what_is_no_score_is_refused() {
        let signal = trial_of("capped-shares").set("from_signal", Value::Bool(true));
        let one = signal.clone().list("payees", &["a"]);
        let optimism = || trial(SCORES).text("parity", "optimism");
        for (trial, start) in [
            (trial_of("capped-shares"), "there are no scores to divide by"),
            (trial("id,score\na,1\na,2\n"), "scores.csv:3:1: `a` is listed a second time"),
            (trial("id,score\na,-1\n"), "scores.csv:2:3: `-1` is below zero"),
            (trial("id,score\n,1\n"), "scores.csv:2:1: `` cannot be paid"),
            (trial(SCORES).list("payees", &["a"]), "`payees` works only with from_signal"),
            (trial(SCORES).text("budget", "1"), "`budget` works only with parity"),
            (signal.clone(), "`payees` or `projects` says who may be paid"),
            (signal.file("scores", SCORES), "`scores` works only with a table"),
            (one.clone(), "no signal `scores` has arrived"),
            (
                one.scores("scores", &[("a", f64::NAN)]),
                "the signal `scores` from `elsewhere` gives",
            ),
            (optimism().text("cap_overflow", "keep"), "Optimism's allocator knows only"),
            (optimism().set("round_to", Value::Integer(3)), "round_to = 3, and the asset has 2"),
            (optimism().text("budget", "x"), "`x` is not a decimal"),
            (cap(trial(SCORES), "0%"), "a cap of 0% would pay nobody anything"),
            (
                trial("id,score\na,1e308\nb,1e308\n").text("parity", "optimism"),
                "the scores add up to more than floats hold",
            ),
        ] {
            let found = trial.run(100_00).unwrap_err().to_string();
            assert!(found.starts_with(start), "{found}");
        }
    }

    // Laws.

    fn table(scores: &[u32]) -> String {
        let row = |(at, score): (usize, &u32)| format!("p{at:02},{score}\n");
        let rows: Vec<String> = scores.iter().enumerate().map(row).collect();
        format!("id,score\n{}", rows.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn nobody_is_above_the_cap_or_below_the_minimum(
            scores in prop::collection::vec(0_u32..1_000, 1..20),
            pool in 0_u32..1_000_000,
            minimum in 0_u32..100_000,
            percent in 5_u32..100,
        ) {
            let minimum_text = format!("{}.{:02}", minimum / 100, minimum % 100);
            let trial = cap(trial(&table(&scores)), &format!("{percent}%"));
            let result = trial.text("minimum", &minimum_text).run(u128::from(pool)).unwrap();
            let limit = u128::from(pool) * u128::from(percent) / 100;
            for paid in paid(&result) {
                prop_assert!(paid <= limit && (paid == 0 || paid >= u128::from(minimum)));
            }
            let spent: u128 = paid(&result).iter().sum();
            prop_assert_eq!(spent + result.unspent.of(0).to_u128().unwrap(), u128::from(pool));
        }

        // Reference: Optimism's floats, as long as nobody falls below the minimum.
        #[test]
        fn agrees_with_optimism(
            scores in prop::collection::vec(1_u32..1_000, 1..20),
            percent in 5_u32..100,
        ) {
            let pool = 1_000_000_00;
            let trial = cap(trial(&table(&scores)), &format!("{percent}%"));
            let exact = run(&trial, pool);
            let parity = trial.text("parity", "optimism").text("budget", "1000000");
            for (exact, float) in exact.iter().zip(run(&parity, pool + 100)) {
                prop_assert!(exact.abs_diff(float) <= 1, "{exact} {float}");
            }
        }
    }
}
