//! Moving phantoms: a budget from many proposals, in which nobody gains by
//! asking for more than they want.
//!
//! Each ballot is a whole budget. Each project gets the median of what the
//! voters give it and of phantom voters, who move until the medians add up to
//! the pool. Use it where voters might exaggerate to pull a median or a mean.
//!
//! # Formula
//!
//! ```text
//! x_ip     = votes of voter i on p / Σ votes of voter i
//! f_k(t)   = clip((n + 1)·t − k, 0, 1),  k = 0 … n
//! score_p  = median(x_1p, …, x_np, f_0(t), …, f_n(t))
//! t        such that Σ score = 1
//! payout_p = pool · score_p
//! ```
//!
//! Whoever cares for the sum of |payout − own proposal| cannot bring the budget
//! nearer to the own proposal by another ballot. Projects that a ballot does not
//! name have zero in it; voters who give nothing at all propose nothing and do
//! not count.
//!
//! `parity = "govxs"` divides all ballots by the sum of the first voter's (by
//! name), as the simulator of GovXS does: voters with more votes then ask for
//! more than a whole budget, and the medians are scaled to the pool.
//!
//! With a signal `power` a voter with the number 2 is two voters, and so on for
//! all numbers. It emits `shares`, the parts of the pool.
//!
//! # Units and rounding
//!
//! | quantity | unit | rounding |
//! |---|---|---|
//! | proposals, scores | parts of the pool | `f64` |
//! | `t` | – | found exactly, from the votes between which the phantom stands |
//! | power | 2⁻⁶⁰ of the largest | down |
//! | payouts | base units | largest remainder, earliest id first |
//!
//! # Limits
//!
//! * The sum of a ballot is finite.
//!
//! # Known weaknesses
//!
//! * One person posing as many counts as many. Check identity first.
//! * Projects that fewer than half of the voters name get little or nothing,
//!   as with every median; the phantoms soften this only as far as the budget
//!   would not be spent otherwise.
//! * Nobody gains alone; groups who agree can.
//!
//! # Sources
//!
//! * R. Freeman, D. Pennock, D. Peters, J. Wortman Vaughan (2021), *Truthful
//!   aggregation of budget proposals*, Journal of Economic Theory 193: the
//!   phantoms that move one after the other.
//! * GovXS, *Evaluating Voting Design Tradeoffs for Retro Funding*,
//!   `VotingRules.py`, `majoritarian_moving_phantoms`.
//!
//! # Example
//!
//! ```
//! use allonet_core::money::Amount;
//! use allonet_mechanisms::trial::trial_of;
//!
//! let votes = "voter,project,amount\n\
//!              ann,bridge,60\nann,ferry,40\n\
//!              bob,bridge,5\nbob,ferry,5\n\
//!              cem,bridge,0\ncem,ferry,3\n";
//! // Of bridge they propose 0, 0.5 and 0.6, of ferry 0.4, 0.5 and 1: the medians
//! // of both are 0.5, and add up to 1.
//! let result = trial_of("moving-phantoms").file("votes", votes).run(1_000)?;
//! assert_eq!(result.paid("bridge"), Amount::from_base(500));
//! assert_eq!(result.paid("ferry"), Amount::from_base(500));
//! # Ok::<(), allonet_mechanisms::trial::NoTrial>(())
//! ```

use std::collections::BTreeMap;
use std::sync::Arc;

use allonet_core::card::{Absent, Card, Family, Kind, Setting, Source, Status};
use allonet_core::fault::Fault;
use allonet_core::maths;
use allonet_core::mechanism::{Allocation, Blueprint, Mechanism, Outcome, Refusal, Turn};

use super::phantoms;
use super::voters::round_power;
use crate::ballots::{Ballots, CLOSES, OPENS, PROJECTS, Reading};
use crate::paying::{self, Terms};

// --- Card -------------------------------------------------------------------

/// What the rule says of itself.
pub static CARD: Card = Card {
    id: "moving-phantoms",
    title: "Moving phantoms",
    family: Family::Retro,
    formula: "payout = pool · median(proposals, phantoms at t), t such that all add up to the pool",
    status: Status::Preview { since: "0.1.0" },
    sources: &[
        Source {
            cite: "Freeman, Pennock, Peters, Wortman Vaughan (2021), Truthful aggregation of \
                   budget proposals",
            url: "https://arxiv.org/abs/1905.00457",
        },
        Source {
            cite: "GovXS, VotingRules.py, majoritarian_moving_phantoms",
            url: "https://github.com/GovXS/Evaluating-Voting-Design-Tradeoffs-for-Retro-Funding",
        },
    ],
    settings: &[
        Setting {
            name: "votes",
            kind: Kind::File,
            default: Absent::Required,
            doc: "Table of proposals, columns `voter`, `project` and `amount` or their common \
                  names, in any unit.",
        },
        PROJECTS,
        OPENS,
        CLOSES,
        Setting {
            name: "parity",
            kind: Kind::Choice(&["none", "govxs"]),
            default: Absent::Default("none"),
            doc: "Whose ballots to repeat: `govxs` divides all of them by the sum of the first \
                  voter's.",
        },
    ],
    actions: &[],
    reads: &["power"],
    emits: &["shares"],
};

