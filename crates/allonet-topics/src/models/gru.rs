//! A gated recurrent unit with a linear head, and its gradient through time.
//!
//! # Formula
//!
//! ```text
//! z = σ(W_z·x + U_z·h + b_z)      what is kept
//! r = σ(W_r·x + U_r·h + b_r)      what is looked at
//! n = tanh(W_n·x + U_n·(r∘h) + b_n)
//! h ← z∘h + (1 − z)∘n
//! o = V·h + c
//! loss = ½ Σ (o − target)²        over targets that are finite
//! ```
//!
//! # Units and shapes
//!
//! All weights are one vector: rows `(W, U, b)` of the gates `z`, `r`, `n`, one
//! for each unit, then rows `(V, c)`, one for each output.
//!
//! # Sources
//!
//! * Cho, van Merriënboer, Gulcehre et al. (2014), arXiv:1406.1078, Eq 5 to 8.
//! * Werbos (1990), *Backpropagation Through Time*.

use allonet_core::maths;
use allonet_core::random::Random;

use super::least_squares::dot;

/// A network.
#[derive(Clone, Debug)]
pub(super) struct Gru {
    inputs: usize,
    units: usize,
    outputs: usize,
    /// All weights.
    pub(super) weights: Vec<f64>,
}

/// One step, as far as its gradient needs it.
#[derive(Clone, Debug)]
pub(super) struct Step {
    x: Vec<f64>,
    before: Vec<f64>,
    z: Vec<f64>,
    r: Vec<f64>,
    n: Vec<f64>,
    /// State after it.
    pub(super) state: Vec<f64>,
    /// Outputs.
    pub(super) outputs: Vec<f64>,
}

impl Gru {
    /// Weights uniform within `±1/√(inputs + units)`, those of the head and all
    /// offsets 0: at first it says 0.
    pub(super) fn new(inputs: usize, units: usize, outputs: usize, seed: u64) -> Self {
        let mut random = Random::new(seed);
        let bound = 1.0 / ((inputs + units) as f64).sqrt();
        let row = inputs + units + 1;
        let mut weights = vec![0.0; 3 * units * row + outputs * (units + 1)];
        for cells in weights[..3 * units * row].chunks_exact_mut(row) {
            for cell in &mut cells[..inputs + units] {
                *cell = bound * (2.0 * random.uniform() - 1.0);
            }
        }
        Self { inputs, units, outputs, weights }
    }

    fn row(&self) -> usize {
        self.inputs + self.units + 1
    }

    /// Where the row of a unit in a gate begins.
    fn at(&self, gate: usize, unit: usize) -> usize {
        (gate * self.units + unit) * self.row()
    }

    /// Where the row of an output begins.
    fn head(&self, output: usize) -> usize {
        3 * self.units * self.row() + output * (self.units + 1)
    }

    /// `W·x + U·h + b` of one gate.
    fn gate(&self, gate: usize, x: &[f64], h: &[f64]) -> Vec<f64> {
        let sum = |unit: usize| {
            let row = &self.weights[self.at(gate, unit)..][..self.row()];
            let (from_input, rest) = row.split_at(self.inputs);
            dot(from_input, x) + dot(&rest[..self.units], h) + rest[self.units]
        };
        (0..self.units).map(sum).collect()
    }

    /// One step from a state.
    pub(super) fn step(&self, before: &[f64], x: &[f64]) -> Step {
        let z: Vec<f64> = self.gate(0, x, before).into_iter().map(sigmoid).collect();
        let r: Vec<f64> = self.gate(1, x, before).into_iter().map(sigmoid).collect();
        let n: Vec<f64> = self.gate(2, x, &product(&r, before)).into_iter().map(tanh).collect();
        let next = |unit: usize| z[unit] * before[unit] + (1.0 - z[unit]) * n[unit];
        let state: Vec<f64> = (0..self.units).map(next).collect();
        let head = |output: usize| {
            let row = &self.weights[self.head(output)..][..=self.units];
            dot(&row[..self.units], &state) + row[self.units]
        };
        let outputs = (0..self.outputs).map(head).collect();
        Step { x: x.to_vec(), before: before.to_vec(), z, r, n, state, outputs }
    }

    /// The gradient of the loss of a sequence by all weights, from a given
    /// state; and the loss.
    pub(super) fn gradient(
        &self,
        start: &[f64],
        sequence: &[(Vec<f64>, Vec<f64>)],
    ) -> (Vec<f64>, f64) {
        let mut steps: Vec<Step> = Vec::with_capacity(sequence.len());
        for (x, _) in sequence {
            let before = steps.last().map_or(start, |step| step.state.as_slice());
            steps.push(self.step(before, x));
        }
        let mut gradient = vec![0.0; self.weights.len()];
        let (mut back, mut loss) = (vec![0.0; self.units], 0.0);
        for (step, (_, targets)) in steps.iter().zip(sequence).rev() {
            loss += self.back_through_head(step, targets, &mut back, &mut gradient);
            back = self.back_through_step(step, &back, &mut gradient);
        }
        (gradient, loss)
    }

