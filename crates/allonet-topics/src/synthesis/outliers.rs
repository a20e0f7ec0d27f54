//! The network inference without outliers: a gross error of one worker does not
//! move what consumers read.
//!
//! # Formula
//!
//! An inference `I_j` with `|I_j − median I| > t · MAD` is dropped, where the
//! median absolute deviation `MAD` of the inferences is smoothed over epochs
//! (`α` of the newest); all is then made anew of the others.
//!
//! # Limits
//!
//! The first epoch has nothing to smooth. Where all deviate by nothing, `MAD` is
//! 0 and whoever then deviates at all is dropped; a median stays always. Weights
//! and regrets are those of the plain synthesis; only the combinations change.
//!
//! # Sources
//!
//! The chain's outlier-resistant network inference (v0.8), with threshold 11
//! and `α = 0.2`.

use super::{Inputs, Synthesis, synthesise};
use crate::layout::Layout;
use crate::memory::Regrets;
use crate::settings::Settings;
use crate::spread;

/// How outliers are told.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Outliers {
    /// Median absolute deviations from the median, beyond which one is dropped.
    pub threshold: f64,
    /// Weight of the newest median absolute deviation.
    pub alpha: f64,
}

impl Default for Outliers {
    fn default() -> Self {
        Self { threshold: 11.0, alpha: 0.2 }
    }
}

/// The synthesis without outliers.
#[derive(Clone, Debug)]
pub struct Resistant {
    /// Smoothed median absolute deviation, to be given in the next epoch.
    pub deviation: f64,
    /// Inferers that were dropped, in order.
    pub dropped: Vec<usize>,
    /// All inferences of the others, in the layout of the others; `None` where
    /// nobody was dropped: then the plain synthesis stands.
    pub others: Option<Synthesis>,
}

/// Makes all inferences anew without outliers, if there are any.
///
/// `before` is the smoothed deviation of the epoch before.
///
/// ```
/// # use allonet_topics::{layout::Layout, memory::Regrets, settings::Settings};
/// # use allonet_topics::synthesis::{Inputs, outliers::{Outliers, resist}};
/// let layout = Layout::new(4, 0);
/// let regrets = &Regrets::even(layout, 0.0);
/// let inferences = [1.0, 2.0, 3.0, 900.0];
/// let (forecasts, last_loss) = (&[], None);
/// let inputs = Inputs { layout, inferences: &inferences, forecasts, last_loss, regrets };
/// let resistant = resist(&Settings::default(), &Outliers::default(), &inputs, None);
/// assert_eq!(resistant.dropped, [3]);
/// assert_eq!(resistant.others.unwrap().network(), 2.0);
/// ```
pub fn resist(
    settings: &Settings,
    outliers: &Outliers,
    inputs: &Inputs,
    before: Option<f64>,
) -> Resistant {
    let mut sorted = inputs.inferences.to_vec();
    let Some(median) = spread::median(&mut sorted) else {
        return Resistant { deviation: before.unwrap_or(0.0), dropped: Vec::new(), others: None };
    };
    let newest = spread::median_deviation(&mut sorted);
    let deviation =
        before.map_or(newest, |before| outliers.alpha * newest + (1.0 - outliers.alpha) * before);
    let limit = outliers.threshold * deviation;
    // The nearest stays: where the deviation is 0, half of two may be on either side.
    let nearest = inputs.inferences.iter().map(|value| (value - median).abs());
    let limit = limit.max(nearest.fold(f64::INFINITY, f64::min));
    let (kept, dropped): (Vec<usize>, Vec<usize>) = (0..inputs.layout.inferers)
        .partition(|inferer| (inputs.inferences[*inferer] - median).abs() <= limit);
    if dropped.is_empty() {
        return Resistant { deviation, dropped, others: None };
    }
    let others = others(settings, inputs, &kept);
    Resistant { deviation, dropped, others: Some(others) }
}

