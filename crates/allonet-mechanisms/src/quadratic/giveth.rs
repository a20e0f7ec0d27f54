//! Giveth's matching: quadratic funding with the donor's own gift, and donors
//! and projects left out for stated reasons.
//!
//! A whole pool is divided by the squared sum of roots of what each donor gave.
//! Use it for rounds in which the pool is to be spent, small gifts to a project
//! should not count, and the people behind the projects should not match each
//! other.
//!
//! # Formula
//!
//! For project `p`, let `d_i` be all that donor `i` gives it, in US dollars where
//! the votes say them.
//!
//! ```text
//! c_i     = d_i if d_i ≥ min_donation, else 0
//! score_p = (Σ √c_i)²                         over donors who are not left out
//! match_p = min(λ · score_p, cap_p · pool),   Σ match = pool
//! ```
//!
//! Left out are donors on the list `sybils`, donors with a score below
//! `score_min` (or none), donors who are recipients of projects of the round,
//! whoever they give to, and the projects on the list `frauds`. `cap_p` is the
//! project's own cap in the table `projects`, or else `cap`. λ is the same for
//! all; with `cap_overflow = "redistribute"` it rises until all of the pool is
//! paid, or everybody with a score is at the cap.
//!
//! Where a signal `trust` is wired, each `c_i` is multiplied by the trust in
//! donor `i` and rounded down.
//!
//! # Units and rounding
//!
//! | quantity         | unit                                 | rounding                      |
//! |------------------|--------------------------------------|-------------------------------|
//! | pool, match      | base units of each asset             | largest remainder, earliest id first |
//! | votes `c`        | as many decimals as the main asset has | exact                       |
//! | `d` against `min_donation` | US dollars in `f64`, summed from the smallest, where the votes have a column `amount_usd`; else as votes | nearest |
//! | root, score      | as for `quadratic`                   | down; exact sum of products   |
//! | cap              | base units                           | down                          |
//!
//! Dollars steer the pool; they need not be its asset. All assets are divided in
//! full and in the same proportions.
//!
//! # Limits
//!
//! * One donor's total for one project: below 2^128 base units.
//! * Names as for `quadratic`.
//!
//! # Known weaknesses
//!
//! * A lone donor is matched: whoever gives to a project of their own from an
//!   address that no list knows draws on the pool.
//! * One person posing as many gains without bound; the lists are made by hand.
//! * A minimum is a cliff: a cent more can be worth a whole match.
//!
//! # Sources
//!
//! * Giveth, impact-graph: the views `project_actual_matching` and their
//!   migrations.
//!
//! # Example
//!
//! ```
//! use allonet_core::money::Amount;
//! use allonet_mechanisms::trial::trial_of;
//!
//! let votes = "voter,project,amount_usd\n\
//!              ann,bees,4\nbob,bees,4\ncem,kiln,9\neve,kiln,0.5\n";
//! // (√4 + √4)² = 16 and √9² = 9; half a dollar is too little.
//! let result = trial_of("giveth").file("votes", votes).text("min_donation", "1").run(50_00)?;
//! assert_eq!(result.paid("bees"), Amount::from_base(32_00));
//! assert_eq!(result.paid("kiln"), Amount::from_base(18_00));
//! # Ok::<(), allonet_mechanisms::trial::NoTrial>(())
//! ```

use std::sync::Arc;

use allonet_core::card::{Absent, Card, Family, Kind, Setting, Source, Status};
use allonet_core::fault::Fault;
use allonet_core::mechanism::{
    Allocation, Blueprint, Mechanism, Outcome, Purse, Refusal, Turn, VoterEffect,
};
use allonet_core::money::Share;
use allonet_core::table::Column;

