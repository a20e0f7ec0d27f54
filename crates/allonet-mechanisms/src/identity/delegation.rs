//! Delegation: voices handed on from person to person, without loops of power.
//!
//! Use it ahead of a vote: who does not vote lends their voice to somebody they
//! trust, who may lend it on. It needs no money; it emits `power`, a number for
//! each person.
//!
//! # Formula
//!
//! ```text
//! x_v     = own_v + Σ_u x_u · share(u → v)        what reaches a person
//! power_v = x_v · (1 − Σ_w share(v → w))          what stays with them
//! ```
//!
//! A person's own power stands in the table `powers` (1 for everybody where it
//! is absent). Who votes keeps all that reaches them; so does everybody who does
//! not delegate, unless a list of `voters` says who votes. With such a list,
//! whoever is on it votes, and their delegations do not count.
//!
//! A share goes to a person through whom nothing can reach a voter: a circle of
//! people who only name each other, or somebody who neither votes nor delegates.
//! Then it counts for nothing, and stays with the one who gives it; with
//! `lost = true` it abstains and is lost. So everybody in a circle keeps their
//! own power. Circles with a way out are followed round and round until all has
//! left them.
//!
//! Delegating a part keeps the rest. Delegating to oneself keeps that part. With
//! `topic`, delegations for that topic come before a person's general ones;
//! those for other topics do not count.
//!
//! If a signal `power` arrives, it multiplies everybody's own power; who is not
//! in it has 0.
//!
//! # Units and rounding
//!
//! | quantity | unit                | rounding                                  |
//! |----------|---------------------|-------------------------------------------|
//! | power    | `f64`, without unit | nearest; with whole shares sums are exact |
//! | shares   | part of what reaches the delegator | nearest `f64`              |
//!
//! Nothing is made or lost: the sum of `power`, and what `lost` lets go, is the
//! sum of everybody's own, to 10⁻⁹. It pays nobody: money that reaches it stays
//! unspent.
//!
//! # Limits
//!
//! * Powers: numbers from 0 to 10³⁰. Shares of one person: at most 100 % in all;
//!   delegations without a share divide evenly what the others leave.
//!
//! # Known weaknesses
//!
//! * Power gathers with a few well-known people. Cap it in the rule that reads
//!   it, or delegate by topic.
//! * Who delegates seldom looks again. Let delegations expire.
//!
//! # Sources
//!
//! * J. Behrens, A. Kistner, A. Nitsche, B. Swierczek (2014), *The Principles of
//!   LiquidFeedback*: transitive delegation, a vote of one's own goes first.
//! * Z. Christoff, D. Grossi (2017), *Binary Voting with Delegable Proxy*, on
//!   circles.
//!
//! # Example
//!
//! ```
//! use allonet_mechanisms::trial::trial_of;
//!
//! let delegations = "delegator,delegate\nann,bob\nbob,cem\ndan,eve\neve,dan\n";
//! let result = trial_of("delegation").file("delegations", delegations).run(0)?;
//! let told = serde_json::to_string(&result.outcome.signals[0].1).expect("numbers");
//! // Cem votes for three; dan and eve only name each other.
//! assert_eq!(told, r#"{"ann":0.0,"bob":0.0,"cem":3.0,"dan":1.0,"eve":1.0}"#);
//! # Ok::<(), allonet_mechanisms::trial::NoTrial>(())
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use allonet_core::absorbing::{Chain, solve};
use allonet_core::card::{Absent, Card, Family, Kind, Setting, Source, Status};
use allonet_core::fault::Fault;
use allonet_core::maths;
use allonet_core::mechanism::{Allocation, Blueprint, Mechanism, Outcome, Refusal, Turn};
use allonet_core::money::Share;
use allonet_core::signal::SignalData;
use allonet_core::table::{Column, Faults, Row, Table};

use crate::hearing::heard;
use crate::people::{FIGURE_MAX, Figures, PERSON, figures, largest, listed_twice, person, shown};

// --- Card -------------------------------------------------------------------

