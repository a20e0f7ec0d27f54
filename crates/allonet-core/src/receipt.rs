//! The receipt of a run: from it and the files it names, anyone recomputes the
//! run and finds the first thing that differs.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::engine::{EpochRecord, Run, Totals};
use crate::money::{Amount, Asset};
use crate::network::Network;
use crate::payout::{PayoutRow, merkle};
use crate::time::Instant;

/// What kind of file a receipt is.
pub const FORMAT: &str = "allonet-receipt/1";

/// The engine that computes: name and version.
pub const ENGINE: &str = concat!("allonet ", env!("CARGO_PKG_VERSION"));

/// A file by its content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileHash {
    /// Its path, from the folder of the network file (inputs) or of the receipt
    /// (outputs).
    pub path: String,
    /// Length in bytes.
    pub bytes: u64,
    /// BLAKE3 of its bytes, hex.
    pub blake3: String,
}

impl FileHash {
    /// The hash of some bytes under a name.
    pub fn of(path: &str, bytes: &[u8]) -> Self {
        let blake3 = blake3::hash(bytes).to_hex().to_string();
        Self { path: path.to_owned(), bytes: bytes.len() as u64, blake3 }
    }
}

/// How far the run went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Extent {
    /// The last event looked at is not after this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Instant>,
    /// It stopped before this epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before_epoch: Option<u32>,
}

/// One movement of money.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Flow {
    /// Who sent it.
    pub from: String,
    /// Who gets it.
    pub to: String,
    /// Id of the asset.
    pub asset: String,
    /// Base units.
    pub amount: Amount,
    /// `value`, `pinch` or `delayed`.
    pub kind: String,
}

/// What one node did in one epoch, by asset id.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodeFlows {
    /// What reached it.
    pub inflow: BTreeMap<String, Amount>,
    /// What it passed on.
    pub outflow: BTreeMap<String, Amount>,
    /// What it kept for good.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub retained: BTreeMap<String, Amount>,
    /// What it holds at the end and may still spend.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub unspent: BTreeMap<String, Amount>,
    /// BLAKE3 of what it remembers at the end of the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state_blake3: Option<String>,
}

/// One epoch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Epoch {
    /// Which, from 0.
    pub epoch: u32,
    /// Sources and neurons, by id.
    pub nodes: BTreeMap<String, NodeFlows>,
    /// All movements, in order of sender and receiver. In networks with more
    /// than [`FLOWS_MAX`] of them only their hash is kept.
    pub flows: Vec<Flow>,
    /// BLAKE3 of all movements, as lines of `from to asset amount kind`.
    pub flows_blake3: String,
}

/// More movements than this in one epoch are kept as a hash only.
pub const FLOWS_MAX: usize = 100_000;

/// The Merkle tree of the payouts of one asset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MerkleRoot {
    /// Root, hex.
    pub root: String,
    /// Types of a leaf: `address,uint256` or `string,uint256`.
    pub leaf: String,
    /// How many leaves.
    pub leaves: usize,
}

/// A receipt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Receipt {
    /// [`FORMAT`].
    pub format: String,
    /// [`ENGINE`].
    pub engine: String,
    /// Names the run, see [`Receipt::run_id`].
    pub run: String,
    /// Id of the network.
    pub network: String,
    /// The network file, as a path from the receipt's folder, and its hash.
    pub file: FileHash,
    /// All other files that were read.
    pub inputs: Vec<FileHash>,
    /// How far the run went.
    pub extent: Extent,
    /// The assets, by id.
    pub assets: BTreeMap<String, Asset>,
    /// Settings of each neuron as they ran, defaults included.
    pub settings: BTreeMap<String, BTreeMap<String, String>>,
    /// What the operator promised; all of it held.
    pub promises: Vec<String>,
    /// The epochs.
    pub epochs: Vec<Epoch>,
    /// Where all money is, by asset id.
    pub totals: BTreeMap<String, Totals>,
    /// The Merkle roots of the payouts, by asset id.
    pub payouts: BTreeMap<String, MerkleRoot>,
    /// The files that were written beside the receipt.
    pub outputs: Vec<FileHash>,
}

impl Receipt {
    /// BLAKE3 of this receipt with neither `run` nor `outputs`, and with the
    /// name alone of the network file: a run is the same wherever its results
    /// are put.
    pub fn run_id(&self) -> String {
        let name = self.file.path.rsplit('/').next().unwrap_or_default().to_owned();
        let content = Self {
            run: String::new(),
            outputs: Vec::new(),
            file: FileHash { path: name, ..self.file.clone() },
            ..self.clone()
        };
        let content = serde_json::to_vec(&content).expect("a receipt is plain data");
        blake3::hash(&content).to_hex().to_string()
    }
}

