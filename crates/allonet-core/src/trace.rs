//! Why an amount is what it is: arrivals with their steps, sources, paths.
//!
//! Everything here re-adds to the amount it explains, exactly. Which source a
//! unit of money came from is a matter of proportion (money mixes in every
//! node); those shares come from the linear solution of the flows as they were
//! booked and are apportioned, so that they add up too.

use std::collections::{BTreeMap, BinaryHeap};

use ruint::aliases::U256;

use crate::absorbing::{Chain, solve};
use crate::engine::{EpochRecord, Run};
use crate::mechanism::{Change, Step};
use crate::money::{Amount, Rounding, apportion, format_grouped, weights_from_f64};
use crate::network::{Network, NodeKind};

/// How money arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Via {
    /// Brought in from outside, by the node itself.
    Grant,
    /// Over a value edge.
    Value,
    /// Pinched from the sender's other edges.
    Pinch,
    /// Over a delayed edge, sent in an earlier epoch.
    Delayed,
}

/// Money that reached a node, and how the amount came about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// The epoch in which it was sent, from 0.
    pub epoch: u32,
    /// Who sent it; the node itself for a grant.
    pub from: u32,
    /// How it came.
    pub via: Via,
    /// Index of the asset.
    pub asset: usize,
    /// How much.
    pub amount: Amount,
    /// Steps that add up to it.
    pub steps: Vec<Step>,
}

/// One way that money took, source first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    /// Nodes from the source to the node explained.
    pub nodes: Vec<u32>,
    /// How much came this way, rounded down.
    pub amount: Amount,
}

/// Flows of a finished run, ready to be explained.
#[derive(Debug)]
pub struct Trace<'a> {
    network: &'a Network,
    run: &'a Run,
    /// Legs by the node they lead to.
    offsets: Vec<usize>,
    incoming: Vec<u32>,
}

impl<'a> Trace<'a> {
    /// Indexes the legs of a network by where they lead.
    pub fn new(network: &'a Network, run: &'a Run) -> Self {
        let targets = &network.legs().targets;
        let mut offsets = vec![0_usize; network.nodes().len() + 1];
        for target in targets {
            offsets[*target as usize + 1] += 1;
        }
        for node in 0..network.nodes().len() {
            offsets[node + 1] += offsets[node];
        }
        let mut next = offsets.clone();
        let mut incoming = vec![0_u32; targets.len()];
        for (leg, target) in (0_u32..).zip(targets) {
            incoming[next[*target as usize]] = leg;
            next[*target as usize] += 1;
        }
        Self { network, run, offsets, incoming }
    }

    fn incoming(&self, node: u32) -> &[u32] {
        &self.incoming[self.offsets[node as usize]..self.offsets[node as usize + 1]]
    }

    /// Everything that reached a node, by epoch, asset and sender. Adds up to
    /// its inflow over all epochs, but for money still in flight.
    pub fn arrivals(&self, node: u32) -> Vec<Arrival> {
        let mut found = Vec::new();
        for record in &self.run.records {
            self.grants(node, record.epoch, &mut found);
            for (asset, flow) in record.flows.iter().enumerate() {
                let Some(flow) = flow else { continue };
                for leg in self.incoming(node) {
                    let amount = flow.legs[*leg as usize];
                    let note = self.network.legs().note(*leg as usize);
                    if amount.is_zero() || record.epoch.saturating_add(note.delay) >= self.run.epoch
                    {
                        continue;
                    }
                    let via = match (note.is_pinch, note.delay) {
                        (true, _) => Via::Pinch,
                        (false, 0) => Via::Value,
                        (false, _) => Via::Delayed,
                    };
                    let from = self.network.legs().source(*leg as usize);
                    let steps = self.steps(record, *leg, from, asset, amount);
                    let epoch = record.epoch;
                    found.push(Arrival { epoch, from, via, asset, amount, steps });
                }
            }
        }
        found
    }

    fn grants(&self, node: u32, epoch: u32, found: &mut Vec<Arrival>) {
        let NodeKind::Source(grants) = &self.network.node(node).kind else { return };
        for grant in grants.iter().filter(|grant| grant.epoch == epoch && !grant.amount.is_zero()) {
            let (asset, amount) = (grant.asset, grant.amount);
            let steps = vec![Step::new("grant", Change::Plus(amount))];
            found.push(Arrival { epoch, from: node, via: Via::Grant, asset, amount, steps });
        }
    }

