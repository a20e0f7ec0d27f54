//! Published weights from published comparisons, where the data is at hand.

use std::collections::BTreeMap;
use std::process::Command;

use allonet_core::fault::SourceFile;
use allonet_weights::comparisons::{Comparisons, Reading};
use allonet_weights::estimate::softmax;
use allonet_weights::rules::{FitError, Parameters, fit};
use allonet_weights::synthetic::Jury;

/// That of the second phase, whose weights are published.
const TEMPERATURE: f64 = 5.0;

/// All duels of the round, one table after the other, but for those of an item
/// with itself, which say nothing.
fn duels() -> Option<Comparisons> {
    let mut all = String::new();
    for day in ["20251022103108", "20251023081111", "20251023101554"] {
        let text = allonet_testdata::text(&format!("deep-funding/gg24-duels/{day}.csv"))?;
        let (head, rows) = text.split_once('\n').expect("a head");
        if all.is_empty() {
            all.push_str(head);
            all.push('\n');
        }
        let of_two = |row: &&str| {
            let cells: Vec<&str> = row.split(',').collect();
            cells[2] != cells[3]
        };
        rows.split_inclusive('\n').filter(of_two).for_each(|row| all.push_str(row));
    }
    let file = SourceFile::new("duels.csv", all);
    Some(Comparisons::read(&file, &Reading::default()).expect("published files are valid"))
}

fn published(method: &str) -> Option<BTreeMap<String, f64>> {
    let text = allonet_testdata::text(&format!("deep-funding/gg24-duels/weights/{method}.csv"))?;
    let row = |line: &str| {
        let cells: Vec<&str> = line.split(',').collect();
        (cells[3].to_owned(), cells[4].parse().expect("a weight"))
    };
    Some(text.lines().skip(1).map(row).collect())
}

fn farthest(comparisons: &Comparisons, weights: &[f64], published: &BTreeMap<String, f64>) -> f64 {
    assert_eq!(comparisons.items().len(), published.len());
    let off = comparisons.items().iter().zip(weights).map(|(item, weight)| {
        (published.get(item).unwrap_or_else(|| panic!("{item} is not there")) - weight).abs()
    });
    off.fold(0.0, f64::max)
}

#[test]
fn bradley_terry_of_gg24_is_as_published() {
    let (Some(comparisons), Some(published)) = (duels(), published("bradley-terry")) else {
        return;
    };
    assert_eq!((comparisons.len(), comparisons.items().len()), (41_418 - 12, 98));
    let given = Parameters::default().with("temperature", TEMPERATURE);
    let estimate = fit("bradley-terry-mm", &comparisons, &given).expect("items are joined");
    let off = farthest(&comparisons, &estimate.weights(), &published);
    assert!(off < 1e-6, "{off}");
    // At another temperature they would not agree.
    let hot: Vec<f64> = estimate.log_weights.iter().map(|log| log * TEMPERATURE).collect();
    assert!(farthest(&comparisons, &softmax(&hot), &published) > 1e-3);
    // The published weights are those of a stopping rule: three repositories
    // never lost to any other.
    let better = ["argotorg/solidity", "ethereum/EIPs", "ethereum/go-ethereum"].map(str::to_owned);
    let refused = fit("bradley-terry", &comparisons, &given).expect_err("there is no maximum");
    assert_eq!(refused, FitError::Unbounded { better: better.to_vec() });
    assert!(estimate.warnings[0].contains("never lost"), "{:?}", estimate.warnings);
    // With a prior there are weights; those three stay on top.
    let given = Parameters::default().with("prior", 1.0);
    let weights = fit("bradley-terry", &comparisons, &given).expect("a prior").weights();
    let mut best: Vec<usize> = (0..weights.len()).collect();
    best.sort_by(|a, b| weights[*b].total_cmp(&weights[*a]));
    let mut best: Vec<&String> = best[..3].iter().map(|at| &comparisons.items()[*at]).collect();
    best.sort();
    assert_eq!(best, better.iter().collect::<Vec<_>>());
}

/// Runs the slow reference on comparisons and gives its log weights, rule by
/// rule; none where it, Python or numpy is not there.
#[expect(clippy::print_stdout, reason = "a skipped test says so")]
fn reference(comparisons: &Comparisons) -> Option<Vec<Vec<f64>>> {
    const PROGRAM: &str = "
import sys
sys.path.insert(0, sys.argv[1])
sys.dont_write_bytecode = True
import numpy as np, refalg
rows = np.array([line.split(',') for line in sys.argv[3].split()], float)
n, a, b, won, m = int(sys.argv[2]), rows[:, 0].astype(int), rows[:, 1].astype(int), rows[:, 2], rows[:, 3]
fits = [refalg.bt_irls(a, b, won, n), refalg.bt_irls(a, b, won, n, ridge=1e-2),
        refalg.bt_irls(a, b, won, n, sw=m, ridge=5e-3), refalg.bt_mm(a, b, won, n)]
for fit in fits:
    print(' '.join(repr(float(z)) for z in fit))
";
    let oracles = allonet_testdata::data("../oracles/deep-funding")?;
    let rows: Vec<String> = comparisons
        .rows()
        .map(|row| {
            let won = f64::midpoint(1.0, row.choice.sign());
            let multiplier = allonet_core::maths::exp(row.intensity.expect("jurors say so"));
            format!("{},{},{won},{multiplier}", row.left, row.right)
        })
        .collect();
    let python = std::env::var("PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let items = comparisons.items().len().to_string();
    let output = Command::new(python)
        .args(["-c", PROGRAM])
        .arg(oracles)
        .args([items, rows.join(" ")])
        .output()
        .ok()?;
    if !output.status.success() {
        let why = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(why.contains("ModuleNotFoundError"), "{why}");
        println!("skipped: the reference needs numpy; name a Python that has it in PYTHON");
        return None;
    }
    let text = String::from_utf8(output.stdout).expect("numbers");
    let numbers = |line: &str| line.split(' ').map(|z| z.parse().expect("a number")).collect();
    Some(text.lines().map(numbers).collect())
}

#[test]
fn the_slow_reference_agrees() {
    for seed in 0..3 {
        let jury = Jury { items: 15, spread: 0.5, noise: 0.8, ..Jury::default() };
        let comparisons = jury.draw(seed).comparisons(400);
        let Some(expected) = reference(&comparisons) else { return };
        let ridge = |ridge: f64| Parameters::default().with("ridge", ridge);
        let rules = [
            ("bradley-terry-ridge", ridge(1e-6)),
            ("bradley-terry-ridge", Parameters::default()),
            ("bradley-terry-intensity", Parameters::default()),
            ("bradley-terry-mm", Parameters::default()),
        ];
        assert_eq!(rules.len(), expected.len());
        for ((rule, given), expected) in rules.iter().zip(expected) {
            let found = fit(rule, &comparisons, given).expect("items are joined").log_weights;
            for (found, expected) in found.iter().zip(expected) {
                assert!((found - expected).abs() < 1e-9, "{rule}: {found} {expected}");
            }
        }
    }
}
