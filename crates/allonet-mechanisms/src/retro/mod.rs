//! Retroactive funding: rewards for what was done, by ballots or metrics.
//!
//! Mechanisms, by the id of their card:
//!
//! * [`capped_shares`]: scores divide a pool, with a most and a least for each.
//! * [`category_ballots`]: medians of a budget, of categories and of projects.
//! * [`dev_tooling`]: tools, by the trust that applications put in them.
//! * [`impact_metrics`]: the median over ballots that weigh metrics.
//! * [`iterative_elimination`]: shares too small to pay leave, look after look.
//! * [`metric_scores`]: scores from a table of metrics.
//! * [`metric_shares`]: voters weigh metrics, metrics weigh projects.
//! * [`moving_phantoms`]: a budget from proposals, truthfully.
//! * [`onchain_builders`]: applications, by what happened on chain.
//! * [`retro_ballots`]: the median, average or sum of ballots.
//!
//! Ballots and voters:
//!
//! * `category_json`, `category_round`, `category_tables`: ballots on budget,
//!   categories and projects.
//! * `leave_one_out`: the voter who moves most money.
//! * `limits`: how many votes a voter may cast.
//! * `medians`, `phantoms`: medians of what voters say, and with moving phantoms.
//! * `reasons`: why a project has its score.
//! * [`round`]: ballots that can be evaluated many times.
//! * `voters`: voting power and other facts about voters.
//!
//! Metrics, trust and activity:
//!
//! * `activity`: the kernel of `onchain-builders`.
//! * `metric`, `metric_values`: metrics brought to one scale, and their table.
//! * `pagerank`, `trust`, `conferral`: the kernel of `dev-tooling`, and who
//!   conferred a score.
//! * `trust_plan`, `yaml`: weight files, with the place of everything.
//!
//! Money:
//!
//! * `allocator`, `optimism`: Optimism's division in floats, or an exact one.
//! * `award`: the limits of a weight file, met with the money there is.
//! * [`payouts`]: how scores of ballots become money.

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
