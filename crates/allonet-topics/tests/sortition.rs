//! Sortition against the authors' simulation: 51 epochs of 8 participants for 5
//! places, to the last bit.

use std::collections::BTreeMap;

use allonet_topics::sortition::{Candidate, draw, quantile, smooth};

type Epoch = BTreeMap<String, String>;

#[test]
fn active_sets_quantiles_and_scores_are_those_of_the_authors() {
    let Some(text) = allonet_testdata::text("allora/sortition_sim_epochs_300_350.csv") else {
        return;
    };
    let mut lines = text.lines();
    let header: Vec<&str> = lines.next().expect("a header").split(',').collect();
    let epochs: Vec<Epoch> = lines.map(|line| row(&header, line)).collect();
    assert_eq!(epochs.len(), 51);
    for epoch in &epochs {
        let cutoff = check_epoch(epoch);
        assert_eq!(cutoff.to_bits(), number(epoch, "quality_cutoff").to_bits());
    }
}

/// Draws and scores an epoch; gives the lowest score with which somebody got a
/// place.
fn check_epoch(epoch: &Epoch) -> f64 {
    let size: usize = epoch["n_participants"].parse().expect("a number");
    let places: usize = epoch["n_participants_drawn"].parse().expect("a number");
    let alpha = number(epoch, "alpha_quality");
    let before: Vec<f64> = (0..size).map(|i| number(epoch, &of(i, "prev_quality_ema"))).collect();
    let candidates: Vec<Candidate> =
        before.iter().map(|score| Candidate { score: *score, lot: 0 }).collect();
    let active = draw(&candidates, places);
    let expected: Vec<usize> = (0..size).filter(|i| epoch[&of(*i, "active")] == "true").collect();
    assert_eq!(active, expected);
    let scores: Vec<f64> =
        active.iter().map(|i| number(epoch, &of(*i, "quality_metric"))).collect();
    let middle = quantile(&scores, number(epoch, "percentile") / 100.0).expect("scores");
    assert_eq!(middle.to_bits(), number(epoch, "quality_percentile").to_bits());
    for (i, before) in before.iter().enumerate() {
        let place = active.binary_search(&i);
        let score = place.map_or(middle, |place| scores[place]);
        let after = smooth(alpha, score, *before);
        assert_eq!(after.to_bits(), number(epoch, &of(i, "quality_ema")).to_bits(), "{i}");
    }
    active.iter().map(|i| before[*i]).min_by(f64::total_cmp).expect("somebody is active")
}

fn of(participant: usize, what: &str) -> String {
    format!("{participant}_{what}")
}

fn row(header: &[&str], line: &str) -> Epoch {
    header.iter().map(|name| (*name).to_owned()).zip(line.split(',').map(str::to_owned)).collect()
}

fn number(epoch: &Epoch, name: &str) -> f64 {
    epoch[name].parse().unwrap_or_else(|_| panic!("{name}: `{}`", epoch[name]))
}
