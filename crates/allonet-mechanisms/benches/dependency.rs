//! Speed of a published dependency graph:
//! `cargo bench -p allonet-mechanisms --bench dependency`.
//!
//! 350,000.00 USD go through the graph of Deep Funding's pilot round, which has
//! 5,024 projects and 14,927 edges. Once through a neuron with the rule
//! `dependency`, from the text of the table to the payouts; once through a
//! network in which every project is a node of its own, which is only run. Every
//! project that builds on others keeps half. The data is not part of the
//! repository; without it this says `skipped`.

#![expect(clippy::unwrap_used, reason = "a bench may panic")]

use std::collections::BTreeMap;
use std::fmt::Write;
use std::hint::black_box;

use allonet_core::engine::{Run, RunOptions, run};
use allonet_core::money::{Amount, Asset, Share};
use allonet_core::network::{Details, Grant, Network, NetworkBuilder, NodeKind};
use allonet_mechanisms::trial::{Trial, TurnResult, trial_of};
use criterion::{Criterion, criterion_group, criterion_main};

const CENTS: u128 = 35_000_000;
/// The parent in rows that say where the money enters.
const ENTRY: &str = "ethereum";

/// The published table: columns `repo`, `parent` and `weight`.
struct Rows {
    edges: Vec<[String; 3]>,
    entries: Vec<[String; 3]>,
}

impl Rows {
    fn read(text: &str) -> Self {
        let row = |line: &str| {
            let mut cells = line.split(',').map(str::to_owned);
            [(); 3].map(|()| cells.next().unwrap())
        };
        let (entries, edges) =
            text.lines().skip(1).map(row).partition(|[_, parent, _]| parent == ENTRY);
        Self { edges, entries }
    }

    fn trial(&self) -> Trial {
        let mut edges = "repo,parent,weight\n".to_owned();
        for row in &self.edges {
            writeln!(edges, "{}", row.join(",")).unwrap();
        }
        let mut sources = "node,share\n".to_owned();
        for [node, _, share] in &self.entries {
            writeln!(sources, "{node},{share}").unwrap();
        }
        trial_of("dependency").file("edges", &edges).file("sources", &sources)
    }

    fn network(&self) -> Network {
        let mut builder = NetworkBuilder::new("bench");
        let asset = builder.asset(Asset::new("USD", 2));
        let rows = || self.edges.iter().chain(&self.entries);
        let mut nodes: BTreeMap<&str, bool> =
            rows().map(|[repo, ..]| (repo.as_str(), false)).collect();
        nodes.extend(self.edges.iter().map(|[_, parent, _]| (parent.as_str(), true)));
        let mut keys = BTreeMap::new();
        for (id, passes_on) in nodes {
            let details = Details { retain: Share::new(1, 2), ..Details::default() };
            let kind = if passes_on { NodeKind::Fixed } else { NodeKind::Recipient };
            let details = passes_on.then(|| Box::new(details));
            keys.insert(id, builder.node(id, kind, details));
        }
        let amount = Amount::from_base(CENTS);
        let grant = Grant { epoch: 0, asset, amount };
        keys.insert(ENTRY, builder.node(ENTRY, NodeKind::Source(vec![grant]), None));
        for [repo, parent, weight] in rows() {
            builder.edge(keys[parent.as_str()], keys[repo.as_str()], whole(weight));
        }
        builder.build().unwrap()
    }
}

/// A weight of at most 1 in parts of 2^60.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 2^60")]
fn whole(weight: &str) -> u64 {
    (weight.parse::<f64>().unwrap() * (1_u64 << 60) as f64) as u64
}

/// Both ways pay everybody the same, up to the cents that each node rounds.
fn compare(result: &TurnResult, network: &Network, run: &Run) {
    for (at, node) in (0_u32..).zip(network.nodes()).filter(|(_, node)| &*node.id != ENTRY) {
        let kept = if node.is_recipient() {
            run.inflow(at, 0)
        } else {
            run.records[0].flows[0].as_ref().unwrap().retained_by(at)
        };
        let (one, other) = (result.paid(&node.id).to_f64(), kept.to_f64());
        let allowed = 3.0 + 1e-3 * one;
        assert!((one - other).abs() <= allowed, "{}: {one} and {other} cents", node.id);
    }
}

fn dependency(criterion: &mut Criterion) {
    let Some(text) = allonet_testdata::text("deep-funding/graphs/repo_parent_weight_graph.csv")
    else {
        return;
    };
    let rows = Rows::read(&text);
    let (trial, network) = (rows.trial(), rows.network());
    assert_eq!((network.nodes().len() - 1, rows.edges.len()), (5_024, 14_927));
    let by_network = || run(&network, RunOptions::default()).unwrap();
    compare(&trial.run(CENTS).unwrap(), &network, &by_network());

    let mut group = criterion.benchmark_group("deep funding, 5,024 projects");
    group.bench_function("one neuron, from the table", |bencher| {
        bencher.iter(|| black_box(trial.run(CENTS).unwrap()));
    });
    group.bench_function("a node for each project, run only", |bencher| {
        bencher.iter(|| black_box(by_network()));
    });
    group.finish();
}

criterion_group!(benches, dependency);
criterion_main!(benches);
