//! Criticality: a fund for an ecosystem, divided by how much leans on each
//! package.
//!
//! Use it where nobody votes: public figures say how often a package is
//! downloaded and how many packages and repositories depend on it.
//!
//! # Formula
//!
//! ```text
//! score_p  = Σ_f weight_f · scaled_f(p) / Σ_f weight_f
//! payout_p = money · score_p / Σ score, between `minimum` and `cap`
//! ```
//!
//! over three factors: downloads, dependent packages, dependent repositories.
//!
//! | `scale`   | `scaled(x)`                     |
//! |-----------|---------------------------------|
//! | `max`     | `x / max`                       |
//! | `log`     | `ln(1 + x) / ln(1 + max)`       |
//! | `min-max` | `(x − min) / (max − min)`       |
//!
//! `max` and `min` are those of the table; a factor that is the same for all
//! under `min-max`, or 0 for all, adds nothing.
//!
//! This is in the manner of Ecosyste.ms Funds, which scale by the largest, weigh
//! all factors alike, cap each package at 10 % and pay nobody less than 50
//! dollars: `cap = "10%"`, `minimum = "50"`. There payouts are whole dollars,
//! what the cap cuts off stays (`cap_overflow = "keep"`), and the money of those
//! below the minimum goes to the next best of them in lumps of 50 dollars; here
//! the others share it.
//!
//! # Units and rounding
//!
//! | quantity            | unit         | rounding                           |
//! |---------------------|--------------|------------------------------------|
//! | figures, scores     | `f64`        | nearest; then to 2⁻⁹⁶ of the largest |
//! | payouts, each asset | base units   | largest remainder, earliest id first |
//! | cap                 | base units   | down                               |
//!
//! Who would get less than the minimum is dropped, all at once, and the money
//! divided again, until nobody is.
//!
//! # Limits
//!
//! * Figures: numbers from 0 to 10³⁰; an empty cell is 0. Weights: 0 to 10⁶, not
//!   all zero.
//!
//! # Known weaknesses
//!
//! * Downloads can be bought, and dependents published, by the thousand.
//! * What is used by everybody need not be what lacks money.
//! * Figures of different registries do not compare; make a fund for each.
//!
//! # Sources
//!
//! * Ecosyste.ms Funds, `app/models/allocation.rb`: the factors, the cap and the
//!   minimum.
//! * R. Pike (2020), *Quantifying criticality*, for scaling by logarithms.
//!
//! # Example
//!
//! ```
//! use allonet_core::money::Amount;
//! use allonet_mechanisms::trial::trial_of;
//!
//! let metrics = "project,downloads,dependent_packages,dependent_repos\n\
//!                parser,1000,100,50\nlexer,500,50,25\npad,100,10,0\n";
//! // Scores 1, 1/2 and (0.1 + 0.1 + 0)/3 = 1/15. Of 1,000 dollars the last would
//! // get 42.55, so the first two divide all of it.
//! let fund = trial_of("criticality").file("metrics", metrics).text("minimum", "50");
//! let result = fund.run(1_000_00)?;
//! assert_eq!(result.paid("parser"), Amount::from_base(666_67));
//! assert_eq!(result.paid("lexer"), Amount::from_base(333_33));
//! assert_eq!(result.paid("pad"), Amount::ZERO);
//! # Ok::<(), allonet_mechanisms::trial::NoTrial>(())
//! ```

use std::collections::BTreeMap;
use std::sync::Arc;

use allonet_core::card::{Absent, Card, Family, Kind, Setting, Settings, Source, Status};
use allonet_core::fault::Fault;
use allonet_core::maths;
use allonet_core::mechanism::{Allocation, Blueprint, Mechanism, Outcome, Refusal, Turn};
use allonet_core::network::id_problem;
use allonet_core::table::{Column, Faults, Table};

use crate::paying::{CAP, CAP_OVERFLOW, MINIMUM, Terms, shares};
use crate::people::{figure_in, listed_twice, shown};

// --- Card -------------------------------------------------------------------

