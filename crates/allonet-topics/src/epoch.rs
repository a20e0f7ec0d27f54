//! The end of an epoch: from the losses that reputers report to everybody's part
//! of the reward, and what the topic remembers.
//!
//! # Formula
//!
//! In order: losses of the network (Eq 14), regrets (Eq 15), scores (Eq 22 to
//! 26), consensus (Eq 30 to 35), reward fractions (Eq 27 to 29, 36), smoothed
//! fractions and entropies (Eq 38 to 41), utility of forecasting (Eq 43 to 45),
//! shares of the classes (Eq 42, 46).
//!
//! # Units and shapes
//!
//! See the modules named. [`rewards`](crate::rewards) turns the outcome into
//! money.
//!
//! # Limits
//!
//! - Where nobody reports the loss of the network inference, the epoch is not
//!   settled: nothing is remembered of it, all fractions and shares are 0.
//! - Without forecasters, and with one inferer alone, forecasting has no entropy.
//! - A reputer without a listening coefficient starts at 1.
//!
//! # Sources
//!
//! Kruijssen et al. (2024), sections 3.2 and 4.

use crate::consensus::{self, Heard, Reports};
use crate::division::{self, Utility};
use crate::entropy;
use crate::fractions;
use crate::layout::Layout;
use crate::memory::Memory;
use crate::scores;
use crate::settings::{Settings, Window};

/// Buffers that are used again from epoch to epoch.
#[derive(Clone, Debug, Default)]
pub struct Scratch {
    consensus: consensus::Work,
}

/// What an epoch comes to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Settled {
    /// log10 losses by position; `NaN` where nobody reports one.
    pub losses: Vec<f64>,
    /// Inferers' scores.
    pub inferer_scores: Vec<f64>,
    /// Forecasters' scores.
    pub forecaster_scores: Vec<f64>,
    /// What came of listening to reputers, their scores among it.
    pub heard: Heard,
    /// Inferers' parts of the reward of their class.
    pub inferer_fractions: Vec<f64>,
    /// Forecasters' parts.
    pub forecaster_fractions: Vec<f64>,
    /// Reputers' parts.
    pub reputer_fractions: Vec<f64>,
    /// Entropies of inferers, forecasters and reputers: `F`, `G`, `H`.
    pub entropies: [f64; 3],
    /// How much better the network inference is than the naive one (Eq 43).
    pub task_score: f64,
    /// Smoothed utility of forecasting `τ` and its part `χ`.
    pub utility: Utility,
    /// Shares of inferers, forecasters and reputers in the reward of the topic.
    pub shares: [f64; 3],
}

/// Settles an epoch.
///
/// ```
/// use allonet_topics::consensus::Reports;
/// use allonet_topics::epoch::{Scratch, settle};
/// use allonet_topics::layout::Layout;
/// use allonet_topics::memory::Memory;
/// use allonet_topics::settings::Settings;
///
/// let layout = Layout::new(2, 0);
/// let mut memory = Memory::new(layout, 1);
/// // Network, naive, two inferences, without the first, without the second.
/// let losses = [-2.0, -2.0, -3.0, -1.0, -1.0, -2.5];
/// let reports = Reports { losses: &losses, stakes: &[100.0] };
/// let settings = Settings::default();
/// let settled = settle(&settings, layout, &mut memory, &reports, &mut Scratch::default());
/// assert_eq!(settled.inferer_scores, [1.0, -0.5]);
/// assert!(settled.inferer_fractions[0] > 0.9);
/// assert_eq!(memory.network_loss, Some(-2.0));
/// ```
///
/// # Panics
///
/// If reports are not as long as the layout.
pub fn settle(
    settings: &Settings,
    layout: Layout,
    memory: &mut Memory,
    reports: &Reports<'_>,
    scratch: &mut Scratch,
) -> Settled {
    let mut settled = Settled::default();
    settle_into(settings, layout, memory, reports, scratch, &mut settled);
    settled
}

