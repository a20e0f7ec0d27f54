//! Proper quadratic funding: contributions come back, and a matching pool tops
//! them up as far towards the quadratic ideal as it reaches.
//!
//! Voters pay into the same pot that holds the matching money. A vote of weight
//! `w` costs `w²`, so the weights are roots of contributions. Use it where the
//! round itself holds the deposits, as in Octant v2.
//!
//! # Formula
//!
//! For project `p` let `S_p = Σ w` be the sum of weights and `C_p = Σ w²` what they
//! cost; `assets` is all money the round has: deposits and matching pool.
//!
//! ```text
//! α   = (assets − Σ C) / (Σ S² − Σ C), between 0 and 1     the largest that the money allows
//! F_p = ⌊S_p² · αn / αd⌋ + ⌊C_p · (αd − αn) / αd⌋           α = αn / αd
//! ```
//!
//! With α = 1 every project gets its quadratic ideal `S²`, with α = 0 only what
//! its voters gave. The setting `alpha` is an upper bound on α.
//!
//! If not even the contributions are there (`assets < Σ C`), each project gets
//! its part of what there is: `⌊C_p · assets / Σ C⌋`.
//!
//! Several epochs: what a project was paid before is taken off. Money that comes
//! later raises α.
//!
//! # Units and rounding
//!
//! | quantity            | unit                                                | rounding |
//! |---------------------|-----------------------------------------------------|----------|
//! | pool, payout `F`    | base units of the main asset                        | each term down |
//! | contribution `c`    | decimals or base units of the main asset; its weight is `w = ⌊√c⌋` of base units | down |
//! | weight `w`          | whole; costs `w²` base units                        | none     |
//! | α                   | a fraction of two whole numbers                     | exact    |
//!
//! Rounding leaves at most `2P − 1` base units for `P` projects unspent while α < 1.
//! A contribution that is no square leaves `c − w²` in the pot, where it is
//! matching money. Other assets than the main one are divided in full by `S²`.
//!
//! # Limits
//!
//! * A voter's total for one project: below 2^128. Sums of squares: below 2^256.
//! * Several rows of one voter for one project are added up before the root is
//!   taken. (The contract takes one vote of each.)
//!
//! # Known weaknesses
//!
//! * One person posing as many gains without bound. Check identity at sign-up.
//! * Without an upper bound on α, much matching money and few voters make α = 1:
//!   two friends who give 100 each are matched by 200.
//!
//! # Sources
//!
//! * Octant v2, `ProperQF.sol`: `_processVote`, `_calculateOptimalAlpha`; and
//!   `QuadraticVotingMechanism.sol` for the cost of votes.
//! * V. Buterin, Z. Hitzig, E. G. Weyl (2019), *A Flexible Design for Funding
//!   Public Goods*: capital-constrained quadratic funding.
//!
//! # Example
//!
//! ```
//! use allonet_core::money::Amount;
//! use allonet_mechanisms::trial::trial_of;
//!
//! let votes = "voter,project,amount\nann,garden,1\nbob,garden,1\ncem,tower,4\n";
//! // Garden: S² = 20² = 400, C = 200. Tower: S² = C = 400.
//! // 6.00 of gifts and 1.00 to match: α = 100/200.
//! let result = trial_of("proper-quadratic").file("votes", votes).run(7_00)?;
//! assert_eq!(result.paid("garden"), Amount::from_base(3_00));
//! assert_eq!(result.paid("tower"), Amount::from_base(4_00));
//! # Ok::<(), allonet_mechanisms::trial::NoTrial>(())
//! ```

use std::collections::BTreeMap;
use std::sync::Arc;

use allonet_core::card::{Absent, Card, Family, Kind, Setting, Settings, Source, Status};
use allonet_core::fault::Fault;
use allonet_core::mechanism::{Allocation, Blueprint, Mechanism, Outcome, Refusal, Turn};
use allonet_core::money::{Amount, Asset, Share};
use ruint::aliases::{U256, U512};

use super::credits::{limits, overspent};
use super::eligibility::Eligibility;
use super::instalments::{Due, Instalments};
use super::kernel::Pairs;
use super::reading::{Reader, VOTES};
use super::roster::PROJECT_COLUMNS;
use super::votes::{COLUMNS, Votes};
use crate::paying::show;
use crate::whole::root;

