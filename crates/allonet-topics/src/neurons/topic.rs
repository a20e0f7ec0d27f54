//! Topic: many predict, one inference comes of it, and each is paid for what it
//! added.
//!
//! Use it where a decision hangs on something that will be known later: usage of
//! a project, a price, which of several proposals will work. What it says (the
//! signal `inference`) can drive an allocation; what it is given pays those who
//! said it.
//!
//! # Formula
//!
//! ```text
//! I = Σ w_l I_l / Σ w_l,   w_l = φ'(R_l / (σ(R) + ε))       inference (Eq 9 to 11)
//! T_l = log L(without l) − log L                             score (Eq 22, 24)
//! payout = emission × share of the class × fraction within it (Eq 27 to 47)
//! ```
//!
//! Everything that is offered is divided evenly between the epochs that were
//! scored and not yet paid for, at most `emission` for each.
//!
//! # Units and rounding
//!
//! | quantity   | unit                     | rounding                           |
//! |------------|--------------------------|------------------------------------|
//! | losses     | `f64`, log10             | nearest                            |
//! | payout     | base units               | largest remainder, once per epoch  |
//! | stake, fee | base units in the events | exact                              |
//!
//! # Limits
//!
//! * Stake and fees are what the events say of them; that money is held
//!   elsewhere. What a reputer earns is paid to it, and with `compound` counts
//!   as its stake from then on, as if it staked it again at once.
//! * What belongs to those who delegated stake is kept unspent until they claim
//!   it.
//! * A turn sees time up to its end (`ends` of the network), else up to its last
//!   event: an epoch is closed by the turn that sees its window end.
//! * The tables keep the newest 500 epochs.
//!
//! # Known weaknesses
//!
//! * The consensus of reputers is the truth here. Most of the stake together can
//!   say anything.
//! * The first epochs weigh everybody alike, the good and the bad.
//! * Copies of a good worker share its reward but slightly enlarge that of its
//!   class.
//!
//! # Sources
//!
//! * Kruijssen et al. (2024), *Allora: a Self-Improving, Decentralized Machine
//!   Intelligence Network*, Eq 1 to 47.
//!
//! # Example
//!
//! ```
//! use allonet_core::money::Amount;
//! use allonet_topics::trial_of;
//!
//! let rules = r#"
//! name = "demand"
//! [schedule]
//! start = "2026-01-01"
//! epoch_secs = 60
//! submission_secs = 60
//! report_secs = 60
//! "#;
//! let trial = trial_of("topic").file("rules", rules).log(r#"
//! {"time":"2026-01-01T00:00:00Z","actor":"ann","action":"register","role":"inferer"}
//! {"time":"2026-01-01T00:00:00Z","actor":"ben","action":"register","role":"inferer"}
//! {"time":"2026-01-01T00:00:00Z","actor":"rob","action":"register","role":"reputer"}
//! {"time":"2026-01-01T00:00:10Z","actor":"ann","action":"infer","epoch":0,"value":3.0}
//! {"time":"2026-01-01T00:00:20Z","actor":"ben","action":"infer","epoch":0,"value":5.0}
//! {"time":"2026-01-01T00:01:10Z","actor":"rob","action":"report","epoch":0,"truth":3.1}
//! {"time":"2026-01-01T00:02:00Z","actor":"rob","action":"stake","amount":"100"}
//! "#)?;
//! let result = trial.run(1_000)?;
//! assert!(result.paid("ann") > result.paid("ben"));
//! assert_eq!(result.unspent.of(0), Amount::ZERO);
//! # Ok::<(), allonet_core::trial::NoTrial>(())
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use allonet_core::card::{Absent, Action, Card, Family, Kind, Setting, Source, Status};
use allonet_core::event::{Event, EventLog};
use allonet_core::exhibit::Exhibit;
use allonet_core::fault::{Fault, Place, SourceFile};
use allonet_core::mechanism::{
    Allocation, Blueprint, Change, Mechanism, Outcome, Refusal, State, Step, Turn,
};
use allonet_core::money::{Amount, Asset, Rounding, apportion};
use allonet_core::paying::{main_asset, several, show};
use allonet_core::signal::SignalData;
use serde::{Deserialize, Serialize};

