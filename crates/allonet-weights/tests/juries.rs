//! Models of jurors on juries that never were, and what must not matter.

use allonet_weights::comparisons::{Builder, Choice, Comparisons};
use allonet_weights::estimate::{centre, logistic};
use allonet_weights::juror_model::{
    JurorModel, NINETY_PER_CENT, ReliabilitySettings, ScaleSettings, juror_scale, reliability,
};
use allonet_weights::random::Random;
use allonet_weights::rules::{FitError, Parameters, fit};
use allonet_weights::synthetic::Jury;
use proptest::prelude::*;

const THIRD: f64 = 1.0 / 3.0;

fn by_direction(comparisons: &Comparisons) -> JurorModel {
    reliability(comparisons, &ReliabilitySettings::default()).expect("it settles")
}

fn by_intensity(comparisons: &Comparisons) -> JurorModel {
    juror_scale(comparisons, &ScaleSettings::default()).expect("it settles")
}

fn near(a: &[f64], b: &[f64], error: f64) {
    assert_eq!(a.len(), b.len());
    for (a, b) in a.iter().zip(b) {
        assert!((a - b).abs() < error, "{a} {b}");
    }
}

fn rmse(truth: &[f64], found: &[f64]) -> f64 {
    let mut truth = truth.to_vec();
    centre(&mut truth);
    let squares: f64 = truth.iter().zip(found).map(|(a, b)| (a - b) * (a - b)).sum();
    (squares / truth.len() as f64).sqrt()
}

/// Two items and one juror: the posterior of the gap summed over a fine grid of
/// gaps and all reliabilities, beside the fit.
#[test]
fn two_items_as_bayes_would() {
    let mut builder = Builder::default();
    let (a, b, juror) = (builder.item("a"), builder.item("b"), builder.juror("ann"));
    for at in 0..20 {
        let choice = if at < 15 { Choice::Right } else { Choice::Left };
        builder.push(juror, (a, b), choice, None);
    }
    let settings = ReliabilitySettings {
        spread: Some(0.8),
        side_bias: false,
        reversed: false,
        // The prior stays what it is.
        prior_jurors: 1e9,
    };
    let model = reliability(&builder.finish(), &settings).expect("it settles");
    let found = model.estimate.log_weights[1] - model.estimate.log_weights[0];
    let kept = model.jurors[0].reliability.expect("it has one").value;

    let (mut mass, mut gaps, mut reliabilities) = (0.0, 0.0, 0.0);
    for step in -400..=400 {
        let gap = f64::from(step) / 100.0;
        // The gap has twice the variance of an item.
        let prior = (-gap * gap / (4.0 * 0.64)) / std::f64::consts::LN_2;
        for point in 0..=20 {
            let reliability = f64::from(point) / 20.0;
            let lump = [(0, 0.1), (20, 0.5)].iter().find(|lump| lump.0 == point);
            let base = 0.4 / 21.0 + lump.map_or(0.0, |lump| lump.1);
            // Random answers: the lean has been left at 0.
            let right = reliability * logistic(gap) + (1.0 - reliability) / 2.0;
            let likelihood = (0..15).fold(1.0, |product, _| product * right);
            let likelihood = (0..5).fold(likelihood, |product, _| product * (1.0 - right));
            let part = base * two_to_the(prior) * likelihood;
            mass += part;
            gaps += part * gap;
            reliabilities += part * reliability;
        }
    }
    assert!((found - gaps / mass).abs() < 0.12, "{found} {}", gaps / mass);
    assert!((kept - reliabilities / mass).abs() < 0.12, "{kept} {}", reliabilities / mass);
}

fn two_to_the(power: f64) -> f64 {
    allonet_core::maths::pow(2.0, power)
}

