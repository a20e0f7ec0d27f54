//! The turn of one rule: what it may spend, what it books, where that goes.

use super::record::{PendingSignal, RuleRecord, SteppedPayout};
use super::{Engine, InFlight, Pass, RunError};
use crate::event::Event;
use crate::mechanism::{Allocation, Change, Outcome, Payout, Purse, State, Step, Turn};
use crate::network::NodeKind;
use crate::signal::Signal;
use crate::time::Instant;

/// A turn that was taken, not yet booked.
pub(super) struct Turned {
    node: u32,
    kept: Purse,
    payouts: Vec<Payout>,
    retained: Purse,
    unspent: Purse,
    outcome: Outcome,
}

/// Lets a rule take its turn. Pure: may run beside others of its level.
pub(super) fn take(
    engine: &Engine<'_>,
    pass: &Pass,
    node: u32,
    stop: Option<Instant>,
) -> Result<Turned, RunError> {
    let network = engine.network;
    let NodeKind::Neuron(mechanism) = &network.node(node).kind else {
        unreachable!("only rules take turns")
    };
    let (kept, inflow) = split_inflow(engine, pass, node)?;
    let mut available = inflow.clone();
    if let Some(purse) = engine.memory.unspent.get(&node) {
        available.put_all(purse).map_err(engine.money(node))?;
    }
    let empty = State::empty();
    let signals = heard(pass, node);
    let turn = Turn {
        epoch: engine.epoch,
        ends: network.epoch_end(engine.epoch),
        assets: network.assets(),
        inflow: &inflow,
        signals: &signals,
        events: events(engine, node, stop),
        state: engine.memory.states.get(&node).unwrap_or(&empty),
    };
    let refused = |refusal| RunError::Refused {
        node: network.node(node).id.to_string(),
        epoch: engine.epoch,
        refusal,
        place: network.node(node).place(),
    };
    let mut allocation = Allocation::new(&available, mechanism.payees(), network.assets());
    let outcome = mechanism.step(&turn, &mut allocation).map_err(refused)?;
    let (payouts, retained, unspent) = allocation.close();
    let turned = Turned { node, kept, payouts, retained, unspent, outcome };
    super::keep::check_turn(engine, &**mechanism, &turn, &available, node, &turned.payouts)?;
    Ok(turned)
}

/// What the neuron keeps off its inflow, and the rest.
fn split_inflow(engine: &Engine<'_>, pass: &Pass, node: u32) -> Result<(Purse, Purse), RunError> {
    let assets = engine.network.assets().len();
    let (mut kept, mut inflow) = (Purse::empty(assets), Purse::empty(assets));
    let share = engine.network.node(node).retain();
    for (asset, flow) in pass.record.flows.iter().enumerate() {
        let Some(flow) = flow else { continue };
        let arrived = flow.inflow[node as usize];
        let own = share.of(arrived).map_err(engine.money(node))?;
        kept.put(asset, own).map_err(engine.money(node))?;
        inflow.put(asset, arrived.saturating_sub(own)).map_err(engine.money(node))?;
    }
    Ok((kept, inflow))
}

/// Signals for a neuron, in order of emitter and name.
fn heard(pass: &Pass, node: u32) -> Vec<Signal> {
    let mut signals = pass.signals.get(&node).cloned().unwrap_or_default();
    signals.sort_by(|a, b| (&a.from, &a.name).cmp(&(&b.from, &b.name)));
    signals
}

/// Events of this epoch: after the end of the one before, up to its own end.
/// Without epoch ends all events belong to the first epoch.
fn events<'a>(engine: &Engine<'a>, node: u32, stop: Option<Instant>) -> &'a [Event] {
    let Some(log) = engine.network.node(node).events() else { return &[] };
    let events = log.events();
    let begins = engine.epoch.checked_sub(1).map(|last| engine.network.epoch_end(last));
    let first = match begins {
        None => 0,
        Some(None) => events.len(),
        Some(Some(begins)) => events.partition_point(|event| event.time <= begins),
    };
    let end = engine.network.epoch_end(engine.epoch);
    let end = match (end, stop) {
        (Some(end), Some(stop)) => Some(end.min(stop)),
        (end, stop) => end.or(stop),
    };
    let last = end.map_or(events.len(), |end| events.partition_point(|event| event.time <= end));
    &events[first.min(last)..last]
}

