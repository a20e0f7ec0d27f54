//! Several rules on the same comparisons: how far apart the weights are, and
//! whose answers each rule fits.
//!
//! # Formula
//!
//! ```text
//! TV(p, q) = ½ Σ |p_i − q_i|;   10⁶ TV of every 1,000,000 would go elsewhere
//! τ_b = (C − D) / √((P − T_p)(P − T_q))    C, D pairs in the same, in opposite order
//! cost(juror, rule) = mean of (z_b − z_a − c)² over rows that say how much
//! accuracy = share of won comparisons whose winner has the larger weight, level ½
//! ```
//!
//! A juror's nearest rule is the one of the smallest cost, or of the largest
//! accuracy where the juror never said how much; the first by order if level.
//!
//! # Known weaknesses
//!
//! * Fit to the answers a rule was made of flatters rules that follow noise.
//!   Whether a rule is any good shows on answers it has not seen.
//! * Rules of directions are not made to meet how much was said; their cost says
//!   how far their scale is from jurors', not that their order is wrong.
//!
//! # Sources
//!
//! * Kendall (1945), *The treatment of ties in ranking problems*.
//! * Knight (1966), *A computer method for calculating Kendall's tau with
//!   ungrouped data*.

use allonet_core::maths;

use super::{FitError, Parameters, fit};
use crate::comparisons::Comparisons;
use crate::estimate::Estimate;
use crate::statistics::{self, total_variation};

/// Log weights nearer to each other than this are level.
const LEVEL: f64 = 1e-12;

/// What one rule made of the comparisons.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// Its id.
    pub rule: String,
    /// The estimate, or why there is none.
    pub outcome: Result<Estimate, FitError>,
}

/// How two rules differ.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Difference {
    /// Total variation between their weights, from 0 to 1.
    pub total_variation: f64,
    /// Kendall's τ_b of their orders, from −1 to 1; none where a rule holds all
    /// items level.
    pub kendall: Option<f64>,
}

impl Difference {
    /// How much of 1,000,000 would go to other items.
    pub fn moved_per_million(&self) -> f64 {
        1e6 * self.total_variation
    }
}

/// How well a rule fits a juror.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fit {
    /// Mean squared error of log ratios; none where the juror said none.
    pub cost: Option<f64>,
    /// Share of decided comparisons it agrees with; none where all are ties.
    pub accuracy: Option<f64>,
}

/// Rules side by side.
#[derive(Debug, Clone, PartialEq)]
pub struct SideBySide {
    /// One for each rule asked for, in that order.
    pub columns: Vec<Column>,
    /// `differences[a][b]` between columns; none where one gives no weights.
    pub differences: Vec<Vec<Option<Difference>>>,
    /// `fits[juror][column]`; none where the column gives no weights.
    pub fits: Vec<Vec<Option<Fit>>>,
    /// For each juror the column that fits best, if any does.
    pub nearest: Vec<Option<usize>>,
}

/// Applies rules, each with its own parameters, to the same comparisons.
///
/// ```
/// use allonet_core::fault::SourceFile;
/// use allonet_weights::comparisons::{Comparisons, Reading};
/// use allonet_weights::rules::{Parameters, side_by_side};
///
/// let table = "juror,a,b,winner\nann,x,y,x\nann,y,z,y\nben,x,z,x\n";
/// let file = SourceFile::new("duels.csv", table);
/// let comparisons = Comparisons::read(&file, &Reading::default()).unwrap();
/// let asked = ["win-rate", "colley", "least-squares"].map(|id| (id, Parameters::default()));
/// let beside = side_by_side(&comparisons, &asked);
/// let difference = beside.differences[0][1].unwrap();
/// assert_eq!(difference.kendall, Some(1.0));
/// assert!(beside.columns[2].outcome.is_err(), "nobody said how much");
/// assert_eq!(beside.nearest, [Some(0), Some(0)]);
/// ```
pub fn side_by_side(comparisons: &Comparisons, asked: &[(&str, Parameters)]) -> SideBySide {
    let columns: Vec<Column> = asked
        .iter()
        .map(|(rule, parameters)| Column {
            rule: (*rule).to_owned(),
            outcome: fit(rule, comparisons, parameters),
        })
        .collect();
    let logs: Vec<Option<&[f64]>> = columns
        .iter()
        .map(|column| column.outcome.as_ref().ok().map(|found| found.log_weights.as_slice()))
        .collect();
    let weights: Vec<Option<Vec<f64>>> =
        columns.iter().map(|column| column.outcome.as_ref().ok().map(Estimate::weights)).collect();
    let between = |a: usize, b: usize| {
        Some(Difference {
            total_variation: total_variation(weights[a].as_ref()?, weights[b].as_ref()?),
            kendall: kendall(logs[a]?, logs[b]?),
        })
    };
    let all = 0..columns.len();
    let differences = all.clone().map(|a| all.clone().map(|b| between(a, b)).collect()).collect();
    let fits: Vec<Vec<Option<Fit>>> = comparisons
        .rows_by_juror()
        .iter()
        .map(|rows| logs.iter().map(|z| z.map(|z| juror_fit(comparisons, rows, z))).collect())
        .collect();
    let nearest = fits.iter().map(|fits| nearest(fits)).collect();
    SideBySide { columns, differences, fits, nearest }
}

