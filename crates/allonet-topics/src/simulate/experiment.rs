//! Runs the experiment: every epoch from inferences to rewards, every seed on
//! its own.
//!
//! # Formula
//!
//! Each epoch: a target, inferences around it, forecasted losses, the synthesis
//! (Eq 1 to 11), losses as reputers see them, the settlement (Eq 12 to 47) and
//! reputers' rewards added to their stakes. See [`super::design`].
//!
//! # Units and shapes
//!
//! Losses are log10 of squared errors. Tables of a [`Trace`] have a row for each
//! epoch.
//!
//! # Limits
//!
//! A seed is a numbered part of one stream: results are the same bytes for any
//! number of threads. An inference that hits the target to the last bit counts
//! as a loss of −300.
//!
//! # Sources
//!
//! Kruijssen et al. (2024), section 3.3.
//!
//! # Example
//!
//! ```
//! use allonet_topics::simulate::design::Design;
//! use allonet_topics::simulate::experiment::run;
//!
//! let design = Design { epochs: 50, ..Design::default() };
//! let outcomes = run(&design, 8, 1)?;
//! let better = outcomes.iter().filter(|one| one.gap(0..50) > 0.0).count();
//! assert_eq!(better, 8); // the network beats the naive network in each
//! # Ok::<(), allonet_topics::simulate::design::DesignError>(())
//! ```

use std::ops::Range;

use allonet_core::maths;
use rayon::prelude::*;

use super::conduct::{Conduct, Honest, View};
use super::design::{Design, DesignError, Insight, Turns};
use super::normal::Normals;
use super::world::{Inferer, World, least};
use crate::consensus::Reports;
use crate::epoch::{Scratch, Settled, settle_into};
use crate::kernel;
use crate::layout::Layout;
use crate::memory::Memory;
use crate::synthesis::{Inputs, Synthesis, synthesise};

/// How fast experience comes, in each epoch.
const EXPERIENCE: f64 = 0.03;
/// Factor on error and bias of the worker who does better.
const BETTER: f64 = 0.3;
/// log10 of that factor on the squared error.
const BETTER_LOSS: f64 = -1.045_757_490_560_675;
/// Standard deviation of the target.
const TARGET: f64 = 0.1;
/// What forecasters say who have seen nothing: log10 of a squared error of 0.2.
const UNKNOWN_LOSS: f64 = -1.397_940_008_672_037_6;
/// The least squared error.
const LEAST: f64 = 1e-300;

/// What happened in a seed, epoch by epoch.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Trace {
    /// True log10 losses: network, naive, inferers, forecast-implied.
    pub losses: Vec<f64>,
    /// Losses of network and naive inference as reputers reported them.
    pub reported: Vec<f64>,
    /// Shares of inferers, forecasters and reputers in the reward.
    pub shares: Vec<f64>,
    /// Their entropies.
    pub entropies: Vec<f64>,
    /// The part of the workers' reward that forecasting could have.
    pub chi: Vec<f64>,
    /// Rewards by inferer, forecaster and reputer.
    pub rewards: Vec<f64>,
    /// Listening coefficients by reputer.
    pub coefficients: Vec<f64>,
    /// Part of the stake that is listened to.
    pub listened: Vec<f64>,
}

/// A seed of the experiment.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// Order of losses, with copies among the inferers.
    pub layout: Layout,
    /// Who took part, with their stakes after the last epoch.
    pub world: World,
    /// What happened.
    pub trace: Trace,
}

/// Runs so many seeds of a design where everybody is honest, in parallel.
pub fn run(design: &Design, seeds: usize, seed: u64) -> Result<Vec<Outcome>, DesignError> {
    run_with(design, seeds, seed, || Honest)
}

/// Runs so many seeds with a conduct, a new one for each seed.
pub fn run_with<C: Conduct>(
    design: &Design,
    seeds: usize,
    seed: u64,
    conduct: impl Fn() -> C + Sync,
) -> Result<Vec<Outcome>, DesignError> {
    design.check()?;
    let one = |number: usize| {
        let normals = Normals::part(seed, number as u64);
        Run::new(design, normals).finish(&mut conduct())
    };
    Ok((0..seeds).into_par_iter().map(one).collect())
}

impl Outcome {
    /// Losses of an epoch: network, naive, inferers, forecast-implied.
    pub fn losses(&self, epoch: usize) -> &[f64] {
        let width = 2 + self.layout.workers();
        &self.trace.losses[epoch * width..(epoch + 1) * width]
    }

    /// Number of epochs.
    pub fn epochs(&self) -> usize {
        self.trace.chi.len()
    }

    /// Mean log10 loss at a position of [`Outcome::losses`].
    pub fn mean_loss(&self, at: usize, epochs: Range<usize>) -> f64 {
        let count = epochs.len() as f64;
        epochs.map(|epoch| self.losses(epoch)[at]).sum::<f64>() / count
    }

