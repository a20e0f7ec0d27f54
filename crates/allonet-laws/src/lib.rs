//! What every mechanism of every catalogue keeps: laws on random input, and one
//! floor plan for its file. For tests alone.

mod draw;
mod floor_plan;
mod laws;

pub use draw::Draw;
pub use floor_plan::check_floor_plan;
pub use laws::{Case, Maker, keeps_the_laws};
