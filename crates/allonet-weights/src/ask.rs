//! Asking jurors well: which pair to show next, when to stop, and how to show a
//! juror what its answers do.
//!
//! # Formula
//!
//! Answers follow Bradley–Terry: `b` is preferred to `a` with probability
//! `p = 1 / (1 + e^{−(z_b − z_a)})`, log weights have the prior `N(0, 1/prior)`.
//! Around the most probable `z` they are taken for normal with covariance
//! `C = (Σ p(1−p)(e_a−e_b)(e_a−e_b)ᵀ + prior·I)⁻¹`. With weights `w = softmax(z)`
//! the error of `ln w` has the covariance `M C Mᵀ`, `M = I − 1wᵀ`, and the
//! expected total-variation error of the weights is
//! `√(2/π) · ½ Σ w_i sd(ln w_i)`. One more answer to `(a, b)` takes
//! `k u uᵀ` off `C`, where `u = C(e_a − e_b)`, `v = u_a − u_b`, `h = p(1−p)` and
//! `k = h / (1 + h v)`. A [`Criterion`] says what that is worth.
//!
//! # Units
//!
//! Log weights in nats; gains of [`Criterion::TotalVariation`] in shares of the
//! whole that are expected to be put right by one answer.
//!
//! # Known weaknesses
//!
//! * All jurors count alike and answer independently; a juror who always
//!   clicks left is believed. How much more is not used to choose questions.
//! * The normal approximation says too little about items nobody has seen:
//!   therefore islands are joined before anything is optimised.
//! * Criteria that look at weights learn little about the order of small items:
//!   if that matters, use [`Criterion::Information`].
//! * In large batches most pairs are second best: ask fewer at a time than a
//!   fifth of the items where you can.
//!
//! # Sources
//!
//! * Bradley, Terry (1952), *Rank analysis of incomplete block designs*.
//! * Pukelsheim (1993), *Optimal design of experiments* (D and A criteria).
//! * Mikhailiuk, Wilmot, Perez-Ortiz, Yue, Mantiuk (2020), *Active sampling for
//!   pairwise comparisons* (batches that keep the graph connected).
//!
//! ```
//! use allonet_weights::ask::{Session, Settings};
//! use allonet_weights::comparisons::Choice;
//!
//! let mut session = Session::new(4, Settings::default()).unwrap();
//! let question = session.next().expect("nobody was asked anything");
//! session.answer(question.left, question.right, Choice::Left);
//! assert!(session.batch(10).len() <= 4, "each item at most twice");
//! ```

mod bucket;
mod contradiction;
mod covariance;
mod evidence;
mod interview;
mod lazy;
mod mode;
mod session;
mod stop;

pub use bucket::Bucket;
pub use contradiction::{Answer, Contradiction, contradictions};
pub use interview::{Given, Input, Interview, Moved, Refused, Step, Summary};
pub use session::{Question, Reason, Session};
pub use stop::{Advice, Stopping};

use thiserror::Error;

/// What makes a question worth asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Criterion {
    /// Information about the order of all items alike: `p(1−p)·v`.
    Information,
    /// The same times the weight of both items: `p(1−p)·v·(w_a + w_b)`.
    WeightedInformation,
    /// The decrease of `Σ w_i² Var(ln w_i)`: large weights first.
    Variance,
    /// The decrease of the expected total-variation error of the weights.
    #[default]
    TotalVariation,
}

impl Criterion {
    /// All, with the names they go by.
    pub const ALL: [(&'static str, Self); 4] = [
        ("information", Self::Information),
        ("weighted-information", Self::WeightedInformation),
        ("variance", Self::Variance),
        ("total-variation", Self::TotalVariation),
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, known)| *known == self).expect("all have a name").0
    }
}

/// How questions are chosen.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// What makes a question worth asking.
    pub criterion: Criterion,
    /// Precision of the prior on log weights, from 0.001 to 1,000.
    pub prior: f64,
    /// Share of questions that ask an answered pair again, sides exchanged;
    /// from 0 to ½.
    pub repeats: f64,
    /// How often an item may stand in one batch, at least once.
    pub most_per_item: usize,
    /// Decides the first questions and all sides.
    pub seed: u64,
}

impl Default for Settings {
    /// Total variation, a prior with standard deviation 1.8, no repeats, each
    /// item at most twice per batch.
    fn default() -> Self {
        Self {
            criterion: Criterion::default(),
            prior: 0.3,
            repeats: 0.0,
            most_per_item: 2,
            seed: 0,
        }
    }
}

/// Why nothing can be asked.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum AskError {
    /// A pair needs two.
    #[error("comparing takes two items, these are {found}")]
    TooFew {
        /// How many there are.
        found: usize,
    },
    /// A setting is out of bounds.
    #[error("`{name}` is {found}, allowed are {min} to {max}")]
    Setting {
        /// Which.
        name: &'static str,
        /// Its value.
        found: f64,
        /// The smallest allowed.
        min: f64,
        /// The largest allowed.
        max: f64,
    },
}

impl Settings {
    fn check(&self, items: usize) -> Result<(), AskError> {
        if items < 2 {
            return Err(AskError::TooFew { found: items });
        }
        let bounded = |name, found: f64, min: f64, max: f64| {
            let within = (min..=max).contains(&found);
            if within { Ok(()) } else { Err(AskError::Setting { name, found, min, max }) }
        };
        bounded("prior", self.prior, 1e-3, 1e3)?;
        bounded("repeats", self.repeats, 0.0, 0.5)?;
        bounded("most_per_item", self.most_per_item as f64, 1.0, 1e6)
    }
}
