//! Stake: what reputers and those who trust them put behind their reports.
//!
//! # Formula
//!
//! ```text
//! stake of a reputer   own + delegated
//! reward R             delegated part ⌊R · delegated / (own + delegated)⌋, own part the rest
//! per share            a′ = a + ⌊(part · 2^128 + r) / delegated⌋, r′ the remainder
//! a delegator's due    shares · (a − a at its last change), in units of 2^−128
//! ```
//!
//! # Units and rounding
//!
//! Base units, whole. What is due to a delegator is kept with 128 binary places
//! after the unit, remainders with the pool: paid and due together are what was
//! put in, to the last digit. A claim pays whole units.
//!
//! # Limits
//!
//! * Stake taken back counts and stays for `delay` after the request, and can
//!   be left in by cancelling it. One request at a time for each pair of owner
//!   and reputer.
//! * Each request is one entry that leaves the queue at its own moment, for a
//!   cost that does not depend on the others: a long queue delays nobody.
//! * Nobody delegates to oneself. Delegations do not travel on: whoever
//!   delegates around in a circle has that stake in each place once.
//! * Amounts that ever come in must stay below 2^127 in all; the caller sees to
//!   it.
//!
//! # Sources
//!
//! Kruijssen et al. (2024), Eq 36, 37; the reward-per-share accumulator of
//! Batog, Boca, Johnson (2018), *Scalable Reward Distribution on the Ethereum
//! Blockchain*.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use allonet_core::money::Amount;
use allonet_core::time::Instant;
use ruint::aliases::U256;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::rewards::of_delegators;

/// Binary places after the base unit.
const PLACES: usize = 128;

/// Why stake was not moved.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum StakeError {
    /// Delegating to oneself.
    #[error("`{reputer}` delegates to itself")]
    SelfDelegation {
        /// Who.
        reputer: String,
    },
    /// Taking back more than there is.
    #[error("{wanted} base units of stake were asked back, of {available}")]
    TooLittle {
        /// What was asked.
        wanted: Amount,
        /// What there is.
        available: Amount,
    },
    /// A second request while one waits.
    #[error("{amount} base units are already on their way out, due {due}")]
    Pending {
        /// How much.
        amount: Amount,
        /// When.
        due: Instant,
    },
    /// Nothing to cancel.
    #[error("no stake is on its way out")]
    NothingPending,
    /// Nothing to claim.
    #[error("nothing is due")]
    NothingDue,
    /// An amount of zero.
    #[error("an amount of zero moves nothing")]
    Zero,
}

/// Stake on its way out.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Release {
    /// When it leaves.
    pub due: Instant,
    /// Whose it is.
    pub owner: Arc<str>,
    /// On whom it stands; the owner itself for a reputer's own stake.
    pub reputer: Arc<str>,
    /// How much.
    pub amount: Amount,
}

/// All stake of a topic.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Stakes {
    reputers: BTreeMap<Arc<str>, Stake>,
    queue: BTreeSet<Release>,
}

/// The stake of one reputer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Stake {
    own: Amount,
    leaving: Option<Leaving>,
    pool: Pool,
}

/// A request to take stake back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Leaving {
    due: Instant,
    amount: Amount,
}

/// What others delegated to one reputer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Pool {
    total: Amount,
    /// Rewards for each unit of stake so far, with 128 binary places.
    per_share: U256,
    /// What did not divide, with 128 binary places.
    rest: U256,
    /// Rewards put in and not yet claimed.
    held: Amount,
    delegations: BTreeMap<Arc<str>, Delegation>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Delegation {
    amount: Amount,
    /// `per_share` up to which `due` is counted.
    mark: U256,
    /// With 128 binary places.
    due: U256,
    leaving: Option<Leaving>,
}

impl Stakes {
    /// Own and delegated stake of a reputer together.
    pub fn of(&self, reputer: &str) -> Amount {
        let Some(stake) = self.reputers.get(reputer) else { return Amount::ZERO };
        total(stake.own, stake.pool.total)
    }

    /// A reputer's own stake.
    pub fn own(&self, reputer: &str) -> Amount {
        self.reputers.get(reputer).map_or(Amount::ZERO, |stake| stake.own)
    }

