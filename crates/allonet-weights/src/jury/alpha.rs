//! Krippendorff's alpha: how well jurors agree, beyond what chance gives.
//!
//! # Formula
//!
//! ```text
//! α = 1 − observed disagreement / disagreement expected by chance
//! ```
//!
//! 1 is full agreement, 0 what chance gives, below 0 systematic disagreement.
//! [`krippendorff`] is the coefficient for any values. For comparisons, a unit
//! is a pair of items and a value is what a juror says of it: which is
//! preferred (nominal), or `c` (interval). Several answers of one juror are one
//! value: their majority, or their mean; else a juror would agree with itself.
//!
//! Which of two items comes first has no meaning, so every answer counts both
//! ways when chance is worked out: two preferences on different pairs disagree
//! half of the time, two values `c` and `d` by `c² + d²`. With that, names and
//! sides do not matter.
//!
//! The interval comes from drawing pairs with replacement, expected
//! disagreement anew each time.
//!
//! # Known weaknesses
//!
//! * Pairs that one juror alone answered say nothing and are left out.
//! * Alpha of `c` is ruled by the few largest multipliers.
//!
//! # Sources
//!
//! * Krippendorff (2011), *Computing Krippendorff's alpha-reliability*: the
//!   coefficient and its example of four observers and twelve units.

use std::collections::BTreeMap;

use allonet_core::maths;

use super::repeats::{prefers_first, towards_second};
use crate::comparisons::Comparisons;
use crate::random::Random;
use crate::statistics::quantile;

/// How far apart two values are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Metric {
    /// 0 if they are equal, otherwise 1.
    Nominal,
    /// The square of their difference.
    Interval,
}

/// Alpha of any values: `units` holds the finite values given to each unit, as
/// many as there are.
///
/// None where no unit has two values, or all values are equal.
///
/// ```
/// use allonet_weights::jury::alpha::{Metric, krippendorff};
///
/// let units = [vec![1.0, 1.0], vec![2.0, 2.0], vec![1.0, 2.0]];
/// // Observed 2/6; expected 2·3·3/(6·5) = 18/30.
/// let alpha = krippendorff(&units, Metric::Nominal).unwrap();
/// assert!((alpha - (1.0 - (2.0 / 6.0) / (18.0 / 30.0))).abs() < 1e-15);
/// ```
pub fn krippendorff(units: &[Vec<f64>], metric: Metric) -> Option<f64> {
    let pairable: Vec<&Vec<f64>> = units.iter().filter(|values| values.len() > 1).collect();
    let all: Vec<f64> = pairable.iter().flat_map(|values| values.iter().copied()).collect();
    let count = all.len() as f64;
    let observed = pairable
        .iter()
        .map(|values| ordered_differences(values, metric) / (values.len() - 1) as f64);
    let observed = maths::sum(observed) / count;
    let expected = ordered_differences(&all, metric) / (count * (count - 1.0));
    (count > 0.0 && expected > 0.0).then(|| 1.0 - observed / expected)
}

/// The sum of differences over all ordered couples of values.
fn ordered_differences(values: &[f64], metric: Metric) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let count = sorted.len() as f64;
    match metric {
        Metric::Nominal => {
            let equal = sorted.chunk_by(|a, b| a.total_cmp(b).is_eq());
            count * count - maths::sum(equal.map(|same| (same.len() * same.len()) as f64))
        }
        Metric::Interval => {
            let mean = maths::sum(sorted.iter().copied()) / count.max(1.0);
            2.0 * count * maths::sum(sorted.iter().map(|x| (x - mean) * (x - mean)))
        }
    }
}

/// Agreement of a jury.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Agreement {
    /// The coefficient.
    pub alpha: f64,
    /// Its bounds.
    pub interval: (f64, f64),
    /// Pairs that several jurors answered.
    pub pairs: usize,
    /// What they said about them.
    pub values: usize,
}

