//! The kernel of `dev-tooling`: tables turned into links between applications,
//! developers and tools, and links into ranks.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use allonet_core::fault::{Fault, SourceFile};
use allonet_core::maths;
use allonet_core::mechanism::Refusal;
use allonet_core::table::{Column, Faults, Row, Table};
use allonet_core::time::Instant;

use super::metric::{Bend, Metrics, parts, standing};
use super::pagerank::{Way, Ways};
use super::trust_plan::{COMMITTED, DEPENDENCY, ENGAGED, LINK_METRICS, Plan, TOOL_METRICS};

/// Days of a year, for the decay of links.
const YEAR_DAYS: f64 = 365.0;
const DAY_SECS: i64 = 86_400;
/// The event that links an application to a developer.
const COMMIT: &str = "COMMIT_CODE";

/// The tables, by the settings that name them.
pub(crate) struct Files<'s> {
    pub(crate) onchain: &'s Arc<SourceFile>,
    pub(crate) tools: &'s Arc<SourceFile>,
    pub(crate) dependencies: &'s Arc<SourceFile>,
    pub(crate) developers: &'s Arc<SourceFile>,
    pub(crate) labels: Option<&'s Arc<SourceFile>>,
}

const DEPENDENCY_COLUMNS: &[Column] = &[
    Column::required(&["onchain_builder_project_id", "onchain_project_id", "from"]),
    Column::required(&["devtooling_project_id", "to"]),
    Column::required(&["dependency_source", "event_type", "source"]),
];

const DEVELOPER_COLUMNS: &[Column] = &[
    Column::required(&["project_id", "project"]),
    Column::required(&["developer_id", "developer"]),
    Column::required(&["event_type", "event"]),
    Column::required(&["bucket_month", "event_month", "month"]),
    Column::optional(&["developer_name", "name"]),
];

const LABEL_COLUMNS: &[Column] = &[
    Column::required(&["project_name", "project_id", "project"]),
    Column::required(&["recommendation", "label", "utility"]),
];

/// One row that links two of an application, a developer and a tool.
#[derive(Clone, Copy, Debug)]
struct Link {
    from: u32,
    to: u32,
    /// Its weight, decay included.
    weight: f64,
    /// Days since 1970.
    day: i64,
    row: u32,
}

/// Everything that the tables say.
#[derive(Clone, Debug)]
pub(crate) struct Trust {
    pub(crate) onchain: Metrics,
    pub(crate) tools: Metrics,
    /// Names of the developers, by id.
    pub(crate) developers: Vec<Box<str>>,
    /// Ids of all projects, sorted: the first nodes. Developers follow.
    pub(crate) projects: Vec<Arc<str>>,
    /// Which tools may be rewarded, and why or why not.
    pub(crate) eligible: Vec<bool>,
    pub(crate) counts: Vec<(usize, usize)>,
    /// Standing of applications and tools, each adding up to 1.
    own_onchain: Vec<f64>,
    own_tools: Vec<f64>,
    /// Months in which each developer committed, and to which applications.
    history: BTreeMap<u32, Vec<(i64, u32)>>,
    /// Ways of packages, and of developers.
    ways: [Vec<Way>; 2],
    alphas: [f64; 2],
    link_weights: [f64; 2],
    pub(crate) remarks: Vec<String>,
}

/// One pass: its nodes, and what became of them.
#[derive(Clone, Debug)]
pub(crate) struct Pass {
    /// Numbers of its nodes in [`Trust`], sorted.
    pub(crate) nodes: Vec<u32>,
    pub(crate) ways: Ways,
    pub(crate) rank: Vec<f64>,
    /// Part of the rank that no way brought: by teleport, to each node.
    pub(crate) own: Vec<f64>,
    pub(crate) alpha: f64,
    /// What a unit of a tool's rank counts in its score.
    pub(crate) factor: f64,
}

/// What comes of a standing of the applications.
#[derive(Clone, Debug)]
pub(crate) struct Ranked {
    pub(crate) passes: [Pass; 2],
    /// Each application's part of a developer's reputation, by developer's node.
    pub(crate) reputation: BTreeMap<u32, Vec<(u32, f64)>>,
    /// By tool, parts of 1; zero for those that are not eligible.
    pub(crate) scores: Vec<f64>,
}

