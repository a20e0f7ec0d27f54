//! wip
use crate::args::NewArgs;
use crate::diagnose::Failure;
use crate::ui::Ui;
use std::process::ExitCode;
pub(crate) fn run(_: &NewArgs, _: &Ui) -> Result<ExitCode, Failure> {
    unimplemented!()
}
