//! A jury as large as that of the Deep Funding pilot (45 items, 37 jurors, 593
//! answers): every juror and every pair left out, and a bootstrap over jurors.

use std::hint::black_box;

use allonet_weights::comparisons::Comparisons;
use allonet_weights::jury::Model;
use allonet_weights::jury::influence::{Unit, influence};
use allonet_weights::jury::intervals::{Estimator, bootstrap};
use allonet_weights::synthetic::Jury;
use criterion::{Criterion, criterion_group, criterion_main};

fn pilot() -> Comparisons {
    let jury = Jury { items: 45, jurors: 37, noise: 2.3, scale: 0.4, ..Jury::default() };
    jury.draw(3).comparisons(593)
}

fn leave_out(criterion: &mut Criterion) {
    let comparisons = pilot();
    let mut group = criterion.benchmark_group("influence");
    for (name, model) in [
        ("least squares", Model::LeastSquares { ridge: 0.0 }),
        ("Bradley-Terry", Model::BradleyTerry { prior: 0.01 }),
    ] {
        for (what, unit) in [("37 jurors", Unit::Juror), ("593 answers", Unit::Row)] {
            group.bench_function(format!("{name}, {what}"), |bencher| {
                bencher.iter(|| influence(black_box(&comparisons), model, unit));
            });
        }
        let estimator = Estimator::Model(model);
        group.sample_size(20).bench_function(format!("{name}, 1,000 replicates"), |bencher| {
            bencher.iter(|| bootstrap(black_box(&comparisons), &estimator, 1_000, 1));
        });
    }
    group.finish();
}

criterion_group!(benches, leave_out);
criterion_main!(benches);
