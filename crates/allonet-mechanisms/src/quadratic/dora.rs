//! Dora's grants: votes that cost more the more one casts, and a pool divided by
//! how votes of different people meet.
//!
//! A voter's first vote for a project costs one unit, the second two, and so on;
//! what votes cost goes to the project. Use it where voters pay for their votes
//! on the spot and all is to be counted in whole numbers.
//!
//! # Formula
//!
//! For project `p`, let `v_i` be the votes of voter `i`.
//!
//! ```text
//! cost_i  = v_i · (v_i + 1) / 2 · unit
//! area_p  = Σ_{i<j} v_i · v_j
//! match_p = ⌊area_p · pool / Σ area⌋
//! paid_p  = Σ cost_i − Σ ⌊tax · cost_i⌋ + match_p
//! ```
//!
//! Without `unit`, voters pay elsewhere, and all the money there is is the pool.
//! With it, the money holds what the votes cost: it goes to the projects once, in
//! the first epoch whose money covers it, and the tax to `tax_to`; what is left
//! then, and all the money of later epochs, is the pool. Until the money covers
//! the costs, none of it is paid.
//!
//! A project on the list `bans` has no area; what its votes cost is still its
//! own. Where a signal `trust` is wired, an area is made of `⌊v_i · trust_i⌋`
//! votes; costs are not.
//!
//! # Units and rounding
//!
//! | quantity    | unit                         | rounding                          |
//! |-------------|------------------------------|-----------------------------------|
//! | votes       | whole                        | exact                             |
//! | cost        | base units of the main asset | exact                             |
//! | tax         | base units                   | down, for each voter and project  |
//! | area        | pairs of votes               | exact                             |
//! | pool, match | base units of each asset     | down; the dust stays unspent      |
//!
//! The contract rounds the tax down for each transaction; votes cast in one are
//! taxed to the same base unit here. It taxes gifts to the pool as well: use the
//! network's `pinch` for that. Other assets than the main one are divided by
//! area, in full.
//!
//! # Limits
//!
//! * Votes of one voter for one project: below 2^64, trust included.
//! * Rows of one voter for one project add up: votes cost the same however they
//!   are cast.
//!
//! # Known weaknesses
//!
//! * Two addresses of one person have an area between them, and cost less than
//!   one address with as many votes.
//! * A unit that is cheap beside the pool makes buying votes for oneself pay: all
//!   but the tax comes back.
//!
//! # Sources
//!
//! * Dora Factory, `qf-grant-contract`, `vote`, `votingCost` and `grantsOf` as of
//!   the contract with `supportArea`.
//!
//! # Example
//!
//! ```
//! use allonet_core::money::Amount;
//! use allonet_mechanisms::trial::trial_of;
//!
//! let votes = "voter,project,votes\nann,api,3\nbob,api,1\nann,app,1\nbob,app,1\ncem,docs,9\n";
//! // Areas: 3·1 = 3, 1·1 = 1, and nothing for a lone voter.
//! let result = trial_of("dora").file("votes", votes).run(8_00)?;
//! assert_eq!(result.paid("api"), Amount::from_base(6_00));
//! assert_eq!(result.paid("app"), Amount::from_base(2_00));
//! assert_eq!(result.paid("docs"), Amount::ZERO);
//! # Ok::<(), allonet_mechanisms::trial::NoTrial>(())
//! ```

use std::collections::BTreeMap;
use std::sync::Arc;

use allonet_core::card::{Absent, Card, Family, Kind, Setting, Settings, Source, Status};
use allonet_core::fault::Fault;
use allonet_core::mechanism::{
    Allocation, Blueprint, Mechanism, Outcome, Purse, Refusal, State, Turn, VoterEffect,
};
use allonet_core::money::{Amount, Asset, MoneyError, Share};
use allonet_core::signal::SignalData;
use allonet_core::table::{Column, Faults, Table};
use ruint::aliases::U256;

