//! Allo's quadratic voting: voice credits turn into votes by their root.
//!
//! Allocators share out voice credits among accepted recipients, as often as
//! they like; the pool is divided by the votes. Use it for councils and
//! programmes that vote with Allo's QV strategies, or like them.
//!
//! # Formula
//!
//! ```text
//! credits_ap = Σ of what allocator a casts for recipient p
//! votes_ap   = ⌊√(credits_ap · 10¹⁸)⌋
//! payout_p   = ⌊pool · Σ_a votes_ap / Σ votes⌋
//! ```
//!
//! Each allocation adds to the credits cast before, and the votes grow by the
//! difference of the roots: credits cast in parts bring the same votes as at
//! once. No allocator may cast more than `max_credits` in all.
//!
//! # Units and rounding
//!
//! | quantity     | unit                                | rounding |
//! |--------------|-------------------------------------|----------|
//! | credits      | whole voice credits                 | none     |
//! | votes        | 10⁻⁹ of the root of a credit, whole | down     |
//! | pool, payout | base units, each asset by itself    | down     |
//!
//! The dust, less than one base unit for each recipient, stays unspent.
//!
//! # Limits
//!
//! * Credits of one row: below 2^128, and at most `max_credits`.
//! * Only recipients with status *Accepted* may be voted for. Statuses are those
//!   of Allo, by name or number: 0 None, 1 Pending, 2 Accepted, 3 Rejected,
//!   4 Appealed, 5 `InReview`, 6 Canceled.
//! * Allocations that the contract would revert (not accepted, not allowed,
//!   outside the window) do not count and are told. Those above `max_credits`
//!   refuse the round, or with `over_budget = "revert"` are passed over as on
//!   chain: in order of `time`, and at one moment of recipient and size.
//! * The same votes divide the pool of each epoch; the contract pays once.
//!
//! # Known weaknesses
//!
//! * One person posing as many gains without bound: name the `allocators`.
//! * The first releases of the contract forgot to count spent credits, so that
//!   anyone could vote without end. That is not repeated here.
//!
//! # Sources
//!
//! * Allo v2, `QVBaseStrategy.sol`: `_qv_allocate`, `_calculateVotes`,
//!   `_getPayout`; `QVSimpleStrategy.sol`: `maxVoiceCreditsPerAllocator`.
//!
//! # Example
//!
//! ```
//! use allonet_core::card::Value;
//! use allonet_core::money::Amount;
//! use allonet_mechanisms::trial::trial_of;
//!
//! let ballots = "allocator,recipient,credits\n\
//!                ann,well,1\nann,well,3\nann,choir,1\nbob,choir,9\n";
//! // Votes: √4 = 2 for the well, √1 + √9 = 4 for the choir.
//! let trial = trial_of("allo-quadratic")
//!     .file("ballots", ballots)
//!     .set("max_credits", Value::Integer(10));
//! let result = trial.run(6_00)?;
//! assert_eq!(result.paid("well"), Amount::from_base(2_00));
//! assert_eq!(result.paid("choir"), Amount::from_base(4_00));
//! # Ok::<(), allonet_mechanisms::trial::NoTrial>(())
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use allonet_core::card::{Absent, Card, Family, Kind, Setting, Settings, Source, Status};
use allonet_core::fault::Fault;
use allonet_core::mechanism::{Allocation, Blueprint, Mechanism, Outcome, Refusal, Turn};
use allonet_core::money::{Amount, format_units};
use allonet_core::network::id_problem;
use allonet_core::table::{Column, Faults, Table};
use allonet_core::time::{Instant, NotInstant};
use ruint::aliases::U256;

use crate::ballots::{CLOSES, OPENS};
use crate::names::plain;
use crate::paying::{Walk, shares};
use crate::whole::{root, whole};

// --- Card -------------------------------------------------------------------

