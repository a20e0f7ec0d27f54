//! JSON with positions: every entry can be traced to its line.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::text::Text;
use super::{ImportError, shown};

/// A JSON text under the name of its format.
#[derive(Debug)]
pub(super) struct JsonText<'a>(Text<'a>);

impl<'a> JsonText<'a> {
    /// Refuses a text without content.
    pub(super) fn new(format: &'static str, text: &'a str) -> Result<Self, ImportError> {
        Text::new(format, text).map(Self)
    }

    /// The whole text as a value.
    pub(super) fn parse<T: Deserialize<'a>>(&self) -> Result<T, ImportError> {
        serde_json::from_str(self.0.content).map_err(|error| self.refusal(0, &error, None))
    }

    /// A part of the text as a value; `field` names it in errors.
    pub(super) fn part<T: Deserialize<'a>>(
        &self,
        raw: &'a RawValue,
        field: &str,
    ) -> Result<T, ImportError> {
        let refused = |error| self.refusal(self.offset(raw), &error, Some(field));
        serde_json::from_str(raw.get()).map_err(refused)
    }

    /// The line a part begins on.
    pub(super) fn line(&self, raw: &RawValue) -> u32 {
        self.0.line(self.offset(raw))
    }

    /// A refusal at the beginning of a part.
    pub(super) fn refuse(
        &self,
        raw: &RawValue,
        field: &str,
        found: &str,
        expected: &str,
        hint: &str,
    ) -> ImportError {
        self.0.refuse(self.offset(raw), found, expected, hint).field(field)
    }

    /// Where a part of this text lies in it.
    fn offset(&self, raw: &RawValue) -> usize {
        raw.get().as_ptr().addr().saturating_sub(self.0.content.as_ptr().addr())
    }

    /// What the parser reports at `line` and `column` of the text from `base` on.
    fn refusal(&self, base: usize, error: &serde_json::Error, field: Option<&str>) -> ImportError {
        let first = self.0.line(base) as usize;
        let offset = if error.line() <= 1 {
            base + error.column().saturating_sub(1)
        } else {
            self.0.offset(first + error.line() - 1, error.column())
        };
        let message = error.to_string();
        let message = message.rsplit_once(" at line ").map_or(&*message, |(text, _)| text);
        let (expected, hint) = if error.is_eof() {
            ("complete JSON", "the file seems cut off; fetch or write it again")
        } else if error.is_syntax() {
            ("JSON", "check that the file is JSON and was not edited by hand")
        } else {
            (self.0.format, "check that the file is of this format; it can be chosen by hand")
        };
        let refused = self.0.refuse(offset, &shown(message), expected, hint);
        match field {
            Some(field) => refused.field(field),
            None => refused,
        }
    }
}

/// A JSON object as the list of its entries, in order, repeated keys included.
#[derive(Debug)]
pub(super) struct Entries<V>(pub(super) Vec<(String, V)>);

impl<V> Default for Entries<V> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, V: Deserialize<'de>> Deserialize<'de> for Entries<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EntriesVisitor(PhantomData))
    }
}

struct EntriesVisitor<V>(PhantomData<V>);

impl<'de, V: Deserialize<'de>> Visitor<'de> for EntriesVisitor<V> {
    type Value = Entries<V>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Entries(entries))
    }
}
