//! Mixed weights: the opinions of several sources become one, and their
//! curators may earn a fee.
//!
//! Use it where more than one model, jury or group weighs the same items: it
//! listens to all signals `weights` that reach it, reads a table of further
//! sources, and pays by what they come to together.
//!
//! # Formula
//!
//! ```text
//! p_k = weights of source k, divided by their sum;  m_k = its share in the mix
//! geometric    w_i ∝ Π p_ki^m_k                   the logarithmic opinion pool
//! arithmetic   w_i = Σ m_k p_ki                   as if the money were divided first
//! median       w_i ∝ the middle of p_ki, each counting m_k
//! max-min      w_i ∝ min_k p_ki / max_j p_kj      the worst opinion decides
//! fee_k = fee · m_k · money,   payout_i = (money − Σ fee_k) · w_i
//! ```
//!
//! # Units and rounding
//!
//! | quantity             | unit                  | rounding                               |
//! |----------------------|-----------------------|----------------------------------------|
//! | weights              | `f64`, adding up to 1 | nearest; then to 2⁻⁹⁶ of the largest   |
//! | fees, and the rest   | base units            | largest remainder, earliest source first |
//! | payouts, each asset  | base units            | largest remainder, earliest id first   |
//!
//! # Limits
//!
//! * Every source of the table weighs every item; a signal that leaves an item
//!   out gives it nothing. What a signal says of other things is left out, and
//!   remarked.
//! * A share of zero is a veto under `geometric`: refused, unless `floor` raises
//!   it.
//!
//! # Known weaknesses
//!
//! * Two copies of one source count twice; look at the table of distances.
//! * Geometric: one source alone can take nearly all from an item. Arithmetic:
//!   one source alone can give it much. Median: a minority is not heard at all.
//! * The fee is earned by being chosen, not by being right.
//!
//! # Sources
//!
//! * Genest, Zidek (1986), *Combining probability distributions*.
//! * Keeney, Raiffa (1976), *Decisions with multiple objectives* (max-min).
//! * Deep Funding: overlays, curators and fees, see [`crate::overlay`].
//!
//! # Example
//!
//! ```
//! use allonet_core::money::Amount;
//! use allonet_weights::trial_of;
//!
//! // Odds 9 and 1 have the geometric mean 3.
//! let table = "source,item,weight\nx,oak,9\nx,elm,1\ny,oak,5\ny,elm,5\n";
//! let result = trial_of("weight-mix").file("table", table).run(800)?;
//! assert_eq!(result.paid("oak"), Amount::from_base(600));
//! # Ok::<(), allonet_core::trial::NoTrial>(())
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use allonet_core::card::{Absent, Card, Family, Kind, Placed, Setting, Settings, Source, Status};
use allonet_core::fault::{Fault, SourceFile, did_you_mean};
use allonet_core::maths;
use allonet_core::mechanism::{
    Allocation, Blueprint, Change, Mechanism, Outcome, Refusal, Step, Turn,
};
use allonet_core::money::{Rounding, Share, apportion};
use allonet_core::network::id_problem;
use allonet_core::paying::{CAP, CAP_OVERFLOW, MINIMUM, Terms, main_asset, shares};
use allonet_core::signal::Signal;
use allonet_core::table::{Column, Faults, Table};
use allonet_core::weights::exact;

use super::hearing::heard;
use super::opinions::{self, percent};
use crate::sources::criteria::{Composition, Criterion, compose};
use crate::sources::experts::{Expert, Pooling, pool};

// --- Card -------------------------------------------------------------------