use super::division::{Division, Dust, Overflow};
use super::eligibility::Eligibility;
use super::influence::{Pool, Round};
use super::kernel::{Pairs, Roots};
use super::lists::{OUTCAST_COLUMNS, listed};
use super::matching::Counted;
use super::reading::{PROJECTS, Reader, VOTES};
use super::roster::PROJECT_COLUMNS;
use super::scores::{Arithmetic, Scores, Scoring};
use super::trust::{TRUST, weigh};
use super::votes::{self, AMOUNT};
use crate::paying::{Walk, several, show};

// --- Card -------------------------------------------------------------------

/// What the rule says of itself.
pub static CARD: Card = Card {
    id: "dora",
    title: "Dora grants",
    family: Family::Quadratic,
    formula: "match = ⌊Σ_{i<j} v_i·v_j · pool / Σ area⌋, votes cost v·(v + 1)/2 · unit",
    status: Status::Preview { since: "0.1.0" },
    sources: &[Source {
        cite: "Dora Factory, qf-grant-contract, vote and grantsOf",
        url: "https://github.com/dorahacksglobal/qf-grant-contract",
    }],
    settings: SETTINGS,
    actions: &[],
    reads: &[TRUST],
    emits: &["match"],
};

const SETTINGS: &[Setting] = &[
    Setting {
        doc: "Table of votes, columns `voter`, `project` and `votes` (whole numbers) or their \
              common names.",
        ..VOTES
    },
    Setting {
        doc: "List of projects that may be paid, column `id`, and if wished `status`.",
        ..PROJECTS
    },
    Setting {
        name: "bans",
        kind: Kind::File,
        default: Absent::None("no project is banned"),
        doc: "List of projects that get nothing of the pool, column `project`, and if wished \
              `author` and `reason`.",
    },
    Setting {
        name: "unit",
        kind: Kind::Decimal,
        default: Absent::None("voters pay elsewhere"),
        doc: "What a voter's first vote for a project costs, in units of the main asset; the \
              money then holds what all votes cost.",
    },
    Setting {
        name: "tax",
        kind: Kind::Share,
        default: Absent::Default("5%"),
        doc: "Part of what votes cost that goes to `tax_to`.",
    },
    Setting {
        name: "tax_to",
        kind: Kind::Text,
        default: Absent::None("there is no tax; needed with `unit`, unless `tax` is 0%"),
        doc: "Who gets the tax.",
    },
];

// --- Settings ---------------------------------------------------------------

/// The rule with its votes.
#[derive(Debug)]
pub struct Dora {
    /// The projects, sorted by id, then whoever gets the tax if that is another.
    payees: Vec<Arc<str>>,
    /// Sorted by name.
    voters: Vec<Box<str>>,
    /// What each voter casts for each project.
    pairs: Pairs,
    banned: Vec<bool>,
    costs: Option<Costs>,
    /// What became of votes that do not count.
    remarks: Vec<String>,
}

/// What the votes cost.
#[derive(Debug)]
struct Costs {
    /// For each project, and the tax on it.
    by_project: Vec<(Amount, Amount)>,
    total: Amount,
    tax: Amount,
    /// Index of who gets the tax.
    tax_to: Option<u32>,
}

/// Builds the rule from its settings.
pub fn build(blueprint: &Blueprint<'_>) -> Result<Box<dyn Mechanism>, Vec<Fault>> {
    let reader = Reader::new(blueprint)?;
    let table = reader.votes(COLUMNS)?;
    let whole = Asset::new("votes", 0);
    let (counted, banned) = counted(reader, &table, &whole)?;
    let Counted { votes, remarks, place, .. } = counted;
    let too_many = |voter: u32, project: u32| {
        let (voter, project) = (&votes.voters[voter as usize], &votes.projects[project as usize]);
        let message = format!("voter `{voter}` casts 2^64 votes or more for `{project}`");
        vec![Fault::new("too-many-votes", message).at_some(place.clone())]
    };
    let pairs = Pairs::gather(&votes.columns).map_err(|pair| too_many(pair.voter, pair.project))?;
    for project in 0..pairs.project_count() {
        let large = pairs.of(project).find(|(_, cast)| u64::try_from(*cast).is_err());
        if let Some((voter, _)) = large {
            return Err(too_many(voter, u32::try_from(project).expect("a 32-bit number")));
        }
    }
    let mut payees = votes.projects;
    let costs = costs(reader, &pairs, &mut payees)?;
    Ok(Box::new(Dora { payees, voters: votes.voters, pairs, banned, costs, remarks }))
}

