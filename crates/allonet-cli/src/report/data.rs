//! What the report page shows, as plain data.
//!
//! Every amount is a decimal string of whole base units (`"1500000"` is 1.5 USDC): JSON numbers
//! lose digits above 2⁵³, and the page computes with `BigInt`. Nodes and assets are named by their
//! index in [`Report::nodes`] and [`Report::assets`]. The page re-adds everything it can and says
//! so where a sum does not hold; the host need not check first.

use serde::Serialize;

/// Whole base units of an asset in decimal digits, with a leading `-` only where a field says so.
pub(crate) type Units = String;

/// Everything the page knows about one run.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Report {
    /// Program and version that produced the run, such as `allonet 0.1.0`.
    pub(crate) engine: String,
    /// The network the run belongs to.
    pub(crate) network: Network,
    /// BLAKE3 of the receipt in hexadecimal. Names the run everywhere on the page.
    pub(crate) run_id: String,
    /// Number of epochs run; link amounts are sums over all of them.
    pub(crate) epochs: u32,
    /// Command that checks this run, shown with a copy button: `allonet verify receipt.json`.
    pub(crate) verify_command: String,
    /// One entry per asset, in the order of the network file. The first is shown first.
    pub(crate) assets: Vec<Asset>,
    /// Sources, neurons and recipients in any fixed order.
    pub(crate) nodes: Vec<Node>,
    /// Money between nodes, at most one entry for each (from, to, asset, kind).
    pub(crate) links: Vec<Link>,
    /// What each recipient was paid, at most one entry for each (node, asset).
    pub(crate) payouts: Vec<Payout>,
    /// Present when the host left payouts out of [`Report::payouts`].
    pub(crate) rest: Option<Rest>,
    /// Things the operator should look at; none of them stops a run.
    pub(crate) warnings: Vec<Warning>,
    /// Tables that neurons show, in the order they took their turn.
    pub(crate) exhibits: Vec<Exhibit>,
    /// Bounds the operator declared, each with its outcome.
    pub(crate) promises: Vec<PromiseOutcome>,
    /// Files the run read.
    pub(crate) inputs: Vec<InputFile>,
}

/// Names of the network.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Network {
    /// Identifier from the network file; also starts the names of downloaded tables.
    pub(crate) name: String,
    /// Heading for people; the name is used when absent.
    pub(crate) title: Option<String>,
    /// One paragraph about the network.
    pub(crate) description: Option<String>,
}

/// An asset and where all of it went.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Asset {
    /// Identifier from the network file.
    pub(crate) id: String,
    /// Ticker shown behind every amount.
    pub(crate) symbol: String,
    /// Base units of one whole are 10 to this power.
    pub(crate) decimals: u8,
    /// Chain the asset lives on, if any.
    pub(crate) chain: Option<String>,
    /// Contract address on that chain, if any.
    pub(crate) address: Option<String>,
    /// The conservation line: brought in = paid + retained + unspent + in flight.
    pub(crate) totals: Totals,
}

/// Where all money of one asset went, over all epochs.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Totals {
    /// Put into the network by its sources.
    pub(crate) brought_in: Units,
    /// Reached recipients.
    pub(crate) paid: Units,
    /// Kept by neurons because their rule says so.
    pub(crate) retained: Units,
    /// Left over because no rule gave it away.
    pub(crate) unspent: Units,
    /// On delayed links when the last epoch ended.
    pub(crate) in_flight: Units,
}

/// An amount of one asset.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct AssetAmount {
    /// Index into [`Report::assets`].
    pub(crate) asset: usize,
    /// How much.
    pub(crate) amount: Units,
}

/// A source, neuron or recipient.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Node {
    /// Identifier, shown as it is (never read as markup) and used to order boxes between runs.
    pub(crate) id: String,
    /// Name for people; the id is used when absent.
    pub(crate) title: Option<String>,
    /// What the node is.
    pub(crate) kind: NodeKind,
    /// Name of a neuron's mechanism, such as `quadratic-funding`.
    pub(crate) mechanism: Option<String>,
    /// The neuron's rule as one line, such as `match ∝ (Σ √c)² − Σ c, cap 5 %`.
    pub(crate) rule: Option<String>,
    /// Number of the strongly connected part the node is in, when that part has several members or
    /// the node pays itself. Members of one part are drawn as one box. Delayed links do not count.
    pub(crate) part: Option<u32>,
    /// Set when the host merged this many nodes into this one; drawn as part of "others".
    pub(crate) merged: Option<u64>,
    /// Money that entered, over all epochs and links (for a source: what it brought in).
    pub(crate) inflow: Vec<AssetAmount>,
    /// Money passed on over links.
    pub(crate) paid_out: Vec<AssetAmount>,
    /// Money kept by rule.
    pub(crate) retained: Vec<AssetAmount>,
    /// Money no rule gave away.
    pub(crate) unspent: Vec<AssetAmount>,
}

