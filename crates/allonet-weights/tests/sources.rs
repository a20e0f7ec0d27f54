//! Weights from elsewhere, against exact optima and published tables.

use allonet_core::fault::SourceFile;
use allonet_core::maths;
use allonet_weights::comparisons::{Builder, Choice, Comparisons, Naming};
use allonet_weights::estimate::softmax;
use allonet_weights::sources::mix::{Model, mix};
use allonet_weights::sources::originality::{Settings, Sign, estimate, read};
use serde_json::Value;

fn number(value: &Value) -> f64 {
    value.as_f64().expect("a number")
}

fn comparisons(case: &Value, items: usize) -> Comparisons {
    let mut builder = Builder::default();
    let juror = builder.juror("j");
    for item in 0..items {
        builder.item(&format!("{item:02}"));
    }
    for sample in case["samples"].as_array().expect("a list") {
        let item = |at: usize| u32::try_from(sample[at].as_u64().expect("a place")).expect("small");
        let said = number(&sample[2]);
        let choice = if said < 0.0 { Choice::Left } else { Choice::Right };
        builder.push(juror, (item(0), item(1)), choice, Some(said.abs()));
    }
    builder.finish()
}

#[test]
fn the_best_mix_is_the_exact_optimum() {
    let Some(text) = allonet_testdata::text("deep-funding/scoring/vectors.json") else { return };
    let vectors: Value = serde_json::from_str(&text).expect("JSON");
    let models: Vec<Model> = vectors["distributions"]
        .as_object()
        .expect("by name")
        .iter()
        .map(|(name, weights)| {
            let weights = weights.as_array().expect("a list").iter();
            let log_weights = weights.map(|weight| maths::ln(number(weight))).collect();
            Model { name: name.clone(), log_weights }
        })
        .collect();
    let cases = vectors["cases"].as_array().expect("a list");
    assert_eq!((models.len(), cases.len()), (5, 4));
    for case in cases {
        let comparisons = comparisons(case, 20);
        let found = mix(&models, &comparisons).expect("they can be mixed");
        let answers = comparisons.len() as f64;
        let near = |found: f64, expected: &Value, what: &str| {
            let expected = number(expected);
            assert!((found - expected).abs() < 1e-9, "{what}: {found} {expected}");
        };
        near(found.cost * answers, &case["mix_cost"], "cost");
        for (at, model) in models.iter().enumerate() {
            near(found.parts[at], &case["mix_weights"][&model.name], &model.name);
            near(found.alone[at] * answers, &case["pure_costs"][&model.name], "alone");
        }
        for (at, share) in softmax(&found.log_weights).into_iter().enumerate() {
            near(share, &case["final_credit"][at], "credit");
        }
    }
}

#[test]
fn published_originality_comes_back_and_its_sign_bug_shows() {
    let Some(text) = allonet_testdata::text("deep-funding/originality/originalityPublic.csv")
    else {
        return;
    };
    let answers = read(&SourceFile::new("public.csv", text), &Naming::Verbatim).expect("valid");
    assert_eq!(answers.len(), 16);
    let alone = Settings { strength: 0.0, ..Settings::default() };
    let found = estimate(&answers, &alone);
    let turned = estimate(&answers, &Settings { sign: Sign::Published, ..alone });
    let share = |repo: &str| found.iter().find(|found| found.repo == repo).expect("known").share;
    assert!((share("argotorg/solidity") - 0.80).abs() < 1e-12);
    assert!((share("succinctlabs/sp1") - 0.525).abs() < 1e-12);
    for (found, turned) in found.iter().zip(&turned) {
        assert!((found.share + turned.share - 1.0).abs() < 1e-12);
        assert!(found.low < found.share && found.share < found.high);
    }
    // A prior worth one answer draws all to the middle and keeps their order.
    let drawn = estimate(&answers, &Settings::default());
    for (a, b) in (0..16).flat_map(|a| (0..16).map(move |b| (a, b))) {
        assert!(found[a].share > found[b].share - 1e-12 || drawn[a].share < drawn[b].share + 1e-12);
    }
    let range = |of: &[allonet_weights::sources::originality::Originality]| {
        let shares = || of.iter().map(|found| found.share);
        shares().fold(0.0, f64::max) - shares().fold(1.0, f64::min)
    };
    assert!(range(&drawn) < range(&found));
}
