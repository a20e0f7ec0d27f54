//! The content of a graph as bytes, and the hash that names it.
//!
//! Two graphs with the same facts have the same bytes, whatever file they came
//! from and in whatever order its rows stood: the lines of evidence and the
//! notes of an import are not content. Weights enter as their 64 bits, `0` and
//! `-0` as one.
//!
//! # Format
//!
//! Lines of text, each a JSON array, in the order of the graph:
//!
//! ```text
//! ["allonet-graph",1]
//! ["node",id,root,listed]
//! ["package",name,version,purl,repository,licence]      of the node above
//! ["edge",dependent id,dependency id,kind,bits of the weight or null]
//! ```
//!
//! A network of weights: `["source",id,share]`, `["own",id,share]` and
//! `["weight",dependent id,dependency id,share]` after `["allonet-weights",1]`,
//! shares in 10⁻¹⁸.
//!
//! The hash is BLAKE3 of these bytes, in lower-case hexadecimal.

use serde_json::{Value, json};

use super::{DependencyGraph, Package};
use crate::weighted::WeightedGraph;

impl DependencyGraph {
    /// The content as bytes, see the [module](self).
    pub fn canonical_bytes(&self) -> Vec<u8> {
        let mut lines = Lines::new("allonet-graph");
        for node in self.nodes() {
            lines.push(&json!(["node", node.id, node.root, node.listed]));
            let package = |found: &Package| {
                let Package { name, version, purl, repository, licence, line: _ } = found;
                json!(["package", name, version, purl, repository, licence])
            };
            let mut packages: Vec<Value> = node.packages.iter().map(package).collect();
            // Evidence from two lines that says the same is one fact.
            packages.dedup();
            for package in &packages {
                lines.push(package);
            }
        }
        let id = |node: u32| &self.nodes()[node as usize].id;
        for edge in self.edges() {
            let bits = edge.weight.map(|weight| (weight + 0.0).to_bits());
            let (from, to) = (id(edge.dependent), id(edge.dependency));
            lines.push(&json!(["edge", from, to, edge.kind.name(), bits]));
        }
        lines.0
    }

    /// The hash of the content.
    pub fn content_hash(&self) -> String {
        hash(&self.canonical_bytes())
    }
}

impl WeightedGraph {
    /// The content as bytes, see the [module](self).
    pub fn canonical_bytes(&self) -> Vec<u8> {
        let mut lines = Lines::new("allonet-weights");
        let id = |node: u32| &self.nodes()[node as usize];
        for &(node, share) in self.sources() {
            lines.push(&json!(["source", id(node), share]));
        }
        for (node, own) in (0_u32..).zip(self.own_shares()) {
            lines.push(&json!(["own", id(node), own]));
            for (target, weight) in self.dependencies(node) {
                lines.push(&json!(["weight", id(node), id(target), weight]));
            }
        }
        lines.0
    }

    /// The hash of the content.
    pub fn content_hash(&self) -> String {
        hash(&self.canonical_bytes())
    }
}

struct Lines(Vec<u8>);

impl Lines {
    fn new(kind: &str) -> Self {
        let mut lines = Self(Vec::new());
        lines.push(&json!([kind, 1]));
        lines
    }

    fn push(&mut self, line: &Value) {
        self.0.extend_from_slice(line.to_string().as_bytes());
        self.0.push(b'\n');
    }
}

fn hash(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex().to_string()
}

#[cfg(test)]
mod tests {
    use crate::graph::{DependencyGraph, EdgeKind, GraphBuilder, Package};

    fn graph(order: [&str; 2], line: u32, weight: f64) -> DependencyGraph {
        let mut builder = GraphBuilder::default();
        for id in order {
            let package = Package { name: id.to_owned(), line: Some(line), ..Package::default() };
            builder.describe(id, package);
        }
        let (from, to) = (builder.list("a\t\"b"), builder.list("c"));
        builder.edge(from, to, EdgeKind::Dev, Some(weight));
        builder.note(None, format!("read on line {line}"));
        builder.finish()
    }

    #[test]
    fn bytes_tell_content_and_nothing_else() {
        let one = graph(["a\t\"b", "c"], 1, 0.5);
        let bytes = String::from_utf8(one.canonical_bytes()).expect("it is text");
        let expected = "[\"allonet-graph\",1]\n[\"node\",\"a\\t\\\"b\",false,true]\n\
             [\"package\",\"a\\t\\\"b\",null,null,null,null]\n[\"node\",\"c\",false,true]\n\
             [\"package\",\"c\",null,null,null,null]\n\
             [\"edge\",\"a\\t\\\"b\",\"c\",\"dev\",4602678819172646912]\n";
        assert_eq!(bytes, expected);
        assert_eq!(one.content_hash(), graph(["c", "a\t\"b"], 9, 0.5).content_hash());
        assert_ne!(one.content_hash(), graph(["c", "a\t\"b"], 9, 0.25).content_hash());
        assert_eq!(
            graph(["a\t\"b", "c"], 1, 0.0).content_hash(),
            graph(["a\t\"b", "c"], 1, -0.0).content_hash()
        );
        assert_eq!(one.content_hash().len(), 64);
    }
}
