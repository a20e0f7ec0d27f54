//! The rules against what was published, against slow references, and against
//! their laws.

#![allow(clippy::disallowed_methods, reason = "references may use the platform's maths")]
#![allow(clippy::needless_range_loop, reason = "references follow the formulas' indices")]

mod slow;

use std::collections::BTreeMap;
use std::process::Command;

use allonet_core::fault::SourceFile;
use allonet_weights::comparisons::{Builder, Choice, Comparisons, Reading};
use allonet_weights::estimate::softmax;
use allonet_weights::random::Random;
use allonet_weights::rules::pagerank::{Vote, Walk, walk};
use allonet_weights::rules::{Parameters, fit, rules};

fn none() -> Parameters {
    Parameters::default()
}

fn z(rule: &str, comparisons: &Comparisons, parameters: &Parameters) -> Vec<f64> {
    let fitted = fit(rule, comparisons, parameters);
    fitted.unwrap_or_else(|error| panic!("{rule}: {error}")).log_weights
}

#[track_caller]
fn near(rule: &str, found: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len(), "{rule}");
    let apart = found.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    assert!(apart <= tolerance, "{rule}: {apart:e}");
}

// ---- published ----

/// The duels of GG24, and the places of items that met themselves.
struct Duels {
    comparisons: Comparisons,
    /// Twelve rows compare an item with itself: readers refuse them.
    with_themselves: Vec<usize>,
}

fn duels() -> Option<Duels> {
    let (mut text, mut themselves) = (String::new(), Vec::new());
    let mut rows = 0;
    for file in ["20251022103108", "20251023081111", "20251023101554"] {
        let table = allonet_testdata::text(&format!("deep-funding/gg24-duels/{file}.csv"))?;
        let mut lines = table.lines();
        let header = lines.next()?;
        if text.is_empty() {
            text = format!("{header}\n");
        }
        for line in lines {
            rows += 1;
            let cells: Vec<&str> = line.split(',').collect();
            if cells[2] == cells[3] {
                themselves.push(cells[2].to_owned());
            } else {
                text.push_str(line);
                text.push('\n');
            }
        }
    }
    assert_eq!((rows, themselves.len()), (41_418, 12));
    let read = Comparisons::read(&SourceFile::new("duels.csv", text), &Reading::default());
    let comparisons = read.expect("all other rows are right");
    let place = |item: &String| comparisons.item(item).expect("it is known") as usize;
    let with_themselves = themselves.iter().map(place).collect();
    Some(Duels { comparisons, with_themselves })
}

/// Published weights in the order of the items, whose names are written alike.
fn published(method: &str, comparisons: &Comparisons) -> Vec<f64> {
    let path = format!("deep-funding/gg24-duels/weights/{method}.csv");
    let text = allonet_testdata::text(&path).expect("the duels are there");
    let weights: BTreeMap<&str, f64> = text
        .lines()
        .skip(1)
        .map(|line| {
            let cells: Vec<&str> = line.split(',').collect();
            (cells[3], cells[4].parse().expect("a number"))
        })
        .collect();
    assert_eq!((weights.len(), comparisons.items().len()), (98, 98));
    comparisons.items().iter().map(|item| weights[item.as_str()]).collect()
}

fn as_rows(comparisons: &Comparisons) -> Vec<(usize, usize, f64)> {
    let value = |row: allonet_weights::comparisons::Comparison| {
        row.log_ratio().unwrap_or(row.choice.sign())
    };
    comparisons.rows().map(|row| (row.left as usize, row.right as usize, value(row))).collect()
}

#[test]
fn published_weights_of_gg24_are_met() {
    let Some(duels) = duels() else { return };
    for (method, rule, tolerance) in [
        ("colley", "colley", 1e-12),
        ("rank-centrality", "rank-centrality", 1e-12),
        ("huber-log", "huber-adaptive", 1e-7),
    ] {
        let weights = softmax(&z(rule, &duels.comparisons, &none()));
        near(method, &weights, &published(method, &duels.comparisons), tolerance);
    }
}

