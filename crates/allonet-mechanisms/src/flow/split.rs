//! Fixed split: divides whatever comes in by fixed weights.
//!
//! Use it for budgets, revenue shares and teams, or to pay by the weights that
//! another neuron emits. Three modes repeat the arithmetic of contracts.
//!
//! # Formula
//!
//! ```text
//! payout_p = money · weight_p / Σ weight
//! ```
//!
//! Weights are shares (`50%`, `1/3`) that add up to the whole, with `rest` for
//! one payee who takes what the others leave; or plain numbers in proportion.
//! With `from_signal` they are the scores of the signal `weights`.
//!
//! | `rounding`          | rule                                                        |
//! |---------------------|-------------------------------------------------------------|
//! | `largest-remainder` | `⌊m·w/W⌋`, then one unit each to the largest remainders     |
//! | `cumulative`        | `⌊m·C_k/W⌋ − ⌊m·C_(k−1)/W⌋`, `C` the running sum            |
//! | `floor`             | `⌊m·w/W⌋`                                                   |
//! | `0xsplits-v1`       | fee `f = ⌊m·distributor_fee/10⁶⌋`, then `⌊(m−f)·w/10⁶⌋`      |
//! | `0xsplits-v2`       | fee `f = ⌊m·incentive/10⁶⌋`, then `⌊(m−f)·w/total⌋`          |
//! | `drips`             | `⌊m·C_k/10⁶⌋ − ⌊m·C_(k−1)/10⁶⌋`; what is left is collectable |
//!
//! # Units and rounding
//!
//! | quantity       | unit                    | rounding                              |
//! |----------------|-------------------------|---------------------------------------|
//! | money, payouts | base units of one asset | as above, earliest payee id first     |
//! | weights        | exact fractions         | none                                  |
//! | signal weights | `f64`                   | to 2⁻⁹⁶ of the largest                |
//! | fee            | parts per million       | down                                  |
//!
//! The dust of `floor`, `0xsplits-v1` and `0xsplits-v2` stays unspent and comes
//! again with the next epoch. The fee goes to `fee_to`; without it, it is
//! retained for good. What Drips leaves collectable is retained for good.
//!
//! # Limits
//!
//! * Weights above zero; scaled to whole numbers, their sum below 2^64.
//! * `0xsplits-v1`: two payees or more, whole weights above zero that add up to
//!   1,000,000, fee at most 100,000. `SplitMain` also keeps one base unit back
//!   in each split that ever held a balance, to save gas, and forgets its dust;
//!   neither is repeated here.
//! * `0xsplits-v2`: whole weights that add up to `total` (by default their own
//!   sum), incentive at most 65,535. The contract leaves one base unit in the
//!   split and one in its warehouse when it distributes; not repeated here.
//! * `drips`: at most 200 payees, whole weights above zero that add up to at
//!   most 1,000,000. Drips orders receivers by account number, this rule by id.
//!
//! # Known weaknesses
//!
//! * Weights say nothing of merit: whoever sets them decides.
//! * Under `floor` an amount below the number of payees may pay nobody.
//!
//! # Sources
//!
//! * 0xSplits, `SplitMain.sol`, functions `_distributeETH` and `_scaleAmountByPercentage`.
//! * 0xSplits v2, `SplitV2.sol`, `getDistributions`.
//! * Drips, `Splits.sol`, `_split`.
//! * M. Balinski, H. P. Young (1982), *Fair Representation*, for largest
//!   remainders (Hamilton's method).
//!
//! # Example
//!
//! ```
//! use allonet_core::money::Amount;
//! use allonet_mechanisms::trial::trial_of;
//!
//! let weights = [("alice", "1/2"), ("bob", "1/3"), ("carol", "rest")];
//! let result = trial_of("split").weights("to", &weights).run(1_000)?;
//! assert_eq!(result.paid("bob"), Amount::from_base(333));
//! assert_eq!(result.paid("carol"), Amount::from_base(167));
//! # Ok::<(), allonet_mechanisms::trial::NoTrial>(())
//! ```

use std::collections::BTreeMap;
use std::sync::Arc;

use allonet_core::card::{Absent, Card, Family, Kind, Placed, Setting, Settings, Source, Status};
use allonet_core::fault::{Fault, SourceFile, did_you_mean};
use allonet_core::mechanism::{
    Allocation, Blueprint, Change, Mechanism, Outcome, Refusal, Step, Turn,
};
use allonet_core::money::{Amount, ApportionError, Rounding, Weight, apportion, weights_from_f64};
use allonet_core::table::{Column, Faults, Table};
use allonet_core::weights::{self, WrittenWeight};
use ruint::aliases::U256;

