//! What a topic writes down: who is who, what was submitted, what it learnt.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::layout::Layout;
use crate::life::regrets::{RegretsById, Row, fetch, store};
use crate::life::{Id, Role};
use crate::memory::Memory;
use crate::settings::Settings;
use crate::sortition::{self, Candidate, Sortition, deviation, quantile};

/// So many workers must be experienced before newcomers start below them.
const EXPERIENCED: usize = 10;
/// Quantile of regrets with which newcomers start.
const INITIAL_QUANTILE: f64 = 0.25;
/// Where, times `p` and from `c`, a weight is next to nothing.
const NEXT_TO_NOTHING: f64 = 8.25;

// --- Who is who -------------------------------------------------------------

/// Everybody who ever had a role.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Class {
    members: BTreeMap<Id, Member>,
    /// Score with which newcomers start, once somebody has one.
    initial: Option<f64>,
    /// How many times places were drawn.
    draws: u64,
}

/// Somebody in a role. Leaving does not clear a record.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Member {
    registered: bool,
    score: Option<f64>,
    /// The number of the draw it last came to, from 1; 0 for none.
    last: u64,
    /// In how many scored epochs it took part.
    scored: u64,
}

impl Class {
    pub(crate) fn is_registered(&self, id: &str) -> bool {
        self.members.get(id).is_some_and(|member| member.registered)
    }

    /// Whether that changed anything.
    pub(crate) fn set_registered(&mut self, id: &Id, registered: bool) -> bool {
        let member = self.members.entry(id.clone()).or_default();
        std::mem::replace(&mut member.registered, registered) != registered
    }

    pub(crate) fn score(&self, id: &str) -> Option<f64> {
        self.members.get(id)?.score
    }

    /// Score by which somebody is ranked: a newcomer's is the initial one.
    pub(crate) fn rank(&self, id: &str) -> f64 {
        self.score(id).or(self.initial).unwrap_or(0.0)
    }

    /// Draws places among those who came, ids sorted: who has one, who has none.
    pub(crate) fn draw(
        &mut self,
        rules: &Sortition,
        role: Role,
        epoch: u64,
        came: Vec<Id>,
        places: usize,
    ) -> (Vec<Id>, Vec<Id>) {
        for id in &came {
            self.excuse(rules, id);
        }
        self.draws += 1;
        let candidate = |id: &Id| {
            let lot = sortition::lot(rules.seed, role.name(), epoch, id);
            Candidate { score: self.rank(id), lot }
        };
        let candidates: Vec<Candidate> = came.iter().map(candidate).collect();
        let mut active = sortition::draw(&candidates, places).into_iter().peekable();
        let (mut drawn, mut left_out) = (Vec::new(), Vec::new());
        for (at, id) in came.into_iter().enumerate() {
            let list = if active.next_if_eq(&at).is_some() { &mut drawn } else { &mut left_out };
            list.push(id);
        }
        (drawn, left_out)
    }

    /// Takes note that somebody is back, and of the draws it missed: they pull
    /// its score towards that of a newcomer, never upwards.
    fn excuse(&mut self, rules: &Sortition, id: &Id) {
        let draw = self.draws + 1;
        let member = self.members.entry(id.clone()).or_default();
        let missed = if member.last == 0 { 0 } else { draw - member.last - 1 };
        member.last = draw;
        if let (true, Some(score), Some(initial)) = (rules.liveness, member.score, self.initial)
            && missed > 0
        {
            let pulled = sortition::smooth_many(rules.alpha, initial, score, missed);
            member.score = Some(score.min(pulled));
        }
    }

    /// Takes in the scores of those who took part, and moves those who had no
    /// place towards a quantile of them.
    pub(crate) fn learn(
        &mut self,
        rules: &Sortition,
        active: &[Id],
        scores: &[f64],
        passive: &[Id],
    ) {
        for id in active {
            self.members.entry(id.clone()).or_default().scored += 1;
        }
        let Some(middle) = quantile(scores, rules.quantile) else { return };
        let own = active.iter().zip(scores.iter().copied());
        for (id, score) in own.chain(passive.iter().map(|id| (id, middle))) {
            let member = self.members.entry(id.clone()).or_default();
            let before = member.score.or(self.initial).unwrap_or(score);
            member.score = Some(sortition::smooth(rules.alpha, score, before));
        }
        let smoothed: Vec<f64> = active.iter().map(|id| self.rank(id)).collect();
        self.initial = sortition::initial_score(&smoothed, rules.lambda);
    }

    fn scored(&self, id: &str) -> u64 {
        self.members.get(id).map_or(0, |member| member.scored)
    }
}

// --- What was submitted -----------------------------------------------------

/// Payloads of an epoch.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Collecting {
    /// Values by label, by inferer.
    pub(crate) inferences: BTreeMap<Id, Vec<f64>>,
    pub(crate) forecasts: BTreeMap<Id, Row>,
    /// Hashes of those who committed to an inference.
    pub(crate) inference_hashes: BTreeMap<Id, String>,
    pub(crate) forecast_hashes: BTreeMap<Id, String>,
}

