//! Pass-through: hands everything on to one payee.
//!
//! Use it for a project or person who may forward money: with the network's
//! own `retain` share, the neuron keeps a part and passes on the rest.
//!
//! # Formula
//!
//! ```text
//! payout = money
//! ```
//!
//! # Units and rounding
//!
//! Base units of each asset; nothing is rounded. The `retain` share is taken
//! off by the network before this rule sees the money.
//!
//! # Limits
//!
//! None of its own.
//!
//! # Known weaknesses
//!
//! None: it decides nothing.
//!
//! # Sources
//!
//! * Drips, `Splits.sol`: what an account receives it may hand on, but for a
//!   share of its own.
//!
//! # Example
//!
//! ```
//! use allonet_core::money::Amount;
//! use allonet_mechanisms::trial::trial_of;
//!
//! let result = trial_of("pass-through").weights("to", &[("upstream", "1")]).run(1_000)?;
//! assert_eq!(result.paid("upstream"), Amount::from_base(1_000));
//! # Ok::<(), allonet_mechanisms::trial::NoTrial>(())
//! ```

use std::sync::Arc;

use allonet_core::card::{Absent, Card, Family, Kind, Setting, Source, Status};
use allonet_core::fault::Fault;
use allonet_core::mechanism::{Allocation, Blueprint, Mechanism, Outcome, Refusal, Turn};

// --- Card -------------------------------------------------------------------

/// What the rule says of itself.
pub static CARD: Card = Card {
    id: "pass-through",
    title: "Pass-through",
    family: Family::Flow,
    formula: "payout = money",
    status: Status::Preview { since: "0.1.0" },
    sources: &[Source {
        cite: "Drips, Splits.sol: an account hands on what it receives, but for its own share",
        url: "https://github.com/drips-network/contracts/blob/main/src/Splits.sol",
    }],
    settings: &[Setting {
        name: "to",
        kind: Kind::Weights,
        default: Absent::Required,
        doc: "The one payee who gets everything.",
    }],
    actions: &[],
    reads: &[],
    emits: &[],
};

// --- Settings ---------------------------------------------------------------

/// The rule and its payee.
#[derive(Debug)]
pub struct PassThrough {
    payee: [Arc<str>; 1],
}

/// Builds the rule from its settings.
pub fn build(blueprint: &Blueprint<'_>) -> Result<Box<dyn Mechanism>, Vec<Fault>> {
    match blueprint.settings.weights("to") {
        [(payee, _)] => Ok(Box::new(PassThrough { payee: [payee.value.as_str().into()] })),
        payees => Err(vec![not_one(blueprint, payees.len())]),
    }
}

// --- Signals ----------------------------------------------------------------

// It reads none and emits none.

// --- Refusals ---------------------------------------------------------------

fn not_one(blueprint: &Blueprint<'_>, found: usize) -> Fault {
    Fault::new("payees", format!("a pass-through has one payee, and `to` names {found}"))
        .at_some(blueprint.settings.place("to"))
        .help("write `to = \"name\"`, or use the mechanism `split` to divide")
}

// --- Rule -------------------------------------------------------------------

impl Mechanism for PassThrough {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn payees(&self) -> &[Arc<str>] {
        &self.payee
    }

    fn step(&self, _: &Turn<'_>, allocation: &mut Allocation<'_>) -> Result<Outcome, Refusal> {
        for (asset, amount) in allocation.left().clone().iter() {
            allocation.pay(0, asset, amount, Vec::new())?;
        }
        Ok(Outcome::default())
    }

    fn fixed_weights(&self) -> Option<Vec<u64>> {
        Some(vec![1])
    }
}

// --- Tests ------------------------------------------------------------------

#[cfg(test)]
mod tests {
    use allonet_core::mechanism::{Purse, State};
    use allonet_core::money::{Amount, Asset};
    use proptest::prelude::*;

    use crate::trial::{Trial, trial_of};

    fn to(payee: &str) -> Trial {
        trial_of("pass-through").weights("to", &[(payee, "1")])
    }

    // Worked examples.

    #[test]
    fn everything_goes_on() {
        let result = to("alice").run(7).unwrap();
        assert_eq!(result.paid("alice"), Amount::from_base(7));
        assert!(result.unspent.is_empty() && result.retained.is_empty());
        assert_eq!(to("alice").build().unwrap().fixed_weights(), Some(vec![1]));
    }

    #[test]
    fn nothing_comes_to_nothing() {
        assert_eq!(to("alice").run(0).unwrap().payouts, []);
    }

    // Refusals.

    #[test]
    fn two_payees_are_refused() {
        let trial = trial_of("pass-through").weights("to", &[("alice", "1"), ("bob", "1")]);
        assert_eq!(
            trial.build().unwrap_err().to_string(),
            "a pass-through has one payee, and `to` names 2 (write `to = \"name\"`, or use the \
             mechanism `split` to divide)"
        );
    }

    // Laws.

    proptest! {
        #[test]
        fn every_asset_goes_on_whole(a: u128, b: u128) {
            let mut trial = to("alice");
            trial.assets.push(Asset::new("ETH", 18));
            let inflow = Purse::new(vec![Amount::from_base(a), Amount::from_base(b)]);
            let rule = trial.build().unwrap();
            let result =
                trial.turn(&*rule, 0, &inflow, &inflow, &[], &State::empty()).unwrap();
            prop_assert_eq!(result.paid_in("alice", 0), Amount::from_base(a));
            prop_assert_eq!(result.paid_in("alice", 1), Amount::from_base(b));
        }
    }

    // Reference: `split` with one payee.

    #[test]
    fn it_is_a_split_with_one_payee() {
        let split = trial_of("split").weights("to", &[("alice", "1")]).run(41).unwrap();
        assert_eq!(split.paid("alice"), to("alice").run(41).unwrap().paid("alice"));
    }
}
