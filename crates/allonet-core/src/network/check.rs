//! Orders the nodes and finds what cannot work: loops without delay, money that
//! can never come to rest, promises that nobody can keep.

use super::{Bound, Network, NodeKind};
use crate::condensation::{Condensation, Digraph, condense};
use crate::fault::{Fault, Place};
use crate::mechanism::Purse;

/// The size and shape of a network.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shape {
    /// How many sources.
    pub sources: usize,
    /// How many neurons.
    pub neurons: usize,
    /// How many recipients.
    pub recipients: usize,
    /// How many value edges.
    pub value_edges: usize,
    /// How many signal edges.
    pub signal_edges: usize,
    /// Hops on the longest way of money; a loop counts as one.
    pub depth: usize,
    /// Most edges that leave one node.
    pub fan_out_max: usize,
    /// Groups of nodes that fund each other within an epoch.
    pub loops: usize,
    /// Members of the largest such group.
    pub loop_members_max: usize,
}

impl Network {
    /// The size and shape of the network.
    pub fn shape(&self) -> Shape {
        let mut shape = Shape {
            value_edges: self.legs.targets.len(),
            signal_edges: self.signals.len(),
            depth: depth(self).into_iter().max().unwrap_or(0) as usize,
            ..Shape::default()
        };
        for node in &self.nodes {
            match node.kind {
                NodeKind::Source(_) => shape.sources += 1,
                NodeKind::Fixed | NodeKind::Neuron(_) => shape.neurons += 1,
                NodeKind::Recipient => shape.recipients += 1,
            }
        }
        shape.fan_out_max =
            self.legs.offsets.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or(0);
        for (part, _) in self.order.parts().zip(&self.loops).filter(|(_, is_loop)| **is_loop) {
            shape.loops += 1;
            shape.loop_members_max = shape.loop_members_max.max(part.len());
        }
        shape
    }
}

