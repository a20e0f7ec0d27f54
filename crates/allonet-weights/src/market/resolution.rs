//! Who says what is true: a jury, and whoever may overrule it for a while.
//!
//! # Formula
//!
//! Comparisons become weights by a [rule](crate::rules), and weights the
//! answers of a multi-scalar market. An outcome that was never compared has no
//! valid answer.
//!
//! The first ruling opens a window. Within it others may rule again; each
//! ruling keeps its author and reason. When the window is over, the last one
//! settles the market.
//!
//! # Known weaknesses
//!
//! * Few comparisons make noisy weights: a trader who knows the truth is paid
//!   by what the jury says it is.
//! * Whoever rules last decides; the record only shows who it was and why.

use allonet_core::money::weights_from_f64;
use serde::Serialize;

use super::{MarketError, Payout};
use crate::comparisons::Comparisons;
use crate::rules::{self, Parameters};

/// What somebody ruled, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Ruling {
    /// When, in seconds since 1970.
    pub time: i64,
    /// Who.
    pub author: String,
    /// Why.
    pub reason: String,
    /// The answer for each outcome, none where it is invalid.
    pub answers: Vec<Option<u128>>,
}

/// All rulings of a market, and how long they may be disputed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Docket {
    /// For how long after the first ruling others may overrule it, in
    /// seconds.
    pub window: i64,
    rulings: Vec<Ruling>,
}

/// The jury's answers for these outcomes, in their order.
pub fn answers_of_jury(
    comparisons: &Comparisons,
    outcomes: &[String],
    rule: &str,
    parameters: &Parameters,
) -> Result<Vec<Option<u128>>, MarketError> {
    let estimate = rules::fit(rule, comparisons, parameters)?;
    let mut compared = vec![false; comparisons.items().len()];
    for row in comparisons.rows() {
        compared[row.left as usize] = true;
        compared[row.right as usize] = true;
    }
    let weights = weights_from_f64(&estimate.weights())?;
    let answer = |name: &String| {
        let place = comparisons.item(name)? as usize;
        compared[place].then_some(weights[place])
    };
    Ok(outcomes.iter().map(answer).collect())
}

impl Docket {
    /// Rulings may be disputed for so many seconds.
    pub fn new(window: i64) -> Result<Self, MarketError> {
        if window < 0 {
            let what = "the dispute window";
            let wanted = "it lasts for zero seconds or more";
            return Err(MarketError::Setting { what, found: window as f64, wanted });
        }
        Ok(Self { window, rulings: Vec::new() })
    }

    /// All rulings, in their order.
    pub fn rulings(&self) -> &[Ruling] {
        &self.rulings
    }

    /// Whether anybody ruled.
    pub fn is_open(&self) -> bool {
        !self.rulings.is_empty()
    }

    /// When the window is over; none before the first ruling.
    pub fn ends(&self) -> Option<i64> {
        self.rulings.first().map(|first| first.time.saturating_add(self.window))
    }

    /// Rules, or overrules.
    pub fn rule(&mut self, ruling: Ruling) -> Result<(), MarketError> {
        if ruling.author.is_empty() {
            return Err(MarketError::Unexplained { what: "its author" });
        }
        if ruling.reason.is_empty() {
            return Err(MarketError::Unexplained { what: "its reason" });
        }
        if let Some(first) = self.rulings.first() {
            if first.answers.len() != ruling.answers.len() {
                let (found, wanted) = (ruling.answers.len(), first.answers.len());
                return Err(MarketError::Answers { found, wanted });
            }
            if self.ends().is_some_and(|ends| ruling.time > ends) {
                let what = "this ruling comes after the dispute window".to_owned();
                return Err(MarketError::Untimely { what });
            }
        }
        self.rulings.push(ruling);
        Ok(())
    }

    /// What the last ruling pays, once the window is over.
    pub fn payout(&self, now: i64) -> Result<Payout, MarketError> {
        let Some(last) = self.rulings.last() else {
            let what = "nobody has ruled how the market resolves".to_owned();
            return Err(MarketError::Untimely { what });
        };
        if self.ends().is_some_and(|ends| now < ends) {
            let what = "the ruling can still be disputed".to_owned();
            return Err(MarketError::Untimely { what });
        }
        Payout::multi_scalar(&last.answers)
    }
}

#[cfg(test)]
mod tests {
    use allonet_core::fault::SourceFile;

    use super::*;
    use crate::comparisons::Reading;

    fn ruling(time: i64, author: &str, answers: &[u128]) -> Ruling {
        let answers = answers.iter().map(|answer| Some(*answer)).collect();
        Ruling { time, author: author.into(), reason: "because".into(), answers }
    }

    #[test]
    fn a_jury_answers_by_its_weights() {
        // y is 2 x, z is 3 y: 1 : 2 : 6.
        let table = "a,b,winner,multiplier\nx,y,y,2\ny,z,z,3\n";
        let file = SourceFile::new("c.csv", table);
        let jury = Comparisons::read(&file, &Reading::default()).unwrap();
        let names = ["z", "never", "x", "y"].map(str::to_owned);
        let answers =
            answers_of_jury(&jury, &names, "least-squares", &Parameters::default()).unwrap();
        assert_eq!(answers[1], None);
        let parts = Payout::multi_scalar(&answers).unwrap().parts();
        let expected = [6.0 / 9.0, 0.0, 1.0 / 9.0, 2.0 / 9.0, 0.0];
        for (found, expected) in parts.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-12, "{parts:?}");
        }
        let unknown = answers_of_jury(&jury, &names, "no-rule", &Parameters::default());
        assert!(matches!(unknown, Err(MarketError::Fit(_))));
    }

    #[test]
    fn the_last_ruling_within_the_window_counts() {
        let mut docket = Docket::new(100).unwrap();
        assert!(matches!(docket.payout(0), Err(MarketError::Untimely { .. })));
        docket.rule(ruling(10, "jury", &[1, 3])).unwrap();
        assert!(matches!(docket.payout(109), Err(MarketError::Untimely { .. })));
        assert_eq!(docket.payout(110).unwrap().parts(), [0.25, 0.75, 0.0]);
        docket.rule(ruling(110, "council", &[1, 1])).unwrap();
        assert_eq!(docket.payout(110).unwrap().parts(), [0.5, 0.5, 0.0]);
        let late = docket.rule(ruling(111, "late", &[1, 0]));
        assert!(matches!(late, Err(MarketError::Untimely { .. })));
        assert_eq!(docket.rulings().len(), 2);
        assert!(matches!(
            docket.rule(ruling(50, "", &[1, 0])),
            Err(MarketError::Unexplained { .. })
        ));
        let silent = Ruling { reason: String::new(), ..ruling(50, "x", &[1, 0]) };
        assert!(matches!(docket.rule(silent), Err(MarketError::Unexplained { .. })));
        assert!(matches!(docket.rule(ruling(50, "x", &[1])), Err(MarketError::Answers { .. })));
        assert!(Docket::new(-1).is_err());
    }
}
