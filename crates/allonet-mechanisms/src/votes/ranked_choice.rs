//! Ranked choice: the weakest choice is struck out until one has a majority.
//!
//! Instant-runoff voting. Use it to find one winner among several choices
//! without a second ballot.
//!
//! # Formula
//!
//! In each round every ballot counts for the highest choice on it that still
//! stands; a ballot whose choices are all struck out counts no more.
//!
//! ```text
//! score_c = Σ power of the ballots that count for c
//! stop      where the highest score is above half of Σ score, or two stand
//! else      strike out the lowest score; of equals the latest of the list
//! ```
//!
//! The scores are those of the last round, and zero for what was struck out. A
//! choice that nobody counts for is the weakest and goes first. How the result
//! pays is the same for all votes; see `single-choice`. With pays =
//! "proportional" those who stand in the last round divide the money.
//!
//! With `parity = "snapshot"`, of equals the earliest of the list is struck out,
//! and choices that no ballot counts for are passed over until one does. Both
//! matter only where scores tie: who inherits the ballots of the lowest alone
//! is the lowest again.
//!
//! # Units and rounding
//!
//! | quantity | unit | rounding |
//! |---|---|---|
//! | power, score | as the ballots have it | `f64`, summed in order of voters |
//! | payout | base units of each asset | largest remainder, earliest choice first |
//!
//! Where equal scores decide who is struck out, a remark says so.
//!
//! # Limits
//!
//! * Power: from 0 to 10^60, also after the signal `power` has multiplied it.
//! * A ballot that is no ranking, or with `complete = true` (as on Snapshot)
//!   does not rank all choices, is not valid: it counts for turnout and for
//!   nothing else.
//!
//! # Known weaknesses
//!
//! * A compromise that is few voters' first choice goes early, though it may
//!   beat every other one to one; see `copeland`.
//! * Ranking a choice higher can make it lose.
//! * pays = "proportional" and "top" with more than two seats are blunt here:
//!   the last round has few choices left.
//!
//! # Sources
//!
//! * Snapshot, `snapshot.js`, `voting/rankedChoice.ts`.
//! * N. Tideman (2006), *Collective Decisions and Voting*, chapter 13.
//!
//! # Example
//!
//! ```
//! use allonet_core::money::Amount;
//! use allonet_mechanisms::trial::trial_of;
//!
//! // The tower leads, 4 to 3 to 2; without the pool the park has 5 of 9.
//! let votes = "voter,choice,power\nann,3;2;1,4\nbob,2;1;3,3\ncem,1;2;3,2\n";
//! let vote = trial_of("ranked-choice").list("payees", &["pool", "park", "tower"]);
//! let result = vote.file("votes", votes).text("pays", "winner").run(1_000)?;
//! assert_eq!(result.paid("park"), Amount::from_base(1_000));
//! # Ok::<(), allonet_mechanisms::trial::NoTrial>(())
//! ```

use allonet_core::card::{Absent, Card, Family, Kind, Setting, Source, Status};
use allonet_core::fault::Fault;
use allonet_core::maths;
use allonet_core::mechanism::{Blueprint, Mechanism};

use super::choices::{CHOICES, Cast, PAYEES, VOTES};
use super::decision::{PAYS, QUORUM, SEATS, THRESHOLD};
use super::poll::{self, Ballots, Count, EMITS, Rule, Supporters, figure};
use super::power::POWER;
use super::written::Form;
use crate::ballots::{CLOSES, OPENS};
use crate::paying::{CAP, CAP_OVERFLOW, MINIMUM};

// --- Card -------------------------------------------------------------------

