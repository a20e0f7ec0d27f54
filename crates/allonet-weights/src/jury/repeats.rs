//! The same question twice: whether a juror says the same again, and whether
//! two jurors agree.
//!
//! # Formula
//!
//! A couple is two answers on the same pair of items, whichever stood on the
//! left. Its disagreement is 1 if they prefer different items, ½ if exactly one
//! is a tie, 0 otherwise. Within jurors, couples of the same juror are counted;
//! between jurors, those of different ones. The spread within is the standard
//! deviation of `c` around the juror's own mean of the pair:
//! `sqrt(Σ (c − mean)² / Σ (answers − 1))`; it is the part of the noise that
//! asking the same person again removes.
//!
//! # Known weaknesses
//!
//! * A juror who remembers the first answer repeats it: little spread is no
//!   proof of certainty.
//! * Where disagreement between jurors is not above that within, they may well
//!   hold the same view and answer it noisily.

use std::collections::BTreeMap;

use allonet_core::maths;

use crate::comparisons::{Choice, Comparison, Comparisons};

/// Couples of answers and how many disagree.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Couples {
    /// How many there are.
    pub count: usize,
    /// How many disagree; a tie against a preference is half.
    pub disagree: f64,
}

impl Couples {
    /// The part that disagrees; none without couples.
    pub fn rate(&self) -> Option<f64> {
        (self.count > 0).then(|| self.disagree / self.count as f64)
    }
}

/// A juror who preferred one item and then the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contradiction {
    /// Place of the juror.
    pub juror: u32,
    /// Places of the items, the smaller first.
    pub pair: (u32, u32),
    /// Rows that prefer the first.
    pub first: Vec<usize>,
    /// Rows that prefer the second.
    pub second: Vec<usize>,
}

/// Answers to the same question.
#[derive(Debug, Clone, PartialEq)]
pub struct Repeats {
    /// Couples within each juror.
    pub jurors: Vec<Couples>,
    /// Standard deviation of `c` of each juror around its mean of a pair; none
    /// without repeats that say how much.
    pub spread: Vec<Option<f64>>,
    /// Couples within all jurors.
    pub within: Couples,
    /// The spread of all jurors.
    pub spread_within: Option<f64>,
    /// Couples of different jurors.
    pub between: Couples,
    /// Pairs that several jurors answered.
    pub shared_pairs: usize,
    /// Who contradicts itself, by juror and pair.
    pub contradictions: Vec<Contradiction>,
}

/// Compares all answers on the same pair.
pub fn repeats(comparisons: &Comparisons) -> Repeats {
    let jurors = comparisons.jurors().len();
    let mut pairs: BTreeMap<(u32, u32), BTreeMap<u32, Vec<usize>>> = BTreeMap::new();
    for (at, row) in comparisons.rows().enumerate() {
        pairs.entry(row.pair()).or_default().entry(row.juror).or_default().push(at);
    }
    let mut own = vec![Couples::default(); jurors];
    let mut spreads = vec![(Vec::new(), 0_usize); jurors];
    let mut all = Couples::default();
    let mut contradictions = Vec::new();
    for (pair, by_juror) in &pairs {
        let mut together = Votes::default();
        for (juror, rows) in by_juror {
            let votes = Votes::of(comparisons, rows);
            own[*juror as usize].add(votes.couples());
            together.add(&votes);
            add_spread(&mut spreads[*juror as usize], comparisons, rows);
            contradictions.extend(contradiction(comparisons, *juror, *pair, rows));
        }
        all.add(together.couples());
    }
    contradictions.sort_by_key(|found| (found.juror, found.pair));
    let mut within = Couples::default();
    for couples in &own {
        within.add(*couples);
    }
    let spread = |(squares, free): &(Vec<f64>, usize)| {
        (*free > 0).then(|| (maths::sum(squares.iter().copied()) / *free as f64).sqrt())
    };
    let whole = (
        spreads.iter().flat_map(|one| one.0.iter().copied()).collect(),
        spreads.iter().map(|one| one.1).sum(),
    );
    Repeats {
        spread: spreads.iter().map(spread).collect(),
        spread_within: spread(&whole),
        between: Couples {
            count: all.count - within.count,
            disagree: all.disagree - within.disagree,
        },
        shared_pairs: pairs.values().filter(|by_juror| by_juror.len() > 1).count(),
        jurors: own,
        within,
        contradictions,
    }
}

/// Votes on one pair.
#[derive(Debug, Default)]
struct Votes {
    first: usize,
    second: usize,
    ties: usize,
}

