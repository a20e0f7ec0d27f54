//! How many independent jurors and answers a jury is worth.
//!
//! # Formula
//!
//! * By answers: `1 / Σ share²`, the shares of answers of each juror. Ten jurors
//!   of whom one gave nine tenths of the answers are worth 1.2.
//! * Design effect: the variance of the log weights with jurors as clusters over
//!   that with every row by itself, `tr C_jurors / tr C_rows`. Above 1, answers
//!   of one person hang together; `answers / effect` is what they are worth. The
//!   correlation within a juror follows from Kish's
//!   `effect = 1 + (m − 1) ρ` with `m = Σ m_k² / Σ m_k`.
//! * Diversity of groups: `e^{−Σ s ln s}` of the shares of answers of each
//!   group: so many groups of equal size would be as diverse.
//!
//! # Known weaknesses
//!
//! * With few jurors the clustered variance is itself uncertain, and too small.
//!
//! # Sources
//!
//! * Kish (1965), *Survey Sampling*, 5.4; Hill (1973), *Diversity and evenness*.

use std::collections::BTreeMap;

use allonet_core::maths;

use super::intervals::{centre_both, juror_pulls, sandwich};
use super::model::Model;
use super::problem::Problem;
use crate::comparisons::Comparisons;
use crate::linear::Symmetric;
use crate::rules::FitError;

/// What a jury is worth.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Effective {
    /// Jurors with answers.
    pub jurors: usize,
    /// Jurors, if all had given as many answers.
    pub by_answers: f64,
    /// How much larger the variance is than that of independent answers; none
    /// with fewer than two jurors, or where nothing is left to explain.
    pub design_effect: Option<f64>,
    /// Correlation of the answers of one juror.
    pub correlation: Option<f64>,
    /// Answers divided by the design effect; an effect below 1 adds none.
    pub answers: f64,
}

/// Weighs a jury.
///
/// Errors: those of [`Model::fit`].
pub fn effective(comparisons: &Comparisons, model: Model) -> Result<Effective, FitError> {
    let mut counts: Vec<usize> = comparisons.rows_by_juror().iter().map(Vec::len).collect();
    counts.retain(|count| *count > 0);
    let design_effect = design_effect(comparisons, model)?;
    let answers = comparisons.len() as f64;
    let squares = maths::sum(counts.iter().map(|count| (count * count) as f64));
    let typical = squares / answers;
    let correlation = design_effect
        .filter(|_| typical > 1.0)
        .map(|effect| ((effect - 1.0) / (typical - 1.0)).clamp(-1.0, 1.0));
    Ok(Effective {
        jurors: counts.len(),
        by_answers: answers * answers / squares,
        design_effect,
        correlation,
        answers: answers / design_effect.unwrap_or(1.0).max(1.0),
    })
}

fn design_effect(comparisons: &Comparisons, model: Model) -> Result<Option<f64>, FitError> {
    let jurors = comparisons.jurors().len();
    let problem = Problem::new(comparisons, model, &vec![1.0; jurors])?;
    let z = problem.fit()?.log_weights;
    let Some(mut inverse) = problem.curvature(&problem.cells, &z).inverse() else {
        return Ok(None);
    };
    centre_both(&mut inverse);
    let residuals: Vec<f64> = problem.terms.iter().map(|term| problem.residual(term, &z)).collect();
    let pulls = juror_pulls(&problem, &residuals, jurors);
    if pulls.len() < 2 {
        return Ok(None);
    }
    let clustered = trace(&sandwich(&inverse, &pulls));
    let by_row = row_trace(&problem, &residuals, &inverse);
    Ok((by_row > 0.0 && by_row > 1e-20 * clustered).then(|| clustered / by_row))
}

fn trace(matrix: &Symmetric) -> f64 {
    maths::sum((0..matrix.size()).map(|at| matrix.at(at, at)))
}

