//! Lock files, bills of materials and graphs: a budget that flows along the
//! dependencies, each project keeping its own part.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use allonet_core::fault::{Fault, Place, SourceFile, did_you_mean};
use allonet_core::money::format_units;
use allonet_weights::graph::{DependencyGraph, Policy};
use allonet_weights::import::{self, Format, ImportError, ReadOptions, weight_csv};
use allonet_weights::overrides::{
    OverrideError, originality_rows, override_originality, override_weights,
};
use allonet_weights::repository::Aliases;
use allonet_weights::structural::{NeedParameters, Settings, StructuralRule, weigh};
use allonet_weights::weighted::WeightedGraph;
use ruint::aliases::U256;

use super::asset::{self, Budget};
use super::kinds;
use super::plan::{Names, Plan, free_id, quoted, shortened};
use crate::args::{Kind, NewArgs, Rule};
use crate::diagnose::Failure;
use crate::files::{cell, read_file};
use crate::ui::counted;

/// Shares are counted in 10⁻¹⁸.
const SHARE_DECIMALS: u8 = 18;

/// A network from a dependency graph.
pub(super) fn plan(
    args: &NewArgs,
    kind: Kind,
    file: &Arc<SourceFile>,
    names: &Names,
) -> Result<Plan, Failure> {
    let budget = Budget::of(args)?;
    let format = kinds::format(kind).expect("votes and payments have their own importers");
    let aliases = companion(args.aliases.as_deref(), Aliases::parse)?;
    let read = |path: &Path| read_file(path, &path.to_string_lossy());
    let go_graph = args.graph.as_deref().map(read).transpose()?;
    let options = ReadOptions {
        root: args.root.first().map(String::as_str).or(Some(&names.name)),
        go_graph: go_graph.as_ref().map(|file| file.text.as_str()),
        aliases: aliases.as_ref(),
        ..ReadOptions::default()
    };
    let graph = import::read(format, &file.text, &options)
        .map_err(|error| not_read(&error, faulty(&error, file, go_graph.as_ref())))?;
    let graph = rooted(graph, args, file, format, &names.name)?;
    let mut weighted = weigh(&graph, &settings(args.rule.unwrap_or_default()))
        .map_err(|error| Fault::new("weights", format!("{}: {error}", file.path)))?;
    let rows = |text: &str| weight_csv::rows(text, &options);
    if let Some((file, rows)) = companion_file(args.weights.as_deref(), rows)? {
        override_weights(&mut weighted, &rows).map_err(|error| not_applied(&error, &file))?;
    }
    let rows = |text: &str| originality_rows(text, &options);
    if let Some((file, rows)) = companion_file(args.originality.as_deref(), rows)? {
        override_originality(&mut weighted, &rows).map_err(|error| not_applied(&error, &file))?;
    }
    Ok(written(&graph, &weighted, &budget, kind, names))
}

/// A file beside the one that is read, parsed.
fn companion<T>(
    path: Option<&Path>,
    parse: impl FnOnce(&str) -> Result<T, ImportError>,
) -> Result<Option<T>, Failure> {
    Ok(companion_file(path, parse)?.map(|(_, parsed)| parsed))
}

fn companion_file<T>(
    path: Option<&Path>,
    parse: impl FnOnce(&str) -> Result<T, ImportError>,
) -> Result<Option<(Arc<SourceFile>, T)>, Failure> {
    let Some(path) = path else { return Ok(None) };
    let file = read_file(path, &path.to_string_lossy())?;
    let parsed = parse(&file.text).map_err(|error| not_read(&error, &file))?;
    Ok(Some((file, parsed)))
}

fn settings(rule: Rule) -> Settings {
    let rule = match rule {
        Rule::Need => StructuralRule::Need(NeedParameters::default()),
        Rule::Uniform => StructuralRule::Uniform,
    };
    Settings { rule, ..Settings::default() }
}

