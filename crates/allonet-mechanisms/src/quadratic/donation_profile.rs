//! Donation profiles: quadratic funding in which all who give to the same set of
//! projects count as one donor.
//!
//! A simple guard against copies: a hundred accounts that vote alike count no
//! more than one that gives as much. Use it where copies are crude.
//!
//! # Formula
//!
//! Donor `i` gives `c_ip` to project `p`. With the groups `k` and the membership
//! `m_ik` of each donor, all of which add up to 1,
//!
//! ```text
//! B_pk    = Σ_i m_ik·c_ip
//! score_p = (Σ_k √B_pk)² − Σ_k B_pk
//! ```
//!
//! * `groups = "profiles"`: donors to the same set of projects are one group,
//!   each of them in that group alone.
//! * `groups = "projects"`: the donors of each project are a group; a donor
//!   belongs to each in the proportion of what it is given,
//!   `m_ik = c_ik / Σ_k c_ik`.
//!
//! All that comes in is divided in proportion to the scores, under the cap. The
//! signal `trust`, a number for each voter, multiplies what a voter gives; voters
//! of whom it does not speak count nothing. Votes count only in part where
//! `scores`, `overrides` or `min_donation` say so, as in `quadratic`.
//!
//! # Units and rounding
//!
//! | quantity          | unit                           | rounding                             |
//! |-------------------|--------------------------------|--------------------------------------|
//! | donations, scores | units of the main asset, `f64` | nearest; sums in order of names      |
//! | payouts           | base units of each asset       | largest remainder, earliest id first |
//! | cap               | base units                     | down                                 |
//!
//! The score of a project with a single group is exactly zero.
//!
//! # Limits
//!
//! * One voter's total for one project: below 2^128 base units.
//!
//! # Known weaknesses
//!
//! * One gift to one more project makes a group of its own: whoever knows the
//!   rule escapes it for the smallest amount. `min_donation` raises the price.
//! * Honest donors with the same two or three projects lose their weight.
//!
//! # Sources
//!
//! * Gitcoin, qf-calculator, `donation_profile_clustermatch` and `clustermatch`
//!   with the donations as clusters.
//! * J. Miller, E. G. Weyl, L. Erichsen (2022), *Beyond Collusion Resistance:
//!   Leveraging Social Information for Plural Funding and Voting*.
//!
//! # Example
//!
//! ```
//! use allonet_core::money::Amount;
//! use allonet_mechanisms::trial::trial_of;
//!
//! // Two kinds of donors stand behind `well`, three copies behind `tower`.
//! let votes = "voter,project,amount\n\
//!              ann,well,1\nbob,well,1\nbob,choir,1\n\
//!              eve1,tower,9\neve2,tower,9\neve3,tower,9\n";
//! let result = trial_of("donation-profile").file("votes", votes).run(5_00)?;
//! assert_eq!(result.paid("well"), Amount::from_base(5_00));
//! assert_eq!(result.paid("tower"), Amount::ZERO);
//! # Ok::<(), allonet_mechanisms::trial::NoTrial>(())
//! ```

use std::sync::Arc;

use allonet_core::card::{Absent, Card, Family, Kind, Setting, Source, Status};
use allonet_core::fault::Fault;
use allonet_core::mechanism::{Allocation, Blueprint, Mechanism, Outcome, Refusal, Turn};

use super::donations::Donations;
use super::reading::{
    AMOUNTS, MIN_DONATION, OVERRIDES, PROJECTS, Reader, SCORE_FLOOR, SCORE_HIGH, SCORE_LOW, SCORES,
    VOTES,
};
use super::round::{Round, parts_of_sum, percent};
use crate::paying::{CAP, CAP_OVERFLOW, MINIMUM, Terms, shares};

// --- Card -------------------------------------------------------------------

