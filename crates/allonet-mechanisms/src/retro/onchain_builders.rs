//! Onchain builders: a monthly budget for applications, by what happened on
//! chain.
//!
//! The rule of Optimism's Retro Funding in its seasons 7 and 8. Use it to reward
//! use that is there, grows and stays, when tables of metrics are at hand.
//!
//! # Formula
//!
//! For each metric `m` with a weight `w_m` above zero, let `now` and `before` be
//! a project's amounts of the two periods, each chain times its weight, summed
//! over chains.
//!
//! ```text
//! adoption  = now
//! growth    = max(0, now − before)
//! retention = min(now, before)
//! x_mv      = minmax(min(variant v of m, its percentile over all projects))
//! score     = √(mean over m and v of (w_m · w_v · x_mv)²),   as part of all scores
//! pay       = pool by score, capped, above a minimum
//! ```
//!
//! `minmax` brings a column to 0 … 1, and to 1 where all are equal. The
//! percentile is numpy's, between two values in proportion. Weights stand inside
//! the square. A project with deposits (the first metric with `tvl` in its name)
//! of `tvl_maximum` or more in the current period scores zero; deposits below
//! `tvl_minimum` in a period are missing there and count as zero.
//!
//! All of this is set in a weight file (`weights`, YAML), in the format of
//! Optimism's own: `simulation` with `periods`, `eligibility_filter`, `chains`,
//! `tvl_maximum`, `tvl_minimum`, `metrics`, `metric_variants`, `percentile_cap`;
//! `allocation` with `budget`, `min_amount_per_project`,
//! `max_share_per_project`. `data_snapshot` is passed over: the tables are named
//! in the network file.
//!
//! The budget is a limit. The pool is what the neuron has, up to the budget; the
//! largest share is of that pool. Whoever would get less than the minimum gets
//! nothing, and the others share it.
//!
//! # Units and rounding
//!
//! | quantity  | unit                 | rounding                                |
//! |-----------|----------------------|-----------------------------------------|
//! | metrics   | as in the table      | `f64`, summed in order                  |
//! | score     | part of all scores   | `f64`                                   |
//! | reward    | base units           | largest remainder, earliest id first    |
//! | `rounding = "published"` | 0.01 of the asset | each reward by itself, halves to even |
//!
//! Rewards rounded one by one add up to a little more or less than the pool:
//! 166,666.64 OP of a budget of 166,666.60 in December 2025. The neuron must have
//! what they come to, else it refuses.
//!
//! # Limits
//!
//! * Metrics: from −10^60 to 10^60; deposits are sometimes reported below zero.
//! * Rows of one project, chain, metric and period are added up.
//! * The published rewards of season 8 are those of `rounding = "published"`,
//!   with one exception: in August 2025 (M7) the project DIAMANTE was added by
//!   hand with 2,726.79 OP, outside the rule and above the budget. No setting
//!   repeats that.
//!
//! # Known weaknesses
//!
//! * Use can be bought: transactions of one's own cost little.
//! * Few projects decide the percentile, and with it everybody's scale.
//! * Growth rewards coming back: who falls one month rises the next.
//!
//! # Sources
//!
//! * Optimism, Retro-Funding, `eval-algos/core/models/onchain_builders.py` and
//!   `allocator.py`.
//!
//! # Example
//!
//! ```
//! use allonet_core::money::Amount;
//! use allonet_mechanisms::trial::trial_of;
//!
//! let weights = "simulation:
//!   periods: { previous: Nov, current: Dec }
//!   chains: { base: 1.0 }
//!   metrics: { calls: 1.0 }
//!   metric_variants: { adoption: 1.0, growth: 0.0, retention: 0.0 }
//! allocation:
//!   budget: 1000
//!   min_amount_per_project: 10
//!   max_share_per_project: 0.6
//! ";
//! let metrics = "project_id,chain,metric_name,measurement_period,amount\n\
//!                swap,BASE,calls,Dec,300\nswap,BASE,calls,Nov,300\n\
//!                mint,BASE,calls,Dec,200\nchat,BASE,calls,Dec,0\n";
//! let result = trial_of("onchain-builders")
//!     .file("weights", weights)
//!     .file("projects", "project_id\nswap\nmint\nchat\n")
//!     .file("metrics", metrics)
//!     .run(1_000_00)?;
//! // 1, 2/3 and 0 of the most; 3/5 and 2/5 of the money.
//! assert_eq!(result.paid("swap"), Amount::from_base(600_00));
//! assert_eq!(result.paid("mint"), Amount::from_base(400_00));
//! # Ok::<(), allonet_mechanisms::trial::NoTrial>(())
//! ```

