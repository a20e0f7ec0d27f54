//! The registry of scores: what each measures, which way is better, and what
//! it rewards.
//!
//! # Formula
//!
//! Each [`Metric`] carries its own; `p`, `t`, `x` and `c` are those of
//! [`super::pairs`].
//!
//! # Known weaknesses
//!
//! * The scores disagree, and none is *the* one: who chooses the score chooses
//!   the winner. Choose it before the answers are seen
//!   ([`super::hypotheses`]), or find out which one people mean
//!   ([`super::elicit`]).
//!
//! # Sources
//!
//! * Deep Funding, *weight allocation mechanism evals* (the first seven),
//!   `deepfunding/scoring` (pilot cost), the dependency level of GG24 (L3).

use allonet_core::fault::{Fault, did_you_mean};

use super::pairs::Sums;
use super::ranks;

/// Which way a score is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Better {
    /// Smaller is better.
    Lower,
    /// Larger is better.
    Higher,
}

/// What a score is taken of.
#[derive(Debug, Clone, Copy)]
pub enum Measures {
    /// Answers of jurors.
    Pairs(fn(&Sums) -> Option<f64>),
    /// Weights, and weights they are to be near to.
    Weights(fn(&[f64], &[f64]) -> Option<f64>),
    /// The same below each of several parents.
    Parents(fn(&[ranks::Parent]) -> Option<f64>),
}

/// A score.
#[derive(Debug, Clone, Copy)]
pub struct Metric {
    /// Its id, such as `brier`.
    pub id: &'static str,
    /// Its name.
    pub title: &'static str,
    /// Which way is better.
    pub better: Better,
    /// How it is computed.
    pub formula: &'static str,
    /// What a method gains by, in plain words.
    pub rewards: &'static str,
    /// What it is taken of.
    pub measures: Measures,
}

impl Metric {
    /// The score of sums over answers; none where it does not exist, or is not
    /// taken of answers.
    pub fn of_pairs(&self, sums: &Sums) -> Option<f64> {
        match self.measures {
            Measures::Pairs(score) => score(sums),
            Measures::Weights(_) | Measures::Parents(_) => None,
        }
    }

    /// The score of weights against others; none where it does not exist, or is
    /// not taken of weights. One set of weights is one parent.
    pub fn of_weights(&self, weights: &[f64], reference: &[f64]) -> Option<f64> {
        match self.measures {
            Measures::Pairs(_) => None,
            Measures::Weights(score) => score(weights, reference),
            Measures::Parents(score) => score(&[(weights.to_vec(), reference.to_vec())]),
        }
    }

    /// Whether it is taken of answers.
    pub fn is_of_pairs(&self) -> bool {
        matches!(self.measures, Measures::Pairs(_))
    }

    /// How much worse the first is than the second; negative where better.
    pub fn loss(&self, first: f64, second: f64) -> f64 {
        match self.better {
            Better::Lower => first - second,
            Better::Higher => second - first,
        }
    }
}

/// All scores: those of answers first.
pub fn metrics() -> &'static [Metric] {
    METRICS
}

/// The score of this id.
pub fn metric(id: &str) -> Result<&'static Metric, Fault> {
    METRICS.iter().find(|metric| metric.id == id).ok_or_else(|| {
        let mut fault = Fault::new("unknown-metric", format!("there is no score `{id}`"));
        fault.help = did_you_mean(id, METRICS.iter().map(|metric| metric.id));
        fault
    })
}

fn mean(sum: f64, count: f64) -> Option<f64> {
    (count > 0.0).then(|| sum / count)
}