    /// log10 of the mean loss itself, where large losses count for more.
    pub fn log_mean_loss(&self, at: usize, epochs: Range<usize>) -> f64 {
        let count = epochs.len() as f64;
        let raw = |epoch| maths::exp(std::f64::consts::LN_10 * self.losses(epoch)[at]);
        maths::ln(epochs.map(raw).sum::<f64>() / count) / std::f64::consts::LN_10
    }

    /// How much lower the network's mean log10 loss is than the naive one's.
    pub fn gap(&self, epochs: Range<usize>) -> f64 {
        self.mean_loss(Layout::NAIVE, epochs.clone()) - self.mean_loss(Layout::NETWORK, epochs)
    }

    /// The lowest mean log10 loss among positions of the layout.
    pub fn best(&self, positions: Range<usize>, epochs: &Range<usize>) -> f64 {
        positions.map(|at| self.mean_loss(at, epochs.clone())).fold(f64::INFINITY, f64::min)
    }

    /// All rewards of a participant: inferers, forecasters, then reputers.
    pub fn reward(&self, participant: usize) -> f64 {
        let width = self.layout.workers() + self.world.reputers.len();
        self.trace.rewards.iter().skip(participant).step_by(width).sum()
    }

    /// All rewards of some participants.
    pub fn rewards(&self, participants: Range<usize>) -> f64 {
        participants.map(|participant| self.reward(participant)).sum()
    }

    /// The one of some participants who earned most, counted from the first of
    /// them.
    pub fn richest(&self, participants: Range<usize>) -> usize {
        least(participants.map(|participant| -self.reward(participant)))
    }

    /// A column of a table of the trace, on average over epochs.
    pub fn mean_of(&self, table: &[f64], column: usize, epochs: Range<usize>) -> f64 {
        let width = table.len() / self.epochs();
        let count = epochs.len() as f64;
        epochs.map(|epoch| table[epoch * width + column]).sum::<f64>() / count
    }
}

/// A seed under way; all buffers are made once.
struct Run<'a> {
    design: &'a Design,
    layout: Layout,
    normals: Normals,
    world: World,
    memory: Memory,
    synthesis: Synthesis,
    scratch: Scratch,
    settled: Settled,
    inferences: Vec<f64>,
    before: Vec<f64>,
    forecasts: Vec<f64>,
    /// True losses by position.
    losses: Vec<f64>,
    /// Losses as reputers see them, then as they report them.
    seen: Vec<f64>,
    reported: Vec<f64>,
    /// What forecasters remember of inferers: forecaster, phase, inferer.
    known: Vec<f64>,
    trace: Trace,
}

impl<'a> Run<'a> {
    fn new(design: &'a Design, mut normals: Normals) -> Self {
        let layout = design.layout();
        let world = World::draw(design, &mut normals);
        let (reputers, epochs) = (design.reputers, design.epochs);
        let period = match design.insight {
            Insight::Past { period } => period.max(1),
            Insight::Realised | Insight::Nothing => 0,
        };
        let table = |width: usize| Vec::with_capacity(epochs * width);
        Self {
            design,
            layout,
            normals,
            world,
            memory: Memory::new(layout, reputers),
            synthesis: Synthesis::default(),
            scratch: Scratch::default(),
            settled: Settled::default(),
            inferences: Vec::with_capacity(layout.inferers),
            before: Vec::with_capacity(layout.inferers),
            forecasts: Vec::with_capacity(layout.inferers * layout.forecasters),
            losses: Vec::with_capacity(layout.len()),
            seen: Vec::with_capacity(reputers * layout.len()),
            reported: Vec::with_capacity(reputers * layout.len()),
            known: vec![UNKNOWN_LOSS; layout.forecasters * period * layout.inferers],
            trace: Trace {
                losses: table(2 + layout.workers()),
                reported: table(2),
                shares: table(3),
                entropies: table(3),
                chi: table(1),
                rewards: table(layout.workers() + reputers),
                coefficients: table(reputers),
                listened: table(1),
            },
        }
    }

    fn finish(mut self, conduct: &mut impl Conduct) -> Outcome {
        for epoch in 0..self.design.epochs {
            self.epoch(epoch, conduct);
        }
        Outcome { layout: self.layout, world: self.world, trace: self.trace }
    }

