//! `allonet new`: writes a network file, with its data files, from what people
//! have at hand.

mod asset;
mod detect;
mod export;
pub(in crate::verbs) mod graph;
mod kinds;
mod payments;
mod plan;
mod platforms;
mod poll;
#[cfg(test)]
mod tests;
mod votes;

pub(super) use self::plan::file_name;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use crate::verbs::catalogue;
use allonet_core::fault::{Fault, SourceFile};
use allonet_core::mechanism::NoOracles;
use allonet_core::network::file;
use serde_json::json;

use self::plan::{Names, Plan};
use crate::args::{Kind, NewArgs};
use crate::diagnose::Failure;
use crate::files::{Outputs, folder_of, read_file};
use crate::ui::Ui;

/// How many notes of an importer are shown.
const NOTES: usize = 10;

/// Writes the network, or lists what can be read.
pub(crate) fn run(args: &NewArgs, ui: &Ui) -> Result<ExitCode, Failure> {
    if args.list {
        super::cards::list(ui);
        return Ok(ExitCode::SUCCESS);
    }
    let Some(from) = &args.from else {
        list(ui);
        return Ok(ExitCode::SUCCESS);
    };
    let working = ui.working("reading");
    let file = read_file(from, &from.to_string_lossy())?;
    let kind = match args.kind {
        Some(kind) => kind,
        None => detect::kind(&file)?,
    };
    refuse_useless(args, kind)?;
    let names = names(args, from)?;
    let plan = plan(args, kind, &file, &names)?;
    drop(working);
    let written = write(args, &plan, &names)?;
    report(&plan, &names, &written, kind, ui);
    Ok(ExitCode::SUCCESS)
}

/// What is to be written, checked.
fn plan(
    args: &NewArgs,
    kind: Kind,
    file: &Arc<SourceFile>,
    names: &Names,
) -> Result<Plan, Failure> {
    let plan = match kind {
        Kind::Votes => votes::plan(args, file, names),
        Kind::Payments => payments::plan(args, file, names),
        Kind::Ballots | Kind::Rf4 | Kind::Snapshot | Kind::Octant => {
            platforms::plan(args, kind, file, names)
        }
        _ => graph::plan(args, kind, file, names),
    }?;
    check(&plan, names)?;
    Ok(plan)
}

/// Options that mean nothing for a kind of file.
fn refuse_useless(args: &NewArgs, kind: Kind) -> Result<(), Failure> {
    let graph = kinds::format(kind).is_some();
    let given = [
        ("--graph", args.graph.is_some(), kind == Kind::GoMod),
        ("--metrics", args.metrics.is_some(), kind == Kind::Rf4),
        ("--rule", args.rule.is_some(), graph),
        ("--root", !args.root.is_empty(), graph),
        ("--weights", args.weights.is_some(), graph),
        ("--originality", args.originality.is_some(), graph),
        ("--aliases", args.aliases.is_some(), graph),
        ("--budget", args.budget.is_some(), kind != Kind::Payments),
        ("--asset", args.asset.is_some(), kind == Kind::Payments),
    ];
    let useless = given.iter().find(|(_, is_given, has_use)| *is_given && !has_use);
    let Some((option, ..)) = useless else { return Ok(()) };
    let what = kinds::title(kind);
    let fault = Fault::new("useless-option", format!("{option} has no use with {what}"));
    Err(Failure::usage(match (*option, kind) {
        ("--budget", _) => fault.help("payments say themselves how much flows"),
        ("--asset", _) => fault.help("name the asset in --budget, such as \"10_000 USDC\""),
        _ => fault.help("leave it out, or say with --kind what the file is"),
    }))
}

/// What the network is called, and where it goes.
fn names(args: &NewArgs, from: &Path) -> Result<Names, Failure> {
    let stem = args.out.as_deref().map(stem_of);
    let name = match (&args.name, &stem) {
        (Some(name), _) => name.clone(),
        (None, Some(stem)) => plan::file_name(stem),
        (None, None) => detect::name(from),
    };
    if let Some(problem) = file::name_problem(&name) {
        let fault = Fault::new("bad-name", format!("{name:?} is no name of a network: {problem}"));
        let help = "give one with --name, of letters, digits, `-`, `_`, `.` and spaces";
        return Err(Failure::usage(fault.help(help)));
    }
    let stem = stem.unwrap_or_else(|| plan::file_name(&name));
    let network = args.out.clone().unwrap_or_else(|| PathBuf::from(format!("{stem}.allonet.toml")));
    Ok(Names { name, stem, network, from: from.to_owned() })
}

