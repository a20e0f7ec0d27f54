//! Propagation: pushes money and signals through a network, epoch by epoch.
//!
//! Within an epoch the parts of the network take their turn in topological
//! order. Nodes with fixed weights divide what reached them; loops of such
//! nodes are solved as absorbing chains; rules take their turn, those of one
//! level side by side. The result does not depend on how many threads work.
//!
//! Nothing here performs a payment: the result is a plan.

mod cycle;
mod keep;
mod record;
mod refine;
mod step;

use std::collections::BTreeMap;
use std::ops::Range;

use rayon::prelude::*;
use thiserror::Error;

pub use record::{
    AssetFlow, Checkpoint, EpochRecord, InFlight, Memory, RuleRecord, Run, SteppedPayout, Totals,
};

use crate::absorbing::AbsorbingError;
use crate::fault::Place;
use crate::mechanism::Refusal;
use crate::money::{Amount, ApportionError, MoneyError, Rounding, apportion_into};
use crate::network::{Network, NodeKind};
use crate::signal::Signal;
use crate::time::Instant;

/// Why a run stops.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum RunError {
    /// A mechanism says no to its input.
    #[error("`{node}` refuses in epoch {epoch}: {refusal}")]
    Refused {
        /// The neuron.
        node: String,
        /// The epoch, from 0.
        epoch: u32,
        /// What it says.
        refusal: Refusal,
        /// The neuron's place in the network file.
        place: Option<Place>,
    },
    /// A promise does not hold.
    #[error(
        "promise broken in epoch {epoch}{}: {promise}, but {found}",
        on.as_ref().map(|on| format!(", at `{on}`")).unwrap_or_default()
    )]
    Broken {
        /// The node it is about; none for the whole network.
        on: Option<String>,
        /// The epoch, from 0.
        epoch: u32,
        /// The promise in words.
        promise: String,
        /// What happened, with the amount.
        found: String,
        /// The promise's place in the network file.
        place: Option<Place>,
    },
    /// A loop has no solution.
    #[error("{loop_error} (the loop is {members})")]
    Loop {
        /// Why.
        loop_error: AbsorbingError,
        /// Its members, by id.
        members: String,
    },
    /// Money beyond 256 bits.
    #[error("`{node}`: {error}")]
    Money {
        /// Where it happened.
        node: String,
        /// What happened.
        error: MoneyError,
    },
    /// Money that has nowhere to go.
    #[error("`{node}`: {error}")]
    Apportion {
        /// Where it happened.
        node: String,
        /// What happened.
        error: ApportionError,
    },
    /// A checkpoint of another network.
    #[error("this state does not fit the network: {reason}")]
    Checkpoint {
        /// What differs.
        reason: String,
    },
    /// A bug: money was lost or made.
    #[error(
        "conservation of {asset} is broken in epoch {epoch}: {brought_in} came in, but paid, \
         retained, unspent and in flight add up to {accounted}; this is a bug in allonet, \
         please report it with the network file"
    )]
    Conservation {
        /// The asset.
        asset: String,
        /// The epoch, from 0.
        epoch: u32,
        /// What came in.
        brought_in: Amount,
        /// What is accounted for.
        accounted: Amount,
    },
}

/// How far to run.
#[derive(Clone, Debug, Default)]
pub struct RunOptions {
    /// Stop after the last event up to this moment.
    pub until: Option<Instant>,
    /// Stop before this epoch.
    pub before: Option<u32>,
    /// Go on from here instead of from the beginning.
    pub resume: Option<Checkpoint>,
}

/// Runs a network to its end, or as far as the options say.
pub fn run(network: &Network, options: RunOptions) -> Result<Run, RunError> {
    let RunOptions { until, before, resume } = options;
    let mut engine = Engine::new(network, resume)?;
    let mut interrupted = None;
    let epochs = before.unwrap_or(u32::MAX).min(network.epochs());
    while engine.epoch < epochs {
        let begins = engine.epoch.checked_sub(1).and_then(|last| network.epoch_end(last));
        let stop =
            until.filter(|until| network.epoch_end(engine.epoch).is_none_or(|end| *until < end));
        if stop.is_some_and(|until| begins.is_some_and(|begins| until <= begins)) {
            break;
        }
        if stop.is_some() {
            interrupted = Some(engine.checkpoint());
        }
        engine.take_epoch(stop)?;
        if interrupted.is_some() {
            break;
        }
    }
    Ok(engine.finish(interrupted))
}

/// A run under way.
struct Engine<'a> {
    network: &'a Network,
    epoch: u32,
    memory: Memory,
    records: Vec<EpochRecord>,
    totals: Vec<Totals>,
}

