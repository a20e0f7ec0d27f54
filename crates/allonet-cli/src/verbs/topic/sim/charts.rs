//! Figures 2 to 4 as charts, and the numbers in them as tables.

use std::fmt::Write as _;
use std::ops::Range;

use allonet_topics::simulate::experiment::Outcome;
use allonet_topics::simulate::statistics::quantile;
use allonet_topics::tokenomics::Plan;

use super::Figure;
use crate::diagnose::Failure;
use crate::files::{Outputs, cell};
use crate::plot::{Curve, Plot};

/// Months of figure 4.
const MONTHS: usize = 95;

/// Draws what was asked for.
pub(super) fn draw(
    figure: Figure,
    outcomes: &[Outcome],
    outputs: &mut Outputs,
) -> Result<(), Failure> {
    let wants = |one| figure == one || figure == Figure::All;
    if wants(Figure::Losses) {
        add("figure-2", &losses(outcomes), outputs)?;
    }
    if wants(Figure::Rewards) {
        add("figure-3-classes", &classes(outcomes), outputs)?;
        if let Some(first) = outcomes.first() {
            add("figure-3-participants", &participants(first), outputs)?;
        }
    }
    if wants(Figure::Yield) {
        add("figure-4", &yields(), outputs)?;
    }
    Ok(())
}

fn add(name: &str, plot: &Plot, outputs: &mut Outputs) -> Result<(), Failure> {
    outputs.add(&format!("{name}.svg"), plot.svg().as_bytes())?;
    let mut text = format!("series,{},value,low,high\n", plot.across);
    for curve in &plot.curves {
        for (at, (x, y)) in curve.points.iter().enumerate() {
            let band = curve
                .band
                .get(at)
                .map_or_else(|| ",".to_owned(), |(low, high)| format!("{low},{high}"));
            let _ = writeln!(text, "{},{x},{y},{band}", cell(&curve.name));
        }
    }
    outputs.add(&format!("{name}.csv"), text.as_bytes())
}

/// The mean over seeds of a number of each epoch, and where 80 % of seeds are.
fn curve(name: &str, outcomes: &[Outcome], value: impl Fn(&Outcome, usize) -> f64) -> Curve {
    let epochs = outcomes.first().map_or(0, Outcome::epochs);
    let (mut points, mut band) = (Vec::with_capacity(epochs), Vec::with_capacity(epochs));
    let mut seeds = Vec::with_capacity(outcomes.len());
    for epoch in 0..epochs {
        seeds.clear();
        seeds.extend(outcomes.iter().map(|one| value(one, epoch)));
        points.push((epoch as f64, seeds.iter().sum::<f64>() / seeds.len() as f64));
        seeds.sort_by(f64::total_cmp);
        band.push((quantile(&seeds, 0.1), quantile(&seeds, 0.9)));
    }
    Curve { name: name.to_owned(), points, band }
}

/// Figure 2: losses of everybody.
fn losses(outcomes: &[Outcome]) -> Plot {
    let mean = |one: &Outcome, epoch: usize, positions: Range<usize>| {
        let count = positions.len() as f64;
        one.losses(epoch)[positions].iter().sum::<f64>() / count
    };
    Plot {
        title: format!("Losses: mean of {} seeds, and where 80 % of them are", outcomes.len()),
        across: "epoch",
        upwards: "log10 loss",
        curves: vec![
            curve("inferers", outcomes, |one, epoch| mean(one, epoch, one.layout.inferences())),
            curve("naive network", outcomes, |one, epoch| one.losses(epoch)[1]),
            curve("forecast-implied", outcomes, |one, epoch| {
                mean(one, epoch, one.layout.implied())
            }),
            curve("network", outcomes, |one, epoch| one.losses(epoch)[0]),
        ],
    }
}

/// Figure 3, by class.
fn classes(outcomes: &[Outcome]) -> Plot {
    let class =
        |name, at: usize| curve(name, outcomes, move |one, epoch| one.trace.shares[3 * epoch + at]);
    Plot {
        title: format!("Parts of the reward: mean of {} seeds, and 80 % of them", outcomes.len()),
        across: "epoch",
        upwards: "part",
        curves: vec![class("inferers", 0), class("forecasters", 1), class("reputers", 2)],
    }
}

/// Figure 3, by participant of one seed.
fn participants(one: &Outcome) -> Plot {
    let (inferers, workers) = (one.layout.inferers, one.layout.workers());
    let width = workers + one.world.reputers.len();
    let name = |at: usize| match at {
        _ if at < inferers => format!("inferer {}", at + 1),
        _ if at < workers => format!("forecaster {}", at - inferers + 1),
        _ => format!("reputer {}", at - workers + 1),
    };
    let cumulative = |at: usize| {
        let mut sum = 0.0;
        let rewards = one.trace.rewards.iter().skip(at).step_by(width).enumerate();
        let points = rewards.map(|(epoch, reward)| {
            sum += reward;
            (epoch as f64, sum)
        });
        Curve::line(name(at), points.collect())
    };
    Plot {
        title: "Cumulative rewards of the participants of one seed".to_owned(),
        across: "epoch",
        upwards: "reward",
        curves: (0..width).map(cumulative).collect(),
    }
}

/// Figure 4.
fn yields() -> Plot {
    let curves = Plan::figure_4().map(|(name, plan)| {
        let months = plan.run(MONTHS);
        let points = months.iter().map(|row| (row.month as f64, 100.0 * row.yearly_yield));
        Curve::line(name, points.collect())
    });
    Plot {
        title: "Yield of staked tokens; a third of locked ones come free in month 12".to_owned(),
        across: "month",
        upwards: "yield of a year, %",
        curves: curves.into(),
    }
}
