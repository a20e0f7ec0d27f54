//! Conjugate gradients for eight right sides at once: one pass over the matrix
//! serves all of them.

use rayon::prelude::*;

use super::laplacian::{Laplacian, WORTH_SHARING};

/// Right sides solved at once.
pub(crate) const LANES: usize = 8;

/// A row of eight vectors.
pub(crate) type Lanes = [f64; LANES];

/// `A X`.
pub(crate) fn times(matrix: &Laplacian, x: &[Lanes]) -> Vec<Lanes> {
    let diagonal: Vec<f64> = matrix.diagonal().collect();
    let row = |item: usize| {
        let (others, weights) = matrix.edges(item);
        let mut pulled = [0.0; LANES];
        for (other, weight) in others.iter().zip(weights) {
            let other = &x[*other as usize];
            for lane in 0..LANES {
                pulled[lane] += weight * other[lane];
            }
        }
        std::array::from_fn(|lane| diagonal[item] * x[item][lane] - pulled[lane])
    };
    if matrix.size() * LANES < WORTH_SHARING {
        return (0..matrix.size()).map(row).collect();
    }
    (0..matrix.size()).into_par_iter().with_min_len(64).map(row).collect()
}

/// Solves `A X = B` until this part of each right side is left. Of a singular
/// matrix the columns of `B` must add up to zero; so do those of the solution.
pub(crate) fn solve(matrix: &Laplacian, right: &[Lanes], enough: f64) -> Vec<Lanes> {
    let inverse: Vec<f64> =
        matrix.diagonal().map(|d| if d > 0.0 { 1.0 / d } else { 0.0 }).collect();
    let precondition = |rest: &[Lanes]| -> Vec<Lanes> {
        rest.iter().zip(&inverse).map(|(rest, inverse)| rest.map(|rest| rest * inverse)).collect()
    };
    let mut solution = vec![[0.0; LANES]; right.len()];
    let mut rest = right.to_vec();
    let mut direction = precondition(&rest);
    let mut product = products(&rest, &direction);
    let goal = product.map(|product| product * enough * enough);
    let mut stalled = 0;
    let mut best = f64::INFINITY;
    for _ in 0..10 * right.len() + 100 {
        if (0..LANES).all(|lane| product[lane] <= goal[lane]) || stalled > 50 {
            break;
        }
        let image = times(matrix, &direction);
        let curvature = products(&direction, &image);
        // A settled lane stays where it is.
        let step: Lanes = std::array::from_fn(|lane| {
            let moves = product[lane] > goal[lane] && curvature[lane] > 0.0;
            if moves { product[lane] / curvature[lane] } else { 0.0 }
        });
        add_scaled(&mut solution, step, &direction);
        add_scaled(&mut rest, step.map(|step| -step), &image);
        let scaled = precondition(&rest);
        let next = products(&rest, &scaled);
        let keep: Lanes =
            std::array::from_fn(
                |lane| {
                    if product[lane] > 0.0 { next[lane] / product[lane] } else { 0.0 }
                },
            );
        for (direction, scaled) in direction.iter_mut().zip(&scaled) {
            for lane in 0..LANES {
                direction[lane] = scaled[lane] + keep[lane] * direction[lane];
            }
        }
        product = next;
        let left =
            (0..LANES).map(|lane| if goal[lane] > 0.0 { next[lane] / goal[lane] } else { 0.0 });
        let left = left.fold(0.0, f64::max);
        stalled = if left < best * 0.8 { 0 } else { stalled + 1 };
        best = best.min(left);
    }
    if matrix.is_singular() {
        centre(&mut solution);
    }
    solution
}

/// Takes the mean off each column.
pub(crate) fn centre(columns: &mut [Lanes]) {
    let mut sums = [0.0; LANES];
    for row in columns.iter() {
        (0..LANES).for_each(|lane| sums[lane] += row[lane]);
    }
    let means = sums.map(|sum| sum / columns.len().max(1) as f64);
    for row in columns {
        (0..LANES).for_each(|lane| row[lane] -= means[lane]);
    }
}

fn products(a: &[Lanes], b: &[Lanes]) -> Lanes {
    let mut sums = [0.0; LANES];
    for (a, b) in a.iter().zip(b) {
        (0..LANES).for_each(|lane| sums[lane] += a[lane] * b[lane]);
    }
    sums
}

fn add_scaled(to: &mut [Lanes], factor: Lanes, what: &[Lanes]) {
    for (to, what) in to.iter_mut().zip(what) {
        (0..LANES).for_each(|lane| to[lane] += factor[lane] * what[lane]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_solved_as_one_by_one() {
        let edges = (0..40_u32).flat_map(|a| [(a, (a + 1) % 40, 1.0), (a, (a * 7 + 3) % 40, 0.3)]);
        let matrix = Laplacian::new(40, edges.filter(|edge| edge.0 != edge.1));
        let mut right: Vec<Lanes> = (0..40)
            .map(|row| std::array::from_fn(|lane| ((row * 31 + lane * 17) % 16) as f64))
            .collect();
        for row in &mut right {
            row[5] = 0.0;
        }
        centre(&mut right);
        let solved = solve(&matrix, &right, 1e-13);
        for lane in 0..LANES {
            let column: Vec<f64> = right.iter().map(|row| row[lane]).collect();
            for (found, expected) in solved.iter().zip(matrix.solve(&column).values) {
                assert!((found[lane] - expected).abs() < 1e-10);
            }
        }
    }
}
