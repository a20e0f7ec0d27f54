//! A network: sources, neurons and recipients, joined by value and signal
//! edges, checked and ready to run.
//!
//! Nodes are kept in order of their ids and legs in order of their targets, so
//! that nothing depends on how a file was sorted.

mod build;
mod check;
pub mod file;
mod legs;
mod promise;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

pub(crate) use build::ID_BYTES_MAX;
pub use build::id_problem;
pub use build::{NetworkBuilder, NodeKey};
pub use check::Shape;
pub use promise::{Bound, Promise};

use crate::condensation::Condensation;
use crate::event::EventLog;
use crate::fault::{Fault, Place};
use crate::mechanism::Mechanism;
use crate::money::{Amount, Asset, Share};
use crate::time::Instant;

/// Money that a source brings in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grant {
    /// In which epoch, from 0.
    pub epoch: u32,
    /// Index of the asset.
    pub asset: usize,
    /// How much.
    pub amount: Amount,
}

/// What a node does with money.
#[derive(Debug)]
pub enum NodeKind {
    /// Brings money in and divides it by fixed weights.
    Source(Vec<Grant>),
    /// Divides whatever comes in by the weights of its legs: the one kind that
    /// may stand in cycles.
    Fixed,
    /// Applies a rule.
    Neuron(Box<dyn Mechanism>),
    /// Where money comes to rest.
    Recipient,
}

/// A node.
#[derive(Debug)]
pub struct Node {
    /// Its id.
    pub id: Arc<str>,
    /// What it does.
    pub kind: NodeKind,
    /// What few nodes have.
    pub details: Option<Box<Details>>,
    pub(crate) retain: Share,
}

/// What few nodes have.
#[derive(Debug, Default)]
pub struct Details {
    /// Name for people.
    pub title: Option<String>,
    /// EVM address.
    pub address: Option<String>,
    /// The mechanism's id, also for rules that became [`NodeKind::Fixed`].
    pub mechanism: Option<&'static str>,
    /// The rule in one line.
    pub formula: Option<&'static str>,
    /// Kept for good, off the inflow.
    pub retain: Option<Share>,
    /// Its event log.
    pub events: Option<EventLog>,
    /// Settings of its mechanism as they run, defaults included: name and text.
    /// Lists and tables are JSON, files stand by their paths.
    pub settings: BTreeMap<String, String>,
    /// Where it stands in the network file.
    pub place: Option<Place>,
}

impl Details {
    /// Whether there is nothing to keep.
    fn is_empty(&self) -> bool {
        self.title.is_none()
            && self.address.is_none()
            && self.mechanism.is_none()
            && self.formula.is_none()
            && self.retain.is_none()
            && self.events.is_none()
            && self.settings.is_empty()
            && self.place.is_none()
    }
}

impl Node {
    /// What it keeps for good of what comes in.
    pub fn retain(&self) -> Share {
        self.retain
    }

    /// Name for people: its title, else its id.
    pub fn title(&self) -> &str {
        self.details.as_ref().and_then(|details| details.title.as_deref()).unwrap_or(&self.id)
    }

    /// EVM address, if it has one.
    pub fn address(&self) -> Option<&str> {
        self.details.as_ref()?.address.as_deref()
    }

    /// Its place in the network file.
    pub fn place(&self) -> Option<Place> {
        self.details.as_ref()?.place.clone()
    }

    /// Its event log.
    pub fn events(&self) -> Option<&EventLog> {
        self.details.as_ref()?.events.as_ref()
    }

    /// Whether it divides by fixed weights.
    pub fn is_fixed(&self) -> bool {
        matches!(self.kind, NodeKind::Source(_) | NodeKind::Fixed)
    }

    /// Whether money comes to rest here.
    pub fn is_recipient(&self) -> bool {
        matches!(self.kind, NodeKind::Recipient)
    }
}

/// What is special about a leg.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LegNote {
    /// Arrives so many epochs later.
    pub delay: u32,
    /// It carries what was pinched from the node's other legs.
    pub is_pinch: bool,
    /// This share of what a rule pays over this leg goes to another leg
    /// instead. Only on legs of [`NodeKind::Neuron`]; for fixed weights the
    /// weights already say so.
    pub pinch: Option<(Share, u32)>,
}

