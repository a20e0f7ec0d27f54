//! Transfer batches for the CSV Airdrop app of a Safe.
//!
//! # Format
//!
//! One header line, then one line per payout, LF at the end of each:
//!
//! ```text
//! token_type,token_address,receiver,amount,id
//! erc20,0x0b2C…Ff85,0x5aAe…eAed,12.500000,
//! native,,0xfB69…d359,0.250000000000000000,
//! ```
//!
//! `id` is the number of a collectible and stays empty. `native` is an asset
//! with a chain and no contract, or with one of the customary placeholders
//! `0x00…00` and `0xEeee…EEeE`.
//!
//! The app sends on the network it is connected to, whatever the file says, so
//! each file holds payouts on one chain: connect the Safe on
//! [`Batch::chain`] before loading it. Each file is one Safe transaction.
//!
//! # Units and rounding
//!
//! `amount` is an exact decimal in units of the asset; nothing is rounded. The
//! app reads native amounts with 18 decimals and asks the contract for the
//! decimals of a token, so [`Asset::decimals`] must be the contract's.
//!
//! # Limits
//!
//! * [`MAX_ROWS`] rows per file. The app refuses more than 400 lines because of
//!   the block gas limit; half leaves room on chains with smaller blocks.
//! * The app refuses amounts of zero, so they are left out here.
//! * Two recipients with one address stay two lines, and are reported in
//!   [`Batches::shared`]: it is common for one team and a sign of a copying
//!   error otherwise.
//!
//! # Sources
//!
//! * <https://github.com/bh2smith/safe-airdrop>, `public/sample.csv` and
//!   `src/parser`.

use std::collections::BTreeMap;

use ruint::aliases::U256;

use super::csv::line;
use super::{Address20, LeftOut, PayoutError, PayoutRow, Reason, canonical, check};
use crate::money::{Asset, format_units};

/// Rows in one file.
pub const MAX_ROWS: usize = 200;

/// The files to load into a Safe, and what they do not pay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batches {
    /// By chain, then in the order of asset, amount (largest first), recipient.
    pub batches: Vec<Batch>,
    /// Rows in no batch.
    pub left_out: Vec<LeftOut>,
    /// Why the rows of whole assets were left out, by asset id.
    pub unsound: Vec<PayoutError>,
    /// Addresses that several recipients gave. A warning; each is paid its rows.
    pub shared: Vec<SharedAddress>,
}

/// One file: payouts on one chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// The chain, as the assets name it.
    pub chain: String,
    /// Number among the files of this chain, from 1.
    pub number: usize,
    /// How many payouts it holds.
    pub rows: usize,
    /// What it pays in base units, by asset id. The Safe must hold it.
    pub totals: BTreeMap<String, U256>,
    /// The content of the file.
    pub csv: String,
}

/// One address for several recipients.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SharedAddress {
    /// The address.
    pub address: Address20,
    /// The recipients, sorted.
    pub recipients: Vec<String>,
}

/// Writes the files for all rows, of any number of assets and chains. Assets
/// that the app would misread are left out as a whole:
/// [`PayoutError::AssetAddress`] and [`PayoutError::NativeDecimals`] in
/// [`Batches::unsound`] say why.
///
/// Errors: [`PayoutError::ZeroAddress`], [`PayoutError::MixedDecimals`],
/// [`PayoutError::Overflow`].
pub fn batches(rows: &[PayoutRow]) -> Result<Batches, PayoutError> {
    check(rows)?;
    let mut chains: BTreeMap<&str, Vec<Transfer>> = BTreeMap::new();
    let mut recipients: BTreeMap<Address20, Vec<String>> = BTreeMap::new();
    let mut left_out = Vec::new();
    let mut unsound = BTreeMap::new();
    for (asset, row) in canonical(rows) {
        let (chain, receiver) = match (&row.asset.chain, row.address) {
            (Some(chain), Some(receiver)) if !row.amount.is_zero() => (chain, receiver),
            (chain, _) => {
                left_out.push(row.left_out(match chain {
                    _ if row.amount.is_zero() => Reason::ZeroAmount,
                    None => Reason::NoChain,
                    Some(_) => Reason::NoAddress,
                }));
                continue;
            }
        };
        match token(&row.asset) {
            Ok(token) => {
                recipients.entry(receiver).or_default().push(row.recipient.clone());
                chains.entry(chain).or_default().push(Transfer { asset, token, row, receiver });
            }
            Err(error) => {
                left_out.push(row.left_out(Reason::UnsoundAsset));
                unsound.insert(asset, error);
            }
        }
    }
    let mut batches = Vec::new();
    for (chain, transfers) in chains {
        for (part, number) in transfers.chunks(MAX_ROWS).zip(1..) {
            batches.push(batch(chain, number, part)?);
        }
    }
    left_out.sort();
    let unsound = unsound.into_values().collect();
    Ok(Batches { batches, left_out, unsound, shared: shared(recipients) })
}

