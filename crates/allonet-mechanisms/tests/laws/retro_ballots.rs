//! Random rounds of retroactive funding.

use std::fmt::Write as _;

use allonet_core::card::Value;
use allonet_mechanisms::trial::{Trial, trial_of};

use allonet_laws::Draw;
use allonet_laws::{Case, Maker};

pub(crate) const MAKERS: &[Maker] = &[
    ("capped-shares", capped_shares),
    ("iterative-elimination", iterative_elimination),
    ("moving-phantoms", moving_phantoms),
    ("retro-ballots", retro_ballots),
];

fn retro_ballots(draw: &mut Draw) -> Case {
    let mut trial = ballots("retro-ballots", draw);
    match draw.below(7) {
        0 => trial = trial.text("parity", "drips"),
        1 => trial = trial.text("parity", "easy-retro-pgf"),
        2 => trial = trial.text("payout", "score").set("factor", Value::Number(0.25)),
        3 => trial = trial.text("absent", "zero").text("minimum", "2.5"),
        4 => trial = trial.set("least_score", Value::Number(3.0)),
        5 => {
            let limits = "voter,max_per_voter\nv1,5\nv2,\n";
            trial = trial.file("limits", limits).text("over_budget", "drop");
        }
        _ => trial = trial.set("cap", Value::Share("20%".parse().expect("a share"))),
    }
    Case { trial, pool: draw.pool(), unordered: &["votes", "limits"] }
}

fn iterative_elimination(draw: &mut Draw) -> Case {
    let mut trial = ballots("iterative-elimination", draw);
    if draw.chance(2) {
        trial = trial.text("minimum", draw.one(&["0.01", "25", "1000"]));
    }
    if draw.chance(3) {
        trial = trial.text("drop", "lowest");
    }
    Case { trial, pool: draw.pool(), unordered: &["votes"] }
}

fn moving_phantoms(draw: &mut Draw) -> Case {
    let mut trial = trial_of("moving-phantoms").file("votes", &draw.votes(9, 6));
    if draw.chance(3) {
        trial = trial.text("parity", "govxs");
    }
    Case { trial: powered(trial, draw), pool: draw.pool(), unordered: &["votes"] }
}

fn capped_shares(draw: &mut Draw) -> Case {
    let mut table = "id,score\n".to_owned();
    for project in 0..=draw.below(11) {
        writeln!(table, "p{project},{}", draw.amount()).expect("a text grows");
    }
    let mut trial = trial_of("capped-shares").file("scores", &table);
    if draw.chance(2) {
        trial = trial.text("minimum", draw.one(&["0.01", "25"]));
    }
    if draw.chance(2) {
        trial = trial.set("cap", Value::Share("30%".parse().expect("a share")));
    }
    if draw.chance(4) {
        trial = trial.text("parity", "optimism").text("budget", "0.50");
    }
    Case { trial, pool: draw.pool(), unordered: &["scores"] }
}

/// Ballots under one of three statistics and sometimes a quorum and powers.
fn ballots(mechanism: &str, draw: &mut Draw) -> Trial {
    let mut trial = trial_of(mechanism).file("votes", &draw.votes(9, 6));
    trial = trial.text("statistic", draw.one(&["median", "average", "sum"]));
    if draw.chance(3) {
        trial = trial.set("quorum", Value::Integer(2));
    }
    powered(trial, draw)
}

fn powered(trial: Trial, draw: &mut Draw) -> Trial {
    if draw.chance(4) {
        trial.scores("power", &[("v0", 1.0), ("v1", 0.3), ("v2", 2.5), ("v3", 0.0)])
    } else {
        trial
    }
}
