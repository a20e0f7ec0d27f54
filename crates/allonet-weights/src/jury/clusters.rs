//! Camps: whether groups of jurors differ from the consensus in the same way.
//!
//! # Formula
//!
//! With Bradley–Terry weights of the whole jury, juror `k` pulls each item by
//! the sum of its residuals, `g_k = Σ (answer − p)(e_right − e_left)`. Jurors
//! who miss the consensus in the same direction have similar `g`, even where
//! they answered different pairs:
//!
//! ```text
//! S_kl = g_k·g_l / sqrt(v_k v_l),  v_k = Σ 2p(1 − p),  S_kk = 0
//! ```
//!
//! The number of camps comes from the largest eigenvalues of `S`: an eigenvalue
//! counts if it exceeds the 99th of 100 largest ones of juries who answer the
//! same questions by the consensus alone (parallel analysis). With none there
//! are no camps; with `d`, jurors are put into `d + 1` camps by k-means in the
//! space of those `d` eigenvectors, starting from the jurors farthest apart.
//!
//! # Known weaknesses
//!
//! * One camp may be a single odd juror; see the sizes.
//! * Jurors with few answers are put somewhere; the split of the many is what
//!   the test supports.
//! * Scale is not seen: jurors who exaggerate are no camp here.
//! * Up to 500 jurors.
//!
//! # Sources
//!
//! * Horn (1965), *A rationale and test for the number of factors in factor
//!   analysis*; Hubert and Arabie (1985), *Comparing partitions* (equation 5).

use std::collections::BTreeMap;

use allonet_core::maths;

use super::model::Model;
use super::problem::Problem;
use crate::comparisons::Comparisons;
use crate::linear::Symmetric;
use crate::random::Random;
use crate::rules::FitError;

const MOST_JURORS: usize = 500;
/// Juries of the consensus that camps are measured against.
const NULLS: u64 = 100;
/// More camps than these are not told apart.
const MOST_AXES: usize = 4;
const ROUNDS: usize = 100;

/// The camps of a jury.
#[derive(Debug, Clone, PartialEq)]
pub struct Clusters {
    /// How many there are; one is no camps.
    pub count: usize,
    /// The camp of each juror, from 0, numbered by their first juror.
    pub of: Vec<usize>,
    /// The largest eigenvalues of the similarity, one beyond those that count.
    pub eigenvalues: Vec<f64>,
    /// What they had to exceed.
    pub threshold: f64,
}

/// Looks for camps; `prior` is that of [`Model::BradleyTerry`].
///
/// Errors: those of [`Model::fit`]; more than 500 jurors.
pub fn clusters(comparisons: &Comparisons, prior: f64, seed: u64) -> Result<Clusters, FitError> {
    let jurors = comparisons.jurors().len();
    if jurors > MOST_JURORS {
        let rule = "clusters of jurors";
        return Err(FitError::TooLarge { rule, found: jurors, most: MOST_JURORS });
    }
    let model = Model::BradleyTerry { prior };
    let problem = Problem::new(comparisons, model, &vec![1.0; jurors])?;
    let consensus = problem.fit()?.log_weights;
    let profile = Profile::new(&problem, &consensus, jurors);
    let found = profile.similarity(|at| profile.residuals[at]);
    let mut nulls: Vec<f64> = (0..NULLS)
        .map(|number| {
            let mut random = Random::part(seed, number);
            let drawn: Vec<f64> = (profile.chances.iter())
                .map(|chance| f64::from(u8::from(random.chance(*chance))) - chance)
                .collect();
            largest(&profile.similarity(|at| drawn[at]), 1)[0].0
        })
        .collect();
    nulls.sort_unstable_by(f64::total_cmp);
    let threshold = nulls[nulls.len() - 2];
    let axes = largest(&found, (MOST_AXES + 1).min(jurors));
    let count = axes.iter().take(MOST_AXES).take_while(|axis| axis.0 > threshold).count();
    let eigenvalues = axes.iter().take(count + 1).map(|axis| axis.0).collect();
    let of = if count == 0 { vec![0; jurors] } else { k_means(&axes[..count], count + 1) };
    let count = of.iter().max().map_or(0, |last| last + 1);
    Ok(Clusters { count, of, eigenvalues, threshold })
}

/// What each row contributes to the profile of its juror.
struct Profile {
    items: usize,
    /// For each row: juror, and the two items.
    rows: Vec<(usize, usize, usize)>,
    chances: Vec<f64>,
    residuals: Vec<f64>,
    /// One over the size of a profile of noise, for each juror.
    scale: Vec<f64>,
}

