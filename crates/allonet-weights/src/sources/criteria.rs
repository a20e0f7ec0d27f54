//! One figure out of several criteria, such as security and innovation.
//!
//! # Formula
//!
//! Scores of criterion `k` are divided by their largest: `s_ki` from 0 to 1.
//! `a_k` is its importance, divided by the sum of all.
//!
//! ```text
//! geometric       Π s_ki^a_k             all criteria matter, none replaces another
//! arithmetic      Σ a_k s_ki             a lack in one is made up for in another
//! quadratic       √(Σ a_k s_ki²)         excellence in one counts for more
//! max-min         min_k s_ki             the worst criterion decides
//! lexicographic   by the most important criterion; items within the tolerance
//!                 of the best left are level, and the next one decides
//! ```
//!
//! Weights ∝ the figure. The lexicographic order gives each item 1 / place.
//!
//! # Known weaknesses
//!
//! * Dividing by the largest makes a criterion on which one item stands out count
//!   little among all others.
//! * Level "within a tolerance" is not transitive: groups are cut from the top,
//!   so a worst item of a group may be nearer to the next group's best.
//! * Max-min ignores importance, except that a criterion of importance 0 is out.
//!
//! # Sources
//!
//! * Keeney, Raiffa (1976), *Decisions with multiple objectives*.
//! * Hardy, Littlewood, Pólya (1934), *Inequalities*, ch. 2 (means and their
//!   order: max-min ≤ geometric ≤ arithmetic ≤ quadratic).

use allonet_core::maths;
use thiserror::Error;

/// A criterion and what it says of every item.
#[derive(Debug, Clone, PartialEq)]
pub struct Criterion {
    /// Its name.
    pub name: String,
    /// How much it matters, at least zero.
    pub importance: f64,
    /// A score for each item, at least zero.
    pub scores: Vec<f64>,
}

/// How criteria are put together.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Composition {
    /// Weighted geometric mean.
    Geometric,
    /// Weighted arithmetic mean.
    Arithmetic,
    /// Weighted quadratic mean.
    Quadratic,
    /// The worst criterion.
    MaxMin,
    /// By importance, level within a tolerance from 0 to below 1.
    Lexicographic {
        /// How far below the best left still counts as level.
        tolerance: f64,
    },
}

/// Why criteria cannot be put together.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum CriteriaError {
    /// No criterion matters.
    #[error("no criterion has an importance above zero")]
    None,
    /// Criteria are about different numbers of items.
    #[error("`{name}` scores {found} items, the first criterion {expected}")]
    Length {
        /// The criterion.
        name: String,
        /// How many it scores.
        found: usize,
        /// How many the first scores.
        expected: usize,
    },
    /// A figure is negative or not finite.
    #[error("`{name}` holds {found}; importance and scores are numbers from 0")]
    Figure {
        /// The criterion.
        name: String,
        /// The figure.
        found: f64,
    },
    /// A criterion is zero for every item.
    #[error("`{name}` gives every item zero")]
    Blank {
        /// The criterion.
        name: String,
    },
    /// Every item comes out at zero.
    #[error("every item lacks some criterion altogether: all come out at zero")]
    AllZero,
    /// The tolerance is out of bounds.
    #[error("the tolerance is {found}, allowed are 0 to below 1")]
    Tolerance {
        /// What it is.
        found: f64,
    },
}

/// Shares of the items, adding up to one.
///
/// ```
/// use allonet_weights::sources::criteria::{Composition, Criterion, compose};
///
/// let criterion = |name: &str, scores: [f64; 2]| Criterion {
///     name: name.to_owned(),
///     importance: 1.0,
///     scores: scores.to_vec(),
/// };
/// let criteria = [criterion("security", [1.0, 0.25]), criterion("innovation", [0.5, 0.5])];
/// // √(1 · 1) to √(¼ · 1).
/// let weights = compose(&criteria, Composition::Geometric).unwrap();
/// assert!((weights[0] - 2.0 / 3.0).abs() < 1e-12);
/// ```
pub fn compose(criteria: &[Criterion], how: Composition) -> Result<Vec<f64>, CriteriaError> {
    let scaled = checked(criteria)?;
    let figures = match how {
        Composition::Geometric => each_item(&scaled, |said| {
            if said.iter().any(|(_, score)| *score == 0.0) {
                return 0.0;
            }
            maths::exp(maths::sum(said.iter().map(|(part, score)| part * maths::ln(*score))))
        }),
        Composition::Arithmetic => {
            each_item(&scaled, |said| maths::sum(said.iter().map(|(part, score)| part * score)))
        }
        Composition::Quadratic => each_item(&scaled, |said| {
            maths::sum(said.iter().map(|(part, score)| part * score * score)).sqrt()
        }),
        Composition::MaxMin => {
            each_item(&scaled, |said| said.iter().map(|said| said.1).fold(1.0, f64::min))
        }
        Composition::Lexicographic { tolerance } => lexicographic(scaled, tolerance)?,
    };
    let sum = maths::sum(figures.iter().copied());
    if sum <= 0.0 {
        return Err(CriteriaError::AllZero);
    }
    Ok(figures.into_iter().map(|figure| figure / sum).collect())
}