use crate::layout::Layout;
use crate::life::{Closed, Inference, Role, Rules, Scored, Topic};
use crate::verdict::rate;

// --- Card -------------------------------------------------------------------

/// What the rule says of itself.
pub static CARD: Card = Card {
    id: "topic",
    title: "Topic",
    family: Family::Topics,
    formula: "inference = Σ w I / Σ w; payout ∝ share of the class × φ(one-out − network loss)",
    status: Status::Preview { since: "0.1.0" },
    sources: &[Source {
        cite: "Kruijssen et al. (2024), Allora: a Self-Improving, Decentralized Machine \
               Intelligence Network, Eq 1 to 47",
        url: "https://www.allora.network/whitepaper",
    }],
    settings: &[
        Setting {
            name: "rules",
            kind: Kind::File,
            default: Absent::Required,
            doc: "TOML file of the topic: `name`, `schedule`, and what differs from the defaults \
                  of loss, labels, places, stake and settings.",
        },
        Setting {
            name: "emission",
            kind: Kind::Decimal,
            default: Absent::None("all that is offered"),
            doc: "Most that one epoch pays of the main asset.",
        },
    ],
    actions: ACTIONS,
    reads: &[],
    emits: &["inference", "weights"],
};

const fn action(
    name: &'static str,
    fields: &'static [&'static str],
    optional: &'static [&'static str],
    doc: &'static str,
) -> Action {
    Action { name, fields, optional, doc }
}

const ACTIONS: &[Action] = &[
    action("register", &["role"], &[], "Takes part as `inferer`, `forecaster` or `reputer`."),
    action("leave", &["role"], &[], "Takes part no more."),
    action("infer", &["epoch"], &["value", "values"], "Says what the target of an epoch will be."),
    action("forecast", &["epoch", "losses"], &[], "Says how far off inferers will be, in log10."),
    action("commit", &["epoch", "role", "hash"], &[], "Commits to what will be revealed."),
    action(
        "reveal",
        &["epoch", "salt"],
        &["value", "values", "losses"],
        "Reveals what was committed to.",
    ),
    action("report", &["epoch"], &["truth", "losses"], "Says what the target was, or all losses."),
    action("stake", &["amount"], &[], "Stakes base units as a reputer."),
    action("unstake", &["amount"], &[], "Asks own stake back."),
    action("cancel-unstake", &[], &["reputer"], "Leaves the stake where it is after all."),
    action("delegate", &["reputer", "amount"], &[], "Stakes base units with a reputer."),
    action("undelegate", &["reputer", "amount"], &[], "Asks delegated stake back."),
    action("claim", &["reputer"], &[], "Claims what delegated stake has earned."),
    action("fund", &["amount"], &[], "Pays a fee for the topic's inferences."),
];

// --- Settings ---------------------------------------------------------------

/// A topic as it begins.
#[derive(Debug)]
pub struct TopicNeuron {
    topic: Topic,
    /// Everybody in the log, sorted.
    payees: Vec<Arc<str>>,
    emission: Option<Amount>,
}

/// Reads the topic's rules and who is in its log.
pub fn build(blueprint: &Blueprint<'_>) -> Result<Box<dyn Mechanism>, Vec<Fault>> {
    let settings = blueprint.settings;
    let asset = main_asset(blueprint)?;
    let emission = settings.text("emission").map(|text| asset.parse(text)).transpose();
    let emission = emission.map_err(|error| {
        vec![Fault::new("amount", error.to_string()).at_some(settings.place("emission"))]
    })?;
    let file = settings.file("rules").ok_or_else(|| vec![no_rules()])?;
    let topic = Topic::new(rules(file)?).map_err(|bad| vec![bad.fault(file)])?;
    let payees = actors(blueprint.events);
    if payees.is_empty() {
        return Err(vec![nobody()]);
    }
    Ok(Box::new(TopicNeuron { topic, payees, emission }))
}

/// The rules of a topic from their file.
fn rules(file: &Arc<SourceFile>) -> Result<Rules, Vec<Fault>> {
    toml::from_str(&file.text).map_err(|error| {
        let place = error.span().map(|span| Place::new(file, span));
        vec![Fault::new("bad-topic", error.message()).at_some(place)]
    })
}

