//! Rounds of other platforms: ballots, polls and allocations as they export
//! them, each under the rule of its platform.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use allonet_core::fault::{Fault, SourceFile};
use allonet_core::table::{Column, Table};
use allonet_mechanisms::quadratic::votes::COLUMNS as VOTES;

use super::asset::{self, Budget};
use super::detect::columns_used;
use super::export::{self, Rows, is_json};
use super::plan::{Names, Plan, free_id, one_line, quoted};
use super::votes::beside;
use crate::args::{Kind, NewArgs};
use crate::diagnose::Failure;
use crate::files::read_file;
use crate::ui::counted;

/// A table and what is found in it.
struct Data {
    /// Name of its file.
    name: String,
    file: Arc<SourceFile>,
    /// It stands in its place already.
    stays: bool,
    notes: Vec<String>,
}

impl Data {
    /// A table that is to be written.
    fn of(name: String, rows: Rows) -> Self {
        Self { file: rows.file(&name), name, stays: false, notes: Vec::new() }
    }
}

/// The rule that a round becomes.
struct Rule {
    id: &'static str,
    mechanism: &'static str,
    title: &'static str,
    /// What it does, for the head of the file.
    comment: &'static str,
    /// Its settings, a line each.
    settings: String,
}

/// A network from ballots, polls or allocations.
pub(super) fn plan(
    args: &NewArgs,
    kind: Kind,
    file: &Arc<SourceFile>,
    names: &Names,
) -> Result<Plan, Failure> {
    let mut plan = match kind {
        Kind::Ballots => ballots(args, file, names),
        Kind::Rf4 => rf4(args, file, names),
        Kind::Snapshot => snapshot(args, file, names),
        _ => octant(args, file, names),
    }?;
    plan.notes.insert(0, format!("understood as --kind {}", super::kinds::option(kind)));
    Ok(plan)
}

/// Columns of ballots by voter and project.
const BALLOTS: &[Column] = allonet_mechanisms::ballots::COLUMNS;
const VOTER: usize = 0;
const PROJECT: usize = 1;
const AMOUNT: usize = 2;

fn ballots(args: &NewArgs, file: &Arc<SourceFile>, names: &Names) -> Result<Plan, Failure> {
    let data = data(file, names, "ballots", "votes", export::ballots)?;
    let table = Table::read(&data.file, BALLOTS)?;
    let (voters, projects) = (distinct(&table, VOTER), distinct(&table, PROJECT));
    let used = [("voter", VOTER), ("project", PROJECT), ("amount", AMOUNT)];
    let note = columns_used(&data.file, BALLOTS, &used);
    let settings = format!(
        "votes = {}
statistic = \"median\"      # or average, sum
# absent = \"zero\"         # a project not on a ballot counts as zero, not as no vote
# quorum = 17             # ballots a project needs
# minimum = \"1_500\"       # who would be paid less gets nothing
# max_per_voter = \"30_000\" # ballots over this are refused
",
        quoted(&data.name)
    );
    let rule = Rule {
        id: "round",
        mechanism: "retro-ballots",
        title: "Retro round",
        comment: "Each project scores the median of the amounts that voters gave it; who left it\n\
                  # out does not count. The pool is divided in proportion to the scores.",
        settings,
    };
    let about =
        format!("{} on {}", counted(voters.len(), "ballot"), counted(projects.len(), "project"));
    finish(args, names, &rule, vec![data], &projects, &about, vec![note])
}

/// Columns of ballots over metrics.
const METRICS: &[Column] = &[
    Column::required(&["voter", "voter_id", "badgeholder", "ballot", "ballot_id", "address"]),
    Column::required(&["metric", "metric_id", "metric_name"]),
    Column::required(&["weight", "allocation", "share", "amount"]),
    Column::optional(&["os_multiplier", "multiplier"]),
];
const MULTIPLIER: usize = 3;

