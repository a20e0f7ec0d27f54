//! What cheating gains: participants who lie, collude, copy, split or grab
//! stake, beside the same seeds with everybody honest.
//!
//! # Formula
//!
//! Each number is the mean over seeds of a difference between a seed with the
//! conduct and the same seed, with the same draws, without it; shares are in
//! points of 100, gaps in log10 units of loss.
//!
//! # Limits
//!
//! Reputers report what they see without smoothing, so that a lie has its full
//! weight at once. With copies the draws of the others differ from the second
//! epoch on; who takes part does not. Conducts are simple on purpose: a better
//! liar would adapt.
//!
//! # Sources
//!
//! Kruijssen et al. (2024), sections 3.2 and 4, for what each rule is to prevent.

use super::conduct::{Conduct, View};
use super::design::{Design, DesignError};
use super::experiment::{Outcome, run, run_with};
use super::statistics::Estimate;
use super::world::{Inferer, World, least};
use crate::layout::Layout;

/// A conduct that is not honest, or participants of unusual quality.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Adversary {
    /// Nobody.
    None,
    /// The first two of the reputers hold this part of the stake and report the
    /// first inferer's loss as lower, and that of the network without it as
    /// higher, by so many units.
    Liars {
        /// Part of the stake, halved between the two.
        part: f64,
        /// Size of the lie in log10 units.
        by: f64,
    },
    /// So many forecasters foretell the first inferer a loss lower by three.
    Colluders {
        /// How many of them.
        forecasters: usize,
    },
    /// The first inferer sends what the best of the others sent in the epoch
    /// before.
    Copycat,
    /// The first inferer sends the mean of the others' inferences.
    Onlooker {
        /// Of this epoch, as if it saw them; else of the epoch before, all that
        /// commitments let it see.
        sees: bool,
    },
    /// The first inferer is ten times better than usual.
    Star,
    /// At this epoch the best inferer becomes ten times worse and the worst ten
    /// times better.
    Upheaval {
        /// When.
        epoch: usize,
    },
    /// The first reputer holds this part of the stake; it lies by so many units.
    Grabber {
        /// Part of the stake.
        part: f64,
        /// Size of the lie in log10 units, 0 for none.
        by: f64,
    },
}

/// Lower by how much colluding forecasters foretell a loss.
const FLATTERY: f64 = 3.0;

impl Conduct for Adversary {
    fn prepare(&mut self, epoch: usize, world: &mut World) {
        match *self {
            Self::Liars { part, .. } if epoch == 0 => hold(&mut world.stakes, 2, part),
            Self::Grabber { part, .. } if epoch == 0 => hold(&mut world.stakes, 1, part),
            Self::Star if epoch == 0 => world.inferers[0] = Inferer { error: 0.02, bias: 0.0 },
            Self::Upheaval { epoch: when } if epoch == when => {
                let best = world.best_inferer();
                let worst = least(world.inferers.iter().map(|inferer| -inferer.error));
                world.inferers[best].error *= 10.0;
                world.inferers[worst].error *= 0.1;
            }
            _ => {}
        }
    }

    fn infer(&mut self, view: &View<'_>, inferences: &mut [f64]) {
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
        match *self {
            Self::Copycat if !view.before.is_empty() => {
                let regrets = &view.memory.regrets.network[1..view.layout.inferers];
                inferences[0] = view.before[1 + least(regrets.iter().map(|regret| -regret))];
            }
            Self::Onlooker { sees: true } => inferences[0] = mean(&inferences[1..]),
            Self::Onlooker { sees: false } if !view.before.is_empty() => {
                inferences[0] = mean(&view.before[1..]);
            }
            _ => {}
        }
    }

    fn forecast(&mut self, view: &View<'_>, forecasts: &mut [f64]) {
        if let Self::Colluders { forecasters } = *self {
            for row in forecasts.chunks_mut(view.layout.inferers).take(forecasters) {
                row[0] -= FLATTERY;
            }
        }
    }

    fn report(&mut self, view: &View<'_>, losses: &mut [f64]) {
        let (liars, by) = match *self {
            Self::Liars { by, .. } => (2, by),
            Self::Grabber { by, .. } => (1, by),
            _ => return,
        };
        let layout = view.layout;
        for row in losses.chunks_mut(layout.len()).take(liars) {
            row[layout.inferences().start] -= by;
            row[layout.one_outs().start] += by;
        }
    }
}

