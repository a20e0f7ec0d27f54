//! Within which bounds the weights lie: by resampling jurors, and by formula.
//!
//! # Formula
//!
//! *Bootstrap over jurors.* A replicate draws as many jurors as there are, with
//! replacement, takes all answers of each, and fits again; answers of one
//! person are not independent, so persons are drawn, not rows. From the
//! replicates of a weight:
//!
//! * percentile (the default): their `α/2` and `1 − α/2` quantiles. It stays
//!   within 0 and 1 and does not care whether weights or their logarithms are
//!   looked at;
//! * basic: `2ẑ − q` of the log weights, turned back;
//! * BCa: percentiles shifted by the bias `z₀ = Φ⁻¹(share below ŵ)` and the
//!   acceleration from leaving out each juror.
//!
//! *Analytic.* `C = H⁻¹` (least squares: times the residual variance), or with
//! the jurors as clusters `C = H⁻¹ (Σ_k g_k g_kᵀ · K/(K−1)) H⁻¹`, `g_k` the
//! pull of all answers of juror `k`. The interval of a weight is taken on its
//! log odds: `sd = sqrt((e_i − w)ᵀC(e_i − w)) / (1 − w_i)`.
//!
//! # Shapes
//!
//! One interval for each item, in their order.
//!
//! # Known weaknesses
//!
//! * Few jurors: with five, the bootstrap has few distinct replicates and its
//!   intervals are too short.
//! * A replicate may leave items without a comparison to the rest. Where the
//!   rule still gives an answer (a prior, a ridge, or the convention of least
//!   squares that each island's mean is zero) it is used and counted in
//!   `apart`; where the rule refuses, the replicate is dropped and counted in
//!   `refused`. Many of either means the bounds are those of the convention.
//! * Least squares with hardly more answers than items leaves hardly any
//!   residual, and analytic bounds that are too narrow.
//! * Draws go by the place of jurors: other names, another (equally good) draw.
//!
//! # Sources
//!
//! * Efron and Tibshirani (1993), *An Introduction to the Bootstrap*, 13–14.
//! * Liang and Zeger (1986), *Longitudinal data analysis using generalized
//!   linear models* (the clustered covariance).

use rayon::prelude::*;
use thiserror::Error;

use allonet_core::maths::{self, normal_cdf};

use super::islands::Islands;
use super::model::Model;
use super::problem::Problem;
use crate::comparisons::Comparisons;
use crate::estimate::{Estimate, softmax};
use crate::linear::Symmetric;
use crate::random::Random;
use crate::rules::{self, FitError, Parameters};
use crate::statistics::{normal_quantile, quantile};

/// What makes weights.
#[derive(Debug, Clone, PartialEq)]
pub enum Estimator {
    /// A model of this module.
    Model(Model),
    /// A rule of the catalogue, by its id.
    Rule(String, Parameters),
}

impl Estimator {
    /// Makes weights.
    ///
    /// Errors: those of the rule.
    pub fn fit(&self, comparisons: &Comparisons) -> Result<Estimate, FitError> {
        match self {
            Self::Model(model) => model.fit(comparisons),
            Self::Rule(id, parameters) => rules::fit(id, comparisons, parameters),
        }
    }
}

/// How bounds are read off the replicates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Method {
    /// Their quantiles.
    #[default]
    Percentile,
    /// Mirrored quantiles of log weights.
    Basic,
    /// Quantiles corrected for bias and acceleration.
    Bca,
}

/// Bounds of a weight.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// Below.
    pub low: f64,
    /// Above.
    pub high: f64,
}

/// The weights as they come out of other juries like this one.
#[derive(Debug, Clone, PartialEq)]
pub struct Replicates {
    /// Of the comparisons as they are.
    pub estimate: Estimate,
    /// Log weights of each replicate that gave any.
    pub log_weights: Vec<Vec<f64>>,
    /// Log weights without each juror who has answers, where there are any;
    /// for BCa.
    pub jackknife: Vec<Vec<f64>>,
    /// Replicates (also counted in `log_weights`, unless refused) in which
    /// items lost connection.
    pub apart: usize,
    /// Replicates that the rule refused.
    pub refused: usize,
}

