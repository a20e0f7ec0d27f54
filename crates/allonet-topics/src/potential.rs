//! The potential that turns regrets into weights, and scores into rewards.
//!
//! # Formula
//!
//! `φ(x) = ln(1 + e^{p(x − c)})`, `φ′(x) = p / (1 + e^{−p(x − c)})` (Eq 6, 7).
//! The weight of a regret `R` is `φ′(R / s)`, where `s` is the spread of the
//! regrets plus `ε` (Eq 5, 8, 10, 11), in one of two forms:
//!
//! - [`Form::Ratio`]: divided by the greatest weight, so that the greatest is 1;
//! - [`Form::Clip`]: as is, of a normalised regret cut at `c + 6.75/p`; where
//!   none reaches `c − 8.25/p` all are moved up together until one does; below
//!   `c − 17.25/p` the weight is 0.
//!
//! # Limits
//!
//! With `e = −p(x − c)` and `m = max(0, e of the best)`, weights are in
//! proportion to `1 / (e^{−m} + e^{e − m})`: one exponential each, and the best
//! has at least ½, so that nothing overflows and no sum of weights is 0.
//!
//! # Sources
//!
//! Kruijssen et al. (2024), §3.1, Eq 5 to 8 and 10, 11; the clip is that of the
//! authors' simulator.
#![expect(clippy::inline_always, reason = "what is not inlined is compiled without vectors")]

use std::f64::consts::LOG2_E;

use allonet_core::maths;

use crate::kernel;
use crate::settings::{Form, Potential};

impl Potential {
    /// `φ(x)` (Eq 6). About `p(x − c)` for large `x`, never negative.
    ///
    /// ```
    /// # use allonet_topics::settings::Potential;
    /// let potential = Potential { p: 3.0, c: 0.75 };
    /// assert_eq!(potential.value(0.75), std::f64::consts::LN_2);
    /// assert_eq!(potential.slope(0.75), 1.5);
    /// ```
    pub fn value(self, x: f64) -> f64 {
        let y = self.p * (x - self.c);
        y.max(0.0) + maths::ln_1p(maths::exp(-y.abs()))
    }

    /// `φ′(x)` (Eq 7), between 0 and `p`.
    pub fn slope(self, x: f64) -> f64 {
        self.p / (1.0 + maths::exp(-self.p * (x - self.c)))
    }

    /// Weights of regrets that are divided by `scale` (their spread plus `ε`).
    ///
    /// ```
    /// # use allonet_topics::settings::{Form, Potential};
    /// let potential = Potential { p: 3.0, c: 0.75 };
    /// // 0/0 as printed; as a ratio, e^−3 to 1.
    /// let mut weights = [-1001.0, -1000.0];
    /// potential.weigh(Form::Ratio, 1.0, &mut weights);
    /// assert!((weights[0] - (-3.0_f64).exp()).abs() < 1e-15 && weights[1] == 1.0);
    /// ```
    pub fn weigh(self, form: Form, scale: f64, regrets: &mut [f64]) {
        let best = regrets.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let curve = Curve::new(self, form, scale, best);
        for regret in regrets {
            *regret = curve.weight(*regret) * curve.unit;
        }
    }
}

/// The weights of regrets beside a best one: see the module. Exponents are those
/// of 2.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Curve {
    /// `p / (s ln 2)`.
    rate: f64,
    /// The greatest regret.
    best: f64,
    /// `e − m` of the best.
    start: f64,
    /// `e^{−m}`.
    base: f64,
    /// Least `e − m`.
    floor: f64,
    /// Beyond this `e − m` the weight is 0.
    end: f64,
    /// [`Curve::weight`] times this is the weight as documented.
    pub(crate) unit: f64,
}

/// Greatest exponent of 2.
const END: f64 = 1021.0;