/// The graph from its roots down: what no root leads to is never paid.
fn rooted(
    graph: DependencyGraph,
    args: &NewArgs,
    file: &SourceFile,
    format: Format,
    name: &str,
) -> Result<DependencyGraph, Failure> {
    // The root of a poetry.lock is only named by the option.
    let graph = if args.root.is_empty() || format == Format::PoetryLock {
        graph
    } else {
        if let Some(root) = args.root.iter().find(|root| graph.index(root).is_none()) {
            let message = format!("--root: `{root}` is not in `{}`", file.path);
            let mut fault = Fault::new("unknown-root", message);
            fault.help = did_you_mean(root, graph.nodes().iter().map(|node| node.id.as_str()));
            return Err(Failure::usage(fault));
        }
        graph.with_roots(&args.root).expect("all roots were found")
    };
    let graph = one_project(graph, args, format, name);
    let kept = graph.filter(&Policy::default()).map_err(|_| {
        let message = format!("`{}` does not say which project the money is for", file.path);
        Fault::new("no-root", message).help("name it with --root ID; it may be given several times")
    })?;
    if kept.edge_count() == 0 {
        let message = format!("`{}` states no dependencies", file.path);
        let help = match format {
            Format::GoMod => "a go.mod names few; add --graph with the output of `go mod graph`",
            _ => "there is nobody to pass money on to",
        };
        return Err(Fault::new("no-edges", message).help(help).into());
    }
    Ok(kept)
}

/// The members of a workspace as one project, under the network's name: they are
/// funded together, and what they share among themselves is nobody's business.
fn one_project(
    graph: DependencyGraph,
    args: &NewArgs,
    format: Format,
    name: &str,
) -> DependencyGraph {
    let workspace = matches!(
        format,
        Format::CargoLock | Format::CargoMetadata | Format::PackageLock | Format::UvLock
    );
    let roots: Vec<String> =
        graph.roots().into_iter().map(|root| graph.nodes()[root as usize].id.clone()).collect();
    if !workspace || !args.root.is_empty() || roots.len() < 2 {
        return graph;
    }
    graph.merge(&roots.into_iter().map(|root| (root, name.to_owned())).collect())
}

/// Which of the files an importer means.
fn faulty<'a>(
    error: &ImportError,
    file: &'a Arc<SourceFile>,
    go_graph: Option<&'a Arc<SourceFile>>,
) -> &'a Arc<SourceFile> {
    go_graph.filter(|_| error.format.contains("graph")).unwrap_or(file)
}

pub(in crate::verbs) fn not_read(error: &ImportError, file: &Arc<SourceFile>) -> Failure {
    let field = error.field.as_ref().map_or(String::new(), |field| format!("{field}: "));
    let message =
        format!("{}: {field}found {}, expected {}", error.format, error.found, error.expected);
    let place = error.line.map(|line| at_line(file, line, error.column));
    let mut fault = Fault::new("import", message).at_some(place).help(error.hint.as_str());
    if fault.place.is_none() {
        fault.message = format!("{}: {}", file.path, fault.message);
    }
    fault.into()
}

pub(in crate::verbs) fn not_applied(error: &OverrideError, file: &Arc<SourceFile>) -> Failure {
    let text = error.to_string();
    let located = text.strip_prefix("line ").and_then(|rest| rest.split_once(": "));
    let located = located.and_then(|(line, rest)| Some((line.parse().ok()?, rest)));
    let fault = match located {
        Some((line, rest)) => Fault::new("override", rest).at(at_line(file, line, None)),
        None => Fault::new("override", format!("{}: {text}", file.path)),
    };
    fault.into()
}

/// A line of a file from a column on, both from 1.
fn at_line(file: &Arc<SourceFile>, line: u32, column: Option<u32>) -> Place {
    let lines = file.text.split_inclusive('\n');
    let start: usize = lines.take(line.saturating_sub(1) as usize).map(str::len).sum();
    let text = file.text[start..].lines().next().unwrap_or_default();
    let skipped = column.unwrap_or(1).saturating_sub(1) as usize;
    let offset = text.char_indices().nth(skipped).map_or(text.len(), |(at, _)| at);
    let end = if column.is_some() {
        (start + offset + 1).min(file.text.len())
    } else {
        start + text.len()
    };
    Place::new(file, start + offset..end.max(start + offset))
}

// --- What is written --------------------------------------------------------

