//! Prediction market: prices of outcomes become weights, and pay by them.
//!
//! Use it where a jury can weigh only a few things, but anybody may bet on what
//! it would say of the others. It replays a market's log, so that whoever holds
//! the log comes to the same prices.
//!
//! # Formula
//!
//! ```text
//! last   w_i = p_i / Σ p_j                    prices when trading ended
//! twap   w_i = p̄_i / Σ p̄_j                    p̄: mean by time over `window`
//! payout_i = money · w_i
//! ```
//!
//! Sums are over outcomes of which at least `min_depth` base units of the
//! market's collateral move the price by a tenth; the others are paid nothing.
//! Trading ends with the first ruling (`resolve`), else at `at`, else with the
//! last event; what stands below in the log changes no weight. The log's actions
//! are those of [`crate::market::log`].
//!
//! # Units and rounding
//!
//! | quantity             | unit                      | rounding                             |
//! |----------------------|---------------------------|--------------------------------------|
//! | amounts in the log   | base units of collateral  | against the trader                   |
//! | prices, weights      | `f64`; weights add up to 1 | nearest; then to 2⁻⁹⁶ of the largest |
//! | payouts, each asset  | base units                | largest remainder, earliest id first |
//!
//! # Limits
//!
//! * Two outcomes or more; `window` from a second to ten years.
//! * Amounts in the log below 2¹²⁸.
//!
//! # Known weaknesses
//!
//! * Whoever puts money in moves the weights. The table "How firm" says what one
//!   percentage point costs: compare it with a hundredth of the money to divide.
//! * With `last`, a price needs to be wrong for one moment only. With `twap` it
//!   must be held wrong, which traders who know better can earn by.
//! * Without `at` whoever trades last chooses when the window ends.
//!
//! # Sources
//!
//! * R. Hanson (2003), *Combinatorial information market design*.
//! * Uniswap v2 whitepaper (Adams, Zinsmeister, Robinson 2020), §2.2.
//! * Deep Funding: a market forecasts the jury.
//!
//! # Example
//!
//! ```
//! use allonet_core::money::Amount;
//! use allonet_weights::trial_of;
//!
//! let log = "time,trader,action,outcome,amount\n\
//!            2026-01-01,op,list,well,\n\
//!            2026-01-01,op,list,kiosk,\n\
//!            2026-01-01,op,deposit,,700000\n\
//!            2026-01-01,op,open-lmsr,,1000000\n\
//!            2026-01-02,ann,deposit,,510826\n\
//!            2026-01-02,ann,buy,well,510826\n";
//! // Money m leaves the kiosk 0.5 · e^(−m/b) = 0.5 · 0.6.
//! let result = trial_of("prediction-market").file("log", log).run(1_000)?;
//! assert_eq!(result.paid("well"), Amount::from_base(700));
//! assert_eq!(result.paid("kiosk"), Amount::from_base(300));
//! # Ok::<(), allonet_core::trial::NoTrial>(())
//! ```

use std::sync::Arc;

use allonet_core::card::{Absent, Card, Family, Kind, Setting, Settings, Source, Status};
use allonet_core::fault::Fault;
use allonet_core::mechanism::{Allocation, Blueprint, Mechanism, Outcome, Refusal, Turn};
use allonet_core::paying::{CAP, CAP_OVERFLOW, MINIMUM, Terms, main_asset};

use super::quotation::{self, Quotation};
use super::reading::{PARAMETERS, RULE, rule_settings};
use super::settled::{Settled, payable};
use crate::comparisons::{Comparisons, Reading};
use crate::market::resolution::answers_of_jury;
use crate::market::weights::{PriceWeight, Reader, weights};
use crate::market::{Action, Log, MarketError, Replay};

// --- Card -------------------------------------------------------------------