impl Trust {
    /// Reads the tables. `repeat` keeps what the reference makes of rows in the
    /// order of the file.
    pub(crate) fn read(plan: &Plan, files: &Files<'_>, repeat: bool) -> Result<Self, Vec<Fault>> {
        let wanted: Vec<&str> = plan.onchain.keys().map(String::as_str).collect();
        let onchain = Metrics::read(files.onchain, &wanted)?;
        let tools = Metrics::read(files.tools, &TOOL_METRICS)?;
        let mut projects: Vec<Arc<str>> =
            onchain.projects.iter().chain(&tools.projects).cloned().collect();
        projects.sort_unstable();
        projects.dedup();
        let mut remarks = absent_metrics(plan, &onchain, files.onchain);
        let utility = utilities(plan, &tools, files.labels, &mut remarks)?;
        let mut reader = Reader::new(plan, &onchain, &tools, &projects, utility);
        let (rows, developers) = reader.developer_rows(files.developers)?;
        let dependencies = reader.dependencies(files.dependencies)?;
        let (commits, engaged) = reader.sort_out(rows, repeat);
        remarks.extend(reader.remarks());
        let count = |links: &[Link], tool: &Arc<str>| {
            let node = node_of(&projects, tool);
            let of_tool = links.iter().filter(|link| link.to == node);
            of_tool.map(|link| link.from).collect::<BTreeSet<u32>>().len()
        };
        let counts: Vec<(usize, usize)> = tools
            .projects
            .iter()
            .map(|tool| (count(&dependencies, tool), count(&engaged, tool)))
            .collect();
        let enough = |(projects, developers): &(usize, usize)| {
            *projects as f64 >= plan.least_projects || *developers as f64 >= plan.least_developers
        };
        let mut history: BTreeMap<u32, Vec<(i64, u32)>> = BTreeMap::new();
        for commit in &commits {
            history.entry(commit.to).or_default().push((commit.day, commit.from));
        }
        for months in history.values_mut() {
            months.sort_unstable();
            months.dedup();
        }
        Ok(Self {
            eligible: counts.iter().map(enough).collect(),
            counts,
            own_onchain: own_onchain(plan, &onchain),
            own_tools: own_tools(plan, &tools, &projects, &dependencies, &engaged),
            history,
            ways: [
                merged(dependencies, repeat),
                merged(commits.into_iter().chain(engaged).collect(), repeat),
            ],
            alphas: plan.alphas,
            link_weights: [plan.link_weights[DEPENDENCY], plan.link_weights[ENGAGED]],
            onchain,
            tools,
            developers,
            projects,
            remarks,
        })
    }

    /// Ranks the tools; `standing` stands in for the applications' own, by their
    /// order.
    pub(crate) fn rank(&self, standing: Option<&[f64]>) -> Result<Ranked, Refusal> {
        let standing = standing.unwrap_or(&self.own_onchain);
        let mut trust = vec![0.0; self.projects.len() + self.developers.len()];
        for (list, numbers) in
            [(&self.onchain.projects, standing), (&self.tools.projects, &self.own_tools)]
        {
            for (project, number) in list.iter().zip(numbers) {
                trust[node_of(&self.projects, project) as usize] += number;
            }
        }
        let reputation = self.reputation(standing);
        for (developer, given) in &reputation {
            trust[*developer as usize] += maths::sum(given.iter().map(|(_, part)| *part));
        }
        let mut passes = [self.pass(0, &trust)?, self.pass(1, &trust)?];
        let tools: Vec<u32> =
            self.tools.projects.iter().map(|tool| node_of(&self.projects, tool)).collect();
        for (pass, weight) in passes.iter_mut().zip(self.link_weights) {
            let sum = maths::sum(tools.iter().map(|tool| pass.rank_of(*tool)));
            pass.factor = if sum > 0.0 { weight / sum } else { 0.0 };
        }
        let score = |(tool, eligible): (&u32, &bool)| {
            let of = |pass: &Pass| pass.factor * pass.rank_of(*tool);
            if *eligible { of(&passes[0]) + of(&passes[1]) } else { 0.0 }
        };
        let scores: Vec<f64> = tools.iter().zip(&self.eligible).map(score).collect();
        Ok(Ranked { scores: parts(&scores), passes, reputation })
    }

