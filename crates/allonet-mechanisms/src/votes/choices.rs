//! Ballots on a list of choices, as voting platforms export them.
//!
//! * A table has one row for each ballot, with the columns `voter`, `choice`
//!   and, if wished, `power` and `time`.
//! * JSON is a list of votes, or an object with `votes` (also below `data`) and
//!   perhaps `proposal.choices`; a vote has `voter`, `choice`, and `vp`, `power`
//!   or `balance`, and if wished `created`.
//!
//! A ballot that is not valid counts for nothing but turnout.

use std::ops::Range;
use std::sync::Arc;

use allonet_core::card::{Absent, Kind, Setting, Settings};
use allonet_core::fault::{Fault, Place, SourceFile};
use allonet_core::network::id_problem;
use allonet_core::table::{Column, Faults, Table};
use allonet_core::time::Instant;

use super::export::{self, Export};
use super::power::POWER_MAX;
use super::written::{Form, Mark, Places, marks, marks_json};
use crate::ballots::Reading;
use crate::names::Names;

/// The setting `votes`.
pub(super) const VOTES: Setting = Setting {
    name: "votes",
    kind: Kind::File,
    default: Absent::Required,
    doc: "Ballots: a table with columns `voter`, `choice` and, if wished, `power` and `time`, or a \
          JSON export with `voter`, `choice` and `vp`.",
};

/// The setting `payees`.
pub(super) const PAYEES: Setting = Setting {
    name: "payees",
    kind: Kind::List,
    default: Absent::None("`choices`, or the choices of the export"),
    doc: "The choices in their order, by the ids of the nodes they pay; ballots name them so or by \
          their place, from 1.",
};

/// The setting `choices`.
pub(super) const CHOICES: Setting = Setting {
    name: "choices",
    kind: Kind::File,
    default: Absent::None("`payees`, or the choices of the export"),
    doc: "Table of the choices in their order, columns `choice` and, if wished, `payee`; a choice \
          with an empty `payee` pays nobody.",
};

const VOTE_COLUMNS: &[Column] = &[
    Column::required(&["voter", "voter_id", "voter_address", "address", "user", "from"]),
    Column::required(&["choice", "choices", "vote", "ballot", "ranking"]),
    Column::optional(&["power", "vp", "voting_power", "balance", "weight"]),
    Column::optional(&["time", "timestamp", "created", "created_at", "date"]),
];
const VOTER: usize = 0;
const CHOICE: usize = 1;
const POWER: usize = 2;
const TIME: usize = 3;

const CHOICE_COLUMNS: &[Column] = &[
    Column::required(&["choice", "label", "title", "name"]),
    Column::optional(&["payee", "recipient", "project", "to", "id"]),
];

/// One of the choices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Choice {
    /// How it is called.
    pub(super) name: Arc<str>,
    /// Index into [`Election::payees`], if it pays somebody.
    pub(super) payee: Option<u32>,
}

/// One voter's ballot.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Ballot {
    power: f64,
    /// Where its marks end; they begin where those of the ballot before end.
    end: u32,
    valid: bool,
}

/// Choices and ballots.
#[derive(Debug, Default)]
pub(super) struct Election {
    /// In the order of the list.
    pub(super) choices: Vec<Choice>,
    /// Those whom choices pay, in order of the choices.
    pub(super) payees: Vec<Arc<str>>,
    /// Names of the voters, sorted.
    pub(super) voters: Vec<Box<str>>,
    /// One for each voter.
    ballots: Vec<Ballot>,
    marks: Vec<Mark>,
    /// Ballots that do not count.
    pub(super) remarks: Vec<String>,
}

/// A ballot as it is counted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cast<'a> {
    /// Index into [`Election::voters`].
    pub(super) voter: usize,
    /// How much it weighs; zero or more.
    pub(super) power: f64,
    /// Whether it is valid.
    pub(super) valid: bool,
    /// What it marks; none if it is not valid.
    pub(super) marks: &'a [Mark],
}