/// What every recipient is paid, by asset and recipient.
pub fn payout_rows(network: &Network, run: &Run) -> Vec<PayoutRow> {
    let mut rows = Vec::new();
    for (index, asset) in network.assets().iter().enumerate() {
        for (at, node) in (0_u32..).zip(network.nodes()) {
            let amount = run.inflow(at, index);
            if node.is_recipient() && !amount.is_zero() {
                rows.push(PayoutRow {
                    recipient: node.id.to_string(),
                    address: node.address().and_then(|address| address.parse().ok()),
                    asset: asset.clone(),
                    amount: amount.to_u256(),
                });
            }
        }
    }
    rows
}

/// The parts of a receipt that a host knows and the engine does not.
#[derive(Clone, Debug)]
pub struct Context {
    /// What computes: [`ENGINE`], or what an earlier receipt says of itself.
    pub engine: String,
    /// The network file.
    pub file: FileHash,
    /// All other files that were read, in order of path.
    pub inputs: Vec<FileHash>,
    /// How far the run went.
    pub extent: Extent,
}

/// Writes the receipt of a run, with no outputs yet.
pub fn receipt(
    network: &Network,
    run: &Run,
    trees: &BTreeMap<String, merkle::Tree>,
    context: Context,
) -> Receipt {
    let ids: Vec<String> = network.assets().iter().map(Asset::id).collect();
    let settings = network.nodes().iter().filter_map(|node| {
        let details = node.details.as_ref().filter(|details| !details.settings.is_empty())?;
        Some((node.id.to_string(), details.settings.clone()))
    });
    let root = |tree: &merkle::Tree| MerkleRoot {
        root: tree.root().to_string(),
        leaf: tree.encoding().types().join(","),
        leaves: tree.claims().len(),
    };
    let mut receipt = Receipt {
        format: FORMAT.to_owned(),
        engine: context.engine,
        run: String::new(),
        network: network.name.clone(),
        file: context.file,
        inputs: context.inputs,
        extent: context.extent,
        assets: ids.iter().cloned().zip(network.assets().iter().cloned()).collect(),
        settings: settings.collect(),
        promises: network.promises().iter().map(|p| show_promise(network, p)).collect(),
        epochs: run.records.iter().map(|record| epoch(network, run, record, &ids)).collect(),
        totals: ids.iter().cloned().zip(run.totals.iter().copied()).collect(),
        payouts: trees.iter().map(|(asset, tree)| (asset.clone(), root(tree))).collect(),
        outputs: Vec::new(),
    };
    receipt.run = receipt.run_id();
    receipt
}

/// A promise in words, with the node it is about.
pub fn show_promise(network: &Network, promise: &crate::network::Promise) -> String {
    let words = promise.bound.show(network.assets());
    match promise.on {
        Some(node) => format!("{}: {words}", network.node(node).id),
        None => words,
    }
}

fn epoch(network: &Network, run: &Run, record: &EpochRecord, ids: &[String]) -> Epoch {
    let mut nodes: BTreeMap<String, NodeFlows> = BTreeMap::new();
    let mut flows = Vec::new();
    let mut hasher = blake3::Hasher::new();
    for (at, node) in (0_u32..).zip(network.nodes()).filter(|(_, node)| !node.is_recipient()) {
        let mut own = NodeFlows::default();
        for (asset, (id, flow)) in ids.iter().zip(&record.flows).enumerate() {
            let Some(flow) = flow else { continue };
            let note = |map: &mut BTreeMap<String, Amount>, amount: Amount| {
                if !amount.is_zero() {
                    map.insert(id.clone(), amount);
                }
            };
            note(&mut own.inflow, flow.inflow[at as usize]);
            note(&mut own.retained, flow.retained_by(at));
            if let Some(rule) = record.rule(at) {
                note(&mut own.unspent, rule.unspent.of(asset));
            }
            let mut out = Amount::ZERO;
            for leg in network.legs().of(at).filter(|leg| !flow.legs[*leg].is_zero()) {
                out = out.add(flow.legs[leg], "outflow").expect("no more than came in");
                flows.push(movement(network, at, leg, id, flow.legs[leg]));
            }
            note(&mut own.outflow, out);
        }
        if run.epoch == record.epoch + 1 {
            let state = run.memory.states.get(&at);
            own.state_blake3 = state.map(|s| blake3::hash(s.bytes()).to_hex().to_string());
        }
        if own != NodeFlows::default() {
            nodes.insert(node.id.to_string(), own);
        }
    }
    for flow in &flows {
        let Flow { from, to, asset, amount, kind } = flow;
        hasher.update(format!("{from}\t{to}\t{asset}\t{amount}\t{kind}\n").as_bytes());
    }
    if flows.len() > FLOWS_MAX {
        flows.clear();
    }
    let flows_blake3 = hasher.finalize().to_hex().to_string();
    Epoch { epoch: record.epoch, nodes, flows, flows_blake3 }
}

