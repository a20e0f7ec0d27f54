//! Multisig: money moves when enough owners approve, one transaction at a time.
//!
//! Use it for councils and treasuries that work like a Safe: `m` of `n` owners
//! approve numbered transactions, which are executed strictly in order.
//!
//! # Formula
//!
//! ```text
//! a transaction with nonce k is executed  ⇔  k = nonce,
//!     |approvals ∩ owners| ≥ threshold,  and what it does is possible
//! executing it: nonce ← nonce + 1; all others with nonce k are void
//! ```
//!
//! The events of its log, each with `nonce`:
//!
//! | action             | fields                                     | what it does                      |
//! |--------------------|--------------------------------------------|-----------------------------------|
//! | `propose`          | `to`, `amount` (or `transfers`, a list)    | proposes payments, all or nothing |
//! | `add-owner`        | `owner`, `threshold` if it changes         | proposes a new owner              |
//! | `remove-owner`     | `owner`, `threshold` if it changes         | proposes to remove an owner       |
//! | `change-threshold` | `threshold`                                | proposes another threshold        |
//! | `reject`           |                                            | approves the empty transaction    |
//! | `approve`          | `hash` where several were proposed         | approves a proposal               |
//! | `execute`          | `hash` where several are ready             | executes a ready proposal         |
//!
//! Owners propose; with `propose = "anyone"` others may too. To propose is not
//! to approve. With `execute = "on-threshold"` proposals are executed as soon as
//! they can be; with `"on-event"` when somebody says so.
//!
//! An owner's proposal may carry a `hash`, any text that tells it from others of
//! its nonce; without one it is called `k/1`, `k/2` … in the order in which
//! owners proposed. That of anybody else is always called `k/name/1`,
//! `k/name/2` …, and the empty transaction `k/reject`. A `hash` that begins like
//! these is refused. No proposal takes the place of another:
//!
//! * An `approve` without `hash` counts only if owners have made exactly one
//!   proposal under its nonce, and goes to that one.
//! * A second proposal under a `hash` already given is refused. If it differs
//!   from the first, the name is void: later approvals by it do not count, and
//!   whoever wants either proposal proposes it anew under another name.
//!
//! # Units and rounding
//!
//! | quantity                     | unit                                   | rounding |
//! |------------------------------|----------------------------------------|----------|
//! | `amount`                     | decimal of an asset: `1_250.5 USDC`    | none     |
//! | `threshold`, `nonce`         | whole numbers                          | none     |
//!
//! An amount that names no asset is one of the network's main asset. What is
//! not paid stays unspent and is there in the next epoch.
//!
//! # Limits
//!
//! * As in a Safe: 1 ≤ threshold ≤ owners; nobody is an owner twice; a
//!   transaction that fails (too little money, an owner who is none) leaves the
//!   nonce unused and blocks all later ones until it succeeds or is rejected.
//! * Modules, guards, contract signatures and gas refunds are left out.
//! * Several ready proposals of one nonce: the one proposed first is tried first.
//!
//! # Known weaknesses
//!
//! * `threshold` owners together can do anything, also replace the others.
//! * One owner can make a name void, or leave an approval without `hash` to
//!   nobody, by proposing something else under the same nonce. That delays a
//!   transaction and redirects none; name proposals and approve by name.
//! * An approval counts for what has been proposed under its name by then.
//!   Approve what stands in the log, not what somebody is about to add.
//!
//! # Sources
//!
//! * Safe, `Safe.sol`: `execTransaction`, `checkNSignatures`; `OwnerManager.sol`:
//!   `addOwnerWithThreshold`, `removeOwner`, `changeThreshold`. A failing call
//!   reverts the whole transaction where `safeTxGas` and `gasPrice` are zero.
//!
//! # Example
//!
//! ```
//! use allonet_core::card::Value;
//! use allonet_core::money::Amount;
//! use allonet_mechanisms::trial::trial_of;
//!
//! let trial = trial_of("multisig")
//!     .list("owners", &["ann", "ben", "cleo"])
//!     .set("threshold", Value::Integer(2))
//!     .log(r#"
//!     {"time":"2026-01-01","actor":"ann","action":"propose","nonce":0,"to":"dev","amount":"30"}
//!     {"time":"2026-01-02","actor":"ann","action":"approve","nonce":0}
//!     {"time":"2026-01-03","actor":"ben","action":"approve","nonce":0}
//!     "#)?;
//! let result = trial.run(100_00)?;
//! assert_eq!(result.paid("dev"), Amount::from_base(30_00));
//! assert_eq!(result.unspent.of(0), Amount::from_base(70_00));
//! # Ok::<(), allonet_mechanisms::trial::NoTrial>(())
//! ```

use std::collections::BTreeSet;
use std::sync::Arc;

use allonet_core::card::{Absent, Action, Card, Family, Kind, Setting, Source, Status};
use allonet_core::event::{Event, EventLog};
use allonet_core::fault::{Fault, did_you_mean};
use allonet_core::mechanism::{
    Allocation, Blueprint, Change, Mechanism, Outcome, Purse, Refusal, State, Step, Turn,
};
use allonet_core::money::{Amount, Asset};

use crate::safe::{Proposal, Safe, looks_automatic};
use crate::transaction::{Command, Deed, Transfer, What, command};

// --- Card -------------------------------------------------------------------

