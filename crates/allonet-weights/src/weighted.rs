//! A weighted dependency network in whole numbers.
//!
//! Money enters at the sources, divided by their shares. A node keeps its own
//! share (its *originality*) of what reaches it and passes the rest on to its
//! dependencies, divided by their weights.
//!
//! # Units and rounding
//!
//! | quantity          | unit                     | sum                           |
//! |-------------------|--------------------------|-------------------------------|
//! | source share      | 10⁻¹⁸ of the money       | [`WHOLE`] over all sources    |
//! | own share         | 10⁻¹⁸ of a node's inflow | at most [`WHOLE`] per node    |
//! | weight of an edge | 10⁻¹⁸ of what is passed on | [`WHOLE`] per node with edges |
//!
//! The sums are exact: shares are apportioned by largest remainder, earliest
//! first. The unit is finer than a 64-bit float between 0.01 and 1 can be, so a
//! weight given as a float loses nothing that money could see. Ethereum
//! contracts call this unit a wad.

mod named;
mod payout;

use crate::apportion::apportion;

pub(crate) use named::{NamedNode, assembled, named};
pub use payout::{Flow, PayoutError};

/// One whole, in the unit of all shares: 10¹⁸.
pub const WHOLE: u64 = 1_000_000_000_000_000_000;

/// A network ready for money to flow through.
///
/// Nodes are sorted by id. The edges of node `i` are at
/// `offsets()[i] .. offsets()[i + 1]` of [`targets`](Self::targets) and
/// [`weights`](Self::weights), sorted by target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WeightedGraph {
    pub(crate) nodes: Vec<String>,
    pub(crate) sources: Vec<(u32, u64)>,
    pub(crate) offsets: Vec<usize>,
    pub(crate) targets: Vec<u32>,
    pub(crate) weights: Vec<u64>,
    pub(crate) own_shares: Vec<u64>,
}

impl WeightedGraph {
    /// The ids, sorted; an index into this slice names a node.
    pub fn nodes(&self) -> &[String] {
        &self.nodes
    }

    /// Where money enters: node and share of the whole, by node.
    pub fn sources(&self) -> &[(u32, u64)] {
        &self.sources
    }

    /// Where the edges of each node begin; one entry more than there are nodes.
    pub fn offsets(&self) -> &[usize] {
        &self.offsets
    }

    /// The dependency of each edge.
    pub fn targets(&self) -> &[u32] {
        &self.targets
    }

    /// The weight of each edge among those of its node.
    pub fn weights(&self) -> &[u64] {
        &self.weights
    }

    /// What each node keeps of its inflow.
    pub fn own_shares(&self) -> &[u64] {
        &self.own_shares
    }

    /// The dependencies of a node with their weights.
    pub fn dependencies(&self, node: u32) -> impl Iterator<Item = (u32, u64)> + '_ {
        let range = self.range(node);
        self.targets[range.clone()].iter().copied().zip(self.weights[range].iter().copied())
    }

    /// The index of the node with this id.
    pub fn index(&self, id: &str) -> Option<u32> {
        let found = self.nodes.binary_search_by(|node| node.as_str().cmp(id));
        found.ok().map(|at| u32::try_from(at).expect("a graph has fewer than 2^32 nodes"))
    }

    /// The nodes money can reach or start at but never leave: they pass on
    /// everything, and only among themselves. Sorted.
    ///
    /// Solving the flow of a network needs this to be empty; networks made by
    /// this crate are refused or mended until it is.
    pub fn trapped(&self) -> Vec<u32> {
        let count = self.nodes.len();
        let mut above = vec![Vec::new(); count];
        for (node, own) in (0_u32..).zip(&self.own_shares) {
            if *own < WHOLE {
                for (target, _) in self.dependencies(node).filter(|&(_, weight)| weight > 0) {
                    above[target as usize].push(node);
                }
            }
        }
        let mut escapes: Vec<bool> = self.own_shares.iter().map(|&own| own > 0).collect();
        let mut stack: Vec<u32> =
            (0_u32..).zip(&escapes).filter(|&(_, &keeps)| keeps).map(|(node, _)| node).collect();
        while let Some(node) = stack.pop() {
            for &dependent in &above[node as usize] {
                if !std::mem::replace(&mut escapes[dependent as usize], true) {
                    stack.push(dependent);
                }
            }
        }
        (0_u32..).zip(escapes).filter(|&(_, escapes)| !escapes).map(|(node, _)| node).collect()
    }

    /// The edges of a node, as positions.
    pub(crate) fn range(&self, node: u32) -> std::ops::Range<usize> {
        self.offsets[node as usize]..self.offsets[node as usize + 1]
    }

    /// The position of an edge.
    pub(crate) fn position(&self, dependent: u32, dependency: u32) -> Option<usize> {
        let range = self.range(dependent);
        let found = self.targets[range.clone()].binary_search(&dependency);
        found.ok().map(|at| range.start + at)
    }
}

/// A fraction in `0 ..= 1` as the nearest share.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a fraction is at least zero, and 10^18 fits"
)]
pub(crate) fn share(fraction: f64) -> u64 {
    ((fraction * WHOLE as f64).round() as u64).min(WHOLE)
}

/// `total` divided equally, the odd units to the first.
pub(crate) fn equal_shares(count: usize, total: u64) -> Vec<u64> {
    apportion(&vec![1; count], total).unwrap_or_default()
}
