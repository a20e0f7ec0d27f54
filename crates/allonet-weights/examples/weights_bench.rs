//! Times Bradley–Terry on a file of duels, for `bench/peers/weights.sh`: prints
//! one JSON line and, where asked, writes the log weights.
//!
//! usage: `weights_bench DUELS.bin [LOG-WEIGHTS.txt]`

use std::error::Error;
use std::fmt::Write as _;
use std::io::Write as _;

use allonet_weights::comparisons::{Choice, Tally};
use allonet_weights::rules::bradley_terry::{Prior, maximise};
use rustix::time::{ClockId, clock_gettime};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().ok_or("name a file of duels")?;
    let (items, winners, losers) = read(&std::fs::read(path)?)?;
    let start = cpu_seconds();
    let won = vec![Choice::Left; winners.len()];
    let tally = Tally::from_columns(items, &winners, &losers, &won);
    let tallied = cpu_seconds();
    let prior = Prior::default();
    let maximum = maximise(&tally, prior).ok_or("the duels have no largest likelihood")?;
    let fitted = cpu_seconds();
    let peak = peak_mb();
    if let Some(path) = arguments.next() {
        let mut text = String::new();
        for log in &maximum.log_weights {
            writeln!(text, "{log:?}")?;
        }
        std::fs::write(path, text)?;
    }
    writeln!(
        std::io::stdout(),
        "{{\"peer\": \"allonet\", \"items\": {items}, \"duels\": {}, \"prepare_s\": {:.6}, \
         \"fit_s\": {:.6}, \"peak_rss_mb\": {peak:.1}}}",
        winners.len(),
        tallied - start,
        fitted - tallied,
    )?;
    Ok(())
}

/// The number of items, winners and losers.
type Duels = (usize, Vec<u32>, Vec<u32>);

/// Little-endian 32-bit words: the number of items, then winner and loser of
/// each duel.
fn read(bytes: &[u8]) -> Result<Duels, Box<dyn Error>> {
    let (words, rest) = bytes.as_chunks::<4>();
    let words: Vec<u32> = words.iter().map(|word| u32::from_le_bytes(*word)).collect();
    let (items, duels) = words.split_first().ok_or("the file is empty")?;
    let (duels, odd) = duels.as_chunks::<2>();
    if !rest.is_empty() || !odd.is_empty() || duels.as_flattened().iter().any(|item| item >= items)
    {
        return Err("the file is cut off or names items that it has not".into());
    }
    let winners = duels.iter().map(|duel| duel[0]).collect();
    let losers = duels.iter().map(|duel| duel[1]).collect();
    Ok((usize::try_from(*items)?, winners, losers))
}

/// User and system time of this process.
fn cpu_seconds() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

/// Peak resident memory of this process in 10⁶ bytes, zero outside Linux.
fn peak_mb() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    kilobytes.unwrap_or(0.0) * 1024.0 / 1e6
}
