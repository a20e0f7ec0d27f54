//! Answers added up by pair, and which items they join.

use crate::comparisons::{Choice, Comparisons};
use crate::connectivity::Forest;

/// Answers about one pair, `a < b`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Edge {
    pub(super) a: u32,
    pub(super) b: u32,
    /// How often `a` was preferred; a tie is half.
    pub(super) wins: f64,
    pub(super) count: f64,
}

/// Answers added up by pair, sorted.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Evidence {
    pub(super) items: usize,
    pub(super) edges: Vec<Edge>,
}

impl Evidence {
    pub(super) fn none(items: usize) -> Self {
        Self { items, edges: Vec::new() }
    }

    /// Adds up in one sort of whole numbers: pair, then outcome.
    pub(super) fn of(comparisons: &Comparisons) -> Self {
        let mut keys: Vec<u64> = comparisons
            .rows()
            .map(|row| {
                let (a, b) = row.pair();
                let halves =
                    2 * u64::from(row.winner_loser().is_some_and(|(winner, _)| winner == a))
                        + u64::from(row.choice == Choice::Tie);
                (u64::from(a) << 33 | u64::from(b) << 2) | halves
            })
            .collect();
        keys.sort_unstable();
        let edge = |same: &[u64]| Edge {
            a: u32::try_from(same[0] >> 33).expect("31 bits"),
            b: u32::try_from(same[0] >> 2 & 0x7FFF_FFFF).expect("31 bits"),
            wins: same.iter().map(|key| (key & 3) as f64 / 2.0).sum(),
            count: same.len() as f64,
        };
        let edges = keys.chunk_by(|x, y| x >> 2 == y >> 2).map(edge).collect();
        Self { items: comparisons.items().len(), edges }
    }

    /// One more answer.
    pub(super) fn push(&mut self, left: u32, right: u32, choice: Choice) {
        let (a, b) = (left.min(right), left.max(right));
        let right_won = f64::midpoint(choice.sign(), 1.0);
        let wins = if left == a { 1.0 - right_won } else { right_won };
        match self.edges.binary_search_by_key(&(a, b), |edge| (edge.a, edge.b)) {
            Ok(at) => {
                self.edges[at].wins += wins;
                self.edges[at].count += 1.0;
            }
            Err(at) => self.edges.insert(at, Edge { a, b, wins, count: 1.0 }),
        }
    }

    /// The islands that the answers leave.
    pub(super) fn islands(&self) -> Forest {
        Forest::of(self.items, self.edges.iter().map(|edge| (edge.a, edge.b)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synthetic::Jury;

    #[test]
    fn all_at_once_is_one_by_one() {
        let comparisons = Jury { items: 9, ..Jury::default() }.draw(3).comparisons(200);
        let mut one_by_one = Evidence::none(9);
        for row in comparisons.rows() {
            one_by_one.push(row.left, row.right, row.choice);
        }
        assert_eq!(Evidence::of(&comparisons), one_by_one);
        assert_eq!(one_by_one.islands().count(), 1);
    }

    #[test]
    fn a_tie_is_half_for_both() {
        let mut evidence = Evidence::none(3);
        evidence.push(2, 0, Choice::Tie);
        evidence.push(2, 0, Choice::Right);
        assert_eq!(evidence.edges, [Edge { a: 0, b: 2, wins: 1.5, count: 2.0 }]);
        assert_eq!(evidence.islands().count(), 2);
    }
}
