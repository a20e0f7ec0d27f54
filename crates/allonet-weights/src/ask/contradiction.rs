//! Answers of one juror that cannot all be right.
//!
//! # Formula
//!
//! * *Turned*: the same pair, once one way and once the other.
//! * *Circle*: `a` before `b` before … before `a`; the shortest one is shown.
//! * *Triangle*: three ratios that do not multiply to one, whatever is meant
//!   within the [`Bucket`] of each: `0 ∉ Σ [low, high]` of the signed logarithms.
//!
//! Only the latest of several answers to a pair counts in circles and triangles.
//!
//! # Known weaknesses
//!
//! * A contradiction does not say which of its answers is wrong.
//! * Ratios around four items and more are not checked.

use std::collections::{BTreeMap, VecDeque};

use allonet_core::maths;

use super::Bucket;
use crate::comparisons::Choice;

/// What a juror said about a pair.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Answer {
    /// Place of the item shown first.
    pub left: u32,
    /// Place of the item shown second.
    pub right: u32,
    /// Which is worth more.
    pub choice: Choice,
    /// Natural logarithm of how many times more, at least zero, where it was
    /// said.
    pub intensity: Option<f64>,
}

impl Answer {
    /// The item preferred and the other; none for a tie.
    pub fn winner_loser(&self) -> Option<(u32, u32)> {
        match self.choice {
            Choice::Left => Some((self.left, self.right)),
            Choice::Right => Some((self.right, self.left)),
            Choice::Tie => None,
        }
    }

    fn pair(&self) -> (u32, u32) {
        (self.left.min(self.right), self.left.max(self.right))
    }

    /// Between which logarithms `value of from / value of the other` lies.
    fn range(&self, from: u32) -> Option<(f64, f64)> {
        if self.choice == Choice::Tie {
            let (_, high) = Bucket::Same.range();
            return Some((-high, high));
        }
        let (low, high) = Bucket::of(self.intensity?).range();
        let (winner, _) = self.winner_loser()?;
        Some(if winner == from { (low, high) } else { (-high, -low) })
    }
}

/// Answers that cannot all be right, by their places; the newest stands first.
#[derive(Debug, Clone, PartialEq)]
pub enum Contradiction {
    /// One pair, answered both ways.
    Turned {
        /// The newer answer and the older.
        answers: [usize; 2],
    },
    /// Each item of the circle was preferred to the next, the last to the first.
    Circle {
        /// The answers around it.
        answers: Vec<usize>,
    },
    /// Ratios of three items that do not fit together.
    Triangle {
        /// The answer in question and the two that speak against it.
        answers: [usize; 3],
        /// The ratio that the other two answers imply for the winner of the
        /// first (below one: it is worth less), as far as it has bounds.
        implied: f64,
    },
}

impl Contradiction {
    /// The answers that take part, the newest first.
    pub fn answers(&self) -> &[usize] {
        match self {
            Self::Turned { answers } => answers,
            Self::Circle { answers } => answers,
            Self::Triangle { answers, .. } => answers,
        }
    }

    /// The same of answers that stand in another order.
    pub(super) fn renumbered(mut self, order: &[usize]) -> Self {
        let answers: &mut [usize] = match &mut self {
            Self::Turned { answers } => answers,
            Self::Circle { answers } => answers,
            Self::Triangle { answers, .. } => answers,
        };
        for at in answers {
            *at = order[*at];
        }
        self
    }
}

/// All contradictions, in the order in which answers completed them.
pub fn contradictions(answers: &[Answer]) -> Vec<Contradiction> {
    (0..answers.len()).flat_map(|at| completed_by(&answers[..=at])).collect()
}

/// The contradictions that the last answer takes part in.
pub(super) fn completed_by(answers: &[Answer]) -> Vec<Contradiction> {
    let Some((newest, earlier)) = answers.split_last() else { return Vec::new() };
    let mut found = Vec::new();
    let mut latest: BTreeMap<(u32, u32), usize> = BTreeMap::new();
    for (at, answer) in earlier.iter().enumerate() {
        latest.insert(answer.pair(), at);
    }
    if let Some(before) = latest.remove(&newest.pair())
        && let (Some(now), Some(then)) = (newest.winner_loser(), earlier[before].winner_loser())
        && now != then
    {
        found.push(Contradiction::Turned { answers: [earlier.len(), before] });
    }
    let circle = circle(newest, earlier, &latest);
    let around = circle.as_ref().map_or(0, Vec::len);
    if let Some(path) = circle {
        let answers = [vec![earlier.len()], path].concat();
        found.push(Contradiction::Circle { answers });
    }
    // A circle of three is worse news than its ratios.
    if around != 2 {
        found.extend(triangles(newest, earlier, &latest));
    }
    found
}

