//! The steps of the listening coefficients (Eq 35).
//!
//! Adjusted stakes are `min(κ a_j S_j, 1)` with one factor `κ` for all. With
//! reputers in order of `a_j S_j`, those below the cut at 1 come first, and the
//! weighted sums of squared distances are `κ ×` a running sum over them plus a
//! running sum over the others. Both are made once for a step; to change one
//! coefficient then costs one pass over the reputers.

use crate::settings::Consensus;

use super::distances::Distances;
use super::{Heard, Reports, direct, each, listened};

/// Relative precision that scores are to have.
const PRECISION: f64 = 1e-11;
/// Coefficients that are moved side by side.
const SIDE: usize = 8;
/// Least length of a consensus.
const LEAST: f64 = 1e-7;
/// Least sum of adjusted stakes.
const TOGETHER: f64 = 1e-9;

/// So many reputers are gone through one by one.
const FEW: usize = 32;

/// Buffers of a step.
#[derive(Clone, Debug, Default)]
pub(super) struct Steps {
    /// Reputers by `a S`, least first.
    order: Vec<usize>,
    /// `a S` in that order.
    sorted: Vec<f64>,
    /// `a S` by reputer, zeros to the stride.
    heard: Vec<f64>,
    /// Shares of stake, zeros to the stride.
    shares: Vec<f64>,
    /// Sums of `a S` over the first of the order.
    below: Vec<f64>,
    /// Rows: `Σ a_j S_j Q_j` over the first of the order.
    scaled: Vec<f64>,
    /// Rows: `Σ Q_j` over all but the first of the order.
    capped: Vec<f64>,
    /// Squared distances from the consensus, the origin's among them.
    squares: Vec<f64>,
    /// Scores, zeros to the stride.
    scores: Vec<f64>,
    adjusted: Vec<f64>,
    proposed: Vec<f64>,
    /// Squared distances, the origin's last, with one coefficient moved in each
    /// lane.
    lanes: Vec<[f64; SIDE]>,
}

/// What a step looks at.
struct Ground<'a> {
    settings: &'a Consensus,
    reports: &'a Reports<'a>,
    distances: &'a Distances,
}

impl Steps {
    /// Takes steps from `heard.coefficients` until they settle.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "compiled for the vector unit that is there")]
    pub(super) fn take(
        &mut self,
        settings: &Consensus,
        reports: &Reports<'_>,
        distances: &Distances,
        shares: &[f64],
        heard: &mut Heard,
    ) {
        let reputers = shares.len();
        let ground = Ground { settings, reports, distances };
        self.shares.clear();
        self.shares.extend_from_slice(shares);
        self.shares.resize(distances.stride, 0.0);
        heard.iterations = 0;
        loop {
            self.prepare(&ground, &heard.coefficients);
            let score = self.score(&ground, None);
            heard.scores.clear();
            heard.scores.extend_from_slice(&self.scores[..reputers]);
            heard.adjusted.clear();
            self.adjust(None);
            heard.adjusted.extend_from_slice(&self.adjusted);
            if heard.iterations >= settings.iterations {
                return;
            }
            self.propose(&ground, &heard.coefficients, score);
            keep_floor(settings, shares, &heard.coefficients, &mut self.proposed);
            let moves = self.proposed.iter().zip(&heard.coefficients);
            let largest = moves.map(|(new, old)| (new - old).abs()).fold(0.0, f64::max);
            heard.coefficients.copy_from_slice(&self.proposed);
            heard.iterations += 1;
            let settled = largest == 0.0 || largest / settings.rate < settings.threshold;
            if settled || heard.iterations >= settings.iterations {
                return;
            }
        }
    }

    /// New coefficients along the gradient.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "compiled for the vector unit that is there")]
    fn propose(&mut self, ground: &Ground<'_>, coefficients: &[f64], score: f64) {
        self.proposed.clear();
        let (size, reputers) = (ground.settings.difference, coefficients.len());
        for start in (0..reputers).step_by(SIDE) {
            let last = (start + SIDE).min(reputers) - 1;
            let at = |lane: usize| (start + lane).min(last);
            let differences = eight(|lane| {
                let whole = coefficients[at(lane)].to_bits() == 1.0_f64.to_bits();
                if whole { -size } else { size }
            });
            let weights =
                eight(|lane| (coefficients[at(lane)] + differences[lane]) * self.shares[at(lane)]);
            let abreast = self.abreast(ground, &weights, at);
            for lane in 0..=last - start {
                let other = abreast.map_or_else(
                    || self.score(ground, Some((start + lane, weights[lane]))),
                    |others| others[lane],
                );
                let change = (1.0 - score / other) / differences[lane];
                let change = ground.settings.rate * change;
                // A setting of zero makes no number of it.
                let change = if change.is_finite() { change } else { 0.0 };
                let moved = coefficients[start + lane] + change;
                self.proposed.push(moved.clamp(0.0, 1.0));
            }
        }
    }

