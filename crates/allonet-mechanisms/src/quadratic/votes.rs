//! Votes from a table: who gives what to which project, as columns of numbers.
//!
//! Voters and projects are numbered in the order of their names, so that no
//! result depends on the order of rows. Addresses (`0x` and 40 digits) of
//! voters are compared without regard to upper and lower case; all other names
//! as they are written, without the spaces around them, quoted or not.

use std::sync::Arc;

use allonet_core::fault::{Fault, Place};
use allonet_core::money::{Amount, Asset};
use allonet_core::network::id_problem;
use allonet_core::table::{Column, Faults, Row, Table};

use super::kernel::{Columns, Pairs};
use crate::names::{Names, plain, spelled_twice, two_spellings};

/// Columns of a table of votes.
pub const COLUMNS: &[Column] = &[
    Column::required(&[
        "voter",
        "voter_address",
        "sender",
        "donor",
        "donor_address",
        "contributor",
        "contributor_address",
        "from",
        "from_address",
        "wallet",
        "address",
        "user",
    ]),
    Column::required(&[
        "project",
        "project_name",
        "application_id",
        "application",
        "project_id",
        "grant",
        "grant_id",
        "recipient",
        "recipient_id",
        "payee",
        "to",
    ]),
    Column::required(&["amount", "value", "donation", "contribution", "amount_usd", "usd"]),
    Column::optional(&["amount_round_token", "amount_in_round_token"]),
    Column::optional(&["amount_usd", "usd_amount", "usd", "value_usd"]),
    Column::optional(&["id", "vote_id", "donation_id", "contribution_id"]),
    Column::optional(&["grant_address", "payout_address", "recipient_address"]),
];

const VOTER: usize = 0;
pub(super) const PROJECT: usize = 1;
pub(super) const AMOUNT: usize = 2;
const ROUND_AMOUNT: usize = 3;
pub(super) const USD: usize = 4;
pub(super) const ID: usize = 5;
pub(super) const GRANT_ADDRESS: usize = 6;

/// How amounts are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// `1_250.75`, in units of the asset.
    Decimal,
    /// `1250750000`, in its base units.
    BaseUnits,
}

/// Votes as columns of numbers, with the names behind the numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Votes {
    /// The votes, in the order of their rows.
    pub columns: Columns,
    /// Names of the voters, sorted.
    pub voters: Vec<Box<str>>,
    /// Names of the projects, sorted.
    pub projects: Vec<Arc<str>>,
}

impl Votes {
    /// Reads a table with [`COLUMNS`]; every row is a vote. Where both stand
    /// there, the amount in the round's token goes before `amount`.
    ///
    /// Faults: `no-voter`, `no-project`, `bad-name`, `bad-amount`,
    /// `vote-too-large`, `two-spellings`.
    pub fn read(table: &Table, asset: &Asset, written: Written) -> Result<Self, Vec<Fault>> {
        let amount_column = if table.has(ROUND_AMOUNT) { ROUND_AMOUNT } else { AMOUNT };
        let mut faults = Faults::new();
        let (mut voters, mut projects) = (Names::with_addresses(), Names::verbatim());
        let mut columns = Columns {
            voters: Vec::with_capacity(table.len()),
            projects: Vec::with_capacity(table.len()),
            amounts: Vec::with_capacity(table.len()),
            ..Columns::default()
        };
        for row in table.rows() {
            let (voter, project) = (row.cell(VOTER), row.cell(PROJECT));
            if voter.is_empty() {
                faults.push(row.fault(VOTER, "no-voter", "this vote names no voter"));
            }
            let known = projects.len();
            columns.voters.push(voters.number(voter));
            columns.projects.push(projects.number(project));
            if projects.len() > known
                && let Some(fault) = bad_name(row, project)
            {
                faults.push(fault);
            }
            match amount(row, amount_column, asset, written) {
                Ok(amount) => columns.amounts.push(amount),
                Err(fault) => faults.push(fault),
            }
        }
        faults.or(())?;
        let (voter_names, renumbered) = voters.sorted();
        columns.voters.iter_mut().for_each(|voter| *voter = renumbered[*voter as usize]);
        let (project_names, renumbered) = projects.sorted();
        columns.projects.iter_mut().for_each(|project| *project = renumbered[*project as usize]);
        if let Some(pair) = two_spellings(&project_names) {
            return Err(vec![spelled_twice(&table.file().path, pair)]);
        }
        columns.voter_count = voter_names.len();
        columns.project_count = project_names.len();
        Ok(Self {
            columns,
            voters: voter_names,
            projects: project_names.into_iter().map(Arc::from).collect(),
        })
    }

