//! Least squares with jurors of different scale: some say ×100 where others say
//! ×3, some are drawn to one side, some are careless, some answer at random.
//!
//! # Formula
//!
//! ```text
//! c = s_k (z_b − z_a) + β_k + ε,  ε ~ N(0, σ_k²)   for a diligent juror
//! c = β_k + ε                                      for a random one
//! z ~ N(0, spread²),  s_k ~ N(m, v),  β_k ~ N(0, w),  σ_k² ~ inverse χ² (4 degrees)
//! ```
//!
//! Expectation–maximisation, each half exact: given the weights, each juror's
//! `(s_k, β_k)` is normal in closed form, as is the probability that the juror
//! is random; given the jurors, the weights solve one Laplacian with a ridge.
//! `spread`, `v`, `w`, the jury's noise and the part of random jurors come from
//! the data the same way (empirical Bayes, the marginal likelihood); each
//! variance counts one value of a guess besides. So every juror is drawn to the
//! jury by as much as jurors are alike, and counts by `s_k² / σ_k²`.
//!
//! With `pseudo-count` set, scales are drawn to 1 by that many answers of
//! middling gap instead: `s_k = (Σ d c + n₀ d²) / (Σ d² + n₀ d²)` with `d²` the
//! mean square; 3 did well on the pilot's pairs.
//!
//! With `tail` set, single answers have Student's t noise and wild ones weigh
//! less: `(tail + 1) / (tail + r² / σ_k²)`.
//!
//! # Units
//!
//! Answers leave the common scale of the jury open; it is fixed so that the
//! median juror's is 1, taking scales for lognormal: `m² = 1 + v / m²`. Multiply
//! all log ratios, and the log weights are multiplied.
//!
//! Intervals are Laplace's, less what is spent on scales and side biases,
//! including the common scale, of which a prior learnt from the same weights
//! tells nothing.
//!
//! # Degenerate data
//!
//! Ties only: all weights equal. Islands: the prior joins them, with a warning.
//! Exact answers: noise ends at a millionth of the answers' mean square.
//!
//! # Known weaknesses
//!
//! * A juror who is wild everywhere weighs little, one who is wild now and then
//!   needs `tail`.
//! * A colluding majority is the jury; two honest camps are averaged.
//! * Multipliers in round numbers have no normal noise.
//!
//! # Sources
//!
//! * Dempster, Laird, Rubin (1977) for the iteration; Liu, Rubin, Wu (1998),
//!   *Parameter expansion to accelerate EM*, for fixing the common scale.
//! * Mitchell, Beauchamp (1988) for the spike and slab on `s_k`.
//! * Lange, Little, Taylor (1989) for Student's t weights.

use allonet_core::maths;
use rayon::prelude::*;

use super::hierarchical::answers::by_juror;
use super::hierarchical::information::DENSE;
use super::hierarchical::scaled::{Belief, Population};
use super::hierarchical::{Information, Juror, islands_warning, next_variance, spread_block};
use super::{FitError, Parameter, Parameters, Rule, Uses};
use crate::comparisons::Comparisons;
use crate::estimate::{Estimate, centre};
use crate::juror_model::{JurorFit, JurorModel, Measured, ScaleSettings};
use crate::linear::Laplacian;

/// What the rule says of itself.
pub(super) const RULE: Rule = Rule {
    id: "juror-scale",
    title: "Least squares with jurors' scales",
    formula: "c = s_k (z_b − z_a) + β_k + ε, ε ~ N(0, σ_k²)",
    uses: Uses::Intensity,
    by_time: false,
    by_record: false,
    parameters: &[
        Parameter {
            name: "spread",
            default: 0.0,
            min: 0.0,
            max: 1e6,
            doc: "standard deviation of log weights; 0 estimates it",
        },
        Parameter {
            name: "pseudo-count",
            default: 0.0,
            min: 0.0,
            max: 1e9,
            doc: "answers that draw each juror's scale to 1; 0 estimates the pull",
        },
        Parameter {
            name: "side-bias",
            default: 1.0,
            min: 0.0,
            max: 1.0,
            doc: "1 if jurors may pull to one side of the screen, 0 if not",
        },
        Parameter {
            name: "tail",
            default: 0.0,
            min: 0.0,
            max: 1e6,
            doc: "degrees of freedom of Student's t for single answers; 0 is normal",
        },
        Parameter {
            name: "random-jurors",
            default: 1.0,
            min: 0.0,
            max: 1.0,
            doc: "1 if some jurors may answer at random, 0 if none does",
        },
    ],
    fit,
};

fn fit(comparisons: &Comparisons, parameters: &Parameters) -> Result<Estimate, FitError> {
    let given = |name: &str| Some(parameters.of(name)).filter(|value| *value > 0.0);
    let settings = ScaleSettings {
        spread: given("spread"),
        pseudo_count: given("pseudo-count"),
        side_bias: parameters.of("side-bias") >= 0.5,
        tail: given("tail"),
        random_jurors: parameters.of("random-jurors") >= 0.5,
    };
    model(comparisons, &settings).map(|model| model.estimate)
}