/// A criterion that matters: its part of all importance, scores up to 1.
struct Scaled {
    part: f64,
    scores: Vec<f64>,
}

fn checked(criteria: &[Criterion]) -> Result<Vec<Scaled>, CriteriaError> {
    let expected = criteria.first().map_or(0, |first| first.scores.len());
    for Criterion { name, importance, scores } in criteria {
        if scores.len() != expected {
            let (name, found) = (name.clone(), scores.len());
            return Err(CriteriaError::Length { name, found, expected });
        }
        let mut figures = scores.iter().chain([importance]);
        if let Some(found) = figures.find(|figure| !(figure.is_finite() && **figure >= 0.0)) {
            return Err(CriteriaError::Figure { name: name.clone(), found: *found });
        }
    }
    let largest = criteria.iter().map(|criterion| criterion.importance).fold(0.0, f64::max);
    let relative = |criterion: &Criterion| criterion.importance / largest;
    let total = maths::sum(criteria.iter().map(relative));
    let mut scaled = Vec::new();
    for criterion in criteria.iter().filter(|criterion| criterion.importance > 0.0) {
        let most = criterion.scores.iter().copied().fold(0.0, f64::max);
        if most == 0.0 {
            return Err(CriteriaError::Blank { name: criterion.name.clone() });
        }
        let scores = criterion.scores.iter().map(|score| score / most).collect();
        scaled.push(Scaled { part: relative(criterion) / total, scores });
    }
    if scaled.is_empty() { Err(CriteriaError::None) } else { Ok(scaled) }
}

/// A figure of each item out of `(part, score)` of each criterion.
fn each_item(scaled: &[Scaled], figure: impl Fn(&[(f64, f64)]) -> f64) -> Vec<f64> {
    let items = 0..scaled[0].scores.len();
    items
        .map(|item| {
            let said: Vec<(f64, f64)> =
                scaled.iter().map(|criterion| (criterion.part, criterion.scores[item])).collect();
            figure(&said)
        })
        .collect()
}