/// What the rule says of itself.
pub static CARD: Card = Card {
    id: "multisig",
    title: "Multisig",
    family: Family::Governed,
    formula: "execute transaction k ⇔ k = nonce and |approvals ∩ owners| ≥ threshold",
    status: Status::Preview { since: "0.1.0" },
    sources: &[Source {
        cite: "Safe, Safe.sol (execTransaction, checkNSignatures) and OwnerManager.sol",
        url: "https://github.com/safe-global/safe-smart-account/blob/main/contracts/Safe.sol",
    }],
    settings: &[
        Setting {
            name: "owners",
            kind: Kind::List,
            default: Absent::Required,
            doc: "Who may approve, at first; owners change by approved transactions.",
        },
        Setting {
            name: "threshold",
            kind: Kind::Integer { min: 1, max: i64::MAX },
            default: Absent::Required,
            doc: "How many owners must approve, at first.",
        },
        Setting {
            name: "to",
            kind: Kind::List,
            default: Absent::None("everyone whom a proposal in the event log would pay"),
            doc: "Everyone it may ever pay.",
        },
        Setting {
            name: "propose",
            kind: Kind::Choice(&[OWNERS, "anyone"]),
            default: Absent::Default(OWNERS),
            doc: "Who may propose.",
        },
        Setting {
            name: "execute",
            kind: Kind::Choice(&[ON_THRESHOLD, "on-event"]),
            default: Absent::Default(ON_THRESHOLD),
            doc: "Whether a transaction is executed once it can be, or by an `execute` event.",
        },
    ],
    actions: &[
        Action {
            name: "propose",
            fields: &["nonce"],
            optional: &["to", "amount", "asset", "transfers", "hash"],
            doc: "Proposes to pay `amount` to `to`, or all of `transfers`, under a nonce.",
        },
        Action {
            name: "add-owner",
            fields: &["nonce", "owner"],
            optional: &["threshold", "hash"],
            doc: "Proposes a new owner, and a new `threshold` where given.",
        },
        Action {
            name: "remove-owner",
            fields: &["nonce", "owner"],
            optional: &["threshold", "hash"],
            doc: "Proposes to remove an owner, and a new `threshold` where given.",
        },
        Action {
            name: "change-threshold",
            fields: &["nonce", "threshold"],
            optional: &["hash"],
            doc: "Proposes a new threshold.",
        },
        Action {
            name: "approve",
            fields: &["nonce"],
            optional: &["hash"],
            doc: "An owner approves the only proposal of a nonce, or the one of this `hash`.",
        },
        Action {
            name: "reject",
            fields: &["nonce"],
            optional: &[],
            doc: "An owner approves to use up a nonce for nothing.",
        },
        Action {
            name: "execute",
            fields: &["nonce"],
            optional: &["hash"],
            doc: "Executes the ready proposal of a nonce, or the one of this `hash`.",
        },
    ],
    reads: &[],
    emits: &[],
};

const ON_THRESHOLD: &str = "on-threshold";
const OWNERS: &str = "owners";

// --- Settings ---------------------------------------------------------------

/// The rule as it begins.
#[derive(Debug)]
pub struct Multisig {
    owners: BTreeSet<String>,
    threshold: u64,
    payees: Vec<Arc<str>>,
    on_threshold: bool,
    /// Only owners may propose.
    owners_propose: bool,
    /// Owners that the settings name more than once.
    named_again: Vec<String>,
}

/// Builds the rule from its settings and event log.
pub fn build(blueprint: &Blueprint<'_>) -> Result<Box<dyn Mechanism>, Vec<Fault>> {
    let settings = blueprint.settings;
    let (mut owners, mut named_again) = (BTreeSet::new(), Vec::new());
    for owner in settings.list("owners") {
        if !owners.insert(owner.value.clone()) {
            named_again.push(owner.value.clone());
        }
    }
    let threshold = settings.integer("threshold").map_or(0, i64::unsigned_abs);
    let mut faults: Vec<Fault> = bad_threshold(threshold, owners.len())
        .map(|reason| {
            Fault::new("threshold", reason)
                .at_some(settings.place("threshold"))
                .help("set it from 1 to the number of different owners")
        })
        .into_iter()
        .collect();
    let listed: BTreeSet<&str> = settings.list("to").iter().map(|to| to.value.as_str()).collect();
    let wanted = read_log(blueprint.events, &listed, blueprint.assets, &mut faults);
    let payees: Vec<Arc<str>> = if listed.is_empty() {
        wanted.iter().map(|payee| payee.as_str().into()).collect()
    } else {
        listed.into_iter().map(Arc::from).collect()
    };
    if payees.is_empty() && faults.is_empty() {
        faults.push(nobody_to_pay().at_some(settings.place("owners")));
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    let on_threshold = settings.text("execute").is_none_or(|text| text == ON_THRESHOLD);
    let owners_propose = settings.text("propose").is_none_or(|text| text == OWNERS);
    let rule = Multisig { owners, threshold, payees, on_threshold, owners_propose, named_again };
    Ok(Box::new(rule))
}

/// Everyone whom the proposals of the log would pay; faults for events that
/// mean nothing.
fn read_log(
    log: Option<&EventLog>,
    listed: &BTreeSet<&str>,
    assets: &[Asset],
    faults: &mut Vec<Fault>,
) -> BTreeSet<String> {
    let mut wanted = BTreeSet::new();
    let Some(log) = log else { return wanted };
    for (index, event) in log.events().iter().enumerate() {
        match command(event, &CARD, assets) {
            Ok(Command { kind: What::Propose(Deed::Pay(transfers)), .. }) => {
                let strangers = transfers
                    .iter()
                    .filter(|transfer| !listed.is_empty() && !listed.contains(&*transfer.to));
                for stranger in strangers {
                    let mut fault = Fault::new("unknown-payee", not_listed(&stranger.to))
                        .at_some(log.place(index));
                    fault.help = did_you_mean(&stranger.to, listed.iter().copied());
                    faults.push(fault);
                }
                wanted.extend(transfers.into_iter().map(|transfer| transfer.to));
            }
            Ok(_) => {}
            Err(reason) => faults.push(
                Fault::new("bad-event", format!("`{}`: {reason}", event.action))
                    .at_some(log.place(index)),
            ),
        }
    }
    wanted
}

// --- Signals ----------------------------------------------------------------

// The events of its log, understood by [`crate::transaction`].

// --- Refusals ---------------------------------------------------------------

fn bad_threshold(threshold: u64, owners: usize) -> Option<String> {
    match (threshold, owners) {
        (_, 0) => Some("a multisig needs an owner, and `owners` names none".to_owned()),
        (0, _) => Some("a threshold of 0 would let anything pass".to_owned()),
        _ if u64::try_from(owners).is_ok_and(|owners| threshold > owners) => {
            Some(format!("a threshold of {threshold} cannot be reached by {owners} owners"))
        }
        _ => None,
    }
}

fn nobody_to_pay() -> Fault {
    Fault::new("no-payees", "this multisig has nobody to pay")
        .help("list its payees in `to`, or give an event log with proposals in `events`")
}

fn no_owner(actor: &str) -> String {
    format!("`{actor}` is no owner, so it does not count")
}

fn not_listed(payee: &str) -> String {
    format!("`{payee}` is not on this multisig's list `to`")
}

// --- Rule -------------------------------------------------------------------

impl Mechanism for Multisig {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn payees(&self) -> &[Arc<str>] {
        &self.payees
    }

    fn step(&self, turn: &Turn<'_>, allocation: &mut Allocation<'_>) -> Result<Outcome, Refusal> {
        let mut remarks = Vec::new();
        let safe = if turn.state.is_empty() {
            let again = |owner: &String| format!("owner `{owner}` is named twice and counts once");
            remarks.extend(self.named_again.iter().map(again));
            Safe { owners: self.owners.clone(), threshold: self.threshold, ..Safe::default() }
        } else {
            turn.state.read()?
        };
        let mut desk = Desk { rule: self, safe, assets: turn.assets, allocation };
        desk.settle()?;
        for event in turn.events {
            let understood = command(event, &CARD, turn.assets);
            if let Some(remark) = understood.and_then(|command| desk.act(event, command)).err() {
                let Event { time, actor, action, .. } = event;
                remarks.push(format!("{time} {actor} {action}: {remark}"));
            }
            desk.settle()?;
        }
        let epoch = turn.epoch;
        let waiting = desk.waiting().into_iter();
        remarks.extend(waiting.map(|text| format!("at the end of epoch {epoch} {text}")));
        Ok(Outcome { state: State::write(&desk.safe), remarks, ..Outcome::default() })
    }
}

/// One turn at work.
struct Desk<'a, 'b, 'c> {
    rule: &'a Multisig,
    safe: Safe,
    assets: &'a [Asset],
    allocation: &'b mut Allocation<'c>,
}

