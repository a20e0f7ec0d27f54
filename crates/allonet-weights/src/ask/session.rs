//! Questions one after the other: what is known, what was asked, what comes next.

use std::collections::BTreeSet;

use super::covariance::{Covariance, MEAN_SIZE, chance_both};
use super::evidence::Evidence;
use super::lazy::Lazy;
use super::mode::{mode, strengths};
use super::{AskError, Criterion, Settings};
use crate::comparisons::{Choice, Comparisons};
use crate::connectivity::Forest;
use crate::estimate::{logistic, softmax};
use crate::random::Random;
use crate::statistics::total_variation;

/// Up to so many items, the covariance of all is made at once.
const AT_ONCE: usize = 300;
/// Up to so many items, it is made after the first answer.
const DENSE_MOST: usize = 3_000;
/// Log weights settle to this, far below what a single answer moves.
const SETTLED: f64 = 1e-6;

/// A question to ask.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Question {
    /// Place of the item to show first.
    pub left: u32,
    /// Place of the item to show second.
    pub right: u32,
    /// Why this one.
    pub reason: Reason,
    /// Probability that the left one is preferred, as far as is known.
    pub left_chance: f64,
}

/// Why a question is asked.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Reason {
    /// It joins items that no answer joins yet.
    Joins,
    /// It is the most informative; this is its gain by the criterion.
    Informs(f64),
    /// It was answered before: does the juror say the same again?
    Repeats,
}

/// What is known from answers, and which pairs were asked.
///
/// Equal calls give equal questions. An answer costs `O(n²)`; from time to time
/// log weights are fitted anew, as [`Session::refit`] does.
#[derive(Debug, Clone)]
pub struct Session {
    settings: Settings,
    evidence: Evidence,
    logs: Vec<f64>,
    covariance: Option<Covariance>,
    /// Items in random order: the way along which islands are joined.
    way: Vec<u32>,
    asked: BTreeSet<(u32, u32)>,
    /// Answered pairs that may be asked again, as they were shown.
    repeatable: Vec<(u32, u32)>,
    answers: usize,
    since_fit: usize,
}

impl Session {
    /// Nothing is known of so many items.
    ///
    /// # Errors
    ///
    /// Fewer than two items; a setting out of bounds.
    pub fn new(items: usize, settings: Settings) -> Result<Self, AskError> {
        settings.check(items)?;
        Ok(Self::from_evidence(Evidence::none(items), settings))
    }

    /// With what jurors said before. Their pairs may be asked again; see
    /// [`Session::mark`].
    ///
    /// # Errors
    ///
    /// Fewer than two items; a setting out of bounds.
    pub fn knowing(comparisons: &Comparisons, settings: Settings) -> Result<Self, AskError> {
        settings.check(comparisons.items().len())?;
        let mut session = Self::from_evidence(Evidence::of(comparisons), settings);
        session.refit();
        Ok(session)
    }

    fn from_evidence(evidence: Evidence, settings: Settings) -> Self {
        let items = evidence.items;
        let mut way: Vec<u32> = (0_u32..).take(items).collect();
        Random::new(settings.seed).shuffle(&mut way);
        Self {
            settings,
            evidence,
            logs: vec![0.0; items],
            covariance: None,
            way,
            asked: BTreeSet::new(),
            repeatable: Vec::new(),
            answers: 0,
            since_fit: 0,
        }
    }

    /// How many items there are.
    pub fn items(&self) -> usize {
        self.evidence.items
    }

    /// Log weights as far as they are known; they add up to about zero.
    pub fn log_weights(&self) -> &[f64] {
        &self.logs
    }

    /// Weights that add up to one.
    pub fn weights(&self) -> Vec<f64> {
        softmax(&self.logs)
    }

    /// On how many islands the items are that no answer joins.
    pub fn islands(&self) -> usize {
        self.evidence.islands().count()
    }

    /// Standard deviation of the logarithm of each weight. O(n³) the first time
    /// after a fit.
    pub fn log_deviations(&mut self) -> Vec<f64> {
        self.dense().log_variances().into_iter().map(f64::sqrt).collect()
    }

