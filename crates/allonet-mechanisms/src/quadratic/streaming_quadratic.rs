//! Streaming quadratic funding: open streams of money decide how a pool flows.
//!
//! Supporters do not give once but stream money to projects, so much a second,
//! and change or stop their streams when they like. At every moment a project's
//! part of the pool follows the square of the roots of its streams. Use it for
//! programmes that never end, with epochs to settle what has flowed.
//!
//! # Formula
//!
//! For project `p` at a moment `x`, let `f_i` be the rate at which allocator `i`
//! streams to it then.
//!
//! ```text
//! units_p(x) = (Σ √f_i(x))²
//! score_p    = ∫ units_p(x) dx       over the epoch, if the network has `epoch_ends`
//! score_p    = units_p at the end    otherwise
//! payout_p   = pool · score_p / Σ score
//! ```
//!
//! What flows in during an epoch is so divided by **unit-time**: twice the units,
//! or the same units twice as long, bring twice the money. The first epoch begins
//! at `opens`, or with the first stream; each other one where the last ended. At
//! `closes` all streams end: time after it brings nothing.
//! Streams themselves are outside this rule: it divides the pool alone. Unlike
//! quadratic funding of gifts, nothing is taken off for one's own stream.
//!
//! Streams come either from a table (`flows`: from its time on, an allocator
//! streams to a recipient at a rate; 0 stops) or from the event log:
//!
//! ```json
//! {"time":"2026-01-03T10:00:00Z","actor":"ann","action":"start","to":"garden","rate":"9"}
//! {"time":"2026-01-17T10:00:00Z","actor":"ann","action":"update","to":"garden","rate":"4"}
//! {"time":"2026-01-29T10:00:00Z","actor":"ann","action":"stop","to":"garden"}
//! ```
//!
//! A `start` where a stream already flows, and an `update` or `stop` where none
//! does, change nothing and are told.
//!
//! # Units and rounding
//!
//! | quantity | unit                                                  | rounding |
//! |----------|-------------------------------------------------------|----------|
//! | rate     | any, as long as it is the same for all (10 a month, 3 a second) | nearest `f64` |
//! | units    | that of the rate                                      | nearest `f64`, roots summed in order of allocators |
//! | time     | whole seconds                                         | none |
//! | pool, payout | base units, each asset by itself                  | largest remainder, earliest id first |
//!
//! Units are computed from the streams that flow, not from the last units: how
//! they came about does not matter.
//!
//! `parity = "superfluid"` repeats the contract of Allo, whose units depend on
//! the way there. Rates are whole base units a second; every recipient begins
//! with one unit; with `U′ = 10⁵ · units`, `g = ⌊f / 10⁶⌋` and whole roots, each
//! change sets
//!
//! ```text
//! start    U′ ← (√U′ + √g)²
//! update   U′ ← (√U′ + √g_new − √g_old)²      unless g stays the same
//! stop     U′ ← U′ + g − 2·√(U′ · g)          also an update to g = 0
//! units    ← ⌊U′ / 10⁵⌋, at least 1
//! ```
//!
//! Where `√U′ + √g_new` is below `√g_old` the contract fails; here the recipient
//! falls to one unit.
//!
//! # Limits
//!
//! * A rate: below 2^96.
//! * A table says of one allocator, recipient and moment one thing. Changes at
//!   one moment are taken in order of allocators, then recipients; events in the
//!   order of their lines.
//! * Each change costs as much time as its recipient has streams.
//!
//! # Known weaknesses
//!
//! * One person posing as many gains without bound: `scores`, or the signal
//!   `trust`, whose number multiplies each rate.
//! * A lone supporter moves the pool as well, by the full rate.
//! * With the contract's rounding, opening and closing streams leaves units
//!   behind.
//!
//! # Sources
//!
//! * Allo v2, `SQFSuperFluidStrategy.sol`: `adjustWeightings`, `reviewRecipients`,
//!   `_isValidAllocator`.
//! * Superfluid, General Distribution Agreement: a flow divided by units.
//!
//! # Example
//!
//! ```
//! use allonet_core::money::Amount;
//! use allonet_mechanisms::trial::trial_of;
//!
//! let flows = "time,allocator,recipient,rate\n\
//!              2026-01-01,ann,garden,4\n2026-01-01,bob,garden,1\n2026-01-02,cem,tower,3\n";
//! // Without epochs, by the units at the end: (2 + 1)² = 9 and 3.
//! let result = trial_of("streaming-quadratic").file("flows", flows).run(12_00)?;
//! assert_eq!(result.paid("garden"), Amount::from_base(9_00));
//! assert_eq!(result.paid("tower"), Amount::from_base(3_00));
//! # Ok::<(), allonet_mechanisms::trial::NoTrial>(())
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use allonet_core::card::{Absent, Action, Card, Family, Kind, Setting, Settings, Source, Status};
use allonet_core::event::EventLog;
use allonet_core::fault::Fault;
use allonet_core::maths;
use allonet_core::mechanism::{Allocation, Blueprint, Mechanism, Outcome, Refusal, State, Turn};
use allonet_core::network::id_problem;
use allonet_core::table::{Faults, Table};
use allonet_core::time::Instant;
use ruint::aliases::U256;
use serde::{Deserialize, Serialize};

