//! Quadratic funding: a matching pool that rewards breadth of support.
//!
//! Ten people giving 1 each unlock more matching money than one person giving
//! 10. Use it when the number of supporters says more than the sum they give.
//!
//! # Formula
//!
//! For project `p`, let `c_i` be all that voter `i` gives it, as far as it
//! counts.
//!
//! ```text
//! score_p = (Σ √c_i)² − Σ c_i       variant = "without-own": a lone voter moves nothing
//! score_p = (Σ √c_i)²               variant = "with-own"
//! W       = min(pool, Σ score)      saturation = "keep": scores are a ceiling
//! W       = pool                    saturation = "fill"
//! match_p = min(λ · score_p, cap_p · pool),  Σ match = W
//! ```
//!
//! `cap_p` is the project's own cap in the table `projects`, or else `cap`. λ is
//! the same for all. With `cap_overflow = "redistribute"` it rises until
//! all of `W` is paid, or everybody with a score is at the cap; with `"keep"`
//! it is `W / Σ score`, and what the cap cuts off stays unspent.
//!
//! Votes are gifts made outside this rule: it divides the pool alone. The same
//! votes divide the pool of each epoch. With `saturation = "keep"` they ask for
//! `Σ score` once: what a project was paid in earlier epochs is taken off its
//! score.
//!
//! Before that, each vote counts for a part of its amount: nothing below
//! `min_donation`, less with a low score of its voter (`scores`), nothing where
//! the lists or `self_votes` rule it out, or whatever `overrides` says. The
//! module `eligibility` states the rule. Where a signal `trust` is wired, what is
//! left of each `c_i` is multiplied by the trust in voter `i` and rounded down.
//!
//! "Quadratic funding" names at least these functions, with `D = Σ c` and
//! `S = Σ √c`; they are told apart by mechanism and setting:
//!
//! | score                        | in use by                          | here                                             |
//! |------------------------------|------------------------------------|--------------------------------------------------|
//! | `S² − D`                     | Grants Stack                       | `quadratic`, to the base unit with `parity = "grants-stack"` |
//! | `S² − D`                     | qf-calculator, `QF`                | `quadratic`, `saturation = "fill"`                |
//! | `S²`                         | allo-kit                           | `quadratic`, `variant = "with-own"`, `saturation = "fill"`, `rounding = "largest-recipient"` |
//! | `S²`                         | Octant from epoch 4, Giveth        | `octant`; `giveth`                               |
//! | `S`                          | clr.fund, rounds 0 to 7            | `maci`, linear                                   |
//! | `α·S² + (1 − α)·D`           | clr.fund v2, MACI rounds           | `maci`, with α                                   |
//! | `α·S² + (1 − α)·D`, `α ≤ 1`  | Octant v2                          | `proper-quadratic`                               |
//! | pairs, bounded by trust      | Gitcoin rounds 1 to 15             | `pairwise`, form `gitcoin`                       |
//! | pairs, bounded by 0.01       | qf-calculator                      | `pairwise`, form `calculator`                    |
//! | clusters of donors           | Gitcoin rounds 19 and later        | `cluster-match`                                  |
//! | pairs of votes               | Dora                               | `dora`                                           |
//!
//! # Units and rounding
//!
//! | quantity         | unit                                 | rounding                      |
//! |------------------|--------------------------------------|-------------------------------|
//! | pool, match      | base units of the main asset         | largest remainder, earliest id first; all to the largest match; or down |
//! | votes `c`        | base units of the main asset         | exact                         |
//! | part that counts | 1/10,000 of each vote                | down, twice                   |
//! | trust            | 10⁻⁹, of a voter's total for a project | nearest; the product down   |
//! | root `√c`        | 2⁻ᵇ of a root base unit, `b` up to 32: as fine as 126 bits allow for the largest `c` | down |
//! | score            | 4⁻ᵇ of a base unit                   | exact sum of products of roots |
//! | cap              | base units                           | down                          |
//! | `arithmetic = "float"` | roots and scores in `f64`, summed in order of voter; scores to 2⁻⁶⁴ of a base unit | nearest |
//!
//! `parity = "grants-stack"` repeats the arithmetic of Grants Stack to the base
//! unit: whole roots of base units (with its roots of 4, 5 and 9, which are 1,
//! 1 and 2), all divisions down, the dust unpaid, the cap cut to hundredths of
//! a percent and its overflow handed on in rounds, coefficients in floats. Whole
//! roots lose a little: 0.05 % of all scores in a round of 6 decimals.
//!
//! Other assets than the main one are divided in the proportions of the scores,
//! in full and under the same cap: scores say nothing about amounts of them.
//!
//! # Limits
//!
//! * One voter's total for one project: below 2^128 base units.
//! * Trust in a voter: 0 to 1,000,000.
//! * A table: below 2 GiB.
//! * Addresses of voters are compared without regard to case; names of projects
//!   are node ids and compared as they stand; one address in two spellings is
//!   refused, as two recipients would be paid for one.
//!
//! # Known weaknesses
//!
//! * One person posing as many gains without bound. Check identity: `scores`,
//!   `allow` and `deny`, or a signal `trust`.
//! * Friends can agree to give and refund.
//! * Without a cap a popular project takes nearly everything.
//!
//! # Sources
//!
//! * V. Buterin, Z. Hitzig, E. G. Weyl (2019), *A Flexible Design for Funding
//!   Public Goods*, Management Science 65(11); with a limited pool their
//!   capital-constrained form.
//! * Grants Stack: `pluralistic.js`, `linearQF`, and `grants-stack-indexer`,
//!   `calculateMatches`, for the arithmetic of `parity` and the coefficients.
//! * Octant, `capped_quadratic.py`, for `with-own` with `cap_overflow = "keep"`.
//!
//! # Example
//!
//! ```
//! use allonet_core::money::Amount;
//! use allonet_mechanisms::trial::trial_of;
//!
//! let votes = "voter,project,amount\n\
//!              ann,garden,1\nbob,garden,1\ncem,garden,1\ndan,garden,1\n\
//!              ann,park,4\nbob,park,4\n\
//!              eve,tower,100\n";
//! // Scores: (4·√1)² − 4 = 12, (2·√4)² − 8 = 8, and nothing for a lone voter.
//! let result = trial_of("quadratic").file("votes", votes).run(5_00)?;
//! assert_eq!(result.paid("garden"), Amount::from_base(3_00));
//! assert_eq!(result.paid("park"), Amount::from_base(2_00));
//! assert_eq!(result.paid("tower"), Amount::ZERO);
//! # Ok::<(), allonet_mechanisms::trial::NoTrial>(())
//! ```

