//! `allonet weights`: from comparisons to weights, and how good they are.

mod answers;
mod ask;
mod asking;
mod ballot;
mod board;
mod compare;
mod fit;
mod graph;
mod jury;
mod market;
mod mix;
mod next;
mod plan;
mod reading;
mod score;

use std::process::ExitCode;

use clap::{Args, Subcommand};

use crate::diagnose::Failure;
use crate::ui::Ui;

/// `allonet weights`
#[derive(Debug, Args)]
pub(crate) struct WeightsArgs {
    #[command(subcommand)]
    verb: WeightsVerb,
}

#[derive(Debug, Subcommand)]
enum WeightsVerb {
    /// Make weights of pairwise comparisons
    Fit(fit::FitArgs),
    /// Rules side by side: how much money moves between them, and whom each fits
    Compare(compare::CompareArgs),
    /// The best mix of several models' weights, by what jurors said
    Mix(mix::MixArgs),
    /// Say whether a jury's comparisons are any good, and what they do not support
    Jury(jury::JuryArgs),
    /// Say how many comparisons a wanted precision takes
    Plan(plan::PlanArgs),
    /// Choose the questions whose answers would tell most
    Next(next::NextArgs),
    /// Ask one juror, in the terminal
    Ask(ask::AskArgs),
    /// Write a page that asks a juror in a browser
    Ballot(ballot::BallotArgs),
    /// Say how good weights are, beside baselines and each other
    Score(score::ScoreArgs),
    /// Keep a leaderboard that cannot be climbed by guessing
    Board(board::BoardArgs),
    /// Trade, settle and stress prediction markets whose prices are weights
    Market(market::MarketArgs),
    /// Look at dependency graphs: what is in them, what changed, who is paid twice
    Graph(graph::GraphArgs),
}

/// Does what the command line says.
pub(super) fn run(args: &WeightsArgs, ui: &Ui) -> Result<ExitCode, Failure> {
    match &args.verb {
        WeightsVerb::Compare(args) => compare::run(args, ui),
        WeightsVerb::Fit(args) => fit::run(args, ui),
        WeightsVerb::Jury(args) => jury::run(args, ui),
        WeightsVerb::Plan(args) => plan::run(args, ui),
        WeightsVerb::Score(args) => score::run(args, ui),
        WeightsVerb::Board(args) => board::run(args, ui),
        WeightsVerb::Market(args) => market::run(args, ui),
        WeightsVerb::Graph(args) => graph::run(args, ui),
        WeightsVerb::Mix(args) => mix::run(args, ui),
        WeightsVerb::Next(args) => next::run(args, ui),
        WeightsVerb::Ask(args) => ask::run(args, ui),
        WeightsVerb::Ballot(args) => ballot::run(args, ui),
    }
}
