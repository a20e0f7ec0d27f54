//! The files that are written from the code: a page for each mechanism and the
//! JSON schema of network files.

use std::collections::BTreeMap;
use std::fs;

use allonet_core::card::Card;
use allonet_core::page::{catalogue_page, mechanism_page};
use allonet_core::schema::{NEURON_KEYS, network_schema};
use serde_json::Value;

use crate::finding::{Finding, Trouble, conclude};
use crate::json_schema;
use crate::rust_source::RustSource;
use crate::workspace;

/// Everything in this folder is generated.
const PAGES: &str = "docs/mechanisms/";
const SCHEMA: &str = "docs/allonet.schema.json";
const RULES: &str = "crates/allonet-mechanisms/src/";

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
    let schema = network_schema(allonet_mechanisms::catalogue());
    for path in files.iter().filter(|path| is_example(path)) {
        let text = workspace::text_of(path)?.unwrap_or_default();
        findings.extend(misfits(path, &text, &schema));
    }
    conclude(findings)
}

/// The ids of all mechanisms.
pub(crate) fn mechanism_ids() -> impl Iterator<Item = &'static str> {
    cards().map(|card| card.id)
}

/// Whether a file is an example network.
pub(crate) fn is_example(path: &str) -> bool {
    path.starts_with("examples/") && path.ends_with(".allonet.toml")
}

fn cards() -> impl Iterator<Item = &'static Card> {
    allonet_mechanisms::catalogue().iter().map(|entry| entry.card)
}

fn is_page(path: &str) -> bool {
    path.starts_with(PAGES)
}

/// Every generated file with the text it should have.
fn wanted(files: &[String]) -> Result<BTreeMap<String, String>, Trouble> {
    let mut sources = Vec::new();
    for path in files.iter().filter(|path| path.starts_with(RULES) && workspace::is_rust(path)) {
        sources.extend(workspace::text_of(path)?.map(|text| (path.clone(), text)));
    }
    let mut wanted = BTreeMap::new();
    for card in cards() {
        let docs = module_docs(source_of(card.id, &sources)?);
        wanted.insert(format!("{PAGES}{}.md", card.id), mechanism_page(card, &docs));
    }
    wanted.insert(format!("{PAGES}README.md"), catalogue_page(cards()));
    let schema = network_schema(allonet_mechanisms::catalogue());
    wanted.insert(SCHEMA.to_owned(), format!("{schema:#}\n"));
    Ok(wanted)
}

/// The one source file whose code holds the card with this id.
fn source_of<'a>(id: &str, sources: &'a [(String, String)]) -> Result<&'a str, Trouble> {
    let line = format!("    id: \"{id}\",");
    let holds = |text: &str| {
        let code = RustSource::read(text).code_without_tests();
        let blank = format!("    id: \"{}\",", " ".repeat(id.chars().count()));
        // The line as written, where the code without tests still has it.
        text.lines().zip(code.lines()).any(|(written, code)| written == line && code == blank)
    };
    let mut found = sources.iter().filter(|(_, text)| holds(text));
    match (found.next(), found.next()) {
        (Some((_, text)), None) => Ok(text),
        (None, _) => Err(Trouble::Unexpected(format!(
            "no file under {RULES} has the line `{}`; write the id of a card as a plain text",
            line.trim()
        ))),
        (Some((one, _)), Some((other, _))) => {
            Err(Trouble::Unexpected(format!("{one} and {other} both hold the card `{id}`")))
        }
    }
}

