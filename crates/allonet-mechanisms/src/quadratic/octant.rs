//! Octant's epochs: capped quadratic funding with a quotient for how unique each
//! voter is, and the rule before it.
//!
//! Whoever locks tokens gets rewards and gives part of them to projects; the
//! gifts steer a pool of matched rewards. Use it where few large and many small
//! givers meet and one project must not take the pool.
//!
//! # Formula
//!
//! For project `p`, let `a_i` be all that voter `i` gives it and `q_i` the
//! voter's quotient.
//!
//! ```text
//! score_p = (Σ √(q_i · a_i))²                             variant = "capped-quadratic"
//! match_p = ⌊min(score_p · MR / Σ score, cap · MR)⌋       epochs 4 and later
//!
//! score_p = Σ q_i · a_i if that is above t, else 0        variant = "threshold"
//! t       = ⌊Σ_p Σ q_i · a_i / (projects · threshold_multiplier)⌋
//! match_p = ⌊score_p · MR / Σ score⌋                      epochs 1 to 3
//! ```
//!
//! `q` is 1 without `scores`. With them it is 1 from `score_min` on and for
//! `guests`, `low_quotient` below (and for who has no score), and 0 for voters on
//! the list `timeout`. A signal `trust` is a quotient too; it multiplies this one.
//!
//! What the cap cuts off stays unspent; with `cap_overflow = "redistribute"` it
//! goes to the others by score. `MR` is all the money there is, with what stayed
//! of earlier epochs, or, where `locked_ratio` and `proceeds` are set, no more than
//!
//! ```text
//! MR = matched_share · proceeds + patrons          if locked_ratio < ire
//!    = (tr − locked_ratio) · proceeds + patrons    if ire ≤ locked_ratio < tr
//!    = patrons                                     else
//! ```
//!
//! The leverage is `MR / Σ a`. The leverage of one voter, with
//! `individual_leverage`, is what the voter's gifts move to or from the projects
//! they go to, for each unit given.
//!
//! # Units and rounding
//!
//! | quantity         | unit                                 | rounding                      |
//! |------------------|--------------------------------------|-------------------------------|
//! | pool, match      | base units of each asset             | down; the dust stays unspent  |
//! | `q · a`          | base units                           | `q` of `scores` to 1/10,000, of `trust` to 10⁻⁹; the product down |
//! | root, score      | as for `quadratic`                   | down; exact sum of products   |
//! | threshold, cap, `MR` | base units                       | down                          |
//! | leverage         | `f64`                                | nearest                       |
//!
//! Octant takes each root as a float of 53 bits and divides in decimals of 28
//! digits; here roots have up to 63 bits and all else is exact. The two differ
//! from the sixteenth digit on: not at all in pools of up to 10¹⁵ base units, but
//! for fractions that hit a whole number. Other assets than the main one are
//! divided in the same proportions, in full.
//!
//! # Limits
//!
//! * One voter's total for one project: below 2^128 base units.
//! * `individual_leverage` divides the pool once for each voter.
//!
//! # Known weaknesses
//!
//! * A lone voter is matched: locked tokens are the only cost of a gift to
//!   oneself.
//! * A quotient of 1 % still counts a tenth of a root: many small addresses add
//!   up.
//! * Before epoch 4, the threshold moved with what everybody gave, so that a large
//!   gift to one project could push others below it.
//!
//! # Sources
//!
//! * Octant, `v2/project_rewards/capped_quadratic.py`, `cqf_simulate_leverage`.
//! * Octant, `v2/uniqueness_quotients` and `v2/matched_rewards`.
//! * Octant, `engine/projects/rewards/preliminary.py`, for the threshold.
//!
//! # Example
//!
//! ```
//! use allonet_core::money::Amount;
//! use allonet_mechanisms::trial::trial_of;
//!
//! let votes = "voter,project,amount\nann,books,1\nbob,books,1\ncem,films,4\ndan,songs,1\n";
//! // (1 + 1)² = 4, 4 and 1 of 9; at most 40% of 90.
//! let result = trial_of("octant")
//!     .file("votes", votes)
//!     .set("cap", allonet_core::card::Value::Share("40%".parse().unwrap()))
//!     .run(90_00)?;
//! assert_eq!(result.paid("books"), Amount::from_base(36_00));
//! assert_eq!(result.paid("songs"), Amount::from_base(10_00));
//! assert_eq!(result.unspent.of(0), Amount::from_base(8_00));
//! # Ok::<(), allonet_mechanisms::trial::NoTrial>(())
//! ```

