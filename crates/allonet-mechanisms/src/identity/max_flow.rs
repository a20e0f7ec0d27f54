//! Trust as flow from the seeds, at most 1 to each person, shared as evenly as
//! the vouches allow.
//!
//! Each person takes up to 1 out of what reaches them and passes on the rest of
//! their capacity. Of all largest flows the one is taken that gives the least
//! trusted most, then the next, and so on: it is unique, whatever people are
//! called. It is counted in units of 2⁻³².

use std::collections::VecDeque;

use allonet_core::money::{Amount, Rounding, apportion, weights_from_f64};

use super::flow_graph::FlowGraph;
use super::vouch::Vouch;

/// Units in a trust of 1.
const ONE: u64 = 1 << 32;

/// How much people may pass on.
#[derive(Clone, Debug)]
pub(super) struct Capacities {
    /// Capacity of seeds, of those they vouch for, and so on; the last stands
    /// for all further levels. Each is 1 or more.
    pub(super) levels: Vec<u64>,
    /// What a person passes on is divided among all they vouch for.
    pub(super) shared: bool,
}

/// Trust, and the way it came.
#[derive(Clone, Debug)]
pub(super) struct Trusted {
    /// Of each person, 0 to 1.
    pub(super) trust: Vec<f64>,
    /// What comes over each vouch.
    pub(super) carried: Vec<f64>,
    /// Vouches between the seeds and each person; none where none lead there.
    pub(super) levels: Vec<Option<usize>>,
}

/// Divides trust. `vouches` are in order of giver.
pub(super) fn divide(
    people: usize,
    vouches: &[Vouch],
    seeds: &[usize],
    capacities: &Capacities,
) -> Trusted {
    let levels = levels(people, vouches, seeds);
    let (source, sink) = (2 * people, 2 * people + 1);
    let mut graph = FlowGraph::new(2 * people + 2);
    let capacity = |person: usize| levels[person].map_or(0, |level| capacities.of(level));
    for seed in seeds {
        graph.add(source, arrive(*seed), capacity(*seed) * ONE);
    }
    let mut demands = Vec::with_capacity(people);
    for person in 0..people {
        demands.push(graph.add(arrive(person), sink, 0));
        graph.add(arrive(person), leave(person), capacity(person).saturating_sub(1) * ONE);
    }
    let mut edges = Vec::with_capacity(vouches.len());
    for given in vouches.chunk_by(|a, b| a.from == b.from) {
        let passed = capacity(given[0].from).saturating_sub(1) * ONE;
        for (vouch, room) in given.iter().zip(rooms(passed, given, capacities.shared)) {
            edges.push(graph.add(leave(vouch.from), arrive(vouch.to), room));
        }
    }
    let open = (0..people).filter(|person| levels[*person].is_some()).collect();
    let plan = Plan { source, sink, demands };
    plan.raise(&mut graph, open);
    graph.fill(source, sink);
    let units = |edge: &usize| graph.carried(*edge) as f64 / ONE as f64;
    Trusted {
        trust: plan.demands.iter().map(units).collect(),
        carried: edges.iter().map(units).collect(),
        levels,
    }
}

impl Capacities {
    /// Of a person so many vouches away from the seeds.
    pub(super) fn of(&self, level: usize) -> u64 {
        self.levels.get(level).or(self.levels.last()).copied().unwrap_or(1)
    }
}

/// Where flow reaches a person.
const fn arrive(person: usize) -> usize {
    2 * person
}

/// Where flow leaves a person.
const fn leave(person: usize) -> usize {
    2 * person + 1
}

/// What each vouch of one person may carry.
fn rooms(passed: u64, given: &[Vouch], shared: bool) -> Vec<u64> {
    if !shared {
        return vec![passed; given.len()];
    }
    let weights: Vec<f64> = given.iter().map(|vouch| vouch.weight).collect();
    let weights = weights_from_f64(&weights).expect("weights of vouches are above zero");
    let whole = Amount::from_base(u128::from(passed));
    let parts = apportion(whole, &weights, Rounding::LargestRemainder);
    let units = |part: &Amount| part.to_u128().and_then(|units| u64::try_from(units).ok());
    let parts = parts.expect("some weight is above zero").parts;
    parts.iter().map(|part| units(part).expect("a part of a small whole")).collect()
}

fn levels(people: usize, vouches: &[Vouch], seeds: &[usize]) -> Vec<Option<usize>> {
    let mut level = vec![None; people];
    let mut queue: VecDeque<usize> = seeds.iter().copied().collect();
    for seed in seeds {
        level[*seed] = Some(0);
    }
    while let Some(person) = queue.pop_front() {
        let first = vouches.partition_point(|vouch| vouch.from < person);
        for vouch in vouches[first..].iter().take_while(|vouch| vouch.from == person) {
            if level[vouch.to].is_none() {
                level[vouch.to] = level[person].map(|level| level + 1);
                queue.push_back(vouch.to);
            }
        }
    }
    level
}

/// Where flow begins and ends, and who takes what of it.
struct Plan {
    source: usize,
    sink: usize,
    /// The edge on which each person takes flow.
    demands: Vec<usize>,
}