#[test]
fn published_pagerank_counts_items_against_themselves() {
    let Some(Duels { comparisons, with_themselves }) = duels() else { return };
    let expected = published("pagerank", &comparisons);
    let vote = |(from, to): (u32, u32)| Vote { from, to, weight: 1.0 };
    let lost = comparisons.rows().map(|row| {
        let (winner, loser) = row.winner_loser().expect("there are no ties");
        vote((loser, winner))
    });
    let own = with_themselves.iter().map(|item| {
        let item = u32::try_from(*item).expect("98 items");
        vote((item, item))
    });
    let votes: Vec<Vote> = lost.chain(own).collect();
    let settings = Walk { damping: 0.85, tolerance: 1e-10, iterations: 200 };
    near("as published", &walk(98, &votes, &settings).shares, &expected, 1e-12);
    // Without those twelve rows, which say nothing, weights are a little different.
    let weights = softmax(&z("pagerank", &comparisons, &none()));
    near("without them", &weights, &expected, 1.3e-4);
    let rows = as_rows(&comparisons);
    let slow = slow::weights(&slow::pagerank(&rows, &[], 98, false));
    near("slow, without them", &weights, &slow, 1e-12);
    let own: Vec<(usize, usize)> = with_themselves.iter().map(|item| (*item, *item)).collect();
    let slow = slow::weights(&slow::pagerank(&rows, &own, 98, false));
    near("slow, with them", &slow, &expected, 1e-12);
}

#[test]
fn elo_is_as_far_from_what_was_published_as_from_itself() {
    let Some(Duels { comparisons, .. }) = duels() else { return };
    let expected = published("elo", &comparisons);
    let ours = softmax(&z("elo", &comparisons, &none()));
    let apart =
        |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    // The rows of the files stand in the order of their time.
    let rows = as_rows(&comparisons);
    let even = slow::weights(&slow::elo(&rows, 32.0, vec![0.0; 98]));
    let nudged = |item: usize| {
        let mut start = vec![0.0; 98];
        start[item] = 1e-12;
        apart(&slow::weights(&slow::elo(&rows, 32.0, start)), &even)
    };
    let chaos = (0..8).map(nudged).fold(0.0, f64::max);
    assert!(chaos > 1e-3, "a start moved by 1e-12 moves weights by {chaos:e}");
    assert!(apart(&ours, &expected) < chaos, "{:e}, chaos {chaos:e}", apart(&ours, &expected));
    let warnings = fit("elo", &comparisons, &none()).expect("it fits").warnings;
    assert!(warnings[0].contains("of every 1,000,000"), "{warnings:?}");
    // Before chaos sets in, the two are the same.
    let first: Vec<usize> = (0..60).collect();
    let prefix = comparisons.take(&first);
    near("elo", &z("elo", &prefix, &none()), &slow::elo(&rows[..60], 32.0, vec![0.0; 98]), 1e-9);
    let calm = none().with("k", 0.05);
    near("calm", &z("elo", &comparisons, &calm), &slow::elo(&rows, 0.05, vec![0.0; 98]), 1e-9);
}

// ---- slow references ----

/// Random answers about all items, each item both winning and losing.
fn random(seed: u64, items: usize, rows: usize, ties: bool) -> Comparisons {
    let mut random = Random::new(seed);
    let mut builder = Builder::default();
    for item in 0..items {
        builder.item(&format!("i{item:02}"));
    }
    let number = |at: usize| u32::try_from(at).expect("few");
    for at in 0..rows {
        let juror = builder.juror(&format!("j{}", at % 5));
        let (left, right) = if at < items {
            (at, (at + 1) % items)
        } else {
            let left = random.below(items);
            (left, (left + 1 + random.below(items - 1)) % items)
        };
        let truth = (right as f64 - left as f64) * 0.2;
        let said = if at < items { 0.7 } else { truth + 1.5 * random.normal() };
        let said = if ties && at % 11 == 10 { 0.0 } else { (said * 1e4).round() / 1e4 };
        let choice = match said {
            c if c > 0.0 => Choice::Right,
            c if c < 0.0 => Choice::Left,
            _ => Choice::Tie,
        };
        builder.push(juror, (number(left), number(right)), choice, Some(said.abs()));
        builder.at(i64::try_from(at).expect("few"));
    }
    builder.finish()
}