    /// What each application gives a developer: every month its mean standing
    /// over those that the developer committed to.
    fn reputation(&self, standing: &[f64]) -> BTreeMap<u32, Vec<(u32, f64)>> {
        let of = |project: u32| {
            let found = self.onchain.find(&self.projects[project as usize]);
            found.map_or(0.0, |at| standing[at])
        };
        let given = |months: &Vec<(i64, u32)>| {
            let mut sums: BTreeMap<u32, f64> = BTreeMap::new();
            for month in months.chunk_by(|a, b| a.0 == b.0) {
                for (_, project) in month {
                    *sums.entry(*project).or_default() += of(*project) / month.len() as f64;
                }
            }
            sums.into_iter().collect()
        };
        self.history.iter().map(|(developer, months)| (*developer, given(months))).collect()
    }

    fn pass(&self, which: usize, trust: &[f64]) -> Result<Pass, Refusal> {
        let all = &self.ways[which];
        let mut nodes: Vec<u32> = all.iter().flat_map(|way| [way.from, way.to]).collect();
        nodes.sort_unstable();
        nodes.dedup();
        let place = |node: u32| {
            let at = nodes.binary_search(&node).expect("the nodes were taken from the ways");
            u32::try_from(at).expect("fewer nodes than rows")
        };
        let inner = |way: &Way| Way { from: place(way.from), to: place(way.to), ..*way };
        let ways = Ways::new(nodes.len(), all.iter().map(inner).collect());
        let weights: Vec<f64> = nodes.iter().map(|node| trust[*node as usize]).collect();
        let teleport = ways.teleport(&weights);
        let alpha = self.alphas[which];
        let rank = ways.rank(alpha, &teleport).ok_or_else(|| {
            let message = format!("the ranks do not settle with alpha = {alpha}");
            Refusal::new("no-convergence", message).help("lower alpha in the weight file")
        })?;
        let by_teleport = 1.0 - alpha + alpha * ways.stuck(&rank);
        let own = teleport.iter().map(|part| by_teleport * part).collect();
        Ok(Pass { nodes, ways, rank, own, alpha, factor: 0.0 })
    }
}

impl Pass {
    /// The rank of a node; zero outside the pass.
    fn rank_of(&self, node: u32) -> f64 {
        self.nodes.binary_search(&node).map_or(0.0, |at| self.rank[at])
    }
}

/// The node of a project that is known.
pub(crate) fn node_of(projects: &[Arc<str>], project: &str) -> u32 {
    let at = projects.binary_search_by(|id| (**id).cmp(project)).expect("a project of a table");
    u32::try_from(at).expect("fewer projects than rows")
}

fn absent_metrics(plan: &Plan, onchain: &Metrics, file: &SourceFile) -> Vec<String> {
    let columns = plan.onchain.iter().zip(&onchain.columns);
    let absent = columns.filter(|((_, weight), column)| **weight > 0.0 && column.is_none());
    let line = |((name, weight), _): ((&String, &f64), _)| {
        format!(
            "`{name}` has the weight {weight}, but {} has no such column: it counts for \
                 nothing",
            file.path
        )
    };
    absent.map(line).collect()
}

fn own_onchain(plan: &Plan, onchain: &Metrics) -> Vec<f64> {
    let columns = plan.onchain.values().zip(&onchain.columns);
    let present = columns.filter_map(|(weight, column)| Some((*weight, column.as_deref()?)));
    standing(onchain.projects.len(), present, Bend::Log)
}

fn own_tools(
    plan: &Plan,
    tools: &Metrics,
    projects: &[Arc<str>],
    dependencies: &[Link],
    engaged: &[Link],
) -> Vec<f64> {
    let rows = |links: &[Link]| -> Vec<f64> {
        let mut counts = vec![0.0; projects.len()];
        for link in links {
            counts[link.to as usize] += 1.0;
        }
        tools.projects.iter().map(|tool| counts[node_of(projects, tool) as usize]).collect()
    };
    let counted = [rows(dependencies), rows(engaged)];
    let known = TOOL_METRICS.iter().zip(&tools.columns);
    let known = known.filter_map(|(name, column)| Some((*name, column.as_deref()?)));
    let counted =
        LINK_METRICS.iter().zip(&counted).map(|(name, column)| (*name, column.as_slice()));
    let all: BTreeMap<&str, &[f64]> = known.chain(counted).collect();
    let weighed = plan
        .tools
        .iter()
        .filter_map(|(name, weight)| all.get(name.as_str()).map(|numbers| (*weight, *numbers)));
    standing(tools.projects.len(), weighed, Bend::Log)
}