/// Gives the first few so much of the stake, evenly, and the others the rest.
fn hold(stakes: &mut [f64], few: usize, part: f64) {
    let all: f64 = stakes.iter().sum();
    let others = stakes.len() - few;
    for (at, stake) in stakes.iter_mut().enumerate() {
        let (part, among) = if at < few { (part, few) } else { (1.0 - part, others) };
        *stake = all * part / among as f64;
    }
}

/// One number of the suite.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// Who cheats.
    pub case: String,
    /// What was measured.
    pub measure: &'static str,
    /// What was found.
    pub found: Estimate,
}

/// The whole suite on so many seeds of a design with at least three inferers,
/// forecasters and reputers.
pub fn suite(design: &Design, seeds: usize, seed: u64) -> Result<Vec<Finding>, DesignError> {
    for (name, found) in [
        ("the number of inferers", design.inferers),
        ("the number of forecasters", design.forecasters),
        ("the number of reputers", design.reputers),
    ] {
        if found < 3 {
            let (found, allowed) = (found as f64, "at least 3, so that some can cheat");
            return Err(DesignError::OutOfRange { name, found, allowed });
        }
    }
    let bench = Bench {
        design: design.clone().instantaneous(),
        honest: run(&design.clone().instantaneous(), seeds, seed)?,
        seeds,
        seed,
    };
    let parts = [
        bench.liars()?,
        bench.colluders()?,
        bench.copies()?,
        bench.sybils()?,
        bench.quality()?,
        bench.grabbers()?,
    ];
    Ok(parts.into_iter().flatten().collect())
}

/// Honest seeds, and what others are made of.
struct Bench {
    design: Design,
    honest: Vec<Outcome>,
    seeds: usize,
    seed: u64,
}

/// In points of 100, the part of the inferers' reward that the first of them has.
fn first_inferer(one: &Outcome) -> f64 {
    100.0 * one.reward(0) / one.rewards(0..one.layout.inferers)
}

fn network_loss(one: &Outcome) -> f64 {
    one.mean_loss(Layout::NETWORK, 0..one.epochs())
}

/// Mean coefficient of the first few reputers in an epoch.
fn coefficient(one: &Outcome, few: usize, epoch: usize) -> f64 {
    let reputers = one.world.reputers.len();
    one.trace.coefficients[epoch * reputers..][..few].iter().sum::<f64>() / few as f64
}

/// The same for the last half of all epochs.
fn late_coefficient(one: &Outcome, few: usize) -> f64 {
    let late = one.epochs() / 2..one.epochs();
    let count = late.len() as f64;
    late.map(|epoch| coefficient(one, few, epoch)).sum::<f64>() / count
}

impl Bench {
    fn with(&self, adversary: Adversary) -> Result<Vec<Outcome>, DesignError> {
        run_with(&self.design, self.seeds, self.seed, || adversary)
    }

    fn liars(&self) -> Result<Vec<Finding>, DesignError> {
        let mut findings = Vec::new();
        for percent in [10_u32, 20, 30, 40, 49] {
            let part = f64::from(percent) / 100.0;
            let honest = self.with(Adversary::Liars { part, by: 0.0 })?;
            let lying = self.with(Adversary::Liars { part, by: 1.0 })?;
            let case =
                format!("2 of {} reputers, {percent} % of the stake, lie", self.design.reputers);
            findings.extend(of_reputers(&case, 2, &honest, &lying));
        }
        Ok(findings)
    }

    fn colluders(&self) -> Result<Vec<Finding>, DesignError> {
        let mut findings = Vec::new();
        for forecasters in 1..=self.design.forecasters {
            let colluding = self.with(Adversary::Colluders { forecasters })?;
            let case = format!("{forecasters} of {} forecasters collude", self.design.forecasters);
            let share = |one: &Outcome| {
                let all = one.layout.inferers..one.layout.workers();
                let few = all.start..all.start + forecasters;
                100.0 * one.rewards(few) / one.rewards(all)
            };
            let found = |measure, value: &dyn Fn(&Outcome) -> f64| Finding {
                case: case.clone(),
                measure,
                found: change(&self.honest, &colluding, value),
            };
            findings
                .push(found("first inferer's part of inferers' reward, change", &first_inferer));
            findings.push(found("their part of forecasters' reward, change", &share));
            findings.push(found("network loss, change", &network_loss));
        }
        Ok(findings)
    }

