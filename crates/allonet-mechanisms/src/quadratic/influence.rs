//! The voter who moves most money: each voter left out in turn.
//!
//! Leaving out voter `v` changes only the scores of the projects `v` gave to,
//!
//! ```text
//! score′ = score − 2·r·(Σr − r)   (− c with own donations),  r = √c
//! ```
//!
//! and for all others only the factor λ between score and match, in one
//! direction. What moves is therefore known from the changed scores and the
//! sum paid, without going over the other projects. All voters are compared so
//! in floats; for the one with the largest effect (the first by name among
//! equals) both divisions are made in full, so that the amount is exact.
//!
//! Cost: linear in the pairs of voter and project without a cap; with one,
//! about `1/cap` more steps and a small sort for each voter.

use allonet_core::money::{Amount, Share};

use super::division::{Division, DivisionError, Overflow};
use super::kernel::Pairs;
use super::scores::{Scores, Scoring};

/// A round of votes to leave voters out of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Round<'a> {
    pub(super) pairs: &'a Pairs,
    pub(super) scoring: &'a Scoring,
    pub(super) scores: &'a Scores,
}

/// A pool that the round divides.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pool<'a> {
    pub(super) amount: Amount,
    pub(super) division: &'a Division,
    /// What each project was paid in earlier epochs.
    pub(super) paid: &'a [Amount],
    /// The projects' own caps; may be empty.
    pub(super) caps: &'a [Option<Share>],
}

impl Round<'_> {
    /// For each pool the number of the voter who moves most, and how much;
    /// nobody where nobody moves anything.
    pub(super) fn largest(
        &self,
        pools: &[Pool<'_>],
    ) -> Result<Vec<Option<(usize, Amount)>>, DivisionError> {
        let sums: Vec<f64> = (0..self.pairs.project_count())
            .map(|project| self.pairs.of(project).map(|(_, total)| self.scoring.root(total)).sum())
            .collect();
        let (begins, by_voter) = self.pairs.by_voter();
        pools
            .iter()
            .map(|pool| {
                let mut curve = Curve::new(&self.scores.less(pool.paid), pool)?;
                let mut best = (0.0, None);
                for voter in 0..self.pairs.voter_count() {
                    let given = &by_voter[begins[voter]..begins[voter + 1]];
                    curve.touch(given.iter().map(|(project, total)| {
                        let project = *project as usize;
                        let root = self.scoring.root(*total);
                        let own = if self.scoring.with_own { root * root } else { 0.0 };
                        let lost = 2.0 * root * (sums[project] - root).max(0.0) + own;
                        let without = self.scores.float(project) - lost;
                        (project, (without - pool.paid[project].to_f64()).max(0.0))
                    }));
                    let moved = curve.moved();
                    if moved > best.0 {
                        best = (moved, Some(voter));
                    }
                }
                best.1.map(|voter| Ok((voter, self.moved_by(voter, pool)?))).transpose()
            })
            .collect()
    }

    /// The scores without a voter.
    pub(super) fn without(&self, voter: usize) -> Scores {
        let mut scores = self.scores.clone();
        for (project, score) in scores.values.iter_mut().enumerate() {
            if self.pairs.has(project, voter) {
                let others = |(other, _): &(u32, u128)| *other as usize != voter;
                *score = self.scoring.score(self.pairs.of(project).filter(others));
            }
        }
        scores
    }

    /// Base units that go elsewhere without a voter, exactly.
    pub(super) fn moved_by(&self, voter: usize, pool: &Pool<'_>) -> Result<Amount, DivisionError> {
        let scores = self.without(voter);
        let divide = |scores: &Scores| -> Result<_, DivisionError> {
            let left = scores.less(pool.paid);
            let matches = pool.division.divide_under(&left, pool.amount, pool.caps)?.matches;
            let spent = Amount::sum(matches.iter().copied(), "all matches")?;
            Ok((matches, pool.amount.saturating_sub(spent)))
        };
        let ((with, rest_with), (without, rest_without)) = (divide(self.scores)?, divide(&scores)?);
        let lost = with.iter().zip(&without).map(|(with, without)| with.saturating_sub(*without));
        Ok(Amount::sum(lost.chain([rest_with.saturating_sub(rest_without)]), "money moved")?)
    }
}

