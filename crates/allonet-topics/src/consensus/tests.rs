//! The short way against the long way, and what degenerate reports come to.

use allonet_core::random::Random;
use proptest::prelude::*;

use super::*;
use crate::settings::Settings;

fn settings() -> Consensus {
    Settings::default().consensus
}

/// Eq 30 to 35 as printed, with every distance column by column.
fn slowly(settings: &Consensus, reports: &Reports<'_>, start: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let (n, width) = (reports.reputers(), reports.columns());
    let score = |a: &[f64]| {
        let heard: f64 = a.iter().zip(reports.stakes).map(|(a, s)| a * s).sum();
        let adjusted: Vec<f64> = a
            .iter()
            .zip(reports.stakes)
            .map(|(a, s)| (n as f64 * a * s / heard).min(1.0))
            .collect();
        let (mut far, mut length) = (vec![0.0; n], 0.0);
        for column in 0..width {
            let loss = |m: usize| reports.losses[m * width + column];
            let given: Vec<usize> = (0..n).filter(|m| !loss(*m).is_nan()).collect();
            let weight: f64 = given.iter().map(|m| adjusted[*m]).sum();
            if weight == 0.0 {
                continue;
            }
            let c = given.iter().map(|m| adjusted[*m] * loss(*m)).sum::<f64>() / weight;
            let most = given.iter().map(|m| (loss(*m) - c).abs()).fold(0.0, f64::max);
            for (m, far) in far.iter_mut().enumerate() {
                let d = if loss(m).is_nan() { most } else { loss(m) - c };
                *far += d * d;
            }
            length += c * c;
        }
        let length = f64::sqrt(length).max(1e-7);
        let each = far.iter().map(|far| 1.0 / (far.sqrt() / length + settings.epsilon));
        each.collect::<Vec<f64>>()
    };
    let all: f64 = reports.stakes.iter().sum();
    let mean = |t: &[f64]| t.iter().zip(reports.stakes).map(|(t, s)| t * s).sum::<f64>() / all;
    let (mut a, mut scores) = (start.to_vec(), Vec::new());
    for _ in 0..settings.iterations {
        scores = score(&a);
        let base = mean(&scores);
        let gradient = (0..n).map(|m| {
            let d = if a[m] >= 1.0 { -settings.difference } else { settings.difference };
            let mut other = a.clone();
            other[m] += d;
            (1.0 - base / mean(&score(&other))) / d
        });
        let moved: Vec<f64> = gradient
            .zip(&a)
            .map(|(gradient, a)| (a + settings.rate * gradient).clamp(0.0, 1.0))
            .collect();
        let part = |a: &[f64]| a.iter().zip(reports.stakes).map(|(a, s)| a * s).sum::<f64>() / all;
        let (before, after) = (part(&a), part(&moved));
        let step = if after < settings.floor { (0.5 - before) / (after - before) } else { 1.0 };
        let next: Vec<f64> = a.iter().zip(&moved).map(|(a, b)| a + (b - a) * step).collect();
        let most = a.iter().zip(&next).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        a = next;
        if most / settings.rate < settings.threshold {
            break;
        }
    }
    (scores, a)
}

#[track_caller]
fn same(losses: &[f64], stakes: &[f64], tolerance: f64) {
    let reports = Reports { losses, stakes };
    let start = vec![1.0; stakes.len()];
    let heard = listen(&settings(), &reports, &start);
    let (scores, coefficients) = slowly(&settings(), &reports, &start);
    let pairs =
        heard.scores.iter().zip(&scores).chain(heard.coefficients.iter().zip(&coefficients));
    for (found, wanted) in pairs {
        let far = (found - wanted).abs() / wanted.abs().max(1e-3);
        assert!(far <= tolerance, "{found} {wanted} {far:e}\n{heard:?}\n{coefficients:?}");
    }
}

fn noisy(reputers: usize, columns: usize, size: f64, noise: &[f64]) -> Vec<f64> {
    let mut random = Random::new(5);
    let common: Vec<f64> = (0..columns).map(|_| size * random.normal()).collect();
    let row = |m: usize| {
        let mut random = Random::part(7, m as u64);
        let noise = noise[m % noise.len()];
        common.iter().map(|loss| loss + noise * random.normal()).collect::<Vec<_>>()
    };
    (0..reputers).flat_map(row).collect()
}

#[test]
fn as_the_long_way() {
    let stakes: Vec<f64> = (0..9).map(|m| 1e4 * f64::from(1 + m * m)).collect();
    same(&noisy(9, 300, 3.0, &[0.1, 0.3, 1.0]), &stakes, 1e-10);
    same(&noisy(9, 1, 3.0, &[0.5]), &stakes, 1e-10);
    same(&noisy(3, 26, 1.0, &[0.5]), &[1.0, 1e-9, 1e9], 1e-10);
}