/// Why there are no intervals.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum IntervalError {
    /// The comparisons as they are give no weights.
    #[error(transparent)]
    Fit(#[from] FitError),
    /// Drawing jurors needs two.
    #[error(
        "only {0} juror has answers: drawing jurors again shows nothing; take the analytic interval"
    )]
    OneJuror(usize),
    /// Most replicates were refused.
    #[error("the rule refused {refused} of {replicates} replicates; give it a prior")]
    Refused {
        /// How many.
        refused: usize,
        /// Of how many.
        replicates: usize,
    },
}

/// Draws juries and fits each, on all threads; the result does not depend on
/// how many there are.
///
/// Errors: the fit of all comparisons; fewer than two jurors with answers; the
/// rule refuses more than half of the replicates.
pub fn bootstrap(
    comparisons: &Comparisons,
    estimator: &Estimator,
    replicates: usize,
    seed: u64,
) -> Result<Replicates, IntervalError> {
    let estimate = estimator.fit(comparisons)?;
    let mut jurors = comparisons.rows_by_juror();
    jurors.retain(|rows| !rows.is_empty());
    if jurors.len() < 2 {
        return Err(IntervalError::OneJuror(jurors.len()));
    }
    let whole = pieces(comparisons);
    let refit = |rows: Vec<usize>| {
        let drawn = comparisons.take(&rows);
        (pieces(&drawn) > whole, estimator.fit(&drawn).ok().map(|fit| fit.log_weights))
    };
    let drawn: Vec<(bool, Option<Vec<f64>>)> =
        (0..replicates).into_par_iter().map(|at| refit(draw(&jurors, seed, at as u64))).collect();
    let jackknife = (0..jurors.len()).into_par_iter().map(|out| {
        let kept = jurors.iter().enumerate().filter(|(at, _)| *at != out);
        let mut rows: Vec<usize> = kept.flat_map(|(_, rows)| rows.iter().copied()).collect();
        rows.sort_unstable();
        refit(rows).1
    });
    let jackknife = jackknife.collect::<Vec<_>>().into_iter().flatten().collect();
    let apart = drawn.iter().filter(|(apart, _)| *apart).count();
    let log_weights: Vec<Vec<f64>> = drawn.into_iter().filter_map(|(_, fit)| fit).collect();
    let refused = replicates - log_weights.len();
    if log_weights.len() < 2 || refused * 2 > replicates {
        return Err(IntervalError::Refused { refused, replicates });
    }
    Ok(Replicates { estimate, log_weights, jackknife, apart, refused })
}

/// Rows of as many jurors as there are, in the order of the file.
fn draw(jurors: &[Vec<usize>], seed: u64, replicate: u64) -> Vec<usize> {
    let mut random = Random::part(seed, replicate);
    let drawn = (0..jurors.len()).flat_map(|_| jurors[random.below(jurors.len())].iter());
    let mut rows: Vec<usize> = drawn.copied().collect();
    rows.sort_unstable();
    rows
}

fn pieces(comparisons: &Comparisons) -> usize {
    Islands::new(comparisons.items().len(), comparisons.rows().map(|row| row.pair())).count
}

impl Replicates {
    /// Weights that add up to one, of each replicate.
    pub fn weights(&self) -> Vec<Vec<f64>> {
        self.log_weights.iter().map(|logs| softmax(logs)).collect()
    }

    /// Bounds of each weight at a level such as 0.9.
    ///
    /// # Panics
    ///
    /// If the level is not between 0 and 1.
    pub fn intervals(&self, method: Method, level: f64) -> Vec<Interval> {
        assert!(level > 0.0 && level < 1.0, "a level is between 0 and 1");
        let estimate = self.estimate.weights();
        let replicates = self.weights();
        let jackknife: Vec<Vec<f64>> = self.jackknife.iter().map(|logs| softmax(logs)).collect();
        let tail = (1.0 - level) / 2.0;
        let of_item = |item: usize| {
            let sorted = sorted(replicates.iter().map(|weights| weights[item]));
            match method {
                Method::Percentile => between(&sorted, tail, 1.0 - tail),
                Method::Bca => {
                    let without = jackknife.iter().map(|weights| weights[item]);
                    let (low, high) = bca(&sorted, estimate[item], without, tail);
                    between(&sorted, low, high)
                }
                Method::Basic => {
                    let own = estimate[item];
                    let mirror = |weight: f64| (own * (own / weight.max(1e-300))).min(1.0);
                    let Interval { low, high } = between(&sorted, tail, 1.0 - tail);
                    Interval { low: mirror(high), high: mirror(low) }
                }
            }
        };
        (0..estimate.len()).map(of_item).collect()
    }
}

