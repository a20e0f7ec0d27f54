//! Weights that experts fill in by hand, with their names, dates and reasons.
//!
//! Use it where a few people who know the field answer for their figures in
//! public. It pays by what they come to together, and the report shows who said
//! what of each item, when and why.
//!
//! # Formula
//!
//! ```text
//! p_e = weights of expert e, divided by their sum;  v_e = the expert's voice
//! geometric    w_i ∝ Π p_ei^(v_e / Σ v)
//! arithmetic   w_i = Σ v_e p_ei / Σ v
//! median       w_i ∝ the middle of p_ei, each counting v_e
//! payout_i = money · w_i
//! ```
//!
//! # Units and rounding
//!
//! | quantity            | unit                     | rounding                             |
//! |---------------------|--------------------------|--------------------------------------|
//! | weights             | `f64`, adding up to 1    | nearest; then to 2⁻⁹⁶ of the largest |
//! | payouts, each asset | base units               | largest remainder, earliest id first |
//!
//! # Limits
//!
//! * Every expert weighs every item once, and the weights of each add up to 1 or
//!   to 100.
//! * A weight of zero is a veto under `geometric`, and refused.
//!
//! # Known weaknesses
//!
//! * Arithmetic: one expert alone can give an item much. Geometric: one expert
//!   alone can take nearly all from it. Median: a minority is not heard.
//! * Experts who talk with each other are not several opinions.
//!
//! # Sources
//!
//! * Genest, Zidek (1986), *Combining probability distributions*.
//!
//! # Example
//!
//! ```
//! use allonet_core::money::Amount;
//! use allonet_weights::trial_of;
//!
//! // Odds 9 and 1 have the geometric mean 3.
//! let table = "expert,item,weight\nann,oak,90\nann,elm,10\nbob,oak,50\nbob,elm,50\n";
//! let result = trial_of("expert-weights").file("experts", table).run(800)?;
//! assert_eq!(result.paid("oak"), Amount::from_base(600));
//! # Ok::<(), allonet_core::trial::NoTrial>(())
//! ```

use std::sync::Arc;

use allonet_core::card::{Absent, Card, Family, Kind, Setting, Source, Status};
use allonet_core::fault::Fault;
use allonet_core::mechanism::{Allocation, Blueprint, Mechanism, Outcome, Refusal, Turn};
use allonet_core::paying::{CAP, CAP_OVERFLOW, MINIMUM, Terms, main_asset, shares};

use super::opinions::{self, percent};
use crate::comparisons::Naming;
use crate::sources::experts::{self, Expert, Pooling, pool};

// --- Card -------------------------------------------------------------------

/// What the rule says of itself.
pub static CARD: Card = Card {
    id: "expert-weights",
    title: "Weights by experts",
    family: Family::Weights,
    formula: "payout ∝ Π p_e^v_e over experts e with voices v_e",
    status: Status::Preview { since: "0.1.0" },
    sources: &[Source {
        cite: "Genest, Zidek (1986), Combining probability distributions",
        url: "https://doi.org/10.1214/ss/1177013825",
    }],
    settings: &[
        Setting {
            name: "experts",
            kind: Kind::File,
            default: Absent::Required,
            doc: "Table of weights, columns `expert`, `item`, `weight`, and if wished `voice`, \
                  `date` and `reason`.",
        },
        Setting {
            name: "items",
            kind: Kind::File,
            default: Absent::None("all that are weighed"),
            doc: "List of the items, column `item`; a weight of another one is a fault.",
        },
        Setting {
            name: "combination",
            kind: Kind::Choice(&["geometric", "arithmetic", "median"]),
            default: Absent::Default("geometric"),
            doc: "How experts' weights become one.",
        },
        CAP,
        CAP_OVERFLOW,
        MINIMUM,
    ],
    actions: &[],
    reads: &[],
    emits: &["weights"],
};

// --- Settings ---------------------------------------------------------------