// --- Settings ---------------------------------------------------------------

/// The rule with its proposals.
#[derive(Debug)]
pub struct MovingPhantoms {
    /// Sorted by id.
    payees: Vec<Arc<str>>,
    /// Sorted by name.
    voters: Vec<Box<str>>,
    /// For each project what part each voter proposes.
    parts: Vec<Vec<f64>>,
    /// Who proposes anything.
    proposes: Vec<bool>,
    remarks: Vec<String>,
}

/// Builds the rule from its settings.
pub fn build(blueprint: &Blueprint<'_>) -> Result<Box<dyn Mechanism>, Vec<Fault>> {
    let settings = blueprint.settings;
    let ballots = Ballots::of(settings, "votes", &Reading::from_settings(settings)?)?;
    let sums = sums(&ballots).map_err(|fault| vec![fault.at_some(settings.place("votes"))])?;
    let proposes: Vec<bool> = sums.iter().map(|sum| *sum > 0.0).collect();
    let first = sums.first().copied().filter(|_| settings.text("parity") == Some("govxs"));
    if first == Some(0.0) {
        return Err(vec![nothing_first(&ballots.voters[0]).at_some(settings.place("parity"))]);
    }
    let mut parts = vec![vec![0.0; ballots.voters.len()]; ballots.projects.len()];
    for vote in ballots.votes.iter().filter(|vote| vote.amount > 0.0) {
        let whole = first.unwrap_or(sums[vote.voter as usize]);
        parts[vote.project as usize][vote.voter as usize] = vote.amount / whole;
    }
    let mut remarks = ballots.remarks;
    for (voter, _) in ballots.voters.iter().zip(&proposes).filter(|(_, proposes)| !**proposes) {
        remarks.push(format!("`{voter}` gives nothing to anybody and does not count"));
    }
    Ok(Box::new(MovingPhantoms {
        payees: ballots.projects,
        voters: ballots.voters,
        parts,
        proposes,
        remarks,
    }))
}

/// What each voter gives in all.
fn sums(ballots: &Ballots) -> Result<Vec<f64>, Fault> {
    let mut given = vec![Vec::new(); ballots.voters.len()];
    for vote in &ballots.votes {
        given[vote.voter as usize].push(vote.amount);
    }
    let named = ballots.voters.iter().zip(given);
    named
        .map(|(voter, given)| {
            let sum = maths::sum(given);
            if sum.is_finite() { Ok(sum) } else { Err(too_much(voter)) }
        })
        .collect()
}

// --- Signals ----------------------------------------------------------------

impl MovingPhantoms {
    /// The voters who count, and how much.
    fn weights(&self, turn: &Turn<'_>) -> Result<Vec<(usize, u128)>, Refusal> {
        let power = round_power(turn, &self.voters)?;
        let weight = |at: usize| match &power {
            _ if !self.proposes[at] => 0,
            None => 1,
            Some(power) => u128::from(power.weight(at)),
        };
        let all = (0..self.voters.len()).map(|at| (at, weight(at)));
        Ok(all.filter(|(_, weight)| *weight > 0).collect())
    }

    /// The part of the pool that each project gets.
    fn scores(&self, counted: &[(usize, u128)]) -> Vec<f64> {
        if counted.is_empty() {
            return vec![0.0; self.payees.len()];
        }
        let of = |parts: &Vec<f64>| counted.iter().map(|(voter, _)| parts[*voter]).collect();
        let parts: Vec<Vec<f64>> = self.parts.iter().map(of).collect();
        let weights: Vec<u128> = counted.iter().map(|(_, weight)| *weight).collect();
        phantoms::scores(&parts, &weights)
    }

    /// Lines for each project: its median, and the proposals next to it.
    fn reasons(&self, counted: &[(usize, u128)], scores: &[f64]) -> BTreeMap<String, Vec<String>> {
        let lines = |(parts, score): (&Vec<f64>, &f64)| {
            let count = |wanted: fn(&f64, &f64) -> bool| {
                counted.iter().filter(|(voter, _)| wanted(&parts[*voter], score)).count()
            };
            let (more, less) =
                (count(|part, score| part > score), count(|part, score| part < score));
            vec![
                median(*score, counted.len()),
                format!("{more} of them propose more, {less} propose less"),
            ]
        };
        let lines = self.parts.iter().zip(scores).map(lines);
        self.payees.iter().map(ToString::to_string).zip(lines).collect()
    }
}

