//! Jurors who answer as if by coin: those whom the others' answers predict
//! worse than chance allows.
//!
//! # Formula
//!
//! For each juror the Bradley–Terry weights (with a prior) of all *other*
//! jurors say how likely each answer is. From the answers that are no tie:
//!
//! * accuracy: the part in which the item that the others hold better was
//!   preferred (pairs the others hold equal are left out); `better_than_coin` is the chance
//!   that a coin does as well, `P(X ≥ hits)` of a binomial with ½;
//! * log loss: the mean of `−ln P(answer)`; a coin has `ln 2 = 0.693`;
//! * `too_few`: the chance that a juror who shares the others' weights has as
//!   few hits, exactly (Poisson binomial of the `max(p, 1 − p)`).
//!
//! A juror is *suspect* if `too_few`, adjusted for the number of jurors
//! (Benjamini–Hochberg), is at most the false discovery rate.
//!
//! # Known weaknesses
//!
//! * Different is not wrong: a juror of a minority view is suspect too. See the
//!   clusters of a jury before leaving anybody out.
//! * The others' weights are themselves uncertain, and fitted chances a little
//!   too extreme: with few answers per item the test finds more than it should.
//!   A stronger prior counters that.
//! * Where bad jurors are many, the others are no measure.
//!
//! # Sources
//!
//! * Benjamini and Hochberg (1995), *Controlling the false discovery rate*.

use rayon::prelude::*;

use allonet_core::maths;

use super::model::Model;
use crate::comparisons::Comparisons;
use crate::estimate::logistic;
use crate::rules::FitError;
use crate::statistics::{benjamini_hochberg, binomial_at_most, successes_at_most};

/// How a juror fits the others.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fit {
    /// Answers that are no tie, on which the others have a say.
    pub answers: usize,
    /// How often the item that the others hold better was preferred.
    pub hits: usize,
    /// How many hits the others' weights lead to expect.
    pub expected: f64,
    /// Mean of `−ln P(answer)`; `ln 2` without answers.
    pub log_loss: f64,
    /// The chance that a coin has so many hits.
    pub better_than_coin: f64,
    /// The chance that a juror who shares the others' weights has so few.
    pub too_few: f64,
    /// That, adjusted for the number of jurors.
    pub adjusted: f64,
    /// Whether it is at most the false discovery rate.
    pub suspect: bool,
}

impl Fit {
    /// The part of hits; none without answers.
    pub fn accuracy(&self) -> Option<f64> {
        (self.answers > 0).then(|| self.hits as f64 / self.answers as f64)
    }
}

/// Tests each juror against the others, on all threads.
///
/// `prior` is the precision of the prior of log weights, as in
/// [`Model::BradleyTerry`]; 0.5 is a good start, for jurors' answers rarely
/// tell items apart by more than a few nats. `rate` is the false discovery
/// rate, such as 0.1. A single juror has no others and is never suspect.
///
/// Errors: those of [`Model::fit`].
pub fn outliers(comparisons: &Comparisons, prior: f64, rate: f64) -> Result<Vec<Fit>, FitError> {
    let model = Model::BradleyTerry { prior };
    model.fit(comparisons)?;
    let rows = comparisons.rows_by_juror();
    let mut fits: Vec<Fit> = (0..rows.len())
        .into_par_iter()
        .map(|juror| {
            let others = comparisons.filter(|row| row.juror as usize != juror);
            if others.is_empty() {
                return Ok(of_answers(&[]));
            }
            let z = model.fit(&others)?.log_weights;
            Ok(of_answers(&answers(comparisons, &rows[juror], &z)))
        })
        .collect::<Vec<_>>()
        .into_iter()
        .collect::<Result<_, FitError>>()?;
    let active: Vec<usize> = (0..fits.len()).filter(|at| fits[*at].answers > 0).collect();
    let p_values: Vec<f64> = active.iter().map(|at| fits[*at].too_few).collect();
    for (at, adjusted) in active.iter().zip(benjamini_hochberg(&p_values)) {
        fits[*at].adjusted = adjusted;
        fits[*at].suspect = adjusted <= rate;
    }
    Ok(fits)
}