    fn steps(
        &self,
        record: &EpochRecord,
        leg: u32,
        from: u32,
        asset: usize,
        amount: Amount,
    ) -> Vec<Step> {
        if self.network.node(from).is_fixed() {
            return self.fixed_steps(record, leg as usize, from, asset, amount);
        }
        let payouts = record.rule(from).map_or(&[][..], |rule| &rule.payouts);
        let mut steps: Vec<Step> = payouts
            .iter()
            .filter(|payout| payout.leg == leg && payout.asset == asset)
            .flat_map(|payout| payout.steps.iter().cloned())
            .collect();
        if self.network.legs().note(leg as usize).is_pinch {
            let note = format!("taken from what `{}` pays", self.network.node(from).id);
            steps.push(Step::new("pinch", Change::Plus(amount)).note(note));
        } else if let Some((share, _)) = self.network.legs().note(leg as usize).pinch {
            let booked = payouts.iter().filter(|p| p.leg == leg && p.asset == asset);
            let booked = booked.fold(Amount::ZERO, |sum, payout| {
                sum.add(payout.amount, "payouts").expect("booked against what is available")
            });
            let note = format!("{share} goes upstream");
            steps.push(Step::new("pinch", Change::between(booked, amount)).note(note));
        }
        steps
    }

    /// A share of what passed through the sender, then the rounding.
    fn fixed_steps(
        &self,
        record: &EpochRecord,
        leg: usize,
        from: u32,
        asset: usize,
        amount: Amount,
    ) -> Vec<Step> {
        let Some(flow) = &record.flows[asset] else { return Vec::new() };
        let passed = flow.inflow[from as usize];
        let kept = self.network.node(from).retain().of(passed).unwrap_or(Amount::ZERO);
        let rest = passed.saturating_sub(kept);
        let weights = &self.network.legs().weights;
        let sum: u64 = weights[self.network.legs().of(from)].iter().sum();
        let exact = rest
            .mul_div(U256::from(weights[leg]), U256::from(sum.max(1)), "a share")
            .unwrap_or(Amount::ZERO);
        let money = &self.network.assets()[asset];
        let shown = format_grouped(rest.to_u256(), money.decimals);
        let note = format!(
            "{} of {shown} {} that `{}` passes on",
            show_weight(weights[leg], sum),
            money.symbol,
            self.network.node(from).id
        );
        let mut steps = vec![Step::new("share", Change::Plus(exact)).note(note)];
        let rounding = Change::between(exact, amount);
        if !rounding.is_zero() {
            steps.push(Step::new("rounding", rounding));
        }
        steps
    }

    /// What each source contributed to what reached each node, of one asset:
    /// by node, sources in order. Adds up to each node's amount. Epoch by epoch:
    /// money that waits, in a neuron or on a delayed edge, stays what it was.
    ///
    /// `None` where there are too many sources for the size of the network
    /// (sources × edges above 2·10⁸).
    pub fn sources(&self, asset: usize) -> Option<BTreeMap<u32, Vec<(u32, Amount)>>> {
        let granted = self.granted(asset);
        let edges = self.network.legs().targets.len().saturating_mul(self.run.records.len());
        if granted.len().saturating_mul(edges) > SOURCE_STEPS_MAX {
            return None;
        }
        let chains: Vec<Passing> = (0..self.run.records.len())
            .map(|epoch| Passing::new(self.network, self.run, epoch, asset))
            .collect();
        let mut shares: BTreeMap<u32, Vec<(u32, f64)>> = BTreeMap::new();
        for source in granted.keys() {
            for (node, reached) in (0_u32..).zip(self.reached_from(*source, asset, &chains)?) {
                if reached > 0.0 && node != *source {
                    shares.entry(node).or_default().push((*source, reached));
                }
            }
        }
        let settle = |(node, shares): (u32, Vec<(u32, f64)>)| {
            let weights: Vec<f64> = shares.iter().map(|(_, share)| *share).collect();
            let weights = weights_from_f64(&weights).ok()?;
            let total = self.run.inflow(node, asset);
            let parts = apportion(total, &weights, Rounding::LargestRemainder).ok()?.parts;
            Some((node, shares.into_iter().map(|(source, _)| source).zip(parts).collect()))
        };
        shares.into_iter().map(settle).collect()
    }

