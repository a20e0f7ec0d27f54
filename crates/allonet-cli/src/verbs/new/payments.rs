//! Payments that were made: each payer a source, each payee with exactly what
//! it was paid.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Arc;

use allonet_core::card::Placed;
use allonet_core::fault::{Fault, SourceFile};
use allonet_core::money::{Amount, Asset, MoneyError, parse_units};
use allonet_core::table::{Column, Faults, Table};
use allonet_core::weights;
use ruint::aliases::U256;

use super::asset;
use super::detect::columns_used;
use super::plan::{Names, Plan, free_id, key, one_line, quoted};
use crate::args::NewArgs;
use crate::diagnose::Failure;
use crate::files::cell;
use crate::ui::{counted, grouped};

const PAYER: usize = 0;
const PAYEE: usize = 1;
const AMOUNT: usize = 2;
const COLUMNS: &[Column] = &[
    Column::required(&[
        "payer",
        "funder",
        "from_funder_name",
        "from",
        "from_name",
        "from_address",
        "sender",
        "donor",
        "source",
    ]),
    Column::required(&[
        "payee",
        "to_project_name",
        "recipient",
        "to",
        "to_name",
        "to_address",
        "receiver",
        "project",
        "project_name",
        "target",
    ]),
    Column::required(&["amount", "value", "amount_usd", "usd", "total_amount_usd"]),
];
const USED: [(&str, usize); 3] = [("payer", PAYER), ("payee", PAYEE), ("amount", AMOUNT)];

/// Amounts are added up with so many decimals before they are rounded.
const DECIMALS_MAX: u8 = 18;
/// Stands in where a row names nobody.
const NAMELESS: &str = "(no name)";

/// All payments of one payer, by payee.
type Payees = BTreeMap<String, Amount>;

/// Payments added up by payer and payee.
#[derive(Debug, Default)]
struct Payments {
    by_payer: BTreeMap<String, Payees>,
    rows: usize,
    zero_rows: usize,
    nameless_payees: usize,
    nameless_payers: usize,
}

/// A network from a table of payments.
pub(super) fn plan(args: &NewArgs, file: &Arc<SourceFile>, names: &Names) -> Result<Plan, Failure> {
    let asset = asset::asset(args.asset.as_deref().unwrap_or("USD"), args)?;
    if asset.decimals > DECIMALS_MAX {
        let message = format!("payments are read with at most {DECIMALS_MAX} decimals");
        return Err(Failure::usage(Fault::new("bad-asset", message).help("lower --decimals")));
    }
    let table = Table::read(file, COLUMNS)?;
    let mut payments = read(&table)?;
    let mut notes = vec![columns_used(file, COLUMNS, &USED)];
    notes.extend(payments.notes());
    let overflow = |error: MoneyError| Failure::from(Fault::new("amount", error.to_string()));
    notes.extend(payments.round(&asset).map_err(overflow)?);
    if payments.by_payer.is_empty() {
        let message = format!("`{}` holds no payment above zero", file.path);
        return Err(Fault::new("no-payments", message).into());
    }
    let payees: BTreeSet<&str> =
        payments.by_payer.values().flat_map(Payees::keys).map(String::as_str).collect();
    let all = payments.by_payer.values().flat_map(Payees::values).copied();
    let total = Amount::sum(all, "all payments").map_err(overflow)?;
    let about = format!(
        "{}: {} from {} to {}",
        names.name,
        asset.show(total),
        counted(payments.by_payer.len(), "payer"),
        counted(payees.len(), "payee")
    );
    let recipients = names.data("recipients");
    let network = network(&payments, &payees, &asset, &recipients, names, &mut notes)?;
    Ok(Plan {
        network,
        data: vec![(recipients.clone(), SourceFile::new(recipients, recipients_csv(&payees)))],
        stays: Vec::new(),
        about,
        notes,
    })
}

/// Adds up all rows; amounts have [`DECIMALS_MAX`] decimals.
fn read(table: &Table) -> Result<Payments, Vec<Fault>> {
    let mut payments = Payments::default();
    let mut faults = Faults::new();
    for row in table.rows() {
        let amount = match parse_units(row.cell(AMOUNT), DECIMALS_MAX) {
            Ok(units) => Amount::from_u256(units),
            Err(error) => {
                let fault = row.fault(AMOUNT, "bad-amount", error.to_string());
                faults.push(fault.help("write plain decimals, without signs or separators"));
                continue;
            }
        };
        payments.rows += 1;
        if amount.is_zero() {
            payments.zero_rows += 1;
            continue;
        }
        let mut named =
            |column: usize, count: fn(&mut Payments) -> &mut usize| match row.cell(column) {
                "" => {
                    *count(&mut payments) += 1;
                    NAMELESS.to_owned()
                }
                name => name.to_owned(),
            };
        let payer = named(PAYER, |payments| &mut payments.nameless_payers);
        let payee = named(PAYEE, |payments| &mut payments.nameless_payees);
        let sum = payments.by_payer.entry(payer).or_default().entry(payee).or_default();
        match sum.add(amount, "the payments of one payer to one payee") {
            Ok(total) => *sum = total,
            Err(error) => faults.push(row.fault(AMOUNT, "bad-amount", error.to_string())),
        }
    }
    faults.or(payments)
}

