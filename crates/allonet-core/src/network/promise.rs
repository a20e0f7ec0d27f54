//! Bounds that an operator declares and every run keeps.

use crate::fault::Place;
use crate::money::{Amount, Asset, Share};

/// What is bounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// No payee takes more than this share of what the neuron had to give (of
    /// all that came in, for the whole network).
    MaxShare(Share),
    /// No single voter moves more than this share of what the neuron had to
    /// give.
    MaxVoterEffect(Share),
    /// At least so many payees take something.
    MinRecipients(u64),
    /// At least this comes in.
    BudgetMin {
        /// Index of the asset.
        asset: usize,
        /// Least.
        amount: Amount,
    },
    /// At most this comes in.
    BudgetMax {
        /// Index of the asset.
        asset: usize,
        /// Most.
        amount: Amount,
    },
}

impl Bound {
    /// The bound in words.
    pub fn show(&self, assets: &[Asset]) -> String {
        match self {
            Self::MaxShare(share) => format!("no payee takes more than {share}"),
            Self::MaxVoterEffect(share) => format!("no voter moves more than {share}"),
            Self::MinRecipients(1) => "at least 1 recipient is paid".to_owned(),
            Self::MinRecipients(count) => format!("at least {count} recipients are paid"),
            Self::BudgetMin { asset, amount } => {
                format!("at least {} comes in", assets[*asset].show(*amount))
            }
            Self::BudgetMax { asset, amount } => {
                format!("at most {} comes in", assets[*asset].show(*amount))
            }
        }
    }
}

/// A bound on one node, or on the whole network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Promise {
    /// Index of the node; none for the whole network.
    pub on: Option<u32>,
    /// The bound.
    pub bound: Bound,
    /// Where it stands in the network file.
    pub place: Option<Place>,
}
