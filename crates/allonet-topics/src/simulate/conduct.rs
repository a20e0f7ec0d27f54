//! How participants behave who do not do as the experiment foresees.
//!
//! A conduct sees what such a participant could see and changes what it sends.
//! It does not change the random numbers, so that a seed with it and one without
//! differ by the conduct alone.

use crate::layout::Layout;
use crate::memory::Memory;

use super::world::World;

/// What is known while an epoch goes on.
#[derive(Debug)]
pub struct View<'a> {
    /// Epochs before this one.
    pub epoch: usize,
    /// Order of inferences and losses.
    pub layout: Layout,
    /// The target; nobody knows it before the reports.
    pub target: f64,
    /// What the topic remembers.
    pub memory: &'a Memory,
    /// The inferences of the epoch before, by inferer; empty in the first.
    pub before: &'a [f64],
}

/// A conduct; what it leaves alone is honest.
pub trait Conduct {
    /// Before an epoch: participants and stakes.
    fn prepare(&mut self, _epoch: usize, _world: &mut World) {}

    /// Inferences, by inferer, while they can still be changed.
    fn infer(&mut self, _view: &View<'_>, _inferences: &mut [f64]) {}

    /// Forecasted losses, a row for each forecaster, a column for each inferer.
    fn forecast(&mut self, _view: &View<'_>, _forecasts: &mut [f64]) {}

    /// Losses seen, a row for each reputer in the order of the layout.
    fn report(&mut self, _view: &View<'_>, _losses: &mut [f64]) {}
}

/// Everybody is honest.
#[derive(Clone, Copy, Debug, Default)]
pub struct Honest;

impl Conduct for Honest {}