    fn epoch(&mut self, epoch: usize, conduct: &mut impl Conduct) {
        conduct.prepare(epoch, &mut self.world);
        let target = self.normals.around(0.0, TARGET);
        let unpractised = 0.5 * (1.0 + maths::exp(-EXPERIENCE * epoch as f64));
        let better = self.infer(epoch, target, unpractised);
        let (before, layout) = (std::mem::take(&mut self.before), self.layout);
        let view = View { epoch, layout, target, memory: &self.memory, before: &before };
        conduct.infer(&view, &mut self.inferences);
        log_losses(&self.inferences, target, &mut self.losses);
        self.forecast(epoch, unpractised, better);
        let view = View { epoch, layout, target, memory: &self.memory, before: &before };
        conduct.forecast(&view, &mut self.forecasts);
        self.synthesise();
        log_losses(&self.synthesis.values, target, &mut self.losses);
        self.see();
        let view = View { epoch, layout, target, memory: &self.memory, before: &before };
        conduct.report(&view, &mut self.seen);
        self.before = before;
        self.before.clone_from(&self.inferences);
        self.settle();
        self.learn(epoch);
        self.record();
    }

    /// Draws inferences; tells who does better.
    fn infer(&mut self, epoch: usize, target: f64, unpractised: f64) -> usize {
        let Self { design, normals, world, inferences, .. } = self;
        let better = match design.turns {
            Turns::Random => normals.random().below(design.inferers),
            Turns::Rotating => epoch % design.inferers,
        };
        inferences.clear();
        for (at, Inferer { error, bias }) in world.inferers.iter().enumerate() {
            let factor = unpractised * if at == better { BETTER } else { 1.0 };
            inferences.push(target + factor * (bias + error * normals.draw()));
        }
        let first = inferences[0];
        inferences.resize(design.inferers + design.copies, first);
        better
    }

    /// Forecasts losses; those of the inferences are at hand.
    fn forecast(&mut self, epoch: usize, unpractised: f64, better: usize) {
        let Self { design, layout, normals, world, losses, forecasts, known, .. } = self;
        forecasts.clear();
        for (at, forecaster) in world.forecasters.iter().enumerate() {
            match design.insight {
                Insight::Realised => {
                    let sent = losses.iter().take(design.inferers);
                    for (inferer, loss) in sent.enumerate() {
                        let off = forecaster.bias + forecaster.error * normals.draw();
                        let unaware = if inferer == better { -BETTER_LOSS } else { 0.0 };
                        let unaware = (1.0 - forecaster.context) * unaware;
                        forecasts.push(loss + unpractised * off + unaware);
                    }
                    let first = forecasts[at * layout.inferers];
                    forecasts.resize((at + 1) * layout.inferers, first);
                }
                Insight::Past { period } => {
                    let period = period.max(1);
                    let row = (at * period + epoch % period) * layout.inferers;
                    forecasts.extend_from_slice(&known[row..row + layout.inferers]);
                }
                Insight::Nothing => {
                    forecasts.extend((0..layout.inferers).map(|_| UNKNOWN_LOSS + normals.draw()));
                }
            }
        }
    }

    fn synthesise(&mut self) {
        let inputs = Inputs {
            layout: self.layout,
            inferences: &self.inferences,
            forecasts: &self.forecasts,
            last_loss: self.memory.network_loss,
            regrets: &self.memory.regrets,
        };
        synthesise(&self.design.settings, &inputs, &mut self.synthesis);
    }

    /// Losses as each reputer sees them.
    fn see(&mut self) {
        let Self { normals, world, losses, seen, .. } = self;
        seen.clear();
        for reputer in &world.reputers {
            seen.extend(
                losses.iter().map(|loss| loss + normals.around(reputer.bias, reputer.error)),
            );
        }
    }

    /// Reports and the end of the epoch.
    fn settle(&mut self) {
        let Self { layout, world, seen, reported, memory, scratch, settled, .. } = self;
        if reported.is_empty() {
            reported.clone_from(seen);
        }
        let rows = reported.chunks_mut(layout.len()).zip(seen.chunks(layout.len()));
        for ((reported, seen), reputer) in rows.zip(&world.reputers) {
            for (reported, seen) in reported.iter_mut().zip(seen) {
                *reported = reputer.alpha * seen + (1.0 - reputer.alpha) * *reported;
            }
        }
        let reports = Reports { losses: reported, stakes: &world.stakes };
        settle_into(&self.design.settings, *layout, memory, &reports, scratch, settled);
    }

    /// What forecasters who look back take from the published losses.
    fn learn(&mut self, epoch: usize) {
        let Insight::Past { period } = self.design.insight else { return };
        let (period, inferers) = (period.max(1), self.layout.inferers);
        let published = &self.settled.losses[self.layout.inferences()];
        for at in 0..self.layout.forecasters {
            // A memory of its own length for each.
            let alpha = 0.3 / (at + 1) as f64;
            let row = (at * period + epoch % period) * inferers;
            let known = self.known[row..row + inferers].iter_mut();
            for (known, loss) in known.zip(published) {
                *known = alpha * loss + (1.0 - alpha) * *known;
            }
        }
    }

