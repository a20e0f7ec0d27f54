//! Whole networks against published data and results.
//!
//! The data is not part of the repository; see `allonet_testdata`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use allonet_core::engine::Run;
use allonet_core::fault::SourceFile;
use allonet_core::mechanism::NoOracles;
use allonet_core::money::{Amount, Asset};
use allonet_core::network::{Details, Grant, Network, NetworkBuilder, NodeKey, NodeKind};
use allonet_core::table::{Column, Table};
use allonet_testdata::data;
use ruint::aliases::U256;
use serde::Deserialize;

mod support;

use support::{Files, network, run_checked, sum};

/// Some columns of a CSV file, row by row.
fn rows<const N: usize>(path: &Path, columns: &'static [Column; N]) -> Vec<[String; N]> {
    let text = fs::read_to_string(path).expect("the data can be read");
    let file = SourceFile::new(path.display().to_string(), text);
    let table = Table::read(&file, columns).expect("the data has these columns");
    table.rows().map(|row| std::array::from_fn(|at| row.cell(at).to_owned())).collect()
}

const FLOW: &[Column; 2] = &[Column::required(&["node"]), Column::required(&["payout_cents"])];
const EDGES: &[Column; 3] =
    &[Column::required(&["source"]), Column::required(&["target"]), Column::required(&["weight"])];
const GRANTS: &[Column; 2] = &[Column::required(&["node"]), Column::required(&["inject_usd"])];
const EXPECTED: &[Column; 3] =
    &[Column::required(&["node"]), Column::required(&["inflow"]), Column::required(&["kept"])];
const PAYMENTS: &[Column; 2] =
    &[Column::required(&["to_project_name"]), Column::required(&["amount"])];

fn float(text: &str) -> f64 {
    text.parse().expect("a number")
}

/// What reached a node, by its id; what it kept, if it is a neuron.
fn inflow(network: &Network, result: &Run, id: &str) -> Amount {
    result.inflow(network.find(id).unwrap_or_else(|| panic!("`{id}` is a node")), 0)
}

fn retained(network: &Network, result: &Run, id: &str) -> Amount {
    let node = network.find(id).unwrap_or_else(|| panic!("`{id}` is a node"));
    let flows = result.records.iter().filter_map(|record| record.flows[0].as_ref());
    sum(flows.map(|flow| flow.retained_by(node)))
}

#[test]
fn the_gg24_flow_is_paid_to_the_cent() {
    let Some(folder) = data("deep-funding/scoring") else { return };
    let expected = rows(&folder.join("flow_gg24.csv"), FLOW);
    let text = r#"
        [network]
        name = "gg24"
        [assets.USD]
        decimals = 2
        [sources.pool]
        gives = "350_000 USD"
        to    = "graph"
        [neurons.graph]
        mechanism   = "dependency"
        edges       = "flow_gg24_edges.csv"
        sources     = "flow_gg24_sources.csv"
        originality = "flow_gg24.csv"
        rounding    = "cumulative"
    "#;
    let network = network(text, Files { folder, texts: &[] }, &NoOracles);
    let result = run_checked(&network);
    assert_eq!(expected.len(), 1_936);
    for [node, cents] in &expected {
        assert_eq!(inflow(&network, &result, node).to_string(), *cents, "{node}");
    }
    assert_eq!(result.totals[0].paid, Amount::from_base(35_000_000));
}

/// A graph of repositories in node-link form.
#[derive(Deserialize)]
struct Published {
    nodes: Vec<Repository>,
    links: Vec<Link>,
}

#[derive(Deserialize)]
struct Repository {
    id: String,
    level: u32,
}

#[derive(Deserialize)]
struct Link {
    source: String,
    target: String,
}

/// One neuron for each repository that builds on others, which keeps half;
/// recipients for the rest. Those of level 1 are fed equally.
fn one_neuron_each(graph: &Published, units: u128) -> Network {
    let mut builder = NetworkBuilder::new("graph");
    let asset = builder.asset(Asset::new("USD", 18));
    let grant = Grant { epoch: 0, asset, amount: Amount::from_base(units) };
    let pool = builder.node("pool", NodeKind::Source(vec![grant]), None);
    let parents: BTreeSet<&str> = graph.links.iter().map(|link| link.source.as_str()).collect();
    let mut keys: BTreeMap<&str, NodeKey> = BTreeMap::new();
    for Repository { id, level } in &graph.nodes {
        let inner = parents.contains(id.as_str());
        let half = Details { retain: "50%".parse().ok(), ..Details::default() };
        let key = if inner {
            builder.node(id.as_str(), NodeKind::Fixed, Some(Box::new(half)))
        } else {
            builder.node(id.as_str(), NodeKind::Recipient, None)
        };
        keys.insert(id, key);
        if *level == 1 {
            builder.edge(pool, key, 1);
        }
    }
    for Link { source, target } in &graph.links {
        builder.edge(keys[source.as_str()], keys[target.as_str()], 1);
    }
    builder.build().expect("the graph is a network")
}