/// The `//!` header of a file, without the slashes.
fn module_docs(text: &str) -> String {
    let lines = text.lines().map_while(|line| line.strip_prefix("//!"));
    lines.map(|line| line.strip_prefix(' ').unwrap_or(line)).collect::<Vec<_>>().join("\n")
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
    use allonet_core::card::{Absent, Kind, Setting, Status};
    use serde_json::json;

    use super::*;

    #[test]
    fn the_header_of_a_file_is_read() {
        let text = "//! One.\n//!\n//! # Two\n//!   three\n\nuse x;\n//! no\n";
        assert_eq!(module_docs(text), "One.\n\n# Two\n  three");
    }

    #[test]
    fn the_file_of_a_card_is_found() {
        let file = |name: &str, text: &str| (name.to_owned(), text.to_owned());
        let rule = "Card {\n    id: \"fair\",\n}\n";
        let sources = [
            file("a.rs", rule),
            file("b.rs", "#[cfg(test)]\nmod t {\n    id: \"fair\",\n}\n"),
            file("c.rs", "// x\n    id: \"fairer\",\n"),
        ];
        assert_eq!(source_of("fair", &sources).unwrap(), rule);
        assert!(source_of("none", &sources).unwrap_err().to_string().contains("no file under"));
        let twice = [file("a.rs", rule), file("b.rs", rule)];
        assert!(source_of("fair", &twice).unwrap_err().to_string().contains("a.rs and b.rs"));
    }

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
        let schema = network_schema(allonet_mechanisms::catalogue());
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

    const NETWORK: &str = r#"
        [network]
        name = "spring-round"
        title = "Spring"
        epoch_ends = [2026-01-31T00:00:00Z, "2026-02-28"]
        max_depth = 16
        [assets.USDC]
        decimals = 6
        [sources.treasury]
        gives = ["500_000 USDC", { amount = "1.5 USDC", epoch = 1 }]
        to = { council = "70%", matching = "3/10" }
        pinch = { share = "2%", to = "upstream" }
        [neurons.council]
        mechanism = "split"
        retain = "5%"
        to = { alice = 3, bob = 1 }
        [neurons.matching]
        mechanism = "pass-through"
        to = "alice"
        [recipients.alice]
        address = "0x00000000000000000000000000000000000000aA"
        [recipients.bob]
        [recipients.upstream]
        [[edges]]
        from = "council"
        to = "alice"
        delay = 1
        [[signals]]
        from = "council"
        to = "matching"
        name = "weights"
        [[promises]]
        max_share = "80%"
        budget_max = "500_000 USDC"
    "#;

    fn check(network: &str) -> Vec<String> {
        let schema = network_schema(allonet_mechanisms::catalogue());
        misfits("a", network, &schema).into_iter().map(|finding| finding.message).collect()
    }

    #[test]
    fn a_network_fits_the_schema() {
        assert_eq!(check(NETWORK), [""; 0]);
    }

    #[test]
    fn slips_do_not_fit() {
        for (written, slip, problem) in [
            ("name = \"spring-round\"", "", "network: the key `name` is missing"),
            ("decimals", "decimal", "assets.USDC: the key `decimals` is missing"),
            ("retain = \"5%\"", "retian = \"5%\"", "neurons.council.retian: nothing is allowed"),
            ("\"2%\"", "\"2 percent\"", "sources.treasury.pinch.share: \"2 percent\" does not"),
            ("000aA\"", "000a\"", "recipients.alice.address: \"0x"),
            ("\"split\"", "\"splat\"", "neurons.council: fits none of the oneOf"),
            ("delay = 1", "delay = -1", "edges[0].delay: -1 does not keep the minimum 0"),
        ] {
            assert!(NETWORK.contains(written), "{written}");
            let problems = check(&NETWORK.replacen(written, slip, 1));
            let named = problems.iter().any(|found| found.contains(problem));
            assert!(named, "{slip}: {problems:#?}");
        }
    }

    #[test]
    fn every_card_has_its_source_and_page() {
        let wanted = wanted(&workspace::files().unwrap()).unwrap();
        for card in cards() {
            let page = &wanted[&format!("{PAGES}{}.md", card.id)];
            assert!(page.contains("## In detail"), "{}: no module documentation", card.id);
        }
        let schema: Value = serde_json::from_str(&wanted[SCHEMA]).unwrap();
        assert_eq!(schema["type"], json!("object"));
    }
}