// --- Card -------------------------------------------------------------------

/// What the rule says of itself.
pub static CARD: Card = Card {
    id: "proper-quadratic",
    title: "Proper quadratic funding",
    family: Family::Quadratic,
    formula: "payout = α·(Σw)² + (1 − α)·Σw²,  α = (assets − ΣC) / (ΣS² − ΣC) in [0, 1]",
    status: Status::Preview { since: "0.1.0" },
    sources: &[
        Source {
            cite: "Octant v2, ProperQF.sol and QuadraticVotingMechanism.sol",
            url: "https://github.com/golemfoundation/octant-v2-core/blob/main/src/mechanisms/voting-strategy/ProperQF.sol",
        },
        Source {
            cite: "Buterin, Hitzig, Weyl (2019), A Flexible Design for Funding Public Goods",
            url: "https://arxiv.org/abs/1809.06421",
        },
    ],
    settings: SETTINGS,
    actions: &[],
    reads: &[],
    emits: &["match"],
};

const SETTINGS: &[Setting] = &[
    VOTES,
    Setting {
        name: "amounts",
        kind: Kind::Choice(&["decimal", "base-units", "weights"]),
        default: Absent::Default("decimal"),
        doc: "What stands in `amount`: contributions in units of the main asset or in its base \
              units, or whole weights that cost their square in base units.",
    },
    Setting {
        name: "alpha",
        kind: Kind::Share,
        default: Absent::None("as much as the money allows"),
        doc: "Upper bound on α, the part of the way to the quadratic ideal.",
    },
    Setting {
        name: "deposits",
        kind: Kind::File,
        default: Absent::None("deposits are not checked"),
        doc: "What each voter paid in, columns `voter` and `amount`, in units of the main asset; \
              who is not in it has nothing to spend.",
    },
    Setting {
        name: "over_budget",
        kind: Kind::Choice(&["refuse", "drop"]),
        default: Absent::Default("refuse"),
        doc: "What becomes of voters whose votes cost more than their deposit: the round is \
              refused, or none of their votes count.",
    },
    Setting {
        name: "projects",
        kind: Kind::File,
        default: Absent::None("every project voted for is paid"),
        doc: "List of projects that may be paid, column `id`, and if wished `status` and \
              `recipient`.",
    },
];

// --- Settings ---------------------------------------------------------------

/// The rule with its votes.
#[derive(Debug)]
pub struct ProperQuadratic {
    /// Sorted by id.
    payees: Vec<Arc<str>>,
    /// In the order of the payees.
    tallies: Vec<Tally>,
    /// Upper bound on α.
    bound: Share,
    /// `Σ S²`.
    ideal: U256,
    /// `Σ C`.
    given: U256,
    remarks: Vec<String>,
}

/// What stands behind one project.
#[derive(Debug)]
struct Tally {
    /// `S²`.
    ideal: U256,
    /// `C`.
    given: U256,
    voters: usize,
    /// The largest voters, and what their votes cost.
    largest: Vec<(Box<str>, Amount)>,
}

