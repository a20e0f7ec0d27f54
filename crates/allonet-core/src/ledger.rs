//! Immutable transfers in linked batches: all of a batch or none of it.
//!
//! A batch is judged by where it ends, not by the order of its transfers: a
//! loop may pass on more than any member holds at one moment. What counts is
//! that no account but [`Account::Outside`] ends below zero.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::engine::Run;
use crate::money::{Amount, MoneyError};
use crate::network::Network;

/// Where money can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Account {
    /// The world, from which sources bring money in. The one account that may
    /// be overdrawn; it holds no balance.
    Outside,
    /// What a node holds: at rest with a recipient, retained or unspent in a
    /// neuron.
    Node(u32),
    /// Money on delayed edges.
    InFlight,
}

/// One movement of money.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transfer {
    /// From where.
    pub from: Account,
    /// To where.
    pub to: Account,
    /// Index of the asset.
    pub asset: usize,
    /// How much.
    pub amount: Amount,
}

/// Transfers that happen together or not at all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Batch {
    /// Chosen by the caller; a batch is applied once, however often it is sent.
    pub id: String,
    /// The transfers.
    pub transfers: Vec<Transfer>,
}

/// What became of a batch. The list is closed; where several apply, the first
/// listed is reported.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Rejection {
    /// The same batch was applied before. Nothing is done; sending again is
    /// harmless.
    #[error("batch `{id}` was applied before")]
    AlreadyApplied {
        /// The batch.
        id: String,
    },
    /// Another batch of this id was applied before. Choose another id.
    #[error("another batch was applied under the id `{id}`")]
    IdTaken {
        /// The batch.
        id: String,
    },
    /// A transfer moves nothing.
    #[error("transfer {index} of the batch moves nothing")]
    ZeroAmount {
        /// Its place in the batch, from zero.
        index: usize,
    },
    /// The sums do not fit 256 bits.
    #[error("transfer {index} of the batch: {error}")]
    Overflow {
        /// Its place in the batch, from zero.
        index: usize,
        /// What did not fit.
        error: MoneyError,
    },
    /// An account would end below zero. Retrying helps once it has more.
    #[error("{account:?} would end {missing} base units of asset {asset} below zero")]
    Overdrawn {
        /// The account.
        account: Account,
        /// Index of the asset.
        asset: usize,
        /// How much is missing.
        missing: Amount,
    },
}

impl Rejection {
    /// Whether the same batch may succeed later.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Overdrawn { .. })
    }
}

/// Balances by account and asset, and the batches that led to them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ledger {
    balances: BTreeMap<(Account, usize), Amount>,
    applied: BTreeMap<String, String>,
}

impl Ledger {
    /// Nobody has anything.
    pub fn new() -> Self {
        Self::default()
    }

    /// What an account holds.
    pub fn balance(&self, account: Account, asset: usize) -> Amount {
        self.balances.get(&(account, asset)).copied().unwrap_or_default()
    }

    /// Everything that is held, by account and asset.
    pub fn balances(&self) -> impl Iterator<Item = (Account, usize, Amount)> + '_ {
        self.balances.iter().map(|((account, asset), amount)| (*account, *asset, *amount))
    }

    /// Applies a batch whole, or changes nothing and says why.
    pub fn apply(&mut self, batch: &Batch) -> Result<(), Rejection> {
        let content = serde_json::to_vec(&batch.transfers).expect("transfers are plain data");
        let content = blake3::hash(&content).to_hex().to_string();
        if let Some(known) = self.applied.get(&batch.id) {
            let id = batch.id.clone();
            return Err(if *known == content {
                Rejection::AlreadyApplied { id }
            } else {
                Rejection::IdTaken { id }
            });
        }
        let mut after: BTreeMap<(Account, usize), (Amount, Amount)> = BTreeMap::new();
        for (index, transfer) in batch.transfers.iter().enumerate() {
            if transfer.amount.is_zero() {
                return Err(Rejection::ZeroAmount { index });
            }
            let mut book = |account: Account, plus: bool| {
                let held = self.balance(account, transfer.asset);
                let (has, owes) =
                    after.entry((account, transfer.asset)).or_insert((held, Amount::ZERO));
                let side = if plus { has } else { owes };
                *side = side.add(transfer.amount, "the balance of one account")?;
                Ok(())
            };
            book(transfer.from, false)
                .and_then(|()| book(transfer.to, true))
                .map_err(|error| Rejection::Overflow { index, error })?;
        }
        for ((account, asset), (has, owes)) in &after {
            if *account != Account::Outside && has < owes {
                let missing = owes.saturating_sub(*has);
                return Err(Rejection::Overdrawn { account: *account, asset: *asset, missing });
            }
        }
        for ((account, asset), (has, owes)) in after {
            if account == Account::Outside {
                continue;
            }
            let left = has.saturating_sub(owes);
            if left.is_zero() {
                self.balances.remove(&(account, asset));
            } else {
                self.balances.insert((account, asset), left);
            }
        }
        self.applied.insert(batch.id.clone(), content);
        Ok(())
    }
}

