//! The largest flow from one node to another (Dinic's algorithm), in whole
//! numbers. Edges are tried in the order they were added.

use std::collections::VecDeque;

/// A graph whose edges carry up to their capacity.
#[derive(Clone, Debug, Default)]
pub(super) struct FlowGraph {
    /// Edges in pairs: at `2k` an edge, at `2k + 1` its way back.
    edges: Vec<Edge>,
    /// Edges that leave each node.
    leaving: Vec<Vec<usize>>,
}

#[derive(Clone, Copy, Debug)]
struct Edge {
    to: usize,
    capacity: u64,
    /// What it may still carry.
    left: u64,
}

impl FlowGraph {
    /// Nodes without edges.
    pub(super) fn new(nodes: usize) -> Self {
        Self { edges: Vec::new(), leaving: vec![Vec::new(); nodes] }
    }

    /// Adds an edge; gives its number.
    pub(super) fn add(&mut self, from: usize, to: usize, capacity: u64) -> usize {
        let edge = self.edges.len();
        self.edges.push(Edge { to, capacity, left: capacity });
        self.edges.push(Edge { to: from, capacity: 0, left: 0 });
        self.leaving[from].push(edge);
        self.leaving[to].push(edge + 1);
        edge
    }

    /// Changes what an edge may carry, from the next flow on.
    pub(super) fn set_capacity(&mut self, edge: usize, capacity: u64) {
        self.edges[edge].capacity = capacity;
    }

    /// What an edge may carry.
    pub(super) fn capacity(&self, edge: usize) -> u64 {
        self.edges[edge].capacity
    }

    /// What an edge carries.
    pub(super) fn carried(&self, edge: usize) -> u64 {
        self.edges[edge].capacity - self.edges[edge].left
    }

    /// The ends of an edge.
    pub(super) fn ends(&self, edge: usize) -> (usize, usize) {
        (self.edges[edge ^ 1].to, self.edges[edge].to)
    }

    /// The numbers of all edges.
    pub(super) fn edge_numbers(&self) -> impl Iterator<Item = usize> + use<> {
        (0..self.edges.len()).step_by(2)
    }

    /// Sends as much as possible from `source` to `sink`, from a fresh start.
    /// Says which nodes the source could still send more to: the near side of
    /// the narrowest cut.
    pub(super) fn fill(&mut self, source: usize, sink: usize) -> Vec<bool> {
        for edge in &mut self.edges {
            edge.left = edge.capacity;
        }
        loop {
            let level = self.levels(source);
            if level[sink].is_none() {
                return level.into_iter().map(|level| level.is_some()).collect();
            }
            let mut next = vec![0; self.leaving.len()];
            while self.send(source, sink, &level, &mut next) {}
        }
    }

    /// Hops from the source to each node over edges with room.
    fn levels(&self, source: usize) -> Vec<Option<u32>> {
        let mut level = vec![None; self.leaving.len()];
        level[source] = Some(0);
        let mut queue = VecDeque::from([source]);
        while let Some(node) = queue.pop_front() {
            for edge in self.leaving[node].iter().map(|edge| self.edges[*edge]) {
                if edge.left > 0 && level[edge.to].is_none() {
                    level[edge.to] = level[node].map(|hops| hops + 1);
                    queue.push_back(edge.to);
                }
            }
        }
        level
    }

    /// Sends along one shortest way; false where there is none left. `next`
    /// keeps the first edge of each node that may still lead on.
    fn send(
        &mut self,
        source: usize,
        sink: usize,
        level: &[Option<u32>],
        next: &mut [usize],
    ) -> bool {
        let mut way: Vec<usize> = Vec::new();
        let mut node = source;
        while node != sink {
            let onward = self.leaving[node][next[node]..].iter().position(|edge| {
                let Edge { to, left, .. } = self.edges[*edge];
                left > 0 && level[to] > level[node]
            });
            if let Some(passed) = onward {
                next[node] += passed;
                let edge = self.leaving[node][next[node]];
                way.push(edge);
                node = self.edges[edge].to;
            } else {
                let Some(edge) = way.pop() else { return false };
                node = self.edges[edge ^ 1].to;
                next[node] += 1;
            }
        }
        let room = way.iter().map(|edge| self.edges[*edge].left).min().unwrap_or(0);
        for edge in way {
            self.edges[edge].left -= room;
            self.edges[edge ^ 1].left += room;
        }
        room > 0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_narrow_edge_decides() {
        let mut graph = FlowGraph::new(4);
        let wide = graph.add(0, 1, 10);
        let narrow = graph.add(1, 2, 3);
        graph.add(2, 3, 10);
        assert_eq!(graph.fill(0, 3), [true, true, false, false]);
        assert_eq!((graph.carried(wide), graph.carried(narrow)), (3, 3));
        graph.set_capacity(narrow, 7);
        graph.fill(0, 3);
        assert_eq!(
            (graph.carried(wide), graph.capacity(narrow), graph.ends(narrow)),
            (7, 7, (1, 2))
        );
    }

    proptest! {
        // Reference: the narrowest of all cuts, tried one by one.
        #[test]
        fn the_flow_is_the_narrowest_cut(
            edges in prop::collection::vec((0_usize..6, 0_usize..6, 0_u64..20), 0..24),
        ) {
            let mut graph = FlowGraph::new(6);
            let numbers: Vec<usize> =
                edges.iter().map(|(from, to, room)| graph.add(*from, *to, *room)).collect();
            let near = graph.fill(0, 5);
            let net = |node: usize| {
                let signed = |edge: &usize| {
                    let (from, to) = graph.ends(*edge);
                    let carried = i64::try_from(graph.carried(*edge)).unwrap();
                    carried * (i64::from(from == node) - i64::from(to == node))
                };
                numbers.iter().map(signed).sum::<i64>()
            };
            prop_assert!((1..5).all(|node| net(node) == 0));
            let across = |inside: &dyn Fn(usize) -> bool| {
                let crossing = edges.iter().filter(|(from, to, _)| inside(*from) && !inside(*to));
                crossing.map(|(.., room)| *room).sum::<u64>()
            };
            let cuts = (0_u32..64).filter(|set| set & 1 == 1 && set & 32 == 0);
            let least = cuts.map(|set| across(&|node| set >> node & 1 == 1)).min().unwrap();
            prop_assert_eq!(net(0), i64::try_from(least).unwrap());
            prop_assert_eq!(across(&|node| near[node]), least);
        }
    }
}
