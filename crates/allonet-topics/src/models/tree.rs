//! Regression trees on binned features.
//!
//! # Formula
//!
//! A split puts rows with `bin ≤ t` to the left; of all features and `t`, it
//! takes the one with the greatest gain
//!
//! ```text
//! S_left²/(n_left + r) + S_right²/(n_right + r) − S²/(n + r)
//! ```
//!
//! with `S` the sum of residuals and `r = 1`. A leaf says `S / (n + r)`.
//!
//! # Limits
//!
//! Each side of a split has at least [`LEAST`] rows. Of splits alike the first
//! feature's first wins.
//!
//! # Sources
//!
//! * Breiman et al. (1984), *Classification and Regression Trees*.
//! * Chen, Guestrin (2016), *XGBoost*, Eq 6 and 7.

/// Most bins of a feature.
pub(super) const BINS: usize = 32;
/// Fewest rows on a side of a split.
const LEAST: usize = 8;
/// Draws leaves towards zero, as if it were so many rows of residual zero.
const SHRINK: f64 = 1.0;

/// Upper edges of the bins of each feature, increasing.
#[derive(Clone, Debug, Default)]
pub(super) struct Bins(Vec<Vec<f64>>);

impl Bins {
    /// Bins with about equally many of the rows.
    pub(super) fn of(rows: &[&[f64]]) -> Self {
        let width = rows.first().map_or(0, |row| row.len());
        let edges = |feature: usize| {
            let mut values: Vec<f64> = rows.iter().map(|row| row[feature]).collect();
            values.sort_by(f64::total_cmp);
            let mut edges: Vec<f64> =
                (1..BINS).map(|bin| values[bin * values.len() / BINS]).collect();
            edges.dedup();
            edges
        };
        Self((0..width).map(edges).collect())
    }

    /// The bins that a row falls into.
    pub(super) fn row(&self, row: &[f64]) -> Vec<u8> {
        let bin = |(edges, value): (&Vec<f64>, &f64)| {
            let bin = edges.partition_point(|edge| edge < value);
            u8::try_from(bin).expect("there are at most 32 bins")
        };
        self.0.iter().zip(row).map(bin).collect()
    }
}

/// A tree.
#[derive(Clone, Debug)]
pub(super) enum Tree {
    /// What it says.
    Leaf(f64),
    /// Rows with `bin ≤ at` go to the first.
    Split {
        /// The feature.
        feature: usize,
        /// The last bin on the left.
        at: u8,
        /// Both sides.
        sides: Box<[Tree; 2]>,
    },
}

impl Tree {
    /// Fits the residuals of the chosen rows.
    pub(super) fn fit(rows: &[Vec<u8>], residuals: &[f64], chosen: &[usize], depth: usize) -> Self {
        let sum: f64 = chosen.iter().map(|row| residuals[*row]).sum();
        let leaf = Self::Leaf(sum / (chosen.len() as f64 + SHRINK));
        if depth == 0 {
            return leaf;
        }
        let Some((feature, at)) = best(rows, residuals, chosen, sum) else { return leaf };
        let (left, right): (Vec<usize>, Vec<usize>) =
            chosen.iter().partition(|row| rows[**row][feature] <= at);
        let side = |chosen: &[usize]| Self::fit(rows, residuals, chosen, depth - 1);
        Self::Split { feature, at, sides: Box::new([side(&left), side(&right)]) }
    }

    /// What it says of a row.
    pub(super) fn value(&self, row: &[u8]) -> f64 {
        match self {
            Self::Leaf(value) => *value,
            Self::Split { feature, at, sides } => {
                sides[usize::from(row[*feature] > *at)].value(row)
            }
        }
    }
}

/// The best split, if any gains.
fn best(rows: &[Vec<u8>], residuals: &[f64], chosen: &[usize], sum: f64) -> Option<(usize, u8)> {
    let (mut best, mut most) = (None, sum * sum / (chosen.len() as f64 + SHRINK) + 1e-9);
    let width = rows.first()?.len();
    for feature in 0..width {
        let (sums, counts) = histogram(rows, residuals, chosen, feature);
        if let Some((at, gain)) = cut(&sums, &counts, sum, chosen.len(), most) {
            (best, most) = (Some((feature, at)), gain);
        }
    }
    best
}

/// Sums of residuals and numbers of rows, by bin of a feature.
fn histogram(
    rows: &[Vec<u8>],
    residuals: &[f64],
    chosen: &[usize],
    feature: usize,
) -> ([f64; BINS], [usize; BINS]) {
    let (mut sums, mut counts) = ([0.0; BINS], [0_usize; BINS]);
    for row in chosen {
        let bin = usize::from(rows[*row][feature]);
        sums[bin] += residuals[*row];
        counts[bin] += 1;
    }
    (sums, counts)
}

/// The last bin on the left of the best cut that gains more, and its gain.
fn cut(
    sums: &[f64; BINS],
    counts: &[usize; BINS],
    sum: f64,
    count: usize,
    mut most: f64,
) -> Option<(u8, f64)> {
    let (mut best, mut left, mut there) = (None, 0.0, 0);
    for (at, (of_bin, rows)) in (0_u8..).zip(sums.iter().zip(counts)) {
        left += of_bin;
        there += rows;
        if there < LEAST || count - there < LEAST {
            continue;
        }
        let right = sum - left;
        let gain = left * left / (there as f64 + SHRINK)
            + right * right / ((count - there) as f64 + SHRINK);
        if gain > most {
            (best, most) = (Some((at, gain)), gain);
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_split_where_it_is() {
        // The second feature decides: 16 rows of −1, then 16 of 2.
        let rows: Vec<[f64; 2]> = (0..32_u8).map(|at| [f64::from(at % 3), f64::from(at)]).collect();
        let rows: Vec<&[f64]> = rows.iter().map(<[f64; 2]>::as_slice).collect();
        let bins = Bins::of(&rows);
        let binned: Vec<Vec<u8>> = rows.iter().map(|row| bins.row(row)).collect();
        let residuals: Vec<f64> = (0..32).map(|at| if at < 16 { -1.0 } else { 2.0 }).collect();
        let all: Vec<usize> = (0..32).collect();
        let tree = Tree::fit(&binned, &residuals, &all, 1);
        // Leaves are −16/17 and 32/17.
        assert!((tree.value(&bins.row(&[0.0, 15.0])) + 16.0 / 17.0).abs() < 1e-12, "{tree:?}");
        assert!((tree.value(&bins.row(&[0.0, 16.0])) - 32.0 / 17.0).abs() < 1e-12, "{tree:?}");
    }

    #[test]
    fn what_does_not_vary_is_a_leaf() {
        let rows = vec![vec![0_u8]; 40];
        let all: Vec<usize> = (0..40).collect();
        assert!(matches!(Tree::fit(&rows, &[1.0; 40], &all, 3), Tree::Leaf(_)));
    }
}
