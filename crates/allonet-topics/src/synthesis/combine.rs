//! The weighted mean of some inferences, by their regrets (Eq 9 to 11).
//!
//! # Formula
//!
//! `Σ w I / Σ w` with `w = φ′(R / (σ + ε))`, `σ` the sample standard deviation
//! of the regrets of all that are there, or a spread that is given.
//!
//! # Limits
//!
//! What has no inference (NaN) does not count. Of nothing the mean is NaN, of
//! one it is that one. The mean is held between the least and the greatest
//! inference, where rounding would carry it past.
#![expect(clippy::inline_always, reason = "what is not inlined is compiled without vectors")]

use pulp::{Arch, NullaryFnOnce};

use crate::kernel::LANES;
use crate::potential::Curve;
use crate::settings::{Form, Potential, Settings};

/// Some of what is combined: inferences beside regrets.
#[derive(Clone, Copy)]
pub(super) struct Part<'a> {
    pub(super) regrets: &'a [f64],
    pub(super) values: &'a [f64],
}

/// How regrets become weights.
#[derive(Clone, Copy)]
pub(super) struct Rule {
    potential: Potential,
    form: Form,
    epsilon: f64,
    /// What regrets are divided by, if not by the spread of each combination.
    scale: Option<f64>,
}

impl Rule {
    pub(super) fn new(settings: &Settings, scale: Option<f64>) -> Self {
        let Settings { potential, form, epsilon, .. } = *settings;
        Self { potential, form, epsilon, scale }
    }

    /// The mean of a part, and each one's share.
    pub(super) fn combine_and_weigh(&self, part: Part, row: &mut Row, shares: &mut [f64]) -> f64 {
        Arch::new().dispatch(Weigh { rule: self, part, row, shares })
    }

    /// The mean of all parts together, which are put side by side in `row`. To
    /// be called where vector instructions are chosen already.
    #[inline(always)]
    pub(super) fn combine(&self, parts: &[Part], row: &mut Row) -> f64 {
        row.put(parts);
        let Some(moments) = row.moments() else { return f64::NAN };
        row.mean(&self.curve(&moments), moments.ends)
    }

    #[inline(always)]
    fn curve(&self, moments: &Moments) -> Curve {
        match self.scale {
            Some(scale) => Curve::new(self.potential, self.form, scale, moments.best),
            None => self.curve_of(moments.deviation(), moments.best),
        }
    }

    /// The weights of regrets with this spread (without `ε`) and this best one.
    #[inline(always)]
    pub(super) fn curve_of(&self, spread: f64, best: f64) -> Curve {
        Curve::new(self.potential, self.form, spread + self.epsilon, best)
    }
}

struct Weigh<'a> {
    rule: &'a Rule,
    part: Part<'a>,
    row: &'a mut Row,
    shares: &'a mut [f64],
}

impl NullaryFnOnce for Weigh<'_> {
    type Output = f64;

    #[inline(always)]
    fn call(self) -> f64 {
        let Self { rule, part, row, shares } = self;
        row.put(&[part]);
        let Some(moments) = row.moments() else { return f64::NAN };
        let curve = rule.curve(&moments);
        for (share, (regret, value)) in shares.iter_mut().zip(part.regrets.iter().zip(part.values))
        {
            let weight = curve.weight(*regret);
            *share = if value.is_nan() { 0.0 } else { weight };
        }
        let mut lanes = [0.0; LANES];
        for (place, share) in shares.iter().enumerate() {
            lanes[place % LANES] += *share;
        }
        let sum = total(&lanes);
        for share in shares.iter_mut() {
            *share /= sum;
        }
        row.mean(&curve, moments.ends)
    }
}

/// What is combined, side by side, in memory that is used again: nothing that is
/// not there, and room behind for whole lanes.
#[derive(Clone, Debug, Default)]
pub(super) struct Row {
    regrets: Vec<f64>,
    values: Vec<f64>,
    count: usize,
}

/// The regret of what only fills up: its weight is 0.
pub(super) const FILL: f64 = -1e300;
/// Items of which the weights are made at once, where there are so many: a plain
/// loop of a length that is known becomes the best vector instructions.
const BLOCK: usize = 32;
/// From so many on, a part where all is there is copied as a whole.
const WHOLE: usize = 32;

impl Row {
    /// Takes in what is there of all parts.
    #[inline(always)]
    fn put(&mut self, parts: &[Part]) {
        self.clear(parts.iter().map(|part| part.regrets.len()).sum());
        for part in parts {
            self.add(*part);
        }
    }

    /// Empty, with room for so many.
    #[inline(always)]
    pub(super) fn clear(&mut self, most: usize) {
        self.count = 0;
        if self.regrets.len() < most + LANES {
            self.regrets.resize(most + LANES, 0.0);
            self.values.resize(most + LANES, 0.0);
        }
    }

