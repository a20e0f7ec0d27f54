//! A graph along which credit is passed on, read from tables, and the flow of
//! credit through it.

use std::collections::BTreeMap;
use std::sync::Arc;

use allonet_core::absorbing::{AbsorbingError, Chain, solve};
use allonet_core::fault::{Fault, SourceFile};
use allonet_core::maths;
use allonet_core::table::{Column, Faults, Row, Table};
use rustc_hash::FxHashMap;

/// Who passes credit on to whom, as read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Edges {
    /// Each name once, in the order found.
    names: Vec<String>,
    /// Numbers of names, and the weight.
    rows: Vec<(u32, u32, f64)>,
}

/// The largest number that may stand in a cell, and how it is written.
type Bound = (f64, &'static str);
/// Sums of all rows stay finite.
const WEIGHT_MAX: Bound = (1e30, "10^30");
const ORIGINALITY_MAX: Bound = (1.0, "1");

const FIRST: usize = 0;
const SECOND: usize = 1;
const WEIGHT: usize = 2;
const EDGES: &[Column] = &[
    Column::required(&["parent", "source", "dependent", "from", "seed_repo"]),
    Column::required(&["repo", "target", "dependency", "to", "dependency_repo"]),
    Column::optional(&["weight", "share"]),
];
const SHARES: &[Column] = &[
    Column::required(&["node", "repo", "id", "project", "source"]),
    Column::required(&["share", "weight", "amount"]),
];
const ORIGINALITY: &[Column] = &[
    Column::required(&["node", "repo", "id", "project"]),
    Column::required(&["originality", "score"]),
];

/// Reads the edges; without a column of weights all weigh the same.
pub(crate) fn read_edges(
    file: &Arc<SourceFile>,
    name: fn(&str) -> String,
) -> Result<Edges, Vec<Fault>> {
    let table = Table::read(file, EDGES)?;
    let (mut cells, mut numbers) = (Vec::new(), FxHashMap::default());
    let (mut rows, mut faults) = (Vec::with_capacity(table.len()), Faults::new());
    for row in table.rows() {
        let mut node = |column| {
            let cell = row.cell(column);
            if cell.is_empty() {
                faults.push(nameless(&row, column));
            }
            *numbers.entry(cell).or_insert_with(|| {
                cells.push(cell);
                u32::try_from(cells.len() - 1).expect("a table has fewer than 2³² cells")
            })
        };
        let (parent, repo) = (node(FIRST), node(SECOND));
        let weight = if table.has(WEIGHT) { number(&row, WEIGHT, WEIGHT_MAX) } else { Ok(1.0) };
        match weight {
            Ok(weight) => rows.push((parent, repo, weight)),
            Err(fault) => faults.push(fault),
        }
    }
    faults.or(Edges { names: cells.into_iter().map(name).collect(), rows })
}

fn nameless(row: &Row<'_>, column: usize) -> Fault {
    row.fault(column, "no-node", "this row names no node")
}

/// Reads where credit enters. A node on several rows gets the sum.
pub(crate) fn read_shares(
    file: &Arc<SourceFile>,
    name: fn(&str) -> String,
) -> Result<BTreeMap<String, f64>, Vec<Fault>> {
    let mut shares = BTreeMap::new();
    for (id, share, _) in read_numbers(file, SHARES, WEIGHT_MAX, name)? {
        *shares.entry(id).or_insert(0.0) += share;
    }
    Ok(shares)
}

/// Reads what part of its credit each node keeps.
pub(crate) fn read_originality(
    file: &Arc<SourceFile>,
    name: fn(&str) -> String,
) -> Result<BTreeMap<String, f64>, Vec<Fault>> {
    let (mut found, mut faults) = (BTreeMap::new(), Faults::new());
    for (id, originality, again) in read_numbers(file, ORIGINALITY, ORIGINALITY_MAX, name)? {
        if let Some(other) = found.insert(id.clone(), originality)
            && other.to_bits() != originality.to_bits()
        {
            let text = format!("`{id}` has the originality {originality} here and {other} above");
            faults.push(Fault { message: text, ..again });
        }
    }
    faults.or(found)
}

/// Rows of an id and a number, each with a fault in case it is one too many.
fn read_numbers(
    file: &Arc<SourceFile>,
    columns: &[Column],
    most: Bound,
    name: fn(&str) -> String,
) -> Result<Vec<(String, f64, Fault)>, Vec<Fault>> {
    let table = Table::read(file, columns)?;
    let (mut read, mut faults) = (Vec::with_capacity(table.len()), Faults::new());
    for row in table.rows() {
        let again = row.fault(SECOND, "two-values", "a second value for one node");
        match (id(&row, FIRST, name), number(&row, SECOND, most)) {
            (Ok(id), Ok(number)) => read.push((id, number, again)),
            (id, number) => id.err().into_iter().chain(number.err()).for_each(|f| faults.push(f)),
        }
    }
    faults.or(read)
}

fn id(row: &Row<'_>, column: usize, name: fn(&str) -> String) -> Result<String, Fault> {
    let id = name(row.cell(column));
    if id.is_empty() { Err(nameless(row, column)) } else { Ok(id) }
}

fn number(row: &Row<'_>, column: usize, (most, shown): Bound) -> Result<f64, Fault> {
    let text = row.cell(column);
    let number = text.parse::<f64>().ok().filter(|number| (0.0..=most).contains(number));
    number.ok_or_else(|| {
        row.fault(column, "bad-number", format!("`{text}` is not a number from 0 to {shown}"))
            .help("write it as a decimal, such as 0.25 or 2.5e-1")
    })
}

/// The graph in compressed rows, nodes and edges in order of their ids.
#[derive(Clone, Debug)]
pub(crate) struct Graph {
    /// Sorted by bytes.
    pub(crate) nodes: Vec<Arc<str>>,
    pub(crate) offsets: Vec<usize>,
    pub(crate) targets: Vec<u32>,
    /// Each row adds up to one.
    pub(crate) shares: Vec<f64>,
    /// Edges that stood on more than one row.
    pub(crate) merged: usize,
    /// The parent whose weights miss one by most, with their sum, and how many
    /// miss it.
    pub(crate) uneven: Option<(Arc<str>, f64, usize)>,
}

/// Sums of weights this near to one count as one.
const SUM_TOLERANCE: f64 = 1e-6;

impl Graph {
    /// Puts edges and single nodes in order. Weights of one parent are divided
    /// by their sum; a parent whose weights are all zero passes nothing on.
    pub(crate) fn new(edges: &Edges, more: impl Iterator<Item = String>) -> Self {
        let named = edges.names.iter().map(|name| name.as_str().into());
        let mut nodes: Vec<Arc<str>> = named.chain(more.map(Arc::from)).collect();
        nodes.sort();
        nodes.dedup();
        let mut graph = Self {
            offsets: Vec::with_capacity(nodes.len() + 1),
            targets: Vec::with_capacity(edges.rows.len()),
            shares: Vec::with_capacity(edges.rows.len()),
            nodes,
            merged: 0,
            uneven: None,
        };
        let place = |name: &String| graph.find(name).expect("each name is a node");
        let places: Vec<u32> = edges.names.iter().map(place).collect();
        let placed = |(parent, repo, weight): &(u32, u32, f64)| {
            (places[*parent as usize], places[*repo as usize], *weight)
        };
        let mut rows: Vec<(u32, u32, f64)> = edges.rows.iter().map(placed).collect();
        rows.sort_by(|a, b| (a.0, a.1).cmp(&(b.0, b.1)).then_with(|| a.2.total_cmp(&b.2)));
        rows.dedup_by(|next, kept| {
            let same = (next.0, next.1) == (kept.0, kept.1);
            if same {
                kept.2 += next.2;
            }
            same
        });
        graph.merged = edges.rows.len() - rows.len();
        graph.offsets.push(0);
        let mut rest = rows.as_slice();
        for (parent, _) in (0_u32..).zip(0..graph.nodes.len()) {
            let count = rest.iter().take_while(|row| row.0 == parent).count();
            let (row, later) = rest.split_at(count);
            graph.push_row(parent, row);
            rest = later;
        }
        graph
    }

    fn push_row(&mut self, parent: u32, row: &[(u32, u32, f64)]) {
        let sum = maths::sum(row.iter().map(|(_, _, weight)| *weight));
        let miss = |sum: f64| (sum - 1.0).abs();
        if !row.is_empty() && miss(sum) > SUM_TOLERANCE {
            let parent = Arc::clone(&self.nodes[parent as usize]);
            self.uneven = Some(match self.uneven.take() {
                Some((worst, most, count)) if miss(most) >= miss(sum) => (worst, most, count + 1),
                Some((_, _, count)) => (parent, sum, count + 1),
                None => (parent, sum, 1),
            });
        }
        for (_, repo, weight) in row.iter().filter(|(_, _, weight)| *weight > 0.0) {
            self.targets.push(*repo);
            self.shares.push(weight / sum);
        }
        self.offsets.push(self.targets.len());
    }

    /// The number of a node.
    pub(crate) fn find(&self, id: &str) -> Option<u32> {
        let at = self.nodes.binary_search_by(|node| (**node).cmp(id)).ok()?;
        u32::try_from(at).ok()
    }

    /// What a node passes its credit on to.
    pub(crate) fn row(&self, node: usize) -> impl Iterator<Item = (usize, f64)> + '_ {
        let range = self.offsets[node]..self.offsets[node + 1];
        let targets = self.targets[range.clone()].iter().map(|target| *target as usize);
        targets.zip(self.shares[range].iter().copied())
    }

    /// Whether a node passes nothing on.
    pub(crate) fn is_leaf(&self, node: usize) -> bool {
        self.offsets[node] == self.offsets[node + 1]
    }
}

