//! Random numbers: a stream that a seed determines, the same on every machine.
//!
//! Nothing here is secret or fit for cryptography; it serves resampling and
//! simulation. The generator is xoshiro256++, seeded through SplitMix64.

use crate::maths;
use rand_core::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

/// A stream of random numbers.
#[derive(Debug, Clone)]
pub struct Random(Xoshiro256PlusPlus);

impl Random {
    /// The stream of a seed.
    pub fn new(seed: u64) -> Self {
        Self(Xoshiro256PlusPlus::seed_from_u64(seed))
    }

    /// A stream of its own for a numbered part of the work (a replicate, a
    /// juror), so that parts may run in any order, on any thread.
    pub fn part(seed: u64, number: u64) -> Self {
        Self::new(seed ^ number.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15))
    }

    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// Uniform in `[0, 1)`, 53 bits.
    pub fn uniform(&mut self) -> f64 {
        const STEP: f64 = 1.0 / (1_u64 << 53) as f64;
        (self.bits() >> 11) as f64 * STEP
    }

    /// A whole number below `end`, all equally likely.
    ///
    /// # Panics
    ///
    /// If `end` is zero.
    pub fn below(&mut self, end: usize) -> usize {
        assert!(end > 0, "there is no number below zero");
        let wide = u128::from(self.bits()) * end as u128;
        // The bias is below end / 2^64.
        usize::try_from(wide >> 64).expect("it is below `end`")
    }

    /// True with this probability.
    pub fn chance(&mut self, probability: f64) -> bool {
        self.uniform() < probability
    }

    /// From the standard normal distribution (Marsaglia's polar method).
    pub fn normal(&mut self) -> f64 {
        loop {
            let (x, y) = (2.0 * self.uniform() - 1.0, 2.0 * self.uniform() - 1.0);
            let square = x * x + y * y;
            if square > 0.0 && square < 1.0 {
                return x * (-2.0 * maths::ln(square) / square).sqrt();
            }
        }
    }

    /// Puts a slice in random order.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for end in (1..items.len()).rev() {
            items.swap(end, self.below(end + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_determines_the_stream() {
        // Frozen: a change here changes every simulation.
        let mut random = Random::new(1);
        let first = [random.bits(), random.bits()];
        let mut again = Random::new(1);
        assert_eq!(first, [again.bits(), again.bits()]);
        assert_ne!(Random::part(1, 0).bits(), Random::part(1, 1).bits());
    }

    #[test]
    fn moments_are_those_of_the_distributions() {
        let mut random = Random::new(7);
        let draws: Vec<f64> = (0..20_000).map(|_| random.normal()).collect();
        let mean = maths::sum(draws.iter().copied()) / 20_000.0;
        let variance = maths::sum(draws.iter().map(|x| x * x)) / 20_000.0;
        assert!(mean.abs() < 0.03 && (variance - 1.0).abs() < 0.03, "{mean} {variance}");
        let below = (0..9_000).filter(|_| random.below(3) == 0).count();
        assert!((2_800..3_200).contains(&below), "{below}");
    }
}