impl Election {
    /// Reads the settings [`VOTES`], [`PAYEES`], [`CHOICES`], `opens` and
    /// `closes`.
    ///
    /// Faults: those of [`Table::read`], `no-votes`, `no-choices`, `two-lists`,
    /// `bad-name`, `double-choice`, `ambiguous-choice`, `bad-json`, `no-voter`,
    /// `double-vote`, `bad-power`, `no-time`, `bad-time`, `window`.
    pub(super) fn read(settings: &Settings, form: Form) -> Result<Self, Vec<Fault>> {
        let file = settings.file("votes").ok_or_else(|| {
            let fault = Fault::new("no-votes", "there are no ballots to count");
            vec![fault.help("add `votes = \"votes.csv\"`")]
        })?;
        let window = Reading::from_settings(settings)?;
        let export = export::is_json(&file.text).then(|| Export::read(file)).transpose()?;
        let listed = listed(settings, export.as_ref())?;
        let mut election = Self::with_choices(listed)?;
        let names = election.choices.clone();
        let places = Places::new(names.iter().map(|choice| &*choice.name));
        let table;
        let rows = if let Some(export) = &export {
            read_export(export, file, form, &places, &window)?
        } else {
            table = Table::read(file, VOTE_COLUMNS)?;
            read_table(&table, form, &places, &window)?
        };
        election.fill(rows, file, &window)?;
        Ok(election)
    }

    fn with_choices(listed: Vec<Listed>) -> Result<Self, Vec<Fault>> {
        let mut election = Self::default();
        let mut faults = Faults::new();
        let count = listed.len();
        for (at, Listed { name, payee, place }) in (1..).zip(listed) {
            let mut fault = |code, message: String| {
                faults.push(Fault::new(code, message).at_some(place.clone()));
            };
            for (what, id) in [("choice", Some(&name)), ("payee", payee.as_ref())] {
                if let Some(problem) = id.and_then(|id| id_problem(id)) {
                    let id = id.map_or("", String::as_str);
                    fault("bad-name", format!("`{id}` cannot be the name of a {what}: {problem}"));
                }
            }
            let name: Arc<str> = name.into();
            if election.choices.iter().any(|choice| choice.name == name) {
                fault("double-choice", format!("the choice `{name}` is listed twice"));
                continue;
            }
            if name.parse().is_ok_and(|number: usize| number != at && number <= count) {
                let message = format!("choice {at} is called `{name}`, the place of another");
                fault("ambiguous-choice", message);
            }
            let payee: Option<Arc<str>> = payee.map(Into::into);
            let id = payee.as_ref().unwrap_or(&name);
            if election.ids().any(|other| other == id) {
                fault("double-choice", format!("two choices pay `{id}`, or are called so"));
            }
            let number = u32::try_from(election.payees.len()).expect("a list is short");
            let number = payee.is_some().then_some(number);
            election.payees.extend(payee);
            election.choices.push(Choice { name, payee: number });
        }
        faults.or(election)
    }

