//! Puts a network together: ids become indices, rules become legs.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::check;
use super::legs::{Changes, DraftEdge, Resolved, Rows};
use super::{Bound, Details, Network, Node, NodeKind, Promise, SignalEdge};
use crate::condensation::Condensation;
use crate::fault::{Fault, Place, did_you_mean};
use crate::money::{Asset, Share};
use crate::time::Instant;

/// A node while the network is being built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NodeKey(u32);

/// An id as it was written.
#[derive(Clone, Debug)]
struct Named {
    id: String,
    place: Option<Place>,
}

#[derive(Debug)]
struct DraftPinch {
    share: Share,
    to: Named,
}

/// Changes to one edge, or (with no target) to all edges of a node.
#[derive(Debug)]
struct Change {
    from: Named,
    to: Option<Named>,
    delay: u32,
    pinch: Option<DraftPinch>,
}

#[derive(Debug)]
struct DraftSignal {
    from: Named,
    to: Named,
    edge: SignalEdge,
}

/// Collects the parts of a network; [`NetworkBuilder::build`] checks them.
#[derive(Debug, Default)]
pub struct NetworkBuilder {
    name: String,
    title: Option<String>,
    description: Option<String>,
    assets: Vec<Asset>,
    nodes: Vec<Node>,
    index: FxHashMap<Arc<str>, u32>,
    edges: Vec<DraftEdge>,
    named_edges: Vec<(u32, Named, u64)>,
    changes: Vec<Change>,
    signals: Vec<DraftSignal>,
    promises: Vec<(Option<Named>, Bound, Option<Place>)>,
    epochs: u32,
    epoch_ends: Vec<Instant>,
    max_depth: Option<(u32, Option<Place>)>,
    faults: Vec<Fault>,
    guesses: Guesses,
}

