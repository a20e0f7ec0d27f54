//! Optimism's Retro Funding, season 8: the rules pay what was published.
//!
//! M7 is August 2025, M11 December 2025. The data is not part of the repository;
//! where it is absent these tests say so and pass over it.

use std::collections::BTreeMap;

use allonet_core::money::{Amount, Asset};
use allonet_mechanisms::trial::{NoTrial, Trial, TurnResult};
use serde::Deserialize;

/// Most that a reward may be off, in OP: published ones have two decimals.
const CENT: f64 = 0.01;

/// One project of a published list.
#[derive(Deserialize)]
struct Published {
    oso_project_id: String,
    display_name: String,
    is_eligible: bool,
    op_reward: f64,
}

fn text(month: &str, name: &str) -> Option<String> {
    allonet_testdata::text(&format!("optimism-retro/{month}/{name}"))
}

fn published(month: &str, round: &str) -> Option<Vec<Published>> {
    let text = text(month, &format!("{round}__results.json"))?;
    Some(serde_json::from_str(&text).expect("the published list is read"))
}

fn trial(mechanism: &str, month: &str, files: &[(&'static str, &str)]) -> Option<Trial> {
    let mut trial = Trial::new(mechanism);
    trial.assets = vec![Asset::new("OP", 18)];
    for (setting, name) in files {
        trial = trial.file(setting, &text(month, name)?);
    }
    Some(trial)
}

fn dev_tooling(month: &str) -> Option<Trial> {
    let files = [
        ("weights", "devtooling__arcturus.yaml"),
        ("onchain_projects", "devtooling__onchain_metadata.csv"),
        ("devtooling_projects", "devtooling__project_metadata.csv"),
        ("dependencies", "devtooling__dependency_graph.csv"),
        ("developers", "devtooling__developer_graph.csv"),
        ("utility_labels", "devtooling__utility_labels.csv"),
    ];
    Some(trial("dev-tooling", month, &files)?.text("parity", "retro-funding"))
}

fn onchain_builders(month: &str) -> Option<Trial> {
    let files = [
        ("weights", "onchain__goldilocks.yaml"),
        ("projects", "onchain__project_metadata.csv"),
        ("metrics", "onchain__metrics_by_project.csv"),
    ];
    trial("onchain-builders", month, &files)
}

/// OP in base units, from hundredths.
fn op(cents: u64) -> u128 {
    u128::from(cents) * 10_u128.pow(16)
}

fn in_op(amount: Amount) -> f64 {
    amount.to_f64() / 1e18
}

fn run(trial: &Trial, cents: u64) -> TurnResult {
    trial.run(op(cents)).unwrap_or_else(|error| panic!("{error}"))
}

fn total(result: &TurnResult) -> Amount {
    let amounts = result.payouts.iter().map(|payout| payout.amount);
    Amount::sum(amounts, "test").expect("parts of one budget")
}

/// The projects whose reward is off, with what they are paid here and there.
fn off(result: &TurnResult, published: &[Published], allowed: f64) -> Vec<(String, f64, f64)> {
    let known: BTreeMap<&str, f64> =
        published.iter().map(|row| (row.oso_project_id.as_str(), row.op_reward)).collect();
    for payout in &result.payouts {
        let payee = &*result.payees[payout.payee as usize];
        assert!(known.contains_key(payee), "{payee} is not in the published list");
    }
    let rewards = published.iter().map(|row| {
        let paid = in_op(result.paid(&row.oso_project_id));
        (row.display_name.clone(), paid, row.op_reward)
    });
    rewards.filter(|(_, paid, reward)| (paid - reward).abs() > allowed).collect()
}

#[test]
fn dev_tooling_pays_what_was_published() {
    for (month, projects) in [("M7", 268), ("M11", 303)] {
        let (Some(trial), Some(published)) = (dev_tooling(month), published(month, "devtooling"))
        else {
            return;
        };
        assert_eq!(published.len(), projects);
        // Rounded one by one, to the hundredth.
        let rounded = run(&trial.clone().text("rounding", "published"), 500_000_04);
        assert_eq!(off(&rounded, &published, 1e-9), [], "{month}");
        assert_eq!(total(&rounded), Amount::from_base(op(500_000_04)), "{month}");
        // To the last base unit.
        let exact = run(&trial, 500_000_00);
        assert_eq!(off(&exact, &published, CENT), [], "{month}");
        assert_eq!(total(&exact), Amount::from_base(op(500_000_00)), "{month}");
        assert!(exact.unspent.is_empty());
        let eligible: Vec<&str> = published
            .iter()
            .filter(|row| row.is_eligible)
            .map(|row| &*row.oso_project_id)
            .collect();
        assert_eq!(exact.payees.len(), eligible.len());
        assert!(eligible.iter().all(|id| exact.payees.iter().any(|payee| &**payee == *id)));
    }
}

#[test]
fn onchain_builders_are_paid_what_was_published() {
    // August 2025: DIAMANTE was added by hand, above the budget.
    let by_hand = ("DIAMANTE".to_owned(), 0.0, 2_726.79);
    let months =
        [("M7", 166_666_67, 166_666_66, vec![by_hand]), ("M11", 166_666_60, 166_666_64, vec![])];
    for (month, budget, paid, expected) in months {
        let (Some(trial), Some(published)) = (onchain_builders(month), published(month, "onchain"))
        else {
            return;
        };
        let rounded = run(&trial.clone().text("rounding", "published"), paid.max(budget));
        assert_eq!(off(&rounded, &published, 1e-9), expected, "{month}");
        assert_eq!(total(&rounded), Amount::from_base(op(paid)), "{month}");
        let exact = run(&trial, budget);
        assert_eq!(off(&exact, &published, CENT), expected, "{month}");
        assert_eq!(total(&exact), Amount::from_base(op(budget)), "{month}");
    }
}

#[test]
fn cents_that_are_not_there_are_not_paid() {
    let (Some(tools), Some(onchain)) = (dev_tooling("M11"), onchain_builders("M11")) else {
        return;
    };
    let refused = |trial: &Trial, cents| {
        let trial = trial.clone().text("rounding", "published");
        match trial.run(op(cents)) {
            Err(NoTrial::Refusal(refusal)) => (refusal.code, refusal.message),
            other => panic!("{other:?}"),
        }
    };
    let message = "rounded one by one the rewards add up to 500,000.04 OP, 0.04 OP more than the \
                   500,000.00 OP there is";
    assert_eq!(refused(&tools, 500_000_00), ("overspent", message.to_owned()));
    assert_eq!(refused(&onchain, 166_666_60).0, "overspent");
}

#[test]
fn repeated_links_added_up_pay_otherwise() {
    let (Some(trial), Some(published)) = (dev_tooling("M11"), published("M11", "devtooling"))
    else {
        return;
    };
    let result = run(&trial.text("parity", "none"), 500_000_00);
    assert_eq!(total(&result), Amount::from_base(op(500_000_00)));
    assert_eq!(off(&result, &published, CENT).len(), 75);
}

#[test]
fn givers_are_told_by_name() {
    let Some(trial) = dev_tooling("M11") else { return };
    let result = run(&trial, 500_000_00);
    let reasons = &result.outcome.reasons["RKXiQ+QWuPsIuoADOdKR8u5M0aV1ybzkcgt8oT70hcw="];
    for line in reasons {
        println!("{line}");
    }
    println!("{:?}", result.outcome.remarks);
    for p in result.payouts.iter().take(4) {
        println!("{:?}", p.steps);
    }
}
