//! The life of a topic: a state machine over dated events.
//!
//! A [`Topic`] takes [events](payload) one by one in order of time, closes the
//! windows that end, and says what became of each epoch. It reads no clock and
//! no file: the same events give the same state, byte for byte, and a state
//! that was written out and read back goes on like the first.
//!
//! # The epochs
//!
//! ```text
//! opens ── submissions ──┬─ reveals ─┬─ … the truth is awaited … ─┬── reports ──┐
//!                        │ (if any)  │                            │             │
//!                        └───────────┴ inferences close           └ open        └ close
//! ```
//!
//! Epoch `n` opens at `start + n · epoch_secs`. Of each actor and role the first
//! payload counts. When inferences close the participants are drawn
//! ([`sortition`](crate::sortition)), the network inference is computed and told
//! as [`Closed::Inference`]; when reports close, losses, regrets, scores and
//! reward fractions are, as [`Closed::Scored`]; then [`Topic::reward`] pays.
//! Several epochs are under way at once where the truth lags.
//!
//! What happens at one moment happens in this order: reports close, stake
//! leaves, inferences close, then events.
//!
//! # What comes of the unusual
//!
//! | what                                | outcome                                            |
//! |-------------------------------------|----------------------------------------------------|
//! | an epoch without inferences         | [`Reason::Empty`] or [`Reason::NoInferences`]       |
//! | one inferer                         | it is the network inference; its score is 0        |
//! | no forecasters                      | network and naive inference are the same           |
//! | nobody reports, or with enough stake | [`Reason::NoReports`]: nothing is learnt or paid   |
//! | all stake with one reputer          | its report is the truth                            |
//! | nobody has stake                    | with a `minimum_stake` of 0 all reputers count alike |
//! | all listening coefficients zero     | each becomes 0.01                                  |
//! | the topic weighs too little         | [`Reason::BelowWeight`]                            |
//!
//! # Newcomers
//!
//! Regrets, scores and reward fractions belong to an id and are kept when it is
//! away, and when it leaves and registers again. Whoever is new starts with the
//! *initial regret*: 0 until an epoch has been scored; then the 25 % quantile of
//! the regrets of that epoch's workers. With ten or more who were scored at
//! least `1/α` times, it is their quantile plus `(c − 8.25/p)(σ + ε)`, which
//! gives almost no weight: they have to prove themselves first. (As releases 0.7
//! and later of the authors' chain.)
//!
//! # Limits
//!
//! An event that is refused changes nothing but the time, which it moves to its
//! own; one that goes back in time not even that. Stakes and fees stay below
//! 2^126 base units, all money below 2^127. Scored epochs may wait to be paid
//! for, the newest [`UNPAID`] of them.
//!
//! # Sources
//!
//! Kruijssen et al. (2024), §3 and 4; the authors' chain for windows, sortition,
//! stake and initial regrets.

mod books;
mod closing;
mod money;
mod news;
pub mod payload;
mod regrets;
mod rejected;
mod rules;
mod scoring;
mod submitting;

use std::collections::BTreeMap;
use std::sync::Arc;

use allonet_core::event::Event;
use allonet_core::money::Amount;
use allonet_core::time::Instant;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::commitment::Committed;
use crate::stake::Stakes;
use books::{Books, Class, Collecting, Waiting};
use money::{Fees, Shares};
use payload::Deed;

pub use crate::bounds::BadRules;
pub use money::{Payout, RewardError};
pub use news::{Closed, Inference, Label, Reason, Scored, Skipped};
pub use rejected::Rejected;
pub use rules::{Activation, LONGEST_LAG, Places, Rules, Schedule, Whitelist, last_moment};

/// The name of somebody.
pub type Id = Arc<str>;

/// How many scored epochs may wait to be paid.
pub const UNPAID: usize = 128;

/// What somebody does for a topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Says what the target will be.
    Inferer,
    /// Says how far off inferers will be.
    Forecaster,
    /// Says how far off they were.
    Reputer,
}

impl Role {
    /// All roles.
    pub const ALL: [Self; 3] = [Self::Inferer, Self::Forecaster, Self::Reputer];

    /// As in events.
    pub fn name(self) -> &'static str {
        match self {
            Self::Inferer => "inferer",
            Self::Forecaster => "forecaster",
            Self::Reputer => "reputer",
        }
    }
}