impl NetworkBuilder {
    /// A network of one epoch with nothing in it.
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), epochs: 1, ..Self::default() }
    }

    /// Names it for people.
    pub fn describe(&mut self, title: Option<String>, description: Option<String>) {
        self.title = title;
        self.description = description;
    }

    /// Adds an asset; the first is the main one. Returns its index.
    pub fn asset(&mut self, asset: Asset) -> usize {
        self.assets.push(asset);
        self.assets.len() - 1
    }

    /// The assets so far.
    pub fn assets(&self) -> &[Asset] {
        &self.assets
    }

    /// How many epochs a run has, at least one.
    pub fn epochs(&mut self, epochs: u32) {
        self.epochs = epochs.max(1);
    }

    /// When each epoch ends; their number is the number of epochs.
    pub fn epoch_ends(&mut self, ends: Vec<Instant>) {
        self.epochs = u32::try_from(ends.len()).unwrap_or(u32::MAX).max(1);
        self.epoch_ends = ends;
    }

    /// The most hops from a source to a recipient.
    pub fn max_depth(&mut self, hops: u32, place: Option<Place>) {
        self.max_depth = Some((hops, place));
    }

    /// Adds a node. A second node of the same id is a fault.
    pub fn node(
        &mut self,
        id: impl Into<Arc<str>>,
        kind: NodeKind,
        mut details: Option<Box<Details>>,
    ) -> NodeKey {
        let id = id.into();
        let index = u32::try_from(self.nodes.len()).expect("fewer than 2³² nodes");
        let place = details.as_ref().and_then(|details| details.place.clone());
        if let Some(problem) = id_problem(&id) {
            let fault =
                Fault::new("bad-id", format!("`{}` is no id: {problem}", id.escape_debug()));
            self.faults.push(fault.at_some(place.clone()));
        }
        if let Some(first) = self.index.get(&id) {
            let first = self.nodes[*first as usize].place();
            let mut fault = Fault::new("duplicate-id", format!("`{id}` is declared twice"))
                .at_some(place)
                .label("second time")
                .help("sources, neurons and recipients share one set of ids; rename one of them");
            if let Some(first) = first {
                fault.message = format!("{}, first at {first}", fault.message);
            }
            self.faults.push(fault);
        } else {
            self.index.insert(Arc::clone(&id), index);
        }
        let retain = details.as_mut().and_then(|details| details.retain.take());
        let details = details.filter(|details| !details.is_empty());
        self.nodes.push(Node { id, kind, details, retain: retain.unwrap_or(Share::ZERO) });
        NodeKey(index)
    }

    /// Whether a node of this id exists.
    pub fn contains(&self, id: &str) -> bool {
        self.index.contains_key(id)
    }

    /// Ids so far, in the order they were added.
    pub fn ids(&self) -> impl ExactSizeIterator<Item = &str> + Clone {
        self.nodes.iter().map(|node| &*node.id)
    }

    /// A leg of a node with fixed weights.
    pub fn edge(&mut self, from: NodeKey, to: NodeKey, weight: u64) {
        self.edges.push(DraftEdge { from: from.0, to: to.0, weight });
    }

    /// A leg of a node with fixed weights, to a node that may come later.
    pub fn edge_to(&mut self, from: NodeKey, to: &str, weight: u64, place: Option<Place>) {
        self.named_edges.push((from.0, Named { id: to.to_owned(), place }, weight));
    }

    /// Delays one leg by so many epochs.
    pub fn delay(&mut self, from: (&str, Option<Place>), to: (&str, Option<Place>), delay: u32) {
        self.changes.push(Change { from: named(from), to: Some(named(to)), delay, pinch: None });
    }

    /// Diverts a share of one leg, or of all legs of a node, to another node.
    pub fn pinch(
        &mut self,
        from: (&str, Option<Place>),
        to: Option<(&str, Option<Place>)>,
        share: Share,
        upstream: (&str, Option<Place>),
    ) {
        let pinch = Some(DraftPinch { share, to: named(upstream) });
        self.changes.push(Change { from: named(from), to: to.map(named), delay: 0, pinch });
    }

    /// A signal edge.
    pub fn signal(
        &mut self,
        from: (&str, Option<Place>),
        to: (&str, Option<Place>),
        name: &str,
        heard_as: &str,
        delay: u32,
        place: Option<Place>,
    ) {
        let (name, heard_as) = (name.to_owned(), heard_as.to_owned());
        let edge = SignalEdge { from: 0, to: 0, name, heard_as, delay, place };
        self.signals.push(DraftSignal { from: named(from), to: named(to), edge });
    }

    /// A promise about one node, or about the whole network.
    pub fn promise(
        &mut self,
        on: Option<(&str, Option<Place>)>,
        bound: Bound,
        place: Option<Place>,
    ) {
        self.promises.push((on.map(named), bound, place));
    }

    /// Checks everything and orders the nodes; all faults at once.
    pub fn build(mut self) -> Result<Network, Vec<Fault>> {
        self.resolve_edges();
        self.adopt_payees();
        let changes = std::mem::take(&mut self.changes);
        let changes =
            changes.into_iter().filter_map(|change| self.resolve_change(change)).collect();
        let signals = self.resolve_signals();
        let promises = self.resolve_promises();
        if self.assets.is_empty() {
            self.faults.push(
                Fault::new("no-asset", "the network has no asset")
                    .help("declare one, for example: [assets.USDC] decimals = 6"),
            );
        }
        if !self.faults.is_empty() {
            return Err(self.faults);
        }
        let (rank, nodes) = sort_by_id(std::mem::take(&mut self.nodes));
        let rerank = |index: u32| rank[index as usize];
        let mut faults = Vec::new();
        let rows = Rows::new(&rank, nodes.len(), std::mem::take(&mut self.edges));
        let legs =
            rows.legs(&nodes, &Changes::new(changes, rerank), &self.index, rerank, &mut faults);
        let signals = signals
            .into_iter()
            .map(|edge| SignalEdge { from: rerank(edge.from), to: rerank(edge.to), ..edge })
            .collect();
        let promises = promises
            .into_iter()
            .map(|promise| Promise { on: promise.on.map(rerank), ..promise })
            .collect();
        if !faults.is_empty() {
            return Err(faults);
        }
        let network = Network {
            name: self.name,
            title: self.title,
            description: self.description,
            assets: self.assets,
            nodes,
            legs,
            signals,
            epochs: self.epochs,
            epoch_ends: self.epoch_ends,
            promises,
            order: Condensation::from_parts(std::iter::empty()),
            levels: Vec::new(),
            loops: Vec::new(),
            warnings: Vec::new(),
        };
        check::order_and_check(network, self.max_depth)
    }

    /// The index of a named node; a fault where there is none.
    fn resolve(&mut self, named: &Named, what: &str) -> Option<u32> {
        if let Some(index) = self.index.get(named.id.as_str()) {
            return Some(*index);
        }
        let mut fault = Fault::new("unknown-node", format!("unknown {what} `{}`", named.id))
            .at_some(named.place.clone())
            .label("not declared anywhere");
        if self.guesses.allow(self.nodes.len()) {
            fault.help = did_you_mean(&named.id, self.ids());
        }
        self.faults.push(fault);
        None
    }

    fn resolve_edges(&mut self) {
        for (from, to, weight) in std::mem::take(&mut self.named_edges) {
            if let Some(to) = self.resolve(&to, "node") {
                self.edges.push(DraftEdge { from, to, weight });
            }
        }
    }

    /// Rules with fixed weights become legs; payees that nobody declared become
    /// recipients.
    fn adopt_payees(&mut self) {
        for index in 0..self.nodes.len() {
            let NodeKind::Neuron(mechanism) = &self.nodes[index].kind else { continue };
            let (card, payees) = (mechanism.card(), mechanism.payees().to_vec());
            let weights = mechanism.fixed_weights();
            for payee in &payees {
                if !self.index.contains_key(payee) {
                    self.node(Arc::clone(payee), NodeKind::Recipient, None);
                }
            }
            let details = self.nodes[index].details.get_or_insert_default();
            details.mechanism = Some(card.id);
            details.formula = Some(card.formula);
            if let Some(weights) = weights {
                let from = u32::try_from(index).expect("fewer than 2³² nodes");
                for (payee, weight) in payees.iter().zip(weights) {
                    self.edges.push(DraftEdge { from, to: self.index[payee], weight });
                }
                self.nodes[index].kind = NodeKind::Fixed;
            }
        }
    }

    fn resolve_change(&mut self, change: Change) -> Option<Resolved> {
        let from = self.resolve(&change.from, "node")?;
        let to = match &change.to {
            Some(to) => Some(self.resolve(to, "node")?),
            None => None,
        };
        let pinch = match &change.pinch {
            Some(pinch) => Some((pinch.share, self.resolve(&pinch.to, "node")?)),
            None => None,
        };
        let place = change.to.as_ref().and_then(|to| to.place.clone()).or(change.from.place);
        Some(Resolved { from, to, delay: change.delay, pinch, place })
    }

    fn resolve_signals(&mut self) -> Vec<SignalEdge> {
        let drafts = std::mem::take(&mut self.signals);
        let mut edges = Vec::with_capacity(drafts.len());
        for draft in drafts {
            let from = self.resolve(&draft.from, "neuron");
            let to = self.resolve(&draft.to, "neuron");
            if let (Some(from), Some(to)) = (from, to) {
                let edge = SignalEdge { from, to, ..draft.edge };
                self.check_signal(&edge, &draft.from, &draft.to);
                edges.push(edge);
            }
        }
        edges
    }

    fn check_signal(&mut self, edge: &SignalEdge, from: &Named, to: &Named) {
        let emits: &[&str] = match &self.nodes[edge.from as usize].kind {
            NodeKind::Neuron(mechanism) => mechanism.card().emits,
            _ => &[],
        };
        let reads: &[&str] = match &self.nodes[edge.to as usize].kind {
            NodeKind::Neuron(mechanism) => mechanism.card().reads,
            _ => &[],
        };
        for (named, known, name, verb) in
            [(from, emits, &edge.name, "emit"), (to, reads, &edge.heard_as, "read")]
        {
            if !known.contains(&name.as_str()) && !known.contains(&"*") {
                let message = format!("`{}` does not {verb} a signal `{name}`", named.id);
                let place = edge.place.clone().or_else(|| named.place.clone());
                let mut fault = Fault::new("unknown-signal", message).at_some(place);
                fault.help = did_you_mean(name, known.iter().copied())
                    .or_else(|| Some(format!("`{}` {verb}s no signals", named.id)));
                self.faults.push(fault);
            }
        }
    }

    fn resolve_promises(&mut self) -> Vec<Promise> {
        let drafts = std::mem::take(&mut self.promises);
        let mut promises = Vec::with_capacity(drafts.len());
        for (on, bound, place) in drafts {
            let on = match on {
                Some(on) => match self.resolve(&on, "node") {
                    Some(index) => Some(index),
                    None => continue,
                },
                None => None,
            };
            promises.push(Promise { on, bound, place });
        }
        promises
    }
}

