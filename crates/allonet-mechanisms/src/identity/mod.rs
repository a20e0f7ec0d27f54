//! Who counts, and how much: rules that emit a number for each person.
//!
//! They need no money, and what reaches them stays unspent.
//!
//! * [`delegation`]: the mechanism `delegation`, voices handed on.
//! * [`passport`]: the mechanism `passport`, by scores and stamps.
//! * [`vouch`]: the mechanism `vouch`, by who vouches for whom.
//! * `eigentrust`: trust as the resting state of a walk along vouches.
//! * `flow_graph`: the largest flow through a graph.
//! * `max_flow`: trust as flow from the seeds, shared fairly.

pub mod delegation;
pub mod passport;
pub mod vouch;

mod eigentrust;
mod flow_graph;
mod max_flow;
