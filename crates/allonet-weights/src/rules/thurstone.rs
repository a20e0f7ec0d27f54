//! Thurstone's law of comparative judgement, case V: an item is preferred when
//! a normal draw about its worth is the larger one.
//!
//! # Formula
//!
//! ```text
//! P(i preferred to j) = Φ(μ_i − μ_j)
//! max_μ Σ wins_ij ln Φ(μ_i − μ_j) − prior/2 · ‖μ‖²,   Σ μ = 0
//! z = scale · μ,   weights ∝ e^z
//! ```
//!
//! By Newton's method: the likelihood is concave and its Hessian a Laplacian.
//! The unit of `μ` is the standard deviation of a difference. `scale` turns it
//! into log odds; 1.702 is the logistic curve nearest to the normal one (they
//! differ by less than 0.0095 everywhere). A tie is half a win for both.
//!
//! # Known weaknesses
//!
//! * Weights are wins read as odds: how much an item is worth in money is not
//!   what jurors were asked. See `bradley-terry` for the same with the logistic.
//! * Normal tails are thin: one upset of a clear favourite counts for more than
//!   in Bradley–Terry.
//! * Without a prior, items that only ever win are refused.
//!
//! # Sources
//!
//! * Thurstone (1927), *A law of comparative judgment*.
//! * Mosteller (1951), *Remarks on the method of paired comparisons: I*.

use allonet_core::maths::{self, normal_cdf, normal_density};

use super::{FitError, Parameter, Parameters, Rule, Uses};
use crate::comparisons::{Comparisons, Tally};
use crate::connectivity::{centred_islands_warning, require_bounded};
use crate::estimate::{Estimate, centre};
use crate::linear::Laplacian;

/// What the rule says of itself.
pub(super) const RULE: Rule = Rule {
    id: "thurstone",
    title: "Thurstone's case V",
    formula: "P(i over j) = Φ(μ_i − μ_j), z = scale · μ",
    uses: Uses::Direction,
    by_time: false,
    by_record: false,
    parameters: &[
        Parameter {
            name: "prior",
            default: 0.0,
            min: 0.0,
            max: 1e6,
            doc: "Precision of a normal prior on each μ; 0.01 keeps items that always win finite.",
        },
        Parameter {
            name: "scale",
            default: 1.702,
            min: 0.01,
            max: 100.0,
            doc: "Log odds for each standard deviation.",
        },
    ],
    fit,
};

const ITERATIONS_MAX: usize = 100;
/// Halvings of a step that does not improve the likelihood.
const HALVINGS_MAX: usize = 50;
/// Steps below this are full ones.
const NEAR: f64 = 1e-4;
const ENOUGH: f64 = 1e-12;

fn fit(comparisons: &Comparisons, parameters: &Parameters) -> Result<Estimate, FitError> {
    let tally = comparisons.tally();
    let prior = parameters.of("prior");
    if prior == 0.0 {
        require_bounded(comparisons, &tally)?;
    }
    let mut mu = vec![0.0; tally.items()];
    let mut before = f64::INFINITY;
    for iteration in 1..=ITERATIONS_MAX {
        let step = newton_step(&tally, &mu, prior);
        let largest = step.iter().fold(0.0_f64, |most, part| most.max(part.abs()));
        if largest > NEAR {
            if !improve(&tally, &mut mu, &step, prior) {
                break;
            }
        } else {
            // So near the top the likelihood no longer tells good steps from bad ones, and
            // full steps are good.
            mu.iter_mut().zip(&step).for_each(|(mu, step)| *mu += step);
            if largest <= ENOUGH || largest > before / 2.0 {
                let scale = parameters.of("scale");
                let z = mu.iter().map(|value| scale * value).collect();
                let mut estimate = Estimate::centred(z, iteration);
                estimate.warnings.extend(centred_islands_warning(comparisons));
                return Ok(estimate);
            }
            before = largest;
        }
    }
    Err(FitError::Unsettled { rule: RULE.id, iterations: ITERATIONS_MAX })
}

/// `(−H)⁻¹ g`.
fn newton_step(tally: &Tally, mu: &[f64], prior: f64) -> Vec<f64> {
    let mut gradient: Vec<f64> = mu.iter().map(|value| -prior * value).collect();
    let mut edges = Vec::with_capacity(tally.others.len() / 2);
    for (item, place) in (0..tally.items()).zip(0_u32..) {
        for (other, wins, losses) in tally.row(item) {
            let gap = mu[item] - mu[other];
            let (pull, push) = (mills(gap), mills(-gap));
            gradient[item] += wins * pull - losses * push;
            if other > item {
                let curvature = wins * pull * (pull + gap) + losses * push * (push - gap);
                edges.push((place, u32::try_from(other).expect("an item"), curvature));
            }
        }
    }
    if prior == 0.0 {
        // Near the top what rounding adds to the sum is no small part of the gradient, and
        // without a prior the equations have a solution only where the sum is zero.
        centre(&mut gradient);
    }
    Laplacian::new(mu.len(), edges).with_ridge(prior).solve(&gradient).values
}

