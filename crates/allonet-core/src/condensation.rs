//! The strongly connected parts of a directed graph, in topological order.

/// A directed graph in compressed rows: the targets of node `i` are
/// `targets[offsets[i]..offsets[i + 1]]`.
#[derive(Clone, Copy, Debug)]
pub struct Digraph<'a> {
    /// Where each node's targets begin; one more entry than nodes.
    pub offsets: &'a [usize],
    /// The targets, row by row.
    pub targets: &'a [u32],
}

impl<'a> Digraph<'a> {
    /// How many nodes.
    pub fn len(&self) -> usize {
        self.offsets.len().saturating_sub(1)
    }

    /// Whether it has no nodes.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The targets of a node.
    pub fn row(&self, node: u32) -> &'a [u32] {
        &self.targets[self.offsets[node as usize]..self.offsets[node as usize + 1]]
    }
}

/// Strongly connected parts, sources first: money never flows to an earlier
/// part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condensation {
    starts: Vec<usize>,
    members: Vec<u32>,
}

impl Condensation {
    /// Parts in the order given.
    pub(crate) fn from_parts<'a>(parts: impl Iterator<Item = &'a [u32]>) -> Self {
        let (mut starts, mut members) = (vec![0], Vec::new());
        for part in parts {
            members.extend_from_slice(part);
            starts.push(members.len());
        }
        Self { starts, members }
    }

    /// How many parts.
    pub fn len(&self) -> usize {
        self.starts.len() - 1
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The members of a part, ascending.
    pub fn part(&self, index: usize) -> &[u32] {
        &self.members[self.starts[index]..self.starts[index + 1]]
    }

    /// All parts, sources first.
    pub fn parts(&self) -> impl ExactSizeIterator<Item = &[u32]> {
        self.starts.windows(2).map(|pair| &self.members[pair[0]..pair[1]])
    }
}

/// Finds the parts. Linear in nodes and edges; peels off acyclic nodes first
/// (Kahn), so that only what lies on or between cycles pays for Tarjan's
/// search.
pub fn condense(graph: &Digraph<'_>) -> Condensation {
    let mut waiting = vec![0_u32; graph.len()];
    for target in graph.targets {
        waiting[*target as usize] += 1;
    }
    let count = u32::try_from(graph.len()).expect("fewer than 2³² nodes");
    let mut members: Vec<u32> = (0..count).filter(|node| waiting[*node as usize] == 0).collect();
    let mut next = 0;
    while let Some(node) = members.get(next).copied() {
        next += 1;
        for target in graph.row(node) {
            let left = &mut waiting[*target as usize];
            *left -= 1;
            if *left == 0 {
                members.push(*target);
            }
        }
    }
    let mut starts: Vec<usize> = (0..=members.len()).collect();
    if members.len() < graph.len() {
        Tarjan::new(graph, waiting).run(&mut members, &mut starts);
    }
    Condensation { starts, members }
}

/// Tarjan's search without recursion, over nodes with `waiting > 0`.
struct Tarjan<'a> {
    graph: &'a Digraph<'a>,
    waiting: Vec<u32>,
    found_at: Vec<u32>,
    low: Vec<u32>,
    stack: Vec<u32>,
    path: Vec<(u32, usize)>,
    clock: u32,
    parts: Vec<Vec<u32>>,
}

const UNSEEN: u32 = 0;
const DONE: u32 = u32::MAX;

impl<'a> Tarjan<'a> {
    fn new(graph: &'a Digraph<'a>, waiting: Vec<u32>) -> Self {
        let nodes = graph.len();
        Self {
            graph,
            waiting,
            found_at: vec![UNSEEN; nodes],
            low: vec![0; nodes],
            stack: Vec::new(),
            path: Vec::new(),
            clock: 0,
            parts: Vec::new(),
        }
    }

    fn run(mut self, members: &mut Vec<u32>, starts: &mut Vec<usize>) {
        for root in 0..u32::try_from(self.graph.len()).expect("fewer than 2³² nodes") {
            if self.waiting[root as usize] > 0 && self.found_at[root as usize] == UNSEEN {
                self.enter(root);
                while let Some((node, next)) = self.path.pop() {
                    self.advance(node, next);
                }
            }
        }
        // Tarjan closes sinks first.
        for part in self.parts.iter_mut().rev() {
            part.sort_unstable();
            members.extend_from_slice(part);
            starts.push(members.len());
        }
    }

    fn enter(&mut self, node: u32) {
        self.clock += 1;
        self.found_at[node as usize] = self.clock;
        self.low[node as usize] = self.clock;
        self.stack.push(node);
        self.path.push((node, 0));
    }

    fn advance(&mut self, node: u32, next: usize) {
        let row = self.graph.row(node);
        for (step, target) in row.iter().enumerate().skip(next) {
            if self.waiting[*target as usize] == 0 {
                continue;
            }
            match self.found_at[*target as usize] {
                UNSEEN => {
                    self.path.push((node, step + 1));
                    self.enter(*target);
                    return;
                }
                DONE => {}
                seen => self.low[node as usize] = self.low[node as usize].min(seen),
            }
        }
        self.leave(node);
    }

    fn leave(&mut self, node: u32) {
        let low = self.low[node as usize];
        if let Some((parent, _)) = self.path.last() {
            self.low[*parent as usize] = self.low[*parent as usize].min(low);
        }
        if low == self.found_at[node as usize] {
            let at = self.stack.iter().rposition(|member| *member == node);
            let part = self.stack.split_off(at.expect("an open node is on the stack"));
            for member in &part {
                self.found_at[*member as usize] = DONE;
            }
            self.parts.push(part);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rows(nodes: usize, edges: &[(u32, u32)]) -> (Vec<usize>, Vec<u32>) {
        let mut sorted = edges.to_vec();
        sorted.sort_unstable();
        let count = |node| sorted.iter().filter(|edge| (edge.0 as usize) < node).count();
        ((0..=nodes).map(count).collect(), sorted.iter().map(|edge| edge.1).collect())
    }

    fn parts(nodes: usize, edges: &[(u32, u32)]) -> Vec<Vec<u32>> {
        let (offsets, targets) = rows(nodes, edges);
        let graph = Digraph { offsets: &offsets, targets: &targets };
        condense(&graph).parts().map(<[u32]>::to_vec).collect()
    }

    #[test]
    fn a_loop_between_two_chains() {
        let edges = [(0, 1), (1, 2), (2, 1), (2, 3), (3, 3), (3, 4)];
        assert_eq!(parts(5, &edges), [vec![0], vec![1, 2], vec![3], vec![4]]);
    }

    proptest! {
        #[test]
        fn parts_agree_with_reachability(
            edges in prop::collection::vec((0_u32..12, 0_u32..12), 0..40)
        ) {
            let mut reach = [[false; 12]; 12];
            for (from, to) in &edges {
                reach[*from as usize][*to as usize] = true;
            }
            for via in 0..12 {
                for from in 0..12 {
                    for to in 0..12 {
                        reach[from][to] |= reach[from][via] && reach[via][to];
                    }
                }
            }
            let parts = parts(12, &edges);
            let mut place = [0; 12];
            for (index, part) in parts.iter().enumerate() {
                for member in part {
                    place[*member as usize] = index;
                }
            }
            for a in 0..12 {
                for b in 0..12 {
                    let together = a == b || (reach[a][b] && reach[b][a]);
                    prop_assert_eq!(place[a] == place[b], together);
                    prop_assert!(!reach[a][b] || place[a] <= place[b]);
                }
            }
        }
    }
}
