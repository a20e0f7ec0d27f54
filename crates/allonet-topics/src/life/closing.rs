//! The passing of time: windows close in order, and a network inference is made.

use allonet_core::time::Instant;

use crate::epoch::Scratch;
use crate::layout::Layout;
use crate::life::books::{Collecting, Waiting};
use crate::life::regrets::Row;
use crate::life::{Closed, Id, Inference, Label, Reason, Role, Skipped, Topic};
use crate::memory::Memory;
use crate::synthesis::intervals::{Interval, QUANTILES, intervals};
use crate::synthesis::{Inputs, Synthesis, synthesise};

/// Room to work in, used again from epoch to epoch.
#[derive(Clone, Debug)]
pub(super) struct Desk {
    pub(super) memory: Memory,
    pub(super) scratch: Scratch,
    pub(super) synthesis: Synthesis,
}

impl Default for Desk {
    fn default() -> Self {
        let memory = Memory::new(Layout::new(0, 0), 0);
        Self { memory, scratch: Scratch::default(), synthesis: Synthesis::default() }
    }
}

/// What closes next. At one moment the first of these comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Next {
    Reports(u64),
    Release,
    Inferences,
}

impl Topic {
    /// Closes everything that ends at a moment or before.
    pub(super) fn move_to(&mut self, now: Instant) {
        while let Some((time, next)) = self.soonest().filter(|(time, _)| *time <= now) {
            match next {
                Next::Reports(epoch) => self.close_reports(epoch, time),
                Next::Release => self.release(),
                Next::Inferences if self.collecting.contains_key(&self.next) => {
                    self.close_inferences(time);
                }
                Next::Inferences => self.skip_empty(now),
            }
        }
        self.now = self.now.max(Some(now));
    }

    fn soonest(&self) -> Option<(Instant, Next)> {
        let reports = self
            .waiting
            .first_key_value()
            .map(|(epoch, _)| (self.rules.reports_close(*epoch), Next::Reports(*epoch)));
        let release = self.stakes.next_release().map(|due| (due, Next::Release));
        let inferences = (self.rules.inferences_close(self.next), Next::Inferences);
        [reports, release, Some(inferences)].into_iter().flatten().min()
    }

    /// Passes, in one go, over epochs that nobody submitted anything to: all
    /// that close before anything else does.
    fn skip_empty(&mut self, now: Instant) {
        let other = self.waiting.keys().next().map(|epoch| self.rules.reports_close(*epoch));
        let other = other.into_iter().chain(self.stakes.next_release()).min();
        let closes = self.rules.inferences_close(self.next);
        // Reports and releases of the same moment come first.
        let before = other.map_or(i64::MAX, |other| other.unix() - 1);
        let until = now.unix().min(before);
        let more =
            u64::try_from(until - closes.unix()).unwrap_or(0) / self.rules.schedule.epoch_secs;
        let first = self.next;
        let mut last = first + more;
        if let Some(served) = self.collecting.keys().next() {
            last = last.min(served - 1);
        }
        self.next = last + 1;
        self.fees.weigh(first..=last, self.stakes.staked(), &self.rules.activation);
        self.skipped(first, last, self.rules.inferences_close(last), Reason::Empty);
    }

    fn skipped(&mut self, first: u64, last: u64, time: Instant, reason: Reason) {
        self.news.push(Closed::Skipped(Skipped { first, last, time, reason }));
    }

    pub(super) fn skip(&mut self, epoch: u64, time: Instant, reason: Reason) {
        self.skipped(epoch, epoch, time, reason);
    }

