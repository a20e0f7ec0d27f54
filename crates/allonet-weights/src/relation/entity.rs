//! One id for each thing that work can build on.

use allonet_core::fault::closest;
use thiserror::Error;

use crate::import::{ReadOptions, shown};
use crate::purl;

/// What an id names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EntityKind {
    /// A repository.
    Repository,
    /// A package of an ecosystem.
    Package,
    /// A paper, book or other publication.
    Paper,
    /// A standard, proposal or specification.
    Standard,
    /// A person.
    Person,
    /// An organisation.
    Organisation,
}

/// Prefixes of ids, and what they name.
const PREFIXES: [(&str, EntityKind); 12] = [
    ("repo", EntityKind::Repository),
    ("pkg", EntityKind::Package),
    ("doi", EntityKind::Paper),
    ("arxiv", EntityKind::Paper),
    ("paper", EntityKind::Paper),
    ("rfc", EntityKind::Standard),
    ("eip", EntityKind::Standard),
    ("erc", EntityKind::Standard),
    ("standard", EntityKind::Standard),
    ("person", EntityKind::Person),
    ("orcid", EntityKind::Person),
    ("org", EntityKind::Organisation),
];

/// Where registries publish, and the prefix of what stands behind it.
const ADDRESSES: [(&str, &str); 8] = [
    ("doi.org/", "doi"),
    ("dx.doi.org/", "doi"),
    ("arxiv.org/abs/", "arxiv"),
    ("www.rfc-editor.org/rfc/rfc", "rfc"),
    ("datatracker.ietf.org/doc/html/rfc", "rfc"),
    ("eips.ethereum.org/eips/eip-", "eip"),
    ("ercs.ethereum.org/ercs/erc-", "erc"),
    ("orcid.org/", "orcid"),
];

/// An id that names nothing known.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum UnknownEntity {
    /// Its prefix is not in use.
    #[error(
        "`{prefix}:` is no known prefix{near}; write for example repo:owner/name, \
         doi:10.1000/1, rfc:9110 or pkg:cargo/serde"
    )]
    Prefix {
        /// The prefix found.
        prefix: String,
        /// `, did you mean …?` where something is near.
        near: String,
    },
    /// There is nothing behind the prefix, or not what belongs there.
    #[error("`{id}` is not {expected}")]
    Name {
        /// The id found.
        id: String,
        /// What belongs there.
        expected: &'static str,
    },
}

/// What a text names, and its canonical id: repositories as `owner/name`,
/// all others with their prefix.
pub fn entity(text: &str, options: &ReadOptions) -> Result<(EntityKind, String), UnknownEntity> {
    let text = text.trim();
    if let Some((prefix, name)) = published(text) {
        return named(prefix, &name, options);
    }
    match text.split_once(':') {
        Some((prefix, name))
            if !name.starts_with("//") && !prefix.contains(['/', '@', '+', '.']) =>
        {
            named(&prefix.to_ascii_lowercase(), name, options)
        }
        _ => named("repo", text, options),
    }
}

/// The prefix and name behind the address of a registry.
fn published(text: &str) -> Option<(&'static str, String)> {
    let (scheme, rest) = text.split_once("://")?;
    if !matches!(scheme, "http" | "https") {
        return None;
    }
    let lower = rest.to_ascii_lowercase();
    let (start, prefix) = ADDRESSES.into_iter().find(|(start, _)| lower.starts_with(start))?;
    let name = lower[start.len()..].split(['?', '#']).next().unwrap_or_default();
    let name =
        [".html", ".txt"].iter().fold(name, |name, end| name.strip_suffix(end).unwrap_or(name));
    Some((prefix, name.trim_end_matches('/').to_owned()))
}

