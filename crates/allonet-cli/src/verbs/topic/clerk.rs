//! Gives events to a topic, pays for each epoch it scores, and keeps what came of
//! them. A run and its replay have the same clerk, and so the same result.

use std::collections::BTreeMap;

use allonet_core::event::Event;
use allonet_core::fault::Fault;
use allonet_core::money::Amount;
use allonet_core::time::Instant;
use allonet_topics::feed::{self, Row};
use allonet_topics::layout::Layout;
use allonet_topics::life::{
    Closed, Id, Inference, Payout, Places, Rejected, Role as Part, Rules, Schedule, Scored, Topic,
};
use serde_json::Value;

use super::outcome::{Epoch, Role};
use super::spec::Spec;
use crate::diagnose::{Exit, Failure};

/// A topic and what came of it so far.
#[derive(Debug)]
pub(super) struct Clerk {
    pub(super) topic: Topic,
    emission: Amount,
    /// What was, by epoch; nothing in a replay.
    truths: Vec<f64>,
    /// Everybody, in the order of the topic file.
    pub(super) names: Vec<(String, Role)>,
    /// Their places in it, by role and id.
    places: BTreeMap<(Part, String), usize>,
    inferers: usize,
    /// Forecasted losses that were taken, by epoch.
    forecasts: BTreeMap<u64, BTreeMap<String, BTreeMap<String, f64>>>,
    /// Inferences whose truth is awaited.
    waiting: BTreeMap<u64, Inference>,
    pub(super) epochs: Vec<Epoch>,
    /// What each has earned, staked at once or paid.
    pub(super) earned: BTreeMap<Id, Amount>,
    pub(super) feed: Vec<Row>,
    pub(super) refused: Vec<(Event, Rejected)>,
}

/// The rules that a topic file means.
pub(super) fn rules(spec: &Spec) -> Rules {
    let schedule = Schedule {
        start: spec.start,
        epoch_secs: spec.epoch_secs,
        submission_secs: spec.epoch_secs / 2,
        reveal_secs: 0,
        truth_lag_epochs: spec.lag as u64,
        report_secs: spec.epoch_secs / 4,
    };
    let mut rules = Rules::new(spec.name.clone(), schedule);
    rules.settings = spec.settings;
    rules.loss = spec.loss;
    rules.forecast_elements = spec.inferers.len().max(1);
    rules.places = Places {
        inferers: spec.inferers.len().max(1),
        forecasters: spec.forecasters.len(),
        reputers: spec.reputers.len().max(1),
    };
    rules
}

impl Clerk {
    /// For a topic at its beginning; the truths only go into the tables.
    pub(super) fn new(spec: &Spec, truths: &[f64]) -> Result<Self, Failure> {
        let topic =
            Topic::new(rules(spec)).map_err(|error| Fault::new("bad-rules", error.to_string()))?;
        let inferers = spec.inferers.iter().map(|worker| (worker.id.clone(), Role::Inferer));
        let forecasters =
            spec.forecasters.iter().map(|worker| (worker.id.clone(), Role::Forecaster));
        let reputers = spec.reputers.iter().map(|reputer| (reputer.id.clone(), Role::Reputer));
        let names: Vec<(String, Role)> = inferers.chain(forecasters).chain(reputers).collect();
        let place = |(at, (id, role)): (usize, &(String, Role))| ((part(*role), id.clone()), at);
        Ok(Self {
            topic,
            emission: spec.emission,
            truths: truths.to_vec(),
            places: names.iter().enumerate().map(place).collect(),
            names,
            inferers: spec.inferers.len(),
            forecasts: BTreeMap::new(),
            waiting: BTreeMap::new(),
            epochs: Vec::new(),
            earned: BTreeMap::new(),
            feed: Vec::new(),
            refused: Vec::new(),
        })
    }

    /// Gives an event to the topic.
    pub(super) fn take(&mut self, event: &Event) -> Result<(), Failure> {
        match self.topic.take(event) {
            Ok(()) if event.action == "forecast" => self.keep_forecast(event),
            Ok(()) => {}
            Err(rejected) => self.refused.push((event.clone(), rejected)),
        }
        self.advance(event.time)
    }

    fn keep_forecast(&mut self, event: &Event) {
        let Some(epoch) = event.whole("epoch") else { return };
        let losses = event.fields.get("losses").and_then(Value::as_object).into_iter().flatten();
        let losses = losses.filter_map(|(id, loss)| Some((id.clone(), loss.as_f64()?))).collect();
        self.forecasts.entry(epoch).or_default().insert(event.actor.clone(), losses);
    }

    /// Lets time pass.
    pub(super) fn advance(&mut self, now: Instant) -> Result<(), Failure> {
        for closed in self.topic.advance(now) {
            match closed {
                Closed::Inference(inference) => {
                    self.waiting.insert(inference.epoch, inference);
                }
                Closed::Scored(scored) => self.score(&scored)?,
                Closed::Skipped(_) | Closed::Released(_) => {}
            }
        }
        Ok(())
    }