/// What the rule says of itself.
pub static CARD: Card = Card {
    id: "allo-quadratic",
    title: "Allo quadratic voting",
    family: Family::Votes,
    formula: "payout = ⌊pool · votes / Σ votes⌋,  votes = Σ ⌊√(credits · 10¹⁸)⌋",
    status: Status::Preview { since: "0.1.0" },
    sources: &[Source {
        cite: "Allo v2, QVBaseStrategy.sol and QVSimpleStrategy.sol",
        url: "https://github.com/allo-protocol/allo-v2/blob/main/contracts/strategies/_poc/qv-simple/QVSimpleStrategy.sol",
    }],
    settings: SETTINGS,
    actions: &[],
    reads: &[],
    emits: &["votes"],
};

const SETTINGS: &[Setting] = &[
    Setting {
        name: "ballots",
        kind: Kind::File,
        default: Absent::Required,
        doc: "Table of allocations, columns `allocator`, `recipient` and `credits`, and `time` \
              where it matters; rows of one allocator for one recipient add up.",
    },
    Setting {
        name: "max_credits",
        kind: Kind::Integer { min: 1, max: i64::MAX },
        default: Absent::Required,
        doc: "Voice credits that each allocator may cast in all.",
    },
    Setting {
        name: "over_budget",
        kind: Kind::Choice(&["refuse", "revert"]),
        default: Absent::Default("refuse"),
        doc: "What becomes of allocations above `max_credits`: the round is refused, or they are \
              passed over one by one, in order of time.",
    },
    Setting {
        name: "recipients",
        kind: Kind::File,
        default: Absent::None("everyone voted for is accepted"),
        doc: "List of recipients, columns `id` and `status`; only accepted ones may be voted for. \
              Without `status` all on the list are accepted.",
    },
    Setting {
        name: "allocators",
        kind: Kind::List,
        default: Absent::None("everyone may vote"),
        doc: "Who may vote.",
    },
    OPENS,
    CLOSES,
];

const BALLOT_COLUMNS: &[Column] = &[
    Column::required(&["allocator", "voter", "sender", "address", "from"]),
    Column::required(&["recipient", "recipient_id", "project", "project_id", "to"]),
    Column::required(&["credits", "voice_credits", "voice_credits_to_allocate", "amount"]),
    Column::optional(&["time", "timestamp", "block_time", "date"]),
];

const RECIPIENT_COLUMNS: &[Column] = &[
    Column::required(&["id", "recipient", "recipient_id", "project", "project_id"]),
    Column::optional(&["status", "recipient_status"]),
];

// --- Settings ---------------------------------------------------------------

/// The rule with its votes.
#[derive(Debug)]
pub struct AlloQuadratic {
    /// Sorted by id.
    payees: Vec<Arc<str>>,
    /// Votes of each payee.
    votes: Vec<U256>,
    all_votes: U256,
    /// Allocators of each payee with their votes, most votes first.
    supporters: Vec<Vec<(String, U256)>>,
    remarks: Vec<String>,
}

/// Builds the rule from its settings.
pub fn build(blueprint: &Blueprint<'_>) -> Result<Box<dyn Mechanism>, Vec<Fault>> {
    let settings = blueprint.settings;
    let file = settings.file("ballots").ok_or_else(|| vec![no_ballots()])?;
    let table = Table::read(file, BALLOT_COLUMNS)?;
    let accepted = accepted(settings)?;
    let rows = read(&table, settings)?;
    let mut remarks = Vec::new();
    let counted = counted(rows, accepted.as_ref(), settings, &mut remarks);
    let cast = within_budget(counted, &table, settings, &mut remarks)?;
    let mut projects: BTreeMap<String, Vec<(String, U256)>> =
        accepted.into_iter().flatten().map(|name| (name, Vec::new())).collect();
    for ((allocator, recipient), credits) in cast {
        let votes = votes(credits);
        projects.entry(recipient).or_default().push((allocator, votes));
    }
    let (mut payees, mut supporters) = (Vec::<Arc<str>>::new(), Vec::new());
    for (name, mut own) in projects {
        own.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        payees.push(name.into());
        supporters.push(own);
    }
    let of = |own: &Vec<(String, U256)>| own.iter().map(|(_, votes)| *votes).sum();
    let votes: Vec<U256> = supporters.iter().map(of).collect();
    let all_votes = votes.iter().copied().sum();
    Ok(Box::new(AlloQuadratic { payees, votes, all_votes, supporters, remarks }))
}

// --- Signals ----------------------------------------------------------------

