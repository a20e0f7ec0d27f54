//! The files of the mechanisms: where the documentation of a card stands, and
//! whether each mechanism has a page and an example. That all files have the same
//! sections, and all cards are listed, is a test of the mechanisms' own crate.

use crate::finding::{Finding, Trouble};
use crate::rust_source::RustSource;
use crate::workspace::{self, is_example};

const FOLDERS: [&str; 3] =
    ["crates/allonet-mechanisms/src/", "crates/allonet-topics/src/", "crates/allonet-weights/src/"];

/// Everything in this folder is generated.
pub(crate) const PAGES: &str = "docs/mechanisms/";

/// A file that holds cards.
#[derive(Debug)]
pub(crate) struct RuleFile {
    path: String,
    text: String,
    /// Ids of its cards.
    ids: Vec<String>,
}

/// All files that hold cards.
pub(crate) fn read(files: &[String]) -> Result<Vec<RuleFile>, Trouble> {
    let mut found = Vec::new();
    for path in files.iter().filter(|path| may_hold_cards(path)) {
        if let Some(text) = workspace::text_of(path)? {
            let ids = ids_in(&text);
            if !ids.is_empty() {
                found.push(RuleFile { path: path.clone(), text, ids });
            }
        }
    }
    Ok(found)
}

fn may_hold_cards(path: &str) -> bool {
    workspace::is_rust(path) && FOLDERS.iter().any(|folder| path.starts_with(folder))
}

/// Checks that each mechanism has a page and appears in an example.
pub(crate) fn check(files: &[String], ids: &[&str]) -> Result<Vec<Finding>, Trouble> {
    let mut examples = Vec::new();
    for path in files.iter().filter(|path| is_example(path)) {
        examples.extend(workspace::text_of(path)?);
    }
    Ok(ids.iter().flat_map(|id| undocumented(id, files, &examples)).collect())
}

/// Where the page of a mechanism stands.
pub(crate) fn page_of(id: &str) -> String {
    format!("{PAGES}{id}.md")
}

/// The `//!` header of the file that holds a card, without the slashes.
pub(crate) fn module_docs(id: &str, rules: &[RuleFile]) -> Result<String, Trouble> {
    let mut found = rules.iter().filter(|rule| rule.ids.iter().any(|held| held == id));
    match (found.next(), found.next()) {
        (Some(rule), None) => Ok(header(&rule.text)),
        (None, _) => Err(Trouble::Unexpected(format!(
            "no file of a catalogue has the line `id: \"{id}\",`; write the id of a card as a \
             plain text on a line of its own"
        ))),
        (Some(one), Some(other)) => Err(Trouble::Unexpected(format!(
            "{} and {} both hold the card `{id}`; rename one",
            one.path, other.path
        ))),
    }
}

fn header(text: &str) -> String {
    let lines = text.lines().map_while(|line| line.strip_prefix("//!"));
    lines.map(|line| line.strip_prefix(' ').unwrap_or(line)).collect::<Vec<_>>().join("\n")
}

/// The ids of the cards in a file: the first `id: "…",` behind each
/// `: Card = Card {` outside of tests.
fn ids_in(text: &str) -> Vec<String> {
    let code = RustSource::read(text).code_without_tests();
    let mut ids = Vec::new();
    let mut in_card = false;
    for (line, code) in text.lines().zip(code.lines()) {
        in_card |= code.contains(": Card = Card {");
        if in_card && code.trim_start().starts_with("id: \"") {
            ids.extend(line.split('"').nth(1).map(str::to_owned));
            in_card = false;
        }
    }
    ids
}

/// A mechanism has a page and appears in an example.
fn undocumented(id: &str, files: &[String], examples: &[String]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let page = page_of(id);
    if !files.contains(&page) {
        findings.push(Finding::new(page, "is missing; `cargo xtask gen` writes it"));
    }
    if !examples.iter().any(|text| uses(text, id)) {
        let message = "no `*.allonet.toml` under examples/ has a neuron with it; add one";
        findings.push(Finding::new(format!("mechanism {id}"), message));
    }
    findings
}

/// Whether a network file has a neuron with this mechanism.
fn uses(network: &str, id: &str) -> bool {
    let Ok(table) = network.parse::<toml::Table>() else { return false };
    let neurons = table.get("neurons").and_then(toml::Value::as_table);
    neurons.into_iter().flat_map(toml::Table::values).any(|neuron| {
        neuron.get("mechanism").and_then(toml::Value::as_str).is_some_and(|used| used == id)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const CARD: &str = "pub static CARD: Card = Card {\n    id: \"fair\",\n};\n";

    fn rule(path: &str, text: &str) -> RuleFile {
        RuleFile { path: path.to_owned(), text: text.to_owned(), ids: ids_in(text) }
    }

    #[test]
    fn the_header_of_a_file_is_read() {
        let text = "//! One.\n//!\n//! # Two\n//!   three\n\nuse x;\n//! no\n";
        assert_eq!(header(text), "One.\n\n# Two\n  three");
    }

    #[test]
    fn cards_are_found_outside_of_tests() {
        let text = format!("{CARD}\n    id: \"other\",\n#[cfg(test)]\nmod t {{\n{CARD}}}\n");
        assert_eq!(ids_in(&text), ["fair"]);
        assert_eq!(ids_in("// : Card = Card {\n    id: \"fair\",\n"), [""; 0]);
    }

    #[test]
    fn each_card_has_one_file() {
        let docs = |id: &str, rules: &[RuleFile]| module_docs(id, rules);
        let one = rule("a.rs", &format!("//! A.\n{CARD}"));
        assert_eq!(docs("fair", &[one]).unwrap(), "A.");
        let none = docs("fair", &[]).unwrap_err().to_string();
        assert!(none.contains("`id: \"fair\",`"), "{none}");
        let two = docs("fair", &[rule("a.rs", CARD), rule("b.rs", CARD)]).unwrap_err().to_string();
        assert!(two.starts_with("a.rs and b.rs both"), "{two}");
    }

    #[test]
    fn a_mechanism_needs_a_page_and_an_example() {
        let network = "[neurons.a]\nmechanism = \"fair\"\n".to_owned();
        let pages = [page_of("fair")];
        assert_eq!(undocumented("fair", &pages, std::slice::from_ref(&network)), []);
        assert_eq!(undocumented("other", &pages, &[network]).len(), 2);
    }
}
