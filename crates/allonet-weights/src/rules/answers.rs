//! What was answered, each different answer once with how often it was given:
//! sums over answers do not depend on the order of rows, nor on which side an
//! item stood.

use crate::comparisons::{Comparison, Comparisons};
use crate::linear::{Laplacian, Solved};

use super::FitError;

/// An answer about a pair.
#[derive(Debug, Clone, Copy)]
pub(super) struct Answer {
    /// The item of the smaller place.
    pub(super) low: u32,
    /// The other item.
    pub(super) high: u32,
    /// What was said of `z_high − z_low`.
    pub(super) value: f64,
    /// Whether the item of the higher place stood on the left.
    pub(super) flipped: bool,
    /// How often it was given.
    pub(super) count: f64,
}

impl Answer {
    /// `z_high − z_low`.
    pub(super) fn gap(&self, z: &[f64]) -> f64 {
        z[self.high as usize] - z[self.low as usize]
    }

    /// A figure about `high` against `low`, as one about right against left.
    pub(super) fn as_shown(&self, value: f64) -> f64 {
        if self.flipped { -value } else { value }
    }
}

/// All answers; `value` says of a row what it says of `z_right − z_left`.
pub(super) fn answers(
    comparisons: &Comparisons,
    value: impl Fn(&Comparison) -> f64,
) -> Vec<Answer> {
    let mut answers: Vec<Answer> = comparisons
        .rows()
        .map(|row| {
            let (low, high) = row.pair();
            let flipped = row.left == high;
            let value = value(&row);
            // Adding zero makes −0 and 0 one answer.
            let value = if flipped { -value } else { value } + 0.0;
            Answer { low, high, value, flipped, count: 1.0 }
        })
        .collect();
    let place = |answer: &Answer| (answer.low, answer.high, answer.flipped);
    answers.sort_unstable_by(|a, b| {
        (a.low, a.high)
            .cmp(&(b.low, b.high))
            .then(a.value.total_cmp(&b.value))
            .then_with(|| a.flipped.cmp(&b.flipped))
    });
    answers.dedup_by(|next, kept| {
        let same = place(next) == place(kept) && next.value.to_bits() == kept.value.to_bits();
        if same {
            kept.count += next.count;
        }
        same
    });
    answers
}

/// The answers' log ratios; every row must say how much.
pub(super) fn log_ratios(comparisons: &Comparisons) -> Result<Vec<Answer>, FitError> {
    let silent = || comparisons.rows().enumerate().filter(|(_, row)| row.intensity.is_none());
    if let Some((first, _)) = silent().next() {
        return Err(FitError::NoIntensity {
            count: silent().count(),
            line: comparisons.line(first),
        });
    }
    Ok(answers(comparisons, |row| row.log_ratio().expect("all rows say how much")))
}

/// Who won alone: 1 for the right item, −1 for the left one, 0 for a tie.
pub(super) fn directions(comparisons: &Comparisons) -> Vec<Answer> {
    answers(comparisons, |row| row.choice.sign())
}

/// `min_z Σ count · weight · (z_high − z_low − value)² + ridge · ‖z‖²`, with a
/// weight for each answer.
pub(super) fn least_squares(
    items: usize,
    answers: &[Answer],
    weights: &[f64],
    ridge: f64,
) -> Solved {
    let weighted = || answers.iter().zip(weights);
    let edges = weighted().map(|(answer, weight)| (answer.low, answer.high, answer.count * weight));
    let mut pull = vec![0.0; items];
    for (answer, weight) in weighted() {
        let value = answer.count * weight * answer.value;
        pull[answer.high as usize] += value;
        pull[answer.low as usize] -= value;
    }
    Laplacian::new(items, edges).with_ridge(ridge).solve(&pull)
}
