//! Splits for 0xSplits, version 1 and version 2.
//!
//! A split is a contract that divides whatever it receives in fixed
//! proportions. To pay exactly this round, send it [`SplitV1::covered`] or
//! [`SplitV2::covered`] base units; what was left out is paid in another way.
//!
//! # Format
//!
//! JSON with the arguments of the contract, and three fields of our own:
//! `covered`, `left_out` and `warnings`.
//!
//! | version | argument | content |
//! |---|---|---|
//! | 1 | `accounts` | unique addresses, ascending |
//! | 1 | `percentAllocations` | positive integers that add up to exactly 1 000 000 |
//! | 1 | `distributorFee` | parts per million, at most 100 000 |
//! | 2 | `recipients` | unique addresses, ascending |
//! | 2 | `allocations` | positive integers as strings: the amounts themselves |
//! | 2 | `totalAllocation` | their sum |
//! | 2 | `distributionIncentive` | parts per million, at most 65 535 |
//!
//! Version 1 is read by `SplitMain.createSplit`, which takes a controller as
//! well; version 2 by `PushSplitFactory.createSplit` and
//! `PullSplitFactory.createSplit`, which take an owner and a creator.
//!
//! # Units and rounding
//!
//! Version 2 is exact. Version 1 gives each address its share in parts per
//! million by largest remainder, ties to the lower address; each weight is
//! within one part per million of the share. On chain both versions round each
//! payment down and keep a unit or two per distribution.
//!
//! # Limits
//!
//! * At least two receivers: version 1 requires it, the SDK for version 2 too.
//! * Version 1: who gets less than one part per million is left out.
//! * Version 2: the sum stays below 2^128, because the contract multiplies the
//!   balance by an allocation in 256 bits.
//! * A distribution pays all receivers in one transaction. Above
//!   [`MAX_RECEIVERS`], the limit of the SDK for push splits, a warning is
//!   given: at some length, funds can no longer be distributed.
//!
//! # Sources
//!
//! * <https://github.com/0xSplits/splits-contracts>, `contracts/SplitMain.sol`.
//! * <https://github.com/0xSplits/splits-contracts-monorepo>,
//!   `packages/splits-v2/src/libraries/SplitV2.sol`, and issue 18 on length.
//! * <https://github.com/0xSplits/splits-sdk>, pull request 85.

use ruint::aliases::U256;
use serde::Serialize;

use super::{
    Address20, LeftOut, Payee, PayoutError, PayoutRow, as_decimal, json, one_asset, payees,
    ppm_weights, sum,
};

/// Receivers above which a warning is given.
pub const MAX_RECEIVERS: usize = 400;
/// Highest distributor fee of version 1, in parts per million.
pub const MAX_V1_FEE_PPM: u32 = 100_000;

/// Arguments of a version 1 split.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SplitV1 {
    /// Unique addresses, ascending.
    pub accounts: Vec<Address20>,
    /// Parts per million for each account; they add up to 1 000 000.
    pub percent_allocations: Vec<u32>,
    /// Reward for whoever triggers a distribution, in parts per million.
    pub distributor_fee: u32,
    /// What the accounts are to get together, in base units.
    #[serde(serialize_with = "as_decimal")]
    pub covered: U256,
    /// Rows that the split does not pay.
    #[serde(rename = "left_out")]
    pub left_out: Vec<LeftOut>,
    /// What to look at before creating the split.
    pub warnings: Vec<String>,
}

/// Arguments of a version 2 split.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SplitV2 {
    /// Unique addresses, ascending.
    pub recipients: Vec<Address20>,
    /// Base units for each recipient.
    #[serde(serialize_with = "as_decimals")]
    pub allocations: Vec<U256>,
    /// Sum of the allocations.
    #[serde(serialize_with = "as_decimal")]
    pub total_allocation: U256,
    /// Reward for whoever triggers a distribution, in parts per million.
    pub distribution_incentive: u16,
    /// What the recipients are to get together, in base units.
    #[serde(serialize_with = "as_decimal")]
    pub covered: U256,
    /// Rows that the split does not pay.
    #[serde(rename = "left_out")]
    pub left_out: Vec<LeftOut>,
    /// What to look at before creating the split.
    pub warnings: Vec<String>,
}

