//! The receipt of a topic: what went in, what came out, in a form that a replay
//! can check.

use std::collections::BTreeMap;

use allonet_core::event::Event;
use allonet_core::receipt::FileHash;
use allonet_topics::life::{Id, Rules};
use serde::{Deserialize, Serialize};

use super::clerk::Clerk;

/// What a receipt is.
const FORMAT: &str = "allonet-topic-receipt/1";

/// A receipt. Hashes are BLAKE3 in hexadecimal, amounts base units.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Receipt {
    format: String,
    /// Version of allonet.
    engine: String,
    /// The topic file and what the events were made of.
    pub(super) inputs: Vec<FileHash>,
    rules: Rules,
    /// Reward of an epoch.
    emission: String,
    /// Epochs that were scored.
    epochs: Vec<Line>,
    refused: usize,
    /// Everybody's rewards in all.
    earned: BTreeMap<Id, String>,
    /// Hash of the topic's state at the end.
    state: String,
    /// The event log.
    pub(super) events: FileHash,
    /// Other files of the run.
    #[serde(default)]
    pub(super) outputs: Vec<FileHash>,
}

/// What came of an epoch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Line {
    epoch: usize,
    inference: f64,
    loss: f64,
}

impl Receipt {
    /// Of a topic whose time is over.
    pub(super) fn of(clerk: &Clerk, emission: String, inputs: Vec<FileHash>, events: &str) -> Self {
        let epochs = clerk.epochs.iter().map(|epoch| Line {
            epoch: epoch.number,
            inference: epoch.network,
            loss: epoch.network_loss,
        });
        let earned = clerk.earned.iter().map(|(id, amount)| (id.clone(), amount.to_string()));
        Self {
            format: FORMAT.to_owned(),
            engine: concat!("allonet ", env!("CARGO_PKG_VERSION")).to_owned(),
            inputs,
            rules: clerk.topic.rules().clone(),
            emission,
            epochs: epochs.collect(),
            refused: clerk.refused.len(),
            earned: earned.collect(),
            state: blake3::hash(&clerk.topic.bytes()).to_hex().to_string(),
            events: FileHash::of(EVENTS, events.as_bytes()),
            outputs: Vec::new(),
        }
    }

    /// As it is written.
    pub(super) fn text(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("a receipt is plain data");
        text.push('\n');
        text
    }

    /// Where a recomputed receipt differs first: what, as the receipt has it, as
    /// it was found. What a replay cannot know is not compared.
    pub(super) fn first_difference(&self, found: &Self) -> Option<(String, String, String)> {
        for (kept, again) in self.epochs.iter().zip(&found.epochs) {
            if kept != again {
                let what = |line: &Line| format!("{} (log10 loss {})", line.inference, line.loss);
                return Some((format!("epoch {}", kept.epoch), what(kept), what(again)));
            }
        }
        let rules = |receipt: &Self| serde_json::to_string(&receipt.rules).unwrap_or_default();
        let topic = |receipt: &Self| {
            receipt.inputs.first().map_or_else(String::new, |file| file.blake3.clone())
        };
        let lines = [
            ("the number of epochs", self.epochs.len().to_string(), found.epochs.len().to_string()),
            ("the rules", rules(self), rules(found)),
            ("the emission", self.emission.clone(), found.emission.clone()),
            ("events refused", self.refused.to_string(), found.refused.to_string()),
        ];
        if let Some((what, kept, again)) = lines.into_iter().find(|(_, kept, again)| kept != again)
        {
            return Some((what.to_owned(), kept, again));
        }
        let nobody = String::from("nothing");
        for id in self.earned.keys().chain(found.earned.keys()) {
            let (kept, again) = (self.earned.get(id), found.earned.get(id));
            if kept != again {
                let text = |amount: Option<&String>| amount.unwrap_or(&nobody).clone();
                return Some((format!("what {id} earned"), text(kept), text(again)));
            }
        }
        let lines = [
            ("the state at the end", &self.state, &found.state),
            ("the hash of the topic file", &topic(self), &topic(found)),
            ("the hash of the events", &self.events.blake3, &found.events.blake3),
            ("the format", &self.format, &found.format),
        ]
        .map(|(what, kept, again)| (what.to_owned(), kept.clone(), again.clone()));
        lines.into_iter().find(|(_, kept, again)| kept != again)
    }
}

/// Name of the event log.
pub(super) const EVENTS: &str = "events.jsonl";

/// Events as JSON lines.
pub(super) fn lines(events: &[Event]) -> String {
    let mut text = String::new();
    for event in events {
        text += &serde_json::to_string(event).expect("an event has text keys");
        text.push('\n');
    }
    text
}
