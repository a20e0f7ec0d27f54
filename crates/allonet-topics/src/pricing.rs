//! Pay what you want: what consumers pay for inferences, and what a topic gains
//! by it.
//!
//! # Formula
//!
//! A consumer with value `x` for an inference and fairness `f` pays `f·x` of its
//! own accord. Beside a suggested price `s` it pays, by as much as it conforms
//! (`c`), what is asked: `(1 − c)·f·x + c·min(s, x)`. Below a floor nobody may
//! pay: who has at least that value pays it, others do without. Values follow a
//! Pareto distribution: `x = least · u^(−1/shape)` with `u` uniform.
//!
//! # Units and rounding
//!
//! Values and prices are whole base units; what is paid is rounded down.
//!
//! # Limits
//!
//! A model to compare policies with, not a claim about people: nothing in the
//! rules of rewards rests on it. Prices are not public to others within a round.
//!
//! # Sources
//!
//! Kruijssen et al. (2024), section 5.3; Chao, Fernandez, Nahata (2015) for
//! Pareto-distributed payments.
//!
//! # Example
//!
//! ```
//! use allonet_core::money::{Amount, Share};
//! use allonet_topics::pricing::{Consumer, Policy};
//!
//! let half = Share::new(1, 2).expect("a half");
//! let consumer = Consumer { value: Amount::from_base(100), fairness: half, conformity: half };
//! assert_eq!(consumer.pays(&Policy::default()), Some(Amount::from_base(50)));
//! let suggested = Policy { suggested: Some(Amount::from_base(80)), ..Policy::default() };
//! assert_eq!(consumer.pays(&suggested), Some(Amount::from_base(65)));
//! ```

use allonet_core::maths;
use allonet_core::money::{Amount, MoneyError, Share};
use allonet_core::random::Random;
use serde::{Deserialize, Serialize};

/// What a topic says about prices.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// The least that may be paid.
    pub floor: Option<Amount>,
    /// What is asked for.
    pub suggested: Option<Amount>,
}

/// Somebody who may buy one inference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Consumer {
    /// What the inference is worth to it.
    pub value: Amount,
    /// The part of the value that it pays of its own accord.
    pub fairness: Share,
    /// How far it goes towards what is suggested.
    pub conformity: Share,
}

/// What was sold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sales {
    /// All that was paid.
    pub revenue: Amount,
    /// How many bought.
    pub buyers: usize,
}

impl Consumer {
    /// What it pays; none if the floor is above its value.
    pub fn pays(&self, policy: &Policy) -> Option<Amount> {
        if policy.floor.is_some_and(|floor| floor > self.value) {
            return None;
        }
        let part = |share: Share, amount| share.of(amount).expect("a part is no more than all");
        let fair = part(self.fairness, self.value);
        let price = policy.suggested.map_or(fair, |suggested| {
            let asked = suggested.min(self.value);
            let towards = |from: Amount, to: Amount| part(self.conformity, to.saturating_sub(from));
            let up = fair.add(towards(fair, asked), "a price").expect("at most the value");
            up.saturating_sub(towards(asked, fair))
        });
        Some(price.max(policy.floor.unwrap_or(Amount::ZERO)))
    }
}

impl Policy {
    /// What all consumers together pay.
    pub fn sell(&self, consumers: &[Consumer]) -> Result<Sales, MoneyError> {
        let paid: Vec<Amount> = consumers.iter().filter_map(|one| one.pays(self)).collect();
        let revenue = Amount::sum(paid.iter().copied(), "the revenue of a topic")?;
        Ok(Sales { revenue, buyers: paid.len() })
    }
}

/// A value drawn from the Pareto distribution, cut at `most`.
pub fn pareto(least: u64, shape: f64, most: u64, random: &mut Random) -> Amount {
    let uniform = 1.0 - random.uniform();
    let value = least as f64 * maths::pow(uniform, -1.0 / shape);
    let value = if value.is_finite() { value.min(most as f64) } else { most as f64 };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "cut above")]
    let whole = value as u64;
    Amount::from_base(u128::from(whole.clamp(least.min(most), most)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn units(units: u128) -> Amount {
        Amount::from_base(units)
    }

    fn consumer(value: u128, fairness: u64, conformity: u64) -> Consumer {
        let percent = |part| Share::new(part, 100).unwrap();
        let (fairness, conformity) = (percent(fairness), percent(conformity));
        Consumer { value: units(value), fairness, conformity }
    }

    #[test]
    fn floor_and_suggestion_by_hand() {
        let floor = Policy { floor: Some(units(30)), suggested: None };
        assert_eq!(consumer(100, 10, 0).pays(&floor), Some(units(30)));
        assert_eq!(consumer(29, 100, 0).pays(&floor), None);
        let asks = Policy { floor: None, suggested: Some(units(20)) };
        // 50 of its own accord, 20 asked, half the way down; never above its value.
        assert_eq!(consumer(100, 50, 50).pays(&asks), Some(units(35)));
        assert_eq!(consumer(10, 0, 100).pays(&asks), Some(units(10)));
        assert_eq!(consumer(0, 0, 0).pays(&Policy::default()), Some(units(0)));
    }

    #[test]
    fn a_floor_gains_from_the_unfair_and_loses_the_poor() {
        let mut random = Random::new(5);
        let draw = |random: &mut Random, fairness| {
            let value = pareto(100, 1.5, 1_000_000, random).to_u128().unwrap();
            consumer(value, fairness, 50)
        };
        let unfair: Vec<Consumer> = (0..2_000).map(|_| draw(&mut random, 5)).collect();
        let fair: Vec<Consumer> = (0..2_000).map(|_| draw(&mut random, 80)).collect();
        let free = Policy::default();
        let floor = Policy { floor: Some(units(150)), suggested: None };
        let revenue = |policy: &Policy, consumers: &[Consumer]| policy.sell(consumers).unwrap();
        assert!(revenue(&floor, &unfair).revenue > revenue(&free, &unfair).revenue);
        assert!(revenue(&floor, &fair).revenue < revenue(&free, &fair).revenue);
        // P(x ≥ 150) = (100/150)^1.5 = 0.544.
        let buyers = revenue(&floor, &fair).buyers;
        assert!((1_010..=1_170).contains(&buyers), "{buyers}");
        let asks = Policy { suggested: Some(units(100)), floor: None };
        assert!(revenue(&asks, &unfair).revenue > revenue(&free, &unfair).revenue);
    }

    #[test]
    fn values_stay_in_their_range() {
        let mut random = Random::new(2);
        for shape in [1e-9, 1.5, 1e9, f64::NAN] {
            let value = pareto(7, shape, 50, &mut random).to_u128().unwrap();
            assert!((7..=50).contains(&value), "{shape} {value}");
        }
    }
}
