//! What Figures 2 to 4 are said to show, each as a number with an interval and
//! a verdict.
//!
//! # Formula
//!
//! A claim is a range for a mean, a rate or an exact number. It *holds* where
//! the whole 95 % interval lies within the range, *fails* where all of it lies
//! outside, and is *open* else. All gaps are in log10 units of loss.
//!
//! # Limits
//!
//! Ranges are ours: the source has no numbers. Where it says "an order of
//! magnitude" we ask for 0.8 to 1.2.
//!
//! # Sources
//!
//! Kruijssen et al. (2024), Figures 2, 3, 4 and their discussion.

use std::ops::Range;

use serde::Serialize;

use super::design::{Design, DesignError};
use super::experiment::{Outcome, run};
use super::statistics::Estimate;
use crate::layout::Layout;
use crate::tokenomics::{Month, Plan};

/// Whether a claim stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// The whole interval is within the range.
    Holds,
    /// The interval reaches out of the range.
    Open,
    /// The whole interval is outside.
    Fails,
}

/// A claim held against the experiment.
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    /// A short name, such as `F2.1`.
    pub id: &'static str,
    /// What is claimed.
    pub claim: &'static str,
    /// The number that decides it.
    pub measure: &'static str,
    /// What was found.
    pub found: Estimate,
    /// What would be in keeping with the claim: at least, at most.
    pub range: (f64, f64),
}

impl Statement {
    /// Whether it stands.
    pub fn verdict(&self) -> Verdict {
        let (least, most) = self.range;
        if self.found.low >= least && self.found.high <= most {
            Verdict::Holds
        } else if self.found.high < least || self.found.low > most {
            Verdict::Fails
        } else {
            Verdict::Open
        }
    }
}

const ANY: f64 = f64::INFINITY;

/// A statement about one number of each seed.
fn mean_of(
    id: &'static str,
    claim: &'static str,
    measure: &'static str,
    range: (f64, f64),
    outcomes: &[Outcome],
    value: impl Fn(&Outcome) -> f64,
) -> Statement {
    Statement { id, claim, measure, range, found: Estimate::mean(outcomes.iter().map(value)) }
}

/// A statement about how many seeds are so.
fn rate_of(
    id: &'static str,
    claim: &'static str,
    measure: &'static str,
    range: (f64, f64),
    outcomes: &[Outcome],
    value: impl Fn(&Outcome) -> bool,
) -> Statement {
    Statement { id, claim, measure, range, found: Estimate::rate(outcomes.iter().map(value)) }
}

/// All epochs of an outcome.
fn all(outcome: &Outcome) -> Range<usize> {
    0..outcome.epochs()
}

/// The second half of them.
fn late(outcome: &Outcome) -> Range<usize> {
    outcome.epochs() / 2..outcome.epochs()
}

/// Mean log10 loss of some positions, on average.
fn mean_losses(outcome: &Outcome, positions: Range<usize>, epochs: &Range<usize>) -> f64 {
    let count = positions.len() as f64;
    positions.map(|at| outcome.mean_loss(at, epochs.clone())).sum::<f64>() / count
}

/// How much lower the network's mean loss is than that of the best of some.
pub fn ahead_of(outcome: &Outcome, positions: Range<usize>) -> f64 {
    outcome.best(positions, &all(outcome)) - outcome.mean_loss(Layout::NETWORK, all(outcome))
}

/// The claims of Figure 2 that the experiment itself decides.
pub fn figure_2(outcomes: &[Outcome]) -> Vec<Statement> {
    let naive_ahead = |one: &Outcome| {
        one.best(one.layout.inferences(), &all(one)) - one.mean_loss(Layout::NAIVE, all(one))
    };
    let implied_ahead = |one: &Outcome| {
        let (inferers, implied) = (one.layout.inferences(), one.layout.implied());
        mean_losses(one, inferers, &late(one)) - mean_losses(one, implied, &late(one))
    };
    let order = "an order of magnitude better than the naive network";
    let network = "the network outperforms all others on average";
    let mut claims = vec![
        mean_of("F2.1", order, "naive − network, mean log10 loss", (0.8, 1.2), outcomes, |one| {
            one.gap(all(one))
        }),
        mean_of("F2.1 late", order, "the same, second half", (0.8, 1.2), outcomes, |one| {
            one.gap(late(one))
        }),
        mean_of(
            "F2.1 mse",
            order,
            "naive − network, log10 mean loss",
            (0.8, 1.2),
            outcomes,
            |one| {
                one.log_mean_loss(Layout::NAIVE, all(one))
                    - one.log_mean_loss(Layout::NETWORK, all(one))
            },
        ),
        rate_of("F2.1 sure", order, "seeds with a gap above 0.2", (0.97, 1.0), outcomes, |one| {
            one.gap(all(one)) > 0.2
        }),
        mean_of(
            "F2.2",
            "the naive network is as good as the best inferer",
            "best inferer − naive",
            (-0.05, 0.05),
            outcomes,
            naive_ahead,
        ),
        mean_of(
            "F2.3",
            "forecast-implied inferences are better than inferences",
            "inferers − implied, second half",
            (0.0, ANY),
            outcomes,
            implied_ahead,
        ),
        mean_of("F2.4", network, "best inferer − network", (0.0, ANY), outcomes, |one| {
            ahead_of(one, one.layout.inferences())
        }),
        mean_of("F2.4 implied", network, "best implied − network", (0.0, ANY), outcomes, |one| {
            ahead_of(one, one.layout.implied())
        }),
    ];
    claims.extend(every_participant(outcomes));
    claims
}