/// [`settle`] into an outcome whose buffers are used again.
///
/// # Panics
///
/// If reports are not as long as the layout.
pub fn settle_into(
    settings: &Settings,
    layout: Layout,
    memory: &mut Memory,
    reports: &Reports<'_>,
    scratch: &mut Scratch,
    settled: &mut Settled,
) {
    let reputers = reports.reputers();
    assert!(reputers == 0 || reports.columns() == layout.len(), "reports as long as the layout");
    consensus::network_losses(reports, &mut settled.losses);
    settled.losses.resize(layout.len(), f64::NAN);
    scores::of_inferers(layout, &settled.losses, &mut settled.inferer_scores);
    let solo = settings.solo;
    scores::of_forecasters(layout, &settled.losses, solo, &mut settled.forecaster_scores);
    let network_loss = settled.losses[Layout::NETWORK];
    if network_loss.is_nan() {
        unsettled(layout, memory, reputers, settled);
        return;
    }
    memory.network_loss = Some(network_loss);
    memory.regrets.update(layout, &settled.losses, settings.regret_alpha);
    memory.coefficients.resize(reputers, 1.0);
    let (work, heard) = (&mut scratch.consensus, &mut settled.heard);
    consensus::listen_into(&settings.consensus, reports, &memory.coefficients, work, heard);
    memory.coefficients.copy_from_slice(&settled.heard.coefficients);
    reward(settings, memory, reports, settled);
    divide(settings, layout, memory, settled);
}

/// Fractions of rewards in each class.
fn reward(settings: &Settings, memory: &mut Memory, reports: &Reports<'_>, settled: &mut Settled) {
    remember(&mut memory.inferer_scores, &settled.inferer_scores, settings.window);
    remember(&mut memory.forecaster_scores, &settled.forecaster_scores, settings.window);
    let classes = [
        (&settled.inferer_scores, &memory.inferer_scores, &mut settled.inferer_fractions),
        (&settled.forecaster_scores, &memory.forecaster_scores, &mut settled.forecaster_fractions),
    ];
    for (scores, recent, out) in classes {
        let spread = fractions::spread(recent, settings.window);
        fractions::of_workers(scores, spread, &settings.reward_potential, settings.epsilon, out);
    }
    let (scores, power) = (&settled.heard.scores, settings.reputer_power);
    fractions::of_reputers(reports.stakes, scores, power, &mut settled.reputer_fractions);
}

/// Shares of the classes.
fn divide(settings: &Settings, layout: Layout, memory: &mut Memory, settled: &mut Settled) {
    let classes = [
        (&settled.inferer_fractions, &mut memory.inferer_fractions),
        (&settled.forecaster_fractions, &mut memory.forecaster_fractions),
        (&settled.reputer_fractions, &mut memory.reputer_fractions),
    ];
    let present = classes.each_ref().map(|(newest, _)| !newest.is_empty());
    settled.entropies = classes.map(|(newest, smoothed)| {
        entropy::smooth(newest, settings.fraction_alpha, smoothed);
        entropy::entropy(smoothed, settings.entropy_beta)
    });
    if layout.inferers <= 1 {
        settled.entropies[1] = 0.0;
    }
    let task = settled.losses[Layout::NAIVE] - settled.losses[Layout::NETWORK];
    settled.task_score = if task.is_finite() { task } else { 0.0 };
    let (scores, alpha) = (&settled.inferer_scores, settings.utility_alpha);
    settled.utility = division::utility(settled.task_score, scores, memory.utility, alpha);
    memory.utility = settled.utility.tau;
    settled.shares = division::shares(settled.entropies, settled.utility.chi, present);
}

/// Puts the newest scores first and lets go of those no window reaches.
fn remember(recent: &mut Vec<Vec<f64>>, newest: &[f64], window: Window) {
    let keep = match window {
        Window::Epochs(epochs) => epochs.max(1),
        Window::Scores(scores) => scores.div_ceil(newest.len().max(1)).max(1),
    };
    if recent.len() < keep {
        recent.push(Vec::new());
    }
    recent.truncate(keep);
    recent.rotate_right(1);
    recent[0].clear();
    recent[0].extend_from_slice(newest);
}

