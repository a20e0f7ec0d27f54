//! Adding up comparisons by sorting their sides.
//!
//! A comparison has two sides, each an entry `(row, opponent, result)` packed
//! into one word. Sides are dealt into blocks of neighbouring rows; a block fits
//! the processor's cache and is sorted there digit by digit. Parts and blocks
//! are work for several threads; what comes out does not depend on their number.

use rayon::prelude::*;

use super::Tally;
use crate::comparisons::Choice;

/// Comparisons, column by column; `weights` are `()` where each counts one.
pub(super) struct Columns<'c, W> {
    pub(super) left: &'c [u32],
    pub(super) right: &'c [u32],
    pub(super) choice: &'c [Choice],
    pub(super) weights: &'c [W],
}

/// What a comparison counts.
pub(super) trait Weight: Copy + Default + Send + Sync {
    /// Wins and losses of the sides of one pair.
    fn add_up(same: &mut [(u64, Self)]) -> (f64, f64);
}

/// Results in the low bits of a key. Ties last: then wins of one side and losses
/// of the other run in the same order.
const WON: u64 = 0;
const LOST: u64 = 1;
const TIED: u64 = 2;
const RESULT_BITS: u32 = 2;

impl Weight for () {
    fn add_up(same: &mut [(u64, Self)]) -> (f64, f64) {
        let mut counts = [0_u32; 4];
        for (key, ()) in same.iter() {
            counts[(key & 3) as usize] += 1;
        }
        let halves = f64::from(counts[2]) / 2.0;
        (f64::from(counts[0]) + halves, f64::from(counts[1]) + halves)
    }
}

impl Weight for f64 {
    fn add_up(same: &mut [(u64, Self)]) -> (f64, f64) {
        // The order of the file must not show in the last digit.
        same.sort_unstable_by(|a, b| (a.0 & 3).cmp(&(b.0 & 3)).then(a.1.total_cmp(&b.1)));
        let (mut wins, mut losses) = (0.0, 0.0);
        for (key, weight) in same.iter() {
            match key & 3 {
                WON => wins += weight,
                LOST => losses += weight,
                _ => {
                    wins += weight / 2.0;
                    losses += weight / 2.0;
                }
            }
        }
        (wins, losses)
    }
}

/// How a key is laid out: row within its block, opponent, result.
#[derive(Clone, Copy)]
struct Layout {
    row_bits: u32,
    other_bits: u32,
    blocks: usize,
}

/// Sides that a block should hold: 512 kB at 8 bytes each, twice for sorting.
const SIDES_OF_BLOCK: usize = 1 << 15;
const MOST_BLOCKS: usize = 1 << 11;
/// Comparisons dealt into blocks at a time.
const ROWS_OF_PART: usize = 1 << 19;

impl Layout {
    fn new(items: usize, sides: usize) -> Self {
        let blocks = (sides / SIDES_OF_BLOCK).clamp(1, MOST_BLOCKS);
        let row_bits = bits(items.div_ceil(blocks));
        Self { row_bits, other_bits: bits(items), blocks: items.div_ceil(1 << row_bits) }
    }

    fn key(self, row: u32, other: u32, result: u64) -> u64 {
        let within = u64::from(row) & ((1 << self.row_bits) - 1);
        (within << self.other_bits | u64::from(other)) << RESULT_BITS | result
    }

    fn other(self, key: u64) -> u32 {
        let other = key >> RESULT_BITS & ((1 << self.other_bits) - 1);
        u32::try_from(other).expect("it was one")
    }

    /// The row within its block.
    fn row(self, key: u64) -> usize {
        usize::try_from(key >> (RESULT_BITS + self.other_bits)).expect("a row")
    }
}

/// Bits that hold any number below `end`.
fn bits(end: usize) -> u32 {
    end.next_power_of_two().trailing_zeros()
}

/// Adds up comparisons of so many items.
pub(super) fn add_up<W: Weight>(items: usize, columns: &Columns<'_, W>) -> Tally {
    let rows = columns.left.len();
    assert!(
        [columns.right.len(), columns.choice.len(), columns.weights.len()] == [rows; 3],
        "columns are equally long"
    );
    let known = |side: &[u32]| side.par_iter().all(|item| (*item as usize) < items);
    assert!(known(columns.left) && known(columns.right), "every item is known");
    let layout = Layout::new(items, 2 * rows);
    let parts: Vec<Part<W>> = (0..rows.div_ceil(ROWS_OF_PART))
        .into_par_iter()
        .map(|part| deal(layout, columns, part * ROWS_OF_PART..rows.min((part + 1) * ROWS_OF_PART)))
        .collect();
    let blocks: Vec<Block<W>> =
        (0..layout.blocks).into_par_iter().map(|block| sorted(layout, &parts, block)).collect();
    drop(parts);
    written(items, layout, blocks)
}

/// Sides of some comparisons, by block: those of block `b` are at
/// `starts[b] .. starts[b + 1]`.
struct Part<W> {
    starts: Vec<u32>,
    sides: Vec<(u64, W)>,
}