use std::collections::BTreeMap;
use std::sync::Arc;

use allonet_core::card::{Absent, Card, Family, Kind, Setting, Settings, Source, Status};
use allonet_core::fault::{Fault, SourceFile};
use allonet_core::mechanism::{Allocation, Blueprint, Mechanism, Outcome, Refusal, Turn};
use allonet_core::signal::SignalData;

use super::activity::{Plan, Scored, score};
use super::award::{Award, ROUNDING};

// --- Card -------------------------------------------------------------------

/// What the rule says of itself.
pub static CARD: Card = Card {
    id: "onchain-builders",
    title: "Onchain builders (Retro Funding)",
    family: Family::Retro,
    formula: "score = √mean((w_metric · w_variant · minmax(min(x, percentile)))²)",
    status: Status::Preview { since: "0.1.0" },
    sources: &[
        Source {
            cite: "Optimism, Retro-Funding, onchain_builders.py: seasons 7 and 8",
            url: "https://github.com/ethereum-optimism/Retro-Funding/blob/main/eval-algos/core/models/onchain_builders.py",
        },
        Source {
            cite: "Optimism, Retro-Funding, allocator.py",
            url: "https://github.com/ethereum-optimism/Retro-Funding/blob/main/eval-algos/core/models/allocator.py",
        },
    ],
    settings: &[
        Setting {
            name: "weights",
            kind: Kind::File,
            default: Absent::Required,
            doc: "Weight file (YAML) with `simulation` and `allocation`, in Optimism's format.",
        },
        Setting {
            name: "projects",
            kind: Kind::File,
            default: Absent::Required,
            doc: "Table of projects, columns `project_id`, and if wished `display_name` and \
                  `is_eligible`.",
        },
        Setting {
            name: "metrics",
            kind: Kind::File,
            default: Absent::Required,
            doc: "Table of activity, columns `project_id`, `chain`, `metric_name`, \
                  `measurement_period` and `amount`.",
        },
        ROUNDING,
    ],
    actions: &[],
    reads: &[],
    emits: &["score"],
};

// --- Settings ---------------------------------------------------------------

/// The scores, which are the same in every turn.
#[derive(Debug)]
pub struct OnchainBuilders {
    award: Award,
    scored: Scored,
    signal: BTreeMap<String, f64>,
}

/// Reads the weight file and the tables, and scores.
pub fn build(blueprint: &Blueprint<'_>) -> Result<Box<dyn Mechanism>, Vec<Fault>> {
    let settings = blueprint.settings;
    let weights = file(settings, "weights")?;
    let plan = Plan::read(weights, settings, &blueprint.assets[0])?;
    let scored = score(&plan, file(settings, "projects")?, file(settings, "metrics")?)?;
    let mut signal: BTreeMap<String, f64> =
        scored.reasons.keys().map(|project| (project.clone(), 0.0)).collect();
    let named = scored.projects.iter().map(ToString::to_string);
    signal.extend(named.zip(scored.scores.iter().copied()));
    Ok(Box::new(OnchainBuilders { award: plan.award, scored, signal }))
}

// --- Signals ----------------------------------------------------------------

// It emits `score`: each project's part of all scores, zero for those that are
// not eligible.

// --- Refusals ---------------------------------------------------------------

/// A data file that the rule cannot do without.
pub(crate) fn file<'s>(
    settings: &'s Settings,
    name: &str,
) -> Result<&'s Arc<SourceFile>, Vec<Fault>> {
    settings.file(name).ok_or_else(|| {
        let fault = Fault::new("no-file", format!("the setting `{name}` is missing"));
        vec![fault.help(format!("name the file: `{name} = \"…\"`"))]
    })
}

// --- Rule -------------------------------------------------------------------

impl Mechanism for OnchainBuilders {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn payees(&self) -> &[Arc<str>] {
        &self.scored.projects
    }

    fn step(&self, turn: &Turn<'_>, allocation: &mut Allocation<'_>) -> Result<Outcome, Refusal> {
        let Scored { scores, notes, reasons, remarks, .. } = &self.scored;
        let paid = self.award.pay(turn, allocation, scores, |payee| notes[payee].clone())?;
        Ok(Outcome {
            signals: vec![("score", SignalData::Scores(self.signal.clone()))],
            remarks: remarks.iter().cloned().chain(paid).collect(),
            reasons: reasons.clone(),
            ..Outcome::default()
        })
    }
}

