//! All that is found out about a jury, before it is shown.

use allonet_core::fault::Fault;
use allonet_weights::comparisons::Comparisons;
use allonet_weights::connectivity::islands_of;
use allonet_weights::jury::Model;
use allonet_weights::jury::alpha::{Agreement, Metric, agreement};
use allonet_weights::jury::caps::{Bound, Capped, capped};
use allonet_weights::jury::clusters::{Clusters, clusters};
use allonet_weights::jury::cycles::{JuryCycles, QUARTER, jury_cycles};
use allonet_weights::jury::effective::{Effective, effective};
use allonet_weights::jury::influence::{Influence, Unit, influence};
use allonet_weights::jury::intervals::{
    Errors, Estimator, Interval, IntervalError, Method, analytic_intervals, bootstrap, covariance,
};
use allonet_weights::jury::outliers::{Fit, outliers};
use allonet_weights::jury::probability::{RankInterval, Superiority};
use allonet_weights::jury::repeats::{Repeats, repeats};
use allonet_weights::jury::side_bias::{SideBias, side_bias};
use allonet_weights::rules::Parameters;

use super::super::reading::no_weights;
use crate::diagnose::Failure;
use crate::ui::counted;

/// What is asked.
pub(super) struct Settings {
    pub(super) rule: Option<(String, Parameters)>,
    pub(super) level: f64,
    pub(super) method: Method,
    pub(super) replicates: usize,
    pub(super) seed: u64,
    pub(super) cap: Option<f64>,
}

/// What is found.
pub(super) struct Findings {
    pub(super) model: Model,
    pub(super) rule: String,
    pub(super) level: f64,
    pub(super) influence: Influence,
    pub(super) pairs: Influence,
    pub(super) sides: SideBias,
    pub(super) repeats: Repeats,
    pub(super) cycles: JuryCycles,
    pub(super) nominal: Option<Agreement>,
    pub(super) interval: Option<Agreement>,
    pub(super) fits: Vec<Fit>,
    pub(super) clusters: Option<Clusters>,
    pub(super) effective: Effective,
    pub(super) bounds: Bounds,
    pub(super) islands: Vec<Vec<usize>>,
    pub(super) capped: Option<Capped>,
    pub(super) notes: Vec<String>,
}

/// Bounds of the weights and what follows.
pub(super) struct Bounds {
    /// Whether juries were drawn; otherwise they are by formula.
    pub(super) drawn: bool,
    pub(super) weights: Vec<f64>,
    pub(super) intervals: Vec<Interval>,
    pub(super) ranks: Vec<RankInterval>,
    pub(super) superiority: Superiority,
    pub(super) groups: Vec<Vec<usize>>,
    pub(super) replicates: usize,
    pub(super) apart: usize,
    pub(super) refused: usize,
}

/// Precision of the prior of log weights where jurors are held against each
/// other: a standard deviation of 1.4 nats.
const PRIOR: f64 = 0.5;
/// False discovery rate of suspect jurors.
const RATE: f64 = 0.1;
/// From which probability on items count as told apart.
pub(super) const SEPARABLE: f64 = 0.95;
const ALPHA_REPLICATES: usize = 1_000;
/// Circles named of each juror.
const LISTED: usize = 5;

impl Findings {
    pub(super) fn gather(comparisons: &Comparisons, settings: &Settings) -> Result<Self, Failure> {
        let mut notes = Vec::new();
        let model = Model::natural(comparisons);
        let of = |unit| influence(comparisons, model, unit).map_err(Fault::from);
        let measured = |metric| {
            agreement(comparisons, metric, settings.level, ALPHA_REPLICATES, settings.seed)
        };
        let clusters = clusters(comparisons, PRIOR, settings.seed)
            .map_err(|error| notes.push(format!("no camps were looked for: {error}")))
            .ok();
        let capped = match settings.cap {
            None => None,
            // Half of the sum of changes is the part that changes hands.
            Some(cap) => Some(
                capped(comparisons, model, Bound::Total, 2.0 * cap)
                    .map_err(|error| Fault::new("bad-cap", error.to_string()))?,
            ),
        };
        let bounds = Bounds::new(comparisons, model, settings, &mut notes)?;
        Ok(Self {
            rule: settings.rule.as_ref().map_or(model.name(), |(id, _)| id).to_owned(),
            level: settings.level,
            influence: of(Unit::Juror)?,
            pairs: of(Unit::Pair)?,
            sides: side_bias(comparisons, 0.95),
            repeats: repeats(comparisons),
            cycles: jury_cycles(comparisons, QUARTER, LISTED),
            nominal: measured(Metric::Nominal),
            interval: measured(Metric::Interval),
            fits: outliers(comparisons, PRIOR, RATE).map_err(Fault::from)?,
            effective: effective(comparisons, model).map_err(Fault::from)?,
            islands: islands_of(comparisons)
                .into_iter()
                .map(|island| island.into_iter().map(|item| item as usize).collect())
                .collect(),
            model,
            clusters,
            bounds,
            capped,
            notes,
        })
    }

