//! From packages to repositories: several packages, one place to fund.

use std::collections::BTreeMap;

use super::{DependencyGraph, Edge, GraphBuilder};
use crate::repository::Aliases;

/// What becomes of the given weights of edges that coincide when nodes merge.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Coinciding {
    /// They add up: each package was judged for what it alone brings.
    #[default]
    Sum,
    /// The largest counts: every package was judged for the whole repository.
    Max,
}

impl DependencyGraph {
    /// The repository of every node whose packages name one.
    ///
    /// When packages of one node name several, the most frequent is taken, then
    /// the first in text order. Feed the result to [`DependencyGraph::merge`].
    pub fn repositories(&self, aliases: &Aliases) -> BTreeMap<String, String> {
        let mut map = BTreeMap::new();
        for node in &self.nodes {
            let mut votes: BTreeMap<String, usize> = BTreeMap::new();
            for repository in node.packages.iter().filter_map(|found| found.repository.as_deref()) {
                *votes.entry(aliases.resolve(repository)).or_default() += 1;
            }
            let best =
                votes.into_iter().reduce(|best, next| if next.1 > best.1 { next } else { best });
            if let Some((repository, _)) = best {
                map.insert(node.id.clone(), repository);
            }
        }
        map
    }

    /// The graph with every node renamed by the map, nodes of one name merged.
    ///
    /// Nodes the map does not name keep their id. Evidence is kept, a merged
    /// node is a root if one of its parts was. Given weights of edges that
    /// coincide add up. An edge between two parts of one node disappears (a
    /// repository does not fund itself for having two packages) and is noted;
    /// an edge that was a self-edge before stays.
    #[must_use]
    pub fn merge(&self, map: &BTreeMap<String, String>) -> Self {
        self.merge_with(map, Coinciding::Sum)
    }

    /// [`merge`](Self::merge), with a choice for weights that coincide.
    #[must_use]
    pub fn merge_with(&self, map: &BTreeMap<String, String>, coinciding: Coinciding) -> Self {
        let mut builder = GraphBuilder::default();
        let mut moved = Vec::with_capacity(self.nodes.len());
        for node in &self.nodes {
            let id = map.get(&node.id).unwrap_or(&node.id);
            moved.push(builder.copy(id, node));
        }
        let mut inside = 0_usize;
        let mut edges: Vec<Edge> = Vec::with_capacity(self.edges.len());
        for edge in &self.edges {
            let (from, to) = (moved[edge.dependent as usize], moved[edge.dependency as usize]);
            if from == to && edge.dependent != edge.dependency {
                inside += 1;
            } else {
                edges.push(Edge { dependent: from, dependency: to, ..*edge });
            }
        }
        if coinciding == Coinciding::Max {
            keep_largest(&mut edges);
        }
        for edge in edges {
            builder.edge(edge.dependent, edge.dependency, edge.kind, edge.weight);
        }
        for note in &self.notes {
            builder.note(note.line, note.text.as_str());
        }
        if inside > 0 {
            builder
                .note(None, format!("left out {inside} edges between packages of one repository"));
        }
        builder.finish()
    }

    /// The graph with renamed repositories under their current names.
    #[must_use]
    pub fn with_current_names(&self, aliases: &Aliases) -> Self {
        let renamed = self.nodes.iter().filter_map(|node| {
            aliases.current(&node.id).map(|current| (node.id.clone(), current.to_owned()))
        });
        self.merge(&renamed.collect())
    }

    /// The facts of both graphs: nodes by id, roots of either, evidence and
    /// edges of both. Given weights of one edge in both add up.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        let mut builder = GraphBuilder::from_graph(self);
        let moved: Vec<u32> = other.nodes.iter().map(|node| builder.copy(&node.id, node)).collect();
        for edge in &other.edges {
            let (from, to) = (moved[edge.dependent as usize], moved[edge.dependency as usize]);
            builder.edge(from, to, edge.kind, edge.weight);
        }
        for note in &other.notes {
            builder.note(note.line, note.text.as_str());
        }
        builder.finish()
    }
}

/// One edge for each pair: the strongest kind, the largest weight.
fn keep_largest(edges: &mut Vec<Edge>) {
    edges.sort_by_key(|edge| (edge.dependent, edge.dependency, edge.kind));
    edges.dedup_by(|next, kept| {
        let same = (next.dependent, next.dependency) == (kept.dependent, kept.dependency);
        if same {
            let largest = next.weight.into_iter().chain(kept.weight).reduce(f64::max);
            kept.weight = largest;
        }
        same
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::{EdgeKind, Package};

    #[test]
    fn a_graph_joined_with_itself_doubles_weights_only() {
        let mut builder = GraphBuilder::default();
        let (a, b) = (builder.list("old/a"), builder.list("b/b"));
        builder.mark_root(a);
        builder.edge(a, b, EdgeKind::Dev, Some(0.25));
        let graph = builder.finish();
        let both = graph.union(&graph);
        assert_eq!((both.nodes(), both.roots()), (graph.nodes(), graph.roots()));
        assert_eq!(both.edges()[0], Edge { weight: Some(0.5), ..graph.edges()[0] });

        let aliases = Aliases::parse("alias,repo\nold/a,new/a\n").expect("one row");
        let current = graph.with_current_names(&aliases);
        assert_eq!(current.index("new/a"), Some(1));
        assert_eq!(current.roots(), [1]);
    }

    #[test]
    fn packages_of_one_repository_become_one_node() {
        let mut builder = GraphBuilder::default();
        let mut package = |name: &str, repository: Option<&str>| {
            let repository = repository.map(str::to_owned);
            builder
                .describe(name, Package { name: name.to_owned(), repository, ..Package::default() })
        };
        let app = package("app", None);
        let serde = package("serde", Some("serde-rs/serde"));
        let derive = package("serde_derive", Some("serde-rs/serde"));
        builder.mark_root(app);
        builder.edge(app, serde, EdgeKind::Normal, Some(0.25));
        builder.edge(app, derive, EdgeKind::Build, Some(0.5));
        builder.edge(serde, derive, EdgeKind::Normal, None);
        builder.edge(derive, derive, EdgeKind::Dev, None);
        let graph = builder.finish();

        let merged = graph.merge(&graph.repositories(&Aliases::default()));
        let ids: Vec<_> = merged.nodes().iter().map(|node| node.id.as_str()).collect();
        assert_eq!(ids, ["app", "serde-rs/serde"]);
        assert_eq!(merged.nodes()[1].packages.len(), 2);
        let edge = merged.edge(0, 1).expect("app needs serde");
        assert_eq!((edge.kind, edge.weight), (EdgeKind::Normal, Some(0.75)));
        assert_eq!(merged.self_loops(), [1]);
        assert_eq!(merged.notes()[0].text, "left out 1 edges between packages of one repository");
        assert_eq!(merged.roots(), [0]);

        let map = graph.repositories(&Aliases::default());
        let largest = graph.merge_with(&map, Coinciding::Max);
        let edge = largest.edge(0, 1).expect("app needs serde");
        assert_eq!((edge.kind, edge.weight), (EdgeKind::Normal, Some(0.5)));
        assert_eq!(largest.self_loops(), [1]);
    }
}