    /// What of one source's money reached each node over all epochs.
    fn reached_from(&self, source: u32, asset: usize, chains: &[Passing]) -> Option<Vec<f64>> {
        let nodes = self.network.nodes().len();
        let legs = self.network.legs();
        let mut reached = vec![0.0; nodes];
        let mut waiting = vec![0.0; nodes];
        let mut landing: Vec<Vec<f64>> = vec![vec![0.0; nodes]; chains.len()];
        for (epoch, passing) in chains.iter().enumerate() {
            let mut entries = std::mem::take(&mut landing[epoch]);
            entries[source as usize] += grants_in(self.network, source, epoch, asset);
            for (entry, waiting) in entries.iter_mut().zip(&waiting) {
                *entry += waiting;
            }
            let passed = solve(&passing.chain, &entries).ok()?;
            for node in 0..nodes {
                reached[node] += passed[node] - waiting[node];
                waiting[node] = passed[node] * passing.unspent[node];
            }
            for (leg, share) in &passing.delayed {
                let lands = epoch + legs.note(*leg).delay as usize;
                if let Some(entries) = landing.get_mut(lands) {
                    let from = legs.source(*leg) as usize;
                    entries[legs.targets[*leg] as usize] += passed[from] * share;
                }
            }
        }
        Some(reached)
    }

    /// What sources brought in over all epochs.
    fn granted(&self, asset: usize) -> BTreeMap<u32, Amount> {
        let mut granted: BTreeMap<u32, Amount> = BTreeMap::new();
        for (at, node) in (0_u32..).zip(self.network.nodes()) {
            let NodeKind::Source(grants) = &node.kind else { continue };
            let done = grants.iter().filter(|g| g.asset == asset && g.epoch < self.run.epoch);
            for grant in done.filter(|grant| !grant.amount.is_zero()) {
                let sum = granted.entry(at).or_default();
                *sum = sum.add(grant.amount, "grants").expect("checked by the run's totals");
            }
        }
        granted
    }

    /// What left over a leg over all epochs.
    pub fn leg_total(&self, leg: usize, asset: usize) -> Amount {
        let flows = self.run.records.iter().filter_map(|record| record.flows[asset].as_ref());
        flows.fold(Amount::ZERO, |sum, flow| {
            sum.add(flow.legs[leg], "a leg").expect("checked by the run's totals")
        })
    }

    /// What arrived over a leg so far: not what is still on its way.
    fn landed(&self, leg: usize, asset: usize) -> Amount {
        let delay = self.network.legs().note(leg).delay;
        let landed =
            self.run.records.iter().filter(|r| r.epoch.saturating_add(delay) < self.run.epoch);
        let flows = landed.filter_map(|record| record.flows[asset].as_ref());
        flows.fold(Amount::ZERO, |sum, flow| {
            sum.add(flow.legs[leg], "a leg").expect("checked by the run's totals")
        })
    }

    /// The ways by which most of one asset reached a node, largest first, and
    /// what came by all other ways. Loops are cut: a way passes each node once.
    pub fn paths(&self, node: u32, asset: usize, most: usize) -> (Vec<Path>, Amount) {
        let total = self.run.inflow(node, asset);
        let granted = self.granted(asset);
        let mut heap = BinaryHeap::from([Open { weight: 1.0, done: false, nodes: vec![node] }]);
        let mut found: Vec<(f64, Vec<u32>)> = Vec::new();
        let mut budget = PATH_STEPS_MAX;
        while let Some(open) = heap.pop() {
            if open.done {
                found.push((open.weight, open.nodes.iter().rev().copied().collect()));
                if found.len() == most {
                    break;
                }
                continue;
            }
            budget -= 1;
            if budget == 0 {
                break;
            }
            self.extend(&open, asset, &granted, &mut heap);
        }
        let shares: Vec<f64> = found.iter().map(|(weight, _)| *weight).collect();
        let rest = (1.0 - crate::maths::sum(shares.iter().copied())).max(0.0);
        let weights = weights_from_f64(&[shares, vec![rest]].concat()).unwrap_or_default();
        let Ok(parts) = apportion(total, &weights, Rounding::LargestRemainder) else {
            return (Vec::new(), total);
        };
        let others = parts.parts.last().copied().unwrap_or_default();
        let paths = found.into_iter().zip(parts.parts);
        (paths.map(|((_, nodes), amount)| Path { nodes, amount }).collect(), others)
    }

