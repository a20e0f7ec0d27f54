//! Iterative elimination: projects whose share is too small to be worth paying
//! leave, and the pool is divided again among the others, until nobody leaves.
//!
//! Use it for rounds in which a small grant costs more to handle than it helps:
//! what the small ones would have had goes to the others by score.
//!
//! # Formula
//!
//! ```text
//! score_p = sum | average | median of the votes on p; an absent vote is none
//! open    = { p: score_p > 0, ballots_p ≥ quorum }
//! repeat  share_p = pool · score_p / Σ score over the open
//!         close all p with share_p < minimum          drop = "all"
//!         or the one with the lowest score            drop = "lowest"
//! until   nobody is closed
//! ```
//!
//! Closing all small ones at once is what published rounds do; closing the
//! lowest alone keeps at least as many, since each that goes lifts the others.
//! Among equal scores the last id goes first.
//!
//! With a signal `power`, each vote counts as often as its voter's number says.
//! It emits `scores` (zero for projects that are not paid) and `shares` (the
//! same as parts of their sum).
//!
//! # Units and rounding
//!
//! | quantity | unit | rounding |
//! |---|---|---|
//! | votes, scores | any | `f64`, summed in order of amount, then voter |
//! | comparison with `minimum` | base units | exact, before any rounding |
//! | payouts | base units | largest remainder, earliest id first |
//!
//! Other assets than the main one are divided among those who stay.
//!
//! # Limits
//!
//! * Scores and their sum are finite.
//! * A voter votes once on a project.
//!
//! # Known weaknesses
//!
//! * Near the minimum one vote decides between nothing and more than the
//!   minimum. Evaluate the round with voters left out before announcing it.
//! * Voters can lift a project over the minimum by voting against its
//!   neighbours, not for it.
//! * With `drop = "all"`, projects that would have been above the minimum had
//!   only smaller ones gone leave too.
//!
//! # Sources
//!
//! * Filecoin RetroPGF 3, `rpgf3lib.py`, `get_allocations`: sum of votes, quorum
//!   4, minimum 500 of 510,000.
//!
//! # Example
//!
//! ```
//! use allonet_core::money::Amount;
//! use allonet_mechanisms::trial::trial_of;
//!
//! let votes = "voter,project,amount\n\
//!              ann,bridge,40\nbob,bridge,20\nann,ferry,25\nbob,ferry,5\nann,swing,10\n";
//! // 60, 30 and 10 of 100; the last is below 15, and 60 : 30 of 100 are left.
//! let trial = trial_of("iterative-elimination").file("votes", votes).text("minimum", "15");
//! let result = trial.run(99_00)?;
//! assert_eq!(result.paid("bridge"), Amount::from_base(66_00));
//! assert_eq!(result.paid("ferry"), Amount::from_base(33_00));
//! assert_eq!(result.paid("swing"), Amount::ZERO);
//! # Ok::<(), allonet_mechanisms::trial::NoTrial>(())
//! ```

use std::sync::Arc;

use allonet_core::card::{Absent, Card, Family, Kind, Setting, Source, Status};
use allonet_core::fault::Fault;
use allonet_core::mechanism::{
    Allocation, Blueprint, Mechanism, Outcome, Purse, Refusal, Turn, VoterEffect,
};
use allonet_core::money::{Amount, Asset, weights_from_f64};
use ruint::aliases::{U256, U512};

use super::leave_one_out::{Without, largest};
use super::reasons::{Reasons, remarks};
use super::retro_ballots::{finite, named, quorum, round, statistic};
use super::round::{Round, Rule, Scenario, Scratch, Statistic};
use super::voters::round_power;
use crate::ballots::{Ballots, CLOSES, OPENS, PROJECTS, Reading};
use crate::paying::{self, MINIMUM, Terms, main_asset, several, show};

// --- Card -------------------------------------------------------------------

