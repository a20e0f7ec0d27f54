//! Money in a graph with fixed shares, as an absorbing Markov chain.
//!
//! ```text
//! x = b + Pᵀ x          x = (I − Pᵀ)⁻¹ b
//! ```
//!
//! `b` enters from outside, `P_ij` is the share that node `i` passes on to `j`,
//! what is not passed on leaves the chain (comes to rest, is paid to somebody
//! outside). `x_i` is all that ever arrives at `i`, each round trip counted.
//!
//! The parts of the graph are solved in topological order: a single node in
//! closed form, a part of up to 600 nodes by Grassmann–Taksar–Heyman
//! elimination, which subtracts nowhere and so keeps nearly all digits of every
//! entry however small the exits, a larger part by Gauss–Seidel sweeps with the
//! exit mass restored after each, until at most 10⁻¹² of what entered can be
//! misplaced. No dense inverse anywhere.
//!
//! Sources: Kemeny, Snell (1960), *Finite Markov Chains*, ch. 3; Grassmann,
//! Taksar, Heyman (1985), Operations Research 33(5); Koury, McAllister,
//! Stewart (1984) for the aggregation step.

use thiserror::Error;

use crate::condensation::{Digraph, condense};
use crate::maths;

/// A chain in compressed rows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Chain {
    /// Where each node's row begins; one more entry than nodes.
    pub offsets: Vec<usize>,
    /// Where a share goes, row by row.
    pub targets: Vec<u32>,
    /// The share, from 0 to 1.
    pub probabilities: Vec<f64>,
    /// The share that leaves the chain at each node.
    pub exits: Vec<f64>,
}

/// Why a chain has no solution.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum AbsorbingError {
    /// Money enters a part that it can never leave.
    #[error("money that enters a loop of {} nodes can never leave it", members.len())]
    Trapped {
        /// The nodes of the loop, ascending.
        members: Vec<u32>,
    },
    /// The sweeps did not settle.
    #[error(
        "the flow in a loop of {members} nodes cannot be told to 12 digits: {missed:e} of what \
         enters may be misplaced; too little leaves the loop on each round"
    )]
    Unsettled {
        /// How many nodes.
        members: usize,
        /// Share of what entered that may be misplaced.
        missed: f64,
    },
}

impl Chain {
    /// A chain whose rows leave what they do not pass on.
    ///
    /// Where exits are known exactly, set them: a small difference of large
    /// sums loses digits.
    pub fn new(offsets: Vec<usize>, targets: Vec<u32>, probabilities: Vec<f64>) -> Self {
        let exit = |row: &[usize]| {
            let passed = maths::sum(probabilities[row[0]..row[1]].iter().copied());
            (1.0 - passed).max(0.0)
        };
        let exits = offsets.windows(2).map(exit).collect();
        Self { offsets, targets, probabilities, exits }
    }

    fn row(&self, node: u32) -> impl Iterator<Item = (u32, f64)> + '_ {
        let range = self.offsets[node as usize]..self.offsets[node as usize + 1];
        self.targets[range.clone()].iter().copied().zip(self.probabilities[range].iter().copied())
    }
}

/// Parts up to this size are eliminated, larger ones are swept.
const ELIMINATED_MAX: usize = 600;
/// Parts up to this size are eliminated where sweeps do not settle.
const RESCUED_MAX: usize = 2_000;
/// Sweeps end when no more than this share of what entered can be misplaced.
const SETTLED: f64 = 2e-14;
/// This much is accepted where rounding lets it fall no further.
const STALLED: f64 = 1e-12;
/// Sweeps without progress before they count as stalled.
const PATIENCE: u32 = 8;
const SWEEPS_MAX: usize = 20_000;
/// Below this a node that pays itself counts as keeping nothing: its exits are a
/// difference of rounded shares.
const NO_EXIT: f64 = 1e-15;

