//! Quadratic funding against results of the programs behind Gitcoin's rounds.
//!
//! The vectors are not part of the repository; without them these tests are
//! passed over.

use std::collections::BTreeMap;

use allonet_core::card::Value;
use allonet_core::fault::SourceFile;
use allonet_core::money::{Amount, Asset, Share};
use allonet_core::table::Table;
use allonet_mechanisms::quadratic::division::{Division, Dust, Overflow};
use allonet_mechanisms::quadratic::kernel::{Pairs, Roots};
use allonet_mechanisms::quadratic::scores::{Arithmetic, Scoring};
use allonet_mechanisms::quadratic::votes::{COLUMNS, Votes, Written};
use allonet_mechanisms::trial::{Trial, TurnResult, trial_of};
use ruint::aliases::U256;
use serde_json::Value as Json;

fn data(name: &str) -> Option<String> {
    allonet_testdata::text(&format!("mechanisms/{name}"))
}

fn json(name: &str) -> Option<Json> {
    data(name).map(|text| serde_json::from_str(&text).expect("a vector is JSON"))
}

fn amount(json: &Json) -> Amount {
    json.as_str().expect("amounts are texts").parse().expect("amounts are whole")
}

// --- pluralistic.js ---------------------------------------------------------

#[test]
fn pluralistic_is_repeated_to_the_base_unit() {
    let mut compared = 0;
    for name in ["A_linearqf_doc", "B_synth1000"] {
        let (Some(expected), Some(votes)) = (
            json(&format!("pluralistic/{name}_expected.json")),
            data(&format!("qf_calculator/{name}_votes.csv")),
        ) else {
            return;
        };
        let cases = expected["cases"].as_array().expect("a list of cases");
        assert_eq!(cases.len(), 10);
        for case in cases {
            compared += compare_kernel(case, &votes);
            compare_mechanism(case, &votes);
        }
    }
    assert_eq!(compared, 10 * (3 + 30) * 7, "all fields of all projects");
}

fn decimals(case: &Json) -> u8 {
    u8::try_from(case["decimals"].as_u64().expect("a number")).expect("few decimals")
}

/// The cap as a share of the pool; all caps here are whole percentages.
fn cap(case: &Json) -> Option<Share> {
    let cap = &case["matching_cap_amount"];
    cap.as_str()?;
    let percent = amount(cap).to_f64() / amount(&case["match_amount"]).to_f64() * 100.0;
    [4_u64, 10]
        .into_iter()
        .find(|p| (percent - *p as f64).abs() < 1e-9)
        .map(|p| Share::new(p, 100).expect("a percentage"))
}

/// Compares every field of every project; says how many.
fn compare_kernel(case: &Json, votes: &str) -> usize {
    let table = Table::read(&SourceFile::new("votes.csv", votes), COLUMNS).expect("votes");
    let asset = Asset::new("USD", decimals(case));
    let votes = Votes::read(&table, &asset, Written::Decimal).expect("votes");
    let pairs = Pairs::gather(&votes.columns).expect("small votes");
    let sums = Roots::GRANTS_STACK.sums(&pairs);
    let scoring = Scoring { arithmetic: Arithmetic::Exact(Roots::GRANTS_STACK), with_own: false };
    let division = Division {
        fill: case["ignore_saturation"] == true,
        cap: cap(case),
        overflow: Overflow::Redistribute,
        dust: Dust::Unpaid,
        grants_stack: true,
    };
    let divided =
        division.divide(&scoring.scores(&pairs), amount(&case["match_amount"])).expect("small");
    let results = case["results"].as_object().expect("results by project");
    assert_eq!(results.len(), votes.projects.len());
    for (project, name) in votes.projects.iter().enumerate() {
        let support = pairs.support(project);
        let without_cap = divided.uncapped[project].to_u256();
        let overflow = match divided.limits[project].map(Amount::to_u256) {
            None => "0".to_owned(),
            Some(limit) if without_cap >= limit => (without_cap - limit).to_string(),
            Some(limit) => format!("-{}", limit - without_cap),
        };
        let found = [
            ("totalReceived", support.given.to_string()),
            ("contributionsCount", support.donors.to_string()),
            ("sumOfSqrt", sums[project].roots.to_string()),
            ("sumOfSqrtRemainder", (support.given - sums[project].squares).to_string()),
            ("capOverflow", overflow),
            ("matchedWithoutCap", without_cap.to_string()),
            ("matched", divided.matches[project].to_string()),
        ];
        for (field, value) in found {
            let place = format!("{name} {field} in {} ({})", case["case"], case["decimals"]);
            assert_eq!(results[&**name][field], *value, "{place}");
        }
    }
    results.len() * 7
}

