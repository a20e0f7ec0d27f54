//! Metrics of projects, brought to one scale.

use std::sync::Arc;

use allonet_core::fault::{Fault, SourceFile};
use allonet_core::maths;
use allonet_core::network::id_problem;
use allonet_core::table::{Column, Faults, Row, Table};

use crate::ballots::number;

/// Names of the column of project ids.
pub(crate) const PROJECT: Column = Column::required(&["project_id", "project", "id"]);
/// Names of the column of names for people.
pub(crate) const TITLE: Column = Column::optional(&["display_name", "title", "name"]);

/// Largest amount, of either sign: sums and differences stay finite.
const AMOUNT_MAX: f64 = 1e60;

/// A number from a cell, zero where it is empty.
pub(crate) fn amount(row: Row<'_>, column: usize, negative: bool, faults: &mut Faults) -> f64 {
    match number(row, column, negative) {
        Ok(found) => {
            let found = found.unwrap_or(0.0);
            if found.abs() <= AMOUNT_MAX {
                return found;
            }
            let message = format!("`{}` is beyond 10^60", row.cell(column));
            faults.push(row.fault(column, "bad-amount", message));
        }
        Err(mut fault) => {
            fault.help = Some("write it like 1250.75; an empty cell is zero".to_owned());
            faults.push(*fault);
        }
    }
    0.0
}

/// To 0 … 1; all `constant` where all are equal.
pub(crate) fn min_max(values: &mut [f64], constant: f64) {
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    for value in values {
        *value = if most > least { (*value - least) / (most - least) } else { constant };
    }
}

/// The percentile of values by linear interpolation, as numpy computes it;
/// `None` of no values.
pub(crate) fn percentile(values: &[f64], percent: f64) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let last = sorted.len().checked_sub(1)?;
    let at = last as f64 * (percent / 100.0);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to `last`")]
    let below = (at.floor() as usize).min(last);
    let (low, high) = (sorted[below], sorted[(below + 1).min(last)]);
    let part = at - below as f64;
    // From the nearer end, as numpy does.
    let step = high - low;
    Some(if part < 0.5 { low + step * part } else { high - step * (1.0 - part) })
}

/// How a metric is bent before it is scaled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bend {
    /// `ln(1 + x)`: only the order of magnitude counts.
    Log,
    /// As it stands.
    Identity,
}

/// A table of projects with one row each and a column for each metric.
#[derive(Clone, Debug, Default)]
pub(crate) struct Metrics {
    /// Ids, sorted.
    pub(crate) projects: Vec<Arc<str>>,
    /// Names for people.
    pub(crate) titles: Vec<Box<str>>,
    /// Texts of the column `project_name`.
    pub(crate) names: Vec<Box<str>>,
    /// For each metric asked for its numbers; `None` where the table lacks it.
    pub(crate) columns: Vec<Option<Vec<f64>>>,
}

const NAME: Column = Column::optional(&["project_name", "name"]);

impl Metrics {
    /// Reads the columns of these names.
    ///
    /// Faults: those of [`Table::read`], `bad-name`, `double-project`,
    /// `bad-amount`, `negative-amount`.
    pub(crate) fn read(file: &Arc<SourceFile>, wanted: &[&str]) -> Result<Self, Vec<Fault>> {
        let table = Table::read_with(file, &[PROJECT, TITLE, NAME], wanted)?;
        let mut faults = Faults::new();
        let mut rows: Vec<Row<'_>> = table.rows().collect();
        rows.sort_by_key(|row| row.cell(0));
        for pair in rows.windows(2) {
            if pair[0].cell(0) == pair[1].cell(0) {
                faults.push(double(pair[0], pair[1]));
            }
        }
        for row in &rows {
            if let Some(problem) = id_problem(row.cell(0)) {
                let message = format!("`{}` cannot be a project: {problem}", row.cell(0));
                faults.push(row.fault(0, "bad-name", message));
            }
        }
        let mut column = |at: usize| {
            let numbers = |row: &Row<'_>| amount(*row, 3 + at, false, &mut faults);
            table.has(3 + at).then(|| rows.iter().map(numbers).collect())
        };
        let columns = (0..wanted.len()).map(&mut column).collect();
        faults.or(Self {
            projects: rows.iter().map(|row| row.cell(0).into()).collect(),
            titles: rows.iter().map(|row| title(*row).into()).collect(),
            names: rows.iter().map(|row| row.cell(2).into()).collect(),
            columns,
        })
    }

