//! Loops of nodes with fixed weights: solved exactly, then settled in whole
//! base units.
//!
//! 1. The linear solution `x = (I − Pᵀ)⁻¹ b` says what passes through each
//!    member, every round trip counted ([`crate::absorbing`]).
//! 2. All that entered is apportioned over the ways out (legs that leave the
//!    loop, retained shares) in proportion to the solution: this is what gets
//!    paid, each within one base unit of its exact share.
//! 3. Flows inside the loop are the solution rounded down, then balanced along
//!    a tree, so that at every member exactly what arrives leaves. Only flows
//!    inside the loop take up the rounding, never a payment.

use std::collections::VecDeque;

use ruint::aliases::U256;

use super::{AssetFlow, RunError};
use crate::absorbing::{AbsorbingError, Chain, solve};
use crate::money::{Amount, MoneyError, Rounding, apportion, weights_from_f64};
use crate::network::Network;

/// A leg of a member, as the loop sees it.
struct Way {
    /// Member it leaves from, by its number in the part.
    from: u32,
    /// Member it leads to; none for a way out.
    to: Option<u32>,
    /// The leg; none for the retained share.
    leg: Option<usize>,
    /// Share of what passes through the member.
    share: f64,
}

/// Divides what entered a loop.
pub(super) fn divide(
    network: &Network,
    part: &[u32],
    flow: &mut AssetFlow,
) -> Result<(), RunError> {
    let entered: Vec<Amount> = part.iter().map(|node| flow.inflow[*node as usize]).collect();
    let name = || super::first_names(network, part);
    let money = |error| RunError::Money { node: name(), error };
    let total = Amount::sum(entered.iter().copied(), "what enters a loop").map_err(money)?;
    if total.is_zero() {
        return Ok(());
    }
    let ways = ways(network, part);
    let solved = solution(part, &ways, &entered)
        .map_err(|loop_error| RunError::Loop { loop_error, members: name() })?;
    let weights: Vec<f64> = ways.iter().map(|way| solved[way.from as usize] * way.share).collect();
    let apportion_error = |error| RunError::Apportion { node: name(), error };
    let weights = weights_from_f64(&weights).map_err(apportion_error)?;

    let outs: Vec<usize> = (0..ways.len()).filter(|at| ways[*at].to.is_none()).collect();
    let out_weights: Vec<u128> = outs.iter().map(|at| weights[*at]).collect();
    let paid =
        apportion(total, &out_weights, Rounding::LargestRemainder).map_err(apportion_error)?;
    let mut amounts = vec![Amount::ZERO; ways.len()];
    for (at, amount) in outs.iter().zip(paid.parts) {
        amounts[*at] = amount;
    }
    let unit = out_weights.iter().fold(U256::ZERO, |sum, weight| sum + U256::from(*weight));
    for (at, way) in ways.iter().enumerate().filter(|(_, way)| way.to.is_some()) {
        debug_assert!(way.leg.is_some(), "inner ways are legs");
        amounts[at] = total.mul_div(U256::from(weights[at]), unit, "a loop").map_err(money)?;
    }
    balance(&ways, &entered, &solved, &mut amounts).map_err(money)?;
    write_back(network, part, &ways, &amounts, flow).map_err(money)
}

/// All ways from the members: legs in order, then the retained share.
fn ways(network: &Network, part: &[u32]) -> Vec<Way> {
    let mut ways = Vec::new();
    for (from, node) in (0_u32..).zip(part) {
        let retain = network.node(*node).retain();
        let legs = network.legs().of(*node);
        let sum: u64 = network.legs().weights[legs.clone()].iter().sum();
        let onward = 1.0 - retain.to_f64();
        for leg in legs {
            let target = network.legs().targets[leg];
            let inner = match part.binary_search(&target) {
                Ok(local) if network.legs().note(leg).delay == 0 => u32::try_from(local).ok(),
                _ => None,
            };
            let share = onward * (network.legs().weights[leg] as f64 / sum as f64);
            ways.push(Way { from, to: inner, leg: Some(leg), share });
        }
        if !retain.is_zero() {
            ways.push(Way { from, to: None, leg: None, share: retain.to_f64() });
        }
    }
    ways
}

