//! Speed of the experiment: 400 seeds of 200 epochs, rewards included.

use std::hint::black_box;

use allonet_topics::simulate::design::Design;
use allonet_topics::simulate::experiment::run;
use criterion::{Criterion, criterion_group, criterion_main};

fn experiment(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("experiment 400x200");
    group.sample_size(10);
    for (name, letter) in [("3/3/5", 'A'), ("5/3/5", 'H')] {
        let design = Design::variant(letter).expect("a known letter");
        group.bench_function(name, |bencher| {
            bencher.iter(|| run(black_box(&design), 400, 1).expect("it can be run"));
        });
    }
    group.finish();
}

criterion_group!(benches, experiment);
criterion_main!(benches);
