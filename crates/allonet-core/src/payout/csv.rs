//! `payouts.csv`: every payout, for people, spreadsheets and scripts.
//!
//! # Format
//!
//! UTF-8, lines ended by LF, fields quoted where RFC 4180 asks for it, one
//! header line:
//!
//! ```text
//! recipient,title,address,asset,amount,amount_base_units,share
//! ```
//!
//! | column | content |
//! |---|---|
//! | `recipient` | stable text id |
//! | `title` | name for people, may be empty |
//! | `address` | EIP-55 address, may be empty |
//! | `asset` | asset id, such as `USDC@optimism` |
//! | `amount` | exact decimal in units of the asset |
//! | `amount_base_units` | the same in base units; use this one to compute |
//! | `share` | of all payouts in the asset, 8 decimals, half rounded up; for reading only |
//!
//! Lines are in the order of asset, amount (largest first), recipient.
//!
//! A spreadsheet runs a text that begins with `=`, `+`, `-`, `@`, a tab or a
//! carriage return as a formula. Such a text gets a single quote in front, in
//! the columns `recipient`, `title` and `asset`, and so does one that begins with
//! a single quote: a program that reads the file back takes one quote off.
//!
//! # Sources
//!
//! * Y. Shafranovich (2005), RFC 4180, <https://www.rfc-editor.org/rfc/rfc4180>.
//! * OWASP, *CSV Injection*, <https://owasp.org/www-community/attacks/CSV_Injection>.

use std::collections::BTreeMap;

use ruint::aliases::{U256, U512};

use super::{LeftOut, PayoutError, PayoutRow, canonical, check, sum};
use crate::money::format_units;

/// Decimals of the column `share`.
const SHARE_DECIMALS: u8 = 8;

/// Writes the payouts. `titles` maps recipient ids to names for people.
///
/// Errors: [`PayoutError::ZeroAddress`], [`PayoutError::MixedDecimals`],
/// [`PayoutError::Overflow`]. No rows give the header alone.
pub fn payouts(
    rows: &[PayoutRow],
    titles: &BTreeMap<String, String>,
) -> Result<String, PayoutError> {
    check(rows)?;
    let mut out = String::from("recipient,title,address,asset,amount,amount_base_units,share\n");
    for group in canonical(rows).chunk_by(|a, b| a.0 == b.0) {
        let total = sum(group.iter().map(|(_, row)| row.amount), &group[0].1.asset)?;
        for (asset, row) in group {
            let title = titles.get(&row.recipient).map_or("", String::as_str);
            let address = row.address.map(|address| address.to_string()).unwrap_or_default();
            line(
                &mut out,
                &[
                    &guarded(&row.recipient),
                    &guarded(title),
                    &address,
                    &guarded(asset),
                    &format_units(row.amount, row.asset.decimals),
                    &row.amount.to_string(),
                    &share(row.amount, total),
                ],
            );
        }
    }
    Ok(out)
}

/// Writes rows that a format could not carry, with the reason:
/// `recipient,asset,amount_base_units,reason`.
pub fn left_out(rows: &[LeftOut]) -> String {
    let mut rows: Vec<_> = rows.iter().collect();
    rows.sort();
    let mut out = String::from("recipient,asset,amount_base_units,reason\n");
    for row in rows {
        line(
            &mut out,
            &[
                &guarded(&row.recipient),
                &guarded(&row.asset),
                &row.amount.to_string(),
                &row.reason.to_string(),
            ],
        );
    }
    out
}

/// Adds one line, quoting fields where needed.
pub(crate) fn line(out: &mut String, fields: &[&str]) {
    for (place, field) in fields.iter().enumerate() {
        if place > 0 {
            out.push(',');
        }
        if field.contains(['"', ',', '\n', '\r']) {
            out.push('"');
            out.push_str(&field.replace('"', "\"\""));
            out.push('"');
        } else {
            out.push_str(field);
        }
    }
    out.push('\n');
}

/// Keeps a spreadsheet from running a text.
pub(crate) fn guarded(text: &str) -> String {
    let quote = if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\'']) { "'" } else { "" };
    format!("{quote}{text}")
}

