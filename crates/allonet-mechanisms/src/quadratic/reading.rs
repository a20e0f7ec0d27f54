//! From settings to votes as far as they count.

use allonet_core::card::Settings;
use allonet_core::fault::Fault;
use allonet_core::mechanism::Blueprint;
use allonet_core::money::Asset;
use allonet_core::table::{Column, Faults, Table};

use super::eligibility::{Eligibility, Minimum};
use super::lists::outcast;
use super::matching::Counted;
use super::roster::own_caps;
use super::votes::{USD, Votes, Written};

/// The settings of a rule that reads votes, and the asset they are in.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a> {
    pub(super) settings: &'a Settings,
    pub(super) asset: &'a Asset,
}

impl<'a> Reader<'a> {
    pub(super) fn new(blueprint: &Blueprint<'a>) -> Result<Self, Vec<Fault>> {
        let no_asset = || vec![Fault::new("no-asset", "the network has no asset to divide")];
        let asset = blueprint.assets.first().ok_or_else(no_asset)?;
        Ok(Self { settings: blueprint.settings, asset })
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

    /// Votes as far as they count; `outcasts` are projects to leave out.
    pub(super) fn count(
        &self,
        table: &Table,
        eligibility: &Eligibility,
        outcasts: Option<&Table>,
    ) -> Result<Counted, Vec<Fault>> {
        let written =
            if self.is("amounts", "base-units") { Written::BaseUnits } else { Written::Decimal };
        let mut votes = Votes::read(table, self.asset, written)?;
        let mut remarks = eligibility.apply(table, &mut votes)?;
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
