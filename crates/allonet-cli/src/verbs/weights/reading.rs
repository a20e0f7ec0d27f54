//! The files that the weights verbs read.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use allonet_core::fault::{Fault, SourceFile};
use allonet_weights::comparisons::{Comparisons, Naming, Reading};
use allonet_weights::repository::Aliases;
use allonet_weights::rules::{FitError, Parameters};
use clap::Args;

use crate::diagnose::Failure;
use crate::files::read_file;
use crate::ui::{Ui, counted};

/// How comparisons are read.
#[derive(Debug, Args)]
pub(super) struct ReadingArgs {
    /// All items there are, a table with a column `item`; others are faults
    #[arg(long, value_name = "FILE")]
    pub(super) items: Option<PathBuf>,
    /// Items are repositories: one item for all spellings of an address
    #[arg(long)]
    pub(super) repositories: bool,
    /// Old names of repositories, columns `alias` and `repo`
    #[arg(long, value_name = "FILE", requires = "repositories")]
    pub(super) aliases: Option<PathBuf>,
    /// The largest multiplier believed; a larger one is a fault
    #[arg(long, value_name = "TIMES", default_value_t = 1_000.0)]
    pub(super) max_multiplier: f64,
    /// Take larger multipliers for this one
    #[arg(long, value_name = "TIMES")]
    pub(super) clip: Option<f64>,
    /// Drop rows that compare an item with itself, and say how many; otherwise
    /// such a row is a fault
    #[arg(long)]
    pub(super) drop_self_comparisons: bool,
}

impl ReadingArgs {
    /// Reads a table of comparisons.
    pub(super) fn comparisons(&self, path: &Path, ui: &Ui) -> Result<Comparisons, Failure> {
        read(&open(path)?, &self.reading()?, ui)
    }

    /// How tables of comparisons are read.
    pub(super) fn reading(&self) -> Result<Reading, Failure> {
        for (name, value) in
            [("--max-multiplier", Some(self.max_multiplier)), ("--clip", self.clip)]
        {
            if value.is_some_and(|value| !(value.is_finite() && value >= 1.0)) {
                let message = format!("{name} is {}", value.unwrap_or_default());
                let fault = Fault::new("bad-option", message).help("a multiplier is at least 1");
                return Err(Failure::usage(fault));
            }
        }
        let naming = self.naming()?;
        let items = self.items.as_deref().map(|path| items(path, &naming)).transpose()?;
        let max_multiplier = self.max_multiplier;
        let drop_self_comparisons = self.drop_self_comparisons;
        Ok(Reading { naming, items, max_multiplier, clip: self.clip, drop_self_comparisons })
    }

    fn naming(&self) -> Result<Naming, Failure> {
        if !self.repositories {
            return Ok(Naming::Verbatim);
        }
        let Some(path) = &self.aliases else {
            return Ok(Naming::Repository(Aliases::default()));
        };
        let file = open(path)?;
        let aliases = Aliases::parse(&file.text)
            .map_err(|error| Fault::new("bad-aliases", format!("{}: {error}", file.path)))?;
        Ok(Naming::Repository(aliases))
    }
}

/// Reads comparisons, and says how many rows were dropped, if any.
pub(super) fn read(
    file: &Arc<SourceFile>,
    reading: &Reading,
    ui: &Ui,
) -> Result<Comparisons, Failure> {
    let comparisons = Comparisons::read(file, reading).map_err(|mut faults| {
        for fault in faults.iter_mut().filter(|fault| fault.code == "self-comparison") {
            let help = fault.help.take().unwrap_or_default();
            fault.help = Some(format!("{help}; --drop-self-comparisons drops such rows"));
        }
        faults
    })?;
    let dropped = comparisons.self_comparisons();
    if dropped > 0 {
        let rows = counted(dropped, "row");
        ui.note(&format!("dropped {rows} of an item compared with itself"));
    }
    Ok(comparisons)
}

/// Opens a file that is named on the command line.
pub(super) fn open(path: &Path) -> Result<Arc<SourceFile>, Failure> {
    Ok(read_file(path, &path.to_string_lossy())?)
}

/// The items a table lists.
pub(super) fn items(path: &Path, naming: &Naming) -> Result<Vec<String>, Failure> {
    Ok(naming.items(&open(path)?)?)
}

/// Why a rule gives no weights: a slip in what was asked for is wrong usage, data
/// that the rule cannot handle invalid input.
pub(super) fn no_weights(error: FitError) -> Failure {
    match error {
        FitError::UnknownRule { .. }
        | FitError::UnknownParameter { .. }
        | FitError::Parameter { .. } => Failure::usage(Fault::from(error)),
        _ => Fault::from(error).into(),
    }
}

/// `name=value` for a rule.
pub(super) fn parameters(settings: &[String]) -> Result<Parameters, Failure> {
    Parameters::read(settings.iter().map(String::as_str)).map_err(|setting| {
        let message = format!("--set {setting} is no number for a parameter");
        let fault = Fault::new("bad-option", message).help("write for example --set prior=0.1");
        Failure::usage(fault)
    })
}