// --- Card -------------------------------------------------------------------

const MODES: &[&str] =
    &["largest-remainder", "cumulative", "floor", "0xsplits-v1", "0xsplits-v2", "drips"];

/// What the rule says of itself.
pub static CARD: Card = Card {
    id: "split",
    title: "Fixed split",
    family: Family::Flow,
    formula: "payout = money · weight / Σ weights",
    status: Status::Preview { since: "0.1.0" },
    sources: &[
        Source {
            cite: "0xSplits, SplitMain.sol, _distributeETH",
            url: "https://github.com/0xSplits/splits-contracts/blob/main/contracts/SplitMain.sol",
        },
        Source {
            cite: "0xSplits v2, SplitV2.sol, getDistributions",
            url: "https://github.com/0xSplits/splits-contracts-monorepo",
        },
        Source {
            cite: "Drips, Splits.sol, _split",
            url: "https://github.com/drips-network/contracts/blob/main/src/Splits.sol",
        },
    ],
    settings: &[
        Setting {
            name: "to",
            kind: Kind::Weights,
            default: Absent::None("the payees stand in `weights` or `payees`"),
            doc: "Payees and their weights: shares such as 50% or 1/3, `rest`, or plain numbers.",
        },
        Setting {
            name: "weights",
            kind: Kind::File,
            default: Absent::None("the payees stand in `to` or `payees`"),
            doc: "Table of payees and their weights, columns `payee` and `weight`.",
        },
        Setting {
            name: "payees",
            kind: Kind::List,
            default: Absent::None("the payees stand in `to` or `weights`"),
            doc: "Payees without weights, for `from_signal`.",
        },
        Setting {
            name: "from_signal",
            kind: Kind::Bool,
            default: Absent::Default("false"),
            doc: "Take the weights from the signal `weights`, not from the settings.",
        },
        Setting {
            name: "rounding",
            kind: Kind::Choice(MODES),
            default: Absent::Default("largest-remainder"),
            doc: "How fractions of a base unit are settled, or whose arithmetic to repeat.",
        },
        Setting {
            name: "total",
            kind: Kind::Integer { min: 1, max: i64::MAX },
            default: Absent::None("the sum of the weights"),
            doc: "What the weights of `0xsplits-v2` must add up to.",
        },
        Setting {
            name: "distributor_fee",
            kind: Kind::Integer { min: 0, max: 100_000 },
            default: Absent::None("no fee"),
            doc: "Fee of `0xsplits-v1`, in parts per million of the money.",
        },
        Setting {
            name: "incentive",
            kind: Kind::Integer { min: 0, max: 65_535 },
            default: Absent::None("no fee"),
            doc: "Fee of `0xsplits-v2`, in parts per million of the money.",
        },
        Setting {
            name: "fee_to",
            kind: Kind::Text,
            default: Absent::None("the fee is retained"),
            doc: "Who is paid the fee.",
        },
    ],
    actions: &[],
    reads: &["weights"],
    emits: &[],
};

// --- Settings ---------------------------------------------------------------

/// The rule and its weights.
#[derive(Debug)]
pub struct Split {
    /// Sorted by id.
    payees: Vec<Arc<str>>,
    weights: Weights,
    rounding: Rounding,
    fee_ppm: u64,
    fee_to: Option<u32>,
}

#[derive(Debug)]
enum Weights {
    /// One for each payee; one more stands for what is retained.
    Fixed(Vec<u64>),
    /// Whatever the signal of this name says.
    Signal,
}

/// One payee as the operator wrote it.
#[derive(Clone)]
struct Leg {
    payee: Placed<String>,
    weight: String,
}

/// Builds the rule from its settings.
pub fn build(blueprint: &Blueprint<'_>) -> Result<Box<dyn Mechanism>, Vec<Fault>> {
    let settings = blueprint.settings;
    let from_signal = settings.bool("from_signal");
    let mode = settings.text("rounding").unwrap_or(MODES[0]);
    let legs = legs(settings, from_signal)?;
    let mut faults = misplaced(settings, mode, from_signal);
    faults.extend(contract_limits(mode, &legs, settings));
    if !faults.is_empty() {
        return Err(faults);
    }
    let weights = if from_signal {
        Vec::new()
    } else {
        fixed(mode, &legs, settings).map_err(|fault| {
            let place = fault.place.clone().or(settings.place("to")).or(settings.place("weights"));
            vec![fault.at_some(place)]
        })?
    };
    let weights = legs.iter().map(|leg| leg.payee.value.as_str()).zip(weights).collect();
    Ok(Box::new(assemble(settings, mode, &legs, &weights, from_signal)))
}

