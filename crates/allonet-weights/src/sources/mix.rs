//! Several models' weights, each judged by what jurors said, and the best mix
//! of them.
//!
//! # Formula
//!
//! ```text
//! cost(z) = Σ (z_right − z_left − c)²
//! mix     = softmax(Σ_k w_k L_k),  w = argmin cost(Σ_k w_k L_k) on the simplex
//! ```
//!
//! `L_k` are a model's log weights: the mix is a weighted geometric mean. There
//! are two leaderboards: a model's own cost, and its part in the mix. A copy of
//! the leader has the same cost as the leader but adds nothing to the mix.
//!
//! # Known weaknesses
//!
//! * A mix fitted on answers that models were made from picks the one that
//!   follows them most closely. Fit it on answers nobody saw, or at least look
//!   at the cross-fitted cost: parts are fitted without a fold of the jurors and
//!   judged on those. Even that is too kind to a model that saw all answers.
//!
//! # Sources
//!
//! * `deepfunding/scoring`, `cost_function` and `find_optimal_weights`.
//! * Genest, Zidek (1986), *Combining probability distributions* (logarithmic
//!   pools).

use allonet_core::maths;
use thiserror::Error;

use super::simplex::nearest;
use crate::comparisons::Comparisons;
use crate::estimate::centre;
use crate::random::Random;

/// A model's log weights, in the order of the items.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// What it is called.
    pub name: String,
    /// One for each item, on any common scale.
    pub log_weights: Vec<f64>,
}

/// The best mix, and how good everything is.
#[derive(Debug, Clone, PartialEq)]
pub struct Mix {
    /// Each model's part; they add up to one.
    pub parts: Vec<f64>,
    /// Log weights of the mix; they add up to zero.
    pub log_weights: Vec<f64>,
    /// Mean cost of the mix, on the answers it was fitted to.
    pub cost: f64,
    /// Mean cost of each model alone.
    pub alone: Vec<f64>,
    /// Mean cost of the mix of equal parts.
    pub even: f64,
    /// Mean cost of saying that all items are worth the same.
    pub equal: f64,
    /// How many answers there were.
    pub answers: usize,
}

/// A mix judged on jurors it was not fitted to.
#[derive(Debug, Clone, PartialEq)]
pub struct CrossFit {
    /// Mean cost over all answers, each judged by the parts fitted without its
    /// juror's fold.
    pub cost: f64,
    /// The parts found without each fold.
    pub parts: Vec<Vec<f64>>,
}

/// Why there is no mix.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum MixError {
    /// There is nothing to mix.
    #[error("there are no models to mix")]
    NoModel,
    /// No answer says how much.
    #[error("no comparison says how many times more: there is no cost to go by")]
    NoIntensity,
    /// A model's weights are not for these items.
    #[error("`{model}` has {found} weights for {items} items")]
    Length {
        /// The model.
        model: String,
        /// How many weights it has.
        found: usize,
        /// How many items there are.
        items: usize,
    },
    /// A log weight is not finite.
    #[error("`{model}` gives `{item}` no positive weight")]
    NotPositive {
        /// The model.
        model: String,
        /// The item.
        item: String,
    },
    /// Too few jurors to leave some out.
    #[error("only {jurors} juror says how much: there is nobody to hold out")]
    FewJurors {
        /// How many there are.
        jurors: usize,
    },
}