/// The experts and what they come to.
#[derive(Debug)]
pub struct ExpertWeights {
    items: Vec<String>,
    payees: Vec<Arc<str>>,
    experts: Vec<Expert>,
    weights: Vec<f64>,
    terms: Terms,
}

/// Reads the experts and puts them together.
pub fn build(blueprint: &Blueprint<'_>) -> Result<Box<dyn Mechanism>, Vec<Fault>> {
    let settings = blueprint.settings;
    let terms = Terms::read(settings, main_asset(blueprint)?).map_err(|fault| vec![fault])?;
    let file = settings.file("experts").ok_or_else(|| vec![no_experts()])?;
    let items = opinions::items(settings.file("items"), Some(file))?;
    let experts = experts::read(file, &items, &Naming::Verbatim)?;
    let pooling = match settings.text("combination") {
        Some("arithmetic") => Pooling::Arithmetic,
        Some("median") => Pooling::Median,
        _ => Pooling::Geometric,
    };
    let weights = pool(&experts, pooling).map_err(|at| {
        let fault = if pooling == Pooling::Geometric { veto(&items[at]) } else { nothing_left() };
        vec![fault.at_some(settings.place("experts"))]
    })?;
    let payees = items.iter().map(|item| item.as_str().into()).collect();
    Ok(Box::new(ExpertWeights { items, payees, experts, weights, terms }))
}

// --- Signals ----------------------------------------------------------------

// It emits `weights`: the weight of each item, adding up to one.

// --- Refusals ---------------------------------------------------------------

fn no_experts() -> Fault {
    Fault::new("no-expert", "there are no experts").help("add `experts = \"experts.csv\"`")
}

fn veto(item: &str) -> Fault {
    let message = format!("an expert gives `{item}` nothing, and a geometric mean has no answer");
    Fault::new("veto", message)
        .help("write a small weight above 0, or choose `arithmetic` or `median`")
}

fn nothing_left() -> Fault {
    Fault::new("nothing-left", "every item gets nothing from half of the experts or more")
        .help("choose `arithmetic`")
}

// --- Rule -------------------------------------------------------------------

impl Mechanism for ExpertWeights {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn payees(&self) -> &[Arc<str>] {
        &self.payees
    }

    fn step(&self, turn: &Turn<'_>, allocation: &mut Allocation<'_>) -> Result<Outcome, Refusal> {
        let why = |at: usize| {
            let by = |expert: &Expert| format!("{} by {}", percent(expert.shares[at]), expert.name);
            let said: Vec<String> = self.experts.iter().map(by).collect();
            format!("{} of: {}", percent(self.weights[at]), said.join(", "))
        };
        let remarks = self.terms.pay(turn, allocation, &self.weights, why)?;
        let reasons = self.items.iter().enumerate();
        Ok(Outcome {
            signals: vec![("weights", shares(&self.payees, &self.weights))],
            reasons: reasons.map(|(at, item)| (item.clone(), self.reasons(at))).collect(),
            exhibits: opinions::exhibits(&self.items, &self.weights, &self.experts),
            remarks,
            ..Outcome::default()
        })
    }
}

impl ExpertWeights {
    /// Who gives an item how much, when and why, a line each.
    fn reasons(&self, at: usize) -> Vec<String> {
        let line = |expert: &Expert| {
            let note = &expert.notes[at];
            let mut line = format!("{}: {}", expert.name, percent(expert.shares[at]));
            if !note.date.is_empty() {
                line.push_str(", ");
                line.push_str(&note.date);
            }
            if !note.reason.is_empty() {
                line.push_str(": ");
                line.push_str(&note.reason);
            }
            line
        };
        self.experts.iter().map(line).collect()
    }
}

// --- Tests ------------------------------------------------------------------

#[cfg(test)]
mod tests {
    use allonet_core::trial::Trial;
    use proptest::prelude::*;

    use crate::trial_of;

    const TABLE: &str = "expert,item,weight,voice,date,reason\n\
        ann,oak,0.9,3,2026-02-01,holds the bank\nann,elm,0.1,3,,\n\
        bob,oak,0.5,1,,\nbob,elm,0.5,1,,\n";