/// The weights as whole numbers, in the order of the legs.
fn fixed(mode: &str, legs: &[Leg], settings: &Settings) -> Result<Vec<u64>, Fault> {
    match (mode, settings.integer("total")) {
        ("0xsplits-v1", _) => parts_of(MILLION, false, legs),
        ("drips", _) => parts_of(MILLION, true, legs),
        ("0xsplits-v2", Some(total)) => parts_of(total.unsigned_abs(), false, legs),
        _ => {
            let written = legs.iter().cloned().map(|leg| (leg.payee, leg.weight));
            weights::exact(&written.collect::<Vec<_>>())
        }
    }
}

fn assemble(
    settings: &Settings,
    mode: &str,
    legs: &[Leg],
    weights: &BTreeMap<&str, u64>,
    from_signal: bool,
) -> Split {
    let fee_to = settings.text("fee_to");
    let mut payees: Vec<Arc<str>> =
        legs.iter().map(|leg| leg.payee.value.as_str().into()).collect();
    payees.extend(fee_to.map(Arc::from));
    payees.sort();
    payees.dedup();
    let mut fixed: Vec<u64> =
        payees.iter().map(|payee| weights.get(&**payee).copied().unwrap_or(0)).collect();
    if mode == "drips" {
        fixed.push(MILLION.saturating_sub(fixed.iter().sum()));
    }
    let fee = settings.integer("distributor_fee").or(settings.integer("incentive")).unwrap_or(0);
    Split {
        fee_to: fee_to
            .and_then(|to| payees.binary_search_by(|payee| (**payee).cmp(to)).ok())
            .and_then(|index| u32::try_from(index).ok()),
        fee_ppm: fee.unsigned_abs(),
        rounding: match mode {
            "cumulative" | "drips" => Rounding::Cumulative,
            "floor" | "0xsplits-v1" | "0xsplits-v2" => Rounding::Floor,
            _ => Rounding::LargestRemainder,
        },
        weights: if from_signal { Weights::Signal } else { Weights::Fixed(fixed) },
        payees,
    }
}

/// The payees with their weights, wherever they stand, sorted by payee.
fn legs(settings: &Settings, from_signal: bool) -> Result<Vec<Leg>, Vec<Fault>> {
    let given: Vec<&str> = ["to", "weights", "payees"]
        .into_iter()
        .filter(|name| settings.get(name).is_some())
        .collect();
    let mut legs = match given[..] {
        ["to"] => settings
            .weights("to")
            .iter()
            .map(|(payee, weight)| Leg { payee: payee.clone(), weight: weight.clone() })
            .collect(),
        ["weights"] => settings.file("weights").map(read_table).transpose()?.unwrap_or_default(),
        ["payees"] if from_signal => settings
            .list("payees")
            .iter()
            .map(|payee| Leg { payee: payee.clone(), weight: String::new() })
            .collect(),
        _ => return Err(vec![not_one_list(&given, settings)]),
    };
    legs.sort_by(|a, b| a.payee.value.cmp(&b.payee.value));
    let twice = legs.windows(2).filter(|pair| pair[0].payee.value == pair[1].payee.value);
    let faults: Vec<Fault> = twice.map(|pair| listed_twice(&pair[1])).collect();
    match (legs.is_empty(), faults.is_empty()) {
        (true, _) => Err(vec![
            Fault::new("no-payees", "the split names nobody to pay")
                .at_some(settings.place(given[0]))
                .help("name at least one payee"),
        ]),
        (_, false) => Err(faults),
        _ => Ok(legs),
    }
}

const PAYEE: usize = 0;
const WEIGHT: usize = 1;
const COLUMNS: &[Column] = &[
    Column::required(&["payee", "recipient", "receiver", "project", "to", "node", "id"]),
    Column::required(&["weight", "amount", "share", "percentage", "percent", "points"]),
];

fn read_table(file: &Arc<SourceFile>) -> Result<Vec<Leg>, Vec<Fault>> {
    let table = Table::read(file, COLUMNS)?;
    let (mut legs, mut faults) = (Vec::with_capacity(table.len()), Faults::new());
    for row in table.rows() {
        if row.cell(PAYEE).is_empty() {
            faults.push(row.fault(PAYEE, "no-payee", "this row names no payee"));
        }
        let payee = row.cell(PAYEE).to_owned();
        legs.push(Leg {
            payee: Placed { value: payee, place: Some(row.place(WEIGHT)) },
            weight: row.cell(WEIGHT).to_owned(),
        });
    }
    faults.or(legs)
}

// --- Signals ----------------------------------------------------------------

