//! `allonet topic replay`: recomputes a topic from its events.

use std::path::PathBuf;
use std::process::ExitCode;

use allonet_core::event::EventLog;
use allonet_core::fault::Fault;
use allonet_core::receipt::FileHash;
use clap::Args;
use serde_json::json;

use super::clerk::Clerk;
use super::play::end;
use super::receipt::Receipt;
use super::spec::Spec;
use crate::diagnose::Failure;
use crate::files::read_file;
use crate::ui::{Tone, Ui, counted};

/// `allonet topic replay`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  allonet topic replay out/regimes/events.jsonl --topic topic.toml
  allonet topic replay out/regimes/events.jsonl --topic topic.toml \\
      --receipt out/regimes/receipt.json

Exit codes: 0 all is as the receipt says, 1 something differs.")]
pub(super) struct ReplayArgs {
    /// The events of the topic
    #[arg(value_name = "EVENTS")]
    events: PathBuf,
    /// The topic file
    #[arg(long, value_name = "TOPIC")]
    topic: PathBuf,
    /// The receipt to check
    #[arg(long, value_name = "RECEIPT")]
    receipt: Option<PathBuf>,
}

/// Recomputes, and checks.
pub(super) fn run(args: &ReplayArgs, ui: &Ui) -> Result<ExitCode, Failure> {
    let topic = read_file(&args.topic, &args.topic.to_string_lossy())?;
    let spec = Spec::read(&topic)?;
    let file = read_file(&args.events, &args.events.to_string_lossy())?;
    let log = EventLog::read(&file)?;
    let kept = args.receipt.as_ref().map(|path| -> Result<Receipt, Failure> {
        let file = read_file(path, &path.to_string_lossy())?;
        serde_json::from_str(&file.text).map_err(|error| {
            let message = format!("`{}` is no receipt of a topic: {error}", file.path);
            let help = "give the receipt.json that `allonet topic run` wrote";
            Fault::new("bad-receipt", message).help(help).into()
        })
    });
    let kept = kept.transpose()?;
    let working = ui.working("replaying");
    let mut clerk = Clerk::new(&spec, &[])?;
    for event in log.events() {
        clerk.take(event)?;
    }
    if let Some(last) = log.events().last() {
        clerk.advance(end(&spec, last.time))?;
    }
    drop(working);
    let inputs = vec![FileHash::of(&spec.name, topic.text.as_bytes())];
    let found = Receipt::of(&clerk, spec.asset.show(spec.emission), inputs, &file.text);
    let difference = kept.as_ref().and_then(|kept| kept.first_difference(&found));
    if ui.is_json() {
        let difference = difference
            .as_ref()
            .map(|(what, kept, found)| json!({ "what": what, "receipt": kept, "replay": found }));
        ui.print_json(&json!({
            "holds": kept.as_ref().map(|_| difference.is_none()),
            "difference": difference,
            "events": log.events().len(),
            "replay": found,
        }));
    } else {
        print(ui, &spec, &clerk, log.events().len(), kept.is_some() && difference.is_none());
    }
    let Some((what, kept, found)) = difference else { return Ok(ExitCode::SUCCESS) };
    let message = format!("{what}: the receipt has {kept}, the replay {found}");
    let help = "the events, the topic file or the receipt were changed after the run";
    Err(Failure::not_held(vec![Fault::new("receipt-differs", message).help(help)]))
}

fn print(ui: &Ui, spec: &Spec, clerk: &Clerk, events: usize, holds: bool) {
    let rows: Vec<Vec<String>> = (clerk.earned.iter())
        .map(|(id, amount)| vec![id.to_string(), spec.asset.show(*amount)])
        .collect();
    ui.print(&ui.table(&["participant", "reward"], &rows, &[1]));
    ui.print("");
    ui.print(&format!(
        "{}, {} refused, {} scored",
        counted(events, "event"),
        clerk.refused.len(),
        counted(clerk.epochs.len(), "epoch")
    ));
    if holds {
        ui.print(&format!("{} all is as the receipt says", ui.tone(Tone::Good, "PASS")));
    }
}
