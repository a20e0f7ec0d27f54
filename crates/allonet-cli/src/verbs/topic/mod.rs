//! `allonet topic`: many infer, their losses are forecast, and one inference
//! comes out.

mod chart;
mod clerk;
mod data;
mod outcome;
mod page;
mod play;
mod receipt;
mod replay;
mod run;
mod series;
mod sim;
mod spec;
mod tables;
mod workers;

use std::process::ExitCode;

use clap::{Args, Subcommand};

use crate::diagnose::Failure;
use crate::ui::Ui;

/// `allonet topic`
#[derive(Debug, Args)]
pub(crate) struct TopicArgs {
    #[command(subcommand)]
    verb: TopicVerb,
}

#[derive(Debug, Subcommand)]
enum TopicVerb {
    /// Simulate a topic and hold what is claimed of it against the numbers
    Sim(sim::SimArgs),
    /// Play a topic over a series: who infers, what comes out, who earns what
    Run(run::RunArgs),
    /// Recompute a topic from its events, and check a receipt
    Replay(replay::ReplayArgs),
    /// Write a series to practise on
    Series(series::SeriesArgs),
}

/// Does what the command line says.
pub(super) fn run(args: &TopicArgs, ui: &Ui) -> Result<ExitCode, Failure> {
    match &args.verb {
        TopicVerb::Sim(args) => sim::run(args, ui),
        TopicVerb::Run(args) => run::run(args, ui),
        TopicVerb::Replay(args) => replay::run(args, ui),
        TopicVerb::Series(args) => series::run(args, ui),
    }
}