use std::sync::Arc;

use allonet_core::card::{Absent, Card, Family, Kind, Setting, Source, Status};
use allonet_core::fault::Fault;
use allonet_core::mechanism::{
    Allocation, Blueprint, Mechanism, Outcome, Purse, Refusal, Turn, VoterEffect,
};

use super::division::{Division, Dust, Overflow};
use super::eligibility::Eligibility;
use super::lists::{Recipients, VOTER_COLUMNS};
use super::matching::{Counted, Matching, Precision};
use super::reading::{
    AMOUNTS, MIN_DONATION, OVERRIDES, PROJECTS, Reader, SCORE_FLOOR, SCORE_HIGH, SCORE_LOW, SCORES,
    VOTES,
};
use super::trust::TRUST;
use super::votes::COLUMNS;
use crate::paying::{CAP, CAP_OVERFLOW, NO_CAP, cap_zero};

// --- Card -------------------------------------------------------------------

/// What the rule says of itself.
pub static CARD: Card = Card {
    id: "quadratic",
    title: "Quadratic funding",
    family: Family::Quadratic,
    formula: "match = min(λ · ((Σ√c)² − Σc), cap · pool)",
    status: Status::Preview { since: "0.1.0" },
    sources: &[
        Source {
            cite: "Buterin, Hitzig, Weyl (2019), A Flexible Design for Funding Public Goods",
            url: "https://arxiv.org/abs/1809.06421",
        },
        Source {
            cite: "Grants Stack, pluralistic.js, linearQF",
            url: "https://github.com/gitcoinco/pluralistic.js/blob/main/src/linear.ts",
        },
        Source {
            cite: "Grants Stack, grants-stack-indexer, calculateMatches",
            url: "https://github.com/gitcoinco/grants-stack-indexer",
        },
    ],
    settings: SETTINGS,
    actions: &[],
    reads: &[TRUST],
    emits: &["match"],
};

