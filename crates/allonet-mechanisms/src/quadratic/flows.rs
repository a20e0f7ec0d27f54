//! Streams of money, as a table or an event log tells of them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use allonet_core::card::Settings;
use allonet_core::event::EventLog;
use allonet_core::fault::{Fault, Place, SourceFile};
use allonet_core::network::id_problem;
use allonet_core::table::{Column, Faults, Table};
use allonet_core::time::Instant;

use super::eligibility::SCORE_COLUMNS;
use crate::ballots::number;
use crate::names::plain;

const FLOW_COLUMNS: &[Column] = &[
    Column::required(&["time", "timestamp", "date", "block_time"]),
    Column::required(&["allocator", "voter", "sender", "from", "donor", "address"]),
    Column::required(&["recipient", "project", "to", "recipient_id", "project_id"]),
    Column::required(&["rate", "flow_rate", "flow"]),
];

/// A row of the table or an event of the log.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) time: Instant,
    pub(super) allocator: String,
    pub(super) project: String,
    pub(super) rate: f64,
    pub(super) action: What,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// Of a table: whatever flowed before.
    Set,
    Start,
    Update,
    Stop,
}

/// The default of `score_minimum`.
const USUAL_MINIMUM: f64 = 15.0;

/// The largest rate: that of the contract's 96 bits.
const RATE_LIMIT: f64 = 79_228_162_514_264_337_593_543_950_336.0;

/// Streams of a table, in order of time. `whole` rates are base units a second.
pub(super) fn read_table(file: &Arc<SourceFile>, whole: bool) -> Result<Vec<Row>, Vec<Fault>> {
    let table = Table::read(file, FLOW_COLUMNS)?;
    let mut faults = Faults::new();
    let mut rows = BTreeMap::new();
    for row in table.rows() {
        let (allocator, project) = (plain(row.cell(1)), row.cell(2));
        if allocator.is_empty() {
            faults.push(row.fault(1, "no-voter", "this stream names no allocator"));
        }
        if let Some(problem) = id_problem(project) {
            let message = format!("`{project}` cannot be paid: {problem}");
            faults.push(row.fault(2, "bad-name", message));
        }
        let time = row.cell(0).parse::<Instant>();
        let time = time.map_err(|error| row.fault(0, "bad-time", error.to_string()));
        let rate = number(row, 3, false).map_err(|fault| *fault).and_then(|rate| {
            let rate = rate.ok_or("a stream needs a rate; write 0 to stop it".to_owned());
            let rate = rate.and_then(|rate| checked(rate, whole));
            rate.map_err(|message| row.fault(3, "bad-rate", message))
        });
        let (time, rate) = match (time, rate) {
            (Ok(time), Ok(rate)) => (time, rate),
            (time, rate) => {
                [time.err(), rate.err()].into_iter().flatten().for_each(|fault| faults.push(fault));
                continue;
            }
        };
        let read = Row {
            time,
            allocator: allocator.clone().into_owned(),
            project: project.to_owned(),
            rate,
            action: What::Set,
        };
        if rows.insert((time, allocator.into_owned(), project.to_owned()), read).is_some() {
            let message = format!("a second rate of `{}` for `{project}` at {time}", row.cell(1));
            faults.push(row.fault(3, "double-rate", message).help("keep the one that is meant"));
        }
    }
    faults.or(rows.into_values().collect())
}

/// Streams of an event log, in its order.
pub(super) fn read_log(log: &EventLog, whole: bool) -> Result<Vec<Row>, Vec<Fault>> {
    let mut faults = Faults::new();
    let mut rows = Vec::new();
    for (index, event) in log.events().iter().enumerate() {
        let read = || {
            let action = match event.action.as_str() {
                "start" => What::Start,
                "update" => What::Update,
                "stop" => What::Stop,
                other => return Err(format!("there is no action `{other}`")),
            };
            let project = event.text("to").ok_or("the field `to` is missing or no text")?;
            if let Some(problem) = id_problem(project) {
                return Err(format!("`{project}` cannot be paid: {problem}"));
            }
            let rate = match (action, event.fields.get("rate")) {
                (What::Stop, _) => 0.0,
                (_, None) => return Err("the field `rate` is missing".to_owned()),
                (_, Some(rate)) => {
                    let text = rate.as_str().map_or_else(|| rate.to_string(), str::to_owned);
                    checked(parsed(&text)?, whole)?
                }
            };
            let allocator = plain(&event.actor).into_owned();
            Ok(Row { time: event.time, allocator, project: project.to_owned(), rate, action })
        };
        match read() {
            Ok(row) => rows.push(row),
            Err(message) => faults.push(bad_event(&event.action, &message, log.place(index))),
        }
    }
    faults.or(rows)
}