impl Desk<'_, '_, '_> {
    /// Follows one command; an error is a remark, and changes nothing.
    fn act(&mut self, event: &Event, command: Command) -> Result<(), String> {
        let Command { nonce, hash, kind } = command;
        if nonce < self.safe.nonce {
            let late = matches!(kind, What::Execute) && self.rule.on_threshold;
            let next = self.safe.nonce;
            let used = format!("nonce {nonce} is used up; the next is {next}");
            return if late { Ok(()) } else { Err(used) };
        }
        match kind {
            What::Propose(deed) => self.propose(nonce, &event.actor, hash, deed),
            What::Approve => {
                self.owner(&event.actor)?;
                let at = self.approved(nonce, hash.as_deref())?;
                self.approve(nonce, at, &event.actor)
            }
            What::Reject => {
                self.owner(&event.actor)?;
                let at = self.empty(nonce);
                self.approve(nonce, at, &event.actor)
            }
            What::Execute => self.execute(nonce, hash.as_deref()),
        }
    }

    fn is_owner(&self, actor: &str) -> bool {
        self.safe.owners.contains(actor)
    }

    fn owner(&self, actor: &str) -> Result<(), String> {
        if self.is_owner(actor) { Ok(()) } else { Err(no_owner(actor)) }
    }

    fn propose(
        &mut self,
        nonce: u64,
        actor: &str,
        hash: Option<String>,
        deed: Deed,
    ) -> Result<(), String> {
        let by_owner = self.is_owner(actor);
        if self.rule.owners_propose {
            self.owner(actor)?;
        }
        if let Deed::Pay(transfers) = &deed {
            for transfer in transfers {
                self.payee(&transfer.to)?;
            }
        }
        let open = self.safe.proposals.entry(nonce).or_default();
        let hash = match hash {
            None if by_owner => {
                let before = open.iter().filter(|proposal| proposal.is_owners()).count();
                format!("{nonce}/{}", before + 1)
            }
            None => {
                let own = format!("{nonce}/{actor}/");
                let before = open.iter().filter(|proposal| proposal.hash.starts_with(&own)).count();
                format!("{own}{}", before + 1)
            }
            Some(hash) if !by_owner => {
                return Err(format!("`{actor}` is no owner and cannot choose the name `{hash}`"));
            }
            Some(hash) if looks_automatic(&hash) => {
                return Err(format!("`{hash}` looks like an automatic name; choose another"));
            }
            Some(hash) => hash,
        };
        if let Some(first) = open.iter_mut().find(|proposal| proposal.hash == hash) {
            if first.deed == deed {
                return Err(format!("nonce {nonce} already has this proposal `{hash}`"));
            }
            first.void_name = true;
            return Err(format!(
                "nonce {nonce} already has another proposal `{hash}`, so approvals by that name \
                 no longer count; propose under a new one"
            ));
        }
        open.push(Proposal { hash, deed, by_owner, void_name: false, approvals: BTreeSet::new() });
        Ok(())
    }

    /// The empty transaction of a nonce.
    fn empty(&mut self, nonce: u64) -> usize {
        let open = self.safe.proposals.entry(nonce).or_default();
        open.iter().position(|proposal| proposal.deed == Deed::Nothing).unwrap_or_else(|| {
            open.push(Proposal {
                hash: format!("{nonce}/reject"),
                deed: Deed::Nothing,
                by_owner: true,
                void_name: false,
                approvals: BTreeSet::new(),
            });
            open.len() - 1
        })
    }

    /// The one proposal that an approval means.
    fn approved(&self, nonce: u64, hash: Option<&str>) -> Result<usize, String> {
        let at = self.find(nonce, hash, Proposal::is_owners)?;
        let proposal = &self.safe.of_nonce(nonce)[at];
        if proposal.void_name {
            let name = &proposal.hash;
            return Err(format!("several proposals of nonce {nonce} were called `{name}`"));
        }
        Ok(at)
    }

    fn payee(&self, id: &str) -> Result<u32, String> {
        let place = self.rule.payees.binary_search_by(|payee| (**payee).cmp(id));
        let place = place.ok().and_then(|place| u32::try_from(place).ok());
        place.ok_or_else(|| not_listed(id))
    }

    /// The one proposal of a nonce that is meant.
    fn find(
        &self,
        nonce: u64,
        hash: Option<&str>,
        fits: impl Fn(&Proposal) -> bool,
    ) -> Result<usize, String> {
        let open = self.safe.of_nonce(nonce);
        if let Some(hash) = hash {
            let at = open.iter().position(|proposal| proposal.hash == hash);
            return at.ok_or_else(|| format!("nonce {nonce} has no proposal `{hash}`"));
        }
        let mut fitting = open.iter().enumerate().filter(|(_, proposal)| fits(proposal));
        match (fitting.next(), fitting.next()) {
            (Some((at, _)), None) => Ok(at),
            (None, _) => Err(format!("nonce {nonce} has no proposal that could be meant")),
            (Some((_, first)), Some((_, second))) => Err(format!(
                "nonce {nonce} has several proposals; say which by its `hash`: `{}`, `{}`",
                first.hash, second.hash
            )),
        }
    }

    fn approve(&mut self, nonce: u64, at: usize, owner: &str) -> Result<(), String> {
        let open = self.safe.proposals.get_mut(&nonce);
        let proposal = open.and_then(|open| open.get_mut(at)).ok_or("there is no such proposal")?;
        let added = proposal.approvals.insert(owner.to_owned());
        if added { Ok(()) } else { Err(format!("`{owner}` had approved `{}`", proposal.hash)) }
    }

    fn execute(&mut self, nonce: u64, hash: Option<&str>) -> Result<(), String> {
        if nonce > self.safe.nonce {
            return Err(format!("nonce {} comes before nonce {nonce}", self.safe.nonce));
        }
        let ready = |proposal: &Proposal| self.safe.is_ready(proposal);
        let open = self.safe.of_nonce(nonce);
        let at = match (hash, open) {
            (None, [_]) => 0,
            _ => self.find(nonce, hash, ready)?,
        };
        let proposal = open[at].clone();
        if !self.safe.is_ready(&proposal) {
            let count = self.safe.approvals(&proposal).count();
            let threshold = self.safe.threshold;
            return Err(format!("`{}` has {count} of {threshold} approvals", proposal.hash));
        }
        let plan = self.plan(&proposal)?;
        self.perform(&proposal, plan).map_err(|refusal| refusal.message)
    }

    /// Executes whatever can be, in order of nonces.
    fn settle(&mut self) -> Result<(), Refusal> {
        while self.rule.on_threshold {
            let open = self.safe.of_nonce(self.safe.nonce);
            let next = open
                .iter()
                .filter(|proposal| self.safe.is_ready(proposal))
                .find_map(|proposal| Some((proposal.clone(), self.plan(proposal).ok()?)));
            match next {
                Some((proposal, plan)) => self.perform(&proposal, plan)?,
                None => break,
            }
        }
        Ok(())
    }

    /// What a proposal comes to, if it is possible now.
    fn plan(&self, proposal: &Proposal) -> Result<Plan, String> {
        let Safe { owners, threshold, .. } = &self.safe;
        let manage = |owners: BTreeSet<String>, new: Option<u64>| {
            let threshold = new.unwrap_or(*threshold);
            match bad_threshold(threshold, owners.len()) {
                Some(reason) => Err(reason),
                None => Ok(Plan::Manage { owners, threshold }),
            }
        };
        match &proposal.deed {
            Deed::Nothing => Ok(Plan::Pay(Vec::new())),
            Deed::Pay(transfers) => self.payments(transfers).map(Plan::Pay),
            Deed::ChangeThreshold { threshold } => manage(owners.clone(), Some(*threshold)),
            Deed::AddOwner { owner, threshold } => {
                let mut owners = owners.clone();
                if !owners.insert(owner.clone()) {
                    return Err(format!("`{owner}` is an owner already"));
                }
                manage(owners, *threshold)
            }
            Deed::RemoveOwner { owner, threshold } => {
                let mut owners = owners.clone();
                if !owners.remove(owner) {
                    return Err(format!("`{owner}` is no owner"));
                }
                manage(owners, *threshold)
            }
        }
    }

    /// The bookings of all transfers together, if there is money for all.
    fn payments(&self, transfers: &[Transfer]) -> Result<Vec<(u32, usize, Amount)>, String> {
        let mut left: Purse = self.allocation.left().clone();
        let mut payments = Vec::with_capacity(transfers.len());
        for Transfer { to, asset, amount } in transfers {
            let payee = self.payee(to)?;
            let found = self.assets.iter().position(|known| known.id() == *asset);
            let place = found.ok_or_else(|| format!("`{asset}` is no asset of this network"))?;
            left.take(place, *amount).map_err(|_| {
                let asset = &self.assets[place];
                let there = asset.show(self.allocation.left().of(place));
                format!(
                    "too little money: there is {there}, `{to}` is to get {}",
                    asset.show(*amount)
                )
            })?;
            payments.push((payee, place, *amount));
        }
        Ok(payments)
    }

    /// Executes a proposal of the current nonce and uses the nonce up.
    fn perform(&mut self, proposal: &Proposal, plan: Plan) -> Result<(), Refusal> {
        let nonce = self.safe.nonce;
        match plan {
            Plan::Pay(payments) => {
                let names: Vec<&str> = self.safe.approvals(proposal).map(String::as_str).collect();
                let owners = self.safe.owners.len();
                let note = format!(
                    "`{}`, approved by {} ({} of {owners})",
                    proposal.hash,
                    names.join(", "),
                    names.len()
                );
                for (payee, asset, amount) in payments {
                    let step = Step::new("transaction", Change::Plus(amount)).note(&note);
                    self.allocation.pay(payee, asset, amount, vec![step])?;
                }
            }
            Plan::Manage { owners, threshold } => {
                self.safe.owners = owners;
                self.safe.threshold = threshold;
            }
        }
        self.safe.proposals.remove(&nonce);
        self.safe.nonce = nonce.saturating_add(1);
        Ok(())
    }

    /// Approved proposals that stand at the end of a turn, and what they lack.
    fn waiting(&self) -> Vec<String> {
        let open = self.safe.of_nonce(self.safe.nonce).iter();
        let ready = open.filter(|proposal| self.safe.is_ready(proposal));
        ready
            .map(|proposal| match self.plan(proposal) {
                Ok(_) => format!("`{}` is approved and waits for `execute`", proposal.hash),
                Err(reason) => format!("`{}` is approved but waits: {reason}", proposal.hash),
            })
            .collect()
    }
}

