//! CycloneDX bills of materials in JSON, versions 1.2 to 1.7.
//!
//! `metadata.component` is the root; where it is missing, every component
//! nobody depends on. Nested components count like top-level ones. The kind of
//! an edge follows the `scope` of its target: `optional` is
//! [`EdgeKind::Optional`], `excluded` (not part of the product) is
//! [`EdgeKind::Dev`], anything else [`EdgeKind::Normal`].
//!
//! A document without `dependencies` is a list of parts, not a graph: it yields
//! nodes without edges, and a note.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::json::JsonText;
use super::names::node_ids;
use super::{ImportError, ReadOptions, note_missing_root, shown};
use crate::graph::{DependencyGraph, EdgeKind, GraphBuilder, Package};
use crate::purl;
use crate::repository::canonical_repo;

pub(super) const FORMAT: &str = "CycloneDX";

/// Each level of nesting is read anew, so depth must stay small.
const DEEPEST: u32 = 64;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    bom_format: String,
    #[serde(borrow)]
    metadata: Option<Metadata<'a>>,
    #[serde(borrow)]
    components: Option<Vec<&'a RawValue>>,
    #[serde(borrow)]
    dependencies: Option<Vec<&'a RawValue>>,
}

#[derive(Debug, Deserialize)]
struct Metadata<'a> {
    #[serde(borrow)]
    component: Option<&'a RawValue>,
}

#[derive(Debug, Deserialize)]
struct Component<'a> {
    #[serde(rename = "bom-ref")]
    reference: Option<String>,
    group: Option<String>,
    name: String,
    version: Option<String>,
    purl: Option<String>,
    scope: Option<String>,
    #[serde(rename = "externalReferences")]
    external: Option<Vec<External>>,
    licenses: Option<Vec<Licensed>>,
    #[serde(borrow)]
    components: Option<Vec<&'a RawValue>>,
}

/// Either one expression or one licence of a list.
#[derive(Debug, Deserialize)]
struct Licensed {
    expression: Option<String>,
    license: Option<Licence>,
}

#[derive(Debug, Deserialize)]
struct Licence {
    id: Option<String>,
    name: Option<String>,
}

