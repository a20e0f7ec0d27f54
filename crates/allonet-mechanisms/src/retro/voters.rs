//! What is known of voters beside their ballots.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::Arc;

use allonet_core::fault::{Fault, SourceFile};
use allonet_core::mechanism::{Refusal, Turn};
use allonet_core::table::{Column, Faults, Table};

use super::round::Power;
use crate::ballots::number;
use crate::hearing::by_person;
use crate::names::plain;

/// Above this, powers are scaled down so that their sums stay finite.
const LARGE: f64 = 1e150;
/// 2⁻⁵¹²: scaling by a power of two keeps proportions exact.
const SCALE: f64 = f64::from_bits((1023 - 512) << 52);

/// How much each voter counts by the signal `power`; whoever it does not name
/// counts for nothing. `None` where no such signal arrives: all count alike.
pub(crate) fn power(turn: &Turn<'_>, voters: &[Box<str>]) -> Result<Option<Vec<f64>>, Refusal> {
    let Some(mut powers) = by_person(turn, "power", voters, f64::MAX)? else { return Ok(None) };
    if powers.iter().any(|power| *power > LARGE) {
        for power in &mut powers {
            *power *= SCALE;
        }
    }
    Ok(Some(powers))
}

/// The same for a round that is evaluated many times, and not scaled.
pub(super) fn round_power(turn: &Turn<'_>, voters: &[Box<str>]) -> Result<Option<Power>, Refusal> {
    let Some(numbers) = by_person(turn, "power", voters, f64::MAX)? else { return Ok(None) };
    let power = Power::new(numbers);
    power.map(Some).map_err(|error| Refusal::new("bad-power", error.to_string()))
}

/// A number for each voter of a table with the columns voter and number; an
/// empty cell says nothing.
///
/// Faults: those of [`Table::read`], `no-voter`, `bad-amount`,
/// `negative-amount`, `out-of-range`, `double-voter`.
pub(crate) fn numbers(
    file: &Arc<SourceFile>,
    columns: &[Column],
    range: &RangeInclusive<f64>,
) -> Result<BTreeMap<String, f64>, Vec<Fault>> {
    let table = Table::read(file, columns)?;
    let (mut numbers, mut faults) = (BTreeMap::new(), Faults::new());
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for row in table.rows() {
        let voter = plain(row.cell(0)).into_owned();
        if voter.is_empty() {
            faults.push(row.fault(0, "no-voter", "this row names no voter"));
            continue;
        }
        if let Some(first) = seen.insert(voter.clone(), row.line()) {
            let message =
                format!("`{voter}` stands here a second time; the first is on line {first}");
            faults.push(row.fault(0, "double-voter", message).help("keep the row that is meant"));
        }
        match number(row, 1, false) {
            Err(fault) => faults.push(*fault),
            Ok(Some(found)) if !range.contains(&found) => {
                let message = format!("`{voter}` has {} {found}", columns[1].name());
                let help = format!("it may be from {} to {}", range.start(), range.end());
                faults.push(row.fault(1, "out-of-range", message).help(help));
            }
            Ok(Some(found)) => {
                numbers.insert(voter, found);
            }
            Ok(None) => {}
        }
    }
    faults.or(numbers)
}
