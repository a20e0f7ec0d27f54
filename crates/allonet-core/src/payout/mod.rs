//! Payout files: the result of a network, written for the tools that pay.
//!
//! | file | function | reader |
//! |---|---|---|
//! | `payouts.csv` | [`csv::payouts`] | people and spreadsheets |
//! | Merkle tree | [`merkle::build`] | claim contracts built on OpenZeppelin |
//! | Safe batch | [`safe::batches`] | the CSV Airdrop app of a Safe |
//! | split, v1 and v2 | [`splits::v1`], [`splits::v2`] | 0xSplits |
//! | drip list | [`drips::list`] | Drips |
//!
//! Everything here is a pure function from rows to text. Equal rows in any
//! order give equal bytes. No row is lost: what a format cannot carry stands
//! in its list of [`LeftOut`] rows, with the amount and the reason.
//!
//! Trees, splits and drip lists concern one asset each; see [`by_asset`].
//!
//! # Example
//!
//! ```
//! use allonet_core::money::Asset;
//! use allonet_core::payout::{Address20, PayoutRow, merkle, splits};
//! use ruint::aliases::U256;
//!
//! let row = |recipient: &str, byte, units: u64| PayoutRow {
//!     recipient: recipient.to_owned(),
//!     address: Some(Address20::from_bytes([byte; 20])),
//!     asset: Asset::new("USDC", 6),
//!     amount: U256::from(units),
//! };
//! let rows = [row("editor", 0x11, 750_000), row("library", 0x22, 250_000)];
//!
//! let tree = merkle::build(&rows)?;
//! let (leaf, proof) = (tree.leaf(1).unwrap(), tree.proof(1).unwrap());
//! assert!(merkle::verify_proof(tree.root(), leaf, &proof));
//!
//! assert_eq!(splits::v1(&rows, 0)?.percent_allocations, [750_000, 250_000]);
//! # Ok::<(), allonet_core::payout::PayoutError>(())
//! ```

pub mod address;
pub mod csv;
pub mod drips;
pub mod merkle;
pub mod safe;
pub mod splits;

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt;

use ruint::aliases::U256;
use serde::{Serialize, Serializer};
use sha3::{Digest as _, Keccak256};
use thiserror::Error;

use crate::money::{Amount, Asset, Rounding, apportion};
pub use address::{Address20, AddressError};

/// The whole, in parts per million.
pub const PPM: u32 = 1_000_000;

// --- Rows -------------------------------------------------------------------

/// What one recipient is to get of one asset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PayoutRow {
    /// Stable text id of the recipient.
    pub recipient: String,
    /// Where the recipient takes payment, if known.
    pub address: Option<Address20>,
    /// What is paid.
    pub asset: Asset,
    /// How much, in base units of the asset.
    pub amount: U256,
}

/// A row that a format cannot carry. Pay it in another way.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct LeftOut {
    /// Stable text id of the recipient.
    pub recipient: String,
    /// Id of the asset, see [`Asset::id`].
    pub asset: String,
    /// How much, in base units.
    #[serde(serialize_with = "as_decimal")]
    pub amount: U256,
    /// Why.
    pub reason: Reason,
}

/// Why a row was left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Reason {
    /// The recipient has no address that this format understands.
    NoAddress,
    /// The asset lives on no chain.
    NoChain,
    /// There is nothing to pay.
    ZeroAmount,
    /// Less than a millionth of the list: it would round to nothing.
    BelowOnePpm,
    /// The format holds no more rows; the largest were kept.
    BeyondLimit,
    /// The asset, as it is described, would be misread by the paying tool.
    UnsoundAsset,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoAddress => "no-address",
            Self::NoChain => "no-chain",
            Self::ZeroAmount => "zero-amount",
            Self::BelowOnePpm => "below-one-ppm",
            Self::BeyondLimit => "beyond-limit",
            Self::UnsoundAsset => "unsound-asset",
        })
    }
}

