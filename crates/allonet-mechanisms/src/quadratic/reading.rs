//! The settings that rules of the family share, and from them to votes as far as
//! they count.

use allonet_core::card::{Absent, Kind, Setting, Settings};
use allonet_core::fault::Fault;
use allonet_core::mechanism::Blueprint;
use allonet_core::money::{Asset, Share};
use allonet_core::table::{Column, Faults, Table};

use super::eligibility::{Eligibility, Minimum, OVERRIDE_COLUMNS, SCORE_COLUMNS, Scale};
use super::lists::outcast;
use super::matching::Counted;
use super::roster::{PROJECT_COLUMNS, own_caps};
use super::votes::{USD, Votes, Written};
use crate::paying::main_asset;

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

/// The settings of a rule that reads votes, and the asset they are in.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a> {
    pub(super) settings: &'a Settings,
    pub(super) asset: &'a Asset,
}

impl<'a> Reader<'a> {
    pub(super) fn new(blueprint: &Blueprint<'a>) -> Result<Self, Vec<Fault>> {
        Ok(Self { settings: blueprint.settings, asset: main_asset(blueprint)? })
    }

    /// Whether a setting is this word.
    pub(super) fn is(&self, name: &str, word: &str) -> bool {
        self.settings.text(name) == Some(word)
    }

    /// The table of a setting, if it is set.
    pub(super) fn table(
        &self,
        name: &str,
        columns: &'static [Column],
    ) -> Result<Option<Table>, Vec<Fault>> {
        self.settings.file(name).map(|file| Table::read(file, columns)).transpose()
    }

    /// The table of votes.
    pub(super) fn votes(&self, columns: &'static [Column]) -> Result<Table, Vec<Fault>> {
        self.table("votes", columns)?.ok_or_else(|| {
            let fault = Fault::new("no-votes", "there are no votes to divide by");
            vec![fault.help("add `votes = \"votes.csv\"`")]
        })
    }

    /// The smallest vote that counts, in the unit it is compared in.
    pub(super) fn minimum(
        &self,
        name: &str,
        votes: &Table,
    ) -> Result<Option<(String, Minimum)>, Vec<Fault>> {
        let Some(text) = self.settings.text(name) else { return Ok(None) };
        let bad = |message: String| {
            vec![Fault::new("bad-amount", message).at_some(self.settings.place(name))]
        };
        if votes.has(USD) {
            let usd = text.replace('_', "").parse::<f64>().ok();
            let usd = usd.filter(|usd| usd.is_finite() && *usd >= 0.0);
            let usd = usd.ok_or_else(|| bad(format!("`{text}` is no amount in US dollars")))?;
            return Ok(Some((format!("{text} USD"), Minimum::Usd(usd))));
        }
        let units = self.asset.parse(text).map_err(|error| bad(error.to_string()))?;
        Ok(Some((self.asset.show(units), Minimum::Units(units))))
    }

    /// What [`SCORES`] to [`PROJECTS`] say of votes.
    pub(super) fn eligibility(&self, votes: &Table) -> Result<Eligibility, Vec<Fault>> {
        let settings = self.settings;
        let scale = Scale {
            low: settings.number("score_low").unwrap_or(15.0),
            high: settings.number("score_high").unwrap_or(25.0),
            floor: settings.share("score_floor").or(Share::new(1, 2)).unwrap_or(Share::ONE),
            below: Share::ZERO,
        };
        Ok(Eligibility {
            minimum: self.minimum("min_donation", votes)?,
            scores: self.table("scores", SCORE_COLUMNS)?.map(|table| (table, scale)),
            overrides: self.table("overrides", OVERRIDE_COLUMNS)?,
            projects: self.table("projects", PROJECT_COLUMNS)?,
            ..Eligibility::default()
        })
    }

    /// A scale of scores that begins above its end.
    pub(super) fn score_scale(&self) -> Option<Fault> {
        let settings = self.settings;
        let (low, high) = (settings.number("score_low")?, settings.number("score_high")?);
        (low > high).then(|| {
            let message = format!("score_low = {low} is above score_high = {high}");
            Fault::new("score-scale", message)
                .at_some(settings.place("score_low"))
                .help("votes count in full from `score_high` on")
        })
    }

    /// Votes as far as they are eligible, with remarks about the others.
    pub(super) fn eligible(
        &self,
        table: &Table,
        eligibility: &Eligibility,
    ) -> Result<(Votes, Vec<String>), Vec<Fault>> {
        let written = match self.settings.text("amounts") {
            Some("base-units" | "weights") => Written::BaseUnits,
            _ => Written::Decimal,
        };
        let mut votes = Votes::read(table, self.asset, written)?;
        let remarks = eligibility.apply(table, &mut votes)?;
        Ok((votes, remarks))
    }

    /// Votes as far as they count; `outcasts` are projects to leave out.
    pub(super) fn count(
        &self,
        table: &Table,
        eligibility: &Eligibility,
        outcasts: Option<&Table>,
    ) -> Result<Counted, Vec<Fault>> {
        let (mut votes, mut remarks) = self.eligible(table, eligibility)?;
        if let Some(list) = outcasts {
            let mut faults = Faults::new();
            outcast(list, &mut votes, &mut remarks, &mut faults);
            faults.or(())?;
        }
        let caps = match &eligibility.projects {
            Some(list) => own_caps(list, &votes)?,
            None => Vec::new(),
        };
        Ok(Counted { votes, caps, remarks, place: self.settings.place("votes") })
    }
}