/// `spring` of `rounds/spring.allonet.toml`.
fn stem_of(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let stem = name.strip_suffix(".toml").unwrap_or(&name);
    stem.strip_suffix(".allonet").unwrap_or(stem).to_owned()
}

/// What is written must pass `check`; faults are those of the data it came from.
fn check(plan: &Plan, names: &Names) -> Result<(), Failure> {
    let shown = names.network.to_string_lossy();
    let text = SourceFile::new(shown.clone(), plan.network.as_str());
    let mut loader = |path: &str| {
        let found = plan.data.iter().find(|(name, _)| name == path);
        found.map(|(_, file)| Arc::clone(file)).ok_or_else(|| {
            Fault::new("no-file", format!("`{path}` is not among the files to be written"))
        })
    };
    let checked = file::read(&text, catalogue(), &mut plan::Memory(&mut loader), &NoOracles);
    checked.map(drop).map_err(Failure::from)
}

/// Writes all files; the network file appears last.
fn write(args: &NewArgs, plan: &Plan, names: &Names) -> Result<Vec<PathBuf>, Failure> {
    let folder = folder_of(&names.network);
    let network = names.network.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let files: Vec<(&str, &str)> = plan
        .data
        .iter()
        .map(|(name, file)| (name.as_str(), file.text.as_str()))
        .filter(|(name, _)| !plan.stays.iter().any(|stays| stays == name))
        .chain([(network.as_str(), plan.network.as_str())])
        .collect();
    if !args.force {
        let there: Vec<String> = files
            .iter()
            .map(|(name, _)| folder.join(name))
            .filter(|path| path.exists())
            .map(|path| format!("`{}`", plainly(&path)))
            .collect();
        if !there.is_empty() {
            let message = format!("{} is there already", there.join(", "));
            let fault = Fault::new("exists", message);
            return Err(Failure::usage(
                fault.help("choose another file with --out, or overwrite with --force"),
            ));
        }
    }
    let mut outputs = Outputs::new(&folder)?;
    for (name, text) in files {
        outputs.add(name, text.as_bytes())?;
    }
    outputs.commit()
}

fn report(plan: &Plan, names: &Names, written: &[PathBuf], kind: Kind, ui: &Ui) {
    if ui.is_json() {
        ui.print_json(&json!({
            "network": plainly(&names.network),
            "kind": kinds::title(kind),
            "about": plan.about,
            "files": written.iter().map(|path| plainly(path)).collect::<Vec<_>>(),
            "notes": plan.notes,
        }));
        return;
    }
    for note in plan.notes.iter().take(NOTES) {
        ui.note(note);
    }
    if plan.notes.len() > NOTES {
        let more = plan.notes.len() - NOTES;
        ui.note(&format!("and {more} more remarks; --format json lists all"));
    }
    ui.print(&plan.about);
    for path in written {
        ui.print(&format!("wrote {}", plainly(path)));
    }
    let network = plainly(&names.network);
    ui.print(&format!("next: allonet check {network}; then: allonet run {network}"));
}

/// A path without the `./` in front.
fn plainly(path: &Path) -> String {
    path.strip_prefix(".").unwrap_or(path).display().to_string()
}

/// What can be read.
fn list(ui: &Ui) {
    if ui.is_json() {
        let rows: Vec<_> = kinds::ALL
            .iter()
            .map(|kind| json!({ "kind": kinds::option(*kind), "reads": kinds::title(*kind) }))
            .collect();
        ui.print_json(&rows);
        return;
    }
    ui.print("allonet new --from PATH writes a network file from one of these:");
    let rows: Vec<Vec<String>> = kinds::ALL
        .iter()
        .map(|kind| vec![kinds::option(*kind), kinds::title(*kind), kinds::becomes(*kind)])
        .collect();
    ui.print(&ui.table(&["kind", "file", "becomes"], &rows, &[]));
    ui.print("The kind is found by itself; see allonet new --help for more.");
    ui.print("Mechanisms to write a network with are listed by allonet new --list.");
}
