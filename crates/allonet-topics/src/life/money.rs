//! Money in the life of a topic: stake, fees, weight and rewards.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::Arc;

use allonet_core::money::Amount;
use allonet_core::time::Instant;
use ruint::aliases::U256;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::epoch::Settled;
use crate::life::books::Waiting;
use crate::life::{Activation, Closed, Id, Rejected, Role, Topic};
use crate::rewards::{Class, divide};

/// Binary places of all money of a topic.
const PLACES: usize = 127;
/// Binary places of what actors may bring. The rest is left for rewards, so that
/// nobody can stop them by a stake.
const PLACES_OF_ACTORS: usize = 126;

/// What somebody is paid for an epoch in one role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payout {
    /// Who.
    pub id: Id,
    /// For what.
    pub role: Role,
    /// What it earns; a reputer's is staked at once where the rules say so, all
    /// else is paid.
    pub own: Amount,
    /// What its delegators may claim.
    pub delegated: Amount,
}

/// Why an epoch was not paid for.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RewardError {
    /// Nothing is owed for it.
    #[error("epoch {epoch} was not scored, was paid for, or is too long ago")]
    NothingOwed {
        /// Which.
        epoch: u64,
    },
    /// More money than a topic may see.
    #[error("{emission} base units are more than a topic may see in all, 2^127")]
    TooMuch {
        /// What was to be paid.
        emission: Amount,
    },
    /// Fractions that divide nothing.
    #[error("epoch {epoch} cannot be paid for: {reason}")]
    Indivisible {
        /// Which.
        epoch: u64,
        /// Why.
        reason: String,
    },
}

/// Who is owed which part of an epoch's reward.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Shares {
    pub(crate) classes: [f64; 3],
    pub(crate) inferers: Vec<(Id, f64)>,
    pub(crate) forecasters: Vec<(Id, f64)>,
    pub(crate) reputers: Vec<(Id, f64)>,
}

impl Shares {
    pub(crate) fn of(waiting: &Waiting, reputers: &[Id], settled: &Settled) -> Self {
        let pairs = |ids: &[Id], fractions: &[f64]| {
            ids.iter().cloned().zip(fractions.iter().copied()).collect()
        };
        Self {
            classes: settled.shares,
            inferers: pairs(&waiting.inferers, &settled.inferer_fractions),
            forecasters: pairs(&waiting.forecasters, &settled.forecaster_fractions),
            reputers: pairs(reputers, &settled.reputer_fractions),
        }
    }
}

impl Shares {
    /// What rewards are divided by, and whose they are.
    fn settled(self) -> (Vec<(Id, Role)>, Settled) {
        let mut who = Vec::new();
        let mut part = |pairs: Vec<(Id, f64)>, role: Role| -> Vec<f64> {
            let each = pairs.into_iter().map(|(id, fraction)| {
                who.push((id, role));
                fraction
            });
            each.collect()
        };
        let settled = Settled {
            shares: self.classes,
            inferer_fractions: part(self.inferers, Role::Inferer),
            forecaster_fractions: part(self.forecasters, Role::Forecaster),
            reputer_fractions: part(self.reputers, Role::Reputer),
            ..Settled::default()
        };
        (who, settled)
    }
}

// --- The till ---------------------------------------------------------------

/// Fees, the weight they give, and what came and went.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Fees {
    received: Amount,
    paid: BTreeMap<Id, Amount>,
    held: Amount,
    /// Fees that still count, by the epoch from which they do.
    recent: BTreeMap<u64, Amount>,
    weight: f64,
}

impl Fees {
    pub(crate) fn received(&self) -> Amount {
        self.received
    }

    pub(crate) fn paid(&self) -> &BTreeMap<Id, Amount> {
        &self.paid
    }

    pub(crate) fn held(&self) -> Amount {
        self.held
    }

    pub(crate) fn weight(&self) -> f64 {
        self.weight
    }

    /// Whether so much more stays below a limit of so many binary places.
    fn has_room(&self, amount: Amount, places: usize) -> bool {
        let limit = Amount::from_u256(U256::from(1) << places);
        self.received.add(amount, "all money").is_ok_and(|all| all < limit)
    }

    fn receive(&mut self, amount: Amount) {
        self.received = plus(self.received, amount);
    }

    fn pay(&mut self, to: &Id, amount: Amount) {
        if !amount.is_zero() {
            let paid = self.paid.entry(to.clone()).or_default();
            *paid = plus(*paid, amount);
        }
    }

