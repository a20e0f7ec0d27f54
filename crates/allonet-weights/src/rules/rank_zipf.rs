//! Weights by place alone: the first gets most, the second a half of it, the
//! third a third.
//!
//! # Formula
//!
//! ```text
//! weight of place k ∝ 1 / k^s
//! ```
//!
//! Items stand in the order of another rule's estimate. Those that are level
//! share what their places get together.
//!
//! # Known weaknesses
//!
//! * How far apart items are makes no difference: noise that swaps the first
//!   two halves the one and doubles the other.
//! * The exponent is a choice, not an estimate.
//!
//! # Sources
//!
//! * Zipf (1949), *Human behavior and the principle of least effort*.

use allonet_core::maths;

use super::{FitError, Parameter, Parameters, Rule, Uses, fit as fit_rule};
use crate::comparisons::Comparisons;
use crate::estimate::Estimate;

/// What the rule says of itself.
pub(super) const RULE: Rule = Rule {
    id: "rank-zipf",
    title: "Zipf's law over places",
    formula: "weight of place k ∝ 1 / k^s",
    uses: Uses::Direction,
    by_time: false,
    by_record: true,
    parameters: &[
        Parameter {
            name: "s",
            default: 1.0,
            min: 0.0,
            max: 20.0,
            doc: "How steep: 0 gives all the same, 1 is Zipf's law.",
        },
        Parameter {
            name: "by",
            default: 0.0,
            min: 0.0,
            max: 4.0,
            doc: "What orders items: 0 win-rate, 1 least-squares, 2 colley, 3 pagerank, 4 \
                  huber-adaptive.",
        },
    ],
    fit,
};

/// Rules that order items, by number.
const ORDERS: [&str; 5] = ["win-rate", "least-squares", "colley", "pagerank", "huber-adaptive"];
/// Estimates nearer to each other than this are level.
const LEVEL: f64 = 1e-9;

fn fit(comparisons: &Comparisons, parameters: &Parameters) -> Result<Estimate, FitError> {
    let order = ORDERS[parameters.count("by")];
    let ordering = fit_rule(order, comparisons, &Parameters::default())?;
    let log_weights = by_place(&ordering.log_weights, parameters.of("s"));
    let mut estimate = Estimate::centred(log_weights, ordering.iterations);
    estimate.warnings = ordering.warnings;
    Ok(estimate)
}

/// Logarithms of weights `1 / place^s`, the largest figure on the first place.
/// Each figure level with the one above it shares in what their places get.
///
/// ```
/// use allonet_weights::estimate::softmax;
/// use allonet_weights::rules::by_place;
///
/// // Places 1, 2 and 3, 4 are shared: 3/4, 3/4, 7/24, 7/24.
/// let weights = softmax(&by_place(&[5.0, 2.0, 5.0, 2.0], 1.0));
/// assert!((weights[0] / weights[1] - 18.0 / 7.0).abs() < 1e-12);
/// assert_eq!(weights[1], weights[3]);
/// ```
pub fn by_place(figures: &[f64], s: f64) -> Vec<f64> {
    let mut order: Vec<usize> = (0..figures.len()).collect();
    order.sort_by(|a, b| figures[*b].total_cmp(&figures[*a]));
    let mut logs = vec![0.0; figures.len()];
    let mut place = 0.0;
    for level in order.chunk_by(|a, b| figures[*a] - figures[*b] <= LEVEL) {
        let mut together = 0.0;
        for _ in level {
            place += 1.0;
            together += maths::pow(place, -s);
        }
        let share = maths::ln(together / level.len() as f64);
        for item in level {
            logs[*item] = share;
        }
    }
    logs
}
