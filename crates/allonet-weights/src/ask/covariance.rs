//! The covariance of log weights, all of it, and what each question would take
//! off their error.

use allonet_core::maths;
use rayon::prelude::*;

use super::Criterion;
use super::evidence::Evidence;
use super::mode::strengths;
use crate::estimate::softmax;
use crate::linear::Symmetric;

/// Mean size of a standard normal number, √(2/π).
pub(super) const MEAN_SIZE: f64 = 0.797_884_560_802_865_4;

/// Covariance of log weights at some log weights.
#[derive(Debug, Clone)]
pub(super) struct Covariance {
    size: usize,
    /// `C`, row after row.
    values: Vec<f64>,
    /// `C Q C` with `Q = Mᵀ diag(q) M`, `q` the importance; empty where the criterion
    /// does without.
    spread: Vec<f64>,
    /// Held fixed until the next fit.
    weights: Vec<f64>,
    importance: Vec<f64>,
    strengths: Vec<f64>,
    criterion: Criterion,
}

impl Covariance {
    /// Inverts the Hessian. O(n³).
    pub(super) fn new(evidence: &Evidence, prior: f64, logs: &[f64], criterion: Criterion) -> Self {
        let size = logs.len();
        let strengths = strengths(logs);
        let mut hessian = Symmetric::zeros(size);
        for item in 0..size {
            hessian.add(item, item, prior);
        }
        for edge in &evidence.edges {
            let (a, b) = (edge.a as usize, edge.b as usize);
            hessian.add_edge(a, b, edge.count * chance_both(&strengths, a, b));
        }
        let mut covariance = Self {
            size,
            values: inverse(&hessian),
            spread: Vec::new(),
            weights: softmax(logs),
            importance: Vec::new(),
            strengths,
            criterion,
        };
        covariance.weigh();
        covariance
    }

    fn weigh(&mut self) {
        let Some(importance) = importance(self.criterion, &self.weights, &self.log_variances())
        else {
            return;
        };
        let (w, q) = (self.times(&self.weights), self.times(&importance));
        let all = maths::sum(importance.iter().copied());
        let size = self.size;
        let mut spread = vec![0.0; size * size];
        spread.par_chunks_mut(size).enumerate().for_each(|(row, out)| {
            let own = self.row(row);
            for (k, (value, importance)) in own.iter().zip(&importance).enumerate() {
                let by = value * importance;
                out.iter_mut().zip(self.row(k)).for_each(|(out, other)| *out += by * other);
            }
            for (column, out) in out.iter_mut().enumerate() {
                *out += all * w[row] * w[column] - w[row] * q[column] - q[row] * w[column];
            }
        });
        self.spread = spread;
        self.importance = importance;
    }

    fn row(&self, row: usize) -> &[f64] {
        &self.values[row * self.size..][..self.size]
    }

    fn times(&self, x: &[f64]) -> Vec<f64> {
        (0..self.size).map(|row| crate::linear::dot(self.row(row), x)).collect()
    }

    /// Variance of the logarithm of each weight (not of the log weights, whose
    /// common part says nothing).
    pub(super) fn log_variances(&self) -> Vec<f64> {
        let w = self.times(&self.weights);
        let common = crate::linear::dot(&w, &self.weights);
        let variance = |item: usize| self.values[item * (self.size + 1)] - 2.0 * w[item] + common;
        (0..self.size).map(|item| variance(item).max(0.0)).collect()
    }

    /// What the criterion says of asking this pair.
    pub(super) fn gain(&self, a: usize, b: usize) -> f64 {
        let at = |values: &[f64]| {
            let size = self.size;
            values[a * (size + 1)] + values[b * (size + 1)] - 2.0 * values[a * size + b]
        };
        let variance = at(&self.values);
        let both = chance_both(&self.strengths, a, b);
        match self.criterion {
            Criterion::Information => both * variance,
            Criterion::WeightedInformation => both * variance * (self.weights[a] + self.weights[b]),
            Criterion::Variance | Criterion::TotalVariation => {
                both / (1.0 + both * variance) * at(&self.spread)
            }
        }
    }

