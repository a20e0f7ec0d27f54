//! Neurons: a mechanism with its settings and event log.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Reader;
use super::item::{Item, Section, toml_key};
use super::legs::Named;
use super::nodes::declared;
use super::settings::{as_run, example};
use crate::card::{Absent, Action, Card, Family, Kind, Placed, Settings, Status};
use crate::event::EventLog;
use crate::fault::{Fault, closest, did_you_mean};
use crate::mechanism::{Allocation, Blueprint, Entry, Mechanism, Outcome, Refusal, State, Turn};
use crate::network::{Details, NodeKind};
use crate::schema::NEURON_KEYS;
use crate::table::Faults;

const EXAMPLE: &str = "[neurons.matching] mechanism = \"quadratic\"";

/// Card of a neuron whose mechanism is unknown: it may read and emit anything.
static UNKNOWN: Card = Card {
    id: "unknown",
    title: "Unknown",
    family: Family::Flow,
    formula: "",
    status: Status::Preview { since: "0.1.0" },
    sources: &[],
    settings: &[],
    actions: &[],
    reads: &["*"],
    emits: &["*"],
};

/// Stands in for a neuron that is at fault, so that what refers to it can still
/// be checked. A network that holds one is never given out.
#[derive(Debug)]
struct AtFault(&'static Card);

impl Mechanism for AtFault {
    fn card(&self) -> &'static Card {
        self.0
    }

    fn payees(&self) -> &[Arc<str>] {
        &[]
    }

    fn step(&self, turn: &Turn<'_>, _: &mut Allocation<'_>) -> Result<Outcome, Refusal> {
        Ok(Outcome { state: State::from_bytes(turn.state.bytes()), ..Outcome::default() })
    }
}

