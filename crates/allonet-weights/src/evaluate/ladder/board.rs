//! A board: identities with budgets, public and hidden jurors, a log that only
//! grows.
//!
//! # Formula
//!
//! Jurors are put in random order by the seed; the first part of them is
//! public, the rest is the hidden final set. A submission is judged on the
//! public ones by the [`super::Release`]. After the close, each identity's best
//! submission is scored on the hidden ones.
//!
//! # Units and shapes
//!
//! Each line of the log holds the hash of the line before it, the first that of
//! the settings: no entry can be changed or taken out of the middle unseen.
//! Replaying the log gives the same board. Times are seconds since 1970.
//!
//! # Known weaknesses
//!
//! * Whoever cuts off the end of the log and keeps quiet is found only by those
//!   who have seen the last hash: publish it.
//! * The seed says which jurors are hidden; settings stay with the organiser,
//!   their hash is published beforehand.

use std::collections::BTreeMap;
use std::sync::Arc;

use allonet_core::fault::{Fault, Place, SourceFile};
use allonet_core::time::Instant;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{Ladder, Release, Told};
use crate::comparisons::Comparisons;
use crate::evaluate::metrics::{Metric, metric};
use crate::evaluate::pairs::{DEFAULT_FLOOR, Sums};
use crate::evaluate::trial::{Clusters, Trial};
use crate::random::Random;

const DAY_SECS: i64 = 86_400;

/// How a board works. Kept with the organiser.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// What it is about.
    pub title: String,
    /// Id of the score of answers.
    pub metric: String,
    /// No submissions from then on; final scores are shown only then.
    pub closes: Instant,
    /// Part of the jurors who are public.
    pub public: f64,
    /// What determines which.
    pub seed: u64,
    /// Submissions of one identity in all.
    pub per_identity: u32,
    /// Submissions of one identity in a day (UTC).
    pub per_day: u32,
    /// Hash (BLAKE3) of the table of comparisons.
    pub comparisons: String,
    /// Whether items are repositories, known by any spelling of their address.
    pub repositories: bool,
    /// When a new score is told.
    pub release: Release,
}

/// One line of the log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Submission {
    /// When.
    pub time: i64,
    /// Who.
    pub identity: String,
    /// Hash of the weights, see [`hash_of`].
    pub hash: String,
    /// Hash of the line before, of the settings for the first.
    pub previous: String,
    /// Weights by item; items that are not there get nothing.
    pub weights: BTreeMap<String, f64>,
}

/// Why a board does not take a submission, or does not show its end.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum BoardError {
    /// A setting is out of bounds.
    #[error("`{name}` is {found}; {allowed}")]
    Setting {
        /// The setting.
        name: &'static str,
        /// Its value.
        found: String,
        /// What is allowed.
        allowed: &'static str,
    },
    /// There are too few jurors for both sides.
    #[error("{found} jurors cannot be divided into public and hidden ones, two of each")]
    TooFewJurors {
        /// How many there are.
        found: usize,
    },
    /// The board is closed.
    #[error("the board closed at {closes}")]
    Closed {
        /// When.
        closes: Instant,
    },
    /// The board is still open.
    #[error("final scores are hidden until the board closes at {closes}")]
    Open {
        /// When.
        closes: Instant,
    },
    /// An earlier time than that of the last submission.
    #[error("a submission at {time} would stand before the last one at {last}")]
    Backwards {
        /// The time given.
        time: Instant,
        /// That of the last.
        last: Instant,
    },
    /// The budget is spent.
    #[error("`{identity}` has used all {allowed} submissions {period}")]
    Budget {
        /// Whose.
        identity: String,
        /// How many there are.
        allowed: u32,
        /// In which time.
        period: &'static str,
    },
    /// A name that cannot stand in a table.
    #[error("an identity has a name on one line, without spaces around it")]
    Identity,
    /// Weights that are none.
    #[error("{found}")]
    Weights {
        /// What is wrong.
        found: String,
    },
    /// The log does not belong together.
    #[error("{what} does not fit the line before it: the log was changed")]
    Broken {
        /// The hash or the chain.
        what: &'static str,
    },
}