fn actors(log: Option<&EventLog>) -> Vec<Arc<str>> {
    let events = log.map(EventLog::events).unwrap_or_default();
    let earns = |event: &&Event| matches!(&*event.action, "register" | "delegate");
    let ids: BTreeSet<&str> =
        events.iter().filter(earns).map(|event| event.actor.as_str()).collect();
    ids.into_iter().map(Arc::from).collect()
}

// --- Signals ----------------------------------------------------------------

/// The network inference: a number, or a score for each label.
fn inferred(inference: &Inference) -> SignalData {
    match &*inference.labels {
        [only] if only.name.is_empty() => SignalData::Number(only.network()),
        labels => {
            SignalData::Scores(labels.iter().map(|one| (one.name.clone(), one.network())).collect())
        }
    }
}

/// The weight of each worker in it, both roles together.
fn weights(inference: &Inference) -> SignalData {
    let mut weights = BTreeMap::new();
    let ids = inference.inferers.iter().chain(&inference.forecasters);
    for (id, weight) in ids.zip(&inference.weights) {
        *weights.entry(id.to_string()).or_insert(0.0) += weight;
    }
    SignalData::Scores(weights)
}

// --- Refusals ---------------------------------------------------------------

fn no_rules() -> Fault {
    Fault::new("no-rules", "the topic has no rules").help("add `rules = \"topic.toml\"`")
}

fn nobody() -> Fault {
    Fault::new("no-payees", "nobody registers with this topic, so it can pay nobody")
        .help("give an event log in `events` in which somebody does `register`")
}

// --- Rule -------------------------------------------------------------------

/// Epochs that the tables keep.
const KEPT: usize = 500;
/// Refused events that are told one by one.
const TOLD: usize = 20;

/// What the neuron remembers.
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    topic: Topic,
    /// What delegators may claim.
    owed: Amount,
    /// The network inference made last, as signals.
    inference: Option<SignalData>,
    weights: Option<SignalData>,
    epochs: Vec<EpochRow>,
    /// By role and id.
    people: BTreeMap<String, BTreeMap<String, Person>>,
}

/// One epoch, as its table shows it.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct EpochRow {
    epoch: u64,
    network: f64,
    naive: f64,
    best: Option<(String, f64)>,
}

/// What somebody did in one role.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Person {
    epochs: u64,
    /// Sum of log10 losses; of inferers and forecasters.
    losses: f64,
    scores: f64,
    earned: Amount,
}

impl Mechanism for TopicNeuron {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn payees(&self) -> &[Arc<str>] {
        &self.payees
    }

    fn step(&self, turn: &Turn<'_>, allocation: &mut Allocation<'_>) -> Result<Outcome, Refusal> {
        let mut desk = Desk { kept: self.remembered(turn)?, remarks: Vec::new(), refused: 0 };
        for event in turn.events {
            self.take(event, &mut desk, allocation)?;
        }
        let end = turn.ends.or_else(|| turn.events.last().map(|event| event.time));
        if let Some(end) = end {
            let closed = desk.kept.topic.advance(end);
            desk.note(closed);
        }
        self.reward(&mut desk, allocation)?;
        Ok(desk.outcome(turn.assets))
    }
}

impl TopicNeuron {
    fn remembered(&self, turn: &Turn<'_>) -> Result<Kept, Refusal> {
        if let Some(kept) = turn.state.read::<Option<Kept>>()? {
            return Ok(kept);
        }
        Ok(Kept {
            topic: self.topic.clone(),
            owed: Amount::ZERO,
            inference: None,
            weights: None,
            epochs: Vec::new(),
            people: BTreeMap::new(),
        })
    }

    fn payee(&self, id: &str) -> u32 {
        let at = self.payees.binary_search_by(|payee| (**payee).cmp(id));
        u32::try_from(at.expect("who earns has registered or delegated")).expect("few payees")
    }

