//! Who counts, against the fixtures of the program behind Gitcoin's rounds.
//!
//! The fixtures are not part of the repository; without them these tests are
//! passed over.

use std::collections::BTreeMap;

use allonet_core::card::Value;
use allonet_core::signal::SignalData;
use allonet_mechanisms::trial::{Trial, trial_of};
use serde_json::Value as Json;

fn data(name: &str) -> Option<String> {
    allonet_testdata::text(&format!("mechanisms/gitcoin_indexer_fixtures/{name}"))
}

/// Voters with their raw scores as written; `None` where there is none.
fn scores() -> Option<Vec<(String, Option<String>)>> {
    let json: Json = serde_json::from_str(&data("passport_scores.json")?).expect("JSON");
    let text = |json: &Json| json.as_str().map(str::to_owned);
    let entries = json.as_array().expect("a list of scores").iter();
    let voter = |entry: &Json| text(&entry["address"]).expect("a text");
    Some(entries.map(|entry| (voter(entry), text(&entry["evidence"]["rawScore"]))).collect())
}

fn passport(scores: &[(String, Option<String>)]) -> Trial {
    let row = |(voter, score): &(String, Option<String>)| {
        format!("{voter},{}", score.as_deref().unwrap_or_default())
    };
    let rows: Vec<String> = scores.iter().map(row).collect();
    trial_of("passport").file("scores", &format!("address,rawScore\n{}\n", rows.join("\n")))
}

fn trust(trial: &Trial) -> BTreeMap<String, f64> {
    let result = trial.run(0).expect("a valid table");
    match result.outcome.signals.into_iter().next() {
        Some(("trust", SignalData::Scores(scores))) => scores,
        other => panic!("not trust: {other:?}"),
    }
}

/// The coefficient of the indexer, step by step as it takes them.
fn coefficient(score: Option<&str>, low: f64, high: f64) -> f64 {
    let score: f64 = score.unwrap_or("0").parse().expect("a number");
    if score < low {
        0.0
    } else if score > high {
        1.0
    } else {
        (50.0 + 50.0 * (score - low) / (high - low)) / 100.0
    }
}

#[test]
fn the_coefficients_of_the_indexer() {
    let Some(scores) = scores() else { return };
    assert!(scores.len() >= 3);
    for (low, high) in [(15.0, 25.0), (10.0, 28.0), (10.0, 40.0)] {
        let trial = passport(&scores)
            .set("score_low", Value::Number(low))
            .set("score_high", Value::Number(high));
        let found = trust(&trial);
        for (voter, score) in &scores {
            let expected = coefficient(score.as_deref(), low, high);
            let found = found[voter];
            assert!((found - expected).abs() <= 1e-9 * expected, "{voter}: {found} {expected}");
        }
    }
}

#[test]
fn overrides_are_read_as_the_indexer_does_once_they_are_signed() {
    let Some(scores) = scores() else { return };
    let overridden = |name: &str| {
        let text = data(name).expect("the fixtures are complete");
        let (header, rows) = text.split_once('\n').expect("a header");
        let signed: Vec<String> = rows
            .lines()
            .filter(|row| !row.is_empty())
            .map(|row| format!("{row},kim,fixture"))
            .collect();
        let table = format!("{header},author,reason\n{}\n", signed.join("\n"));
        (passport(&scores).file("overrides", &text), passport(&scores).file("overrides", &table))
    };
    for (name, coefficient) in
        [("overrides.csv", 0.0), ("overrides-with-floating-coefficient.csv", 0.5)]
    {
        let (unsigned, signed) = overridden(name);
        let refusal = unsigned.run(0).expect_err("nobody signed").to_string();
        assert!(refusal.contains("column `author` is missing"), "{refusal}");
        let found = trust(&signed);
        let set = found.iter().filter(|(id, _)| id.starts_with("vote-")).map(|(_, trust)| *trust);
        let set: Vec<f64> = set.collect();
        assert!(set.len() == 4 && set.iter().all(|found| found.total_cmp(&coefficient).is_eq()));
    }
    for (name, expected) in [
        ("overrides-with-invalid-coefficient.csv", "`what` is no coefficient"),
        ("overrides-without-coefficient.csv", "column `coefficient` is missing"),
        ("overrides-without-transaction-id.csv", "column `voter` is missing"),
    ] {
        let refusal = overridden(name).1.run(0).expect_err("a bad table").to_string();
        assert!(refusal.contains(expected), "{refusal}");
    }
}
