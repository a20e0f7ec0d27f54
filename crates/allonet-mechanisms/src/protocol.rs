//! Questions to programs outside and their answers, as JSON texts. The fields
//! are described in [`crate::program::external`].

use std::collections::BTreeMap;
use std::sync::Arc;

use allonet_core::event::Event;
use allonet_core::fault::did_you_mean;
use allonet_core::json::{Object, each_key_once};
use allonet_core::mechanism::{Allocation, Change, Outcome, Purse, Refusal, State, Step, Turn};
use allonet_core::money::{Amount, Asset};
use allonet_core::signal::{Signal, SignalData};
use allonet_core::time::Instant;
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

/// Name and version of the protocol.
pub(crate) const PROTOCOL: &str = "allonet-neuron/1";

/// Names of the signals that a program may emit.
pub(crate) const SIGNALS: &[&str] = &["scores", "value", "weights"];

#[derive(Serialize)]
struct Question<'a> {
    protocol: &'static str,
    neuron: &'a str,
    epoch: u32,
    ends: Option<Instant>,
    assets: Vec<AssetRow>,
    inflow: BTreeMap<String, Amount>,
    available: BTreeMap<String, Amount>,
    payees: &'a [Arc<str>],
    signals: &'a [Signal],
    events: &'a [Event],
    state: Box<RawValue>,
    data: Option<&'a str>,
}

#[derive(Serialize)]
struct AssetRow {
    id: String,
    symbol: String,
    decimals: u8,
}

/// The question of one turn, on one line.
pub(crate) fn question(
    neuron: &str,
    payees: &[Arc<str>],
    data: Option<&str>,
    turn: &Turn<'_>,
    available: &Purse,
) -> Result<String, Refusal> {
    let purse = |purse: &Purse| {
        turn.assets.iter().enumerate().map(|(at, asset)| (asset.id(), purse.of(at))).collect()
    };
    let row = |asset: &Asset| AssetRow {
        id: asset.id(),
        symbol: asset.symbol.clone(),
        decimals: asset.decimals,
    };
    let question = Question {
        protocol: PROTOCOL,
        neuron,
        epoch: turn.epoch,
        ends: turn.ends,
        assets: turn.assets.iter().map(row).collect(),
        inflow: purse(turn.inflow),
        available: purse(available),
        payees,
        signals: turn.signals,
        events: turn.events,
        state: remembered(turn.state)?,
        data,
    };
    serde_json::to_string(&question).map_err(|error| {
        Refusal::new("question", format!("the question to the program cannot be written: {error}"))
    })
}

fn remembered(state: &State) -> Result<Box<RawValue>, Refusal> {
    let text = if state.is_empty() { "null" } else { str::from_utf8(state.bytes()).unwrap_or("") };
    RawValue::from_string(text.to_owned()).map_err(|error| {
        Refusal::new("bad-state", format!("the remembered state is no JSON: {error}"))
            .help("resume from the state file of the same network and engine version")
    })
}

/// Checks an answer and books what it pays.
pub(crate) fn follow(
    neuron: &str,
    text: &str,
    payees: &[Arc<str>],
    turn: &Turn<'_>,
    allocation: &mut Allocation<'_>,
) -> Result<Outcome, Refusal> {
    let mut reader = Reader { neuron, payees, assets: turn.assets };
    let fields = reader.fields(text)?;
    let read = |name: &str| fields.get(name).map(|raw| reader.parse(name, raw)).transpose();
    if let Some(error) = read("error")? {
        let reason = error.as_str().map_or_else(|| error.to_string(), str::to_owned);
        let message = format!("the program of `{neuron}` refuses: {reason}");
        return Err(Refusal::new("program-refuses", message));
    }
    if let Some(protocol) = read("protocol")?
        && protocol != PROTOCOL
    {
        return Err(reader.bad("protocol", &protocol, &format!("\"{PROTOCOL}\", or leave it out")));
    }
    let payouts = read("payouts")?.unwrap_or(Value::Null);
    let retain = read("retain")?;
    let signals = read("signals")?;
    let remarks = read("remarks")?;
    let state = match fields.get("state") {
        None => turn.state.clone(),
        Some(raw) if raw.get() == "null" => State::empty(),
        Some(raw) => State::from_bytes(compact(raw.get()).as_bytes()),
    };
    reader.pay(&payouts, allocation)?;
    reader.retain(retain.as_ref(), allocation)?;
    Ok(Outcome {
        state,
        signals: reader.signals(signals.as_ref())?,
        remarks: reader.remarks(remarks.as_ref())?,
        ..Outcome::default()
    })
}

/// JSON without the blanks between its parts, so that a state is one line.
fn compact(json: &str) -> String {
    let (mut quoted, mut escaped) = (false, false);
    json.chars()
        .filter(|c| {
            let kept = quoted || !c.is_ascii_whitespace();
            match c {
                '"' if !escaped => quoted = !quoted,
                _ => {}
            }
            escaped = quoted && *c == '\\' && !escaped;
            kept
        })
        .collect()
}

