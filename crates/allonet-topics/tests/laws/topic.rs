//! Random topics: some good and some bad events of a few people.

use std::fmt::Write as _;

use allonet_core::time::Instant;
use allonet_laws::{Case, Draw, Maker};
use allonet_topics::trial_of;

pub(crate) const MAKERS: &[Maker] = &[("topic", topic)];

const PEOPLE: [&str; 6] = ["ann", "ben", "cleo", "dan", "eve", "rob"];

fn topic(draw: &mut Draw) -> Case {
    let lag = draw.below(3);
    let mut rules = format!(
        "name = \"t\"\n{}[schedule]\nstart = \"1970-01-01\"\nepoch_secs = 10\n\
         submission_secs = 6\nreport_secs = 10\ntruth_lag_epochs = {lag}\n",
        draw.one(&["", "labels = [\"up\", \"down\"]\n", "minimum_stake = \"5\"\n"]),
    );
    if draw.chance(3) {
        rules += "[places]\ninferers = 2\nforecasters = 1\nreputers = 2\n";
    }
    let labels = rules.contains("labels");
    let mut log = String::new();
    for person in PEOPLE {
        for role in ["inferer", "forecaster", "reputer"] {
            if draw.below(3) > 0 {
                event(&mut log, 0, person, &format!("\"action\":\"register\",\"role\":\"{role}\""));
            }
        }
    }
    for second in 0..10 * (2 + draw.below(4)) {
        for _ in 0..draw.below(4) {
            let deed = deed(draw, second, labels);
            event(&mut log, second, draw.one(&PEOPLE), &deed);
        }
    }
    let mut trial = trial_of("topic").file("rules", &rules).log(&log).expect("a log");
    if draw.chance(3) {
        trial = trial.text("emission", "1");
    }
    Case { trial, pool: draw.pool(), unordered: &[] }
}

fn event(log: &mut String, second: usize, actor: &str, rest: &str) {
    let time = Instant::from_unix(i64::try_from(second).expect("a small number"));
    writeln!(log, "{{\"time\":\"{time}\",\"actor\":\"{actor}\",{rest}}}").expect("a text grows");
}

/// Something that somebody does, mostly sensible.
fn deed(draw: &mut Draw, second: usize, labels: bool) -> String {
    let epoch = (second / 10 + draw.below(2)).saturating_sub(draw.below(3));
    let value = draw.below(2_000) as f64 / 100.0 - 10.0;
    let given = |name: &str| {
        if labels {
            format!("\"{name}\":{{\"up\":{value},\"down\":{}}}", 1.0 - value)
        } else {
            format!("\"{name}\":{value}")
        }
    };
    match draw.below(8) {
        0..=2 => {
            let name = if labels { "values" } else { "value" };
            format!("\"action\":\"infer\",\"epoch\":{epoch},{}", given(name))
        }
        3 => format!(
            "\"action\":\"forecast\",\"epoch\":{epoch},\"losses\":{{\"ann\":{value},\"ben\":-1}}"
        ),
        4 | 5 => format!("\"action\":\"report\",\"epoch\":{epoch},{}", given("truth")),
        6 => format!("\"action\":\"stake\",\"amount\":\"{}\"", draw.below(1_000)),
        _ => draw
            .one(&[
                "\"action\":\"delegate\",\"reputer\":\"rob\",\"amount\":\"30\"",
                "\"action\":\"claim\",\"reputer\":\"rob\"",
                "\"action\":\"unstake\",\"amount\":\"3\"",
                "\"action\":\"leave\",\"role\":\"inferer\"",
                "\"action\":\"fund\",\"amount\":\"7\"",
            ])
            .to_owned(),
    }
}
