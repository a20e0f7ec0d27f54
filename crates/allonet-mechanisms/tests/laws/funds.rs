//! Random funds: by rank, by public figures, by time as a member.

use std::fmt::Write as _;

use allonet_core::card::Value;
use allonet_mechanisms::trial::{Trial, trial_of};

use allonet_laws::Draw;
use allonet_laws::{Case, Maker};

pub(crate) const MAKERS: &[Maker] =
    &[("criticality", criticality), ("guild", guild), ("rank-zipf", rank_zipf)];

fn limits(draw: &mut Draw, trial: Trial) -> Trial {
    match draw.below(3) {
        0 => trial.set("cap", Value::Share("30%".parse().expect("a share"))),
        1 => trial.text("minimum", "50"),
        _ => trial,
    }
}

fn criticality(draw: &mut Draw) -> Case {
    let mut metrics = "project,downloads,dependent_packages,dependent_repos\n".to_owned();
    for project in 0..=draw.below(9) {
        let [a, b, c] = [(); 3].map(|()| draw.amount());
        writeln!(metrics, "p{project},{a},{b},{c}").expect("a text grows");
    }
    let scale = draw.one(&["max", "log", "min-max"]);
    let trial = trial_of("criticality").file("metrics", &metrics).text("scale", scale);
    let trial = limits(draw, trial);
    Case { trial, pool: draw.pool(), unordered: &["metrics"] }
}

fn guild(draw: &mut Draw) -> Case {
    let mut members = "member,joined,left,part\n".to_owned();
    let mut breaks = "member,from,until\n".to_owned();
    for member in 0..=draw.below(8) {
        let (year, month, day) = (2015 + draw.below(10), 1 + draw.below(12), 1 + draw.below(28));
        let left = if draw.chance(4) { "2025-06-01" } else { "" };
        let part = draw.one(&["", "50%", "1", "1/3"]);
        writeln!(members, "m{member},{year}-{month:02}-{day:02},{left},{part}")
            .expect("a text grows");
        if draw.chance(3) {
            let until = if draw.chance(2) { "2025-04-11" } else { "" };
            writeln!(breaks, "m{member},2024-{month:02}-{day:02},{until}").expect("a text grows");
        }
    }
    let trial = trial_of("guild")
        .file("members", &members)
        .file("breaks", &breaks)
        .set("as_of", Value::Time("2026-01-01".parse().expect("a date")))
        .text("months", draw.one(&["exact", "whole"]));
    Case { trial, pool: draw.pool(), unordered: &["members", "breaks"] }
}

fn rank_zipf(draw: &mut Draw) -> Case {
    let voted = draw.chance(2);
    let mut ranking = if voted { "voter,project,rank\n" } else { "project,score\n" }.to_owned();
    for voter in 0..if voted { 1 + draw.below(6) } else { 1 } {
        for project in 0..=draw.below(8) {
            if draw.chance(3) {
                continue;
            }
            let rank = if draw.chance(8) { String::new() } else { draw.below(9).to_string() };
            let ballot = if voted { format!("v{voter},") } else { String::new() };
            writeln!(ranking, "{ballot}p{project},{rank}").expect("a text grows");
        }
    }
    let mut trial = trial_of("rank-zipf")
        .file("ranking", &ranking)
        .text("ballots", draw.one(&["borda", "mean-rank"]));
    if draw.chance(3) {
        trial = trial.set("s", Value::Number(1.6));
    }
    if draw.chance(3) {
        trial = trial.scores("power", &[("v0", 1.0), ("v1", 0.3)]);
    }
    let trial = limits(draw, trial);
    Case { trial, pool: draw.pool(), unordered: &["ranking"] }
}
