//! Rewards of an epoch in whole base units.
//!
//! # Formula
//!
//! `U_j = u_j U`, `V_k = v_k V`, `W_m = w_m W` (Eq 47): the reward of a
//! participant is the reward of the topic times the share of the class times the
//! fraction of the participant. A reputer's reward is that of all stake behind
//! it: each unit of stake, own or delegated, has the same part (Eq 37).
//!
//! # Units and rounding
//!
//! All participants are paid from one division of the whole reward: rounded down,
//! then one unit each to the largest remainders. Together they have exactly the
//! reward of the topic, and nobody is more than a unit off. What delegators have
//! of a reputer's reward is rounded down, the rest is the reputer's.
//!
//! # Limits
//!
//! An epoch that was not settled divides nothing: an error, unless the reward is
//! nothing too.
//!
//! # Sources
//!
//! Kruijssen et al. (2024), Eq 37, 47.

use allonet_core::mechanism::Step;
use allonet_core::money::{
    Amount, ApportionError, Rounding, apportion, apportion_into, weights_from_f64,
};
use allonet_core::paying::Walk;

use crate::epoch::Settled;

/// A class of participants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// Who infers.
    Inferers,
    /// Who forecasts losses.
    Forecasters,
    /// Who reports losses.
    Reputers,
}

impl Class {
    /// All, in the order of shares.
    pub const ALL: [Self; 3] = [Self::Inferers, Self::Forecasters, Self::Reputers];

    /// For people: `inferers`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Inferers => "inferers",
            Self::Forecasters => "forecasters",
            Self::Reputers => "reputers",
        }
    }
}

/// What everybody is paid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rewards {
    /// The reward of the topic that was divided.
    pub emission: Amount,
    /// By inferer.
    pub inferers: Vec<Amount>,
    /// By forecaster.
    pub forecasters: Vec<Amount>,
    /// By reputer, own and delegated stake together.
    pub reputers: Vec<Amount>,
    /// What each class is paid together.
    pub totals: [Amount; 3],
}

/// Divides the reward of a topic for one epoch.
///
/// ```
/// use allonet_core::money::Amount;
/// use allonet_topics::epoch::Settled;
/// use allonet_topics::rewards::divide;
///
/// let settled = Settled {
///     shares: [0.5, 0.0, 0.5],
///     inferer_fractions: vec![0.75, 0.25],
///     reputer_fractions: vec![1.0],
///     ..Settled::default()
/// };
/// let rewards = divide(Amount::from_base(1000), &settled).unwrap();
/// assert_eq!(rewards.inferers, [375, 125].map(Amount::from_base));
/// assert_eq!(rewards.reputers, [500].map(Amount::from_base));
/// ```
pub fn divide(emission: Amount, settled: &Settled) -> Result<Rewards, ApportionError> {
    let products = |class: Class| {
        let share = settled.shares[class as usize];
        fractions(settled, class).iter().map(move |fraction| share * fraction)
    };
    let weights: Vec<f64> = Class::ALL.into_iter().flat_map(products).collect();
    let weights = weights_from_f64(&weights)?;
    let mut parts = apportion(emission, &weights, Rounding::default())?.parts.into_iter();
    let [inferers, forecasters, reputers] = Class::ALL.map(|class| {
        let size = fractions(settled, class).len();
        parts.by_ref().take(size).collect::<Vec<_>>()
    });
    let total = |amounts: &[Amount]| {
        Amount::sum(amounts.iter().copied(), "rewards").expect("parts of an amount fit in it")
    };
    let totals = [total(&inferers), total(&forecasters), total(&reputers)];
    Ok(Rewards { emission, inferers, forecasters, reputers, totals })
}

/// Fractions of a class.
fn fractions(settled: &Settled, class: Class) -> &[f64] {
    match class {
        Class::Inferers => &settled.inferer_fractions,
        Class::Forecasters => &settled.forecaster_fractions,
        Class::Reputers => &settled.reputer_fractions,
    }
}

impl Rewards {
    /// What the participants of a class are paid.
    pub fn of(&self, class: Class) -> &[Amount] {
        match class {
            Class::Inferers => &self.inferers,
            Class::Forecasters => &self.forecasters,
            Class::Reputers => &self.reputers,
        }
    }

    /// How the reward of one participant comes about; the steps add up to it.
    pub fn steps(&self, settled: &Settled, class: Class, participant: usize) -> Vec<Step> {
        let share = settled.shares[class as usize];
        let fraction = fractions(settled, class)[participant];
        let name = class.name();
        let mut walk = Walk::default();
        let of_class = part(self.emission, share);
        walk.to(of_class, "share of the class", || format!("{name} have {share:.6} of the reward"));
        let own = part(of_class, fraction);
        walk.to(own, "fraction", || format!("{fraction:.6} of what {name} have"));
        walk.to(self.of(class)[participant], "rounding", String::new);
        walk.steps
    }
}

