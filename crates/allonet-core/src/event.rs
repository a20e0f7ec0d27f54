//! Dated event logs: one JSON object a line, `time`, `actor`, `action` and
//! whatever fields the action needs.

#![expect(clippy::disallowed_types, reason = "a flattened field reads every type of number")]

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::fault::{Fault, Place, SourceFile};
use crate::json::each_key_once;
use crate::time::Instant;

/// Something that someone did at some time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// When.
    pub time: Instant,
    /// Who.
    pub actor: String,
    /// What: one of the actions on the mechanism's card.
    pub action: String,
    /// The action's fields.
    #[serde(flatten)]
    pub fields: Map<String, Value>,
}

impl Event {
    /// A field that is a text.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.fields.get(name)?.as_str()
    }

    /// A field that is a whole number, zero or more.
    pub fn whole(&self, name: &str) -> Option<u64> {
        self.fields.get(name)?.as_u64()
    }
}

/// An event log, in order of time.
#[derive(Clone, Debug, Default)]
pub struct EventLog {
    events: Vec<Event>,
    lines: Vec<usize>,
    file: Option<Arc<SourceFile>>,
}

impl EventLog {
    /// A log from events already in order of time.
    pub fn new(events: Vec<Event>) -> Self {
        let lines = vec![0; events.len()];
        Self { events, lines, file: None }
    }

    /// Reads JSON Lines. Empty lines are passed over; a line that is no event,
    /// has a key twice or goes back in time is a fault.
    pub fn read(file: &Arc<SourceFile>) -> Result<Self, Vec<Fault>> {
        let mut log = Self { file: Some(Arc::clone(file)), ..Self::default() };
        let mut faults = Vec::new();
        let mut start = 0;
        for line in file.text.split_inclusive('\n') {
            let at = start;
            start += line.len();
            let body = line.trim_start_matches('\u{feff}').trim();
            if body.is_empty() {
                continue;
            }
            let event = serde_json::from_str::<Event>(body);
            match event.and_then(|event| each_key_once(body).map(|()| event)) {
                Ok(event) => {
                    if let Some(last) = log.events.last().filter(|last| last.time > event.time) {
                        let place = Place::new(file, at..at + line.trim_end().len());
                        faults.push(backwards(&event, last).at(place));
                    }
                    log.events.push(event);
                    log.lines.push(at);
                }
                Err(error) => faults.push(not_event(file, at, line, &error)),
            }
        }
        if faults.is_empty() { Ok(log) } else { Err(faults) }
    }

    /// The events, in order.
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// Where an event stands in its file.
    pub fn place(&self, index: usize) -> Option<Place> {
        let file = self.file.as_ref()?;
        let start = *self.lines.get(index)?;
        let length = file.text[start..].lines().next().map_or(0, str::len);
        Some(Place::new(file, start..start + length))
    }
}

fn backwards(event: &Event, last: &Event) -> Fault {
    let message =
        format!("this event is of {}, before the one above it ({})", event.time, last.time);
    Fault::new("event-order", message).help("an event log is in order of time; sort its lines")
}

fn not_event(file: &Arc<SourceFile>, start: usize, line: &str, error: &serde_json::Error) -> Fault {
    let column = error.column().saturating_sub(1).min(line.trim_end().len());
    let text = error.to_string();
    let told = text.split(" at line ").next().unwrap_or(&text);
    let reason = if error.is_eof() { "it is cut off" } else { told };
    Fault::new("not-an-event", format!("this line is no event: {reason}"))
        .at(Place::new(file, start + column..start + line.trim_end().len().max(column)))
        .help(
            r#"each line is one JSON object such as {"time": "2026-01-31T18:30:00Z", "actor": "alice", "action": "approve", "nonce": 0}"#,
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_become_events() {
        let text =
            "{\"time\":\"2026-01-01\",\"actor\":\"a\",\"action\":\"approve\",\"nonce\":1}\r\n\n";
        let log = EventLog::read(&SourceFile::new("e.jsonl", text)).unwrap();
        assert_eq!(log.events().len(), 1);
        assert_eq!(log.events()[0].whole("nonce"), Some(1));
    }

    #[test]
    fn a_bad_line_is_named_and_the_rest_still_read() {
        let text = "{\"time\":\"2026-01-02\",\"actor\":\"a\",\"action\":\"x\"}\nnonsense\n\
                    {\"time\":\"2026-01-01\",\"actor\":\"a\",\"action\":\"x\"}\n";
        let faults = EventLog::read(&SourceFile::new("e.jsonl", text)).unwrap_err();
        assert_eq!(faults.len(), 2);
        assert!(faults[0].to_string().starts_with("e.jsonl:2:"), "{}", faults[0]);
        assert_eq!(faults[1].code, "event-order");
    }

    #[test]
    fn a_key_that_stands_twice_is_refused() {
        let event = r#"{"time":"2026-01-01","actor":"a","action":"x""#;
        for (more, expected) in [
            (r#","to":"x","to":"y"}"#, "e.jsonl:1:59: this line is no event: the key `to` stands"),
            (
                r#","transfers":[{"to":"x","to":"y"}]}"#,
                "e.jsonl:1:73: this line is no event: the k",
            ),
            (r#","actor":"b"}"#, "e.jsonl:1:53: this line is no event: duplicate field `actor`"),
        ] {
            let line = format!("{event}{more}\n");
            let faults = EventLog::read(&SourceFile::new("e.jsonl", line)).unwrap_err();
            assert!(faults[0].to_string().starts_with(expected), "{}", faults[0]);
        }
    }

    #[test]
    fn a_moment_between_two_seconds_is_refused() {
        let line = r#"{"time":"2026-01-31T00:00:00.9Z","actor":"a","action":"x"}"#;
        let faults = EventLog::read(&SourceFile::new("e.jsonl", line)).unwrap_err();
        assert!(faults[0].message.contains("has a fraction of a second"), "{}", faults[0]);
    }
}
