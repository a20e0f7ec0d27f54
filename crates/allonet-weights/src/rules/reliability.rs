//! Bradley–Terry with jurors of different reliability: some are diligent, some
//! toss a coin, some click on one side, some answer the reverse.
//!
//! # Formula
//!
//! ```text
//! P(b wins | juror k) = |γ_k| σ(±(z_b − z_a + β_k)) + (1 − |γ_k|) σ(q_k)
//! z ~ N(0, spread²),  β_k ~ N(0, s²),  q_k ~ N(0, 1),  γ_k ~ p on a grid of [−1, 1]
//! ```
//!
//! A juror answers by the weights with probability `|γ_k|` (the reverse where
//! `γ_k` is negative), else at random with odds `e^{q_k}` for the right side.
//! Given the rest, the posterior of each `γ_k` is summed exactly over a grid;
//! it is never set to one value, so few answers cannot push it to zero. `z` has a
//! normal posterior whose mean, with `β` and `q`, climbs by Fisher scoring (one
//! sparse Laplacian per step, conjugate gradients, halved until the posterior
//! rises). The slope of an answer is averaged over what is not known of its gap;
//! the slope at the mode, Laplace's, finds the spread 7 % too small at 2,000
//! answers on 100 items, and with it intervals that hold the truth too rarely.
//! `spread`, `s` and the distribution `p` of reliabilities come from the data by
//! maximum marginal likelihood (MacKay's and EM updates); `p` begins as a
//! Beta(1, 1) with lumps at 0, 1 and a little below zero, which keeps counting as
//! some jurors.
//!
//! Intervals are of the same normal posterior: the expected information on `z`,
//! averaged alike, less what is spent on `β`, `q` and `γ` (a Schur complement) and
//! less what the prior would tell of the common scale, where it was learnt from
//! the same weights.
//!
//! A tie counts as half an answer for either. Sides matter: exchanging the sides
//! of every row turns the biases and changes nothing else.
//!
//! # Degenerate data
//!
//! The prior keeps every estimate finite: items that always win, several
//! islands (with a warning), a single juror, ties only (all weights equal). A
//! spread learnt from answers that never contradict each other ends at 10.
//!
//! # Known weaknesses
//!
//! * Which half of the jury is right is decided by the majority of answers: the
//!   fit begins with all jurors diligent, and a colluding majority wins.
//! * Honest jurors of another opinion look unreliable.
//! * With fewer than about ten answers a juror's reliability is mostly prior.
//! * A juror who always clicks on one side may be read as one who never follows
//!   the weights, or as diligent with a huge side bias. It counts for as little.
//! * With few jurors the population's distribution is known little, and intervals
//!   take it as known: nine jurors of whom three are random make nominal 90 % less.
//!
//! # Sources
//!
//! * Chen, Bennett, Collins-Thompson, Horvitz (2013), *Pairwise ranking
//!   aggregation in a crowdsourced setting* (jurors who answer the reverse).
//! * The `NoisyBradleyTerry` of crowd-kit has the same likelihood with
//!   `γ = σ(·)`, `β = 0` and one fixed ridge; its gradient in `γ` and `q` keeps
//!   only each juror's last answer, which finite differences show.
//! * Dempster, Laird, Rubin (1977); MacKay (1992), *Bayesian interpolation*, for
//!   the variances.

use allonet_core::maths;
use rayon::prelude::*;

use super::hierarchical::answers::{by_juror, gap};
use super::hierarchical::information::DENSE;
use super::hierarchical::reliable::{GRID, Habits, REVERSED, View, block, damping};
use super::hierarchical::{Information, Juror, islands_warning, next_variance, spread_block};
use super::{FitError, Parameter, Parameters, Rule, Uses};
use crate::comparisons::Comparisons;
use crate::estimate::{Estimate, centre, logistic};
use crate::juror_model::{JurorFit, JurorModel, Measured, ReliabilitySettings};
use crate::linear::Laplacian;

