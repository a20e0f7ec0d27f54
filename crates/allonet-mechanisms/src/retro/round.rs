//! A round of ballots that can be evaluated many times: as it was, with voters
//! left out or drawn again, under another quorum, with one vote changed.
//!
//! ```text
//! score_p = median | average | sum of the votes on p, each as often as its voter stands in it
//! open    = { p: ballots_p ≥ quorum, score_p ≥ least score, score_p > 0 }
//! paid_p  = min(λ · score_p, cap) over the open projects, Σ paid = pool
//! close   all open p with paid_p < minimum (or the lowest alone), until there is none
//! ```
//!
//! An evaluation allocates nothing: its numbers stand in a [`Scratch`] that is
//! used again. Each project's votes are kept by amount, so that medians are one
//! walk. Money is in floats here, for comparison; payouts are booked elsewhere
//! in whole base units.
//!
//! ```
//! use allonet_mechanisms::retro::round::{Round, Rule, Scenario, Scratch, Statistic, Vote};
//!
//! let vote = |voter, project, amount| Vote { voter, project, amount };
//! let votes = [vote(0, 0, 3.0), vote(1, 0, 5.0), vote(1, 1, 2.0)];
//! let round = Round::new(Rule::new(Statistic::Sum), 2, 2, &votes);
//! let mut scratch = Scratch::default();
//! round.evaluate(&Scenario::of_pool(100.0), &mut scratch);
//! assert_eq!(scratch.paid, [80.0, 20.0]);
//! // Without the second voter.
//! round.evaluate(&Scenario { copies: Some(&[1, 0]), ..Scenario::of_pool(100.0) }, &mut scratch);
//! assert_eq!(scratch.paid, [100.0, 0.0]);
//! ```

use allonet_core::money::{ApportionError, weights_from_f64};

/// What becomes of the votes on one project.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Statistic {
    /// The middle vote; the mean of the two middle ones of an even number.
    #[default]
    Median,
    /// Sum over number.
    Average,
    /// Sum.
    Sum,
}

impl Statistic {
    /// Its name in settings and notes.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Median => "median",
            Self::Average => "average",
            Self::Sum => "sum",
        }
    }
}

/// How ballots become money.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rule {
    /// What becomes of the votes on one project.
    pub statistic: Statistic,
    /// Every voter counts for every project, with zero where there is no vote.
    pub absent_is_zero: bool,
    /// Ballots that a project needs.
    pub quorum: u32,
    /// Score that a project needs.
    pub least_score: f64,
    /// Money that a project needs; below it gets nothing.
    pub minimum: f64,
    /// Of those below the minimum only the lowest falls before the next look.
    pub one_by_one: bool,
    /// Most that a project is paid, as a part of the pool.
    pub cap: f64,
    /// What the cap cuts off stays unspent.
    pub keep_overflow: bool,
    /// Money for each point of the score, as long as the pool lasts, in place of
    /// shares of the pool.
    pub factor: Option<f64>,
}

impl Rule {
    /// No quorum, no minimum, no cap.
    pub const fn new(statistic: Statistic) -> Self {
        Self {
            statistic,
            absent_is_zero: false,
            quorum: 0,
            least_score: 0.0,
            minimum: 0.0,
            one_by_one: false,
            cap: f64::INFINITY,
            keep_overflow: false,
            factor: None,
        }
    }
}

/// What one voter gives one project.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Vote {
    /// Number of the voter.
    pub voter: u32,
    /// Number of the project.
    pub project: u32,
    /// Finite, zero or more.
    pub amount: f64,
}

/// How much each voter counts.
#[derive(Clone, Debug, PartialEq)]
pub struct Power {
    numbers: Vec<f64>,
    /// The same in whole numbers, so that halves of a sum are exact.
    weights: Vec<u64>,
}

impl Power {
    /// From a number of zero or more for each voter.
    pub fn new(numbers: Vec<f64>) -> Result<Self, ApportionError> {
        let weights = weights_from_f64(&numbers)?;
        // 60 of 96 bits: sums of 2^32 voters drawn 2^32 times fit 128 bits.
        let narrow = |weight: u128| u64::try_from(weight >> 36).expect("96 bits, less 36");
        Ok(Self { weights: weights.into_iter().map(narrow).collect(), numbers })
    }

    /// What a voter counts in whole numbers, in proportion to the others.
    pub fn weight(&self, voter: usize) -> u64 {
        self.weights[voter]
    }
}

