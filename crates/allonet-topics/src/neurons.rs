//! Topics inside a network.

use allonet_core::mechanism::Entry;

/// By the id of the card.
static CATALOGUE: &[Entry] = &[];

/// All mechanisms of this crate, by the id of their card.
pub(crate) fn catalogue() -> &'static [Entry] {
    CATALOGUE
}
