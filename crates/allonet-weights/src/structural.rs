//! Structural weights: what the graph alone says while nobody has judged.
//!
//! # Formula
//!
//! [`StructuralRule::Uniform`] gives each of a node's `n` dependencies `1/n`,
//! the baseline of published files. [`StructuralRule::Need`], the default,
//! weighs a dependency `c` of `p` by
//!
//! ```text
//! carried(c)  = 1 + carry · Σ_{g: c → g} carried(g) / dependents(g)
//! need(p, c)  = kind(p, c) · (1 + log₂ carried(c)) / (1 + siblings(p, c))
//! weight(p,c) = need(p, c) / Σ_{c'} need(p, c')
//! ```
//!
//! where `dependents(g)` counts who depends on `g`, and `siblings(p, c)` counts
//! the other dependencies of `p` that depend on `c` themselves.
//!
//! # Why
//!
//! Uniform weights fail in two ways. A project with one framework and nine
//! one-line helpers gives each helper as much as the framework, although the
//! framework has its own thirty dependencies to pass money on to: many tiny
//! packages take everything. And a helper that the project and the framework
//! both name is paid twice.
//!
//! * **carried** is the number of packages that come in through `c`: one for
//!   itself, and for each hop down `carry` (one half) of what hangs there. What
//!   several packages bring in is divided among them. At most 32 hops count.
//! * **the logarithm** makes each doubling of what is carried worth one more
//!   share, not twice the shares. A package writes its own list of dependencies,
//!   so money must not grow in step with that list; and a library that carries
//!   nothing, often the better engineered one, keeps a fair part.
//! * **siblings** removes double payment: what `p` names directly but also gets
//!   through others is left to those in equal parts.
//! * **kind** scales what is not needed at run time.
//!
//! The number of dependents is not a factor of its own: a widely needed package
//! is paid by every dependent already, and it says little about use (in the
//! published code-usage scores of 72 repositories the rank correlation within a
//! repository has a median of 0.11).
//!
//! # Units and rounding
//!
//! Weights are apportioned exactly to [`WHOLE`] per node by largest remainder,
//! the smaller id first. Scores are rounded to 2⁻⁶² of the largest before.
//! The work is linear in edges for `carried`; `siblings` looks at the smaller of
//! two dependency lists per edge.
//!
//! | own share of                | default |
//! |-----------------------------|---------|
//! | a root                      | 0       |
//! | an inner node               | 1/2     |
//! | a node without dependencies | 1       |
//!
//! A node whose only dependency is itself counts as one without. Roots that pass
//! everything on in a closed circle keep the share of an inner node, as the
//! money could never leave otherwise.
//!
//! # Limits
//!
//! Any graph with at least one root.
//!
//! # Known weaknesses
//!
//! * A dependency split into `k` packages that the dependent names one by one
//!   still gets about `k` shares. Merge packages into repositories first.
//! * `k` private packages below a dependency raise its need by at most the
//!   factor `1 + log₂(1 + carry · k)` ([merging](crate::graph::DependencyGraph::merge)
//!   undoes this as well).
//! * A dependency can lower a sibling's need by depending on it, but then has to
//!   pay it.
//! * Nothing here sees how much code is used. Judged weights should replace
//!   these, see [`crate::overrides`].
//!
//! # Sources
//!
//! * The uniform baseline: `deepfunding/dependency-graph`, file
//!   `repo_parent_weight_graph.csv`. The rule by need is this project's own.
//!
//! # Example
//!
//! ```
//! use allonet_weights::graph::{EdgeKind, GraphBuilder};
//! use allonet_weights::structural::{Settings, weigh};
//! use allonet_weights::weighted::WHOLE;
//!
//! let mut builder = GraphBuilder::default();
//! let [app, a, b] = ["app", "a", "b"].map(|id| builder.list(id));
//! builder.mark_root(app);
//! builder.edge(app, a, EdgeKind::Normal, None);
//! builder.edge(app, b, EdgeKind::Dev, None); // a quarter of a normal one
//!
//! let network = weigh(&builder.finish(), &Settings::default())?;
//! let app = network.index("app").expect("it was listed");
//! let weights: Vec<u64> = network.dependencies(app).map(|(_, weight)| weight).collect();
//! assert_eq!(weights, [WHOLE / 5 * 4, WHOLE / 5]);
//! # Ok::<(), allonet_weights::structural::WeightError>(())
//! ```

