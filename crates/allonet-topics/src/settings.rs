//! What the creator of a topic fixes, with the defaults that the authors' data
//! follow.

use serde::{Deserialize, Serialize};

/// A potential function `φ(x) = ln(1 + e^{p(x − c)})` (Eq 6).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Potential {
    /// Steepness.
    pub p: f64,
    /// Where it turns upwards.
    pub c: f64,
}

/// By what regrets are divided before they become weights (Eq 8, 11).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scale {
    /// Sample standard deviation of the regrets that are weighed together.
    #[default]
    Own,
    /// Sample standard deviation of the regrets of the network inference, for
    /// it and all secondary inferences. Forecasted regrets keep their own.
    Common,
    /// `1.4826 ×` the median absolute deviation of the regrets of the network
    /// inference, for it and all secondary inferences. Forecasted regrets keep
    /// their own, as median absolute deviation.
    Mad,
}

/// How a normalised regret becomes a weight.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// `φ′(x) / φ′(x_max)`: the shares of Eq 5 and 10, never 0/0.
    #[default]
    Ratio,
    /// `φ′` of a regret cut at `c + 6.75/p`; all are moved up together where
    /// none reaches `c − 8.25/p`; zero below `c − 17.25/p`. As the authors' data.
    Clip,
}

/// What stands for the loss of the epoch before in the first epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ColdStart {
    /// The mean of all forecasted losses.
    #[default]
    MeanForecast,
    /// Nothing: there are no forecast-implied inferences yet, and the network
    /// inference is the median of the inferences.
    Median,
}

/// The part of a forecaster's score that its one-in inference has (Eq 26).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Solo {
    /// `1 / 2^(N − 1)`, the part of the coalitions of the others that are empty,
    /// as the authors' data.
    #[default]
    Coalitions,
    /// `1 / 2^N`, as printed.
    Printed,
}

/// Which scores the spread of Eq 29 is taken over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Window {
    /// So many scores, newest epoch first, participants in order: the authors'
    /// data have 10.
    Scores(usize),
    /// The scores of so many epochs.
    Epochs(usize),
}

/// How reputers come to a consensus (Eq 30 to 35).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Consensus {
    /// Tolerance `ε_r` of Eq 33.
    pub epsilon: f64,
    /// Learning rate `λ`.
    pub rate: f64,
    /// Most steps in one epoch.
    pub iterations: usize,
    /// Step of the finite differences.
    pub difference: f64,
    /// It stops where no coefficient moves by more than this times the rate.
    pub threshold: f64,
    /// Least part of the stake that is listened to.
    pub floor: f64,
    /// Whether coefficients are cut to 0 to 1 where a step is stretched to reach
    /// the floor, as Eq 30 has it. The authors' chain lets them out: `false`.
    pub bounded: bool,
}

impl Default for Consensus {
    fn default() -> Self {
        Self {
            epsilon: 0.01,
            rate: 0.05,
            iterations: 10,
            difference: 1e-3,
            threshold: 1e-3,
            floor: 0.5,
            bounded: true,
        }
    }
}

/// The settings of a topic.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Turns regrets into weights (Eq 5, 10).
    pub potential: Potential,
    /// Precision at which losses differ, in log10 units (`ε` of Eq 8, 11, 29).
    pub epsilon: f64,
    /// By what regrets are divided.
    pub scale: Scale,
    /// How regrets become weights.
    pub form: Form,
    /// The first epoch.
    pub cold_start: ColdStart,
    /// Weight of the newest regret (`α` of Eq 15).
    pub regret_alpha: f64,
    /// Weight of one-in scores.
    pub solo: Solo,
    /// Turns scores into rewards (Eq 29).
    pub reward_potential: Potential,
    /// Over which scores they are scaled.
    pub window: Window,
    /// How reputers come to a consensus.
    pub consensus: Consensus,
    /// Power of stake times score in reputers' rewards (`p` of Eq 36).
    pub reputer_power: f64,
    /// Weight of the newest reward fractions (`α` of Eq 40).
    pub fraction_alpha: f64,
    /// Power of the ratio that makes copies worthless (`β` of Eq 38).
    pub entropy_beta: f64,
    /// Weight of the newest utility (`α` of Eq 44).
    pub utility_alpha: f64,
}

impl Default for Settings {
    fn default() -> Self {
        let fiducial = Potential { p: 3.0, c: 0.75 };
        Self {
            potential: fiducial,
            epsilon: 0.01,
            scale: Scale::default(),
            form: Form::default(),
            cold_start: ColdStart::default(),
            regret_alpha: 0.1,
            solo: Solo::default(),
            reward_potential: fiducial,
            window: Window::Scores(10),
            consensus: Consensus::default(),
            reputer_power: 1.0,
            fraction_alpha: 0.1,
            entropy_beta: 0.25,
            utility_alpha: 0.1,
        }
    }
}
