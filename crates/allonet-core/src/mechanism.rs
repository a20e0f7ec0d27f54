//! The neuron contract.
//!
//! ```text
//! (inflow, signals, events, state, epoch) → (payouts, retained, signals out, state′, steps)
//! ```
//!
//! A mechanism never moves money. It books payouts against an [`Allocation`]
//! that holds what it may spend; more cannot be booked. What it books nowhere
//! stays unspent and is offered again in the next epoch.
//!
//! A mechanism is a pure function of its turn and its settings: no clock, no
//! files, no randomness of its own. Its state is bytes that it alone reads;
//! replaying the same turns gives the same bytes.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

use crate::card::{Card, Settings};
use crate::event::{Event, EventLog};
use crate::exhibit::Exhibit;
use crate::fault::Fault;
use crate::money::{Amount, Asset, MoneyError};
use crate::signal::{Signal, SignalData};
use crate::time::Instant;

/// Amounts of several assets, one for each asset of the network, in its order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Purse(Vec<Amount>);

impl Purse {
    /// An empty purse for so many assets.
    pub fn empty(assets: usize) -> Self {
        Self(vec![Amount::ZERO; assets])
    }

    /// A purse with these amounts.
    pub fn new(amounts: Vec<Amount>) -> Self {
        Self(amounts)
    }

    /// What it holds of one asset; nothing where it has no such place.
    pub fn of(&self, asset: usize) -> Amount {
        self.0.get(asset).copied().unwrap_or_default()
    }

    /// All amounts, by asset.
    pub fn amounts(&self) -> &[Amount] {
        &self.0
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|amount| amount.is_zero())
    }

    /// Assets of which it holds something, with the amount.
    pub fn iter(&self) -> impl Iterator<Item = (usize, Amount)> + '_ {
        self.0.iter().copied().enumerate().filter(|(_, amount)| !amount.is_zero())
    }

    /// Puts money in.
    pub fn put(&mut self, asset: usize, amount: Amount) -> Result<(), MoneyError> {
        if self.0.len() <= asset {
            self.0.resize(asset + 1, Amount::ZERO);
        }
        self.0[asset] = self.0[asset].add(amount, "the money of one neuron")?;
        Ok(())
    }

    /// Takes money out.
    pub fn take(&mut self, asset: usize, amount: Amount) -> Result<(), MoneyError> {
        let left = self.of(asset).sub(amount, "the money of one neuron")?;
        if let Some(place) = self.0.get_mut(asset) {
            *place = left;
        }
        Ok(())
    }

    /// Puts all of another purse in.
    pub fn put_all(&mut self, other: &Self) -> Result<(), MoneyError> {
        other.iter().try_for_each(|(asset, amount)| self.put(asset, amount))
    }
}

/// What a neuron remembers between turns: bytes that only it reads.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct State(Arc<[u8]>);

impl State {
    /// Nothing remembered yet.
    pub fn empty() -> Self {
        Self::default()
    }

    /// From bytes that [`State::bytes`] gave.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        Self(bytes.into())
    }

    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether nothing is remembered.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Writes a value as canonical JSON: keys of maps in order.
    pub fn write<T: Serialize>(value: &T) -> Self {
        let bytes = serde_json::to_vec(value).expect("a state has text keys and finite numbers");
        Self(bytes.into())
    }

    /// Reads what [`State::write`] wrote; the type's default when empty.
    pub fn read<T: DeserializeOwned + Default>(&self) -> Result<T, Refusal> {
        if self.is_empty() {
            return Ok(T::default());
        }
        serde_json::from_slice(&self.0).map_err(|error| {
            Refusal::new("bad-state", format!("the remembered state cannot be read: {error}"))
                .help("resume from the state file of the same network and engine version")
        })
    }
}

impl Serialize for State {
    /// As the JSON text that it is.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&String::from_utf8_lossy(&self.0))
    }
}

impl<'de> Deserialize<'de> for State {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self::from_bytes(text.as_bytes()))
    }
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.0))
    }
}

/// Money added or taken on the way to an amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Change {
    /// The amount grew.
    Plus(Amount),
    /// The amount shrank.
    Minus(Amount),
}

impl Change {
    /// From one amount to another.
    pub fn between(before: Amount, after: Amount) -> Self {
        if after >= before {
            Self::Plus(after.saturating_sub(before))
        } else {
            Self::Minus(before.saturating_sub(after))
        }
    }

