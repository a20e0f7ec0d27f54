//! Makes the legs of a checked network: fixed weights by row, rules by payee,
//! each with its delay and pinch.

use std::collections::BTreeMap;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::{LegNote, Legs, Node, NodeKind};
use crate::fault::{Fault, Place};
use crate::money::Share;

/// An edge of a node with fixed weights, by index.
#[derive(Debug)]
pub(super) struct DraftEdge {
    pub(super) from: u32,
    pub(super) to: u32,
    pub(super) weight: u64,
}

/// A change with its ids resolved.
#[derive(Debug)]
pub(super) struct Resolved {
    pub(super) from: u32,
    pub(super) to: Option<u32>,
    pub(super) delay: u32,
    pub(super) pinch: Option<(Share, u32)>,
    pub(super) place: Option<Place>,
}

/// Changes by the leg they are about; a node's own change stands for all its
/// legs that have none.
pub(super) struct Changes {
    by_leg: BTreeMap<(u32, u32), Resolved>,
    by_node: BTreeMap<u32, Resolved>,
}

impl Changes {
    pub(super) fn new(changes: Vec<Resolved>, rerank: impl Fn(u32) -> u32) -> Self {
        let mut found = Self { by_leg: BTreeMap::new(), by_node: BTreeMap::new() };
        for change in changes {
            let change = Resolved {
                from: rerank(change.from),
                to: change.to.map(&rerank),
                pinch: change.pinch.map(|(share, to)| (share, rerank(to))),
                ..change
            };
            let Some(to) = change.to else {
                found.by_node.insert(change.from, change);
                continue;
            };
            let known = found.by_leg.entry((change.from, to)).or_insert(Resolved {
                delay: 0,
                pinch: None,
                place: change.place.clone(),
                ..change
            });
            known.delay = known.delay.max(change.delay);
            known.pinch = change.pinch.or(known.pinch);
        }
        found
    }

    fn pinch(&self, from: u32, to: u32) -> Option<(Share, u32)> {
        let own = self.by_leg.get(&(from, to)).and_then(|change| change.pinch);
        own.or_else(|| self.by_node.get(&from)?.pinch).filter(|(share, _)| !share.is_zero())
    }

    fn delay(&self, from: u32, to: u32) -> u32 {
        self.by_leg.get(&(from, to)).map_or(0, |change| change.delay)
    }

    fn is_empty(&self) -> bool {
        self.by_leg.is_empty() && self.by_node.is_empty()
    }
}

/// Fixed-weight edges, row by row, in order of target.
pub(super) struct Rows {
    offsets: Vec<usize>,
    edges: Vec<(u32, u64)>,
}

impl Rows {
    pub(super) fn new(rank: &[u32], nodes: usize, drafts: Vec<DraftEdge>) -> Self {
        let mut offsets = vec![0_usize; nodes + 1];
        for draft in &drafts {
            offsets[rank[draft.from as usize] as usize + 1] += 1;
        }
        for node in 0..nodes {
            offsets[node + 1] += offsets[node];
        }
        let mut next = offsets.clone();
        let mut edges = vec![(0, 0); drafts.len()];
        for draft in drafts {
            let slot = &mut next[rank[draft.from as usize] as usize];
            edges[*slot] = (rank[draft.to as usize], draft.weight);
            *slot += 1;
        }
        for pair in offsets.windows(2) {
            edges[pair[0]..pair[1]].sort_unstable();
        }
        Self { offsets, edges }
    }

    /// All legs: those of fixed nodes by weight, those of rules by payee.
    pub(super) fn legs(
        &self,
        nodes: &[Node],
        changes: &Changes,
        index: &FxHashMap<Arc<str>, u32>,
        rerank: impl Fn(u32) -> u32,
        faults: &mut Vec<Fault>,
    ) -> Legs {
        let mut legs = Legs { offsets: Vec::with_capacity(nodes.len() + 1), ..Legs::default() };
        legs.targets.reserve(self.edges.len());
        legs.weights.reserve(self.edges.len());
        legs.offsets.push(0);
        for (at, node) in (0_u32..).zip(nodes) {
            match &node.kind {
                NodeKind::Source(_) | NodeKind::Fixed => {
                    let row = &self.edges[self.offsets[at as usize]..self.offsets[at as usize + 1]];
                    add_fixed(&mut legs, at, node, row, changes, faults);
                }
                NodeKind::Neuron(mechanism) => {
                    let payees =
                        mechanism.payees().iter().map(|payee| rerank(index[payee])).collect();
                    add_rule(&mut legs, at, node, payees, changes, faults);
                }
                NodeKind::Recipient => {}
            }
            legs.offsets.push(legs.targets.len());
        }
        for change in changes.by_leg.values() {
            let to = change.to.expect("a change by leg has a target");
            let known = legs.of(change.from).any(|leg| legs.targets[leg] == to);
            if !known {
                let (from, to) = (&nodes[change.from as usize].id, &nodes[to as usize].id);
                faults.push(
                    Fault::new("unknown-edge", format!("no money flows from `{from}` to `{to}`"))
                        .at_some(change.place.clone())
                        .help("[[edges]] changes an edge that a node already has"),
                );
            }
        }
        legs
    }
}

