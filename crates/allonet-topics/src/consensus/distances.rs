//! Squared distances between the reports of any two reputers, and of each from
//! the origin.
//!
//! With weights `w` that sum to one, the distance of any point `x` from the
//! weighted mean `c = Σ w_j L_j` needs only these:
//! `‖x − c‖² = Σ_j w_j ‖x − L_j‖² − ½ Σ_ij w_i w_j ‖L_i − L_j‖²`.
//! For `x` the origin it is the length of the consensus. Taken from differences,
//! not from products, two reports that nearly agree keep all their digits however
//! far off a third is.

use pulp::{Arch, NullaryFnOnce};
use rayon::prelude::*;

use super::{LARGEST, PANEL, Reports, SMALL};

/// Numbers that are worked on at once; fixed, so that sums are the same on every
/// machine.
const LANES: usize = 4;
/// Rows of a tile, and of what it is set against: eight running sums stay in
/// registers.
const TALL: usize = 4;
const WIDE: usize = 2;
/// Panels that are summed up in one go.
const GROUP: usize = 64;

/// See the text of the module.
#[derive(Clone, Debug, Default)]
pub(super) struct Distances {
    /// From one row of `squares` to the next; a multiple of [`LANES`].
    pub(super) stride: usize,
    /// A row for each reputer: squared distances from each reputer, then from
    /// the origin, then zeros.
    pub(super) squares: Vec<f64>,
    /// Columns that some report and others do not.
    pub(super) ragged: Vec<usize>,
    part: Part,
}

/// What a group of panels adds.
#[derive(Clone, Debug, Default)]
struct Part {
    /// Rows of a panel, zeros in place of ragged columns and beyond the end.
    packed: Vec<f64>,
    /// Squared distances between all points, lower triangle of blocks.
    sums: Vec<f64>,
    ragged: Vec<usize>,
}

impl Distances {
    /// Measures what reputers report.
    pub(super) fn measure(&mut self, reports: &Reports<'_>) {
        let (reputers, columns) = (reports.reputers(), reports.columns());
        self.stride = (reputers + 1).next_multiple_of(LANES);
        self.squares.clear();
        self.squares.resize(reputers * self.stride, 0.0);
        self.ragged.clear();
        let groups = columns.div_ceil(GROUP * PANEL);
        let arch = Arch::new();
        if columns * reputers * reputers < SMALL || groups < 2 {
            let mut part = std::mem::take(&mut self.part);
            for group in 0..groups {
                arch.dispatch(Sum { part: &mut part, reports, group });
                self.add(&part);
            }
            self.part = part;
            return;
        }
        let sum = |group| {
            let mut part = Part::default();
            arch.dispatch(Sum { part: &mut part, reports, group });
            part
        };
        let parts: Vec<Part> = (0..groups).into_par_iter().map(sum).collect();
        parts.iter().for_each(|part| self.add(part));
    }

    /// Adds a group; both halves of the square.
    fn add(&mut self, part: &Part) {
        let (stride, points) = (self.stride, padded(self.squares.len() / self.stride));
        for (reputer, row) in self.squares.chunks_exact_mut(stride).enumerate() {
            for (point, square) in row.iter_mut().enumerate().take(points) {
                let (low, high) = (point.min(reputer), point.max(reputer));
                *square += part.sums[high * points + low];
            }
        }
        self.ragged.extend(&part.ragged);
    }
}

/// The sums of a group, as work for the vector unit that is there.
struct Sum<'a> {
    part: &'a mut Part,
    reports: &'a Reports<'a>,
    group: usize,
}

impl NullaryFnOnce for Sum<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        self.part.sum(self.reports, self.group);
    }
}

/// Reputers, the origin, and rows of zeros to fill the last tile.
fn padded(reputers: usize) -> usize {
    (reputers + 1).next_multiple_of(TALL)
}

