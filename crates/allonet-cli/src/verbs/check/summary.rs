//! What a network is, in a page of text or one JSON value.

use std::collections::BTreeMap;

use allonet_core::fault::Fault;
use allonet_core::mechanism::Purse;
use allonet_core::money::{Asset, MoneyError};
use allonet_core::network::{Grant, Network, Node, NodeKind};
use serde_json::{Value, json};

use super::super::Loaded;
use super::rules;
use crate::ui::{Tone, Ui, counted, grouped};

/// How many nodes of one kind are listed.
const LISTED: usize = 20;

/// The page of text.
pub(super) fn text(loaded: &Loaded, ui: &Ui) -> Result<String, Fault> {
    let Loaded { network, inputs } = loaded;
    let mut rows: Vec<[String; 2]> = Vec::new();
    let mut row = |head: &str, text: String| rows.push([head.to_owned(), text]);
    row("network", named(&network.name, network.title.as_deref()));
    row("assets", network.assets().iter().map(asset).collect::<Vec<_>>().join(", "));
    several(&mut row, "sources", sources(network)?);
    row("neurons", mechanisms(network));
    let shape = network.shape();
    row("recipients", grouped(shape.recipients));
    row("edges", edges(network));
    row("loops", loops(network));
    row("epochs", epochs(network));
    several(&mut row, "promises", promises(network));
    let files = inputs.files().iter().map(|input| {
        format!("{} ({}, blake3 {})", input.path, bytes(input.bytes()), &input.blake3[..16])
    });
    several(&mut row, "inputs", files.collect());
    let neurons = neurons(network)
        .map(|node| format!("{}: {}", named(&node.id, title(node)), rules::line(node, inputs)));
    several(&mut row, "rules", neurons.collect());
    let width = rows.iter().map(|[head, _]| head.len()).max().unwrap_or(0);
    let lines = rows.iter().map(|[head, text]| {
        let padded = format!("{head:width$}");
        format!("{}  {text}", ui.tone(Tone::Strong, &padded)).trim_end().to_owned()
    });
    let verdict = match network.warnings().len() {
        0 => ui.tone(Tone::Good, "the network is sound"),
        count => ui
            .tone(Tone::Doubtful, &format!("the network runs, with {}", counted(count, "warning"))),
    };
    Ok(format!("{}\n{verdict}", lines.collect::<Vec<_>>().join("\n")))
}

/// A heading with one line each, cut after [`LISTED`].
fn several(row: &mut impl FnMut(&str, String), head: &str, lines: Vec<String>) {
    if lines.is_empty() {
        return row(head, "none".to_owned());
    }
    let more = lines.len().saturating_sub(LISTED);
    for (at, line) in lines.into_iter().take(LISTED).enumerate() {
        row(if at == 0 { head } else { "" }, line);
    }
    if more > 0 {
        row("", format!("and {} more", grouped(more)));
    }
}

fn named(id: &str, title: Option<&str>) -> String {
    match title {
        Some(title) if title != id => format!("{id} ({title})"),
        _ => id.to_owned(),
    }
}

fn title(node: &Node) -> Option<&str> {
    node.details.as_ref()?.title.as_deref()
}

fn asset(asset: &Asset) -> String {
    format!("{} ({})", asset.id(), counted(usize::from(asset.decimals), "decimal"))
}

fn sources(network: &Network) -> Result<Vec<String>, Fault> {
    let mut lines = Vec::new();
    let mut all = Purse::empty(network.assets().len());
    for node in network.nodes() {
        let NodeKind::Source(grants) = &node.kind else { continue };
        let total = total(network, grants).map_err(|error| too_much(node, &error))?;
        all.put_all(&total).map_err(|error| too_much(node, &error))?;
        let times =
            if grants.len() > 1 { format!(", {} times", grants.len()) } else { String::new() };
        lines.push(format!("{}: {}{times}", named(&node.id, title(node)), money(network, &total)));
    }
    if lines.len() > 1 {
        let count = counted(lines.len(), "source");
        lines.insert(0, format!("{} from {count}", money(network, &all)));
    }
    Ok(lines)
}

fn total(network: &Network, grants: &[Grant]) -> Result<Purse, MoneyError> {
    let mut purse = Purse::empty(network.assets().len());
    grants.iter().try_for_each(|grant| purse.put(grant.asset, grant.amount))?;
    Ok(purse)
}

