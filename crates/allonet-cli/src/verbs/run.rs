//! `allonet run`: runs a network, prints what matters, writes all files.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use allonet_core::engine::{Checkpoint, Run, RunOptions};
use allonet_core::fault::Fault;
use allonet_core::mechanism::{NoOracles, OracleFactory};
use allonet_core::money::{Amount, Asset, format_grouped};
use allonet_core::network::Network;
use allonet_core::payout::PayoutError;
use allonet_core::receipt::{ENGINE, Extent, FileHash};
use serde_json::json;

use super::load;
use super::session::not_json;
use crate::args::RunArgs;
use crate::diagnose::Failure;
use crate::files::{Outputs, folder_of, read_bytes, read_file};
use crate::outputs::{PROGRAMS, RECEIPT, RunFiles, outputs};
use crate::program::RunPrograms;
use crate::ui::{Tone, Ui};

/// Runs the verb.
pub(crate) fn run(args: &RunArgs, ui: &Ui) -> Result<ExitCode, Failure> {
    let programs = RunPrograms::new(&folder_of(&args.network));
    let oracles: &dyn OracleFactory = if args.no_programs { &NoOracles } else { &programs };
    let session = load(&args.network, oracles, ui)?;
    let working = ui.working("running");
    let extent = Extent { until: args.until, before_epoch: args.before_epoch };
    let options = RunOptions {
        until: extent.until,
        before: extent.before_epoch,
        resume: args.resume.as_deref().map(|path| resumed(path, &programs)).transpose()?,
    };
    let result = allonet_core::engine::run(&session.network, options)?;
    let usual = || Path::new("out").join(super::new::file_name(&session.network.name));
    let folder = args.out.clone().unwrap_or_else(usual);
    let context = session.context(&folder, ENGINE, extent);
    let written =
        outputs(&session.network, &result, context, &programs.transcript().to_json_lines())
            .map_err(|error| not_payable(&error))?;
    let mut files = Outputs::new(&folder)?;
    for (name, bytes) in written.files.iter().filter(|(name, _)| *name != RECEIPT) {
        files.add(name, bytes)?;
    }
    files.add(RECEIPT, &written.files[RECEIPT])?;
    let stale = stale(&folder, &written);
    files.commit()?;
    for path in stale {
        // Whatever cannot be removed now is found by the next run again.
        let _ = std::fs::remove_file(path);
    }
    drop(working);
    if ui.is_json() {
        ui.print_json(&summary(&session.network, &result, &written, &folder));
    } else {
        print(&session.network, &result, &written, &folder, args, ui);
    }
    if args.open {
        open(&folder.join("report.html"), ui);
    }
    Ok(ExitCode::SUCCESS)
}

/// Files that an earlier run into the same folder wrote, this one does not, and
/// nobody has changed since: a Safe file that stayed behind could be paid twice.
fn stale(folder: &Path, written: &RunFiles) -> Vec<PathBuf> {
    let Ok(file) = read_file(&folder.join(RECEIPT), RECEIPT) else { return Vec::new() };
    let Ok(earlier) = super::verify::parse(&file) else { return Vec::new() };
    let plain = |name: &str| !name.contains(['/', '\\']) && name != "..";
    let outputs = earlier
        .outputs
        .into_iter()
        .filter(|output| plain(&output.path) && !written.files.contains_key(&output.path));
    outputs
        .filter(|output| {
            let bytes = read_bytes(&folder.join(&output.path), &output.path);
            bytes.is_ok_and(|bytes| FileHash::of(&output.path, &bytes) == *output)
        })
        .map(|output| folder.join(&output.path))
        .collect()
}

fn not_payable(error: &PayoutError) -> Failure {
    Fault::new("payouts", error.to_string()).into()
}

/// Where an earlier run stopped; what programs answered until then is taken over.
fn resumed(path: &Path, programs: &RunPrograms) -> Result<Checkpoint, Failure> {
    let checkpoint = checkpoint(path)?;
    if checkpoint.epoch > 0 && programs.any() {
        let path = folder_of(path).join(PROGRAMS);
        let file = read_file(&path, &path.to_string_lossy())
            .map_err(|fault| fault.help("it stands beside the state and belongs to it"))?;
        programs.transcript().take_over(&file, checkpoint.epoch)?;
    }
    Ok(checkpoint)
}

/// Reads a state file.
fn checkpoint(path: &Path) -> Result<Checkpoint, Failure> {
    let file = read_file(path, &path.to_string_lossy())?;
    serde_json::from_str(&file.text).map_err(|error| {
        let fault = not_json(&file, &error, "state of a run");
        fault.help("give the state.json that an unfinished run wrote").into()
    })
}

/// Everything a program wants to know, amounts in base units.
fn summary(network: &Network, run: &Run, written: &RunFiles, folder: &Path) -> serde_json::Value {
    let payouts: Vec<_> = paid(network, run)
        .into_iter()
        .map(|(asset, node, amount)| {
            let asset = network.assets()[asset].id();
            json!({ "recipient": &*network.node(node).id, "asset": asset, "amount": amount })
        })
        .collect();
    json!({
        "network": network.name,
        "run": written.receipt.run,
        "epochs": run.epoch,
        "totals": written.receipt.totals,
        "payouts": payouts,
        "remarks": remarks(network, run),
        "folder": folder.to_string_lossy(),
        "files": written.files.keys().collect::<Vec<_>>(),
    })
}