fn median(score: f64, voters: usize) -> String {
    let percent = score * 100.0;
    format!("median {percent:.2} % of {voters} proposals and {} phantoms", voters + 1)
}

// --- Refusals ---------------------------------------------------------------

fn too_much(voter: &str) -> Fault {
    let message = format!("the ballot of `{voter}` adds up to more than floats hold");
    Fault::new("vote-too-large", message).help("look for a vote with too many digits")
}

fn nothing_first(voter: &str) -> Fault {
    let message =
        format!("the first voter, `{voter}`, gives nothing, and GovXS divides all ballots by that");
    Fault::new("parity", message).help("leave `parity` out")
}

// --- Rule -------------------------------------------------------------------

impl Mechanism for MovingPhantoms {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn payees(&self) -> &[Arc<str>] {
        &self.payees
    }

    fn step(&self, turn: &Turn<'_>, allocation: &mut Allocation<'_>) -> Result<Outcome, Refusal> {
        let counted = self.weights(turn)?;
        let scores = self.scores(&counted);
        let mut outcome = Outcome { remarks: self.remarks.clone(), ..Outcome::default() };
        let why = |at: usize| median(scores[at], counted.len());
        outcome.remarks.extend(Terms::default().pay(turn, allocation, &scores, why)?);
        outcome.reasons = self.reasons(&counted, &scores);
        outcome.signals.push(("shares", paying::shares(&self.payees, &scores)));
        Ok(outcome)
    }
}

// --- Tests ------------------------------------------------------------------

#[cfg(test)]
mod tests {
    use allonet_core::money::Amount;
    use proptest::prelude::*;

    use crate::trial::{Trial, paid, trial_of};

    fn trial(votes: &str) -> Trial {
        trial_of("moving-phantoms").file("votes", votes)
    }

    fn run(trial: &Trial, pool: u128) -> Vec<u128> {
        paid(&trial.run(pool).unwrap())
    }

    // Worked examples.

    #[test]
    fn two_who_disagree_get_half_each() {
        let votes = "voter,project,amount\nann,a,1\nbob,b,7\n";
        let result = trial(votes).run(1_000).unwrap();
        assert_eq!(paid(&result), [500, 500]);
        assert_eq!(
            result.outcome.reasons["a"],
            [
                "median 50.00 % of 2 proposals and 3 phantoms",
                "1 of them propose more, 1 propose less"
            ]
        );
        // Twice ann is two of three voters.
        let power = trial(votes).scores("power", &[("ann", 2.0), ("bob", 1.0)]);
        assert_eq!(run(&power, 1_000), [1_000, 0]);
        let neither = trial(votes).scores("power", &[("zoe", 1.0)]);
        assert_eq!(run(&neither, 1_000), [0, 0]);
    }

    #[test]
    fn phantoms_fill_what_medians_leave() {
        // Of a: 0.5, 0.5, 0.5; of b, c and d one voter each proposes 0.5: the
        // medians are 0.5, 0, 0, 0. Phantom 2 lifts b, c and d to a sixth each.
        let votes = "voter,project,amount\n\
            u,a,1\nu,b,1\nv,a,1\nv,c,1\nw,a,1\nw,d,1\n";
        assert_eq!(run(&trial(votes), 600), [300, 100, 100, 100]);
    }

    #[test]
    fn ballots_are_whole_budgets_or_parts_of_the_first() {
        // cem gives nothing. 0.25 and 0.75, 0.5 and 0.5: between them both are
        // clip(y, 0.25, 0.5) and clip(y, 0.5, 0.75), y = 0.5.
        let votes = "voter,project,amount\nann,a,1\nann,b,3\nbob,a,4\nbob,b,4\ncem,a,0\n";
        let result = trial(votes).run(800).unwrap();
        assert_eq!(paid(&result), [400, 400]);
        assert_eq!(result.outcome.remarks, ["`cem` gives nothing to anybody and does not count"]);
        // By ann's 4 votes bob proposes 1 and 1: clip(y, 0.25, 1) and
        // clip(y, 0.75, 1) add up to 1 at the lower ends.
        assert_eq!(run(&trial(votes).text("parity", "govxs"), 800), [200, 600]);
    }

    #[test]
    fn rounds_without_votes_pay_nobody() {
        for votes in ["voter,project,amount\n", "voter,project,amount\na,x,0\nb,y,\n"] {
            assert_eq!(trial(votes).run(9).unwrap().unspent.of(0), Amount::from_base(9));
        }
        assert_eq!(run(&trial("voter,project,amount\na,x,1\n"), 9), [9]);
    }

    // Refusals.

