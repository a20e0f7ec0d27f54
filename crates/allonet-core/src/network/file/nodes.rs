//! Sources and recipients.

use toml::de::DeValue;

use super::Reader;
use super::item::{Item, Section, toml_key};
use super::legs::{EdgeChange, Named};
use crate::fault::Fault;
use crate::network::{Details, Grant, NodeKind};
use crate::payout::{Address20, AddressError};
use crate::table::{Column, Faults, Table};
use crate::weights;

const ID: usize = 0;
const TITLE: usize = 1;
const ADDRESS: usize = 2;
const COLUMNS: &[Column] = &[
    Column::required(&["id"]),
    Column::optional(&["title", "name"]),
    Column::optional(&["address"]),
];

/// Most amounts of one source, each epoch counted.
const GRANTS_MAX: usize = 1_000_000;

/// The id of a node that a table declares, with the place of its key.
pub(super) fn declared(item: Item<'_>) -> Named {
    (item.name.to_owned(), item.key_place())
}

impl Reader<'_> {
    /// `[recipients.alice]`.
    pub(super) fn recipient(&mut self, item: Item<'_>) {
        let (id, place) = declared(item);
        let mut details = Details { place: Some(place), ..Details::default() };
        let title = format!("[recipients.{}]", toml_key(&id));
        let section = Section::open(item, title, "[recipients.alice] title = \"Alice\"");
        if let Some(section) = self.faults.keep(section) {
            section.only(&["title", "address"], &mut self.faults);
            details.title = section.text("title", &mut self.faults);
            details.address = section.get("address").and_then(|item| {
                let text = self.faults.keep(item.text())?;
                let bad = |error: AddressError| item.fault("bad-address", error.to_string());
                let address = Address20::parse_payee(text).map_err(bad);
                self.faults.keep(address).map(|address| address.to_string())
            });
        }
        self.builder.node(id, NodeKind::Recipient, Some(Box::new(details)));
    }

    /// The table of recipients that `[network] recipients` names.
    pub(super) fn recipient_table(&mut self, item: Item<'_>) {
        let before = self.faults.count();
        if let Some(file) = self.load(item) {
            match Table::read(&file, COLUMNS) {
                Ok(table) => self.recipient_rows(&table),
                Err(faults) => self.extend_at(faults, &item.place()),
            }
        }
        self.recipients_missing |= self.faults.count() > before;
    }

    fn recipient_rows(&mut self, table: &Table) {
        let mut faults = Faults::new();
        for row in table.rows() {
            let id = row.cell(ID);
            let text = Some(row.cell(TITLE)).filter(|text| !text.is_empty());
            let mut details = Details {
                title: text.map(str::to_owned),
                place: Some(row.place(ID)),
                ..Details::default()
            };
            let address = row.cell(ADDRESS);
            if !address.is_empty() {
                match Address20::parse_payee(address) {
                    Ok(address) => details.address = Some(address.to_string()),
                    Err(error) => faults.push(row.fault(ADDRESS, "bad-address", error.to_string())),
                }
            }
            self.builder.node(id, NodeKind::Recipient, Some(Box::new(details)));
        }
        self.faults.extend(faults.into_vec());
    }

    /// `[sources.treasury]`.
    pub(super) fn source(&mut self, item: Item<'_>) {
        let named = declared(item);
        let mut details = Details { place: Some(named.1.clone()), ..Details::default() };
        let title = format!("[sources.{}]", toml_key(&named.0));
        let example = "[sources.treasury] gives = \"1_000 USDC\" to = \"matching\"";
        let Some(section) = self.faults.keep(Section::open(item, title, example)) else {
            let none = NodeKind::Source(Vec::new());
            self.builder.node(named.0, none, Some(Box::new(details)));
            return;
        };
        section.only(&["title", "gives", "every_epoch", "to", "pinch"], &mut self.faults);
        details.title = section.text("title", &mut self.faults);
        let grants = self.grants(&section);
        let node =
            self.builder.node(named.0.as_str(), NodeKind::Source(grants), Some(Box::new(details)));
        self.node_pinch(&named, &section);
        let Some(to) = self.faults.keep(section.need("to", "\"matching\"")) else { return };
        let Some(legs) = self.weights(&named, to) else { return };
        let exact = weights::exact(&legs).map_err(|mut fault| {
            fault.place.get_or_insert_with(|| to.place());
            fault
        });
        for ((payee, _), weight) in
            legs.into_iter().zip(self.faults.keep(exact).unwrap_or_default())
        {
            let place = payee.place.unwrap_or_else(|| to.place());
            self.source_edges.push((node, (payee.value, place), weight));
        }
    }

    /// The key `pinch` of a node: diverted from all its edges.
    pub(super) fn node_pinch(&mut self, from: &Named, section: &Section<'_>) {
        if let Some(pinch) = section.get("pinch").and_then(|item| self.pinch(item)) {
            let change = EdgeChange { from: from.clone(), to: None, delay: 0, pinch: Some(pinch) };
            self.edges.push(change);
        }
    }

    fn grants(&mut self, section: &Section<'_>) -> Vec<Grant> {
        let every = section.get("every_epoch").and_then(|item| self.faults.keep(item.boolean()));
        let example = "\"1_000 USDC\"";
        let Some(gives) = self.faults.keep(section.need("gives", example)) else {
            return Vec::new();
        };
        let items = match gives.value() {
            DeValue::Array(_) => self.faults.keep(gives.list("")).unwrap_or_default(),
            _ => vec![gives],
        };
        if items.is_empty() {
            let fault = gives.fault("bad-amount", "`gives` lists no amounts");
            self.faults.push(fault.help(format!("write for example gives = [{example}]")));
        }
        let mut grants = Vec::new();
        for item in items {
            if matches!(item.value(), DeValue::Table(_)) {
                grants.extend(self.dated_grant(item));
            } else if let Some(money) = self.faults.keep(self.assets.amount(item)).flatten() {
                let last = if every == Some(true) { self.epochs } else { 1 };
                let grant = |epoch| Grant { epoch, asset: money.asset, amount: money.amount };
                grants.extend((0..last).map(grant));
            }
            if grants.len() > GRANTS_MAX {
                let message = format!("this source gives more than {GRANTS_MAX} times");
                let fault = gives.fault("too-many-grants", message);
                self.faults.push(fault.help("lower `epochs`, or add amounts up yourself"));
                break;
            }
        }
        grants
    }

    /// `{ amount = "…", epoch = 1 }`.
    fn dated_grant(&mut self, item: Item<'_>) -> Option<Grant> {
        let section = self.faults.keep(Section::open(item, "`gives`".to_owned(), ""))?;
        section.only(&["amount", "epoch"], &mut self.faults);
        let amount = self.faults.keep(section.need("amount", "\"1_000 USDC\""));
        let money = amount.and_then(|item| self.faults.keep(self.assets.amount(item)).flatten());
        let epoch = match section.get("epoch") {
            None => 0,
            Some(item) => self.faults.keep(self.epoch(item))?,
        };
        money.map(|money| Grant { epoch, asset: money.asset, amount: money.amount })
    }

    fn epoch(&self, item: Item<'_>) -> Result<u32, Fault> {
        let epoch = item.count(0..=u32::MAX)?;
        if epoch < self.epochs || self.epochs_at_fault {
            return Ok(epoch);
        }
        let last = self.epochs - 1;
        let message = format!("epoch {epoch} is beyond the last one, {last}; the first is 0");
        Err(item.fault("no-such-epoch", message).help("raise `epochs` in [network], or lower it"))
    }
}