impl Part {
    /// One group of panels of columns.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "compiled for the vector unit that is there")]
    fn sum(&mut self, reports: &Reports<'_>, group: usize) {
        let (reputers, columns) = (reports.reputers(), reports.columns());
        let points = padded(reputers);
        self.sums.clear();
        self.sums.resize(points * points, 0.0);
        self.ragged.clear();
        let first = group * GROUP * PANEL;
        let last = columns.min(first + GROUP * PANEL);
        for start in (first..last).step_by(PANEL) {
            let width = PANEL.min(last - start);
            let padded_width = width.next_multiple_of(LANES);
            self.pack(reports, start, width, padded_width);
            for top in (0..points).step_by(TALL) {
                for left in (0..top + TALL).step_by(WIDE) {
                    tile(&self.packed, padded_width, points, (top, left), &mut self.sums);
                }
            }
        }
    }

    /// Copies a panel and blanks the columns that are not complete.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "compiled for the vector unit that is there")]
    fn pack(&mut self, reports: &Reports<'_>, start: usize, width: usize, padded_width: usize) {
        let (reputers, columns) = (reports.reputers(), reports.columns());
        self.packed.clear();
        self.packed.resize(padded(reputers) * padded_width, 0.0);
        let mut missing = [0_u32; PANEL];
        let missing = &mut missing[..width];
        for (reputer, packed) in self.packed.chunks_exact_mut(padded_width).enumerate() {
            if reputer == reputers {
                break;
            }
            let row = &reports.losses[reputer * columns + start..][..width];
            packed[..width].copy_from_slice(row);
            for (missing, loss) in missing.iter_mut().zip(row) {
                // Also true for NaN.
                *missing += u32::from(!(loss.abs() <= LARGEST));
            }
        }
        if missing.iter().all(|missing| *missing == 0) {
            return;
        }
        for (column, missing) in missing.iter().enumerate().filter(|(_, missing)| **missing > 0) {
            if (*missing as usize) < reputers {
                self.ragged.push(start + column);
            }
            for reputer in 0..reputers {
                self.packed[reputer * padded_width + column] = 0.0;
            }
        }
    }
}

/// Adds the squared distances of a few rows from a few others.
#[inline(always)]
#[expect(clippy::inline_always, reason = "compiled for the vector unit that is there")]
fn tile(
    packed: &[f64],
    width: usize,
    points: usize,
    (top, left): (usize, usize),
    sums: &mut [f64],
) {
    let rows: [&[[f64; LANES]]; TALL] = std::array::from_fn(|row| lanes(packed, width, top + row));
    let others: [&[[f64; LANES]]; WIDE] =
        std::array::from_fn(|row| lanes(packed, width, left + row));
    let mut running = [[[0.0; LANES]; WIDE]; TALL];
    let length = rows[0].len();
    let (rows, others) = (rows.map(|row| &row[..length]), others.map(|row| &row[..length]));
    for at in 0..length {
        let others = [others[0][at], others[1][at]];
        for row in 0..TALL {
            let one = rows[row][at];
            for other in 0..WIDE {
                running[row][other] = add_square(running[row][other], one, others[other]);
            }
        }
    }
    for (row, running) in running.iter().enumerate() {
        for (column, lanes) in running.iter().enumerate() {
            let sum = (lanes[0] + lanes[1]) + (lanes[2] + lanes[3]);
            sums[(top + row) * points + left + column] += sum;
        }
    }
}

/// Adds squared differences, lane by lane.
#[inline(always)]
#[expect(clippy::inline_always, reason = "compiled for the vector unit that is there")]
fn add_square(sum: [f64; LANES], one: [f64; LANES], other: [f64; LANES]) -> [f64; LANES] {
    std::array::from_fn(|lane| {
        let difference = one[lane] - other[lane];
        sum[lane] + difference * difference
    })
}

/// A row of a panel in lanes.
#[inline(always)]
#[expect(clippy::inline_always, reason = "compiled for the vector unit that is there")]
fn lanes(packed: &[f64], width: usize, row: usize) -> &[[f64; LANES]] {
    packed[row * width..][..width].as_chunks::<LANES>().0
}