/// Builds the rule from its settings.
pub fn build(blueprint: &Blueprint<'_>) -> Result<Box<dyn Mechanism>, Vec<Fault>> {
    let reader = Reader::new(blueprint)?;
    let Reader { settings, asset } = reader;
    let drops = settings.text("over_budget") == Some("drop");
    if drops && settings.get("deposits").is_none() {
        return Err(vec![needs_deposits(settings)]);
    }
    let in_weights = settings.text("amounts") == Some("weights");
    let (mut votes, mut remarks) = read_votes(reader)?;
    let pairs = votes.pairs(settings.place("votes"))?;
    let cost = costs(&pairs, in_weights).ok_or_else(|| vec![too_large()])?;
    if let Some(deposits) = limits(settings, "deposits", asset, U256::ONE)? {
        let over = overspent(&votes.voters, &cost, &deposits);
        if settings.text("over_budget") == Some("drop") {
            let columns = &mut votes.columns;
            for (voter, amount) in columns.voters.iter().zip(&mut columns.amounts) {
                if over.contains_key(&(*voter as usize)) {
                    *amount = 0;
                }
            }
            remarks.extend(over.values().map(|told| format!("{told}: these votes do not count")));
        } else if !over.is_empty() {
            return Err(over.values().map(|told| over_budget(settings, told)).collect());
        }
    }
    let pairs = votes.pairs(settings.place("votes"))?;
    let tally = |project| tally(&pairs, project, &votes.voters, in_weights);
    let tallies: Option<Vec<Tally>> = (0..pairs.project_count()).map(tally).collect();
    let tallies = tallies.ok_or_else(|| vec![too_large()])?;
    let sum = |of: fn(&Tally) -> U256| {
        let sum = tallies.iter().try_fold(U256::ZERO, |sum, tally| sum.checked_add(of(tally)));
        sum.ok_or_else(|| vec![too_large()])
    };
    Ok(Box::new(ProperQuadratic {
        bound: settings.share("alpha").unwrap_or(Share::ONE),
        ideal: sum(|tally| tally.ideal)?,
        given: sum(|tally| tally.given)?,
        payees: votes.projects,
        tallies,
        remarks,
    }))
}

// --- Signals ----------------------------------------------------------------

/// Votes for listed projects, with remarks about the others.
fn read_votes(reader: Reader<'_>) -> Result<(Votes, Vec<String>), Vec<Fault>> {
    let table = reader.votes(COLUMNS)?;
    let projects = reader.table("projects", PROJECT_COLUMNS)?;
    reader.eligible(&table, &Eligibility { projects, ..Eligibility::default() })
}

fn weight(total: u128, in_weights: bool) -> U256 {
    let total = U256::from(total);
    if in_weights { total } else { root(total) }
}

/// What the votes of each voter cost, where 256 bits suffice.
fn costs(pairs: &Pairs, in_weights: bool) -> Option<Vec<U256>> {
    let mut costs = vec![U256::ZERO; pairs.voter_count()];
    for project in 0..pairs.project_count() {
        for (voter, total) in pairs.of(project) {
            let weight = weight(total, in_weights);
            let cost = &mut costs[voter as usize];
            *cost = cost.checked_add(weight * weight)?;
        }
    }
    Some(costs)
}

/// How many voters a project's reasons name.
const NAMED: usize = 5;

/// What stands behind one project, where 256 bits suffice.
fn tally(pairs: &Pairs, project: usize, voters: &[Box<str>], in_weights: bool) -> Option<Tally> {
    let weighed = pairs.of(project).map(|(voter, total)| (weight(total, in_weights), voter));
    let mut weighed: Vec<(U256, u32)> = weighed.filter(|(weight, _)| !weight.is_zero()).collect();
    let roots: U256 = weighed.iter().map(|(weight, _)| *weight).sum();
    let add = |sum: U256, (weight, _): &(U256, u32)| sum.checked_add(*weight * *weight);
    let given = weighed.iter().try_fold(U256::ZERO, add)?;
    weighed.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    let named = |(weight, voter): &(U256, u32)| {
        (voters[*voter as usize].clone(), Amount::from_u256(*weight * *weight))
    };
    let largest = weighed.iter().take(NAMED).map(named).collect();
    Some(Tally { ideal: roots.checked_mul(roots)?, given, voters: weighed.len(), largest })
}

// --- Refusals ---------------------------------------------------------------

fn too_large() -> Fault {
    Fault::new("too-large", "the squares of the sums of weights are 2^256 or more")
        .help("check the decimals of the asset and the setting `amounts`")
}

fn needs_deposits(settings: &Settings) -> Fault {
    Fault::new("misplaced-setting", "`over_budget` works only with `deposits`")
        .at_some(settings.place("over_budget"))
        .help("add `deposits = \"deposits.csv\"`, or leave `over_budget` out")
}

fn over_budget(settings: &Settings, told: &str) -> Fault {
    Fault::new("over-budget", format!("{told}, in base units"))
        .at_some(settings.place("deposits"))
        .help("a vote of weight w costs w²; or set `over_budget = \"drop\"`")
}

// --- Rule -------------------------------------------------------------------

