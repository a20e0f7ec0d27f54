//! Personalised PageRank, step for step as networkx takes it.
//!
//! ```text
//! x₀ = 1/N
//! x′ = α · (x W + (Σ of x over nodes without a way out) · p) + (1 − α) · p
//! ```
//!
//! `W` holds the weights of a node's ways out as parts of their sum, `p` the
//! teleport weights as parts of theirs. It ends when `Σ|x′ − x| < N · 10⁻⁸`; a
//! hundred steps that do not end there are none. `α` is the damping factor: the
//! part that moves on.

use allonet_core::maths;

/// Change at which it ends, for each node.
const TOLERANCE: f64 = 1e-8;
/// Most steps.
const STEPS_MAX: usize = 100;

/// A way from one node to another, its weight above zero.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Way {
    pub(crate) from: u32,
    pub(crate) to: u32,
    pub(crate) weight: f64,
}

/// Nodes from 0 and ways between them, at most one from any node to another.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Ways {
    nodes: usize,
    list: Vec<Way>,
    /// Sum of the weights that leave each node.
    out: Vec<f64>,
}

impl Ways {
    /// The same for ways in any order.
    pub(crate) fn new(nodes: usize, mut ways: Vec<Way>) -> Self {
        ways.sort_unstable_by_key(|way| (way.to, way.from));
        let mut out = vec![0.0; nodes];
        for way in &ways {
            out[way.from as usize] += way.weight;
        }
        Self { nodes, list: ways, out }
    }

    /// The ways with the part of its start's rank that each carries, by end,
    /// then start.
    pub(crate) fn parts(&self) -> impl Iterator<Item = (u32, u32, f64)> + '_ {
        self.list.iter().map(|way| (way.from, way.to, way.weight / self.out[way.from as usize]))
    }

    /// What the nodes without a way out hold.
    pub(crate) fn stuck(&self, rank: &[f64]) -> f64 {
        let ends = rank.iter().zip(&self.out).filter(|(_, out)| **out == 0.0);
        maths::sum(ends.map(|(rank, _)| *rank))
    }

    /// Teleport weights as parts of their sum; equal ones where all are zero.
    pub(crate) fn teleport(&self, weights: &[f64]) -> Vec<f64> {
        let sum = maths::sum(weights.iter().copied());
        if sum > 0.0 {
            weights.iter().map(|weight| weight / sum).collect()
        } else {
            vec![1.0 / self.nodes as f64; self.nodes]
        }
    }

    /// The rank of each node; `None` where it does not settle.
    pub(crate) fn rank(&self, alpha: f64, teleport: &[f64]) -> Option<Vec<f64>> {
        let count = self.nodes as f64;
        let mut rank = vec![1.0 / count; self.nodes];
        if self.nodes == 0 {
            return Some(rank);
        }
        let parts: Vec<(u32, u32, f64)> = self.parts().collect();
        for _ in 0..STEPS_MAX {
            let stuck = self.stuck(&rank);
            let mut next = vec![0.0; self.nodes];
            for (from, to, part) in &parts {
                next[*to as usize] += rank[*from as usize] * part;
            }
            for (next, teleport) in next.iter_mut().zip(teleport) {
                *next = alpha * (*next + stuck * teleport) + (1.0 - alpha) * teleport;
            }
            let change = maths::sum(next.iter().zip(&rank).map(|(next, rank)| (next - rank).abs()));
            rank = next;
            if change < count * TOLERANCE {
                return Some(rank);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ways(nodes: usize, ways: &[(u32, u32, f64)]) -> Ways {
        let way =
            |(from, to, weight): &(u32, u32, f64)| Way { from: *from, to: *to, weight: *weight };
        Ways::new(nodes, ways.iter().map(way).collect())
    }

    #[test]
    fn one_way_is_what_a_pencil_says() {
        // x0 = p0·(1 − α + α·x1) and x1 = α·x0 + p1·(…): with p = (1, 0) and
        // α = 1/2, x0 = 1/2 + x1/2 and x1 = x0/2, so x0 = 2/3.
        let graph = ways(2, &[(0, 1, 5.0)]);
        let rank = graph.rank(0.5, &graph.teleport(&[3.0, 0.0])).unwrap();
        assert!((rank[0] - 2.0 / 3.0).abs() < 1e-7 && (rank[1] - 1.0 / 3.0).abs() < 1e-7);
    }

    #[test]
    fn without_teleport_weights_all_nodes_are_equal() {
        let graph = ways(4, &[(0, 1, 1.0), (2, 1, 3.0), (2, 3, 1.0)]);
        assert_eq!(graph.teleport(&[0.0; 4]), [0.25; 4]);
        // With α = 0 only the teleport is left.
        assert_eq!(graph.rank(0.0, &[0.1, 0.2, 0.3, 0.4]).unwrap(), [0.1, 0.2, 0.3, 0.4]);
        assert_eq!(ways(0, &[]).rank(0.5, &[]), Some(Vec::new()));
    }

    #[test]
    fn what_swings_forever_has_no_rank() {
        let graph = ways(3, &[(0, 1, 1.0), (1, 0, 1.0), (2, 1, 1.0)]);
        assert_eq!(graph.rank(1.0, &graph.teleport(&[0.0, 0.0, 0.0])), None);
    }

    // Reference: networkx 3.6.1,
    // `pagerank(g, alpha=0.85, personalization={0: 1, 1: 2, 2: 0, 3: 1}, tol=1e-8)`
    // of the edges below.
    #[test]
    fn networkx_agrees() {
        let graph = ways(4, &[(0, 1, 2.0), (0, 2, 1.0), (1, 2, 1.0), (2, 0, 0.5), (2, 3, 1.5)]);
        let rank = graph.rank(0.85, &graph.teleport(&[1.0, 2.0, 0.0, 1.0])).unwrap();
        for (rank, expected) in rank.iter().zip(NETWORKX) {
            assert!((rank - expected).abs() < 1e-12, "{rank} {expected}");
        }
    }

    const NETWORKX: [f64; 4] = [
        0.156_801_196_589_519_4,
        0.281_781_394_562_321_1,
        0.283_941_202_412_954_1,
        0.277_476_206_435_205_26,
    ];
}
