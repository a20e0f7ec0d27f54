//! CSV with the columns `repo,parent,weight`: one row per edge, from the parent
//! to the repository it depends on.
//!
//! The delimiter may be comma, semicolon or tab. A parent nobody depends on,
//! such as the `ethereum` of published files, is a root.
//!
//! The same table overrides weights, see [`crate::overrides`].

use std::collections::BTreeMap;

use allonet_core::table::Column;

use super::{ImportError, ReadOptions, note_missing_root};
use crate::graph::{DependencyGraph, EdgeKind, GraphBuilder};
use crate::rows::Sheet;

pub(super) const FORMAT: &str = "weight CSV";

/// Weights are relative; beyond this size a unit must have been mistaken.
pub(super) const LARGEST_WEIGHT: f64 = 1e12;

const COLUMNS: [Column; 3] = [
    Column::required(&["repo", "dependency", "dependency_repo", "child", "target"]),
    Column::required(&["parent", "dependent", "seed_repo", "seed", "source"]),
    Column::required(&["weight", "share"]),
];

/// One row: the weight of `repo` among what `parent` depends on.
#[derive(Debug, Clone, PartialEq)]
pub struct WeightRow {
    /// The dependency.
    pub repo: String,
    /// The dependent.
    pub parent: String,
    /// Its weight, from 0 to 1e12.
    pub weight: f64,
    /// The line it stands on, from one.
    pub line: u32,
}

/// Reads a table as a graph with given weights.
pub fn read(text: &str, options: &ReadOptions) -> Result<DependencyGraph, ImportError> {
    let mut builder = GraphBuilder::default();
    for row in rows(text, options)? {
        let (parent, repo) = (builder.list(&row.parent), builder.list(&row.repo));
        builder.edge(parent, repo, EdgeKind::Unknown, Some(row.weight));
    }
    builder.mark_sources_as_roots();
    note_missing_root(&mut builder);
    Ok(builder.finish())
}

/// Reads a table as rows, in the order of the file.
///
/// Refuses a table without rows, and two rows for one edge.
pub fn rows(text: &str, options: &ReadOptions) -> Result<Vec<WeightRow>, ImportError> {
    let table = Sheet::read(FORMAT, text, &COLUMNS)?;
    let mut rows: Vec<WeightRow> = Vec::new();
    let mut seen: BTreeMap<(String, String), u32> = BTreeMap::new();
    for row in table.rows() {
        let repo = row.repository(0, options)?;
        let parent = row.repository(1, options)?;
        let weight = row.number(2, LARGEST_WEIGHT)?;
        let line = row.line();
        if let Some(first) = seen.insert((parent.clone(), repo.clone()), line) {
            return Err(row.refuse(
                0,
                &format!("`{repo}` under `{parent}` again, first on line {first}"),
                "one row for each repo and parent",
                "remove one of the rows; different addresses may be the same repository",
            ));
        }
        rows.push(WeightRow { repo, parent, weight, line });
    }
    if rows.is_empty() {
        let hint = "write one row for each edge";
        return Err(ImportError::whole(FORMAT, "a header without rows", "at least one row", hint));
    }
    Ok(rows)
}

/// Whether a text has the header of such a table.
pub(super) fn fits(text: &str) -> bool {
    Sheet::fits(text, &COLUMNS)
}
