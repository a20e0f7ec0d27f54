//! A drip list: weights for the Drips protocol.
//!
//! A drip list forwards whatever it receives to its receivers in fixed
//! proportions. To pay exactly this round, give it [`DripList::covered`] base
//! units; what was left out is paid in another way.
//!
//! # Format
//!
//! [`DripList::to_json`] gives the receivers ascending by account id, as the
//! contract wants them, each in the form that the Drips SDK takes
//! (`dripLists.create({ receivers })`, version 0.1 alpha), with `accountId` for
//! direct calls of the contract; then `covered` and `left_out` of our own.
//!
//! [`DripList::to_csv`] gives `recipient,percentage` for the button *Import
//! from CSV* in the list editor of <https://www.drips.network>.
//!
//! A row is received
//!
//! 1. by its address, where it has one: `accountId = address`;
//! 2. else by its recipient id, where that is a GitHub repository, such as
//!    `https://github.com/owner/name`: the money waits until the repository
//!    claims it. `accountId` is 32 bits 3, 7 bits 0, 1 bit `long`, then 27
//!    bytes: the text `owner/name` padded with zeros, or the low 27 bytes of
//!    its keccak256 if it is longer. Upper and lower case count: spell it as
//!    GitHub does.
//!
//! Rows with the same receiver are added up: the contract refuses duplicates,
//! and the CSV import would keep the last one only.
//!
//! # Units and rounding
//!
//! Weights are parts per million and add up to exactly 1 000 000: largest
//! remainder, ties to the lower account id; each is within one part per million
//! of the share. Percentages have 4 decimals, one part per million. On chain a
//! running sum is rounded down, so that no unit is lost.
//!
//! # Limits
//!
//! * [`MAX_RECEIVERS`] receivers; the largest are kept, ties to the lower
//!   account id. A longer list can be nested by hand, a list being a receiver
//!   too; this module does not nest.
//! * Who gets less than one part per million of the kept sum is left out.
//!
//! # Sources
//!
//! * <https://github.com/drips-network/contracts>, `src/Splits.sol`,
//!   `src/AddressDriver.sol`, `src/RepoDriver.sol`. Driver numbers are those of
//!   the public deployments.
//! * <https://github.com/drips-network/app>, `src/lib/flows/import-from-csv`;
//!   issues 1479 and 1665 on duplicates.
//! * npm `@drips-network/sdk` 0.1.0-alpha.15, `SdkSplitsReceiver`.

use std::cmp::Reverse;

use ruint::aliases::U256;
use serde::Serialize;

use super::csv::line;
use super::{
    Address20, LeftOut, Payee, PayoutError, PayoutRow, Reason, as_decimal, json, keccak, one_asset,
    payees, ppm_weights, sum,
};
use crate::money::format_units;

/// Most receivers of one list.
pub const MAX_RECEIVERS: usize = 200;
/// Number of the driver for repositories.
const REPO_DRIVER: u32 = 3;

/// A drip list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DripList {
    /// Ascending by account id.
    pub receivers: Vec<Receiver>,
    /// What the receivers are to get together, in base units.
    #[serde(serialize_with = "as_decimal")]
    pub covered: U256,
    /// Rows that the list does not pay.
    pub left_out: Vec<LeftOut>,
}

/// One line of a drip list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Receiver {
    /// Who, for people and the SDK.
    #[serde(flatten)]
    pub account: Account,
    /// Who, for the contract.
    #[serde(serialize_with = "as_decimal")]
    pub account_id: U256,
    /// Parts per million, positive.
    pub weight: u32,
}

/// Who receives.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum Account {
    /// An address.
    Address {
        /// The address.
        address: Address20,
    },
    /// A repository on GitHub.
    Project {
        /// `https://github.com/owner/name`.
        url: String,
    },
}

/// The drip list for rows of one asset.
///
/// Errors: [`PayoutError::TooFewReceivers`] when no row can be received, and
/// those of the rows.
pub fn list(rows: &[PayoutRow]) -> Result<DripList, PayoutError> {
    let asset = one_asset(rows)?;
    let mut left_out = Vec::new();
    let mut all = payees(rows, receiver, &mut left_out)?;
    for payee in beyond_limit(&mut all) {
        left_out.extend(payee.rows.iter().map(|row| row.left_out(Reason::BeyondLimit)));
    }
    let (kept, weights) = ppm_weights(all, asset, &mut left_out)?;
    if kept.is_empty() {
        let (format, left_out) = ("a drip list", left_out.len());
        return Err(PayoutError::TooFewReceivers { format, found: 0, needed: 1, left_out });
    }
    left_out.sort();
    let covered = sum(kept.iter().map(|payee| payee.amount), asset)?;
    let receivers = kept.into_iter().zip(weights).map(|(payee, weight)| {
        let (account_id, account) = payee.place;
        Receiver { account, account_id, weight }
    });
    Ok(DripList { receivers: receivers.collect(), covered, left_out })
}

