//! The kernel of `onchain-builders`: a table of activity by project, chain,
//! metric and period, turned into one score for each project.

use std::collections::BTreeMap;
use std::sync::Arc;

use allonet_core::card::Settings;
use allonet_core::fault::{Fault, SourceFile, did_you_mean};
use allonet_core::money::Asset;
use allonet_core::network::id_problem;
use allonet_core::table::{Column, Faults, Row, Table};

use super::award::Award;
use super::metric::{PROJECT, TITLE, amount, min_max, parts, percent, percentile};
use super::reasons::short;
use super::yaml::{self, Section};

/// What a metric is called that holds deposits.
const DEPOSITS: &str = "tvl";

/// The variants, in the order of weight files.
const VARIANTS: [&str; 3] = ["adoption", "growth", "retention"];

/// A weight file.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    previous: String,
    current: String,
    /// By chain in capital letters; a chain that is not named counts in full.
    chains: BTreeMap<String, f64>,
    /// Metrics with a weight above zero, by name.
    metrics: BTreeMap<String, f64>,
    /// The first metric of deposits, whatever its weight.
    deposits: Option<String>,
    variants: [f64; 3],
    tvl_minimum: f64,
    tvl_maximum: f64,
    percentile_cap: f64,
    only_eligible: bool,
    pub(crate) award: Award,
}

impl Plan {
    /// Reads a weight file.
    pub(crate) fn read(
        file: &Arc<SourceFile>,
        settings: &Settings,
        asset: &Asset,
    ) -> Result<Self, Vec<Fault>> {
        const ANY: (f64, f64) = (0.0, f64::INFINITY);
        let node = yaml::read(file)?;
        let root = Section::root(file, &node);
        let mut faults = Faults::new();
        let faults_ = &mut faults;
        root.only(&["data_snapshot", "simulation", "allocation"], faults_);
        let simulation = root.section("simulation", faults_);
        simulation.only(KEYS, faults_);
        let periods = simulation.section("periods", faults_);
        periods.only(&["previous", "current"], faults_);
        let chains = simulation.section("chains", faults_).weights(faults_);
        let metrics = simulation.section("metrics", faults_).weights(faults_);
        let variants = simulation.section("metric_variants", faults_);
        variants.only(&VARIANTS, faults_);
        let is_deposit = |name: &&String| name.to_lowercase().contains(DEPOSITS);
        let plan = Self {
            previous: periods.text("previous", faults_).to_owned(),
            current: periods.text("current", faults_).to_owned(),
            chains: chains.into_iter().map(|(chain, w)| (chain.to_uppercase(), w)).collect(),
            deposits: metrics.keys().find(is_deposit).cloned(),
            metrics: metrics.into_iter().filter(|(_, weight)| *weight > 0.0).collect(),
            variants: VARIANTS.map(|name| variants.number(name, ANY, Some(0.0), faults_)),
            tvl_minimum: simulation.number("tvl_minimum", ANY, Some(0.0), faults_),
            tvl_maximum: simulation.number("tvl_maximum", ANY, Some(0.0), faults_),
            percentile_cap: simulation.number("percentile_cap", (0.0, 100.0), Some(100.0), faults_),
            only_eligible: simulation.truth("eligibility_filter", false, faults_),
            award: Award::read(&root.section("allocation", faults_), settings, asset, faults_),
        };
        if plan.metrics.is_empty() && faults.is_empty() {
            let fault = Fault::new("no-metric", "no metric has a weight above zero");
            faults.push(fault.at(simulation.place("metrics")));
        }
        faults.or(plan)
    }
}

const KEYS: &[&str] = &[
    "periods",
    "eligibility_filter",
    "chains",
    "tvl_maximum",
    "tvl_minimum",
    "metrics",
    "metric_variants",
    "percentile_cap",
];

const PROJECT_COLUMNS: &[Column] =
    &[PROJECT, TITLE, Column::optional(&["is_eligible", "eligible"])];

const METRIC_COLUMNS: &[Column] = &[
    PROJECT,
    TITLE,
    Column::optional(&["chain", "network"]),
    Column::required(&["metric_name", "metric"]),
    Column::required(&["measurement_period", "period"]),
    Column::required(&["amount", "value"]),
];

/// What the tables say of one project.
#[derive(Clone, Debug)]
struct Builder {
    title: String,
    eligible: bool,
}

/// One cell of activity that counts.
struct Active<'t> {
    project: &'t str,
    metric: &'t str,
    current: bool,
    amount: f64,
    weighted: f64,
}

/// Projects with their scores.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scored {
    /// Ids of those that take part, sorted.
    pub(crate) projects: Vec<Arc<str>>,
    /// Parts of 1, in that order; all zero if nobody scores.
    pub(crate) scores: Vec<f64>,
    /// Where a score comes from, in that order.
    pub(crate) notes: Vec<String>,
    /// The same at length, and for projects that do not take part.
    pub(crate) reasons: BTreeMap<String, Vec<String>>,
    pub(crate) remarks: Vec<String>,
}

