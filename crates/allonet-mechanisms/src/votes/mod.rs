//! Votes, and budgets decided by votes.

//!
//! * [`allo_quadratic`]: the mechanism `allo-quadratic`.
//! * [`quadratic_ballots`]: the mechanism `quadratic-ballots`.

//!
//! * [`rank_zipf`]: the mechanism `rank-zipf`.

pub mod allo_quadratic;
pub mod approval;
pub mod copeland;
pub mod equal_shares;
pub mod greedy_budget;
pub mod quadratic_ballots;
pub mod quadratic_vote;
pub mod rank_zipf;
pub mod ranked_choice;
pub mod single_choice;
pub mod weighted;

mod choices;
mod costs;
mod decision;
mod export;
mod poll;
mod power;
mod purchase;
mod written;
