//! How far off an inference was.
//!
//! # Formula
//!
//! With an inference `x`, the truth `y`, and for several labels `x_c`, `y_c`:
//!
//! | name | loss | x, y |
//! |---|---|---|
//! | `squared` | `(x − y)²` | numbers |
//! | `absolute` | `|x − y|` | numbers |
//! | `huber:δ` | `d²/2` up to `δ`, `δ (d − δ/2)` beyond, `d = |x − y|` | numbers |
//! | `log-cosh` | `ln cosh (x − y)` | numbers |
//! | `pinball:q` | `q (y − x)` where `x < y`, else `(1 − q) (x − y)` | numbers |
//! | `hinge` | `max(0, 1 − x y)` | a number, `y` of −1 or 1 |
//! | `binary-cross-entropy` | `− y ln x − (1 − y) ln (1 − x)` | probabilities |
//! | `cross-entropy` | `− Σ y_c ln x_c` | distributions |
//! | `kullback-leibler` | `Σ y_c ln (y_c / x_c)` | distributions |
//! | `brier` | `Σ (x_c − y_c)²` | a probability or a distribution |
//! | `ranked-probability` | `Σ_c (X_c − Y_c)²` of the running sums | distributions, labels in order |
//!
//! Losses of numbers with several labels are means over the labels.
//!
//! # Units and shapes
//!
//! Losses are in the units of the formula, log10 losses are what topics work
//! with. A distribution is a row of probabilities that sum to one.
//!
//! # Limits
//!
//! - log10 losses stay within ±300: no loss at all is −300, and what is beyond
//!   the range of numbers (an outcome held impossible, errors of `1e300`) is 300.
//! - An inference that is no number (`NaN`) has no loss (`NaN`).
//! - All of these are convex in the inference: the loss of a mean of inferences is
//!   at most the mean of their losses, so that combining by means is safe. A mean
//!   of distributions is one again. A loss of one's own need not be convex.
//!
//! # Sources
//!
//! Huber (1964) for `huber`; Koenker, Bassett (1978) for `pinball`; Brier (1950);
//! Epstein (1969) and Murphy (1971) for `ranked-probability`.

use std::fmt;
use std::str::FromStr;

use allonet_core::maths;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::kernel;

/// Bounds of log10 losses.
pub const RANGE: std::ops::RangeInclusive<f64> = -300.0..=300.0;
/// How far from one the sum of a distribution may be.
const SUM: f64 = 1e-6;

/// A loss function; written as in the table above.
///
/// ```
/// use allonet_topics::loss::Loss;
///
/// let loss: Loss = "huber:1.5".parse().unwrap();
/// assert_eq!(loss, Loss::Huber { delta: 1.5 });
/// assert_eq!(loss.evaluate(&[3.0], &[0.0]), 1.5 * (3.0 - 0.75));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Loss {
    /// `(x − y)²`
    #[default]
    Squared,
    /// `|x − y|`
    Absolute,
    /// Squared near the truth, absolute beyond `delta`.
    Huber {
        /// Where it changes; above zero.
        delta: f64,
    },
    /// `ln cosh (x − y)`
    LogCosh,
    /// That of a quantile.
    Pinball {
        /// Which; between 0 and 1.
        quantile: f64,
    },
    /// `max(0, 1 − x y)`
    Hinge,
    /// Of the probability that something happens.
    BinaryCrossEntropy,
    /// Of a distribution over labels.
    CrossEntropy,
    /// Cross-entropy less the entropy of the truth.
    KullbackLeibler,
    /// Squared distance of probabilities.
    Brier,
    /// Squared distance of cumulated probabilities, labels in order.
    RankedProbability,
}