/// One epoch under way.
struct Pass {
    record: EpochRecord,
    signals: BTreeMap<u32, Vec<Signal>>,
    scratch: Vec<(u64, u32)>,
    places: cycle::Places,
}

impl<'a> Engine<'a> {
    fn new(network: &'a Network, resume: Option<Checkpoint>) -> Result<Self, RunError> {
        let mut engine = Self {
            network,
            epoch: 0,
            memory: Memory::default(),
            records: Vec::new(),
            totals: vec![Totals::default(); network.assets().len()],
        };
        if let Some(checkpoint) = resume {
            checkpoint.check(network)?;
            while engine.epoch < checkpoint.epoch {
                engine.take_epoch(None)?;
            }
            checkpoint.compare(&engine.checkpoint())?;
        }
        Ok(engine)
    }

    fn money(&self, node: u32) -> impl Fn(MoneyError) -> RunError + '_ {
        move |error| RunError::Money { node: self.network.node(node).id.to_string(), error }
    }

    /// One round of propagation, with events up to `stop`.
    fn take_epoch(&mut self, stop: Option<Instant>) -> Result<(), RunError> {
        let mut pass = Pass {
            record: EpochRecord::new(self.epoch, self.network.assets().len()),
            signals: BTreeMap::new(),
            scratch: Vec::new(),
            places: cycle::Places::default(),
        };
        self.bring_in(&mut pass)?;
        self.hear(&mut pass);
        for level in self.network.levels.windows(2) {
            self.take_fixed(&mut pass, level[0]..level[1])?;
            self.take_rules(&mut pass, level[0]..level[1], stop)?;
        }
        self.settle(&mut pass)?;
        self.records.push(pass.record);
        self.check_network_promises()?;
        self.epoch += 1;
        Ok(())
    }

    /// Grants of this epoch, and money that arrives from earlier ones.
    fn bring_in(&mut self, pass: &mut Pass) -> Result<(), RunError> {
        for (at, node) in (0_u32..).zip(self.network.nodes()) {
            let NodeKind::Source(grants) = &node.kind else { continue };
            for grant in grants.iter().filter(|grant| grant.epoch == self.epoch) {
                let flow = pass.record.flow(self.network, grant.asset);
                flow.arrive(at, grant.amount).map_err(self.money(at))?;
                let total = flow.brought_in.add(grant.amount, "all money of one asset");
                flow.brought_in = total.map_err(self.money(at))?;
            }
        }
        let (now, later) = std::mem::take(&mut self.memory.in_flight)
            .into_iter()
            .partition(|m| m.arrives == self.epoch);
        self.memory.in_flight = later;
        for money in now {
            let flow = pass.record.flow(self.network, money.asset);
            flow.arrive(money.to, money.amount).map_err(self.money(money.to))?;
        }
        Ok(())
    }

    /// Signals that arrive from earlier epochs.
    fn hear(&mut self, pass: &mut Pass) {
        let (now, later) = std::mem::take(&mut self.memory.pending)
            .into_iter()
            .partition(|s| s.arrives == self.epoch);
        self.memory.pending = later;
        for signal in now {
            pass.signals.entry(signal.to).or_default().push(signal.signal);
        }
    }

    /// Nodes and loops that divide by fixed weights.
    fn take_fixed(&mut self, pass: &mut Pass, parts: Range<usize>) -> Result<(), RunError> {
        for asset in 0..self.network.assets().len() {
            let Some(flow) = &mut pass.record.flows[asset] else { continue };
            for index in parts.clone() {
                let part = self.network.order().part(index);
                if !self.network.node(part[0]).is_fixed() {
                    continue;
                }
                if self.network.loops[index] {
                    cycle::divide(self.network, part, flow, &mut pass.places)?;
                } else {
                    divide(self.network, part[0], flow, &mut pass.scratch)?;
                }
                for node in part {
                    launch(
                        self.network,
                        *node,
                        asset,
                        self.epoch,
                        flow,
                        &mut self.memory.in_flight,
                    );
                }
            }
        }
        Ok(())
    }

    /// Rules of one level, side by side, booked in order.
    fn take_rules(
        &mut self,
        pass: &mut Pass,
        parts: Range<usize>,
        stop: Option<Instant>,
    ) -> Result<(), RunError> {
        let rules: Vec<u32> = parts
            .map(|index| self.network.order().part(index)[0])
            .filter(|node| matches!(self.network.node(*node).kind, NodeKind::Neuron(_)))
            .collect();
        if rules.is_empty() {
            return Ok(());
        }
        let shared: (&Self, &Pass) = (self, pass);
        let turns: Vec<Result<step::Turned, RunError>> =
            rules.par_iter().map(|node| step::take(shared.0, shared.1, *node, stop)).collect();
        for turned in turns {
            step::book(self, pass, turned?)?;
        }
        Ok(())
    }

    /// Totals after the epoch, and the law that nothing is lost or made.
    fn settle(&mut self, pass: &mut Pass) -> Result<(), RunError> {
        for (asset, totals) in self.totals.iter_mut().enumerate() {
            let fault = |error| RunError::Money { node: "the whole network".to_owned(), error };
            let sum = |amounts: &mut dyn Iterator<Item = Amount>| {
                Amount::sum(amounts, "all money of one asset").map_err(fault)
            };
            if let Some(flow) = &pass.record.flows[asset] {
                let paid = sum(&mut recipients(self.network).map(|at| flow.inflow[at as usize]))?;
                let kept = sum(&mut flow.retained.iter().map(|(_, amount)| *amount))?;
                let add = |total: Amount, more| total.add(more, "all money of one asset");
                totals.brought_in = add(totals.brought_in, flow.brought_in).map_err(fault)?;
                totals.paid = add(totals.paid, paid).map_err(fault)?;
                totals.retained = add(totals.retained, kept).map_err(fault)?;
            }
            totals.unspent = sum(&mut self.memory.unspent.values().map(|purse| purse.of(asset)))?;
            let flying = self.memory.in_flight.iter().filter(|money| money.asset == asset);
            totals.in_flight = sum(&mut flying.map(|money| money.amount))?;
            let accounted = totals.accounted().map_err(fault)?;
            if accounted != totals.brought_in {
                return Err(RunError::Conservation {
                    asset: self.network.assets()[asset].id(),
                    epoch: self.epoch,
                    brought_in: totals.brought_in,
                    accounted,
                });
            }
        }
        Ok(())
    }

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::new(self.network, self.epoch, &self.memory, &self.records, &self.totals)
    }

    fn finish(self, interrupted: Option<Checkpoint>) -> Run {
        let Self { epoch, memory, records, totals, .. } = self;
        Run { epoch, records, totals, memory, interrupted }
    }
}