/// The three places money can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum NodeKind {
    /// Brings money in.
    Source,
    /// Passes money on by a rule.
    Neuron,
    /// Where money is paid to.
    Recipient,
}

/// Money from one node to another, summed over epochs.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Link {
    /// Index of the paying node.
    pub(crate) from: usize,
    /// Index of the paid node; may equal `from`.
    pub(crate) to: usize,
    /// Index into [`Report::assets`].
    pub(crate) asset: usize,
    /// How much.
    pub(crate) amount: Units,
    /// How the money travels.
    pub(crate) kind: LinkKind,
}

/// How a link carries money.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LinkKind {
    /// In the same epoch, by the neuron's rule.
    Value,
    /// In the same epoch, as a fixed share passed upstream.
    Pinch,
    /// Arrives in a later epoch; drawn as a loop.
    Delayed,
}

/// All a node was paid in one asset, and why.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Payout {
    /// Index of the paid node, normally a recipient.
    pub(crate) node: usize,
    /// Index into [`Report::assets`].
    pub(crate) asset: usize,
    /// How much in total.
    pub(crate) amount: Units,
    /// Single arrivals; they re-add to `amount`.
    pub(crate) arrivals: Vec<Arrival>,
    /// The share each source had in `amount`; they re-add to it.
    pub(crate) sources: Vec<SourceShare>,
}

/// Money one neuron (or source) paid to a recipient in one epoch.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Arrival {
    /// Index of the paying node.
    pub(crate) from: usize,
    /// Epoch, counted as the network file counts them.
    pub(crate) epoch: u32,
    /// How much.
    pub(crate) amount: Units,
    /// How the rule came to that amount; steps re-add to it. Empty when the rule gives no steps.
    pub(crate) steps: Vec<Step>,
    /// What the rule and the signals it heard say of the recipient, in lines for people.
    pub(crate) said: Vec<Saying>,
}

/// What one neuron says of a recipient.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Saying {
    /// Name of the neuron.
    pub(crate) from: String,
    /// Its score, such as `score 0.031, 4.2 % of all`; empty where it gives none.
    pub(crate) score: String,
    /// Why, one line each.
    pub(crate) reasons: Vec<String>,
}

/// One step of a rule: the amount it added or took away.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Step {
    /// Short name, such as `cap 5 %`.
    pub(crate) label: String,
    /// Why, in one sentence.
    pub(crate) note: Option<String>,
    /// Signed change.
    pub(crate) amount: Units,
}

/// What one source contributed to a payout.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct SourceShare {
    /// Index of the source.
    pub(crate) source: usize,
    /// How much of the payout came from it.
    pub(crate) amount: Units,
}

/// Payouts that are not listed one by one.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Rest {
    /// How many recipients are not listed.
    pub(crate) recipients: u64,
    /// What they got together, one entry per asset; added to the listed payouts it is the total.
    pub(crate) amounts: Vec<AssetAmount>,
}

/// Something to look at.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Warning {
    /// The whole message, with file and line where there is one.
    pub(crate) text: String,
    /// Index of the node it concerns.
    pub(crate) node: Option<usize>,
}

/// A table of one neuron.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Exhibit {
    /// Index of the neuron, where it is drawn.
    pub(crate) node: Option<usize>,
    /// The table.
    #[serde(flatten)]
    pub(crate) table: allonet_core::exhibit::Exhibit,
}

/// A declared bound and whether it held.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct PromiseOutcome {
    /// The promise in the operator's words.
    pub(crate) text: String,
    /// Whether it held in this run.
    pub(crate) held: bool,
    /// The measured value beside the bound.
    pub(crate) detail: String,
}

/// A file the run read.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct InputFile {
    /// Path as the network file names it.
    pub(crate) path: String,
    /// BLAKE3 in hexadecimal.
    pub(crate) blake3: String,
    /// Size in bytes.
    pub(crate) bytes: u64,
}