fn rf4(args: &NewArgs, file: &Arc<SourceFile>, names: &Names) -> Result<Plan, Failure> {
    let Some(path) = &args.metrics else {
        let message = "ballots over metrics say nothing without the metrics of the projects";
        let help = "give them with --metrics FILE: a table project,metric,value, or one with a \
                    column `project` and a column for each metric";
        return Err(Failure::usage(Fault::new("no-metrics", message).help(help)));
    };
    let as_table = if is_json(&file.text) {
        export::metrics(file)?.file(&names.data("ballots"))
    } else {
        Arc::clone(file)
    };
    let table = Table::read(&as_table, METRICS)?;
    let used = [("voter", 0), ("metric", 1), ("weight", 2)];
    let mut notes = vec![columns_used(&as_table, METRICS, &used)];
    let mut ballots = Rows::with("voter,metric,share");
    let mut factors: BTreeMap<&str, &str> = BTreeMap::new();
    for row in table.rows() {
        ballots.add(&[row.cell(0), row.cell(1), row.cell(2)]);
        if !row.cell(MULTIPLIER).is_empty() {
            factors.insert(row.cell(0), row.cell(MULTIPLIER));
        }
    }
    let mut data = vec![Data::of(names.data("ballots"), ballots)];
    let mut settings = format!("ballots = {}\n", quoted(&data[0].name));
    if !factors.is_empty() {
        notes.push(
            "the factors for open source (os_multiplier) stand in a table of their own".to_owned(),
        );
        let mut voters = Rows::with("voter,os_multiplier");
        for (voter, factor) in &factors {
            voters.add(&[voter, factor]);
        }
        data.push(Data::of(names.data("voters"), voters));
        settings.extend(["voters = ", &quoted(&data[1].name), "\n"]);
    }
    let (values, projects) = values(&read_file(path, &path.to_string_lossy())?)?;
    data.push(Data::of(names.data("values"), values));
    settings.extend(["values = ", &quoted(&names.data("values")), "\n"]);
    settings += "# projects = \"projects.csv\" # id,open_source: who may be paid
# cap = \"5%\"               # most that one project may take
# minimum = \"1_000\"        # who would be paid less gets nothing
";
    let rule = Rule {
        id: "impact",
        mechanism: "impact-metrics",
        title: "Impact metrics",
        comment: "Each ballot weighs metrics; a project is paid the median of what the ballots\n\
                  # would give it.",
        settings,
    };
    let voters = distinct(&table, VOTER);
    let about =
        format!("{} on {}", counted(voters.len(), "ballot"), counted(projects.len(), "project"));
    finish(args, names, &rule, data, &projects, &about, notes)
}

/// Values of projects as `project,metric,value`, from such a table or from one
/// with a column for each metric; and the projects.
fn values(file: &Arc<SourceFile>) -> Result<(Rows, BTreeSet<String>), Failure> {
    let mut rows = Rows::with("project,metric,value");
    let long = &[
        Column::required(PROJECT_NAMES),
        Column::required(&["metric", "metric_id", "metric_name"]),
        Column::required(&["value", "amount", "score"]),
    ];
    let header = super::detect::header(&file.text);
    if header.iter().any(|name| name.to_lowercase().starts_with("metric")) {
        let table = Table::read(file, long)?;
        table.rows().for_each(|row| rows.add(&[row.cell(0), row.cell(1), row.cell(2)]));
        return Ok((rows, distinct(&table, 0)));
    }
    let metrics: Vec<&str> = header.iter().map(String::as_str).collect();
    let table = Table::read_with(file, &[Column::required(PROJECT_NAMES)], &metrics)?;
    for row in table.rows() {
        for (at, metric) in metrics.iter().enumerate() {
            let cell = row.cell(at + 1);
            let is_number = cell.parse::<f64>().is_ok_and(f64::is_finite);
            if is_number && !PROJECT_NAMES.contains(&metric.to_lowercase().as_str()) {
                rows.add(&[row.cell(0), metric, cell]);
            }
        }
    }
    Ok((rows, distinct(&table, 0)))
}

/// Names of the column that says which project.
const PROJECT_NAMES: &[&str] = &["project", "project_id", "project_name", "application_id", "id"];

/// Columns of a poll.
const POLL: &[Column] = &[
    Column::required(&["voter", "voter_id", "voter_address", "address", "user", "from"]),
    Column::required(&["choice", "choices", "vote", "ballot", "ranking"]),
    Column::optional(&["power", "vp", "voting_power", "balance", "weight"]),
];

fn snapshot(args: &NewArgs, file: &Arc<SourceFile>, names: &Names) -> Result<Plan, Failure> {
    let (name, stays) = beside(names);
    let data = Data { name, file: Arc::clone(file), stays, notes: Vec::new() };
    let poll = super::poll::of(file)?;
    let mut notes = poll.notes;
    if !is_json(&file.text) {
        let used = [("voter", 0), ("choice", 1)];
        notes.push(columns_used(file, POLL, &used));
    }
    notes.push(format!(
        "the ballots look like {}, so the rule is {}",
        poll.looks_like, poll.mechanism
    ));
    let listed: Vec<String> = poll.choices.iter().map(|choice| quoted(choice)).collect();
    let settings = format!(
        "votes = {}
payees = [{}]
# pays = \"winner\"         # the winner takes all; default: in proportion to the scores
# quorum = \"1_000\"        # voting power that must take part
",
        quoted(&data.name),
        listed.join(", ")
    );
    let rule = Rule {
        id: "poll",
        mechanism: poll.mechanism,
        title: "Poll",
        comment: "The pool is divided in proportion to the scores of the choices.",
        settings,
    };
    let about =
        format!("{} on {}", counted(poll.ballots, "ballot"), counted(poll.choices.len(), "choice"));
    let choices: BTreeSet<String> = poll.choices.into_iter().collect();
    let mut plan = finish(args, names, &rule, vec![data], &choices, &about, notes)?;
    plan.network += "\n[recipients]\n";
    for choice in &choices {
        plan.network.extend([super::plan::key(choice).as_str(), " = {}\n"]);
    }
    Ok(plan)
}

