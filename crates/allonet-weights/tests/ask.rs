//! Good questions save answers: the small version of the bench `sampling`.

use allonet_weights::ask::Criterion;

#[path = "../benches/trial/mod.rs"]
mod trial;

use trial::{World, curves, saving};

#[test]
fn chosen_questions_need_fewer_answers_than_random_ones() {
    let world = World::Drawn { items: 30, spread: 1.3 };
    let random = curves(&world, None, 30, 900, 8);
    let chosen = curves(&world, Some(Criterion::TotalVariation), 6, 600, 8);
    let at = random[0].iter().position(|point| point.answers >= 780).unwrap();
    let goal = random.iter().map(|curve| curve[at].total_variation).sum::<f64>() / 8.0;
    let saved = saving(&random, &chosen, |point| point.total_variation, goal).unwrap();
    assert!(
        saved.ratio < 0.7 && saved.low <= saved.ratio && saved.ratio <= saved.high,
        "{saved:?}"
    );
    assert!((saved.error - goal).abs() < 1e-12 && saved.active < saved.random);
    // What it costs: small items are known less well.
    let last = chosen[0].last().unwrap();
    assert!(last.log_error.is_finite() && last.answers >= 600);
}

#[test]
fn a_pool_gives_each_answer_once() {
    let mut jury = allonet_weights::synthetic::Jury { items: 10, ..Default::default() }.draw(1);
    let pool = jury.comparisons(200);
    for order in [None, Some(Criterion::Information)] {
        let curves = curves(&World::Pool(&pool), order, 5, 1_000, 2);
        for curve in curves {
            let last = curve.last().unwrap();
            assert_eq!(last.answers, 200, "all are used, none twice");
            assert!(last.total_variation < 1e-4, "then it is the fit of all");
        }
    }
}