/// The weights of the signal, in the order of the payees.
fn signal_weights(payees: &[Arc<str>], turn: &Turn<'_>) -> Result<Vec<u128>, Refusal> {
    let signal = turn.signal("weights").ok_or_else(|| {
        Refusal::new("no-signal", "no signal `weights` has arrived to divide the money by")
            .help("add [[signals]] with `name` or `as` = \"weights\" to this neuron")
    })?;
    let scores = signal.scores().ok_or_else(|| {
        let message = format!(
            "the signal `weights` from `{}` is one number, not a score for each payee",
            signal.from
        );
        Refusal::new("not-scores", message).help("connect a signal that carries scores")
    })?;
    for (id, score) in scores {
        if *score != 0.0 && payees.binary_search_by(|payee| (**payee).cmp(id)).is_err() {
            let message = format!(
                "the signal `weights` from `{}` gives {score} to `{id}`, who is no payee",
                signal.from
            );
            let mut refusal = Refusal::new("unknown-payee", message);
            refusal.help = did_you_mean(id, payees.iter().map(|payee| &**payee));
            return Err(refusal);
        }
    }
    let floats: Vec<f64> =
        payees.iter().map(|payee| scores.get(&**payee).copied().unwrap_or(0.0)).collect();
    let weights = weights_from_f64(&floats).map_err(|error| {
        let payee = match &error {
            ApportionError::NotWeight { index, .. } => payees.get(*index).map_or("?", |p| &**p),
            _ => "?",
        };
        let message = format!("the signal `weights` from `{}`, `{payee}`: {error}", signal.from);
        Refusal::new("not-weight", message)
    })?;
    if weights.iter().all(|weight| *weight == 0) {
        let message =
            format!("the signal `weights` from `{}` is zero for every payee", signal.from);
        return Err(Refusal::new("no-weight", message)
            .help("the scores are matched to payees by id; compare their spelling"));
    }
    Ok(weights)
}

// --- Refusals ---------------------------------------------------------------

fn not_one_list(given: &[&str], settings: &Settings) -> Fault {
    let help = "use one of: `to = { alice = \"70%\", bob = \"30%\" }`, \
                `weights = \"weights.csv\"`, or, with `from_signal = true`, \
                `payees = [\"alice\", \"bob\"]`";
    match given {
        [] => Fault::new("no-payees", "the split names nobody to pay"),
        ["payees"] => Fault::new("no-weights", "`payees` names payees without weights"),
        [first, ..] => {
            let both =
                given.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" and ");
            Fault::new("payees", format!("{both} are both given")).at_some(settings.place(first))
        }
    }
    .help(help)
}

fn listed_twice(leg: &Leg) -> Fault {
    Fault::new("listed-twice", format!("payee `{}` is listed twice", leg.payee.value))
        .at_some(leg.payee.place.clone())
        .help("add the two weights up, or remove one line")
}

/// Settings that the chosen mode does not know.
fn misplaced(settings: &Settings, mode: &str, from_signal: bool) -> Vec<Fault> {
    let contract = matches!(mode, "0xsplits-v1" | "0xsplits-v2" | "drips");
    let fee = settings.get("distributor_fee").is_some() || settings.get("incentive").is_some();
    let wrong = [
        ("total", mode == "0xsplits-v2", "rounding = \"0xsplits-v2\""),
        ("distributor_fee", mode == "0xsplits-v1", "rounding = \"0xsplits-v1\""),
        ("incentive", mode == "0xsplits-v2", "rounding = \"0xsplits-v2\""),
        ("fee_to", fee, "`distributor_fee` or `incentive`"),
        ("rounding", !(contract && from_signal), "fixed weights, not with `from_signal`"),
    ];
    wrong
        .into_iter()
        .filter(|(name, fits, _)| settings.get(name).is_some() && !fits)
        .map(|(name, _, needs)| {
            let what = if name == "rounding" { format!("`{mode}`") } else { format!("`{name}`") };
            Fault::new("misplaced-setting", format!("{what} works only with {needs}"))
                .at_some(settings.place(name))
        })
        .collect()
}

/// What the contracts behind the modes demand of the list of payees.
fn contract_limits(mode: &str, legs: &[Leg], settings: &Settings) -> Option<Fault> {
    let (least, most) = match mode {
        "0xsplits-v1" => (2, usize::MAX),
        "drips" => (1, 200),
        _ => (1, usize::MAX),
    };
    if (least..=most).contains(&legs.len()) {
        return None;
    }
    let bound =
        if legs.len() < least { format!("{least} or more") } else { format!("{most} or fewer") };
    let message = format!("{} payees; `{mode}` takes {bound}", legs.len());
    let place = settings.place("to").or(settings.place("weights"));
    Some(Fault::new("payees", message).at_some(place))
}

