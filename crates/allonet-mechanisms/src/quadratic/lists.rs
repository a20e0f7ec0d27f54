//! Voters and projects that people put on lists, and recipients who vote.
//!
//! A list says who is on it, and if wished who put them there and why; remarks
//! repeat that, so that nobody is left out in silence.

use std::collections::BTreeSet;

use allonet_core::table::{Column, Faults, Row, Table};

use super::eligibility::{LISTED, first_of};
use super::roster::RECIPIENT;
use super::votes::{GRANT_ADDRESS, PROJECT, Votes};
use crate::names::plain;
use crate::paying::several;

/// Columns of a list of voters.
pub const VOTER_COLUMNS: &[Column] = &[
    Column::required(&["voter", "address", "voter_address", "wallet", "donor", "contributor"]),
    Column::optional(&["author", "by"]),
    Column::optional(&["reason", "note", "comment"]),
];

/// Columns of a list of projects to leave out.
pub const OUTCAST_COLUMNS: &[Column] = &[
    Column::required(&["project", "id", "project_id", "project_name", "application_id"]),
    Column::optional(&["author", "by"]),
    Column::optional(&["reason", "note", "comment"]),
];

const NAME: usize = 0;
const AUTHOR: usize = 1;
const REASON: usize = 2;

/// Whether those who are paid may vote.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Recipients {
    /// Their votes count.
    #[default]
    Vote,
    /// Their votes for themselves do not count.
    NotForThemselves,
    /// Their votes do not count.
    Never,
}

/// Who is on a list, by number: the row, and how many votes it decides over.
struct Entries<'t> {
    by_number: Vec<Option<(Row<'t>, usize)>>,
    /// Names nobody votes by.
    unused: Vec<&'t str>,
}

impl<'t> Entries<'t> {
    fn read(
        list: &'t Table,
        count: usize,
        number: impl Fn(&str) -> Option<usize>,
        faults: &mut Faults,
    ) -> Self {
        let (mut by_number, mut unused) = (vec![None; count], Vec::new());
        for row in list.rows() {
            let name = row.cell(NAME);
            if name.is_empty() {
                faults.push(row.fault(NAME, "no-name", "this line names nobody"));
            } else if let Some(number) = number(name) {
                if by_number[number].replace((row, 0)).is_some() {
                    let message = format!("`{name}` is listed twice");
                    faults.push(row.fault(NAME, "listed-twice", message).help("remove one line"));
                }
            } else {
                unused.push(name);
            }
        }
        unused.sort_unstable();
        Self { by_number, unused }
    }

    /// Remarks about entries that decide over votes, in order of names.
    fn remark(&self, verb: &str, noun: &str, effect: &str, remarks: &mut Vec<String>) {
        let some = |text: &str, before: &str| {
            if text.is_empty() { String::new() } else { format!("{before}{text}") }
        };
        let used: Vec<_> =
            self.by_number.iter().flatten().filter(|(_, votes)| *votes > 0).collect();
        for (row, votes) in used.iter().take(LISTED) {
            let (author, reason) = (some(row.cell(AUTHOR), " by "), some(row.cell(REASON), ": "));
            let (name, votes) = (plain(row.cell(NAME)), several(*votes, "vote"));
            remarks.push(format!("{verb}{author}: {noun} `{name}`, {votes} {effect}{reason}"));
        }
        if used.len() > LISTED {
            let more = several(used.len() - LISTED, noun);
            remarks.push(format!("{verb}, but not shown here: {more}"));
        }
        if !self.unused.is_empty() {
            let names = first_of(&self.unused);
            remarks.push(format!("{verb}, but without a vote in the round: {names}"));
        }
    }
}

/// Only votes of voters on the list count.
pub(super) fn allow(
    list: &Table,
    votes: &Votes,
    parts: &mut [u64],
    remarks: &mut Vec<String>,
    faults: &mut Faults,
) {
    let entries = Entries::read(list, votes.voters.len(), |name| votes.voter(name), faults);
    let mut strangers = 0;
    for (part, voter) in parts.iter_mut().zip(&votes.columns.voters) {
        if entries.by_number[*voter as usize].is_none() {
            strangers += usize::from(*part > 0);
            *part = 0;
        }
    }
    if strangers > 0 {
        let votes = several(strangers, "vote");
        remarks
            .push(format!("of voters who are not on the list `allow`, and not counted: {votes}"));
    }
    explain(entries, votes, "allowed", "may count", remarks);
}

/// Numbers of the voters on the list.
pub(super) fn guests(
    list: &Table,
    votes: &Votes,
    remarks: &mut Vec<String>,
    faults: &mut Faults,
) -> Vec<usize> {
    let entries = Entries::read(list, votes.voters.len(), |name| votes.voter(name), faults);
    let numbers = (0..votes.voters.len()).filter(|at| entries.by_number[*at].is_some()).collect();
    explain(entries, votes, "guest", "counted whatever the score", remarks);
    numbers
}

