//! The point of a simplex nearest to a target: the best mix of models.
//!
//! # Formula
//!
//! ```text
//! min_w ‖Mᵀ w − c‖²,  w ≥ 0,  Σ w = 1
//! ```
//!
//! As `Σ w = 1`, that is the point of smallest norm in the hull of the points
//! `m_k − c`, which Wolfe's algorithm finds exactly, in finitely many steps: it
//! keeps an affinely independent set of points whose affine minimum lies inside,
//! adds the point that leads on most, and drops those left behind.
//!
//! # Known weaknesses
//!
//! * Where two mixes are equally good, one of them is given: models that say the
//!   same share arbitrarily, the first takes it.
//!
//! # Sources
//!
//! * Wolfe (1976), *Finding the nearest point in a polytope*, Mathematical
//!   Programming 11.
//! * `deepfunding/scoring`, `find_optimal_weights` (SLSQP for the same problem).

use allonet_core::maths;

use crate::linear::Symmetric;

/// A point of the simplex, and how far from the best it can be at most.
#[derive(Debug, Clone, PartialEq)]
pub struct Nearest {
    /// Part of each model; at least zero, adding up to one.
    pub weights: Vec<f64>,
    /// `‖Mᵀ w − c‖²`.
    pub cost: f64,
    /// By how much at most a better mix could lower half of the cost.
    pub gap: f64,
    /// Steps taken.
    pub iterations: usize,
}

/// The mix of `models` nearest to `target`. None where there is no model, or one
/// whose length differs from the target's, or a figure is not finite.
///
/// ```
/// use allonet_weights::sources::simplex::nearest;
///
/// // Halfway between 0 and 2 lies 1; of three models the third is of no use.
/// let models = [vec![0.0, 0.0], vec![2.0, 0.0], vec![2.0, 9.0]];
/// let found = nearest(&models, &[1.0, 0.0]).unwrap();
/// assert_eq!(found.weights, [0.5, 0.5, 0.0]);
/// assert_eq!(found.cost, 0.0);
/// ```
pub fn nearest(models: &[Vec<f64>], target: &[f64]) -> Option<Nearest> {
    let finite = |row: &[f64]| row.len() == target.len() && row.iter().all(|x| x.is_finite());
    if models.is_empty() || !finite(target) || !models.iter().all(|model| finite(model)) {
        return None;
    }
    let points: Vec<Vec<f64>> =
        models.iter().map(|model| model.iter().zip(target).map(|(m, c)| m - c).collect()).collect();
    let mut search = Search::new(&points);
    // Each step lowers the norm over another set of points: it ends.
    let most = 100 * points.len() + 100;
    while search.iterations < most && search.step() {}
    let weights = search.weights;
    let residual = mixed(&points, &weights);
    let cost = product(&residual, &residual);
    let least = points.iter().map(|point| product(&residual, point)).fold(cost, f64::min);
    Some(Nearest { weights, cost, gap: (cost - least).max(0.0), iterations: search.iterations })
}

/// Wolfe's algorithm on the matrix of the points' products.
struct Search {
    products: Vec<Vec<f64>>,
    /// The points in use, ascending.
    corral: Vec<usize>,
    weights: Vec<f64>,
    iterations: usize,
    /// Below this a gap is rounding.
    enough: f64,
}

impl Search {
    fn new(points: &[Vec<f64>]) -> Self {
        let products: Vec<Vec<f64>> =
            points.iter().map(|a| points.iter().map(|b| product(a, b)).collect()).collect();
        let size = |at: usize| products[at][at];
        let mut first = 0;
        for at in 1..points.len() {
            if size(at) < size(first) {
                first = at;
            }
        }
        let largest = (0..points.len()).map(size).fold(0.0, f64::max);
        let mut weights = vec![0.0; points.len()];
        weights[first] = 1.0;
        Self { products, corral: vec![first], weights, iterations: 0, enough: 1e-15 * largest }
    }

    /// Takes in the point that leads on most; false where none does.
    fn step(&mut self) -> bool {
        self.iterations += 1;
        let along: Vec<f64> = self
            .products
            .iter()
            .map(|row| maths::sum(row.iter().zip(&self.weights).map(|(p, w)| p * w)))
            .collect();
        let norm = maths::sum(along.iter().zip(&self.weights).map(|(a, w)| a * w));
        let mut candidates: Vec<usize> = (0..along.len())
            .filter(|at| !self.corral.contains(at) && norm - along[*at] > self.enough)
            .collect();
        candidates.sort_by(|a, b| along[*a].total_cmp(&along[*b]));
        // A point that lies in the span of those in use, up to rounding, is passed over.
        candidates.into_iter().any(|point| self.take_in(point))
    }

    /// Moves to the minimum with this point in use; false if there is none.
    fn take_in(&mut self, point: usize) -> bool {
        let before = (self.corral.clone(), self.weights.clone(), self.norm());
        self.corral.push(point);
        self.corral.sort_unstable();
        while let Some(affine) = self.affine_minimum() {
            if affine.iter().all(|weight| *weight > 0.0) {
                self.set(&affine);
                break;
            }
            self.move_towards(&affine);
        }
        if self.norm() < before.2 {
            return true;
        }
        (self.corral, self.weights) = (before.0, before.1);
        false
    }

