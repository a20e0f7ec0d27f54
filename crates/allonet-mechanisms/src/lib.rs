//! The mechanism catalogue: one file for each rule.

use allonet_core::mechanism::Entry;
use allonet_core::paying;

pub mod ballots;
pub mod flow;
pub mod governed;
pub mod graph;
pub mod identity;
pub mod program;
pub mod quadratic;
pub mod retro;
pub mod trial;
pub mod votes;

mod credit;
mod hearing;
mod names;
mod people;
mod protocol;
mod safe;
mod transaction;
mod whole;

/// By the id of the card.
static CATALOGUE: &[Entry] = &[
    Entry { card: &votes::allo_quadratic::CARD, build: votes::allo_quadratic::build },
    Entry { card: &votes::approval::CARD, build: votes::approval::build },
    Entry { card: &retro::capped_shares::CARD, build: retro::capped_shares::build },
    Entry { card: &retro::category_ballots::CARD, build: retro::category_ballots::build },
    Entry { card: &quadratic::cluster_match::CARD, build: quadratic::cluster_match::build },
    Entry { card: &votes::copeland::CARD, build: votes::copeland::build },
    Entry { card: &graph::criticality::CARD, build: graph::criticality::build },
    Entry { card: &identity::delegation::CARD, build: identity::delegation::build },
    Entry { card: &graph::dependency::CARD, build: graph::dependency::build },
    Entry { card: &retro::dev_tooling::CARD, build: retro::dev_tooling::build },
    Entry { card: &quadratic::donation_profile::CARD, build: quadratic::donation_profile::build },
    Entry { card: &quadratic::dora::CARD, build: quadratic::dora::build },
    Entry { card: &votes::equal_shares::CARD, build: votes::equal_shares::build },
    Entry { card: &program::external::CARD, build: program::external::build },
    Entry { card: &quadratic::giveth::CARD, build: quadratic::giveth::build },
    Entry { card: &votes::greedy_budget::CARD, build: votes::greedy_budget::build },
    Entry { card: &flow::guild::CARD, build: flow::guild::build },
    Entry { card: &retro::impact_metrics::CARD, build: retro::impact_metrics::build },
    Entry { card: &retro::iterative_elimination::CARD, build: retro::iterative_elimination::build },
    Entry { card: &quadratic::maci::CARD, build: quadratic::maci::build },
    Entry { card: &retro::metric_scores::CARD, build: retro::metric_scores::build },
    Entry { card: &retro::metric_shares::CARD, build: retro::metric_shares::build },
    Entry { card: &retro::moving_phantoms::CARD, build: retro::moving_phantoms::build },
    Entry { card: &governed::multisig::CARD, build: governed::multisig::build },
    Entry { card: &quadratic::octant::CARD, build: quadratic::octant::build },
    Entry { card: &retro::onchain_builders::CARD, build: retro::onchain_builders::build },
    Entry { card: &quadratic::pairwise::CARD, build: quadratic::pairwise::build },
    Entry { card: &flow::pass_through::CARD, build: flow::pass_through::build },
    Entry { card: &identity::passport::CARD, build: identity::passport::build },
    Entry { card: &quadratic::proper_quadratic::CARD, build: quadratic::proper_quadratic::build },
    Entry { card: &quadratic::funding::CARD, build: quadratic::funding::build },
    Entry { card: &votes::quadratic_ballots::CARD, build: votes::quadratic_ballots::build },
    Entry { card: &votes::quadratic_vote::CARD, build: votes::quadratic_vote::build },
    Entry { card: &votes::rank_zipf::CARD, build: votes::rank_zipf::build },
    Entry { card: &votes::ranked_choice::CARD, build: votes::ranked_choice::build },
    Entry { card: &retro::retro_ballots::CARD, build: retro::retro_ballots::build },
    Entry { card: &votes::single_choice::CARD, build: votes::single_choice::build },
    Entry { card: &flow::split::CARD, build: flow::split::build },
    Entry {
        card: &quadratic::streaming_quadratic::CARD,
        build: quadratic::streaming_quadratic::build,
    },
    Entry { card: &identity::vouch::CARD, build: identity::vouch::build },
    Entry { card: &votes::weighted::CARD, build: votes::weighted::build },
];

/// All mechanisms, by the id of their card.
pub fn catalogue() -> &'static [Entry] {
    CATALOGUE
}
