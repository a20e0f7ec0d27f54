//! `allonet explain`: how an amount came about, and from whom.

use std::path::Path;
use std::process::ExitCode;

use allonet_core::engine::Run;
use allonet_core::fault::{Fault, did_you_mean};
use allonet_core::mechanism::{Change, NoOracles, OracleFactory, Step};
use allonet_core::money::{Amount, Asset, format_grouped};
use allonet_core::network::Network;
use allonet_core::opinion::{Opinion, opinions};
use allonet_core::receipt::Extent;
use allonet_core::trace::{Arrival, Trace, Via};
use serde_json::{Value, json};

use super::run::percent;
use super::session::network_of;
use super::{Loaded, load};
use crate::args::ExplainArgs;
use crate::diagnose::Failure;
use crate::files::{folder_of, read_file};
use crate::program::RunPrograms;
use crate::ui::{Tone, Ui};

/// Runs the verb.
pub(crate) fn explain(args: &ExplainArgs, ui: &Ui) -> Result<ExitCode, Failure> {
    if let Some(mechanism) = &args.mechanism {
        return super::cards::explain(mechanism, ui);
    }
    let (Some(path), Some(recipient)) = (&args.subject, &args.recipient) else {
        let fault = Fault::new("usage", "say what to explain: a network and a recipient");
        return Err(Failure::usage(fault));
    };
    let (session, run) = subject(path, args, ui)?;
    let network = &session.network;
    let node = find(network, recipient)?;
    if let Some(epoch) = args.epoch.filter(|epoch| *epoch >= run.epoch) {
        let message = format!("there is no epoch {epoch}: the run has {}", run.epoch);
        let help = format!("epochs count from 0, so the last is {}", run.epoch.saturating_sub(1));
        return Err(Failure::usage(Fault::new("no-epoch", message).help(help)));
    }
    let story = Story { network, run: &run, trace: Trace::new(network, &run), node, args };
    if ui.is_json() {
        ui.print_json(&story.json());
    } else {
        story.print(ui);
    }
    Ok(ExitCode::SUCCESS)
}

/// The network to explain, run: from its file or from a receipt.
fn subject(subject: &Path, args: &ExplainArgs, ui: &Ui) -> Result<(Loaded, Run), Failure> {
    let is_receipt = subject.extension().is_some_and(|extension| extension == "json");
    if !is_receipt {
        let programs = RunPrograms::new(&folder_of(subject));
        let oracles: &dyn OracleFactory = if args.no_programs { &NoOracles } else { &programs };
        let session = load(subject, oracles, ui)?;
        let run = session.run(Extent::default())?;
        return Ok((session, run));
    }
    let file = read_file(subject, &subject.to_string_lossy())?;
    let receipt = super::verify::parse(&file)?;
    let path = network_of(&receipt, subject);
    let answers = super::verify::answers(&receipt, &folder_of(subject))?;
    let session = load(&path, &answers, ui)?;
    let run = session.run(receipt.extent)?;
    let now = session.context(&folder_of(subject), &receipt.engine, receipt.extent);
    if (&now.inputs, &now.file.blake3) != (&receipt.inputs, &receipt.file.blake3) {
        ui.note("the inputs have changed since this receipt was written; see `allonet verify`");
    }
    Ok((session, run))
}

/// A node by its id, or by its title where that is unmistakable.
fn find(network: &Network, wanted: &str) -> Result<u32, Failure> {
    if let Some(node) = network.find(wanted) {
        return Ok(node);
    }
    let titled: Vec<u32> = (0_u32..)
        .zip(network.nodes())
        .filter(|(_, node)| node.title().eq_ignore_ascii_case(wanted))
        .map(|(at, _)| at)
        .collect();
    if let [node] = titled.as_slice() {
        return Ok(*node);
    }
    let mut fault = Fault::new("unknown-node", format!("there is no `{wanted}` in this network"));
    fault.help = did_you_mean(wanted, network.nodes().iter().map(|node| &*node.id));
    Err(fault.into())
}

/// One node's amounts, explained.
struct Story<'a> {
    network: &'a Network,
    run: &'a Run,
    trace: Trace<'a>,
    node: u32,
    args: &'a ExplainArgs,
}