const SETTINGS: &[Setting] = &[
    VOTES,
    AMOUNTS,
    Setting {
        name: "variant",
        kind: Kind::Choice(&["without-own", "with-own"]),
        default: Absent::Default("without-own"),
        doc: "Whether voters' own donations are taken off the score, so that a lone voter moves \
              nothing.",
    },
    Setting {
        name: "saturation",
        kind: Kind::Choice(&["keep", "fill"]),
        default: Absent::Default("keep"),
        doc: "If the scores add up to less than the pool, keep the rest unspent or divide all of \
              it.",
    },
    Setting {
        doc: "Most that one project may take of the pool, unless `projects` says otherwise.",
        ..CAP
    },
    CAP_OVERFLOW,
    Setting {
        name: "arithmetic",
        kind: Kind::Choice(&["integer", "float"]),
        default: Absent::Default("integer"),
        doc: "Whether roots and scores are counted in whole numbers or in floats.",
    },
    Setting {
        name: "rounding",
        kind: Kind::Choice(&["largest-remainder", "largest-recipient", "floor"]),
        default: Absent::Default("largest-remainder"),
        doc: "Who gets what rounding down leaves: a unit each to the largest remainders, all to \
              the largest recipient, or with `floor` nobody.",
    },
    Setting {
        name: "parity",
        kind: Kind::Choice(&["none", "grants-stack"]),
        default: Absent::Default("none"),
        doc: "Whose arithmetic to repeat to the base unit.",
    },
    SCORES,
    SCORE_LOW,
    SCORE_HIGH,
    SCORE_FLOOR,
    OVERRIDES,
    MIN_DONATION,
    Setting {
        name: "min_donation_per",
        kind: Kind::Choice(&["vote", "donor"]),
        default: Absent::Default("vote"),
        doc: "Whether `min_donation` is compared with each vote or with all votes of one voter for \
              one project together.",
    },
    Setting {
        name: "self_votes",
        kind: Kind::Choice(&["count", "exclude"]),
        default: Absent::Default("count"),
        doc: "Whether votes count whose voter is the project itself or the address it is paid at.",
    },
    Setting {
        name: "allow",
        kind: Kind::File,
        default: Absent::None("every voter may count"),
        doc: "List of the only voters who count, column `voter`, and if wished `author` and \
              `reason`.",
    },
    Setting {
        name: "deny",
        kind: Kind::File,
        default: Absent::None("nobody is left out"),
        doc: "List of voters who do not count, column `voter`, and if wished `author` and \
              `reason`.",
    },
    Setting {
        doc: "List of projects that may be paid, column `id`, and if wished `status`, `recipient` \
              and a `cap` of their own.",
        ..PROJECTS
    },
];

// --- Settings ---------------------------------------------------------------

/// The rule with its votes.
#[derive(Debug)]
pub struct Quadratic {
    matching: Matching,
}

/// Builds the rule from its settings.
pub fn build(blueprint: &Blueprint<'_>) -> Result<Box<dyn Mechanism>, Vec<Fault>> {
    let reader = Reader::new(blueprint)?;
    let parity = reader.is("parity", "grants-stack");
    let mut faults = contradictions(reader, parity);
    let counted = counted(reader, parity).map_err(|more| faults.extend(more));
    let (Ok(counted), true) = (counted, faults.is_empty()) else { return Err(faults) };
    let precision = match reader.settings.text("arithmetic") {
        _ if parity => Precision::GrantsStack,
        Some("float") => Precision::Float,
        _ => Precision::Finest,
    };
    let with_own = reader.is("variant", "with-own");
    let matching = Matching::new(counted, precision, with_own, division(reader, parity))?;
    Ok(Box::new(Quadratic { matching }))
}

fn division(reader: Reader<'_>, grants_stack: bool) -> Division {
    let keep = reader.is("cap_overflow", "keep");
    Division {
        fill: reader.is("saturation", "fill"),
        cap: reader.settings.share("cap"),
        overflow: if keep { Overflow::Keep } else { Overflow::Redistribute },
        dust: match reader.settings.text("rounding") {
            Some("floor") => Dust::Unpaid,
            Some("largest-recipient") => Dust::ToLargest,
            _ => Dust::ByRemainder,
        },
        grants_stack,
    }
}

// --- Signals ----------------------------------------------------------------

/// Votes as far as they count, but for trust in their voters.
fn counted(reader: Reader<'_>, parity: bool) -> Result<Counted, Vec<Fault>> {
    let votes = reader.votes(COLUMNS)?;
    let own = reader.is("self_votes", "exclude");
    let eligibility = Eligibility {
        minimum_per_donor: reader.is("min_donation_per", "donor"),
        allow: reader.table("allow", VOTER_COLUMNS)?,
        deny: reader.table("deny", VOTER_COLUMNS)?,
        recipients: if own { Recipients::NotForThemselves } else { Recipients::Vote },
        in_floats: parity,
        ..reader.eligibility(&votes)?
    };
    reader.count(&votes, &eligibility, None)
}

// --- Refusals ---------------------------------------------------------------