impl DripList {
    /// The list as JSON; account ids are decimal strings.
    pub fn to_json(&self) -> String {
        json(self)
    }

    /// The list as `recipient,percentage`.
    pub fn to_csv(&self) -> String {
        let mut out = String::from("recipient,percentage\n");
        for Receiver { account, weight, .. } in &self.receivers {
            let recipient = match account {
                Account::Address { address } => address.to_string(),
                Account::Project { url } => url.clone(),
            };
            line(&mut out, &[&recipient, &format_units(U256::from(*weight), 4)]);
        }
        out
    }
}

type Place = (U256, Account);

/// Where Drips can hold the money of a row.
fn receiver(row: &PayoutRow) -> Option<Place> {
    if let Some(address) = row.address {
        let id = U256::from_be_slice(address.as_bytes());
        return Some((id, Account::Address { address }));
    }
    let name = repository(&row.recipient)?;
    let url = format!("https://github.com/{name}");
    Some((repository_id(name), Account::Project { url }))
}

/// `owner/name` from the ways to write a GitHub repository.
fn repository(text: &str) -> Option<&str> {
    let text = text.strip_prefix("https://").or(text.strip_prefix("http://")).unwrap_or(text);
    let text = text.strip_prefix("www.").unwrap_or(text).strip_prefix("github.com/")?;
    let text = text.strip_suffix('/').unwrap_or(text);
    let text = text.strip_suffix(".git").unwrap_or(text);
    let (owner, name) = text.split_once('/')?;
    let plain = |part: &str| {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
        !part.is_empty() && part.bytes().all(allowed)
    };
    (plain(owner) && plain(name)).then_some(text)
}

/// The account id of a repository.
fn repository_id(name: &str) -> U256 {
    let mut id = [0; 32];
    id[..4].copy_from_slice(&REPO_DRIVER.to_be_bytes());
    if name.len() <= 27 {
        id[5..5 + name.len()].copy_from_slice(name.as_bytes());
    } else {
        id[4] = 1;
        id[5..].copy_from_slice(&keccak(name.as_bytes())[5..]);
    }
    U256::from_be_bytes(id)
}

