//! Exports of voting platforms in JSON, as tables.

use std::sync::Arc;

use allonet_core::fault::{Fault, Place, SourceFile};
use serde_json::Value;

use crate::args::Kind;
use crate::diagnose::Failure;
use crate::files::cell;

/// Names of who votes.
const VOTER: &[&str] =
    &["voterId", "voter_id", "voter", "badgeholder", "donor", "user", "address", "user_address"];
/// Names of what is voted for.
const PROJECT: &[&str] = &[
    "projectId",
    "project_id",
    "project",
    "proposal",
    "project_address",
    "proposal_address",
    "applicationId",
];
/// Names of how much.
const AMOUNT: &[&str] = &["amount", "votes", "value"];
/// Names of metrics.
const METRIC: &[&str] = &["metric_id", "metricId", "metric"];
/// Names of the weight of a metric.
const WEIGHT: &[&str] = &["allocation", "weight", "amount"];
/// Names of the factor for open source.
const MULTIPLIER: &[&str] = &["os_multiplier", "osMultiplier"];

/// Whether a text is JSON rather than a table.
pub(super) fn is_json(text: &str) -> bool {
    text.trim_start_matches('\u{feff}').trim_start().starts_with(['{', '['])
}

/// The kind of an export, by the names in it.
pub(super) fn kind(text: &str) -> Option<Kind> {
    let json: Value = serde_json::from_str(text.trim_start_matches('\u{feff}')).ok()?;
    let first = list(&json)?.first()?;
    let has = |name: &str| first.get(name).is_some();
    let holds = |name: &str| first.get(name).and_then(Value::as_array).is_some();
    if has("choice") {
        return Some(Kind::Snapshot);
    }
    if holds("metrics") {
        return Some(Kind::Rf4);
    }
    if holds("votes") && VOTER.iter().any(|name| has(name)) {
        return Some(Kind::Ballots);
    }
    let gives = has("amount") && PROJECT.iter().any(|name| has(name));
    (gives && (has("donor") || has("user") || has("user_address"))).then_some(Kind::Octant)
}

/// The list of an export: itself, or below `votes`, `ballots`, `allocations`,
/// perhaps within `data`.
fn list(json: &Value) -> Option<&Vec<Value>> {
    let json = json.get("data").unwrap_or(json);
    let below = ["votes", "ballots", "allocations"].iter().find_map(|name| json.get(name));
    json.as_array().or_else(|| below.and_then(Value::as_array))
}

/// A table made from an export.
pub(super) struct Rows {
    text: String,
    count: usize,
}

impl Rows {
    /// With this header, and no rows yet.
    pub(super) fn with(header: &str) -> Self {
        Self { text: format!("{header}\n"), count: 0 }
    }

    pub(super) fn add(&mut self, cells: &[&str]) {
        let cells: Vec<String> = cells.iter().map(|text| cell(text)).collect();
        self.text += &cells.join(",");
        self.text.push('\n');
        self.count += 1;
    }

    /// As a file of this name.
    pub(super) fn file(self, name: &str) -> Arc<SourceFile> {
        SourceFile::new(name, self.text)
    }

    /// What was understood.
    pub(super) fn note(&self, from: &str, what: &str) -> String {
        format!("read {from} as JSON and wrote its {} {what} as a table", self.count)
    }
}

/// `voter,project,amount` from ballots that hold lists of votes, as
/// EasyRetroPGF keeps them.
pub(super) fn ballots(file: &Arc<SourceFile>) -> Result<Rows, Failure> {
    let mut rows = Rows::with("voter,project,amount");
    each(file, |ballot, place| {
        let voter = text(ballot, VOTER, place)?;
        for vote in inner(ballot, "votes", place)? {
            let project = text(vote, PROJECT, place)?;
            rows.add(&[&voter, &project, &amount(vote, AMOUNT, place)?]);
        }
        Ok(())
    })?;
    Ok(rows)
}

/// `voter,metric,weight,os_multiplier` from ballots over metrics.
pub(super) fn metrics(file: &Arc<SourceFile>) -> Result<Rows, Failure> {
    let mut rows = Rows::with("voter,metric,weight,os_multiplier");
    each(file, |ballot, place| {
        let voter = text(ballot, VOTER, place)?;
        let factor = MULTIPLIER.iter().find_map(|name| ballot.get(name));
        let factor = factor.map_or_else(|| "1".to_owned(), plain);
        for vote in inner(ballot, "metrics", place)? {
            let metric = text(vote, METRIC, place)?;
            rows.add(&[&voter, &metric, &amount(vote, WEIGHT, place)?, &factor]);
        }
        Ok(())
    })?;
    Ok(rows)
}