#[test]
fn every_rule_agrees_with_a_slow_reference() {
    for seed in 0..12 {
        let items = 4 + usize::try_from(seed).expect("small");
        let all = random(seed, items, 15 * items, seed % 2 == 0);
        let rows = as_rows(&all);
        let won = all.without_intensity();
        let directions = as_rows(&won);
        let n = items;
        let ones = vec![1.0; rows.len()];
        let cases = [
            ("least-squares", none(), slow::least_squares(&rows, &ones, n, 0.0)),
            ("least-squares", none().with("ridge", 2.0), slow::least_squares(&rows, &ones, n, 2.0)),
            ("huber-fixed", none(), slow::huber(&rows, n, false)),
            ("huber-fixed", none().with("directions", 1.0), slow::huber(&directions, n, false)),
            ("huber-adaptive", none(), slow::huber(&rows, n, true)),
            ("huber-adaptive", none().with("directions", 1.0), slow::huber(&directions, n, true)),
            ("colley", none(), slow::colley(&rows, n)),
            ("win-rate", none(), slow::win_rate(&rows, n)),
            ("pagerank", none(), slow::pagerank(&rows, &[], n, false)),
            ("pagerank", none().with("multiplier", 1.0), slow::pagerank(&rows, &[], n, true)),
            ("rank-centrality", none(), slow::rank_centrality(&rows, n)),
            ("rank-centrality", none().with("exact", 1.0), slow::rank_centrality_exact(&rows, n)),
            ("eigenvector", none(), slow::eigenvector(&rows, n)),
        ];
        for (rule, parameters, expected) in cases {
            near(rule, &z(rule, &all, &parameters), &expected, 1e-7);
        }
        near("won", &z("huber-adaptive", &won, &none()), &slow::huber(&directions, n, true), 1e-7);
        for prior in [0.0, 0.1] {
            let parameters = none().with("prior", prior).with("scale", 1.0);
            let gradient =
                slow::thurstone_gradient(&rows, &z("thurstone", &all, &parameters), prior);
            near("thurstone", &gradient, &vec![0.0; n], 1e-8);
        }
    }
}

#[test]
fn every_rule_agrees_with_the_oracle() {
    let Some(oracle) = allonet_testdata::data("../oracles/deep-funding/refalg.py") else { return };
    let numpy = Command::new("python3").args(["-c", "import numpy"]).output();
    if !numpy.is_ok_and(|output| output.status.success()) {
        println!("skipped: the oracle wants python3 with numpy");
        return;
    }
    for seed in [3, 4] {
        let all = random(seed, 12, 260, false);
        let rows = as_rows(&all);
        let column = |of: fn(&(usize, usize, f64)) -> String| {
            rows.iter().map(of).collect::<Vec<_>>().join(",")
        };
        let program = format!(
            "import sys; sys.path.insert(0, {:?})\n\
             import numpy as np, refalg as R\n\
             a=np.array([{}]); b=np.array([{}]); y=np.array([{}]); w=(y>0).astype(int); n=12\n\
             s=2.0*w-1\n\
             for z in [R.lstsq(a,b,y,n), R.huber_fixed_delta(a,b,y,n), \
             R.huber_fixed_delta(a,b,s,n), R.huber_adaptive(a,b,y,n), R.huber_adaptive(a,b,s,n), \
             R.colley(a,b,w,n), R.pagerank(a,b,w,n), R.pagerank(a,b,w,n,np.exp(np.abs(y))), \
             R.rank_centrality(a,b,w,n), R.elo(a,b,w,n,0.5)]:\n \
             print(*[repr(float(v)) for v in z-np.mean(z)])\n",
            oracle.parent().expect("it lies in a folder"),
            column(|row| row.0.to_string()),
            column(|row| row.1.to_string()),
            column(|row| format!("{:?}", row.2)),
        );
        let output =
            Command::new("python3").args(["-c", &program]).output().expect("it ran before");
        let text = String::from_utf8(output.stdout).expect("it prints figures");
        let told: Vec<Vec<f64>> = text
            .lines()
            .map(|line| line.split(' ').map(|cell| cell.parse().expect("a figure")).collect())
            .collect();
        let one = |name: &str| none().with(name, 1.0);
        let cases = [
            ("least-squares", none()),
            ("huber-fixed", none()),
            ("huber-fixed", one("directions")),
            ("huber-adaptive", none()),
            ("huber-adaptive", one("directions")),
            ("colley", none()),
            ("pagerank", none()),
            ("pagerank", one("multiplier")),
            ("rank-centrality", none()),
            ("elo", none().with("k", 0.5)),
        ];
        assert_eq!(told.len(), cases.len(), "{}", String::from_utf8_lossy(&output.stderr));
        for ((rule, parameters), expected) in cases.iter().zip(&told) {
            near(rule, &z(rule, &all, parameters), expected, 1e-7);
        }
    }
}

