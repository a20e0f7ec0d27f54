//! Quadratic funding: a matching pool divided by the breadth of support.
//!
//! * [`funding`]: the mechanism `quadratic`.
//! * [`votes`]: votes from a table, as columns of numbers.
//! * [`eligibility`]: which votes count, and how much of them.
//! * [`kernel`]: sums of roots from columns, exact and in floats.
//! * [`scores`]: scores of projects as whole numbers.
//! * [`division`]: a pool divided by scores, with saturation and cap.
//! * `matches`: payouts with the steps that lead to them.
//! * `influence`: the voter who moves most money.

pub mod division;
pub mod eligibility;
pub mod funding;
mod influence;
pub mod kernel;
mod matches;
pub mod scores;
pub mod votes;
