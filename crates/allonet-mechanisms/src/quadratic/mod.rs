//! Quadratic funding: a matching pool divided by the breadth of support.
//!
//! * [`funding`]: the mechanism `quadratic`.
//! * [`dora`]: the mechanism `dora`.
//! * [`giveth`]: the mechanism `giveth`.
//! * [`octant`]: the mechanism `octant`.
//! * [`maci`], [`proper_quadratic`], [`streaming_quadratic`]: mechanisms of their
//!   own, exact as their contracts.
//! * [`cluster_match`]: the mechanism `cluster-match`; [`cluster`] its scores.
//! * [`cluster_match`]: the mechanism `cluster-match`; [`cluster`] its scores from
//!   [`closeness`] of donors.
//! * [`donation_profile`]: the mechanism `donation-profile`.
//! * [`pairwise`]: the mechanism `pairwise`; [`bounded`] its scores.
//! * `intake`: settings and votes as all rules of the family read them.
//! * [`votes`]: votes from a table, as columns of numbers.
//! * [`eligibility`]: which votes count, and how much of them.
//! * [`roster`]: the list of projects that may be paid.
//! * [`lists`]: voters and projects that people put on lists.
//! * `trust`: how far each voter is trusted, from a signal.
//! * `intake`: from settings to votes as far as they count.
//! * [`kernel`]: sums of roots from columns, exact and in floats.
//! * [`donations`]: donations in floats, by donor and by project.
//! * [`scores`]: scores of projects as whole numbers.
//! * [`division`]: a pool divided by scores, with saturation and cap.
//! * `matching`: what all rules with squared sums of roots have in common.
//! * `matched`: how much of an epoch's money Octant matches with.
//! * `threshold`: Octant's rule before it was quadratic.
//! * `leverage`: what one voter's gifts move to the projects they went to.
//! * `matches`: payouts with the steps that lead to them.
//! * `credits`: what voters may spend, and who spends more.
//! * `flows`: streams of money, from a table or an event log.
//! * `instalments`: rounds whose pool holds the contributions too.
//! * `influence`: the voter who moves most money.

pub mod bounded;
pub mod closeness;
pub mod cluster;
pub mod cluster_match;
pub mod division;
pub mod donation_profile;
pub mod donations;
pub mod dora;
pub mod eligibility;
pub mod funding;
pub mod giveth;
pub mod kernel;
pub mod lists;
pub mod maci;
pub mod octant;
pub mod pairwise;
pub mod proper_quadratic;
pub mod roster;
pub mod scores;
pub mod streaming_quadratic;
pub mod votes;

mod credits;
mod flows;
mod influence;
mod instalments;
mod intake;
mod leverage;
mod matched;
mod matches;
mod matching;
mod reading;
mod threshold;
mod trust;
