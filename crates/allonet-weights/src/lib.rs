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
//! Nothing here reads a file or asks the network; texts come as arguments.

pub mod graph;
pub mod import;
pub mod overrides;
pub mod repository;
pub mod structural;
pub mod weighted;

mod apportion;
mod purl;
mod rows;