/// Takes the step, or half of it, or a quarter, as soon as that improves.
fn improve(tally: &Tally, mu: &mut Vec<f64>, step: &[f64], prior: f64) -> bool {
    let before = objective(tally, mu, prior);
    let mut part = 1.0;
    for _ in 0..HALVINGS_MAX {
        let moved: Vec<f64> = mu.iter().zip(step).map(|(mu, step)| mu + part * step).collect();
        if objective(tally, &moved, prior) > before {
            *mu = moved;
            return true;
        }
        part /= 2.0;
    }
    false
}

fn objective(tally: &Tally, mu: &[f64], prior: f64) -> f64 {
    let won = (0..tally.items()).flat_map(|item| {
        tally.row(item).map(
            move |(other, wins, _)| {
                if wins > 0.0 { wins * ln_cdf(mu[item] - mu[other]) } else { 0.0 }
            },
        )
    });
    let square = maths::sum(mu.iter().map(|value| value * value));
    maths::sum(won) - 0.5 * prior * square
}

/// Below this the distribution function is taken from its asymptotic series.
const FAR: f64 = -30.0;

/// `φ(x) / Φ(x)`.
fn mills(x: f64) -> f64 {
    if x > FAR { normal_density(x) / normal_cdf(x) } else { -x / tail(x) }
}

/// `ln Φ(x)`.
fn ln_cdf(x: f64) -> f64 {
    const HALF_LN_TWO_PI: f64 = 0.918_938_533_204_672_7;
    if x > FAR {
        maths::ln(normal_cdf(x))
    } else {
        -0.5 * x * x - maths::ln(-x) - HALF_LN_TWO_PI + maths::ln(tail(x))
    }
}

/// `Φ(x) · (−x) / φ(x)` for `x` far below zero.
fn tail(x: f64) -> f64 {
    let inverse = 1.0 / (x * x);
    1.0 - inverse * (1.0 - inverse * (3.0 - inverse * (15.0 - 105.0 * inverse)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::comparisons::{Builder, Choice};
    use crate::rules::fit;

    #[test]
    fn two_items_are_as_far_apart_as_their_wins_say() {
        // 84.134 % of wins: one standard deviation.
        let mut builder = Builder::default();
        let (juror, pair) = (builder.juror("j"), (builder.item("a"), builder.item("b")));
        for at in 0..10_000 {
            let choice = if at < 8_413 { Choice::Left } else { Choice::Right };
            builder.push(juror, pair, choice, None);
        }
        let estimate = fit("thurstone", &builder.finish(), &Parameters::default()).unwrap();
        let gap = (estimate.log_weights[0] - estimate.log_weights[1]) / 1.702;
        assert!((normal_cdf(gap) - 0.8413).abs() < 1e-12, "{gap}");
        assert!((gap - 1.0).abs() < 2e-4, "{gap}");
    }

    #[test]
    fn the_far_tail_joins_the_near_one() {
        for x in [-30.0 + 1e-9, -30.0 - 1e-9] {
            assert!((mills(x) - 30.033_259_667_433_68).abs() < 1e-7, "{}", mills(x));
            assert!((ln_cdf(x) - -454.321_243_980_1).abs() < 1e-6, "{}", ln_cdf(x));
        }
        assert!(mills(-1e150).is_finite() && ln_cdf(-1e150).is_finite());
    }

    #[test]
    fn who_always_wins_needs_a_prior() {
        let mut builder = Builder::default();
        let (juror, pair) = (builder.juror("j"), (builder.item("a"), builder.item("b")));
        builder.push(juror, pair, Choice::Left, None);
        let comparisons = builder.finish();
        let refused = fit("thurstone", &comparisons, &Parameters::default()).unwrap_err();
        assert_eq!(refused, FitError::Unbounded { better: vec!["a".into()] });
        let with = Parameters::default().with("prior", 1.0).with("scale", 1.0);
        let gap = {
            let z = fit("thurstone", &comparisons, &with).unwrap().log_weights;
            z[0] - z[1]
        };
        // φ(g)/Φ(g) = prior · g / 2.
        assert!((mills(gap) - gap / 2.0).abs() < 1e-10, "{gap}");
    }
}
