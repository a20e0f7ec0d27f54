//! Claims made beforehand: sealing and testing them.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use allonet_core::fault::{Fault, SourceFile, did_you_mean};
use allonet_weights::evaluate::bootstrap::Resampling;
use allonet_weights::evaluate::hypotheses::{Registration, Seal, Tested};
use allonet_weights::evaluate::scoreboard::Scoreboard;
use serde_json::json;

use super::super::reading::open;
use super::methods::Methods;
use crate::diagnose::Failure;
use crate::files::{Outputs, folder_of};
use crate::ui::{Ui, counted};

/// The name of the comparisons under a seal.
const COMPARISONS: &str = "comparisons";

/// Claims under an unbroken seal.
pub(super) struct Claims {
    pub(super) registration: Registration,
}

/// Seals a registration and the files it is to be tested on.
pub(super) fn seal(
    path: &Path,
    table: &Arc<SourceFile>,
    methods: &Methods,
    ui: &Ui,
) -> Result<ExitCode, Failure> {
    let file = open(path)?;
    let registration = Registration::read(&file)?;
    names(&registration, methods)?;
    let place = beside(path);
    if place.exists() {
        let message = format!("{} exists: these claims are sealed already", place.display());
        return Err(Failure::usage(Fault::new("sealed", message).help("register anew elsewhere")));
    }
    let seal = Seal::of(&file.text, &files(table, methods));
    let mut outputs = Outputs::new(&folder_of(path))?;
    let name = place.file_name().unwrap_or_default().to_string_lossy().into_owned();
    outputs.add(&name, seal.to_text().as_bytes())?;
    outputs.commit()?;
    if ui.is_json() {
        ui.print_json(&json!({ "seal": place.to_string_lossy(), "hashes": seal }));
    } else {
        ui.print(&format!(
            "sealed {} and {} in {}",
            counted(registration.hypotheses.len(), "claim"),
            counted(seal.files.len(), "file"),
            place.display()
        ));
        ui.print("publish it before anybody sees the answers: later it proves what came first");
    }
    Ok(ExitCode::SUCCESS)
}

impl Claims {
    /// Opens claims; refuses them where anything was changed after sealing.
    pub(super) fn open(
        path: &Path,
        table: &Arc<SourceFile>,
        methods: &Methods,
    ) -> Result<Self, Failure> {
        let file = open(path)?;
        let registration = Registration::read(&file)?;
        names(&registration, methods)?;
        let place = beside(path);
        if !place.exists() {
            let message = format!("{} is not sealed: no {}", path.display(), place.display());
            let help = "a claim is worth what it was before the answers: seal it with --seal first";
            return Err(Fault::new("not-sealed", message).help(help).into());
        }
        let seal = Seal::read(&open(&place)?)?;
        seal.check(&file.text, &files(table, methods))?;
        Ok(Self { registration })
    }

    /// Tests all claims.
    pub(super) fn test(
        self,
        board: &Scoreboard<'_>,
        resampling: Resampling,
    ) -> (Self, Vec<Tested>) {
        let tested = self.registration.test(|claim| {
            let level = self.registration.level(claim);
            let places = board.place(&claim.a).zip(board.place(&claim.b))?;
            let resampling = Resampling { level, ..resampling };
            board.difference(places.0, places.1, claim.metric, &resampling)
        });
        (self, tested)
    }
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".seal");
    PathBuf::from(name)
}

fn files<'a>(table: &'a SourceFile, methods: &'a Methods) -> Vec<(&'a str, &'a str)> {
    let weights = methods.files.iter().map(|(name, file)| (name.as_str(), file.text.as_str()));
    weights.chain([(COMPARISONS, table.text.as_str())]).collect()
}

/// Whether all methods that are claimed about are given.
fn names(registration: &Registration, methods: &Methods) -> Result<(), Failure> {
    let known = || methods.all.iter().map(|method| method.name.as_str());
    let claimed = registration.hypotheses.iter().flat_map(|claim| [&claim.a, &claim.b]);
    for name in claimed {
        if !known().any(|known| known == name) {
            let mut fault = Fault::new("unknown-method", format!("no method is `{name}`"));
            fault.help = did_you_mean(name, known().collect::<Vec<_>>());
            return Err(fault.into());
        }
    }
    Ok(())
}