/// A row that can be paid.
struct Transfer<'a> {
    asset: String,
    /// The contract of the asset, none for the chain's own coin.
    token: Option<Address20>,
    row: &'a PayoutRow,
    receiver: Address20,
}

fn batch(chain: &str, number: usize, transfers: &[Transfer]) -> Result<Batch, PayoutError> {
    let mut csv = String::from("token_type,token_address,receiver,amount,id\n");
    let mut totals: BTreeMap<String, U256> = BTreeMap::new();
    for Transfer { asset, token, row, receiver } in transfers {
        let total = totals.entry(asset.clone()).or_default();
        *total = total
            .checked_add(row.amount)
            .ok_or_else(|| PayoutError::Overflow { asset: asset.clone() })?;
        let token_type = if token.is_some() { "erc20" } else { "native" };
        let token = token.map_or_else(String::new, |token| token.to_string());
        let amount = format_units(row.amount, row.asset.decimals);
        line(&mut csv, &[token_type, &token, &receiver.to_string(), &amount, ""]);
    }
    Ok(Batch { chain: chain.to_owned(), number, rows: transfers.len(), totals, csv })
}

/// The contract of a token, none for the chain's own coin.
fn token(asset: &Asset) -> Result<Option<Address20>, PayoutError> {
    let contract = match &asset.address {
        Some(text) => text
            .parse::<Address20>()
            .map_err(|source| PayoutError::AssetAddress { asset: asset.id(), source })
            .map(Some)?,
        None => None,
    };
    let placeholder = |contract: &Address20| [[0; 20], [0xee; 20]].contains(contract.as_bytes());
    let contract = contract.filter(|contract| !placeholder(contract));
    if contract.is_none() && asset.decimals != 18 {
        let (asset, decimals) = (asset.id(), asset.decimals);
        return Err(PayoutError::NativeDecimals { asset, decimals });
    }
    Ok(contract)
}

