//! Comparisons as one convex problem: gradient, curvature, Newton's method.

use allonet_core::maths;

use super::islands::Islands;
use super::model::Model;
use crate::comparisons::{Choice, Comparison, Comparisons};
use crate::estimate::logistic;
use crate::linear::Symmetric;
use crate::rules::FitError;

/// Dense matrices of so many rows take 32 MB each.
const MOST_ITEMS: usize = 2_000;
/// Newton's method takes fewer than twenty steps, whatever the data.
const MOST_STEPS: usize = 200;
/// Steps that change no log weight by more are the last.
const SMALL: f64 = 1e-13;

/// All answers on one pair, `a < b`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Cell {
    pub(super) a: usize,
    pub(super) b: usize,
    /// How many answers there are.
    pub(super) count: usize,
    /// What they count.
    pub(super) weight: f64,
    /// Least squares: the sum of `c` towards `b`; Bradley–Terry: wins of `b`.
    pub(super) pull: f64,
}

/// One answer: its cell, and what it adds to it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Term {
    pub(super) cell: usize,
    pub(super) juror: usize,
    pub(super) weight: f64,
    pub(super) pull: f64,
}

/// What is to be minimised.
#[derive(Debug, Clone)]
pub(super) struct Problem {
    pub(super) model: Model,
    pub(super) items: usize,
    pub(super) cells: Vec<Cell>,
    /// One for each row of the comparisons.
    pub(super) terms: Vec<Term>,
    pub(super) islands: Islands,
}

/// The least point.
#[derive(Debug, Clone)]
pub(super) struct Fitted {
    pub(super) log_weights: Vec<f64>,
    pub(super) iterations: usize,
}

impl Problem {
    /// Adds up comparisons, each counting as much as its juror.
    pub(super) fn new(
        comparisons: &Comparisons,
        model: Model,
        juror_weights: &[f64],
    ) -> Result<Self, FitError> {
        assert_eq!(juror_weights.len(), comparisons.jurors().len(), "one weight for each juror");
        check(comparisons, model)?;
        let mut keyed: Vec<((u32, u32), f64, f64, usize)> = comparisons
            .rows()
            .enumerate()
            .map(|(at, row)| {
                let weight = juror_weights[row.juror as usize];
                (row.pair(), pull(&row, model) * weight, weight, at)
            })
            .collect();
        // By value within a pair: sums are the same for any order of rows.
        keyed.sort_unstable_by(|x, y| {
            (x.0.cmp(&y.0)).then(x.1.total_cmp(&y.1)).then(x.2.total_cmp(&y.2)).then(x.3.cmp(&y.3))
        });
        let mut cells = Vec::new();
        let mut terms = vec![Term { cell: 0, juror: 0, weight: 0.0, pull: 0.0 }; keyed.len()];
        for same in keyed.chunk_by(|x, y| x.0 == y.0) {
            for (_, pull, weight, at) in same {
                let juror = comparisons.row(*at).juror as usize;
                terms[*at] = Term { cell: cells.len(), juror, weight: *weight, pull: *pull };
            }
            let (a, b) = same[0].0;
            cells.push(Cell {
                a: a as usize,
                b: b as usize,
                count: same.len(),
                weight: same.iter().map(|entry| entry.2).sum(),
                pull: same.iter().map(|entry| entry.1).sum(),
            });
        }
        let items = comparisons.items().len();
        let islands = Islands::new(items, comparisons.rows().map(|row| row.pair()));
        Ok(Self { model, items, cells, terms, islands })
    }

    /// What a row expects and what it says, towards the larger place:
    /// `(expected, residual)` without the weight of its juror.
    pub(super) fn residual(&self, term: &Term, log_weights: &[f64]) -> f64 {
        let cell = &self.cells[term.cell];
        term.pull - term.weight * self.mean(log_weights[cell.b] - log_weights[cell.a])
    }

    /// The answer expected at a difference of log weights.
    fn mean(&self, gap: f64) -> f64 {
        match self.model {
            Model::LeastSquares { .. } => gap,
            Model::BradleyTerry { .. } => logistic(gap),
        }
    }

    /// The slope of [`Problem::mean`].
    fn slope(&self, gap: f64) -> f64 {
        match self.model {
            Model::LeastSquares { .. } => 1.0,
            Model::BradleyTerry { .. } => {
                let chance = logistic(gap);
                chance * (1.0 - chance)
            }
        }
    }

    /// Minus the gradient: where the answers pull.
    fn pulls(&self, cells: &[Cell], log_weights: &[f64]) -> Vec<f64> {
        let mut pulls: Vec<f64> = log_weights.iter().map(|z| -self.model.ridge() * z).collect();
        for cell in cells {
            let gap = log_weights[cell.b] - log_weights[cell.a];
            let left = cell.pull - cell.weight * self.mean(gap);
            pulls[cell.b] += left;
            pulls[cell.a] -= left;
        }
        pulls
    }

