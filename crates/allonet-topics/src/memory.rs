//! What a topic remembers from one epoch to the next, for participants that
//! take part in every epoch.

use serde::{Deserialize, Serialize};

use crate::layout::Layout;

/// Smoothed regrets (Eq 15), in log10 units: how much lower each worker's loss
/// was than that of an inference it is part of.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Regrets {
    /// Towards the network inference, by worker.
    pub network: Vec<f64>,
    /// Towards the naive inference, by inferer.
    pub naive: Vec<f64>,
    /// Towards the one-out inferences: a row for each worker left out, a column
    /// for each worker, the one left out too (never used).
    pub one_out: Vec<f64>,
    /// Towards the one-in inferences: a row for each forecaster let in, columns
    /// for the inferers and then for that forecaster.
    pub one_in: Vec<f64>,
}

impl Regrets {
    /// All regrets the same, as for participants that are all new.
    pub fn even(layout: Layout, regret: f64) -> Self {
        let workers = layout.workers();
        Self {
            network: vec![regret; workers],
            naive: vec![regret; layout.inferers],
            one_out: vec![regret; workers * workers],
            one_in: vec![regret; layout.forecasters * (layout.inferers + 1)],
        }
    }
}

/// Reward fractions of one class, smoothed over epochs (Eq 40); empty before
/// the first epoch.
pub type Smoothed = Vec<f64>;

/// What a topic remembers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Memory {
    /// log10 loss of the newest network inference that was scored.
    pub network_loss: Option<f64>,
    /// Regrets.
    pub regrets: Regrets,
    /// Listening coefficients, by reputer.
    pub coefficients: Vec<f64>,
    /// Recent inferers' scores, newest epoch first, one row for each epoch.
    pub inferer_scores: Vec<Vec<f64>>,
    /// Recent forecasters' scores, likewise.
    pub forecaster_scores: Vec<Vec<f64>>,
    /// Smoothed reward fractions of inferers.
    pub inferer_fractions: Smoothed,
    /// Smoothed reward fractions of forecasters.
    pub forecaster_fractions: Smoothed,
    /// Smoothed reward fractions of reputers.
    pub reputer_fractions: Smoothed,
    /// Smoothed utility of forecasting (`τ` of Eq 44).
    pub utility: f64,
}

impl Memory {
    /// Of a topic that has not had an epoch.
    pub fn new(layout: Layout, reputers: usize) -> Self {
        Self {
            network_loss: None,
            regrets: Regrets::even(layout, 0.0),
            coefficients: vec![1.0; reputers],
            inferer_scores: Vec::new(),
            forecaster_scores: Vec::new(),
            inferer_fractions: Vec::new(),
            forecaster_fractions: Vec::new(),
            reputer_fractions: Vec::new(),
            utility: 0.0,
        }
    }
}
