//! Fills the report of a run.

use std::collections::{BTreeMap, BTreeSet};

use allonet_core::engine::Run;
use allonet_core::mechanism::Change;
use allonet_core::money::Amount;
use allonet_core::network::{Network, NodeKind};
use allonet_core::opinion::{Said, opinions};
use allonet_core::receipt::Receipt;
use allonet_core::trace::Trace;

use super::data;
use crate::outputs::last_exhibits;

/// Nodes drawn one by one; the smallest of a larger network are merged.
const NODES_MAX: usize = 6_000;
/// Recipients listed one by one with their steps.
const PAYOUTS_MAX: usize = 1_000;

/// The report of a run.
pub(crate) fn build(network: &Network, run: &Run, receipt: &Receipt) -> data::Report {
    let trace = Trace::new(network, run);
    let shown = Shown::new(network, run);
    let (payouts, rest) = payouts(network, run, &trace, &shown);
    data::Report {
        engine: receipt.engine.clone(),
        network: data::Network {
            name: network.name.clone(),
            title: network.title.clone(),
            description: network.description.clone(),
        },
        run_id: receipt.run.clone(),
        epochs: run.epoch,
        verify_command: "allonet verify receipt.json".to_owned(),
        assets: assets(network, run),
        nodes: nodes(network, run, &trace, &shown),
        links: links(network, &trace, &shown),
        payouts,
        rest,
        warnings: warnings(network, run, &shown),
        exhibits: exhibits(run, &shown),
        promises: promises(receipt),
        inputs: std::iter::once(&receipt.file)
            .chain(&receipt.inputs)
            .map(|file| data::InputFile {
                path: file.path.clone(),
                blake3: file.blake3.clone(),
                bytes: file.bytes,
            })
            .collect(),
    }
}

/// Which nodes are drawn one by one, and under which number.
struct Shown {
    of: Vec<usize>,
    listed: Vec<u32>,
    merged: usize,
}

impl Shown {
    fn new(network: &Network, run: &Run) -> Self {
        let all = u32::try_from(network.nodes().len()).expect("fewer than 2³² nodes");
        let mut order: Vec<u32> = (0..all).collect();
        if order.len() > NODES_MAX {
            let size = |node: &u32| {
                (0..network.assets().len()).map(|asset| run.inflow(*node, asset)).max()
            };
            order.sort_by_cached_key(|node| std::cmp::Reverse(size(node)));
            order.truncate(NODES_MAX);
            order.sort_unstable();
        }
        let mut of = vec![order.len(); network.nodes().len()];
        for (place, node) in order.iter().enumerate() {
            of[*node as usize] = place;
        }
        let merged = network.nodes().len() - order.len();
        Self { of, listed: order, merged }
    }
}

fn assets(network: &Network, run: &Run) -> Vec<data::Asset> {
    let totals = network.assets().iter().zip(&run.totals);
    totals
        .map(|(asset, totals)| data::Asset {
            id: asset.id(),
            symbol: asset.symbol.clone(),
            decimals: asset.decimals,
            chain: asset.chain.clone(),
            address: asset.address.clone(),
            totals: data::Totals {
                brought_in: totals.brought_in.to_string(),
                paid: totals.paid.to_string(),
                retained: totals.retained.to_string(),
                unspent: totals.unspent.to_string(),
                in_flight: totals.in_flight.to_string(),
            },
        })
        .collect()
}

/// Amounts by asset that are not zero.
fn purse(assets: usize, amount: impl Fn(usize) -> Amount) -> Vec<data::AssetAmount> {
    (0..assets)
        .map(|asset| (asset, amount(asset)))
        .filter(|(_, amount)| !amount.is_zero())
        .map(|(asset, amount)| data::AssetAmount { asset, amount: amount.to_string() })
        .collect()
}

fn plus(a: Amount, b: Amount) -> Amount {
    a.add(b, "the report").expect("no more than the run's totals")
}