impl ProperQuadratic {
    /// α as a fraction of two whole numbers, for assets that cover all
    /// contributions.
    fn alpha(&self, assets: U256) -> (U256, U256) {
        let wanted = self.ideal - self.given;
        if wanted.is_zero() {
            return (U256::ZERO, U256::ONE);
        }
        let left = (assets - self.given).min(wanted);
        let (most, of) = (self.bound.numerator(), self.bound.denominator());
        let (most, of) = (U256::from(most), U256::from(of));
        let by_money: U512 = left.widening_mul(of);
        let by_bound: U512 = most.widening_mul(wanted);
        if by_bound < by_money { (most, of) } else { (left, wanted) }
    }

    /// What each project is owed of all money the round has.
    fn owed(&self, assets: Amount) -> Result<Vec<Amount>, Refusal> {
        if assets.to_u256() < self.given {
            let part = |tally: &Tally| {
                Ok(assets.mul_div(tally.given, self.given, "parts of contributions")?)
            };
            return self.tallies.iter().map(part).collect();
        }
        let (over, under) = self.alpha(assets.to_u256());
        let owed = |tally: &Tally| {
            let ideal = Amount::from_u256(tally.ideal).mul_div(over, under, "matches")?;
            let given = Amount::from_u256(tally.given).mul_div(under - over, under, "matches")?;
            Ok(ideal.add(given, "a payout")?)
        };
        self.tallies.iter().map(owed).collect()
    }

    fn remark(&self, assets: Amount, symbols: &[Asset]) -> String {
        let given = show(symbols, 0, Amount::from_u256(self.given));
        if self.given.is_zero() {
            return "there are no votes: nothing is paid".to_owned();
        }
        if assets.to_u256() < self.given {
            let found = show(symbols, 0, assets);
            return format!(
                "contributions are {given}, and only {found} have come in: each project gets its \
                 part"
            );
        }
        let (over, under) = self.alpha(assets.to_u256());
        format!("contributions {given}, α = {:.6}", f64::from(over) / f64::from(under))
    }
}

impl Tally {
    fn why(&self, assets: &[Asset]) -> String {
        let given = show(assets, 0, Amount::from_u256(self.given));
        let people = if self.voters == 1 { "1 voter" } else { &format!("{} voters", self.voters) };
        format!("{people} for {given}, ideal {}", show(assets, 0, Amount::from_u256(self.ideal)))
    }

    fn reasons(&self, assets: &[Asset]) -> Vec<String> {
        let named =
            |(name, cost): &(Box<str>, Amount)| format!("{name} gives {}", show(assets, 0, *cost));
        std::iter::once(self.why(assets)).chain(self.largest.iter().map(named)).collect()
    }
}

impl Mechanism for ProperQuadratic {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn payees(&self) -> &[Arc<str>] {
        &self.payees
    }

    fn step(&self, turn: &Turn<'_>, allocation: &mut Allocation<'_>) -> Result<Outcome, Refusal> {
        let instalments = Instalments::read(turn)?;
        let assets = instalments.budget(allocation)?;
        let due = |(tally, total): (&Tally, Amount)| Due {
            own: Amount::from_u256(tally.given).min(total),
            total,
            why: tally.why(turn.assets),
            weight: tally.ideal,
        };
        let owed = self.owed(assets)?;
        let dues: Vec<Due> = self.tallies.iter().zip(owed).map(due).collect();
        let mut outcome = instalments.pay(&self.payees, &dues, allocation)?;
        let told = self.payees.iter().zip(&self.tallies);
        let told = told.map(|(payee, tally)| (payee.to_string(), tally.reasons(turn.assets)));
        outcome.reasons = told.collect::<BTreeMap<_, _>>();
        outcome.remarks.clone_from(&self.remarks);
        outcome.remarks.push(self.remark(assets, turn.assets));
        Ok(outcome)
    }
}

// --- Tests ------------------------------------------------------------------

#[cfg(test)]
mod tests {
    use allonet_core::card::Value;
    use allonet_core::mechanism::{Purse, State};
    use proptest::prelude::*;

    use super::*;
    use crate::trial::{Trial, paid, refused, trial_of};

