//! Ballots from a table: what each voter gives each project, as numbers.
//!
//! Rows may stand in any order. A voter votes once on a project; an empty cell
//! (or `null`) abstains, which is not the same as a zero.

use std::sync::Arc;

use allonet_core::card::{Absent, Kind, Setting, Settings};
use allonet_core::fault::Fault;
use allonet_core::network::id_problem;
use allonet_core::table::{Column, Faults, Row, Table};
use allonet_core::time::Instant;

use crate::names::{Names, spelled_twice, two_spellings};

/// Columns of a table of ballots: voter, project, amount, time.
pub const COLUMNS: &[Column] = &[
    Column::required(&[
        "voter",
        "voter_id",
        "voter_address",
        "badgeholder",
        "ballot",
        "ballot_id",
        "juror",
        "user",
        "address",
        "from",
    ]),
    Column::required(&[
        "project",
        "project_id",
        "project_name",
        "application",
        "application_id",
        "choice",
        "recipient",
        "to",
    ]),
    Column::required(&["amount", "votes", "vote", "credits", "value", "share", "weight", "score"]),
    Column::optional(&["time", "timestamp", "created_at", "date"]),
];

/// Place of the voter in [`COLUMNS`].
pub(crate) const VOTER: usize = 0;
/// Place of the project in [`COLUMNS`].
pub(crate) const PROJECT: usize = 1;
/// Place of the amount in [`COLUMNS`].
pub(crate) const AMOUNT: usize = 2;
const TIME: usize = 3;

/// Columns of a table of projects.
pub(crate) const PROJECT_COLUMNS: &[Column] =
    &[Column::required(&["id", "project", "project_id", "project_name", "name"])];

/// The setting `projects`.
pub(crate) const PROJECTS: Setting = Setting {
    name: "projects",
    kind: Kind::File,
    default: Absent::None("every project voted for may be paid"),
    doc: "List of projects that may be paid, column `id`; votes for others do not count.",
};

/// The setting `opens`.
pub(crate) const OPENS: Setting = Setting {
    name: "opens",
    kind: Kind::Time,
    default: Absent::None("votes count from the first"),
    doc: "Votes before this moment do not count; needs a column `time`.",
};

/// The setting `closes`.
pub(crate) const CLOSES: Setting = Setting {
    name: "closes",
    kind: Kind::Time,
    default: Absent::None("votes count to the last"),
    doc: "Votes at this moment or later do not count; needs a column `time`.",
};

/// What one voter gives one project.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Vote {
    /// Index into [`Ballots::voters`].
    pub(crate) voter: u32,
    /// Index into [`Ballots::projects`].
    pub(crate) project: u32,
    /// Finite; below zero only where that is allowed.
    pub(crate) amount: f64,
    /// Row of the table, from 0.
    pub(crate) row: u32,
}

/// All ballots of a round.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Ballots {
    /// Names of everyone with a row that counts, sorted.
    pub(crate) voters: Vec<Box<str>>,
    /// Names of the projects, sorted: those listed, or all voted for.
    pub(crate) projects: Vec<Arc<str>>,
    /// By project, then voter; abstentions are left out.
    pub(crate) votes: Vec<Vote>,
    /// What the operator should know of votes that do not count.
    pub(crate) remarks: Vec<String>,
}

/// How ballots are read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reading {
    /// Amounts below zero are votes against, not mistakes.
    pub(crate) negative: bool,
    /// The projects that may be voted for.
    pub(crate) projects: Option<Table>,
    /// First moment that counts.
    pub(crate) opens: Option<Instant>,
    /// First moment that counts no more.
    pub(crate) closes: Option<Instant>,
}

impl Reading {
    /// From the settings [`PROJECTS`], [`OPENS`] and [`CLOSES`], as far as a
    /// card has them.
    pub(crate) fn from_settings(settings: &Settings) -> Result<Self, Vec<Fault>> {
        let projects = settings.file("projects");
        let projects = projects.map(|file| Table::read(file, PROJECT_COLUMNS)).transpose()?;
        let (opens, closes) = (settings.time("opens"), settings.time("closes"));
        if let (Some(opens), Some(closes)) = (opens, closes)
            && opens >= closes
        {
            let message = format!("opens = {opens} is not before closes = {closes}");
            let fault = Fault::new("window", message).at_some(settings.place("opens"));
            return Err(vec![fault.help("no vote could count; swap them?")]);
        }
        Ok(Self { negative: false, projects, opens, closes })
    }
}

