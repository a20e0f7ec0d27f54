//! Speed of a published month of Optimism's Retro Funding:
//! `cargo bench -p allonet-mechanisms --bench optimism`.
//!
//! December 2025 (M11) of the dev tooling round, from the text of its tables and
//! weight file to the rewards of 303 tools, with the reasons of each: 138
//! applications, 1,470 dependencies, 11,327 rows of developers. The data is not
//! part of the repository; without it this says `skipped`.

#![expect(clippy::unwrap_used, reason = "a bench may panic")]

use std::hint::black_box;

use allonet_core::money::Asset;
use allonet_mechanisms::trial::trial_of;
use criterion::{Criterion, criterion_group, criterion_main};

/// 500,000 OP in base units.
const BUDGET: u128 = 500_000 * 10_u128.pow(18);

const FILES: &[(&str, &str)] = &[
    ("weights", "devtooling__arcturus.yaml"),
    ("onchain_projects", "devtooling__onchain_metadata.csv"),
    ("devtooling_projects", "devtooling__project_metadata.csv"),
    ("dependencies", "devtooling__dependency_graph.csv"),
    ("developers", "devtooling__developer_graph.csv"),
    ("utility_labels", "devtooling__utility_labels.csv"),
];

fn optimism(criterion: &mut Criterion) {
    let mut trial = trial_of("dev-tooling").text("parity", "retro-funding");
    trial.assets = vec![Asset::new("OP", 18)];
    for (setting, name) in FILES {
        let Some(text) = allonet_testdata::text(&format!("optimism-retro/M11/{name}")) else {
            return;
        };
        trial = trial.file(setting, &text);
    }
    assert!(trial.run(BUDGET).unwrap().unspent.is_empty());
    criterion.bench_function("optimism M11, dev tooling, from the tables", |bencher| {
        bencher.iter(|| black_box(trial.run(BUDGET).unwrap()));
    });
}

criterion_group!(benches, optimism);
criterion_main!(benches);
