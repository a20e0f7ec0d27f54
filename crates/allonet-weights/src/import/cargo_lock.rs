//! `Cargo.lock`: every package of a Rust build and what it resolved to.
//!
//! Packages without a `source` are paths of the checkout: the workspace's own
//! members, and the roots. The lock does not say which dependencies are for
//! development or building only, so every kind is
//! [`EdgeKind::Unknown`].
//!
//! Read: lock versions 1 to 4. A dependency that matches no package is refused:
//! cargo always writes the closure, so the file is cut off or edited.

use serde::Deserialize;
use toml::Spanned;

use super::names::{Known, node_ids};
use super::text::Text;
use super::{ImportError, ReadOptions, note_missing_root, shown};
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
    let toml = Text::new(FORMAT, text)?;
    let mut lock: Lock = super::toml::parse(&toml)?;
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
    let known = Known::new(&names);
    let mut nodes = Vec::with_capacity(ids.len());
    for (at, package) in lock.package.iter().enumerate() {
        let node = builder.describe(&ids[at], evidence(&toml, package));
        nodes.push(node);
        if package.source.is_none() {
            builder.mark_root(node);
        }
    }
    for (at, package) in lock.package.iter().enumerate() {
        for dependency in &package.dependencies {
            let found = resolve(&known, &lock.package, dependency.get_ref());
            let found = found.map_err(|found| {
                toml.refuse(
                    dependency.span().start,
                    &format!("`{}`, {found}", shown(dependency.get_ref())),
                    "the name of one [[package]] of the file, with version and source if needed",
                    "the file seems cut off or edited; write it with `cargo generate-lockfile`",
                )
                .field("dependencies")
            })?;
            builder.edge(nodes[at], nodes[found], EdgeKind::Unknown, None);
        }
    }
    note_missing_root(&mut builder);
    Ok(builder.finish())
}

fn evidence(toml: &Text, package: &Locked) -> Package {
    let name = package.name.get_ref();
    let git = package.source.as_deref().filter(|source| source.starts_with("git+"));
    Package {
        name: name.clone(),
        version: Some(package.version.clone()),
        purl: Some(purl::of("cargo", name, Some(&package.version))),
        repository: git.map(crate::repository::canonical_repo),
        licence: None,
        line: Some(toml.line(package.name.span().start)),
    }
}

/// The package a text such as `rand`, `rand 0.8.5` or
/// `rand 0.8.5 (registry+https://…)` refers to.
fn resolve(known: &Known, packages: &[Locked], text: &str) -> Result<usize, &'static str> {
    let mut words = text.splitn(3, ' ');
    let name = words.next().unwrap_or_default();
    let version = words.next();
    let source = words.next().map(|source| source.trim_matches(['(', ')']));
    let found = known.find(name, version);
    let fitting: Vec<usize> = match source {
        // Beside a package from a registry, one from a path needs no source.
        None if found.len() > 1 => with_source(packages, &found, None, |text| text),
        None => found,
        Some(_) => match with_source(packages, &found, source, |text| text) {
            // The reference may leave out the `#commit` the package itself has.
            exact if exact.is_empty() => with_source(packages, &found, source, without_commit),
            exact => exact,
        },
    };
    match fitting[..] {
        [at] => Ok(at),
        [] => Err("which no package of the file matches"),
        _ => Err("which several packages of the file match"),
    }
}

/// The packages of a source, compared after `cut`.
fn with_source(
    packages: &[Locked],
    found: &[usize],
    source: Option<&str>,
    cut: fn(&str) -> &str,
) -> Vec<usize> {
    let same = |&at: &usize| packages[at].source.as_deref().map(cut) == source.map(cut);
    found.iter().copied().filter(same).collect()
}

fn without_commit(source: &str) -> &str {
    source.split_once('#').map_or(source, |(place, _)| place)
}