/// One allocation of the table.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Cast {
    time: Option<Instant>,
    allocator: String,
    recipient: String,
    credits: U256,
    row: usize,
}

fn read(table: &Table, settings: &Settings) -> Result<Vec<Cast>, Vec<Fault>> {
    let mut faults = Faults::new();
    let mut rows = Vec::with_capacity(table.len());
    let timed = table.has(3);
    if !timed && (settings.time("opens").is_some() || settings.time("closes").is_some()) {
        let message = format!("{} has no column `time`", table.file().path);
        let help = "`opens` and `closes` need to know when each vote was cast";
        faults.push(Fault::new("no-time", message).help(help));
    }
    for row in table.rows() {
        let (allocator, recipient) = (row.cell(0), row.cell(1));
        if allocator.is_empty() {
            faults.push(row.fault(0, "no-voter", "this allocation names no allocator"));
        }
        if let Some(problem) = id_problem(recipient) {
            let message = format!("`{recipient}` cannot be paid: {problem}");
            faults.push(row.fault(1, "bad-name", message));
        }
        let time = if timed {
            let time = row.cell(3).parse::<Instant>();
            let fault = |error: NotInstant| row.fault(3, "bad-time", error.to_string());
            time.map_err(|error| faults.push(fault(error))).ok()
        } else {
            None
        };
        match whole(row, 2) {
            Ok(credits) if credits.bit_len() > 128 => {
                let message = format!("{credits} credits are 2^128 or more");
                faults.push(row.fault(2, "too-large", message));
            }
            Ok(credits) => rows.push(Cast {
                time,
                allocator: plain(allocator).into_owned(),
                recipient: recipient.to_owned(),
                credits,
                row: row.index(),
            }),
            Err(fault) => faults.push(*fault),
        }
    }
    rows.sort_unstable();
    faults.or(rows)
}

/// Statuses of Allo, by their numbers.
const STATUSES: [&str; 7] =
    ["none", "pending", "accepted", "rejected", "appealed", "inreview", "canceled"];
const ACCEPTED: &str = "accepted";

/// Accepted recipients, if there is a list.
fn accepted(settings: &Settings) -> Result<Option<BTreeSet<String>>, Vec<Fault>> {
    let Some(file) = settings.file("recipients") else { return Ok(None) };
    let table = Table::read(file, RECIPIENT_COLUMNS)?;
    let mut faults = Faults::new();
    let mut statuses: BTreeMap<&str, bool> = BTreeMap::new();
    for row in table.rows() {
        let name = row.cell(0);
        if let Some(problem) = id_problem(name) {
            faults.push(row.fault(0, "bad-name", format!("`{name}` cannot be paid: {problem}")));
        }
        let found = row.cell(1).to_lowercase().replace(['-', '_', ' '], "");
        let by_number = found.parse::<usize>().ok().and_then(|at| STATUSES.get(at).copied());
        let status = by_number.or_else(|| STATUSES.into_iter().find(|status| *status == found));
        if status.is_none() && table.has(1) {
            let message = format!("`{}` is no status of a recipient", row.cell(1));
            let help = "write None, Pending, Accepted, Rejected, Appealed, InReview or Canceled";
            faults.push(row.fault(1, "bad-status", message).help(help));
        }
        if statuses.insert(name, !table.has(1) || status == Some(ACCEPTED)).is_some() {
            let message = format!("`{name}` stands on the list twice");
            faults.push(row.fault(0, "double-recipient", message).help("keep its last status"));
        }
    }
    let accepted = statuses.into_iter().filter(|(_, accepted)| *accepted);
    faults.or(Some(accepted.map(|(name, _)| name.to_owned()).collect()))
}