/// 1 / place, level items sharing what their places get.
fn lexicographic(mut scaled: Vec<Scaled>, tolerance: f64) -> Result<Vec<f64>, CriteriaError> {
    if !(0.0..1.0).contains(&tolerance) {
        return Err(CriteriaError::Tolerance { found: tolerance });
    }
    // Equal importance: in the order given.
    scaled.sort_by(|a, b| b.part.total_cmp(&a.part));
    let mut groups = vec![(0..scaled[0].scores.len()).collect::<Vec<usize>>()];
    for criterion in &scaled {
        let score = |item: &usize| criterion.scores[*item];
        groups = groups
            .into_iter()
            .flat_map(|mut group| {
                group.sort_by(|a, b| score(b).total_cmp(&score(a)).then(a.cmp(b)));
                let mut parts: Vec<Vec<usize>> = Vec::new();
                for item in group {
                    match parts.last_mut() {
                        Some(part) if score(&part[0]) - score(&item) <= tolerance => {
                            part.push(item);
                        }
                        _ => parts.push(vec![item]),
                    }
                }
                parts
            })
            .collect();
    }
    let mut figures = vec![0.0; scaled[0].scores.len()];
    let mut place = 0.0;
    for group in groups {
        let mut together = 0.0;
        for _ in &group {
            place += 1.0;
            together += 1.0 / place;
        }
        let share = together / group.len() as f64;
        for item in group {
            figures[item] = share;
        }
    }
    Ok(figures)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ALL: [Composition; 5] = [
        Composition::Geometric,
        Composition::Arithmetic,
        Composition::Quadratic,
        Composition::MaxMin,
        Composition::Lexicographic { tolerance: 0.05 },
    ];

    fn criterion(name: &str, importance: f64, scores: &[f64]) -> Criterion {
        Criterion { name: name.into(), importance, scores: scores.to_vec() }
    }

    fn close(a: &[f64], b: &[f64]) -> bool {
        a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-12)
    }

    #[test]
    fn worked_by_hand() {
        let criteria = [criterion("s", 3.0, &[4.0, 2.0]), criterion("i", 1.0, &[1.0, 5.0])];
        // Scaled: s 1, ½; i ⅕, 1.
        let expected = [
            (Composition::Arithmetic, [0.75 + 0.05, 0.375 + 0.25]),
            (Composition::MaxMin, [0.2, 0.5]),
            (Composition::Quadratic, [0.76_f64.sqrt(), 0.4375_f64.sqrt()]),
            (Composition::Lexicographic { tolerance: 0.4 }, [1.0, 0.5]),
            (Composition::Lexicographic { tolerance: 0.5 }, [0.5, 1.0]),
        ];
        for (how, [a, b]) in expected {
            let found = compose(&criteria, how).unwrap();
            assert!(close(&found, &[a / (a + b), b / (a + b)]), "{how:?} {found:?}");
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let of = |criteria: &[Criterion]| compose(criteria, Composition::Geometric).unwrap_err();
        assert_eq!(of(&[]), CriteriaError::None);
        assert_eq!(of(&[criterion("s", 0.0, &[1.0])]), CriteriaError::None);
        assert_eq!(of(&[criterion("s", 1.0, &[0.0])]), CriteriaError::Blank { name: "s".into() });
        assert!(matches!(of(&[criterion("s", 1.0, &[-1.0])]), CriteriaError::Figure { .. }));
        assert!(matches!(of(&[criterion("s", f64::NAN, &[1.0])]), CriteriaError::Figure { .. }));
        let uneven = [criterion("s", 1.0, &[1.0]), criterion("i", 1.0, &[])];
        assert!(matches!(of(&uneven), CriteriaError::Length { .. }));
        let apart = [criterion("s", 1.0, &[1.0, 0.0]), criterion("i", 1.0, &[0.0, 1.0])];
        assert_eq!(of(&apart), CriteriaError::AllZero);
        let tolerance = Composition::Lexicographic { tolerance: 1.0 };
        assert!(matches!(compose(&apart, tolerance), Err(CriteriaError::Tolerance { .. })));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn laws(
            scores in prop::collection::vec((0.01_f64..1.0, 0.01_f64..1.0, 0.01_f64..1.0), 2..7),
            importance in prop::array::uniform3(0.1_f64..3.0),
            unit in 0.1_f64..50.0,
        ) {
            let column = |at: usize| -> Vec<f64> {
                scores.iter().map(|row| [row.0, row.1, row.2][at]).collect()
            };
            let criteria: Vec<Criterion> =
                (0..3).map(|at| criterion("c", importance[at], &column(at))).collect();
            for how in ALL {
                let found = compose(&criteria, how).unwrap();
                // A criterion that does not matter changes nothing.
                let mut more = criteria.clone();
                more.push(criterion("none", 0.0, &vec![0.5; scores.len()]));
                prop_assert!(close(&compose(&more, how).unwrap(), &found));
                // Nor does the unit of importance or of scores, or the order of criteria.
                let mut other: Vec<Criterion> = criteria.iter().rev().cloned().collect();
                for criterion in &mut other {
                    criterion.importance *= 2.0;
                    criterion.scores.iter_mut().for_each(|score| *score *= unit);
                }
                prop_assert!(close(&compose(&other, how).unwrap(), &found), "{how:?}");
                // Who is at least as good in everything gets at least as much.
                for a in 0..scores.len() {
                    for b in 0..scores.len() {
                        let better = (0..3).all(|at| column(at)[a] >= column(at)[b]);
                        prop_assert!(!better || found[a] >= found[b] - 1e-12, "{how:?}");
                    }
                }
            }
            // Of a single criterion every mean is that criterion.
            let alone = [criteria[0].clone()];
            let sum: f64 = column(0).iter().sum();
            let expected: Vec<f64> = column(0).iter().map(|score| score / sum).collect();
            for how in &ALL[..4] {
                prop_assert!(close(&compose(&alone, *how).unwrap(), &expected));
            }
        }
    }
}
