//! Building a graph from facts in any order.

use std::collections::BTreeMap;

use super::{DependencyGraph, Edge, EdgeKind, Node, Note, Package, index};

/// Collects nodes and edges; [`GraphBuilder::finish`] sorts and merges them.
///
/// The numbers its methods return name nodes of this builder only; the finished
/// graph numbers its nodes by id.
#[derive(Debug, Default)]
pub struct GraphBuilder {
    by_id: BTreeMap<String, u32>,
    nodes: Vec<Node>,
    edges: Vec<Edge>,
    notes: Vec<Note>,
}

impl GraphBuilder {
    /// The node with this id, as one that something refers to.
    pub fn node(&mut self, id: &str) -> u32 {
        if let Some(&node) = self.by_id.get(id) {
            return node;
        }
        let node = index(self.nodes.len());
        let id = id.to_owned();
        self.by_id.insert(id.clone(), node);
        self.nodes.push(Node { id, root: false, listed: false, packages: Vec::new() });
        node
    }

    /// The node with this id, as one the file lists itself.
    pub fn list(&mut self, id: &str) -> u32 {
        let node = self.node(id);
        self.nodes[node as usize].listed = true;
        node
    }

    /// The node with this id, listed, with a package as evidence.
    pub fn describe(&mut self, id: &str, package: Package) -> u32 {
        let node = self.list(id);
        self.nodes[node as usize].packages.push(package);
        node
    }

    /// A builder that holds all of a graph already.
    pub(super) fn from_graph(graph: &DependencyGraph) -> Self {
        let mut builder = Self::default();
        for node in &graph.nodes {
            builder.copy(&node.id, node);
        }
        builder.edges.extend_from_slice(&graph.edges);
        builder.notes.extend_from_slice(&graph.notes);
        builder
    }

    /// A node under this id with the standing and evidence of another.
    pub(super) fn copy(&mut self, id: &str, from: &Node) -> u32 {
        let at = self.node(id);
        let node = &mut self.nodes[at as usize];
        node.root |= from.root;
        node.listed |= from.listed;
        node.packages.extend_from_slice(&from.packages);
        at
    }

    /// Marks a node as the project's own.
    pub fn mark_root(&mut self, node: u32) {
        self.nodes[node as usize].root = true;
    }

    /// Marks every node nobody else depends on as the project's own.
    pub fn mark_sources_as_roots(&mut self) {
        for (node, needed) in self.nodes.iter_mut().zip(needed(&self.edges, self.by_id.len())) {
            node.root = !needed;
        }
    }

    /// Links `root` to enough nodes to reach everything: each node nobody else
    /// depends on, then one node (the first by id) of each cycle still unreached.
    pub(crate) fn link_sources(&mut self, root: u32, kind: impl Fn(&Node) -> EdgeKind) {
        let mut below = vec![Vec::new(); self.nodes.len()];
        for edge in &self.edges {
            below[edge.dependent as usize].push(edge.dependency);
        }
        let needed = needed(&self.edges, self.nodes.len());
        let ids = self.by_id.values().copied().filter(|&node| node != root);
        let (late, sources): (Vec<u32>, Vec<u32>) = ids.partition(|&node| needed[node as usize]);
        let mut reached = vec![false; self.nodes.len()];
        for source in sources.into_iter().chain(late) {
            if reached[source as usize] {
                continue;
            }
            let kind = kind(&self.nodes[source as usize]);
            self.edge(root, source, kind, None);
            let mut stack = vec![source];
            while let Some(node) = stack.pop() {
                if !std::mem::replace(&mut reached[node as usize], true) {
                    stack.extend(&below[node as usize]);
                }
            }
        }
    }

    /// Adds an edge.
    ///
    /// # Panics
    ///
    /// If the weight is negative or not finite; importers check what they read.
    pub fn edge(&mut self, dependent: u32, dependency: u32, kind: EdgeKind, weight: Option<f64>) {
        assert!(
            weight.is_none_or(|weight| weight.is_finite() && weight >= 0.0),
            "an edge weight is finite and at least zero"
        );
        self.edges.push(Edge { dependent, dependency, kind, weight });
    }

    /// Adds a note.
    pub fn note(&mut self, line: Option<u32>, text: impl Into<String>) {
        self.notes.push(Note { line, text: text.into() });
    }

    /// How many nodes there are so far; they are numbered from zero.
    pub(crate) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether any node is a root yet.
    pub fn has_root(&self) -> bool {
        self.nodes.iter().any(|node| node.root)
    }

    /// The finished graph: sorted, each edge once (the strongest kind, the sum
    /// of the weights), each piece of evidence once.
    pub fn finish(self) -> DependencyGraph {
        let Self { by_id, mut nodes, mut edges, mut notes } = self;
        let mut rank = vec![0_u32; nodes.len()];
        for (at, &node) in by_id.values().enumerate() {
            rank[node as usize] = index(at);
        }
        for edge in &mut edges {
            edge.dependent = rank[edge.dependent as usize];
            edge.dependency = rank[edge.dependency as usize];
        }
        nodes.sort_unstable_by(|left, right| left.id.cmp(&right.id));
        for node in &mut nodes {
            node.packages.sort_unstable();
            node.packages.dedup();
        }
        notes.sort_unstable();
        notes.dedup();
        let edges = merged(edges);
        let offsets = offsets(&edges, nodes.len());
        DependencyGraph { nodes, offsets, edges, notes }
    }
}

/// Which nodes somebody else depends on.
fn needed(edges: &[Edge], nodes: usize) -> Vec<bool> {
    let mut needed = vec![false; nodes];
    for edge in edges.iter().filter(|edge| edge.dependent != edge.dependency) {
        needed[edge.dependency as usize] = true;
    }
    needed
}

/// Sorted edges, each pair once. Weights of one pair are added in the order of
/// kind and size, so that the sum does not depend on the order of the file.
fn merged(mut edges: Vec<Edge>) -> Vec<Edge> {
    let weight = |edge: &Edge| edge.weight.unwrap_or(-1.0);
    edges.sort_unstable_by(|left, right| {
        let key = |edge: &Edge| (edge.dependent, edge.dependency, edge.kind);
        key(left).cmp(&key(right)).then_with(|| weight(left).total_cmp(&weight(right)))
    });
    edges.dedup_by(|next, kept| {
        let same = (next.dependent, next.dependency) == (kept.dependent, kept.dependency);
        if same {
            kept.weight = match (kept.weight, next.weight) {
                (Some(left), Some(right)) => Some((left + right).min(f64::MAX)),
                (left, right) => left.or(right),
            };
        }
        same
    });
    edges
}

fn offsets(edges: &[Edge], nodes: usize) -> Vec<usize> {
    let mut offsets = vec![0; nodes + 1];
    for edge in edges {
        offsets[edge.dependent as usize + 1] += 1;
    }
    for at in 1..offsets.len() {
        offsets[at] += offsets[at - 1];
    }
    offsets
}
