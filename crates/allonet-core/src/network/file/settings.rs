//! The settings of a mechanism, read as its card says.

use std::sync::Arc;

use serde_json::{Map, json};
use toml::de::DeValue;

use super::Reader;
use super::item::{Item, toml_key};
use super::legs::Named;
use crate::card::{Kind, Placed, Setting, Value};
use crate::fault::{Fault, SourceFile, did_you_mean};
use crate::page::kind_in_words;

impl Reader<'_> {
    /// The value of a setting as it was written, checked against its kind.
    pub(super) fn setting(
        &mut self,
        neuron: &Named,
        setting: &Setting,
        item: Item<'_>,
    ) -> Option<Value> {
        match setting.kind {
            Kind::File => self.load(item).map(Value::File),
            Kind::Weights => self.weights(neuron, item).map(Value::Weights),
            Kind::Decimal => {
                let money = self.faults.keep(self.assets.amount(item)).flatten()?;
                if money.asset != 0 {
                    let message = format!("`{}` is an amount of the main asset", setting.name);
                    self.faults.push(item.fault("unknown-asset", message));
                    return None;
                }
                Some(Value::Text(money.digits))
            }
            Kind::List => {
                let value = self.faults.keep(list(item))?;
                if let (true, Value::List(ids)) = (setting.names_payees(), &value) {
                    let place = |id: &Placed<String>| id.place.clone().expect("it was just read");
                    self.payees.extend(ids.iter().map(|id| (id.value.clone(), place(id))));
                }
                Some(value)
            }
            Kind::Text => {
                let text = self.faults.keep(item.text())?.to_owned();
                if setting.names_payees() {
                    self.payees.push((text.clone(), item.place()));
                }
                Some(Value::Text(text))
            }
            kind => self.faults.keep(plain(kind, setting.name, item)),
        }
    }

    /// The value of a setting that was left out.
    pub(super) fn default_value(&mut self, kind: Kind, text: &str) -> Result<Value, Fault> {
        if kind == Kind::File {
            return self.loader.load(text).map(Value::File);
        }
        let assets = self.assets.complete().unwrap_or_default();
        Value::from_text(kind, text, assets.first())
            .map_err(|reason| Fault::new("bad-default", reason))
    }

    /// A data file by the path in a setting.
    pub(super) fn load(&mut self, item: Item<'_>) -> Option<Arc<SourceFile>> {
        let path = self.faults.keep(item.text())?;
        if path.trim().is_empty() {
            let fault = item.fault("no-file", format!("`{}` names no file", item.name));
            self.faults.push(fault.help("write its path next to the network file: \"votes.csv\""));
            return None;
        }
        let loaded = self.loader.load(path).map_err(|fault| fault.at(item.place()));
        self.faults.keep(loaded)
    }
}

/// The value of a setting that concerns nothing but itself.
fn plain(kind: Kind, name: &'static str, item: Item<'_>) -> Result<Value, Fault> {
    match kind {
        Kind::Bool => item.boolean().map(Value::Bool),
        Kind::Integer { min, max } => item.whole(min..=max).map(Value::Integer),
        Kind::Number { min, max } => number(item, kind, min, max).map(Value::Number),
        Kind::Share => item.share().map(Value::Share),
        Kind::Time => item.time().map(Value::Time),
        Kind::Choice(words) => {
            let text = item.text()?;
            if words.contains(&text) {
                return Ok(Value::Text(text.to_owned()));
            }
            let mut fault = item
                .fault("bad-choice", format!("`{text}` is no choice for `{name}`"))
                .label(format!("must be {}", kind_in_words(kind)));
            fault.help = did_you_mean(text, words.iter().copied());
            Err(fault)
        }
        Kind::Text | Kind::Decimal | Kind::List | Kind::File | Kind::Weights => {
            unreachable!("these kinds are read with the rest of the network at hand")
        }
    }
}

fn number(item: Item<'_>, kind: Kind, min: f64, max: f64) -> Result<f64, Fault> {
    let (written, value) = match item.value() {
        DeValue::Float(number) => (number.to_string(), number.as_str().parse::<f64>().ok()),
        DeValue::Integer(number) => {
            let whole = i64::from_str_radix(number.as_str(), number.radix());
            (number.to_string(), whole.ok().map(|whole| whole as f64))
        }
        _ => return Err(item.wrong_type("a number", &format!("{} = 0.5", toml_key(item.name)))),
    };
    let allowed = value.filter(|value| value.is_finite() && (min..=max).contains(value));
    allowed.ok_or_else(|| {
        let allowed = format!("must be a {}", kind_in_words(kind));
        let message = format!("`{}` is {written}, but {allowed}", item.name);
        item.fault("out-of-bounds", message).label(allowed)
    })
}

fn list(item: Item<'_>) -> Result<Value, Fault> {
    let example = format!("{} = [\"alice\", \"bob\"]", toml_key(item.name));
    let placed =
        |item: Item<'_>| Ok(Placed { value: item.text()?.to_owned(), place: Some(item.place()) });
    item.list(&example)?.into_iter().map(placed).collect::<Result<_, _>>().map(Value::List)
}

/// A value as text for the record: equal values give equal texts. Lists and
/// tables are JSON, files stand by their paths.
pub(super) fn as_run(value: &Value) -> String {
    match value {
        Value::Bool(value) => value.to_string(),
        Value::Integer(value) => value.to_string(),
        Value::Number(value) => value.to_string(),
        Value::Share(value) => value.to_string(),
        Value::Text(value) => value.clone(),
        Value::File(file) => file.path.clone(),
        Value::List(values) => {
            values.iter().map(|text| json!(text.value)).collect::<serde_json::Value>().to_string()
        }
        Value::Weights(weights) => {
            let pair =
                |(payee, weight): &(Placed<String>, String)| (payee.value.clone(), json!(weight));
            serde_json::Value::Object(weights.iter().map(pair).collect::<Map<_, _>>()).to_string()
        }
        Value::Time(value) => value.to_string(),
    }
}

/// What a value of this kind may look like, for a setting that is missing.
pub(super) fn example(kind: Kind) -> String {
    match kind {
        Kind::Bool => "true".to_owned(),
        Kind::Integer { min, max } => 1.clamp(min, max).to_string(),
        Kind::Number { min, max } => format!("{:?}", 0.5_f64.clamp(min, max)),
        Kind::Share => "\"5%\"".to_owned(),
        Kind::Decimal => "\"1_250.75\"".to_owned(),
        Kind::Text => "\"…\"".to_owned(),
        Kind::Choice(words) => format!("\"{}\"", words.first().unwrap_or(&"…")),
        Kind::File => "\"table.csv\"".to_owned(),
        Kind::List => "[\"alice\", \"bob\"]".to_owned(),
        Kind::Weights => "{ alice = 2, bob = 1 }".to_owned(),
        Kind::Time => "2026-01-31T00:00:00Z".to_owned(),
    }
}