use super::flows::{Row, What, eligible, read_log, read_table};
use crate::ballots::{CLOSES, OPENS, PROJECT_COLUMNS, PROJECTS};
use crate::hearing::by_person;
use crate::names::Names;
use crate::paying::{CAP, CAP_OVERFLOW, MINIMUM, Terms, main_asset, shares};
use crate::whole::root;

// --- Card -------------------------------------------------------------------

/// What the rule says of itself.
pub static CARD: Card = Card {
    id: "streaming-quadratic",
    title: "Streaming quadratic funding",
    family: Family::Quadratic,
    formula: "payout = pool · ∫units dt / Σ∫units dt,  units = (Σ√rate)²",
    status: Status::Preview { since: "0.1.0" },
    sources: &[
        Source {
            cite: "Allo v2, SQFSuperFluidStrategy.sol: adjustWeightings",
            url: "https://github.com/allo-protocol/allo-v2/blob/main/contracts/strategies/_poc/sqf-superfluid/SQFSuperFluidStrategy.sol",
        },
        Source {
            cite: "Superfluid, General Distribution Agreement",
            url: "https://github.com/superfluid-finance/protocol-monorepo",
        },
    ],
    settings: SETTINGS,
    actions: &[
        Action {
            name: "start",
            fields: &["to", "rate"],
            optional: &[],
            doc: "The actor opens a stream to a recipient at a rate.",
        },
        Action {
            name: "update",
            fields: &["to", "rate"],
            optional: &[],
            doc: "The actor changes the rate of an open stream.",
        },
        Action { name: "stop", fields: &["to"], optional: &[], doc: "The actor closes a stream." },
    ],
    reads: &["trust"],
    emits: &["match"],
};

const SETTINGS: &[Setting] = &[
    Setting {
        name: "flows",
        kind: Kind::File,
        default: Absent::None("streams are in the event log"),
        doc: "Table of streams, columns `time`, `allocator`, `recipient` and `rate` from then on; \
              a rate of 0 stops.",
    },
    Setting {
        name: "scores",
        kind: Kind::File,
        default: Absent::None("every allocator counts"),
        doc: "Table of allocators and their passport scores, columns `voter` and `score`; who is \
              not in it has score 0.",
    },
    Setting {
        name: "score_minimum",
        kind: Kind::Number { min: 0.0, max: 1e9 },
        default: Absent::Default("15"),
        doc: "Streams of allocators with a score below this do not count; needs `scores`.",
    },
    Setting {
        name: "parity",
        kind: Kind::Choice(&["none", "superfluid"]),
        default: Absent::Default("none"),
        doc: "Whose arithmetic to repeat: `superfluid` counts units as Allo's contract does, step \
              by step in whole numbers.",
    },
    PROJECTS,
    OPENS,
    CLOSES,
    CAP,
    CAP_OVERFLOW,
    MINIMUM,
];

// --- Settings ---------------------------------------------------------------

