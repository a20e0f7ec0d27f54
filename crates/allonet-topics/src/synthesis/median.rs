//! The first epoch by medians: nobody is known to be better than another.
//!
//! # Formula
//!
//! Network and naive inference are the median of the inferences, the one-out of
//! an inferer that of the others, the one-out of a forecaster that of all. There
//! are no forecast-implied and no one-in inferences.
//!
//! # Sources
//!
//! The chain's rule for a topic whose inferers are all new.

use crate::layout::Layout;

/// Fills in all medians, where the inferences are there.
pub(super) fn fill(layout: Layout, values: &mut [f64]) {
    let inferers = layout.inferers;
    if inferers == 0 {
        return;
    }
    let mut sorted: Vec<(f64, usize)> =
        values[layout.inferences()].iter().copied().zip(0..).collect();
    sorted.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let all = median(inferers, |rank| sorted[rank].0);
    values[Layout::NETWORK] = all;
    values[Layout::NAIVE] = all;
    let one_outs = &mut values[layout.one_outs()];
    one_outs.fill(all);
    for (left_out, (_, inferer)) in sorted.iter().enumerate() {
        // Ranks from the one left out on are one less without it.
        let others = |rank: usize| sorted[rank + usize::from(rank >= left_out)].0;
        one_outs[*inferer] = median(inferers - 1, others);
    }
}

/// Median of so many, by rank; NaN of none.
fn median(count: usize, ranked: impl Fn(usize) -> f64) -> f64 {
    match (count, count % 2) {
        (0, _) => f64::NAN,
        (_, 1) => ranked(count / 2),
        _ => 0.5 * ranked(count / 2 - 1) + 0.5 * ranked(count / 2),
    }
}
