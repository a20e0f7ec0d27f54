//! Reads the series of a topic, and the columns that stand for workers.

use std::sync::Arc;

use allonet_core::fault::{Fault, SourceFile, did_you_mean};
use allonet_core::table::{Faults, Row, Table};
use allonet_core::time::Instant;

use super::spec::{Named, Source, Spec};

/// The data of a topic.
#[derive(Clone, Debug)]
pub(super) struct Data {
    /// What was, by epoch.
    pub(super) truths: Vec<f64>,
    /// When, by epoch, where the topic has a column for it.
    pub(super) times: Vec<Instant>,
    /// What the columns of workers say, in the order of [`columns`]; `NaN` where
    /// a cell is empty.
    pub(super) columns: Vec<Vec<f64>>,
}

/// Epochs beyond the lag without which there is nothing to learn from.
const LEAST: usize = 2;
/// Largest value.
const LARGEST: f64 = 1e40;

/// All columns that workers' answers come from: inferers, then forecasters.
pub(super) fn columns(spec: &Spec) -> Vec<&Named> {
    let workers = spec.inferers.iter().chain(&spec.forecasters);
    workers
        .filter_map(|worker| match &worker.source {
            Source::Columns(columns) => Some(columns),
            _ => None,
        })
        .flatten()
        .collect()
}

impl Data {
    /// Reads the table.
    pub(super) fn read(file: &Arc<SourceFile>, spec: &Spec) -> Result<Self, Vec<Fault>> {
        let of_workers = columns(spec);
        let mut named = vec![&spec.target];
        named.extend(&spec.time);
        let first = named.len();
        named.extend(of_workers.iter().copied());
        let names: Vec<&str> = named.iter().map(|named| named.name.as_str()).collect();
        let table = Table::read_with(file, &[], &names)?;
        let missing = named.iter().enumerate().filter(|(at, _)| !table.has(*at));
        let missing: Vec<Fault> = missing.map(|(_, named)| no_column(file, named)).collect();
        if !missing.is_empty() {
            return Err(missing);
        }
        let least = spec.lag + LEAST;
        if table.len() < least {
            let message = format!("{} has {} epochs", file.path, table.len());
            let help = format!("with a lag of {} a topic takes at least {least}", spec.lag);
            return Err(vec![Fault::new("short-series", message).help(help)]);
        }
        let mut faults = Faults::new();
        let mut data = Self {
            truths: Vec::with_capacity(table.len()),
            times: Vec::new(),
            columns: vec![Vec::with_capacity(table.len()); of_workers.len()],
        };
        for row in table.rows() {
            data.truths.push(number(row, 0, names[0], false, &mut faults));
            if spec.time.is_some() {
                data.time(row, 1, &mut faults);
            }
            for (at, column) in data.columns.iter_mut().enumerate() {
                column.push(number(row, first + at, names[first + at], true, &mut faults));
            }
        }
        faults.or(data)
    }

    fn time(&mut self, row: Row<'_>, column: usize, faults: &mut Faults) {
        match row.cell(column).parse::<Instant>() {
            Ok(time) => {
                if let Some(last) = self.times.last().filter(|last| **last >= time) {
                    let message = format!("{time} does not come after {last}, the row before");
                    let fault = row.fault(column, "time-order", message);
                    faults.push(fault.help("sort the rows by time; each moment stands once"));
                }
                self.times.push(time);
            }
            Err(error) => faults.push(row.fault(column, "bad-time", error.to_string())),
        }
    }
}

fn no_column(file: &SourceFile, named: &Named) -> Fault {
    let header = file.text.trim_start_matches('\u{feff}').lines().find(|line| !line.is_empty());
    let names = header.unwrap_or_default().split([',', ';', '\t']);
    let names: Vec<&str> = names.map(|name| name.trim().trim_matches('"')).collect();
    let message = format!("{} has no column `{}`", file.path, named.name);
    let mut fault = Fault::new("missing-column", message).at(named.place.clone());
    fault.help = did_you_mean(&named.name, names.iter().copied());
    fault
}

/// The number in a cell; `NaN` where it is empty and may be.
fn number(row: Row<'_>, column: usize, name: &str, empty: bool, faults: &mut Faults) -> f64 {
    let text = row.cell(column);
    if empty && text.is_empty() {
        return f64::NAN;
    }
    match text.parse::<f64>() {
        Ok(number) if number.abs() <= LARGEST => number,
        _ => {
            let message = format!("`{text}` in column `{name}` is no number");
            let help = format!("write a number such as 101.5, of at most {LARGEST:e}");
            faults.push(row.fault(column, "bad-number", message).help(help));
            f64::NAN
        }
    }
}
