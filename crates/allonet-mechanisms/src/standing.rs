//! What a signal says of voters: how much their votes weigh.

use allonet_core::mechanism::{Refusal, Turn};

use crate::names::plain;

/// Weights of voters, in their order, from the signal of this name; `None` if
/// it has not come. Voters of whom it does not speak weigh nothing.
///
/// Refusals: `bad-signal` (a weight below zero or no number, or no scores).
pub(crate) fn standing(
    turn: &Turn<'_>,
    name: &str,
    voters: &[Box<str>],
) -> Result<Option<Vec<f64>>, Refusal> {
    let Some(signal) = turn.signal(name) else { return Ok(None) };
    let Some(scores) = signal.scores() else {
        let message = format!("the signal `{name}` from `{}` is one number", signal.from);
        return Err(Refusal::new("bad-signal", message).help("it must say a number for each voter"));
    };
    let mut weights = vec![0.0; voters.len()];
    for (voter, weight) in scores {
        if !weight.is_finite() || *weight < 0.0 {
            let message = format!("the signal `{name}` says {weight} of `{voter}`");
            let help = "weights of voters are numbers, zero or more";
            return Err(Refusal::new("bad-signal", message).help(help));
        }
        let name = plain(voter);
        if let Ok(at) = voters.binary_search_by(|voter| (**voter).cmp(&*name)) {
            weights[at] = *weight;
        }
    }
    Ok(Some(weights))
}
