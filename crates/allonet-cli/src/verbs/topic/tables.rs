//! The tables a run writes: the data feed, losses, weights and rewards.

use allonet_core::exhibit::{Cell, Exhibit};
use allonet_core::time::Instant;
use allonet_topics::feed::Value;

use super::clerk::Clerk;
use super::outcome::{Epoch, Outcome, Role};
use super::spec::Spec;

/// `feed.csv`: one row for each number of the data feed.
pub(super) fn feed(clerk: &Clerk) -> String {
    let columns = ["epoch", "measure", "of", "about", "value"];
    let mut table = Exhibit::new("feed", "", &columns);
    for row in &clerk.feed {
        let measure = serde_json::to_value(row.measure).expect("a measure is a word");
        let text = |text: &Option<String>| Cell::Text(text.clone().unwrap_or_default());
        let measure = Cell::Text(measure.as_str().unwrap_or_default().to_owned());
        let value = match row.value {
            Value::Number(value) => number(value),
            Value::Amount(amount) => Cell::Text(amount.to_string()),
        };
        table.push([number(row.epoch as f64), measure, text(&row.of), text(&row.about), value]);
    }
    table.csv()
}

/// `losses.csv`: log10 losses by epoch, of the network, the naive inference and
/// each worker.
pub(super) fn losses(clerk: &Clerk, times: &[Instant]) -> String {
    by_epoch(clerk, times, &["network", "naive"], |epoch| {
        [epoch.network_loss, epoch.naive_loss].into_iter().chain(epoch.losses.clone()).collect()
    })
}

/// `inferences.csv`: what was inferred by epoch, beside the truth.
pub(super) fn inferences(clerk: &Clerk, times: &[Instant]) -> String {
    let first = ["truth", "network", "naive", "low", "high"];
    by_epoch(clerk, times, &first, |epoch| {
        let end = |end: Option<&f64>| end.copied().unwrap_or(f64::NAN);
        let range = [end(epoch.interval.first()), end(epoch.interval.last())];
        let first = [epoch.truth, epoch.network, epoch.naive, range[0], range[1]];
        first.into_iter().chain(epoch.values.clone()).collect()
    })
}

/// `weights.csv`: weights in the network inference by epoch.
pub(super) fn weights(clerk: &Clerk, times: &[Instant]) -> String {
    by_epoch(clerk, times, &[], |epoch| epoch.weights.clone())
}

/// A row for each epoch: its number, its time if there is one, some columns of
/// the topic, and one for each worker.
fn by_epoch(
    clerk: &Clerk,
    times: &[Instant],
    first: &[&str],
    of: impl Fn(&Epoch) -> Vec<f64>,
) -> String {
    let workers = clerk.names.iter().filter(|(_, role)| *role != Role::Reputer);
    let workers: Vec<&str> = workers.map(|(id, _)| id.as_str()).collect();
    let time = if times.is_empty() { &[][..] } else { &["time"][..] };
    let columns = [&["epoch"][..], time, first, &workers].concat();
    let mut table = Exhibit::new("epochs", "", &columns);
    for epoch in &clerk.epochs {
        let mut row = vec![number(epoch.number as f64)];
        row.extend(times.get(epoch.number).map(|time| Cell::Text(time.to_string())));
        row.extend(of(epoch).into_iter().take(first.len() + workers.len()).map(number));
        table.push(row);
    }
    table.csv()
}

/// `rewards.csv`: what everybody earned, and why.
pub(super) fn rewards(spec: &Spec, outcome: &Outcome) -> String {
    let columns = [
        "participant",
        "role",
        "mean_log10_loss",
        "rank",
        "mean_weight",
        "mean_score",
        "mean_contribution",
        "beaten",
        "reward",
        "reward_base_units",
    ];
    let mut table = Exhibit::new("rewards", "", &columns);
    for one in &outcome.participants {
        let some = |value: Option<f64>| number(value.unwrap_or(f64::NAN));
        table.push([
            Cell::Text(one.id.clone()),
            one.role.name().into(),
            some(one.loss),
            some(one.rank.map(|rank| rank as f64)),
            some(one.weight),
            some(one.score),
            some(one.contribution),
            some(one.beaten.map(|beaten| beaten.value)),
            Cell::Text(allonet_core::money::format_units(
                one.reward.to_u256(),
                spec.asset.decimals,
            )),
            Cell::Text(one.reward.to_string()),
        ]);
    }
    table.csv()
}

/// A number; an empty cell where there is none.
fn number(value: f64) -> Cell {
    if value.is_finite() { Cell::Number(value) } else { Cell::Text(String::new()) }
}