/// What the rule says of itself.
pub static CARD: Card = Card {
    id: "criticality",
    title: "Fund by criticality",
    family: Family::Graph,
    formula: "payout = money · Σ_f weight·figure/max, capped, with a minimum",
    status: Status::Preview { since: "0.1.0" },
    sources: &[
        Source {
            cite: "Ecosyste.ms Funds, app/models/allocation.rb",
            url: "https://github.com/ecosyste-ms/funds",
        },
        Source {
            cite: "Pike (2020), Quantifying criticality",
            url: "https://github.com/ossf/criticality_score",
        },
    ],
    settings: &[
        Setting {
            name: "metrics",
            kind: Kind::File,
            default: Absent::Required,
            doc: "Table of packages, columns `project`, and of `downloads`, `dependent_packages` \
                  and `dependent_repos` one or more.",
        },
        weight("downloads_weight", "What downloads weigh."),
        weight("packages_weight", "What dependent packages weigh."),
        weight("repos_weight", "What dependent repositories weigh."),
        Setting {
            name: "scale",
            kind: Kind::Choice(&["max", "log", "min-max"]),
            default: Absent::Default("max"),
            doc: "How figures become numbers from 0 to 1.",
        },
        CAP,
        CAP_OVERFLOW,
        MINIMUM,
    ],
    actions: &[],
    reads: &[],
    emits: &["weights"],
};

const fn weight(name: &'static str, doc: &'static str) -> Setting {
    let kind = Kind::Number { min: 0.0, max: 1e6 };
    Setting { name, kind, default: Absent::Default("1"), doc }
}

const METRICS: &[Column] = &[
    Column::required(&["project", "package", "id", "name", "repo", "recipient"]),
    Column::optional(&["downloads", "download_count"]),
    Column::optional(&["dependent_packages", "dependent_packages_count", "dependents"]),
    Column::optional(&["dependent_repos", "dependent_repos_count", "dependent_repositories"]),
];

/// The factors, in the order of their columns: words, and where the weight
/// stands.
const FACTORS: [(&str, &str); 3] = [
    ("downloads", "downloads_weight"),
    ("dependent packages", "packages_weight"),
    ("dependent repositories", "repos_weight"),
];

// --- Settings ---------------------------------------------------------------

/// The rule with the scores it divides by.
#[derive(Debug)]
pub struct Criticality {
    /// Sorted by id.
    payees: Vec<Arc<str>>,
    scores: Vec<f64>,
    /// How each score came about.
    why: Vec<String>,
    terms: Terms,
}

/// Builds the rule from its settings.
pub fn build(blueprint: &Blueprint<'_>) -> Result<Box<dyn Mechanism>, Vec<Fault>> {
    let settings = blueprint.settings;
    let asset = blueprint.assets.first().ok_or_else(|| vec![missing("asset")])?;
    let terms = Terms::read(settings, asset).map_err(|fault| vec![fault])?;
    let file = settings.file("metrics").ok_or_else(|| vec![missing("metrics")])?;
    let table = Table::read(file, METRICS)?;
    let figures = read(&table)?;
    let weights: Vec<f64> =
        FACTORS.iter().map(|(_, name)| settings.number(name).unwrap_or(1.0)).collect();
    let counts = |factor: usize| weights[factor] > 0.0 && table.has(factor + 1);
    let counted: Vec<usize> = (0..FACTORS.len()).filter(|factor| counts(*factor)).collect();
    if counted.is_empty() {
        return Err(vec![no_factor(settings, &table)]);
    }
    let columns: Vec<Vec<f64>> = counted
        .iter()
        .map(|factor| {
            let column: Vec<f64> = figures.values().map(|figures| figures[*factor]).collect();
            scaled(&column, settings.text("scale").unwrap_or("max"))
        })
        .collect();
    let all = maths::sum(counted.iter().map(|factor| weights[*factor]));
    let (mut scores, mut why) = (Vec::new(), Vec::new());
    for (at, figures) in figures.values().enumerate() {
        let parts = counted.iter().zip(&columns);
        let sum = maths::sum(parts.clone().map(|(factor, column)| weights[*factor] * column[at]));
        let words = parts.map(|(factor, column)| {
            let (name, figure) = (FACTORS[*factor].0, shown(figures[*factor]));
            format!("{name} {figure} ({})", shown(column[at]))
        });
        scores.push(sum / all);
        why.push(format!("score {}: {}", shown(sum / all), words.collect::<Vec<_>>().join(", ")));
    }
    let payees = figures.into_keys().map(Arc::from).collect();
    Ok(Box::new(Criticality { payees, scores, why, terms }))
}

/// Figures of each package, by factor.
fn read(table: &Table) -> Result<BTreeMap<String, [f64; 3]>, Vec<Fault>> {
    let (mut found, mut faults) = (BTreeMap::new(), Faults::new());
    for row in table.rows() {
        let name = row.cell(0);
        if let Some(problem) = id_problem(name) {
            faults.push(row.fault(0, "bad-name", format!("`{name}` cannot be paid: {problem}")));
        }
        let figures =
            [1, 2, 3].map(|column| figure_in(row, column, 0.0, &mut faults).unwrap_or(0.0));
        if found.insert(name.to_owned(), figures).is_some() {
            faults.push(listed_twice(row, 0));
        }
    }
    faults.or(found)
}