    fn trial(rows: &str) -> Trial {
        let table = format!("voter,project,amount\n{rows}");
        trial_of("proper-quadratic").file("votes", &table)
    }

    fn weights(rows: &str) -> Trial {
        trial(rows).text("amounts", "weights")
    }

    fn run(trial: &Trial, pool: u128) -> Vec<u128> {
        paid(&trial.run(pool).unwrap())
    }

    /// a: S = 30, C = 300; b: S = C = 0 beyond one voter: S² = C = 400.
    const TWO: &str = "u,a,10\nv,a,10\nw,a,10\nx,b,20\n";

    // Worked examples.

    #[test]
    fn alpha_goes_as_far_as_the_money() {
        // Contributions 700, ideal 900 + 400; wanted 600.
        assert_eq!(run(&weights(TWO), 700), [300, 400]);
        assert_eq!(run(&weights(TWO), 700 + 150), [450, 400]);
        assert_eq!(run(&weights(TWO), 700 + 600), [900, 400]);
        let result = weights(TWO).run(2_000).unwrap();
        assert_eq!(paid(&result), [900, 400]);
        assert_eq!(result.unspent.of(0), Amount::from_base(700));
    }

    #[test]
    fn alpha_can_be_bounded() {
        let half = Value::Share("50%".parse().unwrap());
        assert_eq!(run(&weights(TWO).set("alpha", half.clone()), 5_000), [600, 400]);
        assert_eq!(run(&weights(TWO).set("alpha", half), 850), [450, 400]);
    }

    #[test]
    fn contributions_are_weighed_by_their_roots() {
        // 1.00, 1.00, 1.00 and 4.05: √405 = 20, and five cents are matching money.
        let gifts = "u,a,1\nv,a,1\nw,a,1\nx,b,4.05\n";
        let result = trial(gifts).run(7_05).unwrap();
        // 900·5/600 + 300·595/600 and 400·5/600 + 400·595/600, each term cut.
        assert_eq!(paid(&result), [7 + 297, 3 + 396]);
        assert_eq!(result.outcome.remarks, ["contributions 7.00 USD, α = 0.008333"]);
        let reasons = &result.outcome.reasons["b"];
        assert_eq!(reasons[..], ["1 voter for 4.00 USD, ideal 4.00 USD", "x gives 4.00 USD"]);
    }

    #[test]
    fn too_little_money_is_shared_by_contributions() {
        let result = weights(TWO).run(70).unwrap();
        assert_eq!(paid(&result), [30, 40]);
        let told = "contributions are 7.00 USD, and only 0.70 USD have come in";
        assert!(result.outcome.remarks[0].starts_with(told));
    }

    #[test]
    fn later_money_raises_alpha() {
        let trial = weights(TWO);
        let rule = trial.build().unwrap();
        let (mut state, mut epochs) = (State::empty(), Vec::new());
        for money in [70, 630 + 150, 450] {
            let pool = Purse::new(vec![Amount::from_base(money)]);
            let result = trial.turn(&*rule, 0, &pool, &pool, &[], &state).unwrap();
            epochs.push(paid(&result));
            state = result.outcome.state;
        }
        assert_eq!(epochs, [vec![30, 40], vec![420, 360], vec![450, 0]]);
    }

    #[test]
    fn votes_above_a_deposit_can_be_dropped() {
        let deposits = "voter,amount\nu,1\nv,1\nw,1\nx,3.99\n";
        let poor = weights(TWO).file("deposits", deposits);
        assert!(refused(&poor).starts_with("`x` spends 400 credits and has 399, in base units"));
        let dropped = poor.text("over_budget", "drop").run(900).unwrap();
        assert_eq!(paid(&dropped), [900, 0]);
        assert!(dropped.outcome.remarks[0].ends_with("these votes do not count"));
    }

    #[test]
    fn only_listed_projects_are_paid() {
        let listed = weights(TWO).file("projects", "id\na\n");
        assert_eq!(run(&listed, 5_000), [900]);
    }

    #[test]
    fn rounds_without_votes_pay_nobody() {
        for rows in ["", "u,a,0\n"] {
            let result = weights(rows).run(9).unwrap();
            assert_eq!(result.unspent.of(0), Amount::from_base(9));
            assert_eq!(result.outcome.remarks, ["there are no votes: nothing is paid"]);
        }
    }

