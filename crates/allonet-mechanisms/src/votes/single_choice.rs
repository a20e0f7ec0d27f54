//! Single choice: each voter names one choice.
//!
//! The plainest of votes. Use it for two choices, or where a voter should have
//! to make up their mind.
//!
//! # Formula
//!
//! ```text
//! score_c = Σ power_i      over the voters i who name c
//! ```
//!
//! The result pays as `pays` says: in proportion to the scores, all to the
//! highest, or equal parts to the `seats` highest. Nobody is paid below the
//! `quorum`, and no choice below the `threshold`. The same ballots divide the
//! money of each epoch.
//!
//! # Units and rounding
//!
//! | quantity | unit | rounding |
//! |---|---|---|
//! | power, score | as the ballots have it | `f64`, summed in order of voters |
//! | payout | base units of each asset | largest remainder, earliest choice first |
//!
//! A tie for the last paid place goes to the earliest choice of the list, with
//! a remark.
//!
//! # Limits
//!
//! * Power: from 0 to 10^60, also after the signal `power` has multiplied it.
//! * One ballot for each voter. A ballot without exactly one choice of the list
//!   is not valid: it counts for turnout (`quorum`, signal `scores_total`) and
//!   for nothing else, as on Snapshot.
//! * Ballots are read as the module `choices` says.
//!
//! # Known weaknesses
//!
//! * Similar choices split their supporters and lose to a third.
//! * Voters with little hope for their favourite do better to name another.
//!
//! # Sources
//!
//! * Snapshot, `snapshot.js`, `voting/singleChoice.ts`.
//!
//! # Example
//!
//! ```
//! use allonet_core::money::Amount;
//! use allonet_mechanisms::trial::trial_of;
//!
//! let votes = "voter,choice,power\nann,garden,3\nbob,2,1\ncem,garden,1\n";
//! let vote = trial_of("single-choice").list("payees", &["garden", "park"]).file("votes", votes);
//! assert_eq!(vote.run(1_000)?.paid("park"), Amount::from_base(200));
//! let vote = vote.text("pays", "winner");
//! assert_eq!(vote.run(1_000)?.paid("garden"), Amount::from_base(1_000));
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
    id: "single-choice",
    title: "Single choice",
    family: Family::Votes,
    formula: "score = Σ power of the voters who name the choice",
    status: Status::Preview { since: "0.1.0" },
    sources: &[Source {
        cite: "Snapshot, snapshot.js, voting/singleChoice.ts",
        url: "https://github.com/snapshot-labs/snapshot.js/blob/master/src/voting/singleChoice.ts",
    }],
    settings: SETTINGS,
    actions: &[],
    reads: &[POWER],
    emits: EMITS,
};

// --- Settings ---------------------------------------------------------------

/// Builds the rule from its settings.
pub fn build(blueprint: &Blueprint<'_>) -> Result<Box<dyn Mechanism>, Vec<Fault>> {
    poll::build(blueprint, Form::One, SingleChoice)
}

// --- Signals ----------------------------------------------------------------

// It reads `power`, and emits `scores`, `scores_total` and `weights`.

// --- Refusals ---------------------------------------------------------------

// Those of the modules `choices`, `decision` and `power`.

// --- Rule -------------------------------------------------------------------

#[derive(Debug)]
struct SingleChoice;

impl Rule for SingleChoice {
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
    use allonet_core::signal::SignalData;
    use proptest::prelude::*;

    use super::super::poll::testing::{close, paid, poll, scores};
    use crate::trial::{Trial, trial_of};

    fn vote(rows: &[(&str, &str)]) -> Trial {
        poll("single-choice", 3, rows)
    }

    fn refused(trial: &Trial) -> String {
        trial.run(1_000).unwrap_err().to_string()
    }

    const THREE: [(&str, &str); 4] = [("1", "5"), ("b", "2"), ("3", "2"), ("b", "1")];

    // Worked examples.