/// What the rule says of itself.
pub static CARD: Card = Card {
    id: "prediction-market",
    title: "Prediction market",
    family: Family::Weights,
    formula: "payout ∝ p, last prices or means over a window, of markets deep enough",
    status: Status::Preview { since: "0.1.0" },
    sources: &[
        Source {
            cite: "Hanson (2003), Combinatorial information market design",
            url: "https://doi.org/10.1023/A:1022058209073",
        },
        Source {
            cite: "Adams, Zinsmeister, Robinson (2020), Uniswap v2 Core, §2.2",
            url: "https://uniswap.org/whitepaper.pdf",
        },
    ],
    settings: &[
        Setting {
            name: "log",
            kind: Kind::File,
            default: Absent::Required,
            doc: "The market's log in order of time, columns `time`, `trader`, `action`, \
                  `outcome`, `amount`, and for pools more.",
        },
        Setting {
            name: "settlement",
            kind: Kind::Choice(&["last", "twap"]),
            default: Absent::Default("last"),
            doc: "Whether weights follow the last prices, or their means by time over `window`.",
        },
        Setting {
            name: "window",
            kind: Kind::Integer { min: 1, max: 315_360_000 },
            default: Absent::Default("604800"),
            doc: "Over how many seconds before the end means are taken, and prices watched for \
                  unrest.",
        },
        Setting {
            name: "at",
            kind: Kind::Time,
            default: Absent::None("the first ruling, or else the last event"),
            doc: "When trading ended; later events are not looked at.",
        },
        Setting {
            name: "min_depth",
            kind: Kind::Number { min: 0.0, max: 1e36 },
            default: Absent::Default("0"),
            doc: "Base units of collateral: an outcome gets no weight if fewer move its price up \
                  by a tenth.",
        },
        Setting {
            name: "max_volatility",
            kind: Kind::Number { min: 0.0, max: 1_000.0 },
            default: Absent::Default("0.3"),
            doc: "The report asks for a jury where the logarithm of a price varies more than this, \
                  as a standard deviation over `window`.",
        },
        Setting {
            name: "comparisons",
            kind: Kind::File,
            default: Absent::None("no jury is compared"),
            doc: "What a jury said, columns `item_a`, `item_b`, `winner`, to show beside the \
                  prices; it changes no weight.",
        },
        Setting { default: Absent::None("least-squares"), ..RULE },
        PARAMETERS,
        CAP,
        CAP_OVERFLOW,
        MINIMUM,
    ],
    actions: &[],
    reads: &[],
    emits: &["weights"],
};

// --- Settings ---------------------------------------------------------------

/// The weights that prices make.
#[derive(Debug)]
pub struct PredictionMarket(Settled);

/// Reads the log and plays it.
pub fn build(blueprint: &Blueprint<'_>) -> Result<Box<dyn Mechanism>, Vec<Fault>> {
    let settings = blueprint.settings;
    let terms = Terms::read(settings, main_asset(blueprint)?).map_err(|fault| vec![fault])?;
    let (replay, end) = played(settings)?;
    let names = replay.market.outcomes();
    let payees = payable(names)?;
    let found = weighed(settings, &replay, end)
        .map_err(|error| vec![Fault::from(error).at_some(settings.place("log"))])?;
    let window = settings.integer("window").unwrap_or(0);
    let quotation = Quotation { replay: &replay, found: &found, end, window };
    let mut shown = quotation::of(&quotation);
    if let Some(jury) = jury(settings, names)? {
        let beside = quotation::beside_jury(&quotation, &jury);
        let (table, remark) = beside.ok_or_else(|| vec![nothing_common(settings)])?;
        shown.exhibits.push(table);
        shown.remarks.push(remark);
    }
    Ok(Box::new(PredictionMarket(Settled {
        payees,
        weights: found.iter().map(|part| part.weight).collect(),
        terms,
        notes: quotation::notes(&found),
        remarks: shown.remarks,
        exhibits: shown.exhibits,
    })))
}

/// The market when trading ended, and when that was.
fn played(settings: &Settings) -> Result<(Replay, i64), Vec<Fault>> {
    let file = settings.file("log").ok_or_else(|| vec![no_log()])?;
    let log = Log::read(file)?;
    // Also what comes after the end has to be a market's log.
    let whole = log.replay()?;
    let ruled = log.events.iter().position(|event| event.action == Action::Resolve);
    let ruling = ruled.map(|at| log.events[at].time);
    let at = settings.time("at");
    if at.zip(ruling).is_some_and(|(at, ruling)| at > ruling) {
        return Err(vec![after_ruling(settings)]);
    }
    let Some(end) = at.or(ruling).or_else(|| log.events.last().map(|event| event.time)) else {
        return Err(vec![Fault::new("empty-log", format!("{} has no events", file.path))]);
    };
    let seen = log.events.partition_point(|event| event.time <= end);
    let seen = ruled.map_or(seen, |ruled| ruled.min(seen));
    let replay = if seen == log.events.len() {
        whole
    } else {
        Log::new(log.events[..seen].to_vec()).replay()?
    };
    match replay.market.broken_law() {
        None => Ok((replay, end.unix())),
        Some(broken) => Err(vec![not_backed(&broken)]),
    }
}

