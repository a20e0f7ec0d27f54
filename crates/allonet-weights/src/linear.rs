//! The little linear algebra that weights need: graph Laplacians in compressed
//! rows, conjugate gradients, and dense symmetric matrices for small problems.
//!
//! All sums run in a fixed order: the same input gives the same bytes.

mod dense;
mod laplacian;

pub use dense::Symmetric;
pub(crate) use dense::dot;
pub use laplacian::{Laplacian, Solved};