    #[test]
    fn powers_add_up_and_divide_the_money() {
        let result = vote(&THREE).run(1_000).unwrap();
        assert_eq!(paid(&result, &["a", "b", "c"]), [500, 300, 200]);
        let why = &result.outcome.reasons["b"];
        assert_eq!(*why, ["score 3 of 10 valid power", "2 voters, most by `v01` (2), `v03` (1)"]);
        let step = &result.payouts[1].steps[0];
        assert_eq!(
            step.note.as_deref(),
            Some("score 3 of 10; 2 voters, most by `v01` (2), `v03` (1)")
        );
    }

    #[test]
    fn a_winner_takes_all_and_seats_share_evenly() {
        let winner = vote(&THREE).text("pays", "winner").run(1_000).unwrap();
        assert_eq!(paid(&winner, &["a", "b", "c"]), [1_000, 0, 0]);
        let top = vote(&THREE).text("pays", "top").set("seats", Value::Integer(2));
        let top = top.run(1_000).unwrap();
        assert_eq!(paid(&top, &["a", "b", "c"]), [500, 500, 0]);
        assert!(top.outcome.remarks.is_empty());
    }

    #[test]
    fn of_equals_the_earliest_is_paid() {
        let tied = vote(&[("3", "2"), ("2", "2")]).text("pays", "winner").run(1_000).unwrap();
        assert_eq!(paid(&tied, &["a", "b", "c"]), [0, 1_000, 0]);
        let expected = "tied at 2, and the earliest of the list come first: `b`, `c`";
        assert_eq!(tied.outcome.remarks, [expected]);
    }

    #[test]
    fn quorum_and_threshold_hold_money_back() {
        let quorum = |least| vote(&THREE).set("quorum", Value::Number(least)).run(1_000).unwrap();
        assert_eq!(paid(&quorum(10.0), &["a"]), [500]);
        let short = quorum(10.5);
        assert_eq!(paid(&short, &["a", "b", "c"]), [0, 0, 0]);
        assert_eq!(short.outcome.remarks[0], "quorum of 10.5 not reached by 10: nobody is paid");
        let share = Value::Share("30%".parse().unwrap());
        let above = vote(&THREE).set("threshold", share).run(800).unwrap();
        assert_eq!(paid(&above, &["a", "b", "c"]), [500, 300, 0]);
        assert_eq!(above.outcome.remarks, ["below the threshold and not paid: 1 choice"]);
    }

    #[test]
    fn ballots_that_are_not_valid_count_for_turnout() {
        let result = vote(&[("1", "5"), ("4", "2"), ("[2]", "1"), ("", "1")]).run(1_000).unwrap();
        assert_eq!(paid(&result, &["a", "b", "c"]), [1_000, 0, 0]);
        assert_eq!(result.outcome.signals[1].1, SignalData::Number(9.0));
        assert_eq!(
            result.outcome.remarks,
            ["not valid and counted for nothing but turnout: 3 ballots; that of `v01` names \
              choice 4 of 3"]
        );
    }

    #[test]
    fn a_choice_may_pay_nobody() {
        let choices = "choice,payee\nFund the garden,garden\nFund the park,park\nAgainst both,\n";
        let votes = "voter,choice\nann,1\nbob,Against both\ncem,3\ndan,Fund the park\n";
        let vote = trial_of("single-choice").file("choices", choices).file("votes", votes);
        let result = vote.run(1_000).unwrap();
        assert_eq!(paid(&result, &["garden", "park"]), [250, 250]);
        assert_eq!(result.outcome.remarks, ["`Against both` pays nobody: 5.00 USD stay unspent"]);
        let SignalData::Scores(scores) = &result.outcome.signals[0].1 else { panic!() };
        let scores: Vec<_> = scores.iter().map(|(id, score)| (id.as_str(), *score)).collect();
        assert_eq!(scores, [("Against both", 2.0), ("garden", 1.0), ("park", 1.0)]);
        assert_eq!(paid(&vote.text("pays", "winner").run(9).unwrap(), &["garden", "park"]), [0, 0]);
    }