/// Prices and weights, in the order of outcomes.
fn weighed(
    settings: &Settings,
    replay: &Replay,
    end: i64,
) -> Result<Vec<PriceWeight>, MarketError> {
    let closed = || MarketError::NoLiquidity { what: "a market that never opened".to_owned() };
    let depths = replay.market.maker().ok_or_else(closed)?.depths();
    let reader = Reader {
        window: settings.integer("window").unwrap_or(0),
        min_depth: settings.number("min_depth").unwrap_or(0.0),
        max_volatility: settings.number("max_volatility"),
    };
    let mut found = weights(&replay.quotes, &depths, end, &reader)?;
    if settings.text("settlement") != Some("twap") {
        let last = weights(&replay.quotes, &depths, end, &Reader { window: 0, ..reader })?;
        for (part, last) in found.iter_mut().zip(last) {
            part.weight = last.weight;
        }
    }
    Ok(found)
}

/// What a jury says of the outcomes.
fn jury(settings: &Settings, names: &[String]) -> Result<Option<Vec<Option<u128>>>, Vec<Fault>> {
    let Some(file) = settings.file("comparisons") else {
        let idle: Vec<Fault> = ["rule", "parameters"]
            .into_iter()
            .filter(|name| settings.get(name).is_some())
            .map(|name| idle(settings, name))
            .collect();
        return if idle.is_empty() { Ok(None) } else { Err(idle) };
    };
    let (rule, parameters) = rule_settings(settings).map_err(|fault| vec![fault])?;
    let comparisons = Comparisons::read(file, &Reading::default())?;
    answers_of_jury(&comparisons, names, &rule, &parameters)
        .map(Some)
        .map_err(|error| vec![Fault::from(error).at_some(settings.place("comparisons"))])
}

// --- Signals ----------------------------------------------------------------

// It emits `weights`: the weight of each outcome, adding up to one.

// --- Refusals ---------------------------------------------------------------

fn no_log() -> Fault {
    Fault::new("no-log", "there is no log of a market").help("add `log = \"log.csv\"`")
}

fn after_ruling(settings: &Settings) -> Fault {
    Fault::new("idle-setting", "`at` changes nothing: the market was ruled on before")
        .at_some(settings.place("at"))
        .help("leave `at` out, or write an earlier moment")
}

fn not_backed(broken: &str) -> Fault {
    Fault::new("not-backed", format!("collateral was lost or made: {broken}"))
}

fn idle(settings: &Settings, name: &str) -> Fault {
    Fault::new("idle-setting", format!("`{name}` changes nothing without a jury"))
        .at_some(settings.place(name))
        .help("add `comparisons = \"comparisons.csv\"`")
}

fn nothing_common(settings: &Settings) -> Fault {
    Fault::new("nothing-common", "the jury compared no outcome that has a weight")
        .at_some(settings.place("comparisons"))
        .help("items of the jury are written as outcomes of the log are")
}

// --- Rule -------------------------------------------------------------------

impl Mechanism for PredictionMarket {
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
    use allonet_core::card::Value;
    use allonet_core::exhibit::{Cell, Exhibit};
    use allonet_core::maths::{exp, ln};
    use allonet_core::trial::{Trial, TurnResult};
    use proptest::prelude::*;

    use crate::trial_of;

    /// Two outcomes in a scoring rule of b = 1,000,000.
    fn log(rows: &str) -> String {
        format!(
            "time,trader,action,outcome,amount,tokens,fee_ppm,note\n\
             2026-01-01,op,list,x,,,,\n2026-01-01,op,list,y,,,,\n\
             2026-01-01,op,deposit,,9000000,,,\n2026-01-01,op,open-lmsr,,1000000,,,\n{rows}"
        )
    }

    /// To 0.75 : 0.25 with b ln 2.
    const UP: &str = "2026-01-04,op,buy,x,693147,,,\n";

    fn trial(rows: &str) -> Trial {
        trial_of("prediction-market").file("log", &log(rows))
    }

    fn run(trial: &Trial) -> TurnResult {
        trial.run(100_000).unwrap()
    }

    fn paid(result: &TurnResult) -> Vec<u128> {
        result.payees.iter().map(|payee| result.paid(payee).to_u128().unwrap()).collect()
    }

