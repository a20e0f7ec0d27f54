//! `uv.lock`: the universal lock file of uv (Python).
//!
//! Packages whose source is `editable`, `virtual` or `directory` are folders of
//! the project; they are the roots. `dependencies` are
//! [`EdgeKind::Normal`], extras (`optional-dependencies`) are
//! [`EdgeKind::Optional`] and groups (`dev-dependencies`) [`EdgeKind::Dev`].
//! Environment markers are ignored: the lock covers all platforms, so does the
//! graph. A reference that matches no package is refused, as uv always writes
//! the closure.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::{Spanned, Value};

use super::names::{Known, node_ids, python_name};
use super::text::Text;
use super::{ImportError, ReadOptions, note_missing_root, shown};
use crate::graph::{DependencyGraph, EdgeKind, GraphBuilder, Package};
use crate::purl;
use crate::repository::canonical_repo;

pub(super) const FORMAT: &str = "uv.lock";

const KNOWN: i64 = 1;

#[derive(Debug, Deserialize)]
struct Lock {
    version: i64,
    #[serde(default)]
    package: Vec<Locked>,
}

type Groups = BTreeMap<String, Vec<Reference>>;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Locked {
    name: Spanned<String>,
    /// Absent when the project computes it.
    version: Option<String>,
    #[serde(default)]
    source: BTreeMap<String, Value>,
    #[serde(default)]
    dependencies: Vec<Reference>,
    #[serde(default)]
    optional_dependencies: Groups,
    #[serde(default)]
    dev_dependencies: Groups,
}

#[derive(Debug, Deserialize)]
struct Reference {
    name: Spanned<String>,
    /// Stated, like the source, where several packages have the name.
    version: Option<String>,
    source: Option<BTreeMap<String, Value>>,
}

/// Reads a lock file.
pub fn read(text: &str, options: &ReadOptions) -> Result<DependencyGraph, ImportError> {
    let toml = Text::new(FORMAT, text)?;
    let lock: Lock = super::toml::parse(&toml)?;
    if lock.package.is_empty() {
        let hint = "write it with `uv lock`";
        let expected = "at least the package of the project itself";
        return Err(ImportError::whole(FORMAT, "no [[package]]", expected, hint));
    }
    let mut builder = GraphBuilder::default();
    if lock.version > KNOWN {
        let text = format!("lock version {} is newer than {KNOWN}, the newest known", lock.version);
        builder.note(None, text);
    }
    let names: Vec<String> = lock.package.iter().map(|p| python_name(p.name.get_ref())).collect();
    let keys: Vec<_> = names.iter().zip(&lock.package).map(|(n, p)| (&**n, p.version())).collect();
    let known = Known::new(&keys);
    let mut nodes = Vec::with_capacity(keys.len());
    for (at, (id, package)) in
        node_ids(options.versions, &keys).iter().zip(&lock.package).enumerate()
    {
        let node = builder.describe(id, evidence(&toml, &names[at], package));
        if ["editable", "virtual", "directory"].iter().any(|own| package.source.contains_key(*own))
        {
            builder.mark_root(node);
        }
        nodes.push(node);
    }
    for (package, &node) in lock.package.iter().zip(&nodes) {
        for (kind, reference) in package.references() {
            let found = resolve(&known, &lock.package, reference).ok_or_else(|| {
                toml.refuse(
                    reference.name.span().start,
                    &format!("`{}`, which is not one package", shown(reference.name.get_ref())),
                    "the name of one [[package]] of the file, with version if needed",
                    "the file seems cut off or edited; write it with `uv lock`",
                )
                .field("dependencies")
            })?;
            builder.edge(node, nodes[found], kind, None);
        }
    }
    note_missing_root(&mut builder);
    Ok(builder.finish())
}

impl Locked {
    fn version(&self) -> &str {
        self.version.as_deref().unwrap_or_default()
    }

    fn references(&self) -> impl Iterator<Item = (EdgeKind, &Reference)> {
        let normal = self.dependencies.iter().map(|found| (EdgeKind::Normal, found));
        let extras = self.optional_dependencies.values().flatten();
        let groups = self.dev_dependencies.values().flatten();
        normal
            .chain(extras.map(|found| (EdgeKind::Optional, found)))
            .chain(groups.map(|found| (EdgeKind::Dev, found)))
    }
}

fn evidence(toml: &Text, name: &str, package: &Locked) -> Package {
    let git = package.source.get("git").and_then(Value::as_str);
    Package {
        name: name.to_owned(),
        version: package.version.clone(),
        purl: Some(purl::of("pypi", name, package.version.as_deref())),
        repository: git.map(canonical_repo),
        licence: None,
        line: Some(toml.line(package.name.span().start)),
    }
}

/// The one package a reference fits.
fn resolve(known: &Known, packages: &[Locked], reference: &Reference) -> Option<usize> {
    let name = python_name(reference.name.get_ref());
    let found = known.find(&name, reference.version.as_deref());
    let mut fitting = found.iter().copied().filter(|&at| {
        reference.source.as_ref().is_none_or(|source| *source == packages[at].source)
    });
    let first = fitting.next()?;
    fitting.next().is_none().then_some(first)
}
