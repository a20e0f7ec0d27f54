//! Guild: members are paid by how long they have been active.
//!
//! Use it for a group of maintainers who want to share what others give them
//! without judging each other's work.
//!
//! # Formula
//!
//! ```text
//! weight_m = √( Σ part · (months active − months of breaks) )
//! payout_m = money · weight_m / Σ weight
//! ```
//!
//! Protocol Guild publishes `√((months − months on break) · time weight)`, with
//! time weight 1 for full and 0.5 for part time. The root lets newcomers catch
//! up: four times the months are twice the weight.
//!
//! The sum runs over a member's lines in the table, one for each time of work,
//! so that somebody may leave and return or change from part to full time.
//! Months run up to `as_of`, or to the end of the epoch. Who is not a member at
//! that moment has no weight; whoever returns has their earlier months again.
//!
//! # Units and rounding
//!
//! | quantity     | unit           | rounding                                      |
//! |--------------|----------------|-----------------------------------------------|
//! | months       | calendar months | nearest `f64`; with `months = "whole"` down for each time of work |
//! | weight       | root of a month | nearest; then to 2⁻⁹⁶ of the largest        |
//! | payouts, each asset | base units | largest remainder, earliest id first        |
//!
//! A day is one part in as many as its month has: from 15 January to 15 July are
//! 6 months.
//!
//! # Limits
//!
//! * Times of work of one member do not overlap, nor do their breaks. A break
//!   counts as far as it lies within a time of work.
//! * `part`: a share above 0 %, such as `50%`, `0.5` or `1/2`.
//!
//! # Known weaknesses
//!
//! * Time is not work. A guild must part with members who do nothing.
//! * Two people who pose as three are paid more. Know your members.
//!
//! # Sources
//!
//! * Protocol Guild, documentation, *Membership* and *Funding*: the formula.
//!
//! # Example
//!
//! ```
//! use allonet_core::card::Value;
//! use allonet_core::money::Amount;
//! use allonet_mechanisms::trial::trial_of;
//!
//! // 36 months, 4 months, and 8 months at half time: roots 6, 2 and 2.
//! let members = "member,joined,part\n\
//!                ana,2023-01-01,\nben,2025-09-01,100%\ncyd,2025-05-01,50%\n";
//! let result = trial_of("guild")
//!     .file("members", members)
//!     .set("as_of", Value::Time("2026-01-01".parse().expect("a date")))
//!     .run(1_000)?;
//! assert_eq!(result.paid("ana"), Amount::from_base(600));
//! assert_eq!(result.paid("ben"), Amount::from_base(200));
//! assert_eq!(result.paid("cyd"), Amount::from_base(200));
//! # Ok::<(), allonet_mechanisms::trial::NoTrial>(())
//! ```

use std::collections::BTreeMap;
use std::sync::Arc;

use allonet_core::card::{Absent, Card, Family, Kind, Setting, Source, Status};
use allonet_core::fault::Fault;
use allonet_core::maths;
use allonet_core::mechanism::{Allocation, Blueprint, Mechanism, Outcome, Refusal, Turn};
use allonet_core::money::Share;
use allonet_core::network::id_problem;
use allonet_core::table::{Column, Faults, Row, Table};
use allonet_core::time::Instant;

use crate::paying::{Terms, shares};
use crate::people::{moment_in, shown};

// --- Card -------------------------------------------------------------------

/// What the rule says of itself.
pub static CARD: Card = Card {
    id: "guild",
    title: "Guild of members",
    family: Family::Flow,
    formula: "payout = money · w / Σ w, with w = √((months − breaks) · part)",
    status: Status::Preview { since: "0.1.0" },
    sources: &[Source {
        cite: "Protocol Guild, documentation: the formula of weights",
        url: "https://protocol-guild.readthedocs.io/",
    }],
    settings: &[
        Setting {
            name: "members",
            kind: Kind::File,
            default: Absent::Required,
            doc: "Table of members, columns `member`, `joined`, and if wished `left` and `part`.",
        },
        Setting {
            name: "breaks",
            kind: Kind::File,
            default: Absent::None("nobody has had a break"),
            doc: "Table of breaks, columns `member`, `from` and `until` (empty: it goes on).",
        },
        Setting {
            name: "as_of",
            kind: Kind::Time,
            default: Absent::None("the end of the epoch"),
            doc: "The moment up to which months count.",
        },
        Setting {
            name: "months",
            kind: Kind::Choice(&["exact", "whole"]),
            default: Absent::Default("exact"),
            doc: "Whether days count as parts of a month, or only whole months of each time of \
                  work.",
        },
    ],
    actions: &[],
    reads: &[],
    emits: &["weights"],
};