/// Allocations that the contract would take, but for their size.
fn counted(
    rows: Vec<Cast>,
    accepted: Option<&BTreeSet<String>>,
    settings: &Settings,
    remarks: &mut Vec<String>,
) -> Vec<Cast> {
    let allowed = settings.list("allocators").iter().map(|name| plain(&name.value));
    let allowed: BTreeSet<_> = allowed.collect();
    let (opens, closes) = (settings.time("opens"), settings.time("closes"));
    let (mut late, mut strangers, mut unaccepted) = (0, 0, 0);
    let mut keep = |cast: &Cast| {
        let early = opens.is_some_and(|opens| cast.time.is_none_or(|time| time < opens));
        let closed = closes.is_some_and(|closes| cast.time.is_none_or(|time| time >= closes));
        if early || closed {
            late += 1;
        } else if !allowed.is_empty() && !allowed.contains(cast.allocator.as_str()) {
            strangers += 1;
        } else if accepted.is_some_and(|accepted| !accepted.contains(&cast.recipient)) {
            unaccepted += 1;
        } else {
            return true;
        }
        false
    };
    let kept = rows.into_iter().filter(|cast| keep(cast)).collect();
    for (count, why) in [
        (late, "outside the voting window"),
        (strangers, "of people who are not on the list `allocators`"),
        (unaccepted, "for recipients that are not accepted"),
    ] {
        if count > 0 {
            remarks.push(format!("allocations {why}, not counted: {count}"));
        }
    }
    kept
}

type Pair = (String, String);

/// Credits of each allocator for each recipient, nobody above the most.
fn within_budget(
    rows: Vec<Cast>,
    table: &Table,
    settings: &Settings,
    remarks: &mut Vec<String>,
) -> Result<BTreeMap<Pair, U256>, Vec<Fault>> {
    let most = U256::from(settings.integer("max_credits").map_or(0, i64::unsigned_abs));
    let revert = settings.text("over_budget") == Some("revert");
    let mut faults = Faults::new();
    let (mut spent, mut cast) = (BTreeMap::<String, U256>::new(), BTreeMap::<Pair, U256>::new());
    for Cast { allocator, recipient, credits, row, .. } in rows {
        let spent = spent.entry(allocator.clone()).or_default();
        if *spent + credits > most {
            let message = format!(
                "`{allocator}` casts {credits} credits for `{recipient}`, after {spent} of {most}"
            );
            if revert {
                remarks.push(format!("{message}: passed over"));
            } else {
                let row = table.row(row).expect("a row of this table");
                let help = "each allocator has `max_credits` in all; or set `over_budget = \
                            \"revert\"`";
                faults.push(row.fault(2, "over-budget", message).help(help));
            }
            continue;
        }
        *spent += credits;
        *cast.entry((allocator, recipient)).or_default() += credits;
    }
    faults.or(cast)
}

/// Digits behind the point of votes, as whole numbers have them.
const VOTE_DECIMALS: u8 = 9;

fn votes(credits: U256) -> U256 {
    root(credits * U256::from(1_000_000_000_000_000_000_u64))
}

// --- Refusals ---------------------------------------------------------------

fn no_ballots() -> Fault {
    Fault::new("no-votes", "there are no ballots to count").help("add `ballots = \"ballots.csv\"`")
}

// --- Rule -------------------------------------------------------------------

/// How many allocators a recipient's reasons name.
const NAMED: usize = 5;

impl AlloQuadratic {
    fn why(&self, payee: usize) -> String {
        let people = match self.supporters[payee].len() {
            1 => "1 allocator".to_owned(),
            count => format!("{count} allocators"),
        };
        let (own, all) = (self.votes[payee], self.all_votes);
        let shown = |votes| format_units(votes, VOTE_DECIMALS);
        format!("{} of {} votes, {people}", shown(own), shown(all))
    }

    fn reasons(&self, payee: usize) -> Vec<String> {
        let named = self.supporters[payee].iter().take(NAMED);
        let named = named.map(|(name, votes)| {
            format!("{name} gives {} votes", format_units(*votes, VOTE_DECIMALS))
        });
        std::iter::once(self.why(payee)).chain(named).collect()
    }
}

impl Mechanism for AlloQuadratic {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn payees(&self) -> &[Arc<str>] {
        &self.payees
    }