/// The rule with its streams.
#[derive(Debug)]
pub struct StreamingQuadratic {
    /// Sorted by id.
    payees: Vec<Arc<str>>,
    /// Sorted by name.
    allocators: Vec<Box<str>>,
    /// In order of time.
    changes: Vec<Change>,
    /// Where the first epoch begins.
    begins: Option<Instant>,
    /// From here on nothing flows.
    closes: Option<Instant>,
    superfluid: bool,
    terms: Terms,
    remarks: Vec<String>,
}

/// From now on, an allocator streams at this rate.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Change {
    time: Instant,
    allocator: u32,
    project: u32,
    /// Zero: no stream.
    rate: f64,
}

/// Builds the rule from its settings and event log.
pub fn build(blueprint: &Blueprint<'_>) -> Result<Box<dyn Mechanism>, Vec<Fault>> {
    let settings = blueprint.settings;
    let asset = main_asset(blueprint)?;
    let terms = Terms::read(settings, asset).map_err(|fault| vec![fault])?;
    let superfluid = settings.text("parity") == Some("superfluid");
    let rows = match (settings.file("flows"), blueprint.events) {
        (Some(_), Some(_)) => return Err(vec![two_sources(settings)]),
        (Some(file), None) => read_table(file, superfluid)?,
        (None, log) => read_log(log.unwrap_or(&EventLog::default()), superfluid)?,
    };
    let mut remarks = Vec::new();
    let rows = eligible(rows, settings, &mut remarks)?;
    let listed = settings.file("projects").map(|file| Table::read(file, PROJECT_COLUMNS));
    let listed = listed.transpose()?;
    let listed = listed.as_ref().map(names).transpose()?;
    if listed.is_none() && rows.is_empty() {
        remarks.push("there are no streams: nothing is paid".to_owned());
    }
    let rule = number_rows(&rows, listed.as_deref(), remarks);
    let begins = settings.time("opens").or(rule.changes.first().map(|change| change.time));
    let closes = settings.time("closes");
    Ok(Box::new(StreamingQuadratic { begins, closes, superfluid, terms, ..rule }))
}

// --- Signals ----------------------------------------------------------------

fn names(table: &Table) -> Result<Vec<String>, Vec<Fault>> {
    let mut faults = Faults::new();
    let mut names = BTreeSet::new();
    for row in table.rows() {
        let name = row.cell(0);
        if let Some(problem) = id_problem(name) {
            faults.push(row.fault(0, "bad-name", format!("`{name}` cannot be paid: {problem}")));
        }
        names.insert(name.to_owned());
    }
    faults.or(names.into_iter().collect())
}

/// Numbers for names, and events that change nothing left out.
fn number_rows(
    rows: &[Row],
    listed: Option<&[String]>,
    mut remarks: Vec<String>,
) -> StreamingQuadratic {
    let (mut allocators, mut projects) = (Names::verbatim(), Names::verbatim());
    listed.into_iter().flatten().for_each(|name| {
        projects.number(name);
    });
    let mut flowing: BTreeSet<(&str, &str)> = BTreeSet::new();
    let (mut kept, mut unlisted) = (Vec::new(), 0);
    for row in rows {
        if listed.is_some_and(|listed| listed.binary_search(&row.project).is_err()) {
            unlisted += 1;
            continue;
        }
        let pair = (row.allocator.as_str(), row.project.as_str());
        let flows = flowing.contains(&pair);
        let problem = match row.action {
            What::Start if flows => Some("start: a stream already flows"),
            What::Update if !flows => Some("update: no stream flows"),
            What::Stop if !flows => Some("stop: no stream flows"),
            _ => None,
        };
        if let Some(problem) = problem {
            let (allocator, project) = pair;
            remarks.push(format!("{} {allocator} {problem} to `{project}`", row.time));
            continue;
        }
        if row.rate > 0.0 {
            flowing.insert(pair)
        } else {
            flowing.remove(&pair)
        };
        kept.push((row, allocators.number(&row.allocator), projects.number(&row.project)));
    }
    if unlisted > 0 {
        remarks.push(format!("changes of streams to projects that are not listed: {unlisted}"));
    }
    let (allocators, new_allocators) = allocators.sorted();
    let (projects, new_projects) = projects.sorted();
    let change = |(row, allocator, project): (&Row, u32, u32)| Change {
        time: row.time,
        allocator: new_allocators[allocator as usize],
        project: new_projects[project as usize],
        rate: row.rate,
    };
    StreamingQuadratic {
        payees: projects.into_iter().map(Arc::from).collect(),
        allocators,
        changes: kept.into_iter().map(change).collect(),
        begins: None,
        closes: None,
        superfluid: false,
        terms: Terms::default(),
        remarks,
    }
}