/// Reads both tables and scores.
pub(crate) fn score(
    plan: &Plan,
    projects: &Arc<SourceFile>,
    metrics: &Arc<SourceFile>,
) -> Result<Scored, Vec<Fault>> {
    let builders = builders(plan, projects)?;
    let table = Table::read(metrics, METRIC_COLUMNS)?;
    let mut scored = Scored::default();
    let active = activity(plan, &builders, &table, &mut scored.remarks)?;
    let mut ids: Vec<&str> = active.iter().map(|cell| cell.project).collect();
    ids.dedup();
    let sums = Sums::new(&ids, &active);
    let columns = columns(plan, &sums);
    let too_large = plan.deposits.as_deref().filter(|_| plan.tvl_maximum > 0.0).map(|metric| {
        let deposits = &sums.of(metric, true).1;
        deposits.iter().map(|sum| *sum >= plan.tvl_maximum).collect::<Vec<bool>>()
    });
    let too_large = too_large.unwrap_or_else(|| vec![false; ids.len()]);
    let mean = |at: usize| {
        let squares = columns.iter().map(|column| column.square(at));
        let count = columns.len().max(1) as f64;
        if too_large[at] { 0.0 } else { (squares.sum::<f64>() / count).sqrt() }
    };
    scored.scores = parts(&(0..ids.len()).map(mean).collect::<Vec<f64>>());
    scored.projects = ids.iter().map(|id| (*id).into()).collect();
    explain(plan, &builders, &columns, &too_large, &mut scored);
    Ok(scored)
}

fn builders(plan: &Plan, file: &Arc<SourceFile>) -> Result<BTreeMap<String, Builder>, Vec<Fault>> {
    let table = Table::read(file, PROJECT_COLUMNS)?;
    let mut faults = Faults::new();
    if plan.only_eligible && !table.has(2) {
        let message = format!("{} has no column `is_eligible`", file.path);
        let help = "`eligibility_filter` in the weight file asks for it";
        faults.push(Fault::new("no-eligibility", message).help(help));
    }
    let mut found: BTreeMap<String, Builder> = BTreeMap::new();
    for row in table.rows() {
        let id = row.cell(0);
        if let Some(problem) = id_problem(id) {
            let message = format!("`{id}` cannot be paid: {problem}");
            faults.push(row.fault(0, "bad-name", message));
        }
        let title = if row.cell(1).is_empty() { id } else { row.cell(1) }.to_owned();
        let eligible = !plan.only_eligible || eligible(row, &mut faults);
        if found.insert(id.to_owned(), Builder { title, eligible }).is_some() {
            let message = format!("project `{id}` stands in the table twice");
            faults.push(row.fault(0, "double-project", message));
        }
    }
    faults.or(found)
}

fn eligible(row: Row<'_>, faults: &mut Faults) -> bool {
    match row.cell(2).to_lowercase().as_str() {
        "true" | "yes" | "1" => true,
        "false" | "no" | "0" | "" => false,
        other => {
            let message = format!("`{other}` says neither yes nor no");
            faults.push(row.fault(2, "bad-eligibility", message).help("write true or false"));
            false
        }
    }
}

/// The rows that count, by project, metric and period.
fn activity<'t>(
    plan: &Plan,
    builders: &BTreeMap<String, Builder>,
    table: &'t Table,
    remarks: &mut Vec<String>,
) -> Result<Vec<Active<'t>>, Vec<Fault>> {
    let mut faults = Faults::new();
    let (mut active, mut unlisted) = (Vec::new(), 0_usize);
    for row in table.rows() {
        let (metric, period) = (row.cell(3), row.cell(4));
        let amount = amount(row, 5, true, &mut faults);
        let is_asked =
            plan.metrics.contains_key(metric) || plan.deposits.as_deref() == Some(metric);
        let current = period == plan.current;
        if !is_asked || !(current || period == plan.previous) {
            continue;
        }
        match builders.get(row.cell(0)) {
            None => unlisted += 1,
            Some(builder) if builder.eligible => {
                let chain = plan.chains.get(&row.cell(2).to_uppercase());
                let weighted = amount * chain.copied().unwrap_or(1.0);
                active.push(Active { project: row.cell(0), metric, current, amount, weighted });
            }
            Some(_) => {}
        }
    }
    absent(plan, table, &mut faults);
    if unlisted > 0 {
        remarks.push(format!("rows of projects that are not listed, not counted: {unlisted}"));
    }
    let key = |cell: &Active<'t>| (cell.project, cell.metric, cell.current);
    active.sort_by(|a, b| {
        let amounts = || a.weighted.total_cmp(&b.weighted).then(a.amount.total_cmp(&b.amount));
        key(a).cmp(&key(b)).then_with(amounts)
    });
    faults.or(active)
}

/// A metric or period that no row has is taken for a slip of the pen.
fn absent(plan: &Plan, table: &Table, faults: &mut Faults) {
    let mut look = |column: usize, what: &str, wanted: &[&String]| {
        let mut found: Vec<&str> = table.rows().map(|row| row.cell(column)).collect();
        found.sort_unstable();
        found.dedup();
        for name in wanted.iter().filter(|name| found.binary_search(&name.as_str()).is_err()) {
            let message = format!("no row of {} has the {what} `{name}`", table.file().path);
            let mut fault = Fault::new("no-activity", message);
            fault.help = did_you_mean(name, found.iter().copied());
            faults.push(fault);
        }
    };
    look(3, "metric", &plan.metrics.keys().collect::<Vec<_>>());
    look(4, "period", &[&plan.previous, &plan.current]);
}