    /// What each voter gives each project in all.
    ///
    /// Faults: `vote-too-large`, at the setting of the votes.
    pub(super) fn pairs(&self, place: Option<Place>) -> Result<Pairs, Vec<Fault>> {
        Pairs::gather(&self.columns).map_err(|pair| {
            let voter = &self.voters[pair.voter as usize];
            let project = &self.projects[pair.project as usize];
            let message =
                format!("voter `{voter}` gives `{project}` 2^128 base units or more in all");
            let help = "check the decimals of the asset and the setting `amounts`";
            vec![Fault::new("vote-too-large", message).at_some(place).help(help)]
        })
    }

    /// The number of a voter.
    pub fn voter(&self, name: &str) -> Option<usize> {
        let name = plain(name);
        self.voters.binary_search_by(|voter| (**voter).cmp(&*name)).ok()
    }

    /// Keeps some projects and rows; numbers stay in order of names.
    pub(super) fn retain(&mut self, projects: &[bool], rows: &[bool]) {
        let mut kept = Vec::new();
        let mut next = 0..;
        let keep = |(name, keep): (&Arc<str>, &bool)| {
            let number = keep.then(|| next.next()).flatten();
            kept.extend(number.map(|_| Arc::clone(name)));
            number
        };
        let renumbered: Vec<Option<u32>> = self.projects.iter().zip(projects).map(keep).collect();
        let old = std::mem::take(&mut self.columns);
        let new = &mut self.columns;
        for (row, project) in old.projects.iter().enumerate() {
            if let Some(project) = renumbered[*project as usize].filter(|_| rows[row]) {
                new.voters.push(old.voters[row]);
                new.projects.push(project);
                new.amounts.push(old.amounts[row]);
            }
        }
        new.voter_count = old.voter_count;
        new.project_count = kept.len();
        self.projects = kept;
    }
}

/// Why a project's name cannot be the id of a node.
fn bad_name(row: Row<'_>, name: &str) -> Option<Fault> {
    if name.is_empty() {
        return Some(row.fault(PROJECT, "no-project", "this vote names no project"));
    }
    id_problem(name).map(|problem| {
        let message = format!("the project name {name:?} cannot be the id of a recipient");
        row.fault(PROJECT, "bad-name", format!("{message}: {problem}")).help(
            "a name has 1 to 200 bytes, no control or invisible characters and no spaces around it",
        )
    })
}

/// The amount of one vote, in base units.
fn amount(row: Row<'_>, column: usize, asset: &Asset, written: Written) -> Result<u128, Fault> {
    let text = row.cell(column);
    let bad = |message: String| row.fault(column, "bad-amount", message);
    let amount = match written {
        _ if text.is_empty() => Err(bad("this vote has no amount".to_owned())),
        Written::Decimal => asset.parse(text).map_err(|error| bad(error.to_string())),
        Written::BaseUnits => text.parse::<Amount>().map_err(|error| {
            bad(error.to_string())
                .help("amounts = \"base-units\" is set; decimals need amounts = \"decimal\"")
        }),
    }?;
    amount.to_u128().ok_or_else(|| {
        let message = format!("`{text}` is 2^128 base units of {} or more", asset.symbol);
        row.fault(column, "vote-too-large", message)
            .help("check the decimals of the asset and the setting `amounts`")
    })
}

#[cfg(test)]
mod tests {
    use allonet_core::fault::SourceFile;

    use super::*;

    fn read(text: &str, written: Written) -> Result<Votes, Vec<String>> {
        let show = |faults: Vec<Fault>| faults.iter().map(ToString::to_string).collect();
        let table = Table::read(&SourceFile::new("votes.csv", text), COLUMNS);
        table.and_then(|table| Votes::read(&table, &Asset::new("USD", 2), written)).map_err(show)
    }

