//! The repository: its root, its files, its crates, and programs run in it.

use std::env;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::finding::Trouble;

/// The root of the repository.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the repository")
}

/// The cargo that runs this program.
pub(crate) fn cargo() -> String {
    env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned())
}

/// Runs cargo in the repository, showing what it prints.
pub(crate) fn run_cargo(arguments: &[&str]) -> Result<(), Trouble> {
    finish(Command::new(cargo()), "cargo", arguments)
}

/// Runs another program at the root of the workspace, its output shown.
pub(crate) fn run_program(program: &str, arguments: &[&str]) -> Result<(), Trouble> {
    finish(Command::new(program), program, arguments)
}

fn finish(mut program: Command, name: &str, arguments: &[&str]) -> Result<(), Trouble> {
    let command = shown(name, arguments);
    let status = program
        .args(arguments)
        .current_dir(root())
        .status()
        .map_err(|source| Trouble::NotStarted { command: command.clone(), source })?;
    if status.success() {
        return Ok(());
    }
    Err(Trouble::Failed { command, status: status.to_string() })
}

/// What a program prints to standard output.
pub(crate) fn output_of(program: &str, arguments: &[&str]) -> Result<String, Trouble> {
    let command = shown(program, arguments);
    let output = Command::new(program)
        .args(arguments)
        .current_dir(root())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|source| Trouble::NotStarted { command: command.clone(), source })?;
    if !output.status.success() {
        return Err(Trouble::Failed { command, status: output.status.to_string() });
    }
    String::from_utf8(output.stdout)
        .map_err(|_| Trouble::Unexpected(format!("`{command}` printed bytes that are no UTF-8")))
}

/// The version a program prints, if it can be started.
pub(crate) fn version_of(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(root())
        .stderr(Stdio::null())
        .output()
        .ok()
        .filter(|output| output.status.success())?;
    let text = String::from_utf8_lossy(&output.stdout);
    Some(text.lines().next().unwrap_or_default().trim().to_owned())
}

fn shown(program: &str, arguments: &[&str]) -> String {
    format!("{program} {}", arguments.join(" "))
}

/// Every file that git keeps or would keep, by its path from the root.
pub(crate) fn files() -> Result<Vec<String>, Trouble> {
    let listed = output_of(
        "git",
        &["ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate"],
    )?;
    let mut files: Vec<String> = listed
        .split('\0')
        // A file that was deleted but not yet committed is still listed.
        .filter(|path| !path.is_empty() && root().join(path).is_file())
        .map(str::to_owned)
        .collect();
    files.sort_unstable();
    Ok(files)
}

/// Whether a path is that of a Rust file.
pub(crate) fn is_rust(path: &str) -> bool {
    Path::new(path).extension().is_some_and(|extension| extension == "rs")
}

/// Whether a file is an example network.
pub(crate) fn is_example(path: &str) -> bool {
    path.starts_with("examples/") && path.ends_with(".allonet.toml")
}

/// The text of a file; `None` where it is no text.
pub(crate) fn text_of(path: &str) -> Result<Option<String>, Trouble> {
    let full = root().join(path);
    let bytes = fs::read(&full).map_err(Trouble::file(&full))?;
    Ok(String::from_utf8(bytes).ok())
}

/// A crate of the workspace.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    /// Its name.
    pub name: String,
    /// Its licence field.
    pub license: Option<String>,
    /// What it depends on: name, and whether only for tests or builds.
    pub dependencies: Vec<(String, Need)>,
}

/// What a dependency is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// The crate itself.
    Normal,
    /// Its tests, examples and benchmarks.
    Dev,
    /// Its build script.
    Build,
}

/// The crates of the workspace, by name.
pub(crate) fn members() -> Result<Vec<Member>, Trouble> {
    let text = output_of(&cargo(), &["metadata", "--format-version", "1", "--no-deps"])?;
    let metadata: Value = serde_json::from_str(&text)
        .map_err(|error| Trouble::Unexpected(format!("`cargo metadata` gave no JSON: {error}")))?;
    members_in(&metadata)
        .ok_or_else(|| Trouble::Unexpected("`cargo metadata` has an unknown shape".to_owned()))
}

fn members_in(metadata: &Value) -> Option<Vec<Member>> {
    let mut members = Vec::new();
    for package in metadata["packages"].as_array()? {
        let mut dependencies = Vec::new();
        for dependency in package["dependencies"].as_array()? {
            let need = match dependency["kind"].as_str() {
                Some("dev") => Need::Dev,
                Some("build") => Need::Build,
                _ => Need::Normal,
            };
            dependencies.push((dependency["name"].as_str()?.to_owned(), need));
        }
        members.push(Member {
            name: package["name"].as_str()?.to_owned(),
            license: package["license"].as_str().map(str::to_owned),
            dependencies,
        });
    }
    members.sort_by(|a, b| a.name.cmp(&b.name));
    Some(members)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn members_are_read_from_metadata() {
        let metadata = json!({ "packages": [{
            "name": "b", "license": "MIT",
            "dependencies": [{ "name": "a", "kind": null }, { "name": "t", "kind": "dev" }],
        }] });
        let members = members_in(&metadata).unwrap();
        assert_eq!(members[0].license.as_deref(), Some("MIT"));
        assert_eq!(
            members[0].dependencies,
            [("a".to_owned(), Need::Normal), ("t".to_owned(), Need::Dev)]
        );
        assert!(members_in(&json!({})).is_none());
    }
}
