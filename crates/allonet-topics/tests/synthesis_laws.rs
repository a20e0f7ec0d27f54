//! Synthesis against a slow reference that sums everything anew, and its laws.

use allonet_core::maths;
use allonet_core::random::Random;
use allonet_topics::layout::Layout;
use allonet_topics::memory::Regrets;
use allonet_topics::settings::{ColdStart, Form, Scale, Settings};
use allonet_topics::spread;
use allonet_topics::synthesis::{Inputs, Synthesis, synthesise};
use proptest::prelude::*;

/// A topic and an epoch of it.
#[derive(Clone, Debug)]
struct Epoch {
    layout: Layout,
    inferences: Vec<f64>,
    forecasts: Vec<f64>,
    loss: Option<f64>,
    regrets: Regrets,
}

impl Epoch {
    /// Drawn at random; so many of 10 forecasts are not given.
    fn random(seed: u64, inferers: usize, forecasters: usize, tenths_missing: usize) -> Self {
        let mut random = Random::new(seed);
        let mut normal = |count: usize| (0..count).map(|_| random.normal()).collect::<Vec<_>>();
        let layout = Layout::new(inferers, forecasters);
        let workers = layout.workers();
        let regrets = Regrets {
            network: normal(workers),
            naive: normal(inferers),
            one_out: normal(workers * workers),
            one_in: normal(forecasters * (inferers + 1)),
        };
        let (inferences, mut forecasts) = (normal(inferers), normal(inferers * forecasters));
        for forecast in &mut forecasts {
            if random.below(10) < tenths_missing {
                *forecast = f64::NAN;
            }
        }
        Self { layout, inferences, forecasts, loss: Some(-0.3), regrets }
    }

    fn synthesise(&self, settings: &Settings) -> Synthesis {
        let mut out = Synthesis::default();
        synthesise(settings, &self.inputs(), &mut out);
        out
    }

    fn inputs(&self) -> Inputs<'_> {
        Inputs {
            layout: self.layout,
            inferences: &self.inferences,
            forecasts: &self.forecasts,
            last_loss: self.loss,
            regrets: &self.regrets,
        }
    }
}

/// A mean and how far what it combines lies from it, by weight.
#[derive(Clone, Copy)]
struct Mean {
    mean: f64,
    about: f64,
}

/// The weighted mean of `(regret, inference)`, word for word from the paper.
fn reference(settings: &Settings, common: Option<f64>, items: &[(f64, f64)]) -> Mean {
    let items: Vec<_> = items.iter().filter(|(r, i)| !r.is_nan() && !i.is_nan()).collect();
    let mut regrets: Vec<f64> = items.iter().map(|item| item.0).collect();
    let own = || {
        if settings.scale == Scale::Mad {
            return spread::MAD_SCALE * spread::median_deviation(&mut regrets);
        }
        let mean = maths::sum(regrets.iter().copied()) / regrets.len() as f64;
        let squares = regrets.iter().map(|regret| (regret - mean) * (regret - mean));
        let others = items.len().max(2) - 1;
        (maths::sum(squares) / others as f64).sqrt()
    };
    let scale = common.unwrap_or_else(own) + settings.epsilon;
    let (p, c) = (settings.potential.p, settings.potential.c);
    let log = |regret: f64| -> f64 {
        let y = p * (regret / scale - c);
        y.min(0.0) - maths::ln_1p(maths::exp(-y.abs()))
    };
    let best = items.iter().map(|item| log(item.0)).fold(f64::NEG_INFINITY, f64::max);
    let weights: Vec<f64> = items.iter().map(|item| maths::exp(log(item.0) - best)).collect();
    let whole = maths::sum(weights.iter().copied());
    let mean = maths::sum(weights.iter().zip(&items).map(|(weight, item)| weight * item.1)) / whole;
    let about = weights.iter().zip(&items).map(|(weight, item)| weight * (item.1 - mean).abs());
    Mean { mean, about: maths::sum(about) / whole }
}

