//! Self, known and unknown: how a node divides what reaches it.
//!
//! # Formula
//!
//! For a node `P` with known dependencies `D_i`:
//!
//! ```text
//! W(P → self) + Σ_i W(P → D_i) + W(P → unknown) = 1
//! ```
//!
//! The unknown share is what `P` owes to dependencies that nobody has named yet.
//! What happens with it is a choice that nobody should make by accident:
//!
//! | choice                          | where the unknown share goes             |
//! |---------------------------------|------------------------------------------|
//! | [`UnknownShare::Escrow`]        | to the node `P:OTHER_UNKNOWN`, to wait   |
//! | [`UnknownShare::Redistributed`] | to self and known, in proportion         |
//! | [`UnknownShare::Returned`]      | to one node, [`RETURNED`], for the funders |
//!
//! # Units and rounding
//!
//! Shares are whole numbers of 10⁻¹⁸ of the node's inflow and add up to
//! [`WHOLE`]; weights are apportioned by largest remainder.
//!
//! # Table
//!
//! The columns of a weight table, `repo,parent,weight`, with two special
//! children for each parent: `SELF` (or `P:SELF`) and `OTHER_UNKNOWN` (or
//! `P:OTHER_UNKNOWN`). A parent whose rows do not add up to one within 10⁻⁶ is
//! refused; within that they are taken as proportions.
//!
//! # Known weaknesses
//!
//! Nobody can tell from the graph how large the unknown share is: it is a
//! judgement like any other. With `Returned` a project that lists little sends
//! money back, with `Redistributed` it gains by it.
//!
//! # Sources
//!
//! The three kinds of children: ethresear.ch 23101, appendix.
//!
//! # Example
//!
//! ```
//! use allonet_weights::division::{UnknownShare, general_form};
//! use allonet_weights::import::ReadOptions;
//! use allonet_core::money::Amount;
//!
//! let text = "repo,parent,weight\nSELF,x/app,0.5\ny/lib,x/app,0.3\nOTHER_UNKNOWN,x/app,0.2\n";
//! let form = general_form(text, &ReadOptions::default())?;
//! let paid = |choice| -> Result<Vec<Amount>, Box<dyn std::error::Error>> {
//!     Ok(form.network(choice)?.payouts(Amount::from_base(800))?)
//! };
//! // x/app, x/app:OTHER_UNKNOWN, y/lib
//! assert_eq!(paid(UnknownShare::Escrow)?, [400, 160, 240].map(Amount::from_base));
//! // x/app, y/lib
//! assert_eq!(paid(UnknownShare::Redistributed)?, [500, 300].map(Amount::from_base));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::collections::{BTreeMap, BTreeSet};

use allonet_core::maths;
use thiserror::Error;

use crate::apportion::{apportion, quantise};
use crate::graph::{DependencyGraph, EdgeKind, GraphBuilder};
use crate::import::{ImportError, ReadOptions, weight_csv};
use crate::structural::{WeightError, refuse_trapped};
use crate::weighted::{NamedNode, WHOLE, WeightedGraph, assembled, equal_shares, named};

/// The node that holds what goes back to the funders.
pub const RETURNED: &str = "RETURNED";

const SELF: &str = "SELF";
const UNKNOWN: &str = "OTHER_UNKNOWN";

/// How far the rows of one parent may add up to something else than one.
const TOLERANCE: f64 = 1e-6;

/// What happens with the share of dependencies that nobody has named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnknownShare {
    /// It waits at a node of its own for each parent.
    Escrow,
    /// Self and known dependencies share it in proportion.
    Redistributed,
    /// It goes back to the funders, through one node for all.
    Returned,
}

/// How one node divides its inflow, in 10⁻¹⁸; the rest goes to its known
/// dependencies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Division {
    /// What it keeps.
    pub own: u64,
    /// What it owes to dependencies that are not named.
    pub unknown: u64,
}

