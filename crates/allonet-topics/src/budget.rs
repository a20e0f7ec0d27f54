//! Who gets the emission of an epoch: validators by stake, topics by weight.
//!
//! # Formula
//!
//! With `f_v` the validators' part, `S_v` a validator's stake, `S_t` the stake
//! of a topic's reputers and `C_t` its recent fees:
//!
//! | | | Eq |
//! |---|---|---|
//! | a validator | `E_v = f_v · E · S_v / Σ S_v` | 55 |
//! | a topic | `E_t = (1 − f_v) · E · w_t / Σ w_t` | 56 |
//! | weight | `w_t = α·ŵ_t + (1 − α)·w′_t`; `w_t = ŵ_t` at first | 57 |
//! | target | `ŵ_t = S_t^μ · C_t^ν` | 58 |
//! | fees fade | `C_t − C_t / N` in each of the `N` epochs of a week | 5.2 |
//!
//! # Units and rounding
//!
//! Emissions, stakes and fees are whole base units and are divided to the unit
//! by the largest remainders: nothing is lost. The validators' part is rounded
//! down, the fees that fade are rounded up, so that a topic nobody pays for
//! comes to have none.
//!
//! # Limits
//!
//! A topic without recent fees or without stake has weight 0 at once, whatever
//! it had before, and starts again as if it were new. Where no topic has weight,
//! or no validator stake, their part is unspent and goes back to the treasury.
//!
//! # Sources
//!
//! Kruijssen et al. (2024), section 5.2, Eq 55 to 58.
//!
//! # Example
//!
//! ```
//! use allonet_core::money::{Amount, Share};
//! use allonet_topics::budget::Budget;
//!
//! let stakes = [Amount::from_base(3), Amount::from_base(1)];
//! let part = Share::new(1, 4).expect("a quarter");
//! let budget = Budget::divide(Amount::from_base(1_000), part, &stakes, &[2.0, 0.0, 1.0])?;
//! assert_eq!(budget.validators, [188, 62].map(Amount::from_base));
//! assert_eq!(budget.topics, [500, 0, 250].map(Amount::from_base));
//! # Ok::<(), allonet_topics::budget::BudgetError>(())
//! ```

use allonet_core::maths;
use allonet_core::money::{
    Amount, ApportionError, MoneyError, Rounding, Share, Weight, apportion, weights_from_f64,
};
use ruint::aliases::U256;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::emission::{cadence, smoothed};

/// Why a budget cannot be divided.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum BudgetError {
    /// Amounts that do not fit.
    #[error(transparent)]
    Money(#[from] MoneyError),
    /// Weights that are none.
    #[error(transparent)]
    Apportion(#[from] ApportionError),
}

/// An emission divided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Budget {
    /// By validator.
    pub validators: Vec<Amount>,
    /// By topic.
    pub topics: Vec<Amount>,
    /// What nobody had a weight for.
    pub unspent: Amount,
}

impl Budget {
    /// Divides an emission (Eq 55, 56).
    pub fn divide(
        emission: Amount,
        validators_part: Share,
        stakes: &[Amount],
        weights: &[f64],
    ) -> Result<Self, BudgetError> {
        let for_validators = validators_part.of(emission)?;
        let for_topics = emission.saturating_sub(for_validators);
        let stakes: Vec<U256> = stakes.iter().map(|stake| stake.to_u256()).collect();
        let (validators, first) = parts(for_validators, &stakes)?;
        let (topics, second) = parts(for_topics, &weights_from_f64(weights)?)?;
        Ok(Self { validators, topics, unspent: first.add(second, "what is unspent")? })
    }
}

/// Parts by weight, or all of it unspent where there is no weight.
fn parts<W: Weight>(total: Amount, weights: &[W]) -> Result<(Vec<Amount>, Amount), BudgetError> {
    if weights.iter().all(|weight| *weight == W::default()) {
        return Ok((vec![Amount::ZERO; weights.len()], total));
    }
    let divided = apportion(total, weights, Rounding::LargestRemainder)?;
    Ok((divided.parts, divided.dust))
}

/// How topics are weighed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Weighing {
    /// Power of the stake (`μ`).
    pub stake_power: f64,
    /// Power of the fees (`ν`).
    pub fee_power: f64,
    /// Weight of the newest target at a cadence of a week (`α_t`).
    pub smoothing: f64,
}

impl Default for Weighing {
    fn default() -> Self {
        Self { stake_power: 0.5, fee_power: 0.5, smoothing: 0.5 }
    }
}

impl Weighing {
    /// The target `ŵ` of a topic (Eq 58); 0 without stake or without fees.
    pub fn target(&self, stake: Amount, fees: Amount) -> f64 {
        if stake.is_zero() || fees.is_zero() {
            return 0.0;
        }
        power(stake.to_f64(), self.stake_power) * power(fees.to_f64(), self.fee_power)
    }

    /// The weight after so many weeks (Eq 57).
    ///
    /// `before` is none, or 0, for a topic that was not weighed before.
    pub fn weight(&self, stake: Amount, fees: Amount, before: Option<f64>, weeks: f64) -> f64 {
        let target = self.target(stake, fees);
        let before = before.filter(|before| *before > 0.0);
        if target > 0.0 { smoothed(cadence(self.smoothing, weeks), target, before) } else { 0.0 }
    }
}