/// The weight of each tool's label; 1 where it has none.
fn utilities(
    plan: &Plan,
    tools: &Metrics,
    labels: Option<&Arc<SourceFile>>,
    remarks: &mut Vec<String>,
) -> Result<Vec<f64>, Vec<Fault>> {
    let mut weights = vec![1.0; tools.projects.len()];
    let Some(file) = labels else { return Ok(weights) };
    let table = Table::read(file, LABEL_COLUMNS)?;
    let mut by_name: BTreeMap<&str, usize> = BTreeMap::new();
    for (at, (id, name)) in tools.projects.iter().zip(&tools.names).enumerate() {
        by_name.insert(if name.is_empty() { id } else { name }, at);
    }
    let mut faults = Faults::new();
    let (mut seen, mut unknown) = (BTreeMap::new(), BTreeSet::new());
    for row in table.rows() {
        let Some(at) = by_name.get(row.cell(0)) else { continue };
        if let Some(line) = seen.insert(*at, row.line()) {
            let message = format!("`{}` is labelled twice; first on line {line}", row.cell(0));
            faults.push(row.fault(0, "double-label", message));
        }
        match plan.utilities.get(row.cell(1)) {
            Some(weight) => weights[*at] = *weight,
            None => drop(unknown.insert(row.cell(1))),
        }
    }
    for label in unknown {
        remarks.push(format!("the label `{label}` has no weight in the weight file: it counts 1"));
    }
    faults.or(weights)
}

/// Makes links of rows.
struct Reader<'p> {
    plan: &'p Plan,
    onchain: &'p Metrics,
    tools: &'p Metrics,
    projects: &'p [Arc<str>],
    utility: Vec<f64>,
    /// The latest day of the developers' table, from which links decay.
    latest: i64,
    strangers: usize,
    unweighed: BTreeMap<String, usize>,
}

/// A row of the developers' table.
struct DeveloperRow {
    project: u32,
    developer: u32,
    weight: f64,
    day: i64,
    is_commit: bool,
    row: u32,
}

/// Rows of known projects, and the names of all developers by id.
type DeveloperRows = (Vec<DeveloperRow>, Vec<Box<str>>);

impl<'p> Reader<'p> {
    fn new(
        plan: &'p Plan,
        onchain: &'p Metrics,
        tools: &'p Metrics,
        projects: &'p [Arc<str>],
        utility: Vec<f64>,
    ) -> Self {
        let unweighed = BTreeMap::new();
        Self { plan, onchain, tools, projects, utility, latest: 0, strangers: 0, unweighed }
    }

    /// The weight of an event; zero, and a remark, where the plan has none.
    fn event(&mut self, event: &str) -> f64 {
        if let Some(weight) = self.plan.events.get(event) {
            return *weight;
        }
        *self.unweighed.entry(event.to_owned()).or_default() += 1;
        0.0
    }

    fn decay(&self, kind: usize, day: i64) -> f64 {
        let years = (self.latest - day) as f64 / YEAR_DAYS;
        maths::exp(-maths::ln(2.0) / self.plan.half_lives[kind] * years)
    }

    fn utility_of(&self, node: u32) -> f64 {
        let tool = self.tools.find(&self.projects[node as usize]);
        tool.map_or(1.0, |at| self.utility[at])
    }

    /// Rows of known projects, and the names of the developers.
    fn developer_rows(&mut self, file: &Arc<SourceFile>) -> Result<DeveloperRows, Vec<Fault>> {
        let table = Table::read(file, DEVELOPER_COLUMNS)?;
        let mut faults = Faults::new();
        let mut names: BTreeMap<&str, &str> = BTreeMap::new();
        for row in table.rows() {
            if row.cell(1).is_empty() {
                faults.push(row.fault(1, "no-developer", "this row names no developer"));
            }
            let name = if row.cell(4).is_empty() { row.cell(1) } else { row.cell(4) };
            let kept = names.entry(row.cell(1)).or_insert(name);
            *kept = (*kept).min(name);
        }
        let ids: Vec<&str> = names.keys().copied().collect();
        let mut days: BTreeMap<&str, i64> = BTreeMap::new();
        let mut rows = Vec::new();
        let mut latest: Option<i64> = None;
        for row in table.rows() {
            let day = match days.get(row.cell(3)) {
                Some(day) => *day,
                None => day_of(row, &mut faults),
            };
            days.insert(row.cell(3), day);
            latest = latest.max(Some(day));
            let event = row.cell(2).to_uppercase();
            let project = row.cell(0);
            let known = self.onchain.find(project).or(self.tools.find(project));
            if known.is_none() {
                self.strangers += 1;
                continue;
            }
            rows.push(DeveloperRow {
                project: node_of(self.projects, project),
                developer: number(self.projects.len() + position(&ids, row.cell(1))),
                weight: self.event(&event),
                day,
                is_commit: event == COMMIT,
                row: number(row.index()),
            });
        }
        self.latest = latest.unwrap_or(0);
        faults.or((rows, names.values().map(|name| (*name).into()).collect()))
    }

