//! A round of votes for rules that count in floats.

use std::collections::BTreeMap;
use std::sync::Arc;

use allonet_core::fault::Fault;
use allonet_core::mechanism::{Refusal, Turn};
use allonet_core::money::{Amount, Asset};

use super::donations::Donations;
use super::kernel::Pairs;
use super::reading::Reader;
use super::votes::{COLUMNS, Votes};
use crate::hearing::by_person;
use crate::names::plain;
use crate::paying::show;

/// The votes as far as they count.
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
    pub(super) fn read(reader: Reader<'_>) -> Result<Self, Vec<Fault>> {
        let mut faults: Vec<Fault> = reader.score_scale().into_iter().collect();
        let votes = || {
            let table = reader.votes(COLUMNS)?;
            reader.eligible(&table, &reader.eligibility(&table)?)
        };
        let votes = votes().map_err(|more: Vec<Fault>| faults.extend(more));
        let (Ok((votes, remarks)), true) = (votes, faults.is_empty()) else { return Err(faults) };
        let pairs = votes.pairs(reader.settings.place("votes"))?;
        let unit = (0..reader.asset.decimals).fold(1.0, |unit, _| unit * 10.0);
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
        by_person(turn, "trust", &self.voters, TRUST_MAX)
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
