//! Rounds of voice credits against what their operators published and what
//! their contracts compute.
//!
//! The vectors are not part of the repository; without them these tests are
//! passed over.

use std::fmt::Write as _;

use allonet_core::card::Value;
use allonet_core::money::{Amount, Asset};
use allonet_mechanisms::trial::{Trial, TurnResult, trial_of};
use serde_json::Value as Json;

fn data(name: &str) -> Option<String> {
    allonet_testdata::text(&format!("mechanisms/{name}"))
}

fn json(name: &str) -> Option<Json> {
    data(name).map(|text| serde_json::from_str(&text).expect("a vector is JSON"))
}

fn list<'a>(json: &'a Json, name: &str) -> &'a [Json] {
    json[name].as_array().expect("a list")
}

fn text(json: &Json) -> &str {
    json.as_str().expect("amounts are texts")
}

fn amount(json: &Json) -> Amount {
    text(json).parse().expect("amounts are whole")
}

fn units(json: &Json) -> u128 {
    amount(json).to_u128().expect("amounts of a round")
}

/// A trial with one asset of 18 decimals.
fn in_wei(mechanism: &str) -> Trial {
    Trial { assets: vec![Asset::new("TOKEN", 18)], ..trial_of(mechanism) }
}

fn unspent(result: &TurnResult) -> u128 {
    result.unspent.of(0).to_u128().expect("amounts of a round")
}

// --- clr.fund ---------------------------------------------------------------

#[test]
fn rounds_of_clr_fund_are_settled_to_the_wei() {
    let mut compared = 0;
    for round in [
        "0x18604d042A77C6Ed870Bb86Bc59042daf20BC2Fe",
        "0x1c1DF3c3612E140B295F8D37636cBdAf209C2d99",
        "0x5D259f67FBB03bcF2F1c3f35Ec12F711d7A2D439",
    ] {
        let Some(json) = json(&format!("clrfund_v1/{round}.json")) else { return };
        let projects = list(&json, "projects");
        let mut tally = "project,tallyResult,spentVoiceCredits\n".to_owned();
        for project in projects {
            let (votes, spent) =
                (text(&project["tallyResult"]), text(&project["spentVoiceCredits"]));
            writeln!(tally, "{},{votes},{spent}", text(&project["id"])).expect("a text grows");
        }
        let round = &json["round"];
        let factor: i64 = text(&round["voiceCreditFactor"]).parse().expect("a small number");
        let contributions = units(&round["totalSpent"]) * u128::from(factor.unsigned_abs());
        let trial = in_wei("maci").file("tally", &tally).text("variant", "linear");
        let budget = units(&round["matchingPoolSize"]) + contributions;
        // The factor of these rounds is the default for 18 decimals.
        let result = trial.run(budget).expect("the round was settled");
        assert_eq!(factor, 10_000_000_000_000);
        for project in projects {
            let expected = amount(&project["allocatedAmount"]);
            assert_eq!(result.paid(text(&project["id"])), expected, "{}", project["name"]);
            compared += 1;
        }
        assert!(unspent(&result) < projects.len() as u128, "dust");
    }
    assert_eq!(compared, 30 + 33 + 33);
}

#[test]
fn alpha_of_clr_fund_is_repeated_to_the_wei() {
    let (Some(tally), Some(claims)) =
        (json("clrfund_alpha/testTallySmall.json"), json("clrfund_alpha/claimAmounts.json"))
    else {
        return;
    };
    let votes = list(&tally["results"], "tally");
    let spent = list(&tally["perVOSpentVoiceCredits"], "tally");
    let mut table = "option,tally,spent\n".to_owned();
    for (option, (votes, spent)) in votes.iter().zip(spent).enumerate() {
        writeln!(table, "r{option},{},{}", text(votes), text(spent)).expect("a text grows");
    }
    let trial = in_wei("maci").file("tally", &table);
    let result = trial.run(440_274 * 10_u128.pow(18)).expect("the round was settled");
    let mut paid = 0;
    for (option, claim) in list(&claims, "amount").iter().enumerate() {
        let found = result.paid(&format!("r{option}"));
        assert_eq!(found, amount(claim), "option {option}");
        paid += usize::from(!found.is_zero());
    }
    assert_eq!(paid, 20);
    assert_eq!(unspent(&result), 969_001);
}

// --- Octant v2 --------------------------------------------------------------