// --- Refusals ---------------------------------------------------------------

fn two_sources(settings: &Settings) -> Fault {
    Fault::new("two-sources", "streams are both in `flows` and in an event log")
        .at_some(settings.place("flows"))
        .help("keep one of them")
}

fn trust_and_parity() -> Refusal {
    Refusal::new("trust-and-parity", "the contract that `parity` repeats knows no trust")
        .help("remove the signal `trust`, or `parity`")
}

// --- Rule -------------------------------------------------------------------

/// What is remembered between epochs.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Memory {
    /// End of the last epoch.
    ended: Option<Instant>,
}

/// One project while the streams are replayed.
#[derive(Clone, Debug, Default)]
struct Tap {
    /// Rates of open streams, by allocator.
    flows: BTreeMap<u32, f64>,
    units: f64,
    /// Until when its unit-time is counted.
    counted: i64,
    unit_time: f64,
}

impl Tap {
    /// Counts unit-time up to a moment.
    fn run_to(&mut self, time: i64) {
        let seconds = (time - self.counted).max(0);
        self.unit_time += self.units * seconds as f64;
        self.counted = self.counted.max(time);
    }

    /// The units of its streams, however they came about.
    fn open_units(&self, trust: Option<&[f64]>) -> f64 {
        let trust = |allocator: u32| trust.map_or(1.0, |trust| trust[allocator as usize]);
        let roots = self.flows.iter().map(|(allocator, rate)| (rate * trust(*allocator)).sqrt());
        let roots = maths::sum(roots);
        roots * roots
    }
}

/// The contract's units after a change, in its own whole numbers.
fn superfluid_units(units: U256, before: f64, after: f64) -> U256 {
    let scaled = |rate: f64| U256::from(rate) / U256::from(1_000_000);
    let (before_flows, old, new) = (before > 0.0, scaled(before), scaled(after));
    let shift = U256::from(100_000);
    let all = units * shift;
    let without = || (all + old).saturating_sub(root(all * old) << 1);
    let next = if !before_flows {
        let sum = root(all) + root(new);
        if new.is_zero() { all } else { sum * sum }
    } else if old == new {
        all
    } else if new.is_zero() {
        without()
    } else {
        let sum = (root(all) + root(new)).saturating_sub(root(old));
        sum * sum
    };
    (next / shift).max(U256::ONE)
}

impl StreamingQuadratic {
    /// Follows all changes up to a moment; unit-time counts from another.
    fn replay(
        &self,
        from: Option<Instant>,
        to: Option<Instant>,
        trust: Option<&[f64]>,
    ) -> Vec<Tap> {
        let counted = from.map_or(0, Instant::unix);
        let units = if self.superfluid { 1.0 } else { 0.0 };
        let mut taps = vec![Tap { units, counted, ..Tap::default() }; self.payees.len()];
        let mut whole = vec![U256::ONE; self.payees.len()];
        for change in self.changes.iter().take_while(|change| to.is_none_or(|to| change.time <= to))
        {
            let tap = &mut taps[change.project as usize];
            tap.run_to(change.time.unix());
            let before = if change.rate > 0.0 {
                tap.flows.insert(change.allocator, change.rate)
            } else {
                tap.flows.remove(&change.allocator)
            };
            tap.units = if self.superfluid {
                let units = &mut whole[change.project as usize];
                *units = superfluid_units(*units, before.unwrap_or(0.0), change.rate);
                f64::from(*units)
            } else {
                tap.open_units(trust)
            };
        }
        if let (Some(_), Some(to)) = (from, to) {
            for tap in &mut taps {
                tap.run_to(to.unix());
            }
        }
        taps
    }

