//! Rules that pass money on by fixed shares.

pub mod guild;
pub mod pass_through;
pub mod split;
