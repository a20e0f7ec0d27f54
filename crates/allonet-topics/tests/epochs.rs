//! Whole epochs against the authors' data and against a run of our own with
//! outliers and dishonest reputers.

use std::collections::HashMap;

use allonet_topics::consensus::{Heard, Reports, listen, network_losses};
use allonet_topics::division;
use allonet_topics::entropy::entropy;
use allonet_topics::epoch::{Scratch, Settled, settle};
use allonet_topics::layout::Layout;
use allonet_topics::memory::{Memory, Regrets};
use allonet_topics::settings::{Consensus, Settings, Solo, Window};
use allonet_topics::{fractions, scores};
use serde_json::Value;

const INFERERS: usize = 5;
const FORECASTERS: usize = 3;
const REPUTERS: usize = 5;
const AUTHORS: &str = "allora/topic_sim_epochs_300_303.csv";
const OWN: &str = "allora/own_vectors_topic.csv";

type Row = HashMap<String, f64>;

fn rows(file: &str) -> Option<Vec<Row>> {
    let text = allonet_testdata::text(file)?;
    let mut lines = text.lines();
    let names: Vec<&str> = lines.next().expect("a heading").split(',').collect();
    let row = |line: &str| {
        let cells = line.split(',').map(|cell| cell.parse().expect("a number"));
        names.iter().map(|name| (*name).to_owned()).zip(cells).collect()
    };
    Some(lines.map(row).collect())
}

/// Columns `before0after`, `before1after` …
fn series(row: &Row, before: &str, count: usize, after: &str) -> Vec<f64> {
    (0..count).map(|index| row[&format!("{before}{index}{after}")]).collect()
}

fn layout() -> Layout {
    Layout::new(INFERERS, FORECASTERS)
}

/// Names of the loss columns in the order of the layout: the network's, and what
/// follows `reputer_m_`.
fn loss_columns() -> Vec<(String, String)> {
    let mut names = vec![
        ("network_loss".to_owned(), "loss_network_inference".to_owned()),
        ("network_naive_loss".to_owned(), "loss_naive_network_inference".to_owned()),
    ];
    let mut push = |network: String, reputer: String| names.push((network, reputer));
    for j in 0..INFERERS {
        push(format!("inference_loss_{j}"), format!("loss_inference_{j}"));
    }
    for k in 0..FORECASTERS {
        let name = format!("forecast_implied_inference_{k}");
        push(format!("forecast_implied_inference_loss_{k}"), format!("loss_{name}"));
    }
    for j in 0..INFERERS {
        for k in 0..FORECASTERS {
            let name = format!("forecast_implied_inference_{k}_oneout_{j}");
            let network = format!("forecast_implied_inference_loss_{k}_oneout_{j}");
            push(network, format!("loss_{name}"));
        }
    }
    for l in 0..INFERERS + FORECASTERS {
        let name = format!("network_inference_oneout_{l}");
        push(format!("network_loss_oneout_{l}"), format!("loss_{name}"));
    }
    for k in 0..FORECASTERS {
        let name = format!("naive_network_inference_onein_{k}");
        push(format!("network_naive_loss_onein_{k}"), format!("loss_{name}"));
    }
    names
}

fn reported(row: &Row) -> Vec<f64> {
    let columns = loss_columns();
    let cell = |reputer: usize, name: &str| row[&format!("reputer_{reputer}_{name}")];
    (0..REPUTERS).flat_map(|m| columns.iter().map(move |(_, name)| cell(m, name))).collect()
}

fn stakes(row: &Row) -> Vec<f64> {
    series(row, "reputer_stake_", REPUTERS, "")
}

/// Largest relative distance.
fn distance(found: &[f64], wanted: &[f64]) -> f64 {
    assert_eq!(found.len(), wanted.len());
    let distance = |(found, wanted): (&f64, &f64)| {
        let distance = (found - wanted).abs() / wanted.abs().max(1e-12);
        if distance.is_nan() { f64::INFINITY } else { distance }
    };
    found.iter().zip(wanted).map(distance).fold(0.0, f64::max)
}

#[track_caller]
fn close(what: &str, found: &[f64], wanted: &[f64], tolerance: f64) {
    let far = distance(found, wanted);
    assert!(far <= tolerance, "{what}: {far:e}\n{found:?}\n{wanted:?}");
}

fn regrets(row: &Row) -> Regrets {
    let workers = INFERERS + FORECASTERS;
    let series = |before: &str, count, after: &str| series(row, before, count, after);
    let one_out = |l| series("inference_regret_worker_", workers, &format!("_oneout_{l}"));
    let one_in = |k| series("inference_regret_worker_", INFERERS + 1, &format!("_onein_{k}"));
    Regrets {
        network: series("inference_regret_worker_", workers, ""),
        naive: series("naive_inference_regret_worker_", INFERERS, ""),
        one_out: (0..workers).flat_map(one_out).collect(),
        one_in: (0..FORECASTERS).flat_map(one_in).collect(),
    }
}

