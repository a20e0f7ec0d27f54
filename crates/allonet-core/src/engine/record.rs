//! What a run leaves behind.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::RunError;
use crate::exhibit::Exhibit;
use crate::mechanism::{Purse, State, Step};
use crate::money::{Amount, MoneyError};
use crate::network::{Grant, LegNote, Network, NodeKind};
use crate::signal::{Signal, SignalData};

/// Where all money of one asset is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// What sources brought in.
    pub brought_in: Amount,
    /// What came to rest at recipients.
    pub paid: Amount,
    /// What neurons kept for good.
    pub retained: Amount,
    /// What neurons hold and may still spend.
    pub unspent: Amount,
    /// What is on delayed edges.
    pub in_flight: Amount,
}

impl Totals {
    /// All money that is somewhere; equals [`Totals::brought_in`].
    pub fn accounted(&self) -> Result<Amount, MoneyError> {
        let places = [self.paid, self.retained, self.unspent, self.in_flight];
        Amount::sum(places, "all money of one asset")
    }
}

/// The flows of one asset in one epoch.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct AssetFlow {
    /// What sources brought in.
    pub brought_in: Amount,
    /// What reached each node, grants included.
    #[serde(serialize_with = "sparse::serialize")]
    pub inflow: Vec<Amount>,
    /// What left over each leg.
    #[serde(serialize_with = "sparse::serialize")]
    pub legs: Vec<Amount>,
    /// What nodes kept for good, in the order they took their turn.
    pub retained: Vec<(u32, Amount)>,
}

impl AssetFlow {
    pub(super) fn arrive(&mut self, node: u32, amount: Amount) -> Result<(), MoneyError> {
        let inflow = &mut self.inflow[node as usize];
        *inflow = inflow.add(amount, "an inflow")?;
        Ok(())
    }

    /// What a node kept for good.
    pub fn retained_by(&self, node: u32) -> Amount {
        let own = self.retained.iter().filter(|(at, _)| *at == node);
        own.fold(Amount::ZERO, |sum, (_, amount)| {
            sum.add(*amount, "retained").expect("parts of one inflow")
        })
    }
}

/// A payout of a rule, with the steps that lead to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SteppedPayout {
    /// The leg it left over.
    pub leg: u32,
    /// Index of the asset.
    pub asset: usize,
    /// How much, before any pinch.
    pub amount: Amount,
    /// Steps that add up to it.
    pub steps: Vec<Step>,
}

/// What one rule did in one epoch beside moving money.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RuleRecord {
    /// Index of the neuron.
    pub node: u32,
    /// Its payouts.
    pub payouts: Vec<SteppedPayout>,
    /// What it holds after its turn and may still spend.
    pub unspent: Purse,
    /// What it emitted.
    pub signals: Vec<(String, SignalData)>,
    /// What it wants the operator to know.
    pub remarks: Vec<String>,
    /// Why its signals say of an id what they say.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub reasons: BTreeMap<String, Vec<String>>,
    /// Tables it shows.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub exhibits: Vec<Exhibit>,
}

/// One epoch.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EpochRecord {
    /// Which, from 0.
    pub epoch: u32,
    /// Flows by asset; none where no money of the asset moved.
    pub flows: Vec<Option<AssetFlow>>,
    /// What the rules did, in the order they took their turn.
    pub rules: Vec<RuleRecord>,
}

impl EpochRecord {
    pub(super) fn new(epoch: u32, assets: usize) -> Self {
        Self { epoch, flows: (0..assets).map(|_| None).collect(), rules: Vec::new() }
    }

    /// The flow of an asset, made when first needed.
    pub(super) fn flow(&mut self, network: &Network, asset: usize) -> &mut AssetFlow {
        self.flows[asset].get_or_insert_with(|| AssetFlow {
            inflow: vec![Amount::ZERO; network.nodes().len()],
            legs: vec![Amount::ZERO; network.legs().targets.len()],
            ..AssetFlow::default()
        })
    }

    /// What a rule did in this epoch.
    pub fn rule(&self, node: u32) -> Option<&RuleRecord> {
        self.rules.iter().find(|rule| rule.node == node)
    }
}

/// Money on a delayed edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InFlight {
    /// In which epoch it arrives.
    pub arrives: u32,
    /// Index of the sender.
    pub from: u32,
    /// Index of the receiver.
    pub to: u32,
    /// Index of the asset.
    pub asset: usize,
    /// How much.
    pub amount: Amount,
}

/// A signal on a delayed edge.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct PendingSignal {
    pub(super) arrives: u32,
    pub(super) to: u32,
    pub(super) signal: Signal,
}

/// What a network remembers between epochs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Memory {
    /// What the neurons remember, by node.
    pub states: BTreeMap<u32, State>,
    /// What neurons hold and may still spend, by node.
    pub unspent: BTreeMap<u32, Purse>,
    /// What is on delayed edges.
    pub in_flight: Vec<InFlight>,
    pub(super) pending: Vec<PendingSignal>,
}

/// A finished run.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    /// The next epoch.
    pub epoch: u32,
    /// The epochs, in order.
    pub records: Vec<EpochRecord>,
    /// Where all money is, by asset.
    pub totals: Vec<Totals>,
    /// What the network remembers.
    pub memory: Memory,
    /// Where the last epoch began, if the run stopped within it.
    pub(super) interrupted: Option<Checkpoint>,
}

