//! Scores of Connection-Oriented Cluster Match, exactly and without the matrix
//! of all donors and all projects for each project.
//!
//! With the share `N_ih` of a donor's money that goes to project `h`, and the
//! closeness `k_ig` of donor `i` to the supporters of project `g`,
//!
//! ```text
//! P^p_gh  = Σ_i K_ig · N_ih,   K_ig = (1 − k_ig)·c_ip     harsh
//!                              K_ig = k_ig·√c_ip + (1 − k_ig)·c_ip
//! score_p = Σ_{g≠h} √(P^p_gh · P^p_hg)
//! ```
//!
//! Three things make it quick:
//!
//! * Only donors of `p` have a row in `K`, and only projects of those donors
//!   count as `g` and `h`: a donor of `d` projects costs `d` pieces of rows.
//! * `1 − k` does not depend on `p`. Its rows are worked out once and kept, as
//!   long as they take no more than `KEPT_BYTES`.
//! * In the harsh form, `c_ip·N_ih` is the same for `p` and `h` in turn: a row
//!   of `P^p` is also a row of `P^h`. Rows that many donors add up to are kept
//!   until `h` has its turn; projects of most donors come first.
//!
//! Rows are cut into pieces of sixteen numbers, so that a piece of all donors of
//! one batch stays in the cache. Sums run in order of donors: the same input
//! gives the same bits.

use std::cmp::Reverse;
use std::ops::Range;

use rustc_hash::FxHashMap;

use super::closeness::{Distances, Similarity};
use super::donations::{Donations, index};

/// Numbers in a piece of a row.
const LANES: usize = 16;
type Piece = [f64; LANES];
const NOTHING: Piece = [0.0; LANES];

/// Donors of a project who are added up at a time.
const BATCH: usize = 1_024;
/// Pieces of their rows that are laid out at a time: with a batch of donors they
/// stay in the second cache.
const SLAB: usize = 8;
/// Rows of `1 − k` that are kept; beyond it they are worked out again for each
/// project.
const KEPT_BYTES: usize = 5 << 28;
/// Rows of `P` that are kept for another project.
const SAVED_BYTES: usize = 3 << 27;

/// Rows of fewer donors are added up as quickly as they are copied.
const WORTH_KEEPING: u32 = 16;

/// Scores of all projects, in the unit of the donations.
pub fn scores(donations: &Donations, similarity: Similarity, harsh: bool) -> Vec<f64> {
    within(donations, similarity, harsh, KEPT_BYTES, SAVED_BYTES)
}

fn within(
    donations: &Donations,
    similarity: Similarity,
    harsh: bool,
    kept_bytes: usize,
    saved_bytes: usize,
) -> Vec<f64> {
    let projects = donations.projects();
    let row_bytes = (projects * size_of::<f64>()).max(1);
    let mut distances = Distances::new(donations, similarity);
    if distances.count() <= kept_bytes / row_bytes {
        distances.keep();
    }
    let mut board = Board {
        donations,
        harsh,
        distances,
        columns: Vec::new(),
        column_of: vec![NONE; projects],
        given: Vec::new(),
        table: Vec::new(),
        batch: Batch::default(),
        done: vec![false; projects],
        saved: Saved::new(donations, if harsh { saved_bytes / row_bytes } else { 0 }),
    };
    // Those of most donors first: their rows hold all columns and can be kept.
    let mut order: Vec<usize> = (0..projects).collect();
    order.sort_by_key(|project| Reverse(donations.of_project.numbers(*project).len()));
    let mut scores = vec![0.0; projects];
    for project in order {
        scores[project] = board.score(project);
        board.done[project] = true;
    }
    scores
}

/// No column.
const NONE: u32 = u32::MAX;

/// Works out one project after the other.
struct Board<'a> {
    donations: &'a Donations,
    harsh: bool,
    distances: Distances<'a>,
    /// Projects that count for the project at hand, in order.
    columns: Vec<u32>,
    /// The column of each project, or [`NONE`].
    column_of: Vec<u32>,
    /// Columns whose rows are not to be added up.
    given: Vec<bool>,
    /// A row for each column, `P_gh` for all `g` in the row of `h`: the first
    /// piece of all rows, then the second.
    table: Vec<Piece>,
    batch: Batch,
    /// Projects that had their turn.
    done: Vec<bool>,
    saved: Saved,
}

