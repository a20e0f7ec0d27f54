//! Weights against comparisons: what each answer adds to a score.
//!
//! # Formula
//!
//! For an answer on `(a, b)` with `c = ln(value of b / value of a)`:
//!
//! ```text
//! t = 1 / (1 + e^{−c})      what the juror gives b; 1, ½ or 0 where only the direction is known
//! p = w_b / (w_a + w_b)     what the weights give b
//! x = ln w_b − ln w_a, held within ±ln((1 − floor) / floor)
//! ```
//!
//! # Units and shapes
//!
//! Weights have any common scale, one for each item, finite and not negative.
//! A pair whose two weights are zero has no `p`: it is not *covered*, counts in
//! no other score and lowers the coverage, as in the published evaluation.
//! Where only one is zero, `p` is 0 or 1 and its logarithm would be infinite:
//! there, and beyond the floor, the floor is taken and counted
//! ([`Sums::floored`]).
//!
//! # Known weaknesses
//!
//! * A method that gives nothing to the items it finds hard is spared those
//!   pairs. Compare methods on pairs that both cover ([`covered`]).
//! * Jurors say more than they mean: `t` of a multiplier of 100 is 0.99.
//!
//! # Sources
//!
//! * Deep Funding, *weight allocation mechanism evals* (the seven scores).
//! * `deepfunding/scoring`, `cost_function` (squared log ratios).

use allonet_core::maths;

use crate::comparisons::{Choice, Comparison, Comparisons};
use crate::estimate::logistic;

/// Smallest part of a pair that a logarithm is taken of.
pub const DEFAULT_FLOOR: f64 = 1e-9;

/// What answers add up to. Pair scores are functions of it.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Sums {
    /// Answers.
    pub rows: f64,
    /// Answers on pairs with mass.
    pub covered: f64,
    /// Σ (p − t)².
    pub brier: f64,
    /// Σ (½ − t)² over the same answers.
    pub brier_of_half: f64,
    /// Σ −t ln p − (1 − t) ln(1 − p).
    pub log_loss: f64,
    /// Answers that say how much, on pairs with mass.
    pub with_intensity: f64,
    /// Σ (x − c)² over those.
    pub squared_log_ratio: f64,
    /// Answers whose direction the weights have; half for a tie on either side.
    pub agreed: f64,
    /// Answers whose logarithm met the floor.
    pub floored: f64,
}

impl Sums {
    /// Adds another's so many times.
    pub fn add(&mut self, other: &Self, times: f64) {
        self.rows += times * other.rows;
        self.covered += times * other.covered;
        self.brier += times * other.brier;
        self.brier_of_half += times * other.brier_of_half;
        self.log_loss += times * other.log_loss;
        self.with_intensity += times * other.with_intensity;
        self.squared_log_ratio += times * other.squared_log_ratio;
        self.agreed += times * other.agreed;
        self.floored += times * other.floored;
    }

    /// All of several, in their order.
    pub fn total<'a>(parts: impl IntoIterator<Item = &'a Self>) -> Self {
        let mut total = Self::default();
        parts.into_iter().for_each(|part| total.add(part, 1.0));
        total
    }
}

/// What all comparisons add up to under these weights.
///
/// # Panics
///
/// If there are not as many weights as items, or the floor is not between zero
/// and a half.
pub fn sums(comparisons: &Comparisons, weights: &[f64], floor: f64) -> Sums {
    assert_eq!(weights.len(), comparisons.items().len(), "each item has a weight");
    let judge = Judge::new(floor);
    let mut total = Sums::default();
    comparisons.rows().for_each(|row| total.add(&judge.row(&row, weights), 1.0));
    total
}

/// Whether both weights of a comparison's pair are not zero together.
pub fn covered(row: &Comparison, weights: &[f64]) -> bool {
    weights[row.left as usize] + weights[row.right as usize] > 0.0
}

/// Judges one answer at a time.
#[derive(Debug, Clone, Copy)]
pub struct Judge {
    /// The largest |x|.
    limit: f64,
}

impl Judge {
    /// With this floor.
    ///
    /// # Panics
    ///
    /// If the floor is not between zero and a half.
    pub fn new(floor: f64) -> Self {
        assert!(floor > 0.0 && floor < 0.5, "a floor lies between zero and a half");
        Self { limit: maths::ln((1.0 - floor) / floor) }
    }