/// Addresses with more than one recipient.
fn shared(recipients: BTreeMap<Address20, Vec<String>>) -> Vec<SharedAddress> {
    let sorted = recipients.into_iter().map(|(address, mut recipients)| {
        recipients.sort();
        recipients.dedup();
        SharedAddress { address, recipients }
    });
    sorted.filter(|shared| shared.recipients.len() > 1).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testing::{address, row, rows};
    use super::*;
    use crate::money::parse_units;

    fn native(mut row: PayoutRow, contract: Option<&str>) -> PayoutRow {
        row.asset = Asset {
            chain: Some("optimism".to_owned()),
            address: contract.map(str::to_owned),
            ..Asset::new("ETH", 18)
        };
        row
    }

    #[test]
    fn a_file_reads_as_expected() {
        let rows = [
            row("b", 0xbb, 12_500_000),
            native(row("a", 0x11, 250_000_000_000_000_000), None),
            row("c", 0, 5),
            row("d", 0xdd, 0),
        ];
        let found = batches(&rows).unwrap();
        assert_eq!(found.batches.len(), 1);
        let batch = &found.batches[0];
        assert_eq!((batch.chain.as_str(), batch.number, batch.rows), ("optimism", 1, 2));
        assert_eq!(
            batch.csv,
            "token_type,token_address,receiver,amount,id\n\
             native,,0x1111111111111111111111111111111111111111,0.250000000000000000,\n\
             erc20,0x0b2C639c533813f4Aa9D7837CAf62653d097Ff85,\
             0xbBbBBBBbbBBBbbbBbbBbbbbBBbBbbbbBbBbbBBbB,12.500000,\n"
        );
        let reasons: Vec<_> = found.left_out.iter().map(|row| row.reason).collect();
        assert_eq!(reasons, [Reason::NoAddress, Reason::ZeroAmount]);
        assert_eq!(batch.totals["ETH@optimism"], U256::from(250_000_000_000_000_000_u64));
    }

    #[test]
    fn placeholders_mean_the_native_coin() {
        for contract in [
            "0x0000000000000000000000000000000000000000",
            "0xEeeeeEeeeEeEeeEeEeEeeEEEeeeeEeeeeeeeEEeE",
        ] {
            let csv = &batches(&[native(row("a", 1, 5), Some(contract))]).unwrap().batches[0].csv;
            assert!(csv.contains("\nnative,,0x0101"), "{csv}");
        }
    }

    #[test]
    fn chains_and_long_lists_are_split() {
        let mut rows: Vec<_> = (0..401).map(|n| row(&format!("p{n}"), 1, n + 1)).collect();
        rows[7].asset.chain = Some("base".to_owned());
        rows[8].asset.chain = None;
        let found = batches(&rows).unwrap();
        let sizes: Vec<_> =
            found.batches.iter().map(|b| (b.chain.as_str(), b.number, b.rows)).collect();
        assert_eq!(sizes, [("base", 1, 1), ("optimism", 1, 200), ("optimism", 2, 199)]);
        assert_eq!(found.left_out[0].reason, Reason::NoChain);
    }

    #[test]
    fn recipients_with_one_address_are_reported_and_kept() {
        let found =
            batches(&[row("b", 1, 5), row("a", 1, 6), row("c", 2, 7), row("c", 2, 8)]).unwrap();
        assert_eq!(found.batches[0].rows, 4);
        let recipients = vec!["a".to_owned(), "b".to_owned()];
        assert_eq!(found.shared, [SharedAddress { address: address(1), recipients }]);
    }

    #[test]
    fn assets_that_a_safe_would_misread_are_left_out_alone() {
        let mut wrong = row("a", 1, 5);
        wrong.asset.address = Some("EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v".to_owned());
        let mut short = row("b", 2, 6);
        short.asset.address = None;
        let found = batches(&[wrong, short, row("c", 3, 7)]).unwrap();
        assert!(
            matches!(
                &found.unsound[..],
                [PayoutError::NativeDecimals { decimals: 6, .. }, PayoutError::AssetAddress { .. }]
            ),
            "{:?}",
            found.unsound
        );
        let left: Vec<_> =
            found.left_out.iter().map(|row| (row.recipient.as_str(), row.reason)).collect();
        assert_eq!(left, [("a", Reason::UnsoundAsset), ("b", Reason::UnsoundAsset)]);
        let rows: Vec<_> = found.batches.iter().map(|batch| batch.rows).collect();
        assert_eq!(rows, [1]);
    }

    proptest! {
        #[test]
        fn every_unit_is_in_a_batch_or_left_out(rows in rows()) {
            let found = batches(&rows).unwrap();
            let mut paid = U256::ZERO;
            let mut lines = 0;
            for batch in &found.batches {
                for line in batch.csv.lines().skip(1) {
                    paid += parse_units(line.split(',').nth(3).unwrap(), 6).unwrap();
                    lines += 1;
                }
            }
            let left: U256 = found.left_out.iter().map(|row| row.amount).sum();
            prop_assert_eq!(paid + left, rows.iter().map(|row| row.amount).sum::<U256>());
            prop_assert_eq!(lines + found.left_out.len(), rows.len());
        }

        #[test]
        fn row_order_is_irrelevant(mut rows in rows()) {
            let found = batches(&rows);
            rows.reverse();
            prop_assert_eq!(found, batches(&rows));
        }
    }
}
