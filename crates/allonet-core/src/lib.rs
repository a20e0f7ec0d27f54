//! The engine of allonet: exact money, the neuron contract, propagation,
//! traces and receipts. Pure: no input or output, no clock, no randomness.

pub mod absorbing;
pub mod card;
pub mod condensation;
pub mod engine;
pub mod event;
pub mod exhibit;
pub mod fault;
pub mod json;
pub mod ledger;
pub mod maths;
pub mod mechanism;
pub mod money;
pub mod network;
pub mod opinion;
pub mod page;
pub mod paying;
pub mod payout;
pub mod random;
pub mod receipt;
pub mod repository;
pub mod schema;
pub mod signal;
pub mod table;
pub mod time;
pub mod trace;
pub mod trial;
pub mod weights;
