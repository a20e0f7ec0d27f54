//! Dependency graphs: who stands on whom, and how we know.
//!
//! A node is a package or a repository under a stable text id; an edge points
//! from the dependent to what it depends on. Self-edges and cycles are facts of
//! published graphs and stay. Everything is sorted: two graphs built from the
//! same facts in any order are equal.
//!
//! # Units
//!
//! A weight given with an edge is a number of at least zero, without a unit: it
//! means something only beside the other weights of the same dependent.
//!
//! # Example
//!
//! ```
//! use allonet_weights::graph::{EdgeKind, GraphBuilder};
//!
//! let mut builder = GraphBuilder::default();
//! let (app, serde) = (builder.list("app"), builder.list("serde"));
//! builder.mark_root(app);
//! builder.edge(app, serde, EdgeKind::Normal, None);
//!
//! let graph = builder.finish();
//! assert_eq!((graph.node_count(), graph.edge_count()), (2, 1));
//! assert_eq!(graph.depths(), [Some(0), Some(1)]);
//! ```

mod build;
mod filter;
mod licence;
mod merge;

pub mod diff;
pub mod snapshot;

use thiserror::Error;

pub use build::GraphBuilder;
pub use filter::{DroppedWeight, Policy};
pub use licence::{LicencePolicy, Licences, Standing, UnknownLicence, Unlicensed};
pub use merge::Coinciding;

/// How a dependent uses a dependency, the strongest use first.
///
/// When a file states an edge twice, the stronger kind is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EdgeKind {
    /// Needed at run time.
    Normal,
    /// The file does not say; treated like [`EdgeKind::Normal`].
    Unknown,
    /// The dependent works inside it and expects somebody else to install it.
    Peer,
    /// Needed to build, not to run.
    Build,
    /// Used when present.
    Optional,
    /// Needed by those who develop the dependent, such as a test library.
    Dev,
    /// Listed by the dependent on behalf of another, unnamed dependency.
    Indirect,
}

impl EdgeKind {
    /// The kind in one lower-case word, for messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Unknown => "unknown",
            Self::Peer => "peer",
            Self::Build => "build",
            Self::Optional => "optional",
            Self::Dev => "dev",
            Self::Indirect => "indirect",
        }
    }
}

/// Evidence for a node: one package as one file describes it.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Package {
    /// The name in its ecosystem.
    pub name: String,
    /// The exact version, when the file has one.
    pub version: Option<String>,
    /// The package URL, such as `pkg:cargo/serde@1.0.1`.
    pub purl: Option<String>,
    /// The repository the file names for it, in canonical form.
    pub repository: Option<String>,
    /// The licence as the file states it, most often an SPDX expression.
    pub licence: Option<String>,
    /// The line of the file that describes it, from one.
    pub line: Option<u32>,
}

/// A package or repository of the graph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// The stable id, unique in the graph.
    pub id: String,
    /// Whether it is the project's own: money enters here.
    pub root: bool,
    /// False when the file refers to it but does not describe it.
    pub listed: bool,
    /// The packages behind it, sorted; empty in graphs of repositories.
    pub packages: Vec<Package>,
}

/// One dependency.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Edge {
    /// Index of the node that depends.
    pub dependent: u32,
    /// Index of the node it depends on.
    pub dependency: u32,
    /// How it is used.
    pub kind: EdgeKind,
    /// A weight the file gives, finite and at least zero.
    pub weight: Option<f64>,
}

/// Something a reader should know about how the graph came to be: an entry that
/// was left out, a reference to nothing, a cut.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Note {
    /// The line of the file, from one, when it is about one line.
    pub line: Option<u32>,
    /// One sentence.
    pub text: String,
}