/// What the rule says of itself.
pub static CARD: Card = Card {
    id: "ranked-choice",
    title: "Ranked choice (instant runoff)",
    family: Family::Votes,
    formula: "strike out the lowest until one has more than half",
    status: Status::Preview { since: "0.1.0" },
    sources: &[
        Source {
            cite: "Snapshot, snapshot.js, voting/rankedChoice.ts",
            url: "https://github.com/snapshot-labs/snapshot.js/blob/master/src/voting/rankedChoice.ts",
        },
        Source {
            cite: "Tideman (2006), Collective Decisions and Voting, chapter 13",
            url: "https://doi.org/10.4324/9781315259963",
        },
    ],
    settings: &[
        VOTES,
        PAYEES,
        CHOICES,
        Setting {
            name: "complete",
            kind: Kind::Bool,
            default: Absent::Default("true"),
            doc: "Whether a valid ballot ranks all choices.",
        },
        Setting {
            name: "parity",
            kind: Kind::Choice(&["none", "snapshot"]),
            default: Absent::Default("none"),
            doc: "Whose way to strike out choices to repeat.",
        },
        PAYS,
        SEATS,
        QUORUM,
        THRESHOLD,
        CAP,
        CAP_OVERFLOW,
        MINIMUM,
        OPENS,
        CLOSES,
    ],
    actions: &[],
    reads: &[POWER],
    emits: EMITS,
};

// --- Settings ---------------------------------------------------------------

/// The rule and its setting.
#[derive(Debug)]
struct RankedChoice {
    as_snapshot: bool,
}

/// Builds the rule from its settings.
pub fn build(blueprint: &Blueprint<'_>) -> Result<Box<dyn Mechanism>, Vec<Fault>> {
    let settings = blueprint.settings;
    let complete = settings.get("complete").is_none() || settings.bool("complete");
    let rule = RankedChoice { as_snapshot: settings.text("parity") == Some("snapshot") };
    poll::build(blueprint, Form::Ranking { complete }, rule)
}

// --- Signals ----------------------------------------------------------------

// It reads `power`, and emits `scores`, `scores_total` and `weights`.

// --- Refusals ---------------------------------------------------------------

// Those of the modules `choices`, `decision` and `power`.

// --- Rule -------------------------------------------------------------------

impl Rule for RankedChoice {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn count(&self, ballots: &Ballots<'_>) -> Count {
        let mut reasons = first_choices(ballots);
        let mut remarks = Vec::new();
        let mut runoff = Runoff::new(ballots);
        for round in 1.. {
            runoff.count();
            let sum = maths::sum(runoff.scores.iter().copied());
            let standing = runoff.standing(self.as_snapshot);
            let most = standing.iter().map(|choice| runoff.scores[*choice]).fold(0.0, f64::max);
            let told =
                |choice: usize| format!("{} of {}", figure(runoff.scores[choice]), figure(sum));
            if most > sum / 2.0 || standing.len() < 3 {
                for choice in standing {
                    reasons[choice].push(format!("in the last round, {round}: {}", told(choice)));
                }
                break;
            }
            let (struck, equals) = runoff.lowest(&standing, self.as_snapshot);
            reasons[struck].push(format!("struck out in round {round} with {}", told(struck)));
            if equals.len() > 1 && runoff.scores[struck] > 0.0 {
                let names: Vec<String> =
                    equals.iter().map(|choice| format!("`{}`", ballots.name(*choice))).collect();
                let (score, struck) = (figure(runoff.scores[struck]), ballots.name(struck));
                let names = names.join(", ");
                remarks.push(format!(
                    "round {round}: tied at {score} are {names}; `{struck}` is struck out"
                ));
            }
            runoff.stands[struck] = false;
        }
        Count { scores: runoff.scores, reasons, remarks }
    }
}

/// Who has each choice first, for people.
fn first_choices(ballots: &Ballots<'_>) -> Vec<Vec<String>> {
    let mut first = vec![Supporters::default(); ballots.choices()];
    for cast in ballots.valid() {
        if let Some(mark) = cast.marks.first() {
            first[mark.choice as usize].add(cast.voter, cast.power);
        }
    }
    first.iter().map(|first| vec![format!("first choice of {}", first.line(ballots))]).collect()
}

/// The ballots between rounds.
struct Runoff<'a> {
    /// Each with the place of the choice it counts for.
    ballots: Vec<(Cast<'a>, usize)>,
    stands: Vec<bool>,
    scores: Vec<f64>,
}