use super::division::{Division, Dust, Overflow};
use super::eligibility::{Eligibility, SCORE_COLUMNS, Scale};
use super::lists::{OUTCAST_COLUMNS, Recipients, VOTER_COLUMNS};
use super::matching::{Counted, Matching, Precision};
use super::reading::{AMOUNTS, MIN_DONATION, PROJECTS, Reader, SCORES, VOTES};
use super::roster::PROJECT_COLUMNS;
use super::trust::TRUST;
use super::votes;
use crate::paying::{CAP, CAP_OVERFLOW, NO_CAP, cap_zero};

// --- Card -------------------------------------------------------------------

/// What the rule says of itself.
pub static CARD: Card = Card {
    id: "giveth",
    title: "Giveth matching",
    family: Family::Quadratic,
    formula: "match = min(λ · (Σ√c)², cap · pool), small gifts and listed donors left out",
    status: Status::Preview { since: "0.1.0" },
    sources: &[Source {
        cite: "Giveth, impact-graph, project_actual_matching",
        url: "https://github.com/Giveth/impact-graph/tree/staging/migration",
    }],
    settings: SETTINGS,
    actions: &[],
    reads: &[TRUST],
    emits: &["match"],
};

const SETTINGS: &[Setting] = &[
    Setting {
        doc: "Table of donations, columns `voter`, `project` and `amount_usd` or `amount`, or \
              their common names.",
        ..VOTES
    },
    Setting {
        doc: "Whether donations are written in whole units or in base units of the main asset.",
        ..AMOUNTS
    },
    Setting {
        default: Absent::None("every donation counts"),
        doc: "Least that a donor must give a project in all; in US dollars if the donations have a \
              column `amount_usd`.",
        ..MIN_DONATION
    },
    CAP,
    CAP_OVERFLOW,
    Setting {
        default: Absent::None("every project given to is paid"),
        doc: "List of projects that may be paid, column `id`, and if wished `status`, `recipient` \
              and a `cap` of their own.",
        ..PROJECTS
    },
    Setting {
        name: "recipient_donors",
        kind: Kind::Choice(&["exclude", "count"]),
        default: Absent::Default("exclude"),
        doc: "Whether donations count of those who are recipients of projects of the round.",
    },
    Setting {
        default: Absent::None("every donor counts"),
        doc: "Table of donors and their identity scores, columns `voter` and `score`; who is not \
              in it has score 0.",
        ..SCORES
    },
    Setting {
        name: "score_min",
        kind: Kind::Number { min: 0.0, max: 1e9 },
        default: Absent::None("every score counts"),
        doc: "Donors with a score below this do not count; needs `scores`.",
    },
    Setting {
        name: "sybils",
        kind: Kind::File,
        default: Absent::None("nobody is left out"),
        doc: "List of donors who do not count, column `voter`, and if wished `author` and \
              `reason`.",
    },
    Setting {
        name: "frauds",
        kind: Kind::File,
        default: Absent::None("no project is left out"),
        doc: "List of projects that are not paid, column `project`, and if wished `author` and \
              `reason`.",
    },
];

// --- Settings ---------------------------------------------------------------

/// The rule with its donations.
#[derive(Debug)]
pub struct Giveth {
    matching: Matching,
}

/// Builds the rule from its settings.
pub fn build(blueprint: &Blueprint<'_>) -> Result<Box<dyn Mechanism>, Vec<Fault>> {
    let reader = Reader::new(blueprint)?;
    let mut faults = contradictions(reader);
    let counted = counted(reader).map_err(|more| faults.extend(more));
    let (Ok(counted), true) = (counted, faults.is_empty()) else { return Err(faults) };
    let keep = reader.is("cap_overflow", "keep");
    let division = Division {
        fill: true,
        cap: reader.settings.share("cap"),
        overflow: if keep { Overflow::Keep } else { Overflow::Redistribute },
        dust: Dust::ByRemainder,
        grants_stack: false,
    };
    let matching = Matching::new(counted, Precision::Finest, true, division)?;
    Ok(Box::new(Giveth { matching }))
}

// --- Signals ----------------------------------------------------------------