/// Finds the best mix on all answers that say how much.
///
/// ```
/// use allonet_core::fault::SourceFile;
/// use allonet_weights::comparisons::{Comparisons, Reading};
/// use allonet_weights::sources::mix::{Model, mix};
///
/// let table = "a,b,winner,multiplier\nx,y,x,4\n";
/// let file = SourceFile::new("duels.csv", table);
/// let comparisons = Comparisons::read(&file, &Reading::default()).unwrap();
/// // One model says 2 : 1, the other 8 : 1; the geometric mean is 4 : 1.
/// let model = |name: &str, times: f64| Model {
///     name: name.to_owned(),
///     log_weights: vec![times.ln(), 0.0],
/// };
/// let found = mix(&[model("low", 2.0), model("high", 8.0)], &comparisons).unwrap();
/// assert!((found.parts[0] - 0.5).abs() < 1e-12 && found.cost < 1e-20);
/// ```
pub fn mix(models: &[Model], comparisons: &Comparisons) -> Result<Mix, MixError> {
    check(models, comparisons)?;
    let (gaps, said) = design(models, comparisons, |_| true);
    if said.is_empty() {
        return Err(MixError::NoIntensity);
    }
    let parts = nearest(&gaps, &said).expect("models were checked").weights;
    let even = vec![1.0 / models.len() as f64; models.len()];
    let alone = gaps.iter().map(|model| mean_cost(model, &said)).collect();
    Ok(Mix {
        cost: mean_cost(&mixed(&gaps, &parts), &said),
        alone,
        even: mean_cost(&mixed(&gaps, &even), &said),
        equal: mean_cost(&vec![0.0; said.len()], &said),
        log_weights: mixed_logs(models, &parts),
        parts,
        answers: said.len(),
    })
}

/// Fits the mix without each fold of jurors and judges it on that fold. Jurors
/// are put in folds at random by the seed; never more folds than jurors.
pub fn cross_fit(
    models: &[Model],
    comparisons: &Comparisons,
    folds: usize,
    seed: u64,
) -> Result<CrossFit, MixError> {
    check(models, comparisons)?;
    let fold_of = folds_of_jurors(comparisons, folds, seed)?;
    let count = fold_of.iter().flatten().max().map_or(0, |most| most + 1);
    let (mut squares, mut answers, mut parts) = (Vec::new(), 0, Vec::new());
    for fold in 0..count {
        let here = |juror: usize| fold_of[juror] == Some(fold);
        let (gaps, said) = design(models, comparisons, |juror| !here(juror));
        let found = nearest(&gaps, &said).expect("models were checked").weights;
        let (gaps, said) = design(models, comparisons, here);
        squares.push(mean_cost(&mixed(&gaps, &found), &said) * said.len() as f64);
        answers += said.len();
        parts.push(found);
    }
    Ok(CrossFit { cost: maths::sum(squares) / answers as f64, parts })
}

fn check(models: &[Model], comparisons: &Comparisons) -> Result<(), MixError> {
    let items = comparisons.items();
    for model in models {
        let name = || model.name.clone();
        let found = model.log_weights.len();
        if found != items.len() {
            return Err(MixError::Length { model: name(), found, items: items.len() });
        }
        if let Some(at) = model.log_weights.iter().position(|log| !log.is_finite()) {
            return Err(MixError::NotPositive { model: name(), item: items[at].clone() });
        }
    }
    if models.is_empty() { Err(MixError::NoModel) } else { Ok(()) }
}

/// What each model says of every answer, and what was said, for some jurors.
fn design(
    models: &[Model],
    comparisons: &Comparisons,
    of: impl Fn(usize) -> bool,
) -> (Vec<Vec<f64>>, Vec<f64>) {
    let answers = || {
        let rows = comparisons.rows().filter(|row| of(row.juror as usize));
        rows.filter_map(|row| Some((row.left as usize, row.right as usize, row.log_ratio()?)))
    };
    let gaps = models.iter().map(|model| {
        let z = &model.log_weights;
        answers().map(|(left, right, _)| z[right] - z[left]).collect()
    });
    (gaps.collect(), answers().map(|answer| answer.2).collect())
}

/// The fold of each juror that says how much.
fn folds_of_jurors(
    comparisons: &Comparisons,
    folds: usize,
    seed: u64,
) -> Result<Vec<Option<usize>>, MixError> {
    let rows = comparisons.rows_by_juror();
    let says = |rows: &Vec<usize>| rows.iter().any(|at| comparisons.row(*at).intensity.is_some());
    let mut jurors: Vec<usize> = (0..rows.len()).filter(|juror| says(&rows[*juror])).collect();
    match jurors.len() {
        0 => return Err(MixError::NoIntensity),
        1 => return Err(MixError::FewJurors { jurors: 1 }),
        _ => {}
    }
    Random::new(seed).shuffle(&mut jurors);
    let folds = folds.clamp(2, jurors.len());
    let mut fold_of = vec![None; rows.len()];
    for (place, juror) in jurors.into_iter().enumerate() {
        fold_of[juror] = Some(place % folds);
    }
    Ok(fold_of)
}

