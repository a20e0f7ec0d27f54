//! CSV with the columns `seed_repo,dependency_repo`: one row per reason why a
//! seed depends on a repository. Several packages of one repository are several
//! rows of one edge; they are kept as evidence.
//!
//! Seeds are the roots. The columns `package_name` and `package_url` (a package
//! URL) are read where present, all others are not.

use allonet_core::table::Column;

use super::{ImportError, ReadOptions};
use crate::graph::{DependencyGraph, EdgeKind, GraphBuilder, Package};
use crate::rows::Sheet;

pub(super) const FORMAT: &str = "edge CSV";

const COLUMNS: [Column; 4] = [
    Column::required(&["seed_repo", "seed", "dependent", "source"]),
    Column::required(&["dependency_repo", "dependency", "target"]),
    Column::optional(&["package_name", "package"]),
    Column::optional(&["package_url", "purl"]),
];

/// Reads a table.
pub fn read(text: &str, options: &ReadOptions) -> Result<DependencyGraph, ImportError> {
    let table = Sheet::read(FORMAT, text, &COLUMNS)?;
    if table.is_empty() {
        let hint = "write one row for each dependency";
        return Err(ImportError::whole(FORMAT, "a header without rows", "at least one row", hint));
    }
    let mut builder = GraphBuilder::default();
    for row in table.rows() {
        let seed = builder.list(&row.repository(0, options)?);
        let repository = row.repository(1, options)?;
        let purl = row.optional(3);
        let dependency = match row.optional(2).or(purl) {
            Some(name) => builder.describe(
                &repository,
                Package {
                    name: name.to_owned(),
                    version: None,
                    purl: purl.map(str::to_owned),
                    repository: Some(repository.clone()),
                    licence: None,
                    line: Some(row.line()),
                },
            ),
            None => builder.list(&repository),
        };
        builder.mark_root(seed);
        builder.edge(seed, dependency, EdgeKind::Unknown, None);
    }
    Ok(builder.finish())
}

/// Whether a text has the header of such a table.
pub(super) fn fits(text: &str) -> bool {
    Sheet::fits(text, &COLUMNS)
}