fn named(
    prefix: &str,
    name: &str,
    options: &ReadOptions,
) -> Result<(EntityKind, String), UnknownEntity> {
    // `github:owner/name` and `git@…` are repositories in other words.
    let Some(&(_, kind)) = PREFIXES.iter().find(|(known, _)| *known == prefix) else {
        if matches!(prefix, "github" | "gitlab") {
            return named("repo", &format!("https://{prefix}.com/{name}"), options);
        }
        let near = closest(prefix, PREFIXES.iter().map(|(known, _)| *known));
        let near = near.map(|near| format!(", did you mean `{near}:`?")).unwrap_or_default();
        return Err(UnknownEntity::Prefix { prefix: shown(prefix), near });
    };
    let name = name.trim().trim_start_matches('/');
    let refuse =
        |expected| Err(UnknownEntity::Name { id: shown(&format!("{prefix}:{name}")), expected });
    if name.is_empty() {
        return refuse("a name; something must follow the prefix");
    }
    let id = match prefix {
        "repo" => {
            let repository = options.repository(name);
            if !repository.contains('/') {
                return refuse("a repository; write repo:owner/name");
            }
            repository
        }
        "doi" if !name.starts_with("10.") || !name.contains('/') => {
            return refuse("a DOI; it begins with 10. and has a slash");
        }
        "rfc" | "eip" | "erc" => {
            let digits = name.trim_start_matches(|c: char| !c.is_ascii_digit());
            match digits.parse::<u32>() {
                Ok(number) if name.len() - digits.len() <= 4 => format!("{prefix}:{number}"),
                _ => return refuse("the number of a standard, such as rfc:9110"),
            }
        }
        // A release is evidence, the package is what is paid.
        "pkg" => purl::without_version(&format!("pkg:{name}")).to_owned(),
        "doi" | "arxiv" | "orcid" => format!("{prefix}:{}", name.to_ascii_lowercase()),
        _ => format!("{prefix}:{name}"),
    };
    Ok((kind, id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_thing_have_one_id() {
        for (text, kind, id) in [
            ("repo:Owner/Name", EntityKind::Repository, "owner/name"),
            ("https://github.com/Owner/Name.git", EntityKind::Repository, "owner/name"),
            ("git@github.com:owner/name.git", EntityKind::Repository, "owner/name"),
            ("github:owner/name", EntityKind::Repository, "owner/name"),
            ("owner/name", EntityKind::Repository, "owner/name"),
            ("pkg:npm/%40babel/core@7.0.0", EntityKind::Package, "pkg:npm/%40babel/core"),
            ("DOI:10.1145/3548606.3560638", EntityKind::Paper, "doi:10.1145/3548606.3560638"),
            ("https://doi.org/10.1145/AbC", EntityKind::Paper, "doi:10.1145/abc"),
            ("https://arxiv.org/abs/1907.07154v2", EntityKind::Paper, "arxiv:1907.07154v2"),
            ("https://www.rfc-editor.org/rfc/rfc9110.html", EntityKind::Standard, "rfc:9110"),
            ("rfc:09110", EntityKind::Standard, "rfc:9110"),
            ("eip:EIP-1559", EntityKind::Standard, "eip:1559"),
            ("https://eips.ethereum.org/EIPS/eip-1559", EntityKind::Standard, "eip:1559"),
            ("person:Ada Lovelace", EntityKind::Person, "person:Ada Lovelace"),
            ("org:ethereum", EntityKind::Organisation, "org:ethereum"),
        ] {
            let found = entity(text, &ReadOptions::default());
            assert_eq!(found, Ok((kind, id.to_owned())), "{text}");
        }
    }

    #[test]
    fn what_names_nothing_is_refused() {
        for (text, part) in [
            ("persn:ann", "did you mean `person:`?"),
            ("isbn:123", "`isbn:` is no known prefix"),
            ("doi:1145/x", "begins with 10."),
            ("rfc:http", "number of a standard"),
            ("person:", "something must follow"),
            ("serde", "write repo:owner/name"),
        ] {
            let refused = entity(text, &ReadOptions::default()).expect_err(text).to_string();
            assert!(refused.contains(part), "{refused}");
        }
    }
}
