//! Loops of nodes with fixed weights: solved exactly, then settled in whole
//! base units.
//!
//! 1. The linear solution `x = (I − Pᵀ)⁻¹ b` says what passes through each
//!    member, every round trip counted ([`crate::absorbing`]); in loops of up
//!    to 600 members it is refined in whole numbers.
//! 2. All that entered is apportioned over the ways out (legs that leave the
//!    loop, retained shares) in proportion to the solution: this is what gets
//!    paid, each within one base unit of its exact share (in larger loops, of
//!    its share to 12 digits of all that entered).
//! 3. Flows inside the loop are the solution rounded down, then balanced along
//!    a tree, so that at every member exactly what arrives leaves. Only flows
//!    inside the loop take up the rounding, never a payment.

use std::collections::VecDeque;

use ruint::aliases::U256;

use super::refine::{FRACTION_BITS, refine};
use super::{AssetFlow, RunError, first_names};
use crate::absorbing::{AbsorbingError, Arrival, Part};
use crate::money::{
    Amount, ApportionError, MoneyError, Rounding, apportion, floor_from_f64, weights_from_f64,
};
use crate::network::Network;

/// The number of each node in the loop at hand; reused from loop to loop.
#[derive(Debug, Default)]
pub(super) struct Places(Vec<u32>);

const OUTSIDE: u32 = u32::MAX;

/// A way out of the loop.
struct Exit {
    /// Member it leaves from.
    from: u32,
    /// The leg; none for the retained share.
    leg: Option<u32>,
    /// Share of what passes through the member.
    share: f64,
}

/// A leg within the loop.
pub(super) struct InnerLeg {
    /// Member it leads to.
    pub(super) to: usize,
    /// Its index in the network.
    pub(super) leg: usize,
}

/// What passes through each member.
enum Passing {
    /// In 2⁻⁶⁴ base units.
    Exact(Vec<U256>),
    /// In base units, to about 15 digits.
    Float(Vec<f64>),
}

/// A loop with its members numbered.
pub(super) struct Loop<'a> {
    network: &'a Network,
    members: &'a [u32],
    place: &'a [u32],
    /// For each member, the share that one unit of weight stands for.
    unit: Vec<f64>,
    exits: Vec<Exit>,
    inner: Part,
}

/// Divides what entered a loop.
pub(super) fn divide(
    network: &Network,
    members: &[u32],
    flow: &mut AssetFlow,
    places: &mut Places,
) -> Result<(), RunError> {
    let entered: Vec<Amount> = members.iter().map(|node| flow.inflow[*node as usize]).collect();
    let money = |error| RunError::Money { node: first_names(network, members), error };
    let total = Amount::sum(entered.iter().copied(), "what enters a loop").map_err(money)?;
    if total.is_zero() {
        return Ok(());
    }
    places.0.resize(network.nodes().len(), OUTSIDE);
    for (local, node) in (0_u32..).zip(members) {
        places.0[*node as usize] = local;
    }
    let settled = Loop::new(network, members, &places.0).settle(&entered, total, flow);
    for node in members {
        places.0[*node as usize] = OUTSIDE;
    }
    settled
}

impl<'a> Loop<'a> {
    fn new(network: &'a Network, members: &'a [u32], place: &'a [u32]) -> Self {
        let weights = &network.legs().weights;
        let unit = |node: &u32| {
            let sum: u64 = weights[network.legs().of(*node)].iter().sum();
            (1.0 - network.node(*node).retain().to_f64()) / sum as f64
        };
        let mut found = Self {
            network,
            members,
            place,
            unit: members.iter().map(unit).collect(),
            exits: Vec::new(),
            inner: Part::default(),
        };
        found.fill();
        found
    }

    /// The member a leg leads to; none for a leg that leaves the loop.
    fn target(&self, leg: usize) -> Option<usize> {
        match self.place[self.network.legs().targets[leg] as usize] {
            OUTSIDE => None,
            local if self.network.legs().note(leg).delay == 0 => Some(local as usize),
            _ => None,
        }
    }

    fn share(&self, member: usize, leg: usize) -> f64 {
        self.unit[member] * self.network.legs().weights[leg] as f64
    }

    /// Sorts the legs into arrivals within the loop and exits.
    fn fill(&mut self) {
        let size = self.members.len();
        let mut offsets = vec![0_usize; size + 1];
        let mut leaving = vec![0.0; size];
        for (member, node) in self.members.iter().enumerate() {
            let from = u32::try_from(member).expect("fewer than 2³² members");
            for leg in self.network.legs().of(*node) {
                if let Some(target) = self.target(leg) {
                    offsets[target + 1] += 1;
                } else {
                    let share = self.share(member, leg);
                    leaving[member] += share;
                    self.exits.push(Exit { from, leg: u32::try_from(leg).ok(), share });
                }
            }
            let kept = self.network.node(*node).retain().to_f64();
            if kept > 0.0 {
                leaving[member] += kept;
                self.exits.push(Exit { from, leg: None, share: kept });
            }
        }
        for member in 0..size {
            offsets[member + 1] += offsets[member];
        }
        let mut next = offsets.clone();
        let mut arrivals = vec![Arrival::default(); offsets[size]];
        for (source, node) in (0_u32..).zip(self.members) {
            for leg in self.network.legs().of(*node) {
                let Some(target) = self.target(leg) else { continue };
                let share = self.share(source as usize, leg);
                let leg = u32::try_from(leg).expect("fewer than 2³² legs");
                arrivals[next[target]] = Arrival { source, leg, share };
                next[target] += 1;
            }
        }
        self.inner = Part { offsets, arrivals, exits: leaving };
    }

