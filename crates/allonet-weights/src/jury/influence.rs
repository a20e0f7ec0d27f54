//! What the outcome owes to one juror, one pair or one row: every weight
//! without it, exactly.
//!
//! # Formula
//!
//! For each part `P` of the comparisons, `Δw = w(without P) − w(all)`. Least
//! squares: with `A` the Laplacian (plus ridge), `U` the columns `e_b − e_a` of
//! the pairs in `P`, `m` how often and `r` the mean residual of each,
//!
//! ```text
//! z(without P) = z − A⁻¹U (diag(1/m) − UᵀA⁻¹U)⁻¹ r      (Woodbury)
//! ```
//!
//! Bradley–Terry: Newton's method without `P`, from the weights of all, until
//! nothing moves. Both equal fitting again from scratch.
//!
//! # Units
//!
//! Changes of weights that add up to one: 0.05 is five points of the money.
//! `moved` is `Σ|Δw|`; half of it is the part of the money that changes hands.
//!
//! # Known weaknesses
//!
//! * Two jurors who say the same hide each other: without one, the other still
//!   says it.
//! * Without a ridge, a part that holds islands together has no finite effect:
//!   it is reported with the items it would cut off.
//!
//! # Sources
//!
//! * Cook (1977), *Detection of influential observation in linear regression*;
//!   Woodbury's identity as in Golub and Van Loan, 2.1.4.

use allonet_core::maths;

use super::islands::Islands;
use super::model::Model;
use super::problem::{Cell, Fitted, Problem};
use crate::comparisons::Comparisons;
use crate::estimate::{centre, softmax};
use crate::linear::Symmetric;
use crate::rules::FitError;

/// What is left out, one at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// All answers of a juror, in the order of [`Comparisons::jurors`].
    Juror,
    /// All answers on a pair, by the places of its items.
    Pair,
    /// One row, in the order of the file.
    Row,
}

/// The weights, and how they change without each part.
#[derive(Debug, Clone, PartialEq)]
pub struct Influence {
    /// Log weights of all comparisons, their mean zero.
    pub log_weights: Vec<f64>,
    /// Their proportions.
    pub weights: Vec<f64>,
    /// Each part left out.
    pub left_out: Vec<LeftOut>,
}

/// One part left out.
#[derive(Debug, Clone, PartialEq)]
pub struct LeftOut {
    /// Places of its rows.
    pub rows: Vec<usize>,
    /// Items that lose all connection with the largest group of items they
    /// were joined to.
    pub cut_off: Vec<usize>,
    /// What changes; none where items are cut off and no ridge holds them.
    pub change: Option<Change>,
}

/// How weights change without a part.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// New minus old log weight of each item.
    pub log_weights: Vec<f64>,
    /// New minus old weight of each item.
    pub weights: Vec<f64>,
    /// `Σ|Δw|`.
    pub moved: f64,
    /// The item whose weight changes most.
    pub item: usize,
}

impl Influence {
    /// The part without which most would change; none if no part has a finite
    /// effect.
    pub fn worst(&self) -> Option<(usize, &Change)> {
        let changes = self.left_out.iter().enumerate();
        let mut finite = changes.filter_map(|(at, part)| Some((at, part.change.as_ref()?)));
        let first = finite.next()?;
        Some(finite.fold(
            first,
            |worst, next| {
                if next.1.moved > worst.1.moved { next } else { worst }
            },
        ))
    }
}

/// Leaves out every part in turn.
///
/// Errors: those of [`Model::fit`].
pub fn influence(
    comparisons: &Comparisons,
    model: Model,
    unit: Unit,
) -> Result<Influence, FitError> {
    influence_weighted(comparisons, model, unit, &vec![1.0; comparisons.jurors().len()])
}