impl Payments {
    fn notes(&self) -> Vec<String> {
        let pairs: usize = self.by_payer.values().map(BTreeMap::len).sum();
        let mut notes = vec![format!(
            "{} in the file; added up by payer and payee there are {}",
            counted(self.rows, "payment"),
            grouped(pairs)
        )];
        let mut note = |count: usize, text: &str| {
            if count > 0 {
                notes.push(format!("{} {text}", counted(count, "payment")));
            }
        };
        note(self.zero_rows, "of nothing left out");
        let nobody = format!("without a payee, now to `{NAMELESS}`");
        note(self.nameless_payees, &nobody);
        let nobody = format!("without a payer, now from `{NAMELESS}`");
        note(self.nameless_payers, &nobody);
        notes
    }

    /// Brings all sums to the decimals of the asset, to the nearest base unit,
    /// and says so where that changed anything.
    fn round(&mut self, asset: &Asset) -> Result<Option<String>, MoneyError> {
        let missing = DECIMALS_MAX - asset.decimals;
        let unit = U256::from(10).pow(U256::from(missing));
        let half = Amount::from_u256(unit / U256::from(2));
        let (mut rounded, mut lost) = (0, 0);
        for payees in self.by_payer.values_mut() {
            for amount in payees.values_mut() {
                let up = amount.add(half, "payments")?;
                let units = up.mul_div(U256::from(1), unit, "payments")?;
                rounded += usize::from(!(amount.to_u256() % unit).is_zero());
                *amount = units;
            }
            let before = payees.len();
            payees.retain(|_, amount| !amount.is_zero());
            lost += before - payees.len();
        }
        self.by_payer.retain(|_, payees| !payees.is_empty());
        let note = format!(
            "{} with more decimals than the {} of {}, rounded to the nearest base unit{}; \
             --decimals changes that",
            counted(rounded, "sum"),
            asset.decimals,
            asset.symbol,
            if lost > 0 { format!(", {lost} of them to nothing") } else { String::new() }
        );
        Ok((rounded > 0).then_some(note))
    }
}

fn recipients_csv(payees: &BTreeSet<&str>) -> String {
    let mut text = "id\n".to_owned();
    for payee in payees {
        writeln!(text, "{}", cell(payee)).expect("text takes all");
    }
    text
}

/// The network file: a source for each payer.
fn network(
    payments: &Payments,
    payees: &BTreeSet<&str>,
    asset: &Asset,
    recipients: &str,
    names: &Names,
    notes: &mut Vec<String>,
) -> Result<String, Failure> {
    let mut taken: BTreeSet<String> = payees.iter().map(|payee| (*payee).to_owned()).collect();
    let mut text = format!(
        "# Written by `allonet new` from {origin}.
#
# Each payer is a source that gives all it paid; its payees share in proportion
# to what they were paid, which is exactly those amounts. To pass a small part of
# everything upstream, declare [recipients.upstream] and add to each source:
#   pinch = {{ share = \"2%\", to = \"upstream\" }}

[network]
name = {name}
recipients = {recipients}

{asset}",
        origin = one_line(&names.origin()),
        name = quoted(&names.name),
        recipients = quoted(recipients),
        asset = asset::table(asset),
    );
    for (payer, paid) in &payments.by_payer {
        let wanted = if taken.contains(payer) { format!("{payer} (payer)") } else { payer.clone() };
        let id = free_id(&wanted, |id| taken.contains(id));
        if id != *payer {
            notes.push(format!("`{payer}` pays and is paid; as a payer it is `{id}`"));
        }
        if exact(asset, paid) {
            source(&mut text, &id, asset, paid)?;
        } else {
            single_payments(&mut text, &id, asset, paid, &mut taken);
            notes.push(format!(
                "the payments of `{payer}` have too many digits for shares of one sum; each is a \
                 source of its own"
            ));
        }
        taken.insert(id);
    }
    Ok(text)
}

/// Whether the amounts can be shares of their sum.
fn exact(asset: &Asset, paid: &Payees) -> bool {
    let pairs = paid
        .iter()
        .map(|(payee, amount)| (Placed::unplaced(payee.clone()), asset::decimal(asset, *amount)));
    weights::exact(&pairs.collect::<Vec<_>>()).is_ok()
}

fn source(text: &mut String, id: &str, asset: &Asset, paid: &Payees) -> Result<(), Failure> {
    let sum = Amount::sum(paid.values().copied(), "the payments of one payer");
    let sum = sum.map_err(|error| Failure::from(Fault::new("amount", error.to_string())))?;
    let (id, gives) = (key(id), quoted(&asset::written(asset, sum)));
    let mut add = || {
        writeln!(text, "\n[sources.{id}]\ngives = {gives}\n\n[sources.{id}.to]")?;
        paid.iter().try_for_each(|(payee, amount)| {
            writeln!(text, "{} = \"{}\"", key(payee), asset::decimal(asset, *amount))
        })
    };
    add().expect("text takes all");
    Ok(())
}

/// A source for each payment.
fn single_payments(
    text: &mut String,
    payer: &str,
    asset: &Asset,
    paid: &Payees,
    taken: &mut BTreeSet<String>,
) {
    for (payee, amount) in paid {
        let id = free_id(&format!("{payer} → {payee}"), |id| taken.contains(id));
        let gives = quoted(&asset::written(asset, *amount));
        writeln!(text, "\n[sources.{}]\ngives = {gives}\nto = {}", key(&id), quoted(payee))
            .expect("text takes all");
        taken.insert(id);
    }
}