    /// What one delegator has with a reputer.
    pub fn delegated(&self, owner: &str, reputer: &str) -> Amount {
        self.delegation(owner, reputer).map_or(Amount::ZERO, |delegation| delegation.amount)
    }

    /// What a delegator could claim from a reputer now, in whole units.
    pub fn due(&self, owner: &str, reputer: &str) -> Amount {
        let due = self.reputers.get(reputer).and_then(|stake| {
            let delegation = stake.pool.delegations.get(owner)?;
            Some(delegation.due + delegation.since(stake.pool.per_share))
        });
        Amount::from_u256(due.unwrap_or_default() >> PLACES)
    }

    /// All stake.
    pub fn staked(&self) -> Amount {
        let own = self.reputers.values().map(|stake| total(stake.own, stake.pool.total));
        own.fold(Amount::ZERO, total)
    }

    /// Rewards of delegators that have not been claimed.
    pub fn unclaimed(&self) -> Amount {
        self.reputers.values().map(|stake| stake.pool.held).fold(Amount::ZERO, total)
    }

    /// Stake on its way out, soonest first.
    pub fn queue(&self) -> impl Iterator<Item = &Release> {
        self.queue.iter()
    }

    /// A reputer puts in stake of its own.
    pub fn stake(&mut self, reputer: &Arc<str>, amount: Amount) -> Result<(), StakeError> {
        not_zero(amount)?;
        let stake = self.reputers.entry(Arc::clone(reputer)).or_default();
        stake.own = total(stake.own, amount);
        Ok(())
    }

    /// Somebody puts stake behind a reputer.
    pub fn delegate(
        &mut self,
        owner: &Arc<str>,
        reputer: &Arc<str>,
        amount: Amount,
    ) -> Result<(), StakeError> {
        if owner == reputer {
            return Err(StakeError::SelfDelegation { reputer: reputer.to_string() });
        }
        not_zero(amount)?;
        let pool = &mut self.reputers.entry(Arc::clone(reputer)).or_default().pool;
        let delegation = pool.delegations.entry(Arc::clone(owner)).or_default();
        delegation.settle(pool.per_share);
        delegation.amount = total(delegation.amount, amount);
        pool.total = total(pool.total, amount);
        Ok(())
    }

    /// Asks stake back, to leave at `due`: a reputer's own where it is the
    /// owner, else delegated stake.
    pub fn unstake(
        &mut self,
        owner: &Arc<str>,
        reputer: &Arc<str>,
        amount: Amount,
        due: Instant,
    ) -> Result<(), StakeError> {
        not_zero(amount)?;
        let Some((available, leaving)) = self.slot(owner, reputer) else {
            return Err(StakeError::TooLittle { wanted: amount, available: Amount::ZERO });
        };
        if let Some(Leaving { due, amount }) = *leaving {
            return Err(StakeError::Pending { amount, due });
        }
        if available < amount {
            return Err(StakeError::TooLittle { wanted: amount, available });
        }
        *leaving = Some(Leaving { due, amount });
        let (owner, reputer) = (Arc::clone(owner), Arc::clone(reputer));
        self.queue.insert(Release { due, owner, reputer, amount });
        Ok(())
    }

    /// Leaves in what was asked back.
    pub fn cancel(&mut self, owner: &Arc<str>, reputer: &Arc<str>) -> Result<(), StakeError> {
        let leaving = self.slot(owner, reputer).and_then(|(_, leaving)| leaving.take());
        let Leaving { due, amount } = leaving.ok_or(StakeError::NothingPending)?;
        let (owner, reputer) = (Arc::clone(owner), Arc::clone(reputer));
        self.queue.remove(&Release { due, owner, reputer, amount });
        Ok(())
    }

    /// When the next stake leaves.
    pub fn next_release(&self) -> Option<Instant> {
        self.queue.first().map(|release| release.due)
    }

    /// Lets the next stake leave.
    pub fn release(&mut self) -> Option<Release> {
        let release = self.queue.pop_first()?;
        let Release { owner, reputer, amount, .. } = &release;
        let stake = self.reputers.get_mut(reputer).expect("stake on its way out stands somewhere");
        if owner == reputer {
            stake.leaving = None;
            stake.own = less(stake.own, *amount);
        } else {
            stake.pool.leave(owner, *amount);
        }
        self.drop_if_empty(reputer);
        Some(release)
    }

