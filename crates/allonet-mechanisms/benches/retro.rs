//! A retro round evaluated again and again: drawn with replacement, under other
//! quorums, with each voter left out. Times are for one evaluation unless the
//! name says otherwise.

use std::hint::black_box;

use allonet_mechanisms::retro::round::{Round, Rule, Scenario, Scratch, Statistic, Vote};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

/// The size of a round that was held.
const VOTES: usize = 950;
const VOTERS: u32 = 30;
const PROJECTS: u32 = 100;
const POOL: f64 = 510_000.0;
const SAMPLES: usize = 1_000;

/// A generator of 64-bit words (SplitMix64).
struct Words(u64);

impl Words {
    fn below(&mut self, bound: u32) -> u32 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        u32::try_from((word ^ (word >> 31)) % u64::from(bound)).expect("a small bound")
    }
}

/// Votes of 1 to 1,000, low numbers of projects more frequent; the same as in
/// `bench/peers/retro_pandas.py`.
fn votes() -> Vec<Vote> {
    let mut words = Words(1);
    let mut seen = vec![false; (VOTERS * PROJECTS) as usize];
    let mut votes = Vec::with_capacity(VOTES);
    while votes.len() < VOTES {
        let voter = words.below(VOTERS);
        let bound = 1 + words.below(PROJECTS);
        let project = words.below(bound);
        let amount = f64::from(1 + words.below(1_000));
        if !std::mem::replace(&mut seen[(voter * PROJECTS + project) as usize], true) {
            votes.push(Vote { voter, project, amount });
        }
    }
    votes
}

/// How often each voter is drawn, sample after sample.
fn samples() -> Vec<Vec<u32>> {
    let mut words = Words(2);
    let mut sample = || {
        let mut copies = vec![0; VOTERS as usize];
        for _ in 0..VOTERS {
            copies[words.below(VOTERS) as usize] += 1;
        }
        copies
    };
    (0..SAMPLES).map(|_| sample()).collect()
}

fn evaluations(criterion: &mut Criterion) {
    let (votes, samples) = (votes(), samples());
    for statistic in [Statistic::Sum, Statistic::Median] {
        let rule = Rule { quorum: 4, minimum: 500.0, ..Rule::new(statistic) };
        let round = Round::new(rule, VOTERS as usize, PROJECTS as usize, &votes);
        let mut scratch = Scratch::default();
        let mut evaluate = |scenario: Scenario<'_>| {
            round.evaluate(black_box(&scenario), &mut scratch);
            black_box(scratch.paid[0]);
        };
        let mut group = criterion.benchmark_group(format!("retro, {}", statistic.name()));
        group.throughput(Throughput::Elements(1));
        let whole = Scenario::of_pool(POOL);
        group.bench_function("as it was", |b| b.iter(|| evaluate(whole)));
        let mut next = samples.iter().cycle();
        group.bench_function("bootstrap", |b| {
            b.iter(|| evaluate(Scenario { copies: next.next().map(Vec::as_slice), ..whole }));
        });
        let mut quorums = (0..30).cycle();
        group.bench_function("quorum sweep", |b| {
            b.iter(|| evaluate(Scenario { quorum: quorums.next(), ..whole }));
        });
        let mut copies = vec![1; VOTERS as usize];
        let mut voters = (0..VOTERS as usize).cycle();
        group.bench_function("leave one voter out", |b| {
            b.iter(|| {
                let voter = voters.next().expect("a cycle");
                copies[voter] = 0;
                evaluate(Scenario { copies: Some(&copies), ..whole });
                copies[voter] = 1;
            });
        });
        group.throughput(Throughput::Elements(1_000));
        group.bench_function("bootstrap of 1,000 samples, in all", |b| {
            b.iter(|| {
                for copies in &samples {
                    evaluate(Scenario { copies: Some(copies), ..whole });
                }
            });
        });
        group.finish();
    }
}

criterion_group!(benches, evaluations);
criterion_main!(benches);