/// What the rule says of itself.
pub static CARD: Card = Card {
    id: "iterative-elimination",
    title: "Iterative elimination",
    family: Family::Retro,
    formula: "share = pool · score / Σ score; below the minimum out, until nobody is",
    status: Status::Preview { since: "0.1.0" },
    sources: &[Source {
        cite: "Filecoin RetroPGF 3, rpgf3lib.py, get_allocations",
        url: "https://github.com/fil-retropgf/rpgf3/blob/main/notebooks/rpgf3lib.py",
    }],
    settings: &[
        Setting {
            name: "votes",
            kind: Kind::File,
            default: Absent::Required,
            doc: "Table of ballots, columns `voter`, `project` and `amount` or their common \
                  names; an empty amount abstains.",
        },
        Setting {
            name: "statistic",
            kind: Kind::Choice(&["sum", "average", "median"]),
            default: Absent::Default("sum"),
            doc: "What becomes of the ballots on one project.",
        },
        Setting {
            name: "quorum",
            kind: Kind::Integer { min: 0, max: u32::MAX as i64 },
            default: Absent::None("no quorum"),
            doc: "Ballots that a project needs to be paid.",
        },
        MINIMUM,
        Setting {
            name: "drop",
            kind: Kind::Choice(&["all", "lowest"]),
            default: Absent::Default("all"),
            doc: "Whether all projects below the minimum leave at once, or the lowest alone \
                  before the shares are looked at again.",
        },
        PROJECTS,
        OPENS,
        CLOSES,
    ],
    actions: &[],
    reads: &["power"],
    emits: &["scores", "shares"],
};

// --- Settings ---------------------------------------------------------------

/// The rule with its ballots.
#[derive(Debug)]
pub struct IterativeElimination {
    /// Sorted by id.
    payees: Vec<Arc<str>>,
    /// Sorted by name.
    voters: Vec<Box<str>>,
    round: Round,
    minimum: Amount,
    remarks: Vec<String>,
}

/// Builds the rule from its settings.
pub fn build(blueprint: &Blueprint<'_>) -> Result<Box<dyn Mechanism>, Vec<Fault>> {
    Ok(Box::new(assemble(blueprint)?))
}

fn assemble(blueprint: &Blueprint<'_>) -> Result<IterativeElimination, Vec<Fault>> {
    let settings = blueprint.settings;
    let asset = main_asset(blueprint)?;
    let minimum = Terms::read(settings, asset).map_err(|fault| vec![fault])?.minimum;
    let minimum = minimum.unwrap_or(Amount::ZERO);
    let ballots = Ballots::of(settings, "votes", &Reading::from_settings(settings)?)?;
    let rule = Rule {
        quorum: quorum(settings),
        minimum: minimum.to_f64(),
        one_by_one: settings.text("drop") == Some("lowest"),
        ..Rule::new(statistic(settings, Statistic::Sum))
    };
    Ok(IterativeElimination {
        round: round(&ballots, rule),
        payees: ballots.projects,
        voters: ballots.voters,
        minimum,
        remarks: ballots.remarks,
    })
}

// --- Signals ----------------------------------------------------------------

/// A project that leaves for its share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Left {
    project: usize,
    /// At which look, from 1.
    look: u32,
    /// What it would have had, rounded down.
    share: Amount,
}

impl IterativeElimination {
    /// Scores of projects with enough ballots, zero for all others.
    fn open(&self, scratch: &Scratch) -> Vec<f64> {
        let quorum = self.round.rule().quorum;
        let score = |(score, ballots): (&f64, &u32)| if *ballots < quorum { 0.0 } else { *score };
        scratch.scores.iter().zip(&scratch.ballots).map(score).collect()
    }

    /// Sets the scores of those who leave to zero and says who left when.
    fn eliminate(&self, pool: Amount, scores: &mut [f64]) -> Result<Vec<Left>, Refusal> {
        let weights = weights_from_f64(scores)
            .map_err(|error| Refusal::new("division", error.to_string()))?;
        let mut open: Vec<usize> = (0..scores.len()).filter(|at| scores[*at] > 0.0).collect();
        open.sort_by(|a, b| weights[*b].cmp(&weights[*a]).then(a.cmp(b)));
        let mut left = Vec::new();
        for look in 1.. {
            let sum: U256 = open.iter().map(|at| U256::from(weights[*at])).sum();
            let needed: U512 = self.minimum.to_u256().widening_mul(sum);
            let asks = |at: usize| -> U512 { pool.to_u256().widening_mul(U256::from(weights[at])) };
            let mut keep = open.partition_point(|at| asks(*at) >= needed);
            if keep == open.len() || pool.is_zero() {
                break;
            }
            if self.round.rule().one_by_one {
                keep = open.len() - 1;
            }
            for project in open.drain(keep..) {
                let share = pool.mul_div(U256::from(weights[project]), sum, "a share")?;
                left.push(Left { project, look, share });
                scores[project] = 0.0;
            }
        }
        Ok(left)
    }
}

