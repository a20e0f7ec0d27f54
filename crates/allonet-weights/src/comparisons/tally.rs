//! Comparisons added up by pair: all that most rules need, in the smallest
//! space.

mod sides;

use super::{Choice, Comparisons};

/// Wins of each item against each other, in compressed rows.
///
/// Every compared pair stands twice, once in the row of each of its items. The
/// entries of item `i` are at `offsets[i] .. offsets[i + 1]`, sorted by
/// opponent. A tie is half a win for both. Twenty bytes for each entry.
///
/// The sums do not depend on the order of the rows, to the last bit.
#[derive(Debug, Clone, PartialEq)]
pub struct Tally {
    /// Where the row of each item begins; one entry more than there are items.
    pub offsets: Vec<usize>,
    /// The opponent of each entry.
    pub others: Vec<u32>,
    /// How often the row's item was preferred to the opponent.
    pub wins: Vec<f64>,
    /// How often the opponent was preferred.
    pub losses: Vec<f64>,
}

impl Tally {
    /// Adds up comparisons, each counting one.
    pub fn of(comparisons: &Comparisons) -> Self {
        let Comparisons { items, left, right, choice, .. } = comparisons;
        Self::from_columns(items.len(), left, right, choice)
    }

    /// Adds up comparisons, each counting what `weight` says of its place.
    pub fn weighted(comparisons: &Comparisons, weight: impl Fn(usize) -> f64) -> Self {
        let Comparisons { items, left, right, choice, .. } = comparisons;
        let weights: Vec<f64> = (0..comparisons.len()).map(weight).collect();
        sides::add_up(items.len(), &sides::Columns { left, right, choice, weights: &weights })
    }

    /// Adds up comparisons given column by column: the items on the two sides,
    /// numbered from zero, and which was preferred.
    ///
    /// ```
    /// use allonet_weights::comparisons::{Choice, Tally};
    ///
    /// let tally = Tally::from_columns(3, &[0, 2], &[1, 0], &[Choice::Left, Choice::Tie]);
    /// assert_eq!(tally.row(0).collect::<Vec<_>>(), [(1, 1.0, 0.0), (2, 0.5, 0.5)]);
    /// ```
    ///
    /// # Panics
    ///
    /// If the columns are not equally long, or name an item that is not there.
    pub fn from_columns(items: usize, left: &[u32], right: &[u32], choice: &[Choice]) -> Self {
        let weights = vec![(); left.len()];
        sides::add_up(items, &sides::Columns { left, right, choice, weights: &weights })
    }

    /// How many items there are.
    pub fn items(&self) -> usize {
        self.offsets.len() - 1
    }

    /// The entries of an item: opponent, wins, losses.
    pub fn row(&self, item: usize) -> impl Iterator<Item = (usize, f64, f64)> + '_ {
        let range = self.offsets[item]..self.offsets[item + 1];
        range.map(|at| (self.others[at] as usize, self.wins[at], self.losses[at]))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::comparisons::Builder;
    use crate::random::Random;

    type Row = (u32, u32, Choice, f64);

    /// Adds up in a map, one row after the other.
    fn slow(items: usize, rows: &[Row]) -> Tally {
        let mut sums: BTreeMap<(u32, u32), (f64, f64)> = BTreeMap::new();
        for &(left, right, choice, weight) in rows {
            let won = weight * (1.0 - choice.sign()) / 2.0;
            let own = sums.entry((left, right)).or_default();
            *own = (own.0 + won, own.1 + weight - won);
            let other = sums.entry((right, left)).or_default();
            *other = (other.0 + weight - won, other.1 + won);
        }
        let row_of = |item: usize| sums.keys().filter(move |key| (key.0 as usize) < item).count();
        Tally {
            offsets: (0..=items).map(row_of).collect(),
            others: sums.keys().map(|key| key.1).collect(),
            wins: sums.values().map(|sum| sum.0).collect(),
            losses: sums.values().map(|sum| sum.1).collect(),
        }
    }

