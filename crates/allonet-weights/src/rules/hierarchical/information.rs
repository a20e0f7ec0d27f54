//! The precision matrix of items' log weights, and what follows from it: steps,
//! variances.
//!
//! # Formula
//!
//! ```text
//! H = Σ w (e_b − e_a)(e_b − e_a)ᵀ + ridge·I − Σ_k B_k D_k⁻¹ B_kᵀ
//! ```
//!
//! The last sum takes off what is spent on the parameters of the jurors: `D_k`
//! is the precision of those of juror `k`, `B_k` the cross information with the
//! items (a Schur complement). `H` maps equal shifts of all items to `ridge`
//! times the same.
//!
//! # Known weaknesses
//!
//! Beyond [`DENSE`] items variances come of 64 random probes with conjugate
//! gradients (Bekas, Kokiopoulou and Saad, 2007). Their relative error is about
//! one over eight times the square root of an item's number of opponents.

use rayon::prelude::*;

use crate::linear::Symmetric;
use crate::random::Random;

/// Up to so many items matrices are kept whole.
pub(in crate::rules) const DENSE: usize = 600;
/// The same on the way, where sums of variances are enough.
const DENSE_ON_THE_WAY: usize = 150;

/// Random probes of the final variances.
const PROBES: u64 = 64;
const PROBES_ON_THE_WAY: u64 = 8;

/// Parameters of a juror that blocks have room for.
pub(in crate::rules) const WIDTH: usize = 3;

/// What one juror's parameters take off: `V Vᵀ`, in rows of `V`.
#[derive(Debug, Clone)]
pub(in crate::rules) struct Block {
    items: Vec<u32>,
    rows: Vec<[f64; WIDTH]>,
}

impl Block {
    /// From the cross information of each item with the juror's parameters and
    /// the lower triangle of these parameters' precision. Nothing is taken off
    /// where the precision is not positive definite.
    pub(in crate::rules) fn new(
        items: &[u32],
        cross: &[[f64; WIDTH]],
        precision: &[[f64; WIDTH]; WIDTH],
    ) -> Self {
        let rows = match lower(precision) {
            Some(lower) => cross.iter().map(|row| forward(&lower, row)).collect(),
            None => vec![[0.0; WIDTH]; items.len()],
        };
        Self { items: items.to_vec(), rows }
    }
}

