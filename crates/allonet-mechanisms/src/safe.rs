//! What a multisig remembers between turns: owners, threshold, nonce, open
//! proposals with their approvals.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::transaction::Deed;

/// What is remembered between turns.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Safe {
    pub(crate) owners: BTreeSet<String>,
    pub(crate) threshold: u64,
    pub(crate) nonce: u64,
    /// Open proposals by nonce, in the order proposed.
    pub(crate) proposals: BTreeMap<u64, Vec<Proposal>>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Proposal {
    pub(crate) hash: String,
    pub(crate) deed: Deed,
    /// Whoever proposed it was an owner then.
    pub(crate) by_owner: bool,
    /// Something else was proposed under its name, which tells no more.
    pub(crate) void_name: bool,
    pub(crate) approvals: BTreeSet<String>,
}

impl Proposal {
    /// Whether it is something that an owner proposed.
    pub(crate) fn is_owners(&self) -> bool {
        self.by_owner && self.deed != Deed::Nothing
    }
}

/// Whether a name begins like those given here.
pub(crate) fn looks_automatic(hash: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    hash.split_once('/').is_some_and(|(nonce, _)| digits(nonce))
}

impl Safe {
    /// Owners who approved, as far as they still are owners.
    pub(crate) fn approvals<'a>(
        &'a self,
        proposal: &'a Proposal,
    ) -> impl Iterator<Item = &'a String> {
        proposal.approvals.intersection(&self.owners)
    }

    pub(crate) fn is_ready(&self, proposal: &Proposal) -> bool {
        let count = self.approvals(proposal).count();
        u64::try_from(count).is_ok_and(|count| count >= self.threshold)
    }

    pub(crate) fn of_nonce(&self, nonce: u64) -> &[Proposal] {
        self.proposals.get(&nonce).map_or(&[], Vec::as_slice)
    }
}