impl Board<'_> {
    fn score(&mut self, project: usize) -> f64 {
        let complete = self.choose_columns(project);
        let pieces = self.columns.len().div_ceil(LANES);
        let rows = pieces * LANES;
        self.table.clear();
        self.table.resize(pieces * rows, NOTHING);
        self.given.clear();
        for (row, other) in self.columns.iter().enumerate() {
            let saved = self.saved.take(*other as usize, project);
            self.given.push(saved.is_some() || (self.harsh && *other as usize == project));
            if let Some(saved) = saved {
                let cells = self.table[row..].iter_mut().step_by(rows);
                cut(&saved, &self.columns, cells);
            }
        }
        let (donors, gifts) = (
            self.donations.of_project.numbers(project),
            self.donations.of_project.amounts(project),
        );
        for (donors, gifts) in donors.chunks(BATCH).zip(gifts.chunks(BATCH)) {
            self.sort(donors, gifts);
            for first in (0..pieces).step_by(SLAB) {
                let slab = first..(first + SLAB).min(pieces);
                self.spread(donors, slab.clone());
                self.add(donors.len(), slab, rows);
            }
        }
        if complete {
            for (row, given) in self.given.iter().enumerate() {
                if !given && !self.done[row] && self.saved.wants(project, row) {
                    let mut cells = Vec::with_capacity(rows);
                    for piece in self.table[row..].iter().step_by(rows) {
                        cells.extend_from_slice(piece);
                    }
                    cells.truncate(self.columns.len());
                    let both = (index(project), index(row));
                    self.saved.rows.insert(both, cells);
                }
            }
        }
        total(&self.table, pieces)
    }

    /// The projects of the donors of a project; all of them, where most are.
    fn choose_columns(&mut self, project: usize) -> bool {
        let projects = self.donations.projects();
        self.column_of.fill(NONE);
        for donor in self.donations.of_project.numbers(project) {
            for other in self.donations.of_donor.numbers(*donor as usize) {
                self.column_of[*other as usize] = 0;
            }
        }
        let met = self.column_of.iter().filter(|column| **column == 0).count();
        let complete = met > projects / 4 * 3;
        self.columns.clear();
        for (other, column) in (0_u32..).zip(&mut self.column_of) {
            if complete || *column == 0 {
                *column = index(self.columns.len());
                self.columns.push(other);
            }
        }
        complete
    }

    /// Sorts a batch of donors by what else they give to.
    fn sort(&mut self, donors: &[u32], gifts: &[f64]) {
        let of_donor = &self.donations.of_donor;
        let Batch { starts, next, entries, base, .. } = &mut self.batch;
        let rows = self.columns.len();
        base.clear();
        base.resize(rows, 0.0);
        starts.clear();
        starts.resize(rows + 1, 0);
        for donor in donors {
            for other in of_donor.numbers(*donor as usize) {
                let row = self.column_of[*other as usize] as usize;
                starts[row + 1] += usize::from(!self.given[row]);
            }
        }
        for row in 0..rows {
            starts[row + 1] += starts[row];
        }
        next.clone_from(starts);
        entries.clear();
        entries.resize(starts[rows], Entry { at: 0, weight: 0.0 });
        for (at, (donor, gift)) in (0_u32..).zip(donors.iter().zip(gifts)) {
            let donor = *donor as usize;
            let soft = if self.harsh { 0.0 } else { gift.sqrt() };
            for (other, theirs) in of_donor.of(donor) {
                let row = self.column_of[other as usize] as usize;
                if !self.given[row] {
                    let share = theirs / self.distances.totals[donor];
                    entries[next[row]] = Entry { at, weight: share * (gift - soft) };
                    base[row] += share * soft;
                    next[row] += 1;
                }
            }
        }
    }

    /// Lays out some pieces of the batch's rows of `1 − k`, piece by piece.
    fn spread(&mut self, donors: &[u32], slab: Range<usize>) {
        let panel = &mut self.batch.panel;
        panel.resize(slab.len() * donors.len(), NOTHING);
        let end = (slab.end * LANES).min(self.columns.len());
        let columns = &self.columns[slab.start * LANES..end];
        let whole = self.columns.len() == self.column_of.len();
        for (at, donor) in donors.iter().enumerate() {
            let row = self.distances.row(*donor as usize);
            let row = if whole { &row[slab.start * LANES..end] } else { row };
            cut(row, columns, panel[at..].iter_mut().step_by(donors.len()));
        }
    }

    /// Adds some pieces of a batch of so many donors to the table.
    fn add(&mut self, donors: usize, slab: Range<usize>, rows: usize) {
        let Batch { starts, entries, base, panel, .. } = &self.batch;
        let panels = panel.chunks_exact(donors);
        let table = self.table.chunks_exact_mut(rows).skip(slab.start);
        for (cells, panel) in table.zip(panels) {
            let bounds = starts.iter().zip(&starts[1..]);
            for ((cell, base), (from, to)) in cells.iter_mut().zip(base).zip(bounds) {
                if from < to {
                    *cell = weighed(*cell, *base, &entries[*from..*to], panel);
                }
            }
        }
    }
}