// ---- laws ----

/// The same answers, each told of an item's new name, side or in new order.
fn retold(comparisons: &Comparisons, order: &[usize], swap: bool, name: &str) -> Comparisons {
    let mut builder = Builder::default();
    for at in order {
        let row = comparisons.row(*at);
        let juror = builder.juror(&comparisons.jurors()[row.juror as usize]);
        let mut named = |item: u32| {
            let old = &comparisons.items()[item as usize];
            builder.item(&format!("{name}{}", old.chars().rev().collect::<String>()))
        };
        let (left, right) = (named(row.left), named(row.right));
        let swapped = swap && at % 3 != 0;
        let choice = match row.choice {
            Choice::Left if swapped => Choice::Right,
            Choice::Right if swapped => Choice::Left,
            choice => choice,
        };
        let pair = if swapped { (right, left) } else { (left, right) };
        builder.push(juror, pair, choice, row.intensity);
        if let Some(time) = row.time {
            builder.at(time);
        }
    }
    builder.finish()
}

/// Settings under which a rule keeps all laws.
fn lawful(rule: &str) -> Parameters {
    match rule {
        // The published thresholds mind sides; see the rules' pages.
        "huber-fixed" | "huber-adaptive" => none().with("both-sides", 1.0),
        _ => none(),
    }
}

#[test]
fn order_names_and_sides_do_not_matter() {
    for seed in 0..6 {
        let all = random(seed, 9, 120, true);
        let order: Vec<usize> = (0..all.len()).collect();
        let mut mixed = order.clone();
        Random::new(seed).shuffle(&mut mixed);
        for rule in rules() {
            let parameters = lawful(rule.id);
            let expected = z(rule.id, &all, &parameters);
            // Elo too: rows have times.
            let reordered = z(rule.id, &all.take(&mixed), &parameters);
            let bits = |z: &[f64]| z.iter().map(|z| z.to_bits()).collect::<Vec<_>>();
            assert_eq!(bits(&reordered), bits(&expected), "{}", rule.id);
            if rule.id == "elo" {
                continue;
            }
            // Where jurors have a side bias, it matters where items stand.
            let mind_sides = ["juror-scale", "reliability"].contains(&rule.id);
            for swap in [false, true].into_iter().filter(|swap| !(*swap && mind_sides)) {
                let other = retold(&all, &mixed, swap, "x");
                let found = z(rule.id, &other, &parameters);
                let back: Vec<f64> = all
                    .items()
                    .iter()
                    .map(|item| {
                        let name = format!("x{}", item.chars().rev().collect::<String>());
                        found[other.item(&name).expect("it was renamed") as usize]
                    })
                    .collect();
                near(rule.id, &back, &expected, 1e-7);
            }
        }
    }
}

