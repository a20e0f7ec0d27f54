//! The curated data feed: what a topic tells everybody after each epoch, so
//! that forecasters can learn from it.
//!
//! One row says one number: who or what is [measured](Measure), of whom, about
//! whom. [`SCHEMA`] says of each measure whom it is of, about whom, and in which
//! unit. What does not exist in an epoch has no row.
//!
//! # Sources
//!
//! * Kruijssen et al. (2024), §6.1 (*State-of-the-Art Forecaster Models*): the
//!   losses and scores of inferers, forecasted losses from and for all, rewards
//!   for inferences, total rewards of inferers and forecasters, network loss.
//!   Beyond it: the truth, inferences, weights, regrets and reputers.
//!
//! # Example
//!
//! ```
//! use allonet_topics::feed::{Epoch, Measure, Value, rows};
//! use allonet_topics::layout::Layout;
//!
//! let names = ["ann".to_owned()];
//! let epoch = Epoch {
//!     epoch: 7,
//!     truth: 2.0,
//!     layout: Layout::new(1, 0),
//!     inferers: &names,
//!     values: &[2.1, 2.1, 2.1, f64::NAN],
//!     losses: &[-2.0, -2.0, -2.0, f64::NAN],
//!     ..Epoch::default()
//! };
//! let rows = rows(&epoch);
//! assert_eq!(rows[1].measure, Measure::NetworkInference);
//! let last = serde_json::to_string(&rows.last()).unwrap();
//! assert_eq!(last, r#"{"epoch":7,"measure":"loss","of":"ann","value":-2.0}"#);
//! ```

use allonet_core::money::Amount;
use serde::{Deserialize, Serialize};

use crate::layout::Layout;

/// What a row measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Measure {
    /// What was to be inferred.
    Truth,
    /// The network inference.
    NetworkInference,
    /// The naive inference.
    NaiveInference,
    /// An inferer's inference, or a forecaster's forecast-implied one.
    Inference,
    /// A worker's part in the network inference.
    Weight,
    /// The loss a forecaster expects of an inferer.
    ForecastedLoss,
    /// Loss of the network inference.
    NetworkLoss,
    /// Loss of the naive inference.
    NaiveLoss,
    /// Loss of a worker's inference.
    Loss,
    /// Loss of the network inference without a worker.
    OneOutLoss,
    /// Smoothed regret towards the network inference.
    Regret,
    /// An inferer's, forecaster's or reputer's score.
    Score,
    /// A participant's reward.
    Reward,
    /// All rewards for inferences.
    InferersReward,
    /// All rewards for forecasts.
    ForecastersReward,
    /// All rewards for reports.
    ReputersReward,
}

/// What is known of a measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Field {
    /// The measure.
    pub measure: Measure,
    /// Whom it is of: `topic`, or kinds of participants.
    pub of: &'static str,
    /// Whom it is about, besides: `inferer`, or nobody.
    pub about: &'static str,
    /// Its unit.
    pub unit: &'static str,
    /// Its equation in the paper.
    pub equation: &'static str,
}

/// All measures, in the order of their rows.
pub static SCHEMA: &[Field] = &[
    field(Measure::Truth, "topic", "", TARGET, ""),
    field(Measure::NetworkInference, "topic", "", TARGET, "9"),
    field(Measure::NaiveInference, "topic", "", TARGET, "9"),
    field(Measure::Inference, "inferer, forecaster", "", TARGET, "1, 3"),
    field(Measure::Weight, "inferer, forecaster", "", "share", "10"),
    field(Measure::ForecastedLoss, "forecaster", "inferer", LOG, "2"),
    field(Measure::NetworkLoss, "topic", "", LOG, "14"),
    field(Measure::NaiveLoss, "topic", "", LOG, "14"),
    field(Measure::Loss, "inferer, forecaster", "", LOG, "14"),
    field(Measure::OneOutLoss, "inferer, forecaster", "", LOG, "14"),
    field(Measure::Regret, "inferer, forecaster", "", LOG, "15"),
    field(Measure::Score, "inferer, forecaster, reputer", "", "log10 loss; reputers none", "22-35"),
    field(Measure::Reward, "inferer, forecaster, reputer", "", BASE, "47"),
    field(Measure::InferersReward, "topic", "", BASE, "47"),
    field(Measure::ForecastersReward, "topic", "", BASE, "47"),
    field(Measure::ReputersReward, "topic", "", BASE, "47"),
];

const TARGET: &str = "unit of the target";
const LOG: &str = "log10 loss";
const BASE: &str = "base units";