/// A part of an amount, rounded down.
fn part(amount: Amount, part: f64) -> Amount {
    let part = part.clamp(0.0, 1.0);
    let weights = weights_from_f64(&[part, 1.0 - part]).expect("two parts of one");
    let mut parts = [Amount::ZERO; 2];
    let floor = Rounding::Floor;
    apportion_into(amount, &weights, floor, &mut parts, &mut Vec::new()).expect("they are one");
    parts[0]
}

/// What delegators have of a reputer's reward, by stake, rounded down; all where
/// there is only delegated stake, nothing where there is none.
///
/// ```
/// use allonet_core::money::Amount;
/// use allonet_topics::rewards::of_delegators;
///
/// let [reward, own, delegated] = [10, 2, 1].map(Amount::from_base);
/// assert_eq!(of_delegators(reward, own, delegated), Amount::from_base(3));
/// ```
pub fn of_delegators(reward: Amount, own: Amount, delegated: Amount) -> Amount {
    if delegated.is_zero() {
        return Amount::ZERO;
    }
    // Halved, so that the sum of two stakes always fits.
    let weights = match own.add(delegated, "stake") {
        Ok(_) => [delegated.to_u256(), own.to_u256()],
        Err(_) => [delegated.to_u256() >> 1, own.to_u256() >> 1],
    };
    let mut parts = [Amount::ZERO; 2];
    let floor = Rounding::Floor;
    apportion_into(reward, &weights, floor, &mut parts, &mut Vec::new()).expect("there is stake");
    parts[0]
}

#[cfg(test)]
mod tests {
    use super::*;
    use allonet_core::mechanism::Change;
    use proptest::prelude::*;

    fn settled(
        shares: [f64; 3],
        inferers: &[f64],
        forecasters: &[f64],
        reputers: &[f64],
    ) -> Settled {
        Settled {
            shares,
            inferer_fractions: inferers.to_vec(),
            forecaster_fractions: forecasters.to_vec(),
            reputer_fractions: reputers.to_vec(),
            ..Settled::default()
        }
    }

    fn base(amounts: &[u128]) -> Vec<Amount> {
        amounts.iter().copied().map(Amount::from_base).collect()
    }

    #[test]
    fn one_division_of_ten_units_by_hand() {
        // 10 × (1/3, 1/3, 1/3 of a half; a quarter; a quarter) = 1.67 ×3, 2.5, 2.5:
        // down 1 1 1 2 2, three units left for the three inferers.
        let third = 1.0 / 3.0;
        let settled = settled([0.5, 0.25, 0.25], &[third; 3], &[1.0], &[1.0]);
        let rewards = divide(Amount::from_base(10), &settled).expect("a division");
        assert_eq!(rewards.inferers, base(&[2, 2, 2]));
        assert_eq!((rewards.forecasters, rewards.reputers), (base(&[2]), base(&[2])));
        assert_eq!(rewards.totals.to_vec(), base(&[6, 2, 2]));
    }

    #[test]
    fn an_epoch_not_settled_divides_nothing() {
        let nothing = settled([0.0; 3], &[0.0; 2], &[], &[0.0]);
        let found = divide(Amount::from_base(10), &nothing);
        assert!(matches!(found, Err(ApportionError::NoWeight { .. })), "{found:?}");
        assert_eq!(divide(Amount::ZERO, &nothing).expect("nothing").inferers, base(&[0, 0]));
    }

    #[test]
    fn delegators_by_hand() {
        let of = |reward, own, delegated| {
            let [reward, own, delegated] = [reward, own, delegated].map(Amount::from_base);
            of_delegators(reward, own, delegated).to_u128().expect("small")
        };
        assert_eq!((of(10, 1, 2), of(10, 0, 2), of(10, 2, 0), of(10, 0, 0)), (6, 10, 0, 0));
        let most = Amount::MAX;
        let half = of_delegators(Amount::from_base(10), most, most);
        assert_eq!(half, Amount::from_base(5));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn all_is_paid_and_steps_add_up(
            emission in 0_u128..1 << 100,
            raw in prop::collection::vec(0.0_f64..1.0, 6),
            shares in prop::array::uniform3(0.01_f64..1.0),
        ) {
            let normal = |values: &[f64]| {
                let sum: f64 = values.iter().sum::<f64>() + 3e-3;
                values.iter().map(|value| (value + 1e-3) / sum).collect::<Vec<_>>()
            };
            let shares = normal(&shares).try_into().expect("three");
            let settled = settled(shares, &normal(&raw[..3]), &normal(&raw[3..]), &[1.0]);
            let emission = Amount::from_base(emission);
            let rewards = divide(emission, &settled).expect("a division");
            let all = Amount::sum(rewards.totals, "all").expect("fits");
            prop_assert_eq!(all, emission);
            for class in Class::ALL {
                for (participant, paid) in rewards.of(class).iter().enumerate() {
                    let mut sum = Amount::ZERO;
                    for step in rewards.steps(&settled, class, participant) {
                        sum = match step.change {
                            Change::Plus(more) => sum.add(more, "steps").expect("fits"),
                            Change::Minus(less) => sum.sub(less, "steps").expect("fits"),
                        };
                    }
                    prop_assert_eq!(sum, *paid);
                }
            }
        }
    }
}
