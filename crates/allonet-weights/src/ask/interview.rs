//! An interview with one juror: an input in, the next step out.
//!
//! First "which?", then, if wanted, "how much?". Contradictions with earlier
//! answers are told at once and any answer may be changed; the juror sees how
//! the weights move through its answers, and in the end what they decided.
//!
//! ```
//! use allonet_weights::ask::{Input, Interview, Settings, Step};
//! use allonet_weights::comparisons::Choice;
//!
//! let mut interview = Interview::new(3, None, vec![], Settings::default(), false).unwrap();
//! while let Step::Which { .. } = interview.step() {
//!     interview.give(Input::Choose(Choice::Left)).unwrap();
//! }
//! assert_eq!(interview.summary().answers, 3);
//! ```

use thiserror::Error;

use super::contradiction::completed_by;
use super::{Answer, AskError, Bucket, Contradiction, Question, Session, Settings, contradictions};
use crate::comparisons::{Choice, Comparisons};
use crate::statistics::total_variation;

/// What the juror is asked now.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Step {
    /// Which of two is worth more?
    Which {
        /// The two.
        question: Question,
        /// The place of the answer that this one will replace.
        instead_of: Option<usize>,
    },
    /// How many times more?
    HowMuch {
        /// The place of the answer that wants it.
        answer: usize,
    },
    /// Every pair was asked.
    Done,
}

/// What the juror says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Input {
    /// Which.
    Choose(Choice),
    /// How much.
    HowMuch(Bucket),
    /// Neither: another question, please.
    Skip,
    /// Takes the last answer or skip back and asks it again.
    Undo,
    /// Asks the question of the answer at this place again.
    Change(usize),
}

/// Why an input does not fit.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Refused {
    /// The question was another one.
    #[error("that does not answer the question")]
    NotAsked,
    /// Nothing was answered in this interview yet.
    #[error("there is nothing to take back")]
    NothingToUndo,
    /// There is no such answer.
    #[error("there is no answer {number}; there are {answers}")]
    NoSuchAnswer {
        /// The number, from one.
        number: usize,
        /// How many answers there are.
        answers: usize,
    },
}

/// How weights moved.
#[derive(Debug, Clone, PartialEq)]
pub struct Moved {
    /// Which part of the money goes elsewhere.
    pub total: f64,
    /// Item, weight before, weight after; those that moved most first, at most
    /// three.
    pub most: Vec<(usize, f64, f64)>,
}

/// What an input did.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Given {
    /// The place of the answer that is new or has changed.
    pub answer: Option<usize>,
    /// How it moved the weights.
    pub moved: Option<Moved>,
    /// What it contradicts.
    pub contradictions: Vec<Contradiction>,
}

/// What an interview came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// How many questions were answered.
    pub answers: usize,
    /// How many were skipped.
    pub skipped: usize,
    /// What does not fit together.
    pub contradictions: Vec<Contradiction>,
    /// Expected total-variation error of the weights before and after.
    pub error: (f64, f64),
    /// What all answers of the juror together moved.
    pub moved: Moved,
    /// Answers without which the weights would be most different, and by how
    /// much in total variation; at most three.
    pub decisive: Vec<(usize, f64)>,
}

/// An interview.
#[derive(Debug, Clone)]
pub struct Interview {
    /// What others said.
    base: Session,
    session: Session,
    answers: Vec<Answer>,
    /// Answers from earlier sittings: undo stops there.
    earlier: usize,
    skipped: Vec<(u32, u32)>,
    /// For each answer and skip of this sitting, whether it was an answer.
    history: Vec<bool>,
    how_much: bool,
    step: Step,
}