/// Value edges in compressed rows, in order of source and target.
#[derive(Debug, Default)]
pub struct Legs {
    /// Where each node's legs begin; one more entry than nodes.
    pub offsets: Vec<usize>,
    /// Where a leg leads.
    pub targets: Vec<u32>,
    /// Weight among the legs of a node with fixed weights; else zero.
    pub weights: Vec<u64>,
    /// Special legs, by index, in order.
    pub notes: BTreeMap<u32, LegNote>,
}

impl Legs {
    /// The range of a node's legs.
    pub fn of(&self, node: u32) -> std::ops::Range<usize> {
        self.offsets[node as usize]..self.offsets[node as usize + 1]
    }

    /// What is special about a leg.
    pub fn note(&self, leg: usize) -> LegNote {
        if self.notes.is_empty() {
            return LegNote::default();
        }
        let leg = u32::try_from(leg).expect("fewer than 2³² legs");
        self.notes.get(&leg).copied().unwrap_or_default()
    }

    /// The node a leg belongs to.
    pub fn source(&self, leg: usize) -> u32 {
        let after = self.offsets.partition_point(|offset| *offset <= leg);
        u32::try_from(after - 1).expect("fewer than 2³² nodes")
    }
}

/// A signal edge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignalEdge {
    /// Index of the emitter.
    pub from: u32,
    /// Index of the reader.
    pub to: u32,
    /// Name on the emitter's card.
    pub name: String,
    /// Name under which the reader gets it.
    pub heard_as: String,
    /// Arrives so many epochs later.
    pub delay: u32,
    /// Where it stands in the network file.
    pub place: Option<Place>,
}

/// A checked network.
pub struct Network {
    /// Id of the network.
    pub name: String,
    /// Name for people.
    pub title: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    pub(crate) assets: Vec<Asset>,
    pub(crate) nodes: Vec<Node>,
    pub(crate) legs: Legs,
    pub(crate) signals: Vec<SignalEdge>,
    pub(crate) epochs: u32,
    pub(crate) epoch_ends: Vec<Instant>,
    pub(crate) promises: Vec<Promise>,
    pub(crate) order: Condensation,
    pub(crate) levels: Vec<usize>,
    /// Which parts need the linear solution: several members, or one that pays
    /// itself.
    pub(crate) loops: Vec<bool>,
    pub(crate) warnings: Vec<Fault>,
}

impl Network {
    /// The assets; the first is the main one.
    pub fn assets(&self) -> &[Asset] {
        &self.assets
    }

    /// The nodes, in order of their ids.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// A node by its index.
    pub fn node(&self, index: u32) -> &Node {
        &self.nodes[index as usize]
    }

    /// The index of a node by its id.
    pub fn find(&self, id: &str) -> Option<u32> {
        let at = self.nodes.binary_search_by(|node| (*node.id).cmp(id)).ok()?;
        u32::try_from(at).ok()
    }

    /// The value edges.
    pub fn legs(&self) -> &Legs {
        &self.legs
    }

    /// The signal edges.
    pub fn signals(&self) -> &[SignalEdge] {
        &self.signals
    }

    /// How many epochs a run has.
    pub fn epochs(&self) -> u32 {
        self.epochs
    }

    /// When an epoch ends, if the network says.
    pub fn epoch_end(&self, epoch: u32) -> Option<Instant> {
        self.epoch_ends.get(epoch as usize).copied()
    }

    /// What the operator promises.
    pub fn promises(&self) -> &[Promise] {
        &self.promises
    }

    /// What may not be as meant.
    pub fn warnings(&self) -> &[Fault] {
        &self.warnings
    }

    /// Groups of nodes that fund each other within one epoch: several, or one
    /// that pays itself.
    pub fn loops(&self) -> impl Iterator<Item = &[u32]> {
        self.order.parts().zip(&self.loops).filter(|(_, is_loop)| **is_loop).map(|(part, _)| part)
    }

    /// All nodes in groups that fund each other within one epoch, sources first.
    pub fn order(&self) -> &Condensation {
        &self.order
    }
}

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Network")
            .field("name", &self.name)
            .field("nodes", &self.nodes.len())
            .field("legs", &self.legs.targets.len())
            .finish_non_exhaustive()
    }
}