/// A round as it might have been.
#[derive(Clone, Copy, Debug, Default)]
pub struct Scenario<'a> {
    /// Money to divide, in any unit.
    pub pool: f64,
    /// How often each voter stands in it; once if absent.
    pub copies: Option<&'a [u32]>,
    /// How much each voter counts; 1 if absent.
    pub power: Option<&'a Power>,
    /// Another quorum than the rule's.
    pub quorum: Option<u32>,
    /// One vote that is another, or was not cast; the amount of [`Vote`] is
    /// `NaN` where the voter abstains.
    pub changed: Option<Vote>,
}

impl Scenario<'_> {
    /// The round as it was.
    pub fn of_pool(pool: f64) -> Self {
        Self { pool, ..Self::default() }
    }
}

/// The results of the last evaluation, and room for the next.
#[derive(Clone, Debug, Default)]
pub struct Scratch {
    /// The statistic of each project, whether it is paid or not.
    pub scores: Vec<f64>,
    /// Ballots on each project.
    pub ballots: Vec<u32>,
    /// What each project is paid.
    pub paid: Vec<f64>,
    /// In which look each project fell, from 1; 0 for those that stay.
    pub fell: Vec<u32>,
    /// Open projects, the highest score first.
    order: Vec<u32>,
}

/// Ballots and the rule that counts them.
#[derive(Clone, Debug)]
pub struct Round {
    rule: Rule,
    voters: usize,
    /// Where each project's votes begin.
    begins: Vec<usize>,
    /// By project, then amount, then voter.
    votes: Vec<(u32, f64)>,
}

impl Round {
    /// A round of votes in any order, at most one for each pair.
    pub fn new(rule: Rule, voters: usize, projects: usize, votes: &[Vote]) -> Self {
        let mut sorted = votes.to_vec();
        sorted.sort_by(|a, b| {
            let by_amount = a.amount.total_cmp(&b.amount);
            a.project.cmp(&b.project).then(by_amount).then(a.voter.cmp(&b.voter))
        });
        let mut begins = vec![0; projects + 1];
        for vote in &sorted {
            begins[vote.project as usize + 1] += 1;
        }
        for project in 0..projects {
            begins[project + 1] += begins[project];
        }
        let votes = sorted.into_iter().map(|vote| (vote.voter, vote.amount)).collect();
        Self { rule, voters, begins, votes }
    }

    /// Its rule.
    pub fn rule(&self) -> &Rule {
        &self.rule
    }

    /// How many projects there are.
    pub fn projects(&self) -> usize {
        self.begins.len() - 1
    }

    /// How many voters there are.
    pub fn voters(&self) -> usize {
        self.voters
    }

    /// Votes on a project as they were cast, by amount.
    pub fn votes(&self, project: usize) -> &[(u32, f64)] {
        &self.votes[self.begins[project]..self.begins[project + 1]]
    }

    /// Scores, ballots and money of each project in a scenario.
    pub fn evaluate(&self, scenario: &Scenario<'_>, scratch: &mut Scratch) {
        self.score(scenario, scratch);
        let quorum = scenario.quorum.unwrap_or(self.rule.quorum);
        scratch.order.clear();
        scratch.fell.clear();
        scratch.fell.resize(self.projects(), 0);
        scratch.paid.clear();
        scratch.paid.resize(self.projects(), 0.0);
        for (project, score) in (0_u32..).zip(&scratch.scores) {
            let enough = scratch.ballots[project as usize] >= quorum;
            if enough && *score >= self.rule.least_score && *score > 0.0 {
                scratch.order.push(project);
            } else {
                scratch.fell[project as usize] = 1;
            }
        }
        let Scratch { scores, order, .. } = scratch;
        order.sort_unstable_by(|a, b| {
            scores[*b as usize].total_cmp(&scores[*a as usize]).then(a.cmp(b))
        });
        match self.rule.factor {
            Some(factor) => ask(factor, scenario.pool, scratch),
            None => self.divide(scenario.pool, scratch),
        }
    }