/// Reads one answer, and says where it is wrong.
struct Reader<'a> {
    neuron: &'a str,
    payees: &'a [Arc<str>],
    assets: &'a [Asset],
}

const AMOUNT: &str = "a text of digits below 2^256 without leading zeros, in base units: \"1500\"";
const FIELDS: &[&str] = &["error", "payouts", "protocol", "remarks", "retain", "signals", "state"];

impl Reader<'_> {
    /// A refusal that names the field, what was found, and what may stand there.
    fn bad(&self, field: &str, found: &Value, wanted: &str) -> Refusal {
        self.wrong(field, &format!("found {}; write {wanted}", excerpt(&found.to_string())))
    }

    fn wrong(&self, field: &str, what: &str) -> Refusal {
        let message = format!("the answer of `{}`'s program, `{field}`: {what}", self.neuron);
        Refusal::new("bad-answer", message)
    }

    fn fields(&self, text: &str) -> Result<BTreeMap<String, Box<RawValue>>, Refusal> {
        let Object(fields): Object<Box<RawValue>> =
            serde_json::from_str(text).map_err(|error| {
                let found = match text.trim() {
                    "" => "is empty".to_owned(),
                    text if error.is_data() && text.starts_with('{') => {
                        format!("cannot be read: {error}")
                    }
                    text => format!("is no JSON object: {error}; it begins `{}`", excerpt(text)),
                };
                let message = format!("the answer of `{}`'s program {found}", self.neuron);
                Refusal::new("bad-answer", message)
                    .help("print one JSON object such as {\"payouts\": []}, and nothing else")
            })?;
        self.known("", fields.keys(), FIELDS)?;
        if !fields.contains_key("payouts") && !fields.contains_key("error") {
            return Err(self.wrong("payouts", "it is missing; write [] to pay nobody"));
        }
        Ok(fields)
    }

    fn parse(&self, name: &str, raw: &RawValue) -> Result<Value, Refusal> {
        let value = each_key_once(raw.get()).and_then(|()| serde_json::from_str(raw.get()));
        value.map_err(|error| {
            let text = excerpt(raw.get());
            self.wrong(name, &format!("found {text}, which cannot be read: {error}"))
        })
    }

    fn known<'k>(
        &self,
        field: &str,
        keys: impl IntoIterator<Item = &'k String>,
        known: &[&'static str],
    ) -> Result<(), Refusal> {
        let Some(stranger) = keys.into_iter().find(|key| !known.contains(&key.as_str())) else {
            return Ok(());
        };
        let dot = if field.is_empty() { "" } else { "." };
        let mut refusal =
            self.wrong(&format!("{field}{dot}{}", excerpt(stranger)), "there is no such field");
        refusal.help = did_you_mean(stranger, known.iter().copied());
        Err(refusal)
    }

    fn object<'v>(&self, field: &str, value: &'v Value) -> Result<&'v Map<String, Value>, Refusal> {
        value.as_object().ok_or_else(|| self.bad(field, value, "an object"))
    }

    fn list<'v>(&self, field: &str, value: &'v Value) -> Result<&'v [Value], Refusal> {
        value.as_array().map(Vec::as_slice).ok_or_else(|| self.bad(field, value, "a list"))
    }

    fn pay(&mut self, payouts: &Value, allocation: &mut Allocation<'_>) -> Result<(), Refusal> {
        for (index, payout) in self.list("payouts", payouts)?.iter().enumerate() {
            let field = format!("payouts[{index}]");
            let object = self.object(&field, payout)?;
            self.known(&field, object.keys(), &["amount", "asset", "steps", "to"])?;
            let get = |name: &str| object.get(name).unwrap_or(&Value::Null);
            let payee = self.payee(&format!("{field}.to"), get("to"))?;
            let asset = match object.get("asset") {
                None => 0,
                Some(id) => self.asset(&format!("{field}.asset"), id)?,
            };
            let amount = self.amount(&format!("{field}.amount"), get("amount"))?;
            let steps = match object.get("steps") {
                None => Vec::new(),
                Some(steps) => self.steps(&format!("{field}.steps"), steps)?,
            };
            allocation
                .pay(payee, asset, amount, steps)
                .map_err(|error| self.wrong(&field, &error.to_string()))?;
        }
        Ok(())
    }

    fn retain(
        &self,
        retain: Option<&Value>,
        allocation: &mut Allocation<'_>,
    ) -> Result<(), Refusal> {
        let Some(retain) = retain else { return Ok(()) };
        for (id, amount) in self.object("retain", retain)? {
            let field = format!("retain.{}", excerpt(id));
            let asset = self.asset(&field, &Value::String(id.clone()))?;
            let amount = self.amount(&field, amount)?;
            allocation
                .retain(asset, amount)
                .map_err(|error| self.wrong(&field, &error.to_string()))?;
        }
        Ok(())
    }

    fn payee(&self, field: &str, found: &Value) -> Result<u32, Refusal> {
        let known = self.payees.iter().map(|payee| &**payee);
        let place = known.clone().position(|payee| found.as_str() == Some(payee));
        place.and_then(|place| u32::try_from(place).ok()).ok_or_else(|| {
            let mut refusal = self.bad(field, found, "one of the question's `payees`");
            refusal.help = did_you_mean(found.as_str().unwrap_or_default(), known);
            refusal
        })
    }

    fn asset(&self, field: &str, found: &Value) -> Result<usize, Refusal> {
        let ids: Vec<String> = self.assets.iter().map(Asset::id).collect();
        let place = ids.iter().position(|id| found.as_str() == Some(id));
        place.ok_or_else(|| {
            let mut refusal = self.bad(field, found, "the `id` of one of the question's `assets`");
            let known = ids.iter().map(String::as_str);
            refusal.help = did_you_mean(found.as_str().unwrap_or_default(), known);
            refusal
        })
    }

    fn amount(&self, field: &str, found: &Value) -> Result<Amount, Refusal> {
        let plain = |text: &&str| !text.contains('_') && (*text == "0" || !text.starts_with('0'));
        let digits = found.as_str().filter(plain);
        digits.and_then(|text| text.parse().ok()).ok_or_else(|| self.bad(field, found, AMOUNT))
    }

    fn steps(&self, field: &str, steps: &Value) -> Result<Vec<Step>, Refusal> {
        let mut read = Vec::new();
        for (index, step) in self.list(field, steps)?.iter().enumerate() {
            let field = format!("{field}[{index}]");
            let object = self.object(&field, step)?;
            self.known(&field, object.keys(), &["change", "label", "note"])?;
            let text = |name: &str| match object.get(name) {
                None => Ok(None),
                Some(Value::String(text)) => Ok(Some(text.as_str())),
                Some(other) => Err(self.bad(&format!("{field}.{name}"), other, "a text")),
            };
            let label = text("label")?.ok_or_else(|| self.wrong(&field, "`label` is missing"))?;
            let change = object.get("change").unwrap_or(&Value::Null);
            let note = match text("note")? {
                Some(note) => format!("{label}: {note}"),
                None => label.to_owned(),
            };
            let change = self.change(&format!("{field}.change"), change)?;
            read.push(Step::new("program", change).note(note));
        }
        Ok(read)
    }

    fn change(&self, field: &str, found: &Value) -> Result<Change, Refusal> {
        let signed = found.as_str().unwrap_or_default();
        let digits = |digits: &str| self.amount(field, &Value::String(digits.to_owned())).ok();
        let change = match (signed.strip_prefix('+'), signed.strip_prefix('-')) {
            (Some(plus), _) => digits(plus).map(Change::Plus),
            (_, Some(minus)) => digits(minus).map(Change::Minus),
            _ => None,
        };
        let wanted = "a text of a sign and digits, in base units: \"+1500\" or \"-20\"";
        change.ok_or_else(|| self.bad(field, found, wanted))
    }

    fn signals(&self, signals: Option<&Value>) -> Result<Vec<(&'static str, SignalData)>, Refusal> {
        let Some(signals) = signals else { return Ok(Vec::new()) };
        let object = self.object("signals", signals)?;
        self.known("signals", object.keys(), SIGNALS)?;
        let mut read = Vec::new();
        for name in SIGNALS {
            let Some(value) = object.get(*name) else { continue };
            let number = |field: &str, value: &Value| {
                let number = value.as_f64().filter(|number| number.is_finite());
                number.ok_or_else(|| self.bad(field, value, "a finite number"))
            };
            let field = format!("signals.{name}");
            read.push((
                *name,
                match value {
                    Value::Object(scores) => {
                        let score = |(id, value): (&String, &Value)| {
                            let field = format!("{field}.{}", excerpt(id));
                            Ok((id.clone(), number(&field, value)?))
                        };
                        SignalData::Scores(
                            scores.iter().map(score).collect::<Result<_, Refusal>>()?,
                        )
                    }
                    other => SignalData::Number(number(&field, other)?),
                },
            ));
        }
        Ok(read)
    }

    fn remarks(&self, remarks: Option<&Value>) -> Result<Vec<String>, Refusal> {
        let Some(remarks) = remarks else { return Ok(Vec::new()) };
        let text = |remark: &Value| {
            let text = remark.as_str().map(str::to_owned);
            text.ok_or_else(|| self.bad("remarks", remark, "a list of texts"))
        };
        self.list("remarks", remarks)?.iter().map(text).collect()
    }
}

/// The beginning of a text that may be long or odd.
fn excerpt(text: &str) -> String {
    const SHOWN: usize = 80;
    let shown: String = text.chars().take(SHOWN).flat_map(char::escape_debug).collect();
    let more = if text.chars().nth(SHOWN).is_some() { "…" } else { "" };
    // Quotes belong to the JSON that is shown.
    format!("{}{more}", shown.replace("\\\"", "\"").replace("\\'", "'"))
}