/// The prior's information along the log weights themselves, where its variance
/// was estimated from them: it cannot tell their common scale as well.
pub(in crate::rules) fn spread_block(log_weights: &[f64], variance: f64) -> Block {
    let squares: f64 = log_weights.iter().map(|z| z * z).sum();
    let items: Vec<u32> = (0_u32..).take(log_weights.len()).collect();
    let cross: Vec<[f64; WIDTH]> = log_weights.iter().map(|z| [z / variance, 0.0, 0.0]).collect();
    let precision = [[squares / variance, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
    Block::new(&items, &cross, &precision)
}

/// `L` of `A = L Lᵀ`.
fn lower(matrix: &[[f64; WIDTH]; WIDTH]) -> Option<[[f64; WIDTH]; WIDTH]> {
    let mut lower = [[0.0; WIDTH]; WIDTH];
    for row in 0..WIDTH {
        for column in 0..=row {
            let known: f64 = (0..column).map(|k| lower[row][k] * lower[column][k]).sum();
            let rest = matrix[row][column] - known;
            lower[row][column] = if row != column {
                rest / lower[column][column]
            } else if rest > 0.0 {
                rest.sqrt()
            } else {
                return None;
            };
        }
    }
    Some(lower)
}

/// `L⁻¹ b`.
fn forward(lower: &[[f64; WIDTH]; WIDTH], right: &[f64; WIDTH]) -> [f64; WIDTH] {
    let mut solution = [0.0; WIDTH];
    for row in 0..WIDTH {
        let known: f64 = (0..row).map(|k| lower[row][k] * solution[k]).sum();
        solution[row] = (right[row] - known) / lower[row][row];
    }
    solution
}

/// The precision of the items.
#[derive(Debug, Clone)]
pub(in crate::rules) struct Information {
    /// How many items.
    size: usize,
    /// Items and weight of each pair.
    edges: Vec<(u32, u32, f64)>,
    /// Added to the diagonal.
    ridge: f64,
    /// What jurors' parameters take off.
    blocks: Vec<Block>,
}

/// What is known of the items after all.
#[derive(Debug, Clone)]
pub(in crate::rules) enum Covariance {
    /// All of it, for deviations from the mean.
    Whole(Symmetric),
    /// Variances only.
    Diagonal(Vec<f64>),
}

impl Covariance {
    /// Variance of each item's log weight about the mean of all.
    pub(in crate::rules) fn variances(&self) -> Vec<f64> {
        match self {
            Self::Whole(matrix) => (0..matrix.size()).map(|at| matrix.at(at, at)).collect(),
            Self::Diagonal(variances) => variances.clone(),
        }
    }

    /// Variance of the difference of two items; without the whole matrix the
    /// items count as independent.
    pub(in crate::rules) fn of_gap(&self, left: u32, right: u32) -> f64 {
        let (left, right) = (left as usize, right as usize);
        match self {
            Self::Whole(matrix) => {
                matrix.at(left, left) + matrix.at(right, right) - 2.0 * matrix.at(left, right)
            }
            Self::Diagonal(variances) => variances[left] + variances[right],
        }
    }
}

impl Information {
    /// From the items and the weight of each comparison, what is added to the
    /// diagonal and what jurors' parameters take off.
    pub(in crate::rules) fn new(
        size: usize,
        edges: impl Iterator<Item = (u32, u32, f64)>,
        ridge: f64,
        blocks: Vec<Block>,
    ) -> Self {
        let mut edges: Vec<(u32, u32, f64)> =
            edges.map(|(a, b, weight)| (a.min(b), a.max(b), weight)).collect();
        edges.sort_unstable_by(|x, y| (x.0, x.1).cmp(&(y.0, y.1)).then(x.2.total_cmp(&y.2)));
        let pairs = edges.chunk_by(|x, y| (x.0, x.1) == (y.0, y.1));
        let pair =
            |same: &[(u32, u32, f64)]| (same[0].0, same[0].1, same.iter().map(|edge| edge.2).sum());
        Self { size, edges: pairs.map(pair).collect(), ridge, blocks }
    }

    /// With one more block.
    #[must_use]
    pub(in crate::rules) fn less(mut self, block: Option<Block>) -> Self {
        self.blocks.extend(block);
        self
    }

    /// The covariance of deviations from the mean, good enough for sums of many
    /// variances.
    pub(in crate::rules) fn rough_covariance(&self) -> Covariance {
        if self.size <= DENSE_ON_THE_WAY {
            return Covariance::Whole(self.whole());
        }
        Covariance::Diagonal(self.probed(PROBES_ON_THE_WAY))
    }

    /// The covariance of deviations from the mean.
    pub(in crate::rules) fn covariance(&self) -> Covariance {
        if self.size <= DENSE {
            return Covariance::Whole(self.whole());
        }
        Covariance::Diagonal(self.probed(PROBES))
    }

    fn whole(&self) -> Symmetric {
        let mut matrix = Symmetric::zeros(self.size);
        for item in 0..self.size {
            matrix.add(item, item, self.ridge);
        }
        for (a, b, weight) in &self.edges {
            matrix.add_edge(*a as usize, *b as usize, *weight);
        }
        // The ridge keeps what cancels from reaching zero.
        let mut less = matrix.clone();
        for block in &self.blocks {
            for (at, a) in block.rows.iter().enumerate() {
                for (other, b) in block.rows[..=at].iter().enumerate() {
                    let product: f64 = (0..WIDTH).map(|k| a[k] * b[k]).sum();
                    less.add(block.items[at] as usize, block.items[other] as usize, -product);
                }
            }
        }
        // Beside answers of 10^6 nats a ridge may be lost in rounding.
        let firm = || {
            let largest = (0..self.size).map(|at| matrix.at(at, at)).fold(0.0, f64::max);
            let mut firm = matrix.clone();
            (0..self.size).for_each(|at| firm.add(at, at, 1e-10 * largest));
            firm.inverse()
        };
        let inverse = less.inverse().or_else(|| matrix.inverse()).or_else(firm);
        let inverse = inverse.expect("a Laplacian with a ridge is positive definite");
        // Equal shifts have variance 1 / ridge, all of it outside deviations.
        let shift = 1.0 / (self.ridge * self.size as f64);
        let mut centred = Symmetric::zeros(self.size);
        for row in 0..self.size {
            for column in 0..=row {
                centred.add(row, column, inverse.at(row, column) - shift);
            }
        }
        centred
    }

    fn probed(&self, probes: u64) -> Vec<f64> {
        let parts: Vec<(Vec<f64>, Vec<f64>)> = (0..probes)
            .into_par_iter()
            .map(|number| {
                let mut random = Random::part(0, number);
                let signs: Vec<f64> =
                    (0..self.size).map(|_| if random.chance(0.5) { 1.0 } else { -1.0 }).collect();
                let mut centred = signs.clone();
                crate::estimate::centre(&mut centred);
                (self.solve(&centred), signs)
            })
            .collect();
        let mut variances = vec![0.0; self.size];
        for (image, signs) in parts {
            for item in 0..self.size {
                variances[item] += image[item] * signs[item] / probes as f64;
            }
        }
        // No item is known better than if all of its opponents were known.
        let diagonal = self.diagonal();
        let floor = |item: usize| (1.0 - 1.0 / self.size as f64) / diagonal[item];
        (0..self.size).map(|item| variances[item].max(floor(item))).collect()
    }

    fn diagonal(&self) -> Vec<f64> {
        let mut diagonal = vec![self.ridge; self.size];
        for (a, b, weight) in &self.edges {
            diagonal[*a as usize] += weight;
            diagonal[*b as usize] += weight;
        }
        diagonal
    }

    /// `H x`.
    fn times(&self, x: &[f64]) -> Vec<f64> {
        let mut image: Vec<f64> = x.iter().map(|value| self.ridge * value).collect();
        for (a, b, weight) in &self.edges {
            let flow = weight * (x[*a as usize] - x[*b as usize]);
            image[*a as usize] += flow;
            image[*b as usize] -= flow;
        }
        for block in &self.blocks {
            let mut parameters = [0.0; WIDTH];
            for (item, row) in block.items.iter().zip(&block.rows) {
                (0..WIDTH).for_each(|k| parameters[k] += row[k] * x[*item as usize]);
            }
            for (item, row) in block.items.iter().zip(&block.rows) {
                let product: f64 = (0..WIDTH).map(|k| row[k] * parameters[k]).sum();
                image[*item as usize] -= product;
            }
        }
        image
    }

    /// Solves `H x = b` by conjugate gradients with the diagonal as
    /// preconditioner.
    pub(in crate::rules) fn solve(&self, right: &[f64]) -> Vec<f64> {
        const ENOUGH: f64 = 1e-10;
        let diagonal = self.diagonal();
        let product = |a: &[f64], b: &[f64]| -> f64 { a.iter().zip(b).map(|(a, b)| a * b).sum() };
        let mut solution = vec![0.0; self.size];
        let mut rest = right.to_vec();
        let scaled = |rest: &[f64]| -> Vec<f64> {
            rest.iter().zip(&diagonal).map(|(rest, diagonal)| rest / diagonal).collect()
        };
        let mut direction = scaled(&rest);
        let mut left = product(&rest, &direction);
        let goal = left * ENOUGH * ENOUGH;
        for _ in 0..4 * self.size + 100 {
            if left <= goal {
                break;
            }
            let image = self.times(&direction);
            let curvature = product(&direction, &image);
            if curvature <= 0.0 || curvature.is_nan() {
                break;
            }
            let step = left / curvature;
            for at in 0..self.size {
                solution[at] += step * direction[at];
                rest[at] -= step * image[at];
            }
            let next_scaled = scaled(&rest);
            let next = product(&rest, &next_scaled);
            let keep = next / left;
            left = next;
            for at in 0..self.size {
                direction[at] = next_scaled[at] + keep * direction[at];
            }
        }
        solution
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example(size: u32) -> Information {
        let edges = (0..size).flat_map(|a| {
            (1..8).map(move |step| (a, (a + step * step) % size, 1.0 + f64::from(a % 3)))
        });
        let items: Vec<u32> = (0..size).collect();
        let cross: Vec<[f64; WIDTH]> = (0..size)
            .map(|item| {
                let x = if item % 2 == 0 { 0.6 } else { -0.6 };
                [x, if item < size / 2 { 0.4 } else { -0.4 }, 0.0]
            })
            .collect();
        let precision = [[9.0, 0.0, 0.0], [1.0, 7.0, 0.0], [0.0, 0.0, 1.0]];
        let blocks = vec![Block::new(&items, &cross, &precision)];
        Information::new(size as usize, edges, 0.5, blocks)
    }

    /// The joint matrix of items and two parameters, inverted: an independent
    /// way to the same covariance.
    #[test]
    fn parameters_of_jurors_take_off_what_the_joint_inverse_says() {
        let information = example(20);
        let mut joint = Symmetric::zeros(22);
        for item in 0..20 {
            joint.add(item, item, 0.5);
            joint.add(item, 20, if item % 2 == 0 { 0.6 } else { -0.6 });
            joint.add(item, 21, if item < 10 { 0.4 } else { -0.4 });
        }
        for (a, b, weight) in &information.edges {
            joint.add_edge(*a as usize, *b as usize, *weight);
        }
        joint.add(20, 20, 9.0);
        joint.add(21, 21, 7.0);
        joint.add(20, 21, 1.0);
        let inverse = joint.inverse().expect("it is positive definite");
        let Covariance::Whole(found) = information.covariance() else { panic!("it is small") };
        for row in 0..20 {
            for column in 0..20 {
                let expected = inverse.at(row, column) - 1.0 / (0.5 * 20.0);
                assert!((found.at(row, column) - expected).abs() < 1e-10);
            }
        }
        assert!(
            (information.covariance().of_gap(3, 9) - {
                inverse.at(3, 3) + inverse.at(9, 9) - 2.0 * inverse.at(3, 9)
            })
            .abs()
                < 1e-10
        );
    }

    /// Along the log weights, answers alone count; across them, the prior too.
    #[test]
    fn an_estimated_prior_does_not_tell_the_scale() {
        let log_weights = [1.0, 1.0, -1.0, -1.0];
        let edges = [(0, 2, 1.0), (1, 3, 1.0)];
        let block = spread_block(&log_weights, 4.0);
        let information = Information::new(4, edges.into_iter(), 0.25, vec![block]);
        let Covariance::Whole(found) = information.covariance() else { panic!("it is small") };
        // Eigenvectors: the log weights with 2, (1, −1, −1, 1) with 2 + 1/4,
        // (1, −1, 1, −1) with 1/4, equal shifts left out.
        let expected = (1.0 / 2.0 + 1.0 / 2.25 + 4.0) / 4.0;
        assert!((found.at(0, 0) - expected).abs() < 1e-12, "{} {expected}", found.at(0, 0));
    }

    #[test]
    fn probes_come_near_the_whole_inverse() {
        let information = example(200);
        let Covariance::Whole(whole) = information.covariance() else { panic!("it is small") };
        let probed = information.probed(PROBES);
        for (item, variance) in probed.iter().enumerate() {
            let ratio = variance / whole.at(item, item);
            assert!((0.75..1.35).contains(&ratio), "{item}: {ratio}");
        }
    }
}