    // Refusals.

    #[test]
    fn what_is_no_vote_is_refused() {
        let large = format!("u,a,{}\nv,a,{0}\n", u128::MAX);
        let twice = format!("u,a,{}\nu,a,1\n", u128::MAX);
        for (trial, start) in [
            (trial_of("proper-quadratic"), "there are no votes to divide by"),
            (weights("u,a,-1\n"), "votes.csv:2:5: `-1` is not a whole, non-negative"),
            (weights("u,a,NaN\n"), "votes.csv:2:5: "),
            (weights("u,a,1\n").text("over_budget", "drop"), "`over_budget` works only with"),
            (weights(",a,1\n"), "votes.csv:2:1: this vote names no voter"),
            (weights(&large), "the squares of the sums of weights are 2^256 or more"),
            (weights(&twice), "voter `u` gives `a` 2^128 base units or more in all"),
        ] {
            let found = refused(&trial);
            assert!(found.starts_with(start), "{found}");
        }
    }

    // Laws.

    type Vote = (u8, u8, u64);

    fn votes() -> impl Strategy<Value = Vec<Vote>> {
        prop::collection::vec((0_u8..7, 0_u8..5, 0_u64..1 << 40), 1..25)
    }

    fn rows(votes: &[Vote]) -> String {
        let row = |(voter, project, w): &Vote| format!("v{voter},p{project},{w}\n");
        votes.iter().map(row).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn the_order_of_votes_does_not_matter(votes in votes(), pool in 0_u128..1 << 90) {
            let mut other = votes.clone();
            other.reverse();
            prop_assert_eq!(weights(&rows(&votes)).run(pool), weights(&rows(&other)).run(pool));
        }

        #[test]
        fn splitting_a_contribution_gains_nothing(votes in votes(), pool in 0_u128..1 << 90) {
            let mut split = votes.clone();
            let (voter, project, all) = split[0];
            split[0].2 = all / 3;
            split.push((voter, project, all - all / 3));
            let paid = |votes: &[Vote]| {
                run(&trial(&rows(votes)).text("amounts", "base-units"), pool)
            };
            prop_assert_eq!(paid(&votes), paid(&split));
        }

        #[test]
        fn little_dust_is_left_while_money_is_short(votes in votes(), more in 0_u128..1 << 80) {
            let trial = weights(&rows(&votes));
            let rich = run(&trial, u128::MAX >> 1);
            let ideal: u128 = rich.iter().sum();
            let pool = more.min(ideal);
            let result = trial.run(pool).unwrap();
            let projects = u128::try_from(result.payees.len()).unwrap();
            let dust = result.unspent.of(0).to_u128().unwrap();
            prop_assert!(dust < 2 * projects, "{dust} of {projects}");
        }

        // Reference: the formula in floats.
        #[test]
        fn agrees_with_a_float_reference(votes in votes(), pool in 1_u128..1 << 90) {
            let mut totals: BTreeMap<(u8, u8), f64> = BTreeMap::new();
            for (voter, project, w) in &votes {
                *totals.entry((*project, *voter)).or_default() += *w as f64;
            }
            let mut sums: BTreeMap<u8, (f64, f64)> = BTreeMap::new();
            for ((project, _), w) in totals {
                let (s, c) = sums.entry(project).or_default();
                *s += w;
                *c += w * w;
            }
            let given: f64 = sums.values().map(|(_, c)| c).sum();
            let ideal: f64 = sums.values().map(|(s, _)| s * s).sum();
            let pool_f = pool as f64;
            prop_assume!(given > 0.0 && ideal > given * 1.000_1);
            let alpha = ((pool_f - given) / (ideal - given)).clamp(0.0, 1.0);
            let scale = (pool_f / given).min(1.0);
            for (found, (s, c)) in run(&weights(&rows(&votes)), pool).iter().zip(sums.values()) {
                let expected = scale * (alpha * s * s + (1.0 - alpha) * c);
                let off = (*found as f64 - expected).abs();
                prop_assert!(off <= 1e-9 * pool_f + 2.0, "{found} {expected}");
            }
        }
    }
}
