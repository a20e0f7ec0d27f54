//! Regrets: how much lower a worker's loss was than that of what it is part of.
//!
//! # Formula
//!
//! `R = α (L_whole − L_worker) + (1 − α) R_before` (Eq 15), for the network, the
//! naive, each one-out and each one-in inference. Where an inferer is left out,
//! the forecasters' losses are those of their inferences without it.
//!
//! # Limits
//!
//! A loss that is not given (NaN) leaves the regrets that need it as they are.
//! The first regret is smoothed from what a new worker starts with, 0 unless
//! set.
//!
//! # Sources
//!
//! Kruijssen et al. (2024), §3.1, Eq 13 and 15.

use rayon::prelude::*;

use crate::layout::Layout;
use crate::memory::Regrets;

/// With so many one-out regrets, threads are worth their while.
const PARALLEL: usize = 1 << 18;
/// Rows that a thread takes at once.
const ROWS: usize = 16;

impl Regrets {
    /// Takes in the network's losses of an epoch, in the order of the layout,
    /// with `alpha` of the newest; NaN is a loss that nobody reported.
    ///
    /// # Panics
    ///
    /// If losses or regrets are not those of the layout.
    ///
    /// ```
    /// # use allonet_topics::{layout::Layout, memory::Regrets};
    /// let layout = Layout::new(1, 0);
    /// let mut regrets = Regrets::even(layout, 0.0);
    /// // The network lost −1, the naive inference −1, the only inferer −3.
    /// regrets.update(layout, &[-1.0, -1.0, -3.0, f64::NAN], 0.5);
    /// assert_eq!(regrets.network, [1.0]);
    /// ```
    pub fn update(&mut self, layout: Layout, losses: &[f64], alpha: f64) {
        assert_eq!(losses.len(), layout.len(), "one loss for each place of the layout");
        self.check(layout);
        let (inferers, workers) = (layout.inferers, layout.workers());
        let own = &losses[layout.workers_own()];
        smooth(&mut self.network, losses[Layout::NETWORK], own, alpha);
        smooth(&mut self.naive, losses[Layout::NAIVE], &own[..inferers], alpha);
        let wholes = &losses[layout.one_outs()];
        let row = |(left_out, row): (usize, &mut [f64])| {
            let whole = wholes[left_out];
            if left_out < inferers {
                let (by_inferer, by_forecaster) = row.split_at_mut(inferers);
                let implied = &losses[layout.implied_without_one(left_out)];
                smooth(by_inferer, whole, &own[..inferers], alpha);
                smooth(by_forecaster, whole, implied, alpha);
            } else {
                smooth(row, whole, own, alpha);
            }
        };
        if workers * workers < PARALLEL {
            self.one_out.chunks_exact_mut(workers.max(1)).enumerate().for_each(row);
        } else {
            self.one_out.par_chunks_exact_mut(workers).with_min_len(ROWS).enumerate().for_each(row);
        }
        let one_ins = &losses[layout.one_ins()];
        let row = |(forecaster, row): (usize, &mut [f64])| {
            let (by_inferer, by_forecaster) = row.split_at_mut(inferers);
            let implied = &own[inferers + forecaster..][..1];
            smooth(by_inferer, one_ins[forecaster], &own[..inferers], alpha);
            smooth(by_forecaster, one_ins[forecaster], implied, alpha);
        };
        if self.one_in.len() < PARALLEL {
            self.one_in.chunks_exact_mut(inferers + 1).enumerate().for_each(row);
        } else {
            let rows = self.one_in.par_chunks_exact_mut(inferers + 1);
            rows.with_min_len(ROWS).enumerate().for_each(row);
        }
    }

    /// Breaks where the numbers of regrets are not those of the layout.
    pub(crate) fn check(&self, layout: Layout) {
        let workers = layout.workers();
        let sizes = [self.network.len(), self.naive.len(), self.one_out.len(), self.one_in.len()];
        let wanted = [
            workers,
            layout.inferers,
            workers * workers,
            layout.forecasters * (layout.inferers + 1),
        ];
        assert_eq!(sizes, wanted, "regrets: network, naive, one-out, one-in of this layout");
    }
}

/// Eq 15 for those that are part of one inference.
fn smooth(regrets: &mut [f64], whole: f64, losses: &[f64], alpha: f64) {
    let kept = 1.0 - alpha;
    for (regret, loss) in regrets.iter_mut().zip(losses) {
        let next = alpha * (whole - loss) + kept * *regret;
        *regret = if next.is_nan() { *regret } else { next };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worked_example() {
        // Two inferers, one forecaster. Losses in order: network 1, naive 2,
        // inferers 3 and 4, implied 5, implied without each 6 and 7, one-outs
        // 10, 20, 30, one-in 40.
        let layout = Layout::new(2, 1);
        let losses = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 10.0, 20.0, 30.0, 40.0];
        let mut regrets = Regrets::even(layout, 8.0);
        regrets.update(layout, &losses, 0.5);
        assert_eq!(regrets.network, [3.0, 2.5, 2.0]);
        assert_eq!(regrets.naive, [3.5, 3.0]);
        assert_eq!(regrets.one_out, [7.5, 7.0, 6.0, 12.5, 12.0, 10.5, 17.5, 17.0, 16.5]);
        assert_eq!(regrets.one_in, [22.5, 22.0, 21.5]);
    }

    #[test]
    fn what_nobody_reported_changes_nothing() {
        let layout = Layout::new(2, 1);
        let mut losses = [1.0; 11];
        losses[Layout::NETWORK] = f64::NAN;
        losses[3] = f64::NAN;
        let mut regrets = Regrets::even(layout, 8.0);
        regrets.update(layout, &losses, 0.5);
        assert_eq!(regrets.network, [8.0; 3]);
        assert_eq!(regrets.naive, [4.0, 8.0]);
    }

    #[test]
    fn threads_change_no_bit() {
        let layout = Layout::new(700, 20);
        let losses: Vec<f64> = (0..layout.len()).map(|place| (place % 97) as f64 * 0.1).collect();
        let update = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
            let mut regrets = Regrets::even(layout, 0.3);
            pool.expect("threads start").install(|| regrets.update(layout, &losses, 0.1));
            regrets
        };
        assert_eq!(update(1), update(2));
    }
}