#[test]
fn near_agreement_beside_gross_outliers() {
    let stakes = [1e5, 2e5, 3e5, 4e5, 5e5];
    // One of five is 300 off; the others differ by 1e-3, 1e-8, or not at all.
    for noise in [1e-3, 1e-8, 0.0] {
        same(&noisy(5, 40, 300.0, &[noise, noise, noise, noise, 300.0]), &stakes, 1e-9);
        same(&noisy(5, 40, 1.0, &[noise]), &stakes, 1e-9);
    }
    // One exactly between two others: nothing is left of its distance.
    same(&[-301.0, 299.0, -1.0, -1.0, 299.0, -301.0], &[1.0, 1.0, 1.0], 1e-9);
}

#[test]
fn what_is_left_out_is_the_most_distant_value() {
    let mut losses = noisy(4, 12, 2.0, &[0.1, 0.4]);
    for hole in [3, 12 + 3, 30] {
        losses[hole] = f64::NAN;
    }
    // A column of nobody.
    (0..4).for_each(|m| losses[m * 12 + 7] = f64::NAN);
    same(&losses, &[1e5, 2e5, 3e5, 1e5], 1e-10);
    // 0, 0 and −9 have the consensus −3: furthest is −9, by 6, not 0, by 3.
    let losses = [3.0, 0.0, 3.0, 0.0, 3.0, -9.0, 3.0, f64::NAN];
    let reports = Reports { losses: &losses, stakes: &[1.0; 4] };
    let heard = listen(&Consensus { iterations: 0, ..settings() }, &reports, &[1.0; 4]);
    let wanted = 1.0 / (6.0 / 18.0_f64.sqrt() + 0.01);
    assert!((heard.scores[3] - wanted).abs() < 1e-14, "{heard:?}");
}

#[test]
fn many_columns_give_the_same_bytes_on_any_number_of_threads() {
    let losses = noisy(12, 3 * GROUP_COLUMNS + 17, 1.0, &[0.1, 0.2, 0.9]);
    let stakes = [1e5; 12];
    let reports = Reports { losses: &losses, stakes: &stakes };
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
        pool.install(|| listen(&settings(), &reports, &[1.0; 12]))
    };
    let one = run(1);
    assert_eq!(one, run(3));
    let (scores, _) = slowly(&Consensus { iterations: 1, ..settings() }, &reports, &[1.0; 12]);
    let first = listen(&Consensus { iterations: 1, ..settings() }, &reports, &[1.0; 12]);
    for (found, wanted) in first.scores.iter().zip(&scores) {
        assert!((found / wanted - 1.0).abs() < 1e-10);
    }
}

/// Columns that one thread takes at a time.
const GROUP_COLUMNS: usize = 64 * PANEL;

#[test]
fn a_minority_of_liars_is_silenced_and_the_floor_holds() {
    let mut coefficients = vec![1.0; 5];
    let stakes = [1e5; 5];
    for epoch in 0..30_u64 {
        let mut random = Random::part(3, epoch);
        let truth: Vec<f64> = (0..36).map(|_| -2.0 + random.normal()).collect();
        let lie = |m: usize, column: usize| if m >= 3 { 2.0 * ((column % 3) as f64) } else { 0.0 };
        let mut losses = Vec::new();
        for m in 0..5 {
            let row = truth.iter().enumerate();
            losses.extend(row.map(|(at, loss)| loss + 0.05 * random.normal() + lie(m, at)));
        }
        let heard =
            listen(&settings(), &Reports { losses: &losses, stakes: &stakes }, &coefficients);
        assert!(heard.listened >= 0.5 - 1e-12);
        coefficients = heard.coefficients;
    }
    assert!(coefficients[..3].iter().all(|a| *a > 0.8), "{coefficients:?}");
    assert!(coefficients[3..].iter().all(|a| *a < 0.2), "{coefficients:?}");
}