/// `voter,project,amount` from single allocations, as Octant's service gives
/// them.
pub(super) fn allocations(file: &Arc<SourceFile>) -> Result<Rows, Failure> {
    let mut rows = Rows::with("voter,project,amount");
    each(file, |vote, place| {
        let (voter, project) = (text(vote, VOTER, place)?, text(vote, PROJECT, place)?);
        rows.add(&[&voter, &project, &amount(vote, AMOUNT, place)?]);
        Ok(())
    })?;
    Ok(rows)
}

/// Where in an export something stands: `[3]`.
type At<'a> = (&'a Arc<SourceFile>, usize);

fn each(
    file: &Arc<SourceFile>,
    mut read: impl FnMut(&Value, At<'_>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let text = file.text.trim_start_matches('\u{feff}');
    let json: Value = serde_json::from_str(text).map_err(|error| {
        let before: usize = text.split_inclusive('\n').take(error.line() - 1).map(str::len).sum();
        let at = (before + error.column().saturating_sub(1)).min(text.len());
        let at = (0..=at).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        let at = at + (file.text.len() - text.len());
        Fault::new("bad-json", format!("this is no JSON: {error}")).at(Place::new(file, at..at))
    })?;
    let list = list(&json).ok_or_else(|| {
        let message = format!("`{}` holds no list of votes", file.path);
        let help = "it should be a list, or hold one under `votes`, `ballots` or `allocations`";
        Fault::new("no-votes", message).help(help)
    })?;
    list.iter().enumerate().try_for_each(|(at, item)| read(item, (file, at)))
}

fn inner<'v>(value: &'v Value, name: &str, at: At<'_>) -> Result<&'v Vec<Value>, Failure> {
    let list = value.get(name).and_then(Value::as_array);
    list.ok_or_else(|| wrong(at, &format!("has no list `{name}`")))
}

fn text(value: &Value, names: &[&str], at: At<'_>) -> Result<String, Failure> {
    let found = names.iter().find_map(|name| value.get(name)).map(plain);
    found
        .filter(|text| !text.is_empty())
        .ok_or_else(|| wrong(at, &format!("has none of the fields {}", names.join(", "))))
}

/// An amount as it stands there; nothing for `null`, an abstention.
fn amount(value: &Value, names: &[&str], at: At<'_>) -> Result<String, Failure> {
    let found = names.iter().find_map(|name| value.get(name));
    found
        .map(plain)
        .ok_or_else(|| wrong(at, &format!("has none of the fields {}", names.join(", "))))
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

fn wrong((file, at): At<'_>, what: &str) -> Failure {
    Fault::new("bad-export", format!("{}: entry {} of its list {what}", file.path, at + 1)).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> Arc<SourceFile> {
        SourceFile::new("x.json", text)
    }

    #[test]
    fn kinds_are_told_by_their_names() {
        for (text, found) in [
            (r#"[{"voterId":"a","votes":[{"projectId":"p","amount":1}]}]"#, Some(Kind::Ballots)),
            (r#"{"data":{"votes":[{"voter":"a","choice":1,"vp":2}]}}"#, Some(Kind::Snapshot)),
            (r#"{"allocations":[{"donor":"a","proposal":"p","amount":"1"}]}"#, Some(Kind::Octant)),
            (r#"[{"address":"a","metrics":[{"metric_id":"m","allocation":9}]}]"#, Some(Kind::Rf4)),
            (r#"{"nodes":[],"links":[]}"#, None),
            ("[", None),
        ] {
            assert_eq!(kind(text), found, "{text}");
        }
    }

    #[test]
    fn exports_become_tables() {
        let text = r#"[{"voterId":"a","votes":[{"projectId":"p,q","amount":1.50},
                        {"projectId":"r","amount":null}]}]"#;
        let rows = ballots(&file(text)).map(|rows| rows.text).unwrap_or_default();
        assert_eq!(rows, "voter,project,amount\na,\"p,q\",1.5\na,r,\n");
        let text =
            r#"[{"address":"a","os_multiplier":2,"metrics":[{"metric_id":"m","allocation":9}]}]"#;
        let rows = metrics(&file(text)).map(|rows| rows.text).unwrap_or_default();
        assert_eq!(rows, "voter,metric,weight,os_multiplier\na,m,9,2\n");
        let text = r#"{"allocations":[{"donor":"a","proposal":"p","amount":"1000"}]}"#;
        let rows = allocations(&file(text)).map(|rows| rows.text).unwrap_or_default();
        assert_eq!(rows, "voter,project,amount\na,p,1000\n");
    }

    #[test]
    fn what_is_missing_is_named() {
        let told = |text: &str| match ballots(&file(text)) {
            Ok(_) => String::new(),
            Err(failure) => failure.faults[0].to_string(),
        };
        assert!(told("[{").contains("no JSON"), "{}", told("[{"));
        assert!(told("{}").contains("no list of votes"));
        let text = r#"[{"voterId":"a","votes":[]},{"votes":[]}]"#;
        assert!(told(text).contains("entry 2 of its list has none of the fields voterId"));
    }
}