const MEMBERS: &[Column] = &[
    Column::required(&["member", "id", "name", "payee", "recipient", "address"]),
    Column::required(&["joined", "start", "start_date", "from", "since"]),
    Column::optional(&["left", "end", "end_date", "until"]),
    Column::optional(&["part", "time_weight", "full_time", "share"]),
];
const PART: usize = 3;
const BREAKS: &[Column] = &[
    Column::required(&["member", "id", "name", "payee", "recipient", "address"]),
    Column::required(&["from", "start", "start_date"]),
    Column::required(&["until", "to", "end", "end_date"]),
];
const MEMBER: usize = 0;
const FROM: usize = 1;
const UNTIL: usize = 2;

// --- Settings ---------------------------------------------------------------

/// The rule with its members.
#[derive(Debug)]
pub struct Guild {
    /// Sorted by id.
    payees: Vec<Arc<str>>,
    /// Times of work of each.
    work: Vec<Vec<Span>>,
    /// Breaks of each.
    breaks: Vec<Vec<Span>>,
    as_of: Option<Instant>,
    whole: bool,
}

/// A time of work, or a break.
#[derive(Clone, Copy, Debug)]
struct Span {
    from: Instant,
    until: Option<Instant>,
    /// Of full time.
    part: f64,
}

/// Spans of each member, with the rows they stand in.
type Spans<'t> = BTreeMap<&'t str, Vec<(Span, Row<'t>)>>;

/// Builds the rule from its settings.
pub fn build(blueprint: &Blueprint<'_>) -> Result<Box<dyn Mechanism>, Vec<Fault>> {
    let settings = blueprint.settings;
    let members = settings.file("members").ok_or_else(|| {
        let help = "add `members = \"members.csv\"`";
        vec![Fault::new("no-members", "the guild has no table of members").help(help)]
    })?;
    let members = Table::read(members, MEMBERS)?;
    let breaks = settings.file("breaks").map(|file| Table::read(file, BREAKS)).transpose()?;
    let mut faults = Faults::new();
    let work = read(&members, "works", &mut faults);
    let rests = breaks.as_ref().map(|table| read(table, "has a break", &mut faults));
    let mut rests = rests.unwrap_or_default();
    for (name, rests) in rests.iter().filter(|(name, _)| !work.contains_key(*name)) {
        let message = format!("`{name}` has a break, but is no member");
        let fault = rests[0].1.fault(MEMBER, "unknown-member", message);
        faults.push(fault.help("compare the spelling with the table of members"));
    }
    faults.or(())?;
    let bare = |spans: Vec<(Span, Row<'_>)>| spans.into_iter().map(|(span, _)| span).collect();
    Ok(Box::new(Guild {
        payees: work.keys().map(|name| Arc::from(*name)).collect(),
        breaks: work.keys().map(|name| bare(rests.remove(name).unwrap_or_default())).collect(),
        work: work.into_values().map(bare).collect(),
        as_of: settings.time("as_of"),
        whole: settings.text("months") == Some("whole"),
    }))
}

/// The spans of a table by member, in order of time and without overlap.
fn read<'t>(table: &'t Table, does: &str, faults: &mut Faults) -> Spans<'t> {
    let mut found = Spans::new();
    for row in table.rows() {
        let name = row.cell(MEMBER);
        if let Some(problem) = id_problem(name) {
            let message = format!("`{name}` cannot be paid: {problem}");
            faults.push(row.fault(MEMBER, "bad-name", message));
        }
        if row.cell(FROM).is_empty() {
            faults.push(row.fault(FROM, "no-time", "this row does not say when it begins"));
        }
        let part = part_in(row, faults);
        let (from, until) = (moment_in(row, FROM, faults), moment_in(row, UNTIL, faults));
        let (Some(from), Some(part)) = (from, part) else { continue };
        if until.is_some_and(|until| until <= from) {
            let fault = row.fault(UNTIL, "window", "this time ends before it begins");
            faults.push(fault.help("swap the two dates?"));
            continue;
        }
        found.entry(name).or_default().push((Span { from, until, part }, row));
    }
    for (name, spans) in &mut found {
        spans.sort_by_key(|(span, _)| span.from);
        for pair in spans.windows(2) {
            let [(first, earlier), (second, later)] = pair else { continue };
            if first.until.is_none_or(|until| until > second.from) {
                let message = format!("`{name}` already {does} then, by line {}", earlier.line());
                let fault = later.fault(FROM, "overlap", message);
                faults.push(fault.help("let one time end when the next begins"));
            }
        }
    }
    found
}

