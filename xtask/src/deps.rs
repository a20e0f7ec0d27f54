//! Which crate may see which, and what the pure crates may use.
//!
//! A new crate of the workspace gets a line in [`SEES`]; a heavy library gets a
//! line in [`ONLY_IN`]. Float functions that differ between platforms are left
//! to clippy, which knows types: see `clippy.toml`.

use crate::finding::{Finding, Trouble, conclude};
use crate::rust_source::{RustSource, is_word, line_of};
use crate::workspace::{self, Member, Need};

/// Crates of the workspace and the others they may depend on.
const SEES: [(&str, &[&str]); 8] = [
    ("allonet-cli", &["allonet-core", "allonet-mechanisms", "allonet-topics", "allonet-weights"]),
    ("allonet-core", &[]),
    ("allonet-laws", &["allonet-core"]),
    ("allonet-mechanisms", &["allonet-core"]),
    ("allonet-testdata", &[]),
    ("allonet-topics", &["allonet-core"]),
    ("allonet-weights", &["allonet-core"]),
    ("xtask", &["allonet-core", "allonet-mechanisms", "allonet-topics", "allonet-weights"]),
];

/// Crates that do no input or output, read no clock and draw no random numbers.
const PURE: [&str; 4] = ["allonet-core", "allonet-mechanisms", "allonet-topics", "allonet-weights"];

/// What any crate may use in its tests.
const FOR_TESTS: [&str; 2] = ["allonet-laws", "allonet-testdata"];

/// Libraries that one crate alone may depend on, outside tests.
const ONLY_IN: [(&str, &[&str]); 1] = [(
    "allonet-cli",
    &["clap", "miette", "comfy-table", "indicatif", "tempfile", "opener", "wait-timeout"],
)];

/// Libraries that a pure crate may not even reach through another.
const NEVER_PURE: [&str; 10] = [
    "async-std",
    "fastrand",
    "getrandom",
    "hyper",
    "mio",
    "rand",
    "reqwest",
    "smol",
    "socket2",
    "tokio",
];

/// Paths that a pure crate may not name, with what to do instead.
const NEVER_NAMED: [(&str, &str); 10] = [
    ("std::env", "take the value as an argument"),
    ("std::fs", "take the text as an argument"),
    ("std::io::stderr", "return what is to be said"),
    ("std::io::stdin", "take the text as an argument"),
    ("std::io::stdout", "return what is to be said"),
    ("std::net", "leave the network to the host"),
    ("std::process", "leave programs to the host"),
    ("std::thread::sleep", "take time as an argument"),
    ("std::time::Instant", "take time as an argument"),
    ("std::time::SystemTime", "take time as an argument"),
];

/// Checks dependencies and the sources of the pure crates.
pub(crate) fn check() -> Result<(), Trouble> {
    let members = workspace::members()?;
    let mut findings: Vec<Finding> = members.iter().flat_map(direct).collect();
    for name in PURE.into_iter().filter(|name| members.iter().any(|member| member.name == *name)) {
        let arguments =
            ["tree", "--package", name, "--edges", "normal", "--prefix", "none", "--format", "{p}"];
        let tree = workspace::output_of(&workspace::cargo(), &arguments)?;
        findings.extend(reached(name, &tree));
    }
    for path in workspace::files()?.iter().filter(|path| is_pure_source(path)) {
        if let Some(text) = workspace::text_of(path)? {
            findings.extend(impurities(path, &text));
        }
    }
    conclude(findings)
}

fn is_pure_source(path: &str) -> bool {
    let in_crate = |name: &&str| path.starts_with(&format!("crates/{name}/src/"));
    workspace::is_rust(path) && !path.ends_with("/tests.rs") && PURE.iter().any(in_crate)
}

/// What one crate depends on by its manifest.
fn direct(member: &Member) -> Vec<Finding> {
    let name = member.name.as_str();
    let Some((_, sees)) = SEES.iter().find(|(crate_name, _)| *crate_name == name) else {
        let message = "is not in the table SEES of xtask/src/deps.rs; say there what it may see";
        return vec![Finding::new(name, message)];
    };
    let mut findings = Vec::new();
    for (dependency, need) in &member.dependencies {
        let dependency = dependency.as_str();
        let is_ours = SEES.iter().any(|(crate_name, _)| *crate_name == dependency);
        let for_tests = *need == Need::Dev && FOR_TESTS.contains(&dependency);
        if is_ours && !for_tests && !sees.contains(&dependency) {
            let allowed = if sees.is_empty() { "none".to_owned() } else { sees.join(", ") };
            let message =
                format!("may not depend on {dependency}; of this workspace it sees: {allowed}");
            findings.push(Finding::new(name, message));
        }
        let owner = ONLY_IN.iter().find(|(_, libraries)| libraries.contains(&dependency));
        if let Some((owner, _)) = owner
            && *need != Need::Dev
            && *owner != name
        {
            let message = format!("may not depend on {dependency}; only {owner} does");
            findings.push(Finding::new(name, message));
        }
    }
    findings
}

/// What a pure crate reaches, from the lines of `cargo tree`.
fn reached(name: &str, tree: &str) -> Vec<Finding> {
    tree.lines()
        .filter_map(|line| line.split_whitespace().next())
        .filter(|library| NEVER_PURE.contains(library))
        .map(|library| {
            let why =
                format!("see `cargo tree --package {name} --edges normal --invert {library}`");
            Finding::new(name, format!("reaches {library}, which is not pure; {why}"))
        })
        .collect()
}