use std::collections::BTreeMap;
use std::sync::Arc;

use allonet_core::card::{Absent, Card, Family, Kind, Setting, Source, Status};
use allonet_core::fault::Fault;
use allonet_core::mechanism::{
    Allocation, Blueprint, Mechanism, Outcome, Purse, Refusal, Turn, VoterEffect,
};
use allonet_core::money::{Amount, Share};
use allonet_core::signal::SignalData;
use allonet_core::table::Table;
use ruint::aliases::U256;

use super::division::{Division, Dust, Overflow};
use super::eligibility::{Eligibility, SCORE_COLUMNS, Scale};
use super::leverage::individual;
use super::lists::VOTER_COLUMNS;
use super::matched::Matched;
use super::matching::{Matching, Precision, Tally};
use super::reading::{AMOUNTS, PROJECTS, Reader, SCORES, VOTES};
use super::roster::{PROJECT_COLUMNS, approved};
use super::threshold::Threshold;
use super::trust::TRUST;
use super::votes::{COLUMNS, Votes};
use crate::paying::{CAP_OVERFLOW, cap_zero, several, show};

// --- Card -------------------------------------------------------------------

/// What the rule says of itself.
pub static CARD: Card = Card {
    id: "octant",
    title: "Octant epoch",
    family: Family::Quadratic,
    formula: "match = min((Σ√(q·a))² · MR / Σ score, cap · MR)",
    status: Status::Preview { since: "0.1.0" },
    sources: &[
        Source {
            cite: "Octant, v2/project_rewards/capped_quadratic.py",
            url: "https://github.com/golemfoundation/octant",
        },
        Source {
            cite: "Octant, engine/projects/rewards/preliminary.py",
            url: "https://github.com/golemfoundation/octant",
        },
    ],
    settings: SETTINGS,
    actions: &[],
    reads: &[TRUST],
    emits: &["match", "leverage"],
};

const SETTINGS: &[Setting] = &[
    Setting {
        doc: "Table of gifts, columns `voter`, `project` and `amount` or their common names.",
        ..VOTES
    },
    Setting {
        doc: "Whether gifts are written in units of the main asset or in its base units.",
        ..AMOUNTS
    },
    Setting {
        name: "variant",
        kind: Kind::Choice(&["capped-quadratic", "threshold"]),
        default: Absent::Default("capped-quadratic"),
        doc: "The rule of epochs 4 and later, or that of epochs 1 to 3.",
    },
    Setting {
        name: "cap",
        kind: Kind::Share,
        default: Absent::Default("20%"),
        doc: "Most that one project may take of what is matched, with `capped-quadratic`.",
    },
    Setting { default: Absent::Default("keep"), ..CAP_OVERFLOW },
    Setting {
        name: "threshold_multiplier",
        kind: Kind::Integer { min: 1, max: 1_000_000 },
        default: Absent::Default("1"),
        doc: "With `threshold`, projects need more than all gifts divided by so many times the \
              number of projects.",
    },
    Setting {
        default: Absent::None("every project given to is paid"),
        doc: "List of projects that may be paid, column `id`, and if wished `status`, `recipient` \
              and a `cap` of their own; with `threshold`, all of them count.",
        ..PROJECTS
    },
    Setting {
        default: Absent::None("every quotient is 1"),
        doc: "Table of voters and their identity scores, columns `voter` and `score`; who is not \
              in it has score 0.",
        ..SCORES
    },
    Setting {
        name: "score_min",
        kind: Kind::Number { min: 0.0, max: 1e9 },
        default: Absent::Default("15"),
        doc: "From this score on a voter's quotient is 1.",
    },
    Setting {
        name: "low_quotient",
        kind: Kind::Share,
        default: Absent::Default("1%"),
        doc: "The quotient of voters with a lower score, to hundredths of a percent.",
    },
    Setting {
        name: "guests",
        kind: Kind::File,
        default: Absent::None("nobody's score is passed over"),
        doc: "List of voters whose quotient is 1 whatever their score, column `voter`, and if \
              wished `author` and `reason`.",
    },
    Setting {
        name: "timeout",
        kind: Kind::File,
        default: Absent::None("nobody is left out"),
        doc: "List of voters whose quotient is 0, column `voter`, and if wished `author` and \
              `reason`.",
    },
    Setting {
        name: "locked_ratio",
        kind: Kind::Share,
        default: Absent::None("all money is matched"),
        doc: "Part of all tokens that is locked; decides with `proceeds` how much is matched.",
    },
    Setting {
        name: "proceeds",
        kind: Kind::Decimal,
        default: Absent::None("all money is matched"),
        doc: "Proceeds of an epoch, in units of the main asset.",
    },
    Setting {
        name: "patrons",
        kind: Kind::Decimal,
        default: Absent::None("nothing"),
        doc: "Rewards that patrons leave to the matching, in units of the main asset.",
    },
    Setting {
        name: "ire",
        kind: Kind::Share,
        default: Absent::Default("35%"),
        doc: "Up to this locked part, `matched_share` of the proceeds is matched.",
    },
    Setting {
        name: "tr",
        kind: Kind::Share,
        default: Absent::Default("70%"),
        doc: "From this locked part on, none of the proceeds is matched.",
    },
    Setting {
        name: "matched_share",
        kind: Kind::Share,
        default: Absent::Default("35%"),
        doc: "Part of the proceeds that is matched while little is locked.",
    },
    Setting {
        name: "individual_leverage",
        kind: Kind::Bool,
        default: Absent::Default("false"),
        doc: "Also emit what each voter's gifts move, as the signal `leverage`; only with \
              `capped-quadratic`.",
    },
];