    /// The second derivative. Where nothing holds the islands (no ridge), a
    /// constant on each makes it invertible and changes no solution.
    pub(super) fn curvature(&self, cells: &[Cell], log_weights: &[f64]) -> Symmetric {
        let mut matrix = Symmetric::zeros(self.items);
        let ridge = self.model.ridge();
        if ridge > 0.0 {
            (0..self.items).for_each(|item| matrix.add(item, item, ridge));
        } else {
            let of = &self.islands.of;
            let sizes = self.islands.sizes();
            for a in 0..self.items {
                for b in (a..self.items).filter(|b| of[*b] == of[a]) {
                    matrix.add(a, b, 1.0 / sizes[of[a]] as f64);
                }
            }
        }
        for cell in cells {
            let gap = log_weights[cell.b] - log_weights[cell.a];
            matrix.add_edge(cell.a, cell.b, cell.weight * self.slope(gap));
        }
        matrix
    }

    /// The least point of all cells.
    pub(super) fn fit(&self) -> Result<Fitted, FitError> {
        self.fit_from(&self.cells, vec![0.0; self.items])
    }

    /// The least point of other cells of the same islands, from a guess.
    ///
    /// Newton's method keeps a factored curvature as long as it shortens the
    /// step tenfold; long steps are damped so that it cannot run away.
    pub(super) fn fit_from(&self, cells: &[Cell], start: Vec<f64>) -> Result<Fitted, FitError> {
        let unsettled = || FitError::Unsettled { rule: self.model.name(), iterations: MOST_STEPS };
        let mut z = start;
        let mut factor = self.curvature(cells, &z).cholesky().ok_or_else(unsettled)?;
        let mut before = f64::INFINITY;
        let mut fresh = true;
        let floor = SMALL * (1.0 + z.iter().copied().fold(0.0, |top, z| f64::max(top, z.abs())));
        for iterations in 1..=MOST_STEPS {
            let mut step = self.pulls(cells, &z);
            factor.solve(&mut step);
            let longest = step.iter().copied().fold(0.0, |top, step| f64::max(top, step.abs()));
            let damped = if self.is_linear() { 1.0 } else { damping(longest) };
            z.iter_mut().zip(&step).for_each(|(z, step)| *z += damped * step);
            // Rounding sets a floor below which steps no longer shorten.
            if longest <= floor || (fresh && longest < 1e-8 && longest >= before * 0.5) {
                return Ok(Fitted { log_weights: z, iterations });
            }
            fresh = longest > 0.1 * before || longest > 0.5;
            if fresh && !self.is_linear() {
                factor = self.curvature(cells, &z).cholesky().ok_or_else(unsettled)?;
            }
            before = longest;
        }
        Err(unsettled())
    }

    /// Whether the curvature is the same everywhere.
    pub(super) fn is_linear(&self) -> bool {
        matches!(self.model, Model::LeastSquares { .. })
    }
}

/// `ln(1 + d) / d` for a step that changes differences by up to `d` (Sun and
/// Tran-Dinh 2019, for losses whose third derivative the second bounds); short
/// steps are taken whole.
fn damping(longest: f64) -> f64 {
    let d = 2.0 * longest;
    if d > 1.0 { maths::ln_1p(d) / d } else { 1.0 }
}

/// What a row adds to the pull of its pair, towards the larger place.
fn pull(row: &Comparison, model: Model) -> f64 {
    let towards_right = match model {
        Model::LeastSquares { .. } => row.log_ratio().expect("all rows say how much"),
        Model::BradleyTerry { .. } => match row.choice {
            Choice::Left => 0.0,
            Choice::Right => 1.0,
            Choice::Tie => 0.5,
        },
    };
    match (row.left < row.right, model) {
        (true, _) => towards_right,
        (false, Model::LeastSquares { .. }) => -towards_right,
        (false, Model::BradleyTerry { .. }) => 1.0 - towards_right,
    }
}

fn check(comparisons: &Comparisons, model: Model) -> Result<(), FitError> {
    if comparisons.is_empty() {
        return Err(FitError::Empty);
    }
    let rule = model.name();
    let (name, found, min) = match model {
        Model::LeastSquares { ridge } => ("ridge", ridge, 0.0),
        Model::BradleyTerry { prior } => ("prior", prior, 1e-6),
    };
    if !(min..=1e6).contains(&found) {
        return Err(FitError::Parameter { rule, name, found, min, max: 1e6 });
    }
    let found = comparisons.items().len();
    if found > MOST_ITEMS {
        return Err(FitError::TooLarge { rule, found, most: MOST_ITEMS });
    }
    let mut silent = (0..comparisons.len()).filter(|at| comparisons.row(*at).intensity.is_none());
    if let (Model::LeastSquares { .. }, Some(first)) = (model, silent.next()) {
        let line = comparisons.line(first);
        return Err(FitError::NoIntensity { count: silent.count() + 1, line });
    }
    Ok(())
}
