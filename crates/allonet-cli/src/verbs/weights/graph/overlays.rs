//! `allonet weights graph overlays`: weights of several groups on one graph.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use allonet_core::fault::Fault;
use allonet_core::money::Amount;
use allonet_core::table::{Column, Table};
use allonet_weights::import::{ReadOptions, weight_csv};
use allonet_weights::overlay::{Combination, Funding, Overlay, Overlays, quadratic_mix};
use allonet_weights::structural::{Settings, weigh};
use clap::{Args, ValueEnum};
use serde_json::json;

use super::super::reading::open;
use super::input::{CutArgs, budget, parsed, refused};
use crate::diagnose::Failure;
use crate::ui::Ui;
use crate::verbs::new::graph::edges;

/// `allonet weights graph overlays`
#[derive(Debug, Args)]
#[command(after_help = "\
overlays.csv names the groups: overlay, file, curator, fee_ppm; each file is a
table of weights, repo,parent,weight, beside it. Edges that a group does not name
follow the graph. A table of votes, funder,overlay,amount, makes the mix.

Examples:
  allonet weights graph overlays graph.csv overlays.csv
  allonet weights graph overlays graph.csv overlays.csv --mix guild=3 --mix dao=1
  allonet weights graph overlays graph.csv overlays.csv --votes votes.csv --by median")]
