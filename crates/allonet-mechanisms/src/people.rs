//! People in tables: their ids, and what is said of them in numbers.

use std::collections::BTreeMap;

use allonet_core::fault::Fault;
use allonet_core::table::{Faults, Row, Table};
use allonet_core::time::Instant;

use crate::ballots::number;
use crate::names::plain;

/// A number for each of several people, by their ids.
pub(crate) type Figures = BTreeMap<String, f64>;

/// Names of a column of people.
pub(crate) const PERSON: &[&str] =
    &["voter", "address", "voter_address", "wallet", "user", "member", "id", "name"];

/// The largest number that is read, so that sums stay finite.
pub(crate) const FIGURE_MAX: f64 = 1e30;

/// How many names a line of reasons lists.
pub(crate) const LISTED: usize = 5;

/// The id in a cell, addresses in lower case; a fault where it is empty.
pub(crate) fn person(row: Row<'_>, column: usize, faults: &mut Faults) -> Option<String> {
    let name = row.cell(column);
    if name.is_empty() {
        faults.push(row.fault(column, "no-person", "this row names nobody here"));
        return None;
    }
    Some(plain(name).into_owned())
}

/// The number in a cell, from 0 to [`FIGURE_MAX`]; `empty` where the cell is.
pub(crate) fn figure_in(
    row: Row<'_>,
    column: usize,
    empty: f64,
    faults: &mut Faults,
) -> Option<f64> {
    match number(row, column, false) {
        Ok(Some(found)) if found > FIGURE_MAX => {
            let fault = row.fault(column, "figure", format!("`{}` is too much", row.cell(column)));
            faults.push(fault.help("numbers are at most 1e30"));
            None
        }
        Ok(found) => Some(found.unwrap_or(empty)),
        Err(fault) => {
            let help = format!("write a number of zero or more; an empty cell means {empty}");
            faults.push(fault.help(help));
            None
        }
    }
}

/// The moment in a cell; none where it is empty.
pub(crate) fn moment_in(row: Row<'_>, column: usize, faults: &mut Faults) -> Option<Instant> {
    let text = row.cell(column);
    if text.is_empty() {
        return None;
    }
    text.parse()
        .map_err(|error: allonet_core::time::NotInstant| {
            faults.push(row.fault(column, "bad-time", error.to_string()));
        })
        .ok()
}

/// A table of people and numbers, in its first two columns. Everybody stands in
/// it once.
pub(crate) fn figures(table: &Table, empty: f64, faults: &mut Faults) -> Figures {
    let mut found = Figures::new();
    for row in table.rows() {
        let figure = figure_in(row, 1, empty, faults);
        let (Some(id), Some(figure)) = (person(row, 0, faults), figure) else { continue };
        if found.insert(id, figure).is_some() {
            faults.push(listed_twice(row, 0));
        }
    }
    found
}

/// A fault for somebody who stands in a table a second time.
pub(crate) fn listed_twice(row: Row<'_>, column: usize) -> Fault {
    let message = format!("`{}` is listed twice", row.cell(column));
    row.fault(column, "listed-twice", message).help("keep the line that is meant")
}

/// A number for people: up to six digits behind the point.
pub(crate) fn shown(value: f64) -> String {
    if value != 0.0 && !(1e-6..1e15).contains(&value.abs()) {
        return format!("{value:e}");
    }
    let text = format!("{value:.6}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// The largest few of several named numbers, in words: `` `ann` 3, `bob` 1 and 2
/// more``.
pub(crate) fn largest(mut named: Vec<(&str, f64)>) -> String {
    named.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(b.0)));
    let words =
        named.iter().take(LISTED).map(|(name, value)| format!("`{name}` {}", shown(*value)));
    let words = words.collect::<Vec<_>>().join(", ");
    match named.len().saturating_sub(LISTED) {
        0 => words,
        more => format!("{words} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        for (value, expected) in
            [(0.0, "0"), (0.75, "0.75"), (2.0 / 3.0, "0.666667"), (1200.0, "1200"), (1e-9, "1e-9")]
        {
            assert_eq!(shown(value), expected);
        }
    }

    #[test]
    fn long_lists_are_counted() {
        let named = vec![("a", 1.0), ("b", 3.0), ("c", 1.0), ("d", 0.5), ("e", 2.0), ("f", 0.1)];
        assert_eq!(largest(named), "`b` 3, `e` 2, `a` 1, `c` 1, `d` 0.5 and 1 more");
    }
}