/// What all votes cost, if they are paid here; puts whoever gets the tax among
/// the payees.
fn costs(
    reader: Reader<'_>,
    pairs: &Pairs,
    payees: &mut Vec<Arc<str>>,
) -> Result<Option<Costs>, Vec<Fault>> {
    let settings = reader.settings;
    let Some(unit) = settings.text("unit") else {
        let taxed = settings.share("tax").is_some_and(|tax| Some(tax) != Share::new(5, 100));
        let to = settings.get("tax_to").is_some();
        let misplaced = [("tax", taxed), ("tax_to", to)].into_iter().filter(|(_, given)| *given);
        let faults: Vec<Fault> = misplaced.map(|(name, _)| needs_unit(settings, name)).collect();
        return if faults.is_empty() { Ok(None) } else { Err(faults) };
    };
    let at_unit = |code, message| vec![Fault::new(code, message).at_some(settings.place("unit"))];
    let unit =
        reader.asset.parse(unit).map_err(|error| at_unit("bad-amount", error.to_string()))?;
    let tax = settings.share("tax").or(Share::new(5, 100)).unwrap_or(Share::ZERO);
    let tax_to = settings.text("tax_to").filter(|_| !tax.is_zero());
    if tax_to.is_none() && !tax.is_zero() {
        return Err(vec![nobody_taxes(reader, tax)]);
    }
    let too_dear = |error: MoneyError| at_unit("amount", error.to_string());
    let mut costs =
        Costs { by_project: Vec::new(), total: Amount::ZERO, tax: Amount::ZERO, tax_to: None };
    for project in 0..pairs.project_count() {
        let (cost, taxed) = cost(pairs, project, unit, tax).map_err(too_dear)?;
        costs.total = costs.total.add(cost, "what votes cost").map_err(too_dear)?;
        costs.tax = costs.tax.add(taxed, "the tax").map_err(too_dear)?;
        costs.by_project.push((cost, taxed));
    }
    costs.tax_to = tax_to.map(|name| {
        let at = payees.iter().position(|payee| **payee == *name).unwrap_or_else(|| {
            payees.push(name.into());
            payees.len() - 1
        });
        u32::try_from(at).expect("payees have 32-bit numbers")
    });
    Ok(Some(costs))
}

/// What the votes for one project cost, and the tax on it.
fn cost(
    pairs: &Pairs,
    project: usize,
    unit: Amount,
    tax: Share,
) -> Result<(Amount, Amount), MoneyError> {
    let (mut cost, mut taxed) = (Amount::ZERO, Amount::ZERO);
    for (_, cast) in pairs.of(project) {
        let points = U256::from(cast) * U256::from(cast + 1) / U256::from(2);
        let of_voter = unit.mul_div(points, U256::ONE, "what votes cost")?;
        cost = cost.add(of_voter, "what votes cost")?;
        taxed = taxed.add(tax.of(of_voter)?, "the tax")?;
    }
    Ok((cost, taxed))
}

// --- Signals ----------------------------------------------------------------

/// Columns of the votes: those of other votes, but `votes` stands for `amount`.
const COLUMNS: &[Column] = &[
    votes::COLUMNS[0],
    votes::COLUMNS[1],
    Column::required(&["votes", "vote", "amount", "value", "count"]),
];