    fn record(&mut self) {
        let Self { design, layout, world, losses, settled, trace, .. } = self;
        trace.losses.extend_from_slice(&losses[..2 + layout.workers()]);
        trace.reported.extend_from_slice(&settled.losses[..2]);
        trace.shares.extend_from_slice(&settled.shares);
        trace.entropies.extend_from_slice(&settled.entropies);
        trace.chi.push(settled.utility.chi);
        let classes =
            [&settled.inferer_fractions, &settled.forecaster_fractions, &settled.reputer_fractions];
        for (fractions, share) in classes.into_iter().zip(settled.shares) {
            trace.rewards.extend(fractions.iter().map(|part| part * share * design.emission));
        }
        let earned = &trace.rewards[trace.rewards.len() - design.reputers..];
        for (stake, reward) in world.stakes.iter_mut().zip(earned) {
            *stake += reward;
        }
        trace.coefficients.extend_from_slice(&settled.heard.coefficients);
        trace.listened.push(settled.heard.listened);
    }
}

/// log10 of squared errors.
fn log_losses(values: &[f64], target: f64, losses: &mut Vec<f64>) {
    losses.clear();
    losses.extend(values.iter().map(|value| (value - target) * (value - target) + LEAST));
    kernel::log10(losses);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn short() -> Design {
        Design { epochs: 30, ..Design::default() }
    }

    #[test]
    fn threads_do_not_change_a_byte() {
        let on = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| run(&short(), 9, 5).unwrap())
        };
        let one = on(1);
        assert_eq!(one, on(4));
        assert_ne!(one[0], one[1]);
        // A seed is the same among few and many.
        assert_eq!(run(&short(), 3, 5).unwrap(), one[..3]);
    }

    #[test]
    fn rewards_of_an_epoch_are_the_emission() {
        for design in [short(), Design { inferers: 1, forecasters: 1, reputers: 1, ..short() }] {
            for outcome in run(&design, 3, 1).unwrap() {
                let width = outcome.layout.workers() + design.reputers;
                for epoch in outcome.trace.rewards.chunks(width) {
                    let sum: f64 = epoch.iter().sum();
                    assert!((sum / design.emission - 1.0).abs() < 1e-12, "{sum}");
                }
                let stakes: f64 = outcome.world.stakes.iter().sum();
                let workers = outcome.layout.workers();
                let earned = outcome.rewards(workers..width);
                let expected = design.reputers as f64 * design.stake + earned;
                assert!((stakes / expected - 1.0).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn everything_recorded_is_finite() {
        let designs = [
            Design { insight: Insight::Past { period: 1 }, ..short() },
            Design { insight: Insight::Past { period: 3 }, turns: Turns::Rotating, ..short() },
            Design { insight: Insight::Nothing, copies: 4, ..short() },
            Design { stake: 0.0, emission: 0.0, ..short() },
            Design { inferers: 1, forecasters: 2, reputers: 1, ..short() },
        ];
        for design in designs {
            for outcome in run(&design, 2, 3).unwrap() {
                let trace = &outcome.trace;
                let tables = [&trace.losses, &trace.reported, &trace.shares, &trace.entropies];
                let more = [&trace.chi, &trace.rewards, &trace.coefficients, &trace.listened];
                for table in tables.into_iter().chain(more) {
                    assert!(table.iter().all(|value| value.is_finite()), "{design:?}");
                    assert_eq!(table.len() % 30, 0);
                }
            }
        }
    }

    #[test]
    fn copies_send_what_the_first_sends() {
        let design = Design { copies: 2, ..short() };
        let outcome = &run(&design, 1, 3).unwrap()[0];
        for epoch in 0..30 {
            let losses = outcome.losses(epoch);
            assert_eq!([losses[2]; 2].map(f64::to_bits), [losses[5], losses[6]].map(f64::to_bits));
        }
    }

    #[test]
    fn forecasters_who_look_back_learn_who_is_good() {
        // With one inferer a thousand times better, its forecast comes to be lower.
        struct Star;
        impl Conduct for Star {
            fn prepare(&mut self, _epoch: usize, world: &mut World) {
                world.inferers[1] = Inferer { error: 1e-4, bias: 0.0 };
            }
            fn forecast(&mut self, view: &View<'_>, forecasts: &mut [f64]) {
                for row in forecasts.chunks(3).filter(|_| view.epoch > 20) {
                    assert!(row[1] < row[0] - 2.0 && row[1] < row[2] - 2.0, "{row:?}");
                }
            }
        }
        let design =
            Design { insight: Insight::Past { period: 1 }, smooth_reports: false, ..short() };
        run_with(&design, 2, 3, || Star).unwrap();
    }
}