/// What the rule says of itself.
pub static CARD: Card = Card {
    id: "delegation",
    title: "Delegated voices",
    family: Family::Identity,
    formula: "power = what reaches a person · (1 − Σ shares handed on)",
    status: Status::Preview { since: "0.1.0" },
    sources: &[
        Source {
            cite: "Behrens, Kistner, Nitsche, Swierczek (2014), The Principles of LiquidFeedback",
            url: "https://principles.liquidfeedback.org/",
        },
        Source {
            cite: "Christoff, Grossi (2017), Binary Voting with Delegable Proxy",
            url: "https://arxiv.org/abs/1707.08741",
        },
    ],
    settings: &[
        Setting {
            name: "delegations",
            kind: Kind::File,
            default: Absent::Required,
            doc: "Table of delegations, columns `delegator`, `delegate`, and if wished `share` and \
                  `topic`.",
        },
        Setting {
            name: "powers",
            kind: Kind::File,
            default: Absent::None("everybody has the power 1"),
            doc: "Table of people and their own power, columns `voter` and `power`; who is not in \
                  it has 0.",
        },
        Setting {
            name: "voters",
            kind: Kind::File,
            default: Absent::None("who does not delegate votes"),
            doc: "List of those who vote themselves, column `voter`; their delegations do not \
                  count.",
        },
        Setting {
            name: "topic",
            kind: Kind::Text,
            default: Absent::None("only delegations without a topic count"),
            doc: "Delegations for this topic come before general ones.",
        },
        Setting {
            name: "lost",
            kind: Kind::Bool,
            default: Absent::Default("false"),
            doc: "Power that is handed to nobody who votes is lost, and does not stay with its \
                  owner.",
        },
    ],
    actions: &[],
    reads: &["power"],
    emits: &["power"],
};

const DELEGATIONS: &[Column] = &[
    Column::required(&["delegator", "from", "voter"]),
    Column::required(&["delegate", "to"]),
    Column::optional(&["share", "weight", "fraction"]),
    Column::optional(&["topic", "area", "space"]),
];
const DELEGATOR: usize = 0;
const DELEGATE: usize = 1;
const SHARE: usize = 2;
const TOPIC: usize = 3;
const POWERS: &[Column] = &[
    Column::required(PERSON),
    Column::required(&["power", "weight", "voices", "tokens", "balance", "amount"]),
];
const VOTERS: &[Column] = &[Column::required(PERSON)];

// --- Settings ---------------------------------------------------------------

/// The rule with everybody's own power and where it goes.
#[derive(Debug)]
pub struct Delegation {
    /// Sorted.
    people: Vec<String>,
    powers: Vec<f64>,
    /// Shares that lead to a voter, by giver.
    chain: Chain,
    /// What stays with each person of what reaches them.
    stays: Vec<f64>,
    /// Of that, what they meant to hand on.
    blocked: Vec<f64>,
    /// What is blocked is lost.
    lost: bool,
    remarks: Vec<String>,
}

/// A person's delegates, each with its row and the share if it names one.
type Rows<'t> = BTreeMap<String, (Row<'t>, Option<f64>)>;

/// Delegations of one person that count, as parts of what reaches them.
type Shares = BTreeMap<String, f64>;

/// Builds the rule from its settings.
pub fn build(blueprint: &Blueprint<'_>) -> Result<Box<dyn Mechanism>, Vec<Fault>> {
    let settings = blueprint.settings;
    let table = |name: &str, columns: &'static [Column]| {
        settings.file(name).map(|file| Table::read(file, columns)).transpose()
    };
    let given = table("delegations", DELEGATIONS)?.ok_or_else(|| vec![no_delegations()])?;
    let (powers, voters) = (table("powers", POWERS)?, table("voters", VOTERS)?);
    let mut faults = Faults::new();
    let mut remarks = Vec::new();
    let mut delegations = read(&given, settings.text("topic"), &mut remarks, &mut faults);
    let powers = powers.map(|table| figures(&table, 0.0, &mut faults));
    let voters = voters.map(|table| names(&table, &mut faults));
    faults.or(())?;
    let named = delegations.iter().flat_map(|(from, to)| to.keys().chain([from]));
    let listed = powers.iter().flat_map(Figures::keys).chain(voters.iter().flatten());
    let people: Vec<String> =
        named.chain(listed).collect::<BTreeSet<_>>().into_iter().cloned().collect();
    let before = delegations.len();
    delegations.retain(|from, _| voters.as_ref().is_none_or(|voters| !voters.contains(from)));
    if delegations.len() < before {
        let own = before - delegations.len();
        remarks.push(format!("vote themselves, so that their delegations do not count: {own}"));
    }
    let power = |name: &String| match &powers {
        None => 1.0,
        Some(powers) => powers.get(name).copied().unwrap_or(0.0),
    };
    let votes = |name: &String| match &voters {
        None => !delegations.contains_key(name),
        Some(voters) => voters.contains(name),
    };
    let powers = people.iter().map(power).collect();
    let votes = people.iter().map(votes).collect::<Vec<bool>>();
    let lost = settings.bool("lost");
    Ok(Box::new(Delegation {
        lost,
        remarks,
        ..Delegation::new(people, powers, &votes, &delegations)
    }))
}