impl Ballots {
    /// Reads the table of a setting.
    ///
    /// Faults: those of [`Table::read`], `no-votes` (the setting is absent),
    /// `no-voter`, `no-project`, `bad-name`, `bad-amount`, `negative-amount`,
    /// `double-vote`, `no-time`, `bad-time`, `two-spellings`.
    pub(crate) fn of(
        settings: &Settings,
        name: &str,
        reading: &Reading,
    ) -> Result<Self, Vec<Fault>> {
        let file = settings.file(name).ok_or_else(|| {
            let help = format!("add `{name} = \"{name}.csv\"`");
            vec![Fault::new("no-votes", "there are no ballots to count").help(help)]
        })?;
        Self::read(&Table::read(file, COLUMNS)?, reading)
    }

    /// Reads a table with [`COLUMNS`].
    pub(crate) fn read(table: &Table, reading: &Reading) -> Result<Self, Vec<Fault>> {
        let mut faults = Faults::new();
        if (reading.opens.is_some() || reading.closes.is_some()) && !table.has(TIME) {
            let message = format!("{} has no column `time`", table.file().path);
            let help = "`opens` and `closes` need to know when each vote was cast";
            faults.push(Fault::new("no-time", message).help(help));
        }
        let listed = reading.projects.as_ref().map(|table| listed(table, &mut faults));
        let (mut voters, mut projects) = (Names::with_addresses(), Names::verbatim());
        for name in listed.iter().flatten() {
            projects.number(name);
        }
        let known = projects.len();
        let mut votes = Vec::with_capacity(table.len());
        let (mut late, mut unknown) = (0, Unknown::default());
        for row in table.rows() {
            match read_row(row, reading, &mut faults) {
                Counted::Yes(amount) => {
                    let project = projects.number(row.cell(PROJECT));
                    if listed.is_some() && project as usize >= known {
                        unknown.add(row.cell(PROJECT));
                        continue;
                    }
                    let voter = voters.number(row.cell(VOTER));
                    let index = u32::try_from(row.index()).expect("a table has below 2^31 rows");
                    votes.push((voter, project, amount, index));
                }
                Counted::OutsideWindow => late += 1,
                Counted::Faulty => {}
            }
        }
        faults.or(())?;
        let (voters, new_voters) = voters.sorted();
        let (mut projects, new_projects) = projects.sorted();
        if let Some(pair) = two_spellings(&projects) {
            return Err(vec![spelled_twice(&table.file().path, pair)]);
        }
        let mut kept = vec![true; projects.len()];
        if listed.is_some() {
            new_projects.iter().skip(known).for_each(|new| kept[*new as usize] = false);
        }
        let places = places(&kept);
        let mut keep = kept.iter();
        projects.retain(|_| *keep.next().expect("one for each project"));
        let mut votes: Vec<(Vote, bool)> = votes
            .into_iter()
            .map(|(voter, project, amount, row)| {
                let vote = Vote {
                    voter: new_voters[voter as usize],
                    project: places[new_projects[project as usize] as usize],
                    amount: amount.unwrap_or(0.0),
                    row,
                };
                (vote, amount.is_some())
            })
            .collect();
        votes.sort_unstable_by_key(|(vote, _)| (vote.project, vote.voter, vote.row));
        doubles(table, &votes).or(())?;
        let projects = projects.into_iter().map(Arc::from).collect();
        let votes = votes.into_iter().filter(|(_, cast)| *cast).map(|(vote, _)| vote).collect();
        Ok(Self { voters, projects, votes, remarks: remarks(late, &unknown) })
    }

    /// Votes of each project, in order of [`Ballots::projects`].
    pub(crate) fn by_project(&self) -> impl ExactSizeIterator<Item = &[Vote]> {
        let mut rest = &self.votes[..];
        (0..self.projects.len()).map(move |project| {
            let own = rest.iter().take_while(|vote| vote.project as usize == project).count();
            let (own, others) = rest.split_at(own);
            rest = others;
            own
        })
    }
}

