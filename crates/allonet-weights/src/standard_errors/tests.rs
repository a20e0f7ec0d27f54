use proptest::prelude::*;

use super::*;
use crate::comparisons::{Builder, Choice};
use crate::linear::Symmetric;
use crate::rules::bradley_terry::maximise;
use crate::synthetic::Jury;

#[test]
fn one_measured_gap_by_hand() {
    // c = 1 and c = 3: the gap is 2, the residual variance 2 / (2 − 1), and
    // L = 2 [[1, −1], [−1, 1]] has L⁺ = [[⅛, −⅛], [−⅛, ⅛]].
    let mut builder = Builder::default();
    let (juror, pair) = (builder.juror(""), (builder.item("a"), builder.item("b")));
    builder.push(juror, pair, Choice::Right, Some(1.0));
    builder.push(juror, pair, Choice::Right, Some(3.0));
    let comparisons = builder.finish();
    let found = least_squares(&comparisons, &[-1.0, 1.0]).unwrap();
    assert!((found.values[0] - 0.5).abs() < 1e-14, "{found:?}");
    assert_eq!(least_squares(&comparisons.take(&[0]), &[-0.5, 0.5]), None);
    assert_eq!(clustered(&comparisons, &[-1.0, 1.0], Prior::default()), None);
}

/// `(H + prior)⁻¹` or `H⁺` from all of a dense matrix.
fn covariance(tally: &Tally, z: &[f64], prior: Prior) -> Symmetric {
    let items = tally.items();
    let mut matrix = Symmetric::zeros(items);
    for item in 0..items {
        let own = logistic(z[item]);
        matrix.add(item, item, prior.precision + 2.0 * prior.virtual_games * own * (1.0 - own));
        for (other, wins, losses) in tally.row(item).filter(|entry| entry.0 < item) {
            let chance = logistic(z[item] - z[other]);
            matrix.add_edge(item, other, (wins + losses) * chance * (1.0 - chance));
        }
    }
    if !prior.is_none() {
        return matrix.inverse().unwrap();
    }
    for row in 0..items {
        (0..=row).for_each(|column| matrix.add(row, column, 1.0));
    }
    let mut inverse = matrix.inverse().unwrap();
    let constant = -1.0 / (items * items) as f64;
    for row in 0..items {
        (0..=row).for_each(|column| inverse.add(row, column, constant));
    }
    inverse
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10))]
    #[test]
    fn errors_are_those_of_the_dense_inverse(seed in 0_u64..1_000) {
        let comparisons = Jury { items: 9, jurors: 4, ..Jury::default() }.draw(seed).comparisons(150);
        let tally = comparisons.tally();
        for prior in [
            Prior { virtual_games: 0.0, precision: 0.0 },
            Prior { virtual_games: 0.7, precision: 0.0 },
            Prior { virtual_games: 0.0, precision: 0.2 },
        ] {
            prop_assume!(crate::connectivity::is_bounded(&tally));
            let z = maximise(&tally, prior).unwrap().log_weights;
            let covariance = covariance(&tally, &z, prior);
            let found = bradley_terry(&tally, &z, prior).unwrap();
            for item in 0..9 {
                let off = found.values[item] - covariance.at(item, item).sqrt();
                prop_assert!(off.abs() < 1e-9, "{off}");
            }
            let robust = clustered(&comparisons, &z, prior).unwrap();
            let expected = sandwich(&comparisons, &z, &covariance);
            for (found, expected) in robust.iter().zip(expected) {
                prop_assert!((found - expected).abs() < 1e-8);
            }
        }
    }
}

fn sandwich(comparisons: &Comparisons, z: &[f64], covariance: &Symmetric) -> Vec<f64> {
    let jurors = comparisons.jurors().len();
    let mut scores = vec![vec![0.0; z.len()]; jurors];
    for row in comparisons.rows() {
        let (winner, loser) = row.winner_loser().unwrap();
        let (winner, loser) = (winner as usize, loser as usize);
        let surprise = 1.0 - logistic(z[winner] - z[loser]);
        scores[row.juror as usize][winner] += surprise;
        scores[row.juror as usize][loser] -= surprise;
    }
    let of_item = |item: usize| {
        let moved = |score: &Vec<f64>| -> f64 {
            score.iter().enumerate().map(|(at, score)| covariance.at(item, at) * score).sum()
        };
        let sum: f64 = scores.iter().map(|score| moved(score) * moved(score)).sum();
        (sum * jurors as f64 / (jurors as f64 - 1.0)).sqrt()
    };
    (0..z.len()).map(of_item).collect()
}

#[test]
fn estimates_spread_as_their_errors_say() {
    let jury = Jury { items: 10, ..Jury::default() };
    let mut squares = 0.0;
    let mut predicted = 0.0;
    let runs = 60;
    for seed in 0..runs {
        let mut drawn = jury.draw(seed);
        let comparisons = drawn.comparisons(600);
        let tally = comparisons.tally();
        let z = maximise(&tally, Prior::default()).unwrap().log_weights;
        let errors = bradley_terry(&tally, &z, Prior::default()).unwrap().values;
        crate::estimate::centre(&mut drawn.truth);
        for ((z, truth), error) in z.iter().zip(&drawn.truth).zip(errors) {
            squares += (z - truth) * (z - truth);
            predicted += error * error;
        }
    }
    // 600 squares, one degree of freedom lost in ten: within 15 per cent.
    let ratio = squares / predicted;
    assert!((0.85..1.2).contains(&ratio), "{ratio}");
}

#[test]
fn islands_have_errors_only_under_a_prior() {
    let tally = Tally::from_columns(3, &[0, 0], &[1, 1], &[Choice::Left, Choice::Right]);
    assert_eq!(bradley_terry(&tally, &[0.0; 3], Prior::default()), None);
    let prior = Prior { virtual_games: 2.0, precision: 0.0 };
    let errors = bradley_terry(&tally, &[0.0; 3], prior).unwrap();
    // Nothing but four virtual games of a quarter each.
    assert!((errors.values[2] - 1.0).abs() < 1e-14);
}
