use allonet_core::maths;
use proptest::prelude::*;

use super::*;
use crate::comparisons::{Builder, Choice};
use crate::estimate::logistic;
use crate::linear::Symmetric;
use crate::random::Random;
use crate::rules::{fit as fit_rule, rules};
use crate::synthetic::Jury;

/// Comparisons between items `00`, `01`, …: left, right, choice, intensity.
fn build(items: u32, rows: &[(u32, u32, Choice, f64)]) -> Comparisons {
    let mut builder = Builder::default();
    for item in 0..items {
        builder.item(&format!("{item:02}"));
    }
    let juror = builder.juror("");
    for (left, right, choice, intensity) in rows {
        builder.push(juror, (*left, *right), *choice, Some(*intensity));
    }
    builder.finish()
}

fn jury(items: usize, count: usize, seed: u64) -> Comparisons {
    let jury = Jury { items, jurors: 5, spread: 0.8, noise: 0.7, ..Jury::default() };
    jury.draw(seed).comparisons(count)
}

fn farthest(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).fold(0.0, |most, (a, b)| most.max((a - b).abs()))
}

/// Iterated weighted least squares with a ridge, row by row and dense.
fn irls(comparisons: &Comparisons, weight: impl Fn(usize) -> f64, ridge: f64) -> Vec<f64> {
    let items = comparisons.items().len();
    let mean = (0..comparisons.len()).map(&weight).sum::<f64>() / comparisons.len() as f64;
    let mut z = vec![0.0; items];
    for _ in 0..75 {
        let mut normal = Symmetric::zeros(items);
        let mut right = vec![0.0; items];
        (0..items).for_each(|item| normal.add(item, item, ridge));
        for (at, row) in comparisons.rows().enumerate() {
            let (a, b) = (row.left as usize, row.right as usize);
            let score = z[b] - z[a];
            let chance = logistic(score);
            let variance = chance * (1.0 - chance);
            let won = f64::midpoint(1.0, row.choice.sign());
            let share = weight(at) / mean * variance;
            let aim = score + (won - chance) / variance;
            normal.add_edge(a, b, share);
            right[b] += share * aim;
            right[a] -= share * aim;
        }
        normal.cholesky().expect("the ridge makes it definite").solve(&mut right);
        crate::estimate::centre(&mut right);
        let done = farthest(&right, &z) < 1e-12;
        z = right;
        if done {
            break;
        }
    }
    z
}

#[test]
fn ridges_are_iterated_least_squares() {
    for seed in 0..6 {
        let comparisons = jury(12, 90, seed);
        for ridge in [1e-6, 1e-2, 3.0] {
            let given = Parameters::default().with("ridge", ridge);
            let found = fit_rule("bradley-terry-ridge", &comparisons, &given).unwrap();
            let expected = irls(&comparisons, |_| 1.0, ridge);
            assert!(farthest(&found.log_weights, &expected) < 1e-8, "{seed} {ridge}");
        }
        let none = Parameters::default();
        let found = fit_rule("bradley-terry-intensity", &comparisons, &none).unwrap();
        let multiplier = |at: usize| maths::exp(comparisons.row(at).intensity.unwrap());
        let expected = irls(&comparisons, multiplier, 5e-3);
        assert!(farthest(&found.log_weights, &expected) < 1e-8, "{seed}");
    }
}

#[test]
fn nothing_pulls_at_the_maximum() {
    // Random graphs, where passes settle, and sparse ones, where Newton does.
    for (items, count) in [(30, 900), (400, 40_000), (300, 900), (40, 120)] {
        let comparisons = jury(items, count, 4);
        let tally = comparisons.tally();
        for virtual_games in [0.0, 0.5] {
            let prior = Prior { virtual_games, precision: 0.0 };
            if prior.is_none() && !crate::connectivity::is_bounded(&tally) {
                continue;
            }
            let z = maximise(&tally, prior).unwrap().log_weights;
            for item in 0..items {
                let mut pull = virtual_games * (1.0 - 2.0 * logistic(z[item]));
                for (other, wins, losses) in tally.row(item) {
                    pull += wins - (wins + losses) * logistic(z[item] - z[other]);
                }
                assert!(pull.abs() < 1e-11, "{items} {virtual_games} {pull}");
            }
        }
    }
}