impl From<BoardError> for Fault {
    fn from(error: BoardError) -> Self {
        let code = match &error {
            BoardError::Setting { .. } => "bad-board",
            BoardError::TooFewJurors { .. } => "too-few-jurors",
            BoardError::Closed { .. } => "board-closed",
            BoardError::Open { .. } => "board-open",
            BoardError::Backwards { .. } => "backwards",
            BoardError::Budget { .. } => "budget-spent",
            BoardError::Identity => "bad-identity",
            BoardError::Weights { .. } => "bad-weights",
            BoardError::Broken { .. } => "broken-log",
        };
        Self::new(code, error.to_string())
    }
}

/// A board in its present state.
#[derive(Debug, Clone)]
pub struct Board {
    settings: Settings,
    metric: &'static Metric,
    public: Comparisons,
    hidden: Comparisons,
    members: BTreeMap<String, Member>,
    last: Option<i64>,
    /// Hash of the last line.
    head: String,
}

#[derive(Debug, Clone, Default)]
struct Member {
    ladder: Ladder,
    used: u32,
    day: i64,
    used_today: u32,
    best: Vec<f64>,
}

/// An identity's place.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Standing {
    /// Who.
    pub identity: String,
    /// The best score told.
    pub told: f64,
    /// Submissions so far.
    pub submissions: u32,
}

/// An identity's end.
#[derive(Debug, Clone, PartialEq)]
pub struct Final {
    /// Who.
    pub identity: String,
    /// The best score told while the board was open.
    pub told: f64,
    /// Score of that submission on all hidden answers.
    pub score: Option<f64>,
    /// What the answers of each hidden juror add up to.
    pub sums: Vec<Sums>,
}

impl Board {
    /// An empty board. `text` is the settings as they stand in their file: the
    /// log begins with their hash.
    pub fn new(
        settings: Settings,
        text: &str,
        comparisons: &Comparisons,
    ) -> Result<Self, BoardError> {
        let metric = settings.checked()?;
        let (public, hidden) = divided(&settings, comparisons)?;
        let head = hash(text);
        Ok(Self { settings, metric, public, hidden, members: BTreeMap::new(), last: None, head })
    }

    /// A board and all that was submitted to it.
    ///
    /// Faults with the line of the log: whatever [`Board::submit`] refuses.
    pub fn replay(
        settings: Settings,
        text: &str,
        comparisons: &Comparisons,
        log: &Arc<SourceFile>,
    ) -> Result<Self, Fault> {
        let mut board = Self::new(settings, text, comparisons)?;
        let mut start = 0;
        for line in log.text.split_inclusive('\n') {
            let place = Place::new(log, start..start + line.trim_end().len());
            start += line.len();
            let submission: Submission = serde_json::from_str(line).map_err(|error| {
                Fault::new("broken-log", format!("no submission: {error}")).at(place.clone())
            })?;
            board
                .take(&submission, line.trim_end())
                .map_err(|error| Fault::from(error).at(place))?;
        }
        Ok(board)
    }

    /// The line of the log for a submission.
    ///
    /// # Panics
    ///
    /// If a weight is not finite: such are refused.
    pub fn line(&self, time: i64, identity: &str, weights: BTreeMap<String, f64>) -> String {
        let submission = Submission {
            time,
            identity: identity.to_owned(),
            hash: hash_of(&weights),
            previous: self.head.clone(),
            weights,
        };
        serde_json::to_string(&submission).expect("finite numbers can be written")
    }

    /// Takes weights, and gives what is told of them and the line for the log.
    pub fn submit(
        &mut self,
        time: i64,
        identity: &str,
        weights: BTreeMap<String, f64>,
    ) -> Result<(Told, String), BoardError> {
        if let Some((item, weight)) = weights.iter().find(|(_, weight)| !weight.is_finite()) {
            let found = format!("the weight of `{item}` is {weight}");
            return Err(BoardError::Weights { found });
        }
        let line = self.line(time, identity, weights);
        let submission = serde_json::from_str(&line).expect("it was just written");
        let told = self.take(&submission, &line)?;
        Ok((told, line))
    }

    /// Hash of the last line, of the settings at the beginning.
    pub fn head(&self) -> &str {
        &self.head
    }

    /// Names of the items, sorted.
    pub fn items(&self) -> &[String] {
        self.public.items()
    }