/// What the rule says of itself.
pub static CARD: Card = Card {
    id: "weight-mix",
    title: "Mix of weights",
    family: Family::Weights,
    formula: "payout ∝ Π p_k^m_k over sources k, less fees of their curators",
    status: Status::Preview { since: "0.1.0" },
    sources: &[Source {
        cite: "Genest, Zidek (1986), Combining probability distributions",
        url: "https://doi.org/10.1214/ss/1177013825",
    }],
    settings: &[
        Setting {
            name: "table",
            kind: Kind::File,
            default: Absent::None("signals alone are mixed"),
            doc: "Table of what sources say, columns `source`, `item` and `weight`.",
        },
        Setting {
            name: "items",
            kind: Kind::File,
            default: Absent::None("those of `table`"),
            doc: "List of the items, column `item`; needed where signals alone are mixed.",
        },
        Setting {
            name: "combination",
            kind: Kind::Choice(&["geometric", "arithmetic", "median", "max-min"]),
            default: Absent::Default("geometric"),
            doc: "How opinions become one.",
        },
        Setting {
            name: "shares",
            kind: Kind::List,
            default: Absent::None("all sources count the same"),
            doc: "What part each source has in the mix, such as `[\"jury=2\", \"model=1\"]`; \
                  sources not named do not count.",
        },
        Setting {
            name: "floor",
            kind: Kind::Number { min: 1e-12, max: 0.1 },
            default: Absent::None("shares stay as they are"),
            doc: "Shares below count as this one, for every source.",
        },
        Setting {
            name: "fee",
            kind: Kind::Share,
            default: Absent::None("no fee"),
            doc: "Part of the money following a source that its curator is paid.",
        },
        Setting {
            name: "curators",
            kind: Kind::File,
            default: Absent::None("nobody is paid a fee"),
            doc: "Table of who is paid the fee, columns `source` and `payee`.",
        },
        CAP,
        CAP_OVERFLOW,
        MINIMUM,
    ],
    actions: &[],
    reads: &["weights"],
    emits: &["weights"],
};

// --- Settings ---------------------------------------------------------------