/// The same through the mechanism, as an operator uses it.
fn compare_mechanism(case: &Json, votes: &str) {
    let mut trial = trial_of("quadratic").file("votes", votes).text("parity", "grants-stack");
    trial.assets = vec![Asset::new("USD", decimals(case))];
    if case["ignore_saturation"] == true {
        trial = trial.text("saturation", "fill");
    }
    if let Some(cap) = cap(case) {
        trial = trial.set("cap", Value::Share(cap));
    }
    let pool = amount(&case["match_amount"]);
    let result = trial.run(pool.to_u128().expect("a small pool")).expect("a valid round");
    let mut spent = Amount::ZERO;
    for (name, expected) in case["results"].as_object().expect("results by project") {
        assert_eq!(result.paid(name), amount(&expected["matched"]), "{name} in {}", case["case"]);
        spent = spent.add(amount(&expected["matched"]), "test").expect("a sum");
    }
    assert_eq!(result.unspent.of(0), pool.sub(spent, "test").expect("no more than the pool"));
}

// --- grants-stack-indexer ---------------------------------------------------

/// A round of the indexer's fixtures: pool 10,000, amounts in base units.
fn indexer(votes: &str) -> Option<Trial> {
    let votes = json(&format!("gitcoin_indexer_fixtures/{votes}"))?;
    let text = |json: &Json| json.as_str().map_or_else(|| json.to_string(), str::to_owned);
    let mut table =
        "id,voter,applicationId,grantAddress,amount,amountUSD,amountRoundToken\n".to_owned();
    for vote in votes.as_array().expect("a list of votes") {
        let cells = [
            "id",
            "voter",
            "applicationId",
            "grantAddress",
            "amount",
            "amountUSD",
            "amountRoundToken",
        ];
        table += &cells.map(|cell| text(&vote[cell])).join(",");
        table += "\n";
    }
    let applications = json("gitcoin_indexer_fixtures/applications.json")?;
    let mut projects = "id,status,recipient\n".to_owned();
    for entry in applications.as_array().expect("a list of applications") {
        let recipient = &entry["metadata"]["application"]["recipient"];
        projects += &[&entry["id"], &entry["status"], recipient].map(text).join(",");
        projects += "\n";
    }
    let mut trial = trial_of("quadratic")
        .file("votes", &table)
        .file("projects", &projects)
        .text("amounts", "base-units")
        .text("parity", "grants-stack");
    trial.assets = vec![Asset::new("UNIT", 0)];
    Some(trial)
}

fn paid(result: &TurnResult) -> Vec<u128> {
    (1..=3)
        .map(|at| result.paid(&format!("application-id-{at}")).to_u128().expect("small"))
        .collect()
}

fn run(trial: &Trial) -> Vec<u128> {
    paid(&trial.run(10_000).expect("a valid round"))
}

/// `⌊score · 10,000 / Σ score⌋`, or the scores where they ask for less.
fn expected(scores: [u128; 3]) -> Vec<u128> {
    let sum: u128 = scores.iter().sum();
    scores.iter().map(|score| if sum < 10_000 { *score } else { score * 10_000 / sum }).collect()
}

