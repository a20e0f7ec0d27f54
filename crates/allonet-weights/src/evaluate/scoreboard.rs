//! All methods, all scores, and which differences are real.
//!
//! # Formula
//!
//! Every method is tried on the parts kept back ([`super::trial`]). Scores of
//! answers are over all of them; scores of weights compare what a method gives
//! after having seen everything with a reference (given, or least squares).
//! Differences are taken on answers on pairs that both methods cover, their
//! p values are Holm's over all methods.
//!
//! # Known weaknesses
//!
//! * The best method is found on the answers that then say how much better it
//!   is: it looks a little better than it is. Register the comparison
//!   beforehand, see [`super::hypotheses`].

use allonet_core::maths;

use super::bootstrap::{Difference, Resampling, difference, least_squares};
use super::holdout::Fold;
use super::metrics::{Metric, metrics};
use super::pairs::Sums;
use super::trial::{Clusters, Method, Trial, TrialError};
use crate::comparisons::Comparisons;
use crate::statistics::holm;

/// What to compute.
#[derive(Debug, Clone)]
pub struct Options<'a> {
    /// The score of answers that ranks.
    pub metric: &'a Metric,
    /// The parts kept back.
    pub folds: &'a [Fold],
    /// How differences are judged.
    pub resampling: Resampling,
    /// See [`super::pairs`].
    pub floor: f64,
    /// Weights that scores of weights compare with; least squares if none.
    pub reference: Option<Vec<f64>>,
    /// A share of one item above this is an alert.
    pub bound: f64,
}

/// All methods.
#[derive(Debug, Clone)]
pub struct Scoreboard<'a> {
    /// Those that gave weights, in the order given.
    pub lines: Vec<Line>,
    /// Those that gave none.
    pub failed: Vec<TrialError>,
    /// Place of the best line by the score that ranks.
    pub best: Option<usize>,
    /// Who judges.
    pub clusters: Clusters,
    comparisons: &'a Comparisons,
    floor: f64,
}

/// One method.
#[derive(Debug, Clone)]
pub struct Line {
    /// Its name.
    pub name: String,
    /// Scores in the order of [`metrics`].
    pub scores: Vec<Option<f64>>,
    /// All answers together.
    pub total: Sums,
    /// What the answers of each juror add up to.
    pub sums: Vec<Sums>,
    /// Weights after all answers were seen; a mean where the method draws.
    pub weights: Vec<f64>,
    /// Beside the best, with Holm's p; none for the best itself.
    pub beside_best: Option<Difference>,
    /// Beside an equal split, with Holm's p; none for that itself.
    pub beside_equal: Option<Difference>,
    /// What somebody should look at.
    pub alerts: Vec<String>,
    trial: Trial,
}

impl<'a> Scoreboard<'a> {
    /// Tries all methods. The one named `equal` is the split that others are
    /// held beside.
    ///
    /// # Panics
    ///
    /// If the floor is not between zero and a half.
    pub fn new(comparisons: &'a Comparisons, methods: &[Method], options: &Options<'_>) -> Self {
        let clusters = Clusters::usual(comparisons);
        let reference = options.reference.clone().or_else(|| least_squares(comparisons));
        let mut board = Self {
            lines: Vec::new(),
            failed: Vec::new(),
            best: None,
            clusters,
            comparisons,
            floor: options.floor,
        };
        for method in methods {
            match board.line(method, reference.as_deref(), options) {
                Ok(line) => board.lines.push(line),
                Err(error) => board.failed.push(error),
            }
        }
        let metric = options.metric;
        let scored = board.lines.iter().enumerate();
        let scored = scored.filter_map(|(at, line)| Some((at, metric.of_pairs(&line.total)?)));
        board.best = scored
            .reduce(|best, next| if metric.loss(next.1, best.1) < 0.0 { next } else { best })
            .map(|best| best.0);
        let equal = board.place("equal");
        let beside_best = board.beside(board.best, options);
        let beside_equal = board.beside(equal, options);
        for (line, (best, equal)) in
            board.lines.iter_mut().zip(beside_best.into_iter().zip(beside_equal))
        {
            (line.beside_best, line.beside_equal) = (best, equal);
        }
        board
    }

    /// Place of a method that gave weights.
    pub fn place(&self, name: &str) -> Option<usize> {
        self.lines.iter().position(|line| line.name == name)
    }

    /// Score of one line less that of another, on answers that both cover.
    pub fn difference(
        &self,
        one: usize,
        other: usize,
        metric: &Metric,
        resampling: &Resampling,
    ) -> Option<Difference> {
        let (one, other) = (&self.lines[one].trial, &self.lines[other].trial);
        let common = one.common(other, self.comparisons);
        let sums =
            |trial: &Trial| trial.sums(self.comparisons, &self.clusters, self.floor, Some(&common));
        difference(metric, &sums(one), &sums(other), resampling)
    }