/// What part of full time a row stands for; only members have one.
fn part_in(row: Row<'_>, faults: &mut Faults) -> Option<f64> {
    let text = row.cell(PART);
    if text.is_empty() {
        return Some(1.0);
    }
    let fault = match text.parse::<Share>() {
        Ok(share) if share.is_zero() => {
            row.fault(PART, "bad-share", "a member who works no part of the time").help("remove it")
        }
        Ok(share) => return Some(share.to_f64()),
        Err(error) => row.fault(PART, "bad-share", error.to_string()),
    };
    faults.push(fault);
    None
}

// --- Signals ----------------------------------------------------------------

// It reads none and emits `weights`.

// --- Refusals ---------------------------------------------------------------

fn no_moment() -> Refusal {
    Refusal::new("no-moment", "nothing says up to which moment months count")
        .help("set `as_of`, or `epoch_ends` of the network")
}

// --- Rule -------------------------------------------------------------------

/// Months this near to a whole number are whole.
const NEARLY: f64 = 1e-9;

impl Span {
    /// Whether it holds at a moment.
    fn holds(&self, at: Instant) -> bool {
        self.from <= at && self.until.is_none_or(|until| at < until)
    }

    /// Months of it up to a moment that also lie within another.
    fn months_within(&self, other: &Self, at: Instant) -> f64 {
        let ends = [self.until, other.until].into_iter().flatten().fold(at, Ord::min);
        let begins = self.from.max(other.from);
        if ends <= begins { 0.0 } else { ends.months() - begins.months() }
    }
}

impl Guild {
    /// The weight of a member at a moment, and why.
    fn weight(&self, member: usize, at: Instant) -> (f64, String) {
        let work = &self.work[member];
        if !work.iter().any(|span| span.holds(at)) {
            return (0.0, format!("no member on {at}"));
        }
        let mut times = Vec::new();
        let mut words = Vec::new();
        for span in work {
            let months = span.months_within(span, at);
            let rests = self.breaks[member].iter();
            let rested = maths::sum(rests.map(|rest| rest.months_within(span, at)));
            let mut active = (months - rested).max(0.0);
            if self.whole {
                active = (active + NEARLY).floor();
            }
            times.push(active * span.part);
            let part =
                if span.part < 1.0 { format!(" at {}", shown(span.part)) } else { String::new() };
            let rested = if rested > 0.0 {
                format!(", {} of breaks off", shown(rested))
            } else {
                String::new()
            };
            words.push(format!("{} months{part}{rested}", shown(active)));
        }
        let weight = maths::sum(times).sqrt();
        (weight, format!("{}: weight {}", words.join(" and "), shown(weight)))
    }
}

impl Mechanism for Guild {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn payees(&self) -> &[Arc<str>] {
        &self.payees
    }

    fn step(&self, turn: &Turn<'_>, allocation: &mut Allocation<'_>) -> Result<Outcome, Refusal> {
        let at = self.as_of.or(turn.ends).ok_or_else(no_moment)?;
        let (weights, why): (Vec<f64>, Vec<String>) =
            (0..self.payees.len()).map(|member| self.weight(member, at)).unzip();
        let note = |member: usize| why[member].clone();
        let mut remarks = Terms::default().pay(turn, allocation, &weights, note)?;
        let out = weights.iter().filter(|weight| **weight == 0.0).count();
        if out > 0 {
            remarks.push(format!("without weight on {at}: {out} of {}", weights.len()));
        }
        let signals = vec![("weights", shares(&self.payees, &weights))];
        let reasons = self.payees.iter().zip(why);
        let reasons = reasons.map(|(name, why)| (name.to_string(), vec![why])).collect();
        Ok(Outcome { remarks, signals, reasons, ..Outcome::default() })
    }
}

