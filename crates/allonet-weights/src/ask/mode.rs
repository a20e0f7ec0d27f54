//! The most probable log weights, by Newton's method on sparse rows.

use allonet_core::maths;

use super::evidence::Evidence;

/// Newton steps that are taken at most; five to eight are usual.
const STEPS_MOST: usize = 100;
/// Conjugate gradients solve a Newton step to this part of its right side: the
/// next step takes off what is left.
const STEP_ENOUGH: f64 = 1e-4;

/// The most probable log weights, which add up to zero, found from `start` until
/// no log weight moves by more than `enough`.
pub(super) fn mode(evidence: &Evidence, prior: f64, start: &[f64], enough: f64) -> Vec<f64> {
    let mut system = System::new(evidence, prior);
    let mut logs = start.to_vec();
    let mut pull = system.linearise(evidence, &logs);
    for _ in 0..STEPS_MOST {
        let mut step: Vec<[f64; 1]> = pull.iter().map(|pull| [*pull]).collect();
        system.solve(&mut step, STEP_ENOUGH);
        let slope = step.iter().zip(&pull).map(|([step], pull)| step * pull).sum::<f64>();
        let mut part = 1.0;
        // The posterior is concave: a step is short enough when the slope along
        // it has at least halved, on whichever side of the top.
        let moved = loop {
            let moved: Vec<f64> =
                logs.iter().zip(&step).map(|(log, [step])| log + part * step).collect();
            pull = system.linearise(evidence, &moved);
            let there: f64 = step.iter().zip(&pull).map(|([step], pull)| step * pull).sum();
            if there >= -0.5 * slope || part < 1e-6 {
                break moved;
            }
            part /= 2.0;
        };
        let largest = step.iter().map(|[step]| (part * step).abs()).fold(0.0, f64::max);
        logs = moved;
        if largest <= enough {
            break;
        }
    }
    crate::estimate::centre(&mut logs);
    logs
}

/// `p(1−p)` of each edge and so the Hessian, in compressed rows.
#[derive(Debug)]
pub(super) struct System {
    prior: f64,
    pub(super) diagonal: Vec<f64>,
    offsets: Vec<usize>,
    others: Vec<u32>,
    /// For each entry, the edge it is of.
    edges: Vec<u32>,
    weights: Vec<f64>,
}

impl System {
    pub(super) fn new(evidence: &Evidence, prior: f64) -> Self {
        let size = evidence.items;
        let mut offsets = vec![0; size + 1];
        for edge in &evidence.edges {
            offsets[edge.a as usize + 1] += 1;
            offsets[edge.b as usize + 1] += 1;
        }
        for at in 0..size {
            offsets[at + 1] += offsets[at];
        }
        let mut free = offsets.clone();
        let (mut others, mut edges) = (vec![0; offsets[size]], vec![0; offsets[size]]);
        for (number, edge) in (0_u32..).zip(&evidence.edges) {
            for (own, other) in [(edge.a, edge.b), (edge.b, edge.a)] {
                let at = free[own as usize];
                (others[at], edges[at]) = (other, number);
                free[own as usize] += 1;
            }
        }
        let weights = vec![0.0; others.len()];
        Self { prior, diagonal: vec![prior; size], offsets, others, edges, weights }
    }

    /// Takes the curvature at these log weights, and gives the slope there.
    pub(super) fn linearise(&mut self, evidence: &Evidence, logs: &[f64]) -> Vec<f64> {
        let mut pull: Vec<f64> = logs.iter().map(|log| -self.prior * log).collect();
        self.diagonal.fill(self.prior);
        let strengths = strengths(logs);
        let mut curvature = Vec::with_capacity(evidence.edges.len());
        for edge in &evidence.edges {
            let (a, b) = (edge.a as usize, edge.b as usize);
            let chance = strengths[a] / (strengths[a] + strengths[b]);
            let weight = edge.count * chance * (1.0 - chance);
            let surprise = edge.wins - edge.count * chance;
            pull[a] += surprise;
            pull[b] -= surprise;
            self.diagonal[a] += weight;
            self.diagonal[b] += weight;
            curvature.push(weight);
        }
        for (weight, edge) in self.weights.iter_mut().zip(&self.edges) {
            *weight = curvature[*edge as usize];
        }
        pull
    }

