//! Weights together with what each juror's answers are worth.
//!
//! The rules `reliability` and `juror-scale` give weights like any other rule.
//! [`reliability`] and [`juror_scale`] do the same fits and tell the rest: how
//! sure each weight is, who answered at random, who is drawn to one side of the
//! screen, who exaggerates.
//!
//! # Which one
//!
//! * Directions only, or multipliers nobody trusts: [`reliability`].
//! * Multipliers meant seriously: [`juror_scale`]. With
//!   [`ScaleSettings::random_jurors`] it also finds those who answer at random;
//!   with [`ScaleSettings::tail`] it bears single wild answers.
//!
//! # Known weaknesses
//!
//! * Truth is what most diligent jurors agree on. A colluding majority looks
//!   like diligent jurors, and those who disagree with it like random ones.
//! * Two honest camps look the same: the smaller is read as noise, although it
//!   only wants other things. Compare the jurors called unreliable among each
//!   other before leaving them out.
//! * Intervals are about sampling: they know nothing of a jury that is wrong
//!   together.
//!
//! ```
//! use allonet_weights::juror_model::{NINETY_PER_CENT, ReliabilitySettings, reliability};
//! use allonet_weights::synthetic::Jury;
//!
//! // Nine of thirty jurors toss a coin; each answers some fifty times.
//! let jury = Jury { items: 20, random: 0.3, ..Jury::default() };
//! let mut drawn = jury.draw(1);
//! let model = reliability(&drawn.comparisons(1_500), &ReliabilitySettings::default()).unwrap();
//! let kept = model.jurors.iter().map(|juror| juror.reliability.unwrap());
//! let (mut mistaken, mut beside) = (0, 0);
//! for (kept, random) in kept.zip(&drawn.random) {
//!     mistaken += u32::from((kept.value < 0.5) != *random);
//!     let truth = if *random { 0.0 } else { 1.0 };
//!     beside += u32::from(!(kept.low..=kept.high).contains(&truth));
//! }
//! // One juror in thirty is taken for the other kind, with an interval that
//! // says how little fifty answers tell.
//! assert!(mistaken <= 1 && beside == 0);
//! let (low, high) = model.interval(0, NINETY_PER_CENT);
//! assert!(low < model.estimate.log_weights[0] && model.estimate.log_weights[0] < high);
//! ```

use crate::comparisons::Comparisons;
use crate::estimate::Estimate;
use crate::rules::{FitError, juror_scale as by_intensity, reliability as by_direction};

/// So many standard deviations to each side hold 90 % of a normal distribution.
pub const NINETY_PER_CENT: f64 = 1.644_853_626_951_472_2;

/// Weights, how sure they are, and the jurors behind them.
#[derive(Debug, Clone, PartialEq)]
pub struct JurorModel {
    /// Log weights that add up to zero.
    pub estimate: Estimate,
    /// Standard deviation of each log weight about the mean of all, given the
    /// answers.
    pub deviations: Vec<f64>,
    /// Standard deviation of the items' log weights themselves: the prior that
    /// single estimates are drawn to the mean by.
    pub spread: f64,
    /// Each juror, in the order of [`Comparisons::jurors`].
    pub jurors: Vec<JurorFit>,
}

impl JurorModel {
    /// Where an item's log weight lies, so many standard deviations to both
    /// sides; [`NINETY_PER_CENT`] for nine cases of ten.
    ///
    /// # Panics
    ///
    /// If there is no such item.
    pub fn interval(&self, item: usize, deviations: f64) -> (f64, f64) {
        let (middle, reach) = (self.estimate.log_weights[item], deviations * self.deviations[item]);
        (middle - reach, middle + reach)
    }
}

/// A quantity and where it lies in nine cases of ten.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measured {
    /// Its mean, given the answers.
    pub value: f64,
    /// The lower end: 5 % are below.
    pub low: f64,
    /// The upper end: 5 % are above.
    pub high: f64,
}

impl Measured {
    /// A normal distribution.
    pub(crate) fn normal(value: f64, variance: f64) -> Self {
        let reach = NINETY_PER_CENT * variance.max(0.0).sqrt();
        Self { value, low: value - reach, high: value + reach }
    }
}

/// What one juror's answers are worth.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct JurorFit {
    /// How many answers it gave.
    pub answers: usize,
    /// How many answers of an ordinary diligent juror would tell as much.
    pub effective_answers: f64,
    /// Part of the answers that follow the weights; below zero for a juror who
    /// answers the reverse. [`juror_scale`] gives the probability of an
    /// all-diligent juror instead, without an interval, where it is asked to
    /// tell random jurors; else nothing.
    pub reliability: Option<Measured>,
    /// Pull to the right side, in log weight, when the juror is diligent.
    pub side: Measured,
    /// How many log units the juror says for one log unit of the jury's scale;
    /// only [`juror_scale`] knows.
    pub scale: Option<Measured>,
    /// Standard deviation of stated log ratios about the juror's own scale; only
    /// [`juror_scale`] knows.
    pub noise: Option<f64>,
}

/// How to fit directions.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ReliabilitySettings {
    /// Standard deviation of log weights; none to estimate it.
    pub spread: Option<f64>,
    /// Whether jurors may pull to one side of the screen.
    pub side_bias: bool,
    /// Whether a juror may answer the reverse.
    pub reversed: bool,
    /// How many jurors the prior on reliabilities counts as.
    pub prior_jurors: f64,
}

impl Default for ReliabilitySettings {
    fn default() -> Self {
        Self { spread: None, side_bias: true, reversed: true, prior_jurors: 5.0 }
    }
}

/// How to fit intensities.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ScaleSettings {
    /// Standard deviation of log weights; none to estimate it.
    pub spread: Option<f64>,
    /// None to estimate how much jurors' scales differ. With a number, each
    /// scale is drawn to 1 as if so many answers of middling gap had shown it.
    pub pseudo_count: Option<f64>,
    /// Whether jurors may pull to one side of the screen.
    pub side_bias: bool,
    /// Degrees of freedom of Student's t for single answers; none for the normal
    /// distribution. Few degrees bear wilder answers.
    pub tail: Option<f64>,
    /// Whether some jurors may answer at random.
    pub random_jurors: bool,
}

impl Default for ScaleSettings {
    fn default() -> Self {
        Self { spread: None, pseudo_count: None, side_bias: true, tail: None, random_jurors: true }
    }
}

/// Fits the model of the rule `reliability`; intensities do not matter.
///
/// # Errors
///
/// [`FitError::Empty`] without comparisons.
pub fn reliability(
    comparisons: &Comparisons,
    settings: &ReliabilitySettings,
) -> Result<JurorModel, FitError> {
    by_direction::model(comparisons, settings)
}

/// Fits the model of the rule `juror-scale`.
///
/// # Errors
///
/// [`FitError::Empty`] without comparisons, [`FitError::NoIntensity`] where one
/// does not say how much.
pub fn juror_scale(
    comparisons: &Comparisons,
    settings: &ScaleSettings,
) -> Result<JurorModel, FitError> {
    by_intensity::model(comparisons, settings)
}
