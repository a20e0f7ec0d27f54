//! Rounds whose pool holds the contributions too: everyone is owed a sum that
//! grows with the pool, and is paid as the money comes in.
//!
//! What a project was paid in earlier epochs is remembered, so that money that
//! comes later raises the matches and is not divided as if it were a new round.

use std::collections::BTreeMap;
use std::sync::Arc;

use allonet_core::mechanism::{Allocation, Outcome, Refusal, State, Turn};
use allonet_core::money::{Amount, Rounding, apportion};
use ruint::aliases::U256;
use serde::{Deserialize, Serialize};

use crate::paying::{Walk, shares};

/// What a project is owed of the main asset, earlier epochs included.
pub(super) struct Due {
    /// What its voters gave it.
    pub(super) own: Amount,
    /// With its match.
    pub(super) total: Amount,
    /// Who stands behind it, for people.
    pub(super) why: String,
    /// Its part of other assets.
    pub(super) weight: U256,
}

/// What was paid in earlier epochs, by project.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Instalments {
    paid: BTreeMap<String, Amount>,
}

impl Instalments {
    pub(super) fn read(turn: &Turn<'_>) -> Result<Self, Refusal> {
        turn.state.read()
    }

    /// All money that the round has had: what was paid, and what there is now.
    pub(super) fn budget(&self, allocation: &Allocation<'_>) -> Result<Amount, Refusal> {
        let paid = Amount::sum(self.paid.values().copied(), "payouts of earlier epochs")?;
        Ok(paid.add(allocation.available().of(0), "the budget of a round")?)
    }

    /// Pays what is owed and not paid yet, and divides other assets by weight,
    /// by largest remainder. Emits each project's part of all that is owed.
    pub(super) fn pay(
        mut self,
        payees: &[Arc<str>],
        dues: &[Due],
        allocation: &mut Allocation<'_>,
    ) -> Result<Outcome, Refusal> {
        for ((payee, name), due) in (0_u32..).zip(payees).zip(dues) {
            let before = self.paid.get(&**name).copied().unwrap_or_default();
            let open = due.total.saturating_sub(before);
            // Two roundings of one project may shift a unit between epochs.
            let amount = open.min(allocation.left().of(0));
            let mut walk = Walk::default();
            walk.to(due.own, "contributions", || due.why.clone());
            walk.to(due.total, "match", String::new);
            walk.to(open, "paid in earlier epochs", String::new);
            walk.to(amount, "rounding", String::new);
            allocation.pay(payee, 0, amount, walk.steps)?;
            if !amount.is_zero() {
                let paid = before.add(amount, "payouts of one project")?;
                self.paid.insert(name.to_string(), paid);
            }
        }
        divide_others(dues, allocation)?;
        let totals: Vec<f64> = dues.iter().map(|due| due.total.to_f64()).collect();
        Ok(Outcome {
            state: State::write(&self),
            signals: vec![("match", shares(payees, &totals))],
            ..Outcome::default()
        })
    }
}

fn divide_others(dues: &[Due], allocation: &mut Allocation<'_>) -> Result<(), Refusal> {
    let weights: Vec<U256> = dues.iter().map(|due| due.weight).collect();
    if weights.iter().all(U256::is_zero) {
        return Ok(());
    }
    let available = allocation.available().clone();
    for (asset, pool) in available.iter().filter(|(asset, _)| *asset != 0) {
        let parts = apportion(pool, &weights, Rounding::default());
        let parts = parts.map_err(|error| Refusal::new("division", error.to_string()))?;
        for (payee, part) in (0_u32..).zip(parts.parts) {
            allocation.pay(payee, asset, part, Vec::new())?;
        }
    }
    Ok(())
}
