//! What projects score on metrics, from a table with a row for each.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use allonet_core::fault::{Fault, SourceFile, did_you_mean};
use allonet_core::network::id_problem;
use allonet_core::table::{Column, Faults, Row, Table};

use crate::ballots::{Ballots, Reading, number};

/// Columns of a table of values.
const VALUE_COLUMNS: &[Column] = &[
    Column::required(&["project", "project_id", "project_name", "application", "application_id"]),
    Column::required(&["metric", "metric_id", "metric_name", "event_type"]),
    Column::required(&["value", "amount", "score"]),
];

/// Columns of a table of ballots on metrics, in the order of those on projects.
const BALLOT_COLUMNS: &[Column] = &[
    Column::required(&["voter", "voter_id", "voter_address", "badgeholder", "ballot", "address"]),
    Column::required(&["metric", "metric_id", "metric_name"]),
    Column::required(&["share", "weight", "amount", "percent", "votes"]),
    Column::optional(&["time", "timestamp", "created_at", "date"]),
];

/// Values of projects by metric.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct MetricValues {
    /// Sorted.
    pub(crate) projects: Vec<Arc<str>>,
    /// Sorted.
    pub(crate) metrics: Vec<Box<str>>,
    /// By metric, then project; finite and zero or more, nothing where unknown.
    pub(crate) values: Vec<Vec<Option<f64>>>,
    /// What the operator should know of rows that do not count.
    pub(crate) remarks: Vec<String>,
}

/// Reads names from the first column of a table, each once and in order.
///
/// Faults: `bad-name`, `double-row`.
pub(crate) fn listed<'t>(table: &'t Table, faults: &mut Faults) -> BTreeMap<&'t str, Row<'t>> {
    let mut names: BTreeMap<&str, Row<'_>> = BTreeMap::new();
    for row in table.rows() {
        let name = row.cell(0);
        if let Some(problem) = id_problem(name) {
            let message = format!("`{name}` cannot be a name: {problem}");
            faults.push(row.fault(0, "bad-name", message));
        }
        if let Some(first) = names.insert(name, row) {
            let message =
                format!("`{name}` is listed a second time; the first is on line {}", first.line());
            faults.push(row.fault(0, "double-row", message).help("keep the row that is meant"));
        }
    }
    names
}

impl MetricValues {
    /// Reads a table of values. Only rows of the listed projects and metrics
    /// count, where there are lists.
    ///
    /// Faults: those of [`Table::read`], `bad-name`, `bad-amount`,
    /// `negative-amount`, `double-value`.
    pub(crate) fn read(
        file: &Arc<SourceFile>,
        projects: Option<&BTreeSet<&str>>,
        metrics: Option<&BTreeSet<&str>>,
    ) -> Result<Self, Vec<Fault>> {
        let table = Table::read(file, VALUE_COLUMNS)?;
        let (mut found, mut faults) = (BTreeMap::new(), Faults::new());
        let mut passed_over: BTreeSet<&str> = BTreeSet::new();
        for row in table.rows() {
            let Some((project, metric, value)) = read_row(row, &mut faults) else { continue };
            if let Some((_, line)) = found.insert((metric, project), (value, row.line())) {
                let message = format!(
                    "`{project}` has a second value of `{metric}`; the first is on line {line}"
                );
                let fault = row.fault(0, "double-value", message);
                faults.push(fault.help("keep the value that is meant"));
            }
            for (list, name) in [(projects, project), (metrics, metric)] {
                if list.is_some_and(|list| !list.contains(name)) {
                    passed_over.insert(name);
                }
            }
        }
        faults.or(())?;
        found.retain(|(metric, project), _| {
            metrics.is_none_or(|list| list.contains(metric))
                && projects.is_none_or(|list| list.contains(project))
        });
        let all = |names: Option<&BTreeSet<&str>>, found: BTreeSet<&str>| -> Vec<Box<str>> {
            names.unwrap_or(&found).iter().map(|name| Box::from(*name)).collect()
        };
        let metrics = all(metrics, found.keys().map(|(metric, _)| *metric).collect());
        let projects = all(projects, found.keys().map(|(_, project)| *project).collect());
        let value = |metric, project| found.get(&(metric, project)).and_then(|(value, _)| *value);
        let values = metrics
            .iter()
            .map(|metric| projects.iter().map(|project| value(&**metric, &**project)).collect())
            .collect();
        let projects = projects.into_iter().map(Arc::from).collect();
        Ok(Self { projects, metrics, values, remarks: not_listed(&passed_over) })
    }

