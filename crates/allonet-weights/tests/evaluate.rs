//! Scores beside published figures and slow references, where the data is at
//! hand.

use std::collections::BTreeMap;

use allonet_core::fault::SourceFile;
use allonet_weights::comparisons::{Builder, Choice, Comparisons, Naming, Reading};
use allonet_weights::evaluate::baselines::{baselines, equal};
use allonet_weights::evaluate::bootstrap::{Resampling, difference};
use allonet_weights::evaluate::given::GivenWeights;
use allonet_weights::evaluate::metrics::metric;
use allonet_weights::evaluate::pairs::{DEFAULT_FLOOR, Sums, sums};
use allonet_weights::evaluate::trial::{Clusters, Trial};
use serde_json::Value;

fn data(path: &str) -> Option<String> {
    allonet_testdata::text(&format!("deep-funding/{path}"))
}

fn comparisons(path: &str) -> Option<Comparisons> {
    let file = SourceFile::new(path, data(path)?);
    let reading = Reading { max_multiplier: 1e9, ..Reading::default() };
    Some(Comparisons::read(&file, &reading).expect("published files are valid"))
}

fn score(id: &str, sums: &Sums) -> f64 {
    metric(id).unwrap().of_pairs(sums).unwrap()
}

fn near(found: f64, expected: f64, error: f64) {
    assert!((found - expected).abs() < error, "{found} is not {expected}");
}

#[test]
fn pilot_costs_are_those_of_the_vectors() {
    let Some(text) = data("scoring/vectors.json") else { return };
    let vectors: Value = serde_json::from_str(&text).unwrap();
    let floats = |value: &Value| -> Vec<f64> {
        value.as_array().unwrap().iter().map(|value| value.as_f64().unwrap()).collect()
    };
    let mut checked = 0;
    for case in vectors["cases"].as_array().unwrap() {
        let mut builder = Builder::default();
        let items: Vec<u32> = (0..20).map(|at| builder.item(&format!("{at:02}"))).collect();
        let juror = builder.juror("");
        for sample in case["samples"].as_array().unwrap() {
            let sample = floats(sample);
            let item = |at: f64| items[(0..20).find(|item| *item as f64 >= at).unwrap()];
            let choice = if sample[2] > 0.0 { Choice::Right } else { Choice::Left };
            builder.push(juror, (item(sample[0]), item(sample[1])), choice, Some(sample[2].abs()));
        }
        let comparisons = builder.finish();
        for (name, weights) in vectors["distributions"].as_object().unwrap() {
            let sums = sums(&comparisons, &floats(weights), DEFAULT_FLOOR);
            let cost = score("pilot-cost", &sums) * sums.with_intensity;
            near(cost, case["pure_costs"][name].as_f64().unwrap(), 1e-9);
            near(score("log-odds-rmse", &sums), score("pilot-cost", &sums).sqrt(), 1e-12);
            checked += 1;
        }
    }
    assert_eq!(checked, 20);
}

#[test]
fn equal_split_has_the_published_loss_of_the_mini_contest() {
    let Some(contest) = comparisons("mini-contest/hf_train.csv") else { return };
    let judged = sums(&contest, &equal(contest.items().len()), DEFAULT_FLOOR);
    assert_eq!(contest.len(), 2_387);
    near(score("brier", &judged), 0.125_027, 5e-7);
    near(score("skill", &judged), 0.0, 1e-12);
    near(score("accuracy", &judged), 0.5, 1e-12);
    let Some(contest) = comparisons("mini-contest/pond_train.csv") else { return };
    let judged = sums(&contest, &equal(contest.items().len()), DEFAULT_FLOOR);
    near(score("brier", &judged), 0.151_256_081, 1e-7);
}

/// Scores row by row as the published definitions read, from the text itself.
fn slow(table: &str, weights: &BTreeMap<String, f64>) -> [f64; 3] {
    let (mut brier, mut loss, mut agreed, mut rows) = (0.0, 0.0, 0.0, 0.0);
    for line in table.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        let (a, b) = (weights[cells[2]], weights[cells[3]]);
        let right = cells[4] == cells[3];
        let p = b / (a + b);
        let t = f64::from(u8::from(right));
        brier += (p - t) * (p - t);
        let held = p.clamp(1e-9, 1.0 - 1e-9);
        loss -= allonet_core::maths::ln(if right { held } else { 1.0 - held });
        agreed += if a.total_cmp(&b).is_eq() { 0.5 } else { f64::from(u8::from((b > a) == right)) };
        rows += 1.0;
    }
    [brier / rows, loss / rows, agreed / rows]
}

