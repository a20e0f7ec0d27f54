//! Jury: pairwise comparisons become weights, with intervals, and pay by them.
//!
//! Use it where people can say which of two things is worth more, and perhaps
//! by how much, but not what each is worth. It pays items by their weights, or
//! only tells others through its signal.
//!
//! # Formula
//!
//! ```text
//! v = weights that `rule` fits to the comparisons,  payout_i = money · v_i / Σ v
//! ```
//!
//! The rules are those of [`crate::rules`]: `allonet weights fit --list` shows
//! them. With `replicates`, jurors are drawn with replacement so many times and
//! fitted again: each weight gets an interval, and the report says which
//! conclusions the comparisons do not support, how each juror answered, and
//! what other rules would have made of the same answers.
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
//! * Multipliers from 1 to 1,000, or to `clip`.
//! * All items must be joined by comparisons, unless the rule has a prior.
//!
//! # Known weaknesses
//!
//! * The choice of the rule moves more money than most jurors do: look at the
//!   table of rules, and settle the rule before the answers are known.
//! * Intervals tell how much hangs on who was asked. A jury that errs together
//!   errs within narrow intervals.
//! * Items that nobody compares get what the rule's prior gives them, or are
//!   refused.
//!
//! # Sources
//!
//! * Deep Funding: jurors compare two by two, an aggregation rule makes weights,
//!   `deepfunding/scoring`.
//! * R. A. Bradley, M. E. Terry (1952), Biometrika 39, 324–345.
//! * B. Efron, R. Tibshirani (1993), *An Introduction to the Bootstrap*, ch. 13.
//!
//! # Example
//!
//! ```
//! use allonet_core::money::Amount;
//! use allonet_weights::trial_of;
//!
//! // 6 : 3 : 1.
//! let table = "juror,a,b,winner,multiplier\nann,well,bridge,1,2\nann,bridge,kiosk,1,3\n";
//! let result = trial_of("jury").file("comparisons", table).run(1_000)?;
//! assert_eq!(result.paid("well"), Amount::from_base(600));
//! assert_eq!(result.paid("bridge"), Amount::from_base(300));
//! # Ok::<(), allonet_core::trial::NoTrial>(())
//! ```

use std::sync::Arc;

use allonet_core::card::{Absent, Card, Family, Kind, Setting, Settings, Source, Status};
use allonet_core::fault::Fault;
use allonet_core::mechanism::{Allocation, Blueprint, Mechanism, Outcome, Refusal, Turn};
use allonet_core::paying::{CAP, CAP_OVERFLOW, MINIMUM, Terms, main_asset};

use super::evidence;
use super::reading::{Jury as Drawing, rule_settings};
use super::settled::{Settled, payable};
use crate::comparisons::{Comparisons, Naming, Reading};
use crate::repository::Aliases;
use crate::rules;

// --- Card -------------------------------------------------------------------

/// What the rule says of itself.
pub static CARD: Card = Card {
    id: "jury",
    title: "Jury of pairwise comparisons",
    family: Family::Weights,
    formula: "payout ∝ v, fitted to comparisons c ≈ ln(v_b / v_a)",
    status: Status::Preview { since: "0.1.0" },
    sources: &[
        Source {
            cite: "Deep Funding: jurors compare, an aggregation rule makes weights",
            url: "https://github.com/deepfunding/scoring",
        },
        Source {
            cite: "Bradley, Terry (1952), Rank analysis of incomplete block designs",
            url: "https://doi.org/10.2307/2334029",
        },
    ],
    settings: &[
        Setting {
            name: "comparisons",
            kind: Kind::File,
            default: Absent::Required,
            doc: "Table of comparisons, columns `item_a`, `item_b`, `winner`, and best also \
                  `multiplier` and `juror`.",
        },
        Setting {
            name: "items",
            kind: Kind::File,
            default: Absent::None("all that are compared"),
            doc: "List of the items, column `item`; a comparison of another one is a fault.",
        },
        Setting {
            name: "ids",
            kind: Kind::Choice(&["verbatim", "repository"]),
            default: Absent::Default("verbatim"),
            doc: "Whether items stay as written, or addresses of one repository become one item.",
        },
        Setting {
            name: "aliases",
            kind: Kind::File,
            default: Absent::None("names are current"),
            doc: "Table of old names of repositories, columns `alias` and `repo`; needs \
                  `ids = \"repository\"`.",
        },
        Setting {
            name: "clip",
            kind: Kind::Number { min: 1.0, max: 1_000.0 },
            default: Absent::None("multipliers count as given"),
            doc: "Multipliers above are taken for this one.",
        },
        super::reading::RULE,
        super::reading::PARAMETERS,
        super::reading::REPLICATES,
        super::reading::LEVEL,
        super::reading::SEED,
        CAP,
        CAP_OVERFLOW,
        MINIMUM,
    ],
    actions: &[],
    reads: &[],
    emits: &["weights"],
};