    /// Whether nothing changed.
    pub fn is_zero(self) -> bool {
        matches!(self, Self::Plus(amount) | Self::Minus(amount) if amount.is_zero())
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plus(amount) => write!(f, "+{amount}"),
            Self::Minus(amount) => write!(f, "-{amount}"),
        }
    }
}

/// One step on the way to a payout. The steps of a payout add up to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// What happened: `ideal match`, `cap`, `rounding`.
    pub label: Cow<'static, str>,
    /// In figures, for people: `12 donors, Σ√c = 8,000`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// What it did to the amount.
    pub change: Change,
}

impl Step {
    /// A step without a note.
    pub fn new(label: impl Into<Cow<'static, str>>, change: Change) -> Self {
        Self { label: label.into(), note: None, change }
    }

    /// With a note.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.note = Some(note.into());
        self
    }
}

/// One booked payout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payout {
    /// Index into [`Mechanism::payees`].
    pub payee: u32,
    /// Index of the asset.
    pub asset: usize,
    /// How much.
    pub amount: Amount,
    /// How it came about; adds up to `amount`. Empty means one step, the
    /// mechanism's own name.
    pub steps: Vec<Step>,
}

/// Why a payout cannot be booked.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum BookingError {
    /// More than there is.
    #[error(
        "it would pay {amount} base units of {asset} to `{payee}`, but only {left} of its \
         {available} are left"
    )]
    Overspent {
        /// Who was to be paid.
        payee: String,
        /// The asset's id.
        asset: String,
        /// What was to be paid.
        amount: Amount,
        /// What is left.
        left: Amount,
        /// What there was.
        available: Amount,
    },
    /// A payee that is not on the list.
    #[error("payee number {payee} does not exist; there are {payees}")]
    UnknownPayee {
        /// The index given.
        payee: u32,
        /// How many there are.
        payees: usize,
    },
    /// The steps of a payout do not add up to it.
    #[error("the steps of the payout to `{payee}` do not add up to its {amount} base units")]
    StepsDoNotAddUp {
        /// Who was to be paid.
        payee: String,
        /// What was to be paid.
        amount: Amount,
    },
}

/// What a neuron may spend this turn, and the payouts booked against it.
#[derive(Debug)]
pub struct Allocation<'a> {
    payees: &'a [Arc<str>],
    assets: &'a [Asset],
    available: &'a Purse,
    left: Purse,
    retained: Purse,
    payouts: Vec<Payout>,
}

impl<'a> Allocation<'a> {
    /// Everything still to be booked.
    pub fn new(available: &'a Purse, payees: &'a [Arc<str>], assets: &'a [Asset]) -> Self {
        let retained = Purse::empty(assets.len());
        Self { payees, assets, available, left: available.clone(), retained, payouts: Vec::new() }
    }

    /// What may be spent in all.
    pub fn available(&self) -> &Purse {
        self.available
    }

    /// What is not booked yet.
    pub fn left(&self) -> &Purse {
        &self.left
    }

    /// Books a payout with its steps. Nothing is booked for a zero amount.
    pub fn pay(
        &mut self,
        payee: u32,
        asset: usize,
        amount: Amount,
        steps: Vec<Step>,
    ) -> Result<(), BookingError> {
        let payees = self.payees.len();
        let name =
            self.payees.get(payee as usize).ok_or(BookingError::UnknownPayee { payee, payees })?;
        if !steps.is_empty() && total(&steps) != Some(amount) {
            return Err(BookingError::StepsDoNotAddUp { payee: name.to_string(), amount });
        }
        if amount.is_zero() {
            return Ok(());
        }
        self.left.take(asset, amount).map_err(|_| BookingError::Overspent {
            payee: name.to_string(),
            asset: self.assets.get(asset).map_or_else(|| "?".to_owned(), Asset::id),
            amount,
            left: self.left.of(asset),
            available: self.available.of(asset),
        })?;
        self.payouts.push(Payout { payee, asset, amount, steps });
        Ok(())
    }

    /// Keeps money for good: it comes to rest in this neuron.
    pub fn retain(&mut self, asset: usize, amount: Amount) -> Result<(), BookingError> {
        self.left.take(asset, amount).map_err(|_| BookingError::Overspent {
            payee: "itself".to_owned(),
            asset: self.assets.get(asset).map_or_else(|| "?".to_owned(), Asset::id),
            amount,
            left: self.left.of(asset),
            available: self.available.of(asset),
        })?;
        self.retained.put(asset, amount).expect("retained money was available");
        Ok(())
    }