impl Interview {
    /// Begins, or goes on after the answers that the juror gave before. `known`
    /// is what others said, of the same items.
    ///
    /// # Errors
    ///
    /// Those of [`Session::new`].
    pub fn new(
        items: usize,
        known: Option<&Comparisons>,
        answers: Vec<Answer>,
        settings: Settings,
        how_much: bool,
    ) -> Result<Self, AskError> {
        let base = match known {
            Some(known) => Session::knowing(known, settings)?,
            None => Session::new(items, settings)?,
        };
        let mut interview = Self {
            session: base.clone(),
            base,
            earlier: answers.len(),
            answers,
            skipped: Vec::new(),
            history: Vec::new(),
            how_much,
            step: Step::Done,
        };
        interview.rebuild();
        interview.proceed();
        Ok(interview)
    }

    /// What the juror is asked now.
    pub fn step(&self) -> &Step {
        &self.step
    }

    /// All answers, those of earlier sittings first.
    pub fn answers(&self) -> &[Answer] {
        &self.answers
    }

    /// What is known now.
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// Takes what the juror says.
    ///
    /// # Errors
    ///
    /// An input that does not fit the step; nothing has changed then.
    pub fn give(&mut self, input: Input) -> Result<Given, Refused> {
        match (input, self.step) {
            (Input::Choose(choice), Step::Which { question, instead_of }) => {
                Ok(self.choose(question, choice, instead_of))
            }
            (Input::HowMuch(bucket), Step::HowMuch { answer }) => {
                self.answers[answer].intensity = Some(bucket.intensity());
                self.proceed();
                Ok(self.told(answer, None))
            }
            (Input::Skip, Step::HowMuch { answer }) => {
                self.proceed();
                Ok(Given { answer: Some(answer), ..Given::default() })
            }
            (Input::Skip, Step::Which { question, instead_of }) => {
                if instead_of.is_none() {
                    self.session.mark(question.left, question.right, false);
                    self.skipped.push((question.left, question.right));
                    self.history.push(false);
                }
                self.proceed();
                Ok(Given::default())
            }
            (Input::Undo, _) => self.undo(),
            (Input::Change(at), _) => self.change(at),
            _ => Err(Refused::NotAsked),
        }
    }

    fn choose(&mut self, question: Question, choice: Choice, instead_of: Option<usize>) -> Given {
        let before = self.session.weights();
        let answer = Answer { left: question.left, right: question.right, choice, intensity: None };
        let at = instead_of.unwrap_or(self.answers.len());
        if instead_of.is_some() {
            self.answers[at] = answer;
            self.rebuild();
        } else {
            self.answers.push(answer);
            self.history.push(true);
            self.session.answer(answer.left, answer.right, choice);
        }
        let moved = moved(&before, &self.session.weights());
        if self.how_much && choice != Choice::Tie {
            self.step = Step::HowMuch { answer: at };
        } else {
            self.proceed();
        }
        self.told(at, Some(moved))
    }

    fn undo(&mut self) -> Result<Given, Refused> {
        if let Step::Which { instead_of: Some(_), .. } = self.step {
            self.proceed();
            return Ok(Given::default());
        }
        if let Step::HowMuch { answer } = self.step
            && answer + 1 < self.answers.len()
        {
            // An answer in the middle was changed: which of the two after all?
            return self.change(answer);
        }
        let was_answer = self.history.pop().ok_or(Refused::NothingToUndo)?;
        let back = if was_answer {
            self.answers.pop().map(|answer| (answer.left, answer.right))
        } else {
            self.skipped.pop()
        };
        let (left, right) = back.expect("history counts answers and skips");
        self.rebuild();
        let question = self.session.shown(left, right, super::Reason::Repeats);
        self.step = Step::Which { question, instead_of: None };
        Ok(Given::default())
    }

    fn change(&mut self, at: usize) -> Result<Given, Refused> {
        let answers = self.answers.len();
        let none = Refused::NoSuchAnswer { number: at + 1, answers };
        let answer = self.answers.get(at).ok_or(none)?;
        let question = self.session.shown(answer.left, answer.right, super::Reason::Repeats);
        self.step = Step::Which { question, instead_of: Some(at) };
        Ok(Given::default())
    }