/// Books a turn: money onto legs, signals onto edges, state into memory.
pub(super) fn book(
    engine: &mut Engine<'_>,
    pass: &mut Pass,
    turned: Turned,
) -> Result<(), RunError> {
    let Turned { node, kept, payouts, retained, unspent, outcome } = turned;
    for purse in [&kept, &retained] {
        for (asset, amount) in purse.iter() {
            pass.record.flow(engine.network, asset).retained.push((node, amount));
        }
    }
    let mut stepped = Vec::with_capacity(payouts.len());
    for payout in payouts {
        stepped.push(pay(engine, pass, node, payout)?);
    }
    if unspent.is_empty() {
        engine.memory.unspent.remove(&node);
    } else {
        engine.memory.unspent.insert(node, unspent.clone());
    }
    emit(engine, pass, node, &outcome);
    if outcome.state.is_empty() {
        engine.memory.states.remove(&node);
    } else {
        engine.memory.states.insert(node, outcome.state);
    }
    pass.record.rules.push(RuleRecord {
        node,
        payouts: stepped,
        unspent,
        signals: outcome.signals.into_iter().map(|(name, data)| (name.to_owned(), data)).collect(),
        remarks: outcome.remarks,
        reasons: outcome.reasons,
        exhibits: outcome.exhibits,
    });
    Ok(())
}

/// One payout: a pinched share goes upstream, the rest to the payee.
fn pay(
    engine: &mut Engine<'_>,
    pass: &mut Pass,
    node: u32,
    payout: Payout,
) -> Result<SteppedPayout, RunError> {
    let network = engine.network;
    let leg = network.legs().of(node).start + payout.payee as usize;
    let mut moves = vec![(leg, payout.amount)];
    if let Some((share, upstream)) = network.legs().note(leg).pinch {
        let pinched = share.of(payout.amount).map_err(engine.money(node))?;
        moves = vec![(leg, payout.amount.saturating_sub(pinched)), (upstream as usize, pinched)];
    }
    for (leg, amount) in moves {
        let target = network.legs().targets[leg];
        let flow = pass.record.flow(network, payout.asset);
        flow.legs[leg] = flow.legs[leg].add(amount, "a payout").map_err(engine.money(node))?;
        let delay = network.legs().note(leg).delay;
        if delay == 0 {
            flow.arrive(target, amount).map_err(engine.money(target))?;
        } else if !amount.is_zero() {
            engine.memory.in_flight.push(InFlight {
                arrives: engine.epoch.saturating_add(delay),
                from: node,
                to: target,
                asset: payout.asset,
                amount,
            });
        }
    }
    let mut steps = payout.steps;
    if steps.is_empty() {
        let label = network.node(node).details.as_ref().and_then(|details| details.mechanism);
        steps.push(Step::new(label.unwrap_or("payout"), Change::Plus(payout.amount)));
    }
    let leg = u32::try_from(leg).expect("fewer than 2³² legs");
    Ok(SteppedPayout { leg, asset: payout.asset, amount: payout.amount, steps })
}

fn emit(engine: &mut Engine<'_>, pass: &mut Pass, node: u32, outcome: &Outcome) {
    let from = &engine.network.node(node).id;
    for edge in engine.network.signals().iter().filter(|edge| edge.from == node) {
        for (_, data) in outcome.signals.iter().filter(|(name, _)| *name == edge.name) {
            let signal =
                Signal { from: from.clone(), name: edge.heard_as.clone(), data: data.clone() };
            if edge.delay == 0 {
                pass.signals.entry(edge.to).or_default().push(signal);
            } else {
                let arrives = engine.epoch.saturating_add(edge.delay);
                engine.memory.pending.push(PendingSignal { arrives, to: edge.to, signal });
            }
        }
    }
}
