//! One mechanism of this catalogue alone: for examples, tests and notebooks.
//!
//! ```
//! use allonet_core::money::Amount;
//! use allonet_mechanisms::trial::trial_of;
//!
//! let trial = trial_of("split").weights("to", &[("alice", "70%"), ("bob", "30%")]);
//! let result = trial.run(1_000)?;
//! assert_eq!(result.paid("alice"), Amount::from_base(700));
//! # Ok::<(), allonet_mechanisms::trial::NoTrial>(())
//! ```

pub use allonet_core::trial::{NoTrial, Trial, TurnResult};

/// A mechanism of this catalogue by its id.
///
/// # Panics
///
/// If there is no such mechanism.
pub fn trial_of(mechanism: &str) -> Trial {
    Trial::of(crate::catalogue(), mechanism)
}

/// What each payee of a turn is paid, in their order.
#[cfg(test)]
pub(crate) fn paid(result: &TurnResult) -> Vec<u128> {
    result.payees.iter().map(|payee| result.paid(payee).to_u128().unwrap()).collect()
}

/// Why a trial does not run: its first fault, or the refusal.
#[cfg(test)]
pub(crate) fn refused(trial: &Trial) -> String {
    match trial.run(1).unwrap_err() {
        NoTrial::Faults(faults) => faults[0].to_string(),
        NoTrial::Refusal(refusal) => refusal.to_string(),
    }
}
