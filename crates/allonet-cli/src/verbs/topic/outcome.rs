//! What came of a topic: who was how good, what it added, what it earned, and
//! whether the network was better than each of them.

use allonet_core::money::{Amount, MoneyError};
use allonet_topics::verdict::{Estimate, difference, rate};
use serde::Serialize;

use crate::ui::percent;

/// One epoch that was scored. Everybody of the topic file in its order:
/// inferers, forecasters, reputers; `NaN` where somebody took no part.
#[derive(Clone, Debug)]
pub(super) struct Epoch {
    pub(super) number: usize,
    pub(super) truth: f64,
    pub(super) network: f64,
    pub(super) naive: f64,
    /// Inferences of workers.
    pub(super) values: Vec<f64>,
    /// Percentiles of workers' inferences, increasing; empty where there are none.
    pub(super) interval: Vec<f64>,
    pub(super) network_loss: f64,
    pub(super) naive_loss: f64,
    /// Losses of workers.
    pub(super) losses: Vec<f64>,
    /// Losses of the network without each worker.
    pub(super) one_outs: Vec<f64>,
    pub(super) weights: Vec<f64>,
    /// Of everybody.
    pub(super) scores: Vec<f64>,
    pub(super) rewards: Vec<Amount>,
}

/// Somebody's part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Role {
    Inferer,
    Forecaster,
    Reputer,
}

impl Role {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Inferer => "inferer",
            Self::Forecaster => "forecaster",
            Self::Reputer => "reputer",
        }
    }
}

/// What came of a participant.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Participant {
    pub(super) id: String,
    pub(super) role: Role,
    /// Mean log10 loss of its own inferences; a forecaster's are those that its
    /// forecasts imply.
    pub(super) loss: Option<f64>,
    /// By mean loss, from 1, among all workers.
    pub(super) rank: Option<usize>,
    /// Mean weight in the network inference.
    pub(super) weight: Option<f64>,
    /// Mean score.
    pub(super) score: Option<f64>,
    /// How much greater the network's log10 loss is without it, on average.
    pub(super) contribution: Option<f64>,
    /// How often the network was nearer to the truth.
    pub(super) beaten: Option<Estimate>,
    /// Earned in all epochs, in base units.
    pub(super) reward: Amount,
}

/// Who had the least mean loss of its role, and what the network did against it.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Rival {
    pub(super) id: String,
    /// Network less rival, in log10 loss: below zero the network is better.
    pub(super) difference: Estimate,
}

/// What came of a topic.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Outcome {
    /// Epochs that count here.
    pub(super) epochs: usize,
    /// Epochs before them.
    pub(super) warm_up: usize,
    pub(super) network_loss: Option<f64>,
    pub(super) naive_loss: Option<f64>,
    pub(super) participants: Vec<Participant>,
    /// The best inferer in hindsight.
    pub(super) best_inferer: Option<Rival>,
    /// The best of the inferences that forecasters' forecasts imply.
    pub(super) best_forecaster: Option<Rival>,
    /// Network less naive.
    pub(super) against_naive: Option<Estimate>,
    /// How often the network was better than every worker in the same epoch.
    pub(super) beat_all: Estimate,
    /// All of it in a sentence.
    pub(super) verdict: String,
}

