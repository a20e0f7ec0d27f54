//! Whole epochs on arrays: synthesis, log10 losses of all inferences, and with
//! the reports given everything from network losses to shares in the reward.
//!
//! The inputs of a size are made when the filter selects it: the reports of the
//! two large ones are 800 MB each.

use std::hint::black_box;

use allonet_core::random::Random;
use allonet_topics::consensus::Reports;
use allonet_topics::epoch::{Scratch, Settled, settle_into};
use allonet_topics::kernel;
use allonet_topics::layout::Layout;
use allonet_topics::memory::Memory;
use allonet_topics::settings::Settings;
use allonet_topics::synthesis::{Inputs, Synthesis, synthesise};
use criterion::{Criterion, criterion_group, criterion_main};

/// Inferers, forecasters and reputers.
const SIZES: [(usize, usize, usize); 8] = [
    (3, 3, 5),
    (32, 6, 6),
    (100, 10, 10),
    (300, 30, 10),
    (1_000, 100, 10),
    (3_000, 300, 10),
    (1_000, 1_000, 100),
    (10_000, 1_000, 10),
];

/// A topic in its course, with the inputs of an epoch.
struct Course {
    layout: Layout,
    settings: Settings,
    inferences: Vec<f64>,
    forecasts: Vec<f64>,
    reports: Vec<f64>,
    stakes: Vec<f64>,
    memory: Memory,
    synthesis: Synthesis,
    losses: Vec<f64>,
    scratch: Scratch,
    settled: Settled,
}

impl Course {
    fn new(inferers: usize, forecasters: usize, reputers: usize) -> Self {
        let layout = Layout::new(inferers, forecasters);
        let mut random = Random::new(1);
        let mut normal = |count: usize| (0..count).map(|_| random.normal()).collect::<Vec<_>>();
        Self {
            layout,
            settings: Settings::default(),
            inferences: normal(inferers),
            forecasts: normal(inferers * forecasters),
            reports: normal(reputers * layout.len()),
            stakes: vec![1.0; reputers],
            memory: Memory { network_loss: Some(0.0), ..Memory::new(layout, reputers) },
            synthesis: Synthesis::default(),
            losses: Vec::new(),
            scratch: Scratch::default(),
            settled: Settled::default(),
        }
    }

    fn epoch(&mut self) -> f64 {
        let inputs = Inputs {
            layout: self.layout,
            inferences: &self.inferences,
            forecasts: &self.forecasts,
            last_loss: self.memory.network_loss,
            regrets: &self.memory.regrets,
        };
        synthesise(&self.settings, black_box(&inputs), &mut self.synthesis);
        self.losses.clear();
        self.losses.extend(self.synthesis.values.iter().map(|value| value * value));
        kernel::log10(&mut self.losses);
        let reports = Reports { losses: black_box(&self.reports), stakes: &self.stakes };
        let Self { settings, layout, memory, scratch, settled, .. } = self;
        settle_into(settings, *layout, memory, &reports, scratch, settled);
        black_box(self.losses[Layout::NETWORK]) + self.settled.task_score
    }
}

fn bench(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("epoch");
    group.sample_size(10);
    for (inferers, forecasters, reputers) in SIZES {
        group.bench_function(format!("{inferers}/{forecasters}/{reputers}"), |bencher| {
            let mut course = Course::new(inferers, forecasters, reputers);
            bencher.iter(|| course.epoch());
        });
    }
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