fn sorted(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut sorted: Vec<f64> = values.collect();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted
}

fn between(sorted: &[f64], low: f64, high: f64) -> Interval {
    Interval { low: quantile(sorted, low), high: quantile(sorted, high) }
}

/// Which quantiles BCa takes.
fn bca(sorted: &[f64], estimate: f64, without: impl Iterator<Item = f64>, tail: f64) -> (f64, f64) {
    let count = sorted.len() as f64;
    let below = sorted.partition_point(|value| *value < estimate) as f64;
    let equal = sorted.partition_point(|value| *value <= estimate) as f64 - below;
    // Kept off 0 and 1, where the correction has no bound.
    let share = ((below + 0.5 * equal) / count).clamp(0.5 / count, 1.0 - 0.5 / count);
    let bias = normal_quantile(share);
    let without: Vec<f64> = without.collect();
    let mean = maths::sum(without.iter().copied()) / without.len().max(1) as f64;
    let cubes = maths::sum(without.iter().map(|x| (mean - x) * (mean - x) * (mean - x)));
    let squares = maths::sum(without.iter().map(|x| (mean - x) * (mean - x)));
    let spread = squares * squares.sqrt();
    let acceleration = if spread > 0.0 { cubes / (6.0 * spread) } else { 0.0 };
    let shifted = |z: f64| {
        let moved = bias + z;
        let stretch = 1.0 - acceleration * moved;
        normal_cdf(bias + moved / stretch.max(0.05))
    };
    (shifted(normal_quantile(tail)), shifted(normal_quantile(1.0 - tail)))
}

/// What errors of answers are taken to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Errors {
    /// Independent of each other.
    Independent,
    /// Independent between jurors only.
    ByJuror,
}

/// The covariance of the log weights (each less their mean), and the estimate.
///
/// A single juror has no spread between jurors: its errors are then taken to be
/// independent.
///
/// Errors: those of [`Model::fit`].
pub fn covariance(
    comparisons: &Comparisons,
    model: Model,
    errors: Errors,
) -> Result<(Estimate, Symmetric), FitError> {
    let problem = Problem::new(comparisons, model, &vec![1.0; comparisons.jurors().len()])?;
    let fitted = problem.fit()?;
    let curvature = problem.curvature(&problem.cells, &fitted.log_weights);
    let unsettled = || FitError::Unsettled { rule: model.name(), iterations: fitted.iterations };
    let mut inverse = curvature.inverse().ok_or_else(unsettled)?;
    centre_both(&mut inverse);
    let residuals: Vec<f64> =
        problem.terms.iter().map(|term| problem.residual(term, &fitted.log_weights)).collect();
    let jurors = comparisons.rows_by_juror().iter().filter(|rows| !rows.is_empty()).count();
    let covariance = if errors == Errors::ByJuror && jurors > 1 {
        sandwich(&inverse, &juror_pulls(&problem, &residuals, comparisons.jurors().len()))
    } else {
        scaled(&inverse, residual_variance(&problem, &residuals))
    };
    Ok((Estimate::centred(fitted.log_weights, fitted.iterations), covariance))
}

/// Bounds of each weight from a covariance of log weights.
pub fn analytic_intervals(
    estimate: &Estimate,
    covariance: &Symmetric,
    level: f64,
) -> Vec<Interval> {
    let weights = estimate.weights();
    let reach = normal_quantile(0.5 + level / 2.0);
    let mean: Vec<f64> = (0..weights.len())
        .map(|row| maths::sum(covariance.row(row).iter().zip(&weights).map(|(c, w)| c * w)))
        .collect();
    let whole = maths::sum(mean.iter().zip(&weights).map(|(m, w)| m * w));
    let of_item = |item: usize| {
        let weight = weights[item];
        let variance = (covariance.at(item, item) - 2.0 * mean[item] + whole).max(0.0);
        let others = 1.0 - weight;
        if others <= 0.0 {
            return Interval { low: weight, high: weight };
        }
        let stretch = maths::exp((reach * variance.sqrt() / others).min(700.0));
        let bound = |odds: f64| odds / (1.0 + odds);
        let odds = weight / others;
        Interval { low: bound(odds / stretch), high: bound(odds * stretch) }
    };
    (0..weights.len()).map(of_item).collect()
}

