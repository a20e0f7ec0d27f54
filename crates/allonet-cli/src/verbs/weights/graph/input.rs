//! A graph from a file, cut as the options say.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use allonet_core::fault::{Fault, SourceFile, did_you_mean};
use allonet_core::money::Amount;
use allonet_weights::graph::{
    DependencyGraph, DroppedWeight, EdgeKind, LicencePolicy, Licences, Policy, Unlicensed,
};
use allonet_weights::import::{self, ImportError, ReadOptions};
use allonet_weights::repository::Aliases;
use clap::{Args, ValueEnum};

use super::super::reading::open;
use crate::diagnose::Failure;
use crate::verbs::new::graph::not_read;

/// How a graph is read and cut.
#[derive(Debug, Args)]
pub(super) struct CutArgs {
    /// Old names of repositories, columns `alias` and `repo`
    #[arg(long, value_name = "FILE")]
    pub(super) aliases: Option<PathBuf>,
    /// The project's own nodes; may be given several times
    #[arg(long, value_name = "ID")]
    root: Vec<String>,
    /// The output of `go mod graph`, beside a go.mod
    #[arg(long, value_name = "FILE")]
    go_graph: Option<PathBuf>,
    /// Make one node of all packages of a repository
    #[arg(long)]
    by_repository: bool,
    /// Leave out dependencies of this kind; may be given several times
    #[arg(long, value_name = "KIND")]
    drop: Vec<DropKind>,
    /// Leave out packages of this ecosystem, such as githubactions
    #[arg(long, value_name = "TYPE")]
    drop_ecosystem: Vec<String>,
    /// Keep only these licences: any, osi, permissive, or SPDX names with commas
    #[arg(long, value_name = "LICENCES")]
    licences: Option<String>,
    /// With --licences: leave out what states no licence
    #[arg(long, requires = "licences")]
    drop_unlicensed: bool,
    /// Keep so many dependencies of each node; the others' weights go to those
    #[arg(long, value_name = "COUNT")]
    max_dependencies: Option<usize>,
    /// Keep what is at most so many steps away from a root
    #[arg(long, value_name = "STEPS")]
    max_depth: Option<u32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum DropKind {
    Peer,
    Build,
    Optional,
    Dev,
    Indirect,
}

impl CutArgs {
    /// Reads a graph and cuts it.
    pub(super) fn graph(&self, path: &Path) -> Result<DependencyGraph, Failure> {
        self.graph_under(path, &self.aliases()?)
    }

    /// The same with renames left to the caller.
    pub(super) fn graph_as_named(&self, path: &Path) -> Result<DependencyGraph, Failure> {
        self.graph_under(path, &Aliases::default())
    }

    fn graph_under(&self, path: &Path, aliases: &Aliases) -> Result<DependencyGraph, Failure> {
        let file = open(path)?;
        let go_graph = self.go_graph.as_deref().map(open).transpose()?;
        let options = ReadOptions {
            root: self.root.first().map(String::as_str),
            go_graph: go_graph.as_ref().map(|file| file.text.as_str()),
            aliases: Some(aliases),
            ..ReadOptions::default()
        };
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let Some(format) = import::detect(&name, &file.text) else {
            let message = format!("cannot tell what kind of graph `{}` is", file.path);
            let help = "lock files, bills of materials, node-link and seed JSON and tables of \
                        edges can be read; `allonet new` lists them";
            return Err(Fault::new("unknown-kind", message).help(help).into());
        };
        let graph = import::read(format, &file.text, &options).map_err(|error| {
            let meant = go_graph.as_ref().filter(|_| error.format.contains("graph"));
            not_read(&error, meant.unwrap_or(&file))
        })?;
        let mut graph = self.rooted(graph, &file)?;
        if self.by_repository {
            graph = graph.merge(&graph.repositories(aliases));
        }
        let policy = self.policy(&graph)?;
        Ok(graph.filter(&policy).expect("what is reachable is asked only of graphs with roots"))
    }

    /// The alias table, if one is named.
    pub(super) fn aliases(&self) -> Result<Aliases, Failure> {
        let Some(path) = &self.aliases else { return Ok(Aliases::default()) };
        parsed(path, Aliases::parse).map(|(_, aliases)| aliases)
    }

    fn rooted(
        &self,
        graph: DependencyGraph,
        file: &SourceFile,
    ) -> Result<DependencyGraph, Failure> {
        if let Some(root) = self.root.iter().find(|root| graph.index(root).is_none()) {
            let message = format!("--root: `{root}` is not in `{}`", file.path);
            let mut fault = Fault::new("unknown-root", message);
            fault.help = did_you_mean(root, graph.nodes().iter().map(|node| node.id.as_str()));
            return Err(Failure::usage(fault));
        }
        if self.root.is_empty() {
            return Ok(graph);
        }
        Ok(graph.with_roots(&self.root).expect("all roots were found"))
    }

    fn policy(&self, graph: &DependencyGraph) -> Result<Policy, Failure> {
        let licences = self.licences.as_deref().map(Licences::parse).transpose();
        let licences = licences.map_err(|error| {
            Failure::usage(Fault::new("bad-option", format!("--licences: {error}")))
        })?;
        let unlicensed = if self.drop_unlicensed { Unlicensed::Drop } else { Unlicensed::Keep };
        let kinds = self.drop.iter().map(|kind| match kind {
            DropKind::Peer => EdgeKind::Peer,
            DropKind::Build => EdgeKind::Build,
            DropKind::Optional => EdgeKind::Optional,
            DropKind::Dev => EdgeKind::Dev,
            DropKind::Indirect => EdgeKind::Indirect,
        });
        let rootless = graph.roots().is_empty();
        if rootless && self.max_depth.is_some() {
            let fault = Fault::new("no-root", "--max-depth counts from a root, and there is none");
            return Err(Failure::usage(fault.help("name the project's own nodes with --root ID")));
        }
        Ok(Policy {
            drop_kinds: kinds.collect(),
            drop_ecosystems: self.drop_ecosystem.iter().cloned().collect(),
            licences: licences.map(|admitted| LicencePolicy { admitted, unlicensed }),
            max_dependencies: self.max_dependencies,
            max_depth: self.max_depth,
            keep_unreachable: rootless,
            dropped_weight: DroppedWeight::Redistributed,
        })
    }
}

/// A file that an importer reads.
pub(super) fn parsed<T>(
    path: &Path,
    parse: impl FnOnce(&str) -> Result<T, ImportError>,
) -> Result<(Arc<SourceFile>, T), Failure> {
    let file = open(path)?;
    let parsed = parse(&file.text).map_err(|error| not_read(&error, &file))?;
    Ok((file, parsed))
}

/// A budget in whole units, underscores between digits allowed.
pub(super) fn budget(text: &str) -> Result<Amount, String> {
    text.replace('_', "").parse().map_err(|_| {
        "a budget is a whole number of the smallest units, such as 1_000_000".to_owned()
    })
}

/// A fault of a computation that concerns no line.
pub(super) fn refused(code: &'static str, error: &dyn std::error::Error) -> Failure {
    Fault::new(code, error.to_string()).into()
}
