//! Voting power as a signal: how much each voter counts.

use allonet_core::mechanism::{Refusal, Turn};

use crate::hearing::by_person;

/// The name of the signal.
pub(super) const POWER: &str = "power";
/// Sums of powers and their squares stay finite.
pub(super) const POWER_MAX: f64 = 1e60;

/// What the signal [`POWER`] says of each of these voters; see [`by_person`].
pub(super) fn powers(turn: &Turn<'_>, voters: &[Box<str>]) -> Result<Option<Vec<f64>>, Refusal> {
    by_person(turn, POWER, voters, POWER_MAX)
}
