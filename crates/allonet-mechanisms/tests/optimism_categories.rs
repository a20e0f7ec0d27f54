//! Category ballots against Optimism's scorer and Retro Funding 5.
//!
//! The vectors are not part of the repository; without them these tests are
//! passed over.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use allonet_core::card::Value;
use allonet_core::fault::SourceFile;
use allonet_core::money::Asset;
use allonet_mechanisms::trial::{Trial, TurnResult, trial_of};
use serde_json::Value as Json;

fn data(name: &str) -> Option<String> {
    allonet_testdata::text(&format!("mechanisms/optimism_rf5_synthetic/{name}"))
}

fn json(text: &str) -> Json {
    serde_json::from_str(text).expect("a vector is JSON")
}

/// The terms of Retro Funding 5.
fn trial(parity: &str) -> Trial {
    let mut trial = trial_of("category-ballots")
        .set("cap", Value::Share("12.5%".parse().expect("a share")))
        .text("minimum", "1000")
        .text("parity", parity);
    trial.assets[0] = Asset::new("OP", 18);
    trial
}

/// Runs a trial with ten million OP.
fn run(trial: &Trial) -> TurnResult {
    trial.run(10_000_000 * 10_u128.pow(18)).expect("the ballots are whole")
}

fn compare(result: &TurnResult, expected: &BTreeMap<String, f64>, relative: f64) {
    assert_eq!(result.payees.len(), expected.len());
    for (project, expected) in expected {
        let paid = result.paid(project).to_f64() / 1e18;
        let apart = (paid - expected).abs();
        assert!(apart <= relative * expected.abs(), "{project}: {paid}, not {expected}");
    }
}

#[test]
fn synthetic_ballots_come_to_the_scorers_results() {
    let (Some(ballots), Some(results)) =
        (data("rf5_synthetic_ballots.json"), data("rf5_synthetic_ballots_results.csv"))
    else {
        return;
    };
    let rows = results.lines().skip(1).map(|row| row.split_once(',').expect("two columns"));
    let expected: BTreeMap<String, f64> = rows
        .map(|(project, amount)| (project.to_owned(), amount.parse().expect("a number")))
        .collect();
    assert_eq!(expected.len(), 120);
    let file = SourceFile::new("ballots.json", ballots.as_str());
    for parity in ["none", "optimism"] {
        let trial = trial(parity).set("ballots", Value::File(file.clone()));
        let result = run(&trial);
        compare(&result, &expected, 1e-9);
        // The median of 100 budgets is what is paid; the rest stays.
        let budget: u128 = 7_225_000 * 10_u128.pow(18);
        let paid: u128 = result.payouts.iter().map(|p| p.amount.to_u128().expect("small")).sum();
        assert_eq!(paid, budget, "{parity}");
    }
    // The same as tables.
    let [shares, categories, budgets, projects] = tables(&json(&ballots));
    let trial = trial("none")
        .file("ballots", &shares)
        .file("category_votes", &categories)
        .file("budgets", &budgets)
        .file("projects", &projects);
    compare(&run(&trial), &expected, 1e-9);
}

/// Published ballots as tables.
fn tables(ballots: &Json) -> [String; 4] {
    let mut shares = "voter,project,share\n".to_owned();
    let mut categories = "voter,category,share\n".to_owned();
    let mut budgets = "voter,budget\n".to_owned();
    let mut category_of = BTreeMap::new();
    for ballot in ballots.as_array().expect("a list") {
        let voter = ballot["voter_id"].as_str().expect("a name");
        writeln!(budgets, "{voter},{}", ballot["budget"]).expect("a text grows");
        for (to, share) in ballot["category_allocations"].as_object().expect("an object") {
            writeln!(categories, "{voter},{to},{share}").expect("a text grows");
        }
        for (to, share) in ballot["project_allocations"].as_object().expect("an object") {
            writeln!(shares, "{voter},{to},{share}").expect("a text grows");
            category_of.insert(to, ballot["category_assignment"].as_str().expect("a name"));
        }
    }
    let mut projects = "id,category\n".to_owned();
    for (project, category) in category_of {
        writeln!(projects, "{project},{category}").expect("a text grows");
    }
    [shares, categories, budgets, projects]
}

/// The ballots of the round are not published, so that its result cannot be
/// recomputed. It is a fixed point of the rule: if everybody had voted for what
/// came out, the same would come out; neither cap nor minimum is touched.
#[test]
fn the_official_result_is_a_fixed_point() {
    let (Some(results), Some(categories)) =
        (data("rf5_official_results.csv"), data("categories.json"))
    else {
        return;
    };
    let mut expected = BTreeMap::new();
    for row in results.lines().skip(1) {
        let start = row.find("\"{").expect("metadata") + 1;
        let metadata = json(&row[start..row.len() - 1].replace("\"\"", "\""));
        let project = metadata["project_id"].as_str().expect("a name").to_owned();
        expected.insert(project, metadata["token_amount"].as_f64().expect("a number"));
    }
    let total: f64 = expected.values().sum();
    assert!(expected.len() == 79 && (total - 8e6).abs() < 1e-6, "{total}");
    let most = expected.values().copied().fold(0.0, f64::max);
    assert!(most < total * 0.125 && expected.values().all(|amount| *amount > 1000.0));
    let mut ballots = Vec::new();
    let categories = json(&categories);
    let categories = categories.as_object().expect("an object");
    let of = |list: &Json| -> Vec<String> {
        let names = list.as_array().expect("a list").iter();
        names.map(|name| name.as_str().expect("a name").to_owned()).collect()
    };
    let sum = |list: &Json| -> f64 { of(list).iter().map(|project| expected[project]).sum() };
    let shares: Vec<String> = categories
        .iter()
        .map(|(name, list)| format!("\"{name}\": {}", sum(list) / total * 100.0))
        .collect();
    for (name, list) in categories {
        let share =
            |project: &String| format!("\"{project}\": {}", expected[project] / sum(list) * 100.0);
        let own: Vec<String> = of(list).iter().map(share).collect();
        ballots.push(format!(
            "{{\"voter_id\": \"{name}\", \"budget\": 8000000, \"category_assignment\": \"{name}\", \
             \"category_allocations\": {{{}}}, \"project_allocations\": {{{}}}}}",
            shares.join(","),
            own.join(",")
        ));
    }
    let file = SourceFile::new("ballots.json", format!("[{}]", ballots.join(",")));
    for parity in ["none", "optimism"] {
        let trial = trial(parity).set("ballots", Value::File(file.clone()));
        compare(&run(&trial), &expected, 1e-9);
    }
}