// --- Tests ------------------------------------------------------------------

#[cfg(test)]
#[expect(clippy::inconsistent_digit_grouping, reason = "dollars and cents")]
mod tests {
    use allonet_core::money::Amount;
    use proptest::prelude::*;

    use crate::trial::{NoTrial, Trial, TurnResult, trial_of};

    const WEIGHTS: &str = "simulation:
  periods: { previous: Nov, current: Dec }
  eligibility_filter: true
  chains: { base: 1.0, side: 0.5 }
  tvl_maximum: 1000
  tvl_minimum: 10
  metrics: { calls: 0.5, fees: 0.5, defi_tvl: 0 }
  metric_variants: { adoption: 1.0, growth: 0, retention: 0 }
  percentile_cap: 100
allocation:
  budget: 1000
  min_amount_per_project: 10
  max_share_per_project: 1
";
    const HEAD: &str = "project_id,chain,metric_name,measurement_period,amount\n";
    /// So that every metric and period has a row.
    const REST: &str = "none,BASE,calls,Nov,0\nnone,BASE,fees,Dec,0\n";

    fn trial(weights: &str, rows: &str) -> Trial {
        let projects = "project_id,display_name,is_eligible\na,Anchor,True\nb,,True\n\
                        c,Cabin,True\nd,Dock,False\n";
        trial_of("onchain-builders")
            .file("weights", weights)
            .file("projects", projects)
            .file("metrics", &format!("{HEAD}{rows}{REST}"))
    }

    fn paid(result: &TurnResult) -> [u128; 3] {
        ["a", "b", "c"].map(|project| result.paid(project).to_u128().unwrap())
    }

    fn refused(trial: &Trial) -> String {
        trial.run(1_000_00).unwrap_err().to_string()
    }

    // Worked examples.

    #[test]
    fn weights_stand_inside_the_square() {
        let rows = "a,BASE,calls,Dec,10\nb,BASE,fees,Dec,4\nc,BASE,calls,Dec,10\n\
                    c,BASE,fees,Dec,4\nd,BASE,calls,Dec,99\n";
        // √(0.5²), √(0.5²) and √(0.5² + 0.5²), all over the same mean: 1, 1, √2.
        let result = trial(WEIGHTS, rows).run(1_000_00).unwrap();
        assert_eq!(paid(&result), [292_89, 292_89, 414_22]);
        assert_eq!(result.paid("d"), Amount::ZERO);
        let reasons = &result.outcome.reasons;
        assert_eq!(
            reasons["c"],
            [
                "Cabin: 41.4% of all scores",
                "calls adoption: 10, scaled to 1.000, is 50.0% of its score",
                "fees adoption: 4, scaled to 1.000, is 50.0% of its score",
            ]
        );
        assert_eq!(reasons["d"], ["Dock: not eligible"]);
    }

    #[test]
    fn growth_and_retention_look_back() {
        let weights = WEIGHTS
            .replace(
                "adoption: 1.0, growth: 0, retention: 0",
                "adoption: 0, growth: 1, retention: 3",
            )
            .replace("calls: 0.5, fees: 0.5", "calls: 1");
        // Growth 0, 6 and 3 (of 6), retention 8, 2 and 4 (of 2 … 8): a has 3 · 1,
        // b has 1, c has √(0.5² + 1²).
        let rows = "a,BASE,calls,Nov,9\na,BASE,calls,Dec,8\nb,BASE,calls,Nov,2\n\
                    b,BASE,calls,Dec,8\nc,BASE,calls,Nov,8\nc,SIDE,calls,Dec,14\n";
        let rows = rows.replace("c,BASE,calls,Nov,8", "c,BASE,calls,Nov,4");
        let result = trial(&weights, &rows).run(1_000_00).unwrap();
        let scores = [3.0, 1.0, 1.25_f64.sqrt()];
        let sum: f64 = scores.iter().sum();
        for (paid, score) in paid(&result).iter().zip(scores) {
            let expected = score / sum * 1_000_00.0;
            assert!((*paid as f64 - expected).abs() < 1.0, "{paid} {expected}");
        }
    }

