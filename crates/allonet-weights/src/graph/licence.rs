//! Which licences a round funds.
//!
//! A licence is an SPDX expression (`MIT OR Apache-2.0`); older spellings
//! (`MIT/Apache-2.0`, `Apache 2`, `GPL-3.0+`) are understood. An expression is
//! admitted when a licensee can take it under admitted licences only: one side
//! of an `OR` suffices, an `AND` needs both. A text that is no such expression
//! (`SEE LICENSE IN LICENSE.txt`) counts as no licence.
//!
//! A node with several packages is admitted when one of them is: versions and
//! companion packages of one project often differ, and people are funded, not
//! releases.

use std::collections::BTreeSet;

use spdx::{Expression, LicenseItem, LicenseReq, ParseMode};
use thiserror::Error;

use super::Node;

/// Common permissive licences: use without conditions beyond notices.
const PERMISSIVE: [&str; 14] = [
    "0BSD",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "BlueOak-1.0.0",
    "CC0-1.0",
    "ISC",
    "MIT",
    "MIT-0",
    "Unicode-3.0",
    "Unicode-DFS-2016",
    "Unlicense",
    "Zlib",
];

/// Licences a round admits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Licences {
    /// Any SPDX licence at all: whoever says something readable.
    Any,
    /// Those the Open Source Initiative has approved.
    Osi,
    /// Common permissive ones, such as MIT, Apache-2.0 and BSD.
    Permissive,
    /// These SPDX identifiers.
    Named(BTreeSet<String>),
}

/// What happens to nodes without a readable licence.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Unlicensed {
    /// They stay: many files say nothing about licences.
    #[default]
    Keep,
    /// They are dropped.
    Drop,
}

/// The licence cut of a [`Policy`](super::Policy).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LicencePolicy {
    /// What is admitted.
    pub admitted: Licences,
    /// What becomes of nodes that say nothing.
    pub unlicensed: Unlicensed,
}

/// A word that names no licences.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "`{found}` is no SPDX licence; write `any`, `osi`, `permissive`, or identifiers such as \
     `MIT,Apache-2.0`"
)]
pub struct UnknownLicence {
    /// The word found.
    pub found: String,
}

/// What the evidence of a node says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// One of its packages is under admitted licences.
    Admitted,
    /// It has licences, and none is admitted.
    Refused,
    /// No package has a readable licence.
    Unlicensed,
}

impl Licences {
    /// `any`, `osi`, `permissive`, or SPDX identifiers with commas between.
    pub fn parse(text: &str) -> Result<Self, UnknownLicence> {
        match text.trim().to_ascii_lowercase().as_str() {
            "any" => return Ok(Self::Any),
            "osi" => return Ok(Self::Osi),
            "permissive" => return Ok(Self::Permissive),
            _ => {}
        }
        let named = text.split(',').map(str::trim).map(|word| {
            let id = spdx::license_id(word).or_else(|| {
                spdx::imprecise_license_id(word).filter(|(_, n)| *n == word.len()).map(|(id, _)| id)
            });
            id.map(|id| id.name.to_owned()).ok_or_else(|| UnknownLicence { found: word.to_owned() })
        });
        named.collect::<Result<_, _>>().map(Self::Named)
    }

    /// Whether an expression can be taken under admitted licences; `None` for
    /// a text that is no licence.
    pub fn admit(&self, expression: &str) -> Option<bool> {
        let parsed = Expression::parse_mode(expression, ParseMode::LAX).ok()?;
        Some(parsed.evaluate(|required| self.admit_one(required)))
    }

    fn admit_one(&self, required: &LicenseReq) -> bool {
        let LicenseItem::Spdx { id, .. } = &required.license else { return *self == Self::Any };
        match self {
            Self::Any => true,
            Self::Osi => id.is_osi_approved(),
            Self::Permissive => PERMISSIVE.contains(&id.name),
            Self::Named(named) => named.contains(id.name),
        }
    }

    /// What the packages of a node say.
    pub fn standing(&self, node: &Node) -> Standing {
        let stated = node.packages.iter().filter_map(|package| package.licence.as_deref());
        let mut standing = Standing::Unlicensed;
        for admitted in stated.filter_map(|text| self.admit(text)) {
            if admitted {
                return Standing::Admitted;
            }
            standing = Standing::Refused;
        }
        standing
    }
}

impl LicencePolicy {
    /// Whether a node stays.
    pub fn keeps(&self, node: &Node) -> bool {
        match self.admitted.standing(node) {
            Standing::Admitted => true,
            Standing::Refused => false,
            Standing::Unlicensed => self.unlicensed == Unlicensed::Keep,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_follow_the_licensee_choice() {
        let permissive = Licences::Permissive;
        for (text, admitted) in [
            ("MIT", Some(true)),
            ("MIT OR GPL-3.0-only", Some(true)),
            ("MIT AND GPL-3.0-only", Some(false)),
            ("(MIT OR Apache-2.0) AND Unicode-3.0", Some(true)),
            ("MIT/Apache-2.0", Some(true)),
            ("Apache-2.0 WITH LLVM-exception", Some(true)),
            ("GPL-3.0+", Some(false)),
            ("LicenseRef-house", Some(false)),
            ("SEE LICENSE IN LICENSE.txt", None),
            ("UNLICENSED", None),
            ("", None),
        ] {
            assert_eq!(permissive.admit(text), admitted, "{text}");
        }
        assert_eq!(Licences::Osi.admit("GPL-3.0-only"), Some(true));
        assert_eq!(Licences::Osi.admit("CC-BY-NC-4.0"), Some(false));
        assert_eq!(Licences::Any.admit("LicenseRef-house"), Some(true));
    }

    #[test]
    fn lists_are_read_and_misspellings_refused() {
        assert_eq!(Licences::parse("OSI"), Ok(Licences::Osi));
        let named = ["Apache-2.0".to_owned(), "MIT".to_owned()].into();
        assert_eq!(Licences::parse("MIT, Apache-2.0"), Ok(Licences::Named(named)));
        let refused = Licences::parse("MIT,Apatchy").expect_err("no such licence");
        assert_eq!(refused.found, "Apatchy");
    }
}
