//! The method of equal shares itself: voters buy projects together.
//!
//! All in whole numbers. Money is counted in fine units, of which one base unit
//! has `W · 2⁶⁴`, `W` being the sum of the voters' weights: what each voter
//! starts with is exact, and a payment is within one fine unit of what the rule
//! asks. Amounts that differ by less than [`Market::slack`], 2⁻³² of a base
//! unit, count as equal.

use std::cmp::Ordering;

use allonet_core::money::{Amount, weights_from_f64};
use ruint::aliases::{U256, U512};

/// Fine units in a base unit, for each unit of weight, as a power of two.
const FINE_BITS: usize = 64;
/// The part of a base unit that is no difference, as a power of two.
const SLACK_BITS: usize = 32;
/// The weights of all voters stay below this power of two, so that
/// 2¹³⁵ base units in fine units fit 256 bits.
const WEIGHT_BITS: u32 = 50;

/// What one voter gains from a project.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Gain {
    pub(super) voter: u32,
    /// Above zero, below 2¹⁰⁰.
    pub(super) utility: U256,
}

/// A project that can be bought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Project {
    /// Base units, below 2¹⁰⁰; above zero.
    pub(super) cost: U256,
    /// In order of voters.
    pub(super) gains: Vec<Gain>,
}

/// Voters and projects.
#[derive(Clone, Debug)]
pub(super) struct Market {
    weights: Vec<u64>,
    /// Fine units in a base unit.
    fine: U256,
    pub(super) projects: Vec<Project>,
}

/// A project that was bought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Purchase {
    pub(super) project: usize,
    /// Who pays how much, in fine units; the sum is the cost, but for slack.
    pub(super) payments: Vec<(u32, U256)>,
    /// Others could have been bought at the same price.
    pub(super) tied: bool,
}

/// Money for each unit of utility, as a fraction.
#[derive(Clone, Copy, Debug)]
struct Price {
    money: U256,
    utility: U256,
}

impl Price {
    fn sides(self, other: Self) -> (U512, U512) {
        (self.money.widening_mul(other.utility), other.money.widening_mul(self.utility))
    }

    fn cmp(self, other: Self) -> Ordering {
        let (own, others) = self.sides(other);
        own.cmp(&others)
    }

    /// Whether slack alone tells them apart.
    fn near(self, other: Self, slack: U256) -> bool {
        let (own, others) = self.sides(other);
        let room: U512 = slack.widening_mul(self.utility + other.utility);
        if own > others { own - others <= room } else { others - own <= room }
    }
}

impl Market {
    /// `powers` are what the voters weigh; `None` if all weigh the same.
    pub(super) fn new(voters: usize, powers: Option<&[f64]>, projects: Vec<Project>) -> Self {
        let weights = powers.map_or_else(|| vec![1; voters], integers);
        let sum: u64 = weights.iter().sum();
        Self { weights, fine: U256::from(sum) << FINE_BITS, projects }
    }

    /// What a voter starts with, in fine units; `budget` is below 2¹³⁵.
    pub(super) fn start(&self, voter: usize, budget: U256) -> U256 {
        (budget * U256::from(self.weights[voter])) << FINE_BITS
    }

    /// Whole base units in so many fine ones.
    pub(super) fn base(&self, fine: U256) -> Amount {
        Amount::from_u256(fine.checked_div(self.fine).unwrap_or(U256::ZERO))
    }

    fn slack(&self) -> U256 {
        self.fine >> SLACK_BITS
    }

    /// What all gain from a project, each by weight.
    pub(super) fn welfare(&self, project: usize) -> U256 {
        let gain = |gain: &Gain| U256::from(self.weights[gain.voter as usize]) * gain.utility;
        self.projects[project].gains.iter().map(gain).fold(U256::ZERO, |sum, gain| sum + gain)
    }

    /// Buys projects, the one with the lowest price first, of equals the
    /// earliest, while supporters can pay.
    pub(super) fn run(&self, budget: U256) -> Vec<Purchase> {
        let voters = 0..self.weights.len();
        let mut money: Vec<U256> = voters.map(|voter| self.start(voter, budget)).collect();
        let mut open: Vec<Offer> = (0..self.projects.len())
            .filter_map(|project| {
                let price = self.price(project, &money)?;
                Some(Offer { project, price, seen: 0 })
            })
            .collect();
        let mut bought = Vec::new();
        while let Some((at, tied)) = self.cheapest(&mut open, &money, bought.len()) {
            let Offer { project, price, .. } = open.remove(at);
            let payments = self.payments(project, price, &money);
            for (voter, payment) in &payments {
                money[*voter as usize] -= payment;
            }
            bought.push(Purchase { project, payments, tied });
        }
        bought
    }

    /// The place of the offer to take, and whether others cost the same.
    ///
    /// Prices only rise while money is spent: an old price is a lower bound, and
    /// is looked at again only where it might be the lowest.
    fn cheapest(
        &self,
        open: &mut Vec<Offer>,
        money: &[U256],
        round: usize,
    ) -> Option<(usize, bool)> {
        open.sort_by(|a, b| a.price.cmp(b.price));
        let slack = self.slack();
        let mut best: Option<Price> = None;
        let mut at = 0;
        while let Some(offer) = open.get_mut(at) {
            if best
                .is_some_and(|best| best.cmp(offer.price).is_lt() && !best.near(offer.price, slack))
            {
                break;
            }
            if offer.seen < round {
                let Some(price) = self.price(offer.project, money) else {
                    open.remove(at);
                    continue;
                };
                (offer.price, offer.seen) = (price, round);
            }
            let price = offer.price;
            if best.is_none_or(|best| price.cmp(best).is_lt()) {
                best = Some(price);
            }
            at += 1;
        }
        let best = best?;
        let equals = (0..at).filter(|at| open[*at].price.near(best, slack));
        let equals: Vec<usize> = equals.collect();
        let first = equals.iter().copied().min_by_key(|at| open[*at].project)?;
        Some((first, equals.len() > 1))
    }