    /// Mean scores with one coefficient moved in each lane, to the weight given
    /// there; none where digits or reports are missing and only a closer look
    /// helps. The same sums as [`score`](Self::score), lane by lane.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "compiled for the vector unit that is there")]
    fn abreast(
        &mut self,
        ground: &Ground<'_>,
        weights: &[f64; SIDE],
        at: impl Fn(usize) -> usize,
    ) -> Option<[f64; SIDE]> {
        if !ground.distances.ragged.is_empty() {
            return None;
        }
        let (reputers, stride) = (self.order.len(), ground.distances.stride);
        let (mut factor, mut extra, mut place) = ([0.0; SIDE], [0.0; SIDE], [0; SIDE]);
        for lane in 0..SIDE {
            let (own, _, more) = self.factor(Some((at(lane), weights[lane])));
            factor[lane] = own;
            extra[lane] = more;
            place[lane] = self.sorted.partition_point(|weight| own * weight < 1.0);
        }
        let all = eight(|lane| {
            let capped = (reputers - place[lane]) as f64;
            factor[lane] * self.below[place[lane]] + capped + extra[lane]
        });
        let inverse = eight(|lane| 1.0 / all[lane]);
        let squares = &ground.distances.squares;
        let mut twice = [0.0; SIDE];
        self.lanes.clear();
        for point in 0..=reputers {
            let heard = self.heard[point];
            let mean = eight(|lane| {
                let row = place[lane] * stride + point;
                let moved = extra[lane] * squares[at(lane) * stride + point];
                ((factor[lane] * self.scaled[row] + self.capped[row]) + moved) * inverse[lane]
            });
            let weight = eight(|lane| -at_least(-factor[lane] * heard, -1.0));
            twice = eight(|lane| twice[lane] + weight[lane] * mean[lane]);
            self.lanes.push(mean);
        }
        let spread = eight(|lane| {
            0.5 * (twice[lane] + extra[lane] * self.lanes[at(lane)][lane]) * inverse[lane]
        });
        self.rate_lanes(&spread, reputers, ground.settings.epsilon)
    }

    /// As [`rate`](Self::rate), for the squares in lanes.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "compiled for the vector unit that is there")]
    fn rate_lanes(
        &self,
        spread: &[f64; SIDE],
        reputers: usize,
        epsilon: f64,
    ) -> Option<[f64; SIDE]> {
        let origin = &self.lanes[reputers];
        let length = eight(|lane| at_least(origin[lane] - spread[lane], LEAST * LEAST).sqrt());
        let ground = eight(|lane| epsilon * length[lane]);
        let (mut sums, mut worst) = ([0.0; SIDE], [0.0; SIDE]);
        for (squares, &share) in self.lanes[..reputers].iter().zip(&self.shares) {
            let left = eight(|lane| at_least(squares[lane] - spread[lane], 0.0));
            let distance = eight(|lane| left[lane].sqrt());
            let whole = eight(|lane| distance[lane] + ground[lane]);
            sums = eight(|lane| sums[lane] + share * (length[lane] / whole[lane]));
            let scale = eight(|lane| PRECISION * whole[lane]);
            let allowed = eight(|lane| scale[lane] * at_least(distance[lane], scale[lane]));
            let beyond = eight(|lane| f64::EPSILON * squares[lane] - allowed[lane]);
            worst = eight(|lane| at_least(worst[lane], beyond[lane]));
        }
        worst.iter().all(|worst| *worst <= 0.0).then_some(sums)
    }

