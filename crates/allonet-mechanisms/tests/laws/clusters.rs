//! Random rounds of cluster match, donation profiles and pairwise bounds.

use std::fmt::Write as _;

use allonet_core::card::Value;
use allonet_mechanisms::trial::{Trial, trial_of};

use allonet_laws::Draw;
use allonet_laws::{Case, Maker};

pub(crate) const MAKERS: &[Maker] = &[
    ("cluster-match", cluster_match),
    ("donation-profile", donation_profile),
    ("pairwise", pairwise),
];

/// A round with settings that all three rules have.
fn round(mechanism: &str, draw: &mut Draw) -> Trial {
    let mut trial = trial_of(mechanism).file("votes", &draw.votes(12, 6));
    if draw.chance(3) {
        trial = trial.set("cap", Value::Share("20%".parse().expect("a share")));
        trial = trial.text("cap_overflow", draw.one(&["keep", "redistribute"]));
    }
    if draw.chance(4) {
        trial = trial.text("min_donation", "3");
    }
    if draw.chance(4) {
        let names: Vec<String> = (0..draw.below(12)).map(|at| format!("v{at}")).collect();
        let trust: Vec<(&str, f64)> =
            names.iter().map(|name| (name.as_str(), [0.0, 0.5, 1.0, 1e9][draw.below(4)])).collect();
        trial = trial.scores("trust", &trust);
    }
    trial
}

fn cluster_match(draw: &mut Draw) -> Case {
    let mut trial = round("cluster-match", draw);
    trial = trial.text("similarity", draw.one(&["markov", "pct-friends", "og"]));
    trial = trial.set("harsh", Value::Bool(draw.chance(2)));
    let mix = draw.one(&["100%", "75%", "50%", "0%"]).parse().expect("a share");
    Case { trial: trial.set("mix", Value::Share(mix)), pool: draw.pool(), unordered: &["votes"] }
}

fn donation_profile(draw: &mut Draw) -> Case {
    let trial = round("donation-profile", draw);
    let trial = trial.text("groups", draw.one(&["profiles", "projects"]));
    Case { trial, pool: draw.pool(), unordered: &["votes"] }
}

fn pairwise(draw: &mut Draw) -> Case {
    let mut trial = round("pairwise", draw);
    match draw.below(4) {
        0 => trial = trial.text("form", "calculator"),
        1 => trial = trial.text("parity", "quadratic-funding"),
        2 => {
            let mut table = "voter,trust\n".to_owned();
            for voter in 0..draw.below(12) {
                writeln!(table, "v{voter},{}", draw.amount()).expect("a text grows");
            }
            trial = trial.text("form", "gitcoin").file("trust", &table);
        }
        _ => {}
    }
    if draw.chance(3) {
        let threshold = [1e-9, 0.5, 1e12][draw.below(3)];
        trial = trial.set("threshold", Value::Number(threshold));
    }
    Case { trial, pool: draw.pool(), unordered: &["votes", "trust"] }
}
