//! Events as a topic understands them: what an action asks for, with every
//! number in bounds.
//!
//! | action                  | fields                                                     |
//! |-------------------------|------------------------------------------------------------|
//! | `register`, `leave`     | `role`: `inferer`, `forecaster` or `reputer`               |
//! | `infer`                 | `epoch`; `value`, or `values` by label                     |
//! | `forecast`              | `epoch`; `losses`: log10 loss by inferer                   |
//! | `commit`                | `epoch`, `role`, `hash`                                    |
//! | `reveal`                | `epoch`, `salt`; what `infer` or `forecast` would have     |
//! | `report`                | `epoch`; `truth` (a value, or values by label) or `losses` |
//! | `stake`, `unstake`      | `amount`                                                   |
//! | `delegate`, `undelegate`| `reputer`, `amount`                                        |
//! | `cancel-unstake`        | `reputer` for delegated stake                              |
//! | `claim`                 | `reputer`                                                  |
//! | `fund`                  | `amount`                                                   |
//!
//! The `losses` of a report are log10 losses by what they belong to, each part
//! optional: `network` and `naive` (a number), `inferers`, `forecasters`,
//! `one-out-inferers`, `one-out-forecasters`, `one-in` (by id) and
//! `implied-without` (by inferer, then by forecaster).
//!
//! Amounts are whole base units, as a text or a whole number. A value is at most
//! [`LARGEST_VALUE`] in size, a log10 loss at most [`LARGEST_LOSS`]. Other
//! fields are passed over.

use std::collections::BTreeMap;

use allonet_core::event::Event;
use allonet_core::fault::did_you_mean;
use allonet_core::money::Amount;
use serde_json::{Map, Value};

use crate::commitment::{LONGEST_SALT, SHORTEST_SALT, is_hash};
use crate::life::{Id, Rejected, Role};

/// Largest size of a value.
pub const LARGEST_VALUE: f64 = 1e40;
/// Largest size of a log10 loss.
pub const LARGEST_LOSS: f64 = 300.0;
/// Longest id or name, in bytes.
pub(crate) const ANY_TEXT: usize = 255;

const ACTIONS: [&str; 14] = [
    "register",
    "leave",
    "infer",
    "forecast",
    "commit",
    "reveal",
    "report",
    "stake",
    "unstake",
    "cancel-unstake",
    "delegate",
    "undelegate",
    "claim",
    "fund",
];

/// Losses by inferer.
pub(crate) type Forecast = BTreeMap<Id, f64>;

/// What an actor asks for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Deed {
    Register(Role),
    Leave(Role),
    Work { epoch: u64, work: Work, salt: Option<String> },
    Commit { epoch: u64, role: Role, hash: String },
    Report { epoch: u64, report: Given },
    Stake(Amount),
    Unstake { reputer: Option<Id>, amount: Amount },
    Cancel { reputer: Option<Id> },
    Delegate { reputer: Id, amount: Amount },
    Claim { reputer: Id },
    Fund(Amount),
}

/// A worker's payload.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Work {
    Inference(Vec<f64>),
    Forecast(Forecast),
}

/// A reputer's payload.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Given {
    Truth(Vec<f64>),
    Losses(Losses),
}

/// Losses that a reputer gives itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Losses {
    pub(crate) network: Option<f64>,
    pub(crate) naive: Option<f64>,
    pub(crate) inferers: Forecast,
    pub(crate) forecasters: Forecast,
    pub(crate) one_out_inferers: Forecast,
    pub(crate) one_out_forecasters: Forecast,
    pub(crate) one_in: Forecast,
    pub(crate) implied_without: BTreeMap<Id, Forecast>,
}

