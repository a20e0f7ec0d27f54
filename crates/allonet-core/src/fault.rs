//! Faults in an operator's input: what was found, where, what is allowed, what
//! to try. Hosts render them; this crate only describes them.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

/// A text file that was read, and under what name.
#[derive(Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// The path as the operator wrote it.
    pub path: String,
    /// All of it, as UTF-8.
    pub text: String,
}

impl fmt::Debug for SourceFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SourceFile({}, {} bytes)", self.path, self.text.len())
    }
}

impl SourceFile {
    /// A file under a name.
    pub fn new(path: impl Into<String>, text: impl Into<String>) -> Arc<Self> {
        Arc::new(Self { path: path.into(), text: text.into() })
    }

    /// Line and column of a byte offset, both from 1.
    pub fn line_column(&self, offset: usize) -> (usize, usize) {
        let before = &self.text.as_bytes()[..offset.min(self.text.len())];
        let line = before.split(|byte| *byte == b'\n').count();
        let start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let column = String::from_utf8_lossy(&before[start..]).chars().count() + 1;
        (line, column)
    }
}

/// Where in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub file: Arc<SourceFile>,
    /// Byte offsets in its text.
    pub span: Range<usize>,
}

impl Place {
    /// A span of a file.
    pub fn new(file: &Arc<SourceFile>, span: Range<usize>) -> Self {
        Self { file: Arc::clone(file), span }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (line, column) = self.file.line_column(self.span.start);
        write!(f, "{}:{line}:{column}", self.file.path)
    }
}

/// How bad a fault is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The network runs, but perhaps not as meant.
    Warning,
    /// The network does not run.
    Error,
}

/// One fault in the input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Stable name of the kind of fault, such as `unknown-node`.
    pub code: &'static str,
    /// What is wrong, with the value found.
    pub message: String,
    /// Where, if it has a place in a file.
    pub place: Option<Place>,
    /// A few words to stand at the place.
    pub label: String,
    /// What is allowed and what to try.
    pub help: Option<String>,
    /// How bad it is.
    pub severity: Severity,
}

impl Fault {
    /// An error without a place.
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            place: None,
            label: "here".to_owned(),
            help: None,
            severity: Severity::Error,
        }
    }

    /// The same fault at a place.
    #[must_use]
    pub fn at(mut self, place: Place) -> Self {
        self.place = Some(place);
        self
    }

    /// The same fault at a place, if there is one.
    #[must_use]
    pub fn at_some(mut self, place: Option<Place>) -> Self {
        self.place = place;
        self
    }

    /// With words at the place.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// With advice.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// As a warning.
    #[must_use]
    pub fn warning(mut self) -> Self {
        self.severity = Severity::Warning;
        self
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = &self.place {
            write!(f, "{place}: ")?;
        }
        f.write_str(&self.message)?;
        if let Some(help) = &self.help {
            write!(f, " ({help})")?;
        }
        Ok(())
    }
}

impl std::error::Error for Fault {}

/// The one of `known` that `found` was probably meant to be.
pub fn closest<'a>(found: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = found.to_lowercase();
    known
        .into_iter()
        .map(|name| (strsim::jaro_winkler(&lower, &name.to_lowercase()), name))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0).then_with(|| b.1.cmp(a.1)))
        .map(|(_, name)| name)
}

/// `did you mean …?` where something is close, else the list of what is known
/// (cut after a dozen).
pub fn did_you_mean<'a>(
    found: &str,
    known: impl IntoIterator<Item = &'a str> + Clone,
) -> Option<String> {
    if let Some(name) = closest(found, known.clone()) {
        return Some(format!("did you mean `{name}`?"));
    }
    let names: Vec<&str> = known.into_iter().collect();
    if names.is_empty() {
        return None;
    }
    let shown = names.iter().take(12).map(|name| format!("`{name}`")).collect::<Vec<_>>();
    let more = if names.len() > 12 { ", …" } else { "" };
    Some(format!("known here: {}{more}", shown.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_is_recognised() {
        let known = ["matching", "treasury"];
        assert_eq!(did_you_mean("matchng", known), Some("did you mean `matching`?".into()));
        assert_eq!(did_you_mean("zzz", known), Some("known here: `matching`, `treasury`".into()));
    }

    #[test]
    fn lines_and_columns_count_from_one() {
        let file = SourceFile::new("a.toml", "äb\ncd");
        assert_eq!(file.line_column(0), (1, 1));
        assert_eq!(file.line_column(2), (1, 2));
        assert_eq!(file.line_column(4), (2, 1));
        assert_eq!(file.line_column(99), (2, 3));
    }
}