    /// What a project has at the end, for people.
    fn why(tap: &Tap) -> String {
        let streams = tap.flows.len();
        let streams =
            if streams == 1 { "1 stream".to_owned() } else { format!("{streams} streams") };
        format!("{streams} at the end, {:.2} units", tap.units)
    }

    fn reasons(&self, tap: &Tap) -> Vec<String> {
        let mut flows: Vec<(u32, f64)> = tap.flows.iter().map(|(at, rate)| (*at, *rate)).collect();
        flows.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        let named = flows.iter().take(NAMED).map(|(allocator, rate)| {
            format!("{} streams {rate}", self.allocators[*allocator as usize])
        });
        std::iter::once(Self::why(tap)).chain(named).collect()
    }
}

/// How many allocators a project's reasons name.
const NAMED: usize = 5;

impl Mechanism for StreamingQuadratic {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn payees(&self) -> &[Arc<str>] {
        &self.payees
    }

    fn step(&self, turn: &Turn<'_>, allocation: &mut Allocation<'_>) -> Result<Outcome, Refusal> {
        let memory: Memory = turn.state.read()?;
        let trust = by_person(turn, "trust", &self.allocators, f64::MAX)?;
        if self.superfluid && trust.is_some() {
            return Err(trust_and_parity());
        }
        let until = turn.ends.map(|ends| self.closes.map_or(ends, |closes| ends.min(closes)));
        let taps = self.replay(memory.ended.or(self.begins), until, trust.as_deref());
        let score = |tap: &Tap| if turn.ends.is_some() { tap.unit_time } else { tap.units };
        let scores: Vec<f64> = taps.iter().map(score).collect();
        let why = |payee: usize| Self::why(&taps[payee]);
        let told = self.terms.pay(turn, allocation, &scores, why)?;
        let first = if turn.state.is_empty() { &self.remarks[..] } else { &[] };
        let reasons = self.payees.iter().zip(&taps);
        Ok(Outcome {
            state: State::write(&Memory { ended: turn.ends }),
            signals: vec![("match", shares(&self.payees, &scores))],
            remarks: first.iter().cloned().chain(told).collect(),
            reasons: reasons.map(|(name, tap)| (name.to_string(), self.reasons(tap))).collect(),
            exhibits: Vec::new(),
        })
    }
}

// --- Tests ------------------------------------------------------------------

#[cfg(test)]
mod tests {
    use allonet_core::card::Value;
    use allonet_core::mechanism::Purse;
    use allonet_core::money::Amount;
    use proptest::prelude::*;

    use super::*;
    use crate::trial::{Trial, paid, refused, trial_of};

    fn flows(rows: &str) -> Trial {
        let table = format!("time,allocator,recipient,rate\n{rows}");
        trial_of("streaming-quadratic").file("flows", &table)
    }

    /// One epoch for each pool, with its end.
    fn epochs(trial: &Trial, pools: &[(u128, &str)]) -> Vec<Vec<u128>> {
        let rule = trial.build().unwrap();
        let mut state = State::empty();
        let mut all = Vec::new();
        for (pool, end) in pools {
            let purse = Purse::new(vec![Amount::from_base(*pool)]);
            let mut allocation = Allocation::new(&purse, rule.payees(), &trial.assets);
            let turn = Turn {
                epoch: 0,
                ends: Some(end.parse().unwrap()),
                assets: &trial.assets,
                inflow: &purse,
                signals: &trial.signals,
                events: &[],
                state: &state,
            };
            let outcome = rule.step(&turn, &mut allocation).unwrap();
            let (payouts, _, _) = allocation.close();
            let to = |at: usize| {
                let own = payouts.iter().filter(|payout| payout.payee as usize == at);
                own.map(|payout| payout.amount.to_u128().unwrap()).sum()
            };
            all.push((0..rule.payees().len()).map(to).collect());
            state = outcome.state;
        }
        all
    }

    // Worked examples.

