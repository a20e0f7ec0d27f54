//! The two estimators whose whole curvature is worked with.

use super::problem::Problem;
use crate::comparisons::Comparisons;
use crate::estimate::Estimate;
use crate::rules::FitError;

/// How weights are made where more than the estimate itself is wanted.
///
/// ```text
/// least squares   min  ½ Σ (z_right − z_left − c)²            + ½ ridge Σ z²
/// Bradley–Terry   min  Σ ln(1 + e^{−(z_winner − z_loser)})    + ½ prior Σ z²
/// ```
///
/// A tie is half a win for both. Matrices are dense: up to 2,000 items.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Model {
    /// Looks at how much; every comparison must say so.
    LeastSquares {
        /// Pull towards equal weights, in comparisons; at least zero. Zero is
        /// the rule `least-squares`: items on different islands are then not
        /// comparable, and each island's mean log weight is zero.
        ridge: f64,
    },
    /// Looks only at which is worth more.
    BradleyTerry {
        /// Precision of the normal prior of log weights: 1 / variance, above
        /// zero, so that an item that always wins has a finite weight.
        prior: f64,
    },
}

impl Model {
    /// Least squares where every comparison says how much, otherwise
    /// Bradley–Terry with a wide prior (standard deviation 10 nats).
    pub fn natural(comparisons: &Comparisons) -> Self {
        if comparisons.all_have_intensity() {
            Self::LeastSquares { ridge: 0.0 }
        } else {
            Self::BradleyTerry { prior: 0.01 }
        }
    }

    /// A name to show.
    pub fn name(self) -> &'static str {
        match self {
            Self::LeastSquares { .. } => "least-squares",
            Self::BradleyTerry { .. } => "bradley-terry",
        }
    }

    /// The pull towards equal weights.
    pub(super) fn ridge(self) -> f64 {
        match self {
            Self::LeastSquares { ridge } => ridge,
            Self::BradleyTerry { prior } => prior,
        }
    }

    /// Makes weights.
    ///
    /// Errors: no comparisons, no intensity, too many items, a ridge out of
    /// bounds.
    pub fn fit(self, comparisons: &Comparisons) -> Result<Estimate, FitError> {
        self.fit_weighted(comparisons, &vec![1.0; comparisons.jurors().len()])
    }

    /// Makes weights where each answer counts as much as its juror: one
    /// finite weight above zero for each juror.
    ///
    /// Errors: those of [`Model::fit`].
    ///
    /// # Panics
    ///
    /// If there is not one weight for each juror.
    pub fn fit_weighted(
        self,
        comparisons: &Comparisons,
        juror_weights: &[f64],
    ) -> Result<Estimate, FitError> {
        let problem = Problem::new(comparisons, self, juror_weights)?;
        let islands = problem.islands.count;
        let fitted = problem.fit()?;
        let mut estimate = Estimate::centred(fitted.log_weights, fitted.iterations);
        if islands > 1 {
            estimate.warnings.push(format!(
                "the items are on {islands} islands that no comparison joins: weights across \
                 them are a convention"
            ));
        }
        Ok(estimate)
    }
}