impl Profile {
    fn new(problem: &Problem, consensus: &[f64], jurors: usize) -> Self {
        let mut noise = vec![0.0; jurors];
        let mut profile = Self {
            items: problem.items,
            rows: Vec::new(),
            chances: Vec::new(),
            residuals: Vec::new(),
            scale: Vec::new(),
        };
        for term in &problem.terms {
            let cell = &problem.cells[term.cell];
            let residual = problem.residual(term, consensus);
            let chance = term.pull - residual;
            profile.rows.push((term.juror, cell.a, cell.b));
            profile.residuals.push(residual);
            profile.chances.push(chance);
            noise[term.juror] += 2.0 * chance * (1.0 - chance);
        }
        let scale = |noise: &f64| if *noise > 0.0 { 1.0 / noise.sqrt() } else { 0.0 };
        profile.scale = noise.iter().map(scale).collect();
        profile
    }

    fn similarity(&self, residual: impl Fn(usize) -> f64) -> Symmetric {
        let jurors = self.scale.len();
        let mut pulls = vec![vec![0.0; self.items]; jurors];
        for (at, (juror, a, b)) in self.rows.iter().enumerate() {
            let scaled = residual(at) * self.scale[*juror];
            pulls[*juror][*b] += scaled;
            pulls[*juror][*a] -= scaled;
        }
        let mut similarity = Symmetric::zeros(jurors);
        for k in 0..jurors {
            for l in 0..k {
                let product = pulls[k].iter().zip(&pulls[l]).map(|(x, y)| x * y).sum();
                similarity.add(k, l, product);
            }
        }
        similarity
    }
}

/// The largest eigenvalues and their unit eigenvectors, by power iteration on
/// the matrix shifted to have none below zero.
fn largest(matrix: &Symmetric, count: usize) -> Vec<(f64, Vec<f64>)> {
    let size = matrix.size();
    let row_sum = |row: usize| matrix.row(row).iter().map(|value| value.abs()).sum::<f64>();
    let shift = (0..size).map(row_sum).fold(0.0, f64::max);
    let mut axes: Vec<(f64, Vec<f64>)> = Vec::new();
    for number in 0..count {
        let mut random = Random::part(0, number as u64);
        let mut axis: Vec<f64> = (0..size).map(|_| random.normal()).collect();
        let mut value = 0.0;
        for _ in 0..ITERATIONS {
            for (_, known) in &axes {
                let along: f64 = axis.iter().zip(known).map(|(x, y)| x * y).sum();
                axis.iter_mut().zip(known).for_each(|(x, y)| *x -= along * y);
            }
            let length = axis.iter().map(|x| x * x).sum::<f64>().sqrt();
            if length == 0.0 {
                break;
            }
            for x in &mut axis {
                *x /= length;
            }
            let image: Vec<f64> = (0..size)
                .map(|row| matrix.row(row).iter().zip(&axis).map(|(a, x)| a * x).sum::<f64>())
                .collect();
            let next: f64 = image.iter().zip(&axis).map(|(y, x)| y * x).sum();
            let settled = (next - value).abs() <= 1e-8 * shift;
            value = next;
            if settled {
                break;
            }
            axis = image.iter().zip(&axis).map(|(y, x)| y + shift * x).collect();
        }
        axes.push((value, axis));
    }
    axes
}

const ITERATIONS: usize = 1_000;

/// Lloyd's algorithm from the points farthest apart.
fn k_means(axes: &[(f64, Vec<f64>)], count: usize) -> Vec<usize> {
    let jurors = axes[0].1.len();
    let points: Vec<Vec<f64>> = (0..jurors)
        .map(|juror| axes.iter().map(|(value, axis)| axis[juror] * value.sqrt()).collect())
        .collect();
    let mut centres = farthest(&points, count);
    let mut of = vec![0; jurors];
    for _ in 0..ROUNDS {
        let next: Vec<usize> = points.iter().map(|point| nearest(point, &centres).0).collect();
        for (camp, centre) in centres.iter_mut().enumerate() {
            let own: Vec<usize> = (0..jurors).filter(|at| next[*at] == camp).collect();
            if own.is_empty() {
                continue;
            }
            for (axis, value) in centre.iter_mut().enumerate() {
                *value = maths::sum(own.iter().map(|at| points[*at][axis])) / own.len() as f64;
            }
        }
        if next == of {
            break;
        }
        of = next;
    }
    numbered(&of)
}

/// The point farthest from the middle, then always the one farthest from all
/// taken.
fn farthest(points: &[Vec<f64>], count: usize) -> Vec<Vec<f64>> {
    let middle = vec![0.0; points[0].len()];
    let mut taken = vec![middle];
    for _ in 0..count {
        let distances = points.iter().map(|point| nearest(point, &taken).1);
        let far = distances.enumerate().fold((0, -1.0), |far, (at, distance)| {
            if distance > far.1 { (at, distance) } else { far }
        });
        if taken.len() == 1 && taken[0].iter().all(|x| *x == 0.0) {
            taken.clear();
        }
        taken.push(points[far.0].clone());
    }
    taken
}

