//! The kinds of files that become a network.

use allonet_weights::import::Format;
use clap::ValueEnum;

use crate::args::Kind;

/// All kinds, in the order of the help.
pub(super) const ALL: [Kind; 18] = [
    Kind::Votes,
    Kind::Ballots,
    Kind::Rf4,
    Kind::Snapshot,
    Kind::Octant,
    Kind::Payments,
    Kind::CargoLock,
    Kind::CargoMetadata,
    Kind::PackageLock,
    Kind::GoMod,
    Kind::UvLock,
    Kind::PoetryLock,
    Kind::Cyclonedx,
    Kind::Spdx,
    Kind::NodeLink,
    Kind::SeedMap,
    Kind::WeightCsv,
    Kind::EdgesCsv,
];

/// Its name behind `--kind`.
pub(super) fn option(kind: Kind) -> String {
    kind.to_possible_value().map_or(String::new(), |value| value.get_name().to_owned())
}

/// What it is.
pub(super) fn title(kind: Kind) -> String {
    let value = kind.to_possible_value();
    value.and_then(|value| value.get_help().map(ToString::to_string)).unwrap_or_default()
}

/// What it becomes.
pub(super) fn becomes(kind: Kind) -> String {
    match kind {
        Kind::Votes => "a matching pool under quadratic funding",
        Kind::Ballots => "a retro round by the median of its ballots",
        Kind::Rf4 => "a retro round by metrics that ballots weigh",
        Kind::Snapshot => "a pool divided by a poll",
        Kind::Octant => "an epoch of capped quadratic funding",
        Kind::Payments => "each payer as a source, each payee with its exact amount",
        _ => "a budget along the dependency graph",
    }
    .to_owned()
}

/// The format of a dependency graph.
pub(super) fn format(kind: Kind) -> Option<Format> {
    Some(match kind {
        Kind::Votes
        | Kind::Ballots
        | Kind::Rf4
        | Kind::Snapshot
        | Kind::Octant
        | Kind::Payments => return None,
        Kind::CargoLock => Format::CargoLock,
        Kind::CargoMetadata => Format::CargoMetadata,
        Kind::PackageLock => Format::PackageLock,
        Kind::GoMod => Format::GoMod,
        Kind::UvLock => Format::UvLock,
        Kind::PoetryLock => Format::PoetryLock,
        Kind::Cyclonedx => Format::CycloneDx,
        Kind::Spdx => Format::Spdx,
        Kind::NodeLink => Format::NodeLink,
        Kind::SeedMap => Format::SeedMap,
        Kind::WeightCsv => Format::WeightCsv,
        Kind::EdgesCsv => Format::EdgesCsv,
    })
}

/// The kind of a format.
pub(super) fn of(found: Format) -> Option<Kind> {
    ALL.into_iter().find(|kind| format(*kind) == Some(found))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_has_a_kind_and_every_kind_a_name() {
        assert!(Format::ALL.into_iter().all(|format| of(format).is_some()));
        assert_eq!(ALL.len(), Kind::value_variants().len());
        assert!(ALL.into_iter().all(|kind| !option(kind).is_empty() && !title(kind).is_empty()));
        assert_eq!(option(Kind::Cyclonedx), "cyclonedx");
    }
}