    /// One event; a claim is paid at once.
    fn take(
        &self,
        event: &Event,
        desk: &mut Desk,
        allocation: &mut Allocation<'_>,
    ) -> Result<(), Refusal> {
        let closed = desk.kept.topic.advance(event.time);
        desk.note(closed);
        let paid = |topic: &Topic| topic.paid().get(&*event.actor).copied().unwrap_or_default();
        let before = paid(&desk.kept.topic);
        if let Err(rejected) = desk.kept.topic.take(event) {
            desk.refused += 1;
            if desk.refused <= TOLD {
                let Event { time, actor, action, .. } = event;
                desk.remarks.push(format!("{time} {actor} {action}: {rejected}"));
            }
            return Ok(());
        }
        if event.action == "claim" {
            let claimed = paid(&desk.kept.topic).saturating_sub(before);
            desk.kept.owed = desk.kept.owed.sub(claimed, "what delegators may claim")?;
            let step = Step::new("claimed by delegated stake", Change::Plus(claimed));
            allocation.pay(self.payee(&event.actor), 0, claimed, vec![step])?;
            desk.earn(&event.actor, "delegator", claimed)?;
        }
        Ok(())
    }

    /// Pays all epochs that were scored and not paid for.
    fn reward(&self, desk: &mut Desk, allocation: &mut Allocation<'_>) -> Result<(), Refusal> {
        let epochs: Vec<u64> = desk.kept.topic.unpaid().collect();
        let pool = allocation.left().of(0).saturating_sub(desk.kept.owed);
        if epochs.is_empty() || pool.is_zero() {
            return Ok(());
        }
        let parts = apportion(pool, &vec![1_u64; epochs.len()], Rounding::LargestRemainder)
            .map_err(|error| Refusal::new("indivisible", error.to_string()))?;
        let mut steps: BTreeMap<u32, Vec<Step>> = BTreeMap::new();
        for (epoch, part) in epochs.into_iter().zip(parts.parts) {
            let emission = self.emission.map_or(part, |most| part.min(most));
            let payouts = desk.kept.topic.reward(epoch, emission);
            let payouts = payouts.map_err(|error| Refusal::new("reward", error.to_string()))?;
            for payout in payouts {
                desk.kept.owed = desk.kept.owed.add(payout.delegated, "what is owed")?;
                desk.earn(&payout.id, payout.role.name(), payout.own)?;
                let label = format!("epoch {epoch}, as {}", payout.role.name());
                let step = Step::new(label, Change::Plus(payout.own));
                steps.entry(self.payee(&payout.id)).or_default().push(step);
            }
        }
        for (payee, steps) in steps {
            let amounts = steps.iter().map(|step| match step.change {
                Change::Plus(amount) | Change::Minus(amount) => amount,
            });
            let amount = Amount::sum(amounts, "rewards of one turn")?;
            allocation.pay(payee, 0, amount, steps)?;
        }
        Ok(())
    }
}

/// One turn at work.
struct Desk {
    kept: Kept,
    remarks: Vec<String>,
    refused: usize,
}

impl Desk {
    fn earn(&mut self, id: &str, role: &str, amount: Amount) -> Result<(), Refusal> {
        let person = self.person(role, id);
        person.earned = person.earned.add(amount, "what somebody earned")?;
        Ok(())
    }

    fn person(&mut self, role: &str, id: &str) -> &mut Person {
        let class = self.kept.people.entry(role.to_owned()).or_default();
        class.entry(id.to_owned()).or_default()
    }

    fn note(&mut self, closed: Vec<Closed>) {
        for one in closed {
            match one {
                Closed::Inference(inference) => {
                    self.kept.inference = Some(inferred(&inference));
                    self.kept.weights = Some(weights(&inference));
                }
                Closed::Scored(scored) => self.score(&scored),
                Closed::Skipped(skipped) => {
                    let (first, last) = (skipped.first, skipped.last);
                    let which = if first == last {
                        format!("epoch {first}")
                    } else {
                        format!("epochs {first} to {last}")
                    };
                    self.remarks.push(format!("{which}: {}", skipped.reason.text()));
                }
                Closed::Released(release) => {
                    let text = "base units of stake are free again";
                    self.remarks.push(format!("{}: {} {text}", release.owner, release.amount));
                }
            }
        }
    }

