//! Quadratic funding on generated rounds: sorting, scores, division, the most
//! weighty voter, and the whole way from a table to payouts.

use std::fmt::Write as _;
use std::hint::black_box;

use allonet_core::card::Value;
use allonet_core::fault::SourceFile;
use allonet_core::mechanism::{Purse, State, Turn};
use allonet_core::money::{Amount, Asset};
use allonet_core::table::Table;
use allonet_mechanisms::quadratic::kernel::{Columns, Pairs, Roots, float_scores};
use allonet_mechanisms::quadratic::votes::COLUMNS;
use allonet_mechanisms::trial::trial_of;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

const VOTES: u32 = 200_000;
const VOTERS: u64 = 30_000;
const PROJECTS: u64 = 500;

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

/// A round in which low numbers of projects are more frequent.
fn columns() -> Columns {
    let mut words = Words(1);
    let (voter_count, project_count) = (30_000, 500);
    let mut columns = Columns { voter_count, project_count, ..Columns::default() };
    for _ in 0..VOTES {
        columns.voters.push(words.below(VOTERS));
        let bound = 1 + u64::from(words.below(PROJECTS));
        columns.projects.push(words.below(bound));
        columns.amounts.push(u128::from(1_000_000 + words.below(100_000_000)));
    }
    columns
}

fn table(columns: &Columns) -> String {
    let mut text = "voter,project,amount\n".to_owned();
    for row in 0..columns.voters.len() {
        let (voter, project) = (columns.voters[row], columns.projects[row]);
        let (whole, rest) = (columns.amounts[row] / 1_000_000, columns.amounts[row] % 1_000_000);
        writeln!(text, "0x{voter:040x},project-{project},{whole}.{rest:06}").expect("a text");
    }
    text
}

fn kernels(criterion: &mut Criterion) {
    let columns = columns();
    let pairs = Pairs::gather(&columns).expect("small votes");
    let mut group = criterion.benchmark_group("quadratic");
    group.throughput(Throughput::Elements(u64::from(VOTES)));
    group.bench_function("gather", |b| b.iter(|| Pairs::gather(black_box(&columns))));
    group.bench_function("f64 scores", |b| b.iter(|| float_scores(black_box(&pairs), false)));
    let finest = Roots::finest(&pairs);
    group.bench_function("exact root sums", |b| b.iter(|| finest.sums(black_box(&pairs))));
    let whole = Roots::GRANTS_STACK;
    group.bench_function("whole root sums", |b| b.iter(|| whole.sums(black_box(&pairs))));
    group.finish();
}

fn from_text(criterion: &mut Criterion) {
    let text = table(&columns());
    let file = SourceFile::new("votes.csv", text);
    let mut trial = trial_of("quadratic").set("votes", Value::File(file.clone()));
    trial.assets = vec![Asset::new("USD", 6)];
    let pool = Purse::new(vec![Amount::from_base(1_000_000_000_000)]);
    let state = State::empty();
    let turn = Turn {
        epoch: 0,
        ends: None,
        assets: &trial.assets,
        inflow: &pool,
        signals: &[],
        events: &[],
        state: &state,
    };
    let rule = trial.build().expect("a valid round");
    let capped = trial.clone().set("cap", Value::Share("4%".parse().expect("a share")));
    let capped = capped.build().expect("a valid round");
    let mut group = criterion.benchmark_group("quadratic from text");
    group.sample_size(10);
    group.throughput(Throughput::Elements(u64::from(VOTES)));
    group.bench_function("table", |b| b.iter(|| Table::read(black_box(&file), COLUMNS)));
    group.bench_function("table to payouts", |b| b.iter(|| trial.run(1_000_000_000_000)));
    group.bench_function("voter effect", |b| b.iter(|| rule.voter_effect(&turn, &pool)));
    group.bench_function("voter effect, capped", |b| b.iter(|| capped.voter_effect(&turn, &pool)));
    group.finish();
}

criterion_group!(benches, kernels, from_text);
criterion_main!(benches);
