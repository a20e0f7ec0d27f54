//! Inference synthesis: all inferences of a topic in an epoch, from those of its
//! inferers and the losses that its forecasters expect.
//!
//! # Formula
//!
//! Every inference but the inferers' own is a weighted mean `Σ w I / Σ w` (Eq 3,
//! 9), with weights from regrets (see [`crate::potential`]):
//!
//! - *forecast-implied* (Eq 3 to 8): of the inferers that the forecaster
//!   forecast a loss for, by the regrets `L_{i−1} − L_{ijk}` it expects;
//! - *network* (Eq 9 to 11): of all workers, by their regrets;
//! - *naive*: of the inferers alone; *one-outs*: of all but one worker, where
//!   without an inferer the forecast-implied ones are made without it as well;
//!   *one-ins*: of the inferers and one forecaster. Each by regrets of its own.
//!
//! # Units and shapes
//!
//! Inferences in units of the target; losses and regrets in log10 units. The
//! order is that of [`Layout`].
//!
//! # Limits
//!
//! An inference that does not exist is NaN: the forecast-implied one of who
//! forecast nobody's loss, together with its one-out and one-in; the one-out of
//! a sole inferer whom nothing else stands beside; everything where nobody
//! infers. A forecaster without a forecast-implied inference is part of no
//! combination. Inferences are finite and at most 1e300 in size. Each
//! combination lies between the least and the greatest of what it combines.
//!
//! # Sources
//!
//! Kruijssen et al. (2024), §3.1, Eq 1 to 12.

mod combine;
mod implied;
pub mod intervals;
pub mod labels;
mod median;
mod one_out;
pub mod outliers;
mod withheld;

use crate::layout::Layout;
use crate::memory::Regrets;
use crate::settings::{ColdStart, Scale, Settings};
use combine::{Part, Rule};

/// What the workers of an epoch say, and what the topic remembers.
#[derive(Clone, Copy, Debug)]
pub struct Inputs<'a> {
    /// How many take part.
    pub layout: Layout,
    /// Inferences, by inferer: finite.
    pub inferences: &'a [f64],
    /// Forecasted losses, a row for each forecaster and a column for each
    /// inferer; NaN where there is none.
    pub forecasts: &'a [f64],
    /// Loss of the newest network inference that was scored.
    pub last_loss: Option<f64>,
    /// Regrets.
    pub regrets: &'a Regrets,
}

/// All inferences of an epoch. Kept from one epoch to the next, it takes no new
/// memory.
#[derive(Clone, Debug)]
pub struct Synthesis {
    /// Of how many.
    pub layout: Layout,
    /// Inferences, in the order of the layout; NaN where one does not exist.
    pub values: Vec<f64>,
    /// Shares of the workers in the network inference, summing to 1; 0 of who
    /// has no inference. After a median they are all 0.
    pub weights: Vec<f64>,
    /// Shares of the inferers in the naive inference, likewise.
    pub naive_weights: Vec<f64>,
    scratch: implied::Scratch,
}

impl Default for Synthesis {
    fn default() -> Self {
        Self {
            layout: Layout::new(0, 0),
            values: Vec::new(),
            weights: Vec::new(),
            naive_weights: Vec::new(),
            scratch: implied::Scratch::default(),
        }
    }
}

impl Synthesis {
    /// The network inference; NaN where nobody infers.
    pub fn network(&self) -> f64 {
        self.values[Layout::NETWORK]
    }

    /// The naive inference; NaN where nobody infers.
    pub fn naive(&self) -> f64 {
        self.values[Layout::NAIVE]
    }

    /// Empty, in the shape of a layout.
    fn reset(&mut self, layout: Layout) {
        self.layout = layout;
        self.values.clear();
        self.values.resize(layout.len(), f64::NAN);
        self.weights.clear();
        self.weights.resize(layout.workers(), 0.0);
        self.naive_weights.clear();
        self.naive_weights.resize(layout.inferers, 0.0);
    }
}