/// Leaves out every part in turn, where answers count as much as their juror:
/// one finite weight above zero for each.
///
/// Errors: those of [`Model::fit`].
pub fn influence_weighted(
    comparisons: &Comparisons,
    model: Model,
    unit: Unit,
    juror_weights: &[f64],
) -> Result<Influence, FitError> {
    let problem = Problem::new(comparisons, model, juror_weights)?;
    let parts = parts(comparisons, &problem, unit);
    let mut leaving = Leaving::new(problem)?;
    let left_out = parts.into_iter().map(|rows| leaving.leave_out(rows)).collect();
    Ok(Influence {
        log_weights: leaving.log_weights,
        weights: leaving.weights,
        left_out: Result::from_iter::<Vec<_>>(left_out)?,
    })
}

/// Places of the rows of each part.
pub(super) fn parts(comparisons: &Comparisons, problem: &Problem, unit: Unit) -> Vec<Vec<usize>> {
    match unit {
        Unit::Juror => comparisons.rows_by_juror(),
        Unit::Row => (0..comparisons.len()).map(|at| vec![at]).collect(),
        Unit::Pair => {
            let mut parts = vec![Vec::new(); problem.cells.len()];
            for (at, term) in problem.terms.iter().enumerate() {
                parts[term.cell].push(at);
            }
            parts
        }
    }
}

/// The fit of all, ready to leave out parts.
struct Leaving {
    problem: Problem,
    /// As fitted, not centred: where Newton's method starts.
    start: Vec<f64>,
    log_weights: Vec<f64>,
    weights: Vec<f64>,
    /// Of the curvature; least squares only.
    inverse: Option<Symmetric>,
}

impl Leaving {
    fn new(problem: Problem) -> Result<Self, FitError> {
        let start = problem.fit()?.log_weights;
        let linear = problem.is_linear();
        let inverse = linear.then(|| problem.curvature(&problem.cells, &start).inverse()).flatten();
        let mut log_weights = start.clone();
        centre(&mut log_weights);
        let weights = softmax(&log_weights);
        Ok(Self { problem, start, log_weights, weights, inverse })
    }

    fn leave_out(&mut self, rows: Vec<usize>) -> Result<LeftOut, FitError> {
        let removed = self.removed(&rows);
        let cut_off = self.cut_off(&removed);
        if !cut_off.is_empty() && self.problem.model.ridge() == 0.0 {
            return Ok(LeftOut { rows, cut_off, change: None });
        }
        let without = match self.updated(&removed) {
            Some(log_weights) => log_weights,
            None => self.fitted_again(&removed)?.log_weights,
        };
        Ok(LeftOut { rows, cut_off, change: Some(self.change(without)) })
    }

    /// What goes from each cell: `(cell, count, weight, pull)`, by cell.
    fn removed(&self, rows: &[usize]) -> Vec<Removed> {
        let terms = rows.iter().map(|at| self.problem.terms[*at]);
        let mut removed: Vec<Removed> = terms
            .map(|term| Removed { cell: term.cell, count: 1, weight: term.weight, pull: term.pull })
            .collect();
        removed.sort_unstable_by(|x, y| x.cell.cmp(&y.cell).then(x.pull.total_cmp(&y.pull)));
        removed.dedup_by(|next, kept| {
            let same = next.cell == kept.cell;
            if same {
                kept.count += next.count;
                kept.weight += next.weight;
                kept.pull += next.pull;
            }
            same
        });
        removed
    }

    /// The items that nothing else joins.
    fn cut_off(&self, removed: &[Removed]) -> Vec<usize> {
        let cells = &self.problem.cells;
        // A cell that keeps an answer keeps its edge.
        if removed.iter().all(|gone| cells[gone.cell].count > gone.count) {
            return Vec::new();
        }
        let mut gone = removed.iter().peekable();
        let kept = cells.iter().enumerate().filter(|(at, cell)| {
            gone.next_if(|gone| gone.cell == *at).is_none_or(|gone| gone.count < cell.count)
        });
        let edges: Vec<(u32, u32)> =
            kept.map(|(_, cell)| (number(cell.a), number(cell.b))).collect();
        let islands = Islands::new(self.problem.items, edges);
        islands.cut_off(&self.problem.islands)
    }

