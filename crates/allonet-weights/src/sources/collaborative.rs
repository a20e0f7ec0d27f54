//! Weights from ratings of which most are missing: each rater rates a few items,
//! and what the others would have said is filled in.
//!
//! # Formula
//!
//! ```text
//! r_ui ≈ μ + a_u + b_i + Σ_f p_uf q_if
//! min Σ (r − …)² + ridge (Σ a² + Σ b² + Σ p² + Σ q²)
//! weight_i ∝ e^(μ + mean_u of what is predicted)     on the logarithmic scale
//! weight_i ∝ μ + mean_u of what is predicted         on the linear scale
//! ```
//!
//! Alternating least squares: raters' figures by ridge regression on items', then
//! items' on raters', until the objective rests. The mean over all raters, not
//! only over those who rated an item, is the point: an item rated by the
//! strict alone is not held against it.
//!
//! # Known weaknesses
//!
//! * The objective has several valleys; the start is drawn from a seed, so the
//!   result is repeatable, not unique.
//! * Ratings are assumed to be missing at random. Where people rate what they
//!   like, all items look good.
//! * With few ratings per item a rank above 0 follows noise: let held-out error
//!   choose.
//!
//! # Sources
//!
//! * Koren, Bell, Volinsky (2009), *Matrix factorization techniques for
//!   recommender systems*, IEEE Computer 42(8).
//! * Hoerl, Kennard (1970), *Ridge regression*.

use allonet_core::maths;
use thiserror::Error;

use crate::linear::Symmetric;
use crate::random::Random;

/// One rating.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rating {
    /// Who, from 0.
    pub rater: usize,
    /// Of what, from 0.
    pub item: usize,
    /// How much; above zero on the logarithmic scale.
    pub value: f64,
}

/// On which scale ratings are explained.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// Ratings add up.
    Linear,
    /// Ratings multiply.
    Logarithmic,
}

/// How ratings are explained.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// How many factors beside the raters' and items' own level, to 32.
    pub rank: usize,
    /// Draws all figures to zero; above zero.
    pub ridge: f64,
    /// On which scale.
    pub scale: Scale,
    /// Of the start.
    pub seed: u64,
}

impl Default for Settings {
    /// One factor, a ridge of 0.1, logarithms.
    fn default() -> Self {
        Self { rank: 1, ridge: 0.1, scale: Scale::Logarithmic, seed: 0 }
    }
}

/// What explains the ratings.
#[derive(Debug, Clone, PartialEq)]
pub struct Filtered {
    /// Shares of the items, adding up to one; items whose predicted mean is not
    /// above zero (linear scale only) get none.
    pub weights: Vec<f64>,
    /// Rounds of the iteration.
    pub iterations: usize,
    mean: f64,
    scale: Scale,
    raters: Vec<Vec<f64>>,
    items: Vec<Vec<f64>>,
}

/// Why ratings give no weights.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum CollaborativeError {
    /// There is nothing to go by.
    #[error("there are no ratings")]
    Empty,
    /// A rating that cannot be.
    #[error("rating {at} is {value}, which the scale does not know")]
    Value {
        /// Its place.
        at: usize,
        /// Its value.
        value: f64,
    },
    /// An item or rater out of range.
    #[error("rating {at} is of an item or by a rater that is not there")]
    Place {
        /// Its place.
        at: usize,
    },
    /// A setting out of bounds.
    #[error("rank is a number to 32, ridge one above zero; folds are at least 2")]
    Settings,
    /// All weights are zero.
    #[error("no item is predicted a rating above zero")]
    AllZero,
}

/// The largest rank.
const RANK_MOST: usize = 32;
const ROUNDS_MOST: usize = 2_000;
const ENOUGH: f64 = 1e-12;