// --- Settings ---------------------------------------------------------------

/// The weights that the rule makes.
#[derive(Debug)]
pub struct Jury(Settled);

/// Reads the comparisons and fits.
pub fn build(blueprint: &Blueprint<'_>) -> Result<Box<dyn Mechanism>, Vec<Fault>> {
    let settings = blueprint.settings;
    let terms = Terms::read(settings, main_asset(blueprint)?).map_err(|fault| vec![fault])?;
    let comparisons = comparisons(settings)?;
    let (rule, parameters) = rule_settings(settings).map_err(|fault| vec![fault])?;
    let estimate = rules::fit(&rule, &comparisons, &parameters)
        .map_err(|error| vec![Fault::from(error).at_some(settings.place("comparisons"))])?;
    let drawing = Drawing::read(settings);
    let shown = evidence::of(&comparisons, &rule, &parameters, &drawing);
    let mut remarks = estimate.warnings.clone();
    remarks.extend(shown.remarks);
    Ok(Box::new(Jury(Settled {
        payees: payable(comparisons.items())?,
        weights: estimate.weights(),
        terms,
        notes: evidence::notes(&comparisons),
        remarks,
        exhibits: shown.exhibits,
    })))
}

fn comparisons(settings: &Settings) -> Result<Comparisons, Vec<Fault>> {
    let file = settings.file("comparisons").ok_or_else(|| vec![no_comparisons()])?;
    let naming = naming(settings)?;
    let items = settings.file("items").map(|file| naming.items(file)).transpose()?;
    let clip = settings.number("clip");
    Comparisons::read(file, &Reading { naming, items, clip, ..Reading::default() })
}

fn naming(settings: &Settings) -> Result<Naming, Vec<Fault>> {
    let repositories = settings.text("ids") == Some("repository");
    match settings.file("aliases") {
        None if repositories => Ok(Naming::Repository(Aliases::default())),
        None => Ok(Naming::Verbatim),
        Some(_) if !repositories => Err(vec![idle_aliases(settings)]),
        Some(file) => Aliases::parse(&file.text)
            .map(Naming::Repository)
            .map_err(|error| vec![Fault::new("bad-aliases", format!("{}: {error}", file.path))]),
    }
}

// --- Signals ----------------------------------------------------------------

// It emits `weights`: the weight of each item, adding up to one.

// --- Refusals ---------------------------------------------------------------

fn no_comparisons() -> Fault {
    Fault::new("no-comparisons", "there are no comparisons")
        .help("add `comparisons = \"comparisons.csv\"`")
}

fn idle_aliases(settings: &Settings) -> Fault {
    Fault::new("idle-setting", "`aliases` changes nothing while items stay as written")
        .at_some(settings.place("aliases"))
        .help("add `ids = \"repository\"`")
}

// --- Rule -------------------------------------------------------------------

impl Mechanism for Jury {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn payees(&self) -> &[Arc<str>] {
        &self.0.payees
    }

    fn step(&self, turn: &Turn<'_>, allocation: &mut Allocation<'_>) -> Result<Outcome, Refusal> {
        self.0.step(turn, allocation)
    }
}

// --- Tests ------------------------------------------------------------------

#[cfg(test)]
mod tests {
    use allonet_core::trial::Trial;
    use proptest::prelude::*;

    use crate::trial_of;