/// A version 1 split for rows of one asset, with a distributor fee in parts per
/// million of each distribution.
///
/// Errors: [`PayoutError::RewardTooHigh`], [`PayoutError::TooFewReceivers`],
/// and those of the rows.
pub fn v1(rows: &[PayoutRow], fee_ppm: u32) -> Result<SplitV1, PayoutError> {
    const FORMAT: &str = "a version 1 split";
    if fee_ppm > MAX_V1_FEE_PPM {
        let (found, allowed) = (fee_ppm, MAX_V1_FEE_PPM);
        return Err(PayoutError::RewardTooHigh { format: FORMAT, found, allowed });
    }
    let asset = one_asset(rows)?;
    let mut left_out = Vec::new();
    let all = payees(rows, |row| row.address, &mut left_out)?;
    let (kept, percent_allocations) = ppm_weights(all, asset, &mut left_out)?;
    require_two(FORMAT, &kept, &left_out)?;
    left_out.sort();
    Ok(SplitV1 {
        covered: sum(kept.iter().map(|payee| payee.amount), asset)?,
        warnings: warnings(kept.len()),
        accounts: kept.into_iter().map(|payee| payee.place).collect(),
        percent_allocations,
        distributor_fee: fee_ppm,
        left_out,
    })
}

/// A version 2 split for rows of one asset, with a distribution incentive in
/// parts per million of each distribution.
///
/// Errors: [`PayoutError::AllocationTooLarge`], [`PayoutError::TooFewReceivers`],
/// and those of the rows.
pub fn v2(rows: &[PayoutRow], incentive_ppm: u16) -> Result<SplitV2, PayoutError> {
    let asset = one_asset(rows)?;
    let mut left_out = Vec::new();
    let kept = payees(rows, |row| row.address, &mut left_out)?;
    require_two("a version 2 split", &kept, &left_out)?;
    let total = sum(kept.iter().map(|payee| payee.amount), asset)?;
    if total.bit_len() > 128 {
        return Err(PayoutError::AllocationTooLarge { total });
    }
    left_out.sort();
    Ok(SplitV2 {
        allocations: kept.iter().map(|payee| payee.amount).collect(),
        warnings: warnings(kept.len()),
        recipients: kept.into_iter().map(|payee| payee.place).collect(),
        total_allocation: total,
        distribution_incentive: incentive_ppm,
        covered: total,
        left_out,
    })
}

impl SplitV1 {
    /// The split as JSON.
    pub fn to_json(&self) -> String {
        json(self)
    }
}

impl SplitV2 {
    /// The split as JSON; amounts are decimal strings.
    pub fn to_json(&self) -> String {
        json(self)
    }
}