/// Why a division was refused. Nothing is changed then.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum DivisionError {
    /// It is for a node that is not there.
    #[error("the network has no `{id}` to divide; check the spelling")]
    UnknownNode {
        /// The id.
        id: String,
    },
    /// The parts are more than the whole.
    #[error("self and unknown of `{id}` are more than one whole together; lower one of them")]
    AboveOne {
        /// The node.
        id: String,
    },
    /// There is a share for dependencies, but none are known.
    #[error(
        "`{id}` passes something on to known dependencies but has none; \
         raise its self or unknown share"
    )]
    NoDependencies {
        /// The node.
        id: String,
    },
    /// Everything is owed to the unknown.
    #[error(
        "all of `{id}` is unknown, so there is nobody to redistribute it to; keep it in escrow"
    )]
    AllUnknown {
        /// The node.
        id: String,
    },
    /// A node has the name of one that is to be added.
    #[error("the network has a node `{id}` already, which is where unknown shares would go")]
    NameTaken {
        /// The id.
        id: String,
    },
    /// The rows of a parent do not add up to one.
    #[error(
        "self, known and unknown of `{parent}` add up to {sum}, not 1; \
         state the missing part as `OTHER_UNKNOWN`"
    )]
    NotOne {
        /// The parent.
        parent: String,
        /// Their sum.
        sum: f64,
    },
    /// Money would be trapped, or could not enter.
    #[error(transparent)]
    Network(#[from] WeightError),
}

/// Applies divisions to a network; nodes without one stay as they are.
pub fn divide(
    network: &WeightedGraph,
    divisions: &BTreeMap<String, Division>,
    unknown: UnknownShare,
) -> Result<WeightedGraph, DivisionError> {
    if let Some(id) = divisions.keys().find(|id| network.index(id).is_none()) {
        return Err(DivisionError::UnknownNode { id: id.clone() });
    }
    let mut nodes = named(network);
    for (id, division) in divisions {
        let node = nodes.remove(id).expect("it was found before");
        nodes.insert(id.clone(), divided(node, id, *division, unknown)?);
    }
    let targets: BTreeSet<String> =
        nodes.values().flat_map(|node| node.edges.iter().map(|(id, _)| id.clone())).collect();
    for id in targets {
        if network.index(&id).is_none() {
            nodes.insert(id, NamedNode { own: WHOLE, edges: Vec::new() });
        } else if id == RETURNED || id.ends_with(&format!(":{UNKNOWN}")) {
            return Err(DivisionError::NameTaken { id });
        }
    }
    let divided = assembled(nodes, &network.named_sources());
    refuse_trapped(&divided)?;
    Ok(divided)
}

fn divided(
    node: NamedNode,
    id: &str,
    division: Division,
    choice: UnknownShare,
) -> Result<NamedNode, DivisionError> {
    let Division { own, unknown } = division;
    let known = own
        .checked_add(unknown)
        .and_then(|parts| WHOLE.checked_sub(parts))
        .ok_or_else(|| DivisionError::AboveOne { id: id.to_owned() })?;
    if known > 0 && node.edges.iter().all(|(_, weight)| *weight == 0) {
        return Err(DivisionError::NoDependencies { id: id.to_owned() });
    }
    let place = match choice {
        UnknownShare::Redistributed => {
            let parts = apportion(&[u128::from(own), u128::from(known)], WHOLE);
            let own = parts.ok_or_else(|| DivisionError::AllUnknown { id: id.to_owned() })?[0];
            return Ok(NamedNode { own, ..node });
        }
        UnknownShare::Escrow => format!("{id}:{UNKNOWN}"),
        UnknownShare::Returned => RETURNED.to_owned(),
    };
    if unknown == 0 {
        return Ok(NamedNode { own, ..node });
    }
    // Each product is at most 10^36, and so is their sum.
    let mut parts: Vec<u128> =
        node.edges.iter().map(|(_, weight)| u128::from(*weight) * u128::from(known)).collect();
    parts.push(u128::from(unknown) * u128::from(WHOLE));
    let weights = apportion(&parts, WHOLE).expect("the unknown share is above zero");
    let ids = node.edges.into_iter().map(|(id, _)| id).chain([place]);
    Ok(NamedNode { own, edges: ids.zip(weights).collect() })
}

/// A table in the general form, read.
#[derive(Debug, Clone, PartialEq)]
pub struct GeneralForm {
    /// The known edges with their weights, as parts of the parent's inflow.
    pub graph: DependencyGraph,
    /// Self and unknown of every parent.
    pub divisions: BTreeMap<String, Division>,
}