    /// The bookings: payouts, what is retained for good, what is unspent.
    pub fn close(self) -> (Vec<Payout>, Purse, Purse) {
        (self.payouts, self.retained, self.left)
    }
}

/// What steps add up to; `None` if the sum leaves the range on the way.
fn total(steps: &[Step]) -> Option<Amount> {
    let add = |(plus, minus): (Amount, Amount), step: &Step| match step.change {
        Change::Plus(amount) => plus.add(amount, "steps").ok().map(|plus| (plus, minus)),
        Change::Minus(amount) => minus.add(amount, "steps").ok().map(|minus| (plus, minus)),
    };
    let (plus, minus) = steps.iter().try_fold((Amount::ZERO, Amount::ZERO), add)?;
    plus.sub(minus, "steps").ok()
}

/// What a neuron sees of the world in one turn.
#[derive(Clone, Copy, Debug)]
pub struct Turn<'a> {
    /// Which epoch, from 0.
    pub epoch: u32,
    /// When the epoch ends, if the network says.
    pub ends: Option<Instant>,
    /// The assets of the network.
    pub assets: &'a [Asset],
    /// What came in this epoch, after the neuron's `retain` share.
    pub inflow: &'a Purse,
    /// Signals that reached it this epoch, by emitter and name.
    pub signals: &'a [Signal],
    /// Events of this epoch, in order of time.
    pub events: &'a [Event],
    /// What it remembered.
    pub state: &'a State,
}

impl Turn<'_> {
    /// The first signal of this name.
    pub fn signal(&self, name: &str) -> Option<&Signal> {
        self.signals.iter().find(|signal| signal.name == name)
    }
}

/// What a neuron answers beside its bookings.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    /// What to remember.
    pub state: State,
    /// Signals it emits, by name.
    pub signals: Vec<(&'static str, SignalData)>,
    /// Remarks for the operator: an event passed over, a cap that bites.
    pub remarks: Vec<String>,
    /// Why its signals say of an id what they say: for people, a line each.
    pub reasons: BTreeMap<String, Vec<String>>,
    /// Tables to show: the evidence behind a decision.
    pub exhibits: Vec<Exhibit>,
}

/// A mechanism's reasoned "no" to its input.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct Refusal {
    /// Stable name of the kind of refusal.
    pub code: &'static str,
    /// What is wrong, with the value found.
    pub message: String,
    /// What is allowed and what to try.
    pub help: Option<String>,
}

impl Refusal {
    /// A refusal.
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), help: None }
    }

    /// With advice.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

impl From<BookingError> for Refusal {
    fn from(error: BookingError) -> Self {
        let code = match error {
            BookingError::Overspent { .. } => "overspent",
            BookingError::UnknownPayee { .. } => "unknown-payee",
            BookingError::StepsDoNotAddUp { .. } => "steps-do-not-add-up",
        };
        Self::new(code, error.to_string())
    }
}

impl From<MoneyError> for Refusal {
    fn from(error: MoneyError) -> Self {
        Self::new("amount", error.to_string())
    }
}

/// The voter who moves most money, and how much.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VoterEffect {
    /// Who.
    pub voter: String,
    /// Base units that go elsewhere without this voter (half the sum of all
    /// absolute differences, unspent money included).
    pub moved: Amount,
}

/// A rule inside a neuron, with its settings.
pub trait Mechanism: fmt::Debug + Send + Sync {
    /// What it says of itself.
    fn card(&self) -> &'static Card;

    /// Everyone it may ever pay, by node id. Known before a run, so that the
    /// order of propagation is.
    fn payees(&self) -> &[Arc<str>];

    /// Takes one turn: books payouts and says what to remember.
    fn step(&self, turn: &Turn<'_>, allocation: &mut Allocation<'_>) -> Result<Outcome, Refusal>;

    /// Weights of [`Mechanism::payees`] where the rule is a fixed division of
    /// whatever comes in, by largest remainder; such neurons may stand in
    /// cycles. `None` for all other rules.
    fn fixed_weights(&self) -> Option<Vec<u64>> {
        None
    }

    /// The largest effect one voter has on this turn, by asset index, where the
    /// rule can tell.
    fn voter_effect(
        &self,
        turn: &Turn<'_>,
        available: &Purse,
    ) -> Option<Vec<(usize, VoterEffect)>> {
        let _ = (turn, available);
        None
    }
}