/// The delegations that count, by delegator.
fn read(
    table: &Table,
    topic: Option<&str>,
    remarks: &mut Vec<String>,
    faults: &mut Faults,
) -> BTreeMap<String, Shares> {
    // By delegator, and whether the row names the topic.
    let mut rows: BTreeMap<(String, bool), Rows<'_>> = BTreeMap::new();
    let mut elsewhere = 0;
    for row in table.rows() {
        let share = share_in(row, faults);
        let (from, to) = (person(row, DELEGATOR, faults), person(row, DELEGATE, faults));
        let (Some(from), Some(to)) = (from, to) else { continue };
        let special = !row.cell(TOPIC).is_empty();
        if special && topic != Some(row.cell(TOPIC)) {
            elsewhere += 1;
            continue;
        }
        if rows.entry((from, special)).or_default().insert(to, (row, share)).is_some() {
            let message =
                format!("`{}` delegates to `{}` twice", row.cell(DELEGATOR), row.cell(DELEGATE));
            faults.push(row.fault(DELEGATE, "double-delegation", message).help("keep one line"));
        }
    }
    if elsewhere > 0 {
        remarks.push(format!("delegations for other topics, not counted: {elsewhere}"));
    }
    let mut found = BTreeMap::new();
    for ((from, _), to) in rows {
        // Those for the topic come after the general ones, and replace them.
        if let Some(shares) = divide(&from, to, faults) {
            found.insert(from, shares);
        }
    }
    found
}

/// The share of a row, if it names one.
fn share_in(row: Row<'_>, faults: &mut Faults) -> Option<f64> {
    let text = row.cell(SHARE);
    if text.is_empty() {
        return None;
    }
    let share = text.parse::<Share>();
    share
        .map_err(|error| faults.push(row.fault(SHARE, "bad-share", error.to_string())))
        .ok()
        .map(Share::to_f64)
}

/// Completes the shares of one person; what goes to the person themselves
/// stays out.
fn divide(from: &str, to: Rows<'_>, faults: &mut Faults) -> Option<Shares> {
    let given = maths::sum(to.values().filter_map(|(_, share)| *share));
    let open = to.values().filter(|(_, share)| share.is_none()).count();
    let rest = 1.0 - given;
    if rest < -SHARE_SLACK || (open > 0 && rest < SHARE_SLACK) {
        let row = to.values().map(|(row, _)| row).min_by_key(|row| row.index())?;
        let message = format!("`{from}` delegates {} % and more", shown(given * 100.0));
        let message = if open > 0 { message } else { message.replace(" and more", "") };
        let fault = row.fault(DELEGATOR, "shares", message);
        faults.push(fault.help("the shares of one person add up to at most 100 %"));
        return None;
    }
    let each = rest / open as f64;
    let mut shares: Shares =
        to.into_iter().map(|(to, (_, share))| (to, share.unwrap_or(each))).collect();
    shares.remove(from);
    shares.retain(|_, share| *share > 0.0);
    Some(shares)
}

fn names(table: &Table, faults: &mut Faults) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for row in table.rows() {
        let Some(name) = person(row, 0, faults) else { continue };
        if !found.insert(name) {
            faults.push(listed_twice(row, 0));
        }
    }
    found
}