/// Remarks about voters on a list that says who put them there, or why.
fn explain(
    mut entries: Entries<'_>,
    votes: &Votes,
    verb: &str,
    effect: &str,
    remarks: &mut Vec<String>,
) {
    entries.unused.clear();
    for voter in &votes.columns.voters {
        if let Some((row, count)) = &mut entries.by_number[*voter as usize] {
            *count += usize::from(!row.cell(AUTHOR).is_empty() || !row.cell(REASON).is_empty());
        }
    }
    entries.remark(verb, "voter", effect, remarks);
}

/// Votes of voters on the list do not count.
pub(super) fn deny(
    list: &Table,
    votes: &Votes,
    parts: &mut [u64],
    remarks: &mut Vec<String>,
    faults: &mut Faults,
) {
    let mut entries = Entries::read(list, votes.voters.len(), |name| votes.voter(name), faults);
    for (part, voter) in parts.iter_mut().zip(&votes.columns.voters) {
        if let Some((_, count)) = &mut entries.by_number[*voter as usize] {
            *count += 1;
            *part = 0;
        }
    }
    entries.remark("denied", "voter", "not counted", remarks);
}

/// Leaves out the projects on a list, with their votes.
pub(super) fn outcast(
    list: &Table,
    votes: &mut Votes,
    remarks: &mut Vec<String>,
    faults: &mut Faults,
) {
    let kept: Vec<bool> =
        listed(list, votes, "left out", remarks, faults).iter().map(|out| !out).collect();
    let rows = vec![true; votes.columns.projects.len()];
    votes.retain(&kept, &rows);
}

/// Whether each project is on a list of projects whose votes do not count.
pub(super) fn listed(
    list: &Table,
    votes: &Votes,
    verb: &str,
    remarks: &mut Vec<String>,
    faults: &mut Faults,
) -> Vec<bool> {
    let number = |name: &str| votes.projects.binary_search_by(|project| (**project).cmp(name)).ok();
    let mut entries = Entries::read(list, votes.projects.len(), number, faults);
    for project in &votes.columns.projects {
        if let Some((_, count)) = &mut entries.by_number[*project as usize] {
            *count += 1;
        }
    }
    entries.remark(verb, "project", "not counted", remarks);
    entries.by_number.iter().map(Option::is_some).collect()
}

/// Votes of those who are paid do not count, as far as the rule says.
pub(super) fn exclude_recipients(
    rule: Recipients,
    table: &Table,
    list: Option<&Table>,
    votes: &Votes,
    parts: &mut [u64],
    remarks: &mut Vec<String>,
) {
    if rule == Recipients::Vote {
        return;
    }
    let listed: BTreeSet<(&str, String)> = list
        .into_iter()
        .flat_map(Table::rows)
        .map(|row| (row.cell(0), plain(row.cell(RECIPIENT)).into_owned()))
        .collect();
    let mut everybody: BTreeSet<String> = BTreeSet::new();
    if rule == Recipients::Never {
        everybody.extend(listed.iter().map(|(_, recipient)| recipient.clone()));
        everybody.extend(table.rows().map(|row| plain(row.cell(GRANT_ADDRESS)).into_owned()));
        everybody.extend(votes.projects.iter().map(|project| plain(project).into_owned()));
    }
    let mut barred: Vec<&str> = Vec::new();
    let mut count = 0;
    for (row, part) in table.rows().zip(parts) {
        let voter = &*votes.voters[votes.columns.voters[row.index()] as usize];
        let is = |cell: usize| plain(row.cell(cell)) == voter;
        let own = is(PROJECT)
            || is(GRANT_ADDRESS)
            || listed.contains(&(row.cell(PROJECT), voter.to_owned()));
        if own || everybody.contains(voter) {
            count += usize::from(*part > 0);
            *part = 0;
            barred.push(voter);
        }
    }
    if count > 0 {
        barred.sort_unstable();
        barred.dedup();
        let whose = match rule {
            Recipients::Never => "recipients of the round",
            _ => "recipients for themselves",
        };
        let count = several(count, "vote");
        remarks.push(format!("votes of {whose}, not counted: {count} of {}", first_of(&barred)));
    }
}

#[cfg(test)]
mod tests {
    use allonet_core::fault::SourceFile;
    use allonet_core::money::Asset;

    use super::super::eligibility::{Eligibility, OVERRIDE_COLUMNS};
    use super::super::roster::PROJECT_COLUMNS;
    use super::super::votes::{COLUMNS, Written};
    use super::*;

    const VOTES: &str = "id,voter,project,amount,grant_address\n\
                         1,ann,x,1,0xX\n2,bob,x,2,0xX\n3,0xX,x,3,0xX\n4,0xX,y,4,0xY\n5,y,y,5,0xY\n";