// --- Tests ------------------------------------------------------------------

#[cfg(test)]
mod tests {
    use allonet_core::card::Value;
    use proptest::prelude::*;

    use crate::trial::{Trial, trial_of};

    fn guild(members: &str) -> Trial {
        trial_of("guild")
            .file("members", &format!("member,joined,left,part\n{members}"))
            .set("as_of", Value::Time("2026-01-01".parse().unwrap()))
    }

    fn check(trial: &Trial, pool: u128, expected: &[(&str, u128)]) {
        let result = trial.run(pool).unwrap();
        for (name, amount) in expected {
            assert_eq!(result.paid(name).to_u128(), Some(*amount), "{name}");
        }
    }

    // Worked examples.

    #[test]
    fn breaks_and_part_time_count_less() {
        // 20 months less 4 of a break: 16; 18 months at half time: 9; roots 4, 3.
        let trial = guild("ana,2024-05-01,,\nben,2024-07-01,,50%\n")
            .file("breaks", "member,from,until\nana,2025-02-01,2025-06-01\n");
        check(&trial, 700, &[("ana", 400), ("ben", 300)]);
        let outcome = trial.run(700).unwrap().outcome;
        assert_eq!(outcome.reasons["ana"], ["16 months, 4 of breaks off: weight 4"]);
        assert_eq!(outcome.reasons["ben"], ["18 months at 0.5: weight 3"]);
        // A break that goes on, of which only what lies within counts: 9 months.
        let open = trial.file("breaks", "member,from,until\nana,2025-02-01,\n");
        check(&open, 600, &[("ana", 300), ("ben", 300)]);
    }

    #[test]
    fn who_leaves_is_out_and_may_return() {
        // Ana: 4 months, away, then 5 again: 9. Ben has left, cyd comes later.
        let trial = guild(
            "ana,2024-01-01,2024-05-01,\nana,2025-08-01,,\nben,2020-01-01,2026-01-01,\n\
             cyd,2026-02-01,,\ndan,2025-12-01,,\n",
        );
        check(&trial, 400, &[("ana", 300), ("ben", 0), ("cyd", 0), ("dan", 100)]);
        let outcome = trial.run(400).unwrap().outcome;
        assert_eq!(outcome.remarks, ["without weight on 2026-01-01T00:00:00Z: 2 of 4"]);
        assert_eq!(outcome.reasons["ben"], ["no member on 2026-01-01T00:00:00Z"]);
    }

    #[test]
    fn days_are_parts_of_their_month() {
        // Half of November and all of December: 1.5 months, or 1 whole one; and
        // 3 months at half time.
        let trial = guild("ana,2025-11-16,,\nben,2025-10-01,,50%\n");
        check(&trial, 200, &[("ana", 100), ("ben", 100)]);
        let whole = trial.text("months", "whole");
        // Roots of 1 and 1.5.
        check(&whole, 1_000_000, &[("ana", 449_490), ("ben", 550_510)]);
    }

    // Refusals.

    #[test]
    fn months_need_an_end() {
        let timeless = trial_of("guild").file("members", "member,joined\nana,2025-01-01\n");
        let refusal = timeless.run(5).unwrap_err().to_string();
        assert_eq!(refusal, "nothing says up to which moment months count");
    }