/// What is wrong with the name of a loss, an inference or a truth.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum LossError {
    /// No such loss.
    #[error(
        "there is no loss `{found}`; known are squared, absolute, huber:1, log-cosh, \
             pinball:0.5, hinge, binary-cross-entropy, cross-entropy, kullback-leibler, brier \
             and ranked-probability"
    )]
    Unknown {
        /// What was asked for.
        found: String,
    },
    /// A parameter that is none.
    #[error("`{found}` is no parameter of the loss `{loss}`: {allowed}")]
    Parameter {
        /// The loss.
        loss: &'static str,
        /// What was given.
        found: String,
        /// What may be.
        allowed: &'static str,
    },
    /// Not as many labels as the loss takes.
    #[error("{found} labels for the loss `{loss}`, which takes {allowed}")]
    Labels {
        /// The loss.
        loss: &'static str,
        /// How many there are.
        found: usize,
        /// How many it takes.
        allowed: &'static str,
    },
    /// A value the loss cannot take.
    #[error("the value {found} of label {label} does not fit the loss `{loss}`: {allowed}")]
    Value {
        /// The loss.
        loss: &'static str,
        /// Which label, from 0.
        label: usize,
        /// The value.
        found: f64,
        /// What may be.
        allowed: &'static str,
    },
    /// Probabilities that are no distribution.
    #[error("probabilities sum to {sum}, not to 1; divide each by their sum")]
    Sum {
        /// What they sum to.
        sum: f64,
    },
}

/// What a loss takes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Domain {
    Numbers,
    Margin,
    Probability,
    ProbabilityOrDistribution,
    Distribution,
}

impl Loss {
    /// Its name, without parameter.
    pub fn name(self) -> &'static str {
        match self {
            Self::Squared => "squared",
            Self::Absolute => "absolute",
            Self::Huber { .. } => "huber",
            Self::LogCosh => "log-cosh",
            Self::Pinball { .. } => "pinball",
            Self::Hinge => "hinge",
            Self::BinaryCrossEntropy => "binary-cross-entropy",
            Self::CrossEntropy => "cross-entropy",
            Self::KullbackLeibler => "kullback-leibler",
            Self::Brier => "brier",
            Self::RankedProbability => "ranked-probability",
        }
    }

    /// Whether inferences are distributions over several labels.
    pub fn takes_labels(self) -> bool {
        matches!(self.domain(), Domain::Distribution | Domain::ProbabilityOrDistribution)
    }

    fn domain(self) -> Domain {
        match self {
            Self::Squared
            | Self::Absolute
            | Self::Huber { .. }
            | Self::LogCosh
            | Self::Pinball { .. } => Domain::Numbers,
            Self::Hinge => Domain::Margin,
            Self::BinaryCrossEntropy => Domain::Probability,
            Self::Brier => Domain::ProbabilityOrDistribution,
            Self::CrossEntropy | Self::KullbackLeibler | Self::RankedProbability => {
                Domain::Distribution
            }
        }
    }

    /// Whether an inference has a loss: numbers for numbers, probabilities for
    /// probabilities.
    pub fn fits(self, inference: &[f64]) -> Result<(), LossError> {
        self.check(inference, "a finite number")
    }

    /// Whether a truth does; for `hinge` it is −1 or 1.
    pub fn fits_truth(self, truth: &[f64]) -> Result<(), LossError> {
        self.check(truth, "a finite number")?;
        let odd = |value: &f64| {
            self.domain() == Domain::Margin && value.abs().to_bits() != 1.0_f64.to_bits()
        };
        match truth.iter().position(odd) {
            Some(label) => Err(self.misfit(truth, label, "−1 or 1")),
            None => Ok(()),
        }
    }

    fn check(self, values: &[f64], number: &'static str) -> Result<(), LossError> {
        let (loss, found) = (self.name(), values.len());
        let labels = |allowed| Err(LossError::Labels { loss, found, allowed });
        match self.domain() {
            Domain::Probability if found != 1 => return labels("one"),
            Domain::Distribution if found < 2 => return labels("two or more"),
            _ if found == 0 => return labels("one or more"),
            _ => {}
        }
        if let Some(label) = values.iter().position(|value| !value.is_finite()) {
            return Err(self.misfit(values, label, number));
        }
        if matches!(self.domain(), Domain::Numbers | Domain::Margin) {
            return Ok(());
        }
        if let Some(label) = values.iter().position(|value| !(0.0..=1.0).contains(value)) {
            return Err(self.misfit(values, label, "a probability, between 0 and 1"));
        }
        let sum: f64 = values.iter().sum();
        if found > 1 && (sum - 1.0).abs() > SUM { Err(LossError::Sum { sum }) } else { Ok(()) }
    }

    fn misfit(self, values: &[f64], label: usize, allowed: &'static str) -> LossError {
        LossError::Value { loss: self.name(), label, found: values[label], allowed }
    }

    /// The loss; zero or more, perhaps infinite. Both must fit.
    ///
    /// # Panics
    ///
    /// If inference and truth are not of one length.
    pub fn evaluate(self, inference: &[f64], truth: &[f64]) -> f64 {
        assert_eq!(inference.len(), truth.len(), "as many labels as the truth has");
        let pairs = || inference.iter().copied().zip(truth.iter().copied());
        match self {
            Self::Squared => mean(pairs(), |x, y| (x - y) * (x - y)),
            Self::Absolute => mean(pairs(), |x, y| (x - y).abs()),
            Self::Huber { delta } => mean(pairs(), |x, y| huber((x - y).abs(), delta)),
            Self::LogCosh => mean(pairs(), |x, y| log_cosh((x - y).abs())),
            Self::Pinball { quantile } => {
                mean(
                    pairs(),
                    |x, y| {
                        if x < y { quantile * (y - x) } else { (1.0 - quantile) * (x - y) }
                    },
                )
            }
            Self::Hinge => mean(pairs(), |x, y| (1.0 - x * y).max(0.0)),
            Self::BinaryCrossEntropy => {
                mean(pairs(), |x, y| surprise(y, x) + surprise(1.0 - y, 1.0 - x))
            }
            Self::CrossEntropy => pairs().map(|(x, y)| surprise(y, x)).sum(),
            // Rounding may leave a little less than nothing.
            Self::KullbackLeibler => pairs().map(|(x, y)| divergence(y, x)).sum::<f64>().max(0.0),
            Self::Brier => pairs().map(|(x, y)| (x - y) * (x - y)).sum(),
            Self::RankedProbability => ranked(pairs()),
        }
    }

    /// log10 losses of inferences, one row of labels each, into `out`: `NaN`
    /// where an inference is no number.
    ///
    /// # Panics
    ///
    /// If rows and truth are not of one length.
    ///
    /// ```
    /// use allonet_topics::loss::Loss;
    ///
    /// let mut found = Vec::new();
    /// Loss::Squared.log10_losses(&[10.0, 0.0, f64::NAN], &[0.0], &mut found);
    /// assert_eq!(found[..2], [2.0, -300.0]);
    /// assert!(found[2].is_nan());
    /// ```
    pub fn log10_losses(self, values: &[f64], truth: &[f64], out: &mut Vec<f64>) {
        out.clear();
        match (self, truth) {
            // The common case without the detour over rows.
            (Self::Squared, [truth]) => {
                logarithms(values, |value| (value - truth) * (value - truth), out);
            }
            (Self::Absolute, [truth]) => logarithms(values, |value| (value - truth).abs(), out),
            _ => log10_losses_by(&|x, y| self.evaluate(x, y), values, truth, out),
        }
    }
}

