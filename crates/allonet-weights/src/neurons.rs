//! Weights inside a network: neurons that judge what things are worth, pay by
//! it, and tell others.

pub mod deep_funding;
pub mod expert_weights;
pub mod jury;
pub mod originality;
pub mod prediction_market;
pub mod weight_mix;

mod evidence;
mod graph_reading;
mod hearing;
mod opinions;
mod quotation;
mod reading;
mod settled;

use allonet_core::mechanism::Entry;

/// By the id of the card.
static CATALOGUE: &[Entry] = &[
    Entry { card: &deep_funding::CARD, build: deep_funding::build },
    Entry { card: &expert_weights::CARD, build: expert_weights::build },
    Entry { card: &jury::CARD, build: jury::build },
    Entry { card: &originality::CARD, build: originality::build },
    Entry { card: &prediction_market::CARD, build: prediction_market::build },
    Entry { card: &weight_mix::CARD, build: weight_mix::build },
];

/// All mechanisms of this crate, by the id of their card.
pub(crate) fn catalogue() -> &'static [Entry] {
    CATALOGUE
}
