//! JSON that maps each seed to its dependencies: `{seed: [dependency]}`, or with
//! weights `{seed: {dependency: weight}}`. Seeds are the roots; a seed without
//! dependencies is a node all the same.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::json::{Entries, JsonText};
use super::weight_csv::LARGEST_WEIGHT;
use super::{ImportError, ReadOptions, shown};
use crate::graph::{DependencyGraph, EdgeKind, GraphBuilder};

pub(super) const FORMAT: &str = "seed map JSON";

/// Reads a map.
pub fn read(text: &str, options: &ReadOptions) -> Result<DependencyGraph, ImportError> {
    let json = JsonText::new(FORMAT, text)?;
    let Entries(seeds) = json.parse::<Entries<&RawValue>>()?;
    if seeds.is_empty() {
        let hint = "list the dependencies of each seed, if only as []";
        return Err(ImportError::whole(FORMAT, "an empty object", "at least one seed", hint));
    }
    let mut builder = GraphBuilder::default();
    for (seed, raw) in seeds {
        let dependencies: Dependencies = json.part(raw, &format!("`{}`", shown(&seed)))?;
        let root = builder.list(&name(&json, raw, &seed, options)?);
        builder.mark_root(root);
        for (dependency, weight) in dependencies.0 {
            if let Some(weight) = weight.filter(|weight| !(0.0..=LARGEST_WEIGHT).contains(weight)) {
                return Err(json.refuse(
                    raw,
                    &format!("`{}`", shown(&dependency)),
                    &weight.to_string(),
                    &format!("a number from 0 to {LARGEST_WEIGHT}"),
                    "weights are shares; a dependency that gets nothing has weight 0",
                ));
            }
            let node = builder.list(&name(&json, raw, &dependency, options)?);
            builder.edge(root, node, EdgeKind::Unknown, weight);
        }
    }
    Ok(builder.finish())
}

/// Whether a JSON object has this shape.
pub(super) fn fits(text: &str) -> bool {
    serde_json::from_str::<Entries<Shape>>(text).is_ok()
}

fn name(
    json: &JsonText,
    raw: &RawValue,
    address: &str,
    options: &ReadOptions,
) -> Result<String, ImportError> {
    let name = options.repository(address);
    if name.is_empty() {
        let hint = "name the repository, for instance https://github.com/owner/name";
        let found = format!("`{}`", shown(address));
        return Err(json.refuse(raw, "repository", &found, "a name that is not empty", hint));
    }
    Ok(name)
}

/// Dependencies with the weights the file gives.
struct Dependencies(Vec<(String, Option<f64>)>);

impl<'de> Deserialize<'de> for Dependencies {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(DependenciesVisitor)
    }
}

struct DependenciesVisitor;

impl<'de> Visitor<'de> for DependenciesVisitor {
    type Value = Dependencies;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of dependencies, or an object of dependencies and weights")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut dependencies = Vec::new();
        while let Some(name) = list.next_element()? {
            dependencies.push((name, None));
        }
        Ok(Dependencies(dependencies))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut dependencies = Vec::new();
        while let Some((name, weight)) = map.next_entry::<String, f64>()? {
            dependencies.push((name, Some(weight)));
        }
        Ok(Dependencies(dependencies))
    }
}

/// A list or an object, whatever it holds.
struct Shape;

impl<'de> Deserialize<'de> for Shape {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ShapeVisitor)
    }
}

struct ShapeVisitor;

impl<'de> Visitor<'de> for ShapeVisitor {
    type Value = Shape;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of texts or an object of numbers")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        while list.next_element::<String>()?.is_some() {}
        Ok(Shape)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, f64>()?.is_some() {}
        Ok(Shape)
    }
}