// --- Signals ----------------------------------------------------------------

impl Delegation {
    /// Everybody's own power, times what a signal says of it.
    fn own(&self, turn: &Turn<'_>) -> Result<Vec<f64>, Refusal> {
        let Some(heard) = heard(turn, "power", f64::MAX)? else { return Ok(self.powers.clone()) };
        let times = |(name, power): (&String, &f64)| {
            let own = power * heard.get(name).copied().unwrap_or(0.0);
            if own <= FIGURE_MAX { Ok(own) } else { Err(too_much(name, own)) }
        };
        self.people.iter().zip(&self.powers).map(times).collect()
    }
}

// --- Refusals ---------------------------------------------------------------

fn no_delegations() -> Fault {
    Fault::new("no-delegations", "there is no table of delegations")
        .help("add `delegations = \"delegations.csv\"`")
}

fn too_much(name: &str, power: f64) -> Refusal {
    Refusal::new("power", format!("`{name}` has the power {}", shown(power)))
        .help("powers are at most 1e30")
}

// --- Rule -------------------------------------------------------------------

/// Shares that add up to one within this add up to one.
const SHARE_SLACK: f64 = 1e-12;

impl Delegation {
    fn new(
        people: Vec<String>,
        powers: Vec<f64>,
        votes: &[bool],
        delegations: &BTreeMap<String, Shares>,
    ) -> Self {
        let find = |name: &String| people.binary_search(name).expect("all names are listed");
        let mut rows: Vec<Vec<(usize, f64)>> = vec![Vec::new(); people.len()];
        for (from, shares) in delegations {
            rows[find(from)] = shares.iter().map(|(to, share)| (find(to), *share)).collect();
        }
        let kept = |row: &Vec<(usize, f64)>| {
            let rest = 1.0 - maths::sum(row.iter().map(|(_, share)| *share));
            if rest < SHARE_SLACK { 0.0 } else { rest }
        };
        let mut stays: Vec<f64> = rows.iter().map(kept).collect();
        let meets = |person: &usize| {
            let delegates = delegations.contains_key(&people[*person]);
            votes[*person] || (delegates && stays[*person] > 0.0)
        };
        let heard = leads_to(&rows, (0..people.len()).filter(meets).collect());
        let mut blocked = vec![0.0; people.len()];
        let mut chain = Chain { offsets: vec![0], ..Chain::default() };
        for (person, row) in rows.into_iter().enumerate() {
            for (to, share) in row {
                if heard[to] {
                    chain.targets.push(u32::try_from(to).expect("a table has below 2^31 rows"));
                    chain.probabilities.push(share);
                } else {
                    blocked[person] += share;
                }
            }
            chain.offsets.push(chain.targets.len());
            if !heard[person] {
                blocked[person] = 1.0;
                stays[person] = 0.0;
            }
            stays[person] += blocked[person];
            chain.exits.push(stays[person]);
        }
        Self { people, powers, chain, stays, blocked, lost: false, remarks: Vec::new() }
    }

    /// Says of everybody where their power came from and where it went.
    fn explain(&self, own: &[f64], reached: &[f64], outcome: &mut Outcome) {
        let mut came: Vec<Vec<(&str, f64)>> = vec![Vec::new(); self.people.len()];
        let mut went = came.clone();
        for from in 0..self.people.len() {
            for edge in self.chain.offsets[from]..self.chain.offsets[from + 1] {
                let to = self.chain.targets[edge] as usize;
                let handed = reached[from] * self.chain.probabilities[edge];
                came[to].push((&self.people[from], handed));
                went[from].push((&self.people[to], handed));
            }
        }
        let fate = if self.lost { "lost" } else { "kept" };
        for (at, (came, went)) in came.into_iter().zip(went).enumerate() {
            let mut reasons = vec![format!("own power {}", shown(own[at]))];
            if !came.is_empty() {
                reasons.push(format!("handed on by {}", largest(came)));
            }
            if !went.is_empty() {
                reasons.push(format!("hands on to {}", largest(went)));
            }
            if self.blocked[at] > 0.0 {
                let part = shown(reached[at] * self.blocked[at]);
                reasons.push(format!("{fate}, as it would reach nobody who votes: {part}"));
            }
            outcome.reasons.insert(self.people[at].clone(), reasons);
        }
    }
}

