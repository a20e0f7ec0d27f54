//! How much each voter counts, and how much money each voter moves.

use std::collections::BTreeMap;

use allonet_core::mechanism::{Refusal, Turn, VoterEffect};
use allonet_core::money::Amount;

use super::round::{Power, Round, Scenario, Scratch};
use crate::names::plain;

/// The signal `power`: a number for each voter, zero for those it leaves out;
/// none where no such signal has arrived.
pub(super) fn power(turn: &Turn<'_>, voters: &[Box<str>]) -> Result<Option<Power>, Refusal> {
    let Some(signal) = turn.signal("power") else { return Ok(None) };
    let scores = signal.scores().ok_or_else(|| {
        let message = format!(
            "the signal `power` from `{}` is one number, not one for each voter",
            signal.from
        );
        Refusal::new("not-scores", message).help("connect a signal that carries scores")
    })?;
    let mut by_name = BTreeMap::new();
    for (id, number) in scores {
        let from = &signal.from;
        if !number.is_finite() || *number < 0.0 {
            let message = format!("the signal `power` from `{from}` gives `{id}` {number}");
            return Err(Refusal::new("bad-power", message)
                .help("voting power is a finite number of zero or more"));
        }
        if by_name.insert(plain(id), *number).is_some() {
            let message = format!("the signal `power` from `{from}` names `{id}` twice");
            return Err(Refusal::new("double-voter", message)
                .help("addresses are compared without regard to case"));
        }
    }
    let numbers = voters.iter().map(|voter| by_name.get(&**voter).copied().unwrap_or(0.0));
    let power = Power::new(numbers.collect());
    power.map(Some).map_err(|error| Refusal::new("bad-power", error.to_string()))
}

/// The voter without whom most money goes elsewhere, and how much: each is left
/// out in turn and the pool divided again by `divide`. The first by name among
/// equals.
pub(super) fn largest(
    round: &Round,
    voters: &[Box<str>],
    power: Option<&Power>,
    pool: Amount,
    divide: impl Fn(&Scratch) -> Result<Vec<Amount>, Refusal>,
) -> Result<Option<VoterEffect>, Refusal> {
    let mut scratch = Scratch::default();
    let mut copies = vec![1_u32; voters.len()];
    let mut without = |left_out: Option<usize>| -> Result<(Vec<Amount>, Amount), Refusal> {
        if let Some(voter) = left_out {
            copies[voter] = 0;
        }
        let scenario = Scenario { copies: Some(&copies), power, ..Scenario::default() };
        round.score(&scenario, &mut scratch);
        if let Some(voter) = left_out {
            copies[voter] = 1;
        }
        let paid = divide(&scratch)?;
        let spent = Amount::sum(paid.iter().copied(), "all payouts")?;
        Ok((paid, pool.saturating_sub(spent)))
    };
    let (paid, rest) = without(None)?;
    let mut largest: Option<VoterEffect> = None;
    for (at, voter) in voters.iter().enumerate() {
        let (others, other_rest) = without(Some(at))?;
        let lost = paid.iter().zip(&others).map(|(paid, other)| paid.saturating_sub(*other));
        let moved = Amount::sum(lost.chain([rest.saturating_sub(other_rest)]), "money moved")?;
        if moved > largest.as_ref().map_or(Amount::ZERO, |effect| effect.moved) {
            largest = Some(VoterEffect { voter: voter.to_string(), moved });
        }
    }
    Ok(largest)
}