/// A rate of the log.
fn parsed(text: &str) -> Result<f64, String> {
    let digits = text.replace('_', "");
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
    let rate = digits.parse::<f64>().ok().filter(|rate| plain && rate.is_finite());
    let rate = rate.ok_or_else(|| format!("the rate `{text}` is no number"))?;
    if rate < 0.0 { Err(format!("the rate `{text}` is below zero")) } else { Ok(rate) }
}

/// A rate that is not too large, and whole where it must be.
fn checked(rate: f64, whole: bool) -> Result<f64, String> {
    if rate >= RATE_LIMIT {
        return Err(format!("a rate of {rate} is 2^96 or more"));
    }
    if whole && rate.fract() != 0.0 {
        return Err(format!("a rate of {rate} is no whole number of base units a second"));
    }
    Ok(rate)
}

/// Rows inside the window, of allocators whose score suffices.
pub(super) fn eligible(
    mut rows: Vec<Row>,
    settings: &Settings,
    remarks: &mut Vec<String>,
) -> Result<Vec<Row>, Vec<Fault>> {
    let (opens, closes) = (settings.time("opens"), settings.time("closes"));
    if let (Some(opens), Some(closes)) = (opens, closes)
        && opens >= closes
    {
        let message = format!("opens = {opens} is not before closes = {closes}");
        let fault = Fault::new("window", message).at_some(settings.place("opens"));
        return Err(vec![fault.help("no stream could count; swap them?")]);
    }
    let before = rows.len();
    rows.retain(|row| {
        opens.is_none_or(|opens| row.time >= opens) && closes.is_none_or(|closes| row.time < closes)
    });
    if rows.len() < before {
        let count = before - rows.len();
        remarks.push(format!("changes of streams outside the window, not counted: {count}"));
    }
    let minimum = settings.number("score_minimum").unwrap_or(USUAL_MINIMUM);
    let Some(file) = settings.file("scores") else {
        return if minimum.total_cmp(&USUAL_MINIMUM).is_eq() {
            Ok(rows)
        } else {
            let fault = Fault::new("misplaced-setting", "`score_minimum` works only with `scores`")
                .at_some(settings.place("score_minimum"));
            Err(vec![fault.help("add `scores = \"scores.csv\"`, or leave `score_minimum` out")])
        };
    };
    let table = Table::read(file, SCORE_COLUMNS)?;
    let mut faults = Faults::new();
    let mut known = BTreeMap::new();
    for row in table.rows() {
        match number(row, 1, false) {
            Ok(score) => {
                let name = plain(row.cell(0)).into_owned();
                if known.insert(name, score.unwrap_or(0.0)).is_some() {
                    let message = format!("`{}` has a second score", row.cell(0));
                    faults.push(row.fault(0, "double-voter", message).help("keep one of them"));
                }
            }
            Err(fault) => faults.push(*fault),
        }
    }
    faults.or(())?;
    let mut below = BTreeSet::new();
    rows.retain(|row| {
        let counts = known.get(&row.allocator).copied().unwrap_or(0.0) >= minimum;
        if !counts {
            below.insert(row.allocator.clone());
        }
        counts
    });
    if !below.is_empty() {
        let count = below.len();
        remarks.push(format!("allocators with a score below {minimum}, not counted: {count}"));
    }
    Ok(rows)
}

fn bad_event(action: &str, message: &str, place: Option<Place>) -> Fault {
    Fault::new("bad-event", format!("`{action}`: {message}"))
        .at_some(place)
        .help("an event has `to`, and `rate` if it is `start` or `update`")
}
