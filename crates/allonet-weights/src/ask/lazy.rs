//! The best pair without the covariance of all: for the first question about
//! many items, and for more items than a dense matrix holds.
//!
//! Where items have many answers, `C` is nearly `1 / diagonal of the Hessian`.
//! That ranks all pairs; the foremost [`CANDIDATES`] are then weighed exactly,
//! each by one column of `C` that conjugate gradients find, sixteen at a time.

use allonet_core::maths;

use super::Criterion;
use super::covariance::{chance_both, importance};
use super::evidence::Evidence;
use super::mode::{System, strengths};
use crate::estimate::softmax;

/// Columns solved side by side.
const SIDE_BY_SIDE: usize = 16;
/// How many pairs are weighed exactly.
const CANDIDATES: usize = 2 * SIDE_BY_SIDE;
/// Columns are solved to this part of their right side.
const COLUMN_ENOUGH: f64 = 1e-4;

/// The posterior, without its covariance.
#[derive(Debug)]
pub(super) struct Lazy {
    system: System,
    criterion: Criterion,
    weights: Vec<f64>,
    strengths: Vec<f64>,
    importance: Vec<f64>,
    /// About the variance of each log weight: one by the diagonal.
    about: Vec<f64>,
}

impl Lazy {
    pub(super) fn new(evidence: &Evidence, prior: f64, logs: &[f64], criterion: Criterion) -> Self {
        let mut system = System::new(evidence, prior);
        system.linearise(evidence, logs);
        let weights = softmax(logs);
        let about: Vec<f64> = system.diagonal.iter().map(|diagonal| 1.0 / diagonal).collect();
        let common =
            maths::sum(weights.iter().zip(&about).map(|(weight, about)| weight * weight * about));
        let variances: Vec<f64> = weights
            .iter()
            .zip(&about)
            .map(|(weight, about)| about * (1.0 - 2.0 * weight) + common)
            .collect();
        let importance = importance(criterion, &weights, &variances).unwrap_or_default();
        Self { system, criterion, weights, strengths: strengths(logs), importance, about }
    }

    /// Expects an answer to this pair: it is less worth asking again.
    pub(super) fn expect(&mut self, a: usize, b: usize) {
        let both = chance_both(&self.strengths, a, b);
        for item in [a, b] {
            self.about[item] = 1.0 / (1.0 / self.about[item] + both);
        }
    }

    /// A pair about as good as the best that may be asked, and its gain.
    pub(super) fn best(
        &self,
        may_stand: impl Fn(usize) -> bool,
        may_ask: impl Fn(usize, usize) -> bool,
    ) -> Option<(usize, usize, f64)> {
        let candidates = self.candidates(may_stand, may_ask);
        let mut best: Option<(usize, usize, f64)> = None;
        for some in candidates.chunks(SIDE_BY_SIDE) {
            for (&(_, a, b), gain) in some.iter().zip(self.exactly(some)) {
                if best.is_none_or(|(.., least)| gain > least) {
                    best = Some((a, b, gain));
                }
            }
        }
        best
    }

    /// The foremost pairs by the diagonal alone, the best first.
    fn candidates(
        &self,
        may_stand: impl Fn(usize) -> bool,
        may_ask: impl Fn(usize, usize) -> bool,
    ) -> Vec<(f64, usize, usize)> {
        let open: Vec<usize> = (0..self.about.len()).filter(|item| may_stand(*item)).collect();
        let all = maths::sum(self.importance.iter().copied());
        let mut foremost: Vec<(f64, usize, usize)> = Vec::with_capacity(CANDIDATES + 1);
        let mut least = -1.0;
        for (at, &a) in open.iter().enumerate() {
            for &b in &open[at + 1..] {
                let gain = self.about(a, b, all);
                if gain <= least || !may_ask(a, b) {
                    continue;
                }
                let place = foremost.partition_point(|known| known.0 >= gain);
                foremost.insert(place, (gain, a, b));
                if foremost.len() > CANDIDATES {
                    foremost.pop();
                    least = foremost[CANDIDATES - 1].0;
                }
            }
        }
        foremost
    }

    /// What the criterion says if `C` were diagonal.
    fn about(&self, a: usize, b: usize, all: f64) -> f64 {
        let both = chance_both(&self.strengths, a, b);
        let (own, other) = (self.about[a], self.about[b]);
        let (weight_a, weight_b) = (self.weights[a], self.weights[b]);
        match self.criterion {
            Criterion::Information => both * (own + other),
            Criterion::WeightedInformation => both * (own + other) * (weight_a + weight_b),
            Criterion::Variance | Criterion::TotalVariation => {
                let common = weight_a * own - weight_b * other;
                let (first, second) = (own - common, other + common);
                let (q_a, q_b) = (self.importance[a], self.importance[b]);
                let square = q_a * first * first
                    + q_b * second * second
                    + (all - q_a - q_b) * common * common;
                both * square / (1.0 + both * (own + other))
            }
        }
    }

    /// What the criterion says of each of these pairs.
    fn exactly(&self, pairs: &[(f64, usize, usize)]) -> [f64; SIDE_BY_SIDE] {
        let mut columns = vec![[0.0; SIDE_BY_SIDE]; self.about.len()];
        for (k, &(_, a, b)) in pairs.iter().enumerate() {
            (columns[a][k], columns[b][k]) = (1.0, -1.0);
        }
        self.system.solve(&mut columns, COLUMN_ENOUGH);
        std::array::from_fn(|k| pairs.get(k).map_or(0.0, |&(_, a, b)| self.gain(&columns, k, a, b)))
    }

    fn gain(&self, columns: &[[f64; SIDE_BY_SIDE]], k: usize, a: usize, b: usize) -> f64 {
        let variance = columns[a][k] - columns[b][k];
        let both = chance_both(&self.strengths, a, b);
        match self.criterion {
            Criterion::Information => both * variance,
            Criterion::WeightedInformation => both * variance * (self.weights[a] + self.weights[b]),
            Criterion::Variance | Criterion::TotalVariation => {
                let common: f64 =
                    columns.iter().zip(&self.weights).map(|(row, weight)| weight * row[k]).sum();
                let square: f64 = columns
                    .iter()
                    .zip(&self.importance)
                    .map(|(row, q)| q * (row[k] - common) * (row[k] - common))
                    .sum();
                both * square / (1.0 + both * variance)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::covariance::Covariance;
    use super::super::mode::mode;
    use super::*;
    use crate::synthetic::Jury;

    #[test]
    fn its_pair_is_about_as_good_as_the_best() {
        for (_, criterion) in Criterion::ALL {
            for (items, answers) in [(60, 2_000), (60, 150)] {
                let mut drawn = Jury { items, ..Jury::default() }.draw(8);
                let evidence = Evidence::of(&drawn.comparisons(answers));
                let logs = mode(&evidence, 0.3, &vec![0.0; items], 1e-9);
                let lazy = Lazy::new(&evidence, 0.3, &logs, criterion);
                let dense = Covariance::new(&evidence, 0.3, &logs, criterion);
                let (a, b, gain) = lazy.best(|_| true, |_, _| true).unwrap();
                let (.., best) = dense.best(|_| true, |_, _| true).unwrap();
                let exact = dense.gain(a, b);
                assert!(exact >= 0.9 * best, "{criterion:?} {answers}: {exact} of {best}");
                assert!((gain - exact).abs() < 0.1 * exact, "{criterion:?}: {gain} {exact}");
            }
        }
    }
}
