//! What forecasters know before an epoch: features of the public series and of
//! the curated data feed.
//!
//! # Formula
//!
//! With changes `d` of the series, `E_α` an exponential moving average (the
//! plain mean as long as it is the heavier) and `s = √E₀.₀₂ d²`:
//!
//! | common feature | what                                  |
//! |----------------|---------------------------------------|
//! | 0              | `ln(√E₀.₂ d² / s)`: how restless       |
//! | 1              | `d / s`, the newest change            |
//! | 2              | `E₀.₂ d / s`, fast trend              |
//! | 3              | `E₀.₀₅ d / s`, slow trend             |
//! | 4              | `(y − E₀.₀₅ y) / s`: how far out      |
//! | 5              | `E₀.₁ d(t)·d(t−1) / s²`: momentum      |
//! | 6              | newest network loss less its `E₀.₀₅`  |
//!
//! | own feature    | of each inferer                       |
//! |----------------|---------------------------------------|
//! | 0              | newest loss less its `E₀.₀₅`          |
//! | 1              | `E₀.₃` of its loss less its `E₀.₀₅`   |
//! | 2              | its `E₀.₀₅` less the mean of all      |
//!
//! # Units and shapes
//!
//! Common features have no unit and are cut at ±5. Own features are log10
//! losses, cut there too; rows by inferer. `base` is `E₀.₀₅` of each inferer's
//! log10 loss, `NaN` before its first.
//!
//! # Limits
//!
//! A feature that cannot be computed is 0. Changes are cut at ±1e150.
//!
//! # Sources
//!
//! * Kruijssen et al. (2024), §6.1 (curated data stream).

use allonet_core::maths;

/// Number of common features.
pub const COMMON: usize = 7;
/// Number of own features of each inferer.
pub const OWN: usize = 3;
/// Features are cut here.
const CUT: f64 = 5.0;
/// Changes are cut here.
const CHANGE_CUT: f64 = 1e150;

/// What forecasters know before an epoch.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Situation {
    /// Common features.
    pub common: Vec<f64>,
    /// Own features, a row for each inferer.
    pub own: Vec<f64>,
    /// Each inferer's usual log10 loss.
    pub base: Vec<f64>,
}

impl Situation {
    /// Common features and those of one inferer.
    pub fn of(&self, inferer: usize) -> Vec<f64> {
        let own = &self.own[inferer * OWN..(inferer + 1) * OWN];
        self.common.iter().chain(own).copied().collect()
    }

    /// How far losses are from what is usual, by inferer, at most 3 either way;
    /// `NaN` where one of them is missing.
    pub(super) fn departures(&self, losses: &[f64]) -> Vec<f64> {
        let departure = |(loss, base): (&f64, &f64)| {
            let departure = loss - base;
            if departure.is_finite() { departure.clamp(-3.0, 3.0) } else { f64::NAN }
        };
        losses.iter().zip(&self.base).map(departure).collect()
    }
}

/// Watches the series and the feed.
#[derive(Clone, Debug)]
pub struct Watcher {
    last: Option<f64>,
    last_change: f64,
    level: Average,
    squares: [Average; 2],
    trends: [Average; 2],
    products: Average,
    network: Average,
    network_last: f64,
    losses: Vec<Losses>,
}

/// Losses of one inferer.
#[derive(Clone, Debug)]
struct Losses {
    last: f64,
    fast: Average,
    base: Average,
}

impl Watcher {
    /// Of so many inferers.
    pub fn new(inferers: usize) -> Self {
        let losses = Losses { last: f64::NAN, fast: Average::with(0.3), base: Average::with(0.05) };
        Self {
            last: None,
            last_change: 0.0,
            level: Average::with(0.05),
            squares: [Average::with(0.2), Average::with(0.02)],
            trends: [Average::with(0.2), Average::with(0.05)],
            products: Average::with(0.1),
            network: Average::with(0.05),
            network_last: f64::NAN,
            losses: vec![losses; inferers],
        }
    }

    /// A truth has become known.
    pub fn see_truth(&mut self, truth: f64) {
        self.level.add(truth);
        if let Some(last) = self.last.replace(truth) {
            let change = (truth - last).clamp(-CHANGE_CUT, CHANGE_CUT);
            self.squares.iter_mut().for_each(|average| average.add(change * change));
            self.trends.iter_mut().for_each(|average| average.add(change));
            self.products.add(change * self.last_change);
            self.last_change = change;
        }
    }

