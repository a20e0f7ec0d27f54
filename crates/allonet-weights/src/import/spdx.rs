//! SPDX 2.2 and 2.3 documents in JSON, bare or as GitHub exports them
//! (`{"sbom": …}`).
//!
//! The packages the document describes are the roots; where it says nothing,
//! every package nobody depends on. Relationships that state a dependency
//! become edges, in either direction (`DEPENDS_ON`, `DEPENDENCY_OF`), and so
//! does a package that contains another. Relationships with files, snippets or
//! other documents' licences are no dependencies and are not read.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::value::RawValue;

use super::json::JsonText;
use super::names::node_ids;
use super::{ImportError, ReadOptions, note_missing_root, shown};
use crate::graph::{DependencyGraph, EdgeKind, GraphBuilder, Package};
use crate::purl;
use crate::repository::canonical_repo;

pub(super) const FORMAT: &str = "SPDX";

#[derive(Debug, Deserialize)]
struct Wrapped<'a> {
    #[serde(borrow)]
    sbom: Option<&'a RawValue>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "the names of the format")]
struct Document<'a> {
    spdx_version: String,
    #[serde(rename = "SPDXID")]
    id: Option<String>,
    document_describes: Option<Vec<String>>,
    #[serde(borrow)]
    packages: Option<Vec<&'a RawValue>>,
    #[serde(borrow)]
    relationships: Option<Vec<&'a RawValue>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Described {
    #[serde(rename = "SPDXID")]
    id: String,
    name: String,
    version_info: Option<String>,
    download_location: Option<String>,
    license_declared: Option<String>,
    license_concluded: Option<String>,
    external_refs: Option<Vec<ExternalRef>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ExternalRef {
    reference_type: Option<String>,
    reference_locator: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "the names of the format")]
struct Relationship {
    spdx_element_id: String,
    relationship_type: String,
    related_spdx_element: String,
}

/// Reads a document.
pub fn read(text: &str, options: &ReadOptions) -> Result<DependencyGraph, ImportError> {
    let json = JsonText::new(FORMAT, text)?;
    let wrapped: Wrapped = json.parse()?;
    let document: Document = match wrapped.sbom {
        Some(raw) => json.part(raw, "sbom")?,
        None => json.parse()?,
    };
    if !document.spdx_version.starts_with("SPDX-2") {
        let found = format!("spdxVersion `{}`", shown(&document.spdx_version));
        let hint = "export the document as SPDX 2.3 JSON";
        return Err(ImportError::whole(FORMAT, &found, "SPDX-2.2 or SPDX-2.3", hint));
    }
    let packages = packages(&json, &document)?;
    let keys: Vec<_> = packages.iter().map(|(_, id, package)| (&**id, version(package))).collect();
    let ids = node_ids(options.versions, &keys);
    let mut builder = GraphBuilder::default();
    let mut known: BTreeMap<&str, u32> = BTreeMap::new();
    for ((reference, _, package), id) in packages.iter().zip(&ids) {
        known.insert(reference, builder.describe(id, package.clone()));
    }
    let mut described: BTreeSet<String> =
        document.document_describes.iter().flatten().cloned().collect();
    for raw in document.relationships.iter().flatten() {
        let relationship: Relationship = json.part(raw, "relationships")?;
        described.extend(relationship.described(document.id.as_deref()));
        let line = json.line(raw);
        if let Some((dependent, dependency, kind)) = relationship.dependency(&known) {
            let mut node = |reference: &str| {
                known.get(reference).copied().unwrap_or_else(|| {
                    let text = format!("`{}` is referred to but not described", shown(reference));
                    builder.note(Some(line), text);
                    builder.node(reference)
                })
            };
            let (from, to) = (node(dependent), node(dependency));
            builder.edge(from, to, kind, None);
        }
    }
    for reference in &described {
        if let Some(&node) = known.get(reference.as_str()) {
            builder.mark_root(node);
        }
    }
    if !builder.has_root() {
        builder.mark_sources_as_roots();
    }
    note_missing_root(&mut builder);
    Ok(builder.finish())
}

