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

use super::{LARGEST, PANEL, Reports, SMALL, each};

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

/// Running sums, lane by lane.
type Lanes = [f64; LANES];
/// The running sums of a tile.
type Tile = [[Lanes; WIDE]; TALL];

/// What a group of panels adds.
#[derive(Clone, Debug, Default)]
struct Part {
    /// Rows of a panel, zeros in place of ragged columns and beyond the end.
    packed: Vec<f64>,
    /// Sums of all tiles, in the order they are visited. Lanes are added up once,
    /// at the end and elsewhere: beside the loop the compiler would pair them up
    /// for that sum all the way through.
    tiles: Vec<Tile>,
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
        for part in &parts {
            self.add(part);
        }
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
    #[expect(clippy::inline_always, reason = "compiled for the vector unit that is there")]
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
        self.tiles.clear();
        self.tiles.resize(corners(points).count(), Tile::default());
        self.ragged.clear();
        let first = group * GROUP * PANEL;
        let last = columns.min(first + GROUP * PANEL);
        for start in (first..last).step_by(PANEL) {
            let width = PANEL.min(last - start);
            let padded_width = width.next_multiple_of(LANES);
            self.pack(reports, start, width, padded_width);
            for (corner, sums) in corners(points).zip(&mut self.tiles) {
                tile(&self.packed, padded_width, corner, sums);
            }
        }
        self.fold(points);
    }

    /// Adds up the lanes of all tiles.
    #[inline(never)]
    fn fold(&mut self, points: usize) {
        self.sums.clear();
        self.sums.resize(points * points, 0.0);
        for ((top, left), tile) in corners(points).zip(&self.tiles) {
            for (row, others) in tile.iter().enumerate() {
                for (other, lanes) in others.iter().enumerate() {
                    let sum = (lanes[0] + lanes[1]) + (lanes[2] + lanes[3]);
                    self.sums[(top + row) * points + left + other] = sum;
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
        let mut complete = true;
        for (reputer, packed) in self.packed.chunks_exact_mut(padded_width).enumerate() {
            if reputer == reputers {
                break;
            }
            let row = &reports.losses[reputer * columns + start..][..width];
            packed[..width].copy_from_slice(row);
            // NaN is not within bounds either.
            complete &= row.iter().fold(true, |all, loss| all & (loss.abs() <= LARGEST));
        }
        if !complete {
            self.blank(start, width, padded_width, reputers);
        }
    }

    /// Blanks the columns of a panel that are not complete.
    #[cold]
    fn blank(&mut self, start: usize, width: usize, padded_width: usize, reputers: usize) {
        for column in 0..width {
            let cells = || (0..reputers).map(|reputer| reputer * padded_width + column);
            let given = cells().filter(|cell| self.packed[*cell].abs() <= LARGEST).count();
            if given == reputers {
                continue;
            }
            if given > 0 {
                self.ragged.push(start + column);
            }
            cells().for_each(|cell| self.packed[cell] = 0.0);
        }
    }
}

/// First rows of all tiles: what they measure and from what.
#[inline(always)]
#[expect(clippy::inline_always, reason = "compiled for the vector unit that is there")]
fn corners(points: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..points)
        .step_by(TALL)
        .flat_map(|top| (0..top + TALL).step_by(WIDE).map(move |left| (top, left)))
}

/// Adds the squared distances of a few rows from a few others.
#[inline(always)]
#[expect(clippy::inline_always, reason = "compiled for the vector unit that is there")]
fn tile(packed: &[f64], width: usize, (top, left): (usize, usize), sums: &mut Tile) {
    let [a, b, c, d] = [0, 1, 2, 3].map(|row| lanes(packed, width, top + row));
    let [left, right] = [0, 1].map(|row| lanes(packed, width, left + row));
    let length = a.len();
    let (b, c, d) = (&b[..length], &c[..length], &d[..length]);
    let (left, right) = (&left[..length], &right[..length]);
    let mut running = *sums;
    for at in 0..length {
        let (rows, others) = ([a[at], b[at], c[at], d[at]], [left[at], right[at]]);
        for row in 0..TALL {
            for other in 0..WIDE {
                let difference = each(|lane| rows[row][lane] - others[other][lane]);
                let sum = running[row][other];
                running[row][other] = each(|lane| sum[lane] + difference[lane] * difference[lane]);
            }
        }
    }
    *sums = running;
}

/// A row of a panel in lanes.
#[inline(always)]
#[expect(clippy::inline_always, reason = "compiled for the vector unit that is there")]
fn lanes(packed: &[f64], width: usize, row: usize) -> &[Lanes] {
    packed[row * width..][..width].as_chunks::<LANES>().0
}
