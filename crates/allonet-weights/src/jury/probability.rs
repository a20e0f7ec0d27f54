//! Whether A is worth more than B, and which ranks the comparisons do not tell
//! apart.
//!
//! # Formula
//!
//! `P(A > B)` is the part of the bootstrap replicates in which A has the larger
//! weight (equal ones half), or `Φ((z_A − z_B) / sd)` with the covariance of the
//! log weights. At a level such as 0.95:
//!
//! * A is *separable* from B if `P(A > B)` is at least the level;
//! * the rank interval of an item begins behind the items separably better and
//!   ends before those separably worse;
//! * a *significance group* is a run of neighbours in the ranking in which no
//!   item is separable from the first; the next group begins with the first
//!   item that is.
//!
//! # Known weaknesses
//!
//! * Each couple is judged by itself: with many items some of 20 separations at
//!   0.95 are luck.
//! * Groups depend on where the first begins; two items of different groups may
//!   still not be separable. The rank intervals say it item by item.
//!
//! # Sources
//!
//! * Goldstein and Spiegelhalter (1996), *League tables and their limitations*.

use allonet_core::maths::normal_cdf;

use super::intervals::Replicates;
use crate::estimate::Estimate;
use crate::linear::Symmetric;

/// `P(row item is worth more than column item)`; one half on the diagonal.
#[derive(Debug, Clone, PartialEq)]
pub struct Superiority {
    size: usize,
    values: Vec<f64>,
    /// Items from the largest weight to the smallest.
    order: Vec<usize>,
}

/// The ranks that an item may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RankInterval {
    /// The best, from 1.
    pub best: usize,
    /// The worst.
    pub worst: usize,
}

impl Superiority {
    /// From bootstrap replicates.
    pub fn of_replicates(replicates: &Replicates) -> Self {
        let size = replicates.estimate.log_weights.len();
        let mut twice = vec![0_u64; size * size];
        for logs in &replicates.log_weights {
            for a in 0..size {
                for b in 0..size {
                    let points = match logs[a].total_cmp(&logs[b]) {
                        std::cmp::Ordering::Greater => 2,
                        std::cmp::Ordering::Equal => 1,
                        std::cmp::Ordering::Less => 0,
                    };
                    twice[a * size + b] += points;
                }
            }
        }
        let all = 2.0 * replicates.log_weights.len() as f64;
        let values = twice.into_iter().map(|points| points as f64 / all).collect();
        Self { size, values, order: order(&replicates.estimate) }
    }

    /// From a covariance of the log weights.
    pub fn gaussian(estimate: &Estimate, covariance: &Symmetric) -> Self {
        let z = &estimate.log_weights;
        let size = z.len();
        let chance = |a: usize, b: usize| {
            let variance = covariance.at(a, a) + covariance.at(b, b) - 2.0 * covariance.at(a, b);
            let gap = z[a] - z[b];
            if a == b || gap == 0.0 {
                0.5
            } else if variance > 0.0 {
                normal_cdf(gap / variance.sqrt())
            } else {
                f64::from(u8::from(gap > 0.0))
            }
        };
        let values = (0..size * size).map(|at| chance(at / size, at % size)).collect();
        Self { size, values, order: order(estimate) }
    }

    /// `P(a is worth more than b)`.
    ///
    /// # Panics
    ///
    /// If there is no such item.
    pub fn of(&self, a: usize, b: usize) -> f64 {
        assert!(b < self.size, "there is no item {b}");
        self.values[a * self.size + b]
    }

    /// Items from the largest weight to the smallest, equal ones by place.
    pub fn order(&self) -> &[usize] {
        &self.order
    }

    /// The ranks each item may have, in the order of items.
    pub fn rank_intervals(&self, level: f64) -> Vec<RankInterval> {
        let of_item = |item: usize| {
            let others = || (0..self.size).filter(move |other| *other != item);
            let better = others().filter(|other| self.of(*other, item) >= level).count();
            let worse = others().filter(|other| self.of(item, *other) >= level).count();
            RankInterval { best: better + 1, worst: self.size - worse }
        };
        (0..self.size).map(of_item).collect()
    }

    /// Runs of the ranking within which the first is separable from none.
    pub fn groups(&self, level: f64) -> Vec<Vec<usize>> {
        let mut groups: Vec<Vec<usize>> = Vec::new();
        for item in &self.order {
            match groups.last_mut() {
                Some(group) if self.of(group[0], *item) < level => group.push(*item),
                _ => groups.push(vec![*item]),
            }
        }
        groups
    }
}

fn order(estimate: &Estimate) -> Vec<usize> {
    let z = &estimate.log_weights;
    let mut order: Vec<usize> = (0..z.len()).collect();
    order.sort_by(|a, b| z[*b].total_cmp(&z[*a]).then(a.cmp(b)));
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_replicates_by_hand() {
        let logs = [[3.0, 1.0, 0.0], [3.0, 0.0, 1.0], [3.0, 1.0, 1.0], [2.0, 1.0, 0.0]];
        let replicates = Replicates {
            estimate: Estimate::centred(vec![3.0, 1.0, 0.5], 1),
            log_weights: logs.iter().map(|logs| logs.to_vec()).collect(),
            jackknife: Vec::new(),
            apart: 0,
            refused: 0,
        };
        let found = Superiority::of_replicates(&replicates);
        assert_eq!((found.of(0, 1), found.of(1, 2), found.of(2, 1)), (1.0, 0.625, 0.375));
        let ranks = found.rank_intervals(0.95);
        let expected = [(1, 1), (2, 3), (2, 3)].map(|(best, worst)| RankInterval { best, worst });
        assert_eq!(ranks, expected);
        assert_eq!(found.groups(0.95), [vec![0], vec![1, 2]]);
        assert_eq!(found.groups(0.6), [[0], [1], [2]]);
    }

    #[test]
    fn a_covariance_gives_normal_chances() {
        let mut covariance = Symmetric::zeros(2);
        covariance.add(0, 0, 0.25);
        covariance.add(1, 1, 0.25);
        covariance.add(0, 1, -0.25);
        let estimate = Estimate::centred(vec![0.5, -0.5], 1);
        let found = Superiority::gaussian(&estimate, &covariance);
        // A difference of one standard deviation.
        assert!((found.of(0, 1) - 0.841_344_746_068_543).abs() < 1e-14);
        assert!((found.of(0, 1) + found.of(1, 0) - 1.0).abs() < 1e-14);
        let flat = Superiority::gaussian(&estimate, &Symmetric::zeros(2));
        assert_eq!((flat.of(0, 1), flat.of(1, 0), flat.of(1, 1)), (1.0, 0.0, 0.5));
    }
}