fn no_part(leg: &Leg) -> Fault {
    let message = format!("`{}` gets no part of the whole", leg.payee.value);
    Fault::new("zero-weight", message)
        .at_some(leg.payee.place.clone())
        .help("remove the payee, or give it a weight above zero")
}

fn wrong_sum(sum: u128, whole: u64, most: bool) -> Fault {
    let bound = if most { "at most" } else { "exactly" };
    Fault::new("weights-sum", format!("the weights add up to {sum} parts, not {bound} {whole}"))
        .help("change one of them, or let one payee take what is left: \"rest\"")
}

// --- Rule -------------------------------------------------------------------

const MILLION: u64 = 1_000_000;

impl Mechanism for Split {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn payees(&self) -> &[Arc<str>] {
        &self.payees
    }

    fn step(&self, turn: &Turn<'_>, allocation: &mut Allocation<'_>) -> Result<Outcome, Refusal> {
        if allocation.left().is_empty() {
            return Ok(Outcome::default());
        }
        match &self.weights {
            Weights::Fixed(weights) => self.divide(weights, allocation)?,
            Weights::Signal => {
                self.divide(&signal_weights(&self.payees, turn)?, allocation)?;
            }
        }
        Ok(Outcome::default())
    }

    fn fixed_weights(&self) -> Option<Vec<u64>> {
        match &self.weights {
            Weights::Fixed(weights)
                if self.rounding == Rounding::LargestRemainder && self.fee_ppm == 0 =>
            {
                Some(weights.clone())
            }
            _ => None,
        }
    }
}

impl Split {
    /// Divides all there is. A weight beyond the payees is this neuron's own.
    fn divide<W: Weight>(
        &self,
        weights: &[W],
        allocation: &mut Allocation<'_>,
    ) -> Result<(), Refusal> {
        for (asset, money) in allocation.left().clone().iter() {
            let fee = self.pay_fee(asset, money, allocation)?;
            let parts = apportion(money.sub(fee, "fee")?, weights, self.rounding)
                .map_err(|error| Refusal::new("weights", error.to_string()))?
                .parts;
            for (payee, part) in (0_u32..).zip(&parts).take(self.payees.len()) {
                allocation.pay(payee, asset, *part, Vec::new())?;
            }
            for part in parts.into_iter().skip(self.payees.len()) {
                allocation.retain(asset, part)?;
            }
        }
        Ok(())
    }

    /// Pays the fee, or retains it where nobody is named for it.
    fn pay_fee(
        &self,
        asset: usize,
        money: Amount,
        allocation: &mut Allocation<'_>,
    ) -> Result<Amount, Refusal> {
        let fee = money.mul_div(U256::from(self.fee_ppm), U256::from(MILLION), "fee")?;
        match self.fee_to {
            Some(payee) => {
                let note = format!("{} parts per million", self.fee_ppm);
                let step = Step::new("fee", Change::Plus(fee)).note(note);
                allocation.pay(payee, asset, fee, vec![step])?;
            }
            None => allocation.retain(asset, fee)?,
        }
        Ok(fee)
    }
}

/// The weights as parts of a whole of fixed size, in the order of the legs;
/// `most` says whether the sum may stay below it.
fn parts_of(whole: u64, most: bool, legs: &[Leg]) -> Result<Vec<u64>, Fault> {
    let mut weights = Vec::with_capacity(legs.len());
    let mut rest = None;
    for (at, leg) in legs.iter().enumerate() {
        let weight = part_of(whole, leg)?;
        if weight.is_none() && rest.replace(at).is_some() {
            let message = format!("`{}` is the second to take the rest", leg.payee.value);
            return Err(Fault::new("two-rests", message)
                .at_some(leg.payee.place.clone())
                .help("give one of them a share"));
        }
        weights.push(weight.unwrap_or(0));
    }
    let sum: u128 = weights.iter().map(|weight| u128::from(*weight)).sum();
    let missing = u128::from(whole).checked_sub(sum).and_then(|left| u64::try_from(left).ok());
    let missing = missing.ok_or_else(|| wrong_sum(sum, whole, most))?;
    match rest {
        Some(rest) => weights[rest] = missing,
        None if missing > 0 && !most => return Err(wrong_sum(sum, whole, most)),
        None => {}
    }
    match weights.iter().position(|weight| *weight == 0) {
        Some(zero) => Err(no_part(&legs[zero])),
        None => Ok(weights),
    }
}