/// All of an epoch, by the paper.
fn slow(settings: &Settings, epoch: &Epoch) -> Vec<Mean> {
    let Layout { inferers, forecasters } = epoch.layout;
    let loss = epoch.loss.expect("a loss");
    let own = |value: f64| Mean { mean: value, about: 0.0 };
    let implied = |k: usize, without: Option<usize>| {
        let row = &epoch.forecasts[k * inferers..][..inferers];
        let items = (0..inferers).filter(|j| Some(*j) != without);
        let items: Vec<_> = items.map(|j| (loss - row[j], epoch.inferences[j])).collect();
        reference(settings, None, &items)
    };
    let implied_all: Vec<Mean> = (0..forecasters).map(|k| implied(k, None)).collect();
    let without: Vec<Mean> = (0..inferers)
        .flat_map(|j| (0..forecasters).map(move |k| (k, j)))
        .map(|(k, j)| implied(k, Some(j)))
        .collect();
    let mut values = epoch.inferences.clone();
    values.extend(implied_all.iter().map(|mean| mean.mean));
    let pair = |regrets: &[f64], values: &[f64]| -> Vec<(f64, f64)> {
        regrets.iter().copied().zip(values.iter().copied()).collect()
    };
    let network = pair(&epoch.regrets.network, &values);
    let common = (settings.scale != Scale::Own).then(|| {
        let there = network.iter().filter(|(_, value)| !value.is_nan());
        let mut regrets: Vec<f64> = there.map(|(regret, _)| *regret).collect();
        match settings.scale {
            Scale::Mad => spread::MAD_SCALE * spread::median_deviation(&mut regrets),
            _ => spread::standard_deviation(&regrets),
        }
    });
    let combine = |items: &[(f64, f64)]| reference(settings, common, items);
    let mut all = vec![combine(&network), combine(&pair(&epoch.regrets.naive, &epoch.inferences))];
    all.extend(epoch.inferences.iter().map(|value| own(*value)));
    all.extend(&implied_all);
    all.extend(&without);
    let workers = epoch.layout.workers();
    for left_out in 0..workers {
        let mut values = values.clone();
        if left_out < inferers {
            let implied = &without[left_out * forecasters..][..forecasters];
            values.truncate(inferers);
            values.extend(implied.iter().map(|mean| mean.mean));
        }
        let mut items = pair(&epoch.regrets.one_out[left_out * workers..][..workers], &values);
        let there = left_out < inferers || !items[left_out].1.is_nan();
        items.remove(left_out);
        all.push(if there { combine(&items) } else { own(f64::NAN) });
    }
    for (k, regrets) in epoch.regrets.one_in.chunks_exact(inferers + 1).enumerate() {
        let value = implied_all[k].mean;
        let mut values = epoch.inferences.clone();
        values.push(value);
        all.push(if value.is_nan() { own(value) } else { combine(&pair(regrets, &values)) });
    }
    all
}

/// Greatest difference, relative to how far the combined lie apart, beyond the
/// rounding of the mean itself.
fn worst(got: &[f64], want: &[Mean]) -> f64 {
    assert_eq!(got.len(), want.len());
    let mut worst = 0.0_f64;
    for (place, (got, want)) in got.iter().zip(want).enumerate() {
        assert_eq!(got.is_nan(), want.mean.is_nan(), "place {place}: {got} {}", want.mean);
        if !got.is_nan() {
            let off = (got - want.mean).abs() - 4.0 * f64::EPSILON * want.mean.abs();
            worst = worst.max(off / want.about.max(1e-300));
        }
    }
    worst
}

fn all_settings() -> Vec<Settings> {
    let scales = [Scale::Own, Scale::Common, Scale::Mad];
    scales.map(|scale| Settings { scale, ..Settings::default() }).to_vec()
}

#[test]
fn every_inference_is_that_of_the_slow_reference() {
    let sizes =
        [(0, 0), (0, 2), (1, 0), (1, 1), (2, 1), (2, 2), (3, 3), (9, 4), (39, 3), (45, 5), (80, 3)];
    for settings in all_settings() {
        for (seed, (inferers, forecasters)) in (1..).zip(sizes) {
            for missing in [0, 3, 9] {
                let epoch = Epoch::random(seed, inferers, forecasters, missing);
                let off = worst(&epoch.synthesise(&settings).values, &slow(&settings, &epoch));
                assert!(off < 1e-13, "{settings:?} {inferers}/{forecasters} {missing}: {off:e}");
            }
        }
    }
}