    /// The lowest price at which the supporters raise the cost; `None` where
    /// they cannot.
    fn price(&self, project: usize, money: &[U256]) -> Option<Price> {
        let Project { cost, gains } = &self.projects[project];
        let cost = *cost * self.fine;
        let mut rich: Vec<(U256, U256)> = gains
            .iter()
            .map(|gain| (money[gain.voter as usize], gain.utility))
            .filter(|(money, _)| !money.is_zero())
            .collect();
        let all = rich.iter().fold(U256::ZERO, |sum, (money, _)| sum + money);
        if rich.is_empty() || all + self.slack() < cost {
            return None;
        }
        if all <= cost {
            let prices = rich.into_iter().map(|(money, utility)| Price { money, utility });
            return prices.reduce(|a, b| if a.cmp(b).is_lt() { b } else { a });
        }
        let mut price = Price {
            money: cost,
            utility: rich.iter().fold(U256::ZERO, |sum, (_, utility)| sum + utility),
        };
        loop {
            let before = price;
            rich.retain(|(money, utility)| {
                let own = Price { money: *money, utility: *utility };
                let poor = own.cmp(before).is_lt();
                if poor {
                    price.money -= money;
                    price.utility -= utility;
                }
                !poor
            });
            if price.utility == before.utility {
                return Some(price);
            }
        }
    }

    /// What each supporter pays at this price: by utility, at most all they
    /// have.
    fn payments(&self, project: usize, price: Price, money: &[U256]) -> Vec<(u32, U256)> {
        let Project { cost, gains } = &self.projects[project];
        let mut left = *cost * self.fine;
        let mut payments = Vec::with_capacity(gains.len());
        let mut rest = Vec::new();
        for gain in gains {
            let has = money[gain.voter as usize];
            let asked = Amount::from_u256(price.money)
                .mul_div(gain.utility, price.utility, "a payment")
                .map_or(has, Amount::to_u256);
            let payment = asked.min(has).min(left);
            left -= payment;
            if payment < has {
                rest.push(payments.len());
            }
            payments.push((gain.voter, payment));
        }
        // All were rounded down: a fine unit each, until the cost is met.
        for at in rest {
            if left.is_zero() {
                break;
            }
            payments[at].1 += U256::ONE;
            left -= U256::ONE;
        }
        payments.retain(|(_, payment)| !payment.is_zero());
        payments
    }
}

/// A project, with the price it had in some round.
struct Offer {
    project: usize,
    price: Price,
    seen: usize,
}

/// Whole numbers in the proportions of `powers`, as small as they may be; below
/// 2⁵⁰ in all, so that one far below the others may become zero.
fn integers(powers: &[f64]) -> Vec<u64> {
    let mut weights = weights_from_f64(powers).expect("powers are finite and not below zero");
    reduce(&mut weights);
    let sum: u128 = weights.iter().sum();
    let excess = (u128::BITS - sum.leading_zeros()).saturating_sub(WEIGHT_BITS);
    for weight in &mut weights {
        *weight >>= excess;
    }
    reduce(&mut weights);
    weights.into_iter().map(|weight| u64::try_from(weight).expect("below 2^50")).collect()
}

fn reduce(weights: &mut [u128]) {
    let common = weights.iter().fold(0, |common, weight| divisor(common, *weight));
    if common > 1 {
        for weight in weights {
            *weight /= common;
        }
    }
}

fn divisor(mut a: u128, mut b: u128) -> u128 {
    while b > 0 {
        (a, b) = (b, a % b);
    }
    a
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers_become_small_numbers() {
        assert_eq!(integers(&[2.5, 5.0, 0.0]), [1, 2, 0]);
        assert_eq!(integers(&[0.0, 0.0]), [0, 0]);
        let uneven = integers(&[1.0, 1.0 / 3.0, 1e-30]);
        assert!(uneven[0].abs_diff(3 * uneven[1]) <= 3 && uneven[2] == 0, "{uneven:?}");
        assert!(uneven.iter().sum::<u64>() < 1 << 50);
    }

    #[test]
    fn thirds_are_paid_to_the_fine_unit() {
        let gains = |voters: std::ops::Range<u32>| {
            voters.map(|voter| Gain { voter, utility: U256::ONE }).collect()
        };
        let project = |cost: u64, voters| Project { cost: U256::from(cost), gains: gains(voters) };
        // 10 voters have 10 each; three pay 50 and then the last 10 of theirs.
        let market = Market::new(10, None, vec![project(20, 0..3), project(10, 0..3)]);
        let bought = market.run(U256::from(100));
        let paid = |purchase: &Purchase| {
            purchase.payments.iter().fold(U256::ZERO, |sum, (_, payment)| sum + payment)
        };
        let costs: Vec<U256> = bought.iter().map(paid).collect();
        assert_eq!(costs, [U256::from(10) * market.fine, U256::from(20) * market.fine]);
        let spread = |purchase: &Purchase| {
            let all = || purchase.payments.iter().map(|(_, payment)| *payment);
            all().max().unwrap() - all().min().unwrap()
        };
        assert!(bought.iter().all(|purchase| spread(purchase) <= U256::from(2)));
    }
}