/// A proposal that is possible, worked out.
enum Plan {
    Pay(Vec<(u32, usize, Amount)>),
    Manage { owners: BTreeSet<String>, threshold: u64 },
}

// --- Tests ------------------------------------------------------------------

#[cfg(test)]
mod tests {
    use allonet_core::card::Value as Setting;
    use allonet_core::time::Instant;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::trial::{Trial, TurnResult, trial_of};

    fn council(threshold: i64, owners: &[&str]) -> Trial {
        trial_of("multisig")
            .list("owners", owners)
            .list("to", &["ben", "dev", "shop"])
            .set("threshold", Setting::Integer(threshold))
    }

    /// Events of the form `actor action {fields}`, one a day.
    fn with(mut trial: Trial, events: &[(&str, &str, Value)]) -> Trial {
        trial.events = events
            .iter()
            .enumerate()
            .map(|(day, (actor, action, fields))| Event {
                time: Instant::from_unix(86_400 * i64::try_from(day).unwrap()),
                actor: (*actor).to_owned(),
                action: (*action).to_owned(),
                fields: fields.as_object().unwrap().clone(),
            })
            .collect();
        trial
    }

    fn pay(nonce: u64, amount: &str) -> Value {
        json!({"nonce": nonce, "to": "dev", "amount": amount})
    }