/// A topic and all that it knows.
///
/// ```
/// use allonet_core::event::EventLog;
/// use allonet_core::fault::SourceFile;
/// use allonet_core::time::Instant;
/// use allonet_topics::life::{Closed, Rules, Schedule, Topic};
///
/// let minutes = Schedule::every(Instant::from_unix(0), 60);
/// let mut topic = Topic::new(Rules::new("t", minutes))?;
/// let log = r#"
/// {"time":"1970-01-01T00:00:01Z","actor":"ann","action":"register","role":"inferer"}
/// {"time":"1970-01-01T00:00:01Z","actor":"rob","action":"register","role":"reputer"}
/// {"time":"1970-01-01T00:00:02Z","actor":"ann","action":"infer","epoch":0,"value":3.5}
/// {"time":"1970-01-01T00:01:30Z","actor":"rob","action":"report","epoch":0,"truth":3.0}
/// "#;
/// for event in EventLog::read(&SourceFile::new("log", log)).unwrap().events() {
///     topic.take(event).unwrap();
/// }
/// let closed = topic.advance(Instant::from_unix(120));
/// let Closed::Inference(first) = &closed[0] else { panic!() };
/// assert_eq!(first.labels[0].network(), 3.5);
/// let Closed::Scored(scored) = &closed[1] else { panic!() };
/// assert_eq!((scored.epoch, &*scored.inferers[0]), (0, "ann"));
/// # Ok::<(), allonet_topics::life::BadRules>(())
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Topic {
    rules: Rules,
    /// The time it has reached.
    now: Option<Instant>,
    /// The next epoch whose inferences close.
    next: u64,
    inferers: Class,
    forecasters: Class,
    reputers: Class,
    /// Epochs that take payloads, where there are any.
    collecting: BTreeMap<u64, Collecting>,
    /// Epochs that await the truth.
    waiting: BTreeMap<u64, Waiting>,
    books: Books,
    stakes: Stakes,
    fees: Fees,
    /// Fractions of epochs that have not been paid for.
    unpaid: BTreeMap<u64, Shares>,
    /// What has not been told yet.
    #[serde(skip)]
    news: Vec<Closed>,
    #[serde(skip)]
    desk: closing::Desk,
}

/// Bytes that are no topic.
#[derive(Debug, Error)]
pub enum NoTopic {
    /// They do not read as one.
    #[error("this is no state of a topic: {0}")]
    Unreadable(#[from] serde_json::Error),
    /// Its rules cannot be.
    #[error("this state has rules that cannot be: {0}")]
    Rules(#[from] BadRules),
}

impl Topic {
    /// A topic at its beginning.
    pub fn new(rules: Rules) -> Result<Self, BadRules> {
        rules.check()?;
        Ok(Self {
            rules,
            now: None,
            next: 0,
            inferers: Class::default(),
            forecasters: Class::default(),
            reputers: Class::default(),
            collecting: BTreeMap::new(),
            waiting: BTreeMap::new(),
            books: Books::default(),
            stakes: Stakes::default(),
            fees: Fees::default(),
            unpaid: BTreeMap::new(),
            news: Vec::new(),
            desk: closing::Desk::default(),
        })
    }

    /// Its state as bytes: the same state, the same bytes. What
    /// [`advance`](Self::advance) has yet to tell is not part of it.
    pub fn bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("a topic has text keys and finite numbers")
    }

    /// From what [`bytes`](Self::bytes) gave.
    pub fn restore(bytes: &[u8]) -> Result<Self, NoTopic> {
        let topic: Self = serde_json::from_slice(bytes)?;
        topic.rules.check()?;
        Ok(topic)
    }

    /// Moves the time to that of the event (as [`advance`](Self::advance) does,
    /// which tells later what was closed), then does what it asks for.
    pub fn take(&mut self, event: &Event) -> Result<(), Rejected> {
        self.check_time(event.time)?;
        self.move_to(event.time);
        let deed = payload::read(event, &self.rules.labels)?;
        let actor: Id = event.actor.as_str().into();
        match deed {
            Deed::Register(role) => self.register(&actor, role),
            Deed::Leave(role) => self.leave(&actor, role),
            Deed::Work { epoch, work, salt } => self.work(&actor, epoch, work, salt),
            Deed::Commit { epoch, role, hash } => self.commit(actor, epoch, role, hash),
            Deed::Report { epoch, report } => self.report(actor, epoch, report),
            Deed::Stake(amount) => self.stake(&actor, amount),
            Deed::Delegate { reputer, amount } => self.delegate(&actor, &reputer, amount),
            Deed::Unstake { reputer, amount } => self.unstake(&actor, reputer, amount),
            Deed::Cancel { reputer } => {
                let reputer = reputer.unwrap_or_else(|| Arc::clone(&actor));
                Ok(self.stakes.cancel(&actor, &reputer)?)
            }
            Deed::Claim { reputer } => self.claim(&actor, &reputer),
            Deed::Fund(amount) => self.fund(amount),
        }
    }

    /// Closes, in order of time, all windows that have ended at `now`, and tells
    /// what came of them and of those closed by events since it last told.
    ///
    /// A moment in the past changes nothing.
    pub fn advance(&mut self, now: Instant) -> Vec<Closed> {
        self.move_to(now.min(last_moment()));
        std::mem::take(&mut self.news)
    }

    /// Its rules.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// The time it has reached; none before the first event.
    pub fn now(&self) -> Option<Instant> {
        self.now
    }

    /// All stake.
    pub fn stakes(&self) -> &Stakes {
        &self.stakes
    }

    /// Its weight (Eq 57, 58): smoothed `√(stake × fees)`, in base units.
    pub fn weight(&self) -> f64 {
        self.fees.weight()
    }

    /// Whether somebody is registered in a role.
    pub fn is_registered(&self, id: &str, role: Role) -> bool {
        self.class(role).is_registered(id)
    }

    /// Smoothed score of somebody in a role; none before the first.
    pub fn score(&self, id: &str, role: Role) -> Option<f64> {
        self.class(role).score(id)
    }

    /// Regret of a worker towards the network inference; none of a newcomer or a
    /// reputer.
    pub fn regret(&self, id: &str, role: Role) -> Option<f64> {
        self.books.regret(id, role)
    }

    /// Regret with which newcomers start.
    pub fn initial_regret(&self) -> f64 {
        self.books.initial_regret()
    }

    /// log10 loss of the network inference scored last.
    pub fn network_loss(&self) -> Option<f64> {
        self.books.network_loss()
    }

    /// Epochs whose inferences closed and which await the truth.
    pub fn awaiting_truth(&self) -> impl Iterator<Item = u64> + '_ {
        self.waiting.keys().copied()
    }

