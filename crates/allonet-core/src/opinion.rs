//! What the signals behind a payment say of its payee, and why.

use std::collections::BTreeSet;

use crate::engine::Run;
use crate::maths;
use crate::network::Network;
use crate::signal::SignalData;

/// What one neuron says of an id.
#[derive(Clone, Debug, PartialEq)]
pub struct Opinion {
    /// Index of the neuron.
    pub from: u32,
    /// When it said so.
    pub epoch: u32,
    /// The signal that names the id; none for reasons without a signal.
    pub signal: Option<Said>,
    /// Why, for people: one line each.
    pub reasons: Vec<String>,
}

/// A score that a signal gives an id.
#[derive(Clone, Debug, PartialEq)]
pub struct Said {
    /// Name of the signal on the emitter's card.
    pub name: String,
    /// The score.
    pub score: f64,
    /// Its part of all scores of this signal, if their sum is above zero.
    pub share: Option<f64>,
}

/// What a payer and all neurons whose signals reach it, directly or through
/// others, say of `id`: the payer first, then nearest first.
///
/// The payer's own signal repeats what it pays, and is told only with reasons.
/// A signal counts in the epoch in which it was said, `delay` epochs before it
/// was heard. Neurons that say nothing of the id are left out.
pub fn opinions(network: &Network, run: &Run, payer: u32, id: &str, epoch: u32) -> Vec<Opinion> {
    let mut found = Vec::new();
    let mut seen = BTreeSet::from([(payer, epoch)]);
    let mut front = vec![(payer, epoch)];
    while !front.is_empty() {
        let told = front.iter().filter_map(|(node, epoch)| opinion(run, *node, id, *epoch));
        found.extend(told.filter(|told| told.from != payer || !told.reasons.is_empty()));
        let mut next = Vec::new();
        for (reader, heard) in front {
            for edge in network.signals().iter().filter(|edge| edge.to == reader) {
                let Some(said) = heard.checked_sub(edge.delay) else { continue };
                if seen.insert((edge.from, said)) {
                    next.push((edge.from, said));
                }
            }
        }
        front = next;
    }
    found
}

fn opinion(run: &Run, node: u32, id: &str, epoch: u32) -> Option<Opinion> {
    let record = run.records.iter().find(|record| record.epoch == epoch)?;
    let rule = record.rule(node)?;
    let said = rule.signals.iter().find_map(|(name, data)| match data {
        SignalData::Scores(scores) => scores.get(id).map(|score| {
            let sum = maths::sum(scores.values().copied());
            let share = (sum > 0.0).then(|| score / sum);
            Said { name: name.clone(), score: *score, share }
        }),
        SignalData::Number(_) => None,
    });
    let reasons = rule.reasons.get(id).cloned().unwrap_or_default();
    (said.is_some() || !reasons.is_empty()).then_some(Opinion {
        from: node,
        epoch,
        signal: said,
        reasons,
    })
}