// --- Settings ---------------------------------------------------------------

/// The rule with the gifts of an epoch.
#[derive(Debug)]
pub struct Octant {
    matching: Matching,
    /// Projects that count, and the multiplier, for the rule of epochs 1 to 3.
    threshold: Option<(usize, u64)>,
    matched: Option<Matched>,
    individual: bool,
    /// What each voter gives in all, whatever the quotient.
    given: Vec<Amount>,
}

/// Builds the rule from its settings.
pub fn build(blueprint: &Blueprint<'_>) -> Result<Box<dyn Mechanism>, Vec<Fault>> {
    let reader = Reader::new(blueprint)?;
    let settings = reader.settings;
    let mut faults = contradictions(reader);
    let matched = Matched::read(settings, reader.asset).map_err(|more| faults.extend(more));
    let gifts = gifts(reader).map_err(|more| faults.extend(more));
    let (Ok(matched), Ok((table, eligibility)), true) = (matched, gifts, faults.is_empty()) else {
        return Err(faults);
    };
    let redistribute = reader.is("cap_overflow", "redistribute");
    let division = Division {
        fill: true,
        cap: settings.share("cap").or(Share::new(20, 100)),
        overflow: if redistribute { Overflow::Redistribute } else { Overflow::Keep },
        dust: Dust::Unpaid,
        grants_stack: false,
    };
    let listed = Eligibility { projects: eligibility.projects.clone(), ..Eligibility::default() };
    let given = given_by_voter(&reader.count(&table, &listed, None)?.votes);
    let counted = reader.count(&table, &eligibility, None)?;
    let projects = listed.projects.as_ref().map_or(counted.votes.projects.len(), approved);
    let multiplier = settings.integer("threshold_multiplier").unwrap_or(1).unsigned_abs();
    let matching = Matching::new(counted, Precision::Finest, true, division)?;
    Ok(Box::new(Octant {
        matching,
        threshold: reader.is("variant", "threshold").then_some((projects, multiplier)),
        matched,
        individual: settings.bool("individual_leverage"),
        given,
    }))
}

// --- Signals ----------------------------------------------------------------

/// The gifts, and what decides over their quotients.
fn gifts(reader: Reader<'_>) -> Result<(Table, Eligibility), Vec<Fault>> {
    let settings = reader.settings;
    let least = settings.number("score_min").unwrap_or(15.0);
    let below = settings.share("low_quotient").or(Share::new(1, 100)).unwrap_or(Share::ZERO);
    let scale = Scale { low: least, high: least, floor: Share::ONE, below };
    let eligibility = Eligibility {
        scores: reader.table("scores", SCORE_COLUMNS)?.map(|table| (table, scale)),
        guests: reader.table("guests", VOTER_COLUMNS)?,
        deny: reader.table("timeout", VOTER_COLUMNS)?,
        projects: reader.table("projects", PROJECT_COLUMNS)?,
        ..Eligibility::default()
    };
    Ok((reader.votes(COLUMNS)?, eligibility))
}