fn too_much(node: &Node, error: &MoneyError) -> Fault {
    Fault::new("amount", format!("`{}`: {error}", node.id)).at_some(node.place())
}

fn money(network: &Network, purse: &Purse) -> String {
    let shown: Vec<String> =
        purse.iter().map(|(asset, amount)| network.assets()[asset].show(amount)).collect();
    if shown.is_empty() { "nothing".to_owned() } else { shown.join(", ") }
}

fn neurons(network: &Network) -> impl Iterator<Item = &Node> {
    let is_neuron = |node: &&Node| matches!(node.kind, NodeKind::Fixed | NodeKind::Neuron(_));
    network.nodes().iter().filter(is_neuron)
}

/// `3: 2 split, 1 quadratic`.
fn mechanisms(network: &Network) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for node in neurons(network) {
        *counts.entry(rules::card(node).map_or("fixed", |card| card.id)).or_default() += 1;
    }
    let total: usize = counts.values().sum();
    let mut counts: Vec<(usize, &str)> =
        counts.into_iter().map(|(id, count)| (count, id)).collect();
    counts.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(b.1)));
    let list: Vec<String> =
        counts.iter().map(|(count, id)| format!("{} {id}", grouped(*count))).collect();
    if list.is_empty() {
        "none".to_owned()
    } else {
        format!("{}: {}", grouped(total), list.join(", "))
    }
}

fn edges(network: &Network) -> String {
    let shape = network.shape();
    format!(
        "{} of value, {} of signals; depth {}, fan-out up to {}",
        grouped(shape.value_edges),
        grouped(shape.signal_edges),
        shape.depth,
        grouped(shape.fan_out_max)
    )
}

fn loops(network: &Network) -> String {
    let shape = network.shape();
    match shape.loops {
        0 => "none".to_owned(),
        loops => format!("{}; the largest has {} members", grouped(loops), shape.loop_members_max),
    }
}

fn epochs(network: &Network) -> String {
    let count = network.epochs();
    match (network.epoch_end(0), network.epoch_end(count - 1)) {
        (Some(first), Some(last)) if count > 1 => {
            format!("{count}; the first ends {first}, the last {last}")
        }
        (Some(end), _) => format!("{count}; ends {end}"),
        _ => count.to_string(),
    }
}

fn promises(network: &Network) -> Vec<String> {
    let promises = network.promises().iter().map(|promise| {
        let on = promise.on.map_or("the network", |on| &network.node(on).id);
        format!("{on}: {}", promise.bound.show(network.assets()))
    });
    promises.collect()
}

/// `1,234 bytes`.
fn bytes(count: usize) -> String {
    counted(count, "byte")
}

/// All of it as one JSON value.
pub(super) fn json(loaded: &Loaded) -> Result<Value, Fault> {
    let Loaded { network, inputs } = loaded;
    let shape = network.shape();
    let mut sources = Vec::new();
    for node in network.nodes() {
        let NodeKind::Source(grants) = &node.kind else { continue };
        let total = total(network, grants).map_err(|error| too_much(node, &error))?;
        let gives: BTreeMap<String, _> =
            total.iter().map(|(asset, amount)| (network.assets()[asset].id(), amount)).collect();
        sources.push(json!({ "id": node.id, "title": title(node), "gives": gives }));
    }
    let neuron = |node: &Node| {
        let details = node.details.as_deref();
        json!({
            "id": node.id,
            "title": title(node),
            "mechanism": rules::card(node).map(|card| card.id),
            "rule": rules::line(node, inputs),
            "settings": details.map(|details| &details.settings),
            "retain": node.retain().to_string(),
        })
    };
    Ok(json!({
        "name": network.name,
        "title": network.title,
        "assets": network.assets(),
        "sources": sources,
        "neurons": neurons(network).map(neuron).collect::<Vec<_>>(),
        "recipients": shape.recipients,
        "value_edges": shape.value_edges,
        "signal_edges": shape.signal_edges,
        "depth": shape.depth,
        "fan_out_max": shape.fan_out_max,
        "loops": shape.loops,
        "loop_members_max": shape.loop_members_max,
        "epochs": network.epochs(),
        "promises": promises(network),
        "warnings": network.warnings().len(),
        "inputs": inputs.files().iter().map(|input| json!({
            "path": input.path,
            "bytes": input.bytes(),
            "blake3": input.blake3,
        })).collect::<Vec<_>>(),
    }))
}