/// By how much the others hold the preferred item better, for each answer.
fn answers(comparisons: &Comparisons, rows: &[usize], z: &[f64]) -> Vec<f64> {
    let decided = rows.iter().filter_map(|at| comparisons.row(*at).winner_loser());
    let mut gaps: Vec<f64> =
        decided.map(|(winner, loser)| z[winner as usize] - z[loser as usize]).collect();
    // Nothing but rounding stands between items the others say nothing of.
    gaps.retain(|gap| gap.abs() > 1e-9);
    gaps.sort_unstable_by(f64::total_cmp);
    gaps
}

fn of_answers(gaps: &[f64]) -> Fit {
    let answers = gaps.len();
    let hits = gaps.iter().filter(|gap| **gap > 0.0).count();
    let chances: Vec<f64> = gaps.iter().map(|gap| logistic(gap.abs())).collect();
    let loss = |gap: f64| {
        // −ln(1 / (1 + e^{−gap})), without overflow.
        if gap >= 0.0 {
            maths::ln_1p(maths::exp(-gap))
        } else {
            maths::ln_1p(maths::exp(gap)) - gap
        }
    };
    let log_loss = if answers == 0 {
        std::f64::consts::LN_2
    } else {
        maths::sum(gaps.iter().map(|gap| loss(*gap))) / answers as f64
    };
    let too_few = successes_at_most(hits, &chances);
    Fit {
        answers,
        hits,
        expected: maths::sum(chances),
        log_loss,
        // As many heads as hits or more: as many tails as misses or fewer.
        better_than_coin: binomial_at_most(answers - hits, answers, 0.5),
        too_few,
        adjusted: too_few,
        suspect: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synthetic::Jury;

    #[test]
    fn planted_coins_are_found_and_few_others() {
        let shape = Jury { items: 20, jurors: 20, random: 0.1, spread: 1.5, ..Jury::default() };
        let (mut found, mut planted, mut wrong) = (0, 0, 0);
        for seed in 0..10 {
            let mut drawn = shape.draw(seed);
            let comparisons = drawn.comparisons(1_000);
            let fits = outliers(&comparisons, 0.5, 0.1).expect("valid");
            for (fit, random) in fits.iter().zip(&drawn.random) {
                planted += usize::from(*random);
                found += usize::from(*random && fit.suspect);
                wrong += usize::from(!random && fit.suspect);
            }
        }
        assert_eq!(planted, 20);
        assert!(found >= 18 && wrong <= 5, "{found} of {planted} found, {wrong} of 180 wrongly");
    }

    #[test]
    fn one_answer_by_hand() {
        // The others say 3 : 1; the juror says the opposite.
        let fit = of_answers(&[-maths::ln(3.0), maths::ln(3.0)]);
        assert_eq!((fit.answers, fit.hits, fit.accuracy()), (2, 1, Some(0.5)));
        assert!((fit.expected - 1.5).abs() < 1e-15);
        assert!((fit.better_than_coin - 0.75).abs() < 1e-15);
        assert!((fit.too_few - (1.0 - 0.5625)).abs() < 1e-15);
        let loss = f64::midpoint(maths::ln(4.0), maths::ln(4.0 / 3.0));
        assert!((fit.log_loss - loss).abs() < 1e-15);
    }

    #[test]
    fn a_juror_alone_has_no_others() {
        let alone = Jury { items: 5, jurors: 1, ..Jury::default() }.draw(1).comparisons(20);
        let fits = outliers(&alone, 0.5, 0.1).expect("valid");
        assert_eq!((fits.len(), fits[0].answers, fits[0].suspect), (1, 0, false));
        assert_eq!(fits[0].accuracy(), None);
    }
}