#[test]
fn the_plain_round_of_the_indexer() {
    let Some(trial) = indexer("votes.json") else { return };
    // (10+20+10+30)² − 1,500 = 3,400; (6·10+20)² − 1,000 = 5,400;
    // (3·10+3·30+20)² − 3,400 = 16,200.
    assert_eq!(run(&trial), expected([3_400, 5_400, 16_200]));
    assert_eq!(run(&trial), [1_360, 2_160, 6_480]);
    // With more money than that, the scores themselves are paid.
    let rich = trial.run(100_000).expect("a valid round");
    assert_eq!(paid(&rich), [3_400, 5_400, 16_200]);
    assert_eq!(rich.unspent.of(0), Amount::from_base(75_000));
}

#[test]
fn the_capped_round_of_the_indexer() {
    let Some(trial) = indexer("votes.json") else { return };
    // 10 % of 10,000; all three are above, so the rest stays.
    let cap = Share::new(10, 100).expect("a share");
    assert_eq!(run(&trial.set("cap", Value::Share(cap))), [1_000, 1_000, 1_000]);
}

#[test]
fn the_round_with_a_smallest_donation() {
    let Some(trial) = indexer("votes.json") else { return };
    // Amounts of 4 and 9 dollars are left: 20 and 30 for the first, one of 20
    // for the second, 30, 30, 30 and 20 for the third.
    // 2·20·30; nothing; (3·30+20)² − (3·900+400).
    assert_eq!(run(&trial.text("min_donation", "3")), expected([1_200, 0, 9_000]));
}

#[test]
fn the_round_with_passports() {
    let (Some(trial), Some(scores)) =
        (indexer("votes.json"), json("gitcoin_indexer_fixtures/passport_scores.json"))
    else {
        return;
    };
    let mut table = "address,rawScore\n".to_owned();
    for entry in scores.as_array().expect("a list of scores") {
        let score = entry["evidence"]["rawScore"].as_str().expect("a text");
        let voter = entry["address"].as_str().expect("a text");
        table.extend([voter, ",", score, "\n"]);
    }
    // Voters 1 and 3 have scores above 25; both vote for the first project
    // alone, with roots of 10: 2·10·10 = 200.
    assert_eq!(run(&trial.clone().file("scores", &table)), [200, 0, 0]);
    // From 10 to 28, voter 2 (10.03) counts (50 + 50·0.03/18)/100 of 400,
    // cut to 5,000 parts in 10,000: 200, root 14; voter 1 (27.21) 9,780 parts:
    // 97, root 9. 2·(14·9 + 14·10 + 9·10).
    let slid = trial
        .file("scores", &table)
        .set("score_low", Value::Number(10.0))
        .set("score_high", Value::Number(28.0));
    assert_eq!(run(&slid), [2 * (14 * 9 + 14 * 10 + 9 * 10), 0, 0]);
}

#[test]
fn rounds_with_overrides() {
    let folder = "gitcoin_indexer_fixtures";
    let Some(trial) = indexer("votes.json") else { return };
    let with =
        |name: &str| Some(trial.clone().file("overrides", &data(&format!("{folder}/{name}"))?));
    let all = |name| with(name).expect("the fixtures are complete");
    // The four votes for the first project count for nothing.
    assert_eq!(run(&all("overrides.csv")), expected([0, 5_400, 16_200]));
    // They count half: 50, 200, 50, 450 with whole roots 7, 14, 7, 21.
    // 49² − (49 + 196 + 49 + 441) = 1,666.
    assert_eq!(
        run(&all("overrides-with-floating-coefficient.csv")),
        expected([1_666, 5_400, 16_200])
    );
    for (name, start) in [
        ("overrides-with-invalid-coefficient.csv", "overrides.csv:3:8: `what` is no coefficient"),
        (
            "overrides-without-coefficient.csv",
            "overrides.csv:1:4: column `coefficient` is missing; found: id, badCoefficientColumn",
        ),
        ("overrides-without-transaction-id.csv", "overrides.csv:1:1: column `id` is missing"),
    ] {
        let refusal = all(name).run(10_000).expect_err("a bad table").to_string();
        assert!(refusal.starts_with(start), "{refusal}");
    }
}