    #[test]
    fn names_are_numbered_in_order() {
        let votes =
            read("voter,project,amount\nb,y,1\na,x,0.5\nb,x,2\n", Written::Decimal).unwrap();
        assert_eq!(votes.columns.voters, [1, 0, 1]);
        assert_eq!(votes.columns.projects, [1, 0, 0]);
        assert_eq!(votes.columns.amounts, [100, 50, 200]);
        assert_eq!(votes.voters, ["a".into(), "b".into()]);
        assert_eq!(votes.voter("b"), Some(1));
    }

    #[test]
    fn other_headers_and_base_units() {
        let text = "id,applicationId,voter,grantAddress,amount,amountUSD,amountRoundToken\n\
                    1,p,v,0xg,0,1.5,150\n";
        let votes = read(text, Written::BaseUnits).unwrap();
        assert_eq!((votes.columns.amounts, &*votes.projects[0]), (vec![150], "p"));
        let votes = read("Donor;Project Name;Amount USD\nv;p;1.5\n", Written::Decimal).unwrap();
        assert_eq!(votes.columns.amounts, [150]);
    }

    #[test]
    fn one_address_is_one_voter() {
        let (upper, lower) = (format!("0x{}", "AB".repeat(20)), format!("0x{}", "ab".repeat(20)));
        let text = format!("voter,project,amount\n{upper},p,1\n{lower},p,1\nA,p,1\na,p,1\n");
        let votes = read(&text, Written::Decimal).unwrap();
        assert_eq!(votes.voters, [lower.as_str().into(), "A".into(), "a".into()]);
        assert_eq!(votes.voter(&upper), Some(0));
    }

    #[test]
    fn quotes_make_no_other_voter_and_nothing_unseen_another_project() {
        let text = "voter,project,amount\n\"ann \",p,1\nann,\"p \",1\n";
        let votes = read(text, Written::Decimal).unwrap();
        assert_eq!((votes.columns.voter_count, votes.columns.project_count), (1, 1));
        let faults = read("voter,project,amount\nv,p\u{202e}q,1\n", Written::Decimal).unwrap_err();
        let expected = "votes.csv:2:3: the project name \"p\\u{202e}q\" cannot be the id of a \
                        recipient: it has an invisible character U+202E";
        assert!(faults[0].starts_with(expected), "{faults:?}");
    }

    #[test]
    fn rows_and_projects_can_be_left_out() {
        let mut votes =
            read("voter,project,amount\na,x,1\na,y,2\nb,z,3\nb,z,4\n", Written::Decimal).unwrap();
        votes.retain(&[false, true, true], &[true, true, false, true]);
        assert_eq!(votes.projects, ["y".into(), "z".into()]);
        assert_eq!(votes.columns.projects, [0, 1]);
        assert_eq!(votes.columns.amounts, [200, 400]);
    }

    #[test]
    fn each_bad_cell_is_named() {
        let text =
            "voter,project,amount\n,p,1\nv,,1\nv,p,-1\nv,p,NaN\nv,p,\nv,p,1.234\nv,\"a\nb\",1\n";
        let faults = read(text, Written::Decimal).unwrap_err();
        let starts = [
            "votes.csv:2:1: this vote names no voter",
            "votes.csv:3:3: this vote names no project",
            "votes.csv:4:5: `-1` is negative",
            "votes.csv:5:5: `NaN` is not a decimal number",
            "votes.csv:6:5: this vote has no amount",
            "votes.csv:7:5: `1.234` has 3 decimals, but the asset has 2",
            "votes.csv:8:4: the project name \"a\\nb\" cannot be the id of a recipient",
        ];
        assert_eq!(faults.len(), starts.len());
        for (fault, start) in faults.iter().zip(starts) {
            assert!(fault.starts_with(start), "{fault}");
        }
        let large = format!("voter,project,amount\nv,p,{}\n", "9".repeat(40));
        assert!(read(&large, Written::BaseUnits).unwrap_err()[0].contains("2^128 base units"));
        assert!(read(&large, Written::Decimal).unwrap_err()[0].contains("2^128 base units"));
    }
}