// --- Refusals ---------------------------------------------------------------

// Faults of ballots and settings come from `ballots`, `retro_ballots` and `paying`.

// --- Rule -------------------------------------------------------------------

impl Mechanism for IterativeElimination {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn payees(&self) -> &[Arc<str>] {
        &self.payees
    }

    fn step(&self, turn: &Turn<'_>, allocation: &mut Allocation<'_>) -> Result<Outcome, Refusal> {
        let power = round_power(turn, &self.voters)?;
        let mut scratch = Scratch::default();
        let scenario = Scenario { power: power.as_ref(), ..Scenario::default() };
        self.round.score(&scenario, &mut scratch);
        let mut scores = self.open(&scratch);
        finite(&self.payees, &scores)?;
        let left = self.eliminate(allocation.available().of(0), &mut scores)?;
        let reasons = Reasons {
            round: &self.round,
            voters: &self.voters,
            projects: &self.payees,
            scratch: &scratch,
        };
        let mut outcome = Outcome { remarks: self.remarks.clone(), ..Outcome::default() };
        outcome.remarks.extend(remarks(&reasons));
        outcome.remarks.extend(self.looks(&left, turn.assets));
        outcome.reasons = reasons.all();
        for Left { project, look, share } in left {
            let lines = outcome.reasons.entry(self.payees[project].to_string()).or_default();
            let (has, needs) = (show(turn.assets, 0, share), show(turn.assets, 0, self.minimum));
            lines.push(format!(
                "not paid: at look {look} its share was {has} of the {needs} it needs"
            ));
        }
        let paid =
            Terms::default().pay(turn, allocation, &scores, |project| reasons.score(project))?;
        outcome.remarks.extend(paid);
        outcome.signals.push(("scores", named(&self.payees, &scores)));
        outcome.signals.push(("shares", paying::shares(&self.payees, &scores)));
        Ok(outcome)
    }

    fn voter_effect(
        &self,
        turn: &Turn<'_>,
        available: &Purse,
    ) -> Option<Vec<(usize, VoterEffect)>> {
        let power = round_power(turn, &self.voters).ok()?;
        let mut round = Without::new(&self.round, self.voters.len(), power.as_ref());
        largest(available, &self.voters, |left_out| {
            let mut scores = self.open(round.score(left_out));
            self.eliminate(available.of(0), &mut scores).ok()?;
            let paid = |(_, pool)| Some(Terms::default().divide(pool, &scores).ok()?.paid);
            available.iter().map(paid).collect()
        })
    }
}

impl IterativeElimination {
    /// How many left at each look, for the operator.
    fn looks(&self, left: &[Left], assets: &[Asset]) -> Vec<String> {
        let last = left.last().map_or(0, |left| left.look);
        let minimum = show(assets, 0, self.minimum);
        let at_look = |look: u32| {
            let gone = left.iter().filter(|left| left.look == look);
            // Those who leave together stand by score, the highest first.
            let highest = gone.clone().next().map_or(String::new(), |left| {
                let share = show(assets, 0, left.share);
                format!(", the highest `{}` with {share}", self.payees[left.project])
            });
            let count = several(gone.count(), "project");
            format!("look {look}: below {minimum} and not paid: {count}{highest}")
        };
        (1..=last).map(at_look).collect()
    }
}

// --- Tests ------------------------------------------------------------------

#[cfg(test)]
#[expect(clippy::inconsistent_digit_grouping, reason = "two digits of cents")]
mod tests {
    use allonet_core::card::Value;
    use allonet_core::mechanism::State;
    use proptest::prelude::*;

