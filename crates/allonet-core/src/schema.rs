//! The JSON schema of network files, written from the cards of a catalogue.
//!
//! Editors that know TOML schemas complete and check a network file that opens
//! with `#:schema <path of the schema>`. The schema accepts what the reader
//! accepts in each value. Sums, ids that must exist, files and cycles only
//! `check` can see.

use serde_json::{Map, Value, json};

use crate::card::{Absent, Action, Card, Kind, Setting};
use crate::mechanism::Entry;
use crate::network::ID_BYTES_MAX;
use crate::network::file::{DELAY_MAX, EPOCHS_MAX};
use crate::page::kind_in_words;

/// Keys of a neuron that belong to the network, not to its mechanism. No card
/// may use one for a setting.
pub const NEURON_KEYS: [&str; 5] = ["mechanism", "title", "retain", "pinch", "events"];

// Patterns in the dialect that Rust and ECMAScript share. Digits may be grouped
// by `_` before the point, as the reader has it.

/// A part of a whole, at most 100 %; 15 digits behind the point count.
const PERCENT: &str =
    r"([0_]*1_*0_*0_*(\.0*)?|[0_]*[0-9]?_*[0-9]_*(\.[0-9]{0,15}0*)?|_*\.[0-9]{1,15}0*)\s*%";
const FRACTION: &str = r"[0-9]+\s*/\s*0*[1-9][0-9]*";
const PART: &str = r"[0_]*1_*(\.0*)?|[0_]*0_*(\.[0-9]{0,15}0*)?|_*\.[0-9]{1,15}0*";
/// A number that counts in proportion, with up to 18 digits behind the point.
const PROPORTION: &str = r"[0-9_]*[0-9][0-9_]*(\.[0-9]{0,18}0*)?|_*\.[0-9]{1,18}0*";
/// A weight without any digit above 0 before `%`, `/` or the end.
const ZERO: &str = r"^[\s0_.]*(%|/|$)";
const AMOUNT: &str = r"^\s*([0-9_]*[0-9][0-9_]*(\.[0-9]*)?|_*\.[0-9]+)(\s+\S.*)?\s*$";
/// RFC 3339, or a date alone; seconds are whole.
const TIME: &str = r"^\s*[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])([Tt ]([01][0-9]|2[0-3])(:[0-5][0-9](:([0-5][0-9]|60)([.,]0{1,9})?)?)?([Zz]|[+-]([01][0-9]|2[0-5])(:?[0-5][0-9](:?[0-5][0-9])?)?))?\s*$";
const ADDRESS: &str = r"^\s*0x[0-9a-fA-F]{40}\s*$";
const ZERO_ADDRESS: &str = r"^\s*0x0{40}\s*$";
/// An EVM address, or whatever another chain has that does not begin like one.
const CONTRACT: &str = r"^\s*(0x[0-9a-fA-F]{40}|0|0[^xX].*|[^0\s].*)?\s*$";
/// Neither control characters, invisible ones nor spaces at its ends.
const ID: &str = concat!(
    r"^[^\s\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]",
    r"([^\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]*",
    r"[^\s\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff])?$",
);
/// Not only spaces.
const PATH: &str = r"\S";

