//! What the creator of a topic decides about its life.

use std::collections::BTreeSet;
use std::sync::Arc;

use allonet_core::money::Amount;
use allonet_core::time::Instant;
use serde::{Deserialize, Serialize};

use crate::bounds::{BadRules, holds, number_holds, part};
use crate::life::payload::ANY_TEXT;
use crate::loss::Loss;
use crate::settings::Settings;
use crate::sortition::Sortition;

/// Farthest the truth may lie behind an inference, in epochs.
pub const LONGEST_LAG: u64 = 100;
/// Most labels.
const MOST_LABELS: usize = 256;
/// Longest run of epochs over which fees may count.
const LONGEST_FEES: u64 = 10_000;
/// Most epochs that may be under way at once.
const MOST_UNDER_WAY: i128 = 1_000;
/// The last second that prints as a date: 9999-12-31.
const LAST_SECOND: i64 = 253_402_207_199;

/// The rules of a topic.
///
/// ```
/// use allonet_core::time::Instant;
/// use allonet_topics::life::{Rules, Schedule};
///
/// let hourly = Schedule::every(Instant::from_unix(0), 3_600);
/// let rules = Rules::new("eth", hourly);
/// assert_eq!(rules.places.inferers, 32);
/// assert!(rules.check().is_ok());
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    /// Its name, part of each commitment.
    pub name: String,
    /// When epochs open and close.
    pub schedule: Schedule,
    /// How inferences, losses and scores are computed.
    #[serde(default)]
    pub settings: Settings,
    /// By what an inference is compared with the truth.
    #[serde(default)]
    pub loss: Loss,
    /// What an inference has a value for; one value where empty.
    #[serde(default)]
    pub labels: Vec<String>,
    /// How many take part in an epoch.
    #[serde(default)]
    pub places: Places,
    /// Most inferers that one forecast may name; those with the best scores
    /// count.
    #[serde(default = "twelve")]
    pub forecast_elements: usize,
    /// Least stake, own and delegated, with which a reputer is heard.
    #[serde(default)]
    pub minimum_stake: Amount,
    /// From asking stake back until it leaves, in seconds.
    #[serde(default = "three_weeks")]
    pub unstake_delay_secs: u64,
    /// Whether what reputers earn is staked at once (Eq 37).
    #[serde(default = "yes")]
    pub compound: bool,
    /// Whether workers commit first and reveal later.
    #[serde(default)]
    pub commit_reveal: bool,
    /// Who takes part where there are more candidates than places.
    #[serde(default)]
    pub sortition: Sortition,
    /// Which weight a topic must have to be served.
    #[serde(default)]
    pub activation: Activation,
    /// Who may register; everybody where there is none.
    #[serde(default)]
    pub whitelist: Option<Whitelist>,
}

/// When epochs open and close. Every window contains its first second and not
/// its last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// When epoch 0 opens.
    pub start: Instant,
    /// From one epoch to the next, in seconds.
    pub epoch_secs: u64,
    /// For how long payloads (or commitments) are taken, in seconds.
    pub submission_secs: u64,
    /// For how long commitments may be revealed after that, in seconds.
    #[serde(default)]
    pub reveal_secs: u64,
    /// From the opening of an epoch until its truth is known, in epochs. Reports
    /// open then, or when the inferences close if that is later.
    #[serde(default)]
    pub truth_lag_epochs: u64,
    /// For how long reports are taken, in seconds.
    pub report_secs: u64,
}

/// How many take part in an epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Places {
    /// Inferers.
    pub inferers: usize,
    /// Forecasters.
    pub forecasters: usize,
    /// Reputers.
    pub reputers: usize,
}

/// Which weight a topic must have to be served.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Activation {
    /// Least weight, in base units; 0 serves every topic.
    pub minimum: f64,
    /// Weight of the newest `√(stake × fees)` in the topic's weight.
    pub alpha: f64,
    /// For how many epochs a fee counts.
    pub fee_epochs: u64,
}

/// Who may register.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Whitelist {
    /// As inferer or forecaster.
    pub workers: BTreeSet<Arc<str>>,
    /// As reputer.
    pub reputers: BTreeSet<Arc<str>>,
}

impl Rules {
    /// With the default of everything else.
    pub fn new(name: impl Into<String>, schedule: Schedule) -> Self {
        Self {
            name: name.into(),
            schedule,
            settings: Settings::default(),
            loss: Loss::default(),
            labels: Vec::new(),
            places: Places::default(),
            forecast_elements: twelve(),
            minimum_stake: Amount::ZERO,
            unstake_delay_secs: three_weeks(),
            compound: yes(),
            commit_reveal: false,
            sortition: Sortition::default(),
            activation: Activation::default(),
            whitelist: None,
        }
    }

    /// How many values an inference has.
    pub fn arity(&self) -> usize {
        self.labels.len().max(1)
    }