fn nodes(network: &Network, run: &Run, trace: &Trace<'_>, shown: &Shown) -> Vec<data::Node> {
    let assets = network.assets().len();
    let parts = parts(network);
    let retained = retained(run, assets);
    let mut found: Vec<data::Node> = shown
        .listed
        .iter()
        .map(|at| {
            let node = network.node(*at);
            let details = node.details.as_deref();
            let unspent = run.memory.unspent.get(at);
            data::Node {
                id: node.id.to_string(),
                title: details.and_then(|details| details.title.clone()),
                kind: match node.kind {
                    NodeKind::Source(_) => data::NodeKind::Source,
                    NodeKind::Recipient => data::NodeKind::Recipient,
                    NodeKind::Fixed | NodeKind::Neuron(_) => data::NodeKind::Neuron,
                },
                mechanism: details.and_then(|details| details.mechanism).map(str::to_owned),
                rule: details.and_then(|details| details.formula).map(str::to_owned),
                part: parts.get(at).copied(),
                merged: None,
                inflow: purse(assets, |asset| run.inflow(*at, asset)),
                paid_out: purse(assets, |asset| {
                    let legs = network.legs().of(*at);
                    legs.map(|leg| trace.leg_total(leg, asset)).fold(Amount::ZERO, plus)
                }),
                retained: purse(assets, |asset| {
                    retained[asset].get(at).copied().unwrap_or_default()
                }),
                unspent: purse(assets, |asset| {
                    unspent.map_or(Amount::ZERO, |purse| purse.of(asset))
                }),
            }
        })
        .collect();
    if shown.merged > 0 {
        found.push(data::Node {
            id: "(others)".to_owned(),
            title: Some(format!("{} smaller nodes", shown.merged)),
            kind: data::NodeKind::Recipient,
            mechanism: None,
            rule: None,
            part: None,
            merged: Some(shown.merged as u64),
            inflow: Vec::new(),
            paid_out: Vec::new(),
            retained: Vec::new(),
            unspent: Vec::new(),
        });
    }
    found
}

/// What each node kept for good, by asset.
fn retained(run: &Run, assets: usize) -> Vec<BTreeMap<u32, Amount>> {
    let mut found = vec![BTreeMap::new(); assets];
    for record in &run.records {
        for (asset, flow) in record.flows.iter().enumerate() {
            for (node, amount) in flow.iter().flat_map(|flow| &flow.retained) {
                let sum: &mut Amount = found[asset].entry(*node).or_default();
                *sum = plus(*sum, *amount);
            }
        }
    }
    found
}

/// The number of the loop a node is in.
fn parts(network: &Network) -> BTreeMap<u32, u32> {
    let mut found = BTreeMap::new();
    for (number, part) in (0_u32..).zip(network.loops()) {
        found.extend(part.iter().map(|node| (*node, number)));
    }
    found
}

fn links(network: &Network, trace: &Trace<'_>, shown: &Shown) -> Vec<data::Link> {
    let mut sums: BTreeMap<(usize, usize, usize, u8), Amount> = BTreeMap::new();
    for from in (0_u32..).take(network.nodes().len()) {
        for leg in network.legs().of(from) {
            let note = network.legs().note(leg);
            let kind = if note.is_pinch { 1 } else { u8::from(note.delay > 0) * 2 };
            let to = network.legs().targets[leg] as usize;
            let ends = (shown.of[from as usize], shown.of[to]);
            if ends.0 == ends.1 && shown.merged > 0 && ends.0 == shown.listed.len() {
                continue;
            }
            for asset in 0..network.assets().len() {
                let amount = trace.leg_total(leg, asset);
                if !amount.is_zero() {
                    let sum = sums.entry((ends.0, ends.1, asset, kind)).or_default();
                    *sum = plus(*sum, amount);
                }
            }
        }
    }
    sums.into_iter()
        .map(|((from, to, asset, kind), amount)| data::Link {
            from,
            to,
            asset,
            amount: amount.to_string(),
            kind: match kind {
                0 => data::LinkKind::Value,
                1 => data::LinkKind::Pinch,
                _ => data::LinkKind::Delayed,
            },
        })
        .collect()
}