/// The schema (draft 2020-12) of network files whose neurons use the mechanisms
/// of this catalogue. Equal catalogues give equal values.
pub fn network_schema(catalogue: &[Entry]) -> Value {
    let mut definitions = shared_definitions();
    for entry in catalogue {
        definitions.insert(definition_name(entry.card), neuron(entry.card));
    }
    definitions.insert("neuron".to_owned(), any_neuron(catalogue));

    let mut schema = table(
        "An allonet network: how money flows from sources through neurons to recipients.",
        &["network", "assets", "sources"],
        &json!({
            "network": network(),
            "assets": some_by_id("The assets money is counted in.", &asset()),
            "sources": some_by_id("Nodes that bring money in.", &source()),
            "neurons": by_id("Nodes that apply a mechanism.", &reference("neuron")),
            "recipients": by_id("Nodes where money comes to rest.", &recipient()),
            "edges": list("Special edges between two nodes.", &edge()),
            "signals": list("Edges that carry data.", &signal()),
            "promises": list("Bounds that every run keeps.", &promise()),
        }),
    );
    schema["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    schema["title"] = json!("allonet network");
    schema["$defs"] = Value::Object(definitions);
    schema
}

// --- Tables -----------------------------------------------------------------

fn network() -> Value {
    let mut schema = table(
        "The network as a whole.",
        &["name"],
        &json!({
            "name": id("Id of the network."),
            "title": text("Name for people."),
            "description": text("What the network is for."),
            "asset": text("Main asset, a key of `assets`; the first when absent."),
            "epochs": {
                "type": "integer", "minimum": 1, "maximum": EPOCHS_MAX,
                "description": "How many epochs a run has; 1 when absent.",
            },
            "epoch_ends": {
                "type": "array", "minItems": 1, "maxItems": EPOCHS_MAX,
                "items": reference("time"),
                "description": "When each epoch ends, instead of `epochs`.",
            },
            "max_depth": whole(1, "Most hops from a source to a recipient."),
            "recipients": file("Table of recipients: a CSV file with id, title and address."),
        }),
    );
    schema["if"] = json!({ "required": ["epochs"] });
    schema["then"] = json!({ "properties": { "epoch_ends": false } });
    schema
}

fn asset() -> Value {
    table(
        "An asset.",
        &["decimals"],
        &json!({
            "symbol": id("Ticker; the key when absent."),
            "decimals": {
                "type": "integer", "minimum": 0, "maximum": 255,
                "description": "Base units per unit, as a power of ten.",
            },
            "chain": text("The chain it lives on."),
            "address": matching(
                CONTRACT,
                "Its contract on that chain; none for the chain's own coin.",
            ),
        }),
    )
}

fn source() -> Value {
    let dated = table(
        "Money that comes in one epoch.",
        &["amount"],
        &json!({
            "amount": reference("amount"),
            "epoch": whole(0, "In which epoch, from 0."),
        }),
    );
    let grant = json!({ "anyOf": [reference("amount"), dated] });
    table(
        "A node that brings money in.",
        &["gives", "to"],
        &json!({
            "title": text("Name for people."),
            "gives": {
                "description": "What it brings in: `500_000 USDC`, a list of such amounts, \
                                or amounts with their epochs.",
                "anyOf": [grant, { "type": "array", "minItems": 1, "items": grant }],
            },
            "every_epoch": flag("Plain amounts come in every epoch, not only in the first."),
            "to": reference("source-weights"),
            "pinch": reference("pinch"),
        }),
    )
}

fn recipient() -> Value {
    table(
        "A node where money comes to rest.",
        &[],
        &json!({ "title": text("Name for people."), "address": reference("address") }),
    )
}

fn edge() -> Value {
    table(
        "What is special about an edge that a node already has.",
        &["from", "to"],
        &json!({
            "from": id("Where money leaves."),
            "to": id("Where it arrives."),
            "delay": delay(),
            "pinch": reference("pinch"),
        }),
    )
}

fn signal() -> Value {
    table(
        "An edge that carries data from one neuron to another.",
        &["from", "to", "name"],
        &json!({
            "from": id("The neuron that emits the signal."),
            "to": id("The neuron that reads it."),
            "name": text("Its name on the emitter's card."),
            "as": text("Its name for the reader; the same when absent."),
            "delay": delay(),
        }),
    )
}

fn promise() -> Value {
    let bounds = json!({
        "max_share": reference("share"),
        "max_voter_effect": reference("share"),
        "min_recipients": {
            "type": "integer", "minimum": 0,
            "description": "At least so many payees take something.",
        },
        "budget_min": reference("amount"),
        "budget_max": reference("amount"),
    });
    let names = bounds.as_object().into_iter().flat_map(Map::keys);
    let any: Vec<Value> = names.map(|name| json!({ "required": [name] })).collect();
    let mut schema = table("Bounds; a broken one stops the run.", &[], &bounds);
    schema["properties"]["on"] = id("The node they bind; the whole network when absent.");
    schema["anyOf"] = Value::Array(any);
    schema
}

// --- Neurons ----------------------------------------------------------------

fn definition_name(card: &Card) -> String {
    format!("neuron-{}", card.id)
}

/// The table of a neuron: its key `mechanism` tells which other keys it has.
fn any_neuron(catalogue: &[Entry]) -> Value {
    if catalogue.is_empty() {
        return json!(false);
    }
    let ids: Vec<&str> = catalogue.iter().map(|entry| entry.card.id).collect();
    let tables: Vec<Value> =
        catalogue.iter().map(|entry| reference(&definition_name(entry.card))).collect();
    let chosen = ids.iter().zip(&tables).map(|(id, table)| {
        let has_id = json!({ "mechanism": { "const": id } });
        json!({ "if": { "required": ["mechanism"], "properties": has_id }, "then": table })
    });
    // Editors offer the keys of the tables in `anyOf`, but not those behind a
    // `then`. Its last entry fits anything, so that a slip is told by the table
    // that was chosen alone.
    let offered: Vec<&Value> = tables.iter().chain([&Value::Bool(true)]).collect();
    json!({
        "type": "object",
        "description": "A node that applies a mechanism.",
        "required": ["mechanism"],
        "properties": { "mechanism": { "enum": ids, "description": "Which mechanism." } },
        "allOf": chosen.collect::<Vec<Value>>(),
        "anyOf": offered,
    })
}

/// The table of a neuron with this mechanism.
fn neuron(card: &Card) -> Value {
    let mut properties = Map::new();
    let mut required = vec!["mechanism"];
    for setting in card.settings {
        properties.insert(setting.name.to_owned(), property(setting));
        if setting.default == Absent::Required {
            required.push(setting.name);
        }
    }
    let name = json!({ "const": card.id, "description": card.formula });
    properties.insert("mechanism".to_owned(), name);
    properties.insert("title".to_owned(), text("Name for people."));
    properties.insert("retain".to_owned(), reference("share"));
    properties.insert("pinch".to_owned(), reference("pinch"));
    if !card.actions.is_empty() {
        let name = |action: &Action| if action.name == "*" { "any" } else { action.name };
        let names: Vec<&str> = card.actions.iter().map(name).collect();
        let doc = format!("Event log, one JSON object a line; actions: {}.", names.join(", "));
        properties.insert("events".to_owned(), file(&doc));
    }
    let mut schema = table(card.formula, &required, &Value::Object(properties));
    schema["title"] = json!(card.title);
    schema
}

fn property(setting: &Setting) -> Value {
    let mut schema = match setting.kind {
        Kind::Bool => json!({ "type": "boolean" }),
        Kind::Integer { min, max } => {
            let mut schema = json!({ "type": "integer" });
            if min != i64::MIN {
                schema["minimum"] = json!(min);
            }
            if max != i64::MAX {
                schema["maximum"] = json!(max);
            }
            schema
        }
        Kind::Number { min, max } => {
            let mut schema = json!({ "type": "number" });
            for (key, bound) in [("minimum", min), ("maximum", max)] {
                if bound.abs() < f64::MAX {
                    schema[key] = json!(bound);
                }
            }
            schema
        }
        Kind::Share => reference("share"),
        Kind::Decimal => reference("amount"),
        Kind::Text if setting.names_payees() => id(""),
        Kind::Text => text(""),
        Kind::Choice(words) => json!({ "enum": words }),
        Kind::File => file(""),
        Kind::List if setting.names_payees() => list("", &id("Id of a payee.")),
        Kind::List => list("", &json!({ "type": "string" })),
        Kind::Weights => reference("weights"),
        Kind::Time => reference("time"),
    };
    let absent = match setting.default {
        Absent::Required => String::new(),
        Absent::None(meaning) => format!(" When absent: {meaning}."),
        Absent::Default(value) => {
            schema["default"] = default_value(setting.kind, value);
            format!(" When absent: `{value}`.")
        }
    };
    let words = kind_in_words(setting.kind);
    schema["description"] = json!(format!("{} ({words}){absent}", setting.doc));
    schema
}

/// The default as the value an operator would have written.
fn default_value(kind: Kind, text: &str) -> Value {
    let parsed = match kind {
        Kind::Bool => text.parse().ok().map(Value::Bool),
        Kind::Integer { .. } => text.replace('_', "").parse::<i64>().ok().map(Value::from),
        Kind::Number { .. } => text.replace('_', "").parse::<f64>().ok().map(Value::from),
        Kind::List => {
            let texts = text.split(',').map(str::trim).filter(|text| !text.is_empty());
            Some(texts.map(Value::from).collect())
        }
        _ => None,
    };
    parsed.unwrap_or_else(|| json!(text))
}

// --- Parts ------------------------------------------------------------------

fn shared_definitions() -> Map<String, Value> {
    let share = format!(r"^\s*({PERCENT}|{FRACTION}|{PART})\s*$");
    let amount = json!({
        "anyOf": [{ "type": "string", "pattern": AMOUNT }, { "type": "integer", "minimum": 0 }],
        "description": "A decimal and an asset, such as `1_250.75 USDC`; the network's main asset \
                        when none is named.",
    });
    let mut address = matching(ADDRESS, "An EVM address: `0x` and 40 hexadecimal digits.");
    address["not"] = json!({ "pattern": ZERO_ADDRESS });
    let pinch = table(
        "A small share diverted to another node.",
        &["share", "to"],
        &json!({ "share": reference("share"), "to": id("Where it goes.") }),
    );
    let entries = [
        ("share", matching(&share, "Part of a whole: `4%`, `0.04` or `1/25`.")),
        ("amount", amount),
        ("time", time()),
        ("address", address),
        ("pinch", pinch),
        ("weights", weights(0)),
        ("source-weights", weights(1)),
    ];
    entries.map(|(name, schema)| (name.to_owned(), schema)).into_iter().collect()
}

/// Editors see a date of TOML either as its text, or as a value of one of the
/// formats.
fn time() -> Value {
    let of_format = |format: &str| json!({ "type": "string", "pattern": TIME, "format": format });
    json!({
        "description": "A moment: `2026-01-31T18:30:00Z`, or a date.",
        "anyOf": [
            { "type": "string", "pattern": TIME }, of_format("date-time"), of_format("date"),
        ],
    })
}

/// One payee, or payees with weights of at least this. A rule may give a zero a
/// meaning; a source gives it none.
fn weights(least: u8) -> Value {
    let written = format!(r"^\s*(rest|{PERCENT}|{FRACTION}|{PROPORTION})\s*$");
    let mut text = json!({ "type": "string", "pattern": written });
    if least > 0 {
        text["not"] = json!({ "pattern": ZERO });
    }
    let weight = json!({
        "anyOf": [text, { "type": "integer", "minimum": least }],
        "description": "A share such as `70%`, a number that counts in proportion, or `rest`.",
    });
    let leg = table(
        "A weight, with what is special about the edge.",
        &["share"],
        &json!({
            "share": weight,
            "delay": delay(),
            "pinch": reference("pinch"),
        }),
    );
    let mut table = by_id("Payees with their weights.", &json!({ "anyOf": [weight, leg] }));
    if least > 0 {
        table["minProperties"] = json!(1);
    }
    json!({
        "description": "One payee, or payees with their weights: `{ council = \"70%\", … }`.",
        "anyOf": [id("The one payee."), table],
    })
}

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/$defs/{name}") })
}

