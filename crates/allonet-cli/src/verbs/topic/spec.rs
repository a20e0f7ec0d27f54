//! Reads a topic file: who takes part in which topic, and how.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use allonet_core::fault::{Fault, Place, SourceFile, did_you_mean};
use allonet_core::money::{Amount, Asset};
use allonet_core::time::Instant;
use allonet_topics::life::BadRules;
use allonet_topics::life::payload::LARGEST_VALUE as LARGEST;
use allonet_topics::loss::Loss;
use allonet_topics::models::{self, ModelError, Parameters};
use allonet_topics::settings::Settings;
use serde::Deserialize;
use toml::Spanned;

use super::clerk::rules;

/// A topic and its participants.
#[derive(Clone, Debug)]
pub(super) struct Spec {
    pub(super) name: String,
    pub(super) title: String,
    pub(super) target: Named,
    pub(super) time: Option<Named>,
    pub(super) loss: Loss,
    /// From an inference to its truth, in epochs.
    pub(super) lag: usize,
    pub(super) asset: Asset,
    pub(super) emission: Amount,
    pub(super) seed: u64,
    pub(super) start: Instant,
    pub(super) epoch_secs: u64,
    /// Epochs that no table or verdict counts.
    pub(super) warm_up: usize,
    pub(super) settings: Settings,
    pub(super) inferers: Vec<Worker>,
    pub(super) forecasters: Vec<Worker>,
    pub(super) reputers: Vec<Reputer>,
}

/// A name in the topic file, and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Named {
    pub(super) name: String,
    pub(super) place: Place,
}

/// An inferer or forecaster.
#[derive(Clone, Debug)]
pub(super) struct Worker {
    pub(super) id: String,
    pub(super) source: Source,
}

/// Where a worker's answers come from.
#[derive(Clone, Debug)]
pub(super) enum Source {
    /// A model of the catalogue.
    Model { name: String, parameters: Parameters },
    /// One column of the data; of a forecaster one for each inferer, in order.
    Columns(Vec<Named>),
    /// A program.
    Program { command: Vec<String>, time_limit_ms: u64, place: Place },
}