/// What the rule says of itself.
pub(super) const RULE: Rule = Rule {
    id: "reliability",
    title: "Bradley–Terry with jurors' reliability",
    formula: "P(b wins) = γ_k σ(z_b − z_a + β_k) + (1 − γ_k) σ(q_k)",
    uses: Uses::Direction,
    by_time: false,
    by_record: false,
    parameters: &[
        Parameter {
            name: "spread",
            default: 0.0,
            min: 0.0,
            max: 100.0,
            doc: "standard deviation of log weights; 0 estimates it",
        },
        Parameter {
            name: "side-bias",
            default: 1.0,
            min: 0.0,
            max: 1.0,
            doc: "1 if jurors may pull to one side of the screen, 0 if not",
        },
        Parameter {
            name: "reversed",
            default: 1.0,
            min: 0.0,
            max: 1.0,
            doc: "1 if a juror may answer the reverse, 0 if not",
        },
        Parameter {
            name: "prior-jurors",
            default: 5.0,
            min: 0.1,
            max: 1e6,
            doc: "how many jurors the prior on reliabilities counts as",
        },
    ],
    fit,
};

fn fit(comparisons: &Comparisons, parameters: &Parameters) -> Result<Estimate, FitError> {
    let spread = parameters.of("spread");
    let settings = ReliabilitySettings {
        spread: (spread > 0.0).then_some(spread),
        side_bias: parameters.of("side-bias") >= 0.5,
        reversed: parameters.of("reversed") >= 0.5,
        prior_jurors: parameters.of("prior-jurors"),
    };
    model(comparisons, &settings).map(|model| model.estimate)
}

/// Variance of the lean of answers at random.
const LEAN_VARIANCE: f64 = 1.0;
/// What variances are drawn to: see [`next_variance`].
const SPREAD_GUESS: f64 = 1.0;
/// Items that always win put no limit to the variance of log weights; this one
/// is a factor of 20,000 at one standard deviation.
const MOST_SPREAD: f64 = 100.0;
const SIDE_GUESS: f64 = 0.04;
const ITERATIONS: usize = 200;
/// Steps for one look at the items' variances.
const STEPS: usize = 3;
/// Iterations end when no log weight moves more.
const STILL: f64 = 1e-6;
const HALVINGS: usize = 30;

/// The whole model.
pub(crate) fn model(
    comparisons: &Comparisons,
    settings: &ReliabilitySettings,
) -> Result<JurorModel, FitError> {
    if comparisons.is_empty() {
        return Err(FitError::Empty);
    }
    let jurors = by_juror(comparisons, |row| f64::midpoint(1.0, row.choice.sign()));
    let items = comparisons.items().len();
    let mut climb = Climb::new(&jurors, items, settings);
    let mut iterations = climb.run()?;
    if climb.mostly_reversed() {
        climb.mirror();
        iterations += climb.run()?;
    }
    let mut model = climb.report(iterations);
    model.estimate.warnings.extend(islands_warning(comparisons));
    Ok(model)
}

/// Log weights and habits.
#[derive(Debug, Clone)]
struct Point {
    log_weights: Vec<f64>,
    habits: Vec<Habits>,
}

/// The way up to the mode.
struct Climb<'a> {
    jurors: &'a [Juror],
    settings: &'a ReliabilitySettings,
    at: Point,
    views: Vec<View>,
    /// By juror, how much gaps are damped for not being known.
    damping: Vec<f64>,
    /// Variance of log weights.
    spread: f64,
    /// Variance of side biases.
    side: f64,
    /// Probability of each reliability among jurors.
    prior: [f64; GRID],
    base: [f64; GRID],
}

impl<'a> Climb<'a> {
    fn new(jurors: &'a [Juror], items: usize, settings: &'a ReliabilitySettings) -> Self {
        let at = Point {
            log_weights: vec![0.0; items],
            habits: vec![Habits { side: 0.0, lean: 0.0 }; jurors.len()],
        };
        let base = base_prior(settings.reversed);
        let spread = settings.spread.map_or(SPREAD_GUESS, |spread| spread * spread);
        let mut climb = Self {
            jurors,
            settings,
            at,
            views: Vec::new(),
            damping: vec![1.0; jurors.len()],
            spread,
            side: SIDE_GUESS,
            prior: all_diligent(),
            base,
        };
        // All jurors count as diligent until there are weights to tell them by.
        for _ in 0..4 {
            climb.views = climb.look(&climb.at);
            climb.step();
        }
        climb.prior = base;
        climb.views = climb.look(&climb.at);
        climb
    }