/// What a topic remembers after the row at `at`, the scores of rows before it too.
fn memory(rows: &[Row], at: usize) -> Memory {
    let row = &rows[at];
    let newest_first = || rows[..=at].iter().rev();
    let scores = |name: &str, count| newest_first().map(|r| series(r, name, count, "")).collect();
    let smooth =
        |class: &str, count| series(row, &format!("{class}_reward_fraction_smooth_"), count, "");
    Memory {
        network_loss: Some(row["network_loss"]),
        regrets: regrets(row),
        coefficients: series(row, "reputer_listening_coefficient_", REPUTERS, ""),
        inferer_scores: scores("inferer_score_", INFERERS),
        forecaster_scores: scores("forecaster_score_", FORECASTERS),
        inferer_fractions: smooth("inferer", INFERERS),
        forecaster_fractions: smooth("forecaster", FORECASTERS),
        reputer_fractions: smooth("reputer", REPUTERS),
        utility: row["forecaster_score_ratio"],
    }
}

/// Compares an epoch with a row, but for workers' fractions and what follows
/// from them where `history` is false: the rows before are not in the file.
fn compare(row: &Row, settled: &Settled, memory: &Memory, history: bool) {
    let series = |name: &str, count| series(row, name, count, "");
    let network: Vec<f64> = loss_columns().iter().map(|(name, _)| row[name]).collect();
    close("losses", &settled.losses, &network, 1e-12);
    let (found, wanted) = (&memory.regrets, regrets(row));
    close("regrets", &found.network, &wanted.network, 1e-12);
    close("naive regrets", &found.naive, &wanted.naive, 1e-12);
    close("one-out regrets", &found.one_out, &wanted.one_out, 1e-11);
    close("one-in regrets", &found.one_in, &wanted.one_in, 1e-11);
    let wanted = series("inferer_score_", INFERERS);
    close("inferers", &settled.inferer_scores, &wanted, 1e-12);
    let wanted = series("forecaster_score_", FORECASTERS);
    close("forecasters", &settled.forecaster_scores, &wanted, 1e-12);
    let heard = &settled.heard;
    close("reputers", &heard.scores, &series("reputer_score_", REPUTERS), 1e-10);
    let wanted = series("reputer_adjusted_stake_", REPUTERS);
    close("adjusted stakes", &heard.adjusted, &wanted, 1e-10);
    let wanted = series("reputer_listening_coefficient_", REPUTERS);
    close("coefficients", &heard.coefficients, &wanted, 1e-10);
    let wanted = series("reputer_reward_fraction_", REPUTERS);
    close("reputers' fractions", &settled.reputer_fractions, &wanted, 1e-10);
    let wanted = series("reputer_reward_fraction_smooth_", REPUTERS);
    close("smoothed", &memory.reputer_fractions, &wanted, 1e-10);
    close("H", &settled.entropies[2..], &[row["reputers_entropy"]], 1e-10);
    close("task", &[settled.task_score], &[row["forecaster_task_score"]], 1e-12);
    close("tau", &[settled.utility.tau], &[row["forecaster_score_ratio"]], 1e-12);
    close("chi", &[settled.utility.chi], &[row["forecasters_utility"]], 1e-12);
    if !history {
        return;
    }
    let wanted = series("inferer_reward_fraction_", INFERERS);
    close("inferers' fractions", &settled.inferer_fractions, &wanted, 1e-12);
    let wanted = series("inferer_reward_fraction_smooth_", INFERERS);
    close("smoothed", &memory.inferer_fractions, &wanted, 1e-12);
    close("F", &settled.entropies[..1], &[row["inferers_entropy"]], 1e-12);
}

fn compare_forecasters(row: &Row, settled: &Settled, memory: &Memory) {
    let series = |name: &str, count| series(row, name, count, "");
    let wanted = series("forecaster_reward_fraction_", FORECASTERS);
    close("forecasters' fractions", &settled.forecaster_fractions, &wanted, 1e-12);
    let wanted = series("forecaster_reward_fraction_smooth_", FORECASTERS);
    close("smoothed", &memory.forecaster_fractions, &wanted, 1e-12);
    close("G", &settled.entropies[1..2], &[row["forecasters_entropy"]], 1e-12);
    let classes = ["inferers", "forecasters", "reputers"];
    let wanted = classes.map(|class| row[&format!("{class}_reward_fraction")]);
    close("shares", &settled.shares, &wanted, 1e-10);
    let fractions = [
        ("inferer", &settled.inferer_fractions),
        ("forecaster", &settled.forecaster_fractions),
        ("reputer", &settled.reputer_fractions),
    ];
    for ((class, fractions), share) in fractions.into_iter().zip(settled.shares) {
        let emission = row["topic_rewards"];
        let found: Vec<f64> = fractions.iter().map(|part| part * share * emission).collect();
        let wanted = series(&format!("{class}_reward_"), fractions.len());
        close("rewards", &found, &wanted, 1e-10);
    }
}

