//! Random markets: a scoring rule or pools, a few trades, perhaps a jury beside.

use std::fmt::Write as _;

use allonet_core::card::Value;
use allonet_laws::{Case, Draw, Maker};
use allonet_weights::trial_of;

pub(crate) const MAKERS: &[Maker] = &[("prediction-market", market)];

fn market(draw: &mut Draw) -> Case {
    let outcomes = 2 + draw.below(4);
    let mut trial = trial_of("prediction-market").file("log", &log(draw, outcomes));
    if draw.chance(2) {
        trial = trial.text("settlement", "twap");
    }
    if draw.chance(2) {
        let seconds = i64::try_from(1 + draw.below(900_000)).expect("small");
        trial = trial.set("window", Value::Integer(seconds));
    }
    if draw.chance(4) {
        trial = trial.set("min_depth", Value::Number(draw.below(60_000) as f64));
    }
    if draw.chance(4) {
        trial = trial.set("at", Value::Time("2026-01-06".parse().expect("a date")));
    }
    if !draw.chance(3) {
        return Case { trial, pool: draw.pool(), unordered: &[] };
    }
    let mut table = "juror,item_a,item_b,winner,multiplier\n".to_owned();
    for item in 1..outcomes {
        let (winner, times) = (1 + draw.below(2), 1 + draw.below(30));
        writeln!(table, "ann,o{},o{item},{winner},{times}", item - 1).expect("a text grows");
    }
    let trial = trial.file("comparisons", &table);
    Case { trial, pool: draw.pool(), unordered: &["comparisons"] }
}

fn log(draw: &mut Draw, outcomes: usize) -> String {
    let mut log = "time,trader,action,outcome,amount,tokens,fee_ppm\n".to_owned();
    let mut add = |day: usize, rest: &str| {
        writeln!(log, "2026-01-{day:02},op,{rest}").expect("a text grows");
    };
    (0..outcomes).for_each(|at| add(1, &format!("list,o{at},,,")));
    add(1, "deposit,,90000000,,");
    if draw.chance(2) {
        add(1, &format!("open-lmsr,,{},,", 1_000 + draw.below(2_000_000)));
    } else {
        add(1, "open-constant-product,,,,3000");
        add(1, "mint,,20000000,,");
        for at in 0..outcomes {
            add(1, &format!("add,o{at},{},1000000,", 1_000 + draw.below(900_000)));
        }
    }
    for day in 2..2 + draw.below(8) {
        let outcome = draw.below(outcomes);
        add(day, &format!("buy,o{outcome},{},,", 100 + draw.below(200_000)));
    }
    log
}