/// The nearest centre and the square of its distance.
fn nearest(point: &[f64], centres: &[Vec<f64>]) -> (usize, f64) {
    let distance =
        |centre: &Vec<f64>| point.iter().zip(centre).map(|(x, y)| (x - y) * (x - y)).sum::<f64>();
    let distances = centres.iter().map(distance).enumerate();
    distances.fold((0, f64::INFINITY), |best, next| if next.1 < best.1 { next } else { best })
}

/// Camps numbered by their first member.
fn numbered(of: &[usize]) -> Vec<usize> {
    let mut numbers: BTreeMap<usize, usize> = BTreeMap::new();
    of.iter()
        .map(|camp| {
            let next = numbers.len();
            *numbers.entry(*camp).or_insert(next)
        })
        .collect()
}

/// How well two partitions of the same things agree: 1 if they are the same,
/// about 0 if they have nothing to do with each other.
///
/// # Panics
///
/// If they are not of the same length.
pub fn adjusted_rand_index(one: &[usize], other: &[usize]) -> f64 {
    assert_eq!(one.len(), other.len(), "both are partitions of the same things");
    let couples = |count: usize| (count * count.saturating_sub(1) / 2) as f64;
    let summed = |keys: Vec<(usize, usize)>| {
        let mut counts: BTreeMap<(usize, usize), usize> = BTreeMap::new();
        for key in keys {
            *counts.entry(key).or_default() += 1;
        }
        counts.into_values().map(couples).sum::<f64>()
    };
    let both = summed(one.iter().copied().zip(other.iter().copied()).collect());
    let rows = summed(one.iter().map(|camp| (*camp, 0)).collect());
    let columns = summed(other.iter().map(|camp| (*camp, 0)).collect());
    let expected = rows * columns / couples(one.len()).max(1.0);
    let most = f64::midpoint(rows, columns);
    if most > expected { (both - expected) / (most - expected) } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synthetic::Jury;

    /// Two halves of a jury with tastes of their own.
    fn factions(seed: u64, answers: usize) -> (Comparisons, Vec<usize>) {
        let shape = Jury { items: 20, jurors: 16, spread: 1.5, ..Jury::default() };
        let mut tastes = [shape.draw(seed), shape.draw(seed + 1_000)];
        let mut builder = tastes[0].builder();
        let camp = |juror: usize| juror % 2;
        for _ in 0..answers {
            let juror = tastes[0].random_juror();
            let (left, right) = tastes[0].random_pair();
            let (choice, _) = tastes[camp(juror)].ask(juror, left, right);
            let [juror, left, right] =
                [juror, left, right].map(|at| u32::try_from(at).expect("small"));
            builder.push(juror, (left, right), choice, None);
        }
        (builder.finish(), (0..16).map(camp).collect())
    }

    #[test]
    fn two_factions_are_found() {
        for seed in 0..5 {
            let (comparisons, truth) = factions(seed, 800);
            let found = clusters(&comparisons, 0.1, 1).expect("valid");
            assert_eq!(found.count, 2, "{seed} {:?} {}", found.eigenvalues, found.threshold);
            let index = adjusted_rand_index(&found.of, &truth);
            assert!(index > 0.9, "{seed}: {index}");
        }
    }

    #[test]
    fn one_mind_has_no_camps() {
        let shape = Jury { items: 20, jurors: 16, spread: 1.5, ..Jury::default() };
        let counts: Vec<usize> = (0..8)
            .map(|seed| clusters(&shape.draw(seed).comparisons(800), 0.1, 1).expect("valid").count)
            .collect();
        assert!(counts.iter().filter(|count| **count == 1).count() >= 7, "{counts:?}");
        let alone = Jury { jurors: 1, ..shape }.draw(1).comparisons(30);
        assert_eq!(clusters(&alone, 0.1, 1).expect("valid").count, 1);
    }

    #[test]
    fn partitions_are_compared() {
        assert!((adjusted_rand_index(&[0, 0, 1, 1], &[1, 1, 0, 0]) - 1.0).abs() < 1e-15);
        // 1 shared couple, 2 and 2 of 6: (1 − 4/6... by hand: both 1, rows 2,
        // columns 3 → expected 1, most 2.5, index 0.
        assert!(adjusted_rand_index(&[0, 0, 1, 1], &[0, 0, 0, 1]).abs() < 1e-15);
    }

    #[test]
    fn eigenvalues_of_a_known_matrix() {
        // 2 and 1 off the diagonal of blocks: ±2 and ±1.
        let mut matrix = Symmetric::zeros(4);
        matrix.add(0, 1, 2.0);
        matrix.add(2, 3, 1.0);
        let found = largest(&matrix, 2);
        assert!((found[0].0 - 2.0).abs() < 1e-6 && (found[1].0 - 1.0).abs() < 1e-6);
    }
}