/// Sums by project: weighted by chain, and as they stand.
type Both = (Vec<f64>, Vec<f64>);

/// Sums over chains by metric and period: weighted, and as they stand.
struct Sums<'t> {
    by: BTreeMap<(&'t str, bool), Both>,
    none: Both,
}

impl<'t> Sums<'t> {
    fn new(ids: &[&str], active: &[Active<'t>]) -> Self {
        let none = (vec![0.0; ids.len()], vec![0.0; ids.len()]);
        let mut by = BTreeMap::new();
        for cell in active {
            let at = ids.binary_search(&cell.project).expect("the ids were taken from here");
            let (weighted, plain) =
                by.entry((cell.metric, cell.current)).or_insert_with(|| none.clone());
            weighted[at] += cell.weighted;
            plain[at] += cell.amount;
        }
        Self { by, none }
    }

    fn of<'s>(&'s self, metric: &'s str, current: bool) -> &'s Both {
        self.by.get(&(metric, current)).unwrap_or(&self.none)
    }
}

/// One variant of one metric.
struct Variant {
    name: String,
    weight: f64,
    raw: Vec<f64>,
    scaled: Vec<f64>,
}

impl Variant {
    /// What it adds to the square of a project's score.
    fn square(&self, at: usize) -> f64 {
        let part = self.scaled[at] * self.weight;
        part * part
    }
}

fn columns(plan: &Plan, sums: &Sums<'_>) -> Vec<Variant> {
    let mut columns = Vec::new();
    for (metric, weight) in &plan.metrics {
        let floor = if metric.to_lowercase().contains(DEPOSITS) { plan.tvl_minimum } else { 0.0 };
        let of = |current: bool| -> Vec<f64> {
            let (weighted, plain) = sums.of(metric, current);
            let above = |(weighted, plain): (&f64, &f64)| {
                if floor > 0.0 && *plain < floor { 0.0 } else { *weighted }
            };
            weighted.iter().zip(plain).map(above).collect()
        };
        let (now, before) = (of(true), of(false));
        let each = |variant: fn(f64, f64) -> f64| -> Vec<f64> {
            now.iter().zip(&before).map(|(now, before)| variant(*now, *before)).collect()
        };
        let raws =
            [each(|now, _| now), each(|now, before| (now - before).max(0.0)), each(f64::min)];
        for ((variant, part), raw) in VARIANTS.iter().zip(plan.variants).zip(raws) {
            let mut scaled = raw.clone();
            if let Some(most) = percentile(&raw, plan.percentile_cap) {
                for value in &mut scaled {
                    *value = value.min(most);
                }
            }
            min_max(&mut scaled, 1.0);
            columns.push(Variant {
                name: format!("{metric} {variant}"),
                weight: weight * part,
                raw,
                scaled,
            });
        }
    }
    columns
}

/// How many metrics are named.
const SHOWN: usize = 3;

fn explain(
    plan: &Plan,
    builders: &BTreeMap<String, Builder>,
    columns: &[Variant],
    too_large: &[bool],
    scored: &mut Scored,
) {
    for (id, builder) in builders {
        let line = if builder.eligible { "no activity in either period" } else { "not eligible" };
        scored.reasons.insert(id.clone(), vec![format!("{}: {line}", builder.title)]);
    }
    for (at, id) in scored.projects.iter().enumerate() {
        let title = &builders[&**id].title;
        let all: f64 = columns.iter().map(|column| column.square(at)).sum();
        let mut most: Vec<&Variant> =
            columns.iter().filter(|column| column.square(at) > 0.0).collect();
        most.sort_by(|a, b| b.square(at).total_cmp(&a.square(at)));
        most.truncate(SHOWN);
        let brief =
            |column: &&Variant| format!("{} {}", column.name, percent(column.square(at) / all));
        let brief = most.iter().map(brief).collect::<Vec<_>>().join(", ");
        let (note, mut lines) = if too_large[at] {
            let most = plan.tvl_maximum;
            let note = format!("deposits of {most} or more: it is not rewarded");
            (note.clone(), vec![format!("{title}: {note}")])
        } else {
            let score = percent(scored.scores[at]);
            let line = format!("{title}: {score} of all scores");
            (format!("{score} of all scores; its squares: {brief}"), vec![line])
        };
        if !too_large[at] {
            lines.extend(most.iter().map(|column| {
                let (part, raw) = (column.square(at) / all, short(column.raw[at]));
                let scaled = column.scaled[at];
                let name = &column.name;
                format!("{name}: {raw}, scaled to {scaled:.3}, is {} of its score", percent(part))
            }));
        }
        scored.notes.push(note);
        scored.reasons.insert(id.to_string(), lines);
    }
}