static METRICS: &[Metric] = &[
    Metric {
        id: "brier",
        title: "Brier score",
        better: Better::Lower,
        formula: "mean (p − t)²",
        rewards: "being right about shares within a pair; extremes cost little",
        measures: Measures::Pairs(|sums| mean(sums.brier, sums.covered)),
    },
    Metric {
        id: "log-loss",
        title: "Logarithmic loss",
        better: Better::Lower,
        formula: "mean −t ln p − (1 − t) ln(1 − p)",
        rewards: "being right and never certain without cause",
        measures: Measures::Pairs(|sums| mean(sums.log_loss, sums.covered)),
    },
    Metric {
        id: "log-odds-rmse",
        title: "Error of log ratios",
        better: Better::Lower,
        formula: "√ mean (x − c)²",
        rewards: "ratios of the size jurors state; far-out weights cost most",
        measures: Measures::Pairs(|sums| {
            mean(sums.squared_log_ratio, sums.with_intensity).map(f64::sqrt)
        }),
    },
    Metric {
        id: "accuracy",
        title: "Accuracy",
        better: Better::Higher,
        formula: "part of answers with the same direction, ties ½",
        rewards: "the right order; how much more does not count",
        measures: Measures::Pairs(|sums| mean(sums.agreed, sums.covered)),
    },
    Metric {
        id: "coverage",
        title: "Coverage",
        better: Better::Higher,
        formula: "part of answers with w_a + w_b > 0",
        rewards: "giving something to at least one item of each pair",
        measures: Measures::Pairs(|sums| mean(sums.covered, sums.rows)),
    },
    Metric {
        id: "skill",
        title: "Skill",
        better: Better::Higher,
        formula: "1 − Brier / Brier of p = ½",
        rewards: "the same as the Brier score, beside an equal split",
        measures: Measures::Pairs(|sums| {
            (sums.brier_of_half > 0.0).then(|| 1.0 - sums.brier / sums.brier_of_half)
        }),
    },
    Metric {
        id: "pilot-cost",
        title: "Pilot cost",
        better: Better::Lower,
        formula: "mean (ln w_b − ln w_a − c)²",
        rewards: "the same as the error of log ratios; the pilot paid by it",
        measures: Measures::Pairs(|sums| mean(sums.squared_log_ratio, sums.with_intensity)),
    },
    Metric {
        id: "drift",
        title: "Total variation",
        better: Better::Lower,
        formula: "½ Σ |w − reference|",
        rewards: "sending the money where the reference does; the largest items count most",
        measures: Measures::Weights(ranks::total_variation),
    },
    Metric {
        id: "l1",
        title: "L1 distance",
        better: Better::Lower,
        formula: "Σ |w − reference|",
        rewards: "the same as total variation, doubled",
        measures: Measures::Weights(ranks::l1),
    },
    Metric {
        id: "l3",
        title: "Mean L1 over parents",
        better: Better::Lower,
        formula: "mean over parents of Σ |w − jury|",
        rewards: "the right large dependencies of every project alike",
        measures: Measures::Parents(ranks::mean_l1),
    },
    Metric {
        id: "kendall",
        title: "Kendall's tau",
        better: Better::Higher,
        formula: "τ_b of ranks",
        rewards: "the right order among all pairs of items alike",
        measures: Measures::Weights(ranks::kendall),
    },
    Metric {
        id: "spearman",
        title: "Spearman's rho",
        better: Better::Higher,
        formula: "correlation of ranks",
        rewards: "the right order; items far out of place cost most",
        measures: Measures::Weights(ranks::spearman),
    },
    Metric {
        id: "ndcg",
        title: "NDCG",
        better: Better::Higher,
        formula: "Σ reference / log₂(1 + rank), beside the best",
        rewards: "the most valuable items at the top",
        measures: Measures::Weights(ranks::ndcg),
    },
    Metric {
        id: "top-10",
        title: "Overlap of the top ten",
        better: Better::Higher,
        formula: "|top₁₀ ∩ reference's top₁₀| / 10",
        rewards: "the right ten, in any order",
        measures: Measures::Weights(|p, q| ranks::top_overlap(p, q, 10)),
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_score_has_its_own_id() {
        let mut ids: Vec<&str> = metrics().iter().map(|metric| metric.id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), metrics().len());
        let fault = metric("bier").unwrap_err();
        assert_eq!(fault.help.as_deref(), Some("did you mean `brier`?"));
    }

    #[test]
    fn nothing_judged_is_no_score() {
        for metric in metrics() {
            assert_eq!(metric.of_pairs(&Sums::default()), None);
            assert_eq!(metric.of_weights(&[], &[]), None);
        }
    }

    #[test]
    fn loss_is_above_zero_where_worse() {
        assert!(metric("brier").unwrap().loss(0.3, 0.2) > 0.0);
        assert!(metric("accuracy").unwrap().loss(0.3, 0.2) < 0.0);
    }
}