// --- Signals ----------------------------------------------------------------

// It reads none and emits `weights`.

// --- Refusals ---------------------------------------------------------------

fn missing(name: &str) -> Fault {
    Fault::new("missing", format!("there is no {name}"))
}

fn no_factor(settings: &Settings, table: &Table) -> Fault {
    let message = format!("{} has no column that weighs anything", table.file().path);
    Fault::new("no-factor", message)
        .at_some(settings.place("metrics"))
        .help("add `downloads`, `dependent_packages` or `dependent_repos`, with a weight above 0")
}

// --- Rule -------------------------------------------------------------------

/// Figures as numbers from 0 to 1.
fn scaled(figures: &[f64], scale: &str) -> Vec<f64> {
    let value = |figure: f64| if scale == "log" { maths::ln_1p(figure) } else { figure };
    let values: Vec<f64> = figures.iter().map(|figure| value(*figure)).collect();
    let top = values.iter().copied().fold(0.0, f64::max);
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    let base = if scale == "min-max" { least } else { 0.0 };
    let part = |value: f64| if top > base { (value - base) / (top - base) } else { 0.0 };
    values.into_iter().map(part).collect()
}

impl Mechanism for Criticality {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn payees(&self) -> &[Arc<str>] {
        &self.payees
    }

    fn step(&self, turn: &Turn<'_>, allocation: &mut Allocation<'_>) -> Result<Outcome, Refusal> {
        let why = |payee: usize| self.why[payee].clone();
        let remarks = self.terms.pay(turn, allocation, &self.scores, why)?;
        let reasons = self.payees.iter().zip(&self.why);
        Ok(Outcome {
            remarks,
            signals: vec![("weights", shares(&self.payees, &self.scores))],
            reasons: reasons.map(|(name, why)| (name.to_string(), vec![why.clone()])).collect(),
            ..Outcome::default()
        })
    }
}

// --- Tests ------------------------------------------------------------------

#[cfg(test)]
mod tests {
    use allonet_core::card::Value;
    use allonet_core::money::Share;
    use proptest::prelude::*;

    use crate::trial::{Trial, trial_of};

    const METRICS: &str = "project,downloads,dependent_packages,dependent_repos\n\
        parser,1000,100,50\nlexer,500,50,25\npad,100,10,0\n";

    fn fund(metrics: &str) -> Trial {
        trial_of("criticality").file("metrics", metrics)
    }

    fn check(trial: &Trial, pool: u128, expected: &[(&str, u128)]) {
        let result = trial.run(pool).unwrap();
        for (name, amount) in expected {
            assert_eq!(result.paid(name).to_u128(), Some(*amount), "{name}");
        }
    }

    // Worked examples.

    #[test]
    fn three_factors_weigh_alike() {
        // Scores 15/15, 7.5/15 and 1/15: 30, 15 and 2 of 47.
        let result = fund(METRICS).run(4_700).unwrap();
        check(&fund(METRICS), 4_700, &[("parser", 3_000), ("lexer", 1_500), ("pad", 200)]);
        assert_eq!(
            result.outcome.reasons["pad"],
            ["score 0.066667: downloads 100 (0.1), dependent packages 10 (0.1), \
              dependent repositories 0 (0)"]
        );
    }

    #[test]
    fn the_fund_of_fifty_dollars_and_a_tenth() {
        // Twenty equal packages and a giant with ten times their figures: the
        // giant would get a third, and is held at a tenth; the others get 45 each
        // and are all below the minimum.
        let others: Vec<String> = (0..20).map(|at| format!("p{at:02},100")).collect();
        let metrics = format!("project,downloads\ngiant,1000\n{}\n", others.join("\n"));
        let tenth = Value::Share(Share::new(1, 10).unwrap());
        let capped = fund(&metrics).set("cap", tenth).text("minimum", "50");
        check(&capped, 100_000, &[("giant", 10_000), ("p00", 0)]);
        assert_eq!(capped.run(100_000).unwrap().unspent.of(0).to_u128(), Some(90_000));
        // With more money all are above it: 90 % of 2,000 in twenty parts.
        check(&capped, 200_000, &[("giant", 20_000), ("p00", 9_000)]);
        // Kept, what the cap cuts off the giant's third stays.
        let kept = capped.text("cap_overflow", "keep");
        check(&kept, 300_000, &[("giant", 30_000), ("p00", 10_000)]);
    }

