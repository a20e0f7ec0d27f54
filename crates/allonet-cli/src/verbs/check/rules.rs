//! The rule of a neuron in one line: what it is called, its formula, and the
//! settings that are not the usual ones.

use crate::verbs::catalogue;
use allonet_core::card::{Absent, Card, Kind, Setting};
use allonet_core::network::{Details, Node, NodeKind};
use allonet_core::table::Table;
use serde_json::Value;

use crate::files::Inputs;
use crate::ui::{counted, grouped};

/// How many payees or entries of a list are named.
const NAMED: usize = 4;

/// The card of a neuron's mechanism.
pub(super) fn card(node: &Node) -> Option<&'static Card> {
    if let NodeKind::Neuron(rule) = &node.kind {
        return Some(rule.card());
    }
    let id = node.details.as_ref()?.mechanism?;
    catalogue().iter().map(|entry| entry.card).find(|card| card.id == id)
}

/// The rule of a neuron in one line.
pub(super) fn line(node: &Node, inputs: &Inputs) -> String {
    let Some(card) = card(node) else { return "fixed shares".to_owned() };
    let mut parts = vec![card.formula.to_owned()];
    if !node.retain().is_zero() {
        parts.push(format!("retains {}", node.retain()));
    }
    if let Some(details) = &node.details {
        let settings = card.settings.iter();
        parts.extend(settings.filter_map(|setting| shown(setting, details, inputs)));
        if let Some(log) = details.events.as_ref() {
            parts.push(counted(log.events().len(), "event"));
        }
    }
    format!("{} — {}", card.title, parts.join(", "))
}

/// A setting, unless it is as usual.
fn shown(setting: &Setting, details: &Details, inputs: &Inputs) -> Option<String> {
    let value = details.settings.get(setting.name)?;
    if matches!(setting.default, Absent::Default(usual) if usual == value) {
        return None;
    }
    Some(match setting.kind {
        Kind::File => format!("{value}{}", rows(value, inputs)),
        Kind::List => format!("{} {}", setting.name, list(value)),
        Kind::Weights => format!("to {}", weights(value)),
        _ => format!("{} {value}", setting.name),
    })
}

/// ` (1,234 rows)` of a table.
fn rows(path: &str, inputs: &Inputs) -> String {
    let table = |path: &str| [".csv", ".tsv"].iter().any(|end| path.ends_with(end));
    let input = inputs.find(path).filter(|input| table(&input.path));
    let read = input.and_then(|input| Table::read(&input.file, &[]).ok());
    read.map_or(String::new(), |table| format!(" ({})", counted(table.len(), "row")))
}

/// A JSON list of texts.
fn list(value: &str) -> String {
    let texts: Vec<String> = serde_json::from_str(value).unwrap_or_default();
    first_of(&texts)
}

/// A JSON table of payees and weights.
fn weights(value: &str) -> String {
    let table: serde_json::Map<String, Value> = serde_json::from_str(value).unwrap_or_default();
    let pairs: Vec<String> = table
        .iter()
        .map(|(payee, weight)| format!("{payee} {}", weight.as_str().unwrap_or_default()))
        .collect();
    first_of(&pairs)
}

fn first_of(texts: &[String]) -> String {
    let named = texts.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
    match texts.len().saturating_sub(NAMED) {
        0 => named,
        more => format!("{named} and {} more", grouped(more)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lists_are_cut() {
        assert_eq!(weights(r#"{"a":"70%","b":"rest"}"#), "a 70%, b rest");
        assert_eq!(list(r#"["a","b","c","d","e","f"]"#), "a, b, c, d and 2 more");
    }
}
