//! Runs one mechanism alone, without a network file: for examples, tests and
//! notebooks. Each catalogue has a function `trial` that starts one by the id of
//! its mechanism.

use std::sync::Arc;

use crate::card::{Absent, Card, Placed, Settings, Value};
use crate::event::{Event, EventLog};
use crate::fault::{Fault, SourceFile};
use crate::mechanism::{
    Allocation, Blueprint, Entry, Mechanism, NoOracles, Oracle, OracleFactory, Outcome, Payout,
    Program, Purse, Refusal, State, Turn,
};
use crate::money::{Amount, Asset};
use crate::signal::{Signal, SignalData};
use thiserror::Error;

/// A mechanism with its settings, and what its turns see.
#[derive(Clone, Debug)]
pub struct Trial {
    /// The mechanism.
    pub entry: Entry,
    /// Its settings. What is not set is filled in from the card, as for a network
    /// file.
    pub settings: Settings,
    /// The assets; the first is the main one.
    pub assets: Vec<Asset>,
    /// All events.
    pub events: Vec<Event>,
    /// The file the events were read from, for the places of faults.
    pub log: Option<Arc<SourceFile>>,
    /// Signals that every turn sees.
    pub signals: Vec<Signal>,
    /// Who answers for programs outside.
    pub oracle: Option<Arc<dyn Oracle>>,
}

/// Why a trial did not come to a result.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NoTrial {
    /// The settings or data are at fault.
    #[error("{}", .0.iter().map(Fault::to_string).collect::<Vec<_>>().join("\n"))]
    Faults(Vec<Fault>),
    /// The mechanism refuses its turn.
    #[error(transparent)]
    Refusal(#[from] Refusal),
}

/// What one turn came to.
#[derive(Clone, Debug, PartialEq)]
pub struct TurnResult {
    /// Who can be paid.
    pub payees: Vec<Arc<str>>,
    /// What was booked.
    pub payouts: Vec<Payout>,
    /// What stays for good.
    pub retained: Purse,
    /// What is offered again in the next turn.
    pub unspent: Purse,
    /// State, signals and remarks.
    pub outcome: Outcome,
}

impl TurnResult {
    /// What one payee got of the main asset.
    pub fn paid(&self, payee: &str) -> Amount {
        self.paid_in(payee, 0)
    }

    /// What one payee got of an asset.
    pub fn paid_in(&self, payee: &str, asset: usize) -> Amount {
        let to = |payout: &&Payout| {
            let name = self.payees.get(payout.payee as usize);
            payout.asset == asset && name.is_some_and(|name| &**name == payee)
        };
        let amounts = self.payouts.iter().filter(to).map(|payout| payout.amount);
        Amount::sum(amounts, "payouts").expect("payouts were booked against one purse")
    }
}

impl Trial {
    /// A mechanism with no settings and one asset, `USD` with two decimals.
    pub fn new(entry: Entry) -> Self {
        Self {
            entry,
            settings: Settings::new(),
            assets: vec![Asset::new("USD", 2)],
            events: Vec::new(),
            log: None,
            signals: Vec::new(),
            oracle: None,
        }
    }

    /// A mechanism of a catalogue, by its id, likewise.
    ///
    /// # Panics
    ///
    /// If there is no such mechanism.
    pub fn of(catalogue: &[Entry], mechanism: &str) -> Self {
        let entry = catalogue.iter().find(|entry| entry.card.id == mechanism);
        Self::new(*entry.unwrap_or_else(|| panic!("there is no mechanism `{mechanism}`")))
    }

    /// Gives a setting any value.
    #[must_use]
    pub fn set(mut self, name: &'static str, value: Value) -> Self {
        self.settings.set(name, Placed::unplaced(value));
        self
    }

    /// Gives a text, choice or decimal setting.
    #[must_use]
    pub fn text(self, name: &'static str, text: &str) -> Self {
        self.set(name, Value::Text(text.to_owned()))
    }

    /// Gives a list setting.
    #[must_use]
    pub fn list(self, name: &'static str, texts: &[&str]) -> Self {
        let placed = texts.iter().map(|text| Placed::unplaced((*text).to_owned()));
        self.set(name, Value::List(placed.collect()))
    }

