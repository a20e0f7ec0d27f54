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

    /// The mean of all parts together, and each one's share.
    pub(super) fn combine_and_weigh(&self, parts: &[Part; 1], shares: &mut [f64]) -> f64 {
        Arch::new().dispatch(Weigh { rule: self, parts, shares })
    }

    /// The mean of all parts together. To be called where vector instructions
    /// are chosen already.
    #[inline(always)]
    pub(super) fn combine(&self, parts: &[Part]) -> f64 {
        let count: usize = parts.iter().map(|part| part.regrets.len()).sum();
        if count > SHORT {
            return self.combine_as_is(parts);
        }
        // Side by side, so that only the end has to be filled up.
        let (mut regrets, mut values) = ([0.0; SHORT], [f64::NAN; SHORT]);
        let mut start = 0;
        for part in parts {
            let end = start + part.regrets.len();
            regrets[start..end].copy_from_slice(part.regrets);
            values[start..end].copy_from_slice(part.values);
            start = end;
        }
        let whole = count.next_multiple_of(LANES);
        self.combine_as_is(&[Part { regrets: &regrets[..whole], values: &values[..whole] }])
    }

    #[inline(always)]
    fn combine_as_is(&self, parts: &[Part]) -> f64 {
        match self.curve(parts) {
            Some(curve) => mean(&curve, parts),
            None => f64::NAN,
        }
    }

    /// The weights of what is there; `None` where nothing is.
    #[inline(always)]
    fn curve(&self, parts: &[Part]) -> Option<Curve> {
        let scale = match self.scale {
            Some(scale) => {
                let best = best(parts);
                return (best > f64::NEG_INFINITY)
                    .then(|| Curve::new(self.potential, self.form, scale, best));
            }
            None => Moments::of(parts)?,
        };
        Some(self.curve_of(scale.deviation(), scale.best))
    }

    /// The weights of regrets with this spread (without `ε`) and this best one.
    #[inline(always)]
    pub(super) fn curve_of(&self, spread: f64, best: f64) -> Curve {
        Curve::new(self.potential, self.form, spread + self.epsilon, best)
    }
}

/// `Σ w I / Σ w`, held between the least and the greatest `I`.
#[inline(always)]
pub(super) fn mean(curve: &Curve, parts: &[Part]) -> f64 {
    let mut third = Third {
        curve,
        sums: Sums::default(),
        least: [f64::INFINITY; LANES],
        most: [f64::NEG_INFINITY; LANES],
    };
    pass(parts, &mut third);
    let mean = total(&third.sums.product) / total(&third.sums.weight);
    mean.clamp(-greatest(&third.least.map(|x| -x)), greatest(&third.most))
}

struct Weigh<'a> {
    rule: &'a Rule,
    parts: &'a [Part<'a>; 1],
    shares: &'a mut [f64],
}

impl NullaryFnOnce for Weigh<'_> {
    type Output = f64;

    #[inline(always)]
    fn call(self) -> f64 {
        let Some(curve) = self.rule.curve(self.parts) else { return f64::NAN };
        let mut lanes = [0.0; LANES];
        let [part] = self.parts;
        let items = part.regrets.iter().zip(part.values);
        for (place, (share, (regret, value))) in self.shares.iter_mut().zip(items).enumerate() {
            *share = if value.is_nan() { 0.0 } else { curve.weight(*regret) };
            lanes[place % LANES] += *share;
        }
        let sum = total(&lanes);
        for share in self.shares.iter_mut() {
            *share /= sum;
        }
        mean(&curve, self.parts)
    }
}

/// Count, mean, squares about the mean, and best of the regrets that are there.
#[derive(Clone, Copy)]
pub(super) struct Moments {
    pub(super) count: f64,
    pub(super) mean: f64,
    pub(super) squares: f64,
    pub(super) best: f64,
}

impl Moments {
    /// `None` where nothing is there.
    #[inline(always)]
    pub(super) fn of(parts: &[Part]) -> Option<Self> {
        let mut first = First::default();
        pass(parts, &mut first);
        let count = total(&first.count);
        if count == 0.0 {
            return None;
        }
        let mean = total(&first.sum) / count;
        let mut second = Second { mean, squares: [0.0; LANES] };
        pass(parts, &mut second);
        Some(Self { count, mean, squares: total(&second.squares), best: greatest(&first.best) })
    }

    /// Sample standard deviation.
    #[inline(always)]
    pub(super) fn deviation(&self) -> f64 {
        if self.count < 2.0 { 0.0 } else { (self.squares / (self.count - 1.0)).sqrt() }
    }

    /// Sample standard deviation without one of the regrets; `None` where so
    /// much of the squares is its own that digits would be lost.
    #[inline(always)]
    pub(super) fn deviation_without(&self, regret: f64) -> Option<f64> {
        if self.count <= 2.0 {
            return Some(0.0);
        }
        let from_mean = regret - self.mean;
        let squares = self.squares - from_mean * from_mean * (self.count / (self.count - 1.0));
        let kept = squares >= 0.25 * self.squares;
        kept.then(|| (squares / (self.count - 2.0)).sqrt())
    }
}

/// The best regret that is there; −∞ of nothing.
#[inline(always)]
pub(super) fn best(parts: &[Part]) -> f64 {
    let mut first = First::default();
    pass(parts, &mut first);
    greatest(&first.best)
}

/// Items that are taken at once: a multiple of the lanes. What is done for each
/// item alone is a plain loop over them, which becomes vector instructions.
pub(super) const BLOCK: usize = 64;

