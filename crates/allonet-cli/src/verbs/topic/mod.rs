//! `allonet topic`: many infer, their losses are forecast, and one inference
//! comes out.

mod sim;

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
}

/// Does what the command line says.
pub(super) fn run(args: &TopicArgs, ui: &Ui) -> Result<ExitCode, Failure> {
    match &args.verb {
        TopicVerb::Sim(args) => sim::run(args, ui),
    }
}
