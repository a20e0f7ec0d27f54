//! Time of a consensus of reputers, for few losses and for many.

use std::hint::black_box;

use allonet_core::random::Random;
use allonet_topics::consensus::{Heard, Reports, Work, listen_into, network_losses};
use allonet_topics::epoch::{Scratch, Settled, settle_into};
use allonet_topics::layout::Layout;
use allonet_topics::memory::Memory;
use allonet_topics::settings::Settings;
use criterion::{Criterion, criterion_group, criterion_main};

/// Reports around a common vector, each reputer with an error of its own.
fn reports(reputers: usize, columns: usize) -> Vec<f64> {
    let mut random = Random::new(1);
    let common: Vec<f64> = (0..columns).map(|_| -3.0 + random.uniform()).collect();
    let mut losses = Vec::with_capacity(reputers * columns);
    for reputer in 0..reputers {
        let error = 0.1 + 0.1 * reputer as f64;
        losses.extend(common.iter().map(|loss| loss + error * (random.uniform() - 0.5)));
    }
    losses
}

fn consensus(criterion: &mut Criterion) {
    let settings = Settings::default().consensus;
    for (reputers, columns) in [(5, 26), (5, 36), (100, 1_000), (10, 10_000_000), (100, 1_000_000)]
    {
        let losses = reports(reputers, columns);
        let stakes: Vec<f64> = (0..reputers).map(|m| 1e5 + 1e4 * (m % 7) as f64).collect();
        let reports = Reports { losses: &losses, stakes: &stakes };
        let (mut work, mut heard) = (Work::default(), Heard::default());
        let start = vec![1.0; reputers];
        let name = format!("{reputers} reputers, {columns} losses");
        let mut group = criterion.benchmark_group(name);
        group.sample_size(if columns > 1000 { 10 } else { 100 });
        group.bench_function("listen", |bencher| {
            bencher.iter(|| {
                listen_into(&settings, black_box(&reports), &start, &mut work, &mut heard);
                heard.scores[0]
            });
        });

        let mut out = Vec::new();
        group.bench_function("network losses", |bencher| {
            bencher.iter(|| network_losses(black_box(&reports), &mut out));
        });
    }
}

fn epoch(criterion: &mut Criterion) {
    let (settings, layout) = (Settings::default(), Layout::new(5, 3));
    let losses = reports(5, layout.len());
    let reports = Reports { losses: &losses, stakes: &[1e5, 1.1e5, 1.2e5, 1.3e5, 1.4e5] };
    let mut memory = Memory::new(layout, 5);
    let (mut scratch, mut settled) = (Scratch::default(), Settled::default());
    criterion.bench_function("settle 5 inferers, 3 forecasters, 5 reputers", |bencher| {
        bencher.iter(|| {
            settle_into(&settings, layout, &mut memory, &reports, &mut scratch, &mut settled);
            settled.shares[0]
        });
    });
}

criterion_group!(benches, consensus, epoch);
criterion_main!(benches);
