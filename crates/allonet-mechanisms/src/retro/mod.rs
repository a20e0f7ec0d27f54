//! Retroactive funding: rewards for what was done, by ballots or metrics.
//!
//! * [`retro_ballots`]: the mechanism `retro-ballots`.
//! * [`iterative_elimination`]: the mechanism `iterative-elimination`.
//! * [`moving_phantoms`]: the mechanism `moving-phantoms`.
//! * [`capped_shares`]: the mechanism `capped-shares`.
//! * [`payouts`]: how scores of projects become money.
//! * [`round`]: ballots that can be evaluated many times.
//! * `allocator`: Optimism's division under a cap and above a minimum, in floats.
//! * `influence`: how much each voter counts and moves.
//! * `limits`: how many votes a voter may cast.
//! * `phantoms`: medians with moving phantoms.
//! * `reasons`: why a project has its score.

mod allocator;
pub mod capped_shares;
mod influence;
pub mod iterative_elimination;
mod limits;
pub mod moving_phantoms;
pub mod payouts;
mod phantoms;
mod reasons;
pub mod retro_ballots;
pub mod round;

pub mod dev_tooling;
pub mod metric_scores;
pub mod onchain_builders;

mod activity;
mod allocator;
mod award;
mod conferral;
mod metric;
mod pagerank;
mod trust;
mod yaml;