/// Columns of the donations: those of votes, but dollars go before other
/// amounts.
const COLUMNS: &[Column] = &[
    votes::COLUMNS[0],
    votes::COLUMNS[1],
    votes::COLUMNS[2],
    votes::COLUMNS[votes::USD],
    votes::COLUMNS[votes::USD],
    votes::COLUMNS[5],
    votes::COLUMNS[6],
];

/// Donations as far as they count, but for trust in their donors.
fn counted(reader: Reader<'_>) -> Result<Counted, Vec<Fault>> {
    let votes = reader.votes(COLUMNS)?;
    let least = reader.settings.number("score_min").unwrap_or(0.0);
    let scale = Scale { low: least, high: least, floor: Share::ONE, below: Share::ZERO };
    let may_give = reader.is("recipient_donors", "count");
    let eligibility = Eligibility {
        minimum: reader.minimum("min_donation", &votes)?,
        minimum_per_donor: true,
        scores: reader.table("scores", SCORE_COLUMNS)?.map(|table| (table, scale)),
        projects: reader.table("projects", PROJECT_COLUMNS)?,
        deny: reader.table("sybils", VOTER_COLUMNS)?,
        recipients: if may_give { Recipients::Vote } else { Recipients::Never },
        ..Eligibility::default()
    };
    let frauds = reader.table("frauds", OUTCAST_COLUMNS)?;
    reader.count(&votes, &eligibility, frauds.as_ref())
}

// --- Refusals ---------------------------------------------------------------

/// Settings that cannot hold together.
fn contradictions(reader: Reader<'_>) -> Vec<Fault> {
    let settings = reader.settings;
    let mut faults: Vec<Fault> = cap_zero(settings, NO_CAP).into_iter().collect();
    match (settings.file("scores"), settings.number("score_min")) {
        (Some(_), None) => {
            let fault = Fault::new("score-min", "there are scores, but no least score");
            let fault = fault.at_some(settings.place("scores"));
            faults.push(fault.help("add `score_min`, or leave `scores` out"));
        }
        (None, Some(least)) => {
            let message = format!("score_min = {least}, but there are no scores");
            let fault = Fault::new("score-min", message).at_some(settings.place("score_min"));
            faults.push(fault.help("add `scores = \"scores.csv\"`, or leave `score_min` out"));
        }
        _ => {}
    }
    faults
}

// --- Rule -------------------------------------------------------------------

impl Mechanism for Giveth {
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
    use std::collections::{BTreeMap, BTreeSet};
    use std::fmt::Write as _;

    use allonet_core::card::Value;
    use allonet_core::money::{Amount, Asset};
    use proptest::prelude::*;

    use crate::trial::{Trial, trial_of};

    /// Scores (√4 + √4 + √1)² = 25 and (√9 + √16)² = 49.
    const VOTES: &str = "voter,project,amount,amount_usd\n\
        a,bees,900,4\nb,bees,900,1.5\nb,bees,900,2.5\nc,bees,900,1\n\
        a,kiln,900,9\nd,kiln,900,16\n";

    fn trial(votes: &str) -> Trial {
        trial_of("giveth").file("votes", votes)
    }

    fn run(trial: &Trial, pool: u128) -> Vec<u128> {
        let result = trial.run(pool).unwrap();
        result.payees.iter().map(|payee| result.paid(payee).to_u128().unwrap()).collect()
    }

    fn remarks(trial: &Trial) -> Vec<String> {
        trial.run(74_00).unwrap().outcome.remarks
    }

    // Worked examples.

    #[test]
    fn dollars_steer_the_whole_pool() {
        assert_eq!(run(&trial(VOTES), 74_00), [25_00, 49_00]);
        assert_eq!(run(&trial(VOTES), 740_000_00), [250_000_00, 490_000_00]);
    }

    #[test]
    fn the_minimum_is_for_all_gifts_of_a_donor_to_a_project() {
        // b gives 4 in all, c 1: (√4 + √4)² = 16.
        let least = trial(VOTES).text("min_donation", "2");
        assert_eq!(run(&least, 65_00), [16_00, 49_00]);
        assert_eq!(remarks(&least), ["not counted: 1 vote, by voter and project, below 2 USD"]);
    }