/// The rule and the sources of its table.
#[derive(Debug)]
pub struct WeightMix {
    /// Items and curators, sorted.
    payees: Vec<Arc<str>>,
    /// Sorted.
    items: Vec<String>,
    /// By name.
    sources: Vec<Expert>,
    combination: Combination,
    /// What part each source has; all the same if none is named.
    parts: BTreeMap<String, u64>,
    floor: f64,
    fee: Share,
    /// Place among the payees of who curates a source.
    curators: BTreeMap<String, u32>,
    terms: Terms,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Combination {
    Pool(Pooling),
    MaxMin,
}

const SOURCE: usize = 0;
const PAYEE: usize = 1;
const ITEM: usize = 1;
const WEIGHT: usize = 2;
const COLUMNS: &[Column] = &[
    Column::required(&["source", "model", "overlay", "expert"]),
    Column::required(opinions::ITEM),
    Column::required(&["weight", "share", "score"]),
];
const CURATORS: &[Column] = &[
    Column::required(&["source", "model", "overlay", "expert"]),
    Column::required(&["payee", "curator", "to"]),
];

/// Reads the table, the shares and the curators.
pub fn build(blueprint: &Blueprint<'_>) -> Result<Box<dyn Mechanism>, Vec<Fault>> {
    let settings = blueprint.settings;
    let terms = Terms::read(settings, main_asset(blueprint)?).map_err(|fault| vec![fault])?;
    let table = settings.file("table");
    let items = opinions::items(settings.file("items"), table)?;
    if items.is_empty() {
        return Err(vec![no_items()]);
    }
    let sources = table.map(|file| read(file, &items)).transpose()?.unwrap_or_default();
    let parts = parts(settings).map_err(|fault| vec![fault])?;
    let named = curators(settings)?;
    let names: BTreeSet<&str> = items.iter().chain(named.values()).map(String::as_str).collect();
    let payees: Vec<Arc<str>> = names.into_iter().map(Arc::from).collect();
    let place = |payee: &str| {
        let at = payees.binary_search_by(|known| (**known).cmp(payee)).expect("all are listed");
        u32::try_from(at).expect("a table has fewer rows")
    };
    let curators = named.iter().map(|(source, payee)| (source.clone(), place(payee))).collect();
    Ok(Box::new(WeightMix {
        combination: match settings.text("combination") {
            Some("arithmetic") => Combination::Pool(Pooling::Arithmetic),
            Some("median") => Combination::Pool(Pooling::Median),
            Some("max-min") => Combination::MaxMin,
            _ => Combination::Pool(Pooling::Geometric),
        },
        floor: settings.number("floor").unwrap_or(0.0),
        fee: settings.share("fee").unwrap_or(Share::ZERO),
        payees,
        items,
        sources,
        parts,
        curators,
        terms,
    }))
}

/// What each source of the table says of all items.
fn read(file: &Arc<SourceFile>, items: &[String]) -> Result<Vec<Expert>, Vec<Fault>> {
    let table = Table::read(file, COLUMNS)?;
    let mut faults = Faults::new();
    let mut found: BTreeMap<&str, BTreeMap<usize, f64>> = BTreeMap::new();
    for row in table.rows() {
        let (source, item, text) = (row.cell(SOURCE), row.cell(ITEM), row.cell(WEIGHT));
        let at = items.binary_search_by(|known| known.as_str().cmp(item));
        let weight = text.parse::<f64>().ok().filter(|w| w.is_finite() && *w >= 0.0);
        match (source, at, weight) {
            ("", ..) => {
                faults.push(row.fault(SOURCE, "no-source", "this row does not name its source"));
            }
            (_, Err(_), _) => {
                let mut fault = row.fault(ITEM, "unknown-item", format!("`{item}` is no item"));
                fault.help = did_you_mean(item, items.iter().map(String::as_str));
                faults.push(fault);
            }
            (.., None) => {
                let message = format!("`{text}` is no weight");
                let help = "write a plain number, at least 0, such as 0.0285";
                faults.push(row.fault(WEIGHT, "bad-weight", message).help(help));
            }
            (_, Ok(at), Some(weight)) => {
                if found.entry(source).or_default().insert(at, weight).is_some() {
                    let message = format!("`{source}` has weighed `{item}` above already");
                    faults.push(row.fault(ITEM, "double-item", message));
                }
            }
        }
    }
    faults.or(())?;
    let mut faults = Faults::new();
    let mut sources = Vec::with_capacity(found.len());
    for (name, weights) in found {
        if let Some(at) = (0..items.len()).find(|at| !weights.contains_key(at)) {
            let message = format!("`{name}` does not weigh `{}` in {}", items[at], file.path);
            let help = "a source weighs every item; write 0 for nothing";
            faults.push(Fault::new("missing-items", message).help(help));
        } else if let Some(source) = opinion(name, &weights.into_values().collect::<Vec<_>>()) {
            sources.push(source);
        } else {
            let message = format!("the weights of `{name}` in {} have no sum above 0", file.path);
            faults.push(Fault::new("weights-sum", message));
        }
    }
    faults.or(sources)
}

/// Weights as shares; none where their sum says nothing.
fn opinion(name: &str, weights: &[f64]) -> Option<Expert> {
    let sum = maths::sum(weights.iter().copied());
    (sum > 0.0 && sum.is_finite()).then(|| Expert {
        name: name.to_owned(),
        voice: 1.0,
        shares: weights.iter().map(|weight| weight / sum).collect(),
        sum,
        notes: Vec::new(),
    })
}

/// `name=weight` of each source that counts.
fn parts(settings: &Settings) -> Result<BTreeMap<String, u64>, Fault> {
    let mut written = Vec::new();
    let mut seen = BTreeSet::new();
    for entry in settings.list("shares") {
        let (name, weight) = entry.value.rsplit_once('=').ok_or_else(|| {
            let message = format!("`{}` does not say what share the source has", entry.value);
            Fault::new("bad-share", message)
                .at_some(entry.place.clone())
                .help("write for example \"jury=2\" or \"jury=60%\"")
        })?;
        let name = name.trim().to_owned();
        if !seen.insert(name.clone()) {
            let message = format!("`{name}` has a share twice");
            return Err(Fault::new("bad-share", message).at_some(entry.place.clone()));
        }
        let placed = Placed { value: name, place: entry.place.clone() };
        written.push((placed, weight.trim().to_owned()));
    }
    if written.is_empty() && settings.get("shares").is_none() {
        return Ok(BTreeMap::new());
    }
    let place = settings.place("shares");
    let weights = exact(&written).map_err(|fault| {
        let place = fault.place.clone().or(place);
        fault.at_some(place)
    })?;
    Ok(written.into_iter().map(|(name, _)| name.value).zip(weights).collect())
}

/// Who curates which source.
fn curators(settings: &Settings) -> Result<BTreeMap<String, String>, Vec<Fault>> {
    let fee = settings.share("fee");
    let (file, fee) = match (settings.file("curators"), fee) {
        (None, None) => return Ok(BTreeMap::new()),
        (Some(file), Some(fee)) => (file, fee),
        (file, _) => {
            let (given, missing) =
                if file.is_some() { ("curators", "fee") } else { ("fee", "curators") };
            return Err(vec![idle(settings, given, missing)]);
        }
    };
    if fee.is_zero() || fee.is_one() {
        let fault = Fault::new("bad-fee", format!("a fee of {fee} leaves one side nothing"));
        return Err(vec![fault.at_some(settings.place("fee")).help("write for example 2%")]);
    }
    let table = Table::read(file, CURATORS)?;
    let (mut found, mut faults) = (BTreeMap::new(), Faults::new());
    for row in table.rows() {
        let (source, payee) = (row.cell(SOURCE), row.cell(PAYEE));
        if let Some(problem) = id_problem(payee) {
            let message = format!("`{payee}` cannot be paid: {problem}");
            faults.push(row.fault(PAYEE, "bad-name", message));
        }
        if found.insert(source.to_owned(), payee.to_owned()).is_some() {
            let message = format!("`{source}` has a curator above already");
            faults.push(row.fault(SOURCE, "two-curators", message));
        }
    }
    if table.is_empty() {
        faults.push(Fault::new("no-curator", format!("{} has no rows", file.path)));
    }
    faults.or(found)
}

// --- Signals ----------------------------------------------------------------

impl WeightMix {
    /// All sources, by name: those of the table and whoever sends weights.
    fn heard(&self, turn: &Turn<'_>, remarks: &mut Vec<String>) -> Result<Vec<Expert>, Refusal> {
        let mut heard = self.sources.clone();
        for signal in turn.signals.iter().filter(|signal| signal.name == "weights") {
            heard.push(self.told(signal, remarks)?);
        }
        heard.sort_by(|a, b| a.name.cmp(&b.name));
        if let Some(pair) = heard.windows(2).find(|pair| pair[0].name == pair[1].name) {
            return Err(two_sources(&pair[0].name));
        }
        let known = |name: &&String| heard.iter().any(|source| source.name == **name);
        if let Some(stranger) = self.parts.keys().chain(self.curators.keys()).find(|n| !known(n)) {
            return Err(unknown_source(stranger, &heard));
        }
        if heard.is_empty() {
            return Err(Refusal::new("no-source", "no source says what anything is worth")
                .help("connect signals `weights`, or give a `table`"));
        }
        Ok(heard)
    }

