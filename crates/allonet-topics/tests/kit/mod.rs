//! Events and topics for tests.

#![allow(dead_code, unreachable_pub, reason = "each test file needs a part of it")]
#![allow(clippy::needless_pass_by_value, reason = "fields are written where they are given")]

use allonet_core::event::Event;
use allonet_core::money::Amount;
use allonet_core::time::Instant;
use allonet_topics::life::{Closed, Inference, Rejected, Rules, Schedule, Scored, Skipped, Topic};
use serde_json::{Value, json};

/// Seconds of an epoch; submissions are taken in the first 60, reports in the
/// first 50 of the next epoch.
pub const EPOCH: i64 = 100;

pub fn at(seconds: i64) -> Instant {
    Instant::from_unix(seconds)
}

pub fn base(units: u128) -> Amount {
    Amount::from_base(units)
}

pub fn rules() -> Rules {
    let schedule = Schedule {
        start: at(0),
        epoch_secs: 100,
        submission_secs: 60,
        reveal_secs: 20,
        truth_lag_epochs: 1,
        report_secs: 50,
    };
    let mut rules = Rules::new("t", schedule);
    rules.unstake_delay_secs = 500;
    rules
}

pub fn event(seconds: i64, actor: &str, action: &str, fields: Value) -> Event {
    let Value::Object(fields) = fields else { panic!("fields are a map") };
    Event { time: at(seconds), actor: actor.to_owned(), action: action.to_owned(), fields }
}

/// A topic under test, with everybody of these names in their roles since its
/// start. Reputers have a stake of 1000 each.
pub struct Stage {
    pub topic: Topic,
}

impl Stage {
    pub fn new(rules: Rules, inferers: &[&str], forecasters: &[&str], reputers: &[&str]) -> Self {
        let mut stage = Self { topic: Topic::new(rules).expect("rules that can be") };
        for (role, ids) in
            [("inferer", inferers), ("forecaster", forecasters), ("reputer", reputers)]
        {
            for id in ids {
                stage.must(0, id, "register", json!({"role": role}));
            }
        }
        for id in reputers {
            stage.must(0, id, "stake", json!({"amount": 1000}));
        }
        stage
    }

    pub fn take(
        &mut self,
        seconds: i64,
        actor: &str,
        action: &str,
        fields: Value,
    ) -> Result<(), Rejected> {
        self.topic.take(&event(seconds, actor, action, fields))
    }

    pub fn must(&mut self, seconds: i64, actor: &str, action: &str, fields: Value) {
        let taken = self.take(seconds, actor, action, fields.clone());
        assert_eq!(taken, Ok(()), "{seconds} {actor} {action} {fields}");
    }

    /// The code with which it is refused; checks that nothing but the time
    /// changed.
    pub fn refused(
        &mut self,
        seconds: i64,
        actor: &str,
        action: &str,
        fields: Value,
    ) -> &'static str {
        self.topic.advance(at(seconds));
        let before = self.topic.bytes();
        let refused = self.take(seconds, actor, action, fields).expect_err("it is refused");
        assert_eq!(self.topic.bytes(), before, "a refused event changes nothing");
        assert!(!refused.message.is_empty() && !refused.help.is_empty());
        refused.code
    }

    pub fn infer(&mut self, epoch: i64, actor: &str, value: f64) {
        self.must(EPOCH * epoch + 55, actor, "infer", json!({"epoch": epoch, "value": value}));
    }

    pub fn forecast(&mut self, epoch: i64, actor: &str, losses: Value) {
        let fields = json!({"epoch": epoch, "losses": losses});
        self.must(EPOCH * epoch + 55, actor, "forecast", fields);
    }

    pub fn report(&mut self, epoch: i64, actor: &str, truth: f64) {
        let fields = json!({"epoch": epoch, "truth": truth});
        self.must(EPOCH * (epoch + 1), actor, "report", fields);
    }

    pub fn advance(&mut self, seconds: i64) -> Vec<Closed> {
        self.topic.advance(at(seconds))
    }

    /// The inference that closes until then.
    pub fn inference(&mut self, seconds: i64) -> Inference {
        inferences(&self.advance(seconds)).pop().expect("an inference").clone()
    }

    /// The scores that close until then.
    pub fn scored(&mut self, seconds: i64) -> Scored {
        scored(&self.advance(seconds)).pop().expect("scores").clone()
    }

    /// Whether money that came in is what is held and what went out.
    pub fn assert_conserved(&self) {
        let paid = Amount::sum(self.topic.paid().values().copied(), "paid").expect("fits");
        let all = self.topic.held().add(paid, "all").expect("fits");
        assert_eq!(all, self.topic.received());
    }
}

pub fn inferences(closed: &[Closed]) -> Vec<Inference> {
    let only = closed.iter().filter_map(|closed| match closed {
        Closed::Inference(inference) => Some(inference.clone()),
        _ => None,
    });
    only.collect()
}

pub fn scored(closed: &[Closed]) -> Vec<Scored> {
    let only = closed.iter().filter_map(|closed| match closed {
        Closed::Scored(scored) => Some(Scored::clone(scored)),
        _ => None,
    });
    only.collect()
}

pub fn skipped(closed: &[Closed]) -> Vec<Skipped> {
    let only = closed.iter().filter_map(|closed| match closed {
        Closed::Skipped(skipped) => Some(*skipped),
        _ => None,
    });
    only.collect()
}

pub fn names(ids: &[allonet_topics::life::Id]) -> Vec<&str> {
    ids.iter().map(AsRef::as_ref).collect()
}