/// Cuts the columns of a row into pieces; a row that is no longer than there are
/// columns has just these.
fn cut<'a>(row: &[f64], columns: &[u32], mut pieces: impl Iterator<Item = &'a mut Piece>) {
    if row.len() == columns.len() {
        let (full, rest) = row.as_chunks();
        for (piece, cells) in full.iter().zip(pieces.by_ref()) {
            *cells = *piece;
        }
        if let Some(cells) = pieces.next() {
            cells[..rest.len()].copy_from_slice(rest);
        }
        return;
    }
    for (cells, columns) in pieces.zip(columns.chunks(LANES)) {
        for (cell, column) in cells.iter_mut().zip(columns) {
            *cell = row[*column as usize];
        }
    }
}

/// `start + base + Σ weight · (1 − k)`, in registers.
fn weighed(start: Piece, base: f64, entries: &[Entry], panel: &[Piece]) -> Piece {
    let mut sum = start.map(|start| start + base);
    for Entry { at, weight } in entries {
        let far = &panel[*at as usize];
        for lane in 0..LANES {
            sum[lane] += weight * far[lane];
        }
    }
    sum
}

/// What a donor adds to a row: `weight` times the donor's row of `1 − k`.
#[derive(Clone, Copy)]
struct Entry {
    /// The donor's place in the batch.
    at: u32,
    weight: f64,
}

/// A batch of donors of one project.
#[derive(Default)]
struct Batch {
    /// Where the entries of each row begin, and where the last ones end.
    starts: Vec<usize>,
    /// Where the next entry of each row goes.
    next: Vec<usize>,
    entries: Vec<Entry>,
    /// What each row has beside its entries.
    base: Vec<f64>,
    /// Rows of `1 − k`: the first piece of all donors, then the second.
    panel: Vec<Piece>,
}

/// Rows that belong to two projects, until the second has its turn.
struct Saved {
    /// Donors that projects share, by both.
    shared: Vec<u32>,
    projects: usize,
    /// Rows of projects that share so many are kept.
    least: u32,
    rows: FxHashMap<(u32, u32), Vec<f64>>,
}

impl Saved {
    fn new(donations: &Donations, most: usize) -> Self {
        let projects = donations.projects();
        let mut saved = Self { shared: Vec::new(), projects, least: 0, rows: FxHashMap::default() };
        if most == 0 {
            return saved;
        }
        saved.shared = vec![0; projects * projects];
        for donor in 0..donations.donors() {
            let theirs = donations.of_donor.numbers(donor);
            for (at, first) in theirs.iter().enumerate() {
                for second in &theirs[at + 1..] {
                    saved.shared[*first as usize * projects + *second as usize] += 1;
                }
            }
        }
        saved.least = WORTH_KEEPING;
        let mut counts: Vec<u32> =
            saved.shared.iter().copied().filter(|shared| *shared >= saved.least).collect();
        if counts.len() > most {
            let (_, next, _) = counts.select_nth_unstable_by(most, |a, b| b.cmp(a));
            saved.least = *next + 1;
        }
        saved
    }

    fn wants(&self, one: usize, other: usize) -> bool {
        let (first, second) = (one.min(other), one.max(other));
        self.shared.get(first * self.projects + second).is_some_and(|shared| *shared >= self.least)
    }

