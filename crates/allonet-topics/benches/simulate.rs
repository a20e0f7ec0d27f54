//! Speed of the experiment: 400 seeds of 200 epochs, rewards included, on one
//! thread and on two.

use std::hint::black_box;

use allonet_topics::simulate::design::Design;
use allonet_topics::simulate::experiment::run;
use criterion::{Criterion, criterion_group, criterion_main};

fn experiment(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("experiment 400x200");
    group.sample_size(10);
    for (name, letter) in [("3/3/5", 'A'), ("5/3/5", 'H')] {
        let design = Design::variant(letter).expect("a known letter");
        for threads in [1, 2] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
            let pool = pool.expect("threads start");
            group.bench_function(format!("{name}, {threads} threads"), |bencher| {
                let experiment = || run(black_box(&design), 400, 1).expect("it can be run");
                bencher.iter(|| pool.install(experiment));
            });
        }
    }
    group.finish();
}

criterion_group!(benches, experiment);
criterion_main!(benches);