/// log10 of a loss of each value, many at once; the same bytes as [`log10`].
fn logarithms(values: &[f64], loss: impl Fn(f64) -> f64, out: &mut Vec<f64>) {
    /// Values that stay in the first cache between the passes.
    const BLOCK: usize = 1024;
    out.reserve(values.len());
    for values in values.chunks(BLOCK) {
        let start = out.len();
        out.extend(values.iter().map(|value| loss(*value)));
        kernel::log10(&mut out[start..]);
        for logarithm in &mut out[start..] {
            // Keeps NaN.
            *logarithm = logarithm.clamp(*RANGE.start(), *RANGE.end());
        }
    }
}

/// log10 losses by a loss of one's own, a plug-in program's perhaps. What it
/// gives that is negative or no number is no loss (`NaN`).
///
/// # Panics
///
/// If rows and truth are not of one length.
pub fn log10_losses_by(
    evaluate: &dyn Fn(&[f64], &[f64]) -> f64,
    values: &[f64],
    truth: &[f64],
    out: &mut Vec<f64>,
) {
    out.clear();
    assert!(
        !truth.is_empty() && values.len().is_multiple_of(truth.len()),
        "rows as long as the truth"
    );
    out.extend(values.chunks_exact(truth.len()).map(|row| {
        if row.iter().any(|value| value.is_nan()) { f64::NAN } else { log10(evaluate(row, truth)) }
    }));
}