fn named((id, place): (&str, Option<Place>)) -> Named {
    Named { id: id.to_owned(), place }
}

/// Counts guesses at what an unknown name was meant to be. Likeness is costly,
/// and after many faults nobody is helped by it.
#[derive(Debug, Default)]
pub(super) struct Guesses {
    made: usize,
    compared: usize,
}

impl Guesses {
    const MADE_MAX: usize = 100;
    const COMPARED_MAX: usize = 1_000_000;

    /// Whether to guess once more, among so many names.
    pub(super) fn allow(&mut self, names: usize) -> bool {
        let first = self.made == 0;
        self.made = self.made.saturating_add(1);
        self.compared = self.compared.saturating_add(names);
        first || self.made <= Self::MADE_MAX && self.compared <= Self::COMPARED_MAX
    }
}

/// Most bytes of an id.
pub(crate) const ID_BYTES_MAX: usize = 200;

/// What is wrong with the id of a node, if anything. Two ids that look alike
/// could be taken for each other, so characters that cannot be seen are refused.
pub fn id_problem(id: &str) -> Option<String> {
    let problem = if id.is_empty() {
        "it is empty"
    } else if id.len() > ID_BYTES_MAX {
        "it has more than 200 bytes"
    } else if id.trim() != id {
        "it begins or ends with a space"
    } else if id.chars().any(char::is_control) {
        "it has a control character"
    } else {
        let unseen = id.chars().find(|c| is_invisible(*c))?;
        return Some(format!("it has an invisible character U+{:04X}", u32::from(unseen)));
    };
    Some(problem.to_owned())
}

