//! What a market design costs.