    /// The expected total-variation error of the weights, at most one: which
    /// part of the money would go elsewhere if all were known.
    pub fn expected_error(&mut self) -> f64 {
        let deviations = self.log_deviations();
        let sum: f64 = self.weights().iter().zip(deviations).map(|(w, sd)| w * sd).sum();
        (MEAN_SIZE / 2.0 * sum).min(1.0)
    }

    /// Says that the juror of this session was asked this pair: it is not asked
    /// again, except as a repeat.
    pub fn mark(&mut self, left: u32, right: u32, answered: bool) {
        let new = self.asked.insert((left.min(right), left.max(right)));
        if answered && new {
            self.repeatable.push((left, right));
        }
    }

    /// Takes an answer of the juror of this session.
    ///
    /// # Panics
    ///
    /// If an item is not there or compared with itself.
    pub fn answer(&mut self, left: u32, right: u32, choice: Choice) {
        assert!(left != right, "an item is not compared with itself");
        assert!(left.max(right) < place(self.items()), "both items are there");
        if self.asked.contains(&(left.min(right), left.max(right))) {
            self.repeatable.retain(|pair| *pair != (left, right) && *pair != (right, left));
        } else {
            self.mark(left, right, true);
        }
        self.observe(left, right, choice);
    }

    /// Takes an answer of somebody else.
    pub fn observe(&mut self, left: u32, right: u32, choice: Choice) {
        self.evidence.push(left, right, choice);
        self.answers += 1;
        self.since_fit += 1;
        let items = self.items();
        if self.since_fit >= (items * items / 20_000).max(1) {
            self.refit();
            return;
        }
        let (a, b) = (left as usize, right as usize);
        let left_won = f64::midpoint(1.0, -choice.sign());
        let surprise = left_won - logistic(self.logs[a] - self.logs[b]);
        if items <= DENSE_MOST {
            let direction = self.dense().observe(a, b);
            self.logs.iter_mut().zip(direction).for_each(|(log, step)| *log += surprise * step);
        }
    }

    /// Another criterion from here on.
    pub fn weigh_by(&mut self, criterion: Criterion) {
        if self.settings.criterion != criterion {
            self.settings.criterion = criterion;
            self.covariance = None;
        }
    }

    /// Takes many answers, of anybody, and fits once.
    pub fn observe_all(&mut self, answers: impl IntoIterator<Item = (u32, u32, Choice)>) {
        for (left, right, choice) in answers {
            self.evidence.push(left, right, choice);
            self.answers += 1;
        }
        self.refit();
    }

    /// Finds the most probable log weights anew.
    pub fn refit(&mut self) {
        self.logs = mode(&self.evidence, self.settings.prior, &self.logs, SETTLED);
        self.covariance = None;
        self.since_fit = 0;
    }

    fn dense(&mut self) -> &mut Covariance {
        let Settings { prior, criterion, .. } = self.settings;
        let (evidence, logs) = (&self.evidence, &self.logs);
        self.covariance.get_or_insert_with(|| Covariance::new(evidence, prior, logs, criterion))
    }

    /// How far, in total variation, weights would move without an answer that
    /// was taken; about, by one step.
    pub fn influence(&mut self, left: u32, right: u32, choice: Choice) -> f64 {
        let (a, b) = (left as usize, right as usize);
        let both = chance_both(&strengths(&self.logs), a, b);
        let left_won = f64::midpoint(1.0, -choice.sign());
        let surprise = left_won - logistic(self.logs[a] - self.logs[b]);
        let before = self.weights();
        // From C without the answer to C with it is one step; this is back.
        let direction = self.dense().direction(a, b);
        let held = (1.0 - both * (direction[a] - direction[b])).max(1e-3);
        let logs: Vec<f64> = self
            .logs
            .iter()
            .zip(&direction)
            .map(|(log, step)| log - surprise * step / held)
            .collect();
        total_variation(&before, &softmax(&logs))
    }

    /// The next question; none where every pair was asked.
    #[expect(clippy::should_implement_trait, reason = "without an answer it stays the same")]
    pub fn next(&mut self) -> Option<Question> {
        self.batch(1).pop()
    }