    fn drawn(items: u32, count: usize, seed: u64) -> Vec<Row> {
        let mut random = Random::new(seed);
        let mut below = |end: u32| u32::try_from(random.below(end as usize)).expect("small");
        let mut rows = Vec::new();
        for _ in 0..count {
            let left = below(items);
            let right = (left + 1 + below(items - 1)) % items;
            let choice = [Choice::Left, Choice::Right, Choice::Tie][below(3) as usize];
            rows.push((left, right, choice, f64::from(below(8)) / 4.0));
        }
        rows
    }

    fn plain(items: usize, rows: &[Row]) -> Tally {
        let left: Vec<u32> = rows.iter().map(|row| row.0).collect();
        let right: Vec<u32> = rows.iter().map(|row| row.1).collect();
        let choice: Vec<Choice> = rows.iter().map(|row| row.2).collect();
        Tally::from_columns(items, &left, &right, &choice)
    }

    #[test]
    fn sums_are_those_of_a_map() {
        // More rows than one part and more items than one block hold.
        for (items, count) in [(2, 50), (7, 3_000), (40_000, 30_000), (3_000, 300_000)] {
            let mut rows = drawn(items, count, u64::from(items));
            for row in &mut rows {
                row.3 = 1.0;
            }
            let found = plain(items as usize, &rows);
            let mut sums: BTreeMap<(u32, u32), f64> = BTreeMap::new();
            for row in &rows {
                let won = (1.0 - row.2.sign()) / 2.0;
                *sums.entry((row.0, row.1)).or_default() += won;
                *sums.entry((row.1, row.0)).or_default() += 1.0 - won;
            }
            assert_eq!(found.others.len(), sums.len());
            let entries = (0..items).flat_map(|item| {
                found.row(item as usize).map(move |entry| (item, entry)).collect::<Vec<_>>()
            });
            for ((item, (other, wins, losses)), (key, expected)) in entries.zip(&sums) {
                let other = u32::try_from(other).expect("an item");
                assert_eq!((item, other), *key);
                assert_eq!(wins.to_bits(), expected.to_bits());
                assert_eq!(losses.to_bits(), sums[&(other, item)].to_bits());
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn weighted_sums_are_those_of_a_map_in_any_order(
            items in 2_u32..9, count in 1_usize..60, seed in 0_u64..1_000,
        ) {
            let mut rows = drawn(items, count, seed);
            let build = |rows: &[Row]| {
                let mut builder = Builder::default();
                for item in 0..items {
                    builder.item(&item.to_string());
                }
                builder.juror("");
                for row in rows {
                    builder.push(0, (row.0, row.1), row.2, None);
                }
                Tally::weighted(&builder.finish(), |at| rows[at].3)
            };
            let found = build(&rows);
            // Quarters add up exactly, in any order.
            prop_assert_eq!(&found, &slow(items as usize, &rows));
            for (at, row) in rows.iter_mut().enumerate() {
                row.3 = 0.1 + 0.3 * at as f64;
            }
            let found = build(&rows);
            rows.reverse();
            prop_assert_eq!(&found, &build(&rows));
            for item in 0..items as usize {
                for (other, wins, _) in found.row(item) {
                    let mirrored = found.row(other).find(|entry| entry.0 == item).unwrap();
                    prop_assert_eq!(wins.to_bits(), mirrored.2.to_bits());
                }
            }
        }
    }

    #[test]
    fn items_without_comparisons_have_empty_rows() {
        let tally = plain(4, &[(1, 3, Choice::Right, 1.0)]);
        assert_eq!(tally.offsets, [0, 0, 1, 1, 2]);
        assert_eq!(tally.row(3).collect::<Vec<_>>(), [(1, 1.0, 0.0)]);
        assert_eq!(plain(2, &[]).offsets, [0, 0, 0]);
    }
}
