//! Any model's weights from a table, strictly.
//!
//! # Format
//!
//! Columns `item` (or `repo`) and `weight`; with `parent`, the weights of items
//! below each parent. Every known item stands in it once. A weight is a plain
//! number, at least zero: one stray character in a published file of the pilot
//! dropped an item, and made a good model look bad. Weights need not add up to
//! one; their sum is told.
//!
//! # Known weaknesses
//!
//! * A weight of zero says that an item is infinitely less worth than all
//!   others. Costs in log space have no answer to that: see
//!   [`ModelWeights::log_weights`].

use std::collections::BTreeMap;
use std::sync::Arc;

use allonet_core::fault::{Fault, SourceFile, did_you_mean};
use allonet_core::maths;
use allonet_core::table::{Column, Faults, Row, Table};

use crate::comparisons::Naming;

const COLUMNS: &[Column] = &[
    Column::required(&["item", "repo", "repository", "project", "id", "name"]),
    Column::required(&["weight", "share", "score", "value"]),
    Column::optional(&["parent"]),
];
const ITEM: usize = 0;
const WEIGHT: usize = 1;
const PARENT: usize = 2;
/// Names shown of those that are missing.
const SHOWN: usize = 5;

/// For each parent the items below it and their weights.
pub type ByParent = BTreeMap<String, (Vec<String>, ModelWeights)>;

/// Weights as a table gives them.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelWeights {
    /// One for each item asked for, in that order; at least zero.
    pub weights: Vec<f64>,
    /// What they add up to, above zero.
    pub sum: f64,
}

impl ModelWeights {
    /// Logarithms of the weights' shares of their sum. A share below `floor`
    /// is taken for it; without a floor the place of an item of weight zero is
    /// the error.
    pub fn log_weights(&self, floor: Option<f64>) -> Result<Vec<f64>, usize> {
        let log = |(at, weight): (usize, &f64)| {
            let share = (weight / self.sum).max(floor.unwrap_or(0.0));
            if share > 0.0 { Ok(maths::ln(share)) } else { Err(at) }
        };
        self.weights.iter().enumerate().map(log).collect()
    }
}

/// Reads weights of all of these items.
///
/// Faults: those of [`Table::read`], `bad-weight`, `unknown-item`,
/// `double-item`, `missing-items`, `no-weight`.
///
/// ```
/// use allonet_core::fault::SourceFile;
/// use allonet_weights::comparisons::Naming;
/// use allonet_weights::sources::model_csv::read;
///
/// let items = ["geth".to_owned(), "solidity".to_owned()];
/// let table = |text: &str| SourceFile::new("model.csv", text);
/// let found = read(&table("repo,weight\nsolidity,3\ngeth,1\n"), &items, &Naming::Verbatim)?;
/// assert_eq!((found.weights, found.sum), (vec![1.0, 3.0], 4.0));
///
/// let stray = table("repo,weight\nsolidity,0.0285C\ngeth,1\n");
/// let faults = read(&stray, &items, &Naming::Verbatim).unwrap_err();
/// assert!(faults[0].to_string().starts_with("model.csv:2:10: `0.0285C` is no weight"));
/// # Ok::<(), Vec<allonet_core::fault::Fault>>(())
/// ```
pub fn read(
    file: &Arc<SourceFile>,
    items: &[String],
    naming: &Naming,
) -> Result<ModelWeights, Vec<Fault>> {
    let known: BTreeMap<&str, usize> =
        items.iter().enumerate().map(|(at, item)| (item.as_str(), at)).collect();
    let table = Table::read(file, COLUMNS)?;
    let mut faults = Faults::new();
    let mut found: Vec<Option<f64>> = vec![None; items.len()];
    for row in table.rows() {
        let Some(weight) = weight(row, &mut faults) else { continue };
        let name = naming.name(row.cell(ITEM));
        let Some(at) = known.get(name.as_str()) else {
            let mut fault = row.fault(ITEM, "unknown-item", format!("`{name}` is no item"));
            fault.help = did_you_mean(&name, items.iter().map(String::as_str));
            faults.push(fault);
            continue;
        };
        if found[*at].replace(weight).is_some() {
            faults.push(double(row, &name));
        }
    }
    let missing = items.iter().zip(&found).filter(|(_, found)| found.is_none());
    let missing: Vec<&str> = missing.map(|(item, _)| item.as_str()).collect();
    // While rows are wrong, who is missing is not known.
    if faults.is_empty() && !missing.is_empty() {
        faults.push(absent(file, &missing));
    }
    faults.or(())?;
    summed(file, "", found.into_iter().flatten().collect()).map_err(|fault| vec![fault])
}