const fn field(
    measure: Measure,
    of: &'static str,
    about: &'static str,
    unit: &'static str,
    equation: &'static str,
) -> Field {
    Field { measure, of, about, unit, equation }
}

/// A number of the feed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Value {
    /// A finite number.
    Number(f64),
    /// An amount in base units, as a text of digits.
    Amount(Amount),
}

impl std::fmt::Display for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Amount(amount) => amount.fmt(f),
        }
    }
}

/// A row of the feed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// The epoch.
    pub epoch: u64,
    /// What is measured.
    pub measure: Measure,
    /// Of whom; absent where it is of the topic.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub of: Option<String>,
    /// About whom, if about somebody else.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
    /// How much.
    pub value: Value,
}

/// What a topic knows after an epoch. Slices may be empty, and numbers `NaN`,
/// where there is nothing.
#[derive(Clone, Copy, Debug)]
pub struct Epoch<'a> {
    /// Its number.
    pub epoch: u64,
    /// The truth.
    pub truth: f64,
    /// How many took part.
    pub layout: Layout,
    /// Names of inferers.
    pub inferers: &'a [String],
    /// Names of forecasters.
    pub forecasters: &'a [String],
    /// Names of reputers.
    pub reputers: &'a [String],
    /// All inferences, in the order of the layout.
    pub values: &'a [f64],
    /// All losses, in the order of the layout.
    pub losses: &'a [f64],
    /// Weights in the network inference, by worker.
    pub weights: &'a [f64],
    /// Forecasted losses, forecaster by forecaster.
    pub forecasts: &'a [f64],
    /// Smoothed regrets towards the network inference, by worker.
    pub regrets: &'a [f64],
    /// Scores of inferers, forecasters and reputers, in this order.
    pub scores: &'a [f64],
    /// Rewards of inferers, forecasters and reputers, in this order.
    pub rewards: &'a [Amount],
}

impl Default for Epoch<'_> {
    fn default() -> Self {
        Self {
            epoch: 0,
            truth: f64::NAN,
            layout: Layout::new(0, 0),
            inferers: &[],
            forecasters: &[],
            reputers: &[],
            values: &[],
            losses: &[],
            weights: &[],
            forecasts: &[],
            regrets: &[],
            scores: &[],
            rewards: &[],
        }
    }
}

/// The rows of an epoch, in the order of [`SCHEMA`].
pub fn rows(epoch: &Epoch<'_>) -> Vec<Row> {
    let layout = epoch.layout;
    let workers: Vec<&String> = epoch.inferers.iter().chain(epoch.forecasters).collect();
    let everybody: Vec<&String> = workers.iter().copied().chain(epoch.reputers).collect();
    let mut writer = Writer { epoch: epoch.epoch, rows: Vec::new() };
    let part = |values: &'_ [f64], range: std::ops::Range<usize>| {
        values.get(range).unwrap_or_default().to_vec()
    };
    let one = |values: &[f64], at: usize| values.get(at).copied().unwrap_or(f64::NAN);
    writer.one(Measure::Truth, epoch.truth);
    writer.one(Measure::NetworkInference, one(epoch.values, Layout::NETWORK));
    writer.one(Measure::NaiveInference, one(epoch.values, Layout::NAIVE));
    writer.each(Measure::Inference, &workers, &part(epoch.values, layout.workers_own()));
    writer.each(Measure::Weight, &workers, epoch.weights);
    let forecasts = epoch.forecasts.chunks(layout.inferers.max(1));
    for (forecaster, forecasts) in epoch.forecasters.iter().zip(forecasts) {
        for (inferer, forecast) in epoch.inferers.iter().zip(forecasts) {
            writer.number(Measure::ForecastedLoss, Some(forecaster), Some(inferer), *forecast);
        }
    }
    writer.one(Measure::NetworkLoss, one(epoch.losses, Layout::NETWORK));
    writer.one(Measure::NaiveLoss, one(epoch.losses, Layout::NAIVE));
    writer.each(Measure::Loss, &workers, &part(epoch.losses, layout.workers_own()));
    writer.each(Measure::OneOutLoss, &workers, &part(epoch.losses, layout.one_outs()));
    writer.each(Measure::Regret, &workers, epoch.regrets);
    writer.each(Measure::Score, &everybody, epoch.scores);
    for (who, reward) in everybody.iter().zip(epoch.rewards) {
        writer.push(Measure::Reward, Some(who), None, Value::Amount(*reward));
    }
    let ends = [layout.inferers, layout.workers(), everybody.len()];
    let totals = [Measure::InferersReward, Measure::ForecastersReward, Measure::ReputersReward];
    let mut start = 0;
    for (end, total) in ends.into_iter().zip(totals) {
        if let Some(rewards) = epoch.rewards.get(start..end).filter(|_| !epoch.rewards.is_empty()) {
            let sum = Amount::sum(rewards.iter().copied(), "rewards of an epoch");
            // A total beyond 256 bits is no reward that anybody was paid.
            if let Ok(sum) = sum {
                writer.push(total, None, None, Value::Amount(sum));
            }
        }
        start = end;
    }
    writer.rows
}