/// Reads an event for a topic with these labels.
pub(crate) fn read(event: &Event, labels: &[String]) -> Result<Deed, Rejected> {
    id("actor", &event.actor)?;
    Ok(match event.action.as_str() {
        "register" => Deed::Register(role(event)?),
        "leave" => Deed::Leave(role(event)?),
        "infer" => {
            let work = Work::Inference(values(event, labels, "value", "values")?);
            Deed::Work { epoch: epoch(event)?, work, salt: None }
        }
        "forecast" => {
            let work = Work::Forecast(by_id(field(event, "losses")?, "losses")?);
            Deed::Work { epoch: epoch(event)?, work, salt: None }
        }
        "commit" => Deed::Commit { epoch: epoch(event)?, role: worker(event)?, hash: hash(event)? },
        "reveal" => reveal(event, labels)?,
        "report" => Deed::Report { epoch: epoch(event)?, report: report(event, labels)? },
        "stake" => Deed::Stake(amount(event)?),
        "unstake" => Deed::Unstake { reputer: None, amount: amount(event)? },
        "undelegate" => Deed::Unstake { reputer: Some(reputer(event)?), amount: amount(event)? },
        "cancel-unstake" => {
            let some = event.fields.contains_key("reputer");
            Deed::Cancel { reputer: some.then(|| reputer(event)).transpose()? }
        }
        "delegate" => Deed::Delegate { reputer: reputer(event)?, amount: amount(event)? },
        "claim" => Deed::Claim { reputer: reputer(event)? },
        "fund" => Deed::Fund(amount(event)?),
        other => return Err(unknown_action(other)),
    })
}

fn unknown_action(found: &str) -> Rejected {
    let help = did_you_mean(found, ACTIONS)
        .unwrap_or_else(|| format!("the actions of a topic are {}", ACTIONS.join(", ")));
    Rejected::new("unknown-action", format!("a topic knows no action `{}`", short(found)), help)
}

fn reveal(event: &Event, labels: &[String]) -> Result<Deed, Rejected> {
    let salt = text(event, "salt")?;
    if !(SHORTEST_SALT..=LONGEST_SALT).contains(&salt.len()) {
        let message = format!("the salt has {} bytes", salt.len());
        return Err(Rejected::new("bad-salt", message, "a salt has 16 to 256 bytes"));
    }
    let work = if event.fields.contains_key("losses") {
        Work::Forecast(by_id(field(event, "losses")?, "losses")?)
    } else {
        Work::Inference(values(event, labels, "value", "values")?)
    };
    Ok(Deed::Work { epoch: epoch(event)?, work, salt: Some(salt.to_owned()) })
}

fn report(event: &Event, labels: &[String]) -> Result<Given, Rejected> {
    match (event.fields.contains_key("truth"), event.fields.get("losses")) {
        (true, None) => Ok(Given::Truth(values(event, labels, "truth", "truth")?)),
        (false, Some(losses)) => Ok(Given::Losses(losses_of(losses)?)),
        (both, _) => {
            let found = if both { "both `truth` and `losses`" } else { "neither" };
            let message = format!("the report has {found}");
            Err(Rejected::new("bad-report", message, "give either `truth` or `losses`"))
        }
    }
}

fn losses_of(value: &Value) -> Result<Losses, Rejected> {
    let Value::Object(parts) = value else { return Err(no_map("losses", value)) };
    let mut losses = Losses::default();
    for (name, part) in parts {
        match name.as_str() {
            "network" => losses.network = Some(loss(name, part)?),
            "naive" => losses.naive = Some(loss(name, part)?),
            "inferers" => losses.inferers = by_id(part, name)?,
            "forecasters" => losses.forecasters = by_id(part, name)?,
            "one-out-inferers" => losses.one_out_inferers = by_id(part, name)?,
            "one-out-forecasters" => losses.one_out_forecasters = by_id(part, name)?,
            "one-in" => losses.one_in = by_id(part, name)?,
            "implied-without" => {
                let Value::Object(rows) = part else { return Err(no_map(name, part)) };
                for (inferer, row) in rows {
                    losses.implied_without.insert(id(name, inferer)?, by_id(row, name)?);
                }
            }
            other => {
                let message = format!("losses have no part `{}`", short(other));
                let help = "the parts are network, naive, inferers, forecasters, \
                            one-out-inferers, one-out-forecasters, one-in, implied-without";
                return Err(Rejected::new("bad-report", message, help));
            }
        }
    }
    Ok(losses)
}

fn by_id(value: &Value, name: &str) -> Result<Forecast, Rejected> {
    let Value::Object(map) = value else { return Err(no_map(name, value)) };
    map.iter().map(|(key, value)| Ok((id(name, key)?, loss(name, value)?))).collect()
}

/// One value, or one for each label in their order.
fn values(event: &Event, labels: &[String], one: &str, many: &str) -> Result<Vec<f64>, Rejected> {
    if labels.is_empty() {
        return Ok(vec![number(one, field(event, one)?, LARGEST_VALUE)?]);
    }
    let value = field(event, many)?;
    let Value::Object(map) = value else { return Err(no_map(many, value)) };
    by_label(map, labels, many)
}

