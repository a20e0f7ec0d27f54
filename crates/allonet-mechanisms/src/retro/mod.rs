//! Retroactive funding: rewards for what was done, by ballots or metrics.
//!
//! * [`retro_ballots`]: the mechanism `retro-ballots`.
//! * [`payouts`]: how scores of projects become money.
//! * [`round`]: ballots that can be evaluated many times.
//! * `allocator`: Optimism's division under a cap and above a minimum, in floats.
//! * `influence`: how much each voter counts and moves.
//! * `limits`: how many votes a voter may cast.
//! * `reasons`: why a project has its score.

mod allocator;
mod influence;
mod limits;
pub mod payouts;
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