    fn trial(rows: &str) -> Trial {
        let table = format!("juror,item_a,item_b,winner,multiplier\n{rows}");
        trial_of("jury").file("comparisons", &table)
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
    fn weights_are_the_geometric_mean_of_what_jurors_say() {
        // ann says 2, bob 8: √16 = 4.
        assert_eq!(paid(&trial("ann,x,y,x,2\nbob,x,y,x,8\n"), 1_000), [800, 200]);
    }

    #[test]
    fn a_cap_holds_the_largest_down() {
        use allonet_core::card::Value;
        use allonet_core::money::Share;
        let half = Value::Share("50%".parse::<Share>().unwrap());
        let capped = trial("ann,x,y,x,4\n").set("cap", half);
        assert_eq!(paid(&capped, 1_000), [500, 500]);
    }

    #[test]
    fn the_evidence_is_shown() {
        let result = trial("ann,x,y,x,2\nbob,x,y,y,8\ncem,x,y,x,3\n").run(10).unwrap();
        let titles: Vec<&str> =
            result.outcome.exhibits.iter().map(|table| table.title.as_str()).collect();
        assert!(titles.starts_with(&["Weights", "Not supported by the comparisons", "Jurors"]));
        assert!(!result.outcome.exhibits[1].rows.is_empty(), "x and y are not separable");
        assert_eq!(result.outcome.reasons["x"], ["won 2 of 3 comparisons"]);
    }

    // Refusals.

    #[test]
    fn islands_and_silence_are_refused() {
        let told = refused(&trial("ann,x,y,x,2\nann,v,w,v,2\n"));
        assert!(told.contains("2 islands"), "{told}");
        let told = refused(&trial("ann,x,y,x,\n"));
        assert!(told.contains("do not say how many times more"), "{told}");
    }

    #[test]
    fn wrong_settings_are_named() {
        let fine = || trial("ann,x,y,x,2\n");
        assert!(refused(&fine().text("rule", "least-square")).contains("`least-squares`?"));
        assert!(refused(&fine().list("parameters", &["x=1"])).contains("no parameter `x`"));
        assert!(refused(&fine().list("parameters", &["prior"])).contains("is no number"));
        let told = refused(&fine().file("aliases", "alias,repo\na/b,c/d\n"));
        assert!(told.contains("changes nothing"), "{told}");
        let told = refused(&fine().file("items", "item\nx\nz\n"));
        assert!(told.contains("`y` is no item"), "{told}");
    }

    // Laws.

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn multiplying_every_side_leaves_shares(times in 1_u32..20, money in 0_u128..1_000_000) {
            // Two chains of the same ratios, one told from the other end.
            let one = trial(&format!("ann,x,y,x,{times}\nann,y,z,y,3\n"));
            let other = trial(&format!("ann,y,x,x,{times}\nann,z,y,y,3\n"));
            let paid_one = paid(&one, money);
            prop_assert_eq!(paid_one.iter().sum::<u128>(), money);
            prop_assert_eq!(paid_one, paid(&other, money));
        }
    }

    // Reference: weights by steps down the slope of the cost.

    #[test]
    fn least_squares_is_where_the_slope_ends() {
        let rows = [("x", "y", 2.0), ("y", "z", 3.0), ("x", "z", 4.0), ("z", "w", 1.5)];
        let lines = rows.map(|(a, b, times)| format!("ann,{a},{b},{a},{times}\n"));
        let table = lines.concat();
        let names = ["w", "x", "y", "z"];
        let place = |name: &str| names.iter().position(|known| *known == name).unwrap();
        let mut z = [0.0_f64; 4];
        for _ in 0..20_000 {
            let mut slope = [0.0; 4];
            for (a, b, times) in rows {
                let gap = z[place(a)] - z[place(b)] - allonet_core::maths::ln(times);
                slope[place(a)] += gap;
                slope[place(b)] -= gap;
            }
            for at in 0..4 {
                z[at] -= 0.1 * slope[at];
            }
        }
        let parts: Vec<f64> = z.iter().map(|z| allonet_core::maths::exp(*z)).collect();
        let sum: f64 = parts.iter().sum();
        let found = paid(&trial(&table), 1_000_000_000);
        for (found, part) in found.iter().zip(parts) {
            assert!((*found as f64 - part / sum * 1e9).abs() < 10.0, "{found}");
        }
    }
}