#[derive(Debug, Deserialize)]
struct External {
    r#type: String,
    url: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Dependency {
    r#ref: String,
    depends_on: Option<Vec<String>>,
}

/// A component with the name and version its node id is made of.
#[derive(Debug)]
struct Part {
    reference: String,
    id: String,
    kind: EdgeKind,
    root: bool,
    package: Package,
}

/// Reads a document.
pub fn read(text: &str, options: &ReadOptions) -> Result<DependencyGraph, ImportError> {
    let json = JsonText::new(FORMAT, text)?;
    let document: Document = json.parse()?;
    if document.bom_format != "CycloneDX" {
        let found = format!("bomFormat `{}`", shown(&document.bom_format));
        let hint = "export the bill of materials as CycloneDX JSON";
        return Err(ImportError::whole(FORMAT, &found, "bomFormat `CycloneDX`", hint));
    }
    let parts = parts(&json, &document)?;
    let keys: Vec<_> = parts.iter().map(|part| (&*part.id, part.version())).collect();
    let ids = node_ids(options.versions, &keys);
    let mut builder = GraphBuilder::default();
    let mut known: BTreeMap<&str, (u32, EdgeKind)> = BTreeMap::new();
    for (part, id) in parts.iter().zip(&ids) {
        let node = builder.describe(id, part.package.clone());
        if part.root {
            builder.mark_root(node);
        }
        known.insert(&part.reference, (node, part.kind));
    }
    if document.dependencies.is_none() {
        builder.note(None, "the document lists components but no `dependencies`");
    }
    for raw in document.dependencies.iter().flatten() {
        let dependency: Dependency = json.part(raw, "dependencies")?;
        let mut node = |reference: &str| {
            known.get(reference).copied().unwrap_or_else(|| {
                let text = format!("`{}` is referred to but not described", shown(reference));
                builder.note(Some(json.line(raw)), text);
                (builder.node(purl::without_version(reference)), EdgeKind::Unknown)
            })
        };
        let (dependent, _) = node(&dependency.r#ref);
        let targets: Vec<_> = dependency.depends_on.iter().flatten().map(|to| node(to)).collect();
        for (target, kind) in targets {
            builder.edge(dependent, target, kind, None);
        }
    }
    if !builder.has_root() {
        builder.mark_sources_as_roots();
    }
    note_missing_root(&mut builder);
    Ok(builder.finish())
}

/// All components, nested ones included, the root first.
fn parts(json: &JsonText, document: &Document) -> Result<Vec<Part>, ImportError> {
    let root = document.metadata.as_ref().and_then(|metadata| metadata.component);
    let listed = document.components.iter().flatten().rev().map(|&raw| (raw, 1));
    let mut waiting: Vec<_> = listed.chain(root.map(|raw| (raw, 0))).collect();
    let mut parts: Vec<Part> = Vec::with_capacity(waiting.len());
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    while let Some((raw, depth)) = waiting.pop() {
        let component: Component = json.part(raw, "components")?;
        if depth > DEEPEST && component.components.is_some() {
            return Err(json.refuse(
                raw,
                "components",
                &format!("components nested more than {DEEPEST} deep"),
                "a flat list, or a shallow one",
                "fix the generator",
            ));
        }
        // What the root holds lies at depth 1 like the top-level list.
        waiting.extend(component.components.iter().flatten().rev().map(|&raw| (raw, depth + 1)));
        let part = component.part(json.line(raw), depth == 0);
        let Some(&first) = seen.get(&part.reference) else {
            seen.insert(part.reference.clone(), parts.len());
            parts.push(part);
            continue;
        };
        // Generators repeat a component without changing it, or list the root again.
        let first = &parts[first];
        if first.id != part.id || first.version() != part.version() {
            let line = first.package.line.unwrap_or_default();
            return Err(json.refuse(
                raw,
                "bom-ref",
                &format!("`{}`, used on line {line} for another component", shown(&part.reference)),
                "a different bom-ref for each component",
                "fix the generator, or make the reference unique",
            ));
        }
    }
    Ok(parts)
}

impl Component<'_> {
    fn part(&self, line: u32, root: bool) -> Part {
        let name = match self.group.as_deref().filter(|group| !group.is_empty()) {
            Some(group) => format!("{group}/{}", self.name),
            None => self.name.clone(),
        };
        let id = self.purl.as_deref().map_or(&*name, purl::without_version).to_owned();
        let own = || match &self.version {
            Some(version) => format!("{name}@{version}"),
            None => name.clone(),
        };
        let reference = self.reference.clone().or_else(|| self.purl.clone()).unwrap_or_else(own);
        let vcs = self.external.iter().flatten().find(|external| external.r#type == "vcs");
        let kind = match self.scope.as_deref() {
            Some("optional") => EdgeKind::Optional,
            Some("excluded") => EdgeKind::Dev,
            _ => EdgeKind::Normal,
        };
        let package = Package {
            name,
            version: self.version.clone(),
            purl: self.purl.clone(),
            repository: vcs.map(|vcs| canonical_repo(&vcs.url)),
            licence: self.licence(),
            line: Some(line),
        };
        Part { reference, id, kind, root, package }
    }

    /// All that is listed, as one expression: the format does not say whether a
    /// list is a choice, so every one of them counts.
    fn licence(&self) -> Option<String> {
        let listed = self.licenses.iter().flatten().filter_map(|entry| {
            let single = entry.license.as_ref();
            let single = single.and_then(|found| found.id.as_deref().or(found.name.as_deref()));
            entry.expression.as_deref().or(single).map(str::trim)
        });
        let listed: Vec<&str> = listed.filter(|text| !text.is_empty()).collect();
        match listed[..] {
            [] => None,
            [one] => Some(one.to_owned()),
            _ => Some(
                listed.iter().map(|text| format!("({text})")).collect::<Vec<_>>().join(" AND "),
            ),
        }
    }
}

impl Part {
    fn version(&self) -> &str {
        self.package.version.as_deref().unwrap_or_default()
    }
}
