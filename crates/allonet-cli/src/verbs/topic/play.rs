//! Plays a topic over a series: what happens in each epoch, as dated events.
//!
//! In epoch `i`, with a lag of `l`: reputers report the truth of epoch `i − l`;
//! that epoch is scored and paid; everybody learns from it; inferers and
//! forecasters speak; the network inference of epoch `i` is made. Nobody is told
//! a truth or loss of an epoch after `i − l`.

use allonet_core::event::Event;
use allonet_core::fault::Fault;
use allonet_core::random::Random;
use allonet_core::time::Instant;
use allonet_topics::life::last_moment;
use serde_json::{Map, Value, json};

use super::clerk::Clerk;
use super::data::Data;
use super::spec::Spec;
use super::workers::{Crew, Known};
use crate::diagnose::Failure;

/// The run of a topic.
#[derive(Debug)]
pub(super) struct Played {
    pub(super) clerk: Clerk,
    pub(super) events: Vec<Event>,
}

/// Plays all epochs of the data.
pub(super) fn play(spec: &Spec, data: &Data, crew: &mut Crew) -> Result<Played, Failure> {
    must_end(spec, data.truths.len())?;
    let reputers = (0_u64..).zip(&spec.reputers);
    let mut player = Player {
        spec,
        data,
        clerk: Clerk::new(spec, &data.truths)?,
        events: Vec::new(),
        noise: reputers.map(|(at, _)| Random::part(spec.seed, at)).collect(),
    };
    player.begin()?;
    let count = data.truths.len();
    for epoch in 0..count + spec.lag {
        if let Some(known) = epoch.checked_sub(spec.lag) {
            player.report(epoch, known)?;
            crew.learn(&player.known(known));
        }
        if epoch < count {
            player.submit(epoch, crew)?;
        }
    }
    let Player { mut clerk, events, .. } = player;
    if let Some(last) = events.last() {
        clerk.advance(end(spec, last.time))?;
    }
    Ok(Played { clerk, events })
}

/// All epochs end while years have four digits.
fn must_end(spec: &Spec, count: usize) -> Result<(), Failure> {
    let epochs = (count + spec.lag + 1) as u64;
    let after = epochs.checked_mul(spec.epoch_secs);
    let end = after.and_then(|secs| spec.start.unix().checked_add_unsigned(secs));
    if end.is_some_and(|end| end <= last_moment().unix()) {
        return Ok(());
    }
    let Spec { start, epoch_secs, .. } = spec;
    let message = format!("{epochs} epochs of {epoch_secs} s from {start} end after the year 9999");
    Err(Fault::new("bad-epoch", message).help("try a smaller `epoch_secs`").into())
}

/// When the reports that came last have closed.
pub(super) fn end(spec: &Spec, last: Instant) -> Instant {
    Instant::from_unix(last.unix().saturating_add_unsigned(spec.epoch_secs / 4))
}

/// So many quarters after an epoch has opened.
fn moment(spec: &Spec, epoch: usize, quarters: u64) -> Instant {
    let after = (epoch as u64).saturating_mul(spec.epoch_secs) + spec.epoch_secs / 4 * quarters;
    Instant::from_unix(spec.start.unix().saturating_add_unsigned(after))
}

struct Player<'a> {
    spec: &'a Spec,
    data: &'a Data,
    clerk: Clerk,
    events: Vec<Event>,
    noise: Vec<Random>,
}

impl Player<'_> {
    fn act(
        &mut self,
        time: Instant,
        actor: &str,
        action: &str,
        fields: Value,
    ) -> Result<(), Failure> {
        let fields = match fields {
            Value::Object(fields) => fields,
            _ => Map::new(),
        };
        let (actor, action) = (actor.to_owned(), action.to_owned());
        let event = Event { time, actor, action, fields };
        self.clerk.take(&event)?;
        self.events.push(event);
        Ok(())
    }

    /// Everybody registers, and reputers bring their stake.
    fn begin(&mut self) -> Result<(), Failure> {
        let (spec, start) = (self.spec, self.spec.start);
        for (id, role) in self.clerk.names.clone() {
            self.act(start, &id, "register", json!({ "role": role.name() }))?;
        }
        for reputer in spec.reputers.iter().filter(|reputer| !reputer.stake.is_zero()) {
            let amount = reputer.stake.to_string();
            self.act(start, &reputer.id, "stake", json!({ "amount": amount }))?;
        }
        Ok(())
    }

    /// Reputers report an epoch at the opening of a later one.
    fn report(&mut self, epoch: usize, known: usize) -> Result<(), Failure> {
        if !self.clerk.topic.awaiting_truth().any(|waiting| waiting == known as u64) {
            return Ok(());
        }
        let (spec, truth) = (self.spec, self.data.truths[known]);
        for (at, reputer) in spec.reputers.iter().enumerate() {
            let noise = if reputer.noise > 0.0 { self.noise[at].normal() } else { 0.0 };
            let said = truth + reputer.bias + reputer.noise * noise;
            let fields = json!({ "epoch": known, "truth": said });
            self.act(moment(spec, epoch, 0), &reputer.id, "report", fields)?;
        }
        self.clerk.advance(moment(spec, epoch, 1))
    }

    /// What is known of an epoch that was reported.
    fn known(&self, epoch: usize) -> Known {
        let truth = self.data.truths[epoch];
        let scored = self.clerk.epochs.iter().rev().find(|scored| scored.number == epoch);
        match scored {
            Some(scored) => Known {
                epoch,
                truth,
                network: scored.network_loss,
                naive: scored.naive_loss,
                losses: self.clerk.losses_of_inferers(scored).to_vec(),
            },
            None => Known {
                epoch,
                truth,
                network: f64::NAN,
                naive: f64::NAN,
                losses: vec![f64::NAN; self.spec.inferers.len()],
            },
        }
    }

    /// Inferers and forecasters speak.
    fn submit(&mut self, epoch: usize, crew: &mut Crew) -> Result<(), Failure> {
        let (inferred, forecast) = crew.say(epoch)?;
        let (spec, time) = (self.spec, moment(self.spec, epoch, 1));
        let before = self.events.len();
        for (worker, value) in spec.inferers.iter().zip(inferred) {
            if value.is_finite() {
                let fields = json!({ "epoch": epoch, "value": value });
                self.act(time, &worker.id, "infer", fields)?;
            }
        }
        for (worker, losses) in spec.forecasters.iter().zip(forecast.chunks(spec.inferers.len())) {
            let losses: Map<String, Value> = (spec.inferers.iter().zip(losses))
                .filter(|(_, loss)| loss.is_finite())
                .map(|(inferer, loss)| (inferer.id.clone(), json!(loss)))
                .collect();
            if !losses.is_empty() {
                let fields = json!({ "epoch": epoch, "losses": losses });
                self.act(time, &worker.id, "forecast", fields)?;
            }
        }
        // A replay knows no time after that of the events.
        if self.events.len() > before {
            self.clerk.advance(moment(spec, epoch, 2))?;
        }
        Ok(())
    }
}
