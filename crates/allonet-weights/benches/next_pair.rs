//! The next pair of a thousand items: from a fresh set of comparisons, and after
//! each further answer.

use std::hint::black_box;
use std::time::Duration;

use allonet_weights::ask::{Session, Settings};
use allonet_weights::comparisons::Choice;
use allonet_weights::synthetic::Jury;
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};

fn fresh(criterion: &mut Criterion) {
    for answers in [20_000, 50_000] {
        let mut jury = Jury { items: 1_000, ..Jury::default() }.draw(1);
        let comparisons = jury.comparisons(answers);
        criterion.bench_function(&format!("fresh: 1,000 items, {answers} answers"), |bencher| {
            bencher.iter(|| {
                let known = Session::knowing(black_box(&comparisons), Settings::default());
                known.expect("enough items").next()
            });
        });
    }
}

fn further(criterion: &mut Criterion) {
    let mut jury = Jury { items: 1_000, ..Jury::default() }.draw(1);
    let comparisons = jury.comparisons(20_000);
    let mut session = Session::knowing(&comparisons, Settings::default()).expect("enough items");
    session.observe(0, 1, Choice::Left);
    session.next();
    let mut group = criterion.benchmark_group("further");
    group.sample_size(10).measurement_time(Duration::from_secs(5));
    group.bench_function("1,000 items: answer and next", |bencher| {
        bencher.iter_batched(
            || session.clone(),
            |mut session| {
                session.answer(2, 3, Choice::Right);
                session.next()
            },
            BatchSize::LargeInput,
        );
    });
    group.bench_function("1,000 items: the covariance of all", |bencher| {
        bencher.iter_batched(
            || {
                let mut session = session.clone();
                session.refit();
                session
            },
            |mut session| session.log_deviations(),
            BatchSize::LargeInput,
        );
    });
    group.finish();
}

criterion_group!(benches, fresh, further);
criterion_main!(benches);
