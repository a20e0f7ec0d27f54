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

//! * [`category_ballots`]: the mechanism `category-ballots`.
//! * [`impact_metrics`]: the mechanism `impact-metrics`.
//! * [`metric_shares`]: the mechanism `metric-shares`.
//! * `allocator`: Optimism's division under a cap and above a minimum, in floats.
//! * `category_json`, `category_round`, `category_tables`: ballots on budget,
//!   categories and projects.
//! * `leave_one_out`: the voter who moves most money.
//! * `medians`: medians of what voters say.
//! * `metric_values`: what projects score on metrics.
//! * `optimism`: a pool divided exactly, or by the allocator.
//! * `voters`: voting power and other facts about voters.

//! * `trust`: the kernel of `dev-tooling`.
//! * `trust_plan`: its weight file.
//! * `yaml`: weight files, with the place of everything.

pub mod capped_shares;
pub mod category_ballots;
pub mod dev_tooling;
pub mod impact_metrics;
pub mod iterative_elimination;
pub mod metric_scores;
pub mod metric_shares;
pub mod moving_phantoms;
pub mod onchain_builders;
pub mod payouts;
pub mod retro_ballots;
pub mod round;

mod activity;
mod allocator;
mod award;
mod category_json;
mod category_round;
mod category_tables;
mod conferral;
mod influence;
mod leave_one_out;
mod limits;
mod medians;
mod metric;
mod metric_values;
mod optimism;
mod pagerank;
mod phantoms;
mod reasons;
mod trust;
mod trust_plan;
mod voters;
mod yaml;
