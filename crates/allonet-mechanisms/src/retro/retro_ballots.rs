//! Retro ballots: projects are paid by the median, average or sum of what
//! badgeholders give them.
//!
//! Each voter of a known circle says what a project's impact is worth; the
//! ballots on a project become one score, and the scores become money. Use it
//! for rounds in which a few dozen people judge work that is done.
//!
//! # Formula
//!
//! ```text
//! score_p = median | average | sum of the votes on p
//! score_p = 0              where p has fewer ballots than `quorum`, or less than `least_score`
//! paid_p  = pool · score_p / Σ score                     payout = "proportional"
//! paid_p  = factor · score_p, as far as the pool lasts   payout = "score"
//! ```
//!
//! With `absent = "skip"` a project's ballots are those that name it: zeros
//! count, an empty cell does not. With `absent = "zero"` every voter counts for
//! every project. The median of an even number is the mean of the middle two.
//!
//! A ballot above its voter's limits (`max_per_project`, `max_per_voter`,
//! `limits`) is refused, or left out with a remark. Votes before `opens` or from
//! `closes` on do not count.
//!
//! With a signal `power`, each vote counts as often as its voter's number says;
//! who has none or zero is no ballot. It emits `scores` (zero for projects that
//! are not paid) and `shares` (the same as parts of their sum).
//!
//! Known rounds:
//!
//! | round | settings |
//! |---|---|
//! | EasyRetroPGF | `statistic` as in the round, `quorum` = its threshold, `max_per_voter`, `max_per_project`, `parity = "easy-retro-pgf"` |
//! | Drips RPGF | `statistic` as in the round, `parity = "drips"` |
//! | Optimism RetroPGF 3 | `statistic = "median"`, `quorum = 17`, `least_score = 1500`, `max_per_voter = 30_000_000` |
//! | Filecoin RetroPGF 1 | `statistic = "average"`, `quorum = 5`, `payout = "score"`, `factor = 837.17`, `round_to = 0` |
//!
//! # Units and rounding
//!
//! | quantity | unit | rounding |
//! |---|---|---|
//! | votes, scores | any | `f64`, summed in order of amount, then voter |
//! | medians | halves of the weight of all votes | exact; powers to 2⁻⁶⁰ of the largest |
//! | payouts, `proportional` | base units | largest remainder, earliest id first |
//! | payouts, `score` | `round_to` decimals of the main asset | nearest, halves to even |
//! | `parity = "easy-retro-pgf"` | averages: whole votes, halves up; `round(100 · score) · pool // ⌊Σ score⌋ // 100` base units | down |
//! | `parity = "drips"` | parts per million, rounded, ±1 in turn until they add up; then cumulative | |
//!
//! EasyRetroPGF rounds the sum of all votes down, so that its payouts can add
//! up to more than the pool: three projects of 10.5 votes ask for 101.6 %. Such
//! a round is refused, with the sum that is missing: paying in some order until
//! the pool is empty would leave the last project short of its published
//! payout, and nobody would have decided that it is this one. Let that much
//! more money come in and name the pool in `budget`, or leave `parity` out.
//!
//! With `payout = "score"` the same ballots are paid once: what a project was
//! paid in earlier epochs is taken off, and the rest of the pool stays unspent.
//! If the scores ask for more than the pool, all are scaled down. Other assets
//! than the main one are divided in proportion to the scores.
//!
//! # Limits
//!
//! * Scores and their sum are finite; with `parity = "easy-retro-pgf"` below 2^249.
//! * A voter votes once on a project.
//! * A ballot may be above a limit by a billionth of it, which is rounding.
//!
//! # Known weaknesses
//!
//! * A median falls to zero when half of its voters say zero, whatever the
//!   others say; an average can be pulled by one voter.
//! * With `absent = "skip"` few generous voters beat many modest ones: set a
//!   quorum.
//! * Voters who trade votes are not found out.
//!
//! # Sources
//!
//! * EasyRetroPGF, `calculateResults.ts` and `calculatePayout.tsx`.
//! * Drips RPGF, `resultsService.ts`.
//! * Optimism RetroPGF 3: published ballots and results.
//! * Filecoin RetroPGF 1: published ballots and results.
//!
//! # Example
//!
//! ```
//! use allonet_core::money::Amount;
//! use allonet_mechanisms::trial::trial_of;
//!
//! let votes = "voter,project,amount\n\
//!              ann,bridge,10\nbob,bridge,30\ncem,bridge,50\n\
//!              ann,ferry,0\nbob,ferry,20\n";
//! // Medians: 30, and (0 + 20) / 2.
//! let result = trial_of("retro-ballots").file("votes", votes).run(400)?;
//! assert_eq!(result.paid("bridge"), Amount::from_base(300));
//! assert_eq!(result.paid("ferry"), Amount::from_base(100));
//! # Ok::<(), allonet_mechanisms::trial::NoTrial>(())
//! ```