/// Takes the smallest payees off a list that is too long; the rest keep their order.
fn beyond_limit<'a>(all: &mut Vec<Payee<'a, Place>>) -> Vec<Payee<'a, Place>> {
    if all.len() <= MAX_RECEIVERS {
        return Vec::new();
    }
    all.sort_by(|a, b| (Reverse(a.amount), &a.place).cmp(&(Reverse(b.amount), &b.place)));
    let beyond = all.split_off(MAX_RECEIVERS);
    all.sort_by(|a, b| a.place.cmp(&b.place));
    beyond
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::PPM;
    use super::super::testing::{address, row, rows};
    use super::*;

    #[test]
    fn files_read_as_expected() {
        let rows = [
            row("https://github.com/colinhacks/zod", 0, 600),
            row("a", 0x11, 100),
            row("b", 0x11, 299),
            row("c", 0, 50),
            row("d", 0x22, 1),
        ];
        let list = list(&rows).unwrap();
        assert_eq!(
            list.to_csv(),
            "recipient,percentage\n\
             0x1111111111111111111111111111111111111111,39.9000\n\
             0x2222222222222222222222222222222222222222,0.1000\n\
             https://github.com/colinhacks/zod,60.0000\n"
        );
        assert_eq!(
            list.to_json(),
            r#"{
  "receivers": [
    {
      "type": "address",
      "address": "0x1111111111111111111111111111111111111111",
      "accountId": "97433442488726861213578988847752201310395502865",
      "weight": 399000
    },
    {
      "type": "address",
      "address": "0x2222222222222222222222222222222222222222",
      "accountId": "194866884977453722427157977695504402620791005730",
      "weight": 1000
    },
    {
      "type": "project",
      "url": "https://github.com/colinhacks/zod",
      "accountId": "80920745289880686872077472087501508459438916877610571750365932290048",
      "weight": 600000
    }
  ],
  "covered": "1000",
  "left_out": [
    {
      "recipient": "c",
      "asset": "USDC@optimism:0x0b2c639c533813f4aa9d7837caf62653d097ff85",
      "amount": "50",
      "reason": "no-address"
    }
  ]
}"#
        );
    }

    /// Account ids that stand in the end-to-end tests of the Drips app.
    #[test]
    fn account_ids_agree_with_published_ones() {
        assert_eq!(
            repository_id("efstajas/drips-test-repo-10").to_string(),
            "80921553623925136102837120782793736893291544351678576578072673071408"
        );
        let mut payee = row("a", 1, 1);
        payee.address = "0x70997970c51812dc3a010c7d01b50e0d17dc79c8".parse().ok();
        assert_eq!(
            receiver(&payee).unwrap().0.to_string(),
            "642829559307850963015472508762062935916233390536"
        );
    }

    #[test]
    fn long_repository_names_are_hashed() {
        let name = "opensource-observer/oss-directory";
        let id = repository_id(name).to_be_bytes::<32>();
        assert_eq!(id[..5], [0, 0, 0, 3, 1]);
        assert_eq!(id[5..], keccak(name.as_bytes())[5..]);
    }

    #[test]
    fn repositories_are_recognised() {
        for text in [
            "https://github.com/a/b.c",
            "http://www.github.com/a/b.c/",
            "github.com/a/b.c",
            "https://github.com/a/b.c.git",
        ] {
            assert_eq!(repository(text), Some("a/b.c"), "{text}");
        }
        for text in [
            "",
            "a/b",
            "https://gitlab.com/a/b",
            "https://github.com/a",
            "https://github.com/a/",
            "https://github.com/a/b/tree/main",
            "https://github.com/a/b?x=1",
            "https://github.com/a/b,c",
        ] {
            assert_eq!(repository(text), None, "{text}");
        }
    }

    #[test]
    fn the_smallest_beyond_two_hundred_are_left_out() {
        let rows: Vec<_> = (0..203_u64)
            .map(|n| row(&format!("github.com/o/{n}"), 0, 1_000 + n))
            .chain([row("x", 9, 500_000_000_000)])
            .collect();
        let found = list(&rows).unwrap();
        assert_eq!(found.left_out.len(), 203);
        assert_eq!(found.receivers[0].account, Account::Address { address: address(9) });
        let count = |reason| found.left_out.iter().filter(|row| row.reason == reason).count();
        assert_eq!(count(Reason::BeyondLimit), 4);
        assert_eq!(count(Reason::BelowOnePpm), 199);
        let least = found.left_out.iter().find(|row| row.reason == Reason::BeyondLimit).unwrap();
        assert_eq!(least.recipient, "github.com/o/0");

        let found = list(&rows[..203]).unwrap();
        assert_eq!(found.receivers.len(), MAX_RECEIVERS);
        assert!(found.receivers.is_sorted_by(|a, b| a.account_id < b.account_id));
    }

    #[test]
    fn a_list_without_receivers_is_refused() {
        let error = list(&[row("a", 0, 5), row("b", 1, 0)]).unwrap_err();
        assert!(matches!(error, PayoutError::TooFewReceivers { left_out: 2, .. }), "{error}");
    }

    proptest! {
        #[test]
        fn weights_add_up_and_stay_within_one_ppm(rows in rows()) {
            let Ok(list) = list(&rows) else { return Ok(()) };
            prop_assert_eq!(list.receivers.iter().map(|r| r.weight).sum::<u32>(), PPM);
            prop_assert!(list.receivers.is_sorted_by(|a, b| a.account_id < b.account_id));
            for Receiver { account, weight, .. } in &list.receivers {
                let paid = rows.iter().filter(|row| {
                    receiver(row).is_some_and(|(_, found)| found == *account)
                });
                let amount: U256 = paid.map(|row| row.amount).sum();
                let (exact, weight) = (amount * U256::from(PPM), U256::from(*weight));
                prop_assert!(weight > U256::ZERO);
                prop_assert!((weight * list.covered).abs_diff(exact) < list.covered);
            }
            let left: U256 = list.left_out.iter().map(|row| row.amount).sum();
            prop_assert_eq!(list.covered + left, rows.iter().map(|row| row.amount).sum::<U256>());
        }

        #[test]
        fn row_order_is_irrelevant(mut rows in rows()) {
            let found = list(&rows);
            rows.reverse();
            prop_assert_eq!(found, list(&rows));
        }

        #[test]
        fn no_recipient_panics(text in "(https://github.com/)?.*") {
            let _ = receiver(&row(&text, 0, 1));
        }
    }
}
