//! Forecast-implied inferences, and each of them without each inferer.
//!
//! # Formula
//!
//! `I_k = Σ_j w_j I_j / Σ_j w_j` over the inferers `j` whose loss `k` forecast,
//! by the regrets `R_j = L_{i−1} − L_{jk}` that this means (Eq 3 to 8). Without
//! `j` the spread of the regrets is that of the others.
//!
//! # Limits
//!
//! A forecast for one inferer alone implies that one's inference; without it
//! there is none. An inferer that was not forecast makes no difference when it
//! is left out.
//!
//! Of many forecasts the means without each are made by [`super::withheld`], unless weights are
//! clipped or the spread is a median absolute deviation.
#![expect(clippy::inline_always, reason = "what is not inlined is compiled without vectors")]

use pulp::{Arch, NullaryFnOnce};
use rayon::prelude::*;

use super::combine::{Moments, Row, Rule};
use super::withheld::{self, All};
use super::{Inputs, Synthesis};
use crate::kernel::LANES;
use crate::settings::{Form, Scale, Settings};

/// Forecasters whose rows are made before they are put in their places.
const GROUP: usize = 64;
/// With so many forecasts, threads are worth their while.
const PARALLEL: usize = 1 << 13;

/// Memory that is used again.
#[derive(Clone, Debug, Default)]
pub(super) struct Scratch {
    forecaster: Forecaster,
    /// A row for each forecaster of a group: the forecast-implied inference,
    /// then that without each inferer.
    rows: Vec<f64>,
}

/// Fills in all forecast-implied inferences, where the inferences are there.
pub(super) fn fill(settings: &Settings, inputs: &Inputs, loss: f64, out: &mut Synthesis) {
    let layout = inputs.layout;
    let (inferers, forecasters) = (layout.inferers, layout.forecasters);
    if inferers * forecasters == 0 {
        return;
    }
    let Synthesis { values, scratch, .. } = out;
    let width = inferers + 1;
    scratch.rows.resize(forecasters.min(GROUP) * width, f64::NAN);
    let parallel = inferers * forecasters >= PARALLEL;
    for first in (0..forecasters).step_by(GROUP) {
        let count = GROUP.min(forecasters - first);
        let rows = &mut scratch.rows[..count * width];
        let forecasts = &inputs.forecasts[first * inferers..][..count * inferers];
        let work = |forecaster: &mut Forecaster, row: &mut [f64], forecasts: &[f64]| {
            let inferences = inputs.inferences;
            Arch::new().dispatch(Imply { settings, loss, inferences, forecasts, forecaster, row });
        };
        if parallel {
            let pairs = rows.par_chunks_exact_mut(width).zip(forecasts.par_chunks_exact(inferers));
            pairs.for_each_init(Forecaster::default, |scratch, (row, forecasts)| {
                work(scratch, row, forecasts);
            });
        } else {
            for (row, forecasts) in
                rows.chunks_exact_mut(width).zip(forecasts.chunks_exact(inferers))
            {
                work(&mut scratch.forecaster, row, forecasts);
            }
        }
        let implied = layout.implied().start + first;
        for (to, row) in values[implied..].iter_mut().zip(rows.chunks_exact(width)) {
            *to = row[0];
        }
        let without = &mut values[layout.implied_without()];
        let block = forecasters * LANES;
        let place = |(number, block): (usize, &mut [f64])| {
            transpose(rows, width, 1 + number * LANES, block, forecasters, first);
        };
        if parallel {
            without.par_chunks_mut(block).enumerate().for_each(place);
        } else {
            without.chunks_mut(block).enumerate().for_each(place);
        }
    }
}

/// Puts some columns of rows in their places: inferer by inferer.
fn transpose(
    rows: &[f64],
    width: usize,
    column: usize,
    block: &mut [f64],
    forecasters: usize,
    first: usize,
) {
    let inferers = block.len() / forecasters;
    for (number, row) in rows.chunks_exact(width).enumerate() {
        for (inferer, value) in row[column..][..inferers].iter().enumerate() {
            block[inferer * forecasters + first + number] = *value;
        }
    }
}

/// What one forecaster forecast, in memory that is used again.
#[derive(Clone, Debug, Default)]
struct Forecaster {
    /// Regrets and inferences of the inferers whose loss is forecast.
    there: Row,
    /// Which inferers they are.
    inferers: Vec<usize>,
    /// For medians.
    sorted: Vec<f64>,
    /// For all of them at once.
    withheld: withheld::Scratch,
}

impl Forecaster {
    #[inline(always)]
    fn read(&mut self, loss: f64, inferences: &[f64], forecasts: &[f64]) {
        let Self { there, inferers, .. } = self;
        there.clear(forecasts.len());
        inferers.clear();
        for (inferer, (forecast, value)) in forecasts.iter().zip(inferences).enumerate() {
            let counts = !forecast.is_nan();
            there.push(loss - forecast, *value, counts);
            if counts {
                inferers.push(inferer);
            }
        }
    }

    /// Scaled median absolute deviation.
    fn median_deviation(there: &Row, sorted: &mut Vec<f64>) -> f64 {
        sorted.clear();
        sorted.extend_from_slice(there.regrets());
        Scale::Mad.spread(sorted)
    }
}

/// Makes the row of one forecaster.
struct Imply<'a> {
    settings: &'a Settings,
    loss: f64,
    inferences: &'a [f64],
    forecasts: &'a [f64],
    forecaster: &'a mut Forecaster,
    row: &'a mut [f64],
}

impl NullaryFnOnce for Imply<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Self { settings, loss, inferences, forecasts, forecaster, row } = self;
        forecaster.read(loss, inferences, forecasts);
        let rule = Rule::new(settings, None);
        let Some(all) = forecaster.there.moments() else { return row.fill(f64::NAN) };
        let mad = settings.scale == Scale::Mad;
        let Forecaster { there, inferers, sorted, withheld } = forecaster;
        let spread =
            if mad { Forecaster::median_deviation(there, sorted) } else { all.deviation() };
        let implied = there.mean(&rule.curve_of(spread, all.best), all.ends);
        row.fill(implied);
        let row = &mut row[1..];
        let count = there.count();
        if count < 2 {
            row[inferers[0]] = f64::NAN;
            return;
        }
        let many = !mad && settings.form == Form::Ratio && count >= withheld::LEAST;
        if many {
            let (potential, epsilon, moments) = (settings.potential, settings.epsilon, all);
            let (mean, (regrets, values)) = (implied, there.whole());
            let many = All { potential, epsilon, moments, count, regrets, values, mean };
            many.without_each(withheld);
        }
        for (at, inferer) in inferers.iter().enumerate() {
            let mean = if many { withheld.means[at] } else { f64::NAN };
            row[*inferer] =
                if mean.is_nan() { without(&rule, mad, &all, there, sorted, at) } else { mean };
        }
    }
}

/// The mean without one, summed anew.
#[inline(always)]
fn without(
    rule: &Rule,
    mad: bool,
    all: &Moments,
    there: &mut Row,
    sorted: &mut Vec<f64>,
    at: usize,
) -> f64 {
    let known = there.moments_without(all, at);
    there.without(at, |there| {
        let Some(others) = known.or_else(|| there.moments()) else { return f64::NAN };
        let spread =
            if mad { Forecaster::median_deviation(there, sorted) } else { others.deviation() };
        there.mean(&rule.curve_of(spread, others.best), others.ends)
    })
}