    fn fill(
        &mut self,
        rows: Vec<Read<'_>>,
        file: &Arc<SourceFile>,
        window: &Reading,
    ) -> Result<(), Vec<Fault>> {
        let read = rows.len();
        let inside = |row: &Read<'_>| {
            row.time.is_none_or(|time| {
                window.opens.is_none_or(|opens| time >= opens)
                    && window.closes.is_none_or(|closes| time < closes)
            })
        };
        let mut rows: Vec<Read<'_>> = rows.into_iter().filter(inside).collect();
        let late = read - rows.len();
        let mut names = Names::with_addresses();
        let numbers: Vec<u32> = rows.iter().map(|row| names.number(row.voter)).collect();
        let (voters, renumbered) = names.sorted();
        for (row, number) in rows.iter_mut().zip(numbers) {
            row.number = renumbered[number as usize];
        }
        rows.sort_by_key(|row| row.number);
        doubles(&rows, file).or(())?;
        let mut invalid = Vec::new();
        for row in rows {
            let valid = row.marks.is_ok();
            match row.marks {
                Ok(marks) => self.marks.extend(marks),
                Err(why) => invalid.push((row.number, why)),
            }
            let end = u32::try_from(self.marks.len()).expect("a file has fewer than 2^31 bytes");
            self.ballots.push(Ballot { power: row.power, end, valid });
        }
        let ballots =
            |count| if count == 1 { "1 ballot".to_owned() } else { format!("{count} ballots") };
        if late > 0 {
            let what = "outside the voting window and not counted";
            self.remarks.push(format!("{what}: {}", ballots(late)));
        }
        if let Some((voter, why)) = invalid.first() {
            let voter = &voters[*voter as usize];
            self.remarks.push(format!(
                "not valid and counted for nothing but turnout: {}; that of `{voter}` {why}",
                ballots(invalid.len()),
            ));
        }
        self.voters = voters;
        Ok(())
    }

    /// The id of each choice: whom it pays, or else its name.
    pub(super) fn ids(&self) -> impl Iterator<Item = &Arc<str>> {
        let payee = |choice: &Choice| choice.payee.map(|payee| &self.payees[payee as usize]);
        self.choices.iter().map(move |choice| payee(choice).unwrap_or(&choice.name))
    }

    /// All ballots in order of their voters; `powers` multiplies what each
    /// weighs.
    pub(super) fn cast<'a>(
        &'a self,
        powers: Option<&'a [f64]>,
    ) -> impl Iterator<Item = Cast<'a>> + Clone {
        let starts = std::iter::once(0).chain(self.ballots.iter().map(|ballot| ballot.end));
        self.ballots.iter().zip(starts).enumerate().map(move |(voter, (ballot, start))| Cast {
            voter,
            power: ballot.power * powers.map_or(1.0, |powers| powers[voter]),
            valid: ballot.valid,
            marks: &self.marks[start as usize..ballot.end as usize],
        })
    }
}

/// A choice as it is listed.
struct Listed {
    name: String,
    payee: Option<String>,
    place: Option<Place>,
}

fn listed(settings: &Settings, export: Option<&Export>) -> Result<Vec<Listed>, Vec<Fault>> {
    let same =
        |name: &str, place| Listed { name: name.to_owned(), payee: Some(name.to_owned()), place };
    let payees = settings.list("payees");
    let listed: Vec<Listed> = match settings.file("choices") {
        Some(_) if !payees.is_empty() => {
            let message = "the choices are listed by `payees` and by `choices`";
            let fault = Fault::new("two-lists", message).at_some(settings.place("payees"));
            return Err(vec![fault.help("keep one of them")]);
        }
        Some(file) => {
            let table = Table::read(file, CHOICE_COLUMNS)?;
            let row = |row: allonet_core::table::Row<'_>| Listed {
                name: row.cell(0).to_owned(),
                payee: match (table.has(1), row.cell(1)) {
                    (false, _) => Some(row.cell(0).to_owned()),
                    (true, "") => None,
                    (true, payee) => Some(payee.to_owned()),
                },
                place: Some(row.place(0)),
            };
            table.rows().map(row).collect()
        }
        None if !payees.is_empty() => {
            payees.iter().map(|payee| same(&payee.value, payee.place.clone())).collect()
        }
        None => {
            let choices = export.and_then(|export| export.choices.as_ref());
            choices.into_iter().flatten().map(|name| same(name, None)).collect()
        }
    };
    if listed.is_empty() {
        let fault = Fault::new("no-choices", "nothing says what may be chosen");
        return Err(vec![fault.help("add `payees = [\"first\", \"second\"]`")]);
    }
    Ok(listed)
}