/// Votes that count, and which projects are banned.
fn counted(
    reader: Reader<'_>,
    table: &Table,
    whole: &Asset,
) -> Result<(Counted, Vec<bool>), Vec<Fault>> {
    let mut faults = Faults::new();
    for row in table.rows() {
        let text = row.cell(AMOUNT);
        let digits = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_');
        if text.is_empty() || !digits {
            faults.push(not_whole(row.fault(AMOUNT, "bad-votes", format!("`{text}`"))));
        }
    }
    faults.or(())?;
    let eligibility = Eligibility {
        projects: reader.table("projects", PROJECT_COLUMNS)?,
        ..Eligibility::default()
    };
    let bans = reader.table("bans", OUTCAST_COLUMNS)?;
    let mut counted = Reader { asset: whole, ..reader }.count(table, &eligibility, None)?;
    let mut faults = Faults::new();
    let banned = match &bans {
        Some(list) => listed(list, &counted.votes, "banned", &mut counted.remarks, &mut faults),
        None => vec![false; counted.votes.projects.len()],
    };
    faults.or((counted, banned))
}

// --- Refusals ---------------------------------------------------------------

fn not_whole(mut fault: Fault) -> Fault {
    fault.message += " is no whole number of votes";
    fault.help("write it like 12; what a voter pays for votes is not asked here")
}

fn needs_unit(settings: &Settings, name: &str) -> Fault {
    Fault::new("misplaced-setting", format!("`{name}` works only with `unit`"))
        .at_some(settings.place(name))
        .help(format!("votes have no cost to tax; add `unit`, or leave `{name}` out"))
}

fn nobody_taxes(reader: Reader<'_>, tax: Share) -> Fault {
    Fault::new("tax-to", format!("of what votes cost, {tax} is tax, and nobody gets it"))
        .at_some(reader.settings.place("unit"))
        .help("add `tax_to = \"name\"`, or `tax = \"0%\"`")
}

fn too_trusted(voter: &str) -> Refusal {
    let message =
        format!("with the trust in `{voter}`, their votes for a project are 2^64 or more");
    Refusal::new("too-many-votes", message).help("scale the trust down; 1 counts in full")
}

// --- Rule -------------------------------------------------------------------

/// Two votes that meet are counted twice: `Σ_{i≠j} v_i·v_j`, the whole root of
/// each squared vote times that of each other.
const AREAS: Scoring = Scoring {
    arithmetic: Arithmetic::Exact(Roots { bits: 0, grants_stack: false }),
    with_own: false,
};

/// All of the pool, rounded down.
const IN_FULL: Division = Division {
    fill: true,
    cap: None,
    overflow: Overflow::Keep,
    dust: Dust::Unpaid,
    grants_stack: false,
};

/// Votes as far as they count this turn, squared, and what follows from them.
struct Areas {
    squares: Pairs,
    /// Twice the area of each project.
    doubled: Scores,
    remarks: Vec<String>,
}

impl Mechanism for Dora {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn payees(&self) -> &[Arc<str>] {
        &self.payees
    }

    fn step(&self, turn: &Turn<'_>, allocation: &mut Allocation<'_>) -> Result<Outcome, Refusal> {
        let areas = self.areas(turn)?;
        let mut costs_paid: bool = turn.state.read()?;
        let mut remarks: Vec<String> = self.remarks.iter().chain(&areas.remarks).cloned().collect();
        let available = allocation.available().clone();
        for asset in 0..available.amounts().len() {
            let mut pool = available.of(asset);
            let mut due = None;
            if let (0, false, Some(costs)) = (asset, costs_paid, &self.costs) {
                if pool < costs.total {
                    let show = |amount| show(turn.assets, 0, amount);
                    remarks.push(format!(
                        "votes cost {}, and there are {}: nothing is paid before all of it is \
                         there",
                        show(costs.total),
                        show(pool)
                    ));
                    continue;
                }
                costs_paid = true;
                pool = pool.saturating_sub(costs.total);
                due = Some(costs);
            }
            self.pay(turn, allocation, (asset, pool), &areas, due)?;
        }
        if areas.doubled.values.iter().all(U256::is_zero) && !available.is_empty() {
            remarks.push("no project has an area: the pool stays unspent".to_owned());
        }
        Ok(Outcome {
            state: if costs_paid { State::write(&true) } else { State::empty() },
            signals: vec![("match", self.shares(&areas.doubled))],
            remarks,
            reasons: self.reasons(&areas),
            exhibits: Vec::new(),
        })
    }

