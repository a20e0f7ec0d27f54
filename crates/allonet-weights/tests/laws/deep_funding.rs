//! Random dependency graphs, and juries who compare what one project needs.

use std::fmt::Write as _;

use allonet_core::card::Value;
use allonet_laws::{Case, Draw, Maker};
use allonet_weights::trial_of;

pub(crate) const MAKERS: &[Maker] = &[("deep-funding", deep_funding)];

fn deep_funding(draw: &mut Draw) -> Case {
    let nodes = 3 + draw.below(6);
    let mut graph = "repo,parent,weight\n".to_owned();
    let mut below_root = Vec::new();
    for parent in 0..nodes {
        for node in 1..nodes {
            if node != parent && (parent == 0 || draw.chance(4)) {
                writeln!(graph, "n{node},n{parent},{}", 1 + draw.below(9)).expect("a text grows");
                if parent == 0 {
                    below_root.push(node);
                }
            }
        }
    }
    let mut trial = trial_of("deep-funding").file("graph", &graph).list("roots", &["n0"]);
    if !draw.chance(4) {
        let mut answers = "parent,juror,item_a,item_b,winner,multiplier\n".to_owned();
        for _ in 0..=draw.below(12) {
            let (a, b) = (below_root[draw.below(below_root.len())], 1 + draw.below(nodes - 1));
            let (juror, winner) = (draw.below(3), 1 + draw.below(2));
            let times = 1 + draw.below(20);
            if a != b {
                writeln!(answers, "n0,j{juror},n{a},n{b},{winner},{times}").expect("a text grows");
            }
        }
        if answers.lines().count() > 1 {
            trial = trial.file("comparisons", &answers);
        }
    }
    if draw.chance(3) {
        let own = draw.below(101);
        let table = format!("repo,originality\nn{},0.{own:03}\n", 1 + draw.below(nodes - 1));
        trial = trial.file("originality", &table);
    }
    if draw.chance(3) {
        trial = trial.scores("weights", &[("n1", 1.0), ("n2", 0.5)]);
    }
    if draw.chance(3) {
        let own = draw.below(101) as f64 / 100.0;
        trial = trial.scores("originality", &[("n1", own), ("stranger", 1.0)]);
    }
    let replicates = if draw.chance(40) { 5 } else { 0 };
    trial = trial.set("replicates", Value::Integer(replicates));
    Case { trial, pool: draw.pool(), unordered: &["graph", "comparisons", "originality"] }
}