    /// Scores and ballots of each project.
    pub fn score(&self, scenario: &Scenario<'_>, scratch: &mut Scratch) {
        scratch.scores.clear();
        scratch.ballots.clear();
        let everybody =
            if self.rule.absent_is_zero { self.everybody(scenario) } else { Mass::NONE };
        for project in 0..self.projects() {
            let votes = self.votes(project);
            let changed = scenario.changed.filter(|vote| vote.project as usize == project);
            let (score, ballots) = match changed {
                None => self.statistic(votes.iter().copied(), scenario, everybody),
                Some(new) => {
                    let others = move |vote: &&(u32, f64)| vote.0 != new.voter;
                    let lower = move |vote: &&(u32, f64)| vote.1 < new.amount;
                    let cast = (!new.amount.is_nan()).then_some((new.voter, new.amount));
                    let below = votes.iter().filter(others).filter(lower).copied();
                    let above = votes.iter().filter(others).filter(move |vote| !lower(vote));
                    self.statistic(below.chain(cast).chain(above.copied()), scenario, everybody)
                }
            };
            scratch.scores.push(score);
            scratch.ballots.push(ballots);
        }
    }

    /// The mass of all voters together.
    fn everybody(&self, scenario: &Scenario<'_>) -> Mass {
        let voters = 0..u32::try_from(self.voters).expect("numbers of voters have 32 bits");
        voters.fold(Mass::NONE, |sum, voter| sum.plus(Mass::of(voter, scenario)))
    }

    /// The score of votes in order of their amounts, and their number.
    fn statistic(
        &self,
        votes: impl Iterator<Item = (u32, f64)> + Clone,
        scenario: &Scenario<'_>,
        everybody: Mass,
    ) -> (f64, u32) {
        let (mut present, mut sum) = (Mass::NONE, 0.0);
        for (voter, amount) in votes.clone() {
            let mass = Mass::of(voter, scenario);
            present = present.plus(mass);
            sum += mass.number * amount;
        }
        let all = if self.rule.absent_is_zero { everybody } else { present };
        let score = match self.rule.statistic {
            _ if all.weight == 0 => 0.0,
            Statistic::Sum => sum,
            Statistic::Average => sum / all.number,
            Statistic::Median => {
                let absent = all.weight.saturating_sub(present.weight);
                let weighed = votes.map(|(voter, at)| (Mass::of(voter, scenario).weight, at));
                middle(weighed, absent, all.weight)
            }
        };
        (score, present.ballots)
    }

    /// Divides the pool among the open projects until nobody falls.
    fn divide(&self, pool: f64, scratch: &mut Scratch) {
        let limit = self.rule.cap * pool;
        for look in 1_u32.. {
            self.fill(pool, limit, scratch);
            let Scratch { paid, fell, order, .. } = scratch;
            // The order is that of the scores, so those below stand at the end.
            let small = |project: &u32| paid[*project as usize] < self.rule.minimum;
            let mut keep = order.partition_point(|project| !small(project));
            if keep == order.len() {
                return;
            }
            if self.rule.one_by_one {
                keep = order.len() - 1;
            }
            for project in order.drain(keep..) {
                paid[project as usize] = 0.0;
                fell[project as usize] = look;
            }
        }
    }

    /// From the highest down, each its share of what is left, up to the limit.
    fn fill(&self, pool: f64, limit: f64, scratch: &mut Scratch) {
        let Scratch { scores, paid, order, .. } = scratch;
        let (mut money, mut points): (f64, f64) =
            (pool, order.iter().rev().map(|project| scores[*project as usize]).sum());
        let mut factor = money / points;
        for project in &*order {
            let score = scores[*project as usize];
            let share = score * factor;
            paid[*project as usize] = share.min(limit);
            if share > limit && !self.rule.keep_overflow {
                money -= limit;
                points -= score;
                factor = if points > 0.0 { money / points } else { 0.0 };
            }
        }
    }
}

/// Pays each point, or what the pool has for it.
fn ask(factor: f64, pool: f64, scratch: &mut Scratch) {
    let Scratch { scores, paid, order, .. } = scratch;
    let asked: f64 = order.iter().rev().map(|project| scores[*project as usize] * factor).sum();
    let part = if asked > pool { pool / asked } else { 1.0 };
    for project in &*order {
        paid[*project as usize] = scores[*project as usize] * factor * part;
    }
}

/// How much voters count together.
#[derive(Clone, Copy, Debug)]
struct Mass {
    weight: u128,
    number: f64,
    ballots: u32,
}

impl Mass {
    const NONE: Self = Self { weight: 0, number: 0.0, ballots: 0 };

