//! Laws of reward fractions, entropies and shares of the classes.

use allonet_core::maths;
use allonet_core::random::Random;
use allonet_topics::division::shares;
use allonet_topics::entropy::entropy;
use allonet_topics::fractions;
use allonet_topics::settings::{Settings, Window};
use proptest::prelude::*;

const BETA: f64 = 0.25;
const COPIES: [usize; 3] = [2, 5, 10];

/// Fractions with one participant split into so many copies.
fn split(fractions: &[f64], which: usize, copies: usize) -> Vec<f64> {
    let mut found = fractions.to_vec();
    let whole = found.remove(which);
    found.resize(found.len() + copies, whole / copies as f64);
    found
}

/// Share of the inferers beside three even forecasters and five even reputers.
fn inferers_share(fractions: &[f64]) -> f64 {
    let others = [maths::ln(3.0), maths::ln(5.0)];
    shares([entropy(fractions, BETA), others[0], others[1]], 0.3, [true; 3])[0]
}

/// Largest relative change of the share of an even class by a split.
fn change_of_even(count: usize) -> f64 {
    let even = vec![1.0 / count as f64; count];
    let change = |copies| inferers_share(&split(&even, 0, copies)) / inferers_share(&even) - 1.0;
    COPIES.map(change).into_iter().map(f64::abs).fold(0.0, f64::max)
}

fn rewarded(scores: &[f64], epsilon: f64) -> Vec<f64> {
    let (mut found, potential) = (Vec::new(), Settings::default().reward_potential);
    let spread = fractions::spread(&[scores.to_vec()], Window::Epochs(1));
    fractions::of_workers(scores, spread, &potential, epsilon, &mut found);
    found
}

#[test]
fn a_split_hardly_moves_an_even_class() {
    for (count, most) in [(5, 0.036), (10, 0.017), (20, 0.0151), (50, 0.0075), (500, 0.001)] {
        let change = change_of_even(count);
        assert!(change <= most, "{count}: {change}");
    }
    // In two, without the power: ln 2 of a tenth is gained.
    let even = [0.1; 10];
    let without = entropy(&split(&even, 0, 2), 0.0) / entropy(&even, 0.0) - 1.0;
    let with = entropy(&split(&even, 0, 2), BETA) / entropy(&even, BETA) - 1.0;
    assert!(without > 0.03 && with.abs() < 0.02, "{without} {with}");
}

#[test]
fn a_split_among_rewards_of_random_scores() {
    let mut random = Random::new(11);
    for (count, middle) in [(10, [0.015, 0.05, 0.09]), (50, [0.003, 0.01, 0.02])] {
        for (copies, middle) in COPIES.into_iter().zip(middle) {
            let mut changes = Vec::new();
            for _ in 0..1000 {
                let scores: Vec<f64> = (0..count).map(|_| random.normal()).collect();
                let fractions = rewarded(&scores, 0.01);
                let after = split(&fractions, random.below(count), copies);
                changes.push(inferers_share(&after) / inferers_share(&fractions) - 1.0);
            }
            changes.sort_by(f64::total_cmp);
            let mut sizes: Vec<f64> = changes.iter().map(|change| change.abs()).collect();
            sizes.sort_by(f64::total_cmp);
            let (least, most) = (changes[0], changes[999]);
            println!("{count} in {copies}: {least:.3} {most:.3}, middle {:.4}", sizes[500]);
            assert!(sizes[500] <= middle, "{count} {copies}: {}", sizes[500]);
            let bound = maths::pow(count as f64 / (count + copies - 1) as f64, BETA);
            assert!(least >= bound - 1.0, "{count} {copies}: {least}");
        }
    }
}

/// The weakness: who has nearly all of a class makes a class of it.
#[test]
fn one_with_nearly_everything_gains_by_a_split() {
    let mut fractions = vec![1e-4; 5];
    fractions[0] = 1.0 - 4e-4;
    let gain = entropy(&split(&fractions, 0, 2), BETA) / entropy(&fractions, BETA);
    assert!(gain > 100.0, "{gain}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn entropy_after_a_split_is_bounded(
        raw in prop::collection::vec(0.01_f64..1.0, 2..12), copies in 2_usize..11,
    ) {
        let sum: f64 = raw.iter().sum();
        let fractions: Vec<f64> = raw.iter().map(|value| value / sum).collect();
        let (count, all) = (raw.len() as f64, (raw.len() + copies - 1) as f64);
        let (before, after) = (entropy(&fractions, BETA), entropy(&split(&fractions, 0, copies), BETA));
        prop_assert!(after >= before * maths::pow(count / all, BETA) - 1e-14);
        let plain = entropy(&fractions, 0.0) + fractions[0] * maths::ln(copies as f64);
        prop_assert!((entropy(&split(&fractions, 0, copies), 0.0) - plain).abs() < 1e-13);
        prop_assert!(after <= plain + 1e-14);
    }

    #[test]
    fn the_unit_of_scores_does_not_matter(
        scores in prop::collection::vec(-2.0_f64..2.0, 2..9), power in -20_i32..20,
    ) {
        prop_assume!(scores.iter().any(|score| (score - scores[0]).abs() > 1e-3));
        let unit = (0..power.abs()).fold(1.0, |unit, _| unit * if power < 0 { 0.1 } else { 10.0 });
        let scaled: Vec<f64> = scores.iter().map(|score| score * unit).collect();
        let (one, other) = (rewarded(&scores, 0.0), rewarded(&scaled, 0.0));
        for (one, other) in one.iter().zip(&other) {
            prop_assert!((one - other).abs() <= 1e-12 * one, "{} {}", one, other);
        }
    }

    #[test]
    fn the_order_of_workers_does_not_matter(
        scores in prop::collection::vec(-2.0_f64..2.0, 2..9), turn in 1_usize..8,
    ) {
        let turn = turn % scores.len();
        let mut turned = scores.clone();
        turned.rotate_left(turn);
        let mut one = rewarded(&scores, 0.01);
        one.rotate_left(turn);
        let other = rewarded(&turned, 0.01);
        for (one, other) in one.iter().zip(&other) {
            prop_assert!((one - other).abs() <= 1e-12 * one, "{} {}", one, other);
        }
        prop_assert!((entropy(&one, BETA) - entropy(&other, BETA)).abs() < 1e-12);
    }

    #[test]
    fn utility_only_divides_what_workers_have(
        entropies in prop::array::uniform3(0.0_f64..5.0), chis in prop::array::uniform2(0.1_f64..0.5),
    ) {
        prop_assume!(entropies.iter().sum::<f64>() > 1e-6);
        let [one, other] = chis.map(|chi| shares(entropies, chi, [true; 3]));
        let [inferers, forecasters, reputers] = entropies;
        let workers = (inferers + forecasters) / (inferers + forecasters + reputers);
        for shares in [one, other] {
            prop_assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-14);
            prop_assert!((shares[0] + shares[1] - workers).abs() < 1e-14);
        }
    }
}