/// Kendall's τ_b of two orders in which items nearer than [`LEVEL`] are level;
/// none where one of them holds all items level.
fn kendall(a: &[f64], b: &[f64]) -> Option<f64> {
    statistics::kendall(&places(a), &places(b))
}

/// Places in ascending order, the same for items that are level.
fn places(figures: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..figures.len()).collect();
    order.sort_by(|a, b| figures[*a].total_cmp(&figures[*b]));
    let mut places = vec![0.0; figures.len()];
    for (place, level) in (0_u32..).zip(order.chunk_by(|a, b| figures[*b] - figures[*a] <= LEVEL)) {
        for item in level {
            places[*item] = f64::from(place);
        }
    }
    places
}

fn juror_fit(comparisons: &Comparisons, rows: &[usize], z: &[f64]) -> Fit {
    let (mut squares, mut agreed) = (Vec::new(), Vec::new());
    for at in rows {
        let row = comparisons.row(*at);
        let gap = z[row.right as usize] - z[row.left as usize];
        if let Some(said) = row.log_ratio() {
            squares.push((gap - said) * (gap - said));
        }
        if row.winner_loser().is_some() {
            let level = gap.abs() <= LEVEL;
            let right = gap * row.choice.sign() > 0.0;
            agreed.push(if level { 0.5 } else { f64::from(u8::from(right)) });
        }
    }
    let mean = |figures: Vec<f64>| {
        let count = figures.len() as f64;
        // Sorted, so that the order of rows makes no difference.
        let mut figures = figures;
        figures.sort_unstable_by(f64::total_cmp);
        (count > 0.0).then(|| maths::sum(figures) / count)
    };
    Fit { cost: mean(squares), accuracy: mean(agreed) }
}

/// The best of the fits of one juror.
fn nearest(fits: &[Option<Fit>]) -> Option<usize> {
    let loss = |fit: &Fit| fit.cost.or(fit.accuracy.map(|accuracy| -accuracy));
    let mut best: Option<(usize, f64)> = None;
    for (column, fit) in fits.iter().enumerate() {
        if let Some(loss) = fit.as_ref().and_then(loss)
            && best.is_none_or(|(_, least)| loss < least)
        {
            best = Some((column, loss));
        }
    }
    best.map(|(column, _)| column)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::comparisons::{Builder, Choice};

    #[test]
    fn what_rounding_parts_is_level() {
        let (a, b) = ([0.0, 1.0, 1.0 + 1e-13, 2.0], [0.0, 1.0, 2.0, 3.0]);
        // Five pairs in the same order, one level in the first.
        let expected = 5.0 / 30.0_f64.sqrt();
        assert!(kendall(&a, &b).is_some_and(|tau| (tau - expected).abs() < 1e-15));
        assert_eq!(kendall(&[1.0, 1.0], &[1.0, 2.0]), None);
    }

    #[test]
    fn jurors_find_the_rule_that_fits_them() {
        // Weights 4 : 1 by least squares; a win rate of 2/3 : 1/3 says 2 : 1.
        let mut builder = Builder::default();
        let pair = (builder.item("a"), builder.item("b"));
        let (ann, ben) = (builder.juror("ann"), builder.juror("ben"));
        builder.push(ann, pair, Choice::Left, Some(maths::ln(8.0)));
        builder.push(ben, pair, Choice::Left, Some(maths::ln(2.0)));
        let asked = ["least-squares", "win-rate"].map(|id| (id, Parameters::default()));
        let beside = side_by_side(&builder.finish(), &asked);
        assert_eq!(beside.nearest, [Some(0), Some(1)]);
        // Win rates are (2 + 1)/4 and 1/4: 3 : 1, to least squares 4 : 1 it is .8 − .75.
        let difference = beside.differences[0][1].expect("both give weights");
        assert!((difference.moved_per_million() - 50_000.0).abs() < 1e-6, "{difference:?}");
        let cost = beside.fits[0][0].and_then(|fit| fit.cost).expect("she said how much");
        assert!((cost - maths::ln(2.0) * maths::ln(2.0)).abs() < 1e-12);
        assert_eq!(beside.fits[1][1].and_then(|fit| fit.accuracy), Some(1.0));
    }
}
