//! Assets, and amounts of them.

use std::collections::BTreeMap;

use toml::de::DeValue;

use super::item::{Item, Section, Sink, toml_key};
use crate::fault::{Fault, did_you_mean};
use crate::money::{Amount, Asset};
use crate::network::NetworkBuilder;
use crate::payout::Address20;

const KEYS: [&str; 4] = ["symbol", "decimals", "chain", "address"];

/// The assets of the file, the main one first. One that is at fault keeps its
/// place without a value, so that amounts of it are not faults as well.
#[derive(Debug, Default)]
pub(super) struct Assets(Vec<(String, Option<Asset>)>);

/// An amount as it was read.
pub(super) struct Money {
    /// Index of the asset.
    pub(super) asset: usize,
    /// How much.
    pub(super) amount: Amount,
    /// Its digits as they were written.
    pub(super) digits: String,
}

impl Assets {
    /// Reads the table of assets; `main` is the one the network names.
    pub(super) fn read(table: Option<Item<'_>>, main: Option<Item<'_>>, faults: &mut Sink) -> Self {
        let Some(table) = table else { return Self::default() };
        let Some(items) = faults.keep(table.entries("[assets.USDC] decimals = 6")) else {
            return Self::default();
        };
        let assets: Vec<(String, Option<Asset>)> =
            items.iter().map(|item| (item.name.to_owned(), asset(*item, faults))).collect();
        let mut known: BTreeMap<String, &str> = BTreeMap::new();
        for (item, (_, asset)) in items.iter().zip(&assets) {
            let Some(asset) = asset else { continue };
            if let Some(first) = known.insert(asset.id(), item.name) {
                let message = format!("`{}` and `{first}` are the same asset {asset}", item.name);
                let fault = Fault::new("duplicate-asset", message).at(item.key_place());
                faults.push(fault.help("give each its own symbol, chain or address"));
            }
        }
        let mut assets = Self(assets);
        if let Some((name, item)) = main.and_then(|item| Some((faults.keep(item.text())?, item))) {
            if let Some(at) = assets.0.iter().position(|(key, _)| key == name) {
                assets.0[..=at].rotate_right(1);
            } else {
                faults.push(assets.unknown(name, item));
                assets.0.insert(0, (name.to_owned(), None));
            }
        }
        assets
    }

    /// Hands all of them to the builder, a stand-in for each that is at fault.
    pub(super) fn declare(&self, builder: &mut NetworkBuilder) {
        for (key, asset) in &self.0 {
            builder.asset(asset.clone().unwrap_or_else(|| Asset::new(key, 0)));
        }
    }

    /// All assets, if there are any and none is at fault.
    pub(super) fn complete(&self) -> Option<Vec<Asset>> {
        let assets: Option<Vec<Asset>> = self.0.iter().map(|(_, asset)| asset.clone()).collect();
        assets.filter(|assets| !assets.is_empty())
    }

    /// An amount such as `500_000 USDC`; without a symbol, of the main asset.
    /// Nothing where the asset itself is at fault.
    pub(super) fn amount(&self, item: Item<'_>) -> Result<Option<Money>, Fault> {
        let (name, main) = (toml_key(item.name), self.main());
        match item.value() {
            DeValue::String(text) => self.parse(text, item),
            DeValue::Integer(number) => self.parse(&number.to_string(), item),
            DeValue::Float(number) => Err(item
                .wrong_type("an amount", "")
                .help(format!("write it as text: {name} = \"{number} {main}\""))),
            _ => Err(item.wrong_type("an amount", &format!("{name} = \"1_250.75 {main}\""))),
        }
    }

    fn parse(&self, text: &str, item: Item<'_>) -> Result<Option<Money>, Fault> {
        let body = text.trim();
        let (digits, symbol) = body.split_once(char::is_whitespace).unwrap_or((body, ""));
        let symbol = symbol.trim();
        let at = self.0.iter().position(|(key, _)| symbol.is_empty() || key == symbol);
        let index = match at {
            Some(index) => index,
            None if self.0.is_empty() => return Ok(None),
            None => return Err(self.unknown(symbol, item)),
        };
        let Some(asset) = &self.0[index].1 else { return Ok(None) };
        let amount = asset.parse(digits).map_err(|error| {
            let help = format!("an amount is a decimal and an asset: \"1_250.75 {}\"", self.main());
            item.fault("bad-amount", format!("{}: {error}", item.name)).help(help)
        })?;
        Ok(Some(Money { asset: index, amount, digits: digits.to_owned() }))
    }

    fn main(&self) -> &str {
        self.0.first().map_or("USDC", |(key, _)| key)
    }

    fn unknown(&self, found: &str, item: Item<'_>) -> Fault {
        let mut fault = item
            .fault("unknown-asset", format!("unknown asset `{found}`"))
            .label("no such key in [assets]");
        fault.help = did_you_mean(found, self.0.iter().map(|(key, _)| key.as_str()));
        fault
    }
}

fn asset(item: Item<'_>, faults: &mut Sink) -> Option<Asset> {
    let before = faults.count();
    let key = item.name;
    if let Some(problem) = crate::network::build::id_problem(key) {
        let message = format!("`{key}` is no name of an asset: {problem}");
        faults.push(Fault::new("bad-id", message).at(item.key_place()));
    }
    let title = format!("[assets.{}]", toml_key(key));
    let section = faults.keep(Section::open(item, title, "[assets.USDC] decimals = 6"))?;
    section.only(&KEYS, faults);
    let symbol = match section.get("symbol") {
        Some(item) => faults.keep(item.id()).map(|(symbol, _)| symbol.to_owned()),
        None => Some(key.to_owned()),
    };
    let decimals = faults.keep(section.need("decimals", "6")).and_then(|item| {
        let decimals = faults.keep(item.whole(0..=i64::from(u8::MAX)))?;
        u8::try_from(decimals).ok()
    });
    let chain = section.text("chain", faults);
    let address = section.get("address").and_then(|item| faults.keep(contract(item)));
    let asset = Asset { symbol: symbol?, decimals: decimals?, chain, address };
    (faults.count() == before).then_some(asset)
}

/// The contract of an asset. Chains other than Ethereum's kin write addresses
/// in their own ways; what begins like an EVM address must be one.
fn contract(item: Item<'_>) -> Result<String, Fault> {
    let text = item.text()?.trim();
    if text.get(..2).is_some_and(|start| start.eq_ignore_ascii_case("0x")) {
        let address: Address20 = text.parse().map_err(|error: crate::payout::AddressError| {
            item.fault("bad-address", error.to_string())
        })?;
        return Ok(address.to_string());
    }
    Ok(text.to_owned())
}