fn solution(part: &[u32], ways: &[Way], entered: &[Amount]) -> Result<Vec<f64>, AbsorbingError> {
    let mut chain = Chain { offsets: vec![0], exits: vec![0.0; part.len()], ..Chain::default() };
    let mut ways = ways.iter().peekable();
    for from in (0_u32..).take(part.len()) {
        while let Some(way) = ways.next_if(|way| way.from == from) {
            if let Some(to) = way.to {
                chain.targets.push(to);
                chain.probabilities.push(way.share);
            } else {
                chain.exits[from as usize] += way.share;
            }
        }
        chain.offsets.push(chain.targets.len());
    }
    // Scaled to the largest entry, so that 2²⁵⁶ is no more than 1.
    let top = entered.iter().map(|amount| amount.to_f64()).fold(0.0, f64::max);
    let entries: Vec<f64> = entered.iter().map(|amount| amount.to_f64() / top).collect();
    solve(&chain, &entries)
}

/// Makes what arrives at each member equal what leaves it, by changing flows
/// inside the loop only.
///
/// Surpluses are handed towards one member along a tree of legs, shortfalls are
/// taken back along it where the flow suffices and else supplied from that
/// member along a second tree. Flows never fall below zero.
fn balance(
    ways: &[Way],
    entered: &[Amount],
    solved: &[f64],
    amounts: &mut [Amount],
) -> Result<(), MoneyError> {
    let size = entered.len();
    let root = (0..size).max_by(|a, b| solved[*a].total_cmp(&solved[*b]).then(b.cmp(a)));
    let root = root.expect("a loop has members");
    let (mut have, mut need) = (entered.to_vec(), vec![Amount::ZERO; size]);
    for (way, amount) in ways.iter().zip(amounts.iter()) {
        need[way.from as usize] = need[way.from as usize].add(*amount, "a loop")?;
        if let Some(to) = way.to {
            have[to as usize] = have[to as usize].add(*amount, "a loop")?;
        }
    }
    let mut short = vec![Amount::ZERO; size];
    for (member, way) in tree(ways, size, root, Towards::Root).into_iter().rev() {
        let next = ways[way].to.expect("trees run inside the loop") as usize;
        if have[member] >= need[member] {
            let surplus = have[member].saturating_sub(need[member]);
            amounts[way] = amounts[way].add(surplus, "a loop")?;
            have[next] = have[next].add(surplus, "a loop")?;
        } else {
            let missing = need[member].saturating_sub(have[member]);
            let back = missing.min(amounts[way]);
            amounts[way] = amounts[way].saturating_sub(back);
            have[next] = have[next].sub(back, "a loop")?;
            short[member] = missing.saturating_sub(back);
        }
    }
    for (member, way) in tree(ways, size, root, Towards::Leaves).into_iter().rev() {
        let before = ways[way].from as usize;
        amounts[way] = amounts[way].add(short[member], "a loop")?;
        short[before] = short[before].add(short[member], "a loop")?;
    }
    Ok(())
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Towards {
    Root,
    Leaves,
}

/// Every member but the root with the way that joins it to the tree, nearest
/// first.
fn tree(ways: &[Way], size: usize, root: usize, towards: Towards) -> Vec<(usize, usize)> {
    let ends = |way: &Way| {
        let to = way.to? as usize;
        let from = way.from as usize;
        Some(if towards == Towards::Root { (to, from) } else { (from, to) })
    };
    let mut offsets = vec![0_usize; size + 1];
    for (near, _) in ways.iter().filter_map(ends) {
        offsets[near + 1] += 1;
    }
    for member in 0..size {
        offsets[member + 1] += offsets[member];
    }
    let mut next = offsets.clone();
    let mut rows = vec![(0_u32, 0_usize); offsets[size]];
    for (at, way) in ways.iter().enumerate() {
        if let Some((near, far)) = ends(way) {
            rows[next[near]] = (u32::try_from(far).expect("fewer than 2³² members"), at);
            next[near] += 1;
        }
    }
    let mut seen = vec![false; size];
    seen[root] = true;
    let (mut queue, mut found) = (VecDeque::from([root]), Vec::with_capacity(size));
    while let Some(near) = queue.pop_front() {
        for (far, way) in &rows[offsets[near]..offsets[near + 1]] {
            let far = *far as usize;
            if !std::mem::replace(&mut seen[far], true) {
                found.push((far, *way));
                queue.push_back(far);
            }
        }
    }
    found
}

fn write_back(
    network: &Network,
    part: &[u32],
    ways: &[Way],
    amounts: &[Amount],
    flow: &mut AssetFlow,
) -> Result<(), MoneyError> {
    for (way, amount) in ways.iter().zip(amounts) {
        let Some(leg) = way.leg else {
            flow.retained.push((part[way.from as usize], *amount));
            continue;
        };
        flow.legs[leg] = *amount;
        if network.legs().note(leg).delay == 0 {
            flow.arrive(network.legs().targets[leg], *amount)?;
        }
    }
    Ok(())
}
