//! Random votes on lists of choices, and budgets decided by votes.

use std::fmt::Write as _;

use allonet_core::card::Value;
use allonet_mechanisms::trial::trial_of;

use allonet_laws::Draw;
use allonet_laws::{Case, Maker};

pub(crate) const MAKERS: &[Maker] = &[
    ("approval", approval),
    ("copeland", copeland),
    ("equal-shares", equal_shares),
    ("greedy-budget", greedy_budget),
    ("quadratic-vote", quadratic_vote),
    ("ranked-choice", ranked_choice),
    ("single-choice", single_choice),
    ("weighted", weighted),
];

/// A table of ballots; `choice` draws one for so many choices.
fn poll(draw: &mut Draw, mechanism: &str, choice: fn(&mut Draw, usize) -> String) -> Case {
    const NAMES: [&str; 5] = ["a", "b", "c", "d", "e"];
    let choices = 1 + draw.below(NAMES.len());
    let mut votes = "voter,choice,power\n".to_owned();
    for voter in 0..=draw.below(12) {
        let choice = choice(draw, choices);
        let power = if draw.chance(3) { "1".to_owned() } else { draw.amount() };
        writeln!(votes, "v{voter},{choice},{power}").expect("a text grows");
    }
    let mut trial = trial_of(mechanism).list("payees", &NAMES[..choices]).file("votes", &votes);
    match draw.below(4) {
        0 => trial = trial.text("pays", "winner"),
        1 => trial = trial.text("pays", "top").set("seats", Value::Integer(2)),
        _ => {}
    }
    if draw.chance(6) {
        trial = trial.set("threshold", Value::Share("20%".parse().expect("a share")));
    }
    if draw.chance(6) {
        trial = trial.set("cap", Value::Share("40%".parse().expect("a share")));
    }
    if draw.chance(6) {
        trial = trial.set("quorum", Value::Number(3.0));
    }
    if draw.chance(4) {
        trial = trial.scores("power", &[("v0", 1.0), ("v1", 0.3), ("v3", 2.0)]);
    }
    Case { trial, pool: draw.pool(), unordered: &["votes"] }
}

fn one(draw: &mut Draw, choices: usize) -> String {
    (1 + draw.below(choices)).to_string()
}

/// Some of the choices in any order; mostly not all of them.
fn several(draw: &mut Draw, choices: usize) -> String {
    let mut all: Vec<String> = (1..=choices).map(|choice| choice.to_string()).collect();
    draw.shuffle(&mut all);
    all.truncate(1 + draw.below(choices));
    all.join(";")
}

/// All of the choices in any order, but for a few ballots.
fn ranking(draw: &mut Draw, choices: usize) -> String {
    if draw.chance(8) {
        return several(draw, choices);
    }
    let mut all: Vec<String> = (1..=choices).map(|choice| choice.to_string()).collect();
    draw.shuffle(&mut all);
    all.join(" > ")
}

fn weights(draw: &mut Draw, choices: usize) -> String {
    let weigh = |choice: &str, draw: &mut Draw| format!("{choice}:{}", 1 + draw.below(100));
    let chosen = several(draw, choices);
    let weighed: Vec<String> = chosen.split(';').map(|choice| weigh(choice, draw)).collect();
    weighed.join(";")
}

fn single_choice(draw: &mut Draw) -> Case {
    poll(draw, "single-choice", one)
}

fn approval(draw: &mut Draw) -> Case {
    poll(draw, "approval", several)
}

fn weighted(draw: &mut Draw) -> Case {
    poll(draw, "weighted", weights)
}

fn quadratic_vote(draw: &mut Draw) -> Case {
    poll(draw, "quadratic-vote", weights)
}

/// Half of the votes take incomplete rankings.
fn any_ranking(draw: &mut Draw, mechanism: &str) -> Case {
    let complete = draw.chance(2);
    let mut case = poll(draw, mechanism, if complete { ranking } else { several });
    case.trial = case.trial.set("complete", Value::Bool(complete));
    case
}

fn ranked_choice(draw: &mut Draw) -> Case {
    let mut case = any_ranking(draw, "ranked-choice");
    case.trial = case.trial.text("parity", draw.one(&["none", "snapshot"]));
    case
}

fn copeland(draw: &mut Draw) -> Case {
    let mut case = any_ranking(draw, "copeland");
    let trial = case.trial.text("support", draw.one(&["none", "tied", "all"]));
    case.trial = trial.text("unranked", draw.one(&["last", "no-opinion"]));
    case
}

/// Ballots on projects, and what these cost.
fn priced(draw: &mut Draw, mechanism: &str) -> Case {
    let votes = draw.votes(10, 5);
    let mut costs = "id,cost\n".to_owned();
    for project in 0..5 {
        let cost = 1 + draw.below(100_000);
        writeln!(costs, "p{project},{cost}.{:02}", draw.below(100)).expect("a text grows");
    }
    let mut trial = trial_of(mechanism).file("votes", &votes).file("projects", &costs);
    if draw.chance(4) {
        trial = trial.scores("power", &[("v0", 1.0), ("v1", 0.3), ("v3", 2.0)]);
    }
    Case { trial, pool: draw.pool(), unordered: &["votes", "projects"] }
}

fn greedy_budget(draw: &mut Draw) -> Case {
    let mut case = priced(draw, "greedy-budget");
    let trial = case.trial.text("by", draw.one(&["votes", "votes-per-cost"]));
    case.trial = trial.set("skip", Value::Bool(draw.chance(2)));
    case
}

fn equal_shares(draw: &mut Draw) -> Case {
    let mut case = priced(draw, "equal-shares");
    let step = draw.one(&["20%", "50%", "0.9"]).parse().expect("a share");
    let trial = case.trial.text("utility", draw.one(&["cost", "cardinal"]));
    let completion = draw.one(&["none", "add1", "greedy", "add1-greedy"]);
    case.trial = trial.text("completion", completion);
    if completion.starts_with("add1") {
        case.trial = case.trial.set("step", Value::Share(step));
    }
    case
}