impl Run {
    /// All that reached a node over all epochs, of one asset.
    pub fn inflow(&self, node: u32, asset: usize) -> Amount {
        let flows = self.records.iter().filter_map(|record| record.flows[asset].as_ref());
        flows.fold(Amount::ZERO, |sum, flow| {
            sum.add(flow.inflow[node as usize], "an inflow").expect("checked by the run's totals")
        })
    }

    /// Delayed money that arrived in an epoch.
    pub fn landings(&self, network: &Network, epoch: u32) -> Vec<InFlight> {
        let mut found = Vec::new();
        for record in &self.records {
            for leg in network.legs().notes.iter().filter(|(_, note)| note.delay > 0) {
                let (leg, delay) = (*leg.0 as usize, leg.1.delay);
                if record.epoch.saturating_add(delay) != epoch {
                    continue;
                }
                for (asset, flow) in record.flows.iter().enumerate() {
                    let amount = flow.as_ref().map_or(Amount::ZERO, |flow| flow.legs[leg]);
                    if !amount.is_zero() {
                        let (from, to) = (network.legs().source(leg), network.legs().targets[leg]);
                        found.push(InFlight { arrives: epoch, from, to, asset, amount });
                    }
                }
            }
        }
        found
    }

    /// Whether the run went to its end; if not, [`Run::checkpoint`] says from
    /// where to go on.
    pub fn is_finished(&self, network: &Network) -> bool {
        self.interrupted.is_none() && self.epoch >= network.epochs()
    }

    /// From where to go on: the end of the last whole epoch.
    pub fn checkpoint(&self, network: &Network) -> Checkpoint {
        self.interrupted.clone().unwrap_or_else(|| {
            Checkpoint::new(network, self.epoch, &self.memory, &self.records, &self.totals)
        })
    }
}

/// From where a run can go on.
///
/// A state is never taken on trust: going on replays the epochs before it (rules
/// are pure, so that costs little) and compares.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Checkpoint {
    /// What kind of file this is: `allonet-checkpoint/1`.
    pub format: String,
    /// The network it belongs to: hash of nodes, edges, amounts and settings.
    pub network: String,
    /// The next epoch.
    pub epoch: u32,
    /// Hash of all flows, steps and totals so far.
    pub history: String,
    /// What the network remembers.
    pub memory: Memory,
}

const FORMAT: &str = "allonet-checkpoint/1";

impl Checkpoint {
    pub(super) fn new(
        network: &Network,
        epoch: u32,
        memory: &Memory,
        records: &[EpochRecord],
        totals: &[Totals],
    ) -> Self {
        let history = serde_json::to_vec(&(records, totals)).expect("records are plain data");
        Self {
            format: FORMAT.to_owned(),
            network: fingerprint(network),
            epoch,
            history: blake3::hash(&history).to_hex().to_string(),
            memory: memory.clone(),
        }
    }

    /// Whether it is of this network.
    pub(super) fn check(&self, network: &Network) -> Result<(), RunError> {
        let refused = |reason: String| Err(RunError::Checkpoint { reason });
        if self.format != FORMAT {
            return refused(format!("its format is `{}`, not `{FORMAT}`", self.format));
        }
        if self.network != fingerprint(network) {
            return refused("nodes, edges, amounts or settings differ".to_owned());
        }
        if self.epoch > network.epochs() {
            return refused(format!(
                "it is of epoch {}, and there are {}",
                self.epoch,
                network.epochs()
            ));
        }
        Ok(())
    }

    /// Whether it is what the network and its files lead to.
    pub(super) fn compare(&self, replayed: &Self) -> Result<(), RunError> {
        let what = if self.memory != replayed.memory {
            "what it remembers"
        } else if self.history != replayed.history {
            "its history"
        } else {
            return Ok(());
        };
        let reason = format!(
            "{what} is not what the network and its files lead to; \
             the past was changed, or the file"
        );
        Err(RunError::Checkpoint { reason })
    }
}

/// Tells one network from another: nodes, edges, what comes in, settings. Data
/// files may grow, an event log does.
fn fingerprint(network: &Network) -> String {
    let mut hasher = blake3::Hasher::new();
    for node in network.nodes() {
        hasher.update(node.id.as_bytes()).update(&[0]);
        hasher.update(node.retain().to_string().as_bytes()).update(&[0]);
        let settings = node.details.iter().flat_map(|details| &details.settings);
        for (name, text) in settings {
            hasher.update(name.as_bytes()).update(&[1]).update(text.as_bytes()).update(&[1]);
        }
        if let NodeKind::Source(grants) = &node.kind {
            for Grant { epoch, asset, amount } in grants {
                hasher.update(format!("{epoch} {asset} {amount}\n").as_bytes());
            }
        }
    }
    for (leg, LegNote { delay, is_pinch, pinch }) in &network.legs().notes {
        hasher.update(format!("{leg} {delay} {is_pinch} {pinch:?}\n").as_bytes());
    }
    for asset in network.assets() {
        hasher.update(asset.id().as_bytes()).update(&[0]);
    }
    for (target, weight) in network.legs().targets.iter().zip(&network.legs().weights) {
        hasher.update(&target.to_le_bytes()).update(&weight.to_le_bytes());
    }
    hasher.finalize().to_hex().to_string()
}

/// Amounts as length and what is not zero.
mod sparse {
    use serde::{Serialize, Serializer};

    use crate::money::Amount;

    pub(super) fn serialize<S: Serializer>(
        all: &[Amount],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let amounts: Vec<(usize, Amount)> =
            all.iter().copied().enumerate().filter(|(_, amount)| !amount.is_zero()).collect();
        (all.len(), amounts).serialize(serializer)
    }
}
