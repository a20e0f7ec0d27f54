//! Promises are checked in every run, where they can first be seen broken.

use super::{Engine, RunError, recipients};
use crate::mechanism::{Mechanism, Payout, Purse, Turn};
use crate::money::{Amount, Share};
use crate::network::{Bound, Promise};

fn broken(engine: &Engine<'_>, promise: &Promise, found: String) -> RunError {
    RunError::Broken {
        on: promise.on.map(|on| engine.network.node(on).id.to_string()),
        epoch: engine.epoch,
        promise: promise.bound.show(engine.network.assets()),
        found,
        place: promise.place.clone(),
    }
}

/// Whether `part` is more than a share of `whole`.
fn exceeds(part: Amount, share: Share, whole: Amount) -> bool {
    share.of(whole).is_ok_and(|most| part > most)
}

/// Promises about a rule, on what it is about to pay.
pub(super) fn check_turn(
    engine: &Engine<'_>,
    mechanism: &dyn Mechanism,
    turn: &Turn<'_>,
    available: &Purse,
    node: u32,
    payouts: &[Payout],
) -> Result<(), RunError> {
    let own = engine.network.promises().iter().filter(|promise| promise.on == Some(node));
    for promise in own {
        let found = match promise.bound {
            Bound::MaxShare(share) => {
                let payees = mechanism.payees();
                largest(payouts, available, share).map(|(payout, sum)| {
                    let asset = &engine.network.assets()[payout.asset];
                    let name = &payees[payout.payee as usize];
                    format!(
                        "`{name}` would get {} of {}",
                        asset.show(sum),
                        asset.show(available.of(payout.asset))
                    )
                })
            }
            Bound::MinRecipients(least) => too_few(payouts, available, least),
            Bound::MaxVoterEffect(share) => voter(engine, mechanism, turn, available, share),
            Bound::BudgetMin { .. } | Bound::BudgetMax { .. } => None,
        };
        if let Some(found) = found {
            return Err(broken(engine, promise, found));
        }
    }
    Ok(())
}

/// The first payee that gets more than the share, with all it gets.
fn largest<'a>(
    payouts: &'a [Payout],
    available: &Purse,
    share: Share,
) -> Option<(&'a Payout, Amount)> {
    let mut sums = std::collections::BTreeMap::new();
    for payout in payouts {
        let sum: &mut Amount = sums.entry((payout.asset, payout.payee)).or_default();
        *sum = sum.add(payout.amount, "payouts").expect("booked against what is available");
        if exceeds(*sum, share, available.of(payout.asset)) {
            return Some((payout, *sum));
        }
    }
    None
}

fn too_few(payouts: &[Payout], available: &Purse, least: u64) -> Option<String> {
    if available.is_empty() {
        return None;
    }
    let mut payees: Vec<u32> = payouts.iter().map(|payout| payout.payee).collect();
    payees.sort_unstable();
    payees.dedup();
    let paid = payees.len() as u64;
    (paid < least).then(|| format!("only {paid} would be paid"))
}

fn voter(
    engine: &Engine<'_>,
    mechanism: &dyn Mechanism,
    turn: &Turn<'_>,
    available: &Purse,
    share: Share,
) -> Option<String> {
    let Some(effects) = mechanism.voter_effect(turn, available) else {
        return Some(format!("`{}` cannot tell the effect of one voter", mechanism.card().id));
    };
    let (asset, effect) = effects
        .into_iter()
        .find(|(asset, effect)| exceeds(effect.moved, share, available.of(*asset)))?;
    let whole = available.of(asset);
    let asset = &engine.network.assets()[asset];
    Some(format!("`{}` moves {} of {}", effect.voter, asset.show(effect.moved), asset.show(whole)))
}

