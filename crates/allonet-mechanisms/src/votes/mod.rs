//! Votes, and budgets decided by votes.

pub mod approval;
mod choices;
pub mod copeland;
mod costs;
mod decision;
pub mod equal_shares;
mod export;
pub mod greedy_budget;
mod poll;
mod power;
mod purchase;
pub mod quadratic_vote;
pub mod ranked_choice;
pub mod single_choice;
pub mod weighted;
mod written;