fn settle_row(settings: &Settings, memory: &mut Memory, row: &Row) -> Settled {
    let (losses, stakes) = (reported(row), stakes(row));
    let reports = Reports { losses: &losses, stakes: &stakes };
    settle(settings, layout(), memory, &reports, &mut Scratch::default())
}

#[test]
fn the_authors_epochs() {
    let Some(rows) = rows(AUTHORS) else { return };
    for at in 1..rows.len() {
        let mut memory = memory(&rows, at - 1);
        let settled = settle_row(&Settings::default(), &mut memory, &rows[at]);
        // Ten scores: two epochs of five inferers, four of three forecasters.
        compare(&rows[at], &settled, &memory, true);
        if at >= 3 {
            compare_forecasters(&rows[at], &settled, &memory);
        }
    }
}

#[test]
fn our_own_forty_epochs_in_one_run() {
    let Some(rows) = rows(OWN) else { return };
    let mut memory = Memory::new(layout(), REPUTERS);
    for row in &rows {
        let settled = settle_row(&Settings::default(), &mut memory, row);
        compare(row, &settled, &memory, true);
        compare_forecasters(row, &settled, &memory);
        assert_eq!(settled.heard.iterations.to_string(), row["gd_iterations"].to_string());
        let listened = row["listened_stake_fraction"];
        close("listened", &[settled.heard.listened], &[listened], 1e-10);
    }
}

fn cases(name: &str) -> Option<Vec<Value>> {
    let text = allonet_testdata::text("allora/own_cases.json")?;
    let mut cases: Value = serde_json::from_str(&text).expect("JSON");
    match cases[name].take() {
        Value::Array(cases) => Some(cases),
        other => panic!("{name}: {other}"),
    }
}

fn numbers(value: &Value) -> Vec<f64> {
    match value {
        Value::Array(values) => values.iter().flat_map(numbers).collect(),
        value => vec![value.as_f64().expect("a number")],
    }
}

/// How far a case of listening is from what the reference has.
fn far_from(case: &Value, heard: &Heard) -> f64 {
    let pairs = [
        (&heard.coefficients, "coefficients"),
        (&heard.scores, "scores"),
        (&heard.adjusted, "adjusted_stakes_last_eval"),
    ];
    let far = pairs.map(|(found, name)| distance(found, &numbers(&case[name])));
    let listened = distance(&[heard.listened], &numbers(&case["listened_fraction"]));
    far.into_iter().fold(listened, f64::max)
}

/// As the authors' chain, coefficients may leave 0 to 1.
#[test]
fn sixty_problems_of_listening_without_bounds() {
    let Some(cases) = cases("listening") else { return };
    let settings = Consensus { bounded: false, ..Consensus::default() };
    let (mut floors, mut outside, mut worst) = (0, 0, 0.0_f64);
    for case in &cases {
        let [losses, stakes, initial] =
            ["losses", "stakes", "initial_coefficients"].map(|name| numbers(&case[name]));
        let heard = listen(&settings, &Reports { losses: &losses, stakes: &stakes }, &initial);
        assert_eq!(Some(heard.iterations as u64), case["iterations"].as_u64());
        assert!(heard.listened >= 0.5 - 1e-12, "{heard:?}");
        let floor = (heard.listened - 0.5).abs() < 1e-12;
        assert_eq!(Some(floor), case["hit_floor"].as_bool());
        floors += usize::from(floor);
        outside += usize::from(heard.coefficients.iter().any(|a| !(0.0..=1.0).contains(a)));
        worst = worst.max(far_from(case, &heard));
    }
    println!("largest relative distance {worst:e}");
    assert!(worst <= 1e-9, "{worst:e}");
    assert_eq!((cases.len(), floors, outside), (60, 7, 2));
}

