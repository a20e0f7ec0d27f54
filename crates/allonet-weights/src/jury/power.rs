//! How many more comparisons a wanted precision takes.
//!
//! # Formula
//!
//! A comparison of `a` and `b` carries the information
//! `v_ab (e_a − e_b)(e_a − e_b)ᵀ`, with `v = 1/noise²` where jurors say how
//! much, and `v = p(1 − p)` where they say only which. `N` of them on random
//! pairs carry `N M`, `M` the mean over all pairs, and the covariance of the log
//! weights is
//!
//! ```text
//! C = M⁺ / N · (1 + n/N) · design effect
//! ```
//!
//! The factor `1 + n/N` is that of a random instead of an even choice of pairs,
//! to first order. The two errors:
//!
//! * of a log weight: `sqrt(tr C / n)`; 0.1 is a relative error of 10 %. With
//!   how much, about `noise · sqrt(n / 2N)`; with which alone, about
//!   `sqrt(n / 2N / p(1 − p))`;
//! * total variation: `½ Σ w_i sqrt(2/π (e_i − w)ᵀC(e_i − w))`, the part of the
//!   money that goes to the wrong place.
//!
//! Both fall with `1/√N`: half the error takes four times the answers.
//!
//! # Known weaknesses
//!
//! * Good to a few percent while errors are below half a nat; beyond, maximum
//!   likelihood of directions errs more than this says.
//! * What all jurors get wrong in the same way does not fall with `N`.
//! * The design effect of the jury so far is taken for that of the next answers;
//!   more answers of the same few jurors help less.
//! * Questions chosen well need about half as many as random ones.
//!
//! # Sources
//!
//! * Shah, Balakrishnan, Bradley, Parekh, Ramchandran, Wainwright (2016),
//!   *Estimation from pairwise comparisons*: errors go with `tr(L⁺)`.

use allonet_core::maths;

use super::effective::effective;
use super::intervals::{centre_both, residual_variance};
use super::model::Model;
use super::problem::Problem;
use crate::comparisons::Comparisons;
use crate::estimate::{centre, logistic, softmax};
use crate::linear::Symmetric;
use crate::rules::FitError;
use crate::statistics::{normal_quantile, whole_part};
use crate::synthetic::Jury;

/// What jurors say.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Answers {
    /// Which item is worth more.
    Direction,
    /// How many times more, with an error.
    HowMuch {
        /// Standard deviation of stated log ratios, in nats; above zero.
        noise: f64,
    },
}

/// The error that counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Goal {
    /// Root mean square of the errors of log weights: relative errors.
    LogWeight,
    /// Half the sum of absolute errors of weights that add up to one.
    TotalVariation,
}

/// Items and jurors before anybody is asked.
#[derive(Debug, Clone, PartialEq)]
pub struct Design {
    /// How many items.
    pub items: usize,
    /// Standard deviation of their log weights, in nats.
    pub spread: f64,
    /// What jurors say.
    pub answers: Answers,
    /// How many answers of these jurors are worth an independent one.
    pub design_effect: f64,
}

/// Larger designs are worked out at this size; errors depend on answers per
/// item.
const MOST: usize = 300;

impl Design {
    /// The error to expect of so many comparisons of random pairs; infinite
    /// without any.
    ///
    /// ```
    /// use allonet_weights::jury::power::{Answers, Design, Goal};
    ///
    /// let answers = Answers::HowMuch { noise: 2.28 };
    /// let design = Design { items: 100, spread: 1.0, answers, design_effect: 1.0 };
    /// let needed = design.needed(Goal::LogWeight, 0.1);
    /// assert!((25_000..26_000).contains(&needed));
    /// assert!(design.error(Goal::LogWeight, needed) <= 0.1);
    /// ```
    pub fn error(&self, goal: Goal, count: usize) -> f64 {
        if count == 0 {
            return f64::INFINITY;
        }
        let (n, count) = (self.items as f64, count as f64);
        (self.of_one(goal) / count * (1.0 + n / count)).sqrt()
    }

    /// The fewest comparisons of random pairs whose expected error is at most
    /// the target (above zero); at least one less than there are items, for
    /// fewer cannot join them.
    pub fn needed(&self, goal: Goal, target: f64) -> usize {
        let n = self.items as f64;
        let ratio = self.of_one(goal) / (target * target);
        // N² = ratio (N + n).
        let root = 0.5 * (ratio + (ratio * ratio + 4.0 * ratio * n).sqrt());
        whole_part(root.ceil()).max(self.items.saturating_sub(1))
    }

    /// The square of the error, times the number of comparisons.
    fn of_one(&self, goal: Goal) -> f64 {
        let size = self.items.min(MOST);
        let z = normal_items(size, self.spread);
        let mut covariance = inverse(mean_information(&z, self.answers));
        centre_both(&mut covariance);
        let error = error_of(&covariance, &z, goal);
        error * error * self.design_effect * self.items as f64 / size.max(1) as f64
    }

