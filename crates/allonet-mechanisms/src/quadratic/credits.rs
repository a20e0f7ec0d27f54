//! What voters may spend on votes, from a table, and who spends more.

use std::collections::BTreeMap;

use allonet_core::card::Settings;
use allonet_core::fault::Fault;
use allonet_core::money::Asset;
use allonet_core::table::{Column, Faults, Table};
use ruint::aliases::U256;

use crate::names::plain;
use crate::whole::whole;

const CREDIT_COLUMNS: &[Column] = &[
    Column::required(&["voter", "voter_address", "contributor", "address", "user"]),
    Column::optional(&["credits", "voice_credits"]),
    Column::optional(&["amount", "contribution", "deposit"]),
];

/// Credits by the plain names of voters, from the table of a setting. Amounts of
/// money buy a credit for each `factor` base units.
pub(super) fn limits(
    settings: &Settings,
    name: &str,
    asset: &Asset,
    factor: U256,
) -> Result<Option<BTreeMap<String, U256>>, Vec<Fault>> {
    let Some(file) = settings.file(name) else { return Ok(None) };
    let table = Table::read(file, CREDIT_COLUMNS)?;
    if !table.has(1) && !table.has(2) {
        let message = format!("{} has neither a column `credits` nor `amount`", file.path);
        let help = "`credits` are whole voice credits, `amount` is the contribution";
        return Err(vec![Fault::new("missing-column", message).help(help)]);
    }
    let mut faults = Faults::new();
    let mut limits = BTreeMap::new();
    for row in table.rows() {
        let credits = if table.has(1) {
            whole(row, 1).map_err(|fault| *fault)
        } else {
            let amount = asset.parse(row.cell(2));
            let credits = amount.map(|amount| amount.to_u256() / factor);
            credits.map_err(|error| row.fault(2, "bad-amount", error.to_string()))
        };
        match credits {
            Ok(credits) => {
                let name = plain(row.cell(0)).into_owned();
                if limits.insert(name, credits).is_some() {
                    let message = format!("`{}` stands here twice", row.cell(0));
                    faults.push(row.fault(0, "double-voter", message).help("add the rows up"));
                }
            }
            Err(fault) => faults.push(fault),
        }
    }
    faults.or(Some(limits))
}

/// Voters who spend more than they have, and how that is told.
pub(super) fn overspent(
    voters: &[Box<str>],
    cost: &[U256],
    limits: &BTreeMap<String, U256>,
) -> BTreeMap<usize, String> {
    let told = |(voter, cost): (usize, &U256)| {
        let name = &*voters[voter];
        let limit = limits.get(name).copied().unwrap_or_default();
        let told = || format!("`{name}` spends {cost} credits and has {limit}");
        (*cost > limit).then(|| (voter, told()))
    };
    cost.iter().enumerate().filter_map(told).collect()
}