    #[inline(always)]
    fn add(&mut self, part: Part) {
        let length = part.regrets.len();
        let regrets = &mut self.regrets[self.count..][..length];
        let values = &mut self.values[self.count..][..length];
        if length >= WHOLE && !part.values.iter().fold(false, |any, value| any | value.is_nan()) {
            regrets.copy_from_slice(part.regrets);
            values.copy_from_slice(part.values);
            self.count += length;
            return;
        }
        for (regret, value) in part.regrets.iter().zip(part.values) {
            self.push(*regret, *value, !value.is_nan());
        }
    }

    /// Takes in one, if it counts.
    #[inline(always)]
    pub(super) fn push(&mut self, regret: f64, value: f64, counts: bool) {
        self.regrets[self.count] = regret;
        self.values[self.count] = value;
        self.count += usize::from(counts);
    }

    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// The regrets.
    pub(super) fn regrets(&self) -> &[f64] {
        &self.regrets[..self.count]
    }

    /// Regrets and inferences in whole lanes, the last filled up.
    #[inline(always)]
    pub(super) fn whole(&mut self) -> (&[f64], &[f64]) {
        self.fill(FILL);
        let end = self.count.next_multiple_of(LANES);
        (&self.regrets[..end], &self.values[..end])
    }

    /// Fills up the last lanes with a regret and the first inference.
    #[inline(always)]
    fn fill(&mut self, regret: f64) {
        let first = self.values[0];
        self.regrets[self.count..][..LANES].fill(regret);
        self.values[self.count..][..LANES].fill(first);
    }

    /// `None` where nothing is there.
    #[inline(always)]
    pub(super) fn moments(&mut self) -> Option<Moments> {
        if self.count == 0 {
            return None;
        }
        // What fills up adds nothing to sums of distances from the first.
        let first = self.regrets[0];
        self.fill(first);
        let end = self.count.next_multiple_of(LANES);
        let (regrets, values) = (&self.regrets[..end], &self.values[..end]);
        let mut lanes = Lanes::default();
        let (blocks, regrets) = regrets.as_chunks::<BLOCK>();
        let (value_blocks, values) = values.as_chunks::<BLOCK>();
        for (regrets, values) in blocks.iter().zip(value_blocks) {
            lanes.take(first, regrets, values);
        }
        let values = values.as_chunks::<LANES>().0;
        for (regrets, values) in regrets.as_chunks::<LANES>().0.iter().zip(values) {
            lanes.take(first, regrets, values);
        }
        let Lanes { sums, squares, bests, leasts, mosts } = lanes;
        let (count, sum, whole) = (self.count as f64, total(&sums), total(&squares));
        let off = sum / count;
        let kept = whole - sum * off;
        // Where the first lies far from all others, digits are lost.
        let squares = if kept >= 0.1 * whole { kept } else { self.squares(first + off) };
        let ends = [-greatest(&leasts.map(|least| -least)), greatest(&mosts)];
        Some(Moments { count, mean: first + off, squares, best: greatest(&bests), ends })
    }

    /// Sum of squares about the mean.
    #[inline(always)]
    fn squares(&self, mean: f64) -> f64 {
        let mut squares = [0.0; LANES];
        for regrets in self.regrets().chunks(LANES) {
            for (square, regret) in squares.iter_mut().zip(regrets) {
                *square += (regret - mean) * (regret - mean);
            }
        }
        total(&squares)
    }

    /// `Σ w I / Σ w`, held between the least and the greatest `I`.
    #[inline(always)]
    pub(super) fn mean(&mut self, curve: &Curve, ends: [f64; 2]) -> f64 {
        let (regrets, values) = self.whole();
        let (product, weight) = sums(curve, regrets, values);
        (product / weight).clamp(ends[0], ends[1])
    }

    /// Moments without one, from those of all; `None` where it has an end, or so
    /// much of the squares that digits would be lost.
    #[inline(always)]
    pub(super) fn moments_without(&self, all: &Moments, at: usize) -> Option<Moments> {
        let (regret, value) = (self.regrets[at], self.values[at]);
        let count = all.count - 1.0;
        let from_mean = regret - all.mean;
        let squares = all.squares - from_mean * from_mean * (all.count / count);
        let inside = regret < all.best && all.ends[0] < value && value < all.ends[1];
        let mean = all.mean - from_mean / count;
        let (best, ends) = (all.best, all.ends);
        (inside && squares >= 0.25 * all.squares).then_some(Moments {
            count,
            mean,
            squares,
            best,
            ends,
        })
    }

    /// Does something without one, of two or more.
    #[inline(always)]
    pub(super) fn without<T>(&mut self, at: usize, work: impl FnOnce(&mut Self) -> T) -> T {
        let last = self.count - 1;
        let ends = [at, last].map(|at| (self.regrets[at], self.values[at]));
        (self.regrets[at], self.values[at]) = ends[1];
        self.count = last;
        let result = work(self);
        (self.regrets[last], self.values[last]) = ends[1];
        (self.regrets[at], self.values[at]) = ends[0];
        self.count = last + 1;
        result
    }
}