    fn at(nonce: u64) -> Value {
        json!({"nonce": nonce})
    }

    fn run(trial: &Trial) -> TurnResult {
        trial.run(1_000).unwrap()
    }

    fn state(result: &TurnResult) -> Value {
        serde_json::from_slice(result.outcome.state.bytes()).unwrap()
    }

    const ABC: &[&str] = &["a", "b", "c"];

    // Worked examples.

    #[test]
    fn two_of_three_blocks_at_one_and_passes_at_two() {
        let mut events = vec![("a", "propose", pay(0, "3 USD")), ("a", "approve", at(0))];
        let one = run(&with(council(2, ABC), &events));
        assert_eq!((one.paid("dev"), one.unspent.of(0)), (Amount::ZERO, Amount::from_base(1_000)));
        events.push(("b", "approve", at(0)));
        let two = run(&with(council(2, ABC), &events));
        assert_eq!(two.paid("dev"), Amount::from_base(300));
        let step = &two.payouts[0].steps[0];
        assert_eq!(step.note.as_deref(), Some("`0/1`, approved by a, b (2 of 3)"));
        assert_eq!(state(&two)["nonce"], 1);
    }

    #[test]
    fn nonces_are_executed_strictly_in_order() {
        let mut events = vec![
            ("a", "propose", pay(1, "2")),
            ("a", "approve", at(1)),
            ("b", "approve", at(1)),
            ("a", "propose", pay(0, "1")),
            ("a", "approve", at(0)),
        ];
        assert_eq!(run(&with(council(2, ABC), &events)).payouts, []);
        events.push(("c", "approve", at(0)));
        let result = run(&with(council(2, ABC), &events));
        let amounts: Vec<Amount> = result.payouts.iter().map(|payout| payout.amount).collect();
        assert_eq!(amounts, [100, 200].map(Amount::from_base));
    }

    #[test]
    fn a_rejection_uses_up_the_nonce() {
        let events = [
            ("a", "propose", pay(0, "9 USD")),
            ("a", "approve", at(0)),
            ("b", "reject", at(0)),
            ("c", "reject", at(0)),
            ("b", "approve", at(0)),
        ];
        let result = run(&with(council(2, ABC), &events));
        assert_eq!(result.payouts, []);
        assert_eq!(state(&result)["nonce"], 1);
        assert_eq!(
            result.outcome.remarks,
            ["1970-01-05T00:00:00Z b approve: nonce 0 is used up; the next is 1"]
        );
    }

    #[test]
    fn the_first_executed_of_two_wins() {
        let events = [
            ("a", "propose", json!({"nonce": 0, "to": "dev", "amount": "1", "hash": "x"})),
            ("b", "propose", json!({"nonce": 0, "to": "shop", "amount": "2", "hash": "y"})),
            ("a", "approve", at(0)),
            ("a", "approve", json!({"nonce": 0, "hash": "y"})),
            ("b", "approve", json!({"nonce": 0, "hash": "y"})),
            ("b", "approve", json!({"nonce": 0, "hash": "x"})),
        ];
        let result = run(&with(council(2, ABC), &events));
        assert_eq!(result.paid("shop"), Amount::from_base(200));
        assert_eq!(result.paid("dev"), Amount::ZERO);
        assert!(result.outcome.remarks[0].contains("say which by its `hash`: `x`, `y`"));
        assert_eq!(result.outcome.remarks.len(), 2);
    }

    #[test]
    fn owners_change_by_approved_transactions() {
        let add = json!({"nonce": 0, "owner": "d", "threshold": 3});
        let remove = json!({"nonce": 1, "owner": "a", "threshold": 2});
        let events = [
            ("a", "add-owner", add),
            ("a", "approve", at(0)),
            ("b", "approve", at(0)),
            ("b", "remove-owner", remove),
            ("b", "approve", at(1)),
            ("c", "approve", at(1)),
            ("a", "propose", pay(2, "1")),
            ("a", "approve", at(2)),
            ("b", "approve", at(2)),
            ("d", "approve", at(1)),
            ("c", "approve", at(2)),
        ];
        let result = run(&with(council(2, ABC), &events));
        // After `a` is removed her approval of nonce 2 does not count.
        assert_eq!(result.paid("dev"), Amount::from_base(100));
        assert_eq!(state(&result)["owners"], json!(["b", "c", "d"]));
        let earlier = run(&with(council(2, ABC), &events[..10]));
        assert_eq!(earlier.paid("dev"), Amount::ZERO);
        assert_eq!(state(&earlier)["threshold"], 2);
    }

