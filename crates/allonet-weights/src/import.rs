//! Files that state dependencies, read into a [`DependencyGraph`].
//!
//! One file per format, all with the same entry `read(text, options)`.
//! [`detect`] names the format of a file, [`read`] dispatches.
//!
//! # What a reader does with doubt
//!
//! * A file it does not understand is refused: [`ImportError`] says where, what
//!   stands there, what is allowed, and what to try.
//! * A reference to something the file does not describe is kept as a node that
//!   is not `listed`, with a note. Lock files in TOML (`Cargo.lock`, `uv.lock`)
//!   are complete by construction and may be cut off without a syntax error, so
//!   there such a reference is refused.
//! * A dependency the file itself says may be absent (an optional one that was
//!   not locked) is left out with a note.
//!
//! # Node ids
//!
//! | formats                                   | id                                 |
//! |-------------------------------------------|------------------------------------|
//! | cargo, npm, Go, uv, poetry                | the package name                   |
//! | CycloneDX, SPDX                           | the package URL without version    |
//! | node-link, seed map, weight and edge CSV  | [canonical repository name][repo]  |
//!
//! Versions of one package are one node ([`Versions::Merge`]) unless asked
//! otherwise; each version stays visible as evidence.
//!
//! [repo]: crate::repository::canonical_repo

mod error;
mod json;
mod names;
mod text;
mod toml;

pub mod cargo_lock;
pub mod cargo_metadata;
pub mod cyclonedx;
pub mod edges_csv;
pub mod go_mod;
pub mod node_link;
pub mod package_lock;
pub mod poetry_lock;
pub mod seed_map;
pub mod spdx;
pub mod uv_lock;
pub mod weight_csv;

use serde::de::IgnoredAny;

use crate::graph::{DependencyGraph, GraphBuilder};
use crate::repository::Aliases;

pub use error::ImportError;
pub(crate) use error::{count, shown};

/// The formats that can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    /// Rust's `Cargo.lock`.
    CargoLock,
    /// The output of `cargo metadata --format-version 1`.
    CargoMetadata,
    /// npm's `package-lock.json` or `npm-shrinkwrap.json`, version 2 or 3.
    PackageLock,
    /// Go's `go.mod`, alone or with the output of `go mod graph`.
    GoMod,
    /// `uv.lock` (Python).
    UvLock,
    /// `poetry.lock` (Python).
    PoetryLock,
    /// A CycloneDX bill of materials in JSON.
    CycloneDx,
    /// An SPDX 2 document in JSON, bare or as GitHub exports it.
    Spdx,
    /// The node-link JSON of published Deep Funding graphs.
    NodeLink,
    /// JSON of the shape `{seed: [dependency]}` or `{seed: {dependency: weight}}`.
    SeedMap,
    /// CSV with the columns `repo,parent,weight`.
    WeightCsv,
    /// CSV with the columns `seed_repo,dependency_repo`.
    EdgesCsv,
}

impl Format {
    /// All formats.
    pub const ALL: [Self; 12] = [
        Self::CargoLock,
        Self::CargoMetadata,
        Self::PackageLock,
        Self::GoMod,
        Self::UvLock,
        Self::PoetryLock,
        Self::CycloneDx,
        Self::Spdx,
        Self::NodeLink,
        Self::SeedMap,
        Self::WeightCsv,
        Self::EdgesCsv,
    ];

    /// The name used in messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::CargoLock => cargo_lock::FORMAT,
            Self::CargoMetadata => cargo_metadata::FORMAT,
            Self::PackageLock => package_lock::FORMAT,
            Self::GoMod => go_mod::FORMAT,
            Self::UvLock => uv_lock::FORMAT,
            Self::PoetryLock => poetry_lock::FORMAT,
            Self::CycloneDx => cyclonedx::FORMAT,
            Self::Spdx => spdx::FORMAT,
            Self::NodeLink => node_link::FORMAT,
            Self::SeedMap => seed_map::FORMAT,
            Self::WeightCsv => weight_csv::FORMAT,
            Self::EdgesCsv => edges_csv::FORMAT,
        }
    }
}