    #[test]
    fn scales_and_weights_differ() {
        // ln(1 + 99) / ln(1 + 9999) = 1/2.
        let logs = fund("project,downloads\na,9999\nb,99\n").text("scale", "log");
        check(&logs, 300, &[("a", 200), ("b", 100)]);
        let range = fund("project,downloads\na,30\nb,20\nc,10\n").text("scale", "min-max");
        check(&range, 300, &[("a", 200), ("b", 100), ("c", 0)]);
        // Downloads a 1, b 0; repositories a 0, b 1; weighed 1 to 3.
        let weighed = fund("project,downloads,dependent_repos\na,8,0\nb,,2\n");
        check(&weighed.set("repos_weight", Value::Number(3.0)), 400, &[("a", 100), ("b", 300)]);
    }

    #[test]
    fn figures_of_nothing_pay_nothing() {
        for metrics in ["project,downloads\n", "project,downloads\na,0\n"] {
            assert_eq!(fund(metrics).run(9).unwrap().unspent.of(0).to_u128(), Some(9));
        }
    }

    // Refusals.

    #[test]
    fn tables_that_cannot_be_meant_are_refused() {
        for (trial, expected) in [
            (trial_of("criticality"), "there is no metrics"),
            (fund("project\na\n"), "no column that weighs anything"),
            (
                fund("project,downloads\na,1\n").set("downloads_weight", Value::Number(0.0)),
                "no column that weighs anything",
            ),
            (fund("project,downloads\na,-1\n"), "`-1` is below zero"),
            (fund("project,downloads\na,NaN\n"), "`NaN` is no number"),
            (fund("project,downloads\na,1e31\n"), "`1e31` is too much"),
            (fund("project,downloads\na,1\na,1\n"), "`a` is listed twice"),
            (fund("project,downloads\n,1\n"), "cannot be paid: it is empty"),
        ] {
            let told = trial.run(0).unwrap_err().to_string();
            assert!(told.contains(expected), "{told}");
        }
    }

    // Laws.

    fn tables() -> impl Strategy<Value = Vec<[u32; 3]>> {
        prop::collection::vec(prop::array::uniform3(0_u32..1_000), 1..12)
    }

    fn table(rows: &[[u32; 3]], times: u32) -> String {
        let row = |(at, [a, b, c]): (usize, &[u32; 3])| format!("p{at:02},{},{b},{c}\n", a * times);
        let header = "project,downloads,dependent_packages,dependent_repos\n".to_owned();
        [header].into_iter().chain(rows.iter().enumerate().map(row)).collect()
    }

    proptest! {
        #[test]
        fn units_of_a_figure_do_not_matter(rows in tables()) {
            let run = |times| fund(&table(&rows, times)).run(1_000_000).unwrap().payouts;
            let (first, second) = (run(1), run(8));
            for (a, b) in first.iter().zip(&second) {
                prop_assert_eq!(a.amount, b.amount);
            }
        }

        #[test]
        fn more_of_everything_is_not_paid_less(rows in tables(), logarithm: bool) {
            let scale = if logarithm { "log" } else { "max" };
            let result = fund(&table(&rows, 1)).text("scale", scale).run(1 << 60).unwrap();
            let paid = |at: usize| result.paid(&format!("p{at:02}"));
            for a in 0..rows.len() {
                for b in 0..rows.len() {
                    if rows[a].iter().zip(&rows[b]).all(|(x, y)| x >= y) {
                        // Equal scores may differ by a unit of rounding.
                        let one = allonet_core::money::Amount::from_base(1);
                        prop_assert!(paid(a).add(one, "test").unwrap() >= paid(b));
                    }
                }
            }
        }

        // Reference: exact fractions over the product of the three maxima.
        #[test]
        fn it_is_the_exact_fraction(rows in tables()) {
            let top = |f: usize| rows.iter().map(|row| u128::from(row[f])).max().unwrap().max(1);
            let [a, b, c] = [top(0), top(1), top(2)];
            let score = |row: &[u32; 3]| {
                let [x, y, z] = row.map(u128::from);
                x * b * c + y * a * c + z * a * b
            };
            let all: u128 = rows.iter().map(score).sum();
            prop_assume!(all > 0);
            let result = fund(&table(&rows, 1)).run(1_000_000_000).unwrap();
            for (at, row) in rows.iter().enumerate() {
                let exact = score(row) * 1_000_000_000 / all;
                let found = result.paid(&format!("p{at:02}")).to_u128().unwrap();
                prop_assert!(found.abs_diff(exact) <= 1, "{found} {exact}");
            }
        }
    }
}
