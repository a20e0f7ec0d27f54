//! What is to be written, and the pieces it is made of.

use std::path::PathBuf;
use std::sync::Arc;

use allonet_core::fault::{Fault, SourceFile};
use allonet_core::network::file::Loader;

/// What the network is called, and where it goes.
#[derive(Debug)]
pub(super) struct Names {
    /// Its id.
    pub(super) name: String,
    /// Begins the names of its data files.
    pub(super) stem: String,
    /// The network file.
    pub(super) network: PathBuf,
    /// What it was made from.
    pub(super) from: PathBuf,
}

impl Names {
    /// The name of a data file: `spring.edges.csv`.
    pub(super) fn data(&self, what: &str) -> String {
        format!("{}.{what}.csv", self.stem)
    }

    /// Where the network came from, for its first line.
    pub(super) fn origin(&self) -> String {
        let name = self.from.file_name().unwrap_or(self.from.as_os_str());
        one_line(&name.to_string_lossy())
    }
}

/// What is to be written.
#[derive(Debug)]
pub(super) struct Plan {
    /// The network file.
    pub(super) network: String,
    /// Its data files, by the names that it gives them.
    pub(super) data: Vec<(String, Arc<SourceFile>)>,
    /// Names of data files that stand in their place already.
    pub(super) stays: Vec<String>,
    /// What it is, in one line.
    pub(super) about: String,
    /// What the operator should know.
    pub(super) notes: Vec<String>,
}

/// Gives the text of files that are not written yet.
pub(super) struct Memory<'a>(pub(super) &'a mut dyn FnMut(&str) -> Result<Arc<SourceFile>, Fault>);

impl Loader for Memory<'_> {
    fn load(&mut self, path: &str) -> Result<Arc<SourceFile>, Fault> {
        (self.0)(path)
    }
}

/// An id that no other node has: `pool`, else `pool-2`, …
pub(super) fn free_id(wanted: &str, is_taken: impl Fn(&str) -> bool) -> String {
    let mut id = wanted.to_owned();
    let mut number = 1;
    while is_taken(&id) {
        number += 1;
        id = format!("{wanted}-{number}");
    }
    id
}

/// A text as TOML.
pub(super) fn quoted(text: &str) -> String {
    serde_json::to_string(text).expect("a text is JSON").replace('\u{7f}', "\\u007f")
}

/// A key of TOML, bare where it can be.
pub(super) fn key(text: &str) -> String {
    let bare = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if !text.is_empty() && text.bytes().all(bare) { text.to_owned() } else { quoted(text) }
}

/// Text that may stand in a comment.
pub(super) fn one_line(text: &str) -> String {
    text.replace(char::is_control, " ")
}

/// A name of a file for a name of a network.
pub(in crate::verbs) fn file_name(name: &str) -> String {
    let kept = |c: char| if c.is_alphanumeric() || "-_.".contains(c) { c } else { '-' };
    let text: String = name.chars().map(kept).collect();
    let text = text.trim_matches(['-', '.']);
    if text.is_empty() { "network".to_owned() } else { text.to_owned() }
}

/// A decimal without zeros at its end.
pub(super) fn shortened(decimal: &str) -> &str {
    if decimal.contains('.') {
        decimal.trim_end_matches('0').trim_end_matches('.')
    } else {
        decimal
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_survive_in_toml() {
        for text in ["plain", "a b", "a\"b\\c", "ä\u{7f}\u{1}", "x\ny", "", "a.b"] {
            let written = format!("{} = {}", key(text), quoted(text));
            let table: toml::Table = written.parse().unwrap();
            assert_eq!(table[text].as_str(), Some(text), "{written}");
        }
        assert_eq!(key("a-b_1"), "a-b_1");
    }

    #[test]
    fn names_stay_apart_and_become_files() {
        assert_eq!(free_id("pool", |id| ["pool", "pool-2"].contains(&id)), "pool-3");
        assert_eq!(file_name("Spring round/2026"), "Spring-round-2026");
        assert_eq!(file_name("../.."), "network");
        assert_eq!([shortened("1.500"), shortened("2.000"), shortened("100")], ["1.5", "2", "100"]);
    }
}
