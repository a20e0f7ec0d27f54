//! Voting power as a signal: how much each voter counts.

use std::collections::BTreeMap;

use allonet_core::mechanism::{Refusal, Turn};

use crate::names::plain;

/// The name of the signal.
pub(super) const POWER: &str = "power";
/// Sums of powers and their squares stay finite.
pub(super) const POWER_MAX: f64 = 1e60;

/// What the signal [`POWER`] says of each of these voters, in their order;
/// `None` if there is none. Who is not in it has no power.
///
/// Refusals: `bad-power` for a number below zero, above [`POWER_MAX`], or none.
pub(super) fn powers(turn: &Turn<'_>, voters: &[Box<str>]) -> Result<Option<Vec<f64>>, Refusal> {
    let Some(signal) = turn.signal(POWER) else { return Ok(None) };
    let from = &signal.from;
    let scores = signal.scores().ok_or_else(|| {
        let message = format!("the signal `{POWER}` from `{from}` is one number");
        Refusal::new("bad-power", message).help("it must carry a number for each voter")
    })?;
    let mut known = BTreeMap::new();
    for (voter, power) in scores {
        if !(0.0..=POWER_MAX).contains(power) {
            let message = format!("the signal `{POWER}` from `{from}` gives `{voter}` {power}");
            return Err(Refusal::new("bad-power", message).help("a power is from 0 to 10^60"));
        }
        if known.insert(plain(voter), *power).is_some() {
            let message = format!("the signal `{POWER}` from `{from}` names `{voter}` twice");
            let help = "addresses are the same in upper and lower case";
            return Err(Refusal::new("bad-power", message).help(help));
        }
    }
    let power = |voter: &str| known.get(voter).copied().unwrap_or(0.0);
    Ok(Some(voters.iter().map(|voter| power(voter)).collect()))
}
