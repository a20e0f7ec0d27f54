//! `allonet weights`: from comparisons to weights, and how good they are.

mod compare;
mod fit;
mod mix;
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
    /// Rules side by side: how much money moves between them, and whom each fits
    Compare(compare::CompareArgs),
    /// Make weights of pairwise comparisons
    Fit(fit::FitArgs),
    /// The best mix of several models' weights, by what jurors said
    Mix(mix::MixArgs),
}

/// Does what the command line says.
pub(super) fn run(args: &WeightsArgs, ui: &Ui) -> Result<ExitCode, Failure> {
    match &args.verb {
        WeightsVerb::Compare(args) => compare::run(args, ui),
        WeightsVerb::Fit(args) => fit::run(args, ui),
        WeightsVerb::Mix(args) => mix::run(args, ui),
    }
}