impl Reader<'_> {
    /// `[neurons.matching]`.
    pub(super) fn neuron(&mut self, item: Item<'_>) {
        let before = self.faults.count();
        let named = declared(item);
        let mut details = Details { place: Some(named.1.clone()), ..Details::default() };
        let title = format!("[neurons.{}]", toml_key(&named.0));
        let section = self.faults.keep(Section::open(item, title, EXAMPLE));
        let entry = section.as_ref().and_then(|section| self.entry(section));
        let mechanism = section.zip(entry).and_then(|(section, entry)| {
            self.common(&named, &section, entry.card, &mut details);
            let settings = self.settings(&named, &section, entry.card, &mut details);
            let sound = self.faults.count() == before;
            sound.then(|| self.built(&named, entry, &settings, details.events.as_ref())).flatten()
        });
        let mechanism = mechanism.unwrap_or_else(|| {
            let card = entry.map_or(&UNKNOWN, |entry| entry.card);
            let reads_files = card.settings.iter().any(|setting| setting.kind == Kind::File);
            self.payees_missing |= entry.is_none() || reads_files;
            Box::new(AtFault(card))
        });
        self.builder.node(named.0, NodeKind::Neuron(mechanism), Some(Box::new(details)));
    }

    /// The catalogue's entry for the key `mechanism`.
    fn entry(&mut self, section: &Section<'_>) -> Option<Entry> {
        let catalogue = self.catalogue;
        let first = catalogue.first().map_or("split", |entry| entry.card.id);
        let item = self.faults.keep(section.need("mechanism", &format!("\"{first}\"")))?;
        let name = self.faults.keep(item.text())?;
        let found = catalogue.iter().find(|entry| entry.card.id == name).copied();
        if found.is_none() {
            let ids = || catalogue.iter().map(|entry| entry.card.id);
            let all = || ids().map(|id| format!("`{id}`")).collect::<Vec<_>>().join(", ");
            let help = closest(name, ids()).map_or_else(
                || format!("there are: {}", all()),
                |id| format!("did you mean `{id}`? `allonet new --list` lists them all"),
            );
            let fault = item.fault("unknown-mechanism", format!("unknown mechanism `{name}`"));
            self.faults.push(fault.help(help));
        }
        found
    }

    /// The keys that every neuron has.
    fn common(
        &mut self,
        named: &Named,
        section: &Section<'_>,
        card: &'static Card,
        details: &mut Details,
    ) {
        let own = card.settings.iter().map(|setting| setting.name);
        let keys: Vec<&str> = NEURON_KEYS.into_iter().chain(own).collect();
        section.only(&keys, &mut self.faults);
        details.title = section.text("title", &mut self.faults);
        let retain = section.get("retain").map(Item::share);
        details.retain = retain.and_then(|retain| self.faults.keep(retain));
        self.node_pinch(named, section);
        let Some(item) = section.get("events") else { return };
        if card.actions.is_empty() {
            let message = format!("`{}` reads no event log", card.id);
            let fault = Fault::new("no-events", message).at(item.key_place());
            self.faults.push(fault.help("remove `events`"));
            return;
        }
        let Some(file) = self.load(item) else { return };
        match EventLog::read(&file) {
            Ok(log) => {
                self.check_events(&log, card);
                details.events = Some(log);
            }
            Err(faults) => self.extend_at(faults, &item.place()),
        }
    }

    /// All settings of the card, defaults filled in.
    fn settings(
        &mut self,
        named: &Named,
        section: &Section<'_>,
        card: &'static Card,
        details: &mut Details,
    ) -> Settings {
        let mut settings = Settings::new();
        let mut record = BTreeMap::new();
        for setting in card.settings {
            let found = match (section.get(setting.name), setting.default) {
                (Some(item), _) => self
                    .setting(named, setting, item)
                    .map(|value| Placed { value, place: Some(item.place()) }),
                (None, Absent::Default(text)) => {
                    let value = self.default_value(setting.kind, text).map_err(|mut fault| {
                        let message =
                            format!("the default of `{}`: {}", setting.name, fault.message);
                        fault.message = message;
                        fault.at(section.place()).help(format!("set `{}` yourself", setting.name))
                    });
                    self.faults.keep(value).map(Placed::unplaced)
                }
                (None, Absent::Required) => {
                    let missing = section.need(setting.name, &example(setting.kind));
                    let missing = missing.map_err(|fault| {
                        let message = format!("{}: {}", fault.message, setting.doc);
                        Fault { message, ..fault }
                    });
                    self.faults.keep(missing);
                    None
                }
                (None, Absent::None(_)) => None,
            };
            if let Some(value) = found {
                record.insert(setting.name.to_owned(), as_run(&value.value));
                settings.set(setting.name, value);
            }
        }
        details.settings = record;
        settings
    }

    /// The mechanism, if all assets are known and it accepts its settings.
    fn built(
        &mut self,
        named: &Named,
        entry: Entry,
        settings: &Settings,
        events: Option<&EventLog>,
    ) -> Option<Box<dyn Mechanism>> {
        let assets = self.assets.complete()?;
        let blueprint = Blueprint {
            id: &named.0.as_str().into(),
            settings,
            assets: &assets,
            events,
            oracle: self.oracles,
        };
        match (entry.build)(&blueprint) {
            Ok(mechanism) => Some(mechanism),
            Err(faults) => {
                self.extend_at(faults, &named.1);
                None
            }
        }
    }

    /// Each event must be an action of the card with all its fields and no others.
    fn check_events(&mut self, log: &EventLog, card: &Card) {
        let mut faults = Faults::new();
        // A rule that says `*` judges its events itself.
        let judged = !card.actions.iter().any(|action| action.name == "*");
        for (index, event) in log.events().iter().enumerate().filter(|_| judged) {
            let place = || log.place(index);
            let Some(action) = card.actions.iter().find(|action| action.name == event.action)
            else {
                let names = card.actions.iter().map(|action| action.name);
                let message = format!("`{}` knows no action `{}`", card.id, event.action);
                let mut fault = Fault::new("unknown-action", message).at_some(place());
                fault.help = did_you_mean(&event.action, names);
                faults.push(fault);
                continue;
            };
            let given =
                |field: &str| matches!(field, "time" | "actor") || event.fields.contains_key(field);
            for field in action.fields.iter().filter(|field| !given(field)) {
                faults.push(missing_field(action, field).at_some(place()));
            }
            let known = || action.fields.iter().chain(action.optional).copied();
            for field in event.fields.keys().filter(|field| !known().any(|name| name == *field)) {
                let message = format!("`{}` has no field `{field}`", action.name);
                let mut fault = Fault::new("unknown-field", message).at_some(place());
                fault.help = did_you_mean(field, known());
                faults.push(fault);
            }
        }
        self.faults.extend(faults.into_vec());
        self.check_times(log);
    }

    /// Events that no epoch will see are worth a warning.
    fn check_times(&mut self, log: &EventLog) {
        let Some(last) = self.epoch_ends.last() else { return };
        let seen = log.events().partition_point(|event| event.time <= *last);
        let late = log.events().len() - seen;
        if late > 0 {
            let message = match late {
                1 => format!("this event is later than the end of the last epoch, {last}"),
                _ => format!("{late} events are later than the end of the last epoch, {last}"),
            };
            let fault = Fault::new("late-event", message).warning().at_some(log.place(seen));
            self.warnings.push(fault.help("no turn will see it; add an epoch, or remove it"));
        }
    }
}

fn missing_field(action: &Action, field: &str) -> Fault {
    let fields: Vec<String> = action.fields.iter().map(|field| format!("`{field}`")).collect();
    Fault::new("missing-field", format!("`{}` lacks the field `{field}`", action.name))
        .help(format!("it needs {}: {}", fields.join(", "), action.doc))
}
