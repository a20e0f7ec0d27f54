//! Votes, and budgets decided by votes.

pub mod approval;
mod choices;
pub mod copeland;
mod decision;
mod export;
mod poll;
mod power;
pub mod quadratic_vote;
pub mod single_choice;
pub mod weighted;
mod written;
