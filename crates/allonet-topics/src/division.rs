//! What parts of a topic's reward inferers, forecasters and reputers have.
//!
//! # Formula
//!
//! With the entropies `F`, `G`, `H` of the three classes:
//!
//! ```text
//! T  = log L⁻ − log L                                        forecasting task (Eq 43)
//! τ  = α (T − min(0, max_j T_j)) / |max_j T_j| + (1 − α) τ_prev    utility (Eq 44)
//! χ  = 0.1 … 0.5 as τ goes from 0 to 1                        Eq 45
//! γ  = (F + G) / ((1 − χ) F + χ G)                            Eq 46
//! U = (1 − χ) γ F / (F + G + H),  V = χ γ G / (F + G + H),  W = H / (F + G + H)   Eq 42
//! ```
//!
//! # Units and shapes
//!
//! Scores in log10 units, shares of the reward of the epoch.
//!
//! # Limits
//!
//! - Where the best inferer has a score of exactly 0, `|T|` stands below the
//!   line; where `T` is 0 too, `τ` starts again at 0 and `χ` is 0.5.
//! - A ratio beyond the range of numbers ends at its edge of `±1e6`, far beyond
//!   what `χ` still tells apart, so that it does not last for ever in `τ`.
//! - Where all entropies are 0, classes with somebody in them have equal shares.
//! - A class of several of whom one has all the reward has an entropy, and so a
//!   share, of 0.
//!
//! # Known weaknesses
//!
//! `τ` has no bound where the best inferer's score is near 0: one such epoch can
//! outweigh many. `χ` is bounded all the same.
//!
//! # Sources
//!
//! Kruijssen et al. (2024), Eq 42 to 46. The printed form divides by the best
//! score even where it is negative; the authors' chain never lets it be.

/// Largest ratio that enters the smoothed utility.
const MOST: f64 = 1e6;

/// How useful forecasting is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Utility {
    /// Smoothed utility `τ`.
    pub tau: f64,
    /// Part `χ` that goes to forecasting, before entropies.
    pub chi: f64,
}

/// Smoothed utility of forecasting (Eq 44, 45), from the score of the task and
/// the inferers' scores.
pub fn utility(task: f64, inferer_scores: &[f64], previous: f64, alpha: f64) -> Utility {
    let best = inferer_scores.iter().copied().reduce(f64::max).unwrap_or(0.0);
    if best == 0.0 && task == 0.0 {
        return Utility { tau: 0.0, chi: 0.5 };
    }
    let below = if best == 0.0 { task.abs() } else { best.abs() };
    let ratio = ((task - best.min(0.0)) / below).clamp(-MOST, MOST);
    let tau = alpha * ratio + (1.0 - alpha) * previous;
    Utility { tau, chi: chi(tau) }
}

/// Part of forecasting by its utility (Eq 45).
pub fn chi(tau: f64) -> f64 {
    if tau < 0.0 {
        0.1
    } else if tau >= 1.0 {
        0.5
    } else {
        0.4 * tau + 0.1
    }
}

/// `γ` (Eq 46); 1 where neither class has an entropy.
pub fn gamma(inferers: f64, forecasters: f64, chi: f64) -> f64 {
    let both = inferers + forecasters;
    if both > 0.0 { both / ((1.0 - chi) * inferers + chi * forecasters) } else { 1.0 }
}

/// Shares of inferers, forecasters and reputers (Eq 42) from their entropies.
/// They add up to 1 but for rounding; `present` says which classes have anybody.
///
/// ```
/// use allonet_topics::division::shares;
///
/// assert_eq!(shares([1.0, 0.0, 1.0], 0.1, [true, false, true]), [0.5, 0.0, 0.5]);
/// ```
pub fn shares(entropies: [f64; 3], chi: f64, present: [bool; 3]) -> [f64; 3] {
    let [inferers, forecasters, reputers] = entropies;
    let all = inferers + forecasters + reputers;
    if all <= 0.0 {
        let classes = present.iter().filter(|present| **present).count();
        return present.map(|present| if present { 1.0 / classes as f64 } else { 0.0 });
    }
    let gamma = gamma(inferers, forecasters, chi);
    [(1.0 - chi) * gamma * inferers / all, chi * gamma * forecasters / all, reputers / all]
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "these are exact")]
mod tests {
    use super::*;

    #[test]
    fn utility_by_hand() {
        // 0.1 · 0.2/0.4 + 0.9 · 0.5 = 0.5; 0.4 · 0.5 + 0.1 = 0.3.
        let found = utility(0.2, &[0.4, -1.0], 0.5, 0.1);
        assert!((found.tau - 0.5).abs() < 1e-15 && (found.chi - 0.3).abs() < 1e-15);
        // All inferers harmful: (−0.1 + 0.2) / 0.2 = 0.5.
        let found = utility(-0.1, &[-0.2, -1.0], 0.0, 0.1);
        assert!((found.tau - 0.05).abs() < 1e-15);
    }

    #[test]
    fn a_best_score_of_zero() {
        assert_eq!(utility(0.0, &[0.0, -1.0], 0.7, 0.1), Utility { tau: 0.0, chi: 0.5 });
        let found = utility(-3.0, &[0.0], 0.0, 0.1);
        assert_eq!(found, Utility { tau: -0.1, chi: 0.1 });
        assert_eq!(utility(0.0, &[], 0.3, 0.1), Utility { tau: 0.0, chi: 0.5 });
    }

    #[test]
    fn a_tiny_best_score_does_not_last_for_ever() {
        let found = utility(1.0, &[1e-300], 0.0, 0.1);
        assert_eq!(found, Utility { tau: 1e5, chi: 0.5 });
    }

    #[test]
    fn shares_by_hand() {
        // χ = 0.5, F = 1, G = 1, H = 2: γ = 2, so U = V = 1/4, W = 1/2.
        assert_eq!(shares([1.0, 1.0, 2.0], 0.5, [true; 3]), [0.25, 0.25, 0.5]);
        // χ = 0.1: γ = 2/(0.9 + 0.1) = 2: U = 0.45, V = 0.05.
        let found = shares([1.0, 1.0, 2.0], 0.1, [true; 3]);
        assert!((found[0] - 0.45).abs() < 1e-15 && (found[1] - 0.05).abs() < 1e-15);
    }

    #[test]
    fn no_entropy_at_all() {
        assert_eq!(shares([0.0; 3], 0.1, [true, false, true]), [0.5, 0.0, 0.5]);
        assert_eq!(shares([0.0; 3], 0.1, [false; 3]), [0.0; 3]);
        assert_eq!(shares([0.0, 0.0, 2.0], 0.1, [true; 3]), [0.0, 0.0, 1.0]);
        assert_eq!(shares([0.0, 1.0, 1.0], 0.1, [true; 3]), [0.0, 0.5, 0.5]);
    }
}