    /// Questions to be asked at once, the best first: fewer than wanted where
    /// items or pairs run out.
    pub fn batch(&mut self, count: usize) -> Vec<Question> {
        let mut batch = Batch::new(self, count);
        while batch.questions.len() < count {
            let found = batch.repeat(self).or_else(|| batch.join(self));
            let Some(question) = found.or_else(|| batch.inform(self)) else { break };
            batch.questions.push(question);
        }
        batch.questions
    }

    /// Both sides are as likely; a pair keeps its sides.
    fn question(&self, a: u32, b: u32, reason: Reason) -> Question {
        let pair = u64::from(a.min(b)) << 32 | u64::from(a.max(b));
        let swap = Random::part(self.settings.seed, pair).chance(0.5);
        let (left, right) = if swap { (b.max(a), a.min(b)) } else { (a.min(b), b.max(a)) };
        self.shown(left, right, reason)
    }

    pub(super) fn shown(&self, left: u32, right: u32, reason: Reason) -> Question {
        let gap = self.logs[left as usize] - self.logs[right as usize];
        Question { left, right, reason, left_chance: logistic(gap) }
    }
}

/// Questions that are being put together.
struct Batch {
    questions: Vec<Question>,
    taken: BTreeSet<(u32, u32)>,
    stands: Vec<usize>,
    islands: Forest,
    repeats: Vec<(u32, u32)>,
    guess: Option<Guess>,
}

/// What is expected to be known once the questions so far are answered.
enum Guess {
    Dense(Box<Covariance>),
    Lazy(Box<Lazy>),
}

impl Batch {
    fn new(session: &Session, count: usize) -> Self {
        Self {
            questions: Vec::with_capacity(count.min(session.items())),
            taken: session.asked.clone(),
            stands: vec![0; session.items()],
            islands: session.evidence.islands(),
            repeats: session.repeatable.clone(),
            guess: None,
        }
    }

    /// Asks an answered pair again, the oldest first, but not the last three.
    fn repeat(&mut self, session: &Session) -> Option<Question> {
        let number = (session.answers + self.questions.len()) as u64;
        let mut random = Random::part(session.settings.seed ^ 0x5EED, number);
        let wanted = self.repeats.len() > 3 && random.chance(session.settings.repeats);
        let may = |&(left, right): &(u32, u32)| {
            [left, right].iter().all(|item| self.may_stand(session, *item as usize))
        };
        let oldest = self.repeats.len().saturating_sub(3);
        let at = self.repeats[..oldest].iter().position(may).filter(|_| wanted)?;
        let (left, right) = self.repeats.remove(at);
        self.book(left, right);
        Some(session.shown(right, left, Reason::Repeats))
    }

    /// Joins two islands along the random way, at the smallest distance on it.
    fn join(&mut self, session: &Session) -> Option<Question> {
        if self.islands.count() == 1 {
            return None;
        }
        let way = &session.way;
        for distance in 1..way.len() {
            for (a, b) in way.iter().zip(&way[distance..]) {
                let apart = self.islands.root(*a) != self.islands.root(*b);
                if apart && self.may_ask(*a, *b) && self.both_may_stand(session, *a, *b) {
                    self.book(*a, *b);
                    return Some(session.question(*a, *b, Reason::Joins));
                }
            }
        }
        None
    }

    fn inform(&mut self, session: &mut Session) -> Option<Question> {
        let guess = match self.guess.take() {
            Some(guess) => guess,
            None => self.first_guess(session),
        };
        let best = {
            let stand = |item| self.may_stand(session, item);
            let ask = |a, b| self.may_ask(place(a), place(b));
            match &guess {
                Guess::Dense(dense) => dense.best(stand, ask),
                Guess::Lazy(lazy) => lazy.best(stand, ask),
            }
        };
        self.guess = Some(guess);
        let (a, b, gain) = best?;
        self.book(place(a), place(b));
        Some(session.question(place(a), place(b), Reason::Informs(gain)))
    }

