//! Random rounds of voice credits, streams and quadratic ballots.

use std::fmt::Write as _;

use allonet_core::card::Value;
use allonet_mechanisms::trial::trial_of;

use allonet_laws::Draw;
use allonet_laws::{Case, Maker};

pub(crate) const MAKERS: &[Maker] = &[
    ("allo-quadratic", allo_quadratic),
    ("maci", maci),
    ("proper-quadratic", proper_quadratic),
    ("quadratic-ballots", quadratic_ballots),
    ("streaming-quadratic", streaming_quadratic),
];

fn number(draw: &mut Draw, end: usize) -> i64 {
    i64::try_from(draw.below(end)).expect("a small number")
}

/// A table with so many votes below `end` at most, nobody twice for one project.
fn whole_votes(draw: &mut Draw, header: &str, end: usize) -> String {
    let mut table = format!("{header}\n");
    for voter in 0..=draw.below(8) {
        for project in 0..=draw.below(5) {
            if !draw.chance(3) {
                let votes = draw.below(end);
                writeln!(table, "v{voter},p{project},{votes}").expect("a text grows");
            }
        }
    }
    table
}

fn maci(draw: &mut Draw) -> Case {
    let mut trial = trial_of("maci").set("voice_credit_factor", Value::Integer(1));
    if draw.chance(2) {
        let mut table = "project,tally,spent\n".to_owned();
        for project in 0..=draw.below(6) {
            let votes = draw.below(1_000);
            let spent = votes + draw.below(votes * (votes.max(1) - 1) + 1);
            writeln!(table, "p{project},{votes},{spent}").expect("a text grows");
        }
        trial = trial.file("tally", &table);
    } else {
        trial = trial.file("votes", &whole_votes(draw, "voter,project,votes", 40));
        if draw.chance(3) {
            trial = trial.file("credits", "voter,credits\nv0,900\nv1,90\nv2,9000\nv3,1\n");
            trial = trial.text("over_budget", draw.one(&["refuse", "drop", "drop", "drop"]));
        }
    }
    if draw.chance(2) {
        trial = trial.text("variant", "linear");
    }
    let unordered = &["tally", "votes", "credits"];
    Case { trial, pool: draw.pool(), unordered }
}

fn proper_quadratic(draw: &mut Draw) -> Case {
    let mut trial = trial_of("proper-quadratic");
    if draw.chance(3) {
        trial = trial.text("amounts", "weights");
        trial = trial.file("votes", &whole_votes(draw, "voter,project,amount", 9_000));
    } else {
        trial = trial.file("votes", &draw.votes(10, 6));
    }
    match draw.below(4) {
        0 => trial = trial.set("alpha", Value::Share("1/3".parse().expect("a share"))),
        1 => {
            let deposits = "voter,amount\nv0,9000\nv1,90\nv2,100000\nv3,0\n";
            trial = trial.file("deposits", deposits).text("over_budget", "drop");
        }
        _ => {}
    }
    Case { trial, pool: draw.pool(), unordered: &["votes", "deposits"] }
}

fn streaming_quadratic(draw: &mut Draw) -> Case {
    let mut table = "time,allocator,recipient,rate\n".to_owned();
    let mut log = String::new();
    for minute in 0..=draw.below(20) {
        let (allocator, project) = (draw.below(5), draw.below(4));
        let rate = if draw.chance(4) { 0 } else { draw.number() >> draw.below(60) };
        let time = format!("2026-01-01T00:{minute:02}:00Z");
        writeln!(table, "{time},v{allocator},p{project},{rate}").expect("a text grows");
        let action = draw.one(&["start", "start", "update", "stop"]);
        let who = format!(r#""time":"{time}","actor":"v{allocator}","action":"{action}""#);
        writeln!(log, r#"{{{who},"to":"p{project}","rate":{rate}}}"#).expect("a text grows");
    }
    let mut trial = trial_of("streaming-quadratic");
    trial = if draw.chance(3) {
        trial.log(&log).expect("the log is well formed")
    } else {
        trial.file("flows", &table)
    };
    match draw.below(5) {
        0 => trial = trial.text("parity", "superfluid"),
        1 => trial = trial.file("scores", "voter,score\nv0,20\nv1,15\nv2,3\nv3,99.5\n"),
        2 => trial = trial.scores("trust", &[("v0", 0.5), ("v1", 2.0), ("v3", 0.0)]),
        3 => trial = trial.set("cap", Value::Share("40%".parse().expect("a share"))),
        _ => {}
    }
    Case { trial, pool: draw.pool(), unordered: &["flows", "scores"] }
}

fn allo_quadratic(draw: &mut Draw) -> Case {
    let most = 1 + number(draw, 400);
    let trial = trial_of("allo-quadratic")
        .file("ballots", &whole_votes(draw, "allocator,recipient,credits", 100))
        .set("max_credits", Value::Integer(most));
    let mut trial = trial.text("over_budget", draw.one(&["refuse", "revert", "revert"]));
    if draw.chance(3) {
        trial = trial.file("recipients", "id,status\np0,Accepted\np1,2\np2,Pending\np3,accepted\n");
    }
    Case { trial, pool: draw.pool(), unordered: &["ballots", "recipients"] }
}

fn quadratic_ballots(draw: &mut Draw) -> Case {
    let mut trial = trial_of("quadratic-ballots").file("votes", &draw.votes(10, 6));
    trial = trial.text("over_budget", draw.one(&["drop", "scale"]));
    match draw.below(5) {
        0 => trial = trial.text("payout", "roots"),
        1 => trial = trial.scores("power", &[("v0", 1.0), ("v1", 0.25), ("v2", 0.0)]),
        2 => trial = trial.set("cap", Value::Share("30%".parse().expect("a share"))),
        3 => trial = trial.text("minimum", "5"),
        _ => trial = trial.set("budget", Value::Number(1e15)),
    }
    Case { trial, pool: draw.pool(), unordered: &["votes"] }
}
