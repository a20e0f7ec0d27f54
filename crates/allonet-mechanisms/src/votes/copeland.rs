//! Copeland's method: each choice meets each other; wins count.
//!
//! A choice that beats every other one to one has the highest score. Use it
//! with rankings, where a compromise should win over what splits the voters.
//!
//! # Formula
//!
//! Let `m_cd` be the power of the ballots that rank `c` above `d`, `n` the
//! number of choices, `V` the power of all valid ballots.
//!
//! ```text
//! wins_c  = #{d: m_cd > m_dc} + ½ · #{d ≠ c: m_cd = m_dc}
//! mean_c  = Σ_d m_cd / ((n − 1) · V)
//! W_c     = wins_c                                   support = "none"
//!         = wins_c + ½ · mean_c, scaled so that each group with
//!           equal wins keeps the sum of its wins     support = "tied"
//!         = wins_c + ¼ · mean_c                      support = "all"
//! score_c = V · W_c / Σ_d W_d
//! ```
//!
//! A single choice has the score `V`. How the result pays is the same for all
//! votes; see `single-choice`.
//!
//! With `complete = false`, a ballot may rank some of the choices. Those it
//! leaves out stand below all that it ranks and level with each other
//! (`unranked = "last"`), or it says nothing of them (`"no-opinion"`).
//!
//! Snapshot has counted in several ways: wins alone, with `complete = false`
//! and `unranked = "no-opinion"`; complete rankings with the mean support of
//! all choices (`"all"`); then of those with equal wins alone (`"tied"`).
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
//! * A ballot that is no ranking, or not a complete one where that is asked
//!   for, is not valid: it counts for turnout and for nothing else.
//! * Time and memory grow with the square of the number of choices.
//!
//! # Known weaknesses
//!
//! * Ties are common with few choices: three that beat each other in a circle
//!   have the same score.
//! * Many alike choices on the list help each other: each beats the same rival.
//! * With `unranked = "no-opinion"` ranking few choices costs nothing.
//!
//! # Sources
//!
//! * A. H. Copeland (1951), *A reasonable social welfare function*.
//! * Snapshot, `snapshot.js`, `voting/copeland.ts`.
//!
//! # Example
//!
//! ```
//! use allonet_core::money::Amount;
//! use allonet_mechanisms::trial::trial_of;
//!
//! // The park is nobody's first choice for most, but beats either in a duel.
//! let votes = "voter,choice,power\nann,1;2;3,4\nbob,3;2;1,4\ncem,2;1;3,1\n";
//! let vote = trial_of("copeland").list("payees", &["pool", "park", "tower"]);
//! let result = vote.file("votes", votes).text("pays", "winner").run(1_000)?;
//! assert_eq!(result.paid("park"), Amount::from_base(1_000));
//! # Ok::<(), allonet_mechanisms::trial::NoTrial>(())
//! ```

use allonet_core::card::{Absent, Card, Family, Kind, Setting, Source, Status};
use allonet_core::fault::Fault;
use allonet_core::maths;
use allonet_core::mechanism::{Blueprint, Mechanism};

use super::choices::{CHOICES, PAYEES, VOTES};
use super::decision::{PAYS, QUORUM, SEATS, THRESHOLD};
use super::poll::{self, Ballots, Count, EMITS, Rule, figure};
use super::power::POWER;
use super::written::Form;
use crate::ballots::{CLOSES, OPENS};
use crate::paying::{CAP, CAP_OVERFLOW, MINIMUM};

// --- Card -------------------------------------------------------------------

