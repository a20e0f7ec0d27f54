//! What the weights of one era say about those of the next.

use allonet_core::maths;

/// Log-weights with the variance of each, both finite, variances above zero.
#[derive(Debug, Clone, PartialEq)]
pub struct Prior {
    /// Expected log-weight of each item; they add up to zero.
    pub log_weights: Vec<f64>,
    /// Variance of each.
    pub variances: Vec<f64>,
}

impl Prior {
    /// The prior of an era from what an earlier one found: `known[i]` is the
    /// earlier log-weight and its standard error, `None` for a new item.
    ///
    /// `step` is the standard deviation `τ` by which a log-weight moves in one
    /// era, `eras` how many lie between. A new item is expected at the mean of
    /// the others, with the variance of their spread on top of the largest of
    /// their own; among new items only, nothing is known but a spread of one.
    ///
    /// # Panics
    ///
    /// If a number is not finite, or a standard error or step is below zero.
    pub fn carried_over(known: &[Option<(f64, f64)>], step: f64, eras: u32) -> Self {
        assert!(step.is_finite() && step >= 0.0, "a step is a standard deviation");
        let mut log_weights: Vec<f64> = known.iter().flatten().map(|(z, _)| *z).collect();
        let fine =
            known.iter().flatten().all(|(z, se)| z.is_finite() && se.is_finite() && *se >= 0.0);
        assert!(fine, "log-weights and standard errors are finite");
        let count = log_weights.len().max(1) as f64;
        let mean = maths::sum(log_weights.iter().copied()) / count;
        let spread = maths::sum(log_weights.iter().map(|z| (z - mean) * (z - mean))) / count;
        let moved = step * step * f64::from(eras);
        let widest = known.iter().flatten().map(|(_, se)| se * se).fold(0.0, f64::max);
        let fresh =
            if log_weights.is_empty() { 1.0 } else { (widest + spread).max(LEAST_VARIANCE) };
        log_weights = known.iter().map(|item| item.map_or(0.0, |(z, _)| z - mean)).collect();
        let variances = known.iter().map(|item| item.map_or(fresh, |(_, se)| se * se) + moved);
        let variances = variances.map(|variance| variance.max(LEAST_VARIANCE)).collect();
        Self { log_weights, variances }
    }

    /// The prior with fresh estimates worked in: `fresh[i]` is a log-weight and
    /// its standard error, `None` where the new era says nothing.
    ///
    /// Log-weights are only known up to a constant, so the fresh ones are moved
    /// first to agree with the prior on the mean of what both know.
    ///
    /// # Panics
    ///
    /// If the lengths differ.
    #[must_use]
    pub fn updated(&self, fresh: &[Option<(f64, f64)>]) -> Self {
        assert_eq!(fresh.len(), self.log_weights.len(), "one entry for each item");
        let both = fresh.iter().zip(&self.log_weights);
        let shifts: Vec<f64> = both.filter_map(|(new, old)| new.map(|(z, _)| z - old)).collect();
        let shift = maths::sum(shifts.iter().copied()) / shifts.len().max(1) as f64;
        let mut updated = self.clone();
        for (at, new) in fresh.iter().enumerate() {
            let Some((z, se)) = *new else { continue };
            let (old, precise) = (1.0 / self.variances[at], 1.0 / (se * se).max(LEAST_VARIANCE));
            updated.log_weights[at] =
                (old * self.log_weights[at] + precise * (z - shift)) / (old + precise);
            updated.variances[at] = 1.0 / (old + precise);
        }
        crate::estimate::centre(&mut updated.log_weights);
        updated
    }

    /// Weights that add up to one.
    pub fn weights(&self) -> Vec<f64> {
        crate::estimate::softmax(&self.log_weights)
    }
}

/// Keeps precisions finite.
const LEAST_VARIANCE: f64 = 1e-12;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    #[test]
    fn precision_decides_with_a_pencil() {
        // se² = 0.75, τ² = 0.25: the prior has variance 1, as the fresh one has.
        let known = [Some((1.0, 0.75_f64.sqrt())), Some((-1.0, 0.75_f64.sqrt()))];
        let prior = Prior::carried_over(&known, 0.5, 1);
        assert_eq!(prior.log_weights, [1.0, -1.0]);
        let updated = prior.updated(&[Some((3.0, 1.0)), Some((-3.0, 1.0))]);
        assert!((updated.log_weights[0] - 2.0).abs() < 1e-12);
        assert!((updated.variances[0] - 0.5).abs() < 1e-12);
        // A common constant of the fresh ones changes nothing.
        let shifted = prior.updated(&[Some((13.0, 1.0)), Some((7.0, 1.0))]);
        assert!((shifted.log_weights[0] - updated.log_weights[0]).abs() < 1e-12);
        // Without fresh ones, and without any, the prior is what it was.
        assert_eq!(prior.updated(&[None, None]), prior);
        let new = Prior::carried_over(&[None, None], 0.0, 1);
        assert_eq!((new.log_weights, new.variances), (vec![0.0, 0.0], vec![1.0, 1.0]));
    }

    /// Items that drift by τ in each of 12 eras, seen with an error of 0.6: with
    /// carry-over the error of the last eras is clearly below that of each era
    /// on its own.
    #[test]
    fn carrying_over_beats_starting_anew_where_drift_is_small() {
        let (items, eras, error) = (40, 12, 0.6);
        for (step, at_most) in [(0.1, 0.55), (0.6, 0.9)] {
            let mut random = Random::new(11);
            let mut truth: Vec<f64> = (0..items).map(|_| random.normal()).collect();
            let mut belief: Option<Prior> = None;
            let (mut alone, mut carried) = (0.0, 0.0);
            for era in 0..eras {
                let mut fresh = Vec::new();
                for z in &mut truth {
                    *z += step * random.normal();
                    fresh.push(Some((*z + error * random.normal(), error)));
                }
                let known: Vec<_> = match &belief {
                    None => vec![None; items],
                    Some(last) => last
                        .log_weights
                        .iter()
                        .zip(&last.variances)
                        .map(|(z, v)| Some((*z, v.sqrt())))
                        .collect(),
                };
                let now = Prior::carried_over(&known, step, 1).updated(&fresh);
                if era >= eras / 2 {
                    let mut single: Vec<f64> = fresh.iter().flatten().map(|(z, _)| *z).collect();
                    let mut real = truth.clone();
                    crate::estimate::centre(&mut single);
                    crate::estimate::centre(&mut real);
                    let square = |found: &[f64]| {
                        maths::sum(found.iter().zip(&real).map(|(a, b)| (a - b) * (a - b)))
                    };
                    alone += square(&single);
                    carried += square(&now.log_weights);
                }
                belief = Some(now);
            }
            let ratio = (carried / alone).sqrt();
            assert!(ratio < at_most, "τ = {step}: {ratio}");
        }
    }
}