/// What to do with two versions of one package.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Versions {
    /// One node for all versions: people are funded, not releases.
    #[default]
    Merge,
    /// One node per version, named `name@version`, where several coexist; a
    /// package with one version keeps its bare name.
    Split,
}

/// Choices and companion texts of an import. Readers ignore what they do not
/// need; the default suits every format.
#[derive(Debug, Clone, Copy, Default)]
pub struct ReadOptions<'a> {
    /// What to do with two versions of one package.
    pub versions: Versions,
    /// The id of the root where the file does not name the project: always for
    /// `poetry.lock`, otherwise only when the name is missing.
    pub root: Option<&'a str>,
    /// The output of `go mod graph`, beside a `go.mod`.
    pub go_graph: Option<&'a str>,
    /// Renamed repositories, for the formats whose ids are repositories.
    pub aliases: Option<&'a Aliases>,
}

impl ReadOptions<'_> {
    /// The canonical name of a repository under the current aliases.
    pub(crate) fn repository(&self, address: &str) -> String {
        self.aliases.map_or_else(
            || crate::repository::canonical_repo(address),
            |aliases| aliases.resolve(address),
        )
    }
}

/// Reads a text as the given format.
pub fn read(
    format: Format,
    text: &str,
    options: &ReadOptions,
) -> Result<DependencyGraph, ImportError> {
    match format {
        Format::CargoLock => cargo_lock::read(text, options),
        Format::CargoMetadata => cargo_metadata::read(text, options),
        Format::PackageLock => package_lock::read(text, options),
        Format::GoMod => go_mod::read(text, options),
        Format::UvLock => uv_lock::read(text, options),
        Format::PoetryLock => poetry_lock::read(text, options),
        Format::CycloneDx => cyclonedx::read(text, options),
        Format::Spdx => spdx::read(text, options),
        Format::NodeLink => node_link::read(text, options),
        Format::SeedMap => seed_map::read(text, options),
        Format::WeightCsv => weight_csv::read(text, options),
        Format::EdgesCsv => edges_csv::read(text, options),
    }
}

/// The format of a file, by its name where that is a fixed one, otherwise by
/// its content. `None` when neither says.
///
/// Content that is cut off can still be recognised, so that the reader can say
/// what is wrong with it.
pub fn detect(file_name: &str, text: &str) -> Option<Format> {
    let name = file_name.rsplit(['/', '\\']).next().unwrap_or_default().to_ascii_lowercase();
    match name.as_str() {
        "cargo.lock" => return Some(Format::CargoLock),
        "package-lock.json" | "npm-shrinkwrap.json" => return Some(Format::PackageLock),
        "go.mod" => return Some(Format::GoMod),
        "uv.lock" => return Some(Format::UvLock),
        "poetry.lock" => return Some(Format::PoetryLock),
        _ => {}
    }
    let text = text.trim_start_matches('\u{feff}').trim_start();
    if text.starts_with('{') {
        return detect_json(text);
    }
    // A table with weights also has what a table of edges needs.
    if weight_csv::fits(text) {
        return Some(Format::WeightCsv);
    }
    if edges_csv::fits(text) {
        return Some(Format::EdgesCsv);
    }
    if text.lines().any(|line| line.trim() == "[[package]]") {
        return Some(detect_toml(text));
    }
    let first =
        text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with("//"));
    first.filter(|line| line.starts_with("module ")).map(|_| Format::GoMod)
}