    /// Public and hidden answers. Who is to be surprised must not see the hidden
    /// ones.
    pub fn sides(&self) -> (&Comparisons, &Comparisons) {
        (&self.public, &self.hidden)
    }

    /// How many jurors are public and hidden.
    pub fn jurors(&self) -> (usize, usize) {
        (Clusters::by_juror(&self.public).len(), Clusters::by_juror(&self.hidden).len())
    }

    /// All identities, the best first.
    pub fn standings(&self) -> Vec<Standing> {
        let mut standings: Vec<Standing> = self
            .members
            .iter()
            .filter_map(|(identity, member)| {
                let (identity, told) = (identity.clone(), member.ladder.told()?);
                Some(Standing { identity, told, submissions: member.used })
            })
            .collect();
        standings.sort_by(|a, b| {
            let order = self.metric.loss(a.told, b.told).total_cmp(&0.0);
            order.then_with(|| a.identity.cmp(&b.identity))
        });
        standings
    }

    /// Each identity's best submission on the hidden answers, the best first.
    pub fn finals(&self, now: i64) -> Result<Vec<Final>, BoardError> {
        let closes = self.settings.closes;
        if now < closes.unix() {
            return Err(BoardError::Open { closes });
        }
        let clusters = Clusters::by_juror(&self.hidden);
        let mut finals: Vec<Final> = self
            .members
            .iter()
            .filter_map(|(identity, member)| {
                let trial = Trial::given(identity, &member.best, &self.hidden);
                let sums = trial.sums(&self.hidden, &clusters, DEFAULT_FLOOR, None);
                let score = self.metric.of_pairs(&Sums::total(&sums));
                Some(Final { identity: identity.clone(), told: member.ladder.told()?, score, sums })
            })
            .collect();
        finals.sort_by(|a, b| {
            let order = match (a.score, b.score) {
                (Some(a), Some(b)) => self.metric.loss(a, b).total_cmp(&0.0),
                (a, b) => b.is_some().cmp(&a.is_some()),
            };
            order.then_with(|| a.identity.cmp(&b.identity))
        });
        Ok(finals)
    }

    fn take(&mut self, submission: &Submission, line: &str) -> Result<Told, BoardError> {
        let Submission { time, identity, .. } = submission;
        if submission.previous != self.head {
            return Err(BoardError::Broken { what: "the hash of the line before" });
        }
        if submission.hash != hash_of(&submission.weights) {
            return Err(BoardError::Broken { what: "the hash of the weights" });
        }
        self.may(*time, identity)?;
        let weights = self.weights(&submission.weights)?;
        let clusters = Clusters::by_juror(&self.public);
        let trial = Trial::given(identity, &weights, &self.public);
        let sums = trial.sums(&self.public, &clusters, DEFAULT_FLOOR, None);
        let member = self.members.entry(identity.clone()).or_default();
        let release = self.settings.release;
        let Some(told) = member.ladder.offer(self.metric, release, sums) else {
            let found = "these weights have no score: no pair of the public answers gets anything";
            return Err(BoardError::Weights { found: found.to_owned() });
        };
        let day = time.div_euclid(DAY_SECS);
        member.used_today = if member.day == day { member.used_today + 1 } else { 1 };
        member.day = day;
        member.used += 1;
        if told.improved {
            member.best = weights;
        }
        self.last = Some(*time);
        self.head = hash(line);
        Ok(told)
    }

    /// Whether this identity may submit now.
    fn may(&self, time: i64, identity: &str) -> Result<(), BoardError> {
        let shown = identity.trim() == identity && !identity.contains(char::is_control);
        if identity.is_empty() || !shown {
            return Err(BoardError::Identity);
        }
        if time >= self.settings.closes.unix() {
            return Err(BoardError::Closed { closes: self.settings.closes });
        }
        if let Some(last) = self.last.filter(|last| time < *last) {
            let (time, last) = (Instant::from_unix(time), Instant::from_unix(last));
            return Err(BoardError::Backwards { time, last });
        }
        let Some(member) = self.members.get(identity) else { return Ok(()) };
        let today = member.day == time.div_euclid(DAY_SECS);
        let Settings { per_identity, per_day, .. } = self.settings;
        let spent = |allowed, period| {
            Err(BoardError::Budget { identity: identity.to_owned(), allowed, period })
        };
        if member.used >= per_identity {
            return spent(per_identity, "of this board");
        }
        if today && member.used_today >= per_day {
            return spent(per_day, "of this day (UTC)");
        }
        Ok(())
    }