fn given_by_voter(votes: &Votes) -> Vec<Amount> {
    let mut given = vec![U256::ZERO; votes.voters.len()];
    for (voter, units) in votes.columns.voters.iter().zip(&votes.columns.amounts) {
        given[*voter as usize] += U256::from(*units);
    }
    given.into_iter().map(Amount::from_u256).collect()
}

// --- Refusals ---------------------------------------------------------------

/// Settings that cannot hold together.
fn contradictions(reader: Reader<'_>) -> Vec<Fault> {
    let settings = reader.settings;
    let mut faults: Vec<Fault> = cap_zero(settings, "write 100% for no cap").into_iter().collect();
    let mut refuse = |name: &str, code, message: &str, help: &str| {
        faults.push(Fault::new(code, message).at_some(settings.place(name)).help(help));
    };
    if settings.file("guests").is_some() && settings.file("scores").is_none() {
        let help = "add `scores`, or leave `guests` out: without scores every quotient is 1";
        refuse("guests", "guests", "there are guests, but no scores to pass over", help);
    }
    if reader.is("variant", "threshold") && settings.bool("individual_leverage") {
        let help = "leave it out, or set variant = \"capped-quadratic\"";
        let message = "with `threshold` a voter has no leverage of their own";
        refuse("individual_leverage", "leverage", message, help);
    }
    faults
}

// --- Rule -------------------------------------------------------------------

impl Mechanism for Octant {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn payees(&self) -> &[Arc<str>] {
        &self.matching.payees
    }

    fn step(&self, turn: &Turn<'_>, allocation: &mut Allocation<'_>) -> Result<Outcome, Refusal> {
        let available = allocation.available().clone();
        let pools = self.pools(&available);
        let mut outcome = match self.threshold {
            None => self.matching.step(turn, allocation, &pools)?,
            Some(setting) => self.step_threshold(turn, allocation, &pools, setting)?,
        };
        let show = |amount| show(turn.assets, 0, amount);
        let pool = pools.of(0);
        if let Some(matched) = &self.matched {
            let (asked, all) = (matched.amount(), available.of(0));
            outcome.remarks.push(if asked > all {
                format!("to match: {}, but there are only {}", show(asked), show(all))
            } else {
                let rest = show(all.saturating_sub(pool));
                format!("matched: {} of {}; {rest} stay", show(pool), show(all))
            });
        }
        let given = Amount::sum(self.given.iter().copied(), "all gifts")?;
        if !given.is_zero() && !pool.is_zero() {
            let leverage = pool.to_f64() / given.to_f64();
            outcome.remarks.push(format!(
                "leverage {leverage:.2}: {} matched for {} given",
                show(pool),
                show(given)
            ));
        }
        if self.individual {
            self.tell_leverages(turn, pool, &mut outcome)?;
        }
        Ok(outcome)
    }

    fn voter_effect(
        &self,
        turn: &Turn<'_>,
        available: &Purse,
    ) -> Option<Vec<(usize, VoterEffect)>> {
        if self.threshold.is_some() {
            return None;
        }
        self.matching.voter_effect(turn, &self.pools(available))
    }
}

impl Octant {
    /// What is matched of what there is.
    fn pools(&self, available: &Purse) -> Purse {
        let mut amounts = available.amounts().to_vec();
        if let (Some(matched), Some(main)) = (&self.matched, amounts.first_mut()) {
            *main = matched.amount().min(*main);
        }
        Purse::new(amounts)
    }

    /// The rule of epochs 1 to 3.
    fn step_threshold(
        &self,
        turn: &Turn<'_>,
        allocation: &mut Allocation<'_>,
        pools: &Purse,
        (projects, multiplier): (usize, u64),
    ) -> Result<Outcome, Refusal> {
        let (tally, more) = self.matching.tally(turn)?;
        let given: Vec<U256> = tally.supports.iter().map(|support| support.given).collect();
        let threshold = Threshold::new(&given, projects, multiplier);
        threshold.pay(turn, allocation, pools, &tally)?;
        let mut outcome = Outcome {
            remarks: self.matching.remarks.iter().cloned().chain(more).collect(),
            reasons: self.matching.reasons(&tally, turn.assets),
            signals: vec![("match", threshold.shares(&self.matching.payees))],
            ..Outcome::default()
        };
        let out = threshold.below(&given);
        if out > 0 {
            outcome.remarks.push(format!(
                "not above the threshold of {}: {}",
                show(turn.assets, 0, threshold.units),
                several(out, "project")
            ));
        }
        Ok(outcome)
    }