/// So few items are put side by side first.
const SHORT: usize = 2 * BLOCK;

/// Something that goes over all items.
trait Pass {
    /// Takes a whole number of lanes, at most a block.
    fn take(&mut self, regrets: &[f64], values: &[f64]);
}

/// Takes all items in order; the last few of a part are filled up with NaN.
#[inline(always)]
fn pass(parts: &[Part], by: &mut impl Pass) {
    let (mut regrets, mut values) = ([0.0; BLOCK], [0.0; BLOCK]);
    for part in parts {
        for (some, theirs) in part.regrets.chunks(BLOCK).zip(part.values.chunks(BLOCK)) {
            let count = some.len();
            let whole = count.next_multiple_of(LANES);
            let (some, theirs) = if whole == count {
                (some, theirs)
            } else {
                regrets[..count].copy_from_slice(some);
                values[..count].copy_from_slice(theirs);
                regrets[count..whole].fill(0.0);
                values[count..whole].fill(f64::NAN);
                (&regrets[..whole], &values[..whole])
            };
            by.take(some, theirs);
        }
    }
}

/// Adds items to lanes.
#[inline(always)]
fn add(lanes: &mut [f64; LANES], items: &[f64]) {
    for items in items.as_chunks::<LANES>().0 {
        for (lane, item) in lanes.iter_mut().zip(items) {
            *lane += item;
        }
    }
}

/// Count, sum and greatest.
struct First {
    count: [f64; LANES],
    sum: [f64; LANES],
    best: [f64; LANES],
}

impl Default for First {
    #[inline(always)]
    fn default() -> Self {
        Self { count: [0.0; LANES], sum: [0.0; LANES], best: [f64::NEG_INFINITY; LANES] }
    }
}

impl Pass for First {
    #[inline(always)]
    fn take(&mut self, regrets: &[f64], values: &[f64]) {
        let count = regrets.len();
        let (mut ones, mut sums, mut bests) = ([0.0; BLOCK], [0.0; BLOCK], [0.0; BLOCK]);
        let (ones, sums, bests) = (&mut ones[..count], &mut sums[..count], &mut bests[..count]);
        let items = regrets.iter().zip(values);
        let to = ones.iter_mut().zip(sums.iter_mut()).zip(bests.iter_mut());
        for ((regret, value), ((one, sum), best)) in items.zip(to) {
            let there = !value.is_nan();
            *one = if there { 1.0 } else { 0.0 };
            *sum = if there { *regret } else { 0.0 };
            *best = if there { *regret } else { f64::NEG_INFINITY };
        }
        add(&mut self.count, ones);
        add(&mut self.sum, sums);
        for bests in bests.as_chunks::<LANES>().0 {
            for (best, new) in self.best.iter_mut().zip(bests) {
                *best = if *new > *best { *new } else { *best };
            }
        }
    }
}

/// Sum of squares about the mean.
struct Second {
    mean: f64,
    squares: [f64; LANES],
}

impl Pass for Second {
    #[inline(always)]
    fn take(&mut self, regrets: &[f64], values: &[f64]) {
        let mut squares = [0.0; BLOCK];
        let squares = &mut squares[..regrets.len()];
        for ((regret, value), square) in regrets.iter().zip(values).zip(squares.iter_mut()) {
            let from_mean = regret - self.mean;
            *square = if value.is_nan() { 0.0 } else { from_mean * from_mean };
        }
        add(&mut self.squares, squares);
    }
}

/// Sums of weights and of weighted inferences.
#[derive(Default)]
struct Sums {
    weight: [f64; LANES],
    product: [f64; LANES],
}

impl Sums {
    #[inline(always)]
    fn take(&mut self, curve: &Curve, regrets: &[f64], values: &[f64]) {
        let (mut weights, mut products) = ([0.0; BLOCK], [0.0; BLOCK]);
        let (weights, products) = (&mut weights[..regrets.len()], &mut products[..regrets.len()]);
        let items = regrets.iter().zip(values).zip(weights.iter_mut()).zip(products.iter_mut());
        for (((regret, value), weight), product) in items {
            let (there, full) = (!value.is_nan(), curve.weight(*regret));
            *weight = if there { full } else { 0.0 };
            *product = if there { full * value } else { 0.0 };
        }
        add(&mut self.weight, weights);
        add(&mut self.product, products);
    }
}

/// Sums, least and greatest inference.
struct Third<'a> {
    curve: &'a Curve,
    sums: Sums,
    least: [f64; LANES],
    most: [f64; LANES],
}

impl Pass for Third<'_> {
    #[inline(always)]
    fn take(&mut self, regrets: &[f64], values: &[f64]) {
        self.sums.take(self.curve, regrets, values);
        for values in values.as_chunks::<LANES>().0 {
            let ends = self.least.iter_mut().zip(&mut self.most);
            for (value, (least, most)) in values.iter().zip(ends) {
                // NaN is neither less nor more.
                *least = if *value < *least { *value } else { *least };
                *most = if *value > *most { *value } else { *most };
            }
        }
    }
}

/// `Σ w I` and `Σ w` where all are there, in whole lanes.
#[inline(always)]
pub(super) fn sums(curve: &Curve, part: Part) -> (f64, f64) {
    let mut sums = Sums::default();
    for (regrets, values) in part.regrets.chunks(BLOCK).zip(part.values.chunks(BLOCK)) {
        sums.take(curve, regrets, values);
    }
    (total(&sums.product), total(&sums.weight))
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
    let mut best = lanes[0];
    for lane in &lanes[1..] {
        best = if *lane > best { *lane } else { best };
    }
    best
}