    fn copies(&self) -> Result<Vec<Finding>, DesignError> {
        let cases = [
            ("the first copies the best of the epoch before", Adversary::Copycat),
            ("the first sees the others first", Adversary::Onlooker { sees: true }),
            ("the same with commitments: a past epoch", Adversary::Onlooker { sees: false }),
        ];
        let mut findings = Vec::new();
        for (case, adversary) in cases {
            let copying = self.with(adversary)?;
            let found = |measure, value: &dyn Fn(&Outcome) -> f64| Finding {
                case: case.to_owned(),
                measure,
                found: change(&self.honest, &copying, value),
            };
            findings.push(found("its part of inferers' reward, change", &first_inferer));
            findings.push(found("its own loss, change", &|one| one.mean_loss(2, 0..one.epochs())));
            findings.push(found("network loss, change", &network_loss));
        }
        Ok(findings)
    }

    fn sybils(&self) -> Result<Vec<Finding>, DesignError> {
        let mut findings = Vec::new();
        for copies in [2_usize, 5, 10] {
            let design = Design { copies: copies - 1, ..self.design.clone() };
            let split = run(&design, self.seeds, self.seed)?;
            let case = format!("the first inferer is {copies}");
            let inferers = self.design.inferers;
            let own = |one: &Outcome| {
                let all = one.layout.workers() + one.world.reputers.len();
                let own = one.reward(0) + one.rewards(inferers..one.layout.inferers);
                100.0 * own / one.rewards(0..all)
            };
            let class = |one: &Outcome| 100.0 * one.mean_of(&one.trace.shares, 0, 0..one.epochs());
            let found = |measure, value: &dyn Fn(&Outcome) -> f64| Finding {
                case: case.clone(),
                measure,
                found: change(&self.honest, &split, value),
            };
            findings.push(found("their part of all rewards, change", &own));
            findings.push(found("inferers' part of all rewards, change", &class));
            findings.push(found("network loss, change", &network_loss));
        }
        Ok(findings)
    }

    fn quality(&self) -> Result<Vec<Finding>, DesignError> {
        let star = self.with(Adversary::Star)?;
        let when = self.design.epochs / 2;
        let upheaval = self.with(Adversary::Upheaval { epoch: when })?;
        let window = (self.design.epochs - when).min(10);
        let since = |one: &Outcome, from: usize| {
            let from = (when + from).min(self.design.epochs - window);
            one.mean_loss(Layout::NETWORK, from..from + window)
        };
        let beats = |one: &Outcome| network_loss(one) < one.mean_loss(2, 0..one.epochs());
        let rich = |one: &Outcome| one.richest(0..one.layout.inferers) == 0;
        let named = |case: &str, measure, found| Finding { case: case.to_owned(), measure, found };
        let (one, turn) = ("one inferer is far better", "the best and the worst change places");
        let gap = |one: &Outcome| one.mean_loss(2, 0..one.epochs()) - network_loss(one);
        Ok(vec![
            named(one, "seeds where the network beats it", Estimate::rate(star.iter().map(beats))),
            named(one, "its loss − network's", Estimate::mean(star.iter().map(gap))),
            named(one, "seeds where it earns most", Estimate::rate(star.iter().map(rich))),
            named(one, "network loss, change", change(&self.honest, &star, &network_loss)),
            named(
                turn,
                "network loss, change in the next ten epochs",
                change(&self.honest, &upheaval, &|one| since(one, 0)),
            ),
            named(
                turn,
                "network loss, change after forty epochs",
                change(&self.honest, &upheaval, &|one| since(one, 40)),
            ),
            named(
                turn,
                "naive − network in the next ten epochs",
                Estimate::mean(upheaval.iter().map(|one| one.gap(when..when + window))),
            ),
        ])
    }

    fn grabbers(&self) -> Result<Vec<Finding>, DesignError> {
        let mut findings = Vec::new();
        for percent in [40_u32, 60, 80] {
            let part = f64::from(percent) / 100.0;
            let honest = self.with(Adversary::Grabber { part, by: 0.0 })?;
            let lying = self.with(Adversary::Grabber { part, by: 1.0 })?;
            let case = format!("one reputer has {percent} % of the stake");
            let points = honest.iter().map(|one| 100.0 * (reputers_part(one, 1) - part));
            findings.push(Finding {
                case: case.clone(),
                measure: "its part of reputers' reward − of the stake",
                found: Estimate::mean(points),
            });
            findings.extend(of_reputers(&format!("{case} and lies"), 1, &honest, &lying));
        }
        Ok(findings)
    }
}

/// The part of the reputers' reward that the first few have.
fn reputers_part(one: &Outcome, few: usize) -> f64 {
    let workers = one.layout.workers();
    let all = workers..workers + one.world.reputers.len();
    one.rewards(workers..workers + few) / one.rewards(all)
}