    /// Until when payloads of an epoch count: the end of the submissions, or of
    /// the reveals after them.
    pub fn inferences_close(&self, epoch: u64) -> Instant {
        let reveals = if self.commit_reveal { self.schedule.reveal_secs } else { 0 };
        let after = i128::from(self.schedule.submission_secs) + i128::from(reveals);
        self.schedule.after_opening(epoch, after)
    }

    /// From when reports on an epoch are taken.
    pub fn reports_open(&self, epoch: u64) -> Instant {
        let lag = self.schedule.truth_lag_epochs;
        self.schedule.opens(epoch.saturating_add(lag)).max(self.inferences_close(epoch))
    }

    /// Until when reports on an epoch are taken.
    pub fn reports_close(&self, epoch: u64) -> Instant {
        let opens = i128::from(self.reports_open(epoch).unix());
        clamp(opens + i128::from(self.schedule.report_secs))
    }

    /// The first thing that is wrong with them, if any.
    pub fn check(&self) -> Result<(), BadRules> {
        self.check_schedule()?;
        self.check_sizes()?;
        self.check_numbers()?;
        self.settings.check()
    }

    fn check_schedule(&self) -> Result<(), BadRules> {
        let Schedule { start, epoch_secs, submission_secs, reveal_secs, .. } = self.schedule;
        let Schedule { truth_lag_epochs, report_secs, .. } = self.schedule;
        let second = |seconds: u64| seconds >= 1;
        let in_time = (0..=LAST_SECOND).contains(&start.unix());
        holds(in_time, "schedule.start", start, "a moment from 1970 to 9999")?;
        holds(second(epoch_secs), "schedule.epoch_secs", epoch_secs, "at least 1")?;
        let fits = (1..=epoch_secs).contains(&submission_secs);
        let allowed = "at least 1 and at most `epoch_secs`";
        holds(fits, "schedule.submission_secs", submission_secs, allowed)?;
        let fits = !self.commit_reveal || second(reveal_secs);
        holds(fits, "schedule.reveal_secs", reveal_secs, "at least 1 with `commit_reveal`")?;
        let fits = truth_lag_epochs <= LONGEST_LAG;
        holds(fits, "schedule.truth_lag_epochs", truth_lag_epochs, "at most 100")?;
        holds(second(report_secs), "schedule.report_secs", report_secs, "at least 1")?;
        let last = i128::from(submission_secs) + i128::from(reveal_secs) + i128::from(report_secs);
        let few = last / i128::from(epoch_secs) <= MOST_UNDER_WAY;
        holds(few, "schedule", format!("{last} s long"), "windows of at most 1000 epochs in all")
    }

    fn check_sizes(&self) -> Result<(), BadRules> {
        let named = !self.name.is_empty() && self.name.len() <= ANY_TEXT;
        holds(named, "name", format!("`{}`", self.name), "a text of 1 to 255 bytes")?;
        let few = self.labels.len() <= MOST_LABELS;
        holds(few, "labels", format!("{} labels", self.labels.len()), "at most 256")?;
        let different: BTreeSet<&String> = self.labels.iter().collect();
        let different = different.len() == self.labels.len();
        holds(different, "labels", "a list with one label twice", "different labels")?;
        let even = vec![1.0 / self.arity() as f64; self.arity()];
        let fits = self.loss.fits(&even).is_ok();
        holds(fits, "loss", self.loss.name(), "a loss for as many labels as the topic has")?;
        let Places { inferers, forecasters, reputers } = self.places;
        let fits = (1..=4_096).contains(&inferers);
        holds(fits, "places.inferers", inferers, "1 to 4096")?;
        holds(forecasters <= 4_096, "places.forecasters", forecasters, "0 to 4096")?;
        let fits = (1..=4_096).contains(&reputers);
        holds(fits, "places.reputers", reputers, "1 to 4096")?;
        holds(self.forecast_elements >= 1, "forecast_elements", 0, "at least 1")
    }

    fn check_numbers(&self) -> Result<(), BadRules> {
        let Sortition { alpha, quantile, lambda, .. } = self.sortition;
        number_holds(part(alpha), "sortition.alpha", alpha, "above 0 and at most 1")?;
        number_holds((0.0..=1.0).contains(&quantile), "sortition.quantile", quantile, "0 to 1")?;
        number_holds((0.0..=1e6).contains(&lambda), "sortition.lambda", lambda, "0 to 1000000")?;
        let Activation { minimum, alpha, fee_epochs } = self.activation;
        let fits = minimum >= 0.0 && minimum.is_finite();
        number_holds(fits, "activation.minimum", minimum, "a finite number of 0 or more")?;
        number_holds(part(alpha), "activation.alpha", alpha, "above 0 and at most 1")?;
        let fits = (1..=LONGEST_FEES).contains(&fee_epochs);
        holds(fits, "activation.fee_epochs", fee_epochs, "1 to 10000")
    }
}

