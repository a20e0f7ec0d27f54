//! How many answers good questions save: answers until the weights have a given
//! total-variation error, asked at random and by each criterion.
//!
//! `cargo bench -p allonet-weights --bench sampling [-- WORLD]`, where WORLD is
//! `45`, `200` or `gg24`; all without. Twenty seeds each; intervals (90 %) are
//! bootstraps over seeds. Prints Markdown.

#![expect(clippy::print_stdout, reason = "it prints its tables")]

use std::sync::Arc;

use allonet_core::fault::SourceFile;
use allonet_weights::ask::Criterion;
use allonet_weights::comparisons::{Comparisons, Reading};

mod trial;

use trial::{Point, World, curves, saving};

const DUELS: [&str; 3] = ["20251022103108", "20251023081111", "20251023101554"];

const SEEDS: u64 = 20;

fn main() {
    let wanted: Vec<String> =
        std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let wants = |name: &str| wanted.is_empty() || wanted.iter().any(|wanted| wanted == name);
    if wants("45") {
        let world = World::Drawn { items: 45, spread: 1.3 };
        compare("45 items, drawn", &world, &[45, 9, 1], &[270, 585, 1_170, 2_340], 4_500);
    }
    if wants("200") {
        let world = World::Drawn { items: 200, spread: 1.3 };
        compare("200 items, drawn", &world, &[200, 40], &[1_200, 2_600, 5_200, 10_400], 12_000);
    }
    if wants("gg24") {
        let Some(all) = duels() else { return };
        let world = World::Pool(&all);
        compare("GG24 duels", &world, &[98, 20], &[600, 1_300, 2_600, 5_200, 10_400], 11_000);
    }
}

fn compare(title: &str, world: &World<'_>, batches: &[usize], marks: &[usize], most: usize) {
    println!("\n## {title}\n");
    let random = curves(world, None, batches[0], most, SEEDS);
    println!("| criterion | batch | TV error | log RMSE there | random | active | ratio | 90 % |");
    println!("|---|---|---|---|---|---|---|---|");
    for &batch in batches {
        for (name, criterion) in Criterion::ALL {
            let active = curves(world, Some(criterion), batch, most, SEEDS);
            for &mark in marks {
                row(name, batch, &random, &active, mark);
            }
        }
    }
}

fn row(name: &str, batch: usize, random: &[Vec<Point>], active: &[Vec<Point>], mark: usize) {
    let mean = |curves: &[Vec<Point>], answers: usize, of: fn(&Point) -> f64| {
        let near = |curve: &Vec<Point>| {
            let at = curve.partition_point(|point| point.answers < answers);
            of(&curve[at.min(curve.len() - 1)])
        };
        curves.iter().map(near).sum::<f64>() / curves.len() as f64
    };
    let goal = mean(random, mark, |point| point.total_variation);
    let Some(saved) = saving(random, active, |point| point.total_variation, goal) else {
        println!("| {name} | {batch} | {goal:.3} | | {mark} | not reached | | |");
        return;
    };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small counts")]
    let there = (mean(random, saved.random as usize, |point| point.log_error), {
        mean(active, saved.active as usize, |point| point.log_error)
    });
    println!(
        "| {name} | {batch} | {:.3} | {:.3} → {:.3} | {:.0} | {:.0} | {:.2} | {:.2}–{:.2} |",
        saved.error,
        there.0,
        there.1,
        saved.random,
        saved.active,
        saved.ratio,
        saved.low,
        saved.high,
    );
}

fn duels() -> Option<Comparisons> {
    let mut all = String::new();
    for name in DUELS {
        let text = allonet_testdata::text(&format!("deep-funding/gg24-duels/{name}.csv"))?;
        let rows = if all.is_empty() { text.as_str() } else { text.split_once('\n')?.1 };
        all.push_str(rows);
    }
    // Some rows compare an item with itself.
    let mut kept = String::with_capacity(all.len());
    for line in all.lines().filter(|line| !is_self_comparison(line)) {
        kept.push_str(line);
        kept.push('\n');
    }
    let file: Arc<SourceFile> = SourceFile::new("duels.csv", kept);
    Some(Comparisons::read(&file, &Reading::default()).expect("published duels are valid"))
}

fn is_self_comparison(line: &str) -> bool {
    let mut cells = line.split(',').skip(2);
    cells.next() == cells.next()
}
