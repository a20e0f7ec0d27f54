//! Who takes part in one seed of the experiment, and how good they are.
//!
//! # Formula
//!
//! See [`super::design`].
//!
//! # Sources
//!
//! Kruijssen et al. (2024), section 3.3.

use allonet_core::maths;

use super::design::Design;
use super::normal::Normals;

/// A worker who infers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Inferer {
    /// Standard deviation of its inferences without experience.
    pub error: f64,
    /// How far they are off on average.
    pub bias: f64,
}

/// A worker who forecasts losses.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Forecaster {
    /// Standard deviation of its forecasts, in log10 units, without experience.
    pub error: f64,
    /// How far they are off on average.
    pub bias: f64,
    /// How well it knows who does better in an epoch, from 0 to 1.
    pub context: f64,
}

/// A reputer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reputer {
    /// Standard deviation of the losses it sees, in log10 units.
    pub error: f64,
    /// How far they are off on average.
    pub bias: f64,
    /// Weight of the newest loss in what it reports.
    pub alpha: f64,
}

/// All who take part, and the stakes of reputers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct World {
    /// Workers who infer; copies are not among them.
    pub inferers: Vec<Inferer>,
    /// Workers who forecast.
    pub forecasters: Vec<Forecaster>,
    /// Reputers.
    pub reputers: Vec<Reputer>,
    /// Their stakes.
    pub stakes: Vec<f64>,
}

impl World {
    /// Draws all of them.
    pub fn draw(design: &Design, normals: &mut Normals) -> Self {
        let base = if design.natural { 1.0 } else { std::f64::consts::LN_10 };
        let power = |normals: &mut Normals, mean: f64, deviation: f64| {
            maths::exp(base * normals.around(mean, deviation))
        };
        let inferer = |normals: &mut Normals| Inferer {
            error: power(normals, -0.700, 0.176),
            bias: normals.around(0.0, 0.05),
        };
        let forecaster = |normals: &mut Normals| {
            let (error, bias) = (power(normals, -0.222, 0.176), normals.around(0.0, 0.3));
            let drawn = 1.0 / (1.0 + maths::exp(-10.0 * (normals.random().uniform() - 0.5)));
            Forecaster { error, bias, context: design.context.unwrap_or(drawn) }
        };
        let reputer = |normals: &mut Normals| {
            let (error, bias) = (power(normals, -1.0, 0.097), normals.around(0.0, 0.05));
            let alpha = power(normals, -1.523, 0.301).min(1.0);
            Reputer { error, bias, alpha: if design.smooth_reports { alpha } else { 1.0 } }
        };
        let stake = |normals: &mut Normals| {
            let off = std::f64::consts::LN_10 * design.stake_spread * normals.draw();
            design.stake * maths::exp(off)
        };
        Self {
            inferers: (0..design.inferers).map(|_| inferer(normals)).collect(),
            forecasters: (0..design.forecasters).map(|_| forecaster(normals)).collect(),
            reputers: (0..design.reputers).map(|_| reputer(normals)).collect(),
            stakes: (0..design.reputers).map(|_| stake(normals)).collect(),
        }
    }

    /// The inferer with the smallest error.
    pub fn best_inferer(&self) -> usize {
        least(self.inferers.iter().map(|inferer| inferer.error))
    }

    /// The forecaster with the greatest context awareness.
    pub fn best_forecaster(&self) -> usize {
        least(self.forecasters.iter().map(|forecaster| -forecaster.context))
    }
}

/// Where the least of some numbers is, the first of equals; 0 if there is none.
pub fn least(values: impl Iterator<Item = f64>) -> usize {
    values.enumerate().min_by(|a, b| a.1.total_cmp(&b.1)).map_or(0, |(at, _)| at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_have_the_medians_of_the_source() {
        let design = Design::default();
        let worlds: Vec<World> =
            (0..400).map(|seed| World::draw(&design, &mut Normals::part(seed, 0))).collect();
        let median = |mut values: Vec<f64>| {
            values.sort_by(f64::total_cmp);
            values[values.len() / 2]
        };
        let of = |value: fn(&World) -> f64| median(worlds.iter().map(value).collect());
        assert!((of(|world| world.inferers[0].error) - 0.1995).abs() < 0.012);
        assert!((of(|world| world.forecasters[1].error) - 0.600).abs() < 0.035);
        assert!((of(|world| world.reputers[2].error) - 0.1).abs() < 0.004);
        assert!((of(|world| world.reputers[2].alpha) - 0.030).abs() < 0.003);
        assert!((of(|world| world.forecasters[2].context) - 0.5).abs() < 0.15);
        assert!((of(|world| world.inferers[2].bias)).abs() < 0.008);
        assert!(worlds.iter().all(|world| world.stakes == [100_000.0; 5]));
    }

    #[test]
    fn the_best_are_found() {
        let mut world = World::draw(&Design::default(), &mut Normals::part(1, 0));
        world.inferers[2].error = 1e-9;
        world.forecasters[1].context = 2.0;
        assert_eq!((world.best_inferer(), world.best_forecaster()), (2, 1));
        assert_eq!(World::default().best_inferer(), 0);
    }
}