    fn settle(
        &self,
        entered: &[Amount],
        total: Amount,
        flow: &mut AssetFlow,
    ) -> Result<(), RunError> {
        let names = || first_names(self.network, self.members);
        let passing = self
            .pass(entered)
            .map_err(|loop_error| RunError::Loop { loop_error, members: names() })?;
        let paid = self
            .pay(&passing, total)
            .map_err(|error| RunError::Apportion { node: names(), error })?;
        self.book(entered, &passing, &paid, flow)
            .map_err(|error| RunError::Money { node: names(), error })
    }

    /// What passes through each member.
    fn pass(&self, entered: &[Amount]) -> Result<Passing, AbsorbingError> {
        // Scaled to the largest entry, so that 2²⁵⁶ is no more than 1.
        let top = entered.iter().map(|amount| amount.to_f64()).fold(0.0, f64::max);
        let entries: Vec<f64> = entered.iter().map(|amount| amount.to_f64() / top).collect();
        if self.inner.is_small() {
            let eliminated = self.inner.eliminate();
            let passing: Vec<f64> =
                eliminated.solve(&entries).into_iter().map(|value| value * top).collect();
            return Ok(match refine(self, &eliminated, entered, &passing) {
                Some(exact) => Passing::Exact(exact),
                None => Passing::Float(passing),
            });
        }
        let mut passing = self.inner.solve(&entries)?;
        for value in &mut passing {
            *value *= top;
        }
        Ok(Passing::Float(passing))
    }