    fn told(&self, signal: &Signal, remarks: &mut Vec<String>) -> Result<Expert, Refusal> {
        let from = &*signal.from;
        let scores = heard(signal, f64::MAX)?;
        let strangers: Vec<&String> = scores
            .iter()
            .filter(|(id, score)| **score > 0.0 && self.items.binary_search(id).is_err())
            .map(|(id, _)| id)
            .collect();
        if let Some(first) = strangers.first() {
            let count = strangers.len();
            remarks.push(format!("{count} that `{from}` weighs are no items, such as `{first}`"));
        }
        let weights: Vec<f64> =
            self.items.iter().map(|item| scores.get(item).copied().unwrap_or(0.0)).collect();
        opinion(from, &weights).ok_or_else(|| nothing(from))
    }
}

// --- Refusals ---------------------------------------------------------------

fn no_items() -> Fault {
    Fault::new("no-items", "it is not said what the items are")
        .help("add `items = \"items.csv\"`, a list with the column `item`, or a `table`")
}

fn idle(settings: &Settings, given: &str, missing: &str) -> Fault {
    Fault::new("idle-setting", format!("`{given}` changes nothing without `{missing}`"))
        .at_some(settings.place(given))
        .help(format!("add `{missing}`, or leave `{given}` out"))
}

fn two_sources(name: &str) -> Refusal {
    Refusal::new("two-sources", format!("two sources are called `{name}`"))
        .help("rename the source in the table; a signal is called after its neuron")
}

fn unknown_source(name: &str, heard: &[Expert]) -> Refusal {
    let names: Vec<&str> = heard.iter().map(|source| source.name.as_str()).collect();
    let message = format!("no source is called `{name}`; heard were: {}", names.join(", "));
    Refusal::new("unknown-source", message).help("a signal is called after its neuron")
}

fn nothing(from: &str) -> Refusal {
    Refusal::new("bad-signal", format!("`{from}` gives no weight to any of the items"))
        .help("name items as the list does, or connect another signal")
}

fn veto(item: &str, counted: &[Expert], at: usize) -> Refusal {
    let by = counted.iter().find(|source| source.shares[at] <= 0.0);
    let by = by.map_or("a source", |source| source.name.as_str());
    Refusal::new(
        "veto",
        format!("`{by}` gives `{item}` nothing, and a geometric mean has no answer"),
    )
    .help("set a `floor`, such as 0.0001, or choose `arithmetic` or `median`")
}

fn all_zero() -> Refusal {
    Refusal::new("nothing-left", "every item gets nothing from so many sources that none is left")
        .help("set a `floor`, such as 0.0001, or choose `arithmetic`")
}

// --- Rule -------------------------------------------------------------------

impl Mechanism for WeightMix {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn payees(&self) -> &[Arc<str>] {
        &self.payees
    }

