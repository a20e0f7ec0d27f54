//! The catalogue of mechanisms, at the command line.

use std::process::ExitCode;

use crate::verbs::catalogue;
use allonet_core::card::{Absent, Card, Family, Status};
use allonet_core::fault::{Fault, did_you_mean};
use allonet_core::page::kind_in_words;
use serde_json::{Value, json};

use crate::diagnose::Failure;
use crate::ui::{Tone, Ui};

/// Columns of running text.
const WIDTH: usize = 96;

/// Lists all mechanisms, family by family.
pub(super) fn list(ui: &Ui) {
    let cards = |family: Family| {
        catalogue().iter().map(|entry| entry.card).filter(move |card| card.family == family)
    };
    if ui.is_json() {
        let rows: Vec<Value> =
            Family::ALL.iter().flat_map(|family| cards(*family)).map(short).collect();
        ui.print_json(&rows);
        return;
    }
    let mut rows: Vec<Vec<String>> = Vec::new();
    for family in Family::ALL {
        let mut name = family.name().to_owned();
        for card in cards(*family) {
            let family = std::mem::take(&mut name);
            rows.push(vec![
                family,
                card.id.to_owned(),
                card.title.to_owned(),
                card.formula.to_owned(),
            ]);
        }
    }
    ui.print(&ui.table(&["family", "mechanism", "name", "rule"], &rows, &[]));
    ui.print("allonet explain --mechanism ID tells all about one of them.");
}

/// Tells all about one mechanism.
pub(super) fn explain(id: &str, ui: &Ui) -> Result<ExitCode, Failure> {
    let Some(entry) = catalogue().iter().find(|entry| entry.card.id == id) else {
        let mut fault = Fault::new("unknown-mechanism", format!("there is no mechanism `{id}`"));
        fault.help = did_you_mean(id, catalogue().iter().map(|entry| entry.card.id))
            .or_else(|| Some("`allonet new --list` lists them".to_owned()));
        return Err(Failure::usage(fault));
    };
    if ui.is_json() {
        ui.print_json(&whole(entry.card));
    } else {
        print(entry.card, ui);
    }
    Ok(ExitCode::SUCCESS)
}

fn print(card: &Card, ui: &Ui) {
    ui.print(&format!("{} ({})", ui.tone(Tone::Strong, card.id), card.title));
    ui.print(card.formula);
    ui.print("");
    let facts = [
        ("family", format!("{}: {}", card.family.name(), card.family.about())),
        ("status", status(card.status)),
        ("reads", signals(card.reads)),
        ("emits", signals(card.emits)),
        ("page", format!("docs/mechanisms/{}.md", card.id)),
    ];
    let rows: Vec<Vec<String>> =
        facts.into_iter().map(|(name, value)| vec![name.to_owned(), value]).collect();
    ui.print(&ui.table(&[], &rows, &[]));
    for setting in card.settings {
        let kind = kind_in_words(setting.kind).replace('`', "");
        let absent = match setting.default {
            Absent::Required => "required".to_owned(),
            Absent::None(meaning) => format!("absent: {meaning}"),
            Absent::Default(text) => format!("default {text}"),
        };
        block(setting.name, &format!("{kind}; {absent}"), setting.doc, ui);
    }
    for action in card.actions {
        let optional = action.optional.iter().map(|field| format!("[{field}]"));
        let fields = action.fields.iter().map(|field| (*field).to_owned()).chain(optional);
        let fields = fields.collect::<Vec<_>>().join(", ");
        block(&format!("action {}", action.name), &fields, action.doc, ui);
    }
    ui.print("");
    for source in card.sources {
        ui.print(&format!("{}\n  {}", source.cite, source.url));
    }
}

/// A name with what it is, and below it what it means.
fn block(name: &str, is: &str, doc: &str, ui: &Ui) {
    ui.print("");
    let head = format!("{}  {is}", ui.tone(Tone::Strong, name));
    let lines = [("", head), ("    ", plain(doc))];
    for (indent, text) in lines {
        let options = textwrap::Options::new(WIDTH).initial_indent(indent);
        ui.print(&textwrap::fill(&text, options.subsequent_indent("    ")));
    }
}

/// Without the marks of Markdown.
fn plain(text: &str) -> String {
    text.replace('`', "")
}

fn status(status: Status) -> String {
    match status {
        Status::Preview { since } => format!("preview, since {since}"),
        Status::Stable { since } => format!("stable, since {since}"),
    }
}

fn signals(names: &[&str]) -> String {
    if names.is_empty() { "no signals".to_owned() } else { names.join(", ") }
}

fn short(card: &Card) -> Value {
    json!({
        "id": card.id,
        "title": card.title,
        "family": card.family.name(),
        "formula": card.formula,
    })
}

fn whole(card: &Card) -> Value {
    let settings: Vec<Value> = card
        .settings
        .iter()
        .map(|setting| {
            let default = match setting.default {
                Absent::Required | Absent::None(_) => None,
                Absent::Default(text) => Some(text),
            };
            json!({
                "name": setting.name,
                "kind": kind_in_words(setting.kind),
                "required": setting.default == Absent::Required,
                "default": default,
                "doc": setting.doc,
            })
        })
        .collect();
    let actions: Vec<Value> = card
        .actions
        .iter()
        .map(|action| {
            json!({
                "name": action.name,
                "fields": action.fields,
                "optional": action.optional,
                "doc": action.doc,
            })
        })
        .collect();
    let sources: Vec<Value> = card
        .sources
        .iter()
        .map(|source| json!({ "cite": source.cite, "url": source.url }))
        .collect();
    json!({
        "id": card.id,
        "title": card.title,
        "family": card.family.name(),
        "formula": card.formula,
        "status": status(card.status),
        "reads": card.reads,
        "emits": card.emits,
        "settings": settings,
        "actions": actions,
        "sources": sources,
    })
}
