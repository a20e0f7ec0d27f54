//! `poetry.lock`: the lock file of Poetry (Python).
//!
//! The lock does not hold the project itself. Its root is made up: named by
//! [`ReadOptions::root`] (`project` when absent), depending on the packages
//! nothing else in the lock depends on. A direct dependency that another one
//! needs too is therefore not seen as direct.
//!
//! The made-up edges are [`EdgeKind::Dev`] for packages outside the group
//! `main`, [`EdgeKind::Optional`] for optional ones, otherwise
//! [`EdgeKind::Normal`]. A dependency that is not locked and was optional or
//! bound to a marker (another Python, another system) is left out with a note.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use toml::{Spanned, Value};

use super::names::{node_ids, python_name};
use super::text::Text;
use super::{ImportError, ReadOptions};
use crate::graph::{DependencyGraph, EdgeKind, GraphBuilder, Package};
use crate::purl;
use crate::repository::canonical_repo;

pub(super) const FORMAT: &str = "poetry.lock";

#[derive(Debug, Deserialize)]
struct Lock {
    #[serde(default)]
    package: Vec<Locked>,
}

#[derive(Debug, Deserialize)]
struct Locked {
    name: Spanned<String>,
    version: String,
    #[serde(default)]
    optional: bool,
    /// Poetry 2.
    groups: Option<Vec<String>>,
    /// Poetry before 1.5: `main` or `dev`.
    category: Option<String>,
    source: Option<Source>,
    #[serde(default)]
    dependencies: BTreeMap<String, Value>,
}

#[derive(Debug, Deserialize)]
struct Source {
    r#type: String,
    url: Option<String>,
}

/// Reads a lock file.
pub fn read(text: &str, options: &ReadOptions) -> Result<DependencyGraph, ImportError> {
    let toml = Text::new(FORMAT, text)?;
    let lock: Lock = super::toml::parse(&toml)?;
    if lock.package.is_empty() {
        let hint = "write it with `poetry lock`; a project without dependencies has no graph";
        return Err(ImportError::whole(FORMAT, "no [[package]]", "at least one", hint));
    }
    let names: Vec<String> = lock.package.iter().map(|p| python_name(p.name.get_ref())).collect();
    let keys: Vec<_> = names.iter().zip(&lock.package).map(|(n, p)| (&**n, &*p.version)).collect();
    let ids = node_ids(options.versions, &keys);
    let mut by_name: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut kinds: BTreeMap<&str, EdgeKind> = BTreeMap::new();
    let mut builder = GraphBuilder::default();
    for (at, package) in lock.package.iter().enumerate() {
        by_name.entry(&names[at]).or_default().insert(&ids[at]);
        builder.describe(&ids[at], evidence(&toml, &names[at], package));
        let kind = kinds.entry(&ids[at]).or_insert(EdgeKind::Indirect);
        *kind = package.kind().min(*kind);
    }
    for (at, package) in lock.package.iter().enumerate() {
        add_edges(&mut builder, &by_name, &ids[at], package, &toml);
    }
    let name = options.root.unwrap_or("project");
    let root = builder.list(name);
    builder.mark_root(root);
    builder.link_sources(root, |node| {
        kinds.get(node.id.as_str()).copied().unwrap_or(EdgeKind::Unknown)
    });
    builder.note(None, format!("`{name}` stands for the project, which the lock does not name"));
    Ok(builder.finish())
}

impl Locked {
    /// How the project uses the package, if it does so directly.
    fn kind(&self) -> EdgeKind {
        let main = match (&self.groups, &self.category) {
            (Some(groups), _) => groups.iter().any(|group| group == "main"),
            (None, Some(category)) => category == "main",
            (None, None) => true,
        };
        match (main, self.optional) {
            (false, _) => EdgeKind::Dev,
            (true, true) => EdgeKind::Optional,
            (true, false) => EdgeKind::Normal,
        }
    }
}

fn evidence(toml: &Text, name: &str, package: &Locked) -> Package {
    let git = package.source.as_ref().filter(|source| source.r#type == "git");
    Package {
        name: name.to_owned(),
        version: Some(package.version.clone()),
        purl: Some(purl::of("pypi", name, Some(&package.version))),
        repository: git.and_then(|source| source.url.as_deref()).map(canonical_repo),
        licence: None,
        line: Some(toml.line(package.name.span().start)),
    }
}

fn add_edges(
    builder: &mut GraphBuilder,
    by_name: &BTreeMap<&str, BTreeSet<&str>>,
    id: &str,
    package: &Locked,
    toml: &Text,
) {
    let dependent = builder.node(id);
    for (name, requirement) in &package.dependencies {
        let normal = python_name(name);
        let optional =
            all(requirement, |table| table.get("optional") == Some(&Value::Boolean(true)));
        let kind = if optional { EdgeKind::Optional } else { EdgeKind::Normal };
        if let Some(found) = by_name.get(normal.as_str()) {
            // Several locked versions serve several markers: all are needed.
            for &id in found {
                let dependency = builder.node(id);
                builder.edge(dependent, dependency, kind, None);
            }
            continue;
        }
        let line = Some(toml.line(package.name.span().start));
        let conditional = optional || all(requirement, |table| table.contains_key("markers"));
        if conditional {
            builder.note(line, format!("conditional `{normal}` of `{id}` is not locked"));
        } else {
            let missing = builder.node(&normal);
            builder.edge(dependent, missing, kind, None);
            builder.note(line, format!("`{normal}` of `{id}` is not described"));
        }
    }
}

/// Whether a test holds for every table of a requirement, which is a text, a
/// table, or a list of these.
fn all(requirement: &Value, test: impl Fn(&toml::Table) -> bool + Copy) -> bool {
    match requirement {
        Value::Table(table) => test(table),
        Value::Array(list) => !list.is_empty() && list.iter().all(|one| all(one, test)),
        _ => false,
    }
}
