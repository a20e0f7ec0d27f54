//! What a mechanism says of itself, and the settings an operator gives it.
//!
//! The card is the single source of the mechanism's page, of its part of the
//! JSON schema and of the checks on its table in the network file.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::fault::{Place, SourceFile};
use crate::money::{Asset, Share};
use crate::page::kind_in_words;
use crate::time::Instant;

/// How far to trust a mechanism.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Works and is tested; its settings may still change.
    Preview {
        /// The version that brought it.
        since: &'static str,
    },
    /// Its settings and results are frozen.
    Stable {
        /// The version that froze it.
        since: &'static str,
    },
}

/// What kind of rule it is: how lists of mechanisms are ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    /// Fixed divisions and ways for money to pass.
    Flow,
    /// Pools divided by the breadth of support.
    Quadratic,
    /// Rewards for what was done, by ballots or metrics.
    Retro,
    /// Votes and budgets decided by votes.
    Votes,
    /// Who counts, and how much.
    Identity,
    /// Money that people release under rules.
    Governed,
    /// Money along graphs.
    Graph,
    /// What things are worth: juries, markets and models.
    Weights,
    /// What many foresee, made one and paid for.
    Topics,
    /// Programs outside.
    Program,
}

impl Family {
    /// All families, in the order of lists.
    pub const ALL: &[Self] = &[
        Self::Flow,
        Self::Quadratic,
        Self::Retro,
        Self::Votes,
        Self::Identity,
        Self::Governed,
        Self::Graph,
        Self::Weights,
        Self::Topics,
        Self::Program,
    ];

    /// Its name in lists.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Flow => "flow",
            Self::Quadratic => "quadratic",
            Self::Retro => "retro",
            Self::Votes => "votes",
            Self::Identity => "identity",
            Self::Governed => "governed",
            Self::Graph => "graph",
            Self::Weights => "weights",
            Self::Topics => "topics",
            Self::Program => "program",
        }
    }

    /// What its rules do, in one line.
    pub const fn about(self) -> &'static str {
        match self {
            Self::Flow => "fixed divisions and ways for money to pass",
            Self::Quadratic => "pools divided by the breadth of support",
            Self::Retro => "rewards for what was done, by ballots or metrics",
            Self::Votes => "votes, and budgets decided by votes",
            Self::Identity => "who counts, and how much",
            Self::Governed => "money that people release under rules",
            Self::Graph => "money along graphs",
            Self::Weights => "what things are worth: juries, markets and models",
            Self::Topics => "what many foresee, made one inference and paid for",
            Self::Program => "programs outside",
        }
    }
}

/// Where a rule comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Source {
    /// Paper, contract or program, with equation or function.
    pub cite: &'static str,
    /// Where to read it.
    pub url: &'static str,
}

/// The card of a mechanism.
#[derive(Clone, Copy, Debug)]
pub struct Card {
    /// Name in network files: `quadratic`.
    pub id: &'static str,
    /// Name for people: `Quadratic funding`.
    pub title: &'static str,
    /// What kind of rule it is.
    pub family: Family,
    /// The rule in one line.
    pub formula: &'static str,
    /// How far to trust it.
    pub status: Status,
    /// Where it comes from.
    pub sources: &'static [Source],
    /// What can be set.
    pub settings: &'static [Setting],
    /// Actions it understands in its event log, with what they need.
    pub actions: &'static [Action],
    /// Signals it reads, by name.
    pub reads: &'static [&'static str],
    /// Signals it emits, by name.
    pub emits: &'static [&'static str],
}

/// An action of an event log that a mechanism understands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Action {
    /// Its name: `approve`.
    pub name: &'static str,
    /// The fields it needs.
    pub fields: &'static [&'static str],
    /// The fields it may have besides. Any other is refused, but for the action
    /// `*`, which may have any.
    pub optional: &'static [&'static str],
    /// What it does, in one sentence.
    pub doc: &'static str,
}

/// One thing that can be set.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Setting {
    /// Key in the network file.
    pub name: &'static str,
    /// What it may be.
    pub kind: Kind,
    /// What it is when absent.
    pub default: Absent,
    /// One sentence for the page and the schema.
    pub doc: &'static str,
}

impl Setting {
    /// Whether its texts are ids of nodes that must be declared: `to`, `payees`
    /// and names that end in `_to`.
    pub fn names_payees(&self) -> bool {
        match self.kind {
            Kind::Weights => true,
            Kind::List => matches!(self.name, "to" | "payees"),
            Kind::Text => self.name == "to" || self.name.ends_with("_to"),
            _ => false,
        }
    }
}

/// What an absent setting means.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Absent {
    /// It must be given.
    Required,
    /// There is none, with what that means: `no cap`.
    None(&'static str),
    /// This text is read in its place.
    Default(&'static str),
}

/// What a setting may be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// `true` or `false`.
    Bool,
    /// A whole number within bounds, both included.
    Integer {
        /// Least.
        min: i64,
        /// Most.
        max: i64,
    },
    /// A number within bounds, both included, written as a decimal.
    Number {
        /// Least.
        min: f64,
        /// Most.
        max: f64,
    },
    /// A share of a whole: `4%`, `0.04`, `1/25`.
    Share,
    /// A decimal amount in units of the network's asset: `1_250.75`.
    Decimal,
    /// Any text.
    Text,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A data file, by its path next to the network file.
    File,
    /// A list of texts.
    List,
    /// A table of payees and their weights, or one payee: `to`.
    Weights,
    /// A moment: `2026-01-31T00:00:00Z`.
    Time,
}

/// A value with its place in the network file.
#[derive(Clone, Debug, PartialEq)]
pub struct Placed<T> {
    /// The value.
    pub value: T,
    /// Where it stands, if it was read from a file.
    pub place: Option<Place>,
}