    /// The place of a project in the lists.
    pub(crate) fn find(&self, project: &str) -> Option<usize> {
        self.projects.binary_search_by(|id| (**id).cmp(project)).ok()
    }
}

/// A project's name for people; its id where there is none.
fn title(row: Row<'_>) -> &str {
    if row.cell(1).is_empty() { row.cell(0) } else { row.cell(1) }
}

fn double(first: Row<'_>, again: Row<'_>) -> Fault {
    let message = format!(
        "project `{}` stands here a second time; the first is on line {}",
        again.cell(0),
        first.line()
    );
    again.fault(0, "double-project", message)
}

/// `Σ weight · minmax(bend(metric))`, as parts of the sum; all zero where it is.
/// A metric that is the same for all counts a half.
pub(crate) fn standing<'c>(
    projects: usize,
    metrics: impl IntoIterator<Item = (f64, &'c [f64])>,
    bend: Bend,
) -> Vec<f64> {
    let mut sums = vec![0.0; projects];
    for (weight, numbers) in metrics {
        let mut scaled: Vec<f64> = match bend {
            Bend::Log => numbers.iter().map(|number| maths::ln_1p(*number)).collect(),
            Bend::Identity => numbers.to_vec(),
        };
        min_max(&mut scaled, 0.5);
        for (sum, scaled) in sums.iter_mut().zip(scaled) {
            *sum += weight * scaled;
        }
    }
    parts(&sums)
}

/// Numbers as parts of their sum; all zero where that is.
pub(crate) fn parts(numbers: &[f64]) -> Vec<f64> {
    let sum = maths::sum(numbers.iter().copied());
    numbers.iter().map(|number| if sum > 0.0 { number / sum } else { 0.0 }).collect()
}

/// A part for people: `12.3%`, `0.04%`.
pub(crate) fn percent(part: f64) -> String {
    let percent = 100.0 * part;
    if percent >= 1.0 || percent == 0.0 {
        format!("{percent:.1}%")
    } else {
        format!("{percent:.2}%")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_are_what_a_pencil_says() {
        let mut values = [3.0, 1.0, 2.0];
        min_max(&mut values, 0.5);
        assert_eq!(values.map(f64::to_bits), [1.0, 0.0, 0.5].map(f64::to_bits));
        let mut same = [7.0, 7.0];
        min_max(&mut same, 0.5);
        assert_eq!(same.map(f64::to_bits), [0.5, 0.5].map(f64::to_bits));
        assert_eq!(percentile(&[4.0, 1.0, 3.0, 2.0], 50.0), Some(2.5));
        assert_eq!(percentile(&[10.0, 20.0], 97.5), Some(19.75));
        assert_eq!(percentile(&[10.0], 97.5), Some(10.0));
        assert_eq!(percentile(&[], 50.0), None);
        let parts = standing(2, [(1.0, &[0.0, 4.0][..]), (2.0, &[5.0, 5.0])], Bend::Identity);
        assert_eq!(parts, [1.0 / 3.0, 2.0 / 3.0]);
        assert_eq!(standing(2, [(0.0, &[0.0, 4.0][..])], Bend::Log), [0.0, 0.0]);
    }

    #[test]
    fn tables_are_read_in_order_of_ids() {
        let read = |text: &str| Metrics::read(&SourceFile::new("p.csv", text), &["gas", "stars"]);
        let metrics = read("project_id,display_name,gas\nb,Bee,2\na,,\n").unwrap();
        assert_eq!(metrics.projects, ["a".into(), "b".into()]);
        assert_eq!(metrics.titles, ["a".into(), "Bee".into()]);
        assert_eq!(metrics.columns, [Some(vec![0.0, 2.0]), None]);
        let told = |text: &str| read(text).unwrap_err()[0].to_string();
        assert!(told("project_id,gas\na,1\na,2\n").contains("p.csv:3:1: project `a` stands here"));
        assert!(told("project_id,gas\na,-1\n").contains("below zero"));
        assert!(told("project_id,gas\na,1e61\n").contains("beyond 10^60"));
        assert!(told("project_id,gas\n,1\n").contains("cannot be a project"));
    }
}