    #[test]
    fn donors_and_projects_are_left_out_with_their_reasons() {
        let sybils = trial(VOTES).file("sybils", "voter,author,reason\nd,ops,same funder\n");
        assert_eq!(run(&sybils, 34_00), [25_00, 9_00]);
        assert_eq!(remarks(&sybils), ["denied by ops: voter `d`, 1 vote not counted: same funder"]);
        let frauds = trial(VOTES).file("frauds", "project,reason\nkiln,no such kiln\n");
        assert_eq!(run(&frauds, 34_00), [34_00]);
        assert_eq!(
            remarks(&frauds),
            ["left out: project `kiln`, 2 votes not counted: no such kiln"]
        );
        let scores = trial(VOTES)
            .file("scores", "voter,score\na,9\nb,4.9\nd,5\n")
            .set("score_min", Value::Number(5.0));
        assert_eq!(run(&scores, 53_00), [4_00, 49_00]);
    }

    #[test]
    fn recipients_are_no_donors_of_the_round() {
        // d is paid for bees, and may not give to the kiln.
        let listed = trial(VOTES).file("projects", "id,recipient\nbees,d\nkiln,e\n");
        assert_eq!(run(&listed, 34_00), [25_00, 9_00]);
        let remark = "votes of recipients of the round, not counted: 1 vote of `d`";
        assert_eq!(remarks(&listed), [remark]);
        assert_eq!(run(&listed.text("recipient_donors", "count"), 74_00), [25_00, 49_00]);
    }

    #[test]
    fn a_cap_hands_on_or_keeps() {
        let cap = |percent: &str| Value::Share(percent.parse().unwrap());
        let capped = trial(VOTES).set("cap", cap("60%"));
        assert_eq!(run(&capped, 100_00), [40_00, 60_00]);
        assert_eq!(run(&capped.text("cap_overflow", "keep"), 100_00), [33_78, 60_00]);
        let own = trial(VOTES).file("projects", "id,cap\nbees,\nkiln,50%\n");
        assert_eq!(run(&own, 100_00), [50_00, 50_00]);
    }

    #[test]
    fn trust_and_other_assets() {
        let mut trial = trial(VOTES).scores("trust", &[("a", 1.0), ("d", 0.0)]);
        // Only a counts: 4 and 9.
        assert_eq!(run(&trial, 13_00), [4_00, 9_00]);
        trial.assets.push(Asset::new("GIV", 18));
        let rule = trial.build().unwrap();
        let pools = allonet_core::mechanism::Purse::new(vec![Amount::ZERO, Amount::from_base(26)]);
        let state = allonet_core::mechanism::State::empty();
        let result = trial.turn(&*rule, 0, &pools, &pools, &[], &state).unwrap();
        assert_eq!(result.paid_in("bees", 1), Amount::from_base(8));
    }

    #[test]
    fn without_donors_nothing_is_paid() {
        let nobody = trial("voter,project,amount\n");
        let result = nobody.run(9).unwrap();
        assert_eq!(result.unspent.of(0), Amount::from_base(9));
        assert_eq!(result.outcome.remarks, ["there are no votes: nothing is paid"]);
        // A lone donor takes all.
        assert_eq!(run(&trial("voter,project,amount\na,x,1\n"), 9), [9]);
    }

    // Refusals.