/// New indices of those kept.
fn places(kept: &[bool]) -> Vec<u32> {
    let mut next = 0;
    let place = |kept: &bool| {
        let place = next;
        next += u32::from(*kept);
        place
    };
    kept.iter().map(place).collect()
}

/// The projects of a list, sorted, each once.
pub(crate) fn listed<'t>(table: &'t Table, faults: &mut Faults) -> Vec<&'t str> {
    let mut names: Vec<&str> = Vec::with_capacity(table.len());
    for row in table.rows() {
        let name = row.cell(0);
        if let Some(problem) = id_problem(name) {
            faults.push(row.fault(0, "bad-name", format!("`{name}` cannot be paid: {problem}")));
        }
        names.push(name);
    }
    names.sort_unstable();
    names.dedup();
    names
}

/// Whether a row counts.
enum Counted {
    /// With this amount, or none: an abstention.
    Yes(Option<f64>),
    OutsideWindow,
    Faulty,
}

fn read_row(row: Row<'_>, reading: &Reading, faults: &mut Faults) -> Counted {
    let mut whole = true;
    let mut fault = |fault: Fault| {
        faults.push(fault);
        whole = false;
    };
    if row.cell(VOTER).is_empty() {
        fault(row.fault(VOTER, "no-voter", "this vote names no voter"));
    }
    let project = row.cell(PROJECT);
    if project.is_empty() {
        fault(row.fault(PROJECT, "no-project", "this vote names no project"));
    } else if let Some(problem) = id_problem(project) {
        let message = format!("`{project}` cannot be the name of a project: {problem}");
        fault(row.fault(PROJECT, "bad-name", message));
    }
    let amount = number(row, AMOUNT, reading.negative).unwrap_or_else(|wrong| {
        fault(*wrong);
        None
    });
    let inside = (reading.opens.is_none() && reading.closes.is_none())
        || row.cell(TIME).parse::<Instant>().map_or_else(
            |error| {
                fault(row.fault(TIME, "bad-time", error.to_string()));
                true
            },
            |time| {
                reading.opens.is_none_or(|opens| time >= opens)
                    && reading.closes.is_none_or(|closes| time < closes)
            },
        );
    match (whole, inside) {
        (false, _) => Counted::Faulty,
        (true, false) => Counted::OutsideWindow,
        (true, true) => Counted::Yes(amount),
    }
}

/// A finite number from a cell; none where it is empty or `null`.
pub(crate) fn number(
    row: Row<'_>,
    column: usize,
    negative: bool,
) -> Result<Option<f64>, Box<Fault>> {
    let text = row.cell(column);
    if text.is_empty() || text.eq_ignore_ascii_case("null") {
        return Ok(None);
    }
    let digits = text.replace('_', "");
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
    let found = digits.parse::<f64>().ok().filter(|found| plain && found.is_finite());
    match found {
        Some(found) if found < 0.0 && !negative => {
            let message = format!("`{text}` is below zero");
            let fault = row.fault(column, "negative-amount", message);
            Err(Box::new(fault.help("leave the cell empty to abstain")))
        }
        Some(found) => Ok(Some(found)),
        None => {
            let fault = row.fault(column, "bad-amount", format!("`{text}` is no number"));
            Err(Box::new(fault.help("write it like 1250.75; an empty cell abstains")))
        }
    }
}

/// Faults for voters with two votes on one project.
fn doubles(table: &Table, votes: &[(Vote, bool)]) -> Faults {
    let mut faults = Faults::new();
    for pair in votes.windows(2) {
        let [(first, _), (second, _)] = pair else { continue };
        if (first.project, first.voter) != (second.project, second.voter) {
            continue;
        }
        let row = |vote: &Vote| table.row(vote.row as usize).expect("a vote has a row");
        let (earlier, later) = (row(first), row(second));
        let message = format!(
            "`{}` votes on `{}` a second time; the first is on line {}",
            later.cell(VOTER),
            later.cell(PROJECT),
            earlier.line()
        );
        let fault = later.fault(VOTER, "double-vote", message);
        faults.push(fault.help("keep the vote that is meant"));
    }
    faults
}

/// Votes for projects that are not on the list.
#[derive(Default)]
struct Unknown<'t> {
    count: usize,
    first: &'t str,
}