/// A tally of neighbours in a row, the left of whom wins `odds` to one.
fn chain(items: u32, odds: f64) -> Tally {
    let mut tally = Tally { offsets: vec![0], others: vec![], wins: vec![], losses: vec![] };
    for item in 0..items {
        for (other, wins, losses) in [(item.checked_sub(1), 1.0, odds), (Some(item + 1), odds, 1.0)]
        {
            if let Some(other) = other.filter(|other| *other < items) {
                tally.others.push(other);
                tally.wins.push(wins);
                tally.losses.push(losses);
            }
        }
        tally.offsets.push(tally.others.len());
    }
    tally
}

#[test]
fn along_a_chain_every_gap_is_the_odds() {
    // Long chains settle slowly; steep ones leave the range of `e^z`.
    for (items, odds) in [(2, 3.0), (60, 3.0), (500, 1.5), (80, 1e6)] {
        let z = maximise(&chain(items, odds), Prior::default()).unwrap().log_weights;
        for pair in z.windows(2) {
            let off = pair[0] - pair[1] - maths::ln(odds);
            assert!(off.abs() < 1e-9, "{items} {odds} {off}");
        }
        assert!(maths::sum(z.iter().copied()).abs() < 1e-8);
    }
}

#[test]
fn virtual_games_hold_a_single_win() {
    let one = build(2, &[(0, 1, Choice::Left, 0.0)]);
    let given = Parameters::default().with("prior", 1.0);
    let z = fit_rule("bradley-terry", &one, &given).unwrap().log_weights[0];
    // The chance to lose the one that was won equals what the prior pulls back.
    assert!((logistic(-2.0 * z) - (2.0 * logistic(z) - 1.0)).abs() < 1e-13);
    assert!(z > 0.4 && z < 0.6, "{z}");
    let refused = fit_rule("bradley-terry", &one, &Parameters::default()).unwrap_err();
    assert_eq!(refused, FitError::Unbounded { better: vec!["00".into()] });
}

#[test]
fn four_ties_of_ten_between_equals() {
    let mut rows = vec![(0, 1, Choice::Tie, 0.0); 4];
    rows.extend([(0, 1, Choice::Left, 0.0); 3]);
    rows.extend([(0, 1, Choice::Right, 0.0); 3]);
    let found = ties::with_ties(&build(2, &rows), 0.0).unwrap();
    assert!((found.tie - 2.0 / 3.0).abs() < 1e-12, "{found:?}");
    assert!(farthest(&found.estimate.log_weights, &[0.0, 0.0]) < 1e-12);
}

/// Some rows of a jury become ties.
fn with_some_ties(comparisons: &Comparisons) -> Vec<(u32, u32, Choice, f64)> {
    let row = |(at, row): (usize, crate::comparisons::Comparison)| {
        let choice = if at % 4 == 0 { Choice::Tie } else { row.choice };
        (row.left, row.right, choice, row.intensity.unwrap())
    };
    comparisons.rows().enumerate().map(row).collect()
}

#[test]
fn no_other_weights_or_ties_are_likelier() {
    let comparisons = build(8, &with_some_ties(&jury(8, 120, 2)));
    let found = ties::with_ties(&comparisons, 0.0).unwrap();
    let likelihood = |z: &[f64], tie: f64| -> f64 {
        let of_row = |row: crate::comparisons::Comparison| {
            let (a, b) = (maths::exp(z[row.left as usize]), maths::exp(z[row.right as usize]));
            let root = 2.0 * tie * (a * b).sqrt();
            let part = match row.choice {
                Choice::Left => a,
                Choice::Right => b,
                Choice::Tie => root,
            };
            maths::ln(part / (a + b + root))
        };
        comparisons.rows().map(of_row).sum()
    };
    let z = &found.estimate.log_weights;
    let best = likelihood(z, found.tie);
    let step = 1e-4;
    for item in 0..=8 {
        let moved = |by: f64| {
            let mut z = z.clone();
            if item == 8 {
                return likelihood(&z, found.tie * maths::exp(by));
            }
            z[item] += by;
            likelihood(&z, found.tie)
        };
        let (up, down) = (moved(step), moved(-step));
        assert!(up < best && down < best);
        // The slope vanishes, as far as differences can tell.
        assert!(((up - down) / (2.0 * step)).abs() < 1e-5, "{item}");
    }
}

