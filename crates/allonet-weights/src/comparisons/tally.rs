//! Comparisons added up by pair: all that most rules need, in the smallest
//! space.

use super::{Choice, Comparisons};

/// Wins of each item against each other, in compressed rows.
///
/// Every compared pair stands twice, once in the row of each of its items. The
/// entries of item `i` are at `offsets[i] .. offsets[i + 1]`, sorted by
/// opponent. A tie is half a win for both.
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
        Self::weighted(comparisons, |_| 1.0)
    }

    /// Adds up comparisons, each counting what `weight` says of its place.
    pub fn weighted(comparisons: &Comparisons, weight: impl Fn(usize) -> f64) -> Self {
        let mut directed: Vec<(u64, f64, f64)> = Vec::with_capacity(2 * comparisons.len());
        for (at, row) in comparisons.rows().enumerate() {
            let weight = weight(at);
            let won = match row.choice {
                Choice::Left => weight,
                Choice::Right => 0.0,
                Choice::Tie => weight / 2.0,
            };
            let key = |a: u32, b: u32| u64::from(a) << 32 | u64::from(b);
            directed.push((key(row.left, row.right), won, weight - won));
            directed.push((key(row.right, row.left), weight - won, won));
        }
        // Equal keys stay in no promised order of the file: sums of what is
        // sorted by value too are the same for any order of rows.
        directed.sort_unstable_by(|a, b| {
            a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)).then(a.2.total_cmp(&b.2))
        });
        let items = comparisons.items().len();
        let mut tally = Self {
            offsets: vec![0; items + 1],
            others: Vec::new(),
            wins: Vec::new(),
            losses: Vec::new(),
        };
        for entries in directed.chunk_by(|a, b| a.0 == b.0) {
            let (item, other) = (entries[0].0 >> 32, entries[0].0 & u64::from(u32::MAX));
            tally.others.push(u32::try_from(other).expect("half of the key"));
            tally.wins.push(entries.iter().map(|entry| entry.1).sum());
            tally.losses.push(entries.iter().map(|entry| entry.2).sum());
            tally.offsets[usize::try_from(item).expect("an item") + 1] += 1;
        }
        for at in 1..tally.offsets.len() {
            tally.offsets[at] += tally.offsets[at - 1];
        }
        tally
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
