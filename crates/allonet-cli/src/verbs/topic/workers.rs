//! Those who infer and forecast: models, columns of the data, and programs.
//!
//! A program is started anew for each epoch, with one line of JSON on its
//! standard input:
//!
//! | field      | what                                                             |
//! |------------|------------------------------------------------------------------|
//! | `protocol` | `"allonet-worker/1"`                                             |
//! | `worker`   | its id                                                           |
//! | `role`     | `"inferer"` or `"forecaster"`                                    |
//! | `epoch`    | number of the epoch it is asked about, from 0                    |
//! | `ahead`    | how many epochs that is after the newest truth that may be known |
//! | `inferers` | ids of all inferers                                              |
//! | `news`     | epochs whose truth became known since it was asked last          |
//! | `state`    | what it answered as `state` last, at first `null`                |
//!
//! One of the `news` is `{epoch, truth, network, naive, losses}`: log10 losses of
//! the network inference, the naive inference and by inferer; `null` or absent
//! where there was none. It answers `{"value": 101.5}` as inferer, `{"losses":
//! {"ann": -1.5}}` as forecaster, either with a `state`; `{}` where it has
//! nothing to say, and `{"error": "…"}` to end the run.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use allonet_core::fault::Fault;
use allonet_core::mechanism::{Oracle, OracleFactory, Program, Refusal};
use allonet_topics::models::situation::{Situation, Watcher};
use allonet_topics::models::{self, Forecaster, Inferer, ModelError};
use serde::Deserialize;
use serde_json::{Value, json};

use super::data::Data;
use super::spec::{Source, Spec, Worker};
use crate::diagnose::{Exit, Failure};

/// What became known of an epoch.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub(super) epoch: usize,
    pub(super) truth: f64,
    /// log10 losses; `NaN` where there was none.
    pub(super) network: f64,
    pub(super) naive: f64,
    pub(super) losses: Vec<f64>,
}

/// All who work in a topic, and what they know.
#[derive(Debug)]
pub(super) struct Crew {
    inferers: Vec<Infers>,
    forecasters: Vec<Forecasts>,
    watcher: Watcher,
    /// Situations of epochs whose losses are not known yet.
    waiting: VecDeque<Situation>,
    lag: usize,
}

#[derive(Debug)]
enum Infers {
    Model(Box<dyn Inferer>),
    Column(Vec<f64>),
    Program(Asked),
}

#[derive(Debug)]
enum Forecasts {
    Model(Box<dyn Forecaster>),
    /// By inferer.
    Columns(Vec<Vec<f64>>),
    Program(Asked),
}

impl Crew {
    /// Everybody who is named in a topic file.
    pub(super) fn new(
        spec: &Spec,
        data: &Data,
        programs: &dyn OracleFactory,
    ) -> Result<Self, Failure> {
        let mut columns = data.columns.iter().cloned();
        let ids: Vec<String> = spec.inferers.iter().map(|worker| worker.id.clone()).collect();
        let mut inferers = Vec::new();
        for worker in &spec.inferers {
            inferers.push(match &worker.source {
                Source::Model { name, parameters } => {
                    Infers::Model(models::inferer(name, parameters).map_err(|e| no_model(&e))?)
                }
                Source::Columns(_) => Infers::Column(columns.next().unwrap_or_default()),
                Source::Program { .. } => {
                    Infers::Program(Asked::new(worker, "inferer", &ids, programs)?)
                }
            });
        }
        let mut forecasters = Vec::new();
        for (number, worker) in (0_u64..).zip(&spec.forecasters) {
            forecasters.push(match &worker.source {
                Source::Model { name, parameters } => {
                    let seed = spec.seed.wrapping_add(number.wrapping_mul(0x9E37_79B9));
                    let model = models::forecaster(name, parameters, ids.len(), seed);
                    Forecasts::Model(model.map_err(|error| no_model(&error))?)
                }
                Source::Columns(named) => {
                    Forecasts::Columns(columns.by_ref().take(named.len()).collect())
                }
                Source::Program { .. } => {
                    Forecasts::Program(Asked::new(worker, "forecaster", &ids, programs)?)
                }
            });
        }
        let watcher = Watcher::new(ids.len());
        Ok(Self { inferers, forecasters, watcher, waiting: VecDeque::new(), lag: spec.lag })
    }

    /// Tells everybody what became known, epoch by epoch.
    pub(super) fn learn(&mut self, known: &Known) {
        let then = self.waiting.pop_front().unwrap_or_default();
        for inferer in &mut self.inferers {
            match inferer {
                Infers::Model(model) => model.learn(known.truth),
                Infers::Program(asked) => asked.news.push(asked.told(known)),
                Infers::Column(_) => {}
            }
        }
        for forecaster in &mut self.forecasters {
            match forecaster {
                Forecasts::Model(model) => model.learn(&then, &known.losses),
                Forecasts::Program(asked) => asked.news.push(asked.told(known)),
                Forecasts::Columns(_) => {}
            }
        }
        self.watcher.see_truth(known.truth);
        self.watcher.see_losses(known.network, &known.losses);
    }

