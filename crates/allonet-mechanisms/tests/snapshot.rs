//! Votes against what Snapshot counts.
//!
//! The vectors are not part of the repository; without them these tests are
//! passed over.

use std::collections::BTreeMap;

use allonet_core::card::Value;
use allonet_core::signal::SignalData;
use allonet_mechanisms::trial::{TurnResult, trial_of};
use serde_json::{Value as Json, json};

fn data(name: &str) -> Option<String> {
    allonet_testdata::text(&format!("mechanisms/snapshot_voting/{name}"))
}

fn vector(name: &str) -> Option<Json> {
    data(name).map(|text| serde_json::from_str(&text).expect("a vector is JSON"))
}

/// The vector as an export: its votes name no voters.
fn with_voters(vector: &Json, more: &[Json]) -> String {
    let votes = vector["votes"].as_array().expect("a list of votes").iter().chain(more);
    let vote = |(at, vote): (usize, &Json)| json!({"voter": format!("v{at:05}"), "choice": vote["choice"], "vp": vote["balance"]});
    let votes: Vec<Json> = votes.enumerate().map(vote).collect();
    json!({"proposal": vector["proposal"], "votes": votes}).to_string()
}

/// Scores in the order of the choices, and the power of all ballots.
fn scores(result: &TurnResult) -> (Vec<f64>, f64) {
    let signals: BTreeMap<&str, &SignalData> =
        result.outcome.signals.iter().map(|(name, data)| (*name, data)).collect();
    let SignalData::Scores(scores) = signals["scores"] else { panic!("scores by choice") };
    let SignalData::Number(total) = signals["scores_total"] else { panic!("one number") };
    (result.payees.iter().map(|payee| scores[&**payee]).collect(), *total)
}

fn numbers(json: &Json) -> Vec<f64> {
    json.as_array().expect("a list").iter().map(|n| n.as_f64().expect("a number")).collect()
}

fn agree(found: &[f64], expected: &[f64], within: f64) {
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() <= within * expected.abs(), "{found} {expected}");
    }
}

#[test]
fn scores_are_those_of_snapshot() {
    for (name, mechanism, within) in [
        ("singleChoice.json", "single-choice", 0.0),
        ("approval.json", "approval", 0.0),
        ("weighted.json", "weighted", 1e-13),
        ("quadratic.json", "quadratic-vote", 1e-13),
        ("rankedChoice.json", "ranked-choice", 0.0),
    ] {
        let Some(vector) = vector(name) else { return };
        for parity in ["none", "snapshot"] {
            let trial = trial_of(mechanism).file("votes", &with_voters(&vector, &[]));
            let trial =
                if name == "rankedChoice.json" { trial.text("parity", parity) } else { trial };
            let result = trial.run(1_000_000).expect("a vote");
            let (found, total) = scores(&result);
            agree(&found, &numbers(&vector["scores"]), within);
            agree(&[total], &[vector["scoresTotal"].as_f64().expect("a number")], 0.0);
            assert!(result.outcome.remarks.is_empty(), "{name}: {:?}", result.outcome.remarks);
        }
    }
}

#[test]
fn ballots_that_are_not_valid_change_turnout_alone() {
    let spoiled: [(&str, &str, [Json; 4]); 5] = [
        ("singleChoice.json", "single-choice", [json!(0), json!(5), json!([1]), json!(null)]),
        ("approval.json", "approval", [json!([0]), json!([1, 1]), json!([5]), json!({"1": 1})]),
        ("weighted.json", "weighted", [json!({}), json!({"5": 1}), json!({"1": 0}), json!([1])]),
        (
            "quadratic.json",
            "quadratic-vote",
            [json!({}), json!({"0": 1}), json!({"1": -1}), json!({"1": "x"})],
        ),
        (
            "rankedChoice.json",
            "ranked-choice",
            [json!([1, 2, 3]), json!([1, 2, 3, 3]), json!([1, 2, 3, 5]), json!([])],
        ),
    ];
    for (name, mechanism, choices) in spoiled {
        let Some(vector) = vector(name) else { return };
        let more = choices.map(|choice| json!({"choice": choice, "balance": 7}));
        let trial = trial_of(mechanism).file("votes", &with_voters(&vector, &more));
        let result = trial.run(1_000_000).expect("a vote");
        let (found, total) = scores(&result);
        agree(&found, &numbers(&vector["scores"]), 1e-13);
        let valid = vector["scoresTotal"].as_f64().expect("a number");
        agree(&[total], &[valid + 28.0], 0.0);
        let told = &result.outcome.remarks[0];
        assert!(told.contains("4 ballots"), "{name}: {told}");
    }
}

// --- Copeland ---------------------------------------------------------------