#[test]
fn ties_alone_make_all_equal() {
    let ties = build(3, &[(0, 1, Choice::Tie, 0.0), (1, 2, Choice::Tie, 0.0)]);
    for rule in rules().iter().filter(|rule| rule.id.starts_with("bradley-terry")) {
        let found = fit_rule(rule.id, &ties, &Parameters::default()).unwrap();
        assert!(farthest(&found.log_weights, &[0.0; 3]) < 1e-12, "{}", rule.id);
    }
    let none = build(2, &[(0, 1, Choice::Left, 0.0), (0, 1, Choice::Right, 0.0)]);
    assert_eq!(ties::with_ties(&none, 0.0).unwrap().tie.to_bits(), 0);
}

#[test]
fn islands_need_a_prior_and_are_reported() {
    let both = |a, b| [(a, b, Choice::Left, 0.0), (a, b, Choice::Right, 0.0)];
    let comparisons = build(4, &[both(0, 1), both(2, 3)].concat());
    for rule in ["bradley-terry", "bradley-terry-mm", "bradley-terry-ties"] {
        let refused = fit_rule(rule, &comparisons, &Parameters::default()).unwrap_err();
        assert!(matches!(refused, FitError::Disconnected { islands } if islands.len() == 2));
    }
    let found = fit_rule("bradley-terry-ridge", &comparisons, &Parameters::default()).unwrap();
    assert!(found.warnings[0].contains("2 islands"), "{:?}", found.warnings);
    let silent = comparisons.without_intensity();
    let refused = fit_rule("bradley-terry-intensity", &silent, &Parameters::default());
    assert!(matches!(refused, Err(FitError::NoIntensity { count: 4, .. })));
}

#[test]
fn enormous_multipliers_stay_finite() {
    let rows = [(0, 1, Choice::Left, 699.0), (1, 2, Choice::Left, 0.0), (2, 0, Choice::Left, 1.0)];
    let found = fit_rule("bradley-terry-intensity", &build(3, &rows), &Parameters::default());
    assert!(found.unwrap().log_weights.iter().all(|log| log.is_finite()));
}

#[test]
fn temperature_divides_the_logarithms() {
    let comparisons = jury(6, 80, 1);
    let at = |temperature: f64| {
        let given = Parameters::default().with("temperature", temperature);
        fit_rule("bradley-terry-mm", &comparisons, &given).unwrap().log_weights
    };
    let cooled: Vec<f64> = at(1.0).iter().map(|log| log / 5.0).collect();
    assert!(farthest(&cooled, &at(5.0)) < 1e-15);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn order_names_and_sides_do_not_matter(seed in 0_u64..1_000) {
        let rows = with_some_ties(&jury(7, 70, seed));
        let comparisons = build(7, &rows);
        prop_assume!(crate::connectivity::is_bounded(&comparisons.tally()));
        let mut random = Random::new(seed);
        let mut shuffled = rows.clone();
        random.shuffle(&mut shuffled);
        let mut names: Vec<u32> = (0..7).collect();
        random.shuffle(&mut names);
        let named = |item: u32| names[item as usize];
        let renamed: Vec<_> =
            rows.iter().map(|row| (named(row.0), named(row.1), row.2, row.3)).collect();
        let turned = |choice| match choice {
            Choice::Left => Choice::Right,
            Choice::Right => Choice::Left,
            Choice::Tie => Choice::Tie,
        };
        let swapped: Vec<_> =
            rows.iter().map(|row| (row.1, row.0, turned(row.2), row.3)).collect();
        let doubled = [rows.clone(), rows.clone()].concat();
        for rule in rules().iter().filter(|rule| rule.id.starts_with("bradley-terry")) {
            let fitted = |rows: &[(u32, u32, Choice, f64)]| {
                fit_rule(rule.id, &build(7, rows), &Parameters::default()).unwrap().log_weights
            };
            let expected = fitted(&rows);
            // To the last bit.
            prop_assert_eq!(&fitted(&shuffled), &expected, "{}", rule.id);
            prop_assert_eq!(&fitted(&swapped), &expected, "{}", rule.id);
            let renamed = fitted(&renamed);
            for item in 0..7 {
                let off = renamed[names[item] as usize] - expected[item];
                prop_assert!(off.abs() < 1e-8, "{} {}", rule.id, off);
            }
            // A ridge counts for less beside more answers.
            if !rule.parameters.iter().any(|parameter| parameter.name == "ridge") {
                prop_assert!(farthest(&fitted(&doubled), &expected) < 1e-8, "{}", rule.id);
            }
        }
    }
}