    fn voter_effect(
        &self,
        turn: &Turn<'_>,
        available: &Purse,
    ) -> Option<Vec<(usize, VoterEffect)>> {
        let Areas { squares, doubled, .. } = self.areas(turn).ok()?;
        let costs_paid: bool = turn.state.read().ok()?;
        let nothing = vec![Amount::ZERO; self.banned.len()];
        let due = self.costs.as_ref().filter(|_| !costs_paid).map_or(Amount::ZERO, |c| c.total);
        let pool = |(asset, amount): (usize, Amount)| {
            let due = if asset == 0 { due } else { Amount::ZERO };
            let amount = amount.saturating_sub(due);
            Pool { amount, division: &IN_FULL, paid: &nothing, caps: &[] }
        };
        let pools: Vec<Pool<'_>> = available.iter().map(pool).collect();
        let squares = self.without_banned(&squares);
        let round = Round { pairs: &squares, scoring: &AREAS, scores: &doubled };
        let largest = round.largest(&pools).ok()?;
        let effect = |((asset, _), found): ((usize, Amount), Option<(usize, Amount)>)| {
            let (voter, moved) = found?;
            Some((asset, VoterEffect { voter: self.voters[voter].to_string(), moved }))
        };
        Some(available.iter().zip(largest).filter_map(effect).collect())
    }
}

impl Dora {
    fn areas(&self, turn: &Turn<'_>) -> Result<Areas, Refusal> {
        let square = |voter: u32, cast: u128| match u64::try_from(cast) {
            Ok(cast) => Ok(Some(u128::from(cast) * u128::from(cast))),
            Err(_) => Err(too_trusted(&self.voters[voter as usize])),
        };
        let (squares, remarks) = match weigh(turn, &self.voters, &self.pairs)? {
            None => (self.pairs.with_totals(square)?, Vec::new()),
            Some((trusted, remarks)) => (trusted.with_totals(square)?, remarks),
        };
        let doubled = AREAS.scores(&self.without_banned(&squares));
        Ok(Areas { squares, doubled, remarks })
    }

    fn without_banned(&self, squares: &Pairs) -> Pairs {
        squares.only(|project| !self.banned[project])
    }

    /// Pays costs that are due and divides a pool.
    fn pay(
        &self,
        turn: &Turn<'_>,
        allocation: &mut Allocation<'_>,
        (asset, pool): (usize, Amount),
        areas: &Areas,
        due: Option<&Costs>,
    ) -> Result<(), Refusal> {
        let matches = IN_FULL.divide(&areas.doubled, pool)?.matches;
        let show = |amount| show(turn.assets, asset, amount);
        for (project, part) in matches.iter().enumerate() {
            let payee = u32::try_from(project).expect("payees have 32-bit numbers");
            let mut walk = Walk::default();
            if let Some((cost, tax)) = due.map(|costs| costs.by_project[project]) {
                let support = self.pairs.support(project);
                walk.to(cost, "what its votes cost", || {
                    let (votes, voters) = (support.given, several(support.donors, "voter"));
                    format!("votes cast: {votes}, by {voters}")
                });
                walk.to(cost.saturating_sub(tax), "tax", String::new);
            }
            walk.to(walk.reached.add(*part, "a match")?, "share of the pool", || {
                let area = areas.doubled.values[project] >> 1;
                format!("area {area}; {} for all areas", show(pool))
            });
            allocation.pay(payee, asset, walk.reached, walk.steps)?;
        }
        if let Some((costs, to)) = due.and_then(|costs| Some((costs, costs.tax_to?))) {
            let mut walk = Walk::default();
            walk.to(costs.tax, "tax", || format!("of {} that votes cost", show(costs.total)));
            allocation.pay(to, asset, costs.tax, walk.steps)?;
        }
        Ok(())
    }

