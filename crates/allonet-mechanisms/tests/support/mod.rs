//! What tests of whole networks share: files for a network file, and the laws
//! that every run keeps.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use allonet_core::engine::{Run, RunOptions, run};
use allonet_core::fault::{Fault, SourceFile};
use allonet_core::ledger::{Account, Ledger, plan};
use allonet_core::mechanism::{Change, OracleFactory, Step};
use allonet_core::money::Amount;
use allonet_core::network::Network;
use allonet_core::network::file::{Loader, read};
use allonet_core::trace::Trace;
use allonet_mechanisms::catalogue;
use rayon::ThreadPoolBuilder;

/// Files that are only in memory, by path, before those in a folder.
#[derive(Debug)]
pub(crate) struct Files<'a> {
    pub(crate) folder: PathBuf,
    pub(crate) texts: &'a [(&'a str, String)],
}

impl Loader for Files<'_> {
    fn load(&mut self, path: &str) -> Result<Arc<SourceFile>, Fault> {
        if let Some((_, text)) = self.texts.iter().find(|(name, _)| *name == path) {
            return Ok(SourceFile::new(path, text.as_str()));
        }
        text_of(&self.folder.join(path)).map(|text| SourceFile::new(path, text))
    }
}

fn text_of(path: &Path) -> Result<String, Fault> {
    fs::read_to_string(path)
        .map_err(|error| Fault::new("no-file", format!("{}: {error}", path.display())))
}

/// Reads a network that is expected to have no faults.
pub(crate) fn network(text: &str, mut files: Files<'_>, oracles: &dyn OracleFactory) -> Network {
    let file = SourceFile::new("test.allonet.toml", text);
    read(&file, catalogue(), &mut files, oracles).unwrap_or_else(|faults| {
        let told: Vec<String> = faults.iter().map(Fault::to_string).collect();
        panic!("the network has faults:\n{}", told.join("\n"))
    })
}

/// Runs to the end on one thread and on two: both write the same bytes, and all
/// amounts add up.
pub(crate) fn run_checked(network: &Network) -> Run {
    let on = |threads| {
        let pool = ThreadPoolBuilder::new().num_threads(threads).build().expect("threads start");
        let result = pool.install(|| run(network, RunOptions::default()));
        result.unwrap_or_else(|error| panic!("{error}"))
    };
    let result = on(1);
    assert!(bytes(network, &result) == bytes(network, &on(2)), "one thread and two differ");
    check_sums(network, &result);
    result
}

/// All that a run leaves behind, as it is written to disk.
pub(crate) fn bytes(network: &Network, result: &Run) -> Vec<u8> {
    serde_json::to_vec(&result.checkpoint(network)).expect("a checkpoint is text and numbers")
}

pub(crate) fn sum(amounts: impl IntoIterator<Item = Amount>) -> Amount {
    Amount::sum(amounts, "test").expect("amounts of one run")
}

/// What came in is at rest, held or in flight; every node holds what its ledger
/// account says; and the trace of every node adds up to what reached it.
fn check_sums(network: &Network, result: &Run) {
    let mut ledger = Ledger::new();
    for record in &result.records {
        ledger.apply(&plan(network, result, record.epoch)).expect("no account is overdrawn");
    }
    let trace = Trace::new(network, result);
    for (at, node) in (0_u32..).zip(network.nodes()) {
        let arrivals = trace.arrivals(at);
        for asset in 0..network.assets().len() {
            let reached = result.inflow(at, asset);
            let own = arrivals.iter().filter(|arrival| arrival.asset == asset);
            let told = sum(own.map(|arrival| arrival.amount));
            assert_eq!(told, reached, "arrivals at {}, asset {asset}", node.id);
            let held = ledger.balance(Account::Node(at), asset);
            let expected = if node.is_recipient() { reached } else { kept(result, at, asset) };
            assert_eq!(held, expected, "what {} holds of asset {asset}", node.id);
        }
        for arrival in arrivals {
            assert_eq!(total(&arrival.steps), arrival.amount, "steps of {}", node.id);
        }
    }
    for (asset, totals) in result.totals.iter().enumerate() {
        assert_eq!(totals.accounted(), Ok(totals.brought_in), "asset {asset}");
        assert_eq!(ledger.balance(Account::InFlight, asset), totals.in_flight, "asset {asset}");
    }
}

/// What a neuron retained and holds unspent.
fn kept(result: &Run, node: u32, asset: usize) -> Amount {
    let flows = result.records.iter().filter_map(|record| record.flows[asset].as_ref());
    let unspent = result.memory.unspent.get(&node).map(|purse| purse.of(asset));
    sum(flows.map(|flow| flow.retained_by(node)).chain(unspent))
}

fn total(steps: &[Step]) -> Amount {
    let (mut plus, mut minus) = (Amount::ZERO, Amount::ZERO);
    for step in steps {
        match step.change {
            Change::Plus(amount) => plus = sum([plus, amount]),
            Change::Minus(amount) => minus = sum([minus, amount]),
        }
    }
    plus.sub(minus, "test").expect("steps do not end below zero")
}
