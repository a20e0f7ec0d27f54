//! How reputers come to a consensus, and whom of them the topic listens to.
//!
//! # Formula
//!
//! Every reputer `m` with stake `S_m` reports a vector `L_m` of log10 losses, one
//! for each position of [`Layout`](crate::layout::Layout). What the network takes
//! the losses for is their mean weighted by stake ([`network_losses`], Eq 14).
//! What reputers are judged by is a mean `c` weighted by *adjusted* stake (Eq 30,
//! 32), `Ŝ_m = min(N a_m S_m / Σ a S, 1)`:
//!
//! ```text
//! T_m = 1 / (‖L_m − c‖ / ‖c‖ + ε_r)         score (Eq 33)
//! T   = Σ S_m T_m / Σ S_m                   (Eq 34)
//! a_m ← a_m + λ d ln T / d a_m              listening coefficients (Eq 35)
//! ```
//!
//! The derivative is a difference, `(1 − T / T′) / δ` with `δ = 10⁻³`, or `−10⁻³`
//! where `a_m = 1`. Coefficients stay within 0 and 1. Where a step would listen
//! to less than the floor of all stake, all coefficients go only as far as the
//! floor. Scores and adjusted stakes are those at the start of the last step.
//!
//! # Units and shapes
//!
//! Losses are a row for each reputer, a column for each position. Stakes are in
//! any unit: only their ratios matter.
//!
//! # Limits
//!
//! - A loss that is no number, or above `1e100` in size, counts as not given. A
//!   position that nobody reports has no loss (`NaN`) and no part in the
//!   consensus. Where a reputer leaves one out that others report, the reported
//!   value furthest from their consensus stands in for it.
//! - Where no reputer has stake, all count the same. A stake that is negative or
//!   no number counts as zero.
//! - Coefficients that listen to no stake at all, or to less than none, become
//!   0.01 each.
//! - Where less stake than the floor is listened to from the start, because
//!   stakes have moved since, the first step is stretched, or turned round, to
//!   reach the floor, and cut at 0 and 1. With [`Consensus::bounded`] off it is
//!   not cut: coefficients may leave 0 to 1 and are taken from there in the next
//!   epoch. Adjusted stakes that do not add up to anything then count as `1e-9`.
//! - A coefficient to start from that is no number counts as 1.
//! - A consensus of length below `1e-7` counts as that long.
//! - Time: `K N²` once for `K` losses and `N` reputers, then `N²` for each step,
//!   whatever `K`. Positions that some reputer left out cost `K′ N²` for each
//!   step.
//!
//! # Sources
//!
//! Kruijssen et al. (2024), Eq 13, 14, 30 to 35.

mod direct;
mod distances;
mod steps;

use pulp::{Arch, NullaryFnOnce};
use rayon::prelude::*;

use crate::settings::Consensus;
use distances::Distances;
use steps::Steps;

/// Losses whose squares still add up.
const LARGEST: f64 = 1e100;
/// Columns that are looked at together: a few rows of them fit the first cache.
const PANEL: usize = 256;
/// Columns whose means one thread makes: whole panels.
const SHEET: usize = 64 * PANEL;
/// Below this many multiplications threads cost more than they save.
const SMALL: usize = 1 << 22;

/// What the reputers of an epoch report.
#[derive(Clone, Copy, Debug)]
pub struct Reports<'a> {
    /// log10 losses: a row for each reputer, a column for each position of the
    /// layout; `NaN` where a reputer gives none.
    pub losses: &'a [f64],
    /// Stakes by reputer, own and delegated together.
    pub stakes: &'a [f64],
}

impl Reports<'_> {
    /// How many reputers.
    pub fn reputers(&self) -> usize {
        self.stakes.len()
    }

    /// How many losses each reports.
    ///
    /// # Panics
    ///
    /// If rows are not of one length.
    pub fn columns(&self) -> usize {
        let (cells, rows) = (self.losses.len(), self.stakes.len());
        let columns = cells.checked_div(rows).unwrap_or(0);
        assert_eq!(cells, columns * rows, "a row of losses for each stake");
        columns
    }
}

