//! The token over years: who holds how much, what is unlocked, staked, emitted
//! and paid back as fees, and what yield stakers see.
//!
//! # Formula
//!
//! Each month, in this order: locked tokens come free, a part of what circulates
//! unstaked is paid as fees into the treasury, the rate follows
//! [`crate::emission`], and the emission is paid: the stakers' part by stake, the
//! rest to participants. Every holder stakes a fixed part of what it holds. The
//! yield of a year is `(1 + f·e)¹² − 1`.
//!
//! # Units
//!
//! Tokens as floats, months from 1. A plan to look at, not a ledger.
//!
//! # Limits
//!
//! Nobody buys, sells or changes what part it stakes. The order of fees and
//! emission within a month is our choice: the source does not say it.
//!
//! # Sources
//!
//! Kruijssen et al. (2024), section 5.1 and Figure 4. The allocation, the unlock
//! of a third after a year and the rest over two, and the parts that are staked
//! are those that the authors' simulation of 96 months follows.
//!
//! # Example
//!
//! ```
//! use allonet_topics::tokenomics::Plan;
//!
//! let months = Plan::default().run(24);
//! assert!((months[0].yearly_yield - 0.12).abs() < 1e-12); // the cap binds at first
//! assert!(months[23].yearly_yield < 0.12);
//! ```

use crate::emission::{Parameters, Supply, monthly_yield, smoothed, stakers_part, yearly_yield};

/// A group of holders.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Holder {
    /// Its name.
    pub name: &'static str,
    /// Its allocation, in tokens.
    pub allocation: f64,
    /// Whether that is locked at first.
    pub locked: bool,
    /// The part of its free tokens that it stakes.
    pub staked_part: f64,
}

/// How locked tokens come free.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vesting {
    /// The month in which a first part comes free.
    pub first_month: usize,
    /// The month in which the last part does. Each month until then frees one
    /// part of `last_month`, and the first month all that have passed.
    pub last_month: usize,
}

/// What a plan fixes.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// Target, cap and smoothing; a smoothing of 1 is none.
    pub parameters: Parameters,
    /// Part of the unstaked circulating supply that is paid as fees each month.
    pub fees: f64,
    /// Groups of holders; the last is paid what stakers are not.
    pub holders: Vec<Holder>,
    /// How locked tokens come free.
    pub vesting: Vesting,
    /// Tokens that the treasury may mint.
    pub treasury: f64,
    /// All tokens there will ever be.
    pub total: f64,
    /// Part of the emission that goes to stakers.
    pub stakers_part: f64,
}

/// A month of a plan.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Month {
    /// Counted from 1.
    pub month: usize,
    /// Target rate (Eq 49).
    pub target: f64,
    /// The same, capped (Eq 52).
    pub capped: f64,
    /// Smoothed rate (Eq 53).
    pub rate: f64,
    /// Tokens emitted.
    pub emission: f64,
    /// Tokens in the treasury after it.
    pub treasury: f64,
    /// Tokens that circulated before it.
    pub circulating: f64,
    /// Tokens staked before it.
    pub staked: f64,
    /// Fees paid into the treasury.
    pub fees: f64,
    /// Yield of a staked token in a year at this rate.
    pub yearly_yield: f64,
}

impl Default for Plan {
    /// With smoothing, without fees.
    fn default() -> Self {
        let holder = |name, allocation, locked, staked_part| Holder {
            name,
            allocation,
            locked,
            staked_part,
        };
        Self {
            parameters: Parameters { greatest_yield: monthly_yield(0.12), ..Parameters::default() },
            fees: 0.0,
            holders: vec![
                holder("pre-seed investors", 50e6, true, 0.75),
                holder("seed investors", 260.5e6, true, 0.75),
                holder("team", 175e6, true, 0.75),
                holder("foundation", 100e6, false, 0.25),
                holder("participants", 55e6, false, 0.40),
            ],
            vesting: Vesting { first_month: 12, last_month: 36 },
            treasury: 359.5e6,
            total: 1e9,
            stakers_part: stakers_part(0.25, 1.0 / 3.0),
        }
    }
}

