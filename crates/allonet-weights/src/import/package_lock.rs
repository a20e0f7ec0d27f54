//! `package-lock.json`: what npm installs, and where.
//!
//! The lock lists install locations (`node_modules/a/node_modules/b`); a
//! dependency is resolved as node does it, from the dependent's own folder
//! outwards. Packages outside any `node_modules` folder are the project's own:
//! the root package, its workspaces, and linked folders. They are the roots.
//!
//! Kinds come from the list a dependency stands in. What the lock says may be
//! absent (optional dependencies, and peers nobody installed) is left out when
//! it is absent; any other missing dependency stays as a node that is not
//! listed.
//!
//! Read: lock versions 2 and 3, also as `npm-shrinkwrap.json`. Version 1 has no
//! dependency lists of its own per location and is refused.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny};
use serde_json::value::RawValue;

use super::json::{Entries, JsonText};
use super::names::node_ids;
use super::{ImportError, ReadOptions, note_missing_root, shown};
use crate::graph::{DependencyGraph, EdgeKind, GraphBuilder, Package};
use crate::purl;
use crate::repository::canonical_repo;

pub(super) const FORMAT: &str = "package-lock.json";

/// Longer paths exist on no file system, and resolution walks every folder.
const LONGEST_PATH: usize = 4096;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Lock<'a> {
    name: Option<String>,
    lockfile_version: Option<u64>,
    #[serde(borrow)]
    packages: Option<Entries<&'a RawValue>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Entry {
    name: Option<String>,
    version: Option<String>,
    /// A text, or `false` in some old locks.
    resolved: Option<serde_json::Value>,
    link: bool,
    /// A text; an object with a `type` in packages of long ago.
    license: Option<serde_json::Value>,
    dependencies: Option<Names>,
    dev_dependencies: Option<Names>,
    optional_dependencies: Option<Names>,
    peer_dependencies: Option<Names>,
    peer_dependencies_meta: Option<BTreeMap<String, PeerMeta>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct PeerMeta {
    optional: bool,
}

/// The keys of an object; the version ranges they ask for do not matter, as the
/// lock says what was installed.
#[derive(Debug, Default)]
struct Names(BTreeSet<String>);

impl<'de> Deserialize<'de> for Names {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let entries = Entries::<IgnoredAny>::deserialize(deserializer)?;
        Ok(Self(entries.0.into_iter().map(|(name, _)| name).collect()))
    }
}

/// An install location with what the lock says of it.
#[derive(Debug)]
struct Location {
    path: String,
    name: String,
    entry: Entry,
    line: u32,
}

/// Reads a lock file.
pub fn read(text: &str, options: &ReadOptions) -> Result<DependencyGraph, ImportError> {
    let json = JsonText::new(FORMAT, text)?;
    let locations = locations(&json, json.parse()?, options)?;
    let mut by_path = BTreeMap::new();
    for (at, location) in locations.iter().enumerate() {
        by_path.insert(location.path.as_str(), at);
    }
    // A link is another name of a folder, not a package.
    let real: Vec<usize> = (0..locations.len()).filter(|&at| !locations[at].entry.link).collect();
    let package = |&at: &usize| (&*locations[at].name, locations[at].entry.version());
    let ids = node_ids(options.versions, &real.iter().map(package).collect::<Vec<_>>());
    let mut builder = GraphBuilder::default();
    let mut nodes = vec![None; locations.len()];
    for (at, id) in real.into_iter().zip(&ids) {
        let node = builder.describe(id, evidence(&locations[at]));
        if !locations[at].path.contains("node_modules/") {
            builder.mark_root(node);
        }
        nodes[at] = Some(node);
    }
    let lookup = Lookup { locations: &locations, by_path: &by_path, nodes: &nodes };
    for (location, node) in locations.iter().zip(&nodes) {
        if let &Some(node) = node {
            add_edges(&mut builder, &lookup, location, node);
        }
    }
    note_missing_root(&mut builder);
    Ok(builder.finish())
}

fn locations(
    json: &JsonText,
    lock: Lock,
    options: &ReadOptions,
) -> Result<Vec<Location>, ImportError> {
    let Some(Entries(entries)) = lock.packages else {
        let found = match lock.lockfile_version {
            Some(version) => format!("lockfileVersion {version} without `packages`"),
            None => "neither `lockfileVersion` nor `packages`".to_owned(),
        };
        let hint = "write it again with `npm install --package-lock-only --lockfile-version 3`";
        return Err(ImportError::whole(FORMAT, &found, "lockfileVersion 2 or 3", hint));
    };
    let mut locations = Vec::with_capacity(entries.len());
    for (path, raw) in entries {
        if path.len() > LONGEST_PATH {
            return Err(json.refuse(
                raw,
                "packages",
                &format!("a path of {} bytes", path.len()),
                &format!("at most {LONGEST_PATH}"),
                "check that the file was written by npm",
            ));
        }
        let entry: Entry = json.part(raw, &format!("packages `{}`", shown(&path)))?;
        let name = match &entry.name {
            Some(name) => name.clone(),
            None if path.is_empty() => {
                lock.name.as_deref().or(options.root).unwrap_or("(root)").to_owned()
            }
            None => name_of(&path).to_owned(),
        };
        locations.push(Location { path, name, entry, line: json.line(raw) });
    }
    if locations.is_empty() {
        let hint = "write it again with `npm install --package-lock-only`";
        let expected = "at least the root package";
        return Err(ImportError::whole(FORMAT, "no packages", expected, hint));
    }
    Ok(locations)
}