use std::collections::BTreeMap;
use std::sync::Arc;

use allonet_core::card::{Absent, Card, Family, Kind, Setting, Settings, Source, Status};
use allonet_core::fault::Fault;
use allonet_core::mechanism::{
    Allocation, Blueprint, Mechanism, Outcome, Purse, Refusal, State, Turn, VoterEffect,
};
use allonet_core::money::{Amount, Asset, Rounding, Share};
use allonet_core::signal::SignalData;
use allonet_core::table::Table;

use super::leave_one_out::{Without, largest};
use super::limits;
use super::payouts::{Payouts, Scored};
use super::reasons::{Reasons, remarks};
use super::round::{Power, Round, Rule, Scenario, Scratch, Statistic, Vote};
use super::voters::round_power;
use crate::ballots::{Ballots, CLOSES, COLUMNS, OPENS, PROJECTS, Reading};
use crate::paying::{self, CAP, CAP_OVERFLOW, MINIMUM, Terms, main_asset};

// --- Card -------------------------------------------------------------------

/// What the rule says of itself.
pub static CARD: Card = Card {
    id: "retro-ballots",
    title: "Retro ballots",
    family: Family::Retro,
    formula: "payout = pool · score / Σ score, score = median, average or sum of the ballots",
    status: Status::Preview { since: "0.1.0" },
    sources: &[
        Source {
            cite: "EasyRetroPGF, calculateResults.ts and calculatePayout.tsx",
            url: "https://github.com/gitcoinco/easy-retro-pgf",
        },
        Source {
            cite: "Drips RPGF, resultsService.ts",
            url: "https://github.com/drips-network/rpgf/blob/main/src/services/resultsService.ts",
        },
        Source { cite: "Optimism RetroPGF 3, results", url: "https://vote.optimism.io/retropgf/3" },
        Source { cite: "Filecoin RetroPGF 1, results", url: "https://fil-retropgf.io" },
    ],
    settings: SETTINGS,
    actions: &[],
    reads: &["power"],
    emits: &["scores", "shares"],
};

const SETTINGS: &[Setting] = &[
    Setting {
        name: "votes",
        kind: Kind::File,
        default: Absent::Required,
        doc: "Table of ballots, columns `voter`, `project` and `amount` or their common names; an \
              empty amount abstains.",
    },
    Setting {
        name: "statistic",
        kind: Kind::Choice(&["median", "average", "sum"]),
        default: Absent::Default("median"),
        doc: "What becomes of the ballots on one project.",
    },
    Setting {
        name: "absent",
        kind: Kind::Choice(&["skip", "zero"]),
        default: Absent::None("`skip`, and `zero` with parity = \"drips\""),
        doc: "Whether a ballot that does not name a project is no ballot on it, or one of zero.",
    },
    Setting {
        name: "quorum",
        kind: Kind::Integer { min: 0, max: u32::MAX as i64 },
        default: Absent::None("no quorum"),
        doc: "Ballots that a project needs to be paid.",
    },
    Setting {
        name: "least_score",
        kind: Kind::Number { min: 0.0, max: 1e30 },
        default: Absent::None("no least score"),
        doc: "Score that a project needs to be paid.",
    },
    limits::MAX_PER_PROJECT,
    limits::MAX_PER_VOTER,
    limits::LIMITS,
    limits::OVER_BUDGET,
    Setting {
        name: "payout",
        kind: Kind::Choice(&["proportional", "score"]),
        default: Absent::Default("proportional"),
        doc: "Whether the pool is divided in proportion to the scores, or the scores are paid as \
              they are.",
    },
    Setting {
        name: "factor",
        kind: Kind::Number { min: 0.0, max: 1e18 },
        default: Absent::None("1"),
        doc: "Units of the main asset for each point of a score; for payout = \"score\".",
    },
    Setting {
        name: "round_to",
        kind: Kind::Integer { min: 0, max: 77 },
        default: Absent::None("all decimals of the asset"),
        doc: "Decimals to which payouts are rounded; for payout = \"score\".",
    },
    MINIMUM,
    CAP,
    CAP_OVERFLOW,
    PROJECTS,
    OPENS,
    CLOSES,
    Setting {
        name: "parity",
        kind: Kind::Choice(&["none", "easy-retro-pgf", "drips"]),
        default: Absent::Default("none"),
        doc: "Whose arithmetic to repeat to the base unit.",
    },
    Setting {
        name: "budget",
        kind: Kind::Decimal,
        default: Absent::None("all that came in"),
        doc: "The pool that parity = \"easy-retro-pgf\" divides, where more money came in because \
              its payouts add up to more.",
    },
];

