//! How much a class of participants decides together: its entropy.
//!
//! # Formula
//!
//! Reward fractions are smoothed over epochs, `ũ ← α u + (1 − α) ũ` (Eq 40), and
//! normalised to `f` (Eq 39). With the effective number of participants
//! `N_eff = 1 / Σ f²` (Eq 41)
//!
//! ```text
//! F = − Σ f ln f · (N_eff / N)^β        Eq 38
//! ```
//!
//! # Units and shapes
//!
//! Natural units; `ln N` for `N` equal participants.
//!
//! # Limits
//!
//! A class of one has the entropy `¼ ln 2`, one of nobody 0. Fractions of zero
//! add nothing.
//!
//! # Known weaknesses
//!
//! The power that makes copies worthless does so nearly, not exactly: see
//! [`entropy`].
//!
//! # Sources
//!
//! Kruijssen et al. (2024), Eq 38 to 41. The value for a class of one is that of
//! the authors' chain.

use allonet_core::maths;

/// Smooths reward fractions (Eq 40). The first of a participant (NaN before), and
/// those of a class whose size has changed, are taken as they are.
pub fn smooth(newest: &[f64], alpha: f64, smoothed: &mut Vec<f64>) {
    if smoothed.len() != newest.len() {
        smoothed.clear();
        smoothed.extend_from_slice(newest);
        return;
    }
    for (smoothed, newest) in smoothed.iter_mut().zip(newest) {
        let kept = if smoothed.is_nan() { *newest } else { *smoothed };
        *smoothed = alpha * newest + (1.0 - alpha) * kept;
    }
}

/// Entropy of a class (Eq 38, 39, 41) from its smoothed fractions.
///
/// ```
/// use allonet_topics::entropy::entropy;
///
/// assert!((entropy(&[0.5, 0.5], 0.25) - 2.0_f64.ln()).abs() < 1e-15);
/// ```
pub fn entropy(smoothed: &[f64], beta: f64) -> f64 {
    match smoothed.len() {
        0 => return 0.0,
        1 => return 0.25 * std::f64::consts::LN_2,
        _ => {}
    }
    let sum: f64 = smoothed.iter().sum();
    if sum <= 0.0 {
        return 0.0;
    }
    let (mut entropy, mut squares) = (0.0, 0.0);
    for smoothed in smoothed {
        let fraction = smoothed / sum;
        squares += fraction * fraction;
        if fraction > 0.0 {
            entropy -= fraction * maths::ln(fraction);
        }
    }
    entropy * maths::pow(1.0 / squares / smoothed.len() as f64, beta)
}