/// Marks, joiners and separators without a shape of their own, and those that
/// turn the direction of the text around them.
const fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}'
            | '\u{61c}'
            | '\u{180e}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{e0000}'..='\u{e007f}'
    )
}

/// Nodes in order of id, and where each went.
fn sort_by_id(nodes: Vec<Node>) -> (Vec<u32>, Vec<Node>) {
    let mut placed: Vec<(u32, Node)> = (0..).zip(nodes).collect();
    placed.sort_unstable_by(|a, b| a.1.id.cmp(&b.1.id));
    let mut rank = vec![0; placed.len()];
    for (place, (old, _)) in (0_u32..).zip(&placed) {
        rank[*old as usize] = place;
    }
    (rank, placed.into_iter().map(|(_, node)| node).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_first_unknown_names_get_a_guess() {
        let mut builder = NetworkBuilder::new("n");
        builder.asset(Asset::new("USD", 2));
        let source = builder.node("source", NodeKind::Source(Vec::new()), None);
        builder.node("alice", NodeKind::Recipient, None);
        (0..150).for_each(|_| builder.edge_to(source, "alise", 1, None));
        let faults = builder.build().unwrap_err();
        assert_eq!(faults.len(), 150);
        let guessed = |fault: &&Fault| fault.help.as_deref() == Some("did you mean `alice`?");
        assert_eq!(faults.iter().take_while(guessed).count(), 100);
        assert!(faults[100..].iter().all(|fault| fault.help.is_none()));
    }

    #[test]
    fn ids_that_only_look_alike_are_refused() {
        for c in
            ['\u{200b}', '\u{200d}', '\u{200e}', '\u{202e}', '\u{2066}', '\u{2069}', '\u{feff}']
        {
            let problem = format!("it has an invisible character U+{:04X}", u32::from(c));
            assert_eq!(id_problem(&format!("ali{c}ce")), Some(problem));
        }
        assert_eq!(id_problem("ann\u{2028}").as_deref(), Some("it begins or ends with a space"));
        for good in ["alice", "Ænne Øst", "гриб", "0x00/é", "木", "a b"] {
            assert_eq!(id_problem(good), None, "{good}");
        }
        let mut builder = NetworkBuilder::new("n");
        builder.asset(Asset::new("USD", 2));
        builder.node("ali\u{202e}ce", NodeKind::Recipient, None);
        let faults = builder.build().unwrap_err();
        assert_eq!(
            faults[0].to_string(),
            "`ali\\u{202e}ce` is no id: it has an invisible character U+202E"
        );
    }

    #[test]
    fn in_a_large_network_there_are_fewer_guesses() {
        let made = |names: usize| {
            let mut guesses = Guesses::default();
            (0..1_000).filter(|_| guesses.allow(names)).count()
        };
        assert_eq!((made(2), made(100_000), made(10_000_000)), (100, 10, 1));
    }
}
