//! Random answers of a program outside.

use std::sync::Arc;

use allonet_core::mechanism::{Oracle, Refusal};
use allonet_mechanisms::trial::trial_of;

use allonet_laws::Draw;
use allonet_laws::{Case, Maker};

pub(crate) const MAKERS: &[Maker] = &[("external", external)];

/// Always says the same.
#[derive(Debug)]
struct Parrot(String);

impl Oracle for Parrot {
    fn ask(&self, _question: &str) -> Result<String, Refusal> {
        Ok(self.0.clone())
    }
}

fn external(draw: &mut Draw) -> Case {
    let pool = draw.pool();
    let part = match draw.below(8) {
        0 => format!("-{pool}"),
        1 => (pool + 1).to_string(),
        _ => (pool / 2).to_string(),
    };
    let answer = format!(
        r#"{{"payouts":[{{"to":"a","asset":"USD","amount":"{part}"}}],"signals":{{"value":1}}}}"#
    );
    let mut trial = trial_of("external").list("command", &["parrot"]).list("to", &["a"]);
    trial.oracle = Some(Arc::new(Parrot(answer)));
    Case { trial, pool, unordered: &[] }
}