fn written(
    graph: &DependencyGraph,
    weighted: &WeightedGraph,
    budget: &Budget,
    kind: Kind,
    names: &Names,
) -> Plan {
    let tables = [
        ("edges", edges(weighted)),
        ("sources", sources(weighted)),
        ("originality", own(weighted)),
    ];
    let roots = weighted.sources().len();
    let about = format!(
        "{}: {} to {} over {}, from {}",
        names.name,
        budget.asset.show(budget.amount),
        counted(weighted.nodes().len(), "project"),
        counted(weighted.targets().len(), "edge"),
        counted(roots, "root"),
    );
    let notes = graph.notes().iter().map(|note| match note.line {
        Some(line) => format!("line {line}: {}", note.text),
        None => note.text.clone(),
    });
    Plan {
        network: network(weighted, budget, kind, names),
        data: tables
            .map(|(what, text)| (names.data(what), SourceFile::new(names.data(what), text)))
            .into(),
        stays: Vec::new(),
        about,
        notes: notes.collect(),
    }
}

/// A share as a decimal, exactly.
pub(in crate::verbs) fn share(units: u64) -> String {
    shortened(&format_units(U256::from(units), SHARE_DECIMALS)).to_owned()
}

pub(in crate::verbs) fn edges(weighted: &WeightedGraph) -> String {
    let mut text = "parent,repo,weight\n".to_owned();
    for (node, parent) in (0_u32..).zip(weighted.nodes()) {
        for (repo, weight) in weighted.dependencies(node) {
            let repo = cell(&weighted.nodes()[repo as usize]);
            writeln!(text, "{},{repo},{}", cell(parent), share(weight)).expect("text takes all");
        }
    }
    text
}

pub(in crate::verbs) fn sources(weighted: &WeightedGraph) -> String {
    let mut text = "node,share\n".to_owned();
    for (node, part) in weighted.sources() {
        let node = cell(&weighted.nodes()[*node as usize]);
        writeln!(text, "{node},{}", share(*part)).expect("text takes all");
    }
    text
}

/// What those keep who pass something on; all others keep everything.
pub(in crate::verbs) fn own(weighted: &WeightedGraph) -> String {
    let mut text = "node,originality\n".to_owned();
    for (at, (node, own)) in weighted.nodes().iter().zip(weighted.own_shares()).enumerate() {
        if weighted.offsets()[at] < weighted.offsets()[at + 1] {
            writeln!(text, "{},{}", cell(node), share(*own)).expect("text takes all");
        }
    }
    text
}

fn network(weighted: &WeightedGraph, budget: &Budget, kind: Kind, names: &Names) -> String {
    let taken = |id: &str| weighted.index(id).is_some();
    let source = free_id("budget", taken);
    let neuron = free_id("dependencies", taken);
    let asset = asset::table(&budget.asset);
    let [edges, sources, originality] =
        ["edges", "sources", "originality"].map(|what| quoted(&names.data(what)));
    format!(
        "# Written by `allonet new` from {origin}: {kind}.
#
# The budget enters at the projects in {sources} and flows along the
# dependencies. Each project keeps its originality of what reaches it and passes
# the rest on to what it builds on, divided by the weights.

[network]
name = {name}
title = {title}

{asset}
[sources.{source}]
gives = {gives}
to = \"{neuron}\"

[neurons.{neuron}]
mechanism = \"dependency\"
# parent,repo,weight: what part of what a parent passes on goes to repo.
edges = {edges}
# node,share: where the money enters.
sources = {sources}
# node,originality: what part each project keeps; those not named keep all.
originality = {originality}
",
        origin = names.origin(),
        kind = super::plan::one_line(&kinds::title(kind)),
        name = quoted(&names.name),
        title = quoted(&format!("Dependencies of {}", names.name)),
        gives = quoted(&budget.written()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_become_places() {
        let file = SourceFile::new("a", "ab\nçd\n");
        assert_eq!(at_line(&file, 2, Some(2)).span, 5..6);
        assert_eq!(at_line(&file, 2, None).span, 3..6);
        assert_eq!(at_line(&file, 9, Some(9)).span, 7..7);
        assert_eq!(at_line(&SourceFile::new("a", ""), 1, None).span, 0..0);
    }

    #[test]
    fn shares_are_exact() {
        assert_eq!(share(500_000_000_000_000_000), "0.5");
        assert_eq!(share(1_000_000_000_000_000_000), "1");
        assert_eq!(share(1), "0.000000000000000001");
    }
}
