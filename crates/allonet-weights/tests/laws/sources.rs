//! Random opinions of a few sources about a few items.

use std::fmt::Write as _;

use allonet_core::card::Value;
use allonet_laws::{Case, Draw, Maker};
use allonet_weights::trial_of;

pub(crate) const MAKERS: &[Maker] =
    &[("expert-weights", expert_weights), ("originality", originality), ("weight-mix", weight_mix)];

fn expert_weights(draw: &mut Draw) -> Case {
    let (experts, items) = (1 + draw.below(4), 1 + draw.below(5));
    let mut table = "expert,item,weight,voice,reason\n".to_owned();
    for expert in 0..experts {
        let voice = 1 + draw.below(3);
        // Cuts of 100, at least 1 each.
        let mut left = 100 - items;
        for item in 0..items {
            let more = if item + 1 == items { left } else { draw.below(left + 1) };
            left -= more;
            writeln!(table, "e{expert},i{item},{},{voice},r", 1 + more).expect("a text grows");
        }
    }
    let how = ["geometric", "arithmetic", "median"];
    let mut trial =
        trial_of("expert-weights").file("experts", &table).text("combination", draw.one(&how));
    if draw.chance(4) {
        trial = trial.set("cap", Value::Share("40%".parse().expect("a share")));
    }
    Case { trial, pool: draw.pool(), unordered: &["experts"] }
}

fn originality(draw: &mut Draw) -> Case {
    let mut table = "repo,juror,originality\n".to_owned();
    for repo in 0..=draw.below(4) {
        for juror in 0..=draw.below(5) {
            let answer = 1 + draw.below(99);
            writeln!(table, "r{repo},j{juror},0.{answer:02}").expect("a text grows");
        }
    }
    let mut trial = trial_of("originality").file("answers", &table);
    if draw.chance(2) {
        trial = trial.set("strength", Value::Number(3.0)).set("prior", Value::Number(0.4));
    }
    Case { trial, pool: draw.pool(), unordered: &["answers"] }
}

fn weight_mix(draw: &mut Draw) -> Case {
    let (sources, items) = (1 + draw.below(4), 1 + draw.below(5));
    let mut table = "source,item,weight\n".to_owned();
    let rare_zero = 5 + draw.below(40);
    for source in 0..sources {
        for item in 0..items {
            let weight = if draw.chance(rare_zero) { 0 } else { 1 + draw.below(1_000) };
            writeln!(table, "s{source},i{item},{weight}").expect("a text grows");
        }
    }
    let how = ["geometric", "arithmetic", "median", "max-min"];
    let mut trial =
        trial_of("weight-mix").file("table", &table).text("combination", draw.one(&how));
    if draw.chance(3) {
        trial = trial.scores("weights", &[("i0", 2.0), ("i1", 1.0), ("stranger", 0.5)]);
    }
    if draw.chance(3) {
        trial = trial.list("shares", &["s0=3"]);
    }
    if !draw.chance(3) {
        trial = trial.set("floor", Value::Number(0.001));
    }
    if draw.chance(2) {
        let fee = format!("{}/97", 1 + draw.below(96)).parse().expect("a share");
        let mut curators = "source,payee\n".to_owned();
        for source in 0..=draw.below(sources) {
            writeln!(curators, "s{source},c{}", draw.below(2)).expect("a text grows");
        }
        trial = trial.set("fee", Value::Share(fee)).file("curators", &curators);
    }
    if draw.chance(4) {
        trial = trial.set("cap", Value::Share("40%".parse().expect("a share")));
    }
    Case { trial, pool: draw.pool(), unordered: &["table", "curators"] }
}