/// Every package with its reference and its id without version.
fn packages(
    json: &JsonText,
    document: &Document,
) -> Result<Vec<(String, String, Package)>, ImportError> {
    let mut seen: BTreeMap<String, u32> = BTreeMap::new();
    let mut packages = Vec::new();
    for raw in document.packages.iter().flatten() {
        let found: Described = json.part(raw, "packages")?;
        let line = json.line(raw);
        if let Some(first) = seen.insert(found.id.clone(), line) {
            return Err(json.refuse(
                raw,
                "SPDXID",
                &format!("`{}`, used on line {first} already", shown(&found.id)),
                "a different SPDXID for each package",
                "fix the generator, or make the id unique",
            ));
        }
        let external = found.external_refs.iter().flatten();
        let purl = external
            .filter(|external| external.reference_type.as_deref() == Some("purl"))
            .find_map(|external| external.reference_locator.clone());
        let id = purl.as_deref().map_or(&*found.name, purl::without_version).to_owned();
        let package = Package {
            repository: repository(&found, purl.as_deref()),
            licence: licence(&found),
            name: found.name,
            version: found.version_info.filter(|version| !version.is_empty()),
            purl,
            line: Some(line),
        };
        packages.push((found.id, id, package));
    }
    Ok(packages)
}

/// A version control location, or the repository a GitHub package URL names.
fn repository(package: &Described, purl: Option<&str>) -> Option<String> {
    let location = package.download_location.as_deref();
    let vcs = location.filter(|location| location.starts_with("git"));
    let github = purl.filter(|purl| purl::kind(purl) == Some("github"));
    vcs.or(github).map(canonical_repo)
}

/// What the package says of itself, else what somebody found out about it.
fn licence(package: &Described) -> Option<String> {
    let stated = [&package.license_declared, &package.license_concluded].into_iter().flatten();
    stated
        .map(|text| text.trim())
        .find(|text| !matches!(*text, "" | "NONE" | "NOASSERTION"))
        .map(str::to_owned)
}

fn version(package: &Package) -> &str {
    package.version.as_deref().unwrap_or_default()
}

impl Relationship {
    /// What a relationship says the document is about.
    fn described(&self, document: Option<&str>) -> Option<String> {
        let document = document.unwrap_or("SPDXRef-DOCUMENT");
        let (left, right) = (&self.spdx_element_id, &self.related_spdx_element);
        match self.relationship_type.as_str() {
            "DESCRIBES" if left == document => Some(right.clone()),
            "DESCRIBED_BY" if right == document => Some(left.clone()),
            _ => None,
        }
    }

    /// Dependent, dependency and kind, if the relationship states one.
    fn dependency(&self, known: &BTreeMap<&str, u32>) -> Option<(&str, &str, EdgeKind)> {
        let (left, right) = (self.spdx_element_id.as_str(), self.related_spdx_element.as_str());
        if [left, right].iter().any(|side| matches!(*side, "NONE" | "NOASSERTION")) {
            return None;
        }
        let packages = known.contains_key(left) && known.contains_key(right);
        match self.relationship_type.as_str() {
            "DEPENDS_ON" => Some((left, right, EdgeKind::Unknown)),
            "DEPENDENCY_OF" => Some((right, left, EdgeKind::Unknown)),
            "RUNTIME_DEPENDENCY_OF" => Some((right, left, EdgeKind::Normal)),
            "PROVIDED_DEPENDENCY_OF" => Some((right, left, EdgeKind::Peer)),
            "BUILD_DEPENDENCY_OF" | "BUILD_TOOL_OF" => Some((right, left, EdgeKind::Build)),
            "OPTIONAL_DEPENDENCY_OF" | "OPTIONAL_COMPONENT_OF" => {
                Some((right, left, EdgeKind::Optional))
            }
            "DEV_DEPENDENCY_OF" | "DEV_TOOL_OF" | "TEST_DEPENDENCY_OF" | "TEST_TOOL_OF" => {
                Some((right, left, EdgeKind::Dev))
            }
            "CONTAINS" if packages => Some((left, right, EdgeKind::Unknown)),
            "CONTAINED_BY" if packages => Some((right, left, EdgeKind::Unknown)),
            _ => None,
        }
    }
}
