//! What changed between two snapshots, in edges and in money.
//!
//! The older snapshot is put under current names first, so that a renamed
//! repository is a rename and not a loss and a gain. Where two old names meet
//! in one new one, their edges are merged before anything is compared.
//!
//! # Units and rounding
//!
//! Money moved between two networks at a budget is `½ Σ |after − before|` over
//! all nodes, which is what the winners gain and what the losers lose; both
//! payouts add up to the budget, so it is a whole number of base units.
//!
//! # Example
//!
//! ```
//! use allonet_weights::graph::diff::GraphDiff;
//! use allonet_weights::import::{ReadOptions, weight_csv};
//! use allonet_weights::repository::Aliases;
//!
//! let read = |rows: &str| {
//!     weight_csv::read(&format!("repo,parent,weight\n{rows}"), &ReadOptions::default())
//! };
//! let old = read("old/lib,x/app,0.5\ny/tool,x/app,0.5\n")?;
//! let new = read("new/lib,x/app,0.75\nz/font,x/app,0.25\n")?;
//! let aliases = Aliases::parse("alias,repo\nold/lib,new/lib\n")?;
//!
//! let diff = GraphDiff::between(&old, &new, &aliases);
//! assert_eq!(diff.renamed, [("old/lib".to_owned(), "new/lib".to_owned())]);
//! assert_eq!((diff.nodes_added.len(), &*diff.nodes_removed[0]), (1, "y/tool"));
//! assert_eq!((diff.edges_added.len(), diff.edges_removed.len()), (1, 1));
//! assert_eq!(diff.reweighted.len(), 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::collections::{BTreeMap, BTreeSet};

use allonet_core::money::Amount;

use super::{DependencyGraph, Edge, EdgeKind};
use crate::repository::Aliases;
use crate::weighted::{PayoutError, WeightedGraph};

/// An edge by the ids of its ends.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct EdgeName {
    /// Who depends.
    pub dependent: String,
    /// On whom.
    pub dependency: String,
}

/// An edge that both snapshots have, with something that differs.
#[derive(Debug, Clone, PartialEq)]
pub struct Changed<T> {
    /// The edge.
    pub edge: EdgeName,
    /// In the older snapshot.
    pub before: T,
    /// In the newer one.
    pub after: T,
}

/// What changed; every list in the order of ids.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct GraphDiff {
    /// Old and current name of nodes of the older snapshot.
    pub renamed: Vec<(String, String)>,
    /// Nodes only the newer snapshot has.
    pub nodes_added: Vec<String>,
    /// Nodes only the older one has, under current names.
    pub nodes_removed: Vec<String>,
    /// Nodes that became the project's own.
    pub roots_added: Vec<String>,
    /// Nodes that ceased to be.
    pub roots_removed: Vec<String>,
    /// Edges only the newer snapshot has.
    pub edges_added: Vec<EdgeName>,
    /// Edges only the older one has.
    pub edges_removed: Vec<EdgeName>,
    /// Edges whose given weight differs, a given one from none included.
    pub reweighted: Vec<Changed<Option<f64>>>,
    /// Edges that are used differently.
    pub kind_changed: Vec<Changed<EdgeKind>>,
}

impl GraphDiff {
    /// What changed from `old` to `new`, old names replaced by current ones.
    pub fn between(old: &DependencyGraph, new: &DependencyGraph, aliases: &Aliases) -> Self {
        let renamed = old.nodes().iter().filter_map(|node| {
            aliases.current(&node.id).map(|current| (node.id.clone(), current.to_owned()))
        });
        let mut diff = Self { renamed: renamed.collect(), ..Self::default() };
        let (old, new) = (old.with_current_names(aliases), new.with_current_names(aliases));
        let ids = |graph: &DependencyGraph, root: bool| -> BTreeSet<String> {
            let nodes = graph.nodes().iter().filter(|node| node.root || !root);
            nodes.map(|node| node.id.clone()).collect()
        };
        let only = |left: &BTreeSet<String>, right: &BTreeSet<String>| {
            left.difference(right).cloned().collect::<Vec<_>>()
        };
        let (before, after) = (ids(&old, false), ids(&new, false));
        (diff.nodes_added, diff.nodes_removed) = (only(&after, &before), only(&before, &after));
        let (before, after) = (ids(&old, true), ids(&new, true));
        (diff.roots_added, diff.roots_removed) = (only(&after, &before), only(&before, &after));
        diff.compare(edges(&old), edges(&new));
        diff
    }

    fn compare(&mut self, mut before: BTreeMap<EdgeName, Edge>, after: BTreeMap<EdgeName, Edge>) {
        for (edge, now) in after {
            let Some(then) = before.remove(&edge) else {
                self.edges_added.push(edge);
                continue;
            };
            if then.weight != now.weight {
                let (before, after) = (then.weight, now.weight);
                self.reweighted.push(Changed { edge: edge.clone(), before, after });
            }
            if then.kind != now.kind {
                self.kind_changed.push(Changed { edge, before: then.kind, after: now.kind });
            }
        }
        self.edges_removed = before.into_keys().collect();
    }

    /// Whether nothing changed but perhaps names.
    pub fn is_empty(&self) -> bool {
        *self == Self { renamed: self.renamed.clone(), ..Self::default() }
    }
}

fn edges(graph: &DependencyGraph) -> BTreeMap<EdgeName, Edge> {
    let id = |node: u32| graph.nodes()[node as usize].id.clone();
    let named = graph.edges().iter().map(|edge| {
        (EdgeName { dependent: id(edge.dependent), dependency: id(edge.dependency) }, *edge)
    });
    named.collect()
}

/// What a node is paid by two networks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeChange {
    /// The node, under its current name.
    pub id: String,
    /// By the older network.
    pub before: Amount,
    /// By the newer one.
    pub after: Amount,
}

/// How the same money flows through two networks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MoneyMoved {
    /// All nodes of either, by id.
    pub nodes: Vec<NodeChange>,
    /// How much goes to somebody else than before.
    pub moved: Amount,
}

/// Sends a budget through two networks and compares who is paid what.
pub fn money_moved(
    old: &WeightedGraph,
    new: &WeightedGraph,
    budget: Amount,
    aliases: &Aliases,
) -> Result<MoneyMoved, PayoutError> {
    let mut paid: BTreeMap<&str, [Amount; 2]> = BTreeMap::new();
    for (side, network) in [old, new].into_iter().enumerate() {
        for (id, amount) in network.nodes().iter().zip(network.payouts(budget)?) {
            let amounts = paid.entry(aliases.current(id).unwrap_or(id)).or_default();
            amounts[side] = amounts[side].add(amount, "payouts").expect("parts of the budget");
        }
    }
    let nodes: Vec<NodeChange> = paid
        .into_iter()
        .map(|(id, [before, after])| NodeChange { id: id.to_owned(), before, after })
        .collect();
    let gains = nodes.iter().map(|node| node.after.saturating_sub(node.before));
    let moved = Amount::sum(gains, "gains").expect("parts of the budget");
    Ok(MoneyMoved { nodes, moved })
}
