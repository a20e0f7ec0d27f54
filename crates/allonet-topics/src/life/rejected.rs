//! Why a topic did not take an event.

use allonet_core::money::MoneyError;
use thiserror::Error;

use crate::stake::StakeError;

/// An event that a topic refused; nothing but the time has changed by it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct Rejected {
    /// Stable name of the kind of refusal.
    pub code: &'static str,
    /// What is wrong, with the value found.
    pub message: String,
    /// What is allowed and what to try.
    pub help: String,
}

impl Rejected {
    /// A refusal.
    pub(crate) fn new(
        code: &'static str,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Self {
        Self { code, message: message.into(), help: help.into() }
    }
}

impl From<StakeError> for Rejected {
    fn from(error: StakeError) -> Self {
        let (code, help) = match &error {
            StakeError::SelfDelegation { .. } => {
                ("self-delegation", "put in stake of your own with `stake`")
            }
            StakeError::TooLittle { .. } => ("too-little-stake", "ask for no more than there is"),
            StakeError::Pending { .. } => {
                ("already-unstaking", "wait until then, or `cancel-unstake` and ask again")
            }
            StakeError::NothingPending => ("nothing-to-cancel", "it has left, or was never asked"),
            StakeError::NothingDue => {
                ("nothing-due", "rewards are due once an epoch has been paid for")
            }
            StakeError::Zero => ("zero", "name an amount of 1 base unit or more"),
        };
        Self::new(code, error.to_string(), help)
    }
}

impl From<MoneyError> for Rejected {
    fn from(error: MoneyError) -> Self {
        Self::new("amount", error.to_string(), "amounts are whole base units, such as \"1000\"")
    }
}
