//! What the rules and settings of a topic may be.
//!
//! # Sources
//!
//! None: the bounds are wide of every use known, and keep all numbers finite.

use std::ops::Range;
use std::sync::Arc;

use allonet_core::fault::{Fault, Place, SourceFile};
use thiserror::Error;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Rules that no topic can live by.
#[derive(Clone, Debug, PartialEq, Error)]
#[error("`{field}` is {found}; {allowed}")]
pub struct BadRules {
    /// Which field.
    pub field: &'static str,
    /// What it is.
    pub found: String,
    /// What it may be.
    pub allowed: &'static str,
}

impl BadRules {
    /// As a fault, where the field stands in a file with these rules.
    pub fn fault(&self, file: &Arc<SourceFile>) -> Fault {
        let message = format!("`{}` is {}", self.field, self.found);
        let span = DeTable::parse(&file.text).ok().and_then(|table| span_of(&table, self.field));
        let place = span.map(|span| Place::new(file, span));
        Fault::new("bad-rules", message)
            .at_some(place)
            .help(format!("allowed is: {}", self.allowed))
    }
}

/// Where the value of a dotted field stands; of its nearest table where it does
/// not stand there itself.
fn span_of(table: &Spanned<DeTable<'_>>, field: &str) -> Option<Range<usize>> {
    let mut span = None;
    let mut within = Some(table.get_ref());
    for name in field.split('.') {
        let Some(value) = within.and_then(|table| table.get(name)) else { break };
        span = Some(value.span());
        within = match value.get_ref() {
            DeValue::Table(table) => Some(table),
            _ => None,
        };
    }
    span
}

/// Says what is wrong with a field, if it does not fit.
#[expect(clippy::needless_pass_by_value, reason = "numbers and fresh texts, read once")]
pub(crate) fn holds(
    fits: bool,
    field: &'static str,
    found: impl ToString,
    allowed: &'static str,
) -> Result<(), BadRules> {
    if fits { Ok(()) } else { Err(BadRules { field, found: found.to_string(), allowed }) }
}

/// [`holds`] for a number, written short however large or small it is.
pub(crate) fn number_holds(
    fits: bool,
    field: &'static str,
    found: f64,
    allowed: &'static str,
) -> Result<(), BadRules> {
    holds(fits, field, format!("{found:?}"), allowed)
}

/// Whether a number is the weight of the newest of several.
pub(crate) fn part(value: f64) -> bool {
    value > 0.0 && value <= 1.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_shows_the_field_or_the_table_it_is_missing_from() {
        let text = "[settings]\npotential = { p = 0.0, c = 1.0 }\n\n[schedule]\nstart = 1\n";
        let file = SourceFile::new("topic.toml", text);
        let place = |field| {
            let bad = BadRules { field, found: "0".into(), allowed: "above 0" };
            bad.fault(&file).place.map(|place| place.to_string())
        };
        assert_eq!(place("settings.potential.p").unwrap(), "topic.toml:2:19");
        assert_eq!(place("settings.epsilon").unwrap(), "topic.toml:1:1");
        assert_eq!(place("loss"), None);
        let bad = number_holds(false, "settings.epsilon", 1e300, "at most 1000").unwrap_err();
        assert_eq!(bad.to_string(), "`settings.epsilon` is 1e300; at most 1000");
    }
}