    /// The best pair that may be asked and its gain; of equal ones the first.
    pub(super) fn best(
        &self,
        may_stand: impl Fn(usize) -> bool,
        may_ask: impl Fn(usize, usize) -> bool,
    ) -> Option<(usize, usize, f64)> {
        let open: Vec<usize> = (0..self.size).filter(|item| may_stand(*item)).collect();
        let mut best: Option<(usize, usize, f64)> = None;
        for (at, &a) in open.iter().enumerate() {
            for &b in &open[at + 1..] {
                let gain = self.gain(a, b);
                if best.is_none_or(|(.., least)| gain > least) && may_ask(a, b) {
                    best = Some((a, b, gain));
                }
            }
        }
        best
    }

    /// `C(e_a − e_b)`.
    pub(super) fn direction(&self, a: usize, b: usize) -> Vec<f64> {
        self.row(a).iter().zip(self.row(b)).map(|(a, b)| a - b).collect()
    }

    /// Takes off what one more answer to this pair tells, whatever it is; gives
    /// `C'(e_a − e_b)`, the direction in which log weights move. O(n²).
    pub(super) fn observe(&mut self, a: usize, b: usize) -> Vec<f64> {
        let size = self.size;
        let towards = self.direction(a, b);
        let both = chance_both(&self.strengths, a, b);
        let variance = towards[a] - towards[b];
        let factor = both / (1.0 + both * variance);
        if !self.spread.is_empty() {
            let image = self.through_importance(&towards);
            let square = crate::linear::dot(&towards, &image);
            let image = self.times(&image);
            for (row, out) in self.spread.chunks_mut(size).enumerate() {
                let across = factor * factor * square * towards[row] - factor * image[row];
                let along = factor * towards[row];
                for (column, out) in out.iter_mut().enumerate() {
                    *out += across * towards[column] - along * image[column];
                }
            }
        }
        for (row, out) in self.values.chunks_mut(size).enumerate() {
            let by = factor * towards[row];
            out.iter_mut().zip(&towards).for_each(|(out, towards)| *out -= by * towards);
        }
        towards.into_iter().map(|step| step / (1.0 + both * variance)).collect()
    }

    /// `Q x`.
    fn through_importance(&self, x: &[f64]) -> Vec<f64> {
        let common = crate::linear::dot(&self.weights, x);
        let weighed: Vec<f64> =
            x.iter().zip(&self.importance).map(|(x, q)| q * (x - common)).collect();
        let all: f64 = maths::sum(weighed.iter().copied());
        weighed.iter().zip(&self.weights).map(|(x, w)| x - w * all).collect()
    }
}

/// How much a decrease of each variance of `ln w` counts; none where the
/// criterion does not go by them.
pub(super) fn importance(
    criterion: Criterion,
    weights: &[f64],
    log_variances: &[f64],
) -> Option<Vec<f64>> {
    let pairs = weights.iter().zip(log_variances);
    match criterion {
        Criterion::Information | Criterion::WeightedInformation => None,
        Criterion::Variance => Some(pairs.map(|(weight, _)| weight * weight).collect()),
        // d/dVar of √(2/π)·½·w·√Var.
        Criterion::TotalVariation => Some(
            pairs
                .map(|(weight, variance)| MEAN_SIZE / 4.0 * weight / variance.max(1e-12).sqrt())
                .collect(),
        ),
    }
}

/// `p(1−p)`: how open the answer is.
pub(super) fn chance_both(strengths: &[f64], a: usize, b: usize) -> f64 {
    let sum = strengths[a] + strengths[b];
    strengths[a] / sum * (strengths[b] / sum)
}