impl<'t> Unknown<'t> {
    /// The alphabetically first name is kept, so that rows may stand in any
    /// order.
    fn add(&mut self, name: &'t str) {
        if self.count == 0 || name < self.first {
            self.first = name;
        }
        self.count += 1;
    }
}

fn remarks(late: usize, unknown: &Unknown<'_>) -> Vec<String> {
    let votes = |count| if count == 1 { "1 vote".to_owned() } else { format!("{count} votes") };
    let mut remarks = Vec::new();
    if late > 0 {
        remarks.push(format!("outside the voting window and not counted: {}", votes(late)));
    }
    if unknown.count > 0 {
        let Unknown { count, first } = unknown;
        remarks.push(format!(
            "for projects that are not listed, such as `{first}`, and not counted: {}",
            votes(*count)
        ));
    }
    remarks
}

#[cfg(test)]
mod tests {
    use allonet_core::fault::SourceFile;

    use super::*;

    fn table(text: &str) -> Table {
        Table::read(&SourceFile::new("ballots.csv", text), COLUMNS).unwrap()
    }

    fn read(text: &str) -> Ballots {
        Ballots::read(&table(text), &Reading::default()).unwrap()
    }

    fn refused(text: &str) -> String {
        let faults = Ballots::read(&table(text), &Reading::default()).unwrap_err();
        faults.iter().map(Fault::to_string).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn rows_may_stand_in_any_order() {
        let ballots = read("voter,project,amount\nbob,b,2\nann,b,0\nann,a,1.5\nbob,a,\n");
        assert_eq!(ballots, {
            let other = read("voter,project,amount\nann,b,0\nbob,a,null\nbob,b,2\nann,a,1.5\n");
            let rows = ballots.votes.iter().map(|vote| vote.row);
            let mut other = other;
            other.votes.iter_mut().zip(rows).for_each(|(vote, row)| vote.row = row);
            other
        });
        let amounts: Vec<Vec<f64>> = ballots
            .by_project()
            .map(|votes| votes.iter().map(|vote| vote.amount).collect())
            .collect();
        assert_eq!(amounts, [vec![1.5], vec![0.0, 2.0]]);
        assert_eq!(ballots.voters, ["ann".into(), "bob".into()]);
    }

    #[test]
    fn what_is_no_ballot_is_refused() {
        let text = "voter,project,amount\nann,a,-1\nann,b,NaN\n,a,1\nbob,,1\n";
        let told = refused(text);
        for part in ["`-1` is below zero", "`NaN` is no number", "no voter", "no project"] {
            assert!(told.contains(part), "{told}");
        }
        let told = refused("voter,project,amount\nann,a,1\nbob,a,2\nann,a,3\n");
        assert!(told.contains("second time; the first is on line 2"), "{told}");
    }

    #[test]
    fn an_address_is_spelled_one_way() {
        let address = "0x00112233445566778899aAbBcCdDeEfFf0E1d2C3";
        let lower = address.to_lowercase();
        let told = refused(&format!("voter,project,amount\nann,{address},1\nbob,{lower},1\n"));
        assert!(told.contains("are one address in two spellings"), "{told}");
    }

    #[test]
    fn only_listed_projects_and_the_window_count() {
        let list = SourceFile::new("projects.csv", "id\nc\na\n");
        let reading = Reading {
            projects: Some(Table::read(&list, PROJECT_COLUMNS).unwrap()),
            opens: "2026-01-02".parse().ok(),
            closes: "2026-01-05".parse().ok(),
            ..Reading::default()
        };
        let text = "voter,project,amount,time\nann,a,1,2026-01-02\nbob,a,1,2026-01-05\n\
                    cem,b,1,2026-01-03\ncem,aa,1,2026-01-03\n";
        let ballots = Ballots::read(&table(text), &reading).unwrap();
        assert_eq!(ballots.projects, ["a".into(), "c".into()]);
        assert_eq!(ballots.votes.len(), 1);
        assert_eq!(ballots.voters, ["ann".into()]);
        assert_eq!(
            ballots.remarks,
            [
                "outside the voting window and not counted: 1 vote",
                "for projects that are not listed, such as `aa`, and not counted: 2 votes",
            ]
        );
    }
}
