//! Examples that use mechanisms of several catalogues run, pay everybody and verify.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// Network files below `examples/` with a neuron that weighs or foresees.
fn examples() -> Vec<PathBuf> {
    let (mut folders, mut found) = (vec![Path::new(ROOT).join("examples")], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("a folder can be listed").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.to_string_lossy().ends_with(".allonet.toml") && weighs(&path) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn weighs(path: &Path) -> bool {
    let text = fs::read_to_string(path).expect("a network is text");
    let lines = text.lines().filter_map(|line| line.trim().strip_prefix("mechanism"));
    let mut named = lines.filter_map(|rest| rest.split('"').nth(1));
    let catalogues = [allonet_topics::catalogue(), allonet_weights::catalogue()];
    named.any(|id| catalogues.iter().copied().flatten().any(|entry| entry.card.id == id))
}

fn allonet(arguments: &[&str]) -> (bool, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_allonet"))
        .args(arguments)
        .output()
        .expect("the program starts");
    let told = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    (output.status.success(), told.into_owned())
}

#[test]
fn each_runs_pays_all_it_declares_and_verifies() {
    let examples = examples();
    assert!(examples.len() >= 4, "{examples:?}");
    let list = fs::read_to_string(Path::new(ROOT).join("examples/README.md")).expect("the list");
    for path in examples {
        let name = path.parent().and_then(Path::file_name).expect("a folder").to_string_lossy();
        assert!(list.contains(&format!("run examples/{name}/")), "{name} is in no list");
        let folder = tempfile::tempdir().expect("a folder");
        let out = folder.path().to_string_lossy().into_owned();
        let (done, told) = allonet(&["run", &path.to_string_lossy(), "--out", &out]);
        assert!(done, "{name}: {told}");
        let payouts = fs::read_to_string(folder.path().join("payouts.csv")).expect("payouts");
        let text = fs::read_to_string(&path).expect("a network is text");
        for id in declared(&text) {
            assert!(payouts.contains(&format!("\n{id},")), "{name}: {id} is paid nothing");
        }
        let receipt = folder.path().join("receipt.json");
        let (held, told) = allonet(&["verify", &receipt.to_string_lossy()]);
        assert!(held && told.contains("PASS"), "{name}: {told}");
    }
}

/// Ids of the recipients that a network file declares.
fn declared(text: &str) -> Vec<String> {
    let table: toml::Table = toml::from_str(text).expect("a network is TOML");
    let recipients = table.get("recipients").and_then(toml::Value::as_table);
    recipients.into_iter().flat_map(|table| table.keys().cloned()).collect()
}