    /// What one answer adds.
    pub fn row(&self, row: &Comparison, weights: &[f64]) -> Sums {
        let (left, right) = (weights[row.left as usize], weights[row.right as usize]);
        let mut sums = Sums { rows: 1.0, ..Sums::default() };
        if !covered(row, weights) {
            return sums;
        }
        let t = said(row);
        // Halves, so that large weights do not overflow.
        let p = 0.5 * right / (0.5 * left + 0.5 * right);
        let free = maths::ln(right) - maths::ln(left);
        let x = free.clamp(-self.limit, self.limit);
        sums.covered = 1.0;
        sums.brier = (p - t) * (p - t);
        sums.brier_of_half = (0.5 - t) * (0.5 - t);
        // −ln p = ln(1 + e^{−x}), without loss for p near one.
        sums.log_loss = t * softplus(-x) + (1.0 - t) * softplus(x);
        sums.floored = f64::from(u8::from(free.abs() > self.limit));
        sums.agreed = match row.choice {
            Choice::Tie => 0.5,
            _ if left.total_cmp(&right).is_eq() => 0.5,
            Choice::Left => f64::from(u8::from(left > right)),
            Choice::Right => f64::from(u8::from(right > left)),
        };
        if let Some(log_ratio) = row.log_ratio() {
            sums.with_intensity = 1.0;
            sums.squared_log_ratio = (x - log_ratio) * (x - log_ratio);
        }
        sums
    }
}

/// What a juror gives the right item of the pair.
pub fn said(row: &Comparison) -> f64 {
    match row.log_ratio() {
        Some(log_ratio) => logistic(log_ratio),
        None => 0.5 + 0.5 * row.choice.sign(),
    }
}

/// `ln(1 + eˣ)`.
fn softplus(x: f64) -> f64 {
    x.max(0.0) + maths::ln_1p(maths::exp(-x.abs()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::comparisons::Builder;

    fn one(choice: Choice, intensity: Option<f64>) -> Comparisons {
        let mut builder = Builder::default();
        let juror = builder.juror("ann");
        let (x, y) = (builder.item("x"), builder.item("y"));
        builder.push(juror, (x, y), choice, intensity);
        builder.finish()
    }

    #[test]
    fn an_answer_by_hand() {
        // "x is worth three times y": t = 1/4. Weights 1 : 1, so p = 1/2.
        let sums = sums(&one(Choice::Left, Some(maths::ln(3.0))), &[7.0, 7.0], 1e-9);
        assert!((sums.brier - 0.0625).abs() < 1e-15 && (sums.brier_of_half - 0.0625).abs() < 1e-15);
        assert!((sums.log_loss - maths::ln(2.0)).abs() < 1e-15);
        assert!((sums.squared_log_ratio - maths::ln(3.0) * maths::ln(3.0)).abs() < 1e-15);
        assert!((sums.agreed - 0.5).abs() < 1e-15 && sums.floored == 0.0);
    }

    #[test]
    fn zeros_are_covered_floored_and_counted() {
        let row = one(Choice::Left, Some(0.0));
        let none = sums(&row, &[0.0, 0.0], 1e-9);
        assert_eq!(none, Sums { rows: 1.0, ..Sums::default() });
        let half = sums(&row, &[0.0, 3.0], 1e-3);
        assert!((half.brier - 0.25).abs() < 1e-15);
        assert!((half.floored - 1.0).abs() < 1e-15);
        assert!((half.squared_log_ratio - maths::pow(maths::ln(999.0), 2.0)).abs() < 1e-9);
        let huge = sums(&row, &[f64::MAX, f64::MAX], 1e-9);
        assert!(huge.brier == 0.0 && huge.log_loss.is_finite());
    }

    #[test]
    fn a_direction_alone_has_no_log_ratio() {
        let sums = sums(&one(Choice::Right, None), &[1.0, 3.0], 1e-9);
        assert!((sums.brier - 0.0625).abs() < 1e-15);
        assert!((sums.log_loss + maths::ln(0.75)).abs() < 1e-15);
        assert!(sums.with_intensity == 0.0 && (sums.agreed - 1.0).abs() < 1e-15);
    }
}
