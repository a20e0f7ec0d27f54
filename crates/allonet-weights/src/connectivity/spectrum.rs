//! How firmly comparisons join the items.

use crate::comparisons::Tally;
use crate::estimate::centre;
use crate::linear::{Laplacian, dot, inverse_diagonal};
use crate::random::Random;

/// Figures of the Laplacian of comparison counts; see
/// [the module](crate::connectivity).
#[derive(Debug, Clone, PartialEq)]
pub struct Joined {
    /// `λ₂`, in comparisons.
    pub second_eigenvalue: f64,
    /// `tr(L⁺)/n`, per comparison; above a thousand items within half a per
    /// cent.
    pub mean_variance: f64,
}

/// Less than so many comparisons hold some group in its place.
const WEAK: f64 = 1.0;

impl Joined {
    /// A sentence for the user where the items are joined weakly: `λ₂ < 1`.
    pub fn warning(&self) -> Option<String> {
        (self.second_eigenvalue < WEAK).then(|| {
            format!(
                "the comparisons join the items weakly (λ₂ = {:.3} comparisons): the standard \
                 error of some contrast of log weights is {:.1} or more; ask questions that cross \
                 the groups",
                self.second_eigenvalue,
                2.0 / self.second_eigenvalue.sqrt()
            )
        })
    }
}

/// How firmly a tally joins its items; none if it does not join all, or there
/// are not two.
pub fn joined(tally: &Tally) -> Option<Joined> {
    let items = tally.items();
    if items < 2 || super::islands(tally).len() > 1 {
        return None;
    }
    let games = tally.wins.iter().zip(&tally.losses).map(|(wins, losses)| wins + losses).collect();
    let laplacian = Laplacian::from_rows(&tally.offsets, &tally.others, games, &vec![0.0; items]);
    let variances = inverse_diagonal(&laplacian)?.values;
    Some(Joined {
        second_eigenvalue: 1.0 / largest_of_inverse(&laplacian),
        mean_variance: variances.iter().sum::<f64>() / items as f64,
    })
}

const SEED: u64 = 0x001A_9C05;
const MOST_STEPS: usize = 100;
const SETTLED: f64 = 1e-11;

/// The largest eigenvalue of `L⁺`, by Lanczos' iteration with every vector kept
/// orthogonal to all before.
fn largest_of_inverse(laplacian: &Laplacian) -> f64 {
    let mut random = Random::new(SEED);
    let mut next: Vec<f64> = (0..laplacian.size()).map(|_| random.normal()).collect();
    centre(&mut next);
    let mut basis: Vec<Vec<f64>> = Vec::new();
    let (mut diagonal, mut beside) = (Vec::new(), Vec::new());
    let mut largest = 0.0;
    for _ in 0..MOST_STEPS.min(laplacian.size() - 1) {
        let length = dot(&next, &next).sqrt();
        if !basis.is_empty() {
            if length <= largest * 1e-13 {
                break;
            }
            beside.push(length);
        }
        for value in &mut next {
            *value /= length;
        }
        let mut image = laplacian.solve(&next).values;
        diagonal.push(dot(&image, &next));
        basis.push(next);
        // Twice is enough.
        for vector in basis.iter().chain(&basis) {
            let along = dot(&image, vector);
            image.iter_mut().zip(vector).for_each(|(image, vector)| *image -= along * vector);
        }
        let last = std::mem::replace(&mut largest, largest_tridiagonal(&diagonal, &beside));
        if largest - last <= SETTLED * largest {
            break;
        }
        next = image;
    }
    largest
}

/// The largest eigenvalue of a symmetric tridiagonal matrix, by bisection.
fn largest_tridiagonal(diagonal: &[f64], beside: &[f64]) -> f64 {
    let beside_of = |at: usize| beside.get(at).copied().unwrap_or(0.0);
    let radius = |at: usize| if at == 0 { 0.0 } else { beside_of(at - 1) } + beside_of(at);
    let bounds = diagonal.iter().enumerate().map(|(at, value)| value + radius(at));
    let mut above = bounds.fold(f64::NEG_INFINITY, f64::max);
    let mut below = diagonal.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    // All pivots of T − x are negative exactly where x is above all eigenvalues.
    let exceeds_all = |x: f64| {
        let mut pivot = f64::NEG_INFINITY;
        (0..diagonal.len()).all(|at| {
            let before = if at == 0 { 0.0 } else { beside_of(at - 1) };
            pivot = diagonal[at] - x - before * before / pivot;
            pivot < 0.0
        })
    };
    for _ in 0..100 {
        let middle = f64::midpoint(below, above);
        if exceeds_all(middle) {
            above = middle;
        } else {
            below = middle;
        }
    }
    above
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::comparisons::Choice;

    fn graph(items: usize, edges: &[(u32, u32)]) -> Joined {
        let left: Vec<u32> = edges.iter().map(|edge| edge.0).collect();
        let right: Vec<u32> = edges.iter().map(|edge| edge.1).collect();
        joined(&Tally::from_columns(items, &left, &right, &vec![Choice::Tie; edges.len()])).unwrap()
    }

    #[test]
    fn circles_paths_and_complete_graphs_have_known_spectra() {
        // A circle of 4 has eigenvalues 0, 2, 2, 4.
        let circle = graph(4, &[(0, 1), (1, 2), (2, 3), (3, 0)]);
        assert!((circle.second_eigenvalue - 2.0).abs() < 1e-10, "{circle:?}");
        assert!((circle.mean_variance - (0.5 + 0.5 + 0.25) / 4.0).abs() < 1e-12);
        assert_eq!(circle.warning(), None);
        // A path of 3 has 0, 1, 3; a path of 50 has 2 − 2 cos(π/50).
        let path = graph(3, &[(0, 1), (1, 2)]);
        assert!((path.second_eigenvalue - 1.0).abs() < 1e-10, "{path:?}");
        let long: Vec<(u32, u32)> = (0..49).map(|at| (at, at + 1)).collect();
        let long = graph(50, &long);
        assert!((long.second_eigenvalue - 0.003_946_543_143).abs() < 1e-10, "{long:?}");
        assert!(long.warning().unwrap().contains("0.004 comparisons"));
        let complete: Vec<(u32, u32)> = (0..6).flat_map(|a| (0..a).map(move |b| (a, b))).collect();
        assert!((graph(6, &complete).second_eigenvalue - 6.0).abs() < 1e-10);
    }

    #[test]
    fn islands_have_no_figures() {
        assert_eq!(joined(&Tally::from_columns(3, &[0], &[1], &[Choice::Tie])), None);
        assert_eq!(joined(&Tally::from_columns(1, &[], &[], &[])), None);
    }
}
