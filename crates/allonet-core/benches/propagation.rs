//! Speed of propagation by size: `cargo bench -p allonet-core --bench propagation`.
//!
//! Nodes have ten edges each; about one node in fifty is a recipient that never
//! passes money on. Acyclic networks point to later nodes only; cyclic ones
//! anywhere, each node keeping a tenth. Set `ALLONET_BENCH_LARGE=1` for the
//! million-node sizes; the peak memory of the process is printed with them.

#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "a bench may panic and report")]

use std::hint::black_box;

use allonet_core::engine::{RunOptions, run};
use allonet_core::money::{Amount, Asset, Share};
use allonet_core::network::{Details, Grant, Network, NetworkBuilder, NodeKind};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

/// SplitMix64: the same networks on every machine.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((z ^ (z >> 31)) % below as u64).unwrap()
    }
}

const EDGES: usize = 10;

fn network(nodes: usize, cyclic: bool) -> Network {
    let mut numbers = Numbers(nodes as u64);
    let mut builder = NetworkBuilder::new("bench");
    builder.asset(Asset::new("USDC", 6));
    let tenth = Share::new(1, 10);
    let keys: Vec<_> = (0..nodes)
        .map(|node| {
            let ends = node % 50 == 7 || node + 1 == nodes;
            let kind = if ends { NodeKind::Recipient } else { NodeKind::Fixed };
            let details = Details { retain: tenth, ..Details::default() };
            let details = (cyclic && !ends).then(|| Box::new(details));
            builder.node(format!("n{node:08}"), kind, details)
        })
        .collect();
    for node in (0..nodes - 1).filter(|node| node % 50 != 7) {
        for _ in 0..EDGES {
            let after = node + 1 + numbers.next((nodes - node - 1).min(10_000));
            let target = if cyclic { numbers.next(nodes) } else { after };
            builder.edge(keys[node], keys[target], 1 + numbers.next(1_000) as u64);
        }
    }
    let amount = Amount::from_base(350_000_000_000);
    let grants = vec![Grant { epoch: 0, asset: 0, amount }];
    let source = builder.node("source", NodeKind::Source(grants), None);
    for key in keys.iter().take(1_000) {
        builder.edge(source, *key, 1);
    }
    builder.build().unwrap()
}

fn peak_memory_mb() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM"))?;
    line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kb| kb / 1_000)
}

fn propagation(criterion: &mut Criterion) {
    let large = std::env::var_os("ALLONET_BENCH_LARGE").is_some();
    let sizes: &[usize] =
        if large { &[1_000, 10_000, 100_000, 1_000_000] } else { &[1_000, 10_000] };
    for (name, cyclic) in [("acyclic", false), ("cyclic", true)] {
        let mut group = criterion.benchmark_group(name);
        group.sample_size(10);
        for nodes in sizes {
            let network = network(*nodes, cyclic);
            let edges = network.legs().targets.len() as u64;
            group.throughput(Throughput::Elements(edges));
            group.bench_function(BenchmarkId::from_parameter(edges), |bencher| {
                bencher.iter(|| black_box(run(&network, RunOptions::default()).unwrap()));
            });
            eprintln!("{name}, {edges} edges: peak memory so far {:?} MB", peak_memory_mb());
        }
        group.finish();
    }
}

criterion_group!(benches, propagation);
criterion_main!(benches);
