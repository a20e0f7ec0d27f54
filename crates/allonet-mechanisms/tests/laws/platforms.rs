//! Random rounds as three platforms divide them.

use std::fmt::Write as _;

use allonet_core::card::Value;
use allonet_mechanisms::trial::{Trial, trial_of};

use allonet_laws::Draw;
use allonet_laws::{Case, Maker};

pub(crate) const MAKERS: &[Maker] = &[("dora", dora), ("giveth", giveth), ("octant", octant)];

fn share(text: &str) -> Value {
    Value::Share(text.parse().expect("a share"))
}

/// A table of voters with a last column of whole numbers below `end`.
pub(crate) fn scores(draw: &mut Draw, end: usize) -> String {
    let mut table = "voter,score\n".to_owned();
    for voter in 0..12 {
        if !draw.chance(4) {
            writeln!(table, "v{voter},{}", draw.below(end)).expect("a text grows");
        }
    }
    table
}

/// A list of some voters or projects, with a reason for each.
pub(crate) fn list(draw: &mut Draw, column: &str, letter: char, count: usize) -> String {
    let mut table = format!("{column},author,reason\n");
    for number in 0..count {
        if draw.chance(4) {
            writeln!(table, "{letter}{number},ops,reason {number}").expect("a text grows");
        }
    }
    table
}

/// Trust in most voters.
pub(crate) fn trust(draw: &mut Draw, trial: Trial) -> Trial {
    let trusts = ["v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7"];
    let trusts = trusts.map(|voter| (voter, [0.0, 0.25, 0.57, 1.0, 3.0][draw.below(5)]));
    trial.scores("trust", &trusts)
}

fn giveth(draw: &mut Draw) -> Case {
    let mut trial = trial_of("giveth").file("votes", &draw.votes(12, 6));
    if draw.chance(2) {
        trial = trial.text("min_donation", "3");
    }
    if draw.chance(3) {
        trial = trial.file("sybils", &list(draw, "voter", 'v', 12));
    }
    if draw.chance(3) {
        trial = trial.file("frauds", &list(draw, "project", 'p', 6));
    }
    if draw.chance(3) {
        trial = trial.file("scores", &scores(draw, 30)).set("score_min", Value::Number(15.0));
    }
    if draw.chance(3) {
        trial = trial.set("cap", share("20%"));
        trial = trial.text("cap_overflow", draw.one(&["keep", "redistribute"]));
    }
    if draw.chance(3) {
        let projects = "id,recipient,cap\np0,v0,\np1,v1,10%\np2,,50%\np3,,\np4,,\n";
        trial = trial.file("projects", projects);
    }
    if draw.chance(4) {
        trial = trust(draw, trial);
    }
    let unordered = &["votes", "sybils", "frauds", "scores", "projects"];
    Case { trial, pool: draw.pool(), unordered }
}

fn octant(draw: &mut Draw) -> Case {
    let mut trial = trial_of("octant").file("votes", &draw.votes(12, 6));
    match draw.below(3) {
        0 => {
            let multiplier = i64::try_from(1 + draw.below(3)).expect("a small number");
            trial = trial.text("variant", "threshold");
            trial = trial.set("threshold_multiplier", Value::Integer(multiplier));
        }
        1 => trial = trial.set("individual_leverage", Value::Bool(true)),
        _ => trial = trial.set("cap", share("50%")).text("cap_overflow", "redistribute"),
    }
    if draw.chance(2) {
        trial = trial.file("scores", &scores(draw, 30));
        trial = trial.file("guests", &list(draw, "voter", 'v', 12));
    }
    if draw.chance(3) {
        trial = trial.file("timeout", &list(draw, "voter", 'v', 12));
    }
    if draw.chance(3) {
        trial = trial.text("proceeds", &draw.amount()).text("patrons", &draw.amount());
        trial = trial.set("locked_ratio", share(draw.one(&["10%", "50%", "90%"])));
    }
    if draw.chance(4) {
        trial = trust(draw, trial);
    }
    Case { trial, pool: draw.pool(), unordered: &["votes", "scores", "guests", "timeout"] }
}

fn dora(draw: &mut Draw) -> Case {
    let mut table = "voter,project,votes\n".to_owned();
    for _ in 0..draw.below(30) {
        let votes = if draw.chance(9) { draw.number() >> 12 } else { draw.number() % 20 };
        let (voter, project) = (draw.below(8), draw.below(5));
        writeln!(table, "v{voter},p{project},{votes}").expect("a text grows");
    }
    let mut trial = trial_of("dora").file("votes", &table);
    if draw.chance(2) {
        trial = trial.text("unit", draw.one(&["0.01", "1", "25.5"]));
        trial = trial.text("tax_to", draw.one(&["operator", "p1"]));
    }
    if draw.chance(3) {
        trial = trial.file("bans", &list(draw, "project", 'p', 5));
    }
    if draw.chance(4) {
        trial = trust(draw, trial);
    }
    Case { trial, pool: draw.pool(), unordered: &["votes", "bans"] }
}