    fn tell_leverages(
        &self,
        turn: &Turn<'_>,
        pool: Amount,
        outcome: &mut Outcome,
    ) -> Result<(), Refusal> {
        let (tally, _) = self.matching.tally(turn)?;
        let tally: &Tally = &tally;
        let leverages = individual(&self.matching, tally, pool, &self.given)?;
        let mut scores = BTreeMap::new();
        for ((voter, leverage), given) in
            self.matching.voters.iter().zip(leverages).zip(&self.given)
        {
            scores.insert(voter.to_string(), leverage);
            let given = show(turn.assets, 0, *given);
            let line =
                format!("as a voter: {given} given, each unit moves {leverage:.2} of the match");
            outcome.reasons.entry(voter.to_string()).or_default().push(line);
        }
        outcome.signals.push(("leverage", SignalData::Scores(scores)));
        Ok(())
    }
}

// --- Tests ------------------------------------------------------------------

#[cfg(test)]
#[expect(clippy::inconsistent_digit_grouping, reason = "dollars and cents")]
mod tests {
    use std::fmt::Write as _;

    use allonet_core::card::Value;
    use proptest::prelude::*;

    use super::*;
    use crate::trial::{Trial, paid, trial_of};

    /// Scores (1 + 1)² = 4, 4 and 1.
    const VOTES: &str =
        "voter,project,amount\nann,books,1\nbob,books,1\ncem,films,4\ndan,songs,1\n";

    fn trial(votes: &str) -> Trial {
        trial_of("octant").file("votes", votes)
    }

    fn cap(trial: Trial, percent: &str) -> Trial {
        trial.set("cap", Value::Share(percent.parse().unwrap()))
    }

    fn run(trial: &Trial, pool: u128) -> Vec<u128> {
        paid(&trial.run(pool).unwrap())
    }

    // Worked examples.

    #[test]
    fn the_cap_keeps_what_it_cuts_off() {
        assert_eq!(run(&trial(VOTES), 90_00), [18_00, 18_00, 10_00]);
        assert_eq!(run(&cap(trial(VOTES), "100%"), 90_00), [40_00, 40_00, 10_00]);
        let share = cap(trial(VOTES), "40%").text("cap_overflow", "redistribute");
        assert_eq!(run(&share, 90_00), [36_00, 36_00, 18_00]);
        // 4.44, 4.44 and 1.11 of 10.
        assert_eq!(run(&cap(trial(VOTES), "100%"), 10), [4, 4, 1]);
    }

    #[test]
    fn quotients_are_one_a_hundredth_or_nothing() {
        // ann 1, bob a hundredth (no score), cem a hundredth: (1 + 0.1)² = 1.21,
        // 0.04; dan is out.
        let scores = cap(trial(VOTES), "100%")
            .file("scores", "voter,score\nann,15\ncem,14.99\ndan,20\n")
            .file("timeout", "voter,author,reason\ndan,ops,bot\n");
        let result = scores.run(125_00).unwrap();
        assert_eq!(paid(&result), [121_00, 4_00, 0]);
        let remarks = [
            "for the score of their voter: 0 votes not counted, 2 votes counted in part",
            "denied by ops: voter `dan`, 1 vote not counted: bot",
            "leverage 17.86: 125.00 USD matched for 7.00 USD given",
        ];
        assert_eq!(result.outcome.remarks, remarks);
        // A guest counts in full: (1 + 1)².
        let guests = scores.file("guests", "voter,reason\nbob,known\n");
        assert_eq!(run(&guests, 404_00), [400_00, 4_00, 0]);
        let low = guests.set("low_quotient", Value::Share("25%".parse().unwrap()));
        assert_eq!(run(&low, 500_00), [400_00, 100_00, 0]);
    }

    #[test]
    fn trust_is_a_quotient() {
        let trust = [("ann", 1.0), ("bob", 0.01), ("cem", 0.01)];
        let trusted = cap(trial(VOTES), "100%").scores("trust", &trust);
        assert_eq!(run(&trusted, 125_00), [121_00, 4_00, 0]);
    }