/// A table with these keys and no others.
fn table(doc: &str, required: &[&str], properties: &Value) -> Value {
    json!({
        "type": "object",
        "description": doc,
        "required": required,
        "properties": properties,
        "additionalProperties": false,
    })
}

/// A table whose keys are ids.
fn by_id(doc: &str, item: &Value) -> Value {
    json!({
        "type": "object",
        "description": doc,
        "propertyNames": { "maxLength": ID_BYTES_MAX, "pattern": ID },
        "additionalProperties": item,
    })
}

/// The same with at least one entry.
fn some_by_id(doc: &str, item: &Value) -> Value {
    let mut schema = by_id(doc, item);
    schema["minProperties"] = json!(1);
    schema
}

fn list(doc: &str, item: &Value) -> Value {
    json!({ "type": "array", "description": doc, "items": item })
}

fn id(doc: &str) -> Value {
    json!({ "type": "string", "maxLength": ID_BYTES_MAX, "pattern": ID, "description": doc })
}

fn text(doc: &str) -> Value {
    json!({ "type": "string", "description": doc })
}

fn file(doc: &str) -> Value {
    matching(PATH, doc)
}

fn matching(pattern: &str, doc: &str) -> Value {
    json!({ "type": "string", "pattern": pattern, "description": doc })
}

