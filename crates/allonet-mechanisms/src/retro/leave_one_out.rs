//! The voter who moves most money: each left out in turn.

use allonet_core::mechanism::{Purse, VoterEffect};
use allonet_core::money::Amount;

use super::round::{Power, Round, Scenario, Scratch};

/// For each asset, the voter without whom most money goes elsewhere, the first
/// by name among equals; nobody where nobody moves anything.
///
/// `paid` gives, for each asset in the order of the purse, what every payee is
/// paid without a voter, or with all of them.
pub(crate) fn largest(
    available: &Purse,
    voters: &[Box<str>],
    mut paid: impl FnMut(Option<u32>) -> Option<Vec<Vec<Amount>>>,
) -> Option<Vec<(usize, VoterEffect)>> {
    let with = paid(None)?;
    let mut best: Vec<Option<VoterEffect>> = vec![None; with.len()];
    for (number, voter) in (0_u32..).zip(voters) {
        let without = paid(Some(number))?;
        let assets = available.iter().zip(with.iter().zip(&without));
        for (((_, pool), (with, without)), best) in assets.zip(&mut best) {
            let moved = moved(pool, with, without)?;
            if moved > best.as_ref().map_or(Amount::ZERO, |best| best.moved) {
                *best = Some(VoterEffect { voter: voter.to_string(), moved });
            }
        }
    }
    let assets = available.iter().map(|(asset, _)| asset);
    Some(assets.zip(best).filter_map(|(asset, best)| Some((asset, best?))).collect())
}

/// What goes elsewhere, money that stays included.
fn moved(pool: Amount, with: &[Amount], without: &[Amount]) -> Option<Amount> {
    let left = |paid: &[Amount]| {
        let spent = Amount::sum(paid.iter().copied(), "payouts").ok()?;
        Some(pool.saturating_sub(spent))
    };
    let lost = with.iter().zip(without).map(|(with, without)| with.saturating_sub(*without));
    Amount::sum(lost.chain([left(with)?.saturating_sub(left(without)?)]), "money moved").ok()
}

/// Scores of a round with one voter left out at a time, or with all of them.
pub(super) struct Without<'a> {
    round: &'a Round,
    power: Option<&'a Power>,
    /// How often each voter stands in it.
    copies: Vec<u32>,
    scratch: Scratch,
}

impl<'a> Without<'a> {
    pub(super) fn new(round: &'a Round, voters: usize, power: Option<&'a Power>) -> Self {
        Self { round, power, copies: vec![1; voters], scratch: Scratch::default() }
    }

    pub(super) fn score(&mut self, left_out: Option<u32>) -> &Scratch {
        if let Some(voter) = left_out {
            self.copies[voter as usize] = 0;
        }
        let scenario =
            Scenario { copies: Some(&self.copies), power: self.power, ..Scenario::default() };
        self.round.score(&scenario, &mut self.scratch);
        if let Some(voter) = left_out {
            self.copies[voter as usize] = 1;
        }
        &self.scratch
    }
}
