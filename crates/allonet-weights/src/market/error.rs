//! Why a market refuses what it is asked.

use allonet_core::money::{Amount, ApportionError, MoneyError};
use thiserror::Error;

use crate::rules::FitError;

/// Why a market refuses what it is asked.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum MarketError {
    /// A market of fewer than two outcomes has nothing to forecast.
    #[error("a market has at least two outcomes, this one has {found}")]
    Outcomes {
        /// How many there are.
        found: usize,
    },
    /// An outcome is listed twice, or by a name that is taken.
    #[error("there is an outcome `{name}` already")]
    DoubleOutcome {
        /// Its name.
        name: String,
    },
    /// No such outcome.
    #[error("`{name}` is no outcome of this market")]
    UnknownOutcome {
        /// What was asked for.
        name: String,
        /// The nearest name.
        help: Option<String>,
    },
    /// Nothing is to be moved.
    #[error("{what} is zero")]
    Nothing {
        /// Which amount.
        what: &'static str,
    },
    /// An amount is too large for exact products.
    #[error("{what} is {found} base units; amounts are below 2^128")]
    TooLarge {
        /// Which amount.
        what: &'static str,
        /// What it is.
        found: Amount,
    },
    /// Somebody wants to give more than they hold.
    #[error("`{trader}` holds {held} of {what}, fewer than {asked}")]
    NotHeld {
        /// Who.
        trader: String,
        /// Of what.
        what: String,
        /// How much they hold.
        held: Amount,
        /// How much they were to give.
        asked: Amount,
    },
    /// A fee that leaves nothing.
    #[error("a fee of {found} ppm leaves nothing of a trade")]
    Fee {
        /// The fee in parts per million.
        found: u32,
    },
    /// There is nothing to trade against.
    #[error("{what} has no liquidity")]
    NoLiquidity {
        /// Which pool.
        what: String,
    },
    /// The pool cannot take all of it.
    #[error("the pool can take only {most} of {asked} base units")]
    Exhausted {
        /// What it can take.
        most: Amount,
        /// What it was to take.
        asked: Amount,
    },
    /// A pool would have to give away the last of what it must keep.
    #[error("the market maker holds too few `{outcome}` tokens to buy more complete sets back")]
    OutOfTokens {
        /// Of which outcome.
        outcome: String,
    },
    /// A trade is so small that rounding leaves nothing of it.
    #[error("{amount} base units are too few to trade: rounding leaves nothing")]
    TooSmall {
        /// What was given.
        amount: Amount,
    },
    /// The trader would get less than they said they would take.
    #[error("this trade gives {found}, fewer than the {least} asked for")]
    BelowLeast {
        /// What it gives.
        found: Amount,
        /// What was asked for.
        least: Amount,
    },
    /// A price outside zero to one.
    #[error("{found} is no price; a token's price lies between 0 and 1 unit of collateral")]
    Price {
        /// What it is.
        found: f64,
    },
    /// A range of ticks that is none.
    #[error("the ticks {lower} to {upper} are no range; they rise and lie from {least} to 0")]
    Ticks {
        /// The lower end.
        lower: i32,
        /// The upper end.
        upper: i32,
        /// The lowest allowed.
        least: i32,
    },
    /// Somebody has no such position.
    #[error("`{trader}` has no such liquidity in the pool")]
    NoPosition {
        /// Who.
        trader: String,
    },
    /// A row lacks what its action needs.
    #[error("`{action}` needs {field}")]
    Missing {
        /// The action.
        action: &'static str,
        /// Which field.
        field: &'static str,
    },
    /// This comes at the wrong time in a market's life.
    #[error("{what}")]
    Untimely {
        /// What is wrong with the time.
        what: String,
    },
    /// The bounds of a scalar market are not in order.
    #[error("the bounds {low} to {high} of a scalar market do not rise")]
    Bounds {
        /// The lower bound.
        low: u128,
        /// The upper bound.
        high: u128,
    },
    /// Answers do not fit the outcomes.
    #[error("{found} answers were given for {wanted} outcomes")]
    Answers {
        /// How many were given.
        found: usize,
        /// How many there are to give.
        wanted: usize,
    },
    /// A ruling without an author or a reason.
    #[error("a ruling names {what}")]
    Unexplained {
        /// What is missing.
        what: &'static str,
    },
    /// Something else that a setting must be.
    #[error("{what} is {found}; {wanted}")]
    Setting {
        /// Which setting.
        what: &'static str,
        /// What it is.
        found: f64,
        /// What is allowed.
        wanted: &'static str,
    },
    /// An amount does not fit.
    #[error(transparent)]
    Money(#[from] MoneyError),
    /// Payouts cannot be divided.
    #[error(transparent)]
    Apportion(#[from] ApportionError),
    /// The jury's comparisons give no weights.
    #[error(transparent)]
    Fit(#[from] FitError),
}

impl MarketError {
    /// What to try.
    pub fn help(&self) -> Option<String> {
        let help = match self {
            Self::UnknownOutcome { help, .. } => return help.clone(),
            Self::Fit(error) => return error.help(),
            Self::Outcomes { .. } => "list at least two before the market opens",
            Self::TooLarge { .. } => "use an asset of fewer decimals",
            Self::Fee { .. } => "a fee is below 1,000,000 ppm; 10,000 ppm are 1%",
            Self::NoLiquidity { .. } => "somebody has to add liquidity first",
            Self::Exhausted { .. } => "trade less, or add liquidity over a wider range of prices",
            Self::OutOfTokens { .. } => "merge complete sets rather than sell each of their tokens",
            Self::Ticks { .. } => "a price is 1.0001^tick; tick -23027 is a price of 0.1",
            Self::Unexplained { .. } => "write who rules in `trader` and why in `note`",
            _ => return None,
        };
        Some(help.to_owned())
    }
}
