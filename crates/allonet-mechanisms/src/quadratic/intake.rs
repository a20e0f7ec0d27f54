//! Votes of a round, as every rule of the family reads them: the settings that
//! they share, and donations as floats for rules that count in them.

use std::collections::BTreeMap;
use std::sync::Arc;

use allonet_core::card::{Absent, Kind, Setting, Settings};
use allonet_core::fault::Fault;
use allonet_core::mechanism::{Blueprint, Refusal, Turn};
use allonet_core::money::{Amount, Asset, Share};

use super::donations::Donations;
use super::eligibility::{Eligibility, OVERRIDE_COLUMNS, SCORE_COLUMNS, Scale};
use super::kernel::Pairs;
use super::reading::Reader;
use super::roster::PROJECT_COLUMNS;
use super::votes::{COLUMNS, Votes, Written};
use crate::names::plain;
use crate::paying::show;

/// The setting `votes`.
pub(super) const VOTES: Setting = Setting {
    name: "votes",
    kind: Kind::File,
    default: Absent::Required,
    doc: "Table of votes, columns `voter`, `project` and `amount` or their common names.",
};

/// The setting `amounts`.
pub(super) const AMOUNTS: Setting = Setting {
    name: "amounts",
    kind: Kind::Choice(&["decimal", "base-units"]),
    default: Absent::Default("decimal"),
    doc: "Whether votes are written in units of the main asset or in its base units.",
};

/// The setting `scores`.
pub(super) const SCORES: Setting = Setting {
    name: "scores",
    kind: Kind::File,
    default: Absent::None("every voter counts in full"),
    doc: "Table of voters and their identity scores, columns `voter` and `score`; who is not \
          in it has score 0.",
};

/// The setting `score_low`.
pub(super) const SCORE_LOW: Setting = Setting {
    name: "score_low",
    kind: Kind::Number { min: 0.0, max: 1e9 },
    default: Absent::Default("15"),
    doc: "Votes of voters with a score below this do not count.",
};

/// The setting `score_high`.
pub(super) const SCORE_HIGH: Setting = Setting {
    name: "score_high",
    kind: Kind::Number { min: 0.0, max: 1e9 },
    default: Absent::Default("25"),
    doc: "Votes of voters with a score from here on count in full.",
};

/// The setting `score_floor`.
pub(super) const SCORE_FLOOR: Setting = Setting {
    name: "score_floor",
    kind: Kind::Share,
    default: Absent::Default("50%"),
    doc: "What votes count at `score_low`; it rises evenly up to `score_high`.",
};

/// The setting `overrides`.
pub(super) const OVERRIDES: Setting = Setting {
    name: "overrides",
    kind: Kind::File,
    default: Absent::None("no overrides"),
    doc: "Table of single votes and what they count instead, columns `id`, `coefficient`, and \
          if wished `author` and `reason`.",
};

/// The setting `min_donation`.
pub(super) const MIN_DONATION: Setting = Setting {
    name: "min_donation",
    kind: Kind::Decimal,
    default: Absent::None("every vote counts"),
    doc: "Smaller votes do not count; in US dollars if the votes have a column `amount_usd`.",
};

/// The setting `projects`.
pub(super) const PROJECTS: Setting = Setting {
    name: "projects",
    kind: Kind::File,
    default: Absent::None("every project voted for is paid"),
    doc: "List of projects that may be paid, column `id`, and if wished `status` and \
          `recipient`.",
};

/// A round of votes, for a rule that counts in floats.
#[derive(Debug)]
pub(super) struct Round {
    /// Sorted by id.
    pub(super) payees: Vec<Arc<str>>,
    /// Sorted by name.
    pub(super) voters: Vec<Box<str>>,
    pub(super) pairs: Pairs,
    /// Base units of a whole unit of the main asset.
    pub(super) unit: f64,
    /// What became of votes that do not count in full.
    pub(super) remarks: Vec<String>,
}

/// The largest trust: products of two scores stay within the range of floats.
pub(super) const TRUST_MAX: f64 = 1e60;
/// How many donors a reason names.
const NAMED: usize = 3;

impl Round {
    /// Reads the votes that the settings name.
    pub(super) fn read(blueprint: &Blueprint<'_>) -> Result<Self, Vec<Fault>> {
        let settings = blueprint.settings;
        let asset = blueprint.assets.first().ok_or_else(no_asset)?;
        let mut faults: Vec<Fault> = score_scale(settings).into_iter().collect();
        let votes = read_votes(settings, asset, false).map_err(|more| faults.extend(more));
        let (Ok((votes, remarks)), true) = (votes, faults.is_empty()) else { return Err(faults) };
        let pairs = Pairs::gather(&votes.columns).map_err(|pair| {
            let (voter, project) = (pair.voter as usize, pair.project as usize);
            vec![too_much(settings, &votes.voters[voter], &votes.projects[project])]
        })?;
        let unit = (0..asset.decimals).fold(1.0, |unit, _| unit * 10.0);
        let Votes { voters, projects, .. } = votes;
        Ok(Self { payees: projects, voters, pairs, unit, remarks })
    }

    /// The number of a voter.
    pub(super) fn voter(&self, name: &str) -> Option<usize> {
        let name = plain(name);
        self.voters.binary_search_by(|voter| (**voter).cmp(&*name)).ok()
    }

    /// Donations in whole units of the main asset, each multiplied by the trust
    /// in its donor.
    pub(super) fn donations(&self, trust: Option<&[f64]>) -> Donations {
        Donations::new(&self.pairs, |voter, units| {
            units / self.unit * trust.map_or(1.0, |trust| trust[voter as usize])
        })
    }

