//! The output of `cargo metadata --format-version 1`: the resolved build of a
//! Rust workspace.
//!
//! It says more than `Cargo.lock` does: the kind of every edge, and the licence
//! and repository of every package. The workspace's own members are the roots.
//! An edge with several kinds (a library that is also used in tests) has the
//! strongest; edges for other platforms are edges. Written without
//! `--no-deps`, which leaves the graph out.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::json::JsonText;
use super::names::node_ids;
use super::{ImportError, ReadOptions, note_missing_root, shown};
use crate::graph::{DependencyGraph, EdgeKind, GraphBuilder, Package};
use crate::purl;
use crate::repository::canonical_repo;

pub(super) const FORMAT: &str = "cargo metadata";

#[derive(Debug, Deserialize)]
struct Document<'a> {
    version: u32,
    #[serde(borrow)]
    packages: Vec<&'a RawValue>,
    workspace_members: Vec<String>,
    #[serde(borrow)]
    resolve: Option<Resolve<'a>>,
}

#[derive(Debug, Deserialize)]
struct Resolve<'a> {
    #[serde(borrow)]
    nodes: Vec<&'a RawValue>,
}

#[derive(Debug, Deserialize)]
struct Described {
    id: String,
    name: String,
    version: String,
    source: Option<String>,
    license: Option<String>,
    repository: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Resolved {
    id: String,
    #[serde(default)]
    deps: Vec<Dependency>,
}

#[derive(Debug, Deserialize)]
struct Dependency {
    pkg: String,
    #[serde(default)]
    dep_kinds: Vec<Kind>,
}

#[derive(Debug, Deserialize)]
struct Kind {
    kind: Option<String>,
}

/// Reads the output.
pub fn read(text: &str, options: &ReadOptions) -> Result<DependencyGraph, ImportError> {
    let json = JsonText::new(FORMAT, text)?;
    let document: Document = json.parse()?;
    if document.version != 1 {
        let found = format!("version {}", document.version);
        let hint = "write it with `cargo metadata --format-version 1`";
        return Err(ImportError::whole(FORMAT, &found, "version 1", hint));
    }
    let Some(resolve) = &document.resolve else {
        let hint = "write it again without `--no-deps`";
        return Err(ImportError::whole(FORMAT, "no `resolve`", "the resolved graph", hint));
    };
    let parts =
        document.packages.iter().map(|raw| Ok((json.part(raw, "packages")?, json.line(raw))));
    let packages: Vec<(Described, u32)> = parts.collect::<Result<_, _>>()?;
    let names: Vec<_> = packages.iter().map(|(found, _)| (&*found.name, &*found.version)).collect();
    let ids = node_ids(options.versions, &names);
    let mut builder = GraphBuilder::default();
    let mut known: BTreeMap<&str, u32> = BTreeMap::new();
    for ((found, line), id) in packages.iter().zip(&ids) {
        known.insert(&found.id, builder.describe(id, evidence(found, *line)));
    }
    for member in &document.workspace_members {
        if let Some(&node) = known.get(member.as_str()) {
            builder.mark_root(node);
        }
    }
    for raw in &resolve.nodes {
        let resolved: Resolved = json.part(raw, "resolve")?;
        let find = |id: &str| {
            known.get(id).copied().ok_or_else(|| {
                let found = format!("`{}`, which is not among the packages", shown(id));
                let hint = "the output seems cut off or edited; write it again";
                json.refuse(raw, "resolve", &found, "the id of one of `packages`", hint)
            })
        };
        let dependent = find(&resolved.id)?;
        for dependency in &resolved.deps {
            let target = find(&dependency.pkg)?;
            builder.edge(dependent, target, dependency.kind(), None);
        }
    }
    note_missing_root(&mut builder);
    Ok(builder.finish())
}

fn evidence(found: &Described, line: u32) -> Package {
    let git = found.source.as_deref().filter(|source| source.starts_with("git+"));
    let filled = |text: &&str| !text.trim().is_empty();
    Package {
        name: found.name.clone(),
        version: Some(found.version.clone()),
        purl: Some(purl::of("cargo", &found.name, Some(&found.version))),
        repository: found.repository.as_deref().filter(filled).or(git).map(canonical_repo),
        licence: found.license.as_deref().filter(filled).map(str::to_owned),
        line: Some(line),
    }
}

impl Dependency {
    /// The strongest of its kinds.
    fn kind(&self) -> EdgeKind {
        let kinds = self.dep_kinds.iter().map(|kind| match kind.kind.as_deref() {
            None => EdgeKind::Normal,
            Some("build") => EdgeKind::Build,
            Some("dev") => EdgeKind::Dev,
            Some(_) => EdgeKind::Unknown,
        });
        kinds.min().unwrap_or(EdgeKind::Unknown)
    }
}