/// One weight as a whole number of parts; `None` for the rest.
fn part_of(whole: u64, leg: &Leg) -> Result<Option<u64>, Fault> {
    let name = &leg.payee.value;
    let written = leg.weight.parse::<WrittenWeight>().map_err(|error| {
        Fault::new("bad-weight", format!("weight of `{name}`: {error}"))
            .at_some(leg.payee.place.clone())
    })?;
    let (above, below) = match written {
        WrittenWeight::Rest => return Ok(None),
        WrittenWeight::Plain { above, below } => (Some(above), below),
        WrittenWeight::Share(share) => (
            u128::from(share.numerator()).checked_mul(u128::from(whole)),
            u128::from(share.denominator()),
        ),
    };
    let exact = above.filter(|above| above % below == 0).map(|above| above / below);
    let part = exact.and_then(|part| u64::try_from(part).ok()).ok_or_else(|| {
        let message =
            format!("weight {} of `{name}` is no whole number of parts of {whole}", leg.weight);
        Fault::new("not-whole", message)
            .at_some(leg.payee.place.clone())
            .help("round it yourself, or use another `rounding`")
    });
    part.map(Some)
}

// --- Tests ------------------------------------------------------------------

#[cfg(test)]
mod tests {
    use allonet_core::card::Value;
    use allonet_core::mechanism::{Purse, State};
    use proptest::prelude::*;
    use serde_json::Value as Json;

    use super::*;
    use crate::trial::{Trial, trial_of};

    fn to(weights: &[(&str, &str)]) -> Trial {
        trial_of("split").weights("to", weights)
    }

    fn paid(trial: &Trial, money: u128, names: &[&str]) -> Vec<u128> {
        let result = trial.run(money).unwrap();
        names.iter().map(|name| result.paid(name).to_u128().unwrap()).collect()
    }

    fn refused(trial: &Trial) -> String {
        trial.run(100).unwrap_err().to_string()
    }

    // Worked examples.

    #[test]
    fn shares_and_numbers_agree() {
        for weights in [
            [("a", "50%"), ("b", "30%"), ("c", "20%")],
            [("a", "1/2"), ("b", "3/10"), ("c", "rest")],
            [("a", "5"), ("b", "3"), ("c", "2")],
            [("a", "0.5"), ("b", "0.3"), ("c", "0.20")],
        ] {
            assert_eq!(paid(&to(&weights), 1_000, &["a", "b", "c"]), [500, 300, 200]);
            assert_eq!(to(&weights).build().unwrap().fixed_weights(), Some(vec![5, 3, 2]));
        }
    }

    #[test]
    fn the_three_roundings_settle_ten_units_in_three() {
        let weights = [("a", "1"), ("b", "1"), ("c", "1")];
        let with = |rounding| to(&weights).text("rounding", rounding);
        assert_eq!(paid(&to(&weights), 10, &["a", "b", "c"]), [4, 3, 3]);
        assert_eq!(paid(&with("cumulative"), 10, &["a", "b", "c"]), [3, 3, 4]);
        assert_eq!(paid(&with("floor"), 10, &["a", "b", "c"]), [3, 3, 3]);
        assert_eq!(with("floor").run(10).unwrap().unspent.of(0), Amount::from_base(1));
        assert_eq!(with("floor").build().unwrap().fixed_weights(), None);
    }

    #[test]
    fn a_table_gives_the_weights() {
        let trial = trial_of("split").file("weights", "Recipient;Percentage\nb;25\na;75\n");
        assert_eq!(paid(&trial, 100, &["a", "b"]), [75, 25]);
    }

    #[test]
    fn a_signal_gives_the_weights() {
        let trial = trial_of("split")
            .list("payees", &["a", "b", "c"])
            .set("from_signal", Value::Bool(true))
            .scores("weights", &[("a", 0.75), ("b", 0.25), ("stranger", 0.0)]);
        assert_eq!(paid(&trial, 100, &["a", "b", "c"]), [75, 25, 0]);
        assert_eq!(trial.build().unwrap().fixed_weights(), None);
    }

    #[test]
    fn the_fee_is_paid_or_retained() {
        let weights = [("a", "50%"), ("b", "50%")];
        let trial = to(&weights)
            .text("rounding", "0xsplits-v1")
            .set("distributor_fee", Value::Integer(100_000));
        let kept = trial.run(100).unwrap();
        assert_eq!(kept.retained.of(0), Amount::from_base(10));
        assert_eq!(kept.paid("b"), Amount::from_base(45));
        let trial = trial.text("fee_to", "keeper");
        assert_eq!(paid(&trial, 100, &["a", "b", "keeper"]), [45, 45, 10]);
    }

    // Refusals.

