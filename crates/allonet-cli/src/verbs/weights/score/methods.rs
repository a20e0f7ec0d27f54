//! The methods a command line names, and the baselines.

use std::path::Path;
use std::sync::Arc;

use allonet_core::fault::{Fault, SourceFile};
use allonet_core::table::{Column, Faults, Table};
use allonet_weights::comparisons::{Comparisons, Naming};
use allonet_weights::evaluate::baselines::{baselines, zipf};
use allonet_weights::evaluate::given::GivenWeights;
use allonet_weights::evaluate::trial::{Method, Source};
use allonet_weights::rules;

use super::super::reading::{no_weights, open, parameters};
use super::ScoreArgs;
use crate::diagnose::Failure;

/// All methods, and what came with them.
pub(super) struct Methods {
    /// Baselines first.
    pub(super) all: Vec<Method>,
    /// How many of them are baselines.
    pub(super) baselines: usize,
    /// Files with weights, by the method's name.
    pub(super) files: Vec<(String, Arc<SourceFile>)>,
    /// Weights that others compare with.
    pub(super) reference: Option<Vec<f64>>,
    /// What should be said of them.
    pub(super) notes: Vec<String>,
}

impl Methods {
    /// Reads the files and names the rules.
    pub(super) fn read(
        args: &ScoreArgs,
        comparisons: &Comparisons,
        naming: &Naming,
    ) -> Result<Self, Failure> {
        let mut all = baselines(comparisons.items().len(), args.seed);
        let mut notes = Vec::new();
        let mut files = Vec::new();
        if let Some(text) = &args.zipf {
            let (weights, file) = by_rank(text, comparisons, naming)?;
            all.push(Method { name: "zipf".to_owned(), source: Source::Given(weights) });
            files.push(("zipf".to_owned(), file));
        }
        let count = all.len();
        for text in &args.weights {
            let (name, path) = named(text);
            let file = open(Path::new(path))?;
            let weights = given(&file, &name, comparisons, naming, &mut notes)?;
            all.push(Method { name: name.clone(), source: Source::Given(weights) });
            files.push((name, file));
        }
        for text in &args.fit {
            let method = rule(text)?;
            // It is a baseline already.
            if method.name != "least-squares" {
                all.push(method);
            }
        }
        let twice = (1..all.len()).find(|at| all[..*at].iter().any(|m| m.name == all[*at].name));
        if let Some(at) = twice {
            let fault = Fault::new("bad-option", format!("two methods are `{}`", all[at].name));
            return Err(Failure::usage(fault.help("name one: --weights other=FILE")));
        }
        let reference = match &args.reference {
            Some(path) => {
                let file = open(path)?;
                Some(given(&file, "the reference", comparisons, naming, &mut notes)?)
            }
            None => None,
        };
        Ok(Self { all, baselines: count, files, reference, notes })
    }
}

/// `name=path`, or a path whose stem is the name.
fn named(text: &str) -> (String, &str) {
    match text.split_once('=') {
        Some((name, path)) if !name.is_empty() && !name.contains(['/', '\\']) => {
            (name.to_owned(), path)
        }
        _ => {
            let stem = Path::new(text).file_stem().unwrap_or_default();
            (stem.to_string_lossy().into_owned(), text)
        }
    }
}

fn given(
    file: &Arc<SourceFile>,
    name: &str,
    comparisons: &Comparisons,
    naming: &Naming,
    notes: &mut Vec<String>,
) -> Result<Vec<f64>, Failure> {
    let matched = GivenWeights::read(file, naming)?.on(comparisons.items());
    let listed = |names: &[String]| {
        let shown: Vec<String> = names.iter().take(3).map(|name| format!("`{name}`")).collect();
        let more = if names.len() > 3 { ", …" } else { "" };
        format!("{}{more}", shown.join(", "))
    };
    if matched.weights.iter().all(|weight| *weight <= 0.0) {
        let message = format!("{} gives nothing to any item of the comparisons", file.path);
        let help = "do both files name items alike? --repositories takes all spellings of an \
                    address for one";
        return Err(Fault::new("no-weights", message).help(help).into());
    }
    if !matched.missing.is_empty() {
        notes.push(format!(
            "{name}: {} of {} items are missing and get nothing: {}",
            matched.missing.len(),
            comparisons.items().len(),
            listed(&matched.missing)
        ));
    }
    if !matched.unused.is_empty() {
        notes.push(format!(
            "{name}: {} items are in no comparison: {}",
            matched.unused.len(),
            listed(&matched.unused)
        ));
    }
    Ok(matched.weights)
}

/// `id:name=value:…`
fn rule(text: &str) -> Result<Method, Failure> {
    let mut parts = text.split(':').map(str::to_owned);
    let id = parts.next().unwrap_or_default();
    rules::rule(&id).map_err(no_weights)?;
    let settings: Vec<String> = parts.collect();
    let source = Source::Rule { id, parameters: parameters(&settings)? };
    Ok(Method { name: text.to_owned(), source })
}

const ITEM: &[Column] =
    &[Column::required(&["item", "repo", "repository", "project", "id", "name"])];

/// `file:column`: Zipf by a figure; items without one come last together.
fn by_rank(
    text: &str,
    comparisons: &Comparisons,
    naming: &Naming,
) -> Result<(Vec<f64>, Arc<SourceFile>), Failure> {
    let Some((path, column)) = text.rsplit_once(':') else {
        let fault = Fault::new("bad-option", format!("--zipf {text} names no column"));
        return Err(Failure::usage(fault.help("write for example --zipf repositories.csv:stars")));
    };
    let file = open(Path::new(path))?;
    let table = Table::read_with(&file, ITEM, &[column])?;
    if !table.has(1) {
        let message = format!("{path} has no column `{column}`");
        return Err(Fault::new("missing-column", message).into());
    }
    let mut figures = vec![f64::NEG_INFINITY; comparisons.items().len()];
    let mut faults = Faults::new();
    for row in table.rows() {
        let Some(item) = comparisons.item(&naming.name(row.cell(0))) else { continue };
        match row.cell(1).parse::<f64>() {
            Ok(figure) if figure.is_finite() => figures[item as usize] = figure,
            _ if row.cell(1).is_empty() => {}
            _ => faults.push(row.fault(1, "bad-figure", format!("`{}` is no figure", row.cell(1)))),
        }
    }
    faults.or((zipf(&figures, 1.0), file)).map_err(Failure::from)
}
