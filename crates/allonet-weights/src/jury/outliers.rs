//! outliers