impl Plan {
    /// Raises what all open people take until a cut stops some of them, settles
    /// these, and goes on with the others.
    fn raise(&self, graph: &mut FlowGraph, mut open: Vec<usize>) {
        while !open.is_empty() {
            let mut level = ONE;
            let mut stopped: Vec<usize> = open.clone();
            loop {
                for person in &open {
                    graph.set_capacity(self.demands[*person], level);
                }
                let near = graph.fill(self.source, self.sink);
                if self.demands.iter().all(|edge| graph.carried(*edge) == graph.capacity(*edge)) {
                    break;
                }
                stopped = open.iter().copied().filter(|at| !near[arrive(*at)]).collect();
                level = self.reachable(graph, &near, &stopped);
            }
            open.retain(|person| !stopped.contains(person));
        }
    }

    /// What each of those stopped by a cut can take at most, on average.
    fn reachable(&self, graph: &FlowGraph, near: &[bool], stopped: &[usize]) -> u64 {
        let crosses = |edge: &usize| {
            let (from, to) = graph.ends(*edge);
            near[from] && !near[to] && to != self.sink
        };
        let capacity = |edge: usize| u128::from(graph.capacity(edge));
        let room: u128 = graph.edge_numbers().filter(crosses).map(capacity).sum();
        let far = |person: &usize| !near[arrive(*person)] && !stopped.contains(person);
        let settled = (0..self.demands.len()).filter(far);
        let settled: u128 = settled.map(|person| capacity(self.demands[person])).sum();
        let rest = room.checked_sub(settled).expect("what is settled can flow");
        let each = rest / stopped.len() as u128;
        u64::try_from(each).expect("a cut stops only those who want more than it lets through")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PEOPLE: usize = 5;

    /// The least capacity that separates the seeds from a set of people.
    fn cut(vouches: &[Vouch], capacities: &Capacities, levels: &[Option<usize>], set: u32) -> f64 {
        let holds = |set: u32, at: usize| set >> at & 1 == 1;
        let cap = |at: usize| levels[at].map_or(0.0, |level| capacities.of(level) as f64);
        let sum =
            |from: usize| vouches.iter().filter(|v| v.from == from).map(|v| v.weight).sum::<f64>();
        let mut least = f64::INFINITY;
        // `reach` are those whose arrival is on the side of the seeds, `pass`
        // those whose leaving is.
        for (reach, pass) in (0_u32..32).flat_map(|a| (0_u32..32).map(move |b| (a, b))) {
            if reach & set != 0 {
                continue;
            }
            let mut across = 0.0;
            for (at, level) in levels.iter().enumerate() {
                if *level == Some(0) && !holds(reach, at) {
                    across += cap(at);
                }
                if holds(reach, at) && !holds(pass, at) {
                    across += (cap(at) - 1.0).max(0.0);
                }
            }
            for vouch in vouches.iter().filter(|v| holds(pass, v.from) && !holds(reach, v.to)) {
                let passed = (cap(vouch.from) - 1.0).max(0.0);
                let share = if capacities.shared { vouch.weight / sum(vouch.from) } else { 1.0 };
                across += passed * share;
            }
            least = least.min(across);
        }
        least
    }

    /// Raises everybody step by step, stopped by any of all sets of people.
    fn water(cuts: &[f64]) -> Vec<f64> {
        let mut settled: Vec<Option<f64>> = vec![None; PEOPLE];
        while settled.contains(&None) {
            let level = |set: &u32| {
                let inside = |at: &usize| set >> at & 1 == 1;
                let fixed: f64 = (0..PEOPLE).filter(inside).filter_map(|at| settled[at]).sum();
                let open = (0..PEOPLE).filter(inside).filter(|at| settled[*at].is_none()).count();
                (open > 0).then(|| ((cuts[*set as usize] - fixed) / open as f64).min(1.0))
            };
            let sets = || (1_u32..32).filter_map(|set| Some((set, level(&set)?)));
            let least = sets().map(|(_, level)| level).fold(f64::INFINITY, f64::min);
            let tight: Vec<u32> =
                sets().filter(|(_, level)| *level <= least + 1e-9).map(|(set, _)| set).collect();
            for (at, settled) in settled.iter_mut().enumerate() {
                if settled.is_none() && tight.iter().any(|set| set >> at & 1 == 1) {
                    *settled = Some(least.max(0.0));
                }
            }
        }
        settled.into_iter().flatten().collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        // Reference: all cuts, one by one.
        #[test]
        fn trust_rises_like_water(
            edges in prop::collection::btree_map((0..PEOPLE, 0..PEOPLE), 1_u8..5, 0..14),
            seeds in prop::collection::btree_set(0..PEOPLE, 1..3),
            levels in prop::collection::vec(1_u64..5, 1..4),
            shared: bool,
        ) {
            let vouches: Vec<Vouch> = edges
                .into_iter()
                .filter(|((from, to), _)| from != to)
                .map(|((from, to), weight)| Vouch { from, to, weight: f64::from(weight) })
                .collect();
            let seeds: Vec<usize> = seeds.into_iter().collect();
            let capacities = Capacities { levels, shared };
            let found = divide(PEOPLE, &vouches, &seeds, &capacities);
            let cuts: Vec<f64> =
                (0..32).map(|set| cut(&vouches, &capacities, &found.levels, set)).collect();
            for (found, expected) in found.trust.iter().zip(water(&cuts)) {
                prop_assert!((found - expected).abs() < 1e-7, "{found} {expected}");
            }
        }
    }
}
