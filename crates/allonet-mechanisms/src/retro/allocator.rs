//! Optimism's allocator: a budget divided by scores under a cap and above a
//! minimum, in floats.
//!
//! ```text
//! pass(x, B, C):  highest first,  a = min(x / Σ(x left) · B left, C)
//! a  = pass(score, budget, cap)
//! a  = 0 where a < minimum
//! a′ = pass(a where a < cap, budget − Σ(a where a = cap), cap);  a′ = a elsewhere
//! ```
//!
//! One pass from the highest down fills everybody under the cap exactly: once
//! somebody stays below it, all who follow do. The second pass may cap more
//! projects, and what they leave goes to those that follow.

/// What each score gets of the budget. Scores are finite and zero or more; a
/// cap of infinity and a minimum of zero are none. Equal scores are taken in
/// their order.
pub(crate) fn optimism(scores: &[f64], budget: f64, cap: f64, min: f64) -> Vec<f64> {
    let mut paid = pass(scores, budget, cap);
    for amount in &mut paid {
        if *amount < min {
            *amount = 0.0;
        }
    }
    let (mut held, mut open) = (0.0, Vec::new());
    for (at, amount) in paid.iter().enumerate() {
        if *amount < cap {
            open.push(at);
        } else {
            held += amount;
        }
    }
    let below: Vec<f64> = open.iter().map(|at| paid[*at]).collect();
    for (at, amount) in open.iter().zip(pass(&below, budget - held, cap)) {
        paid[*at] = amount;
    }
    paid
}

/// One pass from the highest score down.
fn pass(scores: &[f64], budget: f64, cap: f64) -> Vec<f64> {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|a, b| scores[*b].total_cmp(&scores[*a]).then(a.cmp(b)));
    let mut money_left = budget;
    let mut scores_left: f64 = scores.iter().sum();
    let mut paid = vec![0.0; scores.len()];
    for at in order {
        // Below zero only by rounding.
        if scores_left <= 0.0 {
            break;
        }
        let amount = (scores[at] / scores_left * money_left).min(cap);
        paid[at] = amount;
        money_left -= amount;
        scores_left -= scores[at];
    }
    paid
}

/// Rounded to so many decimals, halves to even, as numpy does.
pub(crate) fn round_to(amount: f64, decimals: u32) -> f64 {
    // Powers of ten are exact up to 10^22.
    let scale = (0..decimals).fold(1.0, |scale, _| scale * 10.0);
    (amount * scale).round_ties_even() / scale
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_cap_is_filled_and_the_minimum_drops() {
        assert_eq!(optimism(&[1.0, 3.0], 100.0, f64::INFINITY, 0.0), [25.0, 75.0]);
        assert_eq!(optimism(&[60.0, 30.0, 10.0], 100.0, 40.0, 0.0), [40.0, 40.0, 20.0]);
        // 50, 45 and 5; without the last, 50/95 and 45/95 of 100.
        let paid = optimism(&[50.0, 45.0, 5.0], 95.0, f64::INFINITY, 5.0);
        assert_eq!(paid, [50.0, 45.0, 0.0]);
        // The second pass caps the second project; nobody can take the rest.
        assert_eq!(optimism(&[60.0, 30.0, 10.0], 100.0, 45.0, 20.0), [45.0, 45.0, 0.0]);
        assert_eq!(optimism(&[0.0, 0.0], 100.0, 50.0, 1.0), [0.0, 0.0]);
        assert!(optimism(&[], 100.0, 50.0, 1.0).is_empty());
    }

    #[test]
    fn halves_go_to_even() {
        let rounded: Vec<f64> = [0.125, 0.375, 2.0].map(|amount| round_to(amount, 2)).into();
        assert_eq!(rounded, [0.12, 0.38, 2.0]);
    }

    proptest! {
        // Reference: a level found by bisection, `min(level · score, cap)`.
        #[test]
        fn one_pass_is_water_filling(
            scores in prop::collection::vec(0.01_f64..1e3, 1..20),
            cap in 1.0_f64..200.0,
        ) {
            let paid = optimism(&scores, 100.0, cap, 0.0);
            let at = |level: f64| -> f64 { scores.iter().map(|s| (s * level).min(cap)).sum() };
            let (mut low, mut high) = (0.0, 1e5);
            for _ in 0..200 {
                let middle = f64::midpoint(low, high);
                if at(middle) < 100.0 { low = middle } else { high = middle }
            }
            for (score, paid) in scores.iter().zip(paid) {
                prop_assert!((paid - (score * low).min(cap)).abs() < 1e-6, "{paid}");
            }
        }
    }
}
