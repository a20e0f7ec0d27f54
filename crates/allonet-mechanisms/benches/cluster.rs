//! Cluster match and pairwise bounds on generated rounds, and each donor left
//! out of a round of plain quadratic funding.

use std::fmt::Write as _;
use std::hint::black_box;

use allonet_core::card::Value;
use allonet_core::fault::SourceFile;
use allonet_core::mechanism::{Purse, State, Turn};
use allonet_core::money::{Amount, Asset};
use allonet_mechanisms::quadratic::bounded::{self, Bound};
use allonet_mechanisms::quadratic::closeness::Similarity;
use allonet_mechanisms::quadratic::cluster;
use allonet_mechanisms::quadratic::donations::Donations;
use allonet_mechanisms::quadratic::kernel::{Columns, Pairs};
use allonet_mechanisms::trial::trial_of;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

/// A generator of 64-bit words (SplitMix64).
struct Words(u64);

impl Words {
    fn below(&mut self, bound: u64) -> u32 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        u32::try_from((word ^ (word >> 31)) % bound).expect("a small bound")
    }
}

/// A round of 1,000 projects, low numbers of which are more frequent, and ten
/// votes for each donor.
fn columns(votes: u32) -> Columns {
    let mut words = Words(1);
    let donors = u64::from(votes) / 10;
    let voter_count = usize::try_from(donors).expect("a small number");
    let mut columns = Columns { voter_count, project_count: 1_000, ..Columns::default() };
    for _ in 0..votes {
        columns.voters.push(words.below(donors));
        let bound = 1 + u64::from(words.below(1_000));
        columns.projects.push(words.below(bound));
        columns.amounts.push(u128::from(1_000_000 + words.below(100_000_000)));
    }
    columns
}

fn donations(votes: u32) -> Donations {
    let pairs = Pairs::gather(&columns(votes)).expect("small votes");
    Donations::new(&pairs, |_, units| units / 1e6)
}

fn clusters(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("clusters");
    group.sample_size(10);
    for votes in [100_000, 1_000_000] {
        let donations = donations(votes);
        group.throughput(Throughput::Elements(u64::from(votes)));
        group.bench_function(format!("cluster match, {votes} votes"), |b| {
            b.iter(|| cluster::scores(black_box(&donations), Similarity::Markov, true));
        });
    }
    let votes = 100_000;
    let donations = donations(votes);
    group.throughput(Throughput::Elements(u64::from(votes)));
    group.bench_function(format!("soft cluster match, {votes} votes"), |b| {
        b.iter(|| cluster::scores(black_box(&donations), Similarity::Markov, false));
    });
    group.bench_function(format!("pairwise, {votes} votes"), |b| {
        b.iter(|| bounded::scores(black_box(&donations), Bound::Soft(0.01)));
    });
    group.finish();
}

fn each_left_out(criterion: &mut Criterion) {
    let columns = columns(75_000);
    let mut text = "voter,project,amount\n".to_owned();
    for ((voter, project), units) in
        columns.voters.iter().zip(&columns.projects).zip(&columns.amounts)
    {
        writeln!(text, "0x{voter:040x},project-{project},{units}").expect("a text grows");
    }
    let file = SourceFile::new("votes.csv", text);
    let trial = trial_of("quadratic").set("votes", Value::File(file));
    let mut trial = trial.text("amounts", "base-units");
    trial.assets = vec![Asset::new("USD", 6)];
    let rule = trial.build().expect("a valid round");
    let pool = Purse::new(vec![Amount::from_base(1_000_000_000_000)]);
    let turn = Turn {
        epoch: 0,
        ends: None,
        assets: &trial.assets,
        inflow: &pool,
        signals: &[],
        events: &[],
        state: &State::empty(),
    };
    let mut group = criterion.benchmark_group("each donor left out");
    group.throughput(Throughput::Elements(75_000));
    group.bench_function("quadratic, 75000 votes", |b| {
        b.iter(|| rule.voter_effect(black_box(&turn), black_box(&pool)));
    });
    group.finish();
}

criterion_group!(benches, clusters, each_left_out);
criterion_main!(benches);