    fn score(&mut self, scored: &Scored) {
        let Scored { epoch, inferers, forecasters, reputers, settled, .. } = scored;
        let layout = Layout::new(inferers.len(), forecasters.len());
        let losses = &settled.losses;
        let own = &losses[layout.inferences()];
        let implied = &losses[layout.implied()];
        let groups = [
            (Role::Inferer, inferers, own, &settled.inferer_scores),
            (Role::Forecaster, forecasters, implied, &settled.forecaster_scores),
            (Role::Reputer, reputers, &[], &settled.heard.scores),
        ];
        for (role, ids, losses, scores) in groups {
            for (at, id) in ids.iter().enumerate() {
                let person = self.person(role.name(), id);
                person.epochs += 1;
                person.losses +=
                    losses.get(at).copied().filter(|loss| loss.is_finite()).unwrap_or(0.0);
                person.scores += scores[at];
            }
        }
        let (network, naive) = (losses[Layout::NETWORK], losses[Layout::NAIVE]);
        if !(network.is_finite() && naive.is_finite()) {
            return;
        }
        let named = inferers.iter().zip(own).filter(|(_, loss)| loss.is_finite());
        let best = named.min_by(|one, other| one.1.total_cmp(other.1));
        let best = best.map(|(id, loss)| (id.to_string(), *loss));
        self.kept.epochs.push(EpochRow { epoch: *epoch, network, naive, best });
        let surplus = self.kept.epochs.len().saturating_sub(KEPT);
        self.kept.epochs.drain(..surplus);
    }

    fn outcome(mut self, assets: &[Asset]) -> Outcome {
        if self.refused > TOLD {
            let more = several(self.refused - TOLD, "more event");
            self.remarks.push(format!("{more} refused"));
        }
        let mut signals = Vec::new();
        signals.extend(self.kept.inference.clone().map(|data| ("inference", data)));
        signals.extend(self.kept.weights.clone().map(|data| ("weights", data)));
        let exhibits = if self.kept.people.is_empty() {
            Vec::new()
        } else {
            vec![self.verdict(), self.people(assets), self.epochs()]
        };
        let (state, remarks) = (State::write(&Some(&self.kept)), self.remarks);
        Outcome { state, signals, remarks, exhibits, ..Outcome::default() }
    }

    fn verdict(&self) -> Exhibit {
        let about = "In what part of the epochs the network inference was at least as good as \
                     another, with the interval of 95% that chance leaves.";
        let columns = ["at least as good as", "part of epochs", "low", "high"];
        let mut table = Exhibit::new("Is the network better", about, &columns);
        let rows = &self.kept.epochs;
        let mut push = |name: &str, than: &dyn Fn(&EpochRow) -> Option<f64>| {
            let pairs: Vec<bool> =
                rows.iter().filter_map(|row| than(row).map(|loss| row.network <= loss)).collect();
            let found = rate(pairs.iter().filter(|held| **held).count(), pairs.len());
            table.push([name.into(), found.value.into(), found.low.into(), found.high.into()]);
        };
        push("the naive inference", &|row| Some(row.naive));
        push("the best inferer of each epoch", &|row| row.best.as_ref().map(|best| best.1));
        table
    }

    fn people(&self, assets: &[Asset]) -> Exhibit {
        let about = "Who took part as what, the mean log10 loss (lower is better; of forecasters, \
                     that of the inference their forecasts imply), the mean score (what the \
                     network would lose without them; of reputers, how near they were to the \
                     others) and what they earned.";
        let columns = ["participant", "as", "epochs", "mean loss", "mean score", "earned"];
        let mut table = Exhibit::new("Participants", about, &columns);
        let all = self.kept.people.iter();
        let all =
            all.flat_map(|(role, class)| class.iter().map(move |(id, person)| (role, id, person)));
        for (role, id, person) in all {
            let mean = |sum: f64| sum / (person.epochs.max(1)) as f64;
            let told = |sum: f64, shown: bool| if shown { mean(sum).into() } else { "".into() };
            table.push([
                id.as_str().into(),
                role.as_str().into(),
                (person.epochs as f64).into(),
                told(person.losses, matches!(&**role, "inferer" | "forecaster")),
                told(person.scores, role != "delegator"),
                show(assets, 0, person.earned).into(),
            ]);
        }
        table
    }

    fn epochs(&self) -> Exhibit {
        let about = "log10 losses of the network inference, the naive one (without forecasts) and \
                     the best inferer of each scored epoch.";
        let columns = ["epoch", "network", "naive", "best inferer", "its loss"];
        let mut table = Exhibit::new("Epochs", about, &columns);
        for row in &self.kept.epochs {
            let (best, loss) = match &row.best {
                Some((id, loss)) => (id.as_str().into(), (*loss).into()),
                None => ("".into(), "".into()),
            };
            table.push([
                (row.epoch as f64).into(),
                row.network.into(),
                row.naive.into(),
                best,
                loss,
            ]);
        }
        table
    }
}

