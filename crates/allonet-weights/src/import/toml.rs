//! TOML lock files with positions.

use serde::de::DeserializeOwned;

use super::ImportError;
use crate::delimited::shown;
use crate::lines::Lines;

/// A TOML text under the name of its format.
#[derive(Debug)]
pub(super) struct TomlText<'a> {
    format: &'static str,
    text: &'a str,
    lines: Lines,
}

impl<'a> TomlText<'a> {
    /// Refuses a text without content.
    pub(super) fn new(format: &'static str, text: &'a str) -> Result<Self, ImportError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        if text.trim().is_empty() {
            return Err(ImportError::empty(format));
        }
        Ok(Self { format, text, lines: Lines::new(text) })
    }

    /// The text as a value.
    pub(super) fn parse<T: DeserializeOwned>(&self) -> Result<T, ImportError> {
        toml::from_str(self.text).map_err(|error: toml::de::Error| {
            let offset = error.span().map_or(0, |span| span.start);
            let expected = format!("the shape of {}", self.format);
            let hint = "check that the file is of this format and complete; write it again with \
                        the tool it belongs to";
            self.refuse(offset, None, shown(error.message()), &expected, hint)
        })
    }

    /// The line of an offset.
    pub(super) fn line(&self, offset: usize) -> u32 {
        self.lines.line(offset)
    }

    /// A refusal at an offset.
    pub(super) fn refuse(
        &self,
        offset: usize,
        field: Option<&str>,
        found: String,
        expected: &str,
        hint: &str,
    ) -> ImportError {
        let place = self.lines.place(self.text, offset);
        ImportError {
            format: self.format,
            line: Some(place.line),
            column: Some(place.column),
            field: field.map(str::to_owned),
            found,
            expected: expected.to_owned(),
            hint: hint.to_owned(),
        }
    }
}