impl Story<'_> {
    fn id(&self, node: u32) -> &str {
        &self.network.node(node).id
    }

    /// Assets of which something reached the node, with how much.
    fn amounts(&self) -> Vec<(usize, Amount)> {
        let assets = 0..self.network.assets().len();
        let reached = assets.map(|asset| (asset, self.run.inflow(self.node, asset)));
        reached.filter(|(_, amount)| !amount.is_zero()).collect()
    }

    fn arrivals(&self, asset: usize) -> Vec<Arrival> {
        let all = self.trace.arrivals(self.node).into_iter();
        let epoch = self.args.epoch;
        all.filter(|a| a.asset == asset && epoch.is_none_or(|epoch| a.epoch == epoch)).collect()
    }

    fn print(&self, ui: &Ui) {
        let node = self.network.node(self.node);
        let title =
            if node.title() == &*node.id { String::new() } else { format!(" ({})", node.title()) };
        ui.print(&format!("{}{title}", ui.tone(Tone::Strong, &node.id)));
        let amounts = self.amounts();
        if amounts.is_empty() {
            ui.print("nothing reached it");
        }
        for (asset, amount) in amounts {
            self.print_asset(asset, amount, ui);
        }
    }

    fn print_asset(&self, asset: usize, amount: Amount, ui: &Ui) {
        let money = &self.network.assets()[asset];
        ui.print("");
        ui.print(&self.headline(asset, amount));
        for arrival in self.arrivals(asset) {
            ui.print("");
            ui.print(&self.arrival_line(&arrival, money));
            ui.print(&steps_table(&arrival.steps, arrival.amount, money, ui));
            self.print_opinions(&arrival, ui);
        }
        if self.args.epoch.is_none() {
            self.print_sources(asset, amount, ui);
            self.print_paths(asset, amount, ui);
        }
    }

    fn opinions(&self, arrival: &Arrival) -> Vec<Opinion> {
        let id = self.id(self.node);
        opinions(self.network, self.run, arrival.from, id, arrival.epoch)
    }

    /// What the rule that paid, and the signals it heard, say of the node.
    fn print_opinions(&self, arrival: &Arrival, ui: &Ui) {
        for opinion in self.opinions(arrival) {
            let from = self.id(opinion.from);
            let told = opinion.signal.as_ref().map_or_else(String::new, |said| {
                let share = said.share.map(|share| format!(", {:.2}% of all", share * 100.0));
                format!(": {} {:.6}{}", said.name, said.score, share.unwrap_or_default())
            });
            ui.print(&format!("  said by {from}{told}"));
            opinion.reasons.iter().for_each(|reason| ui.print(&format!("    {reason}")));
        }
    }

    /// `1,234.00 USDC, 12.3% of all that is paid, rank 3 of 40`
    fn headline(&self, asset: usize, amount: Amount) -> String {
        let money = &self.network.assets()[asset];
        let mut line = money.show(amount);
        if self.network.node(self.node).is_recipient() {
            let all: Vec<Amount> = (0_u32..)
                .zip(self.network.nodes())
                .filter(|(_, node)| node.is_recipient())
                .map(|(at, _)| self.run.inflow(at, asset))
                .filter(|amount| !amount.is_zero())
                .collect();
            let rank = all.iter().filter(|other| **other > amount).count() + 1;
            let share = percent(amount, self.run.totals[asset].paid);
            let all = all.len();
            line = format!("{line}, {share} of all that is paid, rank {rank} of {all}");
        }
        line
    }

    fn arrival_line(&self, arrival: &Arrival, money: &Asset) -> String {
        let amount = money.show(arrival.amount);
        let epoch =
            if self.run.epoch > 1 { format!(" in epoch {}", arrival.epoch) } else { String::new() };
        let from = self.id(arrival.from);
        let details = self.network.node(arrival.from).details.as_deref();
        let rule = details
            .and_then(|details| details.mechanism)
            .map_or(String::new(), |mechanism| format!(" ({mechanism})"));
        match arrival.via {
            Via::Grant => format!("brings in {amount}{epoch}"),
            Via::Value => format!("from {from}{rule}{epoch}: {amount}"),
            Via::Pinch => format!("pinched from {from}{rule}{epoch}: {amount}"),
            Via::Delayed => format!("from {from}{rule}, sent{epoch}, delayed: {amount}"),
        }
    }

    fn print_sources(&self, asset: usize, amount: Amount, ui: &Ui) {
        let money = &self.network.assets()[asset];
        let Some(sources) = self.trace.sources(asset) else { return };
        let Some(parts) = sources.get(&self.node).filter(|parts| !parts.is_empty()) else { return };
        let mut parts = parts.clone();
        parts.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
        let figure = |amount: Amount| format_grouped(amount.to_u256(), money.decimals);
        let mut rows: Vec<Vec<String>> = parts
            .iter()
            .take(LISTED_MAX)
            .map(|(source, part)| {
                vec![self.id(*source).to_owned(), figure(*part), percent(*part, amount)]
            })
            .collect();
        if parts.len() > LISTED_MAX {
            let rest = parts[LISTED_MAX..].iter().map(|part| part.1);
            let rest = Amount::sum(rest, "the rest").expect("parts of one amount");
            let name = format!("and {} more", parts.len() - LISTED_MAX);
            rows.push(vec![name, figure(rest), percent(rest, amount)]);
        }
        ui.print("");
        ui.print("by source, in proportion");
        ui.print(&ui.table(&[], &rows, &[1, 2]));
    }

    fn print_paths(&self, asset: usize, amount: Amount, ui: &Ui) {
        if self.args.paths == 0 {
            return;
        }
        let money = &self.network.assets()[asset];
        let (paths, others) = self.trace.paths(self.node, asset, self.args.paths);
        let figure = |amount: Amount| format_grouped(amount.to_u256(), money.decimals);
        let mut rows: Vec<Vec<String>> = paths
            .iter()
            .map(|path| {
                let names: Vec<&str> = path.nodes.iter().map(|node| self.id(*node)).collect();
                vec![figure(path.amount), percent(path.amount, amount), names.join(" → ")]
            })
            .collect();
        if !others.is_zero() {
            let name = "all other ways, round trips included".to_owned();
            rows.push(vec![figure(others), percent(others, amount), name]);
        }
        ui.print("");
        ui.print("by path, in proportion");
        ui.print(&ui.table(&[], &rows, &[0, 1]));
    }

    fn json(&self) -> Value {
        let node = self.network.node(self.node);
        let amounts = self.amounts().into_iter();
        let assets: Vec<Value> =
            amounts.map(|(asset, amount)| self.asset_json(asset, amount)).collect();
        json!({ "node": &*node.id, "title": node.title(), "assets": assets })
    }

    fn asset_json(&self, asset: usize, amount: Amount) -> Value {
        let arrivals = self.arrivals(asset);
        let arrivals: Vec<Value> = arrivals.iter().map(|a| self.arrival_json(a)).collect();
        let sources = self.trace.sources(asset).unwrap_or_default();
        let sources = sources.get(&self.node).map_or(&[][..], Vec::as_slice).iter();
        let sources: Vec<Value> = sources
            .map(|(source, amount)| json!({ "source": self.id(*source), "amount": amount }))
            .collect();
        let (paths, others) = self.trace.paths(self.node, asset, self.args.paths);
        let paths: Vec<Value> = paths
            .iter()
            .map(|path| {
                let nodes: Vec<&str> = path.nodes.iter().map(|node| self.id(*node)).collect();
                json!({ "nodes": nodes, "amount": path.amount })
            })
            .collect();
        json!({
            "asset": self.network.assets()[asset].id(),
            "amount": amount,
            "arrivals": arrivals,
            "sources": sources,
            "paths": paths,
            "other_paths": others,
        })
    }

    fn arrival_json(&self, arrival: &Arrival) -> Value {
        let via = match arrival.via {
            Via::Grant => "grant",
            Via::Value => "value",
            Via::Pinch => "pinch",
            Via::Delayed => "delayed",
        };
        let steps: Vec<Value> = arrival
            .steps
            .iter()
            .map(|step| {
                let change = match step.change {
                    Change::Plus(amount) => amount.to_string(),
                    Change::Minus(amount) => format!("-{amount}"),
                };
                json!({ "label": step.label, "note": step.note, "change": change })
            })
            .collect();
        let opinions: Vec<Value> = self
            .opinions(arrival)
            .iter()
            .map(|opinion| {
                let said = opinion.signal.as_ref();
                json!({
                    "from": self.id(opinion.from),
                    "signal": said.map(|said| &said.name),
                    "score": said.map(|said| said.score),
                    "share": said.and_then(|said| said.share),
                    "reasons": opinion.reasons,
                })
            })
            .collect();
        json!({
            "epoch": arrival.epoch,
            "from": self.id(arrival.from),
            "via": via,
            "amount": arrival.amount,
            "steps": steps,
            "opinions": opinions,
        })
    }
}

/// Sources listed one by one.
const LISTED_MAX: usize = 12;

/// Steps with their sum.
fn steps_table(steps: &[Step], total: Amount, money: &Asset, ui: &Ui) -> String {
    let figure = |amount: Amount| format_grouped(amount.to_u256(), money.decimals);
    let mut rows: Vec<Vec<String>> = steps
        .iter()
        .map(|step| {
            let change = match step.change {
                Change::Plus(amount) => format!("+{}", figure(amount)),
                Change::Minus(amount) => format!("−{}", figure(amount)),
            };
            vec![format!("  {}", step.label), change, step.note.clone().unwrap_or_default()]
        })
        .collect();
    rows.push(vec!["  =".to_owned(), figure(total), money.symbol.clone()]);
    ui.table(&[], &rows, &[1])
}