    #[test]
    fn what_is_no_budget_is_refused() {
        let much = "voter,project,amount\na,x,1e308\na,y,1e308\n";
        let first = trial("voter,project,amount\na,x,0\nb,x,1\n").text("parity", "govxs");
        for (trial, start) in [
            (trial_of("moving-phantoms"), "there are no ballots to count"),
            (trial(much), "the ballot of `a` adds up to more than floats hold"),
            (first, "the first voter, `a`, gives nothing"),
            (
                trial("voter,project,amount\na,x,1\n").scores("power", &[("a", f64::INFINITY)]),
                "the signal `power` from `elsewhere` gives `a` inf",
            ),
        ] {
            let found = trial.run(1).unwrap_err().to_string();
            assert!(found.starts_with(start), "{found}");
        }
    }

    // Laws.

    type Ballots = Vec<Vec<u16>>;

    /// Whole votes of up to six voters on four projects.
    fn ballots() -> impl Strategy<Value = Ballots> {
        let ballot = prop::collection::vec(0_u16..30, 4);
        let ballot = ballot.prop_filter("gives something", |votes| votes.iter().any(|v| *v > 0));
        prop::collection::vec(ballot, 1..7)
    }

    fn table(ballots: &Ballots, order: impl Fn(&mut Vec<String>)) -> String {
        let mut rows: Vec<String> = Vec::new();
        for (voter, ballot) in ballots.iter().enumerate() {
            let row = |(project, votes): (usize, &u16)| format!("v{voter},p{project},{votes}\n");
            rows.extend(ballot.iter().enumerate().map(row));
        }
        order(&mut rows);
        format!("voter,project,amount\n{}", rows.concat())
    }

    /// Half of what a voter would have to move to reach the own proposal.
    fn regret(ballot: &[u16], paid: &[u128], pool: u128) -> f64 {
        let sum: f64 = ballot.iter().map(|votes| f64::from(*votes)).sum();
        let part = |votes: &u16| f64::from(*votes) / sum * pool as f64;
        ballot.iter().zip(paid).map(|(votes, paid)| (part(votes) - *paid as f64).abs()).sum()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn all_is_paid_in_any_order(ballots in ballots(), pool: u64) {
            let paid = run(&trial(&table(&ballots, |_| ())), u128::from(pool));
            prop_assert_eq!(paid.iter().sum::<u128>(), u128::from(pool));
            let turned = table(&ballots, |rows| rows.reverse());
            prop_assert_eq!(run(&trial(&turned), u128::from(pool)), paid);
        }

        #[test]
        fn nobody_gains_by_another_ballot(
            ballots in ballots(),
            lie in prop::collection::vec(1_u16..30, 4),
        ) {
            let pool = 1_u128 << 40;
            let honest = run(&trial(&table(&ballots, |_| ())), pool);
            let mut other = ballots.clone();
            other[0] = lie;
            let told = run(&trial(&table(&other, |_| ())), pool);
            let (true_regret, false_regret) =
                (regret(&ballots[0], &honest, pool), regret(&ballots[0], &told, pool));
            prop_assert!(true_regret <= false_regret + 16.0, "{true_regret} {false_regret}");
        }

        // Reference: bisection over t, with medians of all votes and phantoms.
        #[test]
        fn agrees_with_bisection(ballots in ballots(), govxs: bool) {
            let first: f64 = ballots[0].iter().map(|votes| f64::from(*votes)).sum();
            let voters = ballots.len();
            let parts = |project: usize| -> Vec<f64> {
                let part = |ballot: &Vec<u16>| {
                    let own = ballot.iter().map(|votes| f64::from(*votes)).sum();
                    f64::from(ballot[project]) / if govxs { first } else { own }
                };
                ballots.iter().map(part).collect()
            };
            let medians = |t: f64| -> Vec<f64> {
                let median = |project: usize| {
                    let phantom = |k: usize| ((voters + 1) as f64 * t - k as f64).clamp(0.0, 1.0);
                    let mut all = parts(project);
                    all.extend((0..=voters).map(phantom));
                    all.sort_by(f64::total_cmp);
                    all[voters]
                };
                (0..4).map(median).collect()
            };
            let (mut low, mut high) = (0.0, 1.0);
            for _ in 0..80 {
                let middle = f64::midpoint(low, high);
                if medians(middle).iter().sum::<f64>() > 1.0 { high = middle } else { low = middle }
            }
            let expected = medians(low);
            let sum: f64 = expected.iter().sum();
            let trial = trial(&table(&ballots, |_| ()));
            let trial = if govxs { trial.text("parity", "govxs") } else { trial };
            let pool = 1_u128 << 50;
            for (found, expected) in run(&trial, pool).iter().zip(expected) {
                let expected = expected / sum * pool as f64;
                prop_assert!((*found as f64 - expected).abs() < 1e-9 * pool as f64);
            }
        }
    }
}