/// Forecasts whose regrets are normal, have heavy tails, are all the same, have
/// one gross outlier, or lie closer than `ε`.
fn kinds(inferers: usize) -> Vec<(&'static str, Vec<f64>)> {
    let mut random = Random::new(5);
    let normal: Vec<f64> = (0..inferers).map(|_| random.normal()).collect();
    let heavy: Vec<f64> = normal.iter().map(|x| x / random.normal().abs().sqrt()).collect();
    let mut outlier = normal.clone();
    outlier[inferers / 2] = -1e4;
    let mut low_outlier = normal.clone();
    low_outlier[inferers / 3] = 1e4;
    vec![
        ("heavy tails", heavy),
        ("all the same", vec![0.7; inferers]),
        ("a gross outlier", outlier),
        ("a gross outlier the other way", low_outlier),
        ("closer than ε", normal.iter().map(|x| 1e-5 * x).collect()),
        ("all far below", normal.iter().map(|x| 40.0 + x).collect()),
        ("normal", normal),
    ]
}

#[test]
fn interpolated_means_are_those_summed_anew() {
    for inferers in [50, 300, 2_000] {
        for (kind, forecasts) in kinds(inferers) {
            let mut epoch = Epoch::random(3, inferers, 0, 0);
            let layout = Layout::new(inferers, 1);
            (epoch.layout, epoch.regrets) = (layout, Regrets::even(layout, 0.0));
            epoch.forecasts = forecasts;
            let settings = Settings::default();
            let got = epoch.synthesise(&settings);
            let items = |without: usize| -> Vec<(f64, f64)> {
                let all = epoch.forecasts.iter().zip(&epoch.inferences).enumerate();
                let others = all.filter(|(j, _)| *j != without);
                others.map(|(_, (forecast, value))| (-0.3 - forecast, *value)).collect()
            };
            // All of the few, every seventh of the many.
            let step = if inferers > 300 { 7 } else { 1 };
            let mut most = 0.0_f64;
            for j in (0..inferers).step_by(step) {
                let want = reference(&settings, None, &items(j));
                let got = got.values[layout.implied_without()][j];
                most = most.max(worst(&[got], &[want]));
            }
            assert!(most < 1e-14, "{inferers} {kind}: {most:e}");
        }
    }
}

#[test]
fn threads_change_no_bit() {
    let epoch = Epoch::random(4, 300, 70, 2);
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        let out = pool.expect("threads start").install(|| epoch.synthesise(&Settings::default()));
        out.values.iter().map(|value| value.to_bits()).collect::<Vec<_>>()
    };
    assert_eq!(on(1), on(2));
}

#[test]
fn memory_that_is_used_again_changes_nothing() {
    let mut out = Synthesis::default();
    for (inferers, forecasters, missing) in [(60, 3, 1), (3, 2, 5), (0, 0, 0), (50, 70, 0)] {
        let epoch = Epoch::random(9, inferers, forecasters, missing);
        synthesise(&Settings::default(), &epoch.inputs(), &mut out);
        let bits = |values: &[f64]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
        let fresh = epoch.synthesise(&Settings::default());
        assert_eq!(bits(&out.values), bits(&fresh.values));
        assert_eq!(bits(&out.weights), bits(&fresh.weights));
    }
}

#[test]
fn extremes_stay_between_the_least_and_the_greatest() {
    for form in [Form::Ratio, Form::Clip] {
        let settings = Settings { form, ..Settings::default() };
        for inferers in [3, 70] {
            let mut epoch = Epoch::random(2, inferers, 3, 2);
            epoch.inferences.iter_mut().for_each(|value| *value = value.signum() * 1e300);
            epoch.forecasts.iter_mut().for_each(|loss| *loss = loss.signum() * 300.0);
            epoch.regrets.network.iter_mut().for_each(|regret| *regret *= 600.0);
            let out = epoch.synthesise(&settings);
            let there = out.values.iter().filter(|value| !value.is_nan());
            assert!(there.clone().count() > inferers);
            assert!(
                there.clone().all(|value| (-1e300..=1e300).contains(value)),
                "{:?}",
                out.values
            );
        }
    }
}

#[test]
fn the_first_epoch_is_by_the_mean_forecast_or_medians() {
    let mut epoch = Epoch::random(6, 4, 2, 0);
    epoch.forecasts = vec![-1.0, f64::NAN, -2.0, -3.0, 0.0, -4.0, -2.0, f64::NAN];
    epoch.loss = None;
    let by_mean = epoch.synthesise(&Settings::default());
    epoch.loss = Some(-2.0);
    assert_eq!(by_mean.values, epoch.synthesise(&Settings::default()).values);

    let settings = Settings { cold_start: ColdStart::Median, ..Settings::default() };
    epoch.inferences = vec![4.0, 1.0, 10.0, 2.0];
    epoch.loss = None;
    let by_median = epoch.synthesise(&settings);
    assert_eq!((by_median.network(), by_median.naive()), (3.0, 3.0));
    let one_outs = &by_median.values[epoch.layout.one_outs()];
    assert_eq!(one_outs, [2.0, 4.0, 2.0, 4.0, 3.0, 3.0]);
    assert!(by_median.values[epoch.layout.implied()][0].is_nan());
}