    fn extend(
        &self,
        open: &Open,
        asset: usize,
        granted: &BTreeMap<u32, Amount>,
        heap: &mut BinaryHeap<Open>,
    ) {
        let at = *open.nodes.last().expect("a way begins at the node explained");
        let passed = self.run.inflow(at, asset).to_f64();
        if passed <= 0.0 {
            return;
        }
        if let Some(grant) = granted.get(&at) {
            let weight = open.weight * (grant.to_f64() / passed);
            heap.push(Open { weight, done: true, nodes: open.nodes.clone() });
        }
        for leg in self.incoming(at) {
            let from = self.network.legs().source(*leg as usize);
            let share = self.landed(*leg as usize, asset).to_f64() / passed;
            if share > 0.0 && !open.nodes.contains(&from) {
                let mut nodes = open.nodes.clone();
                nodes.push(from);
                heap.push(Open { weight: open.weight * share, done: false, nodes });
            }
        }
    }
}

/// Sources times edges times epochs beyond which nobody waits for the answer.
const SOURCE_STEPS_MAX: usize = 200_000_000;

/// What a source brought in during one epoch.
fn grants_in(network: &Network, source: u32, epoch: usize, asset: usize) -> f64 {
    let NodeKind::Source(grants) = &network.node(source).kind else { return 0.0 };
    let now = grants.iter().filter(|g| g.epoch as usize == epoch && g.asset == asset);
    crate::maths::sum(now.map(|grant| grant.amount.to_f64()))
}

/// The flows of one asset in one epoch, as shares of what a node could pass on:
/// what reached it and what it held before.
#[derive(Debug)]
struct Passing {
    chain: Chain,
    /// Share that each node still holds afterwards.
    unspent: Vec<f64>,
    /// Share of the sender that left over each delayed leg.
    delayed: Vec<(usize, f64)>,
}

impl Passing {
    fn new(network: &Network, run: &Run, epoch: usize, asset: usize) -> Self {
        let legs = network.legs();
        let nodes = network.nodes().len();
        let flow = run.records[epoch].flows[asset].as_ref();
        let held = |epoch: Option<usize>| {
            let mut held = vec![Amount::ZERO; nodes];
            for rule in epoch.map_or(&[][..], |epoch| &run.records[epoch].rules) {
                held[rule.node as usize] = rule.unspent.of(asset);
            }
            held
        };
        let (before, after) = (held(epoch.checked_sub(1)), held(Some(epoch)));
        let mut found = Self {
            chain: Chain { offsets: vec![0], ..Chain::default() },
            unspent: Vec::with_capacity(nodes),
            delayed: Vec::new(),
        };
        for node in 0..nodes {
            let inflow = flow.map_or(Amount::ZERO, |flow| flow.inflow[node]);
            let passed = inflow.to_f64() + before[node].to_f64();
            let share = |amount: Amount| {
                if passed > 0.0 { amount.to_f64() / passed } else { 0.0 }
            };
            let mut left = 0.0;
            let at = u32::try_from(node).expect("fewer than 2³² nodes");
            for leg in legs.of(at) {
                let share = flow.map_or(0.0, |flow| share(flow.legs[leg]));
                if share > 0.0 && legs.note(leg).delay > 0 {
                    found.delayed.push((leg, share));
                } else if share > 0.0 {
                    found.chain.targets.push(legs.targets[leg]);
                    found.chain.probabilities.push(share);
                    left += share;
                }
            }
            found.chain.exits.push((1.0 - left).max(0.0));
            found.chain.offsets.push(found.chain.targets.len());
            found.unspent.push(share(after[node]));
        }
        found
    }
}

/// Ways looked at before giving up on more.
const PATH_STEPS_MAX: usize = 20_000;

/// A way still open at its upper end, the node explained first.
struct Open {
    weight: f64,
    done: bool,
    nodes: Vec<u32>,
}

impl Ord for Open {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.weight.total_cmp(&other.weight).then_with(|| other.nodes.cmp(&self.nodes))
    }
}

