//! What a token is paid when the answer is known.
//!
//! # Formula
//!
//! ```text
//! categorical   the answer's token 1, the others 0
//! scalar        DOWN (high − x) / (high − low),  UP the rest, x within bounds
//! multi-scalar  answer_i / Σ answers; an invalid answer counts as 0
//! no answer     the INVALID token 1
//! ```
//!
//! # Units and rounding
//!
//! A [`Payout`] holds whole-number numerators, as conditional tokens do.
//! [`Payout::divide`] divides the collateral that backs all sets first among
//! outcomes, then within an outcome among its holders, each time by largest
//! remainder: what is paid adds up to the collateral exactly, and each holder
//! gets within two base units of the exact amount.
//!
//! # Known weaknesses
//!
//! * An outcome that nobody judged counts as 0 and takes its holders' money; a
//!   conditional market pays only on what was judged.
//!
//! # Sources
//!
//! * `seer-pm/demo`, the reality proxy's categorical, scalar and multi-scalar
//!   resolution.

use std::collections::BTreeMap;

use allonet_core::money::{Amount, Rounding, apportion, weights_from_f64};
use serde::Serialize;

use super::MarketError;
use super::complete_set::Accounts;

/// The name of the token that is paid where no answer is valid.
pub const INVALID: &str = "INVALID";

/// Numerators of what each outcome is paid, the INVALID token's last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Payout(Vec<u128>);

impl Payout {
    /// One of so many outcomes is the answer; none is for an invalid one.
    pub fn categorical(outcomes: usize, answer: Option<usize>) -> Result<Self, MarketError> {
        let answers: Vec<_> =
            (0..outcomes).map(|at| Some(u128::from(Some(at) == answer))).collect();
        if answer.is_some_and(|answer| answer >= outcomes) {
            return Err(MarketError::Answers { found: 1, wanted: outcomes });
        }
        Self::multi_scalar(&answers)
    }

    /// A number between two bounds: `[DOWN, UP, INVALID]`.
    pub fn scalar(low: u128, high: u128, answer: Option<u128>) -> Result<Self, MarketError> {
        if low >= high {
            return Err(MarketError::Bounds { low, high });
        }
        let sides = answer.map(|x| x.clamp(low, high)).map(|x| [high - x, x - low]);
        let answers = sides.map_or([None; 2], |sides| sides.map(Some));
        Self::multi_scalar(&answers)
    }

    /// In proportion to the answers, none for an invalid one; the INVALID token
    /// is paid where no answer is above zero.
    pub fn multi_scalar(answers: &[Option<u128>]) -> Result<Self, MarketError> {
        if answers.len() < 2 {
            return Err(MarketError::Outcomes { found: answers.len() });
        }
        let mut numerators: Vec<u128> = answers.iter().map(|x| x.unwrap_or(0)).collect();
        let void = numerators.iter().all(|answer| *answer == 0);
        numerators.push(u128::from(void));
        Ok(Self(numerators))
    }

    /// The same from weights; scaling all of them changes nothing.
    pub fn of_weights(weights: &[f64]) -> Result<Self, MarketError> {
        let whole = weights_from_f64(weights)?;
        Self::multi_scalar(&whole.into_iter().map(Some).collect::<Vec<_>>())
    }

    /// The numerators, the INVALID token's last.
    pub fn numerators(&self) -> &[u128] {
        &self.0
    }

    /// What part each outcome is paid, for show.
    pub fn parts(&self) -> Vec<f64> {
        let sum: f64 = self.0.iter().map(|part| *part as f64).sum();
        self.0.iter().map(|part| *part as f64 / sum).collect()
    }

    /// Divides so much collateral among the outcomes.
    pub fn by_outcome(&self, collateral: Amount) -> Result<Vec<Amount>, MarketError> {
        Ok(apportion(collateral, &self.0, Rounding::LargestRemainder)?.parts)
    }

