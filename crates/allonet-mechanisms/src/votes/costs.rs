//! Projects with a price, for budgets decided by votes.

use std::collections::BTreeSet;
use std::sync::Arc;

use allonet_core::card::{Absent, Kind, Setting, Settings};
use allonet_core::fault::Fault;
use allonet_core::mechanism::{Refusal, State};
use allonet_core::money::{Amount, Asset};
use allonet_core::table::{Column, Faults, Table};
use serde::{Deserialize, Serialize};

use crate::ballots::{Ballots, Reading};

/// The setting `projects`.
pub(super) const COSTS: Setting = Setting {
    name: "projects",
    kind: Kind::File,
    default: Absent::Required,
    doc: "Table of the projects, columns `id` and `cost`, in units of the main asset; votes for \
          others do not count.",
};

/// The setting `votes`.
pub(super) const BALLOTS: Setting = Setting {
    name: "votes",
    kind: Kind::File,
    default: Absent::Required,
    doc: "Table of ballots, columns `voter`, `project` and `amount`: how much the voter gains \
          from the project; 1 for a plain approval.",
};

const COLUMNS: &[Column] = &[
    Column::required(&["id", "project", "project_id", "project_name", "name"]),
    Column::required(&["cost", "price", "budget", "amount"]),
];
/// Sums of costs stay below 2^128.
const COST_BITS_MAX: usize = 100;

/// Projects with their costs and the ballots on them.
#[derive(Debug)]
pub(super) struct Priced {
    pub(super) ballots: Ballots,
    /// One for each project of the ballots, above zero.
    pub(super) costs: Vec<Amount>,
}

impl Priced {
    /// Reads the settings [`COSTS`], [`BALLOTS`], `opens` and `closes`.
    ///
    /// Faults: those of [`Ballots::of`], `no-projects`, `bad-amount`,
    /// `cost-zero`, `cost-too-large`, `double-project`.
    pub(super) fn read(settings: &Settings, asset: &Asset) -> Result<Self, Vec<Fault>> {
        let file = settings.file("projects").ok_or_else(|| {
            let fault = Fault::new("no-projects", "nothing says what the projects cost");
            vec![fault.help("add `projects = \"projects.csv\"` with columns `id` and `cost`")]
        })?;
        let table = Table::read(file, COLUMNS)?;
        let ballots = Ballots::of(settings, "votes", &Reading::from_settings(settings)?)?;
        let mut costs = vec![Amount::ZERO; ballots.projects.len()];
        let mut faults = Faults::new();
        for row in table.rows() {
            let id = row.cell(0);
            let at = ballots.projects.binary_search_by(|project| (**project).cmp(id));
            let at = at.expect("the ballots know all listed projects");
            let cost = match asset.parse(row.cell(1)) {
                Ok(cost) => cost,
                Err(error) => {
                    faults.push(row.fault(1, "bad-amount", error.to_string()));
                    continue;
                }
            };
            if cost.is_zero() {
                let fault = row.fault(1, "cost-zero", format!("`{id}` costs nothing"));
                faults.push(fault.help("leave it out, or say what it costs"));
            } else if cost.to_u256().bit_len() > COST_BITS_MAX {
                let message = format!("`{id}` costs {}, 2^100 base units or more", row.cell(1));
                let fault = row.fault(1, "cost-too-large", message);
                faults.push(fault.help("check the decimals of the asset"));
            }
            if !costs[at].is_zero() {
                faults.push(row.fault(0, "double-project", format!("`{id}` is listed twice")));
            }
            costs[at] = cost;
        }
        faults.or(Self { ballots, costs })
    }

    /// The projects.
    pub(super) fn projects(&self) -> &[Arc<str>] {
        &self.ballots.projects
    }

    /// Which projects were paid in earlier turns.
    pub(super) fn paid_before(&self, state: &State) -> Result<Vec<bool>, Refusal> {
        let Remembered { paid } = state.read()?;
        Ok(self.projects().iter().map(|project| paid.contains(&**project)).collect())
    }

    /// What to remember after paying these as well.
    pub(super) fn remember(&self, before: &[bool], chosen: &[usize]) -> State {
        let before = (0..before.len()).filter(|project| before[*project]);
        let all = before.chain(chosen.iter().copied());
        let paid: BTreeSet<String> =
            all.map(|project| self.projects()[project].to_string()).collect();
        if paid.is_empty() { State::empty() } else { State::write(&Remembered { paid }) }
    }
}

/// Each project is paid once.
#[derive(Default, Serialize, Deserialize)]
struct Remembered {
    paid: BTreeSet<String>,
}
