//! What is wrong with a file, where, and what to do about it.

use std::fmt;

use allonet_core::fault::SourceFile;
use thiserror::Error;

/// A file that was refused.
///
/// One shape serves every format, so that a caller can point at the place: line
/// and column start at one, the column counts characters.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub struct ImportError {
    /// The format the text was read as.
    pub format: &'static str,
    /// The line, when the fault has one.
    pub line: Option<u32>,
    /// The column in that line.
    pub column: Option<u32>,
    /// The field or entry that is wrong, when there is one.
    pub field: Option<String>,
    /// What stands there.
    pub found: String,
    /// What is allowed there.
    pub expected: String,
    /// What to try.
    pub hint: String,
}

impl fmt::Display for ImportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.format)?;
        if let Some(line) = self.line {
            write!(f, ", line {line}")?;
        }
        if let Some(column) = self.column {
            write!(f, ", column {column}")?;
        }
        if let Some(field) = &self.field {
            write!(f, ", {field}")?;
        }
        write!(f, ": found {}, expected {}; {}", self.found, self.expected, self.hint)
    }
}

impl ImportError {
    /// A refusal of the file as a whole.
    pub(crate) fn whole(format: &'static str, found: &str, expected: &str, hint: &str) -> Self {
        Self {
            format,
            line: None,
            column: None,
            field: None,
            found: found.to_owned(),
            expected: expected.to_owned(),
            hint: hint.to_owned(),
        }
    }

    /// The refusal of a text without content.
    pub(crate) fn empty(format: &'static str) -> Self {
        Self::whole(format, "an empty text", format, "check the path; the file has no content")
    }

    /// The same refusal of one field or entry.
    pub(crate) fn field(mut self, field: &str) -> Self {
        self.field = Some(field.to_owned());
        self
    }

    /// The same refusal at a byte offset of the file.
    pub(crate) fn at(mut self, file: &SourceFile, offset: usize) -> Self {
        let (line, column) = file.line_column(offset);
        (self.line, self.column) = (Some(count(line)), Some(count(column)));
        self
    }
}

/// A count as the 32 bits that evidence keeps.
pub(crate) fn count(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

/// A text from a file, short enough for a message.
pub(crate) fn shown(text: &str) -> String {
    const LONGEST: usize = 60;
    let clean = |text: &str| text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    match text.char_indices().nth(LONGEST) {
        None => clean(text),
        Some((end, _)) => format!("{}…", clean(&text[..end]) as String),
    }
}
