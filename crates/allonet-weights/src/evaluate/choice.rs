//! What choosing a rule costs.
//!
//! # Formula
//!
//! For each part kept back, candidates are compared on the *rest alone*, which
//! is itself divided into parts; the best is fitted to the rest and scored on
//! the part.
//!
//! ```text
//! cost of the choice = score of what was chosen, part by part
//!                    − score of the candidate that was best in the end
//! ```
//!
//! in the direction in which larger is worse. It can be below zero: choosing
//! anew for each part may do better than any single candidate.
//!
//! # Known weaknesses
//!
//! * With few jurors the choice follows noise; see how often each candidate was
//!   chosen.
//!
//! # Sources
//!
//! * Stone (1974); Cawley, Talbot (2010), *On over-fitting in model selection*.

use super::holdout::{Fold, Holdout};
use super::metrics::Metric;
use super::pairs::Sums;
use super::trial::{Clusters, Method, Trial, TrialError};
use crate::comparisons::Comparisons;

/// How a rule did that was chosen without seeing what it was scored on.
#[derive(Debug, Clone, PartialEq)]
pub struct Choice {
    /// For each part, the place of the candidate chosen.
    pub chosen: Vec<usize>,
    /// What the answers of each juror add up to under what was chosen.
    pub sums: Vec<Sums>,
    /// Score of what was chosen; none where it does not exist.
    pub score: Option<f64>,
    /// Score of each candidate alone; none where it gave no weights.
    pub scores: Vec<Option<f64>>,
    /// Place of the candidate that was best in the end.
    pub best: Option<usize>,
    /// How much worse the chosen did than that one.
    pub cost: Option<f64>,
}

/// How to choose.
#[derive(Debug, Clone, Copy)]
pub struct Choosing<'a> {
    /// The score of answers to choose by.
    pub metric: &'a Metric,
    /// How to divide the rest again.
    pub within: Holdout,
    /// What determines that division.
    pub seed: u64,
    /// See [`super::pairs`].
    pub floor: f64,
}

/// Chooses among candidates for each part.
///
/// A candidate that gives no weights for some division is not chosen there.
/// Fails where none gives any.
///
/// # Panics
///
/// If there is no candidate.
pub fn choose(
    comparisons: &Comparisons,
    candidates: &[Method],
    folds: &[Fold],
    choosing: &Choosing<'_>,
) -> Result<Choice, TrialError> {
    let clusters = Clusters::by_juror(comparisons);
    let score = |sums: &[Sums]| choosing.metric.of_pairs(&Sums::total(sums));
    let scores = candidates.iter().map(|candidate| {
        let trial = Trial::run(candidate, comparisons, folds).ok()?;
        score(&trial.sums(comparisons, &clusters, choosing.floor, None))
    });
    let scores: Vec<Option<f64>> = scores.collect();
    let mut sums = vec![Sums::default(); clusters.len()];
    let mut chosen = Vec::with_capacity(folds.len());
    for fold in folds {
        let place = best_within(&comparisons.take(&fold.train), candidates, choosing)?;
        let trial = Trial::run(&candidates[place], comparisons, std::slice::from_ref(fold))?;
        let judged = trial.sums(comparisons, &clusters, choosing.floor, None);
        sums.iter_mut().zip(&judged).for_each(|(sum, more)| sum.add(more, 1.0));
        chosen.push(place);
    }
    let best = best_of(choosing.metric, &scores);
    let found = score(&sums);
    let cost = best.and_then(|best| Some(choosing.metric.loss(found?, scores[best]?)));
    Ok(Choice { chosen, sums, score: found, scores, best, cost })
}