struct Writer {
    epoch: u64,
    rows: Vec<Row>,
}

impl Writer {
    fn push(&mut self, measure: Measure, of: Option<&str>, about: Option<&str>, value: Value) {
        let (of, about) = (of.map(str::to_owned), about.map(str::to_owned));
        self.rows.push(Row { epoch: self.epoch, measure, of, about, value });
    }

    fn number(&mut self, measure: Measure, of: Option<&str>, about: Option<&str>, value: f64) {
        if value.is_finite() {
            self.push(measure, of, about, Value::Number(value));
        }
    }

    fn one(&mut self, measure: Measure, value: f64) {
        self.number(measure, None, None, value);
    }

    fn each(&mut self, measure: Measure, who: &[&String], values: &[f64]) {
        for (who, value) in who.iter().zip(values) {
            self.number(measure, Some(who), None, *value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    /// The rows of an epoch in which everything is there.
    fn full() -> Vec<Row> {
        let layout = Layout::new(2, 1);
        let all: Vec<f64> = (0..layout.len()).map(|at| at as f64).collect();
        let rewards: Vec<Amount> = (1..=4).map(Amount::from_base).collect();
        let (inferers, forecasters) = (names(&["a", "b"]), names(&["k"]));
        rows(&Epoch {
            epoch: 3,
            truth: 1.5,
            layout,
            inferers: &inferers,
            forecasters: &forecasters,
            reputers: &names(&["m"]),
            values: &all,
            losses: &all,
            weights: &[0.5, 0.25, 0.25],
            forecasts: &[-1.0, f64::NAN],
            regrets: &[0.1, 0.2, 0.3],
            scores: &[1.0, 2.0, 3.0, 4.0],
            rewards: &rewards,
        })
    }

    #[test]
    fn the_schema_says_what_rows_there_are() {
        let rows = full();
        let listed: Vec<Measure> = SCHEMA.iter().map(|field| field.measure).collect();
        let mut found: Vec<Measure> = rows.iter().map(|row| row.measure).collect();
        found.dedup();
        assert_eq!(found, listed);
        for row in &rows {
            let field = SCHEMA.iter().find(|field| field.measure == row.measure).unwrap();
            assert_eq!(row.of.is_none(), field.of == "topic", "{row:?}");
            assert_eq!(row.about.is_some(), field.about == "inferer", "{row:?}");
            let amount = matches!(row.value, Value::Amount(_));
            assert_eq!(amount, field.unit == BASE, "{row:?}");
        }
    }

    #[test]
    fn each_number_stands_where_it_belongs() {
        let rows = full();
        let value = |measure: Measure, of: Option<&str>| {
            let row = rows.iter().find(|row| row.measure == measure && row.of.as_deref() == of);
            row.map(|row| row.value.to_string())
        };
        // Network 0, naive 1, inferences 2 and 3, implied 4, without 5 and 6, one-outs 7 to 9.
        assert_eq!(value(Measure::NaiveLoss, None).unwrap(), "1");
        assert_eq!(value(Measure::Loss, Some("k")).unwrap(), "4");
        assert_eq!(value(Measure::OneOutLoss, Some("b")).unwrap(), "8");
        assert_eq!(value(Measure::Score, Some("m")).unwrap(), "4");
        assert_eq!(value(Measure::InferersReward, None).unwrap(), "3");
        assert_eq!(value(Measure::ReputersReward, None).unwrap(), "4");
        let forecasts = rows.iter().filter(|row| row.measure == Measure::ForecastedLoss);
        let forecasts: Vec<String> =
            forecasts.map(|row| serde_json::to_string(row).unwrap()).collect();
        let expected =
            r#"{"epoch":3,"measure":"forecasted-loss","of":"k","about":"a","value":-1.0}"#;
        assert_eq!(forecasts, [expected]);
    }

    #[test]
    fn an_epoch_without_anybody_has_no_rows() {
        assert_eq!(rows(&Epoch::default()).len(), 0);
    }
}