/// Everybody from whom delegations lead to one of `ends`, these included.
fn leads_to(rows: &[Vec<(usize, f64)>], ends: Vec<usize>) -> Vec<bool> {
    let mut givers: Vec<Vec<usize>> = vec![Vec::new(); rows.len()];
    for (from, row) in rows.iter().enumerate() {
        for (to, _) in row {
            givers[*to].push(from);
        }
    }
    let mut found = vec![false; rows.len()];
    let mut next = ends;
    while let Some(person) = next.pop() {
        if !std::mem::replace(&mut found[person], true) {
            next.extend(&givers[person]);
        }
    }
    found
}

impl Mechanism for Delegation {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn payees(&self) -> &[Arc<str>] {
        &[]
    }

    fn step(&self, turn: &Turn<'_>, _: &mut Allocation<'_>) -> Result<Outcome, Refusal> {
        let own = self.own(turn)?;
        let reached = solve(&self.chain, &own)
            .map_err(|error| Refusal::new("unsettled", format!("delegations: {error}")))?;
        let mut outcome = Outcome { remarks: self.remarks.clone(), ..Outcome::default() };
        self.explain(&own, &reached, &mut outcome);
        let stays =
            |at: usize| if self.lost { self.stays[at] - self.blocked[at] } else { self.stays[at] };
        let power = |at: usize| reached[at] * stays(at).max(0.0);
        let powers: Figures =
            (0..self.people.len()).map(|at| (self.people[at].clone(), power(at))).collect();
        let blocked = maths::sum(reached.iter().zip(&self.blocked).map(|(x, part)| x * part));
        if blocked > 0.0 {
            let fate = if self.lost { "lost" } else { "kept by its owners" };
            let blocked = shown(blocked);
            outcome.remarks.push(format!("power handed to nobody who votes, {fate}: {blocked}"));
        }
        outcome.signals.push(("power", SignalData::Scores(powers)));
        Ok(outcome)
    }
}

// --- Tests ------------------------------------------------------------------

#[cfg(test)]
mod tests {
    use allonet_core::card::Value;
    use proptest::prelude::*;

    use super::*;
    use crate::trial::{Trial, trial_of};

    fn trial(rows: &str) -> Trial {
        let table = format!("delegator,delegate,share,topic\n{rows}");
        trial_of("delegation").file("delegations", &table)
    }

    fn power(trial: &Trial) -> Vec<(String, f64)> {
        match trial.run(5).unwrap().outcome.signals.remove(0) {
            ("power", SignalData::Scores(scores)) => scores.into_iter().collect(),
            other => panic!("not power: {other:?}"),
        }
    }

    fn check(trial: &Trial, expected: &[(&str, f64)]) {
        let expected: Vec<(String, f64)> =
            expected.iter().map(|(name, power)| ((*name).to_owned(), *power)).collect();
        assert_eq!(power(trial), expected);
    }

    // Worked examples.

    #[test]
    fn voices_are_handed_on_and_on() {
        let chain = trial("ann,bob,,\nbob,cem,,\ndan,cem,,\n");
        let chain = chain.file("powers", "voter,power\nann,2\nbob,1\ncem,1\ndan,0.5\neve,7\n");
        check(&chain, &[("ann", 0.0), ("bob", 0.0), ("cem", 4.5), ("dan", 0.0), ("eve", 7.0)]);
        let outcome = chain.run(0).unwrap().outcome;
        assert_eq!(outcome.reasons["cem"], ["own power 1", "handed on by `bob` 3, `dan` 0.5"]);
        assert_eq!(
            outcome.reasons["bob"],
            ["own power 1", "handed on by `ann` 2", "hands on to `cem` 3"]
        );
        // Half of ann's power counts; the others are not in the signal.
        check(
            &chain.scores("power", &[("ann", 0.5)]),
            &[("ann", 0.0), ("bob", 0.0), ("cem", 1.0), ("dan", 0.0), ("eve", 0.0)],
        );
    }

