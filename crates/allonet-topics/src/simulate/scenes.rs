//! How often the network outperforms every participant, in friendly and in
//! adverse settings, and what in them does it.
//!
//! # Formula
//!
//! In each setting: the gap of mean log10 losses to the naive network and to the
//! best inferer of each seed, and the rate of seeds in which the network is
//! ahead of every inferer, and of every forecast-implied inference too (Wilson's
//! interval). The best is named after the fact, which favours it: nobody knew.
//!
//! # Limits
//!
//! Forecasters of the source know the loss to come but for some noise. What this
//! adds shows beside the settings where they only look back, or say nothing.
//!
//! # Sources
//!
//! Kruijssen et al. (2024), section 3.3; the settings are ours.

use super::adversaries::Adversary;
use super::design::{Design, DesignError, Insight, Turns};
use super::experiment::{Outcome, run_with};
use super::statements::ahead_of;
use super::statistics::Estimate;

/// A setting.
#[derive(Clone, Debug, PartialEq)]
pub struct Scene {
    /// What is special about it.
    pub name: &'static str,
    /// The design.
    pub design: Design,
    /// Who cheats.
    pub adversary: Adversary,
}

/// What a setting comes to.
#[derive(Clone, Debug, PartialEq)]
pub struct Played {
    /// What is special about it.
    pub name: &'static str,
    /// Naive loss less network loss.
    pub naive_gap: Estimate,
    /// Loss of the best inferer less network loss.
    pub best_gap: Estimate,
    /// Seeds in which the network is ahead of every inferer.
    pub every_inferer: Estimate,
    /// Seeds in which it is ahead of every forecast-implied inference too.
    pub everybody: Estimate,
}

/// All settings, from a design.
pub fn scenes(design: &Design) -> Vec<Scene> {
    let plain = design.clone().instantaneous();
    let honest = |name, design: Design| Scene { name, design, adversary: Adversary::None };
    let cheated = |name, adversary| Scene { name, design: plain.clone(), adversary };
    let insight = |insight, turns| Design { insight, turns, ..plain.clone() };
    let context = |context| Design { context: Some(context), ..plain.clone() };
    vec![
        honest("as the source has it", design.clone()),
        honest("reputers do not smooth (all below)", plain.clone()),
        honest("5 inferers", Design { inferers: 5, ..plain.clone() }),
        honest("10 inferers", Design { inferers: 10, ..plain.clone() }),
        honest("2 inferers", Design { inferers: 2, ..plain.clone() }),
        honest("perfect context awareness", context(1.0)),
        honest("no context awareness", context(0.0)),
        honest("forecasters look back", insight(Insight::Past { period: 1 }, Turns::Random)),
        honest("turns rotate, forecasters look back", {
            insight(Insight::Past { period: 1 }, Turns::Rotating)
        }),
        honest("turns rotate, forecasters know the period", {
            insight(Insight::Past { period: design.inferers }, Turns::Rotating)
        }),
        honest("forecasts are noise", insight(Insight::Nothing, Turns::Random)),
        cheated("one inferer is far better", Adversary::Star),
        Scene {
            name: "one is far better, forecasts are noise",
            design: insight(Insight::Nothing, Turns::Random),
            adversary: Adversary::Star,
        },
        cheated("the best and the worst change places", {
            Adversary::Upheaval { epoch: design.epochs / 2 }
        }),
        cheated("a forecaster flatters the first inferer", Adversary::Colluders { forecasters: 1 }),
        cheated("all forecasters flatter the first inferer", {
            Adversary::Colluders { forecasters: design.forecasters }
        }),
        cheated("reputers with 30 % of the stake lie", Adversary::Liars { part: 0.3, by: 1.0 }),
        cheated("reputers with 49 % of the stake lie", Adversary::Liars { part: 0.49, by: 1.0 }),
        cheated("an inferer copies the best of the past", Adversary::Copycat),
    ]
}

impl Scene {
    /// Plays it on so many seeds.
    pub fn play(&self, seeds: usize, seed: u64) -> Result<Played, DesignError> {
        let adversary = self.adversary;
        let outcomes = run_with(&self.design, seeds, seed, || adversary)?;
        let inferers = |one: &Outcome| ahead_of(one, one.layout.inferences());
        let everybody = |one: &Outcome| ahead_of(one, one.layout.workers_own());
        Ok(Played {
            name: self.name,
            naive_gap: Estimate::mean(outcomes.iter().map(|one| one.gap(0..one.epochs()))),
            best_gap: Estimate::mean(outcomes.iter().map(inferers)),
            every_inferer: Estimate::rate(outcomes.iter().map(|one| inferers(one) > 0.0)),
            everybody: Estimate::rate(outcomes.iter().map(|one| everybody(one) > 0.0)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_scenes_can_be_played_and_differ() {
        let scenes = scenes(&Design { epochs: 6, ..Design::default() });
        let played: Vec<Played> = scenes.iter().map(|one| one.play(2, 1).unwrap()).collect();
        for (at, one) in played.iter().enumerate() {
            assert!(one.naive_gap.value.is_finite() && one.best_gap.value.is_finite());
            assert!(
                played[..at].iter().all(|other| other.best_gap != one.best_gap),
                "{}",
                one.name
            );
        }
    }
}