    #[inline]
    fn of(voter: u32, scenario: &Scenario<'_>) -> Self {
        let copies = scenario.copies.map_or(1, |copies| copies[voter as usize]);
        let times = f64::from(copies);
        match scenario.power {
            None => Self { weight: u128::from(copies), number: times, ballots: copies },
            Some(power) => {
                let weight = u128::from(power.weights[voter as usize]) * u128::from(copies);
                let number = power.numbers[voter as usize] * times;
                let ballots = if number > 0.0 { copies } else { 0 };
                Self { weight, number, ballots }
            }
        }
    }

    #[inline]
    fn plus(self, other: Self) -> Self {
        Self {
            weight: self.weight + other.weight,
            number: self.number + other.number,
            ballots: self.ballots + other.ballots,
        }
    }
}

/// The middle of votes in order of their amounts, after an `absent` weight of
/// zeros; `all` is the sum of all weights.
fn middle(votes: impl Iterator<Item = (u128, f64)>, absent: u128, all: u128) -> f64 {
    let mut reached = absent;
    let mut lower = (2 * reached == all).then_some(0.0);
    if 2 * reached > all {
        return 0.0;
    }
    for (weight, amount) in votes {
        if weight == 0 {
            continue;
        }
        if let Some(lower) = lower {
            return f64::midpoint(lower, amount);
        }
        reached += weight;
        if 2 * reached > all {
            return amount;
        }
        if 2 * reached == all {
            lower = Some(amount);
        }
    }
    lower.unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn vote(voter: u32, project: u32, amount: f64) -> Vote {
        Vote { voter, project, amount }
    }

    fn evaluate(rule: Rule, votes: &[Vote], scenario: &Scenario<'_>) -> Scratch {
        let projects = votes.iter().map(|vote| vote.project as usize + 1).max().unwrap_or(0);
        let voters = votes.iter().map(|vote| vote.voter as usize + 1).max().unwrap_or(0);
        let mut scratch = Scratch::default();
        Round::new(rule, voters, projects, votes).evaluate(scenario, &mut scratch);
        scratch
    }

    #[test]
    fn a_pencil_is_enough() {
        let votes = [vote(0, 0, 1.0), vote(1, 0, 4.0), vote(2, 0, 7.0), vote(0, 1, 6.0)];
        let scores = |statistic, absent_is_zero| {
            let rule = Rule { absent_is_zero, ..Rule::new(statistic) };
            evaluate(rule, &votes, &Scenario::of_pool(1.0)).scores
        };
        assert_eq!(scores(Statistic::Median, false), [4.0, 6.0]);
        assert_eq!(scores(Statistic::Average, false), [4.0, 6.0]);
        assert_eq!(scores(Statistic::Sum, false), [12.0, 6.0]);
        assert_eq!(scores(Statistic::Median, true), [4.0, 0.0]);
        assert_eq!(scores(Statistic::Average, true), [4.0, 2.0]);
        assert_eq!(scores(Statistic::Sum, true), [12.0, 6.0]);
    }

    #[test]
    fn whoever_falls_leaves_a_share_to_the_others() {
        // 50, 30, 12 and 8; without the last 54.3, 32.6 and 13.0.
        let votes: Vec<Vote> =
            (0..).zip([50.0, 30.0, 12.0, 8.0]).map(|(p, a)| vote(0, p, a)).collect();
        let rule = |one_by_one| Rule { minimum: 13.0, one_by_one, ..Rule::new(Statistic::Sum) };
        let scenario = Scenario::of_pool(100.0);
        let all = evaluate(rule(false), &votes, &scenario);
        assert_eq!(all.fell, [0, 0, 1, 1]);
        assert_eq!(all.paid, [62.5, 37.5, 0.0, 0.0]);
        let one = evaluate(rule(true), &votes, &scenario);
        assert_eq!(one.fell, [0, 0, 0, 1]);
    }

    #[test]
    fn a_vote_can_be_another() {
        let votes = [vote(0, 0, 1.0), vote(1, 0, 4.0), vote(2, 0, 7.0)];
        let median = |amount: f64| {
            let changed = Some(vote(1, 0, amount));
            let scenario = Scenario { changed, ..Scenario::of_pool(1.0) };
            evaluate(Rule::new(Statistic::Median), &votes, &scenario)
        };
        assert_eq!(median(5.0).scores, [5.0]);
        assert_eq!(median(9.0).scores, [7.0]);
        let abstains = median(f64::NAN);
        assert_eq!((abstains.scores, abstains.ballots), (vec![4.0], vec![2]));
    }

    #[test]
    fn power_counts_like_so_many_voters() {
        let votes = [vote(0, 0, 1.0), vote(1, 0, 4.0), vote(2, 0, 7.0)];
        let power = Power::new(vec![0.5, 1.0, 1.5]).unwrap();
        let scenario = Scenario { power: Some(&power), ..Scenario::of_pool(1.0) };
        let median = evaluate(Rule::new(Statistic::Median), &votes, &scenario);
        assert_eq!((median.scores[0], median.ballots[0]), (5.5, 3));
    }

    type Votes = Vec<(u8, u8, u32)>;

    fn votes() -> impl Strategy<Value = Votes> {
        prop::collection::btree_map((0_u8..6, 0_u8..5), 0_u32..9, 1..25)
            .prop_map(|votes| votes.into_iter().map(|((v, p), a)| (v, p, a)).collect())
    }

    /// Reference: every voter written out as often as drawn, sorted, and the
    /// whole looked at again for each fall.
    fn slow(rule: &Rule, votes: &Votes, copies: &[u32], pool: f64) -> Vec<f64> {
        let projects = votes.iter().map(|(_, p, _)| usize::from(*p) + 1).max().unwrap();
        let everybody: u32 = copies.iter().sum();
        let mut scores = Vec::new();
        for project in 0..projects {
            let mut list: Vec<f64> = Vec::new();
            for (voter, _, amount) in votes.iter().filter(|(_, p, _)| usize::from(*p) == project) {
                list.extend((0..copies[usize::from(*voter)]).map(|_| f64::from(*amount)));
            }
            let ballots = list.len();
            if rule.absent_is_zero {
                list.resize(everybody as usize, 0.0);
            }
            list.sort_by(f64::total_cmp);
            let (sum, count) = (list.iter().sum::<f64>(), list.len());
            let score = match rule.statistic {
                _ if count == 0 => 0.0,
                Statistic::Sum => sum,
                Statistic::Average => sum / count as f64,
                Statistic::Median => f64::midpoint(list[(count - 1) / 2], list[count / 2]),
            };
            let open = ballots >= rule.quorum as usize && score >= rule.least_score;
            scores.push(if open { score } else { 0.0 });
        }
        loop {
            let sum: f64 = scores.iter().sum();
            if sum == 0.0 {
                return scores;
            }
            let paid: Vec<f64> = scores.iter().map(|score| score / sum * pool).collect();
            let mut small: Vec<usize> =
                (0..projects).filter(|p| scores[*p] > 0.0 && paid[*p] < rule.minimum).collect();
            if small.is_empty() {
                return paid;
            }
            if rule.one_by_one {
                small.sort_by(|a, b| scores[*a].total_cmp(&scores[*b]).then(b.cmp(a)));
                small.truncate(1);
            }
            for project in small {
                scores[project] = 0.0;
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn agrees_with_voters_written_out(
            votes in votes(),
            copies in prop::collection::vec(0_u32..4, 6),
            statistic in prop::sample::select(vec![
                Statistic::Median, Statistic::Average, Statistic::Sum
            ]),
            absent_is_zero: bool,
            one_by_one: bool,
            quorum in 0_u32..4,
            minimum in prop::sample::select(vec![0.0, 9.1, 20.3, 33.7]),
        ) {
            let rule = Rule {
                absent_is_zero, one_by_one, quorum, minimum, least_score: 1.0,
                ..Rule::new(statistic)
            };
            let list: Vec<Vote> = votes
                .iter()
                .map(|(v, p, a)| vote(u32::from(*v), u32::from(*p), f64::from(*a)))
                .collect();
            let projects = list.iter().map(|vote| vote.project as usize + 1).max().unwrap();
            let round = Round::new(rule, 6, projects, &list);
            let mut scratch = Scratch::default();
            round.evaluate(
                &Scenario { copies: Some(&copies), ..Scenario::of_pool(100.0) },
                &mut scratch,
            );
            let slow = slow(&rule, &votes, &copies, 100.0);
            for (fast, slow) in scratch.paid.iter().zip(slow) {
                prop_assert!((fast - slow).abs() <= 1e-9, "{fast} {slow}");
            }
        }
    }
}
