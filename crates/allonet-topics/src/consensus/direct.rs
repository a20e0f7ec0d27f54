//! Distances from the consensus column by column: for columns that some reputers
//! left out, and for the rare reports so close to the consensus that the short
//! way of [`distances`](super::distances) leaves too few digits.

use super::{LARGEST, Reports};

/// Adds for each reputer, and last for the origin, the squared distance from the
/// consensus of the reports weighted by `adjusted`, over these columns.
///
/// A column that nobody who is listened to reports adds nothing.
pub(super) fn add(
    reports: &Reports<'_>,
    columns: impl Iterator<Item = usize>,
    adjusted: &[f64],
    squares: &mut [f64],
) {
    let (reputers, width) = (reports.reputers(), reports.columns());
    for column in columns {
        let value = |reputer: usize| reports.losses[reputer * width + column];
        let (mut sum, mut weight) = (0.0, 0.0);
        for (reputer, adjusted) in adjusted.iter().enumerate() {
            let loss = value(reputer);
            if loss.abs() <= LARGEST {
                sum += adjusted * loss;
                weight += adjusted;
            }
        }
        if weight == 0.0 {
            continue;
        }
        let consensus = sum / weight;
        let distance = |reputer| (value(reputer) - consensus).abs();
        let given = |reputer: &usize| value(*reputer).abs() <= LARGEST;
        let furthest = (0..reputers).filter(given).map(distance).fold(0.0, f64::max);
        for (reputer, square) in squares.iter_mut().enumerate().take(reputers) {
            let distance = if given(&reputer) { distance(reputer) } else { furthest };
            *square += distance * distance;
        }
        squares[reputers] += consensus * consensus;
    }
}