// --- Settings ---------------------------------------------------------------

/// The rule with its ballots.
#[derive(Debug)]
pub struct RetroBallots {
    /// Sorted by id.
    payees: Vec<Arc<str>>,
    /// Sorted by name.
    voters: Vec<Box<str>>,
    round: Round,
    payouts: Payouts,
    remarks: Vec<String>,
}

/// Builds the rule from its settings.
pub fn build(blueprint: &Blueprint<'_>) -> Result<Box<dyn Mechanism>, Vec<Fault>> {
    Ok(Box::new(assemble(blueprint)?))
}

fn assemble(blueprint: &Blueprint<'_>) -> Result<RetroBallots, Vec<Fault>> {
    let settings = blueprint.settings;
    let asset = main_asset(blueprint)?;
    let faults = contradictions(settings, asset);
    if !faults.is_empty() {
        return Err(faults);
    }
    let file = settings.file("votes").ok_or_else(no_votes)?;
    let table = Table::read(file, COLUMNS)?;
    let mut ballots = Ballots::read(&table, &Reading::from_settings(settings)?)?;
    limits::apply(&mut ballots, &table, settings)?;
    let payouts = payouts(settings, asset).map_err(|fault| vec![fault])?;
    Ok(RetroBallots {
        round: round(&ballots, rule(settings, &payouts, asset)),
        payees: ballots.projects,
        voters: ballots.voters,
        payouts,
        remarks: ballots.remarks,
    })
}

/// The statistic of a setting.
pub(super) fn statistic(settings: &Settings, default: Statistic) -> Statistic {
    match settings.text("statistic") {
        Some("median") => Statistic::Median,
        Some("average") => Statistic::Average,
        Some("sum") => Statistic::Sum,
        _ => default,
    }
}

/// Ballots under a rule.
pub(super) fn round(ballots: &Ballots, rule: Rule) -> Round {
    let votes: Vec<Vote> = ballots
        .votes
        .iter()
        .map(|vote| Vote { voter: vote.voter, project: vote.project, amount: vote.amount })
        .collect();
    Round::new(rule, ballots.voters.len(), ballots.projects.len(), &votes)
}

/// The quorum of a setting.
pub(super) fn quorum(settings: &Settings) -> u32 {
    let quorum = settings.integer("quorum").unwrap_or(0);
    u32::try_from(quorum).unwrap_or(u32::MAX)
}

fn rule(settings: &Settings, payouts: &Payouts, asset: &Asset) -> Rule {
    let is = |name, value| settings.text(name) == Some(value);
    let mut rule = Rule {
        absent_is_zero: is("absent", "zero") || is("parity", "drips"),
        quorum: quorum(settings),
        least_score: settings.number("least_score").unwrap_or(0.0),
        ..Rule::new(statistic(settings, Statistic::Median))
    };
    match payouts {
        Payouts::Shares(terms) | Payouts::Drips(terms) => {
            rule.minimum = terms.minimum.map_or(0.0, Amount::to_f64);
            rule.cap = terms.cap.map_or(f64::INFINITY, Share::to_f64);
            rule.keep_overflow = terms.keep_overflow;
        }
        Payouts::Score { factor, .. } => {
            let unit = (0..asset.decimals).fold(1.0, |unit, _| unit * 10.0);
            rule.factor = Some(factor * unit);
        }
        Payouts::EasyRetroPgf { .. } => {}
    }
    rule
}

