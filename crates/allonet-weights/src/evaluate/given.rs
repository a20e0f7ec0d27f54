//! Weights from a table, read strictly: a stray character is a fault with its
//! place, never a row that is not there.
//!
//! # Units and shapes
//!
//! One row for each item: `item` (or `repo`) and `weight`, of any common scale,
//! from 0 to 10¹². Items of the comparisons that the table does not name get
//! nothing and are reported; items that are in no comparison are passed over
//! and reported.
//!
//! ```
//! use allonet_core::fault::SourceFile;
//! use allonet_weights::comparisons::Naming;
//! use allonet_weights::evaluate::given::GivenWeights;
//!
//! let file = SourceFile::new("w.csv", "repo,weight\ngeth,0.7\nethers,0.0285C\n");
//! let faults = GivenWeights::read(&file, &Naming::Verbatim).unwrap_err();
//! assert!(faults[0].to_string().starts_with("w.csv:3:8: `0.0285C` is no weight"));
//! ```

use std::collections::BTreeMap;
use std::sync::Arc;

use allonet_core::fault::{Fault, SourceFile};
use allonet_core::maths;
use allonet_core::table::{Column, Faults, Row, Table};

use crate::comparisons::Naming;

const COLUMNS: &[Column] = &[
    Column::required(&["item", "repo", "repository", "project", "id", "name"]),
    Column::required(&["weight", "share"]),
];
const ITEM: usize = 0;
const WEIGHT: usize = 1;

/// Weights are relative; beyond this size a unit must have been mistaken.
const LARGEST: f64 = 1e12;

/// Weights by item.
#[derive(Debug, Clone, PartialEq)]
pub struct GivenWeights(BTreeMap<String, f64>);

/// Weights in the order of items, and what does not match.
#[derive(Debug, Clone, PartialEq)]
pub struct Matched {
    /// One for each item; zero for those that are missing.
    pub weights: Vec<f64>,
    /// Items that the table does not name.
    pub missing: Vec<String>,
    /// Names in the table that are no items.
    pub unused: Vec<String>,
}

impl GivenWeights {
    /// Reads a table.
    ///
    /// Faults: those of [`Table::read`], `no-item`, `bad-weight`, `double-item`,
    /// `no-weights`.
    pub fn read(file: &Arc<SourceFile>, naming: &Naming) -> Result<Self, Vec<Fault>> {
        let table = Table::read(file, COLUMNS)?;
        let mut faults = Faults::new();
        let mut weights = BTreeMap::new();
        let mut lines: BTreeMap<String, usize> = BTreeMap::new();
        for row in table.rows() {
            let written = row.cell(ITEM);
            if written.is_empty() {
                faults.push(row.fault(ITEM, "no-item", "this row does not name its item"));
                continue;
            }
            let item = naming.name(written);
            if let Some(line) = lines.insert(item.clone(), row.line()) {
                let message = format!("`{item}` again, first on line {line}");
                let help = "remove one of the rows; two spellings of one repository are one item";
                faults.push(row.fault(ITEM, "double-item", message).help(help));
            }
            match weight(row) {
                Ok(weight) => {
                    weights.insert(item, weight);
                }
                Err(fault) => faults.push(fault),
            }
        }
        let mass = maths::sum(weights.values().copied());
        if faults.is_empty() && mass <= 0.0 {
            let message = format!("{} gives nothing to anybody", file.path);
            faults.push(Fault::new("no-weights", message).help("at least one weight is above 0"));
        }
        faults.or(Self(weights))
    }

    /// Weights by item.
    pub fn by_item(&self) -> &BTreeMap<String, f64> {
        &self.0
    }

    /// In the order of these items.
    pub fn on(&self, items: &[String]) -> Matched {
        let weights = items.iter().map(|item| self.0.get(item).copied().unwrap_or(0.0)).collect();
        let missing = items.iter().filter(|item| !self.0.contains_key(*item)).cloned().collect();
        let known = |name: &&String| items.binary_search(name).is_ok();
        let unused = self.0.keys().filter(|name| !known(name)).cloned().collect();
        Matched { weights, missing, unused }
    }
}

fn weight(row: Row<'_>) -> Result<f64, Fault> {
    let text = row.cell(WEIGHT);
    let help = "a number from 0 to 1e12 with a decimal point, such as 0.0285, and nothing else";
    let bad = |message: String| row.fault(WEIGHT, "bad-weight", message).help(help);
    let found: f64 = text.parse().map_err(|_| bad(format!("`{text}` is no weight")))?;
    if (0.0..=LARGEST).contains(&found) {
        // −0 is 0.
        Ok(found + 0.0)
    } else {
        Err(bad(format!("the weight `{text}` is out of bounds")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<GivenWeights, Vec<Fault>> {
        GivenWeights::read(&SourceFile::new("w.csv", text), &Naming::Verbatim)
    }

    #[test]
    fn what_does_not_match_is_reported() {
        let given = read("item;weight\nz;1\nx;3\n").unwrap();
        let items = ["x".to_owned(), "y".to_owned()];
        let matched = given.on(&items);
        assert_eq!(matched.weights, [3.0, 0.0]);
        assert_eq!((matched.missing, matched.unused), (vec!["y".to_owned()], vec!["z".to_owned()]));
    }

    #[test]
    fn wrong_rows_are_named() {
        let told = |text: &str| read(text).unwrap_err()[0].to_string();
        assert!(told("item,weight\nx,-1\n").starts_with("w.csv:2:3: the weight `-1` is out"));
        assert!(told("item,weight\nx,nan\n").contains("out of bounds"));
        assert!(told("item,weight\nx,\n").contains("`` is no weight"));
        assert!(told("item,weight\nx,\"0,5\"\n").contains("`0,5` is no weight"));
        assert!(told("item,weight\nx,1\nx,2\n").contains("`x` again, first on line 2"));
        assert!(told("item,weight\n,1\n").contains("does not name its item"));
        assert!(told("item,weight\nx,0\n").contains("gives nothing to anybody"));
        assert!(told("item,weight\n").contains("gives nothing to anybody"));
    }
}