pub(super) struct OverlaysArgs {
    /// The graph that all groups weigh
    #[arg(value_name = "GRAPH")]
    graph: PathBuf,
    /// The table of overlays: overlay, file, curator, fee_ppm
    #[arg(value_name = "OVERLAYS")]
    overlays: PathBuf,
    #[command(flatten)]
    cut: CutArgs,
    /// How much an overlay counts; all the same without any
    #[arg(long, value_name = "OVERLAY=NUMBER", conflicts_with = "votes")]
    mix: Vec<String>,
    /// Let funders vote: funder, overlay, amount; square roots are added up
    #[arg(long, value_name = "FILE")]
    votes: Option<PathBuf>,
    /// How weights are combined
    #[arg(long, value_enum, default_value_t = By::Mean)]
    by: By,
    /// Send so many of the smallest units through
    #[arg(long, value_name = "UNITS", value_parser = budget, default_value = "1000000")]
    budget: Amount,
    /// Print the combined weights, parent,repo,weight, instead of the money
    #[arg(long)]
    weights: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum By {
    /// As if the money were split among the overlays first
    Mean,
    /// Nothing, where one overlay says nothing
    Geometric,
    /// The middle of each edge: no single overlay moves it far
    Median,
}

const OVERLAYS: &[Column] = &[
    Column::required(&["overlay", "id", "name"]),
    Column::required(&["file", "path"]),
    Column::required(&["curator"]),
    Column::optional(&["fee_ppm", "fee"]),
];
const VOTES: &[Column] = &[
    Column::required(&["funder", "voter"]),
    Column::required(&["overlay"]),
    Column::required(&["amount", "votes"]),
];

/// Combines and pays.
pub(super) fn run(args: &OverlaysArgs, ui: &Ui) -> Result<(), Failure> {
    let graph = args.cut.graph(&args.graph)?;
    let base = weigh(&graph, &Settings::default()).map_err(|error| refused("weights", &error))?;
    let overlays = Overlays::new(base, read(args)?).map_err(|error| refused("overlays", &error))?;
    let mix = proportions(args, &overlays)?;
    let mix = overlays.mix(&mix).map_err(|error| refused("overlays", &error))?;
    let by = match args.by {
        By::Mean => Combination::Mean,
        By::Geometric => Combination::Geometric,
        By::Median => Combination::Median,
    };
    let failed = |error| refused("overlays", &error);
    if args.weights {
        let combined = overlays.combined(&mix, by).map_err(failed)?;
        ui.print(edges(&combined).trim_end());
        return Ok(());
    }
    let funding = Funding { funder: String::new(), amount: args.budget, mix: mix.clone() };
    let paid = overlays.pay(&[funding], by).map_err(failed)?;
    let moved = overlays.moved(args.budget).map_err(failed)?;
    let share = |units: u64| units as f64 / 1e18;
    if ui.is_json() {
        let row = |at: usize| {
            let overlay = &overlays.overlays()[at];
            json!({
                "overlay": overlay.id, "curator": overlay.curator, "share": share(mix[at]),
                "moved_alone": moved[at],
            })
        };
        let nodes: BTreeMap<_, _> = overlays.base().nodes().iter().zip(&paid.nodes).collect();
        ui.print_json(&json!({
            "overlays": (0..mix.len()).map(row).collect::<Vec<_>>(),
            "curators": paid.curators,
            "nodes": nodes,
        }));
        return Ok(());
    }
    let row = |at: usize| {
        let overlay = &overlays.overlays()[at];
        let share = format!("{:.2} %", 100.0 * share(mix[at]));
        vec![overlay.id.clone(), share, moved[at].to_string(), overlay.curator.clone()]
    };
    let rows: Vec<Vec<String>> = (0..mix.len()).map(row).collect();
    ui.print(&ui.table(&["overlay", "share", "moves alone", "curator"], &rows, &[1, 2]));
    ui.print("");
    let nodes = overlays.base().nodes().iter().zip(&paid.nodes);
    let mut nodes: Vec<_> = nodes.filter(|(_, amount)| !amount.is_zero()).collect();
    nodes.sort_by(|left, right| right.1.cmp(left.1).then(left.0.cmp(right.0)));
    let fees = paid.curators.iter().filter(|(_, fee)| !fee.is_zero());
    let rows: Vec<Vec<String>> = nodes
        .into_iter()
        .map(|(id, amount)| vec![id.clone(), amount.to_string()])
        .chain(fees.map(|(id, fee)| vec![format!("{id} (curator)"), fee.to_string()]))
        .collect();
    ui.print(&ui.table(&["who", "paid"], &rows, &[1]));
    Ok(())
}

/// The overlays, each from its file beside the table.
fn read(args: &OverlaysArgs) -> Result<Vec<Overlay>, Failure> {
    let table = Table::read(&open(&args.overlays)?, OVERLAYS)?;
    let aliases = args.cut.aliases()?;
    let options = ReadOptions { aliases: Some(&aliases), ..ReadOptions::default() };
    let folder = args.overlays.parent().unwrap_or(Path::new(""));
    let mut overlays = Vec::with_capacity(table.len());
    for row in table.rows() {
        let fee = if row.cell(3).is_empty() { Ok(0) } else { row.cell(3).parse::<u32>() };
        let fee_ppm = fee.map_err(|_| {
            let message = format!("`{}` is no fee", row.cell(3));
            row.fault(3, "bad-fee", message).help("write parts per million, such as 20000 for 2 %")
        })?;
        let (_, rows) = parsed(&folder.join(row.cell(1)), |text| weight_csv::rows(text, &options))?;
        let [id, curator] = [0, 2].map(|column| row.cell(column).to_owned());
        overlays.push(Overlay { id, curator, fee_ppm, rows });
    }
    Ok(overlays)
}

/// How much each overlay counts.
fn proportions(args: &OverlaysArgs, overlays: &Overlays) -> Result<Vec<f64>, Failure> {
    let ids: Vec<&str> = overlays.overlays().iter().map(|overlay| &*overlay.id).collect();
    let find = |id: &str| ids.iter().position(|known| *known == id);
    let known = || format!("the overlays are {}", ids.join(", "));
    if let Some(path) = &args.votes {
        let table = Table::read(&open(path)?, VOTES)?;
        let mut votes: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
        for row in table.rows() {
            let Some(overlay) = find(row.cell(1)) else {
                let message = format!("there is no overlay `{}`", row.cell(1));
                return Err(row.fault(1, "unknown-overlay", message).help(known()).into());
            };
            let amount: Option<f64> = row.cell(2).parse().ok();
            let Some(amount) = amount.filter(|amount| amount.is_finite() && *amount >= 0.0) else {
                let message = format!("`{}` is no amount", row.cell(2));
                return Err(row
                    .fault(2, "bad-number", message)
                    .help("write a number from 0")
                    .into());
            };
            votes.entry(row.cell(0)).or_insert_with(|| vec![0.0; ids.len()])[overlay] += amount;
        }
        return Ok(quadratic_mix(&votes.into_values().collect::<Vec<_>>()));
    }
    if args.mix.is_empty() {
        return Ok(vec![1.0; ids.len()]);
    }
    let mut mix = vec![0.0; ids.len()];
    for part in &args.mix {
        let parsed = part.split_once('=');
        let parsed = parsed
            .and_then(|(id, share)| Some((find(id.trim())?, share.trim().parse::<f64>().ok()?)));
        let Some((overlay, share)) = parsed else {
            let message = format!("--mix {part} gives no overlay a number");
            let help = format!("write for example --mix {}=1; {}", ids[0], known());
            return Err(Failure::usage(Fault::new("bad-option", message).help(help)));
        };
        mix[overlay] += share;
    }
    Ok(mix)
}