#[test]
fn gg24_weights_score_on_gg24_duels_as_the_slow_reference_says() {
    let Some(published) = data("gg24-duels/20251022103108.csv") else { return };
    // Six rows compare an item with itself, which readers refuse.
    let sound = |line: &&str| line.split(',').nth(2) != line.split(',').nth(3);
    let table = published.lines().filter(sound).collect::<Vec<_>>().join("\n");
    assert_eq!(published.lines().count() - table.lines().count(), 6);
    let file = SourceFile::new("duels.csv", &*table);
    let duels = Comparisons::read(&file, &Reading::default()).expect("the rest is valid");
    for rule in ["bradley-terry", "colley", "elo", "huber-log", "pagerank", "rank-centrality"] {
        let path = format!("gg24-duels/weights/{rule}.csv");
        let file = SourceFile::new(&*path, data(&path).unwrap());
        let given = GivenWeights::read(&file, &Naming::Verbatim).unwrap();
        let matched = given.on(duels.items());
        assert!(matched.missing.is_empty(), "{rule}: {:?}", matched.missing);
        let judged = sums(&duels, &matched.weights, DEFAULT_FLOOR);
        let [brier, loss, agreed] = slow(&table, given.by_item());
        near(score("brier", &judged), brier, 1e-10);
        near(score("log-loss", &judged), loss, 1e-7);
        near(score("accuracy", &judged), agreed, 1e-10);
        near(score("coverage", &judged), 1.0, 1e-12);
        assert_eq!(metric("pilot-cost").unwrap().of_pairs(&judged), None);
    }
}

#[test]
fn rows_sides_names_and_scale_make_no_difference() {
    use allonet_weights::random::Random;
    use allonet_weights::synthetic::Jury;
    let drawn = &mut Jury { items: 8, jurors: 5, noise: 1.0, ..Jury::default() }.draw(6);
    let one = drawn.comparisons(60);
    let weights: Vec<f64> = (1..=8).map(f64::from).collect();
    let mut order: Vec<usize> = (0..60).collect();
    Random::new(2).shuffle(&mut order);
    // Rows shuffled, sides swapped, items named in the opposite order.
    let mut builder = Builder::default();
    for at in order {
        let row = one.row(at);
        let juror = builder.juror(&one.jurors()[row.juror as usize]);
        let mut item = |place: u32| builder.item(&format!("x{}", 7 - place));
        let (left, right) = (item(row.left), item(row.right));
        let choice = match row.choice {
            Choice::Left => Choice::Right,
            Choice::Right => Choice::Left,
            Choice::Tie => Choice::Tie,
        };
        builder.push(juror, (right, left), choice, row.intensity);
    }
    let other = builder.finish();
    let turned: Vec<f64> = weights.iter().rev().map(|weight| 1e3 * weight).collect();
    let (one, other) = (sums(&one, &weights, 1e-9), sums(&other, &turned, 1e-9));
    for id in ["brier", "log-loss", "log-odds-rmse", "accuracy", "coverage", "skill", "pilot-cost"]
    {
        near(score(id, &one), score(id, &other), 1e-12);
    }
}

#[test]
fn a_real_difference_is_found_among_the_duels() {
    let Some(duels) = comparisons("gg24-duels/20251023101554.csv") else { return };
    let clusters = Clusters::usual(&duels);
    let path = "gg24-duels/weights/bradley-terry.csv";
    let file = SourceFile::new(path, data(path).unwrap());
    let weights = GivenWeights::read(&file, &Naming::Verbatim).unwrap().on(duels.items()).weights;
    let judged = |name: &str, weights: &[f64]| {
        Trial::given(name, weights, &duels).sums(&duels, &clusters, DEFAULT_FLOOR, None)
    };
    let (fitted, split) = (judged("bt", &weights), judged("equal", &equal(duels.items().len())));
    let brier = metric("brier").unwrap();
    let resampling = Resampling { replicates: 300, ..Resampling::default() };
    let found = difference(brier, &fitted, &split, &resampling).unwrap();
    assert!(found.estimate < 0.0 && found.interval.unwrap().high < 0.0, "{found:?}");
}

#[test]
fn least_squares_needs_to_know_how_much_and_says_so() {
    let Some(duels) = comparisons("gg24-duels/20251023101554.csv") else { return };
    let error = baselines(duels.items().len(), 1)[2].weights(&duels).unwrap_err();
    assert!(error.to_string().starts_with("`least-squares` gives no weights"), "{error}");
}