/// Makes all inferences of an epoch.
///
/// # Panics
///
/// If a slice is not of the size that the layout has.
///
/// ```
/// # use allonet_topics::{layout::Layout, memory::Regrets, settings::Settings};
/// # use allonet_topics::synthesis::{Inputs, Synthesis, synthesise};
/// let layout = Layout::new(2, 1);
/// let regrets = Regrets::even(layout, 0.0);
/// let inputs = Inputs {
///     layout,
///     inferences: &[10.0, 20.0],
///     forecasts: &[-2.0, 0.0], // the first will be off by 0.1, the second by 1
///     last_loss: Some(-1.0),
///     regrets: &regrets,
/// };
/// let mut all = Synthesis::default();
/// synthesise(&Settings::default(), &inputs, &mut all);
/// assert_eq!(all.naive(), 15.0);
/// let implied = all.values[layout.implied()][0];
/// assert!(implied > 10.0 && implied < 10.3);
/// assert!((all.network() - (30.0 + implied) / 3.0).abs() < 1e-14);
/// ```
pub fn synthesise(settings: &Settings, inputs: &Inputs, out: &mut Synthesis) {
    let layout = inputs.layout;
    assert_eq!(inputs.inferences.len(), layout.inferers, "one inference of each inferer");
    let cells = layout.inferers * layout.forecasters;
    assert_eq!(inputs.forecasts.len(), cells, "a row of forecasts of each forecaster");
    inputs.regrets.check(layout);
    out.reset(layout);
    out.values[layout.inferences()].copy_from_slice(inputs.inferences);
    let loss = match (inputs.last_loss, settings.cold_start) {
        (Some(loss), _) => loss,
        (None, ColdStart::MeanForecast) => mean_forecast(inputs.forecasts),
        (None, ColdStart::Median) => return median::fill(layout, &mut out.values),
    };
    implied::fill(settings, inputs, loss, out);
    combine_all(settings, inputs.regrets, out);
}

/// Mean of all forecasts there are; 0, which then nothing depends on, of none.
fn mean_forecast(forecasts: &[f64]) -> f64 {
    let (mut sum, mut count) = (0.0, 0_usize);
    for forecast in forecasts.iter().filter(|forecast| !forecast.is_nan()) {
        sum += forecast;
        count += 1;
    }
    sum / count.max(1) as f64
}

/// Network, naive, one-out and one-in inferences, where the others are there.
fn combine_all(settings: &Settings, regrets: &Regrets, out: &mut Synthesis) {
    let layout = out.layout;
    let own = layout.workers_own();
    let rule = Rule::new(settings, common_scale(settings, regrets, &out.values[own.clone()]));
    let inferers = own.start..own.start + layout.inferers;
    let network = [Part { regrets: &regrets.network, values: &out.values[own] }];
    let network = rule.combine_and_weigh(&network, &mut out.weights);
    let naive = [Part { regrets: &regrets.naive, values: &out.values[inferers] }];
    let naive = rule.combine_and_weigh(&naive, &mut out.naive_weights);
    out.values[Layout::NETWORK] = network;
    out.values[Layout::NAIVE] = naive;
    one_out::fill(&rule, layout, regrets, &mut out.values);
}

/// Spread of the regrets of the network inference, where all share it.
fn common_scale(settings: &Settings, regrets: &Regrets, own: &[f64]) -> Option<f64> {
    if settings.scale == Scale::Own {
        return None;
    }
    let there = regrets.network.iter().zip(own).filter(|(_, value)| !value.is_nan());
    let mut regrets: Vec<f64> = there.map(|(regret, _)| *regret).collect();
    Some(settings.scale.spread(&mut regrets) + settings.epsilon)
}

impl Scale {
    /// Spread of regrets: their sample standard deviation, or scaled median
    /// absolute deviation. May leave other numbers in their place.
    fn spread(self, regrets: &mut [f64]) -> f64 {
        match self {
            Self::Own | Self::Common => crate::spread::standard_deviation(regrets),
            Self::Mad => crate::spread::MAD_SCALE * crate::spread::median_deviation(regrets),
        }
    }
}