    fn step(&self, turn: &Turn<'_>, allocation: &mut Allocation<'_>) -> Result<Outcome, Refusal> {
        let mut remarks = Vec::new();
        let mut heard = self.heard(turn, &mut remarks)?;
        let part = |name: &str| {
            if self.parts.is_empty() { 1 } else { self.parts.get(name).copied().unwrap_or(0) }
        };
        for source in &mut heard {
            self.raise(&mut source.shares);
            source.voice = part(&source.name) as f64;
        }
        let (counted, silent): (Vec<Expert>, Vec<Expert>) =
            heard.iter().cloned().partition(|source| source.voice > 0.0);
        for source in silent {
            remarks.push(format!("`{}` is heard but has no share in the mix", source.name));
        }
        let mixed = self.mixed(&counted)?;
        let reasons = Self::reasons(&mixed, &counted);
        let parts: Vec<u64> = counted.iter().map(|source| part(&source.name)).collect();
        remarks.extend(self.pay(turn, allocation, &mixed, (&counted, &parts), &reasons)?);
        let items: Vec<Arc<str>> = self.items.iter().map(|item| item.as_str().into()).collect();
        Ok(Outcome {
            signals: vec![("weights", shares(&items, &mixed))],
            exhibits: opinions::exhibits(&self.items, &mixed, &heard),
            reasons: self.items.iter().cloned().zip(reasons.into_iter().map(|r| vec![r])).collect(),
            remarks,
            ..Outcome::default()
        })
    }
}

impl WeightMix {
    /// Lifts shares to the floor.
    fn raise(&self, shares: &mut [f64]) {
        if self.floor > 0.0 {
            for share in shares.iter_mut() {
                *share = share.max(self.floor);
            }
            let sum = maths::sum(shares.iter().copied());
            for share in shares.iter_mut() {
                *share /= sum;
            }
        }
    }

    fn mixed(&self, counted: &[Expert]) -> Result<Vec<f64>, Refusal> {
        match self.combination {
            Combination::Pool(pooling) => pool(counted, pooling).map_err(|at| match pooling {
                Pooling::Geometric if counted.iter().any(|source| source.shares[at] <= 0.0) => {
                    veto(&self.items[at], counted, at)
                }
                _ => all_zero(),
            }),
            Combination::MaxMin => {
                let criterion = |source: &Expert| Criterion {
                    name: source.name.clone(),
                    importance: source.voice,
                    scores: source.shares.clone(),
                };
                let criteria: Vec<Criterion> = counted.iter().map(criterion).collect();
                compose(&criteria, Composition::MaxMin).map_err(|_| all_zero())
            }
        }
    }

