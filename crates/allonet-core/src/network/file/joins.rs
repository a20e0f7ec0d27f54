//! What joins nodes: special edges, signal edges, promises.

use std::collections::BTreeMap;

use super::Reader;
use super::item::{Item, Section, toml_key};
use super::legs::{EdgeChange, Named};
use crate::card::Placed;
use crate::fault::{Fault, Place, closest};
use crate::network::Bound;
use crate::network::build::Guesses;

const BOUNDS: [&str; 5] =
    ["max_share", "max_voter_effect", "min_recipients", "budget_min", "budget_max"];

impl Reader<'_> {
    /// `[[edges]]`.
    pub(super) fn edge(&mut self, item: Item<'_>) {
        let example = "[[edges]] from = \"matching\" to = \"alice\" delay = 1";
        let section = Section::open(item, "[[edges]]".to_owned(), example);
        let Some(section) = self.faults.keep(section) else { return };
        section.only(&["from", "to", "delay", "pinch"], &mut self.faults);
        let from = self.end(&section, "from");
        let to = self.end(&section, "to");
        let delay = self.delay(&section);
        let pinch = section.get("pinch").and_then(|item| self.pinch(item));
        if section.get("delay").is_none() && section.get("pinch").is_none() {
            let fault = Fault::new("no-change", "this edge has neither a delay nor a pinch");
            let fault = fault.at(section.place()).warning();
            self.warnings.push(fault.help("it changes nothing: add delay = 1, or remove it"));
        }
        if let (Some(from), Some(to)) = (from, to) {
            self.edges.push(EdgeChange { from, to: Some(to), delay, pinch });
        }
    }

    /// `[[signals]]`.
    pub(super) fn signal(&mut self, item: Item<'_>) {
        let example = "[[signals]] from = \"jury\" to = \"matching\" name = \"weights\"";
        let section = Section::open(item, "[[signals]]".to_owned(), example);
        let Some(section) = self.faults.keep(section) else { return };
        section.only(&["from", "to", "name", "as", "delay"], &mut self.faults);
        let from = self.end(&section, "from");
        let to = self.end(&section, "to");
        let name = self.faults.keep(section.need("name", "\"weights\""));
        let named = name.and_then(|item| Some((self.faults.keep(item.text())?, item.place())));
        let heard_as = section.text("as", &mut self.faults);
        let delay = self.delay(&section);
        if let (Some(from), Some(to), Some((name, place))) = (from, to, named) {
            let heard_as = heard_as.as_deref().unwrap_or(name);
            self.builder.signal(given(&from), given(&to), name, heard_as, delay, Some(place));
        }
    }

    /// `[[promises]]`.
    pub(super) fn promise(&mut self, item: Item<'_>) {
        let example = "[[promises]] on = \"matching\" max_share = \"10%\"";
        let section = Section::open(item, "[[promises]]".to_owned(), example);
        let Some(section) = self.faults.keep(section) else { return };
        let keys: Vec<&str> = std::iter::once("on").chain(BOUNDS).collect();
        section.only(&keys, &mut self.faults);
        let on = match section.get("on") {
            None => None,
            Some(_) => match self.end(&section, "on") {
                Some(named) => Some(named),
                None => return,
            },
        };
        let bounds: Vec<Item<'_>> = BOUNDS.iter().filter_map(|name| section.get(name)).collect();
        if bounds.is_empty() {
            let fault = Fault::new("no-bound", "this promise bounds nothing").at(section.place());
            self.faults.push(fault.help(format!("give one of {}", BOUNDS.join(", "))));
        }
        for item in bounds {
            if let Some(bound) = self.bound(item) {
                self.promises
                    .push((on.clone(), Placed { value: bound, place: Some(item.place()) }));
            }
        }
    }

    fn bound(&mut self, item: Item<'_>) -> Option<Bound> {
        match item.name {
            "max_share" => self.faults.keep(item.share()).map(Bound::MaxShare),
            "max_voter_effect" => self.faults.keep(item.share()).map(Bound::MaxVoterEffect),
            "min_recipients" => {
                let count = self.faults.keep(item.whole(0..=i64::MAX))?;
                Some(Bound::MinRecipients(count.unsigned_abs()))
            }
            name => {
                let money = self.faults.keep(self.assets.amount(item)).flatten()?;
                let (asset, amount) = (money.asset, money.amount);
                Some(match name {
                    "budget_min" => Bound::BudgetMin { asset, amount },
                    _ => Bound::BudgetMax { asset, amount },
                })
            }
        }
    }

    fn end(&mut self, section: &Section<'_>, key: &str) -> Option<Named> {
        let item = self.faults.keep(section.need(key, "\"matching\""))?;
        self.faults.keep(item.id()).map(|(id, place)| (id.to_owned(), place))
    }

    /// Everyone who is paid by name must be declared.
    pub(super) fn check_payees(&mut self) {
        if self.recipients_missing {
            return;
        }
        let mut guesses = Guesses::default();
        for (id, place) in std::mem::take(&mut self.payees) {
            if self.builder.contains(&id) {
                continue;
            }
            let mut fault = Fault::new("unknown-node", format!("unknown payee `{id}`"))
                .at(place)
                .label("not declared anywhere");
            let known = self.builder.ids();
            let guess = guesses.allow(known.len()).then(|| closest(&id, known)).flatten();
            let declare = format!("[recipients.{}]", toml_key(&id));
            fault.help = Some(match guess {
                Some(guess) => format!("did you mean `{guess}`? if not, declare it: {declare}"),
                None => format!("declare it: {declare}"),
            });
            self.faults.push(fault);
        }
    }

    /// Hands the edges to the builder.
    pub(super) fn join_edges(&mut self) {
        for (node, (id, place), weight) in std::mem::take(&mut self.source_edges) {
            if self.builder.contains(&id) {
                self.builder.edge_to(node, &id, weight, Some(place));
            }
        }
        let mut changed: BTreeMap<(String, String), Place> = BTreeMap::new();
        for change in std::mem::take(&mut self.edges) {
            if let Some((to, place)) = &change.to {
                let edge = (change.from.0.clone(), to.clone());
                if let Some(first) = changed.insert(edge, place.clone()) {
                    self.faults.push(changed_twice(&change.from.0, to, &first).at(place.clone()));
                }
            }
            self.join_edge(&change);
        }
    }

    fn join_edge(&mut self, change: &EdgeChange) {
        let pinched = change.pinch.as_ref().map(|pinch| &pinch.to);
        let mut ends = std::iter::once(&change.from).chain(change.to.as_ref()).chain(pinched);
        if !ends.all(|(id, _)| self.is_settled(id)) {
            return;
        }
        let from = given(&change.from);
        if let Some(pinch) = &change.pinch {
            let to = change.to.as_ref().map(given);
            self.builder.pinch(from.clone(), to, pinch.share, given(&pinch.to));
        }
        if let (Some(to), 1..) = (&change.to, change.delay) {
            self.builder.delay(from, given(to), change.delay);
        }
    }

    /// Hands the promises to the builder.
    pub(super) fn join_promises(&mut self) {
        for (on, bound) in std::mem::take(&mut self.promises) {
            if on.as_ref().is_none_or(|(id, _)| self.is_settled(id)) {
                self.builder.promise(on.as_ref().map(given), bound.value, bound.place);
            }
        }
    }

    /// Whether the builder can tell if a node of this id exists: not where data
    /// that could name it is at fault.
    fn is_settled(&self, id: &str) -> bool {
        let unsure = self.recipients_missing || self.payees_missing;
        !unsure || self.builder.contains(id)
    }
}

fn changed_twice(from: &str, to: &str, first: &Place) -> Fault {
    let message = format!("the edge `{from}` → `{to}` is changed twice, first at {first}");
    Fault::new("double-edge", message)
        .label("second time")
        .help("put delay and pinch together in one place")
}

fn given(named: &Named) -> (&str, Option<Place>) {
    (&named.0, Some(named.1.clone()))
}
