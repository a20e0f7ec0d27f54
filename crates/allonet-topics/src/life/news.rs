//! What a topic tells when a window closes.

use allonet_core::money::Amount;
use allonet_core::time::Instant;

use crate::epoch::Settled;
use crate::layout::Layout;
use crate::life::Id;
use crate::stake::Release;

/// Something that came to its end.
#[derive(Clone, Debug)]
pub enum Closed {
    /// The inferences of an epoch: the network inference is there.
    Inference(Inference),
    /// The reports of an epoch: who did how well is known.
    Scored(Scored),
    /// Epochs that nothing came of.
    Skipped(Skipped),
    /// Stake that left.
    Released(Release),
}

/// The inferences of an epoch.
#[derive(Clone, Debug)]
pub struct Inference {
    /// Which.
    pub epoch: u64,
    /// When they closed.
    pub time: Instant,
    /// Who takes part, sorted.
    pub inferers: Vec<Id>,
    /// Who takes part, sorted.
    pub forecasters: Vec<Id>,
    /// Inferers who submitted and were not drawn, sorted.
    pub inferers_left_out: Vec<Id>,
    /// Forecasters likewise.
    pub forecasters_left_out: Vec<Id>,
    /// Weights of the workers in the network inference, which add up to 1:
    /// inferers, then forecasters.
    pub weights: Vec<f64>,
    /// Weights of the inferers in the naive inference.
    pub naive_weights: Vec<f64>,
    /// What was inferred, by label; one without a name where the topic has no
    /// labels.
    pub labels: Vec<Label>,
}

/// What was inferred for one label.
#[derive(Clone, Debug)]
pub struct Label {
    /// Its name.
    pub name: String,
    /// All inferences, in the order of the [`Layout`]; NaN where one does not
    /// exist.
    pub values: Vec<f64>,
    /// Weighted percentiles 2.28, 15.87, 50, 84.13 and 97.72 of the workers'
    /// inferences (Eq 17 to 19).
    pub interval: Vec<f64>,
}

impl Label {
    /// The network inference.
    pub fn network(&self) -> f64 {
        self.values[Layout::NETWORK]
    }

    /// The naive inference.
    pub fn naive(&self) -> f64 {
        self.values[Layout::NAIVE]
    }
}

impl Inference {
    /// The order of its values.
    pub fn layout(&self) -> Layout {
        Layout::new(self.inferers.len(), self.forecasters.len())
    }
}

/// The reports of an epoch.
#[derive(Clone, Debug)]
pub struct Scored {
    /// Which.
    pub epoch: u64,
    /// When they closed.
    pub time: Instant,
    /// Who inferred, sorted.
    pub inferers: Vec<Id>,
    /// Who forecast, sorted.
    pub forecasters: Vec<Id>,
    /// Whose reports were heard, sorted.
    pub reputers: Vec<Id>,
    /// Reputers who reported and were not drawn, sorted.
    pub reputers_left_out: Vec<Id>,
    /// Stake of those heard, own and delegated.
    pub stakes: Vec<Amount>,
    /// Losses in the order of the [`Layout`], scores and fractions in the order
    /// of the ids.
    pub settled: Settled,
}

/// Epochs that nothing came of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// The first of them.
    pub first: u64,
    /// The last of them.
    pub last: u64,
    /// When the last of them was given up.
    pub time: Instant,
    /// Why.
    pub reason: Reason,
}

/// Why nothing came of an epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Nobody submitted anything.
    Empty,
    /// Nobody inferred; there were forecasts, or commitments that were never
    /// revealed.
    NoInferences,
    /// The topic's weight is below the least.
    BelowWeight,
    /// Nobody with enough stake reported.
    NoReports,
}

impl Reason {
    /// For people to read.
    pub fn text(self) -> &'static str {
        match self {
            Self::Empty => "nobody submitted anything",
            Self::NoInferences => "nobody submitted (or revealed) an inference",
            Self::BelowWeight => "the topic's stake and fees are below its minimum weight",
            Self::NoReports => "nobody with enough stake reported",
        }
    }
}
