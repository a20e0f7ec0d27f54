//! Quadratic funding: a matching pool divided by the breadth of support.
//!
//! Mechanisms, by the id of their card:
//!
//! * [`cluster_match`]: who gives to the same projects counts together.
//! * [`donation_profile`]: who gives to the same set of projects is one donor.
//! * [`dora`]: votes that cost more the more one casts.
//! * [`giveth`]: donors and projects left out for stated reasons.
//! * [`maci`]: a tally that hides who voted for whom, exact as its contract.
//! * [`octant`]: an epoch, with quotients for voters.
//! * [`pairwise`]: what two donors move together is bounded.
//! * [`proper_quadratic`]: contributions come back, exact as its contract.
//! * [`funding`]: `quadratic`, the rule itself.
//! * [`streaming_quadratic`]: open streams of money, exact as its contract.
//!
//! From settings and tables to votes that count:
//!
//! * `reading`: the settings that rules share, and votes as far as they count.
//! * `round`: such votes for rules that count in floats.
//! * [`votes`]: votes from a table, as columns of numbers.
//! * [`eligibility`]: which votes count, and how much of them.
//! * [`lists`], [`roster`]: who is on a list, and the projects that may be paid.
//! * `trust`: how far each voter is trusted, from a signal.
//! * `credits`: what voters may spend, and who spends more.
//! * `flows`: streams of money, from a table or an event log.
//!
//! Scores:
//!
//! * [`kernel`]: sums of roots from columns, exact and in floats.
//! * [`scores`]: scores of projects as whole numbers.
//! * [`donations`]: donations in floats, by donor and by project.
//! * [`bounded`]: scores of `pairwise`.
//! * [`cluster`], [`closeness`]: scores of `cluster-match`, and how close donors
//!   are.
//!
//! Money:
//!
//! * `matching`, `matches`: what rules with squared sums of roots share, and the
//!   steps of their payouts.
//! * [`division`]: a pool divided by scores, with saturation and cap.
//! * `instalments`: rounds whose pool holds the contributions too.
//! * `influence`, `leverage`: the voter who moves most, and what one voter moves.
//! * `matched`, `threshold`: how much Octant matches, and its earlier rule.

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
mod leverage;
mod matched;
mod matches;
mod matching;
mod reading;
mod round;
mod threshold;
mod trust;