    /// What is known, with the questions so far.
    fn first_guess(&self, session: &mut Session) -> Guess {
        let Settings { prior, criterion, .. } = session.settings;
        let items = session.items();
        let lazily = items > AT_ONCE && session.covariance.is_none() && session.answers == 0;
        let mut guess = if items > DENSE_MOST || lazily {
            Guess::Lazy(Box::new(Lazy::new(&session.evidence, prior, &session.logs, criterion)))
        } else {
            Guess::Dense(Box::new(session.dense().clone()))
        };
        for question in &self.questions {
            guess.expect(question.left as usize, question.right as usize);
        }
        guess
    }

    fn book(&mut self, a: u32, b: u32) {
        self.taken.insert((a.min(b), a.max(b)));
        self.islands.join(a, b);
        self.stands[a as usize] += 1;
        self.stands[b as usize] += 1;
        if let Some(guess) = &mut self.guess {
            guess.expect(a as usize, b as usize);
        }
    }

    fn may_ask(&self, a: u32, b: u32) -> bool {
        !self.taken.contains(&(a.min(b), a.max(b)))
    }

    fn may_stand(&self, session: &Session, item: usize) -> bool {
        self.stands[item] < session.settings.most_per_item
    }

    fn both_may_stand(&self, session: &Session, a: u32, b: u32) -> bool {
        self.may_stand(session, a as usize) && self.may_stand(session, b as usize)
    }
}

impl Guess {
    fn expect(&mut self, a: usize, b: usize) {
        match self {
            Self::Dense(dense) => drop(dense.observe(a, b)),
            Self::Lazy(lazy) => lazy.expect(a, b),
        }
    }
}