const ITERATIONS: usize = 1_000;
/// Iterations end when no log weight moves more, relative to the answers.
const STILL: f64 = 1e-6;
/// Variance of scales before any juror is seen.
const SCALE_GUESS: f64 = 0.1;
/// Scales do not count as more dispersed than this when the median is fixed.
const MOST_DISPERSED: f64 = 0.6;
/// Random jurors before any is seen: this part of two.
const RANDOM_GUESS: f64 = 0.1;

/// The whole model.
pub(crate) fn model(
    comparisons: &Comparisons,
    settings: &ScaleSettings,
) -> Result<JurorModel, FitError> {
    if comparisons.is_empty() {
        return Err(FitError::Empty);
    }
    all_say_how_much(comparisons)?;
    let jurors = by_juror(comparisons, |row| row.log_ratio().expect("all say how much"));
    let squares = comparisons.rows().map(|row| {
        let log_ratio = row.log_ratio().expect("all say how much");
        log_ratio * log_ratio
    });
    let mean_square = maths::sum(squares) / comparisons.len() as f64;
    let mut search = Search::new(&jurors, comparisons.items().len(), mean_square, settings);
    let iterations = if mean_square > 0.0 { search.run()? } else { 0 };
    let mut model = search.report(iterations);
    model.estimate.warnings.extend(islands_warning(comparisons));
    Ok(model)
}

fn all_say_how_much(comparisons: &Comparisons) -> Result<(), FitError> {
    let silent = || comparisons.rows().enumerate().filter(|(_, row)| row.intensity.is_none());
    match silent().next() {
        Some((first, _)) => {
            Err(FitError::NoIntensity { count: silent().count(), line: comparisons.line(first) })
        }
        None => Ok(()),
    }
}

/// The way to the fixed point.
struct Search<'a> {
    jurors: &'a [Juror],
    settings: &'a ScaleSettings,
    /// Mean square of what was said: the unit of variances.
    unit: f64,
    log_weights: Vec<f64>,
    beliefs: Vec<Belief>,
    population: Population,
    /// Variance of log weights.
    spread: f64,
}

impl<'a> Search<'a> {
    fn new(jurors: &'a [Juror], items: usize, unit: f64, settings: &'a ScaleSettings) -> Self {
        // Any unit does where nothing but ties was said.
        let unit = if unit > 0.0 { unit } else { 1.0 };
        let population = Population {
            scale: (1.0, SCALE_GUESS),
            pseudo_count: settings.pseudo_count,
            side: if settings.side_bias { unit / 20.0 } else { unit * 1e-12 },
            noise: unit / 2.0,
            random: 0.0,
            tail: settings.tail,
        };
        Self {
            jurors,
            settings,
            unit,
            log_weights: vec![0.0; items],
            beliefs: jurors.iter().map(|juror| Belief::new(juror, &population)).collect(),
            population,
            spread: settings.spread.map_or(unit / 2.0, |spread| spread * spread),
        }
    }

    fn run(&mut self) -> Result<usize, FitError> {
        self.solve();
        if self.settings.random_jurors {
            self.population.random = RANDOM_GUESS;
        }
        let mut moved = f64::INFINITY;
        for iteration in 1..=ITERATIONS {
            let before = self.log_weights.clone();
            self.learn_jurors();
            self.solve();
            self.learn_population();
            let moves = before.iter().zip(&self.log_weights).map(|(old, new)| (old - new).abs());
            moved = moves.fold(0.0, f64::max) / self.unit.sqrt();
            if moved < STILL {
                return Ok(iteration);
            }
        }
        if moved < 1e-3 {
            return Ok(ITERATIONS);
        }
        Err(FitError::Unsettled { rule: RULE.id, iterations: ITERATIONS })
    }

    /// The weights, given the jurors.
    fn solve(&mut self) {
        let mut pull = vec![0.0; self.log_weights.len()];
        let mut edges = Vec::new();
        for (juror, belief) in self.jurors.iter().zip(&self.beliefs) {
            for (at, row) in juror.rows.iter().enumerate() {
                let (weight, pulled) = belief.pull(at, row.said);
                edges.push((row.left, row.right, weight));
                pull[row.right as usize] += pulled;
                pull[row.left as usize] -= pulled;
            }
        }
        let laplacian = Laplacian::new(self.log_weights.len(), edges);
        self.log_weights = laplacian.with_ridge(1.0 / self.spread).solve(&pull).values;
    }