/// `tr H⁻¹ (Σ r² (e_b − e_a)(e_b − e_a)ᵀ) H⁻¹ · m / (m − 1)`.
fn row_trace(problem: &Problem, residuals: &[f64], inverse: &Symmetric) -> f64 {
    let mut squares = vec![0.0; problem.cells.len()];
    for (term, residual) in problem.terms.iter().zip(residuals) {
        squares[term.cell] += residual * residual;
    }
    let of_cell = |(cell, square): (&super::problem::Cell, f64)| {
        let columns = inverse.row(cell.b).iter().zip(inverse.row(cell.a));
        square * columns.map(|(b, a)| (b - a) * (b - a)).sum::<f64>()
    };
    let count = residuals.len() as f64;
    maths::sum(problem.cells.iter().zip(squares).map(of_cell)) * count / (count - 1.0)
}

/// Diversity of groups: `e^` the entropy of their shares of answers.
///
/// `group_of` names the group of each juror; rows of jurors without one are
/// left out. None if none has one.
///
/// # Panics
///
/// If there is not one entry for each juror.
pub fn diversity(comparisons: &Comparisons, group_of: &[Option<String>]) -> Option<f64> {
    assert_eq!(group_of.len(), comparisons.jurors().len(), "one entry for each juror");
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for row in comparisons.rows() {
        if let Some(group) = &group_of[row.juror as usize] {
            *counts.entry(group).or_default() += 1;
        }
    }
    let all = counts.values().sum::<usize>() as f64;
    let part = |count: &usize| {
        let share = *count as f64 / all;
        -share * maths::ln(share)
    };
    (all > 0.0).then(|| maths::exp(maths::sum(counts.values().map(part))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::comparisons::{Builder, Choice};
    use crate::synthetic::Jury;

    #[test]
    fn shares_and_groups_by_hand() {
        let mut builder = Builder::default();
        let [x, y] = ["x", "y"].map(|name| builder.item(name));
        for (name, answers) in [("a", 3), ("b", 1), ("c", 0)] {
            let juror = builder.juror(name);
            for at in 0..answers {
                builder.push(juror, (x, y), Choice::Left, Some(1.0 + f64::from(at)));
            }
        }
        let comparisons = builder.finish();
        let model = Model::LeastSquares { ridge: 0.0 };
        let found = effective(&comparisons, model).expect("valid");
        assert_eq!(found.jurors, 2);
        assert!((found.by_answers - 1.6).abs() < 1e-15);
        // c = 1, 2, 3 and 1 around 7/4: juror sums 3/4 and −3/4.
        // Clusters (9/16 + 9/16)·2; rows (9 + 1 + 25 + 9)/16·4/3.
        let effect = 2.25 / (44.0 / 16.0 * 4.0 / 3.0);
        assert!((found.design_effect.expect("two jurors") - effect).abs() < 1e-12);
        let groups = [Some("p".to_owned()), Some("q".to_owned()), None];
        let entropy = -(0.75 * maths::ln(0.75) + 0.25 * maths::ln(0.25));
        let found = diversity(&comparisons, &groups).expect("known");
        assert!((found - maths::exp(entropy)).abs() < 1e-15);
        assert_eq!(diversity(&comparisons, &[None, None, None]), None);
    }

    #[test]
    fn jurors_of_one_mind_have_no_effect_and_scales_have() {
        let shape = Jury { items: 10, jurors: 40, noise: 0.5, ..Jury::default() };
        let model = Model::LeastSquares { ridge: 0.0 };
        let of = |jury: &Jury| {
            let found = effective(&jury.draw(2).comparisons(1_200), model).expect("valid");
            found.design_effect.expect("many jurors")
        };
        let (plain, pulled) = (of(&shape), of(&Jury { scale: 0.8, ..shape.clone() }));
        assert!((0.7..1.4).contains(&plain), "{plain}");
        assert!(pulled > 1.6, "{pulled}");
    }
}
