//! Weighted voting: each voter divides their power among choices.
//!
//! Use it to divide a budget directly: the result is the mean of what the
//! voters would do, weighted by their power.
//!
//! # Formula
//!
//! With the weights `w` of a ballot:
//!
//! ```text
//! score_c = Σ_i power_i · w_ic / Σ_d w_id
//! ```
//!
//! The scores add up to the power of all valid ballots. How the result pays is
//! the same for all votes; see `single-choice`.
//!
//! # Units and rounding
//!
//! | quantity | unit | rounding |
//! |---|---|---|
//! | weight | of no meaning beyond its ballot | `f64` |
//! | power, score | as the ballots have it | `f64`, summed in order of voters |
//! | payout | base units of each asset | largest remainder, earliest choice first |
//!
//! Snapshot scales the sums once more to the power of all valid ballots, which
//! changes at most their last digits (below 10^-13 of a score).
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
//! * Whoever expects others to be lavish does better to put all on one choice:
//!   the mean invites exaggeration.
//!
//! # Sources
//!
//! * Snapshot, `snapshot.js`, `voting/weighted.ts`.
//!
//! # Example
//!
//! ```
//! use allonet_core::money::Amount;
//! use allonet_mechanisms::trial::trial_of;
//!
//! let votes = "voter,choice,power\nann,garden:3;park:1,2\nbob,park,2\n";
//! let vote = trial_of("weighted").list("payees", &["garden", "park"]);
//! let result = vote.file("votes", votes).run(1_000)?;
//! assert_eq!(result.paid("garden"), Amount::from_base(375));
//! # Ok::<(), allonet_mechanisms::trial::NoTrial>(())
//! ```

use allonet_core::card::{Card, Family, Source, Status};
use allonet_core::fault::Fault;
use allonet_core::mechanism::{Blueprint, Mechanism};

use super::poll::{self, Ballots, Count, EMITS, Rule, SETTINGS, add_up};
use super::power::POWER;
use super::written::Form;

// --- Card -------------------------------------------------------------------

/// What the rule says of itself.
pub static CARD: Card = Card {
    id: "weighted",
    title: "Weighted voting",
    family: Family::Votes,
    formula: "score = Σ power · w / Σw",
    status: Status::Preview { since: "0.1.0" },
    sources: &[Source {
        cite: "Snapshot, snapshot.js, voting/weighted.ts",
        url: "https://github.com/snapshot-labs/snapshot.js/blob/master/src/voting/weighted.ts",
    }],
    settings: SETTINGS,
    actions: &[],
    reads: &[POWER],
    emits: EMITS,
};

// --- Settings ---------------------------------------------------------------

/// Builds the rule from its settings.
pub fn build(blueprint: &Blueprint<'_>) -> Result<Box<dyn Mechanism>, Vec<Fault>> {
    poll::build(blueprint, Form::Shares, Weighted)
}

// --- Signals ----------------------------------------------------------------

// It reads `power`, and emits `scores`, `scores_total` and `weights`.

// --- Refusals ---------------------------------------------------------------

// Those of the modules `choices`, `decision` and `power`.

// --- Rule -------------------------------------------------------------------

#[derive(Debug)]
struct Weighted;

impl Rule for Weighted {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn count(&self, ballots: &Ballots<'_>) -> Count {
        add_up(ballots, |power, share| power * share)
    }
}

// --- Tests ------------------------------------------------------------------

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::poll::testing::{close, poll, scores};
    use crate::trial::{Trial, trial_of};

    fn vote(rows: &[(&str, &str)]) -> Trial {
        poll("weighted", 3, rows)
    }

    /// Ballots as weights of the three choices, and power.
    fn ballots() -> impl Strategy<Value = Vec<([u32; 3], u32)>> {
        prop::collection::vec((prop::array::uniform3(0_u32..6), 0_u32..9), 0..12)
    }

    fn of(ballots: &[([u32; 3], u32)]) -> Trial {
        let text = |weights: &[u32; 3]| {
            let parts = (1..).zip(weights).filter(|(_, weight)| **weight > 0);
            parts.map(|(place, weight)| format!("{place}:{weight}")).collect::<Vec<_>>().join(";")
        };
        let rows: Vec<(String, String)> =
            ballots.iter().map(|(weights, power)| (text(weights), power.to_string())).collect();
        let rows: Vec<(&str, &str)> = rows.iter().map(|(w, p)| (&**w, &**p)).collect();
        vote(&rows)
    }

    // Worked examples.

    #[test]
    fn a_ballot_divides_its_power() {
        let rows = [("{\"1\": 30, \"2\": 10}", "8"), ("b:2;c:2", "2"), ("c", "1")];
        assert_eq!(scores(&vote(&rows)), [6.0, 3.0, 2.0]);
    }

    #[test]
    fn a_weight_of_zero_spoils_the_ballot() {
        let rows = [("{\"1\": 1, \"2\": 0}", "8"), ("a", "1")];
        let result = vote(&rows).run(10).unwrap();
        assert_eq!(scores(&vote(&rows)), [1.0, 0.0, 0.0]);
        assert!(result.outcome.remarks[0].ends_with("1 ballot; that of `v00` has the weight `0`"));
    }

    // Refusals.

    #[test]
    fn a_second_ballot_is_refused() {
        let votes = "voter,choice\n0xaA00000000000000000000000000000000000001,1\n\
                     0xAA00000000000000000000000000000000000001,2\n";
        let trial = trial_of("weighted").list("payees", &["a", "b"]).file("votes", votes);
        let told = trial.run(1).unwrap_err().to_string();
        assert!(told.contains("has a second ballot; the first is on line 2"), "{told}");
    }

    // Laws.

    proptest! {
        #[test]
        fn scores_add_up_to_the_power_of_valid_ballots(ballots in ballots()) {
            let valid = ballots.iter().filter(|(weights, _)| weights.iter().any(|w| *w > 0));
            let valid: u32 = valid.map(|(_, power)| power).sum();
            prop_assert!(close(&[scores(&of(&ballots)).iter().sum()], &[f64::from(valid)]));
        }

        #[test]
        fn the_scale_of_a_ballot_means_nothing(ballots in ballots(), factor in 1_u32..9) {
            let scaled: Vec<_> =
                ballots.iter().map(|(w, power)| (w.map(|w| w * factor), *power)).collect();
            prop_assert!(close(&scores(&of(&ballots)), &scores(&of(&scaled))));
        }
    }

    // Reference: percentages of each ballot, rescaled as Snapshot does it.

    proptest! {
        #[test]
        fn percentages_of_each_ballot_agree(ballots in ballots()) {
            let mut sums = [0.0; 3];
            let mut valid = 0.0;
            for (weights, power) in &ballots {
                let sum = f64::from(weights.iter().sum::<u32>());
                if sum > 0.0 {
                    valid += f64::from(*power);
                    for (own, weight) in sums.iter_mut().zip(weights) {
                        *own += f64::from(*weight) / sum * 100.0 / 100.0 * f64::from(*power);
                    }
                }
            }
            let all: f64 = sums.iter().sum();
            let percent = |own: f64| if all > 0.0 { own / all * 100.0 } else { 0.0 };
            let expected = sums.map(|own| valid / 100.0 * percent(own));
            prop_assert!(close(&scores(&of(&ballots)), &expected));
        }
    }
}