impl Curve {
    /// For regrets of which `best` is the greatest, divided by `scale`.
    #[inline(always)]
    pub(crate) fn new(potential: Potential, form: Form, scale: f64, best: f64) -> Self {
        let Potential { p, c } = potential;
        // Equal regrets have no spread; with ε = 0 nothing must become 0/0.
        let rate = p / scale.max(1e-150);
        let exponent = p * c - rate * best;
        let rate = rate * LOG2_E;
        match form {
            Form::Ratio => {
                let start = exponent.min(0.0);
                let base = if exponent > 0.0 { kernel::exp_of(-exponent) } else { 1.0 };
                let unit = base + kernel::exp_of(start);
                Self { rate, best, start: start * LOG2_E, base, floor: -END, end: END, unit }
            }
            Form::Clip => {
                let start = exponent.min(8.25) * LOG2_E;
                let (floor, end) = (-6.75 * LOG2_E, 17.25 * LOG2_E);
                Self { rate, best, start, base: 1.0, floor, end, unit: p }
            }
        }
    }

    /// Ratios of regrets times `scale`, with an `m` that is given with its
    /// `e^{−m}` and need not be the one of the best.
    #[inline(always)]
    pub(crate) fn held(potential: Potential, scale: f64, best: f64, m: f64, base: f64) -> Self {
        let rate = potential.p * scale;
        let start = (potential.p * potential.c - m) - rate * best;
        let (rate, start) = (rate * LOG2_E, start * LOG2_E);
        Self { rate, best, start, base, floor: -END, end: END, unit: 1.0 }
    }

    /// The weight of a regret, in proportion; 0 of −∞.
    #[inline(always)]
    pub(crate) fn weight(&self, regret: f64) -> f64 {
        let e = self.rate * (self.best - regret) + self.start;
        let e = if e < self.floor { self.floor } else { e };
        let near = if e > self.end { self.end } else { e };
        let weight = 1.0 / (self.base + kernel::exp2_near(near));
        if e > self.end { 0.0 } else { weight }
    }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "exact results")]
mod tests {
    use super::*;

    const FIDUCIAL: Potential = Potential { p: 3.0, c: 0.75 };

    fn weights(form: Form, scale: f64, regrets: &[f64]) -> Vec<f64> {
        let mut weights = regrets.to_vec();
        FIDUCIAL.weigh(form, scale, &mut weights);
        weights
    }

    #[test]
    fn the_potential_is_zero_below_and_a_line_above() {
        assert_eq!(FIDUCIAL.value(-1e300), 0.0);
        assert_eq!(FIDUCIAL.value(1000.75), 3000.0);
        assert_eq!(FIDUCIAL.slope(-1e300), 0.0);
        assert_eq!(FIDUCIAL.slope(1e300), 3.0);
    }

    #[test]
    fn a_ratio_is_that_of_the_slopes() {
        let regrets = [-1.0, 0.3, 0.9, 2.0];
        for (weight, regret) in weights(Form::Ratio, 0.5, &regrets).iter().zip(regrets) {
            let want = FIDUCIAL.slope(regret / 0.5) / FIDUCIAL.slope(4.0);
            // Exponents of about 14 are rounded to 2e-15.
            assert!((weight - want).abs() < 3e-15 * want.max(1e-3), "{weight} {want}");
        }
    }

    #[test]
    fn clipped_regrets_are_cut_moved_and_dropped() {
        // Cut: at 3 and above the weight is p / (1 + e^−6.75).
        let high = FIDUCIAL.p / (1.0 + maths::exp(-6.75));
        assert_eq!(weights(Form::Clip, 1.0, &[3.0, 50.0]), [high, high]);
        // Moved: the best comes to e = 8.25, the next 3 below is at 17.25, which
        // still counts; the last does not.
        let moved = weights(Form::Clip, 1.0, &[-100.0, -103.0, -103.001]);
        assert!((moved[0] / (3.0 / (1.0 + maths::exp(8.25))) - 1.0).abs() < 1e-14);
        assert!((moved[1] / (3.0 / (1.0 + maths::exp(17.25))) - 1.0).abs() < 1e-14);
        assert_eq!(moved[2], 0.0);
    }

    #[test]
    fn extreme_regrets_have_finite_weights() {
        for form in [Form::Ratio, Form::Clip] {
            for regrets in [[600.0, -600.0], [600.0, 600.0], [-600.0, -600.0], [0.0, -1e250]] {
                for scale in [0.0, 0.01, 1e3] {
                    let weights = weights(form, scale, &regrets);
                    assert!(weights.iter().all(|weight| (0.0..=3.0).contains(weight)));
                    assert!(weights[0] > 0.0, "{form:?} {regrets:?} {scale}");
                }
            }
        }
    }
}