    /// What an answer contradicts, it being taken for the newest.
    fn told(&self, at: usize, moved: Option<Moved>) -> Given {
        let mut order: Vec<usize> = (0..self.answers.len()).filter(|other| *other != at).collect();
        order.push(at);
        let answers: Vec<Answer> = order.iter().map(|at| self.answers[*at]).collect();
        let contradictions =
            completed_by(&answers).into_iter().map(|found| found.renumbered(&order)).collect();
        Given { answer: Some(at), moved, contradictions }
    }

    /// Everything anew from what others said and the answers.
    fn rebuild(&mut self) {
        self.session = self.base.clone();
        for answer in &self.answers {
            self.session.mark(answer.left, answer.right, true);
        }
        for (left, right) in &self.skipped {
            self.session.mark(*left, *right, false);
        }
        let answers = self.answers.iter().map(|answer| (answer.left, answer.right, answer.choice));
        self.session.observe_all(answers);
    }

    fn proceed(&mut self) {
        let next = self.session.next();
        self.step = next.map_or(Step::Done, |question| Step::Which { question, instead_of: None });
    }

    /// What it has come to so far.
    pub fn summary(&self) -> Summary {
        let (mut base, mut session) = (self.base.clone(), self.session.clone());
        let mut decisive: Vec<(usize, f64)> = self
            .answers
            .iter()
            .map(|answer| session.influence(answer.left, answer.right, answer.choice))
            .enumerate()
            .collect();
        decisive.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        decisive.truncate(3);
        Summary {
            answers: self.answers.len(),
            skipped: self.skipped.len(),
            contradictions: contradictions(&self.answers),
            error: (base.expected_error(), session.expected_error()),
            moved: moved(&base.weights(), &session.weights()),
            decisive,
        }
    }

    /// How many answers were given before this sitting.
    pub fn earlier(&self) -> usize {
        self.earlier
    }
}

fn moved(before: &[f64], after: &[f64]) -> Moved {
    let mut most: Vec<(usize, f64, f64)> =
        before.iter().zip(after).enumerate().map(|(item, (a, b))| (item, *a, *b)).collect();
    most.sort_by(|x, y| (y.2 - y.1).abs().total_cmp(&(x.2 - x.1).abs()).then(x.0.cmp(&y.0)));
    most.truncate(3);
    Moved { total: total_variation(before, after), most }
}

#[cfg(test)]
mod tests {
    use super::*;
    use allonet_core::maths;

    fn begin(items: usize, how_much: bool) -> Interview {
        Interview::new(items, None, vec![], Settings::default(), how_much).unwrap()
    }

    /// Answers every question by place: the smaller is worth more.
    fn answer_by_place(interview: &mut Interview) -> Given {
        let Step::Which { question, .. } = *interview.step() else { panic!("a question") };
        let smaller_left = question.left < question.right;
        interview
            .give(Input::Choose(if smaller_left { Choice::Left } else { Choice::Right }))
            .unwrap()
    }

    #[test]
    fn all_pairs_then_a_summary() {
        let mut interview = begin(4, false);
        for _ in 0..6 {
            assert!(answer_by_place(&mut interview).contradictions.is_empty());
        }
        assert_eq!(*interview.step(), Step::Done);
        let summary = interview.summary();
        assert_eq!((summary.answers, summary.skipped), (6, 0));
        assert!(summary.error.1 < summary.error.0);
        assert!(summary.decisive.len() == 3 && summary.decisive[0].1 >= summary.decisive[2].1);
        let weights = interview.session().weights();
        assert!(weights.windows(2).all(|pair| pair[0] > pair[1]), "{weights:?}");
    }