/// Whether the network outperforms every participant, in how many seeds.
fn every_participant(outcomes: &[Outcome]) -> [Statement; 2] {
    let claim = "the network outperforms every participant";
    [
        rate_of("F2.4 each", claim, "seeds ahead of every inferer", (0.95, 1.0), outcomes, |one| {
            ahead_of(one, one.layout.inferences()) > 0.0
        }),
        rate_of(
            "F2.4 all",
            claim,
            "seeds ahead of every implied one too",
            (0.95, 1.0),
            outcomes,
            |one| ahead_of(one, one.layout.workers_own()) > 0.0,
        ),
    ]
}

/// Epochs whose mean losses are compared for the steep decrease at first.
const BINS: [(usize, usize); 5] = [(0, 1), (1, 6), (10, 20), (20, 50), (100, 200)];

/// The decrease of the network's loss from one bin of epochs to the next, where
/// there are so many epochs.
pub fn decrease(outcomes: &[Outcome]) -> Vec<Statement> {
    const IDS: [(&str, &str); 4] = [
        ("F2.5 a", "epoch 0 − epochs 1 to 5"),
        ("F2.5 b", "epochs 1 to 5 − 10 to 19"),
        ("F2.5 c", "epochs 10 to 19 − 20 to 49"),
        ("F2.5 d", "epochs 20 to 49 − 100 to 199"),
    ];
    let epochs = outcomes.first().map_or(0, Outcome::epochs);
    let pairs = BINS.windows(2).zip(IDS).filter(|(bins, _)| bins[1].1 <= epochs);
    pairs
        .map(|(bins, (id, measure))| {
            mean_of(id, "losses fall steeply at first", measure, (0.0, ANY), outcomes, |one| {
                let of = |(from, to): (usize, usize)| one.mean_loss(Layout::NETWORK, from..to);
                of(bins[0]) - of(bins[1])
            })
        })
        .collect()
}

/// The claims of Figure 2 that take other designs: more inferers, and how much
/// context awareness there is.
pub fn figure_2_designs(
    design: &Design,
    seeds: usize,
    seed: u64,
) -> Result<Vec<Statement>, DesignError> {
    let mut statements = Vec::new();
    let naive_ahead = |one: &Outcome| {
        one.best(one.layout.inferences(), &all(one)) - one.mean_loss(Layout::NAIVE, all(one))
    };
    for (id, inferers) in [("F2.2 five", 5), ("F2.2 ten", 10)] {
        // The naive network does not depend on forecasters.
        let larger = Design { inferers, forecasters: 1, ..design.clone() }.instantaneous();
        let outcomes = run(&larger, seeds, seed)?;
        let claim = "with more inferers the naive network is better than the best";
        let measure = "best inferer − naive";
        statements.push(mean_of(id, claim, measure, (0.0, ANY), &outcomes, naive_ahead));
    }
    let context = |context| Design { context, ..design.clone() }.instantaneous();
    let none = run(&context(Some(0.0)), seeds, seed)?;
    let moderate = run(&context(None), seeds, seed)?;
    let perfect = run(&context(Some(1.0)), seeds, seed)?;
    let gap = |one: &Outcome| one.gap(all(one));
    let claim = "even moderate context awareness suffices";
    let none_gap = "gap to naive without context awareness";
    statements.push(mean_of("F2.6 zero", claim, none_gap, (0.0, ANY), &none, gap));
    let pairs = [
        ("F2.6 a", "gap with drawn awareness − with none", &none, &moderate),
        ("F2.6 b", "gap with perfect awareness − with drawn", &moderate, &perfect),
    ];
    for (id, measure, less, more) in pairs {
        let found = Estimate::mean(less.iter().zip(more).map(|(less, more)| gap(more) - gap(less)));
        statements.push(Statement { id, claim, measure, found, range: (0.03, ANY) });
    }
    Ok(statements)
}