/// With jurors beyond doubt the rule is Bradley–Terry with a prior: a slow
/// reference climbs the same posterior by plain gradient ascent.
#[test]
fn diligent_jurors_make_it_bradley_terry() {
    let jury = Jury { items: 7, jurors: 400, ..Jury::default() };
    let comparisons = jury.draw(2).comparisons(500);
    let mut one = Builder::default();
    let juror = one.juror("all");
    comparisons.items().iter().for_each(|item| {
        one.item(item);
    });
    // Sides of equal number and no leaning: the reference has neither.
    for row in comparisons.rows() {
        one.push(juror, (row.left, row.right), row.choice, None);
    }
    let one = one.finish();
    let settings = ReliabilitySettings {
        spread: Some(1.5),
        side_bias: false,
        reversed: false,
        ..ReliabilitySettings::default()
    };
    let model = reliability(&one, &settings).expect("it settles");
    let mut z = vec![0.0; 7];
    let kept = model.jurors[0].reliability.expect("it has one").value;
    for _ in 0..20_000 {
        let mut slope: Vec<f64> = z.iter().map(|z| -z / 2.25).collect();
        for row in one.rows() {
            let (left, right) = (row.left as usize, row.right as usize);
            let surprise =
                f64::from(u8::from(row.choice == Choice::Right)) - logistic(z[right] - z[left]);
            slope[right] += surprise;
            slope[left] -= surprise;
        }
        z.iter_mut().zip(&slope).for_each(|(z, slope)| *z += 0.005 * slope);
    }
    centre(&mut z);
    // A juror who is nearly certain to be diligent: nearly the same weights.
    assert!(kept > 0.8, "{kept}");
    let scale: f64 = z.iter().zip(&model.estimate.log_weights).map(|(a, b)| a * b).sum::<f64>()
        / z.iter().map(|z| z * z).sum::<f64>();
    let fitted: Vec<f64> = model.estimate.log_weights.iter().map(|z| z / scale).collect();
    assert!((0.95..1.4).contains(&scale), "{scale}");
    near(&fitted, &z, 0.06);
}

#[test]
fn random_reversed_and_one_sided_jurors_are_found() {
    let jury = Jury { items: 20, jurors: 12, ..Jury::default() };
    let mut drawn = jury.draw(11);
    let honest = drawn.comparisons(1_800);
    let mut builder = drawn.builder();
    let mut random = Random::new(1);
    for row in honest.rows() {
        let choice = match (row.juror, row.choice) {
            (0, _) if random.chance(0.5) => Choice::Left,
            (0 | 2, _) | (1, Choice::Left) => Choice::Right,
            (1, _) => Choice::Left,
            (_, choice) => choice,
        };
        builder.push(row.juror, (row.left, row.right), choice, None);
    }
    let model = by_direction(&builder.finish());
    let kept: Vec<f64> =
        model.jurors.iter().map(|juror| juror.reliability.expect("it has one").value).collect();
    assert!(kept[0].abs() < 0.3, "{kept:?}");
    assert!(kept[1] < -0.5, "{kept:?}");
    // Never following, or following with a pull that decides every answer.
    assert!(kept[2].abs() < 0.3 || model.jurors[2].side.value > 2.5, "{:?}", model.jurors[2]);
    assert!(kept[3..].iter().all(|kept| *kept > 0.6), "{kept:?}");
    let effective =
        |juror: usize| model.jurors[juror].effective_answers / model.jurors[juror].answers as f64;
    assert!(effective(0) < 0.15 && effective(2) < 0.15 && effective(5) > 0.6);
    // The reversed juror tells as much as an honest one.
    assert!(effective(1) > 0.5, "{}", effective(1));
    assert!(rmse(&drawn.truth, &model.estimate.log_weights) < 0.35);
}