#[test]
fn proper_quadratic_funding_is_repeated_to_the_unit() {
    let Some(json) = json("onchain_ports/octant_v2_properqf.json") else { return };
    let cases = list(&json, "cases");
    for case in cases {
        let name = &case["name"];
        let funding = list(case, "funding");
        let mut votes = "voter,project,amount\n".to_owned();
        for vote in list(case, "votes") {
            let (voter, weight) = (text(&vote[0]), text(&vote[2]));
            writeln!(votes, "{voter},p{},{weight}", vote[1]).expect("a text grows");
        }
        let row = |at: usize| format!("p{at}\n");
        let projects: String = (0..funding.len()).map(row).collect();
        let trial = in_wei("proper-quadratic")
            .file("votes", &votes)
            .file("projects", &format!("id\n{projects}"))
            .text("amounts", "weights");
        let assets = units(&case["pool"]) + units(&case["user_deposits"]);
        assert_eq!(assets, units(&case["total_assets"]));
        let result = trial.run(assets).expect("the round was settled");
        for (at, expected) in funding.iter().enumerate() {
            assert_eq!(result.paid(&format!("p{at}")), amount(expected), "{name}, project {at}");
        }
        assert_eq!(unspent(&result), units(&case["dust"]), "{name}");
    }
    assert_eq!(cases.len(), 4);
}

// --- Allo -------------------------------------------------------------------

/// Votes for `a`, in parts of 10⁻⁹, seen through a pool of all votes: `b` has a
/// root of its own to compare with.
fn votes_for(rows: &str, votes: u128) {
    let table = format!("allocator,recipient,credits\n{rows}other,b,1\n");
    let trial = trial_of("allo-quadratic")
        .file("ballots", &table)
        .set("max_credits", Value::Integer(1_000_000_000));
    let result = trial.run(votes + 1_000_000_000).expect("votes");
    assert_eq!(result.paid("a"), Amount::from_base(votes), "{rows}");
    assert_eq!(unspent(&result), 0);
}

#[test]
fn votes_of_allo_are_repeated() {
    let Some(json) = json("onchain_ports/moloch_allo_qv.json") else { return };
    let single = list(&json, "allo_qv_votes");
    for case in single {
        votes_for(&format!("u,a,{}\n", case["credits"]), units(&case["votes"]));
    }
    let mut rows = String::new();
    let parts = list(&json, "allo_qv_incremental");
    for case in parts {
        writeln!(rows, "u,a,{}", case["add"]).expect("a text grows");
        votes_for(&rows, units(&case["total_votes"]));
    }
    assert_eq!((single.len(), parts.len()), (10, 4));
}

#[test]
fn payouts_of_allo_are_repeated() {
    let Some(json) = json("onchain_ports/moloch_allo_qv.json") else { return };
    for case in list(&json, "allo_qv_payout") {
        let mut rows = "allocator,recipient,credits\n".to_owned();
        for (at, votes) in list(case, "votes").iter().enumerate() {
            // These votes are roots of whole credits.
            let root = units(votes) / 1_000_000_000;
            writeln!(rows, "u{at},r{at},{}", root * root).expect("a text grows");
        }
        let trial =
            in_wei("allo-quadratic").file("ballots", &rows).set("max_credits", Value::Integer(100));
        let result = trial.run(units(&case["pool"])).expect("votes");
        for (at, expected) in list(case, "payouts").iter().enumerate() {
            assert_eq!(result.paid(&format!("r{at}")), amount(expected), "recipient {at}");
        }
    }
}

// --- Optimism ---------------------------------------------------------------

#[test]
fn the_first_retro_round_is_repeated_to_the_dollar() {
    let (Some(ballots), Some(results)) =
        (data("retropgf1/op_retropgf1_ballots.csv"), data("retropgf1/op_retropgf1_results.csv"))
    else {
        return;
    };
    let trial = trial_of("quadratic-ballots").file("votes", &ballots).file("projects", &results);
    let result = trial.run(100_000_000).expect("the ballots keep to 100 credits");
    assert_eq!(unspent(&result), 0);
    let mut compared = 0;
    for line in results.lines().skip(1) {
        let (rest, usd) = line.rsplit_once(',').expect("three columns");
        let (name, votes) = rest.rsplit_once(',').expect("three columns");
        let name = name.trim_matches('"');
        let paid = result.paid(name).to_u128().expect("below a million");
        let told = &result.outcome.reasons[name][0];
        assert!(told.starts_with(&format!("{votes} votes of ")), "{name}: {told}");
        assert_eq!(((paid + 50) / 100).to_string(), usd, "{name}");
        compared += 1;
    }
    assert_eq!(compared, 76);
}
