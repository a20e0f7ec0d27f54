//! PageRank: a walker goes from each item to those preferred to it.
//!
//! # Formula
//!
//! ```text
//! r = (1 − d)/n + d · Tᵀ r,   T_ij = votes of i for j / votes of i
//! ```
//!
//! Each comparison is a vote of the loser for the winner, of weight 1 (GG24) or
//! of the multiplier (pilot); a tie is half a vote each way. Items that never
//! lost vote for all alike. Weights ∝ r.
//!
//! # Known weaknesses
//!
//! * An item that lost once and won a hundred times hands all of its weight to
//!   the one that beat it: a single odd answer at the top moves a lot.
//! * How often an item was asked about decides with how often it won.
//! * Where a published table compares an item with itself, that was counted as
//!   a vote for itself. Tables read here refuse such rows; [`walk`] takes them.
//!
//! # Sources
//!
//! * Page, Brin, Motwani, Winograd (1999), *The PageRank citation ranking*.
//! * The published analyses of Deep Funding's pilot and of its round in GG24.

use allonet_core::maths;

use super::{FitError, Parameter, Parameters, Rule, Uses};
use crate::comparisons::{Choice, Comparisons};
use crate::estimate::Estimate;

/// What the rule says of itself.
pub(super) const RULE: Rule = Rule {
    id: "pagerank",
    title: "PageRank of losers' votes for winners",
    formula: "r = (1 − d)/n + d Tᵀ r",
    uses: Uses::Direction,
    by_time: false,
    by_record: true,
    parameters: &[
        Parameter {
            name: "damping",
            default: 0.85,
            min: 0.0,
            max: 0.999_999,
            doc: "How often the walker follows a vote instead of starting anew.",
        },
        Parameter {
            name: "multiplier",
            default: 0.0,
            min: 0.0,
            max: 1.0,
            doc: "1: a vote weighs as much as its multiplier (pilot); 0: all weigh one (GG24).",
        },
        Parameter {
            name: "tolerance",
            default: 1e-10,
            min: 1e-15,
            max: 1.0,
            doc: "The walk ends when shares move by less in all.",
        },
        Parameter {
            name: "iterations",
            default: 200.0,
            min: 1.0,
            max: 1e6,
            doc: "Steps of the walk at most.",
        },
    ],
    fit,
};

/// One item's vote for another.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Vote {
    /// Place of the voter: who lost.
    pub from: u32,
    /// Place of whom it votes for: who won.
    pub to: u32,
    /// What the vote weighs, above zero.
    pub weight: f64,
}

/// How a walk goes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Walk {
    /// How often it follows a vote, from 0 to below 1.
    pub damping: f64,
    /// It ends when shares move by less in all.
    pub tolerance: f64,
    /// Steps at most.
    pub iterations: usize,
}

/// Where a walk spends its time.
#[derive(Debug, Clone, PartialEq)]
pub struct Walked {
    /// Share of each item; they add up to one.
    pub shares: Vec<f64>,
    /// Steps taken.
    pub iterations: usize,
    /// Whether shares had come to rest.
    pub settled: bool,
}

/// Walks along votes, in any order, until shares rest.
pub fn walk(items: usize, votes: &[Vote], walk: &Walk) -> Walked {
    let mut votes = votes.to_vec();
    votes.sort_unstable_by(|a, b| {
        (a.from, a.to).cmp(&(b.from, b.to)).then(a.weight.total_cmp(&b.weight))
    });
    let mut given = vec![0.0; items];
    for vote in &votes {
        given[vote.from as usize] += vote.weight;
    }
    let steps: Vec<Vote> = votes
        .chunk_by(|a, b| (a.from, a.to) == (b.from, b.to))
        .map(|same| {
            let weight = same.iter().map(|vote| vote.weight).sum::<f64>();
            Vote { weight: weight / given[same[0].from as usize], ..same[0] }
        })
        .collect();
    let even = 1.0 / items.max(1) as f64;
    let mut walked = Walked { shares: vec![even; items], iterations: 0, settled: items == 0 };
    while !walked.settled && walked.iterations < walk.iterations {
        let shares = &walked.shares;
        let silent = shares.iter().zip(&given).filter(|(_, given)| **given <= 0.0);
        let spread = maths::sum(silent.map(|(share, _)| *share)) * even;
        let mut next = vec![(1.0 - walk.damping) * even + walk.damping * spread; items];
        for step in &steps {
            next[step.to as usize] += walk.damping * step.weight * shares[step.from as usize];
        }
        let moved = maths::sum(shares.iter().zip(&next).map(|(a, b)| (a - b).abs()));
        walked.settled = moved <= walk.tolerance;
        walked.shares = next;
        walked.iterations += 1;
    }
    walked
}

fn fit(comparisons: &Comparisons, parameters: &Parameters) -> Result<Estimate, FitError> {
    let votes = votes(comparisons, parameters.says("multiplier"))?;
    let settings = Walk {
        damping: parameters.of("damping"),
        tolerance: parameters.of("tolerance"),
        iterations: parameters.count("iterations"),
    };
    let walked = walk(comparisons.items().len(), &votes, &settings);
    // With a damping of 0.999999 shares cannot fall below 10⁻⁶ of an even part.
    let logs = walked.shares.iter().map(|share| maths::ln(share.max(1e-12))).collect();
    let mut estimate = Estimate::centred(logs, walked.iterations);
    if !walked.settled {
        let text = format!("shares still moved after {} steps of the walk", walked.iterations);
        estimate.warnings.push(text);
    }
    Ok(estimate)
}

/// A vote of the loser for the winner; only ratios of weights matter.
fn votes(comparisons: &Comparisons, by_multiplier: bool) -> Result<Vec<Vote>, FitError> {
    let silent = || comparisons.rows().enumerate().filter(|(_, row)| row.intensity.is_none());
    if let Some((first, _)) = silent().next().filter(|_| by_multiplier) {
        let line = comparisons.line(first);
        return Err(FitError::NoIntensity { count: silent().count(), line });
    }
    // The heaviest vote weighs one: no sum of votes overflows.
    let most = comparisons.rows().filter_map(|row| row.intensity).fold(0.0, f64::max);
    let mut votes = Vec::with_capacity(comparisons.len());
    for row in comparisons.rows() {
        let weight = match row.intensity {
            Some(intensity) if by_multiplier => maths::exp(intensity - most),
            _ => 1.0,
        };
        let (left, right) = (row.left, row.right);
        match row.choice {
            Choice::Left => votes.push(Vote { from: right, to: left, weight }),
            Choice::Right => votes.push(Vote { from: left, to: right, weight }),
            Choice::Tie => {
                let weight = weight / 2.0;
                votes.extend([(left, right), (right, left)].map(|(from, to)| Vote {
                    from,
                    to,
                    weight,
                }));
            }
        }
    }
    Ok(votes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_vote_between_two() {
        // b votes for a, a for both alike: a = .075 + .85 (b + a/2), a + b = 1.
        let votes = [Vote { from: 1, to: 0, weight: 3.0 }];
        let settings = Walk { damping: 0.85, tolerance: 1e-15, iterations: 1_000 };
        let walked = walk(2, &votes, &settings);
        assert!((walked.shares[0] - 0.925 / 1.425).abs() < 1e-14, "{walked:?}");
        let short = walk(2, &votes, &Walk { iterations: 1, ..settings });
        assert!(!short.settled);
    }
}
