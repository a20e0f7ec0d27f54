//! Matches of one asset on their way to payouts: shares, bookings and steps.

use std::collections::BTreeMap;
use std::sync::Arc;

use allonet_core::mechanism::{Allocation, Refusal, Step};
use allonet_core::money::{Amount, Asset};

use super::division::Divided;
use super::kernel::Support;
use super::scores::Scores;
use crate::paying::{Walk, show};

/// One asset, divided.
pub(super) struct Match<'a> {
    /// Index of the asset.
    pub(super) asset: usize,
    pub(super) pool: Amount,
    pub(super) scores: &'a Scores,
    pub(super) supports: &'a [Support],
    /// Own donations are part of the scores.
    pub(super) with_own: bool,
    /// The scores less what was paid before.
    pub(super) left: Scores,
    pub(super) divided: Divided,
}

impl Match<'_> {
    /// Shares of the pool, or of the scores where there is no pool.
    pub(super) fn shares(&self, payees: &[Arc<str>]) -> BTreeMap<String, f64> {
        let pool = self.pool.to_f64();
        let sum: f64 = (0..payees.len()).map(|project| self.left.float(project)).sum();
        let share = |project: usize| {
            if pool > 0.0 {
                self.divided.matches[project].to_f64() / pool
            } else if sum > 0.0 {
                self.left.float(project) / sum
            } else {
                0.0
            }
        };
        payees.iter().enumerate().map(|(at, payee)| (payee.to_string(), share(at))).collect()
    }

    /// Books the payouts.
    pub(super) fn book(
        &self,
        assets: &[Asset],
        allocation: &mut Allocation<'_>,
    ) -> Result<(), Refusal> {
        for (project, amount) in (0_u32..).zip(&self.divided.matches) {
            if !amount.is_zero() {
                let steps = self.steps(project as usize, assets)?;
                allocation.pay(project, self.asset, *amount, steps)?;
            }
        }
        Ok(())
    }

    /// How the payout to a project comes about.
    fn steps(&self, project: usize, assets: &[Asset]) -> Result<Vec<Step>, Refusal> {
        let show = |amount| show(assets, self.asset, amount);
        let Divided { matches, uncapped, floors, limits, wanted } = &self.divided;
        let mut walk = Walk::default();
        if self.asset == 0 {
            self.walk_to_score(&mut walk, project, assets)?;
        }
        // Where the scores are paid as they are, nothing is scaled.
        if self.asset > 0 || *wanted == self.pool {
            let label = if self.asset == 0 { "scaled to the pool" } else { "share by score" };
            walk.to(uncapped[project], label, || format!("{} for all scores", show(*wanted)));
        }
        if let Some(limit) = limits[project] {
            walk.to(walk.reached.min(limit), "cap", || format!("at most {}", show(limit)));
        }
        let own = limits[project].map_or(uncapped[project], |limit| limit.min(uncapped[project]));
        let gained = floors[project].saturating_sub(own);
        walk.to(walk.reached.add(gained, "a match")?, "cap overflow of others", String::new);
        walk.to(matches[project], "rounding", String::new);
        Ok(walk.steps)
    }

    fn walk_to_score(
        &self,
        walk: &mut Walk,
        project: usize,
        assets: &[Asset],
    ) -> Result<(), Refusal> {
        let Support { donors, given } = self.supports[project];
        let (score, given) = (self.scores.units(project), Amount::from_u256(given));
        let square = if self.with_own { score } else { score.add(given, "the square of roots")? };
        let noun = if donors == 1 { "voter gives" } else { "voters give" };
        walk.to(square, "square of roots", || {
            format!("{donors} {noun} {}", show(assets, 0, given))
        });
        walk.to(score, "own donations", String::new);
        walk.to(self.left.units(project), "paid in earlier epochs", String::new);
        Ok(())
    }
}