    #[test]
    fn large_and_small_deposits_are_left_out() {
        let weights = WEIGHTS.replace("defi_tvl: 0", "defi_tvl: 0.5");
        let rows = "a,BASE,defi_tvl,Dec,1000\na,BASE,calls,Dec,10\nb,BASE,defi_tvl,Dec,9\n\
                    b,BASE,calls,Dec,5\nc,BASE,defi_tvl,Dec,500\n";
        // a is too large. b has half of the calls and too small deposits, c half
        // of the deposits: the same.
        let result = trial(&weights, rows).run(1_000_00).unwrap();
        assert_eq!(paid(&result), [0, 500_00, 500_00]);
        let told = &result.outcome.reasons["a"];
        assert_eq!(told, &["Anchor: deposits of 1000 or more: it is not rewarded"]);
    }

    #[test]
    fn the_percentile_caps_the_largest() {
        let weights = WEIGHTS.replace("percentile_cap: 100", "percentile_cap: 75");
        // The percentile of 0, 10 and 1,000 is halfway between the last two.
        let rows = "a,BASE,calls,Dec,1000\nb,BASE,calls,Dec,10\nc,BASE,calls,Dec,0\n";
        let result = trial(&weights, rows).run(1_000_00).unwrap();
        // 505 and 10; the fees are the same for all, so all have them in full.
        let fees = 1.0;
        let score = |calls: f64| f64::sqrt(calls * calls + fees);
        let scores = [1.0, 10.0 / 505.0, 0.0].map(score);
        let sum: f64 = scores.iter().sum();
        assert!((result.paid("a").to_f64() - scores[0] / sum * 1_000_00.0).abs() < 1.0);
    }

    #[test]
    fn the_budget_is_a_limit_and_the_money_counts() {
        let rows = "a,BASE,calls,Dec,10\nb,BASE,calls,Dec,10\nc,BASE,calls,Dec,0\n";
        let weights = WEIGHTS.replace(", fees: 0.5", "").replace("project: 1\n", "project: 0.4\n");
        let run = |money| trial(&weights, rows).run(money).unwrap();
        let more = run(1_500_00);
        assert_eq!(paid(&more), [400_00, 400_00, 0]);
        assert_eq!(more.unspent.of(0), Amount::from_base(700_00));
        let told = "the weight file's budget of 1,000.00 USD is the limit; there is 1,500.00 USD";
        assert!(more.outcome.remarks.contains(&told.to_owned()), "{:?}", more.outcome.remarks);
        // The cap is of the pool.
        let less = run(100_00);
        assert_eq!(paid(&less), [40_00, 40_00, 0]);
        let last = less.outcome.remarks.last().unwrap();
        assert!(last.ends_with("but there is only 100.00 USD"), "{last}");
        // Nobody reaches the minimum of 10.
        assert_eq!(paid(&run(15_00)), [0, 0, 0]);
    }

    #[test]
    fn published_rewards_are_rounded_one_by_one() {
        let rows = "a,BASE,calls,Dec,10\nb,BASE,calls,Dec,10\nc,BASE,calls,Dec,10\n";
        let weights = WEIGHTS.replace("budget: 1000", "budget: 2000");
        let trial = trial(&weights, rows).text("rounding", "published");
        assert_eq!(paid(&trial.run(1_000_00).unwrap()), [333_33; 3]);
        // 666.67 each: one cent more than there is.
        let refused = trial.run(2_000_00).unwrap_err().to_string();
        assert!(refused.contains("add up to 2,000.01 USD, 0.01 USD more than"), "{refused}");
        assert_eq!(paid(&trial.run(2_000_01).unwrap()), [666_67; 3]);
    }

    #[test]
    fn without_activity_nobody_is_paid() {
        let result = trial(WEIGHTS, "").run(1_000_00).unwrap();
        assert!(result.payouts.is_empty() && result.payees.is_empty());
        assert!(result.outcome.remarks[0].starts_with("rows of projects that are not listed"));
    }

    // Refusals.

    #[test]
    fn slips_are_told_with_their_place() {
        let rows = "a,BASE,calls,Dec,10\n";
        let cases = [
            (
                "percentile_cap: 100",
                "percentile_cap: 101",
                "weights.csv:9:19: `simulation.percentile_cap` is `101`",
            ),
            ("percentile_cap", "percentil_cap", "did you mean `percentile_cap`?"),
            (
                "calls: 0.5",
                "cals: 0.5",
                "no row of metrics.csv has the metric `cals` (did you mean",
            ),
            ("current: Dec", "current: Jan", "has the period `Jan`"),
            ("calls: 0.5, fees: 0.5", "calls: 0", "no metric has a weight above zero"),
            ("project: 1\n", "project: 0\n", "`allocation.max_share_per_project` is `0`"),
            ("budget: 1000", "budget: 0.001", "`allocation.budget`: `0.001` has 3 decimals"),
            ("budget: 1000", "bugdet: 1000", "did you mean `budget`?"),
            ("chains: {", "chains: [", "a list stands here"),
        ];
        for (from, to, part) in cases {
            let found = refused(&trial(&WEIGHTS.replace(from, to), rows));
            assert!(found.contains(part), "{to}: {found}");
        }
    }

