//! Parts of a class's reward, by participant.
//!
//! # Formula
//!
//! Workers, from their scores `T` (Eq 27 to 29):
//!
//! ```text
//! M(T) = φ(T / (σ(T) + ε)),   φ(x) = ln(1 + e^{p(x − c)}),   u_j = M(T_j) / Σ M(T)
//! ```
//!
//! `σ(T)` is the sample standard deviation (`n − 1`) of recent scores of the
//! class; which, says [`Window`]. Reputers, from stake and score (Eq 36):
//! `w_m = (S_m T_m)^p / Σ (S T)^p`.
//!
//! # Units and shapes
//!
//! A fraction for each participant; together they are 1.
//!
//! # Limits
//!
//! - Where recent scores differ by less than `ε` all have the same part.
//! - Where all `M(T)` underflow they are taken relative to the largest, so that
//!   parts always exist.
//! - Where no reputer has stake, all count the same.
//!
//! # Known weaknesses
//!
//! A window of so many scores, as the authors' data have, covers only a part of
//! one epoch in a large topic: the spread is that of the first participants.
//!
//! # Sources
//!
//! Kruijssen et al. (2024), Eq 27 to 29, 36.

use allonet_core::maths;

use crate::settings::{Potential, Window};

/// Reward fractions of workers (Eq 27, 28).
///
/// `recent` are the scores of recent epochs, newest first, the rewarded epoch
/// among them.
///
/// ```
/// use allonet_topics::fractions;
/// use allonet_topics::settings::Settings;
///
/// let (settings, scores) = (Settings::default(), vec![0.3, 0.1, -0.2]);
/// let mut found = Vec::new();
/// let spread = fractions::spread(std::slice::from_ref(&scores), settings.window);
/// fractions::of_workers(&scores, spread, &settings.reward_potential, 0.01, &mut found);
/// assert!(found[0] > found[1] && found[1] > found[2] && found[2] > 0.0);
/// ```
pub fn of_workers(
    scores: &[f64],
    spread: f64,
    potential: &Potential,
    epsilon: f64,
    out: &mut Vec<f64>,
) {
    out.clear();
    if spread < epsilon || !spread.is_finite() {
        out.resize(scores.len(), 1.0 / scores.len() as f64);
        return;
    }
    let Potential { p, c } = *potential;
    out.extend(scores.iter().map(|score| p * (score / (spread + epsilon) - c)));
    map(out);
    share(out);
}

/// Sample standard deviation of recent scores, newest epoch first; 0 for fewer
/// than two.
pub fn spread(recent: &[Vec<f64>], window: Window) -> f64 {
    let (epochs, most) = match window {
        Window::Scores(most) => (recent.len(), most),
        Window::Epochs(epochs) => (epochs.min(recent.len()), usize::MAX),
    };
    let scores = || recent[..epochs].iter().flatten().copied().take(most);
    let count = scores().count();
    if count < 2 {
        return 0.0;
    }
    let mean = scores().sum::<f64>() / count as f64;
    let squares: f64 = scores().map(|score| (score - mean) * (score - mean)).sum();
    (squares / (count - 1) as f64).sqrt()
}

/// `φ` of each, up to a common factor: `ln(1 + e^x)`, or `e^(x − x_max)` where
/// all are so low that the two are the same.
fn map(values: &mut [f64]) {
    let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let relative = most < -37.0;
    for value in values {
        *value = if relative {
            maths::exp(*value - most)
        } else if *value > 0.0 {
            *value + maths::ln_1p(maths::exp(-*value))
        } else {
            maths::ln_1p(maths::exp(*value))
        };
    }
}

/// Divides by the sum; the same for all where nothing is left to divide.
fn share(values: &mut [f64]) {
    let most = values.iter().copied().fold(0.0, f64::max);
    if most == 0.0 || !most.is_finite() {
        let even = 1.0 / values.len() as f64;
        values.fill(even);
        return;
    }
    // Only where a sum could overflow: otherwise the division would cost a digit.
    if most > 1e300 {
        for value in values.iter_mut() {
            *value /= most;
        }
    }
    let sum: f64 = values.iter().sum();
    for value in values {
        *value /= sum;
    }
}

