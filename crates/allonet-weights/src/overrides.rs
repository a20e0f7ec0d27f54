//! Judgements in place of structural defaults.
//!
//! Three tables, each optional, each checked as a whole before anything changes:
//!
//! | table                | says                                                    |
//! |----------------------|---------------------------------------------------------|
//! | `repo,parent,weight` | how `parent` divides what it passes on                  |
//! | `repo,originality`   | what `repo` keeps of its inflow                         |
//! | `node,share`         | where money enters, in proportion; all others nothing   |
//!
//! # How rows of a parent change its weights
//!
//! * A given row keeps its value, as a part of what the parent passes on.
//! * The other dependencies of the parent share what remains, in proportion to
//!   the weights they had (equally if these were zero).
//! * If every dependency of the parent is given, the rows are proportions and
//!   are scaled to add up to one exactly; published files add up to 0.97 to 1.
//! * Rows that add up to more than one are refused.
//!
//! Weights are floats only here; inside the network they are whole numbers.
//!
//! # Example
//!
//! ```
//! use allonet_weights::graph::{EdgeKind, GraphBuilder};
//! use allonet_weights::import::{ReadOptions, weight_csv};
//! use allonet_weights::overrides::override_weights;
//! use allonet_weights::structural::{Settings, weigh};
//!
//! let mut builder = GraphBuilder::default();
//! let [app, a, b, c] = ["app", "a", "b", "c"].map(|id| builder.list(id));
//! builder.mark_root(app);
//! for dependency in [a, b, c] {
//!     builder.edge(app, dependency, EdgeKind::Normal, None);
//! }
//! let mut network = weigh(&builder.finish(), &Settings::default())?;
//!
//! // The jury says 0.5 for a; b and c share the rest.
//! let rows = weight_csv::rows("repo,parent,weight\na,app,0.5\n", &ReadOptions::default())?;
//! override_weights(&mut network, &rows)?;
//! let app = network.index("app").expect("it was listed");
//! let percent: Vec<u64> =
//!     network.dependencies(app).map(|(_, weight)| weight / 10_000_000_000_000_000).collect();
//! assert_eq!(percent, [50, 25, 25]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::collections::BTreeMap;

use allonet_core::table::Column;
use thiserror::Error;

use crate::apportion::{apportion, quantise};
use crate::import::weight_csv::WeightRow;
use crate::import::{ImportError, ReadOptions};
use crate::rows::{Row, Sheet};
use crate::structural::{SLACK, WeightError, refuse_trapped};
use crate::weighted::{WHOLE, WeightedGraph, equal_shares, share};

/// Why rows were refused. Nothing is changed then.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum OverrideError {
    /// A row names a node the network does not have.
    #[error(
        "line {line}: the network has no `{id}`; check the spelling, or add an alias \
         if the repository was renamed"
    )]
    UnknownNode {
        /// The line of the row.
        line: u32,
        /// The id it names.
        id: String,
    },
    /// A row names an edge the network does not have.
    #[error(
        "line {line}: `{parent}` does not depend on `{repo}`; rows can only weigh edges of \
         the graph, add the edge to the graph first"
    )]
    UnknownEdge {
        /// The line of the row.
        line: u32,
        /// The dependency it names.
        repo: String,
        /// The dependent it names.
        parent: String,
    },
    /// Two rows say something about the same thing.
    #[error("line {line}: `{id}` was given before; keep one of the rows")]
    Twice {
        /// The line of the second row.
        line: u32,
        /// What both rows name.
        id: String,
    },
    /// The rows of a parent leave less than nothing for the others.
    #[error(
        "line {line}: the weights given for `{parent}` add up to {sum}, allowed is at most 1; \
         scale them down"
    )]
    AboveOne {
        /// The line of the parent's last row.
        line: u32,
        /// The dependent.
        parent: String,
        /// The sum of its rows.
        sum: f64,
    },
    /// A value is outside its range.
    #[error("line {line}: `{id}` has the value {value}, allowed are {allowed}")]
    Range {
        /// The line of the row.
        line: u32,
        /// The node it names.
        id: String,
        /// Its value.
        value: f64,
        /// What is allowed.
        allowed: &'static str,
    },
    /// All given values are zero, so they divide nothing.
    #[error("{what} are all 0; give at least one a positive value")]
    AllZero {
        /// Which values.
        what: String,
    },
    /// The new values would trap money.
    #[error(transparent)]
    Network(#[from] WeightError),
}

/// One value for one node, from a table.
#[derive(Debug, Clone, PartialEq)]
pub struct ShareRow {
    /// The node.
    pub id: String,
    /// The value, finite and at least zero.
    pub share: f64,
    /// The line it stands on, from one.
    pub line: u32,
}

/// Replaces weights by given rows; see the [module](self) for the rules.
pub fn override_weights(
    network: &mut WeightedGraph,
    rows: &[WeightRow],
) -> Result<(), OverrideError> {
    let mut by_parent: BTreeMap<u32, BTreeMap<usize, &WeightRow>> = BTreeMap::new();
    for row in rows {
        check_range(row.line, &row.repo, row.weight, f64::MAX, "finite numbers from 0")?;
        let parent = find(network, &row.parent, row.line)?;
        let repo = find(network, &row.repo, row.line)?;
        let edge = network.position(parent, repo).ok_or_else(|| OverrideError::UnknownEdge {
            line: row.line,
            repo: row.repo.clone(),
            parent: row.parent.clone(),
        })?;
        if by_parent.entry(parent).or_default().insert(edge, row).is_some() {
            let id = format!("{} under {}", row.repo, row.parent);
            return Err(OverrideError::Twice { line: row.line, id });
        }
    }
    let mut changed = network.clone();
    for (parent, given) in by_parent {
        let range = network.range(parent);
        let weights = replaced(network, range.clone(), &given)?;
        changed.weights[range].copy_from_slice(&weights);
    }
    refuse_trapped(&changed)?;
    *network = changed;
    Ok(())
}

