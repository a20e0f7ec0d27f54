//! What a model says of itself: its name and parameters.

use std::collections::BTreeMap;

use allonet_core::fault::did_you_mean;

/// Parameters as they are given, by name.
pub type Parameters = BTreeMap<String, f64>;

/// A parameter of a model.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// Where it is not given.
    pub default: f64,
    /// Least value.
    pub low: f64,
    /// Greatest value.
    pub high: f64,
    /// Whether it is a whole number.
    pub whole: bool,
    /// What it does.
    pub about: &'static str,
}

/// A model.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Card {
    /// Its name.
    pub name: &'static str,
    /// What it does, in a line.
    pub about: &'static str,
    /// Its parameters.
    pub parameters: &'static [Parameter],
}

/// Why there is no such model.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ModelError {
    /// No model has this name.
    #[error("there is no {kind} `{name}`: {help}")]
    UnknownModel {
        /// Inferer or forecaster.
        kind: &'static str,
        /// The name.
        name: String,
        /// What to try.
        help: String,
    },
    /// The model has no such parameter.
    #[error("`{model}` has no parameter `{name}`: {help}")]
    UnknownParameter {
        /// The model.
        model: &'static str,
        /// The parameter.
        name: String,
        /// What to try.
        help: String,
    },
    /// The parameter has an impossible value.
    #[error("`{name}` of `{model}` is {found}: {allowed}")]
    BadParameter {
        /// The model.
        model: &'static str,
        /// The parameter.
        name: &'static str,
        /// The value.
        found: f64,
        /// What is allowed.
        allowed: String,
    },
}

/// The card with a name.
pub(super) fn find(
    kind: &'static str,
    cards: &'static [Card],
    name: &str,
) -> Result<&'static Card, ModelError> {
    cards.iter().find(|card| card.name == name).ok_or_else(|| {
        let help = did_you_mean(name, cards.iter().map(|card| card.name)).unwrap_or_default();
        ModelError::UnknownModel { kind, name: name.to_owned(), help }
    })
}

impl Card {
    /// The values of all parameters.
    pub(super) fn values(&'static self, given: &Parameters) -> Result<Values, ModelError> {
        for name in given.keys() {
            if !self.parameters.iter().any(|known| known.name == name) {
                let known = self.parameters.iter().map(|known| known.name);
                let help = did_you_mean(name, known).unwrap_or_else(|| "it has none".to_owned());
                let name = name.clone();
                return Err(ModelError::UnknownParameter { model: self.name, name, help });
            }
        }
        for known in self.parameters {
            if let Some(found) = given.get(known.name).filter(|found| !known.allows(**found)) {
                return Err(ModelError::BadParameter {
                    model: self.name,
                    name: known.name,
                    found: *found,
                    allowed: known.allowed(),
                });
            }
        }
        Ok(Values { card: self, given: given.clone() })
    }
}

impl Parameter {
    fn allows(&self, value: f64) -> bool {
        value >= self.low && value <= self.high && (!self.whole || value.fract() == 0.0)
    }

    fn allowed(&self) -> String {
        if self.whole {
            return format!("it is a whole number from {} to {}", self.low, self.high);
        }
        format!("it lies between {} and {}", self.low, self.high)
    }
}

/// Parameters that were checked.
#[derive(Clone, Debug)]
pub(super) struct Values {
    card: &'static Card,
    given: Parameters,
}

impl Values {
    /// A number.
    ///
    /// # Panics
    ///
    /// If the card has no such parameter.
    pub(super) fn number(&self, name: &str) -> f64 {
        let known = self.card.parameters.iter().find(|known| known.name == name);
        let known = known.unwrap_or_else(|| panic!("`{}` has no `{name}`", self.card.name));
        self.given.get(name).copied().unwrap_or(known.default)
    }

    /// A whole number.
    pub(super) fn whole(&self, name: &str) -> usize {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked")]
        let whole = self.number(name) as usize;
        whole
    }
}