    /// What inferers say, and forecasters of them (forecaster by forecaster);
    /// `NaN` where somebody says nothing. Once for each epoch, in order.
    pub(super) fn say(&mut self, epoch: usize) -> Result<(Vec<f64>, Vec<f64>), Failure> {
        let mut inferred = Vec::with_capacity(self.inferers.len());
        for inferer in &mut self.inferers {
            inferred.push(match inferer {
                Infers::Model(model) => model.infer(self.lag).unwrap_or(f64::NAN),
                Infers::Column(values) => values.get(epoch).copied().unwrap_or(f64::NAN),
                Infers::Program(asked) => asked.value(epoch, self.lag)?,
            });
        }
        let now = self.watcher.situation();
        let count = self.inferers.len();
        let mut forecast = vec![f64::NAN; count * self.forecasters.len()];
        for (out, forecaster) in forecast.chunks_mut(count).zip(&mut self.forecasters) {
            match forecaster {
                Forecasts::Model(model) => model.forecast(&now, out),
                Forecasts::Columns(columns) => {
                    for (out, values) in out.iter_mut().zip(columns) {
                        *out = values.get(epoch).copied().unwrap_or(f64::NAN);
                    }
                }
                Forecasts::Program(asked) => asked.losses(epoch, self.lag, out)?,
            }
        }
        self.waiting.push_back(now);
        Ok((inferred, forecast))
    }
}

fn no_model(error: &ModelError) -> Failure {
    Fault::new("bad-model", error.to_string()).into()
}

/// A program that is asked once in an epoch.
#[derive(Debug)]
struct Asked {
    id: String,
    role: &'static str,
    inferers: Vec<String>,
    oracle: Arc<dyn Oracle>,
    news: Vec<Value>,
    state: Value,
}

/// What a program answers.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Answer {
    #[serde(rename = "protocol")]
    _protocol: Option<String>,
    value: Option<f64>,
    losses: Option<BTreeMap<String, f64>>,
    state: Option<Value>,
    error: Option<String>,
}

impl Asked {
    fn new(
        worker: &Worker,
        role: &'static str,
        inferers: &[String],
        programs: &dyn OracleFactory,
    ) -> Result<Self, Failure> {
        let Source::Program { command, time_limit_ms, place } = &worker.source else {
            unreachable!("only programs are asked");
        };
        let oracle = programs.oracle(Program {
            neuron: worker.id.as_str().into(),
            command: command.clone(),
            time_limit_ms: *time_limit_ms,
            answer_limit_bytes: 1 << 20,
        });
        Ok(Self {
            id: worker.id.clone(),
            role,
            inferers: inferers.to_vec(),
            oracle: oracle.map_err(|fault| fault.at(place.clone()))?,
            news: Vec::new(),
            state: Value::Null,
        })
    }

    fn told(&self, known: &Known) -> Value {
        let named = self.inferers.iter().zip(&known.losses);
        let losses: BTreeMap<&String, f64> =
            named.filter(|(_, loss)| loss.is_finite()).map(|(id, loss)| (id, *loss)).collect();
        // What is not finite becomes `null`.
        json!({ "epoch": known.epoch, "truth": known.truth, "network": known.network,
                "naive": known.naive, "losses": losses })
    }

    fn ask(&mut self, epoch: usize, ahead: usize) -> Result<Answer, Failure> {
        let question = json!({
            "protocol": "allonet-worker/1",
            "worker": self.id,
            "role": self.role,
            "epoch": epoch,
            "ahead": ahead,
            "inferers": self.inferers,
            "news": std::mem::take(&mut self.news),
            "state": self.state,
        });
        let said = self.oracle.ask(&question.to_string()).map_err(|error| refused(&error))?;
        let mut answer: Answer = serde_json::from_str(&said).map_err(|error| {
            let message = format!("the answer of `{}` in epoch {epoch}: {error}", self.id);
            refused(&Refusal::new("bad-answer", message))
        })?;
        if let Some(error) = &answer.error {
            let message = format!("`{}` refuses epoch {epoch}: {error}", self.id);
            return Err(refused(&Refusal::new("worker-refused", message)));
        }
        if let Some(state) = answer.state.take() {
            self.state = state;
        }
        Ok(answer)
    }

    fn value(&mut self, epoch: usize, ahead: usize) -> Result<f64, Failure> {
        Ok(self.ask(epoch, ahead)?.value.unwrap_or(f64::NAN))
    }

    fn losses(&mut self, epoch: usize, ahead: usize, out: &mut [f64]) -> Result<(), Failure> {
        let losses = self.ask(epoch, ahead)?.losses.unwrap_or_default();
        if let Some(id) = losses.keys().find(|id| !self.inferers.contains(id)) {
            let message = format!("`{}` forecasts a loss of `{id}` in epoch {epoch}", self.id);
            let refusal = Refusal::new("bad-answer", message);
            return Err(refused(&refusal.help("there is no inferer of this name")));
        }
        for (out, id) in out.iter_mut().zip(&self.inferers) {
            *out = losses.get(id).copied().unwrap_or(f64::NAN);
        }
        Ok(())
    }
}

fn refused(refusal: &Refusal) -> Failure {
    let mut fault = Fault::new(refusal.code, refusal.message.clone());
    fault.help.clone_from(&refusal.help);
    Failure { exit: Exit::Refused, faults: vec![fault] }
}
