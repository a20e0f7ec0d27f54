//! `allonet weights graph diff`: what changed between two snapshots.

use std::path::PathBuf;

use allonet_core::money::Amount;
use allonet_weights::graph::DependencyGraph;
use allonet_weights::graph::diff::{
    Changed, EdgeName, GraphDiff, MoneyMoved, NodeChange, money_moved,
};
use allonet_weights::structural::{Settings, weigh};
use clap::Args;
use serde_json::{Value, json};

use super::input::{CutArgs, budget, refused};
use crate::diagnose::Failure;
use crate::ui::{Ui, grouped};

/// `allonet weights graph diff`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  allonet weights graph diff spring.json autumn.json
  allonet weights graph diff old.csv new.csv --aliases renames.csv --budget 1_000_000")]
pub(super) struct DiffArgs {
    /// The older snapshot
    #[arg(value_name = "OLD")]
    old: PathBuf,
    /// The newer snapshot
    #[arg(value_name = "NEW")]
    new: PathBuf,
    #[command(flatten)]
    cut: CutArgs,
    /// Send so many of the smallest units through both, and compare who is paid
    #[arg(long, value_name = "UNITS", value_parser = budget)]
    budget: Option<Amount>,
    /// How many entries of each kind to list
    #[arg(long, value_name = "COUNT", default_value_t = 10)]
    top: usize,
}

/// Compares.
pub(super) fn run(args: &DiffArgs, ui: &Ui) -> Result<(), Failure> {
    let (old, new) = (args.cut.graph_as_named(&args.old)?, args.cut.graph_as_named(&args.new)?);
    let aliases = args.cut.aliases()?;
    let diff = GraphDiff::between(&old, &new, &aliases);
    let money = args.budget.map(|budget| {
        let network = |graph: &DependencyGraph| {
            weigh(graph, &Settings::default()).map_err(|error| refused("weights", &error))
        };
        money_moved(&network(&old)?, &network(&new)?, budget, &aliases)
            .map_err(|error| refused("unsettled-flow", &error))
            .map(|moved| (budget, moved))
    });
    let money = money.transpose()?;
    if ui.is_json() {
        let hashes = [old.content_hash(), new.content_hash()];
        ui.print_json(&as_json(&diff, &hashes, money.as_ref().map(|(_, moved)| moved)));
        return Ok(());
    }
    if diff.is_empty() && diff.renamed.is_empty() {
        ui.print("nothing changed");
    } else {
        ui.print(&ui.table(&["change", "count", "which"], &rows(&diff, args.top), &[1]));
    }
    if let Some((budget, moved)) = money {
        ui.print("");
        ui.print(&gains_and_losses(ui, &moved, args.top));
        ui.print(&format!("{} of {budget} go to somebody else than before", moved.moved));
    }
    Ok(())
}

fn rows(diff: &GraphDiff, top: usize) -> Vec<Vec<String>> {
    let edge = |edge: &EdgeName| format!("{} → {}", edge.dependent, edge.dependency);
    let shown = |names: Vec<String>| {
        let more = if names.len() > top { ", …" } else { "" };
        names[..names.len().min(top)].join(", ") + more
    };
    let row =
        |what: &str, names: Vec<String>| vec![what.to_owned(), grouped(names.len()), shown(names)];
    let edges = |list: &[EdgeName]| list.iter().map(edge).collect();
    let weight = |weight: Option<f64>| weight.map_or("none".to_owned(), |w| format!("{w:.6}"));
    let renamed = diff.renamed.iter().map(|(old, new)| format!("{old} is {new}"));
    let reweighted = diff.reweighted.iter().map(|Changed { edge: name, before, after }| {
        format!("{} {} → {}", edge(name), weight(*before), weight(*after))
    });
    let kinds = diff.kind_changed.iter().map(|Changed { edge: name, before, after }| {
        format!("{} {} → {}", edge(name), before.name(), after.name())
    });
    let all = [
        row("renamed", renamed.collect()),
        row("nodes added", diff.nodes_added.clone()),
        row("nodes removed", diff.nodes_removed.clone()),
        row("roots added", diff.roots_added.clone()),
        row("roots removed", diff.roots_removed.clone()),
        row("edges added", edges(&diff.edges_added)),
        row("edges removed", edges(&diff.edges_removed)),
        row("weights changed", reweighted.collect()),
        row("kinds changed", kinds.collect()),
    ];
    all.into_iter().filter(|row| row[1] != "0").collect()
}

/// The nodes whose payment changes most.
fn gains_and_losses(ui: &Ui, moved: &MoneyMoved, top: usize) -> String {
    let change = |node: &NodeChange| {
        let (gain, loss) =
            (node.after.saturating_sub(node.before), node.before.saturating_sub(node.after));
        if loss.is_zero() { (gain, "+") } else { (loss, "-") }
    };
    let mut order: Vec<&NodeChange> =
        moved.nodes.iter().filter(|node| node.before != node.after).collect();
    order.sort_by(|left, right| change(right).0.cmp(&change(left).0).then(left.id.cmp(&right.id)));
    let row = |node: &&NodeChange| {
        let (by, sign) = change(node);
        vec![
            node.id.clone(),
            node.before.to_string(),
            node.after.to_string(),
            format!("{sign}{by}"),
        ]
    };
    let rows: Vec<Vec<String>> = order.iter().take(top).map(row).collect();
    ui.table(&["node", "before", "after", "change"], &rows, &[1, 2, 3])
}

fn as_json(diff: &GraphDiff, hashes: &[String; 2], money: Option<&MoneyMoved>) -> Value {
    let edge =
        |edge: &EdgeName| json!({ "dependent": edge.dependent, "dependency": edge.dependency });
    let edges = |list: &[EdgeName]| -> Vec<Value> { list.iter().map(edge).collect() };
    let changed = |name: &EdgeName, before: Value, after: Value| {
        json!({
            "dependent": name.dependent, "dependency": name.dependency,
            "before": before, "after": after,
        })
    };
    let renamed = diff.renamed.iter().map(|(old, new)| json!({ "old": old, "new": new }));
    let reweighted = diff.reweighted.iter();
    let reweighted = reweighted.map(|one| changed(&one.edge, json!(one.before), json!(one.after)));
    let kinds = diff.kind_changed.iter();
    let kinds =
        kinds.map(|one| changed(&one.edge, json!(one.before.name()), json!(one.after.name())));
    let node =
        |node: &NodeChange| json!({ "id": node.id, "before": node.before, "after": node.after });
    json!({
        "old": hashes[0],
        "new": hashes[1],
        "renamed": renamed.collect::<Vec<_>>(),
        "nodes_added": diff.nodes_added,
        "nodes_removed": diff.nodes_removed,
        "roots_added": diff.roots_added,
        "roots_removed": diff.roots_removed,
        "edges_added": edges(&diff.edges_added),
        "edges_removed": edges(&diff.edges_removed),
        "weights_changed": reweighted.collect::<Vec<_>>(),
        "kinds_changed": kinds.collect::<Vec<_>>(),
        "money": money.map(|money| json!({
            "moved": money.moved,
            "nodes": money.nodes.iter().map(node).collect::<Vec<_>>(),
        })),
    })
}