/// Parts of the sum of scores below this are rounding errors.
const NOTHING: f64 = 1e-13;

/// Matches as a function of scores, in floats: `min(λ·score, limit)`.
struct Curve {
    scores: Vec<f64>,
    /// The most that each project may take; infinity without a cap.
    limits: Vec<f64>,
    /// Whether anybody has a cap.
    capped: bool,
    /// Projects in the order in which they reach their caps as λ rises.
    order: Vec<u32>,
    /// Sums of the first scores in this order.
    prefix: Vec<f64>,
    /// Sums of the first limits in this order.
    limits_prefix: Vec<f64>,
    pool: f64,
    fill: bool,
    keep: bool,
    /// With all voters.
    level: Level,
    /// Projects whose score is another, with that score.
    touched: Vec<(usize, f64)>,
    /// The voter number, from 1, for whom each project was last touched.
    stamps: Vec<u32>,
    stamp: u32,
}

/// The rank of whoever has no score: behind all others.
const NOBODY: f64 = -1.0;

/// How soon a project reaches its cap as λ rises: the highest first.
fn rank(score: f64, limit: f64) -> f64 {
    if score > 0.0 { score / limit } else { NOBODY }
}

/// The factor from score to match, and what is paid in all.
#[derive(Clone, Copy, Debug, Default)]
struct Level {
    factor: f64,
    paid: f64,
}

impl Curve {
    fn new(scores: &Scores, pool: &Pool<'_>) -> Result<Self, DivisionError> {
        let values: Vec<f64> = (0..scores.values.len()).map(|at| scores.float(at)).collect();
        let limits = pool.division.limits(values.len(), pool.amount, pool.caps)?;
        let limits: Vec<f64> =
            limits.iter().map(|limit| limit.map_or(f64::INFINITY, Amount::to_f64)).collect();
        let rank = |project: &u32| rank(values[*project as usize], limits[*project as usize]);
        let mut order: Vec<u32> = (0_u32..).take(values.len()).collect();
        order.sort_by(|a, b| rank(b).total_cmp(&rank(a)).then(a.cmp(b)));
        let (mut prefix, mut limits_prefix) = (vec![0.0], vec![0.0]);
        for project in order.iter().map(|project| *project as usize) {
            prefix.push(prefix[prefix.len() - 1] + values[project]);
            limits_prefix.push(limits_prefix[limits_prefix.len() - 1] + limits[project]);
        }
        let mut curve = Self {
            stamps: vec![0; values.len()],
            stamp: 0,
            scores: values,
            capped: limits.iter().any(|limit| limit.is_finite()),
            limits,
            order,
            prefix,
            limits_prefix,
            pool: pool.amount.to_f64(),
            fill: pool.division.fill,
            keep: pool.division.overflow == Overflow::Keep,
            level: Level::default(),
            touched: Vec::new(),
        };
        curve.level = curve.solve();
        Ok(curve)
    }

    /// Gives some projects another score, and all others their own again.
    fn touch(&mut self, touched: impl Iterator<Item = (usize, f64)>) {
        self.touched.clear();
        self.touched.extend(touched);
        self.stamp += 1;
        for (project, _) in &self.touched {
            self.stamps[*project] = self.stamp;
        }
    }

    /// How much money the touched scores move.
    fn moved(&mut self) -> f64 {
        if self.touched.is_empty() {
            return 0.0;
        }
        if self.capped {
            let limits = &self.limits;
            let rank = |(project, score): &(usize, f64)| rank(*score, limits[*project]);
            self.touched.sort_by(|a, b| rank(b).total_cmp(&rank(a)).then(a.0.cmp(&b.0)));
        }
        let (before, after) = (self.level, self.solve());
        let (mut own, mut net) = (0.0, 0.0);
        for (project, score) in &self.touched {
            let was = self.part(before, *project, self.scores[*project]);
            let change = self.part(after, *project, *score) - was;
            own += change.abs();
            net += change;
        }
        let paid = after.paid - before.paid;
        (own + (paid - net).abs() + paid.abs()) / 2.0
    }

    /// What a project with this score is paid.
    fn part(&self, level: Level, project: usize, score: f64) -> f64 {
        if score <= 0.0 { 0.0 } else { (level.factor * score).min(self.limits[project]) }
    }