#[test]
fn few_answers_do_not_condemn_a_juror() {
    let jury = Jury { items: 12, jurors: 10, ..Jury::default() };
    let mut drawn = jury.draw(3);
    let mut builder = drawn.builder();
    let stranger = builder.juror("stranger");
    for row in drawn.comparisons(800).rows() {
        builder.push(row.juror, (row.left, row.right), row.choice, None);
    }
    let mut order: Vec<u32> = (0..12).collect();
    order.sort_by(|a, b| drawn.truth[*a as usize].total_cmp(&drawn.truth[*b as usize]));
    // One answer, against the truth but between neighbours.
    builder.push(stranger, (order[5], order[6]), Choice::Left, None);
    let model = by_direction(&builder.finish());
    let kept = model.jurors[10].reliability.expect("it has one");
    assert!(kept.value > 0.4 && kept.low < 0.7, "{kept:?}");
}

#[test]
fn the_reliability_model_is_nearer_the_truth_than_alike_jurors() {
    let (mut ours, mut alike) = (0.0, 0.0);
    for seed in 0..6 {
        let jury = Jury { items: 25, jurors: 12, random: THIRD, ..Jury::default() };
        let mut drawn = jury.draw(seed);
        let comparisons = drawn.comparisons(700);
        ours += rmse(&drawn.truth, &by_direction(&comparisons).estimate.log_weights);
        let mut one = drawn.builder();
        for row in comparisons.rows() {
            one.push(0, (row.left, row.right), row.choice, None);
        }
        alike += rmse(&drawn.truth, &by_direction(&one.finish()).estimate.log_weights);
    }
    assert!(ours < 0.95 * alike, "{ours} {alike}");
}

/// How often 90 % intervals hold the truth.
fn coverage(jury: &Jury, answers: usize, model: impl Fn(&Comparisons) -> JurorModel) -> f64 {
    let (mut held, mut count) = (0, 0);
    for seed in 0..40 {
        let mut drawn = jury.draw(seed);
        let fitted = model(&drawn.comparisons(answers));
        centre(&mut drawn.truth);
        for (item, truth) in drawn.truth.iter().enumerate() {
            let (low, high) = fitted.interval(item, NINETY_PER_CENT);
            held += usize::from((low..=high).contains(truth));
            count += 1;
        }
    }
    held as f64 / f64::from(count)
}

/// 40 juries of 20 items: the standard error of the coverage is about 1.5 %. Juries
/// as small as these know little of the distributions they are drawn from.
#[test]
fn intervals_hold_the_truth_in_nine_cases_of_ten() {
    let small = Jury { items: 20, jurors: 12, ..Jury::default() };
    let clean = coverage(&small, 400, by_direction);
    assert!((0.85..0.95).contains(&clean), "{clean}");
    let noisy = coverage(&Jury { random: THIRD, ..small.clone() }, 600, by_direction);
    assert!((0.85..0.95).contains(&noisy), "{noisy}");
    let scales = Jury { noise: 1.0, scale: 0.3, side: 0.3, ..small };
    let scales = coverage(&scales, 400, by_intensity);
    assert!((0.85..0.95).contains(&scales), "{scales}");
}

#[test]
fn planted_scales_and_sides_are_found() {
    let truth = [2.0, 1.0, 0.0, -1.0, -2.0, 0.5, -0.5, 0.0];
    let planted = [(1.0, 0.0), (2.0, 0.0), (0.5, 0.8), (1.0, -0.8), (1.0, 0.0), (0.0, 0.0)];
    let mut builder = Builder::default();
    let items: Vec<u32> = (0..truth.len()).map(|at| builder.item(&format!("{at}"))).collect();
    let mut random = Random::new(9);
    for (at, (scale, side)) in planted.iter().enumerate() {
        let juror = builder.juror(&format!("{at}"));
        for _ in 0..150 {
            let left = random.below(truth.len());
            let right = (left + 1 + random.below(truth.len() - 1)) % truth.len();
            let noise = if at == 4 { 2.0 } else { 0.4 };
            let said = scale * (truth[right] - truth[left]) + side + noise * random.normal();
            let choice = if said > 0.0 { Choice::Right } else { Choice::Left };
            builder.push(juror, (items[left], items[right]), choice, Some(said.abs()));
        }
    }
    let model = by_intensity(&builder.finish());
    let found = |at: usize| model.jurors[at].scale.expect("this model has one").value;
    let common = found(0);
    for (at, (scale, side)) in planted.iter().enumerate() {
        let juror = &model.jurors[at];
        assert!((found(at) / common - scale).abs() < 0.2, "{at}: {}", found(at));
        assert!((juror.side.value - side).abs() < if at == 4 { 0.5 } else { 0.15 }, "{juror:?}");
        let noise = juror.noise.expect("this model has one");
        assert!((noise / if at == 4 { 2.0 } else { 0.4 } - 1.0).abs() < 0.25, "{noise}");
    }
    assert!(model.jurors[5].reliability.expect("it is asked for").value < 0.1);
    assert!(model.jurors[4].effective_answers < 0.3 * model.jurors[0].effective_answers);
}

