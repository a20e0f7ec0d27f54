//! Which score a person means: from choices between two weight vectors.
//!
//! # Formula
//!
//! A person is shown two sets of weights beside a reference it trusts, and says
//! which is better, again and again. A score agrees with a choice if it ranks
//! the chosen one better; where it ranks them equal, by half. Each score's
//! agreement is a part of all choices. The best is named if it beats every
//! score that ever ranks differently by a sign test at the level asked for;
//! else all that cannot be told from it are named.
//!
//! # Known weaknesses
//!
//! * Two scores that never differ on what was shown cannot be told apart by it:
//!   show pairs on which they do ([`telling`]).
//! * A person may mean none of them: then the best agrees little
//!   ([`Elicited::agreement`]).
//!
//! # Sources
//!
//! * Hiranandani, Boodaghians, Mehta, Koyejo (2019), *Performance metric
//!   elicitation from pairwise classifier comparisons* (the question).

use allonet_core::maths;

use super::metrics::{Metric, metrics};

/// A choice between two sets of weights.
#[derive(Debug, Clone, PartialEq)]
pub struct Preference {
    /// What the person holds for the better one.
    pub better: Vec<f64>,
    /// The other one.
    pub worse: Vec<f64>,
}

/// What choices say of scores.
#[derive(Debug, Clone, PartialEq)]
pub struct Elicited {
    /// For each score of weights, its id and the part of choices it agrees with;
    /// the best first.
    pub agreement: Vec<(&'static str, f64)>,
    /// The scores that the person may mean: one if it can be told, several if
    /// not, none without choices.
    pub candidates: Vec<&'static str>,
}

impl Elicited {
    /// The score the person means, if it can be told.
    pub fn meant(&self) -> Option<&'static str> {
        match self.candidates.as_slice() {
            [one] => Some(one),
            _ => None,
        }
    }
}

/// Finds the score of weights that agrees best; `alpha` is the risk of naming
/// one by chance.
pub fn elicit(choices: &[Preference], reference: &[f64], alpha: f64) -> Elicited {
    // L1 and its mean over parents rank one set of weights as drift does.
    let scores: Vec<&Metric> = metrics()
        .iter()
        .filter(|metric| !metric.is_of_pairs() && !["l1", "l3"].contains(&metric.id))
        .collect();
    let agrees = |metric: &&Metric| -> Vec<f64> {
        choices.iter().map(|choice| agreement(metric, choice, reference)).collect()
    };
    let mut table: Vec<(&'static str, Vec<f64>)> =
        scores.iter().map(|metric| (metric.id, agrees(metric))).collect();
    let sum = |agreed: &[f64]| agreed.iter().sum::<f64>();
    table.sort_by(|a, b| sum(&b.1).total_cmp(&sum(&a.1)));
    let told_apart = |other: &[f64]| {
        let differing =
            table[0].1.iter().zip(other).filter(|(best, other)| best.total_cmp(other).is_ne());
        let (mut wins, mut losses) = (0, 0);
        differing.for_each(|(best, other)| if best > other { wins += 1 } else { losses += 1 });
        sign_test(wins, losses) <= alpha
    };
    let candidates = table.iter().enumerate();
    let candidates = candidates.filter(|(at, (_, agreed))| *at == 0 || !told_apart(agreed));
    Elicited {
        candidates: if choices.is_empty() {
            Vec::new()
        } else {
            candidates.map(|(_, (id, _))| *id).collect()
        },
        agreement: table
            .iter()
            .filter(|_| !choices.is_empty())
            .map(|(id, agreed)| (*id, sum(agreed) / choices.len() as f64))
            .collect(),
    }
}

/// In how many ways two scores of the registry rank these two differently: the
/// more, the more a choice between them tells.
pub fn telling(one: &[f64], other: &[f64], reference: &[f64]) -> usize {
    let choice = Preference { better: one.to_vec(), worse: other.to_vec() };
    let sides: Vec<f64> = metrics()
        .iter()
        .filter(|metric| !metric.is_of_pairs())
        .map(|metric| agreement(metric, &choice, reference))
        .collect();
    let (for_one, for_other) = sides.iter().fold((0, 0), |(one, other), side| {
        (one + usize::from(*side > 0.5), other + usize::from(*side < 0.5))
    });
    for_one * for_other
}

fn agreement(metric: &Metric, choice: &Preference, reference: &[f64]) -> f64 {
    let score = |weights: &[f64]| metric.of_weights(weights, reference);
    let loss = score(&choice.better).zip(score(&choice.worse)).map(|(a, b)| metric.loss(a, b));
    match loss {
        Some(loss) if loss < -1e-12 => 1.0,
        Some(loss) if loss > 1e-12 => 0.0,
        _ => 0.5,
    }
}

/// Probability of at least so many wins by tossing a coin.
fn sign_test(wins: u32, losses: u32) -> f64 {
    let count = wins + losses;
    // ln of C(n, k) / 2^n: many choices would underflow.
    let mut log_term = f64::from(count) * maths::ln(0.5);
    let mut tail = 0.0;
    for heads in 0..=count {
        if heads >= wins {
            tail += maths::exp(log_term);
        }
        if heads < count {
            log_term += maths::ln(f64::from(count - heads) / f64::from(heads + 1));
        }
    }
    tail.min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::baselines::random;
    use crate::evaluate::metrics::metric;
    use crate::random::Random;

    #[test]
    fn the_sign_test_by_hand() {
        assert!((sign_test(3, 0) - 0.125).abs() < 1e-15);
        assert!((sign_test(2, 1) - 0.5).abs() < 1e-15);
        assert!((sign_test(0, 0) - 1.0).abs() < 1e-15);
        assert!((sign_test(1_000, 1_000) - 0.5).abs() < 0.02);
    }

    #[test]
    fn a_planted_score_is_recovered() {
        for id in ["drift", "kendall", "ndcg", "top-10"] {
            let planted = metric(id).unwrap();
            let mut stream = Random::new(11);
            let reference = random(25, &mut stream);
            let mut choices = Vec::new();
            while choices.len() < 150 {
                let (a, b) = (random(25, &mut stream), random(25, &mut stream));
                let loss = planted
                    .of_weights(&a, &reference)
                    .zip(planted.of_weights(&b, &reference))
                    .map(|(a, b)| planted.loss(a, b));
                match loss {
                    Some(loss) if loss.abs() < 1e-9 || telling(&a, &b, &reference) == 0 => {}
                    Some(loss) if loss < 0.0 => choices.push(Preference { better: a, worse: b }),
                    _ => choices.push(Preference { better: b, worse: a }),
                }
            }
            let found = elicit(&choices, &reference, 0.05);
            assert_eq!(found.meant(), Some(id), "{found:?}");
            assert!((found.agreement[0].1 - 1.0).abs() < 1e-12);
        }
    }

    #[test]
    fn a_coin_is_not_taken_for_a_meaning() {
        let mut stream = Random::new(5);
        let reference = random(25, &mut stream);
        let choices: Vec<Preference> = (0..6)
            .map(|_| Preference { better: random(25, &mut stream), worse: random(25, &mut stream) })
            .collect();
        assert_eq!(elicit(&choices, &reference, 0.01).meant(), None);
        let none = elicit(&[], &reference, 0.05);
        assert!(none.candidates.is_empty() && none.agreement.is_empty());
    }
}
