//! Retro funding against the results of rounds and of the programs behind them.
//!
//! The vectors are not part of the repository; without them these tests are
//! passed over.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use allonet_core::card::Value;
use allonet_core::fault::SourceFile;
use allonet_core::money::{Amount, Asset};
use allonet_core::signal::SignalData;
use allonet_core::table::{Column, Table};
use allonet_mechanisms::retro::payouts::easy_retro_pgf;
use allonet_mechanisms::retro::round::{Round, Rule, Scenario, Scratch, Statistic, Vote};
use allonet_mechanisms::trial::{Trial, TurnResult, trial_of};
use serde_json::Value as Json;

fn data(name: &str) -> Option<String> {
    allonet_testdata::text(&format!("mechanisms/{name}"))
}

fn json(name: &str) -> Option<Json> {
    data(name).map(|text| serde_json::from_str(&text).expect("a vector is JSON"))
}

fn table(name: &str, columns: &[Column]) -> Option<Table> {
    let file = SourceFile::new(name, data(name)?);
    Some(Table::read(&file, columns).expect("a vector is a table"))
}

fn scores(result: &TurnResult) -> &BTreeMap<String, f64> {
    let found = result.outcome.signals.iter().find(|(name, _)| *name == "scores");
    let Some((_, SignalData::Scores(scores))) = found else { panic!("it emits scores") };
    scores
}

/// Units of an asset with 18 decimals.
fn units(amount: Amount) -> f64 {
    amount.to_f64() / 1e18
}

fn with_18_decimals(mut trial: Trial, symbol: &str) -> Trial {
    trial.assets = vec![Asset::new(symbol, 18)];
    trial
}

const WEI: u128 = 1_000_000_000_000_000_000;

// --- EasyRetroPGF -----------------------------------------------------------

#[test]
fn easy_retro_pgf_counts_the_same() {
    let Some(vector) = json("onchain_ports/easy_retro_pgf_unit.json") else { return };
    let (mut rows, mut votes) = ("voter,project,amount\n".to_owned(), Vec::new());
    let projects = ["projectA", "projectB", "projectC"];
    for (voter, ballot) in (0_u32..).zip(vector["ballots"].as_array().expect("ballots")) {
        for vote in ballot["votes"].as_array().expect("votes") {
            let (name, project) = (ballot["voterId"].as_str(), vote["projectId"].as_str());
            let (name, project) = (name.expect("a name"), project.expect("a name"));
            let amount = vote["amount"].as_f64().expect("a number");
            writeln!(rows, "{name},{project},{amount}").expect("a text grows");
            let project = (0_u32..).zip(projects).find(|(_, own)| *own == project);
            let project = project.expect("one of three").0;
            votes.push(Vote { voter, project, amount });
        }
    }
    let cases = vector["cases"].as_array().expect("cases");
    assert_eq!(cases.len(), 12);
    for case in cases {
        let (calculation, threshold) =
            (case["calculation"].as_str().expect("a name"), &case["threshold"]);
        let trial = trial_of("retro-ballots")
            .file("votes", &rows)
            .text("statistic", calculation)
            .set("quorum", Value::Integer(threshold.as_i64().expect("a number")))
            .text("parity", "easy-retro-pgf");
        let result = trial.run(1_000_000).expect("a valid round");
        // Ballots and sums of votes, from the kernel.
        let round = Round::new(Rule::new(Statistic::Sum), 4, 3, &votes);
        let mut scratch = Scratch::default();
        round.evaluate(&Scenario::of_pool(1.0), &mut scratch);
        let all: f64 = scratch.scores.iter().sum();
        assert_eq!(case["out"]["actualTotalVotes"].as_f64(), Some(all));
        for (at, project) in projects.iter().enumerate() {
            let expected = &case["out"]["projects"][project];
            let place = format!("{project}, {calculation}, threshold {threshold}");
            assert_eq!(
                Some(scores(&result)[*project]),
                expected["votes"].as_f64().or(Some(0.0)),
                "{place}"
            );
            if !expected.is_null() {
                assert_eq!(expected["voters"].as_u64(), Some(u64::from(scratch.ballots[at])));
                assert_eq!(expected["actualVotes"].as_f64(), Some(scratch.scores[at]), "{place}");
            }
        }
    }
}