    /// Running sums for a set of coefficients.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "compiled for the vector unit that is there")]
    fn prepare(&mut self, ground: &Ground<'_>, coefficients: &[f64]) {
        let (reputers, stride) = (coefficients.len(), ground.distances.stride);
        self.heard.clear();
        self.heard.extend(coefficients.iter().zip(&self.shares).map(|(a, share)| a * share));
        self.heard.resize(stride, 0.0);
        let heard = &self.heard;
        self.order.clear();
        self.order.extend(0..reputers);
        self.order.sort_unstable_by(|a, b| heard[*a].total_cmp(&heard[*b]).then(a.cmp(b)));
        self.sorted.clear();
        self.sorted.extend(self.order.iter().map(|reputer| heard[*reputer]));
        self.below.clear();
        self.below.resize(reputers + 1, 0.0);
        for buffer in [&mut self.scaled, &mut self.capped] {
            buffer.clear();
            buffer.resize((reputers + 1) * stride, 0.0);
        }
        self.scores.resize(stride, 0.0);
        self.squares.resize(stride, 0.0);
        for (place, &reputer) in self.order.iter().enumerate() {
            let weight = heard[reputer];
            self.below[place + 1] = self.below[place] + weight;
            let (done, next) = self.scaled.split_at_mut((place + 1) * stride);
            let row = &ground.distances.squares[reputer * stride..][..stride];
            for ((next, done), square) in next.iter_mut().zip(&done[place * stride..]).zip(row) {
                *next = done + weight * square;
            }
        }
        for (place, &reputer) in self.order.iter().enumerate().rev() {
            let (next, done) = self.capped.split_at_mut((place + 1) * stride);
            let row = &ground.distances.squares[reputer * stride..][..stride];
            for ((next, done), square) in next[place * stride..].iter_mut().zip(&*done).zip(row) {
                *next = done + square;
            }
        }
    }

    /// Scores of all reputers and their mean weighted by stake (Eq 33, 34), with
    /// another `a S` for one of them if wanted.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "compiled for the vector unit that is there")]
    fn score(&mut self, ground: &Ground<'_>, change: Option<(usize, f64)>) -> f64 {
        let (reputers, stride) = (self.order.len(), ground.distances.stride);
        let (factor, changed, extra) = self.factor(change);
        let place = self.place(factor);
        let all = factor * self.below[place] + (reputers - place) as f64 + extra;
        // Only what is below zero in part can add up to so little.
        let inverse = 1.0 / at_least(all, TOGETHER);
        let scaled = &self.scaled[place * stride..][..stride];
        let capped = &self.capped[place * stride..][..stride];
        let row = &ground.distances.squares[changed * stride..][..stride];
        let squares = &mut self.squares[..stride];
        let mut twice = [0.0; 4];
        let lanes = squares.as_chunks_mut::<4>().0.iter_mut().zip(scaled.as_chunks::<4>().0);
        let lanes = lanes.zip(capped.as_chunks::<4>().0).zip(row.as_chunks::<4>().0);
        for ((((squares, scaled), capped), row), heard) in lanes.zip(self.heard.as_chunks::<4>().0)
        {
            let sum = each(|lane| (factor * scaled[lane] + capped[lane]) + extra * row[lane]);
            *squares = each(|lane| sum[lane] * inverse);
            let weight = each(|lane| -at_least(-factor * heard[lane], -1.0));
            twice = each(|lane| twice[lane] + weight[lane] * squares[lane]);
        }
        let twice = (twice[0] + twice[1]) + (twice[2] + twice[3]) + extra * squares[changed];
        let spread = 0.5 * twice * inverse;
        let epsilon = ground.settings.epsilon;
        let (mean, lost) = self.rate(spread, reputers, epsilon);
        if !lost && ground.distances.ragged.is_empty() {
            return mean;
        }
        self.squares.iter_mut().for_each(|square| *square = (*square - spread).max(0.0));
        self.look(ground, change, lost);
        self.rate(0.0, reputers, epsilon).0
    }

    /// How many of the order are below the cut.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "compiled for the vector unit that is there")]
    fn place(&self, factor: f64) -> usize {
        if self.sorted.len() > FEW {
            return self.sorted.partition_point(|weight| factor * weight < 1.0);
        }
        // For a few, looking at all costs less than one wrong guess.
        self.sorted.iter().map(|weight| usize::from(factor * weight < 1.0)).sum()
    }

    /// The factor of adjusted stakes, whose weight is changed, and by how much.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "compiled for the vector unit that is there")]
    fn factor(&self, change: Option<(usize, f64)>) -> (f64, usize, f64) {
        let reputers = self.order.len();
        let Some((changed, weight)) = change else {
            return (reputers as f64 / self.below[reputers], 0, 0.0);
        };
        let before = self.heard[changed];
        let factor = reputers as f64 / (self.below[reputers] + (weight - before));
        (factor, changed, (factor * weight).min(1.0) - (factor * before).min(1.0))
    }