mod need;

use thiserror::Error;

use crate::apportion::{apportion, quantise};
use crate::graph::{DependencyGraph, Edge};
use crate::weighted::{WHOLE, WeightedGraph, equal_shares, share};

pub use need::NeedParameters;

/// How far a sum of given weights may exceed one, for weights printed short.
pub(crate) const SLACK: f64 = 1e-9;

/// How edges without a given weight are weighed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StructuralRule {
    /// The same for every dependency of a node.
    Uniform,
    /// By structural need, see the [module](self).
    Need(NeedParameters),
}

impl Default for StructuralRule {
    fn default() -> Self {
        Self::Need(NeedParameters::default())
    }
}

/// What to do with the weights a file gives.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum GivenWeights {
    /// They divide what a node passes on, in proportion; the own share is the
    /// default one. Fits files whose sums are not quite one.
    #[default]
    Proportional,
    /// They are parts of the node's inflow; what is missing to one is its own
    /// share. A sum above one is refused.
    RemainderIsOwn,
    /// They are not used.
    Ignore,
}

/// What nodes keep when nobody says otherwise, in units of 1/[`WHOLE`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OwnShares {
    /// What a root keeps.
    pub root: u64,
    /// What a node with dependencies keeps.
    pub inner: u64,
}

impl Default for OwnShares {
    fn default() -> Self {
        Self { root: 0, inner: WHOLE / 2 }
    }
}

/// All choices of [`weigh`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Settings {
    /// The rule for nodes without given weights.
    pub rule: StructuralRule,
    /// The use of given weights.
    pub given: GivenWeights,
    /// The default own shares.
    pub own: OwnShares,
}

/// Why weights were refused.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum WeightError {
    /// Nothing says where money enters.
    #[error("the graph has no root, so money cannot enter; name the project's own nodes as roots")]
    NoRoots,
    /// A share is above one.
    #[error(
        "{name} is {found}, allowed are 0 to {WHOLE} (one whole is 10^18); \
         half is 500000000000000000"
    )]
    ShareAboveOne {
        /// Which setting.
        name: &'static str,
        /// Its value.
        found: u64,
    },
    /// A parameter of the rule is out of range.
    #[error("{name} is {found} ppm, allowed are 0 to {largest} ppm")]
    Parameter {
        /// Which parameter.
        name: &'static str,
        /// Its value.
        found: u32,
        /// The largest value allowed.
        largest: u32,
    },
    /// Some dependencies of a node have given weights and some have not.
    #[error(
        "`{dependent}` has given weights, but none for `{dependency}`; \
         give it one (0 for nothing), or ignore given weights"
    )]
    PartlyGiven {
        /// The dependent.
        dependent: String,
        /// The dependency without a weight.
        dependency: String,
    },
    /// All given weights of a node are zero.
    #[error("the given weights of `{dependent}` are all 0; give one a weight, or remove them")]
    AllZero {
        /// The dependent.
        dependent: String,
    },
    /// Given weights leave a node less than nothing.
    #[error(
        "the given weights of `{dependent}` add up to {sum}, allowed is at most 1; \
         scale them down, or let them be read as proportions"
    )]
    AboveOne {
        /// The dependent.
        dependent: String,
        /// Their sum.
        sum: f64,
    },
    /// Money reaches a node and can never be kept by anybody.
    #[error(
        "money that reaches `{node}` can never be kept: it and all it leads to pass \
         everything on; give one of them an own share"
    )]
    Trapped {
        /// The first such node.
        node: String,
    },
}