/// Reads weights of items below each parent: `parent → item → weight`, with the
/// sum of each parent's weights. Whatever stands in the table is an item.
///
/// Faults: those of [`Table::read`], `bad-weight`, `no-item`, `double-item`,
/// `no-weight`.
pub fn read_by_parent(file: &Arc<SourceFile>, naming: &Naming) -> Result<ByParent, Vec<Fault>> {
    let table = Table::read(file, COLUMNS)?;
    let mut faults = Faults::new();
    let mut parents: BTreeMap<String, BTreeMap<String, f64>> = BTreeMap::new();
    for row in table.rows() {
        let Some(weight) = weight(row, &mut faults) else { continue };
        if row.cell(ITEM).is_empty() {
            faults.push(row.fault(ITEM, "no-item", "this row does not name its item"));
            continue;
        }
        let (parent, name) = (naming.name(row.cell(PARENT)), naming.name(row.cell(ITEM)));
        let below = parents.entry(parent).or_default();
        if below.insert(name.clone(), weight).is_some() {
            faults.push(double(row, &name));
        }
    }
    faults.or(())?;
    let of = |(parent, below): (String, BTreeMap<String, f64>)| {
        let (items, weights) = below.into_iter().unzip();
        let summed = summed(file, &parent, weights)?;
        Ok((parent, (items, summed)))
    };
    parents.into_iter().map(of).collect::<Result<_, Fault>>().map_err(|fault| vec![fault])
}

/// The weight of a row, if it is one.
fn weight(row: Row<'_>, faults: &mut Faults) -> Option<f64> {
    let text = row.cell(WEIGHT);
    let found = text.parse::<f64>().ok().filter(|found| found.is_finite() && *found >= 0.0);
    if found.is_none() {
        let help = "write a plain number, at least 0, such as 0.0285";
        let message = format!("`{text}` is no weight");
        faults.push(row.fault(WEIGHT, "bad-weight", message).help(help));
    }
    found
}

fn double(row: Row<'_>, name: &str) -> Fault {
    let help = "remove one of the rows; two spellings of one repository are one item";
    row.fault(ITEM, "double-item", format!("`{name}` has a weight above already")).help(help)
}

fn absent(file: &Arc<SourceFile>, missing: &[&str]) -> Fault {
    let shown: Vec<String> = missing.iter().take(SHOWN).map(|name| format!("`{name}`")).collect();
    let more = match missing.len().saturating_sub(SHOWN) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let message = format!("{} has no weight for {}{more}", file.path, shown.join(", "));
    Fault::new("missing-items", message).help("add a row for each; write 0 for nothing")
}

fn summed(file: &SourceFile, parent: &str, weights: Vec<f64>) -> Result<ModelWeights, Fault> {
    let sum = maths::sum(weights.iter().copied());
    if sum > 0.0 && sum.is_finite() {
        return Ok(ModelWeights { weights, sum });
    }
    let below = if parent.is_empty() { String::new() } else { format!(" below `{parent}`") };
    let message = format!("the weights of {}{below} add up to {sum}", file.path);
    Err(Fault::new("no-weight", message).help("at least one item is worth something"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(rows: &str) -> String {
        let items = ["a".to_owned(), "b".to_owned()];
        let file = SourceFile::new("m.csv", format!("item,weight\n{rows}"));
        read(&file, &items, &Naming::Verbatim).unwrap_err()[0].to_string()
    }

    #[test]
    fn wrong_rows_are_named() {
        assert!(refused("a,-1\nb,1\n").starts_with("m.csv:2:3: `-1` is no weight"));
        assert!(refused("a,NaN\nb,1\n").starts_with("m.csv:2:3: `NaN` is no weight"));
        assert!(refused("a,\nb,1\n").contains("`` is no weight"));
        assert!(refused("a,1\nb,1\nc,1\n").starts_with("m.csv:4:1: `c` is no item"));
        assert!(refused("a,1\nb,1\na,1\n").starts_with("m.csv:4:1: `a` has a weight above"));
        assert!(refused("a,1\n").contains("no weight for `b`"));
        assert!(refused("a,0\nb,0\n").contains("add up to 0"));
        assert!(refused("a,1e308\nb,1e308\n").contains("add up to"));
    }

    #[test]
    fn zero_needs_a_floor() {
        let model = ModelWeights { weights: vec![0.0, 2.0], sum: 2.0 };
        assert_eq!(model.log_weights(None), Err(0));
        assert_eq!(model.log_weights(Some(0.1)), Ok(vec![maths::ln(0.1), 0.0]));
    }

    #[test]
    fn parents_have_their_own_sums() {
        let text = "repo,parent,weight\nx,p,1\ny,p,3\nx,q,2\n";
        let found = read_by_parent(&SourceFile::new("m.csv", text), &Naming::Verbatim).unwrap();
        assert_eq!(found["p"].0, ["x", "y"]);
        assert_eq!(
            (found["p"].1.sum.to_bits(), found["q"].1.sum.to_bits()),
            (4.0_f64.to_bits(), 2.0_f64.to_bits())
        );
        let twice = SourceFile::new("m.csv", "repo,parent,weight\nx,p,1\nx,p,1\n");
        assert!(read_by_parent(&twice, &Naming::Verbatim).is_err());
    }
}
