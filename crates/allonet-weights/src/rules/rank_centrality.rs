//! Rank centrality: a walker who goes to a rival as often as the rival wins.
//!
//! # Formula
//!
//! ```text
//! P_ij = (share of i's games with j that j won) / d_max,   P_ii the rest
//! Pᵀ π = π,   weights ∝ π
//! ```
//!
//! `d_max` is the largest row sum of those shares. The published rule takes at
//! most 200 steps from even shares and uses what it has then; `exact` solves for
//! π (Grassmann–Taksar–Heyman, no subtraction). If answers follow Bradley–Terry,
//! π is proportional to its weights. A tie is half a win for both.
//!
//! # Known weaknesses
//!
//! * How often a pair was asked about makes no difference: one game of one counts
//!   like fifty of fifty, so sparse data are noisy.
//! * One step moves at most `1 / d_max` of the weight: on large or badly joined
//!   graphs 200 steps stop near the start. The spectral gap says how far one
//!   gets; a warning gives it where it is small.
//! * Items that only ever lose end at zero (10⁻¹² as published) and their money
//!   goes to those who beat them; `exact` refuses such data.
//!
//! # Sources
//!
//! * Negahban, Oh, Shah (2017), *Rank centrality: ranking from pairwise
//!   comparisons*, Operations Research 65(1), equation 1.
//! * Grassmann, Taksar, Heyman (1985), Operations Research 33(5).
//! * The published analysis of Deep Funding's round in GG24.

use allonet_core::maths;

use super::{FitError, Parameter, Parameters, Rule, Uses};
use crate::comparisons::{Comparisons, Tally};
use crate::connectivity::{centred_islands_warning, require_bounded};
use crate::estimate::Estimate;
use crate::random::Random;

/// What the rule says of itself.
pub(super) const RULE: Rule = Rule {
    id: "rank-centrality",
    title: "Rank centrality",
    formula: "Pᵀ π = π, P_ij = (share won by j) / d_max",
    uses: Uses::Direction,
    by_time: false,
    by_record: false,
    parameters: &[
        Parameter {
            name: "iterations",
            default: 200.0,
            min: 1.0,
            max: 1e7,
            doc: "Steps of the walk at most; 200 as published, which may end too early.",
        },
        Parameter {
            name: "tolerance",
            default: 1e-10,
            min: 1e-15,
            max: 1.0,
            doc: "The walk ends when shares move by less in all.",
        },
        Parameter {
            name: "exact",
            default: 0.0,
            min: 0.0,
            max: 1.0,
            doc: "1: where the walk ends up for good, whatever the number of steps.",
        },
    ],
    fit,
};

/// The exact solution takes time with the cube of the items.
const EXACT_MOST: usize = 2_000;
/// Steps over which the walk's rate of forgetting is measured, after as many.
const RATE_STEPS: u32 = 200;
/// Below this gap a hundred steps leave more than a third of the start.
const SMALL_GAP: f64 = 0.01;
/// The smallest share, as published.
const LEAST: f64 = 1e-12;

fn fit(comparisons: &Comparisons, parameters: &Parameters) -> Result<Estimate, FitError> {
    let tally = comparisons.tally();
    let chain = Chain::of(&tally);
    if parameters.says("exact") {
        return exact(comparisons, &tally, &chain);
    }
    let most = parameters.count("iterations");
    let (shares, iterations, settled) = chain.walk(parameters.of("tolerance"), most);
    let logs = shares.iter().map(|share| maths::ln(share.max(LEAST))).collect();
    let mut estimate = Estimate::centred(logs, iterations);
    estimate.warnings.extend(centred_islands_warning(comparisons));
    let gap = chain.spectral_gap(&shares);
    if !settled {
        estimate.warnings.push(format!(
            "shares still moved after {iterations} steps (spectral gap {gap:.2e}): these are \
             weights on the way, not where the rule leads; set exact to 1 for those"
        ));
    } else if gap < SMALL_GAP {
        estimate.warnings.push(format!(
            "the spectral gap is {gap:.2e}: few comparisons join parts of the items, and small \
             changes of those move much"
        ));
    }
    Ok(estimate)
}