/// What the rule says of itself.
pub static CARD: Card = Card {
    id: "donation-profile",
    title: "Donation profiles",
    family: Family::Quadratic,
    formula: "score = (Σ_k √B_k)² − Σ_k B_k, B_k given by donors to the same projects",
    status: Status::Preview { since: "0.1.0" },
    sources: &[
        Source {
            cite: "Gitcoin, qf-calculator, donation_profile_clustermatch",
            url: "https://github.com/gitcoinco/qf-calculator/blob/main/fundingutils.py",
        },
        Source {
            cite: "Miller, Weyl, Erichsen (2022), Beyond Collusion Resistance",
            url: "https://ssrn.com/abstract=4311507",
        },
    ],
    settings: SETTINGS,
    actions: &[],
    reads: &["trust"],
    emits: &["match"],
};

const SETTINGS: &[Setting] = &[
    VOTES,
    AMOUNTS,
    Setting {
        name: "groups",
        kind: Kind::Choice(&["profiles", "projects"]),
        default: Absent::Default("profiles"),
        doc: "Who counts as one donor: all who give to the same set of projects, or the \
              supporters of each project in proportion to what they give it.",
    },
    CAP,
    CAP_OVERFLOW,
    MINIMUM,
    SCORES,
    SCORE_LOW,
    SCORE_HIGH,
    SCORE_FLOOR,
    OVERRIDES,
    MIN_DONATION,
    PROJECTS,
];

// --- Settings ---------------------------------------------------------------

/// The rule with its votes.
#[derive(Debug)]
pub struct DonationProfile {
    round: Round,
    groups: Groups,
    terms: Terms,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Groups {
    Profiles,
    Projects,
}

/// Builds the rule from its settings.
pub fn build(blueprint: &Blueprint<'_>) -> Result<Box<dyn Mechanism>, Vec<Fault>> {
    let reader = Reader::new(blueprint)?;
    let terms = Terms::read(reader.settings, reader.asset).map_err(|fault| vec![fault])?;
    let groups = match reader.settings.text("groups") {
        Some("projects") => Groups::Projects,
        _ => Groups::Profiles,
    };
    Ok(Box::new(DonationProfile { round: Round::read(reader)?, groups, terms }))
}

// --- Signals ----------------------------------------------------------------

// `trust` is read by `round`.

// --- Refusals ---------------------------------------------------------------

// Faults of votes and settings come from `reading` and `paying`; scores beyond
// the range of floats are refused by `parts_of_sum`.

// --- Rule -------------------------------------------------------------------

impl Mechanism for DonationProfile {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn payees(&self) -> &[Arc<str>] {
        &self.round.payees
    }

    fn step(&self, turn: &Turn<'_>, allocation: &mut Allocation<'_>) -> Result<Outcome, Refusal> {
        let donations = self.round.donations(self.round.trust(turn)?.as_deref());
        let groups = self.groups.of(&donations);
        let scores: Vec<f64> = groups.iter().map(|given| score(given)).collect();
        let parts = parts_of_sum(&scores)?;
        let part = |project: usize| {
            let count = groups[project].len();
            let noun = if count == 1 { "group" } else { "groups" };
            format!("{count} {noun}, {} of all scores", percent(parts[project]))
        };
        let why = |project: usize| {
            format!("{}; {}", self.round.support(project, turn.assets), part(project))
        };
        let mut outcome = Outcome { remarks: self.round.remarks.clone(), ..Outcome::default() };
        outcome.remarks.extend(self.terms.pay(turn, allocation, &scores, why)?);
        outcome.signals.push(("match", shares(&self.round.payees, &scores)));
        outcome.reasons = self.round.reasons(turn.assets, part);
        Ok(outcome)
    }
}

impl Groups {
    /// What each group with money in it gives to each project.
    fn of(self, donations: &Donations) -> Vec<Vec<f64>> {
        let profiles = donations.profiles();
        let (memberships, count): (Vec<Vec<(u32, f64)>>, usize) = match self {
            Self::Profiles => {
                (profiles.0.iter().map(|profile| vec![(*profile, 1.0)]).collect(), profiles.1.len())
            }
            Self::Projects => {
                let shares = |donor: usize| {
                    let total: f64 = donations.of_donor.amounts(donor).iter().sum();
                    let of = donations.of_donor.of(donor);
                    of.map(|(project, amount)| (project, amount / total)).collect()
                };
                ((0..donations.donors()).map(shares).collect(), donations.projects())
            }
        };
        let mut given = vec![0.0; count];
        let mut met = Vec::new();
        let of_project = |project: usize| {
            for (donor, amount) in donations.of_project.of(project) {
                for (group, share) in &memberships[donor as usize] {
                    let sum = &mut given[*group as usize];
                    if *sum == 0.0 {
                        met.push(*group);
                    }
                    *sum += share * amount;
                }
            }
            met.drain(..).map(|group| std::mem::take(&mut given[group as usize])).collect()
        };
        (0..donations.projects()).map(of_project).collect()
    }
}

/// `(Σ√B)² − ΣB`; zero for a single group.
fn score(given: &[f64]) -> f64 {
    if given.len() < 2 {
        return 0.0;
    }
    let (roots, sum) = given.iter().fold((0.0, 0.0), |(r, s), one| (r + one.sqrt(), s + one));
    (roots * roots - sum).max(0.0)
}

// --- Tests ------------------------------------------------------------------

#[cfg(test)]
mod tests {
    use allonet_core::card::Value;
    use proptest::prelude::*;