/// Settings that cannot hold together.
fn contradictions(reader: Reader<'_>, parity: bool) -> Vec<Fault> {
    let settings = reader.settings;
    let mut faults: Vec<Fault> = cap_zero(settings, NO_CAP).into_iter().collect();
    faults.extend(reader.score_scale());
    let mut refuse = |name: &str, code, message: &str, help: &str| {
        faults.push(Fault::new(code, message).at_some(settings.place(name)).help(help));
    };
    let is = |name, value| settings.text(name) == Some(value);
    if parity {
        for (name, other, own) in [
            ("variant", "with-own", "variant = \"without-own\""),
            ("arithmetic", "float", "arithmetic = \"integer\""),
            ("cap_overflow", "keep", "cap_overflow = \"redistribute\""),
        ] {
            if is(name, other) {
                let message = format!("Grants Stack knows only {own}, not \"{other}\"");
                refuse(name, "parity", &message, "leave it out, or set parity = \"none\"");
            }
        }
        let by_remainder = is("rounding", "largest-remainder");
        if is("rounding", "largest-recipient")
            || by_remainder && settings.place("rounding").is_some()
        {
            let message = "Grants Stack rounds down and leaves the dust unpaid";
            refuse("rounding", "parity", message, "leave it out, or set parity = \"none\"");
        }
    }
    faults
}

// --- Rule -------------------------------------------------------------------

impl Mechanism for Quadratic {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn payees(&self) -> &[Arc<str>] {
        &self.matching.payees
    }

    fn step(&self, turn: &Turn<'_>, allocation: &mut Allocation<'_>) -> Result<Outcome, Refusal> {
        let pools = allocation.available().clone();
        self.matching.step(turn, allocation, &pools)
    }

    fn voter_effect(
        &self,
        turn: &Turn<'_>,
        available: &Purse,
    ) -> Option<Vec<(usize, VoterEffect)>> {
        self.matching.voter_effect(turn, available)
    }
}

// --- Tests ------------------------------------------------------------------

#[cfg(test)]
#[expect(clippy::inconsistent_digit_grouping, reason = "dollars and cents")]
mod tests {
    use std::collections::BTreeMap;

    use allonet_core::card::Value;
    use allonet_core::mechanism::State;
    use allonet_core::money::{Amount, Asset};
    use allonet_core::signal::SignalData;
    use proptest::prelude::*;

    use super::*;
    use crate::trial::{Trial, paid, refused, trial_of};

    /// The example of the linear QF documentation: scores 34, 54 and 162.
    const THREE: &str = "voter,project,amount\n\
        s1,p1,1\ns2,p1,4\ns3,p1,1\ns4,p1,9\n\
        s1,p2,1\ns2,p2,1\ns3,p2,1\ns4,p2,1\ns5,p2,1\ns6,p2,1\ns7,p2,4\n\
        s1,p3,1\ns2,p3,9\ns3,p3,1\ns4,p3,9\ns5,p3,1\ns6,p3,9\ns7,p3,4\n";

    fn trial(votes: &str) -> Trial {
        trial_of("quadratic").file("votes", votes)
    }

    fn share(text: &str) -> Value {
        Value::Share(text.parse().unwrap())
    }

    fn run(trial: &Trial, pool: u128) -> Vec<u128> {
        paid(&trial.run(pool).unwrap())
    }

    // Worked examples.

    #[test]
    fn a_scarce_pool_is_scaled() {
        // 34 : 54 : 162 of 125.00.
        assert_eq!(run(&trial(THREE), 125_00), [17_00, 27_00, 81_00]);
        // 34 : 54 : 162 of 10: 1.36, 2.16, 6.48; the unit left goes to the last.
        assert_eq!(run(&trial(THREE), 10), [1, 2, 7]);
        assert_eq!(run(&trial(THREE).text("rounding", "floor"), 10), [1, 2, 6]);
        assert_eq!(run(&trial(THREE).text("arithmetic", "float"), 125_00), [17_00, 27_00, 81_00]);
    }

    #[test]
    fn a_rich_pool_keeps_the_rest_or_fills() {
        let result = trial(THREE).run(1_000_00).unwrap();
        assert_eq!(paid(&result), [34_00, 54_00, 162_00]);
        assert_eq!(result.unspent.of(0), Amount::from_base(750_00));
        assert_eq!(
            result.outcome.remarks,
            [
                "the scores ask for 250.00 USD, less than the pool of 1,000.00 USD; the rest stays unspent"
            ]
        );
        let fill = trial(THREE).text("saturation", "fill");
        assert_eq!(run(&fill, 1_000_00), [136_00, 216_00, 648_00]);
    }