/// Credit on its way, in parts of all that enters.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Flow {
    /// What arrives at each node in all.
    pub(crate) inflow: Vec<f64>,
    /// What stays with it.
    pub(crate) kept: Vec<f64>,
    /// What it passes on.
    pub(crate) passed: Vec<f64>,
}

/// Credit that flows until all of it is kept: `x = s + Wᵀ diag(1 − o) x`.
pub(crate) fn flow(
    graph: &Graph,
    originality: &[f64],
    sources: &[f64],
) -> Result<Flow, AbsorbingError> {
    let onward =
        |node: usize| graph.row(node).map(move |(_, share)| (1.0 - originality[node]) * share);
    let chain = Chain {
        offsets: graph.offsets.clone(),
        targets: graph.targets.clone(),
        probabilities: (0..graph.nodes.len()).flat_map(onward).collect(),
        exits: originality.to_vec(),
    };
    let inflow = solve(&chain, sources)?;
    let part = |rate: &dyn Fn(f64) -> f64| {
        inflow.iter().zip(originality).map(|(inflow, o)| inflow * rate(*o)).collect()
    };
    let (kept, passed) = (part(&|o| o), part(&|o| 1.0 - o));
    Ok(Flow { inflow, kept, passed })
}

/// Credit that is passed on at most `depth` times.
pub(crate) fn flow_to_depth(
    graph: &Graph,
    originality: &[f64],
    sources: &[f64],
    depth: u64,
) -> Flow {
    let nodes = graph.nodes.len();
    let mut flow =
        Flow { inflow: vec![0.0; nodes], kept: vec![0.0; nodes], passed: vec![0.0; nodes] };
    let mut arriving = sources.to_vec();
    for hop in 0..=depth {
        let mut next = vec![0.0; nodes];
        for (node, amount) in arriving.iter().enumerate().filter(|(_, amount)| **amount > 0.0) {
            let passed = if hop < depth { amount * (1.0 - originality[node]) } else { 0.0 };
            flow.inflow[node] += amount;
            flow.kept[node] += amount - passed;
            flow.passed[node] += passed;
            for (target, share) in graph.row(node) {
                next[target] += passed * share;
            }
        }
        if next.iter().all(|amount| *amount <= 0.0) {
            break;
        }
        arriving = next;
    }
    flow
}
