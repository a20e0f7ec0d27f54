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

/// An epoch of a topic.
struct Epoch {
    layout: Layout,
    inferences: Vec<f64>,
    forecasts: Vec<f64>,
    losses: Vec<f64>,
    regrets: Regrets,
}

impl Epoch {
    fn new(inferers: usize, forecasters: usize) -> Self {
        let layout = Layout::new(inferers, forecasters);
        let workers = layout.workers();
        let mut random = Random::new(1);
        let mut normal = |count: usize| (0..count).map(|_| random.normal()).collect::<Vec<_>>();
        Self {
            layout,
            inferences: normal(inferers),
            forecasts: normal(inferers * forecasters),
            losses: normal(layout.len()),
            regrets: Regrets {
                network: normal(workers),
                naive: normal(inferers),
                one_out: normal(workers * workers),
                one_in: normal(forecasters * (inferers + 1)),
            },
        }
    }

    fn inputs(&self) -> Inputs<'_> {
        Inputs {
            layout: self.layout,
            inferences: &self.inferences,
            forecasts: &self.forecasts,
            last_loss: Some(0.0),
            regrets: &self.regrets,
        }
    }
}

fn bench(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("topics");
    group.sample_size(10);
    for (inferers, forecasters) in SIZES {
        let size = format!("{inferers}/{forecasters}");
        group.bench_function(BenchmarkId::new("synthesise", &size), |bencher| {
            let (epoch, mut out) = (Epoch::new(inferers, forecasters), Synthesis::default());
            bencher.iter(|| {
                synthesise(&Settings::default(), black_box(&epoch.inputs()), &mut out);
                black_box(out.network())
            });
        });
        group.bench_function(BenchmarkId::new("regrets", &size), |bencher| {
            let Epoch { layout, losses, mut regrets, .. } = Epoch::new(inferers, forecasters);
            bencher.iter(|| regrets.update(layout, black_box(&losses), 0.1));
        });
    }
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
