//! Rules in which money flows along a weighted graph.

pub mod criticality;
pub mod dependency;