/// log10 of a loss within [`RANGE`]; `NaN` for what is no loss.
pub fn log10(loss: f64) -> f64 {
    // Keeps NaN.
    kernel::log10_of(loss).clamp(*RANGE.start(), *RANGE.end())
}

fn mean(pairs: impl ExactSizeIterator<Item = (f64, f64)>, loss: impl Fn(f64, f64) -> f64) -> f64 {
    let count = pairs.len() as f64;
    pairs.map(|(x, y)| loss(x, y)).sum::<f64>() / count
}

fn huber(distance: f64, delta: f64) -> f64 {
    if distance <= delta { 0.5 * distance * distance } else { delta * (distance - 0.5 * delta) }
}

fn log_cosh(distance: f64) -> f64 {
    if distance < 1.0 {
        let half = 0.5 * distance;
        let sinh = 0.5 * (maths::exp_m1(half) - maths::exp_m1(-half));
        return maths::ln_1p(2.0 * sinh * sinh);
    }
    distance + maths::ln_1p(maths::exp(-2.0 * distance)) - std::f64::consts::LN_2
}

/// `− y ln x`; what does not happen surprises nobody.
fn surprise(truth: f64, probability: f64) -> f64 {
    if truth > 0.0 { -truth * maths::ln(probability) } else { 0.0 }
}

fn divergence(truth: f64, probability: f64) -> f64 {
    if truth > 0.0 { truth * (maths::ln(truth) - maths::ln(probability)) } else { 0.0 }
}

fn ranked(pairs: impl ExactSizeIterator<Item = (f64, f64)>) -> f64 {
    // Of the last label both running sums are one.
    let labels = pairs.len().saturating_sub(1);
    let mut behind = 0.0;
    pairs
        .take(labels)
        .map(|(x, y)| {
            behind += x - y;
            behind * behind
        })
        .sum()
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Huber { delta } => write!(f, "huber:{delta}"),
            Self::Pinball { quantile } => write!(f, "pinball:{quantile}"),
            other => f.write_str(other.name()),
        }
    }
}

impl FromStr for Loss {
    type Err = LossError;

    fn from_str(text: &str) -> Result<Self, LossError> {
        let (name, parameter) = match text.split_once(':') {
            Some((name, parameter)) => (name, Some(parameter)),
            None => (text, None),
        };
        let plain = [
            Self::Squared,
            Self::Absolute,
            Self::LogCosh,
            Self::Hinge,
            Self::BinaryCrossEntropy,
            Self::CrossEntropy,
            Self::KullbackLeibler,
            Self::Brier,
            Self::RankedProbability,
        ];
        match (name, parameter) {
            ("huber", parameter) => {
                let allowed = |delta: f64| delta > 0.0 && delta.is_finite();
                let delta = read("huber", parameter, "a number above 0, as in huber:1", allowed)?;
                Ok(Self::Huber { delta })
            }
            ("pinball", parameter) => {
                let allowed = |quantile: f64| quantile > 0.0 && quantile < 1.0;
                let words = "a number between 0 and 1, as in pinball:0.9";
                Ok(Self::Pinball { quantile: read("pinball", parameter, words, allowed)? })
            }
            (name, None) if plain.iter().any(|loss| loss.name() == name) => {
                Ok(plain.into_iter().find(|loss| loss.name() == name).expect("just found"))
            }
            _ => Err(LossError::Unknown { found: text.to_owned() }),
        }
    }
}

/// The parameter of a loss.
fn read(
    loss: &'static str,
    parameter: Option<&str>,
    words: &'static str,
    allowed: impl Fn(f64) -> bool,
) -> Result<f64, LossError> {
    let found = parameter.unwrap_or_default();
    match found.parse() {
        Ok(value) if allowed(value) => Ok(value),
        _ => Err(LossError::Parameter { loss, found: found.to_owned(), allowed: words }),
    }
}

impl TryFrom<String> for Loss {
    type Error = LossError;