    /// The weight after some epochs in which nothing else changed. It is 0 at
    /// once without stake or fees.
    pub(crate) fn weigh(&mut self, epochs: RangeInclusive<u64>, stake: Amount, rules: &Activation) {
        for epoch in epochs {
            self.recent.retain(|paid, _| paid.saturating_add(rules.fee_epochs) > epoch);
            if self.recent.is_empty() || stake.is_zero() {
                self.weight = 0.0;
                if self.recent.is_empty() {
                    return;
                }
                continue;
            }
            let fees = self.recent.values().fold(Amount::ZERO, |sum, fee| plus(sum, *fee));
            let newest = stake.to_f64().sqrt() * fees.to_f64().sqrt();
            self.weight = if self.weight == 0.0 {
                newest
            } else {
                rules.alpha * newest + (1.0 - rules.alpha) * self.weight
            };
        }
    }
}

fn plus(one: Amount, other: Amount) -> Amount {
    one.add(other, "money of a topic").expect("all money of a topic stays below 2^127")
}

// --- Rewards ----------------------------------------------------------------

impl Topic {
    /// Divides the reward of a scored epoch, once: what everybody is paid, and
    /// what the delegators of reputers may claim from now on, by stake at this
    /// moment. All parts together are the emission, exactly.
    pub fn reward(&mut self, epoch: u64, emission: Amount) -> Result<Vec<Payout>, RewardError> {
        let shares = self.unpaid.get(&epoch).ok_or(RewardError::NothingOwed { epoch })?;
        if !self.fees.has_room(emission, PLACES) {
            return Err(RewardError::TooMuch { emission });
        }
        let (who, settled) = shares.clone().settled();
        let rewards = divide(emission, &settled)
            .map_err(|error| RewardError::Indivisible { epoch, reason: error.to_string() })?;
        self.unpaid.remove(&epoch);
        self.fees.receive(emission);
        let amounts = Class::ALL.into_iter().flat_map(|class| rewards.of(class));
        let payouts = who.into_iter().zip(amounts).map(|((id, role), amount)| {
            let own = match role {
                Role::Reputer => self.stakes.reward(&id, *amount),
                _ => *amount,
            };
            let staked = role == Role::Reputer
                && self.rules.compound
                && !own.is_zero()
                && self.stakes.stake(&id, own).is_ok();
            if !staked {
                self.fees.pay(&id, own);
            }
            Payout { id, role, own, delegated: amount.saturating_sub(own) }
        });
        Ok(payouts.collect())
    }
}

// --- Actions ----------------------------------------------------------------

impl Topic {
    pub(super) fn stake(&mut self, actor: &Id, amount: Amount) -> Result<(), Rejected> {
        self.must_be(actor, Role::Reputer)?;
        self.must_have_room(amount)?;
        self.stakes.stake(actor, amount)?;
        self.fees.receive(amount);
        Ok(())
    }

    pub(super) fn delegate(
        &mut self,
        actor: &Id,
        reputer: &Id,
        amount: Amount,
    ) -> Result<(), Rejected> {
        self.must_be(reputer, Role::Reputer)?;
        self.must_have_room(amount)?;
        self.stakes.delegate(actor, reputer, amount)?;
        self.fees.receive(amount);
        Ok(())
    }

    /// Asks back own stake, or what was delegated to a reputer.
    pub(super) fn unstake(
        &mut self,
        actor: &Id,
        reputer: Option<Id>,
        amount: Amount,
    ) -> Result<(), Rejected> {
        let now = self.now.expect("time has moved to that of the event");
        let delay = i64::try_from(self.rules.unstake_delay_secs).unwrap_or(i64::MAX);
        let due = Instant::from_unix(now.unix().saturating_add(delay));
        let reputer = reputer.unwrap_or_else(|| Arc::clone(actor));
        Ok(self.stakes.unstake(actor, &reputer, amount, due)?)
    }

    pub(super) fn claim(&mut self, actor: &Id, reputer: &Id) -> Result<(), Rejected> {
        let paid = self.stakes.claim(actor, reputer)?;
        self.fees.pay(actor, paid);
        Ok(())
    }

    pub(super) fn fund(&mut self, amount: Amount) -> Result<(), Rejected> {
        if amount.is_zero() {
            let help = "name an amount of 1 base unit or more";
            return Err(Rejected::new("zero", "an amount of zero moves nothing", help));
        }
        self.must_have_room(amount)?;
        self.fees.receive(amount);
        self.fees.held = plus(self.fees.held, amount);
        let counted = self.fees.recent.entry(self.next).or_default();
        *counted = plus(*counted, amount);
        Ok(())
    }

    /// Lets the next stake leave.
    pub(super) fn release(&mut self) {
        if let Some(release) = self.stakes.release() {
            self.fees.pay(&release.owner, release.amount);
            self.news.push(Closed::Released(release));
        }
    }

    fn must_have_room(&self, amount: Amount) -> Result<(), Rejected> {
        if self.fees.has_room(amount, PLACES_OF_ACTORS) {
            return Ok(());
        }
        let message = format!("{amount} base units are more than a topic may see in all");
        let help = "stakes and fees stay below 2^126 base units together";
        Err(Rejected::new("too-much", message, help))
    }
}