    fn dependencies(&mut self, file: &Arc<SourceFile>) -> Result<Vec<Link>, Vec<Fault>> {
        let table = Table::read(file, DEPENDENCY_COLUMNS)?;
        let mut links = Vec::new();
        for row in table.rows() {
            let known = (self.onchain.find(row.cell(0)), self.tools.find(row.cell(1)));
            if known.0.is_none() || known.1.is_none() {
                self.strangers += 1;
                continue;
            }
            let to = node_of(self.projects, row.cell(1));
            let weight = self.event(&row.cell(2).to_uppercase()) * self.utility_of(to);
            links.push(Link {
                from: node_of(self.projects, row.cell(0)),
                to,
                weight,
                day: self.latest,
                row: number(row.index()),
            });
        }
        Ok(links)
    }

    /// Commits to applications, and what developers do on tools that are not
    /// their own.
    fn sort_out(&self, rows: Vec<DeveloperRow>, repeat: bool) -> (Vec<Link>, Vec<Link>) {
        let is_onchain = |node: u32| self.onchain.find(&self.projects[node as usize]).is_some();
        let is_tool = |node: u32| self.tools.find(&self.projects[node as usize]).is_some();
        let commits: Vec<Link> = rows
            .iter()
            .filter(|row| row.is_commit && is_onchain(row.project))
            .map(|row| Link {
                from: row.project,
                to: row.developer,
                weight: row.weight * self.decay(COMMITTED, row.day),
                day: row.day,
                row: row.row,
            })
            .collect();
        let mut own: BTreeMap<u32, BTreeSet<u32>> = BTreeMap::new();
        for commit in &commits {
            let projects = own.entry(commit.to).or_default();
            if repeat {
                projects.clear();
            }
            projects.insert(commit.from);
        }
        let is_own = |row: &DeveloperRow| {
            own.get(&row.developer).is_some_and(|projects| projects.contains(&row.project))
        };
        let engaged = rows
            .into_iter()
            .filter(|row| is_tool(row.project) && !is_own(row))
            .map(|row| Link {
                from: row.developer,
                to: row.project,
                weight: row.weight * self.decay(ENGAGED, row.day) * self.utility_of(row.project),
                day: row.day,
                row: row.row,
            })
            .collect();
        (commits, engaged)
    }

    fn remarks(&self) -> Vec<String> {
        let mut remarks = Vec::new();
        if self.strangers > 0 {
            let count = self.strangers;
            remarks.push(format!("rows of projects that are not listed, not counted: {count}"));
        }
        for (event, count) in &self.unweighed {
            remarks.push(format!(
                "the event `{event}` has no weight in the weight file: {count} rows carry nothing"
            ));
        }
        remarks
    }
}

fn day_of(row: Row<'_>, faults: &mut Faults) -> i64 {
    match row.cell(3).parse::<Instant>() {
        Ok(time) => time.unix().div_euclid(DAY_SECS),
        Err(error) => {
            faults.push(row.fault(3, "bad-time", error.to_string()));
            0
        }
    }
}

fn position(sorted: &[&str], name: &str) -> usize {
    sorted.binary_search(&name).expect("the list was made of these names")
}

fn number(index: usize) -> u32 {
    u32::try_from(index).expect("a table has fewer than 2^31 rows")
}

/// One way for all links between two nodes: their sum, or the last in the file.
/// Links without weight are none.
fn merged(mut links: Vec<Link>, last: bool) -> Vec<Way> {
    links.retain(|link| link.weight > 0.0);
    links.sort_by(|a, b| {
        let weights = || a.weight.total_cmp(&b.weight);
        let then = if last { a.row.cmp(&b.row) } else { weights() };
        (a.from, a.to).cmp(&(b.from, b.to)).then(then)
    });
    let way = |links: &[Link]| {
        let weight = if last {
            links.last().map_or(0.0, |link| link.weight)
        } else {
            maths::sum(links.iter().map(|link| link.weight))
        };
        Way { from: links[0].from, to: links[0].to, weight }
    };
    links.chunk_by(|a, b| (a.from, a.to) == (b.from, b.to)).map(way).collect()
}
