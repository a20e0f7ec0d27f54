//! Quadratic funding: a matching pool divided by the breadth of support.
//!
//! * [`funding`]: the mechanism `quadratic`.
//! * [`dora`]: the mechanism `dora`.
//! * [`giveth`]: the mechanism `giveth`.
//! * [`octant`]: the mechanism `octant`.
//! * [`votes`]: votes from a table, as columns of numbers.
//! * [`eligibility`]: which votes count, and how much of them.
//! * [`roster`]: the list of projects that may be paid.
//! * [`lists`]: voters and projects that people put on lists.
//! * `trust`: how far each voter is trusted, from a signal.
//! * `reading`: from settings to votes as far as they count.
//! * [`kernel`]: sums of roots from columns, exact and in floats.
//! * [`scores`]: scores of projects as whole numbers.
//! * [`division`]: a pool divided by scores, with saturation and cap.
//! * `matching`: what all rules with squared sums of roots have in common.
//! * `matched`: how much of an epoch's money Octant matches with.
//! * `threshold`: Octant's rule before it was quadratic.
//! * `leverage`: what one voter's gifts move to the projects they went to.
//! * `matches`: payouts with the steps that lead to them.
//! * `influence`: the voter who moves most money.

pub mod division;
pub mod dora;
pub mod eligibility;
pub mod funding;
pub mod giveth;
mod influence;
pub mod kernel;
mod leverage;
pub mod lists;
mod matched;
mod matches;
mod matching;
pub mod octant;
mod reading;
pub mod roster;
pub mod scores;
mod threshold;
mod trust;
pub mod votes;
