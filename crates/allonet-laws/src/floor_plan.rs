//! Every mechanism file has the same sections in the same order.

use std::fs;
use std::path::{Path, PathBuf};

use allonet_core::mechanism::Entry;

/// Lines that must begin so in each file, in this order.
const SECTIONS: &[&str] = &[
    "//! # Formula",
    "//! # Units and rounding",
    "//! # Limits",
    "//! # Known weaknesses",
    "//! # Sources",
    "//! # Example",
    "// --- Card ---",
    "// --- Settings ---",
    "// --- Signals ---",
    "// --- Refusals ---",
    "// --- Rule ---",
    "// --- Tests ---",
    "// Worked examples.",
    "// Refusals.",
    "// Laws.",
    "// Reference:",
];

/// What only a mechanism file declares.
const CARD: &str = "pub static CARD: Card = Card {";

/// The four kinds of tests that each file has.
const TESTS: &[&str] = &["// Worked examples.", "// Refusals.", "// Laws.", "// Reference:"];

/// Checks the mechanism files below a source folder against a catalogue.
///
/// # Panics
///
/// If a file lacks a section or a kind of test, or the catalogue lacks a file.
pub fn check_floor_plan(sources: &Path, catalogue: &[Entry]) {
    let rooms = rooms(sources);
    let faults: Vec<String> = rooms.iter().filter_map(|(path, text)| fault(path, text)).collect();
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
    for (path, text) in &rooms {
        check_tests(path, text);
    }
    let mut ids: Vec<&str> = catalogue.iter().map(|entry| entry.card.id).collect();
    assert_eq!(ids.len(), rooms.len(), "one entry for each file with a card: {ids:?}");
    assert!(ids.is_sorted(), "the catalogue is in order of ids: {ids:?}");
    ids.dedup();
    assert_eq!(ids.len(), catalogue.len(), "ids are unique");
}

/// No kind of test is only a heading.
fn check_tests(path: &Path, text: &str) {
    let (_, tests) = text.split_once("// --- Tests ---").expect("the floor plan has it");
    for (at, kind) in TESTS.iter().enumerate() {
        let from = tests.find(kind).expect("the floor plan has it");
        let later = TESTS[at + 1..].iter().filter_map(|next| tests.find(next));
        let section = &tests[from..later.min().unwrap_or(tests.len())];
        let has_test = section.contains("#[test]");
        assert!(has_test, "{}: there is no test below `{kind}`", path.display());
    }
}

/// Mechanism files below the source folder, with their text.
fn rooms(sources: &Path) -> Vec<(PathBuf, String)> {
    let mut folders = vec![sources.to_owned()];
    let mut rooms = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("the sources can be read") {
            let path = entry.expect("the sources can be read").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).expect("the sources are text");
                if text.contains(CARD) {
                    rooms.push((path, text));
                }
            }
        }
    }
    rooms.sort();
    rooms
}

/// Names the first section that is missing or out of order.
fn fault(path: &Path, text: &str) -> Option<String> {
    let mut lines = text.lines().map(str::trim_start);
    SECTIONS
        .iter()
        .find(|section| !lines.any(|line| line.starts_with(**section)))
        .map(|section| format!("{}: `{section}` is missing or out of order", path.display()))
}