    #[test]
    fn before_epoch_four_a_threshold_decides() {
        // 2, 4 and 1 of 7: above 7/3 is only films; above 7/6, books as well.
        let threshold = trial(VOTES).text("variant", "threshold");
        let result = threshold.run(90_00).unwrap();
        assert_eq!(paid(&result), [0, 90_00, 0]);
        assert_eq!(result.outcome.remarks[0], "not above the threshold of 2.33 USD: 2 projects");
        assert_eq!(
            result.payouts[0].steps[0].note.as_deref(),
            Some("4.00 USD of 1 voter, above the threshold of 2.33 USD")
        );
        let twice = threshold.clone().set("threshold_multiplier", Value::Integer(2));
        assert_eq!(run(&twice, 90_00), [30_00, 60_00, 0]);
        // With two more projects on the list, 7/5 and 2.
        let list = "id\nbooks\nfilms\nsongs\nplays\nmaps\n";
        assert_eq!(run(&threshold.file("projects", list), 90_00), [30_00, 60_00, 0]);
    }

    #[test]
    fn only_a_part_of_the_proceeds_is_matched() {
        let share = |text: &str| Value::Share(text.parse().unwrap());
        let epoch = cap(trial(VOTES), "100%")
            .set("locked_ratio", share("50%"))
            .text("proceeds", "400")
            .text("patrons", "10");
        // (70% − 50%) · 400 + 10 = 90.
        let result = epoch.run(1_000_00).unwrap();
        assert_eq!(paid(&result), [40_00, 40_00, 10_00]);
        assert_eq!(result.unspent.of(0), Amount::from_base(910_00));
        assert_eq!(
            result.outcome.remarks[0],
            "matched: 90.00 USD of 1,000.00 USD; 910.00 USD stay"
        );
        let poor = epoch.run(45_00).unwrap();
        assert_eq!(paid(&poor), [20_00, 20_00, 5_00]);
        assert_eq!(poor.outcome.remarks[0], "to match: 90.00 USD, but there are only 45.00 USD");
        // Patrons alone.
        assert_eq!(run(&epoch.clone().set("locked_ratio", share("70%")), 9_00), [4_00, 4_00, 1_00]);
        assert_eq!(run(&epoch.set("locked_ratio", share("1%")), 1_000_00)[2], 16_66);
    }

    #[test]
    fn each_voters_leverage_is_what_their_gifts_move() {
        // Without ann, 1, 4 and 1 of 6 share 90: books has 15, not 40.
        let told = cap(trial(VOTES), "100%").set("individual_leverage", Value::Bool(true));
        let result = told.run(90_00).unwrap();
        let (name, SignalData::Scores(leverage)) = &result.outcome.signals[1] else { panic!() };
        assert_eq!((*name, leverage["ann"], leverage["cem"]), ("leverage", 25.0, 10.0));
        assert_eq!(
            result.outcome.reasons["ann"],
            ["as a voter: 1.00 USD given, each unit moves 25.00 of the match"]
        );
        assert!(result.outcome.remarks[0].starts_with("leverage 12.86: "));
    }

    #[test]
    fn without_gifts_nothing_is_matched() {
        for variant in ["capped-quadratic", "threshold"] {
            let result = trial("voter,project,amount\n").text("variant", variant).run(9).unwrap();
            assert_eq!(result.unspent.of(0), Amount::from_base(9));
            let result = trial("voter,project,amount\na,x,0\n").text("variant", variant).run(9);
            assert_eq!(result.unwrap().unspent.of(0), Amount::from_base(9));
        }
    }

    // Refusals.

    #[test]
    fn defaults_of_a_network_file_match_all_money() {
        let filled = trial(VOTES).text("patrons", "0");
        assert_eq!(run(&filled, 9_00), run(&trial(VOTES), 9_00));
    }

