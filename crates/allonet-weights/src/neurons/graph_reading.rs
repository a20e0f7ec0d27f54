//! What the settings of `deep-funding` name, read: the graph, its structural
//! weights, the comparisons.

use std::sync::Arc;

use allonet_core::card::Settings;
use allonet_core::fault::{Fault, Place, SourceFile, did_you_mean};

use super::reading::rule_settings;
use crate::comparisons::{Comparisons, Naming, Reading};
use crate::graph::{DependencyGraph, EdgeKind, Policy};
use crate::import::{self, ImportError, ReadOptions};
use crate::judged::{JudgeError, Judgements};
use crate::overrides::{originality_rows, override_originality};
use crate::repository::Aliases;
use crate::structural::{self, NeedParameters, StructuralRule, weigh};
use crate::weighted::{WHOLE, WeightedGraph, share};

pub(super) fn aliases(settings: &Settings) -> Result<Aliases, Vec<Fault>> {
    let Some(file) = settings.file("aliases") else { return Ok(Aliases::default()) };
    Aliases::parse(&file.text).map_err(|error| vec![unread(&error, file)])
}

/// The graph from its roots down, cut to what is paid.
pub(super) fn graph(
    settings: &Settings,
    aliases: &Aliases,
    remarks: &mut Vec<String>,
) -> Result<DependencyGraph, Vec<Fault>> {
    let file = settings.file("graph").ok_or_else(|| vec![no_graph()])?;
    let format = import::detect(&file.path, &file.text).ok_or_else(|| vec![no_format(file)])?;
    let roots = settings.list("roots");
    let options = ReadOptions {
        root: roots.first().map(|root| root.value.as_str()),
        aliases: Some(aliases),
        ..ReadOptions::default()
    };
    let mut graph =
        import::read(format, &file.text, &options).map_err(|error| vec![unread(&error, file)])?;
    if let Some(root) = roots.iter().find(|root| graph.index(&root.value).is_none()) {
        let ids = graph.nodes().iter().map(|node| node.id.as_str());
        let message = format!("root `{}` is not in {}", root.value, file.path);
        let mut fault = Fault::new("unknown-root", message).at_some(root.place.clone());
        fault.help = did_you_mean(&root.value, ids);
        return Err(vec![fault]);
    }
    if !roots.is_empty() {
        let names: Vec<&str> = roots.iter().map(|root| root.value.as_str()).collect();
        graph = graph.with_roots(&names).expect("all roots were found");
    }
    let policy = policy(settings)?;
    let kept = graph.filter(&policy).map_err(|error| {
        let help = "name the project that the money is for: roots = [\"…\"]";
        vec![Fault::new("no-root", error.to_string()).at_some(settings.place("graph")).help(help)]
    })?;
    remarks.extend(kept.notes().iter().map(|note| note.text.clone()));
    Ok(kept)
}

fn policy(settings: &Settings) -> Result<Policy, Vec<Fault>> {
    const KINDS: [EdgeKind; 7] = [
        EdgeKind::Normal,
        EdgeKind::Unknown,
        EdgeKind::Peer,
        EdgeKind::Build,
        EdgeKind::Optional,
        EdgeKind::Dev,
        EdgeKind::Indirect,
    ];
    let mut policy = Policy::default();
    for kind in settings.list("drop") {
        let Some(found) = KINDS.into_iter().find(|known| known.name() == kind.value) else {
            let message = format!("`{}` is no kind of dependency", kind.value);
            let mut fault = Fault::new("unknown-kind", message).at_some(kind.place.clone());
            fault.help = did_you_mean(&kind.value, KINDS.iter().map(|kind| kind.name()));
            return Err(vec![fault]);
        };
        policy.drop_kinds.insert(found);
    }
    let limit = |name: &str| settings.integer(name).map(i64::unsigned_abs);
    policy.max_dependencies =
        limit("max_dependencies").map(|most| usize::try_from(most).expect("it is bounded"));
    policy.max_depth = limit("max_depth").map(|most| u32::try_from(most).expect("it is bounded"));
    Ok(policy)
}

/// All edges weighed by structure, and what each node keeps.
pub(super) fn structure(
    settings: &Settings,
    graph: &DependencyGraph,
    aliases: &Aliases,
) -> Result<WeightedGraph, Vec<Fault>> {
    let rule = match settings.text("structure") {
        Some("uniform") => StructuralRule::Uniform,
        _ => StructuralRule::Need(NeedParameters::default()),
    };
    let mut chosen = structural::Settings { rule, ..structural::Settings::default() };
    chosen.own.inner = settings.number("default_originality").map_or(WHOLE / 2, share);
    let place = settings.place("graph");
    let mut network = weigh(graph, &chosen)
        .map_err(|error| vec![Fault::new("weights", error.to_string()).at_some(place)])?;
    if let Some(file) = settings.file("originality") {
        let options = ReadOptions { aliases: Some(aliases), ..ReadOptions::default() };
        let rows =
            originality_rows(&file.text, &options).map_err(|error| vec![unread(&error, file)])?;
        override_originality(&mut network, &rows)
            .map_err(|error| vec![Fault::new("originality", format!("{}: {error}", file.path))])?;
    }
    Ok(network)
}

pub(super) type Read = (Judgements, Arc<SourceFile>);

pub(super) fn judgements(
    settings: &Settings,
    aliases: &Aliases,
) -> Result<Option<Read>, Vec<Fault>> {
    let Some(file) = settings.file("comparisons") else { return Ok(None) };
    let naming = match settings.file("aliases") {
        Some(_) => Naming::Repository(aliases.clone()),
        None => Naming::Verbatim,
    };
    let reading = Reading { naming, ..Reading::default() };
    let by_parent = Comparisons::read_by_parent(file, &reading)?;
    let (rule, parameters) = rule_settings(settings).map_err(|fault| vec![fault])?;
    let judgements = Judgements { by_parent, rule, parameters };
    Ok(Some((judgements, Arc::clone(file))))
}

fn no_graph() -> Fault {
    Fault::new("no-graph", "there is no graph to pay along").help("add `graph = \"Cargo.lock\"`")
}

fn no_format(file: &SourceFile) -> Fault {
    let message = format!("cannot tell what kind of file `{}` is", file.path);
    Fault::new("unknown-kind", message).help(
        "give a Cargo.lock, package-lock.json, go.mod, uv.lock, poetry.lock, CycloneDX, SPDX or \
         node-link file, or a table with the columns repo, parent, weight",
    )
}

fn unread(error: &ImportError, file: &Arc<SourceFile>) -> Fault {
    Fault::new("bad-import", format!("{}: {error}", file.path))
}

/// A comparison that does not fit, at its line.
pub(super) fn judge_fault(
    error: &JudgeError,
    settings: &Settings,
    file: &Arc<SourceFile>,
) -> Fault {
    let line = match error {
        JudgeError::Unknown { line, .. } | JudgeError::NoEdge { line, .. } => Some(*line),
        JudgeError::Fit { .. } => None,
    };
    let place = line.and_then(|line| {
        let start = usize::try_from(line).ok()?.checked_sub(1)?;
        let mut lines = file.text.split_inclusive('\n');
        let before: usize = lines.by_ref().take(start).map(str::len).sum();
        let length = lines.next()?.trim_end().len();
        Some(Place::new(file, before..before + length))
    });
    let mut fault = Fault::new("bad-comparison", error.to_string());
    fault.help = match error {
        JudgeError::Fit { error, .. } => error.help(),
        _ => Some("name parent and items as the graph does; see the list with `check`".to_owned()),
    };
    fault.at_some(place.or_else(|| settings.place("comparisons")))
}
