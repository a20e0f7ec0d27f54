//! Weighted graph Laplacians `Σ w (e_a − e_b)(e_a − e_b)ᵀ + ridge·I`.

use rayon::prelude::*;

use super::dense::dot;

/// A Laplacian in compressed rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Laplacian {
    diagonal: Vec<f64>,
    offsets: Vec<usize>,
    others: Vec<u32>,
    weights: Vec<f64>,
    ridge: f64,
    /// Whether vectors of equal entries are sent to zero.
    singular: bool,
}

/// A solution and how it was come by.
#[derive(Debug, Clone, PartialEq)]
pub struct Solved {
    /// The solution.
    pub values: Vec<f64>,
    /// How many steps it took.
    pub iterations: usize,
    /// What is left of the right side, relative to it.
    pub residual: f64,
}

/// Entries from which on a product is shared among threads.
pub(super) const WORTH_SHARING: usize = 1 << 14;
/// Conjugate gradients stop when this part of the right side is left.
const ENOUGH: f64 = 1e-14;

impl Laplacian {
    /// From edges `(a, b, weight)` in any order; those of one pair add up.
    pub fn new(size: usize, edges: impl IntoIterator<Item = (u32, u32, f64)>) -> Self {
        let mut entries: Vec<(u32, u32, f64)> =
            edges.into_iter().flat_map(|(a, b, weight)| [(a, b, weight), (b, a, weight)]).collect();
        entries.sort_unstable_by(|x, y| (x.0, x.1).cmp(&(y.0, y.1)).then(x.2.total_cmp(&y.2)));
        let mut laplacian = Self {
            diagonal: vec![0.0; size],
            offsets: vec![0; size + 1],
            others: Vec::new(),
            weights: Vec::new(),
            ridge: 0.0,
            singular: true,
        };
        for same in entries.chunk_by(|x, y| (x.0, x.1) == (y.0, y.1)) {
            let weight: f64 = same.iter().map(|entry| entry.2).sum();
            laplacian.others.push(same[0].1);
            laplacian.weights.push(weight);
            laplacian.offsets[same[0].0 as usize + 1] += 1;
            laplacian.diagonal[same[0].0 as usize] += weight;
        }
        for at in 1..laplacian.offsets.len() {
            laplacian.offsets[at] += laplacian.offsets[at - 1];
        }
        laplacian
    }

    /// With so much added to the diagonal.
    #[must_use]
    pub fn with_ridge(mut self, ridge: f64) -> Self {
        self.singular &= ridge == 0.0;
        self.ridge = ridge;
        self
    }

    /// From compressed rows in which every edge stands twice, and what is added
    /// to the diagonal.
    pub(crate) fn from_rows(
        offsets: &[usize],
        others: &[u32],
        weights: Vec<f64>,
        added: &[f64],
    ) -> Self {
        let row = |row: usize| &weights[offsets[row]..offsets[row + 1]];
        let diagonal =
            added.iter().enumerate().map(|(at, added)| added + row(at).iter().sum::<f64>());
        Self {
            diagonal: diagonal.collect(),
            offsets: offsets.to_vec(),
            others: others.to_vec(),
            weights,
            ridge: 0.0,
            singular: added.iter().all(|added| *added == 0.0),
        }
    }

    /// The diagonal, ridge included.
    pub(crate) fn diagonal(&self) -> impl ExactSizeIterator<Item = f64> + '_ {
        self.diagonal.iter().map(|diagonal| diagonal + self.ridge)
    }

    /// Whether vectors of equal entries are sent to zero.
    pub(crate) fn is_singular(&self) -> bool {
        self.singular
    }

    /// The opponents of a row and the weights of the edges to them.
    pub(crate) fn edges(&self, row: usize) -> (&[u32], &[f64]) {
        let range = self.offsets[row]..self.offsets[row + 1];
        (&self.others[range.clone()], &self.weights[range])
    }

    /// How many rows it has.
    pub fn size(&self) -> usize {
        self.diagonal.len()
    }

    /// `A x`.
    pub fn times(&self, x: &[f64]) -> Vec<f64> {
        let row = |item: usize| {
            let (others, weights) = self.edges(item);
            let edges = others.iter().zip(weights);
            let pulled: f64 = edges.map(|(other, weight)| weight * x[*other as usize]).sum();
            (self.diagonal[item] + self.ridge) * x[item] - pulled
        };
        // Handing out work costs more than a small product.
        if self.others.len() < WORTH_SHARING {
            return (0..self.size()).map(row).collect();
        }
        (0..self.size()).into_par_iter().with_min_len(64).map(row).collect()
    }

    /// Solves `A x = b` by conjugate gradients, preconditioned by the diagonal.
    ///
    /// Without a ridge the matrix is singular: `b` must add up to zero on each
    /// island, and of all solutions the one that adds up to zero on the whole
    /// is given.
    pub fn solve(&self, right: &[f64]) -> Solved {
        let size = self.size();
        let precondition = |values: &[f64]| -> Vec<f64> {
            let scaled = values.iter().zip(&self.diagonal).map(|(value, diagonal)| {
                let diagonal = diagonal + self.ridge;
                if diagonal > 0.0 { value / diagonal } else { 0.0 }
            });
            scaled.collect()
        };
        let size_of_right = dot(right, right).sqrt();
        let mut solved = Solved { values: vec![0.0; size], iterations: 0, residual: 0.0 };
        if size_of_right == 0.0 {
            return solved;
        }
        let mut rest = right.to_vec();
        let mut scaled = precondition(&rest);
        let mut direction = scaled.clone();
        let mut product = dot(&rest, &scaled);
        let mut best = f64::INFINITY;
        let mut since_best = 0;
        for iteration in 1..=10 * size + 100 {
            let image = self.times(&direction);
            let curvature = dot(&direction, &image);
            if curvature <= 0.0 || curvature.is_nan() {
                break;
            }
            let step = product / curvature;
            for at in 0..size {
                solved.values[at] += step * direction[at];
                rest[at] -= step * image[at];
            }
            solved.iterations = iteration;
            solved.residual = dot(&rest, &rest).sqrt() / size_of_right;
            // Rounding sets a floor that cannot be promised beforehand.
            since_best = if solved.residual < best * 0.9 { 0 } else { since_best + 1 };
            best = best.min(solved.residual);
            if solved.residual <= ENOUGH || (best < 1e-12 && since_best > 20) {
                break;
            }
            scaled = precondition(&rest);
            let next = dot(&rest, &scaled);
            let keep = next / product;
            product = next;
            for at in 0..size {
                direction[at] = scaled[at] + keep * direction[at];
            }
        }
        if self.singular {
            crate::estimate::centre(&mut solved.values);
        }
        solved
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_is_solved_exactly() {
        let chain = Laplacian::new(3, [(0, 1, 1.0), (2, 1, 2.0)]);
        let solved = chain.solve(&[-1.0, 0.0, 1.0]);
        let expected = [-5.0 / 6.0, 1.0 / 6.0, 4.0 / 6.0];
        for (found, expected) in solved.values.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-13, "{solved:?}");
        }
    }
}