    fn trial(table: &str) -> Trial {
        trial_of("expert-weights").file("experts", table)
    }

    fn paid(trial: &Trial, money: u128) -> Vec<u128> {
        let result = trial.run(money).unwrap();
        result.payees.iter().map(|payee| result.paid(payee).to_u128().unwrap()).collect()
    }

    fn refused(trial: &Trial) -> String {
        trial.run(100).unwrap_err().to_string()
    }

    // Worked examples.

    #[test]
    fn a_voice_of_three_counts_three_times() {
        // Elm, oak: 3/4 · 0.1 + 1/4 · 0.5 = 0.2.
        let mean = trial(TABLE).text("combination", "arithmetic");
        assert_eq!(paid(&mean, 1_000), [200, 800]);
        assert_eq!(paid(&trial(TABLE).text("combination", "median"), 1_000), [100, 900]);
        // Odds 9^(3/4) = 5.196: 161.4.
        assert_eq!(paid(&trial(TABLE), 1_000), [161, 839]);
    }

    #[test]
    fn who_said_what_when_and_why_is_told() {
        let outcome = trial(TABLE).run(10).unwrap().outcome;
        assert_eq!(outcome.reasons["oak"][0], "ann: 90.00%, 2026-02-01: holds the bank");
        assert_eq!(outcome.reasons["oak"][1], "bob: 50.00%");
        assert_eq!(outcome.exhibits[0].title, "Side by side");
    }

    // Refusals.

    #[test]
    fn slips_are_named() {
        let told = refused(&trial("expert,item,weight\nann,oak,0.9\nann,elm,0.2\n"));
        assert!(told.contains("the weights of `ann`"), "{told}");
        let veto = "expert,item,weight\nann,oak,1\nann,elm,0\n";
        assert!(refused(&trial(veto)).contains("gives `elm` nothing"));
        assert_eq!(paid(&trial(veto).text("combination", "median"), 10), [0, 10]);
        let told = refused(&trial(TABLE).file("items", "item\noak\n"));
        assert!(told.contains("`elm` is no item"), "{told}");
        let apart =
            "expert,item,weight\na,x,1\na,y,0\na,z,0\nb,x,0\nb,y,1\nb,z,0\nc,x,0\nc,y,0\nc,z,1\n";
        let told = refused(&trial(apart).text("combination", "median"));
        assert!(told.contains("from half of the experts"), "{told}");
    }

    // Laws.

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn per_cent_and_parts_are_the_same(first in 1_u32..99, second in 1_u32..99, money in 0_u128..1_000_000) {
            let of = |whole: f64| {
                let row = |name: &str, oak: u32| {
                    let oak = f64::from(oak) / 100.0 * whole;
                    format!("{name},oak,{oak}\n{name},elm,{}\n", whole - oak)
                };
                let rows = row("ann", first) + &row("bob", second);
                paid(&trial(&format!("expert,item,weight\n{rows}")), money)
            };
            let (parts, hundreds) = (of(1.0), of(100.0));
            prop_assert_eq!(parts.iter().sum::<u128>(), money);
            prop_assert!(parts[0].abs_diff(hundreds[0]) <= 1);
        }
    }

    // Reference: the product of powers, written out.

    #[test]
    fn the_geometric_mean_is_a_product_of_powers() {
        use allonet_core::maths::pow;
        let table = "expert,item,weight,voice\na,x,20,2\na,y,30,2\na,z,50,2\n\
            b,x,60,1\nb,y,30,1\nb,z,10,1\n";
        let part = |a: f64, b: f64| pow(a, 2.0 / 3.0) * pow(b, 1.0 / 3.0);
        let figures = [part(0.2, 0.6), part(0.3, 0.3), part(0.5, 0.1)];
        let sum: f64 = figures.iter().sum();
        for (found, figure) in paid(&trial(table), 1_000_000_000).iter().zip(figures) {
            assert!((*found as f64 - figure / sum * 1e9).abs() < 2.0, "{found}");
        }
    }
}