impl PartialOrd for Open {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Open {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Open {}

/// A weight among all: `3 of 10`, or a percentage where the numbers are long.
fn show_weight(weight: u64, sum: u64) -> String {
    if weight == sum {
        return "all".to_owned();
    }
    if sum <= 1_000 {
        return format!("{weight} of {sum} parts");
    }
    format!("{:.4}%", weight as f64 / sum as f64 * 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{RunOptions, run};
    use crate::money::Asset;
    use crate::network::{Details, Grant, NetworkBuilder};

    /// Two sources, a loop a ⇄ b, a recipient.
    fn network() -> Network {
        let mut builder = NetworkBuilder::new("test");
        builder.asset(Asset::new("USD", 2));
        let grant = |units| vec![Grant { epoch: 0, asset: 0, amount: Amount::from_base(units) }];
        let first = builder.node("first", NodeKind::Source(grant(9_000)), None);
        let second = builder.node("second", NodeKind::Source(grant(1_001)), None);
        let a = builder.node("a", NodeKind::Fixed, None);
        let kept = Details { retain: "10%".parse().ok(), ..Details::default() };
        let b = builder.node("b", NodeKind::Fixed, Some(Box::new(kept)));
        let out = builder.node("out", NodeKind::Recipient, None);
        builder.edge(first, a, 1);
        builder.edge(second, b, 1);
        builder.edge(a, b, 2);
        builder.edge(a, out, 1);
        builder.edge(b, a, 1);
        builder.edge(b, out, 3);
        builder.build().unwrap()
    }

    #[test]
    fn arrivals_steps_and_sources_add_up() {
        let network = network();
        let run = run(&network, RunOptions::default()).unwrap();
        let trace = Trace::new(&network, &run);
        let sources = trace.sources(0).unwrap();
        for (at, node) in (0_u32..).zip(network.nodes()) {
            let total = run.inflow(at, 0);
            let arrivals = trace.arrivals(at);
            let sum = Amount::sum(arrivals.iter().map(|arrival| arrival.amount), "test");
            assert_eq!(sum, Ok(total), "{}", node.id);
            for arrival in arrivals {
                let sum = arrival.steps.iter().fold(Amount::ZERO, |sum, step| match step.change {
                    Change::Plus(amount) => sum.add(amount, "test").unwrap(),
                    Change::Minus(amount) => sum.sub(amount, "test").unwrap(),
                });
                assert_eq!(sum, arrival.amount);
            }
            if let Some(parts) = sources.get(&at) {
                assert_eq!(Amount::sum(parts.iter().map(|part| part.1), "test"), Ok(total));
            }
        }
    }

    #[test]
    fn money_on_its_way_and_money_to_come_explain_nothing() {
        let mut builder = NetworkBuilder::new("test");
        builder.asset(Asset::new("USD", 2));
        let grant =
            |epoch, units| vec![Grant { epoch, asset: 0, amount: Amount::from_base(units) }];
        let big = builder.node("big", NodeKind::Source(grant(0, 1_000_000)), None);
        let late = builder.node("late", NodeKind::Source(grant(1, 500)), None);
        let small = builder.node("small", NodeKind::Source(grant(0, 100)), None);
        let hub = builder.node("hub", NodeKind::Fixed, None);
        let bob = builder.node("bob", NodeKind::Recipient, None);
        for source in [big, late, small] {
            builder.edge(source, hub, 1);
        }
        builder.edge(hub, bob, 1);
        builder.delay(("big", None), ("hub", None), 5);
        builder.epochs(2);
        let network = builder.build().unwrap();
        let run = run(&network, RunOptions::default()).unwrap();
        let trace = Trace::new(&network, &run);
        let bob = network.find("bob").unwrap();
        let named = |parts: &[(u32, Amount)]| -> Vec<(String, u128)> {
            let name = |node: u32| network.node(node).id.to_string();
            parts.iter().map(|(node, amount)| (name(*node), amount.to_u128().unwrap())).collect()
        };
        let parts = named(&trace.sources(0).unwrap()[&bob]);
        assert_eq!(parts, [("late".to_owned(), 500), ("small".to_owned(), 100)]);
        let (paths, others) = trace.paths(bob, 0, 9);
        assert_eq!((paths.len(), others), (2, Amount::ZERO));
    }

    #[test]
    fn the_widest_path_comes_first_and_all_add_up() {
        let network = network();
        let run = run(&network, RunOptions::default()).unwrap();
        let trace = Trace::new(&network, &run);
        let out = network.find("out").unwrap();
        let (paths, others) = trace.paths(out, 0, 3);
        let names: Vec<Vec<&str>> = paths
            .iter()
            .map(|path| path.nodes.iter().map(|node| &*network.node(*node).id).collect())
            .collect();
        assert_eq!(names[0], ["first", "a", "b", "out"]);
        assert_eq!(names[1], ["first", "a", "out"]);
        let listed = Amount::sum(paths.iter().map(|path| path.amount), "test").unwrap();
        assert_eq!(listed.add(others, "test"), Ok(run.inflow(out, 0)));
    }
}