fn push(legs: &mut Legs, target: u32, weight: u64, note: LegNote) {
    if note != LegNote::default() {
        let leg = u32::try_from(legs.targets.len()).expect("fewer than 2³² legs");
        legs.notes.insert(leg, note);
    }
    legs.targets.push(target);
    legs.weights.push(weight);
}

/// The legs of a node with fixed weights; a pinch takes its share of a weight.
fn add_fixed(
    legs: &mut Legs,
    at: u32,
    node: &Node,
    row: &[(u32, u64)],
    changes: &Changes,
    faults: &mut Vec<Fault>,
) {
    let mut merged: Vec<(u32, u128)> = Vec::new();
    for (target, weight) in row {
        match merged.last_mut().filter(|last| last.0 == *target) {
            Some(last) => last.1 += u128::from(*weight),
            None => merged.push((*target, u128::from(*weight))),
        }
    }
    let pinches = |target| changes.pinch(at, target).filter(|_| !changes.is_empty());
    let mut scale = 1_u128;
    for (target, _) in &merged {
        if let Some((share, _)) = pinches(*target) {
            scale = lcm(scale, u128::from(share.denominator()));
        }
    }
    let mut sum = Some(0_u128);
    let mut pinched: BTreeMap<u32, u128> = BTreeMap::new();
    for (target, weight) in &mut merged {
        let scaled = weight.checked_mul(scale);
        sum = sum.zip(scaled).and_then(|(sum, scaled)| sum.checked_add(scaled));
        *weight = scaled.unwrap_or(0);
        if let Some((share, to)) = pinches(*target) {
            let part = *weight / u128::from(share.denominator()) * u128::from(share.numerator());
            *weight -= part;
            *pinched.entry(to).or_default() += part;
        }
    }
    match sum.and_then(|sum| u64::try_from(sum).ok()) {
        None => faults.push(
            Fault::new(
                "weights-too-large",
                format!("the weights of `{}` add up to 2^64 or more", node.id),
            )
            .at_some(node.place())
            .help("divide all weights by a common number; only their proportions count"),
        ),
        Some(0) => faults.push(no_outflow(node)),
        Some(_) => {}
    }
    let narrow = |weight: u128| u64::try_from(weight).unwrap_or(u64::MAX);
    for (target, weight) in merged {
        let note = LegNote { delay: changes.delay(at, target), ..LegNote::default() };
        push(legs, target, narrow(weight), note);
    }
    for (target, weight) in pinched {
        push(legs, target, narrow(weight), LegNote { is_pinch: true, ..LegNote::default() });
    }
}

fn no_outflow(node: &Node) -> Fault {
    Fault::new("no-outflow", format!("`{}` has nobody to pass money on to", node.id))
        .at_some(node.place())
        .help("name who gets it, for example: to = \"matching\" or to = { alice = 2, bob = 1 }")
}

fn lcm(a: u128, b: u128) -> u128 {
    let (mut x, mut y) = (a, b);
    while y != 0 {
        (x, y) = (y, x % y);
    }
    (a / x).saturating_mul(b)
}

/// The legs of a rule, one for each payee, then one for each pinch.
fn add_rule(
    legs: &mut Legs,
    at: u32,
    node: &Node,
    payees: Vec<u32>,
    changes: &Changes,
    faults: &mut Vec<Fault>,
) {
    let mut seen = payees.clone();
    seen.sort_unstable();
    if seen.windows(2).any(|pair| pair[0] == pair[1]) {
        let message = format!("`{}` names one payee twice", node.id);
        faults.push(Fault::new("duplicate-payee", message).at_some(node.place()));
    }
    let mut upstream: Vec<u32> =
        payees.iter().filter_map(|payee| changes.pinch(at, *payee)).map(|(_, to)| to).collect();
    upstream.sort_unstable();
    upstream.dedup();
    let first = legs.targets.len() + payees.len();
    for payee in payees {
        let pinch = changes.pinch(at, payee).map(|(share, to)| {
            let place = upstream.binary_search(&to).expect("all upstream nodes are listed");
            (share, u32::try_from(first + place).expect("fewer than 2³² legs"))
        });
        let note = LegNote { delay: changes.delay(at, payee), is_pinch: false, pinch };
        push(legs, payee, 0, note);
    }
    for to in upstream {
        push(legs, to, 0, LegNote { is_pinch: true, ..LegNote::default() });
    }
}