/// The list that an export of the snapshot file names.
fn snapped(text: &str, name: &str) -> Vec<f64> {
    let start = format!("exports[`{name}`] = `");
    let (_, rest) = text.split_once(&start).expect("the snapshot has it");
    let (list, _) = rest.split_once('`').expect("it ends");
    let plain = |c: char| c.is_ascii_digit() || ".-e".contains(c);
    list.split(|c| !plain(c))
        .filter(|n| !n.is_empty())
        .map(|n| n.parse().expect("digits"))
        .collect()
}

fn copeland(vector: &Json, more: &[Json]) -> (Vec<f64>, f64) {
    let trial = trial_of("copeland").file("votes", &with_voters(vector, more));
    scores(&trial.text("support", "all").run(1_000).expect("a vote"))
}

#[test]
fn copeland_with_support_is_that_of_the_snapshot() {
    let (Some(text), Some(example)) = (data("copeland.spec.js.snap"), vector("copeland.json"))
    else {
        return;
    };
    // The fourth ballot of the example ranks two of four and is not valid.
    agree(&copeland(&example, &[]).0, &snapped(&text, "getScores 1"), 1e-15);
    let wrong = [json!([0, 1]), json!([1, 5]), json!([1, 1]), json!([]), json!([1, 2, 3, 4, 5])];
    let wrong = wrong.map(|choice| json!({"choice": choice, "balance": 1}));
    agree(&copeland(&example, &wrong).0, &snapped(&text, "getScores 2"), 1e-15);
    let mut threefold = example.clone();
    let votes = threefold["votes"].as_array_mut().expect("a list");
    for vote in votes {
        vote["balance"] = json!(3);
    }
    for name in ["getScores 3", "getScores 4"] {
        agree(&copeland(&threefold, &[]).0, &snapped(&text, name), 1e-15);
    }
    for (vector, name) in [(&example, "getScoresTotal 1"), (&threefold, "getScoresTotal 2")] {
        agree(&[copeland(vector, &[]).0.iter().sum()], &snapped(&text, name), 1e-15);
    }
}

/// Three ballots in a circle, of these powers.
fn circle(powers: [f64; 3]) -> Json {
    let ballots = [json!([1, 2, 3]), json!([2, 3, 1]), json!([3, 1, 2])];
    let vote = |(choice, power): (&Json, f64)| json!({"choice": choice, "balance": power});
    let votes: Vec<Json> = ballots.iter().zip(powers).map(vote).collect();
    json!({"proposal": {"choices": ["Alice", "Bob", "Carol"]}, "votes": votes})
}

#[test]
fn copeland_of_circles_is_that_of_the_snapshot() {
    let Some(text) = data("copeland.spec.js.snap") else { return };
    let mixed = circle([1_000_000.75, 0.25, 2_500.5]);
    let expected = snapped(&text, "getScores with mixed voting powers 1");
    agree(&copeland(&mixed, &[]).0, &expected, 1e-14);
    // Two strategies side by side: each is a vote of its own.
    let expected = snapped(&text, "getScoresByStrategy normalizes correctly 1");
    for (strategy, powers) in [[5.0, 10.0, 7.5], [15.0, 30.0, 22.5]].into_iter().enumerate() {
        let own: Vec<f64> = expected.iter().copied().skip(strategy).step_by(2).collect();
        agree(&copeland(&circle(powers), &[]).0, &own, 1e-15);
    }
    let nobody = json!({"proposal": {"choices": ["Alice", "Bob", "Carol"]}, "votes": []});
    agree(&copeland(&nobody, &[]).0, &snapped(&text, "getScores with 0 votes 1"), 0.0);
}

#[test]
fn copeland_has_been_counted_otherwise() {
    // Wins alone, of ballots that need not be complete: 2.5, 2.5, 1 and 0 of 6.
    let Some(example) = vector("copeland.json") else { return };
    let trial = trial_of("copeland").file("votes", &with_voters(&example, &[]));
    let partial = trial.set("complete", Value::Bool(false)).text("unranked", "no-opinion");
    let (found, total) = scores(&partial.run(6).expect("a vote"));
    agree(&found, &[10.0 / 6.0, 10.0 / 6.0, 4.0 / 6.0, 0.0], 1e-15);
    agree(&[total], &[4.0], 0.0);
    // Support within ties alone: nobody ties with another in this circle.
    let mixed = with_voters(&circle([1_000_000.75, 0.25, 2_500.5]), &[]);
    let tied = trial_of("copeland").file("votes", &mixed).text("support", "tied");
    let (found, _) = scores(&tied.run(6).expect("a vote"));
    agree(&found, &[1_002_501.5 * 2.0 / 3.0, 1_002_501.5 / 3.0, 0.0], 1e-15);
}
