//! Comparisons from facts in any order.

use std::collections::BTreeMap;

use super::{Choice, Comparisons, NO_INTENSITY, NO_TIME};

/// Collects comparisons under names; [`Builder::finish`] sorts the names.
///
/// The numbers its methods return name items and jurors of this builder only.
#[derive(Debug, Default)]
pub struct Builder {
    items: BTreeMap<String, u32>,
    jurors: BTreeMap<String, u32>,
    rows: Columns,
    dropped: usize,
}

#[derive(Debug, Default)]
struct Columns {
    juror: Vec<u32>,
    left: Vec<u32>,
    right: Vec<u32>,
    choice: Vec<Choice>,
    intensity: Vec<f64>,
    time: Vec<i64>,
    line: Vec<u32>,
}

impl Builder {
    /// The item of this name.
    pub fn item(&mut self, name: &str) -> u32 {
        number(&mut self.items, name)
    }

    /// The juror of this name.
    pub fn juror(&mut self, name: &str) -> u32 {
        number(&mut self.jurors, name)
    }

    /// Adds a comparison; `intensity` is the logarithm of how many times more.
    ///
    /// # Panics
    ///
    /// If the item is compared with itself, or the intensity is negative or not
    /// finite; readers check what they read.
    pub fn push(
        &mut self,
        juror: u32,
        (left, right): (u32, u32),
        choice: Choice,
        intensity: Option<f64>,
    ) {
        assert_ne!(left, right, "an item is not compared with itself");
        assert!(
            intensity.is_none_or(|intensity| intensity.is_finite() && intensity >= 0.0),
            "an intensity is finite and at least zero"
        );
        let intensity = match (choice, intensity) {
            (Choice::Tie, Some(_)) => 0.0,
            (_, intensity) => intensity.unwrap_or(NO_INTENSITY),
        };
        self.rows.juror.push(juror);
        self.rows.left.push(left);
        self.rows.right.push(right);
        self.rows.choice.push(choice);
        self.rows.intensity.push(intensity);
        self.rows.time.push(NO_TIME);
        self.rows.line.push(0);
    }

    /// Whether there is no comparison yet.
    pub(super) fn is_empty(&self) -> bool {
        self.rows.left.is_empty()
    }

    /// Counts a row that compared an item with itself and was dropped.
    pub(super) fn dropped(&mut self) {
        self.dropped += 1;
    }

    /// Says when the last comparison was made, in microseconds since 1970.
    pub fn at(&mut self, time: i64) {
        if let Some(last) = self.rows.time.last_mut() {
            *last = time;
        }
    }

    /// Says on which line of a file the last comparison stands.
    pub(super) fn on_line(&mut self, line: usize) {
        if let Some(last) = self.rows.line.last_mut() {
            *last = u32::try_from(line).unwrap_or(u32::MAX);
        }
    }

    /// The comparisons, items and jurors numbered by name.
    pub fn finish(self) -> Comparisons {
        let Self { items, jurors, rows, dropped } = self;
        let (items, item_places) = sorted(items);
        let (jurors, juror_places) = sorted(jurors);
        let moved = |column: Vec<u32>, places: &[u32]| -> Vec<u32> {
            column.into_iter().map(|old| places[old as usize]).collect()
        };
        Comparisons {
            juror: moved(rows.juror, &juror_places),
            left: moved(rows.left, &item_places),
            right: moved(rows.right, &item_places),
            choice: rows.choice,
            intensity: rows.intensity,
            time: rows.time,
            line: rows.line,
            dropped,
            items,
            jurors,
        }
    }
}

fn number(names: &mut BTreeMap<String, u32>, name: &str) -> u32 {
    if let Some(number) = names.get(name) {
        return *number;
    }
    let next = u32::try_from(names.len()).expect("fewer than 2^32 names");
    names.insert(name.to_owned(), next);
    next
}

/// The names in order, and the place of each old number.
fn sorted(names: BTreeMap<String, u32>) -> (Vec<String>, Vec<u32>) {
    let mut places = vec![0; names.len()];
    let mut listed = Vec::with_capacity(names.len());
    for (place, (name, old)) in (0_u32..).zip(names) {
        places[old as usize] = place;
        listed.push(name);
    }
    (listed, places)
}
