//! Networks taken apart and put together by name, for changes that add nodes.

use std::collections::BTreeMap;

use super::WeightedGraph;

/// A node with its edges by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NamedNode {
    /// What it keeps of its inflow.
    pub(crate) own: u64,
    /// Each dependency once, with its weight.
    pub(crate) edges: Vec<(String, u64)>,
}

/// All nodes of a network.
pub(crate) fn named(network: &WeightedGraph) -> BTreeMap<String, NamedNode> {
    let name = |node: u32| network.nodes[node as usize].clone();
    let node = |at: u32| {
        let edges = network.dependencies(at).map(|(target, weight)| (name(target), weight));
        NamedNode { own: network.own_shares[at as usize], edges: edges.collect() }
    };
    (0_u32..).zip(&network.nodes).map(|(at, id)| (id.clone(), node(at))).collect()
}

impl WeightedGraph {
    /// Where money enters, by name.
    pub(crate) fn named_sources(&self) -> Vec<(String, u64)> {
        let named =
            self.sources.iter().map(|(at, share)| (self.nodes[*at as usize].clone(), *share));
        named.collect()
    }
}

/// A network of named nodes.
///
/// # Panics
///
/// If an edge or a source names a node that is not there.
pub(crate) fn assembled(
    nodes: BTreeMap<String, NamedNode>,
    sources: &[(String, u64)],
) -> WeightedGraph {
    let ids: Vec<String> = nodes.keys().cloned().collect();
    let at = |id: &String| {
        let found = ids.binary_search(id).expect("every edge and source names a node");
        u32::try_from(found).expect("a graph has fewer than 2^32 nodes")
    };
    let mut network = WeightedGraph {
        sources: sources.iter().map(|(id, share)| (at(id), *share)).collect(),
        offsets: vec![0],
        targets: Vec::new(),
        weights: Vec::new(),
        own_shares: Vec::with_capacity(ids.len()),
        nodes: Vec::new(),
    };
    network.sources.sort_unstable();
    for node in nodes.into_values() {
        let mut edges: Vec<(u32, u64)> =
            node.edges.iter().map(|(id, weight)| (at(id), *weight)).collect();
        edges.sort_unstable();
        network.targets.extend(edges.iter().map(|(target, _)| *target));
        network.weights.extend(edges.iter().map(|(_, weight)| *weight));
        network.offsets.push(network.targets.len());
        network.own_shares.push(node.own);
    }
    network.nodes = ids;
    network
}