#[test]
fn degenerate_reports() {
    let settings = settings();
    let nobody = listen(&settings, &Reports { losses: &[], stakes: &[] }, &[]);
    assert_eq!((nobody.scores.len(), nobody.listened), (0, 0.0));
    // Alone: its own consensus.
    let alone = listen(&settings, &Reports { losses: &[-1.0, 2.0], stakes: &[5.0] }, &[1.0]);
    assert_eq!((alone.scores, alone.adjusted, alone.iterations), (vec![100.0], vec![1.0], 1));
    // All the same; all zero: a consensus without length.
    for loss in [3.0, 0.0, f64::NAN, f64::INFINITY, 1e308] {
        let heard =
            listen(&settings, &Reports { losses: &[loss; 6], stakes: &[1.0; 3] }, &[1.0; 3]);
        assert!(heard.scores.iter().all(|score| (score - 100.0).abs() < 1e-12), "{loss}");
        assert_eq!(heard.coefficients, [1.0; 3], "{loss}");
    }
    let two = [-1.0, -2.0, -1.5, -1.0];
    // Equal stakes, whatever their size, are equally far from their mean.
    let at_once = Consensus { iterations: 0, ..settings };
    for stakes in [[0.0, 0.0], [1.0, 1.0], [f64::MAX, f64::MAX], [1e-300, 1e-300]] {
        let heard = listen(&at_once, &Reports { losses: &two, stakes: &stakes }, &[1.0; 2]);
        assert!((heard.scores[0] / heard.scores[1] - 1.0).abs() < 1e-12, "{stakes:?}");
    }
    let all = listen(&settings, &Reports { losses: &two, stakes: &[0.0, 7.0] }, &[1.0; 2]);
    assert!(all.adjusted[0] == 0.0 && (all.scores[1] - 100.0).abs() < 1e-12, "{all:?}");
    let deaf = listen(&settings, &Reports { losses: &two, stakes: &[1.0, 1.0] }, &[0.0; 2]);
    assert!(deaf.listened >= 0.5 - 1e-12, "{deaf:?}");
}

#[test]
fn coefficients_without_bounds_stay_numbers() {
    let settings = Consensus { bounded: false, ..settings() };
    let losses = noisy(4, 12, 2.0, &[0.1, 0.4, 1.0, 0.2]);
    let stakes = [1e5, 2e5, 3e5, 1e5];
    let reports = Reports { losses: &losses, stakes: &stakes };
    let starts = [
        [3.0, 0.9, 0.5, -0.3],
        [1.0, 1.0, 1.0, -5.999],
        [2.0, -1.0, 0.0, 0.0],
        [f64::NAN, f64::INFINITY, 0.5, f64::NEG_INFINITY],
        [1e300, -1e300, 0.5, 0.5],
        [-1.0; 4],
    ];
    for start in starts {
        let heard = listen(&settings, &reports, &start);
        let all = heard.scores.iter().chain(&heard.coefficients).chain(&heard.adjusted);
        assert!(all.chain([&heard.listened]).all(|value| value.is_finite()), "{start:?} {heard:?}");
    }
    // Within bounds, and not below the floor, nothing is different.
    let start = [0.9, 0.8, 0.95, 1.0];
    let bounded = Consensus { bounded: true, ..settings };
    assert_eq!(listen(&settings, &reports, &start), listen(&bounded, &reports, &start));
    // What is no number counts as 1.
    let odd = listen(&bounded, &reports, &[f64::NAN, 0.8, 0.95, f64::INFINITY]);
    assert_eq!(odd, listen(&bounded, &reports, &[1.0, 0.8, 0.95, 1.0]));
}

#[test]
fn network_losses_by_hand() {
    let (nan, mut found) = (f64::NAN, Vec::new());
    let losses = [-1.0, -2.0, nan, nan, -3.0, nan, nan, -5.0];
    network_losses(&Reports { losses: &losses, stakes: &[1.0, 3.0] }, &mut found);
    assert_eq!((found[0], found[1], found[3]), (-2.5, -2.0, -5.0));
    assert!(found[2].is_nan());
    network_losses(&Reports { losses: &[-1.0, -3.0], stakes: &[0.0, 0.0] }, &mut found);
    assert_eq!(found, [-2.0]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn any_reports(
        raw in prop::collection::vec(prop_oneof![
            8 => -5.0_f64..5.0, 1 => -300.0_f64..300.0, 1 => Just(f64::NAN)
        ], 24),
        stakes in prop::array::uniform4(1.0_f64..1e6),
        start in prop::array::uniform4(0.6_f64..1.0),
    ) {
        let reports = Reports { losses: &raw, stakes: &stakes };
        let heard = listen(&settings(), &reports, &start);
        prop_assert!(heard.scores.iter().all(|score| *score > 0.0 && *score <= 100.0 + 1e-9));
        prop_assert!(heard.coefficients.iter().all(|a| (0.0..=1.0).contains(a)));
        prop_assert!(heard.listened >= 0.5 - 1e-12);
        // The order of reputers changes nothing but rounding.
        let turned: Vec<f64> = [&raw[18..], &raw[..18]].concat();
        let turn = |v: [f64; 4]| [v[3], v[0], v[1], v[2]];
        let other = Reports { losses: &turned, stakes: &turn(stakes) };
        let other = listen(&settings(), &other, &turn(start));
        for m in 0..4 {
            let (a, b) = (heard.scores[m], other.scores[(m + 1) % 4]);
            prop_assert!((a / b - 1.0).abs() < 1e-7, "{} {}", a, b);
        }
    }
}
