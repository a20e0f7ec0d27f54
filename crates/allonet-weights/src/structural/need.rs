//! Structural need; formula and reasons are in the [parent module](super).

use super::WeightError;
use crate::graph::{DependencyGraph, EdgeKind};

/// One whole in parts per million.
const MILLION: u32 = 1_000_000;

/// Hops that count. With the default discount the rest is below 10⁻⁹.
const HOPS: usize = 32;

/// The numbers of the rule, in parts per million.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NeedParameters {
    /// What a package carries of what lies one hop below it; below one.
    pub carry_ppm: u32,
    /// The factor of [`EdgeKind::Peer`].
    pub peer_ppm: u32,
    /// The factor of [`EdgeKind::Build`].
    pub build_ppm: u32,
    /// The factor of [`EdgeKind::Optional`].
    pub optional_ppm: u32,
    /// The factor of [`EdgeKind::Dev`].
    pub dev_ppm: u32,
    /// The factor of [`EdgeKind::Indirect`].
    pub indirect_ppm: u32,
}

impl Default for NeedParameters {
    /// Carry one half; a peer counts in full, build and optional dependencies
    /// half, development and indirect ones a quarter.
    fn default() -> Self {
        Self {
            carry_ppm: MILLION / 2,
            peer_ppm: MILLION,
            build_ppm: MILLION / 2,
            optional_ppm: MILLION / 2,
            dev_ppm: MILLION / 4,
            indirect_ppm: MILLION / 4,
        }
    }
}

impl NeedParameters {
    fn check(&self) -> Result<(), WeightError> {
        let all = [
            ("carry", self.carry_ppm, MILLION - 1),
            ("the factor of peer dependencies", self.peer_ppm, MILLION),
            ("the factor of build dependencies", self.build_ppm, MILLION),
            ("the factor of optional dependencies", self.optional_ppm, MILLION),
            ("the factor of development dependencies", self.dev_ppm, MILLION),
            ("the factor of indirect dependencies", self.indirect_ppm, MILLION),
        ];
        match all.into_iter().find(|&(_, found, largest)| found > largest) {
            Some((name, found, largest)) => Err(WeightError::Parameter { name, found, largest }),
            None => Ok(()),
        }
    }

    fn factor(&self, kind: EdgeKind) -> f64 {
        let ppm = match kind {
            EdgeKind::Normal | EdgeKind::Unknown => MILLION,
            EdgeKind::Peer => self.peer_ppm,
            EdgeKind::Build => self.build_ppm,
            EdgeKind::Optional => self.optional_ppm,
            EdgeKind::Dev => self.dev_ppm,
            EdgeKind::Indirect => self.indirect_ppm,
        };
        f64::from(ppm) / f64::from(MILLION)
    }
}

/// The need of every edge, in the order of the graph's edges. An edge of a node
/// to itself has none.
pub(super) fn scores(
    graph: &DependencyGraph,
    parameters: &NeedParameters,
) -> Result<Vec<f64>, WeightError> {
    parameters.check()?;
    let carried = carried(graph, f64::from(parameters.carry_ppm) / f64::from(MILLION));
    let shares: Vec<f64> = carried.iter().map(|&carried| 1.0 + libm::log2(carried)).collect();
    let siblings = siblings(graph);
    let edges = graph.edges().iter().zip(siblings);
    let scores = edges.map(|(edge, siblings)| {
        if edge.dependent == edge.dependency {
            return 0.0;
        }
        let need = parameters.factor(edge.kind) * shares[edge.dependency as usize];
        need / f64::from(1 + siblings)
    });
    Ok(scores.collect())
}

/// How many packages come in through each node, discounted by distance.
fn carried(graph: &DependencyGraph, carry: f64) -> Vec<f64> {
    let others = || graph.edges().iter().filter(|edge| edge.dependent != edge.dependency);
    let mut dependents = vec![0_u32; graph.node_count()];
    for edge in others() {
        dependents[edge.dependency as usize] += 1;
    }
    let mut carried = vec![1.0; graph.node_count()];
    for _ in 0..HOPS {
        let mut next = vec![1.0; graph.node_count()];
        let portion: Vec<f64> = carried
            .iter()
            .zip(&dependents)
            .map(|(&carried, &dependents)| carry * carried / f64::from(dependents.max(1)))
            .collect();
        for edge in others() {
            next[edge.dependent as usize] += portion[edge.dependency as usize];
        }
        let settled = next == carried;
        carried = next;
        if settled {
            break;
        }
    }
    carried
}

/// For each edge, how many other dependencies of its dependent depend on its
/// dependency too.
///
/// For a dependent `p` with list `C` and each `b` of `C` the common elements of
/// `C` and of the list of `b` are counted, walking the shorter list.
fn siblings(graph: &DependencyGraph) -> Vec<u32> {
    let mut counts = vec![0_u32; graph.edge_count()];
    // Where in the current list a node stands, valid if the stamp is current.
    let mut stamps = vec![u32::MAX; graph.node_count()];
    let mut places = vec![0_usize; graph.node_count()];
    let mut start = 0;
    for dependent in (0_u32..).take(graph.node_count()) {
        let list = graph.dependencies(dependent);
        for (at, edge) in list.iter().enumerate() {
            stamps[edge.dependency as usize] = dependent;
            places[edge.dependency as usize] = start + at;
        }
        for through in list.iter().map(|edge| edge.dependency) {
            if through == dependent {
                continue;
            }
            let below = graph.dependencies(through);
            let counted = |target: u32| target != through && target != dependent;
            if below.len() <= list.len() {
                let below = below.iter().map(|edge| edge.dependency);
                for target in below.filter(|&target| counted(target)) {
                    if stamps[target as usize] == dependent {
                        counts[places[target as usize]] += 1;
                    }
                }
            } else {
                for (at, edge) in list.iter().enumerate() {
                    if counted(edge.dependency) && graph.edge(through, edge.dependency).is_some() {
                        counts[start + at] += 1;
                    }
                }
            }
        }
        start += list.len();
    }
    counts
}