/// A power; the square root, which is exact, where that is meant.
fn power(base: f64, exponent: f64) -> f64 {
    if exponent.to_bits() == 0.5_f64.to_bits() { base.sqrt() } else { maths::pow(base, exponent) }
}

/// The recent fees of a topic (`C`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fees(pub Amount);

impl Fees {
    /// Adds what was paid.
    pub fn collect(&mut self, paid: Amount) -> Result<(), BudgetError> {
        self.0 = self.0.add(paid, "the fees of a topic")?;
        Ok(())
    }

    /// An epoch passes, of so many in a week: that part fades, rounded up.
    ///
    /// With one epoch a week, or none, all of it does.
    pub fn fade(&mut self, epochs_per_week: u64) {
        let rest = U256::from(epochs_per_week.saturating_sub(1));
        let whole = U256::from(epochs_per_week.max(1));
        self.0 = self.0.mul_div(rest, whole, "fees that stay").expect("no more than there is");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn units(units: u128) -> Amount {
        Amount::from_base(units)
    }

    fn quarter() -> Share {
        Share::new(1, 4).unwrap()
    }

    #[test]
    fn weights_by_hand() {
        let weighing = Weighing::default();
        assert_eq!(weighing.target(units(900), units(4)).to_bits(), 60.0_f64.to_bits());
        assert_eq!(weighing.weight(units(900), units(4), None, 1.0).to_bits(), 60.0_f64.to_bits());
        // A week: half the way from 20 to 60; four weeks: 15 sixteenths of it.
        let after = |weeks| weighing.weight(units(900), units(4), Some(20.0), weeks);
        assert_eq!([after(1.0), after(4.0)].map(f64::to_bits), [40.0, 57.5].map(f64::to_bits));
        let stake_only = Weighing { stake_power: 1.0, fee_power: 0.0, ..weighing };
        assert_eq!(stake_only.target(units(900), units(4)).to_bits(), 900.0_f64.to_bits());
    }

    #[test]
    fn no_fees_no_weight() {
        let weighing = Weighing::default();
        assert_eq!(weighing.weight(units(900), units(0), Some(60.0), 0.1).to_bits(), 0);
        assert_eq!(weighing.weight(units(0), units(4), Some(60.0), 0.1).to_bits(), 0);
        // Back again, it counts as new.
        let back = weighing.weight(units(900), units(4), Some(0.0), 0.1);
        assert_eq!(back.to_bits(), 60.0_f64.to_bits());
    }

    #[test]
    fn fees_fade_within_weeks_and_to_nothing() {
        let mut fees = Fees(units(1_000));
        fees.fade(10);
        assert_eq!(fees.0, units(900));
        (0..9).for_each(|_| fees.fade(10));
        // 1000 · 0.9^10 = 348.7, less up to a unit for each step.
        assert!((340..=348).contains(&fees.0.to_u128().unwrap()), "{}", fees.0);
        (0..200).for_each(|_| fees.fade(10));
        assert_eq!(fees.0, Amount::ZERO);
        let mut most = Fees(Amount::MAX);
        most.fade(u64::MAX);
        most.fade(1);
        assert_eq!(most.0, Amount::ZERO);
        assert!(Fees(Amount::MAX).collect(units(1)).is_err());
    }

    #[test]
    fn a_cabal_that_pays_nothing_is_undone_by_one_base_unit() {
        // Ten topics with a million staked each, and no fees anywhere.
        let weighing = Weighing::default();
        let weights =
            |fees: [u128; 10]| fees.map(|fee| weighing.target(units(1_000_000), units(fee)));
        let nobody = Budget::divide(units(1_000), quarter(), &[], &weights([0; 10])).unwrap();
        assert_eq!(nobody.unspent, units(1_000));
        let mut fees = [0; 10];
        fees[7] = 1;
        let one = Budget::divide(units(1_000), quarter(), &[units(1)], &weights(fees)).unwrap();
        assert_eq!((one.topics[7], one.unspent), (units(750), units(0)));
    }

    #[test]
    fn weights_that_are_none_are_refused() {
        assert!(Budget::divide(units(9), quarter(), &[], &[1.0, f64::NAN]).is_err());
        let empty = Budget::divide(units(9), quarter(), &[], &[]).unwrap();
        assert_eq!(empty.unspent, units(9));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn a_budget_is_conserved_to_the_unit(
            emission: u128,
            stakes in prop::collection::vec(any::<u64>(), 0..8),
            weights in prop::collection::vec(prop_oneof![Just(0.0), 1e-9_f64..1e9], 0..12),
        ) {
            let stakes: Vec<Amount> = stakes.iter().map(|stake| units(u128::from(*stake))).collect();
            let budget = Budget::divide(units(emission), quarter(), &stakes, &weights).unwrap();
            let all = budget.validators.iter().chain(&budget.topics).copied();
            let spent = Amount::sum(all, "test").unwrap();
            prop_assert_eq!(spent.add(budget.unspent, "test").unwrap(), units(emission));
            for (paid, weight) in budget.topics.iter().zip(&weights) {
                prop_assert!(*weight > 0.0 || paid.is_zero());
            }
        }
    }
}
