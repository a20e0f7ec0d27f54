//! Juries that never were: comparisons with a known truth, to see how well
//! rules, intervals and question orders do.
//!
//! # Model
//!
//! Items have log weights `z_i ~ N(0, spread²)`. A diligent juror `k` prefers
//! `b` to `a` with probability `1 / (1 + e^{−(z_b − z_a + side_k)})` and says
//! how much with `c = scale_k (z_b − z_a) + side_k + N(0, noise²)`, rounded by
//! nobody. A random juror tosses a coin, and says `|N(0, noise²)|`.

use std::ops::Range;

use allonet_core::maths;

use crate::comparisons::{Builder, Choice, Comparisons};
use crate::estimate::logistic;
use crate::random::Random;

/// A jury to draw.
#[derive(Debug, Clone, PartialEq)]
pub struct Jury {
    /// How many items.
    pub items: usize,
    /// How many jurors.
    pub jurors: usize,
    /// Standard deviation of the items' log weights.
    pub spread: f64,
    /// Part of the jurors who answer at random.
    pub random: f64,
    /// Standard deviation of the jurors' pull to the right side.
    pub side: f64,
    /// Standard deviation of the logarithm of the jurors' scale.
    pub scale: f64,
    /// Standard deviation of stated log ratios; zero for directions alone.
    pub noise: f64,
}

impl Default for Jury {
    /// A hundred items, thirty diligent jurors, directions alone.
    fn default() -> Self {
        Self { items: 100, jurors: 30, spread: 1.0, random: 0.0, side: 0.0, scale: 0.0, noise: 0.0 }
    }
}

/// A drawn jury: what is true, and jurors who can be asked.
#[derive(Debug, Clone)]
pub struct Drawn {
    /// Log weight of each item.
    pub truth: Vec<f64>,
    /// For each juror, whether it answers at random.
    pub random: Vec<bool>,
    side: Vec<f64>,
    scale: Vec<f64>,
    noise: f64,
    stream: Random,
}

impl Jury {
    /// Draws truth and jurors.
    pub fn draw(&self, seed: u64) -> Drawn {
        let mut stream = Random::new(seed);
        let truth = (0..self.items).map(|_| self.spread * stream.normal()).collect();
        // A fixed part, so that small juries have it too.
        let count = (self.random * self.jurors as f64).round();
        let mut random: Vec<bool> = (0..self.jurors).map(|at| (at as f64) < count).collect();
        stream.shuffle(&mut random);
        let side = (0..self.jurors).map(|_| self.side * stream.normal()).collect();
        let scale = (0..self.jurors).map(|_| maths::exp(self.scale * stream.normal())).collect();
        Drawn { truth, random, side, scale, noise: self.noise, stream }
    }
}

impl Drawn {
    /// What a juror answers; how much only where jurors say so.
    pub fn ask(&mut self, juror: usize, left: usize, right: usize) -> (Choice, Option<f64>) {
        let says_how_much = self.noise > 0.0;
        if self.random[juror] {
            let choice = if self.stream.chance(0.5) { Choice::Left } else { Choice::Right };
            let intensity = (self.noise * self.stream.normal()).abs();
            return (choice, says_how_much.then_some(intensity));
        }
        let gap = self.truth[right] - self.truth[left];
        if says_how_much {
            let said = self.scale[juror] * gap + self.side[juror];
            let said = said + self.noise * self.stream.normal();
            let choice = if said > 0.0 { Choice::Right } else { Choice::Left };
            return (choice, Some(said.abs()));
        }
        let right_wins = self.stream.chance(logistic(gap + self.side[juror]));
        (if right_wins { Choice::Right } else { Choice::Left }, None)
    }

    /// Asks random jurors about random pairs so many times.
    pub fn comparisons(&mut self, count: usize) -> Comparisons {
        let mut builder = self.builder();
        for _ in 0..count {
            let (left, right) = self.random_pair();
            let juror = self.stream.below(self.random.len());
            let (choice, intensity) = self.ask(juror, left, right);
            builder.push(place(juror), (place(left), place(right)), choice, intensity);
        }
        builder.finish()
    }

    /// A pair of different items, all equally likely.
    pub fn random_pair(&mut self) -> (usize, usize) {
        let items = self.truth.len();
        let left = self.stream.below(items);
        (left, (left + 1 + self.stream.below(items - 1)) % items)
    }

    /// A juror, all equally likely.
    pub fn random_juror(&mut self) -> usize {
        self.stream.below(self.random.len())
    }

    /// A builder that knows all items and jurors: item `i` and juror `k` have
    /// these numbers in it, and in what it builds.
    pub fn builder(&self) -> Builder {
        let mut builder = Builder::default();
        for name in names("item-", 0..self.truth.len()) {
            builder.item(&name);
        }
        for name in names("juror-", 0..self.random.len()) {
            builder.juror(&name);
        }
        builder
    }
}

/// Names whose order is that of their numbers.
fn names(stem: &str, numbers: Range<usize>) -> impl Iterator<Item = String> + '_ {
    let width = numbers.end.saturating_sub(1).to_string().len();
    numbers.map(move |number| format!("{stem}{number:0width$}"))
}

fn place(at: usize) -> u32 {
    u32::try_from(at).expect("fewer than 2^32")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_jury_is_what_its_seed_says() {
        let jury = Jury { random: 1.0 / 3.0, ..Jury::default() };
        let (mut one, mut two) = (jury.draw(5), jury.draw(5));
        assert_eq!(one.random.iter().filter(|random| **random).count(), 10);
        let comparisons = one.comparisons(50);
        assert_eq!(comparisons, two.comparisons(50));
        assert_eq!((comparisons.items().len(), comparisons.jurors().len()), (100, 30));
        assert_eq!(comparisons.items()[7], "item-07");
        assert!(comparisons.none_has_intensity());
    }
}