impl<'a> Runoff<'a> {
    fn new(ballots: &Ballots<'a>) -> Self {
        let choices = ballots.choices();
        let ballots = ballots.valid().map(|cast| (cast, 0)).collect();
        Self { ballots, stands: vec![true; choices], scores: vec![0.0; choices] }
    }

    fn count(&mut self) {
        self.scores.fill(0.0);
        for (cast, place) in &mut self.ballots {
            let left = cast.marks[*place..].iter();
            *place += left.take_while(|mark| !self.stands[mark.choice as usize]).count();
            if let Some(mark) = cast.marks.get(*place) {
                self.scores[mark.choice as usize] += cast.power;
            }
        }
    }

    /// Choices that may be struck out, or win.
    fn standing(&self, with_score: bool) -> Vec<usize> {
        let stands =
            |choice: &usize| self.stands[*choice] && (!with_score || self.scores[*choice] > 0.0);
        (0..self.stands.len()).filter(stands).collect()
    }

    /// The choice to strike out, and all with the same score.
    fn lowest(&self, standing: &[usize], earliest: bool) -> (usize, Vec<usize>) {
        let least = standing.iter().map(|choice| self.scores[*choice]).fold(f64::MAX, f64::min);
        let equals = standing.iter().filter(|choice| self.scores[**choice] <= least);
        let equals: Vec<usize> = equals.copied().collect();
        let struck = if earliest { equals.first() } else { equals.last() };
        (*struck.expect("three or more stand"), equals)
    }
}

// --- Tests ------------------------------------------------------------------

#[cfg(test)]
mod tests {
    use allonet_core::card::Value;
    use proptest::prelude::*;

    use super::super::poll::testing::{close, paid, poll, ranked, rankings, scores};
    use crate::trial::Trial;

    fn vote(choices: usize, rows: &[(&str, &str)]) -> Trial {
        poll("ranked-choice", choices, rows)
    }

    fn partial(trial: Trial) -> Trial {
        trial.set("complete", Value::Bool(false))
    }

    // Worked examples.

    #[test]
    fn the_weakest_hands_on_its_ballots() {
        let rows = [("[1,2,3]", "4"), ("[2,3,1]", "3"), ("[3,2,1]", "2")];
        let trial = vote(3, &rows);
        assert_eq!(scores(&trial), [4.0, 5.0, 0.0]);
        let result = trial.run(900).unwrap();
        assert_eq!(paid(&result, &["a", "b", "c"]), [400, 500, 0]);
        assert_eq!(
            result.outcome.reasons["c"],
            [
                "score 0 of 9 valid power",
                "first choice of 1 voter, `v02` (2)",
                "struck out in round 1 with 2 of 9"
            ]
        );
        assert_eq!(result.outcome.reasons["b"][2], "in the last round, 2: 5 of 9");
    }

    #[test]
    fn a_majority_ends_it_at_once() {
        assert_eq!(
            scores(&vote(3, &[("1;2;3", "5"), ("2;3;1", "3"), ("3;2;1", "1")])),
            [5.0, 3.0, 1.0]
        );
    }

    #[test]
    fn ballots_run_out() {
        let rows = [("a", "4"), ("b", "3"), ("c", "2")];
        assert_eq!(scores(&partial(vote(3, &rows))), [4.0, 3.0, 0.0]);
        // Not complete, so not valid.
        assert_eq!(scores(&vote(3, &rows)), [0.0; 3]);
    }

    #[test]
    fn of_equals_the_latest_goes_or_as_snapshot_the_earliest() {
        let rows = [("1;2;3", "2"), ("2;1;3", "2"), ("3;2;1", "3")];
        let trial = vote(3, &rows);
        assert_eq!(scores(&trial), [4.0, 0.0, 3.0]);
        assert_eq!(
            trial.run(1).unwrap().outcome.remarks,
            ["round 1: tied at 2 are `a`, `b`; `b` is struck out"]
        );
        assert_eq!(scores(&trial.text("parity", "snapshot")), [0.0, 4.0, 3.0]);
    }

