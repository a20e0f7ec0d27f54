//! Forecast-implied inferences without each inferer, many at once.
//!
//! # Formula
//!
//! Without inferer `j` the regrets are divided by `1/s_j`, where `s_j` depends
//! on the spread of the others. With `F(s) = Σ_l w(s R_l) (I_l − I_k)` and
//! `G(s) = Σ_l w(s R_l)` the mean without `j` is
//! `I_k + (F(s_j) − w_j (I_j − I_k)) / (G(s_j) − w_j)`. As the `s_j` lie close
//! together, `F` and `G` are summed at a few Chebyshev nodes between them and
//! interpolated: `N` exponentials for each node instead of for each `j`.
//!
//! # Limits
//!
//! `w` has no pole within `π / (p |R|)` of a real `s`. On the ellipse about the
//! interval of half width `h` that reaches `2.5 / (p max|R|)`, a `w` is at most
//! `e^{2.5}` times itself in the interval, so that degree `d` is off by at most
//! `4 e^{2.5} ρ^{−d} / (ρ − 1)` of the sum of weights, with `ρ` of the ellipse;
//! the degree is chosen for `4e-15`. An `s_j` too far from most, and a `j` with
//! more than a quarter of the weight (digits would be lost), are left to be
//! summed anew.
//!
//! # Sources
//!
//! Trefethen (2013), *Approximation Theory and Approximation Practice*,
//! theorem 8.2.
#![expect(clippy::inline_always, reason = "what is not inlined is compiled without vectors")]

use std::sync::LazyLock;

use super::combine::{BLOCK, Moments, Part, sums};
use crate::kernel::LANES;
use crate::potential::Curve;
use crate::settings::Potential;

/// From so many forecasts on it is faster than to sum each anew.
pub(super) const LEAST: usize = 20;
/// Greatest `p · max|R| · h`.
const REACH: f64 = 0.25;
/// What the bound of the error is held below, of the sum of weights.
const TOLERANCE: f64 = 4e-15;
/// Greatest number of nodes.
const MOST: usize = 14;

/// Memory that is used again.
#[derive(Clone, Debug, Default)]
pub(super) struct Scratch {
    /// Inferences less the mean of all, filled up with zeros.
    offsets: Vec<f64>,
    /// `1 / (σ_j + ε)`, by `j`.
    scales: Vec<f64>,
    /// The results; NaN of those that are to be summed anew.
    pub(super) means: Vec<f64>,
}

/// What is combined: `count` regrets and inferences, filled up to whole lanes
/// (with regrets of −1e300 and inferences of NaN).
#[derive(Clone, Copy)]
pub(super) struct All<'a> {
    pub(super) potential: Potential,
    pub(super) epsilon: f64,
    pub(super) moments: Moments,
    pub(super) count: usize,
    pub(super) regrets: &'a [f64],
    pub(super) values: &'a [f64],
    /// The mean of all.
    pub(super) mean: f64,
}