    /// Makes the network inference of the next epoch.
    fn close_inferences(&mut self, time: Instant) {
        let epoch = self.next;
        self.next += 1;
        self.fees.weigh(epoch..=epoch, self.stakes.staked(), &self.rules.activation);
        let Some(collected) = self.collecting.remove(&epoch) else { return };
        if collected.inferences.is_empty() {
            return self.skip(epoch, time, Reason::NoInferences);
        }
        if self.fees.weight() < self.rules.activation.minimum {
            return self.skip(epoch, time, Reason::BelowWeight);
        }
        let Collecting { inferences, mut forecasts, .. } = collected;
        let (rules, places) = (self.rules.sortition, self.rules.places);
        let came: Vec<Id> = inferences.keys().cloned().collect();
        let (inferers, inferers_left_out) =
            self.inferers.draw(&rules, Role::Inferer, epoch, came, places.inferers);
        forecasts.retain(|_, losses| {
            losses.retain(|id, _| inferers.binary_search(id).is_ok());
            !losses.is_empty()
        });
        let came: Vec<Id> = forecasts.keys().cloned().collect();
        let (forecasters, forecasters_left_out) =
            self.forecasters.draw(&rules, Role::Forecaster, epoch, came, places.forecasters);
        let matrix = matrix(&inferers, &forecasters, &forecasts);
        let inferences: Vec<&[f64]> = inferers.iter().map(|id| &inferences[id][..]).collect();
        let labels = self.synthesise(&inferers, &forecasters, &inferences, &matrix);
        let optional = |value: &f64| Some(*value).filter(|value| value.is_finite());
        let values =
            labels.iter().map(|label| label.values.iter().map(optional).collect()).collect();
        let Synthesis { weights, naive_weights, .. } = &self.desk.synthesis;
        self.news.push(Closed::Inference(Inference {
            epoch,
            time,
            inferers: inferers.clone(),
            forecasters: forecasters.clone(),
            inferers_left_out: inferers_left_out.clone(),
            forecasters_left_out: forecasters_left_out.clone(),
            weights: weights.clone(),
            naive_weights: naive_weights.clone(),
            labels,
        }));
        let reports = std::collections::BTreeMap::new();
        let waiting = Waiting {
            inferers,
            forecasters,
            inferers_left_out,
            forecasters_left_out,
            values,
            reports,
        };
        self.waiting.insert(epoch, waiting);
    }

    /// The inferences for each label; all have the same weights.
    fn synthesise(
        &mut self,
        inferers: &[Id],
        forecasters: &[Id],
        inferences: &[&[f64]],
        forecasts: &[f64],
    ) -> Vec<Label> {
        let Desk { memory, synthesis, .. } = &mut self.desk;
        self.books.gather_regrets(inferers, forecasters, memory);
        let layout = Layout::new(inferers.len(), forecasters.len());
        let mut labels = Vec::with_capacity(self.rules.arity());
        for at in 0..self.rules.arity() {
            let inferences: Vec<f64> = inferences.iter().map(|values| values[at]).collect();
            let inputs = Inputs {
                layout,
                inferences: &inferences,
                forecasts,
                last_loss: self.books.network_loss(),
                regrets: &memory.regrets,
            };
            synthesise(&self.rules.settings, &inputs, synthesis);
            let own = &synthesis.values[layout.workers_own()];
            // After a median nobody has a weight; then all count alike.
            let alike = synthesis.weights.iter().all(|weight| *weight == 0.0);
            let even = vec![1.0; if alike { own.len() } else { 0 }];
            let weights = if alike { &even } else { &synthesis.weights };
            let network = synthesis.network();
            let interval = intervals(Interval::Plain, own, weights, network, &QUANTILES);
            let name = self.rules.labels.get(at).cloned().unwrap_or_default();
            labels.push(Label { name, values: synthesis.values.clone(), interval });
        }
        labels
    }
}

/// A row for each forecaster, a column for each inferer; NaN where there is no
/// forecast.
fn matrix(
    inferers: &[Id],
    forecasters: &[Id],
    forecasts: &std::collections::BTreeMap<Id, Row>,
) -> Vec<f64> {
    let mut matrix = Vec::with_capacity(inferers.len() * forecasters.len());
    for forecaster in forecasters {
        crate::life::regrets::fetch(&forecasts[forecaster], inferers, f64::NAN, &mut matrix);
    }
    matrix
}