    #[test]
    fn everybody_in_a_circle_keeps_their_own() {
        // Dan hands his voice into the circle: it counts for nothing, too.
        let circle = trial("ann,bob,,\nbob,cem,,\ncem,ann,,\ndan,ann,,\neve,eve,,\nfay,eve,,\n");
        let each = [("ann", 1.0), ("bob", 1.0), ("cem", 1.0), ("dan", 1.0)];
        check(&circle, &[&each[..], &[("eve", 2.0), ("fay", 0.0)]].concat());
        let outcome = circle.run(0).unwrap().outcome;
        assert_eq!(outcome.remarks, ["power handed to nobody who votes, kept by its owners: 4"]);
        let lost = circle.set("lost", Value::Bool(true));
        let none = each.map(|(name, _)| (name, 0.0));
        check(&lost, &[&none[..], &[("eve", 2.0), ("fay", 0.0)]].concat());
        let outcome = lost.run(0).unwrap().outcome;
        assert_eq!(outcome.remarks, ["power handed to nobody who votes, lost: 4"]);
        assert_eq!(
            outcome.reasons["dan"],
            ["own power 1", "lost, as it would reach nobody who votes: 1"]
        );
    }

    #[test]
    fn circles_with_a_way_out_are_followed_to_the_end() {
        // Ann and bob give each other half; cem gets ann's other half and dan
        // bob's. x_ann = 1 + x_bob / 2 = x_bob = 2.
        let circle = trial("ann,bob,50%,\nann,cem,50%,\nbob,ann,1/2,\nbob,dan,,\n");
        let found = power(&circle);
        for ((name, power), expected) in found.iter().zip([0.0, 0.0, 2.0, 2.0]) {
            assert!((power - expected).abs() < 1e-12, "{name}: {power}");
        }
    }

    #[test]
    fn a_part_may_be_kept() {
        // Ann keeps 40 % of her 1; bob votes with 1.6.
        check(&trial("ann,bob,60%,\n"), &[("ann", 0.4), ("bob", 1.6)]);
    }

    #[test]
    fn who_votes_decides_alone() {
        let listed = trial("ann,bob,,\nbob,cem,,\ndan,eve,,\n").file("voters", "voter\nbob\n");
        // Bob votes for ann and himself. Nothing of dan's reaches a voter.
        let expected = [("ann", 0.0), ("bob", 2.0), ("cem", 1.0), ("dan", 1.0), ("eve", 1.0)];
        check(&listed, &expected);
        let remarks = listed.run(0).unwrap().outcome.remarks;
        assert_eq!(remarks[0], "vote themselves, so that their delegations do not count: 1");
    }

    #[test]
    fn a_topic_goes_before_the_rest() {
        let rows = "ann,bob,,\nann,cem,,water\nann,dan,,roads\n";
        check(&trial(rows), &[("ann", 0.0), ("bob", 2.0)]);
        check(&trial(rows).text("topic", "water"), &[("ann", 0.0), ("cem", 2.0)]);
        let remarks = trial(rows).text("topic", "water").run(0).unwrap().outcome.remarks;
        assert_eq!(remarks, ["delegations for other topics, not counted: 1"]);
    }

    // Refusals.

    #[test]
    fn delegations_that_cannot_be_meant_are_refused() {
        let powers = |text: &str| trial("").file("powers", &format!("voter,power\n{text}"));
        for (trial, expected) in [
            (trial_of("delegation"), "no table of delegations"),
            (trial("ann,,,\n"), "names nobody"),
            (trial("ann,bob,,\nann,bob,,\n"), "`ann` delegates to `bob` twice"),
            (trial("ann,bob,60%,\nann,cem,50%,\n"), "`ann` delegates 110 %"),
            (trial("ann,bob,100%,\nann,cem,,\n"), "`ann` delegates 100 % and more"),
            (trial("ann,bob,-1,\n"), "`-1` is not a share"),
            (powers("ann,-1\n"), "`-1` is below zero"),
            (powers("ann,1e31\n"), "`1e31` is too much"),
            (powers("ann,1\nann,1\n"), "`ann` is listed twice"),
            (trial("").file("voters", "voter\nann\nann\n"), "`ann` is listed twice"),
            (trial("ann,bob,,\n").scores("power", &[("ann", f64::NAN)]), "gives `ann` NaN"),
            (powers("ann,1e20\n").scores("power", &[("ann", 1e20)]), "`ann` has the power 1e40"),
        ] {
            let told = trial.run(0).unwrap_err().to_string();
            assert!(told.contains(expected), "{told}");
        }
    }