#[test]
fn wild_answers_weigh_little_with_a_tail() {
    let jury = Jury { items: 15, jurors: 6, noise: 0.5, ..Jury::default() };
    let mut drawn = jury.draw(8);
    let calm = drawn.comparisons(300);
    let mut builder = drawn.builder();
    for (at, row) in calm.rows().enumerate() {
        let wild = if at % 15 == 0 { 8.0 } else { 0.0 };
        let intensity = row.intensity.map(|intensity| intensity + wild);
        builder.push(row.juror, (row.left, row.right), row.choice, intensity);
    }
    let wild = builder.finish();
    let robust = ScaleSettings { tail: Some(3.0), ..ScaleSettings::default() };
    let robust = juror_scale(&wild, &robust).expect("it settles");
    let normal = by_intensity(&wild);
    let error = |model: &JurorModel| rmse(&drawn.truth, &model.estimate.log_weights);
    assert!(error(&robust) < 0.7 * error(&normal), "{} {}", error(&robust), error(&normal));
}

#[test]
fn a_pseudo_count_draws_scales_to_one() {
    let jury = Jury { items: 10, jurors: 5, noise: 0.5, scale: 0.6, ..Jury::default() };
    let comparisons = jury.draw(1).comparisons(300);
    let farthest = |count: f64| {
        let settings = ScaleSettings {
            pseudo_count: Some(count),
            random_jurors: false,
            ..ScaleSettings::default()
        };
        let model = juror_scale(&comparisons, &settings).expect("it settles");
        let off = |scale: f64| (scale - 1.0).abs();
        model.jurors.iter().map(|juror| off(juror.scale.unwrap().value)).fold(0.0, f64::max)
    };
    assert!(farthest(1e6) < 0.01, "{}", farthest(1e6));
    assert!(farthest(3.0) > 0.2, "{}", farthest(3.0));
}

#[test]
fn twice_the_log_ratios_are_twice_the_log_weights() {
    let jury = Jury { items: 8, jurors: 4, noise: 1.0, scale: 0.3, ..Jury::default() };
    let comparisons = jury.draw(6).comparisons(120);
    let mut doubled = jury.draw(6).builder();
    for row in comparisons.rows() {
        let intensity = row.intensity.map(|intensity| 2.0 * intensity);
        doubled.push(row.juror, (row.left, row.right), row.choice, intensity);
    }
    let (single, doubled) = (by_intensity(&comparisons), by_intensity(&doubled.finish()));
    let twice = |values: &[f64]| values.iter().map(|z| 2.0 * z).collect::<Vec<f64>>();
    near(&doubled.estimate.log_weights, &twice(&single.estimate.log_weights), 1e-5);
    near(&doubled.deviations, &twice(&single.deviations), 1e-5);
}

