//! A leaderboard that cannot be climbed by guessing.
//!
//! # Formula
//!
//! Whoever sees the exact score of every submission can follow the accidents of
//! the public answers and win without knowing anything. The Ladder tells a new
//! score only where it is surely better, and then roughly. With `R` the loss on
//! the public answers and `B` the best one told to this identity:
//!
//! | release | tells a new score if | and tells |
//! |---|---|---|
//! | [`Release::Plain`] | always | `R` |
//! | [`Release::Ladder`] | `R < B − η` | `R` rounded to `η` |
//! | [`Release::Paired`] | `R < B − s` | `R` rounded to `1 / n` |
//!
//! `s` is the standard error of the difference to the best submission by
//! leaving out one juror at a time, `n` the number of public answers. Otherwise
//! the old score is told again.
//!
//! [`board`] adds identities with budgets, a hidden final set of jurors and an
//! append-only log; [`attack`] measures what an attacker gains.
//!
//! # Known weaknesses
//!
//! * Many identities are many ladders: each first score is told. Budgets and the
//!   rounding bound what that gives; identities must cost something.
//! * Small true improvements are not told either. The final set sees them.
//! * The paired release tells more than the ladder, and so can be climbed: in
//!   the simulation of [`attack`] with its defaults (a loss of 0.21, 500
//!   submissions) the gap was 37 % [34, 40] on a plain board, 9.5 % [7.6, 11.4]
//!   on a paired one, 1.5 % [0.6, 2.6] on a ladder of `η = 0.01`, and on other
//!   juries 0.04 % [0.00, 0.10] on one of `η = 0.02`.
//!
//! # Sources
//!
//! * Blum, Hardt (2015), *The Ladder: a reliable leaderboard for machine
//!   learning competitions*, algorithms 1 and 2.
//! * The jackknife: Efron (1982). In the paper `s` is the deviation of
//!   independent losses over `√n`; answers of one juror are not independent.

pub mod attack;
pub mod board;

use serde::{Deserialize, Serialize};

use super::metrics::Metric;
use super::pairs::Sums;

/// When a new score is told.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind", deny_unknown_fields)]
pub enum Release {
    /// Always, exactly.
    Plain {},
    /// Where it improves by more than a step, rounded to it.
    Ladder {
        /// η, in units of the score.
        step: f64,
    },
    /// Where it improves by more than its standard error.
    Paired {},
}

/// What one identity has been told.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Ladder {
    best: Option<Rung>,
}

#[derive(Debug, Clone, PartialEq)]
struct Rung {
    told: f64,
    sums: Vec<Sums>,
}

/// What is told of a submission.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Told {
    /// The score: this one's or, where nothing new is told, the best before.
    pub score: f64,
    /// Whether this submission is the best so far.
    pub improved: bool,
}

impl Ladder {
    /// Judges a submission by its sums over the public jurors; none where it has
    /// no score.
    pub fn offer(&mut self, metric: &Metric, release: Release, sums: Vec<Sums>) -> Option<Told> {
        let exact = metric.of_pairs(&Sums::total(&sums))?;
        let better = |best: &Rung| metric.loss(best.told, exact);
        let improved = self.best.as_ref().is_none_or(|best| match release {
            Release::Plain {} => better(best) > 0.0,
            Release::Ladder { step } => better(best) > step,
            Release::Paired {} => {
                standard_error(metric, &sums, &best.sums).is_some_and(|error| better(best) > error)
            }
        });
        let rows = Sums::total(&sums).rows;
        let told = match release {
            Release::Plain {} => exact,
            Release::Ladder { step } => (exact / step).round() * step,
            Release::Paired {} => (exact * rows).round() / rows,
        };
        if improved {
            self.best = Some(Rung { told, sums });
        }
        let score = match release {
            Release::Plain {} => told,
            _ => self.best.as_ref().map_or(told, |best| best.told),
        };
        Some(Told { score, improved })
    }

    /// The best score told.
    pub fn told(&self) -> Option<f64> {
        self.best.as_ref().map(|best| best.told)
    }
}

/// Standard error of a difference by leaving out one juror at a time; none with
/// fewer than two jurors.
fn standard_error(metric: &Metric, one: &[Sums], other: &[Sums]) -> Option<f64> {
    let (all_one, all_other) = (Sums::total(one), Sums::total(other));
    let judged: Vec<usize> = (0..one.len()).filter(|at| one[*at].rows > 0.0).collect();
    let without = |at: &usize| {
        let (mut first, mut second) = (all_one, all_other);
        first.add(&one[*at], -1.0);
        second.add(&other[*at], -1.0);
        Some(metric.of_pairs(&first)? - metric.of_pairs(&second)?)
    };
    let left: Option<Vec<f64>> = judged.iter().map(without).collect();
    let left = left.filter(|left| left.len() > 1)?;
    let count = left.len() as f64;
    let mean = left.iter().sum::<f64>() / count;
    let squares: f64 = left.iter().map(|value| (value - mean) * (value - mean)).sum();
    Some((squares * (count - 1.0) / count).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::metrics::metric;

    fn losses(losses: &[f64]) -> Vec<Sums> {
        let one = |brier: &f64| Sums { rows: 1.0, covered: 1.0, brier: *brier, ..Sums::default() };
        losses.iter().map(one).collect()
    }

    fn told(release: Release, offers: &[&[f64]]) -> Vec<(f64, bool)> {
        let (mut ladder, brier) = (Ladder::default(), metric("brier").unwrap());
        let offer = |offer: &&[f64]| {
            let told = ladder.offer(brier, release, losses(offer)).unwrap();
            ((told.score * 1e9).round() / 1e9, told.improved)
        };
        offers.iter().map(offer).collect()
    }

    #[test]
    fn only_steps_are_told() {
        let offers: [&[f64]; 4] = [&[0.24, 0.24], &[0.21, 0.21], &[0.19, 0.19], &[0.5, 0.5]];
        let ladder = told(Release::Ladder { step: 0.05 }, &offers);
        // 0.24 is told as 0.25; 0.21 is not 0.05 better; 0.19 is, and told as 0.20.
        assert_eq!(ladder, [(0.25, true), (0.25, false), (0.2, true), (0.2, false)]);
        let plain = told(Release::Plain {}, &offers);
        assert_eq!(plain, [(0.24, true), (0.21, true), (0.19, true), (0.5, false)]);
    }

    #[test]
    fn the_paired_release_wants_more_than_the_error() {
        // The second is better by one on one juror and worse by 0.2 on the other
        // two; the third is better on all.
        let offers: [&[f64]; 3] = [&[1.0, 1.0, 1.0], &[0.0, 1.2, 1.2], &[0.8, 0.8, 0.6]];
        let paired = told(Release::Paired {}, &offers);
        assert_eq!(paired.iter().map(|told| told.1).collect::<Vec<_>>(), [true, false, true]);
        // Differences −1, 0.2, 0.2: left out 0.2, −0.4, −0.4; error 0.4.
        let error =
            standard_error(metric("brier").unwrap(), &losses(offers[1]), &losses(offers[0]));
        assert!((error.unwrap() - 0.4).abs() < 1e-12);
    }
}
