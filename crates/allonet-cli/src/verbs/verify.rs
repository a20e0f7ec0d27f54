//! `allonet verify`: recomputes a run from its receipt and names the first
//! thing that differs.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use allonet_core::fault::{Fault, SourceFile};
use allonet_core::mechanism::OracleFactory;
use allonet_core::receipt::{ENGINE, Extent, FORMAT, FileHash, Receipt, first_difference};
use serde_json::json;

use super::session::{hash, network_of, not_json};
use super::{Loaded, read};
use crate::args::VerifyArgs;
use crate::diagnose::{Failure, clean};
use crate::files::{Inputs, folder_of, read_bytes, read_file};
use crate::outputs::{PROGRAMS, RECEIPT, RunFiles, STATE, outputs};
use crate::program::{Replay, RunPrograms};
use crate::ui::{Tone, Ui, counted};

/// Runs the verb.
pub(crate) fn verify(args: &VerifyArgs, ui: &Ui) -> Result<ExitCode, Failure> {
    let working = ui.working("recomputing");
    let file = read_file(&args.receipt, &args.receipt.to_string_lossy())?;
    let receipt = match parse(&file) {
        Ok(receipt) => receipt,
        Err(fault) => return Ok(fail(&args.receipt, vec![fault], ui)),
    };
    if receipt.engine != ENGINE {
        ui.note(&format!("the receipt is of {}, this is {ENGINE}", receipt.engine));
    }
    let found = recompute(args, &file, &receipt);
    drop(working);
    match found {
        Ok(fresh) => {
            pass(&args.receipt, &fresh, ui);
            Ok(ExitCode::SUCCESS)
        }
        Err(faults) => Ok(fail(&args.receipt, faults, ui)),
    }
}

/// Reads a receipt. One that is cut off or has a slip is named with its place.
pub(super) fn parse(file: &Arc<SourceFile>) -> Result<Receipt, Fault> {
    let receipt: Receipt = serde_json::from_str(&file.text).map_err(|error| {
        not_json(file, &error, "receipt")
            .help("take the receipt.json that `allonet run` wrote, unchanged")
    })?;
    if receipt.format != FORMAT {
        let message = format!("the receipt has format `{}`, not `{FORMAT}`", receipt.format);
        return Err(Fault::new("bad-receipt", message).help("use the version that wrote it"));
    }
    Ok(receipt)
}

/// Everything that differs, the first difference first.
fn recompute(
    args: &VerifyArgs,
    file: &Arc<SourceFile>,
    receipt: &Receipt,
) -> Result<Receipt, Vec<Fault>> {
    let folder = folder_of(&args.receipt);
    let network = network_of(receipt, &args.receipt);
    let inputs = Inputs::open(&network).map_err(|fault| vec![fault])?;
    let mut faults: Vec<Fault> =
        changed(&receipt.file, &hash(&inputs.files()[0])).into_iter().collect();
    let (programs, replay);
    let (oracles, asked): (&dyn OracleFactory, _) = if args.rerun_programs {
        programs = RunPrograms::new(&folder_of(&network));
        (&programs, programs.transcript())
    } else {
        replay = answers(receipt, &folder)?;
        (&replay, replay.transcript())
    };
    let session = match read(inputs, oracles) {
        Ok(session) => session,
        Err(failure) => {
            faults.extend(failure.faults);
            return Err(faults);
        }
    };
    faults.extend(changed_inputs(receipt, &session));
    let recomputed = session.run(receipt.extent).and_then(|run| {
        let context = session.context(&folder, &receipt.engine, receipt.extent);
        outputs(&session.network, &run, context, &asked.to_json_lines())
            .map_err(|error| Fault::new("payouts", error.to_string()).into())
    });
    match recomputed {
        Ok(fresh) => {
            faults.extend(told(&faults, differences(&folder, file, receipt, &fresh)));
            if faults.is_empty() { Ok(fresh.receipt) } else { Err(faults) }
        }
        Err(failure) => {
            faults.extend(failure.faults);
            Err(faults)
        }
    }
}

/// What programs answered in the run of a receipt; nobody's program is run to
/// look at a receipt.
pub(super) fn answers(receipt: &Receipt, folder: &Path) -> Result<Replay, Vec<Fault>> {
    let recorded = receipt.outputs.iter().any(|output| output.path == PROGRAMS);
    let file = if recorded {
        read_file(&folder.join(PROGRAMS), PROGRAMS).map_err(|fault| vec![fault])?
    } else {
        SourceFile::new(PROGRAMS, "")
    };
    Replay::read(&file)
}

fn changed(expected: &FileHash, found: &FileHash) -> Option<Fault> {
    if (expected.bytes, &expected.blake3) == (found.bytes, &found.blake3) {
        return None;
    }
    let message = format!(
        "input `{}` is not the file that was run: BLAKE3 {} ({} bytes), \
         the receipt says {} ({} bytes)",
        found.path, found.blake3, found.bytes, expected.blake3, expected.bytes
    );
    Some(Fault::new("input-changed", message))
}

fn changed_inputs(receipt: &Receipt, session: &Loaded) -> Vec<Fault> {
    let read = &session.inputs.files()[1..];
    let mut faults = Vec::new();
    for expected in &receipt.inputs {
        if let Some(input) = read.iter().find(|input| input.path == expected.path) {
            faults.extend(changed(expected, &hash(input)));
        } else {
            let message = format!("input `{}` is not read any more", expected.path);
            faults.push(Fault::new("input-changed", message));
        }
    }
    faults
}