/// An epoch whose network inference nobody scored.
fn unsettled(layout: Layout, memory: &Memory, reputers: usize, settled: &mut Settled) {
    let nothing = |fractions: &mut Vec<f64>, size| {
        fractions.clear();
        fractions.resize(size, 0.0);
    };
    nothing(&mut settled.inferer_fractions, layout.inferers);
    nothing(&mut settled.forecaster_fractions, layout.forecasters);
    nothing(&mut settled.reputer_fractions, reputers);
    nothing(&mut settled.heard.scores, reputers);
    nothing(&mut settled.heard.adjusted, reputers);
    settled.heard.coefficients.clone_from(&memory.coefficients);
    (settled.heard.iterations, settled.heard.listened) = (0, 0.0);
    (settled.entropies, settled.shares) = ([0.0; 3], [0.0; 3]);
    settled.task_score = 0.0;
    settled.utility = Utility { tau: memory.utility, chi: division::chi(memory.utility) };
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "these are exact")]
mod tests {
    use super::*;

    fn settle_one(layout: Layout, memory: &mut Memory, losses: &[f64], stakes: &[f64]) -> Settled {
        let reports = Reports { losses, stakes };
        settle(&Settings::default(), layout, memory, &reports, &mut Scratch::default())
    }

    #[test]
    fn an_epoch_without_a_network_loss_is_not_settled() {
        let layout = Layout::new(2, 0);
        let mut memory = Memory::new(layout, 2);
        memory.utility = 0.5;
        let before = memory.clone();
        let losses = [f64::NAN, -2.0, -3.0, -1.0, -1.0, -2.5];
        let found = settle_one(layout, &mut memory, &losses.repeat(2), &[1.0, 3.0]);
        assert_eq!(memory, before);
        assert_eq!((found.shares, found.entropies), ([0.0; 3], [0.0; 3]));
        assert_eq!(
            (found.inferer_fractions, found.reputer_fractions),
            (vec![0.0; 2], vec![0.0; 2])
        );
        assert_eq!((found.utility.tau, found.task_score), (0.5, 0.0));
        // Nobody at all.
        let found = settle_one(layout, &mut Memory::new(layout, 0), &[], &[]);
        assert!(
            found.losses.len() == layout.len() && found.losses.iter().all(|loss| loss.is_nan())
        );
        assert_eq!(found.shares, [0.0; 3]);
    }

    #[test]
    fn forecasting_has_no_entropy_without_forecasters_or_with_one_inferer() {
        let layout = Layout::new(2, 0);
        let losses = [-2.0, -2.0, -3.0, -1.0, -1.0, -2.5];
        let found = settle_one(layout, &mut Memory::new(layout, 1), &losses, &[1.0]);
        assert_eq!((found.entropies[1], found.shares[1]), (0.0, 0.0));
        assert!((found.shares.iter().sum::<f64>() - 1.0).abs() < 1e-15);
        let layout = Layout::new(1, 2);
        let losses: Vec<f64> = (0..layout.len()).map(|at| -1.0 - 0.1 * at as f64).collect();
        let found = settle_one(layout, &mut Memory::new(layout, 1), &losses, &[1.0]);
        assert_eq!((found.entropies[1], found.shares[1]), (0.0, 0.0));
        assert!((found.shares.iter().sum::<f64>() - 1.0).abs() < 1e-15);
    }

    #[test]
    fn a_reputer_without_a_coefficient_starts_at_one() {
        let layout = Layout::new(2, 0);
        let row = [-2.0, -2.0, -3.0, -1.0, -1.0, -2.5];
        let other = row.map(|loss| loss + 0.5);
        let losses = [row, other, row].concat();
        let run = |coefficients: Vec<f64>| {
            let mut memory = Memory { coefficients, ..Memory::new(layout, 0) };
            settle_one(layout, &mut memory, &losses, &[1.0, 2.0, 3.0]).heard
        };
        assert_eq!(run(vec![0.8]), run(vec![0.8, 1.0, 1.0]));
        assert_ne!(run(vec![0.8]), run(vec![0.8, 0.8, 0.8]));
    }

    #[test]
    fn a_naive_loss_that_nobody_reports_is_no_task_score() {
        let layout = Layout::new(2, 0);
        let losses = [-2.0, f64::NAN, -3.0, -1.0, -1.0, -2.5];
        let found = settle_one(layout, &mut Memory::new(layout, 1), &losses, &[1.0]);
        assert_eq!(found.task_score, 0.0);
        assert!(found.shares.iter().chain([&found.utility.tau]).all(|value| value.is_finite()));
    }
}
