//! Votes, and budgets decided by votes.

mod choices;
mod decision;
mod export;
mod poll;
mod power;
pub mod single_choice;
mod written;