/// What there is to know of some regrets and inferences.
#[derive(Clone, Copy)]
pub(super) struct Moments {
    /// How many there are.
    pub(super) count: f64,
    /// Mean of the regrets.
    pub(super) mean: f64,
    /// Their squares about it.
    pub(super) squares: f64,
    /// The greatest of them.
    pub(super) best: f64,
    /// Least and greatest inference.
    pub(super) ends: [f64; 2],
}

impl Moments {
    /// Sample standard deviation.
    #[inline(always)]
    pub(super) fn deviation(&self) -> f64 {
        if self.count < 2.0 { 0.0 } else { (self.squares / (self.count - 1.0)).sqrt() }
    }
}

/// What [`Moments`] come from, lane by lane.
struct Lanes {
    sums: [f64; LANES],
    squares: [f64; LANES],
    bests: [f64; LANES],
    leasts: [f64; LANES],
    mosts: [f64; LANES],
}

impl Default for Lanes {
    #[inline(always)]
    fn default() -> Self {
        let (zero, low, high) = ([0.0; LANES], [f64::NEG_INFINITY; LANES], [f64::INFINITY; LANES]);
        Self { sums: zero, squares: zero, bests: low, leasts: high, mosts: low }
    }
}

impl Lanes {
    #[inline(always)]
    fn take<const N: usize>(&mut self, first: f64, regrets: &[f64; N], values: &[f64; N]) {
        let (mut from_first, mut squares) = ([0.0; N], [0.0; N]);
        for ((off, square), regret) in from_first.iter_mut().zip(&mut squares).zip(regrets) {
            *off = regret - first;
            *square = *off * *off;
        }
        gather(&mut self.sums, &from_first, |sum, item| sum + item);
        gather(&mut self.squares, &squares, |sum, item| sum + item);
        gather(&mut self.bests, regrets, |best, item| if item > best { item } else { best });
        gather(&mut self.leasts, values, |least, item| if item < least { item } else { least });
        gather(&mut self.mosts, values, |most, item| if item > most { item } else { most });
    }
}

/// Takes items into lanes.
#[inline(always)]
fn gather(lanes: &mut [f64; LANES], items: &[f64], take: impl Fn(f64, f64) -> f64) {
    for items in items.as_chunks::<LANES>().0 {
        for (lane, item) in lanes.iter_mut().zip(items) {
            *lane = take(*lane, *item);
        }
    }
}

/// `Σ w I` and `Σ w` of whole lanes.
#[inline(always)]
pub(super) fn sums(curve: &Curve, regrets: &[f64], values: &[f64]) -> (f64, f64) {
    let mut sums = ([0.0; LANES], [0.0; LANES]);
    let (blocks, regrets) = regrets.as_chunks::<BLOCK>();
    let (value_blocks, values) = values.as_chunks::<BLOCK>();
    for (regrets, values) in blocks.iter().zip(value_blocks) {
        weigh(curve, &mut sums, regrets, values);
    }
    let values = values.as_chunks::<LANES>().0;
    for (regrets, values) in regrets.as_chunks::<LANES>().0.iter().zip(values) {
        weigh(curve, &mut sums, regrets, values);
    }
    (total(&sums.0), total(&sums.1))
}

#[inline(always)]
fn weigh<const N: usize>(
    curve: &Curve,
    (products, weights): &mut ([f64; LANES], [f64; LANES]),
    regrets: &[f64; N],
    values: &[f64; N],
) {
    let (mut products_of, mut weights_of) = ([0.0; N], [0.0; N]);
    let to = weights_of.iter_mut().zip(&mut products_of);
    for ((weight, product), (regret, value)) in to.zip(regrets.iter().zip(values)) {
        *weight = curve.weight(*regret);
        *product = *weight * value;
    }
    gather(products, &products_of, |sum, item| sum + item);
    gather(weights, &weights_of, |sum, item| sum + item);
}

/// Sum over the lanes, in a fixed order.
#[inline(always)]
pub(super) fn total(lanes: &[f64; LANES]) -> f64 {
    let pair = |lane: usize| lanes[lane] + lanes[lane + 4];
    (pair(0) + pair(2)) + (pair(1) + pair(3))
}

/// Greatest over the lanes.
#[inline(always)]
pub(super) fn greatest(lanes: &[f64; LANES]) -> f64 {
    let more = |one: f64, other: f64| if one > other { one } else { other };
    let pair = |lane: usize| more(lanes[lane], lanes[lane + 4]);
    more(more(pair(0), pair(2)), more(pair(1), pair(3)))
}