    #[test]
    fn bad_settings_and_tables_are_refused() {
        let scores = trial(VOTES).file("scores", "voter,score\na,9\n");
        for (trial, start) in [
            (scores, "there are scores, but no least score"),
            (
                trial(VOTES).set("score_min", Value::Number(3.0)),
                "score_min = 3, but there are no scores",
            ),
            (trial(VOTES).set("cap", Value::Share("0%".parse().unwrap())), "a cap of 0%"),
            (trial(VOTES).text("min_donation", "x"), "`x` is no amount in US dollars"),
            (trial("voter,project,amount_usd\na,x,NaN\n"), "votes.csv:2:5: `NaN`"),
            (trial("voter,project,amount_usd\na,x,-1\n"), "votes.csv:2:5: `-1` is negative"),
            (trial(VOTES).file("frauds", "project\nkiln\nkiln\n"), "frauds.csv:3:1: `kiln` is"),
            (trial_of("giveth"), "there are no votes to divide by"),
            (
                trial(VOTES).scores("trust", &[("a", f64::NAN)]),
                "the signal `trust` from `elsewhere` gives `a` NaN",
            ),
        ] {
            let found = trial.run(1).unwrap_err().to_string();
            assert!(found.starts_with(start), "{found}");
        }
    }

    // Laws.

    type Gift = (u8, u8, u32);

    fn table(gifts: &[Gift]) -> String {
        let mut table = "voter,project,amount\n".to_owned();
        for (voter, project, cents) in gifts {
            writeln!(table, "v{voter},p{project},{}.{:02}", cents / 100, cents % 100).unwrap();
        }
        table
    }

    fn gifts() -> impl Strategy<Value = Vec<Gift>> {
        prop::collection::vec((0_u8..7, 0_u8..5, 0_u32..100_000), 0..30)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn money_is_conserved_and_order_is_nothing(gifts in gifts(), pool: u64, capped: bool) {
            let run = |gifts: &[Gift]| {
                let mut trial = trial(&table(gifts)).text("min_donation", "100");
                if capped {
                    trial = trial.set("cap", Value::Share("30%".parse().unwrap()));
                }
                trial.run(u128::from(pool)).unwrap()
            };
            let result = run(&gifts);
            let paid: u128 = result.payouts.iter().map(|p| p.amount.to_u128().unwrap()).sum();
            prop_assert_eq!(paid + result.unspent.of(0).to_u128().unwrap(), u128::from(pool));
            let mut other = gifts.clone();
            other.reverse();
            prop_assert_eq!(result, run(&other));
        }

        #[test]
        fn splitting_a_gift_gains_nothing(gifts in gifts(), part: u32) {
            prop_assume!(!gifts.is_empty());
            let mut split = gifts.clone();
            let part = part.min(split[0].2);
            split[0].2 -= part;
            split.push((split[0].0, split[0].1, part));
            let run = |gifts: &[Gift]| {
                trial(&table(gifts)).text("min_donation", "100").run(1 << 50).unwrap().payouts
            };
            prop_assert_eq!(run(&gifts), run(&split));
        }

        // Reference: the definition in floats.
        #[test]
        fn agrees_with_the_definition(gifts in gifts(), sybil in 0_u8..7, least in 0_u32..50_000) {
            let mut totals: BTreeMap<(u8, u8), u32> = BTreeMap::new();
            for (voter, project, cents) in &gifts {
                *totals.entry((*project, *voter)).or_default() += cents;
            }
            let projects: BTreeSet<u8> = gifts.iter().map(|gift| gift.1).collect();
            let score = |project: u8| {
                let counts = |((of, voter), cents): &(&(u8, u8), &u32)| {
                    *of == project && *voter != sybil && **cents >= least
                };
                let roots: f64 =
                    totals.iter().filter(counts).map(|(_, cents)| f64::from(*cents).sqrt()).sum();
                roots * roots
            };
            let sum: f64 = projects.iter().map(|project| score(*project)).sum();
            prop_assume!(sum > 0.0);
            let trial = trial(&table(&gifts))
                .text("min_donation", &format!("{}.{:02}", least / 100, least % 100))
                .file("sybils", &format!("voter\nv{sybil}\n"));
            let pool = 1_u128 << 80;
            for (found, project) in run(&trial, pool).iter().zip(&projects) {
                let expected = pool as f64 * score(*project) / sum;
                prop_assert!((*found as f64 - expected).abs() <= 1e-9 * pool as f64);
            }
        }
    }
}
