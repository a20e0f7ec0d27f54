//! The list of projects that may be paid.

use std::collections::BTreeMap;
use std::sync::Arc;

use allonet_core::fault::Fault;
use allonet_core::money::Share;
use allonet_core::table::{Column, Faults, Table};

use super::eligibility::first_of;
use super::votes::{GRANT_ADDRESS, Votes};
use crate::paying::several;

/// Columns of a list of projects.
pub const PROJECT_COLUMNS: &[Column] = &[
    Column::required(&["id", "project", "project_name", "application_id", "project_id"]),
    Column::optional(&["status", "approved"]),
    Column::optional(&["recipient", "recipient_address", "payout_address", "grant_address"]),
    Column::optional(&["cap", "maximum_reward", "max_share"]),
];

/// Columns of [`PROJECT_COLUMNS`].
pub(super) const RECIPIENT: usize = 2;
const CAP: usize = 3;

/// Leaves out votes for projects that are not approved, and votes that name
/// another recipient than the list.
pub(super) fn apply_list(
    list: &Table,
    table: &Table,
    votes: &mut Votes,
    remarks: &mut Vec<String>,
    faults: &mut Faults,
) {
    let listed = list_entries(list, faults);
    let entries: Vec<Option<&Listed<'_>>> =
        votes.projects.iter().map(|name| listed.get(&**name)).collect();
    let approved: Vec<bool> =
        entries.iter().map(|entry| entry.is_some_and(|entry| entry.approved)).collect();
    if !approved.is_empty() && !approved.contains(&true) {
        faults.push(nobody_listed(list, &votes.projects));
        return;
    }
    let checked = list.has(RECIPIENT) && table.has(GRANT_ADDRESS);
    let mut rows = vec![true; table.len()];
    let mut elsewhere = Vec::new();
    let mut passed_over = 0;
    for (row, project) in table.rows().zip(&votes.columns.projects) {
        let project = *project as usize;
        let address = row.cell(GRANT_ADDRESS);
        let meant = |entry: &Listed<'_>| entry.recipient.eq_ignore_ascii_case(address);
        if !approved[project] {
            passed_over += 1;
        } else if checked && !entries[project].is_some_and(meant) {
            rows[row.index()] = false;
            elsewhere.push(row.line().to_string());
        }
    }
    let left_out = votes.projects.iter().zip(&approved).filter(|(_, approved)| !**approved);
    let left_out: Vec<&str> = left_out.map(|(name, _)| &**name).collect();
    if !left_out.is_empty() {
        remarks.push(format!(
            "passed over: {} for {} not on the list or not approved: {}",
            several(passed_over, "vote"),
            several(left_out.len(), "project"),
            first_of(&left_out)
        ));
    }
    if !elsewhere.is_empty() {
        let lines: Vec<&str> = elsewhere.iter().map(String::as_str).collect();
        remarks.push(format!(
            "passed over: {} with another recipient than the list, on lines {}",
            several(lines.len(), "vote"),
            first_of(&lines)
        ));
    }
    votes.retain(&approved, &rows);
}

/// How many projects of a list may be paid.
pub(super) fn approved(list: &Table) -> usize {
    let entries = list_entries(list, &mut Faults::new());
    entries.values().filter(|entry| entry.approved).count()
}

/// The projects' own caps, in the order of the votes' projects.
pub(super) fn own_caps(list: &Table, votes: &Votes) -> Result<Vec<Option<Share>>, Vec<Fault>> {
    let mut faults = Faults::new();
    let mut caps = vec![None; votes.projects.len()];
    for row in list.rows() {
        let (id, text) = (row.cell(0), row.cell(CAP));
        let place = votes.projects.binary_search_by(|project| (**project).cmp(id));
        match text.parse::<Share>() {
            _ if text.is_empty() => {}
            Err(error) => faults.push(row.fault(CAP, "bad-cap", error.to_string())),
            Ok(cap) => {
                if let Ok(place) = place {
                    caps[place] = Some(cap);
                }
            }
        }
    }
    faults.or(caps)
}

/// One line of the list of projects.
struct Listed<'t> {
    approved: bool,
    recipient: &'t str,
}

fn list_entries<'t>(list: &'t Table, faults: &mut Faults) -> BTreeMap<&'t str, Listed<'t>> {
    let mut entries = BTreeMap::new();
    for row in list.rows() {
        let (id, status) = (row.cell(0), row.cell(1).to_ascii_lowercase());
        let approved = !list.has(1) || matches!(&*status, "approved" | "true" | "yes");
        if entries.insert(id, Listed { approved, recipient: row.cell(RECIPIENT) }).is_some() {
            let message = format!("project `{id}` is listed twice");
            faults.push(row.fault(0, "listed-twice", message).help("remove one line"));
        }
    }
    entries
}

fn nobody_listed(list: &Table, projects: &[Arc<str>]) -> Fault {
    let message = format!(
        "none of the {} projects voted for is on the list as approved, such as `{}`",
        projects.len(),
        projects[0]
    );
    let help =
        format!("the votes and column `id` of {} must name projects alike", list.file().path);
    Fault::new("nobody-listed", message)
        .at_some(list.row(0).map(|row| row.place(0)))
        .label("the list")
        .help(help)
}