    /// Climbs until the log weights are still; returns the iterations.
    fn run(&mut self) -> Result<usize, FitError> {
        let mut moved = f64::INFINITY;
        for iteration in 1..=ITERATIONS {
            let before = self.at.log_weights.clone();
            self.learn_items();
            for _ in 0..STEPS {
                self.learn_jurors();
                self.views = self.look(&self.at);
                self.step();
            }
            let moves = before.iter().zip(&self.at.log_weights).map(|(old, new)| (old - new).abs());
            moved = moves.fold(0.0, f64::max);
            if moved < STILL {
                return Ok(iteration);
            }
        }
        if moved < 1e-3 {
            return Ok(ITERATIONS);
        }
        Err(FitError::Unsettled { rule: RULE.id, iterations: ITERATIONS })
    }

    fn look(&self, at: &Point) -> Vec<View> {
        let log_prior = self.prior.map(|mass| maths::ln(mass.max(1e-300)));
        let look = |place: usize| {
            let (juror, habits) = (&self.jurors[place], at.habits[place]);
            View::new(juror, &at.log_weights, habits, self.damping[place], &log_prior)
        };
        (0..self.jurors.len()).into_par_iter().map(look).collect()
    }

    /// Logarithm of the posterior density, up to a constant.
    fn height(&self, at: &Point, views: &[View]) -> f64 {
        let evidence = maths::sum(views.iter().map(|view| view.evidence));
        let items = maths::sum(at.log_weights.iter().map(|z| z * z)) / self.spread;
        let habit = |habits: &Habits| {
            habits.side * habits.side / self.side + habits.lean * habits.lean / LEAN_VARIANCE
        };
        evidence - f64::midpoint(items, maths::sum(at.habits.iter().map(habit)))
    }

    /// Derivatives of the height along log weights, sides and leans.
    fn gradient(&self) -> (Vec<f64>, Vec<Habits>) {
        let mut items: Vec<f64> = self.at.log_weights.iter().map(|z| -z / self.spread).collect();
        let mut habits = Vec::with_capacity(self.jurors.len());
        for ((juror, view), at) in self.jurors.iter().zip(&self.views).zip(&self.at.habits) {
            for (row, slope) in juror.rows.iter().zip(&view.gaps) {
                items[row.right as usize] += slope.score;
                items[row.left as usize] -= slope.score;
            }
            habits.push(Habits {
                side: view.side.score - at.side / self.side,
                lean: view.lean.score - at.lean / LEAN_VARIANCE,
            });
        }
        (items, habits)
    }

    /// One step of Fisher scoring, halved until it leads up.
    fn step(&mut self) {
        let (slope, habit_slopes) = self.gradient();
        let laplacian = Laplacian::new(slope.len(), self.edges());
        let items = laplacian.with_ridge(1.0 / self.spread).solve(&slope).values;
        let habits = habit_slopes.iter().zip(&self.views).map(|(slope, view)| Habits {
            side: if self.settings.side_bias {
                slope.side / (view.side.weight + 1.0 / self.side)
            } else {
                0.0
            },
            lean: slope.lean / (view.lean.weight + 1.0 / LEAN_VARIANCE),
        });
        let habits: Vec<Habits> = habits.collect();
        let height = self.height(&self.at, &self.views);
        let mut length = 1.0;
        for _ in 0..HALVINGS {
            let candidate = self.moved(&items, &habits, length);
            let views = self.look(&candidate);
            if self.height(&candidate, &views) >= height {
                (self.at, self.views) = (candidate, views);
                return;
            }
            length /= 2.0;
        }
    }

    fn moved(&self, items: &[f64], habits: &[Habits], length: f64) -> Point {
        let log_weights = self.at.log_weights.iter().zip(items);
        let old_habits = self.at.habits.iter().zip(habits);
        Point {
            log_weights: log_weights.map(|(old, step)| old + length * step).collect(),
            habits: old_habits
                .map(|(old, step)| Habits {
                    side: old.side + length * step.side,
                    lean: old.lean + length * step.lean,
                })
                .collect(),
        }
    }

