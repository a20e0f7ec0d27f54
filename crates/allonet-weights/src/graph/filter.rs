//! Cutting a graph down to what a round funds.

use std::collections::{BTreeMap, BTreeSet};

use super::{DependencyGraph, Edge, EdgeKind, GraphBuilder, GraphError};
use crate::purl;

/// What to leave out of a graph. The default leaves everything in.
///
/// The cuts happen in the order of the fields. Given weights are not rescaled.
/// The filtered graph notes how much each cut took.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Policy {
    /// Edges of these kinds are dropped.
    pub drop_kinds: BTreeSet<EdgeKind>,
    /// Nodes whose packages all belong to these package URL types are dropped,
    /// for instance `githubactions`. Roots stay.
    pub drop_ecosystems: BTreeSet<String>,
    /// At most this many dependencies per node: those with the largest given
    /// weight, then the strongest kind, then the most dependents in the graph,
    /// then the smallest id.
    pub max_dependencies: Option<usize>,
    /// Nodes further from every root than this many edges are dropped.
    pub max_depth: Option<u32>,
    /// Keep nodes that no root leads to (any more).
    pub keep_unreachable: bool,
}

impl DependencyGraph {
    /// The part of the graph a policy keeps.
    ///
    /// Refuses a graph without roots when the policy asks what is reachable.
    pub fn filter(&self, policy: &Policy) -> Result<Self, GraphError> {
        let needs_roots = policy.max_depth.is_some() || !policy.keep_unreachable;
        if needs_roots && !self.nodes.iter().any(|node| node.root) {
            return Err(GraphError::NoRoots);
        }
        let everything = vec![true; self.nodes.len()];
        let mut graph = self.drop_kinds(policy);
        graph = graph.drop_ecosystems(policy);
        if let Some(limit) = policy.max_dependencies {
            graph = graph.drop_beyond(limit);
        }
        let depths = if needs_roots { graph.depths() } else { vec![Some(0); graph.nodes.len()] };
        if let Some(limit) = policy.max_depth {
            let keep: Vec<bool> =
                depths.iter().map(|depth| depth.is_none_or(|depth| depth <= limit)).collect();
            let note = |count| format!("left out {count} nodes more than {limit} edges from a root");
            let keep_edges = vec![true; graph.edges.len()];
            graph = graph.retain(&keep, &keep_edges, note, |_| String::new());
        }
        if !policy.keep_unreachable {
            let depths = graph.depths();
            let keep: Vec<bool> = depths.iter().map(Option::is_some).collect();
            let note = |count| format!("left out {count} nodes that no root leads to");
            let keep_edges = vec![true; graph.edges.len()];
            graph = graph.retain(&keep, &keep_edges, note, |_| String::new());
        }
        drop(everything);
        Ok(graph)
    }
}