fn payouts(settings: &Settings, asset: &Asset) -> Result<Payouts, Fault> {
    let terms = Terms::read(settings, asset)?;
    let bad =
        |name, message: String| Fault::new("bad-amount", message).at_some(settings.place(name));
    match (settings.text("parity"), settings.text("payout")) {
        (Some("drips"), _) => Ok(Payouts::Drips(Terms { rounding: Rounding::Cumulative, ..terms })),
        (Some("easy-retro-pgf"), _) => {
            let budget = settings.text("budget").map(|text| asset.parse(text)).transpose();
            let budget = budget.map_err(|error| bad("budget", error.to_string()))?;
            Ok(Payouts::EasyRetroPgf { budget })
        }
        (_, Some("score")) => {
            let decimals = settings.integer("round_to").and_then(|at| u8::try_from(at).ok());
            Ok(Payouts::Score { factor: settings.number("factor").unwrap_or(1.0), decimals })
        }
        _ => Ok(Payouts::Shares(terms)),
    }
}

// --- Signals ----------------------------------------------------------------

impl RetroBallots {
    /// Scores and ballots, with the power that has arrived.
    fn count(&self, power: Option<&Power>) -> Scratch {
        let mut scratch = Scratch::default();
        self.round.score(&Scenario { power, ..Scenario::default() }, &mut scratch);
        scratch
    }

    /// EasyRetroPGF pays averages in whole votes.
    fn rounds_averages(&self) -> bool {
        matches!(self.payouts, Payouts::EasyRetroPgf { .. })
            && self.round.rule().statistic == Statistic::Average
    }

    /// Scores that are paid, zero for all others.
    fn paid_scores(&self, scratch: &Scratch) -> Vec<f64> {
        let rule = self.round.rule();
        let whole = self.rounds_averages();
        let score = |(score, ballots): (&f64, &u32)| {
            let score = if whole { (score + 0.5).floor() } else { *score };
            let enough = *ballots >= rule.quorum && score >= rule.least_score;
            if enough { score } else { 0.0 }
        };
        scratch.scores.iter().zip(&scratch.ballots).map(score).collect()
    }
}

/// Scores by id.
pub(super) fn named(payees: &[Arc<str>], scores: &[f64]) -> SignalData {
    let named = payees.iter().zip(scores);
    SignalData::Scores(named.map(|(payee, score)| (payee.to_string(), *score)).collect())
}

// --- Refusals ---------------------------------------------------------------

pub(super) fn no_votes() -> Vec<Fault> {
    let fault = Fault::new("no-votes", "there are no ballots to count");
    vec![fault.help("add `votes = \"votes.csv\"`")]
}

/// Refuses sums beyond floats.
pub(super) fn finite(payees: &[Arc<str>], scores: &[f64]) -> Result<(), Refusal> {
    match scores.iter().position(|score| !score.is_finite()) {
        None => Ok(()),
        Some(at) => {
            let message =
                format!("the ballots on `{}` add up to more than floats hold", payees[at]);
            Err(Refusal::new("score-too-large", message)
                .help("look for a vote with too many digits"))
        }
    }
}

/// Settings that cannot hold together.
fn contradictions(settings: &Settings, asset: &Asset) -> Vec<Fault> {
    let is = |name, value| settings.text(name) == Some(value);
    let (score, easy) = (is("payout", "score"), is("parity", "easy-retro-pgf"));
    let drips = is("parity", "drips");
    let proportional = "payout = \"proportional\" and no `parity`";
    let wrong = [
        ("factor", score, "payout = \"score\""),
        ("round_to", score, "payout = \"score\""),
        ("cap", !score && !easy && !drips, proportional),
        ("minimum", !score && !easy && !drips, proportional),
        ("budget", easy, "parity = \"easy-retro-pgf\""),
    ];
    let mut faults: Vec<Fault> = wrong
        .into_iter()
        .filter(|(name, fits, _)| settings.get(name).is_some() && !fits)
        .map(|(name, _, needs)| {
            Fault::new("misplaced-setting", format!("`{name}` works only with {needs}"))
                .at_some(settings.place(name))
        })
        .collect();
    let mut refuse = |name, code, message: String, help| {
        faults.push(Fault::new(code, message).at_some(settings.place(name)).help(help));
    };
    let alone = "leave it out, or leave `parity` out";
    if score && (easy || drips) {
        let message = "`parity` divides a pool, and payout = \"score\" does not".to_owned();
        refuse("payout", "parity", message, alone);
    }
    if is("cap_overflow", "keep") && (score || easy || drips) {
        let message = format!("`cap_overflow` works only with {proportional}");
        refuse("cap_overflow", "misplaced-setting", message, "leave it out");
    }
    if easy && is("absent", "zero") {
        let message = "EasyRetroPGF passes over absent votes: absent = \"skip\"".to_owned();
        refuse("absent", "parity", message, alone);
    }
    if drips && is("absent", "skip") {
        let message = "Drips counts absent votes as zero: absent = \"zero\"".to_owned();
        refuse("absent", "parity", message, alone);
    }
    if let Some(decimals) = settings.integer("round_to")
        && decimals > i64::from(asset.decimals)
    {
        let has = asset.decimals;
        let message = format!("round_to = {decimals}, and the asset has {has} decimals");
        refuse("round_to", "round-to", message, "leave it out to use them all");
    }
    faults
}

