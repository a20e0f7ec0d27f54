//! Pairwise comparisons: who said which of two items is worth more, and by how
//! much.
//!
//! One comparison is a triple `(left, right, c)` with `c = ln(value of right /
//! value of left)`: below zero where the left item is worth more. A juror may
//! leave out how much; then only the direction is known.
//!
//! Items and jurors are sorted by name and known by their place; rows keep the
//! order of the file. What a rule makes of comparisons must not depend on that
//! order unless its documentation says so (Elo does).
//!
//! ```
//! use allonet_core::fault::SourceFile;
//! use allonet_weights::comparisons::{Choice, Comparisons, Reading};
//!
//! let table = "juror,item_a,item_b,choice,multiplier\nann,geth,solidity,2,4\n";
//! let file = SourceFile::new("duels.csv", table);
//! let comparisons = Comparisons::read(&file, &Reading::default())?;
//! assert_eq!(comparisons.items(), ["geth", "solidity"]);
//! let row = comparisons.row(0);
//! assert_eq!((row.choice, row.log_ratio()), (Choice::Right, Some(4.0_f64.ln())));
//! # Ok::<(), Vec<allonet_core::fault::Fault>>(())
//! ```

mod build;
mod read;
mod tally;

use std::collections::BTreeMap;

pub use build::Builder;
pub use read::{Naming, Reading};
pub use tally::Tally;

/// Which of two items is worth more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Choice {
    /// The left one.
    Left,
    /// The right one.
    Right,
    /// Neither.
    Tie,
}

impl Choice {
    /// The sign of `c`: −1 for left, 1 for right, 0 for a tie.
    pub fn sign(self) -> f64 {
        match self {
            Self::Left => -1.0,
            Self::Right => 1.0,
            Self::Tie => 0.0,
        }
    }
}

/// One comparison.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Comparison {
    /// Place of the juror in [`Comparisons::jurors`].
    pub juror: u32,
    /// Place of the item shown first in [`Comparisons::items`].
    pub left: u32,
    /// Place of the item shown second.
    pub right: u32,
    /// Which is worth more.
    pub choice: Choice,
    /// Natural logarithm of how many times more; at least zero, zero for a
    /// tie. None where the juror said only which.
    pub intensity: Option<f64>,
    /// When, in microseconds since 1970, where the file says so.
    pub time: Option<i64>,
}

impl Comparison {
    /// `ln(value of right / value of left)`, where the juror said how much.
    pub fn log_ratio(&self) -> Option<f64> {
        self.intensity.map(|intensity| intensity * self.choice.sign())
    }

    /// The item preferred and the other one; none for a tie.
    pub fn winner_loser(&self) -> Option<(u32, u32)> {
        match self.choice {
            Choice::Left => Some((self.left, self.right)),
            Choice::Right => Some((self.right, self.left)),
            Choice::Tie => None,
        }
    }

    /// The pair with the smaller place first.
    pub fn pair(&self) -> (u32, u32) {
        (self.left.min(self.right), self.left.max(self.right))
    }
}

/// Marks an intensity or a time that was not given.
const NO_INTENSITY: f64 = -1.0;
const NO_TIME: i64 = i64::MIN;

/// Many comparisons, column by column.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparisons {
    items: Vec<String>,
    jurors: Vec<String>,
    juror: Vec<u32>,
    left: Vec<u32>,
    right: Vec<u32>,
    choice: Vec<Choice>,
    intensity: Vec<f64>,
    time: Vec<i64>,
    /// Line of the file each row stands on; zero where there is no file.
    line: Vec<u32>,
    /// Rows that compared an item with itself.
    dropped: usize,
}

impl Comparisons {
    /// Names of the items, sorted. An item may be in no comparison.
    pub fn items(&self) -> &[String] {
        &self.items
    }

    /// Names of the jurors, sorted. Rows without a juror belong to `""`.
    pub fn jurors(&self) -> &[String] {
        &self.jurors
    }

    /// How many comparisons there are.
    pub fn len(&self) -> usize {
        self.left.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.left.is_empty()
    }

    /// The comparison at this place.
    ///
    /// # Panics
    ///
    /// If there is no such place.
    pub fn row(&self, at: usize) -> Comparison {
        let intensity = self.intensity[at];
        let time = self.time[at];
        Comparison {
            juror: self.juror[at],
            left: self.left[at],
            right: self.right[at],
            choice: self.choice[at],
            intensity: (intensity >= 0.0).then_some(intensity),
            time: (time != NO_TIME).then_some(time),
        }
    }