    #[test]
    fn short_funds_leave_the_nonce_unused_until_money_comes() {
        let events =
            [("a", "propose", pay(0, "15 USD")), ("a", "approve", at(0)), ("b", "approve", at(0))];
        let trial = with(council(2, ABC), &events);
        let short = run(&trial);
        assert_eq!(state(&short)["nonce"], 0);
        assert_eq!(
            short.outcome.remarks,
            [
                "at the end of epoch 0 `0/1` is approved but waits: too little money: there is 10.00 USD, `dev` is to get \
              15.00 USD"
            ]
        );
        let inflow = Purse::new(vec![Amount::from_base(1_000)]);
        let both = Purse::new(vec![Amount::from_base(2_000)]);
        let rule = trial.build().unwrap();
        let later = trial.turn(&*rule, 1, &inflow, &both, &[], &short.outcome.state).unwrap();
        assert_eq!(later.paid("dev"), Amount::from_base(1_500));
    }

    #[test]
    fn several_payments_in_several_assets_go_together_or_not_at_all() {
        let transfers = json!([
            {"to": "dev", "amount": "4 USD"},
            {"to": "shop", "amount": "0.5 ETH"},
            {"to": "dev", "amount": "6.00"},
        ]);
        let events = [
            ("a", "propose", json!({"nonce": 0, "transfers": transfers})),
            ("a", "approve", at(0)),
        ];
        let mut trial = with(council(1, ABC), &events);
        trial.assets.push(Asset::new("ETH", 3));
        let rule = trial.build().unwrap();
        let turn = |usd: u128, eth: u128| {
            let purse = Purse::new(vec![Amount::from_base(usd), Amount::from_base(eth)]);
            trial.turn(&*rule, 0, &purse, &purse, &trial.events, &State::empty()).unwrap()
        };
        let result = turn(1_000, 500);
        assert_eq!(result.paid("dev"), Amount::from_base(1_000));
        assert_eq!(result.paid_in("shop", 1), Amount::from_base(500));
        assert!(result.unspent.is_empty());
        for short in [turn(999, 500), turn(1_000, 499)] {
            assert_eq!(short.payouts, []);
        }
    }

    #[test]
    fn executing_by_hand_needs_enough_approvals() {
        let trial = council(2, ABC).text("execute", "on-event");
        let events = [
            ("a", "propose", pay(0, "1")),
            ("a", "approve", at(0)),
            ("x", "execute", at(0)),
            ("x", "execute", at(1)),
            ("b", "approve", at(0)),
            ("x", "execute", at(0)),
        ];
        let result = run(&with(trial.clone(), &events));
        assert_eq!(result.paid("dev"), Amount::from_base(100));
        assert_eq!(
            result.outcome.remarks,
            [
                "1970-01-03T00:00:00Z x execute: `0/1` has 1 of 2 approvals",
                "1970-01-04T00:00:00Z x execute: nonce 0 comes before nonce 1",
            ]
        );
        let waiting = run(&with(trial, &events[..5]));
        assert_eq!(
            waiting.outcome.remarks.last().unwrap(),
            "at the end of epoch 0 `0/1` is approved and waits for `execute`"
        );
    }

    // The names of proposals.

    fn claim(hash: &str, to: &str, amount: &str) -> Value {
        json!({"nonce": 0, "hash": hash, "to": to, "amount": amount})
    }

    fn by(hash: &str) -> Value {
        json!({"nonce": 0, "hash": hash})
    }

    /// The remarks without who and when.
    fn remarks(result: &TurnResult) -> Vec<&str> {
        let text =
            |remark: &'_ String| remark.split_once(": ").map_or(0, |(head, _)| head.len() + 2);
        result.outcome.remarks.iter().map(|remark| &remark[text(remark)..]).collect()
    }

    #[test]
    fn a_stranger_cannot_take_the_place_of_a_proposal() {
        for (claimed, given) in [("0/2", None), ("0/1", None), ("tx", Some("tx"))] {
            let fields = match given {
                Some(hash) => claim(hash, "dev", "3"),
                None => pay(0, "3"),
            };
            let approval = given.map_or_else(|| at(0), by);
            let events = [
                ("mallory", "propose", claim(claimed, "shop", "5")),
                ("mallory", "propose", json!({"nonce": 0, "to": "shop", "amount": "5"})),
                ("a", "propose", fields),
                ("mallory", "propose", claim(claimed, "shop", "5")),
                ("a", "approve", approval.clone()),
                ("b", "approve", approval),
            ];
            for who in [OWNERS, "anyone"] {
                let result = run(&with(council(2, ABC).text("propose", who), &events));
                assert_eq!(result.paid("dev"), Amount::from_base(300), "{claimed} {who}");
                assert_eq!(result.paid("shop"), Amount::ZERO);
                let chosen =
                    format!("`mallory` is no owner and cannot choose the name `{claimed}`");
                let expected = match who {
                    OWNERS => vec!["`mallory` is no owner, so it does not count"; 3],
                    _ => vec![&*chosen; 2],
                };
                assert_eq!(remarks(&result), expected);
            }
        }
    }

    #[test]
    fn an_owner_cannot_take_the_place_of_a_proposal() {
        // `b` claims the name first, last, or between two approvals.
        let (dev, shop) = (("a", "propose", claim("tx", "dev", "3")), claim("tx", "shop", "5"));
        let (claims, approves) = (("b", "propose", shop), ("a", "approve", by("tx")));
        let ends = ("c", "approve", by("tx"));
        for events in [
            [claims.clone(), dev.clone(), approves.clone(), ends.clone()],
            [dev.clone(), claims.clone(), approves.clone(), ends.clone()],
            [dev.clone(), approves.clone(), claims.clone(), ends.clone()],
        ] {
            for plain in [false, true] {
                let mut events = events.clone();
                if plain {
                    for (_, action, fields) in &mut events {
                        if *action == "approve" {
                            *fields = at(0);
                        }
                    }
                }
                let result = run(&with(council(2, ABC), &events));
                assert_eq!(result.payouts, [], "{events:?}");
                assert!(
                    remarks(&result).contains(&"several proposals of nonce 0 were called `tx`")
                );
            }
        }
        // Proposed anew under another name it passes.
        let events = [
            dev,
            claims,
            ("a", "propose", claim("tx2", "dev", "3")),
            ("a", "approve", by("tx2")),
            ends,
            ("c", "approve", by("tx2")),
        ];
        assert_eq!(run(&with(council(2, ABC), &events)).paid("dev"), Amount::from_base(300));
    }