/// The claims of Figure 3.
pub fn figure_3(outcomes: &[Outcome]) -> Vec<Statement> {
    let best = "the best earn most";
    let class = |one: &Outcome, class: usize| one.mean_of(&one.trace.shares, class, all(one));
    let chi = |one: &Outcome, epochs| one.mean_of(&one.trace.chi, 0, epochs);
    let first = |one: &Outcome| 0..one.epochs().min(10);
    let inferers = |one: &Outcome| 0..one.layout.inferers;
    let forecasters = |one: &Outcome| one.layout.inferers..one.layout.workers();
    let smallest = |one: &Outcome| class(one, 2) < class(one, 0) && class(one, 2) < class(one, 1);
    vec![
        rate_of("F3.1", best, "seeds: inferer of the least error", (0.55, 1.0), outcomes, |one| {
            one.richest(inferers(one)) == one.world.best_inferer()
        }),
        rate_of("F3.2", best, "seeds: forecaster of most context", (0.55, 1.0), outcomes, |one| {
            one.richest(forecasters(one)) == one.world.best_forecaster()
        }),
        rate_of(
            "F3.3",
            "inference earns more than forecasting",
            "seeds where it does",
            (0.5, 1.0),
            outcomes,
            |one| class(one, 0) > class(one, 1),
        ),
        mean_of(
            "F3.4",
            "forecasting is of little use at first",
            "χ in the second half − in the first ten epochs",
            (0.0, ANY),
            outcomes,
            |one| chi(one, late(one)) - chi(one, first(one)),
        ),
        rate_of(
            "F3.5",
            "reputers get the smallest share",
            "seeds where they do",
            (0.5, 1.0),
            outcomes,
            smallest,
        ),
        Statement {
            id: "F3.6",
            claim: "classes share the whole reward, by entropy",
            measure: "largest error of U + V + W = E and W/E = H/(F + G + H)",
            found: Estimate::exact(division_error(outcomes)),
            range: (0.0, 1e-12),
        },
    ]
}

/// How far shares are from adding up to one, and reputers' from their entropy.
fn division_error(outcomes: &[Outcome]) -> f64 {
    let rows = outcomes
        .iter()
        .flat_map(|one| one.trace.shares.chunks_exact(3).zip(one.trace.entropies.chunks_exact(3)));
    rows.map(|(shares, entropies)| {
        let all: f64 = entropies.iter().sum();
        let sum = (shares.iter().sum::<f64>() - 1.0).abs();
        sum.max((shares[2] - entropies[2] / all).abs())
    })
    .fold(0.0, f64::max)
}

/// The claims of Figure 4, which no chance is in.
pub fn figure_4() -> Vec<Statement> {
    let [raw, smooth, fees] = Plan::figure_4().map(|(_, plan)| plan.run(95));
    let exact = |id, claim, measure, value, range| Statement {
        id,
        claim,
        measure,
        found: Estimate::exact(value),
        range,
    };
    let drop_at = |rows: &[Month], month: usize| {
        100.0 * (rows[month - 2].yearly_yield - rows[month - 1].yearly_yield)
    };
    let largest = |rows: &[Month], from: usize| {
        (from..=95).map(|month| drop_at(rows, month)).fold(0.0, f64::max)
    };
    let every = raw.iter().chain(&smooth).chain(&fees);
    let top = every.map(|row| 100.0 * row.yearly_yield).fold(0.0, f64::max);
    let smoothing = "smoothing takes the jump out of an unlock";
    let stable = "fees keep the yield high for years";
    let staked = smooth[35].staked / smooth[35].circulating;
    vec![
        exact("F4.1", "the yield is at most 12 %", "largest yield, %", top, (0.0, 12.0 + 1e-9)),
        exact(
            "F4.2",
            smoothing,
            "drop at the unlock without, points",
            drop_at(&raw, 12),
            (1.0, ANY),
        ),
        exact("F4.3", smoothing, "the same with, points", drop_at(&smooth, 12), (0.0, 0.2)),
        exact(
            "F4.4",
            smoothing,
            "the first by the second",
            drop_at(&raw, 12) / drop_at(&smooth, 12),
            (5.0, ANY),
        ),
        exact(
            "F4.5",
            smoothing,
            "largest drop in a month with, points",
            largest(&smooth, 2),
            (0.0, 0.2),
        ),
        exact("F4.6", stable, "yield in month 95, %", 100.0 * fees[94].yearly_yield, (7.0, 12.0)),
        exact(
            "F4.7",
            stable,
            "largest drop after month 60, points",
            largest(&fees, 61),
            (0.0, 0.06),
        ),
        exact(
            "F4.8",
            "without fees the yield does not last",
            "yield in month 95, %",
            100.0 * smooth[94].yearly_yield,
            (0.0, 2.0),
        ),
        exact(
            "F4.9",
            "some 60 % of the supply is staked",
            "part in month 36",
            staked,
            (0.55, 0.65),
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verdicts_follow_the_interval() {
        let with = |low: f64, high: f64| Statement {
            id: "x",
            claim: "x",
            measure: "x",
            found: Estimate { value: f64::midpoint(low, high), error: 0.1, low, high },
            range: (0.0, 1.0),
        };
        assert_eq!(with(0.1, 0.9).verdict(), Verdict::Holds);
        assert_eq!(with(-0.1, 0.9).verdict(), Verdict::Open);
        assert_eq!(with(1.1, 1.9).verdict(), Verdict::Fails);
    }

    #[test]
    fn figure_4_stands() {
        for statement in figure_4() {
            assert_eq!(statement.verdict(), Verdict::Holds, "{statement:?}");
        }
    }

    #[test]
    fn shares_divide_by_entropy() {
        let design = Design { epochs: 20, ..Design::default() };
        assert!(division_error(&run(&design, 3, 1).unwrap()) < 1e-12);
    }
}