    /// Scored epochs that have not been paid for.
    pub fn unpaid(&self) -> impl Iterator<Item = u64> + '_ {
        self.unpaid.keys().copied()
    }

    /// The hash that commits an actor to an inference or a forecast here.
    pub fn commitment(
        &self,
        epoch: u64,
        actor: &str,
        payload: Committed<'_>,
        salt: &str,
    ) -> String {
        crate::commitment::hash(&self.rules.name, epoch, actor, payload, salt)
    }

    /// Everything that came in: stake, fees and emission paid out by
    /// [`reward`](Self::reward).
    pub fn received(&self) -> Amount {
        self.fees.received()
    }

    /// Everything that went out, by whom it went to: rewards, claims, stake
    /// that left.
    pub fn paid(&self) -> &BTreeMap<Id, Amount> {
        self.fees.paid()
    }

    /// Everything it holds: stake, fees, and rewards that were not claimed.
    /// [`received`](Self::received) is always this and what was
    /// [`paid`](Self::paid).
    pub fn held(&self) -> Amount {
        let parts = [self.stakes.staked(), self.stakes.unclaimed(), self.fees.held()];
        Amount::sum(parts, "what a topic holds").expect("it stays below 2^127")
    }

    fn check_time(&self, time: Instant) -> Result<(), Rejected> {
        if let Some(now) = self.now.filter(|now| time < *now) {
            let message = format!("this event is of {time}, and it is {now} already");
            return Err(Rejected::new("event-order", message, "give events in order of time"));
        }
        if time > last_moment() {
            let message = format!("this event is of {time}");
            return Err(Rejected::new("event-time", message, "a topic ends with the year 9999"));
        }
        Ok(())
    }

    fn class(&self, role: Role) -> &Class {
        match role {
            Role::Inferer => &self.inferers,
            Role::Forecaster => &self.forecasters,
            Role::Reputer => &self.reputers,
        }
    }

    fn class_mut(&mut self, role: Role) -> &mut Class {
        match role {
            Role::Inferer => &mut self.inferers,
            Role::Forecaster => &mut self.forecasters,
            Role::Reputer => &mut self.reputers,
        }
    }
}