impl Engine<'_> {
    /// Promises about fixed shares, budgets and the whole network, after an
    /// epoch.
    pub(super) fn check_network_promises(&self) -> Result<(), RunError> {
        for promise in self.network.promises() {
            let found = match (promise.bound, promise.on) {
                (Bound::BudgetMin { asset, amount }, on) => {
                    let came = self.came_in(on, asset);
                    let last = self.epoch + 1 == self.network.epochs();
                    (last && came < amount).then(|| self.only(asset, came))
                }
                (Bound::BudgetMax { asset, amount }, on) => {
                    let came = self.came_in(on, asset);
                    (came > amount)
                        .then(|| format!("{} does", self.network.assets()[asset].show(came)))
                }
                (Bound::MaxShare(share), Some(node)) if self.network.node(node).is_fixed() => {
                    self.fixed_share(node, share)
                }
                (Bound::MinRecipients(least), Some(node)) if self.network.node(node).is_fixed() => {
                    self.fixed_recipients(node, least)
                }
                (Bound::MaxShare(share), None) => self.network_share(share),
                (Bound::MinRecipients(least), None) => self.network_recipients(least),
                _ => None,
            };
            if let Some(found) = found {
                return Err(broken(self, promise, found));
            }
        }
        Ok(())
    }

    fn only(&self, asset: usize, came: Amount) -> String {
        format!("only {} does", self.network.assets()[asset].show(came))
    }

    /// What has come in so far, to a node or to the whole network.
    fn came_in(&self, on: Option<u32>, asset: usize) -> Amount {
        let Some(node) = on else { return self.totals[asset].brought_in };
        self.records
            .iter()
            .filter_map(|record| record.flows[asset].as_ref())
            .fold(Amount::ZERO, |sum, flow| {
                sum.add(flow.inflow[node as usize], "inflow").unwrap_or(Amount::MAX)
            })
    }

    /// The first leg of a fixed node, this epoch, that takes too much.
    fn fixed_share(&self, node: u32, share: Share) -> Option<String> {
        let record = self.records.last()?;
        for (asset, flow) in self.network.assets().iter().zip(&record.flows) {
            let Some(flow) = flow else { continue };
            let whole = flow.inflow[node as usize].saturating_sub(flow.retained_by(node));
            let over =
                self.network.legs().of(node).find(|leg| exceeds(flow.legs[*leg], share, whole));
            if let Some(leg) = over {
                let target = &self.network.node(self.network.legs().targets[leg]).id;
                return Some(format!(
                    "`{target}` would get {} of {}",
                    asset.show(flow.legs[leg]),
                    asset.show(whole)
                ));
            }
        }
        None
    }

    fn fixed_recipients(&self, node: u32, least: u64) -> Option<String> {
        let record = self.records.last()?;
        let flows: Vec<_> = record.flows.iter().flatten().collect();
        if flows.iter().all(|flow| flow.inflow[node as usize].is_zero()) {
            return None;
        }
        let legs = self.network.legs().of(node);
        let paid = legs.filter(|leg| flows.iter().any(|flow| !flow.legs[*leg].is_zero())).count();
        ((paid as u64) < least).then(|| format!("only {paid} would be paid"))
    }

    fn network_share(&self, share: Share) -> Option<String> {
        for (index, asset) in self.network.assets().iter().enumerate() {
            let whole = self.totals[index].brought_in;
            for node in recipients(self.network) {
                let paid = self.came_in(Some(node), index);
                if exceeds(paid, share, whole) {
                    let name = &self.network.node(node).id;
                    return Some(format!(
                        "`{name}` would get {} of {}",
                        asset.show(paid),
                        asset.show(whole)
                    ));
                }
            }
        }
        None
    }

    fn network_recipients(&self, least: u64) -> Option<String> {
        if self.epoch + 1 < self.network.epochs() {
            return None;
        }
        let assets = 0..self.network.assets().len();
        let paid = recipients(self.network)
            .filter(|node| assets.clone().any(|asset| !self.came_in(Some(*node), asset).is_zero()))
            .count();
        ((paid as u64) < least).then(|| format!("only {paid} would be paid"))
    }
}
