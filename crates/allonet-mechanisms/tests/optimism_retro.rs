//! Optimism's Retro Funding, season 8: the rules pay what was published.
//!
//! M7 is August 2025, M11 December 2025. The data is not part of the repository;
//! where it is absent these tests say so and pass over it.

use std::collections::BTreeMap;
use std::fs;

use allonet_core::mechanism::{NoOracles, Payout};
use allonet_core::money::{Amount, Asset};
use allonet_mechanisms::trial::{NoTrial, Trial, TurnResult, trial_of};
use serde::Deserialize;

mod support;

use support::{Files, network, run_checked};

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
    let mut trial = trial_of(mechanism);
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
        let rounded = run(&trial.clone().text("rounding", "published"), 50_000_004);
        assert_eq!(off(&rounded, &published, 1e-9), [], "{month}");
        assert_eq!(total(&rounded), Amount::from_base(op(50_000_004)), "{month}");
        // To the last base unit.
        let exact = run(&trial, 50_000_000);
        assert_eq!(off(&exact, &published, CENT), [], "{month}");
        assert_eq!(total(&exact), Amount::from_base(op(50_000_000)), "{month}");
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
        [("M7", 16_666_667, 16_666_666, vec![by_hand]), ("M11", 16_666_660, 16_666_664, vec![])];
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
    assert_eq!(refused(&tools, 50_000_000), ("overspent", message.to_owned()));
    assert_eq!(refused(&onchain, 16_666_660).0, "overspent");
}

#[test]
fn repeated_links_added_up_pay_otherwise() {
    let (Some(trial), Some(published)) = (dev_tooling("M11"), published("M11", "devtooling"))
    else {
        return;
    };
    let result = run(&trial.text("parity", "none"), 50_000_000);
    assert_eq!(total(&result), Amount::from_base(op(50_000_000)));
    assert_eq!(off(&result, &published, CENT).len(), 75);
}

#[test]
fn givers_are_told_by_name() {
    let Some(trial) = dev_tooling("M11") else { return };
    let result = run(&trial, 50_000_000);
    // DefiLlama: no packages, much attention; its reward is at the cap.
    let id = "RKXiQ+QWuPsIuoADOdKR8u5M0aV1ybzkcgt8oT70hcw=";
    let lines = &result.outcome.reasons[id];
    assert_eq!(
        lines[0],
        "DefiLlama: 4.7% of all scores; 0 applications and 81 developers link to it"
    );
    assert!(lines[1].starts_with("98.1% by developers"), "{lines:?}");
    assert!(lines[1].contains("prithpal-sooriya 5.1%, franzns 4.4%"), "{lines:?}");
    assert!(lines[2].contains("Balancer 9.6%, Across 6.9%, Beefy Finance 5.9%"), "{lines:?}");
    assert!(lines[3].starts_with("1.9% by its own standing"), "{lines:?}");
    let of = |payout: &&Payout| &*result.payees[payout.payee as usize] == id;
    let payout = result.payouts.iter().find(of).expect("it is paid");
    let note = payout.steps[0].note.as_deref().unwrap_or_default();
    assert!(note.starts_with("4.7% of all scores: 98.1% by work of prithpal-sooriya"), "{note}");
    let told = "`total_active_addresses` has the weight 0.2";
    assert!(result.outcome.remarks[0].starts_with(told), "{:?}", result.outcome.remarks);
}

// --- The network of the example ---------------------------------------------

const EXAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/optimism-retro/");

/// The example's network, changed as its README says for a published month.
fn network_of_a_month() -> String {
    let read = |name: &str| fs::read_to_string(format!("{EXAMPLE}{name}")).expect("the example");
    let mut text = read("optimism-retro.allonet.toml");
    let readme = read("README.md");
    let changes: Vec<&str> = readme.lines().filter(|line| line.starts_with("s|")).collect();
    assert_eq!(changes.len(), 6);
    for change in changes {
        let [_, from, to, ""] = change.split('|').collect::<Vec<&str>>()[..] else {
            panic!("{change} is no change of one line")
        };
        assert!(text.contains(from), "`{from}` is not in the network file");
        text = text.replace(from, to);
    }
    text
}

#[test]
fn the_example_pays_a_published_month() {
    let Some(folder) = allonet_testdata::data("optimism-retro/M11") else { return };
    let files = Files { folder, texts: &[] };
    let network = network(&network_of_a_month(), files, &NoOracles);
    assert_eq!(network.warnings(), []);
    let result = run_checked(&network);
    // Some are rewarded in both rounds.
    let mut rewards: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for round in ["devtooling", "onchain"] {
        let Some(published) = published("M11", round) else { return };
        for row in published {
            rewards.entry(row.oso_project_id).or_default().push(row.op_reward);
        }
    }
    let mut sum = Amount::ZERO;
    let mut paid = 0;
    for (project, rewards) in &rewards {
        let reached = network.find(project).map(|node| result.inflow(node, 0));
        let reached = reached.unwrap_or(Amount::ZERO);
        let (found, expected) = (in_op(reached), rewards.iter().sum::<f64>());
        let allowed = CENT * rewards.len() as f64;
        assert!((found - expected).abs() <= allowed, "{project}: {found} and {expected}");
        sum = sum.add(reached, "test").expect("parts of two budgets");
        paid += usize::from(!reached.is_zero());
    }
    assert_eq!(sum, Amount::from_base(op(50_000_000 + 16_666_660)));
    assert!(paid > 200, "{paid} projects are paid");
}