/// Explains ratings of so many items by so many raters.
///
/// Ratings may stand in any order. An item nobody rated gets what its level of
/// zero says, the mean of all.
pub fn filter(
    ratings: &[Rating],
    (raters, items): (usize, usize),
    settings: &Settings,
) -> Result<Filtered, CollaborativeError> {
    let ratings = checked(ratings, raters, items, settings)?;
    if ratings.is_empty() {
        return Err(CollaborativeError::Empty);
    }
    let mut filtered = descend(&ratings, (raters, items), settings);
    let predicted: Vec<f64> = (0..items)
        .map(|item| {
            let said = (0..raters).map(|rater| filtered.explained(rater, item));
            filtered.mean + maths::sum(said) / raters as f64
        })
        .collect();
    let most = predicted.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let figures: Vec<f64> = match settings.scale {
        Scale::Logarithmic => predicted.iter().map(|mean| maths::exp(mean - most)).collect(),
        Scale::Linear => predicted.iter().map(|mean| mean.max(0.0)).collect(),
    };
    let sum = maths::sum(figures.iter().copied());
    if sum <= 0.0 {
        return Err(CollaborativeError::AllZero);
    }
    filtered.weights = figures.into_iter().map(|figure| figure / sum).collect();
    Ok(filtered)
}

impl Filtered {
    /// What a rater is predicted to say of an item, on the ratings' own scale.
    ///
    /// # Panics
    ///
    /// If there is no such rater or item.
    pub fn predict(&self, rater: usize, item: usize) -> f64 {
        let said = self.mean + self.explained(rater, item);
        match self.scale {
            Scale::Linear => said,
            Scale::Logarithmic => maths::exp(said),
        }
    }

    fn explained(&self, rater: usize, item: usize) -> f64 {
        let (p, q) = (&self.raters[rater], &self.items[item]);
        p[0] + q[0] + maths::sum(p[1..].iter().zip(&q[1..]).map(|(p, q)| p * q))
    }
}

/// Root mean square error of ratings held out by fold, for each rank asked for,
/// on the scale of the settings. Folds are drawn from the settings' seed; the
/// rank in the settings is not used.
pub fn held_out_error(
    ratings: &[Rating],
    (raters, items): (usize, usize),
    ranks: &[usize],
    folds: usize,
    settings: &Settings,
) -> Result<Vec<f64>, CollaborativeError> {
    let checked = checked(ratings, raters, items, settings)?;
    if folds < 2 || ranks.iter().any(|rank| *rank > RANK_MOST) {
        return Err(CollaborativeError::Settings);
    }
    if checked.len() < 2 {
        return Err(CollaborativeError::Empty);
    }
    let mut order: Vec<usize> = (0..checked.len()).collect();
    Random::part(settings.seed, 1).shuffle(&mut order);
    let folds = folds.min(checked.len());
    let error = |rank: &usize| {
        let mut squares = Vec::with_capacity(checked.len());
        for fold in 0..folds {
            let here = |place: &usize| place % folds == fold;
            let some = |wanted: bool| -> Vec<Rating> {
                let places = (0..order.len()).filter(|place| here(place) == wanted);
                places.map(|place| checked[order[place]]).collect()
            };
            let settings = Settings { rank: *rank, ..*settings };
            let found = descend(&sorted(some(false)), (raters, items), &settings);
            squares.extend(some(true).into_iter().map(|Rating { rater, item, value }| {
                let off = value - found.mean - found.explained(rater, item);
                off * off
            }));
        }
        (maths::sum(squares) / checked.len() as f64).sqrt()
    };
    Ok(ranks.iter().map(error).collect())
}

/// Ratings on the scale on which they are explained, sorted.
fn checked(
    ratings: &[Rating],
    raters: usize,
    items: usize,
    settings: &Settings,
) -> Result<Vec<Rating>, CollaborativeError> {
    let sound = settings.ridge.is_finite() && settings.ridge > 0.0;
    if !sound || settings.rank > RANK_MOST {
        return Err(CollaborativeError::Settings);
    }
    let mut scaled = Vec::with_capacity(ratings.len());
    for (at, rating) in ratings.iter().enumerate() {
        if rating.rater >= raters || rating.item >= items {
            return Err(CollaborativeError::Place { at });
        }
        let value = match settings.scale {
            Scale::Linear => rating.value,
            Scale::Logarithmic => maths::ln(rating.value),
        };
        // Squares of larger ones leave the range of numbers.
        if !(value.is_finite() && value.abs() <= 1e100) {
            return Err(CollaborativeError::Value { at, value: rating.value });
        }
        scaled.push(Rating { value, ..*rating });
    }
    Ok(sorted(scaled))
}