    fn step(&self, _: &Turn<'_>, allocation: &mut Allocation<'_>) -> Result<Outcome, Refusal> {
        let mut remarks = self.remarks.clone();
        if self.all_votes.is_zero() {
            remarks.push("there are no votes that count: nothing is paid".to_owned());
        }
        for (asset, pool) in allocation.available().clone().iter() {
            for (payee, votes) in (0_u32..).zip(&self.votes).filter(|(_, votes)| !votes.is_zero()) {
                let amount: Amount = pool.mul_div(*votes, self.all_votes, "a payout")?;
                let mut walk = Walk::default();
                walk.to(amount, "share of votes", || self.why(payee as usize));
                allocation.pay(payee, asset, amount, walk.steps)?;
            }
        }
        let scores: Vec<f64> = self.votes.iter().map(|votes| f64::from(*votes)).collect();
        let named = self.payees.iter().enumerate();
        Ok(Outcome {
            signals: vec![("votes", shares(&self.payees, &scores))],
            reasons: named.map(|(at, name)| (name.to_string(), self.reasons(at))).collect(),
            remarks,
            ..Outcome::default()
        })
    }
}

// --- Tests ------------------------------------------------------------------

#[cfg(test)]
mod tests {
    use allonet_core::card::Value;
    use allonet_core::signal::SignalData;
    use proptest::prelude::*;

    use super::*;
    use crate::trial::{Trial, paid, refused, trial_of};

    fn ballots(rows: &str, most: i64) -> Trial {
        let table = format!("allocator,recipient,credits\n{rows}");
        trial_of("allo-quadratic").file("ballots", &table).set("max_credits", Value::Integer(most))
    }

    fn run(trial: &Trial, pool: u128) -> Vec<u128> {
        paid(&trial.run(pool).unwrap())
    }

    // Worked examples.

    #[test]
    fn the_pool_follows_roots_of_credits() {
        // a: √9 + √1 = 4; b: √4 = 2.
        let trial = ballots("u,a,9\nv,a,1\nv,b,4\n", 10);
        let result = trial.run(9_01).unwrap();
        assert_eq!(paid(&result), [6_00, 3_00]);
        assert_eq!(result.unspent.of(0), Amount::from_base(1));
        assert_eq!(
            result.outcome.reasons["a"],
            [
                "4.000000000 of 6.000000000 votes, 2 allocators",
                "u gives 3.000000000 votes",
                "v gives 1.000000000 votes",
            ]
        );
        let (name, SignalData::Scores(shares)) = &result.outcome.signals[0] else { panic!() };
        assert_eq!((*name, shares["b"]), ("votes", 1.0 / 3.0));
    }

    #[test]
    fn credits_in_parts_are_credits_at_once() {
        assert_eq!(run(&ballots("u,a,4\nu,a,5\nv,b,1\n", 9), 4_00), [3_00, 1_00]);
        assert_eq!(votes(U256::from(2)), U256::from(1_414_213_562));
    }

    #[test]
    fn only_accepted_recipients_and_allocators_count() {
        let list = "id,status\na,Accepted\nb,2\nc,InReview\nd,3\n";
        let trial = ballots("u,a,9\nv,b,9\nu,c,1\nw,d,1\nx,a,4\n", 10).file("recipients", list);
        let result = trial.list("allocators", &["u", "v", "w"]).run(10_00).unwrap();
        assert_eq!(result.payees, ["a".into(), "b".into()]);
        assert_eq!(paid(&result), [5_00, 5_00]);
        assert_eq!(
            result.outcome.remarks,
            [
                "allocations of people who are not on the list `allocators`, not counted: 1",
                "allocations for recipients that are not accepted, not counted: 2",
            ]
        );
        let plain = ballots("u,a,1\n", 1).file("recipients", "id\na\nb\n");
        assert_eq!(run(&plain, 7), [7, 0]);
    }

    #[test]
    fn what_the_contract_reverts_is_passed_over() {
        let rows = "allocator,recipient,credits,time\nu,a,4,2026-01-03\nu,b,9,2026-01-02\n\
                    u,a,1,2026-01-01\nv,b,1,2026-01-09\n";
        let trial = ballots("", 10).file("ballots", rows).text("over_budget", "revert");
        // 1 for a, 9 for b, and then 4 more are too many.
        let result = trial.run(5_00).unwrap();
        assert_eq!(paid(&result), [1_00, 4_00]);
        assert_eq!(
            result.outcome.remarks,
            ["`u` casts 4 credits for `a`, after 10 of 10: passed over"]
        );
        let closed = trial.set("closes", Value::Time("2026-01-09".parse().unwrap()));
        assert_eq!(run(&closed, 4_00), [1_00, 3_00]);
    }