/// Reward fractions of reputers (Eq 36).
pub fn of_reputers(stakes: &[f64], scores: &[f64], power: f64, out: &mut Vec<f64>) {
    let counts = |stake: f64| if stake > 0.0 { stake.min(f64::MAX) } else { 0.0 };
    let nobody = stakes.iter().all(|stake| counts(*stake) == 0.0);
    let stake = |stake: f64| if nobody { 1.0 } else { counts(stake) };
    out.clear();
    out.extend(stakes.iter().zip(scores).map(|(own, score)| stake(*own) * score));
    if power.to_bits() == 1.0_f64.to_bits() {
        share(out);
        return;
    }
    // Relative to the largest before the power is taken.
    let most = out.iter().copied().fold(0.0, f64::max);
    if most > 0.0 && most.is_finite() {
        for value in out.iter_mut() {
            *value = maths::pow(*value / most, power);
        }
    }
    share(out);
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "these are exact")]
mod tests {
    use super::*;

    const FIDUCIAL: Potential = Potential { p: 3.0, c: 0.75 };

    fn workers(scores: &[f64], spread: f64) -> Vec<f64> {
        let mut found = Vec::new();
        of_workers(scores, spread, &FIDUCIAL, 0.01, &mut found);
        found
    }

    #[test]
    fn two_workers_by_hand() {
        // Scores at c and at c + ln(e² − 1)/3 in units of the spread: φ = ln 2, 2.
        let spread = 0.99;
        let high = 0.75 + maths::ln(maths::exp(2.0) - 1.0) / 3.0;
        let found = workers(&[0.75, high], spread);
        let ln_2 = std::f64::consts::LN_2;
        assert!((found[0] - ln_2 / (ln_2 + 2.0)).abs() < 1e-15);
        assert!((found[1] - 2.0 / (ln_2 + 2.0)).abs() < 1e-15);
    }

    #[test]
    fn the_window_counts_scores_or_epochs() {
        let recent = [vec![1.0, 3.0], vec![5.0, 9.0]];
        assert_eq!(spread(&recent, Window::Scores(2)), 2.0_f64.sqrt());
        assert_eq!(spread(&recent, Window::Epochs(1)), 2.0_f64.sqrt());
        // 1, 3, 5: mean 3, squares 4 + 0 + 4 by 2.
        assert_eq!(spread(&recent, Window::Scores(3)), 2.0);
        assert_eq!(spread(&recent, Window::Scores(100)), spread(&recent, Window::Epochs(2)));
        assert_eq!(spread(&recent[..0], Window::Epochs(9)), 0.0);
    }

    #[test]
    fn no_spread_no_difference() {
        assert_eq!(workers(&[7.0, 7.0], 0.0), [0.5, 0.5]);
        assert_eq!(workers(&[5.0, -5.0], 0.009), [0.5, 0.5]);
        assert_eq!(workers(&[], 0.5), [0.0; 0]);
    }

    #[test]
    fn scores_of_any_size_have_parts() {
        for scores in [[1e100, -1e100], [-1e100, -1e100], [1e100, 1e100], [-900.0, -901.0]] {
            let found = workers(&scores, 1.0);
            assert!((found[0] + found[1] - 1.0).abs() < 1e-15, "{scores:?}");
            assert!(found[0] >= found[1] && found[1] >= 0.0, "{scores:?}");
        }
        // The ratio of the two is kept where the function itself underflows.
        let found = workers(&[-900.0, -901.0], 0.99);
        assert!((found[1] / found[0] / maths::exp(-3.0) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn reputers_by_hand() {
        let mut found = Vec::new();
        of_reputers(&[100.0, 300.0], &[3.0, 1.0], 1.0, &mut found);
        assert_eq!(found, [0.5, 0.5]);
        of_reputers(&[100.0, 200.0], &[1.0, 1.0], 2.0, &mut found);
        assert!((found[1] - 0.8).abs() < 1e-15);
        of_reputers(&[0.0, 0.0], &[3.0, 1.0], 1.0, &mut found);
        assert_eq!(found, [0.75, 0.25]);
        of_reputers(&[0.0, 5.0], &[3.0, 1.0], 1.0, &mut found);
        assert_eq!(found, [0.0, 1.0]);
        of_reputers(&[f64::INFINITY, 1e308], &[100.0, 100.0], 1.0, &mut found);
        assert!(found.iter().all(|fraction| fraction.is_finite()));
    }
}