impl Outcome {
    /// Of the epochs from the warm-up on; rewards are those of all epochs.
    pub(super) fn of(
        epochs: &[Epoch],
        names: &[(String, Role)],
        warm_up: usize,
        seed: u64,
    ) -> Result<Self, MoneyError> {
        let counted: Vec<&Epoch> = epochs.iter().filter(|epoch| epoch.number >= warm_up).collect();
        let workers = names.iter().filter(|(_, role)| *role != Role::Reputer).count();
        let mut participants = Vec::new();
        for (at, (id, role)) in names.iter().enumerate() {
            participants.push(participant(at, id, *role, &counted, epochs)?);
        }
        let order = rank(&mut participants[..workers]);
        let rival = |role: Role| {
            let best = order.iter().copied().find(|at| participants[*at].role == role)?;
            let gaps = counted.iter().map(|epoch| epoch.network_loss - epoch.losses[best]);
            let difference = difference(&finite(gaps), seed)?;
            Some(Rival { id: participants[best].id.clone(), difference })
        };
        let (best_inferer, best_forecaster) = (rival(Role::Inferer), rival(Role::Forecaster));
        let gaps = counted.iter().map(|epoch| epoch.network_loss - epoch.naive_loss);
        let against_naive = difference(&finite(gaps), seed);
        let hits = counted.iter().filter(|epoch| beats_all(epoch)).count();
        let mut outcome = Self {
            epochs: counted.len(),
            warm_up,
            network_loss: mean(counted.iter().map(|epoch| epoch.network_loss)),
            naive_loss: mean(counted.iter().map(|epoch| epoch.naive_loss)),
            best_inferer,
            best_forecaster,
            participants,
            against_naive,
            beat_all: rate(hits, counted.len()),
            verdict: String::new(),
        };
        outcome.verdict = outcome.words();
        Ok(outcome)
    }

    /// The verdict in words.
    fn words(&self) -> String {
        let Some(inferer) = &self.best_inferer else {
            return "No epoch was scored, so that nothing can be said.".to_owned();
        };
        let mut words = inferer.words("every inferer", "the best inferer in hindsight");
        if let Some(forecaster) = &self.best_forecaster {
            words.push(' ');
            words += &forecaster.words("every forecaster", "the best forecaster in hindsight");
        }
        words
    }

    /// How often the network was the best of all, in words.
    pub(super) fn often(&self) -> String {
        let Estimate { value, low, high } = self.beat_all;
        format!(
            "In {} [{}, {}] of epochs it was nearer to the truth than every participant.",
            percent(value),
            percent(low),
            percent(high)
        )
    }

    /// What forecasts added, in words.
    pub(super) fn context(&self) -> String {
        let Some(gap) = self.against_naive else { return String::new() };
        let range = in_words(gap);
        if gap.high < 0.0 {
            format!("Forecasts helped: network less naive inference {range}.")
        } else if gap.low > 0.0 {
            format!("Forecasts did harm: network less naive inference {range}.")
        } else {
            format!("Whether forecasts helped cannot be told: network less naive {range}.")
        }
    }
}

impl Rival {
    /// What the network did against it, in words.
    fn words(&self, every: &str, best: &str) -> String {
        let (id, gap) = (&self.id, in_words(self.difference));
        if self.difference.high < 0.0 {
            format!("The network beat {every}: against {best}, {id}, {gap}.")
        } else if self.difference.low > 0.0 {
            format!("The network failed against {best}: {id} was better by itself, {gap}.")
        } else {
            format!("The network and {best}, {id}, cannot be told apart: {gap}.")
        }
    }
}

fn in_words(gap: Estimate) -> String {
    format!("{:+.3} [{:+.3}, {:+.3}] in log10 loss", gap.value, gap.low, gap.high)
}

fn participant(
    at: usize,
    id: &str,
    role: Role,
    counted: &[&Epoch],
    epochs: &[Epoch],
) -> Result<Participant, MoneyError> {
    let column = |of: fn(&Epoch) -> &[f64]| {
        mean(counted.iter().map(|epoch| of(epoch).get(at).copied().unwrap_or(f64::NAN)))
    };
    let gain = |epoch: &&Epoch| {
        epoch.one_outs.get(at).map_or(f64::NAN, |without| without - epoch.network_loss)
    };
    let loss = |epoch: &&Epoch| epoch.losses.get(at).copied().unwrap_or(f64::NAN);
    let met = finite(counted.iter().map(|epoch| epoch.network_loss - loss(epoch)));
    let won = met.iter().filter(|gap| **gap < 0.0).count();
    let rewards = epochs.iter().filter_map(|epoch| epoch.rewards.get(at).copied());
    Ok(Participant {
        id: id.to_owned(),
        role,
        loss: column(|epoch| &epoch.losses),
        rank: None,
        weight: column(|epoch| &epoch.weights).filter(|_| role != Role::Reputer),
        score: column(|epoch| &epoch.scores),
        contribution: mean(counted.iter().map(gain)),
        beaten: (!met.is_empty()).then(|| rate(won, met.len())),
        reward: Amount::sum(rewards, "rewards of a participant")?,
    })
}