    #[test]
    fn an_export_is_read_as_it_is() {
        let votes = r#"{"data": {"proposal": {"choices": ["garden", "park"]}, "votes": [
            {"voter": "0xAA00000000000000000000000000000000000001", "choice": 2, "vp": 3,
             "created": 1767312000},
            {"voter": "bob", "choice": 1, "vp": 1, "created": 1767225600, "reason": "why not"}
        ]}}"#;
        let vote = trial_of("single-choice").file("votes", votes);
        assert_eq!(paid(&vote.run(1_000).unwrap(), &["garden", "park"]), [250, 750]);
        let late = vote.set("closes", Value::Time("2026-01-02".parse().unwrap())).run(10).unwrap();
        assert_eq!(paid(&late, &["garden", "park"]), [10, 0]);
        let expected = "outside the voting window and not counted: 1 ballot";
        assert_eq!(late.outcome.remarks, [expected]);
    }

    #[test]
    fn the_signal_multiplies_power() {
        let rows = [("1", "5"), ("2", "2"), ("3", "2")];
        let trial = vote(&rows).scores("power", &[("v00", 1.0), ("v01", 2.5), ("v09", 3.0)]);
        assert_eq!(scores(&trial), [5.0, 5.0, 0.0]);
        assert_eq!(scores(&vote(&rows).scores("power", &[])), [0.0; 3]);
    }

    #[test]
    fn nobody_and_one_voter() {
        let result = vote(&[]).run(1_000).unwrap();
        assert!(result.payouts.is_empty());
        assert_eq!(result.outcome.remarks, ["no project has a score above zero: nothing is paid"]);
        assert_eq!(paid(&vote(&[("3", "1e-9")]).run(7).unwrap(), &["c"]), [7]);
        assert_eq!(paid(&vote(&[("3", "1e60")]).run(1 << 100).unwrap(), &["c"]), [1 << 100]);
    }

    // Refusals.

    #[test]
    fn tables_that_mean_nothing_are_refused_by_place() {
        let one = |text: &str| {
            refused(&trial_of("single-choice").list("payees", &["a"]).file("votes", text))
        };
        for (text, expected) in [
            ("voter,choice,power\n,1,1\n", "votes.csv:2:1: this ballot names no voter"),
            ("voter,choice,vp\nann,1,-1\n", "votes.csv:2:7: `-1` is no voting power (it is"),
            ("voter,choice,vp\nann,1,NaN\n", "votes.csv:2:7: `NaN` is no voting power"),
            ("voter,choice,vp\nann,1,1e61\n", "votes.csv:2:7: `1e61` is no voting power"),
            (
                "voter,choice\nann,1\nbob,1\nann,1\n",
                "votes.csv:4:1: `ann` has a second ballot; the first is on line 2",
            ),
            ("[{\"choice\": 1}]", "votes.csv:1:2: this vote names no voter"),
            ("[{\"voter\": \"a\", \"vp\": -1}]", "votes.csv:1:2: `-1` is no voting power"),
            ("[{\"voter\": 1}]", "votes.csv:1:2: this is no export of votes: invalid type"),
            ("{\"votes\": [", "votes.csv:1:1: this is no export of votes: EOF"),
        ] {
            assert!(one(text).starts_with(expected), "{text}: {}", one(text));
        }
        assert!(refused(&trial_of("single-choice")).starts_with("there are no ballots to count"));
    }

    #[test]
    fn lists_of_choices_that_mean_nothing_are_refused() {
        let bare = trial_of("single-choice").file("votes", "voter,choice\n");
        assert!(refused(&bare).starts_with("nothing says what may be chosen"));
        let list = |names: &[&str]| refused(&bare.clone().list("payees", names));
        assert_eq!(list(&["a", "a"]), "the choice `a` is listed twice");
        assert_eq!(list(&["2", "1"]).lines().count(), 2);
        assert!(list(&["2", "1"]).starts_with("choice 1 is called `2`, the place of another"));
        assert!(list(&["a", ""]).starts_with("`` cannot be the name of a choice: it is empty"));
        let both = bare.clone().list("payees", &["a"]).file("choices", "choice\na\n");
        assert!(refused(&both).starts_with("the choices are listed by `payees` and by `choices`"));
        let table = bare.file("choices", "choice,payee\na,x\nb,x\n");
        assert_eq!(refused(&table), "choices.csv:3:1: two choices pay `x`, or are called so");
    }

    #[test]
    fn settings_that_contradict_each_other_are_refused() {
        let top = vote(&[]).text("pays", "top");
        assert!(refused(&top).starts_with("pays = \"top\" does not say how many are paid"));
        let seats = vote(&[]).set("seats", Value::Integer(2));
        assert!(refused(&seats).starts_with("`seats` works only with pays = \"top\""));
        let window = vote(&[]).set("opens", Value::Time("2026-01-02".parse().unwrap()));
        assert!(refused(&window).starts_with("votes.csv has no column `time`"));
    }

    #[test]
    fn powers_that_are_none_are_refused() {
        let told = |power| refused(&vote(&[("1", "2")]).scores("power", &[("v00", power)]));
        let expected = "the signal `power` from `elsewhere` gives `v00` -1";
        assert!(told(-1.0).starts_with(expected), "{}", told(-1.0));
        assert!(told(f64::NAN).starts_with("the signal `power` from `elsewhere` gives `v00` NaN"));
        assert!(told(1e60).starts_with("the power of `v00`, times what the signal says, is above"));
        let address = "0xaA00000000000000000000000000000000000001";
        let both = [(address, 1.0), (&*address.to_lowercase(), 2.0)];
        let twice = refused(&vote(&[]).scores("power", &both));
        assert!(twice.ends_with("000001` twice"), "{twice}");
        let mut number = vote(&[]).scores("power", &[]);
        number.signals[0].data = SignalData::Number(1.0);
        assert!(refused(&number).ends_with("is one number, not one for each person"));
    }

    // Laws.

    proptest! {
        #[test]
        fn splitting_power_among_names_changes_nothing(power in 2_u32..100, part in 1_u32..100) {
            let part = part.min(power - 1);
            let (whole, part, rest) =
                (power.to_string(), part.to_string(), (power - part).to_string());
            let one = vote(&[("1", &whole), ("2", "7")]);
            let two = vote(&[("1", &part), ("2", "7"), ("1", &rest)]);
            prop_assert!(close(&scores(&one), &scores(&two)));
        }

        #[test]
        fn all_power_is_counted_once(rows in prop::collection::vec((1_usize..4, 0_u32..9), 0..20)) {
            let rows: Vec<(String, String)> =
                rows.iter().map(|(c, p)| (c.to_string(), p.to_string())).collect();
            let rows: Vec<(&str, &str)> = rows.iter().map(|(c, p)| (&**c, &**p)).collect();
            let sum: f64 = rows.iter().map(|(_, power)| power.parse::<f64>().unwrap()).sum();
            prop_assert!(close(&[scores(&vote(&rows)).iter().sum()], &[sum]));
        }
    }

    // Reference: one pass over all rows for each choice.

    proptest! {
        #[test]
        fn a_count_by_hand_agrees(rows in prop::collection::vec((0_usize..5, 0_u32..9), 0..20)) {
            let expected: Vec<f64> = (1..=3)
                .map(|choice| {
                    let own = rows.iter().filter(|(named, _)| *named == choice);
                    own.map(|(_, power)| f64::from(*power)).sum()
                })
                .collect();
            let texts: Vec<(String, String)> =
                rows.iter().map(|(c, p)| (c.to_string(), p.to_string())).collect();
            let texts: Vec<(&str, &str)> = texts.iter().map(|(c, p)| (&**c, &**p)).collect();
            prop_assert!(close(&scores(&vote(&texts)), &expected));
        }
    }
}