    /// Draws a jury like this one, asks so many questions about random pairs,
    /// and gives the error of the weights that come out.
    ///
    /// Errors: those of [`Model::fit`].
    pub fn simulate(&self, goal: Goal, count: usize, seed: u64) -> Result<f64, FitError> {
        let (noise, model) = match self.answers {
            Answers::Direction => (0.0, Model::BradleyTerry { prior: 0.01 }),
            Answers::HowMuch { noise } => (noise, Model::LeastSquares { ridge: 0.0 }),
        };
        let jury = Jury { items: self.items, spread: self.spread, noise, ..Jury::default() };
        let mut drawn = jury.draw(seed);
        let found = model.fit(&drawn.comparisons(count))?;
        let mut truth = drawn.truth;
        centre(&mut truth);
        Ok(match goal {
            Goal::LogWeight => {
                let squares = found.log_weights.iter().zip(&truth).map(|(z, t)| (z - t) * (z - t));
                (maths::sum(squares) / truth.len() as f64).sqrt()
            }
            Goal::TotalVariation => {
                let truth = softmax(&truth);
                let off = found.weights().into_iter().zip(truth).map(|(w, t)| (w - t).abs());
                0.5 * maths::sum(off)
            }
        })
    }
}

/// Log weights as evenly spread as a normal distribution.
fn normal_items(items: usize, spread: f64) -> Vec<f64> {
    let score = |at: usize| normal_quantile((at as f64 + 0.5) / items as f64);
    (0..items).map(|at| spread * score(at)).collect()
}

/// Information of a comparison of a random pair.
fn mean_information(z: &[f64], answers: Answers) -> Symmetric {
    let pairs = (z.len() * z.len().saturating_sub(1) / 2).max(1) as f64;
    let mut information = Symmetric::zeros(z.len());
    for a in 0..z.len() {
        for b in a + 1..z.len() {
            let carried = match answers {
                Answers::HowMuch { noise } => 1.0 / (noise * noise),
                Answers::Direction => {
                    let p = logistic(z[b] - z[a]);
                    p * (1.0 - p)
                }
            };
            information.add_edge(a, b, carried / pairs);
        }
    }
    information
}

/// The inverse of a Laplacian, with a constant added that the centring takes
/// off again; infinite where items are not joined.
fn inverse(mut laplacian: Symmetric) -> Symmetric {
    let size = laplacian.size();
    let typical = (0..size).map(|at| laplacian.at(at, at)).sum::<f64>() / size.max(1) as f64;
    let constant = if typical > 0.0 { typical / size as f64 } else { 1.0 };
    for a in 0..size {
        for b in a..size {
            laplacian.add(a, b, constant);
        }
    }
    laplacian.inverse().unwrap_or_else(|| {
        let mut unknown = Symmetric::zeros(size);
        (0..size).for_each(|at| unknown.add(at, at, f64::INFINITY));
        unknown
    })
}

/// The expected error of log weights with this covariance.
fn error_of(covariance: &Symmetric, z: &[f64], goal: Goal) -> f64 {
    let size = z.len().max(1) as f64;
    let own = (0..z.len()).map(|at| covariance.at(at, at));
    match goal {
        Goal::LogWeight => (maths::sum(own) / size).sqrt(),
        Goal::TotalVariation => {
            let w = softmax(z);
            let along: Vec<f64> = (0..z.len())
                .map(|row| covariance.row(row).iter().zip(&w).map(|(c, w)| c * w).sum())
                .collect();
            let whole: f64 = along.iter().zip(&w).map(|(c, w)| c * w).sum();
            let part =
                |(at, own): (usize, f64)| w[at] * (own - 2.0 * along[at] + whole).max(0.0).sqrt();
            0.5 * std::f64::consts::FRAC_2_PI.sqrt() * maths::sum(own.enumerate().map(part))
        }
    }
}

/// What comparisons at hand reach, and what more would.
#[derive(Debug, Clone, PartialEq)]
pub struct Outlook {
    /// What jurors say, as they said it so far.
    pub answers: Answers,
    /// Of the jury so far, at least 1.
    pub design_effect: f64,
    /// The error to expect now; none where items are not joined.
    pub error: Option<f64>,
    /// How many more comparisons of random pairs take it to the target.
    pub more: usize,
}

/// More comparisons than these are out of reach.
const MOST_MORE: usize = 1 << 40;