fn exact(comparisons: &Comparisons, tally: &Tally, chain: &Chain) -> Result<Estimate, FitError> {
    require_bounded(comparisons, tally)?;
    let items = tally.items();
    if items > EXACT_MOST {
        let rule = "rank-centrality with exact=1";
        return Err(FitError::TooLarge { rule, found: items, most: EXACT_MOST });
    }
    Ok(Estimate::centred(chain.stationary(), 1))
}

/// A walk over items in compressed rows, without what stays.
struct Chain {
    offsets: Vec<usize>,
    targets: Vec<u32>,
    moves: Vec<f64>,
    stays: Vec<f64>,
}

impl Chain {
    fn of(tally: &Tally) -> Self {
        let lost = |item: usize| {
            tally.row(item).map(|(_, wins, losses)| losses / (wins + losses)).collect::<Vec<_>>()
        };
        let rows: Vec<Vec<f64>> = (0..tally.items()).map(lost).collect();
        let sum = |row: &[f64]| maths::sum(row.iter().copied());
        let most = rows.iter().map(|row| sum(row)).fold(0.0, f64::max);
        // Where nobody lost there is nothing to divide.
        let most = if most > 0.0 { most } else { 1.0 };
        let moves: Vec<f64> = rows.concat().into_iter().map(|share| share / most).collect();
        let stays = tally.offsets.windows(2).map(|row| 1.0 - sum(&moves[row[0]..row[1]])).collect();
        let (offsets, targets) = (tally.offsets.clone(), tally.others.clone());
        Self { offsets, targets, moves, stays }
    }

    /// `Pᵀ x`.
    fn step(&self, shares: &[f64]) -> Vec<f64> {
        let mut next: Vec<f64> = shares.iter().zip(&self.stays).map(|(x, stay)| x * stay).collect();
        for (item, share) in shares.iter().enumerate() {
            for at in self.offsets[item]..self.offsets[item + 1] {
                next[self.targets[at] as usize] += self.moves[at] * share;
            }
        }
        next
    }

    /// Shares, steps taken, and whether shares rest.
    fn walk(&self, tolerance: f64, most: usize) -> (Vec<f64>, usize, bool) {
        let items = self.stays.len();
        let mut shares = vec![1.0 / items as f64; items];
        for iteration in 1..=most {
            let mut next = self.step(&shares);
            let total = maths::sum(next.iter().copied());
            for share in &mut next {
                *share /= total;
            }
            let moved = maths::sum(shares.iter().zip(&next).map(|(a, b)| (a - b).abs()));
            shares = next;
            if moved <= tolerance {
                return (shares, iteration, true);
            }
        }
        (shares, most, false)
    }

    /// One less the rate at which the walk forgets where it began, measured on
    /// a difference of two starts.
    fn spectral_gap(&self, shares: &[f64]) -> f64 {
        let mut random = Random::new(0);
        let mut difference: Vec<f64> = shares.iter().map(|_| random.normal()).collect();
        let mut logs = 0.0;
        for step in 0..2 * RATE_STEPS {
            // What rounding adds to the sum would stay for good.
            let total = maths::sum(difference.iter().copied());
            difference.iter_mut().zip(shares).for_each(|(part, share)| *part -= total * share);
            let size = maths::sum(difference.iter().map(|part| part * part)).sqrt();
            if size == 0.0 {
                return 1.0;
            }
            for part in &mut difference {
                *part /= size;
            }
            if step > RATE_STEPS {
                logs += maths::ln(size);
            }
            difference = self.step(&difference);
        }
        (1.0 - maths::exp(logs / f64::from(RATE_STEPS - 1))).max(0.0)
    }