/// The transfers of one epoch of a run, as one linked batch.
pub fn plan(network: &Network, run: &Run, epoch: u32) -> Batch {
    let mut transfers = Vec::new();
    let mut book = |from, to, asset, amount: Amount| {
        if !amount.is_zero() {
            transfers.push(Transfer { from, to, asset, amount });
        }
    };
    let legs = network.legs();
    for record in run.records.iter().filter(|record| record.epoch == epoch) {
        for (asset, flow) in record.flows.iter().enumerate() {
            let Some(flow) = flow else { continue };
            for (at, node) in (0_u32..).zip(network.nodes()) {
                if let crate::network::NodeKind::Source(grants) = &node.kind {
                    for grant in grants.iter().filter(|g| g.epoch == epoch && g.asset == asset) {
                        book(Account::Outside, Account::Node(at), asset, grant.amount);
                    }
                }
            }
            for (from, leg, amount) in flow_legs(network, &flow.legs) {
                let to = if legs.note(leg).delay > 0 {
                    Account::InFlight
                } else {
                    Account::Node(legs.targets[leg])
                };
                book(Account::Node(from), to, asset, amount);
            }
        }
    }
    for money in &run.landings(network, epoch) {
        book(Account::InFlight, Account::Node(money.to), money.asset, money.amount);
    }
    Batch { id: format!("{}/epoch-{epoch}", network.name), transfers }
}

/// Legs over which money left, with the node they belong to.
fn flow_legs<'a>(
    network: &'a Network,
    amounts: &'a [Amount],
) -> impl Iterator<Item = (u32, usize, Amount)> + 'a {
    (0_u32..)
        .take(network.nodes().len())
        .flat_map(move |node| network.legs().of(node).map(move |leg| (node, leg, amounts[leg])))
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: Account = Account::Node(0);
    const B: Account = Account::Node(1);

    fn transfer(from: Account, to: Account, units: u128) -> Transfer {
        Transfer { from, to, asset: 0, amount: Amount::from_base(units) }
    }

    fn batch(id: &str, transfers: &[Transfer]) -> Batch {
        Batch { id: id.to_owned(), transfers: transfers.to_vec() }
    }

    fn funded() -> Ledger {
        let mut ledger = Ledger::new();
        ledger.apply(&batch("start", &[transfer(Account::Outside, A, 10)])).unwrap();
        ledger
    }

    #[test]
    fn a_batch_is_applied_once() {
        let mut ledger = funded();
        let pay = batch("pay", &[transfer(A, B, 4)]);
        assert_eq!(ledger.apply(&pay), Ok(()));
        assert!(matches!(ledger.apply(&pay), Err(Rejection::AlreadyApplied { .. })));
        let other = batch("pay", &[transfer(A, B, 5)]);
        assert!(matches!(ledger.apply(&other), Err(Rejection::IdTaken { .. })));
        assert_eq!(ledger.balance(A, 0), Amount::from_base(6));
        assert_eq!(ledger.balance(B, 0), Amount::from_base(4));
    }

    #[test]
    fn one_bad_transfer_stops_all() {
        let mut ledger = funded();
        let before = ledger.clone();
        let error = ledger.apply(&batch("pay", &[transfer(A, B, 4), transfer(B, A, 5)]));
        let missing = Amount::from_base(1);
        assert_eq!(error, Err(Rejection::Overdrawn { account: B, asset: 0, missing }));
        assert!(error.unwrap_err().is_transient());
        let zero = ledger.apply(&batch("zero", &[transfer(A, B, 4), transfer(A, B, 0)]));
        assert_eq!(zero, Err(Rejection::ZeroAmount { index: 1 }));
        let most = Transfer { amount: Amount::MAX, ..transfer(Account::Outside, A, 0) };
        let overflow = ledger.apply(&batch("most", &[most]));
        assert!(matches!(overflow, Err(Rejection::Overflow { index: 0, .. })));
        assert_eq!(ledger, before);
    }

    #[test]
    fn a_loop_may_pass_on_more_than_anybody_holds() {
        let mut ledger = funded();
        let round = [transfer(A, B, 100), transfer(B, A, 95)];
        assert_eq!(ledger.apply(&batch("round", &round)), Ok(()));
        assert_eq!(ledger.balance(B, 0), Amount::from_base(5));
    }
}
