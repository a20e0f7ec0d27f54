//! Votes, and budgets decided by votes.
//!
//! Mechanisms, by the id of their card:
//!
//! * [`allo_quadratic`]: voice credits turn into votes by their root.
//! * [`approval`]: all choices that a voter would be content with.
//! * [`copeland`]: each choice meets each other.
//! * [`equal_shares`]: a budget of which each voter spends the same part.
//! * [`greedy_budget`]: the most voted projects that fit.
//! * [`quadratic_ballots`]: a vote of `v` costs `v²`.
//! * [`quadratic_vote`]: roots of shares of power.
//! * [`rank_zipf`]: a ranking, and shares of a fixed shape.
//! * [`ranked_choice`]: the weakest choice is struck out.
//! * [`single_choice`]: one choice for each voter.
//! * [`weighted`]: power divided among choices.
//!
//! What they share:
//!
//! * `poll`: ballots are read, a rule counts them, and a decision pays.
//! * `choices`, `export`, `written`: ballots from tables and exports, and what a
//!   voter wrote.
//! * `decision`: how the result of a vote pays.
//! * `costs`: projects with a price.
//! * `power`: voting power as a signal.
//! * `purchase`: the kernel of `equal-shares`.

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