fn by_label(map: &Map<String, Value>, labels: &[String], name: &str) -> Result<Vec<f64>, Rejected> {
    let known = labels.iter().filter(|label| map.contains_key(*label)).count();
    if known != labels.len() || map.len() != labels.len() {
        let message = format!(
            "`{name}` has {} labels, {known} of the {} that the topic has",
            map.len(),
            labels.len()
        );
        return Err(Rejected::new("bad-labels", message, "give a value for each of the labels"));
    }
    labels.iter().map(|label| number(name, &map[label], LARGEST_VALUE)).collect()
}

fn loss(name: &str, value: &Value) -> Result<f64, Rejected> {
    number(name, value, LARGEST_LOSS)
}

fn number(name: &str, value: &Value, largest: f64) -> Result<f64, Rejected> {
    let found = value.as_f64().filter(|number| number.abs() <= largest);
    found.ok_or_else(|| {
        let message = format!("`{name}` has {}", short(&value.to_string()));
        Rejected::new("bad-number", message, format!("give a number of at most ±{largest:e}"))
    })
}

fn no_map(name: &str, value: &Value) -> Rejected {
    let message = format!("`{name}` is {}", short(&value.to_string()));
    Rejected::new("bad-field", message, "it is a map of names to numbers")
}

fn epoch(event: &Event) -> Result<u64, Rejected> {
    let value = field(event, "epoch")?;
    value.as_u64().ok_or_else(|| {
        let message = format!("`epoch` is {}", short(&value.to_string()));
        Rejected::new("bad-field", message, "it is a whole number, 0 for the first epoch")
    })
}

fn amount(event: &Event) -> Result<Amount, Rejected> {
    match field(event, "amount")? {
        Value::String(text) if text.len() <= ANY_TEXT => Ok(text.parse::<Amount>()?),
        value => {
            value.as_u64().map(|units| Amount::from_base(u128::from(units))).ok_or_else(|| {
                let message = format!("`amount` is {}", short(&value.to_string()));
                Rejected::new("amount", message, "amounts are whole base units, such as \"1000\"")
            })
        }
    }
}

fn role(event: &Event) -> Result<Role, Rejected> {
    let found = text(event, "role")?;
    Role::ALL.into_iter().find(|role| role.name() == found).ok_or_else(|| {
        let message = format!("there is no role `{}`", short(found));
        Rejected::new("bad-field", message, "the roles are inferer, forecaster, reputer")
    })
}

fn worker(event: &Event) -> Result<Role, Rejected> {
    match role(event)? {
        Role::Reputer => {
            let help = "`role` is what the commitment is for: inferer or forecaster";
            Err(Rejected::new("bad-field", "reputers make no commitments", help))
        }
        role => Ok(role),
    }
}

fn hash(event: &Event) -> Result<String, Rejected> {
    let found = text(event, "hash")?;
    if is_hash(found) {
        return Ok(found.to_owned());
    }
    let message = format!("`{}` is no hash", short(found));
    Err(Rejected::new("bad-hash", message, "it is 64 lower-case hexadecimal digits"))
}

fn reputer(event: &Event) -> Result<Id, Rejected> {
    id("reputer", text(event, "reputer")?)
}

fn id(name: &str, found: &str) -> Result<Id, Rejected> {
    if (1..=ANY_TEXT).contains(&found.len()) {
        return Ok(found.into());
    }
    let message = format!("`{name}` has an id of {} bytes", found.len());
    Err(Rejected::new("bad-id", message, "ids have 1 to 255 bytes"))
}

fn text<'a>(event: &'a Event, name: &str) -> Result<&'a str, Rejected> {
    let value = field(event, name)?;
    value.as_str().ok_or_else(|| {
        let message = format!("`{name}` is {}", short(&value.to_string()));
        Rejected::new("bad-field", message, "it is a text")
    })
}

fn field<'a>(event: &'a Event, name: &str) -> Result<&'a Value, Rejected> {
    event.fields.get(name).ok_or_else(|| {
        let message = format!("`{}` has no `{name}`", event.action);
        Rejected::new("no-field", message, format!("add the field `{name}`"))
    })
}

/// What is shown of a text that somebody else wrote.
fn short(text: &str) -> String {
    let mut shown: String = text.chars().take(60).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}