    fn score(&mut self, scored: &Scored) -> Result<(), Failure> {
        let Some(inference) = self.waiting.remove(&scored.epoch) else { return Ok(()) };
        let payouts = self.topic.reward(scored.epoch, self.emission).map_err(|error| {
            let fault = Fault::new("no-reward", error.to_string());
            Failure { exit: Exit::Refused, faults: vec![fault] }
        })?;
        for payout in &payouts {
            let earned = self.earned.entry(payout.id.clone()).or_default();
            *earned = earned
                .add(payout.own, "rewards")
                .map_err(|error| Fault::new("no-reward", error.to_string()))?;
        }
        let forecasts = self.forecasts.remove(&scored.epoch).unwrap_or_default();
        let epoch = self.epoch(scored, &inference, &payouts);
        self.feed.extend(self.rows(scored, &inference, &payouts, &forecasts));
        self.epochs.push(epoch);
        Ok(())
    }

    fn truth(&self, epoch: u64) -> f64 {
        self.truths.get(number(epoch)).copied().unwrap_or(f64::NAN)
    }

    /// Where somebody stands in the topic file.
    fn place(&self, role: Part, id: &str) -> Option<usize> {
        self.places.get(&(role, id.to_owned())).copied()
    }

    fn epoch(&self, scored: &Scored, inference: &Inference, payouts: &[Payout]) -> Epoch {
        let layout = inference.layout();
        let label = &inference.labels[0];
        let losses = &scored.settled.losses;
        let workers = self.places_of(inference);
        let spread = |values: &[f64], empty: f64| {
            let mut spread = vec![empty; self.names.len()];
            for (place, value) in workers.iter().zip(values) {
                if let Some(at) = place {
                    spread[*at] = *value;
                }
            }
            spread
        };
        let settled = &scored.settled;
        let mut scores = [settled.inferer_scores.as_slice(), &settled.forecaster_scores].concat();
        scores = spread(&scores, f64::NAN);
        for (id, score) in scored.reputers.iter().zip(&settled.heard.scores) {
            if let Some(at) = self.place(Part::Reputer, id) {
                scores[at] = *score;
            }
        }
        let mut rewards = vec![Amount::ZERO; self.names.len()];
        for payout in payouts {
            if let Some(at) = self.place(payout.role, &payout.id) {
                rewards[at] = whole(payout);
            }
        }
        Epoch {
            number: number(scored.epoch),
            truth: self.truth(scored.epoch),
            network: label.network(),
            naive: label.naive(),
            values: spread(&label.values[layout.workers_own()], f64::NAN),
            interval: label.interval.clone(),
            network_loss: losses[Layout::NETWORK],
            naive_loss: losses[Layout::NAIVE],
            losses: spread(&losses[layout.workers_own()], f64::NAN),
            one_outs: spread(&losses[layout.one_outs()], f64::NAN),
            weights: spread(&inference.weights, 0.0),
            scores,
            rewards,
        }
    }

    /// Places in the topic file of those who took part.
    fn places_of(&self, inference: &Inference) -> Vec<Option<usize>> {
        let inferers = inference.inferers.iter().map(|id| self.place(Part::Inferer, id));
        let forecasters = inference.forecasters.iter().map(|id| self.place(Part::Forecaster, id));
        inferers.chain(forecasters).collect()
    }

    fn rows(
        &self,
        scored: &Scored,
        inference: &Inference,
        payouts: &[Payout],
        forecasts: &BTreeMap<String, BTreeMap<String, f64>>,
    ) -> Vec<Row> {
        let names = |ids: &[allonet_topics::life::Id]| -> Vec<String> {
            ids.iter().map(ToString::to_string).collect()
        };
        let (inferers, forecasters) = (names(&inference.inferers), names(&inference.forecasters));
        let reputers = names(&scored.reputers);
        let loss = |of: &String, about: &String| {
            forecasts.get(of).and_then(|losses| losses.get(about)).copied().unwrap_or(f64::NAN)
        };
        let forecasts: Vec<f64> = (forecasters.iter())
            .flat_map(|of| inferers.iter().map(move |about| loss(of, about)))
            .collect();
        let regret = |id: &String, role: Part| self.topic.regret(id, role).unwrap_or(f64::NAN);
        let regrets = inferers.iter().map(|id| regret(id, Part::Inferer));
        let regrets = regrets.chain(forecasters.iter().map(|id| regret(id, Part::Forecaster)));
        let settled = &scored.settled;
        let scores =
            [settled.inferer_scores.as_slice(), &settled.forecaster_scores, &settled.heard.scores];
        let rewards: Vec<Amount> = payouts.iter().map(whole).collect();
        feed::rows(&feed::Epoch {
            epoch: scored.epoch,
            truth: self.truth(scored.epoch),
            layout: inference.layout(),
            inferers: &inferers,
            forecasters: &forecasters,
            reputers: &reputers,
            values: &inference.labels[0].values,
            losses: &settled.losses,
            weights: &inference.weights,
            forecasts: &forecasts,
            regrets: &regrets.collect::<Vec<f64>>(),
            scores: &scores.concat(),
            rewards: &rewards,
        })
    }

    /// Losses of inferers in an epoch that was scored.
    pub(super) fn losses_of_inferers<'a>(&self, epoch: &'a Epoch) -> &'a [f64] {
        &epoch.losses[..self.inferers]
    }
}

fn number(epoch: u64) -> usize {
    usize::try_from(epoch).unwrap_or(usize::MAX)
}

/// What came of somebody's part, with what delegators have of it.
fn whole(payout: &Payout) -> Amount {
    payout.own.add(payout.delegated, "a payout").expect("parts of an amount fit in it")
}

fn part(role: Role) -> Part {
    match role {
        Role::Inferer => Part::Inferer,
        Role::Forecaster => Part::Forecaster,
        Role::Reputer => Part::Reputer,
    }
}