/// Columns of allocations.
const ALLOCATIONS: &[Column] = &[
    Column::required(&["voter", "donor", "donor_address", "user", "user_address", "address"]),
    Column::required(&["project", "project_address", "proposal", "proposal_address"]),
    Column::required(&["amount", "allocation", "value"]),
];

fn octant(args: &NewArgs, file: &Arc<SourceFile>, names: &Names) -> Result<Plan, Failure> {
    let mut data = data(file, names, "allocations", "allocations", export::allocations)?;
    let table = Table::read(&data.file, ALLOCATIONS)?;
    let (voters, projects) = (distinct(&table, VOTER), distinct(&table, PROJECT));
    let used = [("donor", 0), ("project", 1), ("amount", 2)];
    let mut notes = vec![columns_used(&data.file, ALLOCATIONS, &used)];
    let whole = table.rows().all(|row| row.cell(2).bytes().all(|byte| byte.is_ascii_digit()));
    if whole {
        notes.push("the amounts are whole numbers and taken for base units (wei)".to_owned());
    }
    // Names of columns that only Octant has are not those of votes.
    if Table::read(&data.file, VOTES).is_err() {
        let mut votes = Rows::with("voter,project,amount");
        let cells = table.rows().map(|row| [row.cell(VOTER), row.cell(PROJECT), row.cell(AMOUNT)]);
        cells.for_each(|cells| votes.add(&cells));
        data = Data::of(names.data("allocations"), votes);
    }
    let settings = format!(
        "votes = {}
{}# scores = \"scores.csv\"    # voter,score: identity; who is below score_min counts for little
",
        quoted(&data.name),
        if whole { "amounts = \"base-units\"\n" } else { "" }
    );
    let rule = Rule {
        id: "epoch",
        mechanism: "octant",
        title: "Octant epoch",
        comment: "Capped quadratic funding as in Octant: what the cap cuts off stays unspent.",
        settings,
    };
    let about = format!(
        "allocations of {} to {}",
        counted(voters.len(), "donor"),
        counted(projects.len(), "project")
    );
    let budget = args.budget.clone().unwrap_or_else(|| "10 ETH".to_owned());
    let args = NewArgs { budget: Some(budget), ..args.clone() };
    finish(&args, names, &rule, vec![data], &projects, &about, notes)
}

/// The file itself, or a table made from its JSON.
fn data(
    file: &Arc<SourceFile>,
    names: &Names,
    what: &str,
    rows: &str,
    convert: fn(&Arc<SourceFile>) -> Result<Rows, Failure>,
) -> Result<Data, Failure> {
    if is_json(&file.text) {
        let table = convert(file)?;
        let name = names.data(what);
        let notes = vec![table.note(&names.origin(), rows)];
        return Ok(Data { file: table.file(&name), name, stays: false, notes });
    }
    let (name, stays) = beside(names);
    Ok(Data { name, file: Arc::clone(file), stays, notes: Vec::new() })
}

/// The different texts of a column.
fn distinct(table: &Table, column: usize) -> BTreeSet<String> {
    table.rows().map(|row| row.cell(column).to_owned()).filter(|text| !text.is_empty()).collect()
}

fn finish(
    args: &NewArgs,
    names: &Names,
    rule: &Rule,
    data: Vec<Data>,
    projects: &BTreeSet<String>,
    about: &str,
    notes: Vec<String>,
) -> Result<Plan, Failure> {
    if projects.is_empty() {
        let message = format!("`{}` names nobody who could be paid", names.origin());
        return Err(Fault::new("no-votes", message).into());
    }
    let budget = Budget::of(args)?;
    let taken = |id: &str| projects.contains(id);
    let source = free_id("pool", taken);
    let neuron = free_id(rule.id, taken);
    let network = format!(
        "# Written by `allonet new` from {origin}.
#
# {comment}

[network]
name = {name}

{asset}
[sources.{source}]
gives = {gives}
to = \"{neuron}\"

[neurons.{neuron}]
mechanism = \"{mechanism}\"
title = \"{title}\"
{settings}",
        origin = one_line(&names.origin()),
        comment = rule.comment,
        name = quoted(&names.name),
        asset = asset::table(&budget.asset),
        gives = quoted(&budget.written()),
        mechanism = rule.mechanism,
        title = rule.title,
        settings = rule.settings,
    );
    let amount = budget.asset.show(budget.amount);
    let mut all: Vec<String> = data.iter().flat_map(|data| data.notes.clone()).collect();
    all.extend(notes);
    Ok(Plan {
        network,
        stays: data.iter().filter(|data| data.stays).map(|data| data.name.clone()).collect(),
        data: data.into_iter().map(|data| (data.name, data.file)).collect(),
        about: format!("{}: {amount} by {about}", names.name),
        notes: all,
    })
}