    fn try_from(text: String) -> Result<Self, LossError> {
        text.parse()
    }
}

impl From<Loss> for String {
    fn from(loss: Loss) -> Self {
        loss.to_string()
    }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "these are exact")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ALL: [Loss; 11] = [
        Loss::Squared,
        Loss::Absolute,
        Loss::Huber { delta: 1.5 },
        Loss::LogCosh,
        Loss::Pinball { quantile: 0.9 },
        Loss::Hinge,
        Loss::BinaryCrossEntropy,
        Loss::CrossEntropy,
        Loss::KullbackLeibler,
        Loss::Brier,
        Loss::RankedProbability,
    ];

    #[track_caller]
    fn is(found: f64, wanted: f64) {
        assert!((found - wanted).abs() <= 1e-15 * wanted.abs(), "{found} {wanted}");
    }

    #[test]
    fn numbers_by_hand() {
        is(Loss::Squared.evaluate(&[3.0], &[1.0]), 4.0);
        is(Loss::Squared.evaluate(&[3.0, 1.0], &[1.0, 1.0]), 2.0);
        is(Loss::Absolute.evaluate(&[-3.0], &[1.0]), 4.0);
        let huber = Loss::Huber { delta: 1.0 };
        is(huber.evaluate(&[0.5], &[0.0]), 0.125);
        is(huber.evaluate(&[3.0], &[0.0]), 2.5);
        let ln_2 = std::f64::consts::LN_2;
        // cosh(ln 2) = 5/4.
        is(Loss::LogCosh.evaluate(&[ln_2], &[0.0]), maths::ln(1.25));
        is(Loss::LogCosh.evaluate(&[1000.0], &[0.0]), 1000.0 - ln_2);
        is(Loss::LogCosh.evaluate(&[1e-100], &[0.0]), 5e-201);
        let pinball = Loss::Pinball { quantile: 0.9 };
        is(pinball.evaluate(&[1.0], &[3.0]), 1.8);
        is(pinball.evaluate(&[3.0], &[1.0]), 0.2 * (1.0 - 0.9) / 0.1);
        is(Loss::Hinge.evaluate(&[0.25], &[-1.0]), 1.25);
        is(Loss::Hinge.evaluate(&[2.0], &[1.0]), 0.0);
    }

    #[test]
    fn probabilities_by_hand() {
        let ln_2 = std::f64::consts::LN_2;
        is(Loss::BinaryCrossEntropy.evaluate(&[0.25], &[1.0]), 2.0 * ln_2);
        is(Loss::BinaryCrossEntropy.evaluate(&[0.5], &[0.3]), ln_2);
        is(Loss::BinaryCrossEntropy.evaluate(&[0.0], &[0.0]), 0.0);
        assert_eq!(Loss::BinaryCrossEntropy.evaluate(&[0.0], &[1.0]), f64::INFINITY);
        is(Loss::CrossEntropy.evaluate(&[0.5, 0.25, 0.25], &[0.0, 1.0, 0.0]), 2.0 * ln_2);
        // ½ ln(½/¼) + ½ ln(½/¾) = ½ ln(4/3).
        let found = Loss::KullbackLeibler.evaluate(&[0.25, 0.75], &[0.5, 0.5]);
        is(found, 0.5 * maths::ln(4.0 / 3.0));
        is(Loss::KullbackLeibler.evaluate(&[0.3, 0.7], &[0.3, 0.7]), 0.0);
        is(Loss::Brier.evaluate(&[0.25], &[1.0]), 0.5625);
        is(Loss::Brier.evaluate(&[0.25, 0.75], &[1.0, 0.0]), 1.125);
        // Running sums ½, 1 against 0, 0: ¼ + 1; one label off costs less.
        let ranked = Loss::RankedProbability;
        is(ranked.evaluate(&[0.5, 0.5, 0.0], &[0.0, 0.0, 1.0]), 1.25);
        is(ranked.evaluate(&[0.0, 1.0, 0.0], &[0.0, 0.0, 1.0]), 1.0);
    }

    #[test]
    fn names_read_back() {
        for loss in ALL {
            assert_eq!(loss.to_string().parse(), Ok(loss));
            let json = serde_json::to_string(&loss).expect("JSON");
            assert_eq!(serde_json::from_str::<Loss>(&json).expect("a loss"), loss);
        }
        for wrong in ["", "mse", "huber", "huber:0", "huber:x", "pinball:1", "squared:2"] {
            assert!(wrong.parse::<Loss>().is_err(), "{wrong}");
        }
        let error = "huber:-1".parse::<Loss>().expect_err("below zero").to_string();
        assert!(error.contains("-1") && error.contains("above 0"), "{error}");
    }

    #[test]
    fn what_does_not_fit_is_said() {
        let says = |loss: Loss, values: &[f64], words: &str| {
            let error = loss.fits(values).expect_err("a misfit").to_string();
            assert!(error.contains(words), "{error}");
        };
        says(Loss::Squared, &[f64::NAN], "finite");
        says(Loss::Squared, &[f64::INFINITY], "finite");
        says(Loss::Squared, &[], "one or more");
        says(Loss::BinaryCrossEntropy, &[1.5], "between 0 and 1");
        says(Loss::BinaryCrossEntropy, &[0.5, 0.5], "one");
        says(Loss::CrossEntropy, &[1.0], "two or more");
        says(Loss::CrossEntropy, &[0.5, 0.4], "0.9");
        assert_eq!(Loss::CrossEntropy.fits(&[0.5, 0.500_000_9]), Ok(()));
        assert_eq!(Loss::Brier.fits(&[0.4]), Ok(()));
        assert_eq!(Loss::Hinge.fits(&[0.4]), Ok(()));
        assert!(Loss::Hinge.fits_truth(&[0.4]).is_err());
        assert_eq!(Loss::Hinge.fits_truth(&[-1.0]), Ok(()));
    }

    #[test]
    fn logarithms_stay_in_range() {
        let mut found = Vec::new();
        Loss::Squared.log10_losses(&[1e300, 1e-200, 0.0, 10.0, f64::MAX], &[0.0], &mut found);
        assert_eq!(found, [300.0, -300.0, -300.0, 2.0, 300.0]);
        Loss::CrossEntropy.log10_losses(&[0.0, 1.0, 1.0, 0.0], &[1.0, 0.0], &mut found);
        assert_eq!(found, [300.0, -300.0]);
    }

    #[test]
    fn a_loss_of_ones_own() {
        let mut found = Vec::new();
        let own = |x: &[f64], y: &[f64]| x[0] - y[0];
        log10_losses_by(&own, &[100.0, -1.0, f64::NAN], &[0.0], &mut found);
        assert_eq!(found[0], 2.0);
        assert!(found[1].is_nan() && found[2].is_nan());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn losses_are_convex_and_not_negative(
            raw in prop::array::uniform9(0.0_f64..1.0),
            which in 0_usize..11,
            part in 0.0_f64..1.0,
        ) {
            let loss = ALL[which];
            let normal = |values: &[f64]| {
                let sum: f64 = values.iter().sum::<f64>() + 0.03;
                values.iter().map(|value| (value + 0.01) / sum).collect::<Vec<_>>()
            };
            let one = |values: &[f64]| match loss.domain() {
                Domain::Numbers => vec![20.0 * values[0] - 10.0],
                Domain::Margin => vec![if values[0] < 0.5 { -1.0 } else { 1.0 }],
                Domain::Probability => vec![values[0]],
                _ => normal(values),
            };
            let (a, b, truth) = (one(&raw[..3]), one(&raw[3..6]), one(&raw[6..]));
            loss.fits(&a).expect("fits");
            loss.fits_truth(&truth).expect("fits");
            let between = a.iter().zip(&b).map(|(a, b)| part * a + (1.0 - part) * b);
            let between: Vec<f64> = between.collect();
            let [a, b, between] = [a, b, between].map(|x| loss.evaluate(&x, &truth));
            prop_assert!(a >= 0.0 && b >= 0.0);
            prop_assert!(between <= part * a + (1.0 - part) * b + 1e-12);
            prop_assert!(loss.evaluate(&truth, &truth) <= a + 1e-12 || loss == Loss::Hinge);
        }
    }
}