/// Why a file cannot be written.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PayoutError {
    /// Nothing to pay.
    #[error("there are no payouts to write")]
    NoRows,
    /// A format for one asset was given several.
    #[error("payouts in `{first}` and `{other}` cannot share one file; write one per asset")]
    MixedAssets {
        /// Asset of the first row.
        first: String,
        /// Another asset found.
        other: String,
    },
    /// One asset with two scales.
    #[error("asset `{asset}` has {first} decimals in one payout and {other} in another; use one")]
    MixedDecimals {
        /// The asset.
        asset: String,
        /// Decimals found first.
        first: u8,
        /// Decimals found later.
        other: u8,
    },
    /// Money would be destroyed.
    #[error("recipient `{recipient}` has the zero address; give its own address or none")]
    ZeroAddress {
        /// Who.
        recipient: String,
    },
    /// The sum does not fit.
    #[error("payouts in `{asset}` add up to 2^256 base units or more; check its decimals")]
    Overflow {
        /// The asset.
        asset: String,
    },
    /// The asset's contract is no EVM address.
    #[error("asset `{asset}` cannot be paid by a Safe: {source}")]
    AssetAddress {
        /// The asset.
        asset: String,
        /// What is wrong.
        source: AddressError,
    },
    /// A native coin with unusual decimals.
    #[error(
        "asset `{asset}` has no contract address, so a Safe would take it for the coin of its \
         chain and read amounts with 18 decimals, not {decimals}; add the token's `address`"
    )]
    NativeDecimals {
        /// The asset.
        asset: String,
        /// Decimals found.
        decimals: u8,
    },
    /// Too few receivers remain.
    #[error(
        "{format} needs at least {needed} receivers, but {found} of the payouts can be carried \
         ({left_out} left out); add addresses, or pay directly"
    )]
    TooFewReceivers {
        /// The format.
        format: &'static str,
        /// How many remain.
        found: usize,
        /// How many are needed.
        needed: usize,
        /// How many rows were left out.
        left_out: usize,
    },
    /// The reward for whoever triggers a distribution is too high.
    #[error("{format} allows a distributor reward of at most {allowed} ppm, found {found}")]
    RewardTooHigh {
        /// The format.
        format: &'static str,
        /// Parts per million found.
        found: u32,
        /// Parts per million allowed.
        allowed: u32,
    },
    /// The allocations would overflow inside the contract.
    #[error(
        "a v2 split of {total} base units is at or above 2^128, where the contract's product \
         `amount * allocation` may overflow; use a v1 split or check the asset's decimals"
    )]
    AllocationTooLarge {
        /// Sum of the allocations.
        total: U256,
    },
    /// Text that is no 32-byte hash.
    #[error("`{found}` is not 0x followed by 64 hexadecimal digits")]
    NotHash {
        /// The text found.
        found: String,
    },
}

/// Sorts rows into one list per asset id.
pub fn by_asset(rows: Vec<PayoutRow>) -> BTreeMap<String, Vec<PayoutRow>> {
    let mut lists: BTreeMap<String, Vec<PayoutRow>> = BTreeMap::new();
    for row in rows {
        lists.entry(row.asset.id()).or_default().push(row);
    }
    lists
}

// --- Shared by the formats --------------------------------------------------

/// Refuses the zero address and an asset with two scales.
fn check(rows: &[PayoutRow]) -> Result<(), PayoutError> {
    let mut decimals: BTreeMap<String, u8> = BTreeMap::new();
    let mut last: Option<&Asset> = None;
    for row in rows {
        if row.address.is_some_and(Address20::is_zero) {
            return Err(PayoutError::ZeroAddress { recipient: row.recipient.clone() });
        }
        if last == Some(&row.asset) {
            continue;
        }
        last = Some(&row.asset);
        let asset = row.asset.id();
        let other = row.asset.decimals;
        let first = *decimals.entry(asset.clone()).or_insert(other);
        if first != other {
            return Err(PayoutError::MixedDecimals { asset, first, other });
        }
    }
    Ok(())
}