    #[test]
    fn weights_that_are_none_are_refused() {
        for (weights, expected) in [
            ([("a", "50%"), ("b", "40%")], "the shares add up to 90%, not 100%"),
            ([("a", "70%"), ("b", "40%")], "the shares add up to 110%, not 100%"),
            ([("a", "50%"), ("b", "1")], "`b` has the plain number 1, but `a` has 50%"),
            ([("a", "1"), ("b", "-1")], "weight of `b`: `-1` is negative"),
            ([("a", "1"), ("b", "0")], "weight of `b`: 0 means that it gets nothing"),
        ] {
            assert!(refused(&to(&weights)).starts_with(expected), "{weights:?}");
        }
        let file = trial_of("split").file("weights", "payee,weight\na,1\nb,half\n");
        assert!(
            refused(&file).starts_with("weights.csv:3:3: weight of `b`: `half` is not a weight")
        );
    }

    #[test]
    fn payees_stand_in_one_place_once() {
        let none = trial_of("split");
        assert!(refused(&none).starts_with("the split names nobody to pay (use one of:"));
        let both = to(&[("a", "1")]).file("weights", "payee,weight\na,1\n");
        assert!(refused(&both).starts_with("`to` and `weights` are both given (use one of:"));
        let bare = trial_of("split").list("payees", &["a"]);
        assert!(refused(&bare).starts_with("`payees` names payees without weights"));
        let twice = trial_of("split").file("weights", "payee,weight\na,1\nb,1\na,2\n");
        assert!(refused(&twice).starts_with("weights.csv:4:3: payee `a` is listed twice"));
        let nobody = trial_of("split").file("weights", "payee,weight\n");
        assert!(refused(&nobody).starts_with("the split names nobody to pay"));
        let empty = trial_of("split").file("weights", "payee,weight\n,1\n");
        assert_eq!(refused(&empty), "weights.csv:2:1: this row names no payee");
    }

    #[test]
    fn signals_that_do_not_fit_are_refused() {
        let trial = trial_of("split")
            .list("payees", &["alice", "bob"])
            .set("from_signal", Value::Bool(true));
        assert_eq!(refused(&trial), "no signal `weights` has arrived to divide the money by");
        assert!(trial.run(0).is_ok());
        for (score, expected) in [
            ("alicf", "the signal `weights` from `elsewhere` gives 1 to `alicf`, who is no payee"),
            (
                "nan",
                "the signal `weights` from `elsewhere`, `bob`: weight 1 is NaN; a weight is a \
                     finite number of zero or more",
            ),
            ("zero", "the signal `weights` from `elsewhere` is zero for every payee"),
        ] {
            let scores = match score {
                "nan" => [("bob", f64::NAN)],
                "zero" => [("bob", 0.0)],
                id => [(id, 1.0)],
            };
            assert_eq!(refused(&trial.clone().scores("weights", &scores)), expected);
        }
    }

    #[test]
    fn contracts_have_limits() {
        let many: Vec<String> = (0..201).map(|index| format!("p{index}")).collect();
        let many: Vec<(&str, &str)> = many.iter().map(|name| (name.as_str(), "1")).collect();
        for (trial, expected) in [
            (
                to(&[("a", "500000"), ("b", "400000")]).text("rounding", "0xsplits-v1"),
                "the weights add up to 900000 parts, not exactly 1000000 (change one of them, or let one \
                 payee take what is left: \"rest\")",
            ),
            (
                to(&[("a", "1/3"), ("b", "rest")]).text("rounding", "0xsplits-v1"),
                "weight 1/3 of `a` is no whole number of parts of 1000000 (round it yourself, or \
                 use another `rounding`)",
            ),
            (
                to(&[("a", "1000000")]).text("rounding", "0xsplits-v1"),
                "1 payees; `0xsplits-v1` takes 2 or more",
            ),
            (
                to(&[("a", "100%"), ("b", "rest")]).text("rounding", "0xsplits-v1"),
                "`b` gets no part of the whole (remove the payee, or give it a weight above zero)",
            ),
            (
                to(&[("a", "3")]).text("rounding", "0xsplits-v2").set("total", Value::Integer(2)),
                "the weights add up to 3 parts, not exactly 2 (change one of them, or let one payee take \
                 what is left: \"rest\")",
            ),
            (to(&many).text("rounding", "drips"), "201 payees; `drips` takes 200 or fewer"),
            (
                to(&[("a", "1")]).set("total", Value::Integer(2)),
                "`total` works only with rounding = \"0xsplits-v2\"",
            ),
            (
                to(&[("a", "1")]).text("fee_to", "x"),
                "`fee_to` works only with `distributor_fee` or `incentive`",
            ),
        ] {
            assert_eq!(refused(&trial), expected);
        }
    }

