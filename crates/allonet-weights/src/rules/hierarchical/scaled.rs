//! What is believed of one juror's scale, side bias and noise.
//!
//! ```text
//! diligent   c = s d + β + ε,   s ~ N(mean, scale²), β ~ N(0, side²)
//! random     c = β + ε
//! ε ~ N(0, σ² / u),  σ² ~ scaled inverse χ²,  u = 1 or Gamma (Student's t)
//! ```
//!
//! Given the items' gaps `d`, scale and side bias have a normal posterior of two
//! dimensions and the two kinds of juror have evidence in closed form: a spike
//! and slab on `s`.

use allonet_core::maths;

use super::answers::gap;
use super::information::Covariance;
use super::{Block, Juror};

/// How many answers the jury's noise counts as in a juror's own.
const NOISE_COUNT: f64 = 4.0;

/// What jurors are drawn from.
#[derive(Debug, Clone, Copy)]
pub(in crate::rules) struct Population {
    /// Mean and variance of scales.
    pub(in crate::rules) scale: (f64, f64),
    /// Instead of the variance: so many answers of middling gap.
    pub(in crate::rules) pseudo_count: Option<f64>,
    /// Variance of side biases.
    pub(in crate::rules) side: f64,
    /// Variance of answers.
    pub(in crate::rules) noise: f64,
    /// Part of the jurors who answer at random.
    pub(in crate::rules) random: f64,
    /// Degrees of freedom of Student's t.
    pub(in crate::rules) tail: Option<f64>,
}

/// What is believed of a juror.
#[derive(Debug, Clone)]
pub(in crate::rules) struct Belief {
    /// Probability that it answers at random.
    pub(in crate::rules) random: f64,
    /// Mean of the scale, given that it is diligent.
    pub(in crate::rules) scale: f64,
    /// Mean of the side bias, given the same.
    pub(in crate::rules) side: f64,
    /// Variance of the scale, covariance, variance of the side bias.
    pub(in crate::rules) variance: (f64, f64, f64),
    /// Mean and variance of the side bias of a random juror.
    random_side: (f64, f64),
    /// Variance of answers.
    pub(in crate::rules) noise: f64,
    /// Precision of each answer, relative to the noise.
    pub(in crate::rules) precisions: Vec<f64>,
}

impl Belief {
    /// Before any answer is looked at.
    pub(in crate::rules) fn new(juror: &Juror, population: &Population) -> Self {
        Self {
            random: population.random,
            scale: population.scale.0,
            side: 0.0,
            variance: (0.0, 0.0, 0.0),
            random_side: (0.0, 0.0),
            noise: population.noise,
            precisions: vec![1.0; juror.rows.len()],
        }
    }

    /// Mean scale, random or not.
    pub(in crate::rules) fn mean_scale(&self) -> f64 {
        (1.0 - self.random) * self.scale
    }

    /// Mean square of the scale.
    fn square_scale(&self) -> f64 {
        (1.0 - self.random) * (self.scale * self.scale + self.variance.0)
    }

    /// Mean of scale times side bias.
    fn scale_side(&self) -> f64 {
        (1.0 - self.random) * (self.scale * self.side + self.variance.1)
    }

    /// Mean and mean square of the side bias.
    pub(in crate::rules) fn side_moments(&self) -> (f64, f64) {
        let diligent = 1.0 - self.random;
        let (mean, variance) = self.random_side;
        (
            diligent * self.side + self.random * mean,
            diligent * (self.side * self.side + self.variance.2)
                + self.random * (mean * mean + variance),
        )
    }

    /// Weight of an answer on its gap, and its pull.
    pub(in crate::rules) fn pull(&self, at: usize, said: f64) -> (f64, f64) {
        let precision = self.precisions[at] / self.noise;
        let pull = self.mean_scale() * said - self.scale_side();
        (precision * self.square_scale(), precision * pull)
    }