/// One ballot as read.
struct Read<'a> {
    voter: &'a str,
    number: u32,
    power: f64,
    time: Option<Instant>,
    marks: Result<Vec<Mark>, String>,
    /// Where the voter is named.
    span: Range<usize>,
}

fn read_table<'t>(
    table: &'t Table,
    form: Form,
    places: &Places<'_>,
    window: &Reading,
) -> Result<Vec<Read<'t>>, Vec<Fault>> {
    let mut faults = Faults::new();
    let timed = window.opens.is_some() || window.closes.is_some();
    if timed && !table.has(TIME) {
        let message = format!("{} has no column `time`", table.file().path);
        let help = "`opens` and `closes` need to know when each vote was cast";
        faults.push(Fault::new("no-time", message).help(help));
    }
    let mut rows = Vec::with_capacity(table.len());
    for row in table.rows() {
        let (voter, power) = (row.cell(VOTER), row.cell(POWER));
        if voter.is_empty() {
            faults.push(row.fault(VOTER, "no-voter", "this ballot names no voter"));
        }
        let found = if table.has(POWER) { power.replace('_', "").parse().ok() } else { Some(1.0) };
        let found = found.filter(|power: &f64| (0.0..=POWER_MAX).contains(power));
        if found.is_none() {
            faults.push(bad_power(power).at(row.place(POWER)));
        }
        let mut time = None;
        if timed && table.has(TIME) {
            match export::moment(row.cell(TIME)) {
                Ok(moment) => time = Some(moment),
                Err(message) => faults.push(row.fault(TIME, "bad-time", message)),
            }
        }
        rows.push(Read {
            voter,
            number: 0,
            power: found.unwrap_or(0.0),
            time,
            marks: marks(row.cell(CHOICE), form, places),
            span: row.place(VOTER).span,
        });
    }
    faults.or(rows)
}

fn read_export<'e>(
    export: &'e Export,
    file: &Arc<SourceFile>,
    form: Form,
    places: &Places<'_>,
    window: &Reading,
) -> Result<Vec<Read<'e>>, Vec<Fault>> {
    let mut faults = Faults::new();
    let timed = window.opens.is_some() || window.closes.is_some();
    let mut rows = Vec::with_capacity(export.votes.len());
    for (span, vote) in &export.votes {
        let at = || Place::new(file, span.clone());
        if vote.voter.is_empty() {
            faults.push(Fault::new("no-voter", "this vote names no voter").at(at()));
        }
        if !(0.0..=POWER_MAX).contains(&vote.power) {
            faults.push(bad_power(&vote.power.to_string()).at(at()));
        }
        if timed && vote.created.is_none() {
            let message = "this vote has no time `created`, but there is a voting window";
            faults.push(Fault::new("no-time", message).at(at()));
        }
        rows.push(Read {
            voter: &vote.voter,
            number: 0,
            power: vote.power,
            time: vote.created.map(Instant::from_unix),
            marks: marks_json(&vote.choice, form, places),
            span: span.clone(),
        });
    }
    faults.or(rows)
}

fn bad_power(found: &str) -> Fault {
    let message = format!("`{found}` is no voting power");
    Fault::new("bad-power", message).help("it is a number from 0 to 10^60")
}

/// Faults for voters with two ballots; `rows` are sorted by voter.
fn doubles(rows: &[Read<'_>], file: &Arc<SourceFile>) -> Faults {
    let mut faults = Faults::new();
    for pair in rows.windows(2).filter(|pair| pair[0].number == pair[1].number) {
        let place = |row: &Read<'_>| Place::new(file, row.span.clone());
        let (line, _) = file.line_column(pair[0].span.start);
        let message =
            format!("`{}` has a second ballot; the first is on line {line}", pair[1].voter);
        let fault = Fault::new("double-vote", message).at(place(&pair[1]));
        faults.push(fault.help("keep the one that is meant"));
    }
    faults
}