/// What a lie of the first few reputers comes to.
fn of_reputers(case: &str, few: usize, honest: &[Outcome], lying: &[Outcome]) -> Vec<Finding> {
    let named = |measure, found| Finding { case: case.to_owned(), measure, found };
    let own = |one: &Outcome| 100.0 * reputers_part(one, few);
    let listened =
        |one: &Outcome| 100.0 * one.mean_of(&one.trace.listened, 0, one.epochs() / 2..one.epochs());
    let silenced =
        |one: &Outcome| (0..one.epochs()).find(|epoch| coefficient(one, few, *epoch) < 0.5);
    let when = lying.iter().map(|one| silenced(one).unwrap_or(one.epochs()) as f64);
    vec![
        named("favoured inferer's part, change", change(honest, lying, &first_inferer)),
        named("their part of reputers' reward, change", change(honest, lying, &own)),
        named("seeds where they are silenced", {
            Estimate::rate(lying.iter().map(|one| silenced(one).is_some()))
        }),
        named("epochs until then, at most all", Estimate::mean(when)),
        named(
            "their coefficient, second half",
            Estimate::mean(lying.iter().map(|one| late_coefficient(one, few))),
        ),
        named("stake listened to, second half, %", Estimate::mean(lying.iter().map(listened))),
        named("network loss, change", change(honest, lying, &network_loss)),
    ]
}

/// The mean difference from honest seeds.
fn change(honest: &[Outcome], cheated: &[Outcome], value: &dyn Fn(&Outcome) -> f64) -> Estimate {
    Estimate::mean(
        honest.iter().zip(cheated).map(|(honest, cheated)| value(cheated) - value(honest)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bench(epochs: usize, seeds: usize) -> Bench {
        let design = Design { epochs, ..Design::default() }.instantaneous();
        Bench { honest: run(&design, seeds, 1).unwrap(), design, seeds, seed: 1 }
    }

    #[test]
    fn a_lie_of_nothing_changes_nothing() {
        let bench = bench(20, 2);
        let liars = bench.with(Adversary::Liars { part: 0.4, by: 0.0 }).unwrap();
        // Two of five equal stakes are 40 % already.
        for (one, honest) in liars.iter().zip(&bench.honest) {
            assert!((network_loss(one) - network_loss(honest)).abs() < 1e-9);
        }
        assert_eq!(bench.with(Adversary::None).unwrap(), bench.honest);
    }

    #[test]
    fn stakes_are_held_as_said() {
        let mut stakes = [1.0, 2.0, 3.0, 4.0];
        hold(&mut stakes, 1, 0.6);
        assert!((stakes[0] - 6.0).abs() + (stakes[3] - 4.0 / 3.0).abs() < 1e-12, "{stakes:?}");
    }

    #[test]
    fn liars_are_silenced_and_pay_for_it() {
        let bench = bench(40, 8);
        let honest = bench.with(Adversary::Liars { part: 0.3, by: 0.0 }).unwrap();
        let lying = bench.with(Adversary::Liars { part: 0.3, by: 1.0 }).unwrap();
        let findings = of_reputers("x", 2, &honest, &lying);
        let found =
            |measure: &str| findings.iter().find(|one| one.measure == measure).unwrap().found.value;
        assert!(found("favoured inferer's part, change") > 0.0);
        assert!(found("their part of reputers' reward, change") < 0.0);
    }

    #[test]
    fn an_onlooker_sends_the_mean_of_the_others() {
        let memory = crate::memory::Memory::new(Layout::new(3, 1), 1);
        let before = [9.0, 4.0, 6.0];
        let sent = |mut adversary: Adversary, before: &[f64]| {
            let layout = Layout::new(3, 1);
            let view = View { epoch: 1, layout, target: 0.0, memory: &memory, before };
            let mut inferences = [0.0, 1.0, 2.0];
            adversary.infer(&view, &mut inferences);
            inferences[0]
        };
        assert_eq!(sent(Adversary::Onlooker { sees: true }, &before).to_bits(), 1.5_f64.to_bits());
        assert_eq!(sent(Adversary::Onlooker { sees: false }, &before).to_bits(), 5_f64.to_bits());
        assert_eq!(sent(Adversary::Copycat, &before).to_bits(), 4_f64.to_bits());
        assert_eq!(sent(Adversary::Copycat, &[]).to_bits(), 0_f64.to_bits());
    }

    #[test]
    fn too_few_to_cheat_are_refused() {
        let error = suite(&Design::sized(2, 3, 5), 2, 1).unwrap_err().to_string();
        assert_eq!(error, "the number of inferers is 2; give at least 3, so that some can cheat");
    }
}