/// What arrives at each node in all, for what enters at each node.
///
/// Equal inputs give equal bits on every machine: only `+ − × ÷`, in a fixed
/// order.
pub fn solve(chain: &Chain, entries: &[f64]) -> Result<Vec<f64>, AbsorbingError> {
    let mut arrived = entries.to_vec();
    let graph = Digraph { offsets: &chain.offsets, targets: &chain.targets };
    let mut place = vec![OUTSIDE; entries.len()];
    for part in condense(&graph).parts() {
        if part.iter().all(|node| arrived[*node as usize] <= 0.0) {
            continue;
        }
        if let [node] = part {
            close_loop(chain, *node, &mut arrived)?;
        } else {
            let inner = Part::new(chain, part, &mut place);
            let entered: Vec<f64> = part.iter().map(|node| arrived[*node as usize]).collect();
            let solved = inner.solve(&entered).map_err(|error| match error {
                AbsorbingError::Trapped { .. } => {
                    AbsorbingError::Trapped { members: part.to_vec() }
                }
                other => other,
            })?;
            for (node, value) in part.iter().zip(solved) {
                arrived[*node as usize] = value;
            }
            inner.pass_on(chain, part, &place, &mut arrived);
            for node in part {
                place[*node as usize] = OUTSIDE;
            }
        }
    }
    Ok(arrived)
}

const OUTSIDE: u32 = u32::MAX;

/// A single node, perhaps with a loop to itself.
fn close_loop(chain: &Chain, node: u32, arrived: &mut [f64]) -> Result<(), AbsorbingError> {
    let mut own = 0.0;
    let mut onward = chain.exits[node as usize];
    for (target, share) in chain.row(node) {
        if target == node {
            own += share;
        } else {
            onward += share;
        }
    }
    if own > 0.0 {
        if onward <= NO_EXIT {
            return Err(AbsorbingError::Trapped { members: vec![node] });
        }
        arrived[node as usize] /= onward / (own + onward);
    }
    let value = arrived[node as usize];
    for (target, share) in chain.row(node) {
        if target != node {
            arrived[target as usize] += value * share;
        }
    }
    Ok(())
}

/// A strongly connected part of several nodes, with numbers of its own.
#[derive(Debug, Default)]
pub(crate) struct Part {
    /// Where each member's row of arrivals begins; one more entry than members.
    pub(crate) offsets: Vec<usize>,
    /// What arrives, row by row.
    pub(crate) arrivals: Vec<Arrival>,
    /// Share that leaves the part at each member.
    pub(crate) exits: Vec<f64>,
}

/// A way from one member to another.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Arrival {
    /// From which member.
    pub(crate) source: u32,
    /// The caller's own number for it.
    pub(crate) leg: u32,
    /// Which share of what passes through that member.
    pub(crate) share: f64,
}

impl Part {
    fn new(chain: &Chain, members: &[u32], place: &mut [u32]) -> Self {
        for (local, node) in (0_u32..).zip(members) {
            place[*node as usize] = local;
        }
        let mut offsets = vec![0_usize; members.len() + 1];
        let mut exits = vec![0.0; members.len()];
        for (local, node) in members.iter().enumerate() {
            exits[local] = chain.exits[*node as usize];
            for (target, share) in chain.row(*node) {
                match place[target as usize] {
                    OUTSIDE => exits[local] += share,
                    inner => offsets[inner as usize + 1] += 1,
                }
            }
        }
        for local in 0..members.len() {
            offsets[local + 1] += offsets[local];
        }
        let mut next = offsets.clone();
        let mut arrivals = vec![Arrival::default(); offsets[members.len()]];
        for (source, node) in (0_u32..).zip(members) {
            for (target, share) in chain.row(*node) {
                let inner = place[target as usize];
                if inner != OUTSIDE {
                    let slot = &mut next[inner as usize];
                    arrivals[*slot] = Arrival { source, leg: 0, share };
                    *slot += 1;
                }
            }
        }
        Self { offsets, arrivals, exits }
    }

    fn len(&self) -> usize {
        self.exits.len()
    }

    /// Whether it is solved by elimination.
    pub(crate) fn is_small(&self) -> bool {
        self.len() <= ELIMINATED_MAX
    }

    /// The ways that lead to a member.
    pub(crate) fn arrivals(&self, member: usize) -> &[Arrival] {
        &self.arrivals[self.offsets[member]..self.offsets[member + 1]]
    }

    /// What passes through each member, for what enters at each.
    pub(crate) fn solve(&self, entered: &[f64]) -> Result<Vec<f64>, AbsorbingError> {
        if self.exits.iter().all(|exit| *exit <= 0.0) {
            return Err(AbsorbingError::Trapped { members: Vec::new() });
        }
        if self.is_small() {
            return Ok(self.eliminate().solve(entered));
        }
        match self.sweep(entered) {
            Err(_) if self.len() <= RESCUED_MAX => Ok(self.eliminate().solve(entered)),
            swept => swept,
        }
    }