fn movement(network: &Network, from: u32, leg: usize, asset: &str, amount: Amount) -> Flow {
    let note = network.legs().note(leg);
    let kind = match (note.is_pinch, note.delay) {
        (true, _) => "pinch",
        (false, 0) => "value",
        (false, _) => "delayed",
    };
    Flow {
        from: network.node(from).id.to_string(),
        to: network.node(network.legs().targets[leg]).id.to_string(),
        asset: asset.to_owned(),
        amount,
        kind: kind.to_owned(),
    }
}

/// Where two JSON values first differ, in the order of the first: the path, and
/// both sides as text (`nothing` where one ends).
pub fn first_difference(expected: &Value, found: &Value) -> Option<(String, String, String)> {
    difference(String::new(), Some(expected), Some(found))
}

fn difference(
    path: String,
    expected: Option<&Value>,
    found: Option<&Value>,
) -> Option<(String, String, String)> {
    match (expected, found) {
        (Some(Value::Object(left)), Some(Value::Object(right))) => {
            let keys: std::collections::BTreeSet<&String> =
                left.keys().chain(right.keys()).collect();
            keys.into_iter().find_map(|key| {
                let dot = if path.is_empty() { "" } else { "." };
                difference(format!("{path}{dot}{key}"), left.get(key), right.get(key))
            })
        }
        (Some(Value::Array(left)), Some(Value::Array(right))) => (0..left.len().max(right.len()))
            .find_map(|at| difference(format!("{path}[{at}]"), left.get(at), right.get(at))),
        (left, right) if left == right => None,
        (left, right) => {
            let show = |side: Option<&Value>| match side {
                None => "nothing".to_owned(),
                Some(Value::String(text)) => text.clone(),
                Some(other) => other.to_string(),
            };
            Some((path, show(left), show(right)))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn sample(path: &str) -> Receipt {
        Receipt {
            format: FORMAT.to_owned(),
            engine: ENGINE.to_owned(),
            run: String::new(),
            network: "n".to_owned(),
            file: FileHash::of(path, b"x"),
            inputs: Vec::new(),
            extent: Extent::default(),
            assets: BTreeMap::new(),
            settings: BTreeMap::new(),
            promises: Vec::new(),
            epochs: Vec::new(),
            totals: BTreeMap::new(),
            payouts: BTreeMap::new(),
            outputs: Vec::new(),
        }
    }

    #[test]
    fn a_run_is_the_same_wherever_its_results_are_put() {
        let run = sample("../../n.toml").run_id();
        assert_eq!(sample("../../../a/n.toml").run_id(), run);
        assert_ne!(sample("../../m.toml").run_id(), run);
        let mut other = sample("../../n.toml");
        other.outputs.push(FileHash::of("payouts.csv", b""));
        other.run.clone_from(&run);
        assert_eq!(other.run_id(), run);
        other.engine.push('1');
        assert_ne!(other.run_id(), run);
    }

    #[test]
    fn unknown_fields_are_refused() {
        let good = serde_json::to_value(sample("n.toml")).unwrap();
        assert!(serde_json::from_value::<Receipt>(good.clone()).is_ok());
        for part in ["", "/file", "/extent"] {
            let mut changed = good.clone();
            changed.pointer_mut(part).unwrap()["approved_by"] = json!("somebody");
            assert!(serde_json::from_value::<Receipt>(changed).is_err(), "{part}");
        }
    }

    #[test]
    fn the_first_difference_has_a_path() {
        let left = json!({"a": [1, {"b": "x"}], "c": 1});
        let right = json!({"a": [1, {"b": "y"}], "c": 2});
        let expected = ("a[1].b".to_owned(), "x".to_owned(), "y".to_owned());
        assert_eq!(first_difference(&left, &right), Some(expected));
        assert_eq!(first_difference(&left, &left), None);
        let short = json!({"a": [1]});
        let found = first_difference(&left, &short).unwrap();
        assert_eq!((found.0.as_str(), found.2.as_str()), ("a[1]", "nothing"));
    }
}