#[test]
fn easy_retro_pgf_overspends_the_same() {
    let Some(vector) = json("onchain_ports/easy_retro_pgf_payout.json") else { return };
    for case in vector["cases"].as_array().expect("cases") {
        let amount = |json: &Json| -> Amount {
            json.as_str().expect("amounts are texts").parse().expect("amounts are whole")
        };
        let votes: Vec<f64> = case["votes"]
            .as_array()
            .expect("votes")
            .iter()
            .map(|votes| votes.as_f64().expect("a number"))
            .collect();
        let pool = amount(&case["pool"]);
        let paid = easy_retro_pgf(&votes, pool).expect("small numbers");
        let expected: Vec<Amount> =
            case["payouts"].as_array().expect("payouts").iter().map(amount).collect();
        assert_eq!(paid, expected);
        assert_eq!(Amount::sum(paid, "test").expect("small"), amount(&case["sum"]));
        assert!(amount(&case["sum"]) > pool);
        // The mechanism does not spend what it does not have.
        let mut rows = "voter,project,amount\n".to_owned();
        for (at, votes) in votes.iter().enumerate() {
            writeln!(rows, "a,p{at},{votes}").expect("a text grows");
        }
        let trial = trial_of("retro-ballots").file("votes", &rows).text("parity", "easy-retro-pgf");
        let refusal = trial.run(pool.to_u128().expect("small")).expect_err("too much").to_string();
        assert!(refusal.contains("which is 161.27 USD more"), "{refusal}");
    }
}

// --- Optimism RetroPGF 3 ----------------------------------------------------

const CANONICAL: &[Column] = &[
    Column::required(&["Project Name"]),
    Column::required(&["ballots"]),
    Column::required(&["median amount"]),
    Column::required(&["Quorum reached"]),
    Column::required(&["OP Received"]),
];

/// A number with commas between thousands.
fn number(text: &str) -> f64 {
    text.replace(',', "").parse().unwrap_or_else(|_| panic!("`{text}` is a number"))
}

fn retropgf3(rows: &str) -> Trial {
    let trial = trial_of("retro-ballots")
        .file("votes", rows)
        .text("statistic", "median")
        .set("quorum", Value::Integer(17))
        .set("least_score", Value::Number(1_500.0));
    with_18_decimals(trial, "OP")
}

#[test]
fn retropgf3_from_published_medians() {
    let Some(canonical) = table("optimism_retropgf3/results_canonical.csv", CANONICAL) else {
        return;
    };
    let mut rows = "voter,project,amount\n".to_owned();
    for row in canonical.rows() {
        // As many ballots as there were, each with the median.
        for voter in 0..row.cell(1).parse::<u32>().expect("a count") {
            let median = number(row.cell(2));
            writeln!(rows, "v{voter},project {},{median}", row.index()).expect("a text grows");
        }
    }
    let result = retropgf3(&rows).run(30_000_000 * WEI).expect("a valid round");
    let mut funded = 0;
    for row in canonical.rows() {
        let paid = units(result.paid(&format!("project {}", row.index())));
        let published = number(row.cell(4));
        assert!((paid - published).abs() <= 0.005_000_1, "{}: {paid} {published}", row.cell(0));
        assert_eq!(row.cell(3) == "TRUE", paid > 0.0, "{}", row.cell(0));
        funded += usize::from(paid > 0.0);
    }
    assert_eq!((canonical.len(), funded), (643, 501));
}

/// The numbers of a list such as `[1.0, 2.0]`.
fn list(text: &str) -> impl Iterator<Item = f64> + '_ {
    let inner = text.trim_matches(['[', ']']);
    inner.split(',').map(str::trim).filter(|cell| !cell.is_empty()).map(number)
}