impl<T> Placed<T> {
    /// A value from nowhere.
    pub fn unplaced(value: T) -> Self {
        Self { value, place: None }
    }
}

/// The value of a setting, already checked against its [`Kind`].
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// For [`Kind::Bool`].
    Bool(bool),
    /// For [`Kind::Integer`].
    Integer(i64),
    /// For [`Kind::Number`].
    Number(f64),
    /// For [`Kind::Share`].
    Share(Share),
    /// For [`Kind::Text`], [`Kind::Choice`] and [`Kind::Decimal`] (its digits).
    Text(String),
    /// For [`Kind::File`].
    File(Arc<SourceFile>),
    /// For [`Kind::List`].
    List(Vec<Placed<String>>),
    /// For [`Kind::Weights`]: payee and the text of its weight (`3`, `50%`).
    Weights(Vec<(Placed<String>, String)>),
    /// For [`Kind::Time`].
    Time(Instant),
}

impl Value {
    /// From the default of a card, which is text for every kind but a file;
    /// decimals must fit the main asset.
    pub fn from_text(kind: Kind, text: &str, main: Option<&Asset>) -> Result<Self, String> {
        let refused = || format!("`{text}` is not a {}", kind_in_words(kind));
        let unplaced = |text: &str| Placed::unplaced(text.trim().to_owned());
        match kind {
            Kind::Bool => text.parse().map(Self::Bool).map_err(|_| refused()),
            Kind::Integer { min, max } => {
                let number = text.replace('_', "").parse().ok();
                let number = number.filter(|number| (min..=max).contains(number));
                number.map(Self::Integer).ok_or_else(refused)
            }
            Kind::Number { min, max } => {
                let number = text.replace('_', "").parse::<f64>().ok();
                let number = number.filter(|n| n.is_finite() && (min..=max).contains(n));
                number.map(Self::Number).ok_or_else(refused)
            }
            Kind::Share => text.parse().map(Self::Share).map_err(|_| refused()),
            Kind::Decimal => {
                main.map_or(Ok(()), |asset| {
                    asset.parse(text).map(drop).map_err(|e| e.to_string())
                })?;
                Ok(Self::Text(text.to_owned()))
            }
            Kind::Text => Ok(Self::Text(text.to_owned())),
            Kind::File => Err("a file is loaded, not read from its path".to_owned()),
            Kind::Choice(words) => {
                words.contains(&text).then(|| Self::Text(text.to_owned())).ok_or_else(refused)
            }
            Kind::List => {
                let texts = text.split(',').filter(|text| !text.trim().is_empty());
                Ok(Self::List(texts.map(unplaced).collect()))
            }
            Kind::Weights => Ok(Self::Weights(vec![(unplaced(text), "100%".to_owned())])),
            Kind::Time => text.parse().map(Self::Time).map_err(|_| refused()),
        }
    }
}

/// The settings of one neuron, each checked against its card, defaults filled
/// in.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    values: BTreeMap<&'static str, Placed<Value>>,
}

impl Settings {
    /// No settings yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets one. The caller has checked it against the card.
    pub fn set(&mut self, name: &'static str, value: Placed<Value>) {
        self.values.insert(name, value);
    }

    /// The value and place of a setting, if it is there.
    pub fn get(&self, name: &str) -> Option<&Placed<Value>> {
        self.values.get(name)
    }

    /// The place of a setting, if it was given in a file.
    pub fn place(&self, name: &str) -> Option<Place> {
        self.get(name).and_then(|placed| placed.place.clone())
    }

    /// A [`Kind::Bool`]; `false` when absent.
    pub fn bool(&self, name: &str) -> bool {
        matches!(self.get(name).map(|p| &p.value), Some(Value::Bool(true)))
    }

    /// A [`Kind::Integer`].
    pub fn integer(&self, name: &str) -> Option<i64> {
        match self.get(name)?.value {
            Value::Integer(value) => Some(value),
            _ => None,
        }
    }

    /// A [`Kind::Number`].
    pub fn number(&self, name: &str) -> Option<f64> {
        match self.get(name)?.value {
            Value::Number(value) => Some(value),
            _ => None,
        }
    }

    /// A [`Kind::Share`].
    pub fn share(&self, name: &str) -> Option<Share> {
        match self.get(name)?.value {
            Value::Share(value) => Some(value),
            _ => None,
        }
    }

    /// A [`Kind::Text`], [`Kind::Choice`] or [`Kind::Decimal`].
    pub fn text(&self, name: &str) -> Option<&str> {
        match &self.get(name)?.value {
            Value::Text(value) => Some(value),
            _ => None,
        }
    }

    /// A [`Kind::File`].
    pub fn file(&self, name: &str) -> Option<&Arc<SourceFile>> {
        match &self.get(name)?.value {
            Value::File(value) => Some(value),
            _ => None,
        }
    }

    /// A [`Kind::List`]; empty when absent.
    pub fn list(&self, name: &str) -> &[Placed<String>] {
        match self.get(name).map(|placed| &placed.value) {
            Some(Value::List(values)) => values,
            _ => &[],
        }
    }

    /// A [`Kind::Weights`]; empty when absent.
    pub fn weights(&self, name: &str) -> &[(Placed<String>, String)] {
        match self.get(name).map(|placed| &placed.value) {
            Some(Value::Weights(values)) => values,
            _ => &[],
        }
    }

    /// A [`Kind::Time`].
    pub fn time(&self, name: &str) -> Option<Instant> {
        match self.get(name)?.value {
            Value::Time(value) => Some(value),
            _ => None,
        }
    }
}