    /// What each source says of an item.
    fn reasons(mixed: &[f64], counted: &[Expert]) -> Vec<String> {
        let total = maths::sum(counted.iter().map(|source| source.voice));
        let reason = |(at, share): (usize, &f64)| {
            let said: Vec<String> = counted
                .iter()
                .map(|source| {
                    let part = percent(source.voice / total);
                    format!("{} by {} (counts {part})", percent(source.shares[at]), source.name)
                })
                .collect();
            format!("{} of: {}", percent(*share), said.join(", "))
        };
        mixed.iter().enumerate().map(reason).collect()
    }

    /// Pays curators their fees, and items the rest.
    fn pay(
        &self,
        turn: &Turn<'_>,
        allocation: &mut Allocation<'_>,
        mixed: &[f64],
        (counted, parts): (&[Expert], &[u64]),
        reasons: &[String],
    ) -> Result<Vec<String>, Refusal> {
        let item_of: Vec<Option<usize>> =
            self.payees.iter().map(|payee| self.place_of(payee)).collect();
        let scores: Vec<f64> = item_of.iter().map(|at| at.map_or(0.0, |at| mixed[at])).collect();
        let why = |at: usize| item_of[at].map_or(String::new(), |at| reasons[at].clone());
        let (mut fees, rest) = self.fee_weights(counted, parts);
        fees.push(rest);
        let mut remarks = Vec::new();
        let available = allocation.available().clone();
        for (asset, pool) in available.iter() {
            let parts = apportion(pool, &fees, Rounding::LargestRemainder)
                .map_err(|error| Refusal::new("fees", error.to_string()))?
                .parts;
            for (source, amount) in counted.iter().zip(&parts) {
                if let Some(payee) = self.curators.get(&source.name) {
                    let note = format!("{} of what follows {}", self.fee, source.name);
                    let step = Step::new("curator's fee", Change::Plus(*amount)).note(note);
                    allocation.pay(*payee, asset, *amount, vec![step])?;
                }
            }
            let terms = self.terms.of_asset(asset);
            let wanted = parts[counted.len()];
            let divided = terms.pay_of(wanted, asset, turn, allocation, &scores, why)?;
            if asset == 0 {
                remarks = divided.remarks(turn.assets, &scores, pool);
            }
        }
        Ok(remarks)
    }

    fn place_of(&self, payee: &str) -> Option<usize> {
        self.items.binary_search_by(|item| item.as_str().cmp(payee)).ok()
    }

    /// Fee of each source and the rest, as whole parts of the money: with a fee
    /// of `n/d` and shares `s_k` of `S`, `n s_k` and what is left of `d S`.
    fn fee_weights(&self, counted: &[Expert], parts: &[u64]) -> (Vec<u128>, u128) {
        let fee = |(source, part): (&Expert, &u64)| {
            let curated = self.curators.contains_key(&source.name);
            if curated { u128::from(*part) * u128::from(self.fee.numerator()) } else { 0 }
        };
        let fees: Vec<u128> = counted.iter().zip(parts).map(fee).collect();
        let whole: u128 = parts.iter().copied().map(u128::from).sum();
        let rest = whole * u128::from(self.fee.denominator()) - fees.iter().sum::<u128>();
        (fees, rest)
    }
}

// --- Tests ------------------------------------------------------------------

#[cfg(test)]
mod tests {
    use allonet_core::card::Value;
    use allonet_core::signal::SignalData;
    use allonet_core::trial::Trial;
    use proptest::prelude::*;

    use super::*;
    use crate::trial_of;

    const TABLE: &str = "source,item,weight\nx,oak,9\nx,elm,1\ny,oak,1\ny,elm,1\n";

    fn trial() -> Trial {
        trial_of("weight-mix").file("table", TABLE)
    }

    fn with_fee(trial: Trial, fee: &str, curators: &str) -> Trial {
        let fee = Value::Share(fee.parse().unwrap());
        trial.set("fee", fee).file("curators", &format!("source,payee\n{curators}"))
    }

