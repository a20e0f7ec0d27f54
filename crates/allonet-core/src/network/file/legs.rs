//! Who is paid, with what weight, delay and pinch: the key `to`.

use toml::de::DeValue;

use super::DELAY_MAX;
use super::Reader;
use super::item::{Item, Section, toml_key};
use crate::card::Placed;
use crate::fault::{Fault, Place};
use crate::money::Share;
use crate::weights::WrittenWeight;

/// An id with its place.
pub(super) type Named = (String, Place);

/// A small share that goes elsewhere.
#[derive(Clone, Debug)]
pub(super) struct Pinch {
    pub(super) share: Share,
    pub(super) to: Named,
}

/// What is special about an edge, or (with no target) about all edges of a
/// node.
#[derive(Debug)]
pub(super) struct EdgeChange {
    pub(super) from: Named,
    pub(super) to: Option<Named>,
    pub(super) delay: u32,
    pub(super) pinch: Option<Pinch>,
}

/// Payees with the texts of their weights.
pub(super) type Weights = Vec<(Placed<String>, String)>;

impl Reader<'_> {
    /// Reads one payee or a table of payees and weights, in order of their ids.
    /// What is special about an edge is noted at once; each payee must be
    /// declared somewhere.
    pub(super) fn weights(&mut self, from: &Named, item: Item<'_>) -> Option<Weights> {
        let before = self.faults.count();
        let mut weights = match item.value() {
            DeValue::String(_) => {
                let (id, place) = self.faults.keep(item.id())?;
                self.payees.push((id.to_owned(), place.clone()));
                vec![(Placed { value: id.to_owned(), place: Some(place) }, "100%".to_owned())]
            }
            DeValue::Table(_) => {
                let items = self.faults.keep(item.entries(""))?;
                items.into_iter().filter_map(|item| self.leg(from, item)).collect()
            }
            _ => {
                let name = toml_key(item.name);
                let example = format!("{name} = \"alice\" or {name} = {{ alice = 2, bob = 1 }}");
                let fault = item.wrong_type("one payee, or a table of payees", &example);
                self.faults.push(fault);
                return None;
            }
        };
        weights.sort_by(|a, b| a.0.value.cmp(&b.0.value));
        (self.faults.count() == before).then_some(weights)
    }

    /// One entry of a table of payees: `alice = "50%"`.
    fn leg(&mut self, from: &Named, item: Item<'_>) -> Option<(Placed<String>, String)> {
        let payee = (item.name.to_owned(), item.key_place());
        self.payees.push(payee.clone());
        let weight = if let DeValue::Table(_) = item.value() {
            let title = format!("`{}`", item.name);
            let section = self.faults.keep(Section::open(item, title, ""))?;
            section.only(&["share", "delay", "pinch"], &mut self.faults);
            let weight = self.faults.keep(section.need("share", "\"50%\""));
            let change = EdgeChange {
                from: from.clone(),
                to: Some(payee.clone()),
                delay: self.delay(&section),
                pinch: section.get("pinch").and_then(|item| self.pinch(item)),
            };
            self.edges.push(change);
            weight?
        } else {
            item
        };
        let text = self.faults.keep(weight_text(weight))?;
        Some((Placed { value: payee.0, place: Some(payee.1) }, text))
    }

    /// The key `delay`; none means no delay.
    pub(super) fn delay(&mut self, section: &Section<'_>) -> u32 {
        let item = section.get("delay");
        item.and_then(|item| self.faults.keep(item.count(0..=DELAY_MAX))).unwrap_or(0)
    }

    /// `{ share = "2%", to = "upstream" }`.
    pub(super) fn pinch(&mut self, item: Item<'_>) -> Option<Pinch> {
        let example = "pinch = { share = \"2%\", to = \"upstream\" }";
        let section = self.faults.keep(Section::open(item, "`pinch`".to_owned(), example))?;
        section.only(&["share", "to"], &mut self.faults);
        let share = self.faults.keep(section.need("share", "\"2%\"").and_then(Item::share));
        let to = self.faults.keep(section.need("to", "\"upstream\"").and_then(Item::id));
        to.zip(share).map(|((id, place), share)| Pinch { share, to: (id.to_owned(), place) })
    }
}

/// A weight as text, checked by itself.
fn weight_text(item: Item<'_>) -> Result<String, Fault> {
    let text = match item.value() {
        DeValue::String(text) => text.trim().to_owned(),
        DeValue::Integer(number) => number.to_string(),
        DeValue::Float(number) => {
            let finite = number.as_str().parse::<f64>().is_ok_and(f64::is_finite);
            let written = if finite { number.as_str() } else { "0.5" };
            return Err(item
                .wrong_type("a weight", "")
                .help(format!("write it as text: {} = \"{written}\"", toml_key(item.name))));
        }
        _ => {
            return Err(item
                .wrong_type("a weight", "a share (\"70%\", \"1/3\"), a whole number or \"rest\""));
        }
    };
    match text.parse::<WrittenWeight>() {
        Ok(_) => Ok(text),
        Err(error) => Err(item.fault("bad-weight", format!("weight of `{}`: {error}", item.name))),
    }
}