impl All<'_> {
    /// Makes the means without each, in `scratch.means`.
    #[inline(always)]
    pub(super) fn without_each(&self, scratch: &mut Scratch) {
        let Scratch { offsets, scales, means } = scratch;
        offsets.clear();
        offsets.extend(self.values.iter().map(|value| value - self.mean));
        offsets[self.count..].fill(0.0);
        scales.clear();
        scales.resize(self.regrets.len(), f64::NAN);
        means.clear();
        means.resize(self.regrets.len(), f64::NAN);
        let interval = self.scales(scales);
        let (numerator, denominator) = self.interpolate(&interval, offsets);
        self.evaluate(&interval, &numerator, &denominator, scales, offsets, means);
    }

    /// Fills in each one's scale, NaN where digits would be lost, and gives the
    /// interval in which most of them lie.
    #[inline(always)]
    fn scales(&self, scales: &mut [f64]) -> Interval {
        let Moments { count, mean, squares, best } = self.moments;
        let (part, by) = (count / (count - 1.0), 1.0 / (count - 2.0));
        let (mut widest, mut most) = ([0.0_f64; LANES], [0.0_f64; LANES]);
        for (scale, regret) in scales.iter_mut().zip(self.regrets) {
            let from_mean = regret - mean;
            let kept = squares - from_mean * from_mean * part;
            let one = 1.0 / ((kept * by).sqrt() + self.epsilon);
            *scale = if kept >= 0.25 * squares { one } else { f64::NAN };
        }
        let regrets = self.regrets.as_chunks::<LANES>().0;
        for (scales, regrets) in scales.as_chunks::<LANES>().0.iter().zip(regrets) {
            for lane in 0..LANES {
                let (scale, size) = (scales[lane], regrets[lane].abs());
                widest[lane] = if scale > widest[lane] { scale } else { widest[lane] };
                // What only fills up does not count.
                let size = if size < 1e299 { size } else { 0.0 };
                most[lane] = if size > most[lane] { size } else { most[lane] };
            }
        }
        let low = 1.0 / ((squares * by).sqrt() + self.epsilon);
        let rate = self.potential.p * super::combine::greatest(&most);
        let reach = REACH / rate.max(1e-290);
        let half = (0.5 * (super::combine::greatest(&widest) - low)).clamp(0.0, reach);
        let middle = low + half;
        let shift = (self.potential.p * (self.potential.c - middle * best)).max(0.0);
        let base = crate::kernel::exp_of(-shift);
        Interval { middle, half, nodes: nodes(rate * half), shift, base }
    }

    /// Polynomials for `F` and `G`.
    #[inline(always)]
    fn interpolate(&self, interval: &Interval, offsets: &[f64]) -> ([f64; MOST], [f64; MOST]) {
        let table = &TABLES[interval.nodes];
        let (mut products, mut weights) = ([0.0; MOST], [0.0; MOST]);
        for (node, at) in table.nodes[..interval.nodes].iter().enumerate() {
            let curve = self.curve(interval, interval.middle + at * interval.half);
            let part = Part { regrets: self.regrets, values: offsets };
            (products[node], weights[node]) = sums(&curve, part);
        }
        (table.powers(&products), table.powers(&weights))
    }

    #[inline(always)]
    fn curve(&self, interval: &Interval, scale: f64) -> Curve {
        Curve::held(self.potential, scale, self.moments.best, interval.shift, interval.base)
    }

    /// Takes each one's own part from the sums at its scale.
    #[inline(always)]
    fn evaluate(
        &self,
        interval: &Interval,
        numerator: &[f64; MOST],
        denominator: &[f64; MOST],
        scales: &[f64],
        offsets: &[f64],
        means: &mut [f64],
    ) {
        let ends = Ends::of(&self.values[..self.count]);
        let by = if interval.half > 0.0 { 1.0 / interval.half } else { 0.0 };
        for start in (0..scales.len()).step_by(BLOCK) {
            let end = scales.len().min(start + BLOCK);
            let scales = &scales[start..end];
            // Both polynomials for a block of cases, power by power.
            let (mut at, mut product, mut sum) = ([0.0; BLOCK], [0.0; BLOCK], [0.0; BLOCK]);
            let at = &mut at[..scales.len()];
            let (product, sum) = (&mut product[..at.len()], &mut sum[..at.len()]);
            for (at, scale) in at.iter_mut().zip(scales) {
                *at = (scale - interval.middle) * by;
            }
            for power in (0..interval.nodes).rev() {
                let (up, down) = (numerator[power], denominator[power]);
                for ((at, product), sum) in at.iter().zip(&mut *product).zip(&mut *sum) {
                    *product = *product * at + up;
                    *sum = *sum * at + down;
                }
            }
            let (regrets, values) = (&self.regrets[start..end], &self.values[start..end]);
            let given = scales.iter().zip(regrets).zip(values).zip(&offsets[start..end]);
            let sums = at.iter().zip(&*product).zip(&*sum);
            let items = given.zip(sums).zip(&mut means[start..end]);
            for (((((scale, regret), value), offset), ((at, product), sum)), to) in items {
                let own = self.curve(interval, *scale).weight(*regret);
                let mean = self.mean + (product - own * offset) / (sum - own);
                let (least, most) = ends.without(*value);
                let mean = if mean < least { least } else { mean };
                let mean = if mean > most { most } else { mean };
                // A comparison with NaN is false.
                let near = if *at <= 1.0 + 1e-9 { mean } else { f64::NAN };
                *to = if own <= 0.25 * sum { near } else { f64::NAN };
            }
        }
    }
}

/// Where most scales lie, and how the sums are made there.
struct Interval {
    middle: f64,
    half: f64,
    nodes: usize,
    /// `m` and `e^{−m}` of the potential's weights, the same everywhere.
    shift: f64,
    base: f64,
}