/// After a changed input everything may differ: the first difference says what
/// came of it, the number of the others suffices.
fn told(changed: &[Fault], mut differences: Vec<Fault>) -> Vec<Fault> {
    if !changed.is_empty() && differences.len() > 1 {
        let others = counted(differences.len() - 1, "other difference");
        differences.truncate(1);
        differences.push(Fault::new("output-differs", format!("{others} of the outputs follow")));
    }
    differences
}

/// Where the receipt and the files beside it differ from the fresh run.
fn differences(
    folder: &Path,
    file: &Arc<SourceFile>,
    receipt: &Receipt,
    fresh: &RunFiles,
) -> Vec<Fault> {
    let mut faults = Vec::new();
    let value = |receipt: &Receipt| serde_json::to_value(receipt).expect("plain data");
    let difference = first_difference(&value(&fresh.receipt), &value(receipt));
    if let Some((path, expected, found)) = difference {
        let message = format!("{RECEIPT}: {path} should be {expected}, found {found}");
        faults.push(Fault::new("receipt-differs", message));
    } else {
        // Order, spaces and whatever else reading a receipt passes over.
        faults.extend(first_line(RECEIPT, &fresh.files[RECEIPT], file.text.as_bytes()));
    }
    for (name, expected) in fresh.files.iter().filter(|(name, _)| *name != RECEIPT) {
        match read_bytes(&folder.join(name), name) {
            Ok(found) => faults.extend(first_line(name, expected, &found)),
            Err(fault) if fault.code == "no-file" => {
                let message = format!("output `{name}` is missing in `{}`", folder.display());
                faults.push(Fault::new("output-missing", message));
            }
            Err(fault) => faults.push(fault),
        }
    }
    faults
}

const LINE_MAX: usize = 160;

/// The first line in which a file differs.
fn first_line(name: &str, expected: &[u8], found: &[u8]) -> Option<Fault> {
    if expected == found {
        return None;
    }
    let (mut left, mut right) = (expected.split(|b| *b == b'\n'), found.split(|b| *b == b'\n'));
    for number in 1.. {
        let (expected, found) = (left.next(), right.next());
        if expected == found && expected.is_some() {
            continue;
        }
        let at = match (expected, found) {
            (Some(a), Some(b)) => a.iter().zip(b).take_while(|(a, b)| a == b).count(),
            _ => 0,
        };
        let show = |line: Option<&[u8]>| {
            line.map_or_else(|| "nothing".to_owned(), |line| excerpt(line, at))
        };
        let message = format!(
            "{name}, line {number}, column {}: should be {}, found {}",
            at + 1,
            show(expected),
            show(found)
        );
        return Some(Fault::new("output-differs", message));
    }
    None
}

/// A line, or the part of a long one around a place.
fn excerpt(line: &[u8], at: usize) -> String {
    let start = if line.len() > LINE_MAX { at.saturating_sub(LINE_MAX / 4) } else { 0 };
    let end = (start + LINE_MAX).min(line.len());
    let text = clean(&String::from_utf8_lossy(&line[start..end]));
    let (before, after) =
        (if start > 0 { "…" } else { "" }, if end < line.len() { "…" } else { "" });
    format!("`{before}{text}{after}`")
}

fn pass(path: &Path, receipt: &Receipt, ui: &Ui) {
    if ui.is_json() {
        ui.print_json(&json!({ "result": "PASS", "run": receipt.run, "differences": [] }));
        return;
    }
    let extent = if receipt.outputs.iter().any(|output| output.path == STATE) {
        reached(receipt.extent)
    } else {
        String::new()
    };
    ui.print(&format!("{} {}{extent}", ui.tone(Tone::Good, "PASS"), path.display()));
    let totals = receipt.totals.iter().map(|(id, totals)| {
        let asset = &receipt.assets[id];
        asset.show(totals.brought_in)
    });
    ui.print(&format!(
        "recomputed from {}; {} and {} are as they should be",
        files(receipt.inputs.len() + 1, "input"),
        totals.collect::<Vec<_>>().join(", "),
        files(receipt.outputs.len(), "output")
    ));
}

/// How far a run went that is not finished: ` (before epoch 3)`.
fn reached(extent: Extent) -> String {
    let until = extent.until.map(|until| format!("until {until}"));
    let before = extent.before_epoch.map(|epoch| format!("before epoch {epoch}"));
    let parts: Vec<String> = until.into_iter().chain(before).collect();
    format!(" ({})", parts.join(", "))
}

fn files(count: usize, word: &str) -> String {
    format!("{count} {word} file{}", if count == 1 { "" } else { "s" })
}

fn fail(path: &Path, faults: Vec<Fault>, ui: &Ui) -> ExitCode {
    if ui.is_json() {
        let differences: Vec<String> = faults.iter().map(ToString::to_string).collect();
        ui.print_json(&json!({ "result": "FAIL", "differences": differences }));
        return crate::diagnose::Exit::NotHeld.into();
    }
    ui.print(&format!("{} {}", ui.tone(Tone::Bad, "FAIL"), path.display()));
    ui.fail(&Failure::not_held(faults))
}