    /// What speaks against relying on a juror.
    pub(super) fn doubts(&self, juror: usize) -> Vec<String> {
        let mut doubts = Vec::new();
        let fit = &self.fits[juror];
        if fit.suspect {
            doubts.push(format!(
                "agrees with the others on {} of {}, {:.0} expected",
                fit.hits, fit.answers, fit.expected
            ));
        }
        let sides = &self.sides.jurors[juror];
        if sides.adjusted < 0.05 {
            let side = if 2 * sides.left > sides.answers { "left" } else { "right" };
            doubts.push(format!("prefers the {side} side"));
        }
        let again = &self.repeats.jurors[juror];
        if again.count >= 2 && again.rate().is_some_and(|rate| rate >= 0.5) {
            doubts.push("contradicts itself as often as not".to_owned());
        }
        let circles = &self.cycles.jurors[juror];
        if circles.triangles >= 8 && circles.order_cycles * 4 >= circles.triangles {
            doubts.push("goes in circles like a coin".to_owned());
        }
        doubts
    }
}

/// Fewer answers say nothing of a juror.
pub(super) const FEW: usize = 5;

impl Bounds {
    fn new(
        comparisons: &Comparisons,
        model: Model,
        settings: &Settings,
        notes: &mut Vec<String>,
    ) -> Result<Self, Failure> {
        let estimator = match &settings.rule {
            Some((id, parameters)) => Estimator::Rule(id.clone(), parameters.clone()),
            None => Estimator::Model(model),
        };
        match bootstrap(comparisons, &estimator, settings.replicates, settings.seed) {
            Ok(found) => {
                notes.extend(found.estimate.warnings.iter().cloned());
                let superiority = Superiority::of_replicates(&found);
                Ok(Self {
                    drawn: true,
                    weights: found.estimate.weights(),
                    intervals: found.intervals(settings.method, settings.level),
                    ranks: superiority.rank_intervals(SEPARABLE),
                    groups: superiority.groups(SEPARABLE),
                    superiority,
                    replicates: settings.replicates,
                    apart: found.apart,
                    refused: found.refused,
                })
            }
            Err(IntervalError::OneJuror(_)) => {
                notes.push(format!(
                    "one juror is no jury: bounds are those of the formula of {}, as if every \
                     answer were independent",
                    model.name()
                ));
                Self::analytic(comparisons, model, settings.level)
            }
            Err(IntervalError::Fit(error)) => Err(no_weights(error)),
            Err(error) => {
                let help = "give the rule a prior, or leave --rule out";
                Err(Fault::new("no-bounds", error.to_string()).help(help).into())
            }
        }
    }

    fn analytic(comparisons: &Comparisons, model: Model, level: f64) -> Result<Self, Failure> {
        let (estimate, covariance) =
            covariance(comparisons, model, Errors::Independent).map_err(Fault::from)?;
        let superiority = Superiority::gaussian(&estimate, &covariance);
        Ok(Self {
            drawn: false,
            weights: estimate.weights(),
            intervals: analytic_intervals(&estimate, &covariance, level),
            ranks: superiority.rank_intervals(SEPARABLE),
            groups: superiority.groups(SEPARABLE),
            superiority,
            replicates: 0,
            apart: 0,
            refused: 0,
        })
    }
}

/// Names of some items or jurors, as many as fit in a line.
pub(super) fn named(names: &[String], places: &[usize]) -> String {
    const SHOWN: usize = 5;
    let shown: Vec<&str> = places.iter().take(SHOWN).map(|at| names[*at].as_str()).collect();
    match places.len().saturating_sub(SHOWN) {
        0 => shown.join(", "),
        more => format!("{} and {}", shown.join(", "), counted(more, "other")),
    }
}