    #[test]
    fn no_votes_pay_nobody() {
        for rows in ["", "u,a,0\n"] {
            let result = ballots(rows, 1).run(5).unwrap();
            assert_eq!(result.unspent.of(0), Amount::from_base(5));
            assert_eq!(result.outcome.remarks, ["there are no votes that count: nothing is paid"]);
        }
    }

    // Refusals.

    #[test]
    fn what_is_no_ballot_is_refused() {
        let listed = |list| ballots("u,a,1\n", 1).file("recipients", list);
        let opens = Value::Time("2026-01-01".parse().unwrap());
        let huge = format!("u,a,{}\n", U256::MAX);
        for (trial, start) in [
            (trial_of("allo-quadratic"), "there are no ballots to count"),
            (
                ballots("u,a,6\nu,b,5\n", 10),
                "ballots.csv:3:5: `u` casts 5 credits for `b`, after 6",
            ),
            (ballots("u,a,-1\n", 10), "ballots.csv:2:5: `-1` is below zero"),
            (ballots("u,a,1.5\n", 10), "ballots.csv:2:5: `1.5` is no whole number"),
            (ballots(&huge, 10), "ballots.csv:2:5: 115792089237316195423570985008687907853269"),
            (ballots(",a,1\n", 10), "ballots.csv:2:1: this allocation names no allocator"),
            (ballots("u,,1\n", 10), "ballots.csv:2:3: `` cannot be paid"),
            (ballots("u,a,1\n", 10).set("opens", opens), "ballots.csv has no column `time`"),
            (listed("id,status\na,7\n"), "recipients.csv:2:3: `7` is no status"),
            (listed("id\na\na\n"), "recipients.csv:3:1: `a` stands on the list twice"),
        ] {
            let found = refused(&trial);
            assert!(found.starts_with(start), "{found}");
        }
    }

    // Laws.

    type Ballot = (u8, u8, u64);

    fn any_ballots() -> impl Strategy<Value = Vec<Ballot>> {
        prop::collection::vec((0_u8..6, 0_u8..5, 0_u64..1_000), 1..30)
    }

    fn rows(ballots: &[Ballot]) -> String {
        let row = |(voter, to, credits): &Ballot| format!("v{voter},p{to},{credits}\n");
        ballots.iter().map(row).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn the_order_of_ballots_does_not_matter(found in any_ballots(), most in 1_i64..9_000) {
            let mut other = found.clone();
            other.reverse();
            let run = |found: &[Ballot]| {
                ballots(&rows(found), most).text("over_budget", "revert").run(1_000_003)
            };
            prop_assert_eq!(run(&found), run(&other));
        }

        #[test]
        fn less_than_a_unit_each_is_left(found in any_ballots(), pool: u64) {
            let result = ballots(&rows(&found), 1 << 40).run(u128::from(pool)).unwrap();
            let left = result.unspent.of(0).to_u128().unwrap();
            let voted = found.iter().any(|(_, _, credits)| *credits > 0);
            prop_assert!(!voted || left < u128::try_from(result.payees.len()).unwrap());
        }

        // Reference: votes counted as the contract does, by differences.
        #[test]
        fn agrees_with_votes_by_differences(found in any_ballots()) {
            let mut cast: BTreeMap<(u8, u8), (u128, u128)> = BTreeMap::new();
            let mut totals: BTreeMap<u8, u128> = BTreeMap::new();
            for (voter, to, credits) in &found {
                let (credits_before, votes_before) = cast.entry((*voter, *to)).or_default();
                *credits_before += u128::from(*credits);
                let votes = (*credits_before * 1_000_000_000_000_000_000).isqrt();
                *totals.entry(*to).or_default() += votes - *votes_before;
                *votes_before = votes;
            }
            let all: u128 = totals.values().sum();
            prop_assume!(all > 0);
            let pool = 1_000_000_007_u128;
            let expected: Vec<u128> = totals.values().map(|votes| pool * votes / all).collect();
            prop_assert_eq!(run(&ballots(&rows(&found), 1 << 40), pool), expected);
        }
    }
}
