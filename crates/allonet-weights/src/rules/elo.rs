//! Elo ratings as Deep Funding's published analyses computed them. Kept to
//! compare with what was published; not for paying anybody.
//!
//! # Formula
//!
//! ```text
//! in the order of time:  Δ = K (1 − σ(r_w − r_l)),  r_w += Δ,  r_l −= Δ
//! z = r − mean r,  divided by its standard deviation where that is above 1
//! ```
//!
//! Ratings are in natural-log units, not on the chess scale of 400/ln 10, so
//! that K = 32 (GG24; 16 in the pilot) is more than 5,000 times chess's. A tie
//! moves both by `K (1/2 − σ)`. Rows stand in the order of their time, then of
//! their line; those without a time come first.
//!
//! # Known weaknesses
//!
//! * With such a K the outcome is chaotic: a last bit in the start decides who
//!   gets what. The rule measures it each time (the start moved by 10⁻¹², eight
//!   times) and says how much money would move.
//! * The order of answers decides; the last ones count most.
//! * Weights are scaled to a standard deviation of at most 1, whatever the
//!   answers say.
//!
//! # Sources
//!
//! * Elo (1978), *The rating of chessplayers, past and present*.
//! * The published analyses of Deep Funding's pilot and of its round in GG24.

use allonet_core::maths;

use super::{FitError, Parameter, Parameters, Rule, Uses};
use crate::comparisons::{Choice, Comparison, Comparisons};
use crate::estimate::{Estimate, centre, logistic, softmax};
use crate::random::Random;

/// What the rule says of itself.
pub(super) const RULE: Rule = Rule {
    id: "elo",
    title: "Elo in natural-log units (published, chaotic)",
    formula: "Δ = K (1 − σ(r_w − r_l)) in the order of time",
    uses: Uses::Direction,
    by_time: true,
    by_record: true,
    parameters: &[Parameter {
        name: "k",
        default: 32.0,
        min: 1e-6,
        max: 1_000.0,
        doc: "How far one answer moves ratings: 32 in GG24, 16 in the pilot; 0.1 is calm.",
    }],
    fit,
};

/// How far the start is moved to see how much that matters.
const NUDGE: f64 = 1e-12;
const NUDGES: u64 = 8;

#[expect(clippy::unnecessary_wraps, reason = "all rules have the same shape")]
fn fit(comparisons: &Comparisons, parameters: &Parameters) -> Result<Estimate, FitError> {
    let k = parameters.of("k");
    let rows = in_order(comparisons);
    let items = comparisons.items().len();
    let log_weights = ratings(&rows, k, vec![0.0; items]);
    let mut warnings = vec![chaos(&rows, k, &log_weights)];
    let timed = rows.iter().filter(|row| row.time.is_some()).count();
    if timed != 0 && timed != rows.len() {
        let text = format!("{} answers without a time were taken first", rows.len() - timed);
        warnings.push(text);
    }
    Ok(Estimate { log_weights, iterations: 1, warnings })
}

/// Rows by time, then line, then place.
fn in_order(comparisons: &Comparisons) -> Vec<Comparison> {
    let mut order: Vec<usize> = (0..comparisons.len()).collect();
    order.sort_by_key(|at| (comparisons.row(*at).time, comparisons.line(*at)));
    order.into_iter().map(|at| comparisons.row(at)).collect()
}

/// Ratings after all rows, centred and scaled.
fn ratings(rows: &[Comparison], k: f64, mut ratings: Vec<f64>) -> Vec<f64> {
    for row in rows {
        let (left, right) = (row.left as usize, row.right as usize);
        let (gainer, loser, score) = match row.choice {
            Choice::Left => (left, right, 1.0),
            Choice::Right => (right, left, 1.0),
            Choice::Tie => (left, right, 0.5),
        };
        let change = k * (score - logistic(ratings[gainer] - ratings[loser]));
        ratings[gainer] += change;
        ratings[loser] -= change;
    }
    centre(&mut ratings);
    let square = maths::sum(ratings.iter().map(|rating| rating * rating));
    let deviation = (square / ratings.len().max(1) as f64).sqrt();
    if deviation > 1.0 {
        for rating in &mut ratings {
            *rating /= deviation;
        }
    }
    ratings
}

/// What a start moved by next to nothing does.
fn chaos(rows: &[Comparison], k: f64, log_weights: &[f64]) -> String {
    let weights = softmax(log_weights);
    let (mut largest, mut moved) = (0.0_f64, 0.0_f64);
    for nudge in 0..NUDGES {
        let mut random = Random::part(0, nudge);
        let start = weights.iter().map(|_| NUDGE * random.normal()).collect();
        let other = softmax(&ratings(rows, k, start));
        let changes = || weights.iter().zip(&other).map(|(one, other)| (one - other).abs());
        largest = changes().fold(largest, f64::max);
        moved = moved.max(maths::sum(changes()) / 2.0);
    }
    format!(
        "Elo depends on the order of answers; a start moved by {NUDGE:e} moves a weight by up to \
         {largest:.2e} and {:.0} of every 1,000,000 to other items",
        moved * 1e6
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::comparisons::Builder;
    use crate::rules::fit;

    #[test]
    fn time_decides_the_order_and_a_calm_k_is_not_chaotic() {
        let built = |reversed: bool| {
            let mut builder = Builder::default();
            let juror = builder.juror("j");
            let [a, b, c] = ["a", "b", "c"].map(|name| builder.item(name));
            let mut rows = [(a, b, 1), (b, c, 2), (c, a, 3)];
            if reversed {
                rows.reverse();
            }
            for (winner, loser, time) in rows {
                builder.push(juror, (winner, loser), Choice::Left, None);
                builder.at(time);
            }
            builder.finish()
        };
        let calm = Parameters::default().with("k", 0.5);
        let one = fit("elo", &built(false), &calm).unwrap();
        assert_eq!(one, fit("elo", &built(true), &calm).unwrap());
        assert!(one.warnings[0].contains("and 0 of every 1,000,000"), "{:?}", one.warnings);
        // a: +1/4; then b (−1/4) beats c: ½ σ(1/4); then c beats a.
        let second = 0.5 * (1.0 - logistic(-0.25));
        let third = 0.5 * (1.0 - logistic(-second - 0.25));
        let expected = [0.25 - third, -0.25 + second, third - second];
        for (found, expected) in one.log_weights.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-15);
        }
    }
}