fn require_two(
    format: &'static str,
    kept: &[Payee<'_, Address20>],
    left_out: &[LeftOut],
) -> Result<(), PayoutError> {
    if kept.len() >= 2 {
        return Ok(());
    }
    let (found, left_out) = (kept.len(), left_out.len());
    Err(PayoutError::TooFewReceivers { format, found, needed: 2, left_out })
}

fn warnings(receivers: usize) -> Vec<String> {
    if receivers <= MAX_RECEIVERS {
        return Vec::new();
    }
    vec![format!(
        "{receivers} receivers are more than {MAX_RECEIVERS}: one distribution may not fit into a \
         transaction, and money inside the split would be stuck; use several splits or a Merkle \
         tree"
    )]
}

fn as_decimals<S: serde::Serializer>(amounts: &[U256], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(amounts.iter().map(U256::to_string))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testing::{address, row, rows};
    use super::super::{PPM, Reason};
    use super::*;

    #[test]
    fn thirds_in_version_one() {
        let split = v1(&[row("c", 3, 100), row("a", 1, 100), row("b", 2, 100)], 1_000).unwrap();
        assert_eq!(split.accounts, [address(1), address(2), address(3)]);
        assert_eq!(split.percent_allocations, [333_334, 333_333, 333_333]);
        assert_eq!((split.distributor_fee, split.covered), (1_000, U256::from(300)));
    }

    #[test]
    fn one_address_is_listed_once() {
        let rows = [row("a", 1, 100), row("b", 1, 200), row("c", 2, 100), row("d", 0, 9)];
        let split = v2(&rows, 0).unwrap();
        assert_eq!(split.recipients, [address(1), address(2)]);
        assert_eq!(split.allocations, [U256::from(300), U256::from(100)]);
        assert_eq!(split.left_out.len(), 1);
        assert_eq!(v1(&rows, 0).unwrap().percent_allocations, [750_000, 250_000]);
    }

    #[test]
    fn json_carries_the_contract_arguments() {
        let split = v2(&[row("a", 1, 1), row("b", 2, 2), row("c", 0, 3)], 65_535).unwrap();
        assert_eq!(
            split.to_json(),
            r#"{
  "recipients": [
    "0x0101010101010101010101010101010101010101",
    "0x0202020202020202020202020202020202020202"
  ],
  "allocations": [
    "1",
    "2"
  ],
  "totalAllocation": "3",
  "distributionIncentive": 65535,
  "covered": "3",
  "left_out": [
    {
      "recipient": "c",
      "asset": "USDC@optimism:0x0b2c639c533813f4aa9d7837caf62653d097ff85",
      "amount": "3",
      "reason": "no-address"
    }
  ],
  "warnings": []
}"#
        );
        let first = v1(&[row("a", 1, 1), row("b", 2, 2)], 0).unwrap().to_json();
        assert!(
            first.contains("\"percentAllocations\": [\n    333333,\n    666667\n  ]"),
            "{first}"
        );
    }

    #[test]
    fn less_than_a_millionth_is_left_out_of_version_one() {
        let rows = [row("a", 1, 3_000_000), row("b", 2, 1_000_000), row("c", 3, 3)];
        let split = v1(&rows, 0).unwrap();
        assert_eq!(split.percent_allocations, [750_000, 250_000]);
        assert_eq!(split.left_out[0].reason, Reason::BelowOnePpm);
        assert_eq!(split.covered, U256::from(4_000_000));
        assert_eq!(v2(&rows, 0).unwrap().recipients.len(), 3);
    }

    #[test]
    fn what_the_contracts_refuse_is_refused_here() {
        let two = [row("a", 1, 1), row("b", 2, 1)];
        let error = v1(&two, 100_001).unwrap_err();
        assert!(matches!(error, PayoutError::RewardTooHigh { allowed: 100_000, .. }), "{error}");
        let error = v1(&[row("a", 1, 1), row("b", 1, 1), row("c", 2, 0)], 0).unwrap_err();
        assert_eq!(
            error.to_string(),
            "a version 1 split needs at least 2 receivers, but 1 of the payouts can be carried (1 \
             left out); add addresses, or pay directly"
        );
        let mut large = two;
        large[0].amount = U256::from(1) << 128_usize;
        let error = v2(&large, 0).unwrap_err();
        assert!(matches!(error, PayoutError::AllocationTooLarge { .. }), "{error}");
        assert!(v1(&large, 0).is_err(), "one of two is below a millionth");
    }

    #[test]
    fn long_splits_carry_a_warning() {
        let mut rows: Vec<_> = (1..=401).map(|n| row(&format!("p{n}"), 1, n)).collect();
        for (place, row) in rows.iter_mut().enumerate() {
            let mut bytes = [1; 20];
            bytes[..8].copy_from_slice(&(place as u64).to_be_bytes());
            row.address = Some(Address20::from_bytes(bytes));
        }
        assert_eq!(v2(&rows[..400], 0).unwrap().warnings.len(), 0);
        assert_eq!(v2(&rows, 0).unwrap().warnings.len(), 1);
    }

    proptest! {
        #[test]
        fn weights_add_up_and_stay_within_one_ppm(rows in rows()) {
            let Ok(split) = v1(&rows, 0) else { return Ok(()) };
            prop_assert_eq!(split.percent_allocations.iter().sum::<u32>(), PPM);
            prop_assert!(split.accounts.is_sorted_by(|a, b| a < b));
            for (account, weight) in split.accounts.iter().zip(&split.percent_allocations) {
                let paid = rows.iter().filter(|row| row.address == Some(*account));
                let amount: U256 = paid.map(|row| row.amount).sum();
                let (exact, weight) = (amount * U256::from(PPM), U256::from(*weight));
                prop_assert!(weight > U256::ZERO);
                prop_assert!((weight * split.covered).abs_diff(exact) < split.covered);
            }
            let left: U256 = split.left_out.iter().map(|row| row.amount).sum();
            prop_assert_eq!(split.covered + left, rows.iter().map(|row| row.amount).sum::<U256>());
        }

        #[test]
        fn version_two_is_exact(rows in rows()) {
            let Ok(split) = v2(&rows, 0) else { return Ok(()) };
            prop_assert_eq!(split.allocations.iter().copied().sum::<U256>(), split.total_allocation);
            let left: U256 = split.left_out.iter().map(|row| row.amount).sum();
            prop_assert_eq!(split.covered + left, rows.iter().map(|row| row.amount).sum::<U256>());
        }

        #[test]
        fn row_order_is_irrelevant(mut rows in rows()) {
            let found = (v1(&rows, 0), v2(&rows, 0));
            rows.reverse();
            prop_assert_eq!(found, (v1(&rows, 0), v2(&rows, 0)));
        }
    }
}
