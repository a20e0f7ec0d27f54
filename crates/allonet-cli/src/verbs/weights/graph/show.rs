//! `allonet weights graph show`: what is in a graph.

use std::collections::BTreeMap;
use std::path::PathBuf;

use allonet_weights::graph::{DependencyGraph, Licences, Standing};
use clap::Args;
use serde_json::json;

use super::input::CutArgs;
use crate::diagnose::Failure;
use crate::ui::{Ui, grouped};

/// `allonet weights graph show`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  allonet weights graph show Cargo.lock
  cargo metadata --format-version 1 > build.json
  allonet weights graph show build.json --drop dev --licences osi
  allonet weights graph show bom.json --by-repository --aliases renames.csv")]
pub(super) struct ShowArgs {
    /// A lock file, bill of materials, or graph in JSON or CSV
    #[arg(value_name = "INPUT")]
    input: PathBuf,
    #[command(flatten)]
    cut: CutArgs,
    /// How many of the widest and most used nodes to list
    #[arg(long, value_name = "COUNT", default_value_t = 5)]
    top: usize,
}

/// Shows.
pub(super) fn run(args: &ShowArgs, ui: &Ui) -> Result<(), Failure> {
    let graph = args.cut.graph(&args.input)?;
    for note in graph.notes() {
        match note.line {
            Some(line) => ui.note(&format!("line {line}: {}", note.text)),
            None => ui.note(&note.text),
        }
    }
    let facts = Facts::of(&graph, args.top);
    if ui.is_json() {
        ui.print_json(&facts.json(&graph));
        return Ok(());
    }
    ui.print(&ui.table(&["what", "count", "which"], &facts.rows(), &[1]));
    ui.print(&format!("content {}", graph.content_hash()));
    Ok(())
}

struct Facts {
    nodes: usize,
    edges: usize,
    roots: usize,
    packages: usize,
    kinds: BTreeMap<&'static str, usize>,
    weighted: usize,
    licences: [usize; 3],
    loops: Vec<String>,
    circles: Vec<[String; 2]>,
    unlisted: usize,
    unreached: usize,
    deepest: Option<(String, u32)>,
    widest: Vec<(String, usize)>,
    used: Vec<(String, usize)>,
}

impl Facts {
    fn of(graph: &DependencyGraph, top: usize) -> Self {
        let id = |node: u32| graph.nodes()[node as usize].id.clone();
        let mut kinds = BTreeMap::new();
        let (mut below, mut above) = (vec![0; graph.node_count()], vec![0; graph.node_count()]);
        for edge in graph.edges() {
            *kinds.entry(edge.kind.name()).or_default() += 1;
            below[edge.dependent as usize] += 1;
            above[edge.dependency as usize] += 1;
        }
        let mut licences = [0; 3];
        for node in graph.nodes().iter().filter(|node| !node.packages.is_empty()) {
            let standing = Licences::Osi.standing(node);
            licences[match standing {
                Standing::Admitted => 0,
                Standing::Refused => 1,
                Standing::Unlicensed => 2,
            }] += 1;
        }
        let depths = graph.depths();
        let reached = (0_u32..).zip(&depths).filter_map(|(node, depth)| depth.map(|d| (d, node)));
        let deepest = reached.max_by(|left, right| left.0.cmp(&right.0).then(right.1.cmp(&left.1)));
        let circles = graph.two_cycles().into_iter();
        Self {
            nodes: graph.node_count(),
            edges: graph.edge_count(),
            roots: graph.roots().len(),
            packages: graph.nodes().iter().map(|node| node.packages.len()).sum(),
            kinds,
            weighted: graph.edges().iter().filter(|edge| edge.weight.is_some()).count(),
            licences,
            loops: graph.self_loops().into_iter().map(id).collect(),
            circles: circles.map(|(left, right)| [id(left), id(right)]).collect(),
            unlisted: graph.nodes().iter().filter(|node| !node.listed).count(),
            unreached: depths.iter().filter(|depth| depth.is_none()).count(),
            deepest: deepest.map(|(depth, node)| (id(node), depth)),
            widest: largest(graph, &below, top),
            used: largest(graph, &above, top),
        }
    }

    fn rows(&self) -> Vec<Vec<String>> {
        let row =
            |what: &str, count: usize, which: String| vec![what.to_owned(), grouped(count), which];
        let named = |nodes: &[(String, usize)]| {
            let named = nodes.iter().map(|(id, count)| format!("{id} {}", grouped(*count)));
            named.collect::<Vec<_>>().join(", ")
        };
        let kinds = self.kinds.iter().map(|(kind, count)| format!("{kind} {}", grouped(*count)));
        let circles = self.circles.iter().map(|[left, right]| format!("{left} ⇄ {right}"));
        let mut rows = vec![
            row("nodes", self.nodes, String::new()),
            row("roots", self.roots, String::new()),
            row("edges", self.edges, kinds.collect::<Vec<_>>().join(", ")),
            row("given weights", self.weighted, String::new()),
            row("packages as evidence", self.packages, String::new()),
            row("under OSI licences", self.licences[0], String::new()),
            row("under other licences", self.licences[1], String::new()),
            row("stating no licence", self.licences[2], String::new()),
            row("on themselves", self.loops.len(), first(self.loops.iter().cloned())),
            row("on each other", self.circles.len(), first(circles)),
            row("not described", self.unlisted, String::new()),
            row("no root leads to", self.unreached, String::new()),
        ];
        if let Some((id, depth)) = &self.deepest {
            rows.push(row("deepest, in steps", *depth as usize, id.clone()));
        }
        let most = |nodes: &[(String, usize)]| nodes.first().map_or(0, |(_, count)| *count);
        rows.push(row("widest", most(&self.widest), named(&self.widest)));
        rows.push(row("most depended on", most(&self.used), named(&self.used)));
        rows
    }

    fn json(&self, graph: &DependencyGraph) -> serde_json::Value {
        let listed = |nodes: &[(String, usize)]| -> Vec<_> {
            nodes.iter().map(|(id, count)| json!({ "id": id, "count": count })).collect()
        };
        json!({
            "content": graph.content_hash(),
            "nodes": self.nodes,
            "roots": self.roots,
            "edges": self.edges,
            "kinds": self.kinds,
            "given_weights": self.weighted,
            "packages": self.packages,
            "licences": {
                "osi": self.licences[0], "other": self.licences[1], "none": self.licences[2],
            },
            "self_loops": self.loops,
            "two_cycles": self.circles,
            "not_described": self.unlisted,
            "unreached": self.unreached,
            "deepest": self.deepest.as_ref().map(|(id, depth)| json!({ "id": id, "depth": depth })),
            "widest": listed(&self.widest),
            "most_depended_on": listed(&self.used),
        })
    }
}

/// The nodes with the largest counts, earlier ids first.
fn largest(graph: &DependencyGraph, counts: &[usize], top: usize) -> Vec<(String, usize)> {
    let mut order: Vec<usize> = (0..counts.len()).filter(|at| counts[*at] > 0).collect();
    order.sort_by(|a, b| counts[*b].cmp(&counts[*a]).then(a.cmp(b)));
    order.into_iter().take(top).map(|at| (graph.nodes()[at].id.clone(), counts[at])).collect()
}

/// The first few of a list.
fn first(names: impl Iterator<Item = String>) -> String {
    const SHOWN: usize = 3;
    let names: Vec<String> = names.collect();
    let more = if names.len() > SHOWN { ", …" } else { "" };
    names[..names.len().min(SHOWN)].join(", ") + more
}