    // Laws.

    /// Up to ten people, each with up to three delegates and parts of a tenth.
    fn tables() -> impl Strategy<Value = (Vec<f64>, BTreeMap<(usize, usize), u8>)> {
        let edges = prop::collection::btree_map((0_usize..10, 0_usize..10), 1_u8..=10, 0..16);
        let tenths = edges.prop_map(|edges: BTreeMap<(usize, usize), u8>| {
            let mut sums = [0_u8; 10];
            let mut kept = edges;
            kept.retain(|(from, _), share| {
                let fits = sums[*from] + *share <= 10;
                sums[*from] += if fits { *share } else { 0 };
                fits
            });
            kept
        });
        (prop::collection::vec(0.0_f64..100.0, 10), tenths)
    }

    fn drawn(powers: &[f64], edges: &BTreeMap<(usize, usize), u8>) -> Trial {
        let row =
            |((from, to), share): (&(usize, usize), &u8)| format!("p{from},p{to},{share}/10,\n");
        let own = powers.iter().enumerate().map(|(at, power)| format!("p{at},{power}\n"));
        let own: String = ["voter,power\n".to_owned()].into_iter().chain(own).collect();
        trial(&edges.iter().map(row).collect::<String>()).file("powers", &own)
    }

    proptest! {
        #[test]
        fn power_is_neither_made_nor_lost((powers, edges) in tables()) {
            let found: f64 = power(&drawn(&powers, &edges)).iter().map(|(_, power)| power).sum();
            let all: f64 = powers.iter().sum();
            prop_assert!((found - all).abs() <= 1e-9 * all.max(1.0), "{found} {all}");
        }

        #[test]
        fn losing_takes_only_what_reaches_nobody((powers, edges) in tables()) {
            let trial = drawn(&powers, &edges);
            let lost = power(&trial.clone().set("lost", Value::Bool(true)));
            for (kept, lost) in power(&trial).iter().zip(&lost) {
                prop_assert!(lost.1 <= kept.1 + 1e-9);
            }
        }

        // Reference: power handed on step by step, many times over.
        #[test]
        fn it_is_what_is_left_after_many_steps((powers, edges) in tables()) {
            let shares = |from: usize| {
                edges.iter().filter(move |((f, to), _)| *f == from && *to != from)
            };
            let delegates = |at: usize| edges.keys().any(|(from, _)| *from == at);
            let keeps = |at: usize| 10 - shares(at).map(|(_, share)| *share).sum::<u8>();
            // Who is heard: within ten steps somebody who keeps something.
            let mut heard: Vec<bool> = (0..10).map(|at| !delegates(at) || keeps(at) > 0).collect();
            for _ in 0..10 {
                heard = (0..10)
                    .map(|at| heard[at] || shares(at).any(|((_, to), _)| heard[*to]))
                    .collect();
            }
            let (mut moving, mut settled) = (powers.clone(), vec![0.0; 10]);
            for _ in 0..3_000 {
                let mut next = vec![0.0; 10];
                for at in 0..10 {
                    let mut stays = moving[at];
                    for ((_, to), share) in shares(at).filter(|((_, to), _)| heard[*to]) {
                        let part = moving[at] * f64::from(*share) / 10.0;
                        next[*to] += part;
                        stays -= part;
                    }
                    settled[at] += stays;
                }
                moving = next;
            }
            for ((_, power), settled) in power(&drawn(&powers, &edges)).iter().zip(settled) {
                prop_assert!((power - settled).abs() < 1e-6, "{power} {settled}");
            }
        }
    }
}