/// The name npm derives from a folder: what follows the last `node_modules/`,
/// elsewhere the folder's own name, with its scope.
fn name_of(path: &str) -> &str {
    if let Some((_, name)) = path.rsplit_once("node_modules/") {
        return name;
    }
    let Some((parent, folder)) = path.rsplit_once('/') else { return path };
    let scope = parent.rsplit('/').next().unwrap_or_default();
    if scope.starts_with('@') {
        &path[path.len() - scope.len() - 1 - folder.len()..]
    } else {
        folder
    }
}

impl Entry {
    fn version(&self) -> &str {
        self.version.as_deref().unwrap_or_default()
    }

    fn licence(&self) -> Option<String> {
        let stated = self.license.as_ref()?;
        let text = stated.as_str().or_else(|| stated.get("type")?.as_str())?.trim();
        (!text.is_empty()).then(|| text.to_owned())
    }

    fn resolved(&self) -> Option<&str> {
        self.resolved.as_ref().and_then(serde_json::Value::as_str)
    }
}

fn evidence(location: &Location) -> Package {
    let version = location.entry.version.clone();
    let git = location.entry.resolved().filter(|from| from.starts_with("git"));
    Package {
        purl: Some(purl::of("npm", &location.name, version.as_deref())),
        name: location.name.clone(),
        version,
        repository: git.map(canonical_repo),
        licence: location.entry.licence(),
        line: Some(location.line),
    }
}

struct Lookup<'l> {
    locations: &'l [Location],
    by_path: &'l BTreeMap<&'l str, usize>,
    nodes: &'l [Option<u32>],
}

impl Lookup<'_> {
    /// The node that `name` means to code in the folder `from`.
    fn resolve(&self, from: &str, name: &str) -> Option<u32> {
        let mut folder = from;
        loop {
            let slash = if folder.is_empty() { "" } else { "/" };
            let candidate = format!("{folder}{slash}node_modules/{name}");
            if let Some(&at) = self.by_path.get(candidate.as_str()) {
                return self.follow(at);
            }
            if folder.is_empty() || folder == ".." {
                return None;
            }
            folder = folder.rsplit_once('/').map_or("", |(parent, _)| parent);
            // Node never looks for `node_modules/node_modules`.
            folder = folder.strip_suffix("node_modules").unwrap_or(folder).trim_end_matches('/');
        }
    }

    /// The node of a location; a link means the folder it points to.
    fn follow(&self, at: usize) -> Option<u32> {
        let entry = &self.locations[at].entry;
        if !entry.link {
            return self.nodes[at];
        }
        self.by_path.get(entry.resolved()?).and_then(|&target| self.nodes[target])
    }
}

fn add_edges(builder: &mut GraphBuilder, lookup: &Lookup, location: &Location, node: u32) {
    let entry = &location.entry;
    let optional_peer = |name: &str| {
        let meta = entry.peer_dependencies_meta.as_ref().and_then(|meta| meta.get(name));
        meta.is_some_and(|meta| meta.optional)
    };
    let is_optional = |name: &str| {
        entry.optional_dependencies.as_ref().is_some_and(|names| names.0.contains(name))
    };
    for (kind, names) in [
        (EdgeKind::Normal, &entry.dependencies),
        (EdgeKind::Dev, &entry.dev_dependencies),
        (EdgeKind::Optional, &entry.optional_dependencies),
        (EdgeKind::Peer, &entry.peer_dependencies),
    ] {
        for name in names.iter().flat_map(|names| &names.0) {
            if kind == EdgeKind::Normal && is_optional(name) {
                continue;
            }
            if let Some(found) = lookup.resolve(&location.path, name) {
                builder.edge(node, found, kind, None);
                continue;
            }
            let line = Some(location.line);
            let dependent = &location.name;
            match kind {
                EdgeKind::Peer if optional_peer(name) => {}
                EdgeKind::Peer | EdgeKind::Optional => {
                    let kind = kind.name();
                    builder
                        .note(line, format!("{kind} `{name}` of `{dependent}` is not installed"));
                }
                _ => {
                    let missing = builder.node(name);
                    builder.edge(node, missing, kind, None);
                    builder.note(line, format!("`{name}` of `{dependent}` is not described"));
                }
            }
        }
    }
}