    fn back_through_head(
        &self,
        step: &Step,
        targets: &[f64],
        back: &mut [f64],
        gradient: &mut [f64],
    ) -> f64 {
        let mut loss = 0.0;
        for (output, (said, target)) in step.outputs.iter().zip(targets).enumerate() {
            let error = said - target;
            if !error.is_finite() {
                continue;
            }
            loss += 0.5 * error * error;
            let head = self.head(output);
            for unit in 0..self.units {
                gradient[head + unit] += error * step.state[unit];
                back[unit] += error * self.weights[head + unit];
            }
            gradient[head + self.units] += error;
        }
        loss
    }

    /// From the gradient by the state after a step to that by the state before.
    fn back_through_step(&self, step: &Step, back: &[f64], gradient: &mut [f64]) -> Vec<f64> {
        let Step { x, before, z, r, n, .. } = step;
        let mut by_before = product(back, z);
        let of_kept: Vec<f64> = (0..self.units)
            .map(|at| back[at] * (before[at] - n[at]) * z[at] * (1.0 - z[at]))
            .collect();
        let of_new: Vec<f64> =
            (0..self.units).map(|at| back[at] * (1.0 - z[at]) * (1.0 - n[at] * n[at])).collect();
        let by_looked = self.back_through_gate(2, &of_new, x, &product(r, before), gradient);
        let of_looked: Vec<f64> =
            (0..self.units).map(|at| by_looked[at] * before[at] * r[at] * (1.0 - r[at])).collect();
        let from_kept = self.back_through_gate(0, &of_kept, x, before, gradient);
        let from_looked = self.back_through_gate(1, &of_looked, x, before, gradient);
        for at in 0..self.units {
            by_before[at] += by_looked[at] * r[at] + from_kept[at] + from_looked[at];
        }
        by_before
    }

    /// Adds the gradient of a gate's weights; gives that by its state input.
    fn back_through_gate(
        &self,
        gate: usize,
        of_sums: &[f64],
        x: &[f64],
        h: &[f64],
        gradient: &mut [f64],
    ) -> Vec<f64> {
        let mut by_state = vec![0.0; self.units];
        for (unit, of_sum) in of_sums.iter().enumerate() {
            let start = self.at(gate, unit);
            for (at, input) in x.iter().chain(h).enumerate() {
                gradient[start + at] += of_sum * input;
            }
            gradient[start + self.row() - 1] += of_sum;
            let by = &self.weights[start + self.inputs..][..self.units];
            by_state.iter_mut().zip(by).for_each(|(sum, weight)| *sum += of_sum * weight);
        }
        by_state
    }
}

fn product(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a * b).collect()
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + maths::exp(-x.clamp(-40.0, 40.0)))
}

fn tanh(x: f64) -> f64 {
    let grown = maths::exp_m1(2.0 * x.clamp(-20.0, 20.0));
    grown / (grown + 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn random(count: usize, random: &mut Random) -> Vec<f64> {
        (0..count).map(|_| random.normal()).collect()
    }

    #[test]
    fn one_unit_by_hand() {
        let mut gru = Gru::new(1, 1, 1, 0);
        // z: 0 → σ = ½; r: 0 → ½; n = tanh(2·x + 1·(r·h)); o = 3·h + 1.
        gru.weights = vec![0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 2.0, 1.0, 0.0, 3.0, 1.0];
        let step = gru.step(&[0.4], &[0.15]);
        let expected = 0.2 + 0.5 * 0.462_117_157_260_009_8; // tanh(0.5)
        assert!((step.state[0] - expected).abs() < 1e-15);
        assert!((step.outputs[0] - (3.0 * expected + 1.0)).abs() < 1e-15);
    }

    #[test]
    fn the_gradient_is_that_of_finite_differences() {
        let mut source = Random::new(5);
        let mut gru = Gru::new(3, 4, 2, 9);
        gru.weights = random(gru.weights.len(), &mut source);
        let start = random(4, &mut source);
        let mut sequence: Vec<(Vec<f64>, Vec<f64>)> =
            (0..6).map(|_| (random(3, &mut source), random(2, &mut source))).collect();
        sequence[2].1[0] = f64::NAN;
        let (gradient, _) = gru.gradient(&start, &sequence);
        for (at, found) in gradient.iter().enumerate() {
            let moved = |by: f64| {
                let mut moved = gru.clone();
                moved.weights[at] += by;
                moved.gradient(&start, &sequence).1
            };
            let slope = (moved(1e-5) - moved(-1e-5)) / 2e-5;
            let near = (found - slope).abs() <= 1e-7 * (1.0 + slope.abs());
            assert!(near, "weight {at}: {found} is not {slope}");
        }
    }
}
