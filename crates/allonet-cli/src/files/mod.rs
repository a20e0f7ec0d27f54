//! Files: reading what the operator names, remembering what was read, and
//! writing results so that nothing is half written.

mod cell;
mod inputs;
mod read;
mod write;

pub(crate) use cell::cell;
pub(crate) use inputs::{Input, Inputs, folder_of};
pub(crate) use read::{read_bytes, read_file};
pub(crate) use write::Outputs;