    fn edges(&self) -> impl Iterator<Item = (u32, u32, f64)> + '_ {
        self.jurors.iter().zip(&self.views).flat_map(|(juror, view)| {
            let rows = juror.rows.iter().zip(&view.gaps);
            rows.map(|(row, slope)| (row.left, row.right, slope.weight))
        })
    }

    fn information(&self) -> Information {
        let side = if self.settings.side_bias { 1.0 / self.side } else { 1e12 };
        let lean = 1.0 / LEAN_VARIANCE;
        let block_of = |at: usize| {
            let (juror, habits) = (&self.jurors[at], self.at.habits[at]);
            let habits = (habits, self.damping[at]);
            block(juror, &self.views[at], &self.at.log_weights, habits, (side, lean))
        };
        let blocks = (0..self.jurors.len()).into_par_iter().map(block_of).collect();
        Information::new(self.at.log_weights.len(), self.edges(), 1.0 / self.spread, blocks)
    }

    /// Learns how well gaps are known and the distribution that items are drawn
    /// from.
    fn learn_items(&mut self) {
        let covariance = self.information().rough_covariance();
        for (damping_of, juror) in self.damping.iter_mut().zip(self.jurors) {
            let variances = juror.rows.iter().map(|row| covariance.of_gap(row.left, row.right));
            *damping_of = damping(maths::sum(variances) / juror.rows.len().max(1) as f64);
        }
        if self.settings.spread.is_some() {
            return;
        }
        let squares = maths::sum(self.at.log_weights.iter().map(|z| z * z));
        let unknown = maths::sum(covariance.variances());
        let free = self.at.log_weights.len() as f64 - 1.0;
        let next = next_variance(self.spread, free, (squares, unknown), SPREAD_GUESS);
        self.spread = next.min(MOST_SPREAD);
    }

    /// Learns the distributions that jurors are drawn from.
    fn learn_jurors(&mut self) {
        let squares = maths::sum(self.at.habits.iter().map(|at| at.side * at.side));
        let unknown =
            maths::sum(self.views.iter().map(|view| 1.0 / (view.side.weight + 1.0 / self.side)));
        let jurors = self.jurors.len() as f64;
        self.side = next_variance(self.side, jurors, (squares, unknown), SIDE_GUESS);
        let count = self.settings.prior_jurors;
        let all = count + self.jurors.len() as f64;
        for at in 0..GRID {
            let seen = maths::sum(self.views.iter().map(|view| view.posterior[at]));
            self.prior[at] = (count * self.base[at] + seen) / all;
        }
    }

    /// Whether most of what is known comes from jurors read in reverse: the
    /// mirror image of the solution.
    fn mostly_reversed(&self) -> bool {
        let votes = self.jurors.iter().zip(&self.views);
        maths::sum(votes.map(|(juror, view)| juror.rows.len() as f64 * view.reliability().0)) < 0.0
    }

    fn mirror(&mut self) {
        self.at.log_weights.iter_mut().for_each(|z| *z = -*z);
        self.at.habits.iter_mut().for_each(|habits| habits.side = -habits.side);
        self.prior = self.base;
        self.views = self.look(&self.at);
    }

    fn report(mut self, iterations: usize) -> JurorModel {
        let estimated = self.settings.spread.is_none();
        let spread = estimated.then(|| spread_block(&self.at.log_weights, self.spread));
        let covariance = self.information().less(spread).covariance();
        centre(&mut self.at.log_weights);
        let mut estimate = Estimate::centred(self.at.log_weights.clone(), iterations);
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
        let (juror, view, habits) = (&self.jurors[at], &self.views[at], self.at.habits[at]);
        let told = maths::sum(view.gaps.iter().map(|slope| slope.weight));
        let most = maths::sum(juror.rows.iter().map(|row| {
            let right = logistic(gap(&self.at.log_weights, row));
            right * (1.0 - right)
        }));
        let (mean, _) = view.reliability();
        let sign = if mean < 0.0 { -1.0 } else { 1.0 };
        let answers = juror.rows.len();
        JurorFit {
            answers,
            effective_answers: if most > 0.0 { answers as f64 * told / most } else { 0.0 },
            reliability: Some(Measured {
                value: mean,
                low: view.quantile(0.05),
                high: view.quantile(0.95),
            }),
            side: Measured::normal(
                sign * habits.side,
                if self.settings.side_bias {
                    1.0 / (view.side.weight + 1.0 / self.side)
                } else {
                    0.0
                },
            ),
            scale: None,
            noise: None,
        }
    }
}

