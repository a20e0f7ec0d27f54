//! What a signal says of ids, checked.

use std::collections::BTreeMap;

use allonet_core::mechanism::Refusal;
use allonet_core::signal::Signal;

/// The scores of a signal, each finite and from 0 to `most`.
pub(super) fn heard(signal: &Signal, most: f64) -> Result<&BTreeMap<String, f64>, Refusal> {
    let Signal { from, name, .. } = signal;
    let scores = signal.scores().ok_or_else(|| {
        Refusal::new("not-scores", format!("the signal `{name}` from `{from}` is one number"))
            .help("connect a signal that has a score for each project")
    })?;
    let bad = |(_, score): &(&String, &f64)| !(score.is_finite() && (0.0..=most).contains(*score));
    if let Some((id, score)) = scores.iter().find(bad) {
        let message = format!("the signal `{name}` from `{from}` gives `{id}` {score}");
        let help = if most < f64::MAX {
            format!("allowed are numbers from 0 to {most}")
        } else {
            "a weight is a number of zero or more".to_owned()
        };
        return Err(Refusal::new("bad-signal", message).help(help));
    }
    Ok(scores)
}