/// The weights of one parent after its rows are applied.
fn replaced(
    network: &WeightedGraph,
    range: std::ops::Range<usize>,
    given: &BTreeMap<usize, &WeightRow>,
) -> Result<Vec<u64>, OverrideError> {
    let values = || given.values().map(|row| row.weight);
    let sum: f64 = values().sum();
    let parent = || given.values().next().map_or(String::new(), |row| row.parent.clone());
    if sum > 1.0 + SLACK {
        let line = given.values().map(|row| row.line).max().unwrap_or_default();
        return Err(OverrideError::AboveOne { line, parent: parent(), sum });
    }
    if given.len() == range.len() {
        let scores: Vec<f64> = values().collect();
        let what = || format!("the weights given for `{}`", parent());
        return apportion(&quantise(&scores), WHOLE)
            .ok_or_else(|| OverrideError::AllZero { what: what() });
    }
    let mut left = WHOLE;
    let mut weights = vec![0; range.len()];
    for (&edge, row) in given {
        // Rounding may bring the sum above one by a few units: the last give way.
        let weight = share(row.weight.min(1.0)).min(left);
        left -= weight;
        weights[edge - range.start] = weight;
    }
    let others: Vec<usize> = range.clone().filter(|edge| !given.contains_key(edge)).collect();
    let before: Vec<u128> = others.iter().map(|&edge| u128::from(network.weights[edge])).collect();
    let parts = apportion(&before, left).unwrap_or_else(|| equal_shares(others.len(), left));
    for (edge, part) in others.into_iter().zip(parts) {
        weights[edge - range.start] = part;
    }
    Ok(weights)
}

/// Replaces own shares: each row's value from 0 to 1 is what the node keeps.
///
/// A node without dependencies keeps everything whatever the row says, as there
/// is nobody to pass money on to.
pub fn override_originality(
    network: &mut WeightedGraph,
    rows: &[ShareRow],
) -> Result<(), OverrideError> {
    let mut changed = network.clone();
    for (node, row) in by_node(network, rows, 1.0, "numbers from 0 to 1")? {
        let alone = network.targets[network.range(node)].iter().all(|&target| target == node);
        changed.own_shares[node as usize] = if alone { WHOLE } else { share(row.share) };
    }
    refuse_trapped(&changed)?;
    *network = changed;
    Ok(())
}

/// Replaces the sources: money enters at the nodes of the rows, in proportion.
pub fn override_sources(
    network: &mut WeightedGraph,
    rows: &[ShareRow],
) -> Result<(), OverrideError> {
    let found = by_node(network, rows, f64::MAX, "finite numbers from 0")?;
    let scores: Vec<f64> = found.values().map(|row| row.share).collect();
    let what = || "the shares of the sources".to_owned();
    let shares = apportion(&quantise(&scores), WHOLE)
        .ok_or_else(|| OverrideError::AllZero { what: what() })?;
    network.sources = found.into_keys().zip(shares).collect();
    Ok(())
}

/// Reads a table of what repositories keep, with the columns `repo` and
/// `originality`.
pub fn originality_rows(text: &str, options: &ReadOptions) -> Result<Vec<ShareRow>, ImportError> {
    let values = &["originality", "average_originality", "own_share"];
    share_rows("originality CSV", text, Column::required(values), 1.0, options)
}

/// Reads a table of where money enters, with the columns `node` and `share`.
pub fn source_rows(text: &str, options: &ReadOptions) -> Result<Vec<ShareRow>, ImportError> {
    let values = &["share", "weight"];
    share_rows("source CSV", text, Column::required(values), 1e12, options)
}

fn share_rows(
    format: &'static str,
    text: &str,
    value: Column,
    largest: f64,
    options: &ReadOptions,
) -> Result<Vec<ShareRow>, ImportError> {
    let columns = [Column::required(&["repo", "node", "id"]), value];
    let table = Sheet::read(format, text, &columns)?;
    let row = |row: Row| {
        let id = row.repository(0, options)?;
        Ok(ShareRow { id, share: row.number(1, largest)?, line: row.line() })
    };
    table.rows().map(row).collect()
}

/// Rows by the node they name, each node once.
fn by_node<'r>(
    network: &WeightedGraph,
    rows: &'r [ShareRow],
    largest: f64,
    allowed: &'static str,
) -> Result<BTreeMap<u32, &'r ShareRow>, OverrideError> {
    let mut found = BTreeMap::new();
    for row in rows {
        check_range(row.line, &row.id, row.share, largest, allowed)?;
        if found.insert(find(network, &row.id, row.line)?, row).is_some() {
            return Err(OverrideError::Twice { line: row.line, id: row.id.clone() });
        }
    }
    Ok(found)
}

fn find(network: &WeightedGraph, id: &str, line: u32) -> Result<u32, OverrideError> {
    network.index(id).ok_or_else(|| OverrideError::UnknownNode { line, id: id.to_owned() })
}

fn check_range(
    line: u32,
    id: &str,
    value: f64,
    largest: f64,
    allowed: &'static str,
) -> Result<(), OverrideError> {
    if (0.0..=largest).contains(&value) {
        return Ok(());
    }
    Err(OverrideError::Range { line, id: id.to_owned(), value, allowed })
}
