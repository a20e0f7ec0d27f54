//! What each worker added to an epoch.
//!
//! # Formula
//!
//! ```text
//! T_j  = log L⁻_j − log L                     inferer (Eq 22)
//! T_k⁻ = log L⁻_k − log L                     one out (Eq 24)
//! T_k⁺ = log L⁻  − log L⁺_k                   one in (Eq 25)
//! T_k  = (1 − f⁺) T_k⁻ + f⁺ T_k⁺              forecaster (Eq 23)
//! f⁺   = 1 / 2^(N − 1)                        Eq 26 (printed: 1 / 2^N)
//! ```
//!
//! `L` is the loss of the network inference, `L⁻` of the naive one, `L⁻_l`
//! without worker `l`, `L⁺_k` of the naive one with forecaster `k`.
//!
//! # Units and shapes
//!
//! log10 losses by position of the [`Layout`]; a score for each worker of a
//! class, in log10 units: 1 is a loss ten times lower thanks to the worker.
//!
//! # Limits
//!
//! - The only inferer, and the only forecaster, has a score of 0: what the
//!   network would be without is not known.
//! - A part whose losses are not all known (`NaN`) is 0.
//!
//! # Sources
//!
//! Kruijssen et al. (2024), Eq 22 to 26. In Eq 26 the authors' simulation has
//! `N − 1`: of the `2^(N − 1)` coalitions of the others one is empty.

use crate::layout::Layout;
use crate::settings::Solo;

/// Scores of inferers (Eq 22).
///
/// ```
/// use allonet_topics::{layout::Layout, scores};
///
/// // Network, naive, two inferences, two one-outs: without the first worker the
/// // loss would be ten times higher.
/// let layout = Layout::new(2, 0);
/// let mut found = Vec::new();
/// scores::of_inferers(layout, &[-2.0, -2.0, -3.0, -1.0, -1.0, -2.5], &mut found);
/// assert_eq!(found, [1.0, -0.5]);
/// ```
///
/// # Panics
///
/// If there is not one loss for each position.
pub fn of_inferers(layout: Layout, losses: &[f64], out: &mut Vec<f64>) {
    assert_eq!(losses.len(), layout.len(), "a loss for each position");
    out.clear();
    if layout.inferers == 1 {
        out.push(0.0);
        return;
    }
    let network = losses[Layout::NETWORK];
    let without = &losses[layout.one_outs()][..layout.inferers];
    out.extend(without.iter().map(|without| known(without - network)));
}

/// Scores of forecasters (Eq 23 to 26).
///
/// # Panics
///
/// If there is not one loss for each position.
pub fn of_forecasters(layout: Layout, losses: &[f64], solo: Solo, out: &mut Vec<f64>) {
    assert_eq!(losses.len(), layout.len(), "a loss for each position");
    out.clear();
    if layout.forecasters == 1 {
        out.push(0.0);
        return;
    }
    let (network, naive) = (losses[Layout::NETWORK], losses[Layout::NAIVE]);
    let alone = solo_part(solo, layout.forecasters);
    let without = &losses[layout.one_outs()][layout.inferers..];
    let score = |(without, with): (&f64, &f64)| {
        (1.0 - alone) * known(without - network) + alone * known(naive - with)
    };
    out.extend(without.iter().zip(&losses[layout.one_ins()]).map(score));
}

/// The part `f⁺` of the one-in score (Eq 26).
fn solo_part(solo: Solo, forecasters: usize) -> f64 {
    let halvings = match solo {
        Solo::Coalitions => forecasters.saturating_sub(1),
        Solo::Printed => forecasters,
    };
    // Exact halves; after a thousand of them nothing is left.
    (0..halvings.min(1100)).fold(1.0, |part, _| part * 0.5)
}

/// Nothing where a loss is not known.
fn known(difference: f64) -> f64 {
    if difference.is_finite() { difference } else { 0.0 }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "these are exact")]
mod tests {
    use super::*;

    /// Network −2, naive −1.5, two inferences, two implied, four recomputed,
    /// one-outs −1.0, −2.5, −1.8, −1.0, one-ins −1.75, −1.5.
    const LOSSES: [f64; 16] = [
        -2.0, -1.5, -1.0, -1.0, -1.0, -1.0, 0.0, 0.0, 0.0, 0.0, -1.0, -2.5, -1.75, -1.0, -1.75,
        -1.5,
    ];

    #[test]
    fn two_forecasters_by_hand() {
        let (layout, mut found) = (Layout::new(2, 2), Vec::new());
        of_forecasters(layout, &LOSSES, Solo::Coalitions, &mut found);
        assert_eq!(found, [0.5 * 0.25 + 0.5 * 0.25, 0.5 * 1.0 + 0.5 * 0.0]);
        of_forecasters(layout, &LOSSES, Solo::Printed, &mut found);
        assert_eq!(found, [0.75 * 0.25 + 0.25 * 0.25, 0.75 * 1.0]);
        of_inferers(layout, &LOSSES, &mut found);
        assert_eq!(found, [1.0, -0.5]);
    }

    #[test]
    fn the_only_one_of_a_class_has_no_score() {
        let layout = Layout::new(1, 1);
        let (losses, mut found) = (vec![-1.0; layout.len()], Vec::new());
        of_inferers(layout, &losses, &mut found);
        assert_eq!(found, [0.0]);
        of_forecasters(layout, &losses, Solo::Coalitions, &mut found);
        assert_eq!(found, [0.0]);
    }

    #[test]
    fn a_loss_nobody_reported_takes_its_part_away() {
        let (layout, mut found, mut losses) = (Layout::new(2, 2), Vec::new(), LOSSES);
        losses[layout.one_ins().start] = f64::NAN;
        losses[layout.one_outs().start] = f64::NAN;
        of_forecasters(layout, &losses, Solo::Coalitions, &mut found);
        assert_eq!(found, [0.5 * 0.25, 0.5]);
        of_inferers(layout, &losses, &mut found);
        assert_eq!(found, [0.0, -0.5]);
    }

    #[test]
    fn a_thousand_forecasters_leave_one_in_scores_no_part() {
        assert_eq!(solo_part(Solo::Coalitions, 5000), 0.0);
        assert_eq!(solo_part(Solo::Coalitions, 3), 0.25);
    }
}
