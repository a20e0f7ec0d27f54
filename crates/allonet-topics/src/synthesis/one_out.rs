//! One-out and one-in inferences: without one worker, and naive with one
//! forecaster.
//!
//! # Formula
//!
//! The weighted mean of all workers but one, by the row of regrets of the one
//! left out, and the spread of the others' regrets in it. Where an inferer is
//! left out, forecasters stand with their inferences made without it. The
//! one-in inference of a forecaster is that of all inferers and it, by the
//! regrets of its row.
//!
//! # Limits
//!
//! Each of a forecaster without a forecast-implied inference is NaN.
#![expect(clippy::inline_always, reason = "what is not inlined is compiled without vectors")]

use pulp::{Arch, NullaryFnOnce};
use rayon::prelude::*;

use super::combine::{Part, Row, Rule};
use crate::layout::Layout;
use crate::memory::Regrets;

/// With so many regrets, threads are worth their while.
const PARALLEL: usize = 1 << 16;
/// Rows that are worked on at once.
const ROWS: usize = 8;

/// Fills in the one-outs and the one-ins, where all others are there.
pub(super) fn fill(
    rule: &Rule,
    layout: Layout,
    regrets: &Regrets,
    values: &mut [f64],
    row: &mut Row,
) {
    let (there, secondary) = values.split_at_mut(layout.one_outs().start);
    let (outs, ins) = secondary.split_at_mut(layout.workers());
    each(outs, layout.workers(), row, |row, first, means| {
        let regrets = &regrets.one_out;
        Arch::new().dispatch(OneOuts { rule, layout, regrets, there, row, first, means });
    });
    each(ins, layout.inferers + 1, row, |row, first, means| {
        let regrets = &regrets.one_in;
        Arch::new().dispatch(OneIns { rule, layout, regrets, there, row, first, means });
    });
}

/// Fills in some means, each of so many workers; in parallel if there are many.
fn each(
    means: &mut [f64],
    workers: usize,
    row: &mut Row,
    work: impl Fn(&mut Row, usize, &mut [f64]) + Sync,
) {
    if means.len() * workers < PARALLEL {
        return work(row, 0, means);
    }
    means.par_chunks_mut(ROWS).enumerate().for_each_init(Row::default, |row, (block, means)| {
        work(row, block * ROWS, means);
    });
}

/// Some one-out inferences, from the worker `first` on.
struct OneOuts<'a> {
    rule: &'a Rule,
    layout: Layout,
    regrets: &'a [f64],
    there: &'a [f64],
    row: &'a mut Row,
    first: usize,
    means: &'a mut [f64],
}

impl NullaryFnOnce for OneOuts<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Self { rule, layout, regrets, there, row, first, means } = self;
        let (inferers, workers) = (layout.inferers, layout.workers());
        let own = &there[layout.workers_own()];
        for (worker, mean) in (first..).zip(means) {
            let regrets = &regrets[worker * workers..][..workers];
            // Up to the one left out, after it, and forecasters without it.
            let (ends, implied) = if worker < inferers {
                (inferers, &there[layout.implied_without_one(worker)])
            } else if own[worker].is_nan() {
                continue;
            } else {
                (workers, &there[..0])
            };
            let parts = [
                Part { regrets: &regrets[..worker], values: &own[..worker] },
                Part { regrets: &regrets[worker + 1..ends], values: &own[worker + 1..ends] },
                Part { regrets: &regrets[ends..], values: implied },
            ];
            *mean = rule.combine(&parts, row);
        }
    }
}

/// Some one-in inferences, from the forecaster `first` on.
struct OneIns<'a> {
    rule: &'a Rule,
    layout: Layout,
    regrets: &'a [f64],
    there: &'a [f64],
    row: &'a mut Row,
    first: usize,
    means: &'a mut [f64],
}

impl NullaryFnOnce for OneIns<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Self { rule, layout, regrets, there, row, first, means } = self;
        let inferers = layout.inferers;
        let own = &there[layout.workers_own()];
        for (forecaster, mean) in (first..).zip(means) {
            let implied = &own[inferers + forecaster..][..1];
            if implied[0].is_nan() {
                continue;
            }
            let regrets = &regrets[forecaster * (inferers + 1)..][..=inferers];
            let parts = [
                Part { regrets: &regrets[..inferers], values: &own[..inferers] },
                Part { regrets: &regrets[inferers..], values: implied },
            ];
            *mean = rule.combine(&parts, row);
        }
    }
}
