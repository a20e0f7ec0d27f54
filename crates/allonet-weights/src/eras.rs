//! Dated snapshots: which one is valid, what carries over, what drifted.
//!
//! An era is a snapshot that holds from a moment on, until the next one begins
//! or it ends. It is named by the [hash](crate::graph::snapshot) of its content,
//! so that a payment can say on what it was based.
//!
//! # Formula
//!
//! Weights of the last era are a prior for the next ([`Prior`]): log-weights
//! move like a random walk, by `τ²` per era, and are combined with fresh ones by
//! precision:
//!
//! ```text
//! prior     z_i ~ N(z_i,prev, se_i² + τ²·eras)
//! posterior z_i = (z_prior/v_prior + z_fresh/v_fresh) / (1/v_prior + 1/v_fresh)
//! ```
//!
//! The drift test is in [`drift`], the fading of evidence with age in
//! [`decay`](fn@decay).
//!
//! # Units and shapes
//!
//! Log-weights are natural logarithms; one entry for each item, in the caller's
//! order. Times are whole seconds.
//!
//! # Known weaknesses
//!
//! * `τ` is a choice. Too small a `τ` keeps yesterday's favourites; simulate, or
//!   estimate it as the spread of past changes beyond their standard errors.
//! * A prior lets a mistake of one era live on in the next, at weight
//!   `v_fresh / (v_prior + v_fresh)`.
//!
//! # Sources
//!
//! The combination is the update of a local-level model (Kalman 1960).
//!
//! # Example
//!
//! ```
//! use allonet_weights::eras::{Era, Eras};
//!
//! let era = |name: &str, from: &str| Era {
//!     name: name.to_owned(),
//!     from: from.parse().expect("a date"),
//!     until: None,
//!     hash: String::new(),
//! };
//! let eras = Eras::new(vec![era("spring", "2026-03-01"), era("autumn", "2026-09-01")])?;
//! assert_eq!(eras.at("2026-08-31".parse()?).map(|era| &*era.name), Some("spring"));
//! assert!(eras.at("2026-01-01".parse()?).is_none());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod decay;
mod prior;

pub mod drift;

use allonet_core::time::Instant;
use thiserror::Error;

pub use decay::decay;
pub use prior::Prior;

/// A snapshot and when it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Era {
    /// What people call it.
    pub name: String,
    /// The first moment at which it holds.
    pub from: Instant,
    /// The first moment at which it holds no longer, if it ends by itself.
    pub until: Option<Instant>,
    /// The hash of its content.
    pub hash: String,
}

/// Eras in the order of time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Eras(Vec<Era>);

/// Why eras make no sequence.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum EraError {
    /// Two begin together, so neither is the later one.
    #[error("`{first}` and `{second}` both begin at {from}; which holds? Move one of them")]
    SameBegin {
        /// The one.
        first: String,
        /// The other.
        second: String,
        /// When.
        from: Instant,
    },
    /// One ends before it begins.
    #[error("`{name}` ends at {until}, but begins at {from} only")]
    NoTime {
        /// Its name.
        name: String,
        /// Its begin.
        from: Instant,
        /// Its end.
        until: Instant,
    },
    /// Two have one name.
    #[error("two eras are called `{name}`; rename one")]
    SameName {
        /// The name.
        name: String,
    },
}

impl Eras {
    /// Puts eras in order. A later one ends an earlier one.
    pub fn new(mut eras: Vec<Era>) -> Result<Self, EraError> {
        eras.sort_by(|left, right| {
            left.from.cmp(&right.from).then_with(|| left.name.cmp(&right.name))
        });
        for era in &eras {
            if let Some(until) = era.until.filter(|until| *until <= era.from) {
                return Err(EraError::NoTime { name: era.name.clone(), from: era.from, until });
            }
        }
        if let Some([first, second]) = eras.windows(2).find(|pair| pair[0].from == pair[1].from) {
            let from = first.from;
            let (first, second) = (first.name.clone(), second.name.clone());
            return Err(EraError::SameBegin { first, second, from });
        }
        let mut names: Vec<&str> = eras.iter().map(|era| &*era.name).collect();
        names.sort_unstable();
        if let Some([name, _]) = names.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(EraError::SameName { name: (*name).to_owned() });
        }
        Ok(Self(eras))
    }

    /// The eras in the order of time.
    pub fn all(&self) -> &[Era] {
        &self.0
    }

    /// The era that holds at a moment: the last that has begun, unless it has
    /// ended.
    pub fn at(&self, moment: Instant) -> Option<&Era> {
        let begun = self.0.partition_point(|era| era.from <= moment);
        let era = self.0[..begun].last()?;
        era.until.is_none_or(|until| moment < until).then_some(era)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn era(name: &str, from: i64, until: Option<i64>) -> Era {
        let (from, until) = (Instant::from_unix(from), until.map(Instant::from_unix));
        Era { name: name.to_owned(), from, until, hash: String::new() }
    }

    #[test]
    fn one_era_holds_at_a_moment_or_none() {
        let eras = vec![era("c", 30, Some(40)), era("a", 10, None), era("b", 20, Some(25))];
        let eras = Eras::new(eras).expect("valid");
        for (moment, name) in [
            (9, None),
            (10, Some("a")),
            (19, Some("a")),
            (20, Some("b")),
            (24, Some("b")),
            // An era that ended does not give way to the one before it.
            (25, None),
            (30, Some("c")),
            (40, None),
        ] {
            let found = eras.at(Instant::from_unix(moment));
            assert_eq!(found.map(|era| &*era.name), name, "{moment}");
        }
        assert_eq!(Eras::default().at(Instant::from_unix(0)), None);
    }

    #[test]
    fn what_is_no_sequence_is_refused() {
        let refused = |eras: Vec<Era>| Eras::new(eras).expect_err("no sequence");
        let same = refused(vec![era("a", 10, None), era("b", 10, None)]);
        assert!(matches!(same, EraError::SameBegin { from, .. } if from.unix() == 10));
        let none = refused(vec![era("a", 10, Some(10))]);
        assert!(matches!(none, EraError::NoTime { .. }));
        let name = refused(vec![era("a", 10, None), era("b", 20, None), era("a", 30, None)]);
        assert_eq!(name, EraError::SameName { name: "a".to_owned() });
    }
}
