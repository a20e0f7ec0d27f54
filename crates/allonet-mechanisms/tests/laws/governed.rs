//! Random desks of a multisig.

use std::fmt::Write as _;

use allonet_core::card::Value;
use allonet_mechanisms::trial::trial_of;

use allonet_laws::Draw;
use allonet_laws::{Case, Maker};

pub(crate) const MAKERS: &[Maker] = &[("multisig", multisig)];

fn multisig(draw: &mut Draw) -> Case {
    let mut log = String::new();
    for minute in 0..draw.below(20) {
        let actor = draw.one(&["ann", "ben", "cem", "dan"]);
        let nonce = draw.below(4);
        let action = match draw.below(5) {
            0 | 1 => {
                let (to, amount) = (draw.one(&["shop", "dev"]), 1 + draw.below(5_000));
                format!(r#""propose","nonce":{nonce},"to":"{to}","amount":"{amount}""#)
            }
            2 => format!(r#""execute","nonce":{nonce}"#),
            _ => format!(r#""approve","nonce":{nonce}"#),
        };
        let time = format!("2026-01-01T00:{minute:02}:00Z");
        writeln!(log, r#"{{"time":"{time}","actor":"{actor}","action":{action}}}"#)
            .expect("a text grows");
    }
    let trial = trial_of("multisig")
        .list("owners", &["ann", "ben", "cem"])
        .list("to", &["shop", "dev"])
        .set("threshold", Value::Integer(1 + i64::from(draw.chance(2))));
    let trial = trial.log(&log).expect("the log is well formed");
    Case { trial, pool: draw.pool(), unordered: &[] }
}
