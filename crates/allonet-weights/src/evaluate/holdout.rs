//! Answers kept back: by juror, by pair of items, or by time.
//!
//! # Formula
//!
//! * `jurors:k` — jurors in `k` groups at random; each group in turn is kept
//!   back whole. Says how a rule does on people it has never met.
//! * `pairs:k` — pairs of items in `k` groups. Says how it does on questions it
//!   has never seen, asked of the same people.
//! * `time:s` — the last part `s` of the answers. Says how it does later.
//!
//! # Units and shapes
//!
//! Under the first two each answer is kept back exactly once. Answers of one
//! moment stay together.
//!
//! # Known weaknesses
//!
//! * Answers of one juror resemble each other: splitting rows instead of jurors
//!   would flatter rules that learn jurors by heart, so that is not offered.
//! * Groups differ in size where jurors do.
//!
//! # Sources
//!
//! * Stone (1974), *Cross-validatory choice and assessment*; groups left out
//!   whole as is usual for clustered data.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use allonet_core::fault::Fault;
use thiserror::Error;

use crate::comparisons::Comparisons;
use crate::random::Random;

/// What is kept back.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Holdout {
    /// Jurors, in so many groups.
    Jurors(usize),
    /// Pairs of items, in so many groups.
    Pairs(usize),
    /// The last part of the answers.
    Time(f64),
}

/// One part kept back, by places of rows in the order of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fold {
    /// What a rule may see.
    pub train: Vec<usize>,
    /// What it is scored on.
    pub test: Vec<usize>,
}

/// Why answers cannot be kept back like that.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum HoldoutError {
    /// It is no way to keep answers back.
    #[error("`{found}` is no way to keep answers back")]
    Unknown {
        /// What was written.
        found: String,
    },
    /// There are fewer jurors or pairs than groups.
    #[error("{found} {what} cannot be kept back in {groups} groups")]
    TooFew {
        /// Jurors or pairs.
        what: &'static str,
        /// How many there are.
        found: usize,
        /// How many groups were asked for.
        groups: usize,
    },
    /// Some answers have no time.
    #[error("{count} answers do not say when (the first on line {line})")]
    NoTime {
        /// How many.
        count: usize,
        /// Line of the first.
        line: u32,
    },
    /// All answers are of one moment.
    #[error("all answers but those of one moment are on one side")]
    OneMoment,
}

impl From<HoldoutError> for Fault {
    fn from(error: HoldoutError) -> Self {
        let help = match &error {
            HoldoutError::Unknown { .. } => "write jurors:5, pairs:5 or time:0.3",
            HoldoutError::TooFew { .. } => "ask for fewer groups, at least two; or keep pairs back",
            HoldoutError::NoTime { .. } => "add a column `time`, or keep jurors back",
            HoldoutError::OneMoment => "keep jurors or pairs back",
        };
        Self::new("bad-holdout", error.to_string()).help(help)
    }
}

impl FromStr for Holdout {
    type Err = HoldoutError;

    fn from_str(text: &str) -> Result<Self, HoldoutError> {
        let unknown = || HoldoutError::Unknown { found: text.to_owned() };
        let (kind, number) = text.split_once(':').ok_or_else(unknown)?;
        let groups = || number.parse().ok().filter(|groups| *groups >= 2).ok_or_else(unknown);
        match kind {
            "jurors" => Ok(Self::Jurors(groups()?)),
            "pairs" => Ok(Self::Pairs(groups()?)),
            "time" => {
                let part = number.parse().ok().filter(|part| *part > 0.0 && *part < 1.0);
                Ok(Self::Time(part.ok_or_else(unknown)?))
            }
            _ => Err(unknown()),
        }
    }
}

impl fmt::Display for Holdout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Jurors(groups) => write!(f, "jurors:{groups}"),
            Self::Pairs(groups) => write!(f, "pairs:{groups}"),
            Self::Time(part) => write!(f, "time:{part}"),
        }
    }
}

impl Holdout {
    /// What suits a set where nothing is asked for: five groups of jurors, or
    /// of pairs where there are too few jurors.
    pub fn usual(comparisons: &Comparisons) -> Self {
        let rows_by_juror = comparisons.rows_by_juror();
        match rows_by_juror.iter().filter(|rows| !rows.is_empty()).count() {
            0 | 1 => {
                let mut pairs: Vec<_> = comparisons.rows().map(|row| row.pair()).collect();
                pairs.sort_unstable();
                pairs.dedup();
                Self::Pairs(pairs.len().clamp(2, 5))
            }
            jurors => Self::Jurors(jurors.min(5)),
        }
    }

