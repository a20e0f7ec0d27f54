//! The files that are written from the code: a page for each mechanism and the
//! JSON schema of network files.

use std::collections::BTreeMap;
use std::fs;

use allonet_core::card::Card;
use allonet_core::mechanism::{Entry, merged};
use allonet_core::page::{catalogue_page, mechanism_page};
use allonet_core::schema::{NEURON_KEYS, network_schema};
use serde_json::Value;

use crate::finding::{Finding, Trouble, conclude};
use crate::json_schema;
use crate::rules::{self, PAGES, page_of};
use crate::workspace::{self, is_example};

const SCHEMA: &str = "docs/allonet.schema.json";

/// Writes the generated files and removes pages of mechanisms that are gone.
pub(crate) fn write() -> Result<(), Trouble> {
    let files = workspace::files()?;
    let wanted = wanted(&files)?;
    for (path, text) in &wanted {
        if workspace::text_of(path).ok().flatten().as_ref() == Some(text) {
            continue;
        }
        let full = workspace::root().join(path);
        if let Some(folder) = full.parent() {
            fs::create_dir_all(folder).map_err(Trouble::file(folder))?;
        }
        fs::write(&full, text).map_err(Trouble::file(&full))?;
        println!("wrote {path}");
    }
    for path in files.iter().filter(|path| is_page(path) && !wanted.contains_key(*path)) {
        let full = workspace::root().join(path);
        fs::remove_file(&full).map_err(Trouble::file(&full))?;
        println!("removed {path}");
    }
    Ok(())
}

/// Checks that the generated files are in step with the code, that no card
/// takes a key of the network, and that every example fits the schema.
pub(crate) fn check() -> Result<(), Trouble> {
    let files = workspace::files()?;
    let wanted = wanted(&files)?;
    let mut findings = Vec::new();
    for (path, text) in &wanted {
        let found = if files.contains(path) { workspace::text_of(path)? } else { None };
        findings.extend(difference(path, found.as_deref(), text));
    }
    for path in files.iter().filter(|path| is_page(path) && !wanted.contains_key(*path)) {
        let message = "is of no mechanism; `cargo xtask gen` removes it";
        findings.push(Finding::new(path.as_str(), message));
    }
    findings.extend(cards().flat_map(reserved_keys));
    let schema = network_schema(&catalogue());
    for path in files.iter().filter(|path| is_example(path)) {
        let text = workspace::text_of(path)?.unwrap_or_default();
        findings.extend(misfits(path, &text, &schema));
    }
    conclude(findings)
}

/// The mechanisms of all catalogues, by id.
fn catalogue() -> Vec<Entry> {
    merged(&[
        allonet_mechanisms::catalogue(),
        allonet_topics::catalogue(),
        allonet_weights::catalogue(),
    ])
}

/// The ids of all mechanisms.
pub(crate) fn mechanism_ids() -> Vec<&'static str> {
    cards().map(|card| card.id).collect()
}

fn cards() -> impl Iterator<Item = &'static Card> {
    catalogue().into_iter().map(|entry| entry.card)
}

fn is_page(path: &str) -> bool {
    path.starts_with(PAGES)
}

/// Every generated file with the text it should have.
fn wanted(files: &[String]) -> Result<BTreeMap<String, String>, Trouble> {
    let rules = rules::read(files)?;
    let mut wanted = BTreeMap::new();
    for card in cards() {
        let docs = rules::module_docs(card.id, &rules)?;
        wanted.insert(page_of(card.id), mechanism_page(card, &docs));
    }
    wanted.insert(format!("{PAGES}README.md"), catalogue_page(cards()));
    let schema = network_schema(&catalogue());
    wanted.insert(SCHEMA.to_owned(), format!("{schema:#}\n"));
    Ok(wanted)
}

/// Where a generated file first differs from what it should be.
fn difference(path: &str, found: Option<&str>, wanted: &str) -> Option<Finding> {
    let Some(found) = found else {
        return Some(Finding::new(path, "is missing; `cargo xtask gen` writes it"));
    };
    if found == wanted {
        return None;
    }
    let same = found.lines().zip(wanted.lines()).take_while(|(found, wanted)| found == wanted);
    let message = "is not in step with the code; `cargo xtask gen` writes it anew";
    Some(Finding::on_line(path, same.count() + 1, message))
}

/// Settings of a card that the network would take for its own keys.
fn reserved_keys(card: &Card) -> Vec<Finding> {
    let taken = |name: &str| NEURON_KEYS.contains(&name);
    let names = card.settings.iter().map(|setting| setting.name).filter(|name| taken(name));
    names
        .map(|name| {
            let message = format!("has a setting `{name}`, a key every neuron has; rename it");
            Finding::new(format!("mechanism {}", card.id), message)
        })
        .collect()
}

/// Where an example does not fit the schema.
fn misfits(path: &str, text: &str, schema: &Value) -> Vec<Finding> {
    match text.parse::<toml::Table>() {
        Ok(table) => json_schema::problems(schema, &json_schema::from_toml(&table.into()))
            .into_iter()
            .map(|problem| Finding::new(path, format!("does not fit the schema: {problem}")))
            .collect(),
        Err(error) => vec![Finding::new(path, format!("is no TOML: {error}"))],
    }
}

#[cfg(test)]
mod tests {
    use allonet_core::card::{Absent, Family, Kind, Setting, Status};
    use serde_json::json;

    use super::*;

    #[test]
    fn the_first_difference_is_named() {
        assert_eq!(difference("a", Some("x\ny\n"), "x\ny\n"), None);
        assert_eq!(difference("a", Some("x\ny\n"), "x\nz\n").unwrap().line, Some(2));
        assert_eq!(difference("a", Some("x\n"), "x\nz\n").unwrap().line, Some(2));
        assert_eq!(difference("a", None, "x\n").unwrap().line, None);
    }

    #[test]
    fn no_card_takes_a_key_of_the_network() {
        const SETTINGS: &[Setting] =
            &[Setting { name: "retain", kind: Kind::Bool, default: Absent::Required, doc: "" }];
        let card = Card {
            id: "fair",
            title: "",
            family: Family::Flow,
            formula: "",
            status: Status::Preview { since: "" },
            sources: &[],
            settings: SETTINGS,
            actions: &[],
            reads: &[],
            emits: &[],
        };
        assert_eq!(reserved_keys(&card).len(), 1);
        assert_eq!(cards().flat_map(reserved_keys).collect::<Vec<_>>(), []);
    }

    #[test]
    fn every_default_is_a_value_of_its_kind() {
        let schema = network_schema(&catalogue());
        for card in cards() {
            let properties = &schema["$defs"][format!("neuron-{}", card.id)]["properties"];
            for setting in card.settings {
                let mut property = properties[setting.name].clone();
                let Some(default) = property.get("default").cloned() else { continue };
                property["$defs"] = schema["$defs"].clone();
                let problems = json_schema::problems(&property, &default);
                assert_eq!(problems, [""; 0], "{}: {}", card.id, setting.name);
            }
        }
    }

    #[test]
    fn every_card_has_its_source_and_page() {
        let wanted = wanted(&workspace::files().unwrap()).unwrap();
        for card in cards() {
            let page = &wanted[&page_of(card.id)];
            assert!(page.contains("## In detail"), "{}: no module documentation", card.id);
        }
        let schema: Value = serde_json::from_str(&wanted[SCHEMA]).unwrap();
        assert_eq!(schema["type"], json!("object"));
    }
}
