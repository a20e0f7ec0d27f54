//! A pool divided in proportion to what projects were given, among those given
//! more than a threshold.
//!
//! ```text
//! threshold = ⌊Σ D / (projects · multiplier)⌋
//! match_p   = ⌊D_p · pool / Σ_{D_q > threshold} D_q⌋   if D_p > threshold, else 0
//! ```

use std::collections::BTreeMap;
use std::sync::Arc;

use allonet_core::mechanism::{Allocation, Purse, Refusal, Turn};
use allonet_core::money::{Amount, Rounding, apportion};
use allonet_core::signal::SignalData;
use ruint::aliases::U256;

use super::division::DivisionError;
use super::matching::Tally;
use crate::paying::{Walk, several, show};

/// Who is above the threshold.
pub(super) struct Threshold {
    pub(super) units: Amount,
    weights: Vec<U256>,
}

impl Threshold {
    /// Of what each project was given, among so many projects.
    pub(super) fn new(given: &[U256], projects: usize, multiplier: u64) -> Self {
        let total = given.iter().fold(U256::ZERO, |sum, given| sum.saturating_add(*given));
        let parts = U256::from(projects) * U256::from(multiplier);
        let units = if parts.is_zero() { U256::ZERO } else { total / parts };
        let above = |given: &U256| if *given > units { *given } else { U256::ZERO };
        Self { units: Amount::from_u256(units), weights: given.iter().map(above).collect() }
    }

    /// What each project gets of a pool.
    pub(super) fn divide(&self, pool: Amount) -> Result<Vec<Amount>, DivisionError> {
        if self.weights.iter().all(U256::is_zero) {
            return Ok(vec![Amount::ZERO; self.weights.len()]);
        }
        Ok(apportion(pool, &self.weights, Rounding::Floor)?.parts)
    }

    /// Divides each pool and books it; the shares of the main one.
    pub(super) fn pay(
        &self,
        turn: &Turn<'_>,
        allocation: &mut Allocation<'_>,
        pools: &Purse,
        tally: &Tally,
    ) -> Result<(), Refusal> {
        for (asset, pool) in pools.iter() {
            for (payee, amount) in (0_u32..).zip(self.divide(pool)?) {
                let support = tally.supports[payee as usize];
                let mut walk = Walk::default();
                walk.to(amount, "share of what was given", || {
                    let given = show(turn.assets, 0, Amount::from_u256(support.given));
                    let least = show(turn.assets, 0, self.units);
                    let givers = several(support.donors, "voter");
                    format!("{given} of {givers}, above the threshold of {least}")
                });
                allocation.pay(payee, asset, amount, walk.steps)?;
            }
        }
        Ok(())
    }

    /// Parts of all that is above the threshold.
    pub(super) fn shares(&self, payees: &[Arc<str>]) -> SignalData {
        let sum: f64 = self.weights.iter().map(|weight| f64::from(*weight)).sum();
        let share = |weight: &U256| if sum > 0.0 { f64::from(*weight) / sum } else { 0.0 };
        let named = payees.iter().zip(&self.weights);
        let shares: BTreeMap<String, f64> =
            named.map(|(payee, weight)| (payee.to_string(), share(weight))).collect();
        SignalData::Scores(shares)
    }

    /// How many projects given anything are not above it.
    pub(super) fn below(&self, given: &[U256]) -> usize {
        let out = |(given, weight): &(&U256, &U256)| !given.is_zero() && weight.is_zero();
        given.iter().zip(&self.weights).filter(out).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_those_above_share() {
        let given = [10_u64, 30, 60, 0].map(U256::from);
        // 100 / 4 = 25, which 30 and 60 exceed: 33.3 and 66.7 of 100.
        let threshold = Threshold::new(&given, 4, 1);
        assert_eq!(threshold.units, Amount::from_base(25));
        let paid = threshold.divide(Amount::from_base(100)).unwrap();
        assert_eq!(paid, [0, 33, 66, 0].map(Amount::from_base));
        assert_eq!(threshold.below(&given), 1);
        // Nobody is above the average of equals.
        let equal = Threshold::new(&[U256::from(5); 2], 2, 1);
        assert_eq!(equal.divide(Amount::from_base(9)).unwrap(), [Amount::ZERO; 2]);
        assert_eq!(Threshold::new(&[], 0, 1).units, Amount::ZERO);
    }
}
