//! Rules that pass money on by fixed shares.

pub mod pass_through;
pub mod split;