    /// Divides a reward of a reputer: gives its own part, and books that of its
    /// delegators.
    pub fn reward(&mut self, reputer: &str, reward: Amount) -> Amount {
        let Some(stake) = self.reputers.get_mut(reputer) else { return reward };
        let part = of_delegators(reward, stake.own, stake.pool.total);
        if !part.is_zero() {
            stake.pool.put(part);
        }
        less(reward, part)
    }

    /// Pays a delegator what is due from one reputer, in whole units.
    pub fn claim(&mut self, owner: &str, reputer: &str) -> Result<Amount, StakeError> {
        let stake = self.reputers.get_mut(reputer).ok_or(StakeError::NothingDue)?;
        let paid = stake.pool.claim(owner).filter(|paid| !paid.is_zero());
        let paid = paid.ok_or(StakeError::NothingDue)?;
        self.drop_if_empty(reputer);
        Ok(paid)
    }

    fn delegation(&self, owner: &str, reputer: &str) -> Option<&Delegation> {
        self.reputers.get(reputer)?.pool.delegations.get(owner)
    }

    /// What an owner has with a reputer, and where a request to take it back
    /// stands.
    fn slot(&mut self, owner: &str, reputer: &str) -> Option<(Amount, &mut Option<Leaving>)> {
        let stake = self.reputers.get_mut(reputer)?;
        if owner == reputer {
            return Some((stake.own, &mut stake.leaving));
        }
        let delegation = stake.pool.delegations.get_mut(owner)?;
        Some((delegation.amount, &mut delegation.leaving))
    }

    fn drop_if_empty(&mut self, reputer: &str) {
        if self.reputers.get(reputer).is_some_and(|stake| *stake == Stake::default()) {
            self.reputers.remove(reputer);
        }
    }
}

impl Pool {
    fn put(&mut self, reward: Amount) {
        let (step, rest) = self.divisible(reward).div_rem(self.total.to_u256());
        self.per_share += step;
        self.rest = rest;
        self.held = total(self.held, reward);
    }

    fn divisible(&self, reward: Amount) -> U256 {
        (reward.to_u256() << PLACES) + self.rest
    }

    fn claim(&mut self, owner: &str) -> Option<Amount> {
        let delegation = self.delegations.get_mut(owner)?;
        delegation.settle(self.per_share);
        let paid = Amount::from_u256(delegation.due >> PLACES);
        delegation.due -= paid.to_u256() << PLACES;
        self.held = less(self.held, paid);
        self.forget(owner);
        Some(paid)
    }

    fn leave(&mut self, owner: &str, amount: Amount) {
        let delegation = self.delegations.get_mut(owner).expect("it is on its way out");
        delegation.settle(self.per_share);
        delegation.leaving = None;
        delegation.amount = less(delegation.amount, amount);
        self.total = less(self.total, amount);
        self.forget(owner);
    }

    /// Drops a delegator without stake and without a whole unit due; the broken
    /// unit goes to the others.
    fn forget(&mut self, owner: &str) {
        let Some(delegation) = self.delegations.get(owner) else { return };
        if delegation.amount.is_zero() && (delegation.due >> PLACES).is_zero() {
            self.rest += delegation.due;
            self.delegations.remove(owner);
        }
        if self.delegations.is_empty() && self.held.is_zero() {
            // Nothing is held: the marks of the past mean nothing to newcomers.
            *self = Self::default();
        }
    }
}

impl Delegation {
    fn since(&self, per_share: U256) -> U256 {
        self.amount.to_u256() * (per_share - self.mark)
    }

    fn settle(&mut self, per_share: U256) {
        self.due += self.since(per_share);
        self.mark = per_share;
    }
}

fn not_zero(amount: Amount) -> Result<(), StakeError> {
    if amount.is_zero() { Err(StakeError::Zero) } else { Ok(()) }
}

fn total(one: Amount, other: Amount) -> Amount {
    one.add(other, "stake").expect("all money of a topic stays below 2^127")
}

fn less(one: Amount, other: Amount) -> Amount {
    one.sub(other, "stake").expect("no more leaves than there is")
}
