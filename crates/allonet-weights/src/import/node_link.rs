//! Node-link JSON, as Deep Funding publishes its graphs.
//!
//! `nodes` hold an `id` (an address of a repository) and a `level`; level 1
//! nodes are the roots, or, where no node has a level, the nodes nobody depends
//! on. `links` go from `source`, the dependent, to `target`, the dependency.
//! A file whose link weights are all zero has no weights: published graphs are
//! written so before anybody has judged them.

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::json::JsonText;
use super::weight_csv::LARGEST_WEIGHT;
use super::{ImportError, ReadOptions, note_missing_root, shown};
use crate::graph::{DependencyGraph, EdgeKind, GraphBuilder};

pub(super) const FORMAT: &str = "node-link JSON";

#[derive(Debug, Deserialize)]
struct Document<'a> {
    #[serde(borrow)]
    nodes: Vec<&'a RawValue>,
    /// Newer writers call the links `edges`.
    #[serde(borrow, alias = "edges")]
    links: Vec<&'a RawValue>,
}

#[derive(Debug, Deserialize)]
struct Listed {
    id: Value,
    level: Option<i64>,
}

#[derive(Debug, Deserialize)]
struct Link {
    source: Value,
    target: Value,
    weight: Option<f64>,
}

/// Reads a graph.
pub fn read(text: &str, options: &ReadOptions) -> Result<DependencyGraph, ImportError> {
    let json = JsonText::new(FORMAT, text)?;
    let document: Document = json.parse()?;
    let mut builder = GraphBuilder::default();
    let mut levels = false;
    for raw in &document.nodes {
        let listed: Listed = json.part(raw, "nodes")?;
        let id = id(&json, raw, "id", &listed.id, options)?;
        let node = builder.list(&id);
        levels |= listed.level.is_some();
        if listed.level == Some(1) {
            builder.mark_root(node);
        }
    }
    let listed = builder.len();
    let mut links = Vec::with_capacity(document.links.len());
    for raw in &document.links {
        let link: Link = json.part(raw, "links")?;
        if let Some(weight) = link.weight.filter(|weight| !(0.0..=LARGEST_WEIGHT).contains(weight))
        {
            let expected = format!("a number from 0 to {LARGEST_WEIGHT}");
            let hint = "weights are shares; a dependency that gets nothing has weight 0";
            return Err(json.refuse(raw, "weight", &weight.to_string(), &expected, hint));
        }
        let [from, to] =
            [("source", &link.source), ("target", &link.target)].map(|(field, end)| {
                let id = id(&json, raw, field, end, options)?;
                let node = builder.node(&id);
                if node as usize >= listed {
                    let text = format!("`{}` is linked but not among the nodes", shown(&id));
                    builder.note(Some(json.line(raw)), text);
                }
                Ok(node)
            });
        links.push((from?, to?, link.weight));
    }
    let weighted = links.iter().any(|(_, _, weight)| weight.is_some_and(|weight| weight > 0.0));
    for (from, to, weight) in links {
        builder.edge(from, to, EdgeKind::Unknown, weight.filter(|_| weighted));
    }
    if !levels {
        builder.mark_sources_as_roots();
    }
    note_missing_root(&mut builder);
    Ok(builder.finish())
}

/// A node id: a text, or a number as some writers use.
fn id(
    json: &JsonText,
    raw: &RawValue,
    field: &str,
    value: &Value,
    options: &ReadOptions,
) -> Result<String, ImportError> {
    let id = match value {
        Value::String(text) => options.repository(text),
        Value::Number(number) => number.to_string(),
        _ => String::new(),
    };
    if id.is_empty() {
        let found = format!("`{}`", shown(&value.to_string()));
        let hint = "name the repository, for instance https://github.com/owner/name";
        return Err(json.refuse(raw, field, &found, "a text that is not empty", hint));
    }
    Ok(id)
}