fn whole(min: u32, doc: &str) -> Value {
    json!({ "type": "integer", "minimum": min, "maximum": u32::MAX, "description": doc })
}

fn delay() -> Value {
    let doc = "Arrives so many epochs later.";
    json!({ "type": "integer", "minimum": 0, "maximum": DELAY_MAX, "description": doc })
}

fn flag(doc: &str) -> Value {
    json!({ "type": "boolean", "description": doc })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::card::{Family, Status};
    use crate::fault::Fault;
    use crate::mechanism::{Blueprint, Mechanism};

    const fn setting(name: &'static str, kind: Kind, default: Absent) -> Setting {
        Setting { name, kind, default, doc: "What it is." }
    }

    const SETTINGS: &[Setting] = &[
        setting("votes", Kind::File, Absent::Required),
        setting("strict", Kind::Bool, Absent::Default("true")),
        setting("rounds", Kind::Integer { min: 1, max: 9 }, Absent::Default("3")),
        setting("wide", Kind::Integer { min: i64::MIN, max: i64::MAX }, Absent::None("any")),
        setting("slope", Kind::Number { min: 0.5, max: f64::INFINITY }, Absent::Default("1.5")),
        setting("cap", Kind::Share, Absent::None("no cap")),
        setting("floor", Kind::Decimal, Absent::Default("0")),
        setting("note", Kind::Text, Absent::None("none")),
        setting("mode", Kind::Choice(&["mean", "median"]), Absent::Default("median")),
        setting("owners", Kind::List, Absent::Default("ann, bob")),
        setting("to", Kind::Weights, Absent::Required),
        setting("until", Kind::Time, Absent::None("no end")),
    ];

    static CARD: Card = Card {
        id: "fair",
        title: "Fair share",
        family: Family::Flow,
        formula: "x = pool / n",
        status: Status::Preview { since: "0.1.0" },
        sources: &[],
        settings: SETTINGS,
        actions: &[Action { name: "join", fields: &[], optional: &[], doc: "Takes part." }],
        reads: &[],
        emits: &[],
    };

    fn build(_: &Blueprint<'_>) -> Result<Box<dyn Mechanism>, Vec<Fault>> {
        Err(Vec::new())
    }

    fn schema() -> Value {
        network_schema(&[Entry { card: &CARD, build }])
    }

    #[test]
    fn every_setting_appears_with_its_bounds_and_default() {
        let schema = schema();
        let neuron = &schema["$defs"]["neuron-fair"];
        for setting in SETTINGS {
            let property = &neuron["properties"][setting.name];
            let doc = property["description"].as_str().unwrap();
            assert!(doc.starts_with("What it is. ("), "{}: {doc}", setting.name);
        }
        let property = |name: &str| neuron["properties"][name].clone();
        assert_eq!(neuron["required"], json!(["mechanism", "votes", "to"]));
        assert_eq!(property("strict")["default"], json!(true));
        assert_eq!(property("rounds")["default"], json!(3));
        assert_eq!(property("rounds")["maximum"], json!(9));
        assert_eq!(property("wide").get("minimum"), None);
        assert_eq!(property("slope")["minimum"], json!(0.5));
        assert_eq!(property("slope").get("maximum"), None);
        assert_eq!(property("owners")["default"], json!(["ann", "bob"]));
        assert_eq!(property("mode")["enum"], json!(["mean", "median"]));
        assert_eq!(property("mechanism")["const"], json!("fair"));
        assert!(property("events")["description"].as_str().unwrap().contains("join"));
    }

    #[test]
    fn every_reference_leads_somewhere() {
        fn references(value: &Value, found: &mut Vec<String>) {
            match value {
                Value::Object(map) => {
                    found.extend(map.get("$ref").and_then(Value::as_str).map(str::to_owned));
                    map.values().for_each(|value| references(value, found));
                }
                Value::Array(items) => items.iter().for_each(|value| references(value, found)),
                _ => {}
            }
        }
        let schema = schema();
        let mut found = Vec::new();
        references(&schema, &mut found);
        assert!(found.len() > 10);
        for reference in found {
            let pointer = reference.strip_prefix('#').unwrap();
            assert!(schema.pointer(pointer).is_some(), "{reference}");
        }
    }

    #[test]
    fn an_empty_catalogue_allows_no_neuron() {
        assert_eq!(network_schema(&[])["$defs"]["neuron"], json!(false));
    }

    #[test]
    fn the_keys_of_the_network_are_no_settings() {
        let schema = schema();
        let properties = schema["$defs"]["neuron-fair"]["properties"].as_object().unwrap();
        let mut own: Vec<&str> = properties
            .keys()
            .map(String::as_str)
            .filter(|key| !SETTINGS.iter().any(|setting| setting.name == *key))
            .collect();
        own.sort_unstable();
        let mut keys = NEURON_KEYS;
        keys.sort_unstable();
        assert_eq!(own, keys);
    }
}