// --- Rule -------------------------------------------------------------------

/// What each project was paid in earlier epochs, by id.
type Paid = BTreeMap<String, Amount>;

impl Mechanism for RetroBallots {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn payees(&self) -> &[Arc<str>] {
        &self.payees
    }

    fn step(&self, turn: &Turn<'_>, allocation: &mut Allocation<'_>) -> Result<Outcome, Refusal> {
        let power = round_power(turn, &self.voters)?;
        let scratch = self.count(power.as_ref());
        let scores = self.paid_scores(&scratch);
        finite(&self.payees, &scores)?;
        let reasons = Reasons {
            round: &self.round,
            voters: &self.voters,
            projects: &self.payees,
            scratch: &scratch,
        };
        let mut paid: Paid = turn.state.read()?;
        let before = self.paid_before(&paid);
        let scored = Scored { scores: &scores, why: |at| reasons.score(at), before: &before };
        let mut outcome = Outcome { remarks: self.remarks.clone(), ..Outcome::default() };
        outcome.remarks.extend(remarks(&reasons));
        outcome.remarks.extend(self.payouts.book(turn, allocation, &scored)?);
        outcome.signals.push(("scores", named(&self.payees, &scores)));
        outcome.signals.push(("shares", paying::shares(&self.payees, &scores)));
        outcome.reasons = reasons.all();
        if matches!(self.payouts, Payouts::Score { .. }) {
            let pool = allocation.available().of(0);
            let now = self.payouts.amounts(turn.assets, 0, pool, &scores, &before)?;
            for ((payee, before), now) in self.payees.iter().zip(&before).zip(now) {
                let all = before.add(now, "what was paid so far")?;
                if !all.is_zero() {
                    paid.insert(payee.to_string(), all);
                }
            }
            outcome.state = State::write(&paid);
        }
        Ok(outcome)
    }

    fn voter_effect(
        &self,
        turn: &Turn<'_>,
        available: &Purse,
    ) -> Option<Vec<(usize, VoterEffect)>> {
        let power = round_power(turn, &self.voters).ok()?;
        let before = self.paid_before(&turn.state.read().ok()?);
        let mut round = Without::new(&self.round, self.voters.len(), power.as_ref());
        largest(available, &self.voters, |left_out| {
            let scores = self.paid_scores(round.score(left_out));
            let amounts = |(asset, pool)| {
                self.payouts.amounts(turn.assets, asset, pool, &scores, &before).ok()
            };
            available.iter().map(amounts).collect()
        })
    }
}

impl RetroBallots {
    fn paid_before(&self, paid: &Paid) -> Vec<Amount> {
        self.payees.iter().map(|id| paid.get(&**id).copied().unwrap_or_default()).collect()
    }
}

// --- Tests ------------------------------------------------------------------

#[cfg(test)]
#[expect(clippy::inconsistent_digit_grouping, reason = "two digits of cents")]
mod tests {
    use allonet_core::card::Value;
    use proptest::prelude::*;

    use super::*;
    use crate::trial::{Trial, TurnResult, paid, trial_of};

    const ROUND: &str = "voter,project,amount\n\
        ann,bridge,20\nbob,bridge,22\ncem,bridge,30\ndan,bridge,35\n\
        ann,ferry,30\nbob,ferry,50\ncem,ferry,40\n\
        cem,well,60\ndan,well,70\n";

    fn trial(votes: &str) -> Trial {
        trial_of("retro-ballots").file("votes", votes)
    }

    fn integer(value: i64) -> Value {
        Value::Integer(value)
    }

    fn run(trial: &Trial, pool: u128) -> Vec<u128> {
        paid(&trial.run(pool).unwrap())
    }

    fn refused(trial: &Trial) -> String {
        trial.run(1_000_00).unwrap_err().to_string()
    }

