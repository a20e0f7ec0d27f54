//! `allonet`: the command line.

mod args;
mod ballot;
mod diagnose;
mod files;
mod outputs;
mod plot;
mod program;
mod report;
mod ui;
mod verbs;

use std::process::ExitCode;

fn main() -> ExitCode {
    verbs::start()
}