/// Why an operation on a graph was refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum GraphError {
    /// A named root is not in the graph.
    #[error(
        "the graph has no node `{id}` to be a root; \
         ids are case-sensitive and one of its {nodes} nodes is expected"
    )]
    UnknownRoot {
        /// The id asked for.
        id: String,
        /// How many nodes there are.
        nodes: usize,
    },
    /// Depth has no meaning without a root.
    #[error(
        "the graph has no root, so nothing in it can be reached; \
         name the project's own nodes with `with_roots`, or keep unreachable nodes"
    )]
    NoRoots,
}

/// A dependency graph: nodes sorted by id, edges by dependent and dependency.
#[derive(Debug, Clone, PartialEq)]
pub struct DependencyGraph {
    nodes: Vec<Node>,
    /// Edges of node `i` are `edges[offsets[i] .. offsets[i + 1]]`.
    offsets: Vec<usize>,
    edges: Vec<Edge>,
    notes: Vec<Note>,
}

impl DependencyGraph {
    /// All nodes, sorted by id; an index into this slice names a node.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// All edges, sorted by dependent, then dependency, each pair once.
    pub fn edges(&self) -> &[Edge] {
        &self.edges
    }

    /// What a reader should know about the import and the cuts since, sorted.
    pub fn notes(&self) -> &[Note] {
        &self.notes
    }

    /// The edges from `node` to its dependencies.
    pub fn dependencies(&self, node: u32) -> &[Edge] {
        let node = node as usize;
        &self.edges[self.offsets[node]..self.offsets[node + 1]]
    }

    /// The edge between two nodes, if there is one.
    pub fn edge(&self, dependent: u32, dependency: u32) -> Option<&Edge> {
        let edges = self.dependencies(dependent);
        let found = edges.binary_search_by_key(&dependency, |edge| edge.dependency);
        found.ok().map(|at| &edges[at])
    }

    /// The index of the node with this id.
    pub fn index(&self, id: &str) -> Option<u32> {
        let found = self.nodes.binary_search_by(|node| node.id.as_str().cmp(id));
        found.ok().map(index)
    }

    /// The project's own nodes, in order.
    pub fn roots(&self) -> Vec<u32> {
        let nodes = self.nodes.iter().enumerate();
        nodes.filter(|(_, node)| node.root).map(|(at, _)| index(at)).collect()
    }

    /// How many nodes there are.
    pub fn node_count(&self) -> usize {
        self.nodes.len()
    }

    /// How many different edges there are, self-edges included.
    pub fn edge_count(&self) -> usize {
        self.edges.len()
    }

    /// The nodes that depend on themselves.
    pub fn self_loops(&self) -> Vec<u32> {
        let loops = self.edges.iter().filter(|edge| edge.dependent == edge.dependency);
        loops.map(|edge| edge.dependent).collect()
    }

    /// The pairs of nodes that depend on each other, smaller index first.
    pub fn two_cycles(&self) -> Vec<(u32, u32)> {
        let forward = self.edges.iter().filter(|edge| edge.dependent < edge.dependency);
        forward
            .filter(|edge| self.edge(edge.dependency, edge.dependent).is_some())
            .map(|edge| (edge.dependent, edge.dependency))
            .collect()
    }

    /// For each node the smallest number of edges from a root; `None` when no
    /// root leads to it.
    pub fn depths(&self) -> Vec<Option<u32>> {
        let mut depths = vec![None; self.nodes.len()];
        let mut queue = self.roots();
        for &root in &queue {
            depths[root as usize] = Some(0);
        }
        let mut next = 0;
        while let Some(&node) = queue.get(next) {
            next += 1;
            let below = depths[node as usize].map(|depth| depth + 1);
            for edge in self.dependencies(node) {
                let depth = &mut depths[edge.dependency as usize];
                if depth.is_none() {
                    *depth = below;
                    queue.push(edge.dependency);
                }
            }
        }
        depths
    }

    /// The same graph, with a listed node for each of these ids; those it has
    /// already stay as they are. For projects that depend on nothing, which a
    /// table of edges cannot name.
    #[must_use]
    pub fn with_nodes<S: AsRef<str>>(&self, ids: &[S]) -> Self {
        let mut builder = GraphBuilder::from_graph(self);
        for id in ids {
            builder.list(id.as_ref());
        }
        builder.finish()
    }