/// The one asset that all rows pay.
fn one_asset(rows: &[PayoutRow]) -> Result<&Asset, PayoutError> {
    let first = &rows.first().ok_or(PayoutError::NoRows)?.asset;
    let id = first.id();
    check(rows)?;
    match rows.iter().find(|row| row.asset != *first && row.asset.id() != id) {
        Some(row) => Err(PayoutError::MixedAssets { first: id, other: row.asset.id() }),
        None => Ok(first),
    }
}

/// Rows with their asset ids: by asset, largest amount first, then by recipient.
fn canonical(rows: &[PayoutRow]) -> Vec<(String, &PayoutRow)> {
    let mut ordered: Vec<_> = rows.iter().map(|row| (row.asset.id(), row)).collect();
    ordered.sort_by(|(a, x), (b, y)| {
        (a, Reverse(x.amount), &x.recipient, x.address).cmp(&(
            b,
            Reverse(y.amount),
            &y.recipient,
            y.address,
        ))
    });
    ordered
}

/// Everything that goes to one place.
struct Payee<'a, K> {
    place: K,
    amount: U256,
    rows: Vec<&'a PayoutRow>,
}

/// Adds up the rows for each place, in the order of the places. Rows without a
/// place or an amount are left out.
fn payees<'a, K: Ord>(
    rows: &'a [PayoutRow],
    place: impl Fn(&PayoutRow) -> Option<K>,
    left_out: &mut Vec<LeftOut>,
) -> Result<Vec<Payee<'a, K>>, PayoutError> {
    let mut places: BTreeMap<K, Vec<&PayoutRow>> = BTreeMap::new();
    for row in rows {
        if row.amount.is_zero() {
            left_out.push(row.left_out(Reason::ZeroAmount));
        } else if let Some(place) = place(row) {
            places.entry(place).or_default().push(row);
        } else {
            left_out.push(row.left_out(Reason::NoAddress));
        }
    }
    let payees = places.into_iter().map(|(place, rows)| {
        let amount = sum(rows.iter().map(|row| row.amount), &rows[0].asset)?;
        Ok(Payee { place, amount, rows })
    });
    payees.collect()
}

/// Leaves out whoever gets less than a millionth of the sum, and gives the
/// others integer weights that add up to [`PPM`]: largest remainder, ties to
/// the first place.
fn ppm_weights<'a, K>(
    payees: Vec<Payee<'a, K>>,
    asset: &Asset,
    left_out: &mut Vec<LeftOut>,
) -> Result<(Vec<Payee<'a, K>>, Vec<u32>), PayoutError> {
    let least = sum(payees.iter().map(|payee| payee.amount), asset)?.div_ceil(U256::from(PPM));
    let (kept, below): (Vec<_>, Vec<_>) =
        payees.into_iter().partition(|payee| payee.amount >= least);
    for payee in below {
        left_out.extend(payee.rows.iter().map(|row| row.left_out(Reason::BelowOnePpm)));
    }
    let amounts: Vec<U256> = kept.iter().map(|payee| payee.amount).collect();
    if amounts.is_empty() {
        return Ok((kept, Vec::new()));
    }
    let parts = apportion(Amount::from_base(PPM.into()), &amounts, Rounding::LargestRemainder)
        .expect("the amounts are positive and their sum was just computed")
        .parts;
    let weights = parts.iter().map(|part| part.to_u256().to::<u32>()).collect();
    Ok((kept, weights))
}

/// Sum of amounts of one asset.
fn sum(amounts: impl IntoIterator<Item = U256>, asset: &Asset) -> Result<U256, PayoutError> {
    amounts
        .into_iter()
        .try_fold(U256::ZERO, U256::checked_add)
        .ok_or_else(|| PayoutError::Overflow { asset: asset.id() })
}