/// Least squares: of the residuals, with the freedom that is left; at least
/// one. Bradley–Terry: 1.
pub(super) fn residual_variance(problem: &Problem, residuals: &[f64]) -> f64 {
    if !problem.is_linear() {
        return 1.0;
    }
    let fitted = problem.items - problem.islands.count;
    let free = residuals.len().saturating_sub(fitted).max(1);
    maths::sum(residuals.iter().map(|r| r * r)) / free as f64
}

/// The pull of all answers of each juror that has any.
pub(super) fn juror_pulls(problem: &Problem, residuals: &[f64], jurors: usize) -> Vec<Vec<f64>> {
    let mut pulls: Vec<Vec<f64>> = vec![Vec::new(); jurors];
    for (term, residual) in problem.terms.iter().zip(residuals) {
        let pull = &mut pulls[term.juror];
        pull.resize(problem.items, 0.0);
        let cell = &problem.cells[term.cell];
        pull[cell.b] += residual;
        pull[cell.a] -= residual;
    }
    pulls.retain(|pull| !pull.is_empty());
    pulls
}

/// `H⁻¹ (Σ g gᵀ) H⁻¹ · K / (K − 1)`.
pub(super) fn sandwich(inverse: &Symmetric, pulls: &[Vec<f64>]) -> Symmetric {
    let size = inverse.size();
    let mut covariance = Symmetric::zeros(size);
    let few = pulls.len() as f64 / (pulls.len() as f64 - 1.0);
    for pull in pulls {
        let moved: Vec<f64> = (0..size)
            .map(|row| inverse.row(row).iter().zip(pull).map(|(a, b)| a * b).sum())
            .collect();
        for row in 0..size {
            for column in row..size {
                covariance.add(row, column, few * moved[row] * moved[column]);
            }
        }
    }
    covariance
}

fn scaled(matrix: &Symmetric, factor: f64) -> Symmetric {
    let mut scaled = Symmetric::zeros(matrix.size());
    for row in 0..matrix.size() {
        for column in row..matrix.size() {
            scaled.add(row, column, factor * matrix.at(row, column));
        }
    }
    scaled
}

