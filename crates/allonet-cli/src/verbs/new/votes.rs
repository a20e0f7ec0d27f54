//! Votes: a matching pool under quadratic funding.

use std::sync::Arc;

use allonet_core::fault::{Fault, SourceFile};
use allonet_core::money::Asset;
use allonet_core::table::Table;
use allonet_mechanisms::quadratic::votes::{COLUMNS, Votes, Written};

use super::asset::{self, Budget};
use super::detect::columns_used;
use super::plan::{Names, Plan, free_id, one_line, quoted};
use crate::args::NewArgs;
use crate::diagnose::Failure;
use crate::files::folder_of;
use crate::ui::counted;

/// Column with the amounts of votes, in [`COLUMNS`].
const AMOUNT: usize = 2;
/// Column with amounts in the round's token, which goes before `amount`.
const ROUND_AMOUNT: usize = 3;
/// Column with the address a grant is paid at, which Grants Stack exports.
const GRANT_ADDRESS: usize = 6;
/// Most decimals an asset is given to fit its votes.
const DECIMALS_MAX: usize = 18;
/// Whole numbers with so many digits are taken for base units.
const BASE_UNIT_DIGITS: usize = 14;

/// A network from a table of votes.
pub(super) fn plan(args: &NewArgs, file: &Arc<SourceFile>, names: &Names) -> Result<Plan, Failure> {
    let mut budget = Budget::of(args)?;
    let table = Table::read(file, COLUMNS)?;
    if table.is_empty() {
        let message = format!("`{}` has no votes", file.path);
        return Err(Fault::new("no-votes", message).help("below its header stands nothing").into());
    }
    let amount = if table.has(ROUND_AMOUNT) { ROUND_AMOUNT } else { AMOUNT };
    let used = [("voter", 0), ("project", 1), ("amount", amount)];
    let mut notes = vec![columns_used(file, COLUMNS, &used)];
    let written = fit(&table, amount, args, &mut budget, &mut notes)?;
    let votes = Votes::read(&table, &budget.asset, written)?;
    let (name, stays) = beside(names);
    let about = format!(
        "{}: {} to match {} of {} for {}",
        names.name,
        budget.asset.show(budget.amount),
        counted(table.len(), "vote"),
        counted(votes.voters.len(), "voter"),
        counted(votes.projects.len(), "project")
    );
    Ok(Plan {
        network: network(&votes, &budget, written, &name, names),
        data: vec![(name.clone(), Arc::clone(file))],
        stays: if stays { vec![name] } else { Vec::new() },
        about,
        notes,
    })
}

/// The name under which the network finds the votes, and whether they stand
/// there already.
pub(super) fn beside(names: &Names) -> (String, bool) {
    let own = names.from.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let folder = |path| std::fs::canonicalize(path).ok();
    let same = folder(folder_of(&names.from)).is_some_and(|from| {
        folder(folder_of(&names.network)).is_some_and(|network| network == from)
    });
    // Not the network file itself, should it be called like that.
    let clash = names.network.file_name().is_some_and(|name| *name == *own);
    if clash { (names.data("votes"), false) } else { (own, same) }
}

/// Decimals and base units, so that all amounts can be read exactly.
fn fit(
    table: &Table,
    column: usize,
    args: &NewArgs,
    budget: &mut Budget,
    notes: &mut Vec<String>,
) -> Result<Written, Failure> {
    let cells = || table.rows().map(|row| row.cell(column));
    let digits = |cell: &str| cell.bytes().all(|byte| byte.is_ascii_digit());
    let longest = cells().map(str::len).max().unwrap_or(0);
    // Grants Stack writes the amount in the round's token in base units.
    let of_token = column == ROUND_AMOUNT && table.has(GRANT_ADDRESS);
    if of_token {
        notes.push("these look like votes of Grants Stack".to_owned());
    }
    if (longest >= BASE_UNIT_DIGITS || of_token) && cells().all(digits) {
        notes.push(format!(
            "the amounts of the votes are taken for base units of {}, as they are whole numbers \
             of up to {longest} digits",
            budget.asset.symbol
        ));
        return Ok(Written::BaseUnits);
    }
    let needed = cells().map(decimals).max().unwrap_or(0);
    if needed <= usize::from(budget.asset.decimals) || needed > DECIMALS_MAX {
        return Ok(Written::Decimal);
    }
    if args.budget.is_some() || args.decimals.is_some() {
        let message = format!(
            "the votes have up to {needed} decimals, but {} has {}",
            budget.asset.symbol, budget.asset.decimals
        );
        let fault = Fault::new("too-many-decimals", message);
        return Err(Failure::usage(fault.help(format!(
            "shorten the votes, which need not be exact; or, if the asset really has as many: \
             --decimals {needed}"
        ))));
    }
    let found = Asset::new("USD", u8::try_from(needed).unwrap_or(u8::MAX));
    budget.amount = found
        .parse("10000")
        .map_err(|error| Failure::from(Fault::new("bad-amount", error.to_string())))?;
    notes.push(format!(
        "the votes have up to {needed} decimals, so the pool is in USD with as many"
    ));
    budget.asset = found;
    Ok(Written::Decimal)
}

/// Decimals of an amount, zeros at its end not counted.
fn decimals(cell: &str) -> usize {
    cell.split_once('.').map_or(0, |(_, part)| part.trim_end_matches('0').len())
}

fn network(votes: &Votes, budget: &Budget, written: Written, file: &str, names: &Names) -> String {
    let taken = |id: &str| votes.projects.iter().any(|project| &**project == id);
    let source = free_id("pool", taken);
    let neuron = free_id("matching", taken);
    let amounts = match written {
        Written::Decimal => "",
        Written::BaseUnits => "amounts = \"base-units\"\n",
    };
    format!(
        "# Written by `allonet new` from {origin}.
#
# The pool is matched to the votes by quadratic funding: what counts is how many
# give, more than how much. The votes themselves were given elsewhere.

[network]
name = {name}

{asset}
[sources.{source}]
title = \"Matching pool\"
gives = {gives}
to = \"{neuron}\"

[neurons.{neuron}]
mechanism = \"quadratic\"
title = \"Matching\"
votes = {file}
{amounts}\
# cap = \"10%\"              # most that one project may take of the pool
# min_donation = \"1\"       # smaller votes do not count
# scores = \"scores.csv\"    # identity scores: voter,score
",
        origin = one_line(&names.origin()),
        name = quoted(&names.name),
        asset = asset::table(&budget.asset),
        gives = quoted(&budget.written()),
        file = quoted(file),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeros_at_the_end_are_no_decimals() {
        assert_eq!(["1", "1.50", "2.000", ".125"].map(decimals), [0, 1, 0, 3]);
    }
}
