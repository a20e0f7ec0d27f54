//! What is known of voters beside their ballots.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::Arc;

use allonet_core::fault::{Fault, SourceFile};
use allonet_core::mechanism::{Refusal, Turn};
use allonet_core::table::{Column, Faults, Table};

use crate::ballots::number;
use crate::names::plain;

/// Above this, powers are scaled down so that their sums stay finite.
const LARGE: f64 = 1e150;
/// 2⁻⁵¹²: scaling by a power of two keeps proportions exact.
const SCALE: f64 = f64::from_bits((1023 - 512) << 52);

/// How much each voter counts by the signal `power`; whoever it does not name
/// counts for nothing. `None` where no such signal arrives: all count alike.
pub(crate) fn power(turn: &Turn<'_>, voters: &[Box<str>]) -> Result<Option<Vec<f64>>, Refusal> {
    let Some(signal) = turn.signal("power") else { return Ok(None) };
    let scores = signal.scores().ok_or_else(|| {
        let message =
            format!("`power` from `{}` is one number, not one for each voter", signal.from);
        Refusal::new("bad-power", message).help("send scores by voter")
    })?;
    let mut by_name = BTreeMap::new();
    for (voter, power) in scores {
        if !power.is_finite() || *power < 0.0 {
            let message = format!("`power` from `{}` says {power} of `{voter}`", signal.from);
            return Err(Refusal::new("bad-power", message).help("send a number from 0 up"));
        }
        if by_name.insert(plain(voter), *power).is_some() {
            let message = format!("`power` from `{}` names `{voter}` twice", signal.from);
            let help = "addresses are compared without regard to case";
            return Err(Refusal::new("double-power", message).help(help));
        }
    }
    let of = |voter: &str| by_name.get(voter).copied().unwrap_or(0.0);
    let mut powers: Vec<f64> = voters.iter().map(|voter| of(voter)).collect();
    if powers.iter().any(|power| *power > LARGE) {
        for power in &mut powers {
            *power *= SCALE;
        }
    }
    Ok(Some(powers))
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