impl Votes {
    fn of(comparisons: &Comparisons, rows: &[usize]) -> Self {
        let mut votes = Self::default();
        for at in rows {
            match prefers_first(&comparisons.row(*at)) {
                Some(true) => votes.first += 1,
                Some(false) => votes.second += 1,
                None => votes.ties += 1,
            }
        }
        votes
    }

    fn add(&mut self, other: &Self) {
        self.first += other.first;
        self.second += other.second;
        self.ties += other.ties;
    }

    fn couples(&self) -> Couples {
        let all = self.first + self.second + self.ties;
        let half = self.ties * (self.first + self.second);
        let disagree = (self.first * self.second) as f64 + 0.5 * half as f64;
        Couples { count: all * all.saturating_sub(1) / 2, disagree }
    }
}

impl Couples {
    fn add(&mut self, other: Self) {
        self.count += other.count;
        self.disagree += other.disagree;
    }
}

/// Whether the item of the smaller place is preferred.
pub(super) fn prefers_first(row: &Comparison) -> Option<bool> {
    let left_is_first = row.left < row.right;
    match row.choice {
        Choice::Left => Some(left_is_first),
        Choice::Right => Some(!left_is_first),
        Choice::Tie => None,
    }
}

/// `c` towards the item of the larger place.
pub(super) fn towards_second(row: &Comparison) -> Option<f64> {
    let c = row.log_ratio()?;
    Some(if row.left < row.right { c } else { -c })
}

fn add_spread((squares, free): &mut (Vec<f64>, usize), comparisons: &Comparisons, rows: &[usize]) {
    let mut said: Vec<f64> =
        rows.iter().filter_map(|at| towards_second(&comparisons.row(*at))).collect();
    if said.len() < 2 {
        return;
    }
    said.sort_unstable_by(f64::total_cmp);
    let mean = maths::sum(said.iter().copied()) / said.len() as f64;
    squares.push(maths::sum(said.iter().map(|c| (c - mean) * (c - mean))));
    *free += said.len() - 1;
}

fn contradiction(
    comparisons: &Comparisons,
    juror: u32,
    pair: (u32, u32),
    rows: &[usize],
) -> Option<Contradiction> {
    let which = |first: bool| -> Vec<usize> {
        let rows = rows.iter().copied();
        rows.filter(|at| prefers_first(&comparisons.row(*at)) == Some(first)).collect()
    };
    let (first, second) = (which(true), which(false));
    let both = !first.is_empty() && !second.is_empty();
    both.then_some(Contradiction { juror, pair, first, second })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::comparisons::Builder;

    #[test]
    fn couples_by_hand() {
        let mut builder = Builder::default();
        let [ann, bob] = ["ann", "bob"].map(|name| builder.juror(name));
        let [x, y, z] = ["x", "y", "z"].map(|name| builder.item(name));
        // ann: x, then x from the other side with 3 nats, then y.
        builder.push(ann, (x, y), Choice::Left, Some(1.0));
        builder.push(ann, (y, x), Choice::Right, Some(3.0));
        builder.push(ann, (x, y), Choice::Right, Some(1.0));
        builder.push(bob, (x, y), Choice::Right, None);
        builder.push(bob, (y, x), Choice::Tie, None);
        builder.push(bob, (y, z), Choice::Left, Some(1.0));
        let found = repeats(&builder.finish());
        assert_eq!(found.jurors[0], Couples { count: 3, disagree: 2.0 });
        assert_eq!(found.jurors[1], Couples { count: 1, disagree: 0.5 });
        // c towards y: −1, −3, 1; mean −1; (0 + 4 + 4) / 2.
        assert!((found.spread[0].expect("repeats") - 2.0).abs() < 1e-15);
        assert_eq!(found.spread[1], None);
        // bob's y against x, x, y; bob's tie against all three.
        assert_eq!(found.between, Couples { count: 6, disagree: 3.5 });
        assert_eq!((found.shared_pairs, found.between.rate()), (1, Some(3.5 / 6.0)));
        let expected = Contradiction { juror: 0, pair: (0, 1), first: vec![0, 1], second: vec![2] };
        assert_eq!(found.contradictions, [expected]);
    }

    #[test]
    fn nothing_repeated_has_no_rate() {
        let mut builder = Builder::default();
        let ann = builder.juror("ann");
        let pair = (builder.item("x"), builder.item("y"));
        builder.push(ann, pair, Choice::Left, None);
        let found = repeats(&builder.finish());
        assert_eq!(
            (found.within.rate(), found.between.rate(), found.spread_within),
            (None, None, None)
        );
    }
}
