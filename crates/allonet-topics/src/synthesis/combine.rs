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
    let mut third = Third::new(curve);
    pass(parts, &mut third);
    let mean = total(&third.product) / total(&third.weight);
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

/// Something that goes over all items, several at a time.
trait Pass {
    fn take(&mut self, regrets: &[f64; LANES], values: &[f64; LANES]);
}

/// Takes all items in order; the last few of a part are filled up with NaN.
#[inline(always)]
fn pass(parts: &[Part], by: &mut impl Pass) {
    for part in parts {
        let (regrets, regrets_rest) = part.regrets.as_chunks::<LANES>();
        let (values, values_rest) = part.values.as_chunks::<LANES>();
        for (regrets, values) in regrets.iter().zip(values) {
            by.take(regrets, values);
        }
        if !regrets_rest.is_empty() {
            let (mut regrets, mut values) = ([0.0; LANES], [f64::NAN; LANES]);
            for (to, from) in regrets.iter_mut().zip(regrets_rest) {
                *to = *from;
            }
            for (to, from) in values.iter_mut().zip(values_rest) {
                *to = *from;
            }
            by.take(&regrets, &values);
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
    fn take(&mut self, regrets: &[f64; LANES], values: &[f64; LANES]) {
        for lane in 0..LANES {
            let out = values[lane].is_nan();
            let best = if out { f64::NEG_INFINITY } else { regrets[lane] };
            self.count[lane] += if out { 0.0 } else { 1.0 };
            self.sum[lane] += if out { 0.0 } else { regrets[lane] };
            self.best[lane] = if best > self.best[lane] { best } else { self.best[lane] };
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
    fn take(&mut self, regrets: &[f64; LANES], values: &[f64; LANES]) {
        for lane in 0..LANES {
            let from_mean = regrets[lane] - self.mean;
            let from_mean = if values[lane].is_nan() { 0.0 } else { from_mean };
            self.squares[lane] += from_mean * from_mean;
        }
    }
}

/// Sums of weights and of weighted inferences, least and greatest inference.
struct Third<'a> {
    curve: &'a Curve,
    weight: [f64; LANES],
    product: [f64; LANES],
    least: [f64; LANES],
    most: [f64; LANES],
}

impl<'a> Third<'a> {
    #[inline(always)]
    fn new(curve: &'a Curve) -> Self {
        let (zero, least, most) =
            ([0.0; LANES], [f64::INFINITY; LANES], [f64::NEG_INFINITY; LANES]);
        Self { curve, weight: zero, product: zero, least, most }
    }
}

impl Pass for Third<'_> {
    #[inline(always)]
    fn take(&mut self, regrets: &[f64; LANES], values: &[f64; LANES]) {
        for lane in 0..LANES {
            let value = values[lane];
            let out = value.is_nan();
            let weight = self.curve.weight(regrets[lane]);
            let weight = if out { 0.0 } else { weight };
            self.weight[lane] += weight;
            self.product[lane] += weight * if out { 0.0 } else { value };
            // NaN is neither less nor more.
            self.least[lane] = if value < self.least[lane] { value } else { self.least[lane] };
            self.most[lane] = if value > self.most[lane] { value } else { self.most[lane] };
        }
    }
}

/// `Σ w I` and `Σ w` where all are there.
#[inline(always)]
pub(super) fn sums(curve: &Curve, part: Part) -> (f64, f64) {
    let mut sums = Sums { curve, product: [0.0; LANES], weight: [0.0; LANES] };
    pass(&[part], &mut sums);
    (total(&sums.product), total(&sums.weight))
}

/// Sums of weighted inferences and of weights.
struct Sums<'a> {
    curve: &'a Curve,
    product: [f64; LANES],
    weight: [f64; LANES],
}

impl Pass for Sums<'_> {
    #[inline(always)]
    fn take(&mut self, regrets: &[f64; LANES], values: &[f64; LANES]) {
        for lane in 0..LANES {
            let weight = self.curve.weight(regrets[lane]);
            self.product[lane] += weight * values[lane];
            self.weight[lane] += weight;
        }
    }
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