    #[test]
    fn a_contradiction_is_told_and_can_be_changed() {
        let mut interview = begin(3, false);
        answer_by_place(&mut interview);
        answer_by_place(&mut interview);
        let Step::Which { question, .. } = *interview.step() else { panic!() };
        // The third pair: one of the two ways closes a circle or none does.
        let mut told = Vec::new();
        for choice in [Choice::Left, Choice::Right] {
            let mut copy = interview.clone();
            let given = copy.give(Input::Choose(choice)).unwrap();
            if let [Contradiction::Circle { answers }] = given.contradictions.as_slice() {
                assert_eq!(answers[0], 2);
                told.push(choice);
                copy.give(Input::Change(2)).unwrap();
                let other = if choice == Choice::Left { Choice::Right } else { Choice::Left };
                assert!(copy.give(Input::Choose(other)).unwrap().contradictions.is_empty());
                assert!(copy.summary().contradictions.is_empty());
                assert_eq!(copy.answers().len(), 3);
            }
        }
        let between = question.left.abs_diff(question.right) == 2;
        assert_eq!(told.len(), usize::from(between));
    }

    #[test]
    fn undo_is_as_if_it_had_not_been() {
        let mut interview = begin(5, true);
        answer_by_place(&mut interview);
        interview.give(Input::HowMuch(Bucket::Five)).unwrap();
        let (before, asked) = (interview.session().weights(), *interview.step());
        answer_by_place(&mut interview);
        assert_eq!(interview.give(Input::Choose(Choice::Tie)), Err(Refused::NotAsked));
        interview.give(Input::Skip).unwrap();
        interview.give(Input::Skip).unwrap();
        interview.give(Input::Undo).unwrap();
        interview.give(Input::Undo).unwrap();
        let (Step::Which { question, .. }, Step::Which { question: first, .. }) =
            (*interview.step(), asked)
        else {
            panic!()
        };
        assert_eq!((question.left, question.right), (first.left, first.right));
        let close = |(a, b): (&f64, f64)| (a - b).abs() < 1e-5;
        assert!(before.iter().zip(interview.session().weights()).all(close));
        interview.give(Input::Undo).unwrap();
        assert_eq!(interview.give(Input::Undo), Err(Refused::NothingToUndo));
        let none = interview.give(Input::Change(3)).unwrap_err();
        assert_eq!(none.to_string(), "there is no answer 4; there are 0");
    }

    #[test]
    fn an_interview_goes_on_where_it_was_left() {
        let mut interview = begin(6, false);
        for _ in 0..7 {
            answer_by_place(&mut interview);
        }
        let answers = interview.answers().to_vec();
        let again = Interview::new(6, None, answers, Settings::default(), false).unwrap();
        let pair = |step: &Step| match step {
            Step::Which { question, .. } => (question.left, question.right),
            _ => panic!("a question"),
        };
        assert_eq!(pair(again.step()), pair(interview.step()));
        assert_eq!(again.earlier(), 7);
    }

    #[test]
    fn undo_of_a_change_asks_which_again() {
        let mut interview = begin(5, true);
        for _ in 0..2 {
            answer_by_place(&mut interview);
            interview.give(Input::Skip).unwrap();
        }
        interview.give(Input::Change(0)).unwrap();
        interview.give(Input::Choose(Choice::Left)).unwrap();
        assert_eq!(*interview.step(), Step::HowMuch { answer: 0 });
        interview.give(Input::Undo).unwrap();
        assert!(matches!(interview.step(), Step::Which { instead_of: Some(0), .. }));
        interview.give(Input::Undo).unwrap();
        assert!(matches!(interview.step(), Step::Which { instead_of: None, .. }));
        assert_eq!(interview.answers().len(), 2);
    }

    #[test]
    fn how_much_is_counted_as_its_bucket() {
        let mut interview = begin(2, true);
        let given = answer_by_place(&mut interview);
        assert_eq!(*interview.step(), Step::HowMuch { answer: 0 });
        assert!(given.moved.unwrap().total > 0.0);
        interview.give(Input::HowMuch(Bucket::Thirty)).unwrap();
        assert_eq!(interview.answers()[0].intensity, Some(maths::ln(30.0)));
        assert_eq!(*interview.step(), Step::Done);
    }
}
