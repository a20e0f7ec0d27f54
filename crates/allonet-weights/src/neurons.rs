//! Weights inside a network: neurons that judge what things are worth, pay by
//! it, and tell others.

use allonet_core::mechanism::Entry;

/// By the id of the card.
static CATALOGUE: &[Entry] = &[];

/// All mechanisms of this crate, by the id of their card.
pub(crate) fn catalogue() -> &'static [Entry] {
    CATALOGUE
}