    // Laws.

    fn modes() -> impl Strategy<Value = (&'static str, Vec<u32>)> {
        let weights = prop::collection::vec(1_u32..1_000, 2..40);
        (prop::sample::select(MODES), weights)
    }

    proptest! {
        #[test]
        fn money_is_conserved_and_file_order_is_irrelevant(
            money: u128,
            (mode, weights) in modes(),
        ) {
            let named: Vec<(String, String)> = weights.iter().enumerate().map(|(index, weight)| {
                let sum: u32 = weights.iter().sum();
                // Two modes want parts of a million: the last payee takes what is missing.
                let last = index + 1 == weights.len() && mode == "0xsplits-v1";
                let weight = if last { 1_000_000 - sum + weight } else { *weight };
                (format!("p{index}"), weight.to_string())
            }).collect();
            let mut pairs: Vec<(&str, &str)> =
                named.iter().map(|(name, weight)| (name.as_str(), weight.as_str())).collect();
            let result = to(&pairs).text("rounding", mode).run(money).unwrap();
            pairs.reverse();
            let reversed = to(&pairs).text("rounding", mode).run(money).unwrap();
            prop_assert_eq!(&result, &reversed);

            let paid = Amount::sum(result.payouts.iter().map(|payout| payout.amount), "").unwrap();
            let all = paid.add(result.retained.of(0), "").unwrap();
            prop_assert_eq!(all.add(result.unspent.of(0), "").unwrap(), Amount::from_base(money));
        }

        #[test]
        fn scaling_all_weights_changes_nothing(money: u128, a in 1_u32.., b in 1_u32.., by in 1_u32..) {
            let whole = |value: u32| value.to_string();
            let times = |value: u32| (u64::from(value) * u64::from(by)).to_string();
            let once = to(&[("a", &whole(a)), ("b", &whole(b))]).run(money).unwrap();
            let scaled = to(&[("a", &times(a)), ("b", &times(b))]);
            if scaled.build().is_ok() {
                prop_assert_eq!(once, scaled.run(money).unwrap());
            }
        }

        #[test]
        fn no_weight_text_panics(a in "[0-9./%_restxe-]{0,12}", b in "[0-9./%]{0,6}") {
            let _ = to(&[("a", &a), ("b", &b)]).run(1_000);
        }
    }

    // Reference: ports of the contracts' arithmetic, to the base unit.

    #[test]
    fn the_contract_modes_agree_with_the_contracts() {
        let Some(text) = allonet_testdata::text("mechanisms/onchain_ports/splits.json") else {
            return;
        };
        let vectors: Json = serde_json::from_str(&text).unwrap();
        for (key, mode, weights, amounts) in [
            ("v1", "0xsplits-v1", "percent_allocations", "amounts"),
            ("v2", "0xsplits-v2", "allocations", "amounts"),
            ("drips", "drips", "weights", "split"),
        ] {
            let cases = vectors[key].as_array().unwrap();
            assert!(!cases.is_empty());
            for case in cases {
                let list = |name: &str| case[name].as_array().unwrap().clone();
                let names: Vec<String> =
                    (0..list(weights).len()).map(|index| format!("p{index:03}")).collect();
                let numbers: Vec<String> = list(weights).iter().map(Json::to_string).collect();
                let pairs: Vec<(&str, &str)> =
                    names.iter().zip(&numbers).map(|(n, w)| (n.as_str(), w.as_str())).collect();
                let mut trial = to(&pairs).text("rounding", mode);
                for (name, field) in [
                    ("total", "total"),
                    ("distributor_fee", "distributor_fee"),
                    ("incentive", "incentive"),
                ] {
                    if let Some(value) = case[field].as_i64() {
                        trial = trial.set(name, Value::Integer(value));
                    }
                }
                let units = |value: &Json| value.as_str().unwrap().parse::<Amount>().unwrap();
                let mut inflow = Purse::empty(1);
                inflow.put(0, units(&case["amount"])).unwrap();
                let rule = trial.build().unwrap();
                let result = trial.turn(&*rule, 0, &inflow, &inflow, &[], &State::empty());
                let result = result.unwrap();
                for (name, expected) in names.iter().zip(list(amounts)) {
                    assert_eq!(result.paid(name), units(&expected), "{key} {case}");
                }
                let retained = if key == "drips" { "collectable" } else { "fee" };
                assert_eq!(result.retained.of(0), units(&case[retained]), "{key} {case}");
                if key != "drips" {
                    assert_eq!(result.unspent.of(0), units(&case["dust"]), "{key} {case}");
                }
            }
        }
    }
}