#[test]
fn sixty_problems_of_listening_within_bounds() {
    let Some(cases) = cases("listening") else { return };
    let (mut cut, settings) = (0, Consensus::default());
    for case in &cases {
        let [losses, stakes, initial] =
            ["losses", "stakes", "initial_coefficients"].map(|name| numbers(&case[name]));
        let heard = listen(&settings, &Reports { losses: &losses, stakes: &stakes }, &initial);
        assert!(heard.coefficients.iter().all(|a| (0.0..=1.0).contains(a)), "{heard:?}");
        assert!(heard.listened >= 0.5 - 1e-12, "{heard:?}");
        // The reference stretches two steps beyond 0 and 1.
        if numbers(&case["coefficients"]).iter().any(|a| !(0.0..=1.0).contains(a)) {
            cut += 1;
            continue;
        }
        let far = far_from(case, &heard);
        assert!(far <= 1e-9, "{far:e}");
        assert_eq!(Some(heard.iterations as u64), case["iterations"].as_u64());
    }
    assert_eq!((cases.len(), cut), (60, 2));
}

#[test]
fn entropies() {
    let Some(cases) = cases("entropy") else { return };
    for case in &cases {
        let beta = case["beta"].as_f64().expect("a number");
        let found = entropy(&numbers(&case["smoothed_fractions"]), beta);
        close("entropy", &[found], &numbers(&case["entropy"]), 1e-13);
    }
}

#[test]
fn utilities_and_shares() {
    let Some(cases) = cases("utility") else { return };
    for case in &cases {
        let number = |name: &str| case[name].as_f64().expect("a number");
        let inferers = numbers(&case["inferer_scores"]);
        let found = division::utility(number("T_i"), &inferers, number("tau_prev"), 0.1);
        close("tau", &[found.tau], &[number("tau_paper")], 1e-12);
        close("chi", &[found.chi], &[number("chi")], 1e-12);
        let entropies = ["F", "G", "H"].map(number);
        let gamma = division::gamma(entropies[0], entropies[1], found.chi);
        close("gamma", &[gamma], &[number("gamma")], 1e-12);
        let shares = division::shares(entropies, found.chi, [true; 3]);
        close("shares", &shares, &["U_frac", "V_frac", "W_frac"].map(number), 1e-12);
        assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-15);
    }
}

/// Readings of the equations that the data rule out.
#[test]
fn the_data_tell_other_readings_apart() {
    let Some(rows) = rows(AUTHORS) else { return };
    let (last, before) = (&rows[3], &rows[2]);
    let network: Vec<f64> = loss_columns().iter().map(|(name, _)| last[name]).collect();
    let wanted = series(last, "forecaster_score_", FORECASTERS, "");
    let mut found = Vec::new();
    scores::of_forecasters(layout(), &network, Solo::Printed, &mut found);
    assert!(distance(&found, &wanted) > 1e-2, "printed f+");

    let (losses, stakes) = (reported(last), stakes(last));
    let reports = Reports { losses: &losses, stakes: &stakes };
    let start = series(before, "reputer_listening_coefficient_", REPUTERS, "");
    let defaults = Settings::default();
    let mut longer = defaults.consensus;
    longer.iterations = 20;
    let heard = listen(&longer, &reports, &start);
    let wanted = series(last, "reputer_listening_coefficient_", REPUTERS, "");
    assert!(distance(&heard.coefficients, &wanted) > 1e-3, "20 steps");
    let mut none = defaults.consensus;
    none.iterations = 0;
    let settled = listen(&none, &reports, &wanted);
    let wanted = series(last, "reputer_score_", REPUTERS, "");
    assert!(distance(&settled.scores, &wanted) > 1e-5, "final coefficients");

    let recent = memory(&rows, 3).inferer_scores;
    let spread = fractions::spread(&recent, Window::Scores(10));
    let wanted = series(last, "inferer_reward_fraction_", INFERERS, "");
    let mut with = |spread: f64, p: f64| {
        let mut potential = defaults.reward_potential;
        potential.p = p;
        fractions::of_workers(&recent[0], spread, &potential, defaults.epsilon, &mut found);
        distance(&found, &wanted)
    };
    assert!(with(spread, 3.0) < 1e-12);
    assert!(with(spread * 0.9_f64.sqrt(), 3.0) > 1e-4, "population deviation");
    assert!(with(fractions::spread(&recent, Window::Epochs(4)), 3.0) > 1e-4, "four epochs");
    assert!(with(spread, 1.0) > 1e-1, "p = 1");

    let scores = series(last, "reputer_score_", REPUTERS, "");
    let wanted = series(last, "reputer_reward_fraction_", REPUTERS, "");
    let mut found = Vec::new();
    fractions::of_reputers(&stakes, &scores, 3.0, &mut found);
    assert!(distance(&found, &wanted) > 1e-2, "power 3 of reputers");
    let mut equal = Vec::new();
    network_losses(&Reports { losses: &losses, stakes: &[1.0; REPUTERS] }, &mut equal);
    assert!(distance(&equal, &network) > 1e-6, "no stakes");
}