    /// Squared distances column by column: of the ragged columns, or of all.
    #[cold]
    fn look(&mut self, ground: &Ground<'_>, change: Option<(usize, f64)>, all: bool) {
        self.adjust(change);
        let reputers = self.order.len();
        if all {
            self.squares.fill(0.0);
            let columns = 0..ground.reports.columns();
            direct::add(ground.reports, columns, &self.adjusted, &mut self.squares[..=reputers]);
        } else {
            let columns = ground.distances.ragged.iter().copied();
            direct::add(ground.reports, columns, &self.adjusted, &mut self.squares[..=reputers]);
        }
    }

    /// Adjusted stakes (Eq 30).
    fn adjust(&mut self, change: Option<(usize, f64)>) {
        let (factor, _, _) = self.factor(change);
        self.adjusted.clear();
        let heard = &self.heard[..self.order.len()];
        self.adjusted.extend(heard.iter().map(|weight| (factor * weight).min(1.0)));
        if let Some((changed, weight)) = change {
            self.adjusted[changed] = (factor * weight).min(1.0);
        }
    }

    /// Scores from mean squares less the spread, and their weighted mean; and
    /// whether too few digits are left of a distance.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "compiled for the vector unit that is there")]
    fn rate(&mut self, spread: f64, reputers: usize, epsilon: f64) -> (f64, bool) {
        let length = self.squares[reputers] - spread;
        let length = if length > LEAST * LEAST { length.sqrt() } else { LEAST };
        let ground = epsilon * length;
        let (mut sums, mut worst) = ([0.0; 4], [0.0; 4]);
        let lanes = self.scores.as_chunks_mut::<4>().0.iter_mut();
        let lanes = lanes.zip(self.squares.as_chunks::<4>().0);
        for ((scores, squares), shares) in lanes.zip(self.shares.as_chunks::<4>().0) {
            let left = each(|lane| at_least(squares[lane] - spread, 0.0));
            let distance = each(|lane| left[lane].sqrt());
            *scores = each(|lane| length / (distance[lane] + ground));
            sums = each(|lane| sums[lane] + shares[lane] * scores[lane]);
            let scale = each(|lane| PRECISION * (distance[lane] + ground));
            let allowed = each(|lane| scale[lane] * at_least(distance[lane], scale[lane]));
            let beyond = each(|lane| f64::EPSILON * squares[lane] - allowed[lane]);
            worst = each(|lane| at_least(worst[lane], beyond[lane]));
        }
        let lost = spread > 0.0 && worst.iter().any(|worst| *worst > 0.0);
        ((sums[0] + sums[1]) + (sums[2] + sums[3]), lost)
    }
}

/// As many numbers as coefficients are moved side by side.
#[inline(always)]
#[expect(clippy::inline_always, reason = "compiled for the vector unit that is there")]
fn eight(number: impl Fn(usize) -> f64) -> [f64; SIDE] {
    [number(0), number(1), number(2), number(3), number(4), number(5), number(6), number(7)]
}

/// The greater of two that are numbers, in one instruction.
#[inline(always)]
#[expect(clippy::inline_always, reason = "compiled for the vector unit that is there")]
fn at_least(number: f64, least: f64) -> f64 {
    if number > least { number } else { least }
}

/// Holds the part of the stake that is listened to at the floor: the step goes as
/// far as the floor, and on or back to it where it was missed before. Where this
/// leads out of 0 to 1 and they are bounded, coefficients are cut, and all then
/// rise by the same part of what they lack to 1.
fn keep_floor(settings: &Consensus, shares: &[f64], old: &[f64], new: &mut [f64]) {
    let floor = settings.floor;
    let (before, after) = (listened(old, shares), listened(new, shares));
    if after >= floor {
        return;
    }
    let part = (floor - before) / (after - before);
    let part = if part.is_finite() { part } else { 0.0 };
    for (new, old) in new.iter_mut().zip(old) {
        *new = old + (*new - old) * part;
    }
    if !settings.bounded {
        return;
    }
    for new in new.iter_mut() {
        *new = new.clamp(0.0, 1.0);
    }
    let reached = listened(new, shares);
    if reached < floor {
        let part = ((floor - reached) / (1.0 - reached)).min(1.0);
        for new in new {
            *new += (1.0 - *new) * part;
        }
    }
}
