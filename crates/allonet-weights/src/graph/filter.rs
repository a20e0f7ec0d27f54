//! Cutting a graph down to what a round funds.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use allonet_core::maths;

use super::{DependencyGraph, Edge, EdgeKind, GraphBuilder, GraphError, LicencePolicy, Node};
use crate::purl;

/// What to leave out of a graph. The default leaves out only what no root
/// leads to.
///
/// The cuts happen in the order of the fields. The filtered graph notes how much
/// each cut took.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Policy {
    /// Edges of these kinds are dropped.
    pub drop_kinds: BTreeSet<EdgeKind>,
    /// Nodes whose packages all belong to these package URL types are dropped,
    /// for instance `githubactions`. Roots stay.
    pub drop_ecosystems: BTreeSet<String>,
    /// Nodes under other licences are dropped. Roots stay.
    pub licences: Option<LicencePolicy>,
    /// At most this many dependencies per node: those with the largest given
    /// weight, then the strongest kind, then the most dependents in the graph,
    /// then the smallest id.
    pub max_dependencies: Option<usize>,
    /// Nodes further from every root than this many edges are dropped.
    pub max_depth: Option<u32>,
    /// Keep nodes that no root leads to (any more).
    pub keep_unreachable: bool,
    /// What becomes of the given weights of edges that are dropped.
    pub dropped_weight: DroppedWeight,
}

/// What becomes of the given weight of an edge that a policy drops.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum DroppedWeight {
    /// It is gone: the other weights of the dependent stay as given. Where they
    /// are parts of an inflow, the dependent keeps the difference.
    #[default]
    Gone,
    /// The dependencies that stay share it in proportion to their weights, so
    /// that the weights of the dependent add up to what they did.
    Redistributed,
}

impl Policy {
    /// How many dependencies of one node Deep Funding pays.
    pub const DEEP_FUNDING_WIDTH: usize = 128;