fn deal<W: Weight>(
    layout: Layout,
    columns: &Columns<'_, W>,
    rows: std::ops::Range<usize>,
) -> Part<W> {
    let (left, right) = (&columns.left[rows.clone()], &columns.right[rows.clone()]);
    let (choice, weights) = (&columns.choice[rows.clone()], &columns.weights[rows]);
    let block = |item: u32| (item >> layout.row_bits) as usize;
    let mut starts = vec![0_u32; layout.blocks + 1];
    for (left, right) in left.iter().zip(right) {
        starts[block(*left) + 1] += 1;
        starts[block(*right) + 1] += 1;
    }
    for at in 1..starts.len() {
        starts[at] += starts[at - 1];
    }
    let mut next = starts.clone();
    let mut sides = vec![(0, W::default()); 2 * left.len()];
    for (((left, right), choice), weight) in left.iter().zip(right).zip(choice).zip(weights) {
        let (own, others) = match choice {
            Choice::Left => (WON, LOST),
            Choice::Right => (LOST, WON),
            Choice::Tie => (TIED, TIED),
        };
        for (row, other, result) in [(*left, *right, own), (*right, *left, others)] {
            let at = &mut next[block(row)];
            sides[*at as usize] = (layout.key(row, other, result), *weight);
            *at += 1;
        }
    }
    Part { starts, sides }
}

/// The sorted sides of a block, and how many pairs they are.
struct Block<W> {
    sides: Vec<(u64, W)>,
    pairs: usize,
}

fn sorted<W: Weight>(layout: Layout, parts: &[Part<W>], block: usize) -> Block<W> {
    let of_block = |part: &Part<W>| part.starts[block] as usize..part.starts[block + 1] as usize;
    let count = parts.iter().map(|part| of_block(part).len()).sum();
    let mut sides = Vec::with_capacity(count);
    for part in parts {
        sides.extend_from_slice(&part.sides[of_block(part)]);
    }
    let sides = sort(sides, layout.row_bits + layout.other_bits + RESULT_BITS);
    let pairs = sides.chunk_by(|a, b| same_pair(a.0, b.0)).count();
    Block { sides, pairs }
}

fn same_pair(a: u64, b: u64) -> bool {
    a >> RESULT_BITS == b >> RESULT_BITS
}

/// Below so many, comparing is quicker than counting digits.
const FEW: usize = 512;
const DIGIT_BITS: u32 = 10;

/// Sorts by the low bits of the keys.
fn sort<W: Weight>(mut sides: Vec<(u64, W)>, bits: u32) -> Vec<(u64, W)> {
    if sides.len() < FEW {
        sides.sort_unstable_by_key(|side| side.0);
        return sides;
    }
    let passes = bits.div_ceil(DIGIT_BITS);
    let digit_bits = bits.div_ceil(passes);
    let mut sorted = vec![(0, W::default()); sides.len()];
    for pass in 0..passes {
        let digit = |key: u64| {
            usize::try_from(key >> (pass * digit_bits) & ((1 << digit_bits) - 1)).expect("a digit")
        };
        let mut next = [0_usize; 1 << DIGIT_BITS];
        for (key, _) in &sides {
            next[digit(*key)] += 1;
        }
        let mut before = 0;
        for count in &mut next {
            before += std::mem::replace(count, before);
        }
        for side in &sides {
            let at = &mut next[digit(side.0)];
            sorted[*at] = *side;
            *at += 1;
        }
        std::mem::swap(&mut sides, &mut sorted);
    }
    sides
}

/// Where a block writes.
struct Target<'t, W> {
    sides: Vec<(u64, W)>,
    lengths: &'t mut [usize],
    others: &'t mut [u32],
    wins: &'t mut [f64],
    losses: &'t mut [f64],
}

fn written<W: Weight>(items: usize, layout: Layout, blocks: Vec<Block<W>>) -> Tally {
    let pairs = blocks.iter().map(|block| block.pairs).sum();
    let mut tally = Tally {
        offsets: vec![0; items + 1],
        others: vec![0; pairs],
        wins: vec![0.0; pairs],
        losses: vec![0.0; pairs],
    };
    let (mut lengths, mut others) = (&mut tally.offsets[1..], &mut tally.others[..]);
    let (mut wins, mut losses) = (&mut tally.wins[..], &mut tally.losses[..]);
    let mut targets = Vec::new();
    for Block { sides, pairs } in blocks {
        let rows = lengths.len().min(1 << layout.row_bits);
        targets.push(Target {
            sides,
            lengths: lengths.split_off_mut(..rows).expect("within"),
            others: others.split_off_mut(..pairs).expect("within"),
            wins: wins.split_off_mut(..pairs).expect("within"),
            losses: losses.split_off_mut(..pairs).expect("within"),
        });
    }
    targets.into_par_iter().for_each(|target| write(layout, target));
    for at in 1..tally.offsets.len() {
        tally.offsets[at] += tally.offsets[at - 1];
    }
    tally
}

fn write<W: Weight>(layout: Layout, mut target: Target<'_, W>) {
    let same = target.sides.chunk_by_mut(|a, b| same_pair(a.0, b.0));
    for (at, same) in same.enumerate() {
        let key = same[0].0;
        target.lengths[layout.row(key)] += 1;
        target.others[at] = layout.other(key);
        (target.wins[at], target.losses[at]) = W::add_up(same);
    }
}
