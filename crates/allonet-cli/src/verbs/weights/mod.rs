//! `allonet weights`: from comparisons to weights, and how good they are.

mod answers;
mod ask;
mod asking;
mod ballot;
mod fit;
mod next;
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
    /// Choose the questions whose answers would tell most
    Next(next::NextArgs),
    /// Ask one juror, in the terminal
    Ask(ask::AskArgs),
    /// Write a page that asks a juror in a browser
    Ballot(ballot::BallotArgs),
}

/// Does what the command line says.
pub(super) fn run(args: &WeightsArgs, ui: &Ui) -> Result<ExitCode, Failure> {
    match &args.verb {
        WeightsVerb::Fit(args) => fit::run(args, ui),
        WeightsVerb::Next(args) => next::run(args, ui),
        WeightsVerb::Ask(args) => ask::run(args, ui),
        WeightsVerb::Ballot(args) => ballot::run(args, ui),
    }
}
