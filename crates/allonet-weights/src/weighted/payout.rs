//! What everybody is paid when money flows through a network.
//!
//! # Formula
//!
//! ```text
//! x = s + Wᵀ diag(1 − o) x        what arrives at each node
//! payout_i = money · o_i x_i
//! ```
//!
//! The same as the mechanism `dependency` computes; loops are solved, not cut.
//! What arrives is a float; the money is divided once, by largest remainder in
//! the order of ids, and adds up exactly.

use allonet_core::absorbing::{AbsorbingError, Chain, solve};
use allonet_core::money::{self, Amount, ApportionError, MoneyError, Rounding};
use thiserror::Error;

use super::{WHOLE, WeightedGraph};

/// Money in a network, as parts of the whole.
#[derive(Debug, Clone, PartialEq)]
pub struct Flow {
    /// All that ever reaches each node, each round trip counted.
    pub inflow: Vec<f64>,
    /// What each node keeps; adds up to one.
    pub kept: Vec<f64>,
}

/// Why money could not be divided.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum PayoutError {
    /// Some money is never kept by anybody.
    #[error(transparent)]
    Flow(#[from] AbsorbingError),
    /// Nobody keeps anything: there is no source.
    #[error("nobody can be paid: {0}")]
    Nobody(#[from] ApportionError),
    /// The sum does not fit.
    #[error(transparent)]
    Money(#[from] MoneyError),
}

impl WeightedGraph {
    /// What reaches each node and what it keeps, as parts of all the money;
    /// a round trip counts each time.
    ///
    /// `entries` are the shares with which money enters, one for each node;
    /// they add up to one.
    pub fn flow(&self, entries: &[f64]) -> Result<Flow, AbsorbingError> {
        let part = |share: u64| share as f64 / WHOLE as f64;
        let mut probabilities = Vec::with_capacity(self.weights.len());
        for (node, &own) in (0_u32..).zip(&self.own_shares) {
            let passed = part(WHOLE - own);
            probabilities.extend(self.weights[self.range(node)].iter().map(|&w| passed * part(w)));
        }
        let exits: Vec<f64> =
            (0_u32..).take(self.nodes.len()).map(|node| part(self.keeps(node))).collect();
        let (offsets, targets) = (self.offsets.clone(), self.targets.clone());
        let chain = Chain { offsets, targets, probabilities, exits };
        let inflow = solve(&chain, entries)?;
        let kept = inflow.iter().zip(&chain.exits).map(|(arrived, own)| arrived * own).collect();
        Ok(Flow { inflow, kept })
    }

    /// The shares with which money enters, one for each node, adding up to one.
    pub fn entries(&self) -> Vec<f64> {
        let mut entries = vec![0.0; self.nodes.len()];
        for (node, share) in &self.sources {
            entries[*node as usize] = *share as f64 / WHOLE as f64;
        }
        entries
    }

    /// What each node keeps, as part of all money.
    pub fn kept(&self) -> Result<Vec<f64>, AbsorbingError> {
        Ok(self.flow(&self.entries())?.kept)
    }

    /// What each node is paid of some money; adds up to it exactly.
    pub fn payouts(&self, money: Amount) -> Result<Vec<Amount>, PayoutError> {
        let weights = money::weights_from_f64(&self.kept()?)?;
        Ok(money::apportion(money, &weights, Rounding::LargestRemainder)?.parts)
    }

    /// The own share; a node that can pass nothing on keeps everything.
    fn keeps(&self, node: u32) -> u64 {
        if self.range(node).is_empty() { WHOLE } else { self.own_shares[node as usize] }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::{EdgeKind, GraphBuilder};
    use crate::structural::{Settings, weigh};

    #[test]
    fn a_chain_and_a_circle_with_a_pencil() {
        // app → a ⇄ b; everybody but app keeps half of what arrives.
        let mut builder = GraphBuilder::default();
        let [app, a, b] = ["app", "a", "b"].map(|id| builder.list(id));
        builder.mark_root(app);
        for (from, to) in [(app, a), (a, b), (b, a)] {
            builder.edge(from, to, EdgeKind::Normal, None);
        }
        let network = weigh(&builder.finish(), &Settings::default()).expect("it has a root");
        // x_a = 1 + x_b / 2, x_b = x_a / 2: 4/3 and 2/3.
        let entries = network.entries();
        let inflow = network.flow(&entries).expect("a and b keep something").inflow;
        let ids: Vec<&str> = network.nodes().iter().map(String::as_str).collect();
        assert_eq!(ids, ["a", "app", "b"]);
        for (found, expected) in inflow.into_iter().zip([4.0 / 3.0, 1.0, 2.0 / 3.0]) {
            assert!((found - expected).abs() < 1e-15, "{found}");
        }
        let paid = network.payouts(Amount::from_base(301)).expect("there is a source");
        assert_eq!(paid, [201, 0, 100].map(Amount::from_base));
    }
}
