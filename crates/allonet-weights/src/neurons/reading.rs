//! Settings that neurons with a jury share.

use allonet_core::card::{Absent, Kind, Setting, Settings};
use allonet_core::fault::Fault;

use crate::rules::{self, Parameters};

/// The setting `rule`.
pub(super) const RULE: Setting = Setting {
    name: "rule",
    kind: Kind::Text,
    default: Absent::Default("least-squares"),
    doc: "How weights are made of comparisons; `allonet weights fit --list` lists the rules.",
};

/// The setting `parameters`.
pub(super) const PARAMETERS: Setting = Setting {
    name: "parameters",
    kind: Kind::List,
    default: Absent::None("the rule's own"),
    doc: "Numbers for the rule, such as `[\"prior=0.1\"]`.",
};

/// The setting `replicates`.
pub(super) const REPLICATES: Setting = Setting {
    name: "replicates",
    kind: Kind::Integer { min: 0, max: 10_000 },
    default: Absent::Default("400"),
    doc: "How many juries are drawn with replacement for intervals; 0 for none.",
};

/// The setting `level`.
pub(super) const LEVEL: Setting = Setting {
    name: "level",
    kind: Kind::Number { min: 0.5, max: 0.999 },
    default: Absent::Default("0.9"),
    doc: "Part of the drawn juries whose results lie within an interval.",
};

/// The setting `seed`.
pub(super) const SEED: Setting = Setting {
    name: "seed",
    kind: Kind::Integer { min: 0, max: i64::MAX },
    default: Absent::Default("1"),
    doc: "Which juries are drawn; the same seed draws the same.",
};

/// How intervals are made.
#[derive(Debug, Clone, Copy)]
pub(super) struct Jury {
    pub(super) replicates: usize,
    pub(super) level: f64,
    pub(super) seed: u64,
}

impl Jury {
    /// From the settings [`REPLICATES`], [`LEVEL`] and [`SEED`].
    pub(super) fn read(settings: &Settings) -> Self {
        let whole = |name: &str| settings.integer(name).map_or(0, i64::unsigned_abs);
        Self {
            replicates: usize::try_from(whole("replicates")).expect("it is bounded"),
            level: settings.number("level").unwrap_or(0.9),
            seed: whole("seed"),
        }
    }
}

/// From the settings [`RULE`] and [`PARAMETERS`], checked.
pub(super) fn rule_settings(settings: &Settings) -> Result<(String, Parameters), Fault> {
    let id = settings.text("rule").unwrap_or("least-squares");
    let rule =
        rules::rule(id).map_err(|error| Fault::from(error).at_some(settings.place("rule")))?;
    let written = settings.list("parameters");
    let parameters =
        Parameters::read(written.iter().map(|one| one.value.as_str())).map_err(|text| {
            let message = format!("`{text}` is no number for a parameter");
            let place = written.iter().find(|one| one.value == text);
            Fault::new("bad-parameter", message)
                .at_some(place.and_then(|one| one.place.clone()))
                .help("write for example \"prior=0.1\"")
        })?;
    parameters
        .complete(rule)
        .map_err(|error| Fault::from(error).at_some(settings.place("parameters")))?;
    Ok((id.to_owned(), parameters))
}