    use super::*;
    use crate::trial::{Trial, paid, trial_of};

    /// 50, 30, 12 and 8 of 100, from two ballots each but for the last.
    const ROUND: &str = "voter,project,amount\n\
        ann,a,20\nbob,a,30\nann,b,15\nbob,b,15\nann,c,6\nbob,c,6\nann,d,8\n";

    fn trial(votes: &str) -> Trial {
        trial_of("iterative-elimination").file("votes", votes)
    }

    fn run(trial: &Trial, pool: u128) -> Vec<u128> {
        paid(&trial.run(pool).unwrap())
    }

    // Worked examples.

    #[test]
    fn small_shares_leave_until_nobody_does() {
        assert_eq!(run(&trial(ROUND), 100_00), [50_00, 30_00, 12_00, 8_00]);
        // 12 and 8 are below 13.
        let result = trial(ROUND).text("minimum", "13").run(100_00).unwrap();
        assert_eq!(paid(&result), [62_50, 37_50, 0, 0]);
        assert_eq!(
            result.outcome.remarks,
            ["look 1: below 13.00 USD and not paid: 2 projects, the highest `c` with 12.00 USD"]
        );
        assert_eq!(
            result.outcome.reasons["c"],
            [
                "sum 12 of 2 ballots",
                "most from ann 6, bob 6",
                "not paid: at look 1 its share was 12.00 USD of the 13.00 USD it needs"
            ]
        );
        // Without the last, 12 of 92 are 13.04.
        let lowest = trial(ROUND).text("minimum", "13").text("drop", "lowest");
        assert_eq!(run(&lowest, 100_00), [54_35, 32_61, 13_04, 0]);
    }

    #[test]
    fn a_share_at_the_minimum_stays() {
        assert_eq!(run(&trial(ROUND).text("minimum", "8"), 100_00)[3], 8_00);
        assert_eq!(run(&trial(ROUND).text("minimum", "8"), 99_99)[3], 0);
        assert_eq!(run(&trial(ROUND).text("minimum", "101"), 100_00), [0; 4]);
    }

    #[test]
    fn the_quorum_comes_first() {
        // 50, 30 and 12 of 92.
        let quorum = trial(ROUND).set("quorum", Value::Integer(2)).text("minimum", "13");
        assert_eq!(run(&quorum, 100_00), [54_35, 32_61, 13_04, 0]);
        let average = trial(ROUND).text("statistic", "average");
        assert_eq!(run(&average, 54_00), [25_00, 15_00, 6_00, 8_00]);
        let median = trial(ROUND).text("statistic", "median");
        assert_eq!(run(&median, 54_00), [25_00, 15_00, 6_00, 8_00]);
    }

    #[test]
    fn equal_scores_leave_from_the_last() {
        let votes = "voter,project,amount\nv,a,1\nv,b,1\nv,c,1\n";
        let lowest = trial(votes).text("minimum", "40").text("drop", "lowest");
        assert_eq!(run(&lowest, 100_00), [50_00, 50_00, 0]);
    }

    #[test]
    fn rounds_without_votes_pay_nobody() {
        for votes in ["voter,project,amount\n", "voter,project,amount\na,x,0\n"] {
            let result = trial(votes).text("minimum", "1").run(900).unwrap();
            assert_eq!(result.unspent.of(0), Amount::from_base(900));
        }
        assert_eq!(run(&trial("voter,project,amount\na,x,1\n"), 9), [9]);
    }

    #[test]
    fn the_voter_who_moves_most_is_named() {
        let trial =
            trial(ROUND).text("minimum", "9").scores("power", &[("ann", 1.0), ("bob", 1.0)]);
        let pools = Purse::new(vec![Amount::from_base(100_00)]);
        let turn = Turn {
            epoch: 0,
            ends: None,
            assets: &trial.assets,
            inflow: &pools,
            signals: &trial.signals,
            events: &[],
            state: &State::empty(),
        };
        let effect = trial.build().unwrap().voter_effect(&turn, &pools).unwrap();
        // 54.35, 32.61 and 13.04. Without ann 58.82, 29.41 and 11.76; without
        // bob 40.82, 30.61, 12.24 and 16.33.
        let moved = Amount::from_base(54_35 - 40_82 + 32_61 - 30_61 + 13_04 - 12_24);
        assert_eq!(effect, [(0, VoterEffect { voter: "bob".into(), moved })]);
    }

