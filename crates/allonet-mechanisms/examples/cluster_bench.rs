//! Times cluster match, pairwise bounds and leaving out each voter on a table of
//! votes, and prints one JSON line for each, in the form that `bench/peers`
//! compares.
//!
//! ```sh
//! cargo run --release -p allonet-mechanisms --example cluster_bench -- votes.csv cocm pairwise
//! ```
//!
//! Rules are `cocm` (similarity `markov`, harsh), `cocm-pct-friends`, `cocm-soft`,
//! `pairwise` (with the bound 0.01) and `leave-one-out`. Parsing ends with pairs
//! of voter and project, sorted and added up; computing leads from there to
//! scores. Times are those of the processor, in one thread.

#![expect(clippy::print_stdout, reason = "the result goes to standard output")]

use std::error::Error;
use std::sync::Arc;

use allonet_core::card::Value;
use allonet_core::fault::{Fault, SourceFile};
use allonet_core::mechanism::{Purse, State, Turn};
use allonet_core::money::{Amount, Asset};
use allonet_core::table::Table;
use allonet_mechanisms::quadratic::bounded::{self, Bound};
use allonet_mechanisms::quadratic::closeness::Similarity;
use allonet_mechanisms::quadratic::cluster;
use allonet_mechanisms::quadratic::donations::Donations;
use allonet_mechanisms::quadratic::kernel::Pairs;
use allonet_mechanisms::quadratic::votes::{COLUMNS, Votes, Written};
use allonet_mechanisms::trial::trial_of;
use rustix::time::{ClockId, clock_gettime};
use serde_json::json;

const DECIMALS: u8 = 6;
const UNITS_PER_TOKEN: f64 = 1e6;
const POOL_UNITS: u128 = 1_000_000_000_000;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().ok_or("usage: cluster_bench VOTES.csv [RULE]…")?;
    let file = SourceFile::new(path.clone(), std::fs::read_to_string(&path)?);
    let (read, parse) = timed(|| {
        let table = Table::read(&file, COLUMNS)?;
        let votes = Votes::read(&table, &Asset::new("USD", DECIMALS), Written::Decimal)?;
        Ok::<_, Vec<Fault>>((table.len(), Pairs::gather(&votes.columns)))
    });
    let (votes, pairs) = read.map_err(|faults| first(&faults))?;
    let pairs = pairs?;
    for rule in arguments {
        let (numbers, compute) = run(&rule, &pairs, &file)?;
        let line = json!({
            "peer": "allonet",
            "rule": rule,
            "votes": votes,
            "pairs": pairs.len(),
            "parse_s": parse,
            "compute_s": compute,
            "peak_rss_mb": peak_rss_mb(),
            "score_sum": numbers.iter().sum::<f64>(),
            "score_norm": numbers.iter().map(|score| score * score).sum::<f64>().sqrt(),
        });
        println!("{line}");
    }
    Ok(())
}

/// Scores in tokens, or the effect of the most weighty voter; and the time.
fn run(
    rule: &str,
    pairs: &Pairs,
    file: &Arc<SourceFile>,
) -> Result<(Vec<f64>, f64), Box<dyn Error>> {
    if rule == "leave-one-out" {
        return leave_one_out(file);
    }
    let cluster =
        |similarity, harsh| timed(|| cluster::scores(&donations(pairs), similarity, harsh));
    Ok(match rule {
        "cocm" => cluster(Similarity::Markov, true),
        "cocm-soft" => cluster(Similarity::Markov, false),
        "cocm-pct-friends" => cluster(Similarity::PctFriends, true),
        "pairwise" => timed(|| bounded::scores(&donations(pairs), Bound::Soft(0.01))),
        _ => return Err(format!("unknown rule {rule}").into()),
    })
}

fn donations(pairs: &Pairs) -> Donations {
    Donations::new(pairs, |_, units| units / UNITS_PER_TOKEN)
}

fn leave_one_out(file: &Arc<SourceFile>) -> Result<(Vec<f64>, f64), Box<dyn Error>> {
    let mut trial = trial_of("quadratic").set("votes", Value::File(Arc::clone(file)));
    trial.assets = vec![Asset::new("USD", DECIMALS)];
    let rule = trial.build()?;
    let pool = Purse::new(vec![Amount::from_base(POOL_UNITS)]);
    let turn = Turn {
        epoch: 0,
        ends: None,
        assets: &trial.assets,
        inflow: &pool,
        signals: &[],
        events: &[],
        state: &State::empty(),
    };
    let (effect, seconds) = timed(|| rule.voter_effect(&turn, &pool));
    let effect = effect.ok_or("quadratic funding knows its voters")?;
    let moved = effect.iter().map(|(_, effect)| effect.moved.to_f64() / UNITS_PER_TOKEN);
    Ok((moved.collect(), seconds))
}

fn first(faults: &[Fault]) -> String {
    faults.first().map_or_else(String::new, ToString::to_string)
}

/// With the seconds on the processor.
fn timed<T>(act: impl FnOnce() -> T) -> (T, f64) {
    let before = cpu_s();
    let value = act();
    (value, cpu_s() - before)
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