// --- Tests ------------------------------------------------------------------

#[cfg(test)]
mod tests {
    use allonet_core::maths;
    use allonet_core::mechanism::Purse;
    use allonet_core::time::Instant;
    use allonet_core::trial::{Trial, TurnResult};
    use proptest::prelude::*;

    use super::*;
    use crate::trial_of;

    const RULES: &str = "name = \"t\"\n[schedule]\nstart = \"1970-01-01\"\nepoch_secs = 10\n\
                         submission_secs = 10\nreport_secs = 10\n";

    fn at(second: u64, actor: &str, rest: &str) -> String {
        let time = Instant::from_unix(i64::try_from(second).unwrap());
        format!("{{\"time\":\"{time}\",\"actor\":\"{actor}\",{rest}}}\n")
    }

    fn joined(ids: &[&str], role: &str) -> String {
        let join = |id: &&str| at(0, id, &format!("\"action\":\"register\",\"role\":\"{role}\""));
        ids.iter().map(join).collect()
    }

    /// One epoch of some inferences around a truth, and an event after it.
    fn epoch(epoch: u64, values: &[(&str, f64)], truth: f64) -> String {
        let say = |(id, value): &(&str, f64)| {
            at(
                epoch * 10 + 1,
                id,
                &format!("\"action\":\"infer\",\"epoch\":{epoch},\"value\":{value}"),
            )
        };
        let said: String = values.iter().map(say).collect();
        let report = format!("\"action\":\"report\",\"epoch\":{epoch},\"truth\":{truth}");
        let late = at(epoch * 10 + 20, "rob", "\"action\":\"stake\",\"amount\":\"10\"");
        said + &at(epoch * 10 + 11, "rob", &report) + &late
    }

    fn one_epoch() -> Trial {
        let log = joined(&["ann", "ben"], "inferer")
            + &joined(&["rob"], "reputer")
            + &epoch(0, &[("ann", 3.0), ("ben", 5.0)], 3.5);
        trial_of("topic").file("rules", RULES).log(&log).unwrap()
    }

    fn number(result: &TurnResult) -> f64 {
        match &result.outcome.signals[0].1 {
            SignalData::Number(number) => *number,
            SignalData::Scores(_) => panic!("one value"),
        }
    }

    // Worked examples.

    #[test]
    fn an_epoch_pays_who_improved_it_and_tells_its_inference() {
        let result = one_epoch().run(1_000).unwrap();
        // All new: the mean. Losses: ann .25, ben 2.25, network .25; alone the other stays.
        assert!((number(&result) - 4.0).abs() < 1e-12);
        assert!(result.paid("ann") > result.paid("ben"));
        assert!(result.paid("rob") > Amount::ZERO);
        assert_eq!(result.unspent.of(0), Amount::ZERO);
        let titles: Vec<&str> =
            result.outcome.exhibits.iter().map(|table| table.title.as_str()).collect();
        assert_eq!(titles, ["Is the network better", "Participants", "Epochs"]);
    }

    #[test]
    fn an_emission_bounds_what_an_epoch_pays() {
        let result = one_epoch().text("emission", "2.5").run(1_000).unwrap();
        assert_eq!(result.unspent.of(0), Amount::from_base(750));
    }

    #[test]
    fn delegators_are_owed_their_part_and_paid_on_demand() {
        let log = joined(&["ann", "ben"], "inferer")
            + &joined(&["rob"], "reputer")
            + &at(0, "rob", "\"action\":\"stake\",\"amount\":\"10\"")
            + &at(0, "dee", "\"action\":\"delegate\",\"reputer\":\"rob\",\"amount\":\"30\"")
            + &epoch(0, &[("ann", 3.0), ("ben", 5.0)], 3.5);
        let trial = trial_of("topic").file("rules", RULES).log(&log).unwrap();
        let first = trial.run(1_000).unwrap();
        let owed = first.unspent.of(0);
        assert!(owed > first.paid("rob") && first.paid("dee").is_zero());
        let claim = at(25, "dee", "\"action\":\"claim\",\"reputer\":\"rob\"");
        let later = trial.clone().log(&(log + &claim)).unwrap();
        let rule = later.build().unwrap();
        let events = &later.events[later.events.len() - 1..];
        let nothing = Purse::empty(1);
        let state = &first.outcome.state;
        let second = later.turn(&*rule, 1, &nothing, &first.unspent, events, state).unwrap();
        // A fraction of a base unit waits for the next reward.
        assert!(second.unspent.of(0) <= Amount::from_base(1), "{:?}", second.unspent);
        assert_eq!(owed.saturating_sub(second.paid("dee")), second.unspent.of(0));
    }