    fn weights(&self, given: &BTreeMap<String, f64>) -> Result<Vec<f64>, BoardError> {
        let mut weights = vec![0.0; self.public.items().len()];
        for (item, weight) in given {
            let wrong = |found: String| Err(BoardError::Weights { found });
            let Some(at) = self.public.item(item) else {
                return wrong(format!("`{item}` is no item of this board"));
            };
            if !(*weight >= 0.0 && weight.is_finite()) {
                return wrong(format!("the weight of `{item}` is {weight}"));
            }
            weights[at as usize] = *weight;
        }
        Ok(weights)
    }
}

impl Settings {
    fn checked(&self) -> Result<&'static Metric, BoardError> {
        let setting = |name, found: String, allowed| BoardError::Setting { name, found, allowed };
        let found = metric(&self.metric).ok().filter(|metric| metric.is_of_pairs());
        let metric = found.ok_or_else(|| {
            setting("metric", self.metric.clone(), "a score of answers, such as brier")
        })?;
        if !(self.public > 0.0 && self.public < 1.0) {
            return Err(setting("public", self.public.to_string(), "a part between 0 and 1"));
        }
        if let Release::Ladder { step } = self.release
            && !(step > 0.0 && step.is_finite())
        {
            return Err(setting("step", step.to_string(), "a number above 0"));
        }
        for (name, budget) in [("per_identity", self.per_identity), ("per_day", self.per_day)] {
            if budget == 0 {
                return Err(setting(name, budget.to_string(), "at least 1"));
            }
        }
        Ok(metric)
    }
}

/// Answers of public and of hidden jurors.
fn divided(
    settings: &Settings,
    comparisons: &Comparisons,
) -> Result<(Comparisons, Comparisons), BoardError> {
    let clusters = Clusters::by_juror(comparisons);
    let found = clusters.len();
    if found < 4 {
        return Err(BoardError::TooFewJurors { found });
    }
    let mut order: Vec<usize> = (0..found).collect();
    Random::new(settings.seed).shuffle(&mut order);
    let mut is_public = vec![false; found];
    for (rank, juror) in order.into_iter().enumerate() {
        let wanted = (rank as f64) < (settings.public * found as f64).round();
        is_public[juror] = (wanted || rank < 2) && rank < found - 2;
    }
    let (public, hidden): (Vec<usize>, Vec<usize>) =
        (0..comparisons.len()).partition(|at| is_public[clusters.of_row[*at]]);
    Ok((comparisons.take(&public), comparisons.take(&hidden)))
}

/// Hash of weights: of their items in order, each with its weight as bits.
pub fn hash_of(weights: &BTreeMap<String, f64>) -> String {
    let mut hasher = blake3::Hasher::new();
    for (item, weight) in weights {
        hasher.update(&(item.len() as u64).to_le_bytes());
        hasher.update(item.as_bytes());
        hasher.update(&weight.to_bits().to_le_bytes());
    }
    hasher.finalize().to_hex().to_string()
}

