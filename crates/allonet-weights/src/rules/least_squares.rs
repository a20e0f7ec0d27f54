//! Least squares in log space: the weights whose log ratios are nearest to what
//! jurors said.
//!
//! # Formula
//!
//! ```text
//! min_z Σ (z_right − z_left − c)²,  Σ z = 0,  weights ∝ e^z
//! ```
//!
//! The cost is the one that Deep Funding's competitions score with. The normal
//! equations are a weighted graph Laplacian, solved by conjugate gradients.
//!
//! # Known weaknesses
//!
//! * One juror who writes large multipliers moves everything: the cost grows
//!   with the square. See the Huber rules.
//!
//! # Sources
//!
//! * `deepfunding/scoring`, `cost_function`.
//! * Jiang, Lim, Yao, Ye (2011), *Statistical ranking and combinatorial Hodge
//!   theory* (the Laplacian).

use super::{FitError, Parameters, Rule, Uses};
use crate::comparisons::Comparisons;
use crate::estimate::Estimate;
use crate::linear::Laplacian;

/// What the rule says of itself.
pub(super) const RULE: Rule = Rule {
    id: "least-squares",
    title: "Least squares in log space",
    formula: "min Σ (z_b − z_a − c)²",
    uses: Uses::Intensity,
    parameters: &[],
    fit,
};

fn fit(comparisons: &Comparisons, _: &Parameters) -> Result<Estimate, FitError> {
    let silent = || comparisons.rows().enumerate().filter(|(_, row)| row.intensity.is_none());
    if let Some((first, _)) = silent().next() {
        return Err(FitError::NoIntensity {
            count: silent().count(),
            line: comparisons.line(first),
        });
    }
    let laplacian = Laplacian::new(
        comparisons.items().len(),
        comparisons.rows().map(|row| (row.left, row.right, 1.0)),
    );
    let mut pull = vec![0.0; comparisons.items().len()];
    for row in comparisons.rows() {
        let log_ratio = row.log_ratio().expect("all rows say how much");
        pull[row.right as usize] += log_ratio;
        pull[row.left as usize] -= log_ratio;
    }
    let solved = laplacian.solve(&pull);
    Ok(Estimate::centred(solved.values, solved.iterations))
}
