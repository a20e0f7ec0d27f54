//! `Cargo.lock`: every package of a Rust build and what it resolved to.
//!
//! Packages without a `source` are paths of the checkout: the workspace's own
//! members, and the roots. The lock does not say which dependencies are for
//! development or building only, so every kind is
//! [`EdgeKind::Unknown`](crate::graph::EdgeKind::Unknown).
//!
//! Read: lock versions 1 to 4. A dependency that matches no package is refused:
//! cargo always writes the closure, so the file is cut off or edited.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use super::names::node_ids;
use super::toml::TomlText;
use super::{ImportError, ReadOptions, note_missing_root};
use crate::delimited::shown;
use crate::graph::{DependencyGraph, EdgeKind, GraphBuilder, Package};
use crate::purl;

pub(super) const FORMAT: &str = "Cargo.lock";

const NEWEST: i64 = 4;

#[derive(Debug, Deserialize)]
struct Lock {
    version: Option<i64>,
    #[serde(default)]
    package: Vec<Locked>,
    /// The main package of locks from before workspaces.
    root: Option<Locked>,
}

#[derive(Debug, Deserialize)]
struct Locked {
    name: Spanned<String>,
    version: String,
    source: Option<String>,
    #[serde(default)]
    dependencies: Vec<Spanned<String>>,
}

/// Reads a lock file.
pub fn read(text: &str, options: &ReadOptions) -> Result<DependencyGraph, ImportError> {
    let toml = TomlText::new(FORMAT, text)?;
    let mut lock: Lock = toml.parse()?;
    lock.package.extend(lock.root.take());
    if lock.package.is_empty() {
        return Err(ImportError::whole(
            FORMAT,
            "no [[package]]",
            "at least the package of the project itself",
            "write it with `cargo generate-lockfile`",
        ));
    }
    let mut builder = GraphBuilder::default();
    if let Some(version) = lock.version.filter(|&version| version > NEWEST) {
        builder
            .note(None, format!("lock version {version} is newer than {NEWEST}, the newest known"));
    }
    let names: Vec<_> =
        lock.package.iter().map(|p| (p.name.get_ref().as_str(), &*p.version)).collect();
    let ids = node_ids(options.versions, &names);
    let mut by_name: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    let mut nodes = Vec::with_capacity(ids.len());
    for (at, package) in lock.package.iter().enumerate() {
        by_name.entry(package.name.get_ref()).or_default().push(at);
        let node = builder.describe(&ids[at], evidence(&toml, package));
        nodes.push(node);
        if package.source.is_none() {
            builder.mark_root(node);
        }
    }
    for (at, package) in lock.package.iter().enumerate() {
        for dependency in &package.dependencies {
            let found = resolve(&lock.package, &by_name, dependency.get_ref());
            let found = found.map_err(|found| {
                toml.refuse(
                    dependency.span().start,
                    Some("dependencies"),
                    format!("`{}`, {found}", shown(dependency.get_ref())),
                    "the name of one [[package]] of the file, with version and source if needed",
                    "the file seems cut off or edited; write it with `cargo generate-lockfile`",
                )
            })?;
            builder.edge(nodes[at], nodes[found], EdgeKind::Unknown, None);
        }
    }
    note_missing_root(&mut builder);
    Ok(builder.finish())
}

fn evidence(toml: &TomlText, package: &Locked) -> Package {
    let name = package.name.get_ref();
    let git = package.source.as_deref().filter(|source| source.starts_with("git+"));
    Package {
        name: name.clone(),
        version: Some(package.version.clone()),
        purl: Some(purl::of("cargo", name, Some(&package.version))),
        repository: git.map(crate::repository::canonical_repo),
        line: Some(toml.line(package.name.span().start)),
    }
}

/// The package a text such as `rand`, `rand 0.8.5` or
/// `rand 0.8.5 (registry+https://…)` refers to.
fn resolve(
    packages: &[Locked],
    by_name: &BTreeMap<&str, Vec<usize>>,
    text: &str,
) -> Result<usize, &'static str> {
    let mut words = text.splitn(3, ' ');
    let name = words.next().unwrap_or_default();
    let version = words.next();
    let source = words.next().map(|source| source.trim_matches(['(', ')']));
    let mut found: Vec<usize> = by_name.get(name).cloned().unwrap_or_default();
    found.retain(|&at| version.is_none_or(|version| packages[at].version == version));
    if let Some(source) = source {
        // The reference may leave out the `#commit` the package itself has.
        let place = |text: &str| text.split('#').next().map(str::to_owned);
        found.retain(|&at| packages[at].source.as_deref().and_then(place) == place(source));
        if found.len() > 1 {
            found.retain(|&at| packages[at].source.as_deref() == Some(source));
        }
    } else if found.len() > 1 {
        // Beside a package from a registry, one from a path needs no source.
        found.retain(|&at| packages[at].source.is_none());
    }
    match found[..] {
        [at] => Ok(at),
        [] => Err("which no package of the file matches"),
        _ => Err("which several packages of the file match"),
    }
}
