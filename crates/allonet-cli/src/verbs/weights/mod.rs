//! `allonet weights`: from comparisons to weights, and how good they are.

mod fit;
mod graph;
mod reading;

use std::process::ExitCode;

use clap::{Args, Subcommand};

use crate::diagnose::Failure;
use crate::ui::Ui;

/// `allonet weights`
#[derive(Debug, Args)]
pub(crate) struct WeightsArgs {
    #[command(subcommand)]
    verb: WeightsVerb,
}

#[derive(Debug, Subcommand)]
enum WeightsVerb {
    /// Make weights of pairwise comparisons
    Fit(fit::FitArgs),
    /// Look at dependency graphs: what is in them, what changed, who is paid twice
    Graph(graph::GraphArgs),
}

/// Does what the command line says.
pub(super) fn run(args: &WeightsArgs, ui: &Ui) -> Result<ExitCode, Failure> {
    match &args.verb {
        WeightsVerb::Fit(args) => fit::run(args, ui),
        WeightsVerb::Graph(args) => graph::run(args, ui),
    }
}
