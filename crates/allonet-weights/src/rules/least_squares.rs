//! Least squares in log space: the weights whose log ratios are nearest to what
//! jurors said.
//!
//! # Formula
//!
//! ```text
//! min_z Σ (z_right − z_left − c)² + ridge · ‖z‖²,  Σ z = 0,  weights ∝ e^z
//! ```
//!
//! The cost is the one that Deep Funding's competitions score with. The normal
//! equations are a weighted graph Laplacian, solved by conjugate gradients. A
//! ridge draws all log weights towards each other: a ridge of 2 counts like two
//! answers that say of each item that it is worth the geometric mean.
//!
//! # Known weaknesses
//!
//! * One juror who writes large multipliers moves everything: the cost grows
//!   with the square. See the Huber rules.
//! * Islands of items without a comparison between them are refused; with a
//!   ridge they are given one mean, and a warning says so.
//!
//! # Sources
//!
//! * `deepfunding/scoring`, `cost_function`.
//! * Jiang, Lim, Yao, Ye (2011), *Statistical ranking and combinatorial Hodge
//!   theory* (the Laplacian).
//! * Hoerl, Kennard (1970), *Ridge regression*.

use super::answers::{least_squares, log_ratios};
use super::{FitError, Parameter, Parameters, Rule, Uses};
use crate::comparisons::Comparisons;
use crate::connectivity::{centred_islands_warning, require_one_island};
use crate::estimate::Estimate;

/// What the rule says of itself.
pub(super) const RULE: Rule = Rule {
    id: "least-squares",
    title: "Least squares in log space",
    formula: "min Σ (z_b − z_a − c)² + ridge ‖z‖²",
    uses: Uses::Intensity,
    by_time: false,
    by_record: false,
    parameters: &[Parameter {
        name: "ridge",
        default: 0.0,
        min: 0.0,
        max: 1e9,
        doc: "Draws all weights towards each other; 2 served well on the pilot's hidden answers.",
    }],
    fit,
};

/// More of the right side than this is no solution.
const RESIDUAL_MOST: f64 = 1e-6;

fn fit(comparisons: &Comparisons, parameters: &Parameters) -> Result<Estimate, FitError> {
    let answers = log_ratios(comparisons)?;
    let ridge = parameters.of("ridge");
    if ridge == 0.0 {
        require_one_island(comparisons)?;
    }
    let solved =
        least_squares(comparisons.items().len(), &answers, &vec![1.0; answers.len()], ridge);
    if solved.residual > RESIDUAL_MOST {
        return Err(FitError::Unsettled { rule: RULE.id, iterations: solved.iterations });
    }
    let mut estimate = Estimate::centred(solved.values, solved.iterations);
    estimate.warnings.extend(centred_islands_warning(comparisons));
    Ok(estimate)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::comparisons::{Builder, Choice};
    use crate::rules::fit;

    #[test]
    fn a_ridge_draws_two_items_together() {
        // (1 + r, −1; −1, 1 + r) z = (−c, c): z = ±c / (2 + r).
        let mut builder = Builder::default();
        let (juror, pair) = (builder.juror("j"), (builder.item("a"), builder.item("b")));
        builder.push(juror, pair, Choice::Right, Some(3.0));
        let alone = builder.item("c");
        let comparisons = builder.finish();
        assert!(matches!(
            fit("least-squares", &comparisons, &Parameters::default()),
            Err(FitError::Disconnected { islands }) if islands.len() == 2
        ));
        let parameters = Parameters::default().with("ridge", 1.0);
        let estimate = fit("least-squares", &comparisons, &parameters).unwrap();
        for (found, expected) in estimate.log_weights.iter().zip([-1.0, 1.0, 0.0]) {
            assert!((found - expected).abs() < 1e-14, "{estimate:?} {alone}");
        }
        assert_eq!(estimate.warnings.len(), 1);
    }
}