    #[test]
    fn automatic_names_are_free_and_kept_for_the_engine() {
        let events = [
            ("b", "propose", claim("0/2", "shop", "5")),
            ("b", "propose", claim("0/x/1", "shop", "5")),
            ("a", "propose", pay(0, "3")),
            ("b", "reject", at(0)),
            ("c", "propose", json!({"nonce": 0, "to": "shop", "amount": "5"})),
            ("c", "propose", claim("tx", "dev", "1")),
            ("b", "propose", claim("tx", "dev", "1.0")),
            ("a", "approve", at(0)),
            ("a", "approve", by("0/1")),
            ("c", "approve", by("0/1")),
        ];
        let result = run(&with(council(2, ABC), &events));
        assert_eq!(result.paid("dev"), Amount::from_base(300));
        assert_eq!(
            remarks(&result),
            [
                "`0/2` looks like an automatic name; choose another",
                "`0/x/1` looks like an automatic name; choose another",
                "nonce 0 already has this proposal `tx`",
                "nonce 0 has several proposals; say which by its `hash`: `0/1`, `0/2`",
            ]
        );
    }

    #[test]
    fn strangers_propose_where_anyone_may() {
        let events = [
            ("mallory", "propose", json!({"nonce": 0, "to": "shop", "amount": "5"})),
            ("a", "approve", at(0)),
            ("mallory", "propose", json!({"nonce": 0, "to": "shop", "amount": "2"})),
            ("a", "approve", by("0/mallory/2")),
            ("b", "approve", by("0/mallory/2")),
        ];
        let result = run(&with(council(2, ABC).text("propose", "anyone"), &events));
        assert_eq!(result.paid("shop"), Amount::from_base(200));
        assert_eq!(remarks(&result), ["nonce 0 has no proposal that could be meant"]);
    }

    // Refusals.

    #[test]
    fn events_that_do_not_count_are_remarked() {
        let events = [
            ("a", "propose", pay(0, "1")),
            ("eve", "approve", at(0)),
            ("a", "approve", at(0)),
            ("a", "approve", at(0)),
            ("b", "approve", at(7)),
            ("b", "propose", json!({"nonce": 1, "to": "eve", "amount": "1"})),
            ("b", "remove-owner", json!({"nonce": 0, "owner": "eve", "hash": "out"})),
            ("b", "approve", json!({"nonce": 0, "hash": "out"})),
            ("c", "approve", json!({"nonce": 0, "hash": "out"})),
        ];
        let trial = with(council(2, ABC), &events);
        let rule = council(2, ABC).build().unwrap();
        let money = Purse::new(vec![Amount::from_base(1_000)]);
        let result = trial.turn(&*rule, 0, &money, &money, &trial.events, &State::empty()).unwrap();
        assert_eq!(result.payouts, []);
        let texts: Vec<&str> = result
            .outcome
            .remarks
            .iter()
            .map(|remark| remark.split_once(": ").map_or(&**remark, |(_, text)| text))
            .collect();
        assert_eq!(
            texts,
            [
                "`eve` is no owner, so it does not count",
                "`a` had approved `0/1`",
                "nonce 7 has no proposal that could be meant",
                "`eve` is not on this multisig's list `to`",
                "`eve` is no owner",
            ]
        );
    }