    /// Gives a setting of payees and weights.
    #[must_use]
    pub fn weights(self, name: &'static str, weights: &[(&str, &str)]) -> Self {
        let placed = |(payee, weight): &(&str, &str)| {
            (Placed::unplaced((*payee).to_owned()), (*weight).to_owned())
        };
        self.set(name, Value::Weights(weights.iter().map(placed).collect()))
    }

    /// Gives a data file by its text.
    #[must_use]
    pub fn file(self, name: &'static str, text: &str) -> Self {
        let path = format!("{name}.csv");
        self.set(name, Value::File(SourceFile::new(path, text)))
    }

    /// Gives the event log by its lines.
    pub fn log(mut self, lines: &str) -> Result<Self, NoTrial> {
        let file = SourceFile::new("events.jsonl", lines);
        let log = EventLog::read(&file).map_err(NoTrial::Faults)?;
        self.events = log.events().to_vec();
        self.log = Some(file);
        Ok(self)
    }

    /// Sends scores under a name.
    #[must_use]
    pub fn scores(mut self, name: &str, scores: &[(&str, f64)]) -> Self {
        let scores = scores.iter().map(|(id, score)| ((*id).to_owned(), *score)).collect();
        let data = SignalData::Scores(scores);
        self.signals.push(Signal { from: "elsewhere".into(), name: name.to_owned(), data });
        self
    }

    /// Builds the mechanism.
    pub fn build(&self) -> Result<Box<dyn Mechanism>, NoTrial> {
        let id: Arc<str> = "trial".into();
        let log = match &self.log {
            Some(file) => EventLog::read(file).map_err(NoTrial::Faults)?,
            None => EventLog::new(self.events.clone()),
        };
        let host = Host(self.oracle.clone());
        let entry = self.entry;
        let settings = self.with_defaults(entry.card)?;
        (entry.build)(&Blueprint {
            id: &id,
            settings: &settings,
            assets: &self.assets,
            events: (!log.events().is_empty()).then_some(&log),
            oracle: if self.oracle.is_some() { &host } else { &NoOracles },
        })
        .map_err(NoTrial::Faults)
    }

    /// The settings with the defaults of the card.
    fn with_defaults(&self, card: &Card) -> Result<Settings, NoTrial> {
        let mut settings = self.settings.clone();
        for setting in card.settings {
            if let (Absent::Default(text), None) = (setting.default, settings.get(setting.name)) {
                let value = Value::from_text(setting.kind, text, self.assets.first())
                    .map_err(|reason| NoTrial::Faults(vec![Fault::new("bad-default", reason)]))?;
                settings.set(setting.name, Placed::unplaced(value));
            }
        }
        Ok(settings)
    }

    /// Builds it and takes one turn with so many base units of the main asset
    /// and all events.
    pub fn run(&self, base_units: u128) -> Result<TurnResult, NoTrial> {
        let mut inflow = Purse::empty(self.assets.len());
        inflow.put(0, Amount::from_base(base_units)).expect("an empty purse has room");
        let rule = self.build()?;
        Ok(self.turn(&*rule, 0, &inflow, &inflow, &self.events, &State::empty())?)
    }

    /// Takes one turn of a mechanism built from this trial.
    pub fn turn(
        &self,
        mechanism: &dyn Mechanism,
        epoch: u32,
        inflow: &Purse,
        available: &Purse,
        events: &[Event],
        state: &State,
    ) -> Result<TurnResult, Refusal> {
        let payees = mechanism.payees().to_vec();
        let mut allocation = Allocation::new(available, &payees, &self.assets);
        let turn = Turn {
            epoch,
            ends: None,
            assets: &self.assets,
            inflow,
            signals: &self.signals,
            events,
            state,
        };
        let outcome = mechanism.step(&turn, &mut allocation)?;
        let (payouts, retained, unspent) = allocation.close();
        Ok(TurnResult { payees, payouts, retained, unspent, outcome })
    }
}

/// A host with one oracle for everybody.
struct Host(Option<Arc<dyn Oracle>>);

impl OracleFactory for Host {
    fn oracle(&self, program: Program) -> Result<Arc<dyn Oracle>, Fault> {
        self.0.clone().ok_or_else(|| {
            let message = format!("`{}` asks for a program, and there is none", program.neuron);
            Fault::new("no-programs", message)
        })
    }
}