    #[test]
    fn bad_tables_are_refused() {
        let good = trial(WEIGHTS, "a,BASE,calls,Dec,10\n");
        let projects = |text: &str| good.clone().file("projects", text);
        for (trial, part) in [
            (trial(WEIGHTS, "a,BASE,calls,Dec,NaN\n"), "metrics.csv:2:18: `NaN` is no number"),
            (projects("project_id,is_eligible\na,True\na,True\n"), "stands in the table twice"),
            (projects("project_id,is_eligible\na,perhaps\n"), "says neither yes nor no"),
            (projects("project_id\na\n"), "has no column `is_eligible`"),
            (projects("project_id,is_eligible\n,true\n"), "cannot be paid: it is empty"),
            (trial_of("onchain-builders"), "the setting `weights` is missing"),
        ] {
            let found = refused(&trial);
            assert!(found.contains(part), "{part}: {found}");
        }
        let mut whole = good.text("rounding", "published");
        whole.assets[0].decimals = 0;
        assert!(refused(&whole).contains("USD has 0 decimals; published rewards have 2"));
    }

    // Laws.

    type Rows = Vec<(u8, bool, bool, u16)>;

    fn table(rows: &Rows) -> String {
        let row = |(project, calls, now, amount): &(u8, bool, bool, u16)| {
            let project = ["a", "b", "c", "d"][usize::from(*project)];
            let metric = if *calls { "calls" } else { "fees" };
            let period = if *now { "Dec" } else { "Nov" };
            format!("{project},BASE,{metric},{period},{amount}\n")
        };
        rows.iter().map(row).collect()
    }

    fn rows() -> impl Strategy<Value = Rows> {
        prop::collection::vec((0_u8..4, any::<bool>(), any::<bool>(), any::<u16>()), 0..30)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn money_is_conserved_and_order_does_not_matter(rows in rows(), money in 0_u64..300_000) {
            let result = trial(WEIGHTS, &table(&rows)).run(u128::from(money)).unwrap();
            let spent: u128 = paid(&result).iter().sum();
            prop_assert_eq!(spent + result.unspent.of(0).to_u128().unwrap(), u128::from(money));
            let mut other = rows;
            other.reverse();
            prop_assert_eq!(result, trial(WEIGHTS, &table(&other)).run(u128::from(money)).unwrap());
        }

        // Reference: the formula, project by project.
        #[test]
        fn agrees_with_the_formula(rows in rows()) {
            let result = match trial(WEIGHTS, &table(&rows)).run(1_000_00) {
                Ok(result) => result,
                Err(NoTrial::Faults(_) | NoTrial::Refusal(_)) => return Ok(()),
            };
            let sum = |project: u8, calls: bool| -> f64 {
                let of = |row: &&(u8, bool, bool, u16)| row.0 == project && row.1 == calls && row.2;
                rows.iter().filter(of).map(|row| f64::from(row.3)).sum()
            };
            let there: Vec<u8> = (0..3).filter(|p| rows.iter().any(|row| row.0 == *p)).collect();
            let scaled = |project: u8, calls: bool| {
                let all = || there.iter().map(|project| sum(*project, calls));
                let (low, high) = (all().fold(1e9, f64::min), all().fold(0.0, f64::max));
                if high > low { (sum(project, calls) - low) / (high - low) } else { 1.0 }
            };
            let square = |p: u8, calls: bool| scaled(p, calls) * scaled(p, calls);
            let score = |p: u8| (square(p, true) + square(p, false)).sqrt();
            let all: f64 = there.iter().map(|p| score(*p)).sum();
            let allonet_core::signal::SignalData::Scores(found) = &result.outcome.signals[0].1
            else { panic!("scores are emitted") };
            for p in &there {
                let p = *p;
                let id = ["a", "b", "c"][usize::from(p)];
                let expected = if all > 0.0 { score(p) / all } else { 0.0 };
                prop_assert!((found[id] - expected).abs() < 1e-12);
            }
        }
    }
}