    fn table(name: &str, text: &str, columns: &[Column]) -> Table {
        Table::read(&SourceFile::new(name, text), columns).unwrap()
    }

    fn voters(text: &str) -> Table {
        table("list.csv", text, VOTER_COLUMNS)
    }

    fn votes() -> (Table, Votes) {
        let table = table("votes.csv", VOTES, COLUMNS);
        let votes = Votes::read(&table, &Asset::new("USD", 0), Written::BaseUnits).unwrap();
        (table, votes)
    }

    fn apply(eligibility: &Eligibility) -> Result<(Vec<u128>, Vec<String>), String> {
        let (table, mut votes) = votes();
        match eligibility.apply(&table, &mut votes) {
            Ok(remarks) => Ok((votes.columns.amounts, remarks)),
            Err(faults) => Err(faults[0].to_string()),
        }
    }

    #[test]
    fn voters_are_denied_with_a_reason() {
        let deny = Some(voters("voter,author,reason\nbob,ops,farm\ncem,,\n0xX,,\n"));
        let (amounts, remarks) = apply(&Eligibility { deny, ..Eligibility::default() }).unwrap();
        assert_eq!(amounts, [1, 0, 0, 0, 5]);
        let expected = [
            "denied: voter `0xX`, 2 votes not counted",
            "denied by ops: voter `bob`, 1 vote not counted: farm",
            "denied, but without a vote in the round: `cem`",
        ];
        assert_eq!(remarks, expected);
    }

    #[test]
    fn only_voters_on_the_list_are_allowed() {
        let allow = Some(voters("voter,reason\nann,met in person\nbob,\n"));
        let deny = Some(voters("voter\nbob\n"));
        let both = Eligibility { allow, deny, ..Eligibility::default() };
        let (amounts, remarks) = apply(&both).unwrap();
        assert_eq!(amounts, [1, 0, 0, 0, 0]);
        let expected = [
            "of voters who are not on the list `allow`, and not counted: 3 votes",
            "allowed: voter `ann`, 1 vote may count: met in person",
            "denied: voter `bob`, 1 vote not counted",
        ];
        assert_eq!(remarks, expected);
    }

    #[test]
    fn an_override_goes_before_a_list() {
        let deny = Some(voters("voter\nbob\n"));
        let overrides = Some(table("overrides.csv", "id,coefficient\n2,0.5\n", OVERRIDE_COLUMNS));
        let both = Eligibility { overrides, deny, ..Eligibility::default() };
        assert_eq!(apply(&both).unwrap().0, [1, 1, 3, 4, 5]);
    }

    #[test]
    fn recipients_do_not_vote_for_themselves() {
        let rule = |recipients| Eligibility { recipients, ..Eligibility::default() };
        let (amounts, remarks) = apply(&rule(Recipients::NotForThemselves)).unwrap();
        assert_eq!(amounts, [1, 2, 0, 4, 0]);
        assert_eq!(
            remarks,
            ["votes of recipients for themselves, not counted: 2 votes of `0xX`, `y`"]
        );
        assert_eq!(apply(&rule(Recipients::Never)).unwrap().0, [1, 2, 0, 0, 0]);
        // The list of projects knows that bob is paid for x; its other address
        // passes over the other votes for x.
        let list = "id,recipient\nx,bob\ny,0xy\n";
        let projects = Some(table("projects.csv", list, PROJECT_COLUMNS));
        let (table, mut votes) = votes();
        let listed = Eligibility { projects, ..rule(Recipients::NotForThemselves) };
        listed.apply(&table, &mut votes).unwrap();
        assert_eq!(votes.columns.amounts, [4, 0]);
    }

    #[test]
    fn projects_are_left_out() {
        let list = "project,author,reason\nx,ops,copied\n";
        let list = table("frauds.csv", list, OUTCAST_COLUMNS);
        let (_, mut votes) = votes();
        let (mut remarks, mut faults) = (Vec::new(), Faults::new());
        outcast(&list, &mut votes, &mut remarks, &mut faults);
        assert!(faults.is_empty());
        assert_eq!(votes.projects, ["y".into()]);
        assert_eq!(votes.columns.amounts, [4, 5]);
        assert_eq!(remarks, ["left out by ops: project `x`, 3 votes not counted: copied"]);
    }

    #[test]
    fn lists_name_each_once() {
        let refused = |text: &str| {
            let deny = Some(voters(text));
            apply(&Eligibility { deny, ..Eligibility::default() }).unwrap_err()
        };
        assert_eq!(refused("voter,reason\n,why\n"), "list.csv:2:1: this line names nobody");
        assert!(refused("voter\nbob\nbob\n").starts_with("list.csv:3:1: `bob` is listed twice"));
    }
}