    use super::*;
    use crate::trial::{NoTrial, Trial, paid, trial_of};

    const VOTES: &str = "voter,project,amount\n\
        ann,well,1\nann,park,1\nbob,well,8\nbob,park,3\ncem,well,4\n\
        eve1,park,9\neve2,park,16\n";

    fn trial(votes: &str) -> Trial {
        trial_of("donation-profile").file("votes", votes)
    }

    fn run(trial: &Trial, pool: u128) -> Vec<u128> {
        paid(&trial.run(pool).unwrap())
    }

    fn share(text: &str) -> Value {
        Value::Share(text.parse().unwrap())
    }

    // Worked examples.

    #[test]
    fn who_votes_alike_counts_as_one() {
        // Park: ann and bob give 4, the two eves 25: 2·√4·√25 = 20. Well: ann and
        // bob give 9, cem 4: 2·√9·√4 = 12.
        let result = trial(VOTES).run(32_00).unwrap();
        assert_eq!(paid(&result), [20_00, 12_00]);
        let note = result.payouts[0].steps[0].note.as_deref();
        assert_eq!(note, Some("4 voters give 29.00 USD; 2 groups, 62.50 % of all scores"));
        assert_eq!(run(&trial(VOTES).set("cap", share("50%")), 32_00), [16_00, 16_00]);
    }

    #[test]
    fn supporters_of_projects_as_groups() {
        // ann gives 4 to x and 4 to y, half of her in each group; bob gives 8 to
        // x alone. x: the group of x gives 8 + 2, that of y 2; y: 2 and 2.
        // 2·√(10·2) and 2·√(2·2), as √20 : 2.
        let votes = "voter,project,amount\nann,x,4\nann,y,4\nbob,x,8\n";
        let found = run(&trial(votes).text("groups", "projects"), 1_000_000);
        assert_eq!(found, [690_983, 309_017]);
        assert_eq!(run(&trial(votes), 100), [100, 0]);
    }

    #[test]
    fn copies_alone_are_paid_nothing() {
        let votes = "voter,project,amount\na,x,4\nb,x,4\nc,x,0\n";
        let result = trial(votes).run(100).unwrap();
        assert!(result.payouts.is_empty());
        assert_eq!(result.outcome.remarks, ["no project has a score above zero: nothing is paid"]);
        assert_eq!(run(&trial("voter,project,amount\n"), 100), [0_u128; 0]);
    }

    #[test]
    fn trust_weighs_donors() {
        // The eves count nothing, cem four times: 0 and 2·√9·√16.
        let trust = [("ann", 1.0), ("bob", 1.0), ("cem", 4.0)];
        assert_eq!(run(&trial(VOTES).scores("trust", &trust), 24), [0, 24]);
    }

