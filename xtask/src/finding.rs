//! What a check found, and why a step could not be done.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// Something in the repository that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    /// File, from the root of the repository, or crate.
    pub place: String,
    /// Line from 1, if it has one.
    pub line: Option<usize>,
    /// What is wrong and what to do.
    pub message: String,
}

impl Finding {
    /// A finding on a file or crate as a whole.
    pub(crate) fn new(place: impl Into<String>, message: impl Into<String>) -> Self {
        Self { place: place.into(), line: None, message: message.into() }
    }

    /// A finding on one line.
    pub(crate) fn on_line(place: &str, line: usize, message: impl Into<String>) -> Self {
        Self { line: Some(line), ..Self::new(place, message) }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.place)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        write!(f, ": {}", self.message)
    }
}

/// Why a step did not succeed.
#[derive(Debug, Error)]
pub(crate) enum Trouble {
    /// A check found something.
    #[error("{}", listed(.0))]
    Findings(Vec<Finding>),
    /// A program ended with an error.
    #[error("`{command}` failed ({status}); its own words stand above")]
    Failed {
        /// The command line.
        command: String,
        /// How it ended.
        status: String,
    },
    /// A program could not be started.
    #[error("cannot start `{command}`: {source}; is it installed and on the PATH?")]
    NotStarted {
        /// The command line.
        command: String,
        /// Why.
        source: io::Error,
    },
    /// A file could not be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A program answered something unexpected.
    #[error("{0}")]
    Unexpected(String),
}

impl Trouble {
    /// For `map_err` on file operations.
    pub(crate) fn file(path: &Path) -> impl FnOnce(io::Error) -> Self + '_ {
        |source| Self::File { path: path.to_owned(), source }
    }
}

/// No findings are a success.
pub(crate) fn conclude(mut findings: Vec<Finding>) -> Result<(), Trouble> {
    findings.sort();
    findings.dedup();
    if findings.is_empty() { Ok(()) } else { Err(Trouble::Findings(findings)) }
}

fn listed(findings: &[Finding]) -> String {
    let lines: Vec<String> = findings.iter().map(Finding::to_string).collect();
    let noun = if lines.len() == 1 { "finding" } else { "findings" };
    format!("{}\n{} {noun}", lines.join("\n"), lines.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_are_listed_in_order_and_once() {
        let late = Finding::on_line("b.rs", 2, "too wide");
        let early = Finding::new("a.rs", "too long");
        let trouble = conclude(vec![late.clone(), early, late]).unwrap_err();
        assert_eq!(trouble.to_string(), "a.rs: too long\nb.rs:2: too wide\n2 findings");
        assert!(conclude(Vec::new()).is_ok());
    }
}
