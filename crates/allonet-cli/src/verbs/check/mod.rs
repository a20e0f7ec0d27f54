//! `allonet check`: reads a network and says what it is, or what is wrong with
//! it; or puts the cases of the protocol to a program.

mod plugin;
mod rules;
mod summary;

use std::path::Path;
use std::process::ExitCode;

use super::load;
use crate::args::CheckArgs;
use crate::diagnose::Failure;
use crate::files::folder_of;
use crate::program::RunPrograms;
use crate::ui::Ui;

/// Checks what the arguments name.
pub(crate) fn run(args: &CheckArgs, ui: &Ui) -> Result<ExitCode, Failure> {
    match &args.network {
        Some(path) => network(path, ui),
        None => plugin::run(&args.plugin, ui),
    }
}

fn network(path: &Path, ui: &Ui) -> Result<ExitCode, Failure> {
    // Programs are looked for, but not run.
    let loaded = load(path, &RunPrograms::new(&folder_of(path)), ui)?;
    ui.faults(loaded.network.warnings());
    if ui.is_json() {
        ui.print_json(&summary::json(&loaded)?);
    } else {
        ui.print(&summary::text(&loaded, ui)?);
    }
    Ok(ExitCode::SUCCESS)
}