fn hash(text: &str) -> String {
    blake3::hash(text.as_bytes()).to_hex().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synthetic::Jury;

    fn settings() -> Settings {
        Settings {
            title: "t".into(),
            metric: "brier".into(),
            closes: Instant::from_unix(10 * DAY_SECS),
            public: 0.5,
            seed: 3,
            per_identity: 3,
            per_day: 2,
            comparisons: String::new(),
            repositories: false,
            release: Release::Ladder { step: 0.01 },
        }
    }

    fn comparisons() -> Comparisons {
        Jury { items: 4, jurors: 8, noise: 1.0, ..Jury::default() }.draw(1).comparisons(200)
    }

    fn weights(values: [f64; 4]) -> BTreeMap<String, f64> {
        (0..4).map(|at| (format!("item-{at}"), values[at])).collect()
    }

    #[test]
    fn a_log_replays_to_the_same_board() {
        let comparisons = comparisons();
        let mut board = Board::new(settings(), "s", &comparisons).unwrap();
        assert_eq!(board.jurors(), (4, 4));
        let mut log = String::new();
        for (time, identity, values) in [
            (1, "ann", [1.0; 4]),
            (2, "ben", [9.0, 1.0, 2.0, 0.1]),
            (5, "ann", [1.0, 2.0, 3.0, 4.0]),
        ] {
            let (_, line) = board.submit(time, identity, weights(values)).unwrap();
            log += &(line + "\n");
        }
        let file = |log: &str| SourceFile::new("log.jsonl", log);
        let again = Board::replay(settings(), "s", &comparisons, &file(&log)).unwrap();
        assert_eq!((again.head(), again.standings()), (board.head(), board.standings()));
        assert_eq!(again.standings().len(), 2);
        // A weight changed, a line taken out, other settings.
        let refused = |text: &str, log: &str| {
            Board::replay(settings(), text, &comparisons, &file(log)).unwrap_err().to_string()
        };
        assert!(
            refused("s", &log.replacen("0.1", "0.2", 1)).starts_with("log.jsonl:2:1: the hash")
        );
        let (_, cut) = log.split_once('\n').unwrap();
        assert!(refused("s", cut).contains("the log was changed"));
        assert!(refused("other", &log).contains("the log was changed"));
        assert!(refused("s", "{}\n").contains("no submission"));
    }

    #[test]
    fn budgets_times_and_the_close_hold() {
        let mut board = Board::new(settings(), "s", &comparisons()).unwrap();
        let mut submit =
            |time, identity: &str| board.submit(time, identity, weights([1.0; 4])).map(|_| ());
        assert_eq!(submit(0, "ann"), Ok(()));
        assert_eq!(submit(1, "ann"), Ok(()));
        let spent = submit(2, "ann").unwrap_err().to_string();
        assert_eq!(spent, "`ann` has used all 2 submissions of this day (UTC)");
        assert_eq!(submit(DAY_SECS, "ann"), Ok(()));
        let spent = submit(3 * DAY_SECS, "ann").unwrap_err().to_string();
        assert_eq!(spent, "`ann` has used all 3 submissions of this board");
        assert!(matches!(submit(5, "ben"), Err(BoardError::Backwards { .. })));
        for name in ["", " ben", "ben\nann", "b\u{1b}[2J"] {
            assert!(matches!(submit(DAY_SECS, name), Err(BoardError::Identity)));
        }
        assert!(matches!(submit(10 * DAY_SECS, "ben"), Err(BoardError::Closed { .. })));
        assert!(matches!(board.finals(10 * DAY_SECS - 1), Err(BoardError::Open { .. })));
        assert_eq!(board.finals(10 * DAY_SECS).unwrap().len(), 1);
        assert_eq!(board.head().len(), 64);
    }

    #[test]
    fn wrong_weights_and_settings_are_refused() {
        let comparisons = comparisons();
        let mut board = Board::new(settings(), "s", &comparisons).unwrap();
        let mut told = |item: &str, weight: f64| {
            let weights = [(item.to_owned(), weight)].into();
            board.submit(0, "ann", weights).unwrap_err().to_string()
        };
        assert_eq!(told("x", 1.0), "`x` is no item of this board");
        assert_eq!(told("item-0", -1.0), "the weight of `item-0` is -1");
        assert_eq!(told("item-0", f64::NAN), "the weight of `item-0` is NaN");
        assert!(told("item-0", 0.0).contains("have no score"));
        let refused = |settings| Board::new(settings, "s", &comparisons).unwrap_err().to_string();
        assert!(refused(Settings { metric: "drift".into(), ..settings() }).contains("metric"));
        assert!(refused(Settings { public: 1.0, ..settings() }).contains("`public` is 1"));
        assert!(refused(Settings { per_day: 0, ..settings() }).contains("`per_day` is 0"));
        let flat = Release::Ladder { step: 0.0 };
        assert!(refused(Settings { release: flat, ..settings() }).contains("`step` is 0"));
        let alone = comparisons.filter(|row| row.juror < 3);
        assert!(Board::new(settings(), "s", &alone).is_err());
    }
}
