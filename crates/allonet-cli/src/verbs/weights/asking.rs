//! What the verbs that ask jurors share: how questions are chosen, and when it is
//! enough.

use std::path::Path;

use allonet_core::fault::{Fault, did_you_mean};
use allonet_weights::ask::{AskError, Criterion, Settings, Stopping};
use allonet_weights::comparisons::{Builder, Comparisons, Naming, Reading};
use clap::Args;

use super::reading::{items, open};
use crate::diagnose::Failure;

/// How questions are chosen.
#[derive(Debug, Args)]
pub(super) struct AskingArgs {
    /// What makes a question worth asking: total-variation, variance,
    /// weighted-information, information (the order of small items too)
    #[arg(long, value_name = "NAME", default_value = "total-variation")]
    criterion: String,
    /// Share of questions that repeat an answered pair, to see whether the juror says the same
    #[arg(long, value_name = "SHARE", default_value_t = 0.0)]
    repeats: f64,
    /// Precision of the prior on log weights; 0.3 expects a factor of about 6 either way
    #[arg(long, value_name = "NUMBER", default_value_t = 0.3)]
    prior: f64,
    /// Decides the first questions and which item stands first
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    seed: u64,
    /// The money that the weights will divide; with --cost, says when to stop
    #[arg(long, value_name = "AMOUNT", requires = "cost")]
    money: Option<f64>,
    /// What one more answer costs, in the unit of --money
    #[arg(long, value_name = "AMOUNT", requires = "money")]
    cost: Option<f64>,
    /// Stop when no 90 % interval of a weight is wider, in percentage points
    #[arg(long, value_name = "POINTS")]
    width: Option<f64>,
}

impl AskingArgs {
    /// As the options say.
    pub(super) fn settings(&self) -> Result<Settings, Failure> {
        let found = Criterion::ALL.iter().find(|(name, _)| *name == self.criterion);
        let Some((_, criterion)) = found else {
            let message = format!("--criterion {} is unknown", self.criterion);
            let mut fault = Fault::new("bad-option", message);
            let names = Criterion::ALL.iter().map(|(name, _)| *name);
            fault.help = did_you_mean(&self.criterion, names);
            return Err(Failure::usage(fault));
        };
        Ok(Settings {
            criterion: *criterion,
            prior: self.prior,
            repeats: self.repeats,
            seed: self.seed,
            ..Settings::default()
        })
    }

    /// When it is enough, if anything was said about that.
    pub(super) fn stopping(&self) -> Result<Option<Stopping>, Failure> {
        let given = [("--money", self.money), ("--cost", self.cost), ("--width", self.width)];
        for (name, value) in given {
            if value.is_some_and(|value| !(value.is_finite() && value > 0.0)) {
                let message = format!("{name} is {}", value.unwrap_or_default());
                let help = "write a number above zero";
                return Err(Failure::usage(Fault::new("bad-option", message).help(help)));
            }
        }
        let stopping = Stopping {
            money_and_cost: self.money.zip(self.cost),
            width: self.width.map(|points| points / 100.0),
        };
        Ok((stopping != Stopping::default()).then_some(stopping))
    }
}

/// Why nothing can be asked, as a fault.
pub(super) fn failure(error: &AskError) -> Failure {
    match error {
        AskError::TooFew { .. } => {
            let fault = Fault::new("too-few-items", error.to_string());
            fault.help("list all items in a table with a column `item`, for --items").into()
        }
        AskError::Setting { .. } => Failure::usage(Fault::new("bad-option", error.to_string())),
    }
}

/// The items of a table, sorted, each once.
pub(super) fn listed(path: &Path) -> Result<Vec<String>, Failure> {
    let mut items = items(path, &Naming::Verbatim)?;
    items.sort();
    items.dedup();
    if items.len() < 2 {
        return Err(failure(&AskError::TooFew { found: items.len() }));
    }
    Ok(items)
}

/// What others said about these items.
pub(super) fn known(path: &Path, items: &[String]) -> Result<Comparisons, Failure> {
    let reading = Reading { items: Some(items.to_vec()), ..Reading::default() };
    Ok(Comparisons::read(&open(path)?, &reading)?)
}

/// No comparison of these items.
pub(super) fn nothing(items: &[String]) -> Comparisons {
    let mut builder = Builder::default();
    for item in items {
        builder.item(item);
    }
    builder.finish()
}
