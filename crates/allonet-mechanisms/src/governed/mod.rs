//! Rules in which people decide event by event.

pub mod multisig;