    /// The edge list of Deep Funding: the first 128 dependencies of each node,
    /// what the lower ones had going to those.
    pub fn deep_funding() -> Self {
        Self {
            max_dependencies: Some(Self::DEEP_FUNDING_WIDTH),
            dropped_weight: DroppedWeight::Redistributed,
            ..Self::default()
        }
    }
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
        let mut graph = self.without_kinds(&policy.drop_kinds);
        graph = graph.without_ecosystems(&policy.drop_ecosystems);
        if let Some(licences) = &policy.licences {
            graph = graph.under(licences);
        }
        if let Some(limit) = policy.max_dependencies {
            graph = graph.with_at_most(limit);
        }
        if let Some(limit) = policy.max_depth {
            let depths = graph.depths();
            let near = |node: u32| depths[node as usize].is_none_or(|depth| depth <= limit);
            let why = format!("more than {limit} edges away from every root");
            graph = graph.retain(near, |_| true, &why);
        }
        if !policy.keep_unreachable {
            let depths = graph.depths();
            let reached = |node: u32| depths[node as usize].is_some();
            graph = graph.retain(reached, |_| true, "that no root leads to");
        }
        if policy.dropped_weight == DroppedWeight::Redistributed {
            graph.restore_sums(self);
        }
        Ok(graph)
    }

    /// Scales the given weights of every node to the sum they had in the whole
    /// graph. A node that lost all its weight has nobody to give it to.
    fn restore_sums(&mut self, whole: &Self) {
        let sum = |edges: &[Edge]| maths::sum(edges.iter().filter_map(|edge| edge.weight));
        for node in 0..self.nodes.len() {
            let range = self.offsets[node]..self.offsets[node + 1];
            let before = whole.index(&self.nodes[node].id).map(|at| whole.dependencies(at));
            let before = before.unwrap_or_default();
            let after = sum(&self.edges[range.clone()]);
            if range.len() == before.len() || after <= 0.0 {
                continue;
            }
            let scale = sum(before) / after;
            for edge in &mut self.edges[range] {
                edge.weight = edge.weight.map(|weight| (weight * scale).min(f64::MAX));
            }
        }
    }

    fn under(&self, licences: &LicencePolicy) -> Self {
        let keep = |node: u32| {
            let node = &self.nodes[node as usize];
            node.root || licences.keeps(node)
        };
        self.retain(keep, |_| true, "whose licences the round does not fund")
    }

    fn without_kinds(&self, kinds: &BTreeSet<EdgeKind>) -> Self {
        let names: Vec<_> = kinds.iter().map(|kind| kind.name()).collect();
        let why = format!("of kind {}", names.join(", "));
        self.retain(|_| true, |edge| !kinds.contains(&edge.kind), &why)
    }

    fn without_ecosystems(&self, ecosystems: &BTreeSet<String>) -> Self {
        let funded = |node: &Node| {
            let mut kinds = node
                .packages
                .iter()
                .map(|package| package.purl.as_deref().and_then(purl::kind).unwrap_or_default());
            node.root || node.packages.is_empty() || kinds.any(|kind| !ecosystems.contains(kind))
        };
        let names: Vec<_> = ecosystems.iter().map(String::as_str).collect();
        let why = format!("of ecosystem {}", names.join(", "));
        self.retain(|node| funded(&self.nodes[node as usize]), |_| true, &why)
    }

    fn with_at_most(&self, limit: usize) -> Self {
        let mut dependents = vec![0_u32; self.nodes.len()];
        for edge in &self.edges {
            dependents[edge.dependency as usize] += 1;
        }
        let mut kept = BTreeSet::new();
        for node in 0..self.nodes.len() {
            let mut edges = self.edges[self.offsets[node]..self.offsets[node + 1]].to_vec();
            edges.sort_by(|left, right| {
                let heavier = right.weight.unwrap_or(0.0).total_cmp(&left.weight.unwrap_or(0.0));
                let key = |edge: &Edge| (edge.kind, Reverse(dependents[edge.dependency as usize]));
                heavier.then_with(|| key(left).cmp(&key(right)))
            });
            let best = edges.iter().take(limit);
            kept.extend(best.map(|edge| (edge.dependent, edge.dependency)));
        }
        let why = format!("beyond the first {limit} of their dependent");
        self.retain(|_| true, |edge| kept.contains(&(edge.dependent, edge.dependency)), &why)
    }

    /// The nodes and edges two tests keep, with a note when that is not all.
    fn retain(
        &self,
        keep_node: impl Fn(u32) -> bool,
        keep_edge: impl Fn(&Edge) -> bool,
        why: &str,
    ) -> Self {
        let mut builder = GraphBuilder::default();
        let moved: Vec<Option<u32>> = (0_u32..)
            .zip(&self.nodes)
            .map(|(at, node)| keep_node(at).then(|| builder.copy(&node.id, node)))
            .collect();
        let mut dropped_edges = 0_usize;
        for edge in &self.edges {
            match (moved[edge.dependent as usize], moved[edge.dependency as usize]) {
                (Some(from), Some(to)) if keep_edge(edge) => {
                    builder.edge(from, to, edge.kind, edge.weight);
                }
                _ => dropped_edges += 1,
            }
        }
        let dropped_nodes = moved.iter().filter(|moved| moved.is_none()).count();
        for note in &self.notes {
            builder.note(note.line, note.text.as_str());
        }
        if dropped_nodes > 0 {
            builder.note(
                None,
                format!("left out {dropped_nodes} nodes {why}, with {dropped_edges} edges"),
            );
        } else if dropped_edges > 0 {
            builder.note(None, format!("left out {dropped_edges} edges {why}"));
        }
        builder.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::{Licences, Package, Unlicensed};

    /// app → serde, tokio, insta (dev), checkout (an action);
    /// tokio → mio → libc; insta → console.
    fn app() -> DependencyGraph {
        let mut builder = GraphBuilder::default();
        let mut node = |id: &str, kind: &str| {
            let purl = Some(purl::of(kind, id, None));
            builder.describe(id, Package { name: id.to_owned(), purl, ..Package::default() })
        };
        let names = ["app", "serde", "tokio", "insta", "mio", "libc", "console"];
        let [app, serde, tokio, insta, mio, libc, console] = names.map(|id| node(id, "cargo"));
        let checkout = node("checkout", "githubactions");
        builder.mark_root(app);
        for (from, to, kind) in [
            (app, serde, EdgeKind::Normal),
            (app, tokio, EdgeKind::Normal),
            (app, insta, EdgeKind::Dev),
            (app, checkout, EdgeKind::Unknown),
            (tokio, mio, EdgeKind::Normal),
            (mio, libc, EdgeKind::Normal),
            (insta, console, EdgeKind::Normal),
        ] {
            builder.edge(from, to, kind, None);
        }
        builder.finish()
    }

    fn ids(graph: &DependencyGraph) -> Vec<&str> {
        graph.nodes().iter().map(|node| node.id.as_str()).collect()
    }

    #[test]
    fn dropping_dev_takes_what_only_dev_reaches() {
        let policy = Policy { drop_kinds: [EdgeKind::Dev].into(), ..Policy::default() };
        let graph = app().filter(&policy).expect("it has a root");
        assert_eq!(ids(&graph), ["app", "checkout", "libc", "mio", "serde", "tokio"]);
        let notes: Vec<_> = graph.notes().iter().map(|note| note.text.as_str()).collect();
        assert_eq!(
            notes,
            [
                "left out 1 edges of kind dev",
                "left out 2 nodes that no root leads to, with 1 edges"
            ]
        );
        let policy = Policy { keep_unreachable: true, ..policy };
        assert_eq!(app().filter(&policy).expect("no root needed").node_count(), 8);
    }

    #[test]
    fn ecosystems_depth_and_width_cut_as_told() {
        let policy =
            Policy { drop_ecosystems: ["githubactions".to_owned()].into(), ..Policy::default() };
        assert!(app().filter(&policy).expect("it has a root").index("checkout").is_none());

        let policy = Policy { max_depth: Some(1), ..Policy::default() };
        let graph = app().filter(&policy).expect("it has a root");
        assert_eq!(ids(&graph), ["app", "checkout", "insta", "serde", "tokio"]);

        let policy = Policy { max_dependencies: Some(2), ..Policy::default() };
        let graph = app().filter(&policy).expect("it has a root");
        assert_eq!(ids(&graph), ["app", "libc", "mio", "serde", "tokio"]);
    }

    #[test]
    fn licences_cut_what_a_round_does_not_fund() {
        let mut builder = GraphBuilder::default();
        let mut package = |id: &str, licences: &[Option<&str>]| {
            let node = builder.list(id);
            for licence in licences {
                let licence = licence.map(str::to_owned);
                builder
                    .describe(id, Package { name: id.to_owned(), licence, ..Package::default() });
            }
            node
        };
        let app = package("app", &[Some("Proprietary")]);
        let below = [
            package("both", &[Some("GPL-3.0-only"), Some("MIT")]),
            package("copyleft", &[Some("GPL-3.0-only")]),
            package("free", &[Some("MIT OR Apache-2.0")]),
            package("silent", &[None]),
        ];
        builder.mark_root(app);
        for node in below {
            builder.edge(app, node, EdgeKind::Normal, None);
        }
        let graph = builder.finish();
        let admitted = Licences::Permissive;
        for (unlicensed, expected) in [
            (Unlicensed::Keep, &["app", "both", "free", "silent"][..]),
            (Unlicensed::Drop, &["app", "both", "free"][..]),
        ] {
            let licences = Some(LicencePolicy { admitted: admitted.clone(), unlicensed });
            let policy = Policy { licences, ..Policy::default() };
            assert_eq!(ids(&graph.filter(&policy).expect("it has a root")), expected);
        }
    }

    #[test]
    fn what_is_beyond_the_width_is_shared_by_the_others_or_gone() {
        let mut builder = GraphBuilder::default();
        let app = builder.list("app");
        builder.mark_root(app);
        for (id, weight) in [("a", 0.4), ("b", 0.2), ("c", 0.2), ("d", 0.1)] {
            let node = builder.list(id);
            builder.edge(app, node, EdgeKind::Normal, Some(weight));
        }
        let graph = builder.finish();
        let weights = |policy: &Policy| -> Vec<f64> {
            let graph = graph.filter(policy).expect("it has a root");
            graph.edges().iter().filter_map(|edge| edge.weight).collect()
        };
        // 0.9 in all; a and b stay with 0.6, so each grows by half.
        let two = Policy { max_dependencies: Some(2), ..Policy::deep_funding() };
        let expected = [0.6, 0.3];
        for (found, expected) in weights(&two).into_iter().zip(expected) {
            assert!((found - expected).abs() < 1e-15, "{found}");
        }
        assert_eq!(weights(&Policy { dropped_weight: DroppedWeight::Gone, ..two }), [0.4, 0.2]);
        assert_eq!(weights(&Policy::deep_funding()), [0.4, 0.2, 0.2, 0.1]);
    }

    #[test]
    fn without_roots_reach_has_no_meaning() {
        let graph = app().with_roots::<&str>(&[]).expect("no ids to miss");
        assert_eq!(graph.filter(&Policy::default()), Err(GraphError::NoRoots));
    }
}
