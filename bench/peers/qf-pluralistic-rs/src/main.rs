//! Times linear quadratic funding with the crate `pluralistic-rs`.
//!
//! `qf-pluralistic-rs VOTES.csv [--pool TOKENS] [--matches FILE]` reads `voter,project,amount`
//! and prints one JSON line. Reading and matching are timed apart, each in CPU seconds of the
//! process (user and system) and in wall seconds. Matching starts from the votes in the form that
//! the crate takes, owned strings and `f64` amounts.

use std::error::Error;
use std::hint::black_box;
use std::time::{Duration, Instant};

use nix::time::{ClockId, clock_gettime};
use pluralistic_rs::{Contribution, LinearQfOptions, Matcha, calculate_linear_qf};
use serde::Serialize;

type Failure = Box<dyn Error>;

/// The line this program prints.
#[derive(Serialize)]
struct Report {
    peer: &'static str,
    votes: usize,
    parse_s: f64,
    compute_s: f64,
    parse_wall_s: f64,
    compute_wall_s: f64,
    votes_per_cpu_s: f64,
    peak_rss_mb: Option<f64>,
    total_matched: f64,
    match_norm: f64,
}

fn main() -> Result<(), Failure> {
    let arguments = Arguments::parse(std::env::args().skip(1))?;

    let parse = Stopwatch::start()?;
    let votes = read_votes(&arguments.votes)?;
    let (parse_s, parse_wall_s) = parse.stop()?;
    let count = votes.len();

    let compute = Stopwatch::start()?;
    let matches = black_box(calculate_linear_qf(votes, arguments.pool, LinearQfOptions::default()));
    let (compute_s, compute_wall_s) = compute.stop()?;
    let peak_rss_mb = peak_rss_mb();

    let matches = read_matches(&matches)?;
    if let Some(path) = &arguments.matches {
        write_matches(path, &matches)?;
    }
    let report = Report {
        peer: "pluralistic-rs 0.2.0",
        votes: count,
        parse_s,
        compute_s,
        parse_wall_s,
        compute_wall_s,
        votes_per_cpu_s: count as f64 / compute_s,
        peak_rss_mb,
        total_matched: matches.iter().map(|(_, amount)| amount).sum(),
        match_norm: matches.iter().map(|(_, amount)| amount * amount).sum::<f64>().sqrt(),
    };
    println!("{}", serde_json::to_string(&report)?);
    Ok(())
}

/// The command line.
struct Arguments {
    votes: String,
    pool: f64,
    matches: Option<String>,
}

impl Arguments {
    fn parse(mut words: impl Iterator<Item = String>) -> Result<Self, Failure> {
        const USAGE: &str = "usage: qf-pluralistic-rs VOTES.csv [--pool TOKENS] [--matches FILE]";
        let mut votes = None;
        let mut pool = 1_000_000.0;
        let mut matches = None;
        while let Some(word) = words.next() {
            match word.as_str() {
                "--pool" => {
                    let value = words.next().ok_or(USAGE)?;
                    pool = value
                        .parse()
                        .map_err(|_| format!("--pool {value}: a number of tokens is expected"))?;
                }
                "--matches" => matches = Some(words.next().ok_or(USAGE)?),
                _ if votes.is_none() && !word.starts_with('-') => votes = Some(word),
                _ => return Err(format!("unexpected argument {word}; {USAGE}").into()),
            }
        }
        Ok(Self { votes: votes.ok_or(USAGE)?, pool, matches })
    }
}

/// Measures CPU time of the process and wall time.
struct Stopwatch {
    cpu: Duration,
    wall: Instant,
}

impl Stopwatch {
    fn start() -> Result<Self, Failure> {
        Ok(Self { cpu: cpu_time()?, wall: Instant::now() })
    }

    /// Returns the CPU and the wall seconds since the start.
    fn stop(self) -> Result<(f64, f64), Failure> {
        let cpu = cpu_time()?.saturating_sub(self.cpu);
        Ok((cpu.as_secs_f64(), self.wall.elapsed().as_secs_f64()))
    }
}

fn cpu_time() -> Result<Duration, Failure> {
    Ok(clock_gettime(ClockId::CLOCK_PROCESS_CPUTIME_ID)?.into())
}

fn read_votes(path: &str) -> Result<Vec<Contribution>, Failure> {
    let mut reader = csv::Reader::from_path(path).map_err(|error| format!("{path}: {error}"))?;
    if reader.headers()? != ["voter", "project", "amount"].as_slice() {
        return Err(format!("{path}: the columns must be voter,project,amount").into());
    }
    let mut votes = Vec::new();
    let mut record = csv::StringRecord::new();
    while reader.read_record(&mut record).map_err(|error| format!("{path}: {error}"))? {
        let amount = record[2].parse().map_err(|_| {
            let line = record.position().map_or(0, csv::Position::line);
            format!("{path}:{line}: amount {:?} is no number", &record[2])
        })?;
        let (sender, recipient) = (record[0].to_owned(), record[1].to_owned());
        votes.push(Contribution { recipient, amount, sender });
    }
    Ok(votes)
}

/// Reads the results through their `Debug` form, since the fields of `Matcha` are private.
/// `f64` prints as the shortest decimal that reads back to the same value, so nothing is lost.
fn read_matches(matches: &[Matcha]) -> Result<Vec<(String, f64)>, Failure> {
    let mut pairs = matches
        .iter()
        .map(|matcha| {
            let text = format!("{matcha:?}");
            parse_matcha(&text).ok_or_else(|| format!("unexpected form of a result: {text}"))
        })
        .collect::<Result<Vec<_>, _>>()?;
    pairs.sort_by(|left, right| left.0.cmp(&right.0));
    Ok(pairs)
}

fn parse_matcha(text: &str) -> Option<(String, f64)> {
    let fields = text.strip_prefix("Matcha { recipient: \"")?.strip_suffix(" }")?;
    let (recipient, amount) = fields.rsplit_once("\", matcha: ")?;
    Some((recipient.to_owned(), amount.parse().ok()?))
}

fn write_matches(path: &str, matches: &[(String, f64)]) -> Result<(), Failure> {
    let mut writer = csv::Writer::from_path(path).map_err(|error| format!("{path}: {error}"))?;
    writer.write_record(["project", "match"])?;
    for (project, amount) in matches {
        writer.write_record([project.as_str(), &format!("{amount:?}")])?;
    }
    writer.flush()?;
    Ok(())
}

/// Returns the peak resident memory in megabytes (10^6 bytes); only Linux tells it without
/// counting the program that started this one.
fn peak_rss_mb() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: f64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kibibytes * 1024.0 / 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vote(sender: &str, recipient: &str, amount: f64) -> Contribution {
        Contribution { recipient: recipient.into(), amount, sender: sender.into() }
    }

    /// Donors of 1 and 9 give (1 + 3)^2 - 10 = 6; a repeated vote is added up before the root.
    #[test]
    fn worked_example_reads_back_through_debug() {
        let votes = vec![vote("a", "x", 1.0), vote("b", "x", 4.0), vote("b", "x", 5.0)];
        let matches = calculate_linear_qf(votes, 1000.0, LinearQfOptions::default());
        assert_eq!(read_matches(&matches).unwrap(), [("x".to_owned(), 6.0)]);
    }

    #[test]
    fn other_debug_forms_are_refused() {
        assert_eq!(parse_matcha("Match { recipient: \"x\", matcha: 1.0 }"), None);
        assert_eq!(parse_matcha("Matcha { recipient: \"x\", matcha: one }"), None);
    }
}