    #[test]
    fn events_that_mean_nothing_are_faults_with_a_place() {
        for (fields, expected) in [
            (
                r#""action":"propose","nonce":0,"to":"dev""#,
                "`propose`: the field `amount` is missing",
            ),
            (
                r#""action":"propose","nonce":-1,"to":"dev","amount":"1""#,
                "`propose`: the field `nonce` is -1; write a whole number of zero or more",
            ),
            (
                r#""action":"propose","nonce":0,"to":"dev","amount":1.5"#,
                "`propose`: the amount is 1.5; write a text: \"1_250.5 USDC\"",
            ),
            (
                r#""action":"propose","nonce":0,"to":"dev","amount":"1 EUR""#,
                "`propose`: `EUR` is no asset of this network, which has: USD",
            ),
            (
                r#""action":"propose","nonce":0,"transfers":[{"to":"dev","amount":"0.001"}]"#,
                "`propose`: transfers[0]: `0.001` has 3 decimals, but the asset has 2; shorten it \
                 yourself, allonet never rounds an input",
            ),
            (
                r#""action":"propose","nonce":0,"transfers":[{"to":"dev","amount":"1","aset":"USD"}]"#,
                "`propose`: transfers[0]: there is no field `aset`; did you mean `asset`?",
            ),
            (
                r#""action":"propose","nonce":0,"amount":"1","transfers":[{"to":"dev","amount":"1"}]"#,
                "`propose`: `amount` and `asset` belong into each entry of `transfers`",
            ),
            (
                r#""action":"propose","nonce":0,"to":"dev","amount":"1 USD","asset":"USD""#,
                "`propose`: the asset stands in both `amount` and `asset`",
            ),
            (
                "\"action\":\"propose\",\"nonce\":0,\"to\":\"d\u{202e}v\",\"amount\":\"1\"",
                "`propose`: \"d\\u{202e}v\" is no id: it has an invisible character U+202E",
            ),
            (
                "\"action\":\"add-owner\",\"nonce\":0,\"owner\":\"a\u{200b}b\"",
                "`add-owner`: \"a\\u{200b}b\" is no id: it has an invisible character U+200B",
            ),
            (
                r#""action":"aprove","nonce":0"#,
                "`aprove`: `aprove` is no action of a multisig; did you mean `approve`?",
            ),
            (
                r#""action":"propose","nonce":0,"to":"shp","amount":"1""#,
                "`shp` is not on this multisig's list `to` (did you mean `shop`?)",
            ),
        ] {
            let line = format!(r#"{{"time":"2026-01-01","actor":"a",{fields}}}"#);
            let refusal = council(1, ABC).log(&line).unwrap().build().unwrap_err();
            assert_eq!(refusal.to_string(), format!("events.jsonl:1:1: {expected}"));
        }
    }

    #[test]
    fn settings_that_cannot_work_are_refused() {
        let refusal = |trial: Trial| trial.build().unwrap_err().to_string();
        let help = " (set it from 1 to the number of different owners)";
        assert_eq!(
            refusal(council(3, &["a", "b", "a"])),
            format!("a threshold of 3 cannot be reached by 2 owners{help}")
        );
        assert_eq!(
            refusal(council(1, &[])),
            format!("a multisig needs an owner, and `owners` names none{help}")
        );
        let alone = trial_of("multisig").list("owners", ABC).set("threshold", Setting::Integer(1));
        assert!(refusal(alone).starts_with("this multisig has nobody to pay"));
        let twice = run(&council(2, &["a", "b", "a"]));
        assert_eq!(twice.outcome.remarks, ["owner `a` is named twice and counts once"]);
    }

    // Laws.

    fn anything() -> impl Strategy<Value = (&'static str, &'static str, Value)> {
        let actor = prop::sample::select(vec!["a", "b", "c", "d", "eve"]);
        let action = prop::sample::select(vec![
            "propose",
            "propose",
            "approve",
            "approve",
            "approve",
            "approve",
            "reject",
            "execute",
            "add-owner",
            "remove-owner",
            "change-threshold",
            "nonsense",
        ]);
        (actor, action, 0_u64..4, 0_u64..700, 1_u64..4, prop::option::of(0_usize..6)).prop_map(
            |(actor, action, nonce, cents, threshold, which)| {
                let mut fields = json!({"nonce": nonce});
                let amount = format!("{}.{:02} USD", cents / 100, cents % 100);
                match action {
                    "propose" => {
                        fields["to"] = json!(["dev", "shop", "eve"][(cents % 3) as usize]);
                        fields["amount"] = json!(amount);
                    }
                    "add-owner" | "remove-owner" => {
                        fields["owner"] = json!(["a", "d", "eve"][(cents % 3) as usize]);
                    }
                    _ => {}
                }
                if action.ends_with("threshold") || cents % 7 == 0 {
                    fields["threshold"] = json!(threshold);
                }
                if let Some(which) = which {
                    let name = ["0/1", "1/1", "0/eve/1", "x", "y", "0/reject"][which];
                    fields["hash"] = json!(name);
                }
                (actor, action, fields)
            },
        )
    }

    proptest! {
        #[test]
        fn any_cut_into_turns_gives_the_same_state_and_payouts(
            events in prop::collection::vec(anything(), 0..60),
            cuts in prop::collection::vec(0_usize..60, 0..6),
            by_hand: bool,
            anyone: bool,
        ) {
            let mode = if by_hand { "on-event" } else { ON_THRESHOLD };
            let who = if anyone { "anyone" } else { OWNERS };
            let council = council(2, ABC).text("execute", mode).text("propose", who);
            let trial = with(council.clone(), &events);
            let rule = council.build().unwrap();
            let money = Purse::new(vec![Amount::from_base(1_000)]);
            let once =
                trial.turn(&*rule, 0, &money, &money, &trial.events, &State::empty()).unwrap();

            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(events.len())).collect();
            cuts.extend([0, events.len()]);
            cuts.sort_unstable();
            let (mut state, mut left, mut payouts) = (State::empty(), money.clone(), Vec::new());
            let mut inflow = money;
            for (epoch, range) in (0..).zip(cuts.windows(2)) {
                let part = &trial.events[range[0]..range[1]];
                let turn = trial.turn(&*rule, epoch, &inflow, &left, part, &state).unwrap();
                payouts.extend(turn.payouts);
                state = turn.outcome.state;
                left = turn.unspent;
                inflow = Purse::empty(1);
            }
            prop_assert_eq!(&state, &once.outcome.state);
            prop_assert_eq!(payouts, once.payouts);
            prop_assert_eq!(left, once.unspent);
        }
    }

    // Reference: approvals counted anew from the whole log for every execution.

    proptest! {
        #[test]
        fn payments_agree_with_counting_the_log(
            events in prop::collection::vec(
                (0_usize..5, 0_usize..5, 0_u64..3, prop::sample::select(vec![1, 2, 250, 500])),
                0..80,
            ),
        ) {
            let actors = ["a", "b", "c", "d", "eve"];
            let actions = ["propose", "approve", "execute", "approve", "execute"];
            let events: Vec<(&str, &str, Value)> = events
                .into_iter()
                .map(|(actor, action, nonce, units)| {
                    let fields = json!({
                        "nonce": nonce, "to": "dev", "hash": format!("h{}", units / 200),
                        "amount": format!("{}.{:02}", units / 100, units % 100),
                    });
                    (actors[actor], actions[action], fields)
                })
                .collect();
            let (mut left, mut paid) = (1_000_u64, Vec::new());
            for (now, (_, action, fields)) in events.iter().enumerate() {
                let (nonce, hash) = (&fields["nonce"], &fields["hash"]);
                if *action != "execute" || *nonce != json!(paid.len()) {
                    continue;
                }
                let of = |wanted: &'static str| {
                    let same = move |(_, (_, action, fields)): &(usize, &(&str, &str, Value))| {
                        let meant = fields["nonce"] == *nonce && fields["hash"] == *hash;
                        *action == wanted && meant
                    };
                    events[..now].iter().enumerate().filter(same)
                };
                let mut proposals = of("propose").filter(|(_, (actor, _, _))| ABC.contains(actor));
                let Some((since, (_, _, proposal))) = proposals.next() else { continue };
                // Another amount under the same name makes the name void.
                let until = proposals.find(|(_, (_, _, fields))| fields != proposal);
                let until = until.map_or(now, |(until, _)| until);
                let approvals: BTreeSet<&str> = of("approve")
                    .filter(|(at, _)| (since..until).contains(at))
                    .filter(|(_, (actor, _, _))| ABC.contains(actor))
                    .map(|(_, (actor, _, _))| *actor)
                    .collect();
                let units: u64 = proposal["amount"].as_str().unwrap().replace('.', "").parse().unwrap();
                if approvals.len() >= 2 && units <= left {
                    left -= units;
                    paid.push(units);
                }
            }
            let result = run(&with(council(2, ABC).text("execute", "on-event"), &events));
            let found: Vec<Amount> = result.payouts.iter().map(|payout| payout.amount).collect();
            let expected: Vec<Amount> =
                paid.into_iter().map(|units| Amount::from_base(u128::from(units))).collect();
            prop_assert_eq!(found, expected);
        }
    }
}
