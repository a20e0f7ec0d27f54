//! Retroactive funding: rewards for what was done, by ballots or metrics.
//!
//! * `allocator`: Optimism's division under a cap and above a minimum, in floats.

mod allocator;
