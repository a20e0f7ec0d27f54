//! Rules that live outside: any program that answers questions in JSON.

pub mod conformance;
pub mod external;
