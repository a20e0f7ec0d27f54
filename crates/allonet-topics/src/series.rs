//! A series to practise on, whose rule changes from time to time.
//!
//! # Formula
//!
//! | regime      | next value                                    | who is good at it     |
//! |-------------|-----------------------------------------------|-----------------------|
//! | `trend`     | `y + 1.5·d + 0.7·ε`, `d = ±1` for the regime  | who goes on           |
//! | `reversion` | `m + 0.2·(y − m) + 1.2·ε`                     | who knows the mean    |
//! | `wave`      | `m + 4·sin(2π t/8) + 0.5·ε`                   | who knows the season  |
//!
//! with `m` the value where the regime began and `ε` standard normal. After each
//! step it ends with probability `1/length`, and one of the other two begins.
//!
//! # Example
//!
//! ```
//! use allonet_topics::series::regimes;
//!
//! let series = regimes(600, 40.0, 1);
//! assert_eq!(series.len(), 600);
//! assert_eq!(series[0], regimes(1, 40.0, 1)[0]);
//! ```

use allonet_core::random::Random;
use serde::Serialize;

/// The rule that a series follows for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Regime {
    /// It goes on, up or down.
    Trend,
    /// It returns to a mean.
    Reversion,
    /// It swings with a period of eight.
    Wave,
}

impl Regime {
    const ALL: [Self; 3] = [Self::Trend, Self::Reversion, Self::Wave];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Trend => "trend",
            Self::Reversion => "reversion",
            Self::Wave => "wave",
        }
    }
}

/// `sin(2π t/8)` for `t` from 0 to 7.
const WAVE: [f64; 8] = {
    let half = std::f64::consts::FRAC_1_SQRT_2;
    [0.0, half, 1.0, half, 0.0, -half, -1.0, -half]
};

/// So many values, each with the regime it came from; a regime lasts for
/// `length` epochs (at least one) on average. It starts at 100.
pub fn regimes(epochs: usize, length: f64, seed: u64) -> Vec<(Regime, f64)> {
    let mut random = Random::new(seed);
    let (mut at, mut value, mut mean, mut direction) = (random.below(3), 100.0, 100.0, 1.0);
    let mut series = Vec::with_capacity(epochs);
    for epoch in 0..epochs {
        let noise = random.normal();
        let regime = Regime::ALL[at];
        value = match regime {
            Regime::Trend => value + 1.5 * direction + 0.7 * noise,
            Regime::Reversion => mean + 0.2 * (value - mean) + 1.2 * noise,
            Regime::Wave => mean + 4.0 * WAVE[epoch % 8] + 0.5 * noise,
        };
        series.push((regime, value));
        if random.chance(1.0 / length.max(1.0)) {
            at = (at + 1 + random.below(2)) % 3;
            mean = value;
            direction = if random.chance(0.5) { 1.0 } else { -1.0 };
        }
    }
    series
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regimes_change_and_last_as_long_as_said() {
        let series = regimes(20_000, 40.0, 3);
        let changes = series.windows(2).filter(|pair| pair[0].0 != pair[1].0).count();
        // 500 expected, standard deviation 22.
        assert!((430..570).contains(&changes), "{changes}");
        for regime in Regime::ALL {
            assert!(series.iter().filter(|(of, _)| *of == regime).count() > 4_000);
        }
    }

    #[test]
    fn each_regime_does_what_it_says() {
        let series = regimes(20_000, 60.0, 4);
        // Within a regime: the mean size of a trend's change, and of a wave's return in a period.
        let within = |regime: Regime, apart: usize| {
            let runs = series
                .windows(apart + 1)
                .filter(move |run| run.iter().all(|(of, _)| *of == regime));
            let gaps: Vec<f64> = runs.map(|run| (run[apart].1 - run[0].1).abs()).collect();
            gaps.iter().sum::<f64>() / gaps.len() as f64
        };
        assert!((within(Regime::Trend, 10) - 15.0).abs() < 0.3);
        // |N(0, 0.5)| has mean 0.4.
        assert!((within(Regime::Wave, 8) - 0.8 * 0.5_f64.sqrt()).abs() < 0.05);
        assert!(within(Regime::Reversion, 40) < 1.6);
    }
}
