//! The numerical experiment behind the claims: participants of known quality,
//! many seeds, and what came of it.
//!
//! [`design`] says what is simulated, [`world`] draws who takes part,
//! [`experiment`] runs it, [`statistics`] and [`statements`] hold claims against
//! it, and [`adversaries`] lets some of them cheat ([`conduct`]).

pub mod adversaries;
pub mod conduct;
pub mod design;
pub mod experiment;
pub mod normal;
pub mod scenes;
pub mod statements;
pub mod statistics;
pub mod world;