    fn norm(&self) -> f64 {
        let row = |a: &usize| {
            let products = self.corral.iter().map(|b| self.products[*a][*b] * self.weights[*b]);
            self.weights[*a] * maths::sum(products)
        };
        maths::sum(self.corral.iter().map(row))
    }

    /// Weights, adding up to one, of the smallest point of the affine hull of
    /// those in use; none if they are dependent.
    fn affine_minimum(&self) -> Option<Vec<f64>> {
        // Products relative to the first point: what is left has no constraint.
        let (first, rest) = self.corral.split_first()?;
        if rest.is_empty() {
            return Some(vec![1.0]);
        }
        let q = |a: usize, b: usize| self.products[a][b];
        let mut matrix = Symmetric::zeros(rest.len());
        for (i, a) in rest.iter().enumerate() {
            for (j, b) in rest.iter().enumerate().take(i + 1) {
                matrix.add(i, j, q(*a, *b) - q(*a, *first) - q(*first, *b) + q(*first, *first));
            }
        }
        let mut weights: Vec<f64> =
            rest.iter().map(|a| q(*first, *first) - q(*a, *first)).collect();
        matrix.cholesky()?.solve(&mut weights);
        let own = 1.0 - maths::sum(weights.iter().copied());
        weights.insert(0, own);
        Some(weights)
    }

    fn set(&mut self, weights: &[f64]) {
        self.weights.fill(0.0);
        for (point, weight) in self.corral.iter().zip(weights) {
            self.weights[*point] = *weight;
        }
    }

    /// Goes as far as the simplex allows and drops who is left behind.
    fn move_towards(&mut self, affine: &[f64]) {
        let now: Vec<f64> = self.corral.iter().map(|point| self.weights[*point]).collect();
        let limit = |(now, then): (&f64, &f64)| (*then <= 0.0).then(|| now / (now - then));
        let reach = now.iter().zip(affine).filter_map(limit);
        // A point just taken in stands at zero and may be dropped at once.
        let reach = reach.filter(|part| part.is_finite()).fold(1.0, f64::min);
        let moved: Vec<f64> =
            now.iter().zip(affine).map(|(now, then)| now + reach * (then - now)).collect();
        let left = |(now, then): (&f64, &f64)| *then <= 0.0 && now / (now - then) <= reach;
        let stays: Vec<bool> = now
            .iter()
            .zip(affine)
            .map(|pair| !(left(pair) || *pair.0 == 0.0 && *pair.1 <= 0.0))
            .collect();
        let kept: Vec<(usize, f64)> = self
            .corral
            .iter()
            .zip(moved)
            .zip(stays)
            .filter_map(|((point, weight), stays)| stays.then_some((*point, weight.max(0.0))))
            .collect();
        let total = maths::sum(kept.iter().map(|pair| pair.1));
        self.corral = kept.iter().map(|pair| pair.0).collect();
        let weights: Vec<f64> = kept.iter().map(|pair| pair.1 / total).collect();
        self.set(&weights);
    }
}

fn mixed(points: &[Vec<f64>], weights: &[f64]) -> Vec<f64> {
    let entry = |at: usize| maths::sum(points.iter().zip(weights).map(|(p, w)| p[at] * w));
    (0..points[0].len()).map(entry).collect()
}

fn product(a: &[f64], b: &[f64]) -> f64 {
    maths::sum(a.iter().zip(b).map(|(a, b)| a * b))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]
        #[test]
        fn no_mix_is_better(
            models in prop::collection::vec(prop::collection::vec(-3.0_f64..3.0, 6), 1..9),
            target in prop::collection::vec(-3.0_f64..3.0, 6),
            twins in any::<bool>(),
        ) {
            let mut models = models;
            if twins {
                models.push(models[0].clone());
            }
            let found = nearest(&models, &target).expect("finite");
            prop_assert!(found.weights.iter().all(|weight| *weight >= 0.0));
            prop_assert!((found.weights.iter().sum::<f64>() - 1.0).abs() < 1e-12);
            // Karush, Kuhn, Tucker: all models in use have the same slope, no other has less.
            let residual: Vec<f64> = (0..6)
                .map(|row| {
                    let said = models.iter().zip(&found.weights).map(|(model, w)| model[row] * w);
                    said.sum::<f64>() - target[row]
                })
                .collect();
            let slope = |model: &Vec<f64>| model.iter().zip(&residual).map(|(m, r)| m * r).sum();
            let slopes: Vec<f64> = models.iter().map(slope).collect();
            let least = slopes.iter().copied().fold(f64::INFINITY, f64::min);
            for (slope, weight) in slopes.iter().zip(&found.weights) {
                prop_assert!(*weight == 0.0 || slope - least < 1e-9, "{slopes:?} {found:?}");
            }
            prop_assert!(found.gap < 1e-9);
        }
    }

    #[test]
    fn what_cannot_be_mixed_is_none() {
        assert_eq!(nearest(&[], &[1.0]), None);
        assert_eq!(nearest(&[vec![1.0]], &[1.0, 2.0]), None);
        assert_eq!(nearest(&[vec![f64::NAN]], &[1.0]), None);
        let alone = nearest(&[vec![3.0]], &[1.0]).expect("one model");
        assert_eq!((alone.weights, alone.cost.to_bits()), (vec![1.0], 4.0_f64.to_bits()));
        let same = nearest(&[vec![1.0], vec![1.0]], &[1.0]).expect("two models");
        assert_eq!((same.weights, same.gap.to_bits()), (vec![1.0, 0.0], 0));
    }
}