    /// The number of each voter that the signal `trust` says; `None` without
    /// such a signal, and nothing for voters of whom it does not speak.
    pub(super) fn trust(&self, turn: &Turn<'_>) -> Result<Option<Vec<f64>>, Refusal> {
        let Some(signal) = turn.signal("trust") else { return Ok(None) };
        let refuse = |message: String| {
            Refusal::new(
                "bad-trust",
                format!("the signal `trust` from `{}` {message}", signal.from),
            )
            .help("send a number from 0 to 1e60 for each voter")
        };
        let scores = signal
            .scores()
            .ok_or_else(|| refuse("is a single number, and not one for each voter".to_owned()))?;
        let mut by_name: BTreeMap<_, f64> = BTreeMap::new();
        for (name, value) in scores {
            if !(0.0..=TRUST_MAX).contains(value) {
                return Err(refuse(format!("says {value} of voter `{name}`")));
            }
            if by_name.insert(plain(name), *value).is_some() {
                return Err(refuse(format!("speaks twice of voter `{}`", plain(name))));
            }
        }
        let of = |voter: &str| by_name.get(voter).copied().unwrap_or(0.0);
        Ok(Some(self.voters.iter().map(|voter| of(voter)).collect()))
    }

    /// Who stands behind a project: `3 voters give 12.00 USD`.
    pub(super) fn support(&self, project: usize, assets: &[Asset]) -> String {
        let support = self.pairs.support(project);
        let noun = if support.donors == 1 { "voter gives" } else { "voters give" };
        let given = Amount::from_u256(support.given);
        format!("{} {noun} {}", support.donors, show(assets, 0, given))
    }

    /// A line for each project: its support, `more` of it, and who gives most.
    pub(super) fn reasons(
        &self,
        assets: &[Asset],
        more: impl Fn(usize) -> String,
    ) -> BTreeMap<String, Vec<String>> {
        let lines = |project: usize| {
            let mut gifts: Vec<(u32, u128)> = self.pairs.of(project).collect();
            gifts.sort_unstable_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
            let named = gifts.iter().take(NAMED).map(|(voter, units)| {
                let amount = show(assets, 0, Amount::from_base(*units));
                format!("`{}` {amount}", self.voters[*voter as usize])
            });
            let most = named.collect::<Vec<_>>().join(", ");
            let support = self.support(project, assets);
            vec![format!("{support}; {}", more(project)), format!("largest donations: {most}")]
        };
        let named = self.payees.iter().enumerate();
        named.map(|(project, payee)| (payee.to_string(), lines(project))).collect()
    }
}

/// Votes as far as they count, with remarks about the others.
pub(super) fn read_votes(
    settings: &Settings,
    asset: &Asset,
    parity: bool,
) -> Result<(Votes, Vec<String>), Vec<Fault>> {
    let reader = Reader { settings, asset };
    let votes = reader.votes(COLUMNS)?;
    let written = match settings.text("amounts") {
        Some("base-units") => Written::BaseUnits,
        _ => Written::Decimal,
    };
    let scale = Scale {
        low: settings.number("score_low").unwrap_or(15.0),
        high: settings.number("score_high").unwrap_or(25.0),
        floor: settings.share("score_floor").or(Share::new(1, 2)).unwrap_or(Share::ONE),
        below: Share::ZERO,
    };
    let eligibility = Eligibility {
        minimum: reader.minimum("min_donation", &votes)?,
        scores: reader.table("scores", SCORE_COLUMNS)?.map(|table| (table, scale)),
        overrides: reader.table("overrides", OVERRIDE_COLUMNS)?,
        projects: reader.table("projects", PROJECT_COLUMNS)?,
        in_floats: parity,
        ..Eligibility::default()
    };
    let mut read = Votes::read(&votes, asset, written)?;
    let remarks = eligibility.apply(&votes, &mut read)?;
    Ok((read, remarks))
}

pub(super) fn no_asset() -> Vec<Fault> {
    vec![Fault::new("no-asset", "the network has no asset to divide")]
}

pub(super) fn too_much(settings: &Settings, voter: &str, project: &str) -> Fault {
    let message = format!("voter `{voter}` gives `{project}` 2^128 base units or more in all");
    Fault::new("vote-too-large", message)
        .at_some(settings.place("votes"))
        .help("check the decimals of the asset and the setting `amounts`")
}

/// A scale of scores that begins above its end.
pub(super) fn score_scale(settings: &Settings) -> Option<Fault> {
    let (low, high) = (settings.number("score_low")?, settings.number("score_high")?);
    (low > high).then(|| {
        let message = format!("score_low = {low} is above score_high = {high}");
        Fault::new("score-scale", message)
            .at_some(settings.place("score_low"))
            .help("votes count in full from `score_high` on")
    })
}

/// Scores as parts of their sum; nothing where there is no score. Scores beyond
/// the range of floats are refused.
pub(super) fn parts_of_sum(scores: &[f64]) -> Result<Vec<f64>, Refusal> {
    let sum = allonet_core::maths::sum(scores.iter().copied());
    if !sum.is_finite() {
        return Err(Refusal::new("score-too-large", "the sum of all scores is beyond all numbers")
            .help("check the signal `trust` and the decimals of the asset"));
    }
    let part = |score: &f64| if sum > 0.0 { score / sum } else { 0.0 };
    Ok(scores.iter().map(part).collect())
}

/// A part for people: `12.34 %`.
pub(super) fn percent(part: f64) -> String {
    format!("{:.2} %", 100.0 * part)
}