    fn take(&mut self, first: usize, second: usize) -> Option<Vec<f64>> {
        if !self.wants(first, second) {
            return None;
        }
        self.rows.remove(&(index(first), index(second)))
    }
}

/// `Σ_{g≠h} √(P_gh · P_hg)`, tile by tile. Cells beyond the last column are zero
/// on one side at least.
fn total(table: &[Piece], pieces: usize) -> f64 {
    let tile = |rows: usize, piece: usize| &table[(piece * pieces + rows) * LANES..][..LANES];
    let (mut twice, mut once) = (NOTHING, NOTHING);
    for first in 0..pieces {
        for second in first..pieces {
            let mut turned = [NOTHING; LANES];
            for (row, cells) in tile(second, first).iter().enumerate() {
                for lane in 0..LANES {
                    turned[lane][row] = cells[lane];
                }
            }
            if first == second {
                (0..LANES).for_each(|row| turned[row][row] = 0.0);
            }
            let sums = if first == second { &mut once } else { &mut twice };
            for (right, left) in tile(first, second).iter().zip(&turned) {
                add_roots(sums, right, left);
            }
        }
    }
    2.0 * twice.iter().sum::<f64>() + once.iter().sum::<f64>()
}

fn add_roots(sums: &mut Piece, right: &Piece, left: &Piece) {
    for lane in 0..LANES {
        let product = right[lane] * left[lane];
        // Rounding may leave less than nothing.
        sums[lane] += if product > 0.0 { product } else { 0.0 }.sqrt();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::kernel::{Columns, Pairs};
    use super::*;

    const ALL: [Similarity; 3] = [Similarity::Markov, Similarity::PctFriends, Similarity::Og];

    fn donations(gifts: &[(u32, u32, u32)], donors: usize, projects: usize) -> Donations {
        let columns = Columns {
            voters: gifts.iter().map(|gift| gift.0).collect(),
            projects: gifts.iter().map(|gift| gift.1).collect(),
            amounts: gifts.iter().map(|gift| u128::from(gift.2)).collect(),
            voter_count: donors,
            project_count: projects,
        };
        Donations::new(&Pairs::gather(&columns).unwrap(), |_, units| units / 4.0)
    }

    #[test]
    fn two_sides_of_one_project() {
        // Donors 0 and 1 give 1 each to project 0; the one gives 1 to project 1
        // as well, the other to project 2. N has halves. From 0 to 1 leads half
        // of what leads anywhere from donor 0's projects:
        //   M_01 = ½·½, M_11 = ½, so k_01… of donor 1 for project 1 is
        //   ½·M_01 + ½·M_21 = ⅛, and likewise for donor 0 and project 2.
        // K = ⅞ in P_21 = ⅞·½ and P_12: the score is 2·7/16.
        let two = donations(&[(0, 0, 4), (0, 1, 4), (1, 0, 4), (1, 2, 4)], 2, 3);
        let found = scores(&two, Similarity::Markov, true);
        assert_eq!(found, [0.875, 0.0, 0.0]);
        // Each has one friend of two in the other's project: K = ½.
        assert_eq!(scores(&two, Similarity::PctFriends, true), [0.5, 0.0, 0.0]);
        // Friends of friends are everybody.
        assert_eq!(scores(&two, Similarity::Og, true), [0.0; 3]);
    }

    #[test]
    fn nothing_comes_of_nothing() {
        for similarity in ALL {
            for harsh in [true, false] {
                assert!(scores(&donations(&[], 0, 0), similarity, harsh).is_empty());
                assert_eq!(scores(&donations(&[], 3, 2), similarity, harsh), [0.0; 2]);
                let zero = donations(&[(0, 0, 0), (1, 1, 0)], 2, 2);
                assert_eq!(scores(&zero, similarity, harsh), [0.0; 2]);
            }
        }
    }

    fn gifts(donors: u32, projects: u32) -> impl Strategy<Value = Vec<(u32, u32, u32)>> {
        prop::collection::vec((0..donors, 0..projects, 0_u32..500), 0..160)
    }

    // Reference: the definition with all its matrices.
    fn slow(donations: &Donations, similarity: Similarity, harsh: bool) -> Vec<f64> {
        let (donors, projects) = (donations.donors(), donations.projects());
        let mut z = vec![vec![0.0; projects]; donors];
        for (donor, row) in z.iter_mut().enumerate() {
            donations.of_donor.of(donor).for_each(|(project, c)| row[project as usize] = c);
        }
        let z: Vec<Vec<f64>> = z.into_iter().filter(|row| row.iter().any(|c| *c > 0.0)).collect();
        let sum = |row: &[f64]| row.iter().sum::<f64>();
        let n: Vec<Vec<f64>> =
            z.iter().map(|row| row.iter().map(|c| c / sum(row)).collect()).collect();
        let friends = |i: usize, j: usize| (0..projects).any(|p| z[i][p] > 0.0 && z[j][p] > 0.0);
        let k = |i: usize, g: usize| -> f64 {
            if z[i][g] > 0.0 {
                return 1.0;
            }
            let all = 0..z.len();
            let theirs: Vec<usize> = all.filter(|j| friends(i, *j)).collect();
            let inside = theirs.iter().filter(|j| z[**j][g] > 0.0).count();
            match similarity {
                Similarity::PctFriends => inside as f64 / theirs.len() as f64,
                Similarity::Og => f64::from(u8::from(inside > 0)),
                Similarity::Markov => {
                    let step = |h: usize| {
                        let given: f64 = z.iter().map(|row| row[h]).sum();
                        (0..z.len()).map(|j| z[j][h] / given * n[j][g]).sum::<f64>()
                    };
                    (0..projects).filter(|h| z[i][*h] > 0.0).map(|h| n[i][h] * step(h)).sum()
                }
            }
        };
        let near: Vec<Vec<f64>> =
            (0..z.len()).map(|i| (0..projects).map(|g| k(i, g)).collect()).collect();
        let score = |p: usize| {
            let entry = |g: usize, h: usize| -> f64 {
                let of = |i: usize| {
                    let (c, k) = (z[i][p], near[i][g]);
                    let soft = if harsh { 0.0 } else { k * c.sqrt() };
                    (soft + (1.0 - k) * c) * n[i][h]
                };
                (0..z.len()).map(of).sum()
            };
            let mut score = 0.0;
            for g in 0..projects {
                for h in (0..projects).filter(|h| *h != g) {
                    score += (entry(g, h) * entry(h, g)).max(0.0).sqrt();
                }
            }
            score
        };
        (0..projects).map(score).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn agrees_with_the_definition(gifts in gifts(14, 19), harsh: bool) {
            let donations = donations(&gifts, 14, 19);
            for similarity in ALL {
                let expected = slow(&donations, similarity, harsh);
                // With everything kept, with little, and with nothing.
                for (kept, saved) in [(KEPT_BYTES, SAVED_BYTES), (0, 1_000), (0, 0)] {
                    let found = within(&donations, similarity, harsh, kept, saved);
                    for (found, expected) in found.iter().zip(&expected) {
                        let error = (found - expected).abs();
                        prop_assert!(error <= 1e-9 * expected.max(1e-3), "{found} {expected}");
                    }
                }
            }
        }
    }

    #[test]
    fn batches_and_memory_change_nothing() {
        // Donors of all projects but one, 17 of each kind, and 1,200 of the first.
        let gifts: Vec<(u32, u32, u32)> = (0..1_200_u32)
            .flat_map(|donor| {
                [0, 1 + donor % 23, 1 + donor % 11, 1 + donor % 5]
                    .map(|p| (donor, p, 1 + donor % 97))
            })
            .collect();
        let donations = donations(&gifts, 1_200, 24);
        let of = |kept, saved| within(&donations, Similarity::Markov, true, kept, saved);
        let all = of(KEPT_BYTES, SAVED_BYTES);
        assert!(Saved::new(&donations, 1 << 20).wants(0, 1) && all[0] > 0.0);
        // Rows that are kept are the same to the bit; rows that are shared add up
        // in other batches.
        let bits = |scores: &[f64]| scores.iter().map(|s| s.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&all), bits(&of(0, SAVED_BYTES)));
        for (found, expected) in of(0, 0).iter().zip(slow(&donations, Similarity::Markov, true)) {
            assert!((found / expected - 1.0).abs() < 1e-9, "{found} {expected}");
        }
        for (found, expected) in all.iter().zip(of(0, 0)) {
            assert!((found / expected - 1.0).abs() < 1e-12, "{found} {expected}");
        }
    }
}
