//! Tables that a mechanism shows beside its payouts: the evidence behind a
//! decision, for people who want to judge it. Nothing is computed from them.

use serde::Serialize;

use crate::payout::csv::{guarded, line};

/// One table.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Exhibit {
    /// Heading, unique among those of one neuron; also names the file.
    pub title: String,
    /// What it shows and how to read it, in a sentence or two.
    pub about: String,
    /// Names of the columns. Columns `low` and `high` are drawn as an interval.
    pub columns: Vec<String>,
    /// Rows, each with a cell for each column.
    pub rows: Vec<Vec<Cell>>,
}

/// One cell of an exhibit.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Cell {
    /// A finite number.
    Number(f64),
    /// A text.
    Text(String),
}

impl From<f64> for Cell {
    /// A number that is not finite is told in words: JSON knows none.
    fn from(number: f64) -> Self {
        if number.is_finite() { Self::Number(number) } else { Self::Text(number.to_string()) }
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl Exhibit {
    /// A table without rows yet.
    pub fn new(title: &str, about: impl Into<String>, columns: &[&str]) -> Self {
        Self {
            title: title.to_owned(),
            about: about.into(),
            columns: columns.iter().map(|name| (*name).to_owned()).collect(),
            rows: Vec::new(),
        }
    }

    /// Adds a row.
    ///
    /// # Panics
    ///
    /// If it has more or fewer cells than there are columns.
    pub fn push(&mut self, row: impl IntoIterator<Item = Cell>) {
        let row: Vec<Cell> = row.into_iter().collect();
        assert_eq!(row.len(), self.columns.len(), "a row of `{}` has all cells", self.title);
        self.rows.push(row);
    }

    /// As CSV with a header; numbers in full, texts guarded against running as
    /// formulas in a spreadsheet (see [`crate::payout::csv`]).
    pub fn csv(&self) -> String {
        let mut out = String::new();
        let names: Vec<&str> = self.columns.iter().map(String::as_str).collect();
        line(&mut out, &names);
        for row in &self.rows {
            let cells: Vec<String> = row
                .iter()
                .map(|cell| match cell {
                    Cell::Number(number) => number.to_string(),
                    Cell::Text(text) => guarded(text),
                })
                .collect();
            let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
            line(&mut out, &cells);
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_written_whole() {
        let mut exhibit = Exhibit::new("Weights", "What each is worth.", &["item", "weight"]);
        exhibit.push(["a,b".into(), 0.25.into()]);
        exhibit.push(["c".into(), f64::NAN.into()]);
        assert_eq!(exhibit.csv(), "item,weight\n\"a,b\",0.25\nc,NaN\n");
    }
}