impl PayoutRow {
    fn left_out(&self, reason: Reason) -> LeftOut {
        LeftOut {
            recipient: self.recipient.clone(),
            asset: self.asset.id(),
            amount: self.amount,
            reason,
        }
    }
}

fn keccak(bytes: &[u8]) -> [u8; 32] {
    Keccak256::digest(bytes).into()
}

/// Amounts are decimal strings in JSON: they exceed what readers hold in a number.
fn as_decimal<S: Serializer>(amount: &U256, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(amount)
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string_pretty(value).expect("strings and integers always serialise")
}

#[cfg(test)]
mod testing {
    //! Rows for the tests of the formats.

    use proptest::prelude::*;

    use super::*;

    /// An address made of one repeated byte.
    pub(super) fn address(byte: u8) -> Address20 {
        Address20::from_bytes([byte; 20])
    }

    /// A row in USDC on Optimism; byte 0 means no address.
    pub(super) fn row(recipient: &str, byte: u8, units: u64) -> PayoutRow {
        PayoutRow {
            recipient: recipient.to_owned(),
            address: (byte > 0).then(|| address(byte)),
            asset: Asset {
                chain: Some("optimism".to_owned()),
                address: Some("0x0b2C639c533813f4Aa9D7837CAf62653d097Ff85".to_owned()),
                ..Asset::new("USDC", 6)
            },
            amount: U256::from(units),
        }
    }

    /// Rows of one asset, some without address or amount, some sharing both
    /// address and recipient.
    pub(super) fn rows() -> impl Strategy<Value = Vec<PayoutRow>> {
        let amount = prop_oneof![Just(0), 1..1_000_u64, 1..u64::MAX];
        let one = (0_u16..40, 0_u8..20, amount);
        prop::collection::vec(one, 2..60).prop_map(|list| {
            let row_of = |(id, byte, units)| {
                let site = if id % 2 == 0 { "github.com" } else { "example.org" };
                row(&format!("https://{site}/o/{id}"), byte, units)
            };
            list.into_iter().map(row_of).collect()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::testing::row;
    use super::*;

    #[test]
    fn rows_are_sorted_into_lists_by_asset() {
        let mut other = row("b", 2, 5);
        other.asset = Asset::new("OP", 18);
        let lists = by_asset(vec![row("a", 1, 3), other.clone(), row("c", 3, 4)]);
        assert_eq!(lists.len(), 2);
        assert_eq!(lists["OP"], [other]);
    }

    #[test]
    fn two_assets_or_two_scales_are_refused() {
        let mut other = row("b", 2, 5);
        other.asset.chain = Some("base".to_owned());
        let error = one_asset(&[row("a", 1, 3), other]).unwrap_err();
        assert!(matches!(error, PayoutError::MixedAssets { .. }), "{error}");

        let mut other = row("b", 2, 5);
        other.asset.decimals = 18;
        let error = one_asset(&[row("a", 1, 3), other]).unwrap_err();
        assert!(matches!(error, PayoutError::MixedDecimals { first: 6, other: 18, .. }), "{error}");
        assert_eq!(one_asset(&[]).unwrap_err(), PayoutError::NoRows);
    }

    #[test]
    fn the_zero_address_is_refused() {
        let mut burnt = row("b", 2, 5);
        burnt.address = Some(Address20::from_bytes([0; 20]));
        assert_eq!(
            check(&[row("a", 1, 3), burnt]).unwrap_err().to_string(),
            "recipient `b` has the zero address; give its own address or none"
        );
    }

    #[test]
    fn a_sum_that_does_not_fit_is_refused() {
        let mut rows = [row("a", 1, 1), row("b", 2, 1)];
        rows[0].amount = U256::MAX;
        let error = sum(rows.iter().map(|row| row.amount), &rows[0].asset).unwrap_err();
        assert!(matches!(error, PayoutError::Overflow { .. }), "{error}");
    }
}
