//! Share of comparisons won, smoothed: the simplest thing that can be done.
//!
//! # Formula
//!
//! ```text
//! weight_i ∝ (wins_i + smoothing) / (comparisons_i + 2 · smoothing)
//! ```
//!
//! A tie is half a win. With the default smoothing of 1 (Laplace's rule of
//! succession) an item that lost its only comparison has rate 1/3, one that was
//! never compared 1/2; no rate is 0.
//!
//! # Known weaknesses
//!
//! * Whom an item met makes no difference: beating the best counts like beating
//!   the worst.
//! * Flat: the best of many gets about twice the mean.
//!
//! # Sources
//!
//! * Laplace (1814), *Essai philosophique sur les probabilités* (the rule of
//!   succession).

use allonet_core::maths;

use super::{FitError, Parameter, Parameters, Rule, Uses};
use crate::comparisons::{Comparisons, Tally};
use crate::estimate::Estimate;

/// What the rule says of itself.
pub(super) const RULE: Rule = Rule {
    id: "win-rate",
    title: "Share of comparisons won",
    formula: "(wins + s) / (comparisons + 2s)",
    uses: Uses::Direction,
    by_time: false,
    by_record: true,
    parameters: &[SMOOTHING],
    fit,
};

const SMOOTHING: Parameter = Parameter {
    name: "smoothing",
    default: 1.0,
    min: 1e-9,
    max: 1e9,
    doc: "Wins and losses added to each item's own.",
};

#[expect(clippy::unnecessary_wraps, reason = "all rules have the same shape")]
fn fit(comparisons: &Comparisons, parameters: &Parameters) -> Result<Estimate, FitError> {
    let rates = rates(&comparisons.tally(), parameters.of(SMOOTHING.name));
    Ok(Estimate::centred(rates.into_iter().map(maths::ln).collect(), 1))
}

/// The smoothed rate of each item.
fn rates(tally: &Tally, smoothing: f64) -> Vec<f64> {
    let rate = |item: usize| {
        let (wins, losses) = tally
            .row(item)
            .fold((0.0, 0.0), |(won, lost), (_, wins, losses)| (won + wins, lost + losses));
        (wins + smoothing) / (wins + losses + 2.0 * smoothing)
    };
    (0..tally.items()).map(rate).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::comparisons::{Builder, Choice};

    #[test]
    fn wins_ties_and_silence() {
        let mut builder = Builder::default();
        let juror = builder.juror("j");
        let [a, b, _] = ["a", "b", "c"].map(|name| builder.item(name));
        builder.push(juror, (a, b), Choice::Left, None);
        builder.push(juror, (a, b), Choice::Tie, None);
        let rates = rates(&builder.finish().tally(), 1.0);
        assert_eq!(rates, [2.5 / 4.0, 1.5 / 4.0, 0.5]);
    }
}