/// How many more comparisons of random pairs take the error to a target (above
/// zero), given the noise, the design effect and the graph of those at hand.
///
/// Errors: those of [`Model::fit`].
pub fn outlook(
    comparisons: &Comparisons,
    model: Model,
    goal: Goal,
    target: f64,
) -> Result<Outlook, FitError> {
    let problem = Problem::new(comparisons, model, &vec![1.0; comparisons.jurors().len()])?;
    let z = problem.fit()?.log_weights;
    let residuals: Vec<f64> = problem.terms.iter().map(|term| problem.residual(term, &z)).collect();
    let noise = residual_variance(&problem, &residuals).max(1e-12).sqrt();
    let answers = if problem.is_linear() { Answers::HowMuch { noise } } else { Answers::Direction };
    let design_effect = effective(comparisons, model)?.design_effect.unwrap_or(1.0).max(1.0);
    let mean = mean_information(&z, answers);
    let error_with = |more: usize| {
        let mut information = Symmetric::zeros(z.len());
        for cell in &problem.cells {
            let carried = match answers {
                Answers::HowMuch { noise } => 1.0 / (noise * noise),
                Answers::Direction => {
                    let p = logistic(z[cell.b] - z[cell.a]);
                    p * (1.0 - p)
                }
            };
            information.add_edge(cell.a, cell.b, cell.weight * carried);
        }
        for a in 0..z.len() {
            for b in a..z.len() {
                information.add(a, b, more as f64 * mean.at(a, b));
            }
        }
        let mut covariance = inverse(information);
        if !covariance.at(0, 0).is_finite() {
            return f64::INFINITY;
        }
        centre_both(&mut covariance);
        error_of(&covariance, &z, goal) * design_effect.sqrt()
    };
    let now = error_with(0);
    let (mut low, mut high) = (0, comparisons.len().max(1));
    while error_with(high) > target && high < MOST_MORE {
        (low, high) = (high, high * 2);
    }
    while now > target && high - low > 1 + low / 1_000 {
        let middle = usize::midpoint(low, high);
        if error_with(middle) > target { low = middle } else { high = middle }
    }
    let more = if now <= target { 0 } else { high };
    Ok(Outlook { answers, design_effect, error: now.is_finite().then_some(now), more })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn design(items: usize, answers: Answers) -> Design {
        Design { items, spread: 1.0, answers, design_effect: 1.0 }
    }

    #[test]
    fn how_much_has_a_closed_form() {
        // All eigenvalues of M are 2 / (n − 1) / noise².
        let design = design(40, Answers::HowMuch { noise: 2.0 });
        let square = 4.0 * 39.0 * 39.0 / (2.0 * 40.0 * 1e4) * (1.0 + 40.0 / 1e4);
        let expected = f64::sqrt(square);
        assert!((design.error(Goal::LogWeight, 10_000) - expected).abs() < 1e-12);
        for target in [0.05, 0.3] {
            let needed = design.needed(Goal::LogWeight, target);
            assert!(design.error(Goal::LogWeight, needed) <= target);
            assert!(design.error(Goal::LogWeight, needed - 1) > target);
        }
        assert_eq!(design.needed(Goal::LogWeight, 1e9), 39);
    }

    #[test]
    fn large_designs_scale_with_the_items() {
        let answers = Answers::HowMuch { noise: 1.0 };
        let large = design(3_000, answers).error(Goal::LogWeight, 300_000);
        let exact = (2_999.0_f64 * 2_999.0 / (2.0 * 3_000.0 * 3e5) * 1.01).sqrt();
        assert!((large / exact - 1.0).abs() < 5e-3, "{large} {exact}");
    }

    #[test]
    fn simulated_juries_err_as_planned() {
        let count = 1_500;
        for answers in [Answers::Direction, Answers::HowMuch { noise: 2.0 }] {
            let design = design(25, answers);
            for goal in [Goal::LogWeight, Goal::TotalVariation] {
                let errors = (0..30).map(|seed| {
                    let error = design.simulate(goal, count, seed).expect("valid");
                    error * error
                });
                let found = (maths::sum(errors) / 30.0).sqrt();
                let planned = design.error(goal, count);
                assert!((0.85..1.2).contains(&(found / planned)), "{goal:?} {found} {planned}");
            }
        }
    }

    #[test]
    fn comparisons_at_hand_count() {
        let jury = Jury { items: 15, jurors: 40, noise: 1.5, ..Jury::default() };
        let comparisons = jury.draw(6).comparisons(500);
        let model = Model::LeastSquares { ridge: 0.0 };
        let found = outlook(&comparisons, model, Goal::LogWeight, 0.05).expect("valid");
        let Answers::HowMuch { noise } = found.answers else { panic!("jurors say how much") };
        assert!((noise - 1.5).abs() < 0.15, "{noise}");
        let from_nothing =
            Design { design_effect: found.design_effect, ..design(15, found.answers) }
                .needed(Goal::LogWeight, 0.05);
        let planned = found.more as f64 + 500.0;
        assert!((planned / from_nothing as f64 - 1.0).abs() < 0.03, "{planned} {from_nothing}");
        // What is reached needs nothing more.
        let reached = outlook(&comparisons, model, Goal::LogWeight, 1.0).expect("valid");
        assert!(reached.more == 0 && reached.error.is_some_and(|error| error < 1.0));
        // Two islands: no error is known until more is asked.
        let apart = comparisons.filter(|row| (row.left < 7) == (row.right < 7));
        let found = outlook(&apart, model, Goal::LogWeight, 0.3).expect("valid");
        assert!(found.error.is_none() && found.more > 0);
    }
}