    fn refused(trial: &Trial) -> String {
        trial.run(100).unwrap_err().to_string()
    }

    fn at(moment: &str) -> Value {
        Value::Time(moment.parse().unwrap())
    }

    fn table<'a>(result: &'a TurnResult, title: &str) -> &'a Exhibit {
        result.outcome.exhibits.iter().find(|table| table.title == title).unwrap()
    }

    fn number(cell: &Cell) -> f64 {
        match cell {
            Cell::Number(number) => *number,
            Cell::Text(text) => panic!("`{text}` is no number"),
        }
    }

    // Worked examples.

    #[test]
    fn last_prices_and_means_differ() {
        // 0.5 for three days, 0.75 for one: the mean is 0.5625.
        let moved = trial(UP).set("at", at("2026-01-05"));
        assert_eq!(paid(&run(&moved)), [75_000, 25_000]);
        let twap = moved.text("settlement", "twap").set("window", Value::Integer(4 * 86_400));
        assert_eq!(paid(&run(&twap)), [56_250, 43_750]);
        // Of the last two days each price stood one: 0.625.
        assert_eq!(paid(&run(&twap.set("window", Value::Integer(172_800)))), [62_500, 37_500]);
    }

    #[test]
    fn trading_ends_with_at_or_the_ruling() {
        assert_eq!(paid(&run(&trial(UP).set("at", at("2026-01-03")))), [50_000, 50_000]);
        let ruled = "2026-01-02,op,answer,y,1,,,\n2026-01-02,op,resolve,,,,,seen\n";
        assert_eq!(paid(&run(&trial(ruled))), [50_000, 50_000]);
    }

    /// Pools of 4,000,000 and 1,000,000 of collateral, for as many tokens of both.
    fn pools() -> Trial {
        let rows = "2026-01-01,op,open-constant-product,,,,3000,\n\
                    2026-01-01,op,mint,,10000000,,,\n\
                    2026-01-01,op,add,x,4000000,8000000,,\n2026-01-01,op,add,y,1000000,8000000,,\n";
        let log = log(rows).replace("2026-01-01,op,open-lmsr,,1000000,,,\n", "");
        trial_of("prediction-market").file("log", &log.replace("9000000", "15000000"))
    }

    #[test]
    fn thin_markets_are_paid_nothing() {
        assert_eq!(paid(&run(&pools())), [80_000, 20_000]);
        // A tenth up is √1.1 − 1 = 4.9 % of a pool: 195,000 and 49,000 units.
        let deep = run(&pools().set("min_depth", Value::Number(100_000.0)));
        assert_eq!(paid(&deep), [100_000, 0]);
        assert!(deep.outcome.remarks.iter().any(|told| told.contains("too thin to count")));
        let none = pools().set("min_depth", Value::Number(200_000.0));
        assert!(refused(&none).contains("every outcome's market"));
    }

    #[test]
    fn how_firm_says_what_a_point_costs() {
        // b ln(0.50 / 0.49) = 20,203; tokens worth half a unit each come back.
        let result = run(&trial(""));
        let row = &table(&result, "How firm").rows[0];
        assert!((number(&row[3]) - 20_203.0).abs() < 2.0, "{row:?}");
        let tokens = 1e6 * ln(1.0 + (exp(0.020_203) - 1.0) / 0.5);
        assert!((number(&row[4]) - (20_203.0 - 0.5 * tokens)).abs() < 2.0, "{row:?}");
        // In pools the other price stays: 0.81 / 0.19 · 0.125 = 0.5329, from 0.5.
        let result = run(&pools());
        let row = &table(&result, "How firm").rows[0];
        assert!((number(&row[2]) - 0.532_894_7).abs() < 1e-6, "{row:?}");
        let money = 4e6 * ((0.532_894_7_f64 / 0.5).sqrt() - 1.0) / 0.997;
        assert!((number(&row[3]) - money).abs() < 2.0, "{row:?} {money}");
    }

    #[test]
    fn restless_prices_ask_for_a_jury() {
        let remarks = |most: f64| {
            let moved = trial(UP).set("at", at("2026-01-05"));
            run(&moved.set("max_volatility", Value::Number(most))).outcome.remarks.join("\n")
        };
        // ln 1.5 · √(3/16) = 0.176 and ln 2 · √(3/16) = 0.300.
        assert!(remarks(0.17).contains("before money moves: x, y"), "{}", remarks(0.17));
        assert!(remarks(0.29).contains("before money moves: y"));
        assert!(!remarks(0.31).contains("before money moves"));
    }

    #[test]
    fn a_jury_stands_beside_the_market() {
        // The market says 0.75, the jury 0.6.
        let jury = "item_a,item_b,winner,multiplier\nx,y,x,1.5\n";
        let result = run(&trial(UP).file("comparisons", jury));
        assert_eq!(paid(&result), [75_000, 25_000]);
        let row = &table(&result, "Market and jury").rows[0];
        assert!((number(&row[2]) - 0.6).abs() < 1e-9 && (number(&row[3]) - 0.15).abs() < 1e-6);
        let told = result.outcome.remarks.join("\n");
        assert!(told.contains("15.0 % of the money"), "{told}");
    }

    // Refusals.

    #[test]
    fn settings_that_change_nothing_are_refused() {
        let told = refused(&trial(UP).text("rule", "least-squares"));
        assert!(told.contains("`rule` changes nothing"), "{told}");
        let told = refused(&trial(UP).list("parameters", &["prior=1"]));
        assert!(told.contains("`parameters` changes nothing"), "{told}");
        let ruled = "2026-01-02,op,answer,x,1,,,\n2026-01-02,op,resolve,,,,,seen\n";
        let told = refused(&trial(ruled).set("at", at("2026-01-03")));
        assert!(told.contains("`at` changes nothing"), "{told}");
    }

    #[test]
    fn markets_without_prices_and_juries_of_other_things_are_refused() {
        let told = refused(&trial(UP).set("at", at("2025-01-01")));
        assert!(told.contains("never opened"), "{told}");
        let told = refused(&trial("2026-01-02,ann,buy,x,5,,,\n"));
        assert!(told.contains("`ann` holds 0"), "{told}");
        let told = refused(&trial_of("prediction-market").file("log", "time,trader,action\n"));
        assert!(told.contains("no events"), "{told}");
        let jury = "item_a,item_b,winner,multiplier\nv,w,v,2\n";
        let told = refused(&trial(UP).file("comparisons", jury));
        assert!(told.contains("no outcome that has a weight"), "{told}");
        let unseen = log(UP).replace(",x,", ",x\u{200b},");
        let told = refused(&trial_of("prediction-market").file("log", &unseen));
        assert!(told.contains("invisible character"), "{told}");
    }

    // Laws.

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn buying_raises_the_weight_and_all_is_paid(money in 1_000_u32..5_000_000) {
            let rows = format!("2026-01-02,op,buy,x,{money},,,\n");
            let result = run(&trial(&rows));
            let paid = paid(&result);
            prop_assert_eq!(paid.iter().sum::<u128>(), 100_000);
            prop_assert!(paid[0] > 50_000);
            // Exchanging the names exchanges the payouts.
            let other = run(&trial(&rows.replace(",x,", ",y,")));
            prop_assert!(paid[0].abs_diff(other.paid("y").to_u128().unwrap()) <= 1);
        }
    }

    // Reference: prices by the cost function, and the mean hour by hour.

    #[test]
    fn a_mean_is_that_of_all_hours() {
        let trades = [(30_u32, "x", 400_000_u32), (50, "y", 900_000), (71, "x", 100_000)];
        let rows = trades.map(|(hour, name, money)| {
            format!("2026-01-0{}T{:02}:00:00Z,op,buy,{name},{money},,,\n", 1 + hour / 24, hour % 24)
        });
        // The price of what is not bought falls by e^(−m/b).
        let mut price_of_x = 0.5;
        let mut sum = 0.0;
        for hour in 0..80 {
            for (_, name, money) in trades.iter().filter(|(traded, _, _)| *traded == hour) {
                let shrink = exp(-f64::from(*money) / 1e6);
                let to_x = 1.0 - (1.0 - price_of_x) * shrink;
                price_of_x = if *name == "x" { to_x } else { price_of_x * shrink };
            }
            if hour >= 20 {
                sum += price_of_x;
            }
        }
        let twap = trial(&rows.concat())
            .text("settlement", "twap")
            .set("window", Value::Integer(60 * 3_600))
            .set("at", at("2026-01-04T08:00:00Z"));
        let result = twap.run(1_000_000).unwrap();
        let found = result.paid("x").to_f64();
        assert!((found - sum / 60.0 * 1e6).abs() < 3.0, "{found} for {sum}");
    }
}