/// What comes of listening to reputers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Heard {
    /// Scores `T_m` at the start of the last step.
    pub scores: Vec<f64>,
    /// Listening coefficients after the last step.
    pub coefficients: Vec<f64>,
    /// Adjusted stakes `Ŝ_m` at the start of the last step.
    pub adjusted: Vec<f64>,
    /// How many steps were taken.
    pub iterations: usize,
    /// Part of all stake that is listened to after the last step.
    pub listened: f64,
}

/// Buffers that are used again from epoch to epoch.
#[derive(Clone, Debug, Default)]
pub struct Work {
    shares: Vec<f64>,
    distances: Distances,
    steps: Steps,
}

/// Losses of the network (Eq 14): for each column the mean of what reputers
/// report, weighted by stake; `NaN` where nobody with stake reports.
pub fn network_losses(reports: &Reports<'_>, out: &mut Vec<f64>) {
    let columns = reports.columns();
    out.clear();
    out.resize(columns, 0.0);
    let whole = &Whole::of(reports.stakes);
    let means = |(part, out): (usize, &mut [f64])| {
        Arch::new().dispatch(Means { reports, columns, start: part * SHEET, whole, out });
    };
    if reports.losses.len() < SMALL {
        out.chunks_mut(SHEET).enumerate().for_each(means);
    } else {
        out.par_chunks_mut(SHEET).enumerate().for_each(means);
    }
}

/// The means of all columns, as work for the vector unit that is there.
struct Means<'a> {
    reports: &'a Reports<'a>,
    columns: usize,
    /// The first column of `out`.
    start: usize,
    whole: &'a Whole,
    out: &'a mut [f64],
}

impl NullaryFnOnce for Means<'_> {
    type Output = ();

    #[inline(always)]
    #[expect(clippy::inline_always, reason = "compiled for the vector unit that is there")]
    fn call(self) {
        for (panel, out) in self.out.chunks_mut(PANEL).enumerate() {
            let start = self.start + panel * PANEL;
            weigh(self.reports, self.columns, start, self.whole, out);
        }
    }
}

/// Weighted means of one panel of columns, from `start`.
#[inline(always)]
#[expect(clippy::inline_always, reason = "compiled for the vector unit that is there")]
fn weigh(reports: &Reports<'_>, columns: usize, start: usize, whole: &Whole, out: &mut [f64]) {
    let width = out.len();
    let mut weights = [0.0; PANEL];
    let weights = &mut weights[..width];
    for (reputer, &stake) in reports.stakes.iter().enumerate() {
        let share = whole.share(stake);
        let row = &reports.losses[reputer * columns + start..][..width];
        for ((sum, weight), &loss) in out.iter_mut().zip(weights.iter_mut()).zip(row) {
            let given = loss.abs() <= LARGEST;
            *sum += if given { share * loss } else { 0.0 };
            *weight += if given { share } else { 0.0 };
        }
    }
    for (sum, weight) in out.iter_mut().zip(weights) {
        // Nobody reports: zero by zero is the NaN that says so.
        *sum /= *weight;
    }
}

/// What parts of stake are relative to.
struct Whole {
    /// The largest stake, or 0 where there is none.
    most: f64,
    /// The sum of all relative to it, or how many there are.
    sum: f64,
}

impl Whole {
    fn of(stakes: &[f64]) -> Self {
        let most = stakes.iter().map(|stake| counts(*stake)).fold(0.0, f64::max);
        // Divided by the largest first, so that the sum is finite.
        let sum: f64 = stakes.iter().map(|stake| counts(*stake) / most).sum();
        Self { most, sum: if most > 0.0 { sum } else { stakes.len() as f64 } }
    }