    /// The level for the scores as they are touched.
    fn solve(&self) -> Level {
        let total = self.prefix[self.prefix.len() - 1];
        let change: f64 =
            self.touched.iter().map(|(project, score)| self.scores[*project] - score).sum();
        let sum = total - change;
        if sum <= total * NOTHING {
            return Level::default();
        }
        let wanted = if self.fill { self.pool } else { self.pool.min(sum) };
        if !self.capped {
            return Level { factor: wanted / sum, paid: wanted };
        }
        if !self.keep {
            return self.redistribute(wanted, sum);
        }
        let level = Level { factor: wanted / sum, paid: 0.0 };
        let change: f64 = self
            .touched
            .iter()
            .map(|(project, score)| {
                self.part(level, *project, *score)
                    - self.part(level, *project, self.scores[*project])
            })
            .sum();
        let above = |project: &u32| {
            let project = *project as usize;
            level.factor * self.scores[project] > self.limits[project]
        };
        let capped = self.order.partition_point(above);
        let below = level.factor * (total - self.prefix[capped]);
        Level { paid: self.limits_prefix[capped] + below + change, ..level }
    }

    /// The level at which the capped projects' overflow has gone to the others.
    fn redistribute(&self, wanted: f64, sum: f64) -> Level {
        let own = |project: &usize| self.stamp == 0 || self.stamps[*project] != self.stamp;
        let projects = self.order.iter().map(|project| *project as usize);
        let mut untouched =
            projects.filter(own).map(|project| (project, self.scores[project])).peekable();
        let mut touched = self.touched.iter().copied().peekable();
        let rank_of = |next: Option<(usize, f64)>| {
            next.map_or(NOBODY, |(project, score)| rank(score, self.limits[project]))
        };
        let (mut rest, mut sum) = (wanted, sum);
        let nothing = sum * NOTHING;
        loop {
            let (one, other) = (untouched.peek().copied(), touched.peek().copied());
            let first = rank_of(one) >= rank_of(other);
            let (project, score) = if first { one } else { other }.unwrap_or((0, 0.0));
            if score <= 0.0 || sum <= nothing {
                // Everybody with a score is at the cap; the rest stays.
                return Level { factor: f64::INFINITY, paid: wanted - rest };
            }
            let limit = self.limits[project];
            if score * rest <= limit * sum {
                return Level { factor: rest / sum, paid: wanted };
            }
            rest -= limit;
            sum -= score;
            if first {
                untouched.next();
            } else {
                touched.next();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::division::Dust;
    use super::super::kernel::{Columns, Roots};
    use super::super::scores::Arithmetic;
    use super::*;

    const PLAIN: Division = Division {
        fill: true,
        cap: None,
        overflow: Overflow::Redistribute,
        dust: Dust::ByRemainder,
        grants_stack: false,
    };

    fn columns(votes: &[(u32, u32, u128)]) -> Columns {
        Columns {
            voters: votes.iter().map(|vote| vote.0).collect(),
            projects: votes.iter().map(|vote| vote.1).collect(),
            amounts: votes.iter().map(|vote| vote.2).collect(),
            voter_count: 8,
            project_count: 5,
        }
    }

    /// Runs `act` on the round of these votes.
    fn with_round<T>(
        votes: &[(u32, u32, u128)],
        scoring: Scoring,
        act: impl FnOnce(&Round<'_>) -> T,
    ) -> T {
        let pairs = Pairs::gather(&columns(votes)).unwrap();
        let scores = scoring.scores(&pairs);
        act(&Round { pairs: &pairs, scoring: &scoring, scores: &scores })
    }

    const NOTHING_PAID: [Amount; 5] = [Amount::ZERO; 5];
    const WHOLE: Arithmetic = Arithmetic::Exact(Roots { bits: 20, grants_stack: false });

    #[test]
    fn two_projects_of_two_voters() {
        // Scores 2·10·10 = 200 and 2·10·20 = 400 share 900 as 300 and 600.
        // Without any of the four voters, one project takes all: 300 or 600 move.
        let votes = [(0, 0, 100), (1, 0, 100), (2, 1, 100), (3, 1, 400)];
        let scoring = Scoring { arithmetic: WHOLE, with_own: false };
        let pool = Pool {
            amount: Amount::from_base(900),
            division: &PLAIN,
            paid: &NOTHING_PAID,
            caps: &[],
        };
        let found = with_round(&votes, scoring, |round| round.largest(&[pool])).unwrap();
        assert_eq!(found, [Some((2, Amount::from_base(600)))]);
    }

    #[test]
    fn nobody_moves_an_empty_pool() {
        let scoring = Scoring { arithmetic: WHOLE, with_own: false };
        let pool = Pool { amount: Amount::ZERO, division: &PLAIN, paid: &NOTHING_PAID, caps: &[] };
        let votes = [(0, 0, 100), (1, 0, 100)];
        assert_eq!(with_round(&votes, scoring, |round| round.largest(&[pool])), Ok(vec![None]));
        assert_eq!(with_round(&[], scoring, |round| round.largest(&[pool])), Ok(vec![None]));
    }

    fn division() -> impl Strategy<Value = Division> {
        (any::<bool>(), 0_u64..=100, any::<bool>(), any::<bool>()).prop_map(
            |(fill, cap, keep, grants_stack)| Division {
                fill,
                cap: Share::new(cap, 100).filter(|cap| !cap.is_zero()),
                overflow: if keep && !grants_stack { Overflow::Keep } else { PLAIN.overflow },
                dust: Dust::ByRemainder,
                grants_stack,
            },
        )
    }

    proptest! {
        // Reference: the whole rule run again without each voter.
        #[test]
        fn no_other_voter_moves_more(
            votes in prop::collection::vec((0_u32..8, 0_u32..5, 0_u128..1 << 40), 0..40),
            division in division(),
            with_own: bool,
            float: bool,
            pool in 0_u128..1 << 60,
            paid in prop::array::uniform5(0_u128..1 << 30),
            own in prop::array::uniform5(prop::option::of(1_u64..=100)),
            with_caps: bool,
        ) {
            let scoring = Scoring {
                arithmetic: if float { Arithmetic::Float } else { WHOLE },
                with_own,
            };
            let paid = paid.map(Amount::from_base);
            let own = own.map(|cap| cap.and_then(|cap| Share::new(cap, 100)));
            let caps: &[Option<Share>] = if with_caps { &own } else { &[] };
            let pool =
                Pool { amount: Amount::from_base(pool), division: &division, paid: &paid, caps };
            let (found, by_voter) = with_round(&votes, scoring, |round| {
                let by_voter: Vec<Amount> = (0..8)
                    .map(|voter| {
                        let others: Vec<_> =
                            votes.iter().copied().filter(|vote| vote.0 != voter).collect();
                        rerun(&votes, &others, scoring, &pool)
                    })
                    .collect();
                (round.largest(&[pool]).unwrap()[0], by_voter)
            });
            let most = by_voter.iter().copied().max().unwrap();
            match found {
                Some((voter, moved)) => {
                    prop_assert_eq!(moved, by_voter[voter]);
                    // Rounding is a unit for each project, and Grants Stack's
                    // loop rounds again at each turn.
                    let slack = 1e-9 * pool.amount.to_f64() + 32.0;
                    prop_assert!(moved.to_f64() + slack >= most.to_f64(), "{moved} {most}");
                }
                None => prop_assert!(most.to_f64() <= 32.0),
            }
        }
    }

    fn rerun(
        all: &[(u32, u32, u128)],
        others: &[(u32, u32, u128)],
        scoring: Scoring,
        pool: &Pool<'_>,
    ) -> Amount {
        let divide = |votes: &[(u32, u32, u128)]| {
            let scores = scoring.scores(&Pairs::gather(&columns(votes)).unwrap());
            let left = scores.less(pool.paid);
            let divided = pool.division.divide_under(&left, pool.amount, pool.caps);
            let mut matches = divided.unwrap().matches;
            let spent = Amount::sum(matches.iter().copied(), "test").unwrap();
            matches.push(pool.amount.sub(spent, "test").unwrap());
            matches
        };
        let (with, without) = (divide(all), divide(others));
        let lost = with.iter().zip(&without).map(|(a, b)| a.saturating_sub(*b));
        Amount::sum(lost, "test").unwrap()
    }
}