/// What each repository keeps of one unit of money, hop by hop.
fn hop_by_hop(graph: &Published) -> BTreeMap<&str, f64> {
    let mut targets: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for link in &graph.links {
        targets.entry(&link.source).or_default().push(&link.target);
    }
    let roots: Vec<&str> =
        graph.nodes.iter().filter(|node| node.level == 1).map(|node| node.id.as_str()).collect();
    let mut kept: BTreeMap<&str, f64> = BTreeMap::new();
    let mut moving: BTreeMap<&str, f64> =
        roots.iter().map(|id| (*id, 1.0 / roots.len() as f64)).collect();
    for _ in 0..100 {
        for (id, money) in std::mem::take(&mut moving) {
            let Some(targets) = targets.get(id) else {
                *kept.entry(id).or_default() += money;
                continue;
            };
            *kept.entry(id).or_default() += money / 2.0;
            for target in targets {
                *moving.entry(target).or_default() += money / 2.0 / targets.len() as f64;
            }
        }
    }
    kept
}

#[test]
fn five_thousand_repositories_fund_each_other_exactly() {
    let path = "deep-funding/graphs/unweighted_graph.json";
    let Some(path) = data(path) else { return };
    let text = fs::read_to_string(&path).expect("the data can be read");
    let graph: Published = serde_json::from_str(&text).expect("a graph in node-link form");
    assert_eq!((graph.nodes.len(), graph.links.len()), (5_024, 14_927));

    let units = 350_000 * 10_u128.pow(18);
    let network = one_neuron_each(&graph, units);
    let pays_itself = |link: &&Link| link.source == link.target;
    assert_eq!(graph.links.iter().filter(pays_itself).count(), 7);
    // A member of the two-cycle also pays itself.
    let mut members: Vec<usize> = network.loops().map(<[u32]>::len).collect();
    members.sort_unstable();
    assert_eq!(members, [1, 1, 1, 1, 1, 1, 2]);
    let result = run_checked(&network);
    assert_eq!(result.totals[0].accounted(), Ok(Amount::from_base(units)));
    assert!(result.totals[0].unspent.is_zero() && result.totals[0].in_flight.is_zero());

    let by_rule = through_one_rule(path.parent().expect("a folder"), units);
    let by_hops = hop_by_hop(&graph);
    for Repository { id, .. } in &graph.nodes {
        let node = network.find(id).expect("it was added");
        let own = match network.node(node).kind {
            NodeKind::Recipient => result.inflow(node, 0),
            _ => retained(&network, &result, id),
        };
        let hops = by_hops.get(id.as_str()).copied().unwrap_or(0.0) * units as f64;
        let rule = by_rule.get(id.as_str()).copied().unwrap_or_default();
        for other in [hops, rule.to_f64()] {
            assert!((own.to_f64() - other).abs() <= 1e-9 * other + 10.0, "{id}: {own} {other}");
        }
    }
}

/// What the mechanism `dependency` pays to each repository of the same graph.
fn through_one_rule(folder: &Path, units: u128) -> BTreeMap<String, Amount> {
    let text = r#"
        [network]
        name = "graph"
        [assets.USD]
        decimals = 18
        [sources.pool]
        gives = "350_000 USD"
        to    = "graph"
        [neurons.graph]
        mechanism   = "dependency"
        edges       = "repo_parent_weight_graph.csv"
        roots       = ["ethereum"]
        originality = "originality.csv"
    "#;
    // The node above all repositories keeps nothing.
    let originality = ("originality.csv", "node,originality\nethereum,0\n".to_owned());
    let files = Files { folder: folder.to_owned(), texts: &[originality] };
    let network = network(text, files, &NoOracles);
    let result = run_checked(&network);
    assert_eq!(result.totals[0].paid, Amount::from_base(units));
    let paid = (0_u32..).zip(network.nodes()).filter(|(_, node)| node.is_recipient());
    paid.map(|(at, node)| (node.id.to_string(), result.inflow(at, 0))).collect()
}

/// The pruned GG24 graph: weights of a row add up to the half that is passed on.
struct Pruned {
    edges: Vec<[String; 3]>,
    grants: Vec<[String; 2]>,
    expected: Vec<[String; 3]>,
    folder: PathBuf,
}

impl Pruned {
    fn read() -> Option<Self> {
        let folder = data("mechanisms/network_gg24")?;
        Some(Self {
            edges: rows(&folder.join("N1_edges.csv"), EDGES),
            grants: rows(&folder.join("N1_inject.csv"), GRANTS),
            expected: rows(&folder.join("N1_expected.csv"), EXPECTED),
            folder,
        })
    }