    fn signal(result: &TurnResult, name: &str) -> Vec<f64> {
        let found = result.outcome.signals.iter().find(|(own, _)| *own == name).unwrap();
        let SignalData::Scores(scores) = &found.1 else { panic!("scores") };
        scores.values().copied().collect()
    }

    // Worked examples.

    #[test]
    fn medians_averages_and_sums() {
        // 26, 40 and 65 of 131; 26.75, 40 and 65; 107, 120 and 130 of 357.
        assert_eq!(run(&trial(ROUND), 1_310), [260, 400, 650]);
        let average = trial(ROUND).text("statistic", "average");
        assert_eq!(run(&average, 13_175), [2_675, 4_000, 6_500]);
        assert_eq!(run(&trial(ROUND).text("statistic", "sum"), 357), [107, 120, 130]);
    }

    #[test]
    fn absent_votes_are_none_or_zero() {
        // (20, 22, 30, 35), (0, 30, 40, 50), (0, 0, 60, 70): 26, 35, 30.
        let zero = trial(ROUND).text("absent", "zero");
        assert_eq!(run(&zero, 91), [26, 35, 30]);
        // 107, 120 and 130 quarters.
        assert_eq!(run(&zero.text("statistic", "average"), 357), [107, 120, 130]);
    }

    #[test]
    fn a_quorum_and_a_least_score_decide_who_is_paid() {
        let result = trial(ROUND).set("quorum", integer(3)).run(660).unwrap();
        assert_eq!(paid(&result), [260, 400, 0]);
        assert_eq!(
            result.outcome.remarks,
            ["below the quorum of 3 ballots and not paid: 1 project"]
        );
        assert_eq!(
            result.outcome.reasons["well"],
            [
                "median 65 of 2 ballots",
                "most from dan 70, cem 60",
                "not paid: 2 ballots of the 3 it needs"
            ]
        );
        let least = trial(ROUND).set("least_score", Value::Number(40.0));
        assert_eq!(run(&least, 105), [0, 40, 65]);
        assert_eq!(signal(&result, "scores"), [26.0, 40.0, 0.0]);
    }

    #[test]
    fn scores_can_be_paid_as_they_are() {
        // 2.5 dollars a point.
        let score = trial(ROUND).text("payout", "score").set("factor", Value::Number(2.5));
        let result = score.run(500_00).unwrap();
        assert_eq!(paid(&result), [65_00, 100_00, 162_50]);
        assert_eq!(result.unspent.of(0), Amount::from_base(172_50));
        assert_eq!(
            result.outcome.remarks,
            [
                "the scores ask for 327.50 USD, less than the pool of 500.00 USD; the rest stays unspent"
            ]
        );
        let whole = score.clone().set("round_to", integer(0));
        assert_eq!(run(&whole, 500_00), [65_00, 100_00, 162_00]);
        // Less than they ask for: 65 : 100 : 162.5 of 65.50.
        assert_eq!(run(&score, 65_50), [13_00, 20_00, 32_50]);
        // Once only.
        let rule = score.build().unwrap();
        let pool = Purse::new(vec![Amount::from_base(500_00)]);
        let again = score.turn(&*rule, 1, &pool, &pool, &[], &result.outcome.state).unwrap();
        assert_eq!(paid(&again), [0, 0, 0]);
    }

    #[test]
    fn ballots_above_their_limits_are_dropped_if_so_wished() {
        let limited =
            trial(ROUND).set("max_per_voter", Value::Number(110.0)).text("over_budget", "drop");
        // cem gave 130: medians of (20, 22, 35), (30, 50) and (70).
        let result = limited.run(132).unwrap();
        assert_eq!(paid(&result), [22, 40, 70]);
        assert_eq!(
            result.outcome.remarks,
            ["a ballot does not count: `cem` gives 130 in all, where 110 is the most"]
        );
        let more = limited.file("limits", "voter,max_per_voter\ncem,130\nbob,\nzoe,1\n");
        assert_eq!(run(&more, 1_310), [260, 400, 650]);
    }

    #[test]
    fn power_makes_votes_count_more() {
        // bob twice, dan not at all: (20, 22, 22, 30), (30, 40, 50, 50), (60).
        let powerful =
            trial(ROUND).scores("power", &[("ann", 1.0), ("bob", 2.0), ("cem", 1.0), ("x", 9.0)]);
        assert_eq!(run(&powerful, 127), [22, 45, 60]);
        let sum = powerful.text("statistic", "sum");
        assert_eq!(run(&sum, 94 + 170 + 60), [94, 170, 60]);
    }

