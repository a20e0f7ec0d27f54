//! `allonet topic sim`: what is claimed of topics, held against simulations.

mod charts;
mod show;

use std::path::PathBuf;
use std::process::ExitCode;
use std::str::FromStr;

use allonet_core::fault::Fault;
use allonet_topics::simulate::adversaries::{self, Finding};
use allonet_topics::simulate::design::{Design, DesignError};
use allonet_topics::simulate::experiment::{self, Outcome};
use allonet_topics::simulate::scenes::{Played, scenes};
use allonet_topics::simulate::statements::{self, Statement};
use clap::{Args, ValueEnum};

use crate::diagnose::Failure;
use crate::files::Outputs;
use crate::ui::Ui;

/// `allonet topic sim`
#[derive(Debug, Args)]
#[command(after_help = "\
Variants: A the paper as written, B and D parameters e^N instead of 10^N, C reputers do not smooth,
E weights never cut, F regrets in natural logarithms, G median absolute deviation, H five inferers,
I and J context awareness 1 and 0, K ten inferers and forecasters, L printed constants, M common
standard deviation, N and O rewards high beside unequal stakes.

Examples:
  allonet topic sim
  allonet topic sim --figure 2 --seeds 400 --out figures
  allonet topic sim --setup 5/3/5 --variant C
  allonet topic sim --adverse --seeds 400 --format json")]
pub(super) struct SimArgs {
    /// Whose claims to look at
    #[arg(long, value_enum, default_value_t = Figure::All)]
    figure: Figure,
    /// How many times the experiment is made
    #[arg(long, value_name = "N", default_value_t = 100)]
    #[arg(value_parser = clap::value_parser!(u32).range(2..=100_000))]
    seeds: u32,
    /// Epochs of each
    #[arg(long, value_name = "N", default_value_t = 200)]
    epochs: usize,
    /// Inferers, forecasters and reputers [default: 3/3/5, or those of the variant]
    #[arg(long, value_name = "I/F/R")]
    setup: Option<Setup>,
    /// A variant of the experiment
    #[arg(long, value_name = "LETTER", default_value_t = 'A')]
    variant: char,
    /// Let some cheat too, and play adverse settings
    #[arg(long)]
    adverse: bool,
    /// What all randomness comes from
    #[arg(long, value_name = "SEED", default_value_t = 1)]
    seed: u64,
    /// Folder for tables (CSV) and charts (SVG)
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// Figures of the paper.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Figure {
    /// Losses
    #[value(name = "2")]
    Losses,
    /// Rewards
    #[value(name = "3")]
    Rewards,
    /// Yield of stakers
    #[value(name = "4")]
    Yield,
    /// All of them
    All,
}

/// How many take part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Setup {
    inferers: usize,
    forecasters: usize,
    reputers: usize,
}

impl FromStr for Setup {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts: Result<Vec<usize>, _> = text.split('/').map(str::parse).collect();
        match parts.as_deref() {
            Ok(&[inferers, forecasters, reputers]) => Ok(Self { inferers, forecasters, reputers }),
            _ => Err("give inferers, forecasters and reputers, such as 3/3/5".to_owned()),
        }
    }
}

/// All that a simulation found.
#[derive(Debug, Default)]
struct Findings {
    statements: Vec<Statement>,
    scenes: Vec<Played>,
    adversaries: Vec<Finding>,
    outcomes: Vec<Outcome>,
}

/// Simulates.
pub(super) fn run(args: &SimArgs, ui: &Ui) -> Result<ExitCode, Failure> {
    let design = design(args).map_err(refused)?;
    let outputs = args.out.as_deref().map(Outputs::new).transpose()?;
    let working = ui.working("simulating");
    let findings = gather(args, &design).map_err(refused)?;
    drop(working);
    if ui.is_json() {
        show::json(&findings, ui);
    } else {
        show::text(&design, args.seeds, &findings, ui);
    }
    if let Some(mut outputs) = outputs {
        show::tables(&findings, &mut outputs)?;
        charts::draw(args.figure, &findings.outcomes, &mut outputs)?;
        for path in outputs.commit()? {
            ui.note(&format!("wrote {}", path.display()));
        }
    }
    Ok(ExitCode::SUCCESS)
}

#[expect(clippy::needless_pass_by_value, reason = "made to be mapped over")]
fn refused(error: DesignError) -> Failure {
    Failure::usage(Fault::new("bad-option", error.to_string()))
}

fn design(args: &SimArgs) -> Result<Design, DesignError> {
    let mut design = Design::variant(args.variant.to_ascii_uppercase())?;
    design.epochs = args.epochs;
    if let Some(Setup { inferers, forecasters, reputers }) = args.setup {
        design = Design { inferers, forecasters, reputers, ..design };
    }
    design.check()?;
    Ok(design)
}

fn gather(args: &SimArgs, design: &Design) -> Result<Findings, DesignError> {
    let (seeds, seed) = (args.seeds as usize, args.seed);
    let wants = |figure| args.figure == figure || args.figure == Figure::All;
    let mut findings = Findings::default();
    if args.figure != Figure::Yield {
        findings.outcomes = experiment::run(design, seeds, seed)?;
    }
    let statements = &mut findings.statements;
    if wants(Figure::Losses) {
        statements.extend(statements::figure_2(&findings.outcomes));
        statements.extend(statements::decrease(&findings.outcomes));
        statements.extend(statements::figure_2_designs(design, seeds, seed)?);
    }
    if wants(Figure::Rewards) {
        statements.extend(statements::figure_3(&findings.outcomes));
    }
    if wants(Figure::Yield) {
        statements.extend(statements::figure_4());
    }
    if args.adverse {
        let played = scenes(design).into_iter().map(|scene| scene.play(seeds, seed));
        findings.scenes = played.collect::<Result<_, _>>()?;
        findings.adversaries = adversaries::suite(design, seeds, seed)?;
    }
    Ok(findings)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn setups_are_three_numbers() {
        let setup = Setup { inferers: 5, forecasters: 3, reputers: 7 };
        assert_eq!("5/3/7".parse(), Ok(setup));
        for odd in ["", "5", "5/3", "5/3/7/1", "a/b/c", "5/-3/7"] {
            assert!(odd.parse::<Setup>().is_err(), "{odd}");
        }
    }
}
