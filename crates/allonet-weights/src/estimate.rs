//! What a rule makes of comparisons: a weight for each item.

use allonet_core::maths;

/// Estimated weights of items.
#[derive(Debug, Clone, PartialEq)]
pub struct Estimate {
    /// Logarithm of each item's weight, in the order of the items; they add up
    /// to zero unless the rule says otherwise.
    pub log_weights: Vec<f64>,
    /// How many iterations it took.
    pub iterations: usize,
    /// What the user should know: no convergence, a weak graph, ties broken.
    pub warnings: Vec<String>,
}

impl Estimate {
    /// From logarithms of any common scale: their mean becomes zero.
    pub fn centred(mut log_weights: Vec<f64>, iterations: usize) -> Self {
        centre(&mut log_weights);
        Self { log_weights, iterations, warnings: Vec::new() }
    }

    /// Weights that add up to one, in the order of the items.
    pub fn weights(&self) -> Vec<f64> {
        softmax(&self.log_weights)
    }
}

/// Takes the mean off.
pub fn centre(values: &mut [f64]) {
    let mean = maths::sum(values.iter().copied()) / values.len().max(1) as f64;
    for value in values {
        *value -= mean;
    }
}

/// `e^{z_i} / Σ e^{z_j}`, without overflow for any finite `z`.
pub fn softmax(logs: &[f64]) -> Vec<f64> {
    let top = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let parts: Vec<f64> = logs.iter().map(|log| maths::exp(log - top)).collect();
    let sum = maths::sum(parts.iter().copied());
    parts.into_iter().map(|part| part / sum).collect()
}

/// The logistic function `1 / (1 + e^{−x})`.
pub fn logistic(x: f64) -> f64 {
    if x >= 0.0 {
        1.0 / (1.0 + maths::exp(-x))
    } else {
        let e = maths::exp(x);
        e / (1.0 + e)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_proportions() {
        let estimate = Estimate::centred(vec![maths::ln(3.0) + 700.0, 700.0], 1);
        let weights = estimate.weights();
        assert!((weights[0] - 0.75).abs() < 1e-12, "{weights:?}");
        assert!((logistic(maths::ln(3.0)) - 0.75).abs() < 1e-15);
        assert!((logistic(-maths::ln(3.0)) - 0.25).abs() < 1e-15);
    }
}