    fn signal(mut trial: Trial, from: &str, scores: &[(&str, f64)]) -> Trial {
        let scores = scores.iter().map(|(id, score)| ((*id).to_owned(), *score)).collect();
        let (name, data) = ("weights".to_owned(), SignalData::Scores(scores));
        trial.signals.push(Signal { from: from.into(), name, data });
        trial
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
    fn opinions_of_nine_to_one_and_one_to_one() {
        let of = |how: &str| paid(&trial().text("combination", how), 1_000, &["oak", "elm"]);
        assert_eq!(of("geometric"), [750, 250]);
        assert_eq!(of("arithmetic"), [700, 300]);
        // Two opinions: the middle lies halfway.
        assert_eq!(of("median"), [700, 300]);
        // Relative to each source's largest: oak 1 and 1, elm 1/9 and 1.
        assert_eq!(of("max-min"), [900, 100]);
    }

    #[test]
    fn shares_choose_among_sources() {
        let plain = trial().text("combination", "arithmetic").list("shares", &["x=3", "y=1"]);
        // 3/4 · 0.9 + 1/4 · 0.5.
        assert_eq!(paid(&plain, 1_000, &["oak", "elm"]), [800, 200]);
        let alone = trial().list("shares", &["x=100%"]);
        assert_eq!(paid(&alone, 1_000, &["oak", "elm"]), [900, 100]);
        let told = alone.run(10).unwrap().outcome.remarks;
        assert_eq!(told, ["`y` is heard but has no share in the mix"]);
    }

    #[test]
    fn curators_are_paid_for_what_follows_them() {
        // 5% of three quarters and of one quarter of 8,000; the rest is 7,600.
        let mix = trial().text("combination", "arithmetic").list("shares", &["x=3", "y=1"]);
        let both = with_fee(mix.clone(), "5%", "x,xenia\ny,elm\n");
        // Elm curates, and is an item: 100 and a fifth of 7,600.
        assert_eq!(paid(&both, 8_000, &["xenia", "oak", "elm"]), [300, 6_080, 1_620]);
        let one = with_fee(mix, "5%", "x,xenia\n");
        assert_eq!(paid(&one, 8_000, &["xenia", "oak", "elm"]), [300, 6_160, 1_540]);
    }

    #[test]
    fn signals_and_table_are_heard_together() {
        let alone = trial_of("weight-mix").file("items", "item\nelm\noak\n");
        let alone = signal(alone, "jury", &[("oak", 8.0), ("elm", 2.0), ("ash", 5.0)]);
        let alone = signal(alone, "market", &[("oak", 0.5), ("elm", 0.5)]);
        assert_eq!(paid(&alone, 900, &["oak", "elm"]), [600, 300]);
        let result = alone.run(10).unwrap();
        assert_eq!(result.outcome.remarks, ["1 that `jury` weighs are no items, such as `ash`"]);
        let apart = &result.outcome.exhibits[1];
        assert_eq!(apart.title, "Distances");
        // |0.8 − 0.5|.
        let found = apart.rows.iter().find(|row| row[1] == "market".into()).unwrap();
        assert!(
            matches!(found[2], allonet_core::exhibit::Cell::Number(d) if (d - 0.3).abs() < 1e-12)
        );
    }

    #[test]
    fn a_floor_turns_a_veto_into_little() {
        let table = "source,item,weight\nx,oak,1\nx,elm,0\ny,oak,1\ny,elm,1\n";
        let vetoed = trial_of("weight-mix").file("table", table);
        assert!(refused(&vetoed).contains("`x` gives `elm` nothing"));
        // 1 : 0.01 and 1 : 1 make 1 : 0.1.
        let raised = vetoed.set("floor", Value::Number(0.01));
        assert_eq!(paid(&raised, 1_100, &["oak", "elm"]), [1_000, 100]);
    }

    // Refusals.

    #[test]
    fn wrong_sources_are_named() {
        let of = |table: &str| refused(&trial_of("weight-mix").file("table", table));
        assert!(
            of("source,item,weight\nx,oak,-1\n").starts_with("table.csv:2:7: `-1` is no weight")
        );
        let told = of("source,item,weight\nx,oak,1\nx,elm,1\ny,oak,1\n");
        assert!(told.contains("`y` does not weigh `elm`"), "{told}");
        assert!(of("source,item,weight\nx,oak,1\nx,oak,1\n").contains("above already"));
        assert!(of("source,item,weight\nx,oak,0\n").contains("no sum above 0"));
        assert!(refused(&trial_of("weight-mix")).contains("not said what the items are"));
        let told = refused(&signal(trial(), "x", &[("oak", 1.0), ("elm", 1.0)]));
        assert!(told.contains("two sources are called `x`"), "{told}");
        let told = refused(&signal(trial(), "jury", &[("oak", f64::NAN)]));
        assert!(told.contains("gives `oak` NaN"), "{told}");
        assert!(refused(&signal(trial(), "jury", &[("ash", 1.0)])).contains("no weight to any"));
        assert!(refused(&trial().list("shares", &["z=1"])).contains("heard were: x, y"));
    }

    #[test]
    fn settings_that_change_nothing_are_faults() {
        let told = refused(&trial().set("fee", Value::Share("5%".parse().unwrap())));
        assert!(told.contains("`fee` changes nothing without `curators`"), "{told}");
        let told = refused(&trial().file("curators", "source,payee\nx,xenia\n"));
        assert!(told.contains("`curators` changes nothing without `fee`"), "{told}");
        assert!(refused(&with_fee(trial(), "0%", "x,xenia\n")).contains("a fee of 0%"));
        assert!(refused(&trial().list("shares", &["x"])).contains("does not say what share"));
        assert!(refused(&trial().list("shares", &["x=1", "x=2"])).contains("share twice"));
        assert!(refused(&with_fee(trial(), "5%", "z,zoe\n")).contains("no source is called `z`"));
    }

    // Laws.

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn nothing_is_lost_and_scale_does_not_matter(
            money in 0_u128..1_000_000_000,
            weights in prop::collection::vec(1_u32..100, 6),
            times in 1_u32..50,
            how in 0_usize..4,
        ) {
            let how = ["geometric", "arithmetic", "median", "max-min"][how];
            let of = |times: u32| {
                let row = |(at, weight): (usize, &u32)| {
                    let times = if at < 3 { times } else { 1 };
                    format!("s{},i{},{}\n", at / 3, at % 3, weight * times)
                };
                let rows: String = weights.iter().enumerate().map(row).collect();
                let table = format!("source,item,weight\n{rows}");
                let trial = trial_of("weight-mix").file("table", &table).text("combination", how);
                paid(&with_fee(trial, "3%", "s0,zoe\ns1,yan\n"), money, &["i0", "i1", "i2", "zoe", "yan"])
            };
            let found = of(1);
            prop_assert_eq!(found.iter().sum::<u128>(), money);
            // Scaling may move the last bit of a share, and so a unit.
            for (one, other) in found.iter().zip(of(times)) {
                prop_assert!(one.abs_diff(other) <= 1);
            }
        }
    }