#[test]
fn degenerate_data_has_an_outcome() {
    let none = Builder::default().finish();
    assert_eq!(reliability(&none, &ReliabilitySettings::default()), Err(FitError::Empty));
    assert_eq!(juror_scale(&none, &ScaleSettings::default()), Err(FitError::Empty));

    let fits = |rows: &[(&str, &str, Choice, f64)]| {
        let mut builder = Builder::default();
        let juror = builder.juror("");
        for (a, b, choice, intensity) in rows {
            let pair = (builder.item(a), builder.item(b));
            builder.push(juror, pair, *choice, Some(*intensity));
        }
        let comparisons = builder.finish();
        [by_direction(&comparisons), by_intensity(&comparisons)]
    };
    for model in fits(&[("a", "b", Choice::Tie, 0.0), ("b", "c", Choice::Tie, 0.0)]) {
        near(&model.estimate.log_weights, &[0.0; 3], 1e-6);
    }
    for model in fits(&[("a", "b", Choice::Right, 1.0)]) {
        assert!(model.estimate.log_weights[1] > 0.0 && model.deviations[0] > 0.0);
    }
    for model in fits(&[("a", "b", Choice::Right, 1.0), ("c", "d", Choice::Left, 1.0)]) {
        assert!(model.estimate.warnings[0].contains("2 islands"), "{:?}", model.estimate);
    }
    for model in fits(&[("a", "b", Choice::Right, 1e6), ("a", "b", Choice::Left, 1e6)]) {
        assert!(model.estimate.log_weights.iter().all(|z| z.is_finite()));
    }
    let always = vec![("a", "b", Choice::Left, 2.0); 50];
    for model in fits(&always) {
        let gap = model.estimate.log_weights[0] - model.estimate.log_weights[1];
        assert!(gap > 0.5 && gap < 20.0, "{gap}");
    }
}

#[test]
fn more_items_than_dense_matrices_take() {
    let jury = Jury { items: 700, jurors: 8, random: 0.25, ..Jury::default() };
    let mut drawn = jury.draw(1);
    let settings = ReliabilitySettings { spread: Some(1.0), ..ReliabilitySettings::default() };
    let model = reliability(&drawn.comparisons(7_000), &settings).expect("it settles");
    centre(&mut drawn.truth);
    let held = drawn.truth.iter().enumerate().filter(|(item, truth)| {
        let (low, high) = model.interval(*item, NINETY_PER_CENT);
        (low..=high).contains(*truth)
    });
    let held = held.count() as f64 / 700.0;
    assert!((0.86..0.94).contains(&held), "{held}");
    assert!(model.estimate.warnings.iter().any(|warning| warning.contains("probes")));
}

#[test]
fn one_thread_and_three_give_the_same_bits() {
    let jury = Jury { items: 15, jurors: 6, random: THIRD, noise: 1.0, ..Jury::default() };
    let comparisons = jury.draw(4).comparisons(200);
    let with = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        pool.install(|| (by_direction(&comparisons), by_intensity(&comparisons)))
    };
    assert_eq!(with(1), with(3));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]

    #[test]
    fn order_of_rows_and_exchanged_sides_do_not_matter(seed in 0_u64..1_000) {
        let jury = Jury { items: 6, jurors: 3, noise: 1.0, side: 0.3, ..Jury::default() };
        let comparisons = jury.draw(seed).comparisons(60);
        let mut order: Vec<usize> = (0..60).collect();
        Random::new(seed).shuffle(&mut order);
        let shuffled = comparisons.take(&order);
        let mut turned = jury.draw(seed).builder();
        for row in comparisons.rows() {
            let choice = if row.choice == Choice::Left { Choice::Right } else { Choice::Left };
            turned.push(row.juror, (row.right, row.left), choice, row.intensity);
        }
        let turned = turned.finish();
        for rule in ["reliability", "juror-scale"] {
            let fitted = |comparisons: &Comparisons| {
                fit(rule, comparisons, &Parameters::default()).expect("it settles").log_weights
            };
            let expected = fitted(&comparisons);
            prop_assert_eq!(&fitted(&shuffled), &expected);
            near(&fitted(&turned), &expected, 1e-4);
        }
    }
}