/// The synthesis of some of the inferers and all forecasters.
fn others(settings: &Settings, inputs: &Inputs, kept: &[usize]) -> Synthesis {
    let layout = Layout::new(kept.len(), inputs.layout.forecasters);
    let pick = |row: &[f64]| kept.iter().map(|inferer| row[*inferer]).collect::<Vec<_>>();
    let forecasts: Vec<f64> =
        inputs.forecasts.chunks_exact(inputs.layout.inferers).flat_map(pick).collect();
    let regrets = regrets_of(inputs.regrets, inputs.layout, kept);
    let inferences = pick(inputs.inferences);
    let inputs = Inputs {
        layout,
        inferences: &inferences,
        forecasts: &forecasts,
        last_loss: inputs.last_loss,
        regrets: &regrets,
    };
    let mut out = Synthesis::default();
    synthesise(settings, &inputs, &mut out);
    out
}

/// The regrets of some of the inferers and all forecasters.
fn regrets_of(regrets: &Regrets, layout: Layout, kept: &[usize]) -> Regrets {
    let workers: Vec<usize> =
        kept.iter().copied().chain(layout.inferers..layout.workers()).collect();
    let of = |row: &[f64], which: &[usize]| which.iter().map(|at| row[*at]).collect::<Vec<_>>();
    let with_self: Vec<usize> = kept.iter().copied().chain([layout.inferers]).collect();
    let one_out = workers.iter().flat_map(|left_out| {
        of(&regrets.one_out[left_out * layout.workers()..][..layout.workers()], &workers)
    });
    let one_in = regrets.one_in.chunks_exact(layout.inferers + 1);
    Regrets {
        network: of(&regrets.network, &workers),
        naive: of(&regrets.naive, kept),
        one_out: one_out.collect(),
        one_in: one_in.flat_map(|row| of(row, &with_self)).collect(),
    }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "exact results")]
mod tests {
    use super::*;

    fn resistant(inferences: &[f64], before: Option<f64>) -> Resistant {
        let layout = Layout::new(inferences.len(), 1);
        let regrets = Regrets::even(layout, 0.0);
        let forecasts = vec![-1.0; inferences.len()];
        let inputs = Inputs {
            layout,
            inferences,
            forecasts: &forecasts,
            last_loss: Some(0.0),
            regrets: &regrets,
        };
        resist(&Settings::default(), &Outliers::default(), &inputs, before)
    }

    #[test]
    fn a_gross_error_is_dropped_and_all_made_anew() {
        let all = resistant(&[1.0, 2.0, 3.0, 4.0, 1e9], None);
        assert_eq!((all.deviation, all.dropped.as_slice()), (1.0, [4].as_slice()));
        let network = all.others.expect("one is dropped").network();
        assert!((network - 2.5).abs() < 1e-14, "{network}");
    }

    #[test]
    fn the_deviation_is_smoothed() {
        let all = resistant(&[1.0, 2.0, 3.0, 4.0, 30.0], Some(6.0));
        assert_eq!(all.deviation, 0.2 * 1.0 + 0.8 * 6.0);
        assert!(all.dropped.is_empty() && all.others.is_none());
    }

    #[test]
    fn somebody_stays() {
        assert!(resistant(&[1.0, 2.0], Some(0.0)).dropped.is_empty());
        assert_eq!(resistant(&[1.0, 1.0, 1.0, 1.1], None).dropped, [3]);
        assert!(resistant(&[], None).dropped.is_empty());
        assert!(resistant(&[5.0], None).dropped.is_empty());
    }

    #[test]
    fn those_left_keep_their_regrets() {
        let layout = Layout::new(3, 1);
        let numbered = |count: usize| (0..count).map(|number| number as f64).collect::<Vec<_>>();
        let regrets = Regrets {
            network: numbered(4),
            naive: numbered(3),
            one_out: numbered(16),
            one_in: numbered(4),
        };
        let kept = regrets_of(&regrets, layout, &[0, 2]);
        kept.check(Layout::new(2, 1));
        assert_eq!(kept.network, [0.0, 2.0, 3.0]);
        assert_eq!(kept.one_out, [0.0, 2.0, 3.0, 8.0, 10.0, 11.0, 12.0, 14.0, 15.0]);
        assert_eq!(kept.one_in, [0.0, 2.0, 3.0]);
    }
}