    /// The jurors, given the weights.
    fn learn_jurors(&mut self) {
        let (log_weights, population) = (&self.log_weights, &self.population);
        self.beliefs.par_iter_mut().zip(self.jurors).for_each(|(belief, juror)| {
            belief.learn(juror, log_weights, population);
        });
        let diligent = maths::sum(self.beliefs.iter().map(|belief| 1.0 - belief.random));
        let scales = maths::sum(self.beliefs.iter().map(Belief::mean_scale));
        // The common scale is open: fixed at once, it need not be crept up to.
        let factor = scales / (diligent * self.population.scale.0);
        if factor.is_finite() && factor > 1e-3 {
            self.beliefs.iter_mut().for_each(|belief| belief.rescale(factor));
            self.log_weights.iter_mut().for_each(|z| *z *= factor);
        }
        let covariance = self.information(false).rough_covariance();
        let (log_weights, population) = (&self.log_weights, &self.population);
        self.beliefs.par_iter_mut().zip(self.jurors).for_each(|(belief, juror)| {
            belief.learn_noise(juror, log_weights, &covariance, population);
        });
        if self.settings.spread.is_none() {
            let squares = maths::sum(self.log_weights.iter().map(|z| z * z));
            let unknown = maths::sum(covariance.variances());
            let free = self.log_weights.len() as f64 - 1.0;
            self.spread = next_variance(self.spread, free, (squares, unknown), self.unit / 2.0);
        }
    }

    fn learn_population(&mut self) {
        let jurors = self.beliefs.len() as f64;
        let population = &mut self.population;
        if self.settings.side_bias {
            let squares = maths::sum(self.beliefs.iter().map(|belief| belief.side_moments().1));
            population.side = (squares + self.unit / 50.0) / (jurors + 1.0);
        }
        let precisions = maths::sum(self.beliefs.iter().map(|belief| 1.0 / belief.noise));
        let noise = (jurors + 1.0) / (precisions + 2.0 / self.unit);
        population.noise = noise.max(self.unit * 1e-6);
        if self.settings.random_jurors {
            let random = maths::sum(self.beliefs.iter().map(|belief| belief.random));
            population.random = (random + 2.0 * RANDOM_GUESS) / (jurors + 2.0);
        }
        if population.pseudo_count.is_some() {
            return;
        }
        let mean = population.scale.0;
        let square = |belief: &Belief| {
            let off = belief.scale - mean;
            (1.0 - belief.random) * (off * off + belief.variance.0)
        };
        let diligent = maths::sum(self.beliefs.iter().map(|belief| 1.0 - belief.random));
        let squares = maths::sum(self.beliefs.iter().map(square));
        let variance = (squares + SCALE_GUESS) / (diligent + 1.0);
        let dispersed = (variance.sqrt() / mean).min(MOST_DISPERSED);
        population.scale = ((1.0 + dispersed * dispersed).sqrt(), variance);
    }

    /// On the items: with jurors taken as known, or less what is spent on them.
    fn information(&self, less_jurors: bool) -> Information {
        let edges = self.jurors.iter().zip(&self.beliefs).flat_map(|(juror, belief)| {
            let rows = juror.rows.iter().enumerate();
            rows.map(|(at, row)| (row.left, row.right, belief.certain_weight(at)))
        });
        let block = |at: usize| {
            self.beliefs[at].block(&self.jurors[at], &self.log_weights, &self.population)
        };
        let count = if less_jurors { self.jurors.len() } else { 0 };
        let blocks = (0..count).into_par_iter().map(block).collect();
        Information::new(self.log_weights.len(), edges, 1.0 / self.spread, blocks)
    }

    fn report(mut self, iterations: usize) -> JurorModel {
        let estimated = self.settings.spread.is_none();
        let spread = estimated.then(|| spread_block(&self.log_weights, self.spread));
        let covariance = self.information(true).less(spread).covariance();
        centre(&mut self.log_weights);
        let mut estimate = Estimate::centred(self.log_weights.clone(), iterations);
        if estimate.log_weights.len() > DENSE {
            estimate.warnings.push("deviations come of random probes".to_owned());
        }
        let variances = covariance.variances();
        JurorModel {
            estimate,
            deviations: variances.iter().map(|variance| variance.max(0.0).sqrt()).collect(),
            spread: self.spread.sqrt(),
            jurors: (0..self.jurors.len()).map(|at| self.juror(at)).collect(),
        }
    }

    fn juror(&self, at: usize) -> JurorFit {
        let (juror, belief) = (&self.jurors[at], &self.beliefs[at]);
        let told: f64 = (0..juror.rows.len()).map(|row| belief.certain_weight(row)).sum();
        let diligent = 1.0 - belief.random;
        let (side, side2) = belief.side_moments();
        JurorFit {
            answers: juror.rows.len(),
            effective_answers: told * self.population.noise
                / (self.population.scale.0 * self.population.scale.0),
            reliability: self.settings.random_jurors.then_some(Measured {
                value: diligent,
                low: diligent,
                high: diligent,
            }),
            side: Measured::normal(side, side2 - side * side),
            scale: Some(Measured::normal(
                belief.mean_scale(),
                diligent * (belief.variance.0 + belief.random * belief.scale * belief.scale),
            )),
            noise: Some(belief.noise.sqrt()),
        }
    }
}
