//! Several opinions of the same items beside what they come to together.

use std::collections::BTreeSet;
use std::sync::Arc;

use allonet_core::exhibit::{Cell, Exhibit};
use allonet_core::fault::{Fault, SourceFile};
use allonet_core::maths;
use allonet_core::network::id_problem;
use allonet_core::table::{Column, Faults, Table};

use crate::sources::experts::Expert;

/// How the column of items is called in tables of opinions and lists of items.
pub(super) const ITEM: &[&str] = &["item", "repo", "repository", "project", "name"];

/// The items of a list, or else those that a table weighs; sorted, each fit to
/// be paid.
pub(super) fn items(
    list: Option<&Arc<SourceFile>>,
    table: Option<&Arc<SourceFile>>,
) -> Result<Vec<String>, Vec<Fault>> {
    let Some(file) = list.or(table) else { return Ok(Vec::new()) };
    let table = Table::read(file, &[Column::required(ITEM)])?;
    let (mut found, mut faults) = (BTreeSet::new(), Faults::new());
    for row in table.rows() {
        let name = row.cell(0);
        if let Some(problem) = id_problem(name) {
            let message = format!("`{name}` cannot be paid: {problem}");
            faults.push(row.fault(0, "bad-name", message));
        }
        found.insert(name.to_owned());
    }
    if found.is_empty() {
        faults.push(Fault::new("no-items", format!("{} has no rows", file.path)));
    }
    faults.or(found.into_iter().collect())
}

/// Shares of each opinion beside the shares of all together, and how far apart
/// any two opinions are.
pub(super) fn exhibits(items: &[String], mixed: &[f64], opinions: &[Expert]) -> Vec<Exhibit> {
    let by = opinions.iter().map(|opinion| format!("by {}", opinion.name));
    let columns: Vec<String> =
        ["item", "together"].map(str::to_owned).into_iter().chain(by).collect();
    let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
    let about = "Share of each item in each opinion, and in all together.";
    let mut sides = Exhibit::new("Side by side", about, &columns);
    for (at, item) in items.iter().enumerate() {
        let said = opinions.iter().map(|opinion| Cell::from(opinion.shares[at]));
        sides.push([item.as_str().into(), mixed[at].into()].into_iter().chain(said));
    }
    let about = "What part of the money lies elsewhere under one opinion than under the other \
                 (total variation): 0 where they agree, 1 where they share no item. An opinion far \
                 from all others deserves a look before it is paid for.";
    let mut apart = Exhibit::new("Distances", about, &["one", "other", "distance"]);
    for (at, one) in opinions.iter().enumerate() {
        let to_mix = distance(&one.shares, mixed);
        apart.push([one.name.as_str().into(), "all together".into(), to_mix.into()]);
        for other in &opinions[at + 1..] {
            let between = distance(&one.shares, &other.shares);
            apart.push([one.name.as_str().into(), other.name.as_str().into(), between.into()]);
        }
    }
    vec![sides, apart]
}

/// Half the sum of all differences.
pub(super) fn distance(a: &[f64], b: &[f64]) -> f64 {
    maths::sum(a.iter().zip(b).map(|(a, b)| (a - b).abs())) / 2.0
}

/// A share for people.
pub(super) fn percent(share: f64) -> String {
    format!("{:.2}%", share * 100.0)
}