/// Alpha of comparisons with bounds at `level`, from so many replicates.
///
/// None where no pair was answered by two jurors, or chance gives no
/// disagreement (every value is zero).
///
/// # Panics
///
/// If the level is not between 0 and 1.
pub fn agreement(
    comparisons: &Comparisons,
    metric: Metric,
    level: f64,
    replicates: usize,
    seed: u64,
) -> Option<Agreement> {
    assert!(level > 0.0 && level < 1.0, "a level is between 0 and 1");
    let units: Vec<Unit> = values(comparisons, metric)
        .into_values()
        .map(|by_juror| by_juror.into_values().collect::<Vec<f64>>())
        .filter(|values| values.len() > 1)
        .map(|values| Unit::of(&values, metric))
        .collect();
    let alpha = mirrored(units.iter(), metric)?;
    let replicate = |number: u64| {
        let mut random = Random::part(seed, number);
        mirrored((0..units.len()).map(|_| &units[random.below(units.len())]), metric)
    };
    let mut drawn: Vec<f64> = (0..replicates as u64).filter_map(replicate).collect();
    drawn.sort_unstable_by(f64::total_cmp);
    let tail = (1.0 - level) / 2.0;
    let interval = if drawn.is_empty() {
        (-1.0, 1.0)
    } else {
        (quantile(&drawn, tail), quantile(&drawn, 1.0 - tail))
    };
    Some(Agreement {
        alpha,
        interval,
        pairs: units.len(),
        values: units.iter().map(|unit| unit.count).sum(),
    })
}

/// What each juror says of each pair, towards its second item.
fn values(comparisons: &Comparisons, metric: Metric) -> BTreeMap<(u32, u32), BTreeMap<u32, f64>> {
    let mut said: BTreeMap<(u32, u32), BTreeMap<u32, Vec<f64>>> = BTreeMap::new();
    for row in comparisons.rows() {
        let value = match metric {
            Metric::Nominal => {
                Some(prefers_first(&row).map_or(0.0, |first| if first { -1.0 } else { 1.0 }))
            }
            Metric::Interval => towards_second(&row),
        };
        let of_pair = said.entry(row.pair()).or_default();
        of_pair.entry(row.juror).or_default().extend(value);
    }
    let merged = |mut values: Vec<f64>| {
        values.sort_unstable_by(f64::total_cmp);
        let sum = maths::sum(values.iter().copied());
        match metric {
            // The majority; a draw is a tie.
            Metric::Nominal if sum == 0.0 => 0.0,
            Metric::Nominal => sum.signum(),
            Metric::Interval => sum / values.len() as f64,
        }
    };
    said.into_iter()
        .map(|(pair, by_juror)| {
            let known = by_juror.into_iter().filter(|(_, values)| !values.is_empty());
            (pair, known.map(|(juror, values)| (juror, merged(values))).collect())
        })
        .collect()
}

/// What a pair adds to both disagreements.
#[derive(Debug, Clone, Copy)]
struct Unit {
    count: usize,
    observed: f64,
    ties: usize,
    squares: f64,
}

impl Unit {
    fn of(values: &[f64], metric: Metric) -> Self {
        Self {
            count: values.len(),
            observed: ordered_differences(values, metric) / (values.len() - 1) as f64,
            ties: values.iter().filter(|value| **value == 0.0).count(),
            squares: maths::sum(values.iter().map(|value| value * value)),
        }
    }
}

