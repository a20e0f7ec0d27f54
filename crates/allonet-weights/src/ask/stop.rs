//! When another answer is not worth its cost.
//!
//! # Formula
//!
//! The best question takes `g` off the expected total-variation error of the
//! weights (see [`crate::ask`]). With so much money to divide, `g · money` is
//! the part that one answer is expected to put right; below the cost of asking,
//! stop. Or: stop when no 90 % interval of a weight,
//! `w (e^{1.645 sd} − e^{−1.645 sd})`, is wider than wanted.
//!
//! # Known weaknesses
//!
//! * A unit of money that goes to the wrong item is counted as lost in full.
//! * It looks one answer ahead: while islands are joined the gain of one
//!   answer is not known, and the advice is to go on.

use allonet_core::maths;

use super::{Criterion, Reason, Session};

/// The 95th percentile of the standard normal distribution.
const NORMAL_95: f64 = 1.644_853_626_951_472_2;

/// What another answer must be worth; without any, only a lack of questions ends
/// the asking.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Stopping {
    /// The money to divide and the cost of one answer, in the same unit.
    pub money_and_cost: Option<(f64, f64)>,
    /// The widest 90 % interval of a weight that is narrow enough, in shares.
    pub width: Option<f64>,
}

/// Whether to go on.
#[derive(Debug, Clone, PartialEq)]
pub struct Advice {
    /// Whether to stop.
    pub stop: bool,
    /// Expected total-variation error of the weights.
    pub error: f64,
    /// What one more answer is expected to take off it; none while items are
    /// on islands or where no question is left.
    pub gain: Option<f64>,
    /// The widest 90 % interval of a weight, and the place of its item.
    pub widest: (f64, usize),
    /// Why, in a sentence.
    pub sentence: String,
}

impl Stopping {
    /// What to do now.
    pub fn advice(&self, session: &Session) -> Advice {
        let mut session = session.clone();
        session.weigh_by(Criterion::TotalVariation);
        let deviations = session.log_deviations();
        let widths = session.weights().into_iter().zip(deviations).map(|(weight, deviation)| {
            let up = maths::exp((NORMAL_95 * deviation).min(700.0));
            (weight * up).min(1.0) - weight / up
        });
        let widest = widths.enumerate().fold((0.0, 0), |widest, (item, width)| {
            if width > widest.0 { (width, item) } else { widest }
        });
        let error = session.expected_error();
        let next = session.next().map(|question| question.reason);
        let gain = match next {
            Some(Reason::Informs(gain)) => Some(gain),
            _ => None,
        };
        let (stop, sentence) = match next {
            None => (true, "Every pair was asked: there is no question left.".to_owned()),
            Some(Reason::Joins) => {
                let islands = session.islands();
                let what = format!("Go on: no answer joins the {islands} islands of items yet.");
                (false, what)
            }
            _ => self.weigh(gain, error, widest.0),
        };
        Advice { stop, error, gain, widest, sentence }
    }

    fn weigh(&self, gain: Option<f64>, error: f64, widest: f64) -> (bool, String) {
        if let Some(width) = self.width
            && widest <= width
        {
            let (widest, width) = (100.0 * widest, 100.0 * width);
            let sentence = format!(
                "Stop: no weight's 90 % interval is wider than {widest:.1} percentage points, and \
                 {width:.1} are narrow enough."
            );
            return (true, sentence);
        }
        if let (Some((money, cost)), Some(gain)) = (self.money_and_cost, gain) {
            let worth = gain * money;
            let (stop, what, than) = if worth < cost {
                (true, "Stop", "less than its cost of")
            } else {
                (false, "Go on", "at least its cost of")
            };
            let sentence = format!(
                "{what}: one more answer is expected to put {worth:.2} of {money:.0} right, {than} \
                 {cost:.2}."
            );
            return (stop, sentence);
        }
        let (error, widest) = (100.0 * error, 100.0 * widest);
        let sentence = format!(
            "Go on: about {error:.1} % of the money would go elsewhere if all were known, and the \
             widest 90 % interval of a weight is {widest:.1} percentage points."
        );
        (false, sentence)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ask::Settings;
    use crate::comparisons::Choice;
    use crate::synthetic::Jury;

    fn after(answers: usize) -> Session {
        let comparisons = Jury { items: 10, ..Jury::default() }.draw(1).comparisons(answers);
        Session::knowing(&comparisons, Settings::default()).unwrap()
    }

    #[test]
    fn answers_become_less_worth_until_they_are_not() {
        let stopping = Stopping { money_and_cost: Some((100_000.0, 50.0)), width: None };
        let (early, late) = (stopping.advice(&after(40)), stopping.advice(&after(4_000)));
        assert!(!early.stop && early.sentence.starts_with("Go on: one more answer"), "{early:?}");
        assert!(late.stop && late.sentence.contains("less than its cost of 50.00"), "{late:?}");
        assert!(late.error < early.error && late.gain < early.gain);
        assert!(late.widest.0 < early.widest.0);
    }

    #[test]
    fn narrow_intervals_are_enough() {
        let stopping = Stopping { width: Some(0.2), ..Stopping::default() };
        assert!(!stopping.advice(&after(20)).stop);
        assert!(stopping.advice(&after(4_000)).stop);
    }

    #[test]
    fn islands_are_joined_whatever_it_costs() {
        let session = Session::new(3, Settings::default()).unwrap();
        let stopping = Stopping { money_and_cost: Some((1.0, 1e9)), width: Some(1.0) };
        let advice = stopping.advice(&session);
        assert!(!advice.stop && advice.sentence.contains("3 islands"), "{advice:?}");
        let mut session = Session::new(2, Settings::default()).unwrap();
        session.answer(0, 1, Choice::Left);
        let advice = stopping.advice(&session);
        assert!(advice.stop && advice.sentence.contains("no question left"));
    }

    #[test]
    fn the_interval_by_hand() {
        // Two items, nothing known, prior 0.5: sd(ln w) = 1, w = ½ (see the
        // covariance); ½ e^{1.645} is cut at one.
        let settings = Settings { prior: 0.5, ..Settings::default() };
        let advice = Stopping::default().advice(&Session::new(2, settings).unwrap());
        assert!((advice.widest.0 - (1.0 - 0.5 / maths::exp(NORMAL_95))).abs() < 1e-9);
        assert!((advice.error - 0.797_884_560_802_865_4 / 2.0).abs() < 1e-9);
    }

    #[test]
    fn the_promised_gain_comes_true_on_average() {
        // The expected error after one more answer, whichever way it goes.
        let session = after(60);
        let advice = Stopping::default().advice(&session);
        let mut next = session.clone();
        let question = next.next().unwrap();
        let error = |choice| {
            let mut session = session.clone();
            session.observe(question.left, question.right, choice);
            session.expected_error()
        };
        let chance = question.left_chance;
        let expected = chance * error(Choice::Left) + (1.0 - chance) * error(Choice::Right);
        let (promised, kept) = (advice.gain.unwrap(), advice.error - expected);
        assert!((promised - kept).abs() < 0.5 * promised, "{promised} {kept}");
    }
}
