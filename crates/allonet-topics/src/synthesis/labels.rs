//! Inferences of several labels: of classes, or of several numbers at once.
//!
//! # Formula
//!
//! Each label is combined as an inference of its own, by the same weights, which
//! depend on losses alone. Parts that sum to 1 over the labels therefore still
//! do in every combination, but for rounding and except for medians.
//!
//! # Units and shapes
//!
//! Inferences are given and made place by place, label by label within a place:
//! label `b` of place `a` is at `a · labels + b`.
//!
//! # Limits
//!
//! It takes as long as so many topics of one label. In a first epoch by medians
//! the median is that of each label.

use super::{Inputs, Synthesis, synthesise};
use crate::settings::Settings;

/// Makes all inferences of an epoch for each label, place by place.
///
/// In `inputs` are `labels` inferences of each inferer. `out` ends up with those
/// of the last label, and the shares, which are the same for all.
///
/// # Panics
///
/// If a slice is not of the size that the layout and the labels have.
///
/// ```
/// # use allonet_topics::{layout::Layout, memory::Regrets, settings::Settings};
/// # use allonet_topics::synthesis::{Inputs, Synthesis, labels::synthesise_labels};
/// let layout = Layout::new(2, 0);
/// let regrets = &Regrets::even(layout, 0.0);
/// let inferences = [0.9, 0.1, 0.5, 0.5]; // yes and no, of either inferer
/// let (forecasts, last_loss) = (&[], None);
/// let inputs = Inputs { layout, inferences: &inferences, forecasts, last_loss, regrets };
/// let (mut out, mut values) = (Synthesis::default(), Vec::new());
/// synthesise_labels(&Settings::default(), &inputs, 2, &mut out, &mut values);
/// assert!((values[0] - 0.7).abs() < 1e-15 && (values[1] - 0.3).abs() < 1e-15);
/// ```
pub fn synthesise_labels(
    settings: &Settings,
    inputs: &Inputs,
    labels: usize,
    out: &mut Synthesis,
    values: &mut Vec<f64>,
) {
    let given = inputs.layout.inferers * labels;
    assert_eq!(inputs.inferences.len(), given, "an inference of each inferer for each label");
    values.clear();
    values.resize(inputs.layout.len() * labels, f64::NAN);
    let mut inferences = Vec::with_capacity(inputs.layout.inferers);
    for label in 0..labels {
        inferences.clear();
        inferences.extend(inputs.inferences.iter().skip(label).step_by(labels));
        synthesise(settings, &Inputs { inferences: &inferences, ..*inputs }, out);
        for (to, value) in values[label..].iter_mut().step_by(labels).zip(&out.values) {
            *to = *value;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::Layout;
    use crate::memory::Regrets;
    use crate::settings::ColdStart;

    const FORECASTS: [f64; 6] = [-1.0, -2.0, 0.5, f64::NAN, 0.0, -0.5];

    fn values(settings: &Settings, last_loss: Option<f64>) -> Vec<f64> {
        let layout = Layout::new(3, 2);
        let mut regrets = Regrets::even(layout, 0.0);
        regrets.network = vec![0.1, -0.2, 0.3, 0.0, 0.4];
        let inferences = [0.2, 0.3, 0.5, 0.7, 0.1, 0.2, 0.0, 1.0, 0.0];
        let inputs = Inputs {
            layout,
            inferences: &inferences,
            forecasts: &FORECASTS,
            last_loss,
            regrets: &regrets,
        };
        let mut values = Vec::new();
        synthesise_labels(settings, &inputs, 3, &mut Synthesis::default(), &mut values);
        values
    }

    #[test]
    fn probabilities_still_sum_to_one() {
        let values = values(&Settings::default(), Some(-1.0));
        for place in values.chunks_exact(3) {
            assert!((place.iter().sum::<f64>() - 1.0).abs() < 1e-14, "{place:?}");
        }
    }

    #[test]
    fn medians_are_those_of_each_label() {
        let settings = Settings { cold_start: ColdStart::Median, ..Settings::default() };
        assert_eq!(values(&settings, None)[..6], [0.2, 0.3, 0.2, 0.2, 0.3, 0.2]);
    }
}