fn inverse(hessian: &Symmetric) -> Vec<f64> {
    let cholesky = hessian.cholesky().expect("a prior makes it positive definite");
    let size = hessian.size();
    let mut values = vec![0.0; size * size];
    values.par_chunks_mut(size).enumerate().for_each(|(column, unit)| {
        unit[column] = 1.0;
        cholesky.solve(unit);
    });
    values
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synthetic::Jury;

    fn some(criterion: Criterion) -> (Evidence, Vec<f64>, Covariance) {
        let mut drawn = Jury { items: 12, ..Jury::default() }.draw(4);
        let evidence = Evidence::of(&drawn.comparisons(60));
        let logs = super::super::mode::mode(&evidence, 0.3, &[0.0; 12], 1e-10);
        let covariance = Covariance::new(&evidence, 0.3, &logs, criterion);
        (evidence, logs, covariance)
    }

    /// `Σ q_i Var(ln w_i)` with everything computed anew after one more answer.
    fn slow_decrease(covariance: &Covariance, a: usize, b: usize) -> f64 {
        let mut hessian = Symmetric::zeros(12);
        let mut prior = Symmetric::zeros(12);
        for row in 0..12 {
            for column in 0..=row {
                prior.add(row, column, covariance.row(row)[column]);
            }
        }
        let inverse = prior.inverse().unwrap();
        for row in 0..12 {
            for column in 0..=row {
                hessian.add(row, column, inverse.at(row, column));
            }
        }
        hessian.add_edge(a, b, chance_both(&covariance.strengths, a, b));
        let after = hessian.inverse().unwrap();
        let w = &covariance.weights;
        let variance = |matrix: &Symmetric, item: usize| -> f64 {
            let mut sum = 0.0;
            for i in 0..12 {
                for j in 0..12 {
                    let m = |k: usize| f64::from(u8::from(k == item)) - w[k];
                    sum += m(i) * matrix.at(i, j) * m(j);
                }
            }
            sum
        };
        (0..12)
            .map(|i| covariance.importance[i] * (variance(&prior, i) - variance(&after, i)))
            .sum()
    }

    #[test]
    fn gains_are_decreases_computed_anew() {
        for criterion in [Criterion::Variance, Criterion::TotalVariation] {
            let (.., covariance) = some(criterion);
            for (a, b) in [(0, 1), (3, 11), (7, 2)] {
                let (fast, slow) = (covariance.gain(a, b), slow_decrease(&covariance, a, b));
                assert!((fast - slow).abs() < 1e-10 * slow.abs().max(1e-3), "{fast} {slow}");
                assert!(fast > 0.0);
            }
        }
    }

    #[test]
    fn one_answer_is_one_row_more_in_the_hessian() {
        let (mut evidence, logs, mut covariance) = some(Criterion::Variance);
        let direction = covariance.observe(2, 5);
        evidence.push(2, 5, crate::comparisons::Choice::Tie);
        let anew = Covariance::new(&evidence, 0.3, &logs, Criterion::Variance);
        for (fast, slow) in covariance.values.iter().zip(&anew.values) {
            assert!((fast - slow).abs() < 1e-12);
        }
        for (fast, slow) in covariance.spread.iter().zip(&anew.spread) {
            assert!((fast - slow).abs() < 1e-12);
        }
        for (item, step) in direction.iter().enumerate() {
            assert!((step - (anew.row(item)[2] - anew.row(item)[5])).abs() < 1e-12);
        }
    }

    #[test]
    fn the_variance_of_a_log_weight_by_hand() {
        // Two items nobody compared: C = I / prior, w = (½, ½),
        // ln w_1 = z_1 − mean: variance (¼ + ¼) / prior.
        let covariance =
            Covariance::new(&Evidence::none(2), 0.5, &[0.0; 2], Criterion::TotalVariation);
        assert!(covariance.log_variances().iter().all(|found| (found - 1.0).abs() < 1e-12));
    }
}
