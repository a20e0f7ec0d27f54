//! Quadratic voting on shares of power: many small supporters outweigh one
//! large one.
//!
//! Each voter divides their power among choices, as in weighted voting, and a
//! choice is worth the square of the sum of the roots. Use it where power is
//! held unevenly and breadth of support should count.
//!
//! # Formula
//!
//! With the weights `w` of a ballot, `V` the power of all valid ballots:
//!
//! ```text
//! q_c     = (Σ_i √(power_i · w_ic / Σ_d w_id))²
//! score_c = V · q_c / Σ_d q_d
//! ```
//!
//! The scores add up to `V`, so that a quorum means what it means elsewhere.
//! How the result pays is the same for all votes; see `single-choice`.
//!
//! # Units and rounding
//!
//! | quantity | unit | rounding |
//! |---|---|---|
//! | power, score | as the ballots have it | `f64`, summed in order of voters |
//! | payout | base units of each asset | largest remainder, earliest choice first |
//!
//! # Limits
//!
//! * Power: from 0 to 10^60, also after the signal `power` has multiplied it.
//! * Weights: above zero, at most 10^30. A ballot with another weight, without
//!   a choice, or with one that is not listed is not valid: it counts for
//!   turnout and for nothing else.
//!
//! # Known weaknesses
//!
//! * One person with many accounts gains: `k` accounts with the same power in
//!   all have `k` times the `q`. Check identity, for example by the signal
//!   `power`.
//!
//! # Sources
//!
//! * Snapshot, `snapshot.js`, `voting/quadratic.ts`.
//! * S. P. Lalley, E. G. Weyl (2018), *Quadratic Voting*, AEA Papers and
//!   Proceedings 108: the idea; there votes cost their square.
//!
//! # Example
//!
//! ```
//! use allonet_core::money::Amount;
//! use allonet_mechanisms::trial::trial_of;
//!
//! // Roots: 4·1 against √16: one whale is worth four people with one each.
//! let votes = "voter,choice,power\nann,2,1\nbob,2,1\ncem,2,1\ndan,2,1\nwhale,1,16\n";
//! let vote = trial_of("quadratic-vote").list("payees", &["yacht", "park"]);
//! let result = vote.file("votes", votes).run(1_000)?;
//! assert_eq!(result.paid("yacht"), Amount::from_base(500));
//! assert_eq!(result.paid("park"), Amount::from_base(500));
//! # Ok::<(), allonet_mechanisms::trial::NoTrial>(())
//! ```

use allonet_core::card::{Card, Family, Source, Status};
use allonet_core::fault::Fault;
use allonet_core::maths;
use allonet_core::mechanism::{Blueprint, Mechanism};

use super::poll::{self, Ballots, Count, EMITS, Rule, SETTINGS, add_up, figure};
use super::power::POWER;
use super::written::Form;

// --- Card -------------------------------------------------------------------

/// What the rule says of itself.
pub static CARD: Card = Card {
    id: "quadratic-vote",
    title: "Quadratic voting on shares",
    family: Family::Votes,
    formula: "score ∝ (Σ √(power · w / Σw))²",
    status: Status::Preview { since: "0.1.0" },
    sources: &[
        Source {
            cite: "Snapshot, snapshot.js, voting/quadratic.ts",
            url: "https://github.com/snapshot-labs/snapshot.js/blob/master/src/voting/quadratic.ts",
        },
        Source {
            cite: "Lalley, Weyl (2018), Quadratic Voting",
            url: "https://doi.org/10.1257/pandp.20181002",
        },
    ],
    settings: SETTINGS,
    actions: &[],
    reads: &[POWER],
    emits: EMITS,
};

// --- Settings ---------------------------------------------------------------

/// Builds the rule from its settings.
pub fn build(blueprint: &Blueprint<'_>) -> Result<Box<dyn Mechanism>, Vec<Fault>> {
    poll::build(blueprint, Form::Shares, QuadraticVote)
}

// --- Signals ----------------------------------------------------------------

// It reads `power`, and emits `scores`, `scores_total` and `weights`.

// --- Refusals ---------------------------------------------------------------

// Those of the modules `choices`, `decision` and `power`.

// --- Rule -------------------------------------------------------------------

#[derive(Debug)]
struct QuadraticVote;