    /// The log10 losses of an epoch have become known: that of the network
    /// inference, and the inferers' (`NaN` where one had none).
    pub fn see_losses(&mut self, network: f64, losses: &[f64]) {
        self.network.add(network);
        self.network_last = network;
        for (seen, loss) in self.losses.iter_mut().zip(losses) {
            if loss.is_finite() {
                seen.last = *loss;
                seen.fast.add(*loss);
                seen.base.add(*loss);
            }
        }
    }

    /// All of it, as of now.
    pub fn situation(&self) -> Situation {
        let spread = self.squares[1].mean.sqrt();
        let restless = 0.5 * maths::ln(self.squares[0].mean / self.squares[1].mean);
        let level = self.last.map_or(f64::NAN, |last| last - self.level.mean);
        let common = [
            restless,
            self.last_change / spread,
            self.trends[0].mean / spread,
            self.trends[1].mean / spread,
            level / spread,
            self.products.mean / self.squares[1].mean,
            self.network_last - self.network.mean,
        ];
        let bases: Vec<f64> = self.losses.iter().map(|seen| seen.base.mean).collect();
        let known: Vec<f64> = bases.iter().copied().filter(|base| base.is_finite()).collect();
        let middle = known.iter().sum::<f64>() / known.len() as f64;
        let own = self.losses.iter().flat_map(|seen| {
            let base = seen.base.mean;
            [seen.last - base, seen.fast.mean - base, base - middle]
        });
        Situation {
            common: common.into_iter().map(cut).collect(),
            own: own.map(cut).collect(),
            base: bases,
        }
    }
}

fn cut(feature: f64) -> f64 {
    if feature.is_finite() { feature.clamp(-CUT, CUT) } else { 0.0 }
}

/// An exponential moving average that starts as a plain mean.
#[derive(Clone, Debug)]
pub(super) struct Average {
    alpha: f64,
    count: f64,
    /// The mean; `NaN` of nothing.
    pub(super) mean: f64,
}

impl Average {
    /// With the weight of the newest value.
    pub(super) fn with(alpha: f64) -> Self {
        Self { alpha, count: 0.0, mean: f64::NAN }
    }

    /// One more value; what is not finite is passed over.
    pub(super) fn add(&mut self, value: f64) {
        if !value.is_finite() {
            return;
        }
        self.count += 1.0;
        let alpha = self.alpha.max(1.0 / self.count);
        let before = if self.count > 1.0 { self.mean } else { value };
        self.mean = alpha * value + (1.0 - alpha) * before;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn averages_start_as_means() {
        let mut average = Average::with(0.3);
        let mut means = Vec::new();
        for value in [4.0, 0.0, f64::NAN, 2.0, 12.0] {
            average.add(value);
            means.push(average.mean);
        }
        // 4, then half of each, then a third, then the weight 0.3 itself.
        let expected = [4.0, 2.0, 2.0, 2.0, 5.0];
        assert!(means.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12), "{means:?}");
    }

    #[test]
    fn features_by_hand() {
        let mut watcher = Watcher::new(2);
        // Changes 1 and 3: mean square 5, mean change 2, product 3 (and 0 first).
        for truth in [0.0, 1.0, 4.0] {
            watcher.see_truth(truth);
        }
        watcher.see_losses(-1.0, &[-1.0, f64::NAN]);
        watcher.see_losses(-2.0, &[-3.0, f64::NAN]);
        let now = watcher.situation();
        let spread = 5.0_f64.sqrt();
        let level = 4.0 - 5.0 / 3.0;
        let expected = [0.0, 3.0 / spread, 2.0 / spread, 2.0 / spread, level / spread, 0.3, -0.5];
        for (found, expected) in now.common.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-12, "{:?}", now.common);
        }
        assert_eq!(now.own, [-1.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
        assert!((now.base[0] + 2.0).abs() < 1e-15);
        assert!(now.base[1].is_nan());
        assert_eq!(now.of(0)[COMMON..], [-1.0, 0.0, 0.0]);
        let departures = now.departures(&[-9.0, 1.0]);
        assert!((departures[0] + 3.0).abs() < 1e-15 && departures[1].is_nan());
    }

    #[test]
    fn features_are_finite_whatever_comes() {
        let mut watcher = Watcher::new(1);
        assert!(watcher.situation().common.iter().all(|feature| *feature == 0.0));
        for truth in [0.0, 0.0, f64::MAX, f64::MIN, 1e-300, 1e300, 1e300] {
            watcher.see_truth(truth);
            watcher.see_losses(f64::NAN, &[300.0]);
            let now = watcher.situation();
            let sound = |feature: &f64| feature.abs() <= CUT;
            assert!(now.common.iter().chain(&now.own).all(sound), "{now:?}");
        }
    }
}
