//! Topics inside a network.

pub mod topic;

use allonet_core::mechanism::Entry;

/// By the id of the card.
static CATALOGUE: &[Entry] = &[Entry { card: &topic::CARD, build: topic::build }];

/// All mechanisms of this crate, by the id of their card.
pub(crate) fn catalogue() -> &'static [Entry] {
    CATALOGUE
}
