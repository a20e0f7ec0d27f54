//! Octant's capped quadratic funding against the cases of its own tests.
//!
//! The vectors are not part of the repository; without them these tests are
//! passed over.

use std::fmt::Write as _;

use allonet_core::card::Value;
use allonet_core::money::{Amount, Asset};
use allonet_mechanisms::trial::{Trial, trial_of};
use serde_json::Value as Json;

fn units(json: &Json) -> u128 {
    u128::from(json.as_u64().expect("a whole number"))
}

/// An epoch of gifts of one voter each, with its quotient as trust.
fn epoch(case: &Json, cap: &str) -> Trial {
    let (mut votes, mut trust) = ("voter,project,amount\n".to_owned(), Vec::new());
    for (voter, gift) in case["allocations"].as_array().expect("gifts").iter().enumerate() {
        let [project, amount, quotient] = [&gift[0], &gift[1], &gift[2]];
        writeln!(votes, "v{voter},p{project},{amount}").expect("a text grows");
        let quotient = quotient.as_str().expect("a decimal");
        trust.push((format!("v{voter}"), quotient.parse::<f64>().expect("a decimal")));
    }
    let trust: Vec<(&str, f64)> = trust.iter().map(|(voter, trust)| (&**voter, *trust)).collect();
    let mut trial = trial_of("octant")
        .file("votes", &votes)
        .text("amounts", "base-units")
        .set("cap", Value::Share(cap.parse().expect("a share")))
        .scores("trust", &trust);
    trial.assets = vec![Asset::new("UNIT", 0)];
    trial
}

#[test]
fn octant_is_repeated_to_the_base_unit() {
    let Some(text) = allonet_testdata::text("mechanisms/onchain_ports/octant_cqf.json") else {
        return;
    };
    let vectors: Json = serde_json::from_str(&text).expect("a vector is JSON");
    let cap = vectors["cap"].to_string();
    let cases = vectors["cases"].as_array().expect("a list of cases");
    assert_eq!(cases.len(), 2);
    for case in cases {
        let matched = units(&case["matched_rewards"]);
        let result = epoch(case, &cap).run(matched).expect("a valid epoch");
        // Its own tests allow one unit more or less; none is needed.
        let expected = case["expected"].as_array().expect("a list of matches");
        assert_eq!(result.payees.len(), expected.len());
        let mut spent = 0;
        for (project, expected) in expected.iter().enumerate() {
            let found = result.paid(&format!("p{project}"));
            assert_eq!(found, Amount::from_base(units(expected)), "p{project} of {matched}");
            spent += units(expected);
        }
        // What the cap cuts off is nobody's.
        assert_eq!(result.unspent.of(0), Amount::from_base(matched - spent));
    }
}
