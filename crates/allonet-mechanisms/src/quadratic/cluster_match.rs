//! Cluster match: quadratic funding in which people who give to the same
//! projects count together, not each for themselves.
//!
//! A project gains by every two groups that support it and have little to do
//! with each other. Use it where many accounts of one community, or of one
//! person, must not outweigh support from different sides.
//!
//! # Formula
//!
//! Connection-Oriented Cluster Match. The groups are the supporters of each
//! project. Donor `i` gives `c_ip` to project `p`; `N_ip = c_ip / Σ_p c_ip` is
//! the share of it in all that `i` gives, and `k_ig` in `[0, 1]` says how close
//! `i` is to group `g` (1 for its own groups).
//!
//! ```text
//! K_ig    = (1 − k_ig)·c_ip                  harsh = true
//! K_ig    = k_ig·√c_ip + (1 − k_ig)·c_ip     harsh = false
//! P_gh    = Σ_i K_ig·N_ih
//! score_p = Σ_{g≠h} √(P_gh·P_hg)
//! ```
//!
//! | `similarity`    | `k_ig` for other groups                                       |
//! |-----------------|---------------------------------------------------------------|
//! | `"markov"`      | `Σ_h N_ih Σ_j U_hj·N_jg`, where `U_hj` is `j`'s share in what `h` is given |
//! | `"pct-friends"` | the part of those who share a group with `i` who are in `g`   |
//! | `"og"`          | 1 if anybody who shares a group with `i` is in `g`, else 0    |
//!
//! The score is mixed with that of plain quadratic funding, each as a part of
//! its sum; a rule that scores nobody adds nothing to the mixture.
//!
//! ```text
//! mixed_p = mix·score_p/Σ score + (1 − mix)·plain_p/Σ plain,   plain_p = (Σ√c)² − Σc
//! ```
//!
//! All that comes in is divided in these proportions. With a cap, money above
//! it goes to the others in the same proportions until nobody is above; where
//! all are at the cap, the rest stays unspent.
//!
//! The signal `trust`, a number for each voter, multiplies what a voter gives;
//! voters of whom it does not speak count nothing. Votes count only in part
//! where `scores`, `overrides` or `min_donation` say so, as in `quadratic`.
//!
//! # Units and rounding
//!
//! | quantity    | unit                     | rounding                              |
//! |-------------|--------------------------|---------------------------------------|
//! | donations   | units of the main asset, `f64` | nearest                         |
//! | scores      | the same                 | nearest; sums in order of names       |
//! | payouts     | base units of each asset | largest remainder, earliest id first  |
//! | cap         | base units               | down                                  |
//!
//! With `harsh = false` the unit matters: a root of cents is not a root of
//! dollars. The harsh form does not depend on it.
//!
//! # Limits
//!
//! * One voter's total for one project: below 2^128 base units.
//! * Memory: some 30 bytes times the square of the number of projects, and up to
//!   1 GiB for rows of donors.
//! * Time: for each project and each of its donors, the number of projects of
//!   the donor times the number of all projects; for `"pct-friends"` besides,
//!   the number of friends for each set of projects that donors have.
//!
//! # Known weaknesses
//!
//! * In the harsh form who gives to one project alone, or to all, adds nothing;
//!   a round in which all give to the same projects pays nobody. Mix it.
//! * `"og"` with `harsh` pays nobody in a round where everybody is a friend of a
//!   friend, as in most.
//! * Adding small gifts to many projects makes a donor close to all of them:
//!   what a donor gives to others changes what a project gains.
//! * Accounts that give to carefully chosen different projects pass as
//!   different communities.
//!
//! # Sources
//!
//! * J. Miller, E. G. Weyl, L. Erichsen (2022), *Beyond Collusion Resistance:
//!   Leveraging Social Information for Plural Funding and Voting*.
//! * Gitcoin, qf-calculator, `COCM` and `get_qf_matching`: the harsh form, the
//!   three similarities and the mixtures.
//!
//! # Example
//!
//! ```
//! use allonet_core::money::Amount;
//! use allonet_mechanisms::trial::trial_of;
//!
//! // `well` has supporters from two sides, `choir` only from one.
//! let votes = "voter,project,amount\n\
//!              ann,well,4\nann,choir,4\nbob,well,4\nbob,choir,4\n\
//!              cem,well,4\ncem,kiln,4\ndan,well,4\ndan,kiln,4\n";
//! let result = trial_of("cluster-match").file("votes", votes).run(5_00)?;
//! assert_eq!(result.paid("well"), Amount::from_base(5_00));
//! assert_eq!(result.paid("choir"), Amount::ZERO);
//! # Ok::<(), allonet_mechanisms::trial::NoTrial>(())
//! ```

