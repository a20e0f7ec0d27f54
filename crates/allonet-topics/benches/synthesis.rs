//! Synthesis and the update of regrets, from the smallest topic to ten thousand
//! inferers.

use allonet_core::random::Random;
use allonet_topics::layout::Layout;
use allonet_topics::memory::Regrets;
use allonet_topics::settings::Settings;
use allonet_topics::synthesis::{Inputs, Synthesis, synthesise};
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use std::hint::black_box;

/// Inferers and forecasters.
const SIZES: [(usize, usize); 6] =
    [(3, 3), (32, 6), (128, 6), (1_000, 100), (1_000, 1_000), (10_000, 1_000)];

fn normal(random: &mut Random, count: usize) -> Vec<f64> {
    (0..count).map(|_| random.normal()).collect()
}

fn regrets(random: &mut Random, layout: Layout) -> Regrets {
    let workers = layout.workers();
    Regrets {
        network: normal(random, workers),
        naive: normal(random, layout.inferers),
        one_out: normal(random, workers * workers),
        one_in: normal(random, layout.forecasters * (layout.inferers + 1)),
    }
}

fn bench(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("topics");
    group.sample_size(10);
    for (inferers, forecasters) in SIZES {
        let layout = Layout::new(inferers, forecasters);
        let mut random = Random::new(1);
        let inferences = normal(&mut random, inferers);
        let forecasts = normal(&mut random, inferers * forecasters);
        let mut regrets = regrets(&mut random, layout);
        let size = format!("{inferers}/{forecasters}");
        let mut out = Synthesis::default();
        group.bench_function(BenchmarkId::new("synthesise", &size), |bencher| {
            let inputs = Inputs {
                layout,
                inferences: &inferences,
                forecasts: &forecasts,
                last_loss: Some(0.0),
                regrets: &regrets,
            };
            bencher.iter(|| {
                synthesise(&Settings::default(), black_box(&inputs), &mut out);
                black_box(out.network())
            });
        });
        let losses = normal(&mut random, layout.len());
        group.bench_function(BenchmarkId::new("regrets", &size), |bencher| {
            bencher.iter(|| regrets.update(layout, black_box(&losses), 0.1));
        });
    }
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