fn place(at: usize) -> u32 {
    u32::try_from(at).expect("fewer than 2^32 items")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synthetic::Jury;
    use proptest::prelude::*;

    #[test]
    fn the_first_questions_join_all_items() {
        let mut session = Session::new(30, Settings::default()).unwrap();
        let batch = session.batch(29);
        assert!(batch.iter().all(|question| question.reason == Reason::Joins));
        for question in &batch {
            session.answer(question.left, question.right, Choice::Left);
        }
        assert_eq!(session.islands(), 1);
        assert!(matches!(session.next().unwrap().reason, Reason::Informs(gain) if gain > 0.0));
    }

    #[test]
    fn a_skipped_bridge_is_built_elsewhere() {
        let mut session = Session::new(3, Settings::default()).unwrap();
        let first = session.next().unwrap();
        session.mark(first.left, first.right, false);
        let second = session.next().unwrap();
        assert_ne!(pair(&first), pair(&second));
        session.answer(second.left, second.right, Choice::Tie);
        let third = session.next().unwrap();
        assert_eq!(third.reason, Reason::Joins);
        session.answer(third.left, third.right, Choice::Tie);
        assert_eq!((session.islands(), session.next()), (1, None));
    }

    fn pair(question: &Question) -> (u32, u32) {
        (question.left.min(question.right), question.left.max(question.right))
    }

    #[test]
    fn one_answer_at_a_time_is_all_at_once() {
        let comparisons = Jury { items: 12, ..Jury::default() }.draw(2).comparisons(80);
        let mut session = Session::new(12, Settings::default()).unwrap();
        for row in comparisons.rows() {
            session.observe(row.left, row.right, row.choice);
        }
        let known = Session::knowing(&comparisons, Settings::default()).unwrap();
        for (one, all) in session.log_weights().iter().zip(known.log_weights()) {
            assert!((one - all).abs() < 1e-5, "{one} {all}");
        }
    }

    #[test]
    fn between_fits_the_steps_are_nearly_right() {
        // 400 items: eight answers between fits.
        let comparisons = Jury { items: 400, ..Jury::default() }.draw(2).comparisons(4_000);
        let rows: Vec<usize> = (0..3_995).collect();
        let mut session = Session::knowing(&comparisons.take(&rows), Settings::default()).unwrap();
        for row in comparisons.rows().skip(3_995) {
            session.observe(row.left, row.right, row.choice);
        }
        let stepped = session.log_weights().to_vec();
        session.refit();
        let furthest = stepped.iter().zip(session.log_weights()).map(|(a, b)| (a - b).abs());
        assert!(furthest.fold(0.0, f64::max) < 0.02);
    }

    #[test]
    fn repeats_are_asked_with_sides_exchanged_and_once() {
        let settings = Settings { repeats: 0.5, ..Settings::default() };
        let mut session = Session::new(10, settings).unwrap();
        let mut shown = Vec::new();
        let mut repeats = 0;
        for _ in 0..40 {
            let question = session.next().unwrap();
            if question.reason == Reason::Repeats {
                repeats += 1;
                assert!(shown.contains(&(question.right, question.left)));
            }
            assert!(!shown.contains(&(question.left, question.right)));
            shown.push((question.left, question.right));
            session.answer(question.left, question.right, Choice::Left);
        }
        assert!((8..=20).contains(&repeats), "{repeats}");
    }

    #[test]
    fn influence_is_what_leaving_out_does() {
        let comparisons = Jury { items: 8, ..Jury::default() }.draw(5).comparisons(60);
        let mut session = Session::knowing(&comparisons, Settings::default()).unwrap();
        for at in [0, 17, 44] {
            let row = comparisons.row(at);
            let rows: Vec<usize> = (0..60).filter(|other| *other != at).collect();
            let without = Session::knowing(&comparisons.take(&rows), Settings::default()).unwrap();
            let slow = total_variation(&session.weights(), &without.weights());
            let fast = session.influence(row.left, row.right, row.choice);
            assert!((fast - slow).abs() < 0.15 * slow + 1e-4, "{fast} {slow}");
        }
    }

    #[test]
    fn wrong_settings_are_refused() {
        let told = |settings| Session::new(5, settings).unwrap_err().to_string();
        assert!(told(Settings { prior: 0.0, ..Settings::default() }).contains("`prior` is 0"));
        assert!(told(Settings { repeats: 0.9, ..Settings::default() }).contains("`repeats`"));
        assert!(told(Settings { prior: f64::NAN, ..Settings::default() }).contains("NaN"));
        let few = Session::new(1, Settings::default()).unwrap_err();
        assert_eq!(few, AskError::TooFew { found: 1 });
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn batches_keep_their_promises(
            seed in 0_u64..1_000,
            items in 2_usize..14,
            answers in 0_usize..40,
            count in 1_usize..20,
            criterion in 0_usize..4,
        ) {
            let mut drawn = Jury { items, ..Jury::default() }.draw(seed);
            let comparisons = drawn.comparisons(answers);
            let settings =
                Settings { seed, criterion: Criterion::ALL[criterion].1, ..Settings::default() };
            let mut session = Session::knowing(&comparisons, settings).unwrap();
            let islands = session.islands();
            let batch = session.batch(count);
            prop_assert_eq!(&batch, &session.clone().batch(count));
            prop_assert!(batch.len() <= count && !batch.is_empty());
            let mut stands = vec![0; items];
            let mut pairs = BTreeSet::new();
            for question in &batch {
                prop_assert!(pairs.insert(pair(question)), "a pair twice");
                stands[question.left as usize] += 1;
                stands[question.right as usize] += 1;
            }
            prop_assert!(stands.iter().all(|stands| *stands <= 2));
            let joins = batch.iter().filter(|question| question.reason == Reason::Joins).count();
            prop_assert_eq!(joins, (islands - 1).min(count));
        }

        #[test]
        fn the_order_of_rows_and_sides_does_not_matter(seed in 0_u64..500) {
            let mut drawn = Jury { items: 9, ..Jury::default() }.draw(seed);
            let comparisons = drawn.comparisons(30);
            let mut builder = drawn.builder();
            for at in (0..30).rev() {
                let row = comparisons.row(at);
                let choice = match row.choice {
                    Choice::Left => Choice::Right,
                    Choice::Right => Choice::Left,
                    Choice::Tie => Choice::Tie,
                };
                builder.push(row.juror, (row.right, row.left), choice, None);
            }
            let mut one = Session::knowing(&comparisons, Settings::default()).unwrap();
            let mut two = Session::knowing(&builder.finish(), Settings::default()).unwrap();
            prop_assert_eq!(one.batch(5), two.batch(5));
        }
    }
}
