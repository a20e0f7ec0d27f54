//! Where each inference of an epoch stands, and each loss: the vector of Eq 12
//! and Eq 31.
//!
//! | position          | what                                                        |
//! |-------------------|-------------------------------------------------------------|
//! | [`NETWORK`]       | network inference                                           |
//! | [`NAIVE`]         | naive inference: without any forecast-implied inference      |
//! | [`inferences`]    | one for each inferer `j`                                     |
//! | [`implied`]       | forecast-implied, one for each forecaster `k`                |
//! | [`implied_without`] | forecast-implied of each `k` without inferer `j`; `j` major |
//! | [`one_outs`]      | network inference without worker `l`: inferers, forecasters  |
//! | [`one_ins`]       | naive inference with forecaster `k` alone                    |
//!
//! A *worker* `l` is an inferer (first) or a forecaster (after them).
//!
//! [`NETWORK`]: Layout::NETWORK
//! [`NAIVE`]: Layout::NAIVE
//! [`inferences`]: Layout::inferences
//! [`implied`]: Layout::implied
//! [`implied_without`]: Layout::implied_without
//! [`one_outs`]: Layout::one_outs
//! [`one_ins`]: Layout::one_ins

use std::ops::Range;

/// How many take part in an epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Workers who infer.
    pub inferers: usize,
    /// Workers who forecast losses.
    pub forecasters: usize,
}

impl Layout {
    /// Position of the network inference and its loss.
    pub const NETWORK: usize = 0;
    /// Position of the naive inference and its loss.
    pub const NAIVE: usize = 1;

    /// For so many inferers and forecasters.
    pub fn new(inferers: usize, forecasters: usize) -> Self {
        Self { inferers, forecasters }
    }

    /// Inferers and forecasters together.
    pub fn workers(self) -> usize {
        self.inferers + self.forecasters
    }

    /// How many positions there are.
    #[expect(clippy::len_without_is_empty, reason = "there are always the first two")]
    pub fn len(self) -> usize {
        self.one_ins().end
    }

    /// Positions of the inferers' own inferences.
    pub fn inferences(self) -> Range<usize> {
        2..2 + self.inferers
    }

    /// Positions of the forecast-implied inferences.
    pub fn implied(self) -> Range<usize> {
        let start = self.inferences().end;
        start..start + self.forecasters
    }

    /// Positions of inferences and forecast-implied inferences, side by side.
    pub fn workers_own(self) -> Range<usize> {
        self.inferences().start..self.implied().end
    }

    /// Positions of the forecast-implied inferences recomputed without an
    /// inferer: inferer by inferer, forecaster by forecaster.
    pub fn implied_without(self) -> Range<usize> {
        let start = self.implied().end;
        start..start + self.inferers * self.forecasters
    }

    /// The same for one inferer, by forecaster.
    pub fn implied_without_one(self, inferer: usize) -> Range<usize> {
        let start = self.implied().end + inferer * self.forecasters;
        start..start + self.forecasters
    }

    /// Positions of the one-out inferences, by worker.
    pub fn one_outs(self) -> Range<usize> {
        let start = self.implied_without().end;
        start..start + self.workers()
    }

    /// Positions of the one-in inferences, by forecaster.
    pub fn one_ins(self) -> Range<usize> {
        let start = self.one_outs().end;
        start..start + self.forecasters
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_inferers_and_three_forecasters_have_thirty_six_losses() {
        let layout = Layout::new(5, 3);
        assert_eq!(layout.len(), 36);
        assert_eq!(layout.implied_without_one(4).end, layout.one_outs().start);
        assert_eq!(layout.workers_own(), 2..10);
    }

    #[test]
    fn nobody_leaves_network_and_naive() {
        assert_eq!(Layout::new(0, 0).len(), 2);
    }
}