#[test]
fn votes_for_another_recipient_are_passed_over() {
    let name = "gitcoin_indexer_fixtures/votes-with-bad-recipient.json";
    let (Some(trial), Some(votes)) = (indexer("votes-with-bad-recipient.json"), json(name)) else {
        return;
    };
    // Reference: totals of the votes that name the right recipient.
    let mut totals: [BTreeMap<String, u64>; 3] = Default::default();
    let mut wrong = 0;
    for vote in votes.as_array().expect("a list of votes") {
        let text = |field: &str| vote[field].as_str().expect("a text").to_owned();
        let at: usize =
            text("applicationId").rsplit('-').next().expect("a number").parse().expect("a number");
        if text("grantAddress") == format!("grant-address-{at}") {
            let units: u64 = text("amountRoundToken").parse().expect("a number");
            *totals[at - 1].entry(text("voter")).or_default() += units;
        } else {
            wrong += 1;
        }
    }
    assert!(wrong > 0);
    let score = |totals: &BTreeMap<String, u64>| {
        let roots: u64 = totals.values().map(|total| total.isqrt()).sum();
        let squares: u64 = totals.values().map(|total| total.isqrt().pow(2)).sum();
        u128::from(roots * roots - squares)
    };
    let result = trial.run(10_000).expect("a valid round");
    assert_eq!(paid(&result), expected(totals.each_ref().map(score)));
    let remark = format!("passed over: {wrong} vote");
    assert!(result.outcome.remarks[0].starts_with(&remark), "{:?}", result.outcome.remarks);
}

// --- qf-calculator ----------------------------------------------------------

#[test]
fn the_analysts_program_agrees_to_nine_digits() {
    for (name, rows) in [("A_linearqf_doc", 3), ("B_synth1000", 30)] {
        let (Some(votes), Some(expected)) = (
            data(&format!("qf_calculator/{name}_votes.csv")),
            data(&format!("qf_calculator/{name}_qfcalculator_expected.csv")),
        ) else {
            return;
        };
        // algo, cap in percent, pool, project, match in dollars
        let mut cases: BTreeMap<(u64, u128), Vec<(&str, f64)>> = BTreeMap::new();
        for line in expected.lines().skip(1) {
            let cells: Vec<&str> = line.split(',').collect();
            if cells[0] == "QF" {
                let pool = cells[2].strip_suffix(".0").expect("whole dollars");
                let case = (cells[1].parse().expect("a percentage"), pool.parse().expect("a pool"));
                let found = cells[4].parse().expect("a match");
                cases.entry(case).or_default().push((cells[3], found));
            }
        }
        assert_eq!(cases.len(), 3);
        for ((cap, pool), expected) in cases {
            assert_eq!(expected.len(), rows);
            for arithmetic in ["integer", "float"] {
                let cap = Share::new(cap, 100).expect("a percentage");
                let mut trial = trial_of("quadratic")
                    .file("votes", &votes)
                    .text("saturation", "fill")
                    .text("arithmetic", arithmetic)
                    .set("cap", Value::Share(cap));
                trial.assets = vec![Asset::new("USD", 18)];
                let unit = U256::from(10_u64).pow(U256::from(18_u64));
                let units = U256::from(pool) * unit;
                let result = trial.run(units.to::<u128>()).expect("a valid round");
                for (project, dollars) in &expected {
                    let found = result.paid(project).to_f64() / f64::from(unit);
                    let place = format!("{project} of {name}, cap {cap}, {arithmetic}");
                    assert!(
                        (found - dollars).abs() <= 1e-9 * dollars.max(1e-3),
                        "{place}: {found} {dollars}"
                    );
                }
            }
        }
    }
}