/// What a table says of one parent.
#[derive(Debug, Default)]
struct Parts {
    own: f64,
    unknown: f64,
    known: f64,
}

/// Reads a table in the general form, see the [module](self).
pub fn general_form(text: &str, options: &ReadOptions) -> Result<GeneralForm, FormError> {
    let mut parents: BTreeMap<String, Parts> = BTreeMap::new();
    let mut builder = GraphBuilder::default();
    for row in weight_csv::rows(text, options)? {
        let parent = builder.list(&row.parent);
        let parts = parents.entry(row.parent.clone()).or_default();
        match special(&row.repo, &row.parent) {
            Some(SELF) => parts.own += row.weight,
            Some(_) => parts.unknown += row.weight,
            None => {
                parts.known += row.weight;
                let repo = builder.list(&row.repo);
                builder.edge(parent, repo, EdgeKind::Unknown, Some(row.weight));
            }
        }
    }
    builder.mark_sources_as_roots();
    let mut divisions = BTreeMap::new();
    for (parent, Parts { own, unknown, known }) in parents {
        let sum = maths::sum([own, unknown, known]);
        if (sum - 1.0).abs() > TOLERANCE {
            return Err(DivisionError::NotOne { parent, sum }.into());
        }
        let shares =
            apportion(&quantise(&[own, unknown, known]), WHOLE).expect("the sum is near one");
        divisions.insert(parent, Division { own: shares[0], unknown: shares[1] });
    }
    Ok(GeneralForm { graph: builder.finish(), divisions })
}

/// Which special child a name is. Names of repositories are in lower case here.
fn special(repo: &str, parent: &str) -> Option<&'static str> {
    let bare = repo.strip_prefix(parent).and_then(|rest| rest.strip_prefix(':')).unwrap_or(repo);
    [SELF, UNKNOWN].into_iter().find(|name| name.eq_ignore_ascii_case(bare))
}