/// What the rule says of itself.
pub static CARD: Card = Card {
    id: "copeland",
    title: "Copeland's method",
    family: Family::Votes,
    formula: "score ∝ wins + ½ ties, one choice against another",
    status: Status::Preview { since: "0.1.0" },
    sources: &[
        Source {
            cite: "Copeland (1951), A reasonable social welfare function; surveyed by Saari, \
                   Merlin (1996), The Copeland Method",
            url: "https://doi.org/10.1007/BF01213254",
        },
        Source {
            cite: "Snapshot, snapshot.js, voting/copeland.ts",
            url: "https://github.com/snapshot-labs/snapshot.js/blob/master/src/voting/copeland.ts",
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
            name: "unranked",
            kind: Kind::Choice(&["last", "no-opinion"]),
            default: Absent::Default("last"),
            doc: "Whether choices that a ballot leaves out stand below all that it ranks, or it \
                  says nothing of them.",
        },
        Setting {
            name: "support",
            kind: Kind::Choice(&["none", "tied", "all"]),
            default: Absent::Default("none"),
            doc: "Whether the mean support of a choice counts beside its wins: not at all, among \
                  choices with equal wins, or for all; Snapshot has used each.",
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

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Support {
    None,
    Tied,
    All,
}

/// The rule and its settings.
#[derive(Debug)]
struct Copeland {
    unranked_last: bool,
    support: Support,
}

/// Builds the rule from its settings.
pub fn build(blueprint: &Blueprint<'_>) -> Result<Box<dyn Mechanism>, Vec<Fault>> {
    let settings = blueprint.settings;
    let complete = settings.get("complete").is_none() || settings.bool("complete");
    let rule = Copeland {
        unranked_last: settings.text("unranked") != Some("no-opinion"),
        support: match settings.text("support") {
            Some("tied") => Support::Tied,
            Some("all") => Support::All,
            _ => Support::None,
        },
    };
    poll::build(blueprint, Form::Ranking { complete }, rule)
}

// --- Signals ----------------------------------------------------------------

// It reads `power`, and emits `scores`, `scores_total` and `weights`.

// --- Refusals ---------------------------------------------------------------

// Those of the modules `choices`, `decision` and `power`.

// --- Rule -------------------------------------------------------------------

impl Rule for Copeland {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn count(&self, ballots: &Ballots<'_>) -> Count {
        let choices = ballots.choices();
        let duels = self.duels(ballots);
        let valid = maths::sum(ballots.valid().map(|cast| cast.power));
        let wins: Vec<f64> = (0..choices).map(|choice| duels.wins(choice)).collect();
        let mean = |choice: usize| {
            let others = choices.saturating_sub(1) as f64;
            maths::sum(duels.row(choice).iter().copied()) / (others * valid)
        };
        let weights: Vec<f64> = match self.support {
            _ if valid <= 0.0 => vec![0.0; choices],
            _ if choices == 1 => vec![1.0],
            Support::None => wins.clone(),
            Support::All => (0..choices).map(|c| wins[c] + mean(c) / 4.0).collect(),
            Support::Tied => within_ties(&wins, mean),
        };
        let sum = maths::sum(weights.iter().copied());
        let score = |weight: &f64| if sum > 0.0 { weight / sum * valid } else { 0.0 };
        Count {
            scores: weights.iter().map(score).collect(),
            reasons: (0..choices).map(|choice| duels.told(choice, ballots)).collect(),
            remarks: Vec::new(),
        }
    }
}

impl Copeland {
    /// Who is ranked above whom, by how much power.
    fn duels(&self, ballots: &Ballots<'_>) -> Duels {
        let choices = ballots.choices();
        let mut duels = Duels { choices, above: vec![0.0; choices * choices] };
        let mut ranked = vec![false; choices];
        for cast in ballots.valid() {
            ranked.fill(false);
            for (at, mark) in cast.marks.iter().enumerate() {
                ranked[mark.choice as usize] = true;
                for below in &cast.marks[at + 1..] {
                    duels.add(mark.choice as usize, below.choice as usize, cast.power);
                }
            }
            if !self.unranked_last || cast.marks.len() == choices {
                continue;
            }
            for below in (0..choices).filter(|choice| !ranked[*choice]) {
                for mark in cast.marks {
                    duels.add(mark.choice as usize, below, cast.power);
                }
            }
        }
        duels
    }
}

/// Power that ranks one choice above another, for all pairs.
struct Duels {
    choices: usize,
    above: Vec<f64>,
}

impl Duels {
    fn add(&mut self, winner: usize, loser: usize, power: f64) {
        self.above[winner * self.choices + loser] += power;
    }

    fn row(&self, choice: usize) -> &[f64] {
        &self.above[choice * self.choices..][..self.choices]
    }

    /// Against one other: how much for, how much against.
    fn others(&self, choice: usize) -> impl Iterator<Item = (usize, f64, f64)> + '_ {
        let against = move |other: usize| self.above[other * self.choices + choice];
        let own = self.row(choice).iter().enumerate();
        own.filter(move |(other, _)| *other != choice)
            .map(move |(other, for_it)| (other, *for_it, against(other)))
    }

    fn wins(&self, choice: usize) -> f64 {
        let won = |(_, own, other): (usize, f64, f64)| match own.total_cmp(&other) {
            std::cmp::Ordering::Greater => 1.0,
            std::cmp::Ordering::Equal => 0.5,
            std::cmp::Ordering::Less => 0.0,
        };
        self.others(choice).map(won).sum()
    }

    /// Its wins, losses and ties, for people.
    fn told(&self, choice: usize, ballots: &Ballots<'_>) -> Vec<String> {
        let duel = |(other, own, against): (usize, f64, f64)| {
            let how = match own.total_cmp(&against) {
                std::cmp::Ordering::Greater => "beats",
                std::cmp::Ordering::Equal => "ties with",
                std::cmp::Ordering::Less => "loses to",
            };
            let (own, against) = (figure(own), figure(against));
            format!("{how} `{}` by {own} to {against}", ballots.name(other))
        };
        let wins = format!("{} wins", figure(self.wins(choice)));
        std::iter::once(wins).chain(self.others(choice).map(duel)).collect()
    }
}

/// Divides the wins of choices with equally many among them by wins and half
/// their mean support.
fn within_ties(wins: &[f64], mean: impl Fn(usize) -> f64) -> Vec<f64> {
    let own: Vec<f64> = (0..wins.len()).map(|choice| wins[choice] + mean(choice) / 2.0).collect();
    let share = |choice: usize| {
        let group = (0..wins.len()).filter(|other| wins[*other].total_cmp(&wins[choice]).is_eq());
        let (mut count, mut sum) = (0.0, 0.0);
        group.for_each(|other| {
            count += 1.0;
            sum += own[other];
        });
        if wins[choice] > 0.0 { own[choice] / sum * (wins[choice] * count) } else { 0.0 }
    };
    (0..wins.len()).map(share).collect()
}

// --- Tests ------------------------------------------------------------------

#[cfg(test)]
mod tests {
    use allonet_core::card::Value;
    use proptest::prelude::*;

    use super::super::poll::testing::{close, poll, ranked, rankings, scores};
    use crate::trial::Trial;

    fn vote(rows: &[(&str, &str)]) -> Trial {
        poll("copeland", 3, rows)
    }

    fn partial(trial: Trial) -> Trial {
        trial.set("complete", Value::Bool(false))
    }

    // Worked examples.

    #[test]
    fn wins_are_counted_duel_by_duel() {
        // a beats b 3:2 and c 5:0, b beats c 3:2.
        let rows = [("[1,2,3]", "2"), ("[2,1,3]", "2"), ("[1,3,2]", "1")];
        let trial = vote(&[rows[0], rows[2], rows[1]]);
        assert!(close(&scores(&trial), &[5.0 * 2.0 / 3.0, 5.0 / 3.0, 0.0]));
        let reasons = trial.run(10).unwrap().outcome.reasons;
        let expected = [
            "score 1.6667 of 5 valid power",
            "1 wins",
            "loses to `a` by 2 to 3",
            "beats `c` by 4 to 1",
        ];
        assert_eq!(reasons["b"], expected);
    }

    #[test]
    fn a_circle_is_a_tie_and_support_may_settle_it() {
        // Each beats the next; first places 4, 3 and 2.
        let rows = [("[1,2,3]", "4"), ("[2,3,1]", "3"), ("[3,1,2]", "2")];
        assert!(close(&scores(&vote(&rows)), &[3.0; 3]));
        // Support: a 2·4 + 2, b 4 + 2·3, c 3 + 2·2 of 2·9.
        let means = [10.0, 10.0, 7.0].map(|sum| sum / 18.0);
        let all = scores(&vote(&rows).text("support", "all"));
        let own = means.map(|mean| (1.0 + mean / 4.0) / (3.0 + 0.25 * 1.5) * 9.0);
        assert!(close(&all, &own), "{all:?}");
        let tied = scores(&vote(&rows).text("support", "tied"));
        let own = means.map(|mean| (1.0 + mean / 2.0) / (3.0 + 0.5 * 1.5) * 9.0);
        assert!(close(&tied, &own), "{tied:?}");
    }

    #[test]
    fn what_is_left_out_is_last_or_no_matter() {
        let rows = [("[3]", "2"), ("[1,2,3]", "1")];
        assert_eq!(scores(&vote(&rows)), [2.0 / 3.0, 1.0 / 3.0, 0.0]);
        // c beats both by 2:1, a beats b by 1:0.
        assert_eq!(scores(&partial(vote(&rows))), [1.0, 0.0, 2.0]);
        let no_opinion = partial(vote(&rows)).text("unranked", "no-opinion");
        assert_eq!(scores(&no_opinion), [2.0, 1.0, 0.0]);
    }

    #[test]
    fn one_choice_has_all_the_power() {
        assert_eq!(scores(&poll("copeland", 1, &[("[1]", "3"), ("[1]", "4")])), [7.0]);
        assert_eq!(scores(&poll("copeland", 2, &[])), [0.0, 0.0]);
    }

    // Refusals.

    #[test]
    fn powers_that_are_none_are_refused() {
        let told = vote(&[("[1,2,3]", "x")]).run(1).unwrap_err().to_string();
        assert!(told.contains("`x` is no voting power"), "{told}");
    }

    // Laws.

    proptest! {
        #[test]
        fn scores_add_up_to_the_power_of_valid_ballots(
            ballots in rankings(4, 1),
            support in prop::sample::select(vec!["none", "tied", "all"]),
        ) {
            let trial = partial(ranked("copeland", 4, &ballots)).text("support", support);
            let power: u32 = ballots.iter().map(|(_, power)| power).sum();
            prop_assert!(close(&[scores(&trial).iter().sum()], &[f64::from(power)]));
        }

        #[test]
        fn who_beats_all_others_has_the_highest_score(ballots in rankings(4, 4)) {
            let found = scores(&ranked("copeland", 4, &ballots));
            let beats = |a: usize, b: usize| {
                let above = |(ranking, _): &&(Vec<usize>, u32)| {
                    let place = |choice| ranking.iter().position(|other| *other == choice + 1);
                    place(a) < place(b)
                };
                let for_it: u32 = ballots.iter().filter(above).map(|(_, power)| power).sum();
                let all: u32 = ballots.iter().map(|(_, power)| power).sum();
                2 * for_it > all
            };
            for a in 0..4 {
                if (0..4).all(|b| a == b || beats(a, b)) {
                    prop_assert!((0..4).all(|b| a == b || found[a] > found[b]));
                }
            }
        }

        #[test]
        fn a_doubled_list_of_voters_doubles_the_scores(ballots in rankings(3, 3)) {
            let doubled: Vec<_> =
                ballots.iter().map(|(ranking, power)| (ranking.clone(), 2 * power)).collect();
            let expected: Vec<f64> =
                scores(&ranked("copeland", 3, &ballots)).iter().map(|score| 2.0 * score).collect();
            prop_assert!(close(&scores(&ranked("copeland", 3, &doubled)), &expected));
        }
    }

    // Reference: margins of each pair, as whole numbers.

    proptest! {
        #[test]
        fn margins_pair_by_pair_agree(ballots in rankings(4, 1), last: bool) {
            let place = |ranking: &Vec<usize>, choice: usize| {
                ranking.iter().position(|other| *other == choice + 1)
            };
            let margin = |a: usize, b: usize| -> i64 {
                let side = |ranking: &Vec<usize>| match (place(ranking, a), place(ranking, b)) {
                    (Some(a), Some(b)) => if a < b { 1 } else { -1 },
                    (Some(_), None) if last => 1,
                    (None, Some(_)) if last => -1,
                    _ => 0,
                };
                ballots.iter().map(|(ranking, power)| side(ranking) * i64::from(*power)).sum()
            };
            // Twice the wins.
            let wins: Vec<i64> = (0..4)
                .map(|a| (0..4).filter(|b| *b != a).map(|b| margin(a, b).signum() + 1).sum())
                .collect();
            let power: u32 = ballots.iter().map(|(_, power)| power).sum();
            let expected: Vec<f64> =
                wins.iter().map(|wins| *wins as f64 / 12.0 * f64::from(power)).collect();
            let unranked = if last { "last" } else { "no-opinion" };
            let trial = partial(ranked("copeland", 4, &ballots)).text("unranked", unranked);
            prop_assert!(close(&scores(&trial), &expected));
        }
    }
}
