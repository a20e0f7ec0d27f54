//! Are the weights any good? Scores against what jurors said, baselines,
//! honest intervals, and what follows from them for a decision.
//!
//! 1. [`metrics`] is the registry of scores; [`pairs`] measures weights
//!    against comparisons, [`ranks`] against other weights.
//! 2. [`given`] reads weights from a table; [`baselines`] are what every method must beat.
//! 3. [`holdout`] keeps answers back, so that a rule is scored on answers it
//!    has not seen; [`trial`] is a method with its scores there; [`choice`]
//!    says what choosing a rule costs; [`select`] finds the few pairs that
//!    tell methods apart.
//! 4. [`bootstrap`] says which differences are real.
//!    [`scoreboard`] puts all of this together.
//! 5. [`jurors`] says which method is nearest to each juror, and which jurors
//!    are right.
//! 6. [`hypotheses`] holds a claim made beforehand against the result.
//! 7. [`ladder`] is a leaderboard that cannot be climbed by guessing.
//! 8. [`elicit`] finds out which score a person means.
//!
//! ```
//! use allonet_core::fault::SourceFile;
//! use allonet_weights::comparisons::{Comparisons, Reading};
//! use allonet_weights::evaluate::metrics::metric;
//! use allonet_weights::evaluate::pairs::{DEFAULT_FLOOR, sums};
//!
//! let table = "a,b,winner,multiplier\nx,y,x,3\n";
//! let file = SourceFile::new("duels.csv", table);
//! let comparisons = Comparisons::read(&file, &Reading::default()).unwrap();
//! // The juror gives y a quarter of the pair; these weights give it a half.
//! let judged = sums(&comparisons, &[0.5, 0.5], DEFAULT_FLOOR);
//! let brier = metric("brier").unwrap().of_pairs(&judged).unwrap();
//! assert!((brier - 0.0625).abs() < 1e-15);
//! ```

pub mod baselines;
pub mod bootstrap;
pub mod choice;
pub mod elicit;
pub mod given;
pub mod holdout;
pub mod hypotheses;
pub mod jurors;
pub mod ladder;
pub mod metrics;
pub mod pairs;
pub mod ranks;
pub mod scoreboard;
pub mod select;
pub mod trial;