fn payouts(
    network: &Network,
    run: &Run,
    trace: &Trace<'_>,
    shown: &Shown,
) -> (Vec<data::Payout>, Option<data::Rest>) {
    let mut rows: Vec<(usize, u32, Amount)> = Vec::new();
    for asset in 0..network.assets().len() {
        let recipients = (0_u32..).zip(network.nodes()).filter(|(_, node)| node.is_recipient());
        let paid = recipients.map(|(at, _)| (asset, at, run.inflow(at, asset)));
        rows.extend(paid.filter(|(_, _, amount)| !amount.is_zero()));
    }
    rows.sort_by(|a, b| (a.0, b.2, a.1).cmp(&(b.0, a.2, b.1)));
    let mut counts = vec![0_usize; network.assets().len()];
    let (mut listed, mut left) = (Vec::new(), Vec::new());
    for row in rows {
        counts[row.0] += 1;
        let room = counts[row.0] <= PAYOUTS_MAX && shown.of[row.1 as usize] < shown.listed.len();
        if room { listed.push(row) } else { left.push(row) }
    }
    let sources: Vec<_> = (0..network.assets().len()).map(|asset| trace.sources(asset)).collect();
    let payouts = listed
        .iter()
        .map(|(asset, node, amount)| {
            let parts = sources[*asset].as_ref().and_then(|by_node| by_node.get(node));
            payout(
                (network, run, trace),
                shown,
                *asset,
                *node,
                *amount,
                parts.map_or(&[], Vec::as_slice),
            )
        })
        .collect();
    let names: BTreeSet<u32> = left.iter().map(|(_, node, _)| *node).collect();
    let rest = (!left.is_empty()).then(|| data::Rest {
        recipients: names.len() as u64,
        amounts: purse(network.assets().len(), |asset| {
            let own = left.iter().filter(|row| row.0 == asset);
            own.fold(Amount::ZERO, |sum, row| plus(sum, row.2))
        }),
    });
    (payouts, rest)
}

fn payout(
    (network, run, trace): (&Network, &Run, &Trace<'_>),
    shown: &Shown,
    asset: usize,
    node: u32,
    amount: Amount,
    sources: &[(u32, Amount)],
) -> data::Payout {
    let arrivals = trace.arrivals(node).into_iter().filter(|arrival| arrival.asset == asset);
    data::Payout {
        node: shown.of[node as usize],
        asset,
        amount: amount.to_string(),
        arrivals: arrivals
            .map(|arrival| data::Arrival {
                from: shown.of[arrival.from as usize],
                epoch: arrival.epoch,
                amount: arrival.amount.to_string(),
                said: said(network, run, arrival.from, node, arrival.epoch),
                steps: arrival
                    .steps
                    .into_iter()
                    .map(|step| data::Step {
                        label: step.label.into_owned(),
                        note: step.note,
                        amount: match step.change {
                            Change::Plus(amount) => amount.to_string(),
                            Change::Minus(amount) => format!("-{amount}"),
                        },
                    })
                    .collect(),
            })
            .collect(),
        sources: sources
            .iter()
            .filter(|(source, _)| shown.of[*source as usize] < shown.listed.len())
            .map(|(source, amount)| data::SourceShare {
                source: shown.of[*source as usize],
                amount: amount.to_string(),
            })
            .collect(),
    }
}

/// What a payer and the signals it heard say of a node.
fn said(network: &Network, run: &Run, payer: u32, node: u32, epoch: u32) -> Vec<data::Saying> {
    let score = |said: &Said| match said.share {
        Some(share) => format!("{} {:.6}, {:.2} % of all", said.name, said.score, share * 100.0),
        None => format!("{} {:.6}", said.name, said.score),
    };
    opinions(network, run, payer, &network.node(node).id, epoch)
        .into_iter()
        .map(|opinion| data::Saying {
            from: network.node(opinion.from).title().to_owned(),
            score: opinion.signal.as_ref().map(score).unwrap_or_default(),
            reasons: opinion.reasons,
        })
        .collect()
}

fn warnings(network: &Network, run: &Run, shown: &Shown) -> Vec<data::Warning> {
    let mut found: Vec<data::Warning> = network
        .warnings()
        .iter()
        .map(|fault| data::Warning { text: fault.to_string(), node: None })
        .collect();
    for record in &run.records {
        for rule in &record.rules {
            let node = Some(shown.of[rule.node as usize]).filter(|at| *at < shown.listed.len());
            found
                .extend(rule.remarks.iter().map(|text| data::Warning { text: text.clone(), node }));
        }
    }
    found
}

fn promises(receipt: &Receipt) -> Vec<data::PromiseOutcome> {
    // A broken promise stops the run before there is a report.
    let held = |text: &String| data::PromiseOutcome {
        text: text.clone(),
        held: true,
        detail: "checked in every epoch".to_owned(),
    };
    receipt.promises.iter().map(held).collect()
}

/// The tables of each neuron, as of its last turn that showed any.
fn exhibits(run: &Run, shown: &Shown) -> Vec<data::Exhibit> {
    let of = |node: u32| Some(shown.of[node as usize]).filter(|at| *at < shown.listed.len());
    last_exhibits(run)
        .map(|(node, table)| data::Exhibit { node: of(node), table: table.clone() })
        .collect()
}