    // Reference: the product of powers, one source and item at a time.

    #[test]
    fn the_geometric_mix_is_a_product_of_powers() {
        let rows = [[0.5, 0.3, 0.2], [0.1, 0.6, 0.3], [0.25, 0.25, 0.5]];
        let parts = [2.0, 1.0, 1.0];
        let mut lines = vec!["source,item,weight".to_owned()];
        for (source, row) in rows.iter().enumerate() {
            let row = row.iter().enumerate();
            lines.extend(row.map(|(item, weight)| format!("s{source},i{item},{weight}")));
        }
        let table = lines.join("\n");
        let trial = trial_of("weight-mix").file("table", &table);
        let trial = trial.list("shares", &["s0=50%", "s1=1/4", "s2=25%"]);
        let mut figures = [1.0_f64; 3];
        for (row, part) in rows.iter().zip(parts) {
            for (figure, weight) in figures.iter_mut().zip(row) {
                *figure *= maths::pow(*weight, part / 4.0);
            }
        }
        let sum: f64 = figures.iter().sum();
        let found = paid(&trial, 1_000_000_000, &["i0", "i1", "i2"]);
        for (found, figure) in found.iter().zip(figures) {
            assert!((*found as f64 - figure / sum * 1e9).abs() < 2.0, "{found}");
        }
    }
}