impl Schedule {
    /// Epochs of so many seconds; payloads are taken during all of an epoch,
    /// and reports during all of the next.
    pub fn every(start: Instant, epoch_secs: u64) -> Self {
        Self {
            start,
            epoch_secs,
            submission_secs: epoch_secs,
            reveal_secs: 0,
            truth_lag_epochs: 1,
            report_secs: epoch_secs,
        }
    }

    /// When an epoch opens.
    pub fn opens(&self, epoch: u64) -> Instant {
        self.after_opening(epoch, 0)
    }

    /// When its submissions (or commitments) end.
    pub fn submissions_end(&self, epoch: u64) -> Instant {
        self.after_opening(epoch, i128::from(self.submission_secs))
    }

    /// The epoch that is open at a moment or was the last to open; none before
    /// the first.
    pub fn epoch_at(&self, now: Instant) -> Option<u64> {
        let since = i128::from(now.unix()) - i128::from(self.start.unix());
        let epoch = since.checked_div(i128::from(self.epoch_secs))?;
        if since < 0 { None } else { u64::try_from(epoch).ok() }
    }

    fn after_opening(&self, epoch: u64, seconds: i128) -> Instant {
        let opens = i128::from(epoch) * i128::from(self.epoch_secs);
        clamp(i128::from(self.start.unix()) + opens.saturating_add(seconds))
    }
}

/// The last moment that a topic lives to see.
pub fn last_moment() -> Instant {
    Instant::from_unix(LAST_SECOND)
}

/// A moment after the last one stands for never.
fn clamp(seconds: i128) -> Instant {
    let never = LAST_SECOND + 1;
    Instant::from_unix(i64::try_from(seconds).unwrap_or(never).min(never))
}

impl Default for Places {
    fn default() -> Self {
        Self { inferers: 32, forecasters: 6, reputers: 6 }
    }
}

impl Default for Activation {
    fn default() -> Self {
        Self { minimum: 0.0, alpha: 0.5, fee_epochs: 168 }
    }
}

fn twelve() -> usize {
    12
}

fn yes() -> bool {
    true
}

fn three_weeks() -> u64 {
    3 * 7 * 86_400
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules() -> Rules {
        let start = Instant::from_unix(1_000);
        let schedule = Schedule {
            start,
            epoch_secs: 100,
            submission_secs: 60,
            reveal_secs: 20,
            truth_lag_epochs: 2,
            report_secs: 50,
        };
        Rules::new("t", schedule)
    }

    #[test]
    fn windows_by_hand() {
        let mut rules = rules();
        assert_eq!(rules.schedule.opens(3).unix(), 1_300);
        assert_eq!(rules.schedule.submissions_end(3).unix(), 1_360);
        assert_eq!(rules.inferences_close(3).unix(), 1_360);
        rules.commit_reveal = true;
        assert_eq!(rules.inferences_close(3).unix(), 1_380);
        assert_eq!(rules.reports_open(3).unix(), 1_500);
        assert_eq!(rules.reports_close(3).unix(), 1_550);
        rules.schedule.truth_lag_epochs = 0;
        assert_eq!(rules.reports_open(3).unix(), 1_380);
        assert_eq!(rules.schedule.epoch_at(Instant::from_unix(999)), None);
        assert_eq!(rules.schedule.epoch_at(Instant::from_unix(1_299)), Some(2));
        assert_eq!(rules.schedule.opens(u64::MAX), clamp(i128::MAX));
    }

    #[test]
    fn rules_that_cannot_be_are_refused() {
        type Change = fn(&mut Rules);
        let broken: [(&str, Change); 14] = [
            ("name", |r| r.name.clear()),
            ("schedule.start", |r| r.schedule.start = Instant::from_unix(i64::MAX)),
            ("schedule.epoch_secs", |r| r.schedule.epoch_secs = 0),
            ("schedule.submission_secs", |r| r.schedule.submission_secs = 101),
            ("schedule.reveal_secs", |r| {
                r.commit_reveal = true;
                r.schedule.reveal_secs = 0;
            }),
            ("schedule.truth_lag_epochs", |r| r.schedule.truth_lag_epochs = 101),
            ("schedule.report_secs", |r| r.schedule.report_secs = 0),
            ("schedule", |r| r.schedule.report_secs = u64::MAX),
            ("labels", |r| r.labels = vec!["a".into(), "a".into()]),
            ("places.inferers", |r| r.places.inferers = 0),
            ("forecast_elements", |r| r.forecast_elements = 0),
            ("sortition.alpha", |r| r.sortition.alpha = f64::NAN),
            ("activation.minimum", |r| r.activation.minimum = f64::INFINITY),
            ("activation.fee_epochs", |r| r.activation.fee_epochs = 0),
        ];
        for (field, change) in broken {
            let mut rules = rules();
            assert_eq!(rules.check(), Ok(()));
            change(&mut rules);
            assert_eq!(rules.check().map_err(|error| error.field), Err(field));
        }
    }
}
