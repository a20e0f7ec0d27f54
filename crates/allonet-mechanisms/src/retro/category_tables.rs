//! Ballots on categories from tables: one of shares of projects, one of shares
//! of categories, one of budgets.

use std::collections::BTreeMap;
use std::sync::Arc;

use allonet_core::card::Settings;
use allonet_core::fault::{Fault, SourceFile};
use allonet_core::money::{Amount, Asset};
use allonet_core::table::{Column, Faults, Row, Table};
use allonet_core::time::Instant;

use super::category_round::{Ballots, Given};
use super::metric_values::listed;
use crate::ballots::{Ballots as Votes, COLUMNS, Reading};
use crate::names::plain;

/// Columns of the list of projects.
const PROJECT_COLUMNS: &[Column] = &[
    Column::required(&["id", "project", "project_id", "project_name", "name"]),
    Column::required(&["category", "category_id"]),
];
/// Columns of votes on categories, in the order of those on projects.
const CATEGORY_COLUMNS: &[Column] = &[
    Column::required(&["voter", "voter_id", "voter_address", "badgeholder", "address"]),
    Column::required(&["category", "category_id"]),
    Column::required(&["share", "amount", "weight", "percent"]),
    Column::optional(&["time", "timestamp", "created_at", "date"]),
];
const BUDGET_COLUMNS: &[Column] = &[
    Column::required(&["voter", "voter_id", "voter_address", "badgeholder", "address"]),
    Column::required(&["budget", "amount"]),
    Column::optional(&["time", "timestamp", "created_at", "date"]),
];

/// The category of each listed project.
///
/// Faults: those of [`Table::read`] and [`listed`], `no-category`.
pub(crate) fn categories(file: &Arc<SourceFile>) -> Result<BTreeMap<String, String>, Vec<Fault>> {
    let (table, mut faults) = (Table::read(file, PROJECT_COLUMNS)?, Faults::new());
    let mut categories = BTreeMap::new();
    for (project, row) in listed(&table, &mut faults) {
        if row.cell(1).is_empty() {
            let message = format!("nothing says which category `{project}` is in");
            faults.push(row.fault(1, "no-category", message));
        }
        categories.insert(project.to_owned(), row.cell(1).to_owned());
    }
    faults.or(categories)
}

/// Reads the tables of the settings `ballots`, `category_votes` and `budgets`.
pub(crate) fn read(
    settings: &Settings,
    file: &Arc<SourceFile>,
    asset: &Asset,
    reading: &Reading,
) -> Result<Ballots, Vec<Fault>> {
    let given = |name: &'static str| settings.file(name).ok_or_else(|| vec![absent(name)]);
    let (list, on_categories) = (given("projects")?, given("category_votes")?);
    let category_of = categories(list)?;
    let with_list = Reading { projects: Some(Table::read(list, PROJECT_COLUMNS)?), ..*reading };
    let table = Table::read(file, COLUMNS)?;
    let votes = Votes::read(&table, &with_list)?;
    let category_table = Table::read(on_categories, CATEGORY_COLUMNS)?;
    let without_list = Reading { projects: None, ..*reading };
    let category_votes = Votes::read(&category_table, &without_list)?;
    let budgets = match settings.file("budgets") {
        Some(file) => budgets(file, asset, reading)?,
        None => Vec::new(),
    };
    let mut ballots = Ballots {
        categories: shares(&category_table, &category_votes),
        projects: shares(&table, &votes),
        category_of,
        ..Ballots::default()
    };
    let names = votes.voters.iter().chain(&category_votes.voters).map(ToString::to_string);
    ballots.voters.extend(names.chain(budgets.iter().map(|(voter, _)| voter.clone())));
    ballots.budgets = budgets;
    ballots.remarks = [votes.remarks, category_votes.remarks].concat();
    Ok(ballots)
}

fn absent(name: &str) -> Fault {
    Fault::new("no-table", format!("tables of ballots need `{name}` besides"))
        .help(format!("add `{name} = \"{name}.csv\"`, or give the ballots as JSON"))
}

fn shares(table: &Table, votes: &Votes) -> Vec<Given> {
    let given = |vote: &crate::ballots::Vote| Given {
        voter: votes.voters[vote.voter as usize].to_string(),
        to: votes.projects[vote.project as usize].to_string(),
        share: vote.amount,
        place: table.row(vote.row as usize).expect("a vote has a row").place(2),
    };
    votes.votes.iter().map(given).collect()
}

/// Faults: those of [`Table::read`], `no-voter`, `double-voter`, `bad-amount`,
/// `no-time`, `bad-time`.
fn budgets(
    file: &Arc<SourceFile>,
    asset: &Asset,
    reading: &Reading,
) -> Result<Vec<(String, Amount)>, Vec<Fault>> {
    let (table, mut faults) = (Table::read(file, BUDGET_COLUMNS)?, Faults::new());
    let (mut budgets, mut lines) = (Vec::new(), BTreeMap::new());
    for row in table.rows() {
        let voter = plain(row.cell(0)).into_owned();
        if voter.is_empty() {
            faults.push(row.fault(0, "no-voter", "this budget names no voter"));
            continue;
        }
        match in_window(row, reading) {
            Ok(false) => continue,
            Ok(true) => {}
            Err(fault) => faults.push(*fault),
        }
        if let Some(first) = lines.insert(voter.clone(), row.line()) {
            let message = format!("`{voter}` votes a second time; the first is on line {first}");
            faults.push(row.fault(0, "double-voter", message).help("keep the vote that is meant"));
        }
        if row.cell(1).is_empty() || row.cell(1).eq_ignore_ascii_case("null") {
            continue;
        }
        match asset.parse(row.cell(1)) {
            Ok(budget) => budgets.push((voter, budget)),
            Err(error) => faults.push(row.fault(1, "bad-amount", error.to_string())),
        }
    }
    faults.or(budgets)
}

fn in_window(row: Row<'_>, reading: &Reading) -> Result<bool, Box<Fault>> {
    if reading.opens.is_none() && reading.closes.is_none() {
        return Ok(true);
    }
    let time = row.cell(2).parse::<Instant>();
    let time = time.map_err(|error| Box::new(row.fault(2, "bad-time", error.to_string())))?;
    Ok(reading.opens.is_none_or(|opens| time >= opens)
        && reading.closes.is_none_or(|closes| time < closes))
}