fn sorted(mut ratings: Vec<Rating>) -> Vec<Rating> {
    ratings.sort_unstable_by(|a, b| {
        (a.rater, a.item).cmp(&(b.rater, b.item)).then(a.value.total_cmp(&b.value))
    });
    ratings
}

/// Alternates until the objective rests.
fn descend(ratings: &[Rating], (raters, items): (usize, usize), settings: &Settings) -> Filtered {
    let mean = maths::sum(ratings.iter().map(|rating| rating.value)) / ratings.len() as f64;
    let mut random = Random::part(settings.seed, 0);
    let mut start = |count: usize| -> Vec<Vec<f64>> {
        let mut figures = || (0..settings.rank).map(|_| random.normal()).collect::<Vec<_>>();
        (0..count).map(|_| [vec![0.0], figures()].concat()).collect()
    };
    let mut of_rater = vec![Vec::new(); raters];
    let mut of_item = vec![Vec::new(); items];
    for rating in ratings {
        of_rater[rating.rater].push((rating.item, rating.value - mean));
        of_item[rating.item].push((rating.rater, rating.value - mean));
    }
    let mut filtered = Filtered {
        weights: Vec::new(),
        iterations: 0,
        mean,
        scale: settings.scale,
        raters: start(raters),
        items: start(items),
    };
    let mut before = f64::INFINITY;
    while filtered.iterations < ROUNDS_MOST {
        filtered.iterations += 1;
        filtered.raters = regressions(&of_rater, &filtered.items, settings);
        filtered.items = regressions(&of_item, &filtered.raters, settings);
        let now = objective(ratings, &filtered, settings.ridge);
        if before - now <= ENOUGH * now {
            break;
        }
        before = now;
    }
    filtered
}

/// A ridge regression for each row: on a level of one's own and on the factors
/// of the other side, whose levels are taken off what was said.
fn regressions(
    said: &[Vec<(usize, f64)>],
    others: &[Vec<f64>],
    settings: &Settings,
) -> Vec<Vec<f64>> {
    let size = settings.rank + 1;
    let regression = |answers: &Vec<(usize, f64)>| {
        let mut matrix = Symmetric::zeros(size);
        let mut figures = vec![0.0; size];
        (0..size).for_each(|at| matrix.add(at, at, settings.ridge));
        for (other, value) in answers {
            let other = &others[*other];
            let feature = |at: usize| if at == 0 { 1.0 } else { other[at] };
            for (row, figure) in figures.iter_mut().enumerate() {
                for column in 0..=row {
                    matrix.add(row, column, feature(row) * feature(column));
                }
                *figure += feature(row) * (value - other[0]);
            }
        }
        // A ridge too small against the figures is no ridge; who it fails has no say.
        match matrix.cholesky() {
            Some(cholesky) => cholesky.solve(&mut figures),
            None => figures.fill(0.0),
        }
        figures
    };
    said.iter().map(regression).collect()
}

