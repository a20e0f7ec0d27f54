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
//! 1. [`comparisons`] reads who said which of two items is worth more.
//! 2. [`rules`] makes an [`estimate`] of each item's weight of them.
//!
//! Nothing here reads a file or asks the network; texts come as arguments.

pub mod comparisons;
pub mod contest;
pub mod declared;
pub mod division;
pub mod entity;
pub mod eras;
pub mod estimate;
pub mod graph;
pub mod import;
pub mod linear;
pub mod overlay;
pub mod overrides;
pub mod random;
pub mod relation;
pub mod repository;
pub mod rules;
pub mod structural;
pub mod synthetic;
pub mod weighted;

mod apportion;
mod purl;
mod rows;
