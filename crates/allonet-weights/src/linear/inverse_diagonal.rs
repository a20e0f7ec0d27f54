//! The diagonal of the inverse of a Laplacian: variances, all at once.
//!
//! # Formula
//!
//! Up to a thousand rows exactly, from a factorisation. Above, by random signs
//! `v`: the mean of `v ∘ (A⁺ − N) v` is the diagonal of `A⁺ − N`, where
//!
//! ```text
//! N = P (D⁻¹ + D⁻¹W D⁻¹ + D⁻¹W D⁻¹W D⁻¹) P,   A = D − W,   P = 1 − 11ᵀ/n
//! ```
//!
//! are the first terms of the Neumann series, whose own diagonal is known. On
//! well-joined graphs little is left to chance. The direction of equal entries,
//! which a weak prior holds loosely, is solved for and not left to chance:
//! `X_ii = (P X P)_ii + 2 (X1)_i / n − 1ᵀX1 / n²`.
//!
//! # Sources
//!
//! * Bekas, Kokiopoulou, Saad (2007), *An estimator for the diagonal of a
//!   matrix*; the control variate is ours.

use rayon::prelude::*;

use super::block::{self, LANES, Lanes};
use super::{Laplacian, Symmetric};
use crate::random::Random;

/// The diagonal of an inverse.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Diagonal {
    /// The diagonal, of the pseudo-inverse for a singular matrix.
    pub(crate) values: Vec<f64>,
    /// The largest standard error of an entry relative to it; zero where exact.
    pub(crate) relative_error: f64,
    /// Random vectors used; zero where exact.
    pub(crate) probes: usize,
}

/// Rows up to which the matrix is factorised.
const DENSE: usize = 1000;
const SEED: u64 = 0x0D1A_604A;
const MOST_BLOCKS: u64 = 64;
/// A relative standard error that is enough: half of it for a square root.
const ENOUGH: f64 = 5e-3;
const SOLVED: f64 = 1e-8;

/// The diagonal of the inverse; none if the matrix is singular for another
/// reason than that rows of one island add up to zero.
pub(crate) fn inverse_diagonal(matrix: &Laplacian) -> Option<Diagonal> {
    if matrix.size() <= 1 && matrix.is_singular() {
        return Some(Diagonal { values: vec![0.0; matrix.size()], relative_error: 0.0, probes: 0 });
    }
    if matrix.size() <= DENSE { factorised(matrix) } else { probed(matrix) }
}

fn factorised(matrix: &Laplacian) -> Option<Diagonal> {
    let mut dense = Symmetric::zeros(matrix.size());
    for (row, diagonal) in matrix.diagonal().enumerate() {
        dense.add(row, row, diagonal);
        let (others, weights) = matrix.edges(row);
        let edges = others.iter().zip(weights).filter(|(other, _)| (**other as usize) < row);
        edges.for_each(|(other, weight)| dense.add(row, *other as usize, -weight));
    }
    let (dense, constant) = if matrix.is_singular() {
        let (grounded, ground) = dense.grounded();
        let size = matrix.size() as f64;
        (grounded, 1.0 / (ground * size * size))
    } else {
        (dense, 0.0)
    };
    let values = dense.cholesky()?.inverse_diagonal();
    let values = values.into_iter().map(|value| value - constant).collect();
    Some(Diagonal { values, relative_error: 0.0, probes: 0 })
}

fn probed(matrix: &Laplacian) -> Option<Diagonal> {
    let inverse: Vec<f64> = matrix.diagonal().map(f64::recip).collect();
    if inverse.iter().any(|inverse| !inverse.is_finite()) {
        return None;
    }
    let mut known = series_diagonal(matrix, &inverse);
    if !matrix.is_singular() {
        let size = matrix.size() as f64;
        let solved = matrix.solve(&vec![1.0; matrix.size()]).values;
        let mean = solved.iter().sum::<f64>() / (size * size);
        known.iter_mut().zip(solved).for_each(|(known, own)| *known += 2.0 * own / size - mean);
    }
    let mut sums = vec![(0.0, 0.0); matrix.size()];
    let mut diagonal = Diagonal { values: Vec::new(), relative_error: f64::INFINITY, probes: 0 };
    for number in 0..MOST_BLOCKS {
        for (sum, row) in sums.iter_mut().zip(&probe(matrix, &inverse, number)) {
            *sum =
                (sum.0 + row.iter().sum::<f64>(), sum.1 + row.iter().map(|x| x * x).sum::<f64>());
        }
        diagonal.probes += LANES;
        let count = diagonal.probes as f64;
        diagonal.values =
            known.iter().zip(&sums).map(|(known, sum)| known + sum.0 / count).collect();
        let errors = sums.iter().zip(&diagonal.values).map(|((sum, squares), value)| {
            let variance = (squares - sum * sum / count).max(0.0) / (count * (count - 1.0));
            variance.sqrt() / value
        });
        diagonal.relative_error = errors.fold(0.0, f64::max);
        if diagonal.relative_error <= ENOUGH {
            break;
        }
    }
    // A variance is never below that of an item whose opponents are all known.
    let least = inverse.iter().map(|inverse| if matrix.is_singular() { 0.0 } else { *inverse });
    diagonal.values.iter_mut().zip(least).for_each(|(value, least)| *value = value.max(least));
    Some(diagonal)
}