    /// Least squares by Woodbury's identity; none where fitting again is
    /// quicker, or safer.
    fn updated(&self, removed: &[Removed]) -> Option<Vec<f64>> {
        let inverse = self.inverse.as_ref()?;
        let (cells, rank) = (&self.problem.cells, removed.len());
        if rank * 2 > self.problem.items {
            return None;
        }
        let ends: Vec<(usize, usize)> =
            removed.iter().map(|gone| (cells[gone.cell].a, cells[gone.cell].b)).collect();
        let mut small = Symmetric::zeros(rank);
        let mut right = Vec::with_capacity(rank);
        for (i, gone) in removed.iter().enumerate() {
            let (a, b) = ends[i];
            let (row_a, row_b) = (inverse.row(a), inverse.row(b));
            for (j, (c, d)) in ends.iter().enumerate().take(i) {
                small.add(i, j, -((row_b[*d] - row_a[*d]) - (row_b[*c] - row_a[*c])));
            }
            let own = 1.0 / gone.weight - ((row_b[b] - row_a[b]) - (row_b[a] - row_a[a]));
            small.add(i, i, own);
            right.push(gone.pull / gone.weight - (self.start[b] - self.start[a]));
        }
        small.cholesky()?.solve(&mut right);
        let mut log_weights = self.start.clone();
        for ((a, b), share) in ends.iter().zip(&right) {
            let columns = inverse.row(*a).iter().zip(inverse.row(*b));
            log_weights.iter_mut().zip(columns).for_each(|(z, (at_a, at_b))| {
                *z -= share * (at_b - at_a);
            });
        }
        Some(log_weights)
    }

    fn fitted_again(&mut self, removed: &[Removed]) -> Result<Fitted, FitError> {
        let mut cells: Vec<Cell> = self.problem.cells.clone();
        for gone in removed {
            let cell = &mut cells[gone.cell];
            cell.count -= gone.count;
            cell.weight -= gone.weight;
            cell.pull -= gone.pull;
        }
        cells.retain(|cell| cell.count > 0);
        self.problem.fit_from(&cells, self.start.clone())
    }

    fn change(&self, mut without: Vec<f64>) -> Change {
        centre(&mut without);
        let less = |new: Vec<f64>, old: &[f64]| -> Vec<f64> {
            new.iter().zip(old).map(|(new, old)| new - old).collect()
        };
        let weights = less(softmax(&without), &self.weights);
        let item = (0..weights.len())
            .fold(0, |most, at| if weights[at].abs() > weights[most].abs() { at } else { most });
        Change {
            log_weights: less(without, &self.log_weights),
            moved: maths::sum(weights.iter().map(|change| change.abs())),
            weights,
            item,
        }
    }
}

/// What leaves a cell.
#[derive(Debug, Clone, Copy)]
struct Removed {
    cell: usize,
    count: usize,
    weight: f64,
    pull: f64,
}

