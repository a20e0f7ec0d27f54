//! Quadratic funding: a matching pool divided by the breadth of support.
//!
//! * [`funding`]: the mechanism `quadratic`.
//! * [`votes`]: votes from a table, as columns of numbers.
//! * [`eligibility`]: which votes count, and how much of them.
//! * [`kernel`]: scores from columns, exact and in floats.
//! * [`division`]: a pool divided by scores, with saturation and cap.
//! * [`influence`]: the voter who moves most money.

pub mod division;
pub mod kernel;