fn all_diligent() -> [f64; GRID] {
    std::array::from_fn(|at| if at + 1 == GRID { 1.0 } else { 0.0 })
}

/// The prior on reliabilities before any juror is seen.
fn base_prior(reversed: bool) -> [f64; GRID] {
    const EVEN: f64 = 0.4;
    const AT_RANDOM: f64 = 0.1;
    const IN_REVERSE: f64 = 0.04;
    let mut prior = [0.0; GRID];
    let forward = GRID - REVERSED;
    for mass in &mut prior[REVERSED..] {
        *mass = EVEN / forward as f64;
    }
    if reversed {
        prior[..REVERSED].fill(IN_REVERSE / REVERSED as f64);
    }
    prior[REVERSED] += AT_RANDOM;
    prior[GRID - 1] += 1.0 - prior.iter().sum::<f64>();
    prior
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synthetic::Jury;

    /// Central differences of the posterior's height, along everything it climbs.
    #[test]
    fn the_gradient_is_that_of_finite_differences() {
        let jury = Jury { items: 6, jurors: 4, random: 0.25, side: 0.5, ..Jury::default() };
        let jurors =
            by_juror(&jury.draw(3).comparisons(120), |row| f64::midpoint(1.0, row.choice.sign()));
        let settings = ReliabilitySettings::default();
        let mut climb = Climb::new(&jurors, 6, &settings);
        // Away from the mode, where no derivative is zero.
        climb.at.log_weights.iter_mut().enumerate().for_each(|(at, z)| *z += 0.1 * at as f64);
        climb.at.habits.iter_mut().for_each(|habits| {
            habits.side += 0.2;
            habits.lean -= 0.3;
        });
        climb.views = climb.look(&climb.at);
        let (items, habits) = climb.gradient();
        let height = |change: &dyn Fn(&mut Point, f64)| -> f64 {
            let at = |by: f64| {
                let mut point = climb.at.clone();
                change(&mut point, by);
                climb.height(&point, &climb.look(&point))
            };
            (at(1e-5) - at(-1e-5)) / 2e-5
        };
        for (item, slope) in items.iter().enumerate() {
            let expected = height(&|point, by| point.log_weights[item] += by);
            assert!((slope - expected).abs() < 1e-6, "{item}: {slope} {expected}");
        }
        for (juror, slope) in habits.iter().enumerate() {
            let side = height(&|point, by| point.habits[juror].side += by);
            let lean = height(&|point, by| point.habits[juror].lean += by);
            assert!((slope.side - side).abs() < 1e-6, "{juror}: {slope:?} {side}");
            assert!((slope.lean - lean).abs() < 1e-6, "{juror}: {slope:?} {lean}");
        }
    }

    /// The mode is where the gradient ends.
    #[test]
    fn the_climb_ends_at_a_mode() {
        let jury = Jury { items: 8, jurors: 6, random: 0.33, ..Jury::default() };
        let jurors =
            by_juror(&jury.draw(4).comparisons(300), |row| f64::midpoint(1.0, row.choice.sign()));
        let settings = ReliabilitySettings { spread: Some(1.0), ..Default::default() };
        let mut climb = Climb::new(&jurors, 8, &settings);
        climb.run().expect("it settles");
        let (items, habits) = climb.gradient();
        assert!(items.iter().all(|slope| slope.abs() < 1e-3), "{items:?}");
        assert!(habits.iter().all(|slope| slope.side.abs() < 1e-2 && slope.lean.abs() < 1e-2));
    }

    #[test]
    fn a_mirrored_start_is_turned_back() {
        let jury = Jury { items: 8, jurors: 6, ..Jury::default() };
        let jurors =
            by_juror(&jury.draw(5).comparisons(600), |row| f64::midpoint(1.0, row.choice.sign()));
        let settings = ReliabilitySettings::default();
        let mut climb = Climb::new(&jurors, 8, &settings);
        climb.run().expect("it settles");
        let right = climb.at.log_weights.clone();
        climb.mirror();
        assert!(climb.mostly_reversed());
        climb.mirror();
        climb.run().expect("it settles");
        for (found, expected) in climb.at.log_weights.iter().zip(&right) {
            assert!((found - expected).abs() < 1e-4, "{found} {expected}");
        }
    }
}