fn mixed(gaps: &[Vec<f64>], parts: &[f64]) -> Vec<f64> {
    let mut mixed = vec![0.0; gaps.first().map_or(0, Vec::len)];
    for (gaps, part) in gaps.iter().zip(parts) {
        mixed.iter_mut().zip(gaps).for_each(|(mixed, gap)| *mixed += part * gap);
    }
    mixed
}

/// Logarithms of the weighted geometric mean of models.
fn mixed_logs(models: &[Model], parts: &[f64]) -> Vec<f64> {
    let logs: Vec<Vec<f64>> = models.iter().map(|model| model.log_weights.clone()).collect();
    let mut mixed = mixed(&logs, parts);
    centre(&mut mixed);
    mixed
}

fn mean_cost(gaps: &[f64], said: &[f64]) -> f64 {
    let squares = gaps.iter().zip(said).map(|(gap, said)| (gap - said) * (gap - said));
    maths::sum(squares) / said.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synthetic::Jury;

    fn models(truth: &[f64]) -> Vec<Model> {
        let model = |name: &str, log_weights: Vec<f64>| Model { name: name.into(), log_weights };
        let mut random = Random::new(9);
        vec![
            model("half", truth.iter().map(|z| 0.5 * z).collect()),
            model("twice", truth.iter().map(|z| 2.0 * z).collect()),
            model("noise", truth.iter().map(|_| random.normal()).collect()),
        ]
    }

    #[test]
    fn two_wrong_scales_make_a_right_one() {
        let jury = Jury { items: 20, jurors: 12, noise: 0.5, ..Jury::default() };
        let mut drawn = jury.draw(4);
        let comparisons = drawn.comparisons(2_000);
        let models = models(&drawn.truth);
        let found = mix(&models, &comparisons).unwrap();
        // ½ a + 2 (1 − a) = 1 at a = 2/3.
        assert!((found.parts[0] - 2.0 / 3.0).abs() < 0.03, "{found:?}");
        assert!(found.cost < found.alone.iter().copied().fold(f64::INFINITY, f64::min));
        assert!(found.cost < found.even && found.even < found.equal, "{found:?}");
        let crossed = cross_fit(&models, &comparisons, 4, 1).unwrap();
        assert_eq!(crossed.parts.len(), 4);
        // Judged on others, a fit is a little worse than on its own.
        assert!(crossed.cost > found.cost && crossed.cost < found.cost * 1.02, "{crossed:?}");
    }

    #[test]
    fn a_copy_of_a_model_adds_nothing() {
        let jury = Jury { items: 8, jurors: 4, noise: 1.0, ..Jury::default() };
        let mut drawn = jury.draw(1);
        let comparisons = drawn.comparisons(300);
        let mut models = models(&drawn.truth);
        let before = mix(&models, &comparisons).unwrap();
        models.push(Model { name: "copy".into(), ..models[0].clone() });
        let after = mix(&models, &comparisons).unwrap();
        assert!((after.parts[3]).abs() < 1e-12 && (before.cost - after.cost).abs() < 1e-12);
    }

    #[test]
    fn what_cannot_be_judged_is_refused() {
        let jury = Jury { items: 3, jurors: 1, noise: 1.0, ..Jury::default() };
        let comparisons = jury.draw(1).comparisons(20);
        let model = |logs: Vec<f64>| [Model { name: "m".into(), log_weights: logs }];
        let fine = model(vec![0.0; 3]);
        assert_eq!(mix(&[], &comparisons), Err(MixError::NoModel));
        assert!(matches!(mix(&model(vec![0.0]), &comparisons), Err(MixError::Length { .. })));
        let zero = model(vec![0.0, f64::NEG_INFINITY, 0.0]);
        assert!(matches!(mix(&zero, &comparisons), Err(MixError::NotPositive { .. })));
        let silent = comparisons.without_intensity();
        assert_eq!(mix(&fine, &silent), Err(MixError::NoIntensity));
        let alone = cross_fit(&fine, &comparisons, 5, 1);
        assert_eq!(alone, Err(MixError::FewJurors { jurors: 1 }));
    }
}