/// An epoch that awaits the truth.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Waiting {
    pub(crate) inferers: Vec<Id>,
    pub(crate) forecasters: Vec<Id>,
    pub(crate) inferers_left_out: Vec<Id>,
    pub(crate) forecasters_left_out: Vec<Id>,
    /// By label, in the order of the layout; none where it does not exist.
    pub(crate) values: Vec<Vec<Option<f64>>>,
    pub(crate) reports: BTreeMap<Id, Report>,
}

/// What a reputer reported.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Report {
    /// Values by label.
    Truth(Vec<f64>),
    /// log10 losses in the order of the layout.
    Losses(Vec<Option<f64>>),
}

impl Waiting {
    pub(crate) fn layout(&self) -> Layout {
        Layout::new(self.inferers.len(), self.forecasters.len())
    }
}

// --- What it learnt ---------------------------------------------------------

/// The memory of a topic, by id.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Books {
    network_loss: Option<f64>,
    initial_regret: f64,
    regrets: RegretsById,
    coefficients: Row,
    inferer_scores: Vec<Vec<f64>>,
    forecaster_scores: Vec<Vec<f64>>,
    inferer_fractions: Row,
    forecaster_fractions: Row,
    reputer_fractions: Row,
    utility: f64,
}

impl Books {
    pub(crate) fn network_loss(&self) -> Option<f64> {
        self.network_loss
    }

    pub(crate) fn initial_regret(&self) -> f64 {
        self.initial_regret
    }

    pub(crate) fn regret(&self, id: &str, role: Role) -> Option<f64> {
        match role {
            Role::Inferer => self.regrets.network.inferers.get(id).copied(),
            Role::Forecaster => self.regrets.network.forecasters.get(id).copied(),
            Role::Reputer => None,
        }
    }

    /// Regrets of those who take part.
    pub(crate) fn gather_regrets(&self, inferers: &[Id], forecasters: &[Id], into: &mut Memory) {
        let initial = self.initial_regret;
        self.regrets.gather(inferers, forecasters, initial, &mut into.regrets);
    }

    /// The memory of those who take part. Fractions of newcomers are NaN, which
    /// smoothing replaces by their first.
    pub(crate) fn gather(
        &self,
        inferers: &[Id],
        forecasters: &[Id],
        reputers: &[Id],
        into: &mut Memory,
    ) {
        self.gather_regrets(inferers, forecasters, into);
        into.network_loss = self.network_loss;
        into.inferer_scores.clone_from(&self.inferer_scores);
        into.forecaster_scores.clone_from(&self.forecaster_scores);
        into.utility = self.utility;
        for (row, ids, absent, array) in [
            (&self.coefficients, reputers, 1.0, &mut into.coefficients),
            (&self.inferer_fractions, inferers, f64::NAN, &mut into.inferer_fractions),
            (&self.forecaster_fractions, forecasters, f64::NAN, &mut into.forecaster_fractions),
            (&self.reputer_fractions, reputers, f64::NAN, &mut into.reputer_fractions),
        ] {
            array.clear();
            fetch(row, ids, absent, array);
        }
    }

    /// Puts back what [`gather`](Self::gather) gave.
    pub(crate) fn scatter(
        &mut self,
        inferers: &[Id],
        forecasters: &[Id],
        reputers: &[Id],
        from: &Memory,
    ) {
        self.regrets.scatter(inferers, forecasters, &from.regrets);
        self.network_loss = from.network_loss;
        self.inferer_scores.clone_from(&from.inferer_scores);
        self.forecaster_scores.clone_from(&from.forecaster_scores);
        self.utility = from.utility;
        store(&mut self.coefficients, reputers, &from.coefficients);
        store(&mut self.inferer_fractions, inferers, &from.inferer_fractions);
        store(&mut self.forecaster_fractions, forecasters, &from.forecaster_fractions);
        store(&mut self.reputer_fractions, reputers, &from.reputer_fractions);
    }

    /// The regret with which newcomers start from now on, by the regrets of the
    /// workers of an epoch: inferers and forecasters with their classes.
    pub(crate) fn set_initial_regret(
        &mut self,
        settings: &Settings,
        workers: [(&Class, &[Id]); 2],
        regrets: &[f64],
    ) {
        let ids = workers.iter().flat_map(|(class, ids)| ids.iter().map(move |id| (class, id)));
        let enough =
            |(class, id): (&&Class, &Id)| class.scored(id) as f64 * settings.regret_alpha >= 1.0;
        let tried = ids.zip(regrets).filter(|(worker, _)| enough(*worker));
        let experienced: Vec<f64> = tried.map(|(_, regret)| *regret).collect();
        let initial = if experienced.len() < EXPERIENCED {
            quantile(regrets, INITIAL_QUANTILE)
        } else {
            let below = settings.potential.c - NEXT_TO_NOTHING / settings.potential.p;
            let spread = deviation(&experienced) + settings.epsilon;
            quantile(&experienced, INITIAL_QUANTILE).map(|quantile| quantile + below * spread)
        };
        if let Some(initial) = initial.filter(|initial| initial.is_finite()) {
            self.initial_regret = initial;
        }
    }
}