    #[test]
    fn tables_that_cannot_be_meant_are_refused() {
        let rest = |rows: &str| {
            guild("ana,2024-01-01,,\n").file("breaks", &format!("member,from,until\n{rows}"))
        };
        for (trial, expected) in [
            (trial_of("guild"), "no table of members"),
            (guild(",2024-01-01,,\n"), "cannot be paid: it is empty"),
            (guild("ana,,,\n"), "does not say when it begins"),
            (guild("ana,soon,,\n"), "`soon` is not a moment"),
            (guild("ana,2024-01-01,2023-01-01,\n"), "ends before it begins"),
            (guild("ana,2024-01-01,,\nana,2025-01-01,,\n"), "already works then, by line 2"),
            (guild("ana,2024-01-01,,0\n"), "no part of the time"),
            (guild("ana,2024-01-01,,2\n"), "`2` is more than the whole"),
            (rest("bob,2024-01-01,\n"), "`bob` has a break, but is no member"),
            (rest("ana,2024-01-01,\nana,2024-02-01,\n"), "already has a break then"),
        ] {
            let told = trial.run(0).unwrap_err().to_string();
            assert!(told.contains(expected), "{told}");
        }
    }

    // Laws.

    proptest! {
        #[test]
        fn who_joined_earlier_is_not_paid_less(
            days in prop::collection::vec((2010_u32..2026, 1_u32..=12, 1_u32..=28), 2..8),
            whole: bool,
        ) {
            let date = |(y, m, d): &(u32, u32, u32)| format!("{y}-{m:02}-{d:02}");
            let row = |(at, day)| format!("m{at},{},,", date(day));
            let rows: Vec<String> = days.iter().enumerate().map(row).collect();
            let rows = rows.join("\n") + "\n";
            let trial = guild(&rows).text("months", if whole { "whole" } else { "exact" });
            let result = trial.run(1 << 40).unwrap();
            for (a, first) in days.iter().enumerate() {
                for (b, second) in days.iter().enumerate().filter(|(_, second)| first < second) {
                    let paid = |at: usize| result.paid(&format!("m{at}")).to_u128().unwrap();
                    prop_assert!(paid(a) + 1 >= paid(b), "{first:?} {second:?}");
                }
            }
        }

        #[test]
        fn a_time_may_be_told_in_two_lines(first in 1_u32..=11, middle in 1_u32..=28) {
            let one = guild("ana,2025-01-01,,\nben,2024-01-01,,\n").run(1_000_000).unwrap();
            let cut = format!("2025-{first:02}-{middle:02}");
            prop_assume!(cut != "2025-01-01");
            let rows = format!("ana,2025-01-01,{cut},\nana,{cut},,\nben,2024-01-01,,\n");
            let two = guild(&rows).run(1_000_000).unwrap();
            let [one, two] = [one, two].map(|result| result.paid("ana").to_u128().unwrap());
            prop_assert!(one.abs_diff(two) <= 1);
        }
    }

    // Reference: months counted day by day on a calendar of its own.

    /// Days of a month.
    fn days_in(year: u32, month: u32) -> u32 {
        match month {
            2 if year.is_multiple_of(4) && !year.is_multiple_of(100) => 29,
            2 if year.is_multiple_of(400) => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        }
    }

    proptest! {
        #[test]
        fn months_are_counted_day_by_day(
            (year, month, day) in (2015_u32..2025, 1_u32..=12, 1_u32..=28),
            rest in 1_u32..=12,
        ) {
            let breaks = format!("ana,2025-{rest:02}-10,2025-{rest:02}-20");
            let breaks = format!("member,from,until\n{breaks}\n");
            let rows = format!("ana,{year}-{month:02}-{day:02},,\nben,2025-01-01,,\n");
            let result = guild(&rows).file("breaks", &breaks).run(1 << 50).unwrap();
            let (mut months, mut at) = (0.0, (year, month, day));
            while at.0 < 2026 {
                let off = at.0 == 2025 && at.1 == rest && (10..20).contains(&at.2);
                months += if off { 0.0 } else { 1.0 / f64::from(days_in(at.0, at.1)) };
                at.2 += 1;
                if at.2 > days_in(at.0, at.1) {
                    at = if at.1 == 12 { (at.0 + 1, 1, 1) } else { (at.0, at.1 + 1, 1) };
                }
            }
            let expected = months.sqrt() / (months.sqrt() + 12.0_f64.sqrt());
            let found = result.paid("ana").to_f64() / (1_u64 << 50) as f64;
            prop_assert!((found - expected).abs() < 1e-9, "{found} {expected}");
        }
    }
}