    #[test]
    fn own_donations_count_if_so_wished() {
        let votes = "voter,project,amount\na,x,9\na,y,4\nb,y,4\n";
        assert_eq!(run(&trial(votes), 100_00), [0, 8_00]);
        assert_eq!(run(&trial(votes).text("variant", "with-own"), 100_00), [9_00, 16_00]);
    }

    #[test]
    fn a_cap_hands_on_what_it_takes() {
        // 13.6, 21.6 and 64.8 of 100; 24.8 too much go to the others as
        // 34 : 54, which is 60 × 34/88 and 60 × 54/88.
        let capped = trial(THREE).text("saturation", "fill").set("cap", share("40%"));
        assert_eq!(run(&capped, 100_00), [23_18, 36_82, 40_00]);
        let kept = capped.text("cap_overflow", "keep");
        assert_eq!(run(&kept, 100_00), [13_60, 21_60, 40_00]);
        let all = trial(THREE).text("saturation", "fill").set("cap", share("10%"));
        assert_eq!(run(&all, 100_00), [10_00, 10_00, 10_00]);
    }

    #[test]
    fn the_way_to_a_payout_is_told() {
        let capped = trial(THREE).text("saturation", "fill").set("cap", share("40%"));
        let result = capped.run(100_00).unwrap();
        let steps = |payout: usize| -> Vec<String> {
            result.payouts[payout]
                .steps
                .iter()
                .map(|step| {
                    let note =
                        step.note.as_ref().map_or(String::new(), |note| format!(" ({note})"));
                    format!("{} {}{note}", step.label, step.change)
                })
                .collect()
        };
        assert_eq!(
            steps(0),
            [
                "square of roots +4900 (4 voters give 15.00 USD)",
                "own donations -1500",
                "scaled to the pool -2040 (100.00 USD for all scores)",
                "cap overflow of others +958",
            ]
        );
        assert_eq!(
            steps(2)[2..],
            [
                "scaled to the pool -9720 (100.00 USD for all scores)",
                "cap -2480 (at most 40.00 USD)"
            ]
        );
        assert_eq!(
            result.outcome.remarks,
            ["at the cap of 40.00 USD: 1 project, of which 1 would have more without it"]
        );
        let (name, SignalData::Scores(shares)) = &result.outcome.signals[0] else { panic!() };
        assert_eq!((*name, shares["p3"]), ("match", 0.4));
    }

    #[test]
    fn scores_are_paid_once() {
        let trial = trial(THREE);
        let rule = trial.build().unwrap();
        let purse = |units| Purse::new(vec![Amount::from_base(units)]);
        let mut state = State::empty();
        let mut epochs = Vec::new();
        for epoch in 0..3 {
            let pool = purse(125_00);
            let result = trial.turn(&*rule, epoch, &pool, &pool, &[], &state).unwrap();
            epochs.push(paid(&result));
            state = result.outcome.state;
        }
        assert_eq!(epochs, [vec![17_00, 27_00, 81_00], vec![17_00, 27_00, 81_00], vec![0, 0, 0]]);
    }

    #[test]
    fn other_assets_follow_the_scores() {
        let mut trial = trial(THREE).set("cap", share("50%"));
        trial.assets.push(Asset::new("ETH", 18));
        let rule = trial.build().unwrap();
        let pools = Purse::new(vec![Amount::from_base(1_000_00), Amount::from_base(880)]);
        let result = trial.turn(&*rule, 0, &pools, &pools, &[], &State::empty()).unwrap();
        let ether: Vec<_> = ["p1", "p2", "p3"].map(|payee| result.paid_in(payee, 1)).into();
        assert_eq!(ether, [170, 270, 440].map(Amount::from_base));
        assert_eq!(result.paid("p3"), Amount::from_base(162_00));
        let labels: Vec<_> = result.payouts[5].steps.iter().map(|step| &*step.label).collect();
        assert_eq!(labels, ["share by score", "cap"]);
    }

    #[test]
    fn votes_can_be_weighed() {
        // s4 counts for nothing, s3 in full, s1 for half, s2 for three quarters.
        let votes = "voter,project,amount\ns1,p,8\ns2,p,12\ns3,p,9\ns4,p,100\n";
        let scores = "voter,score\ns1,15\ns2,20\ns3,26\n";
        // √4 + √9 + √9 = 8; 64 − 22 = 42.
        let trial = trial(votes).file("scores", scores);
        assert_eq!(run(&trial, 100_00), [42_00]);
        assert_eq!(run(&trial.text("min_donation", "8.01"), 100_00), [18_00]);
    }