    /// Each project's part of all areas.
    fn shares(&self, doubled: &Scores) -> SignalData {
        let sum: f64 = doubled.values.iter().map(|area| f64::from(*area)).sum();
        let share = |area: &U256| if sum > 0.0 { f64::from(*area) / sum } else { 0.0 };
        let named = self.payees.iter().zip(&doubled.values);
        let shares: BTreeMap<String, f64> =
            named.map(|(payee, area)| (payee.to_string(), share(area))).collect();
        SignalData::Scores(shares)
    }

    fn reasons(&self, areas: &Areas) -> BTreeMap<String, Vec<String>> {
        let reason = |(project, payee): (usize, &Arc<str>)| {
            let mut voters: Vec<(u32, u128)> = areas.squares.of(project).collect();
            voters.sort_unstable_by(|(a, of_a), (b, of_b)| of_b.cmp(of_a).then(a.cmp(b)));
            let (voter, most) = voters.first()?;
            let line = format!(
                "{}, most votes by `{}`: {}; area {}{}",
                several(voters.len(), "voter"),
                self.voters[*voter as usize],
                most.isqrt(),
                areas.doubled.values[project] >> 1,
                if self.banned[project] { ", as it is banned" } else { "" }
            );
            Some((payee.to_string(), vec![line]))
        };
        let projects = self.payees.iter().take(self.banned.len()).enumerate();
        projects.filter_map(reason).collect()
    }
}

