//! Topics: the predictions of many, combined into one that beats each of them,
//! and paid for by what each added.
//!
//! In every epoch of a topic *inferers* say what the target will be,
//! *forecasters* say how far off each inferer will be, and *reputers* report
//! how far off they were once the truth is known.
//!
//! 1. [`settings`] are what the creator of a topic fixes; [`layout`] is the
//!    order of all inferences and losses of an epoch; [`memory`] is what a topic
//!    remembers from one epoch to the next.
//! 2. [`synthesis`] makes all inferences of an epoch, by weights from
//!    [`regret`]s through a [`potential`].
//! 3. [`loss`] says how far off they were, [`consensus`] whom to believe in
//!    this; [`scores`], [`fractions`], [`entropy`] and [`division`] who earned
//!    what. [`epoch`] does all that, [`rewards`] puts it into base units.
//! 4. [`life`] is a topic as it goes on, event by event, with [`stake`],
//!    [`sortition`] and [`commitment`]s.
//! 5. [`models`] are workers to begin with, [`feed`] what they may learn from,
//!    [`series`] something to practise on, [`verdict`] whether it was worth it.
//! 6. [`emission`] is how much all topics are paid, [`budget`] which of them is
//!    paid how much of it, [`pricing`] what consumers pay and [`tokenomics`] the
//!    token over years.
//! 7. [`simulate`] is the numerical experiment behind all claims, honest and
//!    adverse.
//!
//! Equation numbers are those of Kruijssen et al. (2024), *Allora: a
//! Self-Improving, Decentralized Machine Intelligence Network*. All losses are
//! base-10 logarithms, and regrets and scores differences of them.
//!
//! Nothing here reads a file, a clock or the network.

mod bounds;
pub mod budget;
pub mod commitment;
pub mod consensus;
pub mod division;
pub mod emission;
pub mod entropy;
pub mod epoch;
pub mod feed;
pub mod fractions;
pub mod kernel;
pub mod layout;
pub mod life;
pub mod loss;
pub mod memory;
pub mod models;
pub mod neurons;
pub mod potential;
pub mod pricing;
pub mod regret;
pub mod rewards;
pub mod scores;
pub mod series;
pub mod settings;
pub mod simulate;
pub mod sortition;
pub mod spread;
pub mod stake;
pub mod synthesis;
pub mod tokenomics;
pub mod verdict;

/// All mechanisms of this crate, by the id of their card.
pub fn catalogue() -> &'static [allonet_core::mechanism::Entry] {
    neurons::catalogue()
}

/// A mechanism of this crate alone, by its id.
///
/// # Panics
///
/// If there is no such mechanism.
pub fn trial_of(mechanism: &str) -> allonet_core::trial::Trial {
    allonet_core::trial::Trial::of(catalogue(), mechanism)
}
