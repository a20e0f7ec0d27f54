//! Money: whole base units of an asset, and the one place where weights become
//! amounts.

mod amount;
mod apportion;
mod asset;
mod decimal;
mod share;

pub use amount::{Amount, MoneyError};
pub(crate) use apportion::floor_from_f64;
pub use apportion::{
    ApportionError, Apportioned, Rounding, Weight, apportion, apportion_into, weights_from_f64,
};
pub use asset::Asset;
pub use decimal::{DecimalError, format_grouped, format_units, parse_units};
pub use share::{Share, ShareError};
