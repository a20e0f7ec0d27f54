//! The truth is known: reports become losses, regrets, scores and fractions.

use allonet_core::money::Amount;
use allonet_core::time::Instant;

use crate::consensus::Reports;
use crate::epoch::{Settled, settle};
use crate::layout::Layout;
use crate::life::books::{Report, Waiting};
use crate::life::closing::Desk;
use crate::life::money::Shares;
use crate::life::{Closed, Id, Reason, Role, Rules, Scored, Topic, UNPAID};
use crate::loss::Loss;

impl Topic {
    /// Scores an epoch by what was reported.
    pub(super) fn close_reports(&mut self, epoch: u64, time: Instant) {
        let Some(waiting) = self.waiting.remove(&epoch) else { return };
        let least = self.rules.minimum_stake;
        let heard = waiting.reports.keys().filter(|id| self.stakes.of(id) >= least);
        let came: Vec<Id> = heard.cloned().collect();
        if came.is_empty() {
            return self.skip(epoch, time, Reason::NoReports);
        }
        let (rules, places) = (self.rules.sortition, self.rules.places.reputers);
        let (reputers, left_out) = self.reputers.draw(&rules, Role::Reputer, epoch, came, places);
        let losses = losses(&self.rules, &waiting, &reputers);
        let stakes: Vec<Amount> = reputers.iter().map(|id| self.stakes.of(id)).collect();
        let Some(settled) = self.settle(&waiting, &reputers, &stakes, &losses) else {
            return self.skip(epoch, time, Reason::NoReports);
        };
        self.learn(&waiting, &reputers, &left_out, &settled);
        self.unpaid.insert(epoch, Shares::of(&waiting, &reputers, &settled));
        while self.unpaid.len() > UNPAID {
            self.unpaid.pop_first();
        }
        let Waiting { inferers, forecasters, .. } = waiting;
        self.news.push(Closed::Scored(Scored {
            epoch,
            time,
            inferers,
            forecasters,
            reputers,
            reputers_left_out: left_out,
            stakes,
            settled,
        }));
    }

    /// Settles with the memory of those who took part, and puts it back; none
    /// where the loss of the network inference is not known.
    fn settle(
        &mut self,
        waiting: &Waiting,
        reputers: &[Id],
        stakes: &[Amount],
        losses: &[f64],
    ) -> Option<Settled> {
        let Waiting { inferers, forecasters, .. } = waiting;
        let stakes: Vec<f64> = stakes.iter().map(|stake| stake.to_f64()).collect();
        let reports = Reports { losses, stakes: &stakes };
        let Desk { memory, scratch, .. } = &mut self.desk;
        self.books.gather(inferers, forecasters, reputers, memory);
        let settled = settle(&self.rules.settings, waiting.layout(), memory, &reports, scratch);
        if !settled.losses[Layout::NETWORK].is_finite() {
            return None;
        }
        self.books.scatter(inferers, forecasters, reputers, memory);
        Some(settled)
    }

    /// Scores of sortition, and the regret of newcomers.
    fn learn(&mut self, waiting: &Waiting, reputers: &[Id], left_out: &[Id], settled: &Settled) {
        let rules = &self.rules.sortition;
        let Waiting { inferers, forecasters, .. } = waiting;
        let workers = [
            (&mut self.inferers, inferers, &settled.inferer_scores, &waiting.inferers_left_out),
            (
                &mut self.forecasters,
                forecasters,
                &settled.forecaster_scores,
                &waiting.forecasters_left_out,
            ),
        ];
        for (class, active, scores, passive) in workers {
            // What the only one of a class adds is not known.
            let scores = if active.len() > 1 { &scores[..] } else { &[] };
            class.learn(rules, active, scores, passive);
        }
        self.reputers.learn(rules, reputers, &settled.heard.scores, left_out);
        let workers = [(&self.inferers, &inferers[..]), (&self.forecasters, &forecasters[..])];
        let regrets = &self.desk.memory.regrets.network;
        self.books.set_initial_regret(&self.rules.settings, workers, regrets);
    }
}

/// A row of log10 losses for each reputer, NaN where it gave none.
fn losses(rules: &Rules, waiting: &Waiting, reputers: &[Id]) -> Vec<f64> {
    let mut losses = Vec::with_capacity(reputers.len() * waiting.layout().len());
    let mut own = Vec::new();
    for reputer in reputers {
        match &waiting.reports[reputer] {
            Report::Losses(given) => {
                losses.extend(given.iter().map(|loss| loss.unwrap_or(f64::NAN)));
            }
            Report::Truth(truth) => {
                by_truth(rules.loss, truth, &waiting.values, &mut own);
                losses.extend_from_slice(&own);
            }
        }
    }
    losses
}

/// The losses of all inferences, each with its values for all labels.
fn by_truth(loss: Loss, truth: &[f64], values: &[Vec<Option<f64>>], out: &mut Vec<f64>) {
    let places = values.first().map_or(0, Vec::len);
    let rows = (0..places).flat_map(|place| values.iter().map(move |label| label[place]));
    let rows: Vec<f64> = rows.map(|value| value.unwrap_or(f64::NAN)).collect();
    loss.log10_losses(&rows, truth, out);
}
