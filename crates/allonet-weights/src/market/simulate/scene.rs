//! One drawn market: what is true, what the jury says, what traders believe.

use allonet_core::maths;

use super::World;
use crate::estimate::softmax;
use crate::market::MarketError;
use crate::random::Random;
use crate::rules::{self, Parameters};
use crate::synthetic::Jury;

const JURORS: usize = 20;

/// A drawn market.
pub(super) struct Scene {
    /// True weights.
    pub(super) truth: Vec<f64>,
    /// What tokens are paid: the jury's weights.
    pub(super) payout: Vec<f64>,
    /// Noise of what each trader sees; the first comes first.
    pub(super) noise: Vec<f64>,
    /// What each trader believes.
    pub(super) beliefs: Vec<Vec<f64>>,
    /// For what else is random.
    pub(super) random: Random,
}

impl Scene {
    /// The scene of a run, with so many traders.
    pub(super) fn draw(world: &World, run: usize, traders: usize) -> Result<Self, MarketError> {
        let mut random = Random::part(world.seed, run as u64);
        let jury = Jury {
            items: world.outcomes,
            jurors: JURORS,
            spread: world.spread,
            noise: world.jury_noise,
            ..Jury::default()
        };
        let mut drawn = jury.draw(random.bits());
        let comparisons = drawn.comparisons(world.comparisons * world.outcomes);
        let payout = rules::fit("least-squares", &comparisons, &Parameters::default())?.weights();
        let (least, most) = world.noise;
        let noise: Vec<f64> =
            (0..traders).map(|_| least + (most - least) * random.uniform()).collect();
        let beliefs = noise
            .iter()
            .map(|noise| {
                let seen = drawn.truth.iter().map(|log| log + noise * random.normal());
                softmax(&seen.collect::<Vec<_>>())
            })
            .collect();
        Ok(Self { truth: softmax(&drawn.truth), payout, noise, beliefs, random })
    }
}

/// Total variation: half of the sum of absolute differences.
pub(super) fn variation(one: &[f64], other: &[f64]) -> f64 {
    0.5 * maths::sum(one.iter().zip(other).map(|(a, b)| (a - b).abs()))
}

/// `Σ a_i b_i`.
pub(super) fn dot(one: &[f64], other: &[f64]) -> f64 {
    maths::sum(one.iter().zip(other).map(|(a, b)| a * b))
}