/// The shortest way from the loser back to the winner, by answers.
fn circle(
    newest: &Answer,
    earlier: &[Answer],
    latest: &BTreeMap<(u32, u32), usize>,
) -> Option<Vec<usize>> {
    let (winner, loser) = newest.winner_loser()?;
    let mut beaten: BTreeMap<u32, Vec<(u32, usize)>> = BTreeMap::new();
    for &at in latest.values() {
        if let Some((from, to)) = earlier[at].winner_loser() {
            beaten.entry(from).or_default().push((to, at));
        }
    }
    let mut reached: BTreeMap<u32, (u32, usize)> = BTreeMap::new();
    let mut queue = VecDeque::from([loser]);
    while let Some(item) = queue.pop_front() {
        for &(next, at) in beaten.get(&item).into_iter().flatten() {
            if next != loser && !reached.contains_key(&next) {
                reached.insert(next, (item, at));
                queue.push_back(next);
            }
        }
    }
    let mut path = Vec::new();
    let mut item = winner;
    while item != loser {
        let &(from, at) = reached.get(&item)?;
        path.push(at);
        item = from;
    }
    path.reverse();
    Some(path)
}

fn triangles(
    newest: &Answer,
    earlier: &[Answer],
    latest: &BTreeMap<(u32, u32), usize>,
) -> Vec<Contradiction> {
    let (top, bottom) = newest.winner_loser().unwrap_or((newest.left, newest.right));
    let Some((low, high)) = newest.range(top) else { return Vec::new() };
    let beside = |item: u32| {
        latest.iter().filter_map(move |(&(a, b), &at)| {
            (a == item).then_some((b, at)).or((b == item).then_some((a, at)))
        })
    };
    let of_bottom: BTreeMap<u32, usize> = beside(bottom).collect();
    let mut found = Vec::new();
    for (third, first) in beside(top) {
        let Some(&second) = of_bottom.get(&third) else { continue };
        let (Some(one), Some(two)) = (earlier[first].range(top), earlier[second].range(third))
        else {
            continue;
        };
        let (least, most) = (one.0 + two.0, one.1 + two.1);
        if least > high || most < low {
            let implied = maths::exp(if least > high { least } else { most });
            let answers = [earlier.len(), first, second];
            found.push(Contradiction::Triangle { answers, implied });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(left: u32, right: u32, choice: Choice, times: f64) -> Answer {
        Answer { left, right, choice, intensity: (times >= 1.0).then(|| maths::ln(times)) }
    }

    fn over(winner: u32, loser: u32) -> Answer {
        said(loser, winner, Choice::Right, 0.0)
    }

    #[test]
    fn circles_are_as_short_as_can_be() {
        let answers = [over(0, 1), over(1, 2), over(2, 3), over(1, 3), over(3, 0)];
        let found = contradictions(&answers);
        assert_eq!(found, [Contradiction::Circle { answers: vec![4, 0, 3] }]);
        assert!(contradictions(&answers[..4]).is_empty());
        let tie = [over(0, 1), over(1, 2), said(0, 2, Choice::Tie, 1.0)];
        assert!(contradictions(&tie).is_empty());
    }

    #[test]
    fn turning_round_is_named_and_the_newer_answer_counts() {
        let answers = [over(0, 1), over(1, 0), over(1, 2), over(2, 0)];
        assert_eq!(contradictions(&answers), [Contradiction::Turned { answers: [1, 0] }]);
    }

    #[test]
    fn ratios_that_no_rounding_explains() {
        // 2 × 2 is between 2 and 10; 30 or more begins at 17.
        let two = [said(0, 1, Choice::Left, 2.0), said(1, 2, Choice::Left, 2.0)];
        let with = |last: Answer| contradictions(&[two[0], two[1], last]);
        assert!(with(said(0, 2, Choice::Left, 5.0)).is_empty());
        assert!(with(said(2, 0, Choice::Right, 10.0)).is_empty());
        let found = with(said(2, 0, Choice::Right, 30.0));
        let [Contradiction::Triangle { answers, implied }] = found.as_slice() else {
            panic!("{found:?}")
        };
        assert_eq!(*answers, [2, 0, 1]);
        assert!((implied - 10.0).abs() < 1e-9, "{implied}");
        // As much as the other, although between them lies a factor of two.
        assert_eq!(with(said(0, 2, Choice::Tie, 1.0)).len(), 1);
        // The wrong way round is a circle, not a triangle.
        let round = with(said(0, 2, Choice::Right, 30.0));
        assert_eq!(round, [Contradiction::Circle { answers: vec![2, 0, 1] }]);
    }

    #[test]
    fn nobody_who_has_an_order_contradicts_it() {
        let answers: Vec<Answer> = (0..7_u32)
            .flat_map(|a| (a + 1..7).map(move |b| (a, b)))
            .map(|(a, b)| said(a, b, Choice::Left, f64::from(1 << (b - a))))
            .collect();
        assert!(contradictions(&answers).is_empty());
    }
}
