//! Bradley–Terry from columns to weights and standard errors, and the memory it
//! takes.
//!
//! `cargo bench -p allonet-weights --bench bradley_terry`; a number after `--`
//! leaves out sizes of more comparisons. One thread with `RAYON_NUM_THREADS=1`.

use std::time::Instant;

use allonet_weights::comparisons::{Choice, Tally};
use allonet_weights::random::Random;
use allonet_weights::rules::bradley_terry::{Prior, maximise};
use allonet_weights::standard_errors::bradley_terry;

/// Items, comparisons and runs, of which the quickest counts.
const SIZES: [(u32, usize, usize); 4] =
    [(100, 3_000, 50), (1_000, 100_000, 20), (10_000, 1_000_000, 5), (100_000, 10_000_000, 3)];

#[expect(clippy::print_stdout, reason = "a benchmark prints its figures")]
fn main() {
    let most = std::env::args().skip(1).find_map(|argument| argument.parse().ok());
    let most: usize = most.unwrap_or(usize::MAX);
    let sizes = SIZES.into_iter().filter(|size| size.1 <= most);
    println!("{} threads; wall seconds (processor seconds)", rayon::current_num_threads());
    println!(
        "| items | comparisons | tally | fit | passes | standard errors | probes | error of these \
         | peak MB | checksum |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|");
    for (items, count, runs) in sizes {
        let columns = Columns::draw(items, count);
        let (tally_s, tally) = quickest(runs, || columns.tally());
        let before_errors = peak_mb();
        let prior = Prior::default();
        let (fit_s, fitted) = quickest(runs, || maximise(&tally, prior).expect("it is joined"));
        let before_errors = peak_mb().max(before_errors);
        let (errors_s, errors) = quickest(runs.min(3), || {
            bradley_terry(&tally, &fitted.log_weights, prior).expect("it is joined")
        });
        let passes = fitted.iterations;
        println!(
            "| {items} | {count} | {tally_s} | {fit_s} | {passes} | {errors_s} | {} | {:.5} \
             | {before_errors:.0} | {:016x} |",
            errors.probes,
            errors.relative_error,
            checksum(fitted.log_weights.iter().chain(&errors.values)),
        );
    }
}

/// Answers of Bradley–Terry about random pairs of items with `z ~ N(0, 1)`.
struct Columns {
    items: usize,
    left: Vec<u32>,
    right: Vec<u32>,
    choice: Vec<Choice>,
}

impl Columns {
    fn draw(items: u32, count: usize) -> Self {
        let mut random = Random::new(u64::from(items));
        let mut below = Random::part(1, u64::from(items));
        let mut below = |end: u32| u32::try_from(below.below(end as usize)).expect("small");
        let strengths: Vec<f64> =
            (0..items).map(|_| allonet_core::maths::exp(random.normal())).collect();
        let (mut left, mut right, mut choice) =
            (Vec::with_capacity(count), Vec::with_capacity(count), Vec::with_capacity(count));
        for _ in 0..count {
            let a = below(items);
            let b = (a + 1 + below(items - 1)) % items;
            let (own, other) = (strengths[a as usize], strengths[b as usize]);
            left.push(a);
            right.push(b);
            choice.push(if random.chance(own / (own + other)) {
                Choice::Left
            } else {
                Choice::Right
            });
        }
        Self { items: items as usize, left, right, choice }
    }

    fn tally(&self) -> Tally {
        Tally::from_columns(self.items, &self.left, &self.right, &self.choice)
    }
}

/// The least wall and processor seconds of several runs, and the last result.
fn quickest<T>(runs: usize, mut work: impl FnMut() -> T) -> (String, T) {
    let (mut wall, mut cpu) = (f64::INFINITY, f64::INFINITY);
    let mut timed = || {
        let (start, cpu_start) = (Instant::now(), cpu_seconds());
        let result = work();
        wall = wall.min(start.elapsed().as_secs_f64());
        cpu = cpu.min(cpu_seconds() - cpu_start);
        result
    };
    // Each result is dropped before the next is made: one counts for memory.
    (1..runs).for_each(|_| drop(timed()));
    let last = timed();
    (format!("{wall:.4} ({cpu:.4})"), last)
}

/// User and system time of this process.
fn cpu_seconds() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

/// The same for the same bytes.
fn checksum<'v>(values: impl Iterator<Item = &'v f64>) -> u64 {
    values.fold(0, |sum: u64, value| {
        (sum ^ value.to_bits()).wrapping_mul(0x0100_0000_01B3).rotate_left(23)
    })
}

/// Peak resident memory of this process in 10⁶ bytes, zero outside Linux.
fn peak_mb() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    kilobytes.unwrap_or(0.0) * 1024.0 / 1e6
}