    /// One source for each seed, one neuron for each that passes money on.
    fn network(&self) -> Network {
        let mut builder = NetworkBuilder::new("gg24");
        let usd = Asset::new("USD", 18);
        let asset = builder.asset(usd.clone());
        for [id, ..] in &self.expected {
            let half = Details { retain: "50%".parse().ok(), ..Details::default() };
            let inner = self.edges.iter().any(|[source, ..]| source == id);
            let (kind, details) = if inner {
                (NodeKind::Fixed, Some(Box::new(half)))
            } else {
                (NodeKind::Recipient, None)
            };
            let key = builder.node(id.as_str(), kind, details);
            for [_, target, weight] in self.edges.iter().filter(|[source, ..]| source == id) {
                #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "≤ 1")]
                let weight = (float(weight) * (1_u64 << 60) as f64) as u64;
                builder.edge_to(key, target, weight, None);
            }
        }
        for [node, usd_text] in &self.grants {
            let amount = usd.parse(usd_text).expect("a decimal of at most 18 places");
            let grant = Grant { epoch: 0, asset, amount };
            let source = builder.node(format!("to {node}"), NodeKind::Source(vec![grant]), None);
            builder.edge_to(source, node, 1, None);
        }
        builder.build().expect("the graph is a network")
    }
}

fn near(found: Amount, expected: &str) -> bool {
    let (found, expected) = (found.to_f64() / 1e18, float(expected));
    (found - expected).abs() <= 1e-9 * expected
}

#[test]
fn the_pruned_gg24_graph_flows_as_solved_elsewhere() {
    let Some(pruned) = Pruned::read() else { return };
    let network = pruned.network();
    assert_eq!(network.loops().map(<[u32]>::len).collect::<Vec<_>>(), [2], "one two-cycle");
    let result = run_checked(&network);
    assert_eq!(pruned.expected.len(), 2_036);
    for [node, arrives, keeps] in &pruned.expected {
        let found = inflow(&network, &result, node);
        assert!(near(found, arrives), "{node}: {found}, not {arrives}");
        let at_rest = if network.node(network.find(node).expect("a node")).is_recipient() {
            found
        } else {
            retained(&network, &result, node)
        };
        assert!(near(at_rest, keeps), "{node}: {at_rest}, not {keeps}");
    }
}

#[test]
fn the_pruned_gg24_graph_is_paid_by_one_rule() {
    let Some(pruned) = Pruned::read() else { return };
    let mut sources = "node,share\n".to_owned();
    for [node, usd] in &pruned.grants {
        writeln!(sources, "{node},{usd}").expect("text takes all");
    }
    let text = r#"
        [network]
        name = "gg24"
        [assets.USD]
        decimals = 18
        [sources.pool]
        gives = "350_000 USD"
        to    = "graph"
        [neurons.graph]
        mechanism = "dependency"
        edges     = "N1_edges.csv"
        sources   = "sources.csv"
    "#;
    let files = Files { folder: pruned.folder.clone(), texts: &[("sources.csv", sources)] };
    let network = network(text, files, &NoOracles);
    let result = run_checked(&network);
    for [node, _, keeps] in &pruned.expected {
        let found = inflow(&network, &result, node);
        assert!(near(found, keeps), "{node}: {found}, not {keeps}");
    }
}

/// Every payment that Open Source Observer lists becomes a source; 2% of each
/// goes upstream. The column `amount` is in US dollars, with up to 15 decimals.
#[test]
fn two_percent_of_all_known_funding_goes_upstream() {
    let Some(path) = data("oss-funding/funding_data.csv") else { return };
    let payments = rows(&path, PAYMENTS);
    assert_eq!(payments.len(), 5_071);
    let mut text = r#"
        [network]
        name       = "oss-funding"
        recipients = "projects.csv"
        [assets.USD]
        decimals = 18
        [recipients."upstream of all"]
    "#
    .to_owned();
    let mut projects = "id\n".to_owned();
    let mut by_project: BTreeMap<String, Vec<Amount>> = BTreeMap::new();
    for (at, [project, amount]) in payments.iter().enumerate() {
        // Some payments do not say whom they went to.
        let project = if project.is_empty() { "(not named)" } else { project };
        let payee = serde_json::to_string(project).expect("a text");
        writeln!(
            text,
            "[sources.\"payment {at}\"]\ngives = \"{amount} USD\"\nto = {payee}\n\
             pinch = {{ share = \"2%\", to = \"upstream of all\" }}"
        )
        .expect("text takes all");
        let units = Asset::new("USD", 18).parse(amount).expect("a decimal");
        by_project.entry(project.to_owned()).or_default().push(units);
    }
    for project in by_project.keys() {
        writeln!(projects, "\"{}\"", project.replace('"', "\"\"")).expect("text takes all");
    }
    let files = Files { folder: PathBuf::new(), texts: &[("projects.csv", projects)] };
    let network = network(&text, files, &NoOracles);
    let result = run_checked(&network);

    let usd = &network.assets()[0];
    let brought_in = result.totals[0].brought_in;
    assert_eq!(usd.show(brought_in), "448,389,323.240676448825149 USD");
    // A fiftieth to the last decimal.
    let upstream = inflow(&network, &result, "upstream of all");
    assert_eq!(usd.show(upstream), "8,967,786.46481352897650298 USD");
    for (project, payments) in &by_project {
        let given = sum(payments.iter().copied());
        let expected = given.mul_div(U256::from(98), U256::from(100), "test");
        assert_eq!(Ok(inflow(&network, &result, project)), expected, "{project}");
    }
}