/// What recipients are paid: by asset, largest first.
fn paid(network: &Network, run: &Run) -> Vec<(usize, u32, Amount)> {
    let mut rows = Vec::new();
    for asset in 0..network.assets().len() {
        let recipients = (0_u32..).zip(network.nodes()).filter(|(_, node)| node.is_recipient());
        let amounts = recipients.map(|(at, _)| (asset, at, run.inflow(at, asset)));
        rows.extend(amounts.filter(|(_, _, amount)| !amount.is_zero()));
    }
    rows.sort_by(|a, b| (a.0, b.2, a.1).cmp(&(b.0, a.2, b.1)));
    rows
}

/// What neurons want the operator to know, each thing once.
fn remarks(network: &Network, run: &Run) -> Vec<String> {
    let mut found = Vec::new();
    for rule in run.records.iter().flat_map(|record| &record.rules) {
        for remark in &rule.remarks {
            let text = format!("{}: {remark}", network.node(rule.node).id);
            if !found.contains(&text) {
                found.push(text);
            }
        }
    }
    found
}

fn print(network: &Network, run: &Run, written: &RunFiles, folder: &Path, args: &RunArgs, ui: &Ui) {
    ui.faults(network.warnings());
    for remark in remarks(network, run) {
        ui.note(&remark);
    }
    let title = network.title.as_deref().unwrap_or(&network.name);
    let epochs =
        if run.epoch == 1 { "1 epoch".to_owned() } else { format!("{} epochs", run.epoch) };
    ui.print(&format!("{}, {epochs}", ui.tone(Tone::Strong, title)));
    let rows = paid(network, run);
    for (index, asset) in network.assets().iter().enumerate() {
        let totals = &run.totals[index];
        if totals.brought_in.is_zero() {
            continue;
        }
        ui.print("");
        let own: Vec<_> = rows.iter().filter(|row| row.0 == index).collect();
        ui.print(&recipients(network, asset, &own, totals.paid, args.top, ui));
        ui.print("");
        ui.print(&conservation(run, index, asset, ui));
    }
    if args.before_epoch.is_some_and(|before| before > network.epochs()) {
        ui.note(&format!("the network has no more than {} epochs", network.epochs()));
    }
    if !run.is_finished(network) {
        let state = folder.join(crate::outputs::STATE);
        ui.note(&format!("the run is not finished; go on with --resume {}", state.display()));
    }
    written.notes.iter().for_each(|note| ui.note(note));
    let receipt = folder.join(RECEIPT);
    ui.print("");
    ui.print(&format!("{} files in {}, among them", written.files.len(), folder.display()));
    ui.print(&format!("  report   {}", folder.join("report.html").display()));
    ui.print(&format!("  receipt  {}", receipt.display()));
    ui.print(&format!("check it with: allonet verify {}", receipt.display()));
}

/// A share of a whole for people: `12.3%`.
pub(super) fn percent(part: Amount, whole: Amount) -> String {
    if whole.is_zero() {
        return "–".to_owned();
    }
    format!("{:.1}%", part.to_f64() / whole.to_f64() * 100.0)
}

fn recipients(
    network: &Network,
    asset: &Asset,
    rows: &[&(usize, u32, Amount)],
    paid: Amount,
    top: usize,
    ui: &Ui,
) -> String {
    let figure = |amount: Amount| format_grouped(amount.to_u256(), asset.decimals);
    let mut lines: Vec<Vec<String>> = rows
        .iter()
        .take(top)
        .enumerate()
        .map(|(place, (_, node, amount))| {
            let node = network.node(*node);
            let name = if node.title() == &*node.id {
                node.id.to_string()
            } else {
                format!("{} ({})", node.title(), node.id)
            };
            vec![(place + 1).to_string(), name, figure(*amount), percent(*amount, paid)]
        })
        .collect();
    if rows.len() > top {
        let rest = rows[top..].iter().map(|row| row.2);
        let rest = Amount::sum(rest, "the rest").expect("no more than is paid");
        let name = format!("and {} more", rows.len() - top);
        lines.push(vec![String::new(), name, figure(rest), percent(rest, paid)]);
    }
    if lines.is_empty() {
        return format!("no recipient is paid any {asset}");
    }
    let on = asset.chain.as_ref().map_or(String::new(), |chain| format!("@{chain}"));
    let money = format!("{}{on}", asset.symbol);
    ui.table(&["#", "recipient", &money, "share"], &lines, &[0, 2, 3])
}

/// `500.00 USDC came in = 480.00 paid + 20.00 retained + …`
fn conservation(run: &Run, index: usize, asset: &Asset, ui: &Ui) -> String {
    let totals = &run.totals[index];
    let figure = |amount: Amount| format_grouped(amount.to_u256(), asset.decimals);
    let parts: Vec<String> = [
        (totals.paid, "paid"),
        (totals.retained, "retained"),
        (totals.unspent, "unspent"),
        (totals.in_flight, "in flight"),
    ]
    .into_iter()
    .filter(|(amount, word)| *word == "paid" || !amount.is_zero())
    .map(|(amount, word)| format!("{} {word}", figure(amount)))
    .collect();
    let sum = format!("{} came in = {}", asset.show(totals.brought_in), parts.join(" + "));
    ui.tone(Tone::Good, &sum)
}

fn open(report: &Path, ui: &Ui) {
    let path = std::path::absolute(report).unwrap_or_else(|_| PathBuf::from(report));
    if let Err(error) = opener::open(&path) {
        ui.note(&format!("cannot open {}: {error}", path.display()));
    }
}