/// What a mechanism is built from.
pub struct Blueprint<'a> {
    /// The neuron's id.
    pub id: &'a Arc<str>,
    /// Its settings, checked against the card.
    pub settings: &'a Settings,
    /// The assets of the network; the first is its main asset.
    pub assets: &'a [Asset],
    /// Its event log, if it has one.
    pub events: Option<&'a EventLog>,
    /// How to ask a program outside, for mechanisms that do.
    pub oracle: &'a dyn OracleFactory,
}

/// Builds a mechanism from its settings; faults name the place.
pub type Build = fn(&Blueprint<'_>) -> Result<Box<dyn Mechanism>, Vec<Fault>>;

/// One line of a catalogue: a card and how to build the rule.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// The card.
    pub card: &'static Card,
    /// The builder.
    pub build: Build,
}

/// Several catalogues as one, by id.
pub fn merged(catalogues: &[&[Entry]]) -> Vec<Entry> {
    let mut entries: Vec<Entry> = catalogues.iter().copied().flatten().copied().collect();
    entries.sort_by_key(|entry| entry.card.id);
    entries
}

/// Someone outside the engine who answers a question: a program, or its
/// recorded answers. The engine itself does no input or output.
pub trait Oracle: fmt::Debug + Send + Sync {
    /// Answers a JSON text by a JSON text, or says why there is no answer.
    fn ask(&self, question: &str) -> Result<String, Refusal>;
}

/// What a host must know to reach a program outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// The neuron that asks.
    pub neuron: Arc<str>,
    /// The command and its arguments.
    pub command: Vec<String>,
    /// It must have answered after so many milliseconds.
    pub time_limit_ms: u64,
    /// Its answer may have so many bytes.
    pub answer_limit_bytes: u64,
}

/// Reaches programs outside, as far as the host allows it.
pub trait OracleFactory {
    /// An oracle for a program, or why the host does not grant one.
    fn oracle(&self, program: Program) -> Result<Arc<dyn Oracle>, Fault>;
}

/// A host that reaches no programs.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoOracles;

impl OracleFactory for NoOracles {
    fn oracle(&self, program: Program) -> Result<Arc<dyn Oracle>, Fault> {
        let message = format!("`{}` asks for a program, and none may run here", program.neuron);
        Err(Fault::new("no-programs", message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(
        available: u128,
        act: impl FnOnce(&mut Allocation<'_>) -> Result<(), BookingError>,
    ) -> Result<(Amount, Amount), BookingError> {
        let payees: Vec<Arc<str>> = vec!["a".into(), "b".into()];
        let assets = [Asset::new("USD", 2)];
        let purse = Purse::new(vec![Amount::from_base(available)]);
        let mut allocation = Allocation::new(&purse, &payees, &assets);
        act(&mut allocation)?;
        let (_, retained, left) = allocation.close();
        Ok((retained.of(0), left.of(0)))
    }

    #[test]
    fn what_is_not_booked_is_unspent() {
        let left = with(10, |allocation| {
            allocation.pay(0, 0, Amount::from_base(3), vec![])?;
            allocation.retain(0, Amount::from_base(2))
        });
        assert_eq!(left, Ok((Amount::from_base(2), Amount::from_base(5))));
    }

    #[test]
    fn more_than_there_is_cannot_be_booked() {
        let error = with(10, |allocation| {
            allocation.pay(0, 0, Amount::from_base(7), vec![])?;
            allocation.pay(1, 0, Amount::from_base(4), vec![])
        });
        assert_eq!(
            error.unwrap_err().to_string(),
            "it would pay 4 base units of USD to `b`, but only 3 of its 10 are left"
        );
        assert!(with(10, |a| a.pay(2, 0, Amount::ZERO, vec![])).is_err());
        assert!(with(10, |a| a.pay(0, 7, Amount::from_base(1), vec![])).is_err());
    }

    #[test]
    fn steps_must_add_up() {
        let steps = vec![
            Step::new("score", Change::Plus(Amount::from_base(5))),
            Step::new("cap", Change::Minus(Amount::from_base(2))),
        ];
        assert!(with(10, |a| a.pay(0, 0, Amount::from_base(3), steps.clone())).is_ok());
        assert!(with(10, |a| a.pay(0, 0, Amount::from_base(4), steps)).is_err());
    }
}