use std::sync::{Arc, OnceLock};

use allonet_core::card::{Absent, Card, Family, Kind, Setting, Settings, Source, Status, Value};
use allonet_core::fault::Fault;
use allonet_core::mechanism::{Allocation, Blueprint, Mechanism, Outcome, Refusal, Turn};
use allonet_core::money::Share;

use super::closeness::Similarity;
use super::cluster;
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
    id: "cluster-match",
    title: "Cluster match",
    family: Family::Quadratic,
    formula: "score = Σ_{g≠h} √(P_gh·P_hg), P = Kᵀ N, K = (1 − k)·c",
    status: Status::Preview { since: "0.1.0" },
    sources: &[
        Source {
            cite: "Miller, Weyl, Erichsen (2022), Beyond Collusion Resistance",
            url: "https://ssrn.com/abstract=4311507",
        },
        Source {
            cite: "Gitcoin, qf-calculator, COCM",
            url: "https://github.com/gitcoinco/qf-calculator/blob/main/fundingutils.py",
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
        name: "similarity",
        kind: Kind::Choice(&["markov", "pct-friends", "og"]),
        default: Absent::Default("markov"),
        doc: "How closeness of a donor to the supporters of a project is measured.",
    },
    Setting {
        name: "harsh",
        kind: Kind::Bool,
        default: Absent::Default("true"),
        doc: "Whether money of close donors counts nothing, and not its square root.",
    },
    Setting {
        name: "mix",
        kind: Kind::Share,
        default: Absent::Default("100%"),
        doc: "Share of cluster match in the result; the rest is plain quadratic funding.",
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
pub struct ClusterMatch {
    round: Round,
    similarity: Similarity,
    harsh: bool,
    mix: Share,
    terms: Terms,
    /// What the votes come to without a signal.
    untouched: OnceLock<Mixture>,
}

/// Builds the rule from its settings.
pub fn build(blueprint: &Blueprint<'_>) -> Result<Box<dyn Mechanism>, Vec<Fault>> {
    let reader = Reader::new(blueprint)?;
    let settings = reader.settings;
    let terms = Terms::read(settings, reader.asset).map_err(|fault| vec![fault])?;
    Ok(Box::new(ClusterMatch {
        round: Round::read(reader)?,
        similarity: similarity(settings),
        harsh: !matches!(settings.get("harsh").map(|p| &p.value), Some(Value::Bool(false))),
        mix: settings.share("mix").unwrap_or(Share::ONE),
        terms,
        untouched: OnceLock::new(),
    }))
}

fn similarity(settings: &Settings) -> Similarity {
    match settings.text("similarity") {
        Some("pct-friends") => Similarity::PctFriends,
        Some("og") => Similarity::Og,
        _ => Similarity::Markov,
    }
}

// --- Signals ----------------------------------------------------------------

// `trust` is read by `round`.

// --- Refusals ---------------------------------------------------------------

// Faults of votes and settings come from `reading` and `paying`; scores beyond
// the range of floats are refused by `parts_of_sum`.

// --- Rule -------------------------------------------------------------------

/// Parts of the sums of both scores, and their mixture.
#[derive(Clone, Debug, PartialEq)]
struct Mixture {
    clusters: Vec<f64>,
    plain: Vec<f64>,
    mixed: Vec<f64>,
}

impl Mechanism for ClusterMatch {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn payees(&self) -> &[Arc<str>] {
        &self.round.payees
    }

    fn step(&self, turn: &Turn<'_>, allocation: &mut Allocation<'_>) -> Result<Outcome, Refusal> {
        let Mixture { clusters, plain, mixed } = &self.mixture(turn)?;
        let part = |project: usize| {
            let clusters = percent(clusters[project]);
            if self.mix == Share::ONE {
                return format!("{clusters} of all scores");
            }
            let plain = percent(plain[project]);
            format!("{clusters} by clusters, {plain} by plain quadratic funding")
        };
        let why = |project: usize| {
            format!("{}; {}", self.round.support(project, turn.assets), part(project))
        };
        let mut outcome = Outcome { remarks: self.round.remarks.clone(), ..Outcome::default() };
        outcome.remarks.extend(self.terms.pay(turn, allocation, mixed, why)?);
        if self.mix != Share::ONE && !self.mix.is_zero() && clusters.iter().all(|c| *c == 0.0) {
            let remark = "no project has a score by clusters: plain quadratic funding decides";
            outcome.remarks.push(remark.to_owned());
        }
        outcome.signals.push(("match", shares(&self.round.payees, mixed)));
        outcome.reasons = self.round.reasons(turn.assets, part);
        Ok(outcome)
    }
}

impl ClusterMatch {
    fn mixture(&self, turn: &Turn<'_>) -> Result<Mixture, Refusal> {
        if let Some(trust) = self.round.trust(turn)? {
            return self.mix(&self.round.donations(Some(&trust)));
        }
        if let Some(known) = self.untouched.get() {
            return Ok(known.clone());
        }
        let mixture = self.mix(&self.round.donations(None))?;
        Ok(self.untouched.get_or_init(|| mixture).clone())
    }

    fn mix(&self, donations: &Donations) -> Result<Mixture, Refusal> {
        let clusters = if self.mix.is_zero() {
            vec![0.0; donations.projects()]
        } else {
            parts_of_sum(&cluster::scores(donations, self.similarity, self.harsh))?
        };
        let plain = parts_of_sum(&donations.plain_scores())?;
        let (most, rest) = (self.mix.to_f64(), 1.0 - self.mix.to_f64());
        let mixed = clusters.iter().zip(&plain).map(|(a, b)| most * a + rest * b).collect();
        Ok(Mixture { clusters, plain, mixed })
    }
}

// --- Tests ------------------------------------------------------------------

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::trial::{Trial, paid, refused, trial_of};

    /// `well` has supporters who give to different things besides.
    const SIDES: &str = "voter,project,amount\n\
        ann,well,4\nann,choir,4\nbob,well,4\nbob,choir,4\n\
        cem,well,4\ncem,kiln,4\ndan,well,4\ndan,kiln,4\n";

    fn trial(votes: &str) -> Trial {
        trial_of("cluster-match").file("votes", votes)
    }

    fn share(text: &str) -> Value {
        Value::Share(text.parse().unwrap())
    }

    fn run(trial: &Trial, pool: u128) -> Vec<u128> {
        paid(&trial.run(pool).unwrap())
    }

    // Worked examples.

    #[test]
    fn only_support_from_two_sides_counts() {
        // choir, kiln, well.
        assert_eq!(run(&trial(SIDES), 90_00), [0, 0, 90_00]);
        // Plain: (2·2)² − 8 = 8 twice and (4·2)² − 16 = 48.
        assert_eq!(run(&trial(SIDES).set("mix", share("0%")), 64_00), [8_00, 8_00, 48_00]);
        // Half of each: 1/16, 1/16 and 1/2 + 3/8.
        assert_eq!(run(&trial(SIDES).set("mix", share("50%")), 64_00), [4_00, 4_00, 56_00]);
    }

    #[test]
    fn the_cap_and_what_is_told() {
        let mixed = trial(SIDES).set("mix", share("50%")).set("cap", share("50%"));
        let result = mixed.run(64_00).unwrap();
        assert_eq!(paid(&result), [16_00, 16_00, 32_00]);
        let step = &result.payouts[2].steps[0];
        assert_eq!(
            step.note.as_deref(),
            Some(
                "4 voters give 16.00 USD; 100.00 % by clusters, 75.00 % by plain quadratic funding"
            )
        );
        assert_eq!(result.outcome.remarks, ["at the cap of 32.00 USD: 1 project"]);
        assert_eq!(
            result.outcome.reasons["well"][1],
            "largest donations: `ann` 4.00 USD, `bob` 4.00 USD, `cem` 4.00 USD"
        );
        // Where all are at the cap, the rest stays.
        let tight = trial(SIDES).set("mix", share("50%")).set("cap", share("10%"));
        assert_eq!(run(&tight, 64_00), [6_40, 6_40, 6_40]);
    }

    #[test]
    fn a_round_without_sides_pays_nobody_or_plainly() {
        let votes = "voter,project,amount\nann,well,4\nbob,well,9\n";
        let result = trial(votes).run(9_00).unwrap();
        assert!(result.payouts.is_empty());
        assert_eq!(result.outcome.remarks, ["no project has a score above zero: nothing is paid"]);
        let result = trial(votes).set("mix", share("75%")).run(9_00).unwrap();
        assert_eq!(paid(&result), [9_00]);
        assert_eq!(
            result.outcome.remarks,
            ["no project has a score by clusters: plain quadratic funding decides"]
        );
        assert_eq!(run(&trial("voter,project,amount\n"), 9_00), [0_u128; 0]);
    }

    #[test]
    fn the_soft_form_counts_roots_of_close_donors() {
        // Both give 4 to both: k = 1 everywhere, K = √4. For each project
        // P_gh = 2·2·½ = 2: the scores are equal, and not zero.
        let votes = "voter,project,amount\na,x,4\na,y,4\nb,x,4\nb,y,4\n";
        assert_eq!(run(&trial(votes), 10), [0, 0]);
        assert_eq!(run(&trial(votes).set("harsh", Value::Bool(false)), 10), [5, 5]);
    }

    #[test]
    fn trust_weighs_donors() {
        // Without cem and dan there is one side left.
        let result = trial(SIDES).scores("trust", &[("ann", 1.0), ("bob", 1.0)]).run(9).unwrap();
        assert!(result.payouts.is_empty());
        let all = [("ann", 2.0), ("bob", 2.0), ("cem", 2.0), ("dan", 2.0), ("eve", 7.0)];
        assert_eq!(run(&trial(SIDES).scores("trust", &all), 9), [0, 0, 9]);
    }

    // Refusals.

    #[test]
    fn bad_settings_votes_and_trust_are_refused() {
        for (trial, start) in [
            (trial_of("cluster-match"), "there are no votes to divide by"),
            (trial(SIDES).set("cap", share("0%")), "a cap of 0% would pay nobody"),
            (trial(SIDES).text("min_donation", "0.001"), "`0.001` has 3 decimals"),
            (trial("voter,project,amount\na,x,-3\n"), "votes.csv:2:5: `-3` is negative"),
            (
                trial(SIDES).scores("trust", &[("ann", -1.0)]),
                "the signal `trust` from `elsewhere` gives `ann` -1",
            ),
            (
                trial(SIDES).scores("trust", &[("ann", f64::NAN)]),
                "the signal `trust` from `elsewhere` gives `ann` NaN",
            ),
            (
                trial(SIDES).scores("trust", &[("ann", 1e61)]),
                "the signal `trust` from `elsewhere` gives `ann` 1",
            ),
            (
                trial(SIDES)
                    .set("score_low", Value::Number(3.0))
                    .set("score_high", Value::Number(2.0)),
                "score_low = 3 is above score_high = 2",
            ),
        ] {
            let found = refused(&trial);
            assert!(found.starts_with(start), "{found}");
        }
    }

    // Laws.

    fn table(votes: &[(u8, u8, u32)]) -> String {
        let row = |(v, p, units): &(u8, u8, u32)| format!("v{v},p{p},{units}\n");
        format!("voter,project,amount\n{}", votes.iter().map(row).collect::<String>())
    }

    fn any_trial(votes: &[(u8, u8, u32)], choice: u8) -> Trial {
        let trial = trial(&table(votes)).text("amounts", "base-units");
        let trial = trial.text("similarity", ["markov", "pct-friends", "og"][choice as usize % 3]);
        let trial = trial.set("harsh", Value::Bool(choice & 8 == 0));
        trial.set("mix", share(["100%", "50%", "75%"][choice as usize / 3 % 3]))
    }

    fn votes() -> impl Strategy<Value = Vec<(u8, u8, u32)>> {
        prop::collection::vec((0_u8..8, 0_u8..5, 0_u32..10_000), 0..40)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn money_is_conserved_in_any_order(
            votes in votes(),
            pool: u64,
            choice in 0_u8..16,
            by in 0_usize..40,
        ) {
            let result = any_trial(&votes, choice).run(u128::from(pool)).unwrap();
            let spent: u128 = paid(&result).iter().sum();
            prop_assert_eq!(spent + result.unspent.of(0).to_u128().unwrap(), u128::from(pool));
            let mut other = votes.clone();
            other.reverse();
            other.rotate_left(by.min(votes.len()));
            prop_assert_eq!(any_trial(&other, choice).run(u128::from(pool)), Ok(result));
        }

        #[test]
        fn the_unit_does_not_matter_in_the_harsh_form(votes in votes(), choice in 0_u8..6) {
            let fourfold: Vec<(u8, u8, u32)> =
                votes.iter().map(|(v, p, units)| (*v, *p, 4 * units)).collect();
            prop_assert_eq!(
                run(&any_trial(&votes, choice), 1 << 60),
                run(&any_trial(&fourfold, choice), 1 << 60)
            );
        }

        // Reference: the mixture of two references, for two projects that share
        // donors with a third.
        #[test]
        fn a_mixture_is_the_sum_of_its_parts(votes in votes()) {
            let of = |mix: &str| {
                let trial = any_trial(&votes, 0).set("mix", share(mix));
                let result = trial.run(1 << 80).unwrap();
                let total: u128 = paid(&result).iter().sum();
                let parts: Vec<f64> = paid(&result).iter().map(|part| *part as f64).collect();
                (parts, total > 0)
            };
            let ((clusters, some), (plain, _), (mixed, _)) = (of("100%"), of("0%"), of("25%"));
            prop_assume!(some);
            for ((a, b), found) in clusters.iter().zip(&plain).zip(&mixed) {
                let expected = 0.25 * a + 0.75 * b;
                prop_assert!((found - expected).abs() <= 1e-9 * (1_u128 << 80) as f64);
            }
        }
    }
}