    // Refusals.

    #[test]
    fn what_cannot_be_counted_is_refused() {
        for (trial, start) in [
            (trial_of("iterative-elimination"), "there are no ballots to count"),
            (trial(ROUND).text("minimum", "0.001"), "`0.001` has 3 decimals"),
            (trial("voter,project,amount\na,x,-1\n"), "votes.csv:2:5: `-1` is below zero"),
            (
                trial("voter,project,amount\na,x,1e308\nb,x,1e308\n"),
                "the ballots on `x` add up to more than floats hold",
            ),
        ] {
            let found = trial.run(1).unwrap_err().to_string();
            assert!(found.starts_with(start), "{found}");
        }
    }

    // Laws.

    type Votes = Vec<(u8, u8, u32)>;

    fn votes() -> impl Strategy<Value = Votes> {
        prop::collection::btree_map((0_u8..6, 0_u8..6), 0_u32..2_000, 1..30)
            .prop_map(|votes| votes.into_iter().map(|((v, p), a)| (v, p, a)).collect())
    }

    fn table(votes: &Votes) -> String {
        let row = |(v, p, a): &(u8, u8, u32)| format!("v{v},p{p},{a}\n");
        format!("voter,project,amount\n{}", votes.iter().map(row).collect::<String>())
    }

    fn any_trial(votes: &Votes, minimum: u32, lowest: bool) -> Trial {
        let cents = format!("{}.{:02}", minimum / 100, minimum % 100);
        let trial = trial(&table(votes)).text("minimum", &cents);
        if lowest { trial.text("drop", "lowest") } else { trial }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn whoever_is_paid_has_the_minimum(
            votes in votes(),
            pool in 0_u32..1_000_000,
            minimum in 0_u32..500_000,
            lowest: bool,
        ) {
            let result = any_trial(&votes, minimum, lowest).run(u128::from(pool)).unwrap();
            let paid = paid(&result);
            let sum: u128 = paid.iter().sum();
            prop_assert!(sum == 0 || sum == u128::from(pool));
            prop_assert_eq!(sum + result.unspent.of(0).to_u128().unwrap(), u128::from(pool));
            prop_assert!(paid.iter().all(|paid| *paid == 0 || *paid >= u128::from(minimum)));
        }

        #[test]
        fn order_does_not_matter_and_one_by_one_keeps_more(
            votes in votes(),
            pool in 1_u32..1_000_000,
            minimum in 0_u32..500_000,
        ) {
            let pool = u128::from(pool);
            let mut other = votes.clone();
            other.reverse();
            let all = run(&any_trial(&votes, minimum, false), pool);
            prop_assert_eq!(&run(&any_trial(&other, minimum, false), pool), &all);
            let one = run(&any_trial(&votes, minimum, true), pool);
            prop_assert!(all.iter().zip(&one).all(|(all, one)| *all == 0 || *one > 0));
        }

        // Reference: a table of floats, looked at again for every fall.
        #[test]
        fn agrees_with_a_float_reference(votes in votes(), minimum in 0_u32..50_000) {
            let pool = 1e5;
            let mut scores = std::collections::BTreeMap::<u8, f64>::new();
            for (_, project, amount) in &votes {
                *scores.entry(*project).or_default() += f64::from(*amount);
            }
            let ids: Vec<u8> = scores.keys().copied().collect();
            loop {
                let sum: f64 = scores.values().sum();
                let before = scores.len();
                scores.retain(|_, score| *score * pool >= f64::from(minimum) * sum && *score > 0.0);
                if scores.len() == before {
                    break;
                }
            }
            let sum: f64 = scores.values().sum();
            let found = run(&any_trial(&votes, minimum, false), 100_000);
            for (id, found) in ids.iter().zip(found) {
                let expected = scores.get(id).map_or(0.0, |score| score / sum * pool);
                prop_assert!((found as f64 - expected).abs() <= 1.0, "{found} {expected}");
            }
        }
    }
}