#[test]
fn published_thresholds_mind_sides() {
    let all = random(1, 9, 121, false);
    let order: Vec<usize> = (0..all.len()).collect();
    let same = retold(&all, &order, false, "");
    let swapped = retold(&all, &order, true, "");
    for rule in ["huber-fixed", "huber-adaptive"] {
        let gap = |parameters: &Parameters| {
            let (a, b) = (z(rule, &same, parameters), z(rule, &swapped, parameters));
            a.iter().zip(&b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
        };
        assert!(gap(&none()) > 1e-6 && gap(&lawful(rule)) < 1e-7, "{rule}");
    }
}

#[test]
fn stronger_words_stretch_weights_and_repeats_change_nothing() {
    let all = random(2, 8, 100, true);
    let mut builder = Builder::default();
    for row in all.rows() {
        let juror = builder.juror("j");
        let pair = (
            builder.item(&all.items()[row.left as usize]),
            builder.item(&all.items()[row.right as usize]),
        );
        builder.push(juror, pair, row.choice, row.intensity.map(|said| 2.0 * said));
    }
    let doubled = builder.finish();
    for rule in ["least-squares", "huber-fixed", "huber-adaptive"] {
        let parameters = lawful(rule);
        let twice: Vec<f64> = z(rule, &all, &parameters).iter().map(|z| 2.0 * z).collect();
        near(rule, &z(rule, &doubled, &parameters), &twice, 1e-6);
    }
    let rows: Vec<usize> = (0..all.len()).chain(0..all.len()).collect();
    let repeated = all.take(&rows);
    // A prior holds back less with more answers; Elo goes on.
    let held_back = [
        "bradley-terry-intensity",
        "bradley-terry-ridge",
        "colley",
        "elo",
        "juror-scale",
        "reliability",
        "win-rate",
    ];
    for rule in rules() {
        if !held_back.contains(&rule.id) {
            let parameters = lawful(rule.id);
            near(
                rule.id,
                &z(rule.id, &repeated, &parameters),
                &z(rule.id, &all, &parameters),
                1e-7,
            );
        }
    }
}

#[test]
fn rules_stand_by_id_and_poor_data_has_an_outcome() {
    let ids: Vec<&str> = rules().iter().map(|rule| rule.id).collect();
    assert!(ids.is_sorted(), "{ids:?}");
    let one = |choice: Choice, intensity: Option<f64>, more: &[&str]| {
        let mut builder = Builder::default();
        let (juror, pair) = (builder.juror("j"), (builder.item("a"), builder.item("b")));
        builder.push(juror, pair, choice, intensity);
        for item in more {
            builder.item(item);
        }
        builder.finish()
    };
    let mut outcomes = Vec::new();
    for rule in rules() {
        let tie = fit(rule.id, &one(Choice::Tie, Some(0.0), &[]), &none()).expect(rule.id);
        near(rule.id, &tie.weights(), &[0.5, 0.5], 1e-12);
        let win = fit(rule.id, &one(Choice::Left, Some(1.0), &[]), &none());
        if let Ok(win) = &win {
            assert!(win.weights()[0] > 0.5, "{}", rule.id);
        }
        let huge = fit(rule.id, &one(Choice::Left, Some(1e300), &[]), &none());
        assert!(huge.unwrap_err().to_string().contains("no number holds"), "{}", rule.id);
        let alone = fit(rule.id, &one(Choice::Tie, Some(0.0), &["c"]), &none());
        let silent = fit(rule.id, &one(Choice::Tie, None, &[]), &none());
        let refusals = [("win", win), ("alone", alone), ("silent", silent)];
        let refused = refusals.into_iter().filter(|(_, fitted)| fitted.is_err());
        let refused: Vec<&str> = refused.map(|(name, _)| name).collect();
        outcomes.push(format!("{}: {}", rule.id, refused.join(" ")));
    }
    let expected = [
        "bradley-terry: win alone",
        "bradley-terry-intensity: silent",
        "bradley-terry-mm: alone",
        "bradley-terry-ridge: ",
        "bradley-terry-ties: win alone",
        "colley: ",
        "eigenvector: win alone",
        "elo: ",
        "huber-adaptive: alone",
        "huber-fixed: silent",
        "juror-scale: silent",
        "least-squares: alone silent",
        "pagerank: ",
        "rank-centrality: ",
        "rank-zipf: ",
        "reliability: ",
        "thurstone: win alone",
        "win-rate: ",
    ];
    assert_eq!(outcomes, expected);
}