    /// All comparisons, in the order of the file.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = Comparison> + Clone + '_ {
        (0..self.len()).map(|at| self.row(at))
    }

    /// The line of the file a row stands on, from 1; zero for rows without one.
    pub fn line(&self, at: usize) -> u32 {
        self.line[at]
    }

    /// How many rows of the file compared an item with itself and were dropped,
    /// as [`Reading::drop_self_comparisons`] asks.
    pub fn self_comparisons(&self) -> usize {
        self.dropped
    }

    /// The place of an item.
    pub fn item(&self, name: &str) -> Option<u32> {
        place(&self.items, name)
    }

    /// The place of a juror.
    pub fn juror(&self, name: &str) -> Option<u32> {
        place(&self.jurors, name)
    }

    /// Whether every comparison says how much.
    pub fn all_have_intensity(&self) -> bool {
        self.intensity.iter().all(|intensity| *intensity >= 0.0)
    }

    /// Whether no comparison says how much.
    pub fn none_has_intensity(&self) -> bool {
        self.intensity.iter().all(|intensity| *intensity < 0.0)
    }

    /// The same items and jurors with some of the rows, in the order given;
    /// a row may be taken several times, as a bootstrap does.
    #[must_use]
    pub fn take(&self, rows: &[usize]) -> Self {
        fn taken<T: Copy>(column: &[T], rows: &[usize]) -> Vec<T> {
            rows.iter().map(|row| column[*row]).collect()
        }
        Self {
            items: self.items.clone(),
            jurors: self.jurors.clone(),
            juror: taken(&self.juror, rows),
            left: taken(&self.left, rows),
            right: taken(&self.right, rows),
            choice: taken(&self.choice, rows),
            intensity: taken(&self.intensity, rows),
            time: taken(&self.time, rows),
            line: taken(&self.line, rows),
            dropped: self.dropped,
        }
    }

    /// The rows a test keeps, with the same items and jurors.
    #[must_use]
    pub fn filter(&self, keep: impl Fn(&Comparison) -> bool) -> Self {
        let rows: Vec<usize> = (0..self.len()).filter(|at| keep(&self.row(*at))).collect();
        self.take(&rows)
    }

    /// Some of the items alone, with the comparisons between them.
    #[must_use]
    pub fn among(&self, items: &[u32]) -> Self {
        let mut builder = Builder::default();
        let places: BTreeMap<u32, u32> =
            items.iter().map(|item| (*item, builder.item(&self.items[*item as usize]))).collect();
        for (at, row) in self.rows().enumerate() {
            let (Some(left), Some(right)) = (places.get(&row.left), places.get(&row.right)) else {
                continue;
            };
            let juror = builder.juror(&self.jurors[row.juror as usize]);
            builder.push(juror, (*left, *right), row.choice, row.intensity);
            builder.on_line(self.line[at] as usize);
            row.time.into_iter().for_each(|time| builder.at(time));
        }
        builder.finish()
    }

    /// The same rows in an order that does not depend on the file: by pair,
    /// side, juror and answer. Sums over them are then the same for any order
    /// of the file, to the last bit.
    #[must_use]
    pub fn sorted(&self) -> Self {
        let mut rows: Vec<usize> = (0..self.len()).collect();
        let key = |at: usize| {
            let (left, right) = (self.left[at], self.right[at]);
            (left.min(right), left.max(right), left, self.juror[at], self.choice[at])
        };
        rows.sort_by(|a, b| {
            let intensities = self.intensity[*a].total_cmp(&self.intensity[*b]);
            key(*a).cmp(&key(*b)).then(intensities).then(self.time[*a].cmp(&self.time[*b]))
        });
        self.take(&rows)
    }

    /// The rows without how much: only who won.
    #[must_use]
    pub fn without_intensity(&self) -> Self {
        Self { intensity: vec![NO_INTENSITY; self.len()], ..self.clone() }
    }

    /// Places of the rows of each juror.
    pub fn rows_by_juror(&self) -> Vec<Vec<usize>> {
        let mut rows = vec![Vec::new(); self.jurors.len()];
        for (at, juror) in self.juror.iter().enumerate() {
            rows[*juror as usize].push(at);
        }
        rows
    }

    /// Wins, ties and intensities added up by pair.
    pub fn tally(&self) -> Tally {
        Tally::of(self)
    }
}

fn place(sorted: &[String], name: &str) -> Option<u32> {
    let found = sorted.binary_search_by(|known| known.as_str().cmp(name)).ok()?;
    u32::try_from(found).ok()
}