    /// Legs of a member that stay within the loop.
    pub(super) fn inner_legs(&self, member: usize) -> impl Iterator<Item = InnerLeg> + '_ {
        let legs = self.network.legs().of(self.members[member]);
        legs.filter_map(|leg| Some(InnerLeg { to: self.target(leg)?, leg }))
    }

    /// What a leg takes of what passes through its member, rounded down.
    pub(super) fn exact_share(&self, member: usize, leg: usize, passing: U256) -> U256 {
        let node = self.members[member];
        let weights = &self.network.legs().weights;
        let sum: u64 = weights[self.network.legs().of(node)].iter().sum();
        let kept = self.network.node(node).retain();
        let onward = kept.denominator() - kept.numerator();
        exact_part(passing, [weights[leg], onward], [sum, kept.denominator()])
    }

    fn exact_exit(&self, exit: &Exit, passing: U256) -> U256 {
        let member = exit.from as usize;
        if let Some(leg) = exit.leg {
            return self.exact_share(member, leg as usize, passing);
        }
        let kept = self.network.node(self.members[member]).retain();
        exact_part(passing, [kept.numerator(), 1], [kept.denominator(), 1])
    }

    /// All that entered, over the ways out.
    fn pay(&self, passing: &Passing, total: Amount) -> Result<Vec<Amount>, ApportionError> {
        let exits = &self.exits;
        let parts = match passing {
            Passing::Exact(passing) => {
                let weight = |exit: &Exit| self.exact_exit(exit, passing[exit.from as usize]);
                let weights: Vec<U256> = exits.iter().map(weight).collect();
                apportion(total, &weights, Rounding::LargestRemainder)?
            }
            Passing::Float(passing) => {
                let weight = |exit: &Exit| passing[exit.from as usize] * exit.share;
                let weights: Vec<f64> = exits.iter().map(weight).collect();
                apportion(total, &weights_from_f64(&weights)?, Rounding::LargestRemainder)?
            }
        };
        Ok(parts.parts)
    }

    /// What flows over a leg within the loop, rounded down.
    fn inner_flow(&self, passing: &Passing, member: usize, leg: usize) -> Amount {
        match passing {
            Passing::Exact(passing) => {
                let flow = self.exact_share(member, leg, passing[member]);
                Amount::from_u256(flow >> FRACTION_BITS)
            }
            Passing::Float(passing) => floor_from_f64(passing[member] * self.share(member, leg)),
        }
    }

    /// Writes what is paid and what flows inside, balanced at each member.
    fn book(
        &self,
        entered: &[Amount],
        passing: &Passing,
        paid: &[Amount],
        flow: &mut AssetFlow,
    ) -> Result<(), MoneyError> {
        let size = self.members.len();
        let (mut have, mut need) = (entered.to_vec(), vec![Amount::ZERO; size]);
        for (exit, amount) in self.exits.iter().zip(paid) {
            let from = exit.from as usize;
            need[from] = need[from].add(*amount, "a loop")?;
            match exit.leg {
                None => flow.retained.push((self.members[from], *amount)),
                Some(leg) => {
                    let leg = leg as usize;
                    flow.legs[leg] = *amount;
                    if self.network.legs().note(leg).delay == 0 {
                        flow.arrive(self.network.legs().targets[leg], *amount)?;
                    }
                }
            }
        }
        for (member, node) in self.members.iter().enumerate() {
            for leg in self.network.legs().of(*node) {
                let Some(target) = self.target(leg) else { continue };
                let amount = self.inner_flow(passing, member, leg);
                flow.legs[leg] = amount;
                need[member] = need[member].add(amount, "a loop")?;
                have[target] = have[target].add(amount, "a loop")?;
            }
        }
        let root = (0..size).max_by(|a, b| have[*a].cmp(&have[*b]).then(b.cmp(a)));
        self.balance(root.expect("a loop has members"), &mut have, &need, &mut flow.legs)?;
        for (member, node) in self.members.iter().enumerate() {
            flow.inflow[*node as usize] = have[member];
        }
        Ok(())
    }

    /// Makes what each member has equal what it needs, by changing flows inside
    /// the loop only.
    ///
    /// Surpluses are handed towards one member along a tree of legs, shortfalls
    /// are taken back along it where the flow suffices and else supplied from
    /// that member along a second tree. Flows never fall below zero.
    fn balance(
        &self,
        root: usize,
        have: &mut [Amount],
        need: &[Amount],
        flows: &mut [Amount],
    ) -> Result<(), MoneyError> {
        let mut short = vec![Amount::ZERO; have.len()];
        for Branch { near, far, leg } in self.tree_to(root).into_iter().rev() {
            let (near, far) = (near as usize, far as usize);
            let flow = &mut flows[leg as usize];
            if have[far] >= need[far] {
                let surplus = have[far].saturating_sub(need[far]);
                *flow = flow.add(surplus, "a loop")?;
                have[near] = have[near].add(surplus, "a loop")?;
            } else {
                let missing = need[far].saturating_sub(have[far]);
                let back = missing.min(*flow);
                *flow = flow.saturating_sub(back);
                have[near] = have[near].sub(back, "a loop")?;
                short[far] = missing.saturating_sub(back);
            }
        }
        if short.iter().all(|short| short.is_zero()) {
            return Ok(());
        }
        for Branch { near, far, leg } in self.tree_from(root).into_iter().rev() {
            let (near, far) = (near as usize, far as usize);
            let supply = short[far];
            flows[leg as usize] = flows[leg as usize].add(supply, "a loop")?;
            short[near] = short[near].add(supply, "a loop")?;
            have[far] = have[far].add(supply, "a loop")?;
        }
        Ok(())
    }

    /// A tree of legs by which every member reaches the root, nearest first.
    fn tree_to(&self, root: usize) -> Vec<Branch> {
        grow(self.members.len(), root, |near| {
            self.inner.arrivals(near).iter().map(|way| (way.source, way.leg))
        })
    }

    /// A tree of legs by which the root reaches every member, nearest first.
    fn tree_from(&self, root: usize) -> Vec<Branch> {
        grow(self.members.len(), root, |near| {
            let legs = self.network.legs().of(self.members[near]);
            legs.filter_map(|leg| {
                let far = u32::try_from(self.target(leg)?).expect("fewer than 2³² members");
                Some((far, u32::try_from(leg).expect("fewer than 2³² legs")))
            })
        })
    }
}

/// `passing · a₁a₂ / (b₁b₂)`, rounded down, for fractions of at most one.
fn exact_part(passing: U256, above: [u64; 2], below: [u64; 2]) -> U256 {
    let product = |factors: [u64; 2]| U256::from(u128::from(factors[0]) * u128::from(factors[1]));
    Amount::from_u256(passing)
        .mul_div(product(above), product(below), "a share")
        .expect("a part is no more than the whole")
        .to_u256()
}

/// A leg of a tree between a member and the next one towards the root.
#[derive(Clone, Copy)]
struct Branch {
    near: u32,
    far: u32,
    leg: u32,
}

/// Breadth first from the root, over neighbours and the legs that join them.
fn grow<I: Iterator<Item = (u32, u32)>>(
    size: usize,
    root: usize,
    neighbours: impl Fn(usize) -> I,
) -> Vec<Branch> {
    let mut seen = vec![false; size];
    seen[root] = true;
    let (mut queue, mut found) = (VecDeque::from([root]), Vec::with_capacity(size));
    while let Some(near) = queue.pop_front().filter(|_| found.len() + 1 < size) {
        for (far, leg) in neighbours(near) {
            if !std::mem::replace(&mut seen[far as usize], true) {
                let near = u32::try_from(near).expect("fewer than 2³² members");
                found.push(Branch { near, far, leg });
                queue.push_back(far as usize);
            }
        }
    }
    found
}