    #[test]
    fn who_is_nobodys_first_choice_inherits_little() {
        // d goes first, then c, whose next choice is a; as Snapshot has it, d is
        // passed over, gets the ballots of c, and is the lowest again.
        let rows = [("1;4;2;3", "4"), ("2;4;1;3", "3"), ("3;4;1;2", "2")];
        let trial = vote(4, &rows);
        assert_eq!(scores(&trial), [6.0, 3.0, 0.0, 0.0]);
        assert_eq!(
            trial.run(1).unwrap().outcome.reasons["d"].last().unwrap(),
            "struck out in round 1 with 0 of 9"
        );
        let snapshot = trial.text("parity", "snapshot");
        assert_eq!(scores(&snapshot), [6.0, 3.0, 0.0, 0.0]);
        assert_eq!(
            snapshot.run(1).unwrap().outcome.reasons["d"].last().unwrap(),
            "struck out in round 2 with 2 of 9"
        );
    }

    // Refusals.

    #[test]
    fn powers_that_are_none_are_refused() {
        let told = vote(3, &[("[1,2,3]", "inf")]).run(1).unwrap_err().to_string();
        assert!(told.contains("`inf` is no voting power"), "{told}");
    }

    // Laws.

    proptest! {
        #[test]
        fn a_majority_of_first_choices_wins(ballots in rankings(4, 4)) {
            let all: u32 = ballots.iter().map(|(_, power)| power).sum();
            let found = scores(&ranked("ranked-choice", 4, &ballots));
            for choice in 1..=4 {
                let own = ballots.iter().filter(|(ranking, _)| ranking[0] == choice);
                let own: u32 = own.map(|(_, power)| power).sum();
                if 2 * own > all {
                    prop_assert!(close(&[found[choice - 1]], &[f64::from(own)]));
                }
            }
        }

        #[test]
        fn complete_ballots_never_run_out(ballots in rankings(4, 4)) {
            let all: u32 = ballots.iter().map(|(_, power)| power).sum();
            let found = scores(&ranked("ranked-choice", 4, &ballots));
            prop_assert!(close(&[found.iter().sum()], &[f64::from(all)]));
        }
    }

    // Reference: ballots as lists, from which choices are crossed out.

    fn by_lists(ballots: &[(Vec<usize>, u32)], choices: usize, as_snapshot: bool) -> Vec<f64> {
        let mut lists: Vec<(Vec<usize>, u32)> =
            ballots.iter().filter(|(_, power)| *power > 0).cloned().collect();
        let mut standing: Vec<usize> = (1..=choices).collect();
        loop {
            lists.retain(|(list, _)| !list.is_empty());
            let score = |choice: usize| -> u32 {
                let own = lists.iter().filter(|(list, _)| list[0] == choice);
                own.map(|(_, power)| power).sum()
            };
            let all: u32 = lists.iter().map(|(_, power)| power).sum();
            let mut open = standing.clone();
            if as_snapshot {
                open.retain(|choice| score(*choice) > 0);
            } else {
                // The first of equal minima of the reversed list is the latest.
                open.reverse();
            }
            if open.iter().any(|choice| 2 * score(*choice) > all) || open.len() < 3 {
                return (1..=choices).map(|choice| f64::from(score(choice))).collect();
            }
            let struck = *open.iter().min_by_key(|choice| score(**choice)).unwrap();
            standing.retain(|choice| *choice != struck);
            for (list, _) in &mut lists {
                list.retain(|choice| *choice != struck);
            }
        }
    }

    proptest! {
        #[test]
        fn crossing_out_on_lists_agrees(ballots in rankings(5, 1), as_snapshot: bool) {
            let parity = if as_snapshot { "snapshot" } else { "none" };
            let trial = partial(ranked("ranked-choice", 5, &ballots)).text("parity", parity);
            prop_assert!(close(&scores(&trial), &by_lists(&ballots, 5, as_snapshot)));
        }
    }
}