    /// Grassmann–Taksar–Heyman: members leave one by one, the last first.
    pub(crate) fn eliminate(&self) -> Eliminated {
        let size = self.len();
        let mut shares = vec![0.0; size * size];
        for member in 0..size {
            for way in self.arrivals(member) {
                shares[way.source as usize * size + member] += way.share;
            }
        }
        let mut exits = self.exits.clone();
        let mut onward = vec![0.0; size];
        for gone in (0..size).rev() {
            let row = shares[gone * size..gone * size + gone].to_vec();
            let all = maths::sum(row.iter().copied().chain([exits[gone]]));
            onward[gone] = all;
            for left in 0..gone {
                let via = shares[left * size + gone] / all;
                if via > 0.0 {
                    exits[left] += via * exits[gone];
                    let target = &mut shares[left * size..left * size + gone];
                    for (target, share) in target.iter_mut().zip(&row) {
                        *target += via * share;
                    }
                }
            }
        }
        Eliminated { shares, onward }
    }

    /// Gauss–Seidel; after each sweep all values are scaled so that what leaves
    /// equals what entered, which removes the slowest error.
    ///
    /// All that a sweep moved bounds what `x = b + Pᵀx` still misses, and a unit
    /// missed leaves the part as one unit: so the bound, as a share of what
    /// entered, is the share of all exits that may be misplaced.
    fn sweep(&self, entered: &[f64]) -> Result<Vec<f64>, AbsorbingError> {
        let total = maths::sum(entered.iter().copied());
        let mut value = entered.to_vec();
        let (mut best, mut stalled) = (f64::INFINITY, 0);
        for _ in 0..SWEEPS_MAX {
            let moved = self.sweep_once(entered, &mut value);
            let left = self.leaving(&value);
            let scale = if left > 0.0 { total / left } else { 1.0 };
            for value in &mut value {
                *value *= scale;
            }
            let missed = moved / total + (scale - 1.0).abs();
            if missed <= SETTLED {
                return Ok(value);
            }
            stalled = if missed < best { 0 } else { stalled + 1 };
            best = best.min(missed);
            if stalled >= PATIENCE {
                if best <= STALLED {
                    return Ok(value);
                }
                break;
            }
        }
        Err(AbsorbingError::Unsettled { members: self.len(), missed: best })
    }

    /// One sweep over all members; the sum of all changes.
    fn sweep_once(&self, entered: &[f64], value: &mut [f64]) -> f64 {
        let mut moved = 0.0_f64;
        for (member, entry) in entered.iter().enumerate() {
            let (mut inflow, mut own) = (*entry, 0.0);
            for way in self.arrivals(member) {
                if way.source as usize == member {
                    own += way.share;
                } else {
                    inflow += value[way.source as usize] * way.share;
                }
            }
            let fresh = if own > 0.0 { inflow / (1.0 - own) } else { inflow };
            moved += (fresh - value[member]).abs();
            value[member] = fresh;
        }
        moved
    }

    fn leaving(&self, value: &[f64]) -> f64 {
        maths::sum(value.iter().zip(&self.exits).map(|(value, exit)| value * exit))
    }

    /// Hands what leaves the part to the nodes outside.
    fn pass_on(&self, chain: &Chain, members: &[u32], place: &[u32], arrived: &mut [f64]) {
        debug_assert_eq!(self.len(), members.len());
        for node in members {
            let value = arrived[*node as usize];
            for (target, share) in chain.row(*node) {
                if place[target as usize] == OUTSIDE {
                    arrived[target as usize] += value * share;
                }
            }
        }
    }
}

/// A part whose members were eliminated: solves for any entries, of either sign.
#[derive(Debug)]
pub(crate) struct Eliminated {
    /// Shares between members, row by row, as they were when each left.
    shares: Vec<f64>,
    /// Share of what passes through a member that did not return to it.
    onward: Vec<f64>,
}

