//! core
pub mod maths;
pub mod money;