// --- Tests ------------------------------------------------------------------

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use allonet_core::card::Value;
    use proptest::prelude::*;

    use super::*;
    use crate::trial::{Trial, TurnResult, trial_of};

    /// Areas 3·1 + 3·2 + 1·2 = 11 and 1·1 = 1; 6 + 1 + 3 = 10, 1 + 1 and 45
    /// points.
    const VOTES: &str = "voter,project,votes\n\
        ann,api,3\nbob,api,1\ncem,api,2\nann,app,1\nbob,app,1\ncem,docs,9\n";

    fn trial(votes: &str) -> Trial {
        trial_of("dora").file("votes", votes)
    }

    /// A point costs 10 cents: 1.00, 0.20 and 4.50.
    fn priced() -> Trial {
        trial(VOTES).text("unit", "0.10").text("tax_to", "operator")
    }

    fn paid(result: &TurnResult) -> Vec<(&str, u128)> {
        let paid = |payee| result.paid(payee).to_u128().unwrap();
        result.payees.iter().map(|payee| (&**payee, paid(payee))).collect()
    }

    // Worked examples.

    #[test]
    fn areas_divide_the_pool() {
        let result = trial(VOTES).run(12_00).unwrap();
        assert_eq!(paid(&result), [("api", 11_00), ("app", 1_00), ("docs", 0)]);
        let (_, SignalData::Scores(shares)) = &result.outcome.signals[0] else { panic!() };
        assert!((shares["api"] - 11.0 / 12.0).abs() < 1e-15);
        assert_eq!(result.outcome.reasons["api"], ["3 voters, most votes by `ann`: 3; area 11"]);
        // 9.17 and 0.83; the dust stays.
        assert_eq!(paid(&trial(VOTES).run(10).unwrap())[..2], [("api", 9), ("app", 0)]);
    }

    #[test]
    fn votes_cost_the_same_however_they_are_cast() {
        let split = VOTES.replace("ann,api,3\n", "ann,api,1\nann,api,2\n");
        let whole = priced().run(20_00).unwrap();
        assert_eq!(priced().file("votes", &split).run(20_00).unwrap(), whole);
    }

    #[test]
    fn what_votes_cost_goes_to_the_projects_less_the_tax() {
        // Of each voter's cost 5% is tax, rounded down: 3 + 0 + 1 of 60, 10 and
        // 30 cents, nothing of 10 and 10, and 22 of 4.50. The pool is
        // 17.70 − 5.70 = 12.
        let result = priced().run(17_70).unwrap();
        let expected = [("api", 11_96), ("app", 1_20), ("docs", 4_28), ("operator", 26)];
        assert_eq!(paid(&result), expected);
        assert!(result.unspent.is_empty());
        let steps: Vec<_> = result.payouts[0].steps.iter().map(|step| &*step.label).collect();
        assert_eq!(steps, ["what its votes cost", "tax", "share of the pool"]);
        let free = trial(VOTES).text("unit", "0.10").set("tax", Value::Share(Share::ZERO));
        assert_eq!(paid(&free.run(17_70).unwrap())[2], ("docs", 4_50));
        // The operator may be a project.
        let own = priced().text("tax_to", "docs").run(17_70).unwrap();
        assert_eq!(paid(&own)[2], ("docs", 4_54));
    }

    #[test]
    fn costs_are_paid_once_and_in_full() {
        let trial = priced();
        let rule = trial.build().unwrap();
        let turn = |units, state: &State| {
            let purse = Purse::new(vec![Amount::from_base(units)]);
            trial.turn(&*rule, 0, &purse, &purse, &[], state).unwrap()
        };
        let early = turn(5_69, &State::empty());
        assert!(early.payouts.is_empty() && early.outcome.state.is_empty());
        assert_eq!(
            early.outcome.remarks,
            [
                "votes cost 5.70 USD, and there are 5.69 USD: nothing is paid before all of it is there"
            ]
        );
        let second = turn(5_70, &early.outcome.state);
        assert_eq!(paid(&second)[0], ("api", 96));
        let third = turn(12_00, &second.outcome.state);
        assert_eq!(paid(&third)[0], ("api", 11_00));
    }

    #[test]
    fn a_banned_project_keeps_what_its_votes_cost() {
        let banned = priced().file("bans", "project,author,reason\napi,ops,copied\n");
        let result = banned.run(17_70).unwrap();
        assert_eq!(paid(&result)[..2], [("api", 96), ("app", 12_20)]);
        assert_eq!(
            result.outcome.remarks,
            ["banned by ops: project `api`, 3 votes not counted: copied"]
        );
    }

    #[test]
    fn trust_weighs_votes_and_not_their_cost() {
        // 3 and half of 2: 3 · 1 = 3; bob is nobody.
        let trusted = priced().scores("trust", &[("ann", 1.0), ("cem", 0.5)]);
        let result = trusted.run(17_70).unwrap();
        let expected = [("api", 12_96), ("app", 20), ("docs", 4_28), ("operator", 26)];
        assert_eq!(paid(&result), expected);
    }

    #[test]
    fn the_most_weighty_voter_is_named() {
        // Without ann: 2 and nothing, so that the second's 1 of 12 goes over;
        // without bob: 6 alone; without cem: 3 and 1 of 4.
        let trial = trial(VOTES);
        let pools = Purse::new(vec![Amount::from_base(12_00)]);
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
        let moved = Amount::from_base(2_00);
        assert_eq!(effect, [(0, VoterEffect { voter: "cem".into(), moved })]);
    }

    #[test]
    fn lone_voters_and_empty_rounds_leave_the_pool() {
        for votes in ["voter,project,votes\n", "voter,project,votes\na,x,5\nb,y,0\na,y,1\n"] {
            let result = trial(votes).run(9).unwrap();
            assert_eq!(result.unspent.of(0), Amount::from_base(9));
            assert_eq!(result.outcome.remarks, ["no project has an area: the pool stays unspent"]);
        }
    }

    // Refusals.

    #[test]
    fn what_is_no_vote_or_price_is_refused() {
        let vote = |votes: &str| trial(&format!("voter,project,votes\na,x,{votes}\n"));
        let max = u64::MAX.to_string();
        for (trial, start) in [
            (vote("1.5"), "votes.csv:2:5: `1.5` is no whole number of votes"),
            (vote("-1"), "votes.csv:2:5: `-1` is no whole number of votes"),
            (vote("NaN"), "votes.csv:2:5: `NaN` is no whole number of votes"),
            (vote(""), "votes.csv:2:5: `` is no whole number of votes"),
            (vote(&format!("{max}\na,x,1")), "voter `a` casts 2^64 votes or more for `x`"),
            (vote(&max).scores("trust", &[("a", 2.0)]), "with the trust in `a`, their votes"),
            (vote(&max).text("unit", &format!("{max}{max}{max}")).text("tax_to", "b"), "what"),
            (vote("1").text("unit", "1"), "of what votes cost, 5% is tax, and nobody gets it"),
            (vote("1").text("tax_to", "b"), "`tax_to` works only with `unit`"),
            (vote("1").text("unit", "0.001"), "`0.001` has 3 decimals"),
            (vote("1").file("bans", "project\nx\nx\n"), "bans.csv:3:1: `x` is listed twice"),
            (trial_of("dora"), "there are no votes to divide by"),
        ] {
            let found = trial.run(1).unwrap_err().to_string();
            assert!(found.starts_with(start), "{found}");
        }
    }

    // Laws.

    type Vote = (u8, u8, u64);

    fn table(votes: &[Vote]) -> String {
        let mut table = "voter,project,votes\n".to_owned();
        for (voter, project, cast) in votes {
            writeln!(table, "v{voter},p{project},{cast}").unwrap();
        }
        table
    }

    fn votes() -> impl Strategy<Value = Vec<Vote>> {
        prop::collection::vec((0_u8..7, 0_u8..5, prop_oneof![0_u64..9, 0_u64..1 << 58]), 0..25)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn money_is_conserved_and_order_is_nothing(votes in votes(), pool: u128, priced: bool) {
            let run = |votes: &[Vote]| {
                let mut trial = trial(&table(votes));
                if priced {
                    trial = trial.text("unit", "0.01").text("tax_to", "operator");
                }
                trial.run(pool).unwrap()
            };
            let result = run(&votes);
            let spent = Amount::sum(result.payouts.iter().map(|p| p.amount), "test").unwrap();
            let all = spent.add(result.unspent.of(0), "test").unwrap();
            prop_assert_eq!(all, Amount::from_base(pool));
            let mut other = votes.clone();
            other.reverse();
            prop_assert_eq!(result, run(&other));
        }

        #[test]
        fn a_lone_voter_has_no_area(cast: u64, pool: u128) {
            let result = trial(&format!("voter,project,votes\na,x,{cast}\n")).run(pool).unwrap();
            prop_assert!(result.payouts.is_empty());
        }

        // Reference: the contract, vote by vote.
        #[test]
        fn agrees_with_the_contract(
            votes in prop::collection::vec((0_u8..5, 0_u8..4, 0_u64..1 << 20), 0..25),
            pool: u64,
        ) {
            #[derive(Default)]
            struct Project {
                by_voter: BTreeMap<u8, u128>,
                total: u128,
                area: u128,
                cost: u128,
            }
            let mut projects: BTreeMap<u8, Project> = BTreeMap::new();
            for (voter, project, cast) in &votes {
                let (project, cast) = (projects.entry(*project).or_default(), u128::from(*cast));
                let before = project.by_voter.entry(*voter).or_default();
                project.cost += cast * (cast + 1) / 2 + cast * *before;
                project.area += cast * (project.total - *before);
                project.total += cast;
                *before += cast;
            }
            let all: u128 = projects.values().map(|project| project.area).sum();
            let costs: u128 = projects.values().map(|project| project.cost).sum();
            let trial = trial(&table(&votes))
                .text("unit", "0.01")
                .set("tax", Value::Share(Share::ZERO));
            let result = trial.run(u128::from(pool) + costs).unwrap();
            for (name, Project { area, cost, .. }) in &projects {
                let part = U256::from(*area) * U256::from(pool);
                let part = if all == 0 { U256::ZERO } else { part / U256::from(all) };
                let expected = Amount::from_u256(part + U256::from(*cost));
                prop_assert_eq!(result.paid(&format!("p{name}")), expected);
            }
        }
    }
}