    /// The same graph with exactly these nodes as roots.
    pub fn with_roots<S: AsRef<str>>(mut self, ids: &[S]) -> Result<Self, GraphError> {
        let mut roots = Vec::with_capacity(ids.len());
        for id in ids.iter().map(AsRef::as_ref) {
            let unknown = || GraphError::UnknownRoot { id: id.to_owned(), nodes: self.nodes.len() };
            roots.push(self.index(id).ok_or_else(unknown)?);
        }
        for node in &mut self.nodes {
            node.root = false;
        }
        for root in roots {
            self.nodes[root as usize].root = true;
        }
        Ok(self)
    }
}

/// A position in the node list as the 32 bits edges keep.
fn index(at: usize) -> u32 {
    u32::try_from(at).expect("a graph has fewer than 2^32 nodes")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn graph(edges: &[(&str, &str)], roots: &[&str]) -> DependencyGraph {
        let mut builder = GraphBuilder::default();
        for (dependent, dependency) in edges {
            let (from, to) = (builder.list(dependent), builder.list(dependency));
            builder.edge(from, to, EdgeKind::Normal, None);
        }
        builder.finish().with_roots(roots).expect("the roots exist")
    }

    #[test]
    fn loops_cycles_and_depths_by_hand() {
        // app → a ⇄ b, a → a, lost → a
        let graph =
            graph(&[("app", "a"), ("a", "b"), ("b", "a"), ("a", "a"), ("lost", "a")], &["app"]);
        let ids: Vec<_> = graph.nodes().iter().map(|node| node.id.as_str()).collect();
        assert_eq!(ids, ["a", "app", "b", "lost"]);
        assert_eq!(graph.self_loops(), [0]);
        assert_eq!(graph.two_cycles(), [(0, 2)]);
        assert_eq!(graph.depths(), [Some(1), Some(0), Some(2), None]);
        assert_eq!(graph.roots(), [1]);
        assert!(graph.edge(2, 0).is_some());
        assert!(graph.edge(2, 1).is_none());
    }

    #[test]
    fn the_stronger_kind_wins_and_weights_of_one_edge_add_up() {
        let mut builder = GraphBuilder::default();
        let (a, b) = (builder.list("a"), builder.list("b"));
        builder.edge(a, b, EdgeKind::Dev, Some(0.25));
        builder.edge(a, b, EdgeKind::Normal, None);
        builder.edge(a, b, EdgeKind::Build, Some(0.5));
        let graph = builder.finish();
        let expected =
            Edge { dependent: 0, dependency: 1, kind: EdgeKind::Normal, weight: Some(0.75) };
        assert_eq!(graph.edges(), [expected]);
    }

    #[test]
    fn an_unknown_root_is_refused() {
        let refused = graph(&[("a", "b")], &["a"]).with_roots(&["A"]);
        assert_eq!(refused, Err(GraphError::UnknownRoot { id: "A".to_owned(), nodes: 2 }));
    }

    proptest! {
        #[test]
        fn the_order_of_facts_does_not_matter(
            edges in prop::collection::vec((0_u8..12, 0_u8..12, 0_u8..4), 0..40),
            shuffled in any::<prop::sample::Index>(),
        ) {
            let build = |edges: &[(u8, u8, u8)]| {
                let mut builder = GraphBuilder::default();
                for &(from, to, tenths) in edges {
                    let from = builder.list(&format!("n{from}"));
                    let to = builder.list(&format!("n{to}"));
                    builder.edge(from, to, EdgeKind::Unknown, Some(f64::from(tenths) / 10.0));
                }
                builder.finish()
            };
            let straight = build(&edges);
            let mut turned = edges.clone();
            if !turned.is_empty() {
                turned.rotate_left(shuffled.index(edges.len()));
            }
            turned.reverse();
            prop_assert_eq!(straight, build(&turned));
        }
    }
}
