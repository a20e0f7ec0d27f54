//! One name per repository, whatever address a file uses.
//!
//! A repository on GitHub is named `owner/name`; on any other host
//! `host/owner/name`. All in lower case, as GitHub itself ignores case.
//! Renames cannot be seen in an address: an alias table states them.
//!
//! ```
//! use allonet_weights::repository::{Aliases, canonical_repo};
//!
//! assert_eq!(canonical_repo("git+https://github.com/Serde-rs/serde.git#abc"), "serde-rs/serde");
//!
//! let aliases = Aliases::parse("alias,repo\nethereum/solidity,argotorg/solidity\n")?;
//! assert_eq!(aliases.resolve("https://github.com/ethereum/solidity"), "argotorg/solidity");
//! # Ok::<(), allonet_weights::import::ImportError>(())
//! ```

use std::collections::BTreeMap;

use allonet_core::table::Column;

use crate::import::ImportError;
use crate::rows::Sheet;

pub use allonet_core::repository::canonical_repo;

const FORMAT: &str = "alias table";

/// Old names of repositories and what they are called now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Aliases {
    names: BTreeMap<String, String>,
}

impl Aliases {
    /// Reads a table with the columns `alias` and `repo`.
    ///
    /// Both are put in canonical form; an alias of an alias is followed.
    /// Refuses an alias with two targets and aliases that lead in a circle.
    pub fn parse(text: &str) -> Result<Self, ImportError> {
        let columns = [
            Column::required(&["alias", "old", "from"]),
            Column::required(&["repo", "repository", "new", "to"]),
        ];
        let table = Sheet::read(FORMAT, text, &columns)?;
        let mut names = BTreeMap::new();
        for row in table.rows() {
            let (alias, repo) = (canonical_repo(row.text(0)?), canonical_repo(row.text(1)?));
            if alias == repo {
                continue;
            }
            if let Some(other) = names.insert(alias.clone(), repo.clone())
                && other != repo
            {
                return Err(row.refuse(
                    1,
                    &format!("`{alias}` stands for `{repo}` here and for `{other}` above"),
                    "one current name for each old one",
                    "remove the outdated row",
                ));
            }
        }
        follow(&names).map(|names| Self { names })
    }

    /// What a canonical name stands for now, if it is an old one.
    pub fn current(&self, name: &str) -> Option<&str> {
        self.names.get(name).map(String::as_str)
    }

    /// The current canonical name behind an address.
    pub fn resolve(&self, address: &str) -> String {
        let name = canonical_repo(address);
        self.names.get(&name).cloned().unwrap_or(name)
    }
}

/// Every alias with the end of its chain; each chain is walked once.
fn follow(names: &BTreeMap<String, String>) -> Result<BTreeMap<String, String>, ImportError> {
    let mut ends: BTreeMap<String, String> = BTreeMap::new();
    for alias in names.keys() {
        let (mut chain, mut name) = (Vec::new(), alias);
        while let Some(next) = names.get(name).filter(|_| !ends.contains_key(name)) {
            chain.push(name.clone());
            if chain.len() > names.len() {
                return Err(circle(alias));
            }
            name = next;
        }
        let end = ends.get(name).unwrap_or(name).clone();
        ends.extend(chain.into_iter().map(|name| (name, end.clone())));
    }
    Ok(ends)
}

fn circle(alias: &str) -> ImportError {
    let found = format!("`{alias}`, whose aliases lead in a circle");
    let expected = "aliases that end at a current name";
    ImportError::whole(FORMAT, &found, expected, "remove one row of the circle").field("alias")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn addresses_of_one_repository_have_one_name() {
        for address in [
            "serde-rs/serde",
            "Serde-RS/Serde",
            "https://github.com/serde-rs/serde",
            "http://www.github.com/serde-rs/serde/",
            "https://github.com/serde-rs/serde.git",
            "https://github.com/serde-rs/serde/tree/master/serde_derive",
            "https://github.com/serde-rs/serde/releases?page=2#top",
            "git+https://github.com/serde-rs/serde.git?rev=1#abc",
            "git@github.com:serde-rs/serde.git",
            "git+ssh://git@github.com/serde-rs/serde.git",
            "ssh://git@github.com:22/serde-rs/serde",
            "ssh://git@github.com:serde-rs/serde.git",
            "github:serde-rs/serde",
            "github.com/serde-rs/serde/v2",
            "pkg:github/serde-rs/serde@main",
            "git+https://github.com/serde-rs/serde.git@1a2b",
            "  serde-rs/serde/tree/main/x ",
        ] {
            assert_eq!(canonical_repo(address), "serde-rs/serde", "{address}");
        }
    }

    #[test]
    fn other_hosts_keep_their_name() {
        for (address, name) in [
            ("https://gitlab.com/Inkscape/lib2geom.git", "gitlab.com/inkscape/lib2geom"),
            ("https://gitlab.com/a/b/c/-/tree/main", "gitlab.com/a/b/c"),
            ("https://codeberg.org/dnkl/foot/src/branch/master", "codeberg.org/dnkl/foot"),
            ("https://github.com/ethereum", "ethereum"),
            ("ethereum", "ethereum"),
            ("golang.org/x/net", "golang.org/x/net"),
            ("", ""),
        ] {
            assert_eq!(canonical_repo(address), name, "{address}");
        }
    }

    #[test]
    fn aliases_are_followed_to_the_end() {
        let aliases = Aliases::parse("alias,repo\nA/B,c/d\nc/d,https://github.com/E/F\n");
        let aliases = aliases.expect("a chain is allowed");
        assert_eq!(aliases.resolve("https://github.com/a/b/"), "e/f");
        assert_eq!(aliases.resolve("x/y"), "x/y");
    }

    #[test]
    fn circles_and_double_meanings_are_refused() {
        let circle = Aliases::parse("alias,repo\na/b,c/d\nx/y,a/b\nc/d,a/b\n");
        assert!(circle.expect_err("a circle").to_string().contains("lead in a circle"));
        let double = Aliases::parse("alias,repo\na/b,c/d\na/b,e/f\n");
        let error = double.expect_err("two targets");
        assert_eq!((error.line, error.column), (Some(3), Some(5)));
    }

    proptest! {
        #[test]
        fn twice_is_once(address in r"(git\+|https://|ssh://git@)?(github\.com[/:])?[a-z.@:/?#-]{0,30}(\.git)?/?") {
            let once = canonical_repo(&address);
            prop_assert_eq!(canonical_repo(&once), once);
        }
    }
}