    /// Logarithms of where the walk ends up, on any common scale: states are
    /// taken out one after the other, what went through them goes on directly,
    /// and the way back fills in shares.
    fn stationary(&self) -> Vec<f64> {
        let items = self.stays.len();
        let mut rates = vec![0.0; items * items];
        for item in 0..items {
            for at in self.offsets[item]..self.offsets[item + 1] {
                rates[item * items + self.targets[at] as usize] = self.moves[at];
            }
        }
        for out in (1..items).rev() {
            let (rest, row) = rates.split_at_mut(out * items);
            let leaving = maths::sum(row[..out].iter().copied());
            row[..out].iter_mut().for_each(|rate| *rate /= leaving);
            for from in rest.chunks_exact_mut(items) {
                let through = from[out];
                if through > 0.0 {
                    from[..out].iter_mut().zip(&row[..out]).for_each(|(x, y)| *x += through * y);
                }
            }
            // The entries above now hold rates into `out`, those in its row where it leads.
            for from in 0..out {
                rates[from * items + out] /= leaving;
            }
        }
        // In logarithms: along a chain of hundreds of items shares leave the range of numbers.
        let mut logs = vec![0.0; items];
        for item in 1..items {
            let into = |from: usize| logs[from] + maths::ln(rates[from * items + item]);
            let paths: Vec<f64> = (0..item).map(into).collect();
            let top = paths.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            logs[item] =
                top + maths::ln(maths::sum(paths.iter().map(|path| maths::exp(path - top))));
        }
        logs
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::comparisons::{Builder, Choice};
    use crate::rules::fit;

    /// `wins[i][j]` times `i` over `j`.
    fn of(wins: &[&[usize]]) -> Comparisons {
        let mut builder = Builder::default();
        let juror = builder.juror("j");
        let items: Vec<u32> = (0..wins.len()).map(|at| builder.item(&format!("{at:03}"))).collect();
        for (i, row) in wins.iter().enumerate() {
            for (j, count) in row.iter().enumerate() {
                for _ in 0..*count {
                    builder.push(juror, (items[i], items[j]), Choice::Left, None);
                }
            }
        }
        builder.finish()
    }

    #[test]
    fn consistent_answers_give_their_weights() {
        // Wins as weights 1 : 2 : 4 say.
        let comparisons = of(&[&[0, 4, 2], &[8, 0, 4], &[8, 8, 0]]);
        let exact = Parameters::default().with("exact", 1.0);
        for parameters in [Parameters::default(), exact] {
            let weights = fit("rank-centrality", &comparisons, &parameters).unwrap().weights();
            for (found, expected) in weights.iter().zip([1.0, 2.0, 4.0]) {
                assert!((found - expected / 7.0).abs() < 1e-9, "{weights:?}");
            }
        }
    }

    #[test]
    fn the_gap_is_that_of_the_matrix() {
        // Two items, half each: P = ((0, 1), (1, 0))/1 with d_max 1/2 stays never.
        let chain = Chain::of(&of(&[&[0, 3], &[1, 0]]).tally());
        // Rows: 0 loses 1/4, 1 loses 3/4 = d_max: P = (2/3, 1/3; 1, 0), λ₂ = −1/3.
        let (shares, _, settled) = chain.walk(1e-14, 1_000);
        assert!(settled && (chain.spectral_gap(&shares) - 2.0 / 3.0).abs() < 1e-12);
    }

    #[test]
    fn a_long_chain_is_told_apart_from_its_end() {
        let mut wins = vec![vec![0; 250]; 250];
        for at in 1..250 {
            wins[at][at - 1] = 30;
            wins[at - 1][at] = 1;
        }
        let wins: Vec<&[usize]> = wins.iter().map(Vec::as_slice).collect();
        let comparisons = of(&wins);
        let early = fit("rank-centrality", &comparisons, &Parameters::default()).unwrap();
        assert!(early.warnings[0].contains("still moved after 200"), "{:?}", early.warnings);
        let exact = Parameters::default().with("exact", 1.0);
        let exact = fit("rank-centrality", &comparisons, &exact).unwrap();
        // 30^249 is beyond the largest number there is.
        let rise = maths::ln(30.0);
        let rises = exact.log_weights.windows(2);
        assert!(rises.into_iter().all(|pair| (pair[1] - pair[0] - rise).abs() < 1e-10));
    }
}