impl Rule for QuadraticVote {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn count(&self, ballots: &Ballots<'_>) -> Count {
        let roots = add_up(ballots, |power, share| (power * share).sqrt());
        let squares: Vec<f64> = roots.scores.iter().map(|sum| sum * sum).collect();
        let all = maths::sum(squares.iter().copied());
        let valid = maths::sum(ballots.valid().map(|cast| cast.power));
        let score = |square: &f64| if all > 0.0 { square / all * valid } else { 0.0 };
        let say = |(lines, sum): (Vec<String>, &f64)| {
            let roots = lines.into_iter().map(|line| format!("roots {}: {line}", figure(*sum)));
            roots.collect()
        };
        Count {
            scores: squares.iter().map(score).collect(),
            reasons: roots.reasons.into_iter().zip(&roots.scores).map(say).collect(),
            remarks: roots.remarks,
        }
    }
}

// --- Tests ------------------------------------------------------------------

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::poll::testing::{close, poll, scores};
    use crate::trial::Trial;

    fn vote(rows: &[(&str, &str)]) -> Trial {
        poll("quadratic-vote", 3, rows)
    }

    fn of(ballots: &[([u32; 3], u32)]) -> Trial {
        let text = |[a, b, c]: &[u32; 3]| format!("1:{a};2:{b};3:{c}");
        let rows: Vec<(String, String)> =
            ballots.iter().map(|(weights, power)| (text(weights), power.to_string())).collect();
        let rows: Vec<(&str, &str)> = rows.iter().map(|(w, p)| (&**w, &**p)).collect();
        vote(&rows)
    }

    fn ballots() -> impl Strategy<Value = Vec<([u32; 3], u32)>> {
        prop::collection::vec((prop::array::uniform3(1_u32..6), 0_u32..9), 0..12)
    }

    // Worked examples.

    #[test]
    fn breadth_beats_depth() {
        // Roots 1 + 1 + 1, 3 and 2: squares 9, 9 and 4, scaled to 16 in all.
        let rows = [("1", "1"), ("1", "1"), ("1", "1"), ("2", "9"), ("3", "4")];
        let expected = [9.0, 9.0, 4.0].map(|square| square * 16.0 / 22.0);
        assert!(close(&scores(&vote(&rows)), &expected));
    }

    #[test]
    fn a_divided_ballot_counts_by_roots() {
        // Shares 1 and 4 of 5: roots 1 and 2, and 3 more for the second.
        let rows = [("1:20;2:80", "5"), ("2", "9")];
        let trial = vote(&rows);
        assert!(close(&scores(&trial), &[14.0 / 26.0, 14.0 * 25.0 / 26.0, 0.0]));
        let reasons = trial.run(10).unwrap().outcome.reasons;
        assert_eq!(reasons["b"][1], "roots 5: 2 voters, most by `v01` (3), `v00` (2)");
    }

    // Refusals.

    #[test]
    fn powers_that_are_none_are_refused() {
        let told = vote(&[("1", "-4")]).run(1).unwrap_err().to_string();
        assert!(told.starts_with("votes.csv:2:9: `-4` is no voting power"), "{told}");
    }

    // Laws.

    proptest! {
        #[test]
        fn scores_add_up_to_the_power_of_valid_ballots(ballots in ballots()) {
            let power: u32 = ballots.iter().map(|(_, power)| power).sum();
            prop_assert!(close(&[scores(&of(&ballots)).iter().sum()], &[f64::from(power)]));
        }

        // The weakness named above: two accounts are worth more than one.
        #[test]
        fn splitting_an_account_gains(power in 1_u32..9) {
            let half = format!("{}", f64::from(power) / 2.0);
            let one = scores(&vote(&[("1", &power.to_string()), ("2", "4")]));
            let two = scores(&vote(&[("1", &half), ("2", "4"), ("1", &half)]));
            prop_assert!(two[0] > one[0]);
        }
    }

    // Reference: roots choice by choice.

    proptest! {
        #[test]
        fn roots_choice_by_choice_agree(ballots in ballots()) {
            let square = |choice: usize| {
                let root = |(weights, power): &([u32; 3], u32)| {
                    let sum = f64::from(weights.iter().sum::<u32>());
                    (f64::from(*power) * f64::from(weights[choice]) / sum).sqrt()
                };
                let sum: f64 = ballots.iter().map(root).sum();
                sum * sum
            };
            let squares = [square(0), square(1), square(2)];
            let all: f64 = squares.iter().sum();
            let power: f64 = ballots.iter().map(|(_, power)| f64::from(*power)).sum();
            let expected = squares.map(|own| if all > 0.0 { power * own / all } else { 0.0 });
            prop_assert!(close(&scores(&of(&ballots)), &expected));
        }
    }
}
