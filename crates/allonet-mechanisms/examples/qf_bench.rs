//! Times quadratic funding on a table of votes and prints one JSON line for
//! each arithmetic, in the form that `bench/peers` compares.
//!
//! ```sh
//! cargo run --release -p allonet-mechanisms --example qf_bench -- votes.csv
//! ```
//!
//! Parsing ends with columns of numbers; computing leads from there to matches
//! in base units. The pool is 1,000,000 tokens of six decimals. Times are those
//! of the processor, in one thread.

#![expect(clippy::print_stdout, reason = "the result goes to standard output")]

use std::error::Error;
use std::time::Instant;

use allonet_core::fault::{Fault, SourceFile};
use allonet_core::money::{Amount, Asset};
use allonet_core::table::Table;
use allonet_mechanisms::quadratic::division::{Division, Dust, Overflow};
use allonet_mechanisms::quadratic::kernel::{Columns, Pairs, Roots};
use allonet_mechanisms::quadratic::scores::{Arithmetic, Scoring};
use allonet_mechanisms::quadratic::votes::{COLUMNS, Votes, Written};
use rustix::time::{ClockId, clock_gettime};
use serde_json::json;

const DECIMALS: u8 = 6;
const UNITS_PER_TOKEN: f64 = 1e6;
const POOL_UNITS: u128 = 1_000_000_000_000;

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).ok_or("usage: qf_bench VOTES.csv")?;
    let file = SourceFile::new(path.clone(), std::fs::read_to_string(&path)?);
    let (votes, parse) = timed(|| {
        let table = Table::read(&file, COLUMNS)?;
        Votes::read(&table, &Asset::new("USD", DECIMALS), Written::Decimal)
    });
    let columns = votes.map_err(|faults| first(&faults))?.columns;
    for peer in ["allonet f64", "allonet exact", "allonet grants-stack"] {
        let (matches, compute) = timed(|| matches(&columns, peer));
        let tokens: Vec<f64> =
            matches?.iter().map(|amount| amount.to_f64() / UNITS_PER_TOKEN).collect();
        let rounding = if peer == "allonet grants-stack" { "floor" } else { "largest-remainder" };
        let line = json!({
            "peer": peer,
            "votes": columns.voters.len(),
            "parse_s": parse.cpu_s,
            "parse_wall_s": parse.wall_s,
            "compute_s": compute.cpu_s,
            "compute_wall_s": compute.wall_s,
            "votes_per_cpu_s": (columns.voters.len() as f64 / compute.cpu_s).round(),
            "peak_rss_mb": peak_rss_mb(),
            "total_matched": tokens.iter().sum::<f64>(),
            "match_norm": tokens.iter().map(|match_| match_ * match_).sum::<f64>().sqrt(),
            "rounding": rounding,
        });
        println!("{line}");
    }
    Ok(())
}

/// Matches in base units, from columns.
fn matches(columns: &Columns, peer: &str) -> Result<Vec<Amount>, Box<dyn Error>> {
    let pairs = Pairs::gather(columns)?;
    let grants_stack = peer == "allonet grants-stack";
    let arithmetic = match peer {
        "allonet f64" => Arithmetic::Float,
        "allonet exact" => Arithmetic::Exact(Roots::finest(&pairs)),
        _ => Arithmetic::Exact(Roots::GRANTS_STACK),
    };
    let scores = Scoring { arithmetic, with_own: false }.scores(&pairs);
    let division = Division {
        fill: false,
        cap: None,
        overflow: Overflow::Redistribute,
        dust: Dust::ByRemainder,
        grants_stack,
    };
    Ok(division.divide(&scores, Amount::from_base(POOL_UNITS))?.matches)
}

fn first(faults: &[Fault]) -> String {
    faults.first().map_or_else(String::new, ToString::to_string)
}

/// Seconds on the processor and on the wall.
struct Times {
    cpu_s: f64,
    wall_s: f64,
}

fn timed<T>(act: impl FnOnce() -> T) -> (T, Times) {
    let (cpu, wall) = (cpu_s(), Instant::now());
    let value = act();
    (value, Times { cpu_s: cpu_s() - cpu, wall_s: wall.elapsed().as_secs_f64() })
}

/// User and system time of this process.
fn cpu_s() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

/// Peak resident memory in megabytes; `None` outside Linux.
fn peak_rss_mb() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse::<f64>().ok().map(|kibibytes| kibibytes * 1024.0 / 1e6)
}