    #[test]
    fn the_smallest_donation_is_by_vote_or_by_donor() {
        // √4 · √4 · 2 = 8 with both halves of a's four.
        let votes = "voter,project,amount\na,x,2\na,x,2\nb,x,4\n";
        let least = trial(votes).text("min_donation", "3");
        assert_eq!(run(&least, 100_00), [0]);
        let result = least.text("min_donation_per", "donor").run(100_00).unwrap();
        assert_eq!(paid(&result), [8_00]);
        let usd = "voter,project,amount,amount_usd\na,x,2,0.1\na,x,2,0.2\nb,x,4,0.5\n";
        let least = trial(usd).text("min_donation", "0.3").text("min_donation_per", "donor");
        assert_eq!(run(&least, 100_00), [8_00]);
        let result = least.text("min_donation", "0.4").run(100_00).unwrap();
        assert_eq!(
            result.outcome.remarks[0],
            "not counted: 2 votes, by voter and project, below 0.4 USD"
        );
    }

    #[test]
    fn recipients_and_listed_voters_can_be_left_out() {
        // 2·√4·√9 = 12 of a and b; with c, who is paid for x, 2·(6 + 2·4 + 3·4).
        let votes = "voter,project,amount\na,x,4\nb,x,9\nc,x,16\n";
        let all = trial(votes).file("projects", "id,recipient\nx,c\n");
        assert_eq!(run(&all, 100_00), [52_00]);
        assert_eq!(run(&all.clone().text("self_votes", "exclude"), 100_00), [12_00]);
        assert_eq!(run(&all.clone().file("deny", "voter\nc\n"), 100_00), [12_00]);
        assert_eq!(run(&all.file("allow", "voter,reason\na,known\nb,known\n"), 100_00), [12_00]);
    }

    #[test]
    fn voters_count_as_far_as_they_are_trusted() {
        // 1, 4 and a quarter of 64: 2·(1·2 + 1·4 + 2·4) = 28.
        let votes = "voter,project,amount\na,x,1\nb,x,4\nc,x,64\nd,x,100\n";
        let trusted = trial(votes).scores("trust", &[("a", 1.0), ("b", 1.0), ("c", 0.25)]);
        let result = trusted.run(100_00).unwrap();
        assert_eq!(paid(&result), [28_00]);
        assert!(result.outcome.remarks[0].ends_with("nobody vouches for them: 1 voter"));
        assert_eq!(
            result.outcome.reasons["x"],
            ["3 voters give 21.00 USD, most of it `c` 16.00 USD, `b` 4.00 USD, `a` 1.00 USD"]
        );
        let all: Vec<(&str, f64)> = ["a", "b", "c", "d"].map(|voter| (voter, 1.0)).into();
        assert_eq!(
            trial(votes).scores("trust", &all).run(7).unwrap(),
            trial(votes).run(7).unwrap()
        );
    }

    #[test]
    fn a_project_may_have_a_cap_of_its_own() {
        // 13.6, 21.6 and 64.8: the last may have 30%, and 70 go on as 34 : 54,
        // of which the second may have 40.
        let projects = "id,cap\np1,\np2,0.4\np3,30%\n";
        let capped = trial(THREE).text("saturation", "fill").file("projects", projects);
        let result = capped.run(100_00).unwrap();
        assert_eq!(paid(&result), [30_00, 40_00, 30_00]);
        let remark = "at their caps: 2 projects, of which 1 would have more without it";
        assert_eq!(result.outcome.remarks, [remark]);
        assert_eq!(run(&capped.set("cap", share("20%")), 100_00), [20_00, 40_00, 30_00]);
    }

    #[test]
    fn dust_may_go_to_the_largest() {
        // 1.36, 2.16, 6.48 of 10 and 2.72, 4.32, 12.96 of 20.
        let largest = trial(THREE).text("rounding", "largest-recipient");
        assert_eq!((run(&largest, 10), run(&largest, 20)), (vec![1, 2, 7], vec![2, 4, 14]));
        assert_eq!(run(&trial(THREE), 20), [3, 4, 13]);
    }

    #[test]
    fn the_most_weighty_voter_is_named() {
        let votes = "voter,project,amount\na,x,1\nb,x,1\nc,y,1\nd,y,4\n";
        let trial = trial(votes).text("saturation", "fill");
        let pools = Purse::new(vec![Amount::from_base(9_00)]);
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
        let moved = Amount::from_base(6_00);
        assert_eq!(effect, [(0, VoterEffect { voter: "c".into(), moved })]);
    }