    // Refusals.

    #[test]
    fn bad_settings_votes_and_trust_are_refused() {
        for (trial, start) in [
            (trial_of("donation-profile"), "there are no votes to divide by"),
            (trial(VOTES).set("cap", share("0%")), "a cap of 0% would pay nobody"),
            (trial("voter,project,amount\na,x,NaN\n"), "votes.csv:2:5: `NaN` is not a decimal"),
            (
                trial(VOTES).scores("trust", &[("ann", f64::INFINITY)]),
                "the signal `trust` from `elsewhere` gives `ann` inf",
            ),
        ] {
            let found = match trial.run(1).unwrap_err() {
                NoTrial::Faults(faults) => faults[0].to_string(),
                NoTrial::Refusal(refusal) => refusal.to_string(),
            };
            assert!(found.starts_with(start), "{found}");
        }
    }

    // Laws.

    fn table(votes: &[(u8, u8, u32)]) -> String {
        let row = |(v, p, units): &(u8, u8, u32)| format!("v{v},p{p},{units}\n");
        format!("voter,project,amount\n{}", votes.iter().map(row).collect::<String>())
    }

    fn votes() -> impl Strategy<Value = Vec<(u8, u8, u32)>> {
        prop::collection::vec((0_u8..8, 0_u8..5, 0_u32..10_000), 0..40)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn a_copy_with_half_the_money_changes_nothing(votes in votes(), pool: u64) {
            let whole: Vec<(u8, u8, u32)> =
                votes.iter().map(|(v, p, units)| (*v, *p, 2 * units)).collect();
            let copied: Vec<(u8, u8, u32)> = votes
                .iter()
                .flat_map(|(v, p, units)| match v {
                    0 => vec![(0, *p, *units), (100, *p, *units)],
                    _ => vec![(*v, *p, 2 * units)],
                })
                .collect();
            let of = |votes: &[(u8, u8, u32)]| {
                let mut result = trial(&table(votes)).run(u128::from(pool)).unwrap();
                result.outcome = Outcome::default();
                result.payouts.iter_mut().for_each(|payout| payout.steps.clear());
                result
            };
            prop_assert_eq!(of(&whole), of(&copied));
        }

        // Reference: groups by the set of projects, from the table itself.
        #[test]
        fn agrees_with_groups_by_name(votes in votes()) {
            use std::collections::BTreeMap;
            let mut gifts: BTreeMap<u8, BTreeMap<u8, u64>> = BTreeMap::new();
            for (voter, project, units) in votes.iter().filter(|vote| vote.2 > 0) {
                *gifts.entry(*voter).or_default().entry(*project).or_default() +=
                    u64::from(*units);
            }
            let mut groups: BTreeMap<Vec<u8>, BTreeMap<u8, u64>> = BTreeMap::new();
            for theirs in gifts.values() {
                let group = groups.entry(theirs.keys().copied().collect()).or_default();
                for (project, units) in theirs {
                    *group.entry(*project).or_default() += units;
                }
            }
            let mut scores = votes.iter().map(|vote| (vote.1, 0.0)).collect::<BTreeMap<_, _>>();
            for (project, score) in &mut scores {
                let given: Vec<f64> =
                    groups.values().filter_map(|g| g.get(project)).map(|u| *u as f64).collect();
                for (at, left) in given.iter().enumerate() {
                    *score += given[..at].iter().map(|right| 2.0 * (left * right).sqrt()).sum::<f64>();
                }
            }
            let sum: f64 = scores.values().sum();
            let pool = 1_u128 << 80;
            let found = run(&trial(&table(&votes)), pool);
            for (found, score) in found.iter().zip(scores.values()) {
                let expected = if sum > 0.0 { pool as f64 * score / sum } else { 0.0 };
                prop_assert!((*found as f64 - expected).abs() <= 1e-9 * pool as f64);
            }
        }
    }
}