fn number(item: usize) -> u32 {
    u32::try_from(item).expect("at most 2,000 items")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::comparisons::Choice;
    use crate::synthetic::Jury;

    /// Fits what is left, from nothing.
    fn again(comparisons: &Comparisons, model: Model, rows: &[usize]) -> Vec<f64> {
        let kept: Vec<usize> = (0..comparisons.len()).filter(|at| !rows.contains(at)).collect();
        model.fit(&comparisons.take(&kept)).expect("it was fitted before").log_weights
    }

    fn equals_fitting_again(comparisons: &Comparisons, model: Model, unit: Unit) -> usize {
        let all = influence(comparisons, model, unit).expect("valid");
        let mut finite = 0;
        for part in &all.left_out {
            let Some(change) = &part.change else {
                assert!(!part.cut_off.is_empty());
                continue;
            };
            if part.rows.len() == comparisons.len() {
                continue;
            }
            finite += 1;
            let slow = again(comparisons, model, &part.rows);
            for (item, slow) in slow.iter().enumerate() {
                let fast = all.log_weights[item] + change.log_weights[item];
                assert!((fast - slow).abs() < 1e-10, "{unit:?} {fast} {slow}");
            }
            let weights = softmax(&slow);
            let moved: f64 = weights.iter().zip(&all.weights).map(|(a, b)| (a - b).abs()).sum();
            assert!((moved - change.moved).abs() < 1e-10);
        }
        finite
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(12))]

        #[test]
        fn every_part_left_out_equals_fitting_the_rest(
            seed in 0_u64..1_000, items in 3_usize..14, answers in 4_usize..90, how_much: bool,
        ) {
            let noise = if how_much { 1.5 } else { 0.0 };
            let jury = Jury { items, jurors: 5, noise, ..Jury::default() };
            let comparisons = jury.draw(seed).comparisons(answers);
            let mut models = vec![Model::BradleyTerry { prior: 0.05 }];
            if how_much {
                models.push(Model::LeastSquares { ridge: 0.0 });
                models.push(Model::LeastSquares { ridge: 0.3 });
            }
            for model in models {
                for unit in [Unit::Juror, Unit::Pair, Unit::Row] {
                    equals_fitting_again(&comparisons, model, unit);
                }
            }
        }
    }

    #[test]
    fn a_jury_as_large_as_the_pilot() {
        let jury = Jury { items: 45, jurors: 37, noise: 2.3, scale: 0.4, ..Jury::default() };
        let comparisons = jury.draw(3).comparisons(593);
        for model in [Model::LeastSquares { ridge: 0.0 }, Model::BradleyTerry { prior: 0.01 }] {
            assert_eq!(equals_fitting_again(&comparisons, model, Unit::Juror), 37);
        }
    }

    #[test]
    fn a_juror_who_holds_islands_together_is_named() {
        let mut builder = crate::comparisons::Builder::default();
        let [ann, bob] = ["ann", "bob"].map(|name| builder.juror(name));
        let [w, x, y, z] = ["w", "x", "y", "z"].map(|name| builder.item(name));
        for (juror, pair) in [(ann, (w, x)), (ann, (y, z)), (ann, (y, z)), (bob, (x, y))] {
            builder.push(juror, pair, Choice::Left, Some(1.0));
        }
        let comparisons = builder.finish();
        let free = Model::LeastSquares { ridge: 0.0 };
        let parts = influence(&comparisons, free, Unit::Juror).expect("valid").left_out;
        assert_eq!((parts[1].change.as_ref(), &parts[1].cut_off[..]), (None, &[2, 3][..]));
        // Without ann only x and y are joined.
        assert_eq!(parts[0].cut_off, [0, 3]);
        let held = Model::BradleyTerry { prior: 0.1 };
        let parts = influence(&comparisons, held, Unit::Juror).expect("valid").left_out;
        assert!(parts[1].change.is_some() && parts[1].cut_off == [2, 3]);
        // One of two equal answers: the pair stays, nothing moves.
        let rows = influence(&comparisons, free, Unit::Row).expect("valid").left_out;
        assert!(rows[2].change.as_ref().expect("a pair stays").moved < 1e-12);
    }

    #[test]
    fn a_juror_who_always_wins_and_a_juror_without_answers() {
        let mut builder = crate::comparisons::Builder::default();
        let ann = builder.juror("ann");
        builder.juror("silent");
        let pair = (builder.item("x"), builder.item("y"));
        builder.push(ann, pair, Choice::Left, None);
        let comparisons = builder.finish();
        let model = Model::BradleyTerry { prior: 0.01 };
        let influence = influence(&comparisons, model, Unit::Juror).expect("a prior holds it");
        assert!(influence.weights[0] > 0.9);
        // Without the only juror, all is equal.
        let alone = influence.left_out[0].change.as_ref().expect("a prior holds it");
        assert!((influence.weights[0] + alone.weights[0] - 0.5).abs() < 1e-12);
        let silent = influence.left_out[1].change.as_ref().expect("nothing is lost");
        assert!(silent.moved < 1e-12);
        assert_eq!(influence.worst().map(|(at, _)| at), Some(0));
    }
}