fn objective(ratings: &[Rating], filtered: &Filtered, ridge: f64) -> f64 {
    let off = |rating: &Rating| {
        let said = filtered.explained(rating.rater, rating.item);
        let off = rating.value - filtered.mean - said;
        off * off
    };
    let figures = filtered.raters.iter().chain(&filtered.items).flatten();
    maths::sum(ratings.iter().map(off)) + ridge * maths::sum(figures.map(|at| at * at))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Half of all ratings `e^(a_u + b_i + p_u q_i)`, and the items' mean logarithms.
    fn toy((raters, items): (usize, usize), noise: f64) -> (Vec<Rating>, Vec<f64>) {
        let mut random = Random::new(3);
        let mut draw = |count: usize| (0..count).map(|_| random.normal()).collect::<Vec<f64>>();
        let (a, b, p, q) = (draw(raters), draw(items), draw(raters), draw(items));
        let mut random = Random::new(4);
        let mut ratings = Vec::new();
        for rater in 0..raters {
            for item in 0..items {
                if random.chance(0.5) {
                    let said = a[rater] + b[item] + p[rater] * q[item] + noise * random.normal();
                    ratings.push(Rating { rater, item, value: maths::exp(said) });
                }
            }
        }
        let mean = p.iter().sum::<f64>() / raters as f64;
        (ratings, b.iter().zip(&q).map(|(b, q)| b + mean * q).collect())
    }

    #[test]
    fn a_low_rank_table_is_recovered() {
        let (ratings, truth) = toy((20, 12), 0.0);
        let settings = Settings { ridge: 1e-6, ..Settings::default() };
        let found = filter(&ratings, (20, 12), &settings).unwrap();
        for rating in &ratings {
            let off = found.predict(rating.rater, rating.item) / rating.value - 1.0;
            assert!(off.abs() < 1e-2, "{rating:?} {off}");
        }
        let expected = crate::estimate::softmax(&truth);
        for (found, expected) in found.weights.iter().zip(&expected) {
            assert!((found / expected - 1.0).abs() < 0.05, "{found} {expected}");
        }
        // Any order, the same bytes.
        let mut mixed = ratings.clone();
        Random::new(1).shuffle(&mut mixed);
        assert_eq!(filter(&mixed, (20, 12), &settings).unwrap(), found);
    }

    #[test]
    fn held_out_error_finds_the_rank() {
        let (ratings, _) = toy((40, 24), 0.1);
        let settings = Settings { ridge: 0.05, ..Settings::default() };
        let errors = held_out_error(&ratings, (40, 24), &[0, 1, 4], 5, &settings).unwrap();
        // The noise itself is 0.1.
        assert!(errors[1] < 0.2 && errors[0] > 0.5 && errors[2] > errors[1], "{errors:?}");
    }

    #[test]
    fn levels_alone_are_worked_by_hand() {
        // One rater, ratings 1 and 3, no factor: μ 2; with ridge 1 of two items and one
        // rater: a = 0 by symmetry, b = ∓1/2.
        let ratings = [(0, 1.0), (1, 3.0)].map(|(item, value)| Rating { rater: 0, item, value });
        let settings = Settings { rank: 0, ridge: 1.0, scale: Scale::Linear, seed: 0 };
        let found = filter(&ratings, (1, 2), &settings).unwrap();
        assert!((found.predict(0, 0) - 1.5).abs() < 1e-12, "{found:?}");
        assert!((found.weights[1] - 2.5 / 4.0).abs() < 1e-12, "{found:?}");
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let rating = |value: f64| [Rating { rater: 0, item: 0, value }];
        let of = |ratings: &[Rating], settings: Settings| filter(ratings, (1, 1), &settings);
        let usual = Settings::default();
        assert_eq!(of(&[], usual), Err(CollaborativeError::Empty));
        for value in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(matches!(of(&rating(value), usual), Err(CollaborativeError::Value { .. })));
        }
        let away = [Rating { rater: 1, item: 0, value: 1.0 }];
        assert_eq!(of(&away, usual), Err(CollaborativeError::Place { at: 0 }));
        let settings = Settings { ridge: 0.0, ..usual };
        assert_eq!(of(&rating(1.0), settings), Err(CollaborativeError::Settings));
        let linear = Settings { scale: Scale::Linear, ..usual };
        assert_eq!(of(&rating(-1.0), linear), Err(CollaborativeError::AllZero));
        assert_eq!(of(&rating(2.0), usual).unwrap().weights, [1.0]);
    }
}