    #[test]
    fn an_epoch_is_divided_by_unit_time() {
        // a: (2 + 1)² = 9 units on day 1, 4 + 4 + 8 = 16 on day 2; b: 25 on day 2.
        let trial = flows(
            "2026-01-01,u,a,4\n2026-01-01,v,a,1\n2026-01-02,v,a,4\n2026-01-02,w,b,25\n\
             2026-01-04,u,a,0\n2026-01-04,w,b,0\n",
        );
        let found = epochs(
            &trial,
            &[(9, "2026-01-02"), (41, "2026-01-03"), (41, "2026-01-04"), (7, "2026-01-06")],
        );
        assert_eq!(found, [vec![9, 0], vec![16, 25], vec![16, 25], vec![7, 0]]);
        // Two days in one: 9 + 16 and 25.
        assert_eq!(epochs(&trial, &[(50, "2026-01-03")]), [vec![25, 25]]);
    }

    #[test]
    fn without_epochs_the_last_units_count() {
        let trial = flows("2026-01-01,u,a,4\n2026-01-01,v,a,1\n2026-01-09,w,b,16\n");
        let result = trial.run(25_00).unwrap();
        assert_eq!(paid(&result), [9_00, 16_00]);
        let reasons = &result.outcome.reasons["a"];
        assert_eq!(reasons[..], ["2 streams at the end, 9.00 units", "u streams 4", "v streams 1"]);
    }

    #[test]
    fn nothing_is_paid_for_no_time() {
        let late = flows("2026-01-05,u,a,4\n");
        let found = epochs(&late, &[(5, "2026-01-04"), (5, "2026-01-05"), (5, "2026-01-06")]);
        assert_eq!(found, [vec![0], vec![0], vec![5]]);
        let opened = flows("2026-01-05,u,a,4\n2026-01-05,v,b,4\n2026-01-06,v,b,0\n");
        let opens = Value::Time("2026-01-06".parse().unwrap());
        // Nothing before `opens` counts, not even a stream that goes on.
        assert_eq!(epochs(&opened.set("opens", opens), &[(5, "2026-01-07")]), [vec![0]]);
    }

    #[test]
    fn nothing_flows_after_the_close() {
        // Both stop after the close: 3 days of 1 unit and 1 day, however long the epoch is.
        let closed =
            flows("2026-01-01,u,a,1\n2026-01-03,v,b,1\n2026-01-08,u,a,0\n2026-01-09,v,b,0\n")
                .set("closes", Value::Time("2026-01-04".parse().unwrap()));
        let pools = [(4, "2026-01-31"), (9, "2026-02-01")];
        assert_eq!(epochs(&closed, &pools), [vec![3, 1], vec![0, 0]]);
    }