/// `v ∘ (A⁺ − N) v` for eight vectors of random signs.
fn probe(matrix: &Laplacian, inverse: &[f64], number: u64) -> Vec<Lanes> {
    let mut random = Random::part(SEED, number);
    let signs: Vec<Lanes> = (0..matrix.size())
        .map(|_| {
            let bits = random.bits();
            std::array::from_fn(|lane| if bits >> lane & 1 == 1 { 1.0 } else { -1.0 })
        })
        .collect();
    let mut right = signs.clone();
    block::centre(&mut right);
    let mut solved = block::solve(matrix, &right, SOLVED);
    block::centre(&mut solved);
    let series = series(matrix, inverse, &right);
    let rows = signs.par_iter().zip(&solved).zip(&series);
    rows.map(|((signs, solved), series)| {
        std::array::from_fn(|lane| signs[lane] * (solved[lane] - series[lane]))
    })
    .collect()
}

/// `P (D⁻¹ + D⁻¹W D⁻¹ + D⁻¹W D⁻¹W D⁻¹) X`.
fn series(matrix: &Laplacian, inverse: &[f64], x: &[Lanes]) -> Vec<Lanes> {
    let scaled = |x: &[Lanes]| -> Vec<Lanes> {
        x.iter().zip(inverse).map(|(x, inverse)| x.map(|x| x * inverse)).collect()
    };
    let first = scaled(x);
    let mut sum = first.clone();
    let mut term = first;
    for _ in 0..2 {
        // D⁻¹W x = x − D⁻¹A x.
        let image = scaled(&block::times(matrix, &term));
        for ((sum, term), image) in sum.iter_mut().zip(&mut term).zip(&image) {
            for lane in 0..LANES {
                term[lane] -= image[lane];
                sum[lane] += term[lane];
            }
        }
    }
    block::centre(&mut sum);
    sum
}

/// The diagonal of `N`.
fn series_diagonal(matrix: &Laplacian, inverse: &[f64]) -> Vec<f64> {
    let own = |row: usize| {
        let (others, weights) = matrix.edges(row);
        let squares = others.iter().zip(weights);
        let around: f64 =
            squares.map(|(other, weight)| weight * weight * inverse[*other as usize]).sum();
        inverse[row] + inverse[row] * inverse[row] * around
    };
    let mut diagonal: Vec<f64> = (0..matrix.size()).into_par_iter().map(own).collect();
    // (P N P)_ii = N_ii − 2 (N1)_i / n + 1ᵀN1 / n², with N not yet centred.
    let size = matrix.size() as f64;
    let (mut ones, mut image) = (inverse.to_vec(), inverse.to_vec());
    for _ in 0..2 {
        for (at, times) in matrix.times(&image).into_iter().enumerate() {
            image[at] -= inverse[at] * times;
            ones[at] += image[at];
        }
    }
    let mean = ones.iter().sum::<f64>() / (size * size);
    diagonal.iter_mut().zip(ones).for_each(|(own, ones)| *own += mean - 2.0 * ones / size);
    diagonal
}

#[cfg(test)]
mod tests {
    use super::*;

    fn random_graph(size: usize, degree: usize, added: f64) -> Laplacian {
        let mut random = Random::new(3);
        let mut place = |end: usize| u32::try_from(random.below(end)).expect("small");
        let mut edges = Vec::new();
        for _ in 0..size * degree / 2 {
            let (a, b) = (place(size), place(size));
            if a != b {
                edges.push((a, b, 0.05 + f64::from(place(100)) / 500.0));
            }
        }
        // A circle joins everything.
        let size = u32::try_from(size).expect("small");
        edges.extend((0..size).map(|a| (a, (a + 1) % size, 0.1)));
        Laplacian::new(size as usize, edges).with_ridge(added)
    }

    #[test]
    fn probes_find_what_the_factorisation_finds() {
        for (degree, added) in [(40, 0.0), (8, 0.0), (40, 0.3), (0, 0.5)] {
            let matrix = random_graph(300, degree, added);
            let exact = factorised(&matrix).unwrap();
            let probed = probed(&matrix).unwrap();
            assert!(
                probed.relative_error > 0.0 && probed.relative_error < 0.05,
                "{degree} {added} {} {}",
                probed.relative_error,
                probed.probes
            );
            for (found, exact) in probed.values.iter().zip(&exact.values) {
                let off = (found / exact - 1.0).abs();
                assert!(off < 5.0 * probed.relative_error, "{found} {exact} {degree}");
            }
        }
    }

    #[test]
    fn a_pair_has_a_quarter_each() {
        // L = [[2, −2], [−2, 2]], L⁺ = L / 16.
        let pair = Laplacian::new(2, [(0, 1, 2.0)]);
        let diagonal = inverse_diagonal(&pair).unwrap();
        assert!(diagonal.values.iter().all(|value| (value - 0.125).abs() < 1e-15));
        assert_eq!((diagonal.relative_error, diagonal.probes), (0.0, 0));
    }
}