/// Takes off the means of rows and columns: the mean of log weights is no
/// outcome.
pub(super) fn centre_both(matrix: &mut Symmetric) {
    let size = matrix.size();
    let means: Vec<f64> =
        (0..size).map(|row| maths::sum(matrix.row(row).iter().copied()) / size as f64).collect();
    let whole = maths::sum(means.iter().copied()) / size as f64;
    for row in 0..size {
        for column in row..size {
            matrix.add(row, column, whole - means[row] - means[column]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::comparisons::{Builder, Choice};
    use crate::synthetic::Jury;

    fn jury(seed: u64) -> Comparisons {
        Jury { items: 8, jurors: 12, noise: 1.0, ..Jury::default() }.draw(seed).comparisons(150)
    }

    const FREE: Model = Model::LeastSquares { ridge: 0.0 };

    #[test]
    fn one_thread_and_many_give_the_same_bytes() {
        let comparisons = jury(1);
        let estimator = Estimator::Rule("least-squares".to_owned(), Parameters::default());
        let many = bootstrap(&comparisons, &estimator, 40, 9).expect("valid");
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a thread");
        let one = pool.install(|| bootstrap(&comparisons, &estimator, 40, 9)).expect("valid");
        assert_eq!(one, many);
        assert_eq!((many.log_weights.len(), many.jackknife.len(), many.refused), (40, 12, 0));
    }

    #[test]
    fn a_replicate_is_the_fit_of_the_drawn_jurors() {
        let comparisons = jury(2);
        let estimator = Estimator::Model(FREE);
        let found = bootstrap(&comparisons, &estimator, 3, 5).expect("valid");
        // By hand: jurors drawn one by one, rows of each appended.
        let mut random = Random::part(5, 2);
        let mut rows = Vec::new();
        for _ in 0..12 {
            let juror = random.below(12);
            rows.extend((0..150).filter(|at| comparisons.row(*at).juror as usize == juror));
        }
        let slow = FREE.fit(&comparisons.take(&rows)).expect("valid");
        for (fast, slow) in found.log_weights[2].iter().zip(&slow.log_weights) {
            assert!((fast - slow).abs() < 1e-12);
        }
    }

    #[test]
    fn a_mean_has_the_error_of_a_mean() {
        // One pair, c = 1, 2, 3, 4 by four jurors: variance of the mean 5/12.
        let mut builder = Builder::default();
        let pair = (builder.item("x"), builder.item("y"));
        for (name, c) in [("a", 1.0), ("b", 2.0), ("c", 3.0), ("d", 4.0)] {
            let juror = builder.juror(name);
            builder.push(juror, pair, Choice::Right, Some(c));
        }
        let comparisons = builder.finish();
        for errors in [Errors::Independent, Errors::ByJuror] {
            let (estimate, c) = covariance(&comparisons, FREE, errors).expect("valid");
            let difference = c.at(0, 0) + c.at(1, 1) - 2.0 * c.at(0, 1);
            assert!((difference - 5.0 / 12.0).abs() < 1e-12, "{errors:?} {difference}");
            // The log odds of y are the difference.
            let bounds = analytic_intervals(&estimate, &c, 0.9)[1];
            let reach = 1.644_853_626_951_472 * (5.0_f64 / 12.0).sqrt();
            let high = crate::estimate::logistic(2.5 + reach);
            assert!((bounds.high - high).abs() < 1e-12, "{bounds:?}");
        }
    }

    #[test]
    fn methods_agree_where_all_is_symmetric() {
        let log_weights: Vec<Vec<f64>> =
            (-50..=50).map(|at| vec![f64::from(at) * 0.01, f64::from(-at) * 0.01]).collect();
        let estimate = Estimate::centred(vec![0.0, 0.0], 1);
        let jackknife = vec![vec![0.1, -0.1], vec![-0.1, 0.1]];
        let found = Replicates { estimate, log_weights, jackknife, apart: 0, refused: 0 };
        let percentile = found.intervals(Method::Percentile, 0.9)[0];
        assert!((percentile.low - crate::estimate::logistic(-0.9)).abs() < 1e-3);
        let bca = found.intervals(Method::Bca, 0.9)[0];
        assert!(
            (bca.low - percentile.low).abs() < 1e-9 && (bca.high - percentile.high).abs() < 1e-9
        );
        let basic = found.intervals(Method::Basic, 0.9)[0];
        assert!((basic.low - 0.25 / percentile.high).abs() < 1e-12);
    }

    #[test]
    fn juries_that_fall_apart_are_counted_or_refused() {
        let mut builder = Builder::default();
        let [ann, bob] = ["a", "b"].map(|name| builder.juror(name));
        let [x, y, z] = ["x", "y", "z"].map(|name| builder.item(name));
        builder.push(ann, (x, y), Choice::Left, None);
        builder.push(bob, (y, z), Choice::Left, None);
        let comparisons = builder.finish();
        let held = Estimator::Model(Model::BradleyTerry { prior: 0.1 });
        let found = bootstrap(&comparisons, &held, 64, 1).expect("a prior holds it");
        // Half of the draws are one juror twice.
        assert!((16..48).contains(&found.apart), "{}", found.apart);
        assert_eq!(found.log_weights.len(), 64);
        let silent = Estimator::Rule("least-squares".to_owned(), Parameters::default());
        assert!(matches!(bootstrap(&comparisons, &silent, 8, 1), Err(IntervalError::Fit(_))));
        let alone = comparisons.filter(|row| row.juror == 0);
        assert_eq!(bootstrap(&alone, &held, 8, 1), Err(IntervalError::OneJuror(1)));
    }

    #[test]
    fn ninety_of_a_hundred_intervals_hold_the_truth() {
        let shape = Jury { items: 10, jurors: 25, noise: 1.0, ..Jury::default() };
        let mut covered = [0_u32; 2];
        for seed in 0..40 {
            let mut drawn = shape.draw(seed);
            let comparisons = drawn.comparisons(250);
            let truth = softmax(&drawn.truth);
            let found = bootstrap(&comparisons, &Estimator::Model(FREE), 99, seed).expect("valid");
            let (estimate, c) = covariance(&comparisons, FREE, Errors::Independent).expect("valid");
            let both =
                [found.intervals(Method::default(), 0.9), analytic_intervals(&estimate, &c, 0.9)];
            for (count, intervals) in covered.iter_mut().zip(both) {
                let holds =
                    |(bound, truth): (&Interval, &f64)| bound.low <= *truth && *truth <= bound.high;
                let held = intervals.iter().zip(&truth).filter(|both| holds(*both)).count();
                *count += u32::try_from(held).expect("ten at most");
            }
        }
        // Of 400; weights of one jury hang together, so the bounds are wide.
        assert!(covered.iter().all(|count| (335..385).contains(count)), "{covered:?}");
    }
}