    /// Divides the collateral behind all complete sets among those who hold
    /// tokens.
    pub fn divide(&self, accounts: &Accounts) -> Result<BTreeMap<String, Amount>, MarketError> {
        let totals = self.by_outcome(accounts.sets())?;
        let names: Vec<&String> = accounts.accounts().keys().collect();
        let mut paid: BTreeMap<String, Amount> = BTreeMap::new();
        for (outcome, total) in totals.into_iter().enumerate() {
            let held: Vec<_> =
                accounts.accounts().values().map(|held| held.tokens[outcome].to_u256()).collect();
            let parts = apportion(total, &held, Rounding::LargestRemainder)?.parts;
            for (name, part) in names.iter().zip(parts) {
                let sum = paid.entry((*name).clone()).or_default();
                *sum = sum.add(part, "a payout")?;
            }
        }
        Ok(paid)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn base(units: u128) -> Amount {
        Amount::from_base(units)
    }

    #[test]
    fn payouts_by_hand() {
        // 70 in [50, 100]: DOWN 30/50, UP 20/50.
        let scalar = Payout::scalar(50, 100, Some(70)).unwrap();
        assert_eq!(scalar.numerators(), [30, 20, 0]);
        assert_eq!(scalar.by_outcome(base(1_001)).unwrap(), [base(601), base(400), base(0)]);
        assert_eq!(Payout::scalar(50, 100, Some(7)).unwrap().numerators(), [50, 0, 0]);
        assert_eq!(Payout::scalar(50, 100, Some(700)).unwrap().numerators(), [0, 50, 0]);
        assert_eq!(Payout::scalar(50, 100, None).unwrap().numerators(), [0, 0, 1]);
        assert_eq!(Payout::categorical(3, Some(1)).unwrap().numerators(), [0, 1, 0, 0]);
        assert_eq!(Payout::categorical(3, None).unwrap().numerators(), [0, 0, 0, 1]);
        let weights = Payout::multi_scalar(&[Some(3), None, Some(1)]).unwrap();
        assert_eq!(weights.numerators(), [3, 0, 1, 0]);
        assert_eq!(weights.parts(), [0.75, 0.0, 0.25, 0.0]);
        let void = Payout::multi_scalar(&[Some(0), None]).unwrap();
        assert_eq!(void.by_outcome(base(9)).unwrap(), [base(0), base(0), base(9)]);
    }

    #[test]
    fn what_is_no_answer_is_refused() {
        assert!(matches!(Payout::scalar(5, 5, Some(5)), Err(MarketError::Bounds { .. })));
        assert!(matches!(
            Payout::multi_scalar(&[Some(1)]),
            Err(MarketError::Outcomes { found: 1 })
        ));
        assert!(matches!(Payout::categorical(2, Some(2)), Err(MarketError::Answers { .. })));
        assert!(matches!(Payout::of_weights(&[1.0, -1.0]), Err(MarketError::Apportion(_))));
        let huge = Payout::multi_scalar(&[Some(u128::MAX), Some(u128::MAX)]).unwrap();
        assert!(matches!(huge.by_outcome(base(1)), Err(MarketError::Apportion(_))));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn payouts_are_all_of_the_collateral_and_nearly_exact(
            answers in prop::collection::vec(prop::option::of(0_u128..1 << 60), 2..6),
            minted in prop::collection::vec(1_u128..1 << 60, 1..5),
            moved in prop::collection::vec((0_usize..5, 0_usize..5, 0_usize..7, 0_u64..100), 0..12),
        ) {
            let outcomes = answers.len() + 1;
            let mut accounts = Accounts::new(outcomes);
            for (at, amount) in minted.iter().enumerate() {
                accounts.deposit(&format!("t{at}"), base(*amount)).unwrap();
                accounts.mint(&format!("t{at}"), base(*amount)).unwrap();
            }
            for (from, to, outcome, percent) in moved {
                let (from, to) = (format!("t{from}"), format!("t{to}"));
                let outcome = outcome % outcomes;
                let held = accounts.of(&from).tokens[outcome].to_u128().unwrap();
                let amount = base(held / 100 * u128::from(percent));
                accounts.take(&from, outcome, amount, "").unwrap();
                accounts.give(&to, outcome, amount).unwrap();
            }
            let payout = Payout::multi_scalar(&answers).unwrap();
            let paid = payout.divide(&accounts).unwrap();
            let total = Amount::sum(paid.values().copied(), "").unwrap();
            prop_assert_eq!(total, accounts.sets());
            let parts = payout.parts();
            for (name, paid) in &paid {
                let exact: f64 = accounts.of(name).tokens.iter().zip(&parts)
                    .map(|(held, part)| held.to_f64() * part).sum();
                let allowed = 2.0 * outcomes as f64 + exact * 1e-12;
                prop_assert!((paid.to_f64() - exact).abs() <= allowed);
            }
        }
    }
}