/// Ranks workers by loss; gives their order, the best first.
fn rank(workers: &mut [Participant]) -> Vec<usize> {
    let loss = |at: &usize| workers[*at].loss.unwrap_or(f64::INFINITY);
    let mut order: Vec<usize> = (0..workers.len()).filter(|at| loss(at).is_finite()).collect();
    order.sort_by(|a, b| loss(a).total_cmp(&loss(b)).then(a.cmp(b)));
    for (place, at) in order.iter().enumerate() {
        workers[*at].rank = Some(place + 1);
    }
    order
}

fn beats_all(epoch: &Epoch) -> bool {
    epoch.losses.iter().all(|loss| loss.is_nan() || epoch.network_loss < *loss)
}

fn finite(values: impl Iterator<Item = f64>) -> Vec<f64> {
    values.filter(|value| value.is_finite()).collect()
}

/// The mean of what is finite, if anything is.
fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let values = finite(values);
    let count = values.len();
    (count > 0).then(|| allonet_core::maths::sum(values) / count as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two inferers and a reputer; the network half as far off as the better.
    fn epoch(number: usize, network: f64, losses: [f64; 2]) -> Epoch {
        Epoch {
            number,
            truth: 1.0,
            network: 1.0,
            naive: 1.0,
            values: vec![1.0; 2],
            interval: vec![1.0; 5],
            network_loss: network,
            naive_loss: network + 0.5,
            losses: losses.to_vec(),
            one_outs: losses.to_vec(),
            weights: vec![0.25, 0.75],
            scores: vec![1.0, 2.0, 3.0],
            rewards: vec![Amount::from_base(1), Amount::from_base(2), Amount::from_base(3)],
        }
    }

    fn outcome(epochs: &[Epoch]) -> Outcome {
        let names = [("a", Role::Inferer), ("b", Role::Inferer), ("m", Role::Reputer)];
        let names = names.map(|(id, role)| (id.to_owned(), role));
        Outcome::of(epochs, &names, 1, 1).unwrap()
    }

    #[test]
    fn by_hand() {
        let epochs = [
            epoch(0, 9.0, [-9.0, -9.0]),
            epoch(1, -2.0, [-1.0, -1.5]),
            epoch(2, -2.0, [-1.0, f64::NAN]),
        ];
        let found = outcome(&epochs);
        assert_eq!(found.epochs, 2);
        let best = found.best_inferer.as_ref().unwrap();
        assert_eq!((best.id.as_str(), best.difference.value), ("b", -0.5));
        assert_eq!(found.participants[1].beaten.map(|beaten| beaten.value), Some(1.0));
        assert_eq!(found.participants[0].rank, Some(2));
        assert_eq!(found.participants[0].contribution, Some(1.0));
        // Rewards are those of the warm-up too.
        assert_eq!(found.participants[2].reward, Amount::from_base(9));
        assert_eq!(found.participants[2].loss, None);
        assert!((found.beat_all.value - 1.0).abs() < 1e-15);
        assert!(found.verdict.starts_with("The network beat every inferer"), "{found:?}");
        assert!(found.context().starts_with("Forecasts helped"), "{}", found.context());
    }

    #[test]
    fn a_network_that_fails_is_told_so() {
        let epochs: Vec<Epoch> = (1..40).map(|at| epoch(at, -1.0, [-1.2, -0.5])).collect();
        let found = outcome(&epochs);
        assert!(
            found
                .verdict
                .starts_with("The network failed against the best inferer in hindsight: a was"),
            "{found:?}"
        );
        assert!(found.beat_all.value < 1e-15);
        assert!(outcome(&[]).verdict.starts_with("No epoch was scored"));
    }
}
