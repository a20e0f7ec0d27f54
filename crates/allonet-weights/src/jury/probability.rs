//! probability
