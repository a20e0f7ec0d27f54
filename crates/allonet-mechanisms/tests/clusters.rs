//! Cluster match, donation profiles and pairwise bounds against the program that
//! Gitcoin's analysts use.
//!
//! The vectors are not part of the repository; without them these tests are
//! passed over.

use std::collections::BTreeMap;

use allonet_core::card::Value;
use allonet_core::money::{Asset, Share};
use allonet_core::signal::SignalData;
use allonet_mechanisms::trial::{Trial, trial_of};

/// Matches by algorithm and cap in percent: the pool in dollars, and project
/// and dollars.
type Cases = BTreeMap<(String, u64), (u128, Vec<(String, f64)>)>;

fn data(name: &str) -> Option<String> {
    allonet_testdata::text(&format!("mechanisms/qf_calculator/{name}"))
}

fn cases(name: &str) -> Option<(String, Cases)> {
    let votes = data(&format!("{name}_votes.csv"))?;
    let expected = data(&format!("{name}_qfcalculator_expected.csv"))?;
    let mut cases = Cases::new();
    for line in expected.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        let cap = cells[1].parse().expect("a whole percentage");
        let pool = cells[2].strip_suffix(".0").expect("whole dollars");
        let pool = pool.parse().expect("a pool");
        let found = cells[4].parse().expect("a match");
        let case = cases.entry((cells[0].to_owned(), cap)).or_insert((pool, Vec::new()));
        case.1.push((cells[3].to_owned(), found));
    }
    Some((votes, cases))
}

/// The trial that repeats an algorithm.
fn trial(algorithm: &str, votes: &str) -> Trial {
    let clusters = |mix: &str| {
        let mix: Share = mix.parse().expect("a share");
        trial_of("cluster-match").set("mix", Value::Share(mix))
    };
    let trial = match algorithm {
        "QF" => clusters("0%"),
        "COCM" => trial_of("cluster-match"),
        "COCM og" => clusters("100%").text("similarity", "og"),
        "COCM pct_friends" => clusters("100%").text("similarity", "pct-friends"),
        "half-and-half" => clusters("50%"),
        "pctCOCM" => clusters("75%"),
        "pairwise" => trial_of("pairwise").text("form", "calculator"),
        "donation_profile_clustermatch" => trial_of("donation-profile"),
        other => panic!("an unknown algorithm {other}"),
    };
    let mut trial = trial.file("votes", votes);
    trial.assets = vec![Asset::new("USD", 18)];
    trial
}

fn compare(name: &str, algorithm: &str, cap: u64, pool: u128, expected: &[(String, f64)]) {
    let votes = data(&format!("{name}_votes.csv")).expect("it was there");
    let mut trial = trial(algorithm, &votes);
    if cap < 100 {
        trial = trial.set("cap", Value::Share(Share::new(cap, 100).expect("a percentage")));
    }
    let result = trial.run(pool * 10_u128.pow(18)).expect("a valid round");
    let (_, SignalData::Scores(shares)) = &result.outcome.signals[0] else { panic!("shares") };
    for (project, dollars) in expected {
        let place = format!("{project} of {name}, {algorithm}, cap {cap}");
        let close = |found: f64, what: &str| {
            let error = (found - dollars).abs();
            assert!(error <= 1e-9 * dollars.max(1e-3), "{place}, {what}: {found} {dollars}");
        };
        close(result.paid(project).to_f64() / 1e18, "money");
        if cap == 100 {
            close(shares[project] * pool as f64, "share");
        }
    }
}

#[test]
fn the_analysts_program_agrees_to_nine_digits() {
    for (name, projects) in [("A_linearqf_doc", 3), ("B_synth1000", 30)] {
        let Some((_, cases)) = cases(name) else { return };
        assert_eq!(cases.len(), 12, "8 algorithms without a cap, 2 with 2 caps");
        for ((algorithm, cap), (pool, expected)) in &cases {
            assert_eq!(expected.len(), projects);
            compare(name, algorithm, *cap, *pool, expected);
        }
    }
}

#[test]
fn caps_that_cannot_hold_the_pool_leave_the_rest() {
    let Some((votes, cases)) = cases("A_linearqf_doc") else { return };
    let (pool, expected) = &cases[&("QF".to_owned(), 10)];
    let paid: f64 = expected.iter().map(|(_, dollars)| dollars).sum();
    assert!((paid - 30.0).abs() < 1e-9, "three projects at 10 % of 100");
    let cap = Share::new(1, 10).expect("a share");
    let result = trial("QF", &votes).set("cap", Value::Share(cap)).run(pool * 10_u128.pow(18));
    let unspent = result.expect("a valid round").unspent;
    assert_eq!(unspent.of(0).to_u128(), Some(70 * 10_u128.pow(18)));
}