/// Alpha where every value counts both ways when chance is worked out.
fn mirrored<'u>(units: impl Iterator<Item = &'u Unit>, metric: Metric) -> Option<f64> {
    let units: Vec<&Unit> = units.collect();
    let count = units.iter().map(|unit| unit.count).sum::<usize>() as f64;
    let observed = maths::sum(units.iter().map(|unit| unit.observed)) / count;
    let expected = match metric {
        Metric::Interval => 2.0 * maths::sum(units.iter().map(|unit| unit.squares)) / count,
        Metric::Nominal => {
            let ties = units.iter().map(|unit| unit.ties).sum::<usize>() as f64;
            let others = count - ties;
            let differ = 0.5 * others * (others - 1.0) + 2.0 * ties * others;
            differ / (count * (count - 1.0))
        }
    };
    (count > 0.0 && expected > 0.0).then(|| 1.0 - observed / expected)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::comparisons::{Builder, Choice};
    use crate::synthetic::Jury;

    /// Krippendorff (2011), section C: four observers, twelve units.
    fn example() -> Vec<Vec<f64>> {
        let observers = [
            [1, 2, 3, 3, 2, 1, 4, 1, 2, 0, 0, 0],
            [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, 0, 3],
            [0, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, 0],
            [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, 0],
        ];
        (0..12)
            .map(|unit| observers.iter().map(move |one| one[unit]))
            .map(|values| values.filter(|value| *value > 0).map(f64::from).collect())
            .collect()
    }

    #[test]
    fn the_published_example() {
        let nominal = krippendorff(&example(), Metric::Nominal).expect("defined");
        let interval = krippendorff(&example(), Metric::Interval).expect("defined");
        assert!((nominal - 0.743).abs() < 5e-4, "{nominal}");
        assert!((interval - 0.849).abs() < 5e-4, "{interval}");
    }

    /// By couples, as the definition says.
    fn slow(units: &[Vec<f64>], difference: impl Fn(f64, f64) -> f64) -> f64 {
        let pairable: Vec<&Vec<f64>> = units.iter().filter(|unit| unit.len() > 1).collect();
        let all: Vec<f64> = pairable.iter().flat_map(|unit| unit.iter().copied()).collect();
        let couples = |values: &[f64]| {
            let mut sum = 0.0;
            for i in 0..values.len() {
                for j in (0..values.len()).filter(|j| *j != i) {
                    sum += difference(values[i], values[j]);
                }
            }
            sum
        };
        let observed: f64 =
            pairable.iter().map(|unit| couples(unit) / (unit.len() as f64 - 1.0)).sum();
        1.0 - observed * (all.len() as f64 - 1.0) / couples(&all)
    }

    #[test]
    fn couples_one_by_one_give_the_same() {
        let units = example();
        let fast = krippendorff(&units, Metric::Interval).expect("defined");
        assert!((fast - slow(&units, |a, b| (a - b) * (a - b))).abs() < 1e-13);
        let fast = krippendorff(&units, Metric::Nominal).expect("defined");
        assert!(
            (fast - slow(&units, |a, b| f64::from(u8::from(a.total_cmp(&b).is_ne())))).abs()
                < 1e-13
        );
        assert_eq!(krippendorff(&[vec![1.0, 1.0], vec![3.0]], Metric::Nominal), None);
        assert_eq!(krippendorff(&[], Metric::Interval), None);
    }

    #[test]
    fn a_jury_by_hand_and_by_couples() {
        let mut builder = Builder::default();
        let jurors = ["ann", "bob", "eve"].map(|name| builder.juror(name));
        let [x, y, z] = ["x", "y", "z"].map(|name| builder.item(name));
        for (juror, pair, choice) in [
            (0, (x, y), Choice::Left),
            (1, (y, x), Choice::Right),
            (2, (x, y), Choice::Right),
            (0, (y, z), Choice::Left),
            (1, (y, z), Choice::Left),
            (2, (x, z), Choice::Tie),
        ] {
            builder.push(jurors[juror], pair, choice, Some(1.0));
        }
        let comparisons = builder.finish();
        // Values −1, −1, 1 | −1, −1. Observed (4/2 + 0)/5; expected ½.
        let nominal = agreement(&comparisons, Metric::Nominal, 0.9, 50, 1).expect("defined");
        assert!((nominal.alpha - (1.0 - 0.4 / 0.5)).abs() < 1e-14);
        assert_eq!((nominal.pairs, nominal.values), (2, 5));
        // Observed (16/2)/5; expected 2.
        let interval = agreement(&comparisons, Metric::Interval, 0.9, 50, 1).expect("defined");
        assert!((interval.alpha - (1.0 - 1.6 / 2.0)).abs() < 1e-14);
        let alone = comparisons.filter(|row| row.juror == 0);
        assert_eq!(agreement(&alone, Metric::Nominal, 0.9, 50, 1), None);
    }

    #[test]
    fn coins_have_none_and_swapping_sides_changes_nothing() {
        let shape = Jury { items: 6, jurors: 8, noise: 1.0, ..Jury::default() };
        let coins = Jury { random: 1.0, ..shape.clone() }.draw(2).comparisons(600);
        for metric in [Metric::Nominal, Metric::Interval] {
            let found = agreement(&coins, metric, 0.9, 200, 1).expect("defined");
            assert!(found.interval.0 < 0.0 && found.alpha.abs() < 0.1, "{metric:?} {found:?}");
        }
        let sound = shape.draw(2).comparisons(600);
        let mut builder = Builder::default();
        // Names in reverse order, sides swapped.
        for row in sound.rows() {
            let [left, right] =
                [row.left, row.right].map(|item| builder.item(&format!("{}", 9 - item)));
            let juror = builder.juror(&row.juror.to_string());
            let choice = match row.choice {
                Choice::Left => Choice::Right,
                _ => Choice::Left,
            };
            builder.push(juror, (right, left), choice, row.intensity);
        }
        let swapped = builder.finish();
        for metric in [Metric::Nominal, Metric::Interval] {
            let alpha = |of| agreement(of, metric, 0.9, 9, 1).expect("defined").alpha;
            assert!(alpha(&sound) > 0.2 && (alpha(&sound) - alpha(&swapped)).abs() < 1e-12);
        }
    }
}
