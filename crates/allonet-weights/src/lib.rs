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
//! The result, a [`weighted::WeightedGraph`], holds whole numbers only: whoever
//! moves money along it needs no floating point.
//!
//! Where people judge, weights come from their comparisons:
//!
//! 1. [`comparisons`] reads who said which of two items is worth more.
//! 2. [`ask`] chooses what to ask them next.
//! 3. [`rules`] makes an [`estimate`] of each item's weight of them.
//!
//! Nothing here reads a file or asks the network; texts come as arguments.

pub mod ask;
pub mod comparisons;
pub mod estimate;
pub mod graph;
pub mod import;
pub mod linear;
pub mod overrides;
pub mod random;
pub mod repository;
pub mod rules;
pub mod structural;
pub mod synthetic;
pub mod weighted;

mod apportion;
mod purl;
mod rows;
