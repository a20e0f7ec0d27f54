//! Random juries of a few people and items.

use std::fmt::Write as _;

use allonet_core::card::Value;
use allonet_laws::{Case, Draw, Maker};
use allonet_weights::trial_of;

pub(crate) const MAKERS: &[Maker] = &[("jury", jury)];

fn jury(draw: &mut Draw) -> Case {
    let items = 2 + draw.below(5);
    let mut table = "juror,item_a,item_b,winner,multiplier\n".to_owned();
    // A chain joins all; more answers contradict it.
    let mut answers: Vec<(usize, usize)> = (1..items).map(|item| (item - 1, item)).collect();
    for _ in 0..draw.below(12) {
        let pair = (draw.below(items), draw.below(items));
        if pair.0 != pair.1 {
            answers.push(pair);
        }
    }
    for (a, b) in answers {
        let (juror, winner, times) = (draw.below(4), 1 + draw.below(2), 1 + draw.below(30));
        writeln!(table, "j{juror},i{a},i{b},{winner},{times}").expect("a text grows");
    }
    let mut trial = trial_of("jury").file("comparisons", &table);
    // Drawn juries and all that is shown of them take most of the time.
    if draw.chance(100) {
        trial = trial.set("replicates", Value::Integer(4));
    } else {
        trial = trial.set("replicates", Value::Integer(0));
    }
    if draw.chance(3) {
        trial = trial.set("clip", Value::Number(5.0));
    }
    Case { trial, pool: draw.pool(), unordered: &["comparisons"] }
}