impl Plan {
    /// The three set-ups of Figure 4 by name: neither smoothing nor fees,
    /// smoothing, and smoothing with fees of 2 % of the unstaked supply.
    pub fn figure_4() -> [(&'static str, Self); 3] {
        let smooth = Self::default();
        let raw = Parameters { smoothing: 1.0, ..smooth.parameters };
        [
            ("no smoothing", Self { parameters: raw, ..smooth.clone() }),
            ("smoothing", smooth.clone()),
            ("smoothing+fees 2%", Self { fees: 0.02, ..smooth }),
        ]
    }

    /// So many months.
    pub fn run(&self, months: usize) -> Vec<Month> {
        let free = |holder: &Holder| if holder.locked { 0.0 } else { holder.allocation };
        let mut held: Vec<f64> = self.holders.iter().map(free).collect();
        let (mut treasury, mut rate) = (self.treasury, None);
        let mut rows = Vec::with_capacity(months);
        for month in 1..=months {
            self.unlock(month, &mut held);
            let fees = self.collect(&mut held);
            treasury += fees;
            let mut row = self.rates(month, treasury, &held, rate);
            rate = Some(row.rate);
            treasury -= row.emission;
            (row.fees, row.treasury) = (fees, treasury);
            self.pay(&row, &mut held);
            rows.push(row);
        }
        rows
    }

    fn unlock(&self, month: usize, held: &mut [f64]) {
        let Vesting { first_month, last_month } = self.vesting;
        let parts = match month {
            _ if month == first_month => first_month,
            _ if (first_month..=last_month).contains(&month) => 1,
            _ => return,
        };
        for (held, holder) in held.iter_mut().zip(&self.holders) {
            if holder.locked {
                *held += holder.allocation * parts as f64 / last_month as f64;
            }
        }
    }

    /// Takes the fees from what each holder does not stake.
    fn collect(&self, held: &mut [f64]) -> f64 {
        let mut paid = 0.0;
        for (held, holder) in held.iter_mut().zip(&self.holders) {
            let fees = self.fees * (1.0 - holder.staked_part) * *held;
            *held -= fees;
            paid += fees;
        }
        paid
    }

    fn rates(&self, month: usize, treasury: f64, held: &[f64], before: Option<f64>) -> Month {
        let circulating = held.iter().sum();
        let staked = held.iter().zip(&self.holders).map(|(held, h)| held * h.staked_part).sum();
        let supply = Supply { circulating, staked, total: self.total };
        let kept = before.unwrap_or(0.0);
        let target = self.parameters.target(treasury, &supply).unwrap_or(kept);
        let capped = self.parameters.capped(treasury, &supply, self.stakers_part).unwrap_or(kept);
        let rate = smoothed(self.parameters.smoothing, capped, before);
        let emission = (rate * staked).min(treasury);
        let yearly_yield = yearly_yield(self.stakers_part * rate);
        let (fees, treasury) = (0.0, treasury);
        let stocks = Month { month, treasury, circulating, staked, fees, ..Month::default() };
        Month { target, capped, rate, emission, yearly_yield, ..stocks }
    }

    fn pay(&self, row: &Month, held: &mut [f64]) {
        if row.staked <= 0.0 {
            return;
        }
        let each = self.stakers_part * row.emission / row.staked;
        for (held, holder) in held.iter_mut().zip(&self.holders) {
            *held += each * holder.staked_part * *held;
        }
        if let Some(workers) = held.last_mut() {
            *workers += (1.0 - self.stakers_part) * row.emission;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_month_by_hand() {
        let month = Plan::default().run(1)[0];
        // 155 million circulate; 25 + 22 million of them are staked.
        assert!((month.circulating - 155e6).abs() + (month.staked - 47e6).abs() < 1e-6);
        assert!((month.target - 0.025 * 359.5 * 155.0 / (47.0 * 1000.0)).abs() < 1e-15);
        assert!((month.emission - 47e6 * monthly_yield(0.12) / 0.5).abs() < 1e-6);
    }

    #[test]
    fn tokens_are_neither_lost_nor_made() {
        for (name, plan) in Plan::figure_4() {
            let rows = plan.run(95);
            for pair in rows.windows(2) {
                let freed = match pair[1].month {
                    12 => 485.5e6 / 3.0,
                    13..=36 => 485.5e6 / 36.0,
                    _ => 0.0,
                };
                let now = pair[1].circulating + pair[1].fees;
                let expected = pair[0].circulating + pair[0].emission + freed;
                assert!((now / expected - 1.0).abs() < 1e-12, "{name} {}", pair[1].month);
                let kept = pair[0].treasury + pair[1].fees - pair[1].emission;
                assert!((pair[1].treasury / kept - 1.0).abs() < 1e-12, "{name}");
            }
        }
    }

    #[test]
    fn nobody_and_nothing_give_no_yield() {
        let nobody = Plan { holders: Vec::new(), ..Plan::default() };
        assert!(nobody.run(3).iter().all(|month| month.emission == 0.0 && month.rate == 0.0));
        let poor = Plan { treasury: 0.0, ..Plan::default() };
        assert!(poor.run(40).iter().all(|month| month.yearly_yield == 0.0));
    }
}
