//! Merit sortition: who of those that submitted takes part.
//!
//! # Formula
//!
//! ```text
//! active     the N candidates with the highest smoothed score; a tie goes to the
//!            smaller lot, a hash of the seed, the role, the epoch and the id
//! scored     q′ = α T + (1 − α) q           whoever was active, T its score
//! passive    q′ = α Q + (1 − α) q           Q a quantile of the scores of the active
//! away       q′ = (1 − (1 − α)^n) q₀ + (1 − α)^n q     n epochs missed in a row
//! newcomer   q = q₀ = min q − λ std q       over those active when last scored
//! ```
//!
//! # Units
//!
//! Scores are in log10 units of loss (those of reputers have none). The quantile
//! interpolates linearly between order statistics; the standard deviation is
//! that of a sample, 0 for one participant.
//!
//! # Limits
//!
//! Nobody with a place loses it for nothing: with as many places as candidates
//! everybody is active. No candidates, no active.
//!
//! # Sources
//!
//! The authors' simulation of sortition (Kruijssen et al. 2024, data of release
//! 0.6 of their chain), and the liveness penalty of release 0.8.

use allonet_core::maths;
use serde::{Deserialize, Serialize};

/// How places are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Sortition {
    /// Weight of the newest score (`α`), above 0, at most 1.
    pub alpha: f64,
    /// Which quantile of the active scores passive candidates move towards.
    pub quantile: f64,
    /// Standard deviations by which a newcomer starts below the lowest (`λ`).
    pub lambda: f64,
    /// Whether epochs missed pull a score towards that of a newcomer.
    pub liveness: bool,
    /// Seed of the lots that decide ties.
    pub seed: u64,
}

impl Default for Sortition {
    fn default() -> Self {
        Self { alpha: 0.1, quantile: 0.25, lambda: 2.0, liveness: true, seed: 0 }
    }
}

/// Somebody who submitted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Candidate {
    /// Smoothed score.
    pub score: f64,
    /// Its [`lot`].
    pub lot: u64,
}

/// Which candidates take part: their positions, ascending.
///
/// ```
/// use allonet_topics::sortition::{Candidate, draw};
///
/// let candidates = [0.3, -0.1, 0.3].map(|score| Candidate { score, lot: 0 });
/// assert_eq!(draw(&candidates, 2), [0, 2]);
/// ```
pub fn draw(candidates: &[Candidate], places: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..candidates.len()).collect();
    if places < candidates.len() {
        order.sort_by(|a, b| {
            let (a, b) = (&candidates[*a], &candidates[*b]);
            b.score.total_cmp(&a.score).then(a.lot.cmp(&b.lot))
        });
        order.truncate(places);
        order.sort_unstable();
    }
    order
}

/// The lot of an id in an epoch; it differs by role.
pub fn lot(seed: u64, role: &str, epoch: u64, id: &str) -> u64 {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&seed.to_le_bytes());
    hasher.update(&epoch.to_le_bytes());
    hasher.update(&(role.len() as u64).to_le_bytes());
    hasher.update(role.as_bytes());
    hasher.update(id.as_bytes());
    let hash = hasher.finalize();
    let first: [u8; 8] = hash.as_bytes()[..8].try_into().expect("a hash has 32 bytes");
    u64::from_le_bytes(first)
}

/// One step of an exponential moving average.
pub fn smooth(alpha: f64, new: f64, old: f64) -> f64 {
    alpha * new + (1.0 - alpha) * old
}

/// `steps` steps of an exponential moving average towards the same value.
pub fn smooth_many(alpha: f64, new: f64, old: f64, steps: u64) -> f64 {
    let kept = maths::pow(1.0 - alpha, steps as f64);
    (1.0 - kept) * new + kept * old
}

/// The quantile `at` (0 to 1) of some values, interpolated linearly between
/// order statistics; none of no values.
pub fn quantile(values: &[f64], at: f64) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len().checked_sub(1)?;
    let place = at.clamp(0.0, 1.0) * last as f64;
    let mut below = 0;
    while below < last && (below + 1) as f64 <= place {
        below += 1;
    }
    let (low, high) = (sorted[below], sorted[(below + 1).min(last)]);
    let part = place - below as f64;
    // From the nearer end, so that both ends are met exactly.
    Some(if part < 0.5 { low + (high - low) * part } else { high - (high - low) * (1.0 - part) })
}

/// Where newcomers start, from the smoothed scores of those who were active;
/// none where nobody was.
pub fn initial_score(active: &[f64], lambda: f64) -> Option<f64> {
    let lowest = active.iter().copied().min_by(f64::total_cmp)?;
    Some(lowest - lambda * deviation(active))
}

/// Standard deviation of a sample; 0 for fewer than two values.
pub(crate) fn deviation(values: &[f64]) -> f64 {
    if values.len() < 2 {
        return 0.0;
    }
    let mean = maths::sum(values.iter().copied()) / values.len() as f64;
    let squares = maths::sum(values.iter().map(|value| (value - mean) * (value - mean)));
    (squares / (values.len() - 1) as f64).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_have_the_places_and_lots_decide_ties() {
        let of = |score, lot| Candidate { score, lot };
        let candidates = [of(0.0, 9), of(1.0, 5), of(0.0, 3), of(0.0, 7)];
        assert_eq!(draw(&candidates, 2), [1, 2]);
        assert_eq!(draw(&candidates, 9), [0, 1, 2, 3]);
        assert_eq!(draw(&candidates, 0), [0_usize; 0]);
        assert_eq!(draw(&[], 3), [0_usize; 0]);
    }

    #[test]
    fn lots_change_with_epoch_role_and_id() {
        let first = lot(1, "inferer", 7, "ann");
        assert_eq!(first, lot(1, "inferer", 7, "ann"));
        for other in [
            lot(2, "inferer", 7, "ann"),
            lot(1, "forecaster", 7, "ann"),
            lot(1, "inferer", 8, "ann"),
            lot(1, "inferer", 7, "ben"),
            lot(1, "infere", 7, "rann"),
        ] {
            assert_ne!(first, other);
        }
    }

    #[test]
    fn many_steps_are_one_after_another() {
        let mut slow = 3.0;
        for _ in 0..17 {
            slow = smooth(0.1, -1.0, slow);
        }
        assert!((smooth_many(0.1, -1.0, 3.0, 17) - slow).abs() < 1e-14);
        assert_eq!(smooth_many(0.1, -1.0, 3.0, 0).to_bits(), 3.0_f64.to_bits());
        assert_eq!(smooth_many(1.0, -1.0, 3.0, u64::MAX).to_bits(), (-1.0_f64).to_bits());
    }

    #[test]
    fn quantiles_by_hand() {
        let values = [4.0, 1.0, 3.0, 2.0];
        assert_eq!(quantile(&values, 0.25), Some(1.75));
        assert_eq!(quantile(&values, 0.0), Some(1.0));
        assert_eq!(quantile(&values, 1.0), Some(4.0));
        assert_eq!(quantile(&[5.0], 0.3), Some(5.0));
        assert_eq!(quantile(&[], 0.3), None);
    }

    #[test]
    fn newcomers_start_below_the_lowest() {
        // Mean 2, deviation 1.
        assert_eq!(initial_score(&[1.0, 2.0, 3.0], 2.0), Some(-1.0));
        assert_eq!(initial_score(&[4.0], 2.0), Some(4.0));
        assert_eq!(initial_score(&[], 2.0), None);
    }
}
