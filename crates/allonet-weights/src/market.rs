//! Prediction markets as a source of weights: traders forecast what a jury will
//! say, prices are the forecast.
//!
//! Money moves here, so amounts are whole base units, always divided against
//! the trader, and every token is backed by collateral at all times. Prices are
//! floats: they are shown, and traders decide by them.
//!
//! | module | idea |
//! |---|---|
//! | [`complete_set`] | one unit of collateral is one token of each outcome |
//! | [`lmsr`], [`constant_product`], [`concentrated`] | whom traders trade with |
//! | [`log`], [`book`] | what happened, and the market that follows from it |
//! | [`payout`], [`conditional`], [`resolution`] | what tokens are paid, and who says so |
//! | [`weights`] | from prices to weights |
//! | [`strategy`] | from somebody's weights to orders |
//! | [`simulate`] | what a market design costs |

pub mod book;
pub mod complete_set;
pub mod concentrated;
pub mod conditional;
pub mod constant_product;
pub mod lmsr;
pub mod log;
pub mod payout;
pub mod resolution;
pub mod simulate;
pub mod strategy;
pub mod tick;
pub mod weights;

mod error;
mod fixed;
mod maker;

pub use book::Market;
pub use complete_set::Accounts;
pub use concentrated::Concentrated;
pub use constant_product::{ConstantProduct, Pair};
pub use error::MarketError;
pub use lmsr::Lmsr;
pub use log::{Action, Event, Log, Replay};
pub use maker::Maker;
pub use payout::Payout;