#[test]
fn retropgf3_from_anonymised_votes_as_far_as_they_are_exact() {
    let columns = &[Column::required(&["project_name"]), Column::required(&["amount"])];
    let (Some(canonical), Some(votes)) = (
        table("optimism_retropgf3/results_canonical.csv", CANONICAL),
        table("optimism_retropgf3/anonymized_project_votes.csv", columns),
    ) else {
        return;
    };
    let published: BTreeMap<&str, (f64, usize)> = canonical
        .rows()
        .map(|row| (row.cell(0), (number(row.cell(2)), row.cell(1).parse().expect("a count"))))
        .collect();
    let (mut rows, mut names) = ("voter,project,amount\n".to_owned(), Vec::new());
    for row in votes.rows() {
        for (voter, amount) in list(row.cell(1)).enumerate() {
            writeln!(rows, "v{voter},project {},{amount}", row.index()).expect("a text grows");
        }
        names.push((row.cell(0), list(row.cell(1)).count()));
    }
    // All medians, with no quorum.
    let all = with_18_decimals(trial_of("retro-ballots").file("votes", &rows), "OP");
    let result = all.run(WEI).expect("a valid round");
    let (mut exact, mut close) = (0, 0);
    for (at, (name, ballots)) in names.iter().enumerate() {
        let (median, expected) = published[name];
        assert_eq!(*ballots, expected, "{name}");
        let found = scores(&result)[&format!("project {at}")];
        let apart = (found - median).abs() / median.max(1.0);
        // Two significant figures: off by 5 in 100 for each of two middle votes.
        assert!(apart <= 0.06, "{name}: {found} {median}");
        exact += usize::from(apart == 0.0);
        close += usize::from(apart <= 0.005);
    }
    // Medians that the rounding leaves as they were, or within half a percent.
    assert_eq!((names.len(), exact, close), (643, 442, 503));
}

// --- Filecoin RetroPGF 1 ----------------------------------------------------

#[test]
fn filecoin_rpgf1_to_the_whole_fil() {
    let (Some(projects), Some(results)) = (
        table(
            "filecoin_rpgf1/FIL_RetroPGF1_projects_with_votes.csv",
            &[Column::required(&["id"]), Column::required(&["amount"])],
        ),
        table(
            "filecoin_rpgf1/allocation_results.csv",
            &[
                Column::required(&["Project URL"]),
                Column::required(&["Ballots"]),
                Column::required(&["Score"]),
                Column::required(&["Quorum reached"]),
                Column::required(&["FIL Allocated"]),
            ],
        ),
    ) else {
        return;
    };
    let mut rows = "voter,project,amount\n".to_owned();
    let mut ballots = BTreeMap::new();
    for row in projects.rows() {
        for (voter, amount) in list(row.cell(1)).enumerate() {
            writeln!(rows, "v{voter},{},{amount}", row.cell(0)).expect("a text grows");
        }
        ballots.insert(row.cell(0), list(row.cell(1)).count());
    }
    let trial = trial_of("retro-ballots")
        .file("votes", &rows)
        .text("statistic", "average")
        .set("quorum", Value::Integer(5))
        .text("payout", "score")
        .set("factor", Value::Number(837.17))
        .set("round_to", Value::Integer(0));
    let result = with_18_decimals(trial, "FIL").run(1_000_000 * WEI).expect("a valid round");
    let (mut reached, mut funded) = (0, 0);
    for row in results.rows() {
        let id = row.cell(0).rsplit('/').next().expect("an address");
        let expected = Asset::new("FIL", 18).parse(&row.cell(4).replace(',', ""));
        assert_eq!(Ok(result.paid(id)), expected, "{id}");
        assert_eq!(ballots[id].to_string(), row.cell(1), "{id}");
        if row.cell(3) == "TRUE" {
            let score = scores(&result)[id];
            assert!((score - number(row.cell(2))).abs() <= 0.005_000_1, "{id}: {score}");
            reached += 1;
        }
        funded += usize::from(!result.paid(id).is_zero());
    }
    assert_eq!((results.len(), reached, funded), (106, 100, 99));
}
