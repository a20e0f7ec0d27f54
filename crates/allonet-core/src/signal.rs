//! Named data that neurons pass to each other beside money.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// What a signal carries.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum SignalData {
    /// One number: a price, an inference.
    Number(f64),
    /// A number for each of several ids: weights, scores.
    Scores(BTreeMap<String, f64>),
}

/// A signal that has reached a neuron.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Signal {
    /// The neuron that emitted it.
    pub from: Arc<str>,
    /// Its name, as on the emitter's card.
    pub name: String,
    /// What it says.
    pub data: SignalData,
}

impl Signal {
    /// The scores it carries, if it carries scores.
    pub fn scores(&self) -> Option<&BTreeMap<String, f64>> {
        match &self.data {
            SignalData::Scores(scores) => Some(scores),
            SignalData::Number(_) => None,
        }
    }
}