/// `amount / total`, half rounded up; empty where there is nothing to share.
fn share(amount: U256, total: U256) -> String {
    if total.is_zero() {
        return String::new();
    }
    let scale = U256::from(10).pow(U256::from(SHARE_DECIMALS));
    let product: U512 = amount.widening_mul(scale);
    let total = U512::from(total);
    let share = (product + (total >> 1_usize)) / total;
    format_units(share.to::<U256>(), SHARE_DECIMALS)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testing::{row, rows};
    use super::super::{LeftOut, Reason};
    use super::*;

    fn titles(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(id, title)| ((*id).to_owned(), (*title).to_owned())).collect()
    }

    #[test]
    fn a_file_reads_as_expected() {
        let rows = [row("b", 0, 250_000), row("a", 0x11, 500_000), row("c", 0, 750_000)];
        let titles = titles(&[("a", "Say \"hi\", all"), ("c", "=cmd()")]);
        let asset = "USDC@optimism:0x0b2c639c533813f4aa9d7837caf62653d097ff85";
        assert_eq!(
            payouts(&rows, &titles).unwrap(),
            format!(
                "recipient,title,address,asset,amount,amount_base_units,share\n\
                 c,'=cmd(),,{asset},0.750000,750000,0.50000000\n\
                 a,\"Say \"\"hi\"\", all\",0x1111111111111111111111111111111111111111,{asset},\
                 0.500000,500000,0.33333333\n\
                 b,,,{asset},0.250000,250000,0.16666667\n"
            )
        );
    }

    #[test]
    fn formulas_are_disarmed() {
        for text in ["=1", "+1", "-1", "@a", "\t=1", "\r=1", "'=1", "'"] {
            assert_eq!(guarded(text), format!("'{text}"));
        }
        assert_eq!(guarded("a=1"), "a=1");
        assert_eq!(guarded(""), "");
    }

    #[test]
    fn left_out_rows_are_listed() {
        let rows = [LeftOut {
            recipient: "@a".into(),
            asset: "OP".into(),
            amount: U256::from(7),
            reason: Reason::NoAddress,
        }];
        assert_eq!(
            left_out(&rows),
            "recipient,asset,amount_base_units,reason\n'@a,OP,7,no-address\n"
        );
    }

    #[test]
    fn nothing_to_share_leaves_the_share_empty() {
        let csv = payouts(&[row("a", 1, 0)], &BTreeMap::new()).unwrap();
        assert!(csv.ends_with(",0.000000,0,\n"), "{csv}");
        assert_eq!(share(U256::MAX, U256::MAX), "1.00000000");
    }

    /// Reads a line back the slow way: one character at a time.
    fn fields(text: &str) -> Vec<Vec<String>> {
        let (mut lines, mut fields, mut field) = (Vec::new(), Vec::new(), String::new());
        let (mut quoted, mut chars) = (false, text.chars().peekable());
        while let Some(char) = chars.next() {
            match char {
                '"' if quoted && chars.peek() == Some(&'"') => field.extend(chars.next()),
                '"' => quoted = !quoted,
                ',' if !quoted => fields.push(std::mem::take(&mut field)),
                '\n' if !quoted => {
                    fields.push(std::mem::take(&mut field));
                    lines.push(std::mem::take(&mut fields));
                }
                other => field.push(other),
            }
        }
        lines
    }

    proptest! {
        #[test]
        fn any_text_survives_quoting(texts in prop::collection::vec(any::<String>(), 1..5)) {
            let mut out = String::new();
            line(&mut out, &texts.iter().map(String::as_str).collect::<Vec<_>>());
            prop_assert_eq!(fields(&out), vec![texts]);
        }

        #[test]
        fn row_order_is_irrelevant(rows in rows(), seed: u64) {
            let titles = BTreeMap::new();
            let mut shuffled = rows.clone();
            shuffled.rotate_left(usize::try_from(seed).unwrap_or(0) % rows.len());
            shuffled.reverse();
            prop_assert_eq!(payouts(&rows, &titles), payouts(&shuffled, &titles));
        }

        #[test]
        fn every_row_has_its_line(rows in rows()) {
            let csv = payouts(&rows, &BTreeMap::new()).unwrap();
            let lines = fields(&csv);
            prop_assert_eq!(lines.len(), rows.len() + 1);
            let total: u128 = lines[1..].iter().map(|line| line[5].parse::<u128>().unwrap()).sum();
            let expected: u128 = rows.iter().map(|row| row.amount.to::<u128>()).sum();
            prop_assert_eq!(total, expected);
        }
    }
}
