//! Weights that are settled when a neuron is built: what it then does in every
//! turn.

use std::sync::Arc;

use allonet_core::exhibit::Exhibit;
use allonet_core::fault::Fault;
use allonet_core::mechanism::{Allocation, Outcome, Refusal, Turn};
use allonet_core::network::id_problem;
use allonet_core::paying::{Terms, shares};

/// Weights of payees, and what is said of them.
#[derive(Debug)]
pub(super) struct Settled {
    pub(super) payees: Vec<Arc<str>>,
    pub(super) weights: Vec<f64>,
    pub(super) terms: Terms,
    /// Why each payee has its weight.
    pub(super) notes: Vec<String>,
    pub(super) remarks: Vec<String>,
    pub(super) exhibits: Vec<Exhibit>,
}

impl Settled {
    /// Pays by the weights, tells them, and shows what speaks for them.
    pub(super) fn step(
        &self,
        turn: &Turn<'_>,
        allocation: &mut Allocation<'_>,
    ) -> Result<Outcome, Refusal> {
        // They never change: said once, not in every epoch.
        let mut remarks = if turn.epoch == 0 { self.remarks.clone() } else { Vec::new() };
        let why = |at: usize| format!("weight {:.4}; {}", self.weights[at], self.notes[at]);
        remarks.extend(self.terms.pay(turn, allocation, &self.weights, why)?);
        let named = self.payees.iter().zip(&self.notes);
        Ok(Outcome {
            signals: vec![("weights", shares(&self.payees, &self.weights))],
            reasons: named.map(|(name, note)| (name.to_string(), vec![note.clone()])).collect(),
            exhibits: self.exhibits.clone(),
            remarks,
            ..Outcome::default()
        })
    }
}

/// Names as payees; a fault for each that cannot be one.
pub(super) fn payable(names: &[String]) -> Result<Vec<Arc<str>>, Vec<Fault>> {
    let bad = |name: &String| {
        let problem = id_problem(name)?;
        Some(Fault::new("bad-name", format!("`{name}` cannot be paid: {problem}")))
    };
    let faults: Vec<Fault> = names.iter().filter_map(bad).collect();
    if !faults.is_empty() {
        return Err(faults);
    }
    Ok(names.iter().map(|name| name.as_str().into()).collect())
}
