//! A method, and how it does on answers it has not seen.
//!
//! # Formula
//!
//! For each part kept back a rule is fitted to the rest and scored on the part;
//! sums over parts are sums over all answers. Weights that are given are the
//! same for every part.
//!
//! # Known weaknesses
//!
//! * Given weights may have been made with these very answers; nothing here can
//!   tell.

use std::collections::BTreeMap;

use allonet_core::fault::Fault;
use rayon::prelude::*;
use thiserror::Error;

use super::baselines;
use super::holdout::Fold;
use super::pairs::{Judge, Sums, covered};
use crate::comparisons::Comparisons;
use crate::random::Random;
use crate::rules::{self, FitError, Parameters};

/// A way to come by weights.
#[derive(Debug, Clone, PartialEq)]
pub struct Method {
    /// Its name in tables.
    pub name: String,
    /// Where the weights come from.
    pub source: Source,
}

/// Where weights come from.
#[derive(Debug, Clone, PartialEq)]
pub enum Source {
    /// They are given, one for each item, of any scale.
    Given(Vec<f64>),
    /// A rule makes them of the answers it may see.
    Rule {
        /// The rule.
        id: String,
        /// What it is told.
        parameters: Parameters,
    },
    /// They are drawn; scores are means over the draws.
    Random {
        /// How many items there are.
        items: usize,
        /// How many vectors.
        draws: u32,
        /// What determines them.
        seed: u64,
    },
}

/// A method that gave no weights.
#[derive(Debug, Clone, PartialEq, Error)]
#[error("`{method}` gives no weights: {reason}")]
pub struct TrialError {
    /// The method.
    pub method: String,
    /// Why.
    pub reason: FitError,
}

impl From<TrialError> for Fault {
    fn from(error: TrialError) -> Self {
        let message = error.to_string();
        let mut fault = Self::from(error.reason);
        fault.message = message;
        fault
    }
}

impl Method {
    /// The weights it gives after having seen these answers: equally likely
    /// vectors, one unless the method draws.
    pub fn weights(&self, seen: &Comparisons) -> Result<Vec<Vec<f64>>, TrialError> {
        match &self.source {
            Source::Given(weights) => Ok(vec![weights.clone()]),
            Source::Rule { id, parameters } => {
                let failed = |reason| TrialError { method: self.name.clone(), reason };
                let estimate = rules::fit(id, seen, parameters).map_err(failed)?;
                Ok(vec![estimate.weights()])
            }
            Source::Random { items, draws, seed } => Ok((0..u64::from(*draws))
                .map(|draw| baselines::random(*items, &mut Random::part(*seed, draw)))
                .collect()),
        }
    }

    /// Whether it learns from the answers it is scored against.
    pub fn learns(&self) -> bool {
        matches!(self.source, Source::Rule { .. })
    }
}

/// Answers that belong together: those of a juror or on a pair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clusters {
    /// For each row, which cluster it is in.
    pub of_row: Vec<usize>,
    /// Names, in order.
    pub names: Vec<String>,
}

impl Clusters {
    /// Those of each juror who answered.
    pub fn by_juror(comparisons: &Comparisons) -> Self {
        let rows = comparisons.rows();
        Self::of(rows.map(|row| row.juror), |juror| comparisons.jurors()[*juror as usize].clone())
    }

    /// Those on each pair of items.
    pub fn by_pair(comparisons: &Comparisons) -> Self {
        let name = |item: u32| &comparisons.items()[item as usize];
        Self::of(comparisons.rows().map(|row| row.pair()), |pair| {
            format!("{} / {}", name(pair.0), name(pair.1))
        })
    }

    /// By juror, or by pair where fewer than two jurors answered.
    pub fn usual(comparisons: &Comparisons) -> Self {
        let jurors = Self::by_juror(comparisons);
        if jurors.names.len() > 1 { jurors } else { Self::by_pair(comparisons) }
    }

    fn of<K: Ord>(keys: impl Iterator<Item = K> + Clone, name: impl Fn(&K) -> String) -> Self {
        let mut places: BTreeMap<K, usize> = keys.clone().map(|key| (key, 0)).collect();
        places.values_mut().enumerate().for_each(|(at, place)| *place = at);
        Self {
            of_row: keys.map(|key| places[&key]).collect(),
            names: places.keys().map(name).collect(),
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }
}

/// A method's weights for each part kept back.
#[derive(Debug, Clone, PartialEq)]
pub struct Trial {
    /// The method's name.
    pub name: String,
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq)]
struct Part {
    test: Vec<usize>,
    weights: Vec<Vec<f64>>,
}

