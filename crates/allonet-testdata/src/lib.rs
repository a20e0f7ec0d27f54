//! Finds the real-world data that some tests read. For tests only.
//!
//! The data is not part of the repository. A test asks for a file and returns
//! early when it is not there:
//!
//! ```
//! # fn a_test() {
//! let Some(path) = allonet_testdata::data("deep-funding/graphs") else { return };
//! let Some(text) = allonet_testdata::text("deep-funding/README.md") else { return };
//! # drop((path, text));
//! # }
//! ```

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

/// Names the folder with the data.
const FOLDER: &str = "ALLONET_DATA";
/// When set (not empty, not `0`), absent data fails the test that wants it.
const REQUIRED: &str = "ALLONET_REQUIRE_DATA";
/// Where the data lies beside a checkout, from this crate.
const BESIDE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data");

/// The path of a file or folder of the test data, `relative` to its root: the
/// folder that `ALLONET_DATA` names, else `../shared/data` beside the
/// repository.
///
/// Where it is absent, prints `skipped: …` and gives `None`.
///
/// # Panics
///
/// Where it is absent although `ALLONET_REQUIRE_DATA` is set, so that a run that
/// must cover everything cannot pass over it.
pub fn data(relative: &str) -> Option<PathBuf> {
    let named = env::var_os(FOLDER).filter(|folder| !folder.is_empty()).map(PathBuf::from);
    match locate(relative, named.as_deref(), Path::new(BESIDE)) {
        Ok(path) => Some(path),
        Err(reason) => {
            let required = env::var_os(REQUIRED).is_some_and(|set| !set.is_empty() && set != "0");
            assert!(!required, "{reason}; {REQUIRED} asks for it");
            skip(&reason);
            None
        }
    }
}

/// The text of a file of the test data; see [`data`].
///
/// # Panics
///
/// Like [`data`], and where the file is no UTF-8 text.
pub fn text(relative: &str) -> Option<String> {
    let path = data(relative)?;
    Some(fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
}

/// `relative` in the named folder, or beside the repository if none is named.
fn locate(relative: &str, named: Option<&Path>, beside: &Path) -> Result<PathBuf, String> {
    let folder = named.unwrap_or(beside);
    let path = folder.join(relative);
    if path.exists() {
        return Ok(path);
    }
    let what = if named.is_some() { FOLDER } else { "the folder beside the repository" };
    Err(format!(
        "no test data at {} ({what}); set {FOLDER} to the folder that holds {relative}",
        path.display()
    ))
}

#[expect(clippy::print_stdout, reason = "a skipped test says so")]
fn skip(reason: &str) {
    println!("skipped: {reason}");
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: &str = env!("CARGO_MANIFEST_DIR");

    #[test]
    fn the_named_folder_comes_first() {
        let here = Path::new(HERE);
        let found = locate("Cargo.toml", Some(here), Path::new("nowhere"));
        assert_eq!(found, Ok(here.join("Cargo.toml")));
        assert!(locate("Cargo.toml", Some(Path::new("nowhere")), here).is_err());
    }

    #[test]
    fn the_folder_beside_the_repository_comes_next() {
        assert_eq!(locate("src", None, Path::new(HERE)), Ok(Path::new(HERE).join("src")));
    }

    #[test]
    fn what_is_absent_is_named() {
        let reason = locate("no/such.csv", None, Path::new(HERE)).unwrap_err();
        assert!(reason.contains("no/such.csv"), "{reason}");
        assert!(reason.contains("set ALLONET_DATA"), "{reason}");
    }
}
