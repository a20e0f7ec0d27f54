//! `allonet weights graph`: dependency graphs before money flows through them.

mod diff;
mod entities;
mod export;
mod input;
mod overlays;
mod show;

use std::process::ExitCode;

use clap::{Args, Subcommand};

use crate::diagnose::Failure;
use crate::ui::Ui;

/// `allonet weights graph`
#[derive(Debug, Args)]
pub(super) struct GraphArgs {
    #[command(subcommand)]
    verb: GraphVerb,
}

#[derive(Debug, Subcommand)]
enum GraphVerb {
    /// Count what is in a graph: kinds, licences, loops, the widest and deepest
    Show(show::ShowArgs),
    /// Compare two snapshots, in edges and in money
    Diff(diff::DiffArgs),
    /// Find applicants that hold each other, and pay nobody twice
    Entities(entities::EntitiesArgs),
    /// Combine the weights of several groups, with their curators' fees
    Overlays(overlays::OverlaysArgs),
    /// Write a graph as the tables that the mechanism `dependency` reads
    Export(export::ExportArgs),
}

/// Does what the command line says.
pub(super) fn run(args: &GraphArgs, ui: &Ui) -> Result<ExitCode, Failure> {
    match &args.verb {
        GraphVerb::Show(args) => show::run(args, ui),
        GraphVerb::Diff(args) => diff::run(args, ui),
        GraphVerb::Entities(args) => entities::run(args, ui),
        GraphVerb::Overlays(args) => overlays::run(args, ui),
        GraphVerb::Export(args) => export::run(args, ui),
    }
    .map(|()| ExitCode::SUCCESS)
}