/// Why a table in the general form was refused.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum FormError {
    /// It is no weight table.
    #[error(transparent)]
    Table(#[from] ImportError),
    /// A parent's division is wrong.
    #[error(transparent)]
    Division(#[from] DivisionError),
}

impl GeneralForm {
    /// The network in which money enters at the roots in equal parts.
    pub fn network(&self, unknown: UnknownShare) -> Result<WeightedGraph, DivisionError> {
        let roots = self.graph.roots();
        if roots.is_empty() {
            return Err(WeightError::NoRoots.into());
        }
        let mut nodes = BTreeMap::new();
        for (at, node) in (0_u32..).zip(self.graph.nodes()) {
            let edges = self.graph.dependencies(at);
            let scores: Vec<f64> = edges.iter().filter_map(|edge| edge.weight).collect();
            // Weights that are all zero divide nothing, and nothing is left to divide.
            let weights = apportion(&quantise(&scores), WHOLE);
            let weights = weights.unwrap_or_else(|| equal_shares(edges.len(), WHOLE));
            let ids =
                edges.iter().map(|edge| self.graph.nodes()[edge.dependency as usize].id.clone());
            nodes.insert(
                node.id.clone(),
                NamedNode { own: WHOLE, edges: ids.zip(weights).collect() },
            );
        }
        let shares = equal_shares(roots.len(), WHOLE);
        let sources: Vec<(String, u64)> = roots
            .iter()
            .map(|&root| self.graph.nodes()[root as usize].id.clone())
            .zip(shares)
            .collect();
        divide(&assembled(nodes, &sources), &self.divisions, unknown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::structural::{Settings, weigh};
    use allonet_core::money::Amount;
    use proptest::prelude::*;

    const PERCENT: u64 = WHOLE / 100;

    fn form(rows: &str) -> Result<GeneralForm, FormError> {
        general_form(&format!("repo,parent,weight\n{rows}"), &ReadOptions::default())
    }

    /// app keeps 40 %, owes 20 % to the unknown, 30 % to a, 10 % to b; a keeps
    /// half and owes half to the unknown.
    const APP: &str = "app:SELF,app,0.4\napp:OTHER_UNKNOWN,app,0.2\na,app,0.3\nb,app,0.1\n\
                       SELF,a,0.5\nOTHER_UNKNOWN,a,0.5\n";

    fn paid(choice: UnknownShare) -> Vec<(String, u128)> {
        let network = form(APP).expect("valid").network(choice).expect("nothing is trapped");
        let paid = network.payouts(Amount::from_base(1000)).expect("it flows");
        let named = network.nodes().iter().cloned();
        named.zip(paid.into_iter().map(|amount| amount.to_u128().expect("small"))).collect()
    }

    fn expected(rows: &[(&str, u128)]) -> Vec<(String, u128)> {
        rows.iter().map(|&(id, amount)| (id.to_owned(), amount)).collect()
    }

    #[test]
    fn each_choice_with_a_pencil() {
        let escrow = [
            ("a", 150),
            ("a:OTHER_UNKNOWN", 150),
            ("app", 400),
            ("app:OTHER_UNKNOWN", 200),
            ("b", 100),
        ];
        assert_eq!(paid(UnknownShare::Escrow), expected(&escrow));
        let returned = [("RETURNED", 350), ("a", 150), ("app", 400), ("b", 100)];
        assert_eq!(paid(UnknownShare::Returned), expected(&returned));
        // app: 0.4 : 0.3 : 0.1 of 0.8; a keeps all, as nobody else is known.
        let redistributed = [("a", 375), ("app", 500), ("b", 125)];
        assert_eq!(paid(UnknownShare::Redistributed), expected(&redistributed));
    }

    #[test]
    fn each_refusal_once() {
        let short = form("SELF,app,0.4\na,app,0.3\n").expect_err("0.7");
        assert!(matches!(short, FormError::Division(DivisionError::NotOne { .. })), "{short}");
        let all = form("OTHER_UNKNOWN,app,1\n").expect("valid");
        let refused = all.network(UnknownShare::Redistributed);
        assert_eq!(refused, Err(DivisionError::AllUnknown { id: "app".to_owned() }));
        let network = all.network(UnknownShare::Escrow).expect("it waits");
        let divide_by = |id: &str, own, unknown| {
            let divisions = [(id.to_owned(), Division { own, unknown })].into();
            divide(&network, &divisions, UnknownShare::Escrow)
        };
        let id = || "app".to_owned();
        assert_eq!(divide_by("x", 0, 0), Err(DivisionError::UnknownNode { id: "x".to_owned() }));
        assert_eq!(divide_by("app", WHOLE, 1), Err(DivisionError::AboveOne { id: id() }));
        let leaf = "app:OTHER_UNKNOWN";
        let refused = DivisionError::NoDependencies { id: leaf.to_owned() };
        assert_eq!(divide_by(leaf, 0, PERCENT), Err(refused));
        let taken = DivisionError::NameTaken { id: leaf.to_owned() };
        assert_eq!(divide_by("app", 0, PERCENT), Err(taken));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// Self, known and unknown are paid in exactly their shares.
        #[test]
        fn shares_are_kept_to_the_last_unit(
            own in 0_u64..=100,
            unknown in 0_u64..=100,
            first in 1_u32..9,
        ) {
            prop_assume!(own + unknown <= 100);
            let text = format!("repo,parent,weight\na,app,{first}\nb,app,{}\n", 10 - first);
            let graph = weight_csv::read(&text, &ReadOptions::default()).expect("valid");
            let network = weigh(&graph, &Settings::default()).expect("rooted");
            let division = Division { own: own * PERCENT, unknown: unknown * PERCENT };
            let divisions = [("app".to_owned(), division)].into();
            let divided = divide(&network, &divisions, UnknownShare::Escrow).expect("valid");
            let paid = divided.payouts(Amount::from_base(1_000_000)).expect("it flows");
            let paid_to = |id: &str| {
                let found = divided.index(id).map(|at| paid[at as usize]);
                found.map_or(0, |amount| amount.to_u128().expect("small"))
            };
            prop_assert_eq!(paid_to("app"), u128::from(own) * 10_000);
            prop_assert_eq!(paid_to("app:OTHER_UNKNOWN"), u128::from(unknown) * 10_000);
            let known = u128::from(100 - own - unknown);
            prop_assert_eq!(paid_to("a"), known * u128::from(first) * 1_000);
        }
    }
}
