//! Approval voting: each voter names all choices they would be content with.
//!
//! Similar choices do not take votes from each other. Use it for many choices
//! of which several may be paid.
//!
//! # Formula
//!
//! ```text
//! score_c = Σ power_i      over the voters i who approve of c
//! ```
//!
//! Each choice on a ballot counts with all of its power, so that the scores may
//! add up to more than the power of all ballots. A blank ballot approves of
//! none: it raises what a `threshold` asks for.
//!
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
//! * A ballot with a choice that is not listed, or with one twice, is not
//!   valid: it counts for turnout and for nothing else.
//!
//! # Known weaknesses
//!
//! * A voter cannot say which of two approved choices they like better.
//! * With pays = "proportional" who approves of many gives less weight to each,
//!   compared with who approves of one: naming a favourite alone can pay.
//!
//! # Sources
//!
//! * S. J. Brams, P. C. Fishburn (1978), *Approval Voting*, American Political
//!   Science Review 72(3).
//! * Snapshot, `snapshot.js`, `voting/approval.ts`.
//!
//! # Example
//!
//! ```
//! use allonet_core::money::Amount;
//! use allonet_mechanisms::trial::trial_of;
//!
//! let votes = "voter,choice\nann,garden;park\nbob,garden\ncem,1;3\n";
//! let vote = trial_of("approval").list("payees", &["garden", "park", "pool"]);
//! let result = vote.file("votes", votes).run(1_000)?;
//! assert_eq!(result.paid("garden"), Amount::from_base(600));
//! assert_eq!(result.paid("pool"), Amount::from_base(200));
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
    id: "approval",
    title: "Approval voting",
    family: Family::Votes,
    formula: "score = Σ power of the voters who approve of the choice",
    status: Status::Preview { since: "0.1.0" },
    sources: &[
        Source {
            cite: "Brams, Fishburn (1978), Approval Voting",
            url: "https://doi.org/10.2307/1955105",
        },
        Source {
            cite: "Snapshot, snapshot.js, voting/approval.ts",
            url: "https://github.com/snapshot-labs/snapshot.js/blob/master/src/voting/approval.ts",
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
    poll::build(blueprint, Form::Set, Approval)
}

// --- Signals ----------------------------------------------------------------

// It reads `power`, and emits `scores`, `scores_total` and `weights`.

// --- Refusals ---------------------------------------------------------------

// Those of the modules `choices`, `decision` and `power`.

// --- Rule -------------------------------------------------------------------

#[derive(Debug)]
struct Approval;

impl Rule for Approval {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn count(&self, ballots: &Ballots<'_>) -> Count {
        add_up(ballots, |power, _| power)
    }
}

// --- Tests ------------------------------------------------------------------

#[cfg(test)]
mod tests {
    use allonet_core::card::Value;
    use proptest::prelude::*;

    use super::super::poll::testing::{close, paid, poll, ranked, rankings, scores};
    use crate::trial::{Trial, trial_of};

    fn vote(rows: &[(&str, &str)]) -> Trial {
        poll("approval", 3, rows)
    }

    // Worked examples.

    #[test]
    fn each_approval_counts_in_full() {
        let rows = [("[1,2]", "3"), ("2", "1"), ("b;c", "1"), ("[]", "5")];
        assert_eq!(scores(&vote(&rows)), [3.0, 5.0, 1.0]);
        // Of 10 in all, the blank ballot included, 3 are below 40%.
        let share = Value::Share("40%".parse().unwrap());
        let result = vote(&rows).set("threshold", share).run(90).unwrap();
        assert_eq!(paid(&result, &["a", "b", "c"]), [0, 90, 0]);
    }

    #[test]
    fn a_choice_named_twice_spoils_the_ballot() {
        assert_eq!(scores(&vote(&[("[1,1]", "3"), ("[1]", "1")])), [1.0, 0.0, 0.0]);
    }

    // Refusals.

    #[test]
    fn a_second_ballot_is_refused() {
        let votes = "voter,choice\nann,1\nann,2\n";
        let trial = trial_of("approval").list("payees", &["a", "b"]).file("votes", votes);
        let told = trial.run(1).unwrap_err().to_string();
        assert!(told.starts_with("votes.csv:3:1: `ann` has a second ballot"), "{told}");
    }

    // Laws.

    proptest! {
        #[test]
        fn approving_of_more_never_lowers_a_score(
            ballots in rankings(4, 0),
            more in 0_usize..12,
        ) {
            let before = scores(&ranked("approval", 4, &ballots));
            let mut ballots = ballots;
            if let Some((choices, _)) = ballots.get_mut(more) {
                *choices = vec![1, 2, 3, 4];
            }
            let after = scores(&ranked("approval", 4, &ballots));
            prop_assert!(before.iter().zip(after).all(|(before, after)| after >= *before));
        }
    }

    // Reference: one pass over all ballots for each choice.

    proptest! {
        #[test]
        fn a_count_by_hand_agrees(ballots in rankings(4, 0)) {
            let expected: Vec<f64> = (1..=4)
                .map(|choice| {
                    let own = ballots.iter().filter(|(choices, _)| choices.contains(&choice));
                    own.map(|(_, power)| f64::from(*power)).sum()
                })
                .collect();
            prop_assert!(close(&scores(&ranked("approval", 4, &ballots)), &expected));
        }
    }
}