fn detect_json(text: &str) -> Option<Format> {
    let keys: Vec<String> = serde_json::from_str::<json::Entries<IgnoredAny>>(text)
        .map(|entries| entries.0.into_iter().map(|(key, _)| key).collect())
        .unwrap_or_default();
    let beginning: String = text.chars().take(4096).collect();
    let has = |key: &str| {
        keys.iter().any(|found| found == key)
            || (keys.is_empty() && beginning.contains(&format!("\"{key}\"")))
    };
    if has("bomFormat") {
        Some(Format::CycloneDx)
    } else if has("spdxVersion") || has("sbom") || has("SPDXID") {
        Some(Format::Spdx)
    } else if has("workspace_members") {
        Some(Format::CargoMetadata)
    } else if has("lockfileVersion") {
        Some(Format::PackageLock)
    } else if has("nodes") && (has("links") || has("edges") || keys.is_empty()) {
        Some(Format::NodeLink)
    } else {
        (!keys.is_empty() && seed_map::fits(text)).then_some(Format::SeedMap)
    }
}

/// Which of the lock files in TOML a text is; all consist of `[[package]]`.
fn detect_toml(text: &str) -> Format {
    let says = |mark: &str| text.lines().take(8).any(|line| line.contains(mark));
    if says("@generated by Poetry") || text.contains("\ncontent-hash = ") {
        Format::PoetryLock
    } else if says("requires-python = ") || text.contains("\nsource = { ") {
        Format::UvLock
    } else {
        Format::CargoLock
    }
}

/// Notes that nothing is the project's own, which the caller has to say then.
fn note_missing_root(builder: &mut GraphBuilder) {
    if !builder.has_root() {
        builder.note(None, "the file does not say which node is the project; name the roots");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_come_before_content() {
        assert_eq!(detect("a/b/Cargo.lock", ""), Some(Format::CargoLock));
        assert_eq!(detect("C:\\x\\package-lock.json", "{"), Some(Format::PackageLock));
        assert_eq!(detect("notes.txt", "hello"), None);
        assert_eq!(detect("data.json", "{}"), None);
    }

    #[test]
    fn content_says_the_format() {
        for (text, format) in [
            ("{\"bomFormat\":\"CycloneDX\"}", Format::CycloneDx),
            ("{\"bomFormat\":\"CycloneDX\", \"comp", Format::CycloneDx),
            ("{\"sbom\":{}}", Format::Spdx),
            ("\u{feff}{\"spdxVersion\":\"SPDX-2.3\"}", Format::Spdx),
            ("{\"name\":\"x\",\"lockfileVersion\":3}", Format::PackageLock),
            ("{\"packages\":[],\"workspace_members\":[]}", Format::CargoMetadata),
            ("{\"nodes\":[],\"links\":[]}", Format::NodeLink),
            ("{\"a/b\":[\"c/d\"]}", Format::SeedMap),
            ("{\"a/b\":{\"c/d\":0.5}}", Format::SeedMap),
            ("repo,parent,weight\n", Format::WeightCsv),
            ("seed_repo;dependency_repo;weight\n", Format::WeightCsv),
            ("seed_repo\tdependency_repo\n", Format::EdgesCsv),
            ("module example.com/x\n", Format::GoMod),
            ("version = 4\n\n[[package]]\nname = \"x\"\n", Format::CargoLock),
            ("version = 1\nrequires-python = \">=3\"\n\n[[package]]\n", Format::UvLock),
            ("# This file is @generated by Poetry 2.\n[[package]]\n", Format::PoetryLock),
        ] {
            assert_eq!(detect("file", text), Some(format), "{text}");
        }
    }

    #[test]
    fn empty_and_foreign_texts_are_refused_with_a_reason() {
        for format in Format::ALL {
            for text in ["", " \n", "hello", "{\"a\":", "[]", "1", "[[package]]\nname = 3\n"] {
                let error = read(format, text, &ReadOptions::default());
                let error = error.expect_err("nothing of any format").to_string();
                assert!(error.starts_with(format.name()), "{error}");
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn no_text_makes_a_reader_panic(text in any::<String>()) {
            for format in Format::ALL {
                let options = ReadOptions { go_graph: Some(&text), ..ReadOptions::default() };
                let _ = read(format, &text, &options);
            }
            let _ = detect("x", &text);
        }
    }
}