    #[test]
    fn a_log_says_the_same_as_a_table() {
        let event = |day: u8, actor: &str, action: &str, more: &str| {
            let what = format!(r#""actor":"{actor}","action":"{action}","to":"a"{more}"#);
            format!("{{\"time\":\"2026-01-0{day}\",{what}}}\n")
        };
        let log = [
            event(1, "u", "start", r#","rate":"4""#),
            event(2, "u", "start", r#","rate":9"#),
            event(2, "v", "update", r#","rate":9"#),
            event(3, "v", "start", r#","rate":1.0"#),
            event(4, "u", "update", r#","rate":16"#),
            event(5, "v", "stop", ""),
            event(6, "v", "stop", ""),
        ];
        let trial = trial_of("streaming-quadratic").log(&log.concat()).unwrap();
        let table =
            flows("2026-01-01,u,a,4\n2026-01-03,v,a,1\n2026-01-04,u,a,16\n2026-01-05,v,a,0\n");
        let (found, told) = (trial.run(7).unwrap(), table.run(7).unwrap());
        assert_eq!(found.payouts, told.payouts);
        assert_eq!(found.outcome.reasons, told.outcome.reasons);
        assert_eq!(
            found.outcome.remarks,
            [
                "2026-01-02T00:00:00Z u start: a stream already flows to `a`",
                "2026-01-02T00:00:00Z v update: no stream flows to `a`",
                "2026-01-06T00:00:00Z v stop: no stream flows to `a`",
            ]
        );
    }

    #[test]
    fn the_contract_is_repeated() {
        // As in the contract's own tests: rates of 10⁶ and less change little.
        let units = |changes: &[(f64, f64)]| {
            let next =
                |units, (before, after): &(f64, f64)| superfluid_units(units, *before, *after);
            changes.iter().fold(U256::ONE, next).to::<u64>()
        };
        // U′ = 10⁵ with root 316; g = 4·10¹² with root 2·10⁶: (2,000,316)² / 10⁵.
        let rate = 4e18;
        assert_eq!(units(&[(0.0, rate)]), 40_012_640);
        // √(40,012,640·10⁵) = 2,000,315; taking g off again leaves less than 316².
        assert_eq!(units(&[(0.0, rate), (rate, 0.0)]), 1);
        // (2,000,315 + 3·10⁶ − 2·10⁶)² / 10⁵.
        assert_eq!(units(&[(0.0, rate), (rate, 9e18)]), 90_018_900);
        assert_eq!(units(&[(0.0, 999_999.0)]), 1);
        assert_eq!(units(&[(0.0, rate), (rate, rate)]), 40_012_640);
        let trial = flows("2026-01-01,u,a,4000000000000000000\n").file("projects", "id\na\nb\n");
        let result = trial.text("parity", "superfluid").run(40_012_641).unwrap();
        assert_eq!(paid(&result), [40_012_640, 1]);
    }

    #[test]
    fn allocators_below_the_score_do_not_count() {
        let trial = flows("2026-01-01,u,a,4\n2026-01-01,v,b,1\n2026-01-01,w,b,9\n");
        let scored = trial.clone().file("scores", "voter,score\nu,20\nv,15\nw,14.9\n");
        let result = scored.run(5).unwrap();
        assert_eq!(paid(&result), [4, 1]);
        assert_eq!(result.outcome.remarks, ["allocators with a score below 15, not counted: 1"]);
        // 4·¼ = 1 against 9; who is not named does not count.
        let trusted = trial.scores("trust", &[("u", 0.25), ("w", 1.0)]);
        assert_eq!(paid(&trusted.run(10).unwrap()), [1, 9]);
    }

    #[test]
    fn no_streams_pay_nobody() {
        let result = flows("").run(5).unwrap();
        assert_eq!(result.unspent.of(0), Amount::from_base(5));
        assert_eq!(result.outcome.remarks[0], "there are no streams: nothing is paid");
        let idle = flows("2026-01-01,u,a,0\n").run(5).unwrap();
        assert_eq!(idle.outcome.remarks, ["no project has a score above zero: nothing is paid"]);
    }

    // Refusals.

    #[test]
    fn what_is_no_stream_is_refused() {
        let parity = |rows| flows(rows).text("parity", "superfluid");
        let event = r#"{"time":"2026-01-01","actor":"u","action":"start","to":"a""#;
        let log = |rest: &str| {
            let log = format!("{event}{rest}}}\n");
            trial_of("streaming-quadratic").log(&log).unwrap()
        };
        let trusted = parity("2026-01-01,u,a,1\n").scores("trust", &[("u", 1.0)]);
        let nan = flows("2026-01-01,u,a,1\n").scores("trust", &[("u", f64::NAN)]);
        for (trial, start) in [
            (flows("2026-01-01,u,a,-1\n"), "flows.csv:2:16: `-1` is below zero"),
            (flows("2026-01-01,u,a,NaN\n"), "flows.csv:2:16: `NaN` is no number"),
            (flows("2026-01-01,u,a,1e29\n"), "flows.csv:2:16: a rate of 1"),
            (flows("2026-01-01,u,a,\n"), "flows.csv:2:16: a stream needs a rate"),
            (flows("soon,u,a,1\n"), "flows.csv:2:1: `soon` is not a moment"),
            (flows("2026-01-01,,a,1\n"), "flows.csv:2:12: this stream names no allocator"),
            (
                flows("2026-01-01,u,a,1\n2026-01-01,u,a,2\n"),
                "flows.csv:3:16: a second rate of `u` for `a`",
            ),
            (parity("2026-01-01,u,a,1.5\n"), "flows.csv:2:16: a rate of 1.5 is no whole number"),
            (
                flows("2026-01-01,u,a,1\n").set("score_minimum", Value::Number(3.0)),
                "`score_minimum` works only with `scores`",
            ),
            (trusted, "the contract that `parity` repeats knows no trust"),
            (nan, "the signal `trust` from `elsewhere` gives `u` NaN"),
            (log(""), "events.jsonl:1:1: `start`: the field `rate` is missing"),
            (log(r#","rate":-2"#), "events.jsonl:1:1: `start`: the rate `-2` is below zero"),
            (log(r#","rate":1"#).file("flows", "x"), "streams are both in `flows` and in an event"),
        ] {
            let found = refused(&trial);
            assert!(found.starts_with(start), "{found}");
        }
    }

    // Laws.

    type Flow = (u32, u8, u8, u32);

    fn any_flows() -> impl Strategy<Value = Vec<Flow>> {
        let key = (0_u32..1_000, 0_u8..6, 0_u8..4);
        prop::collection::btree_map(key, 0_u32..10_000, 1..40)
            .prop_map(|flows| flows.into_iter().map(|((t, v, p), r)| (t, v, p, r)).collect())
    }

    fn rows(flows: &[Flow]) -> String {
        let row = |(second, allocator, project, rate): &Flow| {
            let (minute, second) = (second / 60, second % 60);
            format!("2026-01-01T00:{minute:02}:{second:02}Z,v{allocator},p{project},{rate}\n")
        };
        flows.iter().map(row).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn the_order_of_rows_does_not_matter(found in any_flows(), pool: u64, parity: bool) {
            let mut other = found.clone();
            other.reverse();
            let trial = |found: &[Flow]| {
                let trial = flows(&rows(found));
                if parity { trial.text("parity", "superfluid") } else { trial }
            };
            let pools = [(u128::from(pool), "2026-01-01T00:05:00Z"), (99, "2026-01-01T01:00:00Z")];
            prop_assert_eq!(epochs(&trial(&found), &pools), epochs(&trial(&other), &pools));
        }

        #[test]
        fn the_way_there_does_not_matter(found in any_flows(), pool: u64) {
            let mut last: BTreeMap<(u8, u8), u32> = BTreeMap::new();
            for (_, allocator, project, rate) in &found {
                last.insert((*allocator, *project), *rate);
            }
            let flow = |((allocator, project), rate): (&(u8, u8), &u32)| {
                (0, *allocator, *project, *rate)
            };
            let direct: Vec<Flow> = last.iter().map(flow).collect();
            let run = |found: &[Flow]| flows(&rows(found)).run(u128::from(pool)).unwrap();
            prop_assert_eq!(paid(&run(&found)), paid(&run(&direct)));
        }

        // Reference: units of every second, added up.
        #[test]
        fn agrees_with_a_second_by_second_count(found in any_flows()) {
            let mut sums = [0.0_f64; 4];
            let begins = found.iter().map(|(time, ..)| *time).min().unwrap();
            for second in begins..1_200 {
                let mut rates: BTreeMap<(u8, u8), u32> = BTreeMap::new();
                for (_, allocator, project, rate) in found.iter().filter(|(t, ..)| *t <= second) {
                    rates.insert((*project, *allocator), *rate);
                }
                for (at, sum) in (0_u8..).zip(&mut sums) {
                    let own = rates.iter().filter(|((project, _), _)| *project == at);
                    let roots: f64 = own.map(|(_, rate)| f64::from(*rate).sqrt()).sum();
                    *sum += roots * roots;
                }
            }
            let all: f64 = sums.iter().sum();
            let pool = 1_000_000_000_u128;
            let trial = flows(&rows(&found)).file("projects", "id\np0\np1\np2\np3\n");
            let paid = &epochs(&trial, &[(pool, "2026-01-01T00:20:00Z")])[0];
            for (paid, sum) in paid.iter().zip(sums) {
                let expected = if all > 0.0 { pool as f64 * sum / all } else { 0.0 };
                prop_assert!((*paid as f64 - expected).abs() <= 1.5, "{paid} {expected}");
            }
        }
    }
}