    /// Part of all stake; the same for all where there is none.
    fn share(&self, stake: f64) -> f64 {
        if self.most > 0.0 { counts(stake) / self.most / self.sum } else { 1.0 / self.sum }
    }
}

/// Stake that counts.
fn counts(stake: f64) -> f64 {
    if stake > 0.0 { stake.min(f64::MAX) } else { 0.0 }
}

/// Scores of reputers and their new listening coefficients (Eq 30 to 35), from
/// the coefficients of the epoch before.
///
/// ```
/// use allonet_topics::consensus::{Reports, listen};
/// use allonet_topics::settings::Settings;
///
/// // Two agree on two losses, the third does not.
/// let losses = [-1.0, -2.0, -1.0, -2.0, -2.0, -1.0];
/// let reports = Reports { losses: &losses, stakes: &[100.0, 100.0, 100.0] };
/// let heard = listen(&Settings::default().consensus, &reports, &[1.0, 1.0, 1.0]);
/// assert!(heard.scores[0] > heard.scores[2]);
/// assert!(heard.coefficients[2] < 1.0);
/// ```
///
/// # Panics
///
/// If there is not one coefficient for each reputer.
pub fn listen(settings: &Consensus, reports: &Reports<'_>, coefficients: &[f64]) -> Heard {
    let mut heard = Heard::default();
    listen_into(settings, reports, coefficients, &mut Work::default(), &mut heard);
    heard
}

/// [`listen`] with buffers that are used again.
pub fn listen_into(
    settings: &Consensus,
    reports: &Reports<'_>,
    coefficients: &[f64],
    work: &mut Work,
    heard: &mut Heard,
) {
    let reputers = reports.reputers();
    assert_eq!(coefficients.len(), reputers, "a coefficient for each reputer");
    if reputers == 0 {
        *heard = Heard::default();
        return;
    }
    let whole = Whole::of(reports.stakes);
    work.shares.clear();
    work.shares.extend(reports.stakes.iter().map(|stake| whole.share(*stake)));
    work.distances.measure(reports);
    heard.coefficients.clear();
    let (least, most) = if settings.bounded { (0.0, 1.0) } else { (f64::MIN, f64::MAX) };
    let start = |coefficient: &f64| if coefficient.is_nan() { 1.0 } else { *coefficient };
    heard.coefficients.extend(coefficients.iter().map(|one| start(one).clamp(least, most)));
    let any = listened(&heard.coefficients, &work.shares);
    if any <= 0.0 || !any.is_finite() {
        heard.coefficients.fill(0.01);
    }
    let Work { shares, distances, steps } = work;
    Arch::new().dispatch(Take { steps, settings, reports, distances, shares, heard });
    heard.listened = listened(&heard.coefficients, shares);
}

/// All steps, as work for the vector unit that is there.
struct Take<'a> {
    steps: &'a mut Steps,
    settings: &'a Consensus,
    reports: &'a Reports<'a>,
    distances: &'a Distances,
    shares: &'a [f64],
    heard: &'a mut Heard,
}

impl NullaryFnOnce for Take<'_> {
    type Output = ();

    #[inline(always)]
    #[expect(clippy::inline_always, reason = "compiled for the vector unit that is there")]
    fn call(self) {
        self.steps.take(self.settings, self.reports, self.distances, self.shares, self.heard);
    }
}

/// Four numbers at once.
#[inline(always)]
#[expect(clippy::inline_always, reason = "compiled for the vector unit that is there")]
fn each(number: impl Fn(usize) -> f64) -> [f64; 4] {
    [number(0), number(1), number(2), number(3)]
}

/// Part of the stake that is listened to.
fn listened(coefficients: &[f64], shares: &[f64]) -> f64 {
    coefficients.iter().zip(shares).map(|(coefficient, share)| coefficient * share).sum()
}

#[cfg(test)]
mod tests;
