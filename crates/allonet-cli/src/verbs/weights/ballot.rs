//! `allonet weights ballot`: a page that asks a juror in a browser.

use std::path::PathBuf;
use std::process::ExitCode;

use allonet_core::fault::Fault;
use clap::Args;
use serde_json::json;

use super::asking::{known, listed};
use crate::ballot::{Ballot, render};
use crate::diagnose::Failure;
use crate::files::{Outputs, folder_of};
use crate::ui::{Ui, counted};

/// `allonet weights ballot`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  allonet weights ballot --items items.csv --out ballot.html
  allonet weights ballot --items items.csv --out ballot.html --known others.csv --how-much
  allonet weights ballot --items items.csv --out ballot.html --title \"Spring round\" --goal 40

The page loads nothing and sends nothing: the juror downloads answers.csv, and
`allonet weights fit answers.csv` reads it.")]
pub(super) struct BallotArgs {
    /// The items, a table with a column `item`
    #[arg(long, value_name = "FILE")]
    items: PathBuf,
    /// The page to write
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// What the page is called
    #[arg(long, value_name = "TEXT", default_value = "Which is worth more?")]
    title: String,
    /// What is asked of each pair
    #[arg(long, value_name = "TEXT", default_value = "Which of the two is worth more?")]
    question: String,
    /// What others said before; only the sums by pair go into the page
    #[arg(long, value_name = "FILE")]
    known: Option<PathBuf>,
    /// Ask also how many times more, in five steps
    #[arg(long)]
    how_much: bool,
    /// How many answers are enough [default: three for every two items]
    #[arg(long, value_name = "N")]
    goal: Option<usize>,
    /// Decides the first questions and which item stands first
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    seed: u32,
}

/// Writes the page.
pub(super) fn run(args: &BallotArgs, ui: &Ui) -> Result<ExitCode, Failure> {
    let items = listed(&args.items)?;
    let known = args.known.as_deref().map(|path| known(path, &items)).transpose()?;
    let known = known.iter().flat_map(|known| {
        let tally = known.tally();
        let pairs = (0..tally.items()).flat_map(|item| {
            let own = tally.row(item).filter(move |(other, ..)| *other > item);
            own.map(move |(other, wins, losses)| (item, other, wins, wins + losses))
                .collect::<Vec<_>>()
        });
        pairs.collect::<Vec<_>>()
    });
    let pairs = items.len() * (items.len() - 1) / 2;
    let goal = args.goal.unwrap_or(items.len() * 3 / 2).clamp(1, pairs);
    let ballot = Ballot {
        title: args.title.clone(),
        question: args.question.clone(),
        known: known.collect(),
        how_much: args.how_much,
        goal,
        seed: args.seed,
        items,
    };
    let Some(name) = args.out.file_name() else {
        let message = format!("--out {} names no file", args.out.display());
        return Err(Failure::usage(Fault::new("bad-option", message).help("write a file name")));
    };
    let mut outputs = Outputs::new(&folder_of(&args.out))?;
    outputs.add(&name.to_string_lossy(), render(&ballot).as_bytes())?;
    outputs.commit()?;
    if ui.is_json() {
        let out = args.out.display().to_string();
        ui.print_json(&json!({ "page": out, "items": ballot.items.len(), "goal": goal }));
    } else {
        let items = counted(ballot.items.len(), "item");
        let answers = counted(goal, "answer");
        ui.print(&format!("{}: {items}, {answers} wanted", args.out.display()));
    }
    Ok(ExitCode::SUCCESS)
}
