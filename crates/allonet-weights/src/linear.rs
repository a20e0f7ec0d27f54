//! The little linear algebra that weights need: graph Laplacians in compressed
//! rows, conjugate gradients, and dense symmetric matrices for small problems.
//!
//! All sums run in a fixed order: the same input gives the same bytes.

pub(crate) mod block;
mod dense;
pub(crate) mod fixed_point;
mod inverse_diagonal;
mod laplacian;

pub(crate) use dense::dot;
pub use dense::{Cholesky, Symmetric};
pub(crate) use inverse_diagonal::inverse_diagonal;
pub use laplacian::{Laplacian, Solved};