    /// Reads ballots on these metrics: [`Ballots::projects`] are metrics.
    ///
    /// Faults: those of [`Ballots::read`], `unknown-metric`.
    pub(crate) fn ballots(
        &self,
        file: &Arc<SourceFile>,
        reading: &Reading,
    ) -> Result<(Table, Ballots), Vec<Fault>> {
        let table = Table::read(file, BALLOT_COLUMNS)?;
        let mut ballots = Ballots::read(&table, reading)?;
        let place = |name: &Arc<str>| self.metrics.binary_search_by(|known| (**known).cmp(name));
        let places: Vec<Result<usize, usize>> = ballots.projects.iter().map(place).collect();
        let mut faults = Faults::new();
        ballots.votes.sort_unstable_by_key(|vote| vote.row);
        for vote in &mut ballots.votes {
            if let Ok(place) = places[vote.project as usize] {
                vote.project = u32::try_from(place).expect("a table has fewer than 2^31 rows");
            } else {
                let name = &ballots.projects[vote.project as usize];
                let row = table.row(vote.row as usize).expect("a vote has a row");
                faults.push(self.unknown(row, name));
            }
        }
        ballots.votes.sort_unstable_by_key(|vote| (vote.project, vote.voter));
        ballots.projects = self.metrics.iter().map(|metric| Arc::from(&**metric)).collect();
        faults.or((table, ballots))
    }

    fn unknown(&self, row: Row<'_>, name: &str) -> Fault {
        let message = format!("there is no metric `{name}`");
        let fault = row.fault(1, "unknown-metric", message);
        let known = did_you_mean(name, self.metrics.iter().map(|metric| &**metric));
        fault.help(known.unwrap_or_else(|| "no metric has a value".to_owned()))
    }
}

/// Project, metric and value of a row.
fn read_row<'t>(row: Row<'t>, faults: &mut Faults) -> Option<(&'t str, &'t str, Option<f64>)> {
    let mut whole = true;
    for (column, what) in [(0, "project"), (1, "metric")] {
        let name = row.cell(column);
        if let Some(problem) = id_problem(name) {
            let message = format!("`{name}` cannot be the name of a {what}: {problem}");
            faults.push(row.fault(column, "bad-name", message));
            whole = false;
        }
    }
    let value = number(row, 2, false).map_err(|fault| {
        faults.push(fault.help("write a number from 0 up; an empty cell says it is not known"));
    });
    value.ok().filter(|_| whole).map(|value| (row.cell(0), row.cell(1), value))
}

fn not_listed(names: &BTreeSet<&str>) -> Vec<String> {
    let Some(first) = names.first() else { return Vec::new() };
    let count = names.len();
    vec![format!(
        "values of projects or metrics that are not listed, such as `{first}`, do not \
                  count: {count} in all"
    )]
}

/// Faults of a table that must be there.
pub(super) fn absent(name: &str) -> Vec<Fault> {
    let message = format!("`{name}` is not given");
    vec![Fault::new("no-table", message).help(format!("add `{name} = \"{name}.csv\"`"))]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> Arc<SourceFile> {
        SourceFile::new("values.csv", text)
    }

    const VALUES: &str = "project,metric,value\nb,users,3\na,commits,1\nb,commits,\nc,users,9\n";

    #[test]
    fn values_stand_by_metric_and_project() {
        let values = MetricValues::read(&file(VALUES), None, None).unwrap();
        assert_eq!(values.projects, ["a".into(), "b".into(), "c".into()]);
        assert_eq!(values.metrics, ["commits".into(), "users".into()]);
        assert_eq!(values.values, [[Some(1.0), None, None], [None, Some(3.0), Some(9.0)]]);
    }

    #[test]
    fn lists_decide_what_counts() {
        let (projects, metrics) = (BTreeSet::from(["a", "b", "d"]), BTreeSet::from(["users"]));
        let values = MetricValues::read(&file(VALUES), Some(&projects), Some(&metrics)).unwrap();
        assert_eq!(values.projects, ["a".into(), "b".into(), "d".into()]);
        assert_eq!(values.values, [[None, Some(3.0), None]]);
        assert!(values.remarks[0].ends_with("such as `c`, do not count: 2 in all"));
    }

    #[test]
    fn what_is_no_value_is_refused() {
        let text = "project,metric,value\na,m,-1\n,m,2\nb,,2\nc,m,NaN\nd,m,1\nd,m,1\n";
        let faults = MetricValues::read(&file(text), None, None).unwrap_err();
        let codes: Vec<&str> = faults.iter().map(|fault| fault.code).collect();
        let expected = ["negative-amount", "bad-name", "bad-name", "bad-amount", "double-value"];
        assert_eq!(codes, expected);
    }

    #[test]
    fn votes_are_on_known_metrics() {
        let values = MetricValues::read(&file(VALUES), None, None).unwrap();
        let ballots = |text: &str| values.ballots(&file(text), &Reading::default());
        let (_, read) = ballots("voter,metric,share\nann,users,5\n").unwrap();
        assert_eq!(read.votes[0].project, 1);
        let told = ballots("voter,metric,share\nann,user,5\n").unwrap_err()[0].to_string();
        assert_eq!(told, "values.csv:2:5: there is no metric `user` (did you mean `users`?)");
    }
}