impl Trial {
    /// Fits on what may be seen of each part.
    pub fn run(
        method: &Method,
        comparisons: &Comparisons,
        folds: &[Fold],
    ) -> Result<Self, TrialError> {
        let part = |fold: &Fold| {
            let weights = method.weights(&comparisons.take(&fold.train))?;
            Ok(Part { test: fold.test.clone(), weights })
        };
        let parts: Result<Vec<Part>, TrialError> = folds.par_iter().map(part).collect();
        Ok(Self { name: method.name.clone(), parts: parts? })
    }

    /// Weights that have seen nothing, on all answers.
    pub fn given(name: &str, weights: &[f64], comparisons: &Comparisons) -> Self {
        let test = (0..comparisons.len()).collect();
        let parts = vec![Part { test, weights: vec![weights.to_vec()] }];
        Self { name: name.to_owned(), parts }
    }

    /// What the answers of each cluster add up to; only rows that are marked,
    /// where `only` is given.
    ///
    /// # Panics
    ///
    /// If the floor is not between zero and a half.
    pub fn sums(
        &self,
        comparisons: &Comparisons,
        clusters: &Clusters,
        floor: f64,
        only: Option<&[bool]>,
    ) -> Vec<Sums> {
        let judge = Judge::new(floor);
        let mut sums = vec![Sums::default(); clusters.len()];
        for part in &self.parts {
            let share = 1.0 / part.weights.len() as f64;
            let rows = part.test.iter().filter(|at| only.is_none_or(|only| only[**at]));
            for at in rows {
                let (row, sum) = (comparisons.row(*at), &mut sums[clusters.of_row[*at]]);
                part.weights.iter().for_each(|weights| sum.add(&judge.row(&row, weights), share));
            }
        }
        sums
    }

    /// For each row, whether all of the method's vectors give its pair
    /// something; false for rows that are in no part.
    pub fn covers(&self, comparisons: &Comparisons) -> Vec<bool> {
        let mut covers = vec![false; comparisons.len()];
        for part in &self.parts {
            for at in &part.test {
                let row = comparisons.row(*at);
                covers[*at] = part.weights.iter().all(|weights| covered(&row, weights));
            }
        }
        covers
    }

    /// Rows that both methods cover.
    pub fn common(&self, other: &Self, comparisons: &Comparisons) -> Vec<bool> {
        let (one, two) = (self.covers(comparisons), other.covers(comparisons));
        one.into_iter().zip(two).map(|(one, two)| one && two).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::comparisons::{Builder, Choice};
    use crate::evaluate::holdout::Holdout;
    use crate::evaluate::pairs;
    use crate::synthetic::Jury;

    #[test]
    fn given_weights_score_the_same_over_all_parts() {
        let drawn = &mut Jury { items: 9, jurors: 6, noise: 1.0, ..Jury::default() }.draw(4);
        let comparisons = drawn.comparisons(80);
        let weights: Vec<f64> = (1..=9).map(f64::from).collect();
        let folds = Holdout::Jurors(3).folds(&comparisons, 1).unwrap();
        let method = Method { name: "g".into(), source: Source::Given(weights.clone()) };
        let trial = Trial::run(&method, &comparisons, &folds).unwrap();
        let clusters = Clusters::by_juror(&comparisons);
        let sums = trial.sums(&comparisons, &clusters, 1e-9, None);
        let whole = pairs::sums(&comparisons, &weights, 1e-9);
        let total = Sums::total(&sums);
        assert!(
            (total.brier - whole.brier).abs() < 1e-12 && (total.rows - whole.rows).abs() < 1e-12
        );
        let other = Trial::given("g", &weights, &comparisons);
        assert_eq!(other.sums(&comparisons, &clusters, 1e-9, None).len(), 6);
    }

    #[test]
    fn a_rule_does_not_see_what_it_is_scored_on() {
        // Two jurors who contradict each other: whoever is seen, the other is missed.
        let mut builder = Builder::default();
        let (ann, ben) = (builder.juror("ann"), builder.juror("ben"));
        let (x, y) = (builder.item("x"), builder.item("y"));
        builder.push(ann, (x, y), Choice::Left, Some(2.0));
        builder.push(ben, (x, y), Choice::Right, Some(2.0));
        let comparisons = builder.finish();
        let folds = Holdout::Jurors(2).folds(&comparisons, 5).unwrap();
        let method = &baselines::baselines(2, 1)[2];
        let trial = Trial::run(method, &comparisons, &folds).unwrap();
        let clusters = Clusters::by_juror(&comparisons);
        let total = Sums::total(&trial.sums(&comparisons, &clusters, 1e-9, None));
        assert!(total.agreed == 0.0 && (total.squared_log_ratio - 32.0).abs() < 1e-9);
    }
}