/// How many nodes it takes for `p · max|R| · h`.
fn nodes(reach: f64) -> usize {
    const ELLIPSE: f64 = 2.5;
    let axis = ELLIPSE / reach.max(1e-8);
    let rho = axis + (axis * axis - 1.0).sqrt();
    // e^2.5 is 12.2.
    let mut bound = 4.0 * 12.2 / (rho - 1.0);
    let mut degree = 0;
    while bound > TOLERANCE && degree < MOST - 1 {
        bound /= rho;
        degree += 1;
    }
    degree + 1
}

/// Least and greatest two.
struct Ends {
    least: [f64; 2],
    most: [f64; 2],
}

impl Ends {
    #[inline(always)]
    fn of(values: &[f64]) -> Self {
        let (mut least, mut most) = ([f64::INFINITY; 2], [f64::NEG_INFINITY; 2]);
        for value in values {
            if *value < least[1] {
                least = if *value < least[0] { [*value, least[0]] } else { [least[0], *value] };
            }
            if *value > most[1] {
                most = if *value > most[0] { [*value, most[0]] } else { [most[0], *value] };
            }
        }
        Self { least, most }
    }

    /// Least and greatest without one of this value.
    #[inline(always)]
    fn without(&self, value: f64) -> (f64, f64) {
        let least = if value <= self.least[0] { self.least[1] } else { self.least[0] };
        let most = if value >= self.most[0] { self.most[1] } else { self.most[0] };
        (least, most)
    }
}

/// Chebyshev nodes and polynomials of one number of nodes.
struct Table {
    nodes: [f64; MOST],
    /// Of node `q` in coefficient `k`.
    chebyshev: [[f64; MOST]; MOST],
    /// Of power `i` in Chebyshev polynomial `k`.
    powers: [[f64; MOST]; MOST],
}

static TABLES: LazyLock<Vec<Table>> = LazyLock::new(|| (0..=MOST).map(Table::new).collect());

impl Table {
    fn new(count: usize) -> Self {
        let mut table = Self {
            nodes: [0.0; MOST],
            chebyshev: [[0.0; MOST]; MOST],
            powers: [[0.0; MOST]; MOST],
        };
        for node in 0..count {
            let mirrored = count - 1 - node;
            let angle =
                |node: usize| std::f64::consts::PI * (2 * node + 1) as f64 / (2 * count) as f64;
            table.nodes[node] = match node.cmp(&mirrored) {
                std::cmp::Ordering::Less => cosine(angle(node)),
                std::cmp::Ordering::Equal => 0.0,
                std::cmp::Ordering::Greater => -cosine(angle(mirrored)),
            };
        }
        for k in 0..count {
            for node in 0..count {
                let (at, table) = (table.nodes[node], &mut table.chebyshev);
                // T_k without the factor 2/n (1/n of T_0), which comes last.
                table[k][node] = match k {
                    0 => 1.0,
                    1 => at,
                    _ => 2.0 * at * table[k - 1][node] - table[k - 2][node],
                };
            }
            for power in 0..=k {
                let powers = &mut table.powers;
                let lower = |k: usize| if power == 0 { 0.0 } else { powers[k][power - 1] };
                powers[k][power] = match k {
                    0 => 1.0,
                    1 => power as f64,
                    _ => 2.0 * lower(k - 1) - powers[k - 2][power],
                };
            }
        }
        for (k, row) in table.chebyshev.iter_mut().enumerate() {
            let factor = if k == 0 { 1.0 } else { 2.0 } / count.max(1) as f64;
            for value in row {
                *value *= factor;
            }
        }
        table
    }

    /// The coefficients, by power, of the polynomial with these values.
    #[inline(always)]
    fn powers(&self, values: &[f64; MOST]) -> [f64; MOST] {
        let mut powers = [0.0; MOST];
        // By way of Chebyshev coefficients: their rounding errors stay small in
        // the interval, however large those of high powers are.
        for (row, polynomial) in self.chebyshev.iter().zip(&self.powers) {
            let mut coefficient = 0.0;
            for (factor, value) in row.iter().zip(values) {
                coefficient += factor * value;
            }
            for (power, factor) in powers.iter_mut().zip(polynomial) {
                *power += coefficient * factor;
            }
        }
        powers
    }
}

/// Cosine of `0 ≤ x ≤ π/2`.
fn cosine(x: f64) -> f64 {
    // Σ (−x²)ⁿ / (2n)!, from the last term that counts.
    (1..=13).rev().fold(1.0, |tail, n| 1.0 - tail * x * x / f64::from((2 * n - 1) * (2 * n)))
}