/// The first few ids of a part.
fn first_names(network: &Network, part: &[u32]) -> String {
    let shown: Vec<&str> = part.iter().take(6).map(|node| &*network.node(*node).id).collect();
    let more = if part.len() > 6 { format!(" and {} more", part.len() - 6) } else { String::new() };
    format!("{}{more}", shown.join(", "))
}

fn recipients(network: &Network) -> impl Iterator<Item = u32> + '_ {
    (0_u32..).zip(network.nodes()).filter(|(_, node)| node.is_recipient()).map(|(at, _)| at)
}

/// Divides what reached one node with fixed weights.
fn divide(
    network: &Network,
    node: u32,
    flow: &mut AssetFlow,
    scratch: &mut Vec<(u64, u32)>,
) -> Result<(), RunError> {
    let mut rest = flow.inflow[node as usize];
    if rest.is_zero() {
        return Ok(());
    }
    let name = || network.node(node).id.to_string();
    let money = |error| RunError::Money { node: name(), error };
    let share = network.node(node).retain();
    if !share.is_zero() {
        let kept = share.of(rest).map_err(money)?;
        flow.retained.push((node, kept));
        rest = rest.saturating_sub(kept);
    }
    let range = network.legs().of(node);
    let weights = &network.legs().weights[range.clone()];
    let parts = &mut flow.legs[range.clone()];
    apportion_into(rest, weights, Rounding::LargestRemainder, parts, scratch)
        .map_err(|error| RunError::Apportion { node: name(), error })?;
    let plain = network.legs().notes.is_empty();
    for leg in range {
        if plain || network.legs().note(leg).delay == 0 {
            let target = network.legs().targets[leg];
            let sum = flow.inflow[target as usize].add(flow.legs[leg], "an inflow");
            flow.inflow[target as usize] = sum.map_err(money)?;
        }
    }
    Ok(())
}

/// Sends what leaves over delayed legs on its way.
fn launch(
    network: &Network,
    node: u32,
    asset: usize,
    epoch: u32,
    flow: &AssetFlow,
    in_flight: &mut Vec<InFlight>,
) {
    if network.legs().notes.is_empty() {
        return;
    }
    for leg in network.legs().of(node) {
        let delay = network.legs().note(leg).delay;
        if delay > 0 && !flow.legs[leg].is_zero() {
            let to = network.legs().targets[leg];
            let amount = flow.legs[leg];
            in_flight.push(InFlight {
                arrives: epoch.saturating_add(delay),
                from: node,
                to,
                asset,
                amount,
            });
        }
    }
}