    fn line(
        &self,
        method: &Method,
        reference: Option<&[f64]>,
        options: &Options<'_>,
    ) -> Result<Line, TrialError> {
        let trial = Trial::run(method, self.comparisons, options.folds)?;
        let vectors = method.weights(self.comparisons)?;
        let sums = trial.sums(self.comparisons, &self.clusters, options.floor, None);
        let total = Sums::total(&sums);
        let of_weights = |metric: &Metric| {
            let reference = reference?;
            let scores: Option<Vec<f64>> =
                vectors.iter().map(|weights| metric.of_weights(weights, reference)).collect();
            scores.map(|scores| maths::sum(scores.iter().copied()) / scores.len() as f64)
        };
        let score = |metric: &Metric| {
            if metric.is_of_pairs() { metric.of_pairs(&total) } else { of_weights(metric) }
        };
        let weights = mean(&vectors);
        let alerts = alerts(&weights, self.comparisons.items(), &total, options.bound);
        Ok(Line {
            name: method.name.clone(),
            scores: metrics().iter().map(score).collect(),
            total,
            sums,
            weights,
            beside_best: None,
            beside_equal: None,
            alerts,
            trial,
        })
    }

    /// Each line beside one of them.
    fn beside(&self, beside: Option<usize>, options: &Options<'_>) -> Vec<Option<Difference>> {
        let against = |at: usize| {
            let other = beside.filter(|other| *other != at)?;
            self.difference(at, other, options.metric, &options.resampling)
        };
        let mut found: Vec<Option<Difference>> = (0..self.lines.len()).map(against).collect();
        let tested: Vec<usize> = (0..found.len())
            .filter(|at| found[*at].is_some_and(|found| found.p.is_some()))
            .collect();
        let p: Vec<f64> =
            tested.iter().filter_map(|at| found[*at].and_then(|found| found.p)).collect();
        for (at, adjusted) in tested.into_iter().zip(holm(&p)) {
            if let Some(difference) = &mut found[at] {
                difference.p = Some(adjusted);
            }
        }
        found
    }
}

/// The mean of weight vectors, as shares.
fn mean(vectors: &[Vec<f64>]) -> Vec<f64> {
    let items = vectors.first().map_or(0, Vec::len);
    let mut mean = vec![0.0; items];
    for vector in vectors {
        // Weights that give nothing to anybody have no shares.
        let sum = maths::sum(vector.iter().copied()).max(f64::MIN_POSITIVE);
        mean.iter_mut().zip(vector).for_each(|(mean, weight)| *mean += weight / sum);
    }
    mean.into_iter().map(|value| value / vectors.len() as f64).collect()
}

/// What somebody should look at before money follows these weights.
fn alerts(weights: &[f64], items: &[String], total: &Sums, bound: f64) -> Vec<String> {
    let mut alerts: Vec<String> = weights
        .iter()
        .zip(items)
        .filter(|(weight, _)| **weight > bound)
        .map(|(weight, item)| {
            format!("`{item}` gets {:.1} %, above {:.1} %", 100.0 * weight, 100.0 * bound)
        })
        .collect();
    let nothing = weights.iter().filter(|weight| **weight <= 0.0).count();
    if nothing > 0 {
        alerts.push(format!("{nothing} of {} items get nothing", items.len()));
    }
    if total.covered < total.rows - 0.5 {
        let missed = total.rows - total.covered;
        alerts.push(format!("{missed:.0} answers are on pairs that both get nothing"));
    }
    if total.floored > 0.5 {
        alerts.push(format!(
            "{:.0} answers met the floor: one of the two items gets next to nothing",
            total.floored
        ));
    }
    alerts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimate::softmax;
    use crate::evaluate::baselines::baselines;
    use crate::evaluate::holdout::Holdout;
    use crate::evaluate::metrics::metric;
    use crate::evaluate::trial::Source;
    use crate::synthetic::Jury;

    #[test]
    fn the_truth_is_best_and_equal_is_really_worse() {
        let mut drawn = Jury { items: 12, jurors: 20, noise: 1.0, ..Jury::default() }.draw(3);
        let comparisons = drawn.comparisons(600);
        let given = |name: &str, weights: Vec<f64>| Method {
            name: name.into(),
            source: Source::Given(weights),
        };
        let mut methods = baselines(12, 1);
        methods.push(given("truth", softmax(&drawn.truth)));
        let mut one = vec![0.0; 12];
        one[0] = 1.0;
        methods.push(given("all-to-one", one));
        let folds = Holdout::Jurors(5).folds(&comparisons, 1).unwrap();
        let options = Options {
            metric: metric("brier").unwrap(),
            folds: &folds,
            resampling: Resampling { replicates: 400, ..Resampling::default() },
            floor: 1e-9,
            reference: None,
            bound: 0.5,
        };
        let board = Scoreboard::new(&comparisons, &methods, &options);
        assert_eq!(board.best, board.place("truth"));
        let truth = &board.lines[board.place("truth").unwrap()];
        let equal = truth.beside_equal.unwrap();
        assert!(equal.interval.unwrap().high < 0.0 && equal.p.unwrap() < 0.05);
        assert!(truth.alerts.is_empty() && truth.beside_best.is_none());
        let one = &board.lines[board.place("all-to-one").unwrap()];
        assert_eq!(one.alerts.len(), 4, "{:?}", one.alerts);
        let drift = metrics().iter().position(|metric| metric.id == "drift").unwrap();
        let fitted = &board.lines[board.place("least-squares").unwrap()];
        assert!(fitted.scores[drift].unwrap() < 1e-12);
        assert!(board.failed.is_empty());
    }
}