impl Eliminated {
    /// What passes through each member, for what enters at each.
    pub(crate) fn solve(&self, entered: &[f64]) -> Vec<f64> {
        let size = self.onward.len();
        let mut value = entered.to_vec();
        for gone in (0..size).rev() {
            let passed = value[gone] / self.onward[gone];
            let row = &self.shares[gone * size..gone * size + gone];
            for (left, share) in value[..gone].iter_mut().zip(row) {
                *left += passed * share;
            }
        }
        for member in 0..size {
            let inner =
                (0..member).map(|source| value[source] * self.shares[source * size + member]);
            value[member] = maths::sum(inner.chain([value[member]])) / self.onward[member];
        }
        value
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn chain(rows: &[&[(u32, f64)]]) -> Chain {
        let mut offsets = vec![0];
        let (mut targets, mut probabilities) = (Vec::new(), Vec::new());
        for row in rows {
            targets.extend(row.iter().map(|edge| edge.0));
            probabilities.extend(row.iter().map(|edge| edge.1));
            offsets.push(targets.len());
        }
        Chain::new(offsets, targets, probabilities)
    }

    fn assert_close(found: &[f64], expected: &[f64]) {
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() <= 1e-12 * expected.abs(), "{found} {expected}");
        }
    }

    // Worked examples.

    #[test]
    fn half_of_a_loop_comes_back() {
        // 100 enters; half returns each time: 100 + 50 + 25 + … = 200.
        let looped = chain(&[&[(0, 0.5), (1, 0.25)], &[]]);
        assert_close(&solve(&looped, &[100.0, 0.0]).unwrap(), &[200.0, 50.0]);
    }

    #[test]
    fn two_that_fund_each_other() {
        // x₀ = 90 + x₁/3, x₁ = x₀/2: x₀ = 108, x₁ = 54.
        let pair = chain(&[&[(1, 0.5)], &[(0, 1.0 / 3.0), (2, 0.5)], &[]]);
        assert_close(&solve(&pair, &[90.0, 0.0, 0.0]).unwrap(), &[108.0, 54.0, 27.0]);
    }

    #[test]
    fn tiny_exits_keep_their_digits() {
        let exit = 1e-9;
        let mut pair = chain(&[&[(1, 1.0)], &[(0, 1.0 - exit)]]);
        pair.exits = vec![0.0, exit];
        assert_close(&solve(&pair, &[1.0, 0.0]).unwrap(), &[1.0 / exit, 1.0 / exit]);
    }

    /// Two rings that hardly know each other: exits and the way between them are
    /// a billionth.
    fn two_rings(members: usize) -> (Chain, Vec<f64>) {
        let tiny = 1e-9;
        let (mut rows, mut exits) = (Vec::new(), Vec::new());
        for (ring, exit, across) in [(0, tiny, tiny), (1, 3.0 * tiny, 2.0 * tiny)] {
            for member in 0..members {
                let next = |ring: usize, member: usize| {
                    u32::try_from(ring * members + member % members).unwrap()
                };
                let mut row = vec![(next(ring, member + 1), 1.0)];
                let mut leaves = 0.0;
                if member == 0 {
                    row = vec![(next(ring, 1), 1.0 - exit - across), (next(1 - ring, 1), across)];
                    leaves = exit;
                }
                rows.push(row);
                exits.push(leaves);
            }
        }
        let rows: Vec<&[(u32, f64)]> = rows.iter().map(Vec::as_slice).collect();
        let entries = (0..2 * members).map(|at| f64::from(u8::from(at == 1))).collect();
        (Chain { exits, ..chain(&rows) }, entries)
    }

    #[test]
    fn loosely_joined_rings_are_solved_or_refused_never_guessed() {
        // Of 1 entering the first ring, 5/8 leave it and 3/8 the second.
        for members in [10, 49, 60, 300, 900] {
            let (chain, entries) = two_rings(members);
            let found = solve(&chain, &entries).unwrap();
            let left = [found[0] * chain.exits[0], found[members] * chain.exits[members]];
            assert!((left[0] - 0.625).abs() < 1e-7, "{members}: {left:?}");
            assert!((left[1] - 0.375).abs() < 1e-7, "{members}: {left:?}");
        }
        let (chain, entries) = two_rings(1_500);
        let error = solve(&chain, &entries).unwrap_err();
        assert!(matches!(error, AbsorbingError::Unsettled { members: 3_000, .. }), "{error}");
    }

    // Refusals.

    #[test]
    fn a_loop_without_exit_is_named() {
        let trap = chain(&[&[(1, 1.0)], &[(2, 1.0)], &[(1, 1.0)]]);
        let error = solve(&trap, &[1.0, 0.0, 0.0]).unwrap_err();
        assert_eq!(error, AbsorbingError::Trapped { members: vec![1, 2] });
        let own = chain(&[&[(0, 1.0)]]);
        let error = solve(&own, &[1.0]).unwrap_err();
        assert_eq!(error, AbsorbingError::Trapped { members: vec![0] });
        assert!(solve(&trap, &[0.0, 0.0, 0.0]).is_ok(), "no money enters it");
    }

    // Reference: dense Gaussian elimination with pivoting of (I − Pᵀ) x = b.

    fn dense(chain: &Chain, entries: &[f64]) -> Vec<f64> {
        let size = entries.len();
        let mut rows: Vec<Vec<f64>> = (0..size)
            .map(|i| (0..=size).map(|j| if i == j { 1.0 } else { 0.0 }).collect())
            .collect();
        for node in 0..u32::try_from(size).unwrap() {
            for (target, share) in chain.row(node) {
                rows[target as usize][node as usize] -= share;
            }
        }
        for (row, entry) in rows.iter_mut().zip(entries) {
            row[size] = *entry;
        }
        for column in 0..size {
            let pivot = (column..size)
                .max_by(|a, b| rows[*a][column].abs().total_cmp(&rows[*b][column].abs()))
                .unwrap();
            rows.swap(column, pivot);
            let top = rows[column].clone();
            for row in rows.iter_mut().skip(column + 1) {
                let factor = row[column] / top[column];
                row.iter_mut().zip(&top).skip(column).for_each(|(a, b)| *a -= factor * b);
            }
        }
        let mut solution = vec![0.0; size];
        for at in (0..size).rev() {
            let known: f64 = (at + 1..size).map(|j| rows[at][j] * solution[j]).sum();
            solution[at] = (rows[at][size] - known) / rows[at][at];
        }
        solution
    }

    fn random_chain(nodes: u32, out: usize) -> impl Strategy<Value = (Chain, Vec<f64>)> {
        let row = (prop::collection::vec((0..nodes, 1_u32..100), 0..out), 5_u32..200);
        let rows = prop::collection::vec(row, nodes as usize);
        (rows, prop::collection::vec(0.0..1e9_f64, nodes as usize)).prop_map(|(rows, entries)| {
            let (mut offsets, mut targets, mut shares) = (vec![0], Vec::new(), Vec::new());
            for (row, exit) in rows {
                let sum = f64::from(row.iter().map(|leg| leg.1).sum::<u32>() + exit);
                targets.extend(row.iter().map(|leg| leg.0));
                shares.extend(row.iter().map(|leg| f64::from(leg.1) / sum));
                offsets.push(targets.len());
            }
            (Chain::new(offsets, targets, shares), entries)
        })
    }

    proptest! {
        #[test]
        fn agrees_with_a_dense_solution((chain, entries) in random_chain(20, 5)) {
            let expected = dense(&chain, &entries);
            let found = solve(&chain, &entries).unwrap();
            for (found, expected) in found.iter().zip(&expected) {
                prop_assert!((found - expected).abs() <= 1e-12 * expected.abs().max(1e-3));
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]

        #[test]
        fn large_parts_agree_too((chain, entries) in random_chain(150, 6)) {
            let expected = dense(&chain, &entries);
            let found = solve(&chain, &entries).unwrap();
            for (found, expected) in found.iter().zip(&expected) {
                prop_assert!((found - expected).abs() <= 1e-11 * expected.abs().max(1e-3));
            }
        }

        #[test]
        fn sweeps_agree_with_elimination((chain, entries) in random_chain(150, 6)) {
            let graph = Digraph { offsets: &chain.offsets, targets: &chain.targets };
            let order = condense(&graph);
            let largest = order.parts().max_by_key(|part| part.len()).unwrap();
            prop_assume!(largest.len() > 50);
            let part = Part::new(&chain, largest, &mut vec![OUTSIDE; entries.len()]);
            let entered = &entries[..largest.len()];
            let exact = part.eliminate().solve(entered);
            for (found, expected) in part.sweep(entered).unwrap().iter().zip(&exact) {
                prop_assert!((found - expected).abs() <= 1e-12 * expected.abs().max(1e-3));
            }
        }

        #[test]
        fn what_enters_leaves((chain, entries) in random_chain(150, 6)) {
            let found = solve(&chain, &entries).unwrap();
            let left = maths::sum(found.iter().zip(&chain.exits).map(|(x, exit)| x * exit));
            let entered = maths::sum(entries.iter().copied());
            prop_assert!((left - entered).abs() <= 1e-12 * entered);
        }
    }
}
