//! How many votes a voter may cast, on one project and in all.

use std::sync::Arc;

use allonet_core::card::{Absent, Kind, Setting, Settings};
use allonet_core::fault::Fault;
use allonet_core::maths;
use allonet_core::table::{Column, Faults, Table};

use crate::ballots::{AMOUNT, Ballots, number};
use crate::names::plain;

const VOTER: usize = 0;
const PER_VOTER: usize = 1;
const PER_PROJECT: usize = 2;

/// Columns of the table of limits.
const COLUMNS: &[Column] = &[
    Column::required(&["voter", "voter_id", "voter_address", "badgeholder", "user", "address"]),
    Column::optional(&["max_per_voter", "max_votes_total", "budget", "credits"]),
    Column::optional(&["max_per_project", "max_votes_project"]),
];

const ANY: Kind = Kind::Number { min: 0.0, max: 1e30 };

/// The setting `max_per_project`.
pub(super) const MAX_PER_PROJECT: Setting = Setting {
    name: "max_per_project",
    kind: ANY,
    default: Absent::None("no limit"),
    doc: "Most votes that one voter may give one project.",
};

/// The setting `max_per_voter`.
pub(super) const MAX_PER_VOTER: Setting = Setting {
    name: "max_per_voter",
    kind: ANY,
    default: Absent::None("no limit"),
    doc: "Most votes that one voter may give in all.",
};

/// The setting `limits`.
pub(super) const LIMITS: Setting = Setting {
    name: "limits",
    kind: Kind::File,
    default: Absent::None("the same limits for all voters"),
    doc: "Table of voters with limits of their own, columns `voter`, `max_per_voter` and \
          `max_per_project`; an empty cell leaves the round's.",
};

/// The setting `over_budget`.
pub(super) const OVER_BUDGET: Setting = Setting {
    name: "over_budget",
    kind: Kind::Choice(&["refuse", "drop"]),
    default: Absent::Default("refuse"),
    doc: "Whether a ballot above its voter's limits stops the run or does not count.",
};

/// What one voter may give.
#[derive(Clone, Copy, Debug)]
struct Limit {
    per_voter: f64,
    per_project: f64,
}

/// Sums this little above a limit are rounding: 0.1 + 0.2 is not 0.3.
const SLACK: f64 = 1.0 + 1e-9;

/// Refuses or drops ballots above their limits; `table` is where they stand.
pub(super) fn apply(
    ballots: &mut Ballots,
    table: &Table,
    settings: &Settings,
) -> Result<(), Vec<Fault>> {
    let limits = limits(ballots, settings)?;
    let mut given: Vec<Vec<f64>> = vec![Vec::new(); ballots.voters.len()];
    let mut last = vec![0; ballots.voters.len()];
    let mut over: Vec<Option<(u32, String)>> = vec![None; ballots.voters.len()];
    for vote in &ballots.votes {
        let voter = vote.voter as usize;
        given[voter].push(vote.amount);
        last[voter] = vote.row.max(last[voter]);
        let most = limits[voter].per_project;
        if vote.amount > most * SLACK {
            let project = &ballots.projects[vote.project as usize];
            let message = format!("gives `{project}` {}, where {most} is the most", vote.amount);
            over[voter].get_or_insert((vote.row, message));
        }
    }
    for (voter, given) in given.iter().enumerate() {
        let (sum, most) = (maths::sum(given.iter().copied()), limits[voter].per_voter);
        if sum > most * SLACK {
            let message = format!("gives {sum} in all, where {most} is the most");
            over[voter].get_or_insert((last[voter], message));
        }
    }
    if settings.text("over_budget") == Some("drop") {
        drop_ballots(ballots, &over);
        return Ok(());
    }
    let mut faults = Faults::new();
    for (voter, over) in ballots.voters.iter().zip(&over) {
        if let Some((row, message)) = over {
            let row = table.row(*row as usize).expect("a vote has a row");
            let fault = row.fault(AMOUNT, "over-budget", format!("`{voter}` {message}"));
            let help = "correct the ballot, or set over_budget = \"drop\" to leave it out";
            faults.push(fault.help(help));
        }
    }
    faults.or(())
}

/// The limits of each voter.
fn limits(ballots: &Ballots, settings: &Settings) -> Result<Vec<Limit>, Vec<Fault>> {
    let most = |name| settings.number(name).unwrap_or(f64::INFINITY);
    let all = Limit { per_voter: most("max_per_voter"), per_project: most("max_per_project") };
    let mut limits = vec![all; ballots.voters.len()];
    let Some(file) = settings.file("limits") else { return Ok(limits) };
    let table = Table::read(file, COLUMNS)?;
    let mut faults = Faults::new();
    let mut rows: Vec<(Arc<str>, usize)> =
        table.rows().map(|row| (plain(row.cell(VOTER)).into(), row.index())).collect();
    rows.sort_unstable();
    for at in 0..rows.len() {
        let row = table.row(rows[at].1).expect("its own row");
        if rows[at].0.is_empty() {
            faults.push(row.fault(VOTER, "no-voter", "this limit names no voter"));
        } else if at > 0 && rows[at].0 == rows[at - 1].0 {
            let message = format!("`{}` has a second limit", row.cell(VOTER));
            faults
                .push(row.fault(VOTER, "double-voter", message).help("keep the one that is meant"));
        }
        let mut read = |column| {
            number(row, column, false).unwrap_or_else(|fault| {
                faults.push(*fault);
                None
            })
        };
        let (per_voter, per_project) = (read(PER_VOTER), read(PER_PROJECT));
        if let Ok(voter) = ballots.voters.binary_search_by(|voter| (**voter).cmp(&rows[at].0)) {
            limits[voter].per_voter = per_voter.unwrap_or(all.per_voter);
            limits[voter].per_project = per_project.unwrap_or(all.per_project);
        }
    }
    faults.or(limits)
}

/// Takes out ballots and their voters.
fn drop_ballots(ballots: &mut Ballots, over: &[Option<(u32, String)>]) {
    let mut numbers = Vec::with_capacity(over.len());
    let mut next = 0;
    for over in over {
        numbers.push(next);
        next += u32::from(over.is_none());
    }
    let mut remarks = Vec::new();
    let mut place = 0;
    ballots.voters.retain(|voter| {
        let dropped = &over[place];
        place += 1;
        if let Some((_, message)) = dropped {
            remarks.push(format!("a ballot does not count: `{voter}` {message}"));
        }
        dropped.is_none()
    });
    ballots.votes.retain(|vote| over[vote.voter as usize].is_none());
    for vote in &mut ballots.votes {
        vote.voter = numbers[vote.voter as usize];
    }
    ballots.remarks.append(&mut remarks);
}
