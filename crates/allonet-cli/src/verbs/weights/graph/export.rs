//! `allonet weights graph export`: a graph as tables of weights.

use std::path::PathBuf;

use allonet_core::fault::Fault;
use allonet_weights::division::{FormError, UnknownShare, general_form};
use allonet_weights::import::{ReadOptions, weight_csv};
use allonet_weights::overrides::{originality_rows, override_originality, override_weights};
use allonet_weights::structural::{NeedParameters, Settings, StructuralRule, weigh};
use allonet_weights::weighted::{WHOLE, WeightedGraph};
use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use super::super::reading::open;
use super::input::{CutArgs, parsed, refused};
use crate::args::Rule;
use crate::diagnose::Failure;
use crate::files::{Outputs, folder_of};
use crate::ui::{Ui, counted};
use crate::verbs::new::graph::{edges, not_applied, not_read, own, sources};

/// `allonet weights graph export`
#[derive(Debug, Args)]
#[command(after_help = "\
With --out deps.csv the weights go to deps.csv (parent,repo,weight), where money
enters to deps-sources.csv (node,share), and what each node keeps to
deps-originality.csv (node,originality): the files that the mechanism `dependency`
reads, and `allonet new` with --weights and --originality.

Examples:
  allonet weights graph export Cargo.lock > edges.csv
  allonet weights graph export graph.json --weights jury.csv --out deps.csv
  allonet weights graph export seeds.json --max-dependencies 128 --out deps.csv
  allonet weights graph export divided.csv --unknown escrow --out deps.csv")]
pub(super) struct ExportArgs {
    /// A lock file, bill of materials, or graph in JSON or CSV
    #[arg(value_name = "INPUT")]
    input: PathBuf,
    #[command(flatten)]
    cut: CutArgs,
    /// How dependencies without a given weight are weighed
    #[arg(long, value_enum, default_value_t = Rule::Need)]
    rule: Rule,
    /// The input is a table with the children SELF and OTHER_UNKNOWN; what
    /// becomes of the unknown share
    #[arg(long, value_enum, value_name = "CHOICE")]
    unknown: Option<Unknown>,
    /// Judged weights that replace others: repo, parent, weight
    #[arg(long, value_name = "FILE")]
    weights: Option<PathBuf>,
    /// What nodes keep: repo, originality
    #[arg(long, value_name = "FILE")]
    originality: Option<PathBuf>,
    /// Write the three tables; without it the weights are printed
    #[arg(long, value_name = "FILE.csv")]
    out: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Unknown {
    /// It waits at a node of its own until dependencies are named
    Escrow,
    /// Self and known dependencies share it
    Redistribute,
    /// It goes back to the funders
    Return,
}

/// Exports.
pub(super) fn run(args: &ExportArgs, ui: &Ui) -> Result<(), Failure> {
    let mut network = network(args)?;
    let aliases = args.cut.aliases()?;
    let options = ReadOptions { aliases: Some(&aliases), ..ReadOptions::default() };
    if let Some(path) = &args.weights {
        let (file, rows) = parsed(path, |text| weight_csv::rows(text, &options))?;
        override_weights(&mut network, &rows).map_err(|error| not_applied(&error, &file))?;
    }
    if let Some(path) = &args.originality {
        let (file, rows) = parsed(path, |text| originality_rows(text, &options))?;
        override_originality(&mut network, &rows).map_err(|error| not_applied(&error, &file))?;
    }
    let tables =
        [("", edges(&network)), ("-sources", sources(&network)), ("-originality", own(&network))];
    let Some(out) = &args.out else {
        if ui.is_json() {
            ui.print_json(&as_json(&network));
        } else {
            ui.print(tables[0].1.trim_end());
        }
        return Ok(());
    };
    let stem = out.file_stem().unwrap_or_default().to_string_lossy();
    if stem.is_empty() || out.extension().is_none_or(|extension| extension != "csv") {
        let message = format!("--out {} is no name of a table", out.to_string_lossy());
        return Err(Failure::usage(
            Fault::new("bad-option", message).help("write for example --out deps.csv"),
        ));
    }
    let mut outputs = Outputs::new(&folder_of(out))?;
    for (end, table) in &tables {
        outputs.add(&format!("{stem}{end}.csv"), table.as_bytes())?;
    }
    let written = outputs.commit()?;
    let paths: Vec<String> =
        written.iter().map(|path| path.to_string_lossy().into_owned()).collect();
    if ui.is_json() {
        ui.print_json(&json!({
            "files": paths, "nodes": network.nodes().len(), "edges": network.targets().len(),
            "content": network.content_hash(),
        }));
        return Ok(());
    }
    ui.print(&format!(
        "{} over {} in {}",
        counted(network.targets().len(), "weight"),
        counted(network.nodes().len(), "node"),
        paths.join(", "),
    ));
    Ok(())
}

/// The input with weights on all edges.
fn network(args: &ExportArgs) -> Result<WeightedGraph, Failure> {
    let failed = |error: &dyn std::error::Error| refused("weights", error);
    if let Some(unknown) = args.unknown {
        let aliases = args.cut.aliases()?;
        let options = ReadOptions { aliases: Some(&aliases), ..ReadOptions::default() };
        let file = open(&args.input)?;
        let form = general_form(&file.text, &options).map_err(|error| match error {
            FormError::Table(error) => not_read(&error, &file),
            FormError::Division(error) => failed(&error),
        })?;
        let unknown = match unknown {
            Unknown::Escrow => UnknownShare::Escrow,
            Unknown::Redistribute => UnknownShare::Redistributed,
            Unknown::Return => UnknownShare::Returned,
        };
        return form.network(unknown).map_err(|error| failed(&error));
    }
    let graph = args.cut.graph(&args.input)?;
    let rule = match args.rule {
        Rule::Need => StructuralRule::Need(NeedParameters::default()),
        Rule::Uniform => StructuralRule::Uniform,
    };
    weigh(&graph, &Settings { rule, ..Settings::default() }).map_err(|error| failed(&error))
}

/// The three tables as lists; shares in units of 10⁻¹⁸.
fn as_json(network: &WeightedGraph) -> Value {
    let id = |node: u32| &network.nodes()[node as usize];
    let edges = (0_u32..).take(network.nodes().len()).flat_map(|parent| {
        let edges = network.dependencies(parent);
        edges.map(move |(repo, w)| json!({ "parent": id(parent), "repo": id(repo), "weight": w }))
    });
    let sources = network.sources().iter();
    let sources = sources.map(|(node, share)| json!({ "node": id(*node), "share": share }));
    let own = network.nodes().iter().zip(network.own_shares());
    let own = own.map(|(node, own)| json!({ "node": node, "originality": own }));
    json!({
        "content": network.content_hash(),
        "whole": WHOLE,
        "edges": edges.collect::<Vec<_>>(),
        "sources": sources.collect::<Vec<_>>(),
        "originality": own.collect::<Vec<_>>(),
    })
}