    /// The parts kept back.
    pub fn folds(self, comparisons: &Comparisons, seed: u64) -> Result<Vec<Fold>, HoldoutError> {
        match self {
            Self::Jurors(groups) => {
                let rows = comparisons.rows_by_juror();
                dealt("jurors", rows.into_iter().filter(|rows| !rows.is_empty()), groups, seed)
            }
            Self::Pairs(groups) => {
                let mut rows: BTreeMap<(u32, u32), Vec<usize>> = BTreeMap::new();
                for (at, row) in comparisons.rows().enumerate() {
                    rows.entry(row.pair()).or_default().push(at);
                }
                dealt("pairs", rows.into_values(), groups, seed)
            }
            Self::Time(part) => later(comparisons, part).map(|fold| vec![fold]),
        }
    }
}

/// Clusters of rows dealt into groups, each group kept back once.
fn dealt(
    what: &'static str,
    clusters: impl Iterator<Item = Vec<usize>>,
    groups: usize,
    seed: u64,
) -> Result<Vec<Fold>, HoldoutError> {
    let mut clusters: Vec<Vec<usize>> = clusters.collect();
    if clusters.len() < groups || groups < 2 {
        return Err(HoldoutError::TooFew { what, found: clusters.len(), groups });
    }
    Random::new(seed).shuffle(&mut clusters);
    let fold = |group: usize| {
        let (mut train, mut test) = (Vec::new(), Vec::new());
        for (at, rows) in clusters.iter().enumerate() {
            let side = if at % groups == group { &mut test } else { &mut train };
            side.extend_from_slice(rows);
        }
        train.sort_unstable();
        test.sort_unstable();
        Fold { train, test }
    };
    Ok((0..groups).map(fold).collect())
}

fn later(comparisons: &Comparisons, part: f64) -> Result<Fold, HoldoutError> {
    let timeless = || (0..comparisons.len()).filter(|at| comparisons.row(*at).time.is_none());
    if let Some(first) = timeless().next() {
        let line = comparisons.line(first);
        return Err(HoldoutError::NoTime { count: timeless().count(), line });
    }
    let time = |at: &usize| comparisons.row(*at).time.unwrap_or_default();
    let mut times: Vec<i64> = (0..comparisons.len()).map(|at| time(&at)).collect();
    times.sort_unstable();
    let keep = ((1.0 - part) * times.len() as f64).round();
    let Some(last) = (0..times.len()).rfind(|at| (*at as f64) < keep) else {
        return Err(HoldoutError::OneMoment);
    };
    let (train, test): (Vec<usize>, Vec<usize>) =
        (0..comparisons.len()).partition(|at| time(at) <= times[last]);
    if test.is_empty() { Err(HoldoutError::OneMoment) } else { Ok(Fold { train, test }) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::comparisons::{Builder, Choice};
    use crate::synthetic::Jury;

    #[test]
    fn each_answer_is_kept_back_once() {
        let comparisons = Jury { items: 12, jurors: 7, ..Jury::default() }.draw(1).comparisons(90);
        for holdout in [Holdout::Jurors(3), Holdout::Pairs(4)] {
            let folds = holdout.folds(&comparisons, 9).unwrap();
            let mut tested: Vec<usize> = folds.iter().flat_map(|fold| fold.test.clone()).collect();
            tested.sort_unstable();
            assert_eq!(tested, (0..90).collect::<Vec<_>>());
            for fold in &folds {
                assert_eq!(fold.train.len() + fold.test.len(), 90);
                let key = |at: &usize| match holdout {
                    Holdout::Jurors(_) => (comparisons.row(*at).juror, 0),
                    _ => comparisons.row(*at).pair(),
                };
                assert!(fold.train.iter().all(|a| fold.test.iter().all(|b| key(a) != key(b))));
            }
            assert_ne!(folds, holdout.folds(&comparisons, 10).unwrap());
        }
        let too_many = Holdout::Jurors(8).folds(&comparisons, 1).unwrap_err();
        assert_eq!(too_many.to_string(), "7 jurors cannot be kept back in 8 groups");
    }

    #[test]
    fn later_answers_are_later() {
        let mut builder = Builder::default();
        let (juror, x, y) = (builder.juror("j"), builder.item("x"), builder.item("y"));
        for time in [5, 1, 4, 2, 4] {
            builder.push(juror, (x, y), Choice::Left, None);
            builder.at(time);
        }
        let folds = Holdout::Time(0.4).folds(&builder.finish(), 0).unwrap();
        // Three of five stay, and the answer of the same moment with them.
        assert_eq!(folds, [Fold { train: vec![1, 2, 3, 4], test: vec![0] }]);
    }

    #[test]
    fn ways_are_written_and_read() {
        for text in ["jurors:5", "pairs:2", "time:0.25"] {
            assert_eq!(text.parse::<Holdout>().unwrap().to_string(), text);
        }
        for text in ["jurors", "jurors:1", "time:1", "time:nan", "rows:3"] {
            assert!(text.parse::<Holdout>().is_err(), "{text}");
        }
    }
}