/// A reputer.
#[derive(Clone, Debug)]
pub(super) struct Reputer {
    pub(super) id: String,
    pub(super) stake: Amount,
    /// Standard deviation of what it adds to the truth.
    pub(super) noise: f64,
    /// What it always adds to the truth.
    pub(super) bias: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    topic: WrittenTopic,
    #[serde(default)]
    settings: Settings,
    #[serde(default)]
    inferer: Vec<WrittenWorker>,
    #[serde(default)]
    forecaster: Vec<WrittenWorker>,
    #[serde(default)]
    reputer: Vec<WrittenReputer>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenTopic {
    name: Spanned<String>,
    title: Option<String>,
    target: Spanned<String>,
    time: Option<Spanned<String>>,
    #[serde(default)]
    loss: Loss,
    lag: Option<Spanned<usize>>,
    emission: Spanned<String>,
    decimals: Option<Spanned<u8>>,
    seed: Option<u64>,
    start: Option<Spanned<String>>,
    epoch_secs: Option<Spanned<u64>>,
    warm_up: Option<usize>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenWorker {
    id: Spanned<String>,
    model: Option<Spanned<String>>,
    parameters: Option<Spanned<Parameters>>,
    column: Option<Spanned<String>>,
    columns: Option<Spanned<BTreeMap<String, Spanned<String>>>>,
    program: Option<Spanned<Vec<String>>>,
    time_limit: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenReputer {
    id: Spanned<String>,
    stake: Option<Spanned<String>>,
    noise: Option<Spanned<f64>>,
    bias: Option<Spanned<f64>>,
}

/// Most workers of a kind, and reputers.
const MOST: usize = 1_000;
/// Longest wait for a program, unless it says otherwise.
const PATIENCE_MS: u64 = 10_000;

impl Spec {
    /// Reads a topic file.
    pub(super) fn read(file: &Arc<SourceFile>) -> Result<Self, Vec<Fault>> {
        let written: Written = toml::from_str(&file.text).map_err(|error| {
            let place = error.span().map(|span| Place::new(file, span));
            vec![Fault::new("bad-topic", error.message()).at_some(place)]
        })?;
        let mut reader = Reader { file, faults: Vec::new(), ids: BTreeSet::new() };
        let spec = reader.spec(written);
        match spec {
            Some(spec) if reader.faults.is_empty() => match rules(&spec).check() {
                Ok(()) => Ok(spec),
                Err(bad) => Err(vec![BadRules { field: written_as(bad.field), ..bad }.fault(file)]),
            },
            _ => Err(reader.faults),
        }
    }
}

/// Reads, and keeps what is wrong.
struct Reader<'a> {
    file: &'a Arc<SourceFile>,
    faults: Vec<Fault>,
    ids: BTreeSet<String>,
}

/// What a field of the rules is called in a topic file.
fn written_as(field: &'static str) -> &'static str {
    match field {
        "loss" => "topic.loss",
        "schedule.start" => "topic.start",
        other => other,
    }
}

impl Reader<'_> {
    fn place(&self, span: Range<usize>) -> Place {
        Place::new(self.file, span)
    }

    fn fault(&mut self, code: &'static str, span: Range<usize>, message: String, help: &str) {
        let fault = Fault::new(code, message).at(self.place(span));
        self.faults.push(if help.is_empty() { fault } else { fault.help(help) });
    }

    fn named(&self, name: Spanned<String>) -> Named {
        let place = self.place(name.span());
        Named { name: name.into_inner(), place }
    }

    fn spec(&mut self, written: Written) -> Option<Spec> {
        let topic = written.topic;
        let name = self.id(&topic.name);
        let (asset, emission) = self.emission(&topic.emission, topic.decimals.as_ref())?;
        let lag = topic.lag.as_ref().map_or(1, |lag| *lag.get_ref());
        if let Some(written) = topic.lag.as_ref().filter(|_| !(1..=100).contains(&lag)) {
            self.fault("bad-lag", written.span(), format!("a lag of {lag}"), "from 1 to 100");
        }
        let start = topic.start.and_then(|written| match written.get_ref().parse::<Instant>() {
            Ok(start) => Some(start),
            Err(error) => {
                self.fault("bad-time", written.span(), error.to_string(), "");
                None
            }
        });
        let epoch_secs = topic.epoch_secs.as_ref().map_or(3_600, |secs| *secs.get_ref());
        if let Some(written) = topic.epoch_secs.filter(|_| epoch_secs < 8) {
            let message = format!("epochs of {epoch_secs} s");
            self.fault("bad-epoch", written.span(), message, "at least 8");
        }
        let inferers = self.inferers(written.inferer);
        let forecasters = self.forecasters(written.forecaster, &inferers);
        let reputers = self.reputers(written.reputer, &asset);
        Some(Spec {
            title: topic.title.unwrap_or_else(|| name.clone()),
            name,
            target: self.named(topic.target),
            time: topic.time.map(|time| self.named(time)),
            loss: topic.loss,
            lag,
            asset,
            emission,
            seed: topic.seed.unwrap_or(1),
            start: start.unwrap_or(Instant::from_unix(1_767_225_600)),
            epoch_secs,
            warm_up: topic.warm_up.unwrap_or(0),
            settings: written.settings,
            inferers,
            forecasters,
            reputers,
        })
    }

    fn emission(
        &mut self,
        written: &Spanned<String>,
        decimals: Option<&Spanned<u8>>,
    ) -> Option<(Asset, Amount)> {
        let mut words = written.get_ref().split_whitespace();
        let (Some(number), Some(symbol), None) = (words.next(), words.next(), words.next()) else {
            let message = format!("`{}` is no emission", written.get_ref());
            self.fault("bad-amount", written.span(), message, "write for example \"1000 ALLO\"");
            return None;
        };
        let decimals = decimals.map_or(18, |decimals| *decimals.get_ref());
        let asset = Asset::new(symbol, decimals);
        let emission = self.amount(&asset, number, written.span())?;
        Some((asset, emission))
    }

    fn amount(&mut self, asset: &Asset, number: &str, span: Range<usize>) -> Option<Amount> {
        match asset.parse(number) {
            Ok(amount) => Some(amount),
            Err(error) => {
                self.fault("bad-amount", span, error.to_string(), "");
                None
            }
        }
    }

    /// An id that nobody has yet.
    fn id(&mut self, written: &Spanned<String>) -> String {
        let id = written.get_ref().clone();
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        let fits = (1..=64).contains(&id.len()) && !id.starts_with('.');
        if !(fits && id.chars().all(plain)) {
            let help = "1 to 64 letters, digits, `-`, `_` or `.`, and no `.` to begin with";
            self.fault("bad-id", written.span(), format!("`{id}` is no id"), help);
        }
        id
    }

    fn new_id(&mut self, written: &Spanned<String>) -> String {
        let id = self.id(written);
        if !self.ids.insert(id.clone()) {
            let message = format!("there are two participants `{id}`");
            self.fault("double-id", written.span(), message, "give each an id of its own");
        }
        id
    }

    fn inferers(&mut self, written: Vec<WrittenWorker>) -> Vec<Worker> {
        self.not_too_many(written.len(), "inferers");
        if written.is_empty() {
            let message = format!("{} has no inferers", self.file.path);
            let help = "add for example [[inferer]] with id = \"naive\" and model = \"naive\"";
            self.faults.push(Fault::new("no-inferers", message).help(help));
        }
        let mut workers = Vec::new();
        for written in written {
            let id = self.new_id(&written.id);
            if let Some(columns) = &written.columns {
                let help = "an inferer has one `column`";
                self.fault("bad-worker", columns.span(), "`columns` of an inferer".into(), help);
            }
            let build =
                |name: &str, parameters: &Parameters| models::inferer(name, parameters).map(drop);
            if let Some(source) = self.source(written, build, None) {
                workers.push(Worker { id, source });
            }
        }
        workers
    }

    fn forecasters(&mut self, written: Vec<WrittenWorker>, inferers: &[Worker]) -> Vec<Worker> {
        let mut workers = Vec::new();
        self.not_too_many(written.len(), "forecasters");
        for written in written.into_iter().take(MOST) {
            let id = self.new_id(&written.id);
            if let Some(column) = &written.column {
                let help = "a forecaster has `columns`: one for each inferer, by id";
                self.fault("bad-worker", column.span(), "`column` of a forecaster".into(), help);
            }
            let build = |name: &str, parameters: &Parameters| {
                models::forecaster(name, parameters, 1, 0).map(drop)
            };
            if let Some(source) = self.source(written, build, Some(inferers)) {
                workers.push(Worker { id, source });
            }
        }
        workers
    }

    /// Where a worker's answers come from: exactly one of the three.
    fn source(
        &mut self,
        written: WrittenWorker,
        build: impl Fn(&str, &Parameters) -> Result<(), ModelError>,
        inferers: Option<&[Worker]>,
    ) -> Option<Source> {
        let span = written.id.span();
        let parameters = written.parameters.unwrap_or_else(|| Spanned::new(0..0, [].into()));
        match (written.model, written.column, written.columns, written.program) {
            (Some(model), None, None, None) => {
                if let Err(error) = build(model.get_ref(), parameters.get_ref()) {
                    let unknown = matches!(error, ModelError::UnknownModel { .. });
                    let span = if unknown { model.span() } else { parameters.span() };
                    self.fault("bad-model", span, error.to_string(), "");
                    return None;
                }
                let parameters = parameters.into_inner();
                Some(Source::Model { name: model.into_inner(), parameters })
            }
            (None, Some(column), None, None) => Some(Source::Columns(vec![self.named(column)])),
            (None, None, Some(columns), None) => self.columns(columns, inferers?),
            (None, None, None, Some(program)) => {
                let place = self.place(program.span());
                let time_limit_ms = written.time_limit.unwrap_or(PATIENCE_MS);
                Some(Source::Program { command: program.into_inner(), time_limit_ms, place })
            }
            _ => {
                let message = format!("it is not clear what `{}` says", written.id.get_ref());
                let help = "give it either a `model`, a `column`, or a `program`";
                self.fault("bad-worker", span, message, help);
                None
            }
        }
    }

    fn columns(
        &mut self,
        columns: Spanned<BTreeMap<String, Spanned<String>>>,
        inferers: &[Worker],
    ) -> Option<Source> {
        let span = columns.span();
        let mut columns = columns.into_inner();
        let mut named = Vec::new();
        for inferer in inferers {
            let Some(column) = columns.remove(&inferer.id) else {
                let message = format!("there is no column for `{}`", inferer.id);
                self.fault("bad-worker", span, message, "name one for each inferer");
                return None;
            };
            named.push(self.named(column));
        }
        if let Some((id, column)) = columns.pop_first() {
            let help = did_you_mean(&id, inferers.iter().map(|known| known.id.as_str()));
            let message = format!("there is no inferer `{id}`");
            self.fault("bad-worker", column.span(), message, &help.unwrap_or_default());
        }
        Some(Source::Columns(named))
    }

    fn reputers(&mut self, written: Vec<WrittenReputer>, asset: &Asset) -> Vec<Reputer> {
        let one = asset.parse("1").unwrap_or(Amount::from_base(1));
        if written.is_empty() {
            let id = "reputer".to_owned();
            return vec![Reputer { id, stake: one, noise: 0.0, bias: 0.0 }];
        }
        self.not_too_many(written.len(), "reputers");
        let mut reputers = Vec::new();
        for written in written.into_iter().take(MOST) {
            let id = self.new_id(&written.id);
            let stake = match &written.stake {
                None => Some(one),
                Some(stake) => {
                    let number = stake.get_ref().trim_end_matches(&asset.symbol).trim();
                    self.amount(asset, number, stake.span())
                }
            };
            let noise = self.error(written.noise, 0.0);
            let bias = self.error(written.bias, -LARGEST);
            reputers.extend(stake.map(|stake| Reputer { id, stake, noise, bias }));
        }
        reputers
    }

    /// What a reputer gets wrong: at least this, and no more than a value may be.
    fn error(&mut self, written: Option<Spanned<f64>>, least: f64) -> f64 {
        let Some(written) = written else { return 0.0 };
        let value = *written.get_ref();
        if !(least..=LARGEST).contains(&value) {
            let help = format!("a number from {least:e} to {LARGEST:e}");
            self.fault("bad-number", written.span(), format!("an error of {value:e}"), &help);
        }
        value
    }

    fn not_too_many(&mut self, count: usize, what: &str) {
        if count > MOST {
            let message = format!("{} has {count} {what}", self.file.path);
            self.faults.push(Fault::new("too-many", message).help(format!("at most {MOST}")));
        }
    }
}