#[test]
#[expect(clippy::float_cmp, reason = "exact results")]
fn a_sole_inferer_is_the_network() {
    let mut epoch = Epoch::random(6, 1, 2, 0);
    epoch.forecasts[1] = f64::NAN;
    let out = epoch.synthesise(&Settings::default());
    let value = epoch.inferences[0];
    assert_eq!((out.network(), out.naive()), (value, value));
    let layout = epoch.layout;
    // There is nothing without it; nothing is different without its forecaster,
    // and the other forecaster is not there.
    assert!(out.values[layout.one_outs()][0].is_nan());
    assert_eq!(out.values[layout.one_outs()][1], value);
    assert!(out.values[layout.one_outs()][2].is_nan());
    assert!(out.values[layout.one_ins()][1].is_nan());
    assert_eq!(out.weights[2], 0.0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn the_order_of_inferers_changes_nothing(seed in 1_u64..1000, inferers in 2_usize..60) {
        let epoch = Epoch::random(seed, inferers, 2, 2);
        let mut order: Vec<usize> = (0..inferers).collect();
        Random::new(seed + 1).shuffle(&mut order);
        let workers: Vec<usize> = order.iter().copied().chain([inferers, inferers + 1]).collect();
        let width = inferers + 2;
        let mut moved = epoch.clone();
        for (to, from) in order.iter().copied().enumerate() {
            moved.inferences[to] = epoch.inferences[from];
            moved.regrets.naive[to] = epoch.regrets.naive[from];
            for k in 0..2 {
                moved.forecasts[k * inferers + to] = epoch.forecasts[k * inferers + from];
                let row = k * (inferers + 1);
                moved.regrets.one_in[row + to] = epoch.regrets.one_in[row + from];
            }
        }
        for (to, from) in workers.iter().copied().enumerate() {
            moved.regrets.network[to] = epoch.regrets.network[from];
            for (column, source) in workers.iter().copied().enumerate() {
                moved.regrets.one_out[to * width + column] =
                    epoch.regrets.one_out[from * width + source];
            }
        }
        let settings = Settings::default();
        let (before, after) = (epoch.synthesise(&settings), moved.synthesise(&settings));
        let same = |a: f64, b: f64| a.is_nan() && b.is_nan() || (a - b).abs() < 1e-12;
        prop_assert!(same(before.network(), after.network()));
        prop_assert!(same(before.naive(), after.naive()));
        let (outs, ins) = (epoch.layout.one_outs(), epoch.layout.one_ins());
        for (to, from) in workers.iter().copied().enumerate() {
            prop_assert!(same(before.values[outs.start + from], after.values[outs.start + to]));
        }
        for k in ins {
            prop_assert!(same(before.values[k], after.values[k]));
        }
    }

    #[test]
    fn units_of_the_target_do_not_matter(
        seed in 1_u64..1000, inferers in 1_usize..60, by in 0.1_f64..10.0, plus in -5.0_f64..5.0,
    ) {
        let epoch = Epoch::random(seed, inferers, 2, 2);
        let mut moved = epoch.clone();
        moved.inferences.iter_mut().for_each(|value| *value = *value * by + plus);
        let settings = Settings::default();
        let (before, after) = (epoch.synthesise(&settings), moved.synthesise(&settings));
        for (before, after) in before.values.iter().zip(&after.values) {
            let want = before * by + plus;
            prop_assert!(want.is_nan() && after.is_nan() || (after - want).abs() < 1e-11);
        }
    }

    #[test]
    fn combinations_lie_between_what_they_combine(seed in 1_u64..1000, inferers in 1_usize..60) {
        let mut epoch = Epoch::random(seed, inferers, 3, 2);
        let first = epoch.inferences[0];
        // All of one value come out as that value, to the bit.
        epoch.inferences.fill(first);
        let out = epoch.synthesise(&Settings::default());
        for value in &out.values {
            prop_assert!(value.is_nan() || value.to_bits() == first.to_bits());
        }
    }
}
