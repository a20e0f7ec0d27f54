//! Transactions of a multisig, as an event log writes them.

use allonet_core::card::Card;
use allonet_core::event::Event;
use allonet_core::fault::did_you_mean;
use allonet_core::money::{Amount, Asset};
use allonet_core::network::id_problem;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// An event, understood.
pub(crate) struct Command {
    pub(crate) nonce: u64,
    pub(crate) hash: Option<String>,
    pub(crate) kind: What,
}

pub(crate) enum What {
    Propose(Deed),
    Approve,
    Reject,
    Execute,
}

/// What a transaction does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Deed {
    Pay(Vec<Transfer>),
    AddOwner { owner: String, threshold: Option<u64> },
    RemoveOwner { owner: String, threshold: Option<u64> },
    ChangeThreshold { threshold: u64 },
    Nothing,
}

/// Money to one payee.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Transfer {
    pub(crate) to: String,
    /// The asset's id.
    pub(crate) asset: String,
    pub(crate) amount: Amount,
}

/// Reads an event; says what is wrong with it.
pub(crate) fn command(event: &Event, card: &Card, assets: &[Asset]) -> Result<Command, String> {
    let owner = || {
        let owner = event.text("owner").filter(|owner| !owner.is_empty());
        let owner = owner.ok_or("the field `owner` is missing or no text")?;
        named(owner).map(str::to_owned)
    };
    let kind = match event.action.as_str() {
        "propose" => What::Propose(Deed::Pay(transfers(&event.fields, assets)?)),
        "add-owner" => {
            let threshold = whole(&event.fields, "threshold")?;
            What::Propose(Deed::AddOwner { owner: owner()?, threshold })
        }
        "remove-owner" => {
            let threshold = whole(&event.fields, "threshold")?;
            What::Propose(Deed::RemoveOwner { owner: owner()?, threshold })
        }
        "change-threshold" => {
            let threshold =
                whole(&event.fields, "threshold")?.ok_or("the field `threshold` is missing")?;
            What::Propose(Deed::ChangeThreshold { threshold })
        }
        "approve" => What::Approve,
        "reject" => What::Reject,
        "execute" => What::Execute,
        other => {
            let known = card.actions.iter().map(|action| action.name);
            return Err(format!(
                "`{other}` is no action of a multisig; {}",
                did_you_mean(other, known).unwrap_or_default()
            ));
        }
    };
    let hash = match event.fields.get("hash") {
        None | Some(Value::Null) => None,
        Some(Value::String(hash)) => Some(hash.clone()),
        Some(other) => return Err(format!("the field `hash` is {other}; write a text")),
    };
    let nonce = whole(&event.fields, "nonce")?.ok_or("the field `nonce` is missing")?;
    Ok(Command { nonce, hash, kind })
}

fn whole(fields: &Map<String, Value>, name: &str) -> Result<Option<u64>, String> {
    match fields.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => value.as_u64().map(Some).ok_or_else(|| {
            format!("the field `{name}` is {value}; write a whole number of zero or more")
        }),
    }
}

/// The payments of a proposal: one, or a list of them.
fn transfers(fields: &Map<String, Value>, assets: &[Asset]) -> Result<Vec<Transfer>, String> {
    match (fields.get("transfers"), fields.get("to")) {
        (None, _) => Ok(vec![transfer(fields, assets)?]),
        (Some(_), Some(_)) => Err("both `to` and `transfers` are given".to_owned()),
        (Some(_), None) if fields.contains_key("amount") || fields.contains_key("asset") => {
            Err("`amount` and `asset` belong into each entry of `transfers`".to_owned())
        }
        (Some(Value::Array(list)), None) => {
            let one = |(index, entry): (usize, &Value)| {
                let fields = entry.as_object().ok_or("it is no object".to_owned());
                fields
                    .and_then(|fields| only(fields, &["amount", "asset", "to"]).map(|()| fields))
                    .and_then(|fields| transfer(fields, assets))
                    .map_err(|reason| format!("transfers[{index}]: {reason}"))
            };
            list.iter().enumerate().map(one).collect()
        }
        (Some(other), None) => Err(format!("the field `transfers` is {other}; write a list")),
    }
}

/// A name that cannot be taken for another one that looks the same.
fn named(name: &str) -> Result<&str, String> {
    match id_problem(name) {
        None => Ok(name),
        Some(problem) => Err(format!("{name:?} is no id: {problem}")),
    }
}

/// Fields other than these are mistakes.
fn only(fields: &Map<String, Value>, known: &[&str]) -> Result<(), String> {
    match fields.keys().find(|field| !known.contains(&field.as_str())) {
        None => Ok(()),
        Some(field) => {
            let guess = did_you_mean(field, known.iter().copied()).unwrap_or_default();
            Err(format!("there is no field `{field}`; {guess}"))
        }
    }
}

fn transfer(fields: &Map<String, Value>, assets: &[Asset]) -> Result<Transfer, String> {
    let to = fields.get("to").and_then(Value::as_str).filter(|to| !to.is_empty());
    let to = named(to.ok_or("the field `to` is missing or no text")?)?;
    let amount = match fields.get("amount") {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) if number.is_u64() => number.to_string(),
        Some(other) => {
            return Err(format!("the amount is {other}; write a text: \"1_250.5 USDC\""));
        }
        None => return Err("the field `amount` is missing".to_owned()),
    };
    let (digits, named) = match amount.trim().rsplit_once(char::is_whitespace) {
        Some(_) if fields.contains_key("asset") => {
            return Err("the asset stands in both `amount` and `asset`".to_owned());
        }
        Some((digits, name)) => (digits, Some(name)),
        None => (amount.as_str(), fields.get("asset").and_then(Value::as_str)),
    };
    let asset = match named {
        None => assets.first().ok_or("the network has no asset")?,
        Some(name) => find_asset(name, assets)?,
    };
    let amount = asset.parse(digits.trim()).map_err(|error| error.to_string())?;
    Ok(Transfer { to: to.to_owned(), asset: asset.id(), amount })
}

/// An asset by its id, or by its symbol where that is enough.
fn find_asset<'a>(name: &str, assets: &'a [Asset]) -> Result<&'a Asset, String> {
    if let Some(asset) = assets.iter().find(|asset| asset.id() == name) {
        return Ok(asset);
    }
    let ids: Vec<String> = assets.iter().map(Asset::id).collect();
    let mut alike = assets.iter().filter(|asset| asset.symbol == name);
    match (alike.next(), alike.next()) {
        (Some(asset), None) => Ok(asset),
        (Some(_), Some(_)) => {
            Err(format!("`{name}` stands for several assets; write one of: {}", ids.join(", ")))
        }
        _ => Err(format!("`{name}` is no asset of this network, which has: {}", ids.join(", "))),
    }
}