/// The candidate that does best on the training answers divided again.
fn best_within(
    train: &Comparisons,
    candidates: &[Method],
    choosing: &Choosing<'_>,
) -> Result<usize, TrialError> {
    let folds = choosing.within.folds(train, choosing.seed);
    let folds = folds.or_else(|_| Holdout::usual(train).folds(train, choosing.seed));
    let clusters = Clusters::by_juror(train);
    let mut first_error = None;
    let mut scores = Vec::with_capacity(candidates.len());
    for candidate in candidates {
        let trial = match &folds {
            Ok(folds) => Trial::run(candidate, train, folds),
            // One pair of one juror cannot be divided: all are as good.
            Err(_) => candidate
                .weights(train)
                .map(|found| Trial::given(&candidate.name, &found[0], train)),
        };
        scores.push(match trial {
            Ok(trial) => {
                let sums = trial.sums(train, &clusters, choosing.floor, None);
                choosing.metric.of_pairs(&Sums::total(&sums))
            }
            Err(error) => {
                first_error.get_or_insert(error);
                None
            }
        });
    }
    match (best_of(choosing.metric, &scores), first_error) {
        (Some(best), _) => Ok(best),
        (None, Some(error)) => Err(error),
        // No candidate has a score: the first stands for all.
        (None, None) => Ok(0),
    }
}

/// The first of the best.
fn best_of(metric: &Metric, scores: &[Option<f64>]) -> Option<usize> {
    let scored = scores.iter().enumerate().filter_map(|(at, score)| Some((at, (*score)?)));
    scored
        .reduce(|best, next| if metric.loss(next.1, best.1) < 0.0 { next } else { best })
        .map(|best| best.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::metrics::metric;
    use crate::evaluate::trial::Source;
    use crate::synthetic::Jury;

    #[test]
    fn the_planted_candidate_is_chosen_and_costs_nothing() {
        let mut drawn = Jury { items: 12, jurors: 10, noise: 0.5, ..Jury::default() }.draw(2);
        let comparisons = drawn.comparisons(400);
        let given = |name: &str, scale: f64| Method {
            name: name.into(),
            source: Source::Given(crate::estimate::softmax(
                &drawn.truth.iter().map(|z| scale * z).collect::<Vec<_>>(),
            )),
        };
        let candidates = [given("inverted", -1.0), given("truth", 1.0), given("flat", 0.0)];
        let folds = Holdout::Jurors(5).folds(&comparisons, 3).unwrap();
        let metric = metric("brier").unwrap();
        let choosing = Choosing { metric, within: Holdout::Jurors(4), seed: 1, floor: 1e-9 };
        let choice = choose(&comparisons, &candidates, &folds, &choosing).unwrap();
        assert_eq!(choice.chosen, [1; 5]);
        assert_eq!(choice.best, Some(1));
        assert!(choice.cost.unwrap().abs() < 1e-12);
        let scores: Vec<f64> = choice.scores.iter().map(|score| score.unwrap()).collect();
        assert!(scores[1] < scores[2] && scores[2] < scores[0]);
    }

    #[test]
    fn the_choice_does_not_see_what_it_is_scored_on() {
        // Ann's and Ben's answers contradict each other: the candidate that suits
        // the one who is seen is wrong about the other, every time.
        use crate::comparisons::{Builder, Choice as Side};
        let mut builder = Builder::default();
        let (ann, ben) = (builder.juror("ann"), builder.juror("ben"));
        let (x, y) = (builder.item("x"), builder.item("y"));
        for _ in 0..3 {
            builder.push(ann, (x, y), Side::Left, None);
            builder.push(ben, (x, y), Side::Right, None);
        }
        let comparisons = builder.finish();
        let given = |weights: [f64; 2]| Method {
            name: "g".into(),
            source: Source::Given(weights.to_vec()),
        };
        let candidates = [given([3.0, 1.0]), given([1.0, 3.0])];
        let folds = Holdout::Jurors(2).folds(&comparisons, 3).unwrap();
        let metric = metric("accuracy").unwrap();
        let choosing = Choosing { metric, within: Holdout::Jurors(2), seed: 1, floor: 1e-9 };
        let choice = choose(&comparisons, &candidates, &folds, &choosing).unwrap();
        assert_eq!(choice.score, Some(0.0));
        assert_eq!(choice.cost, Some(0.5));
    }
}