/// Weighs all edges of a graph.
pub fn weigh(graph: &DependencyGraph, settings: &Settings) -> Result<WeightedGraph, WeightError> {
    check(settings)?;
    let roots = graph.roots();
    if roots.is_empty() {
        return Err(WeightError::NoRoots);
    }
    let scores = match settings.rule {
        StructuralRule::Uniform => vec![1.0; graph.edge_count()],
        StructuralRule::Need(parameters) => need::scores(graph, &parameters)?,
    };
    let shares = equal_shares(roots.len(), WHOLE);
    let mut network = WeightedGraph {
        nodes: graph.nodes().iter().map(|node| node.id.clone()).collect(),
        sources: roots.into_iter().zip(shares).collect(),
        offsets: Vec::with_capacity(graph.node_count() + 1),
        targets: graph.edges().iter().map(|edge| edge.dependency).collect(),
        weights: Vec::with_capacity(graph.edge_count()),
        own_shares: Vec::with_capacity(graph.node_count()),
    };
    network.offsets.push(0);
    for (node, listed) in (0_u32..).zip(graph.nodes()) {
        let edges = graph.dependencies(node);
        let start = network.weights.len();
        let default = match edges {
            _ if edges.iter().all(|edge| edge.dependency == node) => WHOLE,
            _ if listed.root => settings.own.root,
            _ => settings.own.inner,
        };
        let (weights, own) = match given(graph, node, edges, settings.given)? {
            Some((weights, own)) => (weights, own.unwrap_or(default)),
            None => (structural(&scores[start..start + edges.len()]), default),
        };
        network.weights.extend(weights);
        network.offsets.push(network.weights.len());
        network.own_shares.push(own);
    }
    mend(&mut network, settings)?;
    Ok(network)
}

fn check(settings: &Settings) -> Result<(), WeightError> {
    let shares = [
        ("the own share of roots", settings.own.root),
        ("the own share of inner nodes", settings.own.inner),
    ];
    match shares.into_iter().find(|&(_, found)| found > WHOLE) {
        Some((name, found)) => Err(WeightError::ShareAboveOne { name, found }),
        None => Ok(()),
    }
}

/// Scores of one node's edges as weights. A node whose scores are all zero (it
/// depends on itself only, or only in ways that count nothing) divides equally.
fn structural(scores: &[f64]) -> Vec<u64> {
    let weights = apportion(&quantise(scores), WHOLE);
    weights.unwrap_or_else(|| equal_shares(scores.len(), WHOLE))
}

type Given = (Vec<u64>, Option<u64>);

/// The weights a file gives for one node, with the own share they imply.
fn given(
    graph: &DependencyGraph,
    node: u32,
    edges: &[Edge],
    policy: GivenWeights,
) -> Result<Option<Given>, WeightError> {
    let id = |node: u32| graph.nodes()[node as usize].id.clone();
    let any = edges.iter().any(|edge| edge.weight.is_some());
    if policy == GivenWeights::Ignore || !any {
        return Ok(None);
    }
    let mut weights = Vec::with_capacity(edges.len());
    for edge in edges {
        weights.push(edge.weight.ok_or_else(|| WeightError::PartlyGiven {
            dependent: id(node),
            dependency: id(edge.dependency),
        })?);
    }
    let sum: f64 = weights.iter().sum();
    if policy == GivenWeights::Proportional {
        let divided = apportion(&quantise(&weights), WHOLE);
        let divided = divided.ok_or_else(|| WeightError::AllZero { dependent: id(node) })?;
        return Ok(Some((divided, None)));
    }
    if sum > 1.0 + SLACK {
        return Err(WeightError::AboveOne { dependent: id(node), sum });
    }
    let parts: Vec<u64> = weights.iter().map(|&weight| share(weight.min(1.0))).collect();
    let passed: u64 = parts.iter().fold(0, |sum: u64, &part| sum.saturating_add(part)).min(WHOLE);
    // Sums printed short, such as 0.9999999999, mean one.
    let own = if 1.0 - sum <= SLACK { 0 } else { WHOLE - passed };
    let scores: Vec<u128> = parts.iter().copied().map(u128::from).collect();
    let divided = apportion(&scores, WHOLE).unwrap_or_else(|| equal_shares(parts.len(), WHOLE));
    Ok(Some((divided, Some(own))))
}

/// Lets nodes that would trap money keep the share of inner nodes.
fn mend(network: &mut WeightedGraph, settings: &Settings) -> Result<(), WeightError> {
    let trapped = network.trapped();
    if settings.own.inner > 0 {
        for &node in &trapped {
            network.own_shares[node as usize] = settings.own.inner;
        }
        return Ok(());
    }
    refuse_trapped(network)
}

/// Refuses a network some money could never leave.
pub(crate) fn refuse_trapped(network: &WeightedGraph) -> Result<(), WeightError> {
    match network.trapped().first() {
        Some(&node) => Err(WeightError::Trapped { node: network.nodes[node as usize].clone() }),
        None => Ok(()),
    }
}