    #[test]
    fn rounds_without_votes_or_supporters_pay_nobody() {
        for (votes, remark) in [
            ("voter,project,amount\n", "there are no votes: nothing is paid"),
            ("voter,project,amount\na,x,5\n", "no project has a score above zero: nothing is paid"),
            (
                "voter,project,amount\na,x,0\nb,x,0\n",
                "no project has a score above zero: nothing is paid",
            ),
        ] {
            for saturation in ["keep", "fill"] {
                let result = trial(votes).text("saturation", saturation).run(9).unwrap();
                assert_eq!(result.unspent.of(0), Amount::from_base(9));
                assert_eq!(result.outcome.remarks, [remark]);
            }
        }
    }

    #[test]
    fn grants_stack_is_repeated() {
        // Whole roots of base units: 1, 1 and 2 of 4, 5 and 9; 3² − 5 + … = 10:
        // Σ_{i≠j} r_i·r_j = 2·(1 + 2 + 2).
        let votes = "voter,project,amount\na,x,0.04\nb,x,0.05\nc,x,0.09\na,y,1\nb,y,1\n";
        let trial = trial(votes).text("parity", "grants-stack");
        assert_eq!(run(&trial, 1_000), [10, 200]);
        // 10·100/210 = 4.76 and 200·100/210 = 95.2; the dust stays.
        assert_eq!(run(&trial, 100), [4, 95]);
    }

    // Refusals.

    #[test]
    fn a_vote_at_the_limit_is_refused() {
        let units = format!("{}", u128::MAX);
        let base = |votes: &str| trial(votes).text("amounts", "base-units");
        let whole = format!("voter,project,amount\na,x,{units}\nb,x,1\n");
        assert_eq!(run(&base(&whole), 1_000), [1_000]);
        assert_eq!(
            refused(&base(&format!("{whole}a,x,1\n"))),
            "voter `a` gives `x` 2^128 base units or more in all (check the decimals of the asset \
             and the setting `amounts`)"
        );
        let above = format!("voter,project,amount\na,x,{units}0\n");
        assert!(refused(&base(&above)).starts_with("votes.csv:2:5: "));
    }

    #[test]
    fn settings_that_contradict_each_other_are_refused() {
        let parity = trial(THREE).text("parity", "grants-stack");
        for (trial, start) in [
            (trial(THREE).set("cap", share("0%")), "a cap of 0% would pay nobody anything"),
            (parity.clone().text("variant", "with-own"), "Grants Stack knows only variant"),
            (parity.clone().text("arithmetic", "float"), "Grants Stack knows only arithmetic"),
            (parity.clone().text("cap_overflow", "keep"), "Grants Stack knows only cap_overflow"),
            (parity.text("rounding", "largest-recipient"), "Grants Stack rounds down"),
            (trial(THREE).file("projects", "id,cap\np1,110%\n"), "projects.csv:2:4: "),
            (
                trial(THREE).scores("trust", &[("s1", -0.5)]),
                "the signal `trust` from `elsewhere` gives `s1` -0.5",
            ),
            (
                trial(THREE)
                    .set("score_low", Value::Number(3.0))
                    .set("score_high", Value::Number(2.5)),
                "score_low = 3 is above score_high = 2.5",
            ),
            (trial(THREE).text("min_donation", "0.001"), "`0.001` has 3 decimals"),
            (trial_of("quadratic"), "there are no votes to divide by"),
            (trial("voter,amount\n"), "votes.csv:1:1: column `project` is missing"),
            (trial("voter,project,amount\na,x,-3\n"), "votes.csv:2:5: `-3` is negative"),
        ] {
            let found = refused(&trial);
            assert!(found.starts_with(start), "{found}");
        }
    }

    // Laws.

    type Vote = (u8, u8, u64);

    fn table(votes: &[Vote]) -> String {
        let row = |(voter, project, units): &Vote| format!("v{voter},p{project},{units}\n");
        let rows: String = votes.iter().map(row).collect();
        format!("voter,project,amount\n{rows}")
    }

    fn any_trial(votes: &[Vote], choice: u8) -> Trial {
        let on = |bit: u8| choice & (1 << bit) != 0;
        let mut trial = trial(&table(votes)).text("amounts", "base-units");
        if on(0) {
            trial = trial.text("saturation", "fill");
        }
        if on(1) {
            trial = trial.set("cap", share("30%"));
        }
        match choice >> 2 & 3 {
            0 => trial,
            1 => trial.text("arithmetic", "float").text("variant", "with-own"),
            2 => trial.text("parity", "grants-stack"),
            _ if on(0) => trial.text("rounding", "largest-recipient"),
            _ => trial.text("cap_overflow", "keep").text("rounding", "floor"),
        }
    }