/// What the source of a pure crate names outside its tests.
fn impurities(path: &str, text: &str) -> Vec<Finding> {
    let code = RustSource::read(text).code_without_tests();
    let mut findings = Vec::new();
    for (offset, named) in std_paths(&code) {
        let banned = NEVER_NAMED.iter().find(|(banned, _)| is_within(&named, banned));
        if let Some((banned, instead)) = banned {
            let message = format!("a pure crate may not use {banned}; {instead}");
            findings.push(Finding::on_line(path, line_of(&code, offset), message));
        }
    }
    for (offset, _) in code.match_indices("::now(") {
        let message = "a pure crate reads no clock; take time as an argument";
        findings.push(Finding::on_line(path, line_of(&code, offset), message));
    }
    findings
}

fn is_within(path: &str, banned: &str) -> bool {
    path.strip_prefix(banned).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

/// Every path under `std` that the code names, groups taken apart.
fn std_paths(code: &str) -> Vec<(usize, String)> {
    let mut paths = Vec::new();
    for (offset, _) in code.match_indices("std::") {
        if !code[..offset].ends_with(is_word) {
            expand("std", &code[offset + "std::".len()..], &mut |path| paths.push((offset, path)));
        }
    }
    paths
}

/// Reads `a::{b, c::d}` behind a prefix; gives the code behind it.
fn expand<'a>(prefix: &str, code: &'a str, found: &mut dyn FnMut(String)) -> &'a str {
    let code = code.trim_start();
    if let Some(mut group) = code.strip_prefix('{') {
        loop {
            group = expand(prefix, group, found).trim_start();
            match group.strip_prefix(',') {
                Some(rest) => group = rest,
                None => return group.strip_prefix('}').unwrap_or(group),
            }
        }
    }
    let length = code.find(|character| !is_word(character)).unwrap_or(code.len());
    let (name, rest) = code.split_at(length);
    let path = format!("{prefix}::{name}");
    if let Some(deeper) = rest.strip_prefix("::") {
        return expand(&path, deeper, found);
    }
    if !name.is_empty() {
        found(path);
    }
    // `as other` renames; it ends with the name.
    let renamed = rest.trim_start().strip_prefix("as ").map(str::trim_start);
    renamed.map_or(rest, |rest| rest.trim_start_matches(is_word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(name: &str, dependencies: &[(&str, Need)]) -> Member {
        Member {
            name: name.to_owned(),
            license: None,
            dependencies: dependencies.iter().map(|(d, n)| ((*d).to_owned(), *n)).collect(),
        }
    }

    fn messages(findings: &[Finding]) -> Vec<String> {
        findings.iter().map(Finding::to_string).collect()
    }

    #[test]
    fn arrows_point_down_only() {
        let cli = member("allonet-cli", &[("allonet-core", Need::Normal), ("clap", Need::Normal)]);
        assert_eq!(direct(&cli), []);
        let core = member("allonet-core", &[("allonet-weights", Need::Dev)]);
        assert_eq!(
            messages(&direct(&core)),
            ["allonet-core: may not depend on allonet-weights; of this workspace it sees: none"]
        );
        let weights = member("allonet-weights", &[("allonet-mechanisms", Need::Normal)]);
        assert_eq!(direct(&weights).len(), 1);
    }

    #[test]
    fn heavy_libraries_have_one_home_but_may_serve_tests() {
        assert_eq!(direct(&member("xtask", &[("clap", Need::Normal)])).len(), 1);
        assert_eq!(direct(&member("xtask", &[("tempfile", Need::Dev)])), []);
        assert_eq!(direct(&member("allonet-core", &[(FOR_TESTS[0], Need::Dev)])), []);
        assert_eq!(direct(&member("allonet-core", &[(FOR_TESTS[0], Need::Normal)])).len(), 1);
    }

    #[test]
    fn an_unknown_crate_must_be_placed() {
        assert!(messages(&direct(&member("allonet-new", &[])))[0].contains("table SEES"));
    }

    #[test]
    fn what_a_pure_crate_reaches_is_named() {
        let found = reached("allonet-core", "serde v1.0.0\nrand v0.9.0 (*)\nrandom-name v1.0.0\n");
        assert_eq!(found.len(), 1);
        assert!(found[0].message.starts_with("reaches rand,"));
    }

    #[test]
    fn paths_are_taken_apart() {
        let paths = |code: &str| -> Vec<String> {
            std_paths(code).into_iter().map(|(_, path)| path).collect()
        };
        assert_eq!(
            paths("use std::{fmt, io::{self as i, Read}, fs};"),
            ["std::fmt", "std::io::self", "std::io::Read", "std::fs"]
        );
        assert_eq!(paths("std::fs::read(x); mystd::fs;"), ["std::fs::read"]);
        assert_eq!(paths("std::"), Vec::<String>::new());
    }

    #[test]
    fn impure_code_is_found_and_tests_may_be_impure() {
        let text = "use std::{time::Instant, fmt};\nuse std::fs;\nuse std::fsx;\n\
                    // std::env\nlet t = Timestamp::now();\n\
                    #[cfg(test)]\nmod tests { use std::fs; }\n";
        let lines: Vec<_> = impurities("a.rs", text).into_iter().map(|f| f.line).collect();
        assert_eq!(lines, [Some(1), Some(2), Some(5)]);
        assert_eq!(impurities("a.rs", "use crate::time::Instant; use std::time::Duration;"), []);
    }
}