    // Refusals.

    #[test]
    fn wrong_rules_and_an_empty_log_are_named() {
        let refused =
            |rules: &str| trial_of("topic").file("rules", rules).run(0).unwrap_err().to_string();
        let told = refused("name = \"t\"\nlos = 1\n");
        assert!(
            told.starts_with("rules.csv:2:1:") && told.contains("unknown field `los`"),
            "{told}"
        );
        let told = refused(&RULES.replace("epoch_secs = 10", "epoch_secs = 0"));
        assert!(told.contains("schedule.epoch_secs"), "{told}");
        assert!(refused(RULES).contains("nobody registers"), "{}", refused(RULES));
    }

    #[test]
    fn a_refused_event_is_a_remark() {
        let trial = one_epoch();
        let late = at(30, "ann", "\"action\":\"infer\",\"epoch\":0,\"value\":3.5");
        let text = trial.log.as_ref().unwrap().text.clone() + &late;
        let result = trial.log(&text).unwrap().run(1_000).unwrap();
        let told = result.outcome.remarks.join("\n");
        assert!(told.contains("ann infer: submissions of epoch 0 have closed"), "{told}");
    }

    // Laws.

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]
        #[test]
        fn two_turns_are_one(values in prop::collection::vec(-5.0_f64..5.0, 4), cut in 0_usize..12) {
            let [a, b, c, d] = values[..] else { unreachable!("four") };
            let log = joined(&["ann", "ben"], "inferer")
                + &joined(&["rob"], "reputer")
                + &epoch(0, &[("ann", a), ("ben", b)], 0.5)
                + &epoch(1, &[("ann", c), ("ben", d)], -0.5).replace("00:00:20", "00:00:21");
            let log: String = {
                let mut lines: Vec<&str> = log.lines().collect();
                lines.sort_by_key(|line| line[9..29].to_owned());
                lines.join("\n")
            };
            let trial = trial_of("topic").file("rules", RULES).log(&log).unwrap();
            let (rule, nothing) = (trial.build().unwrap(), Purse::empty(1));
            let whole = trial
                .turn(&*rule, 0, &nothing, &nothing, &trial.events, &State::empty())
                .unwrap();
            let cut = cut.min(trial.events.len());
            let (early, late) = trial.events.split_at(cut);
            let first = trial.turn(&*rule, 0, &nothing, &nothing, early, &State::empty()).unwrap();
            let second =
                trial.turn(&*rule, 1, &nothing, &nothing, late, &first.outcome.state).unwrap();
            prop_assert_eq!(second.outcome.state, whole.outcome.state);
        }
    }

    // Reference: the first epoch by hand, with the mapping of Eq 27.

    #[test]
    fn parts_are_those_of_the_equations() {
        let losses = [0.5_f64, 0.5, 0.5, 1.5, 1.5, 0.5].map(|away| 2.0 * log10(away));
        // Without ann: ben's loss; without ben: ann's.
        let scores = [losses[4] - losses[0], losses[5] - losses[0]];
        let spread = (scores[0] - scores[1]).abs() / 2.0_f64.sqrt() + 0.01;
        let phi = |score: f64| maths::ln(1.0 + maths::exp(3.0 * (score / spread - 0.75)));
        let part = phi(scores[0]) / (phi(scores[0]) + phi(scores[1]));
        let result = one_epoch().run(1_000_000).unwrap();
        let (ann, ben) = (result.paid("ann").to_f64(), result.paid("ben").to_f64());
        assert!((ann / (ann + ben) - part).abs() < 1e-5, "{ann} {ben} {part}");
    }

    fn log10(x: f64) -> f64 {
        maths::ln(x) / std::f64::consts::LN_10
    }
}