    fn votes() -> impl Strategy<Value = Vec<Vote>> {
        prop::collection::vec((0_u8..9, 0_u8..6, prop_oneof![0_u64..200, any::<u64>()]), 0..40)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn money_is_conserved(votes in votes(), pool: u64, choice in 0_u8..16) {
            let result = any_trial(&votes, choice).run(u128::from(pool)).unwrap();
            let spent: u128 = paid(&result).iter().sum();
            prop_assert_eq!(spent + result.unspent.of(0).to_u128().unwrap(), u128::from(pool));
        }

        #[test]
        fn the_order_of_votes_does_not_matter(
            votes in votes(),
            pool: u64,
            choice in 0_u8..16,
            by in 0_usize..40,
        ) {
            let mut other = votes.clone();
            other.reverse();
            other.rotate_left(by.min(votes.len()));
            let pool = u128::from(pool);
            prop_assert_eq!(
                any_trial(&votes, choice).run(pool),
                any_trial(&other, choice).run(pool)
            );
        }

        #[test]
        fn splitting_a_vote_gains_nothing(
            votes in votes(),
            part: u64,
            choice in 0_u8..16,
        ) {
            prop_assume!(!votes.is_empty());
            let mut split = votes.clone();
            let part = part.min(split[0].2);
            let (voter, project, _) = split[0];
            split[0].2 -= part;
            split.push((voter, project, part));
            prop_assert_eq!(
                any_trial(&votes, choice).run(1 << 60).unwrap().payouts,
                any_trial(&split, choice).run(1 << 60).unwrap().payouts
            );
        }

        #[test]
        fn the_unit_of_votes_does_not_matter(
            votes in prop::collection::vec((0_u8..9, 0_u8..6, 0_u64..1 << 20), 0..40),
            pool in 0_u128..1 << 60,
        ) {
            // Squares have exact roots, whatever the unit.
            let squares = |by: u64| -> Vec<Vote> {
                votes.iter().map(|(v, p, u)| (*v, *p, u * u / (1 << 16) * by)).collect()
            };
            let one: Vec<Vote> = (0..9)
                .flat_map(|v| (0..6).map(move |p| (v, p)))
                .filter_map(|(v, p)| {
                    let of = |(a, b, _): &&Vote| (*a, *b) == (v, p);
                    let root: u64 = squares(1).iter().filter(of).map(|(_, _, u)| u % 1_000).sum();
                    (root > 0).then_some((v, p, root * root))
                })
                .collect();
            let four: Vec<Vote> = one.iter().map(|(v, p, u)| (*v, *p, 4 * u)).collect();
            prop_assert_eq!(run(&any_trial(&one, 1), pool), run(&any_trial(&four, 1), pool));
        }

        #[test]
        fn lone_voters_are_never_matched(units in prop::collection::vec(any::<u64>(), 1..6)) {
            let votes: Vec<Vote> =
                (0_u8..).zip(&units).map(|(project, units)| (project, project, *units)).collect();
            for choice in [0, 1, 2, 8, 12] {
                let result = any_trial(&votes, choice).run(1 << 60).unwrap();
                prop_assert!(result.payouts.is_empty());
            }
        }

        // Reference: an independent float version agrees to nine digits.
        #[test]
        fn agrees_with_a_float_reference(
            votes in prop::collection::vec((0_u8..9, 0_u8..6, 1_u64..1 << 40), 1..40),
        ) {
            let mut totals: BTreeMap<u8, BTreeMap<u8, f64>> = BTreeMap::new();
            for (voter, project, units) in &votes {
                *totals.entry(*project).or_default().entry(*voter).or_default() += *units as f64;
            }
            let score = |totals: &BTreeMap<u8, f64>| {
                let mut sum = 0.0;
                for (a, left) in totals {
                    for (_, right) in totals.range(..a) {
                        sum += 2.0 * (left * right).sqrt();
                    }
                }
                sum
            };
            let scores: Vec<f64> = totals.values().map(score).collect();
            let sum: f64 = scores.iter().sum();
            prop_assume!(sum > 0.0);
            let pool = 1_u128 << 80;
            for (found, score) in run(&any_trial(&votes, 1), pool).iter().zip(&scores) {
                let expected = pool as f64 * score / sum;
                prop_assert!((*found as f64 - expected).abs() <= 1e-9 * pool as f64);
            }
        }
    }
}
