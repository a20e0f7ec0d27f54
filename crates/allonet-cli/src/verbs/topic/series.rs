//! `allonet topic series`: a series to practise on.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use allonet_core::fault::Fault;
use allonet_core::time::Instant;
use allonet_topics::life::last_moment;
use allonet_topics::series::regimes;
use clap::Args;
use serde_json::json;

use crate::diagnose::Failure;
use crate::files::{Outputs, folder_of};
use crate::ui::{Ui, counted};

/// `allonet topic series`
#[derive(Debug, Args)]
#[command(after_help = "\
The series follows a trend, returns to a mean or swings with a period of eight, and
changes between the three by chance. The column `regime` is for people: no worker
reads it unless the topic file names it.

Examples:
  allonet topic series
  allonet topic series --epochs 600 --length 40 --seed 1 --out series.csv")]
pub(super) struct SeriesArgs {
    /// How many epochs
    #[arg(long, value_name = "COUNT", default_value_t = 600)]
    epochs: usize,
    /// For how many epochs a regime lasts on average
    #[arg(long, value_name = "EPOCHS", default_value_t = 40.0)]
    length: f64,
    /// What determines the series
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    seed: u64,
    /// When the first epoch is; the others follow hour by hour
    #[arg(long, value_name = "TIME", default_value = "2026-01-01")]
    start: Instant,
    /// The file to write [default: standard output]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Most epochs.
const MOST: usize = 1_000_000;

/// Writes the series.
pub(super) fn run(args: &SeriesArgs, ui: &Ui) -> Result<ExitCode, Failure> {
    let lasts = args.length >= 1.0 && args.length.is_finite();
    if !lasts || !(1..=MOST).contains(&args.epochs) {
        let message = format!("{} epochs in regimes of {}", args.epochs, args.length);
        let fault = Fault::new("bad-option", message);
        return Err(Failure::usage(fault.help("1 to 1000000 epochs, regimes of 1 or more")));
    }
    let end = args.start.unix().saturating_add_unsigned(args.epochs as u64 * 3_600);
    if end > last_moment().unix() {
        let message = format!("{} hours from {} end after the year 9999", args.epochs, args.start);
        return Err(Failure::usage(Fault::new("bad-option", message).help("start earlier")));
    }
    let mut text = String::from("time,value,regime\n");
    let mut time = args.start.unix();
    for (regime, value) in regimes(args.epochs, args.length, args.seed) {
        // Writing to a text cannot fail.
        let _ = writeln!(text, "{},{value:.4},{}", Instant::from_unix(time), regime.name());
        time += 3_600;
    }
    let Some(path) = &args.out else {
        ui.print(text.trim_end());
        return Ok(ExitCode::SUCCESS);
    };
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut outputs = Outputs::new(&folder_of(path))?;
    outputs.add(&name, text.as_bytes())?;
    outputs.commit()?;
    if ui.is_json() {
        ui.print_json(&json!({ "file": path, "epochs": args.epochs }));
    } else {
        ui.print(&format!("{}: {}", path.display(), counted(args.epochs, "epoch")));
    }
    Ok(ExitCode::SUCCESS)
}