    #[test]
    fn bad_settings_and_gifts_are_refused() {
        let share = |text: &str| Value::Share(text.parse().unwrap());
        let known = trial(VOTES).set("locked_ratio", share("10%")).text("proceeds", "1");
        for (trial, start) in [
            (trial(VOTES).set("cap", share("0%")), "a cap of 0%"),
            (trial(VOTES).file("guests", "voter\nann\n"), "there are guests, but no scores"),
            (trial(VOTES).text("proceeds", "1"), "`locked_ratio` and `proceeds` say together"),
            (trial(VOTES).text("patrons", "1"), "`locked_ratio` and `proceeds` say together"),
            (known.clone().text("proceeds", "1.234"), "`1.234` has 3 decimals"),
            (known.set("ire", share("80%")), "ire = 80% is above tr = 70%"),
            (
                trial(VOTES)
                    .text("variant", "threshold")
                    .set("individual_leverage", Value::Bool(true)),
                "with `threshold` a voter has no leverage",
            ),
            (trial("voter,project,amount\na,x,-1\n"), "votes.csv:2:5: `-1` is negative"),
            (trial("voter,project,amount\na,x,NaN\n"), "votes.csv:2:5: `NaN`"),
            (trial(VOTES).file("scores", "voter,score\nann,x\n"), "scores.csv:2:5: `x` is no"),
            (trial_of("octant"), "there are no votes to divide by"),
            (
                trial(VOTES).scores("trust", &[("ann", -1.0)]),
                "the signal `trust` from `elsewhere` gives `ann` -1",
            ),
        ] {
            let found = trial.run(1).unwrap_err().to_string();
            assert!(found.starts_with(start), "{found}");
        }
    }

    // Laws.

    type Gift = (u8, u8, u64);

    fn table(gifts: &[Gift]) -> String {
        let mut table = "voter,project,amount\n".to_owned();
        for (voter, project, units) in gifts {
            writeln!(table, "v{voter},p{project},{units}").unwrap();
        }
        table
    }

    fn any_trial(gifts: &[Gift], choice: u8) -> Trial {
        let on = |bit: u8| choice & (1 << bit) != 0;
        let mut trial = trial(&table(gifts)).text("amounts", "base-units");
        if on(0) {
            trial = trial.text("variant", "threshold");
        }
        if on(1) {
            trial = trial.file("scores", "voter,score\nv1,20\nv2,20\n");
        }
        if on(2) {
            trial = trial.text("cap_overflow", "redistribute");
        }
        trial
    }

    fn gifts() -> impl Strategy<Value = Vec<Gift>> {
        prop::collection::vec((0_u8..7, 0_u8..5, prop_oneof![0_u64..100, 0_u64..1 << 32]), 0..30)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn money_is_conserved_and_order_is_nothing(
            gifts in gifts(),
            pool: u64,
            choice in 0_u8..8,
        ) {
            let run = |gifts: &[Gift]| any_trial(gifts, choice).run(u128::from(pool)).unwrap();
            let result = run(&gifts);
            let spent: u128 = paid(&result).iter().sum();
            prop_assert_eq!(spent + result.unspent.of(0).to_u128().unwrap(), u128::from(pool));
            if choice & 1 == 0 {
                prop_assert!(paid(&result).iter().all(|part| *part <= u128::from(pool) / 5));
            }
            let mut other = gifts.clone();
            other.reverse();
            prop_assert_eq!(result, run(&other));
        }

        // Reference: both rules as they are defined, in floats.
        #[test]
        fn agrees_with_the_definition(gifts in gifts(), threshold: bool) {
            let choice = u8::from(threshold);
            let mut totals: BTreeMap<u8, BTreeMap<u8, f64>> = BTreeMap::new();
            for (voter, project, units) in &gifts {
                *totals.entry(*project).or_default().entry(*voter).or_default() += *units as f64;
            }
            let given: f64 = totals.values().flat_map(BTreeMap::values).sum();
            let scores: Vec<f64> = totals
                .values()
                .map(|voters| {
                    let sum: f64 = voters.values().sum();
                    let roots: f64 = voters.values().map(|total| total.sqrt()).sum();
                    let above = sum > (given / totals.len() as f64).floor();
                    match (threshold, above) {
                        (false, _) => roots * roots,
                        (true, true) => sum,
                        (true, false) => 0.0,
                    }
                })
                .collect();
            let sum: f64 = scores.iter().sum();
            prop_assume!(sum > 0.0);
            let pool = 1_u128 << 80;
            for (found, score) in run(&any_trial(&gifts, choice), pool).iter().zip(&scores) {
                let share = score / sum;
                let expected = if threshold { share } else { share.min(0.2) } * pool as f64;
                prop_assert!((*found as f64 - expected).abs() <= 1e-9 * pool as f64);
            }
        }
    }
}
