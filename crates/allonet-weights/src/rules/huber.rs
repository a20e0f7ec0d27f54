//! What the two Huber rules share: the threshold beyond which an answer counts
//! for less, and the weights of answers.

use allonet_core::maths;

use super::answers::Answer;
use super::{Parameter, Parameters};

/// The MAD of a normal distribution of standard deviation one.
pub(super) const NORMAL_MAD: f64 = 0.674_489_750_196_081_7;
/// Huber's constant: 95 % as good as the mean where errors are normal.
pub(super) const TUNING: f64 = 1.345;

/// Whether the threshold minds sides.
pub(super) const BOTH_SIDES: Parameter = Parameter {
    name: "both-sides",
    default: 0.0,
    min: 0.0,
    max: 1.0,
    doc: "1: the threshold counts every answer from both sides, so that it does not matter which \
          item was shown first; 0: as published.",
};

/// Whether to leave out how much.
pub(super) const DIRECTIONS: Parameter = Parameter {
    name: "directions",
    default: 0.0,
    min: 0.0,
    max: 1.0,
    doc: "1: look only at who won, and count it as a log ratio of ±1.",
};

/// How spread out figures are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spread {
    /// Median absolute deviation from the median.
    pub(super) mad: f64,
    /// Mean absolute deviation from the mean.
    pub(super) mean: f64,
}

impl Spread {
    /// Of one figure for each answer, seen from the side that was shown first.
    pub(super) fn of(answers: &[Answer], figures: &[f64], parameters: &Parameters) -> Self {
        let shown = answers.iter().zip(figures);
        let mut shown: Vec<(f64, f64)> =
            shown.map(|(answer, figure)| (answer.as_shown(*figure), answer.count)).collect();
        let (middle, mean) = if parameters.says(BOTH_SIDES.name) {
            (0.0, 0.0)
        } else {
            (median(&mut shown), weighted_mean(&shown))
        };
        let away = |from: f64| -> Vec<(f64, f64)> {
            shown.iter().map(|(figure, count)| ((figure - from).abs(), *count)).collect()
        };
        Self { mad: median(&mut away(middle)), mean: weighted_mean(&away(mean)) }
    }
}

/// The median of figures that stand several times each; of an even number the
/// mean of the middle two.
fn median(figures: &mut [(f64, f64)]) -> f64 {
    figures.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let total = maths::sum(figures.iter().map(|figure| figure.1));
    let at = |place: f64| {
        let mut before = 0.0;
        for (figure, count) in &*figures {
            before += count;
            if place < before {
                return *figure;
            }
        }
        figures.last().map_or(0.0, |last| last.0)
    };
    let (low, high) = (((total - 1.0) / 2.0).floor(), (total / 2.0).floor());
    f64::midpoint(at(low), at(high))
}

fn weighted_mean(figures: &[(f64, f64)]) -> f64 {
    let total = maths::sum(figures.iter().map(|figure| figure.1));
    maths::sum(figures.iter().map(|(figure, count)| figure * count)) / total
}

/// What each answer counts: 1 within the threshold, beyond it `δ / |r|`.
pub(super) fn weights(residuals: &[f64], threshold: f64) -> Vec<f64> {
    let weight = |residual: &f64| {
        let size = residual.abs();
        if size > threshold { threshold / size.max(1e-12) } else { 1.0 }
    };
    residuals.iter().map(weight).collect()
}

/// `value − (z_high − z_low)` of each answer.
pub(super) fn residuals(answers: &[Answer], z: &[f64]) -> Vec<f64> {
    answers.iter().map(|answer| answer.value - answer.gap(z)).collect()
}

/// Whether the last step was small against where it led.
pub(super) fn settled(before: &[f64], after: &[f64]) -> bool {
    let step = maths::sum(before.iter().zip(after).map(|(a, b)| (a - b) * (a - b))).sqrt();
    let size = maths::sum(before.iter().map(|value| value * value)).sqrt();
    step <= 1e-8 * (1.0 + size)
}

/// Said where the published number of iterations was not enough.
pub(super) fn unsettled(iterations: usize) -> String {
    format!("the weights still moved when the iteration ended after {iterations} steps")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_count_what_stands_several_times() {
        assert!((median(&mut [(3.0, 1.0), (1.0, 2.0)]) - 1.0).abs() < 1e-15);
        assert!((median(&mut [(3.0, 2.0), (1.0, 2.0)]) - 2.0).abs() < 1e-15);
        assert!((median(&mut [(7.0, 1.0)]) - 7.0).abs() < 1e-15);
    }

    #[test]
    fn the_threshold_can_mind_sides_or_not() {
        let answer =
            |value: f64, flipped: bool| Answer { low: 0, high: 1, value, flipped, count: 1.0 };
        let answers = [answer(1.0, false), answer(2.0, false), answer(4.0, true)];
        let figures = [1.0, 2.0, 4.0];
        let of = |both| {
            let parameters = Parameters::default().with(BOTH_SIDES.name, both);
            Spread::of(&answers, &figures, &parameters)
        };
        // As shown 1, 2, −4: median 1, deviations 0, 1, 5. From both sides |1|, |2|, |4|.
        assert!((of(0.0).mad - 1.0).abs() < 1e-15 && (of(1.0).mad - 2.0).abs() < 1e-15);
    }
}
