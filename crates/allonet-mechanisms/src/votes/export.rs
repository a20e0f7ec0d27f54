//! Votes in the JSON of voting platforms.

use std::ops::Range;
use std::sync::Arc;

use allonet_core::fault::{Fault, Place, SourceFile};
use allonet_core::json::each_key_once;
use allonet_core::time::Instant;
use serde::Deserialize;
use serde_json::Value as Json;
use serde_json::value::RawValue;

/// Votes with their place in the text, and the names of the choices.
#[derive(Debug)]
pub(super) struct Export {
    pub(super) choices: Option<Vec<String>>,
    pub(super) votes: Vec<(Range<usize>, Vote)>,
}

/// One vote.
#[derive(Debug, Deserialize)]
pub(super) struct Vote {
    #[serde(default)]
    pub(super) voter: String,
    #[serde(default)]
    pub(super) choice: Json,
    #[serde(default = "one", alias = "power", alias = "balance", rename = "vp")]
    pub(super) power: f64,
    /// Seconds since the epoch of Unix.
    pub(super) created: Option<i64>,
}

fn one() -> f64 {
    1.0
}

#[derive(Deserialize)]
struct Proposal {
    choices: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Whole<'a> {
    proposal: Option<Proposal>,
    #[serde(borrow)]
    votes: Option<Vec<&'a RawValue>>,
    #[serde(borrow)]
    data: Option<Box<Whole<'a>>>,
}

/// Whether a text is meant as JSON, not as a table.
pub(super) fn is_json(text: &str) -> bool {
    text.trim_start_matches('\u{feff}').trim_start().starts_with(['{', '['])
}

impl Export {
    /// Reads an export. Faults: `bad-json`.
    pub(super) fn read(file: &Arc<SourceFile>) -> Result<Self, Vec<Fault>> {
        let bad = |error: &serde_json::Error, within: Range<usize>| {
            let message = format!("this is no export of votes: {error}");
            let fault = Fault::new("bad-json", message).at(Place::new(file, within));
            vec![fault.help("a vote is like {\"voter\": \"ann\", \"choice\": 1, \"vp\": 10}")]
        };
        let text = file.text.trim_start_matches('\u{feff}');
        let start = file.text.len() - text.len();
        let whole = start..start;
        each_key_once(text).map_err(|error| bad(&error, whole.clone()))?;
        let (choices, raw) = if text.trim_start().starts_with('[') {
            (None, serde_json::from_str(text).map_err(|error| bad(&error, whole.clone()))?)
        } else {
            let read: Whole<'_> =
                serde_json::from_str(text).map_err(|error| bad(&error, whole.clone()))?;
            let read = read.data.map_or_else(|| Whole { data: None, ..read }, |inner| *inner);
            (read.proposal.and_then(|proposal| proposal.choices), read.votes.unwrap_or_default())
        };
        let base = file.text.as_ptr().addr();
        let vote = |raw: &&RawValue| {
            let from = raw.get().as_ptr().addr() - base;
            let span = from..from + raw.get().len();
            let vote = serde_json::from_str(raw.get()).map_err(|error| bad(&error, span.clone()));
            Ok((span, vote?))
        };
        let votes = raw.iter().map(vote).collect::<Result<_, Vec<Fault>>>()?;
        Ok(Self { choices, votes })
    }
}

/// A moment as platforms write it: RFC 3339, or seconds since the epoch of Unix.
pub(super) fn moment(text: &str) -> Result<Instant, String> {
    if let Ok(seconds) = text.parse::<i64>() {
        return Ok(Instant::from_unix(seconds));
    }
    text.parse::<Instant>().map_err(|error| error.to_string())
}