    /// Puts the solutions for several right sides in their place: conjugate
    /// gradients side by side, preconditioned by the diagonal, until `enough`
    /// of each right side is left.
    pub(super) fn solve<const K: usize>(&self, right: &mut [[f64; K]], enough: f64) {
        let size = right.len();
        let mut rest = right.to_vec();
        let mut scaled = self.scaled(&rest);
        let mut direction = scaled.clone();
        let mut product = products(&rest, &scaled);
        let goal = products(&rest, &rest).map(|square| square * enough * enough);
        right.fill([0.0; K]);
        let mut image = vec![[0.0; K]; size];
        for _ in 0..2 * size + 50 {
            let left = products(&rest, &rest);
            if left.iter().zip(&goal).all(|(left, goal)| left <= goal) {
                break;
            }
            self.times(&direction, &mut image);
            let curvature = products(&direction, &image);
            let step: [f64; K] = std::array::from_fn(|k| ratio(product[k], curvature[k]));
            for at in 0..size {
                for k in 0..K {
                    right[at][k] += step[k] * direction[at][k];
                    rest[at][k] -= step[k] * image[at][k];
                }
            }
            scaled = self.scaled(&rest);
            let next = products(&rest, &scaled);
            let keep: [f64; K] = std::array::from_fn(|k| ratio(next[k], product[k]));
            product = next;
            for (direction, scaled) in direction.iter_mut().zip(&scaled) {
                for k in 0..K {
                    direction[k] = scaled[k] + keep[k] * direction[k];
                }
            }
        }
    }

    fn times<const K: usize>(&self, x: &[[f64; K]], image: &mut [[f64; K]]) {
        for item in 0..x.len() {
            let range = self.offsets[item]..self.offsets[item + 1];
            let mut sums: [f64; K] = std::array::from_fn(|k| self.diagonal[item] * x[item][k]);
            for (other, weight) in self.others[range.clone()].iter().zip(&self.weights[range]) {
                let other = &x[*other as usize];
                for k in 0..K {
                    sums[k] -= weight * other[k];
                }
            }
            image[item] = sums;
        }
    }

    fn scaled<const K: usize>(&self, values: &[[f64; K]]) -> Vec<[f64; K]> {
        values.iter().zip(&self.diagonal).map(|(row, by)| row.map(|value| value / by)).collect()
    }
}

/// `e^z`, the largest being one.
pub(super) fn strengths(logs: &[f64]) -> Vec<f64> {
    let top = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    // A floor, so that two of them never add up to nothing.
    logs.iter().map(|log| maths::exp((log - top).max(-600.0))).collect()
}

/// `0 / 0` is nothing: a right side that is done stays done.
fn ratio(above: f64, below: f64) -> f64 {
    if below > 0.0 { above / below } else { 0.0 }
}

fn products<const K: usize>(a: &[[f64; K]], b: &[[f64; K]]) -> [f64; K] {
    let mut sums = [0.0; K];
    for (a, b) in a.iter().zip(b) {
        for k in 0..K {
            sums[k] += a[k] * b[k];
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::comparisons::Choice;
    use crate::synthetic::Jury;

    #[test]
    fn two_items_by_hand() {
        // 3 wins of 4: z = (x, −x) with 3 − 4/(1 + e^{−2x}) = prior·x.
        let mut evidence = Evidence::none(2);
        for choice in [Choice::Left, Choice::Left, Choice::Right, Choice::Left] {
            evidence.push(0, 1, choice);
        }
        let logs = mode(&evidence, 0.3, &[0.0; 2], 1e-12);
        let x = logs[0];
        assert!((3.0 - 4.0 / (1.0 + maths::exp(-2.0 * x)) - 0.3 * x).abs() < 1e-10, "{x}");
        assert!((logs[0] + logs[1]).abs() < 1e-15);
    }

    #[test]
    fn the_slope_vanishes_from_any_start() {
        let comparisons = Jury { items: 20, spread: 3.0, ..Jury::default() }.draw(1);
        let evidence = Evidence::of(&comparisons.clone().comparisons(300));
        let found = mode(&evidence, 0.01, &[0.0; 20], 1e-11);
        let slope = System::new(&evidence, 0.01).linearise(&evidence, &found);
        assert!(slope.iter().all(|slope| slope.abs() < 1e-8), "{slope:?}");
        let far: Vec<f64> = (0..20).map(|at| f64::from(at % 3) * 9.0 - 9.0).collect();
        let again = mode(&evidence, 0.01, &far, 1e-11);
        assert!(found.iter().zip(again).all(|(a, b)| (a - b).abs() < 1e-8));
    }
}