    #[test]
    fn easy_retro_pgf_is_repeated() {
        // Averages are 27, 40 and 65 in whole votes, of 132.
        let parity = trial(ROUND).text("statistic", "average").text("parity", "easy-retro-pgf");
        assert_eq!(run(&parity, 1_320), [270, 400, 650]);
        let halves = "voter,project,amount\na,x,10.5\na,y,10.5\na,z,10.5\n";
        let parity = trial(halves).text("parity", "easy-retro-pgf");
        assert_eq!(
            parity.run(1_000_000).unwrap_err().to_string(),
            "EasyRetroPGF's payouts add up to 10,161.27 USD, which is 161.27 USD more than the \
             10,000.00 USD here"
        );
        let budget = parity.text("budget", "10_000");
        let result = budget.run(1_020_000).unwrap();
        assert_eq!(paid(&result), [338_709; 3]);
        assert_eq!(result.unspent.of(0), Amount::from_base(3_873));
    }

    #[test]
    fn drips_is_repeated() {
        // 26, 35 and 30 of 91: 285,714, 384,615 and 329,670 parts, and one more
        // for the largest.
        let drips = trial(ROUND).text("parity", "drips");
        assert_eq!(run(&drips, 1_000_000), [285_714, 384_616, 329_670]);
    }

    #[test]
    fn rounds_without_votes_pay_nobody() {
        let nothing = "no project has a score above zero: nothing is paid";
        for votes in ["voter,project,amount\n", "voter,project,amount\na,x,0\nb,x,\n"] {
            let result = trial(votes).run(9).unwrap();
            assert_eq!(result.unspent.of(0), Amount::from_base(9));
            assert_eq!(result.outcome.remarks, [nothing]);
        }
        assert_eq!(run(&trial("voter,project,amount\na,x,1\n"), 9), [9]);
        assert_eq!(run(&trial(ROUND).scores("power", &[]), 9), [0, 0, 0]);
    }

    #[test]
    fn the_voter_who_moves_most_is_named() {
        let trial = trial(ROUND);
        let pools = Purse::new(vec![Amount::from_base(1_310)]);
        let turn = Turn {
            epoch: 0,
            ends: None,
            assets: &trial.assets,
            inflow: &pools,
            signals: &[],
            events: &[],
            state: &State::empty(),
        };
        let effect = trial.build().unwrap().voter_effect(&turn, &pools).unwrap();
        // Without bob 30, 35 and 65 of 130: 302, 353 and 655. Without ann 30, 45
        // and 65 of 140; cem 22, 40, 70 of 132; dan 22, 40, 60 of 122.
        let all = [[302, 353, 655], [281, 421, 608], [218, 397, 695], [236, 430, 644]];
        let moved: Vec<u128> = all
            .iter()
            .map(|paid| {
                paid.iter()
                    .zip([260_u128, 400, 650])
                    .map(|(new, old)| old.saturating_sub(*new))
                    .sum()
            })
            .collect();
        assert_eq!(moved, [47, 42, 45, 30]);
        let moved = Amount::from_base(47);
        assert_eq!(effect, [(0, VoterEffect { voter: "bob".into(), moved })]);
    }

    // Refusals.