    /// Learns scale, side bias and whether the juror is random.
    pub(in crate::rules) fn learn(
        &mut self,
        juror: &Juror,
        log_weights: &[f64],
        population: &Population,
    ) {
        let mut sums = Sums::default();
        for (row, precision) in juror.rows.iter().zip(&self.precisions) {
            sums.add(gap(log_weights, row), row.said, precision / self.noise);
        }
        let scale = population.scale_precision(&sums, juror.rows.len());
        let side = 1.0 / population.side;
        let matrix = (scale + sums.gaps2, sums.gaps, side + sums.weight);
        let right = (scale * population.scale.0 + sums.gaps_said, sums.said);
        let determinant = matrix.0 * matrix.2 - matrix.1 * matrix.1;
        self.variance = (matrix.2 / determinant, -matrix.1 / determinant, matrix.0 / determinant);
        self.scale = self.variance.0 * right.0 + self.variance.1 * right.1;
        self.side = self.variance.1 * right.0 + self.variance.2 * right.1;
        self.random_side = (sums.said / matrix.2, 1.0 / matrix.2);

        let explained = self.scale * right.0 + self.side * right.1
            - scale * population.scale.0 * population.scale.0;
        let diligent = (explained - maths::ln(determinant / (scale * side))) / 2.0;
        let explained = self.random_side.0 * sums.said;
        let random = (explained - maths::ln(matrix.2 / side)) / 2.0;
        self.random = if population.random > 0.0 {
            let odds = maths::ln(population.random / (1.0 - population.random));
            crate::estimate::logistic((odds + random - diligent).clamp(-700.0, 700.0))
        } else {
            0.0
        };
    }

    /// Learns the noise, and where single answers may be wild, which are.
    pub(in crate::rules) fn learn_noise(
        &mut self,
        juror: &Juror,
        log_weights: &[f64],
        covariance: &Covariance,
        population: &Population,
    ) {
        let (side, side2) = self.side_moments();
        let (scale, scale2, both) = (self.mean_scale(), self.square_scale(), self.scale_side());
        let mut squares = NOISE_COUNT * population.noise;
        for (at, row) in juror.rows.iter().enumerate() {
            let gap = gap(log_weights, row);
            let gap2 = gap * gap + covariance.of_gap(row.left, row.right);
            let said = row.said;
            let square = said * said - 2.0 * said * (scale * gap + side)
                + scale2 * gap2
                + 2.0 * gap * both
                + side2;
            if let Some(tail) = population.tail {
                self.precisions[at] = (tail + 1.0) / (tail + square.max(0.0) / self.noise);
            }
            squares += self.precisions[at] * square.max(0.0);
        }
        self.noise = squares / (NOISE_COUNT + juror.rows.len() as f64);
    }

    /// Divides the scale, as all gaps are multiplied.
    pub(in crate::rules) fn rescale(&mut self, factor: f64) {
        self.scale /= factor;
        self.variance.0 /= factor * factor;
        self.variance.1 /= factor;
    }

    /// Weight of an answer for the variance of its gap.
    pub(in crate::rules) fn certain_weight(&self, at: usize) -> f64 {
        let scale = self.scale * self.scale;
        (1.0 - self.random) * scale * self.precisions[at] / self.noise
    }

    /// What the uncertainty of scale and side bias takes off.
    pub(in crate::rules) fn block(
        &self,
        juror: &Juror,
        log_weights: &[f64],
        population: &Population,
    ) -> Block {
        let mut cross = vec![[0.0; 3]; juror.items.len()];
        let mut sums = Sums::default();
        for (row, precision) in juror.rows.iter().zip(&self.precisions) {
            let gap = gap(log_weights, row);
            let weight = precision / self.noise;
            sums.add(gap, row.said, weight);
            let along = (1.0 - self.random) * weight * self.scale;
            for (k, value) in [along * gap, along].into_iter().enumerate() {
                cross[row.right_at as usize][k] += value;
                cross[row.left_at as usize][k] -= value;
            }
        }
        let scale = population.scale_precision(&sums, juror.rows.len());
        let precision = [
            [scale + sums.gaps2, 0.0, 0.0],
            [sums.gaps, 1.0 / population.side + sums.weight, 0.0],
            [0.0, 0.0, 1.0],
        ];
        Block::new(&juror.items, &cross, &precision)
    }
}

impl Population {
    /// Precision of the prior on a juror's scale.
    fn scale_precision(&self, sums: &Sums, answers: usize) -> f64 {
        match self.pseudo_count {
            // Something is left where all gaps are zero.
            Some(count) => (count * sums.gaps2 / answers.max(1) as f64).max(1e-9),
            None => 1.0 / self.scale.1,
        }
    }
}

/// Weighted sums over a juror's answers.
#[derive(Debug, Default)]
struct Sums {
    weight: f64,
    gaps: f64,
    gaps2: f64,
    said: f64,
    gaps_said: f64,
}

impl Sums {
    fn add(&mut self, gap: f64, said: f64, weight: f64) {
        self.weight += weight;
        self.gaps += weight * gap;
        self.gaps2 += weight * gap * gap;
        self.said += weight * said;
        self.gaps_said += weight * gap * said;
    }
}
