//! What is wrong with a file, where, and what to do about it.

use std::fmt;

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
}