    #[test]
    fn what_cannot_be_counted_is_refused() {
        let share = |percent| Value::Share(Share::new(percent, 100).unwrap());
        let limited = trial(ROUND).set("max_per_project", Value::Number(40.0));
        for (trial, start) in [
            (trial_of("retro-ballots"), "there are no ballots to count"),
            (trial("voter,project,amount\na,x,-1\n"), "votes.csv:2:5: `-1` is below zero"),
            (limited.clone(), "votes.csv:7:11: `bob` gives `ferry` 50, where 40 is the most"),
            (limited.file("limits", "voter\nann\nann\n"), "limits.csv:3:1: `ann` has a second"),
            (trial(ROUND).set("factor", Value::Number(2.0)), "`factor` works only with payout"),
            (
                trial(ROUND).text("payout", "score").set("cap", share(10)),
                "`cap` works only with payout = \"proportional\"",
            ),
            (trial(ROUND).set("cap", share(0)), "a cap of 0% would pay nobody anything"),
            (
                trial(ROUND).text("payout", "score").text("cap_overflow", "keep"),
                "`cap_overflow` works only with payout",
            ),
            (trial(ROUND).text("budget", "9"), "`budget` works only with parity"),
            (
                trial(ROUND).text("payout", "score").set("round_to", integer(3)),
                "round_to = 3, and the asset has 2 decimals",
            ),
            (
                trial(ROUND).text("payout", "score").text("parity", "drips"),
                "`parity` divides a pool",
            ),
            (
                trial(ROUND).text("absent", "zero").text("parity", "easy-retro-pgf"),
                "EasyRetroPGF passes over absent votes",
            ),
            (
                trial(ROUND).text("absent", "skip").text("parity", "drips"),
                "Drips counts absent votes as zero",
            ),
            (trial(ROUND).scores("power", &[("ann", -1.0)]), "the signal `power` from"),
            (trial(ROUND).scores("power", &[("ann", f64::NAN)]), "the signal `power` from"),
            (
                trial("voter,project,amount\na,x,1e308\nb,x,1e308\n").text("statistic", "sum"),
                "the ballots on `x` add up to more than floats hold",
            ),
        ] {
            let found = refused(&trial);
            assert!(found.starts_with(start), "{found}");
        }
    }

    // Laws.

    type Votes = Vec<(u8, u8, u32)>;

    fn votes() -> impl Strategy<Value = Votes> {
        prop::collection::btree_map((0_u8..6, 0_u8..5), 0_u32..2_000, 0..25)
            .prop_map(|votes| votes.into_iter().map(|((v, p), a)| (v, p, a)).collect())
    }

    fn table(votes: &Votes, times: u32) -> String {
        let row = |(v, p, a): &(u8, u8, u32)| format!("v{v},p{p},{}\n", a * times);
        format!("voter,project,amount\n{}", votes.iter().map(row).collect::<String>())
    }

    fn any_trial(votes: &Votes, times: u32, choice: u8) -> Trial {
        let trial = trial(&table(votes, times));
        let trial = match choice % 3 {
            0 => trial,
            1 => trial.text("statistic", "average"),
            _ => trial.text("statistic", "sum"),
        };
        match choice / 3 {
            0 => trial,
            1 => trial.text("absent", "zero").set("quorum", integer(2)),
            2 => trial.text("parity", "drips"),
            _ => trial.text("minimum", "0.10").set("cap", Value::Share("40%".parse().unwrap())),
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn money_is_conserved(votes in votes(), pool: u64, choice in 0_u8..12, score: bool) {
            let mut trial = any_trial(&votes, 1, choice);
            if score && choice < 6 {
                trial = trial.text("payout", "score");
            }
            let result = trial.run(u128::from(pool)).unwrap();
            let spent: u128 = paid(&result).iter().sum();
            prop_assert_eq!(spent + result.unspent.of(0).to_u128().unwrap(), u128::from(pool));
        }

        #[test]
        fn order_and_unit_of_votes_do_not_matter(
            votes in votes(),
            pool in 0_u128..1 << 60,
            choice in 0_u8..12,
        ) {
            let expected = run(&any_trial(&votes, 1, choice), pool);
            let mut other = votes.clone();
            other.reverse();
            prop_assert_eq!(&run(&any_trial(&other, 1, choice), pool), &expected);
            // By a power of two, which floats do exactly.
            prop_assert_eq!(&run(&any_trial(&votes, 4, choice), pool), &expected);
        }

        // Reference: the evaluation in floats agrees with what is booked.
        #[test]
        fn agrees_with_the_evaluation_in_floats(votes in votes(), choice in 0_u8..12) {
            let trial = any_trial(&votes, 1, choice);
            let pool = 1_u128 << 70;
            let id: Arc<str> = "test".into();
            let rule = assemble(&Blueprint {
                id: &id,
                settings: &trial.settings,
                assets: &trial.assets,
                events: None,
                oracle: &allonet_core::mechanism::NoOracles,
            })
            .unwrap();
            let mut scratch = Scratch::default();
            rule.round.evaluate(&Scenario::of_pool(pool as f64), &mut scratch);
            let allowed = if choice / 3 == 2 { 2e-6 } else { 1e-12 } * pool as f64;
            for (booked, float) in run(&trial, pool).iter().zip(&scratch.paid) {
                prop_assert!((*booked as f64 - float).abs() <= allowed, "{booked} {float}");
            }
        }
    }
}
