//! Dependency networks and the weights on them.
//!
//! A project stands on other projects. This crate reads the files that say so
//! (lock files, bills of materials, published graphs), turns them into one
//! [`graph::DependencyGraph`], and puts a weight on every edge: what part of
//! the money a project passes on goes to this dependency.
//!
//! 1. [`import`] reads a file into a graph and refuses what it does not
//!    understand, with line and column.
//! 2. [`graph`] holds the graph, merges packages into repositories and cuts
//!    away what a round does not fund.
//! 3. [`structural`] weighs the edges nobody has judged.
//! 4. [`overrides`] replaces those weights where somebody has.
//!
//! 5. [`division`] states what a node owes to dependencies nobody has named.
//! 6. [`relation`] adds what is not code: papers, standards, ideas.
//! 7. [`overlay`] holds weights of several groups on one set of edges,
//!    [`declared`] what owners say of their own, [`contest`] disputes it.
//! 8. [`entity`] sees that an organisation and its repository are not both paid.
//! 9. [`eras`] keeps dated snapshots, and finds what drifted between them.
//!
//! The result, a [`weighted::WeightedGraph`], holds whole numbers only: whoever
//! moves money along it needs no floating point.
//!
//! Where people judge, weights come from their comparisons:
//!
//! 1. [`comparisons`] reads who said which of two items is worth more, and
//!    [`ask`] chooses what to ask next.
//! 2. [`rules`] makes an [`estimate`] of each item's weight of them;
//!    [`connectivity`] and [`standard_errors`] tell how well they are known.
//! 3. [`jury`] says how far the comparisons can be relied on.
//! 4. [`market`] lets traders forecast what a jury will say, [`sources`] reads
//!    weights of models and experts, and mixes them.
//! 5. [`evaluate`] says which weights are any good.
//! 6. [`judged`] puts a jury's weights on the edges of a graph, and [`neurons`]
//!    let networks pay by all this.
//!
//! Nothing here reads a file or asks the network; texts come as arguments.

pub mod ask;
pub mod comparisons;
pub mod connectivity;
pub mod contest;
pub mod declared;
pub mod division;
pub mod entity;
pub mod eras;
pub mod estimate;
pub mod evaluate;
pub mod graph;
pub mod import;
pub mod judged;
pub mod juror_model;
pub mod jury;
pub mod linear;
pub mod market;
pub mod neurons;
pub mod overlay;
pub mod overrides;
pub mod relation;
pub mod repository;
pub mod rules;
pub mod sources;
pub mod standard_errors;
pub mod structural;
pub mod synthetic;
pub mod weighted;

pub use allonet_core::random;

mod apportion;
mod purl;
mod rows;
mod statistics;

/// All mechanisms of this crate, by the id of their card.
pub fn catalogue() -> &'static [allonet_core::mechanism::Entry] {
    neurons::catalogue()
}

/// A mechanism of this crate alone, by its id.
///
/// # Panics
///
/// If there is no such mechanism.
pub fn trial_of(mechanism: &str) -> allonet_core::trial::Trial {
    allonet_core::trial::Trial::of(catalogue(), mechanism)
}