/// Orders the nodes of a network that is complete but for that, and checks it.
pub(super) fn order_and_check(
    mut network: Network,
    max_depth: Option<(u32, Option<Place>)>,
) -> Result<Network, Vec<Fault>> {
    let edges = prompt_edges(&network);
    let graph = edges.as_ref().map_or(
        Digraph { offsets: &network.legs.offsets, targets: &network.legs.targets },
        |(offsets, targets)| Digraph { offsets, targets },
    );
    let order = condense(&graph);
    let (order, levels) = by_level(&order, &graph);
    network.loops = order.parts().map(|part| is_loop(part, &graph)).collect();
    network.order = order;
    network.levels = levels;
    let mut faults = check_loops(&network, edges.as_ref());
    check_promises(&network, &mut faults);
    check_grants(&network, &mut faults);
    if !network.nodes.iter().any(|node| matches!(node.kind, NodeKind::Source(_))) {
        faults.push(Fault::new("no-source", "nothing brings money into the network").help(
            "declare a source, for example:\n[sources.treasury]\ngives = \"1_000 USDC\"\n\
             to = \"matching\"",
        ));
    }
    if let Some((limit, place)) = max_depth {
        check_depth(&network, limit, place, &mut faults);
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    network.warnings = warnings(&network);
    Ok(network)
}

type Edges = (Vec<usize>, Vec<u32>);

/// Edges that act within one epoch; `None` where these are just all legs.
fn prompt_edges(network: &Network) -> Option<Edges> {
    let delayed = network.legs.notes.values().any(|note| note.delay > 0);
    if !delayed && network.signals.is_empty() {
        return None;
    }
    let (mut offsets, mut targets) = (vec![0], Vec::with_capacity(network.legs.targets.len()));
    for node in (0_u32..).take(network.nodes.len()) {
        let prompt = network.legs.of(node).filter(|leg| network.legs.note(*leg).delay == 0);
        targets.extend(prompt.map(|leg| network.legs.targets[leg]));
        let signals = network.signals.iter().filter(|edge| edge.from == node && edge.delay == 0);
        targets.extend(signals.map(|edge| edge.to));
        offsets.push(targets.len());
    }
    Some((offsets, targets))
}

/// The same parts, grouped by the longest way that leads to them, and where
/// each group begins.
fn by_level(order: &Condensation, graph: &Digraph<'_>) -> (Condensation, Vec<usize>) {
    let mut level = vec![0_u32; graph.len()];
    let mut parts: Vec<(u32, usize)> = Vec::with_capacity(order.len());
    for (index, part) in order.parts().enumerate() {
        let own = part.iter().map(|node| level[*node as usize]).max().unwrap_or(0);
        for node in part {
            level[*node as usize] = own;
            for target in graph.row(*node) {
                let reached = &mut level[*target as usize];
                *reached = (*reached).max(own + 1);
            }
        }
        // A part's own members were lifted by its inner edges: put them back.
        for node in part {
            level[*node as usize] = own;
        }
        parts.push((own, index));
    }
    parts.sort_unstable_by_key(|(level, index)| (*level, order.part(*index)[0]));
    let levels = (0..parts.len())
        .filter(|at| *at == 0 || parts[*at].0 != parts[*at - 1].0)
        .chain([parts.len()])
        .collect();
    (Condensation::from_parts(parts.iter().map(|(_, index)| order.part(*index))), levels)
}

/// Hops of money to each node, from wherever money enters.
fn depth(network: &Network) -> Vec<u32> {
    let mut depth = vec![0_u32; network.nodes.len()];
    for part in network.order.parts() {
        let own = part.iter().map(|node| depth[*node as usize]).max().unwrap_or(0);
        for node in part {
            depth[*node as usize] = own;
        }
        for node in part {
            for leg in network.legs.of(*node) {
                let target = network.legs.targets[leg];
                if network.legs.note(leg).delay == 0 && part.binary_search(&target).is_err() {
                    let reached = &mut depth[target as usize];
                    *reached = (*reached).max(own + 1);
                }
            }
        }
    }
    depth
}

fn check_depth(network: &Network, limit: u32, place: Option<Place>, faults: &mut Vec<Fault>) {
    let depth = depth(network);
    let deepest = depth.iter().enumerate().max_by_key(|(at, depth)| (**depth, usize::MAX - at));
    if let Some((at, hops)) = deepest.filter(|(_, hops)| **hops > limit) {
        let message = format!(
            "money travels {hops} hops to `{}`, more than max_depth = {limit}",
            network.nodes[at].id
        );
        faults.push(
            Fault::new("too-deep", message)
                .at_some(place)
                .help("raise max_depth, or cut the chain of neurons that leads there"),
        );
    }
}

fn is_loop(part: &[u32], graph: &Digraph<'_>) -> bool {
    match part {
        [node] => graph.row(*node).contains(node),
        _ => true,
    }
}

/// Loops must be fixed shares all round, and leave a way out.
fn check_loops(network: &Network, edges: Option<&Edges>) -> Vec<Fault> {
    let mut faults = Vec::new();
    let parts = network.order.parts().zip(&network.loops);
    for (part, _) in parts.filter(|(_, is_loop)| **is_loop) {
        let signal = network.signals.iter().any(|edge| {
            let inside = |node: u32| part.binary_search(&node).is_ok();
            edge.delay == 0 && inside(edge.from) && inside(edge.to)
        });
        if signal || part.iter().any(|node| !network.node(*node).is_fixed()) {
            faults.push(undelayed(network, part, edges));
        } else if !has_exit(network, part) {
            faults.push(trapped(network, part));
        }
    }
    faults
}

fn has_exit(network: &Network, part: &[u32]) -> bool {
    part.iter().any(|node| {
        !network.node(*node).retain().is_zero()
            || network.legs.of(*node).any(|leg| {
                network.legs.weights[leg] > 0
                    && (network.legs.note(leg).delay > 0
                        || part.binary_search(&network.legs.targets[leg]).is_err())
            })
    })
}

fn trapped(network: &Network, part: &[u32]) -> Fault {
    let names = names(network, part);
    Fault::new("trapped-money", format!("money that enters the loop {names} can never leave it"))
        .at_some(part.iter().find_map(|node| network.node(*node).place()))
        .help("let one of them keep a share (retain = \"10%\") or pay somebody outside the loop")
}

fn names(network: &Network, part: &[u32]) -> String {
    let shown: Vec<String> =
        part.iter().take(6).map(|node| format!("`{}`", network.node(*node).id)).collect();
    let more = if part.len() > 6 { format!(" and {} more", part.len() - 6) } else { String::new() };
    format!("{}{more}", shown.join(", "))
}

/// A loop through a rule, with one round trip and the edges that could wait.
fn undelayed(network: &Network, part: &[u32], edges: Option<&Edges>) -> Fault {
    let rule = part.iter().copied().find(|node| !network.node(*node).is_fixed());
    let start = rule.unwrap_or(part[0]);
    let trip = round_trip(network, part, start, edges);
    let shown: Vec<&str> = trip.iter().map(|node| &*network.node(*node).id).collect();
    let waits: Vec<String> = trip
        .windows(2)
        .map(|pair| format!("{} → {}", network.node(pair[0]).id, network.node(pair[1]).id))
        .collect();
    let reason = match rule {
        Some(rule) => format!("`{}` does not divide by fixed weights", network.node(rule).id),
        None => "a signal closes it".to_owned(),
    };
    let message = format!("the loop {} has no delay, and {reason}", shown.join(" → "));
    let first = trip
        .windows(2)
        .next()
        .map_or(("a", "b"), |pair| (&*network.node(pair[0]).id, &*network.node(pair[1]).id));
    Fault::new("undelayed-loop", message)
        .at_some(network.node(start).place())
        .label("this neuron waits for itself")
        .help(format!(
            "let one of these edges arrive in the next epoch: {}; for example:\n\
             [[edges]]\nfrom = \"{}\"\nto = \"{}\"\ndelay = 1",
            waits.join(", "),
            first.0,
            first.1
        ))
}

/// A shortest way from `start` back to itself within a part.
fn round_trip(network: &Network, part: &[u32], start: u32, edges: Option<&Edges>) -> Vec<u32> {
    let row = |node: u32| match edges {
        Some((offsets, targets)) => &targets[offsets[node as usize]..offsets[node as usize + 1]],
        None => &network.legs.targets[network.legs.of(node)],
    };
    let mut came_from = vec![None; part.len()];
    let mut queue = std::collections::VecDeque::from([start]);
    while let Some(node) = queue.pop_front() {
        for target in row(node) {
            let Ok(local) = part.binary_search(target) else { continue };
            if came_from[local].is_some() {
                continue;
            }
            came_from[local] = Some(node);
            if *target == start {
                let mut trip = vec![start];
                let mut at = node;
                while at != start {
                    trip.push(at);
                    let local = part.binary_search(&at).expect("the way stays within the part");
                    at = came_from[local].expect("every node on the way was reached");
                }
                trip.push(start);
                trip.reverse();
                return trip;
            }
            queue.push_back(*target);
        }
    }
    vec![start, start]
}

fn check_promises(network: &Network, faults: &mut Vec<Fault>) {
    for promise in &network.promises {
        let Some(node) = promise.on.map(|on| network.node(on)) else {
            if matches!(promise.bound, Bound::MaxVoterEffect(_)) {
                faults.push(
                    Fault::new("promise", "max_voter_effect needs a neuron")
                        .at_some(promise.place.clone())
                        .help("add on = \"…\" with the neuron whose voters are meant"),
                );
            }
            continue;
        };
        let possible = match promise.bound {
            Bound::MaxVoterEffect(_) => matches!(node.kind, NodeKind::Neuron(_)),
            Bound::MaxShare(_) | Bound::MinRecipients(_) => !node.is_recipient(),
            Bound::BudgetMin { .. } | Bound::BudgetMax { .. } => true,
        };
        if !possible {
            let message = format!(
                "`{}` cannot keep the promise that {}",
                node.id,
                promise.bound.show(&network.assets)
            );
            faults.push(
                Fault::new("promise", message)
                    .at_some(promise.place.clone())
                    .help("it has no voters or pays nobody; put the promise on another node"),
            );
        }
    }
}

/// All that ever comes in fits 256 bits.
fn check_grants(network: &Network, faults: &mut Vec<Fault>) {
    let mut totals = Purse::empty(network.assets.len());
    for node in &network.nodes {
        let NodeKind::Source(grants) = &node.kind else { continue };
        let beyond = grants.iter().find(|grant| totals.put(grant.asset, grant.amount).is_err());
        if let Some(grant) = beyond {
            let asset = network.assets[grant.asset].id();
            let message =
                format!("with `{}`, 2^256 base units of {asset} or more come in", node.id);
            let fault = Fault::new("too-much-money", message).at_some(node.place());
            faults.push(
                fault
                    .label("too much from here on")
                    .help(format!("check the amounts, and the decimals of {asset}")),
            );
            return;
        }
    }
}

const WARNINGS_MAX: usize = 20;

fn warnings(network: &Network) -> Vec<Fault> {
    let mut reached = vec![false; network.nodes.len()];
    let mut stack: Vec<u32> = (0_u32..)
        .zip(&network.nodes)
        .filter(|(_, node)| matches!(node.kind, NodeKind::Source(_)))
        .map(|(at, _)| at)
        .collect();
    for at in &stack {
        reached[*at as usize] = true;
    }
    while let Some(node) = stack.pop() {
        for target in &network.legs.targets[network.legs.of(node)] {
            if !std::mem::replace(&mut reached[*target as usize], true) {
                stack.push(*target);
            }
        }
    }
    let mut found = Vec::new();
    for (at, node) in network.nodes.iter().enumerate() {
        let neuron = matches!(node.kind, NodeKind::Fixed | NodeKind::Neuron(_));
        let heard = network.signals.iter().any(|edge| edge.from as usize == at);
        // Recipients that came with a data file have no place and need no word.
        if !reached[at] && !heard && (neuron || node.place().is_some()) {
            let message = format!("no money can reach `{}`", node.id);
            let fault = Fault::new("unreached", message).warning().at_some(node.place());
            found.push(fault.help("name it in the `to` of a source or neuron, or remove it"));
        }
        // Whoever only says something needs nobody to pay.
        if matches!(node.kind, NodeKind::Neuron(_))
            && (reached[at] || !heard)
            && network.legs.offsets[at] == network.legs.offsets[at + 1]
        {
            let message = format!("`{}` can pay nobody: all it gets stays unspent", node.id);
            let fault = Fault::new("no-payees", message).warning().at_some(node.place());
            found.push(fault.help("name payees in its settings; or are its data files empty?"));
        }
    }
    if found.len() > WARNINGS_MAX {
        let more = found.len() - WARNINGS_MAX;
        found.truncate(WARNINGS_MAX);
        found.push(Fault::new("more", format!("and {more} more warnings like these")).warning());
    }
    found
}
